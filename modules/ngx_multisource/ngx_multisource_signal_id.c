
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_signal_id.h"
#include "ngx_multisource_ticket.h"


#define NGX_MULTISOURCE_SIGNAL_ID_MAC  32       /* of 64 hex digits */


static ngx_int_t ngx_multisource_signal_id_mac(
    ngx_multisource_signal_id_t *id, const u_char *key, ngx_pool_t *pool,
    u_char *hex);


ngx_int_t
ngx_multisource_signal_id_seal(ngx_multisource_signal_id_t *id,
    const u_char *key, ngx_pool_t *pool, u_char *text, size_t *len)
{
    u_char     *p;
    u_char      hex[64], raw[NGX_MULTISOURCE_SIGNAL_ID_RAW];
    ngx_str_t   from, to;

    if (id->location.len == 0 || id->location.data[0] != '/'
        || NGX_MULTISOURCE_SIGNAL_ID_MAC + 1 + id->etag.len + id->location.len
           > sizeof(raw))
    {
        return NGX_DECLINED;
    }

    if (ngx_multisource_signal_id_mac(id, key, pool, hex) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(raw, hex, NGX_MULTISOURCE_SIGNAL_ID_MAC);
    *p++ = (u_char) id->etag.len;
    p = ngx_cpymem(p, id->etag.data, id->etag.len);
    p = ngx_cpymem(p, id->location.data, id->location.len);

    from.data = raw;
    from.len = p - raw;
    to.data = text;

    ngx_encode_base64url(&to, &from);

    *len = to.len;

    return NGX_OK;
}


ngx_int_t
ngx_multisource_signal_id_unseal(ngx_multisource_signal_id_t *id,
    const u_char *key, ngx_pool_t *pool, ngx_str_t *text)
{
    u_char     *p, *last;
    u_char      hex[64], differ;
    size_t      i;
    ngx_str_t   to;

    if (text->len > NGX_MULTISOURCE_SIGNAL_ID_LEN) {
        return NGX_DECLINED;
    }

    to.data = ngx_pnalloc(pool, ngx_base64_decoded_length(text->len) + 1);
    if (to.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64url(&to, text) != NGX_OK
        || to.len <= NGX_MULTISOURCE_SIGNAL_ID_MAC + 1)
    {
        return NGX_DECLINED;
    }

    p = to.data + NGX_MULTISOURCE_SIGNAL_ID_MAC;
    last = to.data + to.len;

    id->etag.len = *p++;
    id->etag.data = p;

    if (id->etag.len >= (size_t) (last - p)) {
        return NGX_DECLINED;
    }

    p += id->etag.len;

    id->location.data = p;
    id->location.len = last - p;

    if (ngx_multisource_signal_id_mac(id, key, pool, hex) != NGX_OK) {
        return NGX_ERROR;
    }

    differ = 0;

    for (i = 0; i < NGX_MULTISOURCE_SIGNAL_ID_MAC; i++) {
        differ |= to.data[i] ^ hex[i];
    }

    return differ ? NGX_DECLINED : NGX_OK;
}


/* the first word keeps it apart from whatever else the key signs */

static ngx_int_t
ngx_multisource_signal_id_mac(ngx_multisource_signal_id_t *id,
    const u_char *key, ngx_pool_t *pool, u_char *hex)
{
    ngx_str_t  text;

    text.len = sizeof("signal\n\n\n\n") + id->streamer.len + id->source.len
               + id->etag.len + id->location.len;
    text.data = ngx_pnalloc(pool, text.len);

    if (key == NULL || text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = ngx_sprintf(text.data, "signal\n%V\n%V\n%V\n%V",
                           &id->streamer, &id->source, &id->etag,
                           &id->location)
               - text.data;

    return ngx_multisource_ticket_mark(key, &text, hex);
}
