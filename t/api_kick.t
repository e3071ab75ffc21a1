#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# DELETE ends a source, whichever worker has its session and whichever answers.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);

my $key = 'kK2-kick-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

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

    log_format names '$pid $request_method $status '
                     '$multisource_streamer|$multisource_source|';

    server {
        listen 127.0.0.1:%%HTTP%% reuseport;
        access_log %%DIR%%/access.log names;

        location /admin/ {
            multisource_api;
            multisource_kick on;
        }

        location = /status { multisource_status; }
    }
}
EOC

$t->run;

my %kick;

# workers take connections as they like: until each has ended a source of
# itself and one of the other

for my $n (1 .. 100) {
    my $p = $t->rtmp;

    $p->publish("${key}_S$n");
    $p->live;

    $t->wait_for(sub {
        $t->get('/admin/alice')->{body} =~ /"S$n"/;
    }, "source S$n") or last;

    my ($s) = @{ $t->get('/status')->json->{sources} };
    my $r = $t->request('DELETE', "/admin/alice/S$n");
    my $start = now();

    my $list = $t->get('/admin/alice');
    my ($by) = $t->read('access.log') =~ /^(\d+) DELETE 202 alice\|S$n\|$/m;

    if ($kick{ ($by || 'nobody') . " $s->{worker}" }++) {
        $p->drop;

    } else {
        is($r->{status}, 202, "S$n: accepted");
        is_deeply($r->json, { success => JSON::PP::true,
            data => { id => "S$n", state => 'stopping' } }, "S$n: its answer");
        is($list->{body}, '[]', "S$n: the list is empty at once");

        my $status = $p->wait_status(qr/Denied/, 3);

        is($status->{code}, 'NetStream.Publish.Denied', "S$n: a status");
        like($status->{description}, qr/stopped by the operator/,
            "S$n: that says why");
        is($p->eof(5), 'eof', "S$n: a clean end");
        cmp_ok(now() - $start, '<', 2 * $Test::Live::IO::scale,
            "S$n: within two seconds");

        is($t->request('DELETE', "/admin/alice/S$n")->{status}, 404,
            "S$n: only once");
    }

    $t->wait_log(qr/publisher dropped: kicked, streamer 'alice' source 'S$n'/);

    last if keys %kick == 4;
}

my @workers = $t->workers;

is_deeply([sort keys %kick],
    [sort map { my $w = $_; map { "$w $_" } @workers } @workers],
    'either worker has ended a source of either worker');

is($t->get('/status')->json->{refused}{kicked}, $t->logged(qr/dropped: kicked/),
    'the counter of it');

# the streamer may come back

my $p = $t->rtmp;

is($p->publish("${key}_S1")->{code}, 'NetStream.Publish.Start', 'back again');

$p->live;

$t->wait_for(sub { $t->get('/admin/alice')->{body} =~ /"S1"/ }, 'S1 again');

# without disturbing another source

my $other = $t->rtmp;

$other->publish("${key}_Other");
$other->live;

$t->wait_for(sub { $t->get('/admin/alice')->{body} =~ /"Other"/ }, 'Other');

is($t->request('DELETE', '/admin/alice/S1')->{status}, 202, 'one of two');
is($p->eof(5), 'eof', 'ends');
like($t->get('/admin/alice')->{body}, qr/^\[\{"id":"Other"[^\]]*\]$/,
    'the other is listed');
ok(!$other->eof(0.5), 'and goes on');

$t->done;
