# SPDX-License-Identifier: BSD-2-Clause

# Whether picture and sound are together: the flashes and beeps of
# Test::Live::Whip->media(pattern => 'flash'), in whatever ffmpeg can read.
#
#   my $s = Test::Live::Sync->new($t, 'cam', $file);
#   $s->flashes, $s->beeps      when each of them begins, s
#   $s->skews                   [when, ms that the beep is behind its flash], ...
#   $s->faults                  what the decoders had to say, '' when all is well
#
# new() returns while ffmpeg is at work, the other methods when it has finished.
# Times are the file's own: those of its timestamps, not from its first frame on.

package Test::Live::Sync;

use strict;
use warnings;

use Test::Live::Process;

use constant {
    BRIGHT  => 100,                           # luma
    LOUD    => -20,                           # dB
    SILENT  => 0.3,                           # s, before a beep
    NEAR    => 0.45,                          # s, from a flash to its beep
    TIMEOUT => 60,
};


sub new {
    my ($class, $t, $name, $file) = @_;

    my $base = $t->dir . "/sync-$name";
    my $self = bless { flash => "$base.flash", beep => "$base.beep" }, $class;

    $self->{ffmpeg} = $t->spawn("sync-$name",
        qw(ffmpeg -nostdin -v error -threads 1 -copyts), '-i', $file,
        '-vf', 'scale=16:16,signalstats,metadata=print'
            . ":key=lavfi.signalstats.YAVG:file=$self->{flash}",
        '-af', 'silencedetect=n=' . LOUD . 'dB:d=' . SILENT
            . ',ametadata=print:key=lavfi.silence_end'
            . ":file=$self->{beep}",
        qw(-fps_mode passthrough -enc_time_base:v -1 -f null -));

    return $self;
}


sub flashes {
    my ($self) = @_;

    my ($time, $up, @flashes) = (0, 0);

    for my $line ($self->_lines('flash')) {

        if ($line =~ /pts_time:\s*(-?[\d.]+)/) {
            $time = $1;

        } elsif ($line =~ /=([\d.]+)/) {
            push @flashes, $time if $1 > BRIGHT && !$up;
            $up = $1 > BRIGHT;
        }
    }

    return @flashes;
}


sub beeps {
    my ($self) = @_;
    return map { /silence_end=([\d.]+)/ } $self->_lines('beep');
}


# what a filter has printed

sub _lines {
    my ($self, $what) = @_;

    $self->{ffmpeg}->wait(TIMEOUT);
    return split /\n/, Test::Live::Process::slurp($self->{$what});
}


sub skews {
    my ($self) = @_;

    my @beeps = $self->beeps;
    my @skews;

    for my $flash ($self->flashes) {
        my ($beep) = sort { abs($a - $flash) <=> abs($b - $flash) } @beeps;

        push @skews, [$flash, 1000 * ($beep - $flash)]
            if defined $beep && abs($beep - $flash) < NEAR;
    }

    return @skews;
}


# stock HLS begins its first audio twice, which is not the decoder's word but
# that of the muxer behind it

sub faults {
    my ($self) = @_;

    my $status = $self->{ffmpeg}->wait(TIMEOUT);
    return 'ffmpeg has not ended' unless defined $status;

    return join "\n", grep { !/non monotonically increasing dts to muxer/ }
        split /\n/, $self->{ffmpeg}->stderr;
}

1;
