
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
        type = p[0] & 0x1f;

        fuzz_assert((p[0] & 0x80) == 0);
        fuzz_assert(type && type < 24);
        fuzz_assert(type < 7 || type > 13);
        fuzz_assert(type != 15);

        if (type <= 5) {
            fuzz_assert(slices-- > 0);
        }

        p += n;
    }

    fuzz_assert(slices == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    payload_run(NGX_WHIP_H264, NGX_LIVE_CODEC_H264, check, data, size);

    return 0;
}
