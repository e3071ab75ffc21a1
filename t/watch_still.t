#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The watch page in Chromium shows a screen that moves and then stands still, as
# browsers send one: some pictures are missing, and later there is one a second.
# The sound comes a little later than the pictures. The page is opened as soon as
# there is a playlist; nothing stops, and nothing is loaded over and over.

use strict;
use warnings;

use lib 't/lib';

use POSIX ();
use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::Coded;
use Test::Live::Media qw(AUDIO);
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_) for qw(playwright-core hls.js);

my $key = 'k-30c1be97d2';
my $seconds = 20;

# of each eight seconds, three with three of four pictures at 20 fps, and then
# one a second; the first segment is the longest

my $coded = Test::Live::Coded->new('still',
    qw(-f lavfi -i testsrc2=s=320x180:r=20 -f lavfi -i sine=f=440:r=48000),
    '-t', $seconds + 12,
    '-vf', q{select='if(lt(mod(t,8),3),gt(mod(n,4),0),lt(mod(t,1),0.05))'},
    qw(-vsync vfr -pix_fmt yuv420p -c:v libx264 -preset ultrafast
    -tune zerolatency -g 250 -b:v 400k -c:a aac -ac 2),
    '-force_key_frames', join(',', 0, map { 5 + 4 * $_ } 0 .. 6));

my $t = Test::Live->new(workers => 2, secrets => [$key], timeout => 120);

$t->write('keys', "$key alice\n");
$t->mkdir('hls');

$t->conf(<<'EOC')->run;

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

        location /hls/ {
            multisource_play;
        }

        location /sources/ {
            multisource_api;
        }

        location /show/ {
            multisource_sessions;
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

my $rtmp = $t->rtmp;

is($rtmp->publish("${key}_Main_Screen")->{code}, 'NetStream.Publish.Start',
    'a screen is published');

my $sender = fork();
die "fork: $!" unless defined $sender;

if ($sender == 0) {
    send_all([$rtmp, map { [$_->[0] + ($_->[1] == AUDIO ? 60 : 0),
        @$_[1 .. $#$_]] } $coded->messages]);
    POSIX::_exit(0);
}

$t->wait_for(sub {
    return $t->get('/hls/alice/Main_Screen/live.m3u8')->{status} == 200;
}, 20, 'a playlist');

relay($t, 'watch_still',
    ['node', "$top/t/js/watch_still.mjs", $t->url('/watch/alice'), $seconds],
    env => { CHROMIUM => $chromium });

unlike($t->get('/hls/alice/Main_Screen/live.m3u8')->{body}, qr/GAP/,
    'no part is empty');

kill 'TERM', $sender;
waitpid $sender, 0;
$rtmp->close;

$t->done;
