#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The WHIP publisher of the harness: that it does what it is asked to, says so,
# and shows no token.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Whip;

my $key = 'hwh7-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

need($t->has_module($_), "ngx_${_}_module") for qw(whip multisource);

$t->write('keys', "$key alice max_sources=60\n");

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

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/ {
            whip live;
            whip_rate off;
            whip_max_pending 100;
            whip_idle_timeout 3s;
        }

        location = /elsewhere {
            return 307 /whip/moved;
        }
    }
}
EOC

sub whip { return Test::Live::Whip->publish($t, bearer => $key, @_) }

# a publisher, and what is said of it

my $p = whip(path => '/whip/one', media => [{}, { size => '320x180',
    audio => 0 }]);

ok(my $connected = $p->connected, 'connected');
is_deeply($p->answer->{errors}, [], 'nothing wrong with the answer');
is($p->http->{status}, 201, 'POST');
like($p->answer->{location}, qr{^http://127\.0\.0\.1:\d+/}, 'Location');
is($connected->{role}, 'client', 'DTLS client');

my $title = Test::Live::Process::title($p->pid);

like($title, qr/whip_peer/, 'a process');
unlike($title, qr/key-of|whip\/one/, 'options are not in its title');

$t->wait_for(sub { $p->stats->{video}{rr} }, 'a receiver report');

my $stats = $p->stats;

cmp_ok($stats->{video}{frames}, '>=', 20, 'pictures are sent');
cmp_ok($stats->{audio}{packets}, '>=', 40, 'sound is sent');
is($stats->{rtcp}{$_}, 0, "RTCP: $_") for qw(invalid unauthentic strangers);
is($stats->{stun}{invalid}, 0, 'STUN: invalid');

# commands

is($p->stun('good')->{answer}, 'success', 'a good STUN request');
is($p->stun('bad_integrity')->{answer}, 'none', 'a bad one');

ok($p->set(video_loss => 100, audio_pause => 1), 'set');
$stats = $p->stats;
$t->pause(0.5);
cmp_ok($p->stats->{video}{lost}, '>', $stats->{video}{lost}, 'video is lost');
is($p->stats->{audio}{packets}, $stats->{audio}{packets}, 'audio is paused');
ok($p->set(video_loss => 0, audio_pause => 0), 'and set back');

ok($p->cmd('switch', to => 1), 'another file');
ok($p->cmd('ssrc', track => 'video', ssrc => 77, seq => 5), 'another SSRC');
$t->pause(0.3);
is($p->stats->{video}{ssrc}, 77, 'is sent');

my $mark = $p->mark;
ok($p->cmd('rebind'), 'another port');
my $again = $p->wait_event('nominated', 5, since => $mark);
is($again->{why}, 'rebind', 'is checked');
isnt($again->{mapped}, $p->wait_event('nominated')->{mapped}, 'and new');

ok(!eval { $p->cmd('switch', to => 5) }, 'no such file');
like($@, qr/no such file/, 'is an error');
ok(!eval { $p->set(url => 'x') }, 'an option that stays');
ok(!eval { $p->cmd('nothing') }, 'an unknown command');

is($p->stop, 0, 'stopped');
is($p->stopped->{delete}, 200, 'DELETE');
ok($p->end->{ok}, 'said to have gone well');

# HTTP by the test

$p = whip(path => '/whip/two', http => 'stdio');

my $offer = $p->wait_event('offer')->{sdp};
my $r = $t->request('POST', '/whip/two', body => $offer, headers => {
    'Content-Type' => 'application/sdp', Authorization => "Bearer $key" });

is($r->{status}, 201, 'an offer of the peer posted by the test');
ok($p->cmd('answer', sdp => $r->{body}, location => $r->header('location')),
    'and the answer handed over');
ok($p->connected, 'connected');
is($p->stop('delete'), 0, 'stopped without close_notify');

# redirects, refusals and failures

$p = whip(path => '/elsewhere', wait => 1);
is(scalar $p->events('http'), 2, 'a redirect is followed');
is($p->stop('dtls'), 0, 'stopped without DELETE');

is(whip(path => '/nowhere', expect => 'refused')->wait(5), 0,
    'a refusal that was expected');
is(whip(path => '/nowhere')->wait(5), 1, 'one that was not');
is(whip(path => '/whip/x', nonsense => 1)->wait(5), 2, 'an unknown option');

$p = whip(path => '/whip/three', bearer => 'nobody', expect => 'refused');
is($p->closed->{reason}, 'refused', 'a wrong token');
is($p->http->{status}, 401, 'is 401');

$p = whip(path => '/whip/four', fingerprint => 'wrong');
is($p->closed->{reason}, 'alert', 'a wrong fingerprint');
is($p->wait(5), 1, 'is a failure');

# the server's end

$p = whip(path => '/whip/five', wait => 1, reconnect => 300);
$mark = $p->mark;
$p->answer->{location} =~ m{^http://[^/]+(/.*)};
is($t->request('DELETE', $1, headers => { Authorization => "Bearer $key" })
    ->{status}, 200, 'deleted by another');
is($p->closed->{reason}, 'close_notify', 'close_notify');
ok($p->wait_event('connected', 5, since => $mark), 'connected again');

is($p->kill, 128 + 9, 'killed');

# many

$p = whip(path => '/whip/many-%d', sessions => 20, cycles => 2, duration => 1,
    stagger => 10, quiet => 1, local => '127.0.1.%d', first => 1);

ok($p->connected, '20 sessions');
is($p->wait(30), 0, 'twice');
is($p->end->{connections}, 40, '40 connections');

$t->done;
