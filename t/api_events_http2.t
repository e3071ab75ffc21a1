#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The list and its events over HTTP/2 and TLS, as browsers get them: by curl.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);

need((`curl --version 2>/dev/null` || '') =~ /\bHTTP2\b/, 'curl with HTTP/2');
need(scalar `openssl version 2>/dev/null`, 'openssl');

my $key = 'h2K-http2-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

my $dir = $t->dir;

is($t->spawn('openssl', qw(openssl req -x509 -newkey ec -pkeyopt
    ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost),
    -keyout => "$dir/tls.key", -out => "$dir/tls.crt")->wait(10), 0,
    'a certificate');

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    log_format proto '$server_protocol $status $multisource_streamer';

    server {
        listen 127.0.0.1:%%HTTP%%;
        listen 127.0.0.1:%%HTTPS%% ssl http2;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        access_log %%DIR%%/access.log proto;

        location /sources/ {
            multisource_api;
        }
    }
}
EOC

$t->run;

my $scale = $Test::Live::IO::scale;
my $base = 'https://127.0.0.1:' . $t->port('HTTPS') . '/sources/';
my @curl = qw(curl -s -S -k -N --http2 --max-time 60);

sub publish {
    my ($name) = @_;

    my $p = $t->rtmp;
    $p->publish("${key}_$name");
    return $p->live;
}

my $p = publish('Main_Screen');

$t->wait_for(sub { $t->get('/sources/alice')->{body} =~ /Main/ }, 'a source');

# the list

my $list = $t->spawn('list', @curl, '-i', "${base}alice");

is($list->wait(10), 0, 'curl has the list');
like($list->stdout, qr{^HTTP/2 200}, 'over HTTP/2');
like($list->stdout, qr/^\[\{"id":"Main_Screen"/m, 'the source is in it');

# two streams on one connection

my $curl = $t->spawn('events', @curl, qw(--parallel --parallel-immediate -w),
    "%{http_version} %{http_code}\n", "${base}alice/events",
    '-o', "$dir/alice.sse", "${base}bob/events", '-o', "$dir/bob.sse");

$t->wait_for(sub {
    $t->read('alice.sse') =~ /^event: source_added\ndata: \{"id":"Main_Sc/m;
}, 5, 'the list first');

my $start = now();
my $q = publish('Face_Cam');

$t->wait_for(sub {
    $t->read('alice.sse') =~ /^event: source_added\ndata: \{"id":"Face_Cam/m;
}, 5, 'a new source');

cmp_ok(now() - $start, '<', $scale, 'within a second');

$start = now();
$q->close;

$t->wait_for(sub {
    $t->read('alice.sse') =~ /^event: source_removed\ndata: \{"id":"Face_C/m;
}, 5, 'its end');

cmp_ok(now() - $start, '<', $scale, 'within a second');

like($t->read('bob.sse'), qr/\A: multisource\nretry: \d+\n\n\z/,
    'nothing of alice in the stream of bob');

# whole events, each a name and one line of JSON

my @blocks = split /\n\n/, $t->read('alice.sse');

is(scalar(grep {
    !/\A:/ && !(/\Aevent: source_\w+\ndata: (.*)\z/ && json_of($1))
} @blocks), 0, 'nothing but events');

ok($curl->alive, 'the streams are still open');

# a client that leaves: its worker notices

my $mark = length $t->read('access.log');

$curl->stop('KILL');

$t->wait_for(sub {
    2 == grep { m{^HTTP/2.0 \d+ (alice|bob)$} }
        split /\n/, substr $t->read('access.log'), $mark;
}, 5, 'both requests in the access log');

# a reload ends what is open

$p->close;

my $again = $t->spawn('again', @curl, "${base}alice/events");

$t->wait_for(sub { $again->stdout =~ /^: multisource/ }, 5, 'another stream');

my @old = $t->workers;

$start = now();
ok($t->reload, 'reloaded');

is($again->wait(5), 0, 'the stream ends properly');
cmp_ok(now() - $start, '<', 2 * $scale, 'within two seconds');

$t->wait_for(sub { !grep { $t->alive($_) } @old }, 5, 'the old workers gone');

$t->done;
