#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The files of nginx-rtmp's own hls at nested URLs, in a setup that has nothing
# but "multisource on" added to it; and at the URLs that they had before.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::FFmpeg;

my $key = 'pH5-play-key-of-bob';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key bob\n");

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            record off;
            allow publish all;
            hls on;
            hls_path %%DIR%%/public/hls;
            hls_fragment 3s;
            hls_playlist_length 60s;
            hls_nested on;
            multisource on;
        }
    }

    server {
        listen 127.0.0.1:%%FLAT%%;

        application live {
            live on;
            hls on;
            hls_path %%DIR%%/public/flat;
            hls_fragment 1s;
            hls_playlist_length 60s;
            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    log_format names '$uri $status $multisource_streamer|$multisource_source|';

    server {
        listen 127.0.0.1:%%HTTP%%;
        access_log %%DIR%%/access.log names;

        location /hls/ {
            alias %%DIR%%/public/hls/;
            multisource_play;
            types { }
            default_type text/x-nothing;
        }

        location /flat/ {
            root %%DIR%%/public;
            multisource_play;
        }
    }
}
EOC

$t->mkdir('public/hls');
$t->mkdir('public/flat');
$t->run;

my $media = Test::Live::FFmpeg->media;
my @publishers;

for my $to ([RTMP => 'alice'], [RTMP => 'alice_Face_Cam'], [FLAT => $key],
    [FLAT => "${key}_Face_Cam"])
{
    my $p = $t->rtmp(port => $to->[0]);

    is($p->publish($to->[1])->{code}, 'NetStream.Publish.Start', 'published');
    $p->pump($media, speed => 0);
    push @publishers, $p;
}

for my $file (qw(hls/alice/index.m3u8 hls/alice_Face_Cam/index.m3u8
    flat/bob.m3u8 flat/bob_Face_Cam.m3u8))
{
    $t->wait_for(sub {
        2 <= (() = $t->read("public/$file") =~ /^#EXTINF/mg);
    }, "fragments in $file");
}

# what else there is in the directory is not to be found

$t->write("public/hls/alice_Face_Cam/$_", 'x', 0644)
    for qw(.hidden.ts .ts notes.txt index.html x.mp4 index.m3u8.bak);
$t->write('public/hls/alice_Face_Cam/sub/1.ts', 'x', 0644);
$t->write('public/hls/up.ts', 'x', 0644);
$t->write('public/up.ts', 'x', 0644);
$t->write('public/flat/bob-two-0.ts', 'x', 0644);
$t->write('public/flat/bobby-0.ts', 'x', 0644);

# nested URLs

my $nested = '/hls/alice/Face_Cam/index.m3u8';
my $r = $t->get($nested);

is($r->{status}, 200, 'the playlist of a source');
is($r->{body}, $t->read('public/hls/alice_Face_Cam/index.m3u8'), 'is the file');
is($r->{headers}{'content-type'}, 'application/vnd.apple.mpegurl', 'its type');
is($r->{headers}{'cache-control'}, 'no-cache', 'its Cache-Control');
is($r->{headers}{'access-control-allow-origin'}, '*', 'players elsewhere');

is($t->get('/hls/alice/main/index.m3u8')->{body},
    $t->read('public/hls/alice/index.m3u8'), 'the default source');

my ($segment) = $r->{body} =~ /^(\d+\.ts)$/m;
my $ts = $t->read("public/hls/alice_Face_Cam/$segment");

$r = $t->get("/hls/alice/Face_Cam/$segment");

is($r->{status}, 200, 'a segment');
ok($r->{body} eq $ts, 'is the file');
is($r->{headers}{'content-type'}, 'video/mp2t', 'its type');
is($r->{headers}{'cache-control'}, 'max-age=10', 'its Cache-Control');
is($r->{headers}{'access-control-allow-origin'}, '*', 'players elsewhere');

my $since = $r->{headers}{'last-modified'};

$r = $t->head("/hls/alice/Face_Cam/$segment");

is($r->{status}, 200, 'HEAD');
is($r->{headers}{'content-length'}, length $ts, 'has the length');
is($r->{body}, '', 'and no body');

$r = $t->get("/hls/alice/Face_Cam/$segment",
    headers => { Range => 'bytes=188-375' });

is($r->{status}, 206, 'a range');
is($r->{headers}{'content-range'}, 'bytes 188-375/' . length $ts, 'which one');
ok($r->{body} eq substr($ts, 188, 188), 'its bytes');

is($t->get("/hls/alice/Face_Cam/$segment",
    headers => { 'If-Modified-Since' => $since })->{status}, 304, 'a cache');
is($t->request('POST', $nested, body => 'x')->{status}, 405, 'POST');

# the URLs of before

is($t->get("/hls/alice/index.m3u8")->{body},
    $t->read('public/hls/alice/index.m3u8'), 'one directory for a stream');
is($t->get('/hls/alice_Face_Cam/index.m3u8')->{headers}{'content-type'},
    'application/vnd.apple.mpegurl', 'for a source as well');
is($t->get("/hls/alice_Face_Cam/$segment")->{headers}{'content-type'},
    'video/mp2t', 'with its segments');
is($t->get('/flat/bob.m3u8')->{body}, $t->read('public/flat/bob.m3u8'),
    'without directories');
is($t->get('/flat/bob_Face_Cam-0.ts')->{headers}{'content-type'},
    'video/mp2t', 'with their segments');

# without directories, below root, at nested URLs

$r = $t->get('/flat/bob/Face_Cam/index.m3u8');

is($r->{body}, $t->read('public/flat/bob_Face_Cam.m3u8'), 'a source');
like($r->{body}, qr/^bob_Face_Cam-0\.ts$/m, 'names its segments');

$r = $t->get('/flat/bob/Face_Cam/bob_Face_Cam-0.ts');

ok($r->{body} eq $t->read('public/flat/bob_Face_Cam-0.ts'), 'one of them');
is($t->get('/flat/bob/main/index.m3u8')->{body},
    $t->read('public/flat/bob.m3u8'), 'the default source');
is($t->get('/flat/bob/main/bob-0.ts')->{status}, 200, 'and its segment');

# they play

for my $url ($nested, '/flat/bob/main/index.m3u8') {
    my $probe = $t->ffprobe($t->url($url));

    is($probe->{video}{codec_name}, 'h264', "$url: video");
    is($probe->{video}{width}, 640, "$url: width");
    is($probe->{audio}{codec_name}, 'aac', "$url: audio");
}

# names in the access log

like($t->read('access.log'), qr{^/hls/alice_Face_Cam/$segment 206 alice\|Face_Cam\|$}m,
    'variables');
like($t->read('access.log'), qr{^/hls/alice/index\.m3u8 200 -\|-\|$}m,
    'are empty for other URLs');

# what is not there, without a trace

my $mark = $t->mark;

for my $path (qw(alice/Gone/index.m3u8 bob/main/index.m3u8 alice/Face_Cam/9.ts
    alice/Face_Cam/ alice/Face_Cam/.hidden.ts alice/Face_Cam/.ts
    alice/Face_Cam/notes.txt alice/Face_Cam/index.html alice/Face_Cam/x.mp4
    alice/Face_Cam/index.m3u8.bak alice/Face_Cam/index.m3u8/
    alice/Face_Cam/sub/1.ts alice/Face_Cam/INDEX.M3U8 alice/face_cam/index.m3u8
    alice/Face_Cam/in%20dex.m3u8 alice/Face_Cam/index%3f.m3u8
    alice/Face_Cam/..%5c..%5cup.ts alice/.Face_Cam/1.ts alice/Face.Cam/1.ts
    alice_Face_Cam/main/index.m3u8 alice/events/index.m3u8
    admin/main/index.m3u8))
{
    $r = $t->get("/hls/$path");

    is($r->{status}, 404, "nothing at $path");
    is($r->{headers}{'content-type'}, 'text/html', "an error page at $path");
}

for my $path (qw(bob/Face_Cam/bob-0.ts bob/main/bob_Face_Cam-0.ts
    bob/main/bob-two-0.ts bob/main/bobby-0.ts bob/main/bob.m3u8
    bob/Face_Cam/bob_Face_Cam.m3u8 bob/Face_Cam/bob.m3u8))
{
    is($t->get("/flat/$path")->{status}, 404, "no file of another at $path");
}

is($t->logged(qr/\[(?:error|crit)\]/, $mark), 0, 'and no line for any of it');

# nor above

for my $path (qw(alice/Face_Cam/../../../up.ts alice/Face_Cam/%2e%2e/up.ts
    alice/Face_Cam/..%2f..%2f..%2fup.ts alice/%2e%2e/%2e%2e/%2e%2e/%2e%2e/keys
    alice/Face_Cam/%2e%2e/%2e%2e/%2e%2e/keys ../keys ..%2fkeys
    alice/Face_Cam/index.m3u8%00.ts alice/Face_Cam/%252e%252e%252fup.ts))
{
    like($t->get("/hls/$path")->{status}, qr/^40[04]$/, "nothing by $path");
}

$t->done;
