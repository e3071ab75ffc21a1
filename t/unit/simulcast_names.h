
/*
 * Copyright (C) the ngx_live contributors
 *
 * The names of platforms, which belong to the module and not to a pure file.
 */


#ifndef _SIMULCAST_NAMES_H_INCLUDED_
#define _SIMULCAST_NAMES_H_INCLUDED_


#include "ngx_simulcast.h"

#include <string.h>


const char *
ngx_simulcast_platform_name(ngx_uint_t platform)
{
    static const char  *names[] = {
        "youtube", "twitch", "facebook", "cloudflare", "rtmp_custom"
    };

    return platform < NGX_SIMULCAST_NPLATFORMS ? names[platform] : NULL;
}


ngx_int_t
ngx_simulcast_platform_find(ngx_str_t *name)
{
    ngx_uint_t   i;
    const char  *text;

    for (i = 0; i < NGX_SIMULCAST_NPLATFORMS; i++) {
        text = ngx_simulcast_platform_name(i);

        if (strlen(text) == name->len
            && memcmp(text, name->data, name->len) == 0)
        {
            return i;
        }
    }

    return NGX_ERROR;
}


#endif /* _SIMULCAST_NAMES_H_INCLUDED_ */
