#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# As many sessions as there is room for, and thousands of viewers, through both
# workers: every figure exact; who ended first makes room, and a live one never;
# without room one is told so, and what is published is played all the same.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use List::Util qw(sum);
use Test::More;
use Test::Live::Keepalive;
use Test::Live::Show qw(code);

use constant {
    SPARE   => 40,              # streamers more than there is room for
    VIEWERS => 4000,
    AT_ONCE => 16,              # requests on their way on one connection
};

my $show = Test::Live::Show->new(
    keys => { map { (sprintf 's%03d', $_) => sprintf('k-many-%03d-5f0c2a', $_) } 0 .. 499 },
    secrets => ['k-many-000-5f0c2a', 'k-many-001-5f0c2a'], hls => 1,
    server => 'add_header X-Worker $pid always;',
    http => 'multisource_sessions_zone 4m; multisource_sessions_grace 1s; keepalive_requests 1000000;');
my $t = $show->run->{t};
my $json = JSON::PP->new->utf8->canonical;

# two connections to each worker, in turn

my %of_worker;

$t->wait_for(sub {
    my $c = Test::Live::Keepalive->new($t);
    push @{ $of_worker{$c->request('OPTIONS', '/')->header('X-Worker')} }, $c;
    return 2 == grep { @$_ >= 2 } values %of_worker;
}, 'connections to both workers');

my @conns = map { my $n = $_; map { $_->[$n] } values %of_worker } 0, 1;

# [method, path, {key or viewer, json}] each, from a connection on, to all of them in
# turn; the answers in this order

sub many {
    my ($from, @asked) = @_;

    my @answers;

    for (my $i = 0; $i < @asked; $i += AT_ONCE * @conns) {
        my $last = $i + AT_ONCE * @conns - 1;
        my @now = $i .. ($last > $#asked ? $#asked : $last);
        my @text = ('') x @conns;

        $text[($_ + $from) % @conns] .= request(@{ $asked[$_] }) for @now;

        for my $n (0 .. $#conns) {
            $conns[$n]->send($text[$n]) or die "send: $!" if length $text[$n];
        }

        push @answers, map { $conns[($_ + $from) % @conns]->answer } @now;
    }

    return @answers;
}

sub request {
    my ($method, $path, %o) = @_;

    my %as = $show->as(map { $o{$_} ? ($_ => $o{$_}) : () } qw(key viewer));
    my $body = $o{json} ? $json->encode($o{json}) : '';

    return join "\r\n", "$method /show/$path HTTP/1.1", 'Host: 127.0.0.1',
        (map { "$_: $as{headers}{$_}" } keys %{ $as{headers} }),
        ($o{json} ? 'Content-Type: application/json' : ()), 'Content-Length: ' . length $body, '', $body;
}

sub said { return $json->decode($_[0]{body})->{data} }

# how many answered what

sub statuses {
    my (%n, @text);

    $n{"$_->{status} " . ($_->{status} < 400 ? '' : code($_))}++ for @_;

    return join ', ', map { "$n{$_} $_" } sort keys %n;
}

sub zone { return $t->get('/status')->json->{sessions_zone} }

# --- sessions -------------------------------------------------------------------

my $zone = zone();
my $room = $zone->{sessions};
my @names = sort keys %{ $show->{keys} };

cmp_ok($room, '>', 300, "room for $room sessions");
cmp_ok($room + SPARE, '<=', @names, 'and more streamers');
cmp_ok($zone->{viewers}, '>', VIEWERS * 1.3, "and for $zone->{viewers} viewers");

# two are live, one of them for the whole test

$show->publish('s000', 'Main_Screen');
my $live = $show->live('s001', 'Face_Cam');
$show->wait_live($_, 1) for qw(s000 s001);

my @started = many(0, map { [ POST => 'session/start', key => $_, json => { title => "Of $_" } ] }
    @names[2 .. $room - 1]);

is(statuses(@started), $room - 2 . ' 201 ', 'all are started');

my %id = map { said($_)->{streamer} => said($_)->{id} } @started;

$id{$_} = $show->status($_)->{id} for qw(s000 s001);

is(keys %{ { reverse %id } }, $room, 'each is another one');
is(zone()->{open}, $room, 'so many are open');

my @late = @names[$room .. $room + SPARE - 1];

is(statuses(many(0, map { [ POST => 'session/start', key => $_, json => {} ] } @late)), SPARE . ' 503 zone_full',
    'no room for others');

# the titles are those that were asked for, whoever is asked

sub wrong {
    my ($from, @streamers) = @_;

    my @r = many($from, map { [ GET => "session/$id{$_}/status" ] } @streamers);

    return scalar grep {
        my $s = $r[$_]{status} == 200 ? said($r[$_]) : {};

        ($s->{id} // '') ne $id{$streamers[$_]} || $s->{streamer} ne $streamers[$_]
            || $s->{title} ne ($streamers[$_] =~ /^s00[01]$/ ? '' : "Of $streamers[$_]") || $s->{status} eq 'ended';
    } 0 .. $#r;
}

is(wrong(0, @names[0 .. $room - 1]), 0, 'all are as they were started, in one worker');
is(wrong(1, @names[0 .. $room - 1]), 0, 'and in the other');

# who publishes without a session is played

my $p = $show->publish($late[1], 'Main_Screen');

$t->wait_for(sub { $t->get("/hls/$late[1]/Main_Screen/index.m3u8")->{status} == 200 }, 'playback without a session');
is(join(' ', map { $_->{id} } @{ $t->get("/sources/$late[1]")->json }), 'Main_Screen', 'which is in the list');
is($t->get('/hls/s000/Main_Screen/index.m3u8')->{status}, 200, 'as are those that have one');
is(code($show->ask('GET', "session/$late[1]/status")), 'session_not_found', 'of which there is none');

# --- viewers --------------------------------------------------------------------

# each of the open sessions has some, the live one more, and two none

my @watched = map { $names[$_] } 0 .. $room - 3;
my @of = map { $_ % 4 ? $watched[$_ % @watched] : 's000' } 0 .. VIEWERS - 1;
my @joined = many(0, map { [ POST => "session/$id{$_}/join" ] } @of);

is(statuses(@joined), VIEWERS . ' 200 ', 'thousands join');

# which is faster than to read all of them as JSON

my @viewers = map { $_->{body} =~ /"viewer_token":"([^"]+)","viewer_id":"([^"]+)"/ ? { token => $1, id => $2 } : {} }
    @joined;
my (%count, %ms);

is(keys %{ { map { $_->{id} => 1 } @viewers } }, VIEWERS, 'each is another one');
$count{$_}++ for @of;

# each tells the other worker what he has watched: 1 to 900 ms, of those in s000

my @n = grep { $of[$_] eq 's000' } 0 .. $#of;
my @r = many(1, map { [ POST => "session/$id{s000}/beacon", viewer => $viewers[$_], json => { seq => 1,
    watched => { Main_Screen => 1 + $_ % 900 }, watched_ms => 1 + $_ % 900, watching => ['Main_Screen'],
    join_ms => 1 + $_ % 700 } ] } @n);

is(statuses(@r), @n . ' 204 ', 'who watches says so');

my $look = sub { $show->status('s000')->{viewers}{now} };

$t->wait_for(sub { $look->() == @n }, 5, 'a look at them');

# and preferences, of all; with the tokens of others nobody gets in

@r = many(1, map { [ PUT => "session/$id{$of[$_]}/preferences", viewer => $viewers[$_],
    json => { layout => (qw(single pip grid))[$_ % 3] } ] } 0 .. $#of);
is(statuses(@r), VIEWERS . ' 200 ', 'all have preferences');

@r = many(2, map { [ GET => "session/$id{$of[$_]}/preferences", viewer => $viewers[$_] ] } 0 .. $#of);
is(scalar(grep { $r[$_]{body} !~ /"layout":"(\w+)"/ || $1 ne (qw(single pip grid))[$_ % 3] } 0 .. $#r), 0,
    'each his own');

@r = many(0, map { [ GET => "session/$id{s001}/preferences", viewer => $viewers[$_] ] }
    grep { $of[$_] ne 's001' } 0 .. 999);
is(statuses(@r), @r . ' 403 viewer_token_foreign', 'no token is good for another session');

my $a = $show->analytics('s000');

is($a->{viewers}{distinct}, $count{s000}, 'viewers of the live one');
is($a->{viewers}{peak}, scalar @n, 'at once');
is($a->{watch_ms}, sum(map { 1 + $_ % 900 } @n), 'and what they watched');
is($a->{sources}{Main_Screen}{views}, scalar @n, 'as views');
is($a->{join}{count}, scalar @n, 'who have told how long it took to join');
is($a->{join}{avg_ms}, int(sum(map { 1 + $_ % 700 } @n) / @n), 'on average');

@r = many(0, map { [ GET => "session/$id{$_}/analytics", key => $_ ] } @names[0 .. $room - 1]);

sub distinct { return map { said($_)->{viewers}{distinct} } @_ }

is_deeply([distinct(@r)], [map { $count{$_} || 0 } @names[0 .. $room - 1]], 'and of every other one');

$zone = zone();

is("$zone->{viewers_used} $zone->{viewers_lost}", VIEWERS . ' 0', 'none too many, none lost');

# pages of usage: each viewer once

my %seen;

for (my $at = 0; $at < $count{s000}; $at += 300) {
    my $u = $show->data('GET', "session/s000/usage?offset=$at&limit=300", key => 's000');

    $seen{$_->{viewer_id}} += $_->{watch_ms} for @{ $u->{viewers} };
    is($u->{total}, $count{s000}, "a page of usage, from $at on");
}

is_deeply(\%seen, { map { $viewers[$_]{id} => 1 + $_ % 900 } @n }, 'all of them, each once');

# --- more than there is room for ------------------------------------------------

my $more = $zone->{viewers} - VIEWERS + 500;

is(statuses(many(0, map { [ POST => "session/$id{$watched[$_ % @watched]}/join" ] } 1 .. $more)), "$more 200 ",
    'without room for viewers one gets in all the same');

$zone = zone();

cmp_ok($zone->{viewers_lost}, '>=', 500, 'some of them are not counted');
is($zone->{viewers_used} + $zone->{viewers_lost}, VIEWERS + $more, 'each is one or the other');
is(sum(distinct(many(0, map { [ GET => "session/$id{$_}/analytics", key => $_ ] } @names[0 .. $room - 1]))),
    $zone->{viewers_used}, 'and the sessions have those that are');
is(said(many(3, [ GET => "session/$id{$of[7]}/preferences", viewer => $viewers[7] ]))->{layout}, 'pip',
    'nobody who was there went away');

# --- who ended makes room -------------------------------------------------------

my @end = @names[101 .. 100 + SPARE];
my @figures = distinct(map { $show->ask('GET', "session/$id{$_}/analytics", key => $_) } @end);

for my $name (@end) {
    $show->ask('POST', "session/$id{$name}/stop", key => $name);
    $t->pause(0.002);
}

# he who publishes without a session has one as soon as there is room

$t->wait_for(sub { ($show->status($late[1]) || {})->{status} }, 5, 'a session for who had none');
is($show->status($late[1])->{status}, 'live', 'which is live');
$id{$late[1]} = $show->status($late[1])->{id};

sub there { return join ' ', map { $show->ask('GET', "session/$id{$_}/status")->{status} } @end[0 .. 3] }

is(there(), '404 200 200 200', 'in place of the one that ended first');
is(zone()->{ended}, SPARE - 1, 'the others are still there');

my $before = $show->analytics('s000')->{viewers}{distinct};

@r = many(0, map { [ POST => "session/$id{s000}/join" ] } 1 .. 200);

my $lost = zone()->{viewers_lost} - $zone->{viewers_lost};

# not in every stretch of the table is one of them

cmp_ok($lost, '<', 20, 'their viewers make room for others');
is($show->analytics('s000')->{viewers}{distinct}, $before + 200 - $lost, 'who are counted');
is_deeply([distinct(map { $show->ask('GET', "session/$id{$_}/analytics", key => $_) } @end[1 .. $#end])],
    [@figures[1 .. $#end]], 'and their own figures stay');

$r[0] = $show->ask('POST', 'session/start', key => $late[0], json => { title => "Of $late[0]" });
is($r[0]{status}, 201, 'room for a session');
$id{$late[0]} = said($r[0])->{id};
is(there(), '404 404 200 200', 'that of the next one');

@r = many(0, map { [ POST => 'session/start', key => $_, json => { title => "Of $_" } ] } @late[2 .. SPARE - 1]);
is(statuses(@r), SPARE - 2 . ' 201 ', 'as many as have ended');
$id{said($_)->{streamer}} = said($_)->{id} for @r;

is(statuses(many(1, map { [ GET => "session/$id{$_}/status" ] } @end)), SPARE . ' 404 session_not_found',
    'and those are gone');

my %ended = map { $_ => 1 } @end;
my @open = grep { !$ended{$_} } @names[0 .. $room - 1], @late[0, 2 .. SPARE - 1];

is(wrong(0, @open), 0, 'of the open ones nothing is, in one worker');
is(wrong(1, @open), 0, 'and in the other');
is($show->ask('POST', 'session/start', key => $names[-1], json => {})->{status}, 503, 'no room again');
is($t->get('/hls/s000/Main_Screen/index.m3u8')->{status}, 200, 'and what is live is played');

$_->close for @conns;
$live->drop;

$t->done;
