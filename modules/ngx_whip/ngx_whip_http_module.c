
/*
 * Copyright (C) the ngx_live contributors
 *
 * The http{} side: directives, the variable, and where handlers and filters are
 * hooked in.
 */


#include "ngx_whip_endpoint.h"
#include "ngx_whip_http_module.h"
#include "ngx_whip_publisher.h"
#include "ngx_whip_status.h"
#include "ngx_whip_tcp.h"
#include "ngx_whip_udp.h"

#include "ngx_live_rate.h"


#define NGX_WHIP_DEFAULT_PORT  "*:8189"


/* a location with `whip`, and where that stands */

typedef struct {
    ngx_whip_conf_t     *conf;
    ngx_str_t           *prefix;
    u_char              *file;
    ngx_uint_t           line;
} ngx_whip_location_t;


typedef struct {
    ngx_array_t          prefixes;       /* ngx_str_t * */
} ngx_whip_srv_conf_t;


static ngx_int_t ngx_whip_http_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_whip_http_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_whip_http_phase(ngx_http_core_main_conf_t *cmcf,
    ngx_uint_t phase, ngx_http_handler_pt handler);
static ngx_int_t ngx_whip_http_listen_all(ngx_conf_t *cf,
    ngx_whip_main_conf_t *wmcf);
static ngx_listening_t *ngx_whip_http_socket(ngx_conf_t *cf,
    ngx_addr_t *addr, int type);
static void *ngx_whip_http_create_main_conf(ngx_conf_t *cf);
static char *ngx_whip_http_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_whip_http_create_srv_conf(ngx_conf_t *cf);
static void *ngx_whip_http_create_loc_conf(ngx_conf_t *cf);
static char *ngx_whip_http_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_whip_http_whip(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_whip_http_check_zone(ngx_conf_t *cf, void *post, void *data);
static char *ngx_whip_http_check_time(ngx_conf_t *cf, void *post, void *data);
static char *ngx_whip_http_listen(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_whip_http_candidate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_whip_http_ice_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_whip_http_ice_word(ngx_str_t *value);
static char *ngx_whip_http_bitrate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_whip_http_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_whip_http_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_str_t *ngx_whip_http_prefix(ngx_http_request_t *r, u_char *p,
    size_t len);
static ngx_int_t ngx_whip_http_mask_early(ngx_http_request_t *r);
static ngx_int_t ngx_whip_http_mask(ngx_http_request_t *r);
static ngx_int_t ngx_whip_http_mask_log(ngx_http_request_t *r);
static ngx_int_t ngx_whip_http_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_whip_http_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_conf_enum_t  ngx_whip_http_audio[] = {
    { ngx_string("aac"), NGX_WHIP_AUDIO_AAC },
    { ngx_string("opus"), NGX_WHIP_AUDIO_OPUS },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_whip_http_zone_bounds = {
    ngx_whip_http_check_zone
};

static ngx_conf_post_t  ngx_whip_http_time_bounds = {
    ngx_whip_http_check_time
};


static ngx_command_t  ngx_whip_http_commands[] = {

    { ngx_string("whip"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_whip_http_whip,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("whip_listen"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_whip_http_listen,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("whip_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_whip_main_conf_t, zone_size),
      &ngx_whip_http_zone_bounds },

    { ngx_string("whip_candidate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_whip_http_candidate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("whip_ice_server"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_whip_http_ice_server,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("whip_audio"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_whip_conf_t, audio),
      ngx_whip_http_audio },

    { ngx_string("whip_audio_bitrate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_whip_http_bitrate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("whip_keyframe_interval"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_whip_conf_t, keyframe_interval),
      NULL },

    { ngx_string("whip_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_whip_conf_t, timeout),
      &ngx_whip_http_time_bounds },

    { ngx_string("whip_idle_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_whip_conf_t, idle_timeout),
      &ngx_whip_http_time_bounds },

    { ngx_string("whip_jitter"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_whip_conf_t, jitter),
      NULL },

    { ngx_string("whip_max_sessions"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_whip_conf_t, max_sessions),
      NULL },

    { ngx_string("whip_max_pending"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_whip_conf_t, max_pending),
      NULL },

    { ngx_string("whip_rate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_whip_http_rate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("whip_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_whip_http_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_whip_http_module_ctx = {
    ngx_whip_http_preconfiguration,         /* preconfiguration */
    ngx_whip_http_postconfiguration,        /* postconfiguration */

    ngx_whip_http_create_main_conf,         /* create main configuration */
    ngx_whip_http_init_main_conf,           /* init main configuration */

    ngx_whip_http_create_srv_conf,          /* create server configuration */
    NULL,                                   /* merge server configuration */

    ngx_whip_http_create_loc_conf,          /* create location configuration */
    ngx_whip_http_merge_loc_conf            /* merge location configuration */
};


ngx_module_t  ngx_whip_http_module = {
    NGX_MODULE_V1,
    &ngx_whip_http_module_ctx,              /* module context */
    ngx_whip_http_commands,                 /* module directives */
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


static ngx_str_t  ngx_whip_http_label = ngx_string("whip_session");
static ngx_str_t  ngx_whip_http_zone = ngx_string("ngx_whip");

static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;


ngx_whip_main_conf_t *
ngx_whip_main_conf(ngx_cycle_t *cycle)
{
    ngx_whip_main_conf_t  *wmcf;

    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return NULL;
    }

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_whip_http_module);

    return wmcf && wmcf->zone ? wmcf : NULL;
}


ngx_int_t
ngx_whip_http_resolve(ngx_cycle_t *cycle)
{
    ngx_uint_t              i;
    ngx_whip_main_conf_t   *wmcf;
    ngx_whip_location_t    *location;

    wmcf = ngx_whip_main_conf(cycle);

    if (wmcf == NULL) {
        return NGX_OK;
    }

    location = wmcf->locations.elts;

    for (i = 0; i < wmcf->locations.nelts; i++) {
        if (ngx_whip_publisher_resolve(cycle, location[i].conf,
                                       location[i].file, location[i].line)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_http_preconfiguration(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var;

    var = ngx_http_add_variable(cf, &ngx_whip_http_label,
                                NGX_HTTP_VAR_NOCACHEABLE);
    if (var == NULL) {
        return NGX_ERROR;
    }

    var->get_handler = ngx_whip_http_variable;

    return NGX_OK;
}


static ngx_int_t
ngx_whip_http_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                  n;
    ngx_http_handler_pt        *h;
    ngx_whip_main_conf_t       *wmcf;
    ngx_http_core_main_conf_t  *cmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_whip_http_module);

    if (wmcf->locations.nelts == 0 && !wmcf->status) {
        return NGX_OK;
    }

    wmcf->zone = ngx_shared_memory_add(cf, &ngx_whip_http_zone,
                                       wmcf->zone_size,
                                       &ngx_whip_http_module);
    if (wmcf->zone == NULL) {
        return NGX_ERROR;
    }

    wmcf->zone->init = ngx_whip_registry_init_zone;

    if (wmcf->locations.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_whip_http_listen_all(cf, wmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    /* ahead of whatever logs the request */

    if (ngx_whip_http_phase(cmcf, NGX_HTTP_POST_READ_PHASE,
                            ngx_whip_http_mask_early)
        != NGX_OK
        || ngx_whip_http_phase(cmcf, NGX_HTTP_REWRITE_PHASE,
                               ngx_whip_http_mask)
           != NGX_OK
        || ngx_whip_http_phase(cmcf, NGX_HTTP_LOG_PHASE,
                               ngx_whip_http_mask_log)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* handlers of the last phase run from the first to the last */

    h = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.elts;
    n = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.nelts;

    ngx_memmove(&h[1], &h[0], (n - 1) * sizeof(ngx_http_handler_pt));
    h[0] = ngx_whip_http_mask_log;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_whip_http_header_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_whip_http_phase(ngx_http_core_main_conf_t *cmcf, ngx_uint_t phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt  *h;

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


static ngx_int_t
ngx_whip_http_listen_all(ngx_conf_t *cf, ngx_whip_main_conf_t *wmcf)
{
    u_char             *p;
    ngx_url_t           u;
    ngx_uint_t          i;
    ngx_addr_t         *addr;
    ngx_whip_listen_t  *listen;

    if (wmcf->addrs.nelts == 0) {
        ngx_memzero(&u, sizeof(ngx_url_t));
        ngx_str_set(&u.url, NGX_WHIP_DEFAULT_PORT);
        u.listen = 1;

        addr = ngx_array_push(&wmcf->addrs);

        if (addr == NULL || ngx_parse_url(cf->pool, &u) != NGX_OK) {
            return NGX_ERROR;
        }

        *addr = u.addrs[0];
    }

    addr = wmcf->addrs.elts;

    for (i = 0; i < wmcf->addrs.nelts; i++) {
        listen = ngx_array_push(&wmcf->listen);
        p = ngx_pnalloc(cf->pool, NGX_SOCKADDR_STRLEN);

        if (listen == NULL || p == NULL) {
            return NGX_ERROR;
        }

        listen->text.data = p;
        listen->text.len = ngx_sock_ntop(addr[i].sockaddr, addr[i].socklen, p,
                                         NGX_SOCKADDR_STRLEN, 0);
        listen->port = ngx_inet_get_port(addr[i].sockaddr);

        /* a second one may move the first, so they are looked up again */

        if (ngx_whip_http_socket(cf, &addr[i], SOCK_DGRAM) == NULL
            || ngx_whip_http_socket(cf, &addr[i], SOCK_STREAM) == NULL)
        {
            return NGX_ERROR;
        }

        listen->sockaddr = addr[i].sockaddr;
        listen->socklen = addr[i].socklen;
    }

    return NGX_OK;
}


static ngx_listening_t *
ngx_whip_http_socket(ngx_conf_t *cf, ngx_addr_t *addr, int type)
{
    ngx_listening_t           *ls;
    ngx_http_core_loc_conf_t  *clcf;

    ls = ngx_create_listening(cf, addr->sockaddr, addr->socklen);
    if (ls == NULL) {
        return NULL;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ls->addr_ntop = 1;
    ls->type = type;
    ls->handler = ngx_whip_tcp_accept;
    ls->pool_size = 256;
    ls->logp = clcf->error_log ? clcf->error_log : &cf->cycle->new_log;
    ls->log.data = &ls->addr_text;
    ls->log.handler = ngx_accept_log_error;
    ls->backlog = NGX_LISTEN_BACKLOG;
    ls->rcvbuf = -1;
    ls->sndbuf = -1;

    if (type == SOCK_DGRAM) {
        ls->rcvbuf = NGX_WHIP_UDP_RCVBUF;
        ls->wildcard = ngx_inet_wildcard(addr->sockaddr);
    }

#if (NGX_HAVE_INET6)
    ls->ipv6only = 1;
#endif

#if (NGX_HAVE_REUSEPORT)
    ls->reuseport = 0;
#endif

    return ls;
}


static void *
ngx_whip_http_create_main_conf(ngx_conf_t *cf)
{
    ngx_whip_main_conf_t  *wmcf;

    wmcf = ngx_pcalloc(cf->pool, sizeof(ngx_whip_main_conf_t));
    if (wmcf == NULL) {
        return NULL;
    }

    wmcf->zone_size = NGX_CONF_UNSET_SIZE;

    if (ngx_array_init(&wmcf->addrs, cf->pool, 2, sizeof(ngx_addr_t)) != NGX_OK
        || ngx_array_init(&wmcf->listen, cf->pool, 2,
                          sizeof(ngx_whip_listen_t))
           != NGX_OK
        || ngx_array_init(&wmcf->locations, cf->pool, 4,
                          sizeof(ngx_whip_location_t))
           != NGX_OK)
    {
        return NULL;
    }

    return wmcf;
}


static char *
ngx_whip_http_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_whip_main_conf_t  *wmcf = conf;

    ngx_conf_init_size_value(wmcf->zone_size, 4 * 1024 * 1024);

    return NGX_CONF_OK;
}


static void *
ngx_whip_http_create_srv_conf(ngx_conf_t *cf)
{
    ngx_whip_srv_conf_t  *wscf;

    wscf = ngx_pcalloc(cf->pool, sizeof(ngx_whip_srv_conf_t));
    if (wscf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&wscf->prefixes, cf->pool, 2, sizeof(ngx_str_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return wscf;
}


static void *
ngx_whip_http_create_loc_conf(ngx_conf_t *cf)
{
    ngx_whip_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_whip_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->candidates = NGX_CONF_UNSET_PTR;
    conf->ice_servers = NGX_CONF_UNSET_PTR;
    conf->audio = NGX_CONF_UNSET_UINT;
    conf->audio_bitrate = NGX_CONF_UNSET_SIZE;
    conf->keyframe_interval = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->idle_timeout = NGX_CONF_UNSET_MSEC;
    conf->jitter = NGX_CONF_UNSET_MSEC;
    conf->max_sessions = NGX_CONF_UNSET_UINT;
    conf->max_pending = NGX_CONF_UNSET_UINT;
    conf->rate_number = NGX_CONF_UNSET_UINT;
    conf->rate_time = NGX_CONF_UNSET_MSEC;

    return conf;
}


static char *
ngx_whip_http_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_whip_conf_t  *prev = parent;
    ngx_whip_conf_t  *conf = child;

    ngx_whip_location_t       *location, parent_location;
    ngx_whip_main_conf_t      *wmcf;
    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_ptr_value(conf->candidates, prev->candidates, NULL);
    ngx_conf_merge_ptr_value(conf->ice_servers, prev->ice_servers, NULL);
    ngx_conf_merge_uint_value(conf->audio, prev->audio, NGX_WHIP_AUDIO_AAC);
    ngx_conf_merge_size_value(conf->audio_bitrate, prev->audio_bitrate,
                              128000);
    ngx_conf_merge_msec_value(conf->keyframe_interval,
                              prev->keyframe_interval, 2000);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 15000);
    ngx_conf_merge_msec_value(conf->idle_timeout, prev->idle_timeout, 30000);
    ngx_conf_merge_msec_value(conf->jitter, prev->jitter, 500);
    ngx_conf_merge_uint_value(conf->max_sessions, prev->max_sessions, 1000);
    ngx_conf_merge_uint_value(conf->max_pending, prev->max_pending, 10);
    ngx_conf_merge_uint_value(conf->rate_number, prev->rate_number, 5);
    ngx_conf_merge_msec_value(conf->rate_time, prev->rate_time, 1000);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* "if" and "limit_except" in a location with `whip` */

    if (clcf->noname && conf->app.len == 0 && prev->app.len) {

        conf->app = prev->app;
        conf->server = prev->server;
        conf->scope = prev->scope;
        conf->location = prev->location;

        if (clcf->handler == NULL) {
            clcf->handler = ngx_whip_endpoint_handler;
        }

        wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_whip_http_module);
        location = wmcf->locations.elts;
        parent_location = location[conf->location];

        location = ngx_array_push(&wmcf->locations);
        if (location == NULL) {
            return NGX_CONF_ERROR;
        }

        *location = parent_location;
        location->conf = conf;
    }

    if (conf->app.len) {

        /* offers stay in memory, and nobody sends larger ones */

        clcf->client_max_body_size = NGX_WHIP_ENDPOINT_BODY;
        clcf->client_body_buffer_size = NGX_WHIP_ENDPOINT_BODY;
    }

    return NGX_CONF_OK;
}


static char *
ngx_whip_http_whip(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_whip_conf_t  *wcf = conf;

    ngx_str_t                 *value, **prefix;
    ngx_whip_location_t       *location;
    ngx_whip_srv_conf_t       *wscf;
    ngx_whip_main_conf_t      *wmcf;
    ngx_http_core_loc_conf_t  *clcf;

    if (wcf->app.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].len >= 256) {
        return "needs the name of an rtmp application";
    }

    wcf->app = value[1];

    if (cf->args->nelts == 3) {

        if (value[2].len <= 7
            || ngx_strncmp(value[2].data, "server=", 7) != 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", it may be "
                               "server=ADDR:PORT", &value[2]);
            return NGX_CONF_ERROR;
        }

        wcf->server.data = value[2].data + 7;
        wcf->server.len = value[2].len - 7;
    }

    wcf->scope = ngx_crc32_long(wcf->app.data, wcf->app.len);
    wcf->scope = wcf->scope << 1 | 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)

    if (clcf->regex) {
        return "cannot be used in a location with a regular expression";
    }

#endif

    if (clcf->named || clcf->noname || clcf->exact_match || clcf->name.len == 0)
    {
        return "needs a location with a prefix";
    }

    if (clcf->handler == ngx_whip_status_json
        || clcf->handler == ngx_whip_status_prometheus)
    {
        return "cannot be where \"whip_status\" is";
    }

    clcf->handler = ngx_whip_endpoint_handler;

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_whip_http_module);
    wscf = ngx_http_conf_get_module_srv_conf(cf, ngx_whip_http_module);

    location = ngx_array_push(&wmcf->locations);
    prefix = ngx_array_push(&wscf->prefixes);

    if (location == NULL || prefix == NULL) {
        return NGX_CONF_ERROR;
    }

    *prefix = &clcf->name;

    wcf->location = wmcf->locations.nelts - 1;

    location->conf = wcf;
    location->prefix = &clcf->name;
    location->file = cf->conf_file->file.name.data;
    location->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


static char *
ngx_whip_http_check_zone(ngx_conf_t *cf, void *post, void *data)
{
    size_t *size = data;

    if (*size < ngx_whip_registry_min_size()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"whip_zone\" is too small, it must be at least "
                           "%uzk", ngx_whip_registry_min_size() / 1024 + 1);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_whip_http_check_time(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *time = data;

    return *time ? NGX_CONF_OK : "needs a timeout above 0";
}


static char *
ngx_whip_http_listen(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_whip_main_conf_t  *wmcf = conf;

    ngx_str_t   *value;
    ngx_url_t    u;
    ngx_uint_t   i, n;
    ngx_addr_t  *addr;

    value = cf->args->elts;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];
    u.listen = 1;
    u.default_port = 8189;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"whip_listen %V\"",
                           u.err ? u.err : "no address", &u.url);
        return NGX_CONF_ERROR;
    }

    for (n = 0; n < u.naddrs; n++) {

        if (u.addrs[n].sockaddr->sa_family == AF_UNIX) {
            return "cannot be a UNIX-domain socket";
        }

        addr = wmcf->addrs.elts;

        for (i = 0; i < wmcf->addrs.nelts; i++) {
            if (ngx_cmp_sockaddr(addr[i].sockaddr, addr[i].socklen,
                                 u.addrs[n].sockaddr, u.addrs[n].socklen, 1)
                == NGX_OK)
            {
                return "is duplicate";
            }
        }

        addr = ngx_array_push(&wmcf->addrs);
        if (addr == NULL) {
            return NGX_CONF_ERROR;
        }

        *addr = u.addrs[n];
    }

    return NGX_CONF_OK;
}


static char *
ngx_whip_http_candidate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_whip_conf_t  *wcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;
    ngx_addr_t  *addr;

    if (wcf->candidates != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts - 1 > NGX_WHIP_CANDIDATES / 2) {
        return "has too many addresses";
    }

    wcf->candidates = ngx_array_create(cf->pool, 2, sizeof(ngx_addr_t));
    if (wcf->candidates == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        addr = ngx_array_push(wcf->candidates);
        if (addr == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_parse_addr_port(cf->pool, addr, value[i].data, value[i].len)
            != NGX_OK
            || ngx_inet_wildcard(addr->sockaddr))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid address \"%V\" in \"whip_candidate\", "
                               "it may be an IPv4 or IPv6 address, with a port "
                               "if that is another than whip_listen's",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        /* as a candidate has it, without port and brackets */

        addr->name.data = ngx_pnalloc(cf->pool, NGX_SOCKADDR_STRLEN);
        if (addr->name.data == NULL) {
            return NGX_CONF_ERROR;
        }

        addr->name.len = ngx_sock_ntop(addr->sockaddr, addr->socklen,
                                       addr->name.data, NGX_SOCKADDR_STRLEN,
                                       0);

        if (addr->name.len && addr->name.data[0] == '[') {
            addr->name.data++;
            addr->name.len -= 2;
        }
    }

    return NGX_CONF_OK;
}


/* one value of Link, RFC 9725, 4.6 */

static char *
ngx_whip_http_ice_server(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_whip_conf_t  *wcf = conf;

    u_char      *p;
    ngx_str_t   *value, *link, username, credential;
    ngx_uint_t   i;

    value = cf->args->elts;

    ngx_str_null(&username);
    ngx_str_null(&credential);

    if (ngx_strncmp(value[1].data, "stun:", 5) != 0
        && ngx_strncmp(value[1].data, "stuns:", 6) != 0
        && ngx_strncmp(value[1].data, "turn:", 5) != 0
        && ngx_strncmp(value[1].data, "turns:", 6) != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"whip_ice_server\" is no URL of stun:, "
                           "stuns:, turn: or turns:", &value[1]);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "username=", 9) == 0) {
            username.data = value[i].data + 9;
            username.len = value[i].len - 9;
            continue;
        }

        if (ngx_strncmp(value[i].data, "credential=", 11) == 0) {
            credential.data = value[i].data + 11;
            credential.len = value[i].len - 11;
            continue;
        }

        return "takes a URL, username= and credential=";
    }

    if (value[1].data[value[1].len - 1] == ':') {
        return "needs a host in its URL, as in \"stun:\"HOST";
    }

    if ((username.len == 0) != (credential.len == 0)) {
        return "needs username= and credential= together";
    }

    if (ngx_whip_http_ice_word(&value[1]) != NGX_OK
        || ngx_whip_http_ice_word(&username) != NGX_OK
        || ngx_whip_http_ice_word(&credential) != NGX_OK)
    {
        return "may not have blanks, quotes, commas, semicolons or angle "
               "brackets: there are clients that cannot read them";
    }

    if (wcf->ice_servers == NGX_CONF_UNSET_PTR) {
        wcf->ice_servers = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (wcf->ice_servers == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    link = ngx_array_push(wcf->ice_servers);
    p = ngx_pnalloc(cf->pool, value[1].len + username.len + credential.len
                              + 128);

    if (link == NULL || p == NULL) {
        return NGX_CONF_ERROR;
    }

    link->data = p;

    p = ngx_sprintf(p, "<%V>; rel=\"ice-server\"", &value[1]);

    if (username.len) {
        p = ngx_sprintf(p, "; username=\"%V\"; credential=\"%V\"; "
                        "credential-type=\"password\"", &username,
                        &credential);
    }

    link->len = p - link->data;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_whip_http_ice_word(ngx_str_t *value)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';'
            || c == '<' || c == '>' || c == '\\')
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static char *
ngx_whip_http_bitrate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_whip_conf_t  *wcf = conf;

    uint64_t    rate;
    ngx_str_t  *value;

    if (wcf->audio_bitrate != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_live_rate_parse(&value[1], &rate) != NGX_OK
        || rate < NGX_WHIP_AUDIO_MIN_BITRATE
        || rate > 2 * NGX_WHIP_AUDIO_MAX_BITRATE)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"whip_audio_bitrate\", it "
                           "may be 16k to 320k", &value[1]);
        return NGX_CONF_ERROR;
    }

    wcf->audio_bitrate = rate;

    return NGX_CONF_OK;
}


/* N/TIME, or off */

static char *
ngx_whip_http_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_whip_conf_t  *wcf = conf;

    u_char      *p;
    ngx_int_t    n, ms;
    ngx_str_t   *value, time;

    if (wcf->rate_number != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        wcf->rate_number = 0;
        wcf->rate_time = 1000;
        return NGX_CONF_OK;
    }

    p = ngx_strlchr(value[1].data, value[1].data + value[1].len, '/');

    if (p) {
        time.data = p + 1;
        time.len = value[1].data + value[1].len - time.data;

        n = ngx_atoi(value[1].data, p - value[1].data);
        ms = ngx_parse_time(&time, 0);

        if (n > 0 && ms > 0 && ms >= n) {
            wcf->rate_number = n;
            wcf->rate_time = ms;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"whip_rate\", it may be "
                       "NUMBER/TIME, as 5/1s, or off", &value[1]);

    return NGX_CONF_ERROR;
}


static char *
ngx_whip_http_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                 *value;
    ngx_whip_main_conf_t      *wmcf;
    ngx_http_core_loc_conf_t  *clcf;

    value = cf->args->elts;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_whip_http_module);

    if (clcf->handler == ngx_whip_endpoint_handler) {
        return "cannot be where \"whip\" is";
    }

    wmcf->status = 1;
    clcf->handler = ngx_whip_status_json;

    if (cf->args->nelts == 1) {
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "prometheus") != 0) {
        return "takes \"prometheus\", or nothing for JSON";
    }

    clcf->handler = ngx_whip_status_prometheus;

    return NGX_CONF_OK;
}


/* the longest prefix of a location with `whip` that p .. p + len begins with */

static ngx_str_t *
ngx_whip_http_prefix(ngx_http_request_t *r, u_char *p, size_t len)
{
    ngx_str_t            **prefix, *best;
    ngx_uint_t             i;
    ngx_whip_srv_conf_t   *wscf;

    wscf = ngx_http_get_module_srv_conf(r, ngx_whip_http_module);

    prefix = wscf->prefixes.elts;
    best = NULL;

    for (i = 0; i < wscf->prefixes.nelts; i++) {

        if (len >= prefix[i]->len
            && ngx_strncmp(p, prefix[i]->data, prefix[i]->len) == 0
            && (best == NULL || prefix[i]->len > best->len))
        {
            best = prefix[i];
        }
    }

    return best;
}


/* what happens before the location is known may be logged */

static ngx_int_t
ngx_whip_http_mask_early(ngx_http_request_t *r)
{
    ngx_str_t                *prefix;
    ngx_whip_endpoint_ctx_t  *ctx;

    prefix = ngx_whip_http_prefix(r, r->uri.data, r->uri.len);

    if (prefix == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_whip_endpoint_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->line = r->request_line;
    ngx_http_set_ctx(r, ctx, ngx_whip_http_module);

    ngx_whip_endpoint_hide(r, prefix);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_whip_http_mask(ngx_http_request_t *r)
{
    ngx_whip_conf_t           *wcf;
    ngx_whip_endpoint_ctx_t   *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    wcf = ngx_http_get_module_loc_conf(r, ngx_whip_http_module);
    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    if (wcf->app.len == 0) {

        /* another location: what it logs is not for us to change */

        if (ctx && ctx->line.len) {
            r->request_line = ctx->line;
            ngx_str_null(&ctx->line);
        }

        return NGX_DECLINED;
    }

    if (ctx == NULL || !ctx->taken) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (ngx_whip_endpoint_take(r, &clcf->name) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_DECLINED;
}


/* malformed requests, and rewritten ones that nginx refused by itself */

static ngx_int_t
ngx_whip_http_mask_log(ngx_http_request_t *r)
{
    u_char                    *p, *end;
    ngx_str_t                 *prefix;
    ngx_whip_conf_t           *wcf;
    ngx_whip_endpoint_ctx_t   *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    if ((ctx && ctx->taken) || r->request_line.len == 0) {
        return NGX_OK;
    }

    wcf = ngx_http_get_module_loc_conf(r, ngx_whip_http_module);

    if (wcf->app.len) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (ngx_whip_endpoint_take(r, &clcf->name) != NGX_OK) {
            r->request_line.len = 0;
        }

        return NGX_OK;
    }

    end = r->request_line.data + r->request_line.len;
    p = ngx_strlchr(r->request_line.data, end, ' ');

    if (p == NULL || ctx) {
        return NGX_OK;
    }

    p++;

    prefix = ngx_whip_http_prefix(r, p, end - p);

    if (prefix) {
        ngx_whip_endpoint_hide(r, prefix);
        ngx_str_null(&r->uri);
        ngx_str_null(&r->unparsed_uri);
        ngx_str_null(&r->args);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_http_header_filter(ngx_http_request_t *r)
{
    ngx_whip_conf_t  *wcf;

    wcf = ngx_http_get_module_loc_conf(r, ngx_whip_http_module);

    /* where error_page has led to, the location is another */

    if (r == r->main
        && (wcf->app.len
            || (r->error_page
                && ngx_whip_http_prefix(r, r->unparsed_uri.data,
                                        r->unparsed_uri.len)))
        && ngx_whip_endpoint_cors(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_whip_http_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_whip_endpoint_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_whip_http_module);

    if (ctx == NULL || ctx->label.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = ctx->label.data;
    v->len = ctx->label.len;

    return NGX_OK;
}
