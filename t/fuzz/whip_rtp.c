
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: four bytes, the extension ids; then the packet.
 */

/* sources: modules/ngx_whip/ngx_whip_rtp.c */


#include "fuzz.h"
#include "ngx_whip_rtp.h"


static void
fuzz_string(ngx_str_t *s, u_char *p, u_char *payload)
{
    if (s->len) {
        fuzz_assert(s->len <= 255);
        fuzz_assert(s->data >= p + 16);
        fuzz_assert(s->len <= (size_t) (payload - s->data));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t               len;
    u_char              *p;
    uint32_t             ssrc;
    ngx_int_t            rc;
    ngx_whip_rtp_t       rtp;
    ngx_whip_rtp_ids_t   ids;

    if (size < 4) {
        return 0;
    }

    ids.mid = data[0];
    ids.rid = data[1];
    ids.rrid = data[2];
    ids.twcc = data[3];

    /* of the exact size */

    len = size - 4;
    p = malloc(len ? len : 1);
    fuzz_assert(p != NULL);
    ngx_memcpy(p, data + 4, len);

    (void) ngx_whip_rtp_is_rtcp(p, len);
    ssrc = ngx_whip_rtp_ssrc(p, len);

    rc = ngx_whip_rtp_parse(&rtp, p, len, &ids);

    fuzz_assert(rc == NGX_OK || rc == NGX_ERROR);

    if (rc == NGX_OK) {
        fuzz_assert(ngx_whip_rtp_is(p, len));
        fuzz_assert(rtp.ssrc == ssrc);
        fuzz_assert(rtp.pt <= 127);
        fuzz_assert(rtp.marker <= 1);
        fuzz_assert(rtp.payload >= p + NGX_WHIP_RTP_HEADER);
        fuzz_assert(rtp.payload <= p + len);
        fuzz_assert(rtp.len <= (size_t) (p + len - rtp.payload));
        fuzz_assert(rtp.twcc >= -1 && rtp.twcc <= 65535);

        fuzz_string(&rtp.mid, p, rtp.payload);
        fuzz_string(&rtp.rid, p, rtp.payload);
        fuzz_string(&rtp.rrid, p, rtp.payload);
    }

    free(p);

    return 0;
}
