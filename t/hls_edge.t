#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Hundreds of viewers behind an nginx with proxy_cache, as the README of the
# module has it, are one to the origin: a request for each part and each state
# of the playlist.  EXTENDED=1: a thousand.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $top = Test::Live::top();
my $viewers = $ENV{EXTENDED} ? 1000 : 300;
my $seconds = $ENV{EXTENDED} ? 20 : 5;

need(system('node --version >/dev/null 2>&1') == 0, 'node');

my $t = Test::Live->new(workers => $ENV{EXTENDED} ? 4 : 2);

# what the README says is what is tested

my ($edge) = slurp("$top/modules/ngx_multisource/README.md")
    =~ /^### Behind a CDN or an edge nginx\n.*?^```nginx\n(.*?)^```/ms;

ok($edge, 'the README has an edge') or $edge = '';

$edge =~ s/origin\.example\.com:80/127.0.0.1:%%ORIGIN%%/g;
$edge =~ s/listen 80;/listen 127.0.0.1:%%HTTP%%;/;
$edge =~ s{/var/cache/nginx/hls}{%%DIR%%/cache};
$edge =~ s/^/    /mg;

$t->conf(<<"EOC");
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
            multisource_hls_segment 1s;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    log_format origin '\$status \$request_uri';

    # the origin

    server {
        listen 127.0.0.1:%%ORIGIN%%;
        access_log %%DIR%%/origin.log origin;

        keepalive_requests 100000;

        location /hls/ { multisource_play; }
    }

    # the same for one who looks past the edge

    server {
        listen 127.0.0.1:%%DIRECT%%;
        access_log off;

        location /hls/ { multisource_play; }
    }

    # the edge

    access_log off;
    keepalive_requests 100000;

$edge
}
EOC

$t->run;

my $p = $t->publish('alice_Cam',
    media => { size => '320x180', gop => 10, kbps => 200 });

ok($p->started, 'published');

my $list = '/hls/alice/Cam/live.m3u8';

$t->wait_for(sub { $t->get($list)->{body} =~ /^\S+\.m4s$/m }, 15,
    'a playlist by the edge');

# compressed for who likes it, and kept once

my $plain = $t->get('/hls/alice/Cam/index.m3u8');
my $packed = $t->get('/hls/alice/Cam/index.m3u8',
    headers => { 'Accept-Encoding' => 'gzip' });

is($plain->{headers}{'content-encoding'}, undef, 'not compressed');
is($packed->{headers}{'content-encoding'}, 'gzip', 'compressed');
is($plain->{headers}{'access-control-allow-origin'}, '*', 'CORS');

my ($part) = reverse $t->get($list)->{body} =~ /^#EXT-X-PART:.*URI="(.+?)"/mg;
my $whole = $t->get("/hls/alice/Cam/$part");
my $range = $t->get("/hls/alice/Cam/$part", headers => { Range => 'bytes=8-99' });

is($range->{status}, 206, 'a range');
ok($range->{body} eq substr($whole->{body}, 8, 92), 'its bytes');
is($t->head("/hls/alice/Cam/$part")->{status}, 200, 'HEAD');

is($t->get("$list?_HLS_part=1")->{status}, 400, 'an error');
is($t->get('/hls/alice/Nobody/live.m3u8')->{status}, 404, 'and another');

# all at once

my $crowd = $t->spawn('viewers', 'node', "$top/t/js/hls_viewers.mjs",
    $t->url($list), $viewers, $seconds, $t->url($list, 'DIRECT'));

is($crowd->wait($seconds + 30), 0, "$viewers viewers") or diag($crowd->stderr);

my $seen = json_of($crowd->stdout) || {};

is($seen->{faults}, 0, 'each of them gets what it asks for')
    or diag("@{ $seen->{fault} || [] }");
cmp_ok($seen->{least} || 0, '>=', 3 * $seconds, 'and sees every part');
note("$seen->{lists} playlists, $seen->{parts} parts; after a viewer of the"
    . " origin, median, 95 % and 99.9 %: @{ $seen->{late} } ms");

my (%asked, %status);

for (split /\n/, $t->read('origin.log')) {
    my ($status, $uri) = split;
    $status{$status}++;
    $asked{ $uri =~ s{.*/}{}r }++;
}

my @parts = grep { /\.\d+\.m4s$/ } keys %asked;
my @states = grep { /^live\.m3u8\?_HLS_msn=\d+&_HLS_part=\d+$/ } keys %asked;

my @more = grep { $asked{$_} > 1 } @parts, @states;

is(join(' ', map { "$_: $asked{$_}" } @more), '',
    'one request of the edge for each part and each playlist');
cmp_ok(scalar @parts, '>=', 4 * $seconds, 'for all of ' . @parts . ' parts');
cmp_ok(scalar @states, '>=', 2 * $seconds, 'and ' . @states . ' playlists');

note("the origin had $_ times status $status{$_}") for sort keys %status;

$t->done;


sub slurp { return Test::Live::Process::slurp($_[0]) }
