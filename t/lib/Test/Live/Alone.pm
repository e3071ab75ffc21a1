# SPDX-License-Identifier: BSD-2-Clause

# For tests with a browser, or another program that takes a core for itself: of
# those that
#
#     use Test::Live::Alone;
#
# one runs at a time; the others wait there until it has ended.

package Test::Live::Alone;

use strict;
use warnings;

use Fcntl qw(LOCK_EX);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Spec;

my $build = File::Spec->rel2abs(dirname(__FILE__) . '/../../../../build');
my $lock;


# held as long as the process lives; what it starts does not inherit it

sub import {
    return if $lock;

    make_path($build);
    open $lock, '>>', "$build/alone.lock" or die "$build/alone.lock: $!";
    flock $lock, LOCK_EX or die "flock: $!";

    return;
}

1;
