#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Who chooses what is on air, and who hears of it: the streamer, by the API, and
# the server, by sound and then by motion; at one moment for all.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Show;
use Time::HiRes qw(time);

my $show = Test::Live::Show->new(hls => 1);
my $t = $show->run->{t};


# a picture and a tone, which is heard or not in turn, of its own loudness

sub speaker {
    my ($source, $volume) = @_;

    return $t->spawn($source, 'ffmpeg', qw(-v error -nostdin -re),
        qw(-f lavfi -i testsrc2=s=160x90:r=10),
        '-f', 'lavfi', '-i', "aevalsrc='$volume*sin(2*PI*440*t)':s=44100",
        qw(-t 60 -c:v libx264 -preset ultrafast -tune zerolatency -g 10 -b:v 100k -c:a aac -b:a 64k -f flv),
        'rtmp://127.0.0.1:' . $t->port('RTMP') . "/live/$show->{keys}{alice}_$source");
}

# One and Two speak in turn, and a little at the same time, Three always, and hardly

speaker('One', '0.4*lt(mod(t,16),9)');
speaker('Two', '0.4*(1-between(mod(t,16),1,7))');
speaker('Three', '0.002');

$show->wait_live('alice', 3);

sub director {
    my (%body) = @_;
    return $show->data('PUT', 'session/alice/director', key => 'alice', json => \%body);
}

sub on_air { return $show->status('alice')->{on_air} }

# --- the streamer ---------------------------------------------------------------

my @events = map { $t->events('/show/session/alice/events') } 1 .. 3;

is_deeply(on_air(), { mode => 'off', source => undef, at => undef }, 'at first viewers choose');

my $before = time * 1000;
my $air = director(mode => 'manual', source => 'Two');
my $after = time * 1000;

is("$air->{mode} $air->{source}", 'manual Two', 'the streamer chooses');
cmp_ok($air->{at}, '>=', $before + 1400, 'from a moment on for which all can make ready');
cmp_ok($air->{at}, '<=', $after + 1600, 'not later');

for my $e (@events) {
    my $event;

    $t->wait_for(sub {
        $event = $e->wait_event('on_air', 5);
        return $event && ($event->{data}{source} // '') eq 'Two';
    }, 'told');

    is_deeply($event->{data}, $air, 'all who follow are told the same');
}

is_deeply(on_air(), $air, 'and so is who comes later');
is_deeply($show->data('GET', 'session/alice/director'), $air, 'or asks');

$air = director(mode => 'manual');
is("$air->{mode} $air->{source}", 'manual Two', 'without a source it stays');

$show->ask('PUT', 'session/alice/streams/Two', key => 'alice', json => { enabled => JSON::PP::false() });
isnt($show->ask('PUT', 'session/alice/director', key => 'alice', json => { mode => 'manual', source => 'Two' })->{status},
    200, 'what is hidden is not put on air');
$show->ask('PUT', 'session/alice/streams/Two', key => 'alice', json => { enabled => JSON::PP::true() });

# --- the server -----------------------------------------------------------------

is(director(mode => 'activity')->{mode}, 'activity', 'the server chooses');

my %seen;
my @heard;
my $changes = 0;
my $last = '';
my $at = 0;
my $shortest = 1e9;

$t->wait_for(sub {
    my $now = on_air();
    my $source = $now->{source} // '';

    if ($source ne $last) {
        $shortest = $now->{at} - $at if $at && $changes && $now->{at} - $at < $shortest;
        ($last, $at) = ($source, $now->{at});
        $changes++;
        $seen{$source}++;
        push @heard, "$source at $now->{at}";
    }

    return $seen{One} && $seen{Two} && $changes >= 3;
}, 40, 'who speaks is on air, one after the other');

ok(!$seen{Three}, 'who hardly speaks is not') or diag("@heard");
cmp_ok($shortest, '>=', 2900, 'nobody for less than three seconds');
cmp_ok($changes, '<=', 6, 'it does not flap');

my $event;

$t->wait_for(sub {
    $event = $events[0]->wait_event('on_air', 1);
    return $event && $event->{data}{mode} eq 'activity' && ($event->{data}{source} // '') eq $last;
}, 5, 'told as well');

is(director(mode => 'off')->{source}, undef, 'and viewers choose again');

$_->close for @events;

$t->done;
