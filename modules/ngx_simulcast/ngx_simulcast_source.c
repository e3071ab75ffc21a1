
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_controller.h"
#include "ngx_simulcast_reason.h"
#include "ngx_simulcast_source.h"


static void ngx_simulcast_source_split(ngx_simulcast_source_t *source);
static ngx_uint_t ngx_simulcast_source_name(ngx_str_t *name);
static void ngx_simulcast_source_push(ngx_simulcast_source_t *source,
    ngx_simulcast_static_t *fixed);


static ngx_queue_t  ngx_simulcast_sources;


void
ngx_simulcast_source_init(void)
{
    ngx_queue_init(&ngx_simulcast_sources);
}


ngx_queue_t *
ngx_simulcast_source_list(void)
{
    return &ngx_simulcast_sources;
}


ngx_simulcast_source_t *
ngx_simulcast_source_open(ngx_simulcast_app_conf_t *conf, ngx_str_t *stream)
{
    ngx_uint_t               i;
    ngx_pool_t              *pool;
    ngx_simulcast_source_t  *source;
    ngx_simulcast_static_t  *fixed;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    source = ngx_pcalloc(pool, sizeof(ngx_simulcast_source_t));
    if (source == NULL) {
        goto failed;
    }

    source->pool = pool;
    source->conf = conf;
    source->started = ngx_simulcast_time();

    ngx_queue_init(&source->fixed);

    source->stream.len = stream->len;
    source->stream.data = ngx_pstrdup(pool, stream);

    /* room for two strings that end with NUL */

    source->streamer.data = ngx_pcalloc(pool, stream->len + 1);
    source->source.data = ngx_pcalloc(pool, stream->len
                                            + conf->default_source.len + 1);

    if (source->streamer.data == NULL || source->source.data == NULL
        || (source->stream.data == NULL && stream->len))
    {
        goto failed;
    }

    ngx_simulcast_source_split(source);

    source->feed = ngx_simulcast_feed_create(ngx_cycle->log);
    if (source->feed == NULL) {
        goto failed;
    }

    ngx_queue_insert_tail(&ngx_simulcast_sources, &source->queue);

    if (conf->pushes) {
        fixed = conf->pushes->elts;

        for (i = 0; i < conf->pushes->nelts; i++) {
            ngx_simulcast_source_push(source, &fixed[i]);
        }
    }

    if (source->addressable) {
        ngx_simulcast_controller_open(source);
    }

    return source;

failed:

    ngx_destroy_pool(pool);
    return NULL;
}


/*
 * ngx_multisource names streams STREAMER, or STREAMER SEPARATOR SOURCE, and no
 * streamer has the separator in it.
 */

static void
ngx_simulcast_source_split(ngx_simulcast_source_t *source)
{
    u_char     *p, *last;
    ngx_str_t  *separator;

    separator = &source->conf->separator;

    p = source->stream.data;
    last = p + source->stream.len;

    if (separator->len) {
        p = ngx_strlcasestrn(p, last, separator->data, separator->len - 1);

    } else {
        p = NULL;
    }

    if (p == NULL) {
        source->streamer.len = source->stream.len;
        source->source.len = source->conf->default_source.len;
        ngx_memcpy(source->source.data, source->conf->default_source.data,
                   source->source.len);

    } else {
        source->streamer.len = p - source->stream.data;
        p += separator->len;
        source->source.len = last - p;
        ngx_memcpy(source->source.data, p, source->source.len);
    }

    ngx_memcpy(source->streamer.data, source->stream.data,
               source->streamer.len);

    source->fallback = source->source.len == source->conf->default_source.len
                       && ngx_memcmp(source->source.data,
                                     source->conf->default_source.data,
                                     source->source.len)
                          == 0;

    source->addressable = ngx_simulcast_source_name(&source->streamer)
                          && ngx_simulcast_source_name(&source->source);
}


static ngx_uint_t
ngx_simulcast_source_name(ngx_str_t *name)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return name->len > 0 && name->len <= NGX_SIMULCAST_NAME;
}


static void
ngx_simulcast_source_push(ngx_simulcast_source_t *source,
    ngx_simulcast_static_t *fixed)
{
    u_char                     *url, *p;
    ngx_str_t                   target;
    ngx_simulcast_push_t       *push;
    ngx_simulcast_push_conf_t   conf;

    static const u_char  name[] = "$name";

    if (fixed->streamer.len
        && (fixed->streamer.len != source->streamer.len
            || ngx_memcmp(fixed->streamer.data, source->streamer.data,
                          source->streamer.len)
               != 0))
    {
        return;
    }

    if (fixed->source.len == 0) {
        if (!source->fallback) {
            return;
        }

    } else if (!(fixed->source.len == 1 && fixed->source.data[0] == '*')
               && (fixed->source.len != source->source.len
                   || ngx_memcmp(fixed->source.data, source->source.data,
                                 source->source.len)
                      != 0))
    {
        return;
    }

    ngx_memzero(&conf, sizeof(ngx_simulcast_push_conf_t));

    conf.id = fixed->id;
    conf.name = fixed->name;
    conf.streamer = source->streamer;
    conf.source = source->source;
    conf.platform = NGX_SIMULCAST_CUSTOM;
    conf.trusted = 1;
    conf.reconnect = 1;
    conf.fixed = 1;

    push = ngx_simulcast_push_create(source->feed, &conf);
    if (push == NULL) {
        return;
    }

    ngx_queue_insert_tail(&source->fixed, &push->queue);

    target = fixed->url;
    url = NULL;

    if (target.len > sizeof(name) - 1
        && ngx_memcmp(target.data + target.len - (sizeof(name) - 1), name,
                      sizeof(name) - 1)
           == 0)
    {
        url = ngx_alloc(target.len + source->stream.len, ngx_cycle->log);
        if (url == NULL) {
            return;
        }

        p = ngx_cpymem(url, target.data, target.len - (sizeof(name) - 1));
        p = ngx_cpymem(p, source->stream.data, source->stream.len);

        target.data = url;
        target.len = p - url;
    }

    (void) ngx_simulcast_push_dial(push, &target, &fixed->key);

    if (url) {
        ngx_free(url);
    }
}


void
ngx_simulcast_source_close(ngx_simulcast_source_t *source, ngx_uint_t real)
{
    ngx_queue_t           *q;
    ngx_simulcast_push_t  *push;

    if (source->addressable) {
        ngx_simulcast_controller_close(source, real);
    }

    while (!ngx_queue_empty(&source->fixed)) {
        q = ngx_queue_head(&source->fixed);
        ngx_queue_remove(q);

        push = ngx_queue_data(q, ngx_simulcast_push_t, queue);
        ngx_simulcast_push_free(push, real, real ? NGX_SIMULCAST_SOURCE_ENDED
                                                 : NGX_SIMULCAST_SOURCE_LOST);
    }

    ngx_simulcast_feed_free(source->feed);

    ngx_queue_remove(&source->queue);
    ngx_destroy_pool(source->pool);
}


void
ngx_simulcast_source_exit(void)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&ngx_simulcast_sources)) {
        q = ngx_queue_head(&ngx_simulcast_sources);

        ngx_simulcast_source_close(ngx_queue_data(q, ngx_simulcast_source_t,
                                                  queue), 0);
    }
}
