#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# push and pull of an existing setup.  One worker: a stream that is pulled from
# this very nginx is found in the worker that has it only.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;

my $key = 'sr5Jk-alice-stream';

my $t = Test::Live->new(workers => 1, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_timeout 2s;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_nested on;

            push rtmp://127.0.0.1:%%PORT_THERE%%/copy;
            push rtmp://127.0.0.1:%%PORT_THERE%%/second name=alice_Face_Cam;
            push rtmp://127.0.0.1:%%PORT_THERE%%/renamed/other
                name=alice_Face_Cam;
            push_reconnect 200ms;

            pull rtmp://127.0.0.1:%%PORT_THERE%%/origin/show
                name=bob_Stage_Cam static;
            pull rtmp://127.0.0.1:%%PORT_THERE%%/origin/show name=carol;
            pull_reconnect 200ms;
        }

        application bad {
            live on;
            multisource on;
            multisource_keys keys;

            pull rtmp://127.0.0.1:%%PORT_THERE%%/origin/show
                name=events_Cam static;
            pull_reconnect 200ms;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_THERE%%;

        hls_path %%DIR%%/there;
        hls_fragment 1s;

        application origin {
            live on;
        }

        application copy {
            live on;
            hls on;
        }

        application second {
            live on;
            multisource on;
        }

        application renamed {
            live on;
            multisource on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api live; }
        location /second/  { multisource_api second; }
        location /renamed/ { multisource_api renamed; }
        location /hls/     { alias %%DIR%%/hls/; multisource_play live; }
        location /status   { multisource_status; }
    }
}
EOC

# the ids and protocols of a list, once it has so many

sub sources {
    my ($path, $count) = @_;

    my @list;

    $t->wait_for(sub {
        @list = @{ $t->get($path)->json };
        return @list == $count;
    }, 10, "$count source(s) in $path");

    return join ' ', map { "$_->{id}:$_->{protocol}" } @list;
}

# push: another server gets each source by its public name

my $a = $t->rtmp;
my $b = $t->rtmp;

is($a->publish("${key}_Face_Cam")->{code}, 'NetStream.Publish.Start', 'first');
is($b->publish($key)->{code}, 'NetStream.Publish.Start', 'second');
$_->live for $a, $b;

for my $name (qw(alice_Face_Cam alice)) {
    $t->wait_for(sub { $t->read("there/$name.m3u8") =~ /$name-1\.ts/ }, 10,
        "$name in the other server's HLS");
}

is(join(' ', sort map { s{.*/}{}r } glob $t->dir . '/there/*.m3u8'),
    'alice.m3u8 alice_Face_Cam.m3u8', 'the other server has the public names');

my $probe = $t->ffprobe($t->dir . '/there/alice_Face_Cam.m3u8');

is($probe->{video}{codec_name}, 'h264', 'pushed video');
is($probe->{audio}{codec_name}, 'aac', 'pushed audio');

is(sources('/second/alice', 1), 'Face_Cam:rtmp', 'push of one name only');
is(sources('/renamed/other', 1), 'main:rtmp', 'push to another name');
is(sources('/sources/alice', 2), 'Face_Cam:rtmp main:rtmp', 'here both');

# the encoder comes back before its old connection is gone

my $again = $t->rtmp;
my $started = $t->get('/second/alice')->json->[0]{started_at};

is($again->publish("${key}_Face_Cam")->{code}, 'NetStream.Publish.Start',
    'takeover');
$again->live(ts => 60000);

is($a->wait_status->{code}, 'NetStream.Publish.BadName', 'the old one is told');
$t->wait_for(sub {
    my ($s) = @{ $t->get('/second/alice')->json };
    return $s && $s->{started_at} ne $started;
}, 10, 'the push of the newcomer');
is(sources('/second/alice', 1), 'Face_Cam:rtmp', 'and the old push is gone');

$again->close;
$b->close;

is(sources('/second/alice', 0), '', 'the push ends with its source');
is(sources('/sources/alice', 0), '', 'which is listed no more');

# static pull: a source without a key, once the origin has it

is($t->get('/sources/bob')->{body}, '[]', 'nothing to pull yet');

my $origin = $t->rtmp(port => 'THERE', app => 'origin');

is($origin->publish('show')->{code}, 'NetStream.Publish.Start', 'the origin');
$origin->live;

is(sources('/sources/bob', 1), 'Stage_Cam:relay', 'the pulled source');

my $source = $t->get('/sources/bob')->json->[0];

is($source->{url}, '/hls/bob/Stage_Cam/index.m3u8', 'its URL');
is($source->{video}{codec}, 'avc1.42c01e', 'its codec');

$t->wait_for(sub { $t->get($source->{url})->{body} =~ /1\.ts/ }, 10, 'its HLS');

$probe = $t->ffprobe($t->url($source->{url}));

is($probe->{video}{height}, 360, 'which plays');

my $player = $t->rtmp;

$player->play('bob_Stage_Cam', wait => 0);
is(scalar $player->frames('video', 5, 5), 5, 'and so it does over RTMP');
$player->close;

# on demand: from the first player to the last

is($t->get('/sources/carol')->{body}, '[]', 'not pulled without a player');

$player = $t->rtmp(app => 'live/carol');
$player->play('main', wait => 0);

is(scalar $player->frames('video', 5, 5), 5, 'a player starts the pull');
is(sources('/sources/carol', 1), 'main:relay', 'and it is listed');
$player->close;
is(sources('/sources/carol', 0), '', 'until the last player leaves');

# the publisher there goes and returns; the connection stays, silent

$origin->close;
is(sources('/sources/bob', 0), '', 'the pulled source goes with its origin');
ok($t->wait_log(qr/\bsilent, streamer 'bob' source 'Stage_Cam'/), 'as silent');

$origin = $t->rtmp(port => 'THERE', app => 'origin');
$origin->publish('show');
$origin->live;

is(sources('/sources/bob', 1), 'Stage_Cam:relay', 'and returns with it');

# a relay passes by the keys, not by the grammar

like($t->wait_log(qr/publish refused: bad_stream_name/), qr/\[notice\]/,
    'a pull to a reserved name is refused');
is((grep { $_->{app} eq 'bad' } @{ $t->get('/status')->json->{sources} }), 0,
    'and no source');

# two ends of one relay in one nginx keep each other alive: stock as well does
# not leave on SIGQUIT

is($t->stop('TERM'), 0, 'nginx leaves');

$t->done;
