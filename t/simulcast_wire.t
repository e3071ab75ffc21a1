#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What servers say, and when they say nothing or nonsense: whatever is legal is
# put up with, the rest ends its own connection with a reason.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;
use Test::Live::Receiver;
use Test::Live::RTMP;

# the same nonsense each time: chunks of no stream, of all lengths and types

{
    no warnings 'redefine';

    sub Test::Live::Receiver::Connection::garbage {
        my ($self) = @_;
        $self->{out} .= pack('C*', map { (0xc9 + $_ * 37) & 0xff } 0 .. 255)
            x 16;
        return;
    }
}

my $key = 'sw7secret-stream-key';
my $token = 'qz91-token-of-the-stream';

my $t = Test::Live->new(workers => 2, secrets => [$key, $token]);

# what works: behaviour, and what is to be seen of it

my %works = (
    plain => [{}, acks => 1],
    bwdone => [{ bwdone => 1 }, checkbw => 1],
    ping => [{ ping => 0.2 }, pongs => 3],
    window => [{ window => 500, ping => 0.05 }, peer_acks => 3],
    pieces => [{ split => 7, bwdone => 1, ping => 0.3, window => 2_500_000 },
        pongs => 1],
    chunk1 => [{ chunk => 1 }],
    chunks => [{ chunk => 0x7fffffff }],
    seven => [{ stream => 7 }],
    zero => [{ stream => 0 }],
    largest => [{ stream => 4294967295 }],
    s2 => [{ s2 => 'zero' }],
    fcerror => [{ fc => 'error' }],
    fcnone => [{ fc => 'none' }],
    noacks => [{ acks => 0 }],
);

# what does not, at once

my %fails = (
    rejected => [{ connect => 'refuse' }, 'connect_rejected', 1,
        qr/NetConnection\.Connect\.InvalidApp: no such application/],
    denied => [{ publish => 'denied' }, 'publish_rejected', 1,
        qr/NetStream\.Publish\.Denied: not allowed/],
    busy => [{ publish => 'badname' }, 'name_in_use', 1,
        qr/NetStream\.Publish\.BadName/],
    closes => [{ publish => 'close' }, 'closed_after_publish', 1],
    odd => [{ publish => { code => "Odd\nline\e[1m", description => "\0" } },
        'publish_rejected', 1, qr/Odd\?line\?\[1m: \?/],
    infinite => [{ stream => -1 }, 'protocol_error', 0],
    masked => [{ publish => { code => 'NetStream.Publish.Denied',
            description => "$key, which is $key?token=$token, $token" } },
        'publish_rejected', 1, qr/Denied: \*{20}, which is \*+, \*{24};/],
    cut => [{ publish => { code => 'x' x 230, description => "the $key" } },
        'publish_rejected', 1],
    app => [{ publish => { code => "NetStream.$token",
            description => "in $key" } },
        'publish_rejected', 1, qr/NetStream\.\*{24}: in \*{20}/],
    map { ("garbage_$_" => [{ garbage => $_ },
        $_ eq 'handshake' ? 'handshake_failed' : 'protocol_error', 0]) }
        qw(handshake connect create publish),
);

# and what never comes

my %silent = (map { $_ => 'rtmp_timeout' }
    qw(handshake connect create publish));
$silent{tls} = 'tls_failed';

my %receiver;

$receiver{$_} = $t->receiver(name => $_, behaviour => $works{$_}[0])
    for keys %works;
$receiver{$_} = $t->receiver(name => $_, behaviour => $fails{$_}[0])
    for keys %fails;
$receiver{"silent_$_"} = $t->receiver(name => "silent_$_",
    behaviour => { silent => $_ }, $_ eq 'tls' ? (tls => 'good') : ())
    for keys %silent;

# this one talks nonsense later

my $later = $receiver{later} = $t->receiver(name => 'later');

my $pushes = join "\n", map {
    "simulcast_push \"" . $receiver{$_}->url("$key?token=$token") . '";'
} sort keys %receiver;

my $gone = $t->port('GONE');

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            $pushes
            simulcast_push rtmp://127.0.0.1:$gone/live/gone;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { simulcast_status; }
    }
}
EOC

my @workers = sort $t->workers;

my $c = $t->rtmp;
is($c->publish('alice')->{code}, 'NetStream.Publish.Start', 'published');
$c->live(kbps => 1000);

# a line of the log about a push, with its wait

sub told {
    my ($port, $reason, $timeout) = @_;

    my $line = $t->wait_log(qr/ \Q$reason\E: .*:$port$/, $timeout || 10) || '';
    my ($wait) = $line =~ /; attempt 2 in (\d+) ms/;

    return ($line, $wait || 0);
}

for my $name (sort keys %fails) {
    my (undef, $reason, $fatal, $text) = @{ $fails{$name} };
    my ($line, $wait) = told($receiver{$name}->port, $reason);

    cmp_ok($wait, $fatal ? '>=' : '<=', $fatal ? 60_000 : 1800,
        "$name: $reason, " . ($fatal ? 'not soon again' : 'soon again'));
    like($line, $text, "$name: with what the server said") if $text;
}

my ($line, $wait) = told($gone, 'connect_failed');
cmp_ok($wait, '<=', 1800, 'nobody there: soon again');

for my $name (sort keys %works) {
    my ($behaviour, %want) = @{ $works{$name} };
    my $r = $receiver{$name};

    $t->wait_for(sub { $r->stats->{video} > 50 }, "$name: two seconds");
    $t->wait_for(sub { $r->stats->{$_} >= $want{$_} }, "$name: $want{$_} of $_")
        for keys %want;

    my $s = $r->last;

    is("@{ $s->{faults} }", '', "$name: no faults");
    is($s->{first_key}, 1, "$name: from a keyframe");
    is($s->{ts_gap}, 40, "$name: every frame");
    is($r->stats->{published}, 1, "$name: at once");
}

# nonsense in the middle

$t->wait_for(sub { $later->stats->{video} > 10 }, 'later: live');
$later->set(garbage => 'now');
($line, $wait) = told($later->port, 'protocol_error');
cmp_ok($wait, '<=', 1800, 'later: soon again');
ok($later->wait_event('publish', 10, conn => 2), 'later: is there again');

# a status that ends it

$receiver{plain}->set(say => { level => 'error',
    code => 'NetStream.Publish.BadName', description => 'kicked' });
($line, $wait) = told($receiver{plain}->port, 'name_in_use');
cmp_ok($wait, '<=', 1800, 'kicked: soon again');

$receiver{s2}->set(say => { code => 'NetConnection.Connect.Closed' });
($line) = told($receiver{s2}->port, 'closed_by_server');
ok($line, 'told that it is closed');

# and one that does not

$receiver{seven}->set(say => { level => 'warning', code => 'NetStream.Odd' });
$receiver{seven}->set(say => { code => 'NetStream.Publish.Start' });

for my $stage (sort keys %silent) {
    my $name = "silent_$stage";

    ($line, $wait) = told($receiver{$name}->port, $silent{$stage}, 25);
    cmp_ok($wait, '<=', 1800, "$name: $silent{$stage}, soon again");
}

is($receiver{seven}->stats->{published}, 1, 'an odd status is no end');

# the end, in pieces and to all kinds

$c->live(0);
$c->command('deleteStream', undef, $c->{msid});

for my $name (sort keys %works) {
    my $e = $t->wait_for(sub {
        (grep { $_->{delete_stream} } $receiver{$name}->events('disconnect'))[0]
    }, 10, "$name: the end");

    is($e->{fc_unpublish}, 1, "$name: FCUnpublish");
}

$c->drop;

is(join(' ', sort $t->workers), "@workers", 'the workers are the same');

$t->done;
