#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Every state of every page in Chromium, at two sizes, light and dark: axe-core
# finds no violation, and nothing breaks the Content-Security-Policy of
# conf/nginx.conf, which is what runs here.  The states are in t/js/page_states.mjs.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::Pages;
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_)
    for qw(axe-core esbuild hls.js playwright-core);

my $pages = Test::Live::Pages->new(redis => 1);
my $t = $pages->t;

$pages->publish($_) for qw(Main_Screen Face_Cam);

# STATES="watch studio-live" looks at some alone

relay($t, 'pages_axe',
    ['node', "$top/t/js/pages_axe.mjs", $t->url(''), 'alice',
     split ' ', $ENV{STATES} || ''],
    env => { CHROMIUM => $chromium, STUDIO_KEY => $pages->key,
             SIMULCAST_TOKEN => $pages->token });

$t->done;
