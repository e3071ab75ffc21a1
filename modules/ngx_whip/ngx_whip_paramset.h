
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure but for memory: the parameter sets of H.264 and HEVC, the newest of each
 * id.  A codec has a table of them per kind, indexed by the id.
 */


#ifndef _NGX_WHIP_PARAMSET_H_INCLUDED_
#define _NGX_WHIP_PARAMSET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WHIP_PARAMSET_MAX  1024


typedef struct {
    u_char      *data;        /* the NAL unit; NULL: not seen */
    size_t       len;
    ngx_uint_t   ref;         /* id of the set that it refers to */
} ngx_whip_paramset_t;


#pragma GCC visibility push(hidden)

/*
 * Copies a NAL unit into its place in the table, `n` entries long.
 *
 *     NGX_OK        it is new or differs
 *     NGX_DECLINED  it is there already
 *     NGX_ERROR     the id is beyond the table, or the unit is too long
 *     NGX_ABORT     out of memory, nothing has changed
 */
ngx_int_t ngx_whip_paramset_keep(ngx_whip_paramset_t *table, ngx_uint_t n,
    ngx_uint_t id, ngx_uint_t ref, const u_char *p, size_t len, ngx_log_t *log);

void ngx_whip_paramset_free(ngx_whip_paramset_t *table, ngx_uint_t n);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_PARAMSET_H_INCLUDED_ */
