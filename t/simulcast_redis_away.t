#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Redis is killed, hangs and comes back while destinations are live: they do not
# notice, the API says so, and what is said afterwards counts.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Redis;
use Time::HiRes qw(time);

my $token = 'raT1-token-of-everybody-01';
my $pass = 'raE2-encryption-key-of-this-test';
my %key = map { $_ => "raK-$_-secret-stream-key" } qw(one two late bob left);

my $t = Test::Live->new(workers => 2, modules => [qw(simulcast multisource)],
    secrets => [$token, $pass, values %key]);

my $redis = Test::Live::Redis->new($t, port => 'REDIS');
my $r = $t->receiver(flv => 0);

$t->write('key', "$pass\n");
$t->write('tokens', "$token *\n");

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

    simulcast_redis 127.0.0.1:%%REDIS%%;
    simulcast_encryption_key_file %%DIR%%/key;
    simulcast_allow 127.0.0.0/8 ::1/128;

    server {
        listen 127.0.0.1:%%HTTP%% reuseport;

        location /api/ {
            simulcast_api;
            simulcast_api_tokens %%DIR%%/tokens;
        }

        location = /status { simulcast_status; }
    }
}
EOC

my $yes = JSON::PP::true;

sub answer {
    my ($method, $path, $body) = @_;

    return $t->request($method, "/api/$path",
        headers => { Authorization => "Bearer $token" },
        $body ? (json => $body) : ());
}


sub api {
    my ($method, $path, @body) = @_;

    my $r = answer($method, $path, @body);
    my $json = $r->json;

    diag("$method $path: $r->{status} $r->{body}")
        unless ref $json eq 'HASH' && $json->{success};

    return $json->{data};
}


sub make {
    my ($name, $stream, %settings) = @_;

    return api(POST => 'destinations', { stream_id => $stream, name => $name,
        platform => 'rtmp_custom', rtmp_url => $r->url,
        stream_key => $key{$name}, settings => \%settings })->{id};
}


# the connection that publishes under the key of a destination

sub push_of {
    my ($name) = @_;

    my ($push) = grep { $_->{published} && $_->{open} && $_->{video}
        && !$_->{delete_stream} && $_->{name} eq $key{$name} }
        @{ $r->stats->{connections} };

    return $push;
}


sub flows {
    my ($name, $what) = @_;

    my $push = $t->wait_for(sub { push_of($name) }, 15, $what);

    return ok($push, $what) && $push->{conn};
}


sub ended {
    my ($name, $what) = @_;

    $t->wait_for(sub { !push_of($name) }, 10, $what);
    return ok(!push_of($name), $what);
}


# every worker has the same answer, for some time

sub everywhere {
    my ($status, $what) = @_;

    my $same = 0;

    return ok($t->wait_for(sub {
        $same = answer(GET => 'destinations')->{status} == $status
            ? $same + 1 : 0;

        return $same >= 8;
    }, 20, $what), $what);
}


sub read_json { return JSON::PP::decode_json($redis->cmd(GET => $_[0]) || '{}') }


sub record {
    my ($id) = @_;

    return JSON::PP::decode_json($redis->cmd('HGET',
        "simulcast:destination:$id", 'record'));
}


# media flow on for so many seconds

sub goes_on {
    my ($seconds, $what) = @_;

    my %before = map { $_ => push_of($_) } qw(one two);

    $t->pause($seconds);

    for my $name (qw(one two)) {
        my $now = push_of($name);

        ok($now && $now->{conn} == $before{$name}{conn}
            && $now->{video} - $before{$name}{video} > 20 * $seconds,
            "$what: $name goes on");
    }

    return;
}


everywhere(200, 'Redis is there');

my $one = make('one', 'alice');
my $two = make('two', 'alice', auto_start => $yes);
my $late = make('late', 'alice');
my $bob = make('bob', 'bob', auto_start => $yes);

my $p = $t->publish('alice');
ok($p->started, 'published');

flows('two', 'auto_start');
api(POST => "simulcast/alice/destinations/$one/start");
flows('one', 'started');

# it is killed

$redis->kill;
everywhere(503, 'the API knows that it is killed');

my $answer = answer(POST => "simulcast/alice/destinations/$late/start");

is($answer->{status}, 503, 'a start is refused');
is($answer->json->{error}{code}, 'redis_unavailable', 'and says why');
like($answer->header('Retry-After'), qr/^\d+$/, 'and when to try again');
is($t->get('/status')->json->{redis}{up}, JSON::PP::false, 'so does the status');
goes_on(1.5, 'killed');

# what begins meanwhile begins when it is back

my $q = $t->publish('bob');
ok($q->started, 'another stream, without it');

my $back = int(1000 * time);

$redis->start;
everywhere(200, 'it is there again');
flows('bob', 'what had to wait begins');
ok(!push_of('late'), 'what was refused does not');

for my $id ($one, $two) {
    $t->wait_for(sub {
        (read_json("simulcast:health:$id")->{updated_at} || 0) > $back },
        15, 'health is told');
    is(read_json("simulcast:health:$id")->{status}, 'live', 'live, as before');
    is(api(GET => "destinations/$id")->{status}, 'live', 'as the API says');
}

$t->wait_for(sub { $redis->cmd(PTTL => "simulcast:claim:$one") > 25_000 }, 15,
    'claims are renewed');
ok(exists api(GET => 'simulcast/alice/status')->{stream}{started_at},
    'the source is live');
is(api(GET => 'simulcast/alice/status')->{stream}{status}, 'live', 'and is so');

api(POST => "simulcast/alice/destinations/$late/start");
flows('late', 'a start after that');
api(POST => "simulcast/alice/destinations/$late/stop");
ended('late', 'and a stop');

# it hangs: nobody waits for it

$redis->pause;

my $began = now();

everywhere(503, 'the API knows that it hangs');
cmp_ok(now() - $began, '<', 15, 'soon');
goes_on(1, 'hanging');

# what nobody has had an answer for has no effect, or all of it

$answer = answer(POST => "simulcast/alice/destinations/$late/start");
is($answer->{status}, 503, 'a start, to nobody');

$redis->resume;
everywhere(200, 'it answers again');

api(POST => "simulcast/alice/destinations/$late/start");
flows('late', 'a start');
api(POST => 'simulcast/alice/stop');
ended($_, "a stop: $_") for qw(late one two);
api(POST => 'simulcast/alice/start');
flows($_, "a start: $_") for qw(late one two);

# it is restarted: nobody's claims are lost

my %conn = map { $_ => push_of($_)->{conn} } qw(late one two bob);

$redis->restart;
everywhere(200, 'restarted');

is(push_of($_)->{conn}, $conn{$_}, "$_ has not noticed") for sort keys %conn;

# everybody listens again, too: each worker to commands and to events

$t->wait_for(sub {
    $redis->cmd('PUBSUB', 'NUMSUB', 'simulcast:commands')->[1] == 2 }, 10,
    'both workers listen');
is($redis->cmd('PUBSUB', 'NUMSUB', 'simulcast:events')->[1], 2, 'to events, too');
is($redis->clients, 4, 'two connections for each worker');

# what ends without it has ended when it is back, and can begin again

my $left = make('left', 'bob');
api(POST => "simulcast/bob/destinations/$left/start");
flows('left', 'started');

$redis->stop;
$q->stop;
ended($_, "$_: a stream ends without it") for qw(bob left);

$redis->start;
$t->wait_for(sub { !record($left)->{wanted} }, 20,
    'what was started for it ends with it');

my $began_again = now();

$q = $t->publish('bob');
flows('bob', 'it begins anew');
cmp_ok(now() - $began_again, '<', 12, 'and nothing holds it back');
ok(!push_of('left'), 'what was started is not');

is_deeply([map { @{ $_->{faults} } } @{ $r->stats->{connections} }], [],
    'servers have nothing to complain of');

$_->stop for $p, $q;
ended($_, "$_: the end") for sort keys %key;

$t->done;
