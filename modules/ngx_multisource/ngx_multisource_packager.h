
/*
 * Copyright (C) the ngx_live contributors
 *
 * From a publisher's messages to parts of low-latency HLS on the disk:
 *
 *     message -> tag -> cadence -> cut -> mux -> disk -> index -> those who wait
 *
 * The first group of pictures of a source that was never there before is kept
 * until the next one begins: it tells what may never change while the playlist
 * lives, the part target and the target duration.
 */


#ifndef _NGX_MULTISOURCE_PACKAGER_H_INCLUDED_
#define _NGX_MULTISOURCE_PACKAGER_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/* of a source that has just gone live; NULL: no memory (logged) */
ngx_multisource_packager_t *ngx_multisource_packager_open(
    ngx_multisource_ctx_t *ctx);

/*
 * An audio or video message of the publisher. Never fails: what goes wrong is
 * logged, and ends the packaging of this source for a while.
 */
void ngx_multisource_packager_media(ngx_multisource_packager_t *pk,
    ngx_rtmp_header_t *h, ngx_chain_t *in);

/* a data message, which may tell the sender's clock */
void ngx_multisource_packager_data(ngx_multisource_packager_t *pk,
    ngx_rtmp_header_t *h, ngx_chain_t *in);

/*
 * The publisher has gone, and ctx is about to: what it sent is packaged to its
 * end, and the playlist ends when it does not come back in time.
 */
void ngx_multisource_packager_close(ngx_multisource_packager_t *pk);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_PACKAGER_H_INCLUDED_ */
