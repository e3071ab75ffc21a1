#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Sessions come and go by the hundred, and nothing is left of them: no memory,
# no descriptor, no connection, no place in the zone.  Then a worker is killed,
# and one is stopped for a while, and only its own sessions notice.
#
# Environment: TEST_SOAK=1 for 20 cycles of 100 sessions instead of 4 of 30.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Process;
use Test::Live::Whip;

my ($sessions, $cycles) = $ENV{TEST_SOAK} ? (100, 20) : (30, 4);

# KB that a worker may grow by after the warm-up, for the holes in its heap: as
# sessions end in another order each time, 0.5 MB more within a few cycles, and
# 0.2 MB in 20 cycles of 100.  A KB lost with each session would be 1 MB there.

use constant SLACK => 1024;

# those of which a worker has its part while the other one does not run

use constant FEW => 30;

my $slow = $Test::Live::IO::scale;
my $key = 'wsk6-key-of';

# malloc is to give back what was freed, instead of keeping ever larger blocks

my $t = Test::Live->new(workers => 2, secrets => [$key], timeout => 600,
    env => { MALLOC_MMAP_THRESHOLD_ => 131072, MALLOC_TRIM_THRESHOLD_ => 65536,
             MALLOC_TOP_PAD_ => 0 });

need($t->has_module($_), "ngx_${_}_module") for qw(whip multisource);

$t->write('keys', join '', map { "$key-$_-x streamer$_\n" } 0 .. $sessions);

# a zone that leaves no room for sessions that are not taken off

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_playlist_length 5s;

            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;
    whip_zone 148k;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/ {
            whip live;
            whip_rate off;
            whip_max_pending 0;
        }

        location = /status { whip_status; }
        location = /stub   { stub_status; }
    }
}
EOC

sub status { return $t->get('/status', timeout => 5)->json || {} }

sub list { return @{ status()->{list} || [] } }

# of connections of all workers, but for the one that asks

sub active {
    return $t->get('/stub')->{body} =~ /^Active connections: (\d+)/ && $1 - 1;
}

sub rss {
    my ($pid) = @_;
    return Test::Live::Process::slurp("/proc/$pid/status")
        =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

sub fds { return scalar(() = glob "/proc/$_[0]/fd/*") }

sub publish {
    my (%o) = @_;

    return Test::Live::Whip->publish($t, path => '/whip/Cam',
        bearer => "$key-%d-x", stagger => 10, quiet => 1,
        media => { size => '64x48', kbps => 50, gop => 10, audio_kbps => 24 },
        %o);
}

sub live {
    return grep { $_->{state} eq 'live' && $_->{audio} && $_->{video}
        && $_->{audio}{frames} > 10 && $_->{video}{frames} > 5 } list();
}

# sessions that all send picture and sound for a second, as much as one worker
# can bear, or go on with that

sub crowd {
    my ($n, %o) = @_;

    my $go_on = delete $o{go_on};
    my %still = (audio_pause => 1, video_pause => 1);
    my $p = publish(sessions => $n, %still, %o);

    $p->connected(60) or diag(explain($p->events('closed')));
    $p->set(map { $_ => 0 } keys %still);

    if (!$go_on) {
        $t->pause(1);
        $p->set(%still);
    }

    $t->wait_for(sub { live() == $n }, 20, "$n sessions to be live");

    return $p;
}

# no session, nor a descriptor in these workers, nor a connection; both are closed
# somewhat later.  nginx counts those of a worker that was killed for ever

my ($killed, %fds);

sub clean {
    my (@pids) = @_;

    my @left;

    return $t->wait_for(sub {
        @left = (status()->{sessions}{total}, $killed ? 0 : active(),
            map { fds($_) - $fds{$_} } @pids);

        return !grep { $_ } @left;
    }, 5, 'everything to be closed') || diag("left: @left") && 0;
}

sub stopped {
    my ($pid) = @_;

    $t->kill_worker($pid, 'STOP');
    return $t->wait_for(sub {
        return (Test::Live::Process::stat_of($pid))[0] eq 'T';
    }, 5, 'a worker to stop');
}

# --- cycles -----------------------------------------------------------------

my @workers = $t->workers;

%fds = map { $_ => fds($_) } @workers;

my ($room) = $t->log =~ /new registry with room for (\d+) sessions/;

cmp_ok($room, '>=', $sessions, 'room for all sessions');
cmp_ok($room, '<', $sessions * ($cycles + 4), 'but not for those of all cycles');

# the warm-up: first each worker has all of them, for none will ever have more,
# then both have some

for my $other (@workers) {
    stopped($other);
    my $p = crowd($sessions);
    $t->kill_worker($other, 'CONT');

    is((grep { $_->{worker} == $other } list()), 0, 'all in one worker');
    is($p->stop('full'), 0, 'they stop');
    ok(clean(@workers), 'nothing is left');
}

my %before;

for my $i (-1 .. $cycles) {
    my $p = crowd($sessions);

    is($p->stop('full'), 0, "cycle $i: $sessions sessions");
    ok(clean(@workers), 'nothing is left');

    note('KB: ', join ', ', map { rss($_) } @workers);
    %before = map { $_ => rss($_) } @workers if $i == 0;
}

my $all = status();

is($all->{started_total}, ($cycles + 4) * $sessions, 'all were counted');
is($all->{stray_datagrams_total}, 0, 'no datagram went astray');

SKIP: {
    skip 'memory of a sanitizer', 2 if $ENV{TEST_SANITIZE};

    for my $pid (@workers) {
        my $more = rss($pid) - $before{$pid};

        cmp_ok($more, '<', SLACK,
            "worker $pid has grown by $more KB of $before{$pid}");
    }
}

# --- a worker is killed, or stopped -----------------------------------------

# the sessions of a worker go on: nothing is lost, all of them send

sub undisturbed {
    my ($what, $p, $owner, $seconds) = @_;

    my %from = map { $_->{session} => $_ } list();

    $t->pause($seconds);

    my %to = map { $_->{session} => $_ } list();
    my @mine = grep { $_->{worker} == $owner } values %from;
    my @bad;

    for my $session (map { $_->{session} } @mine) {
        my ($old, $new) = ($from{$session}, $to{$session});

        push @bad, $session if !$new || $new->{state} ne 'live'
            || $new->{audio}{lost} || $new->{video}{lost}
            || $new->{audio}{packets} - $old->{audio}{packets}
                < ($seconds - 1.5) * 50;
    }

    return is("@bad", '', "$what: " . @mine . ' sessions go on');
}

# one by one, and at once

sub newcomers {
    my ($what) = @_;

    for my $i (1 .. 3) {
        my $start = now();
        my $p = publish(path => "/whip/New_$i", first => $sessions);

        ok($p->connected(10), "$what: a new session");
        cmp_ok(now() - $start, '<', 2 * $slow, "$what: at once");
        is($p->stop('full'), 0, "$what: it stops");
    }

    return;
}

sub halves {
    my %of = map { $_ => 0 } $t->workers;
    $of{$_->{worker}}++ for list();

    return sort { $of{$a} <=> $of{$b} } keys %of;
}

# a worker is stopped for 5 s

my $p = crowd(FEW, go_on => 1);
my ($victim, $other) = halves();
my $mine = grep { $_->{worker} == $victim } list();
my $start = now();

cmp_ok($mine, '>', 0, "$mine sessions of a worker that is stopped");
stopped($victim);
newcomers('stopped');
undisturbed('stopped', $p, $other, 3);
$t->pause($start + 5 - now());
$t->kill_worker($victim, 'CONT');

$t->pause(1.5);
my @live = grep { $_->{state} eq 'live' } list();
is(scalar @live, FEW, 'all are there when it goes on');

my %from = map { $_->{session} => $_->{audio}{packets} } @live;
my $moved = $t->wait_for(sub {
    return FEW == grep { defined $from{$_->{session}}
        && $_->{audio}{packets} > $from{$_->{session}} + 40 } list();
}, 5, 'all to send');

ok($moved, 'and send');
is(scalar $p->events('closed'), 0, 'no client has noticed');
is($p->stop('full'), 0, 'they stop');
ok(clean(@workers), 'nothing is left');

# a worker is killed

$p = crowd(FEW, go_on => 1, expect => 'any');
($victim, $other) = halves();
$mine = grep { $_->{worker} == $victim } list();

cmp_ok($mine, '>', 0, "$mine sessions of a worker that is killed");
$t->kill_worker($victim, 'KILL');
newcomers('killed');
undisturbed('killed', $p, $other, 3);

is((grep { $_->{worker} == $victim } list()), 0, 'its own sessions are gone');
is(status()->{sessions}{total}, FEW - $mine, 'and no others');

$t->wait_for(sub { $t->workers == 2 }, 5, 'another worker');
$p->stop('full');
$killed = 1;
ok(clean($other), 'nothing is left');

# what is left of the dead is not in the way

$p = crowd($sessions);
is($p->stop('full'), 0, 'all sessions again');
ok(clean($other), 'nothing is left');

$t->done;
