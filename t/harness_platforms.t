#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The platforms of Test::Live::Platforms are as strict as the real ones: what is
# done right is no violation, what is done wrong is refused in their words and
# is one, and what no client can help is refused without blame.

use strict;
use warnings;

use lib 't/lib';

use Digest::SHA qw(sha256);
use MIME::Base64 qw(encode_base64url);
use POSIX qw(strftime);
use Test::More;

use Test::Live;
use Test::Live::Certificate;
use Test::Live::HTTP;
use Test::Live::IO qw(now);
use Test::Live::Platforms;

need(!Test::Live::Platforms::missing(), Test::Live::Platforms::missing());

my $t = Test::Live->new(modules => []);
my $p = Test::Live::Platforms->new($t, ingest => {
    '*'      => { rtmp => 'rtmp://localhost:1935/live',
                  rtmps => 'rtmps://localhost:1936/live' },
    youtube  => { backup_rtmps => 'rtmps://localhost:1937/live?backup=1' },
    facebook => { rtmps => 'rtmps://localhost:1936/rtmp' },
});

my %bearer;

*form = \&Test::Live::Platforms::form;

# done right: the status, and nobody complains

sub right {
    my ($name, $r, $status) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @violations = map { $_->{reason} } $p->violations(clear => 1);

    ok($r->{status} == ($status || 200) && !@violations, $name)
        or diag("$r->{status} $r->{error} $r->{body}\n@violations");

    return $r->json;
}


# done wrong: the status, what the body says, and what the violation is

sub wrong {
    my ($name, $r, $status, $body, $reason) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @violations = map { $_->{reason} } $p->violations(clear => 1);

    ok($r->{status} == $status && $r->{body} =~ /(?:$body)/ && @violations == 1
        && $violations[0] =~ /(?:$reason)/, "$name: $status, $violations[0]")
        or diag("$r->{status} $r->{error} $r->{body}\n@violations");

    return;
}


# refused, and nobody's fault

sub declined {
    my ($name, $r, $status, $body) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @violations = map { $_->{reason} } $p->violations(clear => 1);

    ok($r->{status} == $status && $r->{body} =~ /(?:$body)/ && !@violations,
        $name)
        or diag("$r->{status} $r->{error} $r->{body}\n@violations");

    return;
}


# taken, although it is not what the client can have meant

sub noted {
    my ($name, $r, $status, $reason) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @violations = map { $_->{reason} } $p->violations(clear => 1);

    ok($r->{status} == $status && "@violations" =~ /(?:$reason)/, $name)
        or diag("$r->{status} $r->{error} $r->{body}\n@violations");

    return;
}


# a request of a platform, with its token

sub call {
    my ($platform, $method, $path, %o) = @_;

    my %h = (%{ $bearer{$platform} }, %{ $o{headers} || {} });
    delete $h{$_} for grep { !defined $h{$_} } keys %h;

    return $p->request($method, $path, %o, headers => \%h);
}

sub youtube { return call('youtube', $_[0], "/youtube/v3/$_[1]",
    @_[2 .. $#_]) }
sub twitch { return call('twitch', $_[0], "/helix/$_[1]", @_[2 .. $#_]) }
sub facebook { return call('facebook', $_[0], "/v26.0/$_[1]",
    @_[2 .. $#_]) }


# a copy with some values replaced, or left out

sub but {
    my ($of, %other) = @_;

    my %copy = (%$of, %other);
    delete $copy{$_} for grep { !defined $copy{$_} } keys %copy;

    return \%copy;
}


# --- the connection ---------------------------------------------------------

is($p->request(GET => '/ingests', http => $_)->{status}, 200, "HTTP/$_")
    for qw(1.1 2);

my $tls = Test::Live::Certificate->new($t);

for (['a good certificate', 'OK$'],
     ['one of another name', 'hostname mismatch', names => ['other.example']],
     ['one that has expired', 'expired', expired => 1],
     ['one of another authority', 'unable to get', other_ca => 1])
{
    my ($name, $says, @how) = @$_;

    my $p = $t->spawn('verify', qw(openssl verify -verify_hostname localhost),
        -CAfile => $tls->ca, $tls->server(@how)->{cert});
    my $at = length $p->stdout . $p->stderr;

    $p->wait(10);
    like($p->stdout . $p->stderr, qr/$says/m, $name);
    truncate $t->dir . "/verify.$_", 0 for qw(out err);
}

wrong('a path that is not there', $p->request(GET => '/youtube/v3/nothing'),
    404, 'Error 404', '^path$');
wrong('a method that is not there', $p->request(DELETE => '/token'), 405, '',
    '^method$');


# --- Google -----------------------------------------------------------------

my $google = $p->client('youtube');
my $scope = 'https://www.googleapis.com/auth/youtube';
my $verifier = 'v' x 20 . join '', map { chr 65 + $_ } 0 .. 25;
my $challenge = encode_base64url(sha256($verifier));

my $auth = { client_id => $google->{client_id}, scope => $scope,
    redirect_uri => $google->{redirect_uri}, response_type => 'code',
    state => 'a b&c', access_type => 'offline', prompt => 'consent',
    code_challenge => $challenge, code_challenge_method => 'S256' };

sub google_auth {
    my (%other) = @_;
    return $p->base . '/o/oauth2/v2/auth?' . form(%{ but($auth, %other) });
}

sub google_code { return ($p->consent(google_auth(@_)))[0] }

my ($code, $state, $error) = $p->consent(google_auth());

is($state, 'a b&c', 'a consent returns the state');
like($code, qr{^4/}, 'and a code');

for (['client_id', 'invalid_client', 'x'],
     ['redirect_uri', 'redirect_uri_mismatch', "$google->{redirect_uri}/"],
     ['response_type', 'invalid_request', 'token'],
     ['scope', 'invalid_scope', 'https://www.googleapis.com/auth/you'],
     ['scope', 'invalid_request', undef],
     ['access_type', 'invalid_request', 'always'],
     ['prompt', 'invalid_request', 'agree'],
     ['code_challenge_method', 'invalid_request', 'S512'],
     ['code_challenge', 'invalid_request', 'short'])
{
    my ($name, $says, $value) = @$_;

    wrong("consent, $name", $p->request(GET => google_auth($name => $value)),
        400, $says, "^$name\$");
}

noted('consent without a state', $p->request(GET => google_auth(
    state => undef)), 302, 'no state');
noted('PKCE without S256', $p->request(GET => google_auth(
    code_challenge_method => 'plain')), 302, 'S256');

$p->set(youtube => { deny => 1 });
is(join(' ', map { $_ // 'none' } $p->consent(google_auth())),
    'none a b&c access_denied', 'a user who does not agree');
$p->set(youtube => { deny => 0 });

my $exchange = { grant_type => 'authorization_code', code => $code,
    client_id => $google->{client_id}, code_verifier => $verifier,
    client_secret => $google->{client_secret},
    redirect_uri => $google->{redirect_uri} };

sub google_token {
    my (%other) = @_;
    return $p->request(POST => '/token', form => but($exchange, %other));
}

my $tokens = right('the exchange of a code', google_token());

is($tokens->{scope}, $scope, 'the scope is text');
is($tokens->{token_type}, 'Bearer', 'of a Bearer token');
ok($tokens->{refresh_token}, 'with a refresh token');

wrong('a code twice', google_token(), 400, 'invalid_grant', 'twice');
wrong('an unknown code', google_token(code => '4/0nothing'), 400,
    'invalid_grant', 'unknown code');

for (['grant_type', 400, 'invalid_request', undef],
     ['grant_type', 400, 'unsupported_grant_type', 'password'],
     ['client_id', 400, 'invalid_request', undef],
     ['client_id', 401, 'invalid_client', 'x'],
     ['client_secret', 400, 'invalid_request', undef],
     ['client_secret', 401, 'invalid_client', 'x'],
     ['redirect_uri', 400, 'invalid_request', undef],
     ['redirect_uri', 400, 'redirect_uri_mismatch', 'https://x.example/'],
     ['code', 400, 'invalid_request', undef],
     ['code_verifier', 400, 'Missing code verifier', undef],
     ['code_verifier', 400, 'Invalid code verifier', 'w' x 46])
{
    my ($name, $status, $says, $value) = @$_;

    wrong("exchange, $name", google_token(code => google_code(),
        $name => $value), $status, $says, "^$name\$");
}

wrong('a verifier without a challenge', google_token(code => google_code(
    code_challenge => undef, code_challenge_method => undef)), 400,
    'invalid_grant', 'code_verifier');

my $late = google_code();
$p->expire('youtube', 'code');
declined('a code that has expired', google_token(code => $late), 400,
    'invalid_grant');

for (['access_type', undef], ['access_type', 'online'], ['prompt', undef],
     ['prompt', 'select_account'])
{
    my ($name, $value) = @$_;

    ok(!google_token(code => google_code($name => $value))->json
        ->{refresh_token}, "no refresh token with $name "
        . ($value // 'left out'));
}

wrong('an exchange as JSON', $p->request(POST => '/token',
    json => but($exchange)), 400, 'invalid_request', 'Content-Type');
wrong('an exchange in the URL', $p->request(POST => '/token?'
    . form(%$exchange), form => {}), 400, 'invalid_request', 'URL');
wrong('an exchange of no length', $p->request(POST => '/token'), 411,
    'Length Required', 'Content-Length');
wrong('half a percent-encoding', $p->request(POST => '/token', headers => {
    'Content-Type' => 'application/x-www-form-urlencoded' },
    body => 'grant_type=a%2'), 400, 'invalid_request', 'percent-encoded');
wrong('a field twice', $p->request(POST => '/token', headers => {
    'Content-Type' => 'application/x-www-form-urlencoded' },
    body => 'code=a&code=b'), 400, 'invalid_request', 'twice');

my $refresh = { grant_type => 'refresh_token',
    refresh_token => $tokens->{refresh_token},
    client_id => $google->{client_id},
    client_secret => $google->{client_secret} };

sub google_refresh {
    my (%other) = @_;
    return $p->request(POST => '/token', form => but($refresh, %other));
}

my $more = right('a refresh', google_refresh());

ok(!exists $more->{refresh_token}, 'Google rotates no refresh token');
isnt($more->{access_token}, $tokens->{access_token}, 'a new token');
right('the same refresh token again', google_refresh());

wrong('a refresh with none', google_refresh(refresh_token => undef), 400,
    'invalid_request', 'refresh_token');
wrong('a refresh with an access token', google_refresh(
    refresh_token => $tokens->{access_token}), 400, 'invalid_grant',
    'unknown refresh_token');
wrong('a refresh token that is not encoded', $p->request(POST => '/token',
    headers => { 'Content-Type' => 'application/x-www-form-urlencoded' },
    body => form(%{ but($refresh, refresh_token => undef) })
        . "&refresh_token=$tokens->{refresh_token}"), 400, 'invalid_request',
    'not percent-encoded');

$bearer{youtube} = { Authorization => "Bearer $more->{access_token}" };


# --- YouTube ----------------------------------------------------------------

my $soon = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + 30));

sub broadcast {
    my (%o) = @_;

    return {
        snippet => but({ title => 'A show', scheduledStartTime => $soon },
            %{ $o{snippet} || {} }),
        status => but({ privacyStatus => 'unlisted',
            selfDeclaredMadeForKids => JSON::PP::false },
            %{ $o{status} || {} }),
        contentDetails => but({ monitorStream => {
            enableMonitorStream => JSON::PP::false } },
            %{ $o{contentDetails} || {} }),
    };
}

sub insert_broadcast {
    my (%o) = @_;
    return youtube(POST => 'liveBroadcasts?part=snippet,status,contentDetails',
        json => broadcast(%o));
}

my $stream_body = { snippet => { title => 'A stream' }, cdn => {
    ingestionType => 'rtmp', resolution => 'variable',
    frameRate => 'variable' }, contentDetails => {
    isReusable => JSON::PP::false } };

sub insert_stream {
    my (%cdn) = @_;
    return youtube(POST => 'liveStreams?part=snippet,cdn,contentDetails,status',
        json => { %$stream_body, cdn => but($stream_body->{cdn}, %cdn) });
}

sub bind_stream {
    my ($id, $stream) = @_;
    return youtube(POST => "liveBroadcasts/bind?id=$id&streamId=$stream"
        . '&part=id,contentDetails', body => '');
}

sub transition {
    my ($id, $to) = @_;
    return youtube(POST => "liveBroadcasts/transition?id=$id"
        . "&broadcastStatus=$to&part=id,status", body => '');
}

sub state_of {
    my ($id) = @_;
    return youtube(GET => "liveBroadcasts?part=status&id=$id")
        ->json->{items}[0]{status}{lifeCycleStatus};
}

sub comes_to {
    my ($id, $state) = @_;
    $t->wait_for(sub { state_of($id) eq $state }, "$state on YouTube");
    pass("$state on YouTube");
    return;
}

my $used = $p->quota->{used};
my $b = right('a broadcast', insert_broadcast());
my $s = right('a stream', insert_stream());

is($p->quota->{used} - $used, 100, 'an insert costs 50 units');

is($b->{status}{lifeCycleStatus}, 'created', 'it is created');
is($s->{status}{streamStatus}, 'ready', 'the stream is ready');
is($s->{status}{healthStatus}{status}, 'noData', 'and has no data');

my $info = $s->{cdn}{ingestionInfo};
my $key = $info->{streamName};

is($info->{rtmpsIngestionAddress}, 'rtmps://localhost:1936/live', 'RTMPS');
is($info->{rtmpsBackupIngestionAddress}, 'rtmps://localhost:1937/live?backup=1',
    'its backup');
is($info->{ingestionAddress}, 'rtmp://localhost:1935/live', 'RTMP');

my ($bid, $sid) = ($b->{id}, $s->{id});

wrong('live without a stream', transition($bid, 'live'), 403,
    'invalidTransition', 'no stream');

is(right('bound', bind_stream($bid, $sid))->{contentDetails}{boundStreamId},
    $sid, 'to the stream');
is(state_of($bid), 'ready', 'and ready');

declined('live before media is there', transition($bid, 'live'), 403,
    'errorStreamInactive');
wrong('testing without a monitor stream', transition($bid, 'testing'), 403,
    'invalidTransition', 'monitor');
declined('complete before it was live', transition($bid, 'complete'), 403,
    'invalidTransition');

$p->media($key, 1);

my $streams = right('a stream that is polled', youtube(
    GET => "liveStreams?part=status,cdn&id=$sid"));

is($streams->{items}[0]{status}{streamStatus}, 'active', 'media is seen');
is($streams->{items}[0]{status}{healthStatus}{status}, 'good', 'and good');

is(right('live', transition($bid, 'live'))->{status}{lifeCycleStatus},
    'liveStarting', 'takes a moment');
declined('live once more', transition($bid, 'live'), 403,
    'redundantTransition');
comes_to($bid, 'live');

wrong('a live one is not deleted', youtube(DELETE =>
    "liveBroadcasts?id=$bid"), 403, 'liveBroadcastDeletionNotAllowed',
    'Deletion');
wrong('nor bound anew', bind_stream($bid, $sid), 403,
    'liveBroadcastBindingNotAllowed', 'Binding');

$p->health('youtube', $key, { status => 'bad', issues => [{
    type => 'gopSizeLong', severity => 'error', reason => 'r',
    description => 'd' }] });

my $health = youtube(GET => "liveStreams?part=status&id=$sid")
    ->json->{items}[0]{status}{healthStatus};

is("$health->{status} $health->{configurationIssues}[0]{type}",
    'bad gopSizeLong', 'health and issues');

sub watching {
    return youtube(GET => "videos?part=liveStreamingDetails&id=$bid")
        ->json->{items}[0]{liveStreamingDetails}{concurrentViewers};
}

is(watching(), undef, 'no viewers are no field');
$p->viewers('youtube', $bid, 7);
is(JSON::PP->new->encode([watching()]), '["7"]', 'seven are text');

right('complete', transition($bid, 'complete'));
declined('complete once more', transition($bid, 'complete'), 403,
    'redundantTransition');
declined('what has ended does not go live', transition($bid, 'live'), 403,
    'invalidTransition');
wrong('a stream that is not reusable is bound once', bind_stream(
    insert_broadcast()->json->{id}, $sid), 403,
    'liveBroadcastBindingNotAllowed', 'Binding');

is_deeply(youtube(GET => 'liveStreams?part=id&mine=true')->json->{items}, [],
    'mine has no stream that is not reusable');

# by itself

$p->set(youtube => { autostop_ms => 100 });

$b = insert_broadcast(contentDetails => { enableAutoStart => JSON::PP::true,
    enableAutoStop => JSON::PP::true })->json->{id};
$s = insert_stream()->json;
bind_stream($b, $s->{id});
wrong('a stream that is bound stays', youtube(DELETE =>
    "liveStreams?id=$s->{id}"), 403, 'liveStreamDeletionNotAllowed',
    'Deletion');
$p->media($s->{cdn}{ingestionInfo}{streamName}, 1);
comes_to($b, 'live');
$p->media($s->{cdn}{ingestionInfo}{streamName}, 0);
comes_to($b, 'complete');
right('a stream can go then', youtube(DELETE => "liveStreams?id=$s->{id}"),
    204);

# with its monitor stream, which is the default

$b = insert_broadcast(contentDetails => { monitorStream => undef })->json;
ok($b->{contentDetails}{monitorStream}{enableMonitorStream},
    'a monitor stream is the default');
$s = insert_stream()->json;
bind_stream($b->{id}, $s->{id});
$p->media('*', 1);
wrong('not live without a test then', transition($b->{id}, 'live'), 403,
    'invalidTransition', 'monitor');
right('testing', transition($b->{id}, 'testing'));
comes_to($b->{id}, 'testing');
right('live', transition($b->{id}, 'live'));
comes_to($b->{id}, 'live');
$p->end('youtube', $b->{id});
is(state_of($b->{id}), 'complete', 'ended by its owner');
$p->media('*', 0);

# what an insert has to have

for (['snippet', 'title', 400, 'titleRequired', undef],
     ['snippet', 'title', 400, 'invalidTitle', 'x' x 101],
     ['snippet', 'title', 400, 'invalidTitle', 'a <b>'],
     ['snippet', 'scheduledStartTime', 400, 'scheduledStartTimeRequired',
      undef],
     ['snippet', 'scheduledStartTime', 400, 'invalidScheduledStartTime',
      '2020-01-01T00:00:00Z'],
     ['snippet', 'scheduledStartTime', 400, 'invalidScheduledStartTime',
      'tomorrow'],
     ['snippet', 'titel', 400, 'Unknown name', 'x'],
     ['snippet', 'description', 400, 'Invalid value', 5],
     ['status', 'privacyStatus', 400, 'privacyStatusRequired', undef],
     ['status', 'privacyStatus', 400, 'invalidPrivacyStatus', 'hidden'],
     ['contentDetails', 'enableDvr', 400, 'Invalid value', 'yes'],
     ['contentDetails', 'latencyPreference', 400, 'invalidLatencyPreferences',
      'none'])
{
    my ($part, $name, $status, $says, $value) = @$_;

    wrong("broadcast, $part.$name", insert_broadcast($part => {
        $name => $value }), $status, $says, '');
}

right('a title of 100 characters', insert_broadcast(snippet => {
    title => "\x{e4}" x 100 }));

for (['ingestionType', 'ingestionTypeRequired', undef],
     ['ingestionType', 'invalidIngestionType', 'rtmps'],
     ['resolution', 'resolutionRequired', undef],
     ['resolution', 'invalidResolution', '1920x1080'],
     ['frameRate', 'frameRateRequired', undef],
     ['frameRate', 'invalidFrameRate', '60'])
{
    my ($name, $says, $value) = @$_;

    wrong("stream, cdn.$name", insert_stream($name => $value), 400, $says,
        $says);
}

my $json_type = 'application/json';
my $list = "liveBroadcasts?part=id&id=$bid";

wrong('no part', youtube(POST => 'liveBroadcasts', json => broadcast()), 400,
    'Required parameter: part', 'no part');
wrong('a part that is not there', youtube(GET =>
    'liveBroadcasts?part=id,body&mine=true'), 400, 'unknownPart',
    'unknownPart');
wrong('a part that is not named', youtube(POST => 'liveBroadcasts?part=snippet',
    json => broadcast()), 400, 'unexpectedPart', 'unexpectedPart');
wrong('a parameter that is not there', youtube(GET => "$list&limit=3"), 400,
    'Unknown name', 'parameter limit');
wrong('no filter', youtube(GET => 'liveBroadcasts?part=id'), 400,
    'missingRequiredParameter', 'missing');
wrong('two filters', youtube(GET =>
    'liveBroadcasts?part=id&mine=true&broadcastStatus=all'), 400,
    'incompatibleParameters', 'incompatible');
wrong('too many at once', youtube(GET => "$list&maxResults=51"), 400,
    'range', 'maxResults');
wrong('a body that is a form', youtube(POST => 'liveBroadcasts?part=snippet',
    form => { title => 'x' }), 400, 'badContent', 'Content-Type');
wrong('a body that is not JSON', youtube(POST => 'liveBroadcasts?part=snippet',
    body => '{', headers => { 'Content-Type' => $json_type }), 400,
    'parseError', 'parseError');
wrong('bind of no length', youtube(POST =>
    "liveBroadcasts/bind?id=$bid&streamId=$sid&part=id"), 411, 'Length',
    'Content-Length');
wrong('bind with HTTP/1.1 of no length', youtube(POST =>
    "liveBroadcasts/bind?id=$bid&streamId=$sid&part=id", http => '1.1'), 411,
    'Length', 'Content-Length');
wrong('bind without an id', youtube(POST => 'liveBroadcasts/bind?part=id',
    body => ''), 400, 'idRequired', 'idRequired');
wrong('bind of another broadcast', bind_stream('nothing', $sid), 404,
    'liveBroadcastNotFound', 'NotFound');
wrong('bind with a body', youtube(POST =>
    "liveBroadcasts/bind?id=$bid&streamId=$sid&part=id", form => { id => 1 }),
    400, 'Invalid JSON', 'body');
wrong('transition to nowhere', transition($bid, 'ended'), 400, 'invalidValue',
    'invalidValue');

$b = insert_broadcast()->json->{id};
right('bind with an empty object', youtube(POST =>
    "liveBroadcasts/bind?id=$b&part=id", json => {}));
wrong('bind to a stream that is not there', bind_stream($b, 'nothing'), 404,
    'liveStreamNotFound', 'NotFound');

# updates

wrong('an update that would reset the rest', youtube(PUT =>
    'liveBroadcasts?part=contentDetails', json => { id => $b,
    contentDetails => { enableDvr => JSON::PP::true } }), 400, 'Required',
    'Required');
right('an update', youtube(PUT => 'liveBroadcasts?part=contentDetails',
    json => { id => $b, contentDetails => { (map { $_ => JSON::PP::false }
    qw(enableContentEncryption enableDvr recordFromStart startWithSlate)),
    monitorStream => { enableMonitorStream => JSON::PP::false,
    broadcastStreamDelayMs => 0 } } }));

right('tags', youtube(PUT => 'videos?part=snippet', json => { id => $b,
    snippet => { title => 'Other', categoryId => '20', tags => ['a'] } }));
right('a video that forgets its tags', youtube(PUT => 'videos?part=snippet',
    json => { id => $b, snippet => { title => 'New', categoryId => '20' } }));

my ($object) = grep { $_->{id} eq $b }
    @{ $p->objects('youtube')->{broadcasts} };

is_deeply($object->{video}, { categoryId => '20', tags => [] },
    'they are gone');
wrong('a category that is not there', youtube(PUT => 'videos?part=snippet',
    json => { id => $b, snippet => { title => 'N', categoryId => '99' } }), 400,
    'invalidCategoryId', 'invalidCategoryId');

# thumbnails

my $png = "\x89PNG\r\n\x1a\n" . 'x' x 100;

sub thumbnail {
    my ($type, $body, $id) = @_;
    return call('youtube', POST => '/upload/youtube/v3/thumbnails/set?videoId='
        . ($id // $b), body => $body, headers => { 'Content-Type' => $type });
}

right('a thumbnail', thumbnail('image/png', $png));
wrong('one of another type', thumbnail('image/jpeg', $png), 400,
    'invalidImage', 'invalidImage');
wrong('one of a type that is not taken', thumbnail('image/gif', 'GIF89a'), 400,
    'badContent', 'Content-Type');
wrong('an empty one', thumbnail('image/png', ''), 400, 'mediaBodyRequired',
    'mediaBody');
wrong('a huge one', thumbnail('image/png', $png . 'x' x (2 << 20)), 400,
    'invalidImage', 'size');
wrong('one of no video', thumbnail('image/png', $png, 'nothing'), 404,
    'videoNotFound', 'NotFound');

right('a broadcast can go', youtube(DELETE => "liveBroadcasts?id=$b"), 204);
declined('and is not found then', youtube(DELETE => "liveBroadcasts?id=$b"),
    404, 'liveBroadcastNotFound');

# who asks

my $me = right('who am I', youtube(GET =>
    'channels?part=snippet&mine=true'));

is($me->{items}[0]{snippet}{title}, 'Channel of alice', 'Alice');

wrong('without a token', youtube(GET => $list, headers => {
    Authorization => undef }), 401, 'Login Required|required', 'Authorization');
wrong('with another scheme', youtube(GET => $list, headers => {
    Authorization => "OAuth $more->{access_token}" }), 401, 'required',
    'scheme');
wrong('with a token that is none', youtube(GET => $list, headers => {
    Authorization => 'Bearer nothing' }), 401, 'authError', 'unknown token');
wrong('with the refresh token', youtube(GET => $list, headers => {
    Authorization => "Bearer $tokens->{refresh_token}" }), 401, 'authError',
    'unknown token');
wrong('with the token in the URL', youtube(GET =>
    "$list&access_token=$more->{access_token}", headers => {
    Authorization => undef }), 401, 'required', 'URL');

my $reader = google_token(code => google_code(
    scope => "$scope.readonly"))->json->{access_token};
wrong('with a scope that is too small', youtube(POST =>
    'liveBroadcasts?part=snippet', json => {}, headers => {
    Authorization => "Bearer $reader" }), 403, 'insufficientPermissions',
    'insufficientPermissions');
right('it is enough to read', youtube(GET => $list, headers => {
    Authorization => "Bearer $reader" }));

$p->set(youtube => { user => 'bob' });
my $bob = google_token(code => google_code())->json->{access_token};
wrong('a broadcast of somebody else', youtube(DELETE =>
    "liveBroadcasts?id=$bid", headers => { Authorization => "Bearer $bob" }),
    404, 'liveBroadcastNotFound', 'NotFound');
$p->set(youtube => { user => 'alice' });

$p->set(youtube => { live_enabled => 0 });
declined('live streaming is not enabled', insert_broadcast(), 403,
    'liveStreamingNotEnabled');
$p->set(youtube => { live_enabled => 1 });

# quota

$used = $p->quota->{used};
youtube(GET => $list);
is($p->quota->{used}, $used + 1, 'a list costs one unit');
$p->quota(used => 9960);
declined('an insert is beyond the quota', insert_broadcast(), 403,
    '"domain":"youtube.quota","reason":"quotaExceeded"');
right('a list is not', youtube(GET => $list));
$p->quota(used => 0);

# the ends of tokens

$p->advance(3600);
declined('an hour later the token has expired', youtube(GET => $list), 401,
    'authError');
$more = right('the refresh token has not', google_refresh());
$bearer{youtube} = { Authorization => "Bearer $more->{access_token}" };
right('and helps', youtube(GET => $list));
$p->expire('youtube', 'access');
declined('expired as the test wants', youtube(GET => $list), 401, 'authError');

$bearer{youtube}{Authorization} = 'Bearer '
    . google_refresh()->json->{access_token};

wrong('revocation of nothing', $p->request(POST => '/revoke', form => {
    token => 'x' }), 400, 'invalid_token', 'token');
my ($last) = $bearer{youtube}{Authorization} =~ / (.*)/;
right('revocation', $p->request(POST => '/revoke', form => {
    token => $last }));
declined('of the access token', youtube(GET => $list), 401, 'authError');
declined('kills its refresh token', google_refresh(), 400, 'invalid_grant');


# --- Twitch -----------------------------------------------------------------

my $app = $p->client('twitch');
my $all = 'channel:read:stream_key channel:manage:broadcast';

$auth = { client_id => $app->{client_id}, scope => $all, state => 's',
    redirect_uri => $app->{redirect_uri}, response_type => 'code' };

sub twitch_auth {
    my (%other) = @_;
    return $p->base . '/oauth2/authorize?' . form(%{ but($auth, %other) });
}

sub twitch_code { return ($p->consent(twitch_auth(@_)))[0] }

for (['client_id', 'invalid client', 'x'],
     ['redirect_uri', 'does not match', "$app->{redirect_uri}?x=1"],
     ['response_type', 'response type', undef],
     ['scope', 'invalid scope', 'channel:read'],
     ['force_verify', 'invalid', 'yes'])
{
    my ($name, $says, $value) = @$_;

    wrong("consent, $name", $p->request(GET => twitch_auth($name => $value)),
        400, $says, "^$name\$");
}

$p->set(twitch => { deny => 1 });
is(($p->consent(twitch_auth()))[2], 'access_denied', 'a user who does not');
$p->set(twitch => { deny => 0 });

$exchange = { grant_type => 'authorization_code', code => twitch_code(),
    client_id => $app->{client_id}, client_secret => $app->{client_secret},
    redirect_uri => $app->{redirect_uri} };

sub twitch_token {
    my (%other) = @_;
    return $p->request(POST => '/oauth2/token', form => but($exchange, %other));
}

$tokens = right('the exchange of a code', twitch_token());

is_deeply($tokens->{scope}, [split / /, $all], 'the scope is an array');
is($tokens->{token_type}, 'bearer', 'of a bearer token');

wrong('a code twice', twitch_token(), 400, 'Invalid authorization code',
    'twice');

for (['grant_type', 400, 'missing grant type', undef],
     ['grant_type', 400, 'Invalid grant type', 'password'],
     ['client_id', 400, 'missing client id', undef],
     ['client_id', 400, 'invalid client', 'x'],
     ['client_secret', 400, 'missing client secret', undef],
     ['client_secret', 403, 'invalid client secret', 'x'],
     ['redirect_uri', 400, 'missing redirect uri', undef],
     ['redirect_uri', 400, 'does not match', 'https://x.example/'],
     ['code', 400, 'missing code', undef])
{
    my ($name, $status, $says, $value) = @$_;

    wrong("exchange, $name", twitch_token(code => twitch_code(),
        $name => $value), $status, $says, "^$name\$");
}

noted('a secret in the URL', $p->request(POST =>
    "/oauth2/token?client_secret=$app->{client_secret}", form => but($exchange,
    code => twitch_code())), 200, 'URL');

sub validate {
    my ($authorization) = @_;
    return $p->request(GET => '/oauth2/validate', headers => {
        defined $authorization ? (Authorization => $authorization) : () });
}

my $valid = right('validation', validate("OAuth $tokens->{access_token}"));

is("$valid->{login} $valid->{client_id}", "alice $app->{client_id}", 'Alice');
cmp_ok($valid->{expires_in}, '>', 14000, 'for four hours');

wrong('validation with Bearer', validate("Bearer $tokens->{access_token}"),
    401, 'invalid access token', 'scheme');
wrong('validation of nothing', validate(), 401, 'missing authorization',
    'Authorization');
wrong('validation of any token', validate('OAuth x'), 401,
    'invalid access token', 'unknown');

my $id = $valid->{user_id};

$bearer{twitch} = { Authorization => "Bearer $tokens->{access_token}",
    'Client-Id' => $app->{client_id} };

my $r = twitch(GET => 'users');

is(right('the user', $r)->{data}[0]{login}, 'alice', 'Alice');
is($r->header('Ratelimit-Limit'), 800, 'the limit of requests');
cmp_ok($r->header('Ratelimit-Remaining'), '<', 800, 'what is left of it');
cmp_ok(abs($r->header('Ratelimit-Reset') - time - 3600), '<', 70,
    'and when it is filled again');

$key = right('the key', twitch(GET => "streams/key?broadcaster_id=$id"))
    ->{data}[0]{stream_key};

like($key, qr/^live_${id}_/, 'looks like one');

wrong('no Authorization', twitch(GET => 'users', headers => {
    Authorization => undef }), 401, 'OAuth token is missing', 'Authorization');
wrong('another scheme', twitch(GET => 'users', headers => {
    Authorization => "OAuth $tokens->{access_token}" }), 401,
    'OAuth token is missing', 'scheme');
wrong('no Client-Id', twitch(GET => 'users', headers => {
    'Client-Id' => undef }), 401, 'Client ID is missing', 'Client-Id');
wrong('another Client-Id', twitch(GET => 'users', headers => {
    'Client-Id' => 'x' }), 401, 'do not match', 'Client-Id');
wrong('any token', twitch(GET => 'users', headers => {
    Authorization => 'Bearer x' }), 401, 'Invalid OAuth token', 'unknown');
wrong('the key of nobody', twitch(GET => 'streams/key'), 400,
    'broadcaster_id', 'broadcaster_id');
wrong('the key of another', twitch(GET => 'streams/key?broadcaster_id=1'),
    401, 'must match', 'broadcaster_id');

my $poor = twitch_token(code => twitch_code(scope =>
    'channel:manage:broadcast'))->json->{access_token};
wrong('the key without its scope', twitch(GET =>
    "streams/key?broadcaster_id=$id", headers => {
    Authorization => "Bearer $poor" }), 401, 'Missing scope', 'scope');

$p->set(twitch => { two_factor => 0 });
declined('the key without a second factor', twitch(GET =>
    "streams/key?broadcaster_id=$id"), 403, 'two-factor');
$p->set(twitch => { two_factor => 1 });

my $other = $p->reset_key('alice');
is(twitch(GET => "streams/key?broadcaster_id=$id")
    ->json->{data}[0]{stream_key}, $other, 'a key that was reset');

sub channel {
    my (%fields) = @_;
    return twitch(PATCH => "channels?broadcaster_id=$id", json => \%fields);
}

right('a title', channel(title => 'New', game_id => '33214',
    tags => ['English'], broadcaster_language => 'en'), 204);
is(right('the channel', twitch(GET => "channels?broadcaster_id=$id"))
    ->{data}[0]{game_name}, 'Fortnite', 'has its game');
right('no game', channel(game_id => '0'), 204);

for (['title', ''], ['title', 'x' x 141], ['game_id', 5], ['game_id', '99'],
     ['tags', ['two words']], ['tags', ['x' x 26]], ['tags', [('a') x 11]],
     ['tags', 'one'], ['delay', 10], ['broadcaster_language', 'English'],
     ['is_branded_content', 'yes'], ['content_classification_labels', [{}]])
{
    my ($name, $value) = @$_;
    wrong("channel, $name", channel($name => $value), 400, 'Bad Request',
        "^$name\$");
}

wrong('a channel of nothing', channel(), 400, 'at least one', 'empty');
noted('an unknown field', channel(title => 'x', name => 'x'), 204,
    'unknown field name');
wrong('a channel by form', twitch(PATCH => "channels?broadcaster_id=$id",
    form => { title => 'x' }), 400, 'JSON', 'Content-Type');
wrong('a channel of another', twitch(PATCH => 'channels?broadcaster_id=1',
    json => { title => 'x' }), 401, 'must match', 'broadcaster_id');

$p->set(twitch => { bad_tags => ['Rude'] });
declined('a tag that fails moderation', channel(tags => ['Rude']), 400, 'Rude');

is_deeply(right('offline', twitch(GET => "streams?user_id=$id"))->{data}, [],
    'is empty');
$p->media($other, 1);
$p->viewers('twitch', 'alice', 42);
is(right('live', twitch(GET => "streams?user_id=$id"))
    ->{data}[0]{viewer_count}, 42, 'with viewers');
$p->media($other, 0);

is(right('a game', twitch(GET => 'games?name=Just%20Chatting'))->{data}[0]{id},
    '509658', 'by its name');
is(right('a search', twitch(GET => 'search/categories?query=mine'))
    ->{data}[0]{name}, 'Minecraft', 'by a part of it');
wrong('a game of no name', twitch(GET => 'games'), 400, 'Must provide', 'name');

my $ingests = right('ingest servers', $p->request(GET => '/ingests'))
    ->{ingests};
my ($default) = grep { $_->{default} } @$ingests;

is($default->{url_template_secure}, 'rtmps://localhost:1936/live/{stream_key}',
    'lead to ours');

$p->limit(points => 1, seconds => 60);
right('the last point', twitch(GET => 'users'));
$r = twitch(GET => 'users');
declined('no points are left', $r, 429, 'Too Many Requests');
is($r->header('Ratelimit-Remaining'), 0, 'none at all');
$p->advance(61);
right('a minute later', twitch(GET => 'users'));

# rotation

$refresh = { grant_type => 'refresh_token',
    refresh_token => $tokens->{refresh_token},
    client_id => $app->{client_id}, client_secret => $app->{client_secret} };

sub twitch_refresh {
    my (%other) = @_;
    return $p->request(POST => '/oauth2/token', form => but($refresh, %other));
}

$p->expire('twitch', 'access');
declined('a token that has expired', twitch(GET => 'users'), 401,
    'Invalid OAuth token');
declined('is not valid', validate("OAuth $tokens->{access_token}"), 401,
    'invalid access token');

$more = right('a refresh', twitch_refresh());

isnt($more->{refresh_token}, $tokens->{refresh_token}, 'rotates the token');
wrong('the old one', twitch_refresh(), 400, 'Invalid refresh token', 'twice');
$more = right('the new one', twitch_refresh(
    refresh_token => $more->{refresh_token}));
wrong('an unknown one', twitch_refresh(refresh_token => 'x'), 400,
    'Invalid refresh token', 'unknown');
wrong('none', twitch_refresh(refresh_token => undef), 400,
    'missing refresh token', 'refresh_token');

$bearer{twitch}{Authorization} = "Bearer $more->{access_token}";
right('is good', twitch(GET => 'users'));

wrong('revocation without a client', $p->request(POST => '/oauth2/revoke',
    form => { token => $more->{access_token} }), 400, 'missing client id',
    'client_id');
right('revocation', $p->request(POST => '/oauth2/revoke', form => {
    client_id => $app->{client_id}, token => $more->{access_token} }));
declined('of both', twitch_refresh(refresh_token => $more->{refresh_token}),
    400, 'Invalid refresh token');


# --- Facebook ---------------------------------------------------------------

$app = $p->client('facebook');
$all = 'pages_show_list,pages_read_engagement,pages_manage_posts,publish_video';
$auth = { client_id => $app->{client_id}, state => 's', scope => $all,
    redirect_uri => $app->{redirect_uri} };

sub facebook_auth {
    my (%other) = @_;
    return $p->base . '/v26.0/dialog/oauth?' . form(%{ but($auth, %other) });
}

sub facebook_code { return ($p->consent(facebook_auth(@_)))[0] }

for (['client_id', 'Invalid App ID', 'x'],
     ['redirect_uri', 'URL Blocked', 'https://x.example/'],
     ['response_type', 'response_type', 'token'],
     ['scope', 'Invalid Scopes', 'pages_all'])
{
    my ($name, $says, $value) = @$_;

    wrong("dialog, $name", $p->request(GET => facebook_auth($name => $value)),
        400, $says, "^$name\$");
}

$p->set(facebook => { deny => 1 });
is(($p->consent(facebook_auth()))[2], 'access_denied', 'a user who does not');
$p->set(facebook => { deny => 0 });

$exchange = { code => facebook_code(), client_id => $app->{client_id},
    client_secret => $app->{client_secret},
    redirect_uri => $app->{redirect_uri} };

sub facebook_token {
    my (%other) = @_;
    return $p->request(GET => '/v26.0/oauth/access_token?'
        . form(%{ but($exchange, %other) }));
}

my $short = right('the exchange of a code', facebook_token());

cmp_ok($short->{expires_in}, '<', 7200, 'a short-lived token');
ok(!exists $short->{refresh_token}, 'and no refresh token');

right('the exchange by POST', $p->request(POST => '/v26.0/oauth/access_token',
    form => but($exchange, code => facebook_code())));
wrong('a code twice', facebook_token(), 400, '36009', 'twice');

for (['client_id', 'Missing client_id', undef],
     ['client_id', 'validating application', 'x'],
     ['client_secret', 'Missing client_secret', undef],
     ['client_secret', 'validating client secret', 'x'],
     ['redirect_uri', 'Missing redirect_uri', undef],
     ['redirect_uri', '36008', 'https://x.example/'],
     ['code', 'Missing code', undef],
     ['grant_type', 'Unsupported', 'refresh_token'])
{
    my ($name, $says, $value) = @$_;

    wrong("exchange, $name", facebook_token(code => facebook_code(),
        $name => $value), 400, $says, "^$name\$");
}

wrong('a version that is not there', $p->request(GET => '/v3.0/me'), 400,
    '2635', 'version');
wrong('no version', $p->request(GET => '/me'), 404, '', 'path');

sub lengthen {
    my ($token) = @_;
    return $p->request(GET => '/v26.0/oauth/access_token?' . form(
        grant_type => 'fb_exchange_token', client_id => $app->{client_id},
        client_secret => $app->{client_secret}, fb_exchange_token => $token));
}

my $long = right('a long-lived token', lengthen($short->{access_token}));

is($long->{expires_in}, 5183944, 'of 60 days');
wrong('of none', lengthen(undef), 400, 'not specified', 'fb_exchange_token');
wrong('of any', lengthen('x'), 400, '"code":190', 'unknown');

$bearer{facebook} = { Authorization => "Bearer $long->{access_token}" };

is(right('the user', facebook(GET => 'me?fields=id,name'))->{name}, 'Alice',
    'Alice');

my $pages = right('the pages', facebook(GET =>
    'me/accounts?fields=id,name,tasks,access_token&limit=100'))->{data};

is(scalar @$pages, 2, 'two');
is_deeply([sort keys %{ $pages->[0] }], [qw(access_token id name tasks)],
    'with what was asked for');

is_deeply([sort keys %{ facebook(GET => 'me/accounts?fields=name')
    ->json->{data}[0] }], [qw(id name)], 'and nothing else');

my $first = facebook(GET => 'me/accounts?fields=id&limit=1')->json;

ok($first->{paging}{next}, 'more pages');
is(facebook(GET => 'me/accounts?fields=id&limit=1&after='
    . $first->{paging}{cursors}{after})->json->{data}[0]{id}, $pages->[1]{id},
    'follow');

wrong('pages with too many at once', facebook(GET => 'me/accounts?limit=500'),
    400, 'limit', 'limit');
wrong('a field that is not there', facebook(GET => 'me/accounts?fields=token'),
    400, 'nonexisting field', 'nonexisting');
wrong('fields that are not well-formed', facebook(GET =>
    'me/accounts?fields=id,'), 400, 'Syntax error', 'fields');

my $page = $pages->[0]{id};

sub live {
    my ($node, $fields, %o) = @_;
    return facebook(POST => "$node/live_videos", form => $fields, %o);
}

wrong('a page\'s live by a user\'s token', live($page, { title => 'x' }), 400,
    '"code":210', 'token of a user');

$bearer{facebook} = { Authorization => "Bearer $pages->[0]{access_token}" };

my $video = right('a live', live($page, { title => 'Ä & B', description => 'd',
    status => 'UNPUBLISHED', fields =>
    'id,secure_stream_url,permalink_url,embed_html,video{id}' }));

is_deeply([sort keys %$video], [qw(embed_html id permalink_url
    secure_stream_url video)], 'with what was asked for');
like($video->{secure_stream_url},
    qr{^rtmps://localhost:1936/rtmp/FB-\d+-0-\w+\?s_bl=1&}, 'and its URL');

($key) = $video->{secure_stream_url} =~ m{/rtmp/(.*)};
my $vid = $video->{id};

sub poll {
    my ($fields) = @_;
    return facebook(GET => "$vid?fields=" . ($fields // 'status,live_views,'
        . 'seconds_left,ingest_streams{stream_health,is_master}'));
}

my $polled = right('it is polled', poll());

is($polled->{status}, 'UNPUBLISHED', 'unpublished');
is($polled->{ingest_streams}[0]{stream_health}{video_bitrate}, 0, 'no media');

$p->media($key, 1);
$polled = poll()->json;
is($polled->{status}, 'UNPUBLISHED', 'media does not publish it');
cmp_ok($polled->{ingest_streams}[0]{stream_health}{video_bitrate}, '>', 0,
    'but is seen');

right('published', facebook(POST => $vid, form => { status => 'LIVE_NOW' }));
is(poll('status')->json->{status}, 'LIVE', 'live');

$p->viewers('facebook', $vid, 9);
$p->health('facebook', $vid, { video_bitrate => 12, issues => [{
    error_code => 1, error_message => 'low' }] });
$polled = poll()->json;
is("$polled->{live_views} $polled->{ingest_streams}[0]{stream_health}"
    . '{video_bitrate}', "9 $polled->{ingest_streams}[0]{stream_health}"
    . '{video_bitrate}', 'viewers');
is($polled->{ingest_streams}[0]{stream_health}{video_bitrate}, 12, 'health');
is(right('errors', facebook(GET => "$vid/errors"))->{data}[0]{error_message},
    'low', 'are listed');
is(right('what is live', facebook(GET => "$page/live_videos?"
    . form(broadcast_status => '["LIVE"]', fields => 'id')))->{data}[0]{id},
    $vid, 'is this');

right('ended', facebook(POST => $vid, form => { end_live_video => 'true' }));
is(poll('status')->json->{status}, 'VOD', 'a recording is left');
declined('ended once more', facebook(POST => $vid, form => {
    end_live_video => 'true' }), 400, 'has ended');
$p->media($key, 0);

# by itself

$p->set(facebook => { silence_ms => 100 });
$video = right('live now', live('me', { status => 'LIVE_NOW' }));
$vid = $video->{id};
is_deeply([sort keys %$video], [qw(id secure_stream_secondary_urls
    secure_stream_url stream_secondary_urls stream_url)], 'its default fields');
($key) = $video->{secure_stream_url} =~ m{/rtmp/(.*)};
is(poll('status')->json->{status}, 'UNPUBLISHED', 'not before media comes');
$p->media($key, 1);
is(poll('status')->json->{status}, 'LIVE', 'live with the media');
$p->media($key, 0);
is(poll('status')->json->{status}, 'LIVE', 'a short silence');
$t->wait_for(sub { poll('status')->json->{status} eq 'VOD' }, 'the end');
pass('a long one');

is(scalar @{ right('a backup', live($page, { status => 'UNPUBLISHED',
    enable_backup_ingest => 'true' }))->{secure_stream_secondary_urls} }, 1,
    'has a URL');

for (['status', 'LIVE'], ['title', 'x' x 255], ['end_live_video', 'yes'],
     ['event_params', 'soon'], ['event_params', '{"start_time":5}'],
     ['privacy', 'EVERYONE'], ['privacy', '{"value":"FRIENDS"}'])
{
    my ($name, $value) = @$_;

    my $r = $name eq 'end_live_video'
        ? facebook(POST => $vid, form => { $name => $value })
        : live($page, { $name => $value });

    wrong("live, $name", $r, 400, '"code":100', "^$name\$");
}

wrong('planned_start_time', live($page, { planned_start_time => 1 }), 400,
    'no longer supported', 'planned_start_time');
wrong('a schedule without its time', live($page, {
    status => 'SCHEDULED_UNPUBLISHED' }), 400, 'event_params', 'event_params');
right('a schedule', live($page, { status => 'SCHEDULED_UNPUBLISHED',
    event_params => '{"start_time":' . (time + 90000) . '}' }));
wrong('a field of another node', live($page, { fields => 'id,name' }), 400,
    'nonexisting field', 'nonexisting');
noted('a parameter that is not there', live($page, { name => 'x' }), 200,
    'unknown parameter name');
noted('a token as a parameter', facebook(GET =>
    "$vid?access_token=$pages->[0]{access_token}"), 200, 'parameter');
wrong('a live of another page', live($pages->[1]{id}, {}), 403, '"code":200',
    'other page');
wrong('what is not there', facebook(GET => '4711'), 400, '"error_subcode":33',
    'no such object');
wrong('no Authorization', facebook(GET => $vid, headers => {
    Authorization => undef }), 400, '"code":2500', 'Authorization');
wrong('another scheme', facebook(GET => $vid, headers => {
    Authorization => "OAuth $pages->[0]{access_token}" }), 400, '"code":2500',
    'scheme');
wrong('any token', facebook(GET => $vid, headers => {
    Authorization => 'Bearer x' }), 400, '"code":190', 'unknown');

right('a live is removed', facebook(DELETE => $vid));
declined('and not found', facebook(GET => $vid), 400, 'does not exist');

$p->set(facebook => { refuse_live => 1363144 });
declined('too few followers', live($page, {}), 403, '1363144');
$p->set(facebook => { refuse_live => undef });

$p->pages('alice', [{ name => 'Idle', tasks => ['ANALYZE'] }]);
$bearer{facebook} = { Authorization => "Bearer $long->{access_token}" };
my ($idle) = @{ facebook(GET => 'me/accounts')->json->{data} };
declined('a page without its task', live($idle->{id}, {}, headers => {
    Authorization => "Bearer $idle->{access_token}" }), 403, 'CREATE_CONTENT');

my $mute = facebook_token(code => facebook_code(scope => 'email'))
    ->json->{access_token};
wrong('pages without a permission', facebook(GET => 'me/accounts', headers => {
    Authorization => "Bearer $mute" }), 403, 'pages_show_list', 'permission');
wrong('a profile without one', live('me', {}, headers => {
    Authorization => "Bearer $mute" }), 403, 'publish_video', 'permission');

right('a profile', live('me', { status => 'UNPUBLISHED',
    privacy => '{"value":"SELF"}' }));

# a URL lives for a day

$vid = live('me', { status => 'UNPUBLISHED' })->json->{id};
$p->advance(86500);
is(poll('status')->json->{status}, 'LIVE_STOPPED', 'a day later');

# the page's token lives as long as the user does not revoke

declined('a short-lived token is dead', lengthen($short->{access_token}), 400,
    '"code":190');
$p->expire('facebook', 'long');
declined('a long-lived one, too', facebook(GET => 'me'), 400,
    '"error_subcode":463');
right('a page\'s is not', facebook(GET => $page, headers => {
    Authorization => "Bearer $pages->[0]{access_token}" }));
$p->revoke('facebook');
declined('until it is revoked', facebook(GET => $page, headers => {
    Authorization => "Bearer $pages->[0]{access_token}" }), 400,
    '"error_subcode":460');


# --- Cloudflare -------------------------------------------------------------

$app = $p->client('cloudflare');
$bearer{cloudflare} = { Authorization => "Bearer $app->{api_token}" };

my $account = $app->{account_id};

sub cloudflare {
    my ($method, $path, %o) = @_;
    return call('cloudflare', $method, "/client/v4/accounts/"
        . ($o{account} // $account) . "/stream/$path", %o);
}

my $input = right('a live input', cloudflare(POST => 'live_inputs', json => {
    meta => { name => 'n' }, recording => { mode => 'automatic',
    timeoutSeconds => 0 }, deleteRecordingAfterDays => 30 }));

ok($input->{success}, 'an envelope');
$input = $input->{result};

my $uid = $input->{uid};

is($input->{rtmps}{url}, 'rtmps://localhost:1936/live/', 'its URL');
is($input->{status}, undef, 'no status yet');
is($input->{deleteRecordingAfterDays}, 30, 'recordings of 30 days');

sub state_now {
    return cloudflare(GET => "live_inputs/$uid")->json->{result}{status};
}

sub lifecycle { return $p->request(GET => "/$uid/lifecycle") }
sub views { return $p->request(GET => "/$uid/views") }

is_deeply(right('its life', lifecycle()), { isInput => JSON::PP::true,
    videoUID => undef, live => JSON::PP::false }, 'has not begun');
declined('nothing to play', $p->request(GET => "/$uid/manifest/video.m3u8"),
    404, '');

$p->media($input->{rtmps}{streamKey}, 1);
$p->viewers('cloudflare', $uid, 113);

is(state_now()->{current}{state}, 'connected', 'connected');
is(right('viewers', views())->{liveViewers}, 113, 'are counted');
ok(lifecycle()->json->{live}, 'it is live');
right('HLS', $p->request(GET => "/$uid/manifest/video.m3u8"));
right('DASH', $p->request(GET => "/$uid/manifest/video.mpd"));

my $videos = right('its videos', cloudflare(GET =>
    "live_inputs/$uid/videos"))->{result};

is($videos->[0]{status}{state}, 'live-inprogress', 'one is live');
wrong('it cannot be deleted', cloudflare(DELETE => $videos->[0]{uid}), 409,
    '10046', 'live');

$p->set(cloudflare => { status => 'flat' });
is(state_now(), 'connected', 'the other shape of the status');
$p->set(cloudflare => { status => 'nested' });

$p->health('cloudflare', $uid, { error => 'ERR_GOP_OUT_OF_RANGE' });
is(state_now()->{current}{errorCode}, 'ERR_GOP_OUT_OF_RANGE', 'an issue');

right('it is disabled', cloudflare(PUT => "live_inputs/$uid", json => {
    enabled => JSON::PP::false }));
is(state_now()->{current}{state}, 'disconnected', 'which ends it');

my $rotated = right('new keys', cloudflare(POST =>
    "live_inputs/$uid/rotate_keys", body => ''))->{result};

isnt($rotated->{rtmps}{streamKey}, $input->{rtmps}{streamKey}, 'are new');

my $output = right('an output', cloudflare(POST => "live_inputs/$uid/outputs",
    json => { url => 'rtmp://x.example/app', streamKey => 'k' }))->{result};

right('it is disabled', cloudflare(PUT =>
    "live_inputs/$uid/outputs/$output->{uid}", json => {
    enabled => JSON::PP::false }));
right('it is deleted', cloudflare(DELETE =>
    "live_inputs/$uid/outputs/$output->{uid}"));
wrong('an output to nowhere', cloudflare(POST => "live_inputs/$uid/outputs",
    json => { url => 'http://x.example/', streamKey => 'k' }), 400, 'url',
    '^url$');

# what it silently does not do

my $odd = cloudflare(POST => 'live_inputs', json => { recording => {
    deleteRecordingAfterDays => 45, mode => 'automatic' } });

is($odd->json->{result}{deleteRecordingAfterDays}, undef,
    'what is in the wrong place is ignored');
noted('and noted', $odd, 200, 'ignored: recording.deleteRecordingAfterDays');

is(right('a timeout that it does not like', cloudflare(POST => 'live_inputs',
    json => { recording => { timeoutSeconds => -5 } }))
    ->{result}{recording}{timeoutSeconds}, undef, 'comes back as null');

my $unrecorded = cloudflare(POST => 'live_inputs', json => {})->json->{result};
is($unrecorded->{recording}{mode}, 'off', 'no recording is the default');
$p->media($unrecorded->{rtmps}{streamKey}, 1);
declined('and leaves nothing to play', $p->request(GET =>
    "/$unrecorded->{uid}/manifest/video.m3u8"), 404, '');

for (['deleteRecordingAfterDays', { deleteRecordingAfterDays => 7 }],
     ['recording.mode', { recording => { mode => 'on' } }],
     ['enabled', { enabled => 'yes' }])
{
    my ($name, $body) = @$_;
    wrong("live input, $name", cloudflare(POST => 'live_inputs',
        json => $body), 400, '"success":false', "^\Q$name\E\$");
}

wrong('a live input by form', cloudflare(POST => 'live_inputs', form => {
    enabled => 'true' }), 415, 'Content-Type', 'Content-Type');
wrong('no Authorization', cloudflare(GET => 'live_inputs', headers => {
    Authorization => undef }), 400, '9106', 'Authorization');
wrong('another scheme', cloudflare(GET => 'live_inputs', headers => {
    Authorization => "Token $app->{api_token}" }), 400, '6003', 'scheme');
wrong('any token', cloudflare(GET => 'live_inputs', headers => {
    Authorization => 'Bearer x' }), 403, '10000', 'unknown');
wrong('another account', cloudflare(GET => 'live_inputs', account => 'x'), 404,
    '7003', 'account');
wrong('no such input', cloudflare(GET => 'live_inputs/0'), 404, '10003',
    'no such');

$r = cloudflare(DELETE => "live_inputs/$uid");
right('a live input is deleted', $r);
is($r->{body}, '', 'and the answer has no envelope');
declined('it is gone', cloudflare(GET => "live_inputs/$uid"), 404, '10003');
right('its video is not', cloudflare(GET => $videos->[0]{uid}));
right('and can be deleted', cloudflare(DELETE => $videos->[0]{uid}));

$p->revoke('cloudflare');
declined('a token that was revoked', cloudflare(GET => 'live_inputs'), 403,
    '10000');


# --- what goes wrong --------------------------------------------------------

for my $http ('1.1', '2') {
    my $ask = sub { $p->request(GET => '/ingests', http => $http, @_) };

    $p->fail(call => 'twitch.ingests', count => 2, status => 500);
    is(join(' ', map { $ask->()->{status} } 1 .. 3), '500 500 200',
        "two answers of three, by HTTP/$http");

    $p->fail(call => 'twitch.', skip => 1, status => 429, retry_after => 3);
    is($ask->()->{status}, 200, 'not yet');
    $r = $ask->();
    is("$r->{status} " . $r->header('Retry-After'), '429 3', 'too many');

    $p->fail(call => '*', body => 'garbage');
    $r = $ask->();
    ok($r->{status} == 200 && !$r->json, 'garbage');

    $p->fail(call => '*', body => 'empty');
    $r = $ask->();
    ok($r->{status} == 200 && $r->{body} eq '', 'nothing');

    $p->fail(call => '*', body => 'html', status => 502);
    $r = $ask->();
    ok($r->{status} == 502 && $r->{body} =~ /^<!DOCTYPE/, 'a page');

    $p->fail(call => '*', truncate => 1);
    $r = $ask->();
    ok($r->{error} && length $r->{body}, 'half of it');

    $p->fail(call => '*', close => 1);
    $r = $ask->();
    ok($r->{error} && !$r->{status}, 'no answer');

    $p->fail(call => '*', body => 'huge');
    cmp_ok(length $ask->()->{body}, '>', 60_000_000, 'more than anybody wants');

    my $start = now();
    $p->fail(call => '*', slow_ms => 300);
    is($ask->()->{status}, 200, 'the true answer');
    cmp_ok(now() - $start, '>', 0.3, 'but late');
}

# in the words of each platform

for (['youtube.', '/youtube/v3/videos', 403, 'reason', 'rateLimitExceeded'],
     ['google.', '/token', 400, 'reason', 'invalid_grant'],
     ['twitch.', '/helix/users', 429, 'message', 'slow down'],
     ['facebook.', '/v26.0/me', 400, 'code', 80001],
     ['cloudflare.', "/client/v4/accounts/$account/stream/live_inputs", 429,
      'code', 10429])
{
    my ($call, $path, $status, $name, $value) = @$_;

    $p->fail(call => $call, status => $status, $name => $value);
    declined("a failure of $call", $p->request(
        $path eq '/token' ? (POST => $path, form => {}) : (GET => $path)),
        $status, $value);
}

# an answer that is lost, with its effect

my %twitch = %{ $p->client('twitch') };
$auth = { client_id => $twitch{client_id}, response_type => 'code',
    redirect_uri => $twitch{redirect_uri}, state => 's', scope => '' };
$exchange = { grant_type => 'authorization_code', code => twitch_code(),
    %twitch };

$p->fail(call => 'twitch.token', close => 1, done => 1);
is(twitch_token()->{status}, 0, 'an answer is lost');
wrong('but the code is used up', twitch_token(), 400, 'Invalid', 'twice');

$p->fail(call => 'twitch.token', status => 500, count => 5);
is_deeply([$p->unfail], [{ call => 'twitch.token', count => 5 }],
    'failures that were not needed');


# --- the log ----------------------------------------------------------------

my @log = $p->requests(call => 'twitch.token', status => 200);

ok(@log > 3, 'the log');
is($log[0]{body}{client_secret}, '***', 'shows no secret');
is($log[0]{body}{grant_type}, 'authorization_code', 'but all else');
is($log[0]{type}, 'application/x-www-form-urlencoded', 'with its type');

my $log = JSON::PP->new->encode([$p->requests]);
my @shown = grep { index($log, $_) >= 0 } @{ $t->{secrets} };

ok(!@shown, 'nor does anything in it') or diag(explain(\@shown));
cmp_ok(scalar @{ $t->{secrets} }, '>', 100, 'of all that the harness knows');

ok(scalar(grep { $_->{dead} } $p->tokens('twitch')), 'tokens that are dead');

eval { $p->command('nonsense') };
like($@, qr/no command/, 'a command that is not there');

$p->no_violations('no violation is left');

my $conf = $p->conf(qw(youtube twitch));

like($conf, qr/^simulcast_platform twitch api_base=\S+ auth_base=\S+/m,
    'directives');
ok(!scalar(grep { index($conf, $_) >= 0 } @{ $t->{secrets} }),
    'without secrets');



# --- secrets ----------------------------------------------------------------

# one that is given away in the course of a test is found in its logs

my $script = $t->write('leak.t', <<'EOS');
use strict;
use warnings;
use Test::More;
use Test::Live;
use Test::Live::Platforms;
my $t = Test::Live->new(modules => []);
my $p = Test::Live::Platforms->new($t);
my $c = $p->client('twitch');
my ($code) = $p->consent($p->base . '/oauth2/authorize?'
    . Test::Live::Platforms::form(client_id => $c->{client_id}, state => 's',
    redirect_uri => $c->{redirect_uri}, response_type => 'code', scope => ''));
$t->write('error.log', "the code is $code\n") if $ENV{LEAK};
pass('runs');
$t->done;
EOS

for my $leak (0, 1) {
    my $trial = $t->spawn("leak$leak", $^X, '-I' . $t->top . '/t/lib', $script,
        { env => { TEST_TMP => $t->mkdir('trials'), TEST_KEEP => undef,
                   LEAK => $leak },
          err => $t->dir . "/leak$leak.out" });

    is($trial->wait(30) ? 1 : 0, $leak, $leak ? 'a leak fails the test'
        : 'none does not');
    like($trial->stdout, $leak ? qr/^not ok \d+ - no secret shown$/m
        : qr/^ok \d+ - no secret shown$/m, 'as the harness says');
}

$t->done;
