
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_unit.h"


void
ngx_whip_unit_free(ngx_whip_unit_t *u)
{
    if (u->data) {
        ngx_free(u->data - NGX_WHIP_FRAME_HEAD);
        u->data = NULL;
    }
}


void
ngx_whip_unit_reset(ngx_whip_unit_t *u)
{
    if (u->damaged && u->slices == 0) {
        u->gap = 1;
    }

    u->len = 0;
    u->slices = 0;
    u->key = 0;
    u->open = 0;
    u->used = 0;
    u->damaged = 0;
    u->torn = 0;
}


void
ngx_whip_unit_lost(ngx_whip_unit_t *u)
{
    if (u->used) {
        (void) ngx_whip_unit_fail(u, NGX_ERROR);
    }

    u->gap = 1;
}


void
ngx_whip_unit_packet(ngx_whip_unit_t *u)
{
    if (u->gap && !u->used) {
        u->torn = 1;
    }

    u->gap = 0;
    u->used = 1;
}


ngx_int_t
ngx_whip_unit_open(ngx_whip_unit_t *u, size_t room)
{
    ngx_int_t  rc;

    rc = ngx_whip_unit_grow(u, room);

    if (rc != NGX_OK) {
        return rc;
    }

    u->part = u->len;
    u->room = room;
    u->len += room;
    u->chain = 0;
    u->open = 1;

    return NGX_OK;
}


ngx_int_t
ngx_whip_unit_add(ngx_whip_unit_t *u, const u_char *p, size_t len)
{
    ngx_int_t  rc;

    if (len > NGX_WHIP_UNIT_PART_MAX - (u->len - u->part - u->room)) {
        return NGX_ERROR;
    }

    rc = ngx_whip_unit_grow(u, len);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memcpy(u->data + u->len, p, len);
    u->len += len;

    return NGX_OK;
}


ngx_int_t
ngx_whip_unit_chain(ngx_whip_unit_t *u)
{
    return (++u->chain < NGX_WHIP_UNIT_CHAIN) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_whip_unit_grow(ngx_whip_unit_t *u, size_t len)
{
    u_char  *p;
    size_t   size;

    if (len <= u->size - u->len) {
        return NGX_OK;
    }

    if (len > NGX_WHIP_UNIT_MAX - u->len) {
        return NGX_ERROR;
    }

    for (size = NGX_WHIP_UNIT_MIN; size < u->len + len; size *= 2) {
        /* void */
    }

    p = ngx_alloc(NGX_WHIP_FRAME_HEAD + size, u->log);
    if (p == NULL) {
        return NGX_ABORT;
    }

    p += NGX_WHIP_FRAME_HEAD;

    if (u->len) {
        ngx_memcpy(p, u->data, u->len);
    }

    ngx_whip_unit_free(u);

    u->data = p;
    u->size = size;

    return NGX_OK;
}


void
ngx_whip_unit_close(ngx_whip_unit_t *u)
{
    u->open = 0;
}


void
ngx_whip_unit_close_nal(ngx_whip_unit_t *u)
{
    u_char  *p;
    size_t   len;

    p = u->data + u->part;
    len = u->len - u->part - u->room;

    p[0] = (u_char) (len >> 24);
    p[1] = (u_char) (len >> 16);
    p[2] = (u_char) (len >> 8);
    p[3] = (u_char) len;

    u->open = 0;
}


void
ngx_whip_unit_drop(ngx_whip_unit_t *u)
{
    u->len = u->part;
    u->open = 0;
}


ngx_int_t
ngx_whip_unit_fail(ngx_whip_unit_t *u, ngx_int_t rc)
{
    if (u->open) {
        ngx_whip_unit_drop(u);
    }

    u->damaged = 1;

    return rc;
}


ngx_int_t
ngx_whip_unit_orphan(ngx_whip_unit_t *u)
{
    ngx_int_t  rc;

    rc = (u->damaged || u->torn) ? NGX_DECLINED : NGX_ERROR;

    u->damaged = 1;

    return rc;
}
