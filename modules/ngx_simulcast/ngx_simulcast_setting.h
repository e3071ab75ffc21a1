
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure, over jansson: what a destination may be set to, on which platform.
 */


#ifndef _NGX_SIMULCAST_SETTING_H_INCLUDED_
#define _NGX_SIMULCAST_SETTING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "ngx_simulcast.h"
#include "ngx_live_body.h"


#pragma GCC visibility push(hidden)

/*
 * Puts the settings that are given into those of the record; one that is null
 * is taken out. NGX_ERROR: *error is set, and some may have been put in.
 */
ngx_int_t ngx_simulcast_setting_merge(json_t *record, json_t *given,
    ngx_uint_t platform, ngx_live_body_error_t *error);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_SETTING_H_INCLUDED_ */
