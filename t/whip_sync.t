#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Picture and sound are together in HLS, whatever the sender's clocks and sender
# reports are like: a flash and a beep of the same moment come out at the same
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

# a line that delays by 25 to 55 ms and loses 2 %

my $net = Test::Live::Net->new;
my $home = $net->host;
my $wan = $home->wan(delay => 40, jitter => 15, loss => 0.02, family => 4);

my $key = 'wsy9-key-of-alice';
my $t = Test::Live->new(workers => 2, secrets => [$key]);

need($t->has_module($_), "ngx_${_}_module") for qw(whip multisource);

$t->write('keys', "$key alice max_sources=30\n");

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

        location /whip/ {
            whip live;
            whip_rate off;
            whip_max_pending 0;
        }

        location = /list { whip_status; }
    }
}
EOC

# options of the peer.  In this time 100 ppm are 2 ms; 2500, which no oscillator
# has, would be 50 if nothing was done

my %no_sr = (audio_sr => 0, video_sr => 0);

my %clients = (
    plain         => {},
    fast          => { video_ppm => 100 },
    slow          => { video_ppm => -100 },
    faster        => { video_ppm => 2500 },
    slower        => { video_ppm => -2500 },
    video_reports => { audio_sr => 0 },
    audio_reports => { video_sr => 0 },
    no_reports    => { %no_sr },
    no_fast       => { %no_sr, video_ppm => 2500 },
    no_slow       => { %no_sr, video_ppm => -2500 },
    bogus         => { audio_sr_bogus => 1, video_sr_bogus => 1 },
    offset        => { video_sr_offset => 150 },
    wrap          => { ntp => 2**32 - 8 },
    late          => { audio_pause => 1 },
    pause         => {},
    far           => {},
    far_arrival   => { %no_sr },
);

# where packets are lost they are repeated, lest a beep begin with its second one

$clients{$_} = { %{ $clients{$_} }, audio_nack => 'same', audio_feedback =>
    'nack', host => $home, url => 'http://' . $wan->here . ':'
    . $t->port('HTTP') . "/whip/$_" } for qw(far far_arrival);

my $media = { pattern => 'flash', size => '160x90', kbps => 200,
    seconds => RUN + 10 };

my %p = map { $_ => Test::Live::Whip->publish($t, path => "/whip/$_",
    bearer => $key, media => $media, %{ $clients{$_} }) } sort keys %clients;

ok($p{$_}->connected, "$_ connects") for sort keys %p;

my $start = now();

sub at { $t->pause($start + $_[0] - now()) }

at(2.5);
$p{late}->set(audio_pause => 0);
at(6.5);
$p{pause}->set(audio_pause => 1);
at(9.5);
$p{pause}->set(audio_pause => 0);
at(RUN);

# what the server thinks

my %list = map { $_->{stream} =~ s/^alice_//r => $_ }
    @{ $t->get('/list')->json->{list} };

for my $name (sort keys %p) {
    my $o = $clients{$name};
    my $reports = !grep { defined && !$_ } @$o{qw(audio_sr video_sr)};

    is($list{$name}{clock}, $reports ? 'sender_reports' : 'arrival',
        "$name: told by $list{$name}{clock}");
    cmp_ok(abs $list{$name}{skew_ms}, '<', BOUND,
        "$name: $list{$name}{skew_ms} ms to go");
}

is($p{$_}->stop('full'), 0, "$_ stops") for sort keys %p;

# what came out

my %sync;

for my $name (sort keys %p) {
    my $playlist = $t->read("hls/alice_$name.m3u8");

    $sync{$name} = Test::Live::Sync->new($t, $name, $t->write(
        "hls/$name.m3u8", "$playlist#EXT-X-ENDLIST\n"));
}

# the offset is that of the sender's pictures: they were taken when the sender
# reports say, and so are its flashes, but not its beeps

for my $name (sort keys %sync) {
    my $o = $clients{$name};
    my @flashes = $sync{$name}->flashes;
    my $first = $flashes[0];
    my (@errors, $worst);

    for my $skew ($sync{$name}->skews) {
        my ($time, $ms) = ($skew->[0] - $first, $skew->[1]);

        next if $o->{video_sr_offset} && $time < SETTLED;

        # a fast video clock has its flashes early
        my $right = ($o->{video_ppm} || 0) / 1000 * $time
            - ($o->{video_sr_offset} || 0);

        push @errors, $ms - $right;
    }

    ($worst) = sort { abs $b <=> abs $a } @errors;

    my $least = $name eq 'offset' ? RUN - SETTLED
        : $name =~ /^(?:late|pause)$/ ? RUN - 4 : RUN - 1;

    is($sync{$name}->faults, '', "$name: can be decoded");
    cmp_ok(scalar @errors, '>=', $least, "$name: flashes and beeps");
    cmp_ok(abs($worst // 1000), '<', BOUND,
        sprintf '%s: together, but for %.0f ms', $name, $worst // 1000)
        or diag(join ' ', map { sprintf '%.0f', $_ } @errors);

    # and time goes by as it did

    my $second = 1 - ($o->{video_ppm} || 0) / 1e6;
    my $off = 1000 * ($flashes[-1] - $first - $second * $#flashes)
        - ($o->{video_sr_offset} || 0);

    cmp_ok(abs $off, '<', BOUND, "$name: in time");
}

$t->done;
