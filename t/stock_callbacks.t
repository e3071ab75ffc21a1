#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# nginx-rtmp's callbacks together with a key file: they get the public name and
# never the key, and their answer counts as it always did.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Notify;

my $key = 'sc8Wn-alice-stream';
my $other = 'sc8Wn-bob-different';

my $t = Test::Live->new(workers => 2, secrets => [$key, $other]);

$t->write('keys', "$key alice\n$other bob\n");
$t->mkdir('rec');

my $n = Test::Live::Notify->new($t, answer => sub {
    my ($call) = @_;

    return 403 if $call->{name} && $call->{name} =~ /^bob|_Private$/
        && $call->{call} =~ /^(?:publish|play)$/;
    return 200;
});

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        on_connect http://127.0.0.1:%%NOTIFY%%/connect;
        on_disconnect http://127.0.0.1:%%NOTIFY%%/disconnect;
        notify_update_timeout 300ms;

        application live {
            live on;
            multisource on;
            multisource_keys keys;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_nested on;

            record all;
            record_path %%DIR%%/rec;

            on_publish http://127.0.0.1:%%NOTIFY%%/publish;
            on_publish_done http://127.0.0.1:%%NOTIFY%%/publish_done;
            on_play http://127.0.0.1:%%NOTIFY%%/play;
            on_play_done http://127.0.0.1:%%NOTIFY%%/play_done;
            on_record_done http://127.0.0.1:%%NOTIFY%%/record_done;
            on_update http://127.0.0.1:%%NOTIFY%%/update;
            on_done http://127.0.0.1:%%NOTIFY%%/done;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ {
            multisource_api;
            multisource_list on;
        }

        location /status {
            multisource_status;
        }
    }
}
EOC

sub call {
    my ($name, %want) = @_;

    return $t->wait_for(sub {
        my ($call) = $n->calls(call => $name, %want);
        return $call;
    }, 10, "call $name") || {};
}

sub hls { return join ' ', sort map { s{.*/}{}r } glob $t->dir . '/hls/*' }

# accepted

my $a = $t->rtmp;

is($a->publish("${key}_Face_Cam?user=joe")->{code}, 'NetStream.Publish.Start',
    'accepted');
$a->media(seconds => 2);

my $call = call('publish');

is($call->{uri}, '/publish', 'on_publish');
is($call->{name}, 'alice_Face_Cam', 'gets the public name');
is($call->{app}, 'live', 'and the application');
is($call->{type}, 'live', 'and the type');
is($call->{user}, 'joe', "and the publisher's arguments");
is($call->{addr}, '127.0.0.1', 'and its address');

my $list;
$t->wait_for(sub { ($list) = @{ $t->get('/sources/alice')->json } });

is($list->{id}, 'Face_Cam', 'it is listed');
$t->wait_for(sub { hls() eq 'alice_Face_Cam' }, 'its directory of HLS');

$a->live;

is(call('update_publish')->{name}, 'alice_Face_Cam', 'on_update');
$t->wait_for(sub { $n->calls(call => 'update_publish') > 2 }, 5,
    'on_update again and again');

# the key in the URL's path, where on_connect sees it as the application

my $b = $t->rtmp(app => "live/$key");

is($b->publish('Main_Screen')->{code}, 'NetStream.Publish.Start', 'nested');
$b->media(seconds => 1);

is(call('publish', name => 'alice_Main_Screen')->{app}, 'live',
    'on_publish of a key in the path');
is(scalar $n->calls(call => 'connect', app => 'live'), 2, 'on_connect');
is(call('publish', name => 'alice_Main_Screen')->{tcurl},
    'rtmp://127.0.0.1:' . $t->port('RTMP') . '/live', 'and its URL');

# players

my $p = $t->rtmp(app => 'live/alice');
$p->play('Face_Cam', wait => 0);

is(call('play')->{name}, 'alice_Face_Cam', 'on_play gets the public name');
is(call('update_play')->{name}, 'alice_Face_Cam', 'on_update of a player');
$p->close;
is(call('play_done')->{name}, 'alice_Face_Cam', 'on_play_done');
is(call('done', name => 'alice_Face_Cam')->{uri}, '/done', 'on_done');

$p = $t->rtmp;
$p->play('alice_Private', wait => 0);
ok($p->eof, 'a player whom on_play refuses is disconnected');

# by the key itself, which some players are given by mistake

$p = $t->rtmp;
$p->play("${key}_Main_Screen", wait => 0);
is(call('play', name => 'alice_Main_Screen')->{uri}, '/play',
    'a player with the key in its URL becomes one of the public name');
$p->drop;

# the end

$a->close;
$b->drop;

is(call('publish_done', name => 'alice_Face_Cam')->{uri}, '/publish_done',
    'on_publish_done after deleteStream');
is(call('publish_done', name => 'alice_Main_Screen')->{uri}, '/publish_done',
    'on_publish_done after a lost connection');
is(call('record_done', name => 'alice_Face_Cam')->{path},
    $t->dir . '/rec/alice_Face_Cam.flv', 'on_record_done');
is($t->get('/sources/alice')->{body}, '[]', 'nothing is listed any more');

# refused: nothing of it appears anywhere

my $hls = hls();
my $c = $t->rtmp;

$c->publish("${other}_Face_Cam", undef, wait => 0);
$c->live;

ok($c->eof, 'a publisher whom on_publish refuses is disconnected');
is(call('publish', name => 'bob_Face_Cam')->{app}, 'live',
    'by its public name');
is($t->get('/sources/')->{body}, '[]', 'it is not listed');
is(hls(), $hls, 'it has no directory of HLS');
is(scalar(() = glob $t->dir . '/rec/bob*'), 0, 'it is not recorded');
is($t->logged(qr/multisource: live: streamer 'bob'/), 0, 'it was never live');
$t->wait_for(sub { !@{ $t->get('/status')->json->{sources} } },
    'an empty registry');

# who has no key does not get as far as the callback

my $calls = $n->calls(call => 'publish');

is($t->rtmp->publish('unknown_Face_Cam')->{code}, 'NetStream.Publish.Denied',
    'an unknown key');
is(scalar $n->calls(call => 'publish'), $calls,
    'is refused without on_publish');

# no answer is no permission

$n->stop;
$c = $t->rtmp;
$c->publish($key, undef, wait => 0);

ok($c->eof, 'a callback that cannot be reached refuses');
is($t->get('/sources/')->{body}, '[]', 'and nothing is listed');

is((grep { $_->{raw} =~ /\Q$key\E|\Q$other\E/ } $n->calls), 0,
    'no callback ever got a key');

$t->done;
