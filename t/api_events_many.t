#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Many subscribers, slow ones, those who leave, and a reload: what event
# streams cost, and that they end with their worker.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now deadline wait_io);
use Socket qw(PF_INET SOCK_STREAM SOL_SOCKET SO_RCVBUF inet_aton
    pack_sockaddr_in);

my $key = 'eM8-many-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC');
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
        listen 127.0.0.1:%%HTTP%% sndbuf=4k;

        location /sources/ {
            multisource_api;
        }
    }
}
EOC

$t->run;

my $scale = $Test::Live::IO::scale;

sub publish {
    my ($name) = @_;

    my $p = $t->rtmp;
    $p->publish("${key}_$name");
    return $p->live(video => 0);
}

sub fds {
    my $n = 0;

    for my $pid ($t->workers) {
        $n += () = glob "/proc/$pid/fd/*";
    }

    return $n;
}

# reads to the end

sub ended {
    my ($events) = @_;

    1 while $events->next(10);
    return $events->eof;
}

my $p = publish('Main_Screen');

$t->wait_for(sub { $t->get('/sources/alice')->{body} =~ /Main/ }, 'a source');

# a hundred, of whom each is told

my $before = fds();
my @many = map { $t->events('/sources/alice/events') } 1 .. 100;

is(scalar(grep { $_->wait_event('source_added', 5) } @many), 100,
    'a hundred have the list');
is(fds(), $before + 100, 'one descriptor for each');

my $start = now();
my $q = publish('Face_Cam');

is(scalar(grep {
    my $e = $_->wait_event('source_added', 5);
    $e && $e->{data}{id} eq 'Face_Cam';
} @many), 100, 'a hundred are told of a new source');

cmp_ok(now() - $start, '<', 1.5 * $scale, 'at about once');

# who leaves costs nothing any more, even with nothing to be sent to him

$_->close for @many;
@many = ();

$t->wait_for(sub { fds() <= $before + 1 }, 3, 'the descriptors back');
is(fds(), $before + 1, 'only the new publisher is left');

# somebody who does not read

socket(my $slow, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($slow, SOL_SOCKET, SO_RCVBUF, 2048);
connect($slow, pack_sockaddr_in($t->port('HTTP'), inet_aton('127.0.0.1')))
    or die "connect: $!";
syswrite $slow, "GET /sources/alice/events HTTP/1.1\r\nHost: x\r\n\r\n";

my $quick = $t->events('/sources/alice/events');

is($quick->wait_event('source_added', 5)->{data}{id}, 'Main_Screen',
    'somebody who reads');

my %known = (Main_Screen => 1);
my $rounds = 20;
my $told = 0;

for my $n (1 .. $rounds) {
    my $r = publish("Round_$n");

    $t->wait_for(sub {
        my $e = $quick->wait_event('source_added', 3) or return;
        $e->{data}{id} eq "Round_$n";
    }, 5, "source_added Round_$n") or last;

    $r->close;

    my $e = $quick->wait_event('source_removed', 3);

    $told++ if $e && $e->{data}{id} eq "Round_$n";
}

is($told, $rounds, 'is told of everything meanwhile');

my $last = publish('Last');

$t->wait_for(sub {
    my $e = $quick->wait_event('source_added', 3) or return;
    $e->{data}{id} eq 'Last';
}, 5, 'source_added Last');

# when he reads again, what he has been told adds up to the list

my ($text, $events, %now) = ('', 0);
my $until = deadline(8);

while (join(' ', sort keys %now) ne 'Face_Cam Last Main_Screen') {
    wait_io($slow, 'r', $until) or last;
    sysread($slow, $text, 2048, length $text) or last;

    ($events, %now) = (0);

    while ($text =~ /^event: source_(\w+)\ndata: \{"id":"(\w+)"/mg) {
        $events++;
        $now{$2} = 1;
        delete $now{$2} if $1 eq 'removed';
    }
}

is(join(' ', sort keys %now), 'Face_Cam Last Main_Screen',
    'the slow one knows what there is');

cmp_ok($events, '<', 2 * $rounds + 3, 'though not of every step on the way');
close $slow;

# with nobody publishing, old workers go as soon as their streams have ended

$_->close for $p, $q, $last;

$quick->close;

my @open = map { $t->events('/sources/alice/events') } 1 .. 20;
my @old = $t->workers;

$start = now();
ok($t->reload, 'reloaded');

is(scalar(grep { ended($_) } @open), 20, 'every stream ends');
cmp_ok(now() - $start, '<', 2 * $scale, 'within two seconds');
is(scalar(grep { $_->{conn}{last_chunk} } @open), 20, 'and properly');

$t->wait_for(sub { !grep { $t->alive($_) } @old }, 5, 'the old workers gone');

is($t->events('/sources/alice/events')->{status}, 200, 'the new ones serve');

$t->done;
