#!/usr/bin/perl

# Copyright (C) the ngx_live contributors

# The input guard against peers that have not authenticated: chunks, memory,
# handshakes, media that nobody asked for, messages without content.  One
# worker, which all of them share.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;
use Test::Live::Attack;

my $t = Test::Live->new(workers => 1,
    secrets => ['kq7-guard-a', 'kq7-guard-b']);

$t->write('keys', "kq7-guard-a alice\nkq7-guard-b bob\n");
$t->conf(<<'EOC')->run;

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        max_message 4m;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }

        application plain {
            live on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { multisource_status; }
        location /sources/ { multisource_api; multisource_list on; }
    }
}

EOC

my $a = Test::Live::Attack->new($t, key => 'kq7-guard-a', name => 'alice',
    keys => { live => 'kq7-guard-b', plain => 'p' });

is($a->harm, '', 'frames flow');

# chunk sizes

for my $size (0, 1, 127, (1 << 20) + 1, 2 ** 31 - 1, 0xffffffff) {
    my $r = $a->peer('live', 'connected');
    $r->control(1, pack 'N', $size);
    is($a->why($r), 'bad_chunk', "chunk size $size");
}

is($a->attack('plain', 'new', 1, pack 'N', 64), 'bad_chunk',
    'chunk size 64 before connect');
is($a->attack('plain', 'publisher', 1, pack 'N', 64), 'bad_chunk',
    'chunk size 64 of a publisher');
is($a->harm, '', 'chunk sizes harm nobody');

# a message whose second chunk says that it is shorter than its first one: it
# never ends then

for my $state (qw(new connected publisher)) {
    my $r = $a->peer('plain', $state);
    my $chunk = ($r->chunks(9, 6, 1, 0, 'x' x 128))[0];
    my $more = "\xc6" . 'x' x 128;

    $r->send_raw(($r->chunks(9, 6, 1, 0, 'x' x 60_000))[0] . $more);
    $r->send_raw($chunk);
    $r->send_raw($more x ($state eq 'publisher' ? 40_000 : 1000));
    is($a->why($r), 'bad_chunk', "a message shortened: $state");
}

is($a->attack($_, 'connected', 9, 'x' x 100_000), 'bad_chunk',
    "a message larger than a stranger may send, $_") for qw(live plain);
is($a->attack('plain', 'player', 20, 'x' x 100_000), 'bad_chunk',
    'and of a player');

# 30 unfinished messages, each small enough, of 20 strangers

# (what is freed stays with the sanitizer for a while)

my $room = $ENV{TEST_SANITIZE} ? 256 << 10 : 8 << 10;
my $rss = $a->rss;
my @peers = map { $a->peer($_ % 2 ? 'live' : 'plain', 'connected') } 1 .. 20;

for my $csid (2 .. 31) {
    for my $r (@peers) {
        my @chunks = $r->chunks(9, $csid, 1, 0, 'x' x 60_000);
        $r->send_raw(join '', @chunks[0 .. 400]);
    }
}

is(join(' ', map { $_->eof(5) ? 'ended' : 'open' } @peers),
    join(' ', ('ended') x 20), 'strangers with 30 unfinished messages');
is($t->logged(qr/session ended: bad_chunk/, $a->{mark}), 20, 'for this reason');
cmp_ok($a->rss - $rss, '<', $room, 'kB that they took');
$a->{ended}{bad_chunk} += 20;
$a->{mark} = $t->mark;

# 20 strangers who stay below that, and 20 who ask for large chunks

@peers = map { $a->peer('live', 'connected') } 1 .. 40;

for my $r (@peers[0 .. 19]) {
    $r->send_raw(join '', map { ($r->chunks(9, $_, 1, 0, 'x' x 60_000))[0 .. 15]
        } 2 .. 31);
}

for my $r (@peers[20 .. 39]) {
    $r->set_chunk_size(1 << 20);
    $r->send_raw(join '', map { $r->chunks(0, 4, 1, 0, 'x' x 60_000) } 1 .. 40);
}

is(($peers[39]->call('createStream'))[0], '_result', 'the last one is heard');
is(scalar(grep { !$_->eof(0) } @peers), 40, 'strangers within the bounds stay');
cmp_ok($a->rss - $rss, '<', $room, 'kB that 40 of them take');
$_->drop for @peers;
is($a->harm, '', 'strangers harm nobody');

# an acknowledgement of every byte

my $r = $a->peer('live', 'connected');

$r->window_ack(1);
$r->{split} = 'byte';
is($r->publish('kq7-guard-b')->{code}, 'NetStream.Publish.Start',
    'a window of one byte');
$r->{split} = 0;
$r->close;

# garbage instead of a handshake, and behind one

srand 2;

for my $bytes ("GET / HTTP/1.1\r\n\r\n" . 'x' x 1537, "\6" . 'x' x 3072,
    join '', map { chr int rand 256 } 1 .. 4000)
{
    $r = $t->rtmp(handshake => 0);
    $r->send_raw($bytes);
    ok($r->eof(5), 'no handshake: ' . unpack 'H8', $bytes);
}

for (1 .. 30) {
    $r = $a->peer('live', $_ % 2 ? 'new' : 'connected');
    $r->send_raw(join '', map { chr int rand 256 } 1 .. 1 + rand 2000);
    $r->drop;
}

is($a->harm, '', 'garbage harms nobody');

# media of who does not publish

$r = $a->peer('live', 'stream');

ok($r->media(seconds => 1), 'media without a publish');
is(scalar @{ $t->get('/sources/')->json }, 1, 'makes no source');
is($r->publish('kq7-guard-b')->{code}, 'NetStream.Publish.Start',
    'and does not end the session');
$r->close;

# names of data that nginx-rtmp reads as @setDataFrame and onMetaData

$r = $a->peer('plain', 'stream');
$r->message(18, 4, 1, 0, amf_encode($_) . 'x') for '@setDataFrame',
    '@SETDATAFRAME', "\@setDataFrame\0x", 'onMetaData', 'onmetadata';
is(($r->call('createStream'))[0], '_result', 'metadata without a publish');
is($t->logged(qr/error parsing data frame/), 0, 'are not looked at');
$r->drop;

$r = $a->peer('live', 'player');
$r->metadata(encoder => 'impostor');
$r->video(avc_frame(0, size => 5000), 1);
$r->audio('impostor', 1);
is(($r->call('createStream'))[0], '_result', 'media of a player');

my $frame = $a->{player}->wait_message(sub {
    $_[0]{payload} =~ /impostor/ || $_[0]{type} == 9
        && length $_[0]{payload} > 4500
}, 0.5);

is($frame, undef, 'goes to nobody');
$r->drop;
is($a->harm, '', 'media harm nobody');

# nothing at all, as every type, also in between of the good ones

for my $state (qw(new connected player publisher)) {
    for my $app ('live', $state eq 'publisher' ? 'plain' : ()) {
        for my $type (0 .. 30, 255) {
            $r = $a->peer($app, $state);
            $r->message($type, 5, $r->{msid}, 0, '');
            $r->message($type, 5, $r->{msid}, 0, "\0");
            $r->drop;
        }
    }

    is($a->harm, '', "empty messages harm nobody: $state");
}

is($t->get('/status')->json->{refused}{bad_chunk}, $a->{ended}{bad_chunk},
    'bad_chunk in /status');

# an rtmp block without multisource is guarded as well

$_->close for @$a{qw(player publisher)};
$t->stop;
$t->conf(<<'EOC')->run;

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        application plain { live on; }
    }
}

EOC

for my $attack ([20, amf_encode('connect', 1) . deep_amf(9000), 'bad_amf'],
    [9, spinning_avc(), 'bad_codec_header'], [1, "\0\0\0\1", 'bad_chunk'])
{
    my ($type, $payload, $reason) = @$attack;

    $a->{mark} = $t->mark;
    $r = $t->rtmp;
    $r->message($type, 3, 0, 0, $payload);
    is($a->why($r), $reason, "$reason without any multisource application");
}

is($t->rtmp(app => 'plain')->publish('p')->{code}, 'NetStream.Publish.Start',
    'which publishes as before');

$t->done;
