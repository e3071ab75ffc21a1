#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Event streams of ngx_simulcast: what comes over Redis goes to those who ask
# for its stream, whatever worker they are at; what is malformed, and clients
# that do not read, harm nobody.

use strict;
use warnings;

use lib 't/lib';

use IO::Socket::INET;
use JSON::PP ();
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Redis;

my %token = (alice => 'aT1-token-of-alice-0001',
    all => 'xT3-token-of-all-0003');
my $pass = 'eK6-encryption-key-of-this-test';

my $t = Test::Live->new(workers => 2, modules => ['simulcast'],
    secrets => [values %token, $pass]);

my $redis = Test::Live::Redis->new($t);

$t->write('key', "$pass\n");
$t->write('tokens', "$token{alice} alice\n$token{all} *\n");

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            simulcast on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file %%DIR%%/key;
    simulcast_api_tokens %%DIR%%/tokens;

    server {
        listen 127.0.0.1:%%HTTP%% sndbuf=8k;

        location /api/ {
            simulcast_api;
            simulcast_cors *;
        }
    }
}
EOC

$t->run;

my $json = JSON::PP->new->utf8->canonical;

sub bearer { return { Authorization => "Bearer $token{$_[0] || 'alice'}" } }

sub events {
    my ($stream, $who) = @_;

    return $t->events("/api/simulcast/$stream/events",
        headers => bearer($who));
}


sub publish {
    my ($event, $stream, $data) = @_;

    $redis->cmd('PUBLISH', 'simulcast:events', $json->encode({
        event => $event, stream_id => $stream, data => $data }));
}


# open streams of both workers are subscribed when both have heard

$t->wait_for(sub {
    return $t->get('/api/destinations', headers => bearer())->{status} == 200;
}, 10, 'Redis');

$t->wait_for(sub {
    return $redis->cmd('PUBLISH', 'simulcast:events', 'x') >= 2;
}, 10, 'both workers listen');

# the beginning

my $e = events('alice');

is($e->{status}, 200, 'an event stream');
is($e->{headers}{'content-type'}, 'text/event-stream', 'its type');
is($e->{headers}{'cache-control'}, 'no-store', 'no cache keeps it');
is($e->{headers}{'x-accel-buffering'}, 'no', 'no proxy holds it back');
is($e->{headers}{'access-control-allow-origin'}, '*', 'a page may read it');
is($e->next(5)->{comment}, 'simulcast', 'it begins with a comment');

my $head = $t->request('HEAD', '/api/simulcast/alice/events',
    headers => bearer());

is($head->{status}, 200, 'HEAD');
is($head->{body}, '', 'ends');

is(events('bob')->{status}, 403, 'that of another streamer');
is($t->events('/api/simulcast/alice/events')->{status}, 401, 'without a token');
is($t->events("/api/simulcast/alice/events?token=x")->{status}, 401,
    'nor with one in the query');

# what comes

my @names = qw(stream:started stream:stopped destination:connected
    destination:reconnecting destination:error health:degraded
    health:recovered metrics:update);

for my $name (@names) {
    publish($name, 'alice', { id => 'i', text => "a\nb\x{20ac}" });

    my $event = $e->wait_event($name, 5);

    is_deeply($event->{data}, { id => 'i', text => "a\nb\x{20ac}" }, $name);
    unlike($event->{raw}, qr/\n/, 'in one line');
}

# what does not

publish('stream:started', $_, {}) for 'bob', 'alice:cam', 'Alice', '', 'alic';
publish($_, 'alice', {}) for 'stream:other', '', 'message',
    "stream:started\nevent: x";

$redis->cmd('PUBLISH', 'simulcast:events', $_) for '', '{', 'null', '[]',
    '{"event":1}', '{"event":"stream:started"}', "\0\xff",
    '{"event":"stream:started","stream_id":"alice"}',
    '{"event":"stream:started","stream_id":"alice","data":[]}',
    '{"event":"stream:started","stream_id":"alice","data":"x\n\ndata: y"}',
    '{"event":"stream:started","stream_id":1,"data":{}}',
    '[' x 100_000, '{"a":' x 3000,
    '{"event":"stream:started","stream_id":"alice","data":{"x":"'
        . 'x' x 70_000 . '"}}';

publish('stream:stopped', 'alice', { last => 1 });

is_deeply($e->next(5), { event => 'stream:stopped', raw => '{"last":1}',
    data => { last => 1 } }, 'nothing else came in between');

# several, of both workers and several streams

my @many = map { events('alice', 'all') } 1 .. 8;
my $cam = events('alice:cam');
my $bob = events('bob', 'all');

$_->next(5) for @many, $cam, $bob;

publish('health:degraded', 'alice', { n => 1 });
publish('health:degraded', 'alice:cam', { n => 2 });
publish('health:degraded', 'bob', { n => 3 });

is(scalar(grep { $_->wait_event('health:degraded', 5)->{data}{n} == 1 } @many,
    $e), 9, 'all who ask for it');
is($cam->wait_event('health:degraded', 5)->{data}{n}, 2, 'those of a source');
is($bob->wait_event('health:degraded', 5)->{data}{n}, 3, 'and of others');

# what the API does is told

is($t->request('POST', '/api/simulcast/alice/start', headers => bearer())
    ->{status}, 409, 'start of nothing');

$redis->cmd('HSET', 'simulcast:live:alice', 'main', $json->encode({
    since => int(time * 1000), at => int(time * 1000), node => 'test' }));

is($t->request('POST', '/api/simulcast/alice/start', headers => bearer())
    ->{status}, 200, 'start');
is($e->next(5)->{event}, 'stream:started', 'is told');
is($t->request('POST', '/api/simulcast/alice/stop', headers => bearer())
    ->{status}, 200, 'stop');
is($e->next(5)->{event}, 'stream:stopped', 'as well');

# clients that do not read: metrics are left out, others end them

sub silent {
    my $sock = IO::Socket::INET->new(Proto => 'tcp') or die "socket: $!";

    setsockopt $sock, SOL_SOCKET, SO_RCVBUF, 4096;
    connect $sock, Socket::pack_sockaddr_in($t->port('HTTP'),
        Socket::inet_aton('127.0.0.1')) or die "connect: $!";

    print $sock "GET /api/simulcast/quiet/events HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $token{all}\r\n\r\n";
    $sock->flush;

    return $sock;
}

my @silent = map { silent() } 1 .. 4;
my $reader = events('quiet', 'all');
$reader->next(5);

my %text = (text => 'x' x 10_000);

publish('metrics:update', 'quiet', { %text, n => $_ }) for 1 .. 500;
publish('health:recovered', 'quiet', { n => 0 });

is($reader->wait_event('health:recovered', 20)->{data}{n}, 0,
    'one who reads gets what the others do not');

my @before = $t->workers;

my $got = 0;

for my $n (1 .. 500) {
    publish('destination:error', 'quiet', { %text, n => $n });

    my $event = $reader->wait_event('destination:error', 10) or last;
    $got += $event->{data}{n} == $n;
}

is($got, 500, 'all of them');

# they read at last, and find the end

for my $sock (@silent) {
    my $size = 0;

    $sock->blocking(0);

    my $ended = $t->wait_for(sub {
        while (my $n = sysread $sock, my $text, 65536) {
            $size += $n;
        }

        return defined $size && !$!{EAGAIN};
    }, 10, 'the end of one who did not read');

    ok($ended, 'who does not read is left');
    cmp_ok($size, '<', 2_000_000, 'with no more than buffers hold');
}

is_deeply([$t->workers], \@before, 'by workers that are well');
$reader->close;

# how many: the others keep theirs

$_->close for @many, $cam, $bob;

my @open;

for (1 .. 260) {
    my $one = events('alice');

    push @open, $one;
    last if $one->{status} != 200;
}

is($open[-1]{status}, 503, 'too many');
like($open[-1]{headers}{'retry-after'}, qr/^\d+$/, 'and when to come again');
cmp_ok(scalar @open, '>', 100, 'more than one worker has');
cmp_ok(scalar @open, '<=', 201, 'no more than two workers have');

publish('stream:started', 'alice', { n => 1 });
is($e->wait_event('stream:started', 10)->{data}{n}, 1, 'they go on');

$_->close for @open;

$t->wait_for(sub {
    my $one = events('alice');
    return $one->{status} == 200;
}, 10, 'there is room again');

# Redis goes and comes

$redis->restart;

$t->wait_for(sub {
    publish('health:recovered', 'alice', { again => 1 });
    return $e->wait_event('health:recovered', 1);
}, 20, 'events after Redis was away');

# a comment now and then

my $began = now();
my $comment;

while (now() - $began < 20 && !$comment) {
    my $event = $e->next(20) or last;
    $comment = exists $event->{comment};
}

ok($comment, 'a comment when there is nothing else');

# a reload ends them, and the old workers

my @old = $t->workers;

ok($t->reload, 'reload');

$t->wait_for(sub { !$e->next(1) && $e->eof }, 10, 'the stream ends');
ok($e->eof, 'and is whole');

$t->wait_for(sub { !grep { $t->alive($_) } @old }, 10,
    'and the old workers leave');

$t->done;
