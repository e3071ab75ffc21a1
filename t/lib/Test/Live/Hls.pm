# SPDX-License-Identifier: BSD-2-Clause

# All that a source's low-latency HLS has, downloaded.
#
#   my $h = Test::Live::Hls->new($t, '/hls/alice/cam');
#   $h->{codecs}, {resolution}, {frame_rate}    of the multivariant playlist
#   $h->{target_duration}, {part_target}        s, of the media playlist
#   $h->{segments}          { msn, uri, map, duration, wall, parts,
#                             discontinuity }, s; parts: URIs of one not finished
#   $h->sessions            those of one init section after the other
#   my $s = $h->probe($n);  of the session number $n, decoded: what ffprobe says,
#                           with {packets}
#   $h->slew                what times of the wall clock are off, most in a second
#
# An instance whose playlist cannot be had has {error}.

package Test::Live::Hls;

use strict;
use warnings;

use Test::Live::FFmpeg;
use Test::Live::IO;
use Time::Local qw(timegm_modern);


# ms by which the checker lets things be late, --tolerance: where other tests run
# at the same time, a machine is no clock

our $tolerance = ($ENV{EXTENDED} ? 250 : 2000) * $Test::Live::IO::scale;


sub new {
    my ($class, $t, $path) = @_;

    my $self = bless { t => $t, path => $path, segments => [] }, $class;

    my $r = $t->get("$path/index.m3u8");
    return $self->_failed("index.m3u8: $r->{status}") if $r->{status} != 200;

    ($self->{codecs}) = $r->{body} =~ /CODECS="([^"]*)"/;
    ($self->{resolution}) = $r->{body} =~ /RESOLUTION=(\w+)/;
    ($self->{frame_rate}) = $r->{body} =~ /FRAME-RATE=([\d.]+)/;

    $r = $t->get("$path/live.m3u8");
    return $self->_failed("live.m3u8: $r->{status}") if $r->{status} != 200;

    $self->_parse($r->{body});

    return $self;
}


sub _failed {
    my ($self, $error) = @_;

    $self->{error} = "$self->{path}/$error";
    return $self;
}


sub _parse {
    my ($self, $text) = @_;

    my ($msn, $map, $wall) = (0);
    my $segment = { parts => [] };

    for (split /\n/, $text) {
        $self->{target_duration} = $1 if /^#EXT-X-TARGETDURATION:(\d+)/;
        $self->{part_target} = $1 if /PART-TARGET=([\d.]+)/;
        $self->{ended} = 1 if /^#EXT-X-ENDLIST/;
        $msn = $1 if /^#EXT-X-MEDIA-SEQUENCE:(\d+)/;
        $map = $1 if /^#EXT-X-MAP:URI="([^"]+)"/;

        $segment->{discontinuity} = 1 if /^#EXT-X-DISCONTINUITY$/;
        $segment->{wall} = _wall($1) if /^#EXT-X-PROGRAM-DATE-TIME:(.*)/;
        $segment->{duration} = $1 if /^#EXTINF:([\d.]+)/;

        push @{ $segment->{parts} }, $1 if /^#EXT-X-PART:.*URI="([^"]+)"/;

        next if !length || /^#/;

        push @{ $self->{segments} },
            { %$segment, uri => $_, map => $map, msn => $msn++ };
        $segment = { parts => [] };
    }

    push @{ $self->{segments} }, { %$segment, map => $map, msn => $msn }
        if @{ $segment->{parts} };

    return;
}


# s since 1970 of 2026-11-21T20:00:00.000Z

sub _wall {
    my ($text) = @_;

    my ($y, $mon, $d, $h, $m, $s, $part) =
        $text =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(\.\d+)Z$/ or return;

    return timegm_modern($s, $m, $h, $d, $mon - 1, $y) + $part;
}


# lists of segments: a new one begins with each discontinuity and init section

sub sessions {
    my ($self) = @_;

    my @sessions;

    for my $segment (@{ $self->{segments} }) {
        push @sessions, [] if !@sessions || $segment->{discontinuity}
            || $segment->{map} ne $sessions[-1][0]{map};
        push @{ $sessions[-1] }, $segment;
    }

    return @sessions;
}


# what was not downloaded before

sub get {
    my ($self, $uri) = @_;

    return $self->{got}{$uri} //= $self->{t}->get("$self->{path}/$uri");
}


# the file of a session, or of some of its segments, with their init section

sub file {
    my ($self, @segments) = @_;

    (my $name = "$self->{path}-$segments[0]{msn}-$segments[-1]{msn}") =~ tr{/}{_};
    my $bytes = $self->get($segments[0]{map})->{body};

    for my $segment (@segments) {
        $bytes .= $self->get($_)->{body}
            for $segment->{uri} || @{ $segment->{parts} };
    }

    return $self->{t}->write("fetched$name.mp4", $bytes);
}


sub missing {
    my ($self) = @_;
    return grep { $self->{got}{$_}{status} != 200 } sort keys %{ $self->{got} };
}


sub probe {
    my ($self, $n) = @_;

    my @sessions = $self->sessions;

    return Test::Live::FFmpeg->ffprobe($self->file(@{ $sessions[$n] }),
        frames => 1, packets => 1, args => ['-show_packets']);
}


# s by which the wall clock goes wrong from a segment to the next, the most of
# it, within sessions; undef: some have none

sub slew {
    my ($self) = @_;

    my $most = 0;

    for my $session ($self->sessions) {
        my $before;

        for my $segment (@$session) {
            return if !defined $segment->{wall};

            my $off = $before ? abs($segment->{wall} - $before->{wall}
                - $before->{duration}) : 0;

            $most = $off if $off > $most;
            $before = $segment;
        }
    }

    return $most;
}

1;
