#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# RTMP players, rtmp_stat and rtmp_control of an existing setup, with several
# applications.  One worker: an RTMP player finds a stream in its own worker
# only, as ever.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;

my $key = 'sp2Hv-alice-stream';
my $games = 'sp2Hv-games-differ';

my $t = Test::Live->new(workers => 1, secrets => [$key, $games]);

$t->write('keys', "$key alice\n");
$t->write('games', "$games alice\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }

        application games {
            live on;
            multisource on;
            multisource_keys games;
            multisource_separator ~;
        }

        application plain {
            live on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api live; }
        location /games/   { multisource_api games; }
        location /stat     { rtmp_stat all; }
        location /control/ { rtmp_control all; }
    }
}
EOC

sub ids { return join ' ', map { $_->{id} } @{ $t->get($_[0])->json } }

sub publisher {
    my ($name, %o) = @_;

    my $c = $t->rtmp(%o);

    is($c->publish($name)->{code}, 'NetStream.Publish.Start', 'published');
    $c->live(gop => 5);

    return $c;
}

# the frames that a player gets of the one publisher that sends so big ones

sub plays {
    my ($name, %o) = @_;

    my $c = $t->rtmp(%o);

    $c->play($name, wait => 0);
    my @frames = $c->frames('video', 6, 5);

    is(scalar @frames, 6, join ' ', 'plays', $o{app} || 'live', $name);

    return $frames[-1] ? length $frames[-1]{payload} : 0;
}

my $cam = publisher("${key}_Face_Cam");
my $main = publisher($key);
my $game = publisher("$games~Face_Cam", app => 'games');
my $plain = publisher('alice_Face_Cam', app => 'plain');

$cam->live(kbps => 300);
$main->live(kbps => 600);
$game->live(kbps => 900);

$t->wait_for(sub { ids('/sources/alice') eq 'Face_Cam main' });
is(ids('/games/alice'), 'Face_Cam', 'applications have lists of their own');

# every spelling of the same stream, and no other

is(plays('alice_Face_Cam'), 1500, 'the public name');
is(plays('alice/Face_Cam'), 1500, 'with a slash');
is(plays('Face_Cam', app => 'live/alice'), 1500, 'with a path');
is(plays('alice'), 3000, 'the main source');
is(plays('alice_main'), 3000, 'the main source by its name');
is(plays('main', app => 'live/alice'), 3000, 'and with a path');
is(plays("${key}_Face_Cam"), 1500, 'by the key, which no log shows');
is(plays('alice~Face_Cam', app => 'games'), 4500, 'the other application');

cmp_ok(plays('alice_Face_Cam', app => 'plain'), '<', 1500,
    'an application without multisource keeps its names');

my $probe = $t->play_rtmp('alice/Face_Cam', seconds => 1);

is($probe->{video}{codec_name}, 'h264', 'ffmpeg plays video');
is($probe->{audio}{codec_name}, 'aac', 'and audio');

my $early = $t->rtmp;

$early->play('alice_Later', wait => 0);
ok(!$early->frames('video', 1, 0.3), 'a player may come first');

my $later = publisher("${key}_Later");

is(scalar $early->frames('video', 5, 5), 5,
    'and gets the stream when it comes');

# a session does one thing

$early->publish("${key}_Third", undef, wait => 0);
is($early->wait_status(qr/^NetStream\.Publish/)->{code},
    'NetStream.Publish.BadName', 'a player cannot publish in its session');
is(ids('/sources/alice'), 'Face_Cam main Later', 'and is not listed');

# rtmp_stat

my $r = $t->get('/stat');

is($r->{status}, 200, 'rtmp_stat');
is(join(' ', sort $r->{body} =~ m{<stream>\s*<name>(.*?)</name>}g),
    'alice alice_Face_Cam alice_Face_Cam alice_Later alice~Face_Cam',
    'has the public names');
like($r->{body}, qr{<codec>H264</codec>}, 'and what it always had');

# rtmp_control

$r = $t->get('/control/drop/publisher?app=live&name=alice_Face_Cam');

is($r->{body}, '1', 'rtmp_control drops one publisher');
ok($cam->eof, 'whose session ends');
$t->wait_for(sub { ids('/sources/alice') eq 'main Later' }, 1,
    'it leaves the list within a second');
is($game->closed, undef, 'the same name elsewhere goes on');
is($main->closed, undef, 'and so do the other sources');

$r = $t->get('/control/drop/client?app=live&name=alice_Later');

is($r->{body}, 2, 'drop client: the publisher and the player');
ok($later->eof, 'the publisher ends');
$t->wait_for(sub { ids('/sources/alice') eq 'main' });

$cam = publisher("${key}_Face_Cam");
$t->wait_for(sub { ids('/sources/alice') eq 'main Face_Cam' }, 2,
    'the dropped one may come back');

# the access log of nginx-rtmp

$main->close;
$t->wait_for(sub { $t->read('rtmp.log') =~ /PUBLISH "live" "alice" / });
like($t->read('rtmp.log'), qr/PLAY "live" "alice_Face_Cam" /,
    'the log of nginx-rtmp has the public names');

$t->done;
