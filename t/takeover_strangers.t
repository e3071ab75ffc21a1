#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Nobody loses a source to one who may not publish it, and a publish that is
# under way leaves nothing behind: pipelined commands, a callback that says no,
# a stream closed before the answer, a publisher who sends nothing.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Notify;

my $alice = 'ts6Wf-key-of-alice';
my $bob = 'ts6Wf-key-of-bob-2';

my $t = Test::Live->new(workers => 2, secrets => [$alice, $bob]);

$t->write('keys', "$alice alice max_sources=20\n$bob bob\n");

my $n = Test::Live::Notify->new($t, answer => sub {
    my ($call) = @_;

    return (200, undef, 1) if $call->{name} =~ /^slow/;
    return ($call->{token} || '') eq 'good' ? 200 : 403;
});

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        multisource on;
        multisource_refuse_rate off;
        multisource_timeout 3s;

        application live {
            live on;
            multisource_keys keys;
        }

        application asked {
            live on;
            on_publish http://127.0.0.1:%%NOTIFY%%/publish;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /live/  { multisource_api live; }
        location /asked/ { multisource_api asked; }
        location /status { multisource_status; }
    }
}
EOC

sub ids {
    my @ids = sort map { $_->{id} } @{ $t->get($_[0])->json };
    return join ' ', @ids;
}

sub publisher {
    my ($name, %o) = @_;

    my $c = $t->rtmp(%o);
    my $status = $c->publish($name) || {};

    $c->live(fps => 10, gop => 5, kbps => 50)
        if ($status->{code} || '') eq 'NetStream.Publish.Start';

    return ($c, $status);
}

# held for another worker, a session cannot slip into another stream

my ($victim) = publisher("${bob}_Cam");
$t->wait_for(sub { ids('/live/bob') eq 'Cam' }, 5, 'bob is live');

for my $i (1 .. 10) {
    my ($first) = publisher("${alice}_A$i");
    $t->wait_for(sub { ids('/live/alice') =~ /\bA$i\b/ }, 5, "A$i");

    my $c = $t->rtmp;
    $c->prepare;
    $c->publish("${alice}_A$i", undef, wait => 0, fc => 0);
    $c->play('bob_Cam', wait => 0);
    $c->live(fps => 10, gop => 5, kbps => 50);

    $t->wait_for(sub { $first->closed || $first->eof(0.1) }, 5,
        'the takeover');
    $t->wait_for(sub { ids('/live/alice') =~ /\bA$i\b/ }, 5,
        'its own source is what it gets');
    $c->close;
}

is($victim->closed, undef, 'bob is not closed');
is(ids('/live/bob'), 'Cam', 'and listed');
is($t->logged(qr/dropped: \w+, streamer 'bob'/), 0, 'and was not dropped');

# a callback that says no ends nobody's stream

my ($carol, $status) = publisher('carol_Cam?token=good', app => 'asked');
is($status->{code}, 'NetStream.Publish.Start', 'carol is let in');
$t->wait_for(sub { ids('/asked/carol') eq 'Cam' }, 5, 'carol is live');

for (1 .. 6) {
    my ($evil, $no) = publisher('carol_Cam?token=evil', app => 'asked');

    is($no->{code}, 'NetStream.Publish.Denied', 'a stranger is refused');
    is($evil->eof(5), 'eof', 'with a drained close');
}

is($carol->closed, undef, 'carol goes on');
is(ids('/asked/carol'), 'Cam', 'and is listed');

my ($again) = publisher('carol_Cam?token=good', app => 'asked');
ok($carol->eof(5), 'who is let in takes over');
$t->wait_for(sub { ids('/asked/carol') eq 'Cam' }, 5, 'and is listed');

# closed before the answer: the answer finds nobody

my $hasty = $t->rtmp(app => 'asked');
$hasty->prepare;
$hasty->publish('slow_Cam', undef, wait => 0);
$t->wait_for(sub { $n->calls(name => 'slow_Cam') }, 5, 'the callback is asked');
$hasty->command('closeStream', undef);

ok($hasty->eof(5), 'the session ends');

my $patient = $t->rtmp(app => 'asked');
is(($patient->publish('slow_Cam', undef, timeout => 8) || {})->{code},
    'NetStream.Publish.Start', 'the name is free');
$patient->live(fps => 10, gop => 5, kbps => 50);
$t->wait_for(sub { ids('/asked/slow') eq 'Cam' }, 5, 'and listed');

# nothing is sent: the place is not kept

my $used = $t->get('/status')->json->{zone}{used};
my $mute = $t->rtmp;
is($mute->publish("${alice}_Mute")->{code}, 'NetStream.Publish.Start', 'mute');
is($t->get('/status')->json->{zone}{used}, $used + 1, 'has a slot');
is(($mute->wait_status(qr/Denied/, 8) || {})->{code},
    'NetStream.Publish.Denied', 'for a while');
$t->wait_for(sub { $t->get('/status')->json->{zone}{used} == $used }, 3,
    'which is free again');

# nor does a play while it publishes lead anywhere

my $both = $t->rtmp;
$both->publish("${alice}_Both");
is($both->play('bob_Cam')->{code}, 'NetStream.Play.Failed',
    'who publishes does not play');

$t->done;
