#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The status as JSON: every field, against what was sent.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;

my ($alice, $bob) = ('sJ1-status-key-of-alice', 'sJ2-status-key-of-bob');

my $t = Test::Live->new(workers => 2, secrets => [$alice, $bob]);

$t->write('keys', "$alice alice\n$bob bob sources=Stage\n");

$t->conf(<<'EOC');
rtmp {
    multisource_zone 256k;

    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_refuse_rate off;
        }

        application studio {
            live on;
            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location = /status {
            allow 127.0.0.1;
            deny all;
            multisource_status;
        }

        location = /closed {
            allow 192.0.2.1;
            deny all;
            multisource_status;
        }
    }
}
EOC

$t->run;

sub status { return $t->get('/status')->json || {} }

sub source {
    my ($streamer, $source) = @_;

    my ($s) = grep { "$_->{streamer} $_->{source}" eq "$streamer $source" }
        @{ status()->{sources} };
    return $s || {};
}

# nothing yet

my $r = $t->get('/status');

is($r->{status}, 200, 'status');
is($r->{headers}{'content-type'}, 'application/json', 'its type');
is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps it');
is($r->{headers}{'access-control-allow-origin'}, undef, 'no page reads it');

my $s = $r->json;

is(join(' ', sort keys %$s), 'held refused sources totals workers zone', 'fields');
is_deeply($s->{sources}, [], 'no source');
is_deeply($s->{totals}, { sources => 0, published => 0, bitrate_kbps => 0,
    bytes => 0 }, 'totals');
is($s->{workers}, 2, 'workers');
is($s->{zone}{used}, 0, 'zone: used');
cmp_ok($s->{zone}{slots}, '>', 100, 'zone: slots');
is((grep { $_ } values %{ $s->{refused} }), 0, 'nobody was refused');

my $slots = $s->{zone}{slots};

# methods and access

is($t->head('/status')->{status}, 200, 'HEAD');

$r = $t->request('POST', '/status', body => 'x');

is($r->{status}, 405, 'POST');
is($r->{headers}{allow}, 'GET, HEAD', 'Allow');
is($r->json->{error}{code}, 'method_not_allowed', 'the reason');
is($t->get('/closed')->{status}, 403, 'deny works');

# exactly three seconds of media

my $p = $t->rtmp;

is($p->publish("${alice}_Main_Screen")->{code}, 'NetStream.Publish.Start',
    'published');

$p->media(seconds => 3, gop => 50);

$t->wait_for(sub { (source('alice', 'Main_Screen')->{video_frames} || 0) == 75 },
    5, '75 video frames');

$s = source('alice', 'Main_Screen');

is(join(' ', sort keys %$s), 'app audio_codec audio_frames bitrate_kbps bytes'
    . ' dropped fps keyframe_interval_ms keyframes source state streamer'
    . ' uptime_ms video_codec video_frames worker', 'fields of a source');

my $samples = $p->{gen}{samples};
my $bytes = length(avc_header()) + length(aac_header())
    + $samples * length aac_frame();

$bytes += length avc_frame($_ % 50) for 0 .. 74;

is($s->{app}, 'live', 'app');
is($s->{state}, 'live', 'state');
is($s->{audio_frames}, $samples, 'audio_frames');
is($s->{keyframes}, 2, 'keyframes');
is($s->{keyframe_interval_ms}, 2000, 'keyframe_interval_ms');
is($s->{bytes}, $bytes, 'bytes');
is($s->{dropped}, 0, 'dropped');
is($s->{video_codec}, 'avc1.42c01e', 'video_codec');
is($s->{audio_codec}, 'mp4a.40.2', 'audio_codec');
is((grep { $_ == $s->{worker} } $t->workers), 1, 'worker');

$t->wait_for(sub { source('alice', 'Main_Screen')->{uptime_ms} > 1500 }, 5,
    'uptime_ms grows');

# what nobody understands

$p->audio('') for 1 .. 2;
$p->video("\x17");

$t->wait_for(sub { source('alice', 'Main_Screen')->{dropped} }, 3,
    'messages dropped');

# another application, in real time

my $q = $t->rtmp(app => 'studio');

$q->publish("${bob}_Stage");
$q->live(fps => 50, kbps => 800);

$t->wait_for(sub { (source('bob', 'Stage')->{bitrate_kbps} || 0) > 700 }, 12,
    'the bitrate of another source');
$t->wait_for(sub { (source('bob', 'Stage')->{fps} || 0) == 50 }, 8, 'its fps');

$s = status();

is(source('bob', 'Stage')->{app}, 'studio', 'its application');
cmp_ok(source('bob', 'Stage')->{bitrate_kbps}, '<', 950, 'not too much');

my ($sum, $rate) = (0, 0);

for (@{ $s->{sources} }) {
    $sum += $_->{bytes};
    $rate += $_->{bitrate_kbps};
}

is($s->{totals}{sources}, 2, 'totals: sources');
is($s->{totals}{published}, 2, 'totals: published');
is($s->{totals}{bytes}, $sum, 'totals: bytes');
cmp_ok(abs($s->{totals}{bitrate_kbps} - $rate), '<=', 1, 'totals: bitrate_kbps');
is_deeply($s->{zone}, { used => 2, slots => $slots }, 'zone');

# refused, by reason

my %refused = (
    'no-such-key'            => 'unknown_key',
    'no-such-key_Main'       => 'unknown_key',
    "${alice}_"              => 'bad_source_name',
    "${alice}_Admin"         => 'reserved_source_name',
    "${bob}_Elsewhere"       => 'source_not_allowed',
);

for my $name (sort keys %refused) {
    my $c = $t->rtmp;

    like($c->publish($name)->{code}, qr/^NetStream\.Publish\.(Denied|BadName)$/,
        "refused: $refused{$name}");
    $c->drop;
}

$s = status();

my %want = map { $_ => 0 } keys %{ $s->{refused} };
$want{$_}++ for values %refused;

is_deeply($s->{refused}, \%want, 'each reason counts its own');
is($s->{totals}{published}, 2, 'none of them was published');

# who leaves is no longer there, but was

$p->close;

$t->wait_for(sub { status()->{totals}{sources} == 1 }, 2, 'one source less');

$s = status();

is($s->{zone}{used}, 1, 'and one slot');
is($s->{totals}{published}, 2, 'published counts on');

$t->done;
