#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Sources of a streamer are on one clock: what was captured at the same moment has
# the same date.  Each picture shows when it was drawn.  EXTENDED=1 for an hour.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Alone;
use Test::Live::Hls;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(scalar `ffmpeg -version 2>/dev/null`, 'ffmpeg');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/playwright-core", 'playwright-core');

# s: when clocks have settled, and how long they are then watched

use constant { SETTLED => 12, WATCHED => 10 };

my $seconds = $ENV{EXTENDED} ? 3600 : SETTLED + WATCHED;
my $window = SETTLED + WATCHED + 20;

my $key = 'hs8Kd-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key],
    timeout => $seconds + 120);

need($t->has_module($_), "ngx_${_}_module") for qw(whip multisource);

$t->write('keys', "$key alice max_sources=10\n");

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
            multisource_hls_window ${window}s;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/   { whip live; }
        location /hls/    { multisource_play; }
        location /status  { multisource_status; }

        location = /blank {
            default_type text/html;
            return 200 "<!doctype html><title>-</title><link rel=icon href=data:,>";
        }
    }
}
EOC

# RTMP encoders, each of its own rate; one sends pictures out of order.  The clock
# of this machine in ms, as blocks: see t/js/hls_publish.mjs

my $bit = 'mod(floor(mod(floor(T*1000),16777216)/pow(2,X+8*mod(Y,3))),2)';
my $blocks = "geq=lum='255*if(eq(Y,3),1-$bit,$bit)':cb=128:cr=128";

sub encoder {
    my ($source, $fps, $size, @options) = @_;

    return $t->spawn("encoder-$source", qw(ffmpeg -nostdin -v error -threads 1
        -filter_complex_threads 1 -filter_complex),
        "color=s=8x4:r=$fps,realtime,settb=1/1000000,setpts=RTCTIME,"
        . "$blocks,setpts=N/($fps*TB),scale=$size:flags=neighbor,"
        . 'format=yuv420p[v];sine=f=440:r=48000,arealtime[a]',
        qw(-map [v] -map [a] -c:v libx264 -preset ultrafast -threads 1 -r),
        $fps, '-g', $fps, @options, qw(-c:a aac -b:a 64k -flush_packets 1
        -f flv), 'rtmp://127.0.0.1:' . $t->port('RTMP')
        . "/live/${key}_$source");
}

my %encoder = (
    one => encoder('one', 30, '160x90', qw(-tune zerolatency)),
    two => encoder('two', 25, '256x144', qw(-tune zerolatency)),
    order => encoder('order', 30, '160x90', qw(-bf 2 -b_strategy 0
        -rc-lookahead 0 -x264-params), 'sync-lookahead=0:weightp=0'),
);

# two peer connections of one page, of which one has a long way

my $page = $t->spawn('page', 'node', "$top/t/js/hls_publish.mjs", $t->url(''),
    'alice', 'near:640x360', 'far:320x180@80', { env => {
        CHROMIUM => $chromium, WHIP_KEY => $key } });

$t->wait_for(sub { $page->stdout =~ /^published$/m || !$page->alive },
    20, 'a page that publishes');

$t->pause($seconds);

my %hls = map { $_->{source} => $_->{hls} }
    @{ $t->get('/status')->json->{sources} };

is($page->stop('USR2', 5), 0, 'the page leaves');
is($page->stderr, '', 'without a complaint');

# --- what the pictures show, and when that was by their dates -------------------

# blocks of the pictures in a file, 32 of 0 or 1 each

sub blocks {
    my ($source, $file) = @_;

    my $gray = $t->spawn("gray-$source", qw(ffmpeg -nostdin -v error -threads 1
        -i), $file, qw(-map 0:v -fps_mode passthrough -enc_time_base:v -1
        -vf),
        'scale=8:4:flags=area,format=gray', qw(-f rawvideo -));

    $gray->wait(30);
    is($gray->stderr, '', "$source: decodes");

    return map { [map { $_ > 128 ? 1 : 0 } unpack 'C*', $_] }
        unpack '(a32)*', $gray->stdout;
}

# ms that are shown => ms by which the date is later, of the last seconds

sub dates {
    my ($source) = @_;

    my $h = Test::Live::Hls->new($t, "/hls/alice/$source");
    my ($last) = reverse $h->sessions;
    my @segments = grep { $_->{duration} } @{ $last || [] };

    shift @segments while @segments
        && $segments[-1]{wall} - $segments[0]{wall} > WATCHED;

    my $file = $h->file(@segments);
    my @pictures = blocks($source, $file);
    my @times = sort { $a <=> $b } map { $_->{pts_time} }
        @{ $t->ffprobe($file, args => [qw(-select_streams v -show_packets)])
            ->{packets} };

    is(scalar @pictures, scalar @times, "$source: all pictures") or return {};

    my $begin = $times[0];
    my $bad = 0;
    my %dates;

    for my $blocks (@pictures) {
        my $time = shift @times;

        if (@segments > 1 && $time > $begin + $segments[0]{duration} - 0.001) {
            $begin += $segments[0]{duration};
            shift @segments;
        }

        if (grep { $blocks->[$_] == $blocks->[$_ + 24] } 0 .. 7) {
            $bad++;
            next;
        }

        my $ms = unpack 'V', pack 'b24 x', join '', @$blocks[0 .. 23];
        my $late = 1000 * ($segments[0]{wall} + $time - $begin) - $ms;

        # 24 bits are four hours and a half
        $dates{$ms} = $late - 2**24 * int($late / 2**24 + 0.5);
    }

    cmp_ok($bad, '<=', @pictures / 50, "$source: pictures that can be read");

    return \%dates;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return @sorted ? $sorted[@sorted / 2] : 0;
}

sub spread {
    my @sorted = sort { $a <=> $b } @_;

    return sprintf '%.0f ms (%.0f to %.0f, nine of ten %.0f to %.0f)',
        median(@sorted), $sorted[0], $sorted[-1], $sorted[@sorted * 0.05],
        $sorted[@sorted * 0.95];
}

my %dates = map { $_ => dates($_) } sort keys %hls;

for (sort keys %dates) {
    note("$_: $hls{$_}{clock}, $hls{$_}{skew_ms} ms to go, late by ",
        spread(values %{ $dates{$_} }));
}

sub skew {
    my ($one, $two) = @_;
    return median(values %{ $dates{$two} }) - median(values %{ $dates{$one} });
}

for (['one', 'two'], ['one', 'order'], ['two', 'order'], ['one', 'near']) {
    my ($one, $two) = @$_;
    my $skew = skew($one, $two);

    cmp_ok(abs $skew, '<=', 100, sprintf '%s and %s: %.0f ms', $one, $two,
        $skew);
}

# the same picture in both

my @skews = map { $dates{far}{$_} - $dates{near}{$_} }
    grep { exists $dates{near}{$_} } keys %{ $dates{far} };

cmp_ok(scalar @skews, '>', WATCHED * 10, 'pictures of one page in both');
cmp_ok(abs median(@skews), '<=', 33, 'to the frame: ' . spread(@skews));
is($hls{$_}{clock}, 'sender', "$_: the clock of the page") for qw(near far);
is($hls{$_}{clock}, 'arrival', "$_: the clock of the server")
    for keys %encoder;

is($encoder{$_}->stderr, '', "$_: encoded") for sort keys %encoder;

$t->done;
