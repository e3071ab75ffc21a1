
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_guard.h"
#include "ngx_multisource_rtmp_module.h"
#include "ngx_multisource_session.h"

#include "ngx_live_amf.h"
#include "ngx_live_spin.h"


/* RTMP 1.0, 5.4.1: at least 128 bytes; the most is ours */
#define NGX_MULTISOURCE_GUARD_MIN_CHUNK  128
#define NGX_MULTISOURCE_GUARD_MAX_CHUNK  (1024 * 1024)

/* unfinished messages of one session that does not publish, bytes */
#define NGX_MULTISOURCE_GUARD_PENDING    (64 * 1024)

/* commands of one session while it does not publish */
#define NGX_MULTISOURCE_GUARD_COMMANDS   10000
#define NGX_MULTISOURCE_GUARD_PLAYS      500

/* the header of a message inside of an aggregate, and the size behind it */
#define NGX_MULTISOURCE_GUARD_TAG        11
#define NGX_MULTISOURCE_GUARD_TAIL       4


static ngx_int_t ngx_multisource_guard_fail(ngx_rtmp_session_t *s,
    ngx_uint_t reason);
static ssize_t ngx_multisource_guard_recv(ngx_connection_t *c, u_char *buf,
    size_t size);
static ngx_int_t ngx_multisource_guard_chunks(ngx_rtmp_session_t *s,
    size_t limit);
static ngx_int_t ngx_multisource_guard_chunk_size(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_multisource_guard_user(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_multisource_guard_amf(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_multisource_guard_drop(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_multisource_guard_aggregate(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static size_t ngx_multisource_guard_copy(ngx_chain_t *in, size_t offset,
    u_char *buf, size_t size);


static struct {
    ngx_uint_t           event;
    ngx_rtmp_handler_pt  handler;
} ngx_multisource_guard_handlers[] = {
    { NGX_RTMP_MSG_CHUNK_SIZE,  ngx_multisource_guard_chunk_size },
    { NGX_RTMP_MSG_USER,        ngx_multisource_guard_user },
    { NGX_RTMP_MSG_AMF_CMD,     ngx_multisource_guard_amf },
    { NGX_RTMP_MSG_AMF_META,    ngx_multisource_guard_amf },
    { NGX_RTMP_MSG_AMF_SHARED,  ngx_multisource_guard_drop },
    { NGX_RTMP_MSG_AMF3_CMD,    ngx_multisource_guard_amf },
    { NGX_RTMP_MSG_AMF3_META,   ngx_multisource_guard_amf },
    { NGX_RTMP_MSG_AMF3_SHARED, ngx_multisource_guard_drop },
    { NGX_RTMP_MSG_AGGREGATE,   ngx_multisource_guard_aggregate }
};


ngx_int_t
ngx_multisource_guard_hook(ngx_rtmp_core_main_conf_t *cmcf)
{
    ngx_uint_t  i, n;

    n = sizeof(ngx_multisource_guard_handlers)
        / sizeof(ngx_multisource_guard_handlers[0]);

    for (i = 0; i < n; i++) {
        if (ngx_multisource_rtmp_first(cmcf,
                                    ngx_multisource_guard_handlers[i].event,
                                    ngx_multisource_guard_handlers[i].handler)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_guard_fail(ngx_rtmp_session_t *s, ngx_uint_t reason)
{
    const ngx_multisource_reason_t  *why;

    why = ngx_multisource_reason(reason);

    ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                  "multisource: session ended: %s, %s", why->name, why->text);

    if (ngx_multisource_worker.registry.shared) {
        ngx_multisource_registry_count(&ngx_multisource_worker.registry,
                                       reason);
    }

    return NGX_ERROR;
}


void
ngx_multisource_guard_session(ngx_multisource_ctx_t *ctx)
{
    ngx_connection_t  *c;

    c = ctx->session->connection;

    /* a session whose transport is not a socket has no chunks */

    if (c->recv == ngx_recv) {
        c->recv = ngx_multisource_guard_recv;
    }
}


/*
 * nginx-rtmp reads as much as a chunk may hold, and what it has read into stays
 * resident with the session: not a megabyte for each stranger.
 */

static ssize_t
ngx_multisource_guard_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    size_t                     limit;
    ngx_rtmp_session_t        *s;
    ngx_multisource_ctx_t     *ctx;
    ngx_rtmp_core_srv_conf_t  *cscf;

    s = c->data;
    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    limit = NGX_MULTISOURCE_GUARD_PENDING;

    if (ctx->phase != NGX_MULTISOURCE_IDLE || s->relay) {
        cscf = ngx_rtmp_get_module_srv_conf(s, ngx_rtmp_core_module);
        limit += 2 * cscf->max_message;
    }

    if (s->in_bytes - ctx->in_bytes >= limit / 4) {

        ctx->in_bytes = s->in_bytes;

        if (ngx_multisource_guard_chunks(s, limit) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_recv(c, buf, ngx_min(size, limit));
}


/*
 * Between two reads: what the session has collected of messages that are not
 * complete. It is added up again after every quarter of what it may be. The
 * chunk that is being read right now is not in st->len.
 */

static ngx_int_t
ngx_multisource_guard_chunks(ngx_rtmp_session_t *s, size_t limit)
{
    size_t                     total;
    ngx_int_t                  i;
    ngx_rtmp_stream_t         *st;
    ngx_rtmp_core_srv_conf_t  *cscf;

    cscf = ngx_rtmp_get_module_srv_conf(s, ngx_rtmp_core_module);

    total = 0;

    for (i = 1; i < cscf->max_streams; i++) {
        st = &s->in_streams[i];

        if (st->len == 0) {
            continue;
        }

        if (st->len > st->hdr.mlen) {
            return ngx_multisource_guard_fail(s, NGX_MULTISOURCE_BAD_CHUNK);
        }

        total += st->len;
    }

    if (s->in_csid && s->in_streams[s->in_csid].hdr.mlen > limit) {
        total = s->in_streams[s->in_csid].hdr.mlen;
    }

    if (total > limit) {
        return ngx_multisource_guard_fail(s, NGX_MULTISOURCE_BAD_CHUNK);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_guard_chunk_size(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    size_t    n;
    u_char   *p;

    p = in->buf->pos;
    n = in->buf->last - p;

    if (n < 4) {
        /* ignored by nginx-rtmp */
        return NGX_OK;
    }

    n = (size_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];

    if (n < NGX_MULTISOURCE_GUARD_MIN_CHUNK
        || n > NGX_MULTISOURCE_GUARD_MAX_CHUNK)
    {
        return ngx_multisource_guard_fail(s, NGX_MULTISOURCE_BAD_CHUNK);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_guard_user(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    return s->app_conf ? NGX_OK : NGX_DONE;
}


/* shared objects: nginx-rtmp takes their names for commands */

static ngx_int_t
ngx_multisource_guard_drop(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    return NGX_DONE;
}


static ngx_int_t
ngx_multisource_guard_amf(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    size_t                  n;
    u_char                 *p, buf[16];
    ngx_uint_t              amf3;
    ngx_chain_t            *cl;
    ngx_live_amf_check_t    check;
    ngx_multisource_ctx_t  *ctx;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (ctx == NULL || ctx->lingering) {
        return NGX_DONE;
    }

    amf3 = (h->type == NGX_RTMP_MSG_AMF3_CMD
            || h->type == NGX_RTMP_MSG_AMF3_META)
           && in->buf->last > in->buf->pos;

    ngx_live_amf_check_init(&check);

    for (cl = in; cl; cl = cl->next) {

        p = cl->buf->pos + (cl == in ? amf3 : 0);

        if (ngx_live_amf_check_feed(&check, p, cl->buf->last) != NGX_OK) {
            return ngx_multisource_guard_fail(s, NGX_MULTISOURCE_BAD_AMF);
        }
    }

    if (ngx_live_amf_check_done(&check) != NGX_OK) {
        return ngx_multisource_guard_fail(s, NGX_MULTISOURCE_BAD_AMF);
    }

    if (s->relay || ctx->phase != NGX_MULTISOURCE_IDLE) {
        return NGX_OK;
    }

    if (++ctx->ncommands > NGX_MULTISOURCE_GUARD_COMMANDS) {
        return ngx_multisource_guard_fail(s,
                                          NGX_MULTISOURCE_TOO_MANY_COMMANDS);
    }

    /* marker, length and the command's name */

    n = ngx_multisource_guard_copy(in, amf3, buf, sizeof(buf));

    /* each may ask an on_play callback, play2 included */

    if (n >= 7 && ngx_strncasecmp(&buf[3], (u_char *) "play", 4) == 0
        && ++ctx->nplays > NGX_MULTISOURCE_GUARD_PLAYS)
    {
        return ngx_multisource_guard_fail(s,
                                          NGX_MULTISOURCE_TOO_MANY_COMMANDS);
    }

    if (s->app_conf == NULL) {
        return n >= 10 && ngx_memcmp(buf, "\2\0\7connect", 10) == 0
               ? NGX_OK : NGX_DONE;
    }

    /*
     * Metadata of a stream that there is not; nginx-rtmp ignores the case of a
     * name and what is behind a NUL in it.
     */

    return (n >= 16
            && ngx_strncasecmp(&buf[3], (u_char *) "@setDataFrame", 13) == 0)
           || (n >= 13
               && ngx_strncasecmp(&buf[3], (u_char *) "onMetaData", 10) == 0)
           ? NGX_DONE : NGX_OK;
}


/*
 * nginx-rtmp hands the messages inside of an aggregate to the handlers of
 * their types, and so to those above; what may be inside is checked here.
 */

static ngx_int_t
ngx_multisource_guard_aggregate(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    size_t        offset, len, total;
    u_char        tag[NGX_MULTISOURCE_GUARD_TAG];
    ngx_chain_t  *cl;

    if (!ngx_multisource_session_publishing(s)) {
        return NGX_DONE;
    }

    total = 0;

    for (cl = in; cl; cl = cl->next) {
        total += cl->buf->last - cl->buf->pos;
    }

    cl = in;
    offset = 0;

    while (total) {

        /* from where the last message ended, in the buffer it ended in */

        while (cl->next && offset >= (size_t) (cl->buf->last - cl->buf->pos))
        {
            offset -= cl->buf->last - cl->buf->pos;
            cl = cl->next;
        }

        if (total < sizeof(tag)) {
            return ngx_multisource_guard_fail(s,
                                              NGX_MULTISOURCE_BAD_AGGREGATE);
        }

        (void) ngx_multisource_guard_copy(cl, offset, tag, sizeof(tag));

        len = tag[1] << 16 | tag[2] << 8 | tag[3];

        if ((tag[0] != NGX_RTMP_MSG_AUDIO && tag[0] != NGX_RTMP_MSG_VIDEO
             && tag[0] != NGX_RTMP_MSG_AMF_META)
            || len == 0
            || len + sizeof(tag) > total)
        {
            return ngx_multisource_guard_fail(s,
                                              NGX_MULTISOURCE_BAD_AGGREGATE);
        }

        len += sizeof(tag);
        len += ngx_min(total - len, NGX_MULTISOURCE_GUARD_TAIL);

        offset += len;
        total -= len;
    }

    return NGX_OK;
}


static size_t
ngx_multisource_guard_copy(ngx_chain_t *in, size_t offset, u_char *buf,
    size_t size)
{
    size_t  n, copied;

    copied = 0;

    for ( /* void */ ; in && copied < size; in = in->next) {

        n = in->buf->last - in->buf->pos;

        if (offset >= n) {
            offset -= n;
            continue;
        }

        n = ngx_min(n - offset, size - copied);

        ngx_memcpy(buf + copied, in->buf->pos + offset, n);

        copied += n;
        offset = 0;
    }

    return copied;
}


ngx_int_t
ngx_multisource_guard_video(ngx_rtmp_session_t *s, ngx_chain_t *in)
{
    u_char  *p;

    p = in->buf->pos;

    /* what nginx-rtmp takes for an AVC header, Enhanced RTMP included */

    if (in->buf->last - p >= 3 && (p[0] & 0x0f) == 7 && p[1] == 0
        && ngx_live_spin_check(p, in->buf->last) != NGX_OK)
    {
        return ngx_multisource_guard_fail(s, NGX_MULTISOURCE_BAD_CODEC_HEADER);
    }

    return NGX_OK;
}
