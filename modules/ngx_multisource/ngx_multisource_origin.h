
/*
 * Copyright (C) the ngx_live contributors
 *
 * What the packager has made, by HTTP: playlists that wait for what is asked
 * for, parts and segments (draft-pantos-hls-rfc8216bis, 6.2.5 and 6.2.6).
 */


#ifndef _NGX_MULTISOURCE_ORIGIN_H_INCLUDED_
#define _NGX_MULTISOURCE_ORIGIN_H_INCLUDED_


#include "ngx_multisource_http_module.h"


#pragma GCC visibility push(hidden)

/* a content handler, of a location whose application has `multisource_hls on` */
ngx_int_t ngx_multisource_origin_handler(ngx_http_request_t *r);

/*
 * Something has changed in the media of the source in this slot of the
 * registry, by this worker or another one: answers those who wait for it.
 */
void ngx_multisource_origin_wake(ngx_uint_t slot);

/* requests that are held in this worker */
ngx_uint_t ngx_multisource_origin_held(void);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_ORIGIN_H_INCLUDED_ */
