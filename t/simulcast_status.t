#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# simulcast_status: destinations of all workers as JSON and for Prometheus, with
# and without Redis, and with nothing to push.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Prometheus;
use Test::Live::Redis;

my $key = 'ssT1-secret-stream-key';

my $t = Test::Live->new(workers => 2, modules => ['simulcast'],
    secrets => [$key]);

my $good = $t->receiver(name => 'good', tls => 'good');
my $bad = $t->receiver(name => 'bad', behaviour => { publish => 'denied' });
my $redis = Test::Live::Redis->new($t);

$t->write('key', "$key\n", 0600);
$t->write('seal', "0123456789abcdef\n", 0600);

my ($ca, $to, $away) = ($good->ca, $good->url, $bad->url);

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;

            simulcast_push $to key_file=key "name=Kéy \\"q\\" \\\\";
            simulcast_push $away/\$name streamer=alice;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file seal;
    simulcast_trusted_certificate $ca;

    server {
        listen 127.0.0.1:%%HTTP%% reuseport;

        location = /status  { simulcast_status; }
        location = /metrics { simulcast_status prometheus; }
    }
}
EOC

my @wrong;

sub status { return json_of($t->get('/status')->{body}) }
sub metrics { return prometheus($t->get('/metrics')->{body}, \@wrong) }

# one per destination: the sample of a metric

sub sample {
    my ($m, $metric, $id) = @_;

    my $samples = $m->{"simulcast_destination_$metric"}{samples};
    my ($labels) = grep { /destination="\Q$id\E"/ } keys %$samples;

    return defined $labels ? $samples->{$labels} : undef;
}


# nothing is published

my $r = $t->get('/status');

is($r->{status}, 200, 'status');
is($r->{headers}{'content-type'}, 'application/json', 'its type');
is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps it');

$t->wait_for(sub { my $s = status()->{redis}; $s->{up} && $s->{subscribed} },
    10, 'Redis is up');

my $s = status();

is($s->{destinations}{total}, 0, 'no destination');
is_deeply($s->{list}, [], 'an empty list');
is($s->{workers}, 2, 'workers');
cmp_ok($s->{zone}{slots}, '>', 1000, 'room');
is($s->{zone}{used}, 0, 'of which nothing is used');
is((grep { $_ } values %{ $s->{failures} }), 0, 'no failure');

$r = $t->get('/metrics');

is($r->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8',
    'type of the metrics');
is(metrics()->{simulcast_redis_up}{samples}{''}, 1, 'Redis, as a metric');
is($t->request('POST', '/status')->{status}, 405, 'POST');
is($t->head('/metrics')->{status}, 200, 'HEAD');

# one that is live and one that is refused, seen from any worker

my $p = $t->publish('alice');
ok($p->started, 'published');

$t->wait_for(sub {
    my %state = map { $_->{id} => $_ } @{ status()->{list} };

    return ($state{'live-1'}{health} || '') eq 'healthy'
        && $state{'live-2'}{failure};
}, 30, 'one is healthy, the other one has failed');

for my $try (1 .. 8) {
    is(status()->{destinations}{total}, 2, 'any worker knows both');
}

$s = status();

my ($one, $two) = sort { $a->{id} cmp $b->{id} } @{ $s->{list} };

is($s->{destinations}{live}, 1, 'one is live');
is($s->{destinations}{reconnecting}, 1, 'one is not');
is($s->{zone}{used}, 2, 'two slots');
cmp_ok($s->{failures}{publish_rejected}, '>=', 1, 'failures, by reason');

is($one->{name}, qq(K\x{e9}y "q" \\), 'name');
is($one->{platform}, 'rtmp_custom', 'platform');
is("$one->{streamer}/$one->{source}", 'alice/main', 'source');
ok($one->{static}, 'of the configuration');
is($one->{state}, 'live', 'state');
is($one->{failure}, undef, 'no failure');
is($one->{server}, 'rtmps://localhost:' . $good->port, 'server');
like($one->{address}, qr/:\d+$/, 'address');
like($one->{cipher}, qr/^TLSv1\.[23] \S+$/, 'cipher');
is($one->{rendition}, undef, 'as it is');
ok(kill(0, $one->{worker}), 'worker');
like($one->{started_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'started');
cmp_ok($one->{$_}, '>', 0, $_)
    for qw(uptime_ms bytes frames bitrate_kbps fps rtt_ms);
is($one->{connections}, 1, 'one connection');
is($one->{$_}, 0, $_) for qw(dropped attempts);
cmp_ok($one->{behind_ms}, '<', 1000, 'behind_ms');

is($two->{state}, 'reconnecting', 'the other one tries again');
is($two->{failure}{reason}, 'publish_rejected', 'it has a reason');
like($two->{failure}{text}, qr/refused/, 'and a text');
cmp_ok($two->{attempts}, '>=', 1, 'attempts');
is($two->{connections}, 0, 'the stream never began');

my $m = metrics();

is(sample($m, 'live', 'live-1'), 1, 'live, as a metric');
is(sample($m, 'live', 'live-2'), 0, 'not live');
is(sample($m, 'healthy', 'live-1'), 1, 'healthy');
cmp_ok(sample($m, 'bytes_total', 'live-1'), '>=', $one->{bytes}, 'bytes');
cmp_ok(sample($m, 'frames_total', 'live-1'), '>=', $one->{frames}, 'frames');
is(sample($m, 'connections_total', 'live-1'), 1, 'connections');
cmp_ok(sample($m, 'attempts', 'live-2'), '>=', 1, 'attempts as a metric');
is($m->{simulcast_zone_used}{samples}{''}, 2, 'slots');
is($m->{simulcast_zone_slots}{samples}{''}, $s->{zone}{slots}, 'of so many');

# it knows that Redis is away; what is live goes on

$redis->stop;

$t->wait_for(sub { !status()->{redis}{up} }, 15, 'Redis is away');
is((grep { $_->{state} eq 'live' } @{ status()->{list} }), 1, 'one is live');

# the end

$p->stop;

$t->wait_for(sub { status()->{destinations}{total} == 0 }, 10,
    'nothing is left');
is(metrics()->{simulcast_zone_used}{samples}{''}, 0, 'no slot either');

is_deeply(\@wrong, [], 'every line of the metrics is well-formed');

# without anything to push there is a status, too

my $idle = Test::Live->new(modules => ['simulcast'], secrets => [$key]);

$idle->conf(<<'EOC')->run;
http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location = /status  { simulcast_status; }
        location = /metrics { simulcast_status prometheus; }
    }
}
EOC

$s = json_of($idle->get('/status')->{body});

is($s->{zone}{slots}, 0, 'no zone');
is($s->{redis}, undef, 'no Redis');
is_deeply($s->{list}, [], 'no destination');
like($idle->get('/metrics')->{body}, qr/^simulcast_zone_slots 0$/m,
    'and as metrics');

$idle->done;
$t->done;
