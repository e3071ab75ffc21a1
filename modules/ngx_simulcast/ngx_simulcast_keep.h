
/*
 * Copyright (C) the ngx_live contributors
 *
 * Changes of a destination's secret that must not be lost to a change that
 * somebody else makes at the same time: it is read, changed and written, and
 * once more when it was written in between.
 */


#ifndef _NGX_SIMULCAST_KEEP_H_INCLUDED_
#define _NGX_SIMULCAST_KEEP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "ngx_simulcast_platform.h"


/*
 * NGX_OK: the destination as it stands in Redis now, with its secret open, to
 * be held by whom keeps it; NGX_DECLINED: there is no such destination, or it does
 * not open; NGX_ERROR: it could not be stored.
 */
typedef void (*ngx_simulcast_keep_pt)(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);


#pragma GCC visibility push(hidden)

/*
 * Members of the secret and of the record (either may be NULL) that change; a
 * null removes one. Both are taken over. With `name` they do only as long as
 * that member of the secret is still `value`; otherwise nothing is written, and
 * what stands in Redis comes back with NGX_OK. NGX_ERROR: could not be started;
 * otherwise the handler is called once, never from within the call.
 */
ngx_int_t ngx_simulcast_keep(const char *id, json_t *secret, json_t *record,
    const char *name, const char *value, ngx_simulcast_keep_pt handler,
    void *data);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_KEEP_H_INCLUDED_ */
