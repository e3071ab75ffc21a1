
/*
 * Copyright (C) the ngx_live contributors
 *
 * The table of nginx's own CRC-32, for tests of what takes it from nginx:
 * nginx-dev comes with its header only.
 */


#ifndef _CRC32_H_INCLUDED_
#define _CRC32_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


uint32_t  ngx_crc32_table256[256];


/* to be called before the table is used */

static ngx_inline void
crc32_init(void)
{
    uint32_t    c;
    ngx_uint_t  i, n;

    for (i = 0; i < 256; i++) {
        c = i;

        for (n = 0; n < 8; n++) {
            c = (c & 1) ? (c >> 1) ^ 0xedb88320 : c >> 1;
        }

        ngx_crc32_table256[i] = c;
    }
}


#endif /* _CRC32_H_INCLUDED_ */
