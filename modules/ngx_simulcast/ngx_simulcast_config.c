
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include "ngx_simulcast_config.h"
#include "ngx_simulcast_platform.h"
#include "ngx_simulcast_registry.h"
#include "ngx_simulcast_rendition.h"
#include "ngx_simulcast_seal.h"
#include "ngx_simulcast_tls.h"


typedef struct {
    const char  *name;
    size_t       offset;                /* in ngx_simulcast_platform_conf_t */
    ngx_uint_t   platform;
} ngx_simulcast_config_env_t;


static ngx_int_t ngx_simulcast_config_ring(ngx_cycle_t *cycle,
    ngx_simulcast_conf_t *conf);
static ngx_int_t ngx_simulcast_config_platforms(ngx_cycle_t *cycle,
    ngx_simulcast_conf_t *conf);
static ngx_int_t ngx_simulcast_config_env(ngx_cycle_t *cycle, const char *name,
    ngx_str_t *value);
static void ngx_simulcast_config_forget(void *data);


#define ngx_simulcast_config_of(field)                                        \
    offsetof(ngx_simulcast_platform_conf_t, field)

/* names that users already have */

static const ngx_simulcast_config_env_t  ngx_simulcast_config_envs[] = {

    { "YOUTUBE_CLIENT_ID", ngx_simulcast_config_of(client_id),
      NGX_SIMULCAST_YOUTUBE },
    { "YOUTUBE_CLIENT_SECRET", ngx_simulcast_config_of(client_secret),
      NGX_SIMULCAST_YOUTUBE },
    { "YOUTUBE_REDIRECT_URI", ngx_simulcast_config_of(redirect_uri),
      NGX_SIMULCAST_YOUTUBE },

    { "TWITCH_CLIENT_ID", ngx_simulcast_config_of(client_id),
      NGX_SIMULCAST_TWITCH },
    { "TWITCH_CLIENT_SECRET", ngx_simulcast_config_of(client_secret),
      NGX_SIMULCAST_TWITCH },
    { "TWITCH_REDIRECT_URI", ngx_simulcast_config_of(redirect_uri),
      NGX_SIMULCAST_TWITCH },

    { "FACEBOOK_APP_ID", ngx_simulcast_config_of(client_id),
      NGX_SIMULCAST_FACEBOOK },
    { "FACEBOOK_APP_SECRET", ngx_simulcast_config_of(client_secret),
      NGX_SIMULCAST_FACEBOOK },
    { "FACEBOOK_REDIRECT_URI", ngx_simulcast_config_of(redirect_uri),
      NGX_SIMULCAST_FACEBOOK },

    { "CLOUDFLARE_ACCOUNT_ID", ngx_simulcast_config_of(account_id),
      NGX_SIMULCAST_CLOUDFLARE },
    { "CLOUDFLARE_API_TOKEN", ngx_simulcast_config_of(api_token),
      NGX_SIMULCAST_CLOUDFLARE }
};

static ngx_str_t  ngx_simulcast_config_zone_name = ngx_string("simulcast");


ngx_simulcast_conf_t *
ngx_simulcast_config(ngx_cycle_t *cycle)
{
    return (ngx_simulcast_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                 ngx_simulcast_module);
}


ngx_int_t
ngx_simulcast_config_need(ngx_conf_t *cf)
{
    ngx_simulcast_conf_t  *conf;

    conf = ngx_simulcast_config(cf->cycle);

    if (conf->zone) {
        return NGX_OK;
    }

    /* simulcast_zone may be read later: see _complete() */

    conf->zone = ngx_shared_memory_add(cf, &ngx_simulcast_config_zone_name, 0,
                                       &ngx_simulcast_module);
    if (conf->zone == NULL) {
        return NGX_ERROR;
    }

    conf->zone->init = ngx_simulcast_registry_init_zone;

    /* of the "default" pool, which thread_pool can size */

    conf->pool = ngx_thread_pool_add(cf, NULL);

    return conf->pool ? NGX_OK : NGX_ERROR;
}


char *
ngx_simulcast_config_complete(ngx_cycle_t *cycle, ngx_simulcast_conf_t *conf)
{
    ngx_conf_t  cf;

    if (conf->zone_size == NGX_CONF_UNSET_SIZE) {
        conf->zone_size = NGX_SIMULCAST_CONFIG_ZONE;
    }

    if (conf->ssl_verify == NGX_CONF_UNSET) {
        conf->ssl_verify = 1;
    }

    if (conf->transcode.len == 0) {
        conf->transcode = ngx_simulcast_rendition_default;
    }

    if (conf->zone == NULL) {
        return NGX_CONF_OK;
    }

    conf->zone->shm.size = conf->zone_size;

    ngx_memzero(&cf, sizeof(ngx_conf_t));

    cf.cycle = cycle;
    cf.pool = cycle->pool;
    cf.log = cycle->log;

    conf->ssl = ngx_simulcast_tls_create(&cf, &conf->trusted_certificate);

    if (conf->ssl == NULL
        || ngx_simulcast_config_ring(cycle, conf) != NGX_OK
        || ngx_simulcast_config_platforms(cycle, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->redis.address.len && conf->ring == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"simulcast_redis\" needs a key to seal what it keeps "
                      "there: \"simulcast_encryption_key_file\", or "
                      "ENCRYPTION_KEY in the environment");
        return NGX_CONF_ERROR;
    }

    if (!conf->ssl_verify) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"simulcast_ssl_verify off\": anybody on the way can "
                      "read stream keys");
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_simulcast_config_ring(ngx_cycle_t *cycle, ngx_simulcast_conf_t *conf)
{
    ngx_str_t            text;
    const char          *error;
    ngx_pool_cleanup_t  *cln;

    text = conf->keys;

    if (text.len == 0
        && ngx_simulcast_config_env(cycle, "ENCRYPTION_KEY", &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (text.len == 0) {
        return NGX_OK;
    }

    conf->ring = ngx_simulcast_seal_load(&text, &error);

    if (conf->ring == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "the encryption key of simulcast is not usable: %s",
                      error);
        return NGX_ERROR;
    }

    ngx_explicit_memzero(text.data, text.len);

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_simulcast_config_forget;
    cln->data = conf;

    return NGX_OK;
}


static void
ngx_simulcast_config_forget(void *data)
{
    ngx_simulcast_conf_t *conf = data;

    ngx_simulcast_seal_free(conf->ring);
    conf->ring = NULL;
}


static ngx_int_t
ngx_simulcast_config_platforms(ngx_cycle_t *cycle, ngx_simulcast_conf_t *conf)
{
    ngx_str_t                          api, auth, *value;
    ngx_uint_t                         i;
    ngx_simulcast_platform_conf_t     *pc;
    const ngx_simulcast_config_env_t  *env;

    for (i = 0;
         i < sizeof(ngx_simulcast_config_envs)
             / sizeof(ngx_simulcast_config_env_t);
         i++)
    {
        env = &ngx_simulcast_config_envs[i];

        value = (ngx_str_t *) ((u_char *) &conf->platforms[env->platform]
                               + env->offset);

        if (value->len == 0
            && ngx_simulcast_config_env(cycle, env->name, value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < NGX_SIMULCAST_NPLATFORMS; i++) {
        pc = &conf->platforms[i];

        ngx_str_null(&api);
        ngx_str_null(&auth);

        ngx_simulcast_platform_defaults(i, &api, &auth);

        if (pc->api_base.len == 0) {
            pc->api_base = api;
        }

        if (pc->auth_base.len == 0) {
            pc->auth_base = auth;
        }

        if (i == NGX_SIMULCAST_CUSTOM) {
            pc->configured = 1;

        } else if (i == NGX_SIMULCAST_CLOUDFLARE) {
            pc->configured = pc->account_id.len && pc->api_token.len;

        } else {
            pc->configured = pc->client_id.len && pc->client_secret.len
                             && pc->redirect_uri.len;
        }
    }

    return NGX_OK;
}


/* the master's environment, at load; copied, with a NUL behind it */

static ngx_int_t
ngx_simulcast_config_env(ngx_cycle_t *cycle, const char *name,
    ngx_str_t *value)
{
    char  *text;

    text = getenv(name);

    if (text == NULL || text[0] == '\0') {
        return NGX_OK;
    }

    value->len = ngx_strlen(text);
    value->data = ngx_pnalloc(cycle->pool, value->len + 1);

    if (value->data == NULL) {
        value->len = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(value->data, text, value->len + 1);

    return NGX_OK;
}
