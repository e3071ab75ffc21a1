#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The status of WHIP: every field as JSON, against what was sent, and the same
# as Prometheus text.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Prometheus;
use Test::Live::Whip;

my $key = 'wS1-status-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application 'the "new" one' {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_refuse_rate off;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/ {
            whip 'the "new" one';
            whip_rate off;
        }

        location = /status  { whip_status; }
        location = /metrics { whip_status prometheus; }

        location = /closed {
            allow 192.0.2.1;
            deny all;
            whip_status;
        }
    }
}
EOC

$t->run;

sub status { return $t->get('/status')->json || {} }

my @wrong;

# { metric => { labels => value } }

sub metrics {
    my $m = prometheus($t->get('/metrics')->{body}, \@wrong);

    return { map { $_ => $m->{$_}{samples} } keys %$m };
}

# nothing yet

my $r = $t->get('/status');

is($r->{status}, 200, 'status');
is($r->{headers}{'content-type'}, 'application/json', 'its type');
is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps it');
is($r->{headers}{'access-control-allow-origin'}, undef, 'no page reads it');

my $s = $r->json;
my @states = qw(asking new connecting connected live);

is(join(' ', sort keys %$s), 'ended list refused sessions started_total'
    . ' stray_datagrams_total workers', 'fields');
is_deeply($s->{sessions}, { total => 0, map { $_ => 0 } @states },
    'no session');
is_deeply($s->{list}, [], 'nor one in the list');
is($s->{workers}, 2, 'workers');
is($s->{started_total}, 0, 'none was started');
is((grep { $_ } values %{ $s->{refused} }, values %{ $s->{ended} }), 0,
    'none was refused or has ended');

# methods and access

is($t->head($_)->{status}, 200, "HEAD $_") for qw(/status /metrics);

$r = $t->request('POST', '/status', body => 'x');

is($r->{status}, 405, 'POST');
is($r->{headers}{allow}, 'GET, HEAD', 'Allow');
is($r->json->{error}{code}, 'method_not_allowed', 'the reason');
is($t->request('DELETE', '/metrics')->{status}, 405, 'DELETE of metrics');
is($t->get('/closed')->{status}, 403, 'deny works');

$r = $t->get('/metrics');

is($r->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8',
    'type of the metrics');
is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps them');

# accepted, and nothing more: a client that does not go on

my %path = (path => '/whip/Main_Screen', bearer => $key);
my $idle = Test::Live::Whip->publish($t, %path, path => '/whip/Idle', http => 'stdio');

my $offer = $idle->wait_event('offer')->{sdp};

$r = $t->request('POST', '/whip/Idle', body => $offer, headers => {
    'Content-Type' => 'application/sdp', Authorization => "Bearer $key" });

is($r->{status}, 201, 'an offer is accepted');

$s = status();

is($s->{sessions}{new}, 1, 'the session is new');
is($s->{started_total}, 1, 'and was started');

my ($l) = @{ $s->{list} };

is(join(' ', sort keys %$l), 'app audio bad_packets client clock dtls path'
    . ' rtt_ms session skew_ms started_at state stream twcc uptime_ms video'
    . ' worker', 'fields of a session');
is($l->{state}, 'new', 'state');
is($l->{app}, 'the "new" one', 'app');
is($l->{stream}, 'alice_Idle', 'stream');
is($l->{client}, '127.0.0.1', 'client');
is($l->{$_}, undef, "$_ is null") for qw(path dtls audio video rtt_ms);

my $m = metrics();

is($m->{whip_sessions}{'state="new"'}, 1, 'it is in the metrics');
is($m->{whip_session_fps}, undef, 'which have none of its media');

$idle->stop('KILL');

is($t->request('DELETE', $r->{headers}{location})->{status}, 200, 'DELETE');

# one that sends

my $p = Test::Live::Whip->publish($t, %path, media => { fps => 25, kbps => 800 }, wait => 1);

sub live {
    my ($l) = grep { $_->{state} eq 'live' } @{ status()->{list} };
    return $l || {};
}

$t->wait_for(sub { abs((live()->{video}{fps} || 0) - 25) < 2
    && live()->{audio}{frames} && live()->{video}{jitter_ms} }, 15,
    'a live session');

$l = live();

is($l->{stream}, 'alice_Main_Screen', 'its stream');
is((grep { $_ == $l->{worker} } $t->workers), 1, 'worker');
like($l->{started_at}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    'started_at');
cmp_ok($l->{uptime_ms}, '>', 900, 'uptime_ms');
like($l->{clock}, qr/^(sender_reports|arrival)$/, 'clock');
cmp_ok(abs $l->{skew_ms}, '<', 500, 'skew_ms');
is($l->{bad_packets}, 0, 'bad_packets');

is($l->{path}{protocol}, 'udp', 'path: protocol');
is($l->{path}{local}, '127.0.0.1:' . $t->port('WHIP'), 'path: local');
like($l->{path}{remote}, qr/^127\.0\.0\.1:\d+$/, 'path: remote');
is($l->{path}{count}, 1, 'path: count');

is_deeply($l->{dtls}, { version => 'DTLSv1.2', role => 'server',
    srtp => $p->connected->{profile}, cipher => $l->{dtls}{cipher} }, 'dtls');
like($l->{dtls}{cipher}, qr/^ECDHE-ECDSA-/, 'dtls: cipher');

my $media = 'bitrate_kbps bytes codec duplicate fraction_lost frames jitter_ms'
    . ' late lost nacks packets repaired';

is(join(' ', sort keys %{ $l->{audio} }),
    join(' ', sort split(/ /, $media), 'concealed_ms'), 'fields of audio');
is(join(' ', sort keys %{ $l->{video} }), join(' ', sort split(/ /, $media),
    qw(width height fps layers frames_dropped plis)), 'fields of video');

is($l->{audio}{codec}, 'mp4a.40.2', 'audio: codec');
like($l->{video}{codec}, qr/^avc1\.42/, 'video: codec');
is("$l->{video}{width}x$l->{video}{height}", '640x360', 'video: size');
is($l->{video}{layers}, 1, 'video: layers');
cmp_ok($l->{video}{bitrate_kbps}, '>', 300, 'video: bitrate_kbps');

for my $kind (qw(audio video)) {
    is($l->{$kind}{$_}, 0, "$kind: $_")
        for qw(lost late duplicate nacks repaired fraction_lost);
    cmp_ok($l->{$kind}{packets}, '>', $kind eq 'audio' ? 40 : 20,
        "$kind: packets");
}

# packets that are lost on the way are asked for, and come again

$p->set(video_loss => 5);

$t->wait_for(sub { (live()->{video}{repaired} || 0) > 5 }, 15, 'repairs');

$l = live();

cmp_ok($l->{video}{nacks}, '>=', $l->{video}{repaired}, 'video: nacks');
ok($l->{rtt_ms}, 'rtt_ms is known');

# when it has stopped to send, all stands still

$p->set(video_loss => 0, video_pause => 1, audio_pause => 1);

my ($same, $was) = (0, '');

$t->wait_for(sub {
    $m = metrics();
    $l = live();

    my $now = join ' ', map { $l->{$_}{packets}, $l->{$_}{bytes} }
        qw(audio video);

    $same = $now eq $was ? $same + 1 : 0;
    $was = $now;
    nap();
    return $same > 12;
}, 30, 'counters that stand still');

sub nap { return select undef, undef, undef, 0.1 }

my $labels = qq{session="$l->{session}",stream="alice_Main_Screen"};

sub value { return $m->{"whip_session_$_[0]"}{"$labels$_[1]"} }

my %field = (
    packets_total          => ['packets', 1],
    bytes_total            => ['bytes', 1],
    lost_packets_total     => ['lost', 1],
    nacks_total            => ['nacks', 1],
    repaired_packets_total => ['repaired', 1],
    frames_total           => ['frames', 1],
    jitter_seconds         => ['jitter_ms', 1000],
);

my %video = (
    width_pixels           => ['width', 1],
    height_pixels          => ['height', 1],
    layers                 => ['layers', 1],
    frames_dropped_total   => ['frames_dropped', 1],
    plis_total             => ['plis', 1],
);

for my $kind (qw(audio video)) {
    my %of = ($kind eq 'video' ? %video : (), %field);

    for my $name (sort keys %of) {
        my ($field, $scale) = @{ $of{$name} };

        cmp_ok(abs(value($name, qq{,kind="$kind"}) * $scale
            - $l->{$kind}{$field}), '<', 0.01, "$kind: $name");
    }
}

cmp_ok(abs(value('concealed_seconds_total', ',kind="audio"') * 1000
    - $l->{audio}{concealed_ms}), '<', 1.001, 'concealed_seconds_total');
cmp_ok(abs(value('rtt_seconds', '') * 1000 - $l->{rtt_ms}), '<', 0.01,
    'rtt_seconds');
cmp_ok(abs(value('uptime_seconds', '') * 1000 - $l->{uptime_ms}), '<', 2000,
    'uptime_seconds');
ok(defined value('skew_seconds', ''), 'skew_seconds');
ok(defined value('bitrate_bits', qq{,kind="$_"}), "$_: bitrate_bits")
    for qw(audio video);
is($m->{whip_session_fps}{qq{$labels,kind="audio"}}, undef, 'audio has no fps');

# refused, and strangers

my $stranger = Test::Live::Whip->publish($t, path => '/whip/', bearer => 'nobodys-key',
    expect => 'refused');

is($stranger->http->{status}, 401, 'refused');

my $udp = IO::Socket::INET->new(Proto => 'udp',
    PeerAddr => '127.0.0.1:' . $t->port('WHIP'));
$udp->send("\x16 who are you") for 1 .. 3;

$t->wait_for(sub { status()->{stray_datagrams_total} >= 3 }, 5, 'strays');

# its end

is($p->stop('delete'), 0, 'the session is stopped by its client');

$t->wait_for(sub { !@{ status()->{list} } }, 5, 'no session is left');

$s = status();
$m = metrics();

my %refused = map { $_ => 0 } keys %{ $s->{refused} };
my %ended = map { $_ => 0 } keys %{ $s->{ended} };

cmp_ok(scalar keys %refused, '>', 20, 'reasons to refuse');
cmp_ok(scalar keys %ended, '>', 10, 'reasons to end');

$refused{unknown_key} = 1;
is_deeply($s->{refused}, \%refused, 'refused, by reason');

$ended{deleted} = 2;
is_deeply($s->{ended}, \%ended, 'ended, by reason');
is($s->{sessions}{total}, 0, 'total');
is($s->{started_total}, 2, 'started_total');

is_deeply($m->{whip_refused_total},
    { map {; qq{reason="$_"} => $s->{refused}{$_} } keys %refused },
    'the same in the metrics: refused');
is_deeply($m->{whip_ended_total},
    { map {; qq{reason="$_"} => $s->{ended}{$_} } keys %ended },
    'the same in the metrics: ended');
is_deeply($m->{whip_sessions}, { map {; qq{state="$_"} => 0 } @states },
    'the same in the metrics: states');
is($m->{whip_sessions_started_total}{''}, 2, 'the same: started');
is($m->{whip_stray_datagrams_total}{''}, $s->{stray_datagrams_total},
    'the same: strays');
is($m->{whip_workers}{''}, 2, 'the same: workers');

is(join("\n", @wrong), '', 'every line of every answer is in order');

$t->done;
