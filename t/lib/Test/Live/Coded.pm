# SPDX-License-Identifier: BSD-2-Clause

# What real encoders make, frame by frame, as messages of RTMP.
#
#   my $c = Test::Live::Coded->new('hevc', qw(-f lavfi -i testsrc2 -t 2
#       -c:v libx265));                options of ffmpeg, without the output
#   $c->{video}{codec}, {config}       and of {audio}: its name, decoder record
#   $c->{video}{frames}                { ts, cts (ms), key, bytes }, ...
#   my @messages = $c->messages(enhanced => 1, ts => 0, skip => 'audio');
#   send_all([$rtmp, @messages], ...)
#
# Timestamps begin at 0.  A message is [when, type, timestamp, payload], in ms, and
# of a frame [..., when it is shown].  What was encoded is kept in build/media.

package Test::Live::Coded;

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use Exporter 'import';
use Fcntl qw(LOCK_EX);
use File::Path qw(make_path);
use JSON::PP ();
use List::Util qw(min);
use Time::HiRes ();

use Test::Live;
use Test::Live::IO qw(now nap);
use Test::Live::Media;
use Test::Live::Process;

our @EXPORT = qw(send_all);

use constant { AUDIO => 8, VIDEO => 9 };

# RTMP chunk streams as encoders use them

my %CSID = (AUDIO, 4, VIDEO, 6);

my %FOURCC = (h264 => 'avc1', hevc => 'hvc1', av1 => 'av01', vp9 => 'vp09',
    aac => 'mp4a', opus => 'Opus');


sub new {
    my ($class, $name, @args) = @_;

    my $file = _encoded($name, @args);
    my $probe = _run(JSON::PP->new->utf8, qw(ffprobe -v error -of json
        -show_data -show_entries), 'packet=stream_index,pts_time,dts_time,size'
        . ',pos,flags:stream=index,codec_name,codec_type,extradata', $file);

    my $self = bless {}, $class;
    my @tracks;

    for my $stream (@{ $probe->{streams} }) {
        my $hex = '';

        $hex .= $1 while ($stream->{extradata} || '')
            =~ /^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} ?)+) /mg;
        $hex =~ tr/ //d;

        $tracks[$stream->{index}] = $self->{$stream->{codec_type}} = {
            codec => $stream->{codec_name}, config => pack('H*', $hex),
            frames => [] };
    }

    my $first = min(map { $_->{dts_time} } @{ $probe->{packets} });

    open(my $fh, '<:raw', $file) or die "$file: $!";

    for my $packet (@{ $probe->{packets} }) {
        my ($pts, $dts) = map { 1000 * ($_ - $first) }
            @$packet{qw(pts_time dts_time)};

        seek($fh, $packet->{pos}, 0);
        read($fh, my $bytes, $packet->{size}) == $packet->{size}
            or die "$file is cut off";

        push @{ $tracks[$packet->{stream_index}]{frames} }, {
            ts    => int($dts + 0.5),
            cts   => int($pts + 0.5) - int($dts + 0.5),
            key   => $packet->{flags} =~ /^K/ ? 1 : 0,
            bytes => $bytes,
        };
    }

    return $self;
}


sub _encoded {
    my ($name, @args) = @_;

    my $dir = Test::Live::top() . '/build/media';
    my $file = "$dir/$name-" . substr(sha1_hex("@args"), 0, 12) . '.mp4';

    return $file if -s $file;

    make_path($dir);

    open(my $lock, '>', "$file.lock") or die "$file.lock: $!";
    flock($lock, LOCK_EX);

    return $file if -s $file;

    my $p = Test::Live::Process->new(err => "$file.err", env => {
            SVT_LOG => 1 },
        cmd => [qw(ffmpeg -nostdin -v error), @args, qw(-f mp4 -y),
            "$file.part"]);

    my $status = $p->wait(120);
    die "ffmpeg: " . $p->stderr if !defined $status || $status != 0;

    rename "$file.part", $file or die "$file: $!";
    unlink "$file.err", "$file.lock";

    return $file;
}


sub _run {
    my ($json, @cmd) = @_;

    open(my $pipe, '-|', @cmd) or die "$cmd[0]: $!";
    my $text = do { local $/; <$pipe> };
    close $pipe or die "$cmd[0] failed";

    return $json->decode($text);
}


# enhanced => 1: of Enhanced RTMP even what need not be; ts: of the first one;
# at: when that is sent; skip: 'audio' or 'video'; config => 0: without records

sub messages {
    my ($self, %o) = @_;

    my ($ts, $at) = ($o{ts} || 0, $o{at} || 0);
    my (@configs, @messages);

    for my $kind (qw(video audio)) {
        my $track = $self->{$kind} or next;
        my $type = $kind eq 'video' ? VIDEO : AUDIO;

        next if ($o{skip} || '') eq $kind;

        push @configs, [$at, $type, $ts, _config($kind, $track, %o)]
            unless defined $o{config} && !$o{config};

        push @messages, map { [$at + $_->{ts}, $type, $ts + $_->{ts},
            _frame($kind, $track->{codec}, $_, %o), $ts + $_->{ts} + $_->{cts}] }
            @{ $track->{frames} };
    }

    return @configs, sort { $a->[0] <=> $b->[0] } @messages;
}


sub _config {
    my ($kind, $track, %o) = @_;

    my ($codec, $config) = @$track{qw(codec config)};

    return enhanced_video($FOURCC{$codec}, 0, 1, $config)
        if $kind eq 'video' && ($o{enhanced} || $codec ne 'h264');
    return avc_header($config) if $kind eq 'video';
    return enhanced_audio($FOURCC{$codec}, 0, $config)
        if $o{enhanced} || $codec ne 'aac';
    return aac_header($config);
}


sub _frame {
    my ($kind, $codec, $frame, %o) = @_;

    my $bytes = $frame->{bytes};

    if ($kind eq 'audio') {
        return aac_frame($bytes) if $codec eq 'aac' && !$o{enhanced};
        return enhanced_audio($FOURCC{$codec}, 1, $bytes);
    }

    my $type = $frame->{key} ? 1 : 2;
    my $cts = substr pack('N', $frame->{cts} & 0xffffff), 1;

    return pack('C C', $type << 4 | 7, 1) . $cts . $bytes
        if $codec eq 'h264' && !$o{enhanced};

    # one without a composition time says so
    return enhanced_video($FOURCC{$codec}, 3, $type, $bytes)
        if $codec =~ /^(?:h264|hevc)$/ && $frame->{cts} == 0;

    return enhanced_video($FOURCC{$codec}, 1, $type,
        ($codec =~ /^(?:h264|hevc)$/ ? $cts : '') . $bytes);
}


# sends everything when it is due; returns when it began, s since 1970

sub send_all {
    my (@lists) = @_;

    my @all;

    for my $list (@lists) {
        my ($rtmp, @messages) = @$list;

        $rtmp->set_chunk_size(65536);
        push @all, map { [$rtmp, @$_] } @messages;
    }

    @all = sort { $a->[1] <=> $b->[1] } @all;

    my ($start, $wall) = (now(), Time::HiRes::time());

    for my $m (@all) {
        my ($rtmp, $at, $type, $ts, $payload) = @$m;

        my $ahead = $at / 1000 - (now() - $start);
        nap($ahead) if $ahead > 0;

        $rtmp->message($type, $CSID{$type}, $rtmp->{msid}, $ts & 0xffffffff,
            $payload);
    }

    return $wall;
}

1;
