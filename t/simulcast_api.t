#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The API of ngx_simulcast: who may ask, routes and methods, and destinations
# from their creation to their end, field by field, from any of two workers.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Redis;

my %token = (
    alice => 'aT1-token-of-alice-0001',
    bob   => 'bT2-token-of-bob-000002',
    all   => 'xT3-token-of-everybody-3',
);

my $key = 'sK4-stream-key-of-alice?a=1&b=2';
my $other = 'sK5-another-stream-key';
my $pass = 'eK6-encryption-key-of-this-test';

my $t = Test::Live->new(workers => 2, modules => ['simulcast'],
    secrets => [values %token, $key, $other, $pass]);

my $redis = Test::Live::Redis->new($t);

$t->write('key', "one:$pass\n");
$t->write('tokens',
    "$token{alice} alice\n$token{bob} bob # hers\n$token{all} *\n");

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

    client_max_body_size 4m;

    server {
        listen 127.0.0.1:%%HTTP%% reuseport;

        simulcast_api_tokens %%DIR%%/tokens;

        location /api/ {
            simulcast_api;
        }

        location /slashless {
            simulcast_api;
        }
    }
}
EOC

$t->run;
$redis->monitor;

sub api {
    my ($method, $path, %o) = @_;

    my $who = exists $o{as} ? delete $o{as} : 'alice';
    my %headers = %{ delete $o{headers} || {} };

    $headers{Authorization} = "Bearer $token{$who}" if $who;

    return $t->request($method, "/api/$path", headers => \%headers, %o);
}


# status, code and field of an error, or the status

sub said {
    my ($r) = @_;

    my $json = $r->json;

    return $r->{status} if ref $json ne 'HASH' || $json->{success};

    my $e = $json->{error};

    return join ' ', $r->{status}, $e->{code}, $e->{field} // ();
}


sub data { return $_[0]->json->{data} }

$t->wait_for(sub { api(GET => 'destinations')->{status} == 200 }, 10, 'Redis');

# who may ask

my $id = '0b1e7d5c-93af-4b62-8d0e-5f6a7c8b9d01';

for my $header (undef, '', 'Bearer', 'Bearer ', 'Bearer  ', 'Basic YTpi',
    "Bearer $token{alice}x", "Bearer \U$token{alice}", "Bearer x",
    "Token $token{alice}", $token{alice}, 'Bearer ' . 'x' x 4000,
    "Bearer $token{alice} $token{bob}", "Bearer \"$token{alice}\"")
{
    my %headers = defined $header ? (Authorization => $header) : ();
    my $name = defined $header ? substr($header, 0, 8) : 'none';

    for my $path ('destinations', "destinations/$id", 'nowhere') {
        my $r = api(GET => $path, as => undef, headers => \%headers);

        is(said($r), '401 unauthorized', "GET $path with '$name'");
        like($r->{headers}{'www-authenticate'}, qr/^Bearer realm=/,
            'how to ask');
        is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps it');
    }
}

is(said(api(POST => 'destinations', as => undef, json => {})),
    '401 unauthorized', 'nor is a body read before');
is(said(api(POST => 'destinations', as => undef, headers =>
    { 'Content-Type' => 'application/x-www-form-urlencoded' },
    body => "access_token=$token{alice}")), '401 unauthorized',
    'a body is no place for a token');

for my $scheme ('bearer', 'BEARER', 'Bearer  ') {
    my $r = api(GET => 'destinations', as => undef,
        headers => { Authorization => "$scheme $token{alice}" });
    is($r->{status}, 200, "the scheme '$scheme'");
}

# what there is

my @routes = (
    ['destinations', 'GET, HEAD, POST'],
    ["destinations/$id", 'GET, HEAD, PATCH, DELETE'],
    ["destinations/$id/test", 'POST'],
    ["destinations/$id/refresh-token", 'POST'],
    ["destinations/$id/thumbnail", 'PUT'],
    ['destinations/platforms/youtube/auth-url', 'GET, HEAD'],
    ['destinations/platforms/twitch/exchange-token', 'POST'],
    ['destinations/platforms/facebook/pages', 'GET, HEAD'],
    ['simulcast/alice/start', 'POST'],
    ['simulcast/alice/stop', 'POST'],
    ['simulcast/alice/status', 'GET, HEAD'],
    ['simulcast/alice/health', 'GET, HEAD'],
    ['simulcast/alice/metrics', 'GET, HEAD'],
    ['simulcast/alice/events', 'GET, HEAD'],
    ["simulcast/alice/destinations/$id", 'DELETE'],
    ["simulcast/alice/destinations/$id/start", 'POST'],
    ["simulcast/alice:cam/destinations/$id/stop", 'POST'],
);

for my $route (@routes) {
    my ($path, $allow) = @$route;

    for my $method (qw(GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND BREW)) {
        next if $allow =~ /\b$method\b/;

        my $r = api($method => $path, body => $method eq 'PUT' ? 'x' x 70_000
            : undef);

        is($r->{status}, 405, "$method $path");
        is($r->{headers}{allow}, $allow, 'and what would be');
        is(said($r), '405 method_not_allowed', 'as JSON')
            if $method ne 'HEAD';
    }
}

for my $path ('', '/', 'destinations/', "destinations/$id/", 'Destinations',
    'destinations/x', "destinations/\U$id", "destinations/$id/nope",
    'destinations/%2e%2e/x', 'destinations/platforms',
    'destinations/platforms/myspace/auth-url', 'simulcast', 'simulcast/alice',
    'simulcast/al.ice/status', 'simulcast/alice:/status',
    'simulcast/alice%252f/status', 'simulcast/' . 'a' x 51 . '/status',
    'simulcast/al%00ice/status', 'simulcast/alice/status/x', '%ff')
{
    my $r = api(GET => $path);

    # nginx itself refuses a NUL
    next if $r->{status} == 400 && $path =~ /%00/;

    is(said($r), '404 not_found', "nothing at '$path'");
}

is(api(GET => 'simulcast/alice%3Acam/status')->{status}, 200,
    'an escaped colon is one');
is($t->get('/slashless/destinations',
    headers => { Authorization => "Bearer $token{alice}" })->{status}, 200,
    'a location without a slash at its end');

for my $route (@routes) {
    my ($path, $allow) = @$route;

    next unless $path =~ s/^simulcast\/alice/simulcast\/bob/;

    my ($method) = split /, /, $allow;

    is(said(api($method => $path)), '403 forbidden', "$method $path");
}

# nothing there yet

is_deeply(data(api(GET => 'destinations')), [], 'no destinations');

for my $route (@routes) {
    my ($path, $allow) = @$route;

    next unless $path =~ /$id/;

    for my $method (grep { $_ ne 'HEAD' } split /, /, $allow) {
        my %body = $method eq 'PATCH' ? (json => {})
            : $method eq 'PUT' ? (body => "\xff\xd8\xff\xe0",
                headers => { 'Content-Type' => 'image/jpeg' }) : ();

        is(said(api($method => $path, %body)), '404 not_found',
            "$method of an unknown one: $path");
    }
}

# bodies

my %good = (stream_id => 'alice', platform => 'rtmp_custom', name => 'Mine',
    rtmp_url => 'rtmp://example.org/live', stream_key => $key);

sub post {
    my ($body, %headers) = @_;

    return said(api(POST => 'destinations', body => $body, headers =>
        { 'Content-Type' => 'application/json', %headers }));
}

is(post('{}', 'Content-Type' => $_), '415 unsupported_media_type', "type '$_'")
    for '', 'text/plain', 'application/x-www-form-urlencoded',
        'application/jsonx', 'application/json5', 'text/json',
        'multipart/form-data; boundary=x';

is(post('{}', 'Content-Type' => $_), '400 invalid_field stream_id',
    "type '$_'")
    for 'application/json', 'Application/JSON', 'application/json;charset=x',
        'application/json ; charset=utf-8';

is(post($_), '400 invalid_json', "not a body: $_")
    for '', ' ', '{', '[]', 'null', '{}{}', '{"a":1,"a":2}',
        '{"a":' x 20 . '1' . '}' x 20, '[' x 30_000, '{"a":"' . "\xff" . '"}',
        '{"a":"\u0000"}';

is(post('{"name":"a\u001bb"}'), '400 invalid_field name',
    'a control character');
is(post('{"x":"' . 'x' x 65_528 . '"}'), '400 invalid_field x',
    'the longest body');
is(post('{"x":"' . 'x' x 65_529 . '"}'), '413 body_too_large',
    'one byte too many');

# chunked: its length is not known before

sub chunked {
    my ($body) = @_;

    return said($t->request('POST', '/api/destinations', raw => join "\r\n",
        'POST /api/destinations HTTP/1.1', 'Host: x', 'Connection: close',
        "Authorization: Bearer $token{alice}",
        'Content-Type: application/json', 'Transfer-Encoding: chunked', '',
        sprintf('%x', length $body), $body, '0', '', ''));
}

is(chunked('{}'), '400 invalid_field stream_id', 'a chunked body');
is(chunked('{"x":"' . 'x' x 65_529 . '"}'), '413 body_too_large',
    'one that is too large');

my @wrong = (
    [{ x => 1 }, 'x'],
    [{ id => $id }, 'id'],
    [{ stream_id => undef }, 'stream_id'],
    [{ stream_id => 'al/ice' }, 'stream_id'],
    [{ platform => 'myspace' }, 'platform'],
    [{ platform => undef }, 'platform'],
    [{ name => '' }, 'name'],
    [{ name => 'x' x 101 }, 'name'],
    [{ name => undef }, 'name'],
    [{ is_enabled => 'yes' }, 'is_enabled'],
    [{ settings => [] }, 'settings'],
    [{ rtmp_url => 'http://example.org/live' }, 'rtmp_url'],
    [{ rtmp_url => 'rtmp://u:p@example.org/live' }, 'rtmp_url'],
    [{ rtmp_url => undef }, 'rtmp_url'],
    [{ stream_key => 'a b' }, 'stream_key'],
    [{ stream_key => undef }, 'stream_key'],
    [{ settings => { bitrate => 499 } }, 'settings.bitrate'],
    [{ settings => { bitrate => '4500' } }, 'settings.bitrate'],
    [{ settings => { resolution => '1921x1080' } }, 'settings.resolution'],
    [{ settings => { framerate => 61 } }, 'settings.framerate'],
    [{ settings => { preset => 'placebo' } }, 'settings.preset'],
    [{ settings => { auto_start => 1 } }, 'settings.auto_start'],
    [{ settings => { max_retries => 101 } }, 'settings.max_retries'],
    [{ settings => { privacy => 'public' } }, 'settings.privacy'],
    [{ settings => { nope => 1 } }, 'settings.nope'],
);

for my $row (@wrong) {
    my ($change, $field) = @$row;
    my $r = api(POST => 'destinations', json => { %good, %$change });

    is(said($r), "400 invalid_field $field", "POST with a wrong $field");
    ok(length $r->json->{error}{message} > 10, 'and what would be right');
}

is(said(api(POST => 'destinations', json => { %good, stream_id => 'bob' })),
    '403 forbidden', "another streamer's");
is_deeply($redis->cmd(qw(SMEMBERS simulcast:destinations)), [],
    'nothing was written');

# one of them

my $r = api(POST => 'destinations', json => { %good,
    settings => { bitrate => 4500, title => "Caf\x{e9}" } });

is($r->{status}, 201, 'created');
is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps it');

my $made = data($r);

like($id = $made->{id}, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'id');
like($made->{created_at}, qr/^20\d\d-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/,
    'created_at');
is($made->{updated_at}, $made->{created_at}, 'updated_at');

is_deeply({ %$made, id => 0, created_at => 0, updated_at => 0 }, {
    id => 0, stream_id => 'alice', platform => 'rtmp_custom', name => 'Mine',
    status => 'stopped', is_enabled => JSON::PP::true, viewer_count => undef,
    playback_url => undef, token_expires_at => undef,
    settings => { bitrate => 4500, title => "Caf\x{e9}",
        auto_start => JSON::PP::false, auto_reconnect => JSON::PP::true,
        max_retries => 3 },
    rtmp_url => 'rtmp://example.org/live', has_stream_key => JSON::PP::true,
    health => undef, issues => [], error => undef, account => undef,
    details => undef, platform_health => undef, created_at => 0, updated_at => 0,
}, 'as it is shown');

is_deeply(data(api(GET => "destinations/$id")), $made, "from any worker: $_")
    for 1 .. 4;
is_deeply(data(api(GET => "destinations/$id", as => 'all')), $made,
    'to the token for all');
is_deeply(data(api(GET => 'destinations')), [$made], 'in the list');
is_deeply(data(api(GET => 'destinations', as => 'all')), [$made],
    'in the list of all');
is_deeply(data(api(GET => 'destinations', as => 'bob')), [],
    'and in nobody elses');

my $head = api(HEAD => "destinations/$id");

is($head->{status}, 200, 'HEAD');
is($head->{body}, '', 'without a body');

for my $row (['GET'], ['PATCH', json => { name => 'Hers' }], ['DELETE']) {
    my ($method, @body) = @$row;

    is(said(api($method => "destinations/$id", as => 'bob', @body)),
        '403 forbidden', "$method by another streamer");
}

is(said(api(POST => "destinations/$id/test", as => 'bob')), '403 forbidden',
    'the test by another streamer');
is(said(api(POST => "simulcast/bob/destinations/$id/start", as => 'bob')),
    '403 forbidden', 'the start by another streamer');
is(said(api(POST => "simulcast/bob/destinations/$id/start", as => 'all')),
    '404 not_found', 'the start as that of another streamer');
is(said(api(POST => "simulcast/alice:cam/destinations/$id/start")),
    '404 not_found', 'the start as that of another source');

# what is in Redis

is_deeply($redis->cmd('SMEMBERS', 'simulcast:destinations:alice'), [$id],
    'where it is kept');
unlike($redis->cmd('HGET', "simulcast:destination:$id", 'record'),
    qr/stream_key/, 'not with its key');
like($redis->cmd('HGET', "simulcast:destination:$id", 'secret'),
    qr/^1\.one\.[\w-]+$/, 'which is sealed');

# a key at the end of the URL is no part of it

$r = api(POST => 'destinations', json => { %good, name => 'Pasted',
    stream_id => 'alice:cam', is_enabled => JSON::PP::false,
    rtmp_url => "rtmps://example.org/app/$other", stream_key => undef });

is($r->{status}, 201, 'a pasted URL');

my $pasted = data($r);

is($pasted->{rtmp_url}, 'rtmps://example.org/app', 'is shown without its key');
ok($pasted->{has_stream_key}, 'which it has');

# platforms by token are made by exchange-token, but a key will do

my %by;

for my $platform (qw(youtube twitch facebook cloudflare)) {
    $r = api(POST => 'destinations', json => { stream_id => 'alice',
        platform => $platform, name => $platform, stream_key => $other });

    is($r->{status}, 201, "$platform with a key");
    $by{$platform} = data($r);

    ok($by{$platform}{has_stream_key}, 'which it has');
    is($by{$platform}{rtmp_url}, undef, 'but no URL');

    is(said(api(POST => 'destinations', json => { stream_id => 'alice',
        platform => $platform, name => 'x', rtmp_url => 'rtmp://a.org/b' })),
        '400 invalid_field rtmp_url', "$platform with a URL");
}

$r = api(POST => 'destinations', json => { stream_id => 'bob',
    platform => 'cloudflare', name => 'CF' }, as => 'bob');

is($r->{status}, 201, 'cloudflare without a key');
ok(!data($r)->{has_stream_key}, 'has none');

# lists

sub names {
    my ($query, %o) = @_;

    my $r = api(GET => "destinations$query", %o);

    return said($r) unless $r->{status} == 200;
    return join ' ', map { $_->{name} } @{ data($r) };
}

is(names(''), 'Mine Pasted youtube twitch facebook cloudflare',
    'the list, by creation');
is(names('', as => 'all'), 'Mine Pasted youtube twitch facebook cloudflare CF',
    'that of all');
is(names('?stream_id=alice'), 'Mine youtube twitch facebook cloudflare',
    'of a stream id');
is(names('?stream_id=alice%3Acam'), 'Pasted', 'of a source');
is(names('?stream_id=bob', as => 'all'), 'CF', 'of a streamer');
is(names('?stream_id=nobody', as => 'all'), '', 'of an unknown one');
is(names('?stream_id=bob'), '403 forbidden', 'of another one');
is(names('?platform=twitch'), 'twitch', 'of a platform');
is(names('?platform=rtmp_custom&is_enabled=true'), 'Mine', 'and enabled');
is(names('?is_enabled=false'), 'Pasted', 'not enabled');
is(names('?stream_id=alice&is_enabled=false'), '', 'none of all this');
is(names('?unknown=1&x'), 'Mine Pasted youtube twitch facebook cloudflare',
    'other arguments do not matter');

is(names("?$_->[0]"), "400 invalid_field $_->[1]", "the query $_->[0]")
    for ['stream_id=', 'stream_id'], ['stream_id=a/b', 'stream_id'],
        ['stream_id=%zz', 'stream_id'], ['stream_id=a%00b', 'stream_id'],
        ['stream_id=' . 'a' x 4000, 'stream_id'],
        ['platform=myspace', 'platform'], ['platform=', 'platform'],
        ['is_enabled=1', 'is_enabled'], ['is_enabled', 'is_enabled'];

# changes

sub patch {
    my ($id, $change) = @_;
    return api(PATCH => "destinations/$id", json => $change);
}

for my $row (@wrong) {
    my ($change, $field) = @$row;

    # null takes a setting back, and other fields keep what they are
    next if grep { !defined } values %$change;
    next if $field eq 'rtmp_url';

    is(said(patch($id, $change)), "400 invalid_field $field",
        "PATCH with a wrong $field");
}

is_deeply(data(api(GET => "destinations/$id")), $made, 'changed nothing');

is(said(patch($id, $_->[0])), "400 invalid_field $_->[1]", $_->[2]) for
    [{ rtmp_url => 'rtmp://example.net/live' }, 'stream_key',
        'a new URL without its key'],
    [{ rtmp_url => "rtmp://example.net/live/$other" }, 'stream_key',
        'a new URL with a key at its end'],
    [{ rtmp_url => 'http://x/', stream_key => $other }, 'rtmp_url',
        'a wrong URL'],
    [{ stream_id => 'bob' }, 'stream_id', 'another streamer'],
    [{ platform => 'youtube' }, 'platform', 'another platform'],
    [{ status => 'live' }, 'status', 'what is not to be written'],
    [{ wanted => 'start' }, 'wanted', 'what is not shown'];

my $sealed = $redis->cmd('HGET', "simulcast:destination:$id", 'secret');

$r = patch($id, { name => 'Renamed', is_enabled => JSON::PP::false,
    stream_id => 'alice:cam',
    settings => { bitrate => undef, framerate => 30 } });

is($r->{status}, 200, 'a change');

my $now = data($r);

is($now->{name}, 'Renamed', 'of the name');
ok(!$now->{is_enabled}, 'of is_enabled');
is($now->{stream_id}, 'alice:cam', 'of the source');
is_deeply($now->{settings}, { framerate => 30, title => "Caf\x{e9}",
    auto_start => JSON::PP::false, auto_reconnect => JSON::PP::true,
    max_retries => 3 }, 'of settings, one by one');
is($now->{created_at}, $made->{created_at}, 'created_at stays');
cmp_ok($now->{updated_at}, 'gt', $made->{updated_at}, 'updated_at does not');
is_deeply(data(api(GET => "destinations/$id")), $now, 'it is stored');

is(patch($id, { rtmp_url => 'rtmp://example.org/live' })->{status}, 200,
    'the URL as it is');
is(data(patch($id, { rtmp_url => 'rtmp://example.net/live',
    stream_key => $other }))->{rtmp_url}, 'rtmp://example.net/live',
    'a new URL with its key');
isnt($redis->cmd('HGET', "simulcast:destination:$id", 'secret'), $sealed,
    'which is sealed anew');
is(patch($id, {})->{status}, 200, 'no change at all');

ok(!data(patch($by{twitch}{id}, { stream_key => undef }))->{has_stream_key},
    'the key of a platform is taken away');
is($redis->cmd('HGET', "simulcast:destination:$by{twitch}{id}", 'secret'), '',
    'also from Redis');
is(said(patch($id, { stream_key => undef })), '400 invalid_field stream_key',
    'but not that of rtmp_custom');

# a secret that does not open

$redis->cmd('HSET', "simulcast:destination:$by{youtube}{id}", 'secret',
    $redis->cmd('HGET', "simulcast:destination:$id", 'secret'));

$r = data(api(GET => "destinations/$by{youtube}{id}"));
is($r->{error}{code}, 'secret_unreadable', 'a secret of another destination');
is(said(patch($by{youtube}{id}, { stream_key => $other })),
    '409 secret_unreadable', 'is not written over');
is(patch($by{youtube}{id}, { name => 'YT' })->{status}, 200,
    'while the rest may change');
is($redis->cmd('HGET', "simulcast:destination:$by{youtube}{id}", 'secret'),
    $redis->cmd('HGET', "simulcast:destination:$id", 'secret'),
    'and leaves it');

# what cannot be read is left out of lists

$redis->cmd('HSET', "simulcast:destination:$by{facebook}{id}", 'record', '{');
is(names('?stream_id=alice'), 'YT twitch cloudflare', 'a broken record');
$redis->cmd('HSET', "simulcast:destination:$id", 'record',
    $redis->cmd('HGET', "simulcast:destination:$id", 'record'));

# thumbnails

my $yt = $by{youtube}{id};
my $jpeg = "\xff\xd8\xff\xe0" . 'j' x 1000;
my $png = "\x89PNG\r\n\x1a\n" . 'p' x 1000;

sub image {
    my ($id, $type, $body) = @_;

    return said(api(PUT => "destinations/$id/thumbnail", body => $body,
        headers => { 'Content-Type' => $type }));
}

is(image($yt, 'image/jpeg', $jpeg), 200, 'a JPEG');
is($redis->cmd('GET', "simulcast:thumbnail:$yt"), $jpeg, 'is kept');
is($redis->cmd('GET', "simulcast:thumbnail:$yt:type"), 'image/jpeg',
    'with its type');
is(image($yt, 'image/png', $png), 200, 'a PNG');
is($redis->cmd('GET', "simulcast:thumbnail:$yt"), $png, 'in its place');
is(image($yt, 'image/jpeg', $png), 200, 'a PNG that is called JPEG');
is($redis->cmd('GET', "simulcast:thumbnail:$yt:type"), 'image/png',
    'is what it is');
is(image($yt, 'image/png', $png . 'x' x (2097152 - length $png)), 200,
    'the largest');
is(length $redis->cmd('GET', "simulcast:thumbnail:$yt"), 2097152, 'is whole');
is(image($yt, 'image/png', $png . 'x' x (2097153 - length $png)),
    '413 body_too_large', 'one byte too many');
is(image($yt, 'image/gif', 'GIF89a'), '415 unsupported_media_type', 'a GIF');
is(image($yt, 'image/jpeg', 'GIF89a' x 10), '400 invalid_image',
    'a GIF that is called JPEG');
is(image($yt, 'image/jpeg', ''), '400 invalid_image', 'nothing');
is(image($yt, 'image/jpeg', '<svg onload="x">'), '400 invalid_image',
    'something else');
is(image($id, 'image/jpeg', $jpeg), '409 not_supported', 'where there is none');

# accounts: what is refused before a platform is asked

is(said(api(GET => "destinations/platforms/$_/auth-url")),
    '400 invalid_field platform', "auth-url of $_")
    for qw(cloudflare rtmp_custom);
is(said(api(POST => 'destinations/platforms/rtmp_custom/exchange-token',
    json => {})), '400 invalid_field platform',
    'exchange-token of rtmp_custom');

my %code = (code => 'c', stream_id => 'alice', name => 'N');

for my $field (qw(code stream_id name)) {
    is(said(api(POST => 'destinations/platforms/youtube/exchange-token',
        json => { %code, $field => undef })), "400 invalid_field $field",
        "exchange-token without $field");
}

is(said(api(POST => 'destinations/platforms/youtube/exchange-token',
    json => { %code, stream_id => 'bob' })), '403 forbidden',
    'exchange-token for another streamer');
is(said(api(POST => "destinations/$id/refresh-token")), '409 not_supported',
    'refresh-token where there is none');
is(said(api(GET => 'destinations/platforms/facebook/pages')),
    '400 invalid_field destination', 'pages of nothing');
is(said(api(GET => "destinations/platforms/facebook/pages?destination=$id")),
    '400 invalid_field destination', 'pages of another platform');
is(said(api(GET => "destinations/platforms/youtube/pages?destination=$id")),
    '400 invalid_field platform', 'pages where there are none');
is(said(api(GET => 'destinations/platforms/facebook/pages?destination='
    . '00000000-0000-0000-0000-000000000000')), '404 not_found',
    'pages of an unknown destination');

# the end

my $commands = $redis->subscribe('simulcast:commands');

$r = api(DELETE => "destinations/$yt");

is($r->{status}, 200, 'DELETE');
is(data($r)->{id}, $yt, 'shows what it was');
is(data($r)->{status}, 'stopped', 'and is no more');
is(said(api(GET => "destinations/$yt")), '404 not_found', 'it is gone');
is(said(api(DELETE => "destinations/$yt")), '404 not_found', 'only once');
is($redis->cmd('EXISTS', "simulcast:destination:$yt",
    "simulcast:thumbnail:$yt", "simulcast:thumbnail:$yt:type"), 0,
    'with all it had');
like($commands->message(5) // '', qr/"id":"$yt"/, 'the workers are told');

# a key that is asked for nowhere is shown nowhere

unlike($redis->monitor . $t->log, qr/\Q$key\E|\Q$other\E/, 'no key in logs');

$t->done;
