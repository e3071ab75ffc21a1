#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A stream goes to Cloudflare: to a live input of the operator's account, made
# once for a destination and used again, with what is watched by HLS and DASH.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live::Simulcast;

my $s = Test::Live::Simulcast->new;
my ($t, $p, $ingest) = ($s->t, $s->p, $s->ingest);

sub inputs { return @{ $p->objects('cloudflare')->{inputs} } }
sub count { return scalar(() = $p->requests(@_)) }

# the one of a destination of this name

sub input {
    my ($name) = @_;
    my ($one) = grep { $_->{meta}{name} eq $name } inputs();
    return $one;
}


sub asks {
    my ($since) = @_;
    return [map { $_->{call} } $p->requests(since => $since,
        call => 'cloudflare.')];
}

my $id = $s->account('cloudflare', title => 'An evening',
    recording_mode => 'automatic', latency => 'low');

is(said($s->api(POST => "destinations/$id/refresh-token")),
    '409 not_supported', 'there is no account to refresh');

my $push = $t->publish('alice');
ok($push->started, 'published');

$t->wait_for(sub { said($s->api(POST => 'simulcast/alice/start')) eq '200' },
    10, 'started');

my $e = $ingest->wait_event('publish', 15);
my $started = time;
my $input = input('An evening');

is($e->{name}, $input->{key}, 'by the key of the live input');
is($e->{app}, 'live', 'at the address that Cloudflare names, without a slash');
is($input->{recording}{mode}, 'automatic', 'it records');
ok($input->{preferLowLatency}, 'with low latency');

my $d = $s->destination($id);
my $base = $p->base . "/$input->{uid}/manifest/video";

is($d->{playback_url}, "$base.m3u8", 'where to watch');
is($d->{details}{hls_url}, "$base.m3u8", 'details: HLS');
is($d->{details}{dash_url}, "$base.mpd", 'details: DASH');
is($d->{details}{live_input}, $input->{uid}, 'details: the live input');
is($d->{details}{recording_mode}, 'automatic', 'details: the recording');
is($s->status($id)->{playback_url}, "$base.m3u8", 'status: where to watch');

$p->media($input->{key}, 1);
$p->viewers('cloudflare', $input->{uid}, 78);
$p->health('cloudflare', $input->{uid}, { error => 'ERR_GOP_OUT_OF_RANGE' });

for my $kind (qw(hls_url dash_url)) {
    is($p->request(GET => $d->{details}{$kind})->{status}, 200,
        "$kind is there");
}

# --- meanwhile, another stream: a live input that does not record

my $bob = $t->publish('bob');
ok($bob->started, 'another stream');

my $other = $s->account('cloudflare', stream => 'bob', title => 'Bob',
    recording_mode => 'off');

$t->wait_for(sub { said($s->api(POST => 'simulcast/bob/start')) eq '200' }, 10,
    'started');

$t->wait_for(sub { input('Bob') }, 10, 'its live input');
$s->goes_out(input('Bob')->{key}, 'by a key of its own');

is(scalar(() = inputs()), 2, 'each destination has one');
is(input('Bob')->{recording}{mode}, 'off', 'it does not record');

$d = $s->destination($other);

is($d->{playback_url}, undef, 'so there is nothing to watch');
is($d->{details}{hls_url}, undef, 'no HLS, either');

# used again as it is: one request

$s->stop($other);

my $since = count();

$s->start($other);
$s->goes_out(input('Bob')->{key}, 'used again');
is_deeply(asks($since), ['cloudflare.inputs.get'], 'with a look at it');

# what is wished now is told to it

$s->stop($other);
$s->settings($other, recording_mode => 'automatic', latency => 'ultraLow');
$since = count();
$s->start($other);
$s->goes_out(input('Bob')->{key}, 'and changed');
is_deeply(asks($since), ['cloudflare.inputs.get', 'cloudflare.inputs.update'],
    'once');
is(input('Bob')->{recording}{mode}, 'automatic', 'now it records');
ok(input('Bob')->{preferLowLatency}, 'with low latency');

$s->stop($other);
$s->settings($other, latency => 'normal');
$s->start($other);
$s->goes_out(input('Bob')->{key}, 'and back');
ok(!input('Bob')->{preferLowLatency}, 'without low latency');
$s->stop($other);

# made anew when somebody has removed it

my $gone = input('Bob');

$p->remove('cloudflare', $gone->{uid});
$s->start($other);
$t->wait_for(sub { input('Bob') }, 10, 'another live input');
$s->goes_out(input('Bob')->{key}, 'by its key');
isnt(input('Bob')->{key}, $gone->{key}, 'which is another');
$s->stop($other);

# too many requests: not before it may

$p->fail(call => 'cloudflare.inputs.get', status => 429, retry_after => 2);
$since = count();
$s->start($other);
$s->fails($other, 'rate_limited', 'too many requests');
is($s->destination($other)->{status}, 'reconnecting', 'it is tried again');
$s->goes_out(input('Bob')->{key}, 'in time');

my @asked = $p->requests(since => $since, call => 'cloudflare.inputs.get');

cmp_ok($asked[1]{at} - $asked[0]{at}, '>=', 1900, 'and not before');
$s->becomes($other, sub { $_->{status} eq 'live' && !$_->{error} },
    'no error is left');
$s->stop($other);

# --- the first look at it

$s->becomes($id, sub { ($_->{viewer_count} // 0) == 78 },
    'viewers are counted', 45 - (time - $started));

$d = $s->destination($id);

is($d->{details}{state}, 'connected', 'details: its state');
is($s->status($id)->{viewer_count}, 78, 'status: viewers');
ok((grep { /ERR_GOP_OUT_OF_RANGE/ } @{ $s->health($id)->{issues} }),
    'health: what Cloudflare complains of');
is($d->{error}, undef, 'no error');

my ($lifecycle) = $p->requests(call => 'cloudflare.lifecycle');

ok($lifecycle, 'and the video is asked for');
$t->wait_for(sub { $s->destination($id)->{details}{video_uid} }, 5,
    'details: the video');
is($s->destination($id)->{details}{video_uid}, input('An evening')->{video},
    'details: the video');

is(scalar(grep { defined $_->{scheme} } $p->requests(
    call => 'cloudflare.views'), $lifecycle), 0,
    'the customer\'s host gets no token');

$p->no_violations('nothing was done that Cloudflare does not want');

# --- the operator's token is taken back

$p->revoke('cloudflare');
$s->start($other);
$s->fails($other, 'not_configured', 'the operator\'s token is dead');
is($s->destination($other)->{status}, 'error', 'it is not tried again');
is(scalar $s->quiet(2, 'cloudflare.inputs.get'), 0, 'not once');
is($s->destination($id)->{status}, 'live', 'what is on air goes on');

# --- the end: the live input stays

$push->stop;
ok($s->leaves($e)->{delete_stream}, 'the end of the stream is told');
is(scalar(() = inputs()), 2, 'the live inputs are kept');

$p->no_violations('nothing was done that Cloudflare does not want, to the end');

$bob->stop;
$t->done;
