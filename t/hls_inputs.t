#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Low-latency HLS of whatever encoders send, and of what they should not: each
# source is published as it is, downloaded, and decoded to the last frame.

use strict;
use warnings;

use lib 't/lib';

use List::Util qw(max min);
use Test::More;
use Test::Live;
use Test::Live::Coded;
use Test::Live::Hls;
use Test::Live::Media;

need(scalar `ffmpeg -version 2>/dev/null`, 'ffmpeg');

my $key = 'hi3Wp-key-of-alice';
my $scale = $Test::Live::IO::scale;

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice max_sources=60\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /hls/ { multisource_play; }
    }
}
EOC

# --- media --------------------------------------------------------------------

use constant SECONDS => 11;

sub picture {
    my ($fps, @encoder) = @_;

    return ('-f', 'lavfi', '-i', "testsrc2=s=160x90:r=$fps", @encoder,
        qw(-pix_fmt yuv420p -threads 1));
}

sub avc {
    my ($fps, $gop, @more) = @_;

    return picture($fps, qw(-c:v libx264 -preset veryfast -sc_threshold 0
        -tune zerolatency -g), $gop, @more);
}

sub sound {
    my (@encoder) = @_;

    return (qw(-f lavfi -i sine=f=440:r=48000 -ac 2),
        @encoder ? @encoder : qw(-c:a aac -b:a 64k));
}

sub coded {
    my ($name, @args) = @_;

    # options of the output come after all inputs
    my (@inputs, @output);

    while (@args) {
        my $arg = shift @args;

        if ($arg eq '-f') {
            push @inputs, $arg, splice @args, 0, 3;
        } else {
            push @output, $arg;
        }
    }

    return Test::Live::Coded->new("hls-$name", @inputs, '-t', SECONDS, @output);
}

my $plain = coded('plain', avc(25, 25), sound());
my $large = coded('large', avc(25, 25, '-s', '256x144'), sound());
my $frames_3 = coded('b3', picture(25, qw(-c:v libx264 -preset veryfast
    -sc_threshold 0 -g 25 -bf 3 -x264-params b-adapt=0)), sound());
my $open = coded('open', picture('30000/1001', qw(-c:v libx264 -preset veryfast
    -sc_threshold 0 -g 30 -bf 3 -x264-params b-adapt=0:open-gop=1)), sound());
my $hevc = coded('hevc', picture(25, qw(-c:v libx265 -preset ultrafast -tag:v
    hvc1 -x265-params log-level=error:keyint=25:bframes=3:open-gop=0)),
    sound());
my $hevc_open = coded('hevcopen', picture(25, qw(-c:v libx265 -preset ultrafast
    -tag:v hvc1 -x265-params log-level=error:keyint=25:bframes=3)), sound());
my $av1 = coded('av1', picture(25, qw(-s 256x144 -c:v libsvtav1 -preset 12
    -g 25)), sound(qw(-c:a libopus -b:a 48k)));
my $aom = coded('aom', picture(15, qw(-c:v libaom-av1 -usage realtime -cpu-used
    8 -lag-in-frames 0 -g 30)), sound());
my $opus = coded('opus', sound(qw(-c:a libopus -b:a 48k)));
my $opus_60 = coded('opus60', sound(qw(-c:a libopus -b:a 48k -frame_duration
    60)));
my $aac_44 = coded('aac44', sound(qw(-ar 44100 -ac 1 -c:a aac -b:a 64k)));
my $aac_24 = coded('aac24', sound(qw(-ar 24000 -c:a aac -b:a 48k)));
my $mp3 = coded('mp3', sound(qw(-c:a libmp3lame -b:a 64k)));
my $slow = coded('slow', avc(1, 3), sound());
my $long = coded('long', avc(25, 125), sound());
my $odd = coded('odd', avc(25, 1000, '-force_key_frames',
    '0,0.72,1.04,3.2,3.6,7.92,8,11.2'), sound());

# --- sources ------------------------------------------------------------------

my %source;

# messages: what is sent; codecs: of the playlist; begin: when its sessions begin,
# ms; lost: pictures that cannot come out; fps, size: as the playlist tells them;
# line: a time line begins with each session

sub source {
    my ($name, $codecs, %o) = @_;

    $source{$name} = { begin => [0], lost => 0, codecs => $codecs, %o };

    return;
}

# those sent from one moment to another, ms

sub between {
    my ($from, $to, @messages) = @_;
    return grep { $_->[0] >= $from && $_->[0] < $to } @messages;
}

sub ordered { return sort { $a->[0] <=> $b->[0] } @_ }

# sent the same, but with other timestamps

sub moved {
    my ($by, @messages) = @_;

    return map {
        my ($at, $type, $ts, $payload, $pts) = @$_;
        [$at, $type, $ts + $by, $payload, defined $pts ? $pts + $by : ()];
    } @messages;
}

my $AVC = qr/avc1\.[\da-f]{6}/;
my $AAC = qr/mp4a\.40\.2/;

use constant { AUDIO => 8, VIDEO => 9 };

my @plain = $plain->messages;
my @sound = $plain->messages(skip => 'video');
my @picture = $plain->messages(skip => 'audio');

source(plain => qr/^$AVC,$AAC$/, fps => '25.000', messages => [@plain]);
source(enhanced => qr/^$AVC,$AAC$/, fps => '25.000', messages => [
    $plain->messages(enhanced => 1)]);
source(picture => qr/^$AVC$/, fps => '25.000', messages => [@picture]);

# pictures that are shown in another order than they are sent in

source(b3 => qr/^$AVC,$AAC$/, fps => '25.000', messages => [
    $frames_3->messages]);
source(open => qr/^$AVC,$AAC$/, fps => '29.970', messages => [
    $open->messages]);
source(hevc => qr/^hvc1\.1\.6\.L\d+\.90,$AAC$/, fps => '25.000',
    messages => [$hevc->messages]);
source(hevcopen => qr/^hvc1\.1\.6\.L\d+\.90,$AAC$/, fps => '25.000',
    messages => [$hevc_open->messages]);
source(av1 => qr/^av01\.0\.00M\.08,opus$/i, fps => '25.000', size => '256x144',
    messages => [$av1->messages]);
source(aom => qr/^av01\.0\.00M\.08,$AAC$/, fps => '15.000', messages => [
    $aom->messages]);

# sound alone; HE-AAC is announced, with SBR at 48 kHz, on top of what has 24 kHz

source(opus => qr/^opus$/i, messages => [$opus->messages]);
source(opus60 => qr/^opus$/i, messages => [$opus_60->messages]);
source(aac44 => qr/^$AAC$/, messages => [$aac_44->messages]);

$aac_24->{audio}{config} = pack 'H*', '2b118800';
source(heaac => qr/^mp4a\.40\.5$/, messages => [$aac_24->messages]);

# few pictures, and few keyframes

source(fps1 => qr/^$AVC,$AAC$/, messages => [$slow->messages]);
source(fps1mute => qr/^$AVC$/, messages => [
    $slow->messages(skip => 'audio')]);
source(gop5 => qr/^$AVC,$AAC$/, fps => '25.000', messages => [$long->messages]);
source(odd => qr/^$AVC,$AAC$/, fps => '25.000', messages => [$odd->messages]);

# timestamps that wrap, have their sign bit set, go back by an hour, and ahead by
# a minute in the middle of a group of pictures

source(wrap => qr/^$AVC,$AAC$/, fps => '25.000', messages => [
    $plain->messages(ts => 2**32 - 4000)]);
source(high => qr/^$AVC,$AAC$/, fps => '25.000', messages => [
    $plain->messages(ts => 0x7fffe000)]);
source(back => qr/^$AVC,$AAC$/, fps => '25.000', begin => [0, 5000],
    line => 1, messages => [between(0, 5000, @plain), moved(-3_600_000,
        between(5000, 99999, @plain))]);
source(ahead => qr/^$AVC,$AAC$/, fps => '25.000', begin => [0, 5500],
    line => 1, lost => 13, messages => [between(0, 5500, @plain), moved(60_000,
        between(5500, 99999, @plain))]);

# another size; another codec; other sound in the middle of a group

source(size => qr/^$AVC,$AAC$/, fps => '25.000', size => '256x144',
    begin => [0, 5000], messages => [between(0, 5000, @plain), between(0,
        SECONDS * 1000, $large->messages(at => 5000, ts => 5000))]);
source(codec => qr/^hvc1\.[\w.]+,$AAC$/, fps => '25.000', begin => [0, 5000],
    messages => [between(0, 5000, @plain), between(0, SECONDS * 1000,
        $hevc->messages(at => 5000, ts => 5000))]);
source(sound => qr/^$AVC,$AAC$/, fps => '25.000', begin => [0, 6000],
    messages => [ordered(@picture, between(0, 5500, @sound), between(0,
        SECONDS * 1000, $aac_44->messages(at => 5500, ts => 5500)))]);

# one track comes later, announced at once or not before

source(latesound => qr/^$AVC,$AAC$/, fps => '25.000', begin => [0, 4000],
    messages => [ordered(@picture, between(0, SECONDS * 1000,
        $aac_44->messages(at => 3500, ts => 3500)))]);
source(latepicture => qr/^$AVC,$AAC$/, fps => '25.000', begin => [0, 3500],
    messages => [ordered(between(0, SECONDS * 1000, $plain->messages(
        at => 3500, ts => 3500, skip => 'audio')), $aac_44->messages)]);
source(announced => qr/^$AVC,$AAC$/, fps => '25.000', messages => [ordered(
    [0, VIDEO, 0, avc_header($plain->{video}{config})],
    between(0, SECONDS * 1000, $plain->messages(at => 3000, ts => 3000,
        skip => 'audio')), $aac_44->messages)]);

# what is not carried, with an announcement and without

my $vpcc = pack 'C a3 C6 n', 1, '', 0, 21, 0x82, 1, 1, 1, 0;

source(vp9 => qr/^$AAC$/, messages => [ordered($aac_44->messages, map { (
    [2000 * $_, VIDEO, 2000 * $_, enhanced_video('vp09', 0, 1, $vpcc)],
    [2000 * $_, VIDEO, 2000 * $_, enhanced_video('vp09', 1, 1, "\x86\0@\x92")]
) } 0 .. 4)]);
source(mp3 => qr/^$AVC$/, fps => '25.000', messages => [ordered(@picture, map {
    [$_->{ts}, AUDIO, $_->{ts}, "\x2f$_->{bytes}"]
} @{ $mp3->{audio}{frames} })]);

# what makes no sense: NAL units that are longer than the frame, cut off, empty,
# decoder records of all kinds, tags without an end

my @garbage;
my $time = 500;

sub garbage {
    my ($type, @payloads) = @_;

    for (@payloads) {
        push @garbage, [$time, $type, $time, $_];
        $time += 370;
    }

    return;
}

garbage(VIDEO, map { "\x27\1\0\0\0$_" } '', "\0", "\0\0\0", "\0\0\0\0",
    pack('N a*', 100, 'x' x 20), pack('N a*', 0xffffffff, 'x' x 5),
    pack('N a* N', 2, 'xy', 7), pack('N a* a*', 4, 'abcd', "\0\0"));
garbage(VIDEO, map { "\x17\0\0\0\0$_" } '', "\1", 'x' x 6000, "\xff" x 60,
    substr($plain->{video}{config}, 0, 9), "\1\x42\0\x1e\xff\xe1\0\0\1\0\0");
garbage(VIDEO, "\x17", "\x90hvc1", "\x91hvc1\0\0\0x", "\x91zzzzyyyyyyyyy");
garbage(AUDIO, '', "\xaf", "\xaf\0", "\xaf\0\xff\xff", "\xaf\1", "\x95mp4a");

source(garbage => qr/^$AVC,$AAC$/, fps => '25.000', messages => [
    ordered(@plain, @garbage)]);

# a config, and nothing after it

source(config => undef, messages => [grep { !defined $_->[4] } @plain]);

# --- publish ------------------------------------------------------------------

my @names = sort keys %source;

for my $name (@names) {
    my $c = $source{$name}{rtmp} = $t->rtmp;

    is($c->publish("${key}_$name")->{code}, 'NetStream.Publish.Start',
        "$name: published");
}

my $start = send_all(map { [$_->{rtmp}, @{ $_->{messages} }] } values %source);

for my $name (@names) {
    my $c = $source{$name}{rtmp};

    ok(!$c->closed, "$name: to its end");
    $c->close;
}

# --- what came of it ----------------------------------------------------------

my %type = (video => VIDEO, audio => AUDIO);

# when frames are shown, s: of what was sent, and of what came out

sub sent {
    my ($kind, @messages) = @_;

    return map { $_->[4] / 1000 }
        grep { defined $_->[4] && $_->[1] == $type{$kind} } @messages;
}

sub shown {
    my ($kind, $probe) = @_;

    my $stream = $probe->{$kind} or return;

    return map { $_->{pts_time} }
        grep { $_->{stream_index} == $stream->{index} }
        @{ $probe->{packets} };
}

# the longest time from one to the next

sub gap {
    my ($last, @times) = sort { $a <=> $b } @_;

    my $most = 0;

    for (@times) {
        $most = max($most, $_ - $last);
        $last = $_;
    }

    return $most;
}

# the wall clock when the first keyframe, or sound, was there: what is sent with
# the least delay was sent at once

sub captured {
    my (@messages) = @_;

    my @frames = grep { defined $_->[4] } @messages;
    my @keys = grep { (ord($_->[3]) & 0x70) == 0x10 } @frames;
    my ($first) = (sent('video', @keys), sent('audio', @frames));

    return $start + $first + min(map { ($_->[0] - $_->[4]) / 1000 } @frames);
}

sub verify {
    my ($name) = @_;

    my $s = $source{$name};
    my $h = Test::Live::Hls->new($t, "/hls/alice/$name");

    if (!$s->{codecs}) {
        like($h->{error}, qr/: 404$/, "$name: there is no playlist");
        return;
    }

    is($h->{error}, undef, "$name: a playlist") or return;
    like($h->{codecs}, $s->{codecs}, "$name: $h->{codecs}");
    is($h->{frame_rate}, $s->{fps}, "$name: frame rate");
    is($h->{resolution}, $s->{size} || $h->{codecs} =~ /,|^avc/ && '160x90'
        || undef, "$name: size");

    my @sessions = $h->sessions;
    my @begin = @{ $s->{begin} };

    is(scalar @sessions, scalar @begin, "$name: sessions") or return;

    my @segments = @{ $h->{segments} };
    my $most = $h->{target_duration};

    is(join(' ', map { $_->{msn} } @segments),
        join(' ', $segments[0]{msn} .. $segments[0]{msn} + $#segments),
        "$name: numbered without a gap");
    is(scalar(grep { int(($_->{duration} || 0) + 0.5) > $most } @segments), 0,
        "$name: no segment is longer than $most s");

    # slewed by 20 ms a second, at first

    cmp_ok($h->slew // 99, '<', 0.02 * ($most + 1) + 0.002,
        "$name: the wall clock goes on as the media does");
    is(scalar(grep { $segments[$_]{wall} < $segments[$_ - 1]{wall} }
        1 .. $#segments), 0, "$name: and never back");

    my %frames = (video => 0, audio => 0);

    for my $n (0 .. $#sessions) {
        my $which = @sessions > 1 ? "$name, $n" : $name;
        my @messages = between($begin[$n], $begin[$n + 1] // 99999,
            @{ $s->{messages} });
        my $probe = $h->probe($n);
        my %late;

        is($probe->{error}, '', "$which: decodes");

        for my $kind (qw(video audio)) {
            my @sent = sent($kind, @messages);
            my @shown = shown($kind, $probe) or next;

            $frames{$kind} += @shown;
            $late{$kind} = max(@shown) - max(@sent);

            is($probe->{$kind}{nb_read_frames}, scalar @shown,
                "$which: each frame of $kind is one");
            cmp_ok(gap(@shown), '<', gap(@sent) + 0.003,
                "$which: evenly, as they were sent");
        }

        cmp_ok(abs($late{video} - $late{audio}), '<', 0.06,
            "$which: picture and sound are together")
            if keys %late == 2 && $n == $#sessions;

        # a clock that runs is not set

        next if $n && !$s->{line};

        my $off = $sessions[$n][0]{wall} - captured(@messages);

        cmp_ok(abs $off, '<', 0.1 * $scale, sprintf
            "$which: %.0f ms from what the clock showed", 1000 * $off);
    }

    # sound in front of the first picture is left out

    is($frames{video}, sent('video', @{ $s->{messages} }) - $s->{lost},
        "$name: all pictures");
    cmp_ok($frames{audio}, '>=', sent('audio', @{ $s->{messages} }) - 3,
        "$name: all sound") if !$s->{lost} && @begin == 1
        && $name ne 'announced';

    is(join(' ', $h->missing), '', "$name: nothing is missing");

    return;
}

verify($_) for @names;

for (['vp9', 'vp9'], ['mp3', 'mp3'], ['h264', 'garbage'], ['aac', 'garbage']) {
    my ($codec, $source) = @$_;

    is($t->logged(qr/\[warn\].* not packaged: $codec .*source "$source"/), 1,
        "$source: told once that $codec is not packaged");
}

is($t->logged(qr/not packaged/), 4, 'nothing else');
is($t->logged(qr/\[error\]/), 0, 'nothing has failed');

$t->done;
