
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: as payload.h says.
 */

/* sources: modules/ngx_whip/ngx_whip_payload.c */
/* sources: modules/ngx_whip/ngx_whip_unit.c */
/* sources: modules/ngx_whip/ngx_whip_record.c */
/* sources: modules/ngx_whip/ngx_whip_paramset.c */
/* sources: modules/ngx_whip/ngx_whip_h264.c modules/ngx_whip/ngx_whip_hevc.c */
/* sources: modules/ngx_whip/ngx_whip_av1.c */
/* sources: modules/common/ngx_live_codec.c modules/common/ngx_live_h264.c */
/* sources: modules/common/ngx_live_hevc.c modules/common/ngx_live_vvc.c */
/* sources: modules/common/ngx_live_av1.c modules/common/ngx_live_vpx.c */
/* sources: modules/common/ngx_live_aac.c modules/common/ngx_live_opus.c */
/* sources: modules/common/ngx_live_flac.c modules/common/ngx_live_picture.c */
/* sources: modules/common/ngx_live_text.c */


#include "payload.h"


static void
check(const u_char *p, size_t len, size_t slices)
{
    size_t         n, shift;
    ngx_uint_t     type;
    const u_char  *last;

    last = p + len;

    while (p < last) {

        fuzz_assert((p[0] & 0x82) == 0x02);

        type = p[0] >> 3;

        fuzz_assert(type == 1 || (type > 2 && type < 7));

        if (type == 3 || type == 6) {
            fuzz_assert(slices-- > 0);
        }

        p += (p[0] & 0x04) ? 2 : 1;

        for (n = 0, shift = 0; /* void */ ; shift += 7) {

            fuzz_assert(p < last && shift < 28);

            n |= (size_t) (*p & 0x7f) << shift;

            if ((*p++ & 0x80) == 0) {
                break;
            }
        }

        /* no longer than it needs to be */

        fuzz_assert(shift == 0 || n >> shift);
        fuzz_assert(n <= (size_t) (last - p));

        p += n;
    }

    fuzz_assert(slices == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    payload_run(NGX_WHIP_AV1, NGX_LIVE_CODEC_AV1, check, data, size);

    return 0;
}
