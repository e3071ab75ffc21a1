
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure, over jansson: which of the sources that are live is meant. `live` is an
 * object of them by name, with "since" in each; results are borrowed from it.
 */


#ifndef _NGX_SIMULCAST_INPUT_H_INCLUDED_
#define _NGX_SIMULCAST_INPUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


#pragma GCC visibility push(hidden)

/*
 * Of an inputSource: SOURCE, STREAMER:SOURCE, or a URL that ends in the name
 * that a source is published under. NULL: none of these is live.
 */
const char *ngx_simulcast_input_source(const char *input,
    const char *streamer, json_t *live);

/* the default source, or the first live one; NULL: nothing is live */
const char *ngx_simulcast_input_default(json_t *live);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_INPUT_H_INCLUDED_ */
