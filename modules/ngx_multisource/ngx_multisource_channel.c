
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_multisource_channel.h"
#include "ngx_multisource_peers.h"


/* old generations with live publishers at once, of which wake-ups are kept */
#define NGX_MULTISOURCE_GENERATIONS  16


typedef struct {
    ngx_uint_t     number;      /* of the generation, 0: unused */
    ngx_uint_t     nworkers;
    ngx_socket_t  *fds;         /* pairs: workers read [2n], others write
                                   [2n + 1] */
} ngx_multisource_generation_t;


static void ngx_multisource_channel_close(ngx_multisource_generation_t *gen);
static void ngx_multisource_channel_read(ngx_event_t *rev);


/* the master's, inherited by each worker at its fork */

static ngx_multisource_generation_t
    ngx_multisource_generations[NGX_MULTISOURCE_GENERATIONS];
static ngx_uint_t  ngx_multisource_generation;

static void  (*ngx_multisource_channel_handler)(void);


void
ngx_multisource_channel_prepare(ngx_cycle_t *cycle, ngx_shm_zone_t *zone)
{
    ngx_uint_t                     i, n;
    ngx_core_conf_t               *ccf;
    ngx_multisource_generation_t  *gen;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    n = ngx_max(ccf->worker_processes, 1);
    gen = NULL;

    for (i = 0; i < NGX_MULTISOURCE_GENERATIONS; i++) {

        /* the newest may not have signed in yet */

        if (ngx_multisource_generations[i].number
            && ngx_multisource_generations[i].number
               != ngx_multisource_generation
            && !ngx_multisource_peers_generation(zone,
                                    ngx_multisource_generations[i].number))
        {
            ngx_multisource_channel_close(&ngx_multisource_generations[i]);
        }

        if (ngx_multisource_generations[i].number == 0 && gen == NULL) {
            gen = &ngx_multisource_generations[i];
        }
    }

    ngx_multisource_generation++;

    if (gen == NULL) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "multisource: workers of %d older configurations still "
                      "have publishers, commands to the new ones are slower",
                      NGX_MULTISOURCE_GENERATIONS);
        return;
    }

    gen->fds = ngx_alloc(n * 2 * sizeof(ngx_socket_t), cycle->log);
    if (gen->fds == NULL) {
        return;
    }

    gen->number = ngx_multisource_generation;
    gen->nworkers = 0;

    for (i = 0; i < n; i++) {
        if (socketpair(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0,
                       &gen->fds[2 * i])
            == -1)
        {
            ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_socket_errno,
                          "multisource: socketpair() failed");
            return;
        }

        gen->nworkers++;
    }
}


static void
ngx_multisource_channel_close(ngx_multisource_generation_t *gen)
{
    ngx_uint_t  i;

    for (i = 0; i < gen->nworkers * 2; i++) {
        (void) ngx_close_socket(gen->fds[i]);
    }

    ngx_free(gen->fds);
    ngx_memzero(gen, sizeof(ngx_multisource_generation_t));
}


ngx_uint_t
ngx_multisource_channel_generation(void)
{
    return ngx_multisource_generation;
}


ngx_int_t
ngx_multisource_channel_listen(ngx_cycle_t *cycle, ngx_uint_t number,
    void (*handler)(void))
{
    ngx_uint_t                     i;
    ngx_event_t                   *rev;
    ngx_connection_t              *c;
    ngx_multisource_generation_t  *gen;

    ngx_multisource_channel_handler = handler;

    for (i = 0; i < NGX_MULTISOURCE_GENERATIONS; i++) {
        gen = &ngx_multisource_generations[i];

        if (gen->number != ngx_multisource_generation
            || number >= gen->nworkers)
        {
            continue;
        }

        c = ngx_get_connection(gen->fds[2 * number], cycle->log);
        if (c == NULL) {
            return NGX_ERROR;
        }

        rev = c->read;
        rev->log = cycle->log;
        rev->channel = 1;       /* not a leak when the worker exits */
        rev->handler = ngx_multisource_channel_read;
        c->write->log = cycle->log;

        return ngx_add_event(rev, NGX_READ_EVENT,
                             ngx_event_flags & NGX_USE_CLEAR_EVENT
                             ? NGX_CLEAR_EVENT : 0);
    }

    return NGX_DECLINED;
}


static void
ngx_multisource_channel_read(ngx_event_t *rev)
{
    u_char             buf[16];
    ssize_t            n;
    ngx_connection_t  *c;

    c = rev->data;

    /* bounded by the socket's queue; each wake-up means the same */

    do {
        n = recv(c->fd, buf, sizeof(buf), 0);
    } while (n >= 0 || ngx_socket_errno == NGX_EINTR);

    ngx_multisource_channel_handler();
}


void
ngx_multisource_channel_wake(ngx_uint_t generation, ngx_uint_t number)
{
    ngx_uint_t                     i;
    ngx_multisource_generation_t  *gen;

    for (i = 0; i < NGX_MULTISOURCE_GENERATIONS; i++) {
        gen = &ngx_multisource_generations[i];

        if (gen->number == generation && number < gen->nworkers) {

            /* full: its reader will run anyway */

            (void) send(gen->fds[2 * number + 1], "", 1, MSG_NOSIGNAL);
            return;
        }
    }
}
