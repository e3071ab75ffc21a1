
/*
 * Copyright (C) the ngx_live contributors
 *
 * A worker's connections to Redis (hiredis, asynchronous, on nginx's event
 * loop): one for commands, one that is subscribed. They are made again by
 * themselves, with a pause of 0.1 to 5 s; what was on the way when one broke is
 * answered with NULL.
 */


#ifndef _NGX_SIMULCAST_REDIS_H_INCLUDED_
#define _NGX_SIMULCAST_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <hiredis/hiredis.h>


/* an answer is given up after this, ms; the connection is then made anew */
#define NGX_SIMULCAST_REDIS_TIMEOUT  3000


/*
 * The answer, valid during the call; NULL: Redis is away, or did not answer in
 * time. An answer of type REDIS_REPLY_ERROR is passed on (and logged).
 */
typedef void (*ngx_simulcast_redis_pt)(void *data, redisReply *reply);

/* a message of a channel */
typedef void (*ngx_simulcast_redis_message_pt)(void *data, u_char *msg,
    size_t len);

/* Redis has come (again): `up` 1, or is away: 0. 1 also when only the channels
   were away: what was said there meanwhile is lost, so look again */
typedef void (*ngx_simulcast_redis_state_pt)(void *data, ngx_uint_t up);


#pragma GCC visibility push(hidden)

/* in a worker; does nothing when no Redis is configured */
ngx_int_t ngx_simulcast_redis_init(ngx_cycle_t *cycle);

/* closes both connections, all handlers are called with NULL; also when the
   worker exits */
void ngx_simulcast_redis_exit(void);

/* nonzero while commands can be sent */
ngx_uint_t ngx_simulcast_redis_up(void);

/*
 * Sends a command of n arguments, pipelined. They are copied. NGX_DECLINED:
 * Redis is away, the handler is not called. Otherwise NGX_OK, and the handler
 * (may be NULL) is called once, never from within this call.
 */
ngx_int_t ngx_simulcast_redis_send(ngx_simulcast_redis_pt handler, void *data,
    ngx_uint_t n, ngx_str_t *args);

/*
 * The same as printf-like text (hiredis' format: %s, %b with a size_t length;
 * each word is an argument).
 */
ngx_int_t ngx_simulcast_redis_command(ngx_simulcast_redis_pt handler,
    void *data, const char *format, ...);

/*
 * From now on, over reconnects; to be called in init_process after
 * ngx_simulcast_redis_init(). At most 8 of each.
 */
ngx_int_t ngx_simulcast_redis_subscribe(const char *channel,
    ngx_simulcast_redis_message_pt handler, void *data);
ngx_int_t ngx_simulcast_redis_notify(ngx_simulcast_redis_state_pt handler,
    void *data);

/* how it is, for the status page */
typedef struct {
    unsigned     configured:1;
    unsigned     up:1;
    unsigned     subscribed:1;
    uint64_t     commands;
    uint64_t     failures;          /* answers that did not come */
    uint64_t     connects;
    ngx_msec_t   since;             /* ms since the last change */
} ngx_simulcast_redis_look_t;

void ngx_simulcast_redis_look(ngx_simulcast_redis_look_t *look);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_REDIS_H_INCLUDED_ */
