#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Signalling for clients that speak JSON instead of WHIP: one publishes by it, for
# real; offers of all clients; who may, and under which id; bodies that are none;
# a WHIP location that refuses, is none, or elsewhere; and clients that leave.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Test::More;
use Test::Live;
use Test::Live::Keepalive;
use Test::Live::Offer;
use Test::Live::Show qw(code);
use Test::Live::Whip;

my %keys = (alice => 'k-alice-4f81d2c07b', bob => 'k-bob-93ad0c55e1');
my $guest = 'k-guest-0b7740aa31';

my $show = Test::Live::Show->new(keys => \%keys, secrets => [values %keys, $guest], whip => 1,
    app => 'multisource_refuse_rate off;',
    http => 'whip_timeout 6s; whip_rate off; whip_max_pending 0; multisource_sessions_grace 1s;',
    server => <<'EOC');
        listen 127.0.0.1:%%HTTP2%% http2;

        location /far/ {
            multisource_sessions;
            multisource_whip_url http://elsewhere/;
        }

        location /none/ {
            multisource_sessions;
            multisource_whip_url /nothing/;
        }

        location /page/ {
            multisource_sessions;
            multisource_whip_url /says/;
        }

        location /says/ {
            return 201 "no session description";
        }
EOC

my $t = $show->{t};

need($t->has_module('whip'), 'ngx_whip_module.so');

$t->write('keys', "$keys{alice} alice max_sources=64\n$keys{bob} bob\n$guest alice sources=Guest_Cam\n");
$show->run;

my ($r, $s);

sub signal {
    my ($stream, $what, $body, %o) = @_;

    my %body = $body ? (json => $body) : ();

    return $show->ask('POST', "stream/$stream/signal/$what", key => 'alice', %body, %o);
}

sub answers {
    my ($r, $want, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is("$r->{status} " . code($r), $want, $name) or diag($r->{body});
}

sub source {
    my ($name) = @_;

    my ($source) = grep { $_->{id} eq $name } @{ $t->get('/sources/alice')->json || [] };

    return $source;
}

# a publisher whose signalling is the test's; returns it with what was answered

sub publish {
    my ($stream) = @_;

    my $p = $t->whip(path => '/unused', http => 'stdio', media => { name => 'show', size => '320x240', kbps => 200,
        seconds => 4 });
    my $offer = $p->wait_event('offer')->{sdp};
    my $r = signal($stream, 'offer', { type => 'offer', sdp => $offer });
    my $data = ($r->json || {})->{data} || {};

    answers($r, '200 ', "$stream: an offer") or return;
    ok($p->cmd('answer', sdp => $data->{sdp}), 'its answer');

    return ($p, $data, $offer);
}

# --- a publisher ----------------------------------------------------------------

my $id = $show->start('alice', title => 'By JSON', streams => [ { name => 'Main_Screen', type => 'screen' } ])->{id};
my ($p, $d, $offer) = publish("$id:Main_Screen");

is_deeply($p->answer->{errors}, [], 'nothing is wrong with it');
is($d->{type}, 'answer', 'said to be one');
like($d->{signal_id}, qr/^[\w-]{60,256}$/, 'with a name for it');
is_deeply([sort keys %$d], [qw(sdp signal_id type)], 'and nothing else');

my ($line) = $offer =~ /^a=(candidate:[^\r\n]+)/m;
my ($mid) = $offer =~ /^a=mid:(\S+)/m;
my ($ufrag) = $offer =~ /^a=ice-ufrag:(\S+)/m;
my %candidate = (candidate => $line || 'candidate:1 1 udp 2122260223 192.0.2.77 50412 typ host', sdpMid => $mid,
    sdpMLineIndex => 0, usernameFragment => $ufrag);

answers(signal('alice:Main_Screen', 'candidate', { %candidate, signal_id => $d->{signal_id} }), '204 ', 'a candidate');
answers(signal('alice:Main_Screen', 'candidate', { candidate => '', sdpMid => $mid, signal_id => $d->{signal_id} }),
    '204 ', 'no more of them');

ok($p->connected, 'it is connected');
$t->wait_for(sub {
    my $is = source('Main_Screen') || {};
    return $is->{video}{codec} && $is->{audio}{codec};
}, 'a source');

$s = source('Main_Screen');

is("$s->{protocol} $s->{video}{width}x$s->{video}{height}", 'whip 320x240', 'by WHIP');
like("$s->{video}{codec} $s->{audio}{codec}", qr/^avc1\.\w+ \w/, 'with pictures and sound');
$t->wait_for(sub { source('Main_Screen')->{video}{bitrate_kbps} > 50 }, 'media arrives');

$s = $show->status($id);

is("$s->{status} $s->{streams}[0]{status} $s->{streams}[0]{type}", 'live live screen',
    'in the session that was asked for');
answers(signal('alice:Main_Screen', 'candidate', \%candidate), '204 ', 'a candidate without the name');

$r = signal('alice:Main_Screen', 'stop', { signal_id => $d->{signal_id} });

is($r->{status}, 200, 'stopped');
is_deeply($r->json, { success => JSON::PP::true(), message => 'Stream stopped' }, 'says so');
ok($p->closed, 'its connection is closed');
$t->wait_for(sub { !source('Main_Screen') }, 'and the source is gone');
answers(signal('alice:Main_Screen', 'stop', { signal_id => $d->{signal_id} }), '404 unknown_session', 'stopped again');
answers(signal('alice:Main_Screen', 'candidate', { %candidate, signal_id => $d->{signal_id} }), '404 unknown_session',
    'a candidate, too late');

$t->wait_for(sub { $show->status($id)->{status} eq 'ended' }, 'the session ends');
answers(signal("$id:Main_Screen", 'offer', { sdp => $offer }), '410 session_ended', 'and takes no more');

# another one, in a session that it begins, and is stopped by the name of its source

($p, $d) = publish('alice:Face_Cam');

ok($p->connected, 'connected');
$t->wait_for(sub { source('Face_Cam') }, 'another source');
isnt($show->status('alice')->{id}, $id, 'of another session');
answers(signal('alice:Face_Cam', 'stop'), '200 ', 'stopped without a body');
ok($p->closed, 'its connection is closed');
$t->wait_for(sub { !source('Face_Cam') }, 'and the source is gone');
answers(signal('alice:Face_Cam', 'stop', {}), '404 stream_not_found', 'stopped again');

# --- who may --------------------------------------------------------------------

my $sdp = offer('chromium');

for ([ undef, '401 key_required' ], [ 'no', '401 key_invalid' ], [ $guest, '401 key_invalid' ],
     [ 'bob', '403 key_foreign' ])
{
    my ($key, $want) = @$_;
    my $name = $key // 'nobody';

    $name =~ s/\Q$guest\E/a guest/;

    for ([ offer => { sdp => $sdp } ], [ candidate => \%candidate ], [ 'stop' ]) {
        my ($what, $body) = @$_;

        answers(signal('alice:Cam', $what, $body, key => $key), $want, "$what: $name");
    }
}

answers(signal('alice:Cam', 'offer', { sdp => $sdp }, headers => { Origin => 'https://c.example' }),
    '403 origin_not_allowed', 'offer: a page of another site');
answers(signal('nobody:Cam', 'offer', { sdp => $sdp }), '403 key_foreign', 'offer: to who is nobody');
answers(signal('f' x 32 . ':Cam', 'offer', { sdp => $sdp }), '403 key_foreign', 'offer: to no session');
answers($show->ask('GET', 'stream/alice:Cam/signal/offer', key => 'alice'), '405 method_not_allowed',
    'offer: is a POST');

# --- under which name -----------------------------------------------------------

$r = signal('alice:Cam', 'offer', { sdp => $sdp });
answers($r, '200 ', 'an offer');

my $name = $r->json->{data}{signal_id};
my $other = signal('alice:Other', 'offer', { sdp => $sdp })->json->{data}{signal_id};

isnt($name, $other, 'two have two names');

for ([ 'of another source', $other ], [ 'with another end', substr($name, 0, -3) . 'AAA' ],
     [ 'with another beginning', 'A' . substr($name, 1) ], [ 'cut off', substr $name, 0, -4 ],
     [ 'with more behind it', "${name}AAAA" ], [ 'too short', 'AAAA' ], [ 'of one letter', 'A' ],
     [ 'as long as may be', 'A' x 256 ])
{
    my ($what, $forged) = @$_;

    $forged =~ tr/A/B/ if $forged eq $name;

    answers(signal('alice:Cam', 'candidate', { %candidate, signal_id => $forged }), '404 stream_not_found',
        "candidate: a name $what");
    answers(signal('alice:Cam', 'stop', { signal_id => $forged }), '404 stream_not_found', "stop: a name $what");
}

for my $bad ('', 'A' x 257, 'a b', '../../whip', "AAAA\nAAAA", 7, [], {}, JSON::PP::true()) {
    for ([ candidate => \%candidate ], [ stop => {} ]) {
        my ($what, $body) = @$_;

        $r = signal('alice:Cam', $what, { %$body, signal_id => $bad });
        answers($r, '400 invalid_request', "$what: what is no name");
        is($r->json->{error}{field}, 'signal_id', 'which is told');
    }
}

answers(signal('bob:Cam', 'stop', { signal_id => $name }, key => 'bob'), '404 stream_not_found',
    'stop: a name of another streamer');
answers(signal('alice:None', 'candidate', \%candidate), '404 stream_not_found', 'candidate: to a source that is none');
answers(signal('alice:Cam', 'stop', { signal_id => $name }), '200 ', 'stop: the right name');
answers(signal('alice:Other', 'stop', { signal_id => $other }), '200 ', 'stop: the other one');

# --- what is no message ---------------------------------------------------------

for ([ offer => '{}', 'sdp' ], [ offer => '{"sdp":1}', 'sdp' ], [ offer => '{"sdp":""}', 'sdp' ],
     [ offer => '{"sdp":"hello"}', 'sdp' ], [ offer => '{"type":"answer","sdp":"v=0\r\n"}', 'type' ],
     [ offer => '{"sdp":"v=0\r\n\u0000"}', '' ], [ offer => '[]', '' ], [ offer => '', '' ],
     [ offer => '{"sdp":"v=0","sdp":"v=0"}', '' ], [ candidate => '{}', 'candidate' ],
     [ candidate => '{"candidate":null}', 'candidate' ], [ candidate => '{"candidate":"a=b"}', 'candidate' ],
     [ candidate => '{"candidate":"candidate:1\r\na=ice-ufrag:x"}', 'candidate' ],
     [ candidate => '{"candidate":"candidate:' . 'x' x 600 . '"}', 'candidate' ],
     [ candidate => '{"candidate":"","sdpMid":"0\r\na=x"}', 'sdpMid' ],
     [ candidate => '{"candidate":"","sdpMLineIndex":-1}', 'sdpMLineIndex' ],
     [ candidate => '{"candidate":"","usernameFragment":"a b c"}', 'usernameFragment' ],
     [ stop => '{"signal_id":null,"x"', '' ], [ stop => '"stop"', '' ])
{
    my ($what, $body, $field) = @$_;

    $r = signal('alice:Cam', $what, undef, body => $body, headers => { 'Content-Type' => 'application/json' });

    answers($r, '400 invalid_request', "$what: " . substr $body, 0, 40);
    is($r->json->{error}{field} // '', $field, 'names the field');
}

answers(signal('alice:Cam', 'offer', undef, body => $sdp, headers => { 'Content-Type' => 'application/sdp' }),
    '415 unsupported_media_type', 'offer: as WHIP has it');

for ([ 'junk', "v=0 junk", 400 ], [ 'a long line', "v=0\r\n" . 'a' x 60_000, 400 ],
     [ 'no media', join("\r\n", 'v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0', ''), 422 ])
{
    my ($what, $bad, $status) = @$_;

    $r = signal('alice:Cam', 'offer', { sdp => $bad });
    is($r->{status}, $status, "offer: $what");
    like(code($r), qr/^\w+$/, 'with the reason of WHIP: ' . code($r));
    like($r->json->{error}{message}, qr/\w/, 'and its words');
}

for my $name ('admin', 'api', 'a.b') {
    $r = signal("alice:$name", 'offer', { sdp => $sdp });
    like("$r->{status} " . code($r), qr/^4\d\d \w+$/, "offer: '$name' is no name of a source");
}

# --- offers of all clients ------------------------------------------------------

for my $shape (offer_shapes()) {
    $r = signal("alice:Cam_$shape", 'offer', { sdp => offer($shape) });

    answers($r, '200 ', "offer of $shape");
    like($r->json->{data}{sdp}, qr/^v=0\r\n.*^a=ice-lite\r\n.*^a=setup:(?:active|passive)\r$/ms, 'and its answer');
    answers(signal("alice:Cam_$shape", 'stop'), '200 ', 'stopped without a name');
}

# --- over HTTP/2, and several on one connection ---------------------------------

$t->write('offer.json', JSON::PP->new->encode({ sdp => $sdp }));

$t->write('curl', join '', map { "$_\n" } 'silent', 'show-error', 'http2-prior-knowledge', 'max-time = 10',
    'header = "Content-Type: application/json"', qq{header = "Authorization: Bearer $keys{alice}"},
    'data-binary = "@' . $t->dir . '/offer.json"', 'write-out = " %{http_version} %{http_code}"',
    'url = "' . $t->url('/show/stream/alice:Cam/signal/offer', 'HTTP2') . '"');

my $said = do { my $config = $t->dir . '/curl'; `curl -K '$config' 2>&1` };

like($said, qr/"type":"answer".* 2 200$/s, 'HTTP/2') or diag($said);

my $c = Test::Live::Keepalive->new($t);
my @as = (headers => [ Authorization => "Bearer $keys{alice}" ]);

for my $n (1 .. 3) {
    $r = $c->request('POST', '/show/stream/alice:Cam/signal/offer', @as, json => { sdp => $sdp });
    answers($r, '200 ', "number $n on a connection");
    $r = $c->request('POST', '/show/stream/alice:Cam/signal/stop', @as,
        json => { signal_id => $r->json->{data}{signal_id} });
    answers($r, '200 ', 'and its end');
}

$c->close;

# --- WHIP that is not there -----------------------------------------------------

sub elsewhere {
    my ($prefix) = @_;

    return $t->request('POST', "$prefix/stream/alice:Cam/signal/offer", json => { sdp => $sdp },
        headers => { Authorization => "Bearer $keys{alice}" });
}

answers(elsewhere('/far'), '502 whip_unavailable', 'WHIP of another server');
answers(elsewhere('/none'), '404 whip_refused', 'nothing there');
answers(elsewhere('/page'), '502 whip_unavailable', 'what is no WHIP');
is($t->logged(qr/no answer to signalling from "\/says\/", status 0/), 1, 'which the log tells');

# --- clients that leave ---------------------------------------------------------

for my $n (1 .. 20) {
    my $gone = Test::Live::Keepalive->new($t);
    my $body = JSON::PP->new->encode({ sdp => $sdp });

    my $name = 'Gone_' . $n % 5;

    $gone->send(join "\r\n", "POST /show/stream/alice:$name/signal/offer HTTP/1.1", 'Host: x',
        "Authorization: Bearer $keys{alice}", 'Content-Type: application/json', 'Content-Length: ' . length $body, '',
        substr $body, 0, $n % 4 ? length $body : 100);
    $gone->close(abrupt => $n % 2);
}

$r = signal('alice:Cam', 'offer', { sdp => $sdp });
answers($r, '200 ', 'those who stay are answered');
answers(signal('alice:Cam', 'stop', { signal_id => $r->json->{data}{signal_id} }), '200 ', 'and can leave');

# what has come of their offers ends in a few seconds, or so

for my $name (map { "alice:Gone_$_" } 0 .. 4) {
    $t->wait_for(sub { code(signal($name, 'stop')) eq 'stream_not_found' }, 5, "the end of $name");
}

$t->done;
