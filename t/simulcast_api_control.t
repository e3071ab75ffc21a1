#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The API of ngx_simulcast: start and stop of a stream and of one destination,
# and what status, health and metrics say. What is live, and how destinations
# do, is put into Redis here as the worker that pushes would put it.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::Redis;
use Time::HiRes ();

my $token = 'aT1-token-of-alice-0001';
my $key = 'sK4-stream-key-of-alice';
my $pass = 'eK6-encryption-key-of-this-test';

my $t = Test::Live->new(workers => 2, modules => ['simulcast'],
    secrets => [$token, $key, $pass]);

my $redis = Test::Live::Redis->new($t);

$t->write('key', "$pass\n");
$t->write('tokens', "$token alice\n");

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            simulcast on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file %%DIR%%/key;

    server {
        listen 127.0.0.1:%%HTTP%% reuseport;

        location /api/ {
            simulcast_api;
            simulcast_api_tokens %%DIR%%/tokens;
        }
    }
}
EOC

$t->run;

my $json = JSON::PP->new->canonical;

sub api {
    my ($method, $path, $body) = @_;

    return $t->request($method, "/api/$path",
        headers => { Authorization => "Bearer $token" },
        $body ? (json => $body) : ());
}


sub said {
    my ($r) = @_;

    my $json = $r->json;

    return $r->{status} if ref $json ne 'HASH' || $json->{success};
    return join ' ', $r->{status}, $json->{error}{code},
        $json->{error}{field} // ();
}


sub data { return $_[0]->json->{data} }
sub ms { return int(Time::HiRes::time() * 1000) }

sub live {
    my ($source, $since) = @_;

    $redis->cmd('HSET', 'simulcast:live:alice', $source, $json->encode({
        since => $since, at => ms(), node => 'test',
        $source eq 'main' ? (stream => 'alice', default => JSON::PP::true())
            : (stream => "alice_$source") }));
}


sub health {
    my ($id, %health) = @_;

    $redis->cmd('SET', "simulcast:health:$id", $json->encode({
        node => 'test', updated_at => ms(), %health }), 'EX', 90);
}


sub record {
    my ($id) = @_;
    return $json->decode($redis->cmd('HGET', "simulcast:destination:$id",
        'record'));
}


sub make {
    my (%o) = @_;

    return data(api(POST => 'destinations', { stream_id => 'alice',
        platform => 'rtmp_custom', name => 'N',
        rtmp_url => 'rtmp://example.org/live', stream_key => $key, %o }))->{id};
}


sub status_of { return data(api(GET => "destinations/$_[0]"))->{status} }

$t->wait_for(sub { api(GET => 'destinations')->{status} == 200 }, 10, 'Redis');

my $on = make(name => 'On');
my $off = make(name => 'Off', is_enabled => JSON::PP::false);
my $cam = make(name => 'Cam', stream_id => 'alice:cam');
my $auto = make(name => 'Auto', stream_id => 'alice:other',
    settings => { auto_start => JSON::PP::true });

# nothing is live

is(said(api(POST => 'simulcast/alice/start')), '409 not_live', 'not live');
is(said(api(POST => 'simulcast/alice/start', { inputSource => 'cam' })),
    '409 not_live', 'nor with a source');
is(record($on)->{wanted}, '', 'nothing was written');

is_deeply(data(api(GET => 'simulcast/alice/status')), {
    stream => { id => 'alice', title => 'alice', status => 'stopped',
        started_at => undef, viewer_count => 0 },
    destinations => [
        { id => $on, platform => 'rtmp_custom', name => 'On',
          status => 'stopped', viewer_count => undef, playback_url => undef },
        { id => $off, platform => 'rtmp_custom', name => 'Off',
          status => 'stopped', viewer_count => undef, playback_url => undef },
    ],
    simulcast => { streamId => 'alice', status => 'stopped', uptime => 0 },
}, 'the status of what is not live');

is_deeply(data(api(GET => 'simulcast/alice/health')), {
    streamId => 'alice', overall => 'healthy', uptime => 0,
    destinations => { map { $_ => { platform => 'rtmp_custom',
        health => 'unknown', issues => [], metrics => { fps => 0, bitrate => 0,
            framesSent => 0, bytesSent => 0 } } } $on, $off },
}, 'its health');

is_deeply(data(api(GET => 'simulcast/alice/metrics')), {
    startTime => 0, bytesSent => 0, framesSent => 0, errors => [],
    destinationMetrics => { map { $_ => { platform => 'rtmp_custom',
        bytesSent => 0, framesSent => 0, bitrate => 0, fps => 0,
        lastUpdate => 0 } } $on, $off },
}, 'its metrics');

is_deeply(data(api(GET => 'simulcast/alice:nope/status'))->{destinations}, [],
    'a source without destinations');

# what was live long ago is not live

$redis->cmd('HSET', 'simulcast:live:alice', 'cam',
    $json->encode({ since => ms() - 90_000, at => ms() - 31_000 }));
is(said(api(POST => 'simulcast/alice/start')), '409 not_live',
    'a worker that says nothing any more');

# bodies

my $since = ms() - 60_000;
live(cam => $since);
live(screen => $since + 1000);

is(said(api(POST => 'simulcast/alice/start', $_->[0])), "400 $_->[1]",
    "the body " . $json->encode($_->[0]))
    for [{ inputSource => 'nope' }, 'invalid_field inputSource'],
        [{ inputSource => '' }, 'invalid_field inputSource'],
        [{ inputSource => 1 }, 'invalid_field inputSource'],
        [{ inputSource => 'bob:cam' }, 'invalid_field inputSource'],
        [{ inputSource => '/etc/passwd' }, 'invalid_field inputSource'],
        [{ inputSource => 'http://127.0.0.1/alice_cam' },
            'invalid_field inputSource'],
        [{ inputSource => 'rtmp://127.0.0.1/live/bob_cam' },
            'invalid_field inputSource'],
        [{ input => 'cam' }, 'invalid_field input'];

is(said($t->request('POST', '/api/simulcast/alice/start', body => 'x=1',
    headers => { Authorization => "Bearer $token",
        'Content-Type' => 'text/plain' })), '415 unsupported_media_type',
    'a body of another type');
is(said(api(POST => 'simulcast/alice:other/start')), '409 not_live',
    'a source that is not live');
is(record($on)->{wanted}, '', 'nothing was written');

is(status_of($on), 'stopped', 'one that is not told to start');

# start

my $commands = $redis->subscribe('simulcast:commands');
my $events = $redis->subscribe('simulcast:events');
my $from = ms();

my $r = api(POST => 'simulcast/alice/start');

is($r->{status}, 200, 'start');

my $started = data($r);

like($started->{startedAt}, qr/^20\d\d-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/,
    'startedAt');
is_deeply($started, { streamId => 'alice', status => 'live',
    startedAt => $started->{startedAt}, destinations =>
        [{ id => $on, platform => 'rtmp_custom', status => 'pending' }] },
    'and what starts');

is(record($on)->{wanted}, 'start', 'what is enabled');
is(record($off)->{wanted}, '', 'not what is not');
is(record($cam)->{wanted}, '', 'nor what is of a source');
is(record($on)->{input_source}, undef, 'as it is');
is(status_of($on), 'pending', 'it is pending');
is(status_of($auto), 'stopped', 'one by itself waits for its source');

live(other => ms());
is(status_of($auto), 'pending', 'which comes');
$redis->cmd('HDEL', 'simulcast:live:alice', 'other');

my $session = $json->decode($redis->cmd('GET', 'simulcast:session:alice'));

cmp_ok($session->{started_at}, '>=', $from, 'the session');
is_deeply([keys %$session], ['started_at'], 'without more');

my $told = join ' ', $commands->message(5), $commands->messages;
like($told, qr/"id":"$on"/, 'the workers are told');
unlike($told, qr/$off/, 'of what has changed');

my $event = $json->decode($events->message(5));

is($event->{event}, 'stream:started', 'the event');
is($event->{stream_id}, 'alice', 'of the stream');
is($event->{data}{startedAt}, $started->{startedAt}, 'with the time');

# once more: the session goes on

is(data(api(POST => 'simulcast/alice/start'))->{startedAt},
    $started->{startedAt}, 'start again');

# another source, by its name, as a stream id and as a URL

for my $input ('screen', 'alice:screen',
    'rtmp://media.example.org:1935/live/alice_screen')
{
    is(api(POST => 'simulcast/alice/start', { inputSource => $input })
        ->{status}, 200, "start with $input");
    is(record($on)->{input_source}, 'screen', 'is what is to be sent');
    is($json->decode($redis->cmd('GET', 'simulcast:session:alice'))
        ->{input_source}, 'screen', 'and stands in the session');
}

is(data(api(POST => "simulcast/alice/destinations/$off/start"))->{status},
    'pending', 'start of one that was not enabled');
is(record($off)->{input_source}, 'screen', 'has the source of the others');
ok(record($off)->{is_enabled}, 'and is enabled');

api(POST => 'simulcast/alice/start');
is(record($_)->{input_source}, undef, 'start without one takes it back')
    for $on, $off;

# a source's own

is(data(api(POST => 'simulcast/alice:cam/start'))->{destinations}[0]{id}, $cam,
    'start of a source');
is(record($cam)->{wanted}, 'start', 'starts its destinations');

# how it goes

health($on, status => 'live', health => 'degraded', url => 'rtmp://x/y',
    metrics => { fps => 25.5, bitrate => 4400, framesSent => 765,
        bytesSent => 16_500_000 },
    issues => ['Low FPS: 25.5'], viewer_count => 12,
    playback_url => 'https://example.org/watch', details => { a => 1 });
health($off, status => 'error', health => 'error', issues => [],
    metrics => { fps => 0, bitrate => 0, framesSent => 10, bytesSent => 1000 },
    error => { code => 'connect_failed', message => 'no way' },
    viewer_count => 3);

my $shown = data(api(GET => "destinations/$on"));

is($shown->{status}, 'live', 'the status of one that is pushed');
is($shown->{health}, 'degraded', 'its health');
is_deeply($shown->{issues}, ['Low FPS: 25.5'], 'its issues');
is($shown->{viewer_count}, 12, 'its viewers');
is($shown->{playback_url}, 'https://example.org/watch', 'where to watch');
is_deeply($shown->{details}, { a => 1 }, 'its details');
is($shown->{url}, undef, 'but not all that is known');

is_deeply(data(api(GET => "destinations/$off"))->{error},
    { code => 'connect_failed', message => 'no way' }, 'an error');

my $status = data(api(GET => 'simulcast/alice/status'));

is($status->{stream}{status}, 'live', 'the status of the stream');
is($status->{stream}{viewer_count}, 15, 'all viewers');
like($status->{stream}{started_at}, qr/^20\d\d-.*Z$/, 'since when');
is($status->{simulcast}{status}, 'live', 'the status of the simulcast');
cmp_ok($status->{simulcast}{uptime}, '>', 0, 'its uptime');
cmp_ok($status->{simulcast}{uptime}, '<', 60_000, 'in ms, since the start');
is_deeply([map { $_->{status} } @{ $status->{destinations} }],
    ['live', 'error'], 'and of its destinations');

my $health = data(api(GET => 'simulcast/alice/health'));

is($health->{overall}, 'error', 'the worst health');
is_deeply($health->{destinations}{$on}, { platform => 'rtmp_custom',
    health => 'degraded', issues => ['Low FPS: 25.5'],
    metrics => { fps => 25.5, bitrate => 4400, framesSent => 765,
        bytesSent => 16_500_000 } }, 'by destination');

api(PATCH => "destinations/$off", { is_enabled => JSON::PP::false });
is(data(api(GET => 'simulcast/alice/health'))->{overall}, 'degraded',
    'the worst of the enabled ones');

my $metrics = data(api(GET => 'simulcast/alice/metrics'));

is($metrics->{bytesSent}, 16_501_000, 'bytes of all');
is($metrics->{framesSent}, 775, 'frames of all');
is($metrics->{startTime}, $session->{started_at}, 'since the start');
is($metrics->{destinationMetrics}{$on}{fps}, 25.5, 'by destination');
cmp_ok($metrics->{destinationMetrics}{$on}{lastUpdate}, '>', $from,
    'and when it was');
is_deeply($metrics->{errors}, [{ id => $off, code => 'connect_failed',
    message => 'no way' }], 'errors');

# what nobody should have written does no harm

$redis->cmd('SET', "simulcast:health:$on", $_), is(status_of($on), 'pending',
    "a health of $_")
    for '', '{', '[]', '17', '{"status":"bogus"}', '{"status":1,"issues":{},'
        . '"metrics":[],"viewer_count":"x","error":"x","details":[]}';

is(api(GET => "simulcast/alice/$_")->{status}, 200, "$_ is still there")
    for qw(status health metrics);
health($on, status => 'live', health => 'healthy');

# stop

$events->messages;
$r = api(POST => 'simulcast/alice/stop');

is_deeply($r->json, { success => JSON::PP::true,
    message => 'Simulcast stopped' }, 'stop');
is(record($_)->{wanted}, 'stop', 'what was started') for $on, $off;
is(record($cam)->{wanted}, 'start', 'but not what is of a source');
is($redis->cmd('GET', 'simulcast:session:alice'), undef, 'nor the session');
is($json->decode($events->message(5))->{event}, 'stream:stopped', 'the event');

is(data(api(GET => 'simulcast/alice/status'))->{simulcast}{status}, 'live',
    'it is live until it has stopped');
$redis->cmd('DEL', "simulcast:health:$on", "simulcast:health:$off");
is(data(api(GET => 'simulcast/alice/status'))->{simulcast}{status}, 'stopped',
    'which it has');
is(status_of($on), 'stopped', 'and its destination, too');

my $version = $redis->cmd('HGET', "simulcast:destination:$on", 'version');

is(api(POST => 'simulcast/alice/stop')->{status}, 200, 'stop again');
is(api(POST => 'simulcast/alice:nope/stop')->{status}, 200,
    'stop of what never was');
is($redis->cmd('HGET', "simulcast:destination:$on", 'version'), $version,
    'changes nothing');
is(scalar $events->messages, 0, 'and is no event');

# one that starts by itself does not after a stop

is(api(POST => 'simulcast/alice:other/stop')->{status}, 200, 'stop of another');
live(other => ms());
is(status_of($auto), 'stopped', 'it stays away');

# one destination

is(data(api(POST => "simulcast/alice/destinations/$on/start"))->{status},
    'pending', 'start of one');
is(record($on)->{wanted}, 'start', 'is written');
is(status_of($on), 'pending', 'and seen');

health($on, status => 'error', health => 'error');
is(data(api(POST => "simulcast/alice/destinations/$on/start"))->{status},
    'pending', 'start of one that had failed');
health($on, status => 'live', health => 'healthy');
is(data(api(POST => "simulcast/alice/destinations/$on/start"))->{status},
    'live', 'start of one that is live');

my $stopped = data(api(POST => "simulcast/alice/destinations/$on/stop"));

is($stopped->{status}, 'stopped', 'stop of one');
ok($stopped->{is_enabled}, 'which stays enabled');
is(record($on)->{wanted}, 'stop', 'is written');

$stopped = data(api(DELETE => "simulcast/alice/destinations/$on"));

is($stopped->{id}, $on, 'one is taken out of the simulcast');
ok(!$stopped->{is_enabled}, 'and not enabled any more');
is(api(GET => "destinations/$on")->{status}, 200, 'but still there');
is(data(api(POST => "simulcast/alice:cam/destinations/$cam/stop"))->{status},
    'stopped', 'one of a source');

# many at once, from any worker: none is lost

my @ids = map { make(name => "M$_", stream_id => 'alice:many') } 1 .. 4;

live(many => ms());

my @pids = map {
    my $pid = fork;

    if ($pid == 0) {
        my $ok = 1;

        for my $n (1 .. 5) {
            my $r = Test::Live::HTTP::request(port => $t->port('HTTP'),
                method => 'PATCH', path => "/api/destinations/$ids[0]",
                headers => { Authorization => "Bearer $token" },
                json => { settings => { bitrate => 1000 + $n } });

            $ok &&= $r->{status} == 200 || $r->{status} == 409;
        }

        POSIX::_exit($ok ? 0 : 1);
    }

    $pid;
} 1 .. 3;

is(api(POST => 'simulcast/alice:many/start')->{status}, 200,
    'start while others write');

for my $pid (@pids) {
    waitpid $pid, 0;
    is($?, 0, 'they wrote, or were told that they could not');
}

is(record($_)->{wanted}, 'start', 'all of them start') for @ids;
cmp_ok(record($ids[0])->{settings}{bitrate}, '>', 1000,
    'and have what was written');

$t->done;
