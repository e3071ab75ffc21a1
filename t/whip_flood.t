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

use constant { RATE => 50000, SECONDS => 5 };

need(!Test::Live::Net::missing(), Test::Live::Net::missing());

my $net = Test::Live::Net->new;
my ($home, $stranger) = map { $net->host } 1 .. 2;
my ($near, $far) = map { $_->cable } $home, $stranger;

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

        location /whip/     { whip live; }
        location = /status  { whip_status; }
        location = /sources { multisource_status; }
    }
}
EOC

my $p = Peer->publish($t, url => 'http://' . $near->here . ':'
    . $t->port('HTTP') . '/whip/Cam', bearer => $key, consent => 200,
    consent_timeout => 3000, keyframe => 'jump');

my $connected = $p->connected or BAIL_OUT('not connected');
my $sdp = $p->answer->{sdp};
my ($ufrag) = $sdp =~ /^a=ice-ufrag:(\S+)/m;
use Data::Dumper; $Data::Dumper::Sortkeys=1; 
$t->wait_for(sub { $t->get('/status')->json->{list}[0]{video} }, 5, 'video');

for (['noise', 'random'], ['requests for nobody', 'stun'],
     ['requests for the session', 'ufrag', "ufrag=$ufrag:abcd"],
     ['DTLS and RTP', 'dtls,rtp'])
{
    flood(@$_);
}

is($p->stop, 0, 'stop');
$t->done;

sub flood {
    my ($what, $kind, @more) = @_;
    my @before = figures();
    my $f = $t->spawn($kind, $stranger->cmd($^X, '-It/lib', '-MTest::Live::Flood', '-e', 'Test::Live::Flood::run(@ARGV)', $far->here, $t->port('WHIP'), "kind=$kind", "rate=" . RATE, "seconds=" . SECONDS, @more));
    $f->wait(30);
    diag $f->stdout, $f->stderr;
    $t->pause(1.5);
    my @after = figures();
    diag Dumper $what, \@before, \@after;
}

sub figures {
    my $st = $t->get('/status')->json;
    my $s = $st->{list}[0];
    my $peer = $p->stats;
    my ($udp) = Test::Live::Process::slurp('/proc/self/net/snmp') =~ /^Udp: (\d.*)/m;
    my %rss = map { $_ => Test::Live::Process::slurp("/proc/$_/status") =~ /VmRSS:\s+(\d+)/ } $t->workers;
    return { strays => $st->{stray_datagrams_total}, %{$s->{video}}, bad=> $s->{bad_packets}, peer => $peer->{video}, stun => $peer->{stun}, udp => $udp, rss => \%rss, net => $peer->{net}, state=>$peer->{state} };
}

# a peer at home

package Peer;

use parent -norequire, 'Test::Live::Whip';

sub new {
    my ($class, %o) = @_;
    return $class->SUPER::new(%o, cmd => [$home->cmd(@{ $o{cmd} })]);
}
