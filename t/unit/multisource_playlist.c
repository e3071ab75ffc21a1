
/*
 * Copyright (C) the ngx_live contributors
 *
 * Playlists, literally, and the rules of low-latency HLS on a long simulation
 * of sources that come, go, break off and change: a small parser reads the
 * playlists that are made of an index, and looks at them as players do.
 */

/* sources: modules/ngx_multisource/ngx_multisource_index.c */
/* sources: modules/ngx_multisource/ngx_multisource_playlist.c */


#include "tap.h"
#include "ngx_multisource_cadence.h"
#include "ngx_multisource_playlist.h"


#define HZ           NGX_MULTISOURCE_HZ
#define EPOCH        0x19abcdef012ULL
#define WALL         1795291200000000LL     /* 2026-11-21T20:00:00.000Z */

#define INDEPENDENT  NGX_MULTISOURCE_INDEX_INDEPENDENT
#define GAP          NGX_MULTISOURCE_INDEX_GAP
#define BROKEN       NGX_MULTISOURCE_INDEX_DISCONTINUITY

#define ANSWER       NGX_MULTISOURCE_PLAYLIST_ANSWER
#define HOLD         NGX_MULTISOURCE_PLAYLIST_HOLD
#define REFUSE       NGX_MULTISOURCE_PLAYLIST_REFUSE

#define MAX_SEGMENTS  256
#define MAX_PARTS     64
#define MAX_TEXT      64


typedef ngx_multisource_index_t           index_t;
typedef ngx_multisource_index_head_t      head_t;
typedef ngx_multisource_index_segment_t   segment_t;
typedef ngx_multisource_index_part_t      part_t;
typedef ngx_multisource_index_snapshot_t  snapshot_t;


static char        dir[64], path[80];
static index_t     idx;
static head_t      head;        /* what is being changed */
static snapshot_t  snapshot;
static ngx_log_t   test_log;
static int64_t     wall;
static uint64_t    state = 88172645463325252ULL;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return malloc(size);
}


static uint64_t
random_below(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (state >> 11) % n;
}


static void
bail(const char *why)
{
    printf("Bail out! %s\n", why);
    exit(2);
}


static void
begin(void)
{
    if (ngx_multisource_index_begin(&idx, path, 0, &head) != NGX_OK) {
        bail("cannot begin");
    }
}


static void
commit(void)
{
    ngx_multisource_index_commit(&idx, &head);
}


static void
session(uint64_t epoch)
{
    begin();
    ngx_multisource_index_take(&idx, &head, epoch, 0);
    head.state = NGX_MULTISOURCE_INDEX_LIVE;
    commit();
}


/* a new source, of 1080p30 with audio */

static void
fresh(uint32_t target_duration, uint32_t part_target, uint32_t window)
{
    ngx_multisource_index_close(&idx);
    (void) unlink(path);

    if (ngx_multisource_index_make(&idx, path, 512, 1024) != NGX_OK) {
        bail("cannot make an index");
    }

    wall = WALL;

    begin();

    head.target_duration = target_duration;
    head.part_target = part_target;
    head.window = window;

    (void) strcpy((char *) head.streams.codecs, "avc1.640028,mp4a.40.2");
    head.streams.width = 1920;
    head.streams.height = 1080;
    head.streams.fps = 30000;
    head.streams.bandwidth = 6500000;
    head.streams.average = 6000000;

    ngx_multisource_index_take(&idx, &head, EPOCH, 0);
    head.state = NGX_MULTISOURCE_INDEX_LIVE;

    commit();
}


/* `first`: flags of the segment that begins with it */

static void
add(uint32_t duration, uint32_t bytes, uint32_t flags, uint32_t first)
{
    part_t  part;

    begin();

    if (head.current.parts == 0) {
        head.current.wall = wall;
        head.current.flags |= first;
    }

    ngx_memzero(&part, sizeof(part_t));
    part.duration = duration;
    part.bytes = bytes;
    part.flags = flags;

    ngx_multisource_index_add(&idx, &head, &part);
    commit();

    wall += (int64_t) duration * 100 / 9;
}


static void
finish(void)
{
    segment_t  expired;

    begin();
    ngx_multisource_index_finish(&idx, &head);

    while (ngx_multisource_index_expire(&idx, &head, 0, &expired) == NGX_OK) {
        /* void */
    }

    commit();
}


/* 2 s of parts of 0.5 s that begin with a keyframe */

static void
whole(ngx_uint_t n)
{
    ngx_uint_t  i;

    while (n--) {
        for (i = 0; i < 4; i++) {
            add(45000, 1000, i ? 0 : INDEPENDENT, INDEPENDENT);
        }

        finish();
    }
}


static void
become(uint32_t is)
{
    begin();
    head.state = is;
    commit();
}


/* of the size that was asked for, so that a sanitizer sees a byte too much */

static char *
text(u_char *start, size_t size, u_char *end)
{
    char  *copy;

    if ((size_t) (end - start) > size) {
        bail("a playlist is longer than its size");
    }

    copy = malloc(end - start + 1);
    if (copy == NULL) {
        bail("no memory");
    }

    ngx_memcpy(copy, start, end - start);
    copy[end - start] = '\0';

    free(start);

    return copy;
}


static char *
render(ngx_uint_t skip)
{
    size_t   size;
    u_char  *start;

    if (ngx_multisource_index_snapshot(&idx, &snapshot, &test_log) != NGX_OK) {
        bail("no snapshot");
    }

    size = ngx_multisource_playlist_media_size(&snapshot);
    start = malloc(size);
    if (start == NULL) {
        bail("no memory");
    }

    return text(start, size,
                ngx_multisource_playlist_media(start, &snapshot, skip));
}


static void
is_media(ngx_uint_t skip, const char *want, const char *name)
{
    char  *got;

    got = render(skip);
    tap_is_text(got, want, name);
    free(got);
}


#define CONSTANTS                                                             \
    "#EXTM3U\n"                                                               \
    "#EXT-X-VERSION:9\n"                                                      \
    "#EXT-X-TARGETDURATION:2\n"                                               \
    "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.50000,"      \
    "HOLD-BACK=6.0,CAN-SKIP-UNTIL=12.0\n"                                     \
    "#EXT-X-PART-INF:PART-TARGET=0.50000\n"

#define WHOLE(name)                                                           \
    "#EXT-X-PART:DURATION=0.50000,URI=\"" name ".0.m4s\",INDEPENDENT=YES\n"   \
    "#EXT-X-PART:DURATION=0.50000,URI=\"" name ".1.m4s\"\n"                   \
    "#EXT-X-PART:DURATION=0.50000,URI=\"" name ".2.m4s\"\n"                   \
    "#EXT-X-PART:DURATION=0.50000,URI=\"" name ".3.m4s\"\n"                   \
    "#EXTINF:2.00000,\n" name ".m4s\n"


static void
test_golden(void)
{
    fresh(2, 45000, 8000);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef012-0.0.m4s\"\n",
        "nothing yet");

    add(45000, 1000, INDEPENDENT, INDEPENDENT);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-0.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef012-0.1.m4s\"\n",
        "the first part");

    add(44999, 1000, 0, 0);
    add(38251, 1000, 0, 0);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-0.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.49998,URI=\"19abcdef012-0.1.m4s\"\n"
        "#EXT-X-PART:DURATION=0.42501,URI=\"19abcdef012-0.2.m4s\"\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef012-0.3.m4s\"\n",
        "in the middle of a segment");

    finish();

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-0.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.49998,URI=\"19abcdef012-0.1.m4s\"\n"
        "#EXT-X-PART:DURATION=0.42501,URI=\"19abcdef012-0.2.m4s\"\n"
        "#EXTINF:1.42500,\n"
        "19abcdef012-0.m4s\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef012-1.0.m4s\"\n",
        "a finished segment");

    /* its start is 6 s from the end, then more */

    whole(2);
    add(45000, 1000, INDEPENDENT, 0);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-0.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.49998,URI=\"19abcdef012-0.1.m4s\"\n"
        "#EXT-X-PART:DURATION=0.42501,URI=\"19abcdef012-0.2.m4s\"\n"
        "#EXTINF:1.42500,\n"
        "19abcdef012-0.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:01.424Z\n"
        WHOLE("19abcdef012-1")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:03.424Z\n"
        WHOLE("19abcdef012-2")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:05.424Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-3.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef012-3.1.m4s\"\n",
        "a segment that does not begin with a keyframe");

    add(45000, 1000, 0, 0);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        "#EXTINF:1.42500,\n"
        "19abcdef012-0.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:01.424Z\n"
        WHOLE("19abcdef012-1")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:03.424Z\n"
        WHOLE("19abcdef012-2")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:05.424Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-3.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-3.1.m4s\"\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef012-3.2.m4s\"\n",
        "parts too far from the end are not listed");
}


static void
test_golden_sessions(void)
{
    fresh(2, 45000, 6000);
    whole(1);
    add(45000, 1000, INDEPENDENT, INDEPENDENT);
    become(NGX_MULTISOURCE_INDEX_AWAY);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        WHOLE("19abcdef012-0")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:02.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-1.0.m4s\","
        "INDEPENDENT=YES\n",
        "the publisher is away");

    wall += 1234567;
    session(EPOCH + 1);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        WHOLE("19abcdef012-0")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:02.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-1.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXTINF:0.50000,\n"
        "19abcdef012-1.m4s\n"
        "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"19abcdef013-0.mp4\"\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef013-2.0.m4s\"\n",
        "it is back");

    add(45000, 1000, INDEPENDENT, INDEPENDENT);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        WHOLE("19abcdef012-0")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:02.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-1.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXTINF:0.50000,\n"
        "19abcdef012-1.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-MAP:URI=\"19abcdef013-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:03.734Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-2.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef013-2.1.m4s\"\n",
        "a discontinuity with a new epoch");

    /* a part is lost, a whole segment, and then the codec changes */

    add(45000, 0, GAP, 0);
    finish();
    add(45000, 0, GAP, GAP);
    finish();

    begin();
    head.current.init = 1;
    commit();
    add(45000, 1000, INDEPENDENT, INDEPENDENT|BROKEN);

    is_media(0,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        WHOLE("19abcdef012-0")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:02.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-1.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXTINF:0.50000,\n"
        "19abcdef012-1.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-MAP:URI=\"19abcdef013-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:03.734Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-2.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-2.1.m4s\",GAP=YES\n"
        "#EXTINF:1.00000,\n"
        "19abcdef013-2.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:04.734Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-3.0.m4s\",GAP=YES\n"
        "#EXT-X-GAP\n"
        "#EXTINF:0.50000,\n"
        "19abcdef013-3.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-MAP:URI=\"19abcdef013-1.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:05.234Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-4.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef013-4.1.m4s\"\n",
        "gaps, and another codec");

    /* it ends within a segment, which is then as long as it is */

    become(NGX_MULTISOURCE_INDEX_ENDED);

    is_media(1,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        WHOLE("19abcdef012-0")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:02.000Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef012-1.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXTINF:0.50000,\n"
        "19abcdef012-1.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-MAP:URI=\"19abcdef013-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:03.734Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-2.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-2.1.m4s\",GAP=YES\n"
        "#EXTINF:1.00000,\n"
        "19abcdef013-2.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:04.734Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-3.0.m4s\",GAP=YES\n"
        "#EXT-X-GAP\n"
        "#EXTINF:0.50000,\n"
        "19abcdef013-3.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-MAP:URI=\"19abcdef013-1.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:05.234Z\n"
        "#EXT-X-PART:DURATION=0.50000,URI=\"19abcdef013-4.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXTINF:0.50000,\n"
        "19abcdef013-4.m4s\n"
        "#EXT-X-ENDLIST\n",
        "the end");
}


static void
test_golden_delta(void)
{
    ngx_uint_t  i;

    fresh(2, 45000, 20000);
    whole(2);
    session(EPOCH + 1);
    whole(6);

    is_media(1,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-MAP:URI=\"19abcdef013-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:04.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-2.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:06.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-3.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:08.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-4.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:10.000Z\n"
        WHOLE("19abcdef013-5")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:12.000Z\n"
        WHOLE("19abcdef013-6")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:14.000Z\n"
        WHOLE("19abcdef013-7")
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef013-8.0.m4s\"\n",
        "a delta with the map of its first segment, which the client lacks");

    whole(1);

    begin();
    head.nreports = 3;
    ngx_memzero(head.reports, sizeof(head.reports));

    (void) strcpy((char *) head.reports[0].source, "Face_Cam");
    head.reports[0].msn = 7;
    head.reports[0].part = 3;

    for (i = 0; i < NGX_MULTISOURCE_NAME_MAX; i++) {
        head.reports[1].source[i] = 'x';
    }

    head.reports[1].msn = 1152921504606846976ULL;
    head.reports[1].part = 4294967294U;

    (void) strcpy((char *) head.reports[2].source, "b");
    head.reports[2].part = (uint32_t) -1;
    commit();

    is_media(1,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:06.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-3.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:08.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-4.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:10.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-5.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:12.000Z\n"
        WHOLE("19abcdef013-6")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:14.000Z\n"
        WHOLE("19abcdef013-7")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:16.000Z\n"
        WHOLE("19abcdef013-8")
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef013-9.0.m4s\"\n"
        "#EXT-X-RENDITION-REPORT:URI=\"../Face_Cam/live.m3u8\",LAST-MSN=7,"
        "LAST-PART=3\n"
        "#EXT-X-RENDITION-REPORT:URI=\"../"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/live.m3u8\","
        "LAST-MSN=1152921504606846976,LAST-PART=4294967294\n"
        "#EXT-X-RENDITION-REPORT:URI=\"../b/live.m3u8\",LAST-MSN=0\n",
        "a delta whose map was skipped, and reports");

    /* the discontinuity leaves the list, and then its segment */

    whole(4);

    is_media(1,
        CONSTANTS
        "#EXT-X-MEDIA-SEQUENCE:3\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:1\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:14.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-7.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:16.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-8.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:18.000Z\n"
        "#EXTINF:2.00000,\n19abcdef013-9.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:20.000Z\n"
        WHOLE("19abcdef013-10")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:22.000Z\n"
        WHOLE("19abcdef013-11")
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:24.000Z\n"
        WHOLE("19abcdef013-12")
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef013-13.0.m4s\"\n"
        "#EXT-X-RENDITION-REPORT:URI=\"../Face_Cam/live.m3u8\",LAST-MSN=7,"
        "LAST-PART=3\n"
        "#EXT-X-RENDITION-REPORT:URI=\"../"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/live.m3u8\","
        "LAST-MSN=1152921504606846976,LAST-PART=4294967294\n"
        "#EXT-X-RENDITION-REPORT:URI=\"../b/live.m3u8\",LAST-MSN=0\n",
        "what left the list is counted");
}


/* audio alone, 210 ms: 9 frames of AAC at 44.1 kHz are 0.208979... s */

static void
test_golden_audio(void)
{
    fresh(2, 18900, 6000);

    begin();
    (void) strcpy((char *) head.streams.codecs, "mp4a.40.2");
    head.streams.width = 0;
    head.streams.height = 0;
    head.streams.fps = 0;
    commit();

    add(18808, 3000, INDEPENDENT, INDEPENDENT);
    add(18809, 3000, INDEPENDENT, INDEPENDENT);

    is_media(0,
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-TARGETDURATION:2\n"
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.63000,"
        "HOLD-BACK=6.0,CAN-SKIP-UNTIL=12.0\n"
        "#EXT-X-PART-INF:PART-TARGET=0.21000\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        "#EXT-X-PART:DURATION=0.20897,URI=\"19abcdef012-0.0.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PART:DURATION=0.20898,URI=\"19abcdef012-0.1.m4s\","
        "INDEPENDENT=YES\n"
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"19abcdef012-0.2.m4s\"\n",
        "audio only");
}


/* everything as long as it can be; text() looks at the size */

static void
test_longest(void)
{
    part_t       parts[200];
    size_t       size;
    u_char      *start;
    segment_t    segments[100], *segment;
    snapshot_t   s;
    ngx_uint_t   i, variant;

    for (variant = 0; variant < 8; variant++) {

        ngx_memset(&s, 0xff, sizeof(snapshot_t));
        ngx_memset(segments, 0xff, sizeof(segments));
        ngx_memset(parts, 0xff, sizeof(parts));

        s.segments = segments;
        s.nsegments = variant & 1 ? 100 : 0;
        s.parts = parts;
        s.nparts = 200;

        s.head.state = variant & 2 ? NGX_MULTISOURCE_INDEX_ENDED
                                   : NGX_MULTISOURCE_INDEX_LIVE;
        s.head.nreports = NGX_MULTISOURCE_INDEX_REPORTS;

        for (i = 0; i < NGX_MULTISOURCE_INDEX_REPORTS; i++) {
            ngx_memset(s.head.reports[i].source, 'x',
                       sizeof(s.head.reports[i].source));
            s.head.reports[i].part = (uint32_t) -2;
        }

        for (i = 0; i <= s.nsegments; i++) {
            segment = i < s.nsegments ? &segments[i] : &s.head.current;

            segment->init = (uint32_t) -1 - i;
            segment->part = (uint64_t) -201 + i;
            segment->parts = i < s.nsegments ? 1 : 200 - i;
            segment->duration = variant & 4 ? 1 : (uint32_t) -1;
        }

        for (i = 0; i < 200; i++) {
            parts[i].number = (uint64_t) -201 + i;
            parts[i].bytes = i % 2;
            parts[i].flags = i % 4;
        }

        size = ngx_multisource_playlist_media_size(&s);
        start = malloc(size);
        if (start == NULL) {
            bail("no memory");
        }

        free(text(start, size, ngx_multisource_playlist_media(start, &s, 0)));
    }

    tap_ok(1, "the longest list is not longer than its size");
}


static void
test_dates(void)
{
    u_char      *p;
    char         got[NGX_MULTISOURCE_PLAYLIST_VOD_MAX], want[128];
    ngx_uint_t   i;
    segment_t    segment;

    static const struct {
        int64_t      wall;
        const char  *date;
    } dates[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { -1, "1970-01-01T00:00:00.000Z" },
        { INT64_MIN, "1970-01-01T00:00:00.000Z" },
        { 999, "1970-01-01T00:00:00.000Z" },
        { 1000, "1970-01-01T00:00:00.001Z" },
        { 86399999999LL, "1970-01-01T23:59:59.999Z" },
        { 951782399999999LL, "2000-02-28T23:59:59.999Z" },
        { 951868799999999LL, "2000-02-29T23:59:59.999Z" },
        { 951868800000000LL, "2000-03-01T00:00:00.000Z" },
        { 1709164800000000LL, "2024-02-29T00:00:00.000Z" },
        { 1798761599999000LL, "2026-12-31T23:59:59.999Z" },
        { 1798761600000000LL, "2027-01-01T00:00:00.000Z" },
        { 4107542400000000LL, "2100-03-01T00:00:00.000Z" },
        { 253402300799999999LL, "9999-12-31T23:59:59.999Z" },
        { INT64_MAX, "9999-12-31T04:00:54.775Z" }
    };

    ngx_memzero(&segment, sizeof(segment_t));
    segment.bytes = 1;

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        segment.wall = dates[i].wall;

        p = ngx_multisource_playlist_vod_segment((u_char *) got, &segment,
                                                 &segment);
        *p = '\0';

        snprintf(want, sizeof(want), "#EXT-X-PROGRAM-DATE-TIME:%s\n"
                 "#EXTINF:0.00000,\n00000000000-0.m4s\n", dates[i].date);
        tap_is_text(got, want, dates[i].date);
    }
}


static void
test_vod(void)
{
    char       *got;
    u_char     *p, *start;
    segment_t   segment, before;

    fresh(3, 18900, 6000);

    start = malloc(NGX_MULTISOURCE_PLAYLIST_VOD_MAX * 6);
    if (start == NULL) {
        bail("no memory");
    }

    p = ngx_multisource_playlist_vod_head(start, &head);

    ngx_memzero(&segment, sizeof(segment_t));
    segment.msn = 120;
    segment.epoch = EPOCH;
    segment.wall = WALL;
    segment.duration = 180001;
    segment.bytes = 1;
    segment.parts = 10;
    segment.flags = BROKEN|INDEPENDENT;

    p = ngx_multisource_playlist_vod_segment(p, &segment, NULL);

    before = segment;
    segment.msn++;
    segment.wall += 2000011;
    segment.flags = INDEPENDENT;

    p = ngx_multisource_playlist_vod_segment(p, &segment, &before);

    before = segment;
    segment.msn++;
    segment.wall += 2000011;
    segment.bytes = 0;
    segment.flags = GAP;

    p = ngx_multisource_playlist_vod_segment(p, &segment, &before);

    before = segment;
    segment.msn++;
    segment.epoch++;
    segment.init = 4;
    segment.wall += 2000011;
    segment.duration = 4;
    segment.bytes = 1;
    segment.flags = BROKEN;

    p = ngx_multisource_playlist_vod_segment(p, &segment, &before);
    p = ngx_multisource_playlist_vod_tail(p);

    got = text(start, NGX_MULTISOURCE_PLAYLIST_VOD_MAX * 6, p);

    tap_is_text(got,
        "#EXTM3U\n"
        "#EXT-X-VERSION:6\n"
        "#EXT-X-TARGETDURATION:3\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-MAP:URI=\"19abcdef012-0.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:00.000Z\n"
        "#EXTINF:2.00001,\n"
        "19abcdef012-120.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:02.000Z\n"
        "#EXTINF:2.00001,\n"
        "19abcdef012-121.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:04.000Z\n"
        "#EXT-X-GAP\n"
        "#EXTINF:2.00001,\n"
        "19abcdef012-122.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-MAP:URI=\"19abcdef013-4.mp4\"\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:00:06.000Z\n"
        "#EXTINF:0.00004,\n"
        "19abcdef013-123.m4s\n"
        "#EXT-X-ENDLIST\n",
        "a playlist of a show");

    free(got);
}


static void
is_source(head_t *h, const char *want, const char *name)
{
    char    *got;
    size_t   size;
    u_char  *start;

    size = ngx_multisource_playlist_source_size();
    start = malloc(size);
    if (start == NULL) {
        bail("no memory");
    }

    got = text(start, size, ngx_multisource_playlist_source(start, h));
    tap_is_text(got, want, name);
    free(got);
}


static void
is_streamer(ngx_multisource_playlist_angle_t *angles, ngx_uint_t n,
    const char *want, const char *name)
{
    char    *got;
    size_t   size;
    u_char  *start;

    size = ngx_multisource_playlist_streamer_size(n);
    start = malloc(size);
    if (start == NULL) {
        bail("no memory");
    }

    got = text(start, size, ngx_multisource_playlist_streamer(start, angles,
                                                              n));

    if (want) {
        tap_is_text(got, want, name);
    }

    free(got);
}


static void
angle(ngx_multisource_playlist_angle_t *a, const char *name,
    const char *label, head_t *h)
{
    a->name.data = (u_char *) name;
    a->name.len = strlen(name);
    a->label.data = (u_char *) label;
    a->label.len = strlen(label);
    a->head = h;
}


static void
test_multivariant(void)
{
    char                              long_name[128];
    head_t                            a, b, c, wide;
    ngx_uint_t                        i;
    ngx_multisource_playlist_angle_t  angles[64];

    fresh(2, 18900, 6000);
    a = head;

    is_source(&a,
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=6500000,AVERAGE-BANDWIDTH=6000000,"
        "CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=1920x1080,"
        "FRAME-RATE=30.000\n"
        "live.m3u8\n",
        "a source");

    b = a;
    b.streams.fps = 59940;
    b.streams.width = 1280;
    b.streams.height = 720;
    b.streams.bandwidth = 7000000;
    (void) strcpy((char *) b.streams.codecs, "hvc1.1.6.L93.B0,mp4a.40.2");

    is_source(&b,
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=7000000,AVERAGE-BANDWIDTH=6000000,"
        "CODECS=\"hvc1.1.6.L93.B0,mp4a.40.2\",RESOLUTION=1280x720,"
        "FRAME-RATE=59.940\n"
        "live.m3u8\n",
        "one of 59.94 Hz");

    c = a;
    ngx_memzero(&c.streams, sizeof(c.streams));
    (void) strcpy((char *) c.streams.codecs, "Opus");
    c.streams.bandwidth = 130000;
    c.streams.average = 128000;

    is_source(&c,
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,"
        "CODECS=\"Opus\"\n"
        "live.m3u8\n",
        "one of audio only");

    angle(&angles[0], "main", "main", &a);
    angle(&angles[1], "Face_Cam", "Face Cam", &b);
    angle(&angles[2], "Mic", "Mic", &c);
    angle(&angles[3], "Cam2", "Cam2", &a);

    is_streamer(angles, 4,
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"angles\",NAME=\"main\","
        "DEFAULT=YES,AUTOSELECT=YES,URI=\"main/live.m3u8\"\n"
        "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"angles\",NAME=\"Face Cam\","
        "DEFAULT=NO,AUTOSELECT=NO,URI=\"Face_Cam/live.m3u8\"\n"
        "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"angles\",NAME=\"Cam2\","
        "DEFAULT=NO,AUTOSELECT=NO,URI=\"Cam2/live.m3u8\"\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=7000000,AVERAGE-BANDWIDTH=6000000,"
        "CODECS=\"avc1.640028,mp4a.40.2,hvc1.1.6.L93.B0\","
        "RESOLUTION=1920x1080,FRAME-RATE=59.940,VIDEO=\"angles\"\n"
        "main/live.m3u8\n",
        "angles");

    angle(&angles[0], "Mic", "Mic", &c);
    angle(&angles[1], "Mic2", "Mic2", &c);

    is_streamer(angles, 2,
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,"
        "CODECS=\"Opus\"\n"
        "Mic/live.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,"
        "CODECS=\"Opus\"\n"
        "Mic2/live.m3u8\n",
        "without video");

    is_streamer(angles, 0, "#EXTM3U\n#EXT-X-VERSION:9\n", "nothing");

    /* a codec's name that begins as another one does */

    (void) strcpy((char *) b.streams.codecs, "mp4a.40.29,mp4a.40.2,avc1");
    angle(&angles[0], "a", "a\"\n", &a);
    angle(&angles[1], "b", "b", &b);

    is_streamer(angles, 2,
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"angles\",NAME=\"a__\","
        "DEFAULT=YES,AUTOSELECT=YES,URI=\"a/live.m3u8\"\n"
        "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"angles\",NAME=\"b\","
        "DEFAULT=NO,AUTOSELECT=NO,URI=\"b/live.m3u8\"\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=7000000,AVERAGE-BANDWIDTH=6000000,"
        "CODECS=\"avc1.640028,mp4a.40.2,mp4a.40.29,avc1\","
        "RESOLUTION=1920x1080,FRAME-RATE=59.940,VIDEO=\"angles\"\n"
        "a/live.m3u8\n",
        "codecs whose names begin alike, and a label of any bytes");

    /* nothing is known, and the longest of everything */

    ngx_memzero(&c.streams, sizeof(c.streams));

    is_source(&c,
        "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"
        "live.m3u8\n",
        "a source of which nothing is known");

    wide = a;
    ngx_memset(&wide.streams, 0xff, sizeof(wide.streams));
    ngx_memset(wide.streams.codecs, 'c', NGX_MULTISOURCE_INDEX_CODECS - 1);
    wide.streams.codecs[NGX_MULTISOURCE_INDEX_CODECS - 1] = '\0';

    ngx_memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';

    for (i = 0; i < 64; i++) {
        angle(&angles[i], long_name, long_name, &wide);
    }

    is_streamer(angles, 64, NULL, NULL);
    is_streamer(angles, 1, NULL, NULL);

    wide.streams.width = 0;

    is_streamer(angles, 64, NULL, NULL);
    is_streamer(angles, 1, NULL, NULL);

    tap_ok(1, "the longest are not longer than their size");
}


static void
test_directives(void)
{
    char                           name[128];
    u_char                        *copy;
    ngx_int_t                      rc;
    ngx_str_t                      args;
    ngx_uint_t                     i;
    const char                    *why;
    ngx_multisource_directives_t   d;

    static const struct {
        const char  *args;
        int          has_msn;
        uint64_t     msn;
        int          has_part;
        uint64_t     part;
        int          skip;
    } good[] = {
        { "", 0, 0, 0, 0, 0 },
        { "&&&", 0, 0, 0, 0, 0 },
        { "=&=1&a=&b", 0, 0, 0, 0, 0 },
        { "_HLS_msn=12", 1, 12, 0, 0, 0 },
        { "_HLS_msn=0&_HLS_part=0", 1, 0, 1, 0, 0 },
        { "_HLS_part=3&_HLS_msn=007", 1, 7, 1, 3, 0 },
        { "token=a%26b&_HLS_msn=5&x=_HLS_part=9&_HLS_skip=YES", 1, 5, 0, 0,
          1 },
        { "_HLS_skip=v2", 0, 0, 0, 0, 1 },
        { "_HLS_skip=NO", 0, 0, 0, 0, 0 },
        { "_HLS_skip=YESS&_HLS_skip=yes&_HLS_skip", 0, 0, 0, 0, 0 },
        { "_HLS_push=1&_HLS_report=a&_hls_msn=-1&_HLS_msnx=q", 0, 0, 0, 0, 0 },
        { "_HLS_msn=999999999999999999", 1, 999999999999999999ULL, 0, 0, 0 },
    };

    static const char  *bad[] = {
        "_HLS_msn", "_HLS_msn=", "_HLS_msn=&_HLS_part=1", "_HLS_msn=-1",
        "_HLS_msn=+1", "_HLS_msn= 1", "_HLS_msn=1 ", "_HLS_msn=1.0",
        "_HLS_msn=0x1", "_HLS_msn=one", "_HLS_msn=1;_HLS_part=1",
        "_HLS_msn=18446744073709551616", "_HLS_msn=1000000000000000000",
        "_HLS_msn=%31", "_HLS_msn=1=1",
        "_HLS_part=1", "_HLS_part=", "_HLS_part", "_HLS_msn=1&_HLS_part",
        "_HLS_msn=1&_HLS_part=", "_HLS_msn=1&_HLS_part=-1",
        "_HLS_msn=1&_HLS_part=1a", "_HLS_msn=1&_HLS_msn=1",
        "_HLS_msn=1&_HLS_part=1&_HLS_part=1"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        args.len = strlen(good[i].args);
        args.data = (u_char *) good[i].args;

        rc = ngx_multisource_playlist_directives(&args, &d, &why);

        snprintf(name, sizeof(name), "'%s'", good[i].args);
        tap_ok(rc == NGX_OK
               && d.has_msn == good[i].has_msn && d.msn == good[i].msn
               && d.has_part == good[i].has_part && d.part == good[i].part
               && d.skip == good[i].skip, name);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {

        /* without a NUL behind it */

        args.len = strlen(bad[i]);
        copy = malloc(args.len);
        if (copy == NULL) {
            bail("no memory");
        }

        ngx_memcpy(copy, bad[i], args.len);
        args.data = copy;
        why = NULL;

        rc = ngx_multisource_playlist_directives(&args, &d, &why);

        snprintf(name, sizeof(name), "makes no sense: '%s'", bad[i]);
        tap_ok(rc == NGX_DECLINED && why && strncmp(why, "_HLS_", 5) == 0,
               name);

        free(copy);
    }
}


static ngx_uint_t
wanted(int64_t msn, int64_t part)
{
    ngx_multisource_directives_t  d;

    ngx_memzero(&d, sizeof(d));

    d.has_msn = msn >= 0;
    d.msn = msn >= 0 ? msn : 0;
    d.has_part = part >= 0;
    d.part = part >= 0 ? part : 0;

    return ngx_multisource_playlist_wanted(&head, &d);
}


static ngx_uint_t
wanted_part(uint64_t epoch, uint64_t msn, ngx_uint_t part)
{
    return ngx_multisource_playlist_wanted_part(&head, epoch, msn, part);
}


static void
test_wanted(void)
{
    /* part target 0.5 s: the limit is 6 parts */

    fresh(2, 45000, 20000);

    tap_is(wanted(-1, -1), ANSWER, "no directives: what there is");
    tap_is(wanted(0, -1), HOLD, "the first segment is held");
    tap_is(wanted(0, 0), HOLD, "and its first part");
    tap_is(wanted(1, 0), HOLD, "the second one is 2 beyond what is not there");
    tap_is(wanted(2, -1), REFUSE, "the third is too far");

    whole(10);

    tap_is(wanted(9, -1), ANSWER, "the last segment");
    tap_is(wanted(9, 3), ANSWER, "its last part");
    tap_is(wanted(9, 4), HOLD, "the part behind that is 0 of the next");
    tap_is(wanted(9, 400), HOLD, "whatever its number is");
    tap_is(wanted(8, 4), ANSWER, "of an earlier segment that is there");
    tap_is(wanted(0, 0), ANSWER, "an old one");
    tap_is(wanted(10, -1), HOLD, "the next one");
    tap_is(wanted(10, 0), HOLD, "its first part");
    tap_is(wanted(10, 3), HOLD, "the number of the last one's last part");
    tap_is(wanted(10, 100000), HOLD, "or any other");
    tap_is(wanted(11, -1), HOLD, "two segments beyond the last one");
    tap_is(wanted(11, 0), HOLD, "its first part");
    tap_is(wanted(11, 9), HOLD, "as who has an old list may count");
    tap_is(wanted(11, 10), REFUSE, "a part that is too far");
    tap_is(wanted(12, -1), REFUSE, "three segments beyond");
    tap_is(wanted(12, 0), REFUSE, "its first part too");
    tap_is(wanted(999999999999999999LL, 0), REFUSE, "any number beyond");

    add(45000, 1000, INDEPENDENT, INDEPENDENT);
    add(45000, 1000, 0, 0);

    tap_is(wanted(9, 4), ANSWER, "part 0 of the next has come");
    tap_is(wanted(10, 1), ANSWER, "a part of the open segment");
    tap_is(wanted(10, 2), HOLD, "the next one of it");
    tap_is(wanted(10, -1), HOLD, "the whole segment");
    tap_is(wanted(11, 0), HOLD, "the next one's first");
    tap_is(wanted(12, -1), REFUSE, "one that is too far");

    tap_is(wanted_part(EPOCH, 10, 1), ANSWER, "a part that is there");
    tap_is(wanted_part(EPOCH, 10, 2), HOLD, "the hinted part");
    tap_is(wanted_part(EPOCH, 10, 6), HOLD, "one that can follow");
    tap_is(wanted_part(EPOCH, 10, 7), REFUSE, "one that is too far");
    tap_is(wanted_part(EPOCH, 11, 0), HOLD, "of the segment after it");
    tap_is(wanted_part(EPOCH, 11, 5), REFUSE, "too far in that");
    tap_is(wanted_part(EPOCH, 12, 0), REFUSE, "too far");
    tap_is(wanted_part(EPOCH + 1, 10, 2), REFUSE, "of another session");
    tap_is(wanted_part(EPOCH, 9, 3), ANSWER, "of the segment before");
    tap_is(wanted_part(EPOCH, 9, 4), REFUSE, "which ended with that");
    tap_is(wanted_part(EPOCH, 3, 77), ANSWER,
           "whether it was there is to be looked up");
    tap_is(wanted_part(EPOCH, 10, (ngx_uint_t) -1), REFUSE, "any number");
    tap_is(wanted_part(EPOCH, (uint64_t) -1, 0), REFUSE, "any segment");

    become(NGX_MULTISOURCE_INDEX_AWAY);

    tap_is(wanted(10, 2), HOLD, "who waits does so while it is away");
    tap_is(wanted(-1, -1), ANSWER, "who does not is answered");
    tap_is(wanted_part(EPOCH, 10, 1), ANSWER, "what is there is there");
    tap_is(wanted_part(EPOCH, 10, 2), REFUSE, "no part comes of that session");

    become(NGX_MULTISOURCE_INDEX_ENDED);

    tap_is(wanted(10, 2), ANSWER, "everything is answered at the end");
    tap_is(wanted(9999, 99), ANSWER, "however far it is");
    tap_is(wanted_part(EPOCH, 10, 2), REFUSE, "no part comes");

    become(NGX_MULTISOURCE_INDEX_NEW);

    tap_is(wanted(-1, -1), HOLD, "of a new one everything is held");
    tap_is(wanted(9999, 99), HOLD, "however far it is");
    tap_is(wanted_part(EPOCH, 10, 2), REFUSE, "nobody can know of parts");

    /* a part target of more than a second: the limit is 3 parts */

    fresh(4, 135000, 20000);
    add(135000, 1000, INDEPENDENT, INDEPENDENT);
    finish();

    tap_is(wanted(2, 3), HOLD, "3 parts beyond, of long ones");
    tap_is(wanted(2, 4), REFUSE, "and not more");
}


/* what a player makes of a playlist */

typedef struct {
    char      uri[MAX_TEXT];
    uint64_t  duration;         /* 1e-5 s */
    int       independent;
    int       gap;
} model_part_t;


typedef struct {
    char          uri[MAX_TEXT];
    char          map[MAX_TEXT];
    char          date[MAX_TEXT];
    uint64_t      dsn;
    uint64_t      duration;     /* 1e-5 s */
    int           discontinuity;
    int           gap;
    int           has_map;      /* of its own */
    ngx_uint_t    nparts;
    model_part_t  parts[MAX_PARTS];
} model_segment_t;


typedef struct {
    char             constants[512];    /* up to EXT-X-PART-INF */
    uint64_t         msn;
    uint64_t         dsn;
    uint64_t         skipped;
    int              independent;
    int              ended;
    char             hint[MAX_TEXT];
    char             map_hint[MAX_TEXT];
    ngx_uint_t       nreports;

    ngx_uint_t       nsegments;         /* complete ones */
    model_segment_t  segments[MAX_SEGMENTS];    /* and one that is open */
} model_t;


static const char  *broken;     /* the first rule that was */

#define rule(cond, what)                                                      \
    if (!(cond) && broken == NULL) {                                          \
        broken = what;                                                        \
    }


static int
starts(const char *line, const char *with, const char **rest)
{
    size_t  n;

    n = strlen(with);

    if (strncmp(line, with, n)) {
        return 0;
    }

    *rest = line + n;

    return 1;
}


static uint64_t
units(const char *s)
{
    char      *end;
    uint64_t   n;

    n = strtoull(s, &end, 10) * 100000;

    rule(*end == '.' && strspn(end + 1, "0123456789") == 5,
         "five decimals");

    return n + strtoull(end + 1, NULL, 10);
}


/* the value of URI="..." */

static void
uri_of(const char *s, char *out)
{
    size_t  n;

    s = strstr(s, "URI=\"");
    n = s ? strcspn(s + 5, "\"") : 0;

    rule(n > 0 && n < MAX_TEXT && s[5 + n] == '"', "a URI");

    *out = '\0';

    if (n < MAX_TEXT) {
        memcpy(out, s ? s + 5 : "", n);
        out[n] = '\0';
    }
}


static void
parse(const char *p, model_t *m, const char *skipped_map)
{
    int               tags, parts, first, gap;
    char              line[512], map[MAX_TEXT];
    size_t            n;
    uint64_t          dsn;
    const char       *rest;
    model_part_t     *part;
    model_segment_t  *s;

    ngx_memzero(m, sizeof(model_t));

    s = &m->segments[0];
    dsn = tags = parts = gap = 0;
    first = 1;
    map[0] = '\0';

    for (n = 0; *p; p += n + 1, first++) {

        n = strcspn(p, "\n");

        rule(p[n] == '\n' && n > 0 && n < sizeof(line), "lines");

        if (p[n] != '\n' || n >= sizeof(line)) {
            return;
        }

        ngx_memcpy(line, p, n);
        line[n] = '\0';

        rule(!m->ended, "L19: nothing after the end");

        if (first <= 5) {
            static const char  *begin[] = {
                "#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-TARGETDURATION:",
                "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,",
                "#EXT-X-PART-INF:PART-TARGET="
            };

            rule(starts(line, begin[first - 1], &rest), "L1, L2, L5, L9");
            rule(first > 2 || *rest == '\0', "L1");
            (void) strcat(strcat(m->constants, line), "\n");
            continue;
        }

        if (starts(line, "#EXT-X-MEDIA-SEQUENCE:", &rest)) {
            rule(first == 6, "L3: once, before the segments");
            m->msn = strtoull(rest, NULL, 10);

        } else if (starts(line, "#EXT-X-DISCONTINUITY-SEQUENCE:", &rest)) {
            rule(first == 7, "L4: once, before the segments");
            m->dsn = dsn = strtoull(rest, NULL, 10);

        } else if (strcmp(line, "#EXT-X-INDEPENDENT-SEGMENTS") == 0) {
            rule(!m->independent && first == 8, "L16: once");
            m->independent = 1;

        } else if (starts(line, "#EXT-X-SKIP:SKIPPED-SEGMENTS=", &rest)) {
            rule(m->skipped == 0 && m->nsegments == 0 && !tags, "B6: once");
            m->skipped = strtoull(rest, NULL, 10);
            rule(m->skipped > 0, "B6: a skip of nothing");
            (void) strcpy(map, skipped_map);

        } else if (strcmp(line, "#EXT-X-DISCONTINUITY") == 0) {
            rule(!tags && !parts, "L11: before what it belongs to");
            s->discontinuity = tags = 1;
            dsn++;

        } else if (starts(line, "#EXT-X-MAP:", &rest)) {
            rule(!parts, "L11: the map comes before parts");
            uri_of(rest, map);
            s->has_map = tags = 1;

        } else if (starts(line, "#EXT-X-PROGRAM-DATE-TIME:", &rest)) {
            rule(!parts && s->date[0] == '\0', "L10, L11: the date");
            rule(strlen(rest) == 24 && rest[10] == 'T' && rest[19] == '.'
                 && rest[23] == 'Z', "L10: its form");
            (void) strcpy(s->date, rest);
            tags = 1;

        } else if (strcmp(line, "#EXT-X-GAP") == 0) {
            gap = 1;

        } else if (starts(line, "#EXT-X-PART:DURATION=", &rest)) {
            rule(s->date[0] && map[0], "L10, L11: a part without its tags");
            rule(s->nparts < MAX_PARTS, "too many parts");

            part = &s->parts[s->nparts++];
            part->duration = units(rest);
            part->independent = strstr(rest, ",INDEPENDENT=YES") != NULL;
            part->gap = strstr(rest, ",GAP=YES") != NULL;
            uri_of(rest, part->uri);
            parts = 1;

            (void) strcpy(s->map, map);
            s->dsn = dsn;

        } else if (starts(line, "#EXTINF:", &rest)) {
            rule(s->date[0] && map[0], "L10: a segment without its tags");
            s->duration = units(rest);
            rule(line[n - 1] == ',', "EXTINF");

        } else if (starts(line, "#EXT-X-PRELOAD-HINT:TYPE=PART,", &rest)) {
            rule(m->hint[0] == '\0', "L14: two hints");
            uri_of(rest, m->hint);

        } else if (starts(line, "#EXT-X-PRELOAD-HINT:TYPE=MAP,", &rest)) {
            rule(m->map_hint[0] == '\0', "L14: two hints");
            uri_of(rest, m->map_hint);

        } else if (starts(line, "#EXT-X-RENDITION-REPORT:URI=\"../", &rest)) {
            rule(strstr(rest, "/live.m3u8\",LAST-MSN=")
                 && strstr(rest, ",LAST-PART="), "L15");
            m->nreports++;

        } else if (strcmp(line, "#EXT-X-ENDLIST") == 0) {
            m->ended = 1;

        } else if (line[0] == '#') {
            rule(0, "L1, L20: a tag that is none of ours");

        } else {
            rule(s->duration && n < MAX_TEXT, "a segment without EXTINF");

            (void) strcpy(s->uri, line);
            (void) strcpy(s->map, map);
            s->dsn = dsn;
            s->gap = gap;

            rule(m->nsegments + 1 < MAX_SEGMENTS, "too many segments");
            s = &m->segments[++m->nsegments];
            tags = parts = gap = 0;
        }
    }

    rule(m->ended || !tags || s->nparts, "tags of nothing");
    rule(!gap, "a gap of nothing");
}


/* what has been seen of each segment and part, by its number */

typedef struct {
    model_segment_t  last;
    int              complete;
    int              seen;
} memory_t;


static memory_t  memory[4096];
static char      constants[512], hint[MAX_TEXT];
static uint64_t  hint_msn, hint_part, last_msn, last_dsn;


static uint64_t
span(const model_t *m, const model_segment_t *s)
{
    uint64_t    total;
    ngx_uint_t  i;

    if (s < &m->segments[m->nsegments]) {
        return s->duration;
    }

    for (total = 0, i = 0; i < s->nparts; i++) {
        total += s->parts[i].duration;
    }

    return total;
}


/* the rules of one playlist, and of it after those before */

static void
judge(const model_t *m)
{
    int                     complete, lost;
    uint64_t                td, target, distance, msn, sum;
    memory_t               *old;
    ngx_uint_t              i, j, all;
    const char             *s;
    const model_part_t     *part;
    const model_segment_t  *seg;

    s = strstr(m->constants, "TARGETDURATION:");
    td = s ? strtoull(s + 15, NULL, 10) * 100000 : 0;
    s = strstr(m->constants, "PART-TARGET=");
    target = s ? units(s + 12) : 0;

    rule(constants[0] == '\0' || strcmp(constants, m->constants) == 0,
         "L2, L5, L9: they never change");
    (void) strcpy(constants, m->constants);

    s = strstr(m->constants, "PART-HOLD-BACK=");
    rule(s && units(s + 15) >= 3 * target, "L9: PART-HOLD-BACK");
    s = strstr(m->constants, ",HOLD-BACK=");
    rule(s && strtoull(s + 11, NULL, 10) * 100000 >= 3 * td, "L9: HOLD-BACK");
    s = strstr(m->constants, "CAN-SKIP-UNTIL=");
    rule(s && strtoull(s + 15, NULL, 10) * 100000 >= 6 * td, "L9: skip");

    rule(m->msn >= last_msn, "L3: numbers go back");
    rule(m->dsn >= last_dsn, "L4: numbers go back");

    all = m->nsegments + (m->segments[m->nsegments].nparts > 0);

    for (sum = 0, i = 0; i < m->nsegments; i++) {
        sum += m->segments[i].duration;
    }

    rule(m->msn == last_msn || sum >= 3 * td, "L13: a list that is too short");

    last_msn = m->msn;
    last_dsn = m->dsn;

    distance = sum + span(m, &m->segments[m->nsegments])
                     * (all > m->nsegments);

    for (i = 0; i < all; i++) {
        seg = &m->segments[i];
        msn = m->msn + i;
        complete = i < m->nsegments;

        old = &memory[msn % 4096];

        if (old->seen && old->seen != (int) (msn / 4096) + 1) {
            ngx_memzero(old, sizeof(memory_t));
        }

        rule(seg->date[0], "L10: a date at each segment");
        rule(!complete || (seg->duration + 50000) / 100000 * 100000 <= td,
             "L2: EXTINF");
        rule(i || seg->has_map, "L18: the first segment has a map");
        rule(!m->independent || seg->gap || seg->nparts == 0
             || seg->parts[0].independent || seg->parts[0].gap,
             "L16: a segment that does not begin with a keyframe");

        if (i) {
            rule(strncmp(seg->map, seg[-1].map, MAX_TEXT) == 0
                 || (seg->has_map && seg->discontinuity),
                 "L18: a new map comes with a discontinuity");
            rule(strncmp(seg->map, seg[-1].map, MAX_TEXT) || !seg->has_map,
                 "a map that is there already");
        }

        /* the epoch of its names is that of its map */

        rule(strncmp(seg->map, complete ? seg->uri : seg->parts[0].uri, 12)
             == 0, "C8: names");

        if (old->seen) {
            rule(strcmp(old->last.date, seg->date) == 0, "L10: a date moved");
            rule(old->last.dsn == seg->dsn, "L4: another discontinuity");
            rule(strcmp(old->last.map, seg->map) == 0, "L18: another map");
            rule(!old->complete || (complete
                                    && strcmp(old->last.uri, seg->uri) == 0
                                    && old->last.duration == seg->duration
                                    && old->last.gap == seg->gap),
                 "L3: a complete segment has changed");
            rule(old->complete || seg->nparts >= old->last.nparts,
                 "parts of an open segment left");
        }

        for (lost = 0, sum = 0, j = 0; j < seg->nparts; j++) {
            part = &seg->parts[j];

            rule(part->duration <= target, "L6: a part that is too long");
            rule(part->independent || part->gap
                 || (j + 1 < seg->nparts && seg->parts[j + 1].gap)
                 || j + 1 == seg->nparts
                 || part->duration + 2 >= target * 85 / 100,
                 "L7: a part that is too short");
            rule(distance - sum <= 3 * td + 1000,
                 "L12: a part that is too far from the end");

            if (old->seen && j < old->last.nparts) {
                rule(ngx_memcmp(part, &old->last.parts[j],
                                sizeof(model_part_t)) == 0,
                     "L3: a part has changed");
            }

            if (msn == hint_msn && j == hint_part && hint[0]) {
                rule(strcmp(part->uri, hint) == 0
                     || (j == 0 && seg->discontinuity),
                     "L14: another part than the hinted one");
                hint[0] = '\0';
            }

            lost += part->gap;
            sum += part->duration;
        }

        rule(!complete || seg->nparts == 0
             || (sum <= seg->duration + 1
                 && seg->duration <= sum + seg->nparts + 1),
             "L23: a segment is not the sum of its parts");
        rule(!seg->gap || seg->nparts == 0 || lost, "L17: a gap of nothing");
        rule(seg->gap || !complete || seg->nparts == 0
             || lost < (int) seg->nparts, "L17: a gap that is not told");

        distance -= span(m, seg);

        /* parts that left do not come back */

        if (old->seen && old->complete && old->last.nparts == 0) {
            rule(seg->nparts == 0, "L12: parts came back");
        }

        old->last = *seg;
        old->complete |= complete;
        old->seen = msn / 4096 + 1;
    }

    rule(!m->ended || (!m->hint[0] && !m->map_hint[0] && all == m->nsegments),
         "L19: the end");

    hint[0] = '\0';

    if (m->hint[0]) {
        (void) strcpy(hint, m->hint);
        hint_msn = m->msn + m->nsegments;
        hint_part = m->segments[m->nsegments].nparts;
    }
}


/* a delta is the list less some of its segments */

static void
judge_delta(const char *full, const char *delta, const model_t *m)
{
    uint64_t          td, left;
    ngx_uint_t        i;
    const char       *skip, *rest, *tail;
    static model_t    d;

    skip = strstr(delta, "#EXT-X-SKIP:");

    if (skip == NULL) {
        rule(strcmp(full, delta) == 0, "B6: without a skip it is the list");

        left = 0;

    } else {
        rest = strchr(skip, '\n') + 1;

        rule(strncmp(full, delta, skip - delta) == 0, "B6: another head");

        parse(delta, &d, m->segments[0].map);

        rule(d.skipped < m->nsegments, "B6: too many");
        rule(d.nsegments + d.skipped == m->nsegments, "B6: the number");

        if (d.skipped >= m->nsegments) {
            return;
        }

        /* the first line behind what was skipped */

        tail = strstr(full, m->segments[d.skipped - 1].uri);

        while (tail && tail[-1] != '\n') {
            tail = strstr(tail + 1, m->segments[d.skipped - 1].uri);
        }

        tail = tail ? strchr(tail, '\n') + 1 : "";

        rule(strcmp(tail, rest) == 0, "B6: another rest");

        left = d.skipped;
    }

    td = strtoull(strstr(m->constants, "TARGETDURATION:") + 15, NULL, 10)
         * 100000;

    for (td *= 6, i = m->nsegments; i > left; i--) {
        td -= ngx_min(td, m->segments[i - 1].duration);
    }

    /* a tick or two less, as durations are rounded */

    rule(left == 0 || td < 10, "B6: what is skipped is too young");

    for (td = 0, i = m->nsegments; i > left + 1; i--) {
        td += m->segments[i - 1].duration;
    }

    rule(m->nsegments <= left + 1
         || m->ended
         || td <= strtoull(strstr(m->constants, "TARGETDURATION:") + 15, NULL,
                           10) * 600000 + 10,
         "B6: what is not skipped is older");
}


/* what is asked for is answered when the list has it, and not before */

static void
judge_wanted(const model_t *m)
{
    int                           has;
    uint64_t                      msn, open;
    ngx_str_t                     name;
    ngx_uint_t                    i, j, n, is;
    uint64_t                      epoch, number;
    segment_t                     segment;
    part_t                        found;
    const model_segment_t        *seg;

    open = m->msn + m->nsegments;
    n = m->segments[m->nsegments].nparts;

    for (msn = m->msn ? m->msn - 1 : 0; msn < open + 4; msn++) {

        if (msn > m->msn + 1 && msn + 4 < open) {
            continue;
        }

        has = msn < open;
        is = wanted(msn, -1);

        rule(is == (has || m->ended ? ANSWER : msn <= open + 1 ? HOLD
                                                              : REFUSE),
             "B1: a segment");

        for (i = 0; i < 20; i++) {

            if (msn < open) {
                has = msn + 1 < open || n > 0 || i < head.last_parts;

            } else {
                has = msn == open && i < n;
            }

            is = wanted(msn, i);

            rule((is == ANSWER) == (has || m->ended), "B1, B3: a part");
            rule(is != REFUSE || msn > open, "B4: too strict");
            rule(is != HOLD || msn <= open + 1, "B4: too lenient");
        }
    }

    /* what is listed is found, what is hinted at is held */

    for (i = 0; i <= m->nsegments; i++) {
        seg = &m->segments[i];

        for (j = 0; j < seg->nparts; j++) {
            ngx_uint_t  part;

            name.data = (u_char *) seg->parts[j].uri;
            name.len = strlen(seg->parts[j].uri);

            rule(ngx_multisource_index_parse(&name, &epoch, &number, &part)
                 == NGX_MULTISOURCE_INDEX_NAME_PART
                 && number == m->msn + i && part == j, "the name of a part");
            rule(wanted_part(epoch, number, part) == ANSWER, "a listed part");
            rule(ngx_multisource_index_find_part(&idx, number, part, &segment,
                                                 &found) == NGX_OK
                 && segment.epoch == epoch
                 && (found.bytes || seg->parts[j].gap),
                 "L12: a listed part can be had");
        }
    }

    if (m->hint[0]) {
        ngx_uint_t  part;

        name.data = (u_char *) m->hint;
        name.len = strlen(m->hint);

        rule(ngx_multisource_index_parse(&name, &epoch, &number, &part)
             == NGX_MULTISOURCE_INDEX_NAME_PART
             && number == open && part == n, "L14: the next part");
        rule(wanted_part(epoch, number, part) == HOLD, "B8: the hinted part");
        rule(ngx_multisource_index_find_part(&idx, number, part, &segment,
                                             &found) == NGX_DECLINED,
             "L14: a hint of what is there");
    }
}


static void
look(void)
{
    char            *full, *again, *delta;
    static model_t   m;

    full = render(0);
    again = render(0);
    delta = render(1);

    rule(strcmp(full, again) == 0, "B12: the same twice");

    parse(full, &m, "");

    rule(m.ended == (head.state == NGX_MULTISOURCE_INDEX_ENDED), "L19");
    rule((m.hint[0] != '\0') == (head.state == NGX_MULTISOURCE_INDEX_LIVE),
         "L14: a hint while parts come");
    rule(m.nreports == (m.ended ? 0 : head.nreports), "L15");

    judge(&m);
    judge_delta(full, delta, &m);
    judge_wanted(&m);

    free(full);
    free(again);
    free(delta);
}


/*
 * A source with groups of pictures of any length, that is away for a while,
 * ends, comes back, loses parts and segments and changes its codec
 */

static void
test_simulation(ngx_uint_t seed)
{
    char        name[128];
    int64_t     left;
    uint32_t    td, target, flags, first, length, init;
    uint64_t    epoch;
    ngx_uint_t  i, nparts, segments;

    state = seed * 0x9e3779b97f4a7c15ULL + 1;

    ngx_memzero(memory, sizeof(memory));
    constants[0] = hint[0] = '\0';
    last_msn = last_dsn = 0;
    broken = NULL;

    td = 1 + random_below(6);
    target = 9000 + random_below(60000);
    target = ngx_min(target, td * HZ / 3);
    epoch = EPOCH;
    init = 0;
    nparts = segments = 0;

    fresh(td, target, random_below(40) * 1000);

    for (i = 0; i < 250 && broken == NULL; i++) {

        /* how the segment begins */

        first = random_below(20) ? INDEPENDENT : 0;

        switch (random_below(25)) {

        case 0:     /* another session, with or without being noticed as away */

            if (random_below(2)) {
                become(NGX_MULTISOURCE_INDEX_AWAY);
                look();
            }

            if (random_below(3) == 0) {
                become(NGX_MULTISOURCE_INDEX_ENDED);
                look();
            }

            session(++epoch);
            wall += random_below(10000000);
            init = 0;
            look();
            break;

        case 1:     /* another codec */

            if (head.open) {
                init++;
                first |= BROKEN;

                begin();
                head.current.init = init;
                commit();
            }

            break;

        case 2:     /* other sources */

            begin();
            head.nreports = random_below(NGX_MULTISOURCE_INDEX_REPORTS + 1);
            ngx_memzero(head.reports, sizeof(head.reports));

            for (flags = 0; flags < head.nreports; flags++) {
                head.reports[flags].source[0] = 'a' + flags;
                head.reports[flags].msn = random_below(1000);
                head.reports[flags].part = random_below(20);
            }

            commit();
            break;
        }

        /* rounded it is not more than the target duration */

        left = (int64_t) target + random_below((uint64_t) td * HZ - target);

        if (random_below(15) == 0) {
            left = random_below(target) + 1;
        }

        while (left > 0 && broken == NULL) {
            flags = head.current.parts == 0 ? first & INDEPENDENT
                                            : random_below(12) ? 0
                                                               : INDEPENDENT;
            length = target - random_below(target * 3 / 20 + 1);

            if (flags && random_below(3) == 0) {
                length = 1 + random_below(target);
            }

            length = ngx_min(length, left);

            if (random_below(60) == 0) {
                add(length, 0, GAP, first);

            } else {
                add(length, 1 + random_below(100000), flags, first);
            }

            left -= length;
            nparts++;
            look();

            /* the publisher breaks off */

            if (random_below(200) == 0) {
                become(NGX_MULTISOURCE_INDEX_AWAY);
                look();
                break;
            }
        }

        if (head.state != NGX_MULTISOURCE_INDEX_LIVE) {
            if (random_below(2)) {
                finish();
                look();
            }

            if (random_below(2)) {
                become(NGX_MULTISOURCE_INDEX_ENDED);
                look();
            }

            session(++epoch);
            init = 0;
            look();
            continue;
        }

        finish();
        segments++;
        look();
    }

    become(NGX_MULTISOURCE_INDEX_ENDED);
    look();

    snprintf(name, sizeof(name), "%lu segments and %lu parts of at most "
             "%u and %.3f s", (unsigned long) segments,
             (unsigned long) nparts, td, target / 90000.0);

    if (!tap_ok(broken == NULL, name)) {
        printf("# %s\n", broken);
    }
}


int
main(void)
{
    ngx_uint_t  i;

    alarm(120);

    test_log.log_level = NGX_LOG_ERR;

    (void) strcpy(dir, "/tmp/multisource_playlist.XXXXXX");

    if (mkdtemp(dir) == NULL) {
        bail("cannot make a directory");
    }

    snprintf(path, sizeof(path), "%s/%s", dir, NGX_MULTISOURCE_INDEX_FILE);

    idx.fd = NGX_INVALID_FILE;

    test_golden();
    test_golden_sessions();
    test_golden_delta();
    test_golden_audio();
    test_longest();
    test_dates();
    test_vod();
    test_multivariant();
    test_directives();
    test_wanted();

    for (i = 1; i <= 10; i++) {
        test_simulation(i);
    }

    ngx_multisource_index_close(&idx);
    ngx_multisource_index_forget(&snapshot);

    (void) unlink(path);
    (void) rmdir(dir);

    return tap_done();
}
