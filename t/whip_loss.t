#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# RTP as networks make it: loss and its repair in both ways, late repair, whole
# bursts, reordering and duplicates.  All at once; then what was recorded is
# looked at, and the numbers of both sides.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;

my $key = 'wlo5-key-of-alice';

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
        location /late/ { whip live; whip_jitter 3s; }
        location /list  { whip_status; }
    }
}
EOC

my %flash = (pattern => 'flash', kbps => 300);
my %fat = (pattern => 'noise', kbps => 3000, cbr => 1, audio => 0);
my %rtx = (video_rtx_pt => 97, video_nack => 'rtx');

my %clients = (
    same    => { media => \%fat, video_loss => 5 },
    rtx     => { media => \%fat, video_loss => 5, %rtx },
    bursts  => { media => \%fat, video_loss => 1, video_loss_burst => 8, %rtx },
    late    => { media => \%fat, video_loss => 1, video_nack_delay => 200,
                 path => '/late/late' },
    laterx  => { media => \%fat, video_loss => 1, video_nack_delay => 200, %rtx,
                 path => '/late/laterx' },
    audio   => { media => { %flash, video => 0 }, audio_loss => 5,
                 audio_nack => 'same', audio_feedback => 'nack' },
    reorder => { media => \%flash, video_reorder => 10, audio_reorder => 10,
                 video_reorder_by => 2 },
    double  => { media => \%flash, video_duplicate => 10, audio_duplicate => 10 },
);

my %p = map { $_ => $t->whip(path => "/whip/$_",
    bearer => $key, %{ $clients{$_} }) } sort keys %clients;

sub list {
    my %list = map { $_->{stream} =~ /^alice_(.*)/ => $_ }
        @{ $t->get('/list')->json->{list} };
    return \%list;
}

ok($p{$_}->connected, "$_ connects") for sort keys %p;

$t->pause(8);

# all is sent, and answered: the same numbers on both sides

$_->set(video_loss => 0, audio_loss => 0, video_reorder => 0,
    audio_reorder => 0) for values %p;
$t->pause(1);
$_->set(video_pause => 1, audio_pause => 1) for values %p;

my $list;
my %is;

$t->wait_for(sub {
    $list = list();
    %is = ();

    for my $name (keys %p) {
        my $stats = $p{$name}->stats;

        for my $kind (qw(audio video)) {
            my ($l, $s) = ($list->{$name}{$kind}, $stats->{$kind});
            next unless $l && $s;

            $is{$name}{$kind} = {
                packets => [$s->{packets}, $l->{packets} - $l->{duplicate}],
                lost    => [0, $l->{lost}],
            };

            # a packet that only comes late may be asked for as well

            next if $name eq 'reorder';

            $is{$name}{$kind}{nacked} = [$s->{lost}, $l->{nacks}];
            $is{$name}{$kind}{repaired} = [$s->{lost}, $l->{repaired}];
        }
    }

    return !grep { $_->[0] != $_->[1] } map { values %$_ }
        map { values %$_ } values %is;
}, 5, 'the same numbers on both sides')
    or diag(explain(\%is));

for my $name (sort keys %p) {
    my $stats = $p{$name}->stats;

    is($list->{$name}{bad_packets}, 0, "$name: none was taken for a replay");
    is($list->{$name}{video}{frames_dropped}, 0, "$name: no frame was dropped")
        if $stats->{video};

    next if $name =~ /^(?:reorder|double)$/;

    my $kind = $name eq 'audio' ? 'audio' : 'video';

    cmp_ok($stats->{$kind}{lost}, '>', 10, "$name: packets were lost");
    is($stats->{$kind}{forgotten}, 0, "$name: the peer had all of them");
    cmp_ok($stats->{$kind}{nacked}, '>=', $stats->{$kind}{lost},
        "$name: the peer was asked for them");
}

is($list->{audio}{audio}{concealed_ms}, 0, 'audio: nothing is concealed');

for my $name (sort keys %p) {
    is($p{$name}->stop('full'), 0, "$name stops well");

    my $r = Test::Live::Flv->new("$t->{dir}/rec/alice_$name.flv");
    my $stats = $p{$name}->stats;

    is(join('; ', $r->backwards), '', "$name: time goes on");
    is($r->faults, '', "$name: it can be decoded");

    is(scalar @{ $r->{video} }, $stats->{video}{frames}, "$name: all frames")
        if $stats->{video};
    cmp_ok($r->gap('audio'), '<', 60, "$name: no gap in the audio")
        if $stats->{audio};
}

$t->done;
