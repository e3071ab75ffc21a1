
/*
 * Copyright (C) the ngx_live contributors
 *
 * Answers to requests for what the packager has made: playlists from memory,
 * once for all who get the same, media from files.
 */


#ifndef _NGX_MULTISOURCE_ANSWER_H_INCLUDED_
#define _NGX_MULTISOURCE_ANSWER_H_INCLUDED_


#include "ngx_multisource_ask.h"


#pragma GCC visibility push(hidden)

/*
 * Sends what ask->verdict says, HOLD excepted. What it returns is what the
 * content handler returns, or a request that was held ends with.
 */
ngx_int_t ngx_multisource_answer(ngx_multisource_ask_t *ask,
    ngx_multisource_view_t *view);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_ANSWER_H_INCLUDED_ */
