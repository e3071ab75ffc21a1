#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A stream goes to Facebook: to the page that was chosen, or the profile, as a
# live video that nobody sees before its picture, and that ends with the stream.

use strict;
use warnings;

use lib 't/lib';

use POSIX qw(strftime);
use Test::More;
use Test::Live::Simulcast;

my $s = Test::Live::Simulcast->new;
my ($t, $p, $ingest) = ($s->t, $s->p, $s->ingest);

sub videos { return @{ $p->objects('facebook')->{videos} } }
sub count { return scalar(() = $p->requests(@_)) }

sub video {
    my ($id) = @_;
    my ($one) = grep { $_->{id} eq $id } videos();
    return $one;
}


sub state_of {
    my ($id) = @_;

    my $one = video($id);

    return $one ? $one->{state} : 'gone';
}


sub enters {
    my ($id, $state, $name) = @_;

    ok($t->wait_for(sub { state_of($id) eq $state }, 15, $name), $name);
}


# starts it, and returns the live video that was made for that

sub airs {
    my ($id, $name) = @_;

    my %old = map { $_->{id} => 1 } videos();
    my $new;

    $s->start($id);

    $t->wait_for(sub { ($new) = grep { !$old{$_->{id}} } videos(); $new }, 10,
        "$name: a live video");

    return ($new, $s->goes_out($new->{key}, $name));
}


my $id = $s->account('facebook', title => 'An evening',
    description => "With music\nand \x{e9}t\x{e9}");

my $push = $t->publish('alice');
ok($push->started, 'published');

# --- the page is to be chosen

$t->wait_for(sub { said($s->api(POST => 'simulcast/alice/start')) eq '200' },
    10, 'started');
$s->fails($id, 'page_not_chosen', 'a page is to be chosen');
is($s->destination($id)->{status}, 'error', 'it waits for that');

# more than one part of a list has

my $made = $p->pages('alice', [map { { name => "Page $_",
    $_ == 7 ? (tasks => ['ANALYZE']) : () } } 1 .. 120]);
my $pages = data($s->api(GET =>
    "destinations/platforms/facebook/pages?destination=$id"));

is(scalar @$pages, 119, 'all pages on which the account may stream');
is_deeply($pages->[118], { id => $made->[119]{id}, name => 'Page 120' },
    'id and name of each, no token');

is(said($s->api(PATCH => "destinations/$id",
    { settings => { page_id => 'Page 1' } })),
    '400 invalid_field settings.page_id', 'not its name');

$p->media('*', 0);
$s->settings($id, page_id => $pages->[118]{id});

my $e = $ingest->wait_event('publish', 15);
my ($first) = videos();

ok($e, 'now it goes out, by itself');
is($e->{name}, $first->{key}, 'with the whole key, query and all');
is($e->{app}, 'rtmp', 'at the address that Facebook names');
like($first->{key}, qr/\?s_bl=1&/, 'which has a query');

is($first->{owner}, $pages->[118]{id}, 'to this page');
is($first->{state}, 'UNPUBLISHED', 'nobody sees it yet');
is($first->{title}, 'An evening', 'title');
is($first->{description}, "With music\nand \x{e9}t\x{e9}", 'description');
is($first->{privacy}, undef, 'a page is for everyone');

# --- on air

$p->viewers('facebook', undef, 56);
$p->health('facebook', undef, { video_framerate => 29.97, issues => [
    { error_code => 1, error_type => 'stream', creation_time => time,
      error_message => 'Your keyframes are too far apart' } ] });
$p->media($first->{key}, 1);

enters($first->{id}, 'LIVE', 'on air, once the stream is seen');

$s->becomes($id, sub { ($_->{viewer_count} // 0) == 56 },
    'viewers are counted');

my $d = $s->destination($id);

is($d->{status}, 'live', 'live here, too');
is($d->{error}, undef, 'no error');
like($d->{playback_url},
    qr{^https://www\.facebook\.com/$pages->[118]{id}/videos/\d+/$},
    'where to watch');
is($d->{details}{live_video}, $first->{id}, 'details: the live video');
like($d->{details}{video_id}, qr/^\d+$/, 'details: the video');
like($d->{details}{embed_html}, qr/^<iframe .*plugins\/video/,
    'details: HTML to embed it');
is($d->{details}{insights}{status}, 'LIVE', 'insights: status');
is($d->{details}{insights}{live_views}, 56, 'insights: viewers');
cmp_ok($d->{details}{insights}{seconds_left}, '>', 28000,
    'insights: what is left of 8 hours');
is($s->status($id)->{viewer_count}, 56, 'status: viewers');
is($s->status($id)->{playback_url}, $d->{playback_url},
    'status: where to watch');

cmp_ok(scalar $s->quiet(4, 'facebook.'), '<=', 2, 'seldom asked from then on');

# --- its token is made longer by hand

my $r = $s->api(POST => "destinations/$id/refresh-token");
my $days = strftime('%Y-%m-%d', gmtime(time + 5183944));

like(data($r)->{token_expires_at}, qr/^\Q$days\E/, 'for 60 days');

# --- the publisher breaks off, and comes back: the same live video

$push->stop('KILL');
ok(!$s->leaves($e)->{delete_stream}, 'the end is not told to the ingest');

$push = $t->publish('alice');
$e = $s->goes_out($first->{key}, 'the same key again');

is(scalar(() = videos()), 1, 'no other live video');
is(state_of($first->{id}), 'LIVE', 'which was on air all the time');

# --- another title while it is on air: the same live video has it

$s->settings($id, title => 'A night');
$e = $s->goes_out($first->{key}, 'after a short break');

is(scalar(() = videos()), 1, 'no other live video');
is(video($first->{id})->{title}, 'A night', 'another title');
is(state_of($first->{id}), 'LIVE', 'on air as before');

# --- the publisher ends

$push->stop;
ok($s->leaves($e)->{delete_stream}, 'the end of the stream is told');
enters($first->{id}, 'VOD', 'and the live video ends');
$p->media('*', 0);
$p->media($first->{key}, 0);

# --- what was never seen is deleted

$push = $t->publish('alice');
ok($push->started, 'published again');

$t->wait_for(sub { $s->api(GET => 'simulcast/alice/status')
    ->json->{data}{stream}{status} eq 'live' }, 10, 'live');

my ($new) = airs($id, 'another live video');

$s->becomes($id, sub { $_->{status} eq 'live' }, 'it is acknowledged');
$s->stop($id);
enters($new->{id}, 'gone', 'nobody has seen it: deleted');

# --- announced

my $soon = time + 6;

$s->settings($id, scheduled_start =>
    strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $soon));

($new) = airs($id, 'one that is announced');

is($new->{state}, 'SCHEDULED_UNPUBLISHED', 'it is announced');
is($new->{start}, $soon, 'for this time');

$p->media($new->{key}, 1);
enters($new->{id}, 'LIVE', 'on air');
cmp_ok(time, '>=', $soon, 'not before its time');
$s->stop($id);
enters($new->{id}, 'VOD', 'and ended');
$s->settings($id, scheduled_start => undef);

# --- the profile, and who may see it

$s->settings($id, page_id => 'me', privacy => 'SELF');
($new) = airs($id, 'to the profile');

is($new->{privacy}, 'SELF', 'for the user alone');
is($new->{owner}, $p->objects('facebook')->{users}[0]{id}, 'his profile');
$s->stop($id);
enters($new->{id}, 'gone', 'deleted, too');

$p->no_violations('nothing was done that Facebook does not want');

# --- what the user has to see to

$p->set(facebook => { refuse_live => 1363144 });
$s->start($id);
$s->fails($id, 'live_not_enabled', 'too few followers');
like($s->destination($id)->{error}{message}, qr/100 followers/, 'how many');
$p->set(facebook => { refuse_live => undef });

$s->settings($id, page_id => $made->[6]{id}, privacy => undef);
$s->fails($id, 'permission_missing', 'a page of others');
$s->settings($id, page_id => '123456789');
$s->fails($id, 'page_not_chosen', 'a page of nobody');

# --- ended on Facebook's own pages; the next start makes another

$s->settings($id, page_id => $pages->[0]{id});

$t->wait_for(sub { ($new) = grep { $_->{owner} eq $pages->[0]{id} } videos() },
    10, 'a live video');
$s->goes_out($new->{key}, 'to another page');
$p->end('facebook', $new->{id});
$s->fails($id, 'event_ended', 'somebody has ended it there');

($new) = airs($id, 'a start begins again');

# --- taken back by the user

$p->revoke('facebook');
$s->fails($id, 'token_revoked', 'revoked');
is($s->destination($id)->{status}, 'live', 'the stream goes on');
is(scalar $s->quiet(3, 'facebook.'), 0, 'and nothing is tried again');

is(said($s->api(POST => "destinations/$id/refresh-token")),
    '409 token_revoked', 'by hand, too');
is(said($s->api(GET => "destinations/platforms/facebook/pages?destination=$id")),
    '409 token_revoked', 'no pages, either');

$p->no_violations('nothing was done that Facebook does not want, to the end');

$push->stop;
$t->done;
