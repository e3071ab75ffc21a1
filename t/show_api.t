#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Every route of sessions: what it answers to who may, to who has no token, a bad
# one, somebody else's or an old one, and to bodies that are not what is asked for.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Show;

my %keys = (alice => 'k-alice-4f81d2c07b', bob => 'k-bob-93ad0c55e1');
my $guest = 'k-guest-0b7740aa31';

my $show = Test::Live::Show->new(keys => \%keys, secrets => [values %keys, $guest],
    app => 'multisource_refuse_rate off;',
    http => 'multisource_viewer_time 3s; multisource_sessions_key %%DIR%%/sessions.key;'
        . ' multisource_sessions_origin https://other.example;');
my $t = $show->{t};

$t->write('sessions.key', '0123456789abcdef' x 4);
$t->write('keys', $t->read('keys') . "$guest alice sources=Guest_Cam\n");
$show->run;

my $r;

sub code { return (($_[0]->json || {})->{error} || {})->{code} // '' }

sub refused {
    my ($r, $status, $code, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is("$r->{status} " . code($r), "$status $code", $name)
        or diag($r->{body});
}

# --- nobody is live -------------------------------------------------------------

for my $id ('alice', 'f' x 32) {
    for ([GET => 'status'], [POST => 'join'], [POST => 'stop'], [GET => 'events'],
         [GET => 'analytics'], [GET => 'usage'], [GET => 'director'])
    {
        my ($method, $route) = @$_;

        refused($show->ask($method, "session/$id/$route", key => 'alice'),
            404, 'session_not_found', "$route: no session yet");
    }
}

for my $path ('', 'session', 'session/', 'session/alice', 'session/alice/', 'session/alice/none',
    'session/alice/status/', 'session/al.ice/status', 'session//status', 'stream/alice/signal/offer',
    'stream/alice:Face_Cam/signal', 'stream/alice:Face_Cam/signal/none', 'session/' . 'a' x 51 . '/status',
    'session/alice/streams', 'session/alice/streams/', 'api/v1/livestream/', 'events')
{
    refused($show->ask('GET', $path), 404, 'not_found', "no route: '$path'");
}

# --- session/start --------------------------------------------------------------

refused($show->ask('POST', 'session/start', json => {}), 401, 'key_required', 'start: without a key');
refused($show->ask('POST', 'session/start', json => {}, key => 'no-such-key'), 401, 'key_invalid',
    'start: with a bad one');
refused($show->ask('POST', 'session/start', json => {}, key => $guest), 401, 'key_invalid',
    q{start: with a guest's});
refused($show->ask('GET', 'session/start', key => 'alice'), 405, 'method_not_allowed', 'start: is a POST');

for ([ '', '' ], [ '[]', '' ], [ '{', '' ], [ '"x"', '' ], [ '{"title":1}', 'title' ],
     [ '{"title":"' . 'x' x 101 . '"}', 'title' ], [ '{"public":"yes"}', 'public' ],
     [ '{"streams":{}}', 'streams' ], [ '{"streams":[1]}', qr/streams/ ],
     [ '{"streams":[{"type":"screen"}]}', qr/streams\[0\]/ ],
     [ '{"streams":[{"name":"a b"}]}', qr/name/ ],
     [ '{"streams":[{"name":"api"}]}', qr/name/ ],
     [ '{"streams":[{"name":"A","type":"film"}]}', qr/type/ ],
     [ '{"streams":[{"name":"A"},{"name":"A"}]}', qr/name/ ],
     [ '{"streams":[' . join(',', map { qq({"name":"S$_"}) } 1 .. 17) . ']}', qr/streams/ ],
     [ '{"colour":"red"}', 'colour' ], [ '{"title":"a","title":"b"}', '' ],
     [ '[' x 100, '' ])
{
    my ($body, $field) = @$_;

    $r = $show->ask('POST', 'session/start', key => 'alice', body => $body,
        headers => { 'Content-Type' => 'application/json' });

    refused($r, 400, 'invalid_request', 'start: ' . substr $body, 0, 40);

    my $told = $r->json->{error}{field} // '';

    ref $field ? like($told, $field, 'names the field') : is($told, $field, 'names the field');
}

refused($show->ask('POST', 'session/start', key => 'alice', body => 'a' x 70000,
    headers => { 'Content-Type' => 'application/json' }), 413, 'too_large', 'start: a long body');
refused($show->ask('POST', 'session/start', key => 'alice', body => 'a=b',
    headers => { 'Content-Type' => 'application/x-www-form-urlencoded' }), 415, 'unsupported_media_type',
    'start: a form');
refused($show->ask('POST', 'session/start', key => 'alice', json => {},
    headers => { Origin => 'https://evil.example' }), 403, 'origin_not_allowed', 'start: a page of another site');
refused($show->ask('POST', 'session/start', key => 'alice', json => {}, headers => { Origin => 'null' }),
    403, 'origin_not_allowed', 'start: a page of no site');

$r = $show->ask('POST', 'session/start', key => 'alice', headers => { Origin => 'https://other.example' },
    json => { title => 'Geräte & <Töne>', streams => [ { label => "\x{1f5a5}\x{fe0f} Main Screen", type => 'screen' },
        { name => 'Face_Cam', type => 'webcam' } ] });

is($r->{status}, 201, 'start: a session, by a page of a site that may');
is($r->header('Access-Control-Allow-Origin'), 'https://other.example', 'who is told so');

my $s = $r->json->{data};
my $id = $s->{id};

like($id, qr/^[0-9a-f]{32}$/, 'start: an id');
is($s->{status}, 'waiting', 'it waits for a source');
is($s->{title}, 'Geräte & <Töne>', 'with its title');
is($s->{streamer}, 'alice', 'of the streamer');
ok($s->{public} && !exists $s->{join_code}, 'is public');
is_deeply([map { "$_->{name} $_->{type} $_->{status}" } @{ $s->{streams} }],
    ['Main_Screen screen waiting', 'Face_Cam camera waiting'], 'with the streams that are expected');
is($s->{streams}[1]{id}, "$id:Face_Cam", 'each has an id');
is($s->{streams}[1]{whip_url}, '/whip/Face_Cam', 'and a WHIP address');
is($s->{streams}[1]{rtmp_url}, 'rtmp://127.0.0.1/live', 'and an RTMP address');
is($s->{streams}[1]{rtmp_stream}, '{key}_Face_Cam', 'in which there is no key');
is($s->{streams}[1]{url}, '/hls/alice/Face_Cam/index.m3u8', 'and a playlist to be');

$r = $show->ask('POST', 'session/start', key => 'alice', json => { title => 'Again' });

is($r->{status}, 200, 'start: once more, the same session');
is($r->json->{data}{id}, $id, 'has the same id');
is($r->json->{data}{title}, 'Again', 'and the new title');
is(scalar @{ $r->json->{data}{streams} }, 2, 'and its streams');

is($t->request('GET', "/api/v1/livestream/session/$id/status")->json->{data}{id}, $id,
    'the paths of other clients');
is($t->request('GET', "/show/api/v1/livestream/session/$id/status")->json->{data}{id}, $id, 'below ours as well');

# --- sources come ---------------------------------------------------------------

my %live = map { $_ => $show->live('alice', $_) } qw(Main_Screen Face_Cam);

$show->wait_live('alice', 2);

$s = $show->status($id);

is($s->{status}, 'live', 'it is live');
like($s->{started_at}, qr/^20\d\d-\d\d-\d\dT[\d:.]+Z$/, 'since a moment');
is_deeply($s->{viewers}, { now => 0, peak => 0 }, 'nobody watches');
is_deeply($s->{on_air}, { mode => 'off', source => undef, at => undef }, 'nothing is on air');
is($s->{price}, undef, 'and it is free');

my $bob = $show->live('bob');
$show->wait_live('bob', 1);

my $other = $show->status('bob');

is(scalar @{ $other->{streams} }, 1, 'a single stream is a session of one');
isnt($other->{id}, $id, 'another one');

# --- join -----------------------------------------------------------------------

refused($show->ask('GET', 'session/alice/join'), 405, 'method_not_allowed', 'join: is a POST');
refused($show->ask('POST', 'session/alice/join', json => { code => 5 }), 400, 'invalid_request', 'join: a bad body');

$r = $show->ask('POST', 'session/alice/join');

is($r->{status}, 200, 'join: without a body');

my $cookie = $r->header('Set-Cookie');

like($cookie, qr{^multisource_alice=v1\.[\w-]+; Path=/; HttpOnly; SameSite=Strict; Max-Age=3}, 'sets the cookie');

my $data = $r->json->{data};

is($data->{session}{id}, $id, 'tells the session');
is(join(' ', sort map { $_->{name} } @{ $data->{sources} }), 'Face_Cam Main_Screen', 'and its sources');
is_deeply([sort @{ $data->{preferences}{enabled_streams} }], ['Face_Cam', 'Main_Screen'], 'all are enabled');
like($data->{viewer_id}, qr/^[0-9a-f]{16}$/, 'and who one is');

my ($token) = $cookie =~ /=([^;]+)/;
my $viewer = { token => $data->{viewer_token}, seq => 0, show => $id };

is($token, $data->{viewer_token}, 'the same token');

$r = $show->ask('POST', 'session/alice/join', headers => { Cookie => "a=b; multisource_alice=$token" });

is($r->json->{data}{viewer_id}, $data->{viewer_id}, 'who comes again is the same viewer');

my $foreign = $show->join('bob');
my $expired = $show->join('alice');
my %bad = (%$viewer, token => substr($viewer->{token}, 0, -2) . 'AA');

isnt($expired->{viewer_id}, $data->{viewer_id}, 'another one is another one');

# --- what takes a viewer --------------------------------------------------------

for ([GET => 'preferences'], [PUT => 'preferences', { layout => 'grid' }],
     [POST => 'beacon', { seq => 1, watched => {} }], [GET => 'usage'])
{
    my ($method, $route, $body) = @$_;
    my @body = $body ? (json => $body) : ();
    my $path = "session/$id/$route";
    my $name = "$method $route";

    refused($show->ask($method, $path, @body), 401, 'viewer_token_required', "$name: nobody");
    refused($show->ask($method, $path, @body, viewer => \%bad), 401, 'viewer_token_invalid', "$name: a bad token");
    refused($show->ask($method, $path, @body, viewer => { token => 'v1.' . 'A' x 86 }), 401,
        'viewer_token_invalid', "$name: a made up token");
    refused($show->ask($method, $path, @body, viewer => $foreign), 403, 'viewer_token_foreign',
        "$name: a token of another session");
}

$t->wait_for(sub {
    return code($show->ask('GET', "session/$id/preferences", viewer => $expired)) eq 'viewer_token_expired';
}, 10, 'a token that expires');

refused($show->ask('PUT', "session/$id/preferences", viewer => $expired, json => { layout => 'grid' }),
    401, 'viewer_token_expired', 'PUT preferences: an old token');
refused($show->beacon($expired), 401, 'viewer_token_expired', 'POST beacon: an old token');

# a token that is sent as a bearer or as a cookie is as good

sub viewer {
    my $v = $show->join('alice');
    return $v;
}

$viewer = viewer();

for my $headers ({ Authorization => "Bearer $viewer->{token}" }, { Cookie => "multisource_alice=$viewer->{token}" },
    { Cookie => "x=1;multisource_alice=$viewer->{token};y=2" }, { 'X-Viewer-Token' => $viewer->{token} })
{
    is($show->ask('GET', "session/$id/preferences", headers => $headers)->{status}, 200,
        'token as ' . join ' ', keys %$headers);
}

my $p = { enabled_streams => ['Face_Cam'], main => 'Face_Cam', layout => 'pip', follow => JSON::PP::true(),
    pip => { source => 'Main_Screen', corner => 'top-left', size => 33 } };

$r = $show->ask('PUT', "session/$id/preferences", viewer => $viewer, json => $p);

is_deeply($r->json->{data}, $p, 'PUT preferences: as they are now');
is_deeply($show->data('GET', "session/$id/preferences", viewer => $viewer), $p, 'GET preferences: kept');

$show->ask('PUT', "session/$id/preferences", viewer => $viewer, json => { layout => 'grid' });
is_deeply($show->data('GET', "session/$id/preferences", viewer => $viewer), { %$p, layout => 'grid' },
    'PUT preferences: what is not there stays');

for ([ { enabled_streams => 'Face_Cam' }, qr/enabled_streams/ ], [ { enabled_streams => ['None'] }, qr/enabled_streams/ ],
     [ { main => 'None' }, qr/main/ ], [ { main => 7 }, qr/main/ ], [ { layout => 'cube' }, qr/layout/ ],
     [ { follow => 'yes' }, qr/follow/ ], [ { pip => { size => 9 } }, qr/size/ ],
     [ { pip => { size => 41 } }, qr/size/ ], [ { pip => { size => 20.5 } }, qr/size/ ],
     [ { pip => { corner => 'middle' } }, qr/corner/ ], [ { pip => 1 }, qr/pip/ ], [ { sound => 1 }, qr/sound/ ])
{
    my ($body, $field) = @$_;

    $r = $show->ask('PUT', "session/$id/preferences", viewer => $viewer, json => $body);
    refused($r, 400, 'invalid_request', 'PUT preferences: ' . join ' ', %$body);
    like($r->json->{error}{field}, $field, 'names the field');
}

is_deeply($show->data('GET', "session/$id/preferences", viewer => $viewer), { %$p, layout => 'grid' },
    'and none of it has changed anything');

for my $body ('', '{}', '{"seq":0}', '{"seq":-1}', '{"seq":1.5}', '{"seq":1,"watched":[]}',
    '{"seq":1,"watched":{"Face_Cam":-1}}', '{"seq":1,"watched":{"Face_Cam":1e99}}',
    '{"seq":1,"watching":"Face_Cam"}', '{"seq":1,"switches":[["Face_Cam"]]}', '{"seq":1,"join_ms":"x"}',
    '{"seq":1,"switches":[' . join(',', ('["Face_Cam","Main_Screen"]') x 33) . ']}')
{
    refused($show->ask('POST', "session/$id/beacon", viewer => $viewer, body => $body,
        headers => { 'Content-Type' => 'text/plain' }), 400, 'invalid_request', 'beacon: ' . substr $body, 0, 40);
}

# --- what takes the key ---------------------------------------------------------

for ([GET => 'analytics'], [PUT => 'director', { mode => 'manual' }], [PUT => 'streams/Face_Cam', { enabled => JSON::PP::true() }],
     [POST => 'stop'])
{
    my ($method, $route, $body) = @$_;
    my @body = $body ? (json => $body) : ();
    my $path = "session/$id/$route";

    refused($show->ask($method, $path, @body), 401, 'key_required', "$method $route: nobody");
    refused($show->ask($method, $path, @body, viewer => $viewer), 401, 'key_required', "$method $route: a viewer");
    refused($show->ask($method, $path, @body, key => 'nobody-s'), 401, 'key_invalid', "$method $route: a bad key");
    refused($show->ask($method, $path, @body, key => $guest), 401, 'key_invalid', "$method $route: a guest");
    refused($show->ask($method, $path, @body, key => 'bob'), 403, 'key_foreign', "$method $route: another streamer");
    refused($show->ask('DELETE', $path, key => 'alice'), 405, 'method_not_allowed', "DELETE $route");

    next if $method eq 'GET';

    refused($show->ask($method, $path, @body, key => 'alice', headers => { Origin => 'http://127.0.0.1:1' }), 403,
        'origin_not_allowed', "$method $route: another origin");
}

for ([ 'director', {}, qr/mode/ ], [ 'director', { mode => 'loud' }, qr/mode/ ], [ 'director', { mode => 'manual', source => 'None' }, qr/source/ ],
     [ 'director', { mode => 'manual', source => [] }, qr/source/ ], [ 'streams/Face_Cam', {}, qr/enabled/ ],
     [ 'streams/Face_Cam', { enabled => 1 }, qr/enabled/ ])
{
    my ($route, $body, $field) = @$_;

    $r = $show->ask('PUT', "session/$id/$route", key => 'alice', json => $body);
    refused($r, 400, 'invalid_request', "PUT $route: " . join ' ', %$body);
    like($r->json->{error}{field}, $field, 'names the field');
}

refused($show->ask('PUT', "session/$id/streams/None", key => 'alice', json => { enabled => JSON::PP::false() }), 404,
    'stream_not_found', 'PUT streams: none of that name');

# --- a stream that viewers do not get -------------------------------------------

$r = $show->ask('PUT', "session/$id/streams/Face_Cam", key => 'alice', json => { enabled => JSON::PP::false() });

is($r->{status}, 200, 'streams: hidden');
ok(!$r->json->{data}{enabled}, 'is not enabled');
is(join(' ', map { $_->{id} } @{ $t->get('/sources/alice')->json }), 'Main_Screen', 'is in no list');
is(scalar @{ $show->join('alice')->{sources} }, 1, 'nor does who joins get it');
refused($t->get('/hls/alice/Face_Cam/index.m3u8'), 403, 'stream_disabled', 'nor who asks for its media');

$show->ask('PUT', "session/$id/streams/Face_Cam", key => 'alice', json => { enabled => JSON::PP::true() });
is(scalar @{ $t->get('/sources/alice')->json }, 2, 'streams: shown again');

# --- stop -----------------------------------------------------------------------

$r = $show->ask('POST', "session/$id/stop", key => 'alice');

is($r->{status}, 200, 'stop');
is_deeply($r->json, { success => JSON::PP::true(), message => 'Session stopped' }, 'says so');

$t->wait_for(sub { $t->get('/sources/alice')->{body} eq '[]' }, 'its publishers are gone');
is($show->status($id)->{status}, 'ended', 'it has ended');
is($show->status('alice')->{id}, $id, 'and is the last one of its streamer');

my $late = { %$viewer };

refused($show->ask('POST', "session/$id/join"), 410, 'session_ended', 'join: too late');
refused($show->ask('POST', "session/$id/stop", key => 'alice'), 410, 'session_ended', 'stop: once more');
refused($show->ask('PUT', "session/$id/director", key => 'alice', json => { mode => 'off' }), 410, 'session_ended',
    'director: too late');
is($show->status('bob')->{status}, 'live', 'the other one goes on');

$r = $show->ask('POST', 'session/start', key => 'alice', json => {});

is($r->{status}, 201, 'start: the next one');
isnt($r->json->{data}{id}, $id, 'is another one');

$_->drop for values %live, $bob;

$t->done;
