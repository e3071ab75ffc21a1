
/*
 * Copyright (C) the ngx_live contributors
 *
 * The codecs that a WHIP session can carry.
 */


#ifndef _NGX_WHIP_CODEC_H_INCLUDED_
#define _NGX_WHIP_CODEC_H_INCLUDED_


typedef enum {
    NGX_WHIP_H264 = 1,
    NGX_WHIP_HEVC,
    NGX_WHIP_AV1,
    NGX_WHIP_OPUS
} ngx_whip_codec_e;


#endif /* _NGX_WHIP_CODEC_H_INCLUDED_ */
