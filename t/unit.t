#!/usr/bin/perl

# Copyright (C) the ngx_live contributors

# The unit tests of the pure C files: builds every t/unit/*.c, without a
# compiler warning, and relays what each says as a subtest.

use warnings;
use strict;

use FindBin;
use Test::More;

chdir "$FindBin::Bin/.." or die "cannot enter the repository: $!\n";

my $output = `make -C t/unit 2>&1`;

is($?, 0, 'built without warnings') or do {
	diag($output);
	done_testing();
	exit 1;
};

my @names = map { m{([^/]+)\.c$} } sort glob('t/unit/*.c');

foreach my $name (@names) {
	subtest $name => sub { relay("build/unit/$name") };
}

done_testing();

###############################################################################

sub relay {
	my ($program) = @_;

	my $planned;
	my $run = 0;

	open my $tap, '-|', $program or die "cannot run $program: $!\n";

	while (my $line = <$tap>) {
		if ($line =~ /^(not )?ok (\d+) - (.*)/) {
			my ($failed, $title) = ($1, $3);

			# a name of digits alone is complained about

			$title = "value $title" if $title =~ /^[\d\s]+$/;

			ok(!$failed, $title);
			$run++;

		} elsif ($line =~ /^1\.\.(\d+)/) {
			$planned = $1;

		} elsif ($line =~ /^Bail out!/) {
			fail($line);

		} elsif ($line =~ /^# ?(.*)/) {
			diag($1);
		}
	}

	close $tap;

	is($planned, $run, "$program ran to its end");
	is($? & 127, 0, "$program was not killed");
}
