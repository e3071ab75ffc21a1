#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# nginx is reloaded, restarted and loses workers while destinations are live:
# old workers go on and obey, and a publisher who comes back finds everything as
# it was.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Redis;

my $token = 'rsT1-token-of-alice-0001';
my $pass = 'rsE2-encryption-key-of-this-test';
my %key = map { $_ => "rsK-$_-secret-stream-key" } qw(auto one later fixed);

my $t = Test::Live->new(workers => 2, modules => [qw(simulcast multisource)],
    secrets => [$token, $pass, values %key]);

my $redis = Test::Live::Redis->new($t);
my $r = $t->receiver(flv => 0);

$t->write('key', "$pass\n");
$t->write('tokens', "$token alice\n");
$t->write('fixed', "$key{fixed}\n");

sub conf {
    my ($more) = @_;

    return <<"EOC";
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            simulcast on;
            $more
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file %%DIR%%/key;
    simulcast_allow 127.0.0.0/8 ::1/128;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /api/ {
            simulcast_api;
            simulcast_api_tokens %%DIR%%/tokens;
        }

        location = /status { simulcast_status; }
    }
}
EOC
}


my $yes = JSON::PP::true;

sub api {
    my ($method, $path, $body) = @_;

    my $r = $t->request($method, "/api/$path",
        headers => { Authorization => "Bearer $token" },
        $body ? (json => $body) : ());
    my $json = $r->json;

    diag("$method $path: $r->{status} $r->{body}")
        unless ref $json eq 'HASH' && $json->{success};

    return $json->{data};
}


sub make {
    my ($name, %settings) = @_;

    return api(POST => 'destinations', { stream_id => 'alice', name => $name,
        platform => 'rtmp_custom', rtmp_url => $r->url,
        stream_key => $key{$name}, settings => \%settings })->{id};
}


# the connection that publishes under the key of a destination

sub push_of {
    my ($name) = @_;

    my ($push) = grep { $_->{published} && $_->{open} && $_->{video}
        && !$_->{delete_stream} && $_->{name} eq $key{$name} }
        @{ $r->stats->{connections} };

    return $push;
}


sub flows {
    my ($name, $what) = @_;

    my $push = $t->wait_for(sub { push_of($name) }, 15, $what);

    return ok($push, $what) && $push->{conn};
}


sub ended {
    my ($name, $what) = @_;

    $t->wait_for(sub { !push_of($name) }, 10, $what);
    return ok(!push_of($name), $what);
}


sub list { return @{ $t->get('/status')->json->{list} } }


# as encoders do: again and again, until the server is there

sub publish_again {
    my $p;

    $t->wait_for(sub {
        $p = $t->publish('alice');
        return $p->started(3);
    }, 20, 'a publisher who comes back');

    return $p;
}


$t->conf(conf(''))->run;

# who listens to commands has both connections to Redis

sub ready {
    my ($workers) = @_;

    return $t->wait_for(sub {
        return $redis->cmd('PUBSUB', 'NUMSUB', 'simulcast:commands')->[1]
            == $workers && $redis->clients == 2 * $workers;
    }, 15, "$workers workers have Redis");
}


ready(2);

my $auto = make('auto', auto_start => $yes);
my $one = make('one');

my $p = $t->publish('alice');
ok($p->started, 'published');

my $stays = flows('auto', 'auto_start');
api(POST => "simulcast/alice/destinations/$one/start");
flows('one', 'started');

# a reload: the old worker goes on with what it has, and obeys

my ($old) = map { $_->{worker} } list();

ok($t->reload(conf("simulcast_push @{[$r->url]} key_file=%%DIR%%/fixed;")),
    'reload');
ok($t->alive($old), 'the old worker is there');
ok($t->wait_for(sub { $t->old_workers == 1 }, 10, 'one of them'),
    'the one that pushes, and no other');

# what has just begun is live with the first acknowledgement that is looked at

ok($t->wait_for(sub {
    return 2 == grep { $_->{worker} == $old && $_->{state} eq 'live' } list();
}, 10, 'both live'), 'new workers know what it pushes');

ready(3);
api(POST => "simulcast/alice/destinations/$one/stop");
ended('one', 'it hears a stop');
api(POST => "simulcast/alice/destinations/$one/start");
flows('one', 'and a start');

my $later = make('later', auto_start => $yes);

flows('later', 'and of a new destination');
is((grep { $_->{id} eq $later } list())[0]{worker}, $old, 'all there');
ok(!push_of('fixed'), 'simulcast_push is for new publishers');

# another one, with pushes in a worker that is two generations old

ok($t->reload, 'and again');
$t->wait_for(sub { $t->old_workers == 1 }, 10, 'there is one old worker');
is(flows('auto', 'the first one'), $stays, 'was never disturbed');

is(api(DELETE => "destinations/$later")->{id}, $later, 'removed');
ended('later', 'there as well');

my $before = push_of('auto');

$t->pause(1.2);
cmp_ok(push_of('auto')->{video} - $before->{video}, '>', 20, 'media flow');

# its last publisher leaves, and it does

$p->stop;
ended($_, "the end: $_") for qw(auto one);

my $left = now();

ok($t->wait_for(sub { !$t->alive($old) }, 10, 'the old worker leaves'), 'it left');
cmp_ok(now() - $left, '<', 5, 'within 5 s');

my ($bye) = grep { $_->{name} eq $key{auto} } $r->events('disconnect');
is($bye->{delete_stream}, 1, 'servers know of the end');

# new streams have the new configuration

$p = publish_again();
flows($_, "in a new worker: $_") for qw(auto fixed);
ok(!push_of('one'), 'what was started has ended with its stream');
api(POST => "simulcast/alice/destinations/$one/start");
flows('one', 'until it is again');

# a worker is killed

my ($worker) = map { $_->{worker} } list();
my $mark = now();

$t->kill_worker($worker);
ended($_, "killed: $_") for qw(auto one fixed);
$t->wait_for(sub { $t->workers == 2 }, 10, 'another worker');

$p->stop('KILL');
$p = publish_again();
flows($_, "after a worker was killed: $_") for qw(auto one fixed);
cmp_ok(now() - $mark, '<', 15, 'soon');
is((grep { !$t->alive($_->{worker}) } list()), 0, 'by workers that are there');

# nginx is stopped, and started

for my $signal (qw(TERM KILL)) {
    if ($signal eq 'TERM') {
        $t->stop('TERM');

    } else {
        my @workers = $t->workers;

        $t->{process}->signal('KILL');
        $t->{process}->wait(5);
        kill 'KILL', @workers;
        $t->wait_for(sub { !grep { $t->alive($_) } @workers }, 5, 'all dead');
    }

    ended($_, "SIG$signal: $_") for qw(auto one fixed);

    ($bye) = grep { $_->{name} eq $key{one} } reverse $r->events('disconnect');
    is($bye->{delete_stream} || 0, 0, 'that is no end of the event');

    $p->stop('KILL');
    $t->run;
    $mark = now();
    $p = publish_again();
    flows($_, "after SIG$signal: $_") for qw(auto one fixed);
    cmp_ok(now() - $mark, '<', 15, 'soon');
}

# each claim is one of a worker that runs

for my $id ($auto, $one) {
    my $claim = $redis->cmd(GET => "simulcast:claim:$id");
    my ($pid) = $claim =~ /^[^:]*:(\d+):/;

    ok($pid && $t->alive($pid), "a claim of a worker that is there");
}

is_deeply([map { @{ $_->{faults} } } @{ $r->stats->{connections} }], [],
    'servers have nothing to complain of');

$p->stop;
ended($_, "the last end: $_") for qw(auto one fixed);

$t->wait_for(sub {
    return !grep { $redis->cmd(EXISTS => "simulcast:claim:$_") } $auto, $one;
}, 5, 'no claim is left');

$t->done;
