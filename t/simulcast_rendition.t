#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Destinations that want another bitrate, size or rate than the source has: one
# encoder for each set of settings, and only where there is need; what it makes
# decodes from its first frame; it is started again when it dies, and leaves with
# its last destination.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::Flv;
use Test::Live::Process;
use Test::Live::Redis;

# settings go below the name; the first two are the same ones

my %want = (
    small  => { resolution => '320x180', framerate => 20, bitrate => 500,
                preset => 'ultrafast' },
    same   => { resolution => '320x180', framerate => 20, bitrate => 500,
                preset => 'ultrafast' },
    slow   => { framerate => 15, preset => 'ultrafast' },
    equal  => { resolution => '640x360', framerate => 25 },
    plain  => {},
);

my $token = 'rdT1-token-of-everybody-01';
my $pass = 'rdE2-encryption-key-of-this-test';
my %key = map { $_ => "rdK-$_-secret-stream-key" } keys %want, 'sound';

my $t = Test::Live->new(workers => 2, modules => [qw(simulcast multisource)],
    secrets => [$token, $pass, values %key]);

my $redis = Test::Live::Redis->new($t);
my %receiver = map { $_ => $t->receiver(name => $_) } keys %key;

$t->write('key', "$pass\n");
$t->write('tokens', "$token *\n");

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
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file %%DIR%%/key;
    simulcast_allow 127.0.0.0/8 ::1/128;
    $more

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
    my ($name, $settings, $stream) = @_;

    return api(POST => 'destinations', { name => $name,
        stream_id => $stream || 'alice', platform => 'rtmp_custom',
        rtmp_url => $receiver{$name}->url, stream_key => $key{$name},
        settings => { %$settings, auto_start => JSON::PP::true } })->{id};
}


# encoders of nginx's workers, by pid: command lines

sub encoders {
    my %family = %{ Test::Live::Process::family() };

    return { map { $_ => Test::Live::Process::title($_) }
        grep { Test::Live::Process::title($_) =~ /^\S*ffmpeg\b/ }
        map { @{ $family{$_} || [] } } $t->all_workers };
}


sub encoders_are {
    my ($n, $what) = @_;

    $t->wait_for(sub { keys %{ encoders() } == $n }, 10, $what);
    return is(scalar keys %{ encoders() }, $n, $what);
}


sub status_of {
    my ($name) = @_;

    my ($one) = grep { $_->{name} eq $name }
        @{ $t->get('/status')->json->{list} };

    return $one;
}


# more frames than now

sub flows {
    my ($name, $frames, $what) = @_;

    my $before = $receiver{$name}->stats->{video};

    return ok($t->wait_for(sub {
        $receiver{$name}->stats->{video} >= $before + $frames }, 20, $what),
        $what);
}


$t->conf(conf(''))->run;

$t->wait_for(sub {
    return $redis->cmd('PUBSUB', 'NUMSUB', 'simulcast:commands')->[1] == 2
        && $redis->clients == 4;
}, 10, 'Redis');

my %id = map { $_ => make($_, $want{$_}) } sort keys %want;

my $p = $t->publish('alice', media => { kbps => 1500 });
ok($p->started, 'published');

# sound alone has nothing to encode, which takes some time to see

make('sound', { bitrate => 600 }, 'radio');

my $radio = $t->publish('radio', media => { video => 0 });
ok($radio->started, 'sound alone');

$t->wait_for(sub {
    !grep { $receiver{$_}->stats->{video} < 40 } keys %want
}, 20, 'all flow');

# how many, of what

encoders_are(2, 'one for two that want the same, one for another');

my @lines = sort values %{ encoders() };

is(scalar(grep { /scale=320:180/ && /fps=20/ && /-b:v 500k/ } @lines), 1,
    'one makes it small');
is(scalar(grep { /fps=15/ && !/scale=/ } @lines), 1, 'one makes it slow');
is(scalar(grep { /-protocol_whitelist pipe/ } @lines), 2, 'without a network');
is(scalar(grep { m{rtmp://|secret} } @lines), 0, 'and without an address');

for my $pid (keys %{ encoders() }) {
    my @fds = grep { !m{/[012]$} } glob "/proc/$pid/fd/*";
    my @sockets = grep { (readlink($_) || '') =~ /^socket:/ } @fds;

    is_deeply(\@sockets, [], 'no connection of nginx\'s is open in it');
}

is(status_of('small')->{rendition}, '500 kbit/s 320x180 20 fps ultrafast',
    'the status says what it is encoded to');
is(status_of('slow')->{rendition}, '15 fps ultrafast', 'each');
is(status_of($_)->{rendition}, undef, "$_: as it is") for qw(equal plain);
is(status_of($_)->{state}, 'live', "$_: live") for sort keys %want;

# one of two leaves: the other one keeps it; both, and it ends

my ($small) = grep { encoders()->{$_} =~ /320:180/ } keys %{ encoders() };

api(DELETE => "destinations/$id{same}");
$receiver{same}->wait_event('disconnect');
flows('small', 20, 'one goes on without the other');
ok($t->alive($small), 'with the same encoder');

# it dies

my $conn = $receiver{small}->last->{conn};

kill 'KILL', $small;
$t->wait_log(qr/rendition "alice\/main": the encoder has failed/, 5);
flows('small', 60, 'its destination goes on when it was killed');
encoders_are(2, 'with another one');
ok(!$t->alive($small), 'not the same');
is($receiver{small}->last->{conn}, $conn, 'over the same connection');
is($receiver{slow}->stats->{published}, 1, 'others have not noticed');

# another size is another encoder, and the old one goes

api(PATCH => "destinations/$id{slow}", { settings => { framerate => undef,
    preset => undef, resolution => '426x240' } });
$t->wait_for(sub { grep { /scale=426:240/ } values %{ encoders() } }, 10,
    'what is changed is made anew');
encoders_are(2, 'and nothing else is left');
$t->wait_for(sub { $receiver{slow}->stats->{published} == 2
    && $receiver{slow}->last->{video} > 40 }, 15, 'with another connection');

api(POST => "simulcast/alice/destinations/$id{slow}/stop");
encoders_are(1, 'an encoder leaves with its last destination');

# the source ends

$p->stop;
encoders_are(0, 'and with the source');
$t->wait_for(sub { $receiver{small}->last->{delete_stream} }, 10, 'the end');

# what came of it

my %made = (small => ['320x180', 20], same => ['320x180', 20],
    equal => ['640x360', 25], plain => ['640x360', 25]);

for my $name (sort keys %made) {
    my ($size, $fps) = @{ $made{$name} };
    my $flv = Test::Live::Flv->new($receiver{$name}->flv(
        ($receiver{$name}->events('publish'))[0]{conn}));

    is($flv->faults, '', "$name: decodes, from its first frame");
    is(join(' ', $flv->sizes), $size, "$name: size");
    is($flv->{keys}[0], $flv->{video}[0], "$name: begins with a keyframe");
    is(scalar $flv->backwards, 0, "$name: no timestamp goes back");
    cmp_ok(scalar @{ $flv->{audio} }, '>', 50, "$name: sound, too");

    # the encoder was killed, and what came meanwhile is not there

    cmp_ok(abs($flv->rate('video') - $fps), '<', 1.5, "$name: rate")
        if $name ne 'small';
}

my @slow = map { $receiver{slow}->flv($_->{conn}) }
    $receiver{slow}->events('publish');

is(join(' ', map { Test::Live::Flv->new($_)->sizes } @slow), '640x360 426x240',
    'what was changed: sizes');
cmp_ok(abs(Test::Live::Flv->new($slow[0])->rate('video') - 15), '<', 1.5,
    'and the rate before');
is(Test::Live::Flv->new($_)->faults, '', 'both decode') for @slow;

my ($plain, $small_bytes) = map { -s $receiver{$_}->flv } qw(equal small);
cmp_ok($small_bytes, '<', $plain, 'fewer bytes');

# sound alone is there by now

$t->wait_for(sub { $receiver{sound}->stats->{audio} > 20 }, 15,
    'sound alone goes out');
is(status_of('sound')->{rendition}, undef, 'as it is');
encoders_are(0, 'without an encoder');
$radio->stop;

api(DELETE => "destinations/$id{$_}") for grep { $_ ne 'same' } keys %id;

# commands that cannot be right

$t->expect_conf_error(conf(qq(simulcast_transcode "$_->[0]";)), $_->[1])
    for ['ffmpeg -i {input}', qr/simulcast_transcode/],
        [q(ffmpeg 'open), qr/simulcast_transcode/];

# and one that only fails when it runs

$t->reload(conf('simulcast_transcode "/nonexistent/encoder -b {bitrate}";'));

my $broken = make('small', $want{small});
my $fine = make('plain', {});

$p = $t->publish('alice');
ok($p->started, 'published again');
flows('plain', 25, 'a destination without encoder');

$t->wait_log(qr{there is no program "/nonexistent/encoder"}, 5);
ok($t->wait_log(qr{rendition "alice/main": the encoder could not be started},
    5), 'the log names the program, and the source');

my $shown = $t->wait_for(sub {
    my $d = api(GET => "destinations/$broken");
    return $d->{status} eq 'error' && $d;
}, 20, 'it is given up');

is($shown->{error}{code}, 'rendition_failed', 'rendition_failed');
is($shown->{error}{message}, 'the encoder could not be started', 'in words');
is(status_of('plain')->{state}, 'live', 'the other one is live');

# it is repaired

$p->stop;
$t->reload(conf(''));
$p = $t->publish('alice');
flows('small', 25, 'a right command, for new publishers');

$p->stop;

$t->done;
