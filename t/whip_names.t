#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What a WHIP client publishes and who may: every way to say key and source,
# refusals and their codes, callbacks that take their time, takeovers, clients
# that do not wait.  Without ngx_multisource as well.  No key is seen anywhere.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::IO qw(now);
use Test::Live::Keepalive;
use Test::Live::Notify;
use Test::Live::Offer;
use Test::Live::Process;

my ($alice, $bob, $carol, $guest, $token, $first, $second) = map { "Wn5$_" }
    qw(aq-Alice-1c8e4b bHashed-Bob-77d cx-Carol-30fa9d gGuest-of-Al-5e1
    tToken-of-args-91 sFirst-stream-4d2 sSecond-stream-c7);

my $t = Test::Live->new(workers => 2,
    secrets => [$alice, $bob, $carol, $guest, $token]);

need($t->has_module('whip') && $t->has_module('multisource'), 'both modules');

$t->write('keys', "$alice alice max_sources=64\n$bob bob max_sources=2\n"
    . "$carol carol max_sources=64\n$guest alice sources=Guest_One\n");

my $n = Test::Live::Notify->new($t, answer => sub {
    my ($call) = @_;

    my $name = $call->{call} eq 'connect' ? $call->{flashver} : $call->{name};

    return 200 if $call->{call} !~ /^(?:connect|publish)$/;
    return (302, "dave_$1") if $name =~ /^\Q$carol\E_(.*)/;
    return (200, '', 60) if $name =~ /Never$/;
    return (200, '', 4) if $name =~ /_Late/;
    return ($name =~ /No$/ ? 404 : 200, '', $name =~ /Slow/ ? 1.2 : 0);
});

$t->conf(<<'EOC')->run;
rtmp {
    access_log off;

    server {
        listen 127.0.0.1:%%RTMP%%;

        on_connect http://127.0.0.1:%%NOTIFY%%/connect;
        on_disconnect http://127.0.0.1:%%NOTIFY%%/disconnect;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_refuse_rate off;

            on_publish http://127.0.0.1:%%NOTIFY%%/publish;
            on_publish_done http://127.0.0.1:%%NOTIFY%%/publish_done;
        }

        application firm {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_refuse_rate off;
            multisource_takeover off;

            exec_push perl -e "sleep 60" $name;

            on_publish http://127.0.0.1:%%NOTIFY%%/publish;
            on_publish_done http://127.0.0.1:%%NOTIFY%%/publish_done;
        }

        application strict {
            live on;
            multisource on;
            multisource_keys keys;
            multisource_refuse_rate 3/60s;
        }

        application named {
            live on;
            multisource on;
            multisource_refuse_rate off;

            on_publish http://127.0.0.1:%%NOTIFY%%/publish;
            on_publish_done http://127.0.0.1:%%NOTIFY%%/publish_done;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;
    whip_rate off;
    whip_max_pending 0;
    whip_timeout 20s;

    log_format all '$request|$request_uri|$uri|$args|$document_uri|$status|'
                   '$request_filename|$whip_session';

    server {
        listen 127.0.0.1:%%HTTP%%;
        listen 127.0.0.1:%%HTTP2%% http2;

        access_log %%DIR%%/access.log all;

        rewrite ^/in/(.*)$ /whip/$1 last;

        location /whip/ {
            whip live;
        }

        location /firm/ {
            whip firm;
            whip_max_sessions 1;
        }

        location /off/ {
            whip firm;
        }

        location /strict {
            whip strict;
        }

        location /named/ {
            whip named;
        }

        location /inner/ {
            rewrite ^/inner/(.*)$ /whip/$1 last;
        }

        location /sources/ {
            multisource_api live;
            multisource_list on;
        }

        location /status {
            multisource_status;
        }
    }
}
EOC

# nginx-rtmp kills what it started for a stream

$t->tolerate(qr/unknown process \d+ exited on signal 9$/);

my $curls = 0;
my @open;

sub post {
    my ($path, %o) = @_;

    my $r = post_offer($t, $path, %o);
    push @open, $r if $r->{status} == 201;
    return $r;
}


# ends the sessions, so that they do not count

sub done_with {
    is(delete_session($t, $_)->{status}, 200, 'DELETE') for splice @open;
    return;
}


sub code {
    my ($r) = @_;
    my $json = json_of($r);
    return $r->{status} . ' ' . ($json ? $json->{error}{code} : '-');
}


sub raw_post {
    my ($path) = @_;

    my $offer = offer();

    return join "\r\n", "POST $path HTTP/1.1", 'Host: x',
        'Content-Type: application/sdp', 'Content-Length: ' . length $offer,
        '', $offer;
}


# curl of HTTP/2, whose command line shows no key either

sub curl {
    my ($path, $body, @args) = @_;

    $t->write('curl', 'url = "http://127.0.0.1:' . $t->port('HTTP2')
        . "$path\"\nheader = \"Content-Type: application/sdp\"\n"
        . 'data-binary = "@' . $t->dir . "/$body\"\n");

    my $p = $t->spawn('curl' . ++$curls, qw(curl -s --http2-prior-knowledge
        --max-time 10 -K), $t->dir . '/curl', @args);

    $p->wait(10) if @args;
    return $p;
}


# the names that on_publish was asked for meanwhile

sub asked {
    my ($sub, %want) = @_;

    my $before = $n->calls(call => 'publish');
    my $r = $sub->();
    my @calls = $n->calls(call => 'publish');

    return ($r, join ' ', map { $_->{name} } splice @calls, $before);
}

# who never gets an answer from on_publish: looked at in the end

my $never = Test::Live::Keepalive->new($t);
my $never_since = now();
$never->send(raw_post("/whip/$alice/Never"));
$t->wait_for(sub { $n->calls(name => 'alice_Never') }, 5, 'the first call');

# --- names ------------------------------------------------------------------

my @forms = (
    ["/whip/$alice/Main_Screen", undef, 'alice_Main_Screen'],
    ["/whip/${alice}_Face-Cam", undef, 'alice_Face-Cam'],
    ['/whip/Desk', $alice, 'alice_Desk'],
    ['/whip/', "${alice}_Wide", 'alice_Wide'],
    ['/whip/', "$alice/Side_View", 'alice_Side_View'],
    ["/whip/$alice", undef, 'alice'],
    ['/whip/', $bob, 'bob'],
    ["/whip/$alice%2FPercent", undef, 'alice_Percent'],
    ["/whip//$alice//Slashes", undef, 'alice_Slashes'],
    ["/whip/./x/../$alice/Dots", undef, 'alice_Dots'],
    ["/whip/$alice/Args?token=$token&a=b", undef, 'alice_Args'],
    ["/in/$alice/Rewritten", undef, 'alice_Rewritten'],
    ["/inner/${alice}_Inner?token=$token", undef, 'alice_Inner'],
    ["/strict/$alice/Strict", undef, ''],
    ["/named/${carol}_Cam", undef, "${carol}_Cam"],
    ["/named/Slash", $carol, "${carol}_Slash"],
    ["/named/anybody/Cam", undef, 'anybody_Cam'],
);

for (@forms) {
    my ($path, $bearer, $name) = @$_;

    (my $shown = "$path, " . ($bearer || 'no') . ' token')
        =~ s/Wn5(\w)[\w-]*?(?=[\/_]|$| token)/KEY-$1/g;

    my ($r, $got) = asked(sub { post($path, bearer => $bearer) });

    is($r->{status}, 201, $shown);
    is($got, $name, 'is what was meant');
    like($r->header('Location') || '',
        qr{^/(?:whip|strict|named)/session/\w+$}, 'Location');
    done_with();
}

my ($with_args) = $n->calls(name => 'alice_Args');

is("$with_args->{token} $with_args->{a}", "$token b",
    'on_publish has the args');

for my $scheme ('bearer', 'BEARER', 'Bearer  ') {
    my ($r, $got) = asked(sub {
        post('/whip/Scheme', headers => [Authorization => "$scheme $alice "]);
    });
    is($got, 'alice_Scheme', "scheme: $scheme");
    done_with();
}

# redirected

like($t->log, qr/whip: session of "dave_Slash" ended/,
    'redirected: the log has the public name');

# --- refused ----------------------------------------------------------------

my @refused = (
    ['/whip/', undef, '401 no_credentials'],
    ['/whip/nobody-knows-it/Main', undef, '401 unknown_key'],
    ['/whip/Main', 'nobody-knows-it', '401 unknown_key'],
    ['/whip/', 'nobody-knows-it', '401 unknown_key'],
    ['/whip/Main', undef, '401 unknown_key'],
    ['/whip/' . lc $alice, undef, '401 unknown_key'],
    ['/whip/' . substr($alice, 0, -1), undef, '401 unknown_key'],
    ["/whip/$alice/a.b", undef, '400 bad_source_name'],
    ["/whip/$alice/" . 'x' x 51, undef, '400 bad_source_name'],
    ["/whip/$alice/" . 'x' x 300, undef, '400 bad_stream_name'],
    ["/whip/${alice}_", undef, '400 bad_source_name'],
    ["/whip/$alice/Main%20Screen", undef, '400 bad_(?:source|stream)_name'],
    ["/whip/$alice/%C3%84", undef, '400 bad_(?:source|stream)_name'],
    ['/whip/a%22b', $alice, '400 bad_(?:source|stream)_name'],
    ["/whip/$alice/a/b", undef, '404 bad_path'],
    ["/whip/$alice/", undef, '404 bad_path'],
    ["/whip/$alice/admin", undef, '403 reserved_source_name'],
    ["/whip/$alice/Events", undef, '403 reserved_source_name'],
    ['/whip/Other', $guest, '403 source_not_allowed'],
    ['/whip/No', $alice, '403 callback_refused'],
    ['/whip/SlowNo', $alice, '403 callback_refused'],
    ["/named/${carol}_events", undef, '403 reserved_source_name'],
);

for (@refused) {
    my ($path, $bearer, $code) = @$_;

    (my $shown = $path) =~ s/Wn5(\w)[\w-]*?(?=[\/_%]|$)/KEY-$1/g;

    my $r = post($path, bearer => $bearer);

    like(code($r), qr/^$code$/, "$code: " . substr $shown, 0, 40);
    is($r->header('WWW-Authenticate'), $code =~ /^401/ ? 'Bearer' : undef,
        'and what is missing');
    is($r->header('Location'), undef, 'no session');
    done_with();
}

is(code(post('/whip/Main', headers => [Authorization => "Basic $alice"])),
    '401 unknown_key', 'another scheme than Bearer');
is(code(post('/whip/', headers => [Authorization => $_])),
    '401 no_credentials', 'no token') for 'Bearer', 'Bearer ', $alice;

# a key that is said twice must not become the name of a source

for my $path ("/whip/$alice", "/whip/${alice}_Twice") {
    my ($r, $got) = asked(sub { post($path, bearer => $alice) });
    unlike($got . $t->get('/sources/')->{body}, qr/\Q$alice\E/,
        'the key in the path and as token');
    done_with();
}

# limits

my @two = map { post("/whip/$bob/S$_") } 1, 2;
is($_->{status}, 201, 'as many sources as the key allows') for @two;
is(code(post("/whip/$bob/S3")), '403 too_many_sources', 'one more');
is(delete_session($t, shift @open)->{status}, 200, 'one less');
$t->wait_for(sub { post("/whip/$bob/S3")->{status} == 201 }, 5,
    'room for another one');
done_with();

is(code(post("/strict/wrong-key-$_/Main")), '401 unknown_key', 'wrong keys')
    for 1 .. 3;

my $many = post("/strict/$alice/Main");
is(code($many), '429 too_many_refusals', 'now even a good one');
like($many->header('Retry-After'), qr/^\d+$/, 'Retry-After');

# --- callbacks that take their time -----------------------------------------

my $start = now();
my $r = post('/whip/Slow', bearer => $alice);
my $took = now() - $start;

is($r->{status}, 201, 'a slow on_publish');
cmp_ok($took, '>', 1.1, 'is waited for');
done_with();

my %agent = (Slow => 201, SlowNo => 403, No => 403);

for my $agent (sort keys %agent) {
    $start = now();
    $r = post("/whip/Door", bearer => $alice, headers =>
        ['User-Agent' => $agent]);
    $took = now() - $start;

    is($r->{status}, $agent{$agent}, "on_connect: $agent");
    cmp_ok($took, '>', 1.1, 'is waited for') if $agent =~ /Slow/;
    is(code($r), '403 connect_refused', 'the reason') if $r->{status} == 403;
    done_with();
}

# who does not wait leaves nothing behind: there is room for one session, and
# nobody takes over there

my @hows = qw(close reset half HTTP/2);

for my $how (@hows) {

    my $tag = $how =~ s/\W//gr;
    my ($c, $curl);

    if ($how eq 'HTTP/2') {
        $t->write('offer.sdp', offer());
        $curl = curl("/firm/$alice/Late$tag", 'offer.sdp');

    } else {
        $c = Test::Live::Keepalive->new($t);
        $c->send(raw_post("/firm/$alice/Late$tag"));
    }

    $t->wait_for(sub {
        return $n->calls(call => 'publish', name => "alice_Late$tag");
    }, 3, 'on_publish being asked');

    is(code(post("/firm/$alice/Next$tag")), '503 too_many_sessions',
        "$how: the one session is taken");

    if ($curl) {
        $curl->stop('KILL');

    } elsif ($how eq 'half') {
        $c->close_write;

    } else {
        $c->close(abrupt => $how eq 'reset');
    }

    $start = now();
    $t->wait_for(sub {
        $r = post("/firm/$alice/Next$tag");
        return $r->{status} != 503;
    }, 5, 'room for another one');

    is($r->{status}, 201, "$how: and is free again") or diag(code($r));
    cmp_ok(now() - $start, '<', 2, 'before the callback has answered');
    done_with();
}

# nor do the answers, when they come

$r = post("/firm/$alice/Stays");
is($r->{status}, 201, 'a session that stays');
$t->pause(4);

is(patch_session($t, $r)->{status}, 204, 'while late answers come in');
is(scalar(my @calls = $n->calls(call => 'publish_done',
    name => 'alice_Late' . s/\W//gr)), 1, "$_: the callback knows of the end")
    for @hows;
unlike($t->get('/status')->{body}, qr/Late/, 'and nothing is in the status');
done_with();

# --- takeover ---------------------------------------------------------------

my @workers = $t->workers;
my $takes = 0;

for my $pids ([@workers[0, 0]], [@workers[0, 1]], [@workers[1, 0]]) {

    my $mark = $t->mark;
    my $name = 'Take' . ++$takes;
    my $how = $pids->[0] == $pids->[1] ? 'same worker' : 'another worker';

    my ($old, $new) = map {
        my $c = Test::Live::Keepalive->new($t, worker => $_);
        $c->request('POST', "/whip/$alice/$name", body => offer(),
            headers => ['Content-Type' => 'application/sdp']);
    } @$pids;

    is("$old->{status} $new->{status}", '201 201', "$how: taken over");

    $t->wait_for(sub { patch_session($t, $old)->{status} == 404 }, 5,
        'the end of the first session');
    is($t->logged(qr/whip: session of "alice_$name" ended .*: taken_over /,
        $mark), 1, "$how: it says why");
    $t->wait_for(sub {
        return $n->calls(call => 'publish_done', name => "alice_$name");
    }, 5, 'the end of its stream');
    is(delete_session($t, $new)->{status}, 200, "$how: the other goes on");
}

is(post("/off/$alice/Mine")->{status}, 201, 'where nobody takes over');
is(code(post("/off/$alice/Mine")), '409 already_live', 'one comes too late')
    for 1 .. 4;
done_with();

# --- keys -------------------------------------------------------------------

# what nginx refuses by itself, before or after it knows the location

my $large = "Host: x\r\nContent-Type: application/sdp\r\n"
    . 'Content-Length: 999999';

my %raw = (
    'too large'              => "POST /whip/%s/S HTTP/1.1\r\n$large",
    'too large, with args'   => "POST /whip/x?k=%s HTTP/1.1\r\n$large",
    'too large, rewritten'   => "POST /in/%s/S HTTP/1.1\r\n$large",
    'rewritten in a location' => "POST /inner/%s/S HTTP/1.1\r\n$large",
    'chunks'                 => "POST /whip/%s HTTP/1.1\r\nHost: x\r\n"
        . "Content-Type: application/sdp\r\nTransfer-Encoding: chunked\r\n\r\n"
        . "zzz",
    'PUT'                    => "PUT /whip/%s/S HTTP/1.1\r\nHost: x",
    'GET'                    => "GET /whip/%s/S?x HTTP/1.0\r\nHost: x",
    'TRACE'                  => "TRACE /whip/%s/S HTTP/1.1\r\nHost: x",
    'no Host'                => "POST /whip/%s/S HTTP/1.1",
    'a bad Host'             => "POST /whip/%s/S HTTP/1.1\r\nHost: a b",
    'a bad header'           => "POST /whip/%s/S HTTP/1.1\r\nHost: x\r\na b: c",
    'a bad length'
        => "POST /whip/%s/S HTTP/1.1\r\nHost: x\r\nContent-Length: x",
    'a bad version'          => "POST /whip/%s/S HTTP/3.1\r\nHost: x",
    'a bad escape'           => "POST /whip/%s/%%zz HTTP/1.1\r\nHost: x",
    'a long URI'             => 'POST /whip/%s/' . 'x' x 9000
        . " HTTP/1.1\r\nHost: x",
    'a long header'          => "POST /whip/%s HTTP/1.1\r\nHost: x\r\na: "
        . 'x' x 40000,
    'an absolute URI'        => "POST http://x/whip/%s/a/b/c HTTP/1.1\r\n"
        . "Host: x",
);

# of these nginx writes the request as it came into the error log, before any
# module hears of it; so the key is none

my %early = map { $_ => 1 } 'TRACE', 'a bad Host', 'a bad escape',
    'a bad header', 'a bad length', 'a bad version', 'a long URI',
    'a long header', 'no Host', 'rewritten in a location',
    'too large, rewritten';

sub hidden {
    my ($what, $key, $sub) = @_;

    my ($mark, $access) = ($t->mark, length $t->read('access.log'));
    my $body = $sub->();

    $t->wait_for(sub { length $t->read('access.log') > $access }, 5,
        'the access log');

    unlike($body, qr/\Q$key\E/, "$what: not in the page");
    ok(index(substr($t->read('access.log'), $access), $key) < 0,
        "$what: not in the access log");
    ok($early{$what} || index($t->log_since($mark), $key) < 0,
        "$what: not in the error log");
    return;
}

for my $what (sort keys %raw) {

    my $key = $early{$what} ? 'Qz7rt-Nobody-09af' : $alice;

    hidden($what, $key, sub {
        return $t->request('POST', '/', leak_ok => 1,
            raw => sprintf($raw{$what}, $key) . "\r\n\r\n")->{body};
    });
}

$t->write('large', 'x' x 70000);

hidden('HTTP/2', $alice, sub { return curl($_, 'large', '-i')->stdout })
    for "/whip/$alice/S", "/whip/$alice/S/a/b", "/whip/x?k=$alice";

# what is logged of the others

$r = post("/whip/$alice/Logged?token=$token");
my $id = $r->header('Location') =~ s{.*/}{}r;
done_with();

like($t->read('access.log'), qr{^\QPOST /whip/*** HTTP/1.1|/whip/***|\E
    \Q/whip/***|-|/whip/***|201|\E\S*/whip/\*\*\*\|[\w-]{3,}$}mx,
    'the access log has stars');
unlike($t->read('access.log') . $t->log, qr/$id/, 'nor is any session in it');

# command lines

is(post("/firm/$alice/Exec")->{status}, 201, 'a stream');

my @titles;

$t->wait_for(sub {
    @titles = map { Test::Live::Process::title($_) }
        Test::Live::Process::descendants();
    return grep { $_ eq 'perl -e sleep 60 alice_Exec' } @titles;
}, 5, 'a program that was started for the stream');

is((grep { /\Q$alice\E/ } @titles), 0, 'no key in any command line');
done_with();

# who never got an answer

like($never->answer(20)->{status}, qr/^(?:403|503)$/,
    'on_publish does not answer');
cmp_ok(now() - $never_since, '<', 20, 'which is not waited for any longer');

# --- nginx-rtmp by itself ---------------------------------------------------

my $s = Test::Live->new(workers => 1, modules => ['whip']);

my $m = Test::Live::Notify->new($s, answer => sub {
    return $_[0]{name} =~ /No$/ ? 404 : 200;
});

$s->conf(<<'EOC')->run;
rtmp {
    access_log off;

    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            on_publish http://127.0.0.1:%%NOTIFY%%/publish;
            on_publish_done http://127.0.0.1:%%NOTIFY%%/publish_done;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;
    whip_rate off;
    whip_max_pending 0;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /whip/ {
            whip live;
        }
    }
}
EOC

my %names = (
    "/whip/$first"       => [undef, $first],
    "/whip/$first/Cam"   => [undef, "$first/Cam"],
    "/whip/${first}_Cam" => [undef, "${first}_Cam"],
    '/whip/Cam'          => [$second, "$second/Cam"],
    '/whip/'             => [$second, $second],
);

for my $path (sort keys %names) {
    my ($bearer, $name) = @{ $names{$path} };

    $r = post_offer($s, $path, bearer => $bearer);
    is($r->{status}, 201, 'without ngx_multisource');
    is(scalar(my @calls = $m->calls(call => 'publish', name => $name)), 1,
        "on_publish is asked for $name");
    is(code(post_offer($s, $path, bearer => $bearer)), '409 already_live',
        'a second one is refused');
    is(delete_session($s, $r)->{status}, 200, 'DELETE');
    $s->wait_for(sub {
        $m->calls(call => 'publish_done', name => $name);
    }, 5, 'on_publish_done');

    $r = post_offer($s, $path, bearer => $bearer);
    is($r->{status}, 201, 'now it may');
    is(delete_session($s, $r)->{status}, 200, 'and leaves');
}

is(code(post_offer($s, '/whip/No')), '403 publish_refused',
    'on_publish refuses');

unlike($s->read($_), qr/\Q$first\E/, "nothing of a name in $_")
    for qw(access.log);

$s->done;
$t->done;
