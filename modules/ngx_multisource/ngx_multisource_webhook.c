
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_gate.h"
#include "ngx_multisource_show_json.h"
#include "ngx_multisource_show_usage.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_ticket.h"
#include "ngx_multisource_viewer.h"
#include "ngx_multisource_webhook.h"

#include "ngx_live_fetch.h"


#define NGX_MULTISOURCE_WEBHOOK_EVERY    1000       /* ms between two looks */

/* players that leave tell what they watched last, ms */
#define NGX_MULTISOURCE_WEBHOOK_SETTLE   2000

/* of a show that ended longer ago nothing is said for the first time, ms */
#define NGX_MULTISOURCE_WEBHOOK_LATE     600000

/* after the first attempt; pauses double from ms */
#define NGX_MULTISOURCE_WEBHOOK_RETRIES  5
#define NGX_MULTISOURCE_WEBHOOK_PAUSE    1000

#define NGX_MULTISOURCE_WEBHOOK_TIMEOUT  5000       /* ms, of an attempt */
#define NGX_MULTISOURCE_WEBHOOK_MAX      64         /* under way, of a worker */
#define NGX_MULTISOURCE_WEBHOOK_URL      2048       /* bytes */

/* viewers in one event: more take too long, and can be asked for */
#define NGX_MULTISOURCE_WEBHOOK_VIEWERS  5000

#define NGX_MULTISOURCE_WEBHOOK_HEADER   "X-Multisource-Signature: sha256="


typedef struct {
    ngx_queue_t          queue;
    ngx_event_t          timer;
    ngx_live_fetch_t    *fetch;         /* NULL: it waits for the timer */
    const char          *name;
    u_char               id[NGX_MULTISOURCE_SHOW_ID + 1];
    u_char               header[sizeof(NGX_MULTISOURCE_WEBHOOK_HEADER) + 64];
    ngx_str_t            body;          /* of jansson */
    ngx_uint_t           retries;

    /* what stands in the slot, and what stood there before */
    ngx_multisource_show_slot_t
                        *slot;
    ngx_atomic_uint_t    after;
    ngx_atomic_uint_t    before;
} ngx_multisource_webhook_event_t;


typedef struct {
    ngx_live_fetches_t        fetches;
    ngx_multisource_shows_t  *shows;    /* NULL: nothing to do */
    ngx_str_t                 url;
    ngx_queue_t               events;
    ngx_uint_t                nevents;
} ngx_multisource_webhook_t;


static void ngx_multisource_webhook_look(ngx_uint_t n, uint64_t now);
static void ngx_multisource_webhook_tell(ngx_multisource_show_t *show,
    ngx_atomic_uint_t before, ngx_uint_t what);
static char *ngx_multisource_webhook_body(ngx_multisource_show_t *show,
    const char *name);
static void ngx_multisource_webhook_send(
    ngx_multisource_webhook_event_t *event);
static void ngx_multisource_webhook_sent(void *data,
    ngx_live_fetch_answer_t *answer);
static void ngx_multisource_webhook_again(
    ngx_multisource_webhook_event_t *event);
static void ngx_multisource_webhook_timer(ngx_event_t *ev);
static void ngx_multisource_webhook_done(
    ngx_multisource_webhook_event_t *event);
static void ngx_multisource_webhook_return(
    ngx_multisource_webhook_event_t *event);
static void ngx_multisource_webhook_free(
    ngx_multisource_webhook_event_t *event);


/* of this worker */

static ngx_multisource_webhook_t  ngx_multisource_webhook;


char *
ngx_multisource_webhook_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_multisource_http_main_conf_t *hmcf = conf;

    u_char     *p, *last, *host;
    ngx_str_t  *value, *url;

    if (hmcf->webhook.len) {
        return "is duplicate";
    }

    value = cf->args->elts;
    url = &value[1];
    last = url->data + url->len;

    if (url->len > 8 && ngx_strncmp(url->data, "https://", 8) == 0) {
        host = url->data + 8;

    } else if (url->len > 7 && ngx_strncmp(url->data, "http://", 7) == 0) {
        host = url->data + 7;

    } else {
        return "must be as https://example.com/path";
    }

    if (url->len > NGX_MULTISOURCE_WEBHOOK_URL) {
        return "has a URL of more than 2048 bytes";
    }

    if (*host == '/' || *host == '?') {
        return "has a URL without a host";
    }

    for (p = host; p < last; p++) {

        if (*p <= ' ' || *p >= 0x7f || *p == '#') {
            return "has a URL with a character that does not belong there";
        }
    }

    for (p = host; p < last && *p != '/' && *p != '?'; p++) {

        if (*p == '@') {
            return "has a URL with user information";
        }
    }

    hmcf->webhook = *url;

    return NGX_CONF_OK;
}


void
ngx_multisource_webhook_init(ngx_cycle_t *cycle)
{
    ngx_live_fetch_conf_t              conf;
    ngx_multisource_webhook_t         *hook = &ngx_multisource_webhook;
    ngx_multisource_http_main_conf_t  *hmcf;

    ngx_memzero(hook, sizeof(ngx_multisource_webhook_t));
    ngx_queue_init(&hook->events);

    hmcf = ngx_multisource_http_main_conf(cycle);

    if (hmcf == NULL || hmcf->webhook.len == 0
        || ngx_multisource_stage_shows()->shared == NULL)
    {
        return;
    }

    ngx_memzero(&conf, sizeof(ngx_live_fetch_conf_t));

    conf.name = "multisource: webhook";
    conf.agent = "ngx_multisource";

    if (ngx_live_fetch_init(&hook->fetches, &conf, cycle->log) != NGX_OK) {
        return;
    }

    hook->url = hmcf->webhook;
    hook->shows = ngx_multisource_stage_shows();
}


void
ngx_multisource_webhook_exit(void)
{
    ngx_queue_t                      *q;
    ngx_multisource_webhook_t        *hook = &ngx_multisource_webhook;
    ngx_multisource_webhook_event_t  *event;

    if (hook->shows == NULL) {
        return;
    }

    while (!ngx_queue_empty(&hook->events)) {
        q = ngx_queue_head(&hook->events);
        event = ngx_queue_data(q, ngx_multisource_webhook_event_t, queue);

        ngx_multisource_webhook_return(event);
    }

    ngx_live_fetch_exit(&hook->fetches);

    hook->shows = NULL;
}


void
ngx_multisource_webhook_tick(void)
{
    uint64_t                    now;
    ngx_uint_t                  n;
    ngx_multisource_webhook_t  *hook = &ngx_multisource_webhook;

    if (hook->shows == NULL
        || hook->nevents >= NGX_MULTISOURCE_WEBHOOK_MAX
        || ngx_multisource_show_turn(hook->shows, NGX_MULTISOURCE_TURN_TELL,
                                     NGX_MULTISOURCE_WEBHOOK_EVERY)
           != NGX_OK)
    {
        return;
    }

    now = ngx_multisource_now();

    for (n = 0;
         n < hook->shows->nslots
         && hook->nevents < NGX_MULTISOURCE_WEBHOOK_MAX;
         n++)
    {
        ngx_multisource_webhook_look(n, now);
    }
}


static void
ngx_multisource_webhook_look(ngx_uint_t n, uint64_t now)
{
    ngx_uint_t                    what;
    ngx_atomic_uint_t             told, ticket;
    ngx_multisource_show_t        show;
    ngx_multisource_show_slot_t  *slot;

    slot = &ngx_multisource_webhook.shows->slots[n];

    ticket = slot->ticket;
    told = slot->told;

    /* most shows have ended long ago */

    if (ticket == 0
        || told == ngx_multisource_webhook_told(ticket,
                                          NGX_MULTISOURCE_WEBHOOK_ENDED)
        || ngx_multisource_show_at(ngx_multisource_webhook.shows, n, &show)
           != NGX_OK
        || show.ticket != ticket)
    {
        return;
    }

    what = ngx_multisource_webhook_what(ticket, told);

    if (what & NGX_MULTISOURCE_WEBHOOK_TELLING) {
        return;
    }

    if (show.record.state == NGX_MULTISOURCE_SHOW_ENDED) {

        if (what == NGX_MULTISOURCE_WEBHOOK_NONE
            && (show.record.started == 0
                || now > show.record.ended + NGX_MULTISOURCE_WEBHOOK_LATE))
        {
            /* it never was, or that was before there was somebody to tell */

            (void) ngx_atomic_cmp_set(&slot->told, told,
                       ngx_multisource_webhook_told(ticket,
                                          NGX_MULTISOURCE_WEBHOOK_ENDED));
            return;
        }

        if (what == NGX_MULTISOURCE_WEBHOOK_STARTED
            && now < show.record.ended + NGX_MULTISOURCE_WEBHOOK_SETTLE)
        {
            return;
        }

        ngx_multisource_webhook_tell(&show, told, what + 1);
        return;
    }

    if (show.record.state == NGX_MULTISOURCE_SHOW_LIVE
        && what == NGX_MULTISOURCE_WEBHOOK_NONE)
    {
        ngx_multisource_webhook_tell(&show, told,
                                     NGX_MULTISOURCE_WEBHOOK_STARTED);
    }
}


static void
ngx_multisource_webhook_tell(ngx_multisource_show_t *show,
    ngx_atomic_uint_t before, ngx_uint_t what)
{
    char                             *text;
    u_char                           *p;
    ngx_atomic_uint_t                 after;
    ngx_multisource_webhook_t        *hook = &ngx_multisource_webhook;
    ngx_multisource_webhook_event_t  *event;

    after = ngx_multisource_webhook_told(show->ticket,
                                    what | NGX_MULTISOURCE_WEBHOOK_TELLING);

    if (!ngx_atomic_cmp_set(&show->slot->told, before, after)) {

        /* by another worker */
        return;
    }

    event = ngx_calloc(sizeof(ngx_multisource_webhook_event_t),
                       ngx_cycle->log);
    if (event == NULL) {
        (void) ngx_atomic_cmp_set(&show->slot->told, after, before);
        return;
    }

    ngx_queue_insert_tail(&hook->events, &event->queue);
    hook->nevents++;

    event->name = what == NGX_MULTISOURCE_WEBHOOK_STARTED ? "session.started"
                                                          : "session.ended";

    ngx_memcpy(event->id, show->record.id, sizeof(event->id));

    event->timer.handler = ngx_multisource_webhook_timer;
    event->timer.data = event;
    event->timer.log = ngx_cycle->log;

    /* a worker that leaves returns it to the others */

    event->timer.cancelable = 1;

    event->slot = show->slot;
    event->before = before;
    event->after = after;

    text = ngx_multisource_webhook_body(show, event->name);

    if (text) {
        event->body.data = (u_char *) text;
        event->body.len = ngx_strlen(text);

        p = ngx_cpymem(event->header, NGX_MULTISOURCE_WEBHOOK_HEADER,
                       sizeof(NGX_MULTISOURCE_WEBHOOK_HEADER) - 1);

        if (ngx_multisource_ticket_mark(ngx_multisource_gate_key(),
                                        &event->body, p)
            == NGX_OK)
        {
            ngx_multisource_webhook_send(event);
            return;
        }
    }

    /* not now, then later */

    ngx_multisource_webhook_return(event);
}


/* free()d by the caller */

static char *
ngx_multisource_webhook_body(ngx_multisource_show_t *show, const char *name)
{
    char    *text;
    json_t  *json;

    json = json_pack("{s:s,s:o,s:o}", "event", name,
                     "session", ngx_multisource_show_json_analytics(show),
                     "usage",
                         ngx_multisource_show_usage(show, 0, 0,
                                          NGX_MULTISOURCE_WEBHOOK_VIEWERS));

    if (json == NULL) {
        return NULL;
    }

    text = json_dumps(json, JSON_COMPACT);

    json_decref(json);

    return text;
}


static void
ngx_multisource_webhook_send(ngx_multisource_webhook_event_t *event)
{
    ngx_str_t                   header;
    ngx_live_fetch_request_t    req;
    ngx_multisource_webhook_t  *hook = &ngx_multisource_webhook;

    header.data = event->header;
    header.len = sizeof(NGX_MULTISOURCE_WEBHOOK_HEADER) - 1 + 64;

    ngx_memzero(&req, sizeof(ngx_live_fetch_request_t));

    req.method = "POST";
    req.url = hook->url;
    req.headers = &header;
    req.nheaders = 1;
    req.body = event->body;
    req.type = "application/json";
    req.timeout = NGX_MULTISOURCE_WEBHOOK_TIMEOUT;

    event->fetch = ngx_live_fetch(&hook->fetches, &req,
                                  ngx_multisource_webhook_sent, event);

    if (event->fetch == NULL) {
        ngx_multisource_webhook_again(event);
    }
}


static void
ngx_multisource_webhook_sent(void *data, ngx_live_fetch_answer_t *answer)
{
    ngx_multisource_webhook_event_t *event = data;

    event->fetch = NULL;

    if (answer->status >= 200 && answer->status < 300) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "multisource: webhook: %s of session %s was taken",
                      event->name, event->id);

        ngx_multisource_webhook_done(event);
        return;
    }

    if (answer->status == 0 || answer->status == 429
        || answer->status >= 500)
    {
        ngx_multisource_webhook_again(event);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "multisource: webhook: %s of session %s was refused: %ui",
                  event->name, event->id, answer->status);

    ngx_multisource_webhook_done(event);
}


static void
ngx_multisource_webhook_again(ngx_multisource_webhook_event_t *event)
{
    if (event->retries == NGX_MULTISOURCE_WEBHOOK_RETRIES) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "multisource: webhook: %s of session %s was not taken, "
                      "given up", event->name, event->id);

        ngx_multisource_webhook_done(event);
        return;
    }

    ngx_add_timer(&event->timer,
                  NGX_MULTISOURCE_WEBHOOK_PAUSE << event->retries++);
}


static void
ngx_multisource_webhook_timer(ngx_event_t *ev)
{
    ngx_multisource_webhook_send(ev->data);
}


/* until then Redis does not have it, and nginx may be started again meanwhile */

static void
ngx_multisource_webhook_done(ngx_multisource_webhook_event_t *event)
{
    (void) ngx_atomic_cmp_set(&event->slot->told, event->after,
                              event->after & ~(ngx_atomic_uint_t)
                                              NGX_MULTISOURCE_WEBHOOK_TELLING);

    ngx_multisource_webhook_free(event);
}


/* it is to be told yet, by whoever looks next */

static void
ngx_multisource_webhook_return(ngx_multisource_webhook_event_t *event)
{
    (void) ngx_atomic_cmp_set(&event->slot->told, event->after, event->before);

    ngx_multisource_webhook_free(event);
}


static void
ngx_multisource_webhook_free(ngx_multisource_webhook_event_t *event)
{
    ngx_queue_remove(&event->queue);
    ngx_multisource_webhook.nevents--;

    if (event->fetch) {
        ngx_live_fetch_cancel(event->fetch);
    }

    if (event->timer.timer_set) {
        ngx_del_timer(&event->timer);
    }

    free(event->body.data);
    ngx_free(event);
}
