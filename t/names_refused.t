#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Names that nobody may publish: each refused with its reason, in a status that
# the publisher can read, in one line of the log, and in a counter; and nobody
# else notices.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my ($key, $guest) = qw(Nr4-alice-8Kd2mQ Nr4-guest-7Ty1pW);

my $t = Test::Live->new(workers => 2, secrets => [$key, $guest]);

$t->write('keys', "$key alice\n$guest alice sources=Guest\n");

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        multisource_refuse_rate off;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }

        application lab {
            live on;
            multisource on;
            multisource_reserved Backstage;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ { multisource_api live; }
        location /status   { multisource_status; }
        location /metrics  { multisource_status prometheus; }
    }
}
EOC


sub refused { return $t->get('/status')->json->{refused} }


sub publisher {
    my ($name, %o) = @_;

    my $r = $t->rtmp(%o);
    my $status = $r->publish($name);

    is($status->{code}, 'NetStream.Publish.Start', "$r->{app}: published");
    $r->live(fps => 5, gop => 5);

    return $r;
}


# the status, then a clean end; one line in the log, of printable ASCII

sub refuses {
    my ($name, $reason, $what, %o) = @_;

    my $before = refused()->{$reason};
    my $mark = $t->mark;

    my $r = $t->rtmp(%o);
    my $status = $r->publish($name);

    my $code = $reason =~ /^bad_|^reserved_/ ? 'BadName' : 'Denied';

    is($status->{code}, "NetStream.Publish.$code", "$what: status");
    like($status->{description}, qr/^$reason: \w[\w ,-]+$/, "$what: why");
    is($r->eof(5), 'eof', "$what: end of the stream");
    $r->drop;

    $t->wait_log(qr/publish refused: $reason, /, 5, $mark);

    my @lines = grep { /multisource: publish/ } split /\n/,
        $t->log_since($mark);

    is(scalar @lines, 1, "$what: one line");
    unlike($t->log_since($mark), qr/[^\n\x20-\x7e]/, "$what: log is clean");
    is(refused()->{$reason}, $before + 1, "$what: counted");

    return $lines[0];
}

my @neighbours = map { publisher($_) } $key, "${key}_Side_View", "$guest/Guest";

push @neighbours, publisher('bob_Cam', app => 'lab');

# with keys: what is not a key, and what is behind one

like(refuses('../../etc', 'unknown_key', 'parent directory'),
    qr/, name '\*\*\*', client: 127/, 'nothing of a short name is shown');
like(refuses('No-such-key_Main', 'unknown_key', 'unlisted key'),
    qr/, name 'No\*\*\*'/, 'a quarter of what may be the key');
refuses("$key/../../etc", 'bad_source_name', 'parent directory as a source');
refuses("${key}_%2e%2e", 'bad_source_name', 'encoded dots');
refuses('%2e%2e', 'unknown_key', 'encoded dots alone');
refuses("${key}_a\0b", 'bad_stream_name', 'NUL in a source');
refuses("$key\0", 'bad_stream_name', 'NUL after a key');
refuses("${key}_" . 'x' x 300, 'bad_stream_name', '300 characters');
refuses("${key}_" . 'x' x 51, 'bad_source_name', '51 characters');
refuses("${key}_Admin", 'reserved_source_name', 'a reserved name');
refuses("${key}_events", 'reserved_source_name', 'events');
refuses("$key/INDEX", 'reserved_source_name', 'index in capitals');
refuses("${key}_", 'bad_source_name', 'empty source');
refuses("$key/", 'bad_source_name', 'empty source after a slash');
refuses('', 'bad_stream_name', 'no name');
refuses("${key}_caf\xc3\xa9", 'bad_source_name', 'UTF-8');
refuses("${key}_a\xff\xfe", 'bad_source_name', 'not even UTF-8');
refuses("${key}_a\n2026/01/01 [alert] b", 'bad_source_name', 'newline');
refuses("\e[2J\r\x7f\tnokey", 'unknown_key', 'control characters');
refuses("${guest}_Other", 'source_not_allowed', 'not in sources=');

# without keys the streamer is a name as well

refuses('../../etc', 'bad_stream_name', 'lab: parent', app => 'lab');
refuses('bob_../x', 'bad_source_name', 'lab: parent in a source', app => 'lab');
refuses('%2e%2e', 'bad_stream_name', 'lab: encoded dots', app => 'lab');
refuses('bob_', 'bad_source_name', 'lab: empty source', app => 'lab');
refuses('_Cam', 'bad_stream_name', 'lab: empty streamer', app => 'lab');
refuses("bo\nb", 'bad_stream_name', 'lab: newline', app => 'lab');
refuses('events', 'bad_stream_name', 'lab: events', app => 'lab');
refuses('bob_BackStage', 'reserved_source_name', 'lab: its own reserved name',
    app => 'lab');
refuses('x' x 51, 'bad_stream_name', 'lab: 51 characters', app => 'lab');

push @neighbours, publisher('bob_Admin', app => 'lab');

# whatever else a peer may name does not get into the log as it is

my $mark = $t->mark;
my $noise = "x\n2026/11/21 00:00:00 [crit] 1#1: forged\e[2J";

my $r = $t->rtmp;

$r->connect(undef, flashVer => $noise, swfUrl => $noise, pageUrl => $noise,
    tcUrl => $noise);
$r->play("alice_$noise");
$r->drop;
$t->wait_log(qr/play: name=/, 5, $mark);

$r = $t->rtmp(app => 'lab');
$r->play("bob_$noise");
$r->drop;
$t->wait_log(qr/play: name=.*bob/, 5, $mark);

$r = $t->rtmp;
$r->publish("${key}_Arg?$noise");
$r->media(seconds => 0.2);
$r->close;
$t->wait_for(sub { $t->log('rtmp.log') =~ /alice_Arg/ }, 5, 'access log');

unlike($t->log_since($mark), qr/^\d+\S+ \S+ \[crit\] 1#1: forged/m,
    'no line is forged');
unlike($t->log_since($mark), qr/[^\n\x20-\x7e]/, 'the log is clean');
unlike($t->log('rtmp.log'), qr/[^\n\x20-\x7e]/, 'the access log as well');

# the sixth source

push @neighbours, publisher("${key}_4"), publisher("${key}_5");

like(refuses("${key}_6", 'too_many_sources', 'a sixth source'),
    qr/streamer 'alice' source '6'/, 'the source is named');

# a second publish on a session that publishes or plays

$mark = $t->mark;
my $before = refused();

my ($first) = @neighbours;
$first->publish("${key}_Second", undef, wait => 0);

my $status = $first->wait_status('NetStream.Publish.BadName');

like($status->{description}, qr/already publishes/, 'a second publish');
is($t->logged(qr/publish refused: already_publishing/, $mark), 1, 'logged');
is(refused()->{already_publishing}, $before->{already_publishing} + 1,
    'counted');

# an RTMP player finds a stream in its own worker only: one of them plays

my @players = map { $t->rtmp } 1 .. 3;

$players[$_]->play((qw(alice alice_Side_View alice_Guest))[$_], wait => 0)
    for 0 .. 2;

ok($t->wait_for(sub {
    push @players, $t->rtmp;
    $players[-1]->play('alice_Side_View', wait => 0);

    ($r) = grep { $_->frames('video', 2, 0.1) == 2 } @players;
    return $r;
}, 'a player in the right worker'), 'a player');

$r->publish("${key}_Third", undef, wait => 0);
$status = $r->wait_status('NetStream.Publish.BadName');

like($status->{description}, qr/already plays/, 'a publish while it plays');
is($t->logged(qr/publish refused: already_playing/, $mark), 1, 'logged');
is(refused()->{already_playing}, $before->{already_playing} + 1, 'counted');
is(scalar $r->frames('video', 5, 5), 5, 'it plays on');

like($t->get('/metrics')->{body}, qr/^multisource_refused_total\{reason=
    "too_many_sources"\}\ 1$/mx, 'metrics count the same');

# all this time

is(join(' ', sort map { $_->{id} } @{ $t->get('/sources/alice')->json }),
    '4 5 Guest Side_View main', 'the neighbours are live');

my %frames = map { $_->{source} => $_->{video_frames} }
    @{ $t->get('/status')->json->{sources} };

ok($t->wait_for(sub {
    my @all = @{ $t->get('/status')->json->{sources} };
    return @all == 7
        && !grep { $_->{video_frames} <= $frames{$_->{source}} } @all;
}, 10, 'more frames of everybody'), 'their frames still come');

is((grep { $_->eof(0) } @neighbours), 0, 'no connection is closed');
is($t->logged(qr/publisher dropped/), 0, 'none was dropped');

$t->done;
