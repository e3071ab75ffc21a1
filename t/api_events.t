#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The event stream: the whole list first, then what changes, as objects of the
# list.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);

my ($alice, $bob) = ('eV5-events-key-of-alice', 'eW6-events-key-of-bob');

my $t = Test::Live->new(workers => 2, secrets => [$alice, $bob]);

$t->write('keys', "$alice alice\n$bob bob\n");

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
        listen 127.0.0.1:%%HTTP%% reuseport;

        location /sources/ {
            multisource_api;
            multisource_hls_url /media/;
            multisource_kick on;
        }
    }
}
EOC

$t->run;

my $scale = $Test::Live::IO::scale;

sub publish {
    my ($name, %o) = @_;

    my $p = $t->rtmp;
    $p->publish($name);
    return $p->live(%o);
}

# what is measured moves between two looks

sub fixed {
    my ($source) = @_;

    my %s = %$source;

    for (qw(video audio)) {
        $s{$_} = { %{ $s{$_} }, bitrate_kbps => 0, fps => 0 } if $s{$_};
    }

    return \%s;
}

sub listed {
    my ($id) = @_;
    my ($s) = grep { $_->{id} eq $id } @{ $t->get('/sources/alice')->json };
    return $s;
}

sub next_is {
    my ($events, $event, $id, $timeout) = @_;

    my $start = now();

    while (my $e = $events->next($timeout || 5)) {
        next if defined $e->{comment};
        next if $e->{event} eq 'source_updated' && $event ne $e->{event};

        is("$e->{event} $e->{data}{id}", "$event $id", "$event $id");
        return ($e->{data}, now() - $start);
    }

    fail("$event $id");
    return ({}, 0);
}

# somebody who has nothing to tell for a while

my $quiet = $t->events('/sources/nobody/events');
my $opened = now();

is($quiet->{status}, 200, 'events of an unknown streamer');
is($quiet->{headers}{'content-type'}, 'text/event-stream', 'their type');
is($quiet->{headers}{'cache-control'}, 'no-store', 'Cache-Control');
is($quiet->{headers}{'access-control-allow-origin'}, '*', 'CORS');
is($quiet->{headers}{'x-accel-buffering'}, 'no', 'no proxy is to buffer them');
is($quiet->{headers}{'content-length'}, undef, 'no length');
like($quiet->next(2)->{comment}, qr/^multisource/, 'a comment opens them');

# the whole list first, whichever worker answers

my $one = publish("${alice}_Main_Screen");

$t->wait_for(sub { listed('Main_Screen') }, 'the first source');

my $two = publish("${alice}_Face_Cam");

$t->wait_for(sub { listed('Face_Cam') }, 'the second source');

for my $n (1 .. 6) {
    my $e = $t->events('/sources/alice/events');

    my ($first) = next_is($e, 'source_added', 'Main_Screen');
    my ($second) = next_is($e, 'source_added', 'Face_Cam');

    is_deeply(fixed($first), fixed(listed('Main_Screen')),
        'the object of the list');
    is_deeply(fixed($second), fixed(listed('Face_Cam')), 'the other one');

    $e->close;
}

my $e = $t->events('/sources/alice/events');

my ($data) = next_is($e, 'source_added', 'Main_Screen');

is($data->{url}, '/media/alice/Main_Screen/index.m3u8',
    'URLs as this location says');

next_is($e, 'source_added', 'Face_Cam');

# what has been measured is told

my $updated;

$t->wait_for(sub {
    $updated = $e->wait_event('source_updated', 3);
    $updated && $updated->{data}{id} eq 'Face_Cam'
        && $updated->{data}{video}{bitrate_kbps} > 0
        && $updated->{data}{video}{fps} > 0;
}, 10, 'a measured source');

is_deeply(fixed($updated->{data}), fixed(listed('Face_Cam')),
    'the object of the list');
is($updated->{data}{video}{fps}, 25, 'frames per second');

# of others nothing is told

my $other = publish("${bob}_Stage");
my $bobs = $t->events('/sources/bob/events');

next_is($bobs, 'source_added', 'Stage');

# a new source, and one that leaves

my $three = publish($alice);
my $start = now();

next_is($e, 'source_added', 'main');
cmp_ok(now() - $start, '<', $scale, 'within a second');

$start = now();
$three->close;

my ($gone) = next_is($e, 'source_removed', 'main');

cmp_ok(now() - $start, '<', $scale, 'within a second');
is($gone->{url}, '/media/alice/main/index.m3u8', 'the object of the list');
is(listed('main'), undef, 'where it is no more');

# killed without a word

$start = now();
$two->abrupt_close;

next_is($e, 'source_removed', 'Face_Cam');
cmp_ok(now() - $start, '<', $scale, 'a reset tells as well');

# a takeover is another source of the same name

my $again = publish("${alice}_Main_Screen");

next_is($e, 'source_removed', 'Main_Screen');

($data) = next_is($e, 'source_added', 'Main_Screen');

is_deeply(fixed($data), fixed(listed('Main_Screen')), 'the new one');

# ended by the operator

$t->request('DELETE', '/sources/alice/Main_Screen');
next_is($e, 'source_removed', 'Main_Screen');

# who sends nothing any more is told to be stalled before he is dropped

$other->live(0);
$start = now();

my $stalled;

$t->wait_for(sub {
    my $u = $bobs->wait_event('source_updated', 3) or return;
    $stalled = $u->{data};
    $stalled->{state} eq 'stalled';
}, 9, 'a stalled source');

cmp_ok(now() - $start, '>', 4, 'not before he was silent for long');

$other->live;

$t->wait_for(sub {
    my $u = $bobs->wait_event('source_updated', 3) or return;
    $u->{data}{state} eq 'live';
}, 5, 'a source that is live again');

# a comment every 15 s

my $comment = $quiet->next(20);

is($comment->{comment}, '', 'a comment keeps a quiet stream open');
cmp_ok(now() - $opened, '>', 14, 'after 15 s, not sooner');
cmp_ok(now() - $opened, '<', 16 + 2 * $scale, 'nor later');

ok(!$e->eof, 'no stream has ended');

$t->done;
