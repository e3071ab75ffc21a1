
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <hiredis/async.h>

#include "ngx_live_redis.h"
#include "ngx_live_secret.h"


#define NGX_LIVE_REDIS_PORT       6379

/* between two attempts, ms: doubled from the first to the second, +/- 25 % */
#define NGX_LIVE_REDIS_PAUSE_MIN  100
#define NGX_LIVE_REDIS_PAUSE_MAX  4000

/* a connection that is silent for so long is asked whether it is there, ms */
#define NGX_LIVE_REDIS_CHECK      10000

/* what may wait for an answer, or to be written */
#define NGX_LIVE_REDIS_REQUESTS   65536
#define NGX_LIVE_REDIS_OUTPUT     (16 * 1024 * 1024)

#define NGX_LIVE_REDIS_ARGS       16        /* without an allocation */


/* a command on its way */

typedef struct {
    ngx_queue_t        queue;
    ngx_msec_t         sent;
    ngx_live_redis_pt  handler;
    void              *data;
} ngx_live_redis_request_t;


static ngx_int_t ngx_live_redis_parse(ngx_live_redis_t *redis,
    ngx_str_t *text);
static void ngx_live_redis_conn_init(ngx_live_redis_t *redis,
    ngx_live_redis_conn_t *conn, const char *kind, ngx_log_t *log);
static void ngx_live_redis_conn_exit(ngx_live_redis_conn_t *conn);
static void ngx_live_redis_retry(ngx_event_t *ev);
static void ngx_live_redis_resolved(void *data, ngx_live_resolve_addr_t *addrs,
    ngx_uint_t n);
static void ngx_live_redis_connect(ngx_live_redis_conn_t *conn,
    const char *address);
static ngx_int_t ngx_live_redis_attach(ngx_live_redis_conn_t *conn);
static void ngx_live_redis_greet(ngx_live_redis_conn_t *conn);
static void ngx_live_redis_greeted(void *data, redisReply *reply);
static void ngx_live_redis_ponged(void *data, redisReply *reply);
static void ngx_live_redis_come(ngx_live_redis_conn_t *conn);
static void ngx_live_redis_drop(ngx_live_redis_conn_t *conn,
    const char *reason);
static void ngx_live_redis_lost(ngx_live_redis_conn_t *conn);
static void ngx_live_redis_failed(ngx_live_redis_conn_t *conn,
    const char *reason);
static void ngx_live_redis_tell(ngx_live_redis_t *redis, ngx_uint_t up);

static void ngx_live_redis_read(ngx_event_t *rev);
static void ngx_live_redis_write(ngx_event_t *wev);
static void ngx_live_redis_add_read(void *data);
static void ngx_live_redis_del_read(void *data);
static void ngx_live_redis_add_write(void *data);
static void ngx_live_redis_del_write(void *data);
static void ngx_live_redis_cleanup(void *data);

static ngx_live_redis_request_t *ngx_live_redis_request(
    ngx_live_redis_pt handler, void *data);
static ngx_int_t ngx_live_redis_ask(ngx_live_redis_conn_t *conn,
    ngx_live_redis_pt handler, void *data, ngx_uint_t n, ngx_str_t *args);
static void ngx_live_redis_sent(ngx_live_redis_conn_t *conn,
    ngx_live_redis_request_t *req);
static ngx_int_t ngx_live_redis_ready(ngx_live_redis_t *redis);
static void ngx_live_redis_answer(redisAsyncContext *ac, void *r, void *data);
static void ngx_live_redis_listen(ngx_live_redis_conn_t *conn,
    ngx_uint_t first);
static void ngx_live_redis_message(redisAsyncContext *ac, void *r, void *data);
static void ngx_live_redis_wait(ngx_live_redis_conn_t *conn);
static void ngx_live_redis_timeout(ngx_event_t *ev);
static void ngx_live_redis_check(ngx_event_t *ev);
static const char *ngx_live_redis_text(u_char *buf, const char *text,
    size_t len);


char *
ngx_live_redis_conf(ngx_conf_t *cf, ngx_live_redis_conf_t *conf)
{
    ngx_int_t    n;
    ngx_str_t   *value, s;
    ngx_uint_t   i;
    ngx_url_t    u;

    value = cf->args->elts;

    if (conf->address.len) {
        return "is duplicate";
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];
    u.default_port = NGX_LIVE_REDIS_PORT;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.uri.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address \"%V\" of Redis: HOST:PORT, "
                           "[IPv6]:PORT or unix:PATH", &value[1]);
        return NGX_CONF_ERROR;
    }

    conf->address = value[1];

    if (u.naddrs == 0) {

        /* of the "default" pool, which thread_pool can size */

        conf->pool = ngx_thread_pool_add(cf, NULL);
        if (conf->pool == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 2; i < cf->args->nelts; i++) {

        s = value[i];

        if (ngx_strncmp(s.data, "db=", 3) == 0) {
            n = ngx_atoi(s.data + 3, s.len - 3);

            if (n == NGX_ERROR || n > 1023) {
                return "has an invalid db=";
            }

            conf->db = n;
            continue;
        }

        if (ngx_strncmp(s.data, "username=", 9) == 0 && s.len > 9) {
            conf->username.data = s.data + 9;
            conf->username.len = s.len - 9;
            continue;
        }

        if (ngx_strncmp(s.data, "password_file=", 14) == 0) {
            s.data += 14;
            s.len -= 14;

            if (ngx_live_secret_line(cf, &s, &conf->password) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        return "has a parameter that is none of db=, username= and "
               "password_file=";
    }

    if (conf->username.len && conf->password.len == 0) {
        return "has a username= without password_file=";
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_live_redis_init(ngx_live_redis_t *redis, const ngx_live_redis_conf_t *conf,
    ngx_log_t *log)
{
    ngx_memzero(redis, sizeof(ngx_live_redis_t));

    redis->conf = *conf;

    if (conf->address.len == 0) {
        return NGX_OK;
    }

    if (ngx_live_redis_parse(redis, &redis->conf.address) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "%s: bad address of redis \"%V\"",
                      conf->name, &conf->address);
        return NGX_ERROR;
    }

    ngx_live_redis_conn_init(redis, &redis->commands, "redis", log);
    ngx_live_redis_conn_init(redis, &redis->messages, "redis channels", log);

    redis->messages.subscription = 1;
    redis->running = 1;

    ngx_add_timer(&redis->commands.retry, 1);

    return NGX_OK;
}


/*
 * HOST:PORT, [v6]:PORT or unix:PATH. The configuration has seen it: a name is
 * only looked up when a connection is made, as it may move.
 */

static ngx_int_t
ngx_live_redis_parse(ngx_live_redis_t *redis, ngx_str_t *text)
{
    u_char     *p, *colon, *last;
    size_t      len;
    ngx_int_t   port;

    p = text->data;
    len = text->len;
    last = p + len;

    if (len > 5 && ngx_strncmp(p, "unix:", 5) == 0) {
        redis->path.data = p + 5;
        redis->path.len = len - 5;

        /* hiredis cuts what is longer, and leaves no NUL */

        return redis->path.len < sizeof(((struct sockaddr_un *) 0)->sun_path)
                                 - 1
               ? NGX_OK : NGX_ERROR;
    }

    redis->port = NGX_LIVE_REDIS_PORT;

    if (len && *p == '[') {
        colon = ngx_strlchr(p, last, ']');
        if (colon == NULL) {
            return NGX_ERROR;
        }

        redis->host.data = p + 1;
        redis->host.len = colon - p - 1;
        colon++;

    } else {
        colon = ngx_strlchr(p, last, ':');
        if (colon == NULL) {
            colon = last;
        }

        redis->host.data = p;
        redis->host.len = colon - p;
    }

    if (colon < last) {
        port = *colon == ':' ? ngx_atoi(colon + 1, last - colon - 1)
                             : NGX_ERROR;

        if (port < 1 || port > 65535) {
            return NGX_ERROR;
        }

        redis->port = port;
    }

    return redis->host.len ? NGX_OK : NGX_ERROR;
}


static void
ngx_live_redis_conn_init(ngx_live_redis_t *redis, ngx_live_redis_conn_t *conn,
    const char *kind, ngx_log_t *log)
{
    conn->redis = redis;
    conn->kind = kind;
    conn->since = ngx_current_msec;

    ngx_queue_init(&conn->requests);

    /* who waits for an answer may finish: other timers keep no worker */

    conn->retry.handler = ngx_live_redis_retry;
    conn->retry.data = conn;
    conn->retry.log = log;
    conn->retry.cancelable = 1;

    conn->check.handler = ngx_live_redis_check;
    conn->check.data = conn;
    conn->check.log = log;
    conn->check.cancelable = 1;

    conn->timeout.handler = ngx_live_redis_timeout;
    conn->timeout.data = conn;
    conn->timeout.log = log;
    conn->timeout.cancelable = 1;
}


void
ngx_live_redis_exit(ngx_live_redis_t *redis)
{
    redis->running = 0;

    ngx_live_redis_conn_exit(&redis->messages);
    ngx_live_redis_conn_exit(&redis->commands);
}


static void
ngx_live_redis_conn_exit(ngx_live_redis_conn_t *conn)
{
    if (conn->resolve) {
        ngx_live_resolve_cancel(conn->resolve);
        conn->resolve = NULL;
    }

    if (conn->context) {

        /* what was said last, as far as it can be without waiting */

        if (conn->up) {
            (void) redisBufferWrite(&conn->context->c, NULL);
        }

        ngx_live_redis_drop(conn, "exit");
    }

    if (conn->retry.timer_set) {
        ngx_del_timer(&conn->retry);
    }
}


/* ---- coming and going ---- */

static void
ngx_live_redis_retry(ngx_event_t *ev)
{
    struct in6_addr         in6;
    u_char                  host[NGX_SOCKADDR_STRLEN];
    ngx_live_redis_t       *redis;
    ngx_live_redis_conn_t  *conn = ev->data;

    redis = conn->redis;

    if (!redis->running) {
        return;
    }

    if (redis->path.len) {
        ngx_live_redis_connect(conn, (char *) redis->path.data);
        return;
    }

    /* hiredis waits for names, but not for addresses */

    if (redis->host.len < sizeof(host)) {
        (void) ngx_cpystrn(host, redis->host.data, redis->host.len + 1);

        if (inet_pton(AF_INET, (char *) host, &in6) == 1
            || inet_pton(AF_INET6, (char *) host, &in6) == 1)
        {
            ngx_live_redis_connect(conn, (char *) host);
            return;
        }
    }

    conn->resolve = ngx_live_resolve(redis->conf.pool, &redis->host,
                                     redis->port, ngx_live_redis_resolved,
                                     conn);

    if (conn->resolve == NULL) {
        ngx_live_redis_failed(conn, "its name cannot be looked up now");
    }
}


static void
ngx_live_redis_resolved(void *data, ngx_live_resolve_addr_t *addrs,
    ngx_uint_t n)
{
    size_t                    len;
    u_char                    text[NGX_SOCKADDR_STRLEN + 1];
    ngx_live_redis_conn_t    *conn = data;
    ngx_live_resolve_addr_t  *addr;

    conn->resolve = NULL;

    if (n == 0) {
        ngx_live_redis_failed(conn, "its name has no address");
        return;
    }

    addr = &addrs[conn->attempts++ % n];

    len = ngx_sock_ntop(&addr->sockaddr.sockaddr, addr->socklen, text,
                        NGX_SOCKADDR_STRLEN, 0);
    text[len] = '\0';

    /* an IPv6 address comes in brackets */

    if (len > 2 && text[0] == '[') {
        text[len - 1] = '\0';
        ngx_live_redis_connect(conn, (char *) &text[1]);
        return;
    }

    ngx_live_redis_connect(conn, (char *) text);
}


static void
ngx_live_redis_connect(ngx_live_redis_conn_t *conn, const char *address)
{
    ngx_live_redis_t   *redis;
    redisAsyncContext  *ac;

    redis = conn->redis;

    ac = redis->path.len ? redisAsyncConnectUnix(address)
                         : redisAsyncConnect(address, redis->port);

    if (ac == NULL) {
        ngx_live_redis_failed(conn, "out of memory");
        return;
    }

    if (ac->err) {
        ngx_live_redis_failed(conn,
            ngx_live_redis_text(conn->text, ac->c.errstr,
                                ngx_strlen(ac->c.errstr)));
        redisAsyncFree(ac);
        return;
    }

    conn->context = ac;
    conn->reason = NULL;
    conn->broken = 0;

    if (ngx_live_redis_attach(conn) != NGX_OK) {
        conn->context = NULL;
        redisAsyncFree(ac);
        ngx_live_redis_failed(conn, "no connection to spare");
        return;
    }

    ngx_live_redis_greet(conn);
}


/*
 * hiredis owns the socket; nginx's connection is only there for its events.
 * These are level-triggered: hiredis reads at most 16 KiB per call, and does
 * not say whether there is more.
 */

static ngx_int_t
ngx_live_redis_attach(ngx_live_redis_conn_t *conn)
{
    int                 fd;
    ngx_connection_t   *c;
    redisAsyncContext  *ac;

    ac = conn->context;
    fd = ac->c.fd;

    /* programs that a worker starts have no business with it */

    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "fcntl(FD_CLOEXEC) failed");
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = conn;
    c->log = ngx_cycle->log;

    c->read->handler = ngx_live_redis_read;
    c->read->log = c->log;
    c->write->handler = ngx_live_redis_write;
    c->write->log = c->log;

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NGX_ERROR;
    }

    conn->connection = c;

    ac->data = conn;

    ac->ev.data = conn;
    ac->ev.addRead = ngx_live_redis_add_read;
    ac->ev.delRead = ngx_live_redis_del_read;
    ac->ev.addWrite = ngx_live_redis_add_write;
    ac->ev.delWrite = ngx_live_redis_del_write;
    ac->ev.cleanup = ngx_live_redis_cleanup;

    return NGX_OK;
}


/* goes out in one piece as soon as the connection is there */

static void
ngx_live_redis_greet(ngx_live_redis_conn_t *conn)
{
    u_char                  db[NGX_INT_T_LEN];
    ngx_str_t               args[3];
    ngx_uint_t              n;
    ngx_live_redis_conf_t  *conf;

    conf = &conn->redis->conf;

    if (conf->username.len || conf->password.len) {
        n = 0;
        ngx_str_set(&args[n], "AUTH");
        n++;

        if (conf->username.len) {
            args[n++] = conf->username;
        }

        args[n++] = conf->password;

        if (ngx_live_redis_ask(conn, ngx_live_redis_greeted, conn,
                               n, args)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (conn->subscription) {
        ngx_live_redis_listen(conn, 0);
        return;
    }

    if (conf->db) {
        ngx_str_set(&args[0], "SELECT");
        args[1].data = db;
        args[1].len = ngx_sprintf(db, "%ui", conf->db) - db;

        if (ngx_live_redis_ask(conn, ngx_live_redis_greeted, conn,
                               2, args)
            != NGX_OK)
        {
            goto failed;
        }
    }

    /* refused while data is loaded, and to strangers */

    ngx_str_set(&args[0], "PING");

    if (ngx_live_redis_ask(conn, ngx_live_redis_ponged, conn, 1,
                           args)
        != NGX_OK)
    {
        goto failed;
    }

    return;

failed:

    ngx_live_redis_drop(conn, "out of memory");
}


/* of AUTH and SELECT */

static void
ngx_live_redis_greeted(void *data, redisReply *reply)
{
    ngx_live_redis_conn_t  *conn = data;

    if (reply && reply->type == REDIS_REPLY_ERROR) {
        ngx_live_redis_drop(conn,
            ngx_live_redis_text(conn->text, reply->str, reply->len));
    }
}


/* of PING: one who may not ask, or not write, has been let in nevertheless */

static void
ngx_live_redis_ponged(void *data, redisReply *reply)
{
    ngx_live_redis_conn_t  *conn = data;

    if (reply == NULL) {
        return;
    }

    if (reply->type == REDIS_REPLY_ERROR
        && ngx_strncmp(reply->str, "NOPERM ", 7) != 0
        && ngx_strncmp(reply->str, "MISCONF ", 8) != 0)
    {
        ngx_live_redis_greeted(data, reply);
        return;
    }

    /* AUTH or SELECT may have been refused before */

    if (conn->reason == NULL && !conn->up) {
        ngx_live_redis_come(conn);
    }
}


static void
ngx_live_redis_come(ngx_live_redis_conn_t *conn)
{
    ngx_live_redis_t  *redis;

    redis = conn->redis;

    conn->up = 1;
    conn->complained = 0;
    conn->since = ngx_current_msec;
    redis->connects++;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "%s: %s: up",
                  redis->conf.name, conn->kind);

    ngx_add_timer(&conn->check, NGX_LIVE_REDIS_CHECK);

    /*
     * What was said on the channels while we did not listen is lost: who is
     * told that Redis has come looks again.
     */

    if (redis->commands.up) {
        ngx_live_redis_tell(redis, 1);
    }
}


/* within a handler of hiredis it is freed after the return, otherwise now */

static void
ngx_live_redis_drop(ngx_live_redis_conn_t *conn, const char *reason)
{
    conn->reason = reason;
    redisAsyncFree(conn->context);
}


/* the context is going to be freed, its handlers have been called */

static void
ngx_live_redis_lost(ngx_live_redis_conn_t *conn)
{
    ngx_uint_t          up;
    const char         *reason;
    redisAsyncContext  *ac;
    ngx_live_redis_t   *redis;

    redis = conn->redis;

    ac = conn->context;
    conn->context = NULL;

    reason = conn->reason;

    if (reason == NULL) {
        reason = ac->c.err ? ngx_live_redis_text(conn->text, ac->c.errstr,
                                                 ngx_strlen(ac->c.errstr))
                           : "closed";
    }

    up = conn->check.timer_set;

    if (conn->check.timer_set) {
        ngx_del_timer(&conn->check);
    }

    if (conn->timeout.timer_set) {
        ngx_del_timer(&conn->timeout);
    }

    conn->up = 0;
    conn->expected = 0;
    conn->writing = 0;

    if (!redis->running) {
        return;
    }

    /* one that breaks again and again is no reason to hurry */

    if (up && ngx_current_msec - conn->since > NGX_LIVE_REDIS_CHECK) {
        conn->pause = 0;
    }

    ngx_live_redis_failed(conn, reason);

    if (up) {
        conn->since = ngx_current_msec;

        if (!conn->subscription) {
            ngx_live_redis_tell(redis, 0);
        }
    }
}


/* tells it once, and tries again later */

static void
ngx_live_redis_failed(ngx_live_redis_conn_t *conn, const char *reason)
{
    ngx_uint_t  level;
    ngx_msec_t  pause;

    level = conn->complained ? NGX_LOG_INFO : NGX_LOG_ERR;

    ngx_log_error(level, ngx_cycle->log, 0, "%s: %s: away: %s",
                  conn->redis->conf.name, conn->kind, reason);

    conn->complained = 1;

    pause = ngx_max(conn->pause, NGX_LIVE_REDIS_PAUSE_MIN);
    conn->pause = ngx_min(pause * 2, NGX_LIVE_REDIS_PAUSE_MAX);

    pause += (ngx_msec_t) (ngx_random() % (pause / 2)) - pause / 4;

    ngx_add_timer(&conn->retry, pause);
}


static void
ngx_live_redis_tell(ngx_live_redis_t *redis, ngx_uint_t up)
{
    ngx_uint_t  i;

    for (i = 0; i < redis->nstates; i++) {
        redis->states[i].handler(redis->states[i].data, up);
    }
}


/* ---- events: after a call into hiredis the context may be gone ---- */

static void
ngx_live_redis_read(ngx_event_t *rev)
{
    ngx_connection_t       *c;
    ngx_live_redis_conn_t  *conn;

    c = rev->data;
    conn = c->data;

    if (c->close) {

        /* worker_shutdown_timeout has passed */

        conn->redis->running = 0;
        ngx_live_redis_drop(conn, "exit");
        return;
    }

    redisAsyncHandleRead(conn->context);
}


static void
ngx_live_redis_write(ngx_event_t *wev)
{
    ngx_connection_t       *c;
    ngx_live_redis_conn_t  *conn;

    c = wev->data;
    conn = c->data;

    conn->writing = 1;

    redisAsyncHandleWrite(conn->context);

    conn->writing = 0;
}


static void
ngx_live_redis_add_read(void *data)
{
    ngx_connection_t       *c;
    ngx_live_redis_conn_t  *conn = data;

    c = conn->connection;

    if (!c->read->active
        && ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK)
    {
        conn->broken = 1;
        ngx_live_redis_wait(conn);
    }
}


static void
ngx_live_redis_del_read(void *data)
{
    ngx_connection_t       *c;
    ngx_live_redis_conn_t  *conn = data;

    c = conn->connection;

    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
    }
}


/*
 * Commands of one turn of the event loop go out together in the next one. The
 * event is asked for only while the socket takes no more, or is not connected.
 */

static void
ngx_live_redis_add_write(void *data)
{
    ngx_connection_t       *c;
    ngx_live_redis_conn_t  *conn = data;

    c = conn->connection;

    if (c->write->active) {
        return;
    }

    if ((conn->context->c.flags & REDIS_CONNECTED) && !conn->writing) {

        if (!c->write->posted) {
            ngx_post_event(c->write, &ngx_posted_next_events);
        }

        return;
    }

    if (ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        conn->broken = 1;
        ngx_live_redis_wait(conn);
    }
}


static void
ngx_live_redis_del_write(void *data)
{
    ngx_connection_t       *c;
    ngx_live_redis_conn_t  *conn = data;

    c = conn->connection;

    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }
}


/* hiredis closes the socket after this */

static void
ngx_live_redis_cleanup(void *data)
{
    ngx_connection_t       *c;
    ngx_live_redis_conn_t  *conn = data;

    ngx_live_redis_del_read(conn);
    ngx_live_redis_del_write(conn);

    c = conn->connection;
    conn->connection = NULL;

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    ngx_live_redis_lost(conn);
}


/* ---- commands ---- */

ngx_uint_t
ngx_live_redis_up(ngx_live_redis_t *redis)
{
    return redis->commands.up;
}


ngx_int_t
ngx_live_redis_send(ngx_live_redis_t *redis, ngx_live_redis_pt handler,
    void *data, ngx_uint_t n, ngx_str_t *args)
{
    if (ngx_live_redis_ready(redis) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_live_redis_ask(&redis->commands, handler, data, n, args);
}


ngx_int_t
ngx_live_redis_command(ngx_live_redis_t *redis, ngx_live_redis_pt handler,
    void *data, const char *format, ...)
{
    int                        rc;
    va_list                    args;
    ngx_live_redis_conn_t     *conn;
    ngx_live_redis_request_t  *req;

    if (ngx_live_redis_ready(redis) != NGX_OK) {
        return NGX_DECLINED;
    }

    conn = &redis->commands;

    req = ngx_live_redis_request(handler, data);
    if (req == NULL) {
        return NGX_DECLINED;
    }

    va_start(args, format);
    rc = redisvAsyncCommand(conn->context, ngx_live_redis_answer, req,
                            format, args);
    va_end(args);

    if (rc != REDIS_OK) {
        ngx_free(req);
        return NGX_DECLINED;
    }

    ngx_live_redis_sent(conn, req);

    return NGX_OK;
}


static ngx_int_t
ngx_live_redis_ready(ngx_live_redis_t *redis)
{
    ngx_live_redis_conn_t  *conn;

    conn = &redis->commands;

    if (!conn->up || conn->broken || conn->context == NULL) {
        return NGX_DECLINED;
    }

    if (conn->nrequests >= NGX_LIVE_REDIS_REQUESTS
        || sdslen(conn->context->c.obuf) >= NGX_LIVE_REDIS_OUTPUT)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_live_redis_request_t *
ngx_live_redis_request(ngx_live_redis_pt handler, void *data)
{
    ngx_live_redis_request_t  *req;

    req = ngx_alloc(sizeof(ngx_live_redis_request_t), ngx_cycle->log);
    if (req == NULL) {
        return NULL;
    }

    req->sent = ngx_current_msec;
    req->handler = handler;
    req->data = data;

    return req;
}


static ngx_int_t
ngx_live_redis_ask(ngx_live_redis_conn_t *conn,
    ngx_live_redis_pt handler, void *data, ngx_uint_t n, ngx_str_t *args)
{
    int                        rc;
    void                      *p;
    size_t                    *len, lens[NGX_LIVE_REDIS_ARGS];
    const char               **arg, *argv[NGX_LIVE_REDIS_ARGS];
    ngx_uint_t                 i;
    ngx_live_redis_request_t  *req;

    req = ngx_live_redis_request(handler, data);
    if (req == NULL) {
        return NGX_DECLINED;
    }

    p = NULL;
    arg = argv;
    len = lens;

    if (n > NGX_LIVE_REDIS_ARGS) {

        p = ngx_alloc(n * (sizeof(char *) + sizeof(size_t)), ngx_cycle->log);
        if (p == NULL) {
            ngx_free(req);
            return NGX_DECLINED;
        }

        arg = p;
        len = (size_t *) (arg + n);
    }

    for (i = 0; i < n; i++) {
        arg[i] = (char *) args[i].data;
        len[i] = args[i].len;
    }

    rc = redisAsyncCommandArgv(conn->context, ngx_live_redis_answer, req,
                               n, arg, len);

    if (p) {
        ngx_free(p);
    }

    if (rc != REDIS_OK) {
        ngx_free(req);
        return NGX_DECLINED;
    }

    ngx_live_redis_sent(conn, req);

    return NGX_OK;
}


static void
ngx_live_redis_sent(ngx_live_redis_conn_t *conn,
    ngx_live_redis_request_t *req)
{
    ngx_queue_insert_tail(&conn->requests, &req->queue);
    conn->nrequests++;
    conn->used = ngx_current_msec;

    if (conn->up) {
        conn->redis->sent++;
    }

    ngx_live_redis_wait(conn);
}


static void
ngx_live_redis_answer(redisAsyncContext *ac, void *r, void *data)
{
    void                      *private;
    redisReply                *reply = r;
    ngx_live_redis_t          *redis;
    ngx_live_redis_pt          handler;
    ngx_live_redis_conn_t     *conn;
    ngx_live_redis_request_t  *req = data;
    u_char                     text[NGX_LIVE_REDIS_TEXT];

    conn = ac->data;
    redis = conn->redis;

    ngx_queue_remove(&req->queue);
    conn->nrequests--;

    handler = req->handler;
    private = req->data;

    ngx_free(req);

    if (reply == NULL) {

        /* all that are still on the way follow: no more may be sent */

        conn->up = 0;
        redis->failures++;

    } else if (reply->type == REDIS_REPLY_ERROR && conn->up
               && redis->logged != ngx_time())
    {
        redis->logged = ngx_time();

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s: %s: %s", redis->conf.name, conn->kind,
                      ngx_live_redis_text(text, reply->str, reply->len));
    }

    if (ngx_queue_empty(&conn->requests) && conn->expected == 0
        && conn->timeout.timer_set)
    {
        ngx_del_timer(&conn->timeout);
    }

    if (handler) {
        handler(private, reply);
    }
}


/* ---- channels ---- */

ngx_int_t
ngx_live_redis_subscribe(ngx_live_redis_t *redis, const char *channel,
    ngx_live_redis_message_pt handler, void *data)
{
    ngx_live_redis_channel_t  *ch;

    if (redis->nchannels == NGX_LIVE_REDIS_HANDLERS) {
        return NGX_ERROR;
    }

    ch = &redis->channels[redis->nchannels++];

    ch->channel = channel;
    ch->handler = handler;
    ch->data = data;

    if (!redis->running) {
        return NGX_OK;
    }

    if (redis->messages.context) {
        ngx_live_redis_listen(&redis->messages, redis->nchannels - 1);

    } else if (redis->nchannels == 1) {
        ngx_add_timer(&redis->messages.retry, 1);
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_redis_notify(ngx_live_redis_t *redis, ngx_live_redis_state_pt handler,
    void *data)
{
    ngx_live_redis_state_t  *state;

    if (redis->nstates == NGX_LIVE_REDIS_HANDLERS) {
        return NGX_ERROR;
    }

    state = &redis->states[redis->nstates++];

    state->handler = handler;
    state->data = data;

    return NGX_OK;
}


/* to channels from this one on; each is confirmed, also when said again */

static void
ngx_live_redis_listen(ngx_live_redis_conn_t *conn, ngx_uint_t first)
{
    size_t             lens[NGX_LIVE_REDIS_HANDLERS + 1];
    ngx_uint_t         i, n;
    const char        *args[NGX_LIVE_REDIS_HANDLERS + 1];
    ngx_live_redis_t  *redis;

    redis = conn->redis;

    n = 0;
    args[n] = "SUBSCRIBE";
    lens[n++] = sizeof("SUBSCRIBE") - 1;

    for (i = first; i < redis->nchannels; i++) {
        args[n] = redis->channels[i].channel;
        lens[n++] = ngx_strlen(redis->channels[i].channel);
    }

    if (redisAsyncCommandArgv(conn->context, ngx_live_redis_message, NULL,
                              n, args, lens)
        != REDIS_OK)
    {
        conn->broken = 1;
    }

    conn->asked = ngx_current_msec;
    conn->expected += n - 1;

    ngx_live_redis_wait(conn);
}


static void
ngx_live_redis_message(redisAsyncContext *ac, void *r, void *data)
{
    ngx_uint_t                 i;
    redisReply                *reply = r, *kind, *name, *msg;
    ngx_live_redis_t          *redis;
    ngx_live_redis_conn_t     *conn;
    ngx_live_redis_channel_t  *ch;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 3)
    {
        return;
    }

    conn = ac->data;
    redis = conn->redis;

    kind = reply->element[0];
    name = reply->element[1];
    msg = reply->element[2];

    if (ngx_strcmp(kind->str, "subscribe") == 0) {

        if (conn->expected && --conn->expected == 0) {

            if (ngx_queue_empty(&conn->requests) && conn->timeout.timer_set) {
                ngx_del_timer(&conn->timeout);
            }

            if (!conn->up) {
                ngx_live_redis_come(conn);
            }
        }

        return;
    }

    if (ngx_strcmp(kind->str, "message") != 0
        || msg->type != REDIS_REPLY_STRING)
    {
        return;
    }

    for (i = 0; i < redis->nchannels; i++) {
        ch = &redis->channels[i];

        if (ngx_strcmp(name->str, ch->channel) == 0) {
            ch->handler(ch->data, (u_char *) msg->str, msg->len);
        }
    }
}


/* ---- time ---- */

/* starts the timer for the oldest that waits, unless it runs */

static void
ngx_live_redis_wait(ngx_live_redis_conn_t *conn)
{
    ngx_msec_t                 since;
    ngx_msec_int_t             left;
    ngx_live_redis_request_t  *req;

    if (conn->broken) {
        if (conn->timeout.timer_set) {
            ngx_del_timer(&conn->timeout);
        }

        ngx_add_timer(&conn->timeout, 1);
        return;
    }

    if (conn->timeout.timer_set) {
        return;
    }

    if (!ngx_queue_empty(&conn->requests)) {
        req = ngx_queue_data(ngx_queue_head(&conn->requests),
                             ngx_live_redis_request_t, queue);
        since = req->sent;

    } else if (conn->expected) {
        since = conn->asked;

    } else {
        return;
    }

    left = NGX_LIVE_REDIS_TIMEOUT
           - (ngx_msec_int_t) (ngx_current_msec - since);

    /* a worker that leaves waits for answers, but not for a connection */

    conn->timeout.cancelable = !conn->up || conn->subscription;

    ngx_add_timer(&conn->timeout, left > 0 ? left : 1);
}


static void
ngx_live_redis_timeout(ngx_event_t *ev)
{
    ngx_msec_t                 since;
    ngx_live_redis_conn_t     *conn = ev->data;
    ngx_live_redis_request_t  *req;

    if (conn->context == NULL) {
        return;
    }

    if (conn->broken) {
        ngx_live_redis_drop(conn, "its events failed");
        return;
    }

    since = conn->asked;

    if (!ngx_queue_empty(&conn->requests)) {
        req = ngx_queue_data(ngx_queue_head(&conn->requests),
                             ngx_live_redis_request_t, queue);
        since = req->sent;

    } else if (conn->expected == 0) {
        return;
    }

    if (ngx_current_msec - since >= NGX_LIVE_REDIS_TIMEOUT) {
        ngx_live_redis_drop(conn, "no answer in time");
        return;
    }

    ngx_live_redis_wait(conn);
}


/* a peer that has vanished says nothing: one that says nothing is asked */

static void
ngx_live_redis_check(ngx_event_t *ev)
{
    ngx_str_t               arg;
    ngx_live_redis_conn_t  *conn = ev->data;

    ngx_add_timer(ev, NGX_LIVE_REDIS_CHECK);

    if (conn->subscription) {

        /* PING has no answer here that hiredis understands */

        if (conn->expected == 0) {
            ngx_live_redis_listen(conn, conn->redis->nchannels - 1);
        }

        return;
    }

    if (ngx_queue_empty(&conn->requests)
        && ngx_current_msec - conn->used >= NGX_LIVE_REDIS_CHECK / 2)
    {
        ngx_str_set(&arg, "PING");
        (void) ngx_live_redis_ask(conn, ngx_live_redis_ponged, conn,
                                  1, &arg);
    }
}


void
ngx_live_redis_look(ngx_live_redis_t *redis, ngx_live_redis_look_t *look)
{
    ngx_memzero(look, sizeof(ngx_live_redis_look_t));

    look->configured = redis->running;
    look->up = redis->commands.up;
    look->subscribed = redis->messages.up;
    look->commands = redis->sent;
    look->failures = redis->failures;
    look->connects = redis->connects;

    if (redis->running) {
        look->since = ngx_current_msec - redis->commands.since;
    }
}


/*
 * For the log: an error of Redis may quote what was sent, and what was sent may
 * be a password; it is cut before the first quotation mark.
 */

static const char *
ngx_live_redis_text(u_char *buf, const char *text, size_t len)
{
    size_t  i;

    for (i = 0; i < len && i < NGX_LIVE_REDIS_TEXT - 1; i++) {

        if (text[i] == '\'' || text[i] == '"' || text[i] == '`') {
            break;
        }

        buf[i] = (text[i] >= ' ' && text[i] <= '~') ? text[i] : '?';
    }

    buf[i] = '\0';

    return (char *) buf;
}
