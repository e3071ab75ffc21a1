#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What Chromium can send by WHIP: layers, sound or picture alone, AV1; by TCP,
# and through a network that loses packets.

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
need(-d "$top/node_modules/playwright-core", 'playwright-core');

my $key = 'k-2ab8e41f90';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");
$t->mkdir('public/hls');

$t->conf(<<'EOC');

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            hls on;
            hls_path %%DIR%%/public/hls;
            hls_fragment 1s;
            hls_nested on;

            multisource on;
            multisource_keys %%DIR%%/keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/ {
            whip live;
        }

        location /hls/ {
            alias %%DIR%%/public/hls/;
            multisource_play;
        }

        location /sources/ {
            multisource_api;
        }

        location = /whip_status {
            whip_status;
        }

        location = /blank {
            default_type text/html;
            return 200 "<!doctype html><title>-</title><link rel=icon href=data:,>";
        }
    }
}
EOC

$t->run;

relay($t, 'whip_client_chromium',
    ['node', "$top/t/js/whip_client_chromium.mjs", $t->url(''), 'alice', $t->port('WHIP')],
    env => { CHROMIUM => $chromium, WHIP_KEY => $key });

is($t->logged(qr/ended after \d+ ms: closed_by_client/), 1,
    'who closes without a word is heard');
is($t->logged(qr/ended after \d+ ms: deleted/), 5, 'the others were deleted');

$t->done;
