
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_events.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_show_answer.h"
#include "ngx_multisource_show_api.h"
#include "ngx_multisource_show_json.h"
#include "ngx_multisource_show_usage.h"
#include "ngx_multisource_stage.h"


/* viewers of one answer about usage */

#define NGX_MULTISOURCE_SHOW_GUEST_LIMIT      100
#define NGX_MULTISOURCE_SHOW_GUEST_LIMIT_MAX  1000

/* a player's last words about a show that has ended, ms */
#define NGX_MULTISOURCE_SHOW_GUEST_LATE       30000

/* what was sent before the end and is watched after it, ms */
#define NGX_MULTISOURCE_SHOW_GUEST_BUFFERED   10000


static ngx_uint_t ngx_multisource_show_guest_equal(const char *code,
    u_char *right);
static ngx_int_t ngx_multisource_show_guest_cookie(
    ngx_multisource_show_call_t *call, u_char *token, ngx_uint_t age);
static json_t *ngx_multisource_show_guest_joined(
    ngx_multisource_show_call_t *call, u_char *token);
static void ngx_multisource_show_guest_look(ngx_multisource_viewer_t *place,
    ngx_multisource_preferences_t *preferences);
static ngx_int_t ngx_multisource_show_guest_argument(ngx_http_request_t *r,
    const char *name, ngx_uint_t *value);


ngx_int_t
ngx_multisource_show_guest_status(ngx_multisource_show_call_t *call)
{
    return ngx_multisource_show_answer_data(call->request, NGX_HTTP_OK,
               ngx_multisource_show_json_session(call->conf, &call->show));
}


ngx_int_t
ngx_multisource_show_guest_on_air(ngx_multisource_show_call_t *call)
{
    return ngx_multisource_show_answer_data(call->request, NGX_HTTP_OK,
               ngx_multisource_show_json_on_air(&call->show.record));
}


ngx_int_t
ngx_multisource_show_guest_events(ngx_multisource_show_call_t *call)
{
    if (ngx_live_answer_header(call->request, "Cache-Control", "no-store")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_multisource_events_show_handler(call->request, call->conf,
                                               &call->show);
}


ngx_int_t
ngx_multisource_show_guest_join(ngx_multisource_show_call_t *call)
{
    u_char                             token[NGX_MULTISOURCE_TICKET_LEN + 1];
    ngx_uint_t                         invited;
    const char                        *code;
    ngx_http_request_t                *r;
    ngx_live_body_error_t              error;
    ngx_multisource_ticket_t           ticket;
    ngx_multisource_show_record_t     *record;
    ngx_multisource_http_main_conf_t  *hmcf;

    r = call->request;
    record = &call->show.record;
    code = NULL;

    if (call->body
        && ngx_multisource_form_join(call->body, &code, &error) != NGX_OK)
    {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    invited = !record->private || call->host
              || (call->viewer && call->expires > (uint64_t) ngx_time())
              || (code && ngx_multisource_show_guest_equal(code,
                                                           record->code));

    if (!invited) {
        return ngx_multisource_show_answer_error(r, NGX_HTTP_FORBIDDEN,
                   "code_required", code
                   ? "this is not the code of the session"
                   : "the session is private: it takes its code",
                   code ? "code" : NULL);
    }

    hmcf = ngx_multisource_http_main_conf((ngx_cycle_t *) ngx_cycle);

    /* who comes again is the same viewer */

    if (call->viewer == 0) {
        call->viewer = ngx_multisource_ticket_viewer();
    }

    call->expires = ngx_time() + hmcf->viewer_time;

    ngx_memzero(&ticket, sizeof(ngx_multisource_ticket_t));
    ngx_memcpy(ticket.show, record->id, NGX_MULTISOURCE_SHOW_ID);
    ticket.viewer = call->viewer;
    ticket.expires = call->expires;

    if (ngx_multisource_ticket_sign(&ticket, ngx_multisource_gate_key(), token)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    token[NGX_MULTISOURCE_TICKET_LEN] = '\0';

    if (ngx_multisource_show_guest_cookie(call, token, hmcf->viewer_time)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_multisource_show_answer_data(r, NGX_HTTP_OK,
               ngx_multisource_show_guest_joined(call, token));
}


/* in a time that does not depend on where they differ */

static ngx_uint_t
ngx_multisource_show_guest_equal(const char *code, u_char *right)
{
    size_t      i, len;
    ngx_uint_t  differ;

    len = ngx_strlen(right);

    if (len == 0 || ngx_strlen(code) != len) {
        return 0;
    }

    differ = 0;

    for (i = 0; i < len; i++) {
        differ |= (u_char) code[i] ^ right[i];
    }

    return differ == 0;
}


/* RFC 6265, 4.1; SameSite is of its successor */

static ngx_int_t
ngx_multisource_show_guest_cookie(ngx_multisource_show_call_t *call,
    u_char *token, ngx_uint_t age)
{
    u_char              *p, *value;
    size_t               len;
    const char          *secure;
    ngx_http_request_t  *r;

    r = call->request;
    secure = "";

#if (NGX_HTTP_SSL)

    if (r->connection->ssl) {
        secure = "; Secure";
    }

#endif

    len = sizeof(NGX_MULTISOURCE_GATE_COOKIE) + NGX_MULTISOURCE_NAME_MAX
          + NGX_MULTISOURCE_TICKET_LEN + NGX_INT_T_LEN
          + sizeof("=; Path=/; HttpOnly; SameSite=Strict; Max-Age=; Secure");

    value = ngx_pnalloc(r->pool, len);
    if (value == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(value, NGX_MULTISOURCE_GATE_COOKIE "%s=%s; Path=/; "
                    "HttpOnly; SameSite=Strict; Max-Age=%ui%s",
                    call->show.record.streamer, token, age, secure);
    *p = '\0';

    return ngx_live_answer_header(r, "Set-Cookie", (char *) value);
}


static json_t *
ngx_multisource_show_guest_joined(ngx_multisource_show_call_t *call,
    u_char *token)
{
    ngx_multisource_viewer_t       *place;
    ngx_multisource_preferences_t   preferences;

    /* who has found no place is not counted, and sees what he came for */

    place = ngx_multisource_viewer_find(ngx_multisource_stage_shows(),
                                        &call->show, call->viewer, 1);

    ngx_multisource_show_guest_look(place, &preferences);

    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}",
                     "viewer_token", token,
                     "viewer_id", ngx_multisource_show_json_id(call->viewer),
                     "expires_at", ngx_live_answer_time(call->expires * 1000),
                     "session",
                     ngx_multisource_show_json_session(call->conf,
                                                       &call->show),
                     "sources",
                     ngx_multisource_show_json_sources(call->conf,
                                                       &call->show),
                     "preferences",
                     ngx_multisource_show_json_preferences(&call->show.record,
                                                           &preferences));
}


/* of somebody without a place: the default */

static void
ngx_multisource_show_guest_look(ngx_multisource_viewer_t *place,
    ngx_multisource_preferences_t *preferences)
{
    ngx_multisource_viewer_t  nobody;

    if (place == NULL) {
        ngx_memzero(&nobody, sizeof(ngx_multisource_viewer_t));
        place = &nobody;
    }

    ngx_multisource_viewer_preferences(place, preferences);
}


ngx_int_t
ngx_multisource_show_guest_preferences(ngx_multisource_show_call_t *call)
{
    ngx_multisource_preferences_t  preferences;

    ngx_multisource_show_guest_look(
        ngx_multisource_viewer_find(ngx_multisource_stage_shows(),
                                    &call->show, call->viewer, 0),
        &preferences);

    return ngx_multisource_show_answer_data(call->request, NGX_HTTP_OK,
               ngx_multisource_show_json_preferences(&call->show.record,
                                                     &preferences));
}


ngx_int_t
ngx_multisource_show_guest_prefer(ngx_multisource_show_call_t *call)
{
    ngx_http_request_t             *r;
    ngx_live_body_error_t           error;
    ngx_multisource_viewer_t       *place;
    ngx_multisource_preferences_t   preferences;

    r = call->request;

    place = ngx_multisource_viewer_find(ngx_multisource_stage_shows(),
                                        &call->show, call->viewer, 1);

    ngx_multisource_show_guest_look(place, &preferences);

    if (ngx_multisource_form_preferences(call->body, &call->show.record,
                                         &preferences, &error)
        != NGX_OK)
    {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    if (place == NULL) {
        return ngx_multisource_show_answer_full(r);
    }

    ngx_multisource_viewer_prefer(place, &preferences);

    return ngx_multisource_show_answer_data(r, NGX_HTTP_OK,
               ngx_multisource_show_json_preferences(&call->show.record,
                                                     &preferences));
}


ngx_int_t
ngx_multisource_show_guest_beacon(ngx_multisource_show_call_t *call)
{
    uint64_t                        now;
    ngx_http_request_t             *r;
    ngx_live_body_error_t           error;
    ngx_multisource_beacon_t       *beacon;
    ngx_multisource_viewer_t       *place;
    ngx_multisource_show_record_t  *record;

    r = call->request;
    record = &call->show.record;

    beacon = ngx_pcalloc(r->pool, sizeof(ngx_multisource_beacon_t));
    if (beacon == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_multisource_form_beacon(call->body, record, beacon, &error)
        != NGX_OK)
    {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    now = ngx_multisource_now();

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED) {

        /* the last seconds have been watched before anybody knew of the end */

        if (now - record->ended > NGX_MULTISOURCE_SHOW_GUEST_LATE) {
            return ngx_multisource_show_answer_gone(r);
        }

        if (now > record->ended + NGX_MULTISOURCE_SHOW_GUEST_BUFFERED) {
            now = record->ended + NGX_MULTISOURCE_SHOW_GUEST_BUFFERED;
        }
    }

    place = ngx_multisource_viewer_find(ngx_multisource_stage_shows(),
                                        &call->show, call->viewer,
                                        record->state
                                        != NGX_MULTISOURCE_SHOW_ENDED);

    if (place) {
        (void) ngx_multisource_viewer_beacon(&call->show, place, beacon, now);
    }

    return ngx_multisource_show_answer_empty(r);
}


ngx_int_t
ngx_multisource_show_guest_usage(ngx_multisource_show_call_t *call)
{
    ngx_uint_t           offset, limit;
    ngx_http_request_t  *r;

    r = call->request;

    offset = 0;
    limit = NGX_MULTISOURCE_SHOW_GUEST_LIMIT;

    if (ngx_multisource_show_guest_argument(r, "offset", &offset) != NGX_OK) {
        return ngx_multisource_show_answer_invalid(r, "offset",
                   "offset must be a whole number from 0");
    }

    if (ngx_multisource_show_guest_argument(r, "limit", &limit) != NGX_OK
        || limit == 0 || limit > NGX_MULTISOURCE_SHOW_GUEST_LIMIT_MAX)
    {
        return ngx_multisource_show_answer_invalid(r, "limit",
                   "limit must be a whole number from 1 to 1000");
    }

    return ngx_multisource_show_answer_data(r, NGX_HTTP_OK,
               ngx_multisource_show_usage(&call->show,
                                          call->host ? 0 : call->viewer,
                                          offset, limit));
}


/* *value stays as it is where there is none */

static ngx_int_t
ngx_multisource_show_guest_argument(ngx_http_request_t *r, const char *name,
    ngx_uint_t *value)
{
    ngx_int_t  n;
    ngx_str_t  text;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &text) != NGX_OK) {
        return NGX_OK;
    }

    n = ngx_atoi(text.data, text.len);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}
