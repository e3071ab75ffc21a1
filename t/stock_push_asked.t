#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# push and access rules together with what decides about a publish first: a
# static push beside on_publish, also after a takeover, a redirect to another
# server, and an address that may not publish and so takes nothing over.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Notify;

# players find a stream in its own worker only

my $t = Test::Live->new(workers => 1);

$t->write('keys', "sp4-key-of-alice alice\n");

my $rtmp = $t->port('RTMP');

my $n = Test::Live::Notify->new($t, answer => sub {
    my ($call) = @_;

    return (302, "rtmp://127.0.0.1:$rtmp/third/copy")
        if $call->{name} =~ /^pushed/;
    return $call->{name} =~ /^no/ ? 403 : 200;
});

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application asked {
            live on;
            multisource on;
            on_publish http://127.0.0.1:%%NOTIFY%%/publish;
            push rtmp://127.0.0.1:%%RTMP%%/second;
            push_reconnect 30s;
        }

        application closed {
            live on;
            multisource on;
            multisource_keys keys;
            allow publish 127.0.0.1;
            deny publish all;
        }

        application second { live on; }
        application third  { live on; }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /asked/  { multisource_api asked; }
        location /closed/ { multisource_api closed; }
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

    $c->live(fps => 20, gop => 10, kbps => 100)
        if ($status->{code} || '') eq 'NetStream.Publish.Start';

    return ($c, $status);
}

sub flows {
    my ($app, $name, $what) = @_;

    my $player = $t->rtmp(app => $app);
    $player->play($name, wait => 0);

    is(scalar $player->frames('video', 10, 10), 10, $what);
    $player->close;
}

# a static push

my ($first) = publisher('alice_Cam', app => 'asked');
flows('second', 'alice_Cam', 'what is accepted is pushed');

my ($next) = publisher('alice_Cam', app => 'asked');
ok($first->eof(5), 'taken over');
flows('second', 'alice_Cam', 'and pushed on');

my ($no, $status) = publisher('no_Cam', app => 'asked');
is($status->{code}, 'NetStream.Publish.Denied', 'refused');
is($t->logged(qr/relay: create push name='no/), 0, 'and not pushed');

# a redirect to another server

my ($pushed) = publisher('pushed_Cam', app => 'asked');
$t->wait_for(sub { ids('/asked/pushed') eq 'Cam' }, 5, 'it is a source here');
flows('third', 'copy', 'and a copy is there');

# who may not publish takes nothing over

my ($cam) = publisher('sp4-key-of-alice_Cam', app => 'closed');
$t->wait_for(sub { ids('/closed/alice') eq 'Cam' }, 5, 'live');

for (1 .. 3) {
    my ($denied) = publisher('sp4-key-of-alice_Cam', app => 'closed',
        local => '127.0.0.3');
    ok($denied->closed || $denied->eof(5), 'another address is denied');
}

is($cam->closed, undef, 'who is live goes on');
is(ids('/closed/alice'), 'Cam', 'and is listed');

# it pushes to itself: nginx would wait for that to end

$_->close for $next, $pushed, $cam;

$t->wait_for(sub { ids('/asked/alice') eq '' && ids('/asked/pushed') eq '' },
    5, 'all over');

$t->done;
