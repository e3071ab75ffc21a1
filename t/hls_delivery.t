#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# Low-latency HLS as a client gets it: what waits and what does not, from any
# worker; headers, ranges, methods, compression; clients and publishers that
# leave; a reload in the middle.

use strict;
use warnings;

use lib 't/lib';

use IO::Uncompress::Gunzip ();
use Test::More;
use Test::Live;
use Test::Live::HTTP;
use Test::Live::IO qw(now);

need(scalar `ffmpeg -version 2>/dev/null`, 'ffmpeg');
need((`curl --version 2>/dev/null` || '') =~ /\bHTTP2\b/, 'curl with HTTP/2');
need(scalar `openssl version 2>/dev/null`, 'openssl');

my $key = 'hd7Qm-key-of-alice';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice max_sources=20\n");

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
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
            multisource_hls_segment 1s;
            multisource_hls_keep on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    log_format worker '$pid $status $request';

    server {
        listen 127.0.0.1:%%HTTP%%;
        listen 127.0.0.1:%%HTTPS%% ssl http2;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        access_log %%DIR%%/access.log worker;

        location /hls/ { multisource_play; }

        # what nginx may do to an answer on its way

        location /filtered/ {
            multisource_play;
            gzip on;
            gzip_vary on;
            gzip_min_length 1;
            gzip_types application/vnd.apple.mpegurl video/mp4;
            open_file_cache max=100;
            open_file_cache_errors on;
            sendfile on;
            aio threads;
            directio 512;
        }

        location /status { multisource_status; }
    }
}
EOC

$t->run;

my $scale = $Test::Live::IO::scale;

my $cam = '/hls/alice/cam';
my $list = 'application/vnd.apple.mpegurl';

my %media = (size => '320x180', gop => 25, fps => 25, kbps => 200);


# a request that is sent, and whose answer is read later

sub ask {
    my ($path, %o) = @_;

    my $c = Test::Live::HTTP::Connection->new(path => $path,
        port => $t->port('HTTP'), timeout => 15, %o);

    $c->send_request or die "$path: $c->{error}";

    return $c;
}


sub answer {
    my ($c) = @_;

    my $r = bless { status => 0, headers => {}, body => '' },
        'Test::Live::HTTP::Response';

    $c->read_head($r) && $c->read_body($r);
    $r->{error} = $c->{error};
    $c->close;

    return $r;
}


# the part that is hinted at: segment, part, and the URI of what is next

sub hint {
    my ($body) = @_;

    my ($epoch, $msn, $part) = $body
        =~ /^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="(\w+)-(\d+)\.(\d+)\.m4s"$/m
        or return;

    return { msn => $msn, part => $part, epoch => $epoch,
             file => "$epoch-$msn.$part.m4s",
             query => "_HLS_msn=$msn&_HLS_part=$part" };
}


sub playlist {
    my ($query) = @_;
    return $t->get("$cam/live.m3u8" . ($query ? "?$query" : ''))->{body};
}


# requests held by whichever worker answers: the most that any of them says

sub held {
    my $most = 0;

    for (1 .. 12) {
        my $held = $t->get('/status')->json->{held};
        $most = $held if $held > $most;
    }

    return $most;
}


# --- before there is anything -----------------------------------------------

my $start = now();
my $r = $t->get("$cam/index.m3u8");

is($r->{status}, 404, 'a source that nobody publishes');
is($r->header('Cache-Control'), 'max-age=1', 'it may come any moment');
is($r->header('Access-Control-Allow-Origin'), '*', 'errors are for any page');
is($t->get('/hls/alice/index.m3u8')->{status}, 404, 'a streamer of none');
cmp_ok(now() - $start, '<', 2 * $scale, 'at once');

# accepted, and silent: its media may come, until it leaves

my $silent = $t->rtmp;
$silent->publish("${key}_silent");

my @early = map { ask("/hls/alice/$_") } qw(silent/live.m3u8
    silent/index.m3u8 index.m3u8 silent/live.m3u8?_HLS_msn=0&_HLS_part=0);

$t->wait_for(sub { held() > 0 }, 5, 'requests held');

$start = now();
$silent->close;

is(answer($_)->{status}, 404, "it left before $_->{path}") for @early;
cmp_ok(now() - $start, '<', 3 * $scale, 'nobody waits for its timeout');

# --- the first media --------------------------------------------------------

my $p = $t->publish("${key}_cam", media => \%media);

$t->wait_for(sub { $t->get('/status')->{body} =~ /"source":"cam"/ },
    10, 'the publisher');

@early = map { ask("/hls/alice/$_") }
    qw(index.m3u8 cam/index.m3u8 cam/live.m3u8);

for (@early) {
    $r = answer($_);
    is($r->{status}, 200, "$_->{path} waits for the first media");
}

like($r->{body}, qr/^#EXT-X-PART:/m, 'which is in it');

is($r->header('Content-Type'), $list, 'type of a playlist');
is($r->header('Vary'), 'Accept-Encoding', 'it may be compressed');
is($r->header('Access-Control-Allow-Origin'), '*', 'for any page');
like($r->header('Access-Control-Expose-Headers'), qr/\bAge, .*\bDate\b/,
    'which reads these headers');
ok(!defined $r->header('Set-Cookie'), 'no cookie');

my ($td) = $r->{body} =~ /^#EXT-X-TARGETDURATION:(\d+)$/m;

my $half = int($td / 2) || 1;

is($r->header('Cache-Control'), "max-age=$half", 'kept for half a duration');

# --- the sources of a streamer, the default one first -----------------------

my $q = $t->publish($key, media => \%media);

$t->wait_for(sub {
    $t->get('/hls/alice/index.m3u8')->{body} =~ /NAME="main"/;
}, 15, 'the second source');

my @names = $t->get('/hls/alice/index.m3u8')->{body} =~ /NAME="(\w+)"/g;

is("@names", 'main cam', 'main comes before what came first');
$q->stop;

# --- blocking, over both workers --------------------------------------------

my ($wrong, $slow, %differ) = (0, 0);

for (1 .. 8) {
    my $next = hint(playlist());

    $start = now();

    my @same = map { ask("$cam/live.m3u8?$next->{query}") } 1 .. 6;
    my @r = map { answer($_) } @same;

    $slow++ if now() - $start > 0.8 * $scale;

    for (@r) {
        $wrong++ if $_->{status} != 200
            || $_->{body} !~ /^#EXT-X-PART:.*URI="\Q$next->{file}\E"/m;

        # a state has one body, whichever worker shows it
        my $after = hint($_->{body})->{file};
        $differ{$after}{$_->{body}} = 1;
    }

    is($r[0]->header('Cache-Control'), 'max-age=' . 6 * $td,
        'what was waited for is kept for long') if $_ == 1;
}

is($wrong, 0, 'each has the part that it waited for');
is($slow, 0, 'none later than it comes');
is(scalar(grep { keys %$_ > 1 } values %differ), 0, 'equal bodies');

my %pid = map { $_ => 1 } $t->read('access.log') =~ /^(\d+) 200 .*_HLS_msn/mg;

is(scalar keys %pid, 2, 'both workers have answered');

# --- directives -------------------------------------------------------------

for (['_HLS_part=0', 400], ['_HLS_msn=x', 400], ['_HLS_msn=-1', 400],
     ['_HLS_msn=', 400], ['_HLS_msn=1&_HLS_part=-1', 400],
     ['_HLS_msn=18446744073709551616', 400], ['_HLS_msn=1000000', 400],
     ['_HLS_msn=0', 200], ['_HLS_msn=0&_HLS_part=99', 200],
     ['_HLS_what=1&token=a%20b', 200], ['_HLS_skip=YES', 200],
     ['_HLS_skip=v2&_HLS_msn=1&a=b', 200])
{
    my ($query, $status) = @$_;

    $r = $t->get("$cam/live.m3u8?$query");
    is($r->{status}, $status, "$status for $query");

    next if $status == 200;

    ok($r->json && $r->json->{error}{code}, 'an error to read');
    is($r->header('Cache-Control'), 'no-store', 'which nobody keeps');
    is($r->header('Access-Control-Allow-Origin'), '*', 'but any page reads');
}

my $next = hint(playlist());
my $msn = $next->{msn};

$r = $t->get("$cam/live.m3u8?_HLS_msn=$msn");
like($r->{body}, qr/^\w+-$msn\.m4s$/m, '_HLS_msn alone waits for the segment');

# --- parts and segments -----------------------------------------------------

my ($epoch) = $r->{body} =~ /^(\w+)-$msn\.m4s$/m;
my @parts = $r->{body} =~ /URI="($epoch-$msn\.\d+\.m4s)"/g;

cmp_ok(scalar @parts, '>=', 4, 'a segment of several parts');

my $segment = $t->get("$cam/$epoch-$msn.m4s");
my $media = join '', map { $t->get("$cam/$_")->{body} } @parts;

is($segment->{status}, 200, 'a segment');
is($segment->header('Content-Type'), 'video/mp4', 'its type');
is($segment->header('Cache-Control'), 'public, max-age=3600, immutable',
    'it never changes');
ok($media eq $segment->{body}, 'is its parts, one after the other');

my ($init) = $r->{body} =~ /^#EXT-X-MAP:URI="([^"]+)"/m;
like($t->get("$cam/$init")->{body}, qr/\A....ftyp/s, 'the init section');

my $part = "$cam/$parts[1]";
my $whole = $t->get($part)->{body};
my $size = length $whole;

$r = $t->head($part);
is($r->{status}, 200, 'HEAD of a part');
is($r->header('Content-Length'), $size, 'its length');
is($r->header('ETag'), "\"$parts[1]\"", 'its tag');

is($t->get($part, headers => { 'If-None-Match' => "\"$parts[1]\"" })->{status},
    304, 'who has it need not get it again');

$r = $t->get($part, headers => { Range => 'bytes=10-19' });
is($r->{status}, 206, 'a range of a part');
is($r->header('Content-Range'), "bytes 10-19/$size", 'of its own bytes');
ok($r->{body} eq substr($whole, 10, 10), 'those');

$r = $t->get($part, headers => { Range => 'bytes=-7' });
ok($r->{body} eq substr($whole, -7), 'its end is not that of the file');

$r = $t->get($part, headers => { Range => "bytes=$size-" });
is($r->{status}, 416, 'no byte beyond it');
is($r->header('Cache-Control'), 'no-store', 'which is not kept for the part');

$r = $t->get($part, headers => { Range => 'bytes=0-3,8-11' });
like($r->{body}, qr/bytes 8-11\/$size\r\n\r\n\Q${\ substr($whole, 8, 4)}\E\r/,
    'two ranges');

is($t->get($part, headers => { 'Accept-Encoding' => 'gzip' })
    ->header('Content-Encoding'), undef, 'media is not compressed');

# through nginx's own filters and caches, as it grows

$wrong = 0;

for (1 .. 6) {
    $next = hint(playlist());
    $r = $t->get("/filtered/alice/cam/$next->{file}");
    $wrong++ if $r->{status} != 200 || substr($r->{body}, 4, 4) ne 'moof'
        || $r->{body} ne $t->get("$cam/$next->{file}")->{body};
}

is($wrong, 0, 'parts of an open file that grows');

# --- compression ------------------------------------------------------------

for my $location ('hls', 'filtered') {
    my $path = "/$location/alice/cam/live.m3u8?_HLS_msn=$msn";

    $r = $t->get($path, headers => { 'Accept-Encoding' => 'gzip' });

    is($r->header('Content-Encoding'), 'gzip', "/$location/ compresses once");
    is($r->header('Vary'), 'Accept-Encoding', 'and says on what it depends');
    is($r->header('Content-Length'), length $r->{body}, 'at its length');

    IO::Uncompress::Gunzip::gunzip(\$r->{body}, \my $plain);
    like($plain, qr/\A#EXTM3U\n.*HINT:.*\n\z/s, 'a playlist');

    $r = $t->get($path);

    is($r->header('Content-Encoding'), undef, 'not who did not ask');
    is($r->header('Vary'), 'Accept-Encoding', 'who is told the same');
}

# --- methods and paths ------------------------------------------------------

$r = $t->request('OPTIONS', "$cam/live.m3u8", headers => {
    Origin => 'https://example.com', 'Access-Control-Request-Method' => 'GET',
    'Access-Control-Request-Headers' => 'range' });

is($r->{status}, 204, 'a preflight');
like($r->header('Access-Control-Allow-Headers'), qr{\bRange\b}, 'allows ranges');
like($r->header('Access-Control-Allow-Methods'), qr/\bGET\b/, 'and methods');

for my $method (qw(POST PUT DELETE PATCH)) {
    $r = $t->request($method, "$cam/live.m3u8", body => 'x' x 100000);
    is($r->{status}, 405, "$method is none of them");
    is($r->header('Allow'), 'GET, HEAD, OPTIONS', 'which are these');
}

is($t->head("$cam/live.m3u8")->{status}, 200, 'HEAD of a playlist');

$r = $t->get("$cam/live.m3u8", body => 'x' x 50000);
is($r->{status}, 200, 'a body that nobody reads');

my $next_msn = $msn + 1000;

for my $path ("$cam/index", "$cam/", $cam, '/hls/', '/hls/alice', '/hls//',
    '/hls/alice/', '/hls/alice/live.m3u8', "$cam/live.m3u8/",
    "$cam//live.m3u8/x", "$cam/LIVE.m3u8", "$cam/vod.part", "$cam/vod.m3u8",
    "$cam/.", "$cam/..%2findex", "$cam/%2e%2e%2fcam%2findex",
    "$cam/..%2f..%2f..%2f..%2fkeys", '/hls/..%2f..%2fkeys/x/live.m3u8',
    '/hls/alice/..%2f/index', "$cam/live.m3u8%00", "$cam/%00", "$cam/a%0ab",
    "$cam/$epoch-$msn.m4s%00.m3u8", "$cam/$epoch-0$msn.m4s",
    "$cam/$epoch-$msn.00.m4s", "$cam/$epoch-$msn.999.m4s",
    "$cam/$epoch-$msn.99999999999999999999.m4s", "$cam/$epoch-$next_msn.m4s",
    "$cam/$epoch-$next_msn.0.m4s", "$cam/$epoch--1.m4s", "$cam/$epoch-7.mp4",
    "$cam/00000000001-$msn.m4s", "$cam/00000000001-$msn.0.m4s",
    "$cam/fffffffffff-$msn.m4s", "$cam/fffffffffff-0.mp4",
    "$cam/$epoch.m3u8", "$cam/" . 'a' x 4000,
    '/hls/' . 'a' x 51 . '/index.m3u8',
    '/hls/alice/' . 'a' x 51 . '/live.m3u8', '/hls/ali_ce/index.m3u8',
    '/hls/admin/index.m3u8', '/hls/alice/api/live.m3u8',
    '/hls/bob/cam/live.m3u8', '/hls/alice/none/live.m3u8?_HLS_msn=1')
{
    my $name = length $path > 60 ? substr($path, 0, 60) . '...' : $path;
    my $status = $t->get($path)->{status};

    # nginx itself refuses what leaves the root or has a NUL in it
    ok($status == 404 || $status == 400 && $path =~ /%2f|%00/, "no $name");
}

# --- many at once -----------------------------------------------------------

$next = hint(playlist());

my @many = map { ask("$cam/$next->{file}") } 1 .. 200;
my @answers = map { answer($_) } @many;

is(scalar(grep { $_->{status} == 200 } @answers), 200,
    '200 who wait for one part');
is(scalar(grep { $_->{body} ne $answers[0]{body} } @answers), 0,
    'have got the same');

# the first has waited for it: the others are there, too

$next = hint(playlist());
@many = map { ask("$cam/live.m3u8?$next->{query}") } 1 .. 200;

answer(shift @many);
$start = now();
answer($_) for @many;

cmp_ok(now() - $start, '<', 0.5 * $scale, 'all released together');

# --- clients that leave -----------------------------------------------------

# for more than a second: until a segment is complete that has not begun yet

sub later {
    return "$cam/live.m3u8?_HLS_msn=" . (hint(playlist())->{msn} + 1);
}

my @left = map { ask(later()) } 1 .. 40;

my $was = held();
cmp_ok($was, '>', 5, 'requests are held');

my $mark = length $t->read('access.log');

$_->close for @left;

$t->wait_for(sub {
    40 == (() = substr($t->read('access.log'), $mark) =~ / 499 GET/g);
}, 2, 'clients that left are noticed');

is(held(), 0, 'and nothing is held for them');

# over HTTP/2: several on one connection

my $base = 'https://127.0.0.1:' . $t->port('HTTPS');
my @curl = qw(curl -s -S -k --http2 --parallel --max-time 20);

$next = hint(playlist());

my $curl = $t->spawn('h2', @curl, '-w', "%{http_version} %{http_code}\n",
    "$base$cam/live.m3u8?$next->{query}", '-o', "$dir/h2.m3u8",
    "$base$cam/$next->{file}", '-o', "$dir/h2.m4s",
    "$base$cam/index.m3u8", '-o', "$dir/h2.index");

is($curl->wait(10), 0, 'three requests over one HTTP/2 connection');
is($curl->stdout, "2 200\n" x 3, 'are answered');
like($t->read('h2.m3u8'), qr/URI="\Q$next->{file}\E"/, 'a list');
ok($t->read('h2.m4s') eq $t->get("$cam/$next->{file}")->{body}, 'a part');

$mark = length $t->read('access.log');

my $path = later();
my $gone = $t->spawn('h2gone', @curl,
    map { ("$base$path&n=$_", '-o', '/dev/null') } 1 .. 5);

$t->wait_for(sub { held() >= 5 }, 2, 'streams that wait');
$gone->stop('KILL');

$t->wait_for(sub {
    5 == (() = substr($t->read('access.log'), $mark) =~ / 499 GET/g);
}, 2, 'streams that ended are noticed');

is(held(), 0, 'and nothing is held for them');

# --- a show that is over ----------------------------------------------------

my $vod = $t->wait_for(sub {
    my $r = $t->get('/hls/alice/main/vod.m3u8');
    return $r->{status} == 200 && $r;
}, 10, 'a playlist of the whole show');

is($vod->header('Content-Type'), $list, 'is a playlist');
like($vod->{body}, qr/^#EXT-X-PLAYLIST-TYPE:VOD\n.*\n#EXT-X-ENDLIST\n\z/ms,
    'with an end');
is($t->get('/hls/alice/main/vod.m3u8', headers => { 'If-None-Match' =>
    $vod->header('ETag') })->{status}, 304, 'which who has it need not get');

my ($show) = $vod->{body} =~ /^(\w+)-\d+\.m4s$/m;

is($t->get("/hls/alice/main/$show.m3u8")->{body}, $vod->{body},
    'it has a name of its own');

# --- a reload ---------------------------------------------------------------

# in the beginning of a segment, which has more parts then

my $before = $t->wait_for(sub {
    my $next = hint(playlist());
    return $next->{part} == 0 && $next;
}, 3, 'a new segment');

my @across = map { ask(later()) } 1 .. 20;
my @media = map { ask("$cam/$before->{epoch}-$before->{msn}."
    . ($before->{part} + 4) . '.m4s') } 1 .. 4;

ok($t->reload, 'reloaded with requests waiting');
$start = now();

my %status;
$status{ answer($_)->{status} }++ for @across;

is_deeply(\%status, { 200 => 20 }, 'each of them is answered');

# what a list can only hint at comes, or may be asked for again

is(scalar(grep { answer($_)->{status} !~ /^(?:200|503)$/ } @media), 0,
    'so are those who wait for parts');
cmp_ok(now() - $start, '<', 1.5 * $scale, 'promptly');

# the publisher is in an old worker, which cannot tell the new ones

$wrong = $slow = 0;

for (1 .. 6) {
    $next = hint(playlist());
    $start = now();
    $r = $t->get("$cam/live.m3u8?$next->{query}");

    $slow++ if now() - $start > 0.8 * $scale;
    $wrong++ if $r->{status} != 200 || $r->{body} !~ /URI="\Q$next->{file}\E"/;
}

is($wrong, 0, 'new workers go on with the same list');
is($slow, 0, 'as it grows');
is($next->{epoch}, $before->{epoch}, 'of the same session');

# --- the end ----------------------------------------------------------------

# asks for what will never be, in the beginning of a segment that is cut short

sub wait_for_the_end {
    my ($p) = @_;

    my $next = $t->wait_for(sub {
        my $next = hint(playlist());
        return $next && $next->{part} == 0 && $next;
    }, 3, 'a new segment');

    my $msn = $next->{msn} + 1;

    my @wait = map { ask("$cam/$_") } "live.m3u8?_HLS_msn=$msn",
        "live.m3u8?_HLS_msn=$msn&_HLS_part=0", "$next->{epoch}-$msn.0.m4s";

    my $start = now();
    $p->stop;

    my @r = map { answer($_) } @wait;

    for (@r[0, 1]) {
        is($_->{status}, 200, 'who waits when it ends');
        like($_->{body}, qr/^#EXT-X-ENDLIST$/m, 'is told so');
    }

    is($r[2]{status}, 404, 'a part that never came');

    return now() - $start;
}


wait_for_the_end($p);

$r = $t->get("$cam/live.m3u8?_HLS_msn=999999");
is($r->{status}, 200, 'then directives mean nothing');
is($r->header('Cache-Control'), "max-age=$td", 'and the list is kept');
unlike($r->{body}, qr/PRELOAD-HINT/, 'nothing more is hinted at');

is($t->get('/hls/alice/index.m3u8')->{status}, 404, 'no source is live');
is($t->get("$cam/index.m3u8")->{status}, 200, 'but what it has sent is there');
is(held(), 0, 'nothing is held');

# --- and what comes after it ------------------------------------------------

$p = $t->publish("${key}_cam", media => \%media);

$t->wait_for(sub { $t->get('/status')->{body} =~ /"source":"cam"/ },
    10, 'the publisher again');

$r = $t->get("$cam/live.m3u8");

is($r->{status}, 200, 'who asks when it has come back');
unlike($r->{body}, qr/ENDLIST/, 'is not told of the end before');
like($r->{body}, qr/^#EXT-X-DISCONTINUITY$/m, 'the list goes on');
cmp_ok(hint($r->{body})->{msn}, '>=', $next->{msn}, 'with its numbers');
isnt(hint($r->{body})->{epoch}, $epoch, 'and names of its own');

# in a worker that stays, for as long as it may come back again

my $took = wait_for_the_end($p);

cmp_ok($took, '>', 4, 'it might have come back');
cmp_ok($took, '<', 8 * $scale, 'but has not');

$t->done;
