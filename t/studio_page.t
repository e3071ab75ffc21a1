#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The studio in Chromium: camera and screen by WHIP to nginx, as two sources of
# one key.  What is tested of the page is in t/js; this is the server behind it,
# and the hand that kills and reloads it.

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

my $key = 'k-93b7c2f04e';

my $t = Test::Live->new(workers => 2, secrets => [$key], timeout => 420);

$t->write('keys', "$key alice max_sources=2\n");

$t->conf(<<'EOC');

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

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

        root %%TOP%%/html;

        add_header Content-Security-Policy "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'" always;
        add_header Permissions-Policy "camera=(self), microphone=(self), display-capture=(self)" always;

        location /whip/ {
            whip live;
        }

        location /sources/ {
            multisource_api;
        }

        location = /status {
            multisource_status;
        }
    }
}
EOC

$t->run;

relay($t, $_, ['node', "$top/t/js/$_.mjs"]) 
    for qw(studio_units studio_client studio_session);

relay($t, 'studio_page',
    ['node', "$top/t/js/studio_page.mjs", $t->url(''), 'alice'],
    env  => { CHROMIUM => $chromium, STUDIO_KEY => $key },
    asks => { kill => \&kill_worker_of, reload => sub { $t->reload } });

$t->done;


# the worker dies with all its sessions; the master starts another one

sub kill_worker_of {
    my ($source) = @_;

    my ($worker) = map { $_->{worker} } grep { $_->{source} eq $source }
        @{ json_of($t->get('/status'))->{sources} };

    ok($worker && $t->kill_worker($worker), "the worker of $source is killed");

    $t->wait_for(sub {
        my @workers = $t->workers;
        return @workers == 2 && !grep { $_ == $worker } @workers;
    }, 10, 'another worker');
}
