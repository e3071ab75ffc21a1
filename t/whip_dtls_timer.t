#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Where the server begins DTLS, a lost ClientHello comes again before long.

use strict;
use warnings;

use lib 't/lib';

use Compress::Zlib qw(crc32);
use Digest::SHA qw(hmac_sha1);
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

use Test::More;
use Test::Live;

my $key = 'k-4f8ad1c9e2';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC');

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            multisource on;
            multisource_keys %%DIR%%/keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/ {
            whip live;
            whip_timeout 2s;
        }
    }
}
EOC

$t->run;

my $offer = join '', map { "$_\r\n" } 'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-',
    't=0 0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0',
    'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx',
    'a=fingerprint:sha-256 ' . join(':', ('AB') x 32), 'a=setup:passive',
    'a=mid:0', 'a=sendonly', 'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2';

my $r = $t->request('POST', '/whip/cam', body => $offer, headers => {
    'Content-Type' => 'application/sdp', Authorization => "Bearer $key" });

is($r->{status}, 201, 'an answer');

my ($ufrag) = $r->{body} =~ /^a=ice-ufrag:(\S+)/m;
my ($pwd) = $r->{body} =~ /^a=ice-pwd:(\S+)/m;

my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1',
    PeerAddr => '127.0.0.1', PeerPort => $t->port('WHIP'));

$socket->send(request("$ufrag:abcd", $pwd));

my (@hello, $start);
my $select = IO::Select->new($socket);

while (!$start || time - $start < 0.8) {
    last unless $select->can_read($start ? $start + 0.8 - time : 5);

    $socket->recv(my $datagram, 2048);
    next unless ord $datagram == 22;

    $start ||= time;
    push @hello, int 1000 * (time - $start);
}

ok(@hello >= 3, 'the ClientHello comes three times in 800 ms')
    or diag("at @hello ms");

$t->done;


# RFC 8489

sub request {
    my ($name, $password) = @_;

    my $pad = "\0" x (-length($name) % 4);
    my $attributes = pack('n n/a* a*', 6, $name, $pad)
        . pack('n n N', 0x24, 4, 1) . pack('n n', 0x25, 0)
        . pack('n n NN', 0x802a, 8, 1, 2);

    my $m = pack('n n N a12', 1, length($attributes) + 24, 0x2112a442,
        'transaction!') . $attributes;
    $m .= pack 'n n a*', 8, 20, hmac_sha1($m, $password);

    substr($m, 2, 2) = pack 'n', length($attributes) + 32;

    return $m . pack 'n n N', 0x8028, 4, crc32($m) ^ 0x5354554e;
}
