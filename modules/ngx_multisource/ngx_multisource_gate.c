
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_request.h"
#include "ngx_multisource.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_keys.h"
#include "ngx_multisource_known.h"
#include "ngx_multisource_refusals.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_store.h"
#include "ngx_multisource_walk.h"


#define NGX_MULTISOURCE_GATE_DAY      86400     /* s */


static ngx_int_t ngx_multisource_gate_show(ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_multisource_show_t *show);
static ngx_int_t ngx_multisource_gate_absent(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer, ngx_str_t *source);
static ngx_uint_t ngx_multisource_gate_asks(
    ngx_multisource_show_record_t *show);
static ngx_uint_t ngx_multisource_gate_is_host(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer);
static ngx_multisource_gate_e ngx_multisource_gate_enabled(
    ngx_multisource_show_t *show, uint64_t viewer, ngx_uint_t stream);
static void ngx_multisource_gate_count(ngx_http_request_t *r,
    ngx_multisource_show_t *show, uint64_t viewer, ngx_uint_t stream);
static uint64_t ngx_multisource_gate_stranger(ngx_http_request_t *r);
static ngx_uint_t ngx_multisource_gate_cookie(ngx_http_request_t *r,
    u_char *streamer, ngx_str_t *token);
static ngx_uint_t ngx_multisource_gate_own(ngx_http_request_t *r,
    ngx_str_t *origin);


/* by ngx_multisource_gate_e; codes are documented in README.md */

static const struct {
    ngx_uint_t   status;
    const char  *code;
    const char  *message;
}  ngx_multisource_gate_errors[] = {
    { 0, "", "" },
    { NGX_HTTP_UNAUTHORIZED, "viewer_token_required",
      "this session takes a viewer token" },
    { NGX_HTTP_UNAUTHORIZED, "viewer_token_invalid",
      "this is no viewer token" },
    { NGX_HTTP_UNAUTHORIZED, "viewer_token_expired",
      "the viewer token has expired" },
    { NGX_HTTP_FORBIDDEN, "viewer_token_foreign",
      "the viewer token is for another session" },
    { NGX_HTTP_FORBIDDEN, "stream_disabled",
      "the streamer does not show this source" },
    { NGX_HTTP_FORBIDDEN, "source_not_enabled",
      "the viewer has not enabled this source" },
    { NGX_HTTP_SERVICE_UNAVAILABLE, "busy", "try again" }
};


u_char *
ngx_multisource_gate_key(void)
{
    ngx_multisource_http_main_conf_t  *hmcf;

    hmcf = ngx_multisource_http_main_conf((ngx_cycle_t *) ngx_cycle);

    return hmcf && hmcf->sessions_key
           ? hmcf->sessions_key
           : ngx_multisource_show_secret(ngx_multisource_stage_shows());
}


ngx_int_t
ngx_multisource_gate(ngx_http_request_t *r, ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_str_t *source, ngx_uint_t counts)
{
    uint64_t                   viewer;
    ngx_int_t                  rc;
    ngx_uint_t                 stream;
    ngx_multisource_show_t     show;
    ngx_multisource_gate_e     why;
    ngx_multisource_ticket_t   ticket;

    if (ngx_multisource_stage_shows()->shared == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_multisource_gate_show(app, streamer, &show);

    if (rc == NGX_BUSY) {

        /* nobody knows yet whether it is private */

        return ngx_multisource_gate_refuse(r, NGX_MULTISOURCE_GATE_BUSY);
    }

    if (rc != NGX_OK) {
        return ngx_multisource_gate_absent(r, app, streamer, source);
    }

    stream = source->len ? ngx_multisource_show_stream(&show.record, source)
                         : NGX_MULTISOURCE_SHOW_NONE;

    why = ngx_multisource_gate_ticket(r, &show.record, &ticket);
    viewer = why == NGX_MULTISOURCE_GATE_OPEN ? ticket.viewer : 0;

    if (ngx_multisource_gate_asks(&show.record)) {

        if (viewer == 0) {
            return ngx_multisource_gate_is_host(r, app, streamer)
                   ? NGX_DECLINED : ngx_multisource_gate_refuse(r, why);
        }

        /* a look at what there is costs nothing */

        why = counts ? ngx_multisource_gate_enabled(&show, viewer, stream)
                     : NGX_MULTISOURCE_GATE_OPEN;

        if (why != NGX_MULTISOURCE_GATE_OPEN) {
            return ngx_multisource_gate_refuse(r, why);
        }
    }

    if (stream == NGX_MULTISOURCE_SHOW_NONE) {
        return NGX_DECLINED;
    }

    if (show.record.streams[stream].disabled) {
        return ngx_multisource_gate_is_host(r, app, streamer)
               ? NGX_DECLINED
               : ngx_multisource_gate_refuse(r, NGX_MULTISOURCE_GATE_DISABLED);
    }

    if (counts) {
        ngx_multisource_gate_count(r, &show, viewer, stream);
    }

    return NGX_DECLINED;
}


/* what was shown last stays as private as it was */

static ngx_int_t
ngx_multisource_gate_show(ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_multisource_show_t *show)
{
    ngx_multisource_shows_t  *shows;

    shows = ngx_multisource_stage_shows();

    if (ngx_multisource_show_of(shows, &app->name, streamer, 0, show)
        == NGX_OK)
    {
        return NGX_OK;
    }

    return ngx_multisource_stage_show(app, streamer, 1, show);
}


/*
 * There is no show, or no room for one: what there is all the same is for whom
 * it would be in a show that begins now. A list of nothing is for everybody.
 */

static ngx_int_t
ngx_multisource_gate_absent(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer, ngx_str_t *source)
{
    ngx_multisource_entry_t        entries[NGX_MULTISOURCE_MAX_SOURCES];
    ngx_multisource_show_record_t  record;

    if (source->len == 0
        && ngx_multisource_walk_streamer(&app->name, streamer, 0, entries)
           == 0)
    {
        return NGX_DECLINED;
    }

    if (!ngx_multisource_store_ready()) {
        return ngx_multisource_gate_refuse(r, NGX_MULTISOURCE_GATE_BUSY);
    }

    ngx_multisource_stage_record(app, streamer, &record);

    return !ngx_multisource_gate_asks(&record)
           || ngx_multisource_gate_is_host(r, app, streamer)
           ? NGX_DECLINED
           : ngx_multisource_gate_refuse(r, NGX_MULTISOURCE_GATE_NO_TOKEN);
}


static ngx_uint_t
ngx_multisource_gate_asks(ngx_multisource_show_record_t *show)
{
    return show->private || ngx_multisource_price_any(&show->price);
}


static ngx_uint_t
ngx_multisource_gate_is_host(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer)
{
    ngx_str_t  host;

    return ngx_multisource_gate_streamer(r, app, &host) == NGX_OK
           && host.len == streamer->len
           && ngx_memcmp(host.data, streamer->data, host.len) == 0;
}


static ngx_multisource_gate_e
ngx_multisource_gate_enabled(ngx_multisource_show_t *show, uint64_t viewer,
    ngx_uint_t stream)
{
    ngx_multisource_viewer_t       *place;
    ngx_multisource_preferences_t   preferences;

    if (stream == NGX_MULTISOURCE_SHOW_NONE
        || !ngx_multisource_price_any(&show->record.price))
    {
        return NGX_MULTISOURCE_GATE_OPEN;
    }

    place = ngx_multisource_viewer_find(ngx_multisource_stage_shows(), show,
                                        viewer, 0);
    if (place == NULL) {
        return NGX_MULTISOURCE_GATE_OPEN;
    }

    ngx_multisource_viewer_preferences(place, &preferences);

    return !preferences.set || (preferences.enabled & 1U << stream)
           ? NGX_MULTISOURCE_GATE_OPEN : NGX_MULTISOURCE_GATE_NOT_ENABLED;
}


static void
ngx_multisource_gate_count(ngx_http_request_t *r,
    ngx_multisource_show_t *show, uint64_t viewer, ngx_uint_t stream)
{
    uint64_t                        now;
    ngx_multisource_viewer_t       *place;
    ngx_multisource_show_stream_t  *asked;

    if (r != r->main || r->method != NGX_HTTP_GET
        || show->record.state == NGX_MULTISOURCE_SHOW_ENDED)
    {
        return;
    }

    now = ngx_multisource_now();
    asked = &show->record.streams[stream];

    /* of what is no longer sent only the end can be watched */

    if (!asked->live
        && (asked->since == 0
            || now > asked->since + NGX_MULTISOURCE_VIEWER_WINDOW))
    {
        return;
    }

    if (viewer == 0) {
        viewer = ngx_multisource_gate_stranger(r);
    }

    place = ngx_multisource_viewer_find(ngx_multisource_stage_shows(), show,
                                        viewer, 1);

    if (place) {
        ngx_multisource_viewer_asked(show, place, stream, now);
    }
}


static uint64_t
ngx_multisource_gate_stranger(ngx_http_request_t *r)
{
    ngx_str_t  browser;

    ngx_str_set(&browser, "");

    if (r->headers_in.user_agent) {
        browser = r->headers_in.user_agent->value;
    }

    return ngx_multisource_known_stranger(r->connection,
                                          ngx_multisource_gate_key(),
                                          ngx_time()
                                          / NGX_MULTISOURCE_GATE_DAY,
                                          &r->connection->addr_text,
                                          &browser);
}


ngx_int_t
ngx_multisource_gate_refuse(ngx_http_request_t *r,
    ngx_multisource_gate_e why)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    static const char  name[] = "Cache-Control";

    /* some handlers have said so by now */

    part = &r->headers_out.headers.part;
    header = part->elts;

    for (i = 0; i < part->nelts; i++) {
        if (header[i].key.len == sizeof(name) - 1
            && ngx_memcmp(header[i].key.data, name, sizeof(name) - 1) == 0)
        {
            break;
        }
    }

    if (i == part->nelts
        && ngx_live_answer_header(r, name, "no-store") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (why == NGX_MULTISOURCE_GATE_BUSY
        && ngx_live_answer_header(r, "Retry-After", "1") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_error(r, ngx_multisource_gate_errors[why].status,
                                 ngx_multisource_gate_errors[why].code,
                                 ngx_multisource_gate_errors[why].message);
}


ngx_multisource_gate_e
ngx_multisource_gate_ticket(ngx_http_request_t *r,
    ngx_multisource_show_record_t *show, ngx_multisource_ticket_t *ticket)
{
    ngx_int_t   rc;
    ngx_str_t   token, *header;
    ngx_uint_t  from;

    from = 0;

    header = ngx_live_request_header(r, "x-viewer-token", &from);

    if (header) {
        token = *header;

    } else if (!(ngx_live_request_bearer(r, &token) == NGX_OK
                 && token.len > 3 && ngx_strncmp(token.data, "v1.", 3) == 0)
               && !ngx_multisource_gate_cookie(r, show->streamer, &token))
    {
        /* a cookie may be one of before, and comes unasked for: it is last */

        return NGX_MULTISOURCE_GATE_NO_TOKEN;
    }

    rc = ngx_multisource_known_ticket(&token, ngx_multisource_gate_key(),
                                      ngx_time(), ticket);

    if (rc == NGX_ERROR) {
        return NGX_MULTISOURCE_GATE_BAD_TOKEN;
    }

    if (ngx_memcmp(ticket->show, show->id, NGX_MULTISOURCE_SHOW_ID) != 0) {
        return NGX_MULTISOURCE_GATE_FOREIGN;
    }

    return rc == NGX_OK ? NGX_MULTISOURCE_GATE_OPEN
                        : NGX_MULTISOURCE_GATE_EXPIRED;
}


ngx_int_t
ngx_multisource_gate_streamer(ngx_http_request_t *r,
    ngx_multisource_app_conf_t *app, ngx_str_t *streamer)
{
    u_char                 *rest;
    ngx_str_t               token, source;
    struct sockaddr        *sa;
    ngx_multisource_key_t  *key;

    if (ngx_live_request_bearer(r, &token) != NGX_OK
        || (token.len > 3 && ngx_strncmp(token.data, "v1.", 3) == 0))
    {
        return NGX_DECLINED;
    }

    sa = r->connection->sockaddr;

    if (ngx_multisource_refusals_exceeded(app, sa)) {
        return NGX_ERROR;
    }

    if (app->keys) {
        key = ngx_multisource_keys_find(app, &token, &source);

        if (key && key->sources == NULL) {
            *streamer = key->streamer;
            return NGX_OK;
        }

        if (key == NULL) {
            ngx_multisource_refusals_add(app, sa);
        }

        return NGX_ERROR;
    }

    /* what on_publish knows cannot be asked for here */

    if (app->callback) {
        return NGX_ERROR;
    }

    streamer->data = token.data;
    streamer->len = ngx_multisource_name_cut(&app->naming, &token, 0, &rest);

    return ngx_multisource_name_check_streamer(&app->naming, streamer)
           == NGX_MULTISOURCE_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_multisource_gate_origin(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf)
{
    ngx_str_t   *origin, *allowed;
    ngx_uint_t   i, n, from;

    from = 0;
    origin = ngx_live_request_header(r, "origin", &from);

    if (origin == NULL || ngx_multisource_gate_own(r, origin)) {
        return NGX_DECLINED;
    }

    allowed = mlcf->origins ? mlcf->origins->elts : NULL;
    n = mlcf->origins ? mlcf->origins->nelts : 0;

    for (i = 0; i < n; i++) {

        if (allowed[i].len == origin->len
            && ngx_strncasecmp(allowed[i].data, origin->data, origin->len)
               == 0)
        {
            /* the configured one ends with NUL, as all of a file do */

            if (ngx_live_answer_header(r, "Access-Control-Allow-Origin",
                                       (char *) allowed[i].data)
                != NGX_OK
                || ngx_live_answer_header(r, "Vary", "Origin") != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            return NGX_DECLINED;
        }
    }

    return ngx_live_answer_error(r, NGX_HTTP_FORBIDDEN, "origin_not_allowed",
                                 "pages of this origin may not do that, see "
                                 "multisource_sessions_origin");
}


/* RFC 6454, 7: what the browser says, against the host that it asks */

static ngx_uint_t
ngx_multisource_gate_own(ngx_http_request_t *r, ngx_str_t *origin)
{
    size_t      skip;
    ngx_str_t  *host;

    if (r->headers_in.host == NULL) {
        return 0;
    }

    host = &r->headers_in.host->value;

    if (origin->len > 8 && ngx_strncmp(origin->data, "https://", 8) == 0) {
        skip = 8;

    } else if (origin->len > 7 && ngx_strncmp(origin->data, "http://", 7) == 0)
    {
        skip = 7;

    } else {
        return 0;
    }

    return origin->len - skip == host->len
           && ngx_strncasecmp(origin->data + skip, host->data, host->len) == 0;
}


/* RFC 6265, 4.2.1: "a=1; multisource_alice=v1.xyz" */

static ngx_uint_t
ngx_multisource_gate_cookie(ngx_http_request_t *r, u_char *streamer,
    ngx_str_t *token)
{
    size_t       len;
    u_char      *p, *last, *end;
    u_char       name[sizeof(NGX_MULTISOURCE_GATE_COOKIE)
                      + NGX_MULTISOURCE_NAME_MAX + 1];
    ngx_str_t   *cookie;
    ngx_uint_t   from;

    len = ngx_snprintf(name, sizeof(name), NGX_MULTISOURCE_GATE_COOKIE "%s=",
                       streamer)
          - name;

    from = 0;

    while ((cookie = ngx_live_request_header(r, "cookie", &from)) != NULL) {

        last = cookie->data + cookie->len;

        for (p = cookie->data; p < last; p = end + 1) {

            while (p < last && *p == ' ') {
                p++;
            }

            end = ngx_strlchr(p, last, ';');
            if (end == NULL) {
                end = last;
            }

            if ((size_t) (end - p) > len && ngx_memcmp(p, name, len) == 0) {
                token->data = p + len;
                token->len = end - token->data;
                return 1;
            }
        }
    }

    return 0;
}
