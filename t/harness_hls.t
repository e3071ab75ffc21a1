#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The harness itself: the checker of low-latency HLS passes what is right, and
# reports for each of its rules what is wrong.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Relay;

need(system('node --version >/dev/null 2>&1') == 0, 'node');

my $t = Test::Live->new(modules => []);

relay($t, 'hls_selftest', ['node', Test::Live::top() . '/t/js/hls_selftest.mjs']);

$t->done;
