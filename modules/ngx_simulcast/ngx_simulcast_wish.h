
/*
 * Copyright (C) the ngx_live contributors
 *
 * What was wished for one stream - start, stop, a session - ends with it: the
 * next one begins as the destinations' settings say. While a publisher who
 * vanished may come back it still holds.
 */


#ifndef _NGX_SIMULCAST_WISH_H_INCLUDED_
#define _NGX_SIMULCAST_WISH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_store.h"


/* for so long a publisher who vanished finds everything as it was */
#define NGX_SIMULCAST_WISH_HOLD  180000         /* ms */


#pragma GCC visibility push(hidden)

/*
 * A source has ended; real: its publisher has said so. alone: it was the
 * streamer's last one, and what is for any source ends as well. The strings end
 * with NUL and are copied.
 */
void ngx_simulcast_wish_end(const char *streamer, const char *source,
    ngx_uint_t real, ngx_uint_t alone);

/* Redis is there again: ends that it was not told of */
void ngx_simulcast_wish_again(void);

/* the same for a destination that it had */
void ngx_simulcast_wish_end_one(const char *id, ngx_uint_t real);

/* nonzero when it is to run whenever its source is live */
ngx_uint_t ngx_simulcast_wish_runs(ngx_simulcast_destination_t *destination);

/*
 * A destination begins to run: what was to hold for a while holds for good, and
 * its stream has a session, told to event streams if it is a new one.
 */
void ngx_simulcast_wish_begin(ngx_simulcast_destination_t *destination,
    const char *stream_id);

/* nonzero when what a session or a record says does not hold any more */
ngx_uint_t ngx_simulcast_wish_over(json_t *json, const char *name);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_WISH_H_INCLUDED_ */
