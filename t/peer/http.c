
/*
 * Copyright (C) the ngx_live contributors
 */


#define _GNU_SOURCE

#include "http.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>


#define HTTP_SCHEME      "http://"
#define HTTP_ANSWER_MAX  (1024 * 1024)


static void
http_finish(http_t *http, http_response_t *r)
{
    char          *text;
    http_done_pt   done;

    done = http->done;
    text = http->in.data;

    /* the response points into it, and "done" may start another request */

    memset(&http->in, 0, sizeof(memory_buf_t));

    http_abort(http);

    if (done) {
        done(http->data, r);
    }

    free(text);
}


static void
http_fail(http_t *http, const char *error)
{
    http_response_t  r;

    memset(&r, 0, sizeof(http_response_t));

    r.error = error;
    r.body = "";

    http_finish(http, &r);
}


/* --- the answer ---------------------------------------------------------- */

const char *
http_header(const http_response_t *r, const char *name)
{
    unsigned  i;

    for (i = 0; i < r->nheaders; i++) {
        if (strcmp(r->headers[i].name, name) == 0) {
            return r->headers[i].value;
        }
    }

    return NULL;
}


/* Name: value, in place */

static void
http_parse_header(http_response_t *r, char *line)
{
    char           *p;
    http_header_t  *h;

    p = strchr(line, ':');

    if (p == NULL || r->nheaders == HTTP_HEADERS_MAX) {
        return;
    }

    *p++ = '\0';

    h = &r->headers[r->nheaders++];

    h->name = line;
    h->value = p + strspn(p, " \t");

    for (p = line; *p; p++) {
        *p = (char) tolower((unsigned char) *p);
    }
}


static int
http_parse_head(http_response_t *r, char *head)
{
    char  *line, *next;

    if (sscanf(head, "HTTP/1.%*1d %3d", &r->status) != 1) {
        return -1;
    }

    line = strstr(head, "\r\n");

    for (line = line ? line + 2 : NULL; line; line = next) {

        next = strstr(line, "\r\n");

        if (next) {
            *next = '\0';
            next += 2;
        }

        http_parse_header(r, line);
    }

    return 0;
}


/* joins the chunks in place; -1 while the last one is not there */

static int
http_unchunk(http_response_t *r, size_t len)
{
    char    *p, *last, *to;
    size_t   size;

    p = r->body;
    last = p + len;
    to = p;

    for ( ;; ) {

        if (memchr(p, '\n', (size_t) (last - p)) == NULL) {
            return -1;
        }

        size = strtoul(p, NULL, 16);
        p = strchr(p, '\n') + 1;

        if (size > (size_t) (last - p)) {
            return -1;
        }

        memmove(to, p, size);

        to += size;
        p += size;

        if (size == 0) {
            *to = '\0';
            r->body_len = (size_t) (to - r->body);
            return 0;
        }

        if (last - p < 2) {
            return -1;
        }

        p += 2;
    }
}


/*
 * Works on a copy, as it writes into what it reads: called again when more has
 * come.  1: done, 0: more has to come.
 */

static int
http_parse(http_t *http)
{
    char             *copy, *end;
    size_t            len, want;
    const char       *value;
    http_response_t   r;

    if (http->in.data == NULL
        || (end = strstr(http->in.data, "\r\n\r\n")) == NULL)
    {
        return 0;
    }

    len = http->in.len - (size_t) (end + 4 - http->in.data);

    /* 100 Continue */

    if (strncmp(http->in.data + 8, " 1", 2) == 0) {
        memmove(http->in.data, end + 4, len + 1);
        http->in.len = len;
        return http_parse(http);
    }

    copy = memory_new(http->in.len + 1);
    memcpy(copy, http->in.data, http->in.len);

    end = copy + (end - http->in.data);
    *end = '\0';

    memset(&r, 0, sizeof(http_response_t));

    r.body = end + 4;
    r.body_len = len;

    if (http_parse_head(&r, copy) != 0) {
        free(copy);
        http_fail(http, "not HTTP");
        return 1;
    }

    value = http_header(&r, "content-length");
    want = value ? strtoul(value, NULL, 10) : 0;

    if (r.status == 204 || r.status == 304) {
        r.body_len = 0;

    } else if (http_header(&r, "transfer-encoding")) {
        if (http_unchunk(&r, len) != 0) {
            free(copy);
            return 0;
        }

    } else if (value ? len < want : !http->eof) {
        free(copy);
        return 0;

    } else if (value) {
        r.body_len = want;
    }

    r.body[r.body_len] = '\0';

    free(http->in.data);
    http->in.data = copy;

    http_finish(http, &r);

    return 1;
}


/* --- the connection ------------------------------------------------------ */

static void
http_read(http_t *http)
{
    char     chunk[16384];
    ssize_t  n;

    for ( ;; ) {

        n = recv(http->io.fd, chunk, sizeof(chunk), 0);

        if (n == -1 && errno == EAGAIN) {
            (void) http_parse(http);
            return;
        }

        if (n <= 0) {
            http->eof = 1;

            if (!http_parse(http)) {
                http_fail(http, n == 0 ? "closed" : strerror(errno));
            }

            return;
        }

        memory_buf_add(&http->in, chunk, (size_t) n);

        if (http->in.len > HTTP_ANSWER_MAX) {
            http_fail(http, "too long an answer");
            return;
        }
    }
}


/* an early answer, such as 413, is read though not all was sent */

static void
http_write(http_t *http)
{
    ssize_t  n;

    while (http->sent < http->out.len) {

        n = send(http->io.fd, http->out.data + http->sent,
                 http->out.len - http->sent, MSG_NOSIGNAL);

        if (n == -1) {
            if (errno == EAGAIN) {
                return;
            }

            break;
        }

        http->sent += (size_t) n;
    }

    loop_io_change(&http->io, EPOLLIN);
}


static void
http_event(void *data, uint32_t events)
{
    int         error;
    http_t     *http;
    socklen_t   len;

    http = data;

    if (!http->connected) {

        error = 0;
        len = sizeof(int);

        getsockopt(http->io.fd, SOL_SOCKET, SO_ERROR, &error, &len);

        if (error) {
            http_fail(http, strerror(error));
            return;
        }

        http->connected = 1;
    }

    if (events & EPOLLOUT) {
        http_write(http);
    }

    if (events & (EPOLLIN|EPOLLHUP|EPOLLERR)) {
        http_read(http);
    }
}


/* also what http_request() could not even begin */

static void
http_timeout(void *data)
{
    http_t  *http;

    http = data;

    http_fail(http, http->io.fd == -1 ? "cannot connect" : "timeout");
}


/* "http://host:port/path": the length of what is before the path */

static size_t
http_origin(const char *url)
{
    if (strncmp(url, HTTP_SCHEME, sizeof(HTTP_SCHEME) - 1) != 0) {
        return 0;
    }

    return sizeof(HTTP_SCHEME) - 1
           + strcspn(url + sizeof(HTTP_SCHEME) - 1, "/?#");
}


/* of one address; from the local one, where that is of the same family */

static int
http_open(const struct addrinfo *to, const char *local)
{
    int               fd;
    struct addrinfo   hints, *from;

    fd = socket(to->ai_family, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return -1;
    }

    memset(&hints, 0, sizeof(struct addrinfo));

    hints.ai_family = to->ai_family;
    hints.ai_flags = AI_NUMERICHOST;

    if (local && getaddrinfo(local, NULL, &hints, &from) == 0) {
        (void) bind(fd, from->ai_addr, from->ai_addrlen);
        freeaddrinfo(from);
    }

    if (connect(fd, to->ai_addr, to->ai_addrlen) == -1
        && errno != EINPROGRESS)
    {
        close(fd);
        return -1;
    }

    return fd;
}


/* "host:port", "[::1]:port" or without the port */

static int
http_connect(http_t *http, const char *authority)
{
    char             *host, *port, *end;
    struct addrinfo   hints, *list;

    host = memory_text(authority);
    port = "80";

    end = host[0] == '[' ? strchr(host, ']') : NULL;

    if ((end = strchr(end ? end : host, ':')) != NULL) {
        *end = '\0';
        port = end + 1;
    }

    if (host[0] == '[') {
        memmove(host, host + 1, strlen(host));
        host[strcspn(host, "]")] = '\0';
    }

    memset(&hints, 0, sizeof(struct addrinfo));
    hints.ai_socktype = SOCK_STREAM;

    if (getaddrinfo(host, port, &hints, &list) == 0) {
        http->io.fd = http_open(list, http->local);
        freeaddrinfo(list);
    }

    free(host);

    return http->io.fd == -1 ? -1 : 0;
}


void
http_init(http_t *http, void *data)
{
    memset(http, 0, sizeof(http_t));

    http->io.fd = -1;
    http->io.handler = http_event;
    http->io.data = http;
    http->timer.handler = http_timeout;
    http->timer.data = http;
    http->data = data;
}


void
http_request(http_t *http, const char *method, const char *url,
    const char *headers, const char *body, uint64_t timeout,
    http_done_pt done)
{
    char    *authority;
    size_t   len, scheme;

    http_abort(http);

    scheme = sizeof(HTTP_SCHEME) - 1;
    len = http_origin(url);

    http->done = done;

    if (len == 0) {
        loop_timer_set(&http->timer, loop_now());
        return;
    }

    authority = memory_format("%.*s", (int) (len - scheme), url + scheme);

    memory_buf_printf(&http->out, "%s %s%s HTTP/1.1\r\nHost: %s\r\n"
                      "Connection: close\r\n%s", method,
                      url[len] == '/' ? "" : "/", url + len, authority,
                      headers);

    if (body) {
        memory_buf_printf(&http->out, "Content-Length: %zu\r\n", strlen(body));
    }

    memory_buf_printf(&http->out, "\r\n%s", body ? body : "");

    if (http_connect(http, authority) == 0) {
        loop_io_add(&http->io, EPOLLIN|EPOLLOUT);
        loop_timer_set(&http->timer, loop_now() + timeout);

    } else {
        loop_timer_set(&http->timer, loop_now());
    }

    free(authority);
}


void
http_abort(http_t *http)
{
    loop_io_close(&http->io);
    loop_timer_stop(&http->timer);

    memory_buf_free(&http->out);
    memory_buf_free(&http->in);

    http->sent = 0;
    http->connected = 0;
    http->eof = 0;
    http->done = NULL;
}


char *
http_resolve(const char *url, const char *location)
{
    size_t       len, path;
    const char  *slash;

    if (http_origin(location)) {
        return memory_text(location);
    }

    len = http_origin(url);

    if (location[0] == '/') {
        return memory_format("%.*s%s", (int) len, url, location);
    }

    path = len + strcspn(url + len, "?#");
    slash = memrchr(url + len, '/', path - len);

    return memory_format("%.*s/%s",
                         slash ? (int) (slash - url) : (int) len, url,
                         location);
}
