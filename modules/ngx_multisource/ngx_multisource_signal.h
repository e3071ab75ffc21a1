
/*
 * Copyright (C) the ngx_live contributors
 *
 * Signalling for clients that speak JSON instead of WHIP: each message becomes
 * a request to the WHIP location, with the client's key, and what that answers
 * becomes JSON. Nothing is stored, see ngx_multisource_signal_id.h.
 */


#ifndef _NGX_MULTISOURCE_SIGNAL_H_INCLUDED_
#define _NGX_MULTISOURCE_SIGNAL_H_INCLUDED_


#include "ngx_multisource_form.h"
#include "ngx_multisource_http_module.h"


#pragma GCC visibility push(hidden)

/*
 * Of stream/{id}/signal/...; the key is known to be the streamer's, the body
 * has been read and is NULL where there is none. Returns what a content handler
 * does, NGX_DONE: the request will be finalized.
 */
ngx_int_t ngx_multisource_signal_handler(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_form_path_t *path,
    ngx_str_t *streamer, json_t *body);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SIGNAL_H_INCLUDED_ */
