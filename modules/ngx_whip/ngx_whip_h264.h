
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure but for memory: H.264 in RTP, RFC 6184, of packetization modes 0 and 1.
 */


#ifndef _NGX_WHIP_H264_H_INCLUDED_
#define _NGX_WHIP_H264_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_record.h"
#include "ngx_whip_unit.h"


#pragma GCC visibility push(hidden)

/* both must outlive it; NULL: out of memory */
void *ngx_whip_h264_create(ngx_whip_unit_t *u, ngx_whip_record_t *r);
void ngx_whip_h264_destroy(void *data);

/* as ngx_whip_payload_packet(), of a payload that is not empty */
ngx_int_t ngx_whip_h264_packet(void *data, const u_char *p, size_t len);

/* the unit is about to become a frame: it has a slice and no open part */
void ngx_whip_h264_finish(void *data);

/* as ngx_whip_payload_sprop() */
ngx_int_t ngx_whip_h264_sprop(void *data, ngx_str_t *value);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_H264_H_INCLUDED_ */
