#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Wrong configurations of sessions fail nginx -t, and tell what would be right.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $t = Test::Live->new(secrets => ['this-key-is-too-short']);

$t->write('short', "this-key-is-too-short\n");
$t->write('long', 'k' x 64);


sub conf {
    my ($http, $location) = @_;

    $location //= '';

    return <<"EOC";
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        application live { live on; multisource on; }
    }
}

http {
    %%HTTP_GLOBALS%%
    $http

    server {
        listen 127.0.0.1:%%HTTP%%;
        location /show/ { multisource_sessions; $location }
    }
}
EOC
}


for ([ 'multisource_sessions_zone 100k;', qr/must be at least 256k/ ],
     [ 'multisource_sessions_zone much;', qr/invalid value/ ],
     [ 'multisource_sessions_key %%DIR%%/short;', qr/is no key: at least 32 bytes/ ],
     [ 'multisource_sessions_key %%DIR%%/none;', qr/open\(\) .*none" failed/ ],
     [ 'multisource_sessions_public maybe;', qr/must be "on" or "off"/ ],
     [ 'multisource_sessions_grace 10ms;', qr/1000/ ],
     [ 'multisource_viewer_time 0;', qr/must be .*1/ ],
     [ 'multisource_sessions_origin example.com;', qr/is no origin: https:/ ],
     [ 'multisource_sessions_origin https://example.com/;', qr/is no origin/ ],
     [ 'multisource_sessions_origin *;', qr/is no origin/ ],
     [ 'multisource_price alice base=0.1;', qr/needs currency=/ ],
     [ 'multisource_price alice currency=EURO;', qr/currency=/ ],
     [ 'multisource_price alice currency=EUR base=1,5;', qr/base=/ ],
     [ 'multisource_price alice currency=EUR base=-1;', qr/base=/ ],
     [ 'multisource_price alice currency=EUR bundle_discount=101%;', qr/bundle_discount=/ ],
     [ 'multisource_price alice currency=EUR radio=1;', qr/radio=1/ ],
     [ 'multisource_price * currency=EUR; multisource_price * currency=EUR;', qr/given twice/ ],
     [ 'multisource_webhook ftp://example.com/;', qr/http/ ],
     [ 'multisource_redis 127.0.0.1:6379 db=many;', qr/db=/ ],
     [ '', qr/must be as rtmp:/, 'multisource_rtmp_url example.com/live;' ],
     [ '', qr/must end with "\/"/, 'multisource_whip_url /whip;' ],
     [ '', qr/only multisource directive/, 'multisource_play;' ])
{
    my ($http, $re, $location) = @$_;

    $t->expect_conf_error(conf($http, $location), $re,
        ($http || $location) =~ s/%%DIR%%//r);
}

$t->expect_conf_error(conf('') =~ s{/show/}{= /show}r,
    qr/prefix ends with/, 'a location without a prefix');

# all of them together are fine, and so is none

for my $lines ('', 'multisource_sessions_zone 256k; multisource_sessions_key %%DIR%%/long;'
    . ' multisource_sessions_public off; multisource_sessions_grace 1m; multisource_viewer_time 1d;'
    . ' multisource_sessions_origin https://example.com http://localhost:8000;'
    . ' multisource_price alice currency=EUR base=0.01 screen=0.002 camera=1 audio=0 other=0.5'
    . ' bundle_discount=12.5%; multisource_price * currency=USD;')
{
    $t->conf(conf($lines));
    my ($rc, $text) = $t->test_conf;
    is($rc, 0, "fine: $lines" =~ s/%%DIR%%//r) or diag($text);
}

$t->done;
