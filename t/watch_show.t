#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The watch page in Chromium where there are sessions: who joins, what is counted
# and what it costs, who follows the streamer, private shows, and the viewer on a
# page of another site.  Every source has the wall clock in its picture, for
# t/js/watch_show.mjs to read.

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
need(-d "$top/node_modules/$_", $_) for qw(playwright-core hls.js axe-core);

my %key = (alice => 'k-5d1c07ba93', bob => 'k-77aa01c2d3');
my %publisher;
my $started = 0;

my $t = Test::Live->new(workers => 2, secrets => [values %key], timeout => 240);

$t->write('keys', join '', map { "$key{$_} $_\n" } sort keys %key);
$t->mkdir('hls');
$t->mkdir('site');

$t->write('site/index.html', <<'EOH');
<!doctype html>
<html lang="en">
<title>Another site</title>
<main>
<h1>Another site</h1>
<live-viewer streamer="alice" source="Face_Cam" layout="pip"></live-viewer>
</main>
<script type="module" src="/embed.js"></script>
EOH

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

    multisource_price alice currency=EUR base=0.02 other=0.01 camera=0.01 screen=0.01 bundle_discount=10%;
    multisource_sessions_origin http://localhost:%%HTTP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;
        server_name 127.0.0.1;

        root %%TOP%%/html;

        add_header Content-Security-Policy "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; img-src 'self' data:; connect-src 'self'" always;

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
            add_header Access-Control-Allow-Origin *;
            try_files $uri /watch/index.html;
        }

        location /common/ {
            add_header Access-Control-Allow-Origin *;
        }

        location /vendor/ {
            alias %%TOP%%/node_modules/hls.js/dist/;
        }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        server_name localhost;

        root %%DIR%%/site;

        location = /embed.js {
            return 302 http://127.0.0.1:%%HTTP%%/watch/live-viewer.js;
        }
    }
}
EOC

$t->run;

publish('alice', $_) for qw(Main_Screen Face_Cam Desk_Cam);

$t->wait_for(sub {
    my $status = json_of($t->get('/show/session/alice/status')) || {};

    return 3 == grep { $_->{status} eq 'live' } @{ $status->{data}{streams} || [] };
}, 20, 'three sources');

relay($t, 'watch_show',
    ['node', "$top/t/js/watch_show.mjs", $t->url(''), map { $_, $key{$_} } qw(alice bob)],
    env  => { CHROMIUM => $chromium },
    asks => { publish => \&publish,
              stop    => sub { $publisher{"$_[0]/$_[1]"}->stop } });

$t->done;


sub publish {
    my ($streamer, $source) = @_;

    $publisher{"$streamer/$source"} = $t->spawn("$source-" . ++$started,
        drawn('rtmp://127.0.0.1:' . $t->port('RTMP')
            . "/live/$key{$streamer}_$source", fps => 15));

    return;
}
