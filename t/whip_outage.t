#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The video does not come for some seconds, the audio does; then the client has
# all that was lost and sends it again.  Or nothing comes, and then all of it at
# once, as TCP does it.  The picture may stand still, but then it goes on
# together with the audio.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;

my $key = 'wou2-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");
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

        location /whip/ { whip live; }
        location /list  { whip_status; }
    }
}
EOC

my %o = (bearer => $key, media => { pattern => 'flash', kbps => 200, gop => 30 });

my %p = map { $_ => $t->whip(path => "/whip/$_", %o,
    tcp => /tcp/ ? 1 : 0) } qw(short long short-tcp long-tcp);

ok($p{$_}->connected, "$_ connects") for sort keys %p;
$t->pause(2);

$p{$_}->cmd('drop', packets => 1_000_000) for qw(short long);
$p{$_}->signal('STOP') for qw(short-tcp long-tcp);

$t->pause(4);
$p{short}->cmd('drop', packets => 0);
$p{'short-tcp'}->signal('CONT');

$t->pause(8);
$p{long}->cmd('drop', packets => 0);
$p{'long-tcp'}->signal('CONT');

$t->pause(4);

for my $name (sort keys %p) {
    my ($l) = grep { $_->{stream} eq "alice_$name" }
        @{ $t->get('/list')->json->{list} };

    cmp_ok(abs $l->{skew_ms}, '<', 1000, "$name: skew");
    is($p{$name}->stop('full'), 0, "$name stops well");

    my $r = Test::Live::Flv->new("$t->{dir}/rec/alice_$name.flv");

    is(join('; ', $r->backwards), '', "$name: time goes on");
    is($r->faults, '', "$name: it can be decoded");
    cmp_ok(abs($r->{video}[-1] - $r->{audio}[-1]), '<', 1000,
        "$name: video and audio end together");

    next if $name =~ /tcp/;

    my (undef, @skews) = $r->skew;

    cmp_ok(abs($skews[-1] // 10000), '<', 100, "$name: and are so")
        or diag("@skews");
}

$t->done;
