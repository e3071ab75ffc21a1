# SPDX-License-Identifier: BSD-2-Clause

# Many datagrams that nobody asked for.
#
#   perl -MTest::Live::Flood -e 'Test::Live::Flood::run(@ARGV)' ADDRESS PORT
#       kind=random rate=50000 seconds=5 [ufrag=OURS:THEIRS] [from=ADDRESS:PORT]
#
# Kinds, several with commas between:
#
#   random   1 to 1200 bytes of noise
#   stun     Binding requests for somebody who is not there
#   ufrag    Binding requests for OURS, which lack nothing but the password
#   dtls     a ClientHello that goes no further, alerts, and noise in records
#   rtp      RTP and RTCP, not authentic
#
# They come from several ports of this host, or with "from", which needs root,
# as if they were from there.  The number of datagrams that were sent goes to
# stdout.

package Test::Live::Flood;

use strict;
use warnings;

use Compress::Zlib qw(crc32);
use Socket qw(AF_INET SOCK_DGRAM SOCK_RAW IPPROTO_RAW inet_aton
    pack_sockaddr_in);

use Test::Live::IO qw(now);

use constant {
    SOCKETS       => 16,
    VARIANTS      => 256,
    TICK          => 0.001,
    IPPROTO_UDP   => 17,
    COOKIE        => 0x2112a442,
    USERNAME      => 0x0006,
    INTEGRITY     => 0x0008,
    PRIORITY      => 0x0024,
    USE_CANDIDATE => 0x0025,
    FINGERPRINT   => 0x8028,
    CONTROLLING   => 0x802a,
};


sub run {
    my ($address, $port, @options) = @_;

    my %o = (kind => 'random', rate => 50000, seconds => 5,
        map { split /=/, $_, 2 } @options);

    srand 1;

    my @kinds = map { Test::Live::Flood->can("_$_") || die "$_?\n" }
        split /,/, $o{kind};
    my @packets = map { $kinds[$_ % @kinds]->(\%o) } 0 .. VARIANTS - 1;

    my $to = pack_sockaddr_in($port, inet_aton($address));
    my @sockets;

    if ($o{from}) {
        my ($from, $from_port) = split /:/, $o{from};

        @packets = map { _datagram($_, $from, $from_port, $address, $port) }
            @packets;
        @sockets = _socket(SOCK_RAW, IPPROTO_RAW);

    } else {
        @sockets = map { _socket(SOCK_DGRAM, 0) } 1 .. SOCKETS;
    }

    my ($start, $sent, $errors) = (now(), 0, 0);

    while ((my $elapsed = now() - $start) < $o{seconds}) {

        for ($sent + $errors .. $elapsed * $o{rate}) {
            (send $sockets[$_ % @sockets], $packets[$_ % VARIANTS], 0, $to)
                ? $sent++ : $errors++;
        }

        select undef, undef, undef, TICK;
    }

    print "$sent\n";
}


sub _socket {
    my ($type, $protocol) = @_;

    socket(my $socket, AF_INET, $type, $protocol) or die "socket: $!";
    return $socket;
}


# an IPv4 header, whose checksum is the kernel's, and a UDP one without

sub _datagram {
    my ($payload, $from, $from_port, $to, $to_port) = @_;

    my $length = 8 + length $payload;

    return pack('C C n n n C C n a4 a4 n n n n', 0x45, 0, 20 + $length, 0, 0,
        64, IPPROTO_UDP, 0, inet_aton($from), inet_aton($to), $from_port,
        $to_port, $length, 0) . $payload;
}


sub _noise {
    my ($length) = @_;
    return join '', map { chr int rand 256 } 1 .. $length;
}


sub _random { return _noise(1 + int rand 1200) }


# RFC 8489, 5, with a FINGERPRINT that is right and an integrity that is not

sub _stun {
    my ($o, $username) = @_;

    $username = join '', map { ('a' .. 'z', 0 .. 9)[rand 36] } 1 .. 24
        unless defined $username;
    $username .= ':abcd' unless $username =~ /:/;

    my $request = _attribute(USERNAME, $username)
        . _attribute(PRIORITY, pack 'N', 0x6e7f1eff)
        . _attribute(CONTROLLING, _noise(8))
        . _attribute(USE_CANDIDATE, '')
        . _attribute(INTEGRITY, _noise(20));

    $request = pack('n n N', 1, 8 + length $request, COOKIE) . _noise(12)
        . $request;

    return $request . _attribute(FINGERPRINT,
        pack 'N', crc32($request) ^ 0x5354554e);
}


sub _attribute {
    my ($type, $value) = @_;
    return pack 'n n/a x!4', $type, $value;
}


sub _ufrag {
    my ($o) = @_;
    return _stun($o, $o->{ufrag});
}


# RFC 6347, 4.1: type, version, epoch, number, length

sub _dtls {
    my $kind = int rand 4;

    return _record(21, 0, pack 'C C', 1, 0) if $kind == 0;
    return _record(21, 1, _noise(26)) if $kind == 1;
    return _record(23, 1, _noise(100)) if $kind == 2;

    my $hello = pack('C C', 254, 253) . _noise(32)
        . pack('C C n n C C', 0, 0, 2, 0xc02b, 1, 0);

    return _record(22, 0, pack('C', 1) . substr(pack('N', length $hello), 1)
        . pack('n', 0) . "\0\0\0" . substr(pack('N', length $hello), 1)
        . $hello);
}


sub _record {
    my ($type, $epoch, $fragment) = @_;
    return pack 'C C C n n N n/a', $type, 254, 253, $epoch, 0, rand 1000,
        $fragment;
}


sub _rtp {
    return pack('C C n N N', 0x80, rand(2) < 1 ? 102 : 200, rand 65536,
        rand 2 ** 32, rand 2 ** 32) . _noise(100 + rand 1000);
}

1;
