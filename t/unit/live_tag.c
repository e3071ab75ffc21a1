
/*
 * Copyright (C) the ngx_live contributors
 *
 * Audio and video messages, one row of the format per line.
 */

/* sources: modules/common/ngx_live_tag.c */


#include "tap.h"
#include "ngx_live_tag.h"


typedef struct {
    char         kind;        /* 'v' or 'a' */
    const char  *name;
    const char  *hex;
    const char  *want;
} row_t;


/*
 * What is expected reads: type, codec, flags, and whatever is not 0, then the
 * body as offset+length; "; " before the next track.
 */

static const row_t  rows[] = {

    /* legacy video; the first three as FFmpeg 5.1 sends them */

    { 'v', "avc header",
      "17 00 000000 0142c028ffe1",
      "config h264 key 5+6" },
    { 'v', "avc key frame",
      "17 01 000000 00000254",
      "frame h264 key 5+4" },
    { 'v', "avc end of sequence",
      "17 02 000000",
      "end h264 key 5+0" },
    { 'v', "avc inter frame, cts 80 ms",
      "27 01 000050 00000001",
      "frame h264 cts=80 5+4" },
    { 'v', "avc, negative cts",
      "27 01 ffffd8 00",
      "frame h264 cts=-40 5+1" },
    { 'v', "avc, the least cts",
      "27 01 800000",
      "frame h264 cts=-8388608 5+0" },
    { 'v', "avc, disposable",
      "37 01 7fffff 00",
      "frame h264 disp cts=8388607 5+1" },
    { 'v', "avc header: the time is ignored",
      "17 00 ffffff 01",
      "config h264 key 5+1" },
    { 'v', "avc, unknown packet type", "17 03 000000", "declined" },
    { 'v', "avc, one byte", "17", "error" },
    { 'v', "avc, time cut off", "17 01 0000", "error" },
    { 'v', "legacy hevc header",
      "1c 00 000000 01",
      "config hevc key 5+1" },
    { 'v', "legacy hevc frame",
      "2c 01 000001 00",
      "frame hevc cts=1 5+1" },
    { 'v', "sorenson h.263", "12 0001", "frame flv1 key 1+2" },
    { 'v', "vp6, inter", "24 0001", "frame flv1 1+2" },
    { 'v', "legacy command", "57 00", "command none 2+0" },
    { 'v', "legacy command cut off", "57", "error" },
    { 'v', "legacy codec 0", "10 00", "declined" },
    { 'v', "legacy codec 8", "18 00", "declined" },
    { 'v', "legacy codec 13", "1d 00", "declined" },
    { 'v', "legacy frame type 0", "07 01 000000", "declined" },
    { 'v', "legacy frame type 6", "67 01 000000", "declined" },
    { 'v', "no bytes", "", "declined" },

    /* Enhanced RTMP, one track */

    { 'v', "hvc1 sequence start",
      "90 68766331 0101",
      "config hevc ex key 5+2" },
    { 'v', "hvc1 coded frames, cts 40",
      "91 68766331 000028 00000001",
      "frame hevc ex key cts=40 8+4" },
    { 'v', "hvc1 inter coded frames, negative cts",
      "a1 68766331 ffffff 00",
      "frame hevc ex cts=-1 8+1" },
    { 'v', "hvc1 coded frames x",
      "a3 68766331 00000001",
      "frame hevc ex 5+4" },
    { 'v', "hvc1 sequence end, inter as OBS sends it",
      "a2 68766331",
      "end hevc ex 5+0" },
    { 'v', "avc1 coded frames",
      "91 61766331 00000a 00",
      "frame h264 ex key cts=10 8+1" },
    { 'v', "vvc1 coded frames",
      "91 76766331 000001 00",
      "frame vvc ex key cts=1 8+1" },
    { 'v', "av01 coded frames have no cts",
      "91 61763031 0a0b0c",
      "frame av1 ex key 5+3" },
    { 'v', "vp09 coded frames have no cts",
      "a1 76703039 000102",
      "frame vp9 ex 5+3" },
    { 'v', "vp08 disposable",
      "b1 76703038 00",
      "frame vp8 ex disp 5+1" },
    { 'v', "vp08 coded frames x", "93 76703038 00", "frame vp8 ex key 5+1" },
    { 'v', "av01 mpeg-2 ts start", "95 61763031 80", "declined" },
    { 'v', "unknown packet type 8", "98 68766331 80", "declined" },
    { 'v', "unknown fourcc", "90 78787878 01", "declined" },
    { 'v', "an audio fourcc", "90 6d703461 01", "declined" },
    { 'v', "fourcc cut off", "90 687663", "error" },
    { 'v', "only the first byte", "90", "error" },
    { 'v', "cts cut off", "91 68766331 0000", "error" },

    /* metadata and commands, E4 */

    { 'v', "metadata of OBS, frame type 0",
      "84 68766331 020009636f6c6f72496e666f",
      "metadata hevc ex 5+12" },
    { 'v', "metadata of FFmpeg, frame type 5",
      "d4 68766331 020009",
      "metadata hevc ex 5+3" },
    { 'v', "metadata of track 1, frame type 5",
      "d6 04 68766331 01 0200",
      "metadata hevc ex multi track=1 7+2" },
    { 'v', "command, start of a seek", "d0 00", "command none ex 2+0" },
    { 'v', "command in coded frames", "d1 01", "command none ex 2+0" },
    { 'v', "command in multitrack", "d6 01", "command none ex 2+0" },
    { 'v', "command cut off", "d0", "error" },

    /* ModEx */

    { 'v', "nanoseconds",
      "97 02 000102 03 68766331 00",
      "frame hevc ex key nano=258 10+1" },
    { 'v', "nanoseconds, the most",
      "97 02 0f423f 01 61763031 00",
      "frame av1 ex key nano=999999 10+1" },
    { 'v', "nanoseconds, one more", "97 02 0f4240 01 61763031 00", "error" },
    { 'v', "nanoseconds in 2 bytes", "97 01 0f42 01 61763031", "error" },
    { 'v', "nanoseconds in 4 bytes",
      "97 03 00000500 01 61763031 00",
      "frame av1 ex key nano=5 11+1" },
    { 'v', "an unknown extension is passed over",
      "97 00 aa 13 68766331 00",
      "frame hevc ex key 8+1" },
    { 'v', "two extensions",
      "97 00 aa 17 02 000007 03 68766331 00",
      "frame hevc ex key nano=7 13+1" },
    { 'v', "extension and command", "d7 00 aa 10 00", "command none ex 5+0" },
    { 'v', "extension and multitrack",
      "97 02 000001 06 00 61763031 02 0a",
      "config av1 ex key multi track=2 nano=1 12+1" },
    { 'v', "3-byte size of 4",
      "97 ff 0003 00000900 01 61763031 00",
      "frame av1 ex key nano=9 13+1" },
    { 'v', "3-byte size cut off", "97 ff 00", "error" },
    { 'v', "size beyond the message", "97 ff ffff 00", "error" },
    { 'v', "size without a next type", "97 00 aa", "error" },
    { 'v', "extension cut off", "97", "error" },

    /* multitrack */

    { 'v', "one track, as OBS sends it",
      "96 00 68766331 01 0101",
      "config hevc ex key multi track=1 7+2" },
    { 'v', "one track, coded frames",
      "a6 01 61766331 03 000014 00000001",
      "frame h264 ex multi track=3 cts=20 10+4" },
    { 'v', "many tracks",
      "96 11 68766331 00 000005 00000a aabb 01 000004 ffffff cc",
      "frame hevc ex key multi cts=10 13+2; "
      "frame hevc ex key multi track=1 cts=-1 22+1" },
    { 'v', "many tracks, cts of one is not that of the next",
      "96 21 68766331 00 000003 00000a 61763031 01 000001 cc",
      "frame hevc ex key multi cts=10 13+0; "
      "frame av1 ex key multi track=1 21+1" },
    { 'v', "many codecs, one not known",
      "96 20 78787878 00 000001 aa 61763031 ff 000000",
      "declined; config av1 ex key multi track=255 19+0" },
    { 'v', "many tracks, shared unknown fourcc",
      "96 10 78787878 00 000001 aa 01 000001 bb",
      "declined; declined" },
    { 'v', "many tracks, ends",
      "96 12 68766331 00 000000 01 000000",
      "end hevc ex key multi 10+0; end hevc ex key multi track=1 14+0" },
    { 'v', "size beyond the message, second track",
      "96 10 68766331 00 000001 aa 01 000002 bb",
      "config hevc ex key multi 10+1; error" },
    { 'v', "second track's header cut off",
      "96 10 68766331 00 000001 aa 01 0000",
      "config hevc ex key multi 10+1; error" },
    { 'v', "cts beyond the track",
      "96 11 68766331 00 000002 0000 0000000000",
      "error" },
    { 'v', "no tracks", "96 10 68766331", "error" },
    { 'v', "multitrack in multitrack", "96 06 68766331 00", "error" },
    { 'v', "unknown multitrack type", "96 30 68766331 00", "declined" },
    { 'v', "unknown packet type in multitrack",
      "96 18 68766331 00 000000 01 000000",
      "declined; declined" },
    { 'v', "multitrack cut off", "96", "error" },

    /* legacy audio; the first two as FFmpeg 5.1 sends them */

    { 'a', "aac header", "af 00 119056e500", "config aac 2+5" },
    { 'a', "aac frame", "af 01 de0200", "frame aac 2+3" },
    { 'a', "aac header, mono flags", "a2 00 1210", "config aac 2+2" },
    { 'a', "aac, empty frame", "af 01", "frame aac 2+0" },
    { 'a', "aac, unknown packet type", "af 02 00", "declined" },
    { 'a', "aac, one byte", "af", "error" },
    { 'a', "mp3, 44100 Hz stereo",
      "2f fffb",
      "frame mp3 rate=44100 ch=2 1+2" },
    { 'a', "mp3, 22050 Hz mono", "2a fffb", "frame mp3 rate=22050 ch=1 1+2" },
    { 'a', "mp3 8 kHz", "e2 ff", "frame mp3 rate=8000 ch=1 1+1" },
    { 'a', "linear pcm, 11025 Hz", "37 00", "frame pcm rate=11025 ch=2 1+1" },
    { 'a', "adpcm, 5512 Hz", "10 00", "frame pcm rate=5512 ch=1 1+1" },
    { 'a', "g.711 a", "72 00", "frame pcm rate=8000 ch=1 1+1" },
    { 'a', "nellymoser 8 kHz", "5e 00", "frame pcm rate=8000 ch=1 1+1" },
    { 'a', "speex", "b6 00", "frame pcm rate=16000 ch=1 1+1" },
    { 'a', "format 12", "c0 00", "declined" },
    { 'a', "format 13", "d0 00", "declined" },
    { 'a', "no bytes: silence", "", "silence none 0+0" },

    /* enhanced audio */

    { 'a', "mp4a sequence start",
      "90 6d703461 1190",
      "config aac ex 5+2" },
    { 'a', "mp4a coded frames", "91 6d703461 de02", "frame aac ex 5+2" },
    { 'a', "Opus sequence start",
      "90 4f707573 4f70757348656164",
      "config opus ex 5+8" },
    { 'a', "Opus coded frames", "91 4f707573 fc", "frame opus ex 5+1" },
    { 'a', ".mp3 coded frames", "91 2e6d7033 ff", "frame mp3 ex 5+1" },
    { 'a', "fLaC sequence start", "90 664c6143 66", "config flac ex 5+1" },
    { 'a', "ac-3 coded frames", "91 61632d33 0b77", "frame ac3 ex 5+2" },
    { 'a', "ec-3 coded frames", "91 65632d33 0b77", "frame eac3 ex 5+2" },
    { 'a', "sequence end", "92 6d703461", "end aac ex 5+0" },
    { 'a', "channels, native",
      "94 6d703461 01 06 0000003f",
      "channels aac ex ch=6 5+6" },
    { 'a', "channels, custom",
      "94 6d703461 02 02 0001",
      "channels aac ex ch=2 5+4" },
    { 'a', "channels, unspecified",
      "94 4f707573 00 08",
      "channels opus ex ch=8 5+2" },
    { 'a', "channels, unknown order", "94 6d703461 03 02", "declined" },
    { 'a', "channels, mask cut off", "94 6d703461 01 06 0000", "error" },
    { 'a', "channels, map cut off", "94 6d703461 02 03 0001", "error" },
    { 'a', "channels cut off", "94 6d703461 01", "error" },
    { 'a', "one track, as OBS sends it",
      "95 01 6d703461 01 de02",
      "frame aac ex multi track=1 7+2" },
    { 'a', "many codecs",
      "95 21 6d703461 00 000001 aa 4f707573 01 000002 bbcc",
      "frame aac ex multi 10+1; frame opus ex multi track=1 19+2" },
    { 'a', "multitrack channels",
      "95 14 6d703461 00 000002 0002 01 000002 0006",
      "channels aac ex multi ch=2 10+2; channels aac ex multi track=1 ch=6 "
      "16+2" },
    { 'a', "nanoseconds",
      "97 02 00000a 01 4f707573 fc",
      "frame opus ex nano=10 10+1" },
    { 'a', "multitrack in multitrack", "95 05 6d703461 00", "error" },
    { 'a', "packet type 3", "93 6d703461 00", "declined" },
    { 'a', "packet type 6 is not audio's", "96 6d703461 00", "declined" },
    { 'a', "a video fourcc", "90 68766331 00", "declined" },
    { 'a', "fourcc cut off", "90 6d70", "error" },

    { 0, NULL, NULL, NULL }
};


static const char *const  types[] = {
    "config", "frame", "end", "metadata", "command", "channels", "silence"
};

static const char *const  codecs[] = {
    "none", "h264", "hevc", "av1", "vp8", "vp9", "vvc", "flv1",
    "aac", "mp3", "opus", "flac", "ac3", "eac3", "pcm"
};


static ngx_int_t
parse(char kind, const u_char *p, size_t len, size_t total,
    ngx_live_tag_t *tag)
{
    return (kind == 'v') ? ngx_live_tag_video(p, p + len, total, tag)
                         : ngx_live_tag_audio(p, p + len, total, tag);
}


static void
describe(ngx_int_t rc, ngx_live_tag_t *tag, char *text, size_t size)
{
    size_t  n;

    if (rc != NGX_OK) {
        snprintf(text, size, "%s", rc == NGX_DECLINED ? "declined"
                                   : rc == NGX_AGAIN ? "again"
                                   : rc == NGX_ERROR ? "error" : "?");
        return;
    }

    n = snprintf(text, size, "%s %s%s%s%s%s", types[tag->type],
                 codecs[tag->codec], tag->enhanced ? " ex" : "",
                 tag->keyframe && tag->type != NGX_LIVE_TAG_COMMAND ? " key"
                                                                    : "",
                 tag->disposable ? " disp" : "",
                 tag->multitrack ? " multi" : "");

    if (tag->track) {
        n += snprintf(text + n, size - n, " track=%d", (int) tag->track);
    }

    if (tag->cts) {
        n += snprintf(text + n, size - n, " cts=%d", (int) tag->cts);
    }

    if (tag->nano) {
        n += snprintf(text + n, size - n, " nano=%d", (int) tag->nano);
    }

    if (tag->sample_rate) {
        n += snprintf(text + n, size - n, " rate=%d", (int) tag->sample_rate);
    }

    if (tag->channels) {
        n += snprintf(text + n, size - n, " ch=%d", (int) tag->channels);
    }

    snprintf(text + n, size - n, " %d+%d", (int) (tag->body - tag->start),
             (int) tag->body_len);
}


static void
walk(char kind, const u_char *p, size_t len, size_t total, char *text,
    size_t size)
{
    size_t          n;
    ngx_int_t       rc;
    ngx_live_tag_t  tag;

    n = 0;
    rc = parse(kind, p, len, total, &tag);

    for ( ;; ) {
        describe(rc, &tag, text + n, size - n);
        n = strlen(text);

        if (rc != NGX_OK && rc != NGX_DECLINED) {
            return;
        }

        rc = ngx_live_tag_next(&tag);

        if (rc == NGX_DONE) {
            return;
        }

        n += snprintf(text + n, size - n, "; ");
    }
}


/*
 * Whatever the prefix is: the same answer or NGX_AGAIN, and none of that once
 * the whole message was given.
 */

static int
prefixes(const row_t *row, const u_char *p, size_t len)
{
    char     whole[1024], part[1024];
    char    *again;
    size_t   n;
    u_char  *copy;

    walk(row->kind, p, len, len, whole, sizeof(whole));

    if (strstr(whole, "again") != NULL) {
        return 0;
    }

    for (n = 0; n < len; n++) {

        copy = malloc(n ? n : 1);
        memcpy(copy, p, n);

        walk(row->kind, copy, n, len, part, sizeof(part));
        free(copy);

        again = strstr(part, "again");

        if (again) {
            *again = '\0';
        }

        if (strncmp(part, whole, strlen(part)) != 0
            || (again == NULL && strcmp(part, whole) != 0))
        {
            printf("# %d bytes: %s\n", (int) n, part);
            return 0;
        }
    }

    return 1;
}


static void
test_large(void)
{
    u_char          buf[70000];
    ngx_live_tag_t  tag;

    memset(buf, 0, sizeof(buf));

    /* a frame of 5,000,000 bytes, of which 64 are at hand */

    memcpy(buf, "\xa1hvc1\x00\x00\x28", 8);

    tap_is(ngx_live_tag_video(buf, buf + NGX_LIVE_TAG_PREFIX, 5000000, &tag),
           NGX_OK, "a prefix is enough");
    tap_is(tag.body - buf, 8, "its body");
    tap_is(tag.body_len, 4999992, "its whole length");
    tap_is(tag.fourcc, NGX_LIVE_TAG_FOURCC('h', 'v', 'c', '1'), "its fourcc");
    tap_is(ngx_live_tag_next(&tag), NGX_DONE, "no other track");

    /* more bytes than the message has */

    memcpy(buf, "\xaf\x01\x00\x00", 4);

    tap_is(ngx_live_tag_audio(buf, buf + 100, 4, &tag), NGX_OK,
           "a buffer longer than the message");
    tap_is(tag.body_len, 2, "only the message counts");

    /* the second track begins behind the prefix */

    memcpy(buf, "\x96\x11" "av01" "\x00\x00\xff\xff", 10);

    tap_is(ngx_live_tag_video(buf, buf + 64, 70000, &tag), NGX_OK,
           "the first of two tracks");
    tap_is(tag.body_len, 65535, "its length");
    tap_is(ngx_live_tag_next(&tag), NGX_AGAIN, "the next is out of reach");
    tap_is(ngx_live_tag_next(&tag), NGX_DONE, "and stays so");

    /* an extension of 65536 bytes: the size - 1 is ff ff */

    memset(buf, 0, sizeof(buf));
    memcpy(buf, "\x97\xff\xff\xff", 4);
    buf[6] = 77;
    memcpy(buf + 4 + 65536, "\x01" "av01" "\xee", 6);

    tap_is(ngx_live_tag_video(buf, buf + 64, 4 + 65536 + 6, &tag), NGX_AGAIN,
           "the longest extension, a prefix");
    tap_is(ngx_live_tag_video(buf, buf + 4 + 65536 + 6, 4 + 65536 + 6, &tag),
           NGX_OK, "the longest extension");
    tap_is(tag.nano, 77, "its nanoseconds");
    tap_is(tag.body_len, 1, "the body behind it");
}


int
main(void)
{
    char          text[1024], name[256];
    size_t        len;
    u_char       *p;
    const row_t  *row;

    for (row = rows; row->name; row++) {

        p = tap_bytes(row->hex, &len);

        walk(row->kind, p, len, len, text, sizeof(text));

        snprintf(name, sizeof(name), "%s: %s",
                 row->kind == 'v' ? "video" : "audio", row->name);
        tap_is_text(text, row->want, name);

        snprintf(name, sizeof(name), "%s: %s: prefixes",
                 row->kind == 'v' ? "video" : "audio", row->name);
        tap_ok(prefixes(row, p, len), name);

        free(p);
    }

    test_large();

    return tap_done();
}
