# SPDX-License-Identifier: BSD-2-Clause

# Every step of the harness that may wait goes through this file, so that each
# of them has a deadline, and so that publishers which send in the background
# (Test::Live::RTMP->live) get their turn while a test waits for something else.

package Test::Live::IO;

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use Scalar::Util qw(refaddr weaken);
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT_OK = qw(now deadline wait_io nap tcp_connect add_ticker
    drop_ticker);

use constant TICK => 0.01;

# sanitizers and loaded machines are slow: TEST_SLOW=3 triples every timeout

our $scale = $ENV{TEST_SLOW} || ($ENV{TEST_SANITIZE} ? 3 : 1);

my (%tickers, $last_tick);
our $ticking;


sub now { return clock_gettime(CLOCK_MONOTONIC) }

sub deadline { return now() + $_[0] * $scale }


# waits until the handle is ready for "r", "w" or "rw"; false at the deadline

sub wait_io {
    my ($fh, $mode, $deadline) = @_;

    my ($rin, $win) = ('', '');

    if ($fh) {
        return 0 unless defined fileno $fh;
        vec($rin, fileno $fh, 1) = 1 if $mode =~ /r/;
        vec($win, fileno $fh, 1) = 1 if $mode =~ /w/;
    }

    while (1) {
        my $left = $deadline - now();
        my $slice = $left < 0 ? 0 : $left;
        $slice = TICK if %tickers && !$ticking && $slice > TICK;

        my $n = select(my $r = $rin, my $w = $win, undef, $slice);

        tick();

        return 1 if $n > 0;
        return 0 if $left <= 0;
    }
}


sub nap {
    my ($seconds) = @_;
    wait_io(undef, '', now() + $seconds);
    return 1;
}


sub add_ticker {
    my ($object) = @_;
    $tickers{refaddr $object} = $object;
    weaken $tickers{refaddr $object};
    return;
}


sub drop_ticker {
    my ($object) = @_;
    delete $tickers{refaddr $object};
    return;
}


sub tick {
    return if $ticking || !%tickers;
    return if defined $last_tick && now() - $last_tick < TICK / 2;

    local $ticking = 1;

    for my $id (keys %tickers) {
        my $object = $tickers{$id};

        if ($object) {
            $object->tick;
        } else {
            delete $tickers{$id};
        }
    }

    $last_tick = now();
    return;
}


# a connected, non-blocking socket, or undef with the reason in $@

sub tcp_connect {
    my ($host, $port, %opt) = @_;

    my $sock = IO::Socket::INET->new(
        Proto    => 'tcp',
        PeerAddr => $host,
        PeerPort => $port,
        Timeout  => 10 * $scale,
        $opt{local} ? (LocalAddr => $opt{local}) : (),
    );

    return unless $sock;

    $sock->blocking(0);
    setsockopt($sock, IPPROTO_TCP, TCP_NODELAY, 1);

    return $sock;
}

1;
