#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Thirty destinations of one source, started and stopped again and again: all of
# them every time, and what a worker has open and in memory does not grow.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Process;
use Test::Live::Redis;

use constant { MANY => 30, ROUNDS => 5 };

my $token = 'ldT1-token-of-alice-0001';
my $pass = 'ldE2-encryption-key-of-this-test';
my $key = 'ldK3-secret-stream-key';

my $t = Test::Live->new(workers => 2, modules => [qw(simulcast multisource)],
    secrets => [$token, $pass, $key]);

my $redis = Test::Live::Redis->new($t);
my $r = $t->receiver(flv => 0);

$t->write('key', "$pass\n");
$t->write('tokens', "$token alice\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            simulcast on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file %%DIR%%/key;
    simulcast_allow 127.0.0.0/8 ::1/128;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /api/ {
            simulcast_api;
            simulcast_api_tokens %%DIR%%/tokens;
        }

        location = /status { simulcast_status; }
    }
}
EOC

sub api {
    my ($method, $path, $body) = @_;

    my $r = $t->request($method, "/api/$path",
        headers => { Authorization => "Bearer $token" },
        $body ? (json => $body) : ());
    my $json = $r->json;

    diag("$method $path: $r->{status} $r->{body}")
        unless ref $json eq 'HASH' && $json->{success};

    return $json->{data};
}


sub open_now {
    return scalar grep { $_->{published} && $_->{open}
        && !$_->{delete_stream} } @{ $r->stats->{connections} };
}


sub rss {
    my ($pid) = @_;

    my ($kb) = Test::Live::Process::slurp("/proc/$pid/status")
        =~ /^VmRSS:\s+(\d+)/m;

    return $kb;
}


sub fds { return scalar(() = glob "/proc/$_[0]/fd/*") }


# user and system time, in ticks

sub ticks {
    my ($pid) = @_;

    my ($rest) = Test::Live::Process::slurp("/proc/$pid/stat") =~ /.*\) (.*)/s;
    my @field = split ' ', $rest;

    return $field[11] + $field[12];
}


$t->wait_for(sub {
    return $redis->cmd('PUBSUB', 'NUMSUB', 'simulcast:commands')->[1] == 2
        && $redis->clients == 4;
}, 10, 'Redis');

for my $n (1 .. MANY) {
    api(POST => 'destinations', { stream_id => 'alice', name => "N $n",
        platform => 'rtmp_custom', rtmp_url => $r->url,
        stream_key => "$key-$n" });
}

my $p = $t->publish('alice');
ok($p->started, 'published');

$t->wait_for(sub { $redis->cmd(HGET => 'simulcast:live:alice', 'main') }, 10,
    'live');

my ($worker, @rss, @fds);

for my $round (1 .. ROUNDS) {
    api(POST => 'simulcast/alice/start');

    $t->wait_for(sub {
        return $t->get('/status')->json->{destinations}{live} == MANY;
    }, 20, "round $round: all are live");

    my $status = $t->get('/status')->json;

    is($status->{destinations}{live}, MANY, "round $round: all are live");
    is(open_now(), MANY, 'as many connections');

    $worker ||= $status->{list}[0]{worker};

    api(POST => 'simulcast/alice/stop');
    $t->wait_for(sub {
        return $t->get('/status')->json->{zone}{used} == 0 && open_now() == 0;
    }, 20, "round $round: none is left");

    is(open_now(), 0, 'none is left');

    push @rss, rss($worker);
    push @fds, fds($worker);
}

# the first rounds fill caches and pools; a sanitizer keeps what is freed

cmp_ok($rss[-1] - $rss[1], '<', 2_000, "memory: @rss kB")
    unless $ENV{TEST_SANITIZE};
cmp_ok($fds[-1], '<=', $fds[0], "descriptors: @fds");

is($r->stats->{published}, MANY * ROUNDS, 'one connection for each start');
is_deeply([map { @{ $_->{faults} } } @{ $r->stats->{connections} }], [],
    'servers have nothing to complain of');
is(scalar(grep { $_->{delete_stream} } $r->events('disconnect')),
    MANY * ROUNDS, 'each with its goodbye');

# no timer goes on for what is not there: an idle worker is idle

my $before = ticks($worker);

$t->pause(2);
cmp_ok(ticks($worker) - $before, '<', $ENV{TEST_SANITIZE} ? 100 : 20,
    'ticks in 2 s, of 200');

is_deeply($redis->cmd(KEYS => 'simulcast:claim:*'), [], 'no claim is left');
is_deeply($redis->cmd(KEYS => 'simulcast:health:*'), [], 'nor health');

$p->stop;

$t->done;
