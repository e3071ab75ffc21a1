# SPDX-License-Identifier: BSD-2-Clause

# A long and bad line: forwards between two TUN devices, NAME and NAMEb.
#
#   perl -MTest::Live::Wan -e 'Test::Live::Wan::run(@ARGV)' NAME loss=0.05 ...
#
# The options are those of Test::Live::Net->wan.  It prints "ready" when the
# devices are there, and on SIGUSR1 a line of counters.

package Test::Live::Wan;

use strict;
use warnings;

use Fcntl qw(O_RDWR O_NONBLOCK);

use Test::Live::IO qw(now);

use constant {
    TUNSETIFF   => 0x400454ca,
    IFF_TUN     => 0x0001,
    IFF_NO_PI   => 0x1000,
    PACKET_MAX  => 65536,
    TURN        => 64,
    IPPROTO_UDP => 17,
};

# ms, of what is held back

use constant { HELD_MIN => 2, HELD_MAX => 20 };


sub run {
    my ($name, @options) = @_;

    my %o = (delay => 0, jitter => 0, loss => 0, duplicate => 0, reorder => 0,
             rate => 0, queue => 300, udp_only => 0, seed => 1,
             map { split /=/, $_, 2 } @options);

    srand $o{seed};

    my %count = map { $_ => 0 } qw(sent lost held doubled full);
    my ($a, $b) = map { _device($_) } $name, "${name}b";

    my @ways;

    for ([$a, $b], [$b, $a]) {
        my ($from, $to) = @$_;

        push @ways, { from => $from, to => $to, o => \%o, count => \%count,
            free => 0, last => 0, queue => [] };
    }

    my $asked = 0;
    $SIG{USR1} = sub { $asked = 1 };

    $| = 1;
    print "ready\n";

    while (1) {
        my $next = now() + 1;

        for my $way (@ways) {
            my $due = _deliver($way);
            $next = $due if $due && $due < $next;
        }

        my $in = '';
        vec($in, fileno $_, 1) = 1 for $a, $b;

        my $wait = $next - now();
        my $n = select($in, undef, undef, $wait > 0 ? $wait : 0);

        if ($asked) {
            $asked = 0;
            print join(' ', map { "$_=$count{$_}" } sort keys %count), "\n";
        }

        next if $n <= 0;

        for my $way (@ways) {
            _take($way) if vec($in, fileno $way->{from}, 1);
        }
    }
}


sub _device {
    my ($name) = @_;

    sysopen(my $tun, '/dev/net/tun', O_RDWR | O_NONBLOCK)
        or die "/dev/net/tun: $!";

    # struct ifreq has 40 bytes

    ioctl($tun, TUNSETIFF, pack 'a16 S x22', $name, IFF_TUN | IFF_NO_PI)
        or die "TUNSETIFF: $!";

    return $tun;
}


sub _take {
    my ($way) = @_;

    my ($o, $count) = @$way{qw(o count)};

    for (1 .. TURN) {
        my $length = sysread $way->{from}, my $packet, PACKET_MAX;
        return unless $length;

        my $now = now();
        my $at = $now;

        if ($o->{rate}) {
            $way->{free} = $now if $way->{free} < $now;

            if ($way->{free} - $now > $o->{queue} / 1000) {
                $count->{full}++;
                next;
            }

            $at = $way->{free} += $length * 8 / ($o->{rate} * 1000);
        }

        $at += ($o->{delay} + $o->{jitter} * (rand(2) - 1)) / 1000;

        # a queue somewhere keeps the order
        $at = $way->{last} = $at > $way->{last} ? $at : $way->{last};

        if (!$o->{udp_only} || _is_udp($packet)) {

            if (rand() < $o->{loss}) {
                $count->{lost}++;
                next;
            }

            if (rand() < $o->{reorder}) {
                $count->{held}++;
                $at += (HELD_MIN + rand(HELD_MAX - HELD_MIN)) / 1000;
            }

            if (rand() < $o->{duplicate}) {
                $count->{doubled}++;
                _queue($way, $at, $packet);
            }
        }

        _queue($way, $at, $packet);
    }

    return;
}


sub _is_udp {
    my ($version, $next_header, $protocol) = unpack 'C x5 C x2 C', $_[0];

    return ($version >> 4 == 6 ? $next_header : $protocol) == IPPROTO_UDP;
}


# in order of time; what comes last mostly belongs to the end

sub _queue {
    my ($way, $at, $packet) = @_;

    my $queue = $way->{queue};
    my $i = @$queue;

    $i-- while $i > 0 && $queue->[$i - 1][0] > $at;
    splice @$queue, $i, 0, [$at, $packet];

    return;
}


# sends what is due; when the next one is

sub _deliver {
    my ($way) = @_;

    my $queue = $way->{queue};
    my $now = now();

    while (@$queue && $queue->[0][0] <= $now) {
        my $entry = shift @$queue;

        # refused while the device is down
        $way->{count}{sent}++ if syswrite $way->{to}, $entry->[1];
    }

    return @$queue ? $queue->[0][0] : 0;
}

1;
