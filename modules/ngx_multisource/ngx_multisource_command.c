
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_command.h"
#include "ngx_multisource_keys.h"
#include "ngx_multisource_pass.h"
#include "ngx_multisource_session.h"

#include "ngx_live_amf.h"


typedef struct {
    ngx_str_t             name;
    ngx_rtmp_handler_pt   handler;
    ngx_rtmp_handler_pt  *next;
} ngx_multisource_command_t;


static ngx_int_t ngx_multisource_command_connect(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_multisource_command_publish(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_multisource_command_play(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_multisource_command_play2(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_multisource_command_quiet(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in, ngx_rtmp_handler_pt handler);
static void ngx_multisource_command_loud(ngx_rtmp_session_t *s);
static ngx_uint_t ngx_multisource_command_bad_name(ngx_chain_t *in);

static ngx_int_t ngx_multisource_command_on_connect(ngx_rtmp_session_t *s,
    ngx_rtmp_connect_t *v);
static void ngx_multisource_command_split_app(ngx_rtmp_session_t *s,
    ngx_rtmp_connect_t *v);
static void ngx_multisource_command_no_app(ngx_rtmp_session_t *s,
    ngx_rtmp_connect_t *v);
static void ngx_multisource_command_cut(u_char *url, u_char *rest);
static void ngx_multisource_command_clean(u_char *s);
static ngx_rtmp_core_app_conf_t *ngx_multisource_command_app(
    ngx_rtmp_session_t *s, u_char *name, size_t len);
static ngx_int_t ngx_multisource_command_on_publish(ngx_rtmp_session_t *s,
    ngx_rtmp_publish_t *v);
static ngx_int_t ngx_multisource_command_on_play(ngx_rtmp_session_t *s,
    ngx_rtmp_play_t *v);


static ngx_rtmp_handler_pt  next_connect_command;
static ngx_rtmp_handler_pt  next_publish_command;
static ngx_rtmp_handler_pt  next_play_command;
static ngx_rtmp_handler_pt  next_play2_command;

static ngx_rtmp_connect_pt  next_connect;
static ngx_rtmp_play_pt     next_play;


static ngx_multisource_command_t  ngx_multisource_commands[] = {

    { ngx_string("connect"), ngx_multisource_command_connect,
      &next_connect_command },

    { ngx_string("publish"), ngx_multisource_command_publish,
      &next_publish_command },

    { ngx_string("play"), ngx_multisource_command_play,
      &next_play_command },

    { ngx_string("play2"), ngx_multisource_command_play2,
      &next_play2_command },

    { ngx_null_string, NULL, NULL }
};


/*
 * The level of the connection's log before nginx-rtmp parses a command. It is
 * put back by the first handler of the chain that the command leads to, or
 * when nginx-rtmp returns without calling it.
 */

static ngx_uint_t  ngx_multisource_command_level;


ngx_int_t
ngx_multisource_command_hook(ngx_conf_t *cf, ngx_rtmp_core_main_conf_t *cmcf)
{
    ngx_uint_t                  i;
    ngx_rtmp_amf_handler_t     *amf;
    ngx_multisource_command_t  *cmd;

    amf = cmcf->amf.elts;

    for (cmd = ngx_multisource_commands; cmd->name.len; cmd++) {

        for (i = 0; i < cmcf->amf.nelts; i++) {
            if (amf[i].name.len == cmd->name.len
                && ngx_strncmp(amf[i].name.data, cmd->name.data,
                               cmd->name.len)
                   == 0)
            {
                break;
            }
        }

        if (i == cmcf->amf.nelts) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "multisource: nginx-rtmp has no \"%V\" command",
                          &cmd->name);
            return NGX_ERROR;
        }

        *cmd->next = amf[i].handler;
        amf[i].handler = cmd->handler;
    }

    next_connect = ngx_rtmp_connect;
    ngx_rtmp_connect = ngx_multisource_command_on_connect;

    ngx_multisource_session_chain(ngx_rtmp_publish, ngx_rtmp_close_stream);
    ngx_rtmp_publish = ngx_multisource_command_on_publish;
    ngx_rtmp_close_stream = ngx_multisource_session_close;

    next_play = ngx_rtmp_play;
    ngx_rtmp_play = ngx_multisource_command_on_play;

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_command_quiet(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in, ngx_rtmp_handler_pt handler)
{
    ngx_int_t   rc;
    ngx_log_t  *log;

    log = s->connection->log;
    ngx_multisource_command_level = 0;

    if (log->log_level >= NGX_LOG_INFO) {
        ngx_multisource_command_level = log->log_level;
        log->log_level = NGX_LOG_NOTICE;
    }

    rc = handler(s, h, in);

    ngx_multisource_command_loud(s);

    return rc;
}


static void
ngx_multisource_command_loud(ngx_rtmp_session_t *s)
{
    if (ngx_multisource_command_level) {
        s->connection->log->log_level = ngx_multisource_command_level;
        ngx_multisource_command_level = 0;
    }
}


static ngx_int_t
ngx_multisource_command_connect(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    return ngx_multisource_command_quiet(s, h, in, next_connect_command);
}


static ngx_int_t
ngx_multisource_command_publish(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    ngx_int_t               rc;
    ngx_multisource_ctx_t  *ctx;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (ctx) {
        ctx->bad_name = ngx_multisource_command_bad_name(in);
    }

    rc = ngx_multisource_command_quiet(s, h, in, next_publish_command);

    if (ctx) {
        ctx->bad_name = 0;
    }

    return rc;
}


static ngx_int_t
ngx_multisource_command_play(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    return ngx_multisource_command_quiet(s, h, in, next_play_command);
}


static ngx_int_t
ngx_multisource_command_play2(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    return ngx_multisource_command_quiet(s, h, in, next_play2_command);
}


/*
 * nginx-rtmp ends a name at a NUL and at 255 bytes without a word: what it
 * would publish is not what was sent. Here the command's name has been read:
 * a transaction number, a null and the stream's name follow.
 */

static ngx_uint_t
ngx_multisource_command_bad_name(ngx_chain_t *in)
{
    ngx_live_amf_check_t  check;

    ngx_live_amf_check_init(&check);

    for ( /* void */ ; in; in = in->next) {
        if (ngx_live_amf_check_feed(&check, in->buf->pos, in->buf->last)
            != NGX_OK)
        {
            return 1;
        }
    }

    return check.ntop > 2
           && (check.top[2].nul || check.top[2].len >= NGX_RTMP_MAX_NAME);
}


static ngx_int_t
ngx_multisource_command_on_connect(ngx_rtmp_session_t *s,
    ngx_rtmp_connect_t *v)
{
    ngx_multisource_ctx_t  *ctx;

    ngx_multisource_command_loud(s);

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (ctx) {

        if (ctx->connecting) {
            /* each would ask an on_connect callback */
            ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                          "connect: duplicate connection");
            return NGX_ERROR;
        }

        ctx->connecting = 1;
    }

    ngx_multisource_command_clean(v->app);
    ngx_multisource_command_clean(v->args);
    ngx_multisource_command_clean(v->flashver);
    ngx_multisource_command_clean(v->swf_url);
    ngx_multisource_command_clean(v->tc_url);
    ngx_multisource_command_clean(v->page_url);

    ngx_multisource_command_split_app(s, v);

    ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                  "connect: app='%s' flashver='%s' swf_url='%s' tc_url='%s' "
                  "page_url='%s'",
                  v->app, v->flashver, v->swf_url, v->tc_url, v->page_url);

    return next_connect(s, v);
}


/*
 * Many encoders make one URL of the server and the key, and take all but the
 * last part of its path for the application: rtmp://host/live/KEY/Face_Cam
 * gives "live/KEY" and "Face_Cam". When there is an application "live" with
 * multisource and no "live/KEY", the rest belongs to the stream's name.
 */

static void
ngx_multisource_command_split_app(ngx_rtmp_session_t *s,
    ngx_rtmp_connect_t *v)
{
    size_t                       len;
    u_char                      *rest;
    ngx_rtmp_core_app_conf_t    *app;
    ngx_multisource_ctx_t       *ctx;
    ngx_multisource_app_conf_t  *conf;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);

    if (ctx == NULL || s->connected
        || ngx_multisource_command_app(s, v->app, ngx_strlen(v->app)))
    {
        return;
    }

    rest = (u_char *) ngx_strchr(v->app, '/');
    app = NULL;

    if (rest && rest[1] != '\0') {
        app = ngx_multisource_command_app(s, v->app, rest - v->app);
    }

    conf = app ? app->app_conf[ngx_multisource_rtmp_module.ctx_index] : NULL;

    if (conf == NULL || !conf->enable) {
        ngx_multisource_command_no_app(s, v);
        return;
    }

    len = ngx_strlen(rest + 1);

    ctx->app_rest.data = ngx_pnalloc(s->connection->pool, len);
    if (ctx->app_rest.data == NULL) {
        return;
    }

    ngx_memcpy(ctx->app_rest.data, rest + 1, len);
    ctx->app_rest.len = len;

    /* the key must not be seen in URLs either: OBS repeats tcUrl in swfUrl */

    ngx_multisource_command_cut(v->tc_url, rest);
    ngx_multisource_command_cut(v->swf_url, rest);
    ngx_multisource_command_cut(v->page_url, rest);

    *rest = '\0';
}


/*
 * No such application: the name may be a key in the wrong place, and
 * nginx-rtmp is about to log it.
 */

static void
ngx_multisource_command_no_app(ngx_rtmp_session_t *s, ngx_rtmp_connect_t *v)
{
    size_t                        len;
    u_char                        mask[8];
    ngx_str_t                     name;
    ngx_multisource_main_conf_t  *mcf;
    ngx_multisource_app_conf_t  **app;

    mcf = ngx_rtmp_get_module_main_conf(s, ngx_multisource_rtmp_module);

    if (mcf->apps.nelts == 0 || v->app[0] == '\0') {
        return;
    }

    ngx_multisource_command_cut(v->tc_url, v->app);
    ngx_multisource_command_cut(v->swf_url, v->app);
    ngx_multisource_command_cut(v->page_url, v->app);

    app = mcf->apps.elts;

    name.data = v->app;
    name.len = ngx_strlen(v->app);

    len = ngx_multisource_name_mask(&app[0]->naming, &name, mask);

    ngx_memcpy(v->app, mask, len);
    v->app[len] = '\0';
}


static void
ngx_multisource_command_cut(u_char *url, u_char *rest)
{
    u_char  *p;

    p = (u_char *) ngx_strstr(url, rest);

    if (p) {
        *p = '\0';
    }
}


/* what nginx and nginx-rtmp log as it is must not forge lines of the log */

static void
ngx_multisource_command_clean(u_char *s)
{
    for ( /* void */ ; *s; s++) {
        if (*s < ' ' || *s == 0x7f) {
            *s = '?';
        }
    }
}


static ngx_rtmp_core_app_conf_t *
ngx_multisource_command_app(ngx_rtmp_session_t *s, u_char *name, size_t len)
{
    ngx_uint_t                  i;
    ngx_rtmp_core_app_conf_t  **app;
    ngx_rtmp_core_srv_conf_t   *cscf;

    cscf = ngx_rtmp_get_module_srv_conf(s, ngx_rtmp_core_module);
    app = cscf->applications.elts;

    for (i = 0; i < cscf->applications.nelts; i++) {
        if (app[i]->name.len == len
            && ngx_strncmp(app[i]->name.data, name, len) == 0)
        {
            return app[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_multisource_command_on_publish(ngx_rtmp_session_t *s,
    ngx_rtmp_publish_t *v)
{
    ngx_multisource_command_loud(s);

    ngx_multisource_command_clean(v->args);

    if (ngx_multisource_session_conf(s) == NULL) {
        ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                      "publish: name='%s' args='%s' type=%s",
                      v->name, v->args, v->type);
    }

    return ngx_multisource_session_publish(s, v);
}


static ngx_int_t
ngx_multisource_command_on_play(ngx_rtmp_session_t *s, ngx_rtmp_play_t *v)
{
    size_t                       len;
    u_char                      *p, *rest, mask[8];
    u_char                       buf[NGX_RTMP_MAX_NAME * 2];
    ngx_str_t                    name, source, head;
    ngx_multisource_ctx_t       *ctx;
    ngx_multisource_key_t       *key;
    ngx_multisource_app_conf_t  *conf;

    ngx_multisource_command_loud(s);

    ctx = ngx_rtmp_get_module_ctx(s, ngx_multisource_rtmp_module);
    conf = ngx_multisource_session_conf(s);

    if (ctx == NULL || conf == NULL) {
        ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                      "play: name='%s' args='%s' start=%i",
                      v->name, v->args, (ngx_int_t) v->start);

        return next_play(s, v);
    }

    if (s->connection->destroyed) {
        return NGX_ERROR;
    }

    if (ctx->lingering) {
        return NGX_OK;
    }

    ngx_multisource_pass_restore(s, conf);

    if (ctx->phase != NGX_MULTISOURCE_IDLE) {

        /* it would stand in another stream when its publish goes on */

        return ngx_rtmp_send_status(s, "NetStream.Play.Failed", "error",
                                    "this session publishes");
    }

    ngx_multisource_command_clean(v->name);
    ngx_multisource_command_clean(v->args);

    /* rtmp://host/app/STREAMER/SOURCE is played as STREAMER_SOURCE */

    if (ctx->app_rest.len) {
        p = ngx_snprintf(buf, sizeof(buf) - 1, "%V/%s", &ctx->app_rest,
                         v->name);
        *p = '\0';
        ngx_cpystrn(v->name, buf, NGX_RTMP_MAX_NAME);
    }

    name.data = v->name;
    name.len = ngx_strlen(v->name);

    head.data = name.data;
    head.len = ngx_multisource_name_cut(&conf->naming, &name, 0, &rest);

    key = conf->keys ? ngx_multisource_keys_find(conf, &name, &source) : NULL;

    if (key) {
        /* whoever plays by the key gets the public name, and so do the logs */
        head = key->streamer;

    } else {
        source = conf->naming.default_source;

        if (rest) {
            source.data = rest;
            source.len = name.data + name.len - rest;
        }
    }

    if (ngx_multisource_name_check_streamer(&conf->naming, &head)
        == NGX_MULTISOURCE_OK
        && ngx_multisource_name_check_source(&conf->naming, &source)
           == NGX_MULTISOURCE_OK)
    {
        len = ngx_multisource_name_public(&conf->naming, &head, &source, buf);
        ngx_cpystrn(v->name, buf, ngx_min(len + 1, NGX_RTMP_MAX_NAME));

        name.len = ngx_strlen(v->name);
        head.data = name.data;
        head.len = ngx_multisource_name_cut(&conf->naming, &name, 0, &rest);

    } else if (key) {
        /* a source that cannot be: nobody publishes the masked name */

        len = ngx_multisource_name_mask(&conf->naming, &name, mask);
        ngx_memcpy(v->name, mask, len);
        v->name[len] = '\0';

        name.len = len;
        head.data = name.data;
        head.len = ngx_multisource_name_cut(&conf->naming, &name, 0, &rest);
    }

    if (conf->keys ? ngx_multisource_keys_streamer(conf->keys, &head)
                   : !conf->callback)
    {
        ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                      "play: name='%s' start=%i",
                      v->name, (ngx_int_t) v->start);

    } else {
        len = ngx_multisource_name_mask(&conf->naming, &name, mask);

        ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                      "play: name='%*s' start=%i",
                      len, mask, (ngx_int_t) v->start);
    }

    return next_play(s, v);
}
