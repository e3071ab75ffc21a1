#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A streamer far away, behind a line that loses, delays and reorders: camera and
# screen from the studio in Chromium by WHIP, to a player on the watch page.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::FFmpeg;
use Test::Live::Net;
use Test::Live::Relay;

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

        location /whip/    { whip live; }
        location /hls/     { alias %%DIR%%/hls/; multisource_play; }
        location /sources/ { multisource_api; }
        location /show/    { multisource_sessions; }
        location = /status { whip_status; }
        location /watch/   { try_files $uri /watch/index.html; }
        location /vendor/  { alias %%TOP%%/node_modules/hls.js/dist/; }
    }
}
EOC

my @sources = qw(Face_Cam Main_Screen);
my ($before, $after, $watching, $sent);

far_away('udp', seconds => 20, fps => 5, still => 3);

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
    cmp_ok($video->{lost}, '<=', 3 + $video->{repaired} / 20,
        'so that next to nothing was lost');
}

for my $source (@sources) {
    cmp_ok($sent->{$source}{repeated}, '>', 0,
        "$source: $sent->{$source}{repeated} packets were sent again");
}

# the same without UDP; what TCP loses it repeats by itself, and each time it
# sends at half the rate

$wan->remove;
$wan = $home->wan(%line, loss => 0.01);
$net->drop('udp dport ' . $t->port('WHIP'));

far_away('tcp', seconds => 10, fps => 3, still => 4);

cmp_ok($net->dropped, '>', 0, 'UDP was tried, and blocked');

$t->done;


# both sources for a while over UDP or TCP, sent, recorded and watched

sub far_away {
    my ($protocol, %o) = @_;

    relay($t, $protocol, [$home->cmd('node', "$top/t/js/whip_wan.mjs",
            'http://' . $wan->here . ':' . $t->port('HTTP'), 'alice',
            $protocol, $o{seconds})],
        env  => { CHROMIUM => $chromium, STUDIO_KEY => $key },
        asks => { live => \&live, sent => \&sent });

    is($watching->wait(30), 0, "$protocol: both play on the watch page")
        or diag($watching->stdout, $watching->stderr);

    for my $source (@sources) {
        my ($from, $to) = map { $_->{$source} } $before, $after;

        is("$to->{path}{protocol} $to->{path}{remote}" =~ s/:\d+$//r,
            "$protocol " . $wan->there, "$protocol: $source takes it");

        my ($frames, $packets) = map {
            my ($kind, $figure) = @$_;
            $to->{$kind}{$figure} - ($from->{$kind}{$figure} || 0);
        } [qw(video frames)], [qw(audio packets)];

        cmp_ok($frames, '>', $o{fps} * $o{seconds}, "$frames frames of video");
        cmp_ok($packets, '>', 35 * $o{seconds}, "$packets packets of sound");

        # no longer than the picture does where it is sent, and a bit

        my %longest = recording("$t->{dir}/hls/alice_$source");
        my $pause = $sent->{$source}{still_ms} / 1000;

        cmp_ok($longest{video}, '<', $pause + $o{still},
            "it stands still for $longest{video} s at most");
        cmp_ok($longest{audio}, '<', 0.1, "sound has no gap");
    }
}


sub live {
    $before = status();

    $watching = $t->spawn('watch', $viewer->cmd('node',
            "$top/t/js/watch_matrix.mjs",
            'http://' . $cable->here . ':' . $t->port('HTTP'),
            map { "alice/$_" } @sources),
        { env => { CHROMIUM => $chromium } });
}


sub sent {
    $sent = { map { $_->{source} => $_ } @{ json_of($_[0]) } };
    $after = status();
}


# the session of each source

sub status {
    my %of = map { ($_->{stream} =~ s/^alice_//r => $_) }
        @{ $t->get('/status')->json->{list} };

    return \%of;
}


# the longest time between two packets of each kind, of all that was recorded

sub recording {
    my ($dir) = @_;

    my @files = sort { ($a =~ /(\d+)\.ts$/)[0] <=> ($b =~ /(\d+)\.ts$/)[0] }
        glob "$dir/*.ts";

    my $whole = $t->write('whole.ts',
        join '', map { Test::Live::Process::slurp($_) } @files);

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
