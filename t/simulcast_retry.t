#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# When it is tried again, how soon, and where: losses, names that are held,
# receivers that stop reading, and servers that send their publishers elsewhere.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Flv;
use Test::Live::RTMP;

my $t = Test::Live->new(workers => 2);

my %r = map { $_ => $t->receiver(name => $_) }
    qw(gone held drops stalls first second refused closing other);

$r{secure} = $t->receiver(name => 'secure', tls => 'good');
$r{gone}->set(listen => 0);
$r{held}->set(hold => 3);

my $ca = $r{secure}->ca;

# the others are where a server sends its publishers

my $pushes = join "\n", map { 'simulcast_push ' . $r{$_}->url($_) . ';' }
    qw(gone held drops stalls first refused closing secure);

$t->conf(<<"EOC")->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            $pushes
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_trusted_certificate $ca;
    simulcast_allow 127.0.0.1 ::1;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /status { simulcast_status; }
    }
}
EOC

my $c = $t->rtmp;

is($c->publish('alice')->{code}, 'NetStream.Publish.Start', 'published');
$c->live(kbps => 1000);

for my $name (qw(held drops stalls first refused closing secure)) {
    ok($r{$name}->wait_event('first_frame', 15), "$name: live");
}

sub log_of {
    my ($name, $re) = @_;

    my $port = $r{$name}->port;
    return grep { /:$port$/ && /$re/ } split /\n/, $t->log;
}

sub status {
    my ($name) = @_;

    my $port = $r{$name}->port;
    my ($s) = grep { ($_->{server} || '') =~ /:$port\z/ }
        @{ $t->get('/status')->json->{list} };

    return $s || { state => '', failure => {} };
}

# this one takes its time

$r{stalls}->set(stall => 1);

# --- a loss, in all its forms -------------------------------------------------

$r{drops}->drop('reset');
$r{held}->drop;

my $e = $r{drops}->wait_event('publish', 10, conn => 2);
ok($e, 'drops: is there again');

my $first = $r{drops}->wait_event('first_frame', 10, conn => 2);

is("@{ $first->{order} }", 'metadata audio_config video_config key',
    'drops: headers and a keyframe');
is($first->{ts}, 0, 'drops: at 0');
is($first->{keyframe}, 1, 'drops: which it is');

is(status('drops')->{connections}, 2, 'drops: the status counts');

# a name that the server still holds

ok($t->wait_for(sub { log_of('held', qr/name_in_use/) }, 10, 'held'),
    'held: the name is in use');
$e = $r{held}->wait_event('first_frame', 20);
cmp_ok($e->{conn}, '>', 2, 'held: until it is not');

for my $line (log_of('held', qr/name_in_use/)) {
    my ($n, $ms) = $line =~ /attempt (\d+) in (\d+) ms/;
    cmp_ok($ms, '<', 15_000, "held: attempt $n is soon");
}

# --- sent elsewhere -----------------------------------------------------------

my $second = $r{second}->url;

$r{first}->set(reconnect => $second);

$e = $r{second}->wait_event('first_frame', 15);
is($e->{ts}, 0, 'second: begins at 0');
is("@{ $e->{order} }", 'metadata audio_config video_config key',
    'second: with headers and a keyframe');
is($r{second}->wait_event('publish')->{name}, 'first', 'second: the same key');

ok($r{first}->wait_event('disconnect', 10)->{published}, 'first: ends then');
ok($r{second}->events('connected'), 'second: before');

my ($there) = $r{second}->events('publish');
my ($ended) = $r{first}->events('disconnect');

cmp_ok($there->{at}, '<', $ended->{at}, 'first: not before that');
is(scalar log_of('first', qr/attempt \d+ in/), 0, 'first: that is no failure');

# where it may not

$r{refused}->set(reconnect => 'rtmp://127.0.0.2:1935/live');
ok($t->wait_for(sub {
    log_of('refused', qr/could not follow the server: address_refused/)
}, 10, 'a refusal'), 'refused: a private address');

$r{refused}->set(reconnect => 'http://localhost/');
ok($t->wait_for(sub { log_of('refused', qr/unusable URL/) }, 10, 'another'),
    'refused: no URL of RTMP');

$r{refused}->set(reconnect => $r{gone}->url);
ok($t->wait_for(sub {
    log_of('refused', qr/could not follow the server: connect_failed/)
}, 10, 'a third'), 'refused: nobody there');

$r{secure}->set(reconnect => $second);
ok($t->wait_for(sub { log_of('secure', qr/reconnect without TLS/) }, 10,
    'a fourth'), 'secure: without TLS');

# to the same server, which does not let it in a second time

$r{secure}->set(publish => 'badname', reconnect => '');
ok($t->wait_for(sub {
    log_of('secure', qr/could not follow the server: name_in_use/)
}, 10, 'a fifth'), 'secure: the same one');

# it does not wait for us

$r{other}->set(split => 40);
$r{closing}->set(reconnect => $r{other}->url);
$r{closing}->set(listen => 0);
$r{other}->wait_event('connected', 10);
$r{closing}->drop;

ok($r{other}->wait_event('first_frame', 15), 'other: is where it goes on');
is(scalar log_of('closing', qr/attempt \d+ in/), 0,
    'closing: that is no failure either');

# --- nobody there: later and later --------------------------------------------

$t->wait_for(sub { log_of('gone', qr/attempt 5 in/) }, 30, 'four failures');

my $base = 1500;

for my $line ((log_of('gone', qr/connect_failed/))[0 .. 3]) {
    my ($n, $ms) = $line =~ /attempt (\d+) in (\d+) ms/;

    cmp_ok($ms, '>=', int($base * 0.8) - 1, "gone: attempt $n, not too soon");
    cmp_ok($ms, '<=', $base * 1.2 + 1, "gone: attempt $n, not too late");
    $base *= 1.5;
}

is(status('gone')->{state}, 'reconnecting', 'gone: its state');
is(status('gone')->{failure}{reason}, 'connect_failed', 'gone: and why');

$r{gone}->set(listen => 1);

# --- it reads nothing ---------------------------------------------------------

ok($t->wait_for(sub { log_of('stalls', qr/stalled: .*attempt 2 in \d+ ms/) },
    25, 'the watchdog'), 'stalls: the connection is given up');

$e = $r{stalls}->wait_event('disconnect', 10);
is($e->{delete_stream}, 0, 'stalls: which is no end of the stream');
is($e->{reason}, 'reset', 'stalls: and told at once, before what was queued');
$r{stalls}->set(stall => undef);
ok($r{stalls}->wait_event('first_frame', 20, conn => 2), 'stalls: again');
ok($r{gone}->wait_event('first_frame', 20), 'gone: has come');

# the rest was not disturbed

for my $name (qw(refused secure)) {
    is($r{$name}->stats(1)->{open}, 1, "$name: on its first connection");
    is($r{$name}->stats(1)->{ts_gap}, 40, "$name: has every frame");
}

# --- the end ------------------------------------------------------------------

$c->live(0);
$c->command('deleteStream', undef, $c->{msid});

for my $name (qw(drops second refused secure)) {
    $e = $t->wait_for(sub {
        (grep { $_->{delete_stream} } $r{$name}->events('disconnect'))[0]
    }, 10, "$name: the end");

    is($e->{fc_unpublish}, 1, "$name: FCUnpublish");
}

# nothing was lost on the way from one to the other: all came, but what was
# sent before the first keyframe

my $sent = $c->{gen}{frames};
my ($one, $two) = map { $r{$_}->stats->{video} } qw(first second);

is($one % 25, 0, 'first: up to a keyframe');
is(($sent - $one - $two) % 25, 0, 'second: from there to the end');
cmp_ok($sent - $one - $two, '<=', 50, 'and no more is missing');

# a publisher that vanishes

$c->drop;

my $d = $t->rtmp;

$d->publish('alice');
$d->live;
$r{drops}->wait_event('publish', 10, conn => 3);
$t->wait_for(sub { $r{drops}->stats(3)->{video} > 5 }, 'live again');
$d->drop;

$e = $r{drops}->wait_event('disconnect', 10, conn => 3);
is($e->{delete_stream}, 0, 'lost: no deleteStream');
is($e->{fc_unpublish}, 0, 'lost: no FCUnpublish');

$t->done;
