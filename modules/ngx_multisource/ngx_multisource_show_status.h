
/*
 * Copyright (C) the ngx_live contributors
 *
 * Sessions as the operator sees them, in multisource_status.
 */


#ifndef _NGX_MULTISOURCE_SHOW_STATUS_H_INCLUDED_
#define _NGX_MULTISOURCE_SHOW_STATUS_H_INCLUDED_


#include "ngx_multisource_http_module.h"


/* sessions that have ended and are shown, those that ended last */
#define NGX_MULTISOURCE_SHOW_STATUS_ENDED   100


#pragma GCC visibility push(hidden)

/*
 * All that are open, and the last ones that have ended: a new reference. NULL:
 * there are no sessions here, or no memory.
 */
json_t *ngx_multisource_show_status_json(ngx_pool_t *pool);

/* "zone" of the status: room and use; NULL as above */
json_t *ngx_multisource_show_status_zone(void);

/* metrics of the open ones; in bytes, what they take at most; p is returned */
size_t ngx_multisource_show_status_size(void);
u_char *ngx_multisource_show_status_metrics(u_char *p, u_char *last);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SHOW_STATUS_H_INCLUDED_ */
