
/*
 * Copyright (C) the ngx_live contributors
 *
 * A source as lists and events have it. Field names are fixed: clients know
 * them.
 */


#ifndef _NGX_MULTISOURCE_JSON_H_INCLUDED_
#define _NGX_MULTISOURCE_JSON_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"


#pragma GCC visibility push(hidden)

/* each returns a new reference, NULL when out of memory */

json_t *ngx_multisource_json_source(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_entry_t *entry);

/* the same, of a show that is known; NULL: there is none */
json_t *ngx_multisource_json_source_of(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_entry_t *entry, ngx_multisource_show_t *show);

/* the live sources of a streamer, oldest first, without disabled ones */
json_t *ngx_multisource_json_sources(ngx_multisource_loc_conf_t *mlcf,
    ngx_str_t *streamer);

/*
 * The open show of a streamer, into *show; NULL: there is none, or there are no
 * sessions.
 */
ngx_multisource_show_t *ngx_multisource_json_show(
    ngx_multisource_loc_conf_t *mlcf, ngx_str_t *streamer,
    ngx_multisource_show_t *show);

/* nonzero when the streamer has disabled this source */
ngx_uint_t ngx_multisource_json_disabled(ngx_multisource_show_t *show,
    ngx_multisource_entry_t *entry);

/* prefix, streamer, "/", source, and what follows */
json_t *ngx_multisource_json_url(ngx_str_t *prefix, u_char *streamer,
    u_char *source, const char *tail);

/* Main_Screen is "Main Screen" */
json_t *ngx_multisource_json_label(u_char *source);

/* frames per 1000 s, as the number that a person would call it */
json_t *ngx_multisource_json_fps(uint32_t fps);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_JSON_H_INCLUDED_ */
