#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The figures of a session: what beacons tell, bounded by the time that has passed;
# what requests tell where there are no beacons; what is owed for it; and that all
# of it adds up over workers, in the analytics, the usage, the status and the
# metrics.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Prometheus;
use Test::Live::Show;
use Time::HiRes qw(time);

my $show = Test::Live::Show->new(hls => 1,
    http => 'multisource_price alice currency=EUR base=0.06 screen=0.6 camera=0.3 bundle_discount=10%;');
my $t = $show->run->{t};

$show->start('alice', title => 'Figures', streams => [
    { name => 'Main_Screen', type => 'screen' }, { name => 'Face_Cam', type => 'camera' } ]);

$show->publish('alice', $_) for qw(Main_Screen Face_Cam);
$show->wait_live('alice', 2);

my $all = $show->analytics('alice');

is_deeply($all->{viewers}, { now => 0, peak => 0, distinct => 0 }, 'nobody has watched');
is($all->{watch_ms}, 0, 'nothing');
is_deeply($all->{revenue}, { currency => 'EUR', amount => '0.000000' }, 'and owes nothing');

# --- beacons --------------------------------------------------------------------

my @viewer = map { $show->join('alice') } 1 .. 3;
my $joined = time;

$t->pause(1.2);

is($show->beacon($viewer[0], join_ms => 640, watching => ['Main_Screen'], watched => { Main_Screen => 1000 },
    watched_ms => 1000)->{status}, 204, 'a beacon');
$show->beacon($viewer[1], join_ms => 90, watching => ['Main_Screen', 'Face_Cam'],
    watched => { Main_Screen => 1000, Face_Cam => 500 }, watched_ms => 1000);

$t->wait_for(sub { ($show->analytics('alice')->{viewers}{now} || 0) == 2 }, 'two are there');

$t->pause(1);

$show->beacon($viewer[0], watching => ['Face_Cam'], watched => { Main_Screen => 300, Face_Cam => 400 }, watched_ms => 700,
    switches => [['Main_Screen', 'Face_Cam']], stalls => 2, stalled_ms => 150);

# what was told already does not count again

$viewer[0]{seq} = 1;
is($show->beacon($viewer[0], watched => { Face_Cam => 400 }, watched_ms => 400)->{status}, 204, 'one that comes again');

$t->pause(0.5);
$show->beacon($viewer[0], leaving => JSON::PP::true(), watching => [], watched => { Face_Cam => 250 }, watched_ms => 250,
    switches => [['Face_Cam', 'Main_Screen'], ['Main_Screen', 'Face_Cam']]);

# one who claims an hour gets what has passed

$show->beacon($viewer[2], watching => ['Face_Cam'], watched => { Face_Cam => 3_600_000 }, watched_ms => 3_600_000);

my $passed = (time - $joined) * 1000 + 1500;

$t->wait_for(sub { $show->analytics('alice')->{viewers}{now} == 2 }, 'one has left, one has come');

$all = $show->analytics('alice');

my $claimed = $all->{sources}{Face_Cam}{watch_ms} - 1150;

cmp_ok($claimed, '>', 1000, 'a claim of an hour counts');
cmp_ok($claimed, '<=', $passed, 'as far as time has passed');

is($all->{viewers}{distinct}, 3, 'three viewers');
cmp_ok($all->{viewers}{peak}, '>=', 2, 'two at a time');
is($all->{sources}{Main_Screen}{watch_ms}, 2300, 'the time of a source');
is($all->{sources}{Main_Screen}{views}, 2, 'how often it was watched');
is($all->{sources}{Face_Cam}{views}, 3, 'and the other one');
is($all->{watch_ms}, 2950 + $claimed, 'time with at least one');
is($all->{avg_duration_ms}, int($all->{watch_ms} / 3), 'of each viewer');
is_deeply([map { "$_->{from} $_->{to} $_->{count}" } sort { $a->{from} cmp $b->{from} } @{ $all->{switches} }],
    ['Face_Cam Main_Screen 1', 'Main_Screen Face_Cam 2'], 'switches');
is("$all->{join}{count} $all->{join}{avg_ms}", '2 365', 'join latency');
is_deeply($all->{stalls}, { count => 2, ms => 150 }, 'stalls');

my $share = $all->{sources}{Main_Screen}{share};
cmp_ok(abs($share - 2300 / (2300 + 1150 + $claimed)), '<', 0.001, 'shares');

# --- what is owed ---------------------------------------------------------------

# per minute: base 0.06, screen 0.6, camera 0.3; 10 % off base and addons while two are watched

my $u = $show->data('GET', 'session/alice/usage', key => 'alice');
my %owed = map { $_->{viewer_id} => $_ } @{ $u->{viewers} };

my $first = (1000 * 0.66 + (700 * 0.06 + 300 * 0.6 + 400 * 0.3) + 250 * 0.36) / 60000;
my $both = (1000 * 0.06 + 1000 * 0.6 + 500 * 0.3 - 0.1 * (500 * 0.06 + 500 * 0.6 + 500 * 0.3)) / 60000;

cmp_ok(abs($owed{ $viewer[0]{viewer_id} }{amount} - $first), '<', 0.000002, 'what the first one owes');
cmp_ok(abs($owed{ $viewer[1]{viewer_id} }{amount} - $both), '<', 0.000002, 'a bundle');
is($owed{ $viewer[0]{viewer_id} }{sources}{Main_Screen}, 1300, 'for what');

my $sum = 0;
$sum += $_->{amount} for values %owed;

cmp_ok(abs($u->{amount} - $sum), '<', 0.00001, 'all of them together');
is($u->{currency}, 'EUR', 'in its currency');
is($u->{total}, 3, 'of three');

my $own = $show->data('GET', "session/alice/usage", viewer => $viewer[1]);

is(scalar @{ $own->{viewers} }, 1, 'a viewer sees himself');
is($own->{viewers}[0]{viewer_id}, $viewer[1]{viewer_id}, 'and nobody else');
is(scalar @{ $show->data('GET', 'session/alice/usage?limit=2', key => 'alice')->{viewers} }, 2, 'a page of them');
is(scalar @{ $show->data('GET', 'session/alice/usage?limit=2&offset=2', key => 'alice')->{viewers} }, 1,
    'and the next one');

# a source that is not enabled is not paid for

my $thrifty = $show->join('alice');
$show->ask('PUT', 'session/alice/preferences', viewer => $thrifty, json => { enabled_streams => ['Face_Cam'] });
$t->pause(0.6);
$show->beacon($thrifty, watched => { Main_Screen => 500, Face_Cam => 500 }, watched_ms => 500, watching => [],
    leaving => JSON::PP::true());

$own = $show->data('GET', 'session/alice/usage', viewer => $thrifty);
cmp_ok(abs($own->{viewers}[0]{amount} - 500 * 0.36 / 60000), '<', 0.000002, 'only what is enabled is owed');

# --- requests -------------------------------------------------------------------

# a player that tells nothing: by his token, from both workers

my $quiet = $show->join('alice');
my %as = (headers => { 'X-Viewer-Token' => $quiet->{token} });
my $before = $show->analytics('alice');

$t->wait_for(sub { $t->get('/hls/alice/Face_Cam/live.m3u8', %as)->{status} == 200 }, 20, 'a playlist');

my $from = time;

while (time - $from < 3) {
    $t->get('/hls/alice/Face_Cam/live.m3u8', %as);
    $t->get('/hls/alice/Face_Cam/preview.mp4', %as);
    $t->get('/hls/alice/Main_Screen/index.m3u8', %as);
    $t->pause(0.2);
}

my $took = (time - $from) * 1000;

($own) = @{ $show->data('GET', 'session/alice/usage', viewer => $quiet)->{viewers} };
cmp_ok(abs($own->{watch_ms} - $took), '<', 900, "requests of $took ms are time") or diag($own->{watch_ms});
is(join(' ', keys %{ $own->{sources} }), 'Face_Cam', 'of the source that was asked for; a look at a picture is none');

$all = $show->analytics('alice');
is($all->{sources}{Face_Cam}{views}, $before->{sources}{Face_Cam}{views} + 1, 'which is one view');
is($all->{viewers}{distinct}, 5, 'of one more viewer');

# --- elsewhere ------------------------------------------------------------------

my ($s) = @{ $t->get('/status')->json->{sessions} };

is($s->{session}, $all->{session}, 'the status has the session');
is($s->{viewers}{distinct}, 5, 'with its figures');
is_deeply($s->{switches}, $all->{switches}, 'all of them');

my ($source) = grep { $_->{id} eq 'Face_Cam' } @{ $t->get('/sources/alice',
    headers => { 'X-Viewer-Token' => $quiet->{token} })->json };

ok(defined $source->{viewers}, 'a source in the list has viewers');

my $metrics = $t->get('/metrics')->{body};

like($metrics, qr/^multisource_sessions 1$/m, 'metrics: sessions');
like($metrics, qr/^multisource_viewers\{app="live",streamer="alice"\} \d+$/m, 'metrics: viewers');

# --- and it stays ---------------------------------------------------------------

$show->ask('POST', 'session/alice/stop', key => 'alice');

my $end = $show->analytics('alice');

is($end->{status}, 'ended', 'ended');
cmp_ok($end->{watch_ms}, '>=', $all->{watch_ms}, 'its figures stay');
is($end->{sources}{Main_Screen}{watch_ms}, $all->{sources}{Main_Screen}{watch_ms}, 'of each source');
is($end->{viewers}{distinct}, 5, 'all of them');
is_deeply($t->get('/status')->json->{sessions}[0]{viewers}, { now => 0, peak => $end->{viewers}{peak}, distinct => 5 },
    'nobody is there any more');

$t->done;
