#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Stream keys: sealed in Redis, opened by the right key only, bound to where they
# were given for, and nowhere to be seen.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::Process;
use Test::Live::Redis;

my $token = 'scT1-token-of-alice-0001';
my %pass = (old => 'scE2-first-encryption-key-of-this',
    new => 'scF3-second-encryption-key-of-it',
    wrong => 'scG4-encryption-key-of-nobody');
my %key = map { $_ => "scK-$_-secret-stream-key" } qw(one two edited);

my $t = Test::Live->new(workers => 2, modules => [qw(simulcast multisource)],
    secrets => [$token, values %pass, values %key]);

my $redis = Test::Live::Redis->new($t);
my $r = $t->receiver(name => 'a', tls => 'good', flv => 0);
my $elsewhere = $t->receiver(name => 'elsewhere', flv => 0);
my $ca = $r->ca;

sub keys_are { return $t->write('key', join '', map { "$_\n" } @_) }

keys_are($pass{old});
$t->write('tokens', "$token alice\n");

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            simulcast on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file %%DIR%%/key;
    simulcast_trusted_certificate $ca;
    simulcast_allow 127.0.0.0/8 ::1/128;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /api/ {
            simulcast_api;
            simulcast_api_tokens %%DIR%%/tokens;
        }

        location = /status  { simulcast_status; }
        location = /metrics { simulcast_status prometheus; }
    }
}
EOC

my $yes = JSON::PP::true;
my $json = JSON::PP->new->canonical;

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
    my ($name) = @_;

    return api(POST => 'destinations', { stream_id => 'alice', name => $name,
        platform => 'rtmp_custom', rtmp_url => $r->url,
        stream_key => $key{$name}, settings => { auto_start => $yes } })->{id};
}


sub stored { return { @{ $redis->cmd(HGETALL => "simulcast:destination:$_[0]") } } }


# where a key is sealed: of which key it is

sub sealed_by { return (split /\./, stored($_[0])->{secret})[1] }


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


sub unreadable {
    my ($id, $what) = @_;

    my $d;

    $t->wait_for(sub {
        $d = api(GET => "destinations/$id");
        return $d->{status} eq 'error';
    }, 15, $what);

    is(($d->{error} || {})->{code}, 'secret_unreadable', $what);
    ok(length $d->{error}{message}, 'in words');

    return;
}


sub ready {
    my ($workers) = @_;

    return $t->wait_for(sub {
        return $redis->cmd('PUBSUB', 'NUMSUB', 'simulcast:commands')->[1]
            == $workers && $redis->clients == 2 * $workers;
    }, 15, "$workers workers have Redis");
}


ready(2);

# from here on all that Redis is told

$redis->monitor;

my $one = make('one');
my $two = make('two');

my $p = $t->publish('alice');
ok($p->started, 'published');

flows($_, "$_: sealed, and opened again") for qw(one two);
is(sealed_by($one), '0', 'by the only key there is');

# nothing shows a key

api(GET => $_) for 'destinations', "destinations/$one",
    map { "simulcast/alice/$_" } qw(status health metrics);

is($t->get($_)->{status}, 200, $_) for qw(/status /metrics);

my %seen = (
    'what Redis is told' => $redis->monitor,
    'what Redis keeps' => join('', map { Test::Live::Process::slurp($_) }
        glob $t->dir . '/redis/*/* ' . $t->dir . '/redis/*.aof'),
    'command lines' => join("\n", map { Test::Live::Process::title($_) }
        $t->master, $t->all_workers),
);

cmp_ok(length $seen{$_}, '>', 50, "there is $_") for sort keys %seen;

for my $what (sort keys %seen) {
    is_deeply([grep { index($seen{$what}, $_) >= 0 } $token, values %pass,
        values %key], [], "no secret in $what");
}

unlike($seen{'what Redis is told'}, qr/\Q@{[unpack 'H*', $key{one}]}\E/i,
    'nor in hexadecimal');

# tampered with: the secret, the URL, another one's secret

my $edited = make('edited');
flows('edited', 'one that will be edited');

my %tamper = (
    'one character' => sub {
        my ($d) = @_;
        $d->{secret} =~ s/(.)(...)$/($1 eq 'A' ? 'B' : 'A') . $2/e;
    },
    'another URL' => sub {
        my ($d) = @_;
        my $record = $json->decode($d->{record});

        $record->{rtmp_url} = $elsewhere->url;
        $d->{record} = $json->encode($record);
    },
    "another one's" => sub { $_[0]{secret} = stored($one)->{secret} },
    'none of ours' => sub { $_[0]{secret} = 'not sealed at all' },
);

for my $what (sort keys %tamper) {
    api(POST => "simulcast/alice/destinations/$edited/stop");
    ended('edited', 'stopped');

    my $kept = stored($edited);
    my $other = { %$kept };

    $tamper{$what}->($other);
    $redis->cmd(HSET => "simulcast:destination:$edited", %$other);
    api(POST => "simulcast/alice/destinations/$edited/start");
    unreadable($edited, "$what: is not used");

    is(stored($edited)->{secret}, $other->{secret}, 'it is left as it is');
    ok(!push_of('edited'), 'nothing is sent');

    # it is what it was, with a version of its own

    delete $kept->{version};
    $redis->cmd(HSET => "simulcast:destination:$edited", %$kept);
}

is($elsewhere->stats->{published}, 0, 'a key goes nowhere else');

# with a new key given it works again

api(PATCH => "destinations/$edited", { rtmp_url => $r->url,
    stream_key => $key{edited} });
api(POST => "simulcast/alice/destinations/$edited/start");
flows('edited', 'a key that is given again');
api(DELETE => "destinations/$edited");
ended('edited', 'removed');
is(flows($_, "$_ goes on"), push_of($_)->{conn}, 'undisturbed') for qw(one two);

# a wrong key after a restart: nothing is lost

my %before = map { $_ => stored($_) } $one, $two;

$t->stop('TERM');
keys_are($pass{wrong});
$t->run;
ready(2);

$p = $t->publish('alice');
ok($p->started, 'published, with a wrong encryption key');

unreadable($_, 'a wrong encryption key') for $one, $two;
ok(!push_of($_), "$_: nothing is sent") for qw(one two);
is_deeply(stored($_), $before{$_}, 'the record is as it was') for $one, $two;

api(PATCH => "destinations/$one", { name => 'Renamed' });
is(stored($one)->{secret}, $before{$one}{secret},
    'a change of something else leaves the secret');

$p->stop;
$t->stop('TERM');
keys_are($pass{old});
$t->run;
ready(2);

$p = $t->publish('alice');
flows($_, "$_: with the right one") for qw(one two);

# a new key in front of the old one: what is live goes on, in a worker that does
# not know it, also when others seal with it

my %conn = map { $_ => push_of($_)->{conn} } qw(one two);

keys_are("k2:$pass{new}", $pass{old});
ok($t->reload, 'another encryption key');
ready(3);

api(PATCH => "destinations/$one", { name => 'Renamed again' });
$t->wait_for(sub { sealed_by($one) eq 'k2' }, 5, 'what is written is sealed anew');
is(sealed_by($two), '0', 'the rest waits');
api(GET => 'destinations');
is(push_of($_)->{conn}, $conn{$_}, "$_ goes on") for qw(one two);

$p->stop;
$t->wait_for(sub { !$t->old_workers }, 10, 'the old worker leaves');

$p = $t->publish('alice');
flows($_, "$_: with either key") for qw(one two);
$t->wait_for(sub { sealed_by($two) eq 'k2' }, 10,
    'what runs is sealed with the new one');

keys_are("k2:$pass{new}");
$p->stop;
ok($t->reload, 'without the old one');
$p = $t->publish('alice');
flows($_, "$_: with the new one alone") for qw(one two);

my $told = $redis->monitor;

is_deeply([grep { index($told, $_) >= 0 } $token, values %pass, values %key],
    [], 'Redis was told of none');

$p->stop;

$t->done;
