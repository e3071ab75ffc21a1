#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The watch page in Chromium on low-latency HLS: how far from live it is, that a
# switch of sources shows the same moment without a black picture or a silence,
# how many connections it takes, and that it recovers by itself.  Every source
# has the wall clock in its picture, for t/js/watch_hls.mjs to read.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_) for qw(playwright-core hls.js);

my $key = 'k-5d1c07ba93';
my %size = (
    Main_Screen => [320, 176],
    Face_Cam    => [480, 272],
    Desk_Cam    => [640, 368],
);
my %publisher;
my $started = 0;

my $t = Test::Live->new(workers => 2, secrets => [$key], timeout => 240);

$t->write('keys', "$key alice\n");
$t->mkdir('hls');

$t->conf(<<'EOC');

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            multisource on;
            multisource_keys %%DIR%%/keys;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        root %%TOP%%/html;

        add_header Content-Security-Policy "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; img-src 'self' data:; connect-src 'self'" always;

        location /hls/ {
            multisource_play;
        }

        location /sources/ {
            multisource_api;
        }

        location /watch/ {
            try_files $uri /watch/index.html;
        }

        location /vendor/ {
            alias %%TOP%%/node_modules/hls.js/dist/;
        }
    }
}
EOC

$t->run;

publish($_) for sort keys %size;

$t->wait_for(sub {
    return 3 == grep { $t->get("/hls/alice/$_/live.m3u8")->{status} == 200 }
        keys %size;
}, 20, 'three playlists');

relay($t, 'watch_hls',
    ['node', "$top/t/js/watch_hls.mjs", $t->url(''), 'alice'],
    env  => { CHROMIUM => $chromium },
    asks => { publish => \&publish,
              kill    => sub { $publisher{$_[0]}->stop('KILL') } });

$t->done;


# sixteen boxes across the top of the picture are the bits of the wall clock,
# in milliseconds, the lowest on the left; a tone has no pause

sub publish {
    my ($source) = @_;

    my ($width, $height) = @{ $size{$source} };
    my $strip = 32;

    my $clock = join ',', 'settb=1/1000000', 'setpts=RTCTIME-1700000000000000',
        'format=gray',
        "geq=lum='if(mod(floor(mod(T*1000\\,65536)"
            . "/pow(2\\,floor(X*16/W)))\\,2)\\,235\\,16)'",
        'format=yuv420p', 'setpts=N/25/TB';

    my $rest = $height - $strip;

    $publisher{$source} = $t->spawn("$source-" . ++$started,
        qw(ffmpeg -nostdin -v error),
        (map { ('-re', '-f', 'lavfi', '-i', $_) }
            "color=s=${width}x$strip:r=25", "testsrc2=s=${width}x$rest:r=25",
            'sine=f=440:r=48000'),
        '-filter_complex', "[0]${clock}[clock];"
            . '[1]settb=1/1000000,setpts=N/25/TB[rest];'
            . '[clock][rest]vstack,fps=25[v]',
        qw(-map [v] -map 2:a -c:v libx264 -preset ultrafast -tune zerolatency
        -profile:v baseline -g 25 -sc_threshold 0 -b:v 400k -c:a aac -ac 2
        -flush_packets 1 -f flv),
        'rtmp://127.0.0.1:' . $t->port('RTMP') . "/live/${key}_$source");

    return;
}
