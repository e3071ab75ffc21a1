
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_live_aac.h"
#include "ngx_live_av1.h"
#include "ngx_live_codec.h"
#include "ngx_live_flac.h"
#include "ngx_live_h264.h"
#include "ngx_live_hevc.h"
#include "ngx_live_opus.h"
#include "ngx_live_text.h"
#include "ngx_live_vpx.h"
#include "ngx_live_vvc.h"


/* in the order of ngx_live_codec_e */

static const char *const  ngx_live_codec_labels[] = {
    "none",
    "h264", "hevc", "av1", "vp8", "vp9", "vvc", "flv1",
    "aac", "mp3", "opus", "flac", "ac3", "eac3", "pcm"
};


ngx_int_t
ngx_live_codec_config(ngx_uint_t codec, const u_char *p, const u_char *end,
    ngx_live_codec_t *out)
{
    ngx_memzero(out, sizeof(ngx_live_codec_t));

    out->codec = codec;

    switch (codec) {

    case NGX_LIVE_CODEC_H264:
        return ngx_live_h264_config(out, p, end);

    case NGX_LIVE_CODEC_HEVC:
        return ngx_live_hevc_config(out, p, end);

    case NGX_LIVE_CODEC_VVC:
        return ngx_live_vvc_config(out, p, end);

    case NGX_LIVE_CODEC_AV1:
        return ngx_live_av1_config(out, p, end);

    case NGX_LIVE_CODEC_VP8:
    case NGX_LIVE_CODEC_VP9:
        return ngx_live_vpx_config(out, p, end);

    case NGX_LIVE_CODEC_AAC:
        return ngx_live_aac_config(out, p, end);

    case NGX_LIVE_CODEC_OPUS:
        return ngx_live_opus_config(out, p, end);

    case NGX_LIVE_CODEC_FLAC:
        return ngx_live_flac_config(out, p, end);

    case NGX_LIVE_CODEC_MP3:
        ngx_live_text_copy(out->name, "mp4a.40.34");
        return NGX_OK;

    case NGX_LIVE_CODEC_AC3:
        ngx_live_text_copy(out->name, "ac-3");
        return NGX_OK;

    case NGX_LIVE_CODEC_EAC3:
        ngx_live_text_copy(out->name, "ec-3");
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


const char *
ngx_live_codec_label(ngx_uint_t codec)
{
    if (codec >= sizeof(ngx_live_codec_labels) / sizeof(char *)) {
        return "unknown";
    }

    return ngx_live_codec_labels[codec];
}
