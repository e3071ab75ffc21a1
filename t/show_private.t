#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A private session with a price: what its streamer is told, whom its API answers,
# how one joins, what one owes; and a public one that becomes private while
# others listen to its events.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Show qw(code);

my %keys = (alice => 'k-alice-4f81d2c07b', bob => 'k-bob-93ad0c55e1');

my $show = Test::Live::Show->new(keys => \%keys, app => 'multisource_refuse_rate off;',
    http => 'multisource_price alice currency=EUR base=0.02 screen=0.01 bundle_discount=10%;',
    location => 'multisource_rtmp_url rtmp://in.example/live;');
my $t = $show->run->{t};

my $no = JSON::PP::false();
my $r;

sub refused {
    my ($r, $want, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is("$r->{status} " . code($r), $want, $name) or diag($r->{body});
}

# --- what the streamer is told --------------------------------------------------

$r = $show->ask('POST', 'session/start', key => 'alice', json => { public => $no, title => 'Private',
    streams => [ { name => 'Main_Screen', type => 'screen' }, { name => 'main' } ] });

is($r->{status}, 201, 'a private session');

my $s = $r->json->{data};
my $id = $s->{id};
my $code = $s->{join_code};

like($code, qr/^[0-9a-f]{32}$/, 'has a code');
is($s->{streams}[0]{rtmp_url}, 'rtmp://in.example/live', 'the address of the configuration');
is($s->{streams}[0]{rtmp_stream}, '{key}_Main_Screen', 'a name there');
is($s->{streams}[1]{rtmp_stream}, '{key}', 'and that of the source without one');
is_deeply($s->{price}, { currency => 'EUR', base => '0.020000', bundle_discount_percent => 10 }, 'the price');
is($s->{streams}[0]{price_per_minute}, '0.010000', 'of a screen');
is($s->{streams}[1]{price_per_minute}, '0.000000', 'and of another source');

$r = $show->ask('POST', 'session/start', key => 'alice', json => {});
is("$r->{status} " . $r->json->{data}{join_code}, "200 $code", 'the same code when it is asked for again');

# --- whom it answers ------------------------------------------------------------

for my $route (qw(status events director)) {
    my @path = ('GET', "session/$id/$route");

    refused($show->ask(@path), '401 viewer_token_required', "$route: nobody");
    refused($show->ask(@path, key => 'bob'), '403 key_foreign', "$route: another streamer");
    refused($show->ask(@path, key => 'none'), '401 key_invalid', "$route: a bad key");
    refused($show->ask(@path, viewer => { token => 'v1.' . 'A' x 86 }), '401 viewer_token_invalid',
        "$route: a bad token");
    refused($show->ask(@path, viewer => { token => $code }), '401 viewer_token_invalid',
        "$route: the code for a token");
    unlike($show->ask(@path)->{body}, qr/Private|Main_Screen/, "$route: not a word about it");
}

refused($show->ask('GET', 'session/alice/status'), '401 viewer_token_required', 'nor by the name of the streamer');
is($show->status($id, key => 'alice')->{title}, 'Private', 'the streamer sees it');
unlike($show->ask('GET', "session/$id/status", key => 'alice')->{body}, qr/$code/, 'its status is without the code');

# --- joining --------------------------------------------------------------------

refused($show->ask('POST', "session/$id/join"), '403 code_required', 'join: without the code');

for my $bad ('f' x 32, '', substr($code, 1), "${code}0", 'A' . substr($code, 1), "$code\n") {
    $r = $show->ask('POST', "session/$id/join", json => { code => $bad });

    is($r->{headers}{'set-cookie'}, undef, 'join: no token for a wrong code');
    like("$r->{status} " . code($r), qr/^(403 code_required|400 invalid_request)$/, 'but an error');
    is($r->json->{error}{field}, 'code', 'that names the field');
}

my $viewer = $show->join($id, code => $code);

ok($viewer, 'join: with the code');
is_deeply($viewer->{sources}, [], 'nothing is live');
ok(!exists $viewer->{session}{join_code}, 'a viewer is not given the code');
is($show->ask('POST', "session/$id/join", viewer => $viewer)->json->{data}{viewer_id}, $viewer->{viewer_id},
    'again, without the code');
is($show->ask('POST', "session/$id/join", key => 'alice')->{status}, 200, 'the streamer needs none');
refused($show->ask('POST', "session/$id/join", key => 'bob'), '403 code_required', 'another streamer does');

for my $route (qw(status director preferences usage)) {
    is($show->ask('GET', "session/$id/$route", viewer => $viewer)->{status}, 200, "$route: a viewer");
}

# --- what he owes ---------------------------------------------------------------

my $p = $show->live('alice', 'Main_Screen');

$t->wait_for(sub { $show->status($id, key => 'alice')->{status} eq 'live' }, 'it begins');

$show->beacon($viewer, watched => {}, watching => ['Main_Screen'], watched_ms => 0);
$t->pause(0.6);

is($show->beacon($viewer, watched => { Main_Screen => 600 }, watching => ['Main_Screen'],
    watched_ms => 600)->{status}, 204, 'he watches');

# 0.6 s of 0.03 a minute

my $u = $show->data('GET', "session/$id/usage", viewer => $viewer);

is_deeply({ map { $_ => $u->{$_} } qw(session currency amount minutes total) },
    { session => $id, currency => 'EUR', amount => '0.000300', minutes => 0.01, total => 1 }, 'usage: his own');
is_deeply($u->{viewers}[0]{sources}, { Main_Screen => 600 }, 'by sources');

$u = $show->data('GET', "session/$id/usage?offset=0&limit=1", key => 'alice');

is("$u->{amount} " . @{ $u->{viewers} }, '0.000300 1', 'usage: of all, a page of one');

my $total = $u->{total};

is(scalar @{ $show->data('GET', "session/$id/usage?offset=$total", key => 'alice')->{viewers} }, 0,
    'a page behind the last one');

for my $arg ('limit=0', 'limit=1001', 'limit=', 'limit=-1', 'limit=1e3', 'limit=99999999999999999999', 'offset=x',
    'offset=-1', 'offset=', 'offset=99999999999999999999')
{
    $r = $show->ask('GET', "session/$id/usage?$arg", key => 'alice');

    refused($r, '400 invalid_request', "usage: $arg");
    is($r->json->{error}{field}, $arg =~ /^(\w+)/ ? $1 : '', 'names it');
}

refused($show->ask('GET', "session/$id/usage", key => 'bob'), '403 key_foreign', 'usage: another streamer');

# --- one that becomes private ---------------------------------------------------

my $q = $show->live('bob', 'Face_Cam');

$show->wait_live('bob', 1);

my $early = $show->join('bob');

my %events = (nobody => $show->events('bob'), viewer => $show->events('bob', viewer => $early),
    streamer => $show->events('bob', key => 'bob'));

for my $who (sort keys %events) {
    my $first = $events{$who}->wait_event('viewers', 3);

    is($first && $first->{data}{now}, 0, "public: events for $who");
}

$events{list} = $t->events('/sources/bob/events');
is($events{list}->wait_event('source_added', 3)->{data}{id}, 'Face_Cam', 'and the events of the list');

$show->start('bob', public => $no);

for my $which (qw(nobody list)) {
    my $e = $events{$which};

    $t->wait_for(sub { 1 while $e->next(0.2); $e->eof }, 5, "private: the end of the events, $which");
    ok($e->{conn}{last_chunk}, "private: events end properly for who has no token, $which");
}

for my $who (qw(viewer streamer)) {
    my $told = $events{$who}->wait_event('session', 3);

    is($told && $told->{data}{public}, $no, "it goes on for the $who");
    ok(!$events{$who}->eof, 'and stays open');
}

refused($show->ask('GET', 'session/bob/events'), '401 viewer_token_required', 'nobody else gets in');
refused($t->get('/sources/bob/events'), '401 viewer_token_required', 'nor by way of the list');

$_->drop for $p, $q;

$t->done;
