
/*
 * Copyright (C) the ngx_live contributors
 *
 * Big-endian numbers in packets.  The writers return the byte behind what they
 * wrote.
 */


#ifndef _WIRE_H_INCLUDED_
#define _WIRE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <string.h>


static inline uint16_t
wire_get16(const uint8_t *p)
{
    return (uint16_t) (p[0] << 8 | p[1]);
}


static inline uint32_t
wire_get24(const uint8_t *p)
{
    return (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];
}


static inline uint32_t
wire_get32(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | wire_get24(p + 1);
}


static inline uint8_t *
wire_put8(uint8_t *p, unsigned v)
{
    *p = (uint8_t) v;

    return p + 1;
}


static inline uint8_t *
wire_put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t) (v >> 8);
    p[1] = (uint8_t) v;

    return p + 2;
}


static inline uint8_t *
wire_put24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t) (v >> 16);

    return wire_put16(p + 1, v & 0xffff);
}


static inline uint8_t *
wire_put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t) (v >> 24);

    return wire_put24(p + 1, v & 0xffffff);
}


static inline uint8_t *
wire_put64(uint8_t *p, uint64_t v)
{
    return wire_put32(wire_put32(p, (uint32_t) (v >> 32)), (uint32_t) v);
}


static inline uint8_t *
wire_put(uint8_t *p, const void *data, size_t len)
{
    memcpy(p, data, len);

    return p + len;
}


#endif /* _WIRE_H_INCLUDED_ */
