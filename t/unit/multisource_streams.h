
/*
 * Copyright (C) the ngx_live contributors
 *
 * A stream of a show by its name, which belongs to a file that needs shared
 * memory and not to a pure one.
 */


#ifndef _MULTISOURCE_STREAMS_H_INCLUDED_
#define _MULTISOURCE_STREAMS_H_INCLUDED_


#include "ngx_multisource_show.h"

#include <string.h>


ngx_uint_t
ngx_multisource_show_stream(ngx_multisource_show_record_t *record,
    ngx_str_t *name)
{
    ngx_uint_t   i;
    const char  *known;

    for (i = 0; i < record->nstreams; i++) {
        known = (const char *) record->streams[i].name;

        if (strlen(known) == name->len
            && memcmp(known, name->data, name->len) == 0)
        {
            return i;
        }
    }

    return NGX_MULTISOURCE_SHOW_NONE;
}


#endif /* _MULTISOURCE_STREAMS_H_INCLUDED_ */
