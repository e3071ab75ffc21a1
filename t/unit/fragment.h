
/*
 * Copyright (C) the ngx_live contributors
 *
 * Reads boxes of MP4, and fragments as they have to be for HLS: offsets from
 * moof on, times of 64 bits, signed composition offsets, one run of samples for
 * a track, and no byte that is not accounted for.
 */


#ifndef _FRAGMENT_H_INCLUDED_
#define _FRAGMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <string.h>


/* samples of a track */

#define FRAGMENT_MAX  4096

/* sample flags, ISO/IEC 14496-12, 8.8.3.1 */

#define DEPENDS_NO    0x02000000
#define DEPENDS_YES   0x01000000
#define NON_SYNC      0x00010000


/* of a trun */

typedef struct {
    uint32_t        duration;
    uint32_t        size;
    uint32_t        flags;
    int32_t         cts;
    const u_char   *data;
} sample_t;


typedef struct {
    uint64_t        time;
    int             n;
    sample_t        samples[FRAGMENT_MAX];
} traf_t;


/* by track_ID less 1 */

typedef struct {
    uint32_t        sequence;
    traf_t          trafs[2];
} fragment_t;


typedef struct {
    uint32_t        type;
    const u_char   *data;       /* behind the header */
    const u_char   *end;
} box_t;


static ngx_inline uint32_t
u32(const u_char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


static ngx_inline uint64_t
u64(const u_char *p)
{
    return (uint64_t) u32(p) << 32 | u32(p + 4);
}


static ngx_inline uint32_t
cc(const char *type)
{
    return u32((const u_char *) type);
}


/* the box at *p, which is then behind it; 0 at the end, -1 if malformed */

static ngx_inline int
next_box(const u_char **p, const u_char *end, box_t *box)
{
    uint32_t  size;

    if (*p == end) {
        return 0;
    }

    if (end - *p < 8) {
        return -1;
    }

    size = u32(*p);

    if (size < 8 || size > (size_t) (end - *p)) {
        return -1;
    }

    box->type = u32(*p + 4);
    box->data = *p + 8;
    box->end = *p + size;

    *p = box->end;

    return 1;
}


/* the n-th box of a type within another, 1 if it is there */

static ngx_inline int
find_box(const u_char *p, const u_char *end, const char *type, int n,
    box_t *box)
{
    int  rc;

    for ( ;; ) {
        rc = next_box(&p, end, box);

        if (rc != 1) {
            return 0;
        }

        if (box->type == cc(type) && n-- == 0) {
            return 1;
        }
    }
}


/* along a path as "trak.mdia.minf"; the first box is the n-th of its type */

static ngx_inline int
find_path(const u_char *p, const u_char *end, const char *path, int n,
    box_t *box)
{
    char  type[5];

    for ( ;; ) {
        memcpy(type, path, 4);
        type[4] = '\0';

        if (!find_box(p, end, type, n, box)) {
            return 0;
        }

        if (path[4] == '\0') {
            return 1;
        }

        path += 5;
        p = box->data;
        end = box->end;
        n = 0;
    }
}


static ngx_inline int
malformed(const char *why)
{
    printf("# fragment: %s\n", why);

    return 0;
}


/* returns 0 if any byte of the box is not as it has to be */

static ngx_inline int
read_trun(const u_char *moof, const box_t *mdat, const u_char **data,
    const box_t *box, traf_t *traf, uint32_t default_duration,
    uint32_t default_size, uint32_t default_flags)
{
    uint32_t       i, n, flags, first;
    sample_t      *sample;
    const u_char  *p;

    p = box->data;

    if (box->end - p < 12 || p[0] != 1) {
        return malformed("trun is not of version 1");
    }

    flags = u32(p) & 0xffffff;
    n = u32(p + 4);

    if (!(flags & 0x001)) {
        return malformed("trun without an offset");
    }

    if (moof + u32(p + 8) != *data) {
        return malformed("an offset that is not where data goes on");
    }

    p += 12;
    first = default_flags;

    if (flags & 0x004) {

        if (flags & 0x400) {
            return malformed("flags of the first sample and of each");
        }

        first = u32(p);
        p += 4;
    }

    if (n == 0 || n > FRAGMENT_MAX
        || box->end - p != (long) n * 4 * (!!(flags & 0x100)
                           + !!(flags & 0x200) + !!(flags & 0x400)
                           + !!(flags & 0x800)))
    {
        return malformed("size of trun");
    }

    for (i = 0; i < n; i++) {
        sample = &traf->samples[i];

        sample->duration = default_duration;
        sample->size = default_size;
        sample->flags = (i == 0) ? first : default_flags;
        sample->cts = 0;

        if (flags & 0x100) {
            sample->duration = u32(p);
            p += 4;
        }

        if (flags & 0x200) {
            sample->size = u32(p);
            p += 4;
        }

        if (flags & 0x400) {
            sample->flags = u32(p);
            p += 4;
        }

        if (flags & 0x800) {
            sample->cts = (int32_t) u32(p);
            p += 4;
        }

        if (sample->size > (size_t) (mdat->end - *data)) {
            return malformed("a sample beyond mdat");
        }

        sample->data = *data;
        *data += sample->size;
    }

    traf->n = n;

    return 1;
}


static ngx_inline int
read_traf(const u_char *moof, const box_t *mdat, const u_char **data,
    const box_t *parent, fragment_t *f)
{
    box_t          box;
    traf_t        *traf;
    uint32_t       flags, id, duration, size, sample;
    const u_char  *p, *q;

    q = parent->data;

    if (next_box(&q, parent->end, &box) != 1 || box.type != cc("tfhd")) {
        return malformed("tfhd is not the first one");
    }

    p = box.data;
    flags = u32(p);
    id = u32(p + 4);
    p += 8;

    if (!(flags & 0x020000) || (flags & 0x000001)) {
        return malformed("offsets are not from moof on");
    }

    if (id == 0 || id > 2 || f->trafs[id - 1].n) {
        return malformed("track_ID");
    }

    traf = &f->trafs[id - 1];
    duration = 0;
    size = 0;
    sample = 0;

    if (flags & 0x02) {
        if (u32(p) != 1) {
            return malformed("sample description");
        }

        p += 4;
    }

    if (flags & 0x08) {
        duration = u32(p);
        p += 4;
    }

    if (flags & 0x10) {
        size = u32(p);
        p += 4;
    }

    if (flags & 0x20) {
        sample = u32(p);
        p += 4;
    }

    if (p != box.end) {
        return malformed("size of tfhd");
    }

    if (next_box(&q, parent->end, &box) != 1 || box.type != cc("tfdt")
        || box.end - box.data != 12 || u32(box.data) != 0x01000000)
    {
        return malformed("tfdt of 64 bits is not the second one");
    }

    traf->time = u64(box.data + 4);

    if (next_box(&q, parent->end, &box) != 1 || box.type != cc("trun")
        || q != parent->end)
    {
        return malformed("not one trun at the end");
    }

    return read_trun(moof, mdat, data, &box, traf, duration, size, sample);
}


/* moof and mdat, all of whose bytes are those of samples */

static ngx_inline int
read_fragment(const u_char *p, size_t len, fragment_t *f)
{
    int            rc;
    box_t          moof, mdat, box;
    const u_char  *start, *end, *data;

    f->trafs[0].n = 0;
    f->trafs[1].n = 0;

    start = p;
    end = p + len;

    if (next_box(&p, end, &moof) != 1 || moof.type != cc("moof")) {
        return malformed("no moof");
    }

    if (next_box(&p, end, &mdat) != 1 || mdat.type != cc("mdat") || p != end) {
        return malformed("no mdat, or something behind it");
    }

    p = moof.data;
    data = mdat.data;

    if (next_box(&p, moof.end, &box) != 1 || box.type != cc("mfhd")
        || box.end - box.data != 8)
    {
        return malformed("no mfhd");
    }

    f->sequence = u32(box.data + 4);

    for ( ;; ) {
        rc = next_box(&p, moof.end, &box);

        if (rc == 0) {
            break;
        }

        if (rc < 0 || box.type != cc("traf")) {
            return malformed("not a traf");
        }

        if (!read_traf(start, &mdat, &data, &box, f)) {
            return 0;
        }
    }

    if (data != mdat.end) {
        return malformed("bytes of mdat that are of no sample");
    }

    return 1;
}


#endif /* _FRAGMENT_H_INCLUDED_ */
