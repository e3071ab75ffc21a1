#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A whole show in one Chromium, as it is delivered, by HTTPS with HTTP/2: the studio
# sends two cameras and a screen, three viewers watch in their own ways, and what
# the server has counted is what they did.  EXTENDED=1 makes it five minutes, and
# with SHOTS=DIR each state of the pages is there as a picture.

use strict;
use warnings;

use lib 't/lib';

use File::Path qw(make_path);
use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::Certificate;
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(scalar `openssl version 2>/dev/null`, 'openssl');
need(-d "$top/node_modules/$_", $_) for qw(playwright-core hls.js);

make_path($ENV{SHOTS}) if $ENV{SHOTS};

my $key = 'k-e04d7a91c6';

my $t = Test::Live->new(workers => 2, secrets => [$key],
    timeout => $ENV{EXTENDED} ? 540 : 270);

my $authority = Test::Live::Certificate->new($t);
my $tls = $authority->server(names => ['127.0.0.1']);

$t->write('keys', "$key alice\n");
$t->mkdir('hls');

$t->conf(<<"EOC");

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

    keepalive_requests 1000000;

    whip_listen 127.0.0.1:%%WHIP%%;

    multisource_price alice currency=EUR base=0.06 screen=0.6 camera=0.3 bundle_discount=10%;

    server {
        listen 127.0.0.1:%%HTTPS%% ssl http2;

        ssl_certificate $tls->{cert};
        ssl_certificate_key $tls->{key};

        root %%TOP%%/html;

        add_header Content-Security-Policy "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'" always;
        add_header X-Content-Type-Options nosniff always;
        add_header Referrer-Policy no-referrer always;
        add_header Permissions-Policy "camera=(self), microphone=(self), display-capture=(self)" always;

        location /watch/ {
            try_files \$uri /watch/index.html;
        }

        location /vendor/ {
            alias %%TOP%%/node_modules/hls.js/dist/;
        }

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

        location = /status {
            multisource_status;
        }
    }
}
EOC

$t->run;

relay($t, 'show_end_to_end',
    ['node', "$top/t/js/show_end_to_end.mjs",
        'https://127.0.0.1:' . $t->port('HTTPS'), 'alice'],
    env => { CHROMIUM => $chromium, STUDIO_KEY => $key,
        NODE_EXTRA_CA_CERTS => $authority->ca });

$t->done;
