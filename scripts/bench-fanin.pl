# The measurement behind "scripts/bench fanin": CPU time of nginx's workers for
# each 4 Mbit/s stream-minute that they take in and write as HLS.
#
#   A    nginx-rtmp alone
#   B    the same configuration with multisource on
#
# A round is A B A: B against the mean of the two A around it, so that a drift
# of the machine cancels out, and the second A against the first for what two
# equal runs differ by.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use List::Util qw(max min sum);

use Test::Live::IO qw(deadline nap now tcp_connect);
use Test::Live::Media qw(flv_reader);
use Test::Live::Process;
use Test::Live::RTMP;

use constant {
    STREAM_RATE     => 4_000_000,     # bits per second of one unit of work
    CHUNK_SIZE      => 4096,          # as OBS sends
    TICK            => 0.005,
    WARM_UP         => 3,
    SOURCES_PER_KEY => 4,
    RTMP_MODULE     => '/usr/lib/nginx/modules/ngx_rtmp_module.so',
};

my ($build) = @ARGV;
my @publishers = split ' ', $ENV{PUBLISHERS} || '1 10 40';
my $rounds = $ENV{ROUNDS} || 5;
my $seconds = $ENV{SECONDS_PER_RUN} || 20;

my $dir = tempdir('ngx_live_bench.XXXXXX', DIR => -w '/dev/shm' ? '/dev/shm' : $build);
my $media = read_media("$build/media/bench.flv");

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
$| = 1;

END {
    local $?;
    Test::Live::Process::kill_all();
    remove_tree($dir) if defined $dir;
}

my @rows;

for my $n (@publishers) {
    my (@first, @b, @second);

    for my $round (1 .. $rounds) {
        push @first, run('A', $n);
        push @b, run('B', $n);
        push @second, run('A', $n);

        printf STDERR "%d publishers, round %d of %d: A %.2f  B %.2f  A %.2f\n",
            $n, $round, $rounds, $first[-1], $b[-1], $second[-1];
    }

    push @rows, [$n, \@first, \@b, \@second];
}

report(@rows);


# --- the server -------------------------------------------------------------

sub conf {
    my ($kind, $n, $port) = @_;

    my ($load, $on) = ('', '');

    if ($kind eq 'B') {
        my $keys = join '', map { "benchkey$_ bench$_\n" } 1 .. 1 + ($n - 1) / SOURCES_PER_KEY;
        spew("$dir/keys", $keys);

        $load = "load_module $build/modules/ngx_multisource_module.so;";
        $on = "multisource on; multisource_keys $dir/keys;";
    }

    my $user = $> == 0 ? 'user root;' : '';

    return <<"CONF";
$user
load_module @{[RTMP_MODULE]};
$load
worker_processes 2;
error_log $dir/error.log warn;
pid $dir/nginx.pid;
events { worker_connections 1024; }
rtmp {
    access_log off;
    max_message 16m;
    server {
        listen 127.0.0.1:$port;
        application live {
            live on;
            record off;
            hls on;
            hls_path $dir/hls;
            hls_fragment 2s;
            hls_playlist_length 10s;
            hls_nested on;
            $on
        }
    }
}
CONF
}


sub start_nginx {
    my ($kind, $n) = @_;

    my $port = free_port();

    remove_tree("$dir/hls");
    make_path("$dir/hls");
    spew("$dir/nginx.conf", conf($kind, $n, $port));

    my $nginx = Test::Live::Process->new(
        cmd => ['/usr/sbin/nginx', '-p', $dir, '-c', "$dir/nginx.conf", '-e', "$dir/error.log",
            '-g', 'daemon off;'],
        err => "$dir/stderr",
    );

    my $deadline = deadline(10);

    until (tcp_connect('127.0.0.1', $port)) {
        fail("nginx does not start") if !$nginx->alive || now() > $deadline;
        nap(0.05);
    }

    my @workers = grep { Test::Live::Process::title($_) =~ /^nginx: worker process$/ }
        Test::Live::Process::descendants($nginx->pid);

    @workers == 2 or fail("nginx has " . @workers . " workers");

    return ($nginx, $port, @workers);
}


# user and system time in seconds; the scheduler counts in nanoseconds, and
# /proc/PID/stat in ticks of 10 ms

sub cpu_time {
    my ($pid) = @_;

    if (open my $fh, '<', "/proc/$pid/schedstat") {
        my ($ns) = split ' ', <$fh>;
        return $ns / 1e9;
    }

    open my $fh, '<', "/proc/$pid/stat" or fail("worker $pid has died");
    my (undef, $fields) = split /\) /, <$fh>, 2;
    my ($user, $system) = (split ' ', $fields)[11, 12];

    return ($user + $system) / 100;
}


# --- the publishers ---------------------------------------------------------

# messages as they go over the wire, but for the timestamp in the first header

sub read_media {
    my ($file) = @_;

    my $next = flv_reader($file);
    my (@head, @messages, $last_ts);

    while (my $tag = $next->()) {
        my ($type, $ts, $payload) = @$tag;

        next if $type != Test::Live::RTMP::AUDIO && $type != Test::Live::RTMP::VIDEO;

        my $csid = $type == Test::Live::RTMP::AUDIO ? 4 : 6;
        my $head = substr(pack('N', length $payload), 1) . pack('C V', $type, 1);
        my @chunks = unpack '(a' . CHUNK_SIZE . ')*', $payload;
        my $bytes = $head . join chr(3 << 6 | $csid), @chunks;

        my $m = { ts => $ts, csid => chr $csid, bytes => $bytes };

        if ($payload =~ /^(?:[\x17\xaf])\0/) {
            push @head, $m;
        } else {
            push @messages, $m;
            $last_ts = $ts;
        }
    }

    @messages or fail("no media in $file");

    my $duration = int $last_ts + 1000 / 30;
    my $size = sum map { length $_->{bytes} } @messages;

    return { head => \@head, messages => \@messages, duration => $duration,
        rate => $size * 8000 / $duration };
}


sub connect_publisher {
    my ($port, $i) = @_;

    my $name = sprintf 'benchkey%d_Source_%d',
        1 + int($i / SOURCES_PER_KEY), $i % SOURCES_PER_KEY;

    my $rtmp = Test::Live::RTMP->new(port => $port);
    my $status = $rtmp->publish($name) || {};

    ($status->{code} || '') eq 'NetStream.Publish.Start'
        or fail("publisher $i was refused: " . ($status->{code} || 'closed'));

    $rtmp->set_chunk_size(CHUNK_SIZE);
    $rtmp->send_raw(join '', map { wire($_, 0) } @{ $media->{head} });

    return { rtmp => $rtmp, base => 0, at => 0, start => now() };
}


sub wire {
    my ($m, $ts) = @_;
    return $m->{csid} . substr(pack('N', $ts), 1) . $m->{bytes};
}


# whatever is due by now

sub pump {
    my ($p) = @_;

    my $messages = $media->{messages};
    my $due = (now() - $p->{start}) * 1000;
    my $out = '';

    while ($p->{base} + $messages->[$p->{at}]{ts} <= $due) {
        $out .= wire($messages->[$p->{at}], $p->{base} + $messages->[$p->{at}]{ts});

        if (++$p->{at} == @$messages) {
            $p->{at} = 0;
            $p->{base} += $media->{duration};
        }
    }

    return if $out eq '';

    $p->{rtmp}->send_raw($out) or fail("a publisher was disconnected");
    return;
}


sub pump_until {
    my ($until, @all) = @_;

    my $late = 0;

    while ((my $start = now()) < $until) {
        pump($_) for @all;

        my $left = TICK - (now() - $start);
        $late = -$left if -$left > $late;
        select undef, undef, undef, $left if $left > 0;
    }

    $late < 0.5 or fail(sprintf 'the publishers fell %.1f s behind: too many for this machine', $late);
    return;
}


# --- one run ----------------------------------------------------------------

# milliseconds of CPU for each stream-minute

sub run {
    my ($kind, $n) = @_;

    my ($nginx, $port, @workers) = start_nginx($kind, $n);
    my @all;

    # spread over a group of pictures, so that keyframes do not come at once

    for my $i (0 .. $n - 1) {
        push @all, connect_publisher($port, $i);
        pump_until(now() + 2 / $n, @all);
    }

    pump_until(now() + WARM_UP, @all);

    my $start = now();
    my $before = sum map { cpu_time($_) } @workers;

    pump_until($start + $seconds, @all);

    my $cpu = sum(map { cpu_time($_) } @workers) - $before;
    my $minutes = $n * (now() - $start) / 60 * $media->{rate} / STREAM_RATE;

    my $playlists = () = glob "$dir/hls/*/index.m3u8";
    $playlists == $n or fail("$playlists of $n playlists were written");

    $_->{rtmp}->drop for @all;
    $nginx->stop('TERM');

    my $log = slurp("$dir/error.log");
    $log !~ /\[(?:error|crit|alert|emerg)\]/ or fail("nginx logged errors");
    unlink "$dir/error.log";

    return $cpu * 1000 / $minutes;
}


# --- the result -------------------------------------------------------------

sub report {
    my (@rows) = @_;

    printf "\nCPU of nginx's workers in ms per %g Mbit/s stream-minute, medians of %d rounds of %d s\n\n",
        STREAM_RATE / 1e6, $rounds, $seconds;

    printf "%10s %9s %9s  %-22s %-22s\n", 'publishers', 'A', 'B', 'B/A (min .. max)', 'A/A (min .. max)';

    for my $row (@rows) {
        my ($n, $first, $b, $second) = @$row;

        my @ba = map { 2 * $b->[$_] / ($first->[$_] + $second->[$_]) } 0 .. $#$b;
        my @aa = map { $second->[$_] / $first->[$_] } 0 .. $#$b;

        printf "%10d %9.2f %9.2f  %-22s %-22s\n", $n, median(@$first, @$second), median(@$b),
            spread(@ba), spread(@aa);
    }

    print "\nA is nginx-rtmp with its HLS, B the same with multisource on\n";
    return;
}


sub spread {
    my (@values) = @_;
    return sprintf '%.3f (%.3f .. %.3f)', median(@values), min(@values), max(@values);
}


sub median {
    my @sorted = sort { $a <=> $b } @_;
    my $middle = @sorted / 2;

    return @sorted % 2 ? $sorted[$middle] : ($sorted[$middle - 1] + $sorted[$middle]) / 2;
}


# --- files and ports --------------------------------------------------------

sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1)
        or fail("no free port: $@");

    return $socket->sockport;
}


sub slurp {
    my ($file) = @_;

    open my $fh, '<', $file or return '';
    local $/;

    return scalar(<$fh>) // '';
}


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
