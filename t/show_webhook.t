#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# multisource_webhook: a session's start and end are told once, signed, again when
# they were not taken, and not a second time after nginx was started again; and
# whatever stands in Redis in place of sessions, nginx goes on.

use strict;
use warnings;

use lib 't/lib';

use Digest::SHA qw(hmac_sha256_hex sha256);
use JSON::PP ();
use Test::More;
use Test::Live::Notify;
use Test::Live::Redis;
use Test::Live::Show;

my $key = 'c0ffee' x 12;
my $path = 'wh0-secret-of-the-receiver';

my $show = Test::Live::Show->new(keys => { alice => 'wh1-key-of-alice', bob => 'wh2-key-of-bob-x' },
    secrets => [$path, $key], workers => 4, http => <<"EOC");
    multisource_webhook http://127.0.0.1:%%NOTIFY%%/$path?x=1;
    multisource_redis unix:%%DIR%%/redis.sock;
    multisource_sessions_key %%DIR%%/sessions.key;
    multisource_sessions_grace 1s;
    multisource_price * currency=EUR base=0.02;
EOC

my $t = $show->{t};

$t->write('sessions.key', "$key\n");

my $redis = Test::Live::Redis->new($t);
my %seen;

my $hook = Test::Live::Notify->new($t, answer => sub {
    my ($call) = @_;

    # the first two attempts of each of alice's events fail, bob's are refused

    my ($event) = $call->{raw} =~ /"event":"([^"]+)"/;

    return 404 if $call->{raw} =~ /"streamer":"bob"/;
    return ++$seen{$event} < 3 ? (503, 500)[$seen{$event} - 1] : 204;
});

# --- what stands in Redis --------------------------------------------------------

my %id = map { $_ => $_ x 32 } qw(a b c d e f);

$redis->cmd('ZADD', 'multisource:sessions', $_->[0], $_->[1])
    for [1, 'no id'], [2, 'A' x 32], [3, ''], [4, $id{a}], [5, $id{b}], [6, $id{c}], [7, $id{d}];
$redis->cmd('SET', 'multisource:sessions:open', 'no list');
$redis->cmd('SET', "multisource:session:$id{a}", '{"version":1,"id":"' . $id{b} . '"}');
$redis->cmd('RPUSH', "multisource:session:$id{b}", 1, 2);
$redis->cmd('SET', "multisource:session:$id{c}", "\xff\x00" x 40_000);
$redis->cmd('SET', "multisource:session:$id{d}", '[' x 60_000);

$show->run;

$t->wait_log(qr/sessions of Redis are not read: they are no list/);

$redis->cmd('DEL', 'multisource:sessions:open');
$t->stop;
$t->run;

$t->wait_log(qr/session $id{$_} of Redis is left out: bad /) for qw(a c d);
$t->wait_log(qr/0 sessions and 0 viewers came back from Redis, 6 were not readable/);

# --- started ---------------------------------------------------------------------

sub events {
    my ($streamer) = @_;

    return map {
        my ($head, $body) = split /\r\n\r\n/, $_->{raw}, 2;
        my $json = JSON::PP->new->decode($body);

        $json->{session}{streamer} eq $streamer
            ? { %$json, head => $head, body => $body } : ();
    } $hook->calls;
}

my $live = $show->live('alice', 'Main_Screen');

$show->wait_live('alice', 1);

my $id = $show->status('alice')->{id};
my $viewer = $show->join('alice');

$t->pause(0.3);
$show->beacon($viewer, watched => { Main_Screen => 200 }, watched_ms => 200, watching => ['Main_Screen']);

$t->wait_for(sub { 3 <= events('alice') }, 15, 'the start is told a third time');
$t->wait_log(qr/webhook: session\.started of session $id was taken/);

my ($first, @again) = events('alice');

is($first->{event}, 'session.started', 'a session starts');
is($first->{session}{session}, $id, 'which one');
is($first->{usage}{session}, $id, 'and what it costs');
is($first->{usage}{currency}, 'EUR', 'in which currency');
like($first->{head}, qr{^POST /$path\?x=1 HTTP/1\.1\r\n}, 'it is posted to the URL');
like($first->{head}, qr{^Content-Type: application/json\r?$}m, 'as JSON');
is_deeply([map { $_->{body} } @again], [($first->{body}) x 2], 'the same again when it was not taken');

sub signed {
    my ($event) = @_;

    my ($hex) = $event->{head} =~ /^X-Multisource-Signature: sha256=([0-9a-f]{64})\r?$/m;

    return $hex && $hex eq hmac_sha256_hex("multisource webhook$event->{body}", sha256($key));
}

is(scalar(grep { !signed($_) } $first, @again), 0, 'signed');

# --- not again after a restart; and ended ----------------------------------------

$t->wait_for(sub { ($redis->cmd('GET', "multisource:session:$id") // '') =~ /"told":1/ }, 10, 'it is kept');
$t->wait_for(sub { ($redis->cmd('HGETALL', "multisource:viewers:$id") || [])->[1] }, 10, 'with its viewer');

# one who is nobody, next to him

$redis->cmd('HSET', "multisource:viewers:$id", 'x', '{}', '0' x 16, '{}', '1' x 16, '{"joined":"x"}');

$live->drop;
$t->stop;
$t->run;

$t->wait_log(qr/1 sessions and 1 viewers came back from Redis/);
$t->wait_for(sub { $show->status('alice')->{status} eq 'ended' }, 10, 'the session ends');
$t->wait_for(sub { 6 <= events('alice') }, 15, 'its end is told');
$t->wait_log(qr/webhook: session\.ended of session $id was taken/);

my @events = events('alice');
my $last = $events[-1];

is(join(' ', map { $_->{event} } @events), join(' ', ('session.started') x 3, ('session.ended') x 3),
    'and the start is not told again');
is(scalar(grep { !signed($_) } @events), 0, 'all are signed');
is($last->{session}{status}, 'ended', 'it has ended');
is($last->{session}{viewers}{distinct}, 1, 'with a viewer');
is($last->{usage}{total}, 1, 'whose usage is told');
is($last->{usage}{viewers}[0]{viewer_id}, $viewer->{viewer_id}, 'by his number');
is($last->{usage}{viewers}[0]{watch_ms}, 200, 'and what he watched');
is(scalar(@events), 6, 'nothing else');

# --- refused, and nobody there ---------------------------------------------------

$live = $show->live('bob', 'Cam');
$show->wait_live('bob', 1);
$t->wait_log(qr/webhook: session\.started of session \w+ was refused: 404/);
is(scalar(events('bob')), 1, 'what is refused is not told again');

$hook->stop;
$live->drop;
$t->wait_log(qr/webhook: POST 127\.0\.0\.1: connect_failed/);
is($show->ask('GET', 'session/bob/status')->{status}, 200, 'and sessions go on when nobody is there');

my $bob = $show->status('bob')->{id};

$t->stop;
$hook = Test::Live::Notify->new($t);
$t->run;
$t->wait_log(qr/webhook: session\.ended of session $bob was taken/);
is(join(' ', map { $_->{event} } events('bob')), 'session.ended', 'what nobody took is told after a restart');

$t->done;
