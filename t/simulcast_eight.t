#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# One publisher to eight destinations of several kinds.  What happens to one of
# them is no matter of the others: they get every frame.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;

# frames, of which every 25th is a keyframe

use constant { FPS => 25, GOP => 25, FRAMES => 325 };

my $key = 'se8-secret-stream-key';

my $t = Test::Live->new(workers => 2, secrets => [$key]);
my $stock = Test::Live->new(modules => [], workers => 1);

$stock->mkdir('rec');
chmod 0777, $stock->dir . '/rec';

$stock->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            record all;
            record_path %%DIR%%/rec;
        }
    }
}
EOC

my $tls = $t->receiver(name => 'tls', tls => 'good');
my $steady = $t->receiver(name => 'steady');
my $killed = $t->receiver(name => 'killed');
my $stalled = $t->receiver(name => 'stalled', rcvbuf => 16384);
my $refusing = $t->receiver(name => 'refusing');
my $closing = $t->receiver(name => 'closing');

my $ca = $tls->ca;
my $listen = 'rtmp://127.0.0.1:' . $t->port('LISTEN') . '/live/listen';
my $heard = $t->dir . '/listen.flv';

my $ffmpeg = $t->spawn('listen', qw(ffmpeg -nostdin -hide_banner -v info
    -listen 1 -i), $listen, qw(-c copy -f flv -y), $heard);

my @url = ('rtmp://127.0.0.1:' . $stock->port('RTMP') . '/live/stock', $listen,
    map { $_->url($_->{name}) } $tls, $steady, $killed, $stalled, $refusing,
        $closing);

$t->write('key', $key, 0600);

my $pushes = join "\n", map { "simulcast_push $_;" } @url;
$pushes =~ s{/steady;}{ key_file=key;};

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            $pushes
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_trusted_certificate $ca;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { simulcast_status; }
    }
}
EOC

# a listening ffmpeg has no other sign: its port is bound

my $bound = sprintf ':%04X', $t->port('LISTEN');

$t->wait_for(sub {
    Test::Live::Process::slurp('/proc/net/tcp') =~ /\Q$bound\E 00000000:0000 0A/
}, 'ffmpeg listens');

my $p = $t->publish('alice', media => { kbps => 2000, fps => FPS, gop => GOP,
    seconds => FRAMES / FPS + 1 },
    args => ['-frames:v', FRAMES]);

ok($p->started, 'published');

my @receivers = ($tls, $steady, $killed, $stalled, $refusing, $closing);

for my $r (@receivers) {
    my $e = $r->wait_event('first_frame', 15);
    ok($e->{keyframe} && !$e->{ts}, "$r->{name}: begins with a keyframe, at 0");
}

ok($steady->wait_event('publish')->{name} eq $key, 'by the key of the file');

$t->wait_for(sub { $_->stats->{video} > 25 }, "$_->{name}: frames")
    for @receivers;

is($t->wait_for(sub {
    my $s = $t->get('/status')->json->{destinations};
    return $s->{live} == 8 && $s;
}, 'eight are live')->{total}, 8, 'and there are no others');

# four of them at once

$stalled->set(stall => 1);
$refusing->set(publish => 'badname');
$refusing->drop('reset');
$closing->set(publish => 'close');
$closing->drop;
$killed->kill;

$t->wait_log(qr/closed_after_publish: .*"localhost".*:${\$closing->port}/, 10);
$t->wait_log(qr/name_in_use: .*BadName.*:${\$refusing->port}/, 10);
$t->wait_log(qr/connect_failed: .*:${\$killed->port}/, 10);

# and back again

$_->set(publish => undef) for $refusing, $closing;
$killed->revive;

for my $r ($refusing, $closing, $killed) {
    my $e = $r->wait_event('first_frame', 20);

    ok($e->{conn} > 1, "$r->{name}: is there again");
    ok($e->{keyframe} && !$e->{ts}, "$r->{name}: from a keyframe, at 0");
    is("@{ $e->{order} }", 'metadata audio_config video_config key',
        "$r->{name}: with all headers");
}

is($p->wait(30), 0, 'the publisher has sent what it had');

# the end

for my $r ($tls, $steady, $killed, $refusing, $closing) {
    my $e = $t->wait_for(sub {
        (grep { $_->{delete_stream} } $r->events('disconnect'))[0]
    }, 10, "$r->{name}: the end");

    is($e->{fc_unpublish}, 1, "$r->{name}: FCUnpublish");
    is($e->{backwards}, 0, "$r->{name}: no timestamp goes back");
    is("@{ $e->{faults} }", '', "$r->{name}: no faults");
}

# whoever was not disturbed has each frame from its first keyframe on

my ($recorded) = glob $stock->dir . '/rec/stock*.flv';

is($ffmpeg->wait(10), 0, 'ffmpeg -listen has seen the end');
$stock->wait_for(sub { $stock->logged(qr/deleteStream/) }, 'and nginx-rtmp');
$stock->stop;

my %file = (stock => $recorded, listen => $heard, tls => $tls->flv,
    steady => $steady->flv);

for my $name (sort keys %file) {
    my $flv = Test::Live::Flv->new($file{$name});

    # the end of the sequence, which ffmpeg sends, looks like one more
    my $frames = @{ $flv->{video} } - 1;

    is((FRAMES - $frames) % GOP, 0, "$name: complete, $frames frames");
    cmp_ok($frames, '>=', FRAMES - 3 * GOP, "$name: from its beginning");
    is($flv->gap('video'), 1000 / FPS, "$name: without a gap");
    cmp_ok($flv->gap('audio'), '<', 50, "$name: nor one of the audio");
    is($flv->faults, '', "$name: decodes");
}

is($_->last->{ts_gap}, 1000 / FPS, "$_->{name}: no gap") for $tls, $steady;
is($tls->stats->{published}, 1, 'over one connection');

for my $r ($killed, $refusing, $closing, $stalled) {
    for my $e ($r->events('publish')) {
        my $file = $r->flv($e->{conn});

        is(Test::Live::Flv->new($file)->faults, '',
            "$r->{name}: connection $e->{conn} decodes") if $file && -s $file;
    }
}

$t->done;
$stock->done;
