#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The harness itself: redis-server, its client, and what it does to it.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Redis;

my $t = Test::Live->new(modules => []);

my $redis = Test::Live::Redis->new($t, port => 'REDIS');

is($redis->address, 'unix:' . $t->dir . '/redis.sock', 'socket');
is($redis->address('REDIS'), '127.0.0.1:' . $t->port('REDIS'), 'port');

# commands

is($redis->cmd(qw(SET a b)), 'OK', 'status');
is($redis->cmd(qw(GET a)), 'b', 'string');
is($redis->cmd(qw(GET none)), undef, 'nil');
is($redis->cmd(qw(INCR n)), 1, 'number');
is_deeply($redis->cmd(qw(MGET a none n)), ['b', undef, '1'], 'array');
is_deeply($redis->cmd(qw(KEYS x*)), [], 'empty array');
is($redis->cmd('SET', 'bytes', "\r\n\0\xff"), 'OK', 'any bytes');
is($redis->cmd(qw(GET bytes)), "\r\n\0\xff", 'are the same');
is($redis->cmd('SET', 'large', 'x' x 3_000_000), 'OK', 'large');
is(length $redis->cmd(qw(GET large)), 3_000_000, 'is whole');

is(eval { $redis->cmd(qw(HGET a b)); 1 }, undef, 'error');
like($@, qr/^WRONGTYPE /, 'its text');
is($redis->cmd(qw(GET a)), 'b', 'and on it goes');

# what MONITOR sees, and channels

is($redis->monitor, '', 'monitor');

my $s = $redis->subscribe('one', 'two');

$redis->cmd('PUBLISH', 'two', 'hello');
$redis->cmd(qw(SET secret k-1234));

is($s->message, 'hello', 'message');
is($s->message(0.1), undef, 'no more');
$redis->cmd('PUBLISH', 'one', $_) for 1 .. 3;
$t->wait_for(sub { push @{ $t->{got} }, $s->messages; @{ $t->{got} } == 3 },
    5, 'messages');
is_deeply($t->{got}, [1, 2, 3], 'all messages');

my $seen = $redis->monitor;

like($seen, qr/"SUBSCRIBE" "one" "two"/, 'monitor saw SUBSCRIBE');
like($seen, qr/"SET" "secret" "k-1234"\n/, 'monitor saw SET');
is($redis->monitor, '', 'and nothing since');
is($redis->clients, 0, 'no stranger');

my $stranger = Test::Live::Redis::Client->new($redis->socket);

$stranger->cmd('PING');
is($redis->clients, 1, 'a stranger');

# restarts

is($redis->stop, 0, 'stop');
ok(!$redis->alive, 'is gone');
is(eval { $redis->cmd('PING'); 1 }, undef, 'no answer');

$redis->start;
is($redis->cmd(qw(GET a)), 'b', 'data');

$redis->cmd(qw(SET a c));
is($redis->kill, 128 + 9, 'killed');

$redis->start;
is($redis->cmd(qw(GET a)), 'c', 'data after kill');

$redis->restart;
is($redis->cmd(qw(GET a)), 'c', 'data after restart');
is($redis->monitor, '', 'monitor again');

# paused

$redis->pause;

my $client = Test::Live::Redis::Client->new($redis->socket);

$client->send('PING');
is($client->message(0.3), undef, 'paused');

$redis->resume;
is($client->answer(now() + 10), 'PONG', 'resumed');

# passwords

my $locked = Test::Live::Redis->new($t, name => 'locked',
    password => 'p-secret',
    acl => ['user live on >l-secret ~simulcast:* resetchannels +@all']);

is($locked->cmd(qw(GET a)), undef, 'another one, with other data');

$client = Test::Live::Redis::Client->new($locked->socket);

is(eval { $client->cmd('PING') }, undef, 'without password');
like($@, qr/^NOAUTH /, 'is refused');
is($client->cmd(qw(AUTH live l-secret)), 'OK', 'a user');
is($client->cmd(qw(SET simulcast:a b)), 'OK', 'may do this');
is(eval { $client->cmd(qw(SET a b)) }, undef, 'but');
like($@, qr/^NOPERM /, 'not that');

# left paused: the end of the test ends it nevertheless

$locked->pause;
$t->done;
