
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure but for memory: HEVC in RTP, RFC 7798, in the order of decoding:
 * without DONL fields.
 */


#ifndef _NGX_WHIP_HEVC_H_INCLUDED_
#define _NGX_WHIP_HEVC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_record.h"
#include "ngx_whip_unit.h"


#pragma GCC visibility push(hidden)

/* both must outlive it; NULL: out of memory */
void *ngx_whip_hevc_create(ngx_whip_unit_t *u, ngx_whip_record_t *r);
void ngx_whip_hevc_destroy(void *data);

/* as ngx_whip_payload_packet(), of a payload that is not empty */
ngx_int_t ngx_whip_hevc_packet(void *data, const u_char *p, size_t len);

/* the unit is about to become a frame: it has a slice and no open part */
void ngx_whip_hevc_finish(void *data);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_HEVC_H_INCLUDED_ */
