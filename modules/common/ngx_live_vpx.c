
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_text.h"
#include "ngx_live_vpx.h"


/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+-------+-----+-+---------------+
 * |    profile    |  level * 10   | depth |chr. |f|   primaries   |
 * +---------------+---------------+-------+-----+-+---------------+
 * |    transfer   |     matrix    |  length of initialization data|
 * +---------------+---------------+-------------------------------+
 *
 * VP Codec ISO Media File Format Binding: VPCodecConfigurationRecord.  Some
 * senders put the whole box into the message, that is the version, 1, and 24
 * flag bits in front; a record cannot begin so, its depth would be 0.
 */

ngx_int_t
ngx_live_vpx_config(ngx_live_codec_t *out, const u_char *p, const u_char *end)
{
    u_char    *name;
    uint32_t   depth;

    if (end - p >= 12 && p[0] == 1 && p[1] == 0 && p[2] == 0 && p[3] == 0) {
        p += 4;
    }

    if (end - p < 8) {
        return NGX_ERROR;
    }

    depth = p[2] >> 4;

    if (p[0] > 3 || p[1] > 99 || (depth != 8 && depth != 10 && depth != 12)) {
        return NGX_ERROR;
    }

    name = ngx_live_text_copy(out->name, out->codec == NGX_LIVE_CODEC_VP8
                                         ? "vp08." : "vp09.");
    name = ngx_live_text_dec(name, p[0], 2);
    *name++ = '.';
    name = ngx_live_text_dec(name, p[1], 2);
    *name++ = '.';
    (void) ngx_live_text_dec(name, depth, 2);

    return NGX_OK;
}
