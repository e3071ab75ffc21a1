
/*
 * Copyright (C) the ngx_live contributors
 */


#include "whip.h"
#include "agree.h"
#include "report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>


#define WHIP_REDIRECTS_MAX  5
#define WHIP_REPORT_MAX     8192          /* bytes of a body in an event */
#define WHIP_FRAGMENT       "application/trickle-ice-sdpfrag"


static void whip_posted(void *data, const http_response_t *r);


json_t *
whip_text(const char *data, size_t len)
{
    char     text[WHIP_REPORT_MAX];
    size_t   i;
    json_t  *value;

    value = json_stringn(data, len);

    if (value && len <= sizeof(text)) {
        return value;
    }

    json_decref(value);

    for (i = 0; i < len && i < sizeof(text); i++) {
        text[i] = (char) (isascii((unsigned char) data[i]) ? data[i] : '?');
    }

    return json_stringn(text, i);
}


static void
whip_report(session_t *s, const char *method, const http_response_t *r)
{
    json_t    *event, *headers;
    unsigned   i;

    headers = json_object();

    for (i = 0; i < r->nheaders; i++) {
        json_object_set_new(headers, r->headers[i].name,
                            whip_text(r->headers[i].value,
                                      strlen(r->headers[i].value)));
    }

    event = json_pack("{s:s,s:i,s:s?,s:o}",
                      "method", method, "status", r->status,
                      "error", r->error, "headers", headers);

    /* that of a 201 is in the event "answer" */

    if (r->status != 201) {
        json_object_set_new(event, "body", whip_text(r->body, r->body_len));
    }

    report_object(s->number, "http", event);
}


static void
whip_request(session_t *s, const char *method, const char *url,
    const char *more, const char *body, http_done_pt done)
{
    char        *headers;
    const char  *agent;

    agent = s->options.user_agent;

    headers = agent && *agent
              ? memory_format("User-Agent: %s\r\n%s%s", agent,
                              s->authorization, more)
              : memory_format("%s%s", s->authorization, more);

    http_request(&s->http, method, url, headers, body,
                 LOOP_MS(s->options.http_timeout), done);

    free(headers);
}


void
whip_set(char **field, char *value)
{
    free(*field);
    *field = value;
}


/* --- POST ---------------------------------------------------------------- */

static void
whip_send_offer(session_t *s, const char *url)
{
    whip_request(s, "POST", url, "Content-Type: application/sdp\r\n"
                 "Accept: application/sdp\r\n", s->offer, whip_posted);

    whip_set(&s->posted, memory_text(url));
}


void
whip_post(session_t *s)
{
    s->redirects = 0;

    whip_send_offer(s, s->url);
}


static int
whip_redirected(session_t *s, const http_response_t *r)
{
    char        *url;
    const char  *location;

    location = http_header(r, "location");

    if ((r->status != 307 && r->status != 308) || location == NULL
        || s->redirects++ == WHIP_REDIRECTS_MAX)
    {
        return 0;
    }

    url = http_resolve(s->posted, location);
    whip_send_offer(s, url);
    free(url);

    return 1;
}


static void
whip_posted(void *data, const http_response_t *r)
{
    session_t   *s;
    const char  *location;

    s = data;
    location = http_header(r, "location");

    whip_report(s, "POST", r);

    if (whip_redirected(s, r)) {
        return;
    }

    if (r->status == 0) {
        session_closed(s, "http", r->error);
        return;
    }

    if (r->status != 201) {
        session_closed(s, "refused", NULL);
        return;
    }

    if (location == NULL) {
        session_closed(s, "answer", "no Location");
        return;
    }

    session_answer(s, r->body, location, http_header(r, "etag"));
}


/* --- PATCH --------------------------------------------------------------- */

static void
whip_patched(void *data, const http_response_t *r)
{
    session_t   *s;
    const char  *etag;

    s = data;
    etag = http_header(r, "etag");

    whip_report(s, "PATCH", r);

    if (etag) {
        whip_set(&s->etag, memory_text(etag));
    }
}


/* 200 has new credentials; with any other status the old ones stay */

static void
whip_restarted(void *data, const http_response_t *r)
{
    sdp_t       fragment;
    session_t  *s;

    s = data;

    whip_patched(s, r);

    if (r->status != 200 || s->state != SESSION_RUNNING) {
        ice_keep_credentials(&s->ice);
        return;
    }

    sdp_parse(&fragment, r->body);

    if (*fragment.ufrag == '\0' || *fragment.pwd == '\0') {
        session_closed(s, "answer", "no credentials in the restart");
        return;
    }

    ice_stop(&s->ice);
    ice_remote(&s->ice, fragment.ufrag, fragment.pwd);

    s->ice_why = "restart";

    if (agree_candidates(s, &fragment) == 0) {
        ice_candidate(&s->ice, &s->transport.remote);
    }

    ice_start(&s->ice);
}


static const char *
whip_send_patch(session_t *s, const char *body, const char *match,
    const char *type, http_done_pt done)
{
    char  *headers;

    if (s->location == NULL) {
        return "no session";
    }

    headers = memory_format("Content-Type: %s\r\n%s%s%s", type,
                            match ? "If-Match: " : "", match ? match : "",
                            match ? "\r\n" : "");

    whip_request(s, "PATCH", s->location, headers, body, done);
    free(headers);

    return NULL;
}


static const char *
whip_send_fragment(session_t *s, const char *match, http_done_pt done)
{
    char        *body;
    offer_t      offer;
    const char  *error;

    agree_describe(s, &offer);

    body = offer_fragment(&offer);
    error = whip_send_patch(s, body, match, WHIP_FRAGMENT, done);
    free(body);

    return error;
}


const char *
whip_patch(session_t *s, const char *body, const char *match,
    const char *type)
{
    return whip_send_patch(s, body, match, type ? type : WHIP_FRAGMENT,
                           whip_patched);
}


/* new credentials are used in checks from the answer on */

const char *
whip_restart(session_t *s)
{
    if (s->state != SESSION_RUNNING) {
        return "not running";
    }

    ice_credentials(&s->ice);

    return whip_send_fragment(s, "*", whip_restarted);
}


const char *
whip_trickle(session_t *s)
{
    return whip_send_fragment(s, s->etag, whip_patched);
}


/* --- DELETE -------------------------------------------------------------- */

static void
whip_deleted(void *data, const http_response_t *r)
{
    session_t  *s;

    s = data;

    whip_report(s, "DELETE", r);
    session_stopped(s, r->status);
}


void
whip_delete(session_t *s)
{
    whip_request(s, "DELETE", s->location, "", NULL, whip_deleted);
}
