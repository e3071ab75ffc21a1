
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
    size_t         n;
    ngx_uint_t     type;
    const u_char  *last;

    last = p + len;

    while (p < last) {

        p = payload_nal(p, last, &n);

        fuzz_assert(n >= 2);

        type = p[0] >> 1;

        fuzz_assert((p[0] & 0x81) == 0 && (p[1] & 0xf8) == 0 && p[1]);
        fuzz_assert(type < 10 || (type > 15 && type < 22) || type == 39
                    || type == 40);

        if (type < 22) {
            fuzz_assert(slices-- > 0);
        }

        p += n;
    }

    fuzz_assert(slices == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    payload_run(NGX_WHIP_HEVC, NGX_LIVE_CODEC_HEVC, check, data, size);

    return 0;
}
