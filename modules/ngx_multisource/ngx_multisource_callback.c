
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_callback.h"
#include "ngx_multisource_pass.h"
#include "ngx_multisource_private.h"
#include "ngx_multisource_session.h"


extern ngx_module_t  ngx_rtmp_log_module;
extern ngx_module_t  ngx_rtmp_netcall_module;
extern ngx_module_t  ngx_rtmp_notify_module;


static ngx_int_t ngx_multisource_callback_take(ngx_multisource_ctx_t *ctx);
static ngx_int_t ngx_multisource_callback_answer(ngx_rtmp_session_t *s,
    void *arg, ngx_chain_t *in);
static void ngx_multisource_callback_mask(ngx_multisource_ctx_t *ctx);


ngx_int_t
ngx_multisource_callback_ask(ngx_multisource_ctx_t *ctx,
    ngx_rtmp_publish_pt next)
{
    ngx_uint_t  try;

    /* an answer that came before we could look for it is asked for again */

    for (try = 0; try < 2; try++) {

        if (ngx_multisource_pass_ask(ctx, next) != NGX_OK
            || ctx->session->connection->destroyed)
        {
            break;
        }

        ngx_multisource_callback_mask(ctx);

        if (ngx_multisource_callback_take(ctx) == NGX_OK) {
            return NGX_OK;
        }
    }

    ngx_multisource_callback_mask(ctx);

    return NGX_ERROR;
}


/* the request that is under way now: its answer is ours */

static ngx_int_t
ngx_multisource_callback_take(ngx_multisource_ctx_t *ctx)
{
    ngx_rtmp_session_t             *s;
    ngx_multisource_netcall_t      *cs;
    ngx_multisource_notify_conf_t  *notify;
    ngx_multisource_netcall_ctx_t  *netcall;

    s = ctx->session;

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

    return NGX_DECLINED;
}


/*
 * The notify module reads the answer, and the rest of the first pass does
 * nothing more; a redirect has changed the name by then.
 */

static ngx_int_t
ngx_multisource_callback_answer(ngx_rtmp_session_t *s, void *arg,
    ngx_chain_t *in)
{
    ngx_int_t               rc;
    ngx_rtmp_publish_t     *v;
    ngx_multisource_ctx_t  *ctx;

    v = arg;
    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (s->connection->destroyed
        || ctx->phase != NGX_MULTISOURCE_ASKING)
    {
        return NGX_ERROR;
    }

    rc = ngx_multisource_pass_answer(ctx, ctx->answer, v, in);

    *ctx->publish = *v;

    return ngx_multisource_session_answered(ctx, rc == NGX_OK);
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
