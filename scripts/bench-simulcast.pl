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

use JSON::PP ();
use List::Util qw(min);

use Bench qw(work_dir main_conf start_nginx stop_nginx cpu_time anonymous load record profile
    spread median free_port slurp fail);
use Test::Live::IO qw(deadline nap now);
use Test::Live::Process;

use constant {
    STREAM_RATE   => 4_000_000,           # bits per second of one unit of work
    WARM_UP       => 4,                   # s
    STALL_AMONG   => 8,                   # destinations
    STALL_SETTLE  => 20,                  # s, in which the buffers become full
    STALL_SECONDS => 15,
    LOST          => 0.001,               # of the frames, and too many
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

my ($build) = @ARGV;
my @counts = split ' ', $ENV{DESTINATIONS} || '1 10 40';
my $rounds = $ENV{ROUNDS} || 5;
my $seconds = $ENV{SECONDS_PER_RUN} || 20;
my $profiled = $ENV{PROFILE} || 0;
my $stall = defined $ENV{STALL} ? $ENV{STALL} : 1;
my @kinds = split ' ', $ENV{KINDS} || "@KINDS";
my $modules = $ENV{LIVE_MODULES_DIR} || "$build/modules";

my $dir = work_dir($build);

for my $kind (@kinds) {
    exists $NAME{$kind} or fail("KINDS may have @KINDS");
}

certificate();

if ($profiled) {
    where($_) for grep { !/^alone|^tee/ } @kinds;
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

    my ($pushes, $http, @modules) = ('', '');

    my %url = (
        push  => "push rtmp://127.0.0.1:$port{rtmp}/live",
        rtmp  => "simulcast_push rtmp://127.0.0.1:$port{rtmp}/live",
        rtmps => "simulcast_push rtmps://localhost:$port{rtmps}/live",
    );

    if ($url{$kind}) {
        $pushes = join "\n", map { "$url{$kind}/d$_;" } 0 .. $n - 1;
    }

    if ($kind =~ /^rtmp/) {
        @modules = "$modules/ngx_simulcast_module.so";
        $http = "http { simulcast_trusted_certificate $dir/cert.pem; }";
    }

    return main_conf(workers => 1, connections => 1024, modules => \@modules) . <<"CONF";
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


sub start {
    my ($kind, $n) = @_;

    my %port = map { $_ => free_port() } qw(nginx rtmp rtmps);
    my ($nginx, @workers) = start_nginx(conf($kind, $n, %port), 1, $port{nginx});

    return ($nginx, \%port, @workers);
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

    my ($nginx, $port, @workers) = start($kind, $n);
    my ($peer, $ffmpeg) = start_peer($kind, $n, $port, '--seconds', $seconds);
    my @beside = $ffmpeg ? $ffmpeg->pid : ();

    wait_peer($peer, 'begin', 45);

    my $start = now();
    my @before = (cpu_time(@workers), cpu_time(@beside));

    my $end = wait_peer($peer, 'end', $seconds + 20);

    my @after = (cpu_time(@workers), cpu_time(@beside));
    my $minutes = (now() - $start) / 60 * $end->{bytes} * 8 / $end->{seconds} / STREAM_RATE;
    my $memory = anonymous(@workers, @beside);

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

    my ($nginx, $port) = start($kind, STALL_AMONG);
    my ($peer, $ffmpeg) = start_peer($kind, STALL_AMONG, $port, '--seconds', STALL_SECONDS,
        '--stall', 1, '--settle', STALL_SETTLE);

    my $end = wait_peer($peer, 'end', 60 + STALL_SETTLE + STALL_SECONDS);

    printf STDERR "one of %d stalls: %s\n", STALL_AMONG, $kind;

    $_->stop('KILL', 5) for grep { $_ } $ffmpeg, $peer;
    stop_nginx($nginx);

    return $end;
}


# --- the result -------------------------------------------------------------

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


# --- where the time goes ----------------------------------------------------

sub where {
    my ($kind) = @_;

    my ($nginx, $port, @workers) = start($kind, $profiled);
    my ($peer) = start_peer($kind, $profiled, $port, '--seconds', 3600);

    wait_peer($peer, 'begin', 45);
    profile("$NAME{$kind}, $profiled destinations", record($seconds, @workers),
        ['OpenSSL' => qr/^lib(?:ssl|crypto)/]);

    $peer->stop('INT', 5);
    stop_nginx($nginx);

    return;
}
