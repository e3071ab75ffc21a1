#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Wrong configurations of the packager fail nginx -t, and tell what would be right.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $t = Test::Live->new;


sub conf {
    my ($lines, $name) = @_;

    $name = 'live' unless defined $name;

    return <<"EOC";
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application $name {
            live on;
            multisource on;
            $lines
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;
        location /hls/ { multisource_play; }
    }
}
EOC
}


my $path = 'multisource_hls_path %%DIR%%/hls;';

for ([ 'multisource_hls on;',
       qr/"multisource_hls on" needs "multisource_hls_path" in application "live" in \S+:\d+/ ],
     [ "multisource_hls on; $path multisource_hls_part 1s;",
       qr/"multisource_hls_segment" must be at least twice "multisource_hls_part"/, 'fits' ],
     [ "multisource_hls on; $path multisource_hls_part 49;", qr/must be .*50/ ],
     [ "multisource_hls on; $path multisource_hls_part 3s;", qr/2000/ ],
     [ "multisource_hls on; $path multisource_hls_segment 100;", qr/500/ ],
     [ "multisource_hls on; $path multisource_hls_segment 21s;", qr/20000/ ],
     [ "multisource_hls on; $path multisource_hls_window 5s;", qr/6000/ ],
     [ "multisource_hls on; $path multisource_hls_window 25h;", qr/86400000/ ],
     [ "multisource_hls on; $path multisource_hls_keep 1h;", qr/must be "on" or "off"/ ],
     [ "multisource_hls maybe; $path", qr/must be "on" or "off"/ ],
     [ "multisource_hls on; $path $path", qr/is duplicate/ ])
{
    my ($lines, $re, $fits) = @$_;

    $lines =~ s/part 1s/part 1s; multisource_hls_segment 1900ms/ if $fits;
    $t->expect_conf_error(conf($lines), $re, $lines =~ s/%%DIR%%//r);
}

for my $name ('a/b', '..', '.hidden', '"two words"') {
    $t->expect_conf_error(conf("multisource_hls on; $path", $name),
        qr/must consist of letters, digits, "_", "-" and "\."/,
        "application $name");
}

# each without the other is fine, and so is any of them for several applications

for my $lines ('multisource_hls off;', $path, "multisource_hls on; $path",
    "multisource_hls on; $path multisource_hls_part 50ms; multisource_hls_segment 20s;"
    . ' multisource_hls_window 24h; multisource_hls_keep on;')
{
    my ($status, $output) = $t->test_conf(conf($lines));

    is($status, 0, 'accepted: ' . $lines =~ s/%%DIR%%//r) or diag($output);
}

$t->done;
