#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What each kind of WHIP client offers and does, all of them at once: they
# connect, are listed as what they are, and what is recorded of them can be
# played from its first to its last frame.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;

use constant RUN => 12;

my $key = 'wsh4-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice max_sources=16\n");
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
            hls_playlist_length 60s;
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

        location /whip/ {
            whip live;
            whip_rate off;
            whip_idle_timeout 5s;
            whip_max_pending 20;
        }

        location = /list   { whip_status; }
        location = /status { multisource_status; }
        location /hls/     { alias %%DIR%%/hls/; multisource_play live; }
    }
}
EOC

# 8 s from one keyframe to the next for OBS

my %flash = (pattern => 'flash', seconds => 10);
my %slow = (%flash, gop => 240, seconds => 16);
my %small = (%flash, size => '320x180', video => 1, audio => 0);

my @clients = (
    { name  => 'obs',
      shape => 'obs', media => \%slow },
    { name  => 'obs-video',
      shape => 'obs', media => { %slow, audio => 0 } },
    { name  => 'ffmpeg0',
      shape => 'ffmpeg0', media => { %flash, audio => 1 } },
    { name  => 'ffmpeg0-video',
      shape => 'ffmpeg0', media => { %flash, audio => 0 } },
    { name  => 'ffmpeg1',
      shape => 'ffmpeg1', media => \%flash, video_loss => 3 },
    { name  => 'chrome',
      shape => 'chrome', media => [\%flash, \%small] },
    { name  => 'firefox',
      shape => 'firefox', media => \%flash },
    { name  => 'gst',
      shape => 'gst', media => \%flash },
    { name  => 'audio',
      shape => 'generic', media => { %flash, video => 0 } },
    { name  => 'video',
      shape => 'generic', media => { %flash, audio => 0 } },
);

sub listed {
    my %list = map { $_->{stream} =~ /^alice_(.*)/ => $_ }
        @{ $t->get('/list')->json->{list} };
    return \%list;
}

my %p;

for my $c (@clients) {
    my %o = %$c;
    my $name = delete $o{name};

    $p{$name} = $t->whip(path => "/whip/$name",
        bearer => $key, %o);
}

for my $c (@clients) {
    my ($name, $p) = ($c->{name}, $p{ $c->{name} });

    ok($p->connected, "$name connects") or next;
    is_deeply($p->answer->{errors}, [], "$name: the answer");
}

is($p{ffmpeg0}->answer->{setup}, 'active', 'ffmpeg0 is passive, we are active');
is($p{ffmpeg0}->connected->{role}, 'server', 'and it is the DTLS server');
is($p{obs}->connected->{role}, 'client', 'OBS is the DTLS client');
is($p{obs}->connected->{profile}, 'SRTP_AES128_CM_SHA1_80', 'profile of OBS');
is($p{chrome}->connected->{profile}, 'SRTP_AEAD_AES_128_GCM',
    'profile of Chrome');

# who asks is told at once; Chrome changes its size in mid-stream

$t->pause(RUN / 2);
$p{chrome}->cmd('switch', to => 1);
$t->pause(RUN / 2);

my $list = listed();
my %source = map { $_->{source} => $_ } @{ $t->get('/status')->json->{sources} };

for my $c (@clients) {
    my $name = $c->{name};
    my ($l, $s) = ($list->{$name} || {}, $source{$name} || {});
    my ($audio, $video) = map { exists $c->{media} && ref $c->{media} eq 'HASH'
        && exists $c->{media}{$_} && !$c->{media}{$_} ? 0 : 1 }
        qw(audio video);

    is($l->{state}, 'live', "$name is live");
    is($l->{bad_packets}, 0, "$name: no bad packet");
    is($s->{state}, 'live', "$name: the source is live");
    is($s->{audio_codec}, $audio ? 'mp4a.40.2' : '', "$name: audio codec");
    is($s->{dropped}, 0, "$name: nothing dropped");
    cmp_ok(abs $l->{skew_ms}, '<', 20, "$name: skew") if $audio && $video;

    if ($audio) {
        is($l->{audio}{codec}, 'mp4a.40.2', "$name: audio");
        is($l->{audio}{$_}, 0, "$name: audio $_") for qw(lost concealed_ms);
    } else {
        is($l->{audio}, undef, "$name: no audio");
    }

    if ($video) {
        my $size = $name eq 'chrome' ? '320x180' : '640x360';

        is("$l->{video}{width}x$l->{video}{height}", $size, "$name: size");
        like($l->{video}{codec}, qr/^avc1\.42/, "$name: video");
        is($s->{video_codec}, $l->{video}{codec}, "$name: the same in the list");
        is($l->{video}{$_}, 0, "$name: video $_")
            for qw(lost frames_dropped);
        cmp_ok(abs($l->{video}{fps} - 30), '<', 4, "$name: fps");
    } else {
        is($l->{video}, undef, "$name: no video");
    }
}

# HLS, while they are live

for my $name (qw(obs chrome audio)) {
    my $hls = $t->ffprobe($t->url("/hls/alice/$name/index.m3u8"));

    is($hls->{error}, '', "$name: HLS plays");
    is($hls->{audio}{codec_name}, 'aac', "$name: HLS has audio");
    is($hls->{video}{codec_name}, 'h264', "$name: HLS has video")
        if $name ne 'audio';
}

# no media is sent any more, but all of it has come: the same numbers

$_->set(video_loss => 0, audio_pause => 1, video_pause => 1) for values %p;

my %is = map { $_->{name} => {} } @clients;

$t->wait_for(sub {
    my $now = listed();

    for my $name (keys %is) {
        my $stats = $p{$name}->stats;

        for my $kind (qw(audio video)) {
            next unless $now->{$name}{$kind};

            my ($ours, $theirs) = ($now->{$name}{$kind}, $stats->{$kind});

            $is{$name}{$kind} = {
                packets => [$theirs->{packets}, $ours->{packets}],
                bytes   => [$theirs->{bytes}, $ours->{bytes}],
                nacked  => [$theirs->{nacked}, $ours->{nacks}],
            };

            # the payload of RTX has two bytes more
            delete $is{$name}{$kind}{bytes} if $name =~ /ffmpeg1|chrome/;
        }
    }

    return !grep { $_->[0] != $_->[1] } map { values %$_ }
        map { values %$_ } values %is;
}, 4, 'numbers that are the same')
    or diag(explain(\%is));

cmp_ok($p{ffmpeg1}->stats->{video}{repaired}, '>', 5, 'ffmpeg1 sent RTX');
is($p{ffmpeg1}->stats->{video}{repaired}, listed()->{ffmpeg1}{video}{repaired},
    'all of it came in time');
is($p{obs}->stats->{rtcp}{invalid}, 0, 'OBS: no invalid RTCP');
cmp_ok($p{obs}->stats->{rtcp}{remb}, '>', 5, 'OBS gets REMB');
cmp_ok($p{chrome}->stats->{rtcp}{twcc}, '>', 50, 'Chrome gets TWCC');
is($p{chrome}->stats->{rtcp}{twcc_invalid}, 0, 'and it is well-formed');

for my $p (sort { $a->{pid} <=> $b->{pid} } values %p) {
    $p->signal('INT');
}

is($p{$_->{name}}->wait(10), 0, "$_->{name} stops well") for @clients;

$t->wait_for(sub { !@{ $t->get('/list')->json->{list} } }, 5, 'none is left');

# what was recorded

for my $c (@clients) {
    my $name = $c->{name};
    my $r = Test::Live::Flv->new("$t->{dir}/rec/alice_$name.flv");
    my $stats = $p{$name}->stats;

    is(join('; ', $r->backwards), '', "$name: time goes on");
    is($r->faults, '', "$name: it can be decoded");

    if ($stats->{video}) {
        is(scalar @{ $r->{video} }, $stats->{video}{frames},
            "$name: all frames");
        is(scalar @{ $r->{keys} }, $stats->{video}{keyframes},
            "$name: all keyframes");
        cmp_ok($r->gap('video'), '<', 60, "$name: no gap in the video");
        is(scalar @{ $r->{headers} }, $name eq 'chrome' ? 2 : 1,
            "$name: sequence headers");
    }

    if ($stats->{audio}) {
        cmp_ok(abs($r->rate('audio') - 48000 / 1024), '<', 0.3,
            "$name: rate of the audio");
        cmp_ok($r->gap('audio'), '<', 60, "$name: no gap in the audio");
    }

    if ($name =~ /^(?:obs|ffmpeg1|firefox)$/) {
        my ($skew, @all) = $r->skew;

        cmp_ok(scalar @all, '>=', 5, "$name: flashes and beeps");
        cmp_ok(abs $skew, '<', 25, "$name: together");
    }
}

is(join(' ', Test::Live::Flv->new("$t->{dir}/rec/alice_chrome.flv")->sizes),
    '640x360 320x180', 'chrome: both sizes');

$t->done;
