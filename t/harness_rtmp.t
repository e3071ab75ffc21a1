#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The harness itself, tried on stock nginx-rtmp: real and made-up publishers,
# players, HLS.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;

my $t = Test::Live->new(modules => [], workers => 1);

$t->conf(<<'EOC')->run;

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        chunk_size 4096;
        ping 1s;
        max_streams 512;

        application live {
            live on;
        }

        application hls {
            live on;
            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_playlist_length 10s;
        }

        application refused {
            live on;
            deny publish all;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /hls/ {
            root %%DIR%%;
        }
    }
}

EOC

is(scalar $t->workers, 1, 'one worker');

# ffmpeg publishes, stock HLS and ffprobe see it

my $p = $t->publish('show', app => 'hls');

ok($p->started, 'ffmpeg publishes');

$t->wait_for(sub { $t->read('hls/show.m3u8') =~ /show-1\.ts/ },
    'the second fragment');

my $r = $t->get('/hls/show.m3u8');

is($r->{status}, 200, 'playlist status');
is($r->{headers}{'content-type'}, 'application/vnd.apple.mpegurl',
    'playlist type');
like($r->{body}, qr/^#EXTM3U\n/, 'playlist');

my $probe = $t->ffprobe($t->url('/hls/show.m3u8'));

is($probe->{video}{codec_name}, 'h264', 'HLS video');
is($probe->{video}{width}, 640, 'HLS width');
is($probe->{audio}{codec_name}, 'aac', 'HLS audio');

$probe = $t->play_rtmp('show', app => 'hls', seconds => 1);

is($probe->{video}{codec_name}, 'h264', 'RTMP video');
cmp_ok($probe->{video}{nb_read_packets}, '>', 5, 'RTMP video packets');
is($probe->{audio}{codec_name}, 'aac', 'RTMP audio');

is($p->stop, 255, 'ffmpeg ends on SIGINT');
$t->wait_log(qr/deleteStream/);

# our own publisher, seen by our own player

my $a = $t->rtmp;

is($a->connect->{code}, 'NetConnection.Connect.Success', 'connected');
is($a->publish('alice')->{code}, 'NetStream.Publish.Start', 'published');
ok($a->media(seconds => 1), 'a second of media at once');

my $b = $t->rtmp;

is($b->play('alice')->{code}, 'NetStream.Play.Start', 'plays');

$a->live;

my @frames = $b->frames('video', 30, 5);

is(scalar @frames, 30, 'frames played');
is($frames[0]{payload}, avc_header(), 'the AVC header comes first');
is((grep { $_->{payload} eq avc_frame(0) } @frames[1 .. 29]) > 0, 1,
    'a keyframe came whole');

my ($silence) = grep { $_->{payload} eq aac_frame() } $b->frames('audio', 2, 5);

ok($silence, 'an audio frame came whole');

$probe = $t->play_rtmp('alice', seconds => 1);

is($probe->{video}{profile}, 'Constrained Baseline', 'ffmpeg knows our H.264');
is($probe->{video}{height}, 360, 'and its height');
is($probe->{audio}{profile}, 'LC', 'and our AAC');

# the name is taken

my $c = $t->rtmp;

is($c->publish('alice')->{code}, 'NetStream.Publish.BadName', 'name is taken');
ok(!$c->closed, 'nginx-rtmp leaves the second publisher connected');

# the publisher leaves, and the name is free

$a->close;

is($c->drop, undef, 'dropped');
is($t->rtmp->publish('alice')->{code}, 'NetStream.Publish.Start',
    'the name is free again');

# every byte alone, and chunks of odd sizes on odd streams (not smaller than
# before: stock nginx-rtmp then loses what it has read already)

my $s = $t->rtmp(split => 'byte');

is($s->publish('bytes')->{code}, 'NetStream.Publish.Start', 'byte by byte');

$s->{split} = 'random';

$b = $t->rtmp;

is($b->play('bytes')->{code}, 'NetStream.Play.Start', 'another player');

$s->set_chunk_size(201);
$s->message(9, 64, $s->{msid}, 0, avc_header());
$s->message(9, 320, $s->{msid}, 0xfffffff, avc_frame(0, size => 3000));
$s->message(9, 320, $s->{msid}, 0x1000000f, avc_frame(1), fmt => 1);

my $f = $b->wait_message(sub { $_[0]{payload} eq avc_frame(0, size => 3000) },
    5);

ok($f, 'a frame of many small chunks came whole');
is($f->{ts}, 0xfffffff, 'its extended timestamp');

$f = $b->wait_message(sub { $_[0]{payload} eq avc_frame(1) }, 5);

is($f->{ts}, 0x1000000f, 'a timestamp relative to it');

# who stops in the middle of a message goes without a trace

my @chunks = $s->chunks(9, 6, $s->{msid}, 100, 'x' x 500);

ok($s->send_raw($chunks[0]), 'the first of its chunks');
$s->abrupt_close;
is($s->closed, 'local', 'reset by us');

# stock nginx-rtmp says Start before it refuses, then closes

my $d = $t->rtmp(app => 'refused');

$d->publish('x');
is($d->eof, 'eof', 'denied');

# an FLV file at full speed

my $e = $t->rtmp(app => 'hls');
my $media = Test::Live::FFmpeg->media;

is($e->publish('pump')->{code}, 'NetStream.Publish.Start', 'pump');
is($e->pump($media, speed => 0), 250, 'all frames of the file');

$t->wait_for(sub { $t->read('hls/pump.m3u8') =~ /pump-7\.ts/ },
    'the fragments of the pumped file');

$e->close;

# nginx pings, and our clients answer

$b->read_message(0) for 1 .. 1000;
ok($b->wait_message(sub { $_[0]{type} == 4 && $_[0]{event} == 6 }, 5), 'ping');
$t->pause(1.2);
ok(!$b->eof(0), 'and the player is still there');

$t->done;
