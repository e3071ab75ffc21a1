
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_show_answer.h"
#include "ngx_multisource_signal.h"
#include "ngx_multisource_signal_id.h"
#include "ngx_multisource_walk.h"
#include "ngx_multisource_whip.h"


/* RFC 8840, 9: the lines around a candidate */
#define NGX_MULTISOURCE_SIGNAL_FRAG  128


/* one request; in its pool */

typedef struct {
    ngx_multisource_loc_conf_t    *conf;
    ngx_multisource_form_path_t   *path;
    ngx_str_t                     *streamer;
    ngx_multisource_whip_t         whip;
} ngx_multisource_signal_t;


static ngx_int_t ngx_multisource_signal_offer(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal, json_t *body);
static ngx_int_t ngx_multisource_signal_candidate(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal, json_t *body);
static ngx_int_t ngx_multisource_signal_frag(ngx_http_request_t *r,
    ngx_multisource_form_candidate_t *form, ngx_str_t *frag);
static ngx_int_t ngx_multisource_signal_stop(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal, json_t *body);
static ngx_uint_t ngx_multisource_signal_published(
    ngx_multisource_signal_t *signal, ngx_uint_t end);
static ngx_int_t ngx_multisource_signal_absent(ngx_http_request_t *r);
static ngx_int_t ngx_multisource_signal_session(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal, const char *id);
static ngx_int_t ngx_multisource_signal_send(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal);
static json_t *ngx_multisource_signal_id(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal);
static ngx_int_t ngx_multisource_signal_answer(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_multisource_signal_answer_offer(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal);
static ngx_int_t ngx_multisource_signal_refused(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal);
static const char *ngx_multisource_signal_said(json_t *json,
    const char *name, const char *otherwise);


ngx_int_t
ngx_multisource_signal_handler(ngx_http_request_t *r,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_form_path_t *path,
    ngx_str_t *streamer, json_t *body)
{
    ngx_multisource_signal_t  *signal;

    signal = ngx_pcalloc(r->pool, sizeof(ngx_multisource_signal_t));
    if (signal == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    signal->conf = mlcf;
    signal->path = path;
    signal->streamer = streamer;

    switch (path->what) {

    case NGX_MULTISOURCE_FORM_SIGNAL_OFFER:
        return ngx_multisource_signal_offer(r, signal, body);

    case NGX_MULTISOURCE_FORM_SIGNAL_CANDIDATE:
        return ngx_multisource_signal_candidate(r, signal, body);

    default:
        return ngx_multisource_signal_stop(r, signal, body);
    }
}


static ngx_int_t
ngx_multisource_signal_offer(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal, json_t *body)
{
    u_char                  *p;
    const char              *sdp;
    ngx_live_body_error_t    error;
    ngx_multisource_whip_t  *whip;

    if (ngx_multisource_form_offer(body, &sdp, &error) != NGX_OK) {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    whip = &signal->whip;

    whip->method = NGX_HTTP_POST;
    ngx_str_set(&whip->method_name, "POST");
    ngx_str_set(&whip->type, "application/sdp");
    whip->body.data = (u_char *) sdp;
    whip->body.len = ngx_strlen(sdp);

    whip->uri.len = signal->conf->whip_url.len + signal->path->stream.len;
    whip->uri.data = ngx_pnalloc(r->pool, whip->uri.len);

    if (whip->uri.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(whip->uri.data, signal->conf->whip_url.data,
                   signal->conf->whip_url.len);
    ngx_memcpy(p, signal->path->stream.data, signal->path->stream.len);

    return ngx_multisource_signal_send(r, signal);
}


static ngx_int_t
ngx_multisource_signal_candidate(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal, json_t *body)
{
    ngx_int_t                          rc;
    ngx_live_body_error_t              error;
    ngx_multisource_whip_t            *whip;
    ngx_multisource_form_candidate_t   form;

    if (ngx_multisource_form_candidate(body, &form, &error) != NGX_OK) {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    /* to who is ICE-lite they are of no use (RFC 8445, 2.5) */

    if (form.signal == NULL) {
        return ngx_multisource_signal_published(signal, 0)
               ? ngx_multisource_show_answer_empty(r)
               : ngx_multisource_signal_absent(r);
    }

    rc = ngx_multisource_signal_session(r, signal, form.signal);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? ngx_multisource_signal_absent(r)
                                  : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    whip = &signal->whip;

    whip->method = NGX_HTTP_PATCH;
    ngx_str_set(&whip->method_name, "PATCH");
    ngx_str_set(&whip->type, "application/trickle-ice-sdpfrag");

    if (ngx_multisource_signal_frag(r, &form, &whip->body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_multisource_signal_send(r, signal);
}


/*
 * RFC 8840, 9; without the client's credentials, one half of which is all that
 * is known here: they do not change without another offer
 */

static ngx_int_t
ngx_multisource_signal_frag(ngx_http_request_t *r,
    ngx_multisource_form_candidate_t *form, ngx_str_t *frag)
{
    u_char      *p;
    const char  *mid;

    mid = form->mid ? form->mid : "";

    p = ngx_pnalloc(r->pool, ngx_strlen(form->candidate) + ngx_strlen(mid)
                             + NGX_MULTISOURCE_SIGNAL_FRAG);
    if (p == NULL) {
        return NGX_ERROR;
    }

    frag->data = p;

    p = ngx_sprintf(p, "m=audio 9 UDP/TLS/RTP/SAVPF 0" CRLF);

    if (*mid) {
        p = ngx_sprintf(p, "a=mid:%s" CRLF, mid);
    }

    p = *form->candidate
        ? ngx_sprintf(p, "a=%s" CRLF, form->candidate)
        : ngx_sprintf(p, "a=end-of-candidates" CRLF);

    frag->len = p - frag->data;

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_signal_stop(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal, json_t *body)
{
    ngx_int_t                rc;
    const char              *id;
    ngx_live_body_error_t    error;
    ngx_multisource_whip_t  *whip;

    id = NULL;

    if (body && ngx_multisource_form_signal(body, &id, &error) != NGX_OK) {
        return ngx_multisource_show_answer_wrong(r, &error);
    }

    /* whatever is published under this name */

    if (id == NULL) {
        return ngx_multisource_signal_published(signal, 1)
               ? ngx_multisource_show_answer_message(r, "Stream stopped")
               : ngx_multisource_signal_absent(r);
    }

    rc = ngx_multisource_signal_session(r, signal, id);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? ngx_multisource_signal_absent(r)
                                  : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    whip = &signal->whip;

    whip->method = NGX_HTTP_DELETE;
    ngx_str_set(&whip->method_name, "DELETE");
    ngx_str_null(&whip->if_match);

    return ngx_multisource_signal_send(r, signal);
}


/* nonzero: there is such a source; with `end` it is told to end */

static ngx_uint_t
ngx_multisource_signal_published(ngx_multisource_signal_t *signal,
    ngx_uint_t end)
{
    ngx_str_t                *name;
    ngx_uint_t                i, n, found;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    name = &signal->path->stream;
    found = 0;

    n = ngx_multisource_walk_streamer(&signal->conf->app->name,
                                      signal->streamer, 1, entries);

    for (i = 0; i < n; i++) {

        if (ngx_strlen(entries[i].record.source) != name->len
            || ngx_memcmp(entries[i].record.source, name->data, name->len)
               != 0)
        {
            continue;
        }

        found = 1;

        if (end) {
            (void) ngx_multisource_registry_end(
                       &ngx_multisource_worker.registry, &entries[i],
                       NGX_MULTISOURCE_KICKED);
        }
    }

    return found;
}


static ngx_int_t
ngx_multisource_signal_absent(ngx_http_request_t *r)
{
    return ngx_multisource_show_answer_error(r, NGX_HTTP_NOT_FOUND,
                                             "stream_not_found",
                                             "this stream is not published",
                                             NULL);
}


/* the session that the id names; NGX_DECLINED: none */

static ngx_int_t
ngx_multisource_signal_session(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal, const char *id)
{
    ngx_int_t                     rc;
    ngx_str_t                     text;
    ngx_multisource_signal_id_t   session;

    text.data = (u_char *) id;
    text.len = ngx_strlen(id);

    session.streamer = *signal->streamer;
    session.source = signal->path->stream;

    rc = ngx_multisource_signal_id_unseal(&session, ngx_multisource_gate_key(),
                                          r->pool, &text);

    if (rc == NGX_OK) {
        signal->whip.uri = session.location;
        signal->whip.if_match = session.etag;
    }

    return rc;
}


static ngx_int_t
ngx_multisource_signal_send(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal)
{
    if (signal->whip.uri.data[0] != '/') {
        return ngx_multisource_show_answer_error(r, NGX_HTTP_BAD_GATEWAY,
                   "whip_unavailable", "WHIP is served elsewhere, see "
                   "multisource_whip_url", NULL);
    }

    signal->whip.handler = ngx_multisource_signal_answer;
    signal->whip.data = signal;

    return ngx_multisource_whip_send(r, &signal->whip);
}


static ngx_int_t
ngx_multisource_signal_answer(ngx_http_request_t *r, void *data)
{
    ngx_multisource_signal_t *signal = data;

    ngx_uint_t  status;

    status = signal->whip.status;

    switch (signal->path->what) {

    case NGX_MULTISOURCE_FORM_SIGNAL_OFFER:
        if (status == NGX_HTTP_CREATED) {
            return ngx_multisource_signal_answer_offer(r, signal);
        }

        break;

    case NGX_MULTISOURCE_FORM_SIGNAL_CANDIDATE:
        if (status == NGX_HTTP_OK || status == NGX_HTTP_NO_CONTENT) {
            return ngx_multisource_show_answer_empty(r);
        }

        break;

    default:
        if (status == NGX_HTTP_OK || status == NGX_HTTP_NO_CONTENT) {
            return ngx_multisource_show_answer_message(r, "Stream stopped");
        }
    }

    return ngx_multisource_signal_refused(r, signal);
}


static ngx_int_t
ngx_multisource_signal_answer_offer(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal)
{
    json_t  *sdp, *id;

    sdp = json_stringn((char *) signal->whip.answer.data,
                       signal->whip.answer.len);
    id = ngx_multisource_signal_id(r, signal);

    if (signal->whip.answer.len == 0 || sdp == NULL || id == NULL) {
        json_decref(sdp);
        json_decref(id);

        signal->whip.status = 0;

        return ngx_multisource_signal_refused(r, signal);
    }

    return ngx_multisource_show_answer_data(r, NGX_HTTP_OK,
               json_pack("{s:s,s:o,s:o}", "type", "answer", "sdp", sdp,
                         "signal_id", id));
}


/* NULL: it has none that could be given */

static json_t *
ngx_multisource_signal_id(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal)
{
    size_t                        len;
    u_char                        text[NGX_MULTISOURCE_SIGNAL_ID_LEN];
    ngx_multisource_signal_id_t   session;

    session.streamer = *signal->streamer;
    session.source = signal->path->stream;
    session.etag = signal->whip.etag;
    session.location = signal->whip.location;

    if (ngx_multisource_signal_id_seal(&session, ngx_multisource_gate_key(),
                                       r->pool, text, &len)
        != NGX_OK)
    {
        return NULL;
    }

    return json_stringn((char *) text, len);
}


/* with the words of WHIP, if it has said any */

static ngx_int_t
ngx_multisource_signal_refused(ngx_http_request_t *r,
    ngx_multisource_signal_t *signal)
{
    u_char      *p;
    json_t      *json, *error;
    ngx_int_t    rc;
    ngx_str_t   *retry, *answer;
    ngx_uint_t   status;

    status = signal->whip.status;

    if (status < NGX_HTTP_BAD_REQUEST || status > 599) {

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "multisource: no answer to signalling from \"%V\", "
                      "status %ui", &signal->conf->whip_url, status);

        return ngx_multisource_show_answer_error(r, NGX_HTTP_BAD_GATEWAY,
                   "whip_unavailable", "the WHIP server has not answered",
                   NULL);
    }

    retry = &signal->whip.retry_after;
    answer = &signal->whip.answer;

    if (retry->len) {
        p = ngx_pnalloc(r->pool, retry->len + 1);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        (void) ngx_cpystrn(p, retry->data, retry->len + 1);

        if (ngx_live_answer_header(r, "Retry-After", (char *) p) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    json = answer->len
           ? json_loadb((char *) answer->data, answer->len, 0, NULL) : NULL;

    error = json_object_get(json, "error");

    rc = ngx_multisource_show_answer_error(r, status,
             ngx_multisource_signal_said(error, "code", "whip_refused"),
             ngx_multisource_signal_said(error, "message",
                                         "the WHIP server has refused this"),
             NULL);

    json_decref(json);

    return rc;
}


static const char *
ngx_multisource_signal_said(json_t *json, const char *name,
    const char *otherwise)
{
    const char  *text;

    text = json_string_value(json_object_get(json, name));

    return text ? text : otherwise;
}
