#!/usr/bin/perl

# Copyright (C) the ngx_live contributors

# The input guard against AMF, codec headers, aggregates and commands that kill
# or stop a worker of stock nginx-rtmp.  One worker, which all of them share.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::RTMP;
use Test::Live::Attack;

my $t = Test::Live->new(workers => 1,
    secrets => ['kq7-guard-a', 'kq7-guard-b']);

is(length spinning_avc(), 32, 'the header that spins');

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

    is(dies($stock, 20, amf_encode('connect', 1) . deep_amf(240_000)), 11,
        'stock: deep AMF in connect');
    is(dies($stock, 22, nested_aggregates(60_000)), 11,
        'stock: nested aggregates');
    is(dies($stock, 18, amf_encode('@setDataFrame', 'onMetaData', {})), 11,
        'stock: metadata before connect');
    is(dies($stock, 19, pack('n/a', '@setDataFrame')
        . amf_encode('onMetaData', {})), 11,
        'stock: a shared object named like it');

    my ($pid) = $stock->workers;

    $stock->rtmp->message(9, 6, 1, 0, spinning_avc());
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
    }
}

EOC

my $a = Test::Live::Attack->new($t, key => 'kq7-guard-a', name => 'alice',
    keys => { live => 'kq7-guard-b', plain => 'p' });

is($a->harm, '', 'frames flow');

# AMF

is($a->attack('live', 'new', 20, amf_encode('connect', 1) . deep_amf(15_000)),
    'bad_amf', 'deep AMF in connect');
is($a->attack('live', 'new', 20, deep_amf(15_000)), 'bad_amf',
    'deep AMF, no name');
is($a->attack('live', 'new', 20, amf_encode('connect', 1)
    . deep_amf(240_000)), 'bad_chunk', 'AMF larger than a stranger may send');
is($a->attack('live', 'new', 17, "\0" . "\x0a\0\0\0\1" x 12_000),
    'bad_amf', 'deep arrays in an AMF3 command');
is($a->attack('live', 'connected', 20, amf_encode('createStream', 2)
    . deep_amf(17)), 'bad_amf', 'AMF one level too deep');
is($a->attack('plain', 'connected', 20, amf_encode('play', 2)
    . deep_amf(15_000)), 'bad_amf', 'deep AMF without multisource');
is($a->attack($_, 'publisher', 18, amf_encode('@setDataFrame', 'onMetaData')
    . deep_amf(240_000)), 'bad_amf', "deep AMF in metadata, $_")
    for qw(live plain);
is($a->attack('live', 'publisher', 18, amf_encode('x', [(undef) x 70_000])),
    'bad_amf', 'AMF of too many values');
is($a->harm, '', 'deep AMF harms nobody');

# codec headers

is($a->attack('live', 'new', 9, spinning_avc()), 'bad_codec_header',
    'AVC header before connect');
is($a->attack($_, 'stream', 9, spinning_avc()), 'bad_codec_header',
    "AVC header without a publish, $_") for qw(live plain);
is($a->attack($_, 'publisher', 9, spinning_avc()), 'bad_codec_header',
    "AVC header of a publisher, $_") for qw(live plain);
is($a->attack('live', 'player', 9, spinning_avc()), 'bad_codec_header',
    'AVC header of a player');
is($a->attack($_, 'publisher', 9, "\x97\0" . substr spinning_avc(), 2),
    'bad_codec_header', "AVC header that is Enhanced RTMP ModEx, $_")
    for qw(live plain);
is($a->attack('plain', 'new', 9, "\x97\0" . substr spinning_avc(), 2),
    'bad_codec_header', 'and before connect');
is($a->harm, '', 'codec headers harm nobody');

# aggregates

is($a->attack('live', 'publisher', 22, nested_aggregates(1)), 'bad_aggregate',
    'an aggregate in an aggregate');
is($a->attack($_, 'publisher', 22, nested_aggregates(60_000)),
    'bad_aggregate', "60,000 aggregates, $_") for qw(live plain);
is($a->attack('live', 'publisher', 22, aggregate([8, aac_frame()],
    [9, spinning_avc()])), 'bad_codec_header', 'AVC header in an aggregate');
is($a->attack('plain', 'publisher', 22, aggregate([18,
    amf_encode('onMetaData') . deep_amf(100)])), 'bad_amf',
    'deep AMF in an aggregate');
is($a->attack('live', 'publisher', 22, aggregate([20,
    amf_encode('createStream', 9)])), 'bad_aggregate',
    'a command in an aggregate');
is($a->attack('live', 'publisher', 22, aggregate([1, "\0\0\0\1"])),
    'bad_aggregate', 'a chunk size in an aggregate');
is($a->attack('live', 'publisher', 22, aggregate([8, aac_frame()])
    . "\x09\0\1"), 'bad_aggregate', 'a cut header in an aggregate');
is($a->attack('live', 'publisher', 22, "\x09\0\xff\xff" . "\0" x 20),
    'bad_aggregate', 'a length behind the end of an aggregate');

for my $state (qw(new connected stream player)) {
    my $r = $a->peer('live', $state);

    $r->message(22, 5, 1, 0, nested_aggregates(4000));
    $r->message(22, 5, 1, 0, aggregate([9, spinning_avc()]));
    is($r->eof(0.1), '', "aggregates of a stranger are dropped: $state");
    $r->drop;
}

is($a->harm, '', 'aggregates harm nobody');

# commands and data for an application that is not there yet

my $r = $a->peer('live', 'new', timeout => 0.3);

$r->message(18, 4, 1, 0, amf_encode('@setDataFrame', 'onMetaData', {}));
$r->message(18, 4, 1, 0, amf_encode('onMetaData', {}));
$r->command($_, undef, 'kq7-guard-b') for qw(publish play play2 releaseStream
    FCPublish deleteStream closeStream pause seek);
$r->user_control($_, 1, 1) for 0 .. 8;
$r->message(19, 3, 0, 0, pack('n/a', 'connect') . amf_encode(1,
    { app => 'live' }));
$r->message(16, 3, 0, 0, "\0" . pack('n/a', 'connect') . amf_encode(1,
    { app => 'live' }));
is($r->call('createStream'), undef, 'no answer before connect');
$r->{timeout} = 10;
is($r->connect->{code}, 'NetConnection.Connect.Success', 'then it connects');

# shared objects named like commands

$r->message(19, 3, 0, 0, pack('n/a', 'publish')
    . amf_encode(2, undef, 'kq7-guard-b', 'live'));
is($r->publish('kq7-guard-b')->{code}, 'NetStream.Publish.Start',
    'a shared object has published nothing');
$r->close;
is($a->harm, '', 'early commands harm nobody');

# commands without end

my $foo = join '', map { $r->chunks(20, 3, 0, 0, amf_encode('foo', 0)) }
    1 .. 20_000;

for my $state (qw(new connected player)) {
    $r = $a->peer('live', $state);
    $r->send_raw($foo);
    is($a->why($r), 'too_many_commands', "20,000 commands: $state");
}

$r = $a->peer('plain', 'connected');
$r->send_raw($foo);
is($a->why($r), 'too_many_commands', '20,000 commands without multisource');
is($a->harm, '', 'commands harm nobody');

# all of it is counted

my $refused = $t->get('/status')->json->{refused};

is($refused->{$_}, $a->{ended}{$_}, "$_ in /status")
    for qw(bad_amf bad_codec_header bad_aggregate bad_chunk too_many_commands);

$t->done;
