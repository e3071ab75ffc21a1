#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# OBS of Debian (obs-studio, obs-plugins, xvfb) publishes; t/obs has its
# settings.  Its websocket stays off, and its update check meets a closed port.

use strict;
use warnings;

use lib 't/lib';

use File::Spec;

use Test::More;
use Test::Live::Alone;
use Test::Live;

my ($obs, $xvfb) = map {
    my $name = $_;
    (grep { -x } map { "$_/$name" } File::Spec->path)[0]
} qw(obs Xvfb);

need($obs && $xvfb, 'the packages obs-studio, obs-plugins and xvfb');

my $key = 'ob4Lp-alice-stream';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_nested on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /hls/     { alias %%DIR%%/hls/; multisource_play; }
        location /sources/ { multisource_api; multisource_kick on; }
    }
}
EOC

my $display;
my $x = $t->spawn('xvfb', 'Xvfb', qw(-displayfd 1 -nolisten tcp
    -screen 0 800x600x24));

$t->wait_for(sub { ($display) = $x->stdout =~ /^(\d+)\n/ }, 'an X server');

sub setting {
    my ($name, %value) = @_;

    my $text = Test::Live::Process::slurp($t->top . "/t/obs/$name");
    $text =~ s/%%(\w+)%%/$value{$1}/g;

    return $text;
}

# OBS that streams from its start, with a home of its own

sub obs {
    my ($home, $stream) = @_;

    my $dir = "$home/.config/obs-studio";
    my $profile = "$dir/basic/profiles/test";

    $t->write("$dir/global.ini", setting('global.ini'));
    $t->write("$dir/basic/scenes/test.json", setting('scenes.json'));
    $t->write("$profile/basic.ini", setting('basic.ini'));
    $t->write("$profile/service.json", setting('service.json', KEY => $stream,
        SERVER => 'rtmp://127.0.0.1:' . $t->port('RTMP') . '/live'));
    chmod 0700, $t->mkdir("$home/run");

    my $closed = 'http://127.0.0.1:' . $t->port('CLOSED');

    return $t->spawn("obs-$home", qw(obs --multi --startstreaming
        --collection test --profile test --minimize-to-tray --disable-updater
        --disable-missing-files-check), { env => {
            HOME                  => $t->dir . "/$home",
            XDG_RUNTIME_DIR       => $t->dir . "/$home/run",
            DISPLAY               => ":$display",
            QT_QPA_PLATFORM       => 'xcb',
            LIBGL_ALWAYS_SOFTWARE => 1,
            http_proxy            => $closed,
            https_proxy           => $closed,
        } });
}

sub said {
    my ($o, $re) = @_;
    return $t->wait_for(sub { $o->stdout =~ /^(.*$re.*)$/m && $1 }, 20,
        "$re of OBS");
}

# TCP ports that a process listens on

sub listens {
    my ($pid) = @_;

    my %socket = map { $_ => 1 }
        map { (readlink($_) || '') =~ /^socket:\[(\d+)\]/ }
        glob "/proc/$pid/fd/*";

    return grep { my @f = split; @f > 9 && $f[3] eq '0A' && $socket{$f[9]} }
        map { split /\n/, Test::Live::Process::slurp("/proc/net/$_") }
        qw(tcp tcp6);
}

# accepted

my $o = obs('alice', "${key}_Main_Screen");
my $source;

said($o, qr/Connection to rtmp:\S+ successful/);
ok(said($o, qr/Streaming Start/), 'OBS streams');

$t->wait_for(sub {
    ($source) = @{ $t->get('/sources/alice')->json };
    return $source && $source->{audio} && $source->{video}{fps};
}, 'the source');

is($source->{label}, 'Main Screen', 'listed');
is($source->{state}, 'live', 'as live');
is("$source->{video}{width}x$source->{video}{height}", '640x360', 'size');
like($source->{video}{codec}, qr/^avc1\.[0-9a-f]{6}$/i, 'video codec');
is($source->{audio}{codec}, 'mp4a.40.2', 'audio codec');
is($source->{audio}{sample_rate}, 48000, 'sample rate');

$t->wait_for(sub { $t->get($source->{url})->{body} =~ /-?2\.ts/ }, 'its HLS');

my $probe = $t->ffprobe($t->url($source->{url}));

is($probe->{video}{codec_name}, 'h264', 'HLS video');
is($probe->{audio}{codec_name}, 'aac', 'HLS audio');
is(scalar listens($o->pid), 0, 'OBS itself listens nowhere');

# a second one, with a key that is not known: OBS says why, and gives up

my $wrong = obs('wrong', 'unknown_Main_Screen');

like(said($wrong, qr/NetStream\.Publish\.\w+/),
    qr/Publish\.Denied \(unknown_key: the stream key is not known here\)$/,
    'OBS shows the reason of a refusal');
said($wrong, qr/Connection to rtmp:\S+ failed/);
ok(said($wrong, qr/Streaming Stop/), 'and stops');
$wrong->stop('TERM', 2);

is(scalar @{ $t->get('/sources/alice')->json }, 1, 'the first one goes on');

# dropped by the operator

is($t->request('DELETE', '/sources/alice/Main_Screen')->{status}, 202, 'kick');
ok(said($o, qr/Streaming Stop/), 'OBS notices that it was dropped');
is($t->get('/sources/alice')->{body}, '[]', 'and it is listed no more');

# it does not always end well on SIGTERM

$_->stop('TERM', 2) for $o, $x;

$t->done;
