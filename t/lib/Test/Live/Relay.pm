# SPDX-License-Identifier: BSD-2-Clause

# Programs that print TAP and need a hand.
#
#   relay($t, 'watch_page', ['node', 'x.mjs'], env => {...},
#       asks => { stop => sub { my ($what) = @_; ... } });
#
# runs the program as a subtest of this name.  For each line "# ask: WORD ARG..."
# the sub of that WORD is called with the ARGs, and then the program gets a
# line.

package Test::Live::Relay;

use strict;
use warnings;

use Exporter 'import';
use IO::Handle;
use POSIX qw(mkfifo);
use Test::More ();

use Test::Live::IO qw(nap);

our @EXPORT = qw(relay);


sub relay {
    my ($t, $name, $cmd, %o) = @_;

    my $answers = $t->dir . "/$name.in";
    mkfifo($answers, 0600) or die "$answers: $!";

    # both ends, so that neither side waits for the other one to open it
    open(my $in, '+<', $answers) or die "$answers: $!";
    $in->autoflush(1);

    my $p = $t->spawn($name, @$cmd, { in => $answers, env => $o{env} || {} });
    my $self = bless { asks => $o{asks} || {}, in => $in, seen => 0 };

    Test::More::subtest $name => sub {
        my $at = 0;

        while (1) {
            my $alive = $p->alive;
            my $more = substr $p->stdout, $at;

            while ($more =~ s/^(.*)\n//) {
                $at += 1 + length $1;
                $self->line($1);
            }

            last unless $alive;
            nap(0.05);
        }

        Test::More::is($self->{planned}, $self->{seen}, 'it ran to its end')
            or Test::More::diag($p->stderr);
        Test::More::done_testing();
    };

    return;
}


sub line {
    my ($self, $line) = @_;

    if ($line =~ /^(not )?ok \d+ - (.*)/) {
        Test::More::ok(!$1, $2);
        $self->{seen}++;

    } elsif ($line =~ /^1\.\.(\d+)$/) {
        $self->{planned} = $1;

    } elsif ($line =~ /^# ask: (\w+) ?(.*)$/ && $self->{asks}{$1}) {
        $self->{asks}{$1}->(split ' ', $2);
        print { $self->{in} } "done\n";

    } else {
        Test::More::diag($line);
    }

    return;
}

1;
