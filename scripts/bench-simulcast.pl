# The measurement behind "scripts/bench simulcast": CPU time of the server for
# each minute and destination that one 4 Mbit/s stream goes on to, how long a
# frame is under way, and what a destination takes of memory.
#
#   alone       nginx-rtmp takes the stream, and nobody gets it; divided by the
#               same number, so that it is the part that the others have in it
#   push        nginx-rtmp's push
#   rtmp        simulcast_push to rtmp://
#   rtmps       simulcast_push to rtmps://, the certificate verified
#   tee         ffmpeg -c copy -f tee, which plays the stream from nginx-rtmp, to
#               rtmp://; its time and memory count, nginx's as well
#   tee-tls     the same to rtmps://, which it does not verify
#
# A round is one run of each; they are compared within the round, RTMPS with the
# tee that has TLS.  The time is all of it, what it takes to receive the stream
# included.  Then one of several destinations stops reading, and what the others
# get is counted.
#
# The publisher and all destinations are one program, bench-simulcast.c, whose
# own time does not count.

use strict;
use warnings;

use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP ();
use List::Util qw(max min sum);

use Test::Live::IO qw(deadline nap now tcp_connect);
use Test::Live::Process;

use constant {
    STREAM_RATE   => 4_000_000,           # bits per second of one unit of work
    WARM_UP       => 4,                   # s
    STALL_AMONG   => 8,                   # destinations
    STALL_SETTLE  => 20,                  # s, in which the buffers become full
    STALL_SECONDS => 15,
    LOST          => 0.001,               # of the frames, and too many
    RTMP_MODULE   => '/usr/lib/nginx/modules/ngx_rtmp_module.so',
};

my @KINDS = qw(alone push rtmp rtmps tee tee-tls);

my %NAME = (
    'alone'   => 'no destination',
    'push'    => 'nginx-rtmp push',
    'rtmp'    => 'simulcast, RTMP',
    'rtmps'   => 'simulcast, RTMPS',
    'tee'     => 'ffmpeg tee, RTMP',
    'tee-tls' => 'ffmpeg tee, RTMPS',
);

# what belongs together in a profile; the rest stands for itself

my @PARTS = (
    ['kernel'        => qr/^\[|^vmlinux/],
    ['ngx_simulcast' => qr/^ngx_simulcast_module/],
    ['nginx-rtmp'    => qr/^ngx_rtmp_module/],
    ['nginx'         => qr/^nginx$/],
    ['OpenSSL'       => qr/^lib(?:ssl|crypto)/],
    ['libc'          => qr/^(?:libc|libm|libpthread|ld-linux\S*)[.-]/],
);

my ($build) = @ARGV;
my @counts = split ' ', $ENV{DESTINATIONS} || '1 10 40';
my $rounds = $ENV{ROUNDS} || 5;
my $seconds = $ENV{SECONDS_PER_RUN} || 20;
my $profile = $ENV{PROFILE} || 0;
my $stall = defined $ENV{STALL} ? $ENV{STALL} : 1;
my @kinds = split ' ', $ENV{KINDS} || "@KINDS";
my $modules = $ENV{LIVE_MODULES_DIR} || "$build/modules";

my $dir = tempdir('ngx_live_bench.XXXXXX', DIR => -w '/dev/shm' ? '/dev/shm' : $build);

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
$| = 1;

END {
    local $?;
    Test::Live::Process::kill_all();
    remove_tree($dir) if defined $dir;
}

for my $kind (@kinds) {
    exists $NAME{$kind} or fail("KINDS may have @KINDS");
}

certificate();

if ($profile) {
    profile($_) for grep { !/^alone|^tee/ } @kinds;
    exit 0;
}

my @rows;
my @load = load();

for my $n (@counts) {
    my %of;

    for my $round (1 .. $rounds) {
        push @{ $of{$_} }, run($_, $n) for @kinds;

        printf STDERR "%d destinations, round %d of %d: %s\n", $n, $round, $rounds,
            join '  ', map { sprintf '%s %.1f', $_, $of{$_}[-1]{cpu} } @kinds;
    }

    push @rows, [$n, \%of];
}

my %stalled = $stall ? map { $_ => stalled($_) } grep { $_ ne 'alone' } @kinds : ();

push @load, load();
report();


# --- the server -------------------------------------------------------------

sub conf {
    my ($kind, $n, %port) = @_;

    my $user = $> == 0 ? 'user root;' : '';
    my ($load, $pushes, $http) = ('', '', '');

    my %url = (
        push  => "push rtmp://127.0.0.1:$port{rtmp}/live",
        rtmp  => "simulcast_push rtmp://127.0.0.1:$port{rtmp}/live",
        rtmps => "simulcast_push rtmps://localhost:$port{rtmps}/live",
    );

    if ($url{$kind}) {
        $pushes = join "\n", map { "$url{$kind}/d$_;" } 0 .. $n - 1;
    }

    if ($kind =~ /^rtmp/) {
        $load = "load_module $modules/ngx_simulcast_module.so;";
        $http = "http { simulcast_trusted_certificate $dir/cert.pem; }";
    }

    return <<"CONF";
$user
load_module @{[RTMP_MODULE]};
$load
worker_processes 1;
error_log $dir/error.log warn;
pid $dir/nginx.pid;
events { worker_connections 1024; }
rtmp {
    access_log off;
    max_message 16m;
    server {
        listen 127.0.0.1:$port{nginx};
        application live {
            live on;
            $pushes
        }
    }
}
$http
CONF
}


sub start_nginx {
    my ($kind, $n) = @_;

    my %port = map { $_ => free_port() } qw(nginx rtmp rtmps);

    spew("$dir/nginx.conf", conf($kind, $n, %port));

    my $nginx = Test::Live::Process->new(
        cmd => ['/usr/sbin/nginx', '-p', $dir, '-c', "$dir/nginx.conf", '-e', "$dir/error.log",
            '-g', 'daemon off;'],
        err => "$dir/stderr",
    );

    my @workers;
    my $deadline = deadline(10);

    until (@workers == 1 && tcp_connect('127.0.0.1', $port{nginx})) {
        fail('nginx does not start') if !$nginx->alive || now() > $deadline;
        nap(0.05);

        @workers = grep { Test::Live::Process::title($_) =~ /^nginx: worker process$/ }
            Test::Live::Process::descendants();
    }

    return ($nginx, \%port, @workers);
}


sub stop_nginx {
    my ($nginx) = @_;

    $nginx->stop('TERM');

    my $log = slurp("$dir/error.log");
    $log !~ /\[(?:crit|alert|emerg)\]/ or fail('nginx logged errors');
    unlink "$dir/error.log";

    return;
}


# user and system time of all threads, in seconds, as the scheduler counts it

sub cpu_time {
    my (@pids) = @_;

    my $sum = 0;

    for my $pid (@pids) {
        my @tasks = glob "/proc/$pid/task/*/schedstat";
        @tasks or fail("process $pid has died");

        for my $task (@tasks) {
            my ($ns) = split ' ', slurp($task);
            $sum += ($ns || 0) / 1e9;
        }
    }

    return $sum;
}


# memory that is nobody else's and no file's, KiB

sub memory {
    my (@pids) = @_;
    return sum map { slurp("/proc/$_/smaps_rollup") =~ /^Anonymous:\s+(\d+)/m ? $1 : 0 } @pids;
}


# --- publisher and destinations ---------------------------------------------

sub certificate {
    my $status = Test::Live::Process->new(err => "$dir/stderr", cmd => [qw(openssl req -x509
        -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost
        -addext subjectAltName=DNS:localhost -out), "$dir/cert.pem", '-keyout', "$dir/key.pem",
    ])->wait(20);

    defined $status && $status == 0 or fail('openssl makes no certificate');
    unlink "$dir/stderr";

    return;
}


# the program, and ffmpeg if it is one of the tees

sub start_peer {
    my ($kind, $n, $port, @options) = @_;

    unlink "$dir/peer.out", "$dir/peer.err", "$dir/ffmpeg.err";

    my $peer = Test::Live::Process->new(
        cmd => ["$build/bench/bench-simulcast", '--media', "$build/media/bench.flv",
            '--publish', $port->{nginx}, '--listen', $port->{rtmp}, '--tls-listen', $port->{rtmps},
            '--cert', "$dir/cert.pem", '--key', "$dir/key.pem",
            '--destinations', $kind eq 'alone' ? 0 : $n, '--warm', WARM_UP, @options],
        out => "$dir/peer.out",
        err => "$dir/peer.err",
    );

    return $peer if $kind !~ /^tee/;

    my $url = $kind eq 'tee' ? "rtmp://127.0.0.1:$port->{rtmp}/live"
                             : "rtmps://localhost:$port->{rtmps}/live";

    my $ffmpeg = Test::Live::Process->new(
        cmd => [qw(ffmpeg -nostdin -v error -i), "rtmp://127.0.0.1:$port->{nginx}/live/bench",
            qw(-map 0 -c copy -f tee), join '|', map { "[f=flv:onfail=ignore]$url/d$_" } 0 .. $n - 1],
        err => "$dir/ffmpeg.err",
    );

    return ($peer, $ffmpeg);
}


sub wait_peer {
    my ($peer, $event, $timeout) = @_;

    my $deadline = deadline($timeout);

    while (1) {
        for my $line (split /\n/, slurp("$dir/peer.out")) {
            my $said = JSON::PP->new->decode($line);
            return $said if $said->{event} eq $event;
        }

        fail(slurp("$dir/peer.err") . slurp("$dir/ffmpeg.err") . "no $event")
            if !$peer->alive || now() > $deadline;

        nap(0.02);
    }
}


# --- one run ----------------------------------------------------------------

# ms of CPU for each destination-minute, of it nginx's, ms that a frame is under
# way, KiB of memory

sub run {
    my ($kind, $n) = @_;

    my ($nginx, $port, @workers) = start_nginx($kind, $n);
    my ($peer, $ffmpeg) = start_peer($kind, $n, $port, '--seconds', $seconds);
    my @beside = $ffmpeg ? $ffmpeg->pid : ();

    wait_peer($peer, 'begin', 45);

    my $start = now();
    my @before = (cpu_time(@workers), cpu_time(@beside));

    my $end = wait_peer($peer, 'end', $seconds + 20);

    my @after = (cpu_time(@workers), cpu_time(@beside));
    my $minutes = (now() - $start) / 60 * $end->{bytes} * 8 / $end->{seconds} / STREAM_RATE;
    my $memory = memory(@workers, @beside);

    if ($kind ne 'alone') {
        $end->{lost} <= LOST * $n * $end->{frames}
            or fail("$kind: $end->{lost} frames did not reach $n destinations");
        $end->{connects} == 0 or fail("$kind: $end->{connects} destinations were reconnected");
    }

    $_->stop('INT', 5) for grep { $_ } $ffmpeg, $peer;
    stop_nginx($nginx);

    my ($server, $other) = map { ($after[$_] - $before[$_]) * 1000 / $minutes / $n } 0, 1;

    return { cpu => $server + $other, nginx => $server, memory => $memory,
        map { $_ => $end->{"${_}_ms"} } qw(median p95 max) };
}


# --- one that does not read -------------------------------------------------

sub stalled {
    my ($kind) = @_;

    my ($nginx, $port) = start_nginx($kind, STALL_AMONG);
    my ($peer, $ffmpeg) = start_peer($kind, STALL_AMONG, $port, '--seconds', STALL_SECONDS,
        '--stall', 1, '--settle', STALL_SETTLE);

    my $end = wait_peer($peer, 'end', 60 + STALL_SETTLE + STALL_SECONDS);

    printf STDERR "one of %d stalls: %s\n", STALL_AMONG, $kind;

    $_->stop('KILL', 5) for grep { $_ } $ffmpeg, $peer;
    stop_nginx($nginx);

    return $end;
}


# --- the result -------------------------------------------------------------

sub load { return (split ' ', slurp('/proc/loadavg'))[0] }


sub report {
    my $line = "%12s  %-18s %-22s %-8s %-20s %-20s %s\n";

    printf "\nCPU in ms per destination-minute at %g Mbit/s, delay of a frame in ms;"
        . " medians (min .. max) of %d rounds of %d s\n\n", STREAM_RATE / 1e6, $rounds, $seconds;

    printf $line, 'destinations', '', 'CPU', 'of nginx', 'against push', 'against tee',
        'delay, 95 %, longest';

    for my $row (@rows) {
        my ($n, $of) = @$row;

        for my $kind (@kinds) {
            my $runs = $of->{$kind};

            printf $line, $n, $NAME{$kind}, spread('%.1f', map { $_->{cpu} } @$runs),
                $kind =~ /^tee/ ? sprintf('%.1f', median(map { $_->{nginx} } @$runs)) : '',
                against($of, $kind, 'push'), against($of, $kind, $kind eq 'rtmps' ? 'tee-tls' : 'tee'),
                $kind eq 'alone' ? ''
                    : join ' ', map { my $k = $_; sprintf '%.1f', median(map { $_->{$k} } @$runs) }
                        qw(median p95 max);

            $n = '';
        }

        if ($of->{rtmp} && $of->{rtmps}) {
            printf "%12s  RTMPS against RTMP: %s\n", '',
                spread('%.2f', map { $of->{rtmps}[$_]{cpu} / $of->{rtmp}[$_]{cpu} } 0 .. $rounds - 1);
        }

        print "\n";
    }

    report_memory($rows[-1]);
    report_stalled() if %stalled;

    print "load average $load[0] before and $load[1] after; publisher and destinations are not"
        . " counted\n";

    return;
}


sub against {
    my ($of, $kind, $other) = @_;

    return '' if $kind !~ /^rtmp/ || !$of->{$other};

    return spread('%.2f', map { $of->{$kind}[$_]{cpu} / $of->{$other}[$_]{cpu} } 0 .. $rounds - 1);
}


# what the most destinations take more than none

sub report_memory {
    my ($row) = @_;

    my ($n, $of) = @$row;
    my $alone = $of->{alone} or return;

    print "memory for each of $n destinations, KiB, socket buffers not counted\n\n";

    for my $kind (grep { $_ ne 'alone' } @kinds) {
        printf "%12s  %-18s %s\n", '', $NAME{$kind}, spread('%.0f',
            map { ($of->{$kind}[$_]{memory} - $alone->[$_]{memory}) / $n } 0 .. $rounds - 1);
    }

    print "\n";
    return;
}


sub report_stalled {
    printf "one of %d destinations stops reading; %d s later, for %d s\n\n", STALL_AMONG,
        STALL_SETTLE, STALL_SECONDS;

    printf "%12s  %-18s %-26s %-14s %s\n", '', '', 'frames of the others, least', 'median delay',
        'longest without a frame';

    for my $kind (grep { $stalled{$_} } @kinds) {
        my $end = $stalled{$kind};

        printf "%12s  %-18s %-26s %-14s %.0f ms\n", '', $NAME{$kind},
            sprintf('%d of %d', min($end->{least}, $end->{frames}), $end->{frames}),
            $end->{least} ? sprintf('%.1f ms', $end->{median_ms}) : '', $end->{gap_ms};
    }

    print "\n";
    return;
}


sub spread {
    my ($format, @values) = @_;

    return sprintf "$format ($format .. $format)", median(@values), min(@values), max(@values);
}


sub median {
    my @sorted = sort { $a <=> $b } @_;
    my $middle = @sorted / 2;

    return @sorted % 2 ? $sorted[$middle] : ($sorted[$middle - 1] + $sorted[$middle]) / 2;
}


# --- where the time goes ----------------------------------------------------

sub profile {
    my ($kind) = @_;

    my ($nginx, $port, @workers) = start_nginx($kind, $profile);
    my ($peer) = start_peer($kind, $profile, $port, '--seconds', 3600);

    wait_peer($peer, 'begin', 45);

    my $data = "$dir/perf.data";
    my $status = Test::Live::Process->new(err => "$dir/perf.err", cmd => [qw(perf record -q -F 997
        -o), $data, '-p', join(',', @workers), '--', 'sleep', $seconds])->wait($seconds + 20);

    defined $status && $status == 0 or fail('perf: ' . slurp("$dir/perf.err"));

    $peer->stop('INT', 5);
    stop_nginx($nginx);

    open my $report, '-|', qw(perf report -q --stdio --sort dso -i), $data or fail("perf: $!");
    my %part;

    while (my $line = <$report>) {
        my ($percent, $dso) = $line =~ /^\s*([\d.]+)%\s+(\S+)/ or next;
        my ($known) = grep { $dso =~ $_->[1] } @PARTS;

        $part{ $known ? $known->[0] : $dso } += $percent;
    }

    close $report;

    printf "\n%s, %d destinations, percent of the worker's CPU\n\n", $NAME{$kind}, $profile;
    printf "%6.1f  %s\n", $part{$_}, $_
        for grep { $part{$_} >= 0.1 } sort { $part{$b} <=> $part{$a} } keys %part;

    return;
}


# --- files and ports --------------------------------------------------------

sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1)
        or fail("no free port: $@");

    return $socket->sockport;
}


sub slurp { return Test::Live::Process::slurp(@_) }


sub spew {
    my ($file, $text) = @_;

    open my $fh, '>', $file or fail("$file: $!");
    print $fh $text;
    close $fh or fail("$file: $!");

    return;
}


sub fail {
    my ($reason) = @_;

    my $log = slurp("$dir/stderr") . slurp("$dir/error.log");
    die "bench: $reason\n" . ($log eq '' ? '' : "nginx said:\n" . substr $log, -2000);
}
