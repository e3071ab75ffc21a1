#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Enhanced RTMP: nginx-rtmp's HLS, record and players do not carry it, but such
# sources are listed for what they are, and disturb nobody.  One worker, since
# RTMP players find a stream in their own worker only.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;

my $key = 'er6Xm-alice-stream';

my $t = Test::Live->new(workers => 1, secrets => [$key]);

$t->write('keys', "$key alice max_sources=20\n");
$t->mkdir('rec');

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_nested on;

            record all;
            record_path %%DIR%%/rec;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api; }
        location /status   { multisource_status; }
        location /hls/     { alias %%DIR%%/hls/; multisource_play; }
    }
}
EOC

# CODED_FRAMES, with the composition time that avc1 and hvc1 carry

sub avc1_frame {
    my ($n) = @_;

    return enhanced_video('avc1', 1, $n % 25 ? 2 : 1,
        "\0\0\0" . substr avc_frame($n % 25), 5);
}

# vpcC: version and flags, profile 0, level 2.1, 8 bits, 4:2:0; no size in it

my $vp09_header = enhanced_video('vp09', 0, 1,
    pack 'C a3 C6 n', 1, '', 0, 21, 0x82, 1, 1, 1, 0);

sub publisher {
    my ($source) = @_;

    my $c = $t->rtmp;

    is($c->publish("${key}_$source")->{code}, 'NetStream.Publish.Start',
        "$source: published");

    return $c;
}

# what the list has of a source, once the sub is true for it

sub listed {
    my ($source, $ready) = @_;

    my $found;

    $t->wait_for(sub {
        ($found) = grep { $_->{id} eq $source }
            @{ $t->get('/sources/alice')->json };
        return $found && (!$ready || $ready->($found));
    }, 10, "$source in the list");

    return $found;
}

sub status {
    my ($source) = @_;

    my ($s) = grep { $_->{source} eq $source }
        @{ $t->get('/status')->json->{sources} };

    return $s || {};
}

sub told {
    my ($source) = @_;
    return $t->logged(qr/source '$source' sends \w+ as Enhanced RTMP/);
}

# a neighbour of the usual kind, with a player

my $plain = publisher('Plain');
my $player = $t->rtmp;

$plain->live;
$player->play('alice_Plain', wait => 0);
ok(scalar $player->frames('video', 1), 'the neighbour plays');

# HEVC, AV1, VP9, and H.264 in the enhanced dress; Opus

my $hevc = publisher('Hevc');
my $av1 = publisher('Av1');
my $vp9 = publisher('Vp9');
my $avc1 = publisher('Avc1');

$hevc->live(video => 'hevc');
$av1->live(video => 'av1', audio => 'opus', gop => 8);

$vp9->audio(opus_header(), 0);
$vp9->video($vp09_header, 0);
$vp9->video(enhanced_video('vp09', 1, $_ % 10 ? 2 : 1, "\x86\0@\x92\x9c$_"),
    $_ * 40) for 0 .. 19;
$vp9->audio(opus_frame(), $_ * 20) for 0 .. 9;

$avc1->audio(aac_header(), 0);
$avc1->video(enhanced_video('avc1', 0, 1, avc_config()), 0);
$avc1->video(avc1_frame($_), $_ * 40) for 0 .. 49;

my $s = listed('Hevc', sub { $_[0]{video}{fps} && $_[0]{audio} });

is($s->{video}{codec}, 'hvc1.1.6.L63.90', 'HEVC: codec');
is("$s->{video}{width}x$s->{video}{height}", '640x360', 'HEVC: size');
is($s->{audio}{codec}, 'mp4a.40.2', 'HEVC: its audio is AAC');
is($s->{video}{fps}, 25, 'HEVC: frame rate');

$s = listed('Av1', sub { $_[0]{audio} });

is($s->{video}{codec}, 'av01.0.01M.08', 'AV1: codec');
is("$s->{video}{width}x$s->{video}{height}", '640x360', 'AV1: size');
is($s->{audio}{codec}, 'opus', 'Opus: codec');
is($s->{audio}{sample_rate}, 48000, 'Opus: sample rate');
is($s->{audio}{channels}, 2, 'Opus: channels');

$s = listed('Vp9', sub { $_[0]{video} && $_[0]{audio} });

is($s->{video}{codec}, 'vp09.00.21.08', 'VP9: codec');
ok(!exists $s->{video}{width}, 'VP9: its record tells no size');
is($s->{audio}{codec}, 'opus', 'VP9: its audio');

$s = listed('Avc1', sub {
    $_[0]{video} && status('Avc1')->{video_frames} >= 50
});

is($s->{video}{codec}, 'avc1.42c01e', 'avc1: codec');
is($s->{video}{height}, 360, 'avc1: size');
is(status('Avc1')->{video_frames}, 50, 'avc1: frames');
is(status('Avc1')->{keyframes}, 2, 'avc1: keyframes');

for my $source (qw(Hevc Av1 Vp9 Avc1)) {
    is(told($source), 1, "$source: one line in the log");
    is(status($source)->{dropped}, 0, "$source: everything is understood");
}

like((grep { /'Hevc' sends/ } split /\n/, $t->log)[0],
    qr/\[notice\].*sends hevc as .* hls, dash, record and RTMP players do not/,
    'which says what is not carried');

# multitrack messages beside track 0

my $multi = publisher('Multi');

$multi->video(avc_header(), 0);
$multi->audio(aac_header(), 0);

my $one_track = sub {
    my ($type, $fourcc, $track, $body) = @_;
    return "\x96" . pack('C a4 C', $type, $fourcc, $track) . $body;
};

$multi->video($one_track->(0, 'hvc1', 1, substr hevc_header(), 5), 0);

for my $n (0 .. 29) {
    $multi->video(avc_frame($n % 10), $n * 40);
    $multi->video($one_track->(3, 'hvc1', 1, 'x' x 40), $n * 40);
    $multi->audio(aac_frame(), $n * 21);
}

# many tracks of many codecs in one message, each with its size

$multi->video("\x96\x21" . join('', map {
    pack 'a4 C a3 a*', $_->[0], $_->[1], substr(pack('N', 9), 1), "\0" x 9
} ['hvc1', 1], ['av01', 2]), 1240);
$multi->video(avc_frame(0), 1240);

$t->wait_for(sub { status('Multi')->{video_frames} >= 31 });

$s = listed('Multi');

is($s->{video}{codec}, 'avc1.42c01e', 'multitrack: track 0 is what is listed');
is(status('Multi')->{video_frames}, 31, 'multitrack: and counted');
is(status('Multi')->{keyframes}, 4, 'multitrack: with its keyframes');
is(status('Multi')->{dropped}, 0, 'multitrack: nothing is dropped');
is(told('Multi'), 0, 'multitrack: nothing is said, since track 0 is carried');

# what is not known

my $odd = publisher('Odd');

$odd->video(avc_header(), 0);
$odd->video(avc_frame(0), 0);
$odd->video(enhanced_video('zzzz', 1, 1, 'x' x 20), 40) for 1 .. 3;
$odd->audio(enhanced_audio('zzzz', 1, 'x' x 20), 40) for 1 .. 2;
$odd->video(avc_frame(1), 80);

$t->wait_for(sub { status('Odd')->{video_frames} >= 2 });

is(status('Odd')->{dropped}, 5, 'unknown FourCC: counted as dropped');
is(status('Odd')->{video_frames}, 2, 'and the rest goes on');
is(listed('Odd')->{video}{codec}, 'avc1.42c01e', 'as what it is');
is($odd->closed, undef, 'nobody is closed for it');

# truncated in every place

$odd->video(substr(hevc_header(), 0, $_), 120) for 1 .. 12, 30, 60;
$odd->video("\x96", 120);
$odd->video("\x97\xff\xff", 120);
$odd->video(avc_frame(2), 160);

$t->wait_for(sub { status('Odd')->{video_frames} >= 3 });
cmp_ok(status('Odd')->{dropped}, '>', 15, 'what is cut off is dropped');

# the encoder changes its mind

my $events = $t->events('/sources/alice/events');
my $change = publisher('Change');

$change->video(avc_header(), 0);
$change->video(avc_frame($_), $_ * 40) for 0 .. 4;

listed('Change', sub { $_[0]{video}{codec} eq 'avc1.42c01e' });

$change->video(hevc_header(), 200);
$change->video(hevc_frame($_), 200 + $_ * 40) for 0 .. 4;

my $event;

do {
    $event = $events->wait_event('source_updated', 10);
} while $event && ($event->{data}{id} ne 'Change'
    || $event->{data}{video}{codec} =~ /^avc1/);

is($event->{data}{video}{codec}, 'hvc1.1.6.L63.90', 'a new codec is announced');
is(listed('Change')->{video}{codec}, 'hvc1.1.6.L63.90', 'and listed');
is(told('Change'), 1, 'and told in the log');

# a player of what stock does not carry waits, at worst; the neighbour plays on

my $other = $t->rtmp;

$other->play('alice_Hevc', wait => 0);
$player->frames('video', 100, 0.1);
is(scalar $player->frames('video', 10, 5), 10, 'the neighbour plays on');
is($player->closed, undef, 'undisturbed');

$t->wait_for(sub { $t->get('/hls/alice/Plain/index.m3u8')->{body} =~ /2\.ts/ });
is($t->ffprobe($t->url('/hls/alice/Plain/index.m3u8'))->{video}{codec_name},
    'h264', 'its HLS plays');
is(status('Plain')->{dropped}, 0, 'nothing of it is dropped');
is($other->closed, undef, 'the player of HEVC is still there');
is((grep { $_->closed } $hevc, $av1, $vp9, $avc1, $multi, $odd, $change), 0,
    'and so is every publisher');

$t->done;
