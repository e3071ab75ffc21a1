#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Sessions outlive reloads, killed and stopped workers, publishers who come back,
# and with Redis nginx and the machine; without Redis, or while it is away, they go
# on all the same.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Redis;
use Test::Live::Show;

my $show = Test::Live::Show->new(http => 'multisource_redis unix:%%DIR%%/redis.sock;'
    . ' multisource_sessions_grace 3s; multisource_sessions_key %%DIR%%/sessions.key;');
my $t = $show->{t};

$t->write('sessions.key', 'c0ffee' x 12);

my $redis = Test::Live::Redis->new($t);

$show->run;

my $live = $show->live('alice', 'Main_Screen');
my $second = $show->live('alice', 'Face_Cam');

$show->wait_live('alice', 2);

my $id = $show->status('alice')->{id};
my $viewer = $show->join('alice');

$show->start('alice', title => 'It goes on');

$show->ask('PUT', 'session/alice/preferences', viewer => $viewer, json => { layout => 'grid' });
$t->pause(0.6);
$show->beacon($viewer, watched => { Main_Screen => 500 }, watched_ms => 500, watching => ['Main_Screen'], join_ms => 100);

sub figures {
    my $a = $show->analytics('alice') or return '';
    return "$a->{session} $a->{title} $a->{viewers}{distinct} $a->{watch_ms} $a->{sources}{Main_Screen}{views} $a->{join}{count}";
}

sub prefers { return ($show->data('GET', 'session/alice/preferences', viewer => $viewer) || {})->{layout} // '' }

my $as_it_was = figures();

is($as_it_was, "$id It goes on 1 500 1 1", 'the figures');

# --- nginx -s reload, and workers that die --------------------------------------

$t->reload;
is(figures(), $as_it_was, 'after a reload');
is(prefers(), 'grid', 'with what viewers prefer');

$live->drop;
$t->pause(1);
$live = $show->live('alice', 'Main_Screen');
$show->wait_live('alice', 2);
is($show->status('alice')->{id}, $id, 'a publisher who comes back within the grace is in the same session');

# who has the publishers may be any

for my $worker ($t->workers) {
    $t->kill_worker($worker, 'KILL');
}

$t->wait_for(sub { 2 == $t->workers }, 'new workers');
is(figures(), $as_it_was, 'after workers were killed');
is(prefers(), 'grid', 'nothing is lost');

$_->drop for $live, $second;
$live = $show->live('alice', 'Main_Screen');
$show->wait_live('alice', 1);
is($show->status('alice')->{id}, $id, 'and goes on');

# --- Redis ----------------------------------------------------------------------

sub kept { return $redis->cmd('GET', "multisource:session:$id") // '' }

$t->wait_for(sub { kept() =~ /It goes on/ && $redis->cmd('HLEN', "multisource:viewers:$id") == 1 }, 10,
    'it is in Redis');
unlike(kept(), qr/127\.0\.0\.1/, 'without an address');

$redis->stop;
is($show->ask('POST', 'session/alice/join')->{status}, 200, 'Redis is away, and viewers join');
$show->start('alice', title => 'While it was away');
$redis->start;
$t->wait_for(sub { kept() =~ /While it was away/ }, 20, 'and what changed is written when it is back');

# --- nginx itself ---------------------------------------------------------------

$as_it_was = figures();

$live->drop;
$t->stop;
$redis->cmd('SET', 'multisource:session:' . 'e' x 32, '{"id":"nonsense"');
$redis->cmd('ZADD', 'multisource:sessions', 1, 'e' x 32);
$t->run;

$t->wait_for(sub { figures() eq $as_it_was }, 10, 'after nginx was started again') or diag(figures());
is(prefers(), 'grid', 'viewers come again with the same token, and prefer what they did');
ok($t->logged(qr/multisource: .*e{32}/), 'what is no session is left out, and said to be');

$live = $show->live('alice', 'Main_Screen');
$show->wait_live('alice', 1);

# --- the grace, and what is left of it ------------------------------------------

my $now = $show->status('alice')->{id};

$live->drop;
$t->wait_for(sub { $show->status('alice')->{status} eq 'ended' }, 15, 'the grace is over');
$t->wait_for(sub { $redis->cmd('TTL', "multisource:session:$now") > 86400 }, 10, 'an ended one is kept for a time');

$live = $show->live('alice', 'Main_Screen');
$show->wait_live('alice', 1);
isnt($show->status('alice')->{id}, $now, 'and the next one is another one');
$live->drop;

$t->done;
