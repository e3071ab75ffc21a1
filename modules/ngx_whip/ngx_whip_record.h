
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: a decoder configuration record, and the draft of the next one.
 */


#ifndef _NGX_WHIP_RECORD_H_INCLUDED_
#define _NGX_WHIP_RECORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_paramset.h"
#include "ngx_whip_payload.h"


typedef struct {
    u_char     data[NGX_WHIP_CONFIG_MAX];
    size_t     len;                          /* 0: there is none yet */
    u_char     draft[NGX_WHIP_CONFIG_MAX];
    size_t     draft_len;
    unsigned   overflow:1;                   /* of the draft */
    unsigned   fresh:1;                      /* adopted, and not asked for */
} ngx_whip_record_t;                         /* zeroed it is empty */


#pragma GCC visibility push(hidden)

/* a new draft, and what it is made of; 16 bits of length precede a set */
void ngx_whip_record_begin(ngx_whip_record_t *r);
void ngx_whip_record_byte(ngx_whip_record_t *r, ngx_uint_t byte);
void ngx_whip_record_bytes(ngx_whip_record_t *r, const u_char *p, size_t len);
void ngx_whip_record_set(ngx_whip_record_t *r, ngx_whip_paramset_t *set);

/*
 * The draft becomes the record, if it is a sane one of this ngx_live_codec_e.
 * NGX_OK: the record is equal to the draft; NGX_ERROR: it is as it was.
 */
ngx_int_t ngx_whip_record_adopt(ngx_whip_record_t *r, ngx_uint_t codec);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_RECORD_H_INCLUDED_ */
