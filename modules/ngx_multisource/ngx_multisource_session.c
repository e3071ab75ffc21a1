
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_channel.h"
#include "ngx_multisource_keys.h"
#include "ngx_multisource_linger.h"
#include "ngx_multisource_session.h"
#include "ngx_multisource_walk.h"

#include <ngx_rtmp_live_module.h>

#include "ngx_live_codec.h"
#include "ngx_live_tag.h"


#define NGX_MULTISOURCE_HOLD           1000     /* ms, for another worker */
#define NGX_MULTISOURCE_HOLD_STEP      20       /* ms */
#define NGX_MULTISOURCE_FLAPPING       30000    /* ms */

/* "streamer '...' source '...'" */
#define NGX_MULTISOURCE_WHO            (NGX_MULTISOURCE_NAME_MAX * 2 + 32)

/* a codec configuration record longer than this is not looked into */
#define NGX_MULTISOURCE_RECORD_MAX     4096


extern ngx_module_t  ngx_rtmp_log_module;


/* nginx-rtmp keeps it to itself: ngx_rtmp_log_module.c, the first members */

typedef struct {
    unsigned                 play:1;
    unsigned                 publish:1;
    u_char                   name[NGX_RTMP_MAX_NAME];
} ngx_multisource_log_ctx_t;


static ngx_uint_t ngx_multisource_session_identify(ngx_multisource_ctx_t *ctx,
    ngx_str_t *name, ngx_multisource_key_t **found);
static ngx_uint_t ngx_multisource_session_split(ngx_multisource_ctx_t *ctx,
    ngx_str_t *name);
static void ngx_multisource_session_name(ngx_multisource_ctx_t *ctx,
    ngx_str_t *streamer, ngx_str_t *source);
static ngx_uint_t ngx_multisource_session_claim(ngx_multisource_ctx_t *ctx);
static ngx_uint_t ngx_multisource_session_admit(ngx_multisource_ctx_t *ctx);
static ngx_uint_t ngx_multisource_session_succeed(ngx_multisource_ctx_t *ctx,
    ngx_multisource_entry_t *rival);
static void ngx_multisource_session_refuse(ngx_multisource_ctx_t *ctx,
    ngx_uint_t reason, ngx_str_t *name);
static void ngx_multisource_session_who(ngx_multisource_ctx_t *ctx,
    ngx_str_t *name, u_char *who);
static ngx_int_t ngx_multisource_session_join(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_session_hold(ngx_event_t *ev);
static ngx_int_t ngx_multisource_session_accept(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_session_attach(ngx_multisource_ctx_t *ctx,
    u_char *name);
static void ngx_multisource_session_measure(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static void ngx_multisource_session_config(ngx_multisource_ctx_t *ctx,
    ngx_multisource_track_t *track, ngx_live_tag_t *tag);
static u_char *ngx_multisource_session_prefix(ngx_chain_t *in, u_char *buf,
    size_t size, u_char **last);
static void ngx_multisource_session_silence(ngx_event_t *ev);
static void ngx_multisource_session_leave(ngx_multisource_ctx_t *ctx);
static uint32_t ngx_multisource_session_fps(ngx_multisource_ctx_t *ctx);
static ngx_uint_t ngx_multisource_session_over_total(
    ngx_multisource_ctx_t *ctx);


static ngx_rtmp_publish_pt       next_publish;
static ngx_rtmp_close_stream_pt  next_close_stream;


void
ngx_multisource_session_chain(ngx_rtmp_publish_pt publish,
    ngx_rtmp_close_stream_pt close)
{
    next_publish = publish;
    next_close_stream = close;
}


ngx_multisource_ctx_t *
ngx_multisource_session_create(ngx_rtmp_session_t *s)
{
    ngx_multisource_ctx_t  *ctx;

    ctx = ngx_pcalloc(s->connection->pool, sizeof(ngx_multisource_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->session = s;
    ctx->public.data = ctx->public_data;

    ngx_rtmp_set_ctx(s, ctx, ngx_multisource_rtmp_module);

    return ctx;
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
ngx_multisource_session_publish(ngx_rtmp_session_t *s, ngx_rtmp_publish_t *v)
{
    u_char                       buf[NGX_RTMP_MAX_NAME * 2];
    ngx_str_t                    name;
    ngx_uint_t                   reason;
    ngx_rtmp_live_ctx_t         *live;
    ngx_multisource_ctx_t       *ctx;
    ngx_multisource_key_t       *key;
    ngx_multisource_app_conf_t  *conf;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);
    conf = ngx_multisource_session_conf(s);

    if (ctx == NULL || conf == NULL) {

        if (ctx) {
            ctx->joined = 1;
        }

        return next_publish(s, v);
    }

    if (ctx->lingering) {
        return NGX_OK;
    }

    ctx->conf = conf;

    /* rtmp://host/app/KEY, with the source as the stream's name */

    name.data = v->name;
    name.len = ngx_strlen(v->name);

    if (ctx->app_rest.len) {
        name.data = buf;
        name.len = ngx_sprintf(buf, "%V/%s", &ctx->app_rest, v->name) - buf;
    }

    live = ngx_rtmp_get_module_ctx(s, ngx_rtmp_live_module);

    if (ctx->joined || ctx->held) {
        reason = NGX_MULTISOURCE_ALREADY_PUBLISHING;
        goto refused;
    }

    if (live && live->stream) {
        reason = NGX_MULTISOURCE_ALREADY_PLAYING;
        goto refused;
    }

    if (conf->refuse_number && !s->relay
        && ngx_multisource_registry_failures(ngx_multisource_worker.registry,
                                             s->connection->sockaddr,
                                             conf->refuse_time, 0)
           >= conf->refuse_number)
    {
        reason = NGX_MULTISOURCE_TOO_MANY_REFUSALS;
        goto refused;
    }

    key = NULL;

    reason = ngx_multisource_session_identify(ctx, &name, &key);
    if (reason != NGX_MULTISOURCE_OK) {
        goto refused;
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

        reason = ngx_multisource_session_claim(ctx);
        if (reason != NGX_MULTISOURCE_OK) {
            goto refused;
        }

        ngx_memcpy(ctx->publish->name, ctx->public.data, ctx->public.len + 1);

        if (key) {
            ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                          "multisource: publish: streamer '%s' source '%s' "
                          "by the key in line %ui",
                          ctx->record.streamer, ctx->record.source, key->line);
        }
    }

    if (ctx->held) {
        return NGX_OK;
    }

    return ngx_multisource_session_join(ctx);

refused:

    ngx_multisource_session_refuse(ctx, reason, &name);

    return NGX_OK;
}


/*
 * Finds out who publishes what. On success the record names both, and
 * ctx->public is the name to go on with; it is empty while only an on_publish
 * callback knows.
 */

static ngx_uint_t
ngx_multisource_session_identify(ngx_multisource_ctx_t *ctx, ngx_str_t *name,
    ngx_multisource_key_t **found)
{
    ngx_str_t                    source;
    ngx_uint_t                   reason;
    ngx_rtmp_session_t          *s;
    ngx_multisource_key_t       *key;
    ngx_multisource_app_conf_t  *conf;

    s = ctx->session;
    conf = ctx->conf;

    ngx_memzero(&ctx->record, sizeof(ngx_multisource_record_t));
    ctx->public.len = 0;
    ctx->as_sent = 0;

    ctx->max_sources = conf->max_sources;
    ctx->max_bitrate = conf->max_bitrate;

    if (ctx->bad_name || name->len == 0 || name->len >= NGX_RTMP_MAX_NAME) {
        return NGX_MULTISOURCE_BAD_STREAM_NAME;
    }

    ctx->as_sent = conf->keys == NULL && conf->callback && !s->relay;

    if (conf->keys == NULL || s->relay) {

        reason = ngx_multisource_session_split(ctx, name);

        if (reason == NGX_MULTISOURCE_OK || !conf->callback || s->relay) {
            return reason;
        }

        return ngx_multisource_name_check_sent(name);
    }

    key = ngx_multisource_keys_find(conf, name, &source);
    if (key == NULL) {
        return NGX_MULTISOURCE_UNKNOWN_KEY;
    }

    reason = ngx_multisource_name_check_source(&conf->naming, &source);
    if (reason != NGX_MULTISOURCE_OK) {
        return reason;
    }

    if (!ngx_multisource_keys_allows(key, &source)) {
        return NGX_MULTISOURCE_SOURCE_NOT_ALLOWED;
    }

    if (key->max_sources) {
        ctx->max_sources = key->max_sources;
    }

    if (key->max_bitrate) {
        ctx->max_bitrate = key->max_bitrate;
    }

    ngx_multisource_session_name(ctx, &key->streamer, &source);

    *found = key;

    return NGX_MULTISOURCE_OK;
}


/* STREAMER, or STREAMER SEPARATOR SOURCE: a name that holds no key */

static ngx_uint_t
ngx_multisource_session_split(ngx_multisource_ctx_t *ctx, ngx_str_t *name)
{
    u_char                    *rest;
    ngx_str_t                  streamer, source;
    ngx_uint_t                 reason;
    ngx_multisource_naming_t  *naming;

    naming = &ctx->conf->naming;

    streamer.data = name->data;
    streamer.len = ngx_multisource_name_cut(naming, name, 0, &rest);

    source = naming->default_source;

    if (rest) {
        source.data = rest;
        source.len = name->data + name->len - rest;
    }

    reason = ngx_multisource_name_check_streamer(naming, &streamer);

    if (reason == NGX_MULTISOURCE_OK) {
        reason = ngx_multisource_name_check_source(naming, &source);
    }

    if (reason == NGX_MULTISOURCE_OK) {
        ngx_multisource_session_name(ctx, &streamer, &source);
    }

    return reason;
}


static void
ngx_multisource_session_name(ngx_multisource_ctx_t *ctx, ngx_str_t *streamer,
    ngx_str_t *source)
{
    u_char                    *p;
    ngx_multisource_record_t  *record;

    record = &ctx->record;

    p = ngx_cpymem(record->app, ctx->conf->name.data, ctx->conf->name.len);
    *p = '\0';

    p = ngx_cpymem(record->streamer, streamer->data, streamer->len);
    *p = '\0';

    p = ngx_cpymem(record->source, source->data, source->len);
    *p = '\0';

    record->protocol = ctx->session->relay ? NGX_MULTISOURCE_RELAY
                                           : NGX_MULTISOURCE_RTMP;

    ctx->public.len = ngx_multisource_name_public(&ctx->conf->naming, streamer,
                                                  source, ctx->public.data);
}


static ngx_uint_t
ngx_multisource_session_claim(ngx_multisource_ctx_t *ctx)
{
    ngx_uint_t                   reason;
    ngx_multisource_registry_t  *reg;

    reg = ngx_multisource_worker.registry;

    ctx->record.state = NGX_MULTISOURCE_PENDING;
    ctx->record.last_media = ngx_current_msec;

    ctx->slot = ngx_multisource_registry_claim(reg, &ctx->record);
    if (ctx->slot == NULL) {
        return NGX_MULTISOURCE_ZONE_FULL;
    }

    ngx_queue_insert_tail(&ngx_multisource_worker.publishers, &ctx->queue);

    reason = ngx_multisource_session_admit(ctx);

    if (reason != NGX_MULTISOURCE_OK) {
        ngx_multisource_session_leave(ctx);
    }

    return reason;
}


/*
 * Compares the slot just claimed with those claimed before it: who publishes
 * the same source gives way, or the newcomer is refused.
 */

static ngx_uint_t
ngx_multisource_session_admit(ngx_multisource_ctx_t *ctx)
{
    ngx_str_t                    app, streamer;
    ngx_uint_t                   n, same;
    ngx_multisource_walk_t       walk;
    ngx_multisource_entry_t      entry, rival;
    ngx_multisource_registry_t  *reg;

    reg = ngx_multisource_worker.registry;

    app.data = ctx->record.app;
    app.len = ngx_strlen(app.data);
    streamer.data = ctx->record.streamer;
    streamer.len = ngx_strlen(streamer.data);

    ngx_memzero(&walk, sizeof(ngx_multisource_walk_t));
    walk.app = &app;
    walk.streamer = &streamer;
    walk.pending = 1;

    n = 0;
    same = 0;
    ngx_memzero(&rival, sizeof(ngx_multisource_entry_t));

    while (ngx_multisource_registry_next(reg, &walk, &entry) == NGX_OK) {

        if (entry.slot == ctx->slot || entry.ticket > ctx->slot->ticket) {
            continue;
        }

        if (ngx_strcmp(entry.record.source, ctx->record.source) == 0) {
            rival = entry;
            same = 1;
            continue;
        }

        n++;
    }

    if (n >= ctx->max_sources) {
        return NGX_MULTISOURCE_TOO_MANY_SOURCES;
    }

    return same ? ngx_multisource_session_succeed(ctx, &rival)
                : NGX_MULTISOURCE_OK;
}


static ngx_uint_t
ngx_multisource_session_succeed(ngx_multisource_ctx_t *ctx,
    ngx_multisource_entry_t *rival)
{
    ngx_msec_t                  *times;
    ngx_uint_t                   generation, number;
    ngx_queue_t                 *q;
    ngx_multisource_ctx_t       *old;
    ngx_multisource_registry_t  *reg;

    reg = ngx_multisource_worker.registry;

    if (!ctx->conf->takeover) {
        return NGX_MULTISOURCE_ALREADY_LIVE;
    }

    times = rival->record.takeovers;

    if (times[NGX_MULTISOURCE_TAKEOVERS - 1]
        && ngx_multisource_elapsed(times[NGX_MULTISOURCE_TAKEOVERS - 1])
           < NGX_MULTISOURCE_FLAPPING)
    {
        return NGX_MULTISOURCE_TAKEOVER_FLAPPING;
    }

    ctx->record.takeovers[0] = ngx_current_msec;
    ngx_memcpy(&ctx->record.takeovers[1], times,
               (NGX_MULTISOURCE_TAKEOVERS - 1) * sizeof(ngx_msec_t));
    ngx_multisource_registry_update(reg, ctx->slot, &ctx->record);

    if (rival->owner == reg->token) {

        for (q = ngx_queue_head(&ngx_multisource_worker.publishers);
             q != ngx_queue_sentinel(&ngx_multisource_worker.publishers);
             q = ngx_queue_next(q))
        {
            old = ngx_queue_data(q, ngx_multisource_ctx_t, queue);

            if (old->slot == rival->slot) {
                ngx_multisource_session_end(old, NGX_MULTISOURCE_TAKEN_OVER);
                break;
            }
        }

        return NGX_MULTISOURCE_OK;
    }

    ngx_multisource_registry_end(rival->slot, rival->ticket,
                                 NGX_MULTISOURCE_TAKEN_OVER);

    if (ngx_multisource_registry_worker(reg, rival->owner, &generation,
                                        &number)
        != NGX_OK)
    {
        return NGX_MULTISOURCE_OK;
    }

    ngx_multisource_channel_wake(generation, number);

    ctx->held = 1;
    ctx->hold_until = ngx_current_msec + NGX_MULTISOURCE_HOLD;
    ctx->rival = rival->slot;
    ctx->rival_ticket = rival->ticket;

    ctx->hold.data = ctx;
    ctx->hold.log = ctx->session->connection->log;
    ctx->hold.handler = ngx_multisource_session_hold;

    ngx_add_timer(&ctx->hold, NGX_MULTISOURCE_HOLD_STEP);

    return NGX_MULTISOURCE_OK;
}


static void
ngx_multisource_session_hold(ngx_event_t *ev)
{
    u_char                  who[NGX_MULTISOURCE_WHO];
    ngx_rtmp_session_t     *s;
    ngx_multisource_ctx_t  *ctx;

    ctx = ev->data;
    s = ctx->session;

    if (ctx->rival->ticket == ctx->rival_ticket) {

        if ((ngx_msec_int_t) (ctx->hold_until - ngx_current_msec) > 0) {
            ngx_add_timer(ev, NGX_MULTISOURCE_HOLD_STEP);
            return;
        }

        /* it learns that it was taken over when it runs again */

        ngx_multisource_session_who(ctx, NULL, who);

        ngx_log_error(NGX_LOG_WARN, s->connection->log, 0,
                      "multisource: %s is taken over from a worker that does "
                      "not answer", who);
    }

    ctx->held = 0;

    if (ngx_multisource_session_join(ctx) != NGX_OK) {
        ngx_rtmp_finalize_session(s);
    }
}


static ngx_int_t
ngx_multisource_session_join(ngx_multisource_ctx_t *ctx)
{
    u_char                        *p;
    void                         **app_conf;
    ngx_int_t                      rc;
    ngx_str_t                      name;
    ngx_rtmp_session_t            *s;
    ngx_rtmp_publish_t             v;
    ngx_rtmp_live_ctx_t           *live;
    ngx_multisource_log_ctx_t     *log;

    s = ctx->session;
    v = *ctx->publish;

    ctx->joined = 1;

    /* what an earlier publish of this session left is no answer to this one */

    live = ngx_rtmp_get_module_ctx(s, ngx_rtmp_live_module);

    if (live && live->stream == NULL) {
        ngx_rtmp_set_ctx(s, NULL, ngx_rtmp_live_module);
    }

    app_conf = s->app_conf;
    s->app_conf = ctx->conf->conf_join;

    rc = next_publish(s, &v);

    s->app_conf = app_conf;

    if (ctx->as_sent) {

        /* nginx-rtmp's access log has the name that was sent by now */

        log = ngx_rtmp_get_module_ctx(s, ngx_rtmp_log_module);

        if (log) {
            name.data = ctx->publish->name;
            name.len = ngx_strlen(name.data);

            p = log->name;
            p += ngx_multisource_name_mask(&ctx->conf->naming, &name, p);
            *p = '\0';
        }
    }

    return rc;
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

    ngx_multisource_registry_count(ngx_multisource_worker.registry, reason);

    ngx_rtmp_send_status(s, (char *) why->status, "error", (char *) why->text);

    if (reason == NGX_MULTISOURCE_ALREADY_PUBLISHING
        || reason == NGX_MULTISOURCE_ALREADY_PLAYING)
    {
        /* what the session did before goes on */
        return;
    }

    if (reason != NGX_MULTISOURCE_TOO_MANY_REFUSALS
        && ctx->conf->refuse_number)
    {
        (void) ngx_multisource_registry_failures(
                   ngx_multisource_worker.registry, s->connection->sockaddr,
                   ctx->conf->refuse_time, 1);
    }

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
    ngx_uint_t                       pending;
    ngx_rtmp_session_t              *s;
    ngx_rtmp_close_stream_t          v;
    const ngx_multisource_reason_t  *why;

    s = ctx->session;
    why = ngx_multisource_reason(reason);
    pending = ctx->joined
              && ngx_rtmp_get_module_ctx(s, ngx_rtmp_live_module) == NULL;

    ngx_multisource_session_who(ctx, NULL, who);

    ngx_log_error(NGX_LOG_NOTICE, s->connection->log, 0,
                  "multisource: publisher dropped: %s, %s", why->name, who);

    ngx_multisource_registry_count(ngx_multisource_worker.registry, reason);

    ngx_rtmp_send_status(s, (char *) why->status, "error", (char *) why->text);

    ngx_memzero(&v, sizeof(ngx_rtmp_close_stream_t));
    (void) ngx_rtmp_close_stream(s, &v);

    if (pending) {
        /* a callback may still be under way, and would publish */
        ctx->lingering = 1;
        ngx_rtmp_finalize_session(s);
        return;
    }

    ngx_multisource_linger_start(ctx);
}


ngx_int_t
ngx_multisource_session_close(ngx_rtmp_session_t *s,
    ngx_rtmp_close_stream_t *v)
{
    ngx_int_t               rc;
    ngx_multisource_ctx_t  *ctx;

    /* others let go of the stream before its slot is free for a newcomer */

    rc = next_close_stream(s, v);

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (ctx) {
        ngx_multisource_session_leave(ctx);
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

    if (ctx->slot) {
        ngx_queue_remove(&ctx->queue);
        ngx_multisource_registry_release(ngx_multisource_worker.registry,
                                         ctx->slot);
        ctx->slot = NULL;
    }

    ctx->joined = 0;
    ctx->held = 0;
    ctx->live = 0;
    ctx->told = 0;

    ngx_memzero(&ctx->meter, sizeof(ngx_multisource_meter_t));
    ngx_memzero(&ctx->video, sizeof(ngx_multisource_meter_t));
    ngx_memzero(&ctx->audio, sizeof(ngx_multisource_meter_t));
    ctx->nmarks = 0;
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
    ngx_multisource_ctx_t  *ctx;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (ctx == NULL || ctx->conf == NULL || !ctx->joined) {
        return NGX_OK;
    }

    if (!ctx->live && ngx_multisource_session_accept(ctx) != NGX_OK) {
        return ctx->lingering ? NGX_DONE : NGX_OK;
    }

    ctx->last_media = ngx_current_msec;

    ngx_multisource_session_measure(ctx, h, in);

    if (ctx->max_bitrate
        && ngx_multisource_meter_sum(&ctx->meter, ngx_current_msec) * 8
           > ctx->max_bitrate * (NGX_MULTISOURCE_METER_WINDOW / 1000))
    {
        ngx_multisource_session_end(ctx, NGX_MULTISOURCE_BITRATE_EXCEEDED);
        return NGX_DONE;
    }

    return NGX_OK;
}


/*
 * The first media: the live module has accepted the stream, under a name that
 * a callback may have changed. What counts is that name.
 */

static ngx_int_t
ngx_multisource_session_accept(ngx_multisource_ctx_t *ctx)
{
    u_char                      *data;
    ngx_str_t                    name;
    ngx_uint_t                   reason;
    ngx_rtmp_session_t          *s;
    ngx_rtmp_live_ctx_t         *live;
    ngx_multisource_app_conf_t  *conf;

    s = ctx->session;
    conf = ctx->conf;
    live = ngx_rtmp_get_module_ctx(s, ngx_rtmp_live_module);

    if (live == NULL) {
        /* a callback has not answered yet */
        return NGX_DECLINED;
    }

    if (live->stream == NULL) {
        /* nginx-rtmp sent a status, and nothing more would happen */
        ngx_multisource_session_end(ctx, NGX_MULTISOURCE_ALREADY_LIVE);
        return NGX_ERROR;
    }

    data = live->stream->name;
    name.data = data;
    name.len = ngx_strlen(data);

    if (ctx->slot == NULL || name.len != ctx->public.len
        || ngx_memcmp(name.data, ctx->public.data, name.len) != 0)
    {
        if (ctx->slot) {
            ngx_queue_remove(&ctx->queue);
            ngx_multisource_registry_release(ngx_multisource_worker.registry,
                                             ctx->slot);
            ctx->slot = NULL;
        }

        ngx_memzero(&ctx->record, sizeof(ngx_multisource_record_t));

        reason = ngx_multisource_session_split(ctx, &name);

        /* players and HLS look for the name in its one form */

        if (reason == NGX_MULTISOURCE_OK
            && (name.len != ctx->public.len
                || ngx_memcmp(name.data, ctx->public.data, name.len) != 0))
        {
            ngx_memzero(&ctx->record, sizeof(ngx_multisource_record_t));
            reason = NGX_MULTISOURCE_BAD_STREAM_NAME;
        }

        if (reason == NGX_MULTISOURCE_OK) {

            reason = ngx_multisource_session_claim(ctx);

            /* nginx-rtmp has joined the stream already: no more waiting */

            if (ctx->held) {
                ngx_del_timer(&ctx->hold);
                ctx->held = 0;
            }

            ctx->joined = 1;
        }

        if (reason != NGX_MULTISOURCE_OK) {
            ngx_multisource_session_end(ctx, reason);
            return NGX_ERROR;
        }
    }

    ctx->as_sent = 0;
    ctx->live = 1;
    ctx->last_media = ngx_current_msec;
    ctx->shown_bitrate = 0;
    ctx->shown_fps = 0;

    ctx->record.state = NGX_MULTISOURCE_LIVE;
    ctx->record.revision++;
    ctx->record.started = ngx_multisource_now();
    ctx->record.last_media = ngx_current_msec;

    ngx_multisource_registry_update(ngx_multisource_worker.registry, ctx->slot,
                                    &ctx->record);

    if (conf->timeout) {
        ctx->silence.data = ctx;
        ctx->silence.log = s->connection->log;
        ctx->silence.handler = ngx_multisource_session_silence;

        ngx_add_timer(&ctx->silence, conf->timeout);
    }

    ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                  "multisource: live: streamer '%s' source '%s'",
                  ctx->record.streamer, ctx->record.source);

    ngx_multisource_session_attach(ctx, data);

    return NGX_OK;
}


static void
ngx_multisource_session_attach(ngx_multisource_ctx_t *ctx, u_char *name)
{
    void                **app_conf;
    unsigned              relay;
    ngx_int_t             rc;
    ngx_rtmp_session_t   *s;
    ngx_rtmp_publish_t    v;

    s = ctx->session;

    v = *ctx->publish;
    v.silent = 1;
    ngx_cpystrn(v.name, name, NGX_RTMP_MAX_NAME);

    app_conf = s->app_conf;
    relay = s->relay;

    s->app_conf = ctx->conf->conf_attach;

    if (ctx->conf->auto_push) {
        /* it is configured outside of applications and would start anew */
        s->relay = 1;
    }

    rc = next_publish(s, &v);

    s->app_conf = app_conf;
    s->relay = relay;

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, s->connection->log, 0,
                      "multisource: no hls or dash for streamer '%s' source "
                      "'%s'", ctx->record.streamer, ctx->record.source);
    }
}


static void
ngx_multisource_session_measure(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_header_t *h, ngx_chain_t *in)
{
    u_char                   *p, *last, buf[NGX_MULTISOURCE_RECORD_MAX];
    size_t                    size;
    ngx_int_t                 rc;
    ngx_uint_t                video;
    ngx_msec_t                now;
    ngx_live_tag_t            tag;
    ngx_multisource_track_t  *track;

    now = ngx_current_msec;
    video = (h->type == NGX_RTMP_MSG_VIDEO);
    track = video ? &ctx->record.video : &ctx->record.audio;

    track->bytes += h->mlen;

    ngx_multisource_meter_add(&ctx->meter, now, h->mlen);
    ngx_multisource_meter_add(video ? &ctx->video : &ctx->audio, now, h->mlen);

    /* only a configuration record is read beyond its first bytes */

    size = NGX_LIVE_TAG_PREFIX;

    for ( ;; ) {

        p = ngx_multisource_session_prefix(in, buf, size, &last);

        rc = video ? ngx_live_tag_video(p, last, h->mlen, &tag)
                   : ngx_live_tag_audio(p, last, h->mlen, &tag);

        if (rc != NGX_OK) {
            ctx->record.dropped++;
            return;
        }

        if (tag.type != NGX_LIVE_TAG_CONFIG || tag.track != 0
            || size == sizeof(buf) || (size_t) (last - p) == h->mlen)
        {
            break;
        }

        size = sizeof(buf);
    }

    if (tag.track != 0) {
        return;
    }

    switch (tag.type) {

    case NGX_LIVE_TAG_CONFIG:

        if ((size_t) (last - p) == h->mlen) {
            ngx_multisource_session_config(ctx, track, &tag);
        }

        break;

    case NGX_LIVE_TAG_FRAME:

        track->frames++;

        if (track->codec[0] == '\0') {
            ngx_multisource_session_config(ctx, track, &tag);
        }

        if (!video) {
            break;
        }

        ctx->last_frame = h->timestamp;

        if (tag.keyframe) {
            if (ctx->record.keyframes++) {
                ctx->record.keyframe_interval = h->timestamp
                                                - ctx->last_keyframe;
            }

            ctx->last_keyframe = h->timestamp;
        }

        break;
    }

    if (tag.enhanced && !ctx->told) {
        ctx->told = 1;

        ngx_log_error(NGX_LOG_NOTICE, ctx->session->connection->log, 0,
                      "multisource: streamer '%s' source '%s' sends %s as "
                      "Enhanced RTMP, which nginx-rtmp's hls, dash, record "
                      "and RTMP players do not carry",
                      ctx->record.streamer, ctx->record.source,
                      ngx_live_codec_label(tag.codec));
    }
}


/*
 * Takes the codec's name and size from its configuration record; codecs that
 * have none are named when their first frame comes.
 */

static void
ngx_multisource_session_config(ngx_multisource_ctx_t *ctx,
    ngx_multisource_track_t *track, ngx_live_tag_t *tag)
{
    ngx_int_t         rc;
    const u_char     *p, *end;
    ngx_live_codec_t  codec;

    p = NULL;
    end = NULL;

    if (tag->type == NGX_LIVE_TAG_CONFIG) {
        p = tag->body;
        end = tag->body + tag->body_len;
    }

    rc = ngx_live_codec_config(tag->codec, p, end, &codec);

    if (rc != NGX_OK) {

        if (tag->type == NGX_LIVE_TAG_CONFIG) {
            ctx->record.dropped++;
            return;
        }

        /* frames without any record: the list says what they are at least */

        ngx_memzero(&codec, sizeof(ngx_live_codec_t));
        ngx_cpystrn(codec.name, (u_char *) ngx_live_codec_label(tag->codec),
                    sizeof(codec.name));
    }

    if (codec.sample_rate == 0) {
        codec.sample_rate = tag->sample_rate;
        codec.channels = tag->channels;
    }

    if (ngx_strcmp(track->codec, codec.name) == 0
        && track->width == codec.width && track->height == codec.height
        && track->sample_rate == codec.sample_rate
        && track->channels == codec.channels)
    {
        return;
    }

    ngx_cpystrn(track->codec, codec.name, sizeof(track->codec));
    track->width = codec.width;
    track->height = codec.height;
    track->sample_rate = codec.sample_rate;
    track->channels = codec.channels;

    ctx->record.revision++;

    ngx_multisource_registry_update(ngx_multisource_worker.registry, ctx->slot,
                                    &ctx->record);
}


/*
 * The first `size` bytes of a message, or all of it: in place when they are in
 * one buffer, otherwise copied to buf.
 */

static u_char *
ngx_multisource_session_prefix(ngx_chain_t *in, u_char *buf, size_t size,
    u_char **last)
{
    size_t   n;
    u_char  *p;

    n = in->buf->last - in->buf->pos;

    if (n >= size || in->next == NULL) {
        *last = in->buf->last;
        return in->buf->pos;
    }

    for (p = buf; in && p < buf + size; in = in->next) {
        n = ngx_min((size_t) (in->buf->last - in->buf->pos),
                    (size_t) (buf + size - p));
        p = ngx_cpymem(p, in->buf->pos, n);
    }

    *last = p;

    return buf;
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


void
ngx_multisource_session_refresh(ngx_multisource_ctx_t *ctx)
{
    uint64_t                   bitrate;
    ngx_msec_t                 now;
    ngx_multisource_record_t  *record;

    if (!ctx->live) {
        return;
    }

    now = ngx_current_msec;
    record = &ctx->record;

    record->video.bitrate =
                     ngx_multisource_meter_rate(&ctx->video, now) / 125000;
    record->audio.bitrate =
                     ngx_multisource_meter_rate(&ctx->audio, now) / 125000;
    record->video.fps = ngx_multisource_session_fps(ctx);
    record->last_media = ctx->last_media;

    /* lists tell of the first measure and of what moved by a fifth */

    bitrate = record->video.bitrate + record->audio.bitrate;

    if (bitrate > (uint64_t) ctx->shown_bitrate * 6 / 5
        || bitrate * 6 / 5 < ctx->shown_bitrate
        || record->video.fps > (uint64_t) ctx->shown_fps * 6 / 5
        || (uint64_t) record->video.fps * 6 / 5 < ctx->shown_fps)
    {
        ctx->shown_bitrate = bitrate;
        ctx->shown_fps = record->video.fps;
        record->revision++;
    }

    ngx_multisource_registry_update(ngx_multisource_worker.registry, ctx->slot,
                                    record);

    if (ctx->conf->max_total_bitrate
        && ngx_multisource_session_over_total(ctx))
    {
        ngx_multisource_session_end(ctx,
                                    NGX_MULTISOURCE_TOTAL_BITRATE_EXCEEDED);
    }
}


/* frames per 1000 s of media time, over the last five seconds */

static uint32_t
ngx_multisource_session_fps(ngx_multisource_ctx_t *ctx)
{
    uint32_t                 time;
    uint64_t                 frames;
    ngx_multisource_mark_t  *mark, *oldest;

    mark = &ctx->marks[ctx->nmarks % NGX_MULTISOURCE_MARKS];
    mark->frames = ctx->record.video.frames;
    mark->timestamp = ctx->last_frame;

    ctx->nmarks++;

    oldest = &ctx->marks[ctx->nmarks < NGX_MULTISOURCE_MARKS
                         ? 0 : ctx->nmarks % NGX_MULTISOURCE_MARKS];

    frames = mark->frames - oldest->frames;
    time = mark->timestamp - oldest->timestamp;

    /* a clock that jumped tells nothing, nor do more than 1000 fps */

    if (time == 0 || time > 60000 || frames > time) {
        return 0;
    }

    return frames * 1000000 / time;
}


/*
 * Sources count in the order they came; one that does not fit on top of the
 * older ones is over, and does not count for the younger ones.
 */

static ngx_uint_t
ngx_multisource_session_over_total(ngx_multisource_ctx_t *ctx)
{
    uint64_t                  total, rate, limit, now, age;
    ngx_str_t                 streamer;
    ngx_uint_t                i, n;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    streamer.data = ctx->record.streamer;
    streamer.len = ngx_strlen(streamer.data);

    n = ngx_multisource_walk_streamer(&ctx->conf->name, &streamer, entries);

    now = ngx_multisource_now();
    limit = ctx->conf->max_total_bitrate;
    total = 0;

    for (i = 0; i < n && entries[i].ticket <= ctx->slot->ticket; i++) {

        rate = entries[i].record.video.bitrate
               + entries[i].record.audio.bitrate;
        rate *= 1000;

        /* a young source's rate is of less time: a burst must not count */

        age = now > entries[i].record.started
              ? now - entries[i].record.started : 0;

        if (age < NGX_MULTISOURCE_METER_WINDOW) {
            rate = rate * age / NGX_MULTISOURCE_METER_WINDOW;
        }

        if (total + rate <= limit) {
            total += rate;

        } else if (entries[i].slot == ctx->slot) {
            return 1;
        }
    }

    return 0;
}
