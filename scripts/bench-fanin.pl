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
use List::Util qw(sum);

use Bench qw(work_dir main_conf start_nginx stop_nginx cpu_time spread median free_port spew fail);
use Bench::Publisher qw(read_media stream_rate connect_publisher pump_until);
use Test::Live::IO qw(now);

use constant {
    STREAM_RATE     => 4_000_000,     # bits per second of one unit of work
    WARM_UP         => 3,
    SOURCES_PER_KEY => 4,
};

my ($build) = @ARGV;
my @publishers = split ' ', $ENV{PUBLISHERS} || '1 10 40';
my $rounds = $ENV{ROUNDS} || 5;
my $seconds = $ENV{SECONDS_PER_RUN} || 20;

my $dir = work_dir($build);
read_media("$build/media/bench.flv");

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

    my ($on, @modules) = '';

    if ($kind eq 'B') {
        my $keys = join '', map { "benchkey$_ bench$_\n" } 1 .. 1 + ($n - 1) / SOURCES_PER_KEY;
        spew("$dir/keys", $keys);

        @modules = "$build/modules/ngx_multisource_module.so";
        $on = "multisource on; multisource_keys $dir/keys;";
    }

    return main_conf(workers => 2, connections => 1024, modules => \@modules) . <<"CONF";
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


# --- one run ----------------------------------------------------------------

# milliseconds of CPU for each stream-minute

sub run {
    my ($kind, $n) = @_;

    my $port = free_port();

    remove_tree("$dir/hls");
    make_path("$dir/hls");

    my ($nginx, @workers) = start_nginx(conf($kind, $n, $port), 2, $port);
    my @all;

    # spread over a group of pictures, so that keyframes do not come at once

    for my $i (0 .. $n - 1) {
        my $name = sprintf 'benchkey%d_Source_%d',
            1 + int($i / SOURCES_PER_KEY), $i % SOURCES_PER_KEY;

        push @all, connect_publisher($port, $name);
        pump_until(now() + 2 / $n, @all);
    }

    pump_until(now() + WARM_UP, @all);

    my $start = now();
    my $before = cpu_time(@workers);

    pump_until($start + $seconds, @all);

    my $cpu = cpu_time(@workers) - $before;
    my $minutes = $n * (now() - $start) / 60 * stream_rate() / STREAM_RATE;

    my $playlists = () = glob "$dir/hls/*/index.m3u8";
    $playlists == $n or fail("$playlists of $n playlists were written");

    $_->{rtmp}->drop for @all;
    stop_nginx($nginx, qw(error crit alert emerg));

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
            spread('%.3f', @ba), spread('%.3f', @aa);
    }

    print "\nA is nginx-rtmp with its HLS, B the same with multisource on\n";
    return;
}
