
/*
 * Copyright (C) the ngx_live contributors
 *
 * The rtmp{} side: directives, and our place in nginx-rtmp's chains.
 */


#include "ngx_multisource.h"
#include "ngx_multisource_command.h"
#include "ngx_multisource_disk.h"
#include "ngx_multisource_guard.h"
#include "ngx_multisource_keys.h"
#include "ngx_multisource_pass.h"
#include "ngx_multisource_private.h"
#include "ngx_live_rate.h"
#include "ngx_multisource_rtmp_module.h"
#include "ngx_multisource_session.h"
#include "ngx_multisource_sweep.h"

#include <ngx_rtmp_live_module.h>


extern ngx_module_t  ngx_rtmp_module;
extern ngx_module_t  ngx_rtmp_auto_push_module;


static ngx_int_t ngx_multisource_rtmp_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_multisource_rtmp_postconfiguration(ngx_conf_t *cf);
static void *ngx_multisource_rtmp_create_main_conf(ngx_conf_t *cf);
static char *ngx_multisource_rtmp_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_multisource_rtmp_create_app_conf(ngx_conf_t *cf);
static char *ngx_multisource_rtmp_merge_app_conf(ngx_conf_t *cf, void *parent,
    void *child);

static char *ngx_multisource_rtmp_zone(ngx_conf_t *cf, void *post, void *data);
static char *ngx_multisource_rtmp_keys(ngx_conf_t *cf, void *post, void *data);
static char *ngx_multisource_rtmp_on(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_multisource_rtmp_default_source(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_multisource_rtmp_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_multisource_rtmp_max_sources(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_multisource_rtmp_refuse_rate(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_multisource_rtmp_separator(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_multisource_rtmp_reserved(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

static char *ngx_multisource_rtmp_hls_path(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

static ngx_int_t ngx_multisource_rtmp_enable(ngx_conf_t *cf,
    ngx_rtmp_core_app_conf_t *app);
static ngx_int_t ngx_multisource_rtmp_hls(ngx_conf_t *cf,
    ngx_multisource_app_conf_t *conf);
static ngx_int_t ngx_multisource_rtmp_naming(ngx_conf_t *cf,
    ngx_multisource_app_conf_t *conf);


static ngx_conf_post_t  ngx_multisource_rtmp_zone_post = {
    ngx_multisource_rtmp_zone
};

static ngx_conf_post_t  ngx_multisource_rtmp_keys_post = {
    ngx_multisource_rtmp_keys
};

static ngx_conf_num_bounds_t  ngx_multisource_rtmp_hls_part = {
    ngx_conf_check_num_bounds, 50, 2000
};

static ngx_conf_num_bounds_t  ngx_multisource_rtmp_hls_segment = {
    ngx_conf_check_num_bounds, 500, 20000
};

static ngx_conf_num_bounds_t  ngx_multisource_rtmp_hls_window = {
    ngx_conf_check_num_bounds, 6000, 24 * 60 * 60 * 1000
};

static ngx_str_t  ngx_multisource_zone_name = ngx_string("multisource");


static ngx_command_t  ngx_multisource_rtmp_commands[] = {

    { ngx_string("multisource_zone"),
      NGX_RTMP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_RTMP_MAIN_CONF_OFFSET,
      offsetof(ngx_multisource_main_conf_t, zone_size),
      &ngx_multisource_rtmp_zone_post },

    { ngx_string("multisource_guard"),
      NGX_RTMP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_RTMP_MAIN_CONF_OFFSET,
      offsetof(ngx_multisource_main_conf_t, guard),
      NULL },

    { ngx_string("multisource"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_FLAG,
      ngx_multisource_rtmp_on,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, enable),
      NULL },

    { ngx_string("multisource_keys"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, keys_file),
      &ngx_multisource_rtmp_keys_post },

    { ngx_string("multisource_separator"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_multisource_rtmp_separator,
      NGX_RTMP_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_default_source"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_multisource_rtmp_default_source,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, naming)
          + offsetof(ngx_multisource_naming_t, default_source),
      NULL },

    { ngx_string("multisource_reserved"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_1MORE,
      ngx_multisource_rtmp_reserved,
      NGX_RTMP_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_max_sources"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_multisource_rtmp_max_sources,
      NGX_RTMP_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_max_bitrate"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_multisource_rtmp_rate,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, max_bitrate),
      NULL },

    { ngx_string("multisource_max_total_bitrate"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_multisource_rtmp_rate,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, max_total_bitrate),
      NULL },

    { ngx_string("multisource_takeover"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, takeover),
      NULL },

    { ngx_string("multisource_timeout"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, timeout),
      NULL },

    { ngx_string("multisource_refuse_rate"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_multisource_rtmp_refuse_rate,
      NGX_RTMP_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("multisource_hls"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, hls),
      NULL },

    { ngx_string("multisource_hls_path"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_multisource_rtmp_hls_path,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, hls_path),
      NULL },

    { ngx_string("multisource_hls_part"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, hls_part),
      &ngx_multisource_rtmp_hls_part },

    { ngx_string("multisource_hls_segment"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, hls_segment),
      &ngx_multisource_rtmp_hls_segment },

    { ngx_string("multisource_hls_window"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, hls_window),
      &ngx_multisource_rtmp_hls_window },

    { ngx_string("multisource_hls_keep"),
      NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF|NGX_RTMP_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_RTMP_APP_CONF_OFFSET,
      offsetof(ngx_multisource_app_conf_t, hls_keep),
      NULL },

      ngx_null_command
};


static ngx_rtmp_module_t  ngx_multisource_rtmp_module_ctx = {
    ngx_multisource_rtmp_preconfiguration,  /* preconfiguration */
    ngx_multisource_rtmp_postconfiguration, /* postconfiguration */

    ngx_multisource_rtmp_create_main_conf,  /* create main configuration */
    ngx_multisource_rtmp_init_main_conf,    /* init main configuration */

    NULL,                                   /* create server configuration */
    NULL,                                   /* merge server configuration */

    ngx_multisource_rtmp_create_app_conf,   /* create app configuration */
    ngx_multisource_rtmp_merge_app_conf     /* merge app configuration */
};


ngx_module_t  ngx_multisource_rtmp_module = {
    NGX_MODULE_V1,
    &ngx_multisource_rtmp_module_ctx,       /* module context */
    ngx_multisource_rtmp_commands,          /* module directives */
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


ngx_multisource_main_conf_t *
ngx_multisource_rtmp_main_conf(ngx_cycle_t *cycle)
{
    ngx_rtmp_conf_ctx_t  *ctx;

    ctx = (ngx_rtmp_conf_ctx_t *) ngx_get_conf(cycle->conf_ctx,
                                               ngx_rtmp_module);

    return ctx ? ctx->main_conf[ngx_multisource_rtmp_module.ctx_index] : NULL;
}


ngx_multisource_app_conf_t *
ngx_multisource_rtmp_app(ngx_cycle_t *cycle, ngx_str_t *name)
{
    ngx_uint_t                    i;
    ngx_multisource_main_conf_t  *mcf;
    ngx_multisource_app_conf_t  **app;

    mcf = ngx_multisource_rtmp_main_conf(cycle);
    if (mcf == NULL) {
        return NULL;
    }

    app = mcf->apps.elts;

    if (name->len == 0) {

        for (i = 1; i < mcf->apps.nelts; i++) {
            if (app[i]->name.len != app[0]->name.len
                || ngx_memcmp(app[i]->name.data, app[0]->name.data,
                              app[0]->name.len)
                   != 0)
            {
                return NULL;
            }
        }

        return mcf->apps.nelts ? app[0] : NULL;
    }

    for (i = 0; i < mcf->apps.nelts; i++) {
        if (app[i]->name.len == name->len
            && ngx_memcmp(app[i]->name.data, name->data, name->len) == 0)
        {
            return app[i];
        }
    }

    return NULL;
}


/*
 * nginx-rtmp's publish chain runs last-loaded-first: who is loaded after us
 * would see the key.
 */

static ngx_int_t
ngx_multisource_rtmp_preconfiguration(ngx_conf_t *cf)
{
    char        *name;
    ngx_uint_t   i;

    for (i = ngx_multisource_rtmp_module.index; cf->cycle->modules[i]; i++) {
        name = cf->cycle->modules[i]->name;

        if (ngx_strncmp(name, "ngx_whip_", 9) == 0
            || ngx_strncmp(name, "ngx_simulcast_", 14) == 0)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "ngx_multisource_module must be loaded after %s: "
                          "move its load_module line below the others", name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_multisource_rtmp_create_main_conf(ngx_conf_t *cf)
{
    ngx_multisource_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_multisource_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&mcf->apps, cf->pool, 2,
                       sizeof(ngx_multisource_app_conf_t *))
        != NGX_OK)
    {
        return NULL;
    }

    mcf->zone_size = NGX_CONF_UNSET_SIZE;
    mcf->guard = NGX_CONF_UNSET;

    return mcf;
}


static char *
ngx_multisource_rtmp_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_multisource_main_conf_t  *mcf = conf;

    ngx_conf_init_size_value(mcf->zone_size, 8 * 1024 * 1024);
    ngx_conf_init_value(mcf->guard, 1);

    return NGX_CONF_OK;
}


static void *
ngx_multisource_rtmp_create_app_conf(ngx_conf_t *cf)
{
    ngx_multisource_app_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_multisource_app_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->reserved = NGX_CONF_UNSET_PTR;
    conf->max_sources = NGX_CONF_UNSET_UINT;
    conf->max_bitrate = (uint64_t) -1;
    conf->max_total_bitrate = (uint64_t) -1;
    conf->takeover = NGX_CONF_UNSET;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->refuse_number = NGX_CONF_UNSET_UINT;
    conf->refuse_time = NGX_CONF_UNSET_MSEC;
    conf->hls = NGX_CONF_UNSET;
    conf->hls_part = NGX_CONF_UNSET_MSEC;
    conf->hls_segment = NGX_CONF_UNSET_MSEC;
    conf->hls_window = NGX_CONF_UNSET_MSEC;
    conf->hls_keep = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_multisource_rtmp_merge_app_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_multisource_app_conf_t  *prev = parent;
    ngx_multisource_app_conf_t  *conf = child;

    if (conf->enable == NGX_CONF_UNSET) {
        conf->enable_place = prev->enable_place;
    }

    if (conf->naming.default_source.data == NULL) {
        conf->default_source_place = prev->default_source_place;
    }

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_str_value(conf->keys_file, prev->keys_file, "");
    ngx_conf_merge_str_value(conf->naming.separator, prev->naming.separator,
                             "_");
    ngx_conf_merge_str_value(conf->naming.default_source,
                             prev->naming.default_source, "main");
    ngx_conf_merge_ptr_value(conf->reserved, prev->reserved, NULL);
    ngx_conf_merge_uint_value(conf->max_sources, prev->max_sources, 5);
    ngx_conf_merge_value(conf->takeover, prev->takeover, 1);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 20000);
    ngx_conf_merge_uint_value(conf->refuse_number, prev->refuse_number, 10);
    ngx_conf_merge_msec_value(conf->refuse_time, prev->refuse_time, 60000);
    ngx_conf_merge_value(conf->hls, prev->hls, 0);
    ngx_conf_merge_msec_value(conf->hls_part, prev->hls_part, 210);
    ngx_conf_merge_msec_value(conf->hls_segment, prev->hls_segment, 2000);
    ngx_conf_merge_msec_value(conf->hls_window, prev->hls_window, 60000);
    ngx_conf_merge_value(conf->hls_keep, prev->hls_keep, 0);

    if (conf->hls_path == NULL) {
        conf->hls_path = prev->hls_path;
    }

    if (conf->max_bitrate == (uint64_t) -1) {
        conf->max_bitrate = prev->max_bitrate == (uint64_t) -1
                            ? 8000000 : prev->max_bitrate;
    }

    if (conf->max_total_bitrate == (uint64_t) -1) {
        conf->max_total_bitrate = prev->max_total_bitrate == (uint64_t) -1
                                  ? 40000000 : prev->max_total_bitrate;
    }

    return NGX_CONF_OK;
}


static char *
ngx_multisource_rtmp_zone(ngx_conf_t *cf, void *post, void *data)
{
    size_t  *size = data;

    if (*size < NGX_MULTISOURCE_MIN_ZONE) {
        return "is too small, it must be at least 128k";
    }

    return NGX_CONF_OK;
}


/* an empty name would mean that anybody may publish */

static char *
ngx_multisource_rtmp_keys(ngx_conf_t *cf, void *post, void *data)
{
    ngx_str_t  *file = data;

    return file->len ? NGX_CONF_OK : "must name a file";
}


static char *
ngx_multisource_rtmp_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_multisource_app_conf_t  *macf = conf;

    macf->enable_place.file = cf->conf_file->file.name;
    macf->enable_place.line = cf->conf_file->line;

    return ngx_conf_set_flag_slot(cf, cmd, conf);
}


static char *
ngx_multisource_rtmp_default_source(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_multisource_app_conf_t  *macf = conf;

    macf->default_source_place.file = cf->conf_file->file.name;
    macf->default_source_place.line = cf->conf_file->line;

    return ngx_conf_set_str_slot(cf, cmd, conf);
}


static char *
ngx_multisource_rtmp_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *p = conf;
    uint64_t   *rate;
    ngx_str_t  *value;

    rate = (uint64_t *) (p + cmd->offset);

    if (*rate != (uint64_t) -1) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        *rate = 0;
        return NGX_CONF_OK;
    }

    if (ngx_live_rate_parse(&value[1], rate) != NGX_OK) {
        return "must be bits per second, such as 8m or 500k, or off";
    }

    return NGX_CONF_OK;
}


static char *
ngx_multisource_rtmp_max_sources(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_multisource_app_conf_t  *macf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (macf->max_sources != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 1 || n > NGX_MULTISOURCE_MAX_SOURCES) {
        return "must be a number from 1 to 64";
    }

    macf->max_sources = n;

    return NGX_CONF_OK;
}


static char *
ngx_multisource_rtmp_refuse_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_multisource_app_conf_t  *macf = conf;

    u_char     *slash;
    ngx_int_t   n, time;
    ngx_str_t  *value, s;

    if (macf->refuse_number != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        macf->refuse_number = 0;
        return NGX_CONF_OK;
    }

    slash = (u_char *) ngx_strchr(value[1].data, '/');
    if (slash == NULL) {
        return "must be N/TIME, such as 10/60s, or off";
    }

    s.data = slash + 1;
    s.len = value[1].data + value[1].len - s.data;

    n = ngx_atoi(value[1].data, slash - value[1].data);
    time = ngx_parse_time(&s, 0);

    if (n < 1 || time < 1000 || time > 86400000) {
        return "must be N/TIME, such as 10/60s, or off";
    }

    macf->refuse_number = n;
    macf->refuse_time = time;

    return NGX_CONF_OK;
}


static char *
ngx_multisource_rtmp_separator(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_multisource_app_conf_t  *macf = conf;

    size_t      i;
    ngx_str_t  *value;

    if (macf->naming.separator.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].len > NGX_MULTISOURCE_SEP_MAX) {
        return "must have 1 to 8 characters";
    }

    /* it becomes a part of file names and URLs */

    for (i = 0; i < value[1].len; i++) {
        if (ngx_strchr("_-.~", value[1].data[i]) == NULL) {
            return "may consist of \"_\", \"-\", \".\" and \"~\"";
        }
    }

    macf->naming.separator = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_multisource_rtmp_reserved(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_multisource_app_conf_t  *macf = conf;

    ngx_str_t   *value, *name;
    ngx_uint_t   i;

    if (macf->reserved != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    macf->reserved = ngx_array_create(cf->pool, cf->args->nelts,
                                      sizeof(ngx_str_t));
    if (macf->reserved == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        name = ngx_array_push(macf->reserved);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
        ngx_strlow(name->data, name->data, name->len);
    }

    return NGX_CONF_OK;
}


/* the cache manager process keeps it tidy */

static char *
ngx_multisource_rtmp_hls_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_multisource_app_conf_t  *macf = conf;

    char  *rv;

    rv = ngx_conf_set_path_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    /*
     * Its data follows when all are known: by that nginx tells several of one
     * name, which applications may have, from each other
     */

    macf->hls_path->manager = ngx_multisource_sweep;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_multisource_rtmp_first(ngx_rtmp_core_main_conf_t *cmcf, ngx_uint_t event,
    ngx_rtmp_handler_pt handler)
{
    ngx_array_t          *handlers;
    ngx_rtmp_handler_pt  *h;

    handlers = &cmcf->events[event];

    if (ngx_array_push(handlers) == NULL) {
        return NGX_ERROR;
    }

    h = handlers->elts;

    ngx_memmove(&h[1], &h[0],
                (handlers->nelts - 1) * sizeof(ngx_rtmp_handler_pt));
    h[0] = handler;

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_rtmp_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                    i, n;
    ngx_path_t                  **path;
    ngx_rtmp_core_app_conf_t    **app;
    ngx_rtmp_core_srv_conf_t    **cscf;
    ngx_rtmp_core_main_conf_t    *cmcf;
    ngx_multisource_main_conf_t  *mcf;

    cmcf = ngx_rtmp_conf_get_module_main_conf(cf, ngx_rtmp_core_module);
    mcf = ngx_rtmp_conf_get_module_main_conf(cf, ngx_multisource_rtmp_module);

    path = cf->cycle->paths.elts;

    for (i = 0; i < cf->cycle->paths.nelts; i++) {
        if (path[i]->manager == ngx_multisource_sweep) {
            path[i]->data = path[i];
        }
    }

    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        app = cscf[i]->applications.elts;

        for (n = 0; n < cscf[i]->applications.nelts; n++) {
            if (ngx_multisource_rtmp_enable(cf, app[n]) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    if (mcf->apps.nelts) {
        mcf->zone = ngx_shared_memory_add(cf, &ngx_multisource_zone_name,
                                          mcf->zone_size,
                                          &ngx_multisource_module);
        if (mcf->zone == NULL) {
            return NGX_ERROR;
        }

        mcf->zone->init = ngx_multisource_registry_init_zone;
    }

    if (ngx_multisource_rtmp_first(cmcf, NGX_RTMP_CONNECT,
                                   ngx_multisource_session_connect)
        != NGX_OK
        || ngx_multisource_rtmp_first(cmcf, NGX_RTMP_MSG_AUDIO,
                                      ngx_multisource_session_media)
           != NGX_OK
        || ngx_multisource_rtmp_first(cmcf, NGX_RTMP_MSG_VIDEO,
                                      ngx_multisource_session_media)
           != NGX_OK
        || ngx_multisource_rtmp_first(cmcf, NGX_RTMP_MSG_AMF_META,
                                      ngx_multisource_session_data)
           != NGX_OK
        || ngx_multisource_rtmp_first(cmcf, NGX_RTMP_DISCONNECT,
                                      ngx_multisource_session_disconnect)
           != NGX_OK
        || ngx_multisource_command_hook(cf, cmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return mcf->guard ? ngx_multisource_guard_hook(cmcf) : NGX_OK;
}


static ngx_int_t
ngx_multisource_rtmp_enable(ngx_conf_t *cf, ngx_rtmp_core_app_conf_t *app)
{
    ngx_rtmp_live_app_conf_t           *live;
    ngx_multisource_app_conf_t         *conf, **slot;
    ngx_multisource_main_conf_t        *mcf;
    ngx_multisource_auto_push_conf_t   *auto_push;

    conf = app->app_conf[ngx_multisource_rtmp_module.ctx_index];

    if (!conf->enable) {
        return NGX_OK;
    }

    conf->name = app->name;

    if (conf->name.len >= NGX_MULTISOURCE_APP_MAX) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "the name of application \"%V\" is too long for "
                      "multisource, %d characters are the most, in %V:%ui",
                      &conf->name, NGX_MULTISOURCE_APP_MAX - 1,
                      &conf->enable_place.file, conf->enable_place.line);
        return NGX_ERROR;
    }

    live = app->app_conf[ngx_rtmp_live_module.ctx_index];

    if (!live->live) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"multisource on\" needs \"live on\" in application "
                      "\"%V\" in %V:%ui", &conf->name,
                      &conf->enable_place.file, conf->enable_place.line);
        return NGX_ERROR;
    }

    auto_push = (ngx_multisource_auto_push_conf_t *)
                    ngx_get_conf(cf->cycle->conf_ctx,
                                 ngx_rtmp_auto_push_module);

    if (auto_push->auto_push == 1) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"rtmp_auto_push\" does nothing here: its sockets are "
                      "never accepted in this build of nginx-rtmp; with "
                      "several workers an RTMP player finds a stream in its "
                      "own worker only");
    }

    if (ngx_multisource_rtmp_naming(cf, conf) != NGX_OK
        || ngx_multisource_pass_configure(cf, app, conf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (conf->keys_file.len) {
        if (ngx_multisource_keys_load(cf, conf) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (!conf->callback) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "application \"%V\" has neither multisource_keys nor "
                      "on_publish: anybody may publish, as STREAMER%VSOURCE",
                      &conf->name, &conf->naming.separator);

    } else {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "application \"%V\" has no multisource_keys: on_publish "
                      "must tell who may publish, names are split at the "
                      "first \"%V\"", &conf->name, &conf->naming.separator);
    }

    if (conf->hls && ngx_multisource_rtmp_hls(cf, conf) != NGX_OK) {
        return NGX_ERROR;
    }

    mcf = ngx_rtmp_conf_get_module_main_conf(cf, ngx_multisource_rtmp_module);

    slot = ngx_array_push(&mcf->apps);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    *slot = conf;

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_rtmp_hls(ngx_conf_t *cf, ngx_multisource_app_conf_t *conf)
{
    u_char  ch;
    size_t  i;

    if (conf->hls_path == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"multisource_hls on\" needs \"multisource_hls_path\" "
                      "in application \"%V\" in %V:%ui", &conf->name,
                      &conf->enable_place.file, conf->enable_place.line);
        return NGX_ERROR;
    }

    /* it becomes the name of a directory */

    for (i = 0; i < conf->name.len; i++) {
        ch = conf->name.data[i];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9') && ch != '_' && ch != '-'
            && (ch != '.' || i == 0))
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "the name of application \"%V\" must consist of "
                          "letters, digits, \"_\", \"-\" and \".\" for "
                          "\"multisource_hls on\" in %V:%ui", &conf->name,
                          &conf->enable_place.file, conf->enable_place.line);
            return NGX_ERROR;
        }
    }

    if (conf->hls_part * 2 > conf->hls_segment) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"multisource_hls_segment\" must be at least twice "
                      "\"multisource_hls_part\" in application \"%V\" "
                      "in %V:%ui", &conf->name,
                      &conf->enable_place.file, conf->enable_place.line);
        return NGX_ERROR;
    }

    return ngx_multisource_disk_pool(cf);
}


static ngx_int_t
ngx_multisource_rtmp_naming(ngx_conf_t *cf, ngx_multisource_app_conf_t *conf)
{
    size_t       len;
    ngx_str_t   *word;
    ngx_uint_t   i, n;
    ngx_array_t *words;

    static ngx_str_t  defaults[] = {
        ngx_string("admin"), ngx_string("api"), ngx_string("system")
    };

    static ngx_str_t  always[] = {
        ngx_string("events"), ngx_string("index")
    };

    words = ngx_array_create(cf->pool, 8, sizeof(ngx_str_t));
    if (words == NULL) {
        return NGX_ERROR;
    }

    n = conf->reserved ? conf->reserved->nelts : 3;

    for (i = 0; i < n + 2; i++) {
        word = ngx_array_push(words);
        if (word == NULL) {
            return NGX_ERROR;
        }

        if (i >= n) {
            *word = always[i - n];

        } else if (conf->reserved) {
            *word = ((ngx_str_t *) conf->reserved->elts)[i];

        } else {
            *word = defaults[i];
        }
    }

    conf->naming.reserved = words->elts;
    conf->naming.nreserved = words->nelts;

    if (ngx_multisource_name_check_source(&conf->naming,
                                          &conf->naming.default_source)
        != NGX_MULTISOURCE_OK)
    {
        len = ngx_min(conf->naming.default_source.len, 64);

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "invalid multisource_default_source \"%*s\": 1 to 50 "
                      "letters, digits, \"_\" and \"-\", and not a reserved "
                      "name, in %V:%ui",
                      len, conf->naming.default_source.data,
                      &conf->default_source_place.file,
                      conf->default_source_place.line);
        return NGX_ERROR;
    }

    return NGX_OK;
}
