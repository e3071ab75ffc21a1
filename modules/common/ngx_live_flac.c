
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_flac.h"
#include "ngx_live_text.h"


/*
 * RFC 9639, 8.1 and 8.2: "fLaC", a block header, then STREAMINFO, in which 20
 * bits of rate and 3 of channels follow four sizes of 16, 16, 24 and 24 bits.
 */

ngx_int_t
ngx_live_flac_config(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    if (end - p < 42
        || ngx_memcmp(p, "fLaC", 4) != 0
        || (p[4] & 0x7f) != 0
        || p[5] != 0 || p[6] != 0 || p[7] != 34)
    {
        return NGX_ERROR;
    }

    p += 18;

    out->sample_rate = (ngx_uint_t) p[0] << 12 | (ngx_uint_t) p[1] << 4
                       | p[2] >> 4;
    out->channels = (p[2] >> 1 & 0x07) + 1;

    if (out->sample_rate == 0) {
        return NGX_ERROR;
    }

    ngx_live_text_copy(out->name, "fLaC");

    return NGX_OK;
}
