
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure but for memory: AV1 in RTP, the Alliance for Open Media's RTP Payload
 * Format For AV1, version 1.0.
 */


#ifndef _NGX_WHIP_AV1_H_INCLUDED_
#define _NGX_WHIP_AV1_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_record.h"
#include "ngx_whip_unit.h"


#pragma GCC visibility push(hidden)

/* both must outlive it; NULL: out of memory */
void *ngx_whip_av1_create(ngx_whip_unit_t *u, ngx_whip_record_t *r);
void ngx_whip_av1_destroy(void *data);

/* as ngx_whip_payload_packet(), of a payload that is not empty */
ngx_int_t ngx_whip_av1_packet(void *data, const u_char *p, size_t len);

/* the unit is about to become a frame: it has a frame OBU and no open part */
void ngx_whip_av1_finish(void *data);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_AV1_H_INCLUDED_ */
