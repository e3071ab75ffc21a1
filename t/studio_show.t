#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The studio in Chromium as the page of a show: it opens and ends the session,
# directs it, shows what viewers watch, and saves upload.  What is tested of the
# page is in t/js; this is the server behind it.

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

my $key = 'k-7c1e0b94d2';

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

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        root %%TOP%%/html;

        add_header Content-Security-Policy "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'" always;
        add_header Permissions-Policy "camera=(self), microphone=(self), display-capture=(self)" always;

        location /whip/ {
            whip live;
        }

        location /hls/ {
            multisource_play;
        }

        location /sources/ {
            multisource_api;
        }

        location /show/ {
            multisource_sessions;
        }
    }
}
EOC

$t->run;

relay($t, 'studio_show',
    ['node', "$top/t/js/studio_show.mjs", $t->url(''), 'alice'],
    env => { CHROMIUM => $chromium, STUDIO_KEY => $key });

$t->done;
