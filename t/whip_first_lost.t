#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The parameter sets of the first key frame are lost: another key frame is asked
# for, and the video begins with it.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Whip;

my $key = 'k-5d2f60a917';
my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/    { whip live; }
        location = /status { whip_status; }
    }
}
EOC

# a long group of pictures, without the SPS and PPS of the first one

my $media = Test::Live::Whip->media(
    gop => 150, seconds => 20, size => '320x240', kbps => 300);

open my $file, '<:raw', $media->{video} or die "$media->{video}: $!\n";
my $bytes = do { local $/; <$file> };

my ($video, $begun) = ('', 0);

for my $nal ($bytes =~ /\G\x00*\x00\x00\x01(.*?)(?=\x00\x00\x01|\x00{3}\x01|\z)/gs) {
    my $type = ord($nal) & 31;

    $begun = 1 if $type == 5;
    $video .= "\0\0\0\1$nal" if $begun || ($type != 7 && $type != 8);
}

my $peer = $t->whip(path => '/whip/Cam', bearer => $key, fps => 30,
    video => [$t->write('v.h264', $video)], audio => $media->{audio},
    keyframe => 'jump');

ok($peer->connected, 'connected');
ok($peer->keyframe_request(5, since => 0), 'a key frame is asked for');

ok($t->wait_for(sub {
    my ($session) = @{ $t->get('/status')->json->{list} };
    return $session && $session->{video} && $session->{video}{frames} > 30;
}, 10, 'video'), 'with which the video begins');

is($peer->stop('full'), 0, 'it stops well');

$t->done;
