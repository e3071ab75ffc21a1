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
use Test::Live::Drawn qw(drawn);
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


sub publish {
    my ($source) = @_;

    my ($width, $height) = @{ $size{$source} };

    $publisher{$source} = $t->spawn("$source-" . ++$started,
        drawn('rtmp://127.0.0.1:' . $t->port('RTMP') . "/live/${key}_$source",
            width => $width, height => $height));

    return;
}
