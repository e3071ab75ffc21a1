#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# RTP as senders make it: numbers that wrap or begin anew, pauses, BYE, lost
# packets that nobody has, and packets of somebody who means no good.  All at
# once; then what was recorded is looked at.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;

my $key = 'wrt5-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice max_sources=20\n");
$t->mkdir('rec');

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            record all;
            record_path %%DIR%%/rec;

            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        whip_rate off;
        whip_max_pending 20;

        location /whip/ { whip live; }
        location /list  { whip_status; }
    }
}
EOC

my %flash = (pattern => 'flash', kbps => 400);

# 2 s before both wrap

my %wrap = (video_seq => 65480, audio_seq => 65430,
    video_ts => 2**32 - 2 * 90000, audio_ts => 2**32 - 2 * 48000);

my %clients = (
    wrap    => { media => \%flash, %wrap },
    ssrc    => { media => \%flash, keyframe => 'jump' },
    apause  => { media => \%flash },
    vpause  => { media => \%flash },
    bye     => { media => \%flash },
    again   => { media => \%flash, consent => 1000 },
    obs     => { media => { %flash, pattern => 'noise', gop => 240, seconds => 16 },
                 shape => 'obs', video_nack => 'none' },
    bad     => { media => \%flash },
    plain   => { media => \%flash, video_sr => 0 },
);

my %p = map { $_ => $t->whip(path => "/whip/$_",
    bearer => $key, %{ $clients{$_} }) } sort keys %clients;

sub list {
    my %list = map { $_->{stream} =~ /^alice_(.*)/ => $_ }
        @{ $t->get('/list')->json->{list} };
    return \%list;
}

ok($p{$_}->connected, "$_ connects") for sort keys %p;

$t->pause(3);

# what happens at 3 s

$p{ssrc}->cmd('ssrc', track => $_) for qw(video audio);
$p{apause}->set(audio_pause => 1);
$p{vpause}->set(video_pause => 1);
$p{bye}->cmd('bye', track => $_) for qw(video audio);
$p{bye}->set(audio_pause => 1, video_pause => 1);
$p{obs}->cmd('drop', packets => 3);

# goodbye, and others in their place

$p{again}->cmd($_, track => 'video') for qw(bye ssrc);
$p{again}->cmd($_, track => 'audio') for qw(bye ssrc);

# authentic RTCP that makes no sense, and packets that are not authentic

$p{bad}->cmd('rtcp', packet => $_) for
    '80c80000' . '00' x 4, '80c8ffff' . '00' x 8, '81c90007' . 'ff' x 8,
    '9fca0001' . 'ff' x 4, '82cb0001' . '01020304', 'bfcb0001' . '01020304',
    '80ff0000' . '00' x 4, 'a0c80001' . '00000009', '80c80006' . 'ff' x 24,
    '8fcd0003' . 'ff' x 12, '81ce0002' . '00' x 8, '80cf0001' . '00' x 4,
    '81c80006' . '00' x 24;

$p{bad}->cmd('raw', packet => $_, count => 50) for
    '8060' . '0001' . '00' x 8, '8060' . 'ab' x 60, '90e0' . 'ff' x 40,
    '80c8' . '0006' . '11' x 60, '8060', '80', 'bf60' . 'ff' x 20;

# RTP that is authentic, but for that

$p{bad}->cmd('rtp', payload => $_) for
    '', '00', '7c', '7c80', '78', '780001', '78ffff41', '1c80', '7d41', '5c',
    '41' . 'ff' x 1000, '67', '68', '7881' . '00' x 20;
$p{bad}->cmd('rtp', payload => '41', pt => $_) for 0, 127, 13, 111;

$t->pause(3);

$p{again}->set(audio_pause => 1, video_pause => 1);
$p{apause}->set(audio_pause => 0);
$p{vpause}->set(video_pause => 0);

my $list = list();

is($list->{$_}{state}, 'live', "$_ is live") for qw(bad ssrc apause vpause obs);
cmp_ok($list->{bad}{bad_packets}, '>=', 250, 'bad: packets are counted');
is($list->{apause}{audio}{lost}, 0, 'apause: nothing was lost');

# more sources of RTP than are let in; after that nobody new, but the session

$p{bad}->cmd('ssrc') for 1 .. 20;

$t->pause(5);

$t->pause(0.5);
$list = list();

is($list->{again}{state}, 'live', 'again: a pause is not the end of those');
is($list->{bad}{state}, 'live', 'bad: still live');
cmp_ok(abs $list->{ssrc}{skew_ms}, '<', 20, 'ssrc: skew');

my $line = $t->wait_log(qr/"alice_bye" ended .*: bye /, 2);
my ($ms) = ($line || '') =~ /ended after (\d+) ms/;

cmp_ok($ms || 0, '>', 7000, 'bye: not at once');
cmp_ok($ms || 0, '<', 13000, 'bye: after 5 s of silence');

for my $name (sort keys %p) {
    my $status = $p{$name}->stop('full');
    is($status, 0, "$name stops well") if $name ne 'bye' && $name ne 'again';
}

$t->wait_for(sub { !@{ $t->get('/list')->json->{list} } }, 5, 'none is left');

# what was recorded

my %r = map { $_ => Test::Live::Flv->new("$t->{dir}/rec/alice_$_.flv") }
    sort keys %p;

for my $name (sort keys %p) {
    my ($r, $stats) = ($r{$name}, $p{$name}->stats);

    is(join('; ', $r->backwards), '', "$name: time goes on");
    is($r->faults, '', "$name: it can be decoded")
        if $name !~ /^(?:obs|bad|again)$/;

    next if $name =~ /^(?:bye|again|bad|obs|ssrc)$/;

    if ($stats->{video} && $clients{$name}{media}{pattern}) {
        is(scalar @{ $r->{video} }, $stats->{video}{frames},
            "$name: all frames");
    }

    cmp_ok($r->gap('audio'), '<', 60, "$name: no gap in the audio")
        if $stats->{audio} && $name ne 'apause';
    cmp_ok(abs($r->rate('audio') - 48000 / 1024), '<', 0.5,
        "$name: rate of the audio") if $stats->{audio};
}

for my $name (qw(wrap apause vpause plain)) {
    my (undef, @skews) = $r{$name}->skew;

    cmp_ok(scalar @skews, '>=', 5, "$name: flashes and beeps");
    cmp_ok(abs($skews[-1] // 1000), '<', 25,
        "$name: together") or diag("@skews");
}

cmp_ok($r{wrap}->gap('video'), '<', 60, 'wrap: no gap in the video');
cmp_ok($r{ssrc}->gap('audio'), '<', 700, 'ssrc: a short gap in the audio');
cmp_ok($r{ssrc}->gap('video'), '<', 1000, 'ssrc: a short gap in the video');
cmp_ok($r{obs}->gap('video'), '<', 2700, 'obs: goes on without a keyframe');
cmp_ok($r{obs}->gap('video'), '>', 1000, 'obs: after a while');
cmp_ok(abs($r{vpause}->gap('video') - 3000), '<', 1000, 'vpause: the pause');

my $end = $t->log;

for my $name (sort keys %p) {
    like($end, qr/whip: connected to "alice_$name", udp from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+, SRTP_/,
        "$name: a line at the start");
    like($end, qr/whip: session of "alice_$name" ended after \d+ ms: \w+ \(/,
        "$name: and at the end");
}

$t->done;
