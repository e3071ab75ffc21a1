#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Three layers of simulcast: the best one is published.  When it stops another
# one takes its place at a keyframe, and gives it back when it comes again.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;

my $key = 'wsi7-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");
$t->mkdir('rec');

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_nested on;

            record all;
            record_path %%DIR%%/rec;

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

        location /whip/ { whip live; }
        location /list  { whip_status; }
        location /hls/  { alias %%DIR%%/hls/; multisource_play live; }
    }
}
EOC

# the file of each layer begins with a keyframe every second

my %o = (gop => 30, pattern => 'flash');
my @layers = ({ %o, size => '1280x720' }, { %o, size => '640x360', audio => 0 },
    { %o, size => '320x180', audio => 0 });

my %p;

sub start {
    my ($name, %options) = @_;

    $p{$name} = $t->whip(path => "/whip/$name",
        bearer => $key, media => \@layers, %options);
}

# What a layer did not send is not to be had
# later

start('chrome', shape => 'chrome', rids => 'h;m;l', video_nack => 'none',
    video_padding => 'none', keyframe => 'ignore');
start('obs', shape => 'obs', rids => '0;1;2', video_nack => 'none');
start('padding', shape => 'chrome', rids => 'h;m;l', video_nack => 'none');

sub video {
    my ($name) = @_;

    my ($l) = grep { $_->{stream} eq "alice_$name" }
        @{ $t->get('/list')->json->{list} };

    return $l && $l->{video} || {};
}

sub size { my $v = video(@_); return join 'x', $v->{width} // 0, $v->{height} // 0 }

for my $name (qw(chrome obs)) {
    my $p = $p{$name};

    ok($p->connected, "$name connects") or next;
    is_deeply($p->answer->{errors}, [], "$name: the answer");

    my $sdp = $p->answer->{sdp};
    my @rids = $name eq 'chrome' ? qw(h m l) : (0, 1, 2);

    like($sdp, qr/^a=rid:$_ recv\b/m, "$name: layer $_ is taken") for @rids;
    like($sdp, qr/^a=simulcast:recv \Q@{[join ';', @rids]}\E\r?$/m,
        "$name: a=simulcast");

    $t->wait_for(sub { size($name) eq '1280x720' }, 6, "$name: the best layer");
    $t->wait_for(sub { video($name)->{layers} == 3 }, 6, "$name: three layers");
}

# a layer stops when all its packets are lost

my $many = 1_000_000_000;

for my $name (qw(chrome obs)) {
    my ($rid, $next) = $name eq 'chrome' ? qw(h m) : qw(0 1);

    $p{$name}->cmd('drop', rid => $rid, packets => $many);

    $t->wait_for(sub { size($name) eq '640x360' }, 5, "$name: the second one");
    $t->wait_for(sub { video($name)->{layers} == 2 }, 5, "$name: two layers");

    $p{$name}->cmd('drop', rid => $next, packets => $many);

    $t->wait_for(sub { size($name) eq '320x180' }, 5, "$name: the third one");

    $p{$name}->cmd('drop', rid => $rid, packets => 0);

    $t->wait_for(sub { size($name) eq '1280x720' }, 5, "$name: the first again");

    $p{$name}->cmd('drop', rid => $next, packets => 0);

    $t->wait_for(sub { video($name)->{layers} == 3 }, 5,
        "$name: three layers again");
}

is($t->logged(qr/whip: layer "\w+" of \d+x\d+ takes over from/), 6,
    'each change is in the log');

# padding by RTX says nothing of the layer that it is for

ok($p{padding}->connected, 'padding connects');
$t->wait_for(sub { size('padding') eq '1280x720' }, 6, 'padding: the best one');
$p{padding}->cmd('drop', rid => 'h', packets => $many);
$t->wait_for(sub { size('padding') eq '640x360' }, 5, 'padding: the second one');

my $hls = $t->ffprobe($t->url('/hls/alice/chrome/index.m3u8'));

is($hls->{error}, '', 'HLS plays');
is($hls->{video}{codec_name}, 'h264', 'HLS has video');

for my $name (qw(chrome obs)) {
    is($p{$name}->stop, 0, "$name stops well");

    my $r = Test::Live::Flv->new("$t->{dir}/rec/alice_$name.flv");

    is(join('; ', $r->backwards), '', "$name: time goes on");
    is($r->faults, '', "$name: it can be decoded");
    is(join(' ', $r->sizes), '1280x720 640x360 320x180 1280x720',
        "$name: the layers");
    is(scalar @{ $r->{headers} }, 4, "$name: sequence headers");
    cmp_ok($r->gap('video'), '<', 3200, "$name: gaps of the video");
    cmp_ok($r->gap('audio'), '<', 60, "$name: no gap in the audio");

    # a change costs no more than the wait for lost packets, and is made up for

    my (undef, @skews) = $r->skew;

    is(scalar(grep { abs > 550 } @skews), 0, "$name: together with the audio");
    cmp_ok(abs $skews[-1], '<', 45, "$name: and in the end most of all")
        or diag("@skews");
}

$t->done;
