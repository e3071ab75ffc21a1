#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What a source, and all sources of a streamer, may send: measured over five
# seconds, so that a burst is none; the newest source is the excess one.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;

my ($alice, $bob, $carol, $dave) = map { "Lb6-$_-7Ky4" }
    qw(alice-one bob-two carol-three dave-four);

my $t = Test::Live->new(workers => 2,
    secrets => [$alice, $bob, $carol, $dave]);

$t->write('keys', "$alice alice\n$bob bob max_bitrate=1m\n$carol carol\n"
    . "$dave dave\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        max_message 4m;
        multisource_keys keys;
        multisource on;

        application live {
            live on;
        }

        application total {
            live on;
            multisource_max_bitrate off;
            multisource_max_total_bitrate 8m;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /live/  { multisource_api live; }
        location /total/ { multisource_api total; }
        location /status { multisource_status; }
    }
}
EOC


sub publisher {
    my ($name, $kbps, %o) = @_;

    my $r = $t->rtmp(%o);
    my $status = $r->publish($name);

    is($status->{code}, 'NetStream.Publish.Start', "$kbps kbit/s: published");

    $r->live(fps => 20, gop => 20, kbps => $kbps, audio => 0) if $kbps;
    $r->{since} = Test::Live::IO::now();

    return $r;
}


sub sources {
    my ($path) = @_;
    return join ' ', sort map { $_->{id} } @{ $t->get($path)->json };
}


# is told why, in a status, and then the connection ends; after so many seconds

sub dropped {
    my ($r, $reason, $streamer, $source) = @_;

    is($r->eof(10), 'eof', "$source: a clean end");

    my $after = Test::Live::IO::now() - $r->{since};
    my $status = $r->wait_status('NetStream.Publish.Denied');

    like($status->{description}, qr/above (?:what is|the) allowed/,
        "$source: $reason");
    $r->drop;

    is($t->logged(qr/dropped: $reason, streamer '$streamer' source '$source'/),
        1, "$source: logged");
    cmp_ok($after, '<', 6, "$source: within seconds");

    return $after;
}

# 20 Mbit/s where 8 are allowed, beside one that bursts: a megabyte every two
# seconds, and little in between

my $burst = publisher($alice, 0);

$burst->set_chunk_size(65536);
$burst->video(avc_header(), 0);


# sends the frames until so many seconds after the start

sub bursts {
    my ($r, $until) = @_;

    while (($r->{n} ||= 0) <= $until * 10) {
        $t->pause($r->{since} + $r->{n} / 10 - Test::Live::IO::now())
            if Test::Live::IO::now() < $r->{since} + $r->{n} / 10;

        my $gop = $r->{n} % 20;

        $r->video(avc_frame($gop, size => $gop ? 500 : 1_000_000),
            $r->{n}++ * 100) or return 0;
    }

    return 1;
}

ok(bursts($burst, 0.2), 'a burst at once');

my $fast = publisher("${alice}_Fast", 20_000);
my $slow = publisher($bob, 700);
my $over = publisher("${bob}_Over", 1500);

ok(bursts($burst, 2.5), 'a second one');
cmp_ok(dropped($fast, 'bitrate_exceeded', 'alice', 'Fast'), '>', 1,
    'not by its first frames');
cmp_ok(dropped($over, 'bitrate_exceeded', 'bob', 'Over'), '>', 2,
    'a limit of the key');
ok(bursts($burst, 8.5), 'and more of them');

is(sources('/live/alice'), 'main', 'the bursts are within the limit');
is(sources('/live/bob'), 'main', 'and who is below that of the key');

my ($measured) = grep { $_->{streamer} eq 'alice' }
    @{ $t->get('/status')->json->{sources} };

cmp_ok($measured->{bitrate_kbps}, '>', 3000, 'their average');
cmp_ok($measured->{bitrate_kbps}, '<', 8000, 'is below the limit');
is($t->logged(qr/publisher dropped/), 2, 'nobody else was dropped');

$_->drop for $burst, $slow;

# all sources of a streamer: 3 + 3 + 4 are more than 8, and then 1 fits

my $one = publisher($carol, 3000, app => 'total');
my $two = publisher("${carol}_Two", 3000, app => 'total');

$t->wait_for(sub { sources('/total/carol') eq 'Two main' }, 'two sources');
$t->pause(1.5);

my $excess = publisher("${carol}_Excess", 4000, app => 'total');
my $small = publisher("${carol}_Small", 800, app => 'total');
my $other = publisher($dave, 4000, app => 'total');

dropped($excess, 'total_bitrate_exceeded', 'carol', 'Excess');

is($t->get('/status')->json->{refused}{total_bitrate_exceeded}, 1, 'counted');
$other->drop;

# a newcomer that begins with a burst: 2.8 + 4 are less than 8

my $calm = publisher($dave, 2800, app => 'total');

$burst = publisher("${dave}_Burst", 0, app => 'total');
$burst->set_chunk_size(65536);
$burst->video(avc_header(), 0);
ok(bursts($burst, 6.2), 'a burst below the total');

is(sources('/total/dave'), 'Burst main', 'both go on');
is(sources('/total/carol'), 'Small Two main', 'the older and the small one');
is((grep { $_->eof(0) } $one, $two, $small, $calm, $burst), 0,
    'nobody else was dropped');

$t->done;
