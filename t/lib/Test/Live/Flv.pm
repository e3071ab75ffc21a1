# SPDX-License-Identifier: BSD-2-Clause

# What was recorded of a stream, tag by tag.
#
#   my $r = Test::Live::Flv->new($file);
#   $r->{video}, $r->{audio}   timestamps of frames, ms
#   $r->{keys}                 those of keyframes
#   $r->{headers}              sequence headers of the video, {time, config}
#   $r->backwards              pairs of tags of one kind that go back in time
#   $r->gap('video')           the longest time between two frames, ms
#   $r->rate('video')          frames a second, from the first to the last
#   $r->faults                 what a decoder has to say, '' when all is well
#   $r->sizes                  "WxH" of the frames, each change
#   $r->skew                   audio behind video, ms, for media(pattern =>
#                              'flash'): the median, and all of them

package Test::Live::Flv;

use strict;
use warnings;

use Test::Live::Media qw(AUDIO VIDEO flv_reader);


sub new {
    my ($class, $file) = @_;

    my $self = bless { file => $file, video => [], audio => [], keys => [],
        headers => [], backwards => [] }, $class;

    $self->_read;

    return $self;
}


sub _read {
    my ($self) = @_;

    return unless -s $self->{file};

    my $reader = flv_reader($self->{file});
    my %last;

    while (my $tag = $reader->()) {
        my ($type, $time, $bytes) = @$tag;
        next unless $type == AUDIO || $type == VIDEO;

        my $kind = $type == AUDIO ? 'audio' : 'video';

        push @{ $self->{backwards} }, "$kind $last{$kind} -> $time"
            if defined $last{$kind} && $time < $last{$kind};
        $last{$kind} = $time;

        my ($first, $second) = unpack 'C C', $bytes;

        if (!$second) {
            push @{ $self->{headers} }, { time => $time, config => $bytes }
                if $kind eq 'video';
            next;
        }

        push @{ $self->{$kind} }, $time;
        push @{ $self->{keys} }, $time if $kind eq 'video' && $first >> 4 == 1;
    }

    return;
}


sub backwards { return @{ $_[0]{backwards} } }


sub gap {
    my ($self, $kind) = @_;

    my $times = $self->{$kind};
    my $gap = 0;

    for my $i (1 .. $#$times) {
        my $step = $times->[$i] - $times->[$i - 1];
        $gap = $step if $step > $gap;
    }

    return $gap;
}


sub rate {
    my ($self, $kind) = @_;

    my $times = $self->{$kind};

    return @$times > 1 && $times->[-1] > $times->[0]
        ? 1000 * $#$times / ($times->[-1] - $times->[0]) : 0;
}


sub _ffmpeg {
    my ($self, @args) = @_;

    open(my $pipe, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'ffmpeg', qw(ffmpeg
        -nostdin -hide_banner -v error -xerror -i), $self->{file}, qw(-fps_mode passthrough -enc_time_base:v -1), @args)
        or die "ffmpeg: $!";

    local $/;
    my $text = <$pipe>;
    close $pipe;

    return defined $text ? $text : '';
}


sub faults {
    my ($self) = @_;
    return $self->_ffmpeg(qw(-f null -));
}


sub sizes {
    my ($self) = @_;

    open(my $pipe, '-|', qw(ffprobe -v error -select_streams v -of csv=p=0),
        '-show_entries', 'frame=width,height', $self->{file}) or die "ffprobe: $!";

    my @sizes;

    while (my $line = <$pipe>) {
        my ($width, $height) = $line =~ /^(\d+),(\d+)/ or next;

        push @sizes, "${width}x$height"
            if !@sizes || $sizes[-1] ne "${width}x$height";
    }

    close $pipe;
    return @sizes;
}


# when a value that a filter prints goes up over a limit, seconds

sub _edges {
    my ($self, $limit, @args) = @_;

    my ($time, $up, @edges) = (0, 0);

    for my $line (split /\n/, $self->_ffmpeg(@args, qw(-f null -))) {

        if ($line =~ /pts_time:\s*(-?[\d.]+)/) {
            $time = $1;

        } elsif ($line =~ /=(-?inf|-?[\d.]+)/) {
            my $on = $1 ne '-inf' && $1 > $limit;
            push @edges, $time if $on && !$up;
            $up = $on;
        }
    }

    return @edges;
}


sub skew {
    my ($self) = @_;

    my @flashes = $self->_edges(100, '-an', '-vf', 'scale=16:16,signalstats,'
        . 'metadata=print:key=lavfi.signalstats.YAVG:file=-');
    my @beeps = $self->_edges(-30, '-vn', '-af', 'asetnsamples=n=96,'
        . 'astats=metadata=1:reset=1,'
        . 'ametadata=print:key=lavfi.astats.Overall.RMS_level:file=-');

    my @skews;

    for my $flash (@flashes) {
        my ($nearest) = sort { abs($a - $flash) <=> abs($b - $flash) } @beeps;
        next if !defined $nearest || abs($nearest - $flash) > 0.4;
        push @skews, 1000 * ($nearest - $flash);
    }

    my @sorted = sort { $a <=> $b } @skews;

    return ($sorted[@sorted / 2], @skews);
}

1;
