# What the measurements of "scripts/bench" have in common: a directory that goes
# away with them, nginx, CPU time, profiles, and medians.

package Bench;

use strict;
use warnings;

use Exporter 'import';
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use List::Util qw(max min sum);

use Test::Live::IO qw(deadline nap now tcp_connect);
use Test::Live::Process;

our @EXPORT_OK = qw(work_dir main_conf start_nginx stop_nginx cpu_time anonymous load record
    profile spread median free_port slurp spew fail);

use constant {
    RTMP_MODULE => '/usr/lib/nginx/modules/ngx_rtmp_module.so',
    ERROR_LOG   => 'error.log',
};

# what belongs together in every profile; the rest stands for itself

my @PARTS = (
    ['kernel'          => qr/^\[|^vmlinux/],
    ['nginx-rtmp'      => qr/^ngx_rtmp_module/],
    ['ngx_whip'        => qr/^ngx_whip_module/],
    ['ngx_simulcast'   => qr/^ngx_simulcast_module/],
    ['ngx_multisource' => qr/^ngx_multisource_module/],
    ['nginx'           => qr/^nginx$/],
    ['libc'            => qr/^(?:libc|libm|libpthread|ld-linux\S*)[.-]/],
);

my $dir;

END {
    local $?;
    Test::Live::Process::kill_all();
    remove_tree($dir) if defined $dir;
}


# --- one measurement --------------------------------------------------------

# in memory, so that no disk is measured

sub work_dir {
    my ($build) = @_;

    $SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
    $| = 1;
    umask 077;

    $dir = tempdir('ngx_live_bench.XXXXXX', DIR => -w '/dev/shm' ? '/dev/shm' : $build);

    return $dir;
}


# ends it, with what nginx said

sub fail {
    my ($reason) = @_;

    my $log = defined $dir ? slurp("$dir/stderr") . slurp("$dir/" . ERROR_LOG) : '';
    die "bench: $reason\n" . ($log eq '' ? '' : "nginx said:\n" . substr $log, -2000);
}


# --- nginx ------------------------------------------------------------------

# the beginning of its configuration: `workers`, `connections`, `files` if they
# are many, and `modules`, which are loaded after nginx-rtmp

sub main_conf {
    my (%o) = @_;

    my $user = $> == 0 ? 'user root;' : '';
    my $load = join '', map { "load_module $_;\n" } RTMP_MODULE, @{ $o{modules} || [] };
    my $files = $o{files} ? "worker_rlimit_nofile $o{files};" : '';
    my $error_log = ERROR_LOG;

    return <<"CONF";
$user
${load}worker_processes $o{workers};
$files
error_log $dir/$error_log warn;
pid $dir/nginx.pid;
events { worker_connections $o{connections}; }
CONF
}


# with so many workers, as soon as it listens on the port; they follow it

sub start_nginx {
    my ($conf, $count, $port) = @_;

    spew("$dir/nginx.conf", $conf);

    my $nginx = Test::Live::Process->new(
        cmd => ['/usr/sbin/nginx', '-p', $dir, '-c', "$dir/nginx.conf", '-e', "$dir/" . ERROR_LOG,
            '-g', 'daemon off;'],
        err => "$dir/stderr",
    );

    my @workers;
    my $deadline = deadline(10);

    until (@workers == $count && tcp_connect('127.0.0.1', $port)) {
        fail('nginx does not start') if !$nginx->alive || now() > $deadline;
        nap(0.05);

        @workers = grep { Test::Live::Process::title($_) =~ /^nginx: worker process$/ }
            Test::Live::Process::descendants();
    }

    return ($nginx, @workers);
}


# `levels` of its log that must not have been used

sub stop_nginx {
    my ($nginx, @levels) = @_;

    @levels = qw(crit alert emerg) unless @levels;
    my $wrong = join '|', @levels;

    $nginx->stop('TERM');

    slurp("$dir/" . ERROR_LOG) !~ /\[(?:$wrong)\]/ or fail('nginx logged errors');
    unlink "$dir/" . ERROR_LOG;

    return;
}


# --- what processes take ----------------------------------------------------

# user and system time of all threads, in seconds; the scheduler counts in
# nanoseconds, and /proc/PID/stat, where it does not count, in ticks of 10 ms

sub cpu_time {
    my (@pids) = @_;

    my $sum = 0;

    for my $pid (@pids) {
        my @tasks = glob "/proc/$pid/task/*/schedstat";

        for my $task (@tasks) {
            my ($ns) = split ' ', slurp($task);
            $sum += ($ns || 0) / 1e9;
        }

        next if @tasks;

        my (undef, $fields) = split /\) /, slurp("/proc/$pid/stat"), 2;
        defined $fields or fail("process $pid has died");

        $sum += sum((split ' ', $fields)[11, 12]) / 100;
    }

    return $sum;
}


# memory that is nobody else's and no file's, KiB

sub anonymous {
    my (@pids) = @_;
    return sum map { slurp("/proc/$_/smaps_rollup") =~ /^Anonymous:\s+(\d+)/m ? $1 : 0 } @pids;
}


sub load { return (split ' ', slurp('/proc/loadavg'))[0] }


# notes for so many seconds where the processes' time goes; returns at once

sub record {
    my ($seconds, @pids) = @_;

    return Test::Live::Process->new(err => "$dir/perf.err", cmd => [qw(perf record -q -F 997 -o),
        "$dir/perf.data", '-p', join(',', @pids), '--', 'sleep', $seconds]);
}


# waits for that, and prints the shares of @PARTS; `own` are others, which come
# first

sub profile {
    my ($title, $record, @own) = @_;

    my $status = $record->wait(3600);
    defined $status && $status == 0 or fail('perf: ' . slurp("$dir/perf.err"));

    open my $report, '-|', qw(perf report -q --stdio --sort dso -i), "$dir/perf.data"
        or fail("perf: $!");
    my %part;

    while (my $line = <$report>) {
        my ($percent, $dso) = $line =~ /^\s*([\d.]+)%\s+(\S+)/ or next;
        my ($known) = grep { $dso =~ $_->[1] } @own, @PARTS;

        $part{ $known ? $known->[0] : $dso } += $percent;
    }

    close $report;

    printf "\n%s, percent of the workers' CPU\n\n", $title;
    printf "%6.1f  %s\n", $part{$_}, $_
        for grep { $part{$_} >= 0.1 } sort { $part{$b} <=> $part{$a} } keys %part;

    return;
}


# --- numbers ----------------------------------------------------------------

sub spread {
    my ($format, @values) = @_;

    return sprintf "$format ($format .. $format)", median(@values), min(@values), max(@values);
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


sub slurp { return Test::Live::Process::slurp(@_) }


sub spew {
    my ($file, $text) = @_;

    open my $fh, '>:raw', $file or fail("$file: $!");
    print $fh $text;
    close $fh or fail("$file: $!");

    return;
}

1;
