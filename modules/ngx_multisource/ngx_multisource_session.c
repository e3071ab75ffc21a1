
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_admit.h"
#include "ngx_multisource_callback.h"
#include "ngx_multisource_guard.h"
#include "ngx_multisource_linger.h"
#include "ngx_multisource_measure.h"
#include "ngx_multisource_packager.h"
#include "ngx_multisource_pass.h"
#include "ngx_multisource_refusals.h"
#include "ngx_multisource_session.h"

#include <ngx_rtmp_live_module.h>


#define NGX_MULTISOURCE_HOLD           1000     /* ms, for another worker */
#define NGX_MULTISOURCE_HOLD_STEP      20       /* ms */

/* "streamer '...' source '...'" */
#define NGX_MULTISOURCE_WHO            (NGX_MULTISOURCE_NAME_MAX * 2 + 32)


static void ngx_multisource_session_watch(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_session_silence(ngx_event_t *ev);
static ngx_int_t ngx_multisource_session_enter(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_session_hold(ngx_event_t *ev);
static ngx_int_t ngx_multisource_session_join(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_session_accept(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_session_refuse(ngx_multisource_ctx_t *ctx,
    ngx_uint_t reason, ngx_str_t *name);
static void ngx_multisource_session_who(ngx_multisource_ctx_t *ctx,
    ngx_str_t *name, u_char *who);
static void ngx_multisource_session_leave(ngx_multisource_ctx_t *ctx);


static ngx_rtmp_publish_pt       next_publish;
static ngx_rtmp_close_stream_pt  next_close_stream;


void
ngx_multisource_session_chain(ngx_rtmp_publish_pt publish,
    ngx_rtmp_close_stream_pt close)
{
    next_publish = publish;
    next_close_stream = close;
}


ngx_multisource_app_conf_t *
ngx_multisource_session_conf(ngx_rtmp_session_t *s)
{
    ngx_multisource_app_conf_t  *conf;

    conf = ngx_rtmp_get_module_app_conf(s, ngx_multisource_rtmp_module);

    return conf && conf->enable ? conf : NULL;
}


ngx_uint_t
ngx_multisource_session_publishing(ngx_rtmp_session_t *s)
{
    ngx_rtmp_live_ctx_t  *live;

    live = ngx_rtmp_get_module_ctx(s, ngx_rtmp_live_module);

    return live && live->stream && live->publishing;
}


ngx_int_t
ngx_multisource_session_connect(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    ngx_multisource_ctx_t        *ctx;
    ngx_multisource_main_conf_t  *mcf;

    ctx = ngx_pcalloc(s->connection->pool, sizeof(ngx_multisource_ctx_t));
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->session = s;
    ctx->public.data = ctx->public_data;

    ngx_rtmp_set_ctx(s, ctx, ngx_multisource_rtmp_module);

    mcf = ngx_rtmp_get_module_main_conf(s, ngx_multisource_rtmp_module);

    if (mcf->guard) {
        ngx_multisource_guard_session(ctx);
    }

    return NGX_OK;
}


ngx_int_t
ngx_multisource_session_publish(ngx_rtmp_session_t *s, ngx_rtmp_publish_t *v)
{
    u_char                       buf[NGX_RTMP_MAX_NAME * 2];
    ngx_str_t                    name;
    ngx_uint_t                   reason;
    ngx_rtmp_live_ctx_t         *live;
    ngx_multisource_ctx_t       *ctx;
    ngx_multisource_app_conf_t  *conf;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);
    conf = ngx_multisource_session_conf(s);

    if (ctx == NULL || conf == NULL) {

        if (ctx) {
            ctx->phase = NGX_MULTISOURCE_JOINED;
        }

        return next_publish(s, v);
    }

    if (s->connection->destroyed) {
        /* nginx-rtmp goes on with what it has read already */
        return NGX_ERROR;
    }

    if (ctx->lingering) {
        return NGX_OK;
    }

    ctx->conf = conf;

    if (ctx->phase == NGX_MULTISOURCE_IDLE) {
        ngx_memzero(&ctx->record, sizeof(ngx_multisource_record_t));
        ctx->as_sent = 0;
    }

    /* rtmp://host/app/KEY, with the source as the stream's name */

    name.data = v->name;
    name.len = ngx_strlen(v->name);

    if (ctx->app_rest.len) {
        name.data = buf;
        name.len = ngx_sprintf(buf, "%V/%s", &ctx->app_rest, v->name) - buf;
    }

    live = ngx_rtmp_get_module_ctx(s, ngx_rtmp_live_module);

    if (ctx->phase != NGX_MULTISOURCE_IDLE) {
        reason = NGX_MULTISOURCE_ALREADY_PUBLISHING;

    } else if (live && live->stream) {
        reason = NGX_MULTISOURCE_ALREADY_PLAYING;

    } else if (!s->relay
               && ngx_multisource_refusals_exceeded(conf,
                                                    s->connection->sockaddr))
    {
        reason = NGX_MULTISOURCE_TOO_MANY_REFUSALS;

    } else {
        reason = ngx_multisource_admit_identify(ctx, &name);
    }

    if (reason != NGX_MULTISOURCE_OK) {
        ngx_multisource_session_refuse(ctx, reason, &name);
        return NGX_OK;
    }

    if (ctx->publish == NULL) {
        ctx->publish = ngx_palloc(s->connection->pool,
                                  sizeof(ngx_rtmp_publish_t));
        if (ctx->publish == NULL) {
            return NGX_ERROR;
        }
    }

    *ctx->publish = *v;

    if (ctx->public.len) {
        ngx_memcpy(ctx->publish->name, ctx->public.data, ctx->public.len + 1);
    }

    ngx_multisource_session_watch(ctx);

    if (!conf->callback) {

        if (ngx_multisource_pass_access(ctx, next_publish) != NGX_OK) {
            ngx_multisource_session_leave(ctx);
            return NGX_ERROR;
        }

        return ngx_multisource_session_enter(ctx);
    }

    ctx->phase = NGX_MULTISOURCE_ASKING;

    if (ngx_multisource_callback_ask(ctx, next_publish) != NGX_OK) {
        return ngx_multisource_session_answered(ctx, 0);
    }

    return NGX_OK;
}


/* a publisher that sends nothing holds its place for a bounded time only */

static void
ngx_multisource_session_watch(ngx_multisource_ctx_t *ctx)
{
    ctx->last_media = ngx_current_msec;

    if (ctx->conf->timeout == 0) {
        return;
    }

    ctx->silence.data = ctx;
    ctx->silence.log = ctx->session->connection->log;
    ctx->silence.handler = ngx_multisource_session_silence;

    ngx_add_timer(&ctx->silence, ctx->conf->timeout);
}


static void
ngx_multisource_session_silence(ngx_event_t *ev)
{
    ngx_msec_t              silent;
    ngx_multisource_ctx_t  *ctx;

    ctx = ev->data;
    silent = ngx_current_msec - ctx->last_media;

    if (silent < ctx->conf->timeout) {
        ngx_add_timer(ev, ctx->conf->timeout - silent);
        return;
    }

    ngx_multisource_session_end(ctx, NGX_MULTISOURCE_SILENT);
}


ngx_int_t
ngx_multisource_session_answered(ngx_multisource_ctx_t *ctx,
    ngx_uint_t accepted)
{
    ngx_str_t   name;
    ngx_uint_t  reason;

    ctx->phase = NGX_MULTISOURCE_IDLE;

    if (!accepted) {
        ngx_multisource_session_refuse(ctx, NGX_MULTISOURCE_CALLBACK_REFUSED,
                                       NULL);
        return NGX_OK;
    }

    name.data = ctx->publish->name;
    name.len = ngx_strlen(name.data);

    if (name.len != ctx->public.len
        || ngx_memcmp(name.data, ctx->public.data, name.len) != 0)
    {
        reason = ngx_multisource_admit_redirected(ctx, &name);

        if (reason != NGX_MULTISOURCE_OK) {
            ngx_multisource_session_refuse(ctx, reason, NULL);
            return NGX_OK;
        }
    }

    ctx->as_sent = 0;

    return ngx_multisource_session_enter(ctx);
}


static ngx_int_t
ngx_multisource_session_enter(ngx_multisource_ctx_t *ctx)
{
    ngx_uint_t  reason;

    ctx->rival = NULL;

    reason = ngx_multisource_admit_claim(ctx);

    if (reason != NGX_MULTISOURCE_OK) {
        ngx_multisource_session_refuse(ctx, reason, NULL);
        return NGX_OK;
    }

    if (ctx->key_line) {
        ngx_log_error(NGX_LOG_INFO, ctx->session->connection->log, 0,
                      "multisource: publish: streamer '%s' source '%s' by the "
                      "key in line %ui",
                      ctx->record.streamer, ctx->record.source, ctx->key_line);
    }

    if (ctx->rival == NULL) {
        return ngx_multisource_session_join(ctx);
    }

    ctx->phase = NGX_MULTISOURCE_HELD;
    ctx->hold_until = ngx_current_msec + NGX_MULTISOURCE_HOLD;

    ctx->hold.data = ctx;
    ctx->hold.log = ctx->session->connection->log;
    ctx->hold.handler = ngx_multisource_session_hold;

    ngx_add_timer(&ctx->hold, NGX_MULTISOURCE_HOLD_STEP);

    return NGX_OK;
}


static void
ngx_multisource_session_hold(ngx_event_t *ev)
{
    ngx_rtmp_session_t     *s;
    ngx_multisource_ctx_t  *ctx;

    ctx = ev->data;
    s = ctx->session;

    if (s->connection->destroyed) {
        /* about to be freed */
        return;
    }

    if (ctx->rival->ticket == ctx->rival_ticket) {

        if ((ngx_msec_int_t) (ctx->hold_until - ngx_current_msec) > 0) {
            ngx_add_timer(ev, NGX_MULTISOURCE_HOLD_STEP);
            return;
        }

        /* it learns that it was taken over when it runs again */

        ngx_log_error(NGX_LOG_WARN, s->connection->log, 0,
                      "multisource: streamer '%s' source '%s' is taken over "
                      "from a worker that does not answer",
                      ctx->record.streamer, ctx->record.source);
    }

    if (ngx_multisource_session_join(ctx) != NGX_OK) {
        ngx_rtmp_finalize_session(s);
    }
}


/* nginx-rtmp's turn: hls, record, exec, push and the live stream itself */

static ngx_int_t
ngx_multisource_session_join(ngx_multisource_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_rtmp_session_t  *s;
    ngx_rtmp_publish_t   v;

    s = ctx->session;

    ctx->phase = NGX_MULTISOURCE_JOINED;
    ngx_multisource_measure_reset(ctx);

    v = *ctx->publish;

    rc = ngx_multisource_pass_join(ctx, next_publish, &v);

    if (rc != NGX_OK || ctx->lingering) {
        return rc;
    }

    if (!ngx_multisource_session_publishing(s)) {

        /* a stream of this name that is not in the registry */

        ngx_multisource_session_end(ctx, NGX_MULTISOURCE_ALREADY_LIVE);
    }

    return NGX_OK;
}


static void
ngx_multisource_session_refuse(ngx_multisource_ctx_t *ctx, ngx_uint_t reason,
    ngx_str_t *name)
{
    u_char                           who[NGX_MULTISOURCE_WHO];
    ngx_rtmp_session_t              *s;
    const ngx_multisource_reason_t  *why;

    s = ctx->session;
    why = ngx_multisource_reason(reason);

    ngx_multisource_session_who(ctx, name, who);

    ngx_log_error(NGX_LOG_NOTICE, s->connection->log, 0,
                  "multisource: publish refused: %s, %s", why->name, who);

    ngx_multisource_registry_count(&ngx_multisource_worker.registry, reason);

    ngx_rtmp_send_status(s, (char *) why->status, "error", (char *) why->told);

    if (reason == NGX_MULTISOURCE_ALREADY_PUBLISHING
        || reason == NGX_MULTISOURCE_ALREADY_PLAYING)
    {
        /* what the session did before goes on */
        return;
    }

    if (reason != NGX_MULTISOURCE_TOO_MANY_REFUSALS) {
        ngx_multisource_refusals_add(ctx->conf, s->connection->sockaddr);
    }

    ngx_multisource_session_leave(ctx);
    ngx_multisource_linger_start(ctx);
}


/* who it is, as logs have it: what may be a key is masked */

static void
ngx_multisource_session_who(ngx_multisource_ctx_t *ctx, ngx_str_t *name,
    u_char *who)
{
    size_t     len;
    u_char     mask[8];
    ngx_str_t  sent;

    if (ctx->record.streamer[0] && !ctx->as_sent) {
        ngx_sprintf(who, "streamer '%s' source '%s'%Z",
                    ctx->record.streamer, ctx->record.source);
        return;
    }

    if (name == NULL) {
        sent.data = ctx->publish->name;
        sent.len = ngx_strlen(sent.data);
        name = &sent;
    }

    len = ngx_multisource_name_mask(&ctx->conf->naming, name, mask);

    ngx_sprintf(who, "name '%*s'%Z", len, mask);
}


void
ngx_multisource_session_end(ngx_multisource_ctx_t *ctx, ngx_uint_t reason)
{
    u_char                           who[NGX_MULTISOURCE_WHO];
    ngx_rtmp_session_t              *s;
    ngx_rtmp_close_stream_t          v;
    const ngx_multisource_reason_t  *why;

    s = ctx->session;
    why = ngx_multisource_reason(reason);

    ngx_multisource_session_who(ctx, NULL, who);

    ngx_log_error(NGX_LOG_NOTICE, s->connection->log, 0,
                  "multisource: publisher dropped: %s, %s", why->name, who);

    ngx_multisource_registry_count(&ngx_multisource_worker.registry, reason);

    ngx_rtmp_send_status(s, (char *) why->status, "error", (char *) why->told);

    ngx_memzero(&v, sizeof(ngx_rtmp_close_stream_t));
    (void) ngx_rtmp_close_stream(s, &v);

    ngx_multisource_linger_start(ctx);
}


ngx_int_t
ngx_multisource_session_close(ngx_rtmp_session_t *s,
    ngx_rtmp_close_stream_t *v)
{
    ngx_int_t               rc;
    ngx_uint_t              asking;
    ngx_multisource_ctx_t  *ctx;

    /* others let go of the stream before its slot is free for a newcomer */

    rc = next_close_stream(s, v);

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (ctx) {
        asking = ctx->phase == NGX_MULTISOURCE_ASKING;

        ngx_multisource_session_leave(ctx);

        if (asking) {
            /* the answer must find nobody who would publish */
            ngx_rtmp_finalize_session(s);
        }
    }

    return rc;
}


static void
ngx_multisource_session_leave(ngx_multisource_ctx_t *ctx)
{
    if (ctx->hold.timer_set) {
        ngx_del_timer(&ctx->hold);
    }

    if (ctx->silence.timer_set) {
        ngx_del_timer(&ctx->silence);
    }

    if (ctx->packager) {
        ngx_multisource_packager_close(ctx->packager);
        ctx->packager = NULL;
    }

    ngx_multisource_admit_release(ctx);

    ctx->phase = NGX_MULTISOURCE_IDLE;
}


ngx_int_t
ngx_multisource_session_disconnect(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in)
{
    ngx_multisource_ctx_t  *ctx;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    /* the rest goes when nginx-rtmp closes the stream, right after this */

    if (ctx) {
        ngx_multisource_linger_stop(ctx);
    }

    return NGX_OK;
}


ngx_int_t
ngx_multisource_session_media(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    ngx_uint_t                    publishing;
    ngx_multisource_ctx_t        *ctx;
    ngx_multisource_main_conf_t  *mcf;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);
    mcf = ngx_rtmp_get_module_main_conf(s, ngx_multisource_rtmp_module);

    if (ctx == NULL || ctx->lingering) {
        return NGX_DONE;
    }

    if (mcf->guard && h->type == NGX_RTMP_MSG_VIDEO
        && ngx_multisource_guard_video(s, in) != NGX_OK)
    {
        return NGX_ERROR;
    }

    publishing = ngx_multisource_session_publishing(s);

    if (ctx->phase == NGX_MULTISOURCE_IDLE) {

        if (publishing) {
            /* around our publish handler: nothing could end it */
            return ngx_multisource_session_conf(s) ? NGX_ERROR : NGX_OK;
        }

        return mcf->guard ? NGX_DONE : NGX_OK;
    }

    if (ctx->conf == NULL || !publishing) {
        /* codec headers of one who does not wait for the answer are kept */
        return NGX_OK;
    }

    if (ctx->phase == NGX_MULTISOURCE_JOINED) {
        ngx_multisource_session_accept(ctx);
    }

    ctx->last_media = ngx_current_msec;

    ngx_multisource_measure_media(ctx, h, in);

    if (ctx->max_bitrate
        && ngx_multisource_meter_sum(&ctx->meter, ngx_current_msec) * 8
           > ctx->max_bitrate * (NGX_MULTISOURCE_METER_WINDOW / 1000))
    {
        ngx_multisource_session_end(ctx, NGX_MULTISOURCE_BITRATE_EXCEEDED);
        return NGX_DONE;
    }

    if (ctx->packager) {
        ngx_multisource_packager_media(ctx->packager, h, in);
    }

    return NGX_OK;
}


ngx_int_t
ngx_multisource_session_data(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    ngx_multisource_ctx_t  *ctx;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (ctx && ctx->packager) {
        ngx_multisource_packager_data(ctx->packager, h, in);
    }

    return NGX_OK;
}


static void
ngx_multisource_session_accept(ngx_multisource_ctx_t *ctx)
{
    ctx->phase = NGX_MULTISOURCE_ON_AIR;

    ctx->record.state = NGX_MULTISOURCE_LIVE;
    ctx->record.revision++;
    ctx->record.started = ngx_multisource_now();
    ctx->record.last_media = ngx_current_msec;

    ngx_multisource_registry_update(&ngx_multisource_worker.registry,
                                    ctx->slot, &ctx->record);

    ngx_log_error(NGX_LOG_INFO, ctx->session->connection->log, 0,
                  "multisource: live: streamer '%s' source '%s'",
                  ctx->record.streamer, ctx->record.source);

    if (ctx->conf->hls) {
        ctx->packager = ngx_multisource_packager_open(ctx);
    }
}


void
ngx_multisource_session_refresh(ngx_multisource_ctx_t *ctx)
{
    ngx_uint_t  reason;

    if (ctx->phase == NGX_MULTISOURCE_ON_AIR) {

        ngx_multisource_measure_refresh(ctx);

        ngx_multisource_registry_update(&ngx_multisource_worker.registry,
                                        ctx->slot, &ctx->record);
    }

    reason = ngx_multisource_admit_check(ctx);

    if (reason != NGX_MULTISOURCE_OK) {
        ngx_multisource_session_end(ctx, reason);
    }
}
