
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_admit.h"
#include "ngx_multisource_keys.h"
#include "ngx_multisource_session.h"
#include "ngx_multisource_walk.h"


#define NGX_MULTISOURCE_FLAPPING       30000    /* ms */


static ngx_uint_t ngx_multisource_admit_split(ngx_multisource_ctx_t *ctx,
    ngx_str_t *name);
static void ngx_multisource_admit_name(ngx_multisource_ctx_t *ctx,
    ngx_str_t *streamer, ngx_str_t *source);
static ngx_uint_t ngx_multisource_admit_protocol(ngx_rtmp_session_t *s);
static ngx_uint_t ngx_multisource_admit_walk(ngx_multisource_ctx_t *ctx,
    ngx_uint_t pending, ngx_multisource_entry_t *entries);
static ngx_uint_t ngx_multisource_admit_succeed(ngx_multisource_ctx_t *ctx,
    ngx_multisource_entry_t *rival);
static ngx_uint_t ngx_multisource_admit_over_total(ngx_multisource_ctx_t *ctx,
    ngx_multisource_entry_t *entries, ngx_uint_t n);


ngx_uint_t
ngx_multisource_admit_identify(ngx_multisource_ctx_t *ctx, ngx_str_t *name)
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
    ctx->key_line = 0;

    ctx->max_sources = conf->max_sources;
    ctx->max_bitrate = conf->max_bitrate;

    if (ctx->bad_name || name->len == 0 || name->len >= NGX_RTMP_MAX_NAME) {
        return NGX_MULTISOURCE_BAD_STREAM_NAME;
    }

    ctx->as_sent = conf->keys == NULL && conf->callback && !s->relay;

    if (conf->keys == NULL || s->relay) {

        reason = ngx_multisource_admit_split(ctx, name);

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

    ngx_multisource_admit_name(ctx, &key->streamer, &source);

    ctx->key_line = key->line;

    return NGX_MULTISOURCE_OK;
}


/* STREAMER, or STREAMER SEPARATOR SOURCE: a name that holds no key */

static ngx_uint_t
ngx_multisource_admit_split(ngx_multisource_ctx_t *ctx, ngx_str_t *name)
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
        ngx_multisource_admit_name(ctx, &streamer, &source);
    }

    return reason;
}


static void
ngx_multisource_admit_name(ngx_multisource_ctx_t *ctx, ngx_str_t *streamer,
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

    record->protocol = ngx_multisource_admit_protocol(ctx->session);

    ctx->public.len = ngx_multisource_name_public(&ctx->conf->naming, streamer,
                                                  source, ctx->public.data);
}


/* what a client says of itself counts only where there is no client */

static ngx_uint_t
ngx_multisource_admit_protocol(ngx_rtmp_session_t *s)
{
    if (s->connection->shared
        && s->flashver.len >= sizeof("ngx_whip") - 1
        && ngx_strncmp(s->flashver.data, "ngx_whip", sizeof("ngx_whip") - 1)
           == 0)
    {
        return NGX_MULTISOURCE_WHIP;
    }

    return s->relay ? NGX_MULTISOURCE_RELAY : NGX_MULTISOURCE_RTMP;
}


ngx_uint_t
ngx_multisource_admit_redirected(ngx_multisource_ctx_t *ctx, ngx_str_t *name)
{
    ngx_uint_t  reason;

    ngx_memzero(&ctx->record, sizeof(ngx_multisource_record_t));

    ctx->public.len = 0;

    reason = ngx_multisource_admit_split(ctx, name);

    if (reason != NGX_MULTISOURCE_OK) {
        return reason;
    }

    /* players and HLS look for the name in its one form */

    if (name->len != ctx->public.len
        || ngx_memcmp(name->data, ctx->public.data, name->len) != 0)
    {
        ngx_memzero(&ctx->record, sizeof(ngx_multisource_record_t));
        return NGX_MULTISOURCE_BAD_STREAM_NAME;
    }

    return NGX_MULTISOURCE_OK;
}


/*
 * Claims a slot, then compares it with those claimed before: who publishes the
 * same source gives way, or the newcomer is refused.
 */

ngx_uint_t
ngx_multisource_admit_claim(ngx_multisource_ctx_t *ctx)
{
    ngx_uint_t                   i, n, others, reason;
    ngx_multisource_entry_t     *rival;
    ngx_multisource_entry_t      entries[NGX_MULTISOURCE_MAX_SOURCES];
    ngx_multisource_registry_t  *reg;

    reg = &ngx_multisource_worker.registry;

    ctx->record.state = NGX_MULTISOURCE_PENDING;
    ctx->record.last_media = ngx_current_msec;

    ctx->slot = ngx_multisource_registry_claim(reg, &ctx->record);
    if (ctx->slot == NULL) {
        return NGX_MULTISOURCE_ZONE_FULL;
    }

    ngx_queue_insert_tail(&ngx_multisource_worker.publishers, &ctx->queue);

    n = ngx_multisource_admit_walk(ctx, 1, entries);

    rival = NULL;
    others = 0;

    for (i = 0; i < n; i++) {

        if (entries[i].slot == ctx->slot
            || entries[i].ticket > ctx->slot->ticket)
        {
            continue;
        }

        if (ngx_strcmp(entries[i].record.source, ctx->record.source) == 0) {
            rival = &entries[i];

        } else {
            others++;
        }
    }

    reason = NGX_MULTISOURCE_OK;

    if (others >= ctx->max_sources) {
        reason = NGX_MULTISOURCE_TOO_MANY_SOURCES;

    } else if (rival) {
        reason = ngx_multisource_admit_succeed(ctx, rival);
    }

    if (reason != NGX_MULTISOURCE_OK) {
        ngx_multisource_admit_release(ctx);
    }

    return reason;
}


void
ngx_multisource_admit_release(ngx_multisource_ctx_t *ctx)
{
    if (ctx->slot) {
        ngx_queue_remove(&ctx->queue);
        ngx_multisource_registry_release(&ngx_multisource_worker.registry,
                                         ctx->slot);
        ctx->slot = NULL;
    }
}


static ngx_uint_t
ngx_multisource_admit_walk(ngx_multisource_ctx_t *ctx, ngx_uint_t pending,
    ngx_multisource_entry_t *entries)
{
    ngx_str_t  streamer;

    streamer.data = ctx->record.streamer;
    streamer.len = ngx_strlen(streamer.data);

    return ngx_multisource_walk_streamer(&ctx->conf->name, &streamer, pending,
                                         entries);
}


static ngx_uint_t
ngx_multisource_admit_succeed(ngx_multisource_ctx_t *ctx,
    ngx_multisource_entry_t *rival)
{
    ngx_msec_t                  *times;
    ngx_queue_t                 *q;
    ngx_multisource_ctx_t       *old;
    ngx_multisource_registry_t  *reg;

    reg = &ngx_multisource_worker.registry;

    if (!ctx->conf->takeover) {
        return NGX_MULTISOURCE_ALREADY_LIVE;
    }

    times = rival->record.takeovers;

    if (times[NGX_MULTISOURCE_TAKEOVERS - 1]
        && ngx_live_peers_elapsed(times[NGX_MULTISOURCE_TAKEOVERS - 1])
           < NGX_MULTISOURCE_FLAPPING)
    {
        return NGX_MULTISOURCE_TAKEOVER_FLAPPING;
    }

    ctx->record.takeovers[0] = ngx_current_msec;
    ngx_memcpy(&ctx->record.takeovers[1], times,
               (NGX_MULTISOURCE_TAKEOVERS - 1) * sizeof(ngx_msec_t));
    ngx_multisource_registry_update(reg, ctx->slot, &ctx->record);

    if (rival->owner == reg->peers.token) {

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

    if (ngx_multisource_registry_end(reg, rival, NGX_MULTISOURCE_TAKEN_OVER)
        == NGX_OK)
    {
        ctx->rival = rival->slot;
        ctx->rival_ticket = rival->ticket;
    }

    return NGX_MULTISOURCE_OK;
}


/*
 * Two newcomers may have missed each other, and a worker that was stopped for
 * long was not asked: of several that publish one source the youngest stays,
 * or without takeover the oldest.
 */

ngx_uint_t
ngx_multisource_admit_check(ngx_multisource_ctx_t *ctx)
{
    ngx_uint_t                i, n;
    ngx_atomic_uint_t         mine;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    n = ngx_multisource_admit_walk(ctx, 1, entries);
    mine = ctx->slot->ticket;

    for (i = 0; i < n; i++) {

        if (entries[i].ticket == mine
            || ngx_strcmp(entries[i].record.source, ctx->record.source) != 0)
        {
            continue;
        }

        if (ctx->conf->takeover && entries[i].ticket > mine) {
            return NGX_MULTISOURCE_TAKEN_OVER;
        }

        if (!ctx->conf->takeover && entries[i].ticket < mine) {
            return NGX_MULTISOURCE_ALREADY_LIVE;
        }
    }

    if (ctx->conf->max_total_bitrate
        && ngx_multisource_admit_over_total(ctx, entries, n))
    {
        return NGX_MULTISOURCE_TOTAL_BITRATE_EXCEEDED;
    }

    return NGX_MULTISOURCE_OK;
}

static ngx_uint_t
ngx_multisource_admit_over_total(ngx_multisource_ctx_t *ctx,
    ngx_multisource_entry_t *entries, ngx_uint_t n)
{
    uint64_t                   total, rate, limit, now, age;
    ngx_uint_t                 i;
    ngx_multisource_record_t  *record;

    now = ngx_multisource_now();
    limit = ctx->conf->max_total_bitrate;
    total = 0;

    for (i = 0; i < n && entries[i].ticket <= ctx->slot->ticket; i++) {

        record = &entries[i].record;

        if (record->state != NGX_MULTISOURCE_LIVE) {
            continue;
        }

        rate = record->video.bitrate + record->audio.bitrate;
        rate *= 1000;

        if (entries[i].slot != ctx->slot) {

            if (total + rate <= limit) {
                total += rate;
            }

            continue;
        }

        /* one's own burst at the start, measured over less time, is forgiven */

        age = now > record->started ? now - record->started : 0;

        if (age < NGX_MULTISOURCE_METER_WINDOW) {
            rate = rate * age / NGX_MULTISOURCE_METER_WINDOW;
        }

        return total + rate > limit;
    }

    return 0;
}
