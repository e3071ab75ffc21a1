#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A source's playlist goes on whatever becomes of its publisher, of workers and
# of nginx, while a player follows it; and it ends when nobody comes back.

use strict;
use warnings;

use lib 't/lib';

use Digest::SHA qw(sha1_hex);
use Test::More;
use Test::Live;
use Test::Live::Hls;
use Test::Live::IO qw(now);
use Test::Live::Keepalive;
use Time::HiRes ();

my $top = Test::Live::top();

need(system('node --version >/dev/null 2>&1') == 0, 'node');

# a burst of ours must not look like a late part

my $scale = $Test::Live::IO::scale;
my $tolerance = $Test::Live::Hls::tolerance;

my $t = Test::Live->new(workers => 2, quit_timeout => 15);

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
            multisource_hls_segment 1s;
            multisource_hls_window 12s;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /hls/    { multisource_play; }
        location = /status { multisource_status; }
    }
}
EOC

$t->run;

my %publisher;


# publishes from a connection that this worker has accepted

sub publish {
    my ($name, $pid) = @_;

    my @others = $pid ? grep { $_ != $pid } $t->workers : ();

    $t->kill_worker($_, 'STOP') for @others;
    my $c = $t->rtmp;
    $t->kill_worker($_, 'CONT') for @others;

    my $status = $c->publish("alice_$name");

    is($status->{code}, 'NetStream.Publish.Start', "$name is published");
    $c->live(fps => 25, gop => 10, kbps => 100);

    return $publisher{$name} = $c;
}


sub owner {
    my ($name) = @_;

    return $t->wait_for(sub {
        my ($s) = grep { $_->{source} eq $name }
            @{ $t->get('/status')->json->{sources} };
        return $s && $s->{worker};
    }, 10, "the worker of $name");
}


sub other_worker {
    my ($pid) = @_;
    return (grep { $_ != $pid } $t->workers)[0];
}


# a media playlist, as far as it is of use here

sub playlist {
    my ($name, $query) = @_;

    my $r = $t->get("/hls/alice/$name/live.m3u8" . ($query ? "?$query" : ''));
    return parse($r->{body}) if $r->{status} == 200;
    return;
}


sub parse {
    my ($text) = @_;

    my $list = { segments => [], text => $text };
    my $next = {};

    for (split /\n/, $text) {
        if (/^#EXT-X-MEDIA-SEQUENCE:(\d+)/) { $list->{first} = $1 }
        elsif (/^#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)/) { $list->{dsn} = $1 }
        elsif (/^#EXT-X-TARGETDURATION:(\d+)/) { $list->{duration} = $1 }
        elsif (/^#EXT-X-(?:PART-INF|SERVER-CONTROL):/) { $list->{parts} .= $_ }
        elsif (/^#EXT-X-DISCONTINUITY$/) { $next->{discontinuity} = 1 }
        elsif (/^#EXT-X-PROGRAM-DATE-TIME:(.+)/) { $next->{date} = $1 }
        elsif (/^#EXT-X-PART:.*URI="(.+?)"/) { push @{ $next->{uris} }, $1 }
        elsif (/^#EXT-X-ENDLIST/) { $list->{ended} = 1 }
        elsif (/^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="\w+-(\d+)\.(\d+)\.m4s"/) {
            $list->{hint} = "_HLS_msn=$1&_HLS_part=$2";
        } elsif (/^[^#]/) {
            push @{ $list->{segments} }, { %$next, uri => $_ };
            $next = {};
        }
    }

    $list->{end} = $list->{first} + @{ $list->{segments} };

    return $list;
}


# what was seen of a source by its numbers, from beginning to end

my %seen;


# compares what is listed now with all that ever was; the playlist

sub look {
    my ($name, $what) = @_;

    my $list = $t->wait_for(sub { playlist($name) }, 10, "$what: a playlist")
        or return;
    my $seen = $seen{$name} ||= { first => 0, dsn => 0, segment => {} };
    my (@faults, $date);

    $seen->{$_} //= $list->{$_} for qw(duration parts);

    for (qw(duration parts)) {
        push @faults, "$_ is $list->{$_}" if $list->{$_} ne $seen->{$_};
    }

    push @faults, "media sequence $list->{first} after $seen->{first}"
        if $list->{first} < $seen->{first};

    # numbers of discontinuities: as many as have left the list

    my $gone = grep { $_ < $list->{first} && $seen->{segment}{$_}{discontinuity} }
        keys %{ $seen->{segment} };

    push @faults, "discontinuity sequence $list->{dsn}, $gone have left"
        if $list->{dsn} != $gone;

    for my $i (0 .. $#{ $list->{segments} }) {
        my $segment = $list->{segments}[$i];
        my $msn = $list->{first} + $i;
        my $r = $t->get("/hls/alice/$name/$segment->{uri}");

        push @faults, "$segment->{uri}: $r->{status}" if $r->{status} != 200;
        push @faults, "$segment->{date} after $date"
            if defined $date && $segment->{date} le $date;
        $date = $segment->{date};

        my $is = { uri => $segment->{uri}, bytes => sha1_hex($r->{body}),
            discontinuity => $segment->{discontinuity} || 0 };
        my $was = $seen->{segment}{$msn} ||= $is;

        push @faults, map { "number $msn: $_ was $was->{$_}, is $is->{$_}" }
            grep { $was->{$_} ne $is->{$_} } keys %$is;
    }

    @$seen{qw(first dsn)} = @$list{qw(first dsn)};

    is(join('; ', @faults), '', "$what: it is the same playlist");

    return $list;
}


# who comes back goes on where the list was, behind one discontinuity more

sub goes_on {
    my ($name, $before, $what) = @_;

    my $list = $t->wait_for(sub {
        my $now = playlist($name);
        return $now && $now->{end} > $before->{end}
            && (grep { $_->{discontinuity} }
                splice @{ $now->{segments} }, $before->{end} - $now->{first})
            && $now;
    }, 15, "$what: a session after $before->{end}") or return;

    return look($name, $what);
}


# a player that follows the list by blocking reloads, and looks at everything

sub viewer {
    my ($name, $seconds, @args) = @_;

    return $t->spawn("viewer-$name", 'node', "$top/t/js/hls_check.mjs",
        $t->url('/hls/'), 'alice', $seconds, $name, '--apart',
        "--tolerance=$tolerance", @args);
}


sub judged {
    my ($viewer, $what) = @_;

    my $status = $viewer->wait(60);

    is($status, 0, "$what: no rule is broken")
        or diag(grep { !/^ok/ } split /^/m, $viewer->stdout . $viewer->stderr);

    note($_) for $viewer->stdout =~ /^# (\w+: (?:latency|\d+ playlists).*)$/mg;

    return;
}


sub ends {
    my ($name, $since, $what) = @_;

    my $list = $t->wait_for(sub {
        my $now = playlist($name);
        return $now && $now->{ended} && $now;
    }, 15, "$what: the end") or return;

    my $time = now() - $since;

    cmp_ok($time, '>=', 4.5, "$what: not at once");
    cmp_ok($time, '<=', 8 * $scale, "$what: within the grace");
    look($name, $what);

    return;
}


# how long after a part was written a viewer in this worker has a list with it

sub wake_up {
    my ($name, $pid, $parts, $what) = @_;

    my $c = Test::Live::Keepalive->new($t, worker => $pid);
    my $path = "/hls/alice/$name/live.m3u8";
    my $hint = parse($c->request('GET', $path)->{body})->{hint};
    my @late;

    while (@late < $parts) {
        my $r = $c->request('GET', "$path?$hint");
        my $there = Time::HiRes::time();

        $hint = parse($r->{body})->{hint} or last;

        my ($part) = reverse $r->{body} =~ /^#EXT-X-PART:.*URI="(.+?)"/mg;
        my $file = $t->dir . "/hls/live/alice/$name/"
            . $part =~ s/\.\d+\.m4s$/.m4s/r;

        push @late, 1000 * ($there - (Time::HiRes::stat($file))[9]);
    }

    @late = sort { $a <=> $b } @late;

    note("$what, ms: ", join ' ', map { sprintf '%.1f', $_ } @late);
    is(scalar @late, $parts, "$what: part by part");
    cmp_ok($late[@late / 2], '<', 40 * $scale, "$what: soon");

    return;
}


# --- publishers in a known worker --------------------------------------------

my ($one, $two) = $t->workers;

publish($_ => $one) for qw(Cam Dead);
is(owner('Cam'), $one, 'in this worker');

$t->wait_for(sub { my $l = playlist('Cam'); $l && $l->{end} >= 1 }, 10,
    'a playlist');

my $viewer = viewer('Cam', 60, '--ended');
my $list = look('Cam', 'at first');

is($list->{duration}, 2, 'the target duration');
wake_up('Cam', $two, 5, 'to a viewer in another worker');

# --- a reload: they stay where they are, viewers are elsewhere ---------------

ok($t->reload, 'reload');
is(owner('Cam'), $one, 'the publisher is in an old worker');

my ($three, $four) = $t->workers;

wake_up('Cam', $three, 10, 'from an old worker to a viewer in a new one');
$list = look('Cam', 'after a reload');
is($publisher{Cam}->closed, undef, 'its publisher was not disturbed');

# --- their worker is killed; one comes back, the other one does not ----------

my $killed = now();
$t->kill_worker($one);

$t->wait_for(sub { $publisher{Cam}->eof(0) }, 5, 'the connection is lost');
publish(Cam => $three);
$list = goes_on('Cam', $list, 'its worker was killed');

# --- the publisher is killed, and back after 2 s, in the other worker --------

$publisher{Cam}->drop;
$t->pause(2);

publish(Cam => $four);
$list = goes_on('Cam', $list, 'killed and back');
is(owner('Cam'), $four, 'in the other worker');

# --- another encoder takes over, while the first one sends -------------------

for my $pid ($three, $three) {
    my $first = $publisher{Cam};

    publish(Cam => $pid);
    $list = goes_on('Cam', $list, 'taken over');
    is(owner('Cam'), $pid, 'by a publisher in this worker');
    ok($first->closed, 'the first one is gone');
}

# --- and leaves for good -----------------------------------------------------

ends('Dead', $killed, 'one whose worker was killed');

$publisher{Cam}->close;
my $gone = now();

publish('Desk');
ends('Cam', $gone, 'a publisher that left');
judged($viewer, 'a player');

# --- nginx is stopped, and started -------------------------------------------

# what cannot be fetched while it is not there, and is late because of that

$viewer = viewer('Desk', 12, '--allow='
    . join ',', map { "Desk:$_" } qw(B5 B8 B9 C6 L12 L13 L17 L18));

for my $signal (qw(QUIT TERM KILL)) {
    $list = look('Desk', "before SIG$signal");

    if ($signal eq 'KILL') {
        my @all = (Test::Live::Process::children($t->master), $t->master);

        kill 'KILL', reverse @all;
        $t->{process}->wait(5);
        $t->wait_for(sub { !grep { $t->alive($_) } @all }, 5, 'all dead');

    } else {
        $t->signal($signal);
        $publisher{Desk}->close;
        is($t->stop($signal), 0, 'nginx has left');
    }

    $publisher{Desk}->drop;
    $t->run;

    publish('Desk');
    $list = goes_on('Desk', $list, "after SIG$signal");
}

judged($viewer, 'a player that saw nginx come and go');

$t->done;
