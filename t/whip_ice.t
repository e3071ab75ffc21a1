#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# ICE: the order in which clients do things, requests that are wrong, addresses
# that change, restarts, TCP, STUN that comes to the other worker, and clients
# that vanish.

use strict;
use warnings;

use lib 't/lib';

use Compress::Zlib qw(crc32);
use Digest::SHA qw(hmac_sha1);
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use Test::Live;
use Test::Live::Flv;

my $key = 'wic6-key-of-alice';

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

    log_format whip '$request_method $status $whip_session';

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        access_log %%DIR%%/whip.log whip;

        whip_rate off;
        whip_max_pending 20;

        location /whip/ { whip live; }
        location /idle/ { whip live; whip_idle_timeout 4s; }
        location /list  { whip_status; }
    }
}
EOC

my %media = (media => { kbps => 300 });

sub start {
    my ($name, %o) = @_;

    return $t->whip(path => "/whip/$name",
        bearer => $key, %media, %o);
}

sub session {
    my ($name) = @_;

    my ($l) = grep { $_->{stream} eq "alice_$name" }
        @{ $t->get('/list')->json->{list} };
    return $l || {};
}

sub frames { return (session($_[0])->{video} || {})->{frames} || 0 }

# media goes on from here

sub goes_on {
    my ($name, $what) = @_;

    my $n = frames($name);
    return $t->wait_for(sub { frames($name) > $n + 20 }, 6, "$name: $what");
}

my %p = (
    early   => start('early', dtls_after => 'checked', nominate_delay => 2000),
    later   => start('later', dtls_after => 'nominated', nominate_delay => 700),
    minimal => start('minimal', stun => 'minimal', nomination => 'aggressive'),
    rebind  => start('rebind', consent => 1000),
    silent  => start('silent', consent => 1000),
    restart => start('restart', consent => 1000),
    tcp     => start('tcp', tcp => 1),
    vanish  => start('vanish', path => '/idle/vanish'),
    alive   => start('alive', path => '/idle/alive', consent => 0),
    consent => start('consent', path => '/idle/consent', consent => 1000),
    killed  => start('killed'),
);

for my $name (sort keys %p) {
    ok($p{$name}->connected, "$name connects");
    is_deeply($p{$name}->answer->{errors}, [], "$name: the answer");
}

# they vanish, are silent or pause from now on

$p{vanish}->stop('vanish');
$p{consent}->set(audio_pause => 1, video_pause => 1);
my $vanished = time;

# nomination

my ($nominated) = $p{early}->wait_event('nominated', 5);

cmp_ok($p{early}->connected->{t}, '<', $nominated->{t} - 1,
    'DTLS is done before the nomination');
cmp_ok($p{later}->connected->{t}, '>',
    $p{later}->wait_event('nominated')->{t}, 'DTLS after a late nomination');
goes_on($_, 'media flows') for qw(early later minimal tcp);

# another address, first found by a check, then by media alone

my %before = map { $_ => session($_) } qw(rebind silent);

$p{rebind}->cmd('rebind');
$p{silent}->cmd('rebind', check => 0);

for my $name (qw(rebind silent)) {
    $t->wait_for(sub { session($name)->{path}{count} == 2 }, 4,
        "$name: another path");
    goes_on($name, 'media flows on it');
    is(session($name)->{session}, $before{$name}{session},
        "$name: the same session");
}

isnt(session('rebind')->{path}{remote}, $before{rebind}{path}{remote},
    'rebind: nominated, so that feedback goes there');

# requests that are wrong, none of which ends anything

my %answer = (
    good               => 'success', nominate         => 'success',
    optional_attribute => 'success', role_conflict     => 'error 487',
    unknown_attribute  => 'error 420', bad_integrity   => 'none',
    no_integrity       => 'none', no_username          => 'none',
    unknown_ufrag      => 'none', bad_fingerprint      => 'none',
    cut_off            => 'none',
);

for my $kind (sort keys %answer) {
    my $reply = $p{early}->stun($kind) || {};
    my $is = $reply->{answer} || 'nothing';

    $is .= " $reply->{code}" if $reply->{code};
    is($is, $answer{$kind}, "STUN: $kind");
}

goes_on('early', 'media flows after all that');

# a restart

sub stun_request {
    my ($username, $password) = @_;

    my $id = join '', map { chr int rand 256 } 1 .. 12;
    my $attributes = '';

    my $add = sub {
        my ($type, $value) = @_;
        $attributes .= pack('n n', $type, length $value) . $value
            . "\0" x (-length($value) % 4);
    };

    my $head = sub { pack('n n N', 1, length($attributes) + $_[0], 0x2112a442) . $id };

    $add->(0x0006, $username);
    $add->(0x0024, pack 'N', 1);
    $add->(0x802a, 'tiebreak');
    $add->(0x0008, hmac_sha1($head->(24) . $attributes, $password));
    $add->(0x8028, pack 'N', crc32($head->(8) . $attributes) ^ 0x5354554e);

    return $head->(0) . $attributes;
}

# the mapped port that is answered to a socket of ours, 0: no answer

sub ask {
    my ($username, $password, $timeout, $socket) = @_;

    $socket ||= IO::Socket::INET->new(Proto => 'udp',
        LocalAddr => '127.0.0.1', PeerAddr => '127.0.0.1:' . $t->port('WHIP'));

    my $request = stun_request($username, $password);

    # a datagram may be lost: sent again as clients do, RFC 8489, 6.2.1

    my $deadline = time + $timeout;
    my $wait = 0.5;

    while (1) {
        $socket->send($request) if length $request;

        my $left = $deadline - time;
        last if IO::Select->new($socket)->can_read($wait < $left ? $wait : $left);

        return 0 if time >= $deadline;
        $wait *= 2;
    }

    $socket->recv(my $reply, 2048);

    return 0 unless unpack('n', $reply) == 0x0101
        && substr($reply, 8, 12) eq substr($request, 8, 12)
        && $reply =~ /\x00\x20\x00\x08\x00\x01(..)/s;

    my $port = unpack('n', $1) ^ 0x2112;
    return $port == $socket->sockport ? $port : 0;
}

sub credentials {
    my ($sdp) = @_;

    my ($ufrag) = $sdp =~ /^a=ice-ufrag:(\S+)/m;
    my ($pwd) = $sdp =~ /^a=ice-pwd:(\S+)/m;

    return ("$ufrag:any", $pwd);
}

my @old = credentials($p{restart}->answer->{sdp});
my $etag = $p{restart}->answer->{etag};

ok(ask(@old, 2), 'the credentials of the answer');

my $n = frames('restart');
my $mark = $p{restart}->mark;

$p{restart}->cmd('restart');

my $patch = $p{restart}->http('PATCH', 5);

is($patch->{status}, 200, 'restart: 200');
isnt($patch->{headers}{etag}, $etag, 'restart: another ETag');
ok($p{restart}->wait_event('nominated', 5, since => $mark,
    where => sub { $_[0]{why} eq 'restart' }), 'restart: nominated');

my $restarted = time;
my @new = credentials($patch->{body});

isnt($new[0], $old[0], 'restart: another ufrag');
ok(ask(@new, 2), 'restart: the new credentials');
ok(!ask($new[0], $old[1], 0.3), 'restart: not with the old password');
goes_on('restart', 'media flows after the restart');

# STUN in the other worker: from many addresses, each of which the kernel gives
# to whom it likes; and while the owner is stopped

my $owner = session('early')->{worker};
my ($other) = grep { $_ != $owner } $t->workers;
my @credentials = credentials($p{early}->answer->{sdp});

is(scalar(grep { ask(@credentials, 2) } 1 .. 40), 40,
    'STUN is answered wherever it comes');

$t->kill_worker($other, 'STOP');
is(scalar(grep { ask(@credentials, 2) } 1 .. 3), 3,
    'by the owner, while the other one stands still');
$t->kill_worker($other, 'CONT');

my @sockets = map { IO::Socket::INET->new(Proto => 'udp',
    LocalAddr => '127.0.0.1', PeerAddr => '127.0.0.1:' . $t->port('WHIP')) }
    1 .. 3;

$t->kill_worker($owner, 'STOP');
my @requests = map { stun_request(@credentials) } @sockets;
$sockets[$_]->send($requests[$_]) for 0 .. 2;
$t->pause(0.3);
$t->kill_worker($owner, 'CONT');

my $answered = 0;

for my $i (0 .. 2) {
    IO::Select->new($sockets[$i])->can_read(2) or next;
    $sockets[$i]->recv(my $reply, 2048);
    $answered++ if substr($reply, 8, 12) eq substr($requests[$i], 8, 12);
}

is($answered, 3, 'handed to the owner by the other one, while it stood still');
goes_on('early', 'media flows after all these addresses');

# consent alone is a sign of life, until nginx-rtmp has heard nothing for long

my $wait = $vanished + 6 - time;
$t->pause($wait) if $wait > 0;
is($p{consent}->events('closed'), 0, 'consent alone keeps it alive');
is($t->logged(qr/"alice_consent" ended/), 0, 'consent: not ended');

# a POST while each of the workers in turn stands still, which does not keep
# the other one from it

for my $worker ($owner, $other) {
    $t->kill_worker($worker, 'STOP');
    my $p = start("alone$worker");
    ok($p->connected(5), 'a session while one worker stands still');
    $t->kill_worker($worker, 'CONT');
    $p->stop('full');
}

# TCP

is(session('tcp')->{path}{protocol}, 'tcp', 'tcp: protocol');
is(session('early')->{path}{protocol}, 'udp', 'udp: protocol');
is(session('tcp')->{video}{lost}, 0, 'tcp: nothing is lost');
is($p{tcp}->stop('full'), 0, 'tcp: stops well');

# killed, and again at once

$p{killed}->kill;

my $again = start('killed');
my $connected = $again->connected;

cmp_ok($connected && $connected->{ms}, '<', 2000, 'taken over at once');
is($t->logged(qr/"alice_killed" ended .*: taken_over /), 1, 'with its reason');
goes_on('killed', 'media flows');

# who vanished; media alone or consent alone are signs of life

my $gone = $t->wait_log(qr/"alice_vanish" ended .*: consent_expired /, 8);
my ($ms) = ($gone || '') =~ /ended after (\d+) ms/;

cmp_ok($ms || 0, '>', 3900, 'vanished: not at once');
cmp_ok($ms || 0, '<', 7500, 'vanished: after the idle timeout');
is(session('vanish')->{state}, undef, 'vanished: not listed');

goes_on('alive', 'media alone keeps it alive');

# a path that nobody nominated is sent on when nothing comes by the other one

isnt(session('silent')->{path}{remote}, $before{silent}{path}{remote},
    'silent: feedback goes where it comes from');

# the old credentials, some time after the restart

$wait = $restarted + 6 - time;
$t->pause($wait) if $wait > 0;
ok(!ask(@old, 0.3), 'restart: the old credentials are refused after a while');
ok(ask(@new, 2), 'restart: the new ones are not');
is($p{restart}->events('closed'), 0, 'restart: still connected');

# the end, and what was recorded

my %label = map { $_ => session($_)->{session} }
    qw(rebind silent restart early later);

is($p{$_}->stop('delete'), 0, "$_ stops well") for sort keys %label;

my $log = $t->log('whip.log');

like($log, qr/^POST 201 $label{$_}$/m, "$_: \$whip_session")
    for sort keys %label;

for my $name (qw(rebind silent restart)) {
    my $r = Test::Live::Flv->new("$t->{dir}/rec/alice_$name.flv");

    is(join('; ', $r->backwards), '', "$name: time goes on");
    cmp_ok($r->gap('video'), '<', $name eq 'restart' ? 60 : 3500,
        "$name: gaps");
}

$t->done;
