# The measurement behind "scripts/bench whip": CPU time of nginx's workers for
# each stream-minute that comes by WHIP, 720p at 4 Mbit/s with Opus.
#
#   rtmp        what one runs today: an ffmpeg for each stream leaves the video as
#               it is, turns Opus into AAC and sends both by RTMP to the same nginx,
#               which writes HLS.  ffmpeg's time counts, but it reads a file:
#               whatever receives WebRTC in front of it comes for nothing
#   rtmp-fast   the same with the coder of libavcodec that the module uses
#   aac-gcm     WHIP with AEAD_AES_128_GCM, Opus to AAC in the worker, HLS
#   aac-cm      the same with AES128_CM_SHA1_80
#   opus-gcm    Opus is left as it is, and no HLS
#   opus-cm
#
# A round is one run of each; they are compared within the round.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use List::Util qw(sum);

use Bench qw(work_dir main_conf start_nginx stop_nginx cpu_time load record profile spread
    free_port slurp fail);
use Test::Live::HTTP;
use Test::Live::IO qw(deadline nap now);
use Test::Live::Process;
use Test::Live::Whip;

use constant {
    WARM_UP => 4,
    GOP     => 2,                         # s
    LOST    => 0.001,                     # of the packets, and too many
};

my %PROFILE = (gcm => 'SRTP_AEAD_AES_128_GCM', cm => 'SRTP_AES128_CM_SHA1_80');
my @KINDS = qw(rtmp rtmp-fast aac-gcm aac-cm opus-gcm opus-cm);

# in a profile, beside what all have

my @PARTS = (
    ['Opus' => qr/^libopus\b/],
    ['AAC'  => qr/^lib(?:avcodec|avutil|swresample)\b/],
    ['SRTP' => qr/^lib(?:srtp2?|crypto|nss|freebl|softokn)/],
);

my ($build) = @ARGV;
my @sessions = split ' ', $ENV{SESSIONS} || '1 5 10 40';
my $rounds = $ENV{ROUNDS} || 5;
my $seconds = $ENV{SECONDS_PER_RUN} || 20;
my $most = defined $ENV{RTMP_MOST} ? $ENV{RTMP_MOST} : 10;
my $profiled = $ENV{PROFILE} || 0;

my $dir = work_dir($build);
my %media = map { $_ => "$build/media/bench-whip.$_" } qw(h264 ogg mkv);

if ($profiled) {
    where($_) for grep { !/^rtmp/ } @KINDS;
    exit 0;
}

my @rows;
my @load = load();

for my $n (@sessions) {
    my @kinds = grep { !/^rtmp/ || $n <= $most } @KINDS;
    my %of;

    for my $round (1 .. $rounds) {
        push @{ $of{$_} }, run($_, $n) for @kinds;

        printf STDERR "%d sessions, round %d of %d: %s\n", $n, $round, $rounds,
            join '  ', map { sprintf '%s %.0f', $_, $of{$_}[-1]{sum} } @kinds;
    }

    push @rows, [$n, \%of];
}

push @load, load();
report(@rows);


# --- the server -------------------------------------------------------------

sub conf {
    my ($kind, %port) = @_;

    my $audio = $kind =~ /^opus/ ? 'opus' : 'aac';
    my $hls = $audio eq 'opus' ? '' : "hls on; hls_path $dir/hls; hls_fragment 2s;"
        . ' hls_playlist_length 10s; hls_nested on;';

    return main_conf(workers => 2, connections => 4096,
        modules => ["$build/modules/ngx_whip_module.so"]) . <<"CONF";
rtmp {
    access_log off;
    max_message 16m;
    server {
        listen 127.0.0.1:$port{rtmp};
        application live {
            live on;
            $hls
        }
    }
}
http {
    access_log off;
    whip_listen 127.0.0.1:$port{whip};
    whip_audio $audio;
    whip_rate off;
    whip_max_pending 0;
    server {
        listen 127.0.0.1:$port{http};
        location /whip/    { whip live; }
        location = /status { whip_status; }
    }
}
CONF
}


sub start {
    my ($kind) = @_;

    my %port = map { $_ => free_port() } qw(rtmp http whip);

    remove_tree("$dir/hls");
    make_path("$dir/hls");

    my ($nginx, @workers) = start_nginx(conf($kind, %port), 2, $port{http});

    return ($nginx, \%port, @workers);
}


sub status {
    my ($port) = @_;

    my $r = Test::Live::HTTP::request(method => 'GET', path => '/status', port => $port->{http});
    return $r->json || fail('no status');
}


# --- what is sent -----------------------------------------------------------

# spread over a group of pictures, so that keyframes do not come at once

sub send_whip {
    my ($kind, $n, $port) = @_;

    unlink "$dir/peer.out";

    my $peer = Test::Live::Process->new(
        cmd => [Test::Live::Whip->program, '--url', "http://127.0.0.1:$port->{http}/whip/s%d",
            '--video', $media{h264}, '--audio', $media{ogg}, '--sessions', $n,
            '--stagger', int(GOP * 1000 / $n), '--srtp', $PROFILE{ $kind =~ s/.*-//r },
            qw(--shape obs --quiet 1)],
        out => "$dir/peer.out",
        err => "$dir/peer.err",
    );

    my $deadline = deadline(GOP + 20);

    until (status($port)->{sessions}{live} == $n) {
        fail('the sessions do not become live: ' . slurp("$dir/peer.out"))
            if !$peer->alive || now() > $deadline;
        nap(0.1);
    }

    my $wrong = grep { !/"profile":"$PROFILE{ $kind =~ s{.*-}{}r }"/ }
        grep { /"event":"connected"/ } split /\n/, slurp("$dir/peer.out");

    fail("$wrong sessions have another SRTP profile") if $wrong;

    return $peer;
}


sub send_rtmp {
    my ($kind, $n, $port) = @_;

    my @coder = $kind eq 'rtmp-fast' ? qw(-aac_coder fast) : ();
    my @ffmpegs;

    for my $i (0 .. $n - 1) {
        push @ffmpegs, Test::Live::Process->new(
            cmd => [qw(ffmpeg -nostdin -v error -re -stream_loop -1 -i), $media{mkv},
                qw(-c:v copy -c:a aac -b:a 128k), @coder, '-f', 'flv',
                "rtmp://127.0.0.1:$port->{rtmp}/live/s$i"],
            err => "$dir/ffmpeg.err",
        );

        nap(GOP / $n);
    }

    my $deadline = deadline(20);

    until ($n == grep { -s } glob "$dir/hls/*/index.m3u8") {
        fail('ffmpeg does not send: ' . slurp("$dir/ffmpeg.err"))
            if now() > $deadline || grep { !$_->alive } @ffmpegs;
        nap(0.1);
    }

    return @ffmpegs;
}


# --- one run ----------------------------------------------------------------

# milliseconds of CPU for each stream-minute: nginx, ffmpeg and their sum

sub run {
    my ($kind, $n) = @_;

    my ($nginx, $port, @workers) = start($kind);
    my $rtmp = $kind =~ /^rtmp/;
    my @senders = $rtmp ? send_rtmp($kind, $n, $port) : send_whip($kind, $n, $port);
    my @ffmpegs = $rtmp ? map { $_->pid } @senders : ();

    nap(WARM_UP);

    my $start = now();
    my @before = (cpu_time(@workers), cpu_time(@ffmpegs));

    nap($seconds);

    my @after = (cpu_time(@workers), cpu_time(@ffmpegs));
    my $minutes = $n * (now() - $start) / 60;

    check($n, $port) unless $rtmp;

    $_->stop('INT', 5) for @senders;
    stop_nginx($nginx);

    my ($server, $beside) = map { ($after[$_] - $before[$_]) * 1000 / $minutes } 0, 1;

    return { nginx => $server, ffmpeg => $beside, sum => $server + $beside };
}


# a machine that cannot keep up loses what it has no time for

sub check {
    my ($n, $port) = @_;

    my $list = status($port)->{list};
    my $lost = sum map { $_->{audio}{lost} + $_->{video}{lost} } @$list;
    my $packets = sum map { $_->{audio}{packets} + $_->{video}{packets} } @$list;

    @$list == $n or fail(@$list . " of $n sessions are left");
    $lost < LOST * $packets
        or fail("$lost of $packets packets were lost: too many sessions for this machine, or"
            . ' net.core.rmem_max is too small');

    return;
}


# --- the result -------------------------------------------------------------

sub report {
    my (@rows) = @_;

    my %name = (
        'rtmp'      => 'ffmpeg, RTMP, HLS',
        'rtmp-fast' => 'the same, -aac_coder fast',
        'aac-gcm'   => 'WHIP to AAC, HLS, GCM',
        'aac-cm'    => 'WHIP to AAC, HLS, CM and SHA1',
        'opus-gcm'  => 'WHIP, no HLS, GCM',
        'opus-cm'   => 'WHIP, no HLS, CM and SHA1',
    );

    my $line = "%8s  %-30s %-24s %-20s %s\n";

    printf "\nCPU in ms per stream-minute, medians (min .. max) of %d rounds of %d s\n\n",
        $rounds, $seconds;

    printf $line, 'sessions', '', 'CPU', 'of it nginx', 'against ffmpeg, RTMP';

    for my $row (@rows) {
        my ($n, $of) = @$row;

        for my $kind (grep { $of->{$_} } @KINDS) {
            my ($runs, $today) = ($of->{$kind}, $of->{rtmp});
            my @ratios = $today && $kind =~ /^aac/
                ? map { $runs->[$_]{sum} / $today->[$_]{sum} } 0 .. $#$runs : ();

            printf $line, $n, $name{$kind}, spread('%.0f', map { $_->{sum} } @$runs),
                $kind =~ /^rtmp/ ? spread('%.0f', map { $_->{nginx} } @$runs) : '',
                @ratios ? spread('%.2f', @ratios) : '';

            $n = '';
        }
    }

    print "\nload average $load[0] before and $load[1] after; the clients are not counted\n";
    return;
}


# --- where the time goes ----------------------------------------------------

sub where {
    my ($kind) = @_;

    my ($nginx, $port, @workers) = start($kind);
    my $peer = send_whip($kind, $profiled, $port);

    nap(WARM_UP);
    profile("$kind, $profiled sessions", record($seconds, @workers), @PARTS);

    $peer->stop('INT', 5);
    stop_nginx($nginx);

    return;
}
