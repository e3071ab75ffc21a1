
/*
 * Copyright (C) the ngx_live contributors
 *
 * Codec configuration records.  "ffmpeg" marks bytes that FFmpeg 5.1 wrote with
 * the encoder that is named, out of FLV or MP4; the others were made by hand,
 * the H.264 ones checked with FFmpeg's trace_headers.
 */

/* sources: modules/common/ngx_live_codec.c modules/common/ngx_live_h264.c */
/* sources: modules/common/ngx_live_hevc.c modules/common/ngx_live_vvc.c */
/* sources: modules/common/ngx_live_av1.c modules/common/ngx_live_vpx.c */
/* sources: modules/common/ngx_live_aac.c modules/common/ngx_live_opus.c */
/* sources: modules/common/ngx_live_flac.c modules/common/ngx_live_picture.c */
/* sources: modules/common/ngx_live_text.c */


#include "tap.h"
#include "ngx_live_codec.h"


/* an avcC around one SPS and a PPS, for a profile that is not "high" */

#define AVCC(len, sps)  "01 000000 ff e1 00" len sps "01 0004 68ce0fc8"

/* an hvcC with nothing in its fixed part, and one array */

#define HVCC_HEAD       "01 01 60000000 900000000000 78f000fcfdf8f800000f"


typedef struct {
    ngx_uint_t   codec;
    const char  *name;
    const char  *hex;
    const char  *want;        /* name, size, rate and channels, or the answer */
} row_t;


static const row_t  rows[] = {

    /* H.264 */

    { NGX_LIVE_CODEC_H264, "ffmpeg libx264, 1920x1080 cropped from 1088",
      "01 42c028 ff e1 0019"
      "  6742c028da01e0089f970110000003001000000303 20f1832a"
      "01 0004 68ce0fc8",
      "avc1.42c028 1920x1080" },

    { NGX_LIVE_CODEC_H264, "ffmpeg libx264, high profile, cqm=jvt",
      "01 640028 ff e1 0019"
      "  67640028acb403c0113f2e022000000300200000 0641e30654"
      "01 0005 68ce0fcc03 fdf8f800",
      "avc1.640028 1920x1080" },

    { NGX_LIVE_CODEC_H264, "ffmpeg libx264, interlaced 1920x1080",
      "01 4d4028 ff e1 0019"
      "  674d4028f403c0227ef0110000030001000003 00321f162ea0"
      "01 0004 68de0fc8",
      "avc1.4d4028 1920x1080" },

    { NGX_LIVE_CODEC_H264, "ffmpeg libx264, 322x182 cropped",
      "01 42c00d ff e1 0019"
      "  6742c00dda05467889b0110000030001000003 00320f142aa0"
      "01 0004 68ce0fc8",
      "avc1.42c00d 322x182" },

    { NGX_LIVE_CODEC_H264, "ffmpeg libx264, 4:4:4",
      "01 f4000d ff e1 001a"
      "  67f4000d91968151 9e3e2f01100000030010000003 0320f142aa"
      "01 0005 68ce0f1920 fff8f800",
      "avc1.f4000d 322x182" },

    { NGX_LIVE_CODEC_H264, "ffmpeg libx264, 4:2:2",
      "01 7a000d ff e1 0019"
      "  677a000dbcb40a8cf1117808800000030080000019 078a1550"
      "01 0004 68ce0fc8 fef8f800",
      "avc1.7a000d 322x182" },

    { NGX_LIVE_CODEC_H264, "scaling lists: 4x4 intra and inter, 8x8 intra",
      AVCC("2b", "67640028ad94747610e23151448223311cd9a209444c521b93c57c9f93f9"
                 "3f27c9e6e4c922d00f0044fca8"),
      "avc1.640028 1920x1080" },

    { NGX_LIVE_CODEC_H264, "12 scaling lists, default ones, 4:4:4",
      AVCC("14", "67f4002891b08c2308c2308c2205a01e0089f894"),
      "avc1.f40028 1920x1080" },

    { NGX_LIVE_CODEC_H264, "separate planes: cropped by single samples",
      AVCC("0b", "67f40028939681519e3e2d"),
      "avc1.f40028 322x182" },

    { NGX_LIVE_CODEC_H264, "monochrome: cropped by single samples",
      AVCC("0c", "67640028f32a0546720c8b40"),
      "avc1.640028 322x182" },

    { NGX_LIVE_CODEC_H264, "picture order type 1, 3 offsets",
      AVCC("0c", "674d0028d1a210b40501ec80"),
      "avc1.4d0028 640x480" },

    { NGX_LIVE_CODEC_H264, "fields, 4:2:2: cropped by two lines",
      AVCC("0b", "677a0028bcb403c0223e54"),
      "avc1.7a0028 1920x1080" },

    { NGX_LIVE_CODEC_H264, "8192 wide",
      AVCC("0c", "6764003eacb4004000110c80"),
      "avc1.64003e 8192x4352" },

    { NGX_LIVE_CODEC_H264, "wider than 8192",
      AVCC("0c", "6764003eacb4004020110c80"), "error" },
    { NGX_LIVE_CODEC_H264, "cropped to nothing",
      AVCC("09", "67640028acb4f94ba0"), "error" },
    { NGX_LIVE_CODEC_H264, "picture order type 1, 256 offsets",
      AVCC("0a", "674d0028d1a0080a0280f640"), "error" },
    { NGX_LIVE_CODEC_H264, "picture order type 1, 2^40 offsets",
      AVCC("12", "67420028 d8 e0 0000000000 8000000000 0080"), "error" },
    { NGX_LIVE_CODEC_H264, "no SPS", "01 42c028 ff e0 00", "error" },
    { NGX_LIVE_CODEC_H264, "SPS beyond the record",
      "01 42c028 ff e1 0019 6742c028da", "error" },
    { NGX_LIVE_CODEC_H264, "an empty SPS", "01 42c028 ff e1 0000 00", "error" },
    { NGX_LIVE_CODEC_H264, "a PPS in the place of the SPS",
      AVCC("05", "68ce0fc8ff"), "error" },
    { NGX_LIVE_CODEC_H264, "no number of PPS",
      "01 42c028 ff e1 000a 674d0028d1a210b40501", "error" },
    { NGX_LIVE_CODEC_H264, "version 0",
      "00 42c028 ff e1 0019 6742c028da", "error" },
    { NGX_LIVE_CODEC_H264, "Annex B",
      "00000001 6742c028da01e0089f97", "error" },

    /* HEVC; the SEI arrays that libx265 adds are left out */

    { NGX_LIVE_CODEC_HEVC, "ffmpeg libx265, main, 1920x1080",
      "01 01 60000000 900000000000 78 f000 fc fd f8 f8 0000 0f 03"
      "a0 0001 0018 40010c01ffff01600000030090000003000003007895 9409"
      "a1 0001 002b 4201010160000003009000000300000300 78a003c080"
      "             1107cb965654a4c2f0168080000003008000000c84"
      "a2 0001 0006 4401c073c189",
      "hvc1.1.6.L120.90 1920x1080" },

    { NGX_LIVE_CODEC_HEVC, "ffmpeg libx265, main 10, two sub-layers, cropped",
      "01 02 20000000 900000000000 3c f000 fc fd fa fa 0000 13 03"
      "a0 0001 001c 40010c02ffff02200000030090000003000003003c0000"
      "             9594aca048"
      "a1 0001 0030 420102022000000300900000030000 03003c0000a00a880c"
      "             1c44cd965652b2a5261780b4040000030004000003006420"
      "a2 0001 0006 4401c073c189",
      "hvc1.2.4.L60.90 322x182" },

    { NGX_LIVE_CODEC_HEVC, "all name fields: space C, tier high, constraints",
      HVCC_HEAD "01 a1 0001 0017"
      "4201 01 e3 80000001 010203040506 96 a003c0801107cb96",
      "hvc1.C3.80000001.H150.1.2.3.4.5.6 1920x1080" },

    { NGX_LIVE_CODEC_HEVC, "no constraints",
      HVCC_HEAD "01 a1 0001 001b"
      "4201 01 01 60000003000003000003000003005da003c0801107cb96",
      "hvc1.1.6.L93 1920x1080" },

    { NGX_LIVE_CODEC_HEVC, "an SPS of another layer only",
      HVCC_HEAD "01 a1 0001 0017"
      "4209 01 e3 80000001 010203040506 96 a003c0801107cb96", "error" },
    { NGX_LIVE_CODEC_HEVC, "no arrays", HVCC_HEAD "00", "error" },
    { NGX_LIVE_CODEC_HEVC, "no fixed part", "01 01 60", "error" },
    { NGX_LIVE_CODEC_HEVC, "an array cut off", HVCC_HEAD "01 a1 00", "error" },
    { NGX_LIVE_CODEC_HEVC, "a unit cut off",
      HVCC_HEAD "01 a1 0001 0015 420101", "error" },
    { NGX_LIVE_CODEC_HEVC, "65535 units, one there",
      HVCC_HEAD "01 a0 ffff 0002 4001", "error" },
    { NGX_LIVE_CODEC_HEVC, "8 sub-layers",
      HVCC_HEAD "01 a1 0001 0017"
      "4201 0f e3 80000001 010203040506 96 a003c0801107cb96", "error" },

    /* AV1 */

    { NGX_LIVE_CODEC_AV1, "ffmpeg libaom, 322x182",
      "81 00 0c 00 0a0b 0000 00043d06d4daf90040",
      "av01.0.00M.08 322x182" },
    { NGX_LIVE_CODEC_AV1, "ffmpeg SVT-AV1, 640x360, 10 bits",
      "81 01 4c 00 0a0b 0000000cc4ff6700be1010",
      "av01.0.01M.10 640x360" },
    { NGX_LIVE_CODEC_AV1, "no sequence header",
      "81 08 0c 00",
      "av01.0.08M.08 0x0" },
    { NGX_LIVE_CODEC_AV1, "profile 2, high tier, 12 bits",
      "81 50 e0 00",
      "av01.2.16H.12 0x0" },
    { NGX_LIVE_CODEC_AV1, "a temporal delimiter first, an extension byte",
      "81 00 0c 00 1200 0e000b 000000043d06d4daf90040",
      "av01.0.00M.08 322x182" },
    { NGX_LIVE_CODEC_AV1, "a unit without a size",
      "81 00 0c 00 08 000000043d06d4daf90040",
      "av01.0.00M.08 322x182" },

    /*
     * Timing: 1001, 30000, equal, uvlc 00101; model: 20 bits of delay; two
     * points, the first one with level 8, tier 1, its delays 5 and 6, its
     * initial delay; 11 and 11 bits of size.
     */

    { NGX_LIVE_CODEC_AV1, "timing, decoder model, two points",
      "81 08 0c 00 0a 1f 0400000fa40001d4c25cc000000048484c0518000280"
      "                  0033220042abbfc378",
      "av01.0.08M.08 1920x1080" },
    { NGX_LIVE_CODEC_AV1, "a reduced header, 256x300",
      "81 04 0c 00 0a 05 191e3fe570",
      "av01.0.04M.08 256x300" },
    { NGX_LIVE_CODEC_AV1, "version 2", "82 00 0c 00", "error" },
    { NGX_LIVE_CODEC_AV1, "a unit beyond the record",
      "81 00 0c 00 0a0c 000000043d06d4daf90040", "error" },
    { NGX_LIVE_CODEC_AV1, "a unit's size cut off",
      "81 00 0c 00 0a80", "error" },
    { NGX_LIVE_CODEC_AV1, "a unit's size of 9 bytes",
      "81 00 0c 00 0a 808080808080808000", "error" },
    { NGX_LIVE_CODEC_AV1, "a sequence header cut off",
      "81 00 0c 00 0a04 00000004", "error" },
    { NGX_LIVE_CODEC_AV1, "the forbidden bit", "81 00 0c 00 8a00", "error" },
    { NGX_LIVE_CODEC_AV1, "three bytes", "81 00 0c", "error" },

    /* VP8, VP9 */

    { NGX_LIVE_CODEC_VP9, "ffmpeg libvpx, the box",
      "01000000 00 0b 82 02 02 02 0000",
      "vp09.00.11.08 0x0" },
    { NGX_LIVE_CODEC_VP9, "the record alone",
      "00 29 82 01 01 01 0000",
      "vp09.00.41.08 0x0" },
    { NGX_LIVE_CODEC_VP9, "profile 2, 10 bits",
      "02 33 a2 09 10 09 0000",
      "vp09.02.51.10 0x0" },
    { NGX_LIVE_CODEC_VP8, "vp8", "00 0a 80 01 01 01 0000",
      "vp08.00.10.08 0x0" },
    { NGX_LIVE_CODEC_VP9, "depth 9", "00 29 92 01 01 01 0000", "error" },
    { NGX_LIVE_CODEC_VP9, "profile 4", "04 29 82 01 01 01 0000", "error" },
    { NGX_LIVE_CODEC_VP9, "cut off", "00 29 82 01 01 01 00", "error" },

    /* VVC: 1 sub-layer, profile 1, main tier, level 83, 1920x1080 */

    { NGX_LIVE_CODEC_VVC, "with a profile",
      "ff 0011 1f 01 02 53 00 00 0780 0438 0000",
      "vvc1.1.L83 1920x1080" },
    { NGX_LIVE_CODEC_VVC, "three sub-layers, two levels, a sub-profile",
      "ff 0031 1f 01 03 53 00 c0 50 51 01 aabbccdd 0780 0438 0000",
      "vvc1.1.H83 1920x1080" },
    { NGX_LIVE_CODEC_VVC, "without a profile", "fe 00", "vvc1 0x0" },
    { NGX_LIVE_CODEC_VVC, "cut off", "ff 0011 1f 01 02 53 00", "error" },
    { NGX_LIVE_CODEC_VVC, "empty", "", "error" },

    /* AAC */

    { NGX_LIVE_CODEC_AAC, "ffmpeg aac, 48 kHz stereo, no SBR told",
      "1190 56e500", "mp4a.40.2 48000/2" },
    { NGX_LIVE_CODEC_AAC, "ffmpeg aac, 44.1 kHz 5.1",
      "1230 56e500", "mp4a.40.2 44100/6" },
    { NGX_LIVE_CODEC_AAC, "two bytes", "1210", "mp4a.40.2 44100/2" },
    { NGX_LIVE_CODEC_AAC, "7.1, configuration 7", "11b8", "mp4a.40.2 48000/8" },
    { NGX_LIVE_CODEC_AAC, "configuration 0", "1180", "mp4a.40.2 48000/0" },
    { NGX_LIVE_CODEC_AAC, "explicit rate, 48001 Hz",
      "1780 5dc0 90", "mp4a.40.2 48001/2" },

    /* 00101 0110 0001 0011 00010 000: SBR, 24 kHz, mono, 48 kHz, LC */

    { NGX_LIVE_CODEC_AAC, "HE-AAC, mono", "2b098800", "mp4a.40.5 48000/1" },
    { NGX_LIVE_CODEC_AAC, "HE-AAC, stereo", "2b118800", "mp4a.40.5 48000/2" },
    { NGX_LIVE_CODEC_AAC, "HE-AAC v2", "eb098800", "mp4a.40.29 48000/2" },

    /* 00010 0110 0010 000, 01010110111 00101 1 0011, then 10101001000 1 */

    { NGX_LIVE_CODEC_AAC, "HE-AAC, told behind",
      "1310 56e598", "mp4a.40.5 48000/2" },
    { NGX_LIVE_CODEC_AAC, "HE-AAC v2, told behind",
      "1308 56e59d4880", "mp4a.40.29 48000/2" },
    { NGX_LIVE_CODEC_AAC, "padding behind", "1190 00000000",
      "mp4a.40.2 48000/2" },

    /* 11111 001010 0011 0010: object type 32 + 10 = 42, USAC */

    { NGX_LIVE_CODEC_AAC, "escaped object type", "f94640",
      "mp4a.40.42 48000/2" },
    { NGX_LIVE_CODEC_AAC, "reserved rate", "1690", "error" },
    { NGX_LIVE_CODEC_AAC, "explicit rate 0", "17800000 10", "error" },
    { NGX_LIVE_CODEC_AAC, "object type 0", "0190", "error" },
    { NGX_LIVE_CODEC_AAC, "one byte", "11", "error" },
    { NGX_LIVE_CODEC_AAC, "empty", "", "error" },
    { NGX_LIVE_CODEC_AAC, "HE-AAC cut off", "2b09", "error" },

    /* Opus, FLAC */

    { NGX_LIVE_CODEC_OPUS, "ffmpeg libopus, stereo",
      "4f70757348656164 01 02 3801 80bb0000 0000 00", "opus 48000/2" },
    { NGX_LIVE_CODEC_OPUS, "ffmpeg libopus, 5.1",
      "4f70757348656164 01 06 3801 80bb0000 0000 01 0402 000401020305",
      "opus 48000/6" },
    { NGX_LIVE_CODEC_OPUS, "input of 16 kHz",
      "4f70757348656164 01 01 3801 803e0000 0000 00", "opus 48000/1" },
    { NGX_LIVE_CODEC_OPUS, "the table cut off",
      "4f70757348656164 01 06 3801 80bb0000 0000 01 0402 0004010203", "error" },
    { NGX_LIVE_CODEC_OPUS, "no channels",
      "4f70757348656164 01 00 3801 80bb0000 0000 00", "error" },
    { NGX_LIVE_CODEC_OPUS, "version 16",
      "4f70757348656164 10 02 3801 80bb0000 0000 00", "error" },
    { NGX_LIVE_CODEC_OPUS, "cut off",
      "4f70757348656164 01 02 3801 80bb0000 0000", "error" },
    { NGX_LIVE_CODEC_OPUS, "OpusTags",
      "4f70757354616773 01 02 3801 80bb0000 0000 00", "error" },

    { NGX_LIVE_CODEC_FLAC, "ffmpeg flac, 48 kHz stereo",
      "664c6143 00000022 1200 1200 0000c7 000511 0bb802f0 00002580"
      "d9b81de011fef694f3e1d33694c8ae61", "fLaC 48000/2" },
    { NGX_LIVE_CODEC_FLAC, "the last block of its kind, 8 channels",
      "664c6143 80000022 1200 1200 0000c7 000511 17700ef0 00002580"
      "d9b81de011fef694f3e1d33694c8ae61", "fLaC 96000/8" },
    { NGX_LIVE_CODEC_FLAC, "rate 0",
      "664c6143 00000022 1200 1200 0000c7 000511 000002f0 00002580"
      "d9b81de011fef694f3e1d33694c8ae61", "error" },
    { NGX_LIVE_CODEC_FLAC, "another block",
      "664c6143 04000022 1200 1200 0000c7 000511 0bb802f0 00002580"
      "d9b81de011fef694f3e1d33694c8ae61", "error" },
    { NGX_LIVE_CODEC_FLAC, "cut off",
      "664c6143 00000022 1200 1200 0000c7 000511 0bb802f0 00002580"
      "d9b81de011fef694f3e1d33694c8ae", "error" },

    /* no record */

    { NGX_LIVE_CODEC_MP3, "mp3", "", "mp4a.40.34 0/0" },
    { NGX_LIVE_CODEC_AC3, "ac-3", "", "ac-3 0/0" },
    { NGX_LIVE_CODEC_EAC3, "e-ac-3", "ff", "ec-3 0/0" },
    { NGX_LIVE_CODEC_NONE, "none", "", "declined" },
    { NGX_LIVE_CODEC_FLV1, "legacy video", "00", "declined" },
    { NGX_LIVE_CODEC_PCM, "legacy audio", "00", "declined" },
    { 1000, "no codec at all", "00", "declined" },

    { 0, NULL, NULL, NULL }
};


static void
describe(ngx_uint_t codec, const u_char *p, size_t len, char *text, size_t size)
{
    ngx_int_t         rc;
    ngx_live_codec_t  out;

    rc = ngx_live_codec_config(codec, p, p + len, &out);

    if (rc == NGX_ERROR) {
        snprintf(text, size, "error");

    } else if (rc == NGX_DECLINED) {
        snprintf(text, size, "declined");

    } else if (codec >= NGX_LIVE_CODEC_AAC) {
        snprintf(text, size, "%s %d/%d", out.name, (int) out.sample_rate,
                 (int) out.channels);

    } else {
        snprintf(text, size, "%s %dx%d", out.name, (int) out.width,
                 (int) out.height);
    }
}


int
main(void)
{
    char          text[256], name[256];
    size_t        len;
    u_char       *p;
    const row_t  *row;

    for (row = rows; row->name; row++) {

        p = tap_bytes(row->hex, &len);

        describe(row->codec, p, len, text, sizeof(text));
        free(p);

        snprintf(name, sizeof(name), "%s: %s",
                 ngx_live_codec_label(row->codec), row->name);
        tap_is_text(text, row->want, name);
    }

    tap_is_text(ngx_live_codec_label(NGX_LIVE_CODEC_NONE), "none", "no label");
    tap_is_text(ngx_live_codec_label(NGX_LIVE_CODEC_H264), "h264",
                "the first label");
    tap_is_text(ngx_live_codec_label(NGX_LIVE_CODEC_AAC), "aac",
                "a label between");
    tap_is_text(ngx_live_codec_label(NGX_LIVE_CODEC_PCM), "pcm",
                "the last label");
    tap_is_text(ngx_live_codec_label(NGX_LIVE_CODEC_PCM + 1), "unknown",
                "no such codec");

    return tap_done();
}
