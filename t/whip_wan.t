#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A streamer far away, behind a line that loses, delays and reorders: camera and
# screen from the studio in Chromium by WHIP, to a player on the watch page.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::FFmpeg;
use Test::Live::Net;
use Test::Live::Relay;

use constant FLOW => 15;                      # s

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(!Test::Live::Net::missing(), Test::Live::Net::missing());
need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_) for qw(playwright-core hls.js);

my $net = Test::Live::Net->new;
my $home = $net->host;
my $viewer = $net->host;

my $cable = $viewer->cable;
my %line = (delay => 50, jitter => 3, reorder => 0.05);
my $wan = $home->wan(%line, loss => 0.05);

my $key = 'k-60ac91f3d7';
my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_playlist_length 120s;
            hls_nested on;

            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen *:%%WHIP%%;

    server {
        listen %%HTTP%%;

        root %%TOP%%/html;

        location /whip/       { whip live; }
        location /hls/        { alias %%DIR%%/hls/; multisource_play; }
        location /sources/    { multisource_api; }
        location = /status    { multisource_status; }
        location = /whip-status { whip_status; }
        location /watch/      { try_files $uri /watch/index.html; }
        location /vendor/     { alias %%TOP%%/node_modules/hls.js/dist/; }
    }
}
EOC

my $port = $t->port('WHIP');
my @sources = qw(Face_Cam Main_Screen);
my ($before, $after, $watching, $sent);

far_away('udp', fps => 10, still => 1);

my $count = $wan->counters;

note("the line has forwarded $count->{sent} packets, lost $count->{lost},"
    . " held back $count->{held}");
cmp_ok($count->{lost}, '>', 100, 'the line is as bad as it should be');

for my $source (@sources) {
    my $video = $after->{$source}{video};

    note("$source: $video->{lost} of $video->{packets} packets lost,"
        . " $video->{nacks} asked for, $video->{repaired} repaired");

    cmp_ok($video->{nacks}, '>', 0, "$source: repeats were asked for");
    cmp_ok($video->{repaired}, '>', 0, 'and came');
    cmp_ok($video->{repaired}, '>', 20 * $video->{lost},
        'of what was lost 95 %, so that next to nothing was');
}

for my $connection (@$sent) {
    cmp_ok($connection->{repeated}, '>', 0,
        "the browser has repeated $connection->{repeated} packets");
}

# the same without UDP; what TCP loses it repeats by itself, and each time it
# sends at half the rate

$wan->remove;
$wan = $home->wan(%line, loss => 0.01);
$net->drop("udp dport $port");

far_away('tcp', fps => 5, still => 2);

cmp_ok($net->dropped, '>', 0, 'UDP was tried, and blocked');

$t->done;


# both sources for a while over UDP or TCP, sent, recorded and watched

sub far_away {
    my ($protocol, %least) = @_;

    relay($t, $protocol, [$home->cmd('node', "$top/t/js/whip_wan.mjs",
            'http://' . $wan->here . ':' . $t->port('HTTP'), 'alice',
            $protocol, FLOW)],
        env  => { CHROMIUM => $chromium, STUDIO_KEY => $key },
        asks => { live => \&live, sent => \&sent });

    is($watching->wait(10), 0, "$protocol: both play on the watch page")
        or diag($watching->stdout, $watching->stderr);

    for my $source (@sources) {
        my ($from, $to) = map { $_->{$source} } $before, $after;

        is("$to->{path}{protocol} $to->{path}{remote}" =~ s/:\d+$//r,
            "$protocol " . $wan->there, "$protocol: $source takes it");

        my $frames = $to->{video}{frames} - $from->{video}{frames};
        cmp_ok($frames, '>', $least{fps} * FLOW, "$frames frames of video");

        my $packets = $to->{audio}{packets} - $from->{audio}{packets};
        cmp_ok($packets, '>', 35 * FLOW, "$packets packets of sound");

        my %longest = recording("$t->{dir}/hls/alice_$source");

        for my $kind (qw(video audio)) {
            cmp_ok($longest{$kind}, '<', $least{still},
                "$kind stands still for $longest{$kind} s at most");
        }
    }
}


sub live {
    $before = status();

    my $page = $t->url('');
    $page =~ s/127\.0\.0\.1/$cable->here/e;

    $watching = $t->spawn('watch', $viewer->cmd('node',
        "$top/t/js/watch_matrix.mjs", $page, map { "alice/$_" } @sources),
        { env => { CHROMIUM => $chromium } });
}


sub sent {
    $sent = json_of($_[0]);
    $after = status();
}


# the session of each source

sub status {
    my %of = map { ($_->{stream} =~ s/^alice_//r => $_) }
        @{ $t->get('/whip-status')->json->{list} };

    return \%of;
}


# the longest time between two packets of each kind, of all that was recorded

sub recording {
    my ($dir) = @_;

    my @files = sort { ($a =~ /(\d+)\.ts$/)[0] <=> ($b =~ /(\d+)\.ts$/)[0] }
        glob "$dir/*.ts";

    my $whole = $t->write('whole.ts', join '', map {
        Test::Live::Process::slurp($_) } @files);

    my $probe = $t->ffprobe($whole, args => ['-show_packets']);
    my (%last, %longest);

    for (grep { defined $_->{dts_time} } @{ $probe->{packets} || [] }) {
        my ($kind, $time) = @$_{qw(codec_type dts_time)};
        my $still = $time - (exists $last{$kind} ? $last{$kind} : $time);

        $longest{$kind} = $still if $still >= ($longest{$kind} || 0);
        $last{$kind} = $time;
    }

    # the next one is not to go on where this one ends
    rename $dir, "$dir.old";

    return (video => 99, audio => 99, %longest);
}
