
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_av1.h"
#include "ngx_whip_h264.h"
#include "ngx_whip_hevc.h"
#include "ngx_whip_payload.h"
#include "ngx_whip_record.h"
#include "ngx_whip_unit.h"


typedef struct {
    ngx_uint_t   codec;
    void      *(*create)(ngx_whip_unit_t *u, ngx_whip_record_t *r);
    void       (*destroy)(void *data);
    ngx_int_t  (*packet)(void *data, const u_char *p, size_t len);
    void       (*finish)(void *data);
    ngx_int_t  (*sprop)(void *data, ngx_str_t *value);
} ngx_whip_payload_format_t;


struct ngx_whip_payload_s {
    const ngx_whip_payload_format_t  *format;
    void                             *data;      /* of the format */
    ngx_whip_unit_t                   unit;
    ngx_whip_record_t                 record;
};


static const ngx_whip_payload_format_t  ngx_whip_payload_formats[] = {

    { NGX_WHIP_H264,
      ngx_whip_h264_create, ngx_whip_h264_destroy, ngx_whip_h264_packet,
      ngx_whip_h264_finish, ngx_whip_h264_sprop },

    { NGX_WHIP_HEVC,
      ngx_whip_hevc_create, ngx_whip_hevc_destroy, ngx_whip_hevc_packet,
      ngx_whip_hevc_finish, NULL },

    { NGX_WHIP_AV1,
      ngx_whip_av1_create, ngx_whip_av1_destroy, ngx_whip_av1_packet,
      ngx_whip_av1_finish, NULL },

    { 0, NULL, NULL, NULL, NULL, NULL }
};


ngx_whip_payload_t *
ngx_whip_payload_create(ngx_uint_t codec, ngx_log_t *log)
{
    ngx_whip_payload_t               *p;
    const ngx_whip_payload_format_t  *format;

    for (format = ngx_whip_payload_formats; format->codec; format++) {

        if (format->codec == codec) {
            break;
        }
    }

    if (format->codec == 0) {
        return NULL;
    }

    p = ngx_calloc(sizeof(ngx_whip_payload_t), log);
    if (p == NULL) {
        return NULL;
    }

    p->format = format;
    p->unit.log = log;

    p->data = format->create(&p->unit, &p->record);

    if (p->data == NULL) {
        ngx_free(p);
        return NULL;
    }

    return p;
}


void
ngx_whip_payload_destroy(ngx_whip_payload_t *p)
{
    p->format->destroy(p->data);
    ngx_whip_unit_free(&p->unit);
    ngx_free(p);
}


ngx_int_t
ngx_whip_payload_packet(ngx_whip_payload_t *p, const u_char *data, size_t len)
{
    if (len == 0) {
        return NGX_DECLINED;
    }

    ngx_whip_unit_packet(&p->unit);

    return p->format->packet(p->data, data, len);
}


void
ngx_whip_payload_lost(ngx_whip_payload_t *p)
{
    ngx_whip_unit_lost(&p->unit);
}


ngx_int_t
ngx_whip_payload_frame(ngx_whip_payload_t *p, ngx_whip_frame_t *frame)
{
    ngx_whip_unit_t  *u;

    u = &p->unit;

    if (u->open) {
        (void) ngx_whip_unit_fail(u, NGX_ERROR);
    }

    if (u->slices == 0) {
        ngx_whip_unit_reset(u);
        return NGX_DECLINED;
    }

    p->format->finish(p->data);

    frame->data = u->data;
    frame->len = u->len;
    frame->slices = u->slices;
    frame->key = u->key;
    frame->damaged = u->damaged;
    frame->config = p->record.fresh;

    ngx_whip_unit_reset(u);

    return NGX_OK;
}


size_t
ngx_whip_payload_config(ngx_whip_payload_t *p, u_char *buf, size_t size)
{
    if (p->record.len > size) {
        return 0;
    }

    ngx_memcpy(buf, p->record.data, p->record.len);

    p->record.fresh = 0;

    return p->record.len;
}


ngx_int_t
ngx_whip_payload_sprop(ngx_whip_payload_t *p, ngx_str_t *value)
{
    if (p->format->sprop == NULL) {
        return NGX_DECLINED;
    }

    return p->format->sprop(p->data, value);
}
