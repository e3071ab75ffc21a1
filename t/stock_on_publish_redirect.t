#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# No key file: an on_publish callback knows the keys and redirects to the
# public name.  What counts is the name that comes out; the key as sent is
# told to nobody but the callback.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Notify;

my $key = 'or3Bd-alice-stream';
my $odd = 'or3Bd.odd$secret=1';

my $t = Test::Live->new(workers => 2, secrets => [$key, $odd]);

$t->mkdir('rec');

my %location = (
    $key                => 'alice',
    "${key}_Face_Cam"   => 'alice_Face_Cam',
    "${key}_Traversal"  => '../escaped',
    "${key}_Dots"       => '..',
    "${key}_Nested"     => 'alice/Nested',
    "${key}_Reserved"   => 'alice_Admin',
    "${key}_Streamer"   => 'events_Cam',
    "${key}_Long"       => 'alice_' . 'x' x 51,
    "${key}_Default"    => 'alice_main',
    "${key}_Slow"       => 'alice_Slow',
    $odd                => 'bob',
);

my $n = Test::Live::Notify->new($t, answer => sub {
    my ($call) = @_;

    my $name = $call->{name};

    return 404 if $name =~ /^unknown/;
    return 200 if !$location{$name};
    return (302, $location{$name}, $name =~ /_Slow$/ ? 1 : 0);
});

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            on_publish http://127.0.0.1:%%NOTIFY%%/publish;

            hls on;
            hls_path %%DIR%%/hls;
            hls_fragment 1s;
            hls_nested on;

            record all;
            record_path %%DIR%%/rec;

            multisource on;
            multisource_refuse_rate off;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api; multisource_list on; }
        location /status   { multisource_status; }
        location /metrics  { multisource_status prometheus; }
        location /hls/     { alias %%DIR%%/hls/; multisource_play; }
    }
}
EOC

like($t->log, qr/\[warn\].*no multisource_keys: on_publish must tell/,
    'the mode is announced');

sub ids {
    my ($streamer) = @_;

    return join ' ', map { $_->{id} }
        @{ $t->get("/sources/$streamer")->json };
}

sub files { return join ' ', sort map { s{.*/}{}r } glob $t->dir . "/$_[0]/*" }

sub publisher {
    my ($name, $test) = @_;

    my $c = $t->rtmp;

    is($c->publish($name)->{code}, 'NetStream.Publish.Start', $test);
    $c->live(gop => 10);

    return $c;
}

# redirected

my $a = publisher("${key}_Face_Cam", 'redirected');
my $b = publisher($key, 'redirected to the plain streamer');

$t->wait_for(sub { ids('alice') =~ /^(?:Face_Cam main|main Face_Cam)$/ });

my ($call) = $n->calls(name => "${key}_Face_Cam");

is($call->{call}, 'publish', 'the callback gets the name as sent');
is($t->get('/sources/')->{body}, '["alice"]', 'the list has the public name');
is($t->get('/sources/alice')->json->[0]{video}{codec}, 'avc1.42c01e',
    'nothing of the first media is lost');

$t->wait_for(sub {
    $t->get('/hls/alice/Face_Cam/index.m3u8')->{body} =~ /1\.ts/
}, 10, 'HLS of the redirected source');

my $probe = $t->ffprobe($t->url('/hls/alice/Face_Cam/index.m3u8'));

is($probe->{video}{width}, 640, 'which plays');
is($t->get('/hls/alice/main/index.m3u8')->{status}, 200, 'and of the other');
is(files('hls'), 'alice alice_Face_Cam', 'the directories');
is(files('rec'), 'alice.flv alice_Face_Cam.flv', 'the records');
like($t->wait_log(qr/multisource: live: streamer 'alice' source 'Face_Cam'/),
    qr/\[info\]/, 'the log');

# kept as sent, and keys that are no names

my $c = publisher('carol_Cam', 'accepted as sent');
my $d = publisher($odd, 'a key that could not be a name');

$t->wait_for(sub { ids('carol') eq 'Cam' && ids('bob') eq 'main' });
is(join(' ', sort @{ $t->get('/sources/')->json }), 'alice bob carol',
    'three streamers');

$c->close;
$d->close;

# a callback takes its time; the key of who waits is shown nowhere

my ($s, $same) = map { $t->rtmp } 1, 2;

$s->publish("${key}_Slow", undef, wait => 0);
$s->media(seconds => 3);
$t->wait_for(sub { $n->calls(name => "${key}_Slow") }, 'the slow call');

is($t->get('/sources/')->{body} =~ s/.*"(alice)".*/$1/r, 'alice',
    'who waits is in no list');
is($t->get('/status')->{status}, 200, 'nor in the status');
is($t->get('/metrics')->{status}, 200, 'nor in the metrics');
unlike(files('hls') . files('rec'), qr/Slow/, 'nor in any file');

# the encoder is impatient and comes a second time

$same->publish("${key}_Slow", undef, wait => 0);

my $winner = $same;

ok($winner->wait_status('NetStream.Publish.Start', 10),
    'Publish.Start after the answer');
ok($s->eof, 'the first one gives way');

$winner->live;

$t->wait_for(sub { ids('alice') =~ /Slow/ });
is($winner->closed, undef, 'a slow answer is an answer');
is(scalar(() = ids('alice') =~ /Slow/g), 1, 'and the source is there once');

# a session that ends while it waits

my $gone = $t->rtmp;
$gone->publish("${key}_Slow", undef, wait => 0);
$t->wait_for(sub { $n->calls(name => "${key}_Slow") == 3 }, 'a third call');
$gone->abrupt_close;
$t->pause(1.2);
is(scalar(() = ids('alice') =~ /Slow/g), 1, 'changes nothing');

$_->drop for $s, $same;

# a second publish of one session, whose media does not wait for the answer

my $twice = publisher('carol_First', 'the first publish of a session');

$t->wait_for(sub { ids('carol') eq 'First' });
$twice->live(0);
$twice->command('closeStream', undef);
$twice->publish("${key}_Slow", undef, wait => 0);
$twice->live;

$t->wait_for(sub { ids('alice') =~ /Slow/ }, 'the second one');
is($twice->closed, undef, 'is accepted as well');
is(ids('carol'), '', 'and the first one is over');

$twice->drop;

# redirected to what is no public name

my $hls = files('hls');

for my $source (qw(Traversal Dots Nested Reserved Streamer Long Default)) {
    my $bad = $t->rtmp;

    is(($bad->publish("${key}_$source") || {})->{code},
        'NetStream.Publish.BadName',
        "redirect to $location{\"${key}_$source\"} is refused");
    is($bad->eof, 'eof', 'and closed');
}

is(files('hls'), $hls, 'without any directory of HLS');
is(-e $t->dir . '/escaped', undef, 'let alone elsewhere');
ok($t->logged(qr/multisource: .*\breserved_source_name\b/), 'the reason');

# names that no stock module may see in a path

my $calls = $n->calls;

for my $name ('../../etc/x', 'a$b/../c', 'x.y/z', '.hidden', "a\\b") {
    is($t->rtmp->publish($name)->{code}, 'NetStream.Publish.BadName',
        "refused at once: $name");
}

is(scalar $n->calls, $calls, 'without asking the callback');

# refused

my $e = $t->rtmp;

is(($e->publish('unknown_Cam') || {})->{description},
    "callback_refused: the server's on_publish said no",
    'a refused key gets a reason');
is($e->eof, 'eof', 'and is disconnected');
is($t->get('/status')->json->{refused}{callback_refused}, 1, 'and counted');

$n->stop;

$e = $t->rtmp;
$e->publish("${key}_Other", undef, wait => 0);
ok($e->eof, 'so is everybody while the callback cannot be reached');
is($a->closed // $b->closed, undef, 'who is live goes on');

$_->close for $a, $b;
$t->wait_for(sub { $t->read('rtmp.log') =~ /PUBLISH "live" "alice/ }, 3,
    "nginx-rtmp's log with the public name");

$t->done;
