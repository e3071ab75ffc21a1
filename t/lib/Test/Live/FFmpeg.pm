# SPDX-License-Identifier: BSD-2-Clause

# Real publishers and checks.
#
#   my $p = $t->publish('alice', app => 'live', media => $flv, port => 'RTMP',
#       args => [...]);
#   $p->started; $p->alive; $p->wait(5); $p->stop; $p->stderr
#   $t->play_rtmp('alice', seconds => 2)->{streams}
#   $t->ffprobe($url, packets => 1, timeout => 20)
#   Test::Live::FFmpeg->media(size => '320x180', audio => 0)
#
# media() makes an FLV once and keeps it in build/media: size (640x360), fps
# (25), kbps (400), gop (25), seconds (10), video => 0, audio => 0, name.

package Test::Live::FFmpeg;

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use Fcntl qw(LOCK_EX);
use File::Path qw(make_path);
use File::Temp ();
use JSON::PP ();

use Test::Live;
use Test::Live::IO qw(now deadline nap);
use Test::Live::Process;

our @ISA = ('Test::Live::Process');

my $count = 0;


sub media {
    my ($class, %o) = @_;

    %o = (size => '640x360', fps => 25, kbps => 400, gop => 25, seconds => 10,
          video => 1, audio => 1, %o);

    my @in;

    push @in, '-f', 'lavfi', '-i', "testsrc2=s=$o{size}:r=$o{fps}"
        if $o{video};
    push @in, '-f', 'lavfi', '-i', 'sine=f=440:r=48000' if $o{audio};

    my @out;

    push @out, qw(-c:v libx264 -preset ultrafast -tune zerolatency
        -profile:v baseline -pix_fmt yuv420p -sc_threshold 0),
        '-g', $o{gop}, '-b:v', "$o{kbps}k", '-maxrate', "$o{kbps}k",
        '-bufsize', "$o{kbps}k" if $o{video};
    push @out, qw(-c:a aac -ac 2 -b:a 96k) if $o{audio};

    my @args = (@in, '-t', $o{seconds}, @out, qw(-f flv -y));

    my $name = ($o{name} || 'media') . '-' . substr sha1_hex("@args"), 0, 12;
    my $dir = Test::Live::top() . '/build/media';
    my $file = "$dir/$name.flv";

    return $file if -s $file;

    make_path($dir);

    open(my $lock, '>', "$dir/$name.lock") or die "$dir/$name.lock: $!";
    flock($lock, LOCK_EX);

    return $file if -s $file;

    my $p = Test::Live::Process->new(err => "$dir/$name.err",
        cmd => [qw(ffmpeg -nostdin -v error), @args, "$file.part"]);

    my $status = $p->wait(120);
    die "ffmpeg: " . $p->stderr if !defined $status || $status != 0;

    rename "$file.part", $file or die "$file: $!";
    unlink "$dir/$name.err", "$dir/$name.lock";

    return $file;
}


# loops the media (a file, or options for media()) in real time until it is
# stopped; args go before the output

sub publish {
    my ($class, $t, $name, %o) = @_;

    my $media = $o{media} || $class->media;
    $media = $class->media(%$media) if ref $media;

    my $port = $t->_port($o{port}, 'RTMP');
    my $app = defined $o{app} ? $o{app} : 'live';
    my $url = "rtmp://127.0.0.1:$port/$app/$name";

    my $p = $class->new(
        out => '/dev/null',
        err => $t->dir . '/publish-' . ++$count . '.err',
        url => $url,
        cmd => [qw(ffmpeg -nostdin -hide_banner -nostats -re -stream_loop -1),
                '-i', $media, qw(-c copy), @{ $o{args} || [] },
                '-f', 'flv', $url],
    );

    push @{ $t->{children} }, $p;

    return $p;
}


# true once the server has answered Publish.Start and media flows

sub started {
    my ($self, $timeout) = @_;

    my $deadline = deadline($timeout || 10);

    while (1) {
        return 1 if $self->stderr =~ /^Output #0, flv/m;
        return 0 if !$self->alive || now() > $deadline;
        nap(0.03);
    }
}


# ffmpeg closes cleanly on SIGINT

sub stop {
    my ($self, $signal, $timeout) = @_;
    return $self->SUPER::stop($signal || 'INT', $timeout);
}


# decoded JSON, { streams => [...], format => {...} }; streams is always there,
# error holds what ffprobe said.  packets => 1 counts them (nb_read_packets),
# frames => 1 decodes and counts (nb_read_frames), args are more options

sub ffprobe {
    my ($class, $url, %o) = @_;

    my $file = File::Temp::tempdir(CLEANUP => 1) . '/probe';

    my $p = Test::Live::Process->new(out => $file, err => "$file.err",
        cmd => [qw(ffprobe -v error -of json -show_streams -show_format),
                $o{packets} ? '-count_packets' : (),
                $o{frames} ? '-count_frames' : (),
                @{ $o{args} || [] }, $url]);

    my $status = $p->wait($o{timeout} || 20);
    $p->stop('KILL') unless defined $status;

    my $json = eval { JSON::PP->new->utf8->decode($p->stdout) } || {};

    $json->{streams} ||= [];
    $json->{error} = $p->stderr;
    $json->{error} .= 'ffprobe: timeout' unless defined $status;
    $json->{status} = $status;

    for my $stream (@{ $json->{streams} }) {
        $json->{$stream->{codec_type}} ||= $stream;
    }

    return $json;
}


# pulls seconds => S (2) of a stream over RTMP: what ffprobe says of them, with
# packets counted, and the FLV as file

sub play_rtmp {
    my ($class, $t, $name, %o) = @_;

    my $port = $t->_port($o{port}, 'RTMP');
    my $app = defined $o{app} ? $o{app} : 'live';
    my $file = $t->dir . '/play-' . ++$count . '.flv';

    my $p = $t->spawn("play-$count", qw(ffmpeg -nostdin -v error -y
        -analyzeduration 1000000 -i),
        "rtmp://127.0.0.1:$port/$app/$name", '-t', $o{seconds} || 2,
        qw(-c copy -f flv), $file);

    my $status = $p->wait($o{timeout} || 20);
    $p->stop('INT') unless defined $status;

    my $probe = $class->ffprobe($file, packets => 1);

    $probe->{error} = $p->stderr . $probe->{error};
    $probe->{file} = $file;

    return $probe;
}

1;
