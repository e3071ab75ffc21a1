#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A picture of a source for who does not play it: a file that ffprobe and a
# browser's plain <video> take, of the newest keyframe that is there; as it is
# before there is any, of sound alone, and when another session has begun.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::FFmpeg;
use Test::Live::IO qw(now);
use Test::Live::Relay;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(scalar `ffmpeg -version 2>/dev/null`, 'ffmpeg');
need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/playwright-core", 'playwright-core');

my $key = 'hv3Xp-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");
$t->mkdir('page');

$t->write('page/index.html', <<'EOH');
<!DOCTYPE html>
<html lang="en">
<title>Previews</title>
<video id="cam" muted src="/hls/alice/cam/preview.mp4"></video>
<video id="mute" muted src="/hls/alice/mute/preview.mp4"></video>
EOH

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
            multisource_hls_segment 1s;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /hls/      { multisource_play; sendfile on; }
        location /direct/   { multisource_play; sendfile on; directio 512; }
        location /buffered/ { multisource_play; sendfile off; aio threads; }
        location /status    { multisource_status; }
        location /          { root page; }
    }
}
EOC

my $path = '/hls/alice/cam/preview.mp4';


sub boxes {
    my ($bytes) = @_;
    my @boxes;

    while (length $bytes >= 8) {
        my ($size, $type) = unpack 'N a4', $bytes;
        last if $size < 8 || $size > length $bytes;

        push @boxes, $type;
        substr $bytes, 0, $size, '';
    }

    return join ' ', @boxes, length $bytes ? '?' : ();
}


# what ffprobe says of it

my $probes = 0;

sub probe {
    my ($r) = @_;

    return Test::Live::FFmpeg->ffprobe(
        $t->write('preview' . $probes++ . '.mp4', $r->{body}),
        frames => 1, args => ['-show_frames']);
}


# --- before there is anything -----------------------------------------------

my $start = now();
my $r = $t->get($path);

is($r->{status}, 404, 'of a source that nobody publishes');
is($r->header('Cache-Control'), 'max-age=1', 'which may come any moment');
is($r->header('Access-Control-Allow-Origin'), '*', 'as any page may know');

my $silent = $t->rtmp;
$silent->publish("${key}_quiet");

is($t->get('/hls/alice/quiet/preview.mp4')->{status}, 404, 'or sends nothing');
is($t->get('/hls/alice/preview.mp4')->{status}, 404, 'of no source');
cmp_ok(now() - $start, '<', 2 * $Test::Live::IO::scale, 'nothing is held');

$silent->close;

# --- of a camera, with sound and without, and of sound -----------------------

my %media = (size => '320x180', gop => 25, fps => 25, kbps => 200);

my $p = $t->publish("${key}_cam", media => \%media);

$t->publish("${key}_mute", media => { %media, audio => 0 });
$t->publish("${key}_mic", media => { video => 0 });

for my $source (qw(cam mute)) {
    $t->wait_for(sub {
        return $t->get("/hls/alice/$source/preview.mp4")->{status} == 200;
    }, 15, "a preview of $source");
}

$r = $t->get($path);

is($r->header('Content-Type'), 'video/mp4', 'its type');
is($r->header('Cache-Control'), 'max-age=5', 'it is kept for a moment');
is($r->header('Access-Control-Allow-Origin'), '*', 'for any page');
is($r->header('Content-Length'), length $r->{body}, 'its length');
like(boxes($r->{body}), qr/^ftyp moov (?:styp )?moof mdat$/,
    'an init section and one fragment');

my $probe = probe($r);

is($probe->{error}, '', 'ffprobe has nothing to say against it');
is($probe->{video}{width}, 320, 'it has a picture');
cmp_ok($probe->{video}{nb_read_frames}, '>', 0, 'that can be decoded');
ok($probe->{audio}, 'and sound');

my ($frame) = grep { $_->{media_type} eq 'video' } @{ $probe->{frames} };

is($frame->{key_frame}, 1, 'its first frame is a keyframe');

$probe = probe($t->get('/hls/alice/mute/preview.mp4'));

cmp_ok($probe->{video}{nb_read_frames}, '>', 0, 'a camera without sound');
is($probe->{audio}, undef, 'has none');

$t->wait_for(sub { $t->get('/hls/alice/mic/live.m3u8')->{body} =~ /EXT-X-PART:/ },
    15, 'sound');
is($t->get('/hls/alice/mic/preview.mp4')->{status}, 404, 'has no picture');

# --- it is of now, and one of the parts -------------------------------------

my ($tag) = ($r->header('ETag') || '') =~ /^"(\w+-\d+\.m4s)"$/;

ok($tag, 'it is known by its segment');

my $next = $t->wait_for(sub {
    my $next = $t->get($path);
    return $next->{status} == 200 && $next->header('ETag') ne "\"$tag\"" && $next;
}, 4, 'a newer one soon');

my ($init) = $t->get('/hls/alice/cam/live.m3u8')->{body}
    =~ /^#EXT-X-MAP:URI="([^"]+)"/m;
my ($segment) = $next->header('ETag') =~ /"(.*)\.m4s"/;

ok($next->{body} eq $t->get("/hls/alice/cam/$init")->{body}
    . $t->get("/hls/alice/cam/$segment.0.m4s")->{body},
    'is the init section and the first part of a segment');

# --- methods, ranges, conditions --------------------------------------------

# that of one moment: the tag says whether another one has come between

sub same {
    my ($what, $get, $check) = @_;

    for (1 .. 10) {
        my $whole = $t->get($path);
        my $r = $get->($whole);

        next if ($r->header('ETag') || '') ne $whole->header('ETag');

        return ok($check->($r, $whole->{body}, length $whole->{body}), $what);
    }

    return fail($what);
}


same('HEAD', sub { $t->head($path) }, sub {
    my ($r, $body, $size) = @_;
    return $r->{status} == 200 && $r->header('Content-Length') == $size;
});

my $edge = length $t->get("/hls/alice/cam/$init")->{body};

for my $range ([0, 9], [$edge - 5, $edge + 5], [$edge, $edge + 9], [0, $edge]) {
    my ($from, $to) = @$range;

    same("bytes $from to $to", sub {
        $t->get($path, headers => { Range => "bytes=$from-$to" })
    }, sub {
        my ($r, $body, $size) = @_;
        return $r->{status} == 206
            && $r->header('Content-Range') eq "bytes $from-$to/$size"
            && $r->{body} eq substr $body, $from, $to - $from + 1;
    });
}

same('its end', sub { $t->get($path, headers => { Range => 'bytes=-7' }) },
    sub { $_[0]{status} == 206 && $_[0]{body} eq substr $_[1], -7 });

same('several ranges are all of it', sub {
    $t->get($path, headers => { Range => "bytes=0-3,$edge-" . ($edge + 3) })
}, sub { $_[0]{status} == 200 && $_[0]{body} eq $_[1] });

same('nothing, for who has it', sub {
    $t->get($path, headers => { 'If-None-Match' => $_[0]->header('ETag') })
}, sub { $_[0]{status} == 304 && $_[0]{body} eq '' });

is($t->get($path, headers => { Range => 'bytes=99999999-' })->{status}, 416,
    'no byte beyond it');

for my $location (qw(direct buffered)) {
    same("the same in /$location/", sub {
        $t->get("/$location/alice/cam/preview.mp4")
    }, sub { $_[0]{status} == 200 && $_[0]{body} eq $_[1] });
}

is($t->request('POST', $path, body => 'x')->{status}, 405, 'POST is not for it');

for my $name ('preview', 'preview.mp4/', 'PREVIEW.mp4', 'preview.mp4%00',
    'preview.mp4.m3u8', 'previewxmp4')
{
    my $status = $t->get("/hls/alice/cam/$name")->{status};
    ok($status == 404 || $status == 400, "no $name");
}

# --- in a browser -----------------------------------------------------------

relay($t, 'hls_preview',
    ['node', "$top/t/js/hls_preview.mjs", $t->url('')],
    env => { CHROMIUM => $chromium });

# --- what was sent before is no picture of now ------------------------------

$p->stop;

$t->wait_for(sub { $t->get('/status')->{body} !~ /"source":"cam"/ },
    10, 'the publisher has gone');
is($t->get($path)->{status}, 200, 'who has just gone is still seen');

$p = $t->publish("${key}_cam", media => { %media, video => 0 });

$t->wait_for(sub {
    return $t->get($path)->{status} == 404;
}, 15, 'not when his next session has no picture');

$t->done;
