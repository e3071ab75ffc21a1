
/*
 * Copyright (C) the ngx_live contributors
 *
 * Directives of http{}.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_live_secret.h"
#include "ngx_simulcast_api.h"
#include "ngx_simulcast_config.h"
#include "ngx_simulcast_http_module.h"
#include "ngx_simulcast_registry.h"
#include "ngx_simulcast_rendition.h"
#include "ngx_simulcast_seal.h"
#include "ngx_simulcast_status.h"


#define NGX_SIMULCAST_HTTP_FILE  1048576        /* bytes of a file of tokens */


static void *ngx_simulcast_http_create_loc_conf(ngx_conf_t *cf);
static char *ngx_simulcast_http_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_simulcast_http_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_key_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_platform(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_trusted(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_verify(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_allow(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_transcode(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_api(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_tokens(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_simulcast_http_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_simulcast_http_commands[] = {

    { ngx_string("simulcast_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_simulcast_http_zone,
      0,
      0,
      NULL },

    { ngx_string("simulcast_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1234,
      ngx_simulcast_http_redis,
      0,
      0,
      NULL },

    { ngx_string("simulcast_encryption_key_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_simulcast_http_key_file,
      0,
      0,
      NULL },

    { ngx_string("simulcast_platform"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_simulcast_http_platform,
      0,
      0,
      NULL },

    { ngx_string("simulcast_trusted_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_simulcast_http_trusted,
      0,
      0,
      NULL },

    { ngx_string("simulcast_ssl_verify"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_simulcast_http_verify,
      0,
      0,
      NULL },

    { ngx_string("simulcast_allow"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_simulcast_http_allow,
      0,
      0,
      NULL },

    { ngx_string("simulcast_transcode"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_simulcast_http_transcode,
      0,
      0,
      NULL },

    { ngx_string("simulcast_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_simulcast_http_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("simulcast_api_tokens"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_simulcast_http_tokens,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("simulcast_cors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_simulcast_loc_conf_t, cors),
      NULL },

    { ngx_string("simulcast_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_simulcast_http_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_simulcast_http_module_ctx = {
    NULL,                                   /* preconfiguration */
    NULL,                                   /* postconfiguration */
    NULL,                                   /* create main configuration */
    NULL,                                   /* init main configuration */
    NULL,                                   /* create server configuration */
    NULL,                                   /* merge server configuration */
    ngx_simulcast_http_create_loc_conf,     /* create location configuration */
    ngx_simulcast_http_merge_loc_conf       /* merge location configuration */
};


ngx_module_t  ngx_simulcast_http_module = {
    NGX_MODULE_V1,
    &ngx_simulcast_http_module_ctx,         /* module context */
    ngx_simulcast_http_commands,            /* module directives */
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


static void *
ngx_simulcast_http_create_loc_conf(ngx_conf_t *cf)
{
    ngx_simulcast_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_simulcast_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->tokens = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_simulcast_http_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_simulcast_loc_conf_t  *prev = parent;
    ngx_simulcast_loc_conf_t  *conf = child;

    ngx_conf_merge_ptr_value(conf->tokens, prev->tokens, NULL);
    ngx_conf_merge_str_value(conf->cors, prev->cors, "");

    if (!conf->api) {
        return NGX_CONF_OK;
    }

    if (conf->tokens == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"simulcast_api\" needs \"simulcast_api_tokens\": "
                           "who may use it");
        return NGX_CONF_ERROR;
    }

    if (ngx_simulcast_config(cf->cycle)->redis.address.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"simulcast_api\" needs \"simulcast_redis\" in "
                           "http{}: where the destinations are");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_simulcast_http_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ssize_t                size;
    ngx_str_t             *value;
    ngx_simulcast_conf_t  *scf;

    scf = ngx_simulcast_config(cf->cycle);
    value = cf->args->elts;

    if (scf->zone_size != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    size = ngx_parse_size(&value[1]);

    if (size < (ssize_t) ngx_simulcast_registry_min_size()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\", the smallest is %uz",
                           &value[1], ngx_simulcast_registry_min_size());
        return NGX_CONF_ERROR;
    }

    scf->zone_size = size;

    return NGX_CONF_OK;
}


/* simulcast_redis ADDR [db=] [username=] [password_file=] */

static char *
ngx_simulcast_http_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_simulcast_conf_t  *scf;

    scf = ngx_simulcast_config(cf->cycle);

    return ngx_live_redis_conf(cf, &scf->redis);
}


static char *
ngx_simulcast_http_key_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value, text;
    ngx_simulcast_conf_t  *scf;

    scf = ngx_simulcast_config(cf->cycle);
    value = cf->args->elts;

    if (scf->keys.len) {
        return "is duplicate";
    }

    if (ngx_live_secret_file(cf, &value[1], NGX_LIVE_SECRET_MAX, &scf->keys)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* it is derived from when everything is read: it outlives temp_pool */

    text = scf->keys;
    scf->keys.data = ngx_pstrdup(cf->pool, &text);

    ngx_explicit_memzero(text.data, text.len);

    if (scf->keys.data == NULL || scf->keys.len == 0) {
        return scf->keys.len ? NGX_CONF_ERROR : "names an empty file";
    }

    return NGX_CONF_OK;
}


/* simulcast_platform NAME [key=value ...] */

static char *
ngx_simulcast_http_platform(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    size_t                          n;
    u_char                         *p;
    ngx_int_t                       platform;
    ngx_str_t                      *value, *slot, s;
    ngx_uint_t                      i, k;
    ngx_simulcast_platform_conf_t  *pc;

    static const struct {
        const char  *name;
        size_t       offset;
        ngx_uint_t   file;
    } keys[] = {
        { "client_id=",
          offsetof(ngx_simulcast_platform_conf_t, client_id), 0 },
        { "client_secret_file=",
          offsetof(ngx_simulcast_platform_conf_t, client_secret), 1 },
        { "redirect_uri=",
          offsetof(ngx_simulcast_platform_conf_t, redirect_uri), 0 },
        { "account_id=",
          offsetof(ngx_simulcast_platform_conf_t, account_id), 0 },
        { "api_token_file=",
          offsetof(ngx_simulcast_platform_conf_t, api_token), 1 },
        { "api_base=",
          offsetof(ngx_simulcast_platform_conf_t, api_base), 0 },
        { "auth_base=",
          offsetof(ngx_simulcast_platform_conf_t, auth_base), 0 },
        { NULL, 0, 0 }
    };

    value = cf->args->elts;
    platform = ngx_simulcast_platform_find(&value[1]);

    if (platform == NGX_ERROR || platform == NGX_SIMULCAST_CUSTOM) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown platform \"%V\": youtube, twitch, facebook "
                           "or cloudflare", &value[1]);
        return NGX_CONF_ERROR;
    }

    pc = &ngx_simulcast_config(cf->cycle)->platforms[platform];

    for (i = 2; i < cf->args->nelts; i++) {

        slot = NULL;
        n = 0;

        for (k = 0; keys[k].name; k++) {
            n = ngx_strlen(keys[k].name);

            if (value[i].len > n
                && ngx_strncmp(value[i].data, keys[k].name, n) == 0)
            {
                slot = (ngx_str_t *) ((u_char *) pc + keys[k].offset);
                break;
            }
        }

        if (slot == NULL) {
            /* what was meant may be a secret: it is not repeated */
            return "has an empty parameter or one that is none of client_id=, "
                   "client_secret_file=, redirect_uri=, account_id=, "
                   "api_token_file=, api_base= and auth_base=";
        }

        if (slot->len) {
            return "sets something twice";
        }

        s.data = value[i].data + n;
        s.len = value[i].len - n;

        if (keys[k].file) {
            if (ngx_live_secret_line(cf, &s, slot) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (slot == &pc->api_base || slot == &pc->auth_base) {

            if (ngx_strncmp(s.data, "https://", 8) != 0
                && ngx_strncmp(s.data, "http://", 7) != 0)
            {
                return "has a base that is no URL";
            }

            for (p = s.data + s.len; p[-1] == '/'; p--) {
                s.len--;
            }
        }

        *slot = s;
    }

    return NGX_CONF_OK;
}


static char *
ngx_simulcast_http_trusted(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value;
    ngx_simulcast_conf_t  *scf;

    scf = ngx_simulcast_config(cf->cycle);
    value = cf->args->elts;

    if (scf->trusted_certificate.len) {
        return "is duplicate";
    }

    scf->trusted_certificate = value[1];

    return ngx_conf_full_name(cf->cycle, &scf->trusted_certificate, 1)
           == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_simulcast_http_verify(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_conf_set_flag_slot(cf, cmd, (u_char *)
                                  ngx_simulcast_config(cf->cycle)
                                  + offsetof(ngx_simulcast_conf_t,
                                             ssl_verify));
}


static char *
ngx_simulcast_http_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t              rc;
    ngx_str_t             *value;
    ngx_cidr_t            *cidr;
    ngx_uint_t             i;
    ngx_simulcast_conf_t  *scf;

    scf = ngx_simulcast_config(cf->cycle);
    value = cf->args->elts;

    if (scf->allow == NULL) {
        scf->allow = ngx_array_create(cf->pool, 4, sizeof(ngx_cidr_t));
        if (scf->allow == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {
        cidr = ngx_array_push(scf->allow);
        if (cidr == NULL) {
            return NGX_CONF_ERROR;
        }

        rc = ngx_ptocidr(&value[i], cidr);

        if (rc == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid network \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DONE) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "low address bits of %V are meaningless",
                               &value[i]);
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_simulcast_http_transcode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value;
    const char            *error;
    ngx_simulcast_conf_t  *scf;

    scf = ngx_simulcast_config(cf->cycle);
    value = cf->args->elts;

    if (scf->transcode.len) {
        return "is duplicate";
    }

    if (value[1].len == 0) {
        return "is empty";
    }

    error = ngx_simulcast_rendition_check(&value[1]);

    if (error) {
        return (char *) error;
    }

    scf->transcode = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_simulcast_http_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_simulcast_loc_conf_t *slcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->api) {
        return "is duplicate";
    }

    slcf->api = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_simulcast_api_handler;

    return ngx_simulcast_config_need(cf) == NGX_OK ? NGX_CONF_OK
                                                   : NGX_CONF_ERROR;
}


static char *
ngx_simulcast_http_tokens(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_simulcast_loc_conf_t *slcf = conf;

    ngx_str_t    text, *value;
    ngx_uint_t   line;
    const char  *error;

    value = cf->args->elts;

    if (slcf->tokens != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (ngx_live_secret_file(cf, &value[1], NGX_SIMULCAST_HTTP_FILE, &text)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    slcf->tokens = ngx_simulcast_tokens_parse(cf->pool, &text, &error, &line);

    ngx_explicit_memzero(text.data, text.len);

    if (slcf->tokens == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\":%ui", error,
                           &value[1], line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_simulcast_http_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (cf->args->nelts == 1) {
        clcf->handler = ngx_simulcast_status_json;
        return NGX_CONF_OK;
    }

    value = cf->args->elts;

    if (value[1].len != 10 || ngx_strcmp(value[1].data, "prometheus") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", may be \"prometheus\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_simulcast_status_prometheus;

    return NGX_CONF_OK;
}
