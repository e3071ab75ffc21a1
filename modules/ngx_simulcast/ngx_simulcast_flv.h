
/*
 * Copyright (C) the ngx_live contributors
 *
 * FLV as a stream without an end (Adobe FLV 10.1, annex E): tags written, and
 * what another program writes, read without trust. Pure but for the memory of
 * one tag.
 */


#ifndef _NGX_SIMULCAST_FLV_H_INCLUDED_
#define _NGX_SIMULCAST_FLV_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_FLV_FILE   13         /* bytes before the first tag */
#define NGX_SIMULCAST_FLV_HEAD   11         /* of a tag, before its payload */
#define NGX_SIMULCAST_FLV_TAIL   4          /* and behind it */

#define NGX_SIMULCAST_FLV_MAX    0xffffff   /* bytes of a payload */

#define NGX_SIMULCAST_FLV_AUDIO  8
#define NGX_SIMULCAST_FLV_VIDEO  9
#define NGX_SIMULCAST_FLV_META   18


typedef struct {
    ngx_uint_t   type;
    uint32_t     timestamp;     /* ms */
    u_char      *data;          /* the reader's or the caller's, until the
                                   reader's next call */
    size_t       len;           /* may be 0 */
} ngx_simulcast_flv_tag_t;


typedef struct ngx_simulcast_flv_reader_s  ngx_simulcast_flv_reader_t;


#pragma GCC visibility push(hidden)

/* malloc'd; NULL: out of memory. `max`: bytes of a payload, at most. */
ngx_simulcast_flv_reader_t *ngx_simulcast_flv_create(size_t max);
void ngx_simulcast_flv_free(ngx_simulcast_flv_reader_t *reader);

/*
 * Takes bytes from *pos up to `last` and moves *pos. NGX_OK: *tag is complete,
 * and more may follow; NGX_AGAIN: all bytes were taken; NGX_ERROR: not FLV, a
 * tag beyond the limit, or no memory, and so on each further call. Bytes may
 * come in pieces of any size. The memory held grows with what has come, not
 * with what a header announces.
 */
ngx_int_t ngx_simulcast_flv_read(ngx_simulcast_flv_reader_t *reader,
    u_char **pos, u_char *last, ngx_simulcast_flv_tag_t *tag);

/* bytes held for a payload */
size_t ngx_simulcast_flv_memory(ngx_simulcast_flv_reader_t *reader);

/*
 * Each writes to p, which has the room named above, and returns the end. len:
 * at most NGX_SIMULCAST_FLV_MAX.
 */
u_char *ngx_simulcast_flv_file(u_char *p, ngx_uint_t audio, ngx_uint_t video);
u_char *ngx_simulcast_flv_head(u_char *p, ngx_uint_t type, uint32_t timestamp,
    size_t len);
u_char *ngx_simulcast_flv_tail(u_char *p, size_t len);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_FLV_H_INCLUDED_ */
