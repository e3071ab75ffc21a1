#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What limits WHIP sessions, and how they outlive what happens to workers: rates
# and numbers, the time to connect, other workers, kills, stops, reload, quit.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Keepalive;
use Test::Live::Notify;
use Test::Live::Offer;

my $t = Test::Live->new(workers => 2);

need($t->has_module('whip'), 'ngx_whip_module.so');

my $slow = $Test::Live::IO::scale;
my $n = Test::Live::Notify->new($t);

my $conf = <<'EOC';
rtmp {
    access_log off;

    server {
        listen 127.0.0.1:%%RTMP%%;

        on_publish_done http://127.0.0.1:%%NOTIFY%%/publish_done;

        application live {
            live on;
        }

        application few {
            live on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;
    whip_timeout 10s;
    whip_rate off;
    whip_max_pending 0;

    server {
        listen 127.0.0.1:%%HTTP%%;

        set_real_ip_from 127.0.0.99;
        real_ip_header X-Real-IP;

        location /whip/ {
            whip live;
        }

        location /default/ {
            whip live;
            whip_rate 5/1s;
            whip_max_pending 10;
        }

        location /rate/ {
            whip live;
            whip_rate 3/3s;
        }

        location /pending/ {
            whip live;
            whip_max_pending 2;
        }

        location /few/ {
            whip few;
            whip_max_sessions 3;
        }

        location /short/ {
            whip live;
            whip_timeout 1s;
        }
    }
}
EOC

$t->conf($conf)->run;

my $count = 0;


# each stream has a name of its own

sub post {
    my ($path, %o) = @_;

    my $name = 'S' . ++$count;
    my $r = post_offer($t, $path . $name, %o);

    $r->{name} = $name;
    return $r;
}


sub remove { return delete_session($t, @_)->{status} }
sub patch { return patch_session($t, @_)->{status} }


# a session of this worker

sub session_of {
    my ($pid, $path) = @_;

    my $name = 'S' . ++$count;
    my $c = Test::Live::Keepalive->new($t, worker => $pid);
    my $r = $c->request('POST', ($path || '/whip/') . $name, headers =>
        ['Content-Type' => 'application/sdp'], body => offer('obs'));

    is($r->{status}, 201, "a session of worker $pid");
    $r->{name} = $name;
    $c->close;

    return $r;
}


sub code {
    my ($r) = @_;
    my $json = json_of($r);
    return $r->{status} . ' ' . ($json ? $json->{error}{code} : '-');
}

# --- by address -------------------------------------------------------------

my $start = now();
my @r = map { post('/rate/', local => '127.0.0.2') } 1 .. 3;

is((grep { $_->{status} != 201 } @r), 0, 'as many offers as the rate has');

my $r = post('/rate/', local => '127.0.0.2');

is(code($r), '429 too_many_requests', 'one more');
like($r->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After');
is($r->header('Access-Control-Allow-Origin'), '*', 'which a page may read');
is($t->request('OPTIONS', '/rate/', local => '127.0.0.2')->{status}, 200,
    'preflights are not counted');
is(patch($r[0], local => '127.0.0.2'), 204, 'nor PATCH');
is(remove($_, local => '127.0.0.2'), 200, 'nor DELETE') for @r;
is(code(post('/rate/', local => '127.0.0.2', offer => 'no offer')),
    '429 too_many_requests', 'sessions that are over have counted');
is(post('/rate/', local => '127.0.0.3')->{status}, 201, 'another address');

$t->wait_for(sub {
    return post('/rate/', local => '127.0.0.2')->{status} == 201;
}, 4, 'the end of the wait');

my $took = now() - $start;
cmp_ok($took, '>', 0.8, 'after a while');
cmp_ok($took, '<', 3 * $slow, 'one is possible again');

# an address that a proxy tells

my @from = map { { local => '127.0.0.99', headers => ['X-Real-IP' => $_] } }
    '192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2', '2001:db8:1::1';

is(post('/rate/', %{ $from[0] })->{status}, 201, 'by a proxy') for 1 .. 3;
is(post('/rate/', %{ $from[0] })->{status}, 429, 'one client');
is(post('/rate/', %{ $from[1] })->{status}, 201, 'is not the other');
is(post('/rate/', %{ $from[2] })->{status}, 201, 'IPv6') for 1 .. 2;
is(post('/rate/', %{ $from[3] })->{status}, 201, 'of one network');
is(post('/rate/', %{ $from[$_] })->{status}, 429, 'counts as one') for 2, 3;
is(post('/rate/', %{ $from[4] })->{status}, 201, 'and not as another');

# bad offers count

is(post('/rate/', local => '127.0.0.4', offer => 'x')->{status}, 400, 'bad')
    for 1 .. 3;
is(post('/rate/', local => '127.0.0.4')->{status}, 429, 'too many of them');

# sessions that have not connected

my @pending = map { post('/pending/', local => '127.0.0.5') } 1, 2;

is((grep { $_->{status} != 201 } @pending), 0, 'as many as may be pending');
$r = post('/pending/', local => '127.0.0.5');
is(code($r), '429 too_many_pending', 'one more');
like($r->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After');
is(post('/pending/', local => '127.0.0.6')->{status}, 201, 'another address');
is(remove($pending[0]), 200, 'one is deleted');
is(post('/pending/', local => '127.0.0.5')->{status}, 201,
    'which is room for another one');
is(code(post('/pending/', local => '127.0.0.5')), '429 too_many_pending',
    'and no more');

# defaults

for (1 .. 20) {
    push @r, $r = post('/default/', local => '127.0.0.7');
    last if $r->{status} != 201;
}

is(code($r), '429 too_many_requests', 'five in a second');

# --- by number --------------------------------------------------------------

@r = map { post('/few/', local => "127.0.1.$_") } 1 .. 3;

is((grep { $_->{status} != 201 } @r), 0, 'as many sessions as may be');
$r = post('/few/', local => '127.0.1.4');
is(code($r), '503 too_many_sessions', 'one more');
like($r->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After');
is(post('/whip/')->{status}, 201, 'another application');

# who has deleted one does not have to wait

is((grep {
    remove($r[0]);
    $r[0] = post('/few/');
    $r[0]{status} != 201;
} 1 .. 30), 0, 'one is deleted: room for another one');
is(remove($_), 200, 'DELETE') for @r;

# PATCHes

$r = post('/whip/');
my @patched = map { patch_session($t, $r) } 1 .. 7;
my ($refused) = grep { $_->{status} != 204 } @patched;

is(code($refused), '429 too_many_requests', 'too many PATCHes');
like($refused->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After');
cmp_ok(scalar(grep { $_->{status} == 204 } @patched), '>=', 5, 'five may be');
$t->wait_for(sub { patch($r) == 204 }, 3, 'another second');
is(remove($r), 200, 'DELETE is not counted');

# --- who never connects -----------------------------------------------------

$start = now();
$r = post('/short/');
is($r->{status}, 201, 'a session that will not connect');
is(patch($r), 204, 'is there');

$t->wait_for(sub {
    return $n->calls(call => 'publish_done', name => $r->{name});
}, 5, 'the end of its stream');

$took = now() - $start;
cmp_ok($took, '>', 0.9, 'not before its time');
cmp_ok($took, '<', 2.5 * $slow, 'and soon after');
is(patch($r), 404, 'then it is not there');
$t->wait_log(qr/whip: session of .* ended .*: connect_timeout /, 2);
is(remove($r), 200, 'a client that deletes it then has done nothing wrong');
is(remove($r), 404, 'once');

# --- other workers ----------------------------------------------------------

my $FRAG = 'application/trickle-ice-sdpfrag';

for my $owner ($t->workers) {
    for my $pid ($t->workers) {

        my $where = $pid == $owner ? 'the same worker' : 'another worker';
        my $c = Test::Live::Keepalive->new($t, worker => $pid);

        $r = session_of($owner);

        my $path = $r->header('Location');
        my $send = sub {
            my ($method, @o) = @_;
            my %o = (tag => $r->header('ETag'), @o);
            return $c->request($method, $path, %o, headers =>
                ['Content-Type' => $FRAG, 'If-Match' => $o{tag}]);
        };

        is($send->('PATCH', body => fragment())->{status}, 204,
            "$where: PATCH");
        is($send->('PATCH', body => fragment(), tag => '"x"')->{status}, 412,
            "$where: PATCH of another session");

        # the most that passes from worker to worker

        my $large = $send->('PATCH', body => fragment()
            . ('a=' . 'x' x 998 . "\r\n") x 16);
        is($large->{status}, 204, "$where: 16 KB");

        my $restart = $send->('PATCH', tag => '*',
            body => fragment(ufrag => 'abcd', pwd => 'y' x 22));

        is($restart->{status}, 200, "$where: restart");
        like($restart->header('ETag'), qr/^"\w+"$/, "$where: its ETag");
        like($restart->{body}, qr/^a=ice-ufrag:\S+\r\n.*^a=end-of-cand/ms,
            "$where: its fragment");
        is($send->('DELETE')->{status}, 200, "$where: DELETE");
        is(code($send->('DELETE')), '404 unknown_session', "$where: once");
        $c->close;
    }
}

# the owner is killed

my ($victim, $other) = $t->workers;
my ($lost, $kept) = (session_of($victim), session_of($other));

$t->kill_worker($victim, 'KILL');
$t->wait_for(sub { !kill 0, $victim }, 5, 'its end');

$start = now();
is(patch($lost), 404, 'no session any more');
cmp_ok(now() - $start, '<', $slow, 'which is found out at once');
is(remove($lost), 404, 'nothing to delete');
is(patch($kept), 204, 'the other worker has its own');

$t->wait_for(sub {
    my @w = $t->workers;
    return @w == 2 && !grep { $_ == $victim } @w;
}, 10, 'another worker');

is(remove($lost), 404, 'nor has the new one any') for 1 .. 6;
is(remove($kept), 200, 'DELETE');

# what it had does not count any more

($victim) = $t->workers;
@r = ();

while (@r < 3) {
    push @r, session_of($victim, '/few/');
}

is(post('/few/')->{status}, 503, 'as many as may be');
$t->kill_worker($victim, 'KILL');
$t->wait_for(sub { !kill 0, $victim }, 5, 'its end');

@r = ();
$t->wait_for(sub {
    push @r, $r = post('/few/');
    return grep({ $_->{status} == 201 } @r) == 3;
}, 5, 'all their room');
remove($_) for grep { $_->{status} == 201 } @r;

# the owner is stopped

($victim, $other) = $t->workers;
($lost, $kept) = (session_of($victim), session_of($other));
$t->kill_worker($victim, 'STOP');

my @waiting = map { Test::Live::Keepalive->new($t) } 1 .. 3;

for my $c (@waiting[0, 1]) {
    $c->send('PATCH ' . $lost->header('Location') . " HTTP/1.1\r\nHost: x\r\n"
        . "If-Match: *\r\nContent-Type: $FRAG\r\nContent-Length: "
        . length(fragment()) . "\r\n\r\n" . fragment());
}

$waiting[2]->send('DELETE ' . $lost->header('Location')
    . " HTTP/1.1\r\nHost: x\r\n\r\n");

# a client that does not wait for the answer

$t->pause(0.2);
(shift @waiting)->close;

$start = now();
is((grep { patch(post('/whip/', timeout => 5), timeout => 5) != 204 } 1 .. 5),
    0, 'the others go on meanwhile');
is(patch($kept, timeout => 5), 204, 'with what they have');
cmp_ok(now() - $start, '<', 2 * $slow, 'without waiting');

for my $c (@waiting) {
    my $answer = $c->answer;

    is(code($answer), '503 no_answer', 'no answer of one that is stopped');
    like($answer->header('Retry-After') || '', qr/^[1-9]\d*$/, 'Retry-After');
}

$took = now() - $start;
cmp_ok($took, '>', 2, 'after some time');
cmp_ok($took, '<', 5 * $slow, 'which is not long');

$t->kill_worker($victim, 'CONT');
$t->wait_for(sub { remove($lost, timeout => 5) == 404 }, 5,
    'it does what it was told');
is(remove($kept), 200, 'DELETE');

# --- reload and quit --------------------------------------------------------

my @generations = [map { session_of($_) } $t->workers];

for my $i (1, 2) {
    ok($t->reload, "reload $i");
    push @generations, [map { session_of($_) } $t->workers];
}

for my $i (0 .. 2) {
    for my $s (@{ $generations[$i] }) {
        is(patch($s), 204, "a session from before the reload: PATCH $i");
        is(remove($s), 200, "DELETE $i");

        # its worker may be about to leave, and then has no answer

        $t->wait_for(sub { remove($s) == 404 }, 8, "no session $i");
        $t->wait_for(sub {
            return $n->calls(call => 'publish_done', name => $s->{name});
        }, 5, "the end of its stream $i");
    }
}

# sessions of which nobody hears any more run out

@r = map { post('/short/') } 1 .. 6;
ok($t->reload, 'reload with sessions that will not connect');
$t->wait_for(sub {
    my %done = map { $_->{name} => 1 } $n->calls(call => 'publish_done');
    return !grep { !$done{$_->{name}} } @r;
}, 5, 'their end');

# and so have all others by now

$t->wait_for(sub { !$t->old_workers }, 25, 'the end of the old workers');

is(post('/short/')->{status}, 201, 'sessions that will not connect')
    for 1 .. 6;

$start = now();
is($t->stop('QUIT', 10), 0, 'quit');
cmp_ok(now() - $start, '<', 4 * $slow, 'takes no longer than the sessions do');

# worker_shutdown_timeout

$t->conf("worker_shutdown_timeout 1s;\n$conf")->run;
is(post('/whip/')->{status}, 201, 'sessions that have time') for 1 .. 6;
$start = now();
is($t->stop('QUIT', 10), 0, 'quit');
cmp_ok(now() - $start, '<', 3 * $slow, 'worker_shutdown_timeout ends them');
$t->conf($conf);

# at once, whatever there is

$t->run;
is(post('/whip/')->{status}, 201, 'a session that has time') for 1 .. 3;
$start = now();
is($t->stop('TERM', 10), 0, 'stop');
cmp_ok(now() - $start, '<', 2 * $slow, 'does not wait');

# --- a full zone ------------------------------------------------------------

my (undef, $output) = $t->test_conf($conf
    =~ s/whip_timeout 10s;/whip_zone 16k; whip_timeout 10s;/r);
my ($size) = $output =~ /"whip_zone" .*at least (\d+k)/;

ok($size, 'the least size of whip_zone is told') or diag($output);

$t->conf($conf =~ s/whip_timeout 10s;/whip_zone $size; whip_timeout 10s;/r);
$t->run;

@r = ();

for (1 .. 300) {
    push @r, post('/whip/', offer => offer('obs', video => 0));
    last if $r[-1]{status} != 201;
}

$r = pop @r;
is(code($r), '503 whip_zone_full', 'a full zone after ' . @r . ' sessions');
cmp_ok(scalar @r, '>=', 64, 'which has room for some');
like($r->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After');
is(patch($r[0]), 204, 'those that are there go on');
is(remove($r[0]), 200, 'one is deleted');
$t->wait_for(sub { post('/whip/')->{status} == 201 }, 3, 'room for another');
is(code(post('/whip/')), '503 whip_zone_full', 'and no more');
$t->stop('TERM');

$t->done;
