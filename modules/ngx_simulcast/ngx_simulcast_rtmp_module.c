
/*
 * Copyright (C) the ngx_live contributors
 *
 * Directives of rtmp{}, and the hooks into nginx-rtmp: what is published, its
 * messages, its end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_rtmp.h>
#include <ngx_rtmp_cmd_module.h>
#include <ngx_rtmp_live_module.h>

#include "ngx_live_secret.h"
#include "ngx_simulcast.h"
#include "ngx_simulcast_config.h"
#include "ngx_simulcast_rtmp_module.h"
#include "ngx_simulcast_source.h"


extern ngx_module_t  ngx_rtmp_module;


/* only to say which load_module line is missing */

#pragma weak ngx_rtmp_close_stream
#pragma weak ngx_rtmp_core_module
#pragma weak ngx_rtmp_live_module
#pragma weak ngx_rtmp_module


#define NGX_SIMULCAST_SEPARATOR  8      /* characters, as of ngx_multisource */


typedef struct {
    ngx_simulcast_source_t   *source;
    unsigned                  failed:1;     /* there was no memory for it */
} ngx_simulcast_rtmp_ctx_t;


static ngx_int_t ngx_simulcast_rtmp_postconfiguration(ngx_conf_t *cf);
static void *ngx_simulcast_rtmp_create_app_conf(ngx_conf_t *cf);
static char *ngx_simulcast_rtmp_merge_app_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_simulcast_rtmp_push(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_rtmp_separator(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_rtmp_default_source(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static ngx_uint_t ngx_simulcast_rtmp_multisource(ngx_cycle_t *cycle);
static ngx_int_t ngx_simulcast_rtmp_name(ngx_conf_t *cf,
    ngx_rtmp_core_app_conf_t *app);
static ngx_int_t ngx_simulcast_rtmp_av(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_simulcast_source_t *ngx_simulcast_rtmp_source(
    ngx_rtmp_session_t *s);
static ngx_int_t ngx_simulcast_rtmp_close_stream(ngx_rtmp_session_t *s,
    ngx_rtmp_close_stream_t *v);


static ngx_rtmp_close_stream_pt  ngx_simulcast_rtmp_next_close_stream;


static ngx_command_t  ngx_simulcast_rtmp_commands[] = {

    { ngx_string("simulcast"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_simulcast_app_conf_t, enable),
      NULL },

    { ngx_string("simulcast_push"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_1MORE,
      ngx_simulcast_rtmp_push,
      NGX_RTMP_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("simulcast_separator"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_simulcast_rtmp_separator,
      NGX_RTMP_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("simulcast_default_source"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_simulcast_rtmp_default_source,
      NGX_RTMP_APP_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_rtmp_module_t  ngx_simulcast_rtmp_module_ctx = {
    NULL,                                   /* preconfiguration */
    ngx_simulcast_rtmp_postconfiguration,   /* postconfiguration */
    NULL,                                   /* create main configuration */
    NULL,                                   /* init main configuration */
    NULL,                                   /* create server configuration */
    NULL,                                   /* merge server configuration */
    ngx_simulcast_rtmp_create_app_conf,     /* create app configuration */
    ngx_simulcast_rtmp_merge_app_conf       /* merge app configuration */
};


ngx_module_t  ngx_simulcast_rtmp_module = {
    NGX_MODULE_V1,
    &ngx_simulcast_rtmp_module_ctx,         /* module context */
    ngx_simulcast_rtmp_commands,            /* module directives */
    NGX_RTMP_MODULE,                        /* module type */
    NULL,                                   /* init master */
    NULL,                                   /* init module */
    NULL,                                   /* init process */
    NULL,                                   /* init thread */
    NULL,                                   /* exit thread */
    NULL,                                   /* exit process */
    NULL,                                   /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_uint_t
ngx_simulcast_rtmp_loaded(void)
{
    return &ngx_rtmp_module != NULL;
}


static void *
ngx_simulcast_rtmp_create_app_conf(ngx_conf_t *cf)
{
    ngx_simulcast_app_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_simulcast_app_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->pushes = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_simulcast_rtmp_merge_app_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_simulcast_app_conf_t  *prev = parent;
    ngx_simulcast_app_conf_t  *conf = child;

    ngx_conf_merge_ptr_value(conf->pushes, prev->pushes, NULL);

    /* where nothing is said it depends on the pushes, see below */

    if (conf->enable == NGX_CONF_UNSET) {
        conf->enable = prev->enable;
    }

    ngx_conf_merge_str_value(conf->default_source, prev->default_source,
                             "main");

    /* only where ngx_multisource is loaded do names have parts */

    if (ngx_simulcast_rtmp_multisource(cf->cycle)) {
        ngx_conf_merge_str_value(conf->separator, prev->separator, "_");

    } else {
        ngx_conf_merge_str_value(conf->separator, prev->separator, "");
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_simulcast_rtmp_multisource(ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    for (i = 0; cycle->modules[i]; i++) {
        if (ngx_strcmp(cycle->modules[i]->name, "ngx_multisource_rtmp_module")
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* simulcast_push URL [key_file=] [streamer=] [source=] [name=] */

static char *
ngx_simulcast_rtmp_push(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_simulcast_app_conf_t *sacf = conf;

    ngx_str_t               *value, key, parsed, url;
    ngx_uint_t               i;
    const char              *error;
    ngx_simulcast_url_t      target;
    ngx_simulcast_static_t  *push;

    if (sacf->pushes == NGX_CONF_UNSET_PTR) {
        sacf->pushes = ngx_array_create(cf->pool, 4,
                                        sizeof(ngx_simulcast_static_t));
        if (sacf->pushes == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    push = ngx_array_push(sacf->pushes);
    if (push == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(push, sizeof(ngx_simulcast_static_t));

    value = cf->args->elts;
    push->url = value[1];

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "key_file=", 9) == 0) {
            value[i].data += 9;
            value[i].len -= 9;

            if (ngx_live_secret_line(cf, &value[i], &push->key) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "streamer=", 9) == 0) {
            push->streamer.data = value[i].data + 9;
            push->streamer.len = value[i].len - 9;
            continue;
        }

        if (ngx_strncmp(value[i].data, "source=", 7) == 0) {
            push->source.data = value[i].data + 7;
            push->source.len = value[i].len - 7;
            continue;
        }

        if (ngx_strncmp(value[i].data, "name=", 5) == 0
            && value[i].len - 5 <= NGX_SIMULCAST_TITLE)
        {
            push->name.data = value[i].data + 5;
            push->name.len = value[i].len - 5;
            continue;
        }

        /* what was meant may be a key: it is not repeated */

        return "has a parameter that is none of key_file=, streamer=, source= "
               "and name= (up to 100 characters)";
    }

    /* the URL of every stream, if it ends in $name */

    url = push->url;
    parsed = push->key;

    error = ngx_simulcast_url_parse(&url, &parsed, &target);

    if (error) {
        return (char *) error;
    }

    key = target.host;

    if (push->name.len == 0) {
        push->name.data = ngx_pstrdup(cf->pool, &key);
        push->name.len = key.len;

        if (push->name.data == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_simulcast_rtmp_separator(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_simulcast_app_conf_t *sacf = conf;

    size_t      i;
    ngx_str_t  *value;

    if (sacf->separator.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 3 && ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&sacf->separator, "");
        return NGX_CONF_OK;
    }

    if (value[1].len == 0 || value[1].len > NGX_SIMULCAST_SEPARATOR) {
        return "must have 1 to 8 characters, or be off";
    }

    for (i = 0; i < value[1].len; i++) {
        if (ngx_strchr("_-.~", value[1].data[i]) == NULL) {
            return "may consist of \"_\", \"-\", \".\" and \"~\", or be off";
        }
    }

    sacf->separator = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_simulcast_rtmp_default_source(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_simulcast_app_conf_t *sacf = conf;

    ngx_str_t  *value;

    if (sacf->default_source.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].len > NGX_SIMULCAST_NAME) {
        return "must have 1 to 50 characters";
    }

    sacf->default_source = value[1];

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_simulcast_rtmp_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                   i, n, enabled;
    ngx_rtmp_handler_pt         *h;
    ngx_rtmp_core_app_conf_t   **app;
    ngx_rtmp_core_srv_conf_t   **cscf;
    ngx_simulcast_app_conf_t    *sacf;
    ngx_rtmp_live_app_conf_t    *live;
    ngx_rtmp_core_main_conf_t   *cmcf;

    static const ngx_uint_t  events[] = {
        NGX_RTMP_MSG_AUDIO, NGX_RTMP_MSG_VIDEO, NGX_RTMP_MSG_AMF_META
    };

    cmcf = ngx_rtmp_conf_get_module_main_conf(cf, ngx_rtmp_core_module);
    cscf = cmcf->servers.elts;
    enabled = 0;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        app = cscf[i]->applications.elts;

        for (n = 0; n < cscf[i]->applications.nelts; n++) {

            sacf = app[n]->app_conf[ngx_simulcast_rtmp_module.ctx_index];
            live = app[n]->app_conf[ngx_rtmp_live_module.ctx_index];

            ngx_conf_init_value(sacf->enable, sacf->pushes != NULL);

            if (!sacf->enable) {
                continue;
            }

            if (!live->live) {
                ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                              "\"simulcast on\" and \"simulcast_push\" need "
                              "\"live on\" in application \"%V\"",
                              &app[n]->name);
                return NGX_ERROR;
            }

            enabled = 1;

            if (sacf->pushes && ngx_simulcast_rtmp_name(cf, app[n]) != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    if (!enabled) {
        return NGX_OK;
    }

    if (ngx_simulcast_config_need(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        h = ngx_array_push(&cmcf->events[events[i]]);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = ngx_simulcast_rtmp_av;
    }

    ngx_simulcast_rtmp_next_close_stream = ngx_rtmp_close_stream;
    ngx_rtmp_close_stream = ngx_simulcast_rtmp_close_stream;

    return NGX_OK;
}


/* APP-1, APP-2, ...: those that are inherited become the application's own */

static ngx_int_t
ngx_simulcast_rtmp_name(ngx_conf_t *cf, ngx_rtmp_core_app_conf_t *app)
{
    ngx_uint_t                 i;
    ngx_array_t               *pushes;
    ngx_simulcast_static_t    *push, *own;
    ngx_simulcast_app_conf_t  *sacf;

    sacf = app->app_conf[ngx_simulcast_rtmp_module.ctx_index];

    pushes = ngx_array_create(cf->pool, sacf->pushes->nelts,
                              sizeof(ngx_simulcast_static_t));
    if (pushes == NULL) {
        return NGX_ERROR;
    }

    push = sacf->pushes->elts;

    for (i = 0; i < sacf->pushes->nelts; i++) {
        own = ngx_array_push(pushes);
        *own = push[i];

        own->id.data = ngx_pnalloc(cf->pool, app->name.len + 1
                                             + NGX_INT_T_LEN);
        if (own->id.data == NULL) {
            return NGX_ERROR;
        }

        own->id.len = ngx_sprintf(own->id.data, "%V-%ui", &app->name, i + 1)
                      - own->id.data;
        own->id.len = ngx_min(own->id.len, NGX_SIMULCAST_ID);
    }

    sacf->pushes = pushes;

    return NGX_OK;
}


/* observes: whatever happens here, the stream goes on */

static ngx_int_t
ngx_simulcast_rtmp_av(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    ngx_simulcast_source_t  *source;

    source = ngx_simulcast_rtmp_source(s);

    if (source && in) {
        if (ngx_simulcast_feed_message(source->feed, h->type, h->timestamp, in)
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, s->connection->log, 0,
                          "simulcast: a message is lost, out of memory");
        }
    }

    return NGX_OK;
}


static ngx_simulcast_source_t *
ngx_simulcast_rtmp_source(ngx_rtmp_session_t *s)
{
    size_t                      len;
    ngx_str_t                   name;
    ngx_rtmp_live_ctx_t        *live;
    ngx_simulcast_app_conf_t   *sacf;
    ngx_simulcast_rtmp_ctx_t   *ctx;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_simulcast_rtmp_module);

    if (ctx && (ctx->source || ctx->failed)) {
        return ctx->source;
    }

    if (s->app_conf == NULL) {
        return NULL;
    }

    sacf = ngx_rtmp_get_module_app_conf(s, ngx_simulcast_rtmp_module);
    live = ngx_rtmp_get_module_ctx(s, ngx_rtmp_live_module);

    if (sacf == NULL || !sacf->enable
        || live == NULL || !live->publishing || live->stream == NULL)
    {
        return NULL;
    }

    if (ctx == NULL) {
        ctx = ngx_pcalloc(s->connection->pool,
                          sizeof(ngx_simulcast_rtmp_ctx_t));
        if (ctx == NULL) {
            return NULL;
        }

        ngx_rtmp_set_ctx(s, ctx, ngx_simulcast_rtmp_module);
    }

    len = ngx_strlen(live->stream->name);
    name.data = live->stream->name;
    name.len = len;

    ctx->source = ngx_simulcast_source_open(sacf, &name);

    if (ctx->source == NULL) {
        ctx->failed = 1;
        ngx_log_error(NGX_LOG_ERR, s->connection->log, 0,
                      "simulcast: the stream goes nowhere, out of memory");
    }

    return ctx->source;
}


static ngx_int_t
ngx_simulcast_rtmp_close_stream(ngx_rtmp_session_t *s,
    ngx_rtmp_close_stream_t *v)
{
    ngx_simulcast_source_t     *source;
    ngx_simulcast_rtmp_ctx_t   *ctx;

    ctx = ngx_rtmp_get_module_ctx(s, ngx_simulcast_rtmp_module);

    if (ctx) {
        source = ctx->source;
        ctx->source = NULL;
        ctx->failed = 0;

        if (source) {
            /* a connection that is being closed has not said goodbye */

            ngx_simulcast_source_close(source, !s->connection->destroyed);
        }
    }

    return ngx_simulcast_rtmp_next_close_stream(s, v);
}
