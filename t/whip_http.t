#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# WHIP over HTTP: methods, media types, codes and headers of the endpoint and of
# its sessions, answers to the offers of all clients, trickle and ICE restart,
# and what nginx itself does around it.  No media is sent.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Keepalive;
use Test::Live::Offer;

my $t = Test::Live->new(workers => 2);

need($t->has_module('whip'), 'ngx_whip_module.so');

$t->write('oops.html', "<html>oops</html>\n", 0644);

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    whip_listen 127.0.0.1:%%WHIP%%;
    whip_timeout 4s;
    whip_rate off;
    whip_max_pending 0;

    gzip on;
    gzip_types *;
    gzip_min_length 1;
    gzip_proxied any;

    server {
        listen 127.0.0.1:%%HTTP%%;
        listen 127.0.0.1:%%HTTP2%% http2;
        listen unix:%%DIR%%/http.sock;

        root %%DIR%%;

        location /whip/ {
            whip live;
            whip_candidate 2001:db8::7 203.0.113.7 198.51.100.9:9000;
            whip_ice_server stun:stun.example.org:3478;
            whip_ice_server turn:turn.example.org:3478?transport=udp
                            username=u1 credential=p1;
        }

        location /bare {
            whip live;
        }

        location /denied/ {
            whip live;
            deny all;
        }

        location /asked/ {
            whip live;
            auth_request /401;
        }

        location /file/ {
            whip live;
            client_body_in_file_only clean;
        }

        location /if/ {
            whip live;

            if ($request_method = POST) {
                set $post 1;
            }
        }

        location /except/ {
            whip live;

            limit_except POST OPTIONS {
                allow 127.0.0.1;
                deny all;
            }
        }

        location /paged/ {
            whip live;
            error_page 400 401 403 404 405 413 415 422 428 412 /oops.html;
        }

        location = /401 {
            return 401;
        }
    }

    server {
        listen 127.0.0.1:%%ROOT%%;

        location / {
            whip live;
        }

        location /other/ {
            return 200 "other\n";
        }
    }

    server {
        listen 127.0.0.1:%%PROXY%%;

        location / {
            proxy_pass http://127.0.0.1:%%HTTP%%;
        }

        location /whip/ {
            absolute_redirect off;
            proxy_http_version 1.1;
            proxy_pass http://unix:%%DIR%%/http.sock;
        }
    }
}
EOC

my $SDP = 'application/sdp';
my $FRAG = 'application/trickle-ice-sdpfrag';
my $n = 0;
my (@no_cors, @no_json);


# a name for each stream, and every answer is one that a page may read; plain
# => 1: nginx itself may answer, which knows no JSON

sub post {
    my (%o) = @_;

    my ($path, $plain) = (delete $o{path} || '/whip/', delete $o{plain});
    my $r = post_offer($t, $path . 'S' . ++$n, %o);

    return seen("POST $path", $r, $plain);
}


sub seen {
    my ($what, $r, $plain) = @_;

    my @origin = grep { /^Access-Control-Allow-Origin: \*$/i }
        split /\n/, $r->{head} || '';
    my $expose = $r->header('Access-Control-Expose-Headers') || '';

    push @no_cors, "$what: $r->{status}" if @origin != 1
        || grep { $expose !~ /\b$_\b/i } qw(Location ETag Link Accept-Post
            Accept-Patch Retry-After);

    return $r if $r->{status} < 400 || $plain;

    my $json = json_of($r);

    push @no_json, "$what: $r->{status}" if !$json || $json->{success}
        || $json->{error}{code} !~ /^\w+$/ || !length $json->{error}{message}
        || $r->header('Content-Type') ne 'application/json';

    return $r;
}


sub asks {
    my ($method, $path, %o) = @_;
    return seen("$method $path", $t->request($method, $path, %o));
}


sub patch { return seen('PATCH', patch_session($t, @_)) }
sub remove { return seen('DELETE', delete_session($t, @_)) }


sub code {
    my ($r) = @_;
    my $json = json_of($r);
    return $r->{status} . ' ' . ($json ? $json->{error}{code} : '-');
}


sub same {
    my ($got, $want, $name) = @_;
    return is(join(' ', @$got), join(' ', @$want), $name);
}

# --- offers and answers -----------------------------------------------------

for my $shape (offer_shapes()) {

    my $offer = offer($shape);
    my $r = post(offer => $offer);

    is($r->{status}, 201, "$shape: 201");
    is($r->header('Content-Type'), $SDP, "$shape: with SDP");
    like($r->{body}, qr/\Av=0\r\no=- \d+ \d+ IN IP4 \S+\r\ns=-\r\nt=0 0\r\n/,
        "$shape: which begins as it should");
    unlike($r->{body}, qr/(?<!\r)\n|\r(?!\n)|\n\r\n/, "$shape: CRLF alone");
    like($r->{body}, qr/\n\z/, "$shape: the last line too");
    cmp_ok(length $r->{body}, '<=', 8191, "$shape: FFmpeg can read it");

    my ($asked, @offered) = sections($offer);
    my ($session, @media) = sections($r->{body});

    same([map { (split ' ', $_->[0])[0] } @media],
        [map { (split ' ', $_->[0])[0] } @offered], "$shape: the same media");
    same([map { attributes($_, 'mid') } @media],
        [map { attributes($_, 'mid') } @offered], "$shape: the same mids");
    same([attributes($session, 'group')],
        [map { attributes($_, 'mid') } @offered] ? ['BUNDLE '
            . join ' ', map { attributes($_, 'mid') } @offered] : [],
        "$shape: in one bundle");
    is(scalar(attributes($session, 'ice-lite')), 1, "$shape: ice-lite");

    for my $m (@media) {
        my ($kind) = $m->[0] =~ /^m=(\w+)/;

        like($m->[0], qr{^m=\w+ 9 UDP/TLS/RTP/SAVPF \d+}, "$shape: $kind");
        is((grep { $_ eq 'c=IN IP4 0.0.0.0' } @$m), 1, "$shape: $kind c=");
        same([grep { /^a=(?:sendonly|recvonly|sendrecv|inactive)$/ } @$m],
            ['a=recvonly'], "$shape: $kind is received");
        is(scalar(my @mux = attributes($m, 'rtcp-mux')), 1,
            "$shape: $kind rtcp-mux");
        same([attributes($m, 'setup')],
            [$shape eq 'ffmpeg' ? 'active' : 'passive'],
            "$shape: $kind has the other role");
        like((attributes($m, 'ice-ufrag'))[0], qr{^[\w+/]{8,}$},
            "$shape: $kind ufrag");
        like((attributes($m, 'ice-pwd'))[0], qr{^[\w+/]{22,}$},
            "$shape: $kind password");
        like((attributes($m, 'fingerprint'))[0],
            qr/^sha-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/, "$shape: $kind");
    }

    # the order that FFmpeg needs: IPv4 by UDP first, TCP last

    my @candidates = attributes($media[0], 'candidate');

    same([map { /^\d+ 1 (udp|tcp) \d+ (\S+ \d+) typ host/ } @candidates],
        ['udp', '203.0.113.7 ' . $t->port('WHIP'),
         'udp', '198.51.100.9 9000',
         'udp', '2001:db8::7 ' . $t->port('WHIP'),
         'tcp', '2001:db8::7 ' . $t->port('WHIP'),
         'tcp', '203.0.113.7 ' . $t->port('WHIP'),
         'tcp', '198.51.100.9 9000'], "$shape: candidates in order");
    is((grep { /^\d+ 1 \w+ (\d+)/ && $1 > 2147483647 } @candidates), 0,
        "$shape: priorities of 31 bits");
    is((grep { / tcp / && !/ tcptype passive$/ } @candidates), 0,
        "$shape: TCP is passive");
    is($media[0][-1], 'a=end-of-candidates', "$shape: and no more");
    is((grep { /^a=(?:candidate|end-of)/ } map { @$_ } @media[1 .. $#media]),
        0, "$shape: none for the other media");

    is(remove($r)->{status}, 200, "$shape: deleted");
}

# one media, one line per layer, other line ends

for my $shape (grep { !/simulcast/ } offer_shapes()) {
    for my $only (qw(audio video)) {

        my $offer = offer($shape, audio => $only eq 'audio',
            video => $only eq 'video');
        my ($mid) = $offer =~ /^a=mid:(\S+)/m;
        my $r = post(offer => $offer);
        my ($session, @media) = sections($r->{body});

        is(scalar @media, 1, "$shape: $only alone");
        same([attributes($session, 'group')], ["BUNDLE $mid"],
            "$shape: and only that in the bundle");
    }
}

my (undef, undef, $video) = sections(post(offer => offer('obs_simulcast'))
    ->{body});

same([attributes($video, 'simulcast')], ['recv 0;1;2'], 'all layers');
same([attributes($video, 'rid')], ['0 recv', '1 recv', '2 recv'], 'by name');

is(post(offer => offer('obs', eol => "\n"))->{status}, 201, 'LF in an offer');
is(post(offer => offer('chromium') =~ s/\r\n\z//r)->{status}, 201,
    'no line end behind the last line');

# --- a session --------------------------------------------------------------

my @sessions = map { post() } 1 .. 24;
my $r = $sessions[0];

is($r->header('Access-Control-Allow-Methods'), undef, 'no preflight');
is($r->header('Accept-Patch'), $FRAG, 'PATCH is announced');
is($r->header('Cache-Control'), 'no-store', 'nobody keeps the answer');
is((grep { !m{^/whip/session/[0-9a-f]{32,64}$} }
    map { $_->header('Location') } @sessions), 0, 'Location is a plain path');
is((grep { !/^"[\w-]{8,}"$/ } map { $_->header('ETag') } @sessions), 0,
    'ETag is strong and quoted');

my %tags = map { $_->header('ETag') => 1 } @sessions;
is(scalar keys %tags, @sessions, 'and of this session alone');

# bits of the id that are not the same in all

my $varying = '';

for my $s (@sessions) {
    my ($first, $id) = map { pack 'H*', $_->header('Location')
        =~ s{.*/}{}r } $r, $s;
    $varying |= $first ^ $id;
}

cmp_ok(unpack('%32b*', $varying), '>=', 100, 'the path cannot be guessed');

same([map { /^Link: (.*)/ ? $1 : () } split /\n/, $r->{head}],
    ['<stun:stun.example.org:3478>; rel="ice-server"',
     '<turn:turn.example.org:3478?transport=udp>; rel="ice-server"; '
     . 'username="u1"; credential="p1"; credential-type="password"'],
    'ICE servers, a line for each');

my $path = $r->header('Location');

for my $uri ('/whip/', '/whip/S', $path) {
    for my $method (qw(GET HEAD)) {
        my $g = asks($method, $uri);
        is($g->{status}, 204, "$method $uri");
        is($g->{body}, '', 'without content');
        is($g->header('Content-Length'), undef, 'not even of length 0');
    }
}

for my $uri ('/whip/', '/whip/a/b', $path) {
    for my $headers ([], [Origin => 'https://page.example',
        'Access-Control-Request-Method' => 'POST',
        'Access-Control-Request-Headers' => 'authorization,content-type'])
    {
        my $o = asks('OPTIONS', $uri, headers => $headers);
        my $name = @$headers ? "preflight $uri" : "OPTIONS $uri";

        like($o->{status}, qr/^20[04]$/, $name);
        is($o->header('Accept-Post'), $SDP, 'Accept-Post');
        like($o->header('Access-Control-Allow-Methods') || '', qr/\b$_\b/,
            "allows $_") for qw(OPTIONS GET POST PATCH DELETE);
        like($o->header('Access-Control-Allow-Headers') || '', qr/\b$_\b/i,
            "allows $_") for qw(Authorization Content-Type If-Match);
        is($o->header('Link'), undef, 'no ICE servers');
        is($o->{body}, '', 'no body');
    }
}

is(asks('OPTIONS', $path)->header('Accept-Patch'), $FRAG, 'Accept-Patch');

for (['PUT', '/whip/S'], ['PATCH', '/whip/S'], ['DELETE', '/whip/S'],
     ['MKCOL', '/whip/'], ['PUT', $path], ['POST', $path])
{
    my ($method, $uri) = @$_;
    my $b = asks($method, $uri, headers => { 'Content-Type' => $SDP },
        body => 'x');
    my %allowed = map { $_ => 1 } split /, */, $b->header('Allow') || '';

    is(code($b), '405 method_not_allowed', "$method $uri");
    ok($allowed{OPTIONS} && !$allowed{$method}, 'Allow has other methods');
}

is(remove($r)->{status}, 200, 'DELETE');
is(code(remove($r)), '404 unknown_session', 'there is none any more');
is(code(patch($r)), '404 unknown_session', 'for PATCH either');

my $last = $sessions[1]->header('Location');
is(code(remove($_)), '404 unknown_session', 'nor one like it')
    for $last =~ s/\w(?=\w{20}$)/$& eq '0' ? '1' : '0'/er, "${last}0";

is(remove($sessions[1], headers => ['If-Match' => '"other"'])->{status}, 200,
    'DELETE does not mind If-Match');
is(remove($sessions[2], headers => ['If-Match' =>
    $sessions[2]->header('ETag')])->{status}, 200, 'whatever it says');
is(remove($sessions[3], body => 'x' x 3000)->{status}, 200, 'nor a body');

# --- media types and bodies -------------------------------------------------

is(post(type => $_)->{status}, 201, "type: $_")
    for 'Application/SDP', "$SDP; charset=utf-8", "$SDP;charset=utf-8",
        "$SDP ; a=b";

for my $type (undef, '', 'text/plain', "${SDP}x", "$SDP+json", 'application',
    $FRAG, "text/plain, $SDP")
{
    my $b = post(type => $type);

    is(code($b), '415 bad_media_type', 'type: '
        . (defined $type ? "\"$type\"" : 'none'));
    is($b->header('Accept-Post'), $SDP, 'and what would be right');
}

my %bad = (
    '400 no_body' => [['no body' => '']],
    '400 bad_sdp' => [
        ['no SDP' => "{\"offer\": 1}\n"],
        ['half of a line' => offer('obs') =~ s/a=rtpmap:111\K.*//sr],
        ['no credentials' => offer('obs') =~ s/a=ice-(?:ufrag|pwd).*?\n//gr],
        ['a NUL' => offer('obs') =~ s/a=mid:0/a=mid:\0/r],
        ['v=1' => offer('obs') =~ s/v=0/v=1/r],
        ['a short password' => offer('obs', pwd => 'x' x 21)],
        ['a long line' => offer('obs') . 'a=x:' . 'y' x 5000 . "\r\n"],
        ['many lines' => offer('obs') . "a=x\r\n" x 2500],
    ],
    '422 not_acceptable' => [
        ['recvonly' => offer('obs') =~ s/sendonly/recvonly/gr],
        ['inactive' => offer('obs') =~ s/sendonly/inactive/gr],
        ['VP8 alone' => offer('obs') =~ s/H264/VP8/gr],
        ['G.722 alone' => offer('obs') =~ s{opus/48000/2}{G722/8000}r],
        ['SHA-1' => offer('obs')
            =~ s/sha-256 (\S{59})\S*/sha-1 $1/r],
        ['holdconn' => offer('obs') =~ s/actpass/holdconn/gr],
        ['no rtcp-mux' => offer('obs') =~ s/a=rtcp-mux\r\n//gr],
        ['no DTLS' => offer('obs') =~ s{UDP/TLS/RTP/SAVPF}{RTP/AVP}gr],
        ['a data channel' => offer('obs')
            . "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
            . "c=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n"],
        ['two cameras' => offer('obs') =~ s/BUNDLE 0 1/BUNDLE 0 1 2/r
            . (offer('obs') =~ /(m=video.*)/s)[0] =~ s/mid:1/mid:2/r],
        ['no media' => (offer('obs') =~ /^(.*?)m=/s)[0]],
    ],
);

for my $code (sort keys %bad) {
    is(code(post(offer => $_->[1])), $code, "$code: $_->[0]")
        for @{ $bad{$code} };
}

# too large for us, and by chunks, and before nginx has asked us

my $large = offer('obs') . "a=x\r\n" x 14000;

is(post(offer => $large, plain => 1)->{status}, 413, 'a large body');
is(post(offer => offer('obs') . "a=x:$n\r\n" x 100)->{status}, 201,
    'one that is not too large');

is(chunked('/whip/S' . ++$n, $large, 4000)->{status}, 413,
    'a large body in chunks');

# --- trickle and restart ----------------------------------------------------

$r = post();

my $p = patch($r);

is($p->{status}, 204, 'candidates');
is($p->{body} . ($p->header('ETag') || ''), '', 'nothing to say about them');
is(code(patch($r, if_match => undef)), '428 no_if_match', 'no If-Match');
is(code(patch($r, if_match => '"0123456789abcdef"')), '412 other_etag',
    'another If-Match');
is(code(patch($r, if_match => 'W/' . $r->header('ETag'))), '412 other_etag',
    'a weak one');
is(patch($r, if_match => '*')->{status}, 204, 'any');

$r = post();

for my $type (undef, $SDP, 'application/trickle-ice-sdpfragment') {
    my $b = patch($r, type => $type);
    is(code($b), '415 bad_media_type', 'PATCH of another type');
    is($b->header('Accept-Patch'), $FRAG, 'and what would be right');
}

is(patch($r, type => 'APPLICATION/Trickle-ICE-SDPfrag; x=y')->{status}, 204,
    'the type in another form');
is(code(patch($r, body => '')), '400 no_body', 'an empty fragment');
is(code(patch($r, body => "no fragment\r\n")), '400 bad_sdp', 'none at all');
is(code(patch($r, body => "a=ice-ufrag:abcd\r\n")), '400 bad_sdp',
    'half of the credentials');

$r = post();

is(code(patch($r, body => fragment() x 100)), '413 body_too_large',
    'a large fragment');
is(patch($r)->{status}, 204, 'the session lives on');
is(patch($r, body => fragment() =~ s/\r//gr)->{status}, 204, 'LF as well');
is(patch($r, body => "a=end-of-candidates\r\n")->{status}, 204,
    'no media line');

for my $any ('*', '"*"') {

    $r = post();

    my $first = $r->header('ETag');
    my %new = (ufrag => 'newU', pwd => 'new' x 8);

    is(code(patch($r, body => fragment(%new))), '412 other_etag',
        "$any: a restart is not of this generation");

    my $again = patch($r, if_match => $any, body => fragment(%new));

    is($again->{status}, 200, "$any: restart");
    is($again->header('Content-Type'), $FRAG, 'with a fragment');
    like($again->header('ETag'), qr/^"[\w-]{8,}"$/, 'and an ETag');
    isnt($again->header('ETag'), $first, 'which is a new one');

    my ($session, @media) = sections($again->{body});

    is(scalar @media, 1, 'one media');
    same([map { attributes($session, $_) } qw(ice-lite group)],
        ['', 'BUNDLE 0 1'], 'ICE-lite, the bundle');
    is(scalar(my @options = attributes($session, 'ice-options')), 1,
        'ice-options');
    same([attributes($media[0], 'mid')], ['0'], 'the mid');
    is($media[0][-1], 'a=end-of-candidates', 'candidates');
    unlike($again->{body}, qr/(?<!\r)\n/, 'CRLF alone');

    for my $name (qw(ice-ufrag ice-pwd)) {
        my ($old) = $r->{body} =~ /^a=$name:(\S+)/m;
        my ($now) = $again->{body} =~ /^a=$name:(\S+)/m;
        ok($now && $now ne $old, "another $name");
    }

    is(code(patch($r)), '412 other_etag', 'the first ETag is over');
    is(patch($r, if_match => $again->header('ETag'))->{status}, 204,
        'the new one is not');
    is(remove($r)->{status}, 200, 'deleted');
}

# --- how requests arrive ----------------------------------------------------


# a request whose body comes in chunks, so many bytes at a time

sub chunked {
    my ($uri, $body, $size) = @_;

    my $text = join '', map { sprintf "%x\r\n%s\r\n", length, $_ }
        unpack("(a$size)*", $body), '';

    return seen("chunks to $uri", post_offer($t, $uri, body => $text,
        headers => ['Transfer-Encoding' => 'chunked']), 1);
}


sub raw_post {
    my ($uri, $offer, @lines) = @_;

    return join("\r\n", "POST $uri HTTP/1.1", 'Host: x', "Content-Type: $SDP",
        'Content-Length: ' . length $offer, @lines) . "\r\n\r\n$offer";
}

is(chunked('/whip/S' . ++$n, offer('chromium'), $_)->{status}, 201,
    "in chunks of $_ bytes") for 7, 1000, 100000;

my $offer = offer('firefox');
my $c = Test::Live::Keepalive->new($t);

$c->send(substr raw_post('/whip/S' . ++$n, $offer), 0, 300);
$t->pause(0.1);
$c->send(substr raw_post("/whip/S$n", $offer), 300);
$r = seen('in two pieces', $c->answer);
is($r->{status}, 201, 'in two pieces');

# the same connection goes on

$path = $r->header('Location');
is($c->request('PATCH', $path, body => fragment(), headers => ['Content-Type',
    $FRAG, 'If-Match', $r->header('ETag')])->{status}, 204,
    'PATCH on the same connection');
is($c->request('DELETE', $path)->{status}, 200, 'and DELETE');
$c->send(raw_post('/whip/S' . ++$n, $offer) . raw_post('/whip/S' . ++$n, '')
    . raw_post('/whip/S' . ++$n, $offer));
same([map { $c->answer->{status} } 1 .. 3], [201, 400, 201], 'pipelined');
$c->close;

# Expect

$c = Test::Live::Keepalive->new($t);
$c->send(raw_post('/whip/S' . ++$n, $offer, 'Expect: 100-continue')
    =~ s/\r\n\r\n\K.*//sr);
like($c->peek, qr{^HTTP/1.1 100 .*\r\n\r\n\z}s, '100 Continue');
$c->send($offer);
is($c->answer->{status}, 201, 'and then the answer');
$c->send(raw_post('/whip/S' . ++$n, '', 'Expect: 100-continue')
    =~ s/application\/sdp/text\/plain/r);
is($c->answer->{status}, 415, 'or at once');
$c->close;

# HTTP/1.0

$c = Test::Live::Keepalive->new($t);
$c->send("POST /whip/S" . ++$n . " HTTP/1.0\r\nContent-Type: $SDP\r\n"
    . 'Content-Length: ' . length($offer) . "\r\n\r\n$offer");
is($c->answer->{status}, 201, 'HTTP/1.0');
$c->close;

# from a file

is(post(path => '/file/')->{status}, 201, 'a body that nginx has written away');

# HTTP/2

SKIP: {
    skip 'no curl with HTTP/2', 11
        if (`curl --version 2>/dev/null` || '') !~ /\bHTTP2\b/
            && !$ENV{TEST_COMPLETE};

    $t->write('offer.sdp', $offer);

    my $curl = sub {
        my ($name, $uri, @args) = @_;
        my %o = ref $args[-1] ? %{ pop @args } : ();

        my $p = $t->spawn($name, qw(curl -s -S -i --http2-prior-knowledge
            --max-time 10), 'http://127.0.0.1:' . $t->port('HTTP2') . $uri,
            @args, \%o);

        is($p->wait(10), 0, "HTTP/2: curl, $name");
        return $p->stdout;
    };

    my $out = $curl->('post', '/whip/h2', '-H', "Content-Type: $SDP",
        '--data-binary', '@' . $t->dir . '/offer.sdp');

    like($out, qr{\AHTTP/2 201 }, 'HTTP/2: POST');
    is(scalar(() = $out =~ /^link: /mg), 2, 'HTTP/2: ICE servers');

    my ($uri) = $out =~ m{^location: (/whip/session/\w+)\r$}m;

    like($curl->('stream', '/whip/h2s', qw(-X POST -T -), '-H',
        "Content-Type: $SDP", { in => $t->dir . '/offer.sdp' }),
        qr{\AHTTP/2 201 }, 'HTTP/2: a body of unknown length');

    like($curl->('patch', $uri, qw(-X PATCH -H), "Content-Type: $SDP"),
        qr{\AHTTP/2 415 .*^access-control-allow-origin: \*\r$}ms,
        'HTTP/2: PATCH');
    like($curl->('options', $uri, qw(-X OPTIONS)), qr{\AHTTP/2 20[04] },
        'HTTP/2: OPTIONS');
    like($curl->('delete', $uri, qw(-X DELETE)), qr{\AHTTP/2 200 },
        'HTTP/2: DELETE');
}

# --- with the rest of nginx -------------------------------------------------

# a compressed answer would have a weak ETag

$r = post(headers => ['Accept-Encoding' => 'gzip']);
like($r->header('ETag'), qr/^"/, 'gzip does not weaken the ETag');
is($r->header('Content-Encoding'), undef, 'and has nothing to do here');

# a prefix without a slash

$r = post(path => '/bare/');
like($r->header('Location'), qr{^/bare/session/\w+$}, 'Location below /bare');
is(remove($r)->{status}, 200, 'deleted');

# behind a proxy, which knows what If-Match is as well

for my $prefix ('/bare/', '/whip/') {

    $r = post(path => $prefix, port => 'PROXY');
    is($r->{status}, 201, "by a proxy: $prefix");

    my $place = $r->header('Location') =~ s{^http://127\.0\.0\.1:\d+}{}r;

    like($place, qr{^${prefix}session/\w+$}, 'Location');
    is(patch($place, port => 'PROXY', if_match => $r->header('ETag'))
        ->{status}, 204, 'PATCH');
    is(patch($place, port => 'PROXY', if_match => '"*"',
        body => fragment(ufrag => 'abcd', pwd => 'x' x 22))->{status}, 200,
        'restart');
    is(remove($place, port => 'PROXY', headers => ['If-Match' => '"x"'])
        ->{status}, 200, 'DELETE with If-Match');
}

# the other locations of a server are where they were

my $other = $t->get('/other/', port => 'ROOT');
is($other->{status} . $other->{body}, "200other\n", 'a longer prefix');
$r = post(path => '/', port => 'ROOT');
is($r->{status}, 201, 'and WHIP where nothing else is');
is(remove($r, port => 'ROOT')->{status}, 200, 'deleted');

# blocks within a location

for my $prefix (qw(/if/ /except/)) {
    $r = post(path => $prefix);
    is($r->{status}, 201, "$prefix: POST");
    is(patch($r)->{status}, 204, "$prefix: PATCH") if $r->header('Location');
    is(remove($r)->{status}, 200, "$prefix: DELETE") if $r->header('Location');
}

# answers that are not ours; a page of another origin may see them all the same

is(post(path => '/denied/', plain => 1)->{status}, 403, 'deny');
is(post(path => '/asked/', plain => 1)->{status}, 401, 'auth_request');

$r = post(path => '/paged/', offer => $large, plain => 1);
is($r->{status} . ' ' . $r->{body}, "413 <html>oops</html>\n",
    'a page for what nginx refuses');
is(code(post(path => '/paged/', type => 'text/plain')), '415 bad_media_type',
    'and JSON for what we refuse');

is("@no_cors", '', 'all answers have the headers of CORS');
is("@no_json", '', 'all errors are JSON');

# nothing is left

$t->wait_for(sub {
    return !grep { patch($_)->{status} != 404 } @sessions;
}, 10, 'the end of all sessions');

$t->done;
