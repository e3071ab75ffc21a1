
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: integers in network byte order, at any alignment.  The caller has
 * checked that the bytes are there.
 */


#ifndef _NGX_WHIP_WIRE_H_INCLUDED_
#define _NGX_WHIP_WIRE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


static ngx_inline uint16_t
ngx_whip_wire_get16(const u_char *p)
{
    return (uint16_t) (p[0] << 8 | p[1]);
}


static ngx_inline uint32_t
ngx_whip_wire_get32(const u_char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


/* these return where the next value goes; higher bits are dropped */

static ngx_inline u_char *
ngx_whip_wire_put16(u_char *p, uint32_t value)
{
    p[0] = (u_char) (value >> 8);
    p[1] = (u_char) value;

    return p + 2;
}


static ngx_inline u_char *
ngx_whip_wire_put24(u_char *p, uint32_t value)
{
    p[0] = (u_char) (value >> 16);
    p[1] = (u_char) (value >> 8);
    p[2] = (u_char) value;

    return p + 3;
}


static ngx_inline u_char *
ngx_whip_wire_put32(u_char *p, uint32_t value)
{
    p[0] = (u_char) (value >> 24);
    p[1] = (u_char) (value >> 16);
    p[2] = (u_char) (value >> 8);
    p[3] = (u_char) value;

    return p + 4;
}


#endif /* _NGX_WHIP_WIRE_H_INCLUDED_ */
