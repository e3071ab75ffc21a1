
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_pass.h"
#include "ngx_multisource_private.h"

#include <ngx_rtmp_relay_module.h>


extern ngx_module_t  ngx_rtmp_access_module;
extern ngx_module_t  ngx_rtmp_notify_module;


typedef struct {
    void      **app_conf;
    unsigned    relay:1;
    unsigned    static_relay:1;
} ngx_multisource_pass_t;


static ngx_int_t ngx_multisource_pass_quiet(ngx_multisource_ctx_t *ctx);
static void ngx_multisource_pass_enter(ngx_rtmp_session_t *s, void **table,
    ngx_multisource_pass_t *saved);
static void ngx_multisource_pass_leave(ngx_rtmp_session_t *s,
    ngx_multisource_pass_t *saved);


ngx_int_t
ngx_multisource_pass_configure(ngx_conf_t *cf, ngx_rtmp_core_app_conf_t *app,
    ngx_multisource_app_conf_t *conf)
{
    size_t                          size;
    ngx_uint_t                      i, n;
    ngx_multisource_notify_conf_t  *notify;

    /* relay is for an answer that redirects to another server */

    static ngx_module_t  *first[] = {
        &ngx_rtmp_core_module,
        &ngx_rtmp_access_module,
        &ngx_multisource_rtmp_module,
        &ngx_rtmp_relay_module,
        &ngx_rtmp_notify_module
    };

    notify = app->app_conf[ngx_rtmp_notify_module.ctx_index];
    conf->callback = notify->publish != NULL;

    size = ngx_rtmp_max_module * sizeof(void *);

    conf->conf_all = app->app_conf;
    conf->conf_ask = ngx_pcalloc(cf->pool, size);
    conf->conf_join = ngx_palloc(cf->pool, size);

    if (conf->conf_ask == NULL || conf->conf_join == NULL) {
        return NGX_ERROR;
    }

    n = sizeof(first) / sizeof(first[0]);

    for (i = 0; i < (conf->callback ? n : n - 2); i++) {
        conf->conf_ask[first[i]->ctx_index] =
                                          app->app_conf[first[i]->ctx_index];
    }

    ngx_memcpy(conf->conf_join, app->app_conf, size);

    if (conf->callback) {
        conf->conf_join[ngx_rtmp_notify_module.ctx_index] = NULL;
    }

    return NGX_OK;
}


/*
 * As a relay's, a publish is not logged, nor pushed by what is configured
 * statically or outside of applications: that is for the second pass.
 */

static ngx_int_t
ngx_multisource_pass_quiet(ngx_multisource_ctx_t *ctx)
{
    ngx_rtmp_session_t    *s;
    ngx_rtmp_relay_ctx_t  *relay;

    s = ctx->session;

    if (ngx_rtmp_get_module_ctx(s, ngx_rtmp_relay_module) == NULL) {

        relay = ngx_pcalloc(s->connection->pool, sizeof(ngx_rtmp_relay_ctx_t));
        if (relay == NULL) {
            return NGX_ERROR;
        }

        ngx_rtmp_set_ctx(s, relay, ngx_rtmp_relay_module);
    }

    s->relay = 1;
    s->static_relay = 0;

    return NGX_OK;
}


/* what a pass changes of a session, to be put back after it */

static void
ngx_multisource_pass_enter(ngx_rtmp_session_t *s, void **table,
    ngx_multisource_pass_t *saved)
{
    saved->app_conf = s->app_conf;
    saved->relay = s->relay;
    saved->static_relay = s->static_relay;

    s->app_conf = table;
}


static void
ngx_multisource_pass_leave(ngx_rtmp_session_t *s,
    ngx_multisource_pass_t *saved)
{
    s->app_conf = saved->app_conf;
    s->relay = saved->relay;
    s->static_relay = saved->static_relay;
}


ngx_int_t
ngx_multisource_pass_access(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next)
{
    ngx_int_t                rc;
    ngx_rtmp_publish_t       v;
    ngx_multisource_pass_t   saved;

    v = *ctx->publish;

    ngx_multisource_pass_enter(ctx->session, ctx->conf->conf_ask, &saved);

    rc = ngx_multisource_pass_quiet(ctx);

    if (rc == NGX_OK) {
        rc = next(ctx->session, &v);
    }

    ngx_multisource_pass_leave(ctx->session, &saved);

    return rc;
}


ngx_int_t
ngx_multisource_pass_ask(ngx_multisource_ctx_t *ctx, ngx_rtmp_publish_pt next)
{
    ngx_int_t                rc;
    ngx_rtmp_publish_t       v;
    ngx_multisource_pass_t   saved;

    v = *ctx->publish;

    ngx_multisource_pass_enter(ctx->session, ctx->conf->conf_ask, &saved);

    rc = next(ctx->session, &v);

    ngx_multisource_pass_leave(ctx->session, &saved);

    return rc;
}


ngx_int_t
ngx_multisource_pass_answer(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_netcall_handle_pt handler, ngx_rtmp_publish_t *v,
    ngx_chain_t *in)
{
    ngx_int_t                rc;
    ngx_multisource_pass_t   saved;

    ngx_multisource_pass_enter(ctx->session, ctx->conf->conf_ask, &saved);

    rc = ngx_multisource_pass_quiet(ctx);

    if (rc == NGX_OK) {
        rc = handler(ctx->session, v, in);
    }

    ngx_multisource_pass_leave(ctx->session, &saved);

    return rc;
}


ngx_int_t
ngx_multisource_pass_join(ngx_multisource_ctx_t *ctx, ngx_rtmp_publish_pt next,
    ngx_rtmp_publish_t *v)
{
    ngx_int_t                rc;
    ngx_rtmp_session_t      *s;
    ngx_multisource_pass_t   saved;

    s = ctx->session;

    if (!ctx->conf->callback) {
        /* nothing is left out */
        return next(s, v);
    }

    ngx_multisource_pass_enter(s, ctx->conf->conf_join, &saved);

    rc = next(s, v);

    ngx_multisource_pass_leave(s, &saved);

    return rc;
}


void
ngx_multisource_pass_restore(ngx_rtmp_session_t *s,
    ngx_multisource_app_conf_t *conf)
{
    if (s->relay
        && (s->app_conf == conf->conf_ask || s->app_conf == conf->conf_join))
    {
        s->app_conf = conf->conf_all;
    }
}
