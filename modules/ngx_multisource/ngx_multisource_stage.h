
/*
 * Copyright (C) the ngx_live contributors
 *
 * Keeps the shows in step with the registry of sources: a show begins with a
 * streamer's first source and ends some time after the last one. One worker at a
 * time looks, once a second, and whoever is asked about a streamer looks at once.
 */


#ifndef _NGX_MULTISOURCE_STAGE_H_INCLUDED_
#define _NGX_MULTISOURCE_STAGE_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"


#pragma GCC visibility push(hidden)

/* in a new worker, with the zone of the configuration; no zone: no shows */
void ngx_multisource_stage_init(ngx_cycle_t *cycle);

/* every housekeeping tick */
void ngx_multisource_stage_tick(void);

/* the worker's view; shared is NULL where there are no sessions */
ngx_multisource_shows_t *ngx_multisource_stage_shows(void);

/*
 * The show of a streamer as it is by now: the open one, made if a source is
 * live, or with `ended` the last one. NGX_DECLINED: there is none; NGX_BUSY: try
 * again.
 */
ngx_int_t ngx_multisource_stage_show(ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_uint_t ended, ngx_multisource_show_t *show);

/* a new record for a streamer's show, as the configuration says: price, privacy */
void ngx_multisource_stage_record(ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_multisource_show_record_t *record);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_STAGE_H_INCLUDED_ */
