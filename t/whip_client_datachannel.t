#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# libdatachannel, which OBS Studio has for WHIP, publishes H.264, H.265 and AV1,
# through a network that loses packets.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Relay;

my $top = Test::Live::top();

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-d "$top/node_modules/node-datachannel", 'node-datachannel');

my $key = 'k-71d0a6e3b8';

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
    }
}
EOC

$t->run;

relay($t, 'whip_client_datachannel',
    ['node', "$top/t/js/whip_client_datachannel.mjs", $t->url(''), 'alice', $t->port('WHIP')],
    env => { WHIP_KEY => $key });

is($t->logged(qr/ended after \d+ ms: deleted .* 0 packets lost, [1-9]\d* repaired/),
    1, 'the log tells of the repair');

$t->done;
