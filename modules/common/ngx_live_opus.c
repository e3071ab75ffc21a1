
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_opus.h"
#include "ngx_live_text.h"


/*
 * RFC 7845, 5.1: the identification header; the decoder's output is 48 kHz,
 * whatever the rate of the input was that the header tells.
 */

ngx_int_t
ngx_live_opus_config(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    if (end - p < 19
        || ngx_memcmp(p, "OpusHead", 8) != 0
        || (p[8] & 0xf0) != 0
        || p[9] == 0)
    {
        return NGX_ERROR;
    }

    /* a mapping family has a table: streams, coupled, one byte per channel */

    if (p[18] && end - p < 21 + p[9]) {
        return NGX_ERROR;
    }

    out->sample_rate = 48000;
    out->channels = p[9];

    ngx_live_text_copy(out->name, "opus");

    return NGX_OK;
}
