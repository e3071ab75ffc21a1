#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Every call to a platform, answered in every wrong way: what comes of it is
# said in so many words, is tried again where that is of use and no more often
# than it may be, and neither the worker nor another destination takes notice.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Simulcast;

# many days' quota: what is tried here is not what one does in a day

my $s = Test::Live::Simulcast->new(settings => { youtube => {
    quota => 1_000_000 } });
my ($t, $p, $redis) = ($s->t, $s->p, $s->redis);

sub count { return scalar(() = $p->requests(@_)) }

my $own = $t->receiver(name => 'own', flv => 0);
my @workers = sort $t->workers;

my $custom = data($s->api(POST => 'destinations', { stream_id => 'alice',
    platform => 'rtmp_custom', name => 'Own', rtmp_url => $own->url,
    stream_key => 'sK5-stream-key-of-alice', settings => {
    auto_start => $yes } }))->{id};

my $push = $t->publish('alice');
ok($push->started, 'published');
ok($own->wait_event('publish', 15), 'another destination, to look at');


# --- calls before a push --------------------------------------------------

my %id = (
    youtube => $s->account('youtube', title => 'T', category => 'Music',
        tags => ['live']),
    twitch => $s->account('twitch', title => 'T', category => 'no such game'),
    facebook => $s->account('facebook', title => 'T'),
    cloudflare => $s->account('cloudflare', title => 'T'),
);

my $png = pack('H*', '89504e470d0a1a0a') . 'x' x 1000;

$s->api(PUT => "destinations/$id{youtube}/thumbnail", $png,
    type => 'image/png');

# one for each round: the token of a page is asked for once

my @pages = map { $_->{id} } @{ $p->pages('alice', [map { { name => "Page $_" } }
    1 .. 99]) };

my $round = 0;

# so that each round has all calls

sub unsettle {
    my ($case) = @_;

    my ($input) = @{ $p->objects('cloudflare')->{inputs} };

    $s->settings($id{facebook}, page_id => $pages[$round++]);
    $s->settings($id{cloudflare}, recording_mode =>
        !$input || $input->{recording}{mode} eq 'off' ? 'automatic' : 'off');

    $redis->cmd('DEL', "simulcast:broadcast:$id{youtube}")
        if ($case->{youtube} // '') eq 'liveStreams.insert';
    $p->remove('cloudflare')
        if ($case->{cloudflare} // '') eq 'inputs.create';

    return;
}


# what has become of all four

sub settled {
    my %now = map { $_->{platform} => $_ }
        @{ data($s->api(GET => 'destinations?stream_id=alice')) };

    for my $platform (keys %id) {
        my $d = $now{$platform};

        return if $d->{status} !~ /^(?:connected|live)$/
            && !($d->{status} =~ /^(?:error|reconnecting)$/ && $d->{error});
    }

    return \%now;
}


sub stop_all {
    $s->api(POST => "simulcast/alice/destinations/$_/stop") for values %id;

    return $t->wait_for(sub {
        return !$redis->cmd('EXISTS', map { "simulcast:claim:$_" } values %id);
    }, 20, 'they are stopped');
}


# '' , or what was not as it should be

sub try_all {
    my ($name, $failure, $case, $want) = @_;

    unsettle($case);

    while (my ($platform, $call) = each %$case) {
        my %given = %$failure;

        $given{reason} = $given{status} == 403 ? 'forbidden'
            : $given{status} == 429 ? 'rateLimitExceeded' : 'backendError'
            if $platform eq 'youtube' && $given{status} && !$given{body};

        $p->fail(call => "$platform.$call", %given);
    }

    $s->start($_) for values %id;

    my $now = $t->wait_for(\&settled, 20, "$name: settled") || {};
    my @left = map { $_->{call} } $p->unfail;
    my @bad;

    for my $platform (keys %id) {
        my $d = $now->{$platform};
        my $is = $d->{status} =~ /^(?:connected|live)$/ ? 'out'
            : "$d->{status} $d->{error}{code}";
        my $re = $case->{$platform} && $want->{$platform} || 'out';

        push @bad, "$platform." . ($case->{$platform} // '') . " $name: $is"
            unless $is =~ /^(?:$re)$/;
        push @bad, "$platform $name: no message"
            if $is ne 'out' && !length $d->{error}{message};
    }

    push @bad, map { "$_ $name: not called" } @left
        unless ($failure->{count} // 1) > 1;

    stop_all();

    return @bad;
}

# once as it should be: each has what it makes only once

is_deeply([try_all('as it should be', {}, {}, {})], [], 'all go out');

my $unreachable = 'reconnecting platform_unreachable';
my $failed = 'reconnecting platform_failed';
my $answer = 'reconnecting platform_answer';
my $limited = 'reconnecting rate_limited';

# a GET whose connection is closed is sent again, and a refused token is
# refreshed: both go out; and Twitch's ingest may work without its API

my %want = (
    '401' => [{ status => 401 },
        { youtube => 'out', twitch => 'out', facebook => 'out',
          cloudflare => 'error not_configured' }],
    '401 again and again' => [{ status => 401, count => 5 },
        { youtube => 'error token_revoked', twitch => 'error token_revoked',
          facebook => 'error token_revoked',
          cloudflare => 'error not_configured' }],
    '403' => [{ status => 403 },
        { youtube => 'error permission_missing',
          twitch => 'error (?:permission_missing|account_not_ready)',
          facebook => 'error permission_missing',
          cloudflare => 'error not_configured' }],
    '429' => [{ status => 429, retry_after => 3 },
        { youtube => $limited, facebook => $limited, cloudflare => $limited }],
    '500' => [{ status => 500 },
        { youtube => $failed, facebook => $failed, cloudflare => $failed }],
    '503 in HTML' => [{ status => 503, body => 'html' },
        { youtube => $failed, facebook => $failed, cloudflare => $failed }],
    'garbage' => [{ body => 'garbage' },
        { youtube => $answer, facebook => $answer, cloudflare => $answer }],
    'nothing' => [{ body => 'empty' },
        { youtube => $answer, facebook => $answer, cloudflare => $answer }],
    'other JSON' => [{ body => '{"id":[],"items":7,"data":{},"result":[1]}' },
        { youtube => $answer, facebook => $answer, cloudflare => $answer }],
    'cut off' => [{ truncate => $yes },
        { youtube => $unreachable, facebook => $unreachable,
          cloudflare => $unreachable }],
    'closed' => [{ close => $yes },
        { youtube => "$unreachable|out", facebook => "$unreachable|out",
          cloudflare => "$unreachable|out" }],
    'slow' => [{ slow_ms => 400 }, {}],
);

my @cases = (
    { youtube => 'liveBroadcasts.insert', twitch => 'validate',
      facebook => 'accounts', cloudflare => 'inputs.get' },
    { youtube => 'liveStreams.list', twitch => 'streams.key',
      facebook => 'live_videos.create', cloudflare => 'inputs.update' },
    { youtube => 'liveBroadcasts.bind', cloudflare => 'inputs.create' },
    { youtube => 'liveStreams.insert' },
);

for my $case (@cases) {
    my @bad;

    for my $name (sort keys %want) {
        my ($failure, $want) = @{ $want{$name} };

        my %w = %$want;

        # a user's token cannot be refreshed, only that of a page

        $w{facebook} = 'error token_revoked' if $name eq '401'
            && ($case->{facebook} // '') eq 'accounts';

        # any answer of 2xx to a bind will do

        $w{youtube} = 'out' if ($case->{youtube} // '') eq 'liveBroadcasts.bind'
            && $failure->{body} && !$failure->{status};

        push @bad, try_all($name, $failure, $case, \%w);
    }

    is_deeply(\@bad, [], join ', ', map { "$_.$case->{$_}" }
        grep { $case->{$_} } sort keys %id) || diag join "\n", @bad;
}

# what is only shown, or can be done without, keeps nobody from going out

{
    my @bad;

    for my $case ({ youtube => 'videos.update', twitch => 'games' },
        { youtube => 'thumbnails.set', twitch => 'search.categories' },
        { twitch => 'channels.update' }, { twitch => 'channels.get' })
    {
        push @bad, try_all($_, $want{$_}[0], $case, {})
            for '403', '500', 'garbage', 'cut off';
    }

    is_deeply(\@bad, [], 'what a stream can do without')
        || diag join "\n", @bad;
}

ok($push->alive, 'the publisher is there');
is_deeply([sort $t->workers], \@workers, 'the workers are, too');


# --- how often --------------------------------------------------------------

$p->remove('cloudflare');
$s->settings($id{cloudflare}, max_retries => 2);

my $since = count();

$p->fail(call => 'cloudflare.', status => 500, retry_after => 1, count => 50);
$s->start($id{cloudflare});
$s->becomes($id{cloudflare}, sub { $_->{status} eq 'error' },
    'it is given up after some retries');
is($s->destination($id{cloudflare})->{error}{code}, 'platform_failed',
    'and says why');
is(count(since => $since), 3, 'after two of them');
is(scalar $s->quiet(2, 'cloudflare.'), 0, 'and not tried again');
$s->stop($id{cloudflare});

$s->settings($id{cloudflare}, auto_reconnect => $no);
$since = count();
$s->start($id{cloudflare});
$s->becomes($id{cloudflare}, sub { $_->{status} eq 'error' },
    'none without auto_reconnect');
is(count(since => $since), 1, 'once');
$p->unfail;

# a start begins again

$s->settings($id{cloudflare}, auto_reconnect => undef, max_retries => undef,
    recording_mode => 'automatic');
$s->becomes($id{cloudflare}, sub { $_->{status} eq 'live' },
    'other settings do');
$s->stop($id{cloudflare});


# --- calls during a push ----------------------------------------------------

my $bob = $t->publish('bob');
ok($bob->started, 'another stream');

my %bob = map { $_ => $s->account($_, stream => 'bob',
    $_ eq 'facebook' ? (page_id => $pages[0]) : ()) } keys %id;

$p->media('*', 1);

$p->fail(call => 'youtube.liveStreams.list', status => 500, count => 1);
$p->fail(call => 'youtube.liveStreams.list', body => 'garbage');
$p->fail(call => 'youtube.liveBroadcasts.list', body => 'empty');
$p->fail(call => 'youtube.videos.list', body => 'garbage', count => 5);
$p->fail(call => 'facebook.node.get', body => 'garbage');
$p->fail(call => 'facebook.live_video.update', status => 500);
$p->fail(call => 'twitch.streams.get', body => 'garbage', count => 5);
$p->fail(call => 'cloudflare.views', body => 'garbage', count => 5);
$p->fail(call => 'cloudflare.lifecycle', status => 500, count => 5);

$since = count();
$s->start($_) for values %bob;

$s->becomes($bob{$_}, sub { $_->{status} eq 'live' }, "$_: live")
    for sort keys %bob;

ok($t->wait_for(sub { grep { $_->{state} eq 'live' }
    @{ $p->objects('youtube')->{broadcasts} } }, 20, 'youtube: on air'),
    'youtube: on air');
ok($t->wait_for(sub { grep { $_->{state} eq 'LIVE' }
    @{ $p->objects('facebook')->{videos} } }, 20, 'facebook: on air'),
    'facebook: on air');

$t->wait_for(sub { !grep { !count(since => $since, call => $_) }
    qw(youtube.videos.list twitch.streams.get cloudflare.views
       cloudflare.lifecycle) }, 40, 'all are looked after');

for my $platform (sort keys %bob) {
    my $d = $s->destination($bob{$platform});

    is($d->{status}, 'live', "$platform: on air as before");
    is($d->{viewer_count}, undef, "$platform: nobody knows how many see it")
        unless $platform eq 'facebook';
}

$p->unfail;

# it is said when it cannot be ended at once

$p->fail(call => 'youtube.liveBroadcasts.transition', status => 500);
$p->fail(call => 'facebook.node.get', close => $yes);
$p->fail(call => 'facebook.live_video.update', status => 500);

$since = count();
$bob->stop;

ok($t->wait_for(sub { !grep { $_->{state} eq 'live' }
    @{ $p->objects('youtube')->{broadcasts} } }, 20, 'youtube: completed'),
    'youtube: completed all the same');
ok($t->wait_for(sub { !grep { $_->{state} eq 'LIVE' }
    @{ $p->objects('facebook')->{videos} } }, 20, 'facebook: ended'),
    'facebook: ended all the same');
is(count(since => $since, call => 'youtube.liveBroadcasts.transition'), 2,
    'youtube: in two attempts');
is(count(since => $since, call => 'facebook.live_video.update'), 2,
    'facebook: in two attempts');


# --- and the other destination ----------------------------------------------

$p->no_violations('whatever they answer, nothing is done that is wrong');

my $stats = $own->stats;

is(scalar @{ $stats->{connections} }, 1, 'the other one has one connection');
cmp_ok($own->last->{ts_gap}, '<=', 100, 'and every frame');
cmp_ok($own->last->{silence}, '<', 1, 'in time');
is_deeply($own->last->{faults}, [], 'as it should be');

ok($push->alive, 'the publisher is there');
is_deeply([sort $t->workers], \@workers, 'and so are the workers');

$push->stop;
$t->done;
