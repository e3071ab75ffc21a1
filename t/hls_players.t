#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Low-latency HLS in hls.js and in Shaka, as pages without any of ours would use
# them: it plays without a stall, close to live.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::Drawn qw(drawn);
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_) for qw(playwright-core hls.js shaka-player);

my $seconds = $ENV{EXTENDED} ? 600 : 10;
my $t = Test::Live->new(workers => 2, timeout => 120 + 3 * $seconds);

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /hls/     { multisource_play; }
        location /players/ { alias %%TOP%%/t/players/; }
        location /vendor/  { alias %%TOP%%/node_modules/; }
    }
}
EOC

$t->spawn('ffmpeg', drawn('rtmp://127.0.0.1:' . $t->port('RTMP')
        . '/live/alice_Cam'));

$t->wait_for(sub { $t->get('/hls/alice/Cam/live.m3u8')->{status} == 200 },
    20, 'a playlist');

relay($t, 'players',
    ['node', "$top/t/js/hls_players.mjs", $t->url(''), 'alice/Cam', $seconds],
    env => { CHROMIUM => $chromium });

$t->done;
