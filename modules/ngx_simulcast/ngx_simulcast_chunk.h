
/*
 * Copyright (C) the ngx_live contributors
 *
 * The RTMP chunk stream of a client: what a server sends, read without trust,
 * and messages written in chunks. Pure but for the memory of one message.
 */


#ifndef _NGX_SIMULCAST_CHUNK_H_INCLUDED_
#define _NGX_SIMULCAST_CHUNK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* what we announce and write, as OBS does (U3); bytes */
#define NGX_SIMULCAST_CHUNK_SIZE      4096

/* of a message from the server: replies are small, media is not expected */
#define NGX_SIMULCAST_CHUNK_MESSAGE   65536

/* chunk streams that a server may use at a time */
#define NGX_SIMULCAST_CHUNK_STREAMS   16

/* message types */
#define NGX_SIMULCAST_MSG_CHUNK_SIZE  1
#define NGX_SIMULCAST_MSG_ABORT       2
#define NGX_SIMULCAST_MSG_ACK         3
#define NGX_SIMULCAST_MSG_USER        4
#define NGX_SIMULCAST_MSG_ACK_SIZE    5
#define NGX_SIMULCAST_MSG_BANDWIDTH   6
#define NGX_SIMULCAST_MSG_AUDIO       8
#define NGX_SIMULCAST_MSG_VIDEO       9
#define NGX_SIMULCAST_MSG_META        18
#define NGX_SIMULCAST_MSG_COMMAND3    17
#define NGX_SIMULCAST_MSG_COMMAND     20


typedef struct {
    ngx_uint_t   type;
    uint32_t     timestamp;     /* ms */
    uint32_t     stream;        /* message stream id */
    u_char      *data;          /* the reader's, until its next call */
    size_t       len;
} ngx_simulcast_chunk_message_t;


typedef struct ngx_simulcast_chunk_reader_s  ngx_simulcast_chunk_reader_t;


#pragma GCC visibility push(hidden)

/* malloc'd; NULL: out of memory. The server's chunk size is 128 at first; the
   reader itself obeys set chunk size and abort, and still returns them. */
ngx_simulcast_chunk_reader_t *ngx_simulcast_chunk_create(void);
void ngx_simulcast_chunk_free(ngx_simulcast_chunk_reader_t *reader);

/*
 * Takes bytes from *pos up to `last` and moves *pos. NGX_OK: *message is
 * complete, and more may follow; NGX_AGAIN: all bytes were taken; NGX_ERROR:
 * not RTMP, or over the limits. Messages of audio and video, which no server
 * has a reason to send, are skipped whatever their length (up to 16 MB)
 * without being stored, and not returned. Bytes may come in pieces of any size.
 */
ngx_int_t ngx_simulcast_chunk_read(ngx_simulcast_chunk_reader_t *reader,
    u_char **pos, u_char *last, ngx_simulcast_chunk_message_t *message);

/* nonzero in the middle of a message or of a chunk header */
ngx_uint_t ngx_simulcast_chunk_pending(ngx_simulcast_chunk_reader_t *reader);

/*
 * A message as chunks of `chunk` bytes with a header of format 0 (timestamp
 * below 0xffffff) on chunk stream `csid` (2 to 63): writes to p, returns the
 * end. Room: ngx_simulcast_chunk_room(len, chunk).
 */
u_char *ngx_simulcast_chunk_write(u_char *p, ngx_uint_t csid, ngx_uint_t type,
    uint32_t stream, uint32_t timestamp, u_char *data, size_t len,
    size_t chunk);
size_t ngx_simulcast_chunk_room(size_t len, size_t chunk);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_CHUNK_H_INCLUDED_ */
