#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Neither a key file nor on_publish: anybody publishes as STREAMER_SOURCE, and
# names are checked at once.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $t = Test::Live->new(workers => 2);

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        multisource on;
        multisource_refuse_rate off;

        application live {
            live on;
            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_nested on;
        }

        application dashes {
            live on;
            multisource_separator --;
            multisource_default_source first;
            multisource_reserved secret;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api live; multisource_list on; }
        location /dashes/  { multisource_api dashes; multisource_list on; }
        location /hls/     { alias %%DIR%%/hls/; multisource_play live; }
    }
}
EOC

like($t->log, qr/\[warn\].*"live" has neither.*, as STREAMER_SOURCE$/m,
    'nginx warns and names the separator');
like($t->log, qr/\[warn\].*"dashes" has neither.*, as STREAMER--SOURCE$/m,
    'of each application');

sub ids { return join ' ', sort map { $_->{id} } @{ $t->get($_[0])->json } }
sub list { return join ' ', sort @{ $t->get($_[0])->json } }

my @live;

sub accepted {
    my ($name, $streamer, $source, $app) = @_;

    my $c = $t->rtmp(app => $app || 'live');

    is($c->publish($name)->{code}, 'NetStream.Publish.Start', "accepts $name");
    $c->live(fps => 10, gop => 10);
    push @live, $c;

    ok($t->wait_log(qr/live: streamer '\Q$streamer\E' source '\Q$source\E'/),
        "as $source of $streamer");

    return $c;
}

sub refused {
    my ($name, $code, $reason, $app) = @_;

    my $mark = $t->mark;
    my $c = $t->rtmp(app => $app || 'live');
    my $status = $c->publish($name) || {};

    (my $show = substr $name, 0, 30) =~ s/[^ -~]/?/g;

    is($status->{code}, "NetStream.Publish.$code", "refuses '$show'");
    ok($t->wait_log(qr/\[notice\].*publish refused: $reason,/, 5, $mark),
        "as $reason");
    is($c->eof, 'eof', 'and closes');
}

# split at the first separator, or at a slash

accepted('alice_Main_Screen', 'alice', 'Main_Screen');
accepted('alice', 'alice', 'main');
accepted('alice/Face_Cam', 'alice', 'Face_Cam');
accepted('bob-2_cam-1', 'bob-2', 'cam-1');
accepted('carol/_', 'carol', '_');
accepted('x' x 50 . '_' . 'y' x 50, 'x' x 50, 'y' x 50);

is(ids('/sources/alice'), 'Face_Cam Main_Screen main', 'three sources');
is(list('/sources/'), 'alice bob-2 carol ' . 'x' x 50, 'four streamers');

accepted('alice--Stage', 'alice', 'Stage', 'dashes');
accepted('a_b--c_d', 'a_b', 'c_d', 'dashes');
accepted('alice--Admin', 'alice', 'Admin', 'dashes');
accepted('alice', 'alice', 'first', 'dashes');

is(ids('/dashes/alice'), 'Admin Stage first', 'another separator');

for my $source (qw(Main_Screen main Face_Cam)) {
    $t->wait_for(sub {
        $t->get("/hls/alice/$source/index.m3u8")->{body} =~ /1\.ts/
    }, 10, "HLS of $source");
}

is(join(' ', sort map { s{.*/}{}r } glob $t->dir . '/hls/*'),
    'alice alice_Face_Cam alice_Main_Screen bob-2_cam-1 carol__ '
        . 'x' x 50 . '_' . 'y' x 50, 'a directory for each');

# the grammar, at once

refused('alice_', 'BadName', 'bad_source_name');
refused('alice/', 'BadName', 'bad_source_name');
refused('alice_Face Cam', 'BadName', 'bad_source_name');
refused('alice_..', 'BadName', 'bad_source_name');
refused('alice_a/b', 'BadName', 'bad_source_name');
refused("alice_\xc3\xa9", 'BadName', 'bad_source_name');
refused('alice_' . 'y' x 51, 'BadName', 'bad_source_name');
refused('alice_Admin', 'BadName', 'reserved_source_name');
refused('alice_INDEX', 'BadName', 'reserved_source_name');
refused('alice--secret', 'BadName', 'reserved_source_name', 'dashes');
refused('alice--events', 'BadName', 'reserved_source_name', 'dashes');
refused('', 'BadName', 'bad_stream_name');
refused('_Cam', 'BadName', 'bad_stream_name');
refused('../../etc', 'BadName', 'bad_stream_name');
refused('%2e%2e', 'BadName', 'bad_stream_name');
refused('admin_Cam', 'BadName', 'bad_stream_name');
refused('Events', 'BadName', 'bad_stream_name');
refused('x' x 51, 'BadName', 'bad_stream_name');
refused('x' x 300, 'BadName', 'bad_stream_name');
refused("alice_Cam\0/../x", 'BadName', 'bad_stream_name');

is(ids('/sources/alice'), 'Face_Cam Main_Screen main', 'the others go on');
is((grep { defined $_->closed } @live), 0, 'every one of them');

# the limit holds without keys as well

accepted('alice_Four', 'alice', 'Four');
accepted('alice_Five', 'alice', 'Five');
refused('alice_Six', 'Denied', 'too_many_sources');

$t->done;
