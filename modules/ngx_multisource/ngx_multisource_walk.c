
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_walk.h"


ngx_uint_t
ngx_multisource_walk_streamer(ngx_str_t *app, ngx_str_t *streamer,
    ngx_uint_t all, ngx_multisource_entry_t *entries)
{
    ngx_uint_t                i, n;
    ngx_multisource_walk_t    walk;
    ngx_multisource_entry_t   entry;

    ngx_memzero(&walk, sizeof(ngx_multisource_walk_t));
    walk.app = app;
    walk.streamer = streamer;
    walk.pending = all ? 1 : 0;

    n = 0;

    while (ngx_multisource_registry_next(&ngx_multisource_worker.registry,
                                         &walk, &entry)
           == NGX_OK)
    {
        for (i = all ? n : 0; i < n; i++) {
            if (ngx_strcmp(entries[i].record.source, entry.record.source)
                == 0)
            {
                break;
            }
        }

        if (i < n) {

            if (entries[i].ticket > entry.ticket) {
                continue;
            }

            n--;
            ngx_memmove(&entries[i], &entries[i + 1],
                        (n - i) * sizeof(ngx_multisource_entry_t));
        }

        if (n == NGX_MULTISOURCE_MAX_SOURCES) {
            break;
        }

        for (i = n++; i > 0 && entries[i - 1].ticket > entry.ticket; i--) {
            entries[i] = entries[i - 1];
        }

        entries[i] = entry;
    }

    return n;
}
