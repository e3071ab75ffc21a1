#!/usr/bin/perl

# Copyright (C) the ngx_live contributors

# The input guard: what kills, stops or bloats a worker of stock nginx-rtmp ends
# its own session at most, while another publisher of the same worker goes on.
# One worker, which all of them share.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;

# SPS with poc type 1 and 2^40 reference frames in a cycle: 32 bytes, years

my $SPS = "\x67\x42\xc0\x1e" . pack 'B*', '1' . '1' . '010' . '1' . '1' . '1'
    . '0' x 40 . '1' . '0' x 40;
my $SPIN = avc_header("\1\x42\xc0\x1e\xff\xe1" . pack('n', 24)
    . substr $SPS . "\0" x 24, 0, 19);

sub deep { return "\3\0\1a" x $_[0] }

# a message inside of an aggregate, and n aggregates in each other

sub tag {
    my ($type, $payload) = @_;
    return pack('C a3 x7', $type, substr pack('N', length $payload), 1)
        . $payload . pack 'N', 11 + length $payload;
}

sub nested {
    my ($n) = @_;
    my $size = 4 + 15 * $n;
    my ($head, $tail) = ('', '');

    while ($n--) {
        $size -= 15;
        $head .= pack 'C a3 x7', 22, substr pack('N', $size), 1;
        $tail .= pack 'N', 11 + $size;
    }

    return "${head}AAAA$tail";
}

is(length $SPIN, 32, 'the header that spins');

# what these do to stock nginx-rtmp, so that the tests below are known to test

SKIP: {
    skip 'crashes on purpose', 5 if $ENV{TEST_SANITIZE};

    my $stock = Test::Live->new(modules => [], workers => 1);

    $stock->tolerate(qr/worker process \d+ exited on signal 11/);
    $stock->conf(<<'EOC')->run;

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        application live { live on; }
    }
}

EOC

    is(dies($stock, 20, amf_encode('connect', 1) . deep(240_000)), 11,
        'stock: deep AMF in connect');
    is(dies($stock, 22, nested(60_000)), 11, 'stock: nested aggregates');
    is(dies($stock, 18, amf_encode('@setDataFrame', 'onMetaData', {})), 11,
        'stock: metadata before connect');
    is(dies($stock, 19, pack('n/a', 'play') . amf_encode(0, undef, 'x')), 11,
        'stock: a shared object named play before connect');

    my ($pid) = $stock->workers;

    $stock->rtmp->message(9, 6, 1, 0, $SPIN);
    ok(!$stock->rtmp(timeout => 1, handshake => 0)->handshake,
        'stock: an AVC header before connect stops the worker');
    $stock->kill_worker($pid);
    $stock->wait_for(sub { ($stock->workers)[0] // $pid != $pid }, 5);
    $stock->done;
}

sub dies {
    my ($stock, $type, $payload) = @_;
    my $mark = $stock->mark;

    my $r = $stock->rtmp;
    $r->set_chunk_size(65536);
    $r->message($type, 3, 0, 0, $payload);

    my $line = $stock->wait_log(qr/exited on signal/, 10, $mark) // '';
    $stock->wait_for(sub { $stock->workers == 1 }, 5);

    return $line =~ /signal (\d+)/ ? $1 : '';
}

my $t = Test::Live->new(workers => 1, secrets => ['kq7-guard-a', 'kq7-guard-b']);

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
        location /sources/ { multisource_api; }
    }
}

EOC

my ($worker) = $t->workers;
my $mark = $t->mark;
my %ended;

my $control = $t->rtmp;
my $player = $t->rtmp;

is($control->publish('kq7-guard-a')->{code}, 'NetStream.Publish.Start',
    'the control publisher');
$control->live;
is($player->play('alice')->{code}, 'NetStream.Play.Start', 'and its player');

# '' when the worker lives and what is sent from now on arrives

sub harm {
    my $now = $control->{gen}{until};

    my $frame = $player->wait_message(sub {
        $_[0]{type} == 9 && $_[0]{ts} >= $now
    }, 5);

    1 while $player->read_message(0);

    return ($t->workers)[0] != $worker ? 'the worker died'
        : !$frame ? 'no more frames' : '';
}

# why the guard ended the session; "open" when it did not

sub why {
    my ($r) = @_;

    return 'open' unless $r->eof(5);

    my $line = $t->wait_log(qr/session ended: /, 5, $mark) // '';
    my ($reason) = $line =~ /\[info\].* session ended: (\w+), .*, client: /;

    $mark = $t->mark;
    $ended{$reason // ''}++;

    return $reason;
}

# a session in one of these states

sub peer {
    my ($app, $state, %o) = @_;
    my $r = $t->rtmp(app => $app, %o);

    $r->connect if $state ne 'new';
    $r->create_stream if $state eq 'stream';
    $r->play('alice') if $state eq 'player';
    $r->publish($app eq 'live' ? 'kq7-guard-b' : 'p') if $state eq 'publisher';
    $r->set_chunk_size(4096) if $state eq 'publisher';

    return $r;
}

sub attack {
    my ($app, $state, $type, $payload) = @_;
    my $r = peer($app, $state);

    $r->message($type, 5, $r->{msid}, 0, $payload);

    return why($r);
}

is(harm(), '', 'frames flow');

# AMF

is(attack('live', 'new', 20, amf_encode('connect', 1) . deep(15_000)),
    'bad_amf', 'deep AMF in connect');
is(attack('live', 'new', 20, deep(15_000)), 'bad_amf', 'deep AMF, no name');
is(attack('live', 'new', 20, amf_encode('connect', 1) . deep(240_000)),
    'bad_chunk', 'AMF larger than a stranger may send');
is(attack('live', 'new', 17, "\0" . "\x0a\0\0\0\1" x 12_000),
    'bad_amf', 'deep arrays in an AMF3 command');
is(attack('live', 'connected', 20, amf_encode('createStream', 2) . deep(17)),
    'bad_amf', 'AMF one level too deep');
is(attack('plain', 'connected', 20, amf_encode('play', 2) . deep(15_000)),
    'bad_amf', 'deep AMF without multisource');
is(attack($_, 'publisher', 18, amf_encode('@setDataFrame', 'onMetaData')
    . deep(240_000)), 'bad_amf', "deep AMF in metadata, $_")
    for qw(live plain);
is(attack('live', 'publisher', 18, amf_encode('x', [(undef) x 5000])),
    'bad_amf', 'AMF of too many values');
is(harm(), '', 'deep AMF harms nobody');

# codec headers

is(attack('live', 'new', 9, $SPIN), 'bad_codec_header',
    'AVC header before connect');
is(attack($_, 'stream', 9, $SPIN), 'bad_codec_header',
    "AVC header without a publish, $_") for qw(live plain);
is(attack($_, 'publisher', 9, $SPIN), 'bad_codec_header',
    "AVC header of a publisher, $_") for qw(live plain);
is(attack('live', 'player', 9, $SPIN), 'bad_codec_header',
    'AVC header of a player');
is(attack('live', 'publisher', 9, "\x97\0" . substr $SPIN, 2),
    'bad_codec_header', 'AVC header that is Enhanced RTMP ModEx');
is(attack('plain', 'new', 9, "\x97\0" . substr $SPIN, 2), 'bad_codec_header',
    'and before connect');
is(harm(), '', 'codec headers harm nobody');

# aggregates

is(attack('live', 'publisher', 22, nested(1)), 'bad_aggregate',
    'an aggregate in an aggregate');
is(attack($_, 'publisher', 22, nested(60_000)), 'bad_aggregate',
    "60,000 aggregates, $_") for qw(live plain);
is(attack('live', 'publisher', 22, tag(8, aac_frame()) . tag(9, $SPIN)),
    'bad_codec_header', 'AVC header in an aggregate');
is(attack('plain', 'publisher', 22, tag(18, amf_encode('onMetaData')
    . deep(100))), 'bad_amf', 'deep AMF in an aggregate');
is(attack('live', 'publisher', 22, tag(20, amf_encode('connect', 1))),
    'bad_aggregate', 'a command in an aggregate');
is(attack('live', 'publisher', 22, tag(1, "\0\0\0\1")), 'bad_aggregate',
    'a chunk size in an aggregate');
is(attack('live', 'publisher', 22, tag(8, aac_frame()) . "\x09\0\1"),
    'bad_aggregate', 'a cut header in an aggregate');
is(attack('live', 'publisher', 22, "\x09\0\xff\xff" . "\0" x 20),
    'bad_aggregate', 'a length behind the end of an aggregate');

for my $state (qw(new connected stream)) {
    my $r = peer('plain', $state);

    $r->message(22, 5, 1, 0, nested(4000));
    $r->user_control(6, 7);
    is($r->eof(0.1), '', "aggregates of a stranger are dropped, $state");
    $r->drop;
}

is(harm(), '', 'aggregates harm nobody');

# commands and data for an application that is not there yet

my $r = peer('live', 'new');

$r->message(18, 4, 1, 0, amf_encode('@setDataFrame', 'onMetaData', {}));
$r->message(18, 4, 1, 0, amf_encode('onMetaData', {}));
$r->command($_, undef, 'kq7-guard-b') for qw(publish play play2 createStream
    releaseStream FCPublish deleteStream closeStream pause seek);
$r->user_control($_, 1, 1) for 0 .. 8;
$r->message($_, 3, 0, 0, ($_ == 16 ? "\0" : '') . pack('n/a', 'connect')
    . amf_encode(1, { app => 'live' })) for 16, 19;
is($r->call('createStream', 1), undef, 'no answer before connect')
    if $r->{timeout} = 0.3;
$r->{timeout} = 10;
is($r->connect->{code}, 'NetConnection.Connect.Success', 'connected after all');

# shared objects named like commands

$r->message(19, 3, 0, 0, pack('n/a', 'publish')
    . amf_encode(2, undef, 'kq7-guard-b', 'live'));
is($r->publish('kq7-guard-b')->{code}, 'NetStream.Publish.Start',
    'not published by a shared object before');
$r->close;
is(harm(), '', 'early commands harm nobody');

# chunks

for my $size (0, 1, 127, (1 << 20) + 1, 2 ** 31 - 1, 0xffffffff) {
    $r = peer('live', 'connected');
    $r->control(1, pack 'N', $size);
    is(why($r), 'bad_chunk', "chunk size $size");
}

$r = peer('plain', 'publisher');
$r->control(1, pack 'N', 64);
is(why($r), 'bad_chunk', 'chunk size 64 of a publisher');

for my $state (qw(new publisher)) {
    $r = peer('plain', $state);
    $r->{out_chunk} = $state eq 'new' ? 128 : 4096;

    my @long = $r->chunks(9, 6, 1, 0, 'x' x 30_000);
    my @short = $r->chunks(9, 6, 1, 0, 'x' x 100);

    $r->send_raw(join '', @long[0 .. 2], @short, @long[3 .. $#long - 1]);
    is(why($r), 'bad_chunk', "a message shortened in its middle, $state");
}

is(attack('live', 'connected', 9, 'x' x 70_000), 'bad_chunk',
    'a message larger than a stranger may send');
is(harm(), '', 'chunks harm nobody');

# strangers with 30 unfinished messages each; commands without end

my $rss = rss();
my @peers = map { peer($_ % 2 ? 'live' : 'plain', 'connected') } 1 .. 20;

for my $i (0 .. 450) {
    for my $csid (2 .. 31) {
        $_->{out} .= $i ? chr(0xc0 | $csid) . 'x' x 128
            : ($_->chunks(9, $csid, 1, 0, 'x' x 60_000))[0] for @peers;
    }
    $_->flush for grep { !$_->{closed} } @peers;
}

is(join(' ', map { why($_) } @peers), join(' ', ('bad_chunk') x 20),
    '30 unfinished messages');
cmp_ok(rss() - $rss, '<', 16 << 10, 'the memory of strangers, kB');

sub rss { return $t->read("../../../../proc/$worker/status") }

$t->done;
