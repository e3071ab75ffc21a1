#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A stream goes to YouTube: a broadcast with what the user wishes, live once
# the stream is seen there, looked after while it is, and completed when it
# ends; with few units of the day's quota.

use strict;
use warnings;

use lib 't/lib';

use POSIX qw(strftime);
use Test::More;
use Test::Live::Simulcast;

my $s = Test::Live::Simulcast->new;
my ($t, $p, $ingest) = ($s->t, $s->p, $s->ingest);

sub broadcasts {
    return @{ $p->objects('youtube')->{broadcasts} };
}


sub broadcast {
    my ($id) = @_;
    my ($one) = grep { $_->{id} eq $id } broadcasts();
    return $one;
}


sub calls { return scalar(() = $p->requests(call => "youtube.$_[0]")) }

sub state_of {
    my ($id) = @_;

    my $one = broadcast($id);

    return $one ? $one->{state} : 'gone';
}


sub enters {
    my ($id, $state, $name) = @_;

    ok($t->wait_for(sub { state_of($id) eq $state }, 15, $name), $name);
}


# --- what is wished

my $id = $s->account('youtube');

is($s->destination($id)->{account}, 'Channel of alice', 'whose channel it is');

data($s->api(PATCH => "destinations/$id", { settings => {
    title => 'An evening', description => "With music\nand \x{e9}t\x{e9}",
    privacy => 'unlisted', latency => 'ultraLow', dvr => $no,
    content_encryption => $yes, category => 'Music', tags => ['live', 'piano'],
    language => 'en' } }));

my $jpeg = pack('H*', 'ffd8ffe000104a464946') . 'x' x 1_200_000;

is(said($s->api(PUT => "destinations/$id/thumbnail", $jpeg,
    type => 'image/jpeg')), 200, 'a thumbnail of 1.2 MB');

my $used = $p->quota->{used};
my $push = $t->publish('alice');
ok($push->started, 'published');

$t->wait_for(sub { said($s->api(POST => 'simulcast/alice/start')) eq '200' },
    10, 'started');

my $e = $ingest->wait_event('publish', 15);
my ($stream) = @{ $p->objects('youtube')->{streams} };
my ($first) = broadcasts();

is($e->{name}, $stream->{key}, 'by the key of the stream');
is($e->{app}, 'live2', 'at the address that YouTube names for RTMPS');

my ($inserted) = $p->requests(call => 'youtube.liveBroadcasts.insert');

is_deeply($inserted->{body}{contentDetails}, { enableAutoStart => $yes,
    enableAutoStop => $yes, enableDvr => $no, enableContentEncryption => $yes,
    recordFromStart => $yes, latencyPreference => 'ultraLow',
    monitorStream => { enableMonitorStream => $no } }, 'what it is like');
is_deeply($first->{status}, { privacyStatus => 'unlisted',
    selfDeclaredMadeForKids => $no }, 'who may see it');
is($first->{snippet}{title}, 'An evening', 'title');
is($first->{snippet}{description}, "With music\nand \x{e9}t\x{e9}",
    'description');
is_deeply($first->{video}, { categoryId => '10', tags => ['live', 'piano'] },
    'category and tags');
is_deeply($first->{thumbnail}, { type => 'image/jpeg', bytes => length $jpeg },
    'thumbnail');
is($first->{stream}, $stream->{id}, 'bound');
is_deeply($stream->{cdn}, { ingestionType => 'rtmp', resolution => 'variable',
    frameRate => 'variable' }, 'a stream for whatever comes');
ok($stream->{isReusable}, 'to be used again');
is($first->{state}, 'ready', 'not on air yet');

# --- the token dies while YouTube is waited for: refreshed once

$p->expire('youtube', 'access');

my $since = () = $p->requests;

$t->wait_for(sub {
    my @asked = $p->requests(since => $since, call => 'youtube.');
    return @asked && $asked[-1]{status} == 200;
}, 10, 'it is refreshed');

is(scalar(() = $p->requests(since => $since, call => 'google.token')), 1,
    'once');
is(scalar(() = $p->requests(since => $since, status => 401)), 1,
    'one request was refused');

# --- on air

$p->viewers('youtube', undef, 12);
$p->health('youtube', undef, { status => 'bad', issues => [
    { type => 'gopSizeLong', severity => 'error', reason => 'GOP',
      description => 'The keyframe frequency is too low' },
    { type => 'bitrateLow', severity => 'info', reason => 'Low',
      description => 'Just so you know' } ] });
$p->media($stream->{key}, 1);

enters($first->{id}, 'live', 'on air, by itself');

$s->becomes($id, sub { ($_->{viewer_count} // 0) == 12 },
    'viewers are counted');

my $d = $s->destination($id);

is($d->{status}, 'live', 'live here, too');
is($d->{error}, undef, 'no error');
is($d->{playback_url}, "https://www.youtube.com/watch?v=$first->{id}",
    'where to watch');
is($d->{details}{broadcast_id}, $first->{id}, 'details: the broadcast');
is($d->{details}{title}, 'An evening', 'details: title');
is($d->{details}{privacy}, 'unlisted', 'details: privacy');

my $status = $s->status($id);

is($status->{viewer_count}, 12, 'status: viewers');
is($status->{playback_url}, $d->{playback_url}, 'status: where to watch');
is(data($s->api(GET => 'simulcast/alice/status'))->{stream}{viewer_count}, 12,
    'status: the viewers of all');

my @issues = @{ $s->health($id)->{issues} };

ok((grep { /keyframe frequency is too low/ } @issues),
    'health: what YouTube complains of');
ok(!(grep { /Just so you know/ } @issues), 'and not what is no complaint');

my $went = $p->quota->{used} - $used;

cmp_ok($went, '<', 300, "units of the quota for that: $went");
is(calls('liveBroadcasts.transition'), 0, 'none for a transition');

# looking after it costs at most 2 in 30 s, of 10000 a day

cmp_ok(scalar $s->quiet(4, 'youtube.'), '<=', 2, 'seldom asked from then on');

# --- the publisher breaks off, and comes back: the same broadcast

my $before = calls('liveBroadcasts.transition');

$push->stop('KILL');
$e = $ingest->wait_event('disconnect', 10);
ok(!$e->{delete_stream}, 'the end is not told to the ingest');

$push = $t->publish('alice');
$s->goes_out($stream->{key}, 'the same key again');

is(scalar(() = broadcasts()), 1, 'no other broadcast');
is(state_of($first->{id}), 'live', 'which was on air all the time');
is(calls('liveBroadcasts.transition'), $before, 'nothing was completed');

# --- other wishes while it is on air: the same broadcast has them

$s->settings($id, title => 'A night', privacy => 'private', tags => ['late']);
$s->goes_out($stream->{key}, 'after a short break');

is(scalar(() = broadcasts()), 1, 'no other broadcast');
is(broadcast($first->{id})->{snippet}{title}, 'A night', 'another title');
is(broadcast($first->{id})->{status}{privacyStatus}, 'private',
    'now it is private');
is_deeply(broadcast($first->{id})->{video}, { categoryId => '10',
    tags => ['late'] }, 'other tags');
is($s->destination($id)->{details}{privacy}, 'private', 'details: privacy');
is(state_of($first->{id}), 'live', 'on air as before');

# --- it is stopped, and started at once: another broadcast

$p->fail(call => 'youtube.liveBroadcasts.transition', slow_ms => 1500);

data($s->api(POST => "simulcast/alice/destinations/$id/stop"));
data($s->api(POST => "simulcast/alice/destinations/$id/start"));

ok($t->wait_for(sub { grep { $_->{delete_stream} }
    $ingest->events('disconnect') }, 10, 'a stop is told to the ingest'),
    'a stop is told to the ingest');

enters($first->{id}, 'complete', 'completed');
$e = $s->goes_out($stream->{key}, 'by the same key');

ok($t->wait_for(sub { 2 == (() = broadcasts()) }, 10, 'another broadcast'),
    'to another broadcast');

my ($second) = grep { $_->{id} ne $first->{id} } broadcasts();

enters($second->{id}, 'live', 'on air') if $second;
is(scalar @{ $p->objects('youtube')->{streams} }, 1, 'with the same stream');

# --- the publisher ends

$push->stop;
ok($s->leaves($e)->{delete_stream}, 'the end of the stream is told');
enters($second->{id}, 'complete', 'and it is completed') if $second;

$p->media('*', 0);
$p->media($stream->{key}, 0);

# --- what never was on air is deleted, while it was still waited for

$push = $t->publish('alice');
ok($push->started, 'published again');

my $n = () = broadcasts();

$t->wait_for(sub { $s->start($id)->{status} ne 'stopped' }, 10, 'started');
$s->goes_out($stream->{key}, 'there is no media, says YouTube');
$s->becomes($id, sub { $_->{status} eq 'live' }, 'but it is acknowledged');
$s->quiet(1);

is(scalar(() = broadcasts()), $n + 1, 'a broadcast that waits');
$s->stop($id);

ok($t->wait_for(sub { $n == (() = broadcasts()) }, 15, 'it is deleted'),
    'it is deleted soon after the stop');

# --- announced: it begins in time, not with the stream

my $soon = time + 5;

$s->settings($id, privacy => undef, category => undef, tags => undef,
    language => undef, latency => undef, dvr => undef,
    content_encryption => undef,
    scheduled_start => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $soon));

my %old = map { $_->{id} => 1 } broadcasts();

$s->start($id);
$s->goes_out($stream->{key}, 'the stream of what is announced');

my ($third) = grep { !$old{$_->{id}} } broadcasts();

is($third->{snippet}{scheduledStartTime},
    strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime $soon), 'it is announced');
is_deeply([@{ $third->{contentDetails} }{qw(enableAutoStart enableDvr
    enableContentEncryption latencyPreference)}], [$no, $yes, $no, 'normal'],
    'what it is like where nothing is wished');
is($third->{status}{privacyStatus}, 'public', 'for everybody');

$p->media($stream->{key}, 1);

if (time < $soon - 1) {
    $t->pause(0.5);
    is(state_of($third->{id}), 'ready', 'it waits');
}

enters($third->{id}, 'live', 'on air');
cmp_ok(time, '>=', $soon, 'not before its time');

$p->no_violations('nothing was done that YouTube does not want');

# --- ended by its owner in the studio; the next start makes another

$s->stop($id);
enters($third->{id}, 'complete', 'ended');

$s->settings($id, scheduled_start => undef);
%old = map { $_->{id} => 1 } broadcasts();
$s->start($id);
$s->goes_out($stream->{key}, 'one more');

$t->wait_for(sub { grep { !$old{$_->{id}} && $_->{state} eq 'live' }
    broadcasts() }, 10, 'on air');

my ($fourth) = grep { !$old{$_->{id}} } broadcasts();

$p->end('youtube', $fourth->{id});
$s->fails($id, 'event_ended', 'somebody has ended it there', 45);
is($s->destination($id)->{status}, 'error', 'nothing is sent any more');

%old = map { $_->{id} => 1 } broadcasts();
$s->start($id);
$s->goes_out($stream->{key}, 'a start begins again, without a stop', 10);
is(scalar(grep { !$old{$_->{id}} } broadcasts()), 1, 'with another broadcast');

# --- taken back by the user: what is on air goes on, and says so

$p->revoke('youtube');
$s->fails($id, 'token_revoked', 'revoked', 45);
is($s->destination($id)->{status}, 'live', 'the stream goes on');
cmp_ok(scalar $s->quiet(4), '<=', 2, 'and nothing is tried again and again');

$p->no_violations('nothing was done that YouTube does not want, to the end');

$push->stop;
$t->done;
