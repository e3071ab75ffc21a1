
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, the room for what is written; then a compound packet, whose
 * bytes are also taken for what to write.
 */

/* sources: modules/ngx_whip/ngx_whip_rtcp.c */


#include "fuzz.h"
#include "ngx_whip_rtcp.h"

#include <string.h>


/* the number of packets; what is written has no error, `types` says which */

static ngx_uint_t
fuzz_read(u_char *p, size_t len, const u_char *types)
{
    u_char           *start, *end;
    ngx_int_t         rc;
    ngx_uint_t        n;
    ngx_whip_rtcp_t   m;

    end = p + len;

    for (n = 0; /* void */ ; n++) {

        start = p;
        rc = ngx_whip_rtcp_next(&m, &p, end);

        if (rc == NGX_DONE) {
            fuzz_assert(p == end);
            break;
        }

        if (rc == NGX_ERROR) {
            fuzz_assert(p == start);
            fuzz_assert(types == NULL);
            break;
        }

        fuzz_assert(rc == NGX_OK);
        fuzz_assert(p >= start + 4 && p <= end);
        fuzz_assert(m.type <= 255);
        fuzz_assert(m.count <= NGX_WHIP_RTCP_MAX_COUNT);
        fuzz_assert(m.nbye == (m.type == NGX_WHIP_RTCP_BYE ? m.count : 0));
        fuzz_assert(types == NULL || m.type == types[n]);
    }

    fuzz_assert(n <= len / 4);

    return n;
}


/* n bytes of the input, or zeros behind it */

static void
fuzz_take(const uint8_t **data, size_t *size, void *p, size_t n)
{
    size_t  have;

    have = ngx_min(*size, n);

    ngx_memzero(p, n);
    memcpy(p, *data, have);

    *data += have;
    *size -= have;
}


static void
fuzz_write(const uint8_t *data, size_t size, size_t room)
{
    u_char                 *p, n[4];
    size_t                  len;
    uint16_t                seqs[256];
    uint32_t                ssrcs[256];
    uint64_t                rate;
    ngx_str_t               cname;
    ngx_whip_rtcp_block_t   blocks[32];

    static const u_char  report[] = { 201, 202 };
    static const u_char  nack[] = { 205 };
    static const u_char  feedback[] = { 206 };

    p = malloc(room ? room : 1);
    fuzz_assert(p != NULL);

    fuzz_take(&data, &size, n, sizeof(n));
    fuzz_take(&data, &size, &rate, sizeof(rate));

    cname.data = (u_char *) data;
    cname.len = ngx_min(size, n[0]);

    fuzz_take(&data, &size, blocks, sizeof(blocks));

    len = ngx_whip_rtcp_report(p, room, 1, blocks, n[1] % 33, &cname);
    fuzz_assert(len <= room && len % 4 == 0);
    fuzz_assert(len == 0 || fuzz_read(p, len, report) == 2);

    fuzz_take(&data, &size, seqs, sizeof(seqs));

    len = ngx_whip_rtcp_nack(p, room, 1, 2, seqs, n[2]);
    fuzz_assert(len <= room && len % 4 == 0);
    fuzz_assert(len <= 12 + 4 * (size_t) n[2]);
    fuzz_assert(len == 0 || fuzz_read(p, len, nack) == 1);

    len = ngx_whip_rtcp_pli(p, room, 1, 2);
    fuzz_assert(len == (room < 12 ? 0 : 12));
    fuzz_assert(len == 0 || fuzz_read(p, len, feedback) == 1);

    len = ngx_whip_rtcp_fir(p, room, 1, 2, n[3]);
    fuzz_assert(len == (room < 20 ? 0 : 20));
    fuzz_assert(len == 0 || fuzz_read(p, len, feedback) == 1);

    fuzz_take(&data, &size, ssrcs, sizeof(ssrcs));

    len = ngx_whip_rtcp_remb(p, room, 1, rate, ssrcs, n[3]);
    fuzz_assert(len <= room && len % 4 == 0);
    fuzz_assert(len == 0 || fuzz_read(p, len, feedback) == 1);

    free(p);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char  *p;

    if (size == 0) {
        return 0;
    }

    /* of the exact size */

    p = malloc(size);
    fuzz_assert(p != NULL);
    ngx_memcpy(p, data + 1, size - 1);
    p = realloc(p, size > 1 ? size - 1 : 1);
    fuzz_assert(p != NULL);

    (void) fuzz_read(p, size - 1, NULL);

    free(p);

    fuzz_write(data + 1, size - 1, (size_t) data[0] * 4);

    return 0;
}
