#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Accounts are connected and stay so: whose a state is and how often it is good,
# what a user who comes back may bring, and what platforms may answer to that.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Simulcast;

my $s = Test::Live::Simulcast->new;
my ($t, $p, $redis) = ($s->t, $s->p, $s->redis);

my @platforms = qw(youtube twitch facebook);
my %token = (youtube => 'google.token', twitch => 'twitch.token',
    facebook => 'facebook.token');
my %user = (youtube => 'youtube.channels.list', twitch => 'twitch.users',
    facebook => 'facebook.node.get');

sub auth {
    my ($platform, %o) = @_;
    return data($s->api(GET => "destinations/platforms/$platform/auth-url",
        undef, %o));
}


sub exchanged { return said($s->exchange(@_)) }
sub destinations { return @{ data($s->api(GET => 'destinations')) } }
sub pending { return scalar @{ $redis->cmd('KEYS', 'simulcast:state:*') } }


# --- once, by who asked for it

for my $platform (@platforms) {
    my $auth = auth($platform, token => $s->token('alice'));
    my ($code, $state) = $p->consent($auth->{authUrl});

    is($state, $auth->{state}, "$platform: the state comes back");
    like($state, qr/^[\w-]{40,}$/, "$platform: and cannot be guessed");

    is(exchanged($platform, code => $code, state => $state,
        token => $s->token('all')), '400 state_invalid state',
        "$platform: it is not another API token's");

    my ($elsewhere) = grep { $_ ne $platform } @platforms;

    is(exchanged($elsewhere, code => $code, state => $state,
        token => $s->token('alice')), '400 state_invalid state',
        "$platform: nor another platform's");

    is(exchanged($platform, code => $code, state => $state,
        stream_id => 'bob', token => $s->token('alice')), '403 forbidden',
        "$platform: nor for another streamer");

    my $r = $s->exchange($platform, code => $code, state => $state,
        stream_id => 'alice:cam', name => "M\x{fc}sic", token => $s->token('alice'));
    my $made = data($r);

    is_deeply([sort keys %$made], [qw(id name platform token_expires_at)],
        "$platform: connected");
    is($made->{name}, "M\x{fc}sic", "$platform: its name");
    like($made->{token_expires_at}, qr/^20\d\d-\d\d-\d\dT[\d:.]+Z$/,
        "$platform: its token expires");

    my $d = $s->destination($made->{id});

    is($d->{stream_id}, 'alice:cam', "$platform: for this source");
    ok($d->{account}, "$platform: whose account it is");
    is($d->{token_expires_at}, $made->{token_expires_at},
        "$platform: when it expires");

    is(exchanged($platform, code => $code, state => $state,
        token => $s->token('alice')), '400 state_invalid state',
        "$platform: once");
}

is(pending(), 0, 'nothing of them is left');
$p->no_violations('the accounts were connected as they want it');


# --- without a state, where there is no doubt

is(exchanged('twitch', code => 'abc'), '400 state_required state',
    'none is pending');

{
    my ($code) = $s->consent('twitch');

    is(exchanged('twitch', code => $code, token => $s->token('alice')),
        '400 state_required state', 'one is, but it is of others');
    is(exchanged('youtube', code => $code), '400 state_required state',
        'and of another platform');
    is(exchanged('twitch', code => $code), 200, 'the only one');
    is(exchanged('twitch', code => $code), '400 state_required state',
        'it is used');

    my ($first, $state) = $s->consent('twitch');
    my ($second) = $s->consent('twitch');

    is(exchanged('twitch', code => $second), '400 state_required state',
        'two are pending');
    is(exchanged('twitch', code => $first, state => $state), 200,
        'one of them is named');
    is(exchanged('twitch', code => $second), 200, 'one is left');
}


# --- what expires

{
    my ($code, $state) = $s->consent('twitch');
    my ($key) = @{ $redis->cmd('KEYS', 'simulcast:state:*') };
    my $life = $redis->cmd('TTL', $key);

    cmp_ok($life, '<=', 600, 'a state is good for ten minutes');
    cmp_ok($life, '>', 590, 'and not less');
    unlike($key, qr/\Q$state/, 'Redis does not know it');

    $redis->cmd('PEXPIRE', $key, 1);
    $t->wait_for(sub { pending() == 0 }, 5, 'it expires');

    is(exchanged('twitch', code => $code, state => $state),
        '400 state_invalid state', 'it is of no use any more');

    ($code, $state) = $s->consent('youtube');
    $p->expire('youtube', 'code');
    is(exchanged('youtube', code => $code, state => $state),
        '400 code_refused code', 'neither is a code');

    # one that was put there by somebody who can write to Redis

    ($code, $state) = $s->consent('twitch');
    ($key) = @{ $redis->cmd('KEYS', 'simulcast:state:*') };

    my $sealed = $redis->cmd('GET', $key);

    ($code, $state) = $s->consent('facebook');

    my ($other) = grep { $_ ne $key } @{ $redis->cmd('KEYS',
        'simulcast:state:*') };

    $redis->cmd('SET', $other, $sealed);
    is(exchanged('facebook', code => $code, state => $state),
        '400 state_invalid state', 'one of another platform does not open');

    $redis->cmd('DEL', $key);
}


# --- a user who does not agree, and one who takes a part away

{
    $p->set(twitch => { deny => $yes });

    my ($code, $state, $error) = $s->consent('twitch');

    is($error, 'access_denied', 'a user who does not agree');
    is($code, undef, 'gives no code');
    is(exchanged('twitch', code => 'denied', state => $state),
        '400 code_refused code', 'and an invented one is refused');
    $p->set(twitch => { deny => $no });

    my $url = auth('twitch')->{authUrl};

    $url =~ s/channel%3Aread%3Astream_key/user%3Aread%3Aemail/ or die $url;
    ($code, $state) = $p->consent($url);
    is(exchanged('twitch', code => $code, state => $state),
        '400 permission_missing code', 'without the stream key');

    # a code is bound to the challenge that went with it

    my $one = auth('youtube');
    my $two = auth('youtube');

    ($code) = $p->consent($one->{authUrl});
    is(exchanged('youtube', code => $code, state => $two->{state}),
        '400 code_refused code', 'the code of another authorization');
    $p->violations(clear => 1);
}


# --- fields

{
    my ($code, $state) = $s->consent('twitch');
    my $before = () = $p->requests(call => 'twitch.token');

    for my $case (
        [{ code => '' }, 'code'], [{ code => 'x' x 5000 }, 'code'],
        [{ code => "a\x{1}b" }, 'code'], [{ state => 's' x 600 }, 'state'],
        [{ name => '' }, 'name'], [{ name => 'n' x 101 }, 'name'],
        [{ stream_id => '' }, 'stream_id'],
        [{ stream_id => 'a/b' }, 'stream_id'],
        [{ stream_id => 'a' x 51 }, 'stream_id'],
        [{ code => 12 }, 'code'], [{ extra => 1 }, 'extra'],
        [{ redirect_uri => 'https://evil.example/' }, 'redirect_uri'])
    {
        my ($given, $field) = @$case;

        like(exchanged('twitch', code => $code, state => $state, %$given),
            qr/^400 \w+ $field$/, "$field: " . substr join('=', %$given), 0, 20);
    }

    is(scalar(() = $p->requests(call => 'twitch.token')), $before,
        'Twitch has heard of none of them');
    is(exchanged('twitch', code => $code, state => $state), 200,
        'nor was the state used up');

    like(said($s->api(GET => "destinations/platforms/$_/auth-url")),
        qr/^40[04] /, "$_: has no accounts")
        for qw(cloudflare rtmp_custom nowhere);
}


# --- what platforms may answer when they are asked for a token

my @answers = (
    ['401',       { status => 401 }, qr/^(?:400 code_refused code|50[12] \w+)$/],
    ['403',       { status => 403 }, qr/^50[12] \w+$/],
    ['429',       { status => 429, retry_after => 7 }, qr/^429 rate_limited$/],
    ['500',       { status => 500 }, qr/^502 platform_failed$/],
    ['503',       { status => 503, body => 'html' }, qr/^502 platform_failed$/],
    ['garbage',   { body => 'garbage' }, qr/^502 platform_answer$/],
    ['HTML',      { body => 'html' }, qr/^502 platform_answer$/],
    ['nothing',   { body => 'empty' }, qr/^502 platform_answer$/],
    ['too much',  { body => 'huge' }, qr/^502 platform_unreachable$/],
    ['no token',  { body => '{"access_token":null}' }, qr/^502 platform_answer$/],
    ['an array',  { body => '[{"access_token":"a"}]' }, qr/^502 platform_answer$/],
    ['a number',  { body => '{"access_token":12345}' }, qr/^502 platform_answer$/],
    ['a redirect', { status => 302, headers => { Location =>
        'https://localhost:1/' }, body => 'empty' }, qr/^502 \w+$/],
    ['cut off',   { truncate => $yes }, qr/^502 platform_\w+$/],
    ['closed',    { close => $yes }, qr/^502 platform_unreachable$/],
    ['lost',      { close => $yes, done => $yes },
        qr/^502 platform_unreachable$/],
);

my $n = destinations();

for my $platform (@platforms) {
    my $call = $token{$platform};
    my @bad;

    for my $answer (@answers) {
        my ($name, $failure, $re) = @$answer;
        my ($code, $state) = $s->consent($platform);

        my $asked = () = $p->requests(call => $call);

        $p->fail(call => $call, %$failure);

        my $r = $s->exchange($platform, code => $code, state => $state);
        my $said = said($r);

        push @bad, "$name: $said" unless $said =~ $re;
        push @bad, "$name: Retry-After"
            if $failure->{retry_after} && ($r->header('Retry-After') // 0) != 7;
        push @bad, "$name: asked more than once"
            if (() = $p->requests(call => $call)) - $asked != 1;
    }

    is_deeply(\@bad, [], "$platform: what its token endpoint may answer");
}

is(scalar(() = destinations()), $n, 'nothing came of all this');

# a long one is waited for, as others are served meanwhile

{
    my ($code, $state) = $s->consent('twitch');

    $p->fail(call => 'twitch.token', slow_ms => 1500);
    is(exchanged('twitch', code => $code, state => $state), 200,
        'slow, but right');
}

# the name of the account is shown where it is to be had, and that is all

for my $platform (@platforms) {
    for my $failure ({ status => 500 }, { body => 'garbage' },
        { truncate => $yes })
    {
        my ($code, $state) = $s->consent($platform);

        $p->fail(call => $user{$platform}, %$failure);

        my $made = data($s->exchange($platform, code => $code,
            state => $state));

        is($s->destination($made->{id})->{account}, undef,
            "$platform: connected without a name") if $made;
    }
}

is_deeply([$p->unfail], [], 'every failure was met');
$p->no_violations('whatever they answered');


# --- tokens are for nobody to see

{
    my @secrets = grep { length > 20 } @{ $t->{secrets} };
    my %found;

    for my $key (@{ $redis->cmd('KEYS', '*') }) {
        my $type = $redis->cmd('TYPE', $key);
        my $value = $type eq 'string' ? $redis->cmd('GET', $key)
            : $type eq 'hash' ? join ' ', @{ $redis->cmd('HGETALL', $key) }
            : $type eq 'zset' ? join ' ', @{ $redis->cmd('ZRANGE', $key, 0,
                -1) }
            : join ' ', @{ $redis->cmd('SMEMBERS', $key) };

        $found{$key} = 1 if grep { index("$key $value", $_) >= 0 } @secrets;
    }

    is_deeply([keys %found], [], 'Redis has none of ' . @secrets
        . ' codes, tokens and secrets in the clear');
}


# --- Redis away

{
    my ($code, $state) = $s->consent('twitch');

    $redis->stop;

    $t->wait_for(sub { $s->api(GET => 'destinations')->{status} == 503 }, 10,
        'Redis is away');

    like(said($s->api(GET => 'destinations/platforms/twitch/auth-url')),
        qr/^503 /, 'no accounts without Redis');
    like(exchanged('twitch', code => $code, state => $state), qr/^503 /,
        'neither a beginning nor an end');

    $redis->start;

    $t->wait_for(sub {
        return 24 == grep { $s->api(GET => 'destinations')->{status} == 200 } 1 .. 24;
    }, 15, 'Redis is back, and all workers know');
    is(exchanged('twitch', code => $code, state => $state), 200,
        'what was begun before is ended');
}

$p->no_violations('nothing was done that they do not want');

$t->done;
