
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_cadence.h"
#include "ngx_multisource_playlist.h"


/* upper bounds of what is written at once, bytes */
#define NGX_MULTISOURCE_PLAYLIST_HEAD      1024     /* with hints and the end */
#define NGX_MULTISOURCE_PLAYLIST_SEGMENT   128
#define NGX_MULTISOURCE_PLAYLIST_INIT      96       /* and discontinuity */
#define NGX_MULTISOURCE_PLAYLIST_PART      144
#define NGX_MULTISOURCE_PLAYLIST_REPORT    160
#define NGX_MULTISOURCE_PLAYLIST_VARIANT   512
#define NGX_MULTISOURCE_PLAYLIST_ANGLE     768      /* variant and rendition */

/* 1e-5 s in a tick of 90 kHz are 10 / 9 */
#define NGX_MULTISOURCE_PLAYLIST_UNIT      100000

/* 4.4.3.8: in target durations */
#define NGX_MULTISOURCE_PLAYLIST_HOLD_BACK 3
#define NGX_MULTISOURCE_PLAYLIST_SKIP      6

/* 4.4.3.8: in part targets; 2 would be allowed */
#define NGX_MULTISOURCE_PLAYLIST_PART_HOLD_BACK  3

/* 6.2.2: parts are listed as far from the end, in target durations */
#define NGX_MULTISOURCE_PLAYLIST_PARTS     3

/* 6.2.5.2: the advance part limit is as many seconds, or parts */
#define NGX_MULTISOURCE_PLAYLIST_ADVANCE   3

#define NGX_MULTISOURCE_PLAYLIST_DAY       86400
#define NGX_MULTISOURCE_PLAYLIST_LAST_DAY  2932896  /* 9999-12-31 */

#define NGX_MULTISOURCE_PLAYLIST_GROUP     "angles"


#define ngx_multisource_playlist_text(p, text)                                \
    ngx_cpymem(p, text, sizeof(text) - 1)


static ngx_int_t ngx_multisource_playlist_number(const u_char *p,
    const u_char *last, uint64_t *number);
static u_char *ngx_multisource_playlist_digits(u_char *p, uint64_t value,
    ngx_uint_t digits);
static u_char *ngx_multisource_playlist_seconds(u_char *p, uint64_t units);
static u_char *ngx_multisource_playlist_date(u_char *p, int64_t wall);
static ngx_uint_t ngx_multisource_playlist_other_init(
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_segment_t *before);
static u_char *ngx_multisource_playlist_begin(u_char *p,
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_segment_t *before);
static u_char *ngx_multisource_playlist_parts(u_char *p,
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_part_t *parts);
static u_char *ngx_multisource_playlist_end(u_char *p,
    const ngx_multisource_index_segment_t *segment);
static const ngx_multisource_index_part_t *ngx_multisource_playlist_listed(
    const ngx_multisource_index_snapshot_t *snapshot,
    const ngx_multisource_index_segment_t *segment);
static ngx_uint_t ngx_multisource_playlist_independent(
    const ngx_multisource_index_snapshot_t *snapshot);
static ngx_uint_t ngx_multisource_playlist_skipped(
    const ngx_multisource_index_snapshot_t *snapshot);
static u_char *ngx_multisource_playlist_constants(u_char *p,
    const ngx_multisource_index_head_t *head);
static u_char *ngx_multisource_playlist_hints(u_char *p,
    const ngx_multisource_index_head_t *head,
    const ngx_multisource_index_segment_t *last);
static u_char *ngx_multisource_playlist_reports(u_char *p,
    const ngx_multisource_index_head_t *head);
static u_char *ngx_multisource_playlist_variant(u_char *p,
    const ngx_multisource_index_streams_t *streams, const ngx_str_t *codecs);
static u_char *ngx_multisource_playlist_name(u_char *p,
    const ngx_str_t *name);
static u_char *ngx_multisource_playlist_rendition(u_char *p,
    const ngx_multisource_playlist_angle_t *angle, ngx_uint_t first);
static u_char *ngx_multisource_playlist_angles(u_char *p,
    const ngx_multisource_playlist_angle_t *angles, ngx_uint_t nangles);
static u_char *ngx_multisource_playlist_codecs(u_char *p, u_char *start,
    const u_char *codecs);


ngx_int_t
ngx_multisource_playlist_directives(const ngx_str_t *args,
    ngx_multisource_directives_t *directives, const char **why)
{
    size_t   len;
    u_char  *p, *end, *last, *value;

    ngx_memzero(directives, sizeof(ngx_multisource_directives_t));

    p = args->data;
    last = p + args->len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        value = ngx_strlchr(p, end, '=');

        if (value == NULL) {
            value = end;
        }

        len = value - p;

        if (value < end) {
            value++;
        }

        if (len == sizeof("_HLS_msn") - 1
            && ngx_memcmp(p, "_HLS_msn", len) == 0)
        {
            if (directives->has_msn
                || ngx_multisource_playlist_number(value, end,
                                                   &directives->msn)
                   != NGX_OK)
            {
                *why = "_HLS_msn is not one number";
                return NGX_DECLINED;
            }

            directives->has_msn = 1;

        } else if (len == sizeof("_HLS_part") - 1
                   && ngx_memcmp(p, "_HLS_part", len) == 0)
        {
            if (directives->has_part
                || ngx_multisource_playlist_number(value, end,
                                                   &directives->part)
                   != NGX_OK)
            {
                *why = "_HLS_part is not one number";
                return NGX_DECLINED;
            }

            directives->has_part = 1;

        } else if (len == sizeof("_HLS_skip") - 1
                   && ngx_memcmp(p, "_HLS_skip", len) == 0)
        {
            len = end - value;

            if ((len == 3 && ngx_memcmp(value, "YES", 3) == 0)
                || (len == 2 && ngx_memcmp(value, "v2", 2) == 0))
            {
                directives->skip = 1;
            }
        }
    }

    if (directives->has_part && !directives->has_msn) {
        *why = "_HLS_part is of no use without _HLS_msn";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_playlist_number(const u_char *p, const u_char *last,
    uint64_t *number)
{
    uint64_t  n;

    /* 18 digits cannot overflow */

    if (p == last || last - p > 18) {
        return NGX_DECLINED;
    }

    for (n = 0; p < last; p++) {
        if (*p < '0' || *p > '9') {
            return NGX_DECLINED;
        }

        n = n * 10 + (*p - '0');
    }

    *number = n;

    return NGX_OK;
}


ngx_uint_t
ngx_multisource_playlist_wanted(const ngx_multisource_index_head_t *head,
    const ngx_multisource_directives_t *directives)
{
    uint64_t  msn, limit;

    if (head->state == NGX_MULTISOURCE_INDEX_ENDED) {
        return NGX_MULTISOURCE_PLAYLIST_ANSWER;
    }

    if (head->state == NGX_MULTISOURCE_INDEX_NEW) {
        return NGX_MULTISOURCE_PLAYLIST_HOLD;
    }

    if (!directives->has_msn) {
        return NGX_MULTISOURCE_PLAYLIST_ANSWER;
    }

    msn = directives->msn;

    if (msn < head->open) {

        /* beyond the last part of a segment is part 0 of the next one */

        if (!directives->has_part
            || msn + 1 < head->open
            || directives->part < head->last_parts
            || head->current.parts)
        {
            return NGX_MULTISOURCE_PLAYLIST_ANSWER;
        }

        return NGX_MULTISOURCE_PLAYLIST_HOLD;
    }

    if (msn == head->open) {
        return directives->has_part && directives->part < head->current.parts
               ? NGX_MULTISOURCE_PLAYLIST_ANSWER
               : NGX_MULTISOURCE_PLAYLIST_HOLD;
    }

    /* the last segment's number is open - 1 */

    if (msn > head->open + 1) {
        return NGX_MULTISOURCE_PLAYLIST_REFUSE;
    }

    if (!directives->has_part) {
        return NGX_MULTISOURCE_PLAYLIST_HOLD;
    }

    /* who tunes in counts on from the parts of the last segment in its list */

    limit = NGX_MULTISOURCE_PLAYLIST_ADVANCE;

    if (head->part_target < NGX_MULTISOURCE_HZ) {
        limit = (limit * NGX_MULTISOURCE_HZ + head->part_target - 1)
                / head->part_target;
    }

    limit += ngx_max(head->current.parts, head->last_parts);

    return directives->part < limit ? NGX_MULTISOURCE_PLAYLIST_HOLD
                                    : NGX_MULTISOURCE_PLAYLIST_REFUSE;
}


ngx_uint_t
ngx_multisource_playlist_wanted_part(const ngx_multisource_index_head_t *head,
    uint64_t epoch, uint64_t msn, ngx_uint_t part)
{
    uint64_t  limit, first;

    if (msn < head->open) {

        /* it was hinted at, but its segment ended before */

        if (msn + 1 == head->open && part >= head->last_parts) {
            return NGX_MULTISOURCE_PLAYLIST_REFUSE;
        }

        return NGX_MULTISOURCE_PLAYLIST_ANSWER;
    }

    if (epoch != head->epoch) {
        return NGX_MULTISOURCE_PLAYLIST_REFUSE;
    }

    if (msn == head->open && part < head->current.parts) {
        return NGX_MULTISOURCE_PLAYLIST_ANSWER;
    }

    if (head->state != NGX_MULTISOURCE_INDEX_LIVE || msn > head->open + 1) {
        return NGX_MULTISOURCE_PLAYLIST_REFUSE;
    }

    /* as many parts of full length as a target duration holds, and one */

    limit = (uint64_t) head->target_duration * NGX_MULTISOURCE_HZ
            / head->part_target + 1;
    first = msn == head->open ? head->current.parts : 0;

    return part < first + limit ? NGX_MULTISOURCE_PLAYLIST_HOLD
                                : NGX_MULTISOURCE_PLAYLIST_REFUSE;
}


static u_char *
ngx_multisource_playlist_digits(u_char *p, uint64_t value, ngx_uint_t digits)
{
    ngx_uint_t  n;

    for (n = digits; n; n--) {
        p[n - 1] = (u_char) ('0' + value % 10);
        value /= 10;
    }

    return p + digits;
}


static u_char *
ngx_multisource_playlist_seconds(u_char *p, uint64_t units)
{
    p = ngx_multisource_index_number(p, units / NGX_MULTISOURCE_PLAYLIST_UNIT);
    *p++ = '.';

    return ngx_multisource_playlist_digits(p,
                                      units % NGX_MULTISOURCE_PLAYLIST_UNIT, 5);
}


/* ISO 8601 with ms, of the years 1970 to 9999 */

static u_char *
ngx_multisource_playlist_date(u_char *p, int64_t wall)
{
    uint64_t  ms, day, second;
    uint64_t  era, doe, yoe, doy, mp, year, month;

    ms = wall > 0 ? (uint64_t) wall / 1000 : 0;
    day = ms / (NGX_MULTISOURCE_PLAYLIST_DAY * 1000);
    second = ms / 1000 % NGX_MULTISOURCE_PLAYLIST_DAY;

    if (day > NGX_MULTISOURCE_PLAYLIST_LAST_DAY) {
        day = NGX_MULTISOURCE_PLAYLIST_LAST_DAY;
    }

    /* years begin in March: the leap day is their last; eras have 400 years */

    day += 719468;
    era = day / 146097;
    doe = day % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    month = mp < 10 ? mp + 3 : mp - 9;
    year = yoe + era * 400 + (month <= 2);
    day = doy - (153 * mp + 2) / 5 + 1;

    p = ngx_multisource_playlist_digits(p, year, 4);
    *p++ = '-';
    p = ngx_multisource_playlist_digits(p, month, 2);
    *p++ = '-';
    p = ngx_multisource_playlist_digits(p, day, 2);
    *p++ = 'T';
    p = ngx_multisource_playlist_digits(p, second / 3600, 2);
    *p++ = ':';
    p = ngx_multisource_playlist_digits(p, second / 60 % 60, 2);
    *p++ = ':';
    p = ngx_multisource_playlist_digits(p, second % 60, 2);
    *p++ = '.';
    p = ngx_multisource_playlist_digits(p, ms % 1000, 3);
    *p++ = 'Z';

    return p;
}


static ngx_uint_t
ngx_multisource_playlist_other_init(
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_segment_t *before)
{
    return before == NULL
           || segment->epoch != before->epoch
           || segment->init != before->init;
}


/* the tags that stand before the first part; `before` NULL: it is the first */

static u_char *
ngx_multisource_playlist_begin(u_char *p,
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_segment_t *before)
{
    if (segment->flags & NGX_MULTISOURCE_INDEX_DISCONTINUITY) {
        p = ngx_multisource_playlist_text(p, "#EXT-X-DISCONTINUITY\n");
    }

    if (ngx_multisource_playlist_other_init(segment, before)) {
        p = ngx_multisource_playlist_text(p, "#EXT-X-MAP:URI=\"");
        p = ngx_multisource_index_name_init(p, segment->epoch, segment->init);
        p = ngx_multisource_playlist_text(p, "\"\n");
    }

    p = ngx_multisource_playlist_text(p, "#EXT-X-PROGRAM-DATE-TIME:");
    p = ngx_multisource_playlist_date(p, segment->wall);
    *p++ = '\n';

    return p;
}


static u_char *
ngx_multisource_playlist_parts(u_char *p,
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_part_t *parts)
{
    ngx_uint_t                           i;
    const ngx_multisource_index_part_t  *part;

    for (i = 0; i < segment->parts; i++) {
        part = &parts[i];

        /* rounded down, as the part target is rounded up */

        p = ngx_multisource_playlist_text(p, "#EXT-X-PART:DURATION=");
        p = ngx_multisource_playlist_seconds(p, part->duration * 10ULL / 9);
        p = ngx_multisource_playlist_text(p, ",URI=\"");
        p = ngx_multisource_index_name_part(p, segment->epoch, segment->msn,
                                            i);
        *p++ = '"';

        if (part->bytes == 0 || (part->flags & NGX_MULTISOURCE_INDEX_GAP)) {
            p = ngx_multisource_playlist_text(p, ",GAP=YES");

        } else if (part->flags & NGX_MULTISOURCE_INDEX_INDEPENDENT) {
            p = ngx_multisource_playlist_text(p, ",INDEPENDENT=YES");
        }

        *p++ = '\n';
    }

    return p;
}


/*
 * What stands behind the last part. A gap may have come up while the segment
 * was open: in this place its tag is behind what was listed before.
 */

static u_char *
ngx_multisource_playlist_end(u_char *p,
    const ngx_multisource_index_segment_t *segment)
{
    if (segment->bytes == 0 || (segment->flags & NGX_MULTISOURCE_INDEX_GAP)) {
        p = ngx_multisource_playlist_text(p, "#EXT-X-GAP\n");
    }

    p = ngx_multisource_playlist_text(p, "#EXTINF:");
    p = ngx_multisource_playlist_seconds(p, (segment->duration * 20ULL + 9)
                                            / 18);
    p = ngx_multisource_playlist_text(p, ",\n");
    p = ngx_multisource_index_name_segment(p, segment->epoch, segment->msn);
    *p++ = '\n';

    return p;
}


/* NULL: the parts of this segment are not all at hand, or there are none */

static const ngx_multisource_index_part_t *
ngx_multisource_playlist_listed(
    const ngx_multisource_index_snapshot_t *snapshot,
    const ngx_multisource_index_segment_t *segment)
{
    uint64_t  from;

    if (segment->parts == 0
        || snapshot->nparts == 0
        || segment->part < snapshot->parts[0].number)
    {
        return NULL;
    }

    from = segment->part - snapshot->parts[0].number;

    if (from > snapshot->nparts
        || segment->parts > snapshot->nparts - from)
    {
        return NULL;
    }

    return &snapshot->parts[from];
}


/* each segment begins with a keyframe, or has nothing to be decoded */

static ngx_uint_t
ngx_multisource_playlist_independent(
    const ngx_multisource_index_snapshot_t *snapshot)
{
    ngx_uint_t                              i;
    const ngx_multisource_index_segment_t  *segment;

    for (i = 0; i <= snapshot->nsegments; i++) {

        segment = i < snapshot->nsegments ? &snapshot->segments[i]
                                          : &snapshot->head.current;

        if (segment->bytes
            && !(segment->flags & (NGX_MULTISOURCE_INDEX_INDEPENDENT
                                   |NGX_MULTISOURCE_INDEX_GAP)))
        {
            return 0;
        }
    }

    return 1;
}


/* of 6.2.5.1: those that end as far from the end of the last one, or farther */

static ngx_uint_t
ngx_multisource_playlist_skipped(
    const ngx_multisource_index_snapshot_t *snapshot)
{
    uint64_t    boundary, distance;
    ngx_uint_t  n;

    boundary = (uint64_t) snapshot->head.target_duration
               * NGX_MULTISOURCE_PLAYLIST_SKIP * NGX_MULTISOURCE_HZ;
    distance = 0;

    for (n = snapshot->nsegments; n && distance < boundary; n--) {
        distance += snapshot->segments[n - 1].duration;
    }

    return n;
}


/* what is the same as long as the index lives */

static u_char *
ngx_multisource_playlist_constants(u_char *p,
    const ngx_multisource_index_head_t *head)
{
    uint64_t  target, duration;

    target = (head->part_target * 10ULL + 8) / 9;
    duration = head->target_duration;

    p = ngx_multisource_playlist_text(p, "#EXTM3U\n"
                                         "#EXT-X-VERSION:9\n"
                                         "#EXT-X-TARGETDURATION:");
    p = ngx_multisource_index_number(p, duration);

    p = ngx_multisource_playlist_text(p, "\n#EXT-X-SERVER-CONTROL:"
                                         "CAN-BLOCK-RELOAD=YES,"
                                         "PART-HOLD-BACK=");
    p = ngx_multisource_playlist_seconds(p, target
                                   * NGX_MULTISOURCE_PLAYLIST_PART_HOLD_BACK);
    p = ngx_multisource_playlist_text(p, ",HOLD-BACK=");
    p = ngx_multisource_index_number(p, duration
                                   * NGX_MULTISOURCE_PLAYLIST_HOLD_BACK);
    p = ngx_multisource_playlist_text(p, ".0,CAN-SKIP-UNTIL=");
    p = ngx_multisource_index_number(p, duration
                                        * NGX_MULTISOURCE_PLAYLIST_SKIP);

    p = ngx_multisource_playlist_text(p, ".0\n#EXT-X-PART-INF:PART-TARGET=");
    p = ngx_multisource_playlist_seconds(p, target);
    *p++ = '\n';

    return p;
}


size_t
ngx_multisource_playlist_media_size(
    const ngx_multisource_index_snapshot_t *snapshot)
{
    ngx_uint_t                              i, n;
    const ngx_multisource_index_segment_t  *segment;

    /* of the first segment, and of the one that is open */

    n = 2;

    for (i = 1; i < snapshot->nsegments; i++) {
        segment = &snapshot->segments[i];

        n += (segment->flags & NGX_MULTISOURCE_INDEX_DISCONTINUITY)
             || ngx_multisource_playlist_other_init(segment, segment - 1);
    }

    return NGX_MULTISOURCE_PLAYLIST_HEAD
           + (snapshot->nsegments + 1) * NGX_MULTISOURCE_PLAYLIST_SEGMENT
           + n * NGX_MULTISOURCE_PLAYLIST_INIT
           + snapshot->nparts * NGX_MULTISOURCE_PLAYLIST_PART
           + NGX_MULTISOURCE_INDEX_REPORTS * NGX_MULTISOURCE_PLAYLIST_REPORT;
}


u_char *
ngx_multisource_playlist_media(u_char *p,
    const ngx_multisource_index_snapshot_t *snapshot, ngx_uint_t skip)
{
    uint64_t                                dsn, distance, listed;
    ngx_uint_t                              i, skipped, ended;
    const ngx_multisource_index_part_t     *parts;
    const ngx_multisource_index_head_t     *head;
    const ngx_multisource_index_segment_t  *segment, *before, *current;

    head = &snapshot->head;
    current = &head->current;
    ended = head->state == NGX_MULTISOURCE_INDEX_ENDED;

    p = ngx_multisource_playlist_constants(p, head);

    p = ngx_multisource_playlist_text(p, "#EXT-X-MEDIA-SEQUENCE:");
    p = ngx_multisource_index_number(p, head->first);

    /* of the first segment, less the one whose tag is still there */

    segment = snapshot->nsegments ? snapshot->segments : current;
    dsn = segment->dsn;

    if (dsn && segment->parts
        && (segment->flags & NGX_MULTISOURCE_INDEX_DISCONTINUITY))
    {
        dsn--;
    }

    p = ngx_multisource_playlist_text(p, "\n#EXT-X-DISCONTINUITY-SEQUENCE:");
    p = ngx_multisource_index_number(p, dsn);
    *p++ = '\n';

    if (ngx_multisource_playlist_independent(snapshot)) {
        p = ngx_multisource_playlist_text(p, "#EXT-X-INDEPENDENT-SEGMENTS\n");
    }

    skipped = (skip && !ended) ? ngx_multisource_playlist_skipped(snapshot)
                               : 0;
    before = NULL;

    if (skipped) {
        p = ngx_multisource_playlist_text(p, "#EXT-X-SKIP:SKIPPED-SEGMENTS=");
        p = ngx_multisource_index_number(p, skipped);
        *p++ = '\n';

        /* whose init section the client has */

        before = &snapshot->segments[skipped - 1];
    }

    distance = current->duration;
    listed = (uint64_t) head->target_duration * NGX_MULTISOURCE_PLAYLIST_PARTS
             * NGX_MULTISOURCE_HZ;

    for (i = skipped; i < snapshot->nsegments; i++) {
        distance += snapshot->segments[i].duration;
    }

    for (i = skipped; i < snapshot->nsegments; i++) {
        segment = &snapshot->segments[i];

        p = ngx_multisource_playlist_begin(p, segment, before);

        /* parts of a segment are listed all or none: clients count them */

        if (distance <= listed) {
            parts = ngx_multisource_playlist_listed(snapshot, segment);

            if (parts) {
                p = ngx_multisource_playlist_parts(p, segment, parts);
            }
        }

        p = ngx_multisource_playlist_end(p, segment);

        distance -= segment->duration;
        before = segment;
    }

    parts = ngx_multisource_playlist_listed(snapshot, current);

    if (parts || (ended && current->parts)) {
        p = ngx_multisource_playlist_begin(p, current, before);

        if (parts) {
            p = ngx_multisource_playlist_parts(p, current, parts);
        }

        /* nothing will be added to it */

        if (ended) {
            p = ngx_multisource_playlist_end(p, current);
        }

        before = current;
    }

    if (ended) {
        return ngx_multisource_playlist_text(p, "#EXT-X-ENDLIST\n");
    }

    if (head->state == NGX_MULTISOURCE_INDEX_LIVE) {
        p = ngx_multisource_playlist_hints(p, head, before);
    }

    return ngx_multisource_playlist_reports(p, head);
}


static u_char *
ngx_multisource_playlist_hints(u_char *p,
    const ngx_multisource_index_head_t *head,
    const ngx_multisource_index_segment_t *last)
{
    const ngx_multisource_index_segment_t  *current;

    current = &head->current;

    if (last && ngx_multisource_playlist_other_init(current, last)) {
        p = ngx_multisource_playlist_text(p, "#EXT-X-PRELOAD-HINT:"
                                             "TYPE=MAP,URI=\"");
        p = ngx_multisource_index_name_init(p, current->epoch, current->init);
        p = ngx_multisource_playlist_text(p, "\"\n");
    }

    p = ngx_multisource_playlist_text(p, "#EXT-X-PRELOAD-HINT:"
                                         "TYPE=PART,URI=\"");
    p = ngx_multisource_index_name_part(p, current->epoch, current->msn,
                                        current->parts);

    return ngx_multisource_playlist_text(p, "\"\n");
}


static u_char *
ngx_multisource_playlist_reports(u_char *p,
    const ngx_multisource_index_head_t *head)
{
    size_t                                 len;
    ngx_uint_t                             i;
    const ngx_multisource_index_report_t  *report;

    for (i = 0; i < head->nreports; i++) {
        report = &head->reports[i];

        len = strnlen((char *) report->source, NGX_MULTISOURCE_NAME_MAX);

        p = ngx_multisource_playlist_text(p, "#EXT-X-RENDITION-REPORT:"
                                             "URI=\"../");
        p = ngx_cpymem(p, report->source, len);
        p = ngx_multisource_playlist_text(p, "/live.m3u8\",LAST-MSN=");
        p = ngx_multisource_index_number(p, report->msn);

        if (report->part != (uint32_t) -1) {
            p = ngx_multisource_playlist_text(p, ",LAST-PART=");
            p = ngx_multisource_index_number(p, report->part);
        }

        *p++ = '\n';
    }

    return p;
}


/* without its end: a group may follow; `codecs` NULL: those of the streams */

static u_char *
ngx_multisource_playlist_variant(u_char *p,
    const ngx_multisource_index_streams_t *streams, const ngx_str_t *codecs)
{
    uint32_t    bandwidth;
    ngx_str_t   own;

    if (codecs == NULL) {
        own.data = (u_char *) streams->codecs;
        own.len = strnlen((char *) own.data, NGX_MULTISOURCE_INDEX_CODECS);
        codecs = &own;
    }

    /* required, even if nothing is known */

    bandwidth = ngx_max(streams->bandwidth, streams->average);
    bandwidth = ngx_max(bandwidth, 1);

    p = ngx_multisource_playlist_text(p, "#EXT-X-STREAM-INF:BANDWIDTH=");
    p = ngx_multisource_index_number(p, bandwidth);

    if (streams->average) {
        p = ngx_multisource_playlist_text(p, ",AVERAGE-BANDWIDTH=");
        p = ngx_multisource_index_number(p, streams->average);
    }

    if (codecs->len) {
        p = ngx_multisource_playlist_text(p, ",CODECS=\"");
        p = ngx_movemem(p, codecs->data, codecs->len);
        *p++ = '"';
    }

    if (streams->width && streams->height) {
        p = ngx_multisource_playlist_text(p, ",RESOLUTION=");
        p = ngx_multisource_index_number(p, streams->width);
        *p++ = 'x';
        p = ngx_multisource_index_number(p, streams->height);
    }

    if (streams->width && streams->fps) {
        p = ngx_multisource_playlist_text(p, ",FRAME-RATE=");
        p = ngx_multisource_index_number(p, streams->fps / 1000);
        *p++ = '.';
        p = ngx_multisource_playlist_digits(p, streams->fps % 1000, 3);
    }

    return p;
}


size_t
ngx_multisource_playlist_source_size(void)
{
    return NGX_MULTISOURCE_PLAYLIST_VARIANT;
}


u_char *
ngx_multisource_playlist_source(u_char *p,
    const ngx_multisource_index_head_t *head)
{
    p = ngx_multisource_playlist_text(p, "#EXTM3U\n#EXT-X-VERSION:9\n");
    p = ngx_multisource_playlist_variant(p, &head->streams, NULL);

    return ngx_multisource_playlist_text(p, "\nlive.m3u8\n");
}


size_t
ngx_multisource_playlist_streamer_size(ngx_uint_t nangles)
{
    return NGX_MULTISOURCE_PLAYLIST_VARIANT
           + nangles * NGX_MULTISOURCE_PLAYLIST_ANGLE;
}


/* nothing longer than a name, and nothing that would end a quoted string */

static u_char *
ngx_multisource_playlist_name(u_char *p, const ngx_str_t *name)
{
    size_t  i;

    for (i = 0; i < name->len && i < NGX_MULTISOURCE_NAME_MAX; i++) {
        *p++ = (name->data[i] < ' ' || name->data[i] == '"'
                || name->data[i] == 0x7f)
               ? '_' : name->data[i];
    }

    return p;
}


u_char *
ngx_multisource_playlist_streamer(u_char *p,
    const ngx_multisource_playlist_angle_t *angles, ngx_uint_t nangles)
{
    ngx_uint_t  i, n;

    p = ngx_multisource_playlist_text(p, "#EXTM3U\n#EXT-X-VERSION:9\n");

    n = 0;

    for (i = 0; i < nangles; i++) {
        if (angles[i].head->streams.width) {
            p = ngx_multisource_playlist_rendition(p, &angles[i], n++ == 0);
        }
    }

    if (n) {
        return ngx_multisource_playlist_angles(p, angles, nangles);
    }

    for (i = 0; i < nangles; i++) {
        p = ngx_multisource_playlist_variant(p, &angles[i].head->streams,
                                             NULL);
        *p++ = '\n';
        p = ngx_multisource_playlist_name(p, &angles[i].name);
        p = ngx_multisource_playlist_text(p, "/live.m3u8\n");
    }

    return p;
}


static u_char *
ngx_multisource_playlist_rendition(u_char *p,
    const ngx_multisource_playlist_angle_t *angle, ngx_uint_t first)
{
    p = ngx_multisource_playlist_text(p, "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\""
                                         NGX_MULTISOURCE_PLAYLIST_GROUP
                                         "\",NAME=\"");
    p = ngx_multisource_playlist_name(p, &angle->label);

    if (first) {
        p = ngx_multisource_playlist_text(p, "\",DEFAULT=YES,AUTOSELECT=YES");

    } else {
        p = ngx_multisource_playlist_text(p, "\",DEFAULT=NO,AUTOSELECT=NO");
    }

    p = ngx_multisource_playlist_text(p, ",URI=\"");
    p = ngx_multisource_playlist_name(p, &angle->name);

    return ngx_multisource_playlist_text(p, "/live.m3u8\"\n");
}


/* one variant for all: the most that any of them needs, 4.4.6.2 */

static u_char *
ngx_multisource_playlist_angles(u_char *p,
    const ngx_multisource_playlist_angle_t *angles, ngx_uint_t nangles)
{
    u_char                                 *last;
    ngx_str_t                               codecs;
    ngx_uint_t                              i, first;
    ngx_multisource_index_streams_t         most;
    const ngx_multisource_index_streams_t  *streams;

    ngx_memzero(&most, sizeof(ngx_multisource_index_streams_t));

    /* the codecs are gathered behind the place where they go, and then moved */

    codecs.data = p + NGX_MULTISOURCE_PLAYLIST_VARIANT / 2;
    last = codecs.data;
    first = nangles;

    for (i = 0; i < nangles; i++) {
        streams = &angles[i].head->streams;

        if (streams->width == 0) {
            continue;
        }

        if (first == nangles) {
            first = i;
        }

        most.bandwidth = ngx_max(most.bandwidth, streams->bandwidth);
        most.average = ngx_max(most.average, streams->average);
        most.fps = ngx_max(most.fps, streams->fps);

        if ((uint64_t) streams->width * streams->height
            > (uint64_t) most.width * most.height)
        {
            most.width = streams->width;
            most.height = streams->height;
        }

        last = ngx_multisource_playlist_codecs(last, codecs.data,
                                               streams->codecs);
    }

    codecs.len = last - codecs.data;

    p = ngx_multisource_playlist_variant(p, &most, &codecs);
    p = ngx_multisource_playlist_text(p, ",VIDEO=\""
                                         NGX_MULTISOURCE_PLAYLIST_GROUP
                                         "\"\n");
    p = ngx_multisource_playlist_name(p, &angles[first].name);

    return ngx_multisource_playlist_text(p, "/live.m3u8\n");
}


/* adds those that are not there since `start` */

static u_char *
ngx_multisource_playlist_codecs(u_char *p, u_char *start,
    const u_char *codecs)
{
    size_t         len;
    u_char        *known;
    const u_char  *last, *end;

    last = codecs + strnlen((char *) codecs, NGX_MULTISOURCE_INDEX_CODECS);

    for ( /* void */ ; codecs < last; codecs = end + 1) {

        for (end = codecs; end < last && *end != ','; end++) { /* void */ }

        len = end - codecs;

        for (known = start; known < p; known++) {

            if ((size_t) (p - known) >= len
                && ngx_memcmp(known, codecs, len) == 0
                && (known + len == p || known[len] == ','))
            {
                break;
            }

            known = ngx_strlchr(known, p, ',');

            if (known == NULL) {
                known = p;
                break;
            }
        }

        if (len == 0 || known < p) {
            continue;
        }

        if (p > start) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, codecs, len);
    }

    return p;
}


u_char *
ngx_multisource_playlist_vod_head(u_char *p,
    const ngx_multisource_index_head_t *head)
{
    p = ngx_multisource_playlist_text(p, "#EXTM3U\n"
                                         "#EXT-X-VERSION:6\n"
                                         "#EXT-X-TARGETDURATION:");
    p = ngx_multisource_index_number(p, head->target_duration);

    return ngx_multisource_playlist_text(p, "\n#EXT-X-PLAYLIST-TYPE:VOD\n"
                                            "#EXT-X-MEDIA-SEQUENCE:0\n");
}


u_char *
ngx_multisource_playlist_vod_segment(u_char *p,
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_segment_t *before)
{
    ngx_multisource_index_segment_t  first;

    /* what was before it is no part of this playlist */

    if (before == NULL) {
        first = *segment;
        first.flags &= ~NGX_MULTISOURCE_INDEX_DISCONTINUITY;
        segment = &first;
    }

    p = ngx_multisource_playlist_begin(p, segment, before);

    return ngx_multisource_playlist_end(p, segment);
}


u_char *
ngx_multisource_playlist_vod_tail(u_char *p)
{
    return ngx_multisource_playlist_text(p, "#EXT-X-ENDLIST\n");
}
