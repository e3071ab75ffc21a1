
/*
 * Copyright (C) the ngx_live contributors
 *
 * The http{} side: directives, variables, and what its handlers share.
 */


#include "ngx_multisource.h"
#include "ngx_multisource_api.h"
#include "ngx_multisource_http_module.h"
#include "ngx_multisource_http_sessions.h"
#include "ngx_multisource_play.h"
#include "ngx_multisource_rtmp_module.h"
#include "ngx_multisource_show_api.h"
#include "ngx_multisource_status.h"
#include "ngx_multisource_store.h"
#include "ngx_multisource_webhook.h"


static ngx_int_t ngx_multisource_http_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_multisource_http_postconfiguration(ngx_conf_t *cf);
static void *ngx_multisource_http_create_main_conf(ngx_conf_t *cf);
static char *ngx_multisource_http_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_multisource_http_create_loc_conf(ngx_conf_t *cf);
static char *ngx_multisource_http_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_http_handler_pt ngx_multisource_http_handler(ngx_uint_t serves);
static char *ngx_multisource_http_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_multisource_http_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_multisource_http_serve(ngx_conf_t *cf,
    ngx_multisource_loc_conf_t *mlcf, ngx_uint_t serves);
static char *ngx_multisource_http_url(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_multisource_http_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_command_t  ngx_multisource_http_commands[] = {

    { ngx_string("multisource_play"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_multisource_http_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_MULTISOURCE_LOCATION_PLAY,
      NULL },

    { ngx_string("multisource_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_multisource_http_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_MULTISOURCE_LOCATION_API,
      NULL },

    { ngx_string("multisource_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_multisource_http_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_hls_url"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_multisource_http_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_multisource_loc_conf_t, hls_url),
      NULL },

    { ngx_string("multisource_watch_url"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_multisource_http_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_multisource_loc_conf_t, watch_url),
      NULL },

    { ngx_string("multisource_list"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_multisource_loc_conf_t, list),
      NULL },

    { ngx_string("multisource_kick"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_multisource_loc_conf_t, kick),
      NULL },

    { ngx_string("multisource_sessions"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_multisource_http_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_MULTISOURCE_LOCATION_SESSIONS,
      NULL },

    { ngx_string("multisource_sessions_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_multisource_http_main_conf_t, sessions_zone_size),
      &ngx_multisource_http_sessions_zone },

    { ngx_string("multisource_sessions_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_multisource_http_sessions_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_sessions_public"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_multisource_http_main_conf_t, public),
      NULL },

    { ngx_string("multisource_sessions_grace"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_multisource_http_main_conf_t, grace),
      &ngx_multisource_http_sessions_grace },

    { ngx_string("multisource_sessions_origin"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_multisource_http_sessions_origin,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_viewer_time"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_multisource_http_main_conf_t, viewer_time),
      &ngx_multisource_http_sessions_viewer_time },

    { ngx_string("multisource_price"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_multisource_http_sessions_price,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_webhook"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_multisource_webhook_conf,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1234,
      ngx_multisource_store_conf,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_whip_url"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_multisource_http_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_multisource_loc_conf_t, whip_url),
      NULL },

    { ngx_string("multisource_rtmp_url"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_multisource_http_sessions_rtmp_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_multisource_loc_conf_t, rtmp_url),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_multisource_http_module_ctx = {
    ngx_multisource_http_preconfiguration,  /* preconfiguration */
    ngx_multisource_http_postconfiguration, /* postconfiguration */

    ngx_multisource_http_create_main_conf,  /* create main configuration */
    ngx_multisource_http_init_main_conf,    /* init main configuration */

    NULL,                                   /* create server configuration */
    NULL,                                   /* merge server configuration */

    ngx_multisource_http_create_loc_conf,   /* create location configuration */
    ngx_multisource_http_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_multisource_http_module = {
    NGX_MODULE_V1,
    &ngx_multisource_http_module_ctx,       /* module context */
    ngx_multisource_http_commands,          /* module directives */
    NGX_HTTP_MODULE,                        /* module type */
    NULL,                                   /* init master */
    NULL,                                   /* init module */
    NULL,                                   /* init process */
    NULL,                                   /* init thread */
    NULL,                                   /* exit thread */
    NULL,                                   /* exit process */
    NULL,                                   /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_variable_t  ngx_multisource_http_vars[] = {

    { ngx_string("multisource_streamer"), NULL,
      ngx_multisource_http_variable,
      offsetof(ngx_multisource_http_ctx_t, streamer),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("multisource_source"), NULL,
      ngx_multisource_http_variable,
      offsetof(ngx_multisource_http_ctx_t, source),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_multisource_http_preconfiguration(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_multisource_http_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_http_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    /* names a path's file before the static module looks for it */

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_multisource_play_handler;

    return ngx_multisource_http_sessions_prepare(cf);
}


static void *
ngx_multisource_http_create_main_conf(ngx_conf_t *cf)
{
    ngx_multisource_http_main_conf_t  *hmcf;

    hmcf = ngx_pcalloc(cf->pool, sizeof(ngx_multisource_http_main_conf_t));
    if (hmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&hmcf->locations, cf->pool, 4,
                       sizeof(ngx_multisource_loc_conf_t *))
        != NGX_OK
        || ngx_array_init(&hmcf->prices, cf->pool, 4,
                          sizeof(ngx_multisource_http_price_t))
           != NGX_OK)
    {
        return NULL;
    }

    hmcf->sessions_zone_size = NGX_CONF_UNSET_SIZE;
    hmcf->public = NGX_CONF_UNSET;
    hmcf->grace = NGX_CONF_UNSET_MSEC;
    hmcf->viewer_time = NGX_CONF_UNSET;

    return hmcf;
}


static char *
ngx_multisource_http_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_multisource_http_main_conf_t *hmcf = conf;

    ngx_conf_init_size_value(hmcf->sessions_zone_size, 16 * 1024 * 1024);
    ngx_conf_init_value(hmcf->public, 1);
    ngx_conf_init_msec_value(hmcf->grace, 30000);
    ngx_conf_init_value(hmcf->viewer_time, 12 * 60 * 60);

    return NGX_CONF_OK;
}


static void *
ngx_multisource_http_create_loc_conf(ngx_conf_t *cf)
{
    ngx_multisource_loc_conf_t  *mlcf;

    mlcf = ngx_pcalloc(cf->pool, sizeof(ngx_multisource_loc_conf_t));
    if (mlcf == NULL) {
        return NULL;
    }

    mlcf->list = NGX_CONF_UNSET;
    mlcf->kick = NGX_CONF_UNSET;
    mlcf->origins = NGX_CONF_UNSET_PTR;

    return mlcf;
}


static char *
ngx_multisource_http_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_multisource_loc_conf_t  *prev = parent;
    ngx_multisource_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t          *clcf;
    ngx_multisource_loc_conf_t       **location;
    ngx_multisource_http_main_conf_t  *hmcf;

    ngx_conf_merge_str_value(conf->hls_url, prev->hls_url, "/hls/");
    ngx_conf_merge_str_value(conf->watch_url, prev->watch_url, "/watch/");
    ngx_conf_merge_value(conf->list, prev->list, 0);
    ngx_conf_merge_value(conf->kick, prev->kick, 0);
    ngx_conf_merge_str_value(conf->whip_url, prev->whip_url, "/whip/");
    ngx_conf_merge_str_value(conf->rtmp_url, prev->rtmp_url, "");
    ngx_conf_merge_ptr_value(conf->origins, prev->origins, NULL);

    /* "if" and "limit_except" blocks serve what their location serves */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->noname || conf->serves || !prev->serves) {
        return NGX_CONF_OK;
    }

    conf->serves = prev->serves;
    conf->app_name = prev->app_name;
    conf->file = prev->file;
    conf->line = prev->line;

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = ngx_multisource_http_handler(conf->serves);
    }

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_multisource_http_module);

    location = ngx_array_push(&hmcf->locations);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    *location = conf;

    return NGX_CONF_OK;
}


static ngx_http_handler_pt
ngx_multisource_http_handler(ngx_uint_t serves)
{
    switch (serves) {

    case NGX_MULTISOURCE_LOCATION_API:
        return ngx_multisource_api_handler;

    case NGX_MULTISOURCE_LOCATION_STATUS:
    case NGX_MULTISOURCE_LOCATION_PROMETHEUS:
        return ngx_multisource_status_handler;

    case NGX_MULTISOURCE_LOCATION_SESSIONS:
        return ngx_multisource_show_api_handler;
    }

    return NULL;
}


static char *
ngx_multisource_http_location(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_multisource_loc_conf_t  *mlcf = conf;

    char                      *rv;
    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_multisource_http_serve(cf, mlcf, cmd->offset);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (cf->args->nelts == 2) {
        value = cf->args->elts;
        mlcf->app_name = value[1];
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)
    if (clcf->regex) {
        return "must be in a location with a prefix, not a regular expression";
    }
#endif

    if (clcf->named || clcf->name.len == 0
        || clcf->name.data[clcf->name.len - 1] != '/')
    {
        return "must be in a location whose prefix ends with \"/\"";
    }

    if (mlcf->serves != NGX_MULTISOURCE_LOCATION_PLAY) {
        clcf->handler = ngx_multisource_http_handler(mlcf->serves);
    }

    return NGX_CONF_OK;
}


static char *
ngx_multisource_http_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_multisource_loc_conf_t  *mlcf = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 serves;
    ngx_http_core_loc_conf_t  *clcf;

    serves = NGX_MULTISOURCE_LOCATION_STATUS;

    if (cf->args->nelts == 2) {
        value = cf->args->elts;

        if (ngx_strcmp(value[1].data, "prometheus") != 0) {
            return "takes \"prometheus\" or nothing";
        }

        serves = NGX_MULTISOURCE_LOCATION_PROMETHEUS;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_multisource_status_handler;

    return ngx_multisource_http_serve(cf, mlcf, serves);
}


static char *
ngx_multisource_http_serve(ngx_conf_t *cf, ngx_multisource_loc_conf_t *mlcf,
    ngx_uint_t serves)
{
    ngx_multisource_loc_conf_t        **location;
    ngx_multisource_http_main_conf_t   *hmcf;

    if (mlcf->serves) {
        return "is not the only multisource directive of this location "
               "that serves requests";
    }

    mlcf->serves = serves;
    mlcf->file = cf->conf_file->file.name;
    mlcf->line = cf->conf_file->line;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_multisource_http_module);

    location = ngx_array_push(&hmcf->locations);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    *location = mlcf;

    return NGX_CONF_OK;
}


static char *
ngx_multisource_http_url(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *rv;
    ngx_str_t  *url;

    rv = ngx_conf_set_str_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    url = (ngx_str_t *) ((char *) conf + cmd->offset);

    if (url->len == 0 || url->data[url->len - 1] != '/') {
        return "must end with \"/\"";
    }

    return NGX_CONF_OK;
}


ngx_multisource_http_main_conf_t *
ngx_multisource_http_main_conf(ngx_cycle_t *cycle)
{
    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return NULL;
    }

    return ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_multisource_http_module);
}


ngx_int_t
ngx_multisource_http_resolve(ngx_cycle_t *cycle)
{
    ngx_uint_t                          i;
    ngx_multisource_loc_conf_t         *mlcf, **locations;
    ngx_multisource_http_main_conf_t   *hmcf;

    hmcf = ngx_multisource_http_main_conf(cycle);
    if (hmcf == NULL) {
        return NGX_OK;
    }

    locations = hmcf->locations.elts;

    for (i = 0; i < hmcf->locations.nelts; i++) {
        mlcf = locations[i];

        mlcf->app = ngx_multisource_rtmp_app(cycle, &mlcf->app_name);

        if (mlcf->app
            || ((mlcf->serves == NGX_MULTISOURCE_LOCATION_STATUS
                 || mlcf->serves == NGX_MULTISOURCE_LOCATION_PROMETHEUS)
                && ngx_multisource_rtmp_main_conf(cycle)
                && ngx_multisource_rtmp_main_conf(cycle)->apps.nelts))
        {
            continue;
        }

        if (mlcf->app_name.len) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "no rtmp application \"%V\" has \"multisource on\" "
                          "in %V:%ui",
                          &mlcf->app_name, &mlcf->file, mlcf->line);
            return NGX_ERROR;
        }

        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "exactly one rtmp application must have \"multisource "
                      "on\", or its name must be given here, in %V:%ui",
                      &mlcf->file, mlcf->line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_str_t
ngx_multisource_http_rest(ngx_http_request_t *r)
{
    ngx_str_t                  rest;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* "rewrite ... break" leaves the location, but not its prefix */

    rest.len = r->uri.len > clcf->name.len ? r->uri.len - clcf->name.len : 0;
    rest.data = r->uri.data + r->uri.len - rest.len;

    return rest;
}


ngx_int_t
ngx_multisource_http_name(ngx_http_request_t *r, ngx_str_t *streamer,
    ngx_str_t *source)
{
    ngx_multisource_http_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_multisource_http_ctx_t));
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->streamer = *streamer;

    if (source) {
        ctx->source = *source;
    }

    ngx_http_set_ctx(r, ctx, ngx_multisource_http_module);

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_http_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                   *s;
    ngx_multisource_http_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_multisource_http_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    s = (ngx_str_t *) ((char *) ctx + data);

    if (s->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = s->len;
    v->data = s->data;

    return NGX_OK;
}
