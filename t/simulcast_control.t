#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Destinations of the API while their sources run: what is started, stopped,
# changed, disabled and removed at any worker happens at the one that has the
# publisher, once; which source a destination has; what events tell.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::Keepalive;
use Test::Live::Redis;

my $token = 'ctT1-token-of-alice-0001';
my $pass = 'ctE2-encryption-key-of-this-test';

# a key for each destination: its connections are known by it

my %key = map { $_ => "ctK-$_-secret-stream-key" }
    qw(one two other input away cam first);

my $t = Test::Live->new(workers => 2, modules => [qw(simulcast multisource)],
    secrets => [$token, $pass, values %key]);

my $redis = Test::Live::Redis->new($t);
my $plain = $t->receiver(name => 'a', flv => 0);
my $secure = $t->receiver(name => 'b', flv => 0, tls => 'good');
my $ca = $secure->ca;

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

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file %%DIR%%/key;
    simulcast_trusted_certificate $ca;
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

my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
my %bearer = (Authorization => "Bearer $token");

sub api {
    my ($method, $path, $body) = @_;

    my $r = $t->request($method, "/api/$path", headers => \%bearer,
        $body ? (json => $body) : ());
    my $json = $r->json;

    diag("$method $path: $r->{status} $r->{body}")
        unless ref $json eq 'HASH' && $json->{success};

    return $json->{data};
}


sub make {
    my ($receiver, $name, $stream, %settings) = @_;

    return api(POST => 'destinations', { stream_id => $stream, name => $name,
        platform => 'rtmp_custom', rtmp_url => $receiver->url,
        stream_key => $key{$name}, settings => \%settings })->{id};
}


sub record {
    my ($id) = @_;

    return JSON::PP::decode_json($redis->cmd('HGET',
        "simulcast:destination:$id", 'record'));
}


# connections that publish under the key of a destination

sub pushes {
    my ($receiver, $name) = @_;

    return grep { $_->{published} && $_->{open} && !$_->{delete_stream}
        && $_->{name} eq $key{$name} } @{ $receiver->stats->{connections} };
}


sub flows {
    my ($receiver, $name, $what) = @_;

    my ($push) = @{ $t->wait_for(sub {
        my @pushes = grep { $_->{video} } pushes($receiver, $name);
        return @pushes && \@pushes;
    }, 15, $what) || [] };

    return ok($push, $what) && $push->{conn};
}


sub ended {
    my ($receiver, $name, $what) = @_;

    $t->wait_for(sub { !pushes($receiver, $name) }, 10, $what);
    return ok(!pushes($receiver, $name), $what);
}


# all that was told has been looked at: a destination that is told last runs

sub settled {
    my $id = make($plain, 'other', 'alice', auto_start => $yes);

    $t->wait_for(sub { pushes($plain, 'other') }, 10, 'what is told later');
    api(DELETE => "destinations/$id");
    $t->wait_for(sub { !pushes($plain, 'other') }, 10, 'and removed');

    return;
}


# which source it has, by the worker that pushes it

sub source_of {
    my ($id) = @_;

    my ($one) = grep { $_->{id} eq $id && $_->{state} eq 'live' }
        @{ $t->get('/status')->json->{list} };

    return $one && $one->{source};
}


sub has_source {
    my ($id, $source, $what) = @_;

    $t->wait_for(sub { (source_of($id) // '') eq $source }, 8, $what);
    return is(source_of($id), $source, $what);
}


$t->wait_for(sub { my $r = $t->get('/status')->json->{redis};
    $r->{up} && $r->{subscribed} }, 10, 'Redis') for 1 .. 8;

# what waits for its source begins with it, and only that

my $one = make($plain, 'one', 'alice');
my $two = make($secure, 'two', 'alice', auto_start => $yes);

my $sse = $t->events('/api/simulcast/alice/events', headers => \%bearer);
is($sse->{status}, 200, 'events');

my $p = $t->publish('alice');
ok($p->started, 'published');

my $begun = $sse->wait_event('stream:started', 10);

is($begun->{data}{streamId}, 'alice', 'stream:started');
like($begun->{data}{startedAt}, qr/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'when');

flows($secure, 'two', 'auto_start');
is(scalar pushes($plain, 'one'), 0, 'the other one has to be started');

my $e = $sse->wait_event('destination:connected', 10);

is($e->{data}{id}, $two, 'destination:connected');
is($e->{data}{platform}, 'rtmp_custom', 'platform');
like($e->{data}{status}, qr/^(?:connected|live)$/, 'status');
ok(exists $e->{data}{health}, 'health');
is_deeply($e->{data}{issues}, [], 'issues');
is($e->{data}{error}, undef, 'no error');
ok(exists $e->{data}{metrics}{$_}, "metrics.$_")
    for qw(fps bitrate framesSent bytesSent);

# start, at each worker

my $started = api(POST => 'simulcast/alice/start');

is($started->{status}, 'live', 'started');
is($started->{startedAt}, $begun->{data}{startedAt}, 'since its beginning');
is_deeply([sort map { $_->{id} } @{ $started->{destinations} }],
    [sort $one, $two], 'with both');

my $conn = flows($plain, 'one', 'what was started');
my $tls = flows($secure, 'two', 'what ran before, runs');

$e = $t->wait_for(sub {
    my $e = $sse->wait_event('metrics:update', 5);
    return $e && keys %{ $e->{data}{destinationMetrics} } == 2 && $e;
}, 15, 'metrics:update of both');

for my $m (@{ $e->{data}{destinationMetrics} }{$one, $two}) {
    is($m->{platform}, 'rtmp_custom', 'metrics: platform');
    cmp_ok($m->{lastUpdate}, '>', 1.7e12, 'metrics: lastUpdate, ms');
    ok(defined $m->{$_}, "metrics: $_") for qw(bytesSent framesSent bitrate fps);
}

my $worker = $t->get('/status')->json->{list}[0]{worker};
my %at = map { ($_ == $worker ? 'own' : 'other') =>
    Test::Live::Keepalive->new($t, worker => $_) } $t->workers;

# a worker's answer; what it is asked over one connection it does in turn

sub at {
    my ($which, $method, $path, $body) = @_;

    my $r = $at{$which}->request($method, "/api/$path", headers => [%bearer],
        $body ? (json => $body) : ());

    return $r && $r->{status};
}


for my $which (qw(own other)) {
    is(at($which, POST => "simulcast/alice/destinations/$one/stop"), 200,
        "stop at the $which worker");
    ended($plain, 'one', 'stops it');
    is(at($which, POST => "simulcast/alice/destinations/$one/start"), 200,
        "start at the $which worker");
    flows($plain, 'one', 'starts it');
}

is((grep { $_->{delete_stream} && $_->{fc_unpublish} }
    $plain->events('disconnect')), 2, 'each with its goodbye');
is(flows($secure, 'two', 'the other one'), $tls, 'does not notice');

# changes: a name is none, nor what concerns the next start

$conn = flows($plain, 'one', 'before changes');

api(PATCH => "destinations/$one", { name => 'Another name' });
api(PATCH => "destinations/$one", { settings => { auto_start => $yes } });
api(PATCH => "destinations/$one", { settings => { auto_start => $no } });
settled();

is(flows($plain, 'one', 'a new name'), $conn, 'is no reason to reconnect');

# settings, key and URL are

api(PATCH => "destinations/$one", { settings => { max_retries => 7 } });
$t->wait_for(sub { grep { $_->{conn} != $conn } pushes($plain, 'one') }, 10,
    'a new connection');
isnt(flows($plain, 'one', 'settings'), $conn, 'are');

$key{old} = $key{one};
$key{one} = 'ctK-changed-secret-stream-key';
push @{ $t->{secrets} }, $key{one};

api(PATCH => "destinations/$one", { stream_key => $key{one} });
flows($plain, 'one', 'another key');
ended($plain, 'old', 'instead of the old one');

api(PATCH => "destinations/$one", { rtmp_url => $secure->url,
    stream_key => $key{one} });
flows($secure, 'one', 'another URL');
ended($plain, 'one', 'instead of the old one');

# disabled, enabled, removed

api(PATCH => "destinations/$one", { is_enabled => $no });
ended($secure, 'one', 'disabled');
api(PATCH => "destinations/$one", { is_enabled => $yes });
flows($secure, 'one', 'enabled');
api(DELETE => "simulcast/alice/destinations/$one");
ended($secure, 'one', 'removed from the stream');
is(api(GET => "destinations/$one")->{is_enabled}, $no, 'it is disabled');
api(POST => "simulcast/alice/destinations/$one/start");
flows($secure, 'one', 'started again');

my $first = make($plain, 'first', 'alice', auto_start => $yes);
flows($plain, 'first', 'a new one begins at once');
api(DELETE => "destinations/$first");
ended($plain, 'first', 'removed');

my ($bye) = grep { $_->{name} eq $key{first} } $plain->events('disconnect');
is($bye->{delete_stream}, 1, 'with a goodbye');

# many requests at once, at both workers: what was said last holds

my @hurry = map { make($plain, $_, 'alice') } qw(first cam);
my %refused;

for my $round (1 .. 40) {
    my ($x, $y) = $round % 3 ? qw(own other) : qw(other own);

    for my $id (@hurry) {
        $_ == 200 || $refused{$_}++ for
            at($x, POST => "simulcast/alice/destinations/$id/start"),
            at($y, POST => "simulcast/alice/destinations/$id/stop"),
            at($y, PATCH => "destinations/$id", { name => "N $round" }),
            at($x, GET => 'simulcast/alice/status');
    }
}

is_deeply(\%refused, {}, 'all were served');
settled();
ended($plain, $_, "$_ is stopped in the end") for qw(first cam);

at('other', POST => "simulcast/alice/destinations/$_/start") for @hurry;
flows($plain, $_, "$_ is started in the end") for qw(first cam);
is(scalar pushes($plain, $_), 1, 'once') for qw(first cam);
is(flows($secure, 'two', 'the others'), $tls, 'did not notice');

api(DELETE => "destinations/$_") for @hurry;
ended($plain, $_, 'gone') for qw(first cam);

# stop holds against auto_start, for this stream

$sse->close;
$sse = $t->events('/api/simulcast/alice/events', headers => \%bearer);

api(POST => 'simulcast/alice/stop');
ended($secure, $_, 'stopped') for qw(one two);
is($sse->wait_event('stream:stopped', 5)->{data}{streamId}, 'alice',
    'stream:stopped');
is(api(GET => 'simulcast/alice/status')->{simulcast}{status}, 'stopped',
    'the stream is stopped');
settled();
is(scalar pushes($secure, 'two'), 0, 'auto_start does not start it again');

# a publisher whose connection breaks finds everything as it was

api(POST => 'simulcast/alice/start');
flows($secure, $_, 'started') for qw(one two);
api(POST => "simulcast/alice/destinations/$two/stop");
ended($secure, 'two', 'but for one');

$p->stop('KILL');
ended($secure, 'one', 'the publisher was killed');

($bye) = grep { $_->{name} eq $key{one} } reverse $secure->events('disconnect');
is($bye->{delete_stream} || 0, 0, 'its server is not told of an end');

$t->wait_for(sub { record($one)->{wanted_until} }, 5, 'what was said holds');
is(record($_)->{wanted}, $_ eq $one ? 'start' : 'stop', 'as it was')
    for $one, $two;

$p = $t->publish('alice');
flows($secure, 'one', 'he is back');
settled();
is(scalar pushes($secure, 'two'), 0, 'what was stopped is stopped');
$t->wait_for(sub { !exists record($one)->{wanted_until} }, 5, 'for good');

# after a real end the settings decide again

$p->stop;
ended($secure, 'one', 'the stream has ended');

($bye) = grep { $_->{name} eq $key{one} } reverse $secure->events('disconnect');
is($bye->{delete_stream}, 1, 'its server knows');

is($sse->wait_event('stream:stopped', 10)->{data}{streamId}, 'alice',
    'and event streams');
$t->wait_for(sub { !grep { record($_)->{wanted} } $one, $two }, 5,
    'nothing is wished any more');
is(api(GET => "destinations/$one")->{status}, 'stopped', 'stopped');

$p = $t->publish('alice');
flows($secure, 'two', 'auto_start counts');
settled();
is(scalar pushes($secure, 'one'), 0, 'start does not');

# several sources: the default one, his own, and one that is asked for

my $cam = $t->publish('alice_cam');
ok($cam->started, 'another source');

my $own = make($plain, 'cam', 'alice:cam', auto_start => $yes);
has_source($own, 'cam', 'streamer:source');
has_source($two, 'main', 'the default source');

my $input = make($plain, 'input', 'alice');
is($t->request('POST', '/api/simulcast/alice/start', headers => \%bearer,
    json => { inputSource => 'nobody' })->{status}, 400, 'no such source');
api(POST => 'simulcast/alice/start', { inputSource => 'alice:cam' });
has_source($input, 'cam', 'inputSource');
has_source($two, 'cam', 'of what runs as well');
has_source($own, 'cam', 'a destination of that source');
is(scalar pushes(@$_), 1, "one push of $_->[1]")
    for [$plain, 'input'], [$secure, 'two'], [$plain, 'cam'];

api(POST => 'simulcast/alice/start');
has_source($_, 'main', 'without it, the default source') for $input, $two;

# the default source ends: the one that is left takes over what was started

$p->stop;
has_source($_, 'cam', 'the source that is left') for $input, $two;
is(record($input)->{wanted}, 'start', 'what was started is');

# the default one is there again: what runs stays where it is, also when that
# source goes

$conn = flows($plain, 'input', 'of the other source');
$p = $t->publish('alice');
ok($p->started, 'the default source is back');
settled();
is(source_of($_), 'cam', 'what runs stays') for $input, $two;
$p->stop;
$t->wait_for(sub {
    !$redis->cmd('HEXISTS', 'simulcast:live:alice', 'main') }, 5, 'it is gone');
settled();
is(source_of($_), 'cam', 'and is not disturbed') for $input, $two;
is(flows($plain, 'input', 'not'), $conn, 'at all');
is(record($input)->{wanted}, 'start', 'nor is it forgotten');

# his last source ends

$cam->stop;
ended($plain, 'input', 'nothing is left');
$t->wait_for(sub { !record($input)->{wanted} }, 5, 'what was started ends');

# the first one that is live, where the default is not

$cam = $t->publish('alice_cam');
ok($cam->started, 'only a source');
has_source($two, 'cam', 'it is the first');

my $pip = $t->publish('alice_pip');
ok($pip->started, 'and a second');
settled();
is(source_of($two), 'cam', 'which is not');
$cam->stop('KILL');
has_source($two, 'pip', 'before the first one has broken');
$pip->stop;
ended($secure, 'two', 'and ended');

# a destination that fails: reconnecting, error, and another start

$plain->kill;
$p = $t->publish('alice');

my $away = make($plain, 'away', 'alice', max_retries => 1);

$sse->close;
$sse = $t->events('/api/simulcast/alice/events', headers => \%bearer);
api(POST => "simulcast/alice/destinations/$away/start");

$e = $sse->wait_event('destination:reconnecting', 10);

is($e->{data}{id}, $away, 'destination:reconnecting');
is($e->{data}{status}, 'reconnecting', 'its status');
is($e->{data}{error}{code}, 'connect_failed', 'why');
ok(length $e->{data}{error}{message}, 'in words');
cmp_ok($e->{data}{retry_in_ms}, '>', 0, 'when again');

$e = $sse->wait_event('destination:error', 10);

is($e->{data}{id}, $away, 'destination:error');
is($e->{data}{status}, 'error', 'its status');
is($e->{data}{health}, 'error', 'its health');
is(api(GET => "destinations/$away")->{status}, 'error', 'as the API says');

$plain->revive;
api(POST => "simulcast/alice/destinations/$away/start");
flows($plain, 'away', 'start begins again');

$p->stop;
ended($plain, 'away', 'the end');

# from when to when each was published to: never twice at once

my %span;

for my $r ($plain, $secure) {
    my (%begun, %done);

    for my $e ($r->events) {
        next unless $e->{conn};

        $begun{$e->{conn}} = $e if $e->{event} eq 'publish';
        $done{$e->{conn}} //= $e->{at} if $e->{event} eq 'disconnect'
            || $e->{event} eq 'command' && $e->{name} eq 'deleteStream';
    }

    push @{ $span{$begun{$_}{name}} }, [$begun{$_}{at}, $done{$_} // 9e9]
        for keys %begun;
}

my @twice;

for my $name (sort keys %span) {
    my @span = sort { $a->[0] <=> $b->[0] } @{ $span{$name} };

    for my $i (1 .. $#span) {
        push @twice, sprintf '%s for %.3f s', $name,
            $span[$i - 1][1] - $span[$i][0] if $span[$i - 1][1] > $span[$i][0];
    }
}

is_deeply(\@twice, [], 'no destination was published to twice at once');

is_deeply([map { @{ $_->{faults} } } map { @{ $_->stats->{connections} } }
    $plain, $secure], [], 'and none had anything to complain of');

$t->done;
