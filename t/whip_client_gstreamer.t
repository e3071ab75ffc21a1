#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# GStreamer's webrtcbin publishes by UDP, and by TCP.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $client = Test::Live::top() . '/t/gstreamer/whip_client.py';

need(system("/usr/bin/python3 $client --check >/dev/null 2>&1") == 0,
    'GStreamer with webrtcbin, x264enc and opusenc, and its Python bindings');

my $key = 'k-e8c3700d51';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");
$t->mkdir('public/hls');

$t->conf(<<'EOC');

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            hls on;
            hls_path %%DIR%%/public/hls;
            hls_fragment 1s;
            hls_nested on;

            multisource on;
            multisource_keys %%DIR%%/keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/ {
            whip live;
        }

        location /hls/ {
            alias %%DIR%%/public/hls/;
            multisource_play;
        }

        location /sources/ {
            multisource_api;
        }

        location = /whip_status {
            whip_status;
        }
    }
}
EOC

$t->run;

test('UDP', 'nack');
test('TCP', 'tcp');

$t->done;


sub test {
    my ($id, $option) = @_;

    my $p = $t->spawn($id, '/usr/bin/python3', $client,
        $t->url("/whip/$id"), $option, { env => { WHIP_KEY => $key } });

    my $source = $t->wait_for(sub {
        my ($one) = grep { $_->{id} eq $id }
            @{ json_of($t->get('/sources/alice')) || [] };

        return $one && $one->{video} && $one->{audio}
            && ($one->{video}{fps} || 0) > 27 && $one;
    }, 15, "$id in the list");

    like($source->{video}{codec}, qr/^avc1\.42/, "$id: H.264");
    is("$source->{video}{width}x$source->{video}{height}", '640x360',
        "$id: its size");
    is($source->{audio}{codec}, 'mp4a.40.2', "$id: AAC");
    is($source->{protocol}, 'whip', "$id: came by WHIP");

    $t->wait_for(sub {
        my $r = $t->get("/hls/alice/$id/index.m3u8");
        return 2 <= (() = $r->{body} =~ /#EXTINF/g);
    }, 15, "a playlist of $id");

    my $probe = $t->ffprobe($t->url("/hls/alice/$id/index.m3u8"),
        frames => 1, args => [qw(-live_start_index 0 -read_intervals %+1)]);

    is($probe->{error}, '', "$id: HLS is whole");
    is($probe->{video}{codec_name}, 'h264', "$id: with its picture");
    is($probe->{audio}{codec_name}, 'aac', "$id: and its sound");

    my ($session) = grep { $_->{stream} eq "alice_$id" }
        @{ json_of($t->get('/whip_status'))->{list} };

    is($session->{path}{protocol}, lc $id, "$id: that is how it comes");
    is($session->{dtls}{role}, 'server', "$id: the client begins DTLS");
    is($session->{video}{lost}, 0, "$id: nothing is lost");
    is($session->{video}{frames_dropped}, 0, "$id: every frame is taken");

    is($p->stop('TERM', 10), 0, "$id: the client leaves");
    like($p->stdout, qr/^deleted 200$/m, "$id: and deletes its session");
    ok($t->wait_log(qr/"alice_$id" ended after \d+ ms: deleted/),
        "$id: which ends");

    return;
}
