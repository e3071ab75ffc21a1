
/*
 * Copyright (C) the ngx_live contributors
 *
 * A worker's connections to Redis for one module (hiredis, asynchronous, on
 * nginx's event loop): one for commands, and one that is subscribed where there
 * are channels. They are made again by themselves, with a pause of 0.1 to 5 s;
 * what was on the way when one broke is answered with NULL.
 */


#ifndef _NGX_LIVE_REDIS_H_INCLUDED_
#define _NGX_LIVE_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>
#include <hiredis/hiredis.h>

#include "ngx_live_resolve.h"


/* an answer is given up after this, ms; the connection is then made anew */
#define NGX_LIVE_REDIS_TIMEOUT   3000

#define NGX_LIVE_REDIS_HANDLERS  8          /* of each kind */
#define NGX_LIVE_REDIS_TEXT      160        /* bytes of an error, logged */


/* strings last as long as the configuration */

typedef struct {
    const char                *name;        /* what log lines begin with */
    ngx_str_t                  address;     /* HOST:PORT, [v6]:PORT or
                                               unix:PATH with NUL behind;
                                               empty: there is no Redis */
    ngx_uint_t                 db;
    ngx_str_t                  username;
    ngx_str_t                  password;
    ngx_thread_pool_t         *pool;        /* looks up a name; NULL: the
                                               address has none */
} ngx_live_redis_conf_t;


/*
 * The answer, valid during the call; NULL: Redis is away, or did not answer in
 * time. An answer of type REDIS_REPLY_ERROR is passed on (and logged).
 */
typedef void (*ngx_live_redis_pt)(void *data, redisReply *reply);

/* a message of a channel */
typedef void (*ngx_live_redis_message_pt)(void *data, u_char *msg,
    size_t len);

/* Redis has come (again): `up` 1, or is away: 0. 1 also when only the channels
   were away: what was said there meanwhile is lost, so look again */
typedef void (*ngx_live_redis_state_pt)(void *data, ngx_uint_t up);


typedef struct ngx_live_redis_s  ngx_live_redis_t;


/* one of the two connections */

typedef struct {
    ngx_live_redis_t          *redis;
    const char                *kind;        /* for the log */
    struct redisAsyncContext  *context;     /* NULL: not connected */
    ngx_connection_t          *connection;  /* on the socket of hiredis */
    ngx_live_resolve_t        *resolve;

    ngx_event_t                retry;
    ngx_event_t                check;
    ngx_event_t                timeout;     /* of the oldest request */

    ngx_msec_t                 pause;
    ngx_msec_t                 since;       /* the last change */
    ngx_msec_t                 used;        /* the last request */
    ngx_msec_t                 asked;       /* the last SUBSCRIBE */
    ngx_uint_t                 expected;    /* confirmations of it */
    ngx_uint_t                 attempts;
    const char                *reason;      /* why we closed it */
    u_char                     text[NGX_LIVE_REDIS_TEXT];

    ngx_queue_t                requests;    /* the oldest first */
    ngx_uint_t                 nrequests;

    unsigned                   subscription:1;
    unsigned                   up:1;
    unsigned                   complained:1;    /* that it is away */
    unsigned                   writing:1;
    unsigned                   broken:1;        /* the timer is to close it */
} ngx_live_redis_conn_t;


typedef struct {
    const char                *channel;
    ngx_live_redis_message_pt  handler;
    void                      *data;
} ngx_live_redis_channel_t;


typedef struct {
    ngx_live_redis_state_pt    handler;
    void                      *data;
} ngx_live_redis_state_t;


/* the module gives the memory, and looks at nothing in it */

struct ngx_live_redis_s {
    ngx_live_redis_conf_t      conf;

    ngx_str_t                  path;        /* NUL behind; of a socket */
    ngx_str_t                  host;
    in_port_t                  port;

    ngx_live_redis_conn_t      commands;
    ngx_live_redis_conn_t      messages;

    ngx_live_redis_channel_t   channels[NGX_LIVE_REDIS_HANDLERS];
    ngx_uint_t                 nchannels;
    ngx_live_redis_state_t     states[NGX_LIVE_REDIS_HANDLERS];
    ngx_uint_t                 nstates;

    uint64_t                   sent;
    uint64_t                   failures;
    uint64_t                   connects;
    time_t                     logged;      /* an error of an answer */

    unsigned                   running:1;
};


/* how it is, for a status page */

typedef struct {
    unsigned                   configured:1;
    unsigned                   up:1;
    unsigned                   subscribed:1;
    uint64_t                   commands;
    uint64_t                   failures;    /* answers that did not come */
    uint64_t                   connects;
    ngx_msec_t                 since;       /* ms since the last change */
} ngx_live_redis_look_t;


#pragma GCC visibility push(hidden)

/*
 * The arguments of a directive, ADDR [db=] [username=] [password_file=], into
 * *conf, which is zeros. As a directive's handler returns.
 */
char *ngx_live_redis_conf(ngx_conf_t *cf, ngx_live_redis_conf_t *conf);

/* in a worker; *conf is copied. Does nothing when no Redis is configured */
ngx_int_t ngx_live_redis_init(ngx_live_redis_t *redis,
    const ngx_live_redis_conf_t *conf, ngx_log_t *log);

/* closes both connections, all handlers are called with NULL; also when the
   worker exits; zeros are fine, too */
void ngx_live_redis_exit(ngx_live_redis_t *redis);

/* nonzero while commands can be sent */
ngx_uint_t ngx_live_redis_up(ngx_live_redis_t *redis);

/*
 * Sends a command of n arguments, pipelined. They are copied. NGX_DECLINED:
 * Redis is away, the handler is not called. Otherwise NGX_OK, and the handler
 * (may be NULL) is called once, never from within this call.
 */
ngx_int_t ngx_live_redis_send(ngx_live_redis_t *redis,
    ngx_live_redis_pt handler, void *data, ngx_uint_t n, ngx_str_t *args);

/*
 * The same as printf-like text (hiredis' format: %s, %b with a size_t length;
 * each word is an argument).
 */
ngx_int_t ngx_live_redis_command(ngx_live_redis_t *redis,
    ngx_live_redis_pt handler, void *data, const char *format, ...);

/*
 * From now on, over reconnects; to be called in init_process after
 * ngx_live_redis_init(). At most NGX_LIVE_REDIS_HANDLERS of each.
 */
ngx_int_t ngx_live_redis_subscribe(ngx_live_redis_t *redis,
    const char *channel, ngx_live_redis_message_pt handler, void *data);
ngx_int_t ngx_live_redis_notify(ngx_live_redis_t *redis,
    ngx_live_redis_state_pt handler, void *data);

void ngx_live_redis_look(ngx_live_redis_t *redis, ngx_live_redis_look_t *look);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_REDIS_H_INCLUDED_ */
