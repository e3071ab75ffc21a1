#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A stream goes to Twitch: by the key of the day, with what the channel is to
# show, and with tokens whose refresh tokens are good for one use.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Simulcast;

my $s = Test::Live::Simulcast->new;
my ($t, $p, $ingest) = ($s->t, $s->p, $s->ingest);

sub user { return $p->objects('twitch')->{users}[0] }
sub count { return scalar(() = $p->requests(@_)) }

sub refresh {
    my ($id) = @_;
    return $s->api(POST => "destinations/$id/refresh-token");
}

my $id = $s->account('twitch', title => 'An evening', description => 'D',
    category => 'just chatting', tags => ['Deutsch', 'Klavier'],
    language => 'de', latency => 'low');

my $key = user()->{key};
my $push = $t->publish('alice');
ok($push->started, 'published');

my $since = count();

$t->wait_for(sub { said($s->api(POST => 'simulcast/alice/start')) eq '200' },
    10, 'started');

my $e = $s->goes_out($key, 'by the key of the account');
my $started = time;

is($e->{app}, 'app', 'at the ingest that Twitch names for TLS');

# --- what was asked for that

my @asked = $p->requests(since => $since, call => 'twitch.');

is($asked[0]{call}, 'twitch.validate', 'the token is validated at the start');
is($asked[0]{scheme}, 'OAuth', 'as Twitch wants it');

my $channel = user()->{channel};

is($channel->{title}, 'An evening', 'title');
is($channel->{game_id}, '509658', 'category, whatever its case');
is_deeply($channel->{tags}, ['Deutsch', 'Klavier'], 'tags');
is($channel->{broadcaster_language}, 'de', 'language');

$p->media($key, 1);
$p->viewers('twitch', undef, 34);

my $d = $s->destination($id);

is($d->{playback_url}, 'https://www.twitch.tv/alice', 'where to watch');
is($d->{details}{title}, 'An evening', 'details: title');
is($d->{details}{game_id}, '509658', 'details: category');
is($d->{details}{game_name}, 'Just Chatting', 'details: its name');
is($d->{details}{broadcaster_language}, 'de', 'details: language');

# --- one refresh at a time, whichever worker is asked

$since = count();
$p->fail(call => 'twitch.token', slow_ms => 700);

is($s->together(6, sub { refresh($id)->{status} == 200 }), 0,
    'refreshed by six at once');
is(count(since => $since, call => 'twitch.token'), 1, 'Twitch is asked once');
is(said(refresh($id)), 200, 'and the next one has what it gave');
$p->no_violations('no refresh token was used twice');

my @refresh = grep { $_->{kind} eq 'refresh' && !$_->{used} }
    $p->tokens('twitch');

is(scalar @refresh, 1, 'one is left');

# --- dead in mid-stream: the next look at the viewers, and a user, meet it

$p->expire('twitch', 'access');

# --- meanwhile, with an account of another streamer

my $bob = $t->publish('bob');
ok($bob->started, 'another stream');

$p->set(twitch => { user => 'bob' });

my $other = $s->account('twitch', stream => 'bob');
my ($bobs) = grep { $_->{name} eq 'bob' } @{ $p->objects('twitch')->{users} };

$since = count();
$t->wait_for(sub { said($s->api(POST => 'simulcast/bob/start')) eq '200' }, 10,
    'started');
$s->goes_out($bobs->{key}, 'by the key of the other account');

is(count(since => $since, call => 'twitch.channels.update'), 0,
    'what is not wished is left as it is');

# the user resets his key: it is read before each start

$s->stop($other);

my $reset = $p->reset_key('bob');

$s->start($other);
$s->goes_out($reset, 'a new key');
$s->stop($other);

# tried, and shown to nobody

$s->settings($other, bandwidth_test => $yes);
$s->start($other);
$s->goes_out("$reset?bandwidthtest=true", 'a test of the bandwidth');
$s->stop($other);
$s->settings($other, bandwidth_test => undef);

# what the channel cannot have is told, and the stream goes out all the same

$p->set(twitch => { bad_tags => ['Evil'] });
$s->settings($other, tags => ['Evil'], category => 'No such game');
$s->start($other);
$s->goes_out($reset, 'with a tag that is refused');
$s->becomes($other, sub { 2 == grep { /^(Category|Channel information): / }
    @{ $_->{issues} } }, 'issues: the category and the tag');
$s->stop($other);
$s->settings($other, tags => undef, category => undef);

# the API is out of order, the ingest is not

$p->fail(call => 'twitch.', status => 503, count => 100);
$s->start($other);
$s->goes_out($reset, 'by the key that was known');
$s->becomes($other, sub { grep { /^Twitch API: / } @{ $_->{issues} } },
    'issues: the API');
$p->unfail;
$s->stop($other);

# the bucket is empty: the key that is known will do here, too

$p->limit(points => 0, seconds => 60);
$s->start($other);
$s->goes_out($reset, 'out of points');
$s->stop($other);
$p->limit(points => 800, seconds => 60);

# something is left for the user to do

$p->set(twitch => { two_factor => $no });
$s->start($other);
$s->fails($other, 'account_not_ready', 'no two-factor authentication');
like($s->destination($other)->{error}{message}, qr/two-factor/,
    'Twitch says what it takes');
is($s->destination($other)->{status}, 'error', 'it waits for the user');
$s->stop($other);
$p->set(twitch => { two_factor => $yes });

# --- the first look has met the dead token

$s->becomes($id, sub { ($_->{viewer_count} // 0) == 34 },
    'viewers are counted', 45 - (time - $started));

# the worker has the token of the start still, and then the one in Redis

cmp_ok(count(call => 'twitch.streams.get', status => 401), '<=', 2,
    'after the tokens that are dead');
is(scalar(grep { $_->{kind} eq 'refresh' && $_->{user} eq 'alice' && $_->{used} }
    $p->tokens('twitch')), 3, 'refreshed once: two of them were by hand');
like($s->destination($id)->{details}{started_at}, qr/^20\d\d-.*Z$/,
    'details: since when');
is($s->status($id)->{viewer_count}, 34, 'status: viewers');
is($s->destination($id)->{error}, undef, 'no error is left');
is(user()->{state}, 'live', 'it was on air all the time');

$p->no_violations('nothing was done that Twitch does not want');

# --- an answer is lost: that token was used, and there is no other

$p->fail(call => 'twitch.token', close => 1, done => 1);
is(said(refresh($other)), '502 platform_unreachable', 'the answer is lost');
is(said(refresh($other)), '409 token_revoked', 'and the account with it');
is(scalar(() = $p->violations(clear => 1)), 1, 'which is tried once');

$p->expire('twitch', 'access');

# --- revoked by the user: said clearly, and not tried again

$p->revoke('twitch', 'alice');
is(said(refresh($id)), '409 token_revoked', 'revoked');

$s->stop($id);
$s->start($id);
$s->fails($id, 'token_revoked', 'and does not start');
is($s->destination($id)->{status}, 'error', 'it waits for the user');
like($s->destination($id)->{error}{message}, qr/connect the account again/,
    'what he has to do');
is(scalar $s->quiet(3, 'twitch.'), 0, 'nothing is tried again');

# --- and connected anew

$p->set(twitch => { user => 'alice' });

my $again = $s->account('twitch');

$s->start($again);
$e = $s->goes_out($key, 'connected again');

# the end is told to the ingest; a broken connection is none

$push->stop('KILL');
ok(!$s->leaves($e)->{delete_stream}, 'a broken connection is not the end');

$push = $t->publish('alice');
$e = $s->goes_out($key, 'the publisher is back');
$push->stop;
ok($s->leaves($e)->{delete_stream}, 'a real end is one');

$p->no_violations('nothing was done that Twitch does not want, to the end');

$bob->stop;
$t->done;
