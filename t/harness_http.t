#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The harness itself, on stock nginx: the HTTP client, signals, and that its
# checks at the end fail when they should.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);

my $t = Test::Live->new(modules => [], workers => 2, daemon => 1,
    secrets => ['k-secret-1']);

$t->write('keys', "k-secret-1 alice\n");
$t->write('www/list.json', '[{"id":"main","fps":25}]', 0644);
$t->write('www/ev.sse', <<'EOE', 0644);
: hello

event: source_added
id: 7
data: {"id":
data: "Face_Cam"}

event: other
data: plain

EOE

my $conf = <<'EOC';

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;
        root %%DIR%%/www;

        location /chunked/ {
            alias %%DIR%%/www/;
            ssi on;
            ssi_types *;
        }

        location /echo {
            client_max_body_size 10;
            return 200 "$request_method $http_x_a $content_length $pid";
        }

        location /upload {
            client_max_body_size 10;
            proxy_pass http://127.0.0.1:%%HTTP2%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_HTTP2%%;
        return 204;
    }
}

EOC

$t->conf($conf)->run;

# requests

my $r = $t->get('/list.json');

is($r->{status}, 200, 'status');
is($r->{headers}{'content-type'}, 'application/json', 'type');
is($r->{headers}{'content-length'}, 24, 'length');
is_deeply($r->json, [{ id => 'main', fps => 25 }], 'json');
is_deeply(json_of($r), json_of($r->{body}), 'json_of');

$r = $t->get('/chunked/list.json');

is($r->{headers}{'transfer-encoding'}, 'chunked', 'chunked');
is($r->{body}, '[{"id":"main","fps":25}]', 'chunked body');

$r = $t->head('/list.json');

is($r->{status}, 200, 'head status');
is($r->{body}, '', 'head has no body');

$r = $t->request('POST', '/echo', json => {}, headers => { 'X-A' => 'a' });
like($r->{body}, qr/^POST a 2 \d+$/, 'method, header and body');

$r = $t->request('PUT', '/upload', body => 'x' x 1000000);
is($r->{status}, 413, 'refused body');
is($t->get('/', port => 'HTTP2')->{status}, 204, 'another port');
is($t->get($t->url('/', 'HTTP2'))->{status}, 204, 'a whole url');
is($t->get('/', port => $t->port('nobody'))->{status}, 0, 'nobody there');

# Server-Sent Events, in both transfer encodings

for my $path ('/ev.sse', '/chunked/ev.sse') {
    my $e = $t->events($path);

    is($e->{status}, 200, "$path status");
    is_deeply($e->next, { comment => 'hello' }, "$path comment");
    is_deeply($e->next->{data}, { id => 'Face_Cam' }, "$path data");
    is($e->wait_event('other')->{data}, 'plain', "$path text");
    is($e->next, undef, "$path no more");
    ok($e->eof, "$path end");
}

# configurations

is(($t->test_conf)[0], 0, 'nginx -t');
is(($t->test_conf(''))[0], 0, 'nginx -t without http');
$t->expect_conf_error('http { nonsense; }', qr/unknown directive "nonsense"/);

# reload

my @old = $t->workers;

is(scalar @old, 2, 'two workers');
ok($t->reload, 'reload');
isnt("@old", join(' ', $t->workers), 'other workers');
like($t->reload('http { nonsense; }', fails => 1), qr/nonsense/,
    'reload fails');
is($t->get('/list.json')->{status}, 200, 'and all goes on');

# a worker is killed, another stopped

my ($victim, $other) = $t->workers;

$t->kill_worker($victim);
$t->wait_for(sub { $t->workers == 2 && !grep { $_ == $victim } $t->workers },
    'another worker');

$t->kill_worker($other, 'STOP');

$t->wait_for(sub {
    $r = $t->get('/echo', timeout => 0.3);
    $r->{status} == 200;
}, 'an answer of the worker that goes on');

$t->kill_worker($other, 'CONT');

# a new master

my $old = $t->upgrade;

$t->wait_for(sub { !$t->alive($old) }, 'the old master leaves');
is($t->get('/list.json')->{status}, 200, 'after the upgrade');

# what must fail at the end.  A trial is a small test on its own: its exit
# status and output

sub trial {
    my ($code, @signal) = @_;

    my $script = $t->write('trial.t', <<'EOS' . $code);
use strict;
use warnings;
use Test::More;
use Test::Live;
use Test::Live::IO qw(nap);
$| = 1;
my $t = Test::Live->new(modules => [], secrets => ['hush-hush'],
    quit_timeout => 1);
$t->mkdir('www');
$t->conf('http { %%HTTP_GLOBALS%% server { listen 127.0.0.1:%%HTTP%%;
    root %%DIR%%/www; location /say { return 200 hush-hush; } } }')->run;
print '# master ', $t->master, "\n";
pass('runs');
EOS

    my $p = $t->spawn('trial', $^X, '-I' . $t->top . '/t/lib', $script,
        { env => { TEST_TMP => $t->mkdir('trials'), TEST_KEEP => undef },
          err => $t->dir . '/trial.out' });

    if (@signal) {
        $t->wait_for(sub { $p->stdout =~ /^ok 1/m }, 'the trial');
        $p->signal(@signal);
    }

    my $status = $p->wait(20);
    my $out = $p->stdout;

    unlink $t->dir . '/trial.out';

    my ($master) = $out =~ /^# master (\d+)/m;
    my $gone = $master && $t->wait_for(sub { !$t->alive($master) },
        'nginx of the trial is gone');

    return ($status, $gone ? $out : "nginx is still there\n$out");
}


sub fails {
    my ($code, $re, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my ($status, $out) = trial($code);

    isnt($status, 0, "$name: fails");
    like($out, $re, "$name: says so");
}


my ($status, $out) = trial('$t->done;');

is($status, 0, 'a clean trial passes');
like($out, qr/^1\.\.6$/m, 'with the checks of the end');
is(scalar(() = glob $t->dir . '/trials/*'), 0, 'and leaves nothing behind');

($status) = trial('$t->kill_worker($t->workers); $t->wait_log(qr/signal 9/);
    $t->done;');
is($status, 0, 'a worker killed by the test is no crash');

my $alert = 'open(my $log, ">>", $t->dir . "/error.log");
    print $log "1970/01/01 [alert] 1#1: wrong\n"; close $log;';

fails("$alert \$t->done;", qr/not ok 3 - no \[alert\].*\[alert\] 1#1: wrong/s,
    'an alert');
fails("$alert done_testing();", qr/Failed at the end: 'no \[alert\]/,
    'an alert, done() forgotten');
fails($alert, qr/not ok 3 - no \[alert\]/, 'an alert, nothing at the end');

fails('kill "KILL", $t->workers; $t->wait_log(qr/signal 9/); $t->done;',
    qr/not ok 4 - no crash/, 'a crash');
fails('$t->write("asan.1", "ERROR: AddressSanitizer: heap"); $t->done;',
    qr/not ok 5 - no sanitizer.*heap/s, 'a sanitizer report');
fails('system("setsid sleep 60 &"); $t->done;',
    qr/not ok 2 - nginx leaves.*sleep 60/s, 'a process left behind');
fails('my $c = Test::Live::HTTP::Connection->new(port => $t->port("HTTP"),
    raw => "GET"); $c->send_request; nap(0.2); $t->done;',
    qr/not ok 2 - nginx leaves.*has not left 1 s/s, 'nginx does not leave');

fails('$t->get("/hush%2Dhush"); $t->done;',
    qr/not ok 6 - no secret.*error\.log.*access\.log/s, 'a secret in a log');
fails('$t->get("/say"); $t->done;', qr/not ok 6 - no secret.*answer to GET/s,
    'a secret in an answer');
fails('$t->write("www/hush-hush.ts", "x"); $t->done;',
    qr/not ok 6 - no secret.*name of a file/s, 'a secret in a file name');
fails('$t->write("public/a.m3u8", "/hls/hush-hush/"); $t->done;',
    qr/not ok 6 - no secret.*public/s, 'a secret in a public file');

fails('$t->wait_for(sub { 0 }, 0.2, "nothing"); $t->done;',
    qr/not ok 2 - waited for nothing/, 'waited in vain');
fails('die "dies";', qr/dies/, 'a test that dies');
fails('alarm 1; nap(20);', qr/watchdog/, 'a test that hangs');

for my $signal (qw(INT KILL)) {
    ($status, $out) = trial('nap(20);', $signal);

    isnt($status, 0, "SIG$signal: fails");
    unlike($out, qr/still there/, "SIG$signal: nginx is gone");
}

$t->done;
