
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "ngx_live_fetch.h"


#define NGX_LIVE_FETCH_MAX        256      /* at a time */
#define NGX_LIVE_FETCH_SOCKETS    64
#define NGX_LIVE_FETCH_HOST       16       /* sockets, to one host */
#define NGX_LIVE_FETCH_IDLE       8        /* sockets kept for later */
#define NGX_LIVE_FETCH_HEADERS    32       /* of a request */
#define NGX_LIVE_FETCH_HEAD       131072   /* bytes of an answer's head */
#define NGX_LIVE_FETCH_DEPTH      32       /* of JSON */
#define NGX_LIVE_FETCH_CONNECT    8000     /* ms, TLS included */

/* ms: a worker that leaves does not wait any longer */
#define NGX_LIVE_FETCH_LAST       4000


struct ngx_live_fetch_s {
    ngx_queue_t          queue;
    ngx_live_fetches_t  *all;
    CURL                *easy;
    struct curl_slist   *headers;
    ngx_live_fetch_pt    handler;
    void                *data;

    const char          *method;
    char                *host;              /* of curl_url_get() */
    ngx_msec_t           start;

    ngx_str_t            sent;              /* the body; wiped */
    ngx_str_t            body;              /* of the answer; wiped */
    size_t               size;
    size_t               head;

    unsigned             plain:1;           /* http: to loopback only */
    unsigned             too_large:1;
};


/*
 * A socket that curl has: its own, which it closes through us, or one between
 * it and its resolver's thread, which it only tells us to look at.
 */

typedef struct {
    ngx_queue_t          queue;
    ngx_live_fetches_t  *all;
    ngx_connection_t    *connection;
    unsigned             foreign:1;
} ngx_live_fetch_socket_t;


static ngx_int_t ngx_live_fetch_url(ngx_live_fetch_t *fetch, ngx_str_t *text);
static ngx_int_t ngx_live_fetch_headers(ngx_live_fetch_t *fetch,
    ngx_live_fetch_request_t *req);
static ngx_int_t ngx_live_fetch_header(ngx_live_fetch_t *fetch,
    const char *name, u_char *p, size_t len);
static ngx_int_t ngx_live_fetch_method(ngx_live_fetch_t *fetch,
    ngx_live_fetch_request_t *req);
static ngx_int_t ngx_live_fetch_options(ngx_live_fetch_t *fetch,
    ngx_msec_t timeout);
static void ngx_live_fetch_free(ngx_live_fetch_t *fetch);

static size_t ngx_live_fetch_head(char *p, size_t size, size_t n, void *data);
static size_t ngx_live_fetch_body(char *p, size_t size, size_t n, void *data);

static curl_socket_t ngx_live_fetch_open(void *data, curlsocktype purpose,
    struct curl_sockaddr *address);
static int ngx_live_fetch_close(void *data, curl_socket_t fd);
static ngx_uint_t ngx_live_fetch_loopback(struct sockaddr *sa);
static ngx_live_fetch_socket_t *ngx_live_fetch_socket(ngx_live_fetches_t *all,
    curl_socket_t fd, ngx_uint_t foreign);
static ngx_live_fetch_socket_t *ngx_live_fetch_find(ngx_live_fetches_t *all,
    curl_socket_t fd);
static void ngx_live_fetch_forget(ngx_live_fetch_socket_t *s);

static int ngx_live_fetch_watch(CURL *easy, curl_socket_t fd, int what,
    void *data, void *socket);
static ngx_int_t ngx_live_fetch_events(ngx_connection_t *c, ngx_uint_t in,
    ngx_uint_t out);
static int ngx_live_fetch_wait(CURLM *multi, long ms, void *data);
static void ngx_live_fetch_event(ngx_event_t *ev);
static void ngx_live_fetch_timer(ngx_event_t *ev);
static void ngx_live_fetch_act(ngx_live_fetches_t *all, curl_socket_t fd,
    int what);
static void ngx_live_fetch_abort(ngx_live_fetches_t *all);

static void ngx_live_fetch_done(ngx_live_fetch_t *fetch, CURLcode code);
static const char *ngx_live_fetch_error(ngx_live_fetch_t *fetch,
    CURLcode code);
static json_t *ngx_live_fetch_json(ngx_str_t *text);


ngx_int_t
ngx_live_fetch_init(ngx_live_fetches_t *all, const ngx_live_fetch_conf_t *conf,
    ngx_log_t *log)
{
    CURLM                   *multi;
    curl_version_info_data  *info;

    ngx_memzero(all, sizeof(ngx_live_fetches_t));

    all->conf = *conf;

    ngx_queue_init(&all->fetches);
    ngx_queue_init(&all->sockets);

    /* requests are finished before the worker leaves */

    all->timer.handler = ngx_live_fetch_timer;
    all->timer.data = all;
    all->timer.log = log;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        goto failed;
    }

    multi = curl_multi_init();
    if (multi == NULL) {
        goto failed;
    }

    if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
                          ngx_live_fetch_watch)
        != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, all) != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION,
                             ngx_live_fetch_wait)
           != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_TIMERDATA, all) != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             (long) NGX_LIVE_FETCH_SOCKETS)
           != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                             (long) NGX_LIVE_FETCH_HOST)
           != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                             (long) NGX_LIVE_FETCH_IDLE)
           != CURLM_OK)
    {
        (void) curl_multi_cleanup(multi);
        goto failed;
    }

    info = curl_version_info(CURLVERSION_NOW);

    all->capath = info->age >= CURLVERSION_SEVENTH && info->capath;
    all->multi = multi;

    return NGX_OK;

failed:

    ngx_log_error(NGX_LOG_ERR, log, 0, "%s: libcurl does not start",
                  conf->name);
    return NGX_ERROR;
}


void
ngx_live_fetch_exit(ngx_live_fetches_t *all)
{
    CURLM        *multi;
    ngx_queue_t  *q;

    multi = all->multi;

    if (multi == NULL) {
        return;
    }

    while (!ngx_queue_empty(&all->fetches)) {
        q = ngx_queue_head(&all->fetches);
        ngx_live_fetch_free(ngx_queue_data(q, ngx_live_fetch_t, queue));
    }

    /* closes what is kept */

    all->multi = NULL;
    (void) curl_multi_cleanup(multi);

    while (!ngx_queue_empty(&all->sockets)) {
        q = ngx_queue_head(&all->sockets);
        ngx_live_fetch_forget(ngx_queue_data(q, ngx_live_fetch_socket_t,
                                             queue));
    }

    if (all->timer.timer_set) {
        ngx_del_timer(&all->timer);
    }
}


/* ---- a request ---- */

ngx_live_fetch_t *
ngx_live_fetch(ngx_live_fetches_t *all, ngx_live_fetch_request_t *req,
    ngx_live_fetch_pt handler, void *data)
{
    ngx_msec_t         timeout;
    ngx_live_fetch_t  *fetch;

    if (all->multi == NULL || all->nfetches == NGX_LIVE_FETCH_MAX) {
        return NULL;
    }

    fetch = ngx_calloc(sizeof(ngx_live_fetch_t), ngx_cycle->log);
    if (fetch == NULL) {
        return NULL;
    }

    ngx_queue_insert_tail(&all->fetches, &fetch->queue);
    all->nfetches++;

    fetch->all = all;
    fetch->handler = handler;
    fetch->data = data;
    fetch->start = ngx_current_msec;

    timeout = req->timeout ? req->timeout : NGX_LIVE_FETCH_TIMEOUT;

    if (ngx_exiting) {
        timeout = ngx_min(timeout, NGX_LIVE_FETCH_LAST);
    }

    fetch->easy = curl_easy_init();

    if (fetch->easy == NULL
        || ngx_live_fetch_url(fetch, &req->url) != NGX_OK
        || ngx_live_fetch_headers(fetch, req) != NGX_OK
        || ngx_live_fetch_method(fetch, req) != NGX_OK
        || ngx_live_fetch_options(fetch, timeout) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s: a request to %s cannot be made", all->conf.name,
                      fetch->host ? fetch->host : "an address");
        goto failed;
    }

    /* starts with the timer, which curl asks for in here */

    if (curl_multi_add_handle(all->multi, fetch->easy) != CURLM_OK) {
        curl_easy_cleanup(fetch->easy);
        fetch->easy = NULL;
        goto failed;
    }

    return fetch;

failed:

    ngx_live_fetch_free(fetch);

    return NULL;
}


void
ngx_live_fetch_cancel(ngx_live_fetch_t *fetch)
{
    ngx_live_fetch_free(fetch);
}


/* https, or http where it cannot be seen by others; no user information */

static ngx_int_t
ngx_live_fetch_url(ngx_live_fetch_t *fetch, ngx_str_t *text)
{
    char       *url, *scheme;
    CURLU      *parsed;
    ngx_int_t   rc;

    if (text->len == 0 || ngx_strlchr(text->data, text->data + text->len, '\0'))
    {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    scheme = NULL;

    url = ngx_alloc(text->len + 1, ngx_cycle->log);
    parsed = curl_url();

    if (url == NULL || parsed == NULL) {
        goto done;
    }

    (void) ngx_cpystrn((u_char *) url, text->data, text->len + 1);

    if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER)
        != CURLUE_OK
        || curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK
        || curl_url_get(parsed, CURLUPART_HOST, &fetch->host, 0) != CURLUE_OK)
    {
        goto done;
    }

    if (ngx_strcmp(scheme, "http") == 0) {
        fetch->plain = 1;

    } else if (ngx_strcmp(scheme, "https") != 0) {
        goto done;
    }

    if (curl_easy_setopt(fetch->easy, CURLOPT_URL, url) == CURLE_OK) {
        rc = NGX_OK;
    }

done:

    /* a query may hold a token */

    if (url) {
        ngx_explicit_memzero(url, text->len);
        ngx_free(url);
    }

    curl_free(scheme);
    curl_url_cleanup(parsed);

    return rc;
}


static ngx_int_t
ngx_live_fetch_headers(ngx_live_fetch_t *fetch,
    ngx_live_fetch_request_t *req)
{
    ngx_uint_t  i;

    if (req->nheaders > NGX_LIVE_FETCH_HEADERS) {
        return NGX_ERROR;
    }

    for (i = 0; i < req->nheaders; i++) {

        if (ngx_live_fetch_header(fetch, "", req->headers[i].data,
                                  req->headers[i].len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* without a value: what curl would add by itself is left out */

    if (ngx_live_fetch_header(fetch, "Expect:", NULL, 0) != NGX_OK
        || ngx_live_fetch_header(fetch, req->type ? "Content-Type: "
                                                       : "Content-Type:",
                                 (u_char *) req->type,
                                 req->type ? ngx_strlen(req->type) : 0)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers)
           == CURLE_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_live_fetch_header(ngx_live_fetch_t *fetch, const char *name,
    u_char *p, size_t len)
{
    char               *line;
    size_t              i, size;
    struct curl_slist  *list;

    for (i = 0; i < len; i++) {
        if (p[i] == '\r' || p[i] == '\n' || p[i] == '\0') {
            return NGX_ERROR;
        }
    }

    size = ngx_strlen(name) + len + 1;

    line = ngx_alloc(size, ngx_cycle->log);
    if (line == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_snprintf((u_char *) line, size, "%s%*s%Z", name, len,
                        p ? p : (u_char *) "");

    list = curl_slist_append(fetch->headers, line);

    ngx_explicit_memzero(line, size);
    ngx_free(line);

    if (list == NULL) {
        return NGX_ERROR;
    }

    fetch->headers = list;

    return NGX_OK;
}


static ngx_int_t
ngx_live_fetch_method(ngx_live_fetch_t *fetch,
    ngx_live_fetch_request_t *req)
{
    CURL               *easy;
    ngx_uint_t          i;
    static const char  *methods[] = { "GET", "DELETE", "POST", "PUT", "PATCH" };

    easy = fetch->easy;

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (ngx_strcmp(req->method, methods[i]) == 0) {
            fetch->method = methods[i];
            break;
        }
    }

    if (fetch->method == NULL) {
        return NGX_ERROR;
    }

    /*
     * On a connection that was used before curl sends again what has not been
     * answered there, although it may have been read
     */

    if ((req->once || i == 2)
        && curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) != CURLE_OK)
    {
        return NGX_ERROR;
    }

    if (i < 2 && req->body.len == 0) {

        if (i == 1
            && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, fetch->method)
               != CURLE_OK)
        {
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    /* an empty body, too, has its Content-Length then */

    fetch->sent.data = ngx_alloc(req->body.len + 1, ngx_cycle->log);
    if (fetch->sent.data == NULL) {
        return NGX_ERROR;
    }

    fetch->sent.len = req->body.len;

    if (req->body.len) {
        ngx_memcpy(fetch->sent.data, req->body.data, req->body.len);
    }

    if (curl_easy_setopt(easy, CURLOPT_POST, 1L) != CURLE_OK
        || curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                            (curl_off_t) fetch->sent.len)
           != CURLE_OK
        || curl_easy_setopt(easy, CURLOPT_POSTFIELDS, fetch->sent.data)
           != CURLE_OK
        || curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, fetch->method)
           != CURLE_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


#define ngx_live_fetch_set(option, value)                                \
    if (curl_easy_setopt(fetch->easy, option, value) != CURLE_OK) {           \
        return NGX_ERROR;                                                     \
    }


static ngx_int_t
ngx_live_fetch_options(ngx_live_fetch_t *fetch, ngx_msec_t timeout)
{
    ngx_live_fetches_t  *all;

    all = fetch->all;

    ngx_live_fetch_set(CURLOPT_PRIVATE, fetch)

    /* resolver threads and timeouts need no signals */

    ngx_live_fetch_set(CURLOPT_NOSIGNAL, 1L)

#if (LIBCURL_VERSION_NUM >= 0x075700)
    /* curl would wait for the resolver's thread when it gives up */

    ngx_live_fetch_set(CURLOPT_QUICK_EXIT, 1L)
#endif

    ngx_live_fetch_set(CURLOPT_TIMEOUT_MS, (long) timeout)
    ngx_live_fetch_set(CURLOPT_CONNECTTIMEOUT_MS,
                       ngx_min((long) timeout,
                               (long) NGX_LIVE_FETCH_CONNECT))

    ngx_live_fetch_set(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1)
    ngx_live_fetch_set(CURLOPT_USERAGENT, all->conf.agent)
    ngx_live_fetch_set(CURLOPT_FOLLOWLOCATION, 0L)
    ngx_live_fetch_set(CURLOPT_PROXY, "")
    ngx_live_fetch_set(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED)

#if (LIBCURL_VERSION_NUM >= 0x075500)
    ngx_live_fetch_set(CURLOPT_PROTOCOLS_STR,
                       fetch->plain ? "http" : "https")
#else
    ngx_live_fetch_set(CURLOPT_PROTOCOLS,
                       (long) (fetch->plain ? CURLPROTO_HTTP
                                                 : CURLPROTO_HTTPS))
#endif

    ngx_live_fetch_set(CURLOPT_SSL_VERIFYPEER, 1L)
    ngx_live_fetch_set(CURLOPT_SSL_VERIFYHOST, 2L)
    ngx_live_fetch_set(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2)

    /*
     * To read the system's whole file of authorities takes a worker tens of
     * milliseconds; of its directory OpenSSL reads the one that it needs. A
     * file without a directory is kept by curl once it has been read.
     */

    if (all->conf.trusted.len) {
        ngx_live_fetch_set(CURLOPT_CAINFO, all->conf.trusted.data)
        ngx_live_fetch_set(CURLOPT_CAPATH, NULL)

    } else if (all->capath) {
        ngx_live_fetch_set(CURLOPT_CAINFO, NULL)
    }

    ngx_live_fetch_set(CURLOPT_OPENSOCKETFUNCTION, ngx_live_fetch_open)
    ngx_live_fetch_set(CURLOPT_OPENSOCKETDATA, fetch)
    ngx_live_fetch_set(CURLOPT_CLOSESOCKETFUNCTION, ngx_live_fetch_close)
    ngx_live_fetch_set(CURLOPT_CLOSESOCKETDATA, all)

    ngx_live_fetch_set(CURLOPT_HEADERFUNCTION, ngx_live_fetch_head)
    ngx_live_fetch_set(CURLOPT_HEADERDATA, fetch)
    ngx_live_fetch_set(CURLOPT_WRITEFUNCTION, ngx_live_fetch_body)
    ngx_live_fetch_set(CURLOPT_WRITEDATA, fetch)
    ngx_live_fetch_set(CURLOPT_MAXFILESIZE_LARGE,
                       (curl_off_t) NGX_LIVE_FETCH_BODY)

    return NGX_OK;
}


/* the handler is not called */

static void
ngx_live_fetch_free(ngx_live_fetch_t *fetch)
{
    struct curl_slist   *line;
    ngx_live_fetches_t  *all;

    all = fetch->all;

    ngx_queue_remove(&fetch->queue);
    all->nfetches--;

    if (fetch->easy) {
        (void) curl_multi_remove_handle(all->multi, fetch->easy);
        curl_easy_cleanup(fetch->easy);
        ERR_clear_error();
    }

    for (line = fetch->headers; line; line = line->next) {
        ngx_explicit_memzero(line->data, ngx_strlen(line->data));
    }

    curl_slist_free_all(fetch->headers);
    curl_free(fetch->host);

    if (fetch->sent.data) {
        ngx_explicit_memzero(fetch->sent.data, fetch->sent.len);
        ngx_free(fetch->sent.data);
    }

    if (fetch->body.data) {
        ngx_explicit_memzero(fetch->body.data, fetch->body.len);
        ngx_free(fetch->body.data);
    }

    ngx_free(fetch);
}


/* ---- the answer ---- */

static size_t
ngx_live_fetch_head(char *p, size_t size, size_t n, void *data)
{
    ngx_live_fetch_t  *fetch = data;

    fetch->head += n;

    if (fetch->head > NGX_LIVE_FETCH_HEAD) {
        fetch->too_large = 1;
        return 0;
    }

    return n;
}


static size_t
ngx_live_fetch_body(char *p, size_t size, size_t n, void *data)
{
    size_t             room;
    u_char            *body;
    ngx_live_fetch_t  *fetch = data;

    if (n > NGX_LIVE_FETCH_BODY - fetch->body.len) {
        fetch->too_large = 1;
        return 0;
    }

    if (fetch->body.len + n > fetch->size) {

        room = ngx_max(fetch->size * 2, fetch->body.len + n);
        room = ngx_max(room, 4096);

        body = ngx_alloc(room, ngx_cycle->log);
        if (body == NULL) {
            return 0;
        }

        if (fetch->body.data) {
            ngx_memcpy(body, fetch->body.data, fetch->body.len);
            ngx_explicit_memzero(fetch->body.data, fetch->body.len);
            ngx_free(fetch->body.data);
        }

        fetch->body.data = body;
        fetch->size = room;
    }

    ngx_memcpy(fetch->body.data + fetch->body.len, p, n);
    fetch->body.len += n;

    return n;
}


/* ---- sockets ---- */

static curl_socket_t
ngx_live_fetch_open(void *data, curlsocktype purpose,
    struct curl_sockaddr *address)
{
    int                fd;
    ngx_live_fetch_t  *fetch = data;

    if (fetch->plain && !ngx_live_fetch_loopback(&address->addr)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s: plain http to %s refused, "
                      "it is not a loopback address", fetch->all->conf.name,
                      fetch->host);
        return CURL_SOCKET_BAD;
    }

    fd = socket(address->family, address->socktype|SOCK_CLOEXEC|SOCK_NONBLOCK,
                address->protocol);

    if (fd == -1) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_socket_errno,
                      "%s: socket() failed", fetch->all->conf.name);
        return CURL_SOCKET_BAD;
    }

    if (ngx_live_fetch_socket(fetch->all, fd, 0) == NULL) {
        (void) ngx_close_socket(fd);
        return CURL_SOCKET_BAD;
    }

    return fd;
}


static ngx_uint_t
ngx_live_fetch_loopback(struct sockaddr *sa)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        return (ntohl(sin->sin_addr.s_addr) >> 24) == 127;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr) ? 1 : 0;
#endif

    default:
        return 0;
    }
}


static int
ngx_live_fetch_close(void *data, curl_socket_t fd)
{
    ngx_live_fetches_t       *all = data;
    ngx_live_fetch_socket_t  *s;

    s = ngx_live_fetch_find(all, fd);

    if (s) {
        ngx_live_fetch_forget(s);

    } else {
        (void) ngx_close_socket(fd);
    }

    return 0;
}


/* a connection of nginx for it, without events as yet */

static ngx_live_fetch_socket_t *
ngx_live_fetch_socket(ngx_live_fetches_t *all, curl_socket_t fd,
    ngx_uint_t foreign)
{
    ngx_connection_t         *c;
    ngx_live_fetch_socket_t  *s;

    s = ngx_calloc(sizeof(ngx_live_fetch_socket_t), ngx_cycle->log);
    if (s == NULL) {
        return NULL;
    }

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        ngx_free(s);
        return NULL;
    }

    c->data = s;
    c->log = ngx_cycle->log;
    c->read->handler = ngx_live_fetch_event;
    c->read->log = c->log;
    c->write->handler = ngx_live_fetch_event;
    c->write->log = c->log;

    s->all = all;
    s->connection = c;
    s->foreign = foreign;

    ngx_queue_insert_head(&all->sockets, &s->queue);
    all->nsockets++;

    return s;
}


static ngx_live_fetch_socket_t *
ngx_live_fetch_find(ngx_live_fetches_t *all, curl_socket_t fd)
{
    ngx_queue_t              *q;
    ngx_live_fetch_socket_t  *s;

    for (q = ngx_queue_head(&all->sockets);
         q != ngx_queue_sentinel(&all->sockets);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_live_fetch_socket_t, queue);

        if (s->connection->fd == fd) {
            return s;
        }
    }

    return NULL;
}


/* closes it, unless curl does so itself */

static void
ngx_live_fetch_forget(ngx_live_fetch_socket_t *s)
{
    ngx_connection_t  *c;

    ngx_queue_remove(&s->queue);
    s->all->nsockets--;

    c = s->connection;

    (void) ngx_live_fetch_events(c, 0, 0);

    if (s->foreign) {
        c->read->closed = 1;
        c->write->closed = 1;

        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;

    } else {
        ngx_close_connection(c);
    }

    ngx_free(s);
}


/* ---- events; curl must not be entered again from these two ---- */

static int
ngx_live_fetch_watch(CURL *easy, curl_socket_t fd, int what, void *data,
    void *socket)
{
    ngx_live_fetches_t       *all = data;
    ngx_live_fetch_socket_t  *s;

    s = ngx_live_fetch_find(all, fd);

    if (what == CURL_POLL_REMOVE) {

        if (s && s->foreign) {
            ngx_live_fetch_forget(s);

        } else if (s) {
            (void) ngx_live_fetch_events(s->connection, 0, 0);
        }

        return 0;
    }

    if (s == NULL) {
        s = ngx_live_fetch_socket(all, fd, 1);
        if (s == NULL) {
            return -1;
        }
    }

    if (ngx_live_fetch_events(s->connection, what & CURL_POLL_IN,
                              what & CURL_POLL_OUT)
        != NGX_OK)
    {
        return -1;
    }

    return 0;
}


/* level-triggered: curl reads and writes as much as it likes */

static ngx_int_t
ngx_live_fetch_events(ngx_connection_t *c, ngx_uint_t in, ngx_uint_t out)
{
    ngx_int_t  rc;

    rc = NGX_OK;

    if (in && !c->read->active) {
        rc = ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);

    } else if (!in && c->read->active) {
        rc = ngx_del_event(c->read, NGX_READ_EVENT, 0);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (out && !c->write->active) {
        rc = ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);

    } else if (!out && c->write->active) {
        rc = ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }

    return rc == NGX_OK ? NGX_OK : NGX_ERROR;
}


static int
ngx_live_fetch_wait(CURLM *multi, long ms, void *data)
{
    ngx_event_t         *ev;
    ngx_live_fetches_t  *all = data;

    ev = &all->timer;

    /* nginx leaves a timer as it is when it is moved by a little only */

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ms >= 0) {
        ngx_add_timer(ev, ms ? (ngx_msec_t) ms : 1);
    }

    return 0;
}


static void
ngx_live_fetch_event(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_live_fetch_socket_t  *s;

    c = ev->data;
    s = c->data;

    if (c->close) {

        /* worker_shutdown_timeout has passed */

        ngx_live_fetch_abort(s->all);
        return;
    }

    ngx_live_fetch_act(s->all, c->fd, ev->write ? CURL_CSELECT_OUT
                                                : CURL_CSELECT_IN);
}


static void
ngx_live_fetch_timer(ngx_event_t *ev)
{
    ngx_live_fetch_act(ev->data, CURL_SOCKET_TIMEOUT, 0);
}


static void
ngx_live_fetch_act(ngx_live_fetches_t *all, curl_socket_t fd, int what)
{
    int        running, left;
    void      *fetch;
    CURLMsg   *msg;
    CURLcode   code;
    sigset_t   every, before;

    /* the resolver's threads start in here: signals are for the worker only */

    sigfillset(&every);
    (void) pthread_sigmask(SIG_BLOCK, &every, &before);

    (void) curl_multi_socket_action(all->multi, fd, what, &running);

    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);

    for ( ;; ) {

        /* nginx would take what curl leaves in OpenSSL's queue for its own */

        ERR_clear_error();

        /* a handler may have started, cancelled or ended anything */

        if (all->multi == NULL) {
            return;
        }

        msg = curl_multi_info_read(all->multi, &left);
        if (msg == NULL) {
            return;
        }

        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        code = msg->data.result;
        fetch = NULL;

        (void) curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &fetch);

        ngx_live_fetch_done(fetch, code);
    }
}


/* ends what is on its way at the time of the call */

static void
ngx_live_fetch_abort(ngx_live_fetches_t *all)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    for (n = all->nfetches; n && !ngx_queue_empty(&all->fetches); n--) {
        q = ngx_queue_head(&all->fetches);

        ngx_live_fetch_done(ngx_queue_data(q, ngx_live_fetch_t, queue),
                            CURLE_ABORTED_BY_CALLBACK);
    }
}


static void
ngx_live_fetch_done(ngx_live_fetch_t *fetch, CURLcode code)
{
    long                     status, verify;
    const char              *text;
    curl_off_t               seconds;
    ngx_msec_int_t           ms;
    ngx_live_fetches_t      *all;
    ngx_live_fetch_answer_t  answer;

    all = fetch->all;

    ngx_memzero(&answer, sizeof(ngx_live_fetch_answer_t));

    ms = ngx_current_msec - fetch->start;
    status = 0;

    if (code == CURLE_OK) {
        (void) curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    }

    if (status) {
        answer.status = status;
        answer.body = fetch->body;
        answer.json = ngx_live_fetch_json(&fetch->body);

        seconds = 0;
        (void) curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &seconds);

        if (seconds > 0) {
            answer.retry_after = ngx_min(seconds, 86400);
        }

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "%s: %s %s: %l, %M ms", all->conf.name, fetch->method,
                      fetch->host, status, ms);

    } else {
        answer.error = ngx_live_fetch_error(fetch, code);
        text = curl_easy_strerror(code);

        if (ngx_strcmp(answer.error, "tls_failed") == 0) {
            verify = X509_V_OK;
            (void) curl_easy_getinfo(fetch->easy, CURLINFO_SSL_VERIFYRESULT,
                                     &verify);

            if (verify != X509_V_OK) {
                text = X509_verify_cert_error_string(verify);
            }
        }

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s: %s %s: %s (%s), %M ms", all->conf.name,
                      fetch->method, fetch->host, answer.error, text, ms);
    }

    /* from here on it is not on its way, whatever the handler does */

    (void) curl_multi_remove_handle(all->multi, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    fetch->easy = NULL;
    ERR_clear_error();

    ngx_queue_remove(&fetch->queue);
    ngx_queue_init(&fetch->queue);

    fetch->handler(fetch->data, &answer);

    json_decref(answer.json);

    ngx_live_fetch_free(fetch);
}


static const char *
ngx_live_fetch_error(ngx_live_fetch_t *fetch, CURLcode code)
{
    if (fetch->too_large) {
        return "answer_too_large";
    }

    switch (code) {

    case CURLE_FILESIZE_EXCEEDED:
        return "answer_too_large";

    case CURLE_COULDNT_RESOLVE_HOST:
        return "dns_failed";

    case CURLE_COULDNT_CONNECT:
        return "connect_failed";

    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";

    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
        return "tls_failed";

    default:
        return "failed";
    }
}


/* who walks through it calls itself: no deeper than anything sensible is */

static json_t *
ngx_live_fetch_json(ngx_str_t *text)
{
    size_t        i;
    ngx_uint_t    depth, string;
    json_error_t  error;

    depth = 0;
    string = 0;

    for (i = 0; i < text->len; i++) {

        switch (text->data[i]) {

        case '"':
            string = !string;
            break;

        case '\\':
            i += string;
            break;

        case '[':
        case '{':
            if (!string && ++depth > NGX_LIVE_FETCH_DEPTH) {
                return NULL;
            }

            break;

        case ']':
        case '}':
            if (!string && depth) {
                depth--;
            }

            break;
        }
    }

    return text->len ? json_loadb((char *) text->data, text->len,
                                  JSON_DECODE_ANY, &error)
                     : NULL;
}
