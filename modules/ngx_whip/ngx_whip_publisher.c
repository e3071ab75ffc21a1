
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_publisher.h"
#include "ngx_whip_session.h"

#include <ngx_rtmp.h>
#include <ngx_rtmp_amf.h>
#include <ngx_rtmp_cmd_module.h>
#include <ngx_rtmp_live_module.h>
#include <ngx_rtmp_bandwidth.h>


/*
 * Weak: when nginx-rtmp was not loaded before this module, the configuration
 * fails with a sentence and not with the dynamic loader's.
 */

extern ngx_module_t  ngx_rtmp_module;

#pragma weak ngx_rtmp_amf_read
#pragma weak ngx_rtmp_bw_in
#pragma weak ngx_rtmp_connect
#pragma weak ngx_rtmp_core_module
#pragma weak ngx_rtmp_delete_stream
#pragma weak ngx_rtmp_finalize_session
#pragma weak ngx_rtmp_init_session
#pragma weak ngx_rtmp_live_module
#pragma weak ngx_rtmp_module
#pragma weak ngx_rtmp_publish
#pragma weak ngx_rtmp_receive_message
#pragma weak ngx_rtmp_update_bandwidth


#define NGX_WHIP_PUBLISHER_STREAM  1           /* message stream id */
#define NGX_WHIP_PUBLISHER_AUDIO   4           /* chunk stream ids */
#define NGX_WHIP_PUBLISHER_DATA    5
#define NGX_WHIP_PUBLISHER_VIDEO   6

/* bytes: the answer to a command is read from one chunk */

#define NGX_WHIP_PUBLISHER_CHUNK   1024

/* multisource knows such a session by its beginning */

#define NGX_WHIP_PUBLISHER_AGENT   "ngx_whip"


typedef enum {
    NGX_WHIP_PUBLISHER_CONNECT = 0,            /* on_connect may be asked */
    NGX_WHIP_PUBLISHER_PUBLISH,                /* on_publish may be asked */
    NGX_WHIP_PUBLISHER_ACCEPTED,               /* about to be told */
    NGX_WHIP_PUBLISHER_LIVE
} ngx_whip_publisher_e;


/* in the pool of its connection */

struct ngx_whip_publisher_s {
    ngx_whip_session_t      *session;          /* NULL: does not care */
    ngx_rtmp_session_t      *rtmp;
    ngx_event_t              step;             /* posted: on to the next */
    ngx_uint_t               stage;
    ngx_uint_t               reason;           /* of an onStatus "error" */
    ngx_rtmp_publish_t       publish;
};


static ngx_rtmp_core_srv_conf_t *ngx_whip_publisher_server(
    ngx_rtmp_core_main_conf_t *cmcf, ngx_whip_conf_t *conf,
    ngx_rtmp_core_app_conf_t **app, ngx_uint_t *found);
static ngx_uint_t ngx_whip_publisher_listens(ngx_rtmp_core_main_conf_t *cmcf,
    ngx_rtmp_core_srv_conf_t *cscf, ngx_str_t *server);
static ngx_connection_t *ngx_whip_publisher_connection(ngx_whip_session_t *s,
    ngx_whip_publisher_ask_t *ask);
static void ngx_whip_publisher_drop(ngx_connection_t *c);
static ngx_int_t ngx_whip_publisher_connect(ngx_whip_publisher_t *pub,
    ngx_whip_publisher_ask_t *ask);
static void ngx_whip_publisher_step(ngx_event_t *ev);
static void ngx_whip_publisher_cleanup(void *data);
static ngx_int_t ngx_whip_publisher_message(ngx_whip_publisher_t *pub,
    ngx_uint_t type, ngx_uint_t csid, uint32_t timestamp, u_char *p,
    size_t len);
static void ngx_whip_publisher_event(ngx_event_t *ev);
static ssize_t ngx_whip_publisher_recv(ngx_connection_t *c, u_char *buf,
    size_t size);
static ssize_t ngx_whip_publisher_send(ngx_connection_t *c, u_char *buf,
    size_t size);
static void ngx_whip_publisher_command(ngx_whip_publisher_t *pub, u_char *p,
    size_t len);
static void ngx_whip_publisher_status(ngx_whip_publisher_t *pub, u_char *level,
    u_char *code, u_char *description);


ngx_uint_t
ngx_whip_publisher_loaded(void)
{
    return &ngx_rtmp_core_module != NULL;
}


ngx_int_t
ngx_whip_publisher_resolve(ngx_cycle_t *cycle, ngx_whip_conf_t *conf,
    u_char *file, ngx_uint_t line)
{
    ngx_uint_t                  found;
    ngx_rtmp_conf_ctx_t        *ctx;
    ngx_rtmp_addr_conf_t       *addr;
    ngx_rtmp_core_app_conf_t   *app;
    ngx_rtmp_core_srv_conf_t   *cscf;
    ngx_rtmp_live_app_conf_t   *lacf;

    ctx = (ngx_rtmp_conf_ctx_t *) ngx_get_conf(cycle->conf_ctx,
                                               ngx_rtmp_module);
    if (ctx == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"whip\" needs an rtmp{} block in %s:%ui", file, line);
        return NGX_ERROR;
    }

    cscf = ngx_whip_publisher_server(
                         ctx->main_conf[ngx_rtmp_core_module.ctx_index], conf,
                         &app, &found);

    if (found != 1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      found ? "several rtmp servers have an application "
                              "\"%V\", \"whip\" must name one by "
                              "server=ADDR:PORT in %s:%ui"
                            : "no rtmp server has the application \"%V\" of "
                              "\"whip\" in %s:%ui",
                      &conf->app, file, line);
        return NGX_ERROR;
    }

    lacf = app->app_conf[ngx_rtmp_live_module.ctx_index];

    if (!lacf->live) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "the rtmp application \"%V\" of \"whip\" needs "
                      "\"live on\" in %s:%ui", &conf->app, file, line);
        return NGX_ERROR;
    }

    if (cscf->chunk_size < NGX_WHIP_PUBLISHER_CHUNK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"whip\" needs a \"chunk_size\" of at least %d in "
                      "rtmp, in %s:%ui", NGX_WHIP_PUBLISHER_CHUNK, file, line);
        return NGX_ERROR;
    }

    addr = ngx_pcalloc(cycle->pool, sizeof(ngx_rtmp_addr_conf_t));
    if (addr == NULL) {
        return NGX_ERROR;
    }

    addr->ctx = cscf->ctx;
    ngx_str_set(&addr->addr_text, "whip");

    conf->addr_conf = addr;

    return NGX_OK;
}


static ngx_rtmp_core_srv_conf_t *
ngx_whip_publisher_server(ngx_rtmp_core_main_conf_t *cmcf,
    ngx_whip_conf_t *conf, ngx_rtmp_core_app_conf_t **app, ngx_uint_t *found)
{
    ngx_uint_t                  i, n;
    ngx_rtmp_core_app_conf_t  **apps;
    ngx_rtmp_core_srv_conf_t  **servers, *server;

    *found = 0;
    server = NULL;
    servers = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        if (conf->server.len
            && !ngx_whip_publisher_listens(cmcf, servers[i], &conf->server))
        {
            continue;
        }

        apps = servers[i]->applications.elts;

        for (n = 0; n < servers[i]->applications.nelts; n++) {

            if (apps[n]->name.len == conf->app.len
                && ngx_strncmp(apps[n]->name.data, conf->app.data,
                               conf->app.len)
                   == 0)
            {
                server = servers[i];
                *app = apps[n];
                (*found)++;
                break;
            }
        }
    }

    return server;
}


static ngx_uint_t
ngx_whip_publisher_listens(ngx_rtmp_core_main_conf_t *cmcf,
    ngx_rtmp_core_srv_conf_t *cscf, ngx_str_t *server)
{
    size_t              len;
    u_char              text[NGX_SOCKADDR_STRLEN];
    ngx_uint_t          i;
    ngx_rtmp_listen_t  *listen;

    listen = cmcf->listen.elts;

    for (i = 0; i < cmcf->listen.nelts; i++) {

        if (listen[i].ctx != cscf->ctx) {
            continue;
        }

        len = ngx_sock_ntop((struct sockaddr *) listen[i].sockaddr,
                            listen[i].socklen, text, NGX_SOCKADDR_STRLEN, 1);

        if (len == server->len
            && ngx_strncmp(text, server->data, len) == 0)
        {
            return 1;
        }

        /* *:1935 or 1935, as in listen */

        if (server->len > 2 && ngx_strncmp(server->data, "*:", 2) == 0
            && len == server->len - 2 + 8
            && ngx_strncmp(text, "0.0.0.0:", 8) == 0
            && ngx_strncmp(text + 8, server->data + 2, server->len - 2) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_whip_publisher_ask(ngx_whip_session_t *s, ngx_whip_publisher_ask_t *ask)
{
    ngx_connection_t      *c;
    ngx_rtmp_session_t    *rtmp;
    ngx_pool_cleanup_t    *cln;
    ngx_whip_publisher_t  *pub;

    c = ngx_whip_publisher_connection(s, ask);
    if (c == NULL) {
        return NGX_ERROR;
    }

    pub = ngx_pcalloc(c->pool, sizeof(ngx_whip_publisher_t));
    cln = ngx_pool_cleanup_add(c->pool, 0);

    if (pub == NULL || cln == NULL) {
        ngx_whip_publisher_drop(c);
        return NGX_ERROR;
    }

    /* closed with the connection, by nginx-rtmp */

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif

    /* before the session is there, c->data is what the log needs */

    rtmp = ngx_rtmp_init_session(c, s->conf->addr_conf);
    if (rtmp == NULL) {
        return NGX_ERROR;
    }

    pub->session = s;
    pub->rtmp = rtmp;
    pub->reason = NGX_WHIP_CONNECT_REFUSED;

    pub->step.data = pub;
    pub->step.log = c->log;
    pub->step.handler = ngx_whip_publisher_step;

    s->publisher = pub;

    cln->handler = ngx_whip_publisher_cleanup;
    cln->data = pub;

    ngx_rtmp_set_ctx(rtmp, pub, ngx_whip_rtmp_module);

    (void) ngx_cpystrn(pub->publish.name, ask->name.data,
                       ngx_min(ask->name.len + 1, NGX_RTMP_MAX_NAME));
    (void) ngx_cpystrn(pub->publish.args, ask->args.data,
                       ngx_min(ask->args.len + 1, NGX_RTMP_MAX_ARGS));
    ngx_memcpy(pub->publish.type, "live", sizeof("live"));

    if (ngx_whip_publisher_connect(pub, ask) != NGX_OK) {
        ngx_rtmp_finalize_session(rtmp);
    }

    return NGX_OK;
}


static ngx_connection_t *
ngx_whip_publisher_connection(ngx_whip_session_t *s,
    ngx_whip_publisher_ask_t *ask)
{
    ngx_log_t         *log;
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    log = ngx_palloc(pool, sizeof(ngx_log_t));
    if (log == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    *log = ngx_cycle->new_log;
    pool->log = log;

    /* `shared`: whose socket this is, is not to be closed with it */

    c = ngx_get_connection(ngx_whip_worker.listening->fd, log);
    if (c == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    c->shared = 1;
    c->pool = pool;
    c->log = log;
    c->type = SOCK_STREAM;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->start_time = ngx_current_msec;

    c->read->log = log;
    c->read->handler = ngx_whip_publisher_event;
    c->write->log = log;
    c->write->handler = ngx_whip_publisher_event;

    c->recv = ngx_whip_publisher_recv;
    c->send = ngx_whip_publisher_send;

    c->socklen = ask->socklen;
    c->sockaddr = ngx_palloc(pool, ask->socklen);
    c->addr_text.data = ngx_pstrdup(pool, &ask->client);
    c->addr_text.len = ask->client.len;

    if (c->sockaddr == NULL || c->addr_text.data == NULL) {
        ngx_whip_publisher_drop(c);
        return NULL;
    }

    ngx_memcpy(c->sockaddr, ask->sockaddr, ask->socklen);

    /* some ask where the connection came in */

    c->listening = ngx_whip_worker.listening;
    c->local_sockaddr = c->listening->sockaddr;
    c->local_socklen = c->listening->socklen;

    return c;
}


/* before nginx-rtmp has it */

static void
ngx_whip_publisher_drop(ngx_connection_t *c)
{
    ngx_pool_t  *pool;

    pool = c->pool;

    c->log = ngx_cycle->log;
    ngx_close_connection(c);
    ngx_destroy_pool(pool);
}


static ngx_int_t
ngx_whip_publisher_connect(ngx_whip_publisher_t *pub,
    ngx_whip_publisher_ask_t *ask)
{
    ngx_rtmp_connect_t  v;

    ngx_memzero(&v, sizeof(ngx_rtmp_connect_t));

    v.trans = 1;
    (void) ngx_cpystrn(v.app, pub->session->conf->app.data,
                       ngx_min(pub->session->conf->app.len + 1,
                               NGX_RTMP_MAX_NAME));
    (void) ngx_cpystrn(v.args, pub->publish.args, NGX_RTMP_MAX_ARGS);

    /* callbacks pass the agent on, and it comes from outside */

    (void) ngx_snprintf(v.flashver, sizeof(v.flashver) - 1,
                        NGX_WHIP_PUBLISHER_AGENT " %V", &ask->agent);
    (void) ngx_snprintf(v.tc_url, sizeof(v.tc_url) - 1, "whip:///%V",
                        &pub->session->conf->app);

    return ngx_rtmp_connect(pub->rtmp, &v);
}


/* what nginx-rtmp was in the middle of when it answered is behind us */

static void
ngx_whip_publisher_step(ngx_event_t *ev)
{
    ngx_rtmp_live_ctx_t   *live;
    ngx_rtmp_session_t    *rtmp;
    ngx_whip_publisher_t  *pub;

    pub = ev->data;
    rtmp = pub->rtmp;

    if (rtmp->connection->destroyed) {
        return;
    }

    if (pub->stage == NGX_WHIP_PUBLISHER_PUBLISH) {
        pub->reason = NGX_WHIP_PUBLISH_REFUSED;

        if (ngx_rtmp_publish(rtmp, &pub->publish) != NGX_OK) {
            ngx_rtmp_finalize_session(rtmp);
        }

        return;
    }

    live = ngx_rtmp_get_module_ctx(rtmp, ngx_rtmp_live_module);

    if (live == NULL || !live->publishing) {
        ngx_rtmp_finalize_session(rtmp);
        return;
    }

    pub->stage = NGX_WHIP_PUBLISHER_LIVE;
    pub->reason = NGX_WHIP_STREAM_CLOSED;

    if (pub->session) {
        ngx_whip_session_accepted(pub->session);
    }
}


void
ngx_whip_publisher_close(ngx_whip_publisher_t *pub, ngx_uint_t ended)
{
    ngx_rtmp_delete_stream_t  v;

    if (pub->session) {
        pub->session->publisher = NULL;
        pub->session = NULL;
    }

    if (ended && pub->stage == NGX_WHIP_PUBLISHER_LIVE
        && !pub->rtmp->connection->destroyed)
    {
        /* what an encoder says before it goes: this is no broken connection */

        ngx_memzero(&v, sizeof(ngx_rtmp_delete_stream_t));
        v.stream = NGX_WHIP_PUBLISHER_STREAM;

        (void) ngx_rtmp_delete_stream(pub->rtmp, &v);
    }

    ngx_rtmp_finalize_session(pub->rtmp);
}


void
ngx_whip_publisher_finish(ngx_whip_publisher_t *pub)
{
    ngx_event_t  *ev;

    ev = &pub->rtmp->close;

    ngx_whip_publisher_close(pub, 0);

    if (ev->posted) {
        ngx_delete_posted_event(ev);
        ev->handler(ev);
    }
}


/* the connection is gone, whoever has closed it */

static void
ngx_whip_publisher_cleanup(void *data)
{
    ngx_whip_publisher_t *pub = data;

    ngx_whip_session_t  *s;

    if (pub->step.posted) {
        ngx_delete_posted_event(&pub->step);
    }

    s = pub->session;

    if (s) {
        s->publisher = NULL;
        ngx_whip_session_close(s, pub->reason);
    }
}


ngx_int_t
ngx_whip_publisher_audio(ngx_whip_publisher_t *pub, uint32_t timestamp,
    u_char *p, size_t len)
{
    return ngx_whip_publisher_message(pub, NGX_RTMP_MSG_AUDIO,
                                      NGX_WHIP_PUBLISHER_AUDIO, timestamp, p,
                                      len);
}


ngx_int_t
ngx_whip_publisher_video(ngx_whip_publisher_t *pub, uint32_t timestamp,
    u_char *p, size_t len)
{
    return ngx_whip_publisher_message(pub, NGX_RTMP_MSG_VIDEO,
                                      NGX_WHIP_PUBLISHER_VIDEO, timestamp, p,
                                      len);
}


ngx_int_t
ngx_whip_publisher_data(ngx_whip_publisher_t *pub, uint32_t timestamp,
    u_char *p, size_t len)
{
    return ngx_whip_publisher_message(pub, NGX_RTMP_MSG_AMF_META,
                                      NGX_WHIP_PUBLISHER_DATA, timestamp, p,
                                      len);
}


static ngx_int_t
ngx_whip_publisher_message(ngx_whip_publisher_t *pub, ngx_uint_t type,
    ngx_uint_t csid, uint32_t timestamp, u_char *p, size_t len)
{
    ngx_buf_t            b;
    ngx_chain_t          cl;
    ngx_rtmp_header_t    h;
    ngx_rtmp_session_t  *rtmp;

    rtmp = pub->rtmp;

    if (rtmp->connection->destroyed) {
        return NGX_ERROR;
    }

    ngx_memzero(&b, sizeof(ngx_buf_t));
    ngx_memzero(&h, sizeof(ngx_rtmp_header_t));

    b.start = p;
    b.pos = p;
    b.last = p + len;
    b.end = b.last;
    b.temporary = 1;

    cl.buf = &b;
    cl.next = NULL;

    h.type = type;
    h.csid = csid;
    h.msid = NGX_WHIP_PUBLISHER_STREAM;
    h.timestamp = timestamp;
    h.mlen = len;

    rtmp->current_time = timestamp;
    rtmp->in_bytes += len;
    ngx_rtmp_update_bandwidth(&ngx_rtmp_bw_in, len);

    if (ngx_rtmp_receive_message(rtmp, &h, &cl) != NGX_OK) {
        ngx_rtmp_finalize_session(rtmp);
        return NGX_ERROR;
    }

    return rtmp->connection->destroyed ? NGX_ERROR : NGX_OK;
}


void
ngx_whip_publisher_name(ngx_whip_publisher_t *pub, ngx_str_t *name)
{
    ngx_rtmp_live_ctx_t  *live;

    ngx_str_null(name);

    live = ngx_rtmp_get_module_ctx(pub->rtmp, ngx_rtmp_live_module);

    if (live && live->stream
        && ngx_strcmp(live->stream->name, pub->publish.name) != 0)
    {
        name->data = live->stream->name;
        name->len = ngx_strlen(live->stream->name);
    }
}


/* worker_shutdown_timeout; nothing else happens without a socket */

static void
ngx_whip_publisher_event(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    if (c->close && !c->destroyed) {
        ngx_rtmp_finalize_session(c->data);
    }
}


static ssize_t
ngx_whip_publisher_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    return NGX_AGAIN;
}


/*
 * nginx-rtmp hands out one link of a message at a time, each with a chunk
 * header in front: RTMP 1.0, 5.3.1.  Answers to commands are in one.
 */

static ssize_t
ngx_whip_publisher_send(ngx_connection_t *c, u_char *buf, size_t size)
{
    size_t                 len;
    u_char                *p;
    ngx_rtmp_session_t    *rtmp;
    ngx_whip_publisher_t  *pub;

    rtmp = c->data;
    pub = ngx_rtmp_get_module_ctx(rtmp, ngx_whip_rtmp_module);

    if (pub == NULL) {
        return size;
    }

    /* fmt 0, a chunk stream of one byte, and type 20: an AMF0 command */

    if (size > 12 && buf[0] < 64 && (buf[0] & 0x3f) >= 2
        && buf[7] == NGX_RTMP_MSG_AMF_CMD)
    {
        p = buf + 12;
        len = buf[4] << 16 | buf[5] << 8 | buf[6];

        if (buf[1] == 0xff && buf[2] == 0xff && buf[3] == 0xff) {
            p += 4;
        }

        if (p + len == buf + size) {
            ngx_whip_publisher_command(pub, p, len);
        }
    }

    return size;
}


static void
ngx_whip_publisher_command(ngx_whip_publisher_t *pub, u_char *p, size_t len)
{
    double              trans;
    u_char              name[32], level[32], code[64], description[256];
    ngx_buf_t           b;
    ngx_chain_t         cl;
    ngx_rtmp_amf_ctx_t  act;

    ngx_rtmp_amf_elt_t  info[] = {
        { NGX_RTMP_AMF_STRING, ngx_string("level"), level, sizeof(level) },
        { NGX_RTMP_AMF_STRING, ngx_string("code"), code, sizeof(code) },
        { NGX_RTMP_AMF_STRING, ngx_string("description"), description,
          sizeof(description) }
    };

    ngx_rtmp_amf_elt_t  elts[] = {
        { NGX_RTMP_AMF_STRING, ngx_null_string, name, sizeof(name) },
        { NGX_RTMP_AMF_NUMBER, ngx_null_string, &trans, 0 },
        { NGX_RTMP_AMF_NULL, ngx_null_string, NULL, 0 },
        { NGX_RTMP_AMF_OBJECT, ngx_null_string, info, sizeof(info) }
    };

    ngx_memzero(&b, sizeof(ngx_buf_t));
    ngx_memzero(&act, sizeof(ngx_rtmp_amf_ctx_t));

    name[0] = '\0';
    level[0] = '\0';
    code[0] = '\0';
    description[0] = '\0';

    b.start = p;
    b.pos = p;
    b.last = p + len;
    b.end = b.last;

    cl.buf = &b;
    cl.next = NULL;

    act.link = &cl;
    act.log = pub->rtmp->connection->log;

    if (ngx_rtmp_amf_read(&act, elts, 1) != NGX_OK) {
        return;
    }

    /* of connect, the only one that has a result */

    if (ngx_strcmp(name, "_result") == 0) {

        if (pub->stage == NGX_WHIP_PUBLISHER_CONNECT) {
            pub->stage = NGX_WHIP_PUBLISHER_PUBLISH;
            ngx_post_event(&pub->step, &ngx_posted_events);
        }

        return;
    }

    if (ngx_strcmp(name, "onStatus") == 0
        && ngx_rtmp_amf_read(&act, &elts[1], 3) == NGX_OK)
    {
        ngx_whip_publisher_status(pub, level, code, description);
    }
}


static void
ngx_whip_publisher_status(ngx_whip_publisher_t *pub, u_char *level,
    u_char *code, u_char *description)
{
    ngx_str_t   text;
    ngx_uint_t  other;

    if (ngx_strcmp(level, "error") == 0) {

        other = pub->reason;

        if (pub->stage < NGX_WHIP_PUBLISHER_LIVE
            && ngx_strcmp(code, "NetStream.Publish.BadName") == 0)
        {
            other = NGX_WHIP_ALREADY_LIVE;
        }

        text.data = description;
        text.len = ngx_strlen(description);

        pub->reason = ngx_whip_reason_find(&text, other);

        /* whoever refused may leave the connection to the encoder */

        ngx_rtmp_finalize_session(pub->rtmp);
        return;
    }

    if (ngx_strcmp(code, "NetStream.Publish.Start") == 0
        && pub->stage == NGX_WHIP_PUBLISHER_PUBLISH)
    {
        pub->stage = NGX_WHIP_PUBLISHER_ACCEPTED;
        ngx_post_event(&pub->step, &ngx_posted_events);
    }
}
