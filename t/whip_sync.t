#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Picture and sound are together in HLS, whatever the sender's clocks and sender
# reports are like: a flash and a beep at the same moment come out at the same
# moment.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Net;
use Test::Live::Sync;
use Test::Live::Whip;

use constant {
    RUN     => 20,                            # s
    SETTLED => 9,                             # s, when a large error is gone
    BOUND   => 40,                            # ms
};

need(!Test::Live::Net::missing(), Test::Live::Net::missing());

# a line that delays by 15 to 65 ms and loses 2 %

my $net = Test::Live::Net->new;
my $home = $net->host;
my $wan = $home->wan(delay => 40, jitter => 25, loss => 0.02, family => 4);

my $t = Test::Live->new(workers => 2);

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_playlist_length 60s;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen *:%%WHIP%%;

    server {
        listen %%HTTP%%;

        location /whip/ {
            whip live;
            whip_rate off;
            whip_max_pending 0;
        }

        location = /list { whip_status; }
    }
}
EOC

my %far = (url => 'http://' . $wan->here . ':' . $t->port('HTTP') . '/whip/wan');

# options of the peer; what is right where flash and beep are not to come
# together: beep behind flash in ms, from its time in s; since => s

my %clients = (
    plain      => {},
    fast       => { video_ppm => 100 },
    slow       => { video_ppm => -100 },
    very_fast  => { video_ppm => 3000 },
    very_slow  => { video_ppm => -3000 },
    video_sr   => { audio_sr => 0 },
    audio_sr   => { video_sr => 0 },
    no_sr      => { audio_sr => 0, video_sr => 0 },
    no_sr_fast => { audio_sr => 0, video_sr => 0, video_ppm => 3000 },
    no_sr_slow => { audio_sr => 0, video_sr => 0, video_ppm => -3000 },
    bogus      => { audio_sr_bogus => 1, video_sr_bogus => 1 },
    offset     => { video_sr_offset => 150 },
    wrap       => { ntp => 2**32 - 8 },
    wan        => { %far },
    late       => { audio_pause => 1 },
    pause      => {},
);

my %right = (
    offset => { is => -150, since => SETTLED },
);

my $media = { pattern => 'flash', size => '160x90', kbps => 200,
    seconds => RUN + 10 };

my %p = map { $_ => Test::Live::Whip->publish($t, path => "/whip/$_",
    media => $media, %{ $clients{$_} }) } sort keys %clients;

ok($p{$_}->connected, "$_ connects") for sort keys %p;

my $start = now();

sub pause_until { $t->pause($start + $_[0] - now()) }

pause_until(2);
$p{late}->set(audio_pause => 0);
pause_until(6);
$p{pause}->set(audio_pause => 1);
pause_until(9);
$p{pause}->set(audio_pause => 0);
pause_until(RUN);

my %list = map { $_->{stream} => $_ } @{ $t->get('/list')->json->{list} };

for my $name (sort keys %p) {
    diag("$name $list{$name}{clock} $list{$name}{skew_ms}");
    $p{$name}->stop('full');
}
my $s0 = now();
my %s;
for my $name (sort keys %p) {
    my $file = "$t->{dir}/hls/$name.m3u8";
    $t->write("hls/$name.m3u8", Test::Live::Process::slurp($file) . "#EXT-X-ENDLIST\n");
    $s{$name} = Test::Live::Sync->new($t, $name, $file);
}
for my $name (sort keys %s) {
    diag "$name: ", join ' ', scalar(@{[$s{$name}->flashes]}), scalar(@{[$s{$name}->beeps]}), map { sprintf "%.2f:%.0f", @$_ } $s{$name}->skews;
    diag $s{$name}->faults if length $s{$name}->faults;
}
diag(now() - $s0);

$t->done;
