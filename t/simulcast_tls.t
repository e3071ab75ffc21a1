#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# RTMPS: whoever cannot prove the name that was dialled gets nothing of a stream,
# not even its application.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $key = 'st4-secret-stream-key';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

my %good = (name => $t->receiver(name => 'name', tls => 'good'),
    address => $t->receiver(name => 'address', tls => 'good',
        host => '127.0.0.1'));

my %bad = map { $_ => $t->receiver(name => $_, tls => $_) }
    qw(wrong expired unknown);

# a certificate without this address

$bad{other} = $t->receiver(name => 'other', tls => 'wrong',
    host => '127.0.0.1');

my $ca = $good{name}->ca;

my $pushes = join "\n", map { 'simulcast_push ' . $_->url($key) . ';' }
    @good{qw(name address)}, map { $bad{$_} } sort keys %bad;

my $conf = <<"EOC";
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            $pushes

            # there is a server, and no TLS
            simulcast_push rtmps://127.0.0.1:%%HTTP%%/live/$key;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_trusted_certificate $ca;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { simulcast_status; }
    }
}
EOC

$t->conf($conf)->run;

my $c = $t->rtmp;
is($c->publish('alice')->{code}, 'NetStream.Publish.Start', 'published');
$c->live;

for my $r (values %good) {
    ok($r->wait_event('first_frame', 15)->{keyframe}, "$r->{name}: accepted");
    ok($r->wait_event('publish')->{name} eq $key, "$r->{name}: with the key");
}

my $e = $good{name}->wait_event('tls');

is($e->{sni}, 'localhost', 'a name is told to the server');
like($e->{version}, qr/^TLSv1_[23]$/, 'a version of today');
is($good{address}->wait_event('tls')->{sni}, undef, 'an address is not');
is($good{name}->wait_event('connect')->{tcUrl}, $good{name}->url,
    'the URL of the connection');

my $s = $t->wait_for(sub {
    (grep { $_->{state} eq 'live' } @{ $t->get('/status')->json->{list} })[0]
}, 'the status');

like($s->{cipher}, qr/^TLSv1\.[23] \S+$/, 'the status names the cipher');

my %reason = (
    wrong   => 'certificate_name',
    other   => 'certificate_name',
    expired => 'certificate_expired',
    unknown => 'certificate_untrusted',
);

for my $name (sort keys %bad) {
    my $r = $bad{$name};
    my $reason = $reason{$name};
    my $port = $r->port;

    my $line = $t->wait_log(qr/\[warn\].* $reason: .*:$port$/, 10);
    my ($wait) = $line =~ /; attempt 2 in (\d+) ms/;

    cmp_ok($wait, '>=', 60_000, "$name: $reason, not soon again");

    $e = $r->wait_event('disconnect', 10);

    is(scalar $r->events('connect'), 0, "$name: no application was named");
    is($e->{published}, 0, "$name: nothing was published");
    is($e->{bytes_in}, 0, "$name: not a byte of RTMP");
}

my $port = $t->port('HTTP');

ok($t->wait_log(qr/ tls_failed: .*attempt 2 in 1\d{3} ms.*:$port$/, 10),
    'no TLS: soon again');

is($good{name}->stats->{published}, 1, 'the others go on');

# who looks away gets what he wants: the new configuration is that of new
# publishers

my $mark = $t->mark;

ok($t->reload($conf =~ s/simulcast_trusted/simulcast_ssl_verify off;
    simulcast_trusted/r), 'reload');
like($t->log_since($mark), qr/\[warn\].*simulcast_ssl_verify off/, 'warns');

my $d = $t->rtmp;
is($d->publish('bob')->{code}, 'NetStream.Publish.Start', 'published anew');
$d->live;

for my $name (qw(wrong expired unknown other)) {
    ok($bad{$name}->wait_event('first_frame', 15), "$name: passes");
}

is($good{name}->stats(1)->{open}, 1, 'the old one goes on');

$_->close for $c, $d;

$t->done;
