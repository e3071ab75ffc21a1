
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_callback.h"
#include "ngx_multisource_private.h"
#include "ngx_multisource_session.h"

#include <ngx_rtmp_live_module.h>


extern ngx_module_t  ngx_rtmp_access_module;
extern ngx_module_t  ngx_rtmp_log_module;
extern ngx_module_t  ngx_rtmp_netcall_module;
extern ngx_module_t  ngx_rtmp_notify_module;
extern ngx_module_t  ngx_rtmp_relay_module;


static ngx_int_t ngx_multisource_callback_pass(ngx_multisource_ctx_t *ctx,
    void **table, ngx_rtmp_publish_pt next, ngx_rtmp_publish_t *v);
static ngx_int_t ngx_multisource_callback_answer(ngx_rtmp_session_t *s,
    void *arg, ngx_chain_t *in);
static void ngx_multisource_callback_mask(ngx_multisource_ctx_t *ctx);


ngx_int_t
ngx_multisource_callback_configure(ngx_conf_t *cf,
    ngx_rtmp_core_app_conf_t *app, ngx_multisource_app_conf_t *conf)
{
    size_t                          size;
    ngx_uint_t                      i;
    ngx_multisource_notify_conf_t  *notify;

    /* relay, for an answer that is a redirect to another server */

    static ngx_module_t  *asking[] = {
        &ngx_rtmp_notify_module,
        &ngx_rtmp_relay_module
    };

    /* these refuse what has no configuration */

    static ngx_module_t  *always[] = {
        &ngx_rtmp_core_module,
        &ngx_rtmp_access_module
    };

    notify = app->app_conf[ngx_rtmp_notify_module.ctx_index];

    if (notify->publish == NULL) {
        return NGX_OK;
    }

    conf->callback = 1;

    size = ngx_rtmp_max_module * sizeof(void *);

    conf->conf_ask = ngx_pcalloc(cf->pool, size);
    conf->conf_join = ngx_palloc(cf->pool, size);

    if (conf->conf_ask == NULL || conf->conf_join == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(conf->conf_join, app->app_conf, size);

    for (i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        conf->conf_ask[asking[i]->ctx_index] =
                                         app->app_conf[asking[i]->ctx_index];
        conf->conf_join[asking[i]->ctx_index] = NULL;
    }

    for (i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        conf->conf_ask[always[i]->ctx_index] =
                                         app->app_conf[always[i]->ctx_index];
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_callback_pass(ngx_multisource_ctx_t *ctx, void **table,
    ngx_rtmp_publish_pt next, ngx_rtmp_publish_t *v)
{
    void                **app_conf;
    ngx_int_t             rc;
    ngx_rtmp_session_t   *s;

    s = ctx->session;

    app_conf = s->app_conf;
    s->app_conf = table;

    rc = next(s, v);

    s->app_conf = app_conf;

    return rc;
}


ngx_int_t
ngx_multisource_callback_ask(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next)
{
    ngx_int_t                       rc;
    ngx_rtmp_session_t             *s;
    ngx_rtmp_publish_t              v;
    ngx_multisource_netcall_t      *cs;
    ngx_multisource_notify_conf_t  *notify;
    ngx_multisource_netcall_ctx_t  *netcall;

    s = ctx->session;
    v = *ctx->publish;

    rc = ngx_multisource_callback_pass(ctx, ctx->conf->conf_ask, next, &v);

    ngx_multisource_callback_mask(ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    /* the request that is under way now; the answer is ours to take */

    notify = ngx_rtmp_get_module_app_conf(s, ngx_rtmp_notify_module);
    netcall = ngx_rtmp_get_module_ctx(s, ngx_rtmp_netcall_module);

    for (cs = netcall ? netcall->cs : NULL; cs; cs = cs->next) {

        if (cs->url == notify->publish && cs->session == s
            && cs->handle != ngx_multisource_callback_answer)
        {
            ctx->answer = cs->handle;
            cs->handle = ngx_multisource_callback_answer;

            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/*
 * The notify module reads the answer, and the rest of the first pass does
 * nothing more; a redirect has changed the name by then.
 */

static ngx_int_t
ngx_multisource_callback_answer(ngx_rtmp_session_t *s, void *arg,
    ngx_chain_t *in)
{
    void                   **app_conf;
    ngx_int_t                rc;
    ngx_rtmp_publish_t      *v;
    ngx_multisource_ctx_t   *ctx;

    v = arg;
    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (s->connection->destroyed
        || ctx->phase != NGX_MULTISOURCE_ASKING)
    {
        return NGX_ERROR;
    }

    app_conf = s->app_conf;
    s->app_conf = ctx->conf->conf_ask;

    rc = ctx->answer(s, v, in);

    s->app_conf = app_conf;

    *ctx->publish = *v;

    return ngx_multisource_session_answered(ctx, rc == NGX_OK);
}


ngx_int_t
ngx_multisource_callback_join(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next, ngx_rtmp_publish_t *v)
{
    unsigned             relay;
    ngx_int_t            rc;
    ngx_rtmp_session_t  *s;

    s = ctx->session;
    relay = s->relay;

    if (ctx->conf->auto_push) {
        /* configured outside of applications, it would start a second time */
        s->relay = 1;
    }

    rc = ngx_multisource_callback_pass(ctx, ctx->conf->conf_join, next, v);

    s->relay = relay;

    return rc;
}


/* nginx-rtmp's access log has the name as it was sent by now */

static void
ngx_multisource_callback_mask(ngx_multisource_ctx_t *ctx)
{
    size_t                      len;
    ngx_str_t                   name;
    ngx_multisource_log_ctx_t  *log;

    log = ngx_rtmp_get_module_ctx(ctx->session, ngx_rtmp_log_module);

    if (log == NULL || !ctx->as_sent) {
        return;
    }

    name.data = ctx->publish->name;
    name.len = ngx_strlen(name.data);

    len = ngx_multisource_name_mask(&ctx->conf->naming, &name, log->name);

    log->name[len] = '\0';
}
