
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_bits.h"
#include "ngx_live_picture.h"
#include "ngx_live_text.h"
#include "ngx_live_vvc.h"


/*
 * ISO/IEC 14496-15, 11.2.4.2: VvcDecoderConfigurationRecord, which has the size
 * of the picture in itself.  The name is the short form, without constraints
 * and sub-profiles (annex E.6).
 */

ngx_int_t
ngx_live_vvc_config(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    u_char           *name;
    uint32_t          profile, tier, level, width, height;
    ngx_uint_t        n, layers, bytes, present;
    ngx_live_bits_t   b;

    ngx_live_bits_init(&b, p, end, 0);

    ngx_live_bits_skip(&b, 7);                        /* length of lengths */

    if (ngx_live_bits_u(&b, 1) == 0) {                /* no profile, no size */

        if (b.error) {
            return NGX_ERROR;
        }

        ngx_live_text_copy(out->name, "vvc1");
        return NGX_OK;
    }

    ngx_live_bits_skip(&b, 9);                        /* output layer set */
    layers = ngx_live_bits_u(&b, 3);
    ngx_live_bits_skip(&b, 2 + 2 + 3 + 5);            /* rate, chroma, depth */

    /* VvcPTLRecord */

    ngx_live_bits_skip(&b, 2);
    bytes = ngx_live_bits_u(&b, 6);
    profile = ngx_live_bits_u(&b, 7);
    tier = ngx_live_bits_u(&b, 1);
    level = ngx_live_bits_u(&b, 8);
    ngx_live_bits_skip(&b, ngx_max(bytes, 1) * 8);

    if (layers > 1) {
        present = ngx_live_bits_u(&b, 8) >> (8 - (layers - 1));

        for ( /* void */ ; present; present >>= 1) {
            ngx_live_bits_skip(&b, (present & 1) * 8);
        }
    }

    n = ngx_live_bits_u(&b, 8);                       /* sub-profiles */
    ngx_live_bits_skip(&b, n * 32);

    width = ngx_live_bits_u(&b, 16);
    height = ngx_live_bits_u(&b, 16);
    ngx_live_bits_skip(&b, 16);                       /* frame rate */

    if (b.error) {
        return NGX_ERROR;
    }

    name = ngx_live_text_copy(out->name, "vvc1.");
    name = ngx_live_text_dec(name, profile, 1);
    name = ngx_live_text_copy(name, tier ? ".H" : ".L");
    (void) ngx_live_text_dec(name, level, 1);

    return ngx_live_picture_size(out, width, height);
}
