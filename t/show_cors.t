#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What pages of other origins get of sessions: the preflight, and answers and
# errors that only configured origins may read; methods, HEAD, and what no cache
# keeps.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Show qw(code);

my $show = Test::Live::Show->new(location => 'multisource_sessions_origin https://a.example https://b.example;');
my $t = $show->run->{t};

my %allow = (
    'session/start'                => 'OPTIONS, POST',
    'session/alice/status'         => 'GET, HEAD, OPTIONS',
    'session/alice/join'           => 'OPTIONS, POST',
    'session/alice/preferences'    => 'GET, HEAD, OPTIONS, PUT',
    'session/alice/beacon'         => 'OPTIONS, POST',
    'session/alice/events'         => 'GET, HEAD, OPTIONS',
    'session/alice/analytics'      => 'GET, HEAD, OPTIONS',
    'session/alice/usage'          => 'GET, HEAD, OPTIONS',
    'session/alice/director'       => 'GET, HEAD, OPTIONS, PUT',
    'session/alice/streams/Cam'    => 'OPTIONS, PUT',
    'session/alice/stop'           => 'OPTIONS, POST',
    'stream/alice:Cam/signal/offer'     => 'OPTIONS, POST',
    'stream/alice:Cam/signal/candidate' => 'OPTIONS, POST',
    'stream/alice:Cam/signal/stop'      => 'OPTIONS, POST',
);

sub cors { return $_[0]->header("Access-Control-Allow-$_[1]") }

# --- OPTIONS --------------------------------------------------------------------

for my $path (sort keys %allow) {
    my $r = $show->ask('OPTIONS', $path);

    is("$r->{status} " . $r->header('Allow'), "204 $allow{$path}", "OPTIONS $path");
    is(cors($r, 'Origin'), undef, 'which is for no page');

    $r = $show->ask('OPTIONS', $path, headers => { Origin => 'https://b.example',
        'Access-Control-Request-Method' => 'POST' });

    is($r->{status}, 204, 'the preflight of a page that may');
    is(cors($r, 'Origin'), 'https://b.example', 'is for its origin');
    is(cors($r, 'Methods'), $allow{$path}, 'tells the methods');
    is(cors($r, 'Headers'), 'Authorization, Content-Type, X-Viewer-Token', 'and the headers');
    is(cors($r, 'Credentials'), undef, 'but takes no cookie of another site');
    is($r->header('Vary'), 'Origin', 'not the same for others');

    $r = $show->ask('DELETE', $path);

    is("$r->{status} " . code($r), '405 method_not_allowed', "DELETE $path");
    is($r->header('Allow'), $allow{$path}, 'tells what is allowed');
}

for my $origin ('https://c.example', 'http://b.example', 'https://b.example:8443', 'https://b.example.org',
    'https://b.exampl', 'null', '*', '')
{
    my $r = $show->ask('OPTIONS', 'session/start', headers => { Origin => $origin });

    is(join(' ', $r->{status}, map { cors($r, $_) // '-' } qw(Origin Methods Headers)), '204 - - -',
        "the preflight of '$origin' allows nothing");
}

# --- answers --------------------------------------------------------------------

my $r = $show->ask('GET', 'session/alice/status', headers => { Origin => 'https://a.example' });

is("$r->{status} " . code($r), '404 session_not_found', 'an error');
is(cors($r, 'Origin'), 'https://a.example', 'that its page may read');
is($r->header('Cache-Control'), 'no-store', 'and no cache keeps');

my $id = $show->start('alice', title => 'Read elsewhere')->{id};
my $viewer = $show->join($id);

for ([ "session/$id/status" ], [ "session/$id/events" ], [ "session/$id/director" ],
     [ "session/$id/preferences", viewer => $viewer ], [ "session/$id/usage", viewer => $viewer ],
     [ "session/$id/analytics", key => 'alice' ])
{
    my ($path, @who) = @$_;
    my ($name) = $path =~ m{([^/]+)$};

    my $head = $show->ask('HEAD', $path, @who, headers => { Origin => 'https://a.example' });

    is("$head->{status} $head->{body}", '200 ', "HEAD $name");
    is(cors($head, 'Origin'), 'https://a.example', 'for a page that may');

    $head = $show->ask('HEAD', $path, @who, headers => { Origin => 'https://c.example' });

    is($head->{status}, 200, "HEAD $name for another page");
    is(cors($head, 'Origin'), undef, 'which its browser keeps from it');
    is($head->header('Vary'), 'Origin', 'not the same for others');

    next if $name eq 'events';

    my $get = $show->ask('GET', $path, @who, headers => { Origin => 'https://a.example' });

    is($get->{status}, 200, "GET $name");
    is(cors($get, 'Origin'), 'https://a.example', 'for a page that may');
    is($get->header('Cache-Control'), 'no-store', 'no cache keeps it');
    is($get->header('Content-Type'), 'application/json', 'JSON');
    is(cors($show->ask('GET', $path, @who), 'Origin'), undef, 'and for no page');
}

# --- what changes something -----------------------------------------------------

for ([ POST => "session/$id/join" ], [ POST => "session/$id/beacon", { seq => 1 } ],
     [ PUT => "session/$id/preferences", { layout => 'grid' } ])
{
    my ($method, $path, $body) = @$_;
    my @ask = ($method, $path, viewer => $viewer, $body ? (json => $body) : ());

    for my $origin ('https://c.example', 'null', 'http://a.example', 'https://a.example.org') {
        $r = $show->ask(@ask, headers => { Origin => $origin });

        is("$r->{status} " . code($r), '403 origin_not_allowed', "$method $path: refused to $origin");
        is(cors($r, 'Origin'), undef, 'whose page is not told why');
    }

    for my $origin ('https://a.example', 'http://127.0.0.1:' . $t->port('HTTP'), undef) {
        $r = $show->ask(@ask, $body && $body->{seq} ? (json => { seq => ++$body->{seq} }) : (),
            headers => { defined $origin ? (Origin => $origin) : () });

        like($r->{status}, qr/^20[04]$/, "$method $path: from " . ($origin // 'no page'));
        is(cors($r, 'Origin'), ($origin // '') =~ /a\.example/ ? $origin : undef, 'which may read the answer');
    }
}

$t->done;
