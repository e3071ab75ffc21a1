
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_picture.h"


/*
 * A flag and, where it is set, the rectangle: left, right, top and bottom, in
 * units of a chroma sample.  H.264 7.4.2.1.1, H.265 7.4.3.2.1.
 */

ngx_int_t
ngx_live_picture_crop(ngx_live_codec_t *out, ngx_live_bits_t *b, uint32_t width,
    uint32_t height, ngx_uint_t unit_x, ngx_uint_t unit_y)
{
    uint64_t  x, y;

    x = 0;
    y = 0;

    if (ngx_live_bits_u(b, 1)) {
        x = ngx_live_bits_ue(b);
        x += ngx_live_bits_ue(b);
        y = ngx_live_bits_ue(b);
        y += ngx_live_bits_ue(b);
    }

    x *= unit_x;
    y *= unit_y;

    if (b->error || x >= width || y >= height) {
        return NGX_ERROR;
    }

    return ngx_live_picture_size(out, width - x, height - y);
}


ngx_int_t
ngx_live_picture_size(ngx_live_codec_t *out, uint32_t width, uint32_t height)
{
    if (width == 0 || width > NGX_LIVE_CODEC_MAX_SIZE
        || height == 0 || height > NGX_LIVE_CODEC_MAX_SIZE)
    {
        return NGX_ERROR;
    }

    out->width = width;
    out->height = height;

    return NGX_OK;
}
