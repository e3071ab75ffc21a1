
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure, over jansson: the bodies of requests, field by field, and the records
 * made of them.
 */


#ifndef _NGX_SIMULCAST_SETTINGS_H_INCLUDED_
#define _NGX_SIMULCAST_SETTINGS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "ngx_simulcast.h"
#include "ngx_live_body.h"


#define NGX_SIMULCAST_SETTINGS_RETRIES  3       /* max_retries by default */


#pragma GCC visibility push(hidden)

/*
 * Of POST destinations: the record without id and times, and its secret, NULL
 * for none. A key that stands in rtmp_url goes into the secret, and the record
 * has the rest. NULL: *error is set.
 */
json_t *ngx_simulcast_settings_create(json_t *body, json_t **secret,
    ngx_live_body_error_t *error);

/*
 * Of PATCH destinations/{id}: new versions of record and secret, which are not
 * touched; a field of settings that is null falls back to its default. *changed
 * is NULL where the secret stays as it is. NULL: *error is set.
 */
json_t *ngx_simulcast_settings_patch(json_t *body, json_t *record,
    json_t *secret, json_t **changed, ngx_live_body_error_t *error);

/* of exchange-token: code, stream_id, name, state (may be missing) */
ngx_int_t ngx_simulcast_settings_exchange(json_t *body,
    ngx_live_body_error_t *error);

/* of simulcast/{streamId}/start: *input is inputSource, or NULL; borrowed */
ngx_int_t ngx_simulcast_settings_start(json_t *body, const char **input,
    ngx_live_body_error_t *error);

/* a new object: settings with the defaults that have a value */
json_t *ngx_simulcast_settings_full(json_t *settings);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_SETTINGS_H_INCLUDED_ */
