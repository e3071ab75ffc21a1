#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Sources of every kind pass as they are, from 0 on, in a time of their own that
# only goes forward, whatever the publisher's clock does.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::FFmpeg;
use Test::Live::Flv;
use Test::Live::RTMP;

my $t = Test::Live->new(workers => 2);

my $r = $t->receiver(name => 'all');
my $late = $t->receiver(name => 'late');

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            simulcast_push ${\$r->url('$name')};
            simulcast_push ${\$late->url('$name')} streamer=size;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { simulcast_status; }
    }
}
EOC

# publishers, all of them at a time

my (%publisher, %conn);

sub publish {
    my ($name, @live) = @_;

    my $c = $publisher{$name} = $t->rtmp;

    is($c->publish($name)->{code}, 'NetStream.Publish.Start', "$name: sent");
    $c->live(@live);

    return $c;
}

# a publisher, and the number of its connection at the receiver

sub published {
    my ($name) = @_;

    $conn{$name} ||= $r->wait_event('publish', 10, name => $name)->{conn};

    return ($publisher{$name}, $conn{$name});
}

# waits for so many frames and ends

sub received {
    my ($name, %want) = @_;

    my ($c, $conn) = published($name);

    for my $kind (sort keys %want) {
        $t->wait_for(sub { $r->stats($conn)->{$kind} >= $want{$kind} }, 15,
            "$name: $want{$kind} of $kind");
    }

    $c->live(0);
    $c->command('deleteStream', undef, $c->{msid});

    my $e = $r->wait_event('disconnect', 10, conn => $conn);

    $c->drop;

    is($e->{delete_stream}, 1, "$e->{name}: a clean end");
    is("@{ $e->{faults} }", '', "$e->{name}: no faults");
    is($e->{backwards}, 0, "$e->{name}: no time goes back");
    is($e->{first_ts}, 0, "$e->{name}: from 0 on");

    return $e;
}

# payloads of a connection, [type, time, bytes]

sub tags {
    my ($conn) = @_;

    my $next = flv_reader($r->flv($conn));
    my @tags;

    while (my $tag = $next->()) {
        push @tags, $tag;
    }

    return @tags;
}

sub hex_of { return map { unpack 'H*', $_ } @_ }

$late->set(listen => 0);

# --- Enhanced RTMP ------------------------------------------------------------

my %codecs = (
    hevc => [[video => 'hevc', gop => 25], hevc_header(), aac_header(),
        sub { hevc_frame($_[0] % 25) }, sub { aac_frame() }],
    av1 => [[video => 'av1', audio => 'opus', gop => 24], av1_header(),
        opus_header(), sub { av1_frame($_[0] % 24) }, sub { opus_frame() }],
    avc => [[], avc_header(), aac_header(), sub { avc_frame($_[0] % 25) },
        sub { aac_frame() }],
);

# steps of the clock

my @steps = (-3_600_000, -5000, -1200, 7_200_000, 2 ** 31 - 1000);
my @high = (0xfffff0, 0x7ffffe00);

publish($_, @{ $codecs{$_}[0] }) for sort keys %codecs;
publish('sound', video => 0);
publish('picture', audio => 0);
publish('late', audio => 0, metadata => 0);
publish('wrap', ts => 2 ** 32 - 3000);
publish("high$_", ts => $_) for @high;
publish("step$_", ts => 10_000_000) for @steps;
publish('headers', ts => 6_000);
publish('behind', ts => 6_000);

for my $name (sort keys %codecs) {
    my ($live, $video_header, $audio_header, $frame, $sound) =
        @{ $codecs{$name} };
    my $e = received($name, video => 40, audio => 40);
    my $conn = $conn{$name};

    is($e->{first_key}, 1, "$name: begins with a keyframe");
    is("@{ $e->{order} }[0 .. 3]", 'metadata audio_config video_config key',
        "$name: after its headers");
    is($e->{ts_gap}, 40, "$name: no frame is missing");

    my @video = grep { $_->[0] == 9 } tags($conn);
    my @audio = grep { $_->[0] == 8 } tags($conn);

    is_deeply([hex_of(shift(@video)->[2], shift(@audio)->[2])],
        [hex_of($video_header, $audio_header)], "$name: headers as sent");
    is_deeply([hex_of(map { $_->[2] } @video)],
        [hex_of(map { $frame->($_) } 0 .. $#video)], "$name: pictures as sent");
    is_deeply([hex_of(map { $_->[2] } @audio)],
        [hex_of(map { $sound->() } @audio)], "$name: sound as sent");
}

# --- one of both --------------------------------------------------------------

my $e = received('sound', audio => 40);

is("@{ $e->{order} }", 'metadata audio_config audio', 'sound: alone');
is($e->{video}, 0, 'sound: no picture');
cmp_ok(Test::Live::Flv->new($r->flv($conn{sound}))->gap('audio'), '<=', 22,
    'sound: without a gap');

$e = received('picture', video => 40);

is("@{ $e->{order} }[0 .. 2]", 'metadata video_config key', 'picture: alone');
is($e->{audio}, 0, 'picture: no sound');

# without metadata, and audio that comes late

my ($c, $conn) = published('late');
$t->wait_for(sub { $r->stats($conn)->{video} > 10 }, 'pictures');
$c->live(0);

my $now = int $c->{gen}{until};

$c->audio(aac_header(), $now);
$c->audio(aac_frame(), $now + 21 * $_) for 0 .. 9;
$c->video(avc_frame($c->{gen}{frames}++ % 25), $now + 40);
$e = received('late', audio => 10);

is("@{ $e->{order} }[0 .. 2]", 'video_config key video', 'late: no metadata');
is($e->{audio_config}, 1, 'late: the header of the sound');

# --- another size -------------------------------------------------------------

my %media = (seconds => 3, gop => 25, kbps => 500);
my $large = Test::Live::FFmpeg->media(%media);
my $small = Test::Live::FFmpeg->media(%media, size => '320x180');

$c = $publisher{size} = $t->rtmp;
$c->publish('size');
$c->pump($large, seconds => 2.6);

(undef, $conn) = published('size');

$late->set(listen => 1);
$c->pump($small, ts => 2600, seconds => 1.5);

$t->wait_for(sub { $late->events('publish') }, 10, 'the late one');
$c->pump($small, ts => 4100, seconds => 2.5);

$e = received('size', video => 100);

is($e->{video_config}, 2, 'size: two headers');

my $flv = Test::Live::Flv->new($r->flv($conn));

is(join(' ', $flv->sizes), '640x360 320x180', 'size: of all pictures');
is($flv->faults, '', 'size: decodes');
cmp_ok($flv->gap('video'), '<=', 60, 'size: no gap');

$e = $late->wait_event('disconnect', 10);
is("@{ $e->{order} }[0 .. 3]", 'metadata audio_config video_config key',
    'size: who comes later gets the headers');

$flv = Test::Live::Flv->new($late->flv);

is(join(' ', $flv->sizes), '320x180', 'size: the new ones');
is($flv->faults, '', 'size: decodes there');

# --- clocks -------------------------------------------------------------------

# 32 bits that wrap after 3 s

$e = received('wrap', video => 100);

is($e->{ts_gap}, 40, 'wrap: no gap');
cmp_ok($e->{last_ts}, '>=', 3900, 'wrap: it goes on');
cmp_ok($e->{last_ts}, '<', 20000, 'wrap: by as much');

# from above 24 bits, and 31

for my $high (@high) {
    $e = received("high$high", video => 40);
    is($e->{ts_gap}, 40, "high$high: no gap");
    cmp_ok($e->{last_ts}, '<', 20000, "high$high: rebased");
}

# 60 pictures, whose times something may be added to, and what came of them; the
# sound may come late, and have a new header then

sub continued {
    my ($name, $add, $late) = @_;

    my ($c, $conn) = published($name);

    $t->wait_for(sub { $r->stats($conn)->{video} > 5 }, 'pictures');
    $c->live(0);

    my $gen = $c->{gen};
    my $from = $gen->{ts} + $gen->{frames} * 40;

    # those that are on their way
    my $first = $r->stats($conn)->{video};

    for my $n (0 .. 59) {
        my $time = $from + $n * 40 + $add->($n);

        $c->video(avc_frame($gen->{frames}++ % 25), $time);
        $c->audio(aac_header(pack 'H*', '1210'), $time) if $late && $n == 30;
        $c->audio(aac_frame(), $time + 20 * $_ - ($late || 0)) for 0, 1;
    }

    received($name, video => $first + 60);

    my $flv = Test::Live::Flv->new($r->flv($conn));
    my @video = @{ $flv->{video} };

    cmp_ok($flv->gap('video'), '<=', 100, "$name: no leap");
    cmp_ok($flv->gap('audio'), '<=', 100, "$name: nor of the sound");
    cmp_ok(abs($video[-1] - 40 * $#video), '<=', 150, "$name: nor a halt");
    cmp_ok(abs($flv->{audio}[-1] - $video[-1]), '<=', 150,
        "$name: and both together");

    return;
}

# steps of the publisher's clock: time goes on evenly

for my $step (@steps) {
    continued("step$step", sub { return $_[0] < 10 ? 0 : $step });
}

# headers have any timestamp, often 0

continued('headers', sub {
    my ($n) = @_;

    $publisher{headers}->audio(aac_header(pack 'H*', '1210'), 0) if $n == 20;
    $publisher{headers}->video(avc_header(), 0) if $n == 30;

    return 0;
});

continued('behind', sub { return 0 }, 60);

$t->done;
