
/*
 * Copyright (C) the ngx_live contributors
 *
 * The size of a picture, as H.264 and H.265 crop it.  Pure.
 */


#ifndef _NGX_LIVE_PICTURE_H_INCLUDED_
#define _NGX_LIVE_PICTURE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_bits.h"
#include "ngx_live_codec.h"


#pragma GCC visibility push(hidden)

/*
 * Reads the cropping rectangle and sets the size; the units are luma samples
 * per step.  NGX_ERROR: the bits have ended, or nothing would be left.
 */

ngx_int_t ngx_live_picture_crop(ngx_live_codec_t *out, ngx_live_bits_t *b,
    uint32_t width, uint32_t height, ngx_uint_t unit_x, ngx_uint_t unit_y);

/* NGX_ERROR: empty, or larger than NGX_LIVE_CODEC_MAX_SIZE */

ngx_int_t ngx_live_picture_size(ngx_live_codec_t *out, uint32_t width,
    uint32_t height);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_PICTURE_H_INCLUDED_ */
