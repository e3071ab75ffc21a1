
/*
 * Copyright (C) the ngx_live contributors
 *
 * Opus packets: what a packet tells undecoded, against rows by hand, against
 * libopus and against what its encoder makes.
 */

/* sources: modules/ngx_whip/ngx_whip_opus.c */
/* sources: modules/common/ngx_live_opus.c */
/* sources: modules/common/ngx_live_text.c */
/* libs: -lopus -lm */


#include "tap.h"
#include "ngx_live_codec.h"
#include "ngx_live_opus.h"
#include "ngx_whip_opus.h"

#include <math.h>
#include <opus/opus.h>


typedef struct {
    const char  *name;
    const char  *hex;
    size_t       more;      /* bytes of 0 behind those */
    const char  *want;
} row_t;


static const row_t  rows[] = {

    /* the configurations: RFC 6716, table 2 */

    { "silk nb, 10 ms",          "00 00 00",  0, "silk 1 1x480" },
    { "silk nb, 20 ms",          "08 00 00",  0, "silk 1 1x960" },
    { "silk nb, 40 ms",          "10 00 00",  0, "silk 1 1x1920" },
    { "silk nb, 60 ms",          "18 00 00",  0, "silk 1 1x2880" },
    { "silk mb, 60 ms",          "38 00 00",  0, "silk 1 1x2880" },
    { "silk wb, 10 ms",          "40 00 00",  0, "silk 1 1x480" },
    { "silk wb, 60 ms, stereo",  "5c 00 00",  0, "silk 2 1x2880" },
    { "hybrid swb, 10 ms",       "60 00 00",  0, "hybrid 1 1x480" },
    { "hybrid swb, 20 ms",       "68 00 00",  0, "hybrid 1 1x960" },
    { "hybrid fb, 10 ms",        "70 00 00",  0, "hybrid 1 1x480" },
    { "hybrid fb, 20 ms, stereo", "7c 00 00", 0, "hybrid 2 1x960" },
    { "celt nb, 2.5 ms",         "80 00 00",  0, "celt 1 1x120" },
    { "celt wb, 5 ms",           "a8 00 00",  0, "celt 1 1x240" },
    { "celt swb, 10 ms",         "d0 00 00",  0, "celt 1 1x480" },
    { "celt fb, 20 ms, stereo",  "fc 00 00",  0, "celt 2 1x960" },

    /* code 0: one frame */

    { "nothing, rule 1",         "",          0, "error" },
    { "an empty frame",          "fc",        0, "celt 2 1x960 dtx" },
    { "a frame of one byte",     "fc 00",     0, "celt 2 1x960 dtx" },
    { "the largest frame",       "fc",     1275, "celt 2 1x960" },
    { "one more, rule 2",        "fc",     1276, "error" },

    /* code 1: two of one size */

    { "two, empty",              "f9",        0, "celt 1 2x960 dtx" },
    { "two of one byte",         "f9 00 00",  0, "celt 1 2x960 dtx" },
    { "two of two bytes",        "f9",        4, "celt 1 2x960" },
    { "two, uneven, rule 3",     "f9",        5, "error" },
    { "two, the largest",        "f9",     2550, "celt 1 2x960" },
    { "two, larger, rule 2",     "f9",     2552, "error" },
    { "two of 60 ms, 120",       "19",        4, "silk 1 2x2880" },

    /* code 2: two of their own sizes */

    { "no size, rule 4",         "fa",        0, "error" },
    { "both empty",              "fa 00",     0, "celt 1 2x960 dtx" },
    { "1 and 1",                 "fa 01",     2, "celt 1 2x960 dtx" },
    { "0 and 2",                 "fa 00",     2, "celt 1 2x960" },
    { "2 and 0",                 "fa 02",     2, "celt 1 2x960" },
    { "3 of 2, rule 4",          "fa 03",     2, "error" },
    { "251",                     "fa fb",   251, "celt 1 2x960" },
    { "half a size, rule 4",     "fa fc",     0, "error" },
    { "252",                     "fa fc 00", 252, "celt 1 2x960" },
    { "253",                     "fa fd 00", 252, "error" },
    { "1275",                    "fa ff ff", 1275, "celt 1 2x960" },
    { "1275, one missing",       "fa ff ff", 1274, "error" },
    { "the second is too large", "fa 00",  1276, "error" },
    { "the second is not",       "fa 00",  1275, "celt 1 2x960" },

    /* code 3, constant */

    { "no count, rule 6",        "fb",        0, "error" },
    { "no frame, rule 5",        "fb 00",     0, "error" },
    { "one frame",               "fb 01",     2, "celt 1 1x960" },
    { "six of 20 ms, 120",       "fb 06",    12, "celt 1 6x960" },
    { "seven, rule 5",           "fb 07",    14, "error" },
    { "48 of 2.5 ms",            "e3 30",    96, "celt 1 48x120" },
    { "49, rule 5",              "e3 31",    98, "error" },
    { "63, rule 5",              "e3 3f",   126, "error" },
    { "24 of 5 ms",              "eb 18",    48, "celt 1 24x240" },
    { "25, rule 5",              "eb 19",    50, "error" },
    { "12 of 10 ms",             "43 0c",    24, "silk 1 12x480" },
    { "three of 40 ms",          "53 03",     6, "silk 1 3x1920" },
    { "four, rule 5",            "53 04",     8, "error" },
    { "two of 60 ms",            "5b 02",     4, "silk 1 2x2880" },
    { "three, rule 5",           "5b 03",     6, "error" },
    { "all empty",               "fb 06",     0, "celt 1 6x960 dtx" },
    { "no multiple, rule 6",     "fb 02",     3, "error" },
    { "too large, rule 2",       "fb 02",  2552, "error" },

    /* code 3, padding */

    { "no length, rule 6",       "fb 41",     0, "error" },
    { "no padding",              "fb 41 00",  2, "celt 1 1x960" },
    { "three bytes of it",       "fb 41 03",  5, "celt 1 1x960" },
    { "nothing but padding",     "fb 41 03",  3, "celt 1 1x960 dtx" },
    { "longer, rule 6",          "fb 41 04",  3, "error" },
    { "254 bytes of it",         "fb 41 fe", 256, "celt 1 1x960" },
    { "254 in two bytes",        "fb 41 ff 00", 256, "celt 1 1x960" },
    { "255 in two bytes",        "fb 41 ff 01", 257, "celt 1 1x960" },
    { "255 of 254",              "fb 41 ff 01", 254, "error" },
    { "length without its end",  "fb 41 ff",  0, "error" },
    { "length of ff only",       "fb 41 ff ff ff ff ff", 0, "error" },
    { "508 bytes of it",         "fb 42 ff ff 00", 512, "celt 1 2x960" },
    { "no multiple with it",     "fb 42 03",  6, "error" },

    /* code 3, variable */

    { "one of its own size",     "fb 81",     3, "celt 1 1x960" },
    { "one of none",             "fb 81",     0, "celt 1 1x960 dtx" },
    { "one, too large, rule 2",  "fb 81",  1276, "error" },
    { "no size, rule 7",         "fb 82",     0, "error" },
    { "half a size, rule 7",     "fb 82 fc",  0, "error" },
    { "sizes, no frames, rule 7", "fb 83 01 01", 1, "error" },
    { "1, 1 and 0",              "fb 83 01 01", 2, "celt 1 3x960 dtx" },
    { "1, 1 and 1",              "fb 83 01 01", 3, "celt 1 3x960 dtx" },
    { "1, 2 and 0",              "fb 83 01 02", 3, "celt 1 3x960" },
    { "300, 5 and 10",           "fb 83 fc 0c 05", 315, "celt 1 3x960" },
    { "300 and 5 of 304",        "fb 83 fc 0c 05", 304, "error" },
    { "the last is too large",   "fb 82 01", 1277, "error" },
    { "with padding",            "fb c2 04 01", 7, "celt 1 2x960" },
    { "padding over a frame",    "fb c2 04 03", 6, "error" },
    { "padding over the sizes",  "fb c2 02 01 00", 0, "error" },

    /* the copy of the frame before: RFC 6716, 4.2.3 */

    { "10 ms, voice",            "40 80 00",  0, "silk 1 1x480" },
    { "10 ms, copy",             "40 40 00",  0, "silk 1 1x480 lbrr" },
    { "20 ms, copy",             "48 40 00",  0, "silk 1 1x960 lbrr" },
    { "20 ms, all but copy",     "48 bf ff",  0, "silk 1 1x960" },
    { "40 ms, voice twice",      "50 c0 00",  0, "silk 1 1x1920" },
    { "40 ms, copy",             "50 20 00",  0, "silk 1 1x1920 lbrr" },
    { "40 ms, all but copy",     "50 df ff",  0, "silk 1 1x1920" },
    { "60 ms, voice thrice",     "58 e0 00",  0, "silk 1 1x2880" },
    { "60 ms, copy",             "58 10 00",  0, "silk 1 1x2880 lbrr" },
    { "stereo 20 ms, voice",     "4c a0 00",  0, "silk 2 1x960" },
    { "stereo 20 ms, mid's",     "4c 40 00",  0, "silk 2 1x960 lbrr" },
    { "stereo 20 ms, side's",    "4c 10 00",  0, "silk 2 1x960 lbrr" },
    { "stereo 20 ms, neither",   "4c af ff",  0, "silk 2 1x960" },
    { "stereo 40 ms, side's",    "54 04 00",  0, "silk 2 1x1920 lbrr" },
    { "stereo 40 ms, neither",   "54 db ff",  0, "silk 2 1x1920" },
    { "stereo 60 ms, side's",    "5c 01 00",  0, "silk 2 1x2880 lbrr" },
    { "stereo 60 ms, neither",   "5c ee ff",  0, "silk 2 1x2880" },
    { "hybrid, copy",            "78 40 00",  0, "hybrid 1 1x960 lbrr" },
    { "celt has none",           "f8 ff ff",  0, "celt 1 1x960" },
    { "an empty first frame has none", "4a 00 ff ff", 0, "silk 1 2x960" },
    { "the second frame's",      "4a 02 00 00 ff ff", 0, "silk 1 2x960" },
    { "the first frame's",       "4b 83 02 02 40 00 00 00 00 00", 0,
                                                    "silk 1 3x960 lbrr" },
    { "behind padding's length", "4b 41 02 40 00 ff ff", 0,
                                                    "silk 1 1x960 lbrr" },

    { NULL, NULL, 0, NULL }
};


static void
describe(ngx_int_t rc, ngx_whip_opus_t *opus, char *text, size_t size)
{
    static const char *const  modes[] = { "silk", "hybrid", "celt" };

    if (rc != NGX_OK) {
        snprintf(text, size, "error");
        return;
    }

    snprintf(text, size, "%s %d %dx%d%s%s", modes[opus->mode],
             (int) opus->channels, (int) opus->frames, (int) opus->frame,
             opus->lbrr ? " lbrr" : "", opus->dtx ? " dtx" : "");
}


static void
test_rows(void)
{
    char              text[128];
    size_t            len;
    u_char           *p, *copy;
    const row_t      *row;
    ngx_int_t         rc;
    ngx_whip_opus_t   opus;

    for (row = rows; row->name; row++) {

        p = tap_bytes(row->hex, &len);
        copy = calloc(1, len + row->more ? len + row->more : 1);
        memcpy(copy, p, len);

        rc = ngx_whip_opus_parse(&opus, copy, len + row->more);

        describe(rc, &opus, text, sizeof(text));
        tap_is_text(text, row->want, row->name);

        if (rc == NGX_OK && opus.samples != opus.frames * opus.frame) {
            tap_ok(0, "the samples of all its frames");
        }

        free(copy);
        free(p);
    }
}


/* what libopus says of it */

static int
agree(const u_char *p, size_t len)
{
    int                   n, i, dtx;
    ngx_int_t             rc;
    opus_int16            size[48];
    unsigned char         toc;
    ngx_whip_opus_t       opus;
    const unsigned char  *frames[48];

    n = opus_packet_parse(p, (opus_int32) len, &toc, frames, size, NULL);
    rc = ngx_whip_opus_parse(&opus, p, len);

    if (n <= 0 || rc != NGX_OK) {
        return n <= 0 && rc == NGX_ERROR;
    }

    for (dtx = 1, i = 0; i < n; i++) {
        dtx &= (size[i] <= 1);
    }

    return (int) opus.frames == n
           && (int) opus.channels == opus_packet_get_nb_channels(p)
           && (int) opus.frame
              == opus_packet_get_samples_per_frame(p, NGX_WHIP_OPUS_RATE)
           && (int) opus.samples
              == opus_packet_get_nb_samples(p, (opus_int32) len,
                                            NGX_WHIP_OPUS_RATE)
           && opus.dtx == (unsigned) dtx;
}


static void
test_libopus(void)
{
    int       ok;
    size_t    i, n, len;
    u_char    buf[2600], *p;
    uint32_t  r;

    r = 1;
    ok = 1;

    /* all first bytes, with some of few bytes that begin alike */

    for (n = 0; n < 256 * 1000; n++) {

        r = r * 1664525 + 1013904223;
        len = (r >> 16) % ((r & 0x100) ? 2600 : 24) + 1;

        p = buf + sizeof(buf) - len;
        p[0] = (u_char) n;

        for (i = 1; i < len && i < 16; i++) {
            r = r * 1664525 + 1013904223;
            p[i] = (u_char) (r >> 24) >> (r >> 16 & 7);

            if ((r & 0x7000) == 0) {
                p[i] = 0xff;
            }
        }

        if (!agree(p, len)) {
            ok = 0;
            printf("# %d bytes: %02x %02x %02x %02x ...\n", (int) len, p[0],
                   p[1], p[2], p[3]);
            break;
        }
    }

    tap_ok(ok, "256000 packets, as libopus reads them");
}


/* decodes n samples, or stops the test */

static void
decode(OpusDecoder *d, const u_char *p, opus_int32 len, float *pcm, int n,
    int fec)
{
    if (opus_decode_float(d, p, len, pcm, n, fec) != n) {
        printf("Bail out! libopus cannot decode\n");
        exit(2);
    }
}


static double
distance(const float *a, const float *b, int n)
{
    double  sum;

    for (sum = 0; n--; a++, b++) {
        sum += (*a - *b) * (*a - *b);
    }

    return sum;
}


/*
 * An encoder that is told of losses puts copies into packets, of frames that
 * it holds for voice; one that is not does not.  When every other packet is
 * lost, a decoder comes closer to them with copies than without.
 */

static void
test_lbrr(int channels, int ms, int fec)
{
    int               i, k, n, err, copies;
    char              name[64];
    float             pcm[2880 * 2], was[2880 * 2];
    float             with[2880 * 2], without[2880 * 2];
    u_char            buf[1500];
    double            d, d_with, d_without;
    opus_int32        len;
    OpusDecoder      *all, *one, *two;
    OpusEncoder      *e;
    ngx_whip_opus_t   opus;

    e = opus_encoder_create(48000, channels, OPUS_APPLICATION_VOIP, &err);
    all = opus_decoder_create(48000, channels, &err);
    one = opus_decoder_create(48000, channels, &err);
    two = opus_decoder_create(48000, channels, &err);

    opus_encoder_ctl(e, OPUS_SET_BITRATE(24000 * channels));
    opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(fec));
    opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(fec ? 30 : 0));
    opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(e, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));
    opus_encoder_ctl(e, OPUS_SET_FORCE_CHANNELS(channels));

    copies = 0;
    d_with = 0;
    d_without = 0;
    n = ms * 48;

    for (i = 0; i < 40; i++) {

        for (k = 0; k < n * channels; k++) {
            d = i * n + k / channels;
            pcm[k] = (float) (0.3 * sin(d * (0.02 + 0.01 * (k % channels))
                                        + 9 * sin(d * 0.0004)));
        }

        len = opus_encode_float(e, pcm, n, buf, sizeof(buf));

        if (ngx_whip_opus_parse(&opus, buf, len) != NGX_OK
            || opus.mode != NGX_WHIP_OPUS_SILK
            || (int) opus.channels != channels
            || (int) opus.samples != n)
        {
            tap_ok(0, "a packet of libopus");
            break;
        }

        copies += opus.lbrr;

        if (i % 2) {
            decode(all, buf, len, was, n, 0);
            continue;
        }

        if (i > 0) {
            decode(one, opus.lbrr ? buf : NULL, opus.lbrr ? len : 0, with, n,
                   opus.lbrr);
            decode(two, NULL, 0, without, n, 0);

            if (opus.lbrr) {
                d_with += distance(with, was, n * channels);
                d_without += distance(without, was, n * channels);
            }
        }

        decode(all, buf, len, with, n, 0);
        decode(one, buf, len, with, n, 0);
        decode(two, buf, len, with, n, 0);
    }

    snprintf(name, sizeof(name), "%d ms, %d channels, %s: copies in %d packets",
             ms, channels, fec ? "losses" : "no losses", copies);

    tap_ok(fec ? copies > 5 : copies == 0, name);

    if (fec && !tap_ok(d_with < d_without / 2, "  which the decoder uses")) {
        printf("# with %g, without %g\n", d_with, d_without);
    }

    opus_encoder_destroy(e);
    opus_decoder_destroy(all);
    opus_decoder_destroy(one);
    opus_decoder_destroy(two);
}


static void
test_head(void)
{
    u_char            buf[NGX_WHIP_OPUS_HEAD_LEN + 1];
    ngx_live_codec_t  codec;

    static const u_char  want[] = {
        'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0x38, 0x01,
        0x80, 0xbb, 0, 0, 0, 0, 0
    };

    memset(buf, 0xaa, sizeof(buf));

    tap_is(ngx_whip_opus_head(buf, 2, NGX_WHIP_OPUS_PRE_SKIP),
           NGX_WHIP_OPUS_HEAD_LEN, "the length of OpusHead");
    tap_ok(memcmp(buf, want, sizeof(want)) == 0, "its bytes");
    tap_is(buf[NGX_WHIP_OPUS_HEAD_LEN], 0xaa, "nothing behind them");

    (void) ngx_whip_opus_head(buf, 1, 0x1234);
    memset(&codec, 0, sizeof(codec));

    tap_is(ngx_live_opus_config(&codec, buf, buf + NGX_WHIP_OPUS_HEAD_LEN),
           NGX_OK, "it can be read");
    tap_is(codec.channels, 1, "one channel");
    tap_ok(buf[10] == 0x34 && buf[11] == 0x12, "any pre-skip");
}


int
main(void)
{
    int  channels, fec, i;

    static const int  ms[] = { 10, 20, 40, 60 };

    test_rows();
    test_libopus();

    for (channels = 1; channels <= 2; channels++) {
        for (fec = 0; fec <= 1; fec++) {
            for (i = 0; i < 4; i++) {
                test_lbrr(channels, ms[i], fec);
            }
        }
    }

    test_head();

    return tap_done();
}
