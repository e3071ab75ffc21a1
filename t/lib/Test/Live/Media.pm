# SPDX-License-Identifier: BSD-2-Clause

# FLV tag bodies (RTMP audio and video payloads) that decoders accept: a black
# 640x360 picture at 25 fps and silence.  The codec records and the frames were
# encoded for this file; a frame is named by its distance from its keyframe.
#
#   avc_header()   avc_frame($n, cts => ms, size => bytes)    n = 0: keyframe
#   hevc_header()  hevc_frame($n, ...)      Enhanced RTMP "hvc1", $n < 256
#   av1_header()   av1_frame($n, ...)       Enhanced RTMP "av01", keyframe
#                                           whenever $n is a multiple of 8
#   aac_header()   aac_frame()              AAC-LC, 48 kHz, stereo
#   opus_header()  opus_frame()             Enhanced RTMP "Opus", 20 ms
#   enhanced_video($fourcc, $packet_type, $frame_type, $bytes)
#   enhanced_audio($fourcc, $packet_type, $bytes)
#   avc_config() hevc_config() av1_config() aac_config() opus_config()
#   flv_reader($file)          a sub giving [type, timestamp, payload] per call
#   flv_file($file, [type, timestamp, payload], ...)              writes one
#
# size pads a frame with filler data to about so many bytes; it stays valid.

package Test::Live::Media;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(avc_config avc_header avc_frame hevc_config hevc_header
    hevc_frame av1_config av1_header av1_frame aac_config aac_header aac_frame
    opus_config opus_header opus_frame enhanced_video enhanced_audio
    flv_reader flv_file);

our @EXPORT_OK = qw(AUDIO VIDEO DATA);

# message types, which are FLV tag types as well

use constant { AUDIO => 8, VIDEO => 9, DATA => 18 };

# Enhanced RTMP packet types

use constant { SEQUENCE_START => 0, CODED_FRAMES => 1, CODED_FRAMES_X => 3 };

# baseline, level 3.0, poc type 2, log2_max_frame_num 4, 25 fps VUI

my $AVC_CONFIG = pack 'H*', '0142c01effe10019'
    . '6742c01eda0280bfe5c044000003000400000300c83c58ba80'
    . '01000468ce0fc8';

# main, level 2.1, 8 bits of POC

my $HEVC_CONFIG = pack 'H*',
      '0101600000009000000000003ff000fcfdf8f800000f03'
    . 'a00001001840010c01ffff01600000030090000003000003003fba0240'
    . 'a10001002a42010101600000030090000003000003003fa00502016965ba924c'
    . 'af016808000003000800000300c840'
    . 'a2000100074401c172b42240';

my $HEVC_KEY = pack 'H*',
      '2801af1d80f701b2fffd232fb1c007f44ca5056889a480' . '000003' x 21
    . '00005840';

my $AV1_CONFIG = pack 'H*', '81010c000a0b0000000cc4ff6736be4010';

my @AV1_FRAMES = map { pack 'H*', $_ } (
    '0a0b0000000cc4ff6736be4010324e100085a0041041080000c1b4e5c06880'
        . 'e6c682694ee98a47cad08e24f84dca6aab1e0fbbb0f75d7d150507ed7f392d'
        . '08b0676c4d3c1fb4e292ff4dd9c268e939b18ba47ccfa79a9260d9551c1967',
    '321c30038080fdf80690001659658a000080009834de7da237a8455fcb10',
    '3215300401057df80690001659658a00008000ce335030',
    '321330060209fdf80690001659658a00008000db1a',
    '32133008040e7df80690001659658a00008000d9e0',
    '3213300a0812fdf90690001659658a00000000d230',
    '3213300c00547dfa0690001659658a00000000d040',
    '3212300e0080fdfb0690001659658a00000000c9',
);

my $AAC_CONFIG = pack 'H*', '1190';
my $AAC_FRAME = pack 'H*', '211004608c1c';

# RFC 7845, 5.1: version 1, 2 channels, pre-skip 312, 48000 Hz; a silent
# 20 ms CELT frame

my $OPUS_CONFIG = 'OpusHead' . pack 'C C v V v C', 1, 2, 312, 48000, 0, 0;
my $OPUS_FRAME = pack 'H*', 'fcfffe';


sub avc_config { return $AVC_CONFIG }
sub hevc_config { return $HEVC_CONFIG }
sub av1_config { return $AV1_CONFIG }
sub aac_config { return $AAC_CONFIG }
sub opus_config { return $OPUS_CONFIG }


sub avc_header {
    my ($config) = @_;
    return "\x17\0\0\0\0" . (defined $config ? $config : $AVC_CONFIG);
}


sub avc_frame {
    my ($n, %o) = @_;

    my $nal = $n ? _avc_p($n) : pack 'H*',
        '6588843a2628000902' . 'c9' x 39 . 'd75' x 440 . 'e0';

    my $frame = pack 'N/a', $nal;

    my $pad = ($o{size} || 0) - length($frame) - 5 - 6;
    $frame .= pack 'N/a', "\x0c" . "\xff" x $pad . "\x80" if $pad > 0;

    return pack('C C', $n ? 0x27 : 0x17, 1) . _si24($o{cts}) . $frame;
}


# a slice in which everything is skipped; only frame_num, which straddles the
# second and the third byte, tells these from one another

sub _avc_p {
    my ($n) = @_;
    my $frame_num = $n % 16;

    return pack('C C C', 0x41, 0x9a | $frame_num >> 3, ($frame_num & 7) << 5)
           . pack 'H*', '2e801ccc';
}


sub hevc_header {
    my ($config) = @_;
    return enhanced_video('hvc1', SEQUENCE_START, 1,
        defined $config ? $config : $HEVC_CONFIG);
}


sub hevc_frame {
    my ($n, %o) = @_;

    my $nal = $n ? _hevc_p($n) : $HEVC_KEY;

    my $frame = pack 'N/a', $nal;

    my $pad = ($o{size} || 0) - length($frame) - 8 - 7;
    $frame .= pack 'N/a', "\x4c\x01" . "\xff" x $pad . "\x80" if $pad > 0;

    my $type = $n ? 2 : 1;

    return enhanced_video('hvc1', CODED_FRAMES_X, $type, $frame)
        unless defined $o{cts};
    return enhanced_video('hvc1', CODED_FRAMES, $type,
        _si24($o{cts}) . $frame);
}


# POC straddles the third and the fourth byte; the first one after a keyframe
# has one reference less

sub _hevc_p {
    my ($n) = @_;

    return pack('C C C C', 0x02, 0x01, 0xd0 | $n >> 5, ($n & 31) << 3 | 1)
           . pack 'H*', ($n == 1 ? '7e10c63bfd' : 'ff84318e40fd')
                        . '7fb9579300000300000300005dc0';
}


sub av1_header {
    my ($config) = @_;
    return enhanced_video('av01', SEQUENCE_START, 1,
        defined $config ? $config : $AV1_CONFIG);
}


sub av1_frame {
    my ($n, %o) = @_;

    my $frame = $AV1_FRAMES[$n % @AV1_FRAMES];

    my $pad = ($o{size} || 0) - length($frame) - 5 - 4;
    $frame = substr($frame, 0, $n % @AV1_FRAMES ? 0 : 13)
        . pack('C C C', 0x7a, $pad & 0x7f | 0x80, $pad >> 7 & 0x7f)
        . "\xff" x ($pad - 1) . "\x80"
        . substr($frame, $n % @AV1_FRAMES ? 0 : 13)
        if $pad > 0 && $pad < 1 << 14;

    return enhanced_video('av01', CODED_FRAMES,
        $n % @AV1_FRAMES ? 2 : 1, $frame);
}


sub aac_header {
    my ($config) = @_;
    return "\xaf\0" . (defined $config ? $config : $AAC_CONFIG);
}


sub aac_frame {
    my ($frame) = @_;
    return "\xaf\1" . (defined $frame ? $frame : $AAC_FRAME);
}


sub opus_header {
    return enhanced_audio('Opus', SEQUENCE_START, $OPUS_CONFIG);
}


sub opus_frame {
    return enhanced_audio('Opus', CODED_FRAMES, $OPUS_FRAME);
}


sub enhanced_video {
    my ($fourcc, $packet_type, $frame_type, $bytes) = @_;
    return pack('C a4', 0x80 | $frame_type << 4 | $packet_type, $fourcc)
           . $bytes;
}


sub enhanced_audio {
    my ($fourcc, $packet_type, $bytes) = @_;
    return pack('C a4', 0x90 | $packet_type, $fourcc) . $bytes;
}


sub _si24 {
    my ($v) = @_;
    return substr pack('N', ($v || 0) & 0xffffff), 1;
}


sub flv_reader {
    my ($file) = @_;

    open(my $fh, '<:raw', $file) or die "$file: $!";

    my $head = '';
    read($fh, $head, 13) == 13 && $head =~ /^FLV\x01/
        or die "$file is not FLV";

    return sub {
        read($fh, my $tag, 11) == 11 or return;

        my ($type, $size, $ts, $ext) = unpack 'C a3 a3 C', $tag;

        $size = unpack 'N', "\0$size";
        $ts = unpack('N', "\0$ts") | $ext << 24;

        my $payload = '';
        $size == 0 || read($fh, $payload, $size) == $size or return;
        read($fh, my $back, 4) == 4 or return;

        return [$type & 0x1f, $ts, $payload];
    };
}


sub flv_file {
    my ($file, @tags) = @_;

    open(my $fh, '>:raw', $file) or die "$file: $!";

    print $fh pack 'a3 C C N N', 'FLV', 1, 5, 9, 0;

    for (@tags) {
        my ($type, $ts, $payload) = @$_;

        my $tag = pack('C', $type) . _si24(length $payload) . _si24($ts)
            . pack('C a3', $ts >> 24 & 0xff, '') . $payload;

        print $fh $tag, pack 'N', length $tag;
    }

    close $fh or die "$file: $!";
    return $file;
}

1;
