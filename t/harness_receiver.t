#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The receiver of pushes, tried with a real publisher, over RTMP and RTMPS, and
# each of its misbehaviours with what a publisher sees of it.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::FFmpeg;
use Test::Live::Flv;
use Test::Live::IO qw(now);
use Test::Live::RTMP;

my $t = Test::Live->new(modules => []);
my $media = Test::Live::FFmpeg->media;
my $count = 0;


# ffmpeg in real time, or as fast as it goes

sub ffmpeg {
    my ($url, %o) = @_;

    return $t->spawn('ffmpeg-' . ++$count, qw(ffmpeg -nostdin -hide_banner
        -nostats), $o{fast} ? () : '-re', '-stream_loop', $o{loop} // -1,
        '-i', $media, qw(-c copy), @{ $o{args} || [] }, qw(-f flv), $url);
}


# a client of our own, to see what comes

sub client {
    my ($r, %o) = @_;
    return Test::Live::RTMP->new(port => $r->port, timeout => 5, %o);
}


# a good one

my $r = $t->receiver(name => 'a');
my $p = ffmpeg($r->url('key-a?x=1'));
my $e = $r->wait_event('publish');

is($r->url('k'), 'rtmp://localhost:' . $r->port . '/live/k', 'url');
is($r->url, 'rtmp://localhost:' . $r->port . '/live', 'url without a key');
is($e->{name}, 'key-a?x=1', 'the name published');
is($e->{app}, 'live', 'its application');
is($e->{type}, 'live', 'and kind');
is($e->{conn}, 1, 'the first connection');
like($r->wait_event('connected')->{peer}, qr/^127\.0\.0\.1:\d+$/, 'from here');
is($r->wait_event('connect')->{tcUrl}, $r->url, 'tcUrl');
is($r->wait_event('status')->{code}, 'NetStream.Publish.Start', 'status');
is($r->wait_event('metadata')->{data}{width}, 640, 'metadata');

$e = $r->wait_event('first_frame');
is($e->{keyframe}, 1, 'the first frame is a keyframe');
like("@{ $e->{order} }", qr/^metadata video_config audio_config(?: audio)? key$/,
    'and what was before it');

$t->wait_for(sub { $r->stats->{video} > 50 }, '50 frames');
$p->stop;

$e = $r->wait_event('disconnect');
is($e->{reason}, 'eof', 'the end');
is($e->{delete_stream}, 1, 'with deleteStream');
is($e->{fc_unpublish}, 1, 'and FCUnpublish');

my $s = $r->stats;
my ($c) = @{ $s->{connections} };

is($s->{open}, 0, 'nobody is connected');
is($s->{published}, 1, 'one has published');
is($s->{metadata}, 1, 'one onMetaData');
is($s->{video_config}, 1, 'one configuration of the video');
is($s->{audio_config}, 1, 'one of the audio');
is($s->{backwards}, 0, 'time goes forward');
is_deeply($s->{faults}, [], 'no faults');
cmp_ok($s->{keyframes}, '>=', 2, 'keyframes');
cmp_ok($s->{audio}, '>', 50, 'audio');
cmp_ok($s->{media_bytes}, '<', $s->{bytes_in}, 'bytes');
cmp_ok($c->{silence}, '<', 2, 'it flowed');
is($c->{ts_gap}, 40, 'without a gap');
is($r->last->{name}, 'key-a?x=1', 'the last one');
is_deeply($r->stats(1), $c, 'the stats of a connection');
is($r->stats(2), undef, 'there is no other');

my $flv = Test::Live::Flv->new($r->flv);

is($s->{other}, 1, 'the end of the sequence');
is(scalar @{ $flv->{video} }, $s->{video} + 1, 'all of it is in the file');
is(scalar @{ $flv->{audio} }, $s->{audio}, 'the audio, too');
is($flv->faults, '', 'and decode');
is($r->flv(1), $r->flv, 'its name');

# it goes on at the number after the last

$r->kill;
ok(!$t->alive($r->pid // 0), 'killed');
is(ffmpeg($r->url('k'))->wait(10), 1, 'nobody is there');
$r->revive;

# answers of another kind

$r->set(s2 => 'zero', bwdone => 1, window => 100_000, chunk => 65536,
    ping => 0.2, fc => 'error', stream => 7, split => 7);

$p = ffmpeg($r->url('odd'));

$e = $r->wait_event('first_frame', 20);
is($e->{conn}, 2, 'numbers go on');
ok($r->wait_event('pong'), 'a ping is answered');
ok($r->wait_event('pong'), 'and another');
$t->wait_for(sub { $r->stats->{video} > 20 }, '20 frames');
is($r->stats->{checkbw}, 1, 'onBWDone was seen');
cmp_ok($r->stats->{peer_acks}, '>=', 0, 'acknowledgements were counted');
is_deeply($r->stats->{faults}, [], 'no faults');
$p->stop;
$r->wait_event('disconnect');

$r->set(stream => 4294967295);

my $x = client($r);
$x->connect;

my %control = map { $_->{type} => $_->{value} } @{ $x->{queue} };

is($control{+Test::Live::RTMP::SET_CHUNK_SIZE}, 65536, 'a chunk size');
is($control{+Test::Live::RTMP::WINDOW_ACK}, 100_000, 'a window');
ok($control{+Test::Live::RTMP::PEER_BANDWIDTH}, 'a bandwidth');
is((grep { $_->{args} && $_->{args}[0] eq 'onBWDone' } @{ $x->{queue} }), 1,
    'onBWDone before the result');
is(($x->call('releaseStream', 'k'))[0], '_error', 'releaseStream fails');
is($x->create_stream, 4294967295, 'a large number of a stream');
$x->drop;

$x = client($r, handshake => 0, timeout => 5);
$x->send_raw("\3" . "\1" x 1536);
is(substr($x->read_raw(3073), 1537), "\0" x 1536, 'S2 of zeros');
$x->drop;

$r->set(map { $_ => undef } qw(s2 bwdone window chunk ping fc stream split));

$x = client($r, handshake => 0);
$x->send_raw("\3" . "\1" x 1536);
is(substr($x->read_raw(3073), 1537), "\1" x 1536, 'S2 that is C1');
$x->drop;

# acknowledgements

$x = client($r);
$x->publish('acks');
$x->media(seconds => 2, kbps => 8000);
ok($x->wait_message(sub { $_[0]{type} == Test::Live::RTMP::ACK }, 5),
    'an acknowledgement');
$r->set(acks => 0);
1 while $x->read_message(0);
$x->media(seconds => 2, kbps => 8000);
ok(!$x->wait_message(sub { $_[0]{type} == Test::Live::RTMP::ACK }, 0.5),
    'acks => 0: none');
$r->set(acks => 1000);
$x->media(seconds => 0.5, kbps => 8000);
ok($x->wait_message(sub { $_[0]{type} == Test::Live::RTMP::ACK }, 5),
    'acks => 1000');
$x->close;

is($r->last->{delete_stream}, 1, 'a clean end');

$r->set(acks => undef);

# refusals: ffmpeg gives up

my %refused = (
    connect => [refuse => 'NetConnection.Connect.InvalidApp'],
    publish => [badname => 'NetStream.Publish.BadName'],
);

for my $stage (sort keys %refused) {
    my ($how, $code) = @{ $refused{$stage} };

    $r->set($stage => $how);
    ok(ffmpeg($r->url('refused'))->wait(10), "ffmpeg fails: $code");
    ok($r->wait_event('status', 5, code => $code), "$stage => '$how'");
    $r->set($stage => undef);
}

for (['denied', 'NetStream.Publish.Denied'],
    ['rejected', 'NetStream.Publish.Rejected'],
    [{ code => 'NetStream.Odd', description => 'so' }, 'NetStream.Odd'])
{
    $r->set(publish => $_->[0]);
    $x = client($r);
    $e = $x->publish('k');
    is($e->{code}, $_->[1], "publish => $_->[1]");
    is($e->{level}, 'error', 'an error');
    $x->drop;
}

$r->set(publish => 'close');
$p = ffmpeg($r->url('closed'));
ok($p->wait(10), "ffmpeg fails: publish => 'close'");
is($r->wait_event('disconnect', 5, name => 'closed')->{reason}, 'closed',
    'by the receiver');
is((grep { $_->{conn} == $e->{conn} } $r->events('status')), 0,
    'without a status') if $e = ($r->events('publish'))[-1];
$r->set(publish => undef);

# a name that is in use, and for a while after

$r->set(hold => 1);
$x = client($r);
is($x->publish('held')->{code}, 'NetStream.Publish.Start', 'the first');

my $y = client($r);
is($y->publish('held')->{code}, 'NetStream.Publish.BadName', 'the second');
$y->drop;
$y = client($r);
is($y->publish('other')->{code}, 'NetStream.Publish.Start', 'another name');
$_->drop for $x, $y;
$r->wait_event('disconnect', 5, name => 'held') for 1 .. 2;

$y = client($r);
is($y->publish('held')->{code}, 'NetStream.Publish.BadName', 'still held');
$y->drop;
$t->pause(1.2);
$y = client($r);
is($y->publish('held')->{code}, 'NetStream.Publish.Start', 'free');
$y->drop;
$r->set(hold => undef);

# says nothing

for my $stage (qw(handshake connect create publish)) {
    $r->set(silent => $stage);

    my $now = now();

    $x = client($r, timeout => 0.3);
    $e = $x->publish('k', undef, timeout => 0.3);

    ok(!$e, "silent => '$stage'");
    is($x->closed || '', '', 'and stays open');
    $x->drop;
}

$r->set(silent => undef);

# garbage

for my $stage (qw(handshake connect create publish)) {
    $r->set(garbage => $stage);
    $x = client($r, timeout => 0.5, handshake => 0);

    my $before = $x->{bytes_in};
    my $fine = eval {
        $x->handshake && $x->publish('k', undef, timeout => 0.5);
    };

    ok(!$fine || ($fine->{code} || '') ne 'NetStream.Publish.Start',
        "garbage => '$stage'");
    cmp_ok($x->{bytes_in}, '>=', 4096, 'came');
    $x->drop;
}

$r->set(garbage => undef);

# statuses while it is live; once each

$x = client($r);
$x->publish('told');
$r->set(reconnect => 'rtmp://other.example/app');
$e = $x->wait_status(qr/./, 5);
is($e->{code}, 'NetConnection.Connect.ReconnectRequest', 'reconnect');
is($e->{tcUrl}, 'rtmp://other.example/app', 'and where to');
$r->set(reconnect => '');
is($x->wait_status(qr/./, 5)->{tcUrl}, undef, 'or here');
$r->set(say => { code => 'NetConnection.Connect.Closed' });
is($x->wait_status(qr/./, 5)->{code}, 'NetConnection.Connect.Closed', 'say');
$r->set(reconnect => undef);
is($x->wait_status(qr/./, 0.3), undef, 'once');

$e = $x->{bytes_in} + 4000;
$r->set(garbage => 'now');
$t->wait_for(sub { eval { $x->fill(now() + 0.1) }; $x->{bytes_in} > $e },
    'garbage now');
$x->drop;
$r->wait_event('disconnect', 5, name => 'told');

$r->set(reconnect => 'rtmp://next.example/app');
$x = client($r);
is($x->publish('next')->{code}, 'NetStream.Publish.Start', 'the next one');
is($x->wait_status(qr/Reconnect/, 5)->{tcUrl}, 'rtmp://next.example/app',
    'is asked, too');
$x->drop;

$x = client($r);
$x->publish('after');
is($x->wait_status(qr/Reconnect/, 0.3), undef, 'the one after is not');

# closes

$r->drop;
is($x->eof(5), 'eof', 'drop');
$x = client($r);
$x->publish('reset');
$r->drop('reset');
is($x->eof(5), 'reset', "drop('reset')");

$r->set(close_after => 0.5);
$x = client($r);
$x->publish('timed');

my $now = now();
is($x->eof(5), 'eof', 'close_after');
cmp_ok(now() - $now, '>', 0.2, 'not at once');
$r->set(close_after => undef);

$x = client($r);
$x->connect;
$r->set(listen => 0);
ok(!eval { client($r) }, 'listen => 0');
is($x->publish('inside')->{code}, 'NetStream.Publish.Start',
    'who is inside stays');
$x->drop;
$r->set(listen => 1);
ok(client($r)->connect, 'listen => 1');

# slow, and not at all

my $b = $t->receiver(name => 'b', rcvbuf => 16384,
    behaviour => { slow => 50_000 });

$x = client($b);
is($x->publish('slow')->{code}, 'NetStream.Publish.Start', 'slow');
$x->live(video => 'avc', kbps => 4000);
$t->pause(2);
$s = $b->stats;
cmp_ok($s->{bytes_in}, '<', 150_000, 'reads so much');
cmp_ok($s->{bytes_in}, '>', 50_000, 'and no less');
$b->set(slow => undef);
$t->wait_for(sub { $b->stats->{bytes_in} > 500_000 }, 'reads at once');
$b->set(stall => 1);
$s = $b->stats->{bytes_in};
$t->pause(0.5);
is($b->stats->{bytes_in}, $s, 'stall');
is($b->stats->{open}, 1, 'it stays open');

$y = client($b);
is($y->publish('another')->{code}, 'NetStream.Publish.Start',
    'a new connection is taken up to there');
$y->drop;
ok($b->wait_event('disconnect', 5, name => 'another'), 'an end is seen');
$b->set(stall => 0);
$t->wait_for(sub { $b->stats->{bytes_in} > $s }, 'goes on');
$x->live(0);
$x->drop;
ok($b->wait_event('disconnect', 10, name => 'slow'), 'its end');
is_deeply($b->stats->{faults}, [], 'no faults');

# what no server puts up with is a fault

$x = client($b);
$x->connect;
$x->create_stream;
$x->video(avc_header(), 0);
$b->wait_event('fault', 5);
$x->publish('faults');
$x->audio(aac_header(), 0);
$x->video(avc_header(), 0);
$x->video(avc_frame(1), 200);
$x->video(avc_frame(2), 100);
$x->message(9, 6, 7, 120, avc_frame(3));
ok($b->wait_event('fault', 5, text => 'video on stream 7'), 'another stream');
$s = $b->last;
is("@{ $s->{faults} }",
    'video without Publish.Start video on stream 7', 'all of them');
is($s->{first_key}, 0, 'the first frame is no keyframe');
is($s->{backwards}, 1, 'time goes back');
is($s->{video}, 3, 'frames');
is("@{ $s->{order} }", 'audio_config video_config video', 'their order');
$x->drop;

$x = client($b);
$x->send_raw("\xc9" x 100);
$x->message(20, 3, 0, 0, "\2\0\7connect\x77");
is($b->wait_event('disconnect', 5, reason => 'protocol')->{published}, 0,
    'what is not RTMP');

# Enhanced RTMP

$x = client($b);
$x->publish('enhanced');
$x->video(hevc_header(), 0);
$x->video(hevc_frame(0), 0);
$x->video(hevc_frame(1), 40);
$x->audio(opus_header(), 0);
$x->audio(opus_frame(), 0);
$t->wait_for(sub { $b->last->{audio} == 1 }, 'the audio');
$s = $b->last;
is("@$s{qw(video_config keyframes video audio_config first_key)}", '1 1 2 1 1',
    'enhanced codecs');
$x->drop;

# TLS

SKIP: {
    skip 'IO::Socket::SSL is missing', 1
        if !eval { require IO::Socket::SSL } && !$ENV{TEST_COMPLETE};

    my $c = $t->receiver(name => 'c', tls => 'good',
        behaviour => { bwdone => 1 });

    like($c->url('k'), qr{^rtmps://localhost:\d+/live/k$}, 'url with TLS');

    my @verify = (args => ['-tls_verify', 1, '-ca_file', $c->ca]);
    my $p = ffmpeg($c->url('tls-key'), @verify);

    my $e = $c->wait_event('tls');
    is($e->{sni}, 'localhost', 'SNI');
    like($e->{version}, qr/^TLSv1_[23]$/, 'TLS');
    is($c->wait_event('publish')->{name}, 'tls-key', 'published with TLS');
    $t->wait_for(sub { $c->stats->{video} > 50 }, '50 frames');
    $p->stop;

    is($c->wait_event('disconnect')->{delete_stream}, 1, 'a clean end');
    is_deeply($c->stats->{faults}, [], 'no faults');

    my $flv = Test::Live::Flv->new($c->flv);
    is(scalar @{ $flv->{video} }, $c->stats->{video} + 1,
        'all is in the file');
    is($flv->faults, '', 'and decodes');

    # as fast as it goes, so that records and chunks do not meet, in one piece
    # and in many

    for my $split (undef, 5) {
        $c->set(split => $split, acks => 0);
        is(ffmpeg($c->url('fast'), fast => 1, loop => 0)->wait(30), 0, 'fast');
        is($c->wait_event('disconnect', 10, name => 'fast')->{video}, 250,
            'every frame');
    }

    $c->set(split => undef);

    # certificates

    my %want = (
        good    => qr/Verification: OK/,
        wrong   => qr/hostname mismatch/,
        expired => qr/certificate has expired/,
        unknown => qr/unable to (?:get local issuer|verify the first)/,
    );

    for my $kind (qw(wrong expired unknown good)) {
        $c->set(tls => $kind);

        if ($kind ne 'good') {
            ok(ffmpeg($c->url("with-$kind"), @verify)->wait(10),
                "ffmpeg refuses '$kind'");
            is(scalar $c->events('publish', name => "with-$kind"), 0,
                'and publishes nothing');
        }

        my $client = $t->spawn("openssl-$kind", qw(openssl s_client -brief
            -verify_return_error -verify_hostname localhost -servername
            localhost -connect), 'localhost:' . $c->port, '-CAfile', $c->ca);

        $client->wait(10);
        like($client->stderr, $want{$kind}, "tls => '$kind'");
    }

    ok(scalar $c->events('tls_failed'), 'the receiver saw the refusal');

    # no TLS from the client, and none from the receiver

    $x = client($c, handshake => 0);
    $x->send_raw("\3" . "\0" x 1536);
    is($x->eof(5) ? 1 : 0, 1, 'RTMP to RTMPS');

    $c->set(silent => 'tls');
    my $n = $c->events('connected');
    $p = ffmpeg($c->url('k'));
    $t->wait_for(sub { $c->events('connected') > $n }, 'connected');
    ok(!defined $p->wait(0.5), "silent => 'tls'");
    $p->stop('KILL');
    $c->set(silent => undef);

    # stall and slow work below TLS, too

    $c->set(slow => 100_000);
    $p = ffmpeg($c->url('slow'), fast => 1);
    $c->wait_event('first_frame', 20, conn => $c->wait_event('publish', 10,
        name => 'slow')->{conn});
    $t->pause(1);
    cmp_ok($c->stats->{connections}[-1]{bytes_in}, '<', 300_000, 'slow');
    $c->set(slow => undef, stall => 1);
    my $bytes = $c->stats->{bytes_in};
    $t->pause(0.3);
    cmp_ok($c->stats->{bytes_in} - $bytes, '<', 100_000, 'stalled');
    $c->drop('reset');
    $p->wait(10);
}

# eight at a time.  ffmpeg reads nothing at its end: with an acknowledgement
# unread its close is a reset, which may overtake the last frames

my @all = map { $t->receiver(name => "n$_", behaviour => { acks => 0 }) }
    1 .. 8;
my @publishers = map { ffmpeg($_->url('k'), fast => 1, loop => 3) } @all;

$_->wait(30) for @publishers;

is(join(' ', map { $_->wait_event('disconnect')->{video} } @all),
    join(' ', (1000) x 8), 'eight receivers have every frame');

$t->done;
