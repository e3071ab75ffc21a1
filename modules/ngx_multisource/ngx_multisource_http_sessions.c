
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_http_sessions.h"
#include "ngx_multisource_ticket.h"

#include "ngx_live_secret.h"


static char *ngx_multisource_http_sessions_zone_size(ngx_conf_t *cf,
    void *post, void *data);
static ngx_uint_t ngx_multisource_http_sessions_is_origin(ngx_str_t *value);


ngx_conf_post_t  ngx_multisource_http_sessions_zone = {
    ngx_multisource_http_sessions_zone_size
};

/* ms, and s */

ngx_conf_num_bounds_t  ngx_multisource_http_sessions_grace = {
    ngx_conf_check_num_bounds, 1000, 24 * 60 * 60 * 1000
};

ngx_conf_num_bounds_t  ngx_multisource_http_sessions_viewer_time = {
    ngx_conf_check_num_bounds, 1, 366 * 24 * 60 * 60
};


static ngx_str_t  ngx_multisource_http_sessions_name =
    ngx_string("multisource_sessions");


static char *
ngx_multisource_http_sessions_zone_size(ngx_conf_t *cf, void *post,
    void *data)
{
    size_t *size = data;

    if (*size < NGX_MULTISOURCE_SHOW_MIN_ZONE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "multisource_sessions_zone must be at least %dk",
                           NGX_MULTISOURCE_SHOW_MIN_ZONE / 1024);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_multisource_http_sessions_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_multisource_http_main_conf_t *hmcf = conf;

    ngx_int_t   rc;
    ngx_str_t  *value, text;

    if (hmcf->sessions_key) {
        return "is duplicate";
    }

    value = cf->args->elts;

    hmcf->sessions_key_file = value[1];

    if (ngx_live_secret_file(cf, &hmcf->sessions_key_file,
                             NGX_LIVE_SECRET_MAX, &text)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    hmcf->sessions_key = ngx_palloc(cf->pool, NGX_MULTISOURCE_TICKET_KEY);
    if (hmcf->sessions_key == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_multisource_ticket_key(&text, hmcf->sessions_key);

    ngx_explicit_memzero(text.data, text.len);

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no key: at least %d bytes are expected, "
                           "as \"openssl rand -hex 32\" makes them",
                           &hmcf->sessions_key_file,
                           NGX_MULTISOURCE_TICKET_KEY);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_multisource_http_sessions_origin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_multisource_loc_conf_t *mlcf = conf;

    ngx_str_t   *value, *origin;
    ngx_uint_t   i;

    if (mlcf->origins != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    mlcf->origins = ngx_array_create(cf->pool, cf->args->nelts,
                                     sizeof(ngx_str_t));
    if (mlcf->origins == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_multisource_http_sessions_is_origin(&value[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is no origin: https://example.com, "
                               "without a path, is", &value[i]);
            return NGX_CONF_ERROR;
        }

        origin = ngx_array_push(mlcf->origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        *origin = value[i];
    }

    return NGX_CONF_OK;
}


/* RFC 6454, 6.2: scheme "://" host [ ":" port ] */

static ngx_uint_t
ngx_multisource_http_sessions_is_origin(ngx_str_t *value)
{
    u_char  *p, *last;

    last = value->data + value->len;

    if (value->len > 8 && ngx_strncmp(value->data, "https://", 8) == 0) {
        p = value->data + 8;

    } else if (value->len > 7 && ngx_strncmp(value->data, "http://", 7) == 0) {
        p = value->data + 7;

    } else {
        return 0;
    }

    for ( /* void */ ; p < last; p++) {
        if (*p <= ' ' || *p >= 0x7f || *p == '/' || *p == '?' || *p == '#'
            || *p == '@' || *p == '*' || *p == '\\' || *p == '"')
        {
            return 0;
        }
    }

    return 1;
}


char *
ngx_multisource_http_sessions_price(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_multisource_http_main_conf_t *hmcf = conf;

    ngx_str_t                     *value;
    ngx_uint_t                     i;
    const char                    *error;
    ngx_multisource_http_price_t  *price;

    value = cf->args->elts;
    price = hmcf->prices.elts;

    for (i = 0; i < hmcf->prices.nelts; i++) {
        if (price[i].streamer.len == value[1].len
            && ngx_memcmp(price[i].streamer.data, value[1].data, value[1].len)
               == 0)
        {
            return "is given twice for one streamer";
        }
    }

    price = ngx_array_push(&hmcf->prices);
    if (price == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(price, sizeof(ngx_multisource_http_price_t));

    price->streamer = value[1];

    for (i = 2; i < cf->args->nelts; i++) {

        error = ngx_multisource_price_parse(&price->price, &value[i]);

        if (error) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s",
                               &value[i], error);
            return NGX_CONF_ERROR;
        }
    }

    if (price->price.currency[0] == '\0') {
        return "needs currency=, as currency=EUR";
    }

    return NGX_CONF_OK;
}


char *
ngx_multisource_http_sessions_rtmp_url(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char       *rv;
    ngx_str_t  *url;

    rv = ngx_conf_set_str_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    url = (ngx_str_t *) ((char *) conf + cmd->offset);

    if ((url->len <= 7 || ngx_strncmp(url->data, "rtmp://", 7) != 0)
        && (url->len <= 8 || ngx_strncmp(url->data, "rtmps://", 8) != 0))
    {
        return "must be as rtmp://example.com/live";
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_multisource_http_sessions_prepare(ngx_conf_t *cf)
{
    ngx_uint_t                          i;
    ngx_multisource_loc_conf_t        **location;
    ngx_multisource_http_main_conf_t   *hmcf;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_multisource_http_module);

    location = hmcf->locations.elts;

    for (i = 0; i < hmcf->locations.nelts; i++) {
        if (location[i]->serves == NGX_MULTISOURCE_LOCATION_SESSIONS) {
            break;
        }
    }

    if (i == hmcf->locations.nelts) {
        return NGX_OK;
    }

    hmcf->sessions_zone = ngx_shared_memory_add(cf,
                              &ngx_multisource_http_sessions_name,
                              hmcf->sessions_zone_size,
                              &ngx_multisource_http_module);
    if (hmcf->sessions_zone == NULL) {
        return NGX_ERROR;
    }

    hmcf->sessions_zone->init = ngx_multisource_show_init_zone;

    return NGX_OK;
}
