#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What the APIs of platforms answer when something is wrong: what is tried
# again, what is undone, what users are told, and what a push does not mind.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use POSIX qw(strftime);
use Test::More;
use Test::Live;
use Test::Live::Platforms;
use Test::Live::Redis;

need(!Test::Live::Platforms::missing(), Test::Live::Platforms::missing());

my $alice = 'aT3-token-of-alice-0001';
my $pass = 'eK8-encryption-key-of-this-test';

my $t = Test::Live->new(workers => 2, modules => ['simulcast'],
    secrets => [$alice, $pass], timeout => 400);

my $redis = Test::Live::Redis->new($t);
my $ingest = $t->receiver(name => 'ingest');
my $port = $ingest->port;

my $p = Test::Live::Platforms->new($t, ingest => {
    '*'      => { rtmps => "rtmp://localhost:$port/live" },
    facebook => { rtmps => "rtmp://localhost:$port/rtmp" },
});

my $conf = $p->conf;

$t->write('key', "$pass\n");
$t->write('tokens', "$alice alice\n");

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

sub api {
    my ($method, $path, $body) = @_;

    return $t->request($method, "/api/$path",
        headers => { Authorization => "Bearer $alice" },
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
    return join ' ', $r->{status}, $json->{error}{code};
}


sub connect_to {
    my ($platform, %settings) = @_;

    my $auth = data(api(GET => "destinations/platforms/$platform/auth-url"));
    my ($code, $state) = $p->consent($auth->{authUrl});

    my $id = data(api(POST => "destinations/platforms/$platform/exchange-token",
        { stream_id => 'alice', name => $platform, code => $code,
          state => $state }))->{id};

    data(api(PATCH => "destinations/$id", { settings => \%settings }))
        if %settings;

    return $id;
}


sub start {
    my ($id) = @_;
    return data(api(POST => "simulcast/alice/destinations/$id/start"));
}


sub stop {
    my ($id) = @_;

    data(api(POST => "simulcast/alice/destinations/$id/stop"));

    return $t->wait_for(sub {
        return data(api(GET => "destinations/$id"))->{status} eq 'stopped';
    }, 30, 'stopped');
}


sub health {
    my ($id) = @_;

    my $text = $redis->cmd('GET', "simulcast:health:$id") // '{}';
    return JSON::PP::decode_json($text);
}


# what is said of it sooner or later

sub tells {
    my ($id, $re, $name) = @_;

    my $last = '';

    return ok($t->wait_for(sub {
        $last = JSON::PP->new->canonical->encode(health($id));
        return $last =~ $re;
    }, 40, $name), $name) || diag($last);
}


sub publishes { return scalar(() = $ingest->events('publish')) }

sub goes_out {
    my ($before, $name) = @_;
    return ok($t->wait_for(sub { publishes() > $before }, 60, $name), $name);
}

$t->wait_for(sub { api(GET => 'destinations')->{status} == 200 }, 10, 'Redis');

my $push = $t->publish('alice');
ok($push->started, 'published');

my $n;

# --- YouTube

my $youtube = connect_to('youtube');

# what was created is deleted when the rest of it fails

$p->fail(call => 'youtube.liveBroadcasts.bind', status => 400,
    reason => 'somethingNew', message => 'not today', count => 1);

start($youtube);
tells($youtube, qr/not today/, 'youtube: what it said');

$t->wait_for(sub { 2 == (() = $p->requests(call => 'youtube.', method =>
    'DELETE', status => 204)) }, 20, 'youtube: it is undone');

my $o = $p->objects('youtube');

is(scalar @{ $o->{broadcasts} }, 0, 'youtube: no broadcast is left');
is(scalar @{ $o->{streams} }, 0, 'youtube: no stream is left');

stop($youtube);

# a refusal that is spurious

$n = publishes();
$p->fail(call => 'youtube.liveBroadcasts.insert', status => 403,
    reason => 'liveStreamingNotEnabled', count => 1);
start($youtube);
goes_out($n, 'youtube: asked twice, it lets us');
stop($youtube);

# and one that is not

$p->set(youtube => { live_enabled => JSON::PP::false });
start($youtube);
tells($youtube, qr/live_not_enabled/, 'youtube: not enabled');
stop($youtube);
$p->set(youtube => { live_enabled => JSON::PP::true });

# out of quota

$p->quota(used => 10000);
start($youtube);
tells($youtube, qr/quota_exceeded/, 'youtube: out of quota');
stop($youtube);
$p->quota(used => 0);

# out of order

for my $failure ({ status => 500 }, { body => 'garbage' }, { body => 'huge' },
    { close => 1 }, { status => 429, retry_after => 1 })
{
    my $name = join ' ', %$failure;

    $n = publishes();
    $p->fail(call => 'youtube.liveStreams.', count => 1, %$failure);
    start($youtube);
    goes_out($n, "youtube: $name, and tried again");
    stop($youtube);
}

# one that is announced begins when it was said to, and not with the stream

my $soon = time + 20;

data(api(PATCH => "destinations/$youtube", { settings => {
    scheduled_start => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $soon) } }));

$n = publishes();
start($youtube);
goes_out($n, 'youtube: the stream is there');
$p->media('*', 1);

my ($b) = grep { $_->{state} ne 'complete' }
    @{ $p->objects('youtube')->{broadcasts} };

is($b->{state}, 'ready', 'youtube: it waits for its time') if time < $soon - 5;

$t->wait_for(sub {
    return grep { $_->{id} eq $b->{id} && $_->{state} eq 'live' }
        @{ $p->objects('youtube')->{broadcasts} };
}, 60, 'youtube: it is live');

cmp_ok(time, '>=', $soon - 1, 'youtube: when it was said to be');

# ended by its owner

$p->end('youtube', $b->{id});
tells($youtube, qr/event_ended/, 'youtube: ended there');
$p->media('*', 0);
stop($youtube);

# the user takes it back

$p->revoke('youtube');
start($youtube);
tells($youtube, qr/token_revoked/, 'youtube: no consent any more');
stop($youtube);

$p->no_violations('youtube: whatever it says, we do nothing that is wrong');


# --- Twitch

my $twitch = connect_to('twitch');

$n = publishes();
start($twitch);
goes_out($n, 'twitch: the key is known');
stop($twitch);

# its API is out of order, its ingest is not

$n = publishes();
$p->fail(call => 'twitch.', status => 503, count => 20);
start($twitch);
goes_out($n, 'twitch: by the key that is known');
stop($twitch);
$p->unfail;

$p->set(twitch => { two_factor => JSON::PP::false });
start($twitch);
tells($twitch, qr/two-factor/, 'twitch: what the user has to do');
stop($twitch);
$p->set(twitch => { two_factor => JSON::PP::true });

# a refresh token is good for one use: one at a time, whoever asks

$p->violations(clear => 1);

my @pid;

for (1 .. 6) {
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        my $r = api(POST => "destinations/$twitch/refresh-token");
        POSIX::_exit($r->{status} == 200 ? 0 : 1);
    }

    push @pid, $pid;
}

my $failed = grep { waitpid($_, 0); $? } @pid;

is($failed, 0, 'twitch: refreshed by six at once');
$p->no_violations('twitch: no refresh token was used twice');

# after that the one that is stored works

is(said(api(POST => "destinations/$twitch/refresh-token")), 200,
    'twitch: and once more');
$p->no_violations('twitch: with the one that was stored');

# while the platform answers slowly, or nothing that can be understood

$p->fail(call => 'twitch.token', body => 'garbage', count => 1);
is(said(api(POST => "destinations/$twitch/refresh-token")),
    '502 platform_answer', 'twitch: garbage');

$p->fail(call => 'twitch.token', status => 500, count => 1);
is(said(api(POST => "destinations/$twitch/refresh-token")),
    '502 platform_failed', 'twitch: 500');

$p->fail(call => 'twitch.token', status => 429, retry_after => 7, count => 1);
is(said(api(POST => "destinations/$twitch/refresh-token")),
    '429 rate_limited', 'twitch: 429');

is(said(api(POST => "destinations/$twitch/refresh-token")), 200,
    'twitch: the refresh token is good as before');

$p->revoke('twitch');
is(said(api(POST => "destinations/$twitch/refresh-token")),
    '409 token_revoked', 'twitch: revoked');


# --- Facebook

my $facebook = connect_to('facebook');

start($facebook);
tells($facebook, qr/page_not_chosen/, 'facebook: no page is chosen');
stop($facebook);

my $pages = data(api(GET =>
    "destinations/platforms/facebook/pages?destination=$facebook"));

data(api(PATCH => "destinations/$facebook",
    { settings => { page_id => $pages->[0]{id} } }));

$n = publishes();
start($facebook);
goes_out($n, 'facebook: to the page');
stop($facebook);

# the page's token dies

$p->expire('facebook', 'page');
start($facebook);
tells($facebook, qr/token_revoked/, 'facebook: the user is asked');
is(scalar(() = $p->requests(call => 'facebook.accounts')), 3,
    'facebook: after another token of the page was asked for');
stop($facebook);

$p->set(facebook => { refuse_live => 1363144 });
start($facebook);
tells($facebook, qr/100 followers|token_revoked/, 'facebook: not eligible');
stop($facebook);
$p->set(facebook => { refuse_live => undef });


# --- Cloudflare

my $cloudflare = data(api(POST => 'destinations', { stream_id => 'alice',
    platform => 'cloudflare', name => 'C', is_enabled => JSON::PP::true,
    settings => { recording_mode => 'off' } }))->{id};

$n = publishes();
start($cloudflare);
goes_out($n, 'cloudflare: created');
stop($cloudflare);

my ($input) = @{ $p->objects('cloudflare')->{inputs} };

is($input->{recording}{mode}, 'off', 'cloudflare: it does not record');

data(api(PATCH => "destinations/$cloudflare",
    { settings => { recording_mode => 'automatic' } }));

$n = publishes();
start($cloudflare);
goes_out($n, 'cloudflare: used again');
stop($cloudflare);

($input) = @{ $p->objects('cloudflare')->{inputs} };

is($input->{recording}{mode}, 'automatic', 'cloudflare: now it does');

$p->remove('cloudflare', $input->{uid});

$n = publishes();
start($cloudflare);
goes_out($n, 'cloudflare: another, when it is gone');
stop($cloudflare);

my $inputs = $p->objects('cloudflare')->{inputs};

ok(@$inputs == 1 && $inputs->[0]{uid} ne $input->{uid},
    'cloudflare: and only one');

$p->revoke('cloudflare');
start($cloudflare);
tells($cloudflare, qr/not_configured/, 'cloudflare: the API token is dead');
stop($cloudflare);

$p->no_violations('nor with the others');

# nothing of all this was anything to the source

ok($push->alive, 'the publisher is there');

$push->stop;
$t->done;
