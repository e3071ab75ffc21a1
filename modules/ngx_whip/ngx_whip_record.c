
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_codec.h"
#include "ngx_whip_record.h"


void
ngx_whip_record_begin(ngx_whip_record_t *r)
{
    r->draft_len = 0;
    r->overflow = 0;
}


void
ngx_whip_record_byte(ngx_whip_record_t *r, ngx_uint_t byte)
{
    u_char  ch;

    ch = (u_char) byte;

    ngx_whip_record_bytes(r, &ch, 1);
}


void
ngx_whip_record_bytes(ngx_whip_record_t *r, const u_char *p, size_t len)
{
    if (len > NGX_WHIP_CONFIG_MAX - r->draft_len) {
        r->overflow = 1;
        return;
    }

    ngx_memcpy(r->draft + r->draft_len, p, len);
    r->draft_len += len;
}


void
ngx_whip_record_set(ngx_whip_record_t *r, ngx_whip_paramset_t *set)
{
    ngx_whip_record_byte(r, set->len >> 8);
    ngx_whip_record_byte(r, set->len);
    ngx_whip_record_bytes(r, set->data, set->len);
}


ngx_int_t
ngx_whip_record_adopt(ngx_whip_record_t *r, ngx_uint_t codec)
{
    ngx_live_codec_t  info;

    if (r->overflow) {
        return NGX_ERROR;
    }

    if (r->draft_len == r->len
        && ngx_memcmp(r->draft, r->data, r->len) == 0)
    {
        return NGX_OK;
    }

    if (ngx_live_codec_config(codec, r->draft, r->draft + r->draft_len, &info)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(r->data, r->draft, r->draft_len);
    r->len = r->draft_len;
    r->fresh = 1;

    return NGX_OK;
}
