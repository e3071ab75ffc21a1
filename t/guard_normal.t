#!/usr/bin/perl

# Copyright (C) the ngx_live contributors

# What the input guard lets through: everything that real encoders do, and some
# that only the specification has.  One worker, so that players find what is
# published.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;
use Test::Live::Attack;

my $t = Test::Live->new(workers => 1, secrets => ['kq7-normal-a']);

my $conf = <<'EOC';

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        max_message 16m;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_max_bitrate off;
            multisource_max_total_bitrate off;
        }

        application plain {
            live on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api; }
        location /status { multisource_status; }
    }
}

EOC

$t->write('keys', "kq7-normal-a alice\n");
$t->conf($conf)->run;

my $player = $t->rtmp;
my ($p, $m);

is($player->play('alice')->{code}, 'NetStream.Play.Start', 'a player waits');

# a new publisher, after the last one

sub publisher {
    $p->close if $p;

    $p = $t->rtmp(@_);
    is($p->publish('kq7-normal-a')->{code}, 'NetStream.Publish.Start',
        'published');

    return $p;
}

# the message with this payload at the player, undef when it does not come

sub arrives {
    my ($payload) = @_;
    my $got = $player->wait_message(sub { $_[0]{payload} eq $payload }, 5);

    1 while $player->read_message(0);

    return $got;
}

# nginx-rtmp sends metadata to players before the next frame

sub width {
    $p->video(avc_frame(0), 10) if @_;

    my $got = $player->wait_message(sub {
        $_[0]{type} == 18 && ref $_[0]{args}[1]
    }, 5);

    return $got ? $got->{args}[1]{width} : undef;
}

# chunk sizes, also one after another: larger ones, as stock nginx-rtmp loses
# what it has read when it becomes smaller

publisher();

for my $size (128, 129, 4096, 65536, 1 << 20) {
    my $frame = avc_frame(0, size => 100_000 + $size);

    $p->set_chunk_size($size) if $size > 128;
    $p->video($frame, $size);
    ok(arrives($frame), "chunk size $size");
}

publisher()->set_chunk_size(1 << 20);
$p->video(avc_frame(0, size => 3 << 20), 40);
ok(arrives(avc_frame(0, size => 3 << 20)), 'chunks of a megabyte');

publisher()->set_chunk_size(4096);
$p->video(avc_header());
$p->video(avc_frame(0, size => 8 << 20), 40);
ok(arrives(avc_frame(0, size => 8 << 20)), 'a keyframe of 8 MB');

# two messages at once, chunk by chunk

my @video = $p->chunks(9, 6, $p->{msid}, 80, avc_frame(0, size => 1 << 20));
my @audio = $p->chunks(8, 4, $p->{msid}, 80, "\xaf\1" . 'a' x 100_000);

$p->send_raw(join '', map { ($_, shift @audio // ()) } @video);
ok(arrives("\xaf\1" . 'a' x 100_000), 'interleaved audio');
$p->video(avc_frame(0, size => 1 << 20), 120);
ok(arrives(avc_frame(0, size => 1 << 20)), 'interleaved video');

# aggregates, in one buffer and in many

for my $size (128, 4096) {
    publisher();
    $p->set_chunk_size($size) if $size > 128;

    $p->message(22, 6, $p->{msid}, 5000, aggregate(
        [18, amf_encode('@setDataFrame', 'onMetaData', { width => $size }), 7],
        [9, avc_header(), 7],
        [8, aac_header(), 7],
        [9, avc_frame(0, size => 900), 7],
        [8, aac_frame(), 28],
        [9, avc_frame(1), 47],
    ));

    is(width(), $size, "metadata in an aggregate, chunks of $size");
    ok($player->wait_message(sub { $_[0]{payload} eq avc_header() }, 5),
        'its AVC header');
    ok($player->wait_message(sub { $_[0]{payload} eq aac_header() }, 5),
        'its AAC header');

    $m = $player->wait_message(sub { $_[0]{payload} eq aac_frame() }, 5);
    is($m->{ts}, 5021, 'its audio, and when');

    $m = arrives(avc_frame(1));
    is($m->{ts}, 5040, 'its last frame, and when');
}

# AMF3 commands are AMF0 behind a zero

$p->close;
$p = $t->rtmp;
amf3('connect', 1, { app => 'live', objectEncoding => 3 });
ok(answered(1), 'connect as AMF3');
amf3('createStream', 2, undef);
ok(answered(2), 'createStream as AMF3');
$p->{msid} = 1;
amf3('publish', 3, undef, 'kq7-normal-a', 'live');
is($p->wait_status->{code}, 'NetStream.Publish.Start', 'publish as AMF3');
$p->message(15, 4, 1, 0,
    "\0" . amf_encode('@setDataFrame', 'onMetaData', { width => 333 }));
$p->video(avc_frame(0), 0);
ok(arrives(avc_frame(0)), 'and its media');

sub amf3 { return $p->message(17, 3, $p->{msid}, 0, "\0" . amf_encode(@_)) }

sub answered {
    my ($txn) = @_;
    return $p->wait_message(sub {
        $_[0]{type} == 20 && $_[0]{args}[0] eq '_result'
            && $_[0]{args}[1] == $txn
    }, 5);
}

# metadata: without an end, nested, of many values

publisher();

my $ecma = amf_encode('@setDataFrame', 'onMetaData', amf_ecma({ width => 444 }));

$p->message(18, 4, $p->{msid}, 0, substr $ecma, 0, -3);
is(width(1), 444, 'metadata that do not end');

my $nested = { width => 555 };
$nested = { width => 555, inner => $nested } for 1 .. 10;

$p->message(18, 4, $p->{msid}, 0, amf_encode('onMetaData', $nested));
is(width(1), 555, 'metadata of ten levels');

$p->message(18, 4, $p->{msid}, 0, amf_encode('onMetaData', { width => 666,
    keyframes => { times => [map { $_ + 0.5 } 1 .. 2000] } }));
is(width(1), 666, 'metadata of 2000 values');

# timestamps of four bytes, with and without an end of the first three

publisher();

for my $ts (0xfffffe, 0xffffff, 0x1000000, 0xfffffff0) {
    $p->message(9, 6, $p->{msid}, $ts, avc_frame(0, size => 1000), ext => 1);
    $m = arrives(avc_frame(0, size => 1000));
    is($m->{ts}, $ts, sprintf 'extended timestamp 0x%x', $ts);
}

# every byte alone

publisher(split => 'byte');
$p->metadata(width => 777);
is(width(1), 777, 'metadata byte by byte');
$p->video(avc_frame(0), 40);
ok(arrives(avc_frame(0)), 'a frame byte by byte');
$p->{split} = 0;

# a publisher may send more commands than a stranger

$p->send_raw(join '', map { $p->chunks(20, 3, 0, 0, amf_encode('foo', 0)) }
    1 .. 20_000);
$p->video(avc_frame(0), 80);
ok(arrives(avc_frame(0)), 'the 20,000 commands of a publisher');
$p->close;

# and without multisource: what is of no use for it passes as well

my $plain = $t->rtmp(app => 'plain');
my $viewer = $t->rtmp(app => 'plain');

$plain->publish('p');
$viewer->play('p');
$plain->set_chunk_size(65536);
$plain->video(avc_frame(0, size => 2 << 20), 40);
ok($viewer->wait_message(sub { $_[0]{payload}
    eq avc_frame(0, size => 2 << 20) }, 5), 'a frame without multisource');
$viewer->close;
$plain->close;

# ffmpeg: the handshake with digests, chunks of 60,000, its metadata

my $ffmpeg = $t->publish('kq7-normal-a');

is(width(), 640, 'metadata of ffmpeg');
is(scalar $player->frames('video', 10, 10), 10, 'frames of ffmpeg');

my $source = $t->wait_for(sub {
    my $list = $t->get('/sources/alice')->json;
    return @$list && $list->[0]{video}{width} && $list->[0];
});

is($source->{video}{width}, 640, 'size by its codec header');
is($ffmpeg->stop, 255, 'ffmpeg has stopped only now');
is($t->logged(qr/digest not found/), 0, 'no digest was missed');

# nothing of this was held against anybody

is($t->logged(qr/session ended/), 0, 'no session was ended');

my $refused = $t->get('/status')->json->{refused};

is(join(' ', grep { $refused->{$_} } sort keys %$refused), '',
    'no reason in /status');

# multisource_guard off: chunks of 64 bytes, one level of aggregates too many

$player->close;
$t->stop;
$t->conf($conf =~ s/rtmp \{/rtmp { multisource_guard off;/r)->run;

$player = $t->rtmp;
$player->play('alice');
undef $p;
publisher()->window_ack(1);
$p->wait_message(sub { $_[0]{type} == 3 }, 5);
$p->read_message(0);
$p->set_chunk_size(64);
$p->wait_message(sub { $_[0]{type} == 3 }, 5);
$p->video(avc_frame(0), 40);
ok(arrives(avc_frame(0)), 'guard off: chunk size 64');
$p->message(22, 6, $p->{msid}, 80,
    aggregate([22, aggregate([9, avc_frame(0, size => 999)])]));
ok(arrives(avc_frame(0, size => 999)), 'guard off: nested aggregates');

$t->done;
