#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What a private session, and one with a price, keep from whom: list, playlists,
# parts, events, with nginx's own auth_request and secure_link in front; and what
# stays open.

use strict;
use warnings;

use lib 't/lib';

use Digest::MD5 qw(md5_base64);
use Test::More;
use Test::Live::Show;

my %keys = (alice => 'k-alice-4f81d2c07b', bob => 'k-bob-93ad0c55e1', carol => 'k-carol-5d20ab7f33');

my $show = Test::Live::Show->new(keys => \%keys, hls => 1,
    http => 'multisource_price carol currency=EUR base=0.01;',
    location => <<'EOC');
        }

        location /signed/ {
            secure_link $arg_md5;
            secure_link_md5 "word$uri";
            if ($secure_link = "") { return 403; }
            multisource_play;
        }

        location /asked/ {
            auth_request /may;
            multisource_play;
        }

        location = /may {
            internal;
            if ($http_x_pass != "yes") { return 403; }
            return 204;
EOC
my $t = $show->run->{t};

my $private = $show->start('alice', public => JSON::PP::false(), title => 'Private');

like($private->{join_code}, qr/^[0-9a-f]{32}$/, 'a private session has a code');
ok(!$private->{public}, 'and is private');

$show->publish($_, 'Face_Cam') for qw(alice bob carol);
$show->wait_live($_, 1) for qw(alice bob carol);

sub code { return (($_[0]->json || {})->{error} || {})->{code} // '' }

sub media {
    my ($streamer, %o) = @_;

    my $prefix = delete $o{prefix} // '/hls';
    my $dir = "$prefix/$streamer/Face_Cam";
    my $list = $t->get("$dir/live.m3u8", %o);
    my ($part) = $list->{body} =~ /^#EXT-X-PART:.*URI="([^"]+)"/m;

    return map { $t->get($_, %o) } "$dir/index.m3u8", "$dir/live.m3u8", $part ? "$dir/$part" : ();
}

# everything is there for who may

$t->wait_for(sub {
    return 3 == grep { 3 == grep { $_->{status} == 200 } media($_, headers => { Authorization => "Bearer $keys{$_}" }) }
        sort keys %keys;
}, 20, 'all three are packaged');

pass('the streamer sees what is his');
is(scalar(grep { $_->{status} == 200 } media('bob')), 3, 'a public session is open to everybody');

my @paths = map { ("/sources/$_", "/sources/$_/Face_Cam", "/sources/$_/events", "/hls/$_/index.m3u8",
    "/hls/$_/Face_Cam/index.m3u8", "/hls/$_/Face_Cam/live.m3u8", "/hls/$_/Face_Cam/preview.mp4",
    "/show/session/$_/status", "/show/session/$_/events") } 'alice';

for my $path (@paths) {
    my $r = $t->get($path);

    is("$r->{status} " . code($r), '401 viewer_token_required', "$path: nobody");
    is($r->header('Cache-Control'), 'no-store', 'which is not kept');

    $r = $t->get($path, headers => { 'X-Viewer-Token' => 'v1.' . 'A' x 86 });
    is("$r->{status} " . code($r), '401 viewer_token_invalid', "$path: a bad token");

    $r = $t->get($path, headers => { Authorization => "Bearer $keys{bob}" });
    isnt($r->{status}, 200, "$path: another streamer");
}

# joining

for ([ {}, 'code_required' ], [ { code => 'f' x 32 }, 'code_required' ], [ { code => '' }, undef ]) {
    my ($body, $code) = @$_;
    my $r = $show->ask('POST', 'session/alice/join', json => $body);

    isnt($r->{status}, 200, 'no one joins without the code');
    is(code($r), $code, 'and is told so') if $code;
}

my $viewer = $show->join('alice', code => $private->{join_code});
my $bob = $show->join('bob');

ok($viewer->{token}, 'joined by the code');
is($show->ask('POST', 'session/alice/join', key => 'alice')->{status}, 200, 'the streamer joins, too');

my %as = (headers => { 'X-Viewer-Token' => $viewer->{token} });

for my $path (grep { !/events/ } @paths) {
    is($t->get($path, %as)->{status}, 200, "$path: a viewer");
    is($t->get($path, headers => { Cookie => "multisource_alice=$viewer->{token}" })->{status}, 200,
        "$path: his cookie");

    my $r = $t->get($path, headers => { 'X-Viewer-Token' => $bob->{token} });
    is("$r->{status} " . code($r), '403 viewer_token_foreign', "$path: a viewer of another session");
}

for my $path (grep { /events/ } @paths) {
    my $events = $t->events($path, %as);

    ok($events->wait_event('source_added', 10), "$path: a viewer");
    $events->close;
}

# equal requests of several viewers get equal bytes, with the same headers for caches

my $second = $show->join('alice', code => $private->{join_code});
my ($mine, $yours) = map { ($t->get('/hls/alice/Face_Cam/index.m3u8',
    headers => { Cookie => "multisource_alice=$_->{token}" })) } $viewer, $second;

is($mine->{body}, $yours->{body}, 'the same for all viewers');
is($mine->header('Cache-Control'), $yours->header('Cache-Control'), 'and as long to be kept');

# a price asks for a token that anybody gets, and for the source to be enabled

my ($r) = media('carol');
is("$r->{status} " . code($r), '401 viewer_token_required', 'a session with a price: nobody');

my $carol = $show->join('carol');
my @carol = (headers => { 'X-Viewer-Token' => $carol->{token} });

is(scalar(grep { $_->{status} == 200 } media('carol', @carol)), 3, 'a viewer');

$show->ask('PUT', 'session/carol/preferences', viewer => $carol, json => { enabled_streams => [] });
my @of = media('carol', @carol);
is($of[0]{status}, 200, 'who has not enabled it may look what there is');
is("$of[1]{status} " . code($of[1]), '403 source_not_enabled', 'and does not get it');
is($t->get('/hls/carol/Face_Cam/preview.mp4', @carol)->{status}, 200, 'but for a picture');

# nginx's own checks come first

($r) = media('bob', prefix => '/asked');
is($r->{status}, 403, 'auth_request refuses');
($r) = media('bob', prefix => '/asked', headers => { 'X-Pass' => 'yes' });
is($r->{status}, 200, 'auth_request lets pass');
($r) = media('alice', prefix => '/asked', headers => { 'X-Pass' => 'yes' });
is(code($r), 'viewer_token_required', 'to the check of the session');

my $uri = '/signed/bob/Face_Cam/live.m3u8';
my $md5 = md5_base64("word$uri") =~ tr{+/}{-_}r;

is($t->get($uri)->{status}, 403, 'secure_link refuses');
is($t->get("$uri?md5=$md5")->{status}, 200, 'secure_link lets pass');

# it stays private when it has ended

$show->ask('POST', 'session/alice/stop', key => 'alice');
$t->wait_for(sub { ($show->status('alice', key => 'alice') || {})->{status} eq 'ended' }, 'the end');
($r) = media('alice');
is($r->{status}, 401, 'what was private stays so');

$t->done;
