# SPDX-License-Identifier: BSD-2-Clause

# Pictures with the wall clock in them, for programs to read: sixteen boxes across
# the upper 32 lines are the bits of its milliseconds, the lowest on the left, as
# they were when ffmpeg made the picture.

package Test::Live::Drawn;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(drawn);

use constant STRIP => 32;       # lines


# The arguments of an ffmpeg that sends such pictures and a tone to a URL.
# Options: width, height (sides of H.264, the height above 32), fps, gop (frames),
# bitrate, encoder (arguments, in place of those for a fast one)

sub drawn {
    my ($url, %o) = @_;

    %o = (width => 320, height => 176, fps => 25, bitrate => '400k', %o);
    $o{gop} ||= $o{fps};
    $o{encoder} ||= [qw(-preset ultrafast -tune zerolatency -profile:v baseline)];

    my $rest = $o{height} - STRIP;

    my $clock = join ',', 'settb=1/1000000', 'setpts=RTCTIME-1700000000000000',
        'format=gray',
        "geq=lum='if(mod(floor(mod(T*1000\\,65536)"
            . "/pow(2\\,floor(X*16/W)))\\,2)\\,235\\,16)'",
        'format=yuv420p', "setpts=N/$o{fps}/TB";

    return (qw(ffmpeg -nostdin -v error),
        (map { ('-re', '-f', 'lavfi', '-i', $_) }
            "color=s=$o{width}x@{[STRIP]}:r=$o{fps}",
            "testsrc2=s=$o{width}x$rest:r=$o{fps}", 'sine=f=440:r=48000'),
        '-filter_complex', "[0]${clock}[clock];"
            . "[1]settb=1/1000000,setpts=N/$o{fps}/TB[rest];"
            . "[clock][rest]vstack,fps=$o{fps}" . '[v]',
        qw(-map [v] -map 2:a -c:v libx264), @{ $o{encoder} },
        '-g', $o{gop}, qw(-sc_threshold 0 -b:v), $o{bitrate},
        qw(-c:a aac -ac 2 -flush_packets 1 -f flv), $url);
}

1;
