#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The whole of it: two workers, four streamers with three sources each, by
# ffmpeg, in a configuration that was there before and got "multisource on".

use strict;
use warnings;

use lib 't/lib';

use Digest::SHA qw(sha256_hex);

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::FFmpeg;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_) for qw(playwright-core hls.js);

my %key = (
    alice => 'mx1Rw-alice-stream',
    bob   => 'mx1Rw_bob_stream_0',
    carol => 'mx1Rw-carol.stream',
    dave  => 'mx1Rw-dave-hashed1',
);

my @sources = qw(Main_Screen Face_Cam main);

my $t = Test::Live->new(workers => 2, secrets => [values %key],
    timeout => 360);

$t->write('keys', join '', map {
    ($_ eq 'dave' ? 'sha256:' . sha256_hex($key{$_}) : $key{$_}) . " $_\n"
} sort keys %key);

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            record off;
            allow publish all;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 3s;
            hls_playlist_length 60s;
            hls_nested on;

            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;
        add_header X-Worker $pid;

        root %%TOP%%/html;

        location /hls/     { alias %%DIR%%/hls/; multisource_play; }
        location /sources/ { multisource_api; multisource_list on; }
        location /status   { multisource_status; }
        location /watch/   { try_files $uri /watch/index.html; }
        location /vendor/  { alias %%TOP%%/node_modules/hls.js/dist/; }
    }
}
EOC

my $media = Test::Live::FFmpeg->media(size => '320x180', kbps => 150,
    gop => 25);

my @publishers;

for my $streamer (sort keys %key) {
    for my $source (@sources) {
        my $separator = $source eq 'Face_Cam' ? '/' : '_';
        my $name = $key{$streamer};

        $name .= "$separator$source" if $source ne 'main';

        push @publishers, $t->publish($name, media => $media);
    }
}

is((grep { $_->started(20) } @publishers), 12, 'twelve publishers');

# the lists, whoever answers

my $all = join ' ', map { my $s = $_; map { "$s/$_" } sort @sources }
    sort keys %key;

my %source;

$t->wait_for(sub {
    %source = ();

    for my $streamer (sort keys %key) {
        for (@{ $t->get("/sources/$streamer")->json }) {
            $source{"$streamer/$_->{id}"} = $_ if $_->{video} && $_->{audio};
        }
    }

    return join(' ', sort keys %source) eq $all;
}, 'every source');

my (%worker, %wrong);

for my $i (0 .. 199) {
    my $streamer = (sort keys %key)[$i % 4];
    my $r = $t->get("/sources/$streamer");
    my $ids = join ' ', sort map { $_->{id} } @{ $r->json || [] };

    $worker{ $r->header('X-Worker') || 0 }++;
    $wrong{"$streamer: $ids"}++ if $ids ne join ' ', sort @sources;
}

is(join(', ', sort keys %wrong), '', 'every list is complete 200 times');
is(join(' ', sort keys %worker), join(' ', sort $t->workers),
    'and both workers were asked');

my $status = $t->get('/status')->json;
my %owner = map { $_->{worker} => 1 } @{ $status->{sources} };

is(scalar @{ $status->{sources} }, 12, 'twelve sources');
is(scalar keys %owner, 2, 'which both workers have');
is(join(' ', sort @{ $t->get('/sources/')->json }), 'alice bob carol dave',
    'of four streamers');

for my $name (sort keys %source) {
    my $s = $source{$name};

    is("$s->{video}{width}x$s->{video}{height} $s->{audio}{codec}",
        '320x180 mp4a.40.2', "$name: as it was sent");
}

# every playlist plays

for my $name (sort keys %source) {
    my $url = $source{$name}{url};

    is($url, "/hls/$name/index.m3u8", "$name: URL");

    $t->wait_for(sub { $t->get($url)->{body} =~ /^\S+\.ts$/m }, 15,
        "$name: playlist");

    my $probe = $t->ffprobe($t->url($url));

    is(join(' ', map { $_ && $_->{codec_name} || '' } @$probe{qw(video audio)}),
        'h264 aac', "$name: plays");
}

# in a browser, too

my $browser = $t->spawn('watch_matrix', 'node', "$top/t/js/watch_matrix.mjs",
    $t->url(""), (sort keys %source), { env => { CHROMIUM => $chromium } });

is($browser->wait(150), 0, 'Chromium')
    or diag($browser->stdout, $browser->stderr);
is(scalar(() = $browser->stdout =~ m{^ok \d+ - /watch/\S+ plays$}mg), 12,
    'each plays on its watch page');

is(join(' ', sort map { s{.*/}{}r } glob $t->dir . '/hls/*'),
    join(' ', sort map {
        my $s = $_; map { $_ eq 'main' ? $s : "${s}_$_" } @sources
    } keys %key), 'a directory per source, by its public name');

# one goes, and only that one

my $events = $t->events('/sources/alice/events');

$publishers[0]->stop;

my $gone = $events->wait_event('source_removed', 5);

is($gone->{data}{id}, 'Main_Screen', 'the source that left is announced');
is(join(' ', sort map { $_->{id} } @{ $t->get('/sources/alice')->json }),
    'Face_Cam main', 'and no longer listed');
is(scalar @{ $t->get('/status')->json->{sources} }, 11, 'eleven are left');
is((grep { $_->alive } @publishers), 11, 'and publish');

$t->done;
