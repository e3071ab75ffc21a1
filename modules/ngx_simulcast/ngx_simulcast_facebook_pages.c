
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_facebook.h"
#include "ngx_simulcast_answer.h"


typedef struct {
    ngx_simulcast_destination_t   *destination;     /* held */
    json_t                        *list;
    ngx_uint_t                     parts;
    ngx_simulcast_account_pt       handler;
    void                          *data;
} ngx_simulcast_facebook_pages_t;


static void ngx_simulcast_facebook_pages_ask(ngx_simulcast_call_t *call);
static void ngx_simulcast_facebook_pages_got(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_facebook_pages_done(void *data,
    ngx_simulcast_platform_result_t *result);
static void ngx_simulcast_facebook_pages_free(
    ngx_simulcast_facebook_pages_t *p);


ngx_int_t
ngx_simulcast_facebook_pages(ngx_simulcast_destination_t *destination,
    ngx_simulcast_account_pt handler, void *data)
{
    ngx_simulcast_call_t            *call;
    ngx_simulcast_facebook_pages_t  *p;

    p = ngx_calloc(sizeof(ngx_simulcast_facebook_pages_t), ngx_cycle->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_simulcast_store_hold(destination);

    p->destination = destination;
    p->list = json_array();
    p->handler = handler;
    p->data = data;

    call = ngx_simulcast_call_create(NGX_SIMULCAST_FACEBOOK, &p->destination,
                                     ngx_simulcast_facebook_pages_done, p);
    if (call == NULL) {
        ngx_simulcast_facebook_pages_free(p);
        return NGX_ERROR;
    }

    ngx_simulcast_call_later(call, 0, ngx_simulcast_facebook_pages_ask);

    return NGX_OK;
}


static void
ngx_simulcast_facebook_pages_ask(ngx_simulcast_call_t *call)
{
    ngx_simulcast_facebook_accounts(call, NULL,
                                    ngx_simulcast_facebook_pages_got);
}


static void
ngx_simulcast_facebook_pages_got(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_facebook_pages_t *p = call->data;

    size_t       i;
    json_t      *data, *page;
    const char  *id, *name, *after;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_call_end(call, &answer->result);
        return;
    }

    data = json_object_get(answer->json, "data");

    if (!json_is_array(data)) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_answer",
                                "Facebook's answer cannot be understood");
        return;
    }

    json_array_foreach(data, i, page) {

        id = ngx_simulcast_answer_word(page, "id", 64);
        name = ngx_simulcast_answer_text(page, "name");

        if (id && ngx_simulcast_answer_page_live(page)) {
            (void) json_array_append_new(p->list,
                       json_pack("{s:s,s:s}", "id", id, "name",
                                 name ? name : id));
        }
    }

    after = ngx_simulcast_answer_after(answer->json);

    if (after && ++p->parts < NGX_SIMULCAST_FACEBOOK_PARTS) {
        ngx_simulcast_facebook_accounts(call, after,
                                        ngx_simulcast_facebook_pages_got);
        return;
    }

    ngx_simulcast_call_ok(call);
}


static void
ngx_simulcast_facebook_pages_done(void *data,
    ngx_simulcast_platform_result_t *result)
{
    ngx_simulcast_facebook_pages_t *p = data;

    ngx_simulcast_account_answer_t  answer;

    ngx_memzero(&answer, sizeof(ngx_simulcast_account_answer_t));

    answer.result = *result;
    answer.status = ngx_simulcast_answer_http(result);
    answer.answer = result->rc == NGX_OK ? p->list : NULL;

    p->handler(p->data, &answer);

    ngx_simulcast_facebook_pages_free(p);
}


static void
ngx_simulcast_facebook_pages_free(ngx_simulcast_facebook_pages_t *p)
{
    ngx_simulcast_store_release(p->destination);
    json_decref(p->list);
    ngx_free(p);
}
