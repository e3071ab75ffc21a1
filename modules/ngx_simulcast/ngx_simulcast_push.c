
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_simulcast.h"
#include "ngx_simulcast_push.h"
#include "ngx_simulcast_reason.h"


#define NGX_SIMULCAST_PUSH_BATCH    64          /* messages of a write */
#define NGX_SIMULCAST_PUSH_WRITE    262144      /* bytes of a write */
#define NGX_SIMULCAST_PUSH_WRITES   8           /* in a turn */

/* RTMP acknowledgements: how many make a server one that sends them, how much
   it may then leave open, and for how long */
#define NGX_SIMULCAST_PUSH_CONFIRMS 3
#define NGX_SIMULCAST_PUSH_OPEN     (8 * NGX_SIMULCAST_LINK_WINDOW)
#define NGX_SIMULCAST_PUSH_CONFIRM  15000       /* ms */


/* a message of a write that is being put together */

typedef struct {
    ngx_simulcast_frame_t  *frame;
    size_t                  size;               /* 0: it is left out */
    u_char                  head[12];           /* one of its own */
} ngx_simulcast_push_entry_t;


static u_char *ngx_simulcast_push_log_error(ngx_log_t *log, u_char *buf,
    size_t len);
static void ngx_simulcast_push_link(void *data, ngx_uint_t event);
static void ngx_simulcast_push_next(void *data, ngx_uint_t event);
static void ngx_simulcast_push_ready(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_moved(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_replace(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_flush(void *data);
static ngx_int_t ngx_simulcast_push_begin(ngx_simulcast_push_t *push);
static ngx_int_t ngx_simulcast_push_headers(ngx_simulcast_push_t *push,
    uint64_t time);
static ngx_int_t ngx_simulcast_push_carry(ngx_simulcast_push_t *push);
static ngx_int_t ngx_simulcast_push_write(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_commit(ngx_simulcast_push_t *push,
    ngx_simulcast_frame_t *frame);
static size_t ngx_simulcast_push_head(ngx_simulcast_push_t *push,
    uint64_t *sent, ngx_simulcast_frame_t *frame, uint64_t time, u_char *p);
static void ngx_simulcast_push_lag(ngx_simulcast_push_t *push);
static ngx_int_t ngx_simulcast_push_rest(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_mark(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_fail(ngx_simulcast_push_t *push,
    ngx_uint_t reason, const char *text);
static void ngx_simulcast_push_disconnect(ngx_simulcast_push_t *push,
    ngx_uint_t clean);
static void ngx_simulcast_push_again(ngx_event_t *ev);
static void ngx_simulcast_push_connect(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_tick(ngx_event_t *ev);
static void ngx_simulcast_push_progress(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_judge(ngx_simulcast_push_t *push);
static ngx_int_t ngx_simulcast_push_check(ngx_simulcast_push_t *push);
static void ngx_simulcast_push_state(ngx_simulcast_push_t *push,
    ngx_uint_t state);
static void ngx_simulcast_push_tell(ngx_simulcast_push_t *push,
    ngx_uint_t event);
static void ngx_simulcast_push_publish(ngx_simulcast_push_t *push,
    uint64_t rtt);
static ngx_int_t ngx_simulcast_push_copy(ngx_pool_t *pool, ngx_str_t *s);


/* debug logs of timers take the data for a connection */

static ngx_connection_t  ngx_simulcast_push_nobody = { .fd = -1 };


ngx_simulcast_push_t *
ngx_simulcast_push_create(ngx_simulcast_feed_t *feed,
    ngx_simulcast_push_conf_t *conf)
{
    ngx_log_t             *log;
    ngx_pool_t            *pool;
    ngx_simulcast_push_t  *push;

    pool = ngx_create_pool(2048, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    push = ngx_pcalloc(pool, sizeof(ngx_simulcast_push_t));
    log = ngx_palloc(pool, sizeof(ngx_log_t));

    if (push == NULL || log == NULL) {
        goto failed;
    }

    push->pool = pool;
    push->feed = feed;
    push->conf = *conf;

    if (ngx_simulcast_push_copy(pool, &push->conf.id) != NGX_OK
        || ngx_simulcast_push_copy(pool, &push->conf.name) != NGX_OK
        || ngx_simulcast_push_copy(pool, &push->conf.streamer) != NGX_OK
        || ngx_simulcast_push_copy(pool, &push->conf.source) != NGX_OK)
    {
        goto failed;
    }

    *log = *ngx_cycle->log;
    log->handler = ngx_simulcast_push_log_error;
    log->data = push;
    log->action = NULL;
    push->log = log;

    push->reader.flush = ngx_simulcast_push_flush;
    push->reader.data = push;

    push->timer.handler = ngx_simulcast_push_again;
    push->timer.log = log;
    push->timer.data = &ngx_simulcast_push_nobody;

    push->tick.handler = ngx_simulcast_push_tick;
    push->tick.log = log;
    push->tick.data = &ngx_simulcast_push_nobody;

    push->started = ngx_current_msec;
    push->started_at = ngx_simulcast_time();

    push->slot = ngx_simulcast_registry_claim();

    if (push->slot == NULL && ngx_simulcast_registry.peers.token) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "simulcast: simulcast_zone is full, this destination is "
                      "not shown in the status");
        ngx_simulcast_registry_reason(NGX_SIMULCAST_ZONE_FULL);
    }

    ngx_simulcast_push_publish(push, 0);

    ngx_add_timer(&push->tick, 1000);

    return push;

failed:

    ngx_destroy_pool(pool);
    return NULL;
}


static ngx_int_t
ngx_simulcast_push_copy(ngx_pool_t *pool, ngx_str_t *s)
{
    s->data = ngx_pstrdup(pool, s);

    return s->data || s->len == 0 ? NGX_OK : NGX_ERROR;
}


static u_char *
ngx_simulcast_push_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char                *p;
    ngx_simulcast_push_t  *push;

    push = log->data;

    p = ngx_snprintf(buf, len, ", source: %V/%V, destination: %s %V \"%V\"",
                     &push->conf.streamer, &push->conf.source,
                     ngx_simulcast_platform_name(push->conf.platform),
                     &push->conf.id, &push->conf.name);

    if (push->url.host.len) {
        len -= p - buf;
        p = ngx_snprintf(p, len, ", server: %V:%d", &push->url.host,
                         (int) push->url.port);
    }

    return p;
}


const char *
ngx_simulcast_push_dial(ngx_simulcast_push_t *push, ngx_str_t *url,
    ngx_str_t *key)
{
    u_char      *p;
    ngx_str_t    u, k;
    const char  *error;

    p = ngx_alloc(url->len + key->len + 2, push->log);
    if (p == NULL) {
        return "out of memory";
    }

    u.data = p;
    u.len = url->len;
    k.data = ngx_cpymem(p, url->data, url->len);
    k.len = key->len;

    if (key->len) {
        ngx_memcpy(k.data, key->data, key->len);
    }

    if (push->target) {
        ngx_explicit_memzero(push->target, push->ntarget);
        ngx_free(push->target);
    }

    push->target = p;
    push->ntarget = url->len + key->len;

    error = ngx_simulcast_url_parse(&u, &k, &push->url);

    if (error) {
        ngx_memzero(&push->url, sizeof(ngx_simulcast_url_t));
        ngx_simulcast_push_refuse(push, NGX_SIMULCAST_BAD_URL, error, 0);
        return error;
    }

    ngx_simulcast_push_connect(push);

    return NULL;
}


static void
ngx_simulcast_push_connect(ngx_simulcast_push_t *push)
{
    if (push->timer.timer_set) {
        ngx_del_timer(&push->timer);
    }

    ngx_simulcast_push_disconnect(push, 0);

    if (ngx_simulcast_push_check(push) != NGX_OK) {
        return;
    }

    push->link = ngx_simulcast_link_open(&push->url, push->conf.trusted,
                                         NGX_SIMULCAST_STAGE_PUBLISH, push->log,
                                         ngx_simulcast_push_link, push);
    if (push->link == NULL) {
        ngx_simulcast_push_fail(push, NGX_SIMULCAST_INTERNAL, NULL);
        return;
    }

    ngx_simulcast_push_state(push, push->retry.attempts
                                   ? NGX_SIMULCAST_RECONNECTING
                                   : NGX_SIMULCAST_CONNECTING);
}


/* what the platform will not take is not sent */

static ngx_int_t
ngx_simulcast_push_check(ngx_simulcast_push_t *push)
{
    ngx_simulcast_limits_t         limits;
    ngx_simulcast_feed_rates_t     rates;
    ngx_simulcast_limits_stream_t  stream;

    ngx_simulcast_feed_rates(push->feed, &rates);
    ngx_memzero(&stream, sizeof(ngx_simulcast_limits_stream_t));

    stream.video = push->feed->video_codec.codec;
    stream.width = push->feed->video_codec.width;
    stream.height = push->feed->video_codec.height;
    stream.audio = push->feed->audio_codec.codec;
    stream.sample_rate = push->feed->audio_codec.sample_rate;
    stream.channels = push->feed->audio_codec.channels;
    stream.measured = rates.measured ? 1 : 0;

    if (rates.measured) {
        stream.fps = rates.fps;
        stream.video_bitrate = rates.video_bitrate;
        stream.audio_bitrate = rates.audio_bitrate;
        stream.keyframe = rates.keyframe;
    }

    ngx_simulcast_limits_check(push->conf.platform, &stream, &push->limits);

    if (push->limits.refused && push->begun) {

        /* a pause of the publisher's looks like a long keyframe interval: what
           runs is not ended for that, the platform does it if it wants to */

        limits = push->limits;
        stream.keyframe = 0;

        ngx_simulcast_limits_check(push->conf.platform, &stream,
                                   &push->limits);

        if (!push->limits.refused) {
            push->limits = limits;
            push->limits.refused = 0;
        }
    }

    if (push->limits.refused) {
        ngx_simulcast_push_refuse(push, NGX_SIMULCAST_CODEC_REFUSED,
                                  push->limits.issues[0], 0);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


void
ngx_simulcast_push_refuse(ngx_simulcast_push_t *push, ngx_uint_t reason,
    const char *text, ngx_msec_t retry)
{
    ngx_simulcast_push_disconnect(push, 0);

    /* an attempt may have been due */

    if (push->timer.timer_set) {
        ngx_del_timer(&push->timer);
    }

    push->reason = reason;
    push->text[0] = '\0';

    if (text) {
        (void) ngx_cpystrn((u_char *) push->text, (u_char *) text,
                           sizeof(push->text));
    }

    ngx_simulcast_registry_reason(reason);

    ngx_log_error(NGX_LOG_ERR, push->log, 0, "simulcast: %s: %s%s%s",
                  ngx_simulcast_reason(reason)->name,
                  ngx_simulcast_reason(reason)->text,
                  text ? ": " : "", text ? text : "");

    if (retry) {
        push->wait = retry;
        ngx_add_timer(&push->timer, retry);
    }

    ngx_simulcast_push_state(push, retry ? NGX_SIMULCAST_RECONNECTING
                                         : NGX_SIMULCAST_ERROR);
}


void
ngx_simulcast_push_free(ngx_simulcast_push_t *push, ngx_uint_t clean,
    ngx_uint_t reason)
{
    ngx_log_error(NGX_LOG_NOTICE, push->log, 0,
                  "simulcast: ended, %s, after %M ms, %uL bytes, %uL frames, "
                  "%uL dropped, %ui connections",
                  ngx_simulcast_reason(reason)->name,
                  ngx_current_msec - push->started, push->bytes, push->frames,
                  push->dropped, push->connects);

    /* what was gathered for the next write is the end of the stream */

    ngx_simulcast_push_flush(push);

    ngx_simulcast_push_disconnect(push, clean);

    if (push->timer.timer_set) {
        ngx_del_timer(&push->timer);
    }

    if (push->tick.timer_set) {
        ngx_del_timer(&push->tick);
    }

    if (push->slot) {
        ngx_simulcast_registry_release(push->slot);
    }

    if (push->target) {
        ngx_explicit_memzero(push->target, push->ntarget);
        ngx_free(push->target);
    }

    ngx_destroy_pool(push->pool);
}


static void
ngx_simulcast_push_disconnect(ngx_simulcast_push_t *push, ngx_uint_t clean)
{
    if (push->next) {
        ngx_simulcast_link_close(push->next, 0);
        push->next = NULL;
    }

    if (push->link) {

        if (clean) {

            /* a command cannot stand in the middle of a message */

            if (push->carry == NULL && push->offset
                && ngx_simulcast_push_rest(push) != NGX_OK)
            {
                clean = 0;
            }

            if (push->carry) {
                ngx_simulcast_link_rest(push->link, push->carry, push->carried,
                                        push->ncarry);
                push->carry = NULL;
            }
        }

        ngx_simulcast_link_close(push->link, clean);
        push->link = NULL;
    }

    if (push->carry) {
        ngx_free(push->carry);
        push->carry = NULL;
    }

    ngx_simulcast_feed_remove(&push->reader);

    push->begun = 0;
    push->skipping = 0;
    push->offset = 0;
    push->nmarks = 0;
    push->unmarked = 0;
}


static void
ngx_simulcast_push_link(void *data, ngx_uint_t event)
{
    ngx_simulcast_push_t *push = data;

    switch (event) {

    case NGX_SIMULCAST_LINK_READY:
        ngx_simulcast_push_ready(push);
        return;

    case NGX_SIMULCAST_LINK_WRITABLE:

        /* epoll says so with whatever is read as well: what has not been
           gathered for long enough is not written for that */

        if (push->full) {
            ngx_simulcast_push_flush(push);

        } else if (push->offset == 0 && push->carry == NULL) {
            push->full = ngx_simulcast_link_control(push->link) == NGX_AGAIN;
        }

        return;

    case NGX_SIMULCAST_LINK_MOVED:
        ngx_simulcast_push_moved(push);
        return;

    case NGX_SIMULCAST_LINK_FAILED:

        if (push->next && !push->next->dead && push->link->ready) {
            ngx_simulcast_push_replace(push);
            return;
        }

        ngx_simulcast_push_fail(push, push->link->reason, push->link->text);
        return;

    default:
        return;
    }
}


static void
ngx_simulcast_push_ready(ngx_simulcast_push_t *push)
{
    push->connects++;

    push->begun = 0;
    push->skipping = 0;
    push->offset = 0;
    push->nmarks = 0;
    push->unmarked = 0;
    push->acked = 0;
    push->confirmed = 0;
    push->interval = 0;
    push->nconfirmed = 0;
    push->connected = ngx_current_msec;
    push->progress = ngx_current_msec;
    push->even = ngx_current_msec;

    if (push->reader.feed == NULL) {
        ngx_simulcast_feed_add(push->feed, &push->reader);
    }

    ngx_log_error(NGX_LOG_NOTICE, push->log, 0,
                  "simulcast: publishing to %s%s%s", push->link->address,
                  push->link->cipher[0] ? ", " : "", push->link->cipher);

    ngx_simulcast_push_state(push, NGX_SIMULCAST_CONNECTED);
}


/* Enhanced RTMP's ReconnectRequest (U13): the old link serves until then */

static void
ngx_simulcast_push_moved(ngx_simulcast_push_t *push)
{
    ngx_str_t            key;
    ngx_simulcast_url_t  url;

    if (push->next) {
        return;
    }

    url = push->url;
    key = push->url.key;

    if (push->link->tc_url.len
        && ngx_simulcast_url_parse(&push->link->tc_url, &key, &url) != NULL)
    {
        ngx_log_error(NGX_LOG_WARN, push->log, 0,
                      "simulcast: the server names an unusable URL to "
                      "reconnect to");
        return;
    }

    if (push->url.tls && !url.tls) {
        ngx_log_error(NGX_LOG_WARN, push->log, 0,
                      "simulcast: the server asks to reconnect without TLS");
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, push->log, 0,
                  "simulcast: the server asks to reconnect, to %V:%d",
                  &url.host, (int) url.port);

    /* the server's word is not the operator's */

    push->next = ngx_simulcast_link_open(&url, push->link->tc_url.len
                                               ? 0 : push->conf.trusted,
                                         NGX_SIMULCAST_STAGE_PUBLISH, push->log,
                                         ngx_simulcast_push_next, push);
}


static void
ngx_simulcast_push_next(void *data, ngx_uint_t event)
{
    ngx_simulcast_push_t *push = data;

    if (event == NGX_SIMULCAST_LINK_FAILED) {

        ngx_log_error(NGX_LOG_WARN, push->log, 0,
                      "simulcast: could not follow the server: %s",
                      ngx_simulcast_reason(push->next->reason)->name);

        ngx_simulcast_link_close(push->next, 0);
        push->next = NULL;
    }

    /* _write() takes it over at a keyframe once it is ready */
}


/* the server that sent us away has not waited: what is begun goes on there */

static void
ngx_simulcast_push_replace(ngx_simulcast_push_t *push)
{
    ngx_simulcast_link_t  *next;

    ngx_log_error(NGX_LOG_NOTICE, push->log, 0,
                  "simulcast: the server has closed the old connection");

    next = push->next;
    push->next = NULL;

    ngx_simulcast_push_disconnect(push, 0);

    push->link = next;
    next->handler = ngx_simulcast_push_link;

    if (next->ready) {
        ngx_simulcast_push_ready(push);

    } else {
        ngx_simulcast_push_state(push, NGX_SIMULCAST_RECONNECTING);
    }
}


static void
ngx_simulcast_push_flush(void *data)
{
    ngx_simulcast_push_t *push = data;

    ngx_int_t   rc;
    ngx_uint_t  i;

    if (push->link == NULL || !push->link->ready || push->link->dead) {
        return;
    }

    push->full = 0;

    ngx_simulcast_push_lag(push);

    for (i = 0; i < NGX_SIMULCAST_PUSH_WRITES; i++) {

        if (push->carry) {
            rc = ngx_simulcast_push_carry(push);

        } else if (push->offset == 0 && push->link->ncontrol) {
            rc = ngx_simulcast_link_control(push->link);

        } else if (!push->begun && ngx_simulcast_push_begin(push) != NGX_OK) {
            break;

        } else if (push->carry) {
            continue;

        } else {
            rc = ngx_simulcast_push_write(push);
        }

        if (rc != NGX_OK) {
            push->full = rc == NGX_AGAIN;
            break;
        }
    }

    ngx_simulcast_push_mark(push);
}


/* NGX_DECLINED: there is nothing to begin with yet */

static ngx_int_t
ngx_simulcast_push_begin(ngx_simulcast_push_t *push)
{
    ngx_uint_t              alone;
    ngx_simulcast_feed_t   *feed;
    ngx_simulcast_frame_t  *frame;

    feed = push->feed;
    alone = ngx_simulcast_feed_alone(feed);

    for ( ;; ) {
        frame = push->reader.last->next;

        if (frame == NULL) {
            return NGX_DECLINED;
        }

        if (frame->configs == feed->configs
            && (frame->keyframe
                || (alone && frame->channel == NGX_SIMULCAST_CHANNEL_AUDIO
                    && !frame->config)))
        {
            break;
        }

        push->reader.last = frame;
    }

    if (ngx_simulcast_push_check(push) != NGX_OK) {
        return NGX_DECLINED;
    }

    push->base = frame->time;
    ngx_memzero(push->sent, sizeof(push->sent));

    if (ngx_simulcast_push_headers(push, frame->time) != NGX_OK) {
        ngx_simulcast_push_fail(push, NGX_SIMULCAST_INTERNAL, NULL);
        return NGX_DECLINED;
    }

    push->begun = 1;
    push->skipping = 0;
    push->began = ngx_simulcast_link_written(push->link);

    return NGX_OK;
}


/* metadata and the decoders' headers, to be sent before what follows (U8) */

static ngx_int_t
ngx_simulcast_push_headers(ngx_simulcast_push_t *push, uint64_t time)
{
    size_t                  size;
    u_char                 *p;
    uint64_t                at;
    ngx_uint_t              i, n;
    ngx_simulcast_feed_t   *feed;
    ngx_simulcast_frame_t  *frame,
                           *list[2 * NGX_SIMULCAST_FEED_TRACKS + 1];

    feed = push->feed;
    n = 0;

    if (feed->meta) {
        list[n++] = feed->meta;
    }

    for (i = 0; i < NGX_SIMULCAST_FEED_TRACKS; i++) {
        if (feed->audio[i]) {
            list[n++] = feed->audio[i];
        }
    }

    for (i = 0; i < NGX_SIMULCAST_FEED_TRACKS; i++) {
        if (feed->video[i]) {
            list[n++] = feed->video[i];
        }
    }

    push->configs = feed->configs;

    if (n == 0) {
        return NGX_OK;
    }

    size = 0;

    for (i = 0; i < n; i++) {
        size += list[i]->size + 12;
    }

    push->carry = ngx_alloc(size, push->log);
    if (push->carry == NULL) {
        return NGX_ERROR;
    }

    p = push->carry;

    for (i = 0; i < n; i++) {
        frame = list[i];

        /* audio behind a keyframe may be a little older than it */

        at = push->sent[frame->channel] ? push->sent[frame->channel] : time;

        p += ngx_simulcast_push_head(push, push->sent, frame, at, p);
        p = ngx_cpymem(p, frame->wire + NGX_SIMULCAST_FEED_HEADER,
                       frame->size - NGX_SIMULCAST_FEED_HEADER);

        push->sent[frame->channel] = at;
    }

    push->ncarry = p - push->carry;
    push->carried = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_push_carry(ngx_simulcast_push_t *push)
{
    ssize_t       n;
    struct iovec  iov;

    iov.iov_base = push->carry + push->carried;
    iov.iov_len = push->ncarry - push->carried;

    n = ngx_simulcast_link_send(push->link, &iov, 1);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    push->carried += n;

    if (push->carried < push->ncarry) {
        return NGX_AGAIN;
    }

    ngx_free(push->carry);
    push->carry = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_simulcast_push_write(ngx_simulcast_push_t *push)
{
    size_t                       total, size, len;
    ssize_t                      n;
    uint64_t                     sent[NGX_SIMULCAST_NCHANNELS], configs;
    ngx_uint_t                   i, nentries, niov, skipping;
    struct iovec                 iov[2 * NGX_SIMULCAST_PUSH_BATCH];
    ngx_simulcast_frame_t       *frame;
    ngx_simulcast_push_entry_t   entries[NGX_SIMULCAST_PUSH_BATCH], *e;

    ngx_memcpy(sent, push->sent, sizeof(sent));
    skipping = push->skipping;
    configs = push->configs;
    nentries = 0;
    niov = 0;
    total = 0;
    frame = push->reader.last->next;

    if (push->next && push->next->ready && frame && frame->keyframe
        && push->offset == 0)
    {
        ngx_simulcast_link_close(push->link, 0);

        push->link = push->next;
        push->link->handler = ngx_simulcast_push_link;
        push->next = NULL;

        ngx_simulcast_push_ready(push);

        return NGX_OK;
    }

    for ( /* void */ ; frame; frame = frame->next) {

        if (nentries == NGX_SIMULCAST_PUSH_BATCH
            || total >= NGX_SIMULCAST_PUSH_WRITE)
        {
            break;
        }

        e = &entries[nentries++];
        e->frame = frame;

        if (frame->keyframe) {

            if (push->next && push->next->ready && nentries > 1) {
                nentries--;
                break;
            }

            if (frame->configs == configs) {
                skipping = 0;

            } else if (nentries > 1) {
                nentries--;
                break;

            } else if (frame->configs == push->feed->configs) {

                /* its headers were left out with what was before them */

                return ngx_simulcast_push_headers(push, frame->time);

            } else {
                /* also what follows it in the next write */
                skipping = 1;
                push->skipping = 1;
            }
        }

        if (((skipping && frame->picture) || frame->time < push->base)
            && !(nentries == 1 && push->offset))
        {
            e->size = 0;
            continue;
        }

        /* one that was left out before it is still missing */

        if (frame->config && frame->configs == configs + 1) {
            configs = frame->configs;
        }

        if (sent[frame->channel] && sent[frame->channel] == frame->before) {

            iov[niov].iov_base = frame->wire;
            iov[niov].iov_len = frame->size;
            niov++;

            e->size = frame->size;

        } else {
            len = ngx_simulcast_push_head(push, sent, frame, frame->time,
                                          e->head);
            iov[niov].iov_base = e->head;
            iov[niov].iov_len = len;
            niov++;

            iov[niov].iov_base = frame->wire + NGX_SIMULCAST_FEED_HEADER;
            iov[niov].iov_len = frame->size - NGX_SIMULCAST_FEED_HEADER;
            niov++;

            e->size = len + frame->size - NGX_SIMULCAST_FEED_HEADER;
        }

        if (nentries == 1 && push->offset) {

            /* the rest of what was begun */

            size = push->offset;
            e->size -= size;

            for (i = 0; i < niov; i++) {
                len = ngx_min(iov[i].iov_len, size);
                iov[i].iov_base = (u_char *) iov[i].iov_base + len;
                iov[i].iov_len -= len;
                size -= len;
            }
        }

        total += e->size;
        sent[frame->channel] = frame->time;
    }

    n = 0;

    if (total) {
        n = ngx_simulcast_link_send(push->link, iov, niov);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    total -= n;

    for (i = 0; i < nentries; i++) {
        e = &entries[i];

        if (e->size == 0) {
            push->reader.last = e->frame;

            if (e->frame->time >= push->base) {
                push->dropped++;
                push->seconds[0].dropped++;
            }

            continue;
        }

        if ((size_t) n < e->size) {
            push->offset += n;
            break;
        }

        n -= e->size;
        ngx_simulcast_push_commit(push, e->frame);
    }

    if (total) {
        return NGX_AGAIN;
    }

    return push->reader.last->next ? NGX_OK : NGX_DONE;
}


static void
ngx_simulcast_push_commit(ngx_simulcast_push_t *push,
    ngx_simulcast_frame_t *frame)
{
    push->offset = 0;
    push->reader.last = frame;
    push->sent[frame->channel] = frame->time;

    if (frame->keyframe) {
        push->skipping = 0;
    }

    if (frame->config && frame->configs == push->configs + 1) {
        push->configs = frame->configs;
    }

    if (frame->picture) {
        push->unmarked++;
    }
}


/*
 * A header for one destination only: RTMP 5.3.1.2.1, type 0, for the first
 * message of a chunk stream, and type 1 for what follows a gap. Up to 12 bytes.
 */

static size_t
ngx_simulcast_push_head(ngx_simulcast_push_t *push, uint64_t *sent,
    ngx_simulcast_frame_t *frame, uint64_t time, u_char *p)
{
    uint32_t  stamp, stream;
    uint64_t  since;

    ngx_memcpy(p, frame->wire, NGX_SIMULCAST_FEED_HEADER);

    since = sent[frame->channel] ? sent[frame->channel] : push->base;

    stamp = time > since ? (uint32_t) ngx_min(time - since, 0xfffffe) : 0;

    p[1] = (u_char) (stamp >> 16);
    p[2] = (u_char) (stamp >> 8);
    p[3] = (u_char) stamp;

    if (sent[frame->channel]) {
        return NGX_SIMULCAST_FEED_HEADER;
    }

    p[0] &= 0x3f;

    stream = (uint32_t) push->link->stream;

    p[8] = (u_char) stream;
    p[9] = (u_char) (stream >> 8);
    p[10] = (u_char) (stream >> 16);
    p[11] = (u_char) (stream >> 24);

    return NGX_SIMULCAST_FEED_HEADER + 4;
}


/* what is too far behind leaves frames out */

static void
ngx_simulcast_push_lag(ngx_simulcast_push_t *push)
{
    uint64_t                lag;
    ngx_uint_t              over;
    ngx_simulcast_feed_t   *feed;
    ngx_simulcast_frame_t  *frame, *next;

    feed = push->feed;
    frame = push->reader.last->next;

    if (!push->begun || frame == NULL) {
        return;
    }

    lag = feed->newest->time > frame->time ? feed->newest->time - frame->time
                                           : 0;

    /* the clock of a publisher may stand still, memory does not */

    over = feed->bytes >= 2 * NGX_SIMULCAST_FEED_BYTES
           && push->reader.last == feed->first;

    if (!over && lag < NGX_SIMULCAST_FEED_LAG_MAX
        && (lag < NGX_SIMULCAST_FEED_LAG
            || feed->bytes < NGX_SIMULCAST_FEED_BYTES))
    {
        if (lag >= NGX_SIMULCAST_FEED_LAG && !push->skipping) {
            ngx_log_error(NGX_LOG_INFO, push->log, 0,
                          "simulcast: %uL ms behind, video is left out up to "
                          "a keyframe", lag);
            push->skipping = 1;
        }

        return;
    }

    /* what was begun is finished from a copy, the rest is forgotten */

    if (push->offset && ngx_simulcast_push_rest(push) != NGX_OK) {
        return;
    }

    /* to the newest keyframe, or to one that is to come */

    while ((next = push->reader.last->next) != NULL) {

        if (!over && next == feed->keyframe && next->configs == push->configs) {
            break;
        }

        push->reader.last = next;
        push->dropped++;
        push->seconds[0].dropped++;
    }

    push->skipping = 1;

    ngx_log_error(NGX_LOG_INFO, push->log, 0,
                  "simulcast: %uL ms behind, everything is left out up to a "
                  "keyframe", lag);
}


/* what was sent in part goes on from a copy, without the feed */

static ngx_int_t
ngx_simulcast_push_rest(ngx_simulcast_push_t *push)
{
    size_t                  len;
    u_char                  head[12];
    ngx_simulcast_frame_t  *frame;

    frame = push->reader.last->next;

    len = ngx_simulcast_push_head(push, push->sent, frame, frame->time, head);

    if (push->sent[frame->channel]
        && push->sent[frame->channel] == frame->before)
    {
        len = NGX_SIMULCAST_FEED_HEADER;
        ngx_memcpy(head, frame->wire, len);
    }

    push->carry = ngx_alloc(len + frame->size, push->log);
    if (push->carry == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ngx_cpymem(push->carry, head, len),
               frame->wire + NGX_SIMULCAST_FEED_HEADER,
               frame->size - NGX_SIMULCAST_FEED_HEADER);

    push->ncarry = len + frame->size - NGX_SIMULCAST_FEED_HEADER;
    push->carried = push->offset;

    ngx_simulcast_push_commit(push, frame);

    return NGX_OK;
}


static void
ngx_simulcast_push_mark(ngx_simulcast_push_t *push)
{
    uint64_t                    written;
    ngx_simulcast_push_mark_t  *mark;

    if (push->unmarked == 0 || push->link == NULL) {
        return;
    }

    written = ngx_simulcast_link_written(push->link);

    if (push->nmarks == NGX_SIMULCAST_PUSH_MARKS) {
        mark = &push->marks[(push->mark + push->nmarks - 1)
                            % NGX_SIMULCAST_PUSH_MARKS];
    } else {
        mark = &push->marks[(push->mark + push->nmarks++)
                            % NGX_SIMULCAST_PUSH_MARKS];
        mark->pictures = 0;
    }

    mark->written = written;
    mark->pictures += push->unmarked;
    push->unmarked = 0;
}


static void
ngx_simulcast_push_fail(ngx_simulcast_push_t *push, ngx_uint_t reason,
    const char *text)
{
    ngx_int_t                      rc;
    ngx_msec_t                     window;
    ngx_uint_t                     fatal;
    const ngx_simulcast_reason_t  *r;

    r = ngx_simulcast_reason(reason);

    push->reason = reason;
    push->text[0] = '\0';

    if (text && text[0]) {
        (void) ngx_cpystrn((u_char *) push->text, (u_char *) text,
                           sizeof(push->text));
    }

    ngx_simulcast_registry_reason(reason);

    window = ngx_simulcast_limits_window(push->conf.platform);

    /* after a drop a server may say so of the session that it still holds */

    fatal = r->fatal && push->connects == 0;

    ngx_simulcast_push_disconnect(push, 0);

    rc = NGX_DECLINED;

    if (push->conf.reconnect) {
        rc = ngx_simulcast_retry_failed(&push->retry, ngx_current_msec, window,
                                        fatal, push->conf.max_retries,
                                        (uint32_t) ngx_random(), &push->wait);
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, push->log, 0,
                      "simulcast: %s: %s%s%s; %s", r->name, r->text,
                      push->text[0] ? ": " : "", push->text,
                      push->conf.reconnect ? "no attempt is left"
                                           : "it is not tried again");

        if (push->conf.reconnect) {
            ngx_simulcast_registry_reason(NGX_SIMULCAST_RETRIES_EXHAUSTED);
        }

        ngx_simulcast_push_state(push, NGX_SIMULCAST_ERROR);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, push->log, 0,
                  "simulcast: %s: %s%s%s; attempt %ui in %M ms", r->name,
                  r->text, push->text[0] ? ": " : "", push->text,
                  push->retry.attempts + 1, push->wait);

    ngx_add_timer(&push->timer, push->wait);

    ngx_simulcast_push_state(push, NGX_SIMULCAST_RECONNECTING);
}


static void
ngx_simulcast_push_again(ngx_event_t *ev)
{
    ngx_simulcast_push_t  *push;

    push = (ngx_simulcast_push_t *) ((u_char *) ev
                                     - offsetof(ngx_simulcast_push_t, timer));

    if (push->url.host.len == 0
        || (push->conf.ask
            && ngx_simulcast_retry_expired(&push->retry, ngx_current_msec,
                         ngx_simulcast_limits_window(push->conf.platform))))
    {
        ngx_simulcast_push_tell(push, NGX_SIMULCAST_PUSH_ASK);
        return;
    }

    ngx_simulcast_push_connect(push);
}


static void
ngx_simulcast_push_tick(ngx_event_t *ev)
{
    ngx_simulcast_push_t  *push;

    push = (ngx_simulcast_push_t *) ((u_char *) ev
                                     - offsetof(ngx_simulcast_push_t, tick));

    ngx_add_timer(ev, 1000);

    ngx_simulcast_push_progress(push);
}


static void
ngx_simulcast_push_progress(ngx_simulcast_push_t *push)
{
    uint64_t                      written, acked, rtt, bytes, pictures;
    ngx_uint_t                    i, n;
    ngx_msec_t                    now;
    ngx_simulcast_link_t         *link;
    ngx_simulcast_push_mark_t    *mark;
    ngx_simulcast_push_second_t  *second;

    now = ngx_current_msec;
    link = push->link;
    second = &push->seconds[0];
    rtt = 0;

    if (link && link->ready && !link->dead) {

        ngx_simulcast_link_progress(link, &written, &acked, &rtt);

        if (acked > push->acked) {
            second->acked += acked - push->acked;
            push->bytes += acked - push->acked;
            push->acked = acked;
            push->progress = now;
        }

        if (written == acked) {
            push->even = now;
        }

        while (push->nmarks) {
            mark = &push->marks[push->mark];

            if (mark->written > acked) {
                break;
            }

            second->pictures += mark->pictures;
            push->frames += mark->pictures;

            push->mark = (push->mark + 1) % NGX_SIMULCAST_PUSH_MARKS;
            push->nmarks--;
        }

        if (link->acked != push->confirmed) {
            push->interval = ngx_max(push->interval,
                                     link->acked - push->confirmed);
            push->confirmed = link->acked;
            push->nconfirmed++;
            push->confirmation = now;
        }

        if (push->state == NGX_SIMULCAST_CONNECTED && push->begun
            && acked > push->began)
        {
            ngx_simulcast_push_state(push, NGX_SIMULCAST_LIVE);
        }

        if (push->state == NGX_SIMULCAST_LIVE
            && now - push->progress < NGX_SIMULCAST_PUSH_STALL)
        {
            ngx_simulcast_retry_progress(&push->retry, now - push->connected);
        }

        if ((now - push->even >= NGX_SIMULCAST_PUSH_STALL
             && now - push->progress >= NGX_SIMULCAST_PUSH_STALL)
            || (push->nconfirmed >= NGX_SIMULCAST_PUSH_CONFIRMS
                && link->sent > push->confirmed
                && link->sent - push->confirmed
                   > NGX_SIMULCAST_PUSH_OPEN + 2 * push->interval
                && now - push->confirmation >= NGX_SIMULCAST_PUSH_CONFIRM))
        {
            link->stuck = 1;
            ngx_simulcast_push_fail(push, NGX_SIMULCAST_STALLED, NULL);
        }
    }

    push->nseconds++;
    n = ngx_min(push->nseconds, NGX_SIMULCAST_PUSH_SECONDS);
    bytes = 0;
    pictures = 0;

    for (i = 0; i < n; i++) {
        bytes += push->seconds[i].acked;
        pictures += push->seconds[i].pictures;
    }

    push->fps = (double) pictures / n;
    push->bitrate = bytes * 8 / n;

    ngx_memmove(&push->seconds[1], &push->seconds[0],
                (NGX_SIMULCAST_PUSH_SECONDS - 1)
                * sizeof(ngx_simulcast_push_second_t));
    ngx_memzero(&push->seconds[0], sizeof(ngx_simulcast_push_second_t));

    if (push->nseconds % 5 == 0 && push->link) {
        (void) ngx_simulcast_push_check(push);
    }

    ngx_simulcast_push_judge(push);
    ngx_simulcast_push_publish(push, rtt);
    ngx_simulcast_push_tell(push, NGX_SIMULCAST_PUSH_TICK);
}


static void
ngx_simulcast_push_judge(ngx_simulcast_push_t *push)
{
    ngx_uint_t                      i;
    ngx_simulcast_feed_rates_t      rates;
    ngx_simulcast_health_sample_t   sample;

    ngx_memzero(&sample, sizeof(ngx_simulcast_health_sample_t));
    ngx_simulcast_feed_rates(push->feed, &rates);

    sample.fps = push->fps;
    sample.source_fps = rates.fps;
    sample.bitrate = push->bitrate;
    sample.source_bitrate = rates.video_bitrate + rates.audio_bitrate;

    switch (push->state) {

    case NGX_SIMULCAST_ERROR:
        sample.failed = 1;
        break;

    case NGX_SIMULCAST_RECONNECTING:
        sample.reconnecting = 1;
        sample.connecting = 1;
        break;

    case NGX_SIMULCAST_LIVE:

        sample.idle = ngx_current_msec - push->progress;

        for (i = 1; i < NGX_SIMULCAST_PUSH_SECONDS; i++) {
            sample.dropped += push->seconds[i].dropped;
        }

        if (ngx_current_msec - push->connected
            < (NGX_SIMULCAST_PUSH_SECONDS + 3) * 1000)
        {
            sample.connecting = 1;
        }

        break;

    default:
        sample.connecting = 1;
    }

    ngx_simulcast_health_judge(&sample, &push->health);
}


static void
ngx_simulcast_push_state(ngx_simulcast_push_t *push, ngx_uint_t state)
{
    if (push->state == state && state != NGX_SIMULCAST_ERROR
        && state != NGX_SIMULCAST_RECONNECTING)
    {
        return;
    }

    push->state = state;

    if (state == NGX_SIMULCAST_LIVE) {
        push->reason = NGX_SIMULCAST_OK;
        push->text[0] = '\0';
    }

    ngx_simulcast_push_judge(push);
    ngx_simulcast_push_publish(push, 0);
    ngx_simulcast_push_tell(push, NGX_SIMULCAST_PUSH_STATE);
}


static void
ngx_simulcast_push_tell(ngx_simulcast_push_t *push, ngx_uint_t event)
{
    if (push->conf.handler) {
        push->conf.handler(push->conf.data, event);
    }
}


static void
ngx_simulcast_push_publish(ngx_simulcast_push_t *push, uint64_t rtt)
{
    ngx_simulcast_stats_t   stats;
    ngx_simulcast_frame_t  *next;

    if (push->slot == NULL) {
        return;
    }

    ngx_memzero(&stats, sizeof(ngx_simulcast_stats_t));

#define ngx_simulcast_push_text(field, value)                                 \
    (void) ngx_cpystrn(field, (value)->data,                                  \
                       ngx_min((value)->len + 1, sizeof(field)))

    ngx_simulcast_push_text(stats.id, &push->conf.id);
    ngx_simulcast_push_text(stats.name, &push->conf.name);
    ngx_simulcast_push_text(stats.streamer, &push->conf.streamer);
    ngx_simulcast_push_text(stats.source, &push->conf.source);

    if (push->url.host.len) {
        (void) ngx_snprintf(stats.server, sizeof(stats.server) - 1,
                            "%s://%V:%d", push->url.tls ? "rtmps" : "rtmp",
                            &push->url.host, (int) push->url.port);
    }

    if (push->link) {
        (void) ngx_cpystrn(stats.address, (u_char *) push->link->address,
                           sizeof(stats.address));
        (void) ngx_cpystrn(stats.cipher, (u_char *) push->link->cipher,
                           sizeof(stats.cipher));
    }

    (void) ngx_cpystrn(stats.rendition, push->rendition,
                       sizeof(stats.rendition));

    stats.platform = push->conf.platform;
    stats.state = push->state;
    stats.health = push->health.health;
    stats.reason = push->reason;
    stats.fixed = push->conf.fixed;
    stats.pid = ngx_pid;
    stats.started = push->started_at;
    stats.uptime = ngx_current_msec - push->started;
    stats.bytes = push->bytes;
    stats.frames = push->frames;
    stats.dropped = push->dropped;
    stats.connects = push->connects;
    stats.attempts = push->retry.attempts;
    stats.bitrate = push->bitrate;
    stats.fps = push->fps;
    stats.rtt = rtt;

    if (push->reader.feed) {
        next = push->reader.last->next;

        if (next && push->feed->newest->time > next->time) {
            stats.queued = push->feed->newest->time - next->time;
        }
    }

    ngx_simulcast_registry_write(push->slot, &stats);
}
