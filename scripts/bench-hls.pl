# The measurement behind "scripts/bench hls": what low-latency HLS costs the
# server.
#
#   ingest      CPU time of nginx's processes for each 4 Mbit/s stream-minute that
#               they take in and write: A is nginx-rtmp with its HLS and 2 s
#               fragments, B the same nginx with multisource_hls.  A round is A B A:
#               B against the mean of the two A around it, so that a drift of the
#               machine cancels out, and the second A against the first for what
#               two equal runs differ by
#   delivery    requests per second for a playlist and for a part, on connections
#               that are kept, against the same bytes in a file that nginx serves
#               itself, as S D S
#   blocked     so many connections, each of which waits for the next part, again
#               and again: how long after the part was written they are answered,
#               and the worker's CPU time against that for the same bytes from a
#               file on as many connections at the same rate, as D S D
#
# With COUNTED=1 there are sessions, and who watches is counted at each request.
#
# Publishers are sent from here, viewers are bench-hls.c; neither counts.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use JSON::PP ();
use List::Util qw(max sum);

use Bench qw(work_dir main_conf start_nginx stop_nginx cpu_time anonymous load record profile
    spread median free_port slurp spew fail);
use Bench::Publisher qw(read_media stream_rate connect_publisher pump_until);
use Test::Live::HTTP;
use Test::Live::IO qw(deadline nap now);
use Test::Live::Process;

use constant {
    STREAM_RATE     => 4_000_000,       # bits per second of one unit of work
    WARM_UP         => 4,               # s
    SOURCES_PER_KEY => 4,
    CONNECTIONS     => 50,              # of a delivery
    SETTLE          => 2,               # s, after connecting
    WINDOW          => 20,              # s, of playlists that are delivered
    UNSEEN          => 0.01,            # of the parts, and too many
};

my @KINDS = qw(ingest delivery blocked);

# what they should be at most, or at least

my %AIM = (
    ingest   => 1.0,
    delivery => 0.8,
    blocked  => { 1000 => [20, undef], 10_000 => [300, 1.3] },      # ms, CPU
);

my ($build) = @ARGV;
my @kinds = split ' ', $ENV{KINDS} || "@KINDS";
my @publishers = split ' ', $ENV{PUBLISHERS} || '1 10 40';
my @viewers = split ' ', $ENV{VIEWERS} || '1000 10000';
my $rounds = $ENV{ROUNDS} || 5;
my $seconds = $ENV{SECONDS_PER_RUN} || 20;
my $profiled = $ENV{PROFILE} || 0;
my $sessions = $ENV{COUNTED} ? 'location /show/ { multisource_sessions; }' : '';
my $modules = $ENV{LIVE_MODULES_DIR} || "$build/modules";

my $dir = work_dir($build);
read_media("$build/media/bench.flv");

my %run = (ingest => \&ingest, delivery => \&delivery, blocked => \&blocked);

for my $kind (@kinds) {
    exists $run{$kind} or fail("KINDS may have @KINDS");
}

if ($profiled) {
    where();
    exit 0;
}

my $load = load();

$run{$_}->() for @kinds;

printf "load average %s before and %s after\n", $load, load();


# --- the server -------------------------------------------------------------

# kind A or B, see above

sub conf {
    my ($kind, $n, $workers, $files, %port) = @_;

    my ($hls, $http, @modules);

    if ($kind eq 'A') {
        $hls = "hls on; hls_path $dir/hls; hls_fragment 2s; hls_playlist_length 10s;"
            . ' hls_nested on;';
        $http = '';

    } else {
        my $keys = join '', map { "benchkey$_ bench$_\n" } 1 .. 1 + ($n - 1) / SOURCES_PER_KEY;
        spew("$dir/keys", $keys);

        @modules = "$modules/ngx_multisource_module.so";
        $hls = "multisource on; multisource_keys $dir/keys; multisource_hls on;"
            . " multisource_hls_path $dir/hls; multisource_hls_window @{[WINDOW]}s;";
        $http = http_conf($port{http});
    }

    return main_conf(workers => $workers, connections => $files + 1024, files => $files + 2048,
        modules => \@modules) . <<"CONF";
rtmp {
    access_log off;
    max_message 16m;
    server {
        listen 127.0.0.1:$port{rtmp};
        application live {
            live on;
            record off;
            $hls
        }
    }
}
$http
CONF
}


# files are answered with the header fields that the module has

sub http_conf {
    my ($port) = @_;

    my $cors = 'add_header Access-Control-Allow-Origin *; add_header'
        . ' Access-Control-Expose-Headers "Age, Content-Length, Content-Range, Date";';

    my $list = "alias $dir/static/; types { } default_type application/vnd.apple.mpegurl;"
        . " etag off; $cors add_header Vary Accept-Encoding; add_header Cache-Control max-age=12;";

    return <<"CONF";
http {
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    server {
        listen 127.0.0.1:$port backlog=4096;
        location /hls/ { multisource_play; }
        location = /status { multisource_status; }
        $sessions
        location /static/plain/ { $list }
        location /static/gzip/  { $list add_header Content-Encoding gzip; }
        location /static/part/  {
            alias $dir/static/; types { } default_type video/mp4; $cors
            add_header Cache-Control "public, max-age=3600, immutable";
        }
    }
}
CONF
}


# nginx, its ports, the processes that work, and of these the workers

sub start {
    my ($kind, $n, $workers, $files) = @_;

    my %port = map { $_ => free_port() } qw(rtmp http);

    remove_tree("$dir/hls", "$dir/static");
    make_path("$dir/hls", "$dir/static");

    my ($nginx, @workers) = start_nginx(conf($kind, $n, $workers, $files, %port), $workers,
        $port{$kind eq 'A' ? 'rtmp' : 'http'});

    my @processes = grep { Test::Live::Process::title($_) =~ /^nginx: (?:worker|cache manager) / }
        Test::Live::Process::children($nginx->pid);

    return ($nginx, \%port, \@processes, @workers);
}


sub get {
    my ($port, $path, %headers) = @_;

    my $r = Test::Live::HTTP::request(port => $port->{http}, path => $path, headers => \%headers);
    $r->{status} == 200 or fail("$path: " . ($r->{error} || $r->{status}));

    return $r;
}


# --- publishers -------------------------------------------------------------

sub name { return sprintf '%s%d_Source_%d', $_[0], 1 + int($_[1] / SOURCES_PER_KEY),
    $_[1] % SOURCES_PER_KEY }


sub path { return '/hls/' . (name('bench', $_[0]) =~ s/_/\//r) . '/' }


# spread over a group of pictures, so that keyframes do not come at once

sub publish {
    my ($port, $n) = @_;

    my @all;

    for my $i (0 .. $n - 1) {
        push @all, connect_publisher($port->{rtmp}, name('benchkey', $i));
        pump_until(now() + 2 / $n, @all);
    }

    return @all;
}


# until the oldest segment has left the playlist, so that this grows no more

sub fill_window {
    my ($port, @all) = @_;

    my $deadline = deadline(2 * WINDOW + 10);
    my $next = now() + WARM_UP;

    pump_until(sub {
        return 0 if now() < $next;
        $next += 0.5;

        now() < $deadline or fail('the playlist does not come to its length');
        return get($port, path(0) . 'live.m3u8')->{body} =~ /^#EXT-X-MEDIA-SEQUENCE:[1-9]/m;
    }, @all);

    return;
}


# --- ingest -----------------------------------------------------------------

sub ingest {
    my @rows;

    for my $n (@publishers) {
        my (@first, @b, @second);

        for my $round (1 .. $rounds) {
            push @first, ingest_run('A', $n);
            push @b, ingest_run('B', $n);
            push @second, ingest_run('A', $n);

            printf STDERR "%d publishers, round %d of %d: A %.2f  B %.2f  A %.2f\n",
                $n, $round, $rounds, $first[-1], $b[-1], $second[-1];
        }

        push @rows, [$n, \@first, \@b, \@second];
    }

    printf "\nCPU of nginx's workers and cache manager in ms per %g Mbit/s stream-minute,"
        . " medians of %d rounds of %d s\n\n", STREAM_RATE / 1e6, $rounds, $seconds;

    my $line = "%10s %9s %9s  %-24s %-24s %s\n";

    printf $line, 'publishers', 'A', 'B', 'B/A (min .. max)', 'A/A (min .. max)', 'B/A at most';

    for my $row (@rows) {
        my ($n, $first, $b, $second) = @$row;

        printf $line, $n, sprintf('%.2f', median(@$first, @$second)), sprintf('%.2f', median(@$b)),
            ratio($b, $first, $second),
            spread('%.3f', map { $second->[$_] / $first->[$_] } 0 .. $#$b), $AIM{ingest};
    }

    print "\nA is nginx-rtmp's HLS with fragments of 2 s, B multisource_hls with parts of 0.2 s\n\n";
    return;
}


# what lies between two equal runs, against their mean

sub ratio {
    my ($what, $before, $after) = @_;

    return spread('%.3f', map { 2 * $what->[$_] / ($before->[$_] + $after->[$_]) } 0 .. $#$what);
}


# milliseconds of CPU for each stream-minute

sub ingest_run {
    my ($kind, $n) = @_;

    my ($nginx, $port, $processes) = start($kind, $n, 2, 0);
    my @all = publish($port, $n);

    pump_until(now() + WARM_UP, @all);

    my $start = now();
    my $before = cpu_time(@$processes);

    pump_until($start + $seconds, @all);

    my $cpu = cpu_time(@$processes) - $before;
    my $minutes = $n * (now() - $start) / 60 * stream_rate() / STREAM_RATE;

    if ($kind eq 'A') {
        my $playlists = () = glob "$dir/hls/*/index.m3u8";
        $playlists == $n or fail("$playlists of $n playlists were written");

    } else {
        check_written($port, $_) for 0 .. $n - 1;
    }

    $_->{rtmp}->drop for @all;
    stop_nginx($nginx, qw(error crit alert emerg));

    return $cpu * 1000 / $minutes;
}


# up to now, and with its media

sub check_written {
    my ($port, $i) = @_;

    my $list = get($port, path($i) . 'live.m3u8')->{body};
    my @segments = $list =~ /^#EXTINF:/mg;
    my @parts = $list =~ /^#EXT-X-PART:.*URI="([^"]+)"/mg;
    my ($msn) = $list =~ /^#EXT-X-MEDIA-SEQUENCE:(\d+)/m;

    my $written = @segments + ($msn || 0);
    my $least = int(($seconds + WARM_UP) / 2) - 2;

    $written >= $least && $written && @parts >= 10
        or fail(path($i) . " has $written segments and @{[scalar @parts]} parts:\n$list");

    get($port, path($i) . $parts[-1])->{body} =~ /^....(?:moof|styp)/s
        or fail(path($i) . "$parts[-1] is no part");

    return;
}


# --- viewers ----------------------------------------------------------------

sub start_viewers {
    my ($port, $n, $path, @options) = @_;

    unlink "$dir/viewers.out", "$dir/viewers.err";

    return Test::Live::Process->new(
        cmd => ["$build/bench/bench-hls", '--port', $port->{http}, '--connections', $n,
            '--path', $path, @options],
        out => "$dir/viewers.out",
        err => "$dir/viewers.err",
    );
}


# what they say next, while the publishers go on

sub wait_viewers {
    my ($viewers, $event, $timeout, $all) = @_;

    my $deadline = deadline($timeout);
    my $said;

    pump_until(sub {
        ($said) = slurp("$dir/viewers.out") =~ /^(\{"event":"$event".*\})$/m;
        return 1 if $said;

        fail(slurp("$dir/viewers.err") . "no $event")
            if !$viewers->alive || now() > $deadline;

        return 0;
    }, @$all);

    return JSON::PP->new->decode($said);
}


# viewers that are about to ask

sub ready_viewers {
    my ($all, $port, $n, $path, @options) = @_;

    my $viewers = start_viewers($port, $n, $path, @options);

    wait_viewers($viewers, 'ready', 90, $all);
    pump_until(now() + ($n > CONNECTIONS ? SETTLE : 0.2), @$all);

    return $viewers;
}


# one run of viewers: what they counted, with the worker's CPU time in s

sub view {
    my ($all, $worker, $time, @what) = @_;

    my $viewers = ready_viewers($all, @what, '--seconds', $time);
    my $before = cpu_time($worker);

    $viewers->signal('USR1');

    my $end = wait_viewers($viewers, 'end', $time + 30, $all);

    $end->{worker} = cpu_time($worker) - $before;
    $end->{answers} or fail("no answers to $what[2]");
    $viewers->stop('KILL');

    return $end;
}


# the worker's memory in KiB for each of so many requests, when all of them wait:
# the publisher pauses

sub memory_of_waiting {
    my ($all, $worker, $port, $n, @what) = @_;

    my $before = anonymous($worker);
    my $viewers = ready_viewers($all, $port, $n, @what, '--seconds', 60);

    $viewers->signal('USR1');
    pump_until(now() + 1, @$all);

    my $deadline = deadline(8);

    until (get($port, '/status')->json->{held} == $n) {
        fail("not all of $n requests are held") if now() > $deadline || !$viewers->alive;
        nap(0.1);
    }

    my $memory = anonymous($worker) - $before;

    $viewers->stop('KILL');
    pump_until(now() + SETTLE, @$all);

    return $memory / $n;
}


# --- delivery ---------------------------------------------------------------

sub delivery {
    my ($nginx, $port, undef, $worker) = start('B', 1, 1, 4 * CONNECTIONS);
    my @all = publish($port, 1);
    my $time = max(1, $seconds / 4);
    my %of;

    fill_window($port, @all);

    my @what = (
        ['playlist', 'plain', sub { return 'live.m3u8' }],
        ['playlist, gzip', 'gzip', sub { return 'live.m3u8' }, '--gzip'],
        ['part', 'part', sub { return ($_[0] =~ /^#EXT-X-PART:.*URI="([^"]+)"/mg)[-1] }],
    );

    for my $round (1 .. $rounds) {
        for my $what (@what) {
            my ($name, $place, $file, @options) = @$what;

            my $path = path(0) . $file->(get($port, path(0) . 'live.m3u8')->{body});
            my $r = get($port, $path, @options ? ('Accept-Encoding' => 'gzip') : ());

            ($r->header('Content-Encoding') || '') eq (@options ? 'gzip' : '')
                or fail("$path is compressed, or is not");

            spew("$dir/static/file", $r->{body});

            my @runs = map { view(\@all, $worker, $time, $port, CONNECTIONS, $_, @options) }
                "/static/$place/file", $path, "/static/$place/file";

            my $row = $of{$name} ||= { size => [], rate => [[], [], []], cpu => [[], [], []] };

            push @{ $row->{size} }, length $r->{body};
            push @{ $row->{rate}[$_] }, $runs[$_]{answers} / $runs[$_]{seconds} for 0 .. 2;
            push @{ $row->{cpu}[$_] }, $runs[$_]{worker} / $runs[$_]{answers} for 0 .. 2;
            push @{ $row->{busy} }, map { $_->{worker} / $_->{seconds} } @runs;

            printf STDERR "%s, round %d of %d: S %.0f  D %.0f  S %.0f\n", $name, $round, $rounds,
                map { $_->[-1] } @{ $row->{rate} };
        }
    }

    $_->{rtmp}->drop for @all;
    stop_nginx($nginx);

    printf "\nrequests per second from one worker by %d connections, medians of %d rounds of"
        . " %g s\n\n", CONNECTIONS, $rounds, $time;

    my $line = "%-15s %8s %8s %8s  %-24s %-24s %-24s %s\n";

    printf $line, '', 'bytes', 'S', 'D', 'D/S (min .. max)', 'S/S (min .. max)',
        'CPU, S/D (min .. max)', 'D/S at least';

    for my $name (map { $_->[0] } @what) {
        my $row = $of{$name};
        my ($first, $d, $second) = @{ $row->{rate} };
        my ($cpu1, $cpu, $cpu2) = @{ $row->{cpu} };

        printf $line, $name, median(@{ $row->{size} }),
            sprintf('%.0f', median(@$first, @$second)), sprintf('%.0f', median(@$d)),
            ratio($d, $first, $second),
            spread('%.3f', map { $second->[$_] / $first->[$_] } 0 .. $#$d),
            spread('%.3f', map { ($cpu1->[$_] + $cpu2->[$_]) / 2 / $cpu->[$_] } 0 .. $#$d),
            $AIM{delivery};
    }

    printf "\nS is nginx's own file, D multisource_play; the worker was busy for %.0f %% of the"
        . " time at least\n\n", 100 * (sort { $a <=> $b } map { @{ $_->{busy} } } values %of)[0];

    return;
}


# --- blocked requests -------------------------------------------------------

sub blocked {
    my %of;

    for my $n (@viewers) {
        for my $round (1 .. $rounds) {
            my $run = blocked_run($n);

            push @{ $of{$n} }, $run;

            printf STDERR "%d waiting, round %d of %d: 99 %% %.1f ms, CPU %.3f of a file's,"
                . " %.1f KiB\n", $n, $round, $rounds, $run->{p99_ms}, $run->{ratio}, $run->{memory};
        }
    }

    printf "\nconnections that wait for the next part of one source, on the publisher's worker,"
        . "\nmedians of %d rounds of %g s\n\n", $rounds, $seconds;

    my $line = "%8s  %-10s %-26s %-8s %-8s %-22s %-22s %-8s %s\n";

    printf $line, 'waiting', 'median, ms', '99 %, ms', 'at most', 'max, ms', 'CPU, D/S (min .. max)',
        'CPU, D/D (min .. max)', 'at most', 'KiB each';

    for my $n (@viewers) {
        my $runs = $of{$n};
        my $aim = $AIM{blocked}{$n} || [];

        printf $line, $n, sprintf('%.1f', median(map { $_->{median_ms} } @$runs)),
            spread('%.1f', map { $_->{p99_ms} } @$runs), $aim->[0] || '-',
            sprintf('%.1f', max(map { $_->{max_ms} } @$runs)),
            spread('%.3f', map { $_->{ratio} } @$runs), spread('%.3f', map { $_->{same} } @$runs),
            $aim->[1] || '-', spread('%.1f', map { $_->{memory} } @$runs);
    }

    print "\n";

    for my $n (@viewers) {
        my $runs = $of{$n};
        my %m = map { my $k = $_; $k => median(map { $_->{$k} } @$runs) }
            qw(rate size busy client file_rate all share);

        printf "%8d  %.0f answers per second, of %d bytes; %.0f %% of the time of a core, and %.0f %%"
            . " of one for\n", $n, @m{qw(rate size)}, map { 100 * $_ } @m{qw(busy client)};
        printf "%8s  the clients; from a file %.0f per second. To answer all of them once takes"
            . " %.1f ms of CPU;\n", '', @m{qw(file_rate all)};
        printf "%8s  %.1f %% of the requests came before the part\n", '', 100 * $m{share};
    }

    print "\nfrom the moment that the part is written to the answer's first byte; a request that"
        . " comes later counts\nfrom then. D is multisource_play and S a file; the publisher's"
        . " share is subtracted\n\n";

    return;
}


sub blocked_run {
    my ($n) = @_;

    my ($nginx, $port, undef, $worker) = start('B', 1, 1, $n);
    my @all = publish($port, 1);

    fill_window($port, @all);

    my @waiting = ($port, $n, path(0) . 'live.m3u8', '--blocking',
        "$dir/hls/live" . path(0) =~ s/^\/hls//r);

    my $memory = memory_of_waiting(\@all, $worker, @waiting);

    # what the worker does beside

    my $start = now();
    my $before = cpu_time($worker);

    pump_until($start + max(2, $seconds / 4), @all);

    my $idle = (cpu_time($worker) - $before) / (now() - $start);

    my $list = get($port, path(0) . 'live.m3u8')->{body};
    spew("$dir/static/file", $list);

    my $first = view(\@all, $worker, $seconds, @waiting);

    my $file = view(\@all, $worker, $seconds, $port, $n,
        '/static/plain/file?_HLS_msn=100&_HLS_part=1',
        '--every', 1000 * $n * $first->{seconds} / $first->{answers});

    my $second = view(\@all, $worker, $seconds, @waiting);

    $_->{rtmp}->drop for @all;
    stop_nginx($nginx);

    for my $run ($first, $second) {
        $run->{unseen} <= UNSEEN * ($run->{measured} + $run->{unseen})
            or fail("it is not known when $run->{unseen} of $run->{measured} parts came");
    }

    my ($d1, $s, $d2) = map { ($_->{worker} - $idle * $_->{seconds}) / $_->{answers} }
        $first, $file, $second;

    return {
        (map { my $k = $_; $k => ($first->{$k} + $second->{$k}) / 2 } qw(median_ms p99_ms)),
        max_ms => max($first->{max_ms}, $second->{max_ms}),
        ratio => ($d1 + $d2) / 2 / $s,
        same => $d2 / $d1,
        memory => $memory,
        all => 1000 * $n * ($d1 + $d2) / 2,
        size => length $list,
        share => sum(map { $_->{blocked} / ($_->{measured} || 1) } $first, $second) / 2,
        rate => $first->{answers} / $first->{seconds},
        file_rate => $file->{answers} / $file->{seconds},
        busy => $first->{worker} / $first->{seconds},
        client => $first->{cpu} / $first->{seconds},
    };
}


# --- where the time goes ----------------------------------------------------

sub where {
    for my $kind (qw(A B)) {
        my ($nginx, $port, undef, @workers) = start($kind, $profiled, 2, 0);
        my @all = publish($port, $profiled);

        pump_until(now() + WARM_UP, @all);

        my $record = record($seconds, @workers);
        pump_until(sub { return !$record->alive }, @all);

        $_->{rtmp}->drop for @all;
        stop_nginx($nginx);

        profile("$kind, $profiled publishers", $record, ['libavformat' => qr/^libav/]);
    }

    return;
}
