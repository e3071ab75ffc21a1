
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_paramset.h"


ngx_int_t
ngx_whip_paramset_keep(ngx_whip_paramset_t *table, ngx_uint_t n, ngx_uint_t id,
    ngx_uint_t ref, const u_char *p, size_t len, ngx_log_t *log)
{
    u_char               *data;
    ngx_whip_paramset_t  *set;

    /* no NAL unit ends in 00; what follows it in Annex B may have stayed */

    while (len && p[len - 1] == 0) {
        len--;
    }

    if (id >= n || len == 0 || len > NGX_WHIP_PARAMSET_MAX) {
        return NGX_ERROR;
    }

    set = &table[id];

    if (set->data && set->len == len && ngx_memcmp(set->data, p, len) == 0) {
        return NGX_DECLINED;
    }

    data = ngx_alloc(len, log);
    if (data == NULL) {
        return NGX_ABORT;
    }

    ngx_memcpy(data, p, len);

    if (set->data) {
        ngx_free(set->data);
    }

    set->data = data;
    set->len = len;
    set->ref = ref;

    return NGX_OK;
}


void
ngx_whip_paramset_free(ngx_whip_paramset_t *table, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (table[i].data) {
            ngx_free(table[i].data);
            table[i].data = NULL;
        }
    }
}
