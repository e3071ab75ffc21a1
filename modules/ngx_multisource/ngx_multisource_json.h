
/*
 * Copyright (C) the ngx_live contributors
 *
 * A source as lists and events have it. Field names are fixed: clients know
 * them.
 */


#ifndef _NGX_MULTISOURCE_JSON_H_INCLUDED_
#define _NGX_MULTISOURCE_JSON_H_INCLUDED_


#include "ngx_multisource_http_module.h"


#pragma GCC visibility push(hidden)

/* each returns a new reference, NULL when out of memory */

json_t *ngx_multisource_json_source(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_entry_t *entry);

/* the live sources of a streamer, oldest first */
json_t *ngx_multisource_json_sources(ngx_multisource_loc_conf_t *mlcf,
    ngx_str_t *streamer);

/* frames per 1000 s, as the number that a person would call it */
json_t *ngx_multisource_json_fps(uint32_t fps);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_JSON_H_INCLUDED_ */
