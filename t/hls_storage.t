#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What the packager leaves on the disk, and for how long: segments as long as
# they are promised and no longer, whatever is there when a source begins, and
# whole shows with multisource_hls_keep.

use strict;
use warnings;

use lib 't/lib';

use File::Path qw(remove_tree);
use Test::More;
use Test::Live;
use Test::Live::FFmpeg;
use Test::Live::IO qw(now);
use Test::Live::Keepalive;

my $scale = $Test::Live::IO::scale;

my $t = Test::Live->new(workers => 2);

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        multisource_hls_path %%DIR%%/hls;
        multisource_hls_segment 500ms;
        multisource_hls_window 6s;
        multisource_max_sources 20;

        application live {
            live on;
            multisource on;
            multisource_hls on;
        }

        application shows {
            live on;
            multisource on;
            multisource_hls on;
            multisource_hls_keep on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /live/  { multisource_play live; }
        location /shows/ { multisource_play shows; }
    }
}
EOC

$t->run;

my %publisher;


sub publish {
    my ($app, $name) = @_;

    my $c = $t->rtmp(app => $app);
    my $status = $c->publish("alice_$name");

    is($status->{code}, 'NetStream.Publish.Start', "$name is published");
    $c->live(fps => 25, gop => 10, kbps => 100);

    return $publisher{$name} = $c;
}


sub media { my ($app, $name) = @_; return $t->dir . "/hls/$app/alice/$name" }


# names in the directory of a source

sub files {
    my ($dir) = @_;

    opendir(my $handle, $dir) or return;
    return sort grep { !/^\.\.?$/ } readdir $handle;
}


# { uris, listed: { uri => s }, parts: [uri], first, end, ended, text }

sub playlist {
    my ($app, $name, $file) = @_;

    my $r = $t->get("/$app/alice/$name/" . ($file || 'live.m3u8'));
    return if $r->{status} != 200;

    my $list = { uris => [], parts => [], maps => [], text => $r->{body} };
    my $duration;

    for (split /\n/, $r->{body}) {
        if (/^#EXT-X-MEDIA-SEQUENCE:(\d+)/) { $list->{first} = $1 }
        elsif (/^#EXTINF:([\d.]+)/) { $duration = $1 }
        elsif (/^#EXT-X-PART:.*URI="(.+?)"/) { push @{ $list->{parts} }, $1 }
        elsif (/^#EXT-X-MAP:URI="(.+?)"/) { push @{ $list->{maps} }, $1 }
        elsif (/^#EXT-X-DISCONTINUITY$/) { $list->{breaks}++ }
        elsif (/^#EXT-X-ENDLIST/) { $list->{ended} = 1 }
        elsif (/^[^#]/) {
            push @{ $list->{uris} }, $_;
            $list->{listed}{$_} = $duration;
            $list->{total} += $duration;
        }
    }

    $list->{end} = $list->{first} + @{ $list->{uris} };

    return $list;
}


sub lives {
    my ($app, $name) = @_;

    return $t->wait_for(sub {
        my $list = playlist($app, $name);
        return $list && !$list->{ended} && $list->{end} > $list->{first} && $list;
    }, 10, "media of $name");
}


sub ended {
    my ($app, $name) = @_;

    return $t->wait_for(sub {
        my $list = playlist($app, $name);
        return $list && $list->{ended} && $list;
    }, 12, "the end of $name");
}


# the line that says why packaging has stopped

sub line {
    my ($what, $name, $error) = @_;

    my $source = qq(streamer "alice" source "$name");

    return qr/\[error\].*packaging stopped: $what failed, $source \($error\)/;
}


# all that a source had is gone, but these

sub emptied {
    my ($dir, $timeout, @left) = @_;

    $t->wait_for(sub { join(' ', files($dir)) eq join ' ', sort @left },
        $timeout, "$dir has only @left") or diag(join ' ', files($dir));

    return;
}


# --- what is there when a source begins ---------------------------------------

# a sound index is that of a source which has ended with its only group of
# pictures

publish(live => 'Sound');
publish(shows => 'Short');
lives(live => 'Sound');
lives(shows => 'Short');
$publisher{Short}->close;

my $index = $t->read('hls/live/alice/Sound/index');
my %bad = (
    Noise     => join('', map { chr int rand 256 } 1 .. 5000),
    Empty     => '',
    Truncated => substr($index, 0, length($index) / 2),
    Foreign   => "\xff\xd8\xff\xe0" . "\0" x length($index),
    Damaged   => substr($index, 0, 100) . "\xff" x 6000 . substr($index, 6100),
);

for my $name (sort keys %bad) {
    my $path = "hls/live/alice/$name";

    $t->write("$path/index", $bad{$name});
    $t->write("$path/1a2026b7b0d-17.m4s", 'x');
    $t->write("$path/1a2026b7b0d-0.mp4", 'x');
    $t->write("$path/notes.txt", 'not ours');
}

# and one with which nothing can be done, until somebody does

$t->mkdir('hls/live/alice/Stuck/index');

my $mark = $t->mark;

publish(live => $_) for sort(keys %bad), 'Stuck', 'Removed';
publish(shows => 'Show');
publish(live => 'Cam');

my $begun = now();

for my $name (sort keys %bad) {
    my $list = lives(live => $name) or next;
    my @left = files(media(live => $name));

    is($list->{first}, 1, "$name: another index");
    is((grep { $t->get("/live/alice/$name/$_")->{status} != 200 }
        @{ $list->{uris} }, @{ $list->{maps} }), 0, "$name: its media");
    is((grep { /^1a2026b7b0d/ } @left), 0, "$name: nothing of before");
    is((grep { $_ eq 'notes.txt' } @left), 1, "$name: what is not ours stays");
    $publisher{$name}->close;
}

my $stopped = line('making an index', 'Stuck', '21: Is a directory');

is($t->logged($stopped, $mark), 1, 'a directory in its place: one line');

my $waits = Test::Live::Keepalive->new($t);
$waits->send("GET /live/alice/Stuck/live.m3u8 HTTP/1.1\r\nHost: a\r\n\r\n");

# somebody tidies up too much

lives(live => 'Removed');
remove_tree(media(live => 'Removed'));
ok($t->wait_log(line('finding its index', 'Removed',
    '2: No such file or directory'), 5, $mark), 'a directory is removed: a clear line');

# --- a show with an interruption -----------------------------------------------

$publisher{Show}->drop;
$t->pause(1);
publish(shows => 'Show');
lives(shows => 'Show');

# --- the window ------------------------------------------------------------------

# when what left the list, and for how long it is promised from then on

my (%left, %unlisted, @faults, %had);
my ($longest, $most, $polls) = (0, 0, 0);

while (now() < $begun + 16.5) {
    freed() if $waits && now() > $begun + 4.5;

    my $list = playlist(live => 'Cam') or next;
    my $now = now();
    my %here = map { $_ => 1 } files(media(live => 'Cam'));
    my %parts = map { $_ => 1 } @{ $list->{parts} };

    $polls++;

    push @faults, "a list of $list->{total} s"
        if $list->{first} > 1 && ($list->{total} < 6 || $list->{total} > 8);

    push @faults, map { "$_ is listed, and not there" }
        grep { !$here{$_} } @{ $list->{uris} }, @{ $list->{maps} };

    $left{$_} //= $now for grep { !$list->{listed}{$_} } keys %had;
    $unlisted{$_} //= $now for grep { !$parts{$_} } map { @{ $_->{parts} } }
        values %had;

    $longest = $list->{total} if $list->{total} > $longest;

    for my $uri (keys %left) {
        my $until = $left{$uri} + $had{$uri}{duration} + $longest;

        # a poll sees a change late, files go when the next segment is there

        push @faults, "$uri has gone too early"
            if !$here{$uri} && $now < $until - 1;
        push @faults, "$uri is there too long"
            if $here{$uri} && $now > $until + 2.5 * $scale;
    }

    # the oldest part that has to be there is asked for

    my ($oldest) = sort { $unlisted{$a} <=> $unlisted{$b} }
        grep { $now < $unlisted{$_} + 3 - 0.5 } keys %unlisted;

    if ($oldest && $t->get("/live/alice/Cam/$oldest")->{status} != 200
        && now() < $unlisted{$oldest} + 3)
    {
        push @faults, "$oldest has gone too early";
    }

    # listed, as long again, and those that come and go

    $most = keys %here if keys %here > $most;

    for my $uri (@{ $list->{uris} }) {
        $had{$uri} ||= { duration => $list->{listed}{$uri},
            parts => [grep { /^\Q@{[$uri =~ s{\.m4s$}{}r]}\E\./ }
                @{ $list->{parts} }] };
    }

    $t->pause(0.25);
}

note("$polls polls, a list of $longest s, $most files");

is(join("\n", @faults), '', 'segments and parts are there for their time');
cmp_ok(scalar(grep { !-e media(live => 'Cam') . "/$_" } keys %left), '>=', 3,
    'and some are gone');
cmp_ok($most, '<=', 35, 'there are never many');

# of a source that has ended nothing is left

$publisher{$_}->close for qw(Show Sound);

emptied(media(live => $_), 3, 'index', 'notes.txt') for sort keys %bad;
is($t->get('/live/alice/Noise/live.m3u8')->{status}, 404, 'nor its playlist');

# but a show

is($t->get('/shows/alice/Short/live.m3u8')->{status}, 404,
    'nor that of a show');

my $short = playlist(shows => 'Short', 'vod.m3u8');

ok($short->{ended}, 'which is kept');
is((grep { $t->get("/shows/alice/Short/$_")->{status} != 200 }
    @{ $short->{uris} }, @{ $short->{maps} }), 0, 'with all its media');


# it was tried again by then

sub freed {
    my $where = media(live => 'Stuck');

    is($t->logged($stopped, $mark), 1, 'still one line, after another try');
    rmdir "$where/index" or die "$where/index: $!";

    my $r = $waits->answer(8);

    is($r->{status}, 200, 'without it packaging goes on by itself');
    ok(!$publisher{Stuck}->closed, 'of the same publisher');
    ok($t->wait_log(qr/packaging goes on: streamer "alice" source "Stuck"/, 5,
        $mark), 'which is logged');

    is(lives(live => 'Removed')->{first}, 1, 'a removed one is made anew');
    is($publisher{Removed}->closed, undef, 'of the same publisher');

    $publisher{$_}->close for qw(Stuck Removed);
    undef $waits;

    return;
}


# --- nginx is killed -------------------------------------------------------------

publish(shows => 'Killed');
publish(shows => 'Brief');
$t->wait_for(sub {
    my $list = playlist(shows => 'Killed');
    return $list && $list->{end} >= 3;
}, 10, 'a show');

ended(shows => 'Show');

my @all = (Test::Live::Process::children($t->master), $t->master);
my $before = playlist(live => 'Sound');

kill 'KILL', reverse @all;
$t->{process}->wait(5);
$t->wait_for(sub { !grep { $t->alive($_) } @all }, 5, 'all dead');

$_->drop for values %publisher;

# as if it had been killed in the middle of a first part

my ($epoch) = $before->{uris}[-1] =~ /^(\w+)-/;
my @stray = ("$epoch-$before->{end}.m4s", "$epoch-1.mp4");

$t->write("hls/live/alice/Sound/$_", 'x') for @stray;
$t->run;

publish(live => 'Sound');

my $list = $t->wait_for(sub {
    my $list = playlist(live => 'Sound');
    return $list && $list->{end} > $before->{end} && $list;
}, 10, 'it is back');

is($list->{first} + @{ $list->{uris} }, $list->{end}, 'numbers go on');
is((grep { -e media(live => 'Sound') . "/$_" } @stray), 0,
    'without what was never listed');

ended(@$_) for [shows => 'Killed'], [shows => 'Brief'], [live => 'Cam'];

# --- shows -----------------------------------------------------------------------

for (['Show', 1], ['Killed', 0], ['Brief', 0]) {
    my ($name, $breaks) = @$_;

    my $live = playlist(shows => $name);
    my $vod = $t->wait_for(sub { playlist(shows => $name, 'vod.m3u8') }, 5,
        "$name: vod.m3u8") or next;
    my ($file) = grep { /^[0-9a-f]{11}\.m3u8$/ } files(media(shows => $name));

    is($t->get("/shows/alice/$name/$file")->{body}, $vod->{text},
        "$name: it is that of $file");
    like($vod->{text}, qr/^#EXT-X-PLAYLIST-TYPE:VOD$/m, "$name: VOD");
    ok($vod->{ended}, "$name: it has its end");
    is($vod->{breaks} || 0, $breaks, "$name: interruptions");
    is(scalar @{ $vod->{maps} }, $breaks + 1, "$name: init sections");

    # the live list is its end

    like(join(' ', @{ $vod->{uris} }), qr/\Q@{[join ' ', @{ $live->{uris} }]}\E$/,
        "$name: to the last segment") if $live;
    is((grep { $t->get("/shows/alice/$name/$_")->{status} != 200 }
        @{ $vod->{uris} }, @{ $vod->{maps} }), 0, "$name: all its media");
    is((grep { /^vod\.(?:part|new)$/ } files(media(shows => $name))), 0,
        "$name: it is finished");

    # a session after the other, frame by frame

    my (%session, $frames);
    push @{ $session{ s/-.*//r } }, $_ for @{ $vod->{uris} };

    for my $epoch (sort keys %session) {
        my $file = $t->write("session-$epoch.mp4", join '', map {
            $t->read("hls/shows/alice/$name/$_") }
            "$epoch-0.mp4", @{ $session{$epoch} });
        my $probe = $t->ffprobe($file, frames => 1);

        is($probe->{error}, '', "$name: $epoch can be decoded");
        $frames += $probe->{video}{nb_read_frames};
    }

    is($frames, sprintf('%.0f', 25 * $vod->{total}), "$name: frames");

    # and all of it, as a player does

    my $url = $t->url("/shows/alice/$name/vod.m3u8");
    my $p = $t->spawn("play-$name", qw(ffmpeg -nostdin -v error -xerror -i), $url,
        qw(-map 0:v -fps_mode passthrough -f framecrc -));

    is($p->wait(20), 0, "$name: ffmpeg") or diag($p->stderr);

    my $played = () = $p->stdout =~ /^0,/mg;
    my $probe = $t->ffprobe($url);

    cmp_ok($played, '>=', 0.95 * $frames, "$name: ffmpeg plays it");
    is($probe->{error}, '', "$name: ffprobe");
    cmp_ok(abs($probe->{format}{duration} - $vod->{total}), '<', 0.1,
        "$name: duration");
}

$t->done;
