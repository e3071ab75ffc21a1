#!/usr/bin/perl

# Copyright (C) the ngx_live contributors

# A bounded smoke of the fuzz targets, the same on every machine and run: each
# target takes its seeds and then a fixed number of mutations of them, under the
# sanitizers.  FUZZ_ROUNDS=N for another number.

use warnings;
use strict;

use FindBin;
use Test::More;

chdir "$FindBin::Bin/.." or die "cannot enter the repository: $!\n";

my $rounds = $ENV{FUZZ_ROUNDS} || 20_000;
my $output = `make -C t/fuzz 2>&1`;

is($?, 0, 'built without warnings') or do {
	diag($output);
	done_testing();
	exit 1;
};

foreach my $file (sort glob('t/fuzz/*.c')) {
	my ($name) = $file =~ m{([^/]+)\.c$};
	next if $name eq 'driver';

	my @seeds = sort glob("t/fuzz/corpus/$name/*");
	ok(@seeds > 0, "$name has seeds");

	foreach my $seed (1 .. 3) {
		my $said = `build/fuzz/$name -r $rounds -s $seed @seeds 2>&1`;
		is($?, 0, "$name, seed $seed, $rounds mutations") or diag($said);
	}
}

done_testing();
