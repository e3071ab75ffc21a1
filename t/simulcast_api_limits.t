#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The API of ngx_simulcast: what other pages may read, how many destinations
# and tests there may be, what a test of a destination says, and what is
# answered while Redis is away.

use strict;
use warnings;

use lib 't/lib';

use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Redis;

my $token = 'aT1-token-of-alice-0001';
my $key = 'sK4-stream-key-of-alice';
my $pass = 'eK6-encryption-key-of-this-test';

my $t = Test::Live->new(workers => 2, modules => ['simulcast'],
    secrets => [$token, $key, $pass]);

my $redis = Test::Live::Redis->new($t);

$t->write('key', "$pass\n");
$t->write('tokens', "$token alice\n");

my $conf = <<'EOC';
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
    simulcast_allow 127.0.0.0/8;
    simulcast_platform youtube api_base=https://127.0.0.1:9/youtube;

    simulcast_api_tokens %%DIR%%/tokens;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /api/ {
            simulcast_api;
        }

        location /page/ {
            simulcast_api;
            simulcast_cors https://studio.example.org;
        }

        location /any/ {
            simulcast_api;
            simulcast_cors *;
        }
    }
}
EOC

$t->conf($conf);
$t->run;

sub api {
    my ($method, $path, %o) = @_;

    my $prefix = delete $o{at} || '/api/';
    my %headers = (Authorization => "Bearer $token", %{ $o{headers} || {} });

    return $t->request($method, "$prefix$path", %o, headers => \%headers);
}


sub said {
    my ($r) = @_;

    my $json = $r->json;

    return $r->{status} if ref $json ne 'HASH' || $json->{success};
    return join ' ', $r->{status}, $json->{error}{code},
        $json->{error}{field} // ();
}


sub data { return $_[0]->json->{data} }

sub make {
    my (%o) = @_;

    return api(POST => 'destinations', json => { stream_id => 'alice',
        platform => 'rtmp_custom', name => 'N',
        rtmp_url => 'rtmp://example.org/live', stream_key => $key, %o });
}

$t->wait_for(sub { api(GET => 'destinations')->{status} == 200 }, 10, 'Redis');

# pages

my $studio = 'https://studio.example.org';

sub cors { return $_[0]{headers}{'access-control-allow-origin'} }

sub preflight {
    my ($at, $origin, %headers) = @_;

    return $t->request('OPTIONS', "${at}destinations", headers => {
        Origin => $origin, 'Access-Control-Request-Method' => 'PATCH',
        %headers });
}

for my $r (preflight('/page/', $studio), preflight('/any/', 'https://x.org')) {
    is($r->{status}, 204, 'preflight');
    is($r->{body}, '', 'without a body');
    ok(cors($r), 'is allowed');
    like($r->{headers}{'access-control-allow-methods'}, qr/\bPATCH\b/,
        'the method');
    like($r->{headers}{'access-control-allow-headers'}, qr/\bAuthorization\b/,
        'the header');
    is($r->{headers}{'access-control-allow-credentials'}, undef,
        'but no cookies');
}

is(preflight('/page/', 'https://evil.example.org')->{status}, 401,
    'preflight of another page');
is(cors(preflight('/page/', 'https://evil.example.org')), undef,
    'is not allowed');
is(preflight('/api/', $studio)->{status}, 401, 'preflight where none is');
is(cors(preflight('/api/', $studio)), undef, 'is not allowed');

for my $path ('destinations', 'nowhere', 'simulcast/bob/status') {
    my $r = api(GET => $path, at => '/page/', headers => { Origin => $studio });

    is(cors($r), $studio, "$r->{status} for the page");
    is($r->{headers}{vary}, 'Origin', 'and only for it');

    $r = api(GET => $path, at => '/page/',
        headers => { Origin => 'https://studio.example.org.evil.org' });

    is(cors($r), undef, 'not for another one');
    is($r->{headers}{vary}, 'Origin', 'as caches are told');

    is(cors(api(GET => $path, at => '/page/')), undef, 'nor for no page');
    is(cors(api(GET => $path, at => '/any/', headers => { Origin => 'null' })),
        '*', 'any page');
    is(cors(api(GET => $path, headers => { Origin => $studio })), undef,
        'no page');
}

is(cors(api(GET => 'destinations', at => '/page/', headers =>
    { Origin => $studio, Authorization => 'Bearer no-such-token-at-all' })),
    $studio, '401 for the page');

# tests of a destination

my $port = $t->port('INGEST');
my $closed = data(make(rtmp_url => "rtmp://127.0.0.1:$port/live"))->{id};
my $r = api(POST => "destinations/$closed/test");

is($r->{status}, 200, 'a test');

my $test = data($r);

ok(!$test->{reachable}, 'of what is not there');
is($test->{stage}, 'tcp', 'how far it came');
is($test->{error_class}, 'connect_failed', 'and why not further');
like($test->{ms}, qr/^\d+$/, 'how long it took');
is(join(' ', sort keys %$test), 'error_class ms reachable stage',
    'and no more');

for (1 .. 4) {
    $r = api(POST => "destinations/$closed/test");
    is(said($r), '429 rate_limited', 'again, by any worker');
    is($r->{headers}{'retry-after'}, 10, 'and when');
}

my $private = data(make(rtmp_url => 'rtmp://10.0.0.1/live'))->{id};
is(data(api(POST => "destinations/$private/test"))->{error_class},
    'address_refused', 'a test of a private address');

my $receiver = $t->receiver(flv => 0);
my $ingest = 'rtmp://127.0.0.1:' . $receiver->port . '/live';
my $real = data(make(rtmp_url => $ingest))->{id};

$test = data(api(POST => "destinations/$real/test"));

ok($test->{reachable}, 'a test of a server');
is($test->{stage}, 'publish', 'up to publish');
is($test->{error_class}, undef, 'without an error');

my $youtube = data(api(POST => 'destinations', json => { stream_id => 'alice',
    platform => 'youtube', name => 'Y', stream_key => $key }))->{id};

is(said(api(POST => "destinations/$youtube/test")), '409 not_ready',
    'a platform whose ingest is not known');

$redis->cmd('SET', "simulcast:health:$youtube", JSON::PP::encode_json({
    status => 'stopped', url => $ingest }));
$test = data(api(POST => "destinations/$youtube/test"));

ok($test->{reachable}, 'one where it was last time');
is($test->{stage}, 'connect', 'and only up to connect');
is($receiver->wait_event('publish', 5)->{name}, $key, 'one was published');
is(scalar(() = $receiver->events('publish')), 1, 'the other one was not');

# five at once of a worker, with servers that say nothing

my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
    LocalPort => $port, ReuseAddr => 1) or die "listen: $!";

my @ids = map { data(make(rtmp_url => "rtmp://127.0.0.1:$port/live",
    name => "S$_"))->{id} } 1 .. 12;

my @open = map {
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $t->port('HTTP')) or die "connect: $!";

    print $sock "POST /api/destinations/$_/test HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $token\r\nContent-Length: 0\r\n\r\n";
    $sock;
} @ids;

sub answered {
    my ($sock) = @_;

    my $in = '';
    vec($in, fileno $sock, 1) = 1;

    return select($in, undef, undef, 0);
}

$t->wait_for(sub { (grep { answered($_) } @open) >= 2 }, 10,
    'more than two workers test at once');

my @refused = grep { answered($_) } @open;
my %waiting = map { $_ => $_ } @open;

delete @waiting{@refused};

cmp_ok(scalar keys %waiting, '<=', 10, 'ten at once, of two workers');

for my $sock (@refused) {
    sysread $sock, my $text, 4096;
    like($text, qr/^HTTP\/1.1 429 .*"too_many_tests"/s, 'others are refused');
}

# who leaves gives his place to others

close $_ for @open;

$t->wait_for(sub {
    $redis->cmd('DEL', grep { !/destination|live|session/ }
        @{ $redis->cmd('KEYS', "*$real*") }, 'x');

    return said(api(POST => "destinations/$real/test")) eq '200';
}, 15, 'a test after those who left');

close $silent;

# how many

my $n = @{ data(api(GET => 'destinations')) };

make(name => "D$_")->{status} == 201 or die for $n + 1 .. 49;

my @pids = map {
    my $pid = fork;

    if ($pid == 0) {
        my $r = Test::Live::HTTP::request(port => $t->port('HTTP'),
            method => 'POST', path => '/api/destinations',
            headers => { Authorization => "Bearer $token" },
            json => { stream_id => 'alice', platform => 'cloudflare',
                name => 'R' });

        POSIX::_exit($r->{status} == 201 ? 0 : $r->{status} == 409 ? 1 : 2);
    }

    $pid;
} 1 .. 4;

my %rc;

for my $pid (@pids) {
    waitpid $pid, 0;
    $rc{$? >> 8}++;
}

is($rc{2}, undef, 'four at once for the last place');

cmp_ok(scalar @{ data(api(GET => 'destinations')) }, '<=', 50,
    'never more than 50');
$r = make(name => 'last');
$r = make(name => 'more') if $r->{status} == 201;
is(said($r), '409 too_many_destinations', 'and one more');
is(said(api(POST => 'destinations/platforms/twitch/exchange-token',
    json => { code => 'c', stream_id => 'alice', name => 'N' })),
    '409 too_many_destinations', 'nor by exchange-token');

# a reload with requests on their way

ok($t->reload, 'reload');
$t->wait_for(sub { api(GET => 'destinations')->{status} == 200 }, 10,
    'and on it goes');

# Redis is away

sub away {
    my ($why) = @_;

    for my $row (
        [GET => 'destinations'], [GET => "destinations/$real"],
        [POST => 'destinations', json => { stream_id => 'alice',
            platform => 'cloudflare', name => 'N' }],
        [PATCH => "destinations/$real", json => { name => 'N' }],
        [DELETE => "destinations/$real"],
        [POST => "destinations/$real/test"],
        [POST => 'simulcast/alice/start'], [POST => 'simulcast/alice/stop'],
        [GET => 'simulcast/alice/status'], [GET => 'simulcast/alice/health'],
        [GET => 'simulcast/alice/metrics'], [GET => 'simulcast/alice/events'],
        [POST => "simulcast/alice/destinations/$real/start"])
    {
        my $began = now();
        my $r = api(@$row);

        is(said($r), '503 redis_unavailable', "$why: $row->[0] $row->[1]");
        is($r->{headers}{'retry-after'}, 1, 'and when to come again');
        cmp_ok(now() - $began, '<', 2, 'at once');
    }

    is(said(api(GET => 'nowhere')), '404 not_found', "$why: nothing there");
    is(said(api(GET => 'simulcast/bob/status')), '403 forbidden',
        "$why: another streamer");
    is(said(api(POST => 'destinations', json => { x => 1 })),
        '400 invalid_field x', "$why: a wrong field");
    is(said(api(GET => 'destinations', headers =>
        { Authorization => 'Bearer x' })), '401 unauthorized',
        "$why: no token");
}

$redis->stop;
$t->wait_for(sub { api(GET => 'destinations')->{status} == 503 }, 10,
    'Redis stopped');
away('stopped');

$redis->start;
$t->wait_for(sub {
    return 24 == grep { api(GET => 'destinations')->{status} == 200 } 1 .. 24;
}, 15, 'Redis started, and all workers know');

is(api(GET => "destinations/$real")->{status}, 200, 'what was there is there');

# who leaves while Redis is asked leaves what he asked for

my @pids_before = $t->workers;

$redis->pause;

for my $row (['GET', 'destinations'], ['GET', 'simulcast/alice/status'],
    ['POST', 'simulcast/alice/start'], ['POST', "destinations/$real/test"],
    ['PATCH', "destinations/$real", '{"name":"Left"}'])
{
    my ($method, $path, $body) = (@$row, '');

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $t->port('HTTP')) or die "connect: $!";

    print $sock "$method /api/$path HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $token\r\nContent-Type: application/json\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    $sock->flush;
    $t->pause(0.1);
    close $sock;
}

$t->pause(0.2);
$redis->resume;

$t->wait_for(sub {
    my $r = api(GET => "destinations/$real");
    return $r->{status} == 200 && data($r)->{name} eq 'Left';
}, 10, 'the change of one who left');

is_deeply([$t->workers], \@pids_before, 'and the workers are well');

# one that does not answer: what waits for it is told

$redis->pause;

my $began = now();
is(said(api(GET => 'destinations')), '503 redis_unavailable',
    'Redis does not answer');
cmp_ok(now() - $began, '<', 6, 'in time');
$redis->resume;

$t->wait_for(sub {
    return 4 == grep { api(GET => 'destinations')->{status} == 200 } 1 .. 4;
}, 15, 'Redis answers');

$t->done;
