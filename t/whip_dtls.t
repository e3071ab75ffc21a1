#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# DTLS: both roles, both SRTP profiles, who is refused, and how either side ends
# it.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $key = 'wdt3-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice max_sources=20\n");

my $conf = <<'EOC';
worker_shutdown_timeout 1s;

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
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

        location /whip/ {
            whip live;
            whip_rate off;
            whip_max_pending 20;
            whip_timeout 3s;
        }

        location /list   { whip_status; }
        location /admin/ { multisource_api; multisource_kick on; }
    }
}
EOC

$t->conf($conf)->run;

my ($cm, $gcm, $gcm256) = qw(SRTP_AES128_CM_SHA1_80 SRTP_AEAD_AES_128_GCM
    SRTP_AEAD_AES_256_GCM);
my %media = (media => { kbps => 300 });

sub start {
    my ($name, %o) = @_;

    return $t->whip(path => "/whip/$name",
        bearer => $key, %media, %o);
}

sub status { return $t->get('/list')->json || {} }

sub session {
    my ($name) = @_;

    my ($l) = grep { $_->{stream} eq "alice_$name" } @{ status()->{list} };
    return $l || {};
}

sub ended { return status()->{ended}{ $_[0] } }

sub live {
    my ($name) = @_;

    return $t->wait_for(sub { (session($name)->{state} || '') eq 'live'
        && (session($name)->{video} || {})->{frames} }, 6, "$name is live");
}

# each role with each profile

my %role = (actpass => 'server', active => 'server', passive => 'client');
my %p;

for my $setup (sort keys %role) {
    $p{"$setup-cm"} = start("$setup-cm", setup => $setup, srtp => $cm);
    $p{"$setup-gcm"} = start("$setup-gcm", setup => $setup, srtp => $gcm);
}

# the others are refused while these run

my %refused = (
    'no-srtp'      => { srtp => '' },
    'other-srtp'   => { srtp => $gcm256 },
    'no-srtp-p'    => { srtp => '', setup => 'passive' },
    'other-srtp-p' => { srtp => $gcm256, setup => 'passive' },
    'wrong'        => { fingerprint => 'wrong' },
    'wrong-p'      => { fingerprint => 'wrong', setup => 'passive' },
    'stalled'      => { dtls_stall => 1 },
    'stalled-p'    => { dtls_stall => 1, setup => 'passive' },
    'silent'       => { dtls_stall => 0 },
);

my %r = map { $_ => start($_, %{ $refused{$_} }, expect => 'any') }
    sort keys %refused;

for my $name (sort keys %p) {
    my ($setup, $profile) = split /-/, $name;
    my $p = $p{$name};

    ok($p->connected, "$name connects") or next;
    is($p->connected->{profile}, $profile eq 'cm' ? $cm : $gcm,
        "$name: profile");
    is($p->connected->{role}, $setup eq 'passive' ? 'server' : 'client',
        "$name: role");

    live($name);

    my $l = session($name);

    is($l->{dtls}{role}, $role{$setup}, "$name: our role");
    is($l->{dtls}{srtp}, $p->connected->{profile}, "$name: the same profile");
    is($l->{dtls}{version}, 'DTLSv1.2', "$name: version");
    is($l->{bad_packets}, 0, "$name: no bad packet");
    is($p->stats->{rtcp}{unauthentic}, 0, "$name: ours are authentic as well");
}

$t->wait_for(sub { !grep { /^(?:no-|other|wrong|stalled|silent)/ }
    map { $_->{stream} =~ /^alice_(.*)/ } @{ status()->{list} } }, 8,
    'those that cannot are gone');

is(ended('fingerprint_mismatch'), 2, 'two with a wrong fingerprint');
is(ended('dtls_failed'), 4, 'four without a common profile');
is(ended('connect_timeout'), 3, 'three that did not finish');

for my $name (qw(wrong wrong-p no-srtp no-srtp-p other-srtp other-srtp-p)) {
    ok(!$r{$name}->events('connected') || $name =~ /-p$/,
        "$name: not connected");
    is(scalar $t->logged(qr/multisource: live: .*source '$name'/), 0,
        "$name: never live");
    is($t->logged(qr/whip: session of "alice_$name" ended .*: \w+ \(.*whip session: [0-9a-f]+-\d+, client: 127\.0\.0\.1$/),
        1, "$name: one line with the reason");
}

$_->stop('KILL') for values %r;

# garbage on the way does no harm

my $p = $p{'actpass-cm'};
my $bad = session('actpass-cm')->{bad_packets};

$p->cmd('raw', packet => $_, count => 20) for
    '16', '14', '17fefd', '16fefd0000000000000000ffff', '3f' x 100,
    '16fefd000000000000000000050100000000',        # a ClientHello cut off
    '16feff000000000000000100' . '00' x 40,
    '15fefd00010000000000050002' . '0228',         # alerts, not encrypted
    '15fefd00000000000000050002' . '0100',
    '15fefd00000000000000060002' . '0228',
    '17fefd0001000000000001' . '0040' . 'ab' x 64,
    '16fefd0000000000000001002c010000200000000000000020' . 'fefd' . '00' x 30,
    'ff' x 30, '40' x 30, '13' x 30;

$t->pause(0.5);
is(session('actpass-cm')->{state}, 'live', 'garbage: still live');
is($p->events('closed'), 0, 'garbage: not closed');

# the client ends it

my $mark = $t->mark;

is($p->stop('dtls'), 0, 'close_notify by the client');
ok($t->wait_log(qr/"alice_actpass-cm" ended .*: closed_by_client /, 2, $mark),
    'ends the session at once');
is(session('actpass-cm')->{state}, undef, 'it is not listed any more');

# the server does

sub closed {
    my ($p, $name) = @_;

    my $closed = $p->closed(3);
    is($closed && $closed->{reason}, 'close_notify', $name);
}

my $location = $p{'actpass-gcm'}->answer->{location};
my $r = $t->request('DELETE', $location, leak_ok => 1);

is($r->{status}, 200, 'DELETE by somebody who knows the session');
closed($p{'actpass-gcm'}, 'DELETE: close_notify');
is(ended('deleted'), 1, 'DELETE: counted');

$r = $t->request('DELETE', '/admin/alice/passive-cm');

is($r->{status}, 202, 'a source is stopped by the operator');
closed($p{'passive-cm'}, 'kicked: close_notify');
is(ended('kicked'), 1, 'kicked: counted');

my $second = start('active-cm', srtp => $cm);

ok($second->connected, 'a second publisher of a source');
closed($p{'active-cm'}, 'taken over: close_notify');
is(ended('taken_over'), 1, 'taken over: counted');

# a reload leaves them alone, until worker_shutdown_timeout

$t->tolerate(qr/open socket .* left in connection/);

my @old = ($p{'active-gcm'}, $p{'passive-gcm'}, $second);

is(scalar(grep { $_->alive } @old), 3, 'three are left');
$t->reload;
closed($_, 'reload and worker_shutdown_timeout: close_notify') for @old;
is(ended('shutdown'), 3, 'shutdown: counted');

for my $signal (qw(QUIT TERM)) {
    my @p = map { start("$_-$signal", srtp => $cm, setup => $_) }
        qw(active passive);

    ok($_->connected, "SIG$signal: one is connected") for @p;
    live("$_-$signal") for qw(active passive);

    is($t->stop($signal), 0, "SIG$signal: nginx leaves");
    closed($_, "SIG$signal: close_notify") for @p;

    $t->run if $signal eq 'QUIT';
}

$t->done;
