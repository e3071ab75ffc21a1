
/*
 * Copyright (C) the ngx_live contributors
 *
 * Sessions as clients have them. Field names are fixed: clients know them.
 */


#ifndef _NGX_MULTISOURCE_SHOW_JSON_H_INCLUDED_
#define _NGX_MULTISOURCE_SHOW_JSON_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"
#include "ngx_multisource_viewer.h"


#pragma GCC visibility push(hidden)

/* each returns a new reference, NULL when out of memory */

/* SESSION of the documentation, without what only the streamer gets */
json_t *ngx_multisource_show_json_session(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_t *show);

/* one of its streams, by number */
json_t *ngx_multisource_show_json_stream(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_t *show, ngx_uint_t n);

/* those that viewers can have now */
json_t *ngx_multisource_show_json_sources(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_show_t *show);

json_t *ngx_multisource_show_json_on_air(
    ngx_multisource_show_record_t *record);

/* {"now", "peak", "sources": {NAME: viewers}} */
json_t *ngx_multisource_show_json_viewers(ngx_multisource_show_t *show);

json_t *ngx_multisource_show_json_analytics(ngx_multisource_show_t *show);

json_t *ngx_multisource_show_json_preferences(
    ngx_multisource_show_record_t *record,
    ngx_multisource_preferences_t *preferences);

/* one viewer of the usage */
json_t *ngx_multisource_show_json_viewer(ngx_multisource_show_record_t *record,
    ngx_multisource_viewer_look_t *look);

/* 16 hex digits; an amount of money; minutes of so many ms */
json_t *ngx_multisource_show_json_id(uint64_t id);
json_t *ngx_multisource_show_json_amount(uint64_t amount);
json_t *ngx_multisource_show_json_minutes(uint64_t ms);

/* "EUR", or null where nothing costs anything */
json_t *ngx_multisource_show_json_currency(
    ngx_multisource_show_record_t *record);

/*
 * A copy of the counters, which go on meanwhile; all zero and NGX_DECLINED when
 * the show is gone.
 */
ngx_int_t ngx_multisource_show_json_counts(ngx_multisource_show_t *show,
    ngx_multisource_show_counts_t *counts);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SHOW_JSON_H_INCLUDED_ */
