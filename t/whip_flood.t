#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What a stranger sends to the port of WHIP, 50,000 datagrams a second of it,
# is no harm to a session that is there.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Net;
use Test::Live::Process;
use Test::Live::Whip;

# sanitizers take their time, and keep what was freed

use constant { RATE => $ENV{TEST_SANITIZE} ? 5000 : 50000, SECONDS => 5 };

my $top = Test::Live::top();

need(!Test::Live::Net::missing(), Test::Live::Net::missing());

my $net = Test::Live::Net->new;
my ($home, $stranger) = map { $net->host } 1 .. 2;
my ($near, $far) = map { $_->cable } $home, $stranger;

$stranger->ip('route', 'add', $near->here, 'via', $far->here);

my $key = 'k-4be19d02f6';
my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC')->run;
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

    whip_listen *:%%WHIP%%;
    whip_candidate 10.77.1.1;

    server {
        listen %%HTTP%%;

        location /whip/    { whip live; }
        location = /status { whip_status; }
    }
}
EOC

my $p = Peer->publish($t, url => 'http://' . $near->here . ':'
    . $t->port('HTTP') . '/whip/Cam', bearer => $key, consent => 200,
    keyframe => 'jump');

$p->connected or die 'the peer is not connected';

my $session = $t->wait_for(sub {
    my $session = session();
    return $session->{video} && $session->{path} && $session;
}, 10, 'video');

my $answer = $p->answer;
my ($ufrag) = $answer->{sdp} =~ /^a=ice-ufrag:(\S+)/m;

my @ours = ("ufrag=$ufrag:abcd");
my @from = ("from=$session->{path}{remote}");

# from elsewhere

flood('noise', 'random', strays => 1);
flood('STUN of nobody, DTLS and RTP', 'stun,dtls,rtp', strays => 1);
flood('STUN of the session', 'ufrag', strays => 1, options => \@ours);

# as if from where the session's own datagrams come from

flood('forged DTLS, RTP and noise', 'dtls,rtp,random', options => \@from);
flood('forged STUN', 'stun,ufrag', options => [@ours, @from]);

is($p->stop('full'), 0, 'the session ends as it should');
$t->wait_log(qr/whip: session of "alice_Cam" ended .*: \w+ \(.* \d packets lost/,
    5);

$t->done;


sub flood {
    my ($what, $kind, %o) = @_;

    my %before = figures();
    my $mark = $t->mark;

    my $flood = $t->spawn("flood-$kind", $stranger->cmd($^X,
        "-I$top/t/lib", '-MTest::Live::Flood', '-e',
        'Test::Live::Flood::run(@ARGV)', $near->here, $t->port('WHIP'),
        "kind=$kind", 'rate=' . RATE, 'seconds=' . SECONDS,
        @{ $o{options} || [] }));

    my ($slowest, %status) = (0);

    while ($flood->alive) {
        my $asked = now();

        $status{patch()}++;
        $slowest = now() - $asked if now() - $asked > $slowest;

        $t->pause(0.4);
    }

    my ($sent) = $flood->stdout =~ /^(\d+)$/m;
    $t->pause(1.2);                    # the status is of the last second

    my %after = figures();
    my %more = map { $_ => $after{$_} - $before{$_} } keys %after;

    cmp_ok($sent || 0, '>', RATE * SECONDS * 0.8, "$what: $sent datagrams")
        or diag($flood->stderr);

    if ($o{strays}) {
        cmp_ok($more{strays}, '>', 0.98 * ($sent - $more{overflow}),
            "$more{strays} were counted, $more{overflow} found no room");
    }

    cmp_ok($more{frames}, '>', 0.9 * $more{sent} - 20,
        "$more{frames} frames of $more{sent}");
    cmp_ok($more{lost}, '<=', 2, "$more{lost} packets lost");
    cmp_ok($more{nacks}, '<=', 20, "$more{nacks} asked for again");
    cmp_ok($more{requests} - $more{responses}, '<=', 2,
        "of $more{requests} consent checks $more{responses} were answered");

    is(join(' ', keys %status), '412', 'orders were carried out');
    cmp_ok($slowest, '<', 1, "after $slowest s at most");
    cmp_ok($more{memory}, '<', 4096, "$more{memory} KB of memory more")
        unless $ENV{TEST_SANITIZE};

    my @lines = grep { !/refused: other_etag/ } split /\n/,
        $t->log_since($mark);

    cmp_ok(scalar @lines, '<', 5, 'next to nothing is logged')
        or diag(@lines[0 .. 4]);
}


# an order to the session's worker by whichever takes the request; one that is
# refused, because it is for another state of the session

sub patch {
    return $t->request('PATCH', $answer->{location} =~ s{^http://[^/]+}{}r,
        headers => { 'If-Match'     => '"another"',
                     'Content-Type' => 'application/trickle-ice-sdpfrag',
                     Authorization  => "Bearer $key" },
        body => "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n",
        leak_ok => 1)->{status};
}


sub session {
    my ($session) = @{ $t->get('/status')->json->{list} };
    return $session || {};
}


sub figures {
    my $status = $t->get('/status')->json;
    my $video = $status->{list}[0]{video} || {};
    my $stats = $p->stats;

    my ($overflow) = slurp('/proc/self/net/snmp')
        =~ /^Udp: \d+ \d+ \d+ \d+ (\d+)/m;

    my $memory = 0;
    $memory += $_ for map { slurp("/proc/$_/status") =~ /^VmRSS:\s+(\d+)/m }
        $t->workers;

    return (
        strays    => $status->{stray_datagrams_total},
        overflow  => $overflow,
        memory    => $memory,
        sent      => $stats->{video}{frames},
        requests  => $stats->{stun}{requests},
        responses => $stats->{stun}{responses},
        map { $_ => $video->{$_} || 0 } qw(frames lost nacks),
    );
}


sub slurp { return Test::Live::Process::slurp(@_) }


# a peer at home

package Peer;

use parent -norequire, 'Test::Live::Whip';

sub new {
    my ($class, %o) = @_;
    return $class->SUPER::new(%o, cmd => [$home->cmd(@{ $o{cmd} })]);
}
