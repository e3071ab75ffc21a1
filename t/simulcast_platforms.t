#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Accounts of YouTube, Twitch, Facebook and Cloudflare: connected once, then a
# source goes out to all of them, and everything that their APIs want before,
# while and after that is done, and done as they want it.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::Platforms;
use Test::Live::Redis;

need(!Test::Live::Platforms::missing(), Test::Live::Platforms::missing());

my $alice = 'aT2-token-of-alice-0001';
my $other = 'aT2-token-of-others-001';
my $pass = 'eK7-encryption-key-of-this-test';

my $t = Test::Live->new(workers => 2, modules => ['simulcast'],
    secrets => [$alice, $other, $pass]);

my $redis = Test::Live::Redis->new($t);
my $ingest = $t->receiver(name => 'ingest', tls => 'good');
my $port = $ingest->port;

my $p = Test::Live::Platforms->new($t, ingest => {
    '*'      => { rtmp => "rtmp://localhost:$port/live",
                  rtmps => "rtmps://localhost:$port/live" },
    facebook => { rtmps => "rtmps://localhost:$port/rtmp" },
});

my $conf = $p->conf;

$t->write('key', "$pass\n");
$t->write('tokens', "$alice alice\n$other *\n");

$t->conf(<<"EOC")->run;
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
    simulcast_allow 127.0.0.0/8 ::1/128;
    $conf

    server {
        listen 127.0.0.1:%%HTTP%% reuseport;

        location /api/ {
            simulcast_api;
            simulcast_api_tokens %%DIR%%/tokens;
        }
    }
}
EOC

my $yes = JSON::PP::true;

sub api {
    my ($method, $path, $body, $token) = @_;

    return $t->request($method, "/api/$path",
        headers => { Authorization => 'Bearer ' . ($token || $alice) },
        $body ? (json => $body) : ());
}


sub data {
    my ($r) = @_;

    my $json = $r->json;

    diag("$r->{status} $r->{body}")
        unless ref $json eq 'HASH' && $json->{success};

    return $json->{data};
}


sub said {
    my ($r) = @_;

    my $json = $r->json;

    return $r->{status} if $json->{success};
    return join ' ', $r->{status}, $json->{error}{code},
        $json->{error}{field} // ();
}


sub exchange {
    my ($platform, %o) = @_;

    my $token = delete $o{token};

    return api(POST => "destinations/platforms/$platform/exchange-token",
        { stream_id => 'alice', name => "My $platform", %o }, $token);
}


sub auth {
    my ($platform, $token) = @_;

    return data(api(GET => "destinations/platforms/$platform/auth-url", undef,
        $token));
}


sub record {
    my ($id) = @_;

    return JSON::PP::decode_json($redis->cmd('HGET',
        "simulcast:destination:$id", 'record'));
}


sub one {
    my ($platform, $what) = @_;

    my @all = @{ $p->objects($platform)->{$what} };

    is(scalar @all, 1, "$platform: one of its $what");
    return $all[0];
}

$t->wait_for(sub { api(GET => 'destinations')->{status} == 200 }, 10, 'Redis');


# --- accounts

my %id;

for my $platform (qw(youtube twitch facebook)) {
    my $auth = auth($platform);
    my ($code, $state) = $p->consent($auth->{authUrl});

    ok($code, "$platform: the user is asked, and consents");
    is($state, $auth->{state}, "$platform: the state comes back");

    is(said(exchange($platform, code => $code, state => $state,
        token => $other)), '400 state_invalid state',
        "$platform: the state is not another token's");

    my $made = data(exchange($platform, code => $code, state => $state));

    $id{$platform} = $made->{id};

    is($made->{platform}, $platform, "$platform: connected");
    is($made->{name}, "My $platform", "$platform: its name");
    like($made->{token_expires_at}, qr/^20\d\d-\d\d-\d\dT[\d:.]+Z$/,
        "$platform: its token expires");

    is(said(exchange($platform, code => $code, state => $state)),
        '400 state_invalid state', "$platform: a state is good for one use");
}

is(record($id{youtube})->{account}, 'Channel of alice', 'whose channel it is');
is(record($id{twitch})->{account}, 'Alice', 'whose account it is');
is(record($id{facebook})->{account}, 'Alice', 'whose profile it is');

$p->no_violations('the accounts were connected as they want it');

# without a state, as long as there is no doubt

{
    is(said(exchange('twitch', code => 'abc')), '400 state_required state',
        'nothing is pending');

    my ($code) = $p->consent(auth('twitch')->{authUrl});
    my $made = data(exchange('twitch', code => $code));

    ok($made->{id}, 'the only one that is pending');
    is(api(DELETE => "destinations/$made->{id}")->{status}, 200, 'removed');

    auth('twitch');
    auth('twitch');
    is(said(exchange('twitch', code => 'abc')), '400 state_required state',
        'two are pending');

    my $auth = auth('youtube');
    is(said(exchange('youtube', code => 'nonsense', state => $auth->{state})),
        '400 code_refused code', 'a code that is none');

    is(said(exchange('youtube', code => 'abc', state => 'nonsense')),
        '400 state_invalid state', 'a state that is none');

    $p->violations(clear => 1);
}

# refreshed by hand

for my $platform (qw(youtube twitch facebook)) {
    my $r = api(POST => "destinations/$id{$platform}/refresh-token");

    like(data($r)->{token_expires_at}, qr/^20/, "$platform: refreshed");
}

is_deeply([map { $_->{used} ? 1 : 0 } grep { $_->{kind} eq 'refresh' }
    $p->tokens('twitch')], [1, 0, 0],
    'twitch: the refresh token that was used is replaced');

my $pages = data(api(GET =>
    "destinations/platforms/facebook/pages?destination=$id{facebook}"));

is_deeply([map { $_->{name} } @$pages], ['Page One of alice',
    'Page Two of alice'], 'facebook: pages');


# --- settings

$redis->cmd('SET', "simulcast:thumbnail:$id{youtube}",
    pack('H*', '89504e470d0a1a0a') . 'x' x 1000);
$redis->cmd('SET', "simulcast:thumbnail:$id{youtube}:type", 'image/png');

my %settings = (
    youtube => { title => 'An evening', description => 'With music',
        privacy => 'unlisted', latency => 'low', dvr => JSON::PP::false,
        content_encryption => $yes, category => 'Music',
        tags => ['live', 'music'] },
    twitch => { title => 'An evening', category => 'just chatting',
        language => 'de', tags => ['Deutsch'] },
    facebook => { title => 'An evening', description => 'With music',
        page_id => $pages->[1]{id} },
);

for my $platform (sort keys %settings) {
    is(said(api(PATCH => "destinations/$id{$platform}",
        { settings => $settings{$platform} })), 200, "$platform: settings");
}

$id{cloudflare} = data(api(POST => 'destinations', { stream_id => 'alice',
    platform => 'cloudflare', name => 'My cloudflare', is_enabled => $yes,
    settings => { recording_mode => 'automatic' } }))->{id};


# --- a stream

my $push = $t->publish('alice');
ok($push->started, 'published');

$t->wait_for(sub { said(api(POST => 'simulcast/alice/start')) eq '200' }, 15,
    'started');

my %key;

$t->wait_for(sub {
    %key = map { $_->{name} => 1 } $ingest->events('publish');
    return keys %key == 4;
}, 30, 'four publish');

$p->no_violations('everything was prepared as they want it');

# every stream is at its platform's ingest by its own key

my $youtube = $p->objects('youtube');
my $user = one('twitch', 'users');
my $input = one('cloudflare', 'inputs');
my ($video) = @{ $p->objects('facebook')->{videos} };

for my $key ($youtube->{streams}[0]{key}, $user->{key}, $input->{key},
    $video->{key})
{
    ok($key{$key}, 'a key of theirs');
}

my $broadcast = one('youtube', 'broadcasts');

is($broadcast->{title}, 'An evening', 'youtube: title')
    if exists $broadcast->{title};
is($user->{channel}{title}, 'An evening', 'twitch: title');
is($user->{channel}{broadcaster_language}, 'de', 'twitch: language');
is_deeply($user->{channel}{tags}, ['Deutsch'], 'twitch: tags');
ok($user->{channel}{game_id}, 'twitch: a category');
is($video->{state}, 'UNPUBLISHED', 'facebook: nobody sees it yet');
is($video->{owner}, $pages->[1]{id}, 'facebook: the page that was chosen');
is($input->{recording}{mode}, 'automatic', 'cloudflare: it records');

my ($inserted) = $p->requests(call => 'youtube.liveBroadcasts.insert');

is_deeply($inserted->{body}{contentDetails}, { enableAutoStart => $yes,
    enableAutoStop => $yes, enableDvr => JSON::PP::false,
    enableContentEncryption => $yes, recordFromStart => $yes,
    latencyPreference => 'low',
    monitorStream => { enableMonitorStream => JSON::PP::false } },
    'youtube: what the broadcast is like');
is($inserted->{body}{status}{privacyStatus}, 'unlisted', 'youtube: privacy');
is(scalar(() = $p->requests(call => 'youtube.thumbnails.set',
    status => 200)), 1, 'youtube: a thumbnail');

my ($updated) = $p->requests(call => 'youtube.videos.update');

is_deeply($updated->{body}{snippet}, { title => 'An evening',
    description => 'With music', categoryId => '10',
    tags => ['live', 'music'] }, 'youtube: category and tags');

# the platforms see the media: what is to be public becomes so

$p->viewers('youtube', undef, 12);
$p->viewers('twitch', undef, 34);
$p->viewers('facebook', undef, 56);
$p->viewers('cloudflare', undef, 78);
$p->media('*', 1);

$t->wait_for(sub {
    my ($v) = @{ $p->objects('facebook')->{videos} };
    return $v->{state} eq 'LIVE';
}, 30, 'facebook: it is live');

$t->wait_for(sub {
    my ($b) = @{ $p->objects('youtube')->{broadcasts} };
    return $b->{state} eq 'live';
}, 30, 'youtube: it is live');

my %want = (youtube => 12, twitch => 34, facebook => 56, cloudflare => 78);
my %now;

$t->wait_for(sub {
    my $data = data(api(GET => 'simulcast/alice/status'));

    %now = map { $_->{platform} => $_ } @{ $data->{destinations} };
    return !grep { ($now{$_}{viewer_count} // -1) != $want{$_} } keys %want;
}, 90, 'viewers of all');

like($now{youtube}{playback_url}, qr{^https://www\.youtube\.com/watch\?v=\w+$},
    'youtube: where to watch');
is($now{twitch}{playback_url}, 'https://www.twitch.tv/alice',
    'twitch: where to watch');
like($now{facebook}{playback_url}, qr{^https://www\.facebook\.com/\d+/videos/},
    'facebook: where to watch');
like($now{cloudflare}{playback_url},
    qr{^https://[^/]+/\Q$input->{uid}\E/manifest/video\.m3u8$},
    'cloudflare: where to watch');

# --- a token that dies in mid-stream

my $before = () = $p->requests;

$p->expire('twitch', 'access');
$p->expire('youtube', 'access');

$t->wait_for(sub {
    my @twitch = $p->requests(call => 'twitch.', since => $before);
    my @youtube = $p->requests(call => 'youtube.', since => $before);

    return (grep { $_->{status} == 401 } @twitch)
        && (grep { $_->{status} == 401 } @youtube)
        && $twitch[-1]{status} == 200 && $youtube[-1]{status} == 200;
}, 90, 'a dead token is refreshed');

$p->no_violations('nothing was done that they do not want');

# --- the end

is(said(api(POST => 'simulcast/alice/stop')), 200, 'stopped');

$t->wait_for(sub {
    my ($b) = @{ $p->objects('youtube')->{broadcasts} };
    return $b->{state} eq 'complete';
}, 30, 'youtube: completed');

$t->wait_for(sub {
    my ($v) = @{ $p->objects('facebook')->{videos} };
    return $v->{state} eq 'VOD';
}, 30, 'facebook: ended');

$p->media('*', 0);

# and once more: what can be used again is

is(said(api(POST => 'simulcast/alice/start')), 200, 'started again');

$t->wait_for(sub { 8 == (() = $ingest->events('publish')) }, 30,
    'four publish again');

is(scalar @{ $p->objects('youtube')->{broadcasts} }, 2,
    'youtube: another broadcast');
is(scalar @{ $p->objects('youtube')->{streams} }, 1,
    'youtube: the same stream');
is(scalar @{ $p->objects('facebook')->{videos} }, 2,
    'facebook: another live video');
is(scalar @{ $p->objects('cloudflare')->{inputs} }, 1,
    'cloudflare: the same live input');

is(said(api(POST => 'simulcast/alice/stop')), 200, 'stopped again');

# what never was on air is not left lying about

$t->wait_for(sub {
    return @{ $p->objects('youtube')->{broadcasts} } == 1
        && @{ $p->objects('facebook')->{videos} } == 1;
}, 30, 'what nobody saw is deleted');

$p->no_violations('nothing was done that they do not want');

$push->stop;
$t->done;
