#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# simulcast_push: a source goes on to RTMP and RTMPS servers, without Redis.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;

my $key = 'sp1-secret-stream-key';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

my $plain = $t->receiver(name => 'plain');
my $tls = $t->receiver(name => 'tls', tls => 'good');
my $face = $t->receiver(name => 'face');
my $name = $t->receiver(name => 'name');

$t->write('key', "  $key  \n", 0600);

my $ca = $tls->ca;

my @url = map { $_->url } $plain, $tls, $face, $name;

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            simulcast_push $url[0]/plain-name "name=A plain one";
            simulcast_push $url[1] key_file=key;
            simulcast_push $url[2]/face-name source=face;
            simulcast_push $url[3]/\$name source=* streamer=bob;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_trusted_certificate $ca;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { simulcast_status; }
    }
}
EOC

my $p = $t->publish('alice');
ok($p->started, 'published');

for my $r ($plain, $tls) {
    my $e = $r->wait_event('publish', 10);
    my $want = $r == $plain ? 'plain-name' : $key;

    ok($e->{name} eq $want, "$r->{name}: the name");
    is($e->{type}, 'live', "$r->{name}: live");

    my $first = $r->wait_event('first_frame', 15);

    ok($first->{keyframe}, "$r->{name}: begins with a keyframe");
    is($first->{ts}, 0, "$r->{name}: at 0");
    is("@{ $first->{order} }", 'metadata audio_config video_config key',
        "$r->{name}: after the headers");
}

is($tls->wait_event('tls', 1)->{sni}, 'localhost', 'server name indication');

$t->wait_for(sub { $plain->stats->{video} > 60 && $tls->stats->{video} > 60 },
    20, 'two seconds of video');

ok(!$face->events('connected'), 'another source goes elsewhere');
ok(!$name->events('connected'), 'another streamer does as well');

my $q = $t->publish('bob_face');
ok($q->started, 'published bob_face');

is($face->wait_event('publish', 10)->{name}, 'face-name', 'the other source');
is($name->wait_event('publish', 10)->{name}, 'bob_face', 'by its own name');

# a real end

$p->stop;

for my $r ($plain, $tls) {
    my $e = $r->wait_event('disconnect', 10);

    is($e->{fc_unpublish}, 1, "$r->{name}: FCUnpublish");
    is($e->{delete_stream}, 1, "$r->{name}: deleteStream");
    is("@{ $e->{faults} }", '', "$r->{name}: no faults");
    is($e->{backwards}, 0, "$r->{name}: no timestamp goes back");
    is($e->{audio_config}, 1, "$r->{name}: one audio header");

    my $probe = $t->ffprobe($r->flv, packets => 1);
    my %codec = map { $_->{codec_type} => $_ } @{ $probe->{streams} };

    is($codec{video}{codec_name}, 'h264', "$r->{name}: video");
    is($codec{audio}{codec_name}, 'aac', "$r->{name}: audio");
}

is($plain->stats->{video} > 60, 1, 'frames came');

# a publisher that vanishes is no end of the event

$q->stop('KILL');

my $e = $face->wait_event('disconnect', 10);

is($e->{delete_stream} || 0, 0, 'lost: no deleteStream');
is($e->{fc_unpublish} || 0, 0, 'lost: no FCUnpublish');

$t->done;
