#!/usr/bin/perl

# Copyright (C) the ngx_live contributors

# Bounded live fuzz of the RTMP side: mutated recordings of good sessions, and
# messages put together at random, by strangers, players and publishers.  The
# same on every run unless TEST_SEED is set; TEST_ROUNDS sessions (500).

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;
use Test::Live::Attack;

my $seed = $ENV{TEST_SEED} || 20261121;
my $rounds = $ENV{TEST_ROUNDS} || 500;

note("TEST_SEED=$seed TEST_ROUNDS=$rounds");

my $t = Test::Live->new(workers => 2, timeout => 180 + $rounds,
    secrets => ['kq7-fuzz-control', 'kq7-fuzz-streamer']);

$t->write('keys', "kq7-fuzz-control alice\nkq7-fuzz-streamer bob\n");
$t->conf(<<'EOC')->run;

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        max_message 1m;

        application live {
            live on;
            hls on;
            hls_path %%DIR%%/hls;
            hls_nested on;
            multisource on;
            multisource_keys keys;
            multisource_max_sources 64;
            multisource_refuse_rate off;
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

        location /status { multisource_status; }
        location /sources/ { multisource_api; multisource_list on; }
    }
}

EOC

my @workers = $t->workers;
my $control = $t->rtmp;

is($control->publish('kq7-fuzz-control')->{code}, 'NetStream.Publish.Start',
    'the control publisher');
$control->live;
ok($t->wait_for(sub { frames() }), 'is live');

sub frames {
    my ($source) = @{ $t->get('/status')->json->{sources} };
    return $source && $source->{streamer} eq 'alice'
        ? $source->{video_frames} : 0;
}

sub rss {
    my ($kb) = Test::Live::Process::slurp("/proc/$_[0]/status")
        =~ /^VmRSS:\s+(\d+) kB/m;
    return $kb || 0;
}

sub fds { return join ' ', map { scalar(() = glob "/proc/$_/fd/*") } @workers }

# what a good session says, message by message

sub good {
    my ($r, $app, $name) = @_;

    return map { join '', $r->chunks(@$_) }
        [20, 3, 0, 0, amf_encode('connect', 1, { app => $app,
            tcUrl => 'rtmp://h/' . $app, flashVer => 'x' })],
        [20, 3, 0, 0, amf_encode('releaseStream', 2, undef, 'x')],
        [20, 3, 0, 0, amf_encode('createStream', 3, undef)],
        [20, 8, 1, 0, amf_encode('publish', 4, undef, $name, 'live')];
}

my @payloads = (
    [9, avc_header()], [9, avc_frame(0)], [9, avc_frame(1)], [9, hevc_header()],
    [9, av1_frame(0)], [9, spinning_avc()], [9, "\x97\0" . avc_header()],
    [8, aac_header()], [8, aac_frame()], [8, opus_header()],
    [18, amf_encode('@setDataFrame', 'onMetaData', { width => 640,
        videocodecid => 'avc1', list => [1, 'x', { a => undef }] })],
    [22, aggregate([9, avc_frame(1)], [8, aac_frame()], [18,
        amf_encode('onMetaData', { width => 1 })])],
    [22, nested_aggregates(3)], [20, amf_encode('x', 1) . deep_amf(18)],
    [1, pack 'N', 4096], [1, pack 'N', 128], [3, pack 'N', 1], [5, pack 'N', 9],
    [2, pack 'N', 6], [4, pack 'n N N', 3, 1, 100], [4, pack 'n N', 6, 1],
    (map { [20, amf_encode($_, 5, undef, 'x', 1)] } qw(createStream play pause
        seek receiveVideo closeStream deleteStream play2 releaseStream
        FCPublish publish connect)),
    [17, "\0" . amf_encode('createStream', 6, undef)], [15, "\0\2\0\3abc"],
    [19, "\0\4play" . amf_encode(0)], [16, "\0\0\4play"], [0, ''], [255, 'x'],
);

sub bytes { return join '', map { chr int rand 256 } 1 .. $_[0] }

# a message with a header that may lie about it, or two in one another

sub message {
    my ($r) = @_;
    my ($type, $payload) = @{ $payloads[rand @payloads] };

    $payload = mutated($payload, 2) if rand() < 0.5;
    $type = int rand 24 if rand() < 0.1;

    my @chunks = $r->chunks($type, 2 + int rand 10, int rand 2,
        int rand(rand() < 0.1 ? 2 ** 32 : 9999), $payload,
        fmt => rand() < 0.8 ? 0 : int rand 4, ext => rand() < 0.1,
        rand() < 0.1 ? (length => int rand 70_000) : ());

    # nor is it always whole, or alone
    return rand() < 0.8 ? @chunks : map { ($_, message($r)) } $chunks[0];
}

sub mutated {
    my ($bytes, $times) = @_;

    for (1 .. 1 + rand $times) {
        my $at = int rand(1 + length $bytes);
        my $n = int rand(rand() < 0.5 ? 8 : 200);
        my $how = int rand 7;

        $bytes .= ' ' if $at == length $bytes;

        if ($how == 0) {
            substr($bytes, $at, 1) ^= chr(1 << rand 8);

        } elsif ($how == 1) {
            substr($bytes, $at, 1) = (map { chr } 0, 1, 127, 128, 255)[rand 5];

        } elsif ($how == 2) {
            substr($bytes, $at, $n) = '';

        } elsif ($how == 3) {
            substr($bytes, $at, 0) = substr $bytes, int rand length $bytes, $n;

        } elsif ($how == 4) {
            substr($bytes, $at, 0) = bytes($n);

        } elsif ($how == 5) {
            substr($bytes, $at, 0) = pack('C', rand 256) . bytes(3)
                . pack 'C C C C', 0, rand 4, rand 256, rand 24;

        } elsif (rand() < 0.3) {
            substr($bytes, $at) = '';
        }
    }

    return $bytes;
}

# one session, by its number alone

sub session {
    my ($i) = @_;

    srand $seed + $i;

    my $app = rand() < 0.7 ? 'live' : 'plain';
    my $name = $app eq 'live' ? 'kq7-fuzz-streamer_f' . $i % 60 : "p$i";
    my $kind = $i % 10;

    my $r = $t->rtmp(raw => 1, handshake => $kind != 9,
        split => rand() < 0.15 ? 'random' : 0);

    my @good = good($r, $app, $name);
    my @media = map { message($r) } 1 .. 3 + rand 30;

    $good[-1] = join '', $r->chunks(20, 8, 1, 0,
        amf_encode('play', 4, undef, 'alice')) if $kind == 8;

    # a publisher or a player first, or wrong from the beginning on

    my $said = $kind == 9 ? mutated("\3" . bytes(3071), 3) . join '', @good
        : $kind > 5 ? join '', @good, map { rand() < 0.3 ? mutated($_, 3) : $_ }
            @media
        : $kind > 2 ? join '', @good, @media
        : mutated(join('', @good, @media), 6);

    $r->send_raw($said);
    $r->close;

    return;
}

session($_) for 1 .. 20;

my $fds;
$t->wait_for(sub { $fds = fds(); @{ $t->get('/status')->json->{sources} } == 1 },
    'the first sessions to be gone');

# what is freed stays with the sanitizer for a while

my $room = $ENV{TEST_SANITIZE} ? 512 << 10 : 16 << 10;
my @rss = map { rss($_) } @workers;
my $last = frames();
my $stopped = '';

for my $i (1 .. $rounds) {
    session($i);

    next if $i % 100;

    my $dead = join(' ', $t->workers) ne join ' ', @workers;
    my $moved = $t->wait_for(sub { frames() > $last }, 5, 'the control frames');

    $stopped = "near session $i" and last if $dead || !$moved;
    $last = frames();
}

is($stopped, '', "$rounds sessions stop nobody");
is(join(' ', $t->workers), join(' ', @workers), 'the workers are the same');
is($control->closed, undef, 'the control publisher is still connected');

ok($t->wait_for(sub { @{ $t->get('/sources/')->json } == 1 }, 5, 'the list'),
    'no other source is left');
is($t->wait_for(sub { fds() eq $fds && $fds }, 5, 'descriptors'), $fds,
    'nor a descriptor');
cmp_ok(rss($workers[$_]) - $rss[$_], '<', $room, "kB that worker $_ grew")
    for 0, 1;

# it has seen some of everything

my $status = $t->get('/status')->json;

cmp_ok($status->{totals}{published}, '>', $rounds / 10, 'published');
cmp_ok($status->{refused}{$_}, '>', 0, $_)
    for qw(bad_amf bad_aggregate bad_chunk bad_codec_header);
cmp_ok($t->logged(qr/connect: app/), '>', $rounds / 2, 'connected');

$t->done;
