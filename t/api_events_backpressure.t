#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# An event stream shares its HTTP/2 connection with a download that the client
# does not read for a while: it goes on when there is room again.

use strict;
use warnings;

use lib 't/lib';

use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_RCVBUF inet_aton pack_sockaddr_in);

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);

my $key = 'ebX4-key-of-alice';

my $t = Test::Live->new(workers => 1, secrets => [$key]);   # one connection

$t->write('keys', "$key alice\n");
$t->write('public/big', "\0" x 16_000_000, 0644);

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%% http2;
        root %%DIR%%/public;

        location /sources/ { multisource_api; }
    }
}
EOC

# a client of its own: no library leaves the socket of a connection unread

my $sock = IO::Socket::INET->new(Proto => 'tcp') or die $!;
setsockopt($sock, SOL_SOCKET, SO_RCVBUF, 4096);
connect($sock, pack_sockaddr_in($t->port('HTTP'), inet_aton('127.0.0.1')))
    or die "connect: $!";

my ($in, $seen) = ('', '');

sub frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1)
        . pack('CCN', $type, $flags, $stream) . $payload;
}

sub literal {
    my ($name, $value) = @_;
    return pack 'C C/a* C/a*', 0, $name, $value;
}

sub get {
    my ($stream, $path) = @_;
    return frame(1, 5, $stream, literal(':method', 'GET')
        . literal(':scheme', 'http') . literal(':path', $path)
        . literal(':authority', 'x'));
}

# reads until the events have this, or for so long

sub sees {
    my ($re, $seconds) = @_;

    my $end = now() + $seconds;
    my $select = IO::Select->new($sock);

    while ($seen !~ $re) {
        $t->pause(0.001);
        return 0 if now() > $end;
        next unless $select->can_read(0.05);
        sysread($sock, $in, 65536, length $in) or return 0;

        while (length $in >= 9) {
            my $len = unpack 'N', "\0" . substr $in, 0, 3;
            last if length $in < 9 + $len;

            my ($type, $flags, $stream) = unpack 'x3 C C N', $in;
            my $payload = substr $in, 9, $len;
            substr($in, 0, 9 + $len) = '';

            $seen .= $payload if $type == 0 && $stream == 3;
            syswrite $sock, frame(6, 1, 0, $payload)
                if $type == 6 && !($flags & 1);
        }
    }

    return 1;
}

sub publish {
    my ($id) = @_;

    my $c = $t->rtmp;
    is($c->publish("${key}_$id")->{code}, 'NetStream.Publish.Start', $id);
    $c->live(fps => 5, gop => 5, kbps => 50);

    return $c;
}

# windows so wide that only the socket holds the download back

syswrite $sock, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    . frame(4, 0, 0, pack 'nN', 4, 0x7fffffff)
    . frame(8, 0, 0, pack 'N', 0x7fffffff - 65535)
    . get(3, '/sources/alice/events');

my @sources = publish('A');
ok(sees(qr/^event: source_added\ndata: .*"id":"A"/m, 5), 'the stream');

# unread, while the download fills the connection

syswrite $sock, get(5, '/big');
$t->pause(1);
push @sources, publish('B');
$t->pause(3);

ok(sees(qr/"id":"B"/, 20), 'what came meanwhile');

# and after it

push @sources, publish('C');
ok(sees(qr/"id":"C"/, 10), 'what came later');

close $sock;
$t->done;
