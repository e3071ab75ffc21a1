#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The events of a session: what comes first, what every change makes, what none
# makes, the same in every worker; through the end of a session into the next
# one, and through a reload.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::IO qw(now);
use Test::Live::Show qw(code);

my $show = Test::Live::Show->new(http => 'multisource_sessions_grace 1s;');
my $t = $show->run->{t};

my ($yes, $no) = (JSON::PP::true(), JSON::PP::false());
my ($r, $e);

sub refused {
    my ($r, $want, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is("$r->{status} " . code($r), $want, $name) or diag($r->{body});
}

# of one event: the part that is asked about, or what came in its place

sub told {
    my ($events, $name, $sub) = @_;

    my $event = $events->wait_event($name, 5) or return "no $name";

    return $sub->($event->{data});
}

# --- what comes first -----------------------------------------------------------

refused($show->ask('GET', 'session/alice/events'), '404 session_not_found', 'no session, no events');

my $s = $show->start('alice', title => 'First', streams => [ { name => 'Main_Screen', type => 'screen' },
    { name => 'Face_Cam', type => 'camera' } ]);
my $id = $s->{id};
my $events = $show->events($id);

is($events->{status}, 200, 'events');
is($events->{headers}{'content-type'}, 'text/event-stream', 'are events');
is($events->{headers}{'cache-control'}, 'no-store', 'and kept by nobody');
like($events->next(2)->{comment}, qr/multisource/, 'a comment at once');

my @first = map { $events->next(2) } 1 .. 3;

is(join(' ', map { $_->{event} } @first), 'session on_air viewers', 'then how things stand');
is_deeply($first[0]{data}, $show->status($id), 'the session, as its status');
is_deeply($first[1]{data}, { mode => 'off', source => undef, at => undef }, 'nothing on air');
is_deeply($first[2]{data}, { now => 0, peak => 0, sources => { Main_Screen => 0, Face_Cam => 0 } }, 'nobody watches');

# by the name of the streamer, of both workers

my @all = ($events, map { $show->events('alice') } 1 .. 7);

is(scalar(grep { ($_->wait_event('viewers', 3) || {})->{raw} } @all[1 .. 7]), 7, 'several listen');

# --- sources --------------------------------------------------------------------

my $p = $show->live('alice', 'Main_Screen');

is(told($events, 'source_added', sub { "$_[0]{id} $_[0]{viewers}" }), 'Main_Screen 0', 'a source');
is(scalar(grep { told($_, 'source_added', sub { $_[0]{id} }) eq 'Main_Screen' } @all[1 .. 7]), 7, 'told to all');

my $late = $show->events($id);

is(told($late, 'source_added', sub { $_[0]{id} }), 'Main_Screen', 'who comes late gets the list');
$late->close;

my @hide = ('PUT', "session/$id/streams/Main_Screen", key => 'alice', json => { enabled => $no });

is($show->ask(@hide)->{status}, 200, 'hidden');
is(told($events, 'source_removed', sub { $_[0]{id} }), 'Main_Screen', 'goes away for viewers');
refused($show->ask('PUT', "session/$id/director", key => 'alice',
    json => { mode => 'manual', source => 'Main_Screen' }), '400 invalid_request', 'and cannot be on air');
$show->ask('PUT', "session/$id/streams/Main_Screen", key => 'alice', json => { enabled => $yes });
is(told($events, 'source_added', sub { $_[0]{id} }), 'Main_Screen', 'shown again');

# --- the session ----------------------------------------------------------------

my $title = "Zwei \x{201e}Z\x{fc}ge\x{201c}\ndata: x";

$show->start('alice', title => $title =~ s/\n.*//sr);
$t->wait_for(sub { told($events, 'session', sub { $_[0]{title} }) eq $title =~ s/\n.*//sr }, 5, 'another title');
refused($show->ask('POST', 'session/start', key => 'alice', json => { title => $title }), '400 invalid_request',
    'of one line');

# --- on air ---------------------------------------------------------------------

my @direct = ('PUT', 'session/alice/director', key => 'alice', json => { mode => 'manual', source => 'Main_Screen' });

$show->ask(@direct);
$e = $events->wait_event('on_air', 3);

is("$e->{data}{mode} $e->{data}{source}", 'manual Main_Screen', 'a source on air');
cmp_ok($e->{data}{at}, '>', time * 1000 - 2000, 'from a moment on');
is_deeply($show->data('GET', "session/$id/director"), $e->{data}, 'as who asks is told');
is(scalar(grep { told($_, 'on_air', sub { $_[0]{at} // '' }) eq $e->{data}{at} } @all[1 .. 7]), 7,
    'all are told the same moment');
is_deeply($show->data(@direct), $e->{data}, 'the same again changes nothing');

# --- viewers --------------------------------------------------------------------

my @viewers = map { $show->join('alice') } 1 .. 12;

$show->beacon($viewers[0], watched => {}, watching => ['Main_Screen'], watched_ms => 0);
is_deeply(told($events, 'viewers', sub { $_[0] }),
    { now => 1, peak => 1, sources => { Main_Screen => 1, Face_Cam => 0 } }, 'somebody watches');
is($t->get('/sources/alice')->json->[0]{viewers}, 1, 'as the list says');

# ten in 1.5 s are no ten events

my $since = now();

for my $viewer (@viewers[1 .. 10]) {
    $show->beacon($viewer, watched => {}, watching => ['Main_Screen'], watched_ms => 0);
    $t->pause(0.15);
}

my ($count, $last) = (0, {});

while (($last->{sources}{Main_Screen} // 0) != 11) {
    $e = $events->wait_event('viewers', 3) or last;
    $last = $e->{data};
    $count++;
}

is_deeply($last, { now => 11, peak => 11, sources => { Main_Screen => 11, Face_Cam => 0 } }, 'more of them');
cmp_ok($count, '<=', 2 + now() - $since, 'told once a second');

$show->beacon($_, watched => {}, watching => [], watched_ms => 0, leaving => $yes) for @viewers[1 .. 10];
$t->wait_for(sub { told($events, 'viewers', sub { "$_[0]{now} $_[0]{peak}" }) eq '1 11' }, 6,
    'those who leave, and the peak');

# --- the end, and the next one --------------------------------------------------

$show->ask('POST', "session/$id/stop", key => 'alice');
$t->wait_for(sub { told($events, 'session', sub { $_[0]{status} }) eq 'ended' }, 5, 'it ends');
ok(!$events->eof, 'the stream does not');
is($show->beacon($viewers[0], watched => { Main_Screen => 300 }, watched_ms => 300, watching => [],
    leaving => $yes)->{status}, 204, 'the last words of a player');
is($show->analytics('alice')->{watch_ms}, 300, 'count');

my $old = $show->events($id);

is(told($old, 'session', sub { "$_[0]{id} $_[0]{status}" }), "$id ended", 'events of a session that has ended');
is(told($old, 'viewers', sub { "$_[0]{now} $_[0]{peak}" }), '0 11', 'with its figures');

$p->close;
$p = $show->live('alice', 'Face_Cam');

$e = $events->wait_event('session', 6);

is($e->{data}{status}, 'live', 'the next one begins');
isnt($e->{data}{id}, $id, 'and is another one');
is($e->{data}{title}, '', 'without a title');
is(join(' ', map { $_->{name} } @{ $e->{data}{streams} }), 'Face_Cam', 'with the streams of its own');
is(told($events, 'viewers', sub { "$_[0]{now} $_[0]{peak}" }), '0 0', 'and nobody there yet');

my $past = $id;

$id = $e->{data}{id};

is(told($old, 'session', sub { $_[0]{id} }), $id, 'events of the old one lead there, too');

# --- a reload -------------------------------------------------------------------

$t->reload;

my $until = now() + 5 * $Test::Live::IO::scale;

for (@all, $old) {
    1 while now() < $until && $_->next(1);
}

is(scalar(grep { $_->{conn}{last_chunk} } @all, $old), 9, 'all of them end properly');
is(told($show->events('alice'), 'session', sub { $_[0]{id} }), $id, 'and who comes again gets the same session');

# --- a past that is public, and a present that is not ---------------------------

$show->start('alice', public => $no);

$old = $show->events($past);

is(told($old, 'session', sub { "$_[0]{id} $_[0]{status}" }), "$past ended", 'events of what is past');
ok(told($old, 'viewers', sub { 1 }), 'as they were');
is($old->next(1), undef, 'and not a word about the other');
ok(!$old->eof, 'nor do they end, for one would only ask again');

$p->drop;

$t->done;
