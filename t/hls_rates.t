#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Low-latency HLS at all usual frame rates at once: no rule is broken for any of
# them.  EXTENDED=1 for ten minutes.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::FFmpeg;
use Test::Live::Hls;
use Test::Live::IO;
use Test::Live::Relay;

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(scalar `ffmpeg -version 2>/dev/null`, 'ffmpeg');

my $seconds = $ENV{EXTENDED} ? 600 : 12;

my $key = 'hr5Tv-key-of-alice';
my $top = Test::Live::top();

my $t = Test::Live->new(workers => 2, secrets => [$key],
    timeout => $seconds + 120);

$t->write('keys', "$key alice max_sources=10\n");

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

        location /hls/   { multisource_play; }
        location /status { multisource_status; }
    }
}
EOC

# frames of a source, and the seconds in which they come

my %rates = (
    f23 => [24000, 1001],
    f25 => [25, 1],
    f29 => [30000, 1001],
    f30 => [30, 1],
    f50 => [50, 1],
    f59 => [60000, 1001],
    f60 => [60, 1],
);

my @sources = sort keys %rates;

# encoded before, so that seven encoders at once do not make each other late

my %media = map {
    my ($frames, $time) = @{ $rates{$_} };

    $_ => Test::Live::FFmpeg->media(name => "hls-$_", size => '160x90',
        fps => "$frames/$time", gop => 2 * int($frames / $time + 0.5),
        kbps => 150, seconds => $seconds + 30);
} @sources;

my %encoder = map {
    $_ => $t->publish("${key}_$_", media => $media{$_});
} @sources;

ok($encoder{$_}->started, "$_: published") for @sources;

relay($t, 'hls_check', ['node', "$top/t/js/hls_check.mjs", $t->url('/hls/'),
    'alice', $seconds, @sources,
    "--tolerance=$Test::Live::Hls::tolerance"]);

# what the packager took them for

my %status = map { $_->{source} => $_ }
    @{ $t->get('/status')->json->{sources} };

for my $source (@sources) {
    my ($frames, $time) = @{ $rates{$source} };
    my ($rate) = $t->get("/hls/alice/$source/index.m3u8")->{body}
        =~ /FRAME-RATE=([\d.]+)/;

    is($rate, sprintf('%.3f', $frames / $time), "$source: its frame rate");
    is($status{$source}{hls}{part_target_ms}, 210, "$source: parts as wanted");
    ok($encoder{$source}->alive, "$source: published all the time");
}

$_->stop for values %encoder;

$t->done;
