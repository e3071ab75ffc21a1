
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_keep.h"
#include "ngx_simulcast_answer.h"


#define NGX_SIMULCAST_KEEP_TRIES  10
#define NGX_SIMULCAST_KEEP_PAUSE  1000      /* ms, while Redis is away */


typedef struct {
    char                           id[NGX_SIMULCAST_ID + 1];
    json_t                        *secret;
    json_t                        *record;
    const char                    *name;    /* static; NULL: whatever it is */
    char                          *value;
    ngx_uint_t                     tries;
    ngx_event_t                    event;
    ngx_simulcast_destination_t   *destination;     /* while it is written */
    ngx_simulcast_keep_pt          handler;
    void                          *data;
} ngx_simulcast_keep_t;


static void ngx_simulcast_keep_read(ngx_event_t *ev);
static void ngx_simulcast_keep_got(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_keep_put(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static void ngx_simulcast_keep_again(ngx_simulcast_keep_t *k, ngx_int_t rc);
static void ngx_simulcast_keep_done(ngx_simulcast_keep_t *k, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);
static ngx_int_t ngx_simulcast_keep_change(json_t *object, json_t *members);
static void ngx_simulcast_keep_free(ngx_simulcast_keep_t *k);


ngx_int_t
ngx_simulcast_keep(const char *id, json_t *secret, json_t *record,
    const char *name, const char *value, ngx_simulcast_keep_pt handler,
    void *data)
{
    size_t                 len;
    ngx_simulcast_keep_t  *k;

    k = ngx_calloc(sizeof(ngx_simulcast_keep_t), ngx_cycle->log);

    if (k == NULL) {
        json_decref(secret);
        json_decref(record);
        return NGX_ERROR;
    }

    k->secret = secret;
    k->record = record;
    k->handler = handler;
    k->data = data;

    ngx_cpystrn((u_char *) k->id, (u_char *) id, sizeof(k->id));

    if (name) {
        len = ngx_strlen(value) + 1;

        k->name = name;
        k->value = ngx_alloc(len, ngx_cycle->log);

        if (k->value == NULL) {
            ngx_simulcast_keep_free(k);
            return NGX_ERROR;
        }

        ngx_memcpy(k->value, value, len);
    }

    k->event.handler = ngx_simulcast_keep_read;
    k->event.data = k;
    k->event.log = ngx_cycle->log;

    ngx_post_event(&k->event, &ngx_posted_next_events);

    return NGX_OK;
}


static void
ngx_simulcast_keep_read(ngx_event_t *ev)
{
    ngx_simulcast_keep_t *k = ev->data;

    ngx_str_t  id;

    id.data = (u_char *) k->id;
    id.len = ngx_strlen(k->id);

    if (ngx_simulcast_store_get(&id, ngx_simulcast_keep_got, k) != NGX_OK) {
        ngx_simulcast_keep_again(k, NGX_ERROR);
    }
}


static void
ngx_simulcast_keep_got(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_keep_t *k = data;

    const char  *value;

    if (rc != NGX_OK) {
        ngx_simulcast_keep_again(k, rc);
        return;
    }

    if (destination->secret == NULL) {

        /* what does not open is left as it is */

        if (destination->secret_state != NGX_SIMULCAST_SECRET_NONE) {
            ngx_simulcast_keep_done(k, NGX_DECLINED, NULL);
            return;
        }

        destination->secret = json_object();
    }

    if (k->name) {
        value = ngx_simulcast_answer_word(destination->secret, k->name,
                                          NGX_SIMULCAST_ANSWER_WORD);

        if (value == NULL || ngx_strcmp(value, k->value) != 0) {
            ngx_simulcast_keep_done(k, NGX_OK, destination);
            return;
        }
    }

    if (ngx_simulcast_keep_change(destination->secret, k->secret) != NGX_OK
        || ngx_simulcast_keep_change(destination->record, k->record) != NGX_OK)
    {
        ngx_simulcast_keep_done(k, NGX_ERROR, NULL);
        return;
    }

    destination->secret_state = NGX_SIMULCAST_SECRET_OPEN;

    ngx_simulcast_store_hold(destination);
    k->destination = destination;

    if (ngx_simulcast_store_put(destination, ngx_simulcast_keep_put, k)
        != NGX_OK)
    {
        ngx_simulcast_keep_put(k, NGX_ERROR, NULL);
    }
}


static void
ngx_simulcast_keep_put(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    ngx_simulcast_keep_t *k = data;

    destination = k->destination;
    k->destination = NULL;

    if (rc == NGX_OK) {
        ngx_simulcast_keep_done(k, NGX_OK, destination);

    } else {
        ngx_simulcast_keep_again(k, rc);
    }

    ngx_simulcast_store_release(destination);
}


/*
 * Somebody else was faster, or Redis is away: for a token that has replaced
 * another one it is worth waiting
 */

static void
ngx_simulcast_keep_again(ngx_simulcast_keep_t *k, ngx_int_t rc)
{
    if (rc == NGX_DECLINED
        || ++k->tries >= NGX_SIMULCAST_KEEP_TRIES
        || (rc == NGX_ERROR
            && (k->name == NULL
                || (ngx_exiting && k->tries > NGX_SIMULCAST_KEEP_TRIES / 3))))
    {
        ngx_simulcast_keep_done(k, rc == NGX_DECLINED ? rc : NGX_ERROR, NULL);
        return;
    }

    if (rc == NGX_BUSY) {
        ngx_post_event(&k->event, &ngx_posted_next_events);

    } else {
        ngx_add_timer(&k->event, NGX_SIMULCAST_KEEP_PAUSE);
    }
}


static void
ngx_simulcast_keep_done(ngx_simulcast_keep_t *k, ngx_int_t rc,
    ngx_simulcast_destination_t *destination)
{
    void                   *data;
    ngx_simulcast_keep_pt   handler;

    data = k->data;
    handler = k->handler;

    ngx_simulcast_keep_free(k);

    handler(data, rc, destination);
}


static ngx_int_t
ngx_simulcast_keep_change(json_t *object, json_t *members)
{
    json_t      *value;
    const char  *name;

    json_object_foreach(members, name, value) {

        if (json_is_null(value)) {
            (void) json_object_del(object, name);

        } else if (json_object_set(object, name, value) != 0) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_simulcast_keep_free(ngx_simulcast_keep_t *k)
{
    json_decref(k->secret);
    json_decref(k->record);

    if (k->value) {
        ngx_explicit_memzero(k->value, ngx_strlen(k->value));
        ngx_free(k->value);
    }

    ngx_free(k);
}
