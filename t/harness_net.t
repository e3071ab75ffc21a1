#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The networks of Test::Live::Net are what they say: datagrams with a number
# and a time go to another host.

use strict;
use warnings;

use lib 't/lib';

use File::Temp;
use IO::Socket::IP;
use Test::More;

use Test::Live;
use Test::Live::IO qw(now deadline nap);
use Test::Live::Net;
use Test::Live::Process;

need(!Test::Live::Net::missing(), Test::Live::Net::missing());

my $devices = join ' ', sort glob '/sys/class/net/*';

my $net = Test::Live::Net->new;
my $home = $net->host;

my $cable = $home->cable;
my $wan = $home->wan(delay => 40, jitter => 5, loss => 0.1, reorder => 0.05,
    duplicate => 0.02, seed => 7);
my $slow = $home->wan(rate => 1000, queue => 50, family => 4);

my $dir = File::Temp::tempdir(CLEANUP => 1);

# on a cable nothing happens to them

my @got = echo($cable->there, 200);

is(scalar @got, 200, 'a cable loses nothing');
is(join(' ', map { $_->[0] } @got), join(' ', 1 .. 200), 'and keeps the order');

@got = echo($cable->there6, 50);
is(scalar @got, 50, 'IPv6');

# on a bad line much

@got = echo($wan->there, 2000);

my %seen;
$seen{$_->[0]}++ for @got;

my $lost = 2000 - keys %seen;
my $twice = grep { $_ > 1 } values %seen;
my @delay = sort { $a <=> $b } map { $_->[1] * 1000 } @got;

cmp_ok(abs($lost - 200), '<', 60, "10 % are lost: $lost");
cmp_ok(abs($twice - 40), '<', 30, "2 % come twice: $twice");
cmp_ok($delay[0], '>=', 35, "none comes early: $delay[0] ms");
cmp_ok(abs($delay[@delay / 2] - 40), '<', 15,
    "half of them in time: $delay[@delay / 2] ms");

my ($late, $last) = (0, 0);

for (@got) {
    $late++ if $_->[0] < $last;
    $last = $_->[0] if $_->[0] > $last;
}

cmp_ok($late, '>', 50, "and some after later ones: $late");

my $count = $wan->counters;

# hosts also talk to each other by themselves
cmp_ok(abs($count->{lost} - $lost), '<', 10, 'the line knows what it lost');
cmp_ok($count->{held}, '>', 50, 'and held back');
cmp_ok(scalar(() = echo($wan->there6, 20)), '>', 10, 'IPv6 goes there, too');

# 1000 packets of 500 bytes in 2 s are 2 Mbit/s

@got = echo($slow->there, 1000, 472);
@delay = sort { $a <=> $b } map { $_->[1] * 1000 } @got;

cmp_ok(abs(@got - 500), '<', 100, 'a slow line has half of it: ' . @got);
cmp_ok(abs($delay[@delay / 2] - 50), '<', 15,
    "after 50 ms: $delay[@delay / 2] ms");
is($slow->counters->{full}, 1000 - @got, 'the rest found no room');
is(scalar(() = echo($slow->there6, 5)), 0, 'it knows no IPv6');

# a firewall

$home->drop('udp dport 9000');
is(scalar(() = echo($cable->there, 10)), 0, 'a firewall drops');
is($home->dropped, 10, 'and counts');
$home->allow;
is(scalar(() = echo($cable->there, 10)), 10, 'until it does not');

# another address, and none

my $before = $cable->there;

$cable->renumber('10.77.1.9');
is(scalar(() = echo('10.77.1.9', 10)), 10, 'the host has another address');
is(scalar(() = echo($before, 10)), 0, 'and no longer the one before');

$cable->remove;
unlike($home->ip('addr'), qr/10\.77\.1\.|fd77:1:/, 'and at last none');
unlike($net->ip('link'), qr/link1/, 'no cable has one end');

$slow->remove;
unlike($net->ip('link') . $home->ip('link'), qr/link3/, 'nor has a line');

is(join(' ', sort glob '/sys/class/net/*'), $devices,
    'elsewhere nothing has changed');

# in the end they are gone: the namespaces with whoever is in them

my @holders = grep { Test::Live::Process::title($_) =~ /^sleep / }
    Test::Live::Process::children($$);

is(scalar @holders, 1, 'one process holds the host');

done_testing;


# the numbers and delays (s) of what arrives at port 9000 there, of so many
# datagrams sent 2 ms after each other

sub echo {
    my ($there, $n, $size) = @_;

    my $receiver = Test::Live::Process->new(
        out => "$dir/out", err => "$dir/err",
        cmd => [$home->cmd($^X, '-It/lib', '-MIO::Socket::IP',
            '-MTest::Live::IO=now', '-MSocket=SOL_SOCKET', '-e', <<'END')]);
        use constant SO_RCVBUFFORCE => 33;

        my $s = IO::Socket::IP->new(Proto => 'udp', LocalHost => '::',
            LocalPort => 9000, V6Only => 0) or die $@;
        # a busy machine may let it wait
        setsockopt $s, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24 or die "$!";

        $| = 1;
        print "ready\n";

        while (1) {
            my $in = '';
            vec($in, fileno $s, 1) = 1;
            last unless select $in, undef, undef, 0.5;

            my $now = now();
            my ($i, $sent) = unpack 'N d', do { recv $s, my $p, 2000, 0; $p };
            printf "%d %.6f\n", $i, $now - $sent;
        }
END

    my $deadline = deadline(10);
    nap(0.01) until $receiver->stdout =~ /ready/ || now() > $deadline;

    # without a route there is none
    my $to = IO::Socket::IP->new(Proto => 'udp', PeerHost => $there,
        PeerPort => 9000);

    $n = 0 unless $to;

    my $start = now();

    for my $i (1 .. $n) {
        my $wait = $start + $i * 0.002 - now();
        select undef, undef, undef, $wait if $wait > 0;

        send $to, pack('N d', $i, now()) . 'x' x ($size || 0), 0;
    }

    $receiver->wait(10);

    my @got = map { [split / /] } grep { /^\d/ } split /\n/,
        $receiver->stdout;

    unlink "$dir/out";

    return @got;
}
