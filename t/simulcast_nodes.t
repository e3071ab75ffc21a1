#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Two nodes share a Redis: what the API of one says, the worker of the other
# does, and a stream that both have goes out once.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use POSIX ();
use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Redis;

my $token = 'ndT1-token-of-alice-0001';
my $pass = 'ndE2-encryption-key-of-this-test';
my %key = map { $_ => "ndK-$_-secret-stream-key" } qw(auto one);

my %secret = (secrets => [$token, $pass, values %key]);
my $near = Test::Live->new(workers => 2, %secret,
    modules => [qw(simulcast multisource)]);
my $far = Test::Live->new(workers => 2, %secret,
    modules => [qw(simulcast multisource)]);

my $redis = Test::Live::Redis->new($near);
my $r = $near->receiver(flv => 0);
my $address = $redis->address;

for my $t ($near, $far) {
    $t->write('key', "$pass\n");
    $t->write('tokens', "$token alice\n");

    $t->conf(<<"EOC")->run;
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

    simulcast_redis $address;
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
}

my $yes = JSON::PP::true;
my %bearer = (Authorization => "Bearer $token");

sub api {
    my ($t, $method, $path, $body) = @_;

    my $r = $t->request($method, "/api/$path", headers => \%bearer,
        $body ? (json => $body) : ());
    my $json = $r->json;

    diag("$method $path: $r->{status} $r->{body}")
        unless ref $json eq 'HASH' && $json->{success};

    return $json->{data};
}


sub make {
    my ($t, $name, %settings) = @_;

    return api($t, POST => 'destinations', { stream_id => 'alice',
        name => $name, platform => 'rtmp_custom', rtmp_url => $r->url,
        stream_key => $key{$name}, settings => \%settings })->{id};
}


# connections that publish under the key of a destination

sub pushes {
    my ($name) = @_;

    return grep { $_->{published} && $_->{open} && !$_->{delete_stream}
        && $_->{name} eq $key{$name} } @{ $r->stats->{connections} };
}


sub flows {
    my ($name, $what) = @_;

    my ($push) = @{ $near->wait_for(sub {
        my @pushes = grep { $_->{video} } pushes($name);
        return @pushes && \@pushes;
    }, 15, $what) || [] };

    return ok($push, $what) && $push->{conn};
}


sub ended {
    my ($name, $what) = @_;

    $near->wait_for(sub { !pushes($name) }, 10, $what);
    return ok(!pushes($name), $what);
}


sub live_at {
    my ($t) = @_;

    return sort map { $_->{name} } grep { $_->{state} eq 'live' }
        @{ $t->get('/status')->json->{list} };
}


# a push to each live destination, at the nodes that are named

sub at {
    my ($near_has, $far_has, $what) = @_;

    $near->wait_for(sub {
        return "@{[live_at($near)]}" eq $near_has
            && "@{[live_at($far)]}" eq $far_has;
    }, 15, $what);

    is("@{[live_at($near)]}|@{[live_at($far)]}", "$near_has|$far_has", $what);
    return;
}


$near->wait_for(sub {
    return $redis->cmd('PUBSUB', 'NUMSUB', 'simulcast:commands')->[1] == 4
        && $redis->clients == 8;
}, 15, 'all workers have Redis');

# the API of one node, the publisher of the other

my $auto = make($near, 'auto', auto_start => $yes);
my $one = make($near, 'one');

my $sse = $near->events('/api/simulcast/alice/events', headers => \%bearer);

my $p = $far->publish('alice');
ok($p->started, 'published to the far node');

flows('auto', 'auto_start');

my $e = $sse->wait_event('destination:connected', 10);
is($e && $e->{data}{id}, $auto, 'the near node tells of it');

api($near, POST => "simulcast/alice/destinations/$one/start");
flows('one', 'started at the near node');
at('', 'auto one', 'runs at the far one');

is(api($near, GET => "destinations/$one")->{status}, 'live', 'as both know');
is(api($far, GET => "destinations/$one")->{status}, 'live', 'as both know');
is(api($near, GET => 'simulcast/alice/status')->{stream}{status}, 'live',
    'so does its source');

ok($sse->wait_event('metrics:update', 10), 'metrics, too');

my $metrics = $near->wait_for(sub {
    my $m = api($near, GET => 'simulcast/alice/metrics')->{destinationMetrics};
    return $m->{$auto}{framesSent} && $m->{$one}{framesSent} && $m;
}, 20, 'metrics by the API of the near node');

is(join(' ', sort keys %$metrics), join(' ', sort $auto, $one), 'of both');

my $health = api($near, GET => 'simulcast/alice/health');

like($health->{overall}, qr/^(?:healthy|degraded)$/, 'and health');

api($near, PATCH => "destinations/$one", { settings => { max_retries => 5 } });
$near->wait_for(sub { $r->stats->{published} == 3 }, 10, 'changed');
flows('one', 'changed at the near node');

api($near, POST => "simulcast/alice/destinations/$one/stop");
ended('one', 'stopped at the near node');
api($near, POST => 'simulcast/alice/start');
flows('one', 'and the whole stream');

# a claim of another machine counts, whatever its name and its processes are

api($near, POST => "simulcast/alice/destinations/$one/stop");
ended('one', 'stopped');

my $host = (POSIX::uname())[1];
my $claim = "simulcast:claim:$one";

$redis->cmd(SET => $claim, "$host:4194301:1:another-system:$one", PX => 30_000);
api($near, POST => "simulcast/alice/destinations/$one/start");
$near->pause(1);
is(scalar pushes('one'), 0, 'what another machine pushes is left to it');

$redis->cmd(DEL => $claim);
api($near, POST => "simulcast/alice/destinations/$one/start");
flows('one', 'until it lets it go');

# both have the stream: it goes out once

my $other = $near->publish('alice');
ok($other->started, 'the same stream at both nodes');

my $third = api($near, POST => 'destinations', { stream_id => 'alice',
    name => 'third', platform => 'rtmp_custom', rtmp_url => $r->url,
    stream_key => $key{third} = 'ndK-third-secret-stream-key',
    settings => { auto_start => $yes } })->{id};

push @{ $_->{secrets} }, $key{third} for $near, $far;

flows('third', 'a new destination');

for (1 .. 10) {
    api($_, POST => "simulcast/alice/destinations/$third/stop"),
    api($_, POST => "simulcast/alice/destinations/$third/start")
        for $near, $far;
}

flows('third', 'in the end it is started');

my @claims = map { $redis->cmd(GET => "simulcast:claim:$_") } $auto, $one,
    $third;

is(scalar(grep { $_ } @claims), 3, 'each has its claim');
is(scalar pushes($_), 1, "$_: pushed once") for qw(auto one third);
is($near->wait_for(sub {
    my @live = map { live_at($_) } $near, $far;
    return @live == 3 && "@{[sort @live]}";
}, 10, 'all are live'), 'auto one third', 'by one node each');

# the node that pushes loses the stream, the other goes on with it

$p->stop('KILL');
at('auto one third', '', 'the near node takes over');
flows($_, "$_ goes on") for qw(auto one third);

# and is killed as a whole, with its claims

$p = $far->publish('alice');
ok($p->started, 'again at both nodes');
$near->wait_for(sub { $far->get('/status')->json->{redis}{up} }, 5, 'Redis');

my @workers = $near->workers;
my $began = now();

$near->{process}->signal('KILL');
$near->{process}->wait(5);
kill 'KILL', @workers;

$far->wait_for(sub { "@{[live_at($far)]}" eq 'auto one third' }, 45,
    'the far node takes over');
is("@{[live_at($far)]}", 'auto one third', 'the far node takes over');
cmp_ok(now() - $began, '<', 45, 'when claims have ended');
flows($_, "$_ goes on again") for qw(auto one third);

$p->stop;
ended($_, "the end: $_") for qw(auto one third);

# never twice at once

my (%begun, %done, %span);

for my $e (grep { $_->{conn} } $r->events) {
    $begun{$e->{conn}} = $e if $e->{event} eq 'publish';
    $done{$e->{conn}} //= $e->{at} if $e->{event} eq 'disconnect'
        || $e->{event} eq 'command' && $e->{name} eq 'deleteStream';
}

push @{ $span{$begun{$_}{name}} }, [$begun{$_}{at}, $done{$_} // 9e9]
    for keys %begun;

my @twice;

for my $name (sort keys %span) {
    my @span = sort { $a->[0] <=> $b->[0] } @{ $span{$name} };

    for my $i (1 .. $#span) {
        push @twice, "$name at $span[$i][0]"
            if $span[$i - 1][1] > $span[$i][0];
    }
}

is_deeply(\@twice, [], 'no destination was published to twice at once');

$near->{process} = undef;
delete $near->{master};

$far->done;
$near->done;
