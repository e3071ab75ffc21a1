#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Ten thousand hostile names, most on a connection of their own: afterwards
# memory, descriptors and the zone are as they were.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;

my $key = 'Nh5-alice-3Xs9vB';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice sources=Cam,Desk\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        multisource_refuse_rate off;

        application live {
            live on;
            hls on;
            hls_path %%DIR%%/hls;
            hls_nested on;

            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api; }
        location /status   { multisource_status; }
    }
}
EOC

# all that a client says up to its first publish, in one piece

my $hello = "\3" . "\0" x (2 * 1536);

my $dummy = bless { out_chunk => 128, sent => {} }, 'Test::Live::RTMP';


sub command {
    my ($csid, $msid, @args) = @_;
    return join '', $dummy->chunks(20, $csid, $msid, 0, amf_encode(@args));
}

$hello .= command(3, 0, 'connect', 1, { app => 'live', tcUrl => 'rtmp://x/' })
    . command(3, 0, 'createStream', 2, undef);


# the number of those that read why they were refused, and then a clean end

sub hostile {
    my (@names) = @_;

    my @clients = map {
        my $r = $t->rtmp(handshake => 0, auto => 0);

        $r->{raw} = 1;
        $r->send_raw($hello . command(8, 1, 'publish', 3, undef,
            amf_string($_), 'live'));
        $r;
    } @names;

    my $refused = grep {
        $_->eof eq 'eof' && $_->{in} =~ /Publish\.(?:Denied|BadName)/
    } @clients;

    $_->drop for @clients;

    return $refused;
}


my $count = 0;

my @kinds = (
    sub { '../' x ($_[0] % 60) . "etc/passwd$_[0]" },
    sub { "%2e%2e%2f$_[0]" },
    sub { "$key/../../$_[0]" },
    sub { "${key}_No$_[0]" },
    sub { "${key}_\0$_[0]" },
    sub { "${key}_" . 'x' x ($_[0] % 500) . ' ' },
    sub { "Admin_$_[0]" },
    sub { "${key}_events" },
    sub { "\r\n\e[$_[0]m" },
    sub { join '', map { chr int rand 256 } 1 .. $_[0] % 300 },
);


sub name {
    $count++;
    return $kinds[$count % @kinds]->($count);
}


sub worker_rss {
    my %rss;

    for my $pid ($t->workers) {
        open(my $fh, '<', "/proc/$pid/status") or next;
        ($rss{$pid}) = map { /^VmRSS:\s+(\d+) kB/ } <$fh>;
    }

    return \%rss;
}


sub descriptors {
    return join ' ', map { scalar(() = glob "/proc/$_/fd/*") } $t->workers;
}


sub zone_used { return $t->get('/status')->json->{zone}{used} }

# a neighbour, on whose session names are tried as well

my $cam = $t->rtmp;

is($cam->publish("${key}_Cam")->{code}, 'NetStream.Publish.Start', 'published');
$cam->live(fps => 5, gop => 5, audio => 0);

$t->wait_for(sub { $t->get('/sources/alice')->{body} =~ /"Cam"/ }, 'the list');

# memory settles

is(hostile(map { name() } 1 .. 20), 20, 'refused') for 1 .. 75;

# the last of those before may still be closing

my ($fds, $same) = (descriptors(), 0);

$t->wait_for(sub {
    my $now = descriptors();

    $same = $now eq $fds ? $same + 1 : 0;
    $fds = $now;

    return $same > 20;
}, 10, 'descriptors that stay');

my $rss = worker_rss();
my $used = zone_used();

is($used, 1, 'one slot in use');

my $refused = 0;

$refused += hostile(map { name() } 1 .. 25) for 1 .. 280;

is($refused, 7000, '7000 names on connections of their own');

# on one that publishes, and on some that play nothing but such names

my $before = $t->get('/status')->json->{refused}{already_publishing};

for (1 .. 100) {
    $cam->command('publish', undef, amf_string(name()), 'live') for 1 .. 15;
    $cam->fill(0);
}

my $sent = $before + 1500;

ok($t->wait_for(sub {
    $t->get('/status')->json->{refused}{already_publishing} == $sent;
}, '1500 names on one session'), '1500 on a session that publishes');

for (1 .. 10) {
    my $r = $t->rtmp;

    $r->prepare;

    for (1 .. 15) {
        $r->command('play', undef, amf_string(name())) for 1 .. 10;
        $r->command('closeStream', 0, 1);
    }

    is($r->create_stream > 0, 1, '150 names played on one session');
    $r->close;
}

is($count, 11_500, 'names in all');

# as before

ok($t->wait_for(sub { descriptors() eq $fds }, 5, 'connections to go'),
    'descriptors as before');
is(zone_used(), $used, 'the zone as before');

my $now = worker_rss();

is(join(' ', sort keys %$now), join(' ', sort keys %$rss), 'the same workers');

# freed memory is kept by AddressSanitizer

my $limit = $ENV{TEST_SANITIZE} ? 400_000 : 1500;

cmp_ok($now->{$_} - $rss->{$_}, '<', $limit, "memory of $_, kB")
    for sort keys %$rss;

is($cam->eof(0), '', 'the neighbour is still there');
is(json_of($t->get('/sources/alice'))->[0]{state}, 'live', 'and live');
is(join(' ', map { s{.*/}{}r } glob $t->dir . '/hls/*'), 'alice_Cam',
    'no other file or directory');

$t->done;
