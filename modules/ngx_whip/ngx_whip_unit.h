
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure but for memory: the access unit that is being put together.
 *
 *     | head room |  part  |  part  | room, open part |          |
 *                 data              part              len        size
 *
 * A part is a NAL unit or an OBU; it is written where it will stay, behind the
 * room that its length will need.  The buffer grows and is used again by the
 * next access unit.
 */


#ifndef _NGX_WHIP_UNIT_H_INCLUDED_
#define _NGX_WHIP_UNIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_payload.h"


#define NGX_WHIP_UNIT_MIN       (32 * 1024)
#define NGX_WHIP_UNIT_MAX       (8 * 1024 * 1024)     /* a multiple, 2^n */
#define NGX_WHIP_UNIT_PART_MAX  (4 * 1024 * 1024)

#define NGX_WHIP_UNIT_CHAIN     4096     /* packets of a fragmented part */
#define NGX_WHIP_UNIT_PARTS     64       /* parts of an aggregation packet */

#define NGX_WHIP_UNIT_NAL       4        /* room for the length of a NAL unit */


typedef struct {
    u_char      *data;        /* NGX_WHIP_FRAME_HEAD behind its allocation */
    size_t       size;
    size_t       len;         /* with the open part, if there is one */
    size_t       part;        /* offset of the open part, its room first */
    size_t       room;        /* of the open part */
    ngx_uint_t   chain;       /* packets of the open part, but the first */

    ngx_uint_t   slices;
    unsigned     key:1;

    unsigned     open:1;      /* there is an open part */
    unsigned     used:1;      /* a packet has come */
    unsigned     damaged:1;
    unsigned     gap:1;       /* packets before the next one are missing */
    unsigned     torn:1;      /* packets before its first one were missing */

    ngx_log_t   *log;
} ngx_whip_unit_t;            /* zeroed, but for the log, it is empty */


#pragma GCC visibility push(hidden)

void ngx_whip_unit_free(ngx_whip_unit_t *u);

/*
 * The next access unit. A gap before it stays, and a picture of which nothing
 * is left makes one. The data stay until written to.
 */
void ngx_whip_unit_reset(ngx_whip_unit_t *u);

/* as ngx_whip_payload_lost() */
void ngx_whip_unit_lost(ngx_whip_unit_t *u);

/* a packet is about to be looked at */
void ngx_whip_unit_packet(ngx_whip_unit_t *u);

/*
 * Opens a part behind so much room, and adds to it. NGX_ERROR: it would be too
 * long; NGX_ABORT: out of memory. ngx_whip_unit_fail() is then due.
 */
ngx_int_t ngx_whip_unit_open(ngx_whip_unit_t *u, size_t room);
ngx_int_t ngx_whip_unit_add(ngx_whip_unit_t *u, const u_char *p, size_t len);

/* one more packet of the open part; NGX_ERROR: there were too many */
ngx_int_t ngx_whip_unit_chain(ngx_whip_unit_t *u);

/* makes sure of `len` more bytes; the result as of ngx_whip_unit_add() */
ngx_int_t ngx_whip_unit_grow(ngx_whip_unit_t *u, size_t len);

/* the part becomes one of the unit; a NAL unit with its length in the room */
void ngx_whip_unit_close(ngx_whip_unit_t *u);
void ngx_whip_unit_close_nal(ngx_whip_unit_t *u);

/* as if the part had never been */
void ngx_whip_unit_drop(ngx_whip_unit_t *u);

/* drops the part, if there is one, damages the unit and returns rc */
ngx_int_t ngx_whip_unit_fail(ngx_whip_unit_t *u, ngx_int_t rc);

/*
 * A fragment whose beginning is not there: damages the unit. NGX_DECLINED: it
 * was to be expected; NGX_ERROR: it was not.
 */
ngx_int_t ngx_whip_unit_orphan(ngx_whip_unit_t *u);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_UNIT_H_INCLUDED_ */
