
/*
 * Copyright (C) the ngx_live contributors
 *
 * multisource_webhook: says by HTTP when a session starts, with its first
 * source, and when it has ended:
 *
 *     POST URL
 *     Content-Type: application/json
 *     X-Multisource-Signature: sha256=HEX      ngx_multisource_ticket_mark()
 *
 *     {"event": "session.started|session.ended",
 *      "session": {as in analytics}, "usage": {as in usage}}
 *
 * One worker says it, and again, after a pause, when it was not taken; seldom,
 * when a worker leaves in the middle of it, it is said twice. What has been
 * said stands in the slot of a show, as its ticket * 8 and one of the words
 * below, so that what another show had in the same slot does not count.
 */


#ifndef _NGX_MULTISOURCE_WEBHOOK_H_INCLUDED_
#define _NGX_MULTISOURCE_WEBHOOK_H_INCLUDED_


#include "ngx_multisource_http_module.h"
#include "ngx_multisource_show.h"


enum {
    NGX_MULTISOURCE_WEBHOOK_NONE = 0,
    NGX_MULTISOURCE_WEBHOOK_STARTED,
    NGX_MULTISOURCE_WEBHOOK_ENDED,      /* nothing more is to be said */

    NGX_MULTISOURCE_WEBHOOK_TELLING = 4     /* or'ed: nobody has taken it yet */
};


#pragma GCC visibility push(hidden)

/* the directive, into the main configuration's `webhook` */
char *ngx_multisource_webhook_conf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* in a worker, after ngx_multisource_stage_init() */
void ngx_multisource_webhook_init(ngx_cycle_t *cycle);

/* what was not taken yet is for other workers; also when it was not begun */
void ngx_multisource_webhook_exit(void);

/* several times a second, or once */
void ngx_multisource_webhook_tick(void);

#pragma GCC visibility pop


static ngx_inline ngx_atomic_uint_t
ngx_multisource_webhook_told(ngx_atomic_uint_t ticket, ngx_uint_t what)
{
    return ticket * 8 + what;
}


/* one of the words, for the show with this ticket */

static ngx_inline ngx_uint_t
ngx_multisource_webhook_what(ngx_atomic_uint_t ticket, ngx_atomic_uint_t told)
{
    return told / 8 == ticket ? told % 8 : NGX_MULTISOURCE_WEBHOOK_NONE;
}


#endif /* _NGX_MULTISOURCE_WEBHOOK_H_INCLUDED_ */
