
/*
 * Copyright (C) the ngx_live contributors
 *
 * Both ends of "scripts/bench simulcast", on one clock: publishes an FLV file
 * at the pace of its timestamps, and is the RTMP and RTMPS server that all
 * destinations of the stream are at.
 *
 *     bench-simulcast --media FILE --publish PORT --listen PORT
 *         [--tls-listen PORT --cert FILE --key FILE]
 *         [--destinations N] [--warm S] [--seconds S]
 *         [--stall N --settle S]
 *
 * It publishes rtmp://127.0.0.1:PORT/live/bench and waits for d0 .. dN-1 of any
 * application.  After the time to get warm it measures for so many seconds,
 * writes a line of JSON at the beginning and at the end of that, and goes on
 * until it is killed.  With --stall, the first N destinations are read no more
 * after the time to get warm, and the measurement begins --settle seconds later.
 *
 * Every frame of video ends in a filler NAL unit that has the frame's number
 * and the time when it was sent.  No destination decodes or keeps anything.
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>


#define HELLO        1536                   /* bytes of C1, C2, S1, S2 */
#define CHUNK_OUT    4096                   /* as OBS sends, and as nginx-rtmp
                                               tells who publishes to it */
#define CHUNKS       64                     /* chunk streams */
#define CHUNK_HEADER 18                     /* bytes at most */
#define BODY         4096                   /* of a command, at most */
#define READ         262144                 /* bytes read at a time */
#define WAIT         30                     /* s, for the destinations */
#define QUEUE        (8 * 1024 * 1024)      /* bytes the server leaves unread */
#define STALL_BUFFER 65536                  /* of a socket that is not read */
#define FRAME_STEP   33                     /* ms, after the last frame */

/* length, type (filler data, H.264 7.3.2.7), number, nanoseconds, stop bit */
#define STAMP_NUMBER 8
#define STAMP_TIME   16
#define STAMP        (4 + 1 + STAMP_NUMBER + STAMP_TIME + 1)

#define TYPE_CHUNK   1
#define TYPE_ACK     3
#define TYPE_WINDOW  5
#define TYPE_PEER    6
#define TYPE_AUDIO   8
#define TYPE_VIDEO   9
#define TYPE_META    18
#define TYPE_COMMAND 20

#define die(...)  do { fprintf(stderr, "bench-simulcast: " __VA_ARGS__);      \
                       fputc('\n', stderr); exit(1); } while (0)


/* a message of the file */

typedef struct {
    uint32_t         time;                  /* ms */
    uint8_t          type;
    uint8_t          head;                  /* sent once, at the beginning */
    uint8_t          frame;                 /* of video */
    size_t           len;
    uint8_t         *data;
} message_t;


/* a chunk stream that is read */

typedef struct {
    uint32_t         len;
    uint32_t         left;
    uint8_t          type;
    uint8_t          extended;
} chunk_t;


/* what is known of a destination, over all of its connections */

typedef struct {
    int              frames;                /* since it was first published */
    int              measured;              /* frames of the measurement */
    int              lost;
    int              connects;
    uint32_t         number;                /* of the last frame */
    double           time;                  /* when it came, s */
    double           gap;                   /* longest between two, s */
} destination_t;


/* anything in epoll begins like this */

typedef struct source_s {
    void           (*handler)(struct source_s *source);
    int              fd;
} source_t;


typedef struct {
    source_t         source;
    SSL_CTX         *ssl;
} listener_t;


/* a connection of the server under test, to a destination */

typedef struct sink_s {
    source_t         source;
    SSL             *ssl;
    int              stage;                 /* 0: C0 and C1, 1: C2, 2: chunks */
    size_t           nhello;
    uint8_t          hello[1 + HELLO];

    uint8_t          rest[CHUNK_HEADER];    /* the beginning of a header */
    size_t           nrest;
    uint32_t         chunk;                 /* size of the peer's chunks */
    uint32_t         left;                  /* of the chunk */
    chunk_t         *stream;                /* that it is of */
    chunk_t          streams[CHUNKS];
    uint8_t          body[BODY];
    size_t           nbody;
    uint8_t          tail[STAMP];           /* the end of what was read */

    uint32_t         window;
    uint64_t         received;
    uint64_t         confirmed;
    int              index;                 /* of the destination, or -1 */
    struct sink_s   *next;
} sink_t;


static int             option_publish, option_listen, option_tls_listen;
static int             option_destinations = 1, option_stall;
static double          option_warm = 3, option_seconds = 10, option_settle = 10;
static const char     *option_media, *option_cert, *option_key;

static int             loop_fd;

static message_t      *messages;
static int             nmessages;
static uint32_t        duration;            /* of the file, ms */

static source_t        publisher;
static uint8_t        *out;                 /* what the server did not take */
static size_t          nout, sizeout;
static uint64_t        sent_bytes;
static uint32_t        sent_frames;

static sink_t         *sinks;
static destination_t  *destinations;
static int             stalled, measuring;

static float          *delays;              /* ms */
static size_t          ndelays, sizedelays;

static uint8_t         room[CHUNK_HEADER + READ];


static uint64_t
clock_ns(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


static double
clock_s(void)
{
    return (double) clock_ns() / 1e9;
}


static uint32_t
get24(const uint8_t *p)
{
    return (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];
}


static uint32_t
get32(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | get24(p + 1);
}


static uint8_t *
put24(uint8_t *p, uint32_t n)
{
    *p++ = (uint8_t) (n >> 16);
    *p++ = (uint8_t) (n >> 8);
    *p++ = (uint8_t) n;

    return p;
}


static uint8_t *
put32(uint8_t *p, uint32_t n)
{
    *p++ = (uint8_t) (n >> 24);

    return put24(p, n);
}


static void
watch(source_t *source, void (*handler)(source_t *source), int fd)
{
    struct epoll_event  ev = { .events = EPOLLIN, .data.ptr = source };

    source->handler = handler;
    source->fd = fd;

    if (epoll_ctl(loop_fd, EPOLL_CTL_ADD, fd, &ev) == -1) {
        die("epoll_ctl: %s", strerror(errno));
    }
}


static void
nonblocking(int fd)
{
    int  one = 1;

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}


/* --- AMF0 and chunks ------------------------------------------------------ */

static uint8_t *
amf_string(uint8_t *p, const char *s)
{
    size_t  len = strlen(s);

    *p++ = 2;
    *p++ = (uint8_t) (len >> 8);
    *p++ = (uint8_t) len;

    return (uint8_t *) memcpy(p, s, len) + len;
}


static uint8_t *
amf_number(uint8_t *p, double number)
{
    uint64_t  bits;

    memcpy(&bits, &number, sizeof(bits));

    *p++ = 0;
    p = put32(p, (uint32_t) (bits >> 32));

    return put32(p, (uint32_t) bits);
}


/* an object of strings: name, value, ..., NULL */

static uint8_t *
amf_object(uint8_t *p, const char *const *members)
{
    size_t  len;

    *p++ = 3;

    for ( /* void */ ; *members; members += 2) {
        len = strlen(members[0]);
        *p++ = (uint8_t) (len >> 8);
        *p++ = (uint8_t) len;
        p = (uint8_t *) memcpy(p, members[0], len) + len;
        p = amf_string(p, members[1]);
    }

    return put24(p, 9);
}


/* RTMP 5.3.1: format 0, and 3 for what follows */

static uint8_t *
chunks(uint8_t *p, int csid, int type, uint32_t stream, uint32_t time,
    const uint8_t *data, size_t len, size_t size)
{
    size_t  n;

    *p++ = (uint8_t) csid;
    p = put24(p, time < 0xffffff ? time : 0xffffff);
    p = put24(p, (uint32_t) len);
    *p++ = (uint8_t) type;
    *p++ = (uint8_t) stream;
    p = put24(p, 0);

    if (time >= 0xffffff) {
        p = put32(p, time);
    }

    for ( ;; ) {
        n = len < size ? len : size;
        p = (uint8_t *) memcpy(p, data, n) + n;
        data += n;
        len -= n;

        if (len == 0) {
            return p;
        }

        *p++ = (uint8_t) (0xc0 | csid);

        if (time >= 0xffffff) {
            p = put32(p, time);
        }
    }
}


/* --- the file ------------------------------------------------------------- */

static void
read_media(void)
{
    FILE       *file;
    long        size;
    uint8_t    *data, *p, *last;
    uint32_t    len, skip;
    message_t  *m;

    static const char  wrap[] = "@setDataFrame";

    file = fopen(option_media, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) != 0
        || (size = ftell(file)) < 13 || fseek(file, 0, SEEK_SET) != 0)
    {
        die("%s: %s", option_media, strerror(errno));
    }

    data = malloc((size_t) size);

    if (data == NULL || fread(data, (size_t) size, 1, file) != 1) {
        die("%s cannot be read", option_media);
    }

    fclose(file);

    p = data + 13;
    last = data + size;

    while (last - p > 11) {
        len = get24(p + 1);

        if ((size_t) (last - p) < 11 + (size_t) len + 4 || len < 2) {
            break;
        }

        if (nmessages % 1024 == 0) {
            messages = realloc(messages,
                               (size_t) (nmessages + 1024) * sizeof(message_t));
        }

        m = &messages[nmessages++];

        m->type = p[0];
        m->time = get24(p + 4) | (uint32_t) p[7] << 24;
        m->data = p + 11;
        m->len = len;

        m->frame = m->type == TYPE_VIDEO && m->data[1] == 1;
        m->head = m->type == TYPE_META
                  || ((m->type == TYPE_VIDEO || m->type == TYPE_AUDIO)
                      && m->data[1] == 0);

        /* an end of sequence is not sent: the stream goes on */

        skip = m->type == TYPE_VIDEO && m->data[1] == 2;

        if (!m->head) {
            duration = m->time + FRAME_STEP;
        }

        /* as it comes from an encoder */

        if (m->type == TYPE_META) {
            m->data = malloc(sizeof(wrap) + 2 + len);
            (void) memcpy(amf_string(m->data, wrap), p + 11, len);
            m->len = (size_t) (amf_string(m->data, wrap) - m->data) + len;
        }

        if (skip) {
            nmessages--;
        }

        p += 11 + len + 4;
    }

    if (duration == 0) {
        die("%s has no media", option_media);
    }
}


/* --- the publisher -------------------------------------------------------- */

static void
send_all(int fd, const uint8_t *p, size_t len)
{
    ssize_t  n;

    for ( /* void */ ; len; p += n, len -= (size_t) n) {
        n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0) {
            die("send: %s", strerror(errno));
        }
    }
}


static void
publish_read(source_t *source)
{
    ssize_t  n;

    n = recv(source->fd, room, sizeof(room), 0);

    if (n == 0 || (n == -1 && errno != EAGAIN)) {
        die("the server has ended the stream");
    }
}


/* everything is said before anything is answered, which is allowed */

static void
publish(void)
{
    int                 fd;
    size_t              n;
    ssize_t             rc;
    uint8_t             body[1024], *p, *w;
    struct sockaddr_in  sin = { .sin_family = AF_INET };

    static const char *const  object[] = {
        "app", "live", "type", "nonprivate", "flashVer", "FMLE/3.0",
        "tcUrl", "rtmp://127.0.0.1/live", NULL
    };

    sin.sin_port = htons((uint16_t) option_publish);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        die("connect: %s", strerror(errno));
    }

    memset(room, 0, 1 + HELLO);
    room[0] = 3;
    send_all(fd, room, 1 + HELLO);

    for (n = 0; n < 1 + 2 * HELLO; n += (size_t) rc) {
        rc = recv(fd, room + n, 1 + 2 * HELLO - n, 0);

        if (rc <= 0) {
            die("no handshake");
        }
    }

    send_all(fd, room + 1, HELLO);

    w = chunks(room, 2, TYPE_CHUNK, 0, 0, body,
               (size_t) (put32(body, CHUNK_OUT) - body), 128);

    p = amf_string(body, "connect");
    p = amf_number(p, 1);
    p = amf_object(p, object);
    w = chunks(w, 3, TYPE_COMMAND, 0, 0, body, (size_t) (p - body), CHUNK_OUT);

    p = amf_string(body, "createStream");
    p = amf_number(p, 2);
    *p++ = 5;
    w = chunks(w, 3, TYPE_COMMAND, 0, 0, body, (size_t) (p - body), CHUNK_OUT);

    p = amf_string(body, "publish");
    p = amf_number(p, 3);
    *p++ = 5;
    p = amf_string(p, "bench");
    p = amf_string(p, "live");
    w = chunks(w, 4, TYPE_COMMAND, 1, 0, body, (size_t) (p - body), CHUNK_OUT);

    send_all(fd, room, (size_t) (w - room));

    static const char  start[] = "NetStream.Publish.Start";

    for (n = 0; memmem(room, n, start, sizeof(start) - 1) == NULL;
         n += (size_t) rc)
    {
        rc = recv(fd, room + n, sizeof(room) - n, 0);

        if (rc <= 0) {
            die("the server does not take the stream");
        }
    }

    nonblocking(fd);
    watch(&publisher, publish_read, fd);
}


static void
publish_message(message_t *m, uint32_t time)
{
    size_t    len;
    uint8_t  *p;
    char      text[STAMP_NUMBER + STAMP_TIME + 1];

    static uint8_t  body[4 * 1024 * 1024];

    len = m->len + (m->frame ? STAMP : 0);

    if (len > sizeof(body)) {
        die("a frame of %zu bytes", len);
    }

    memcpy(body, m->data, m->len);

    if (m->frame) {
        snprintf(text, sizeof(text), "%08x%016llx", ++sent_frames,
                 (unsigned long long) clock_ns());

        p = put32(body + m->len, STAMP - 4);
        *p++ = 12;
        p = (uint8_t *) memcpy(p, text, sizeof(text) - 1) + sizeof(text) - 1;
        *p = 0x80;
    }

    if (sizeout - nout < 2 * len + 1024) {
        sizeout += 2 * len + 1024;
        out = realloc(out, sizeout);
    }

    p = chunks(out + nout, m->type == TYPE_AUDIO ? 5
                           : m->type == TYPE_VIDEO ? 6 : 4,
               m->type, 1, time, body, len, CHUNK_OUT);

    sent_bytes += len;
    nout = (size_t) (p - out);
}


static void
publish_flush(void)
{
    ssize_t  n;

    if (nout == 0) {
        return;
    }

    n = send(publisher.fd, out, nout, MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN) {
            die("the server has ended the stream: %s", strerror(errno));
        }

        n = 0;
    }

    nout -= (size_t) n;
    memmove(out, out + n, nout);

    if (nout > QUEUE) {
        die("the server does not read the stream");
    }
}


/* whatever is due; returns ms until there is more */

static int
publish_due(double start)
{
    double  now, due;

    static int       at = -1;
    static uint32_t  base;

    if (at == -1) {
        for (at = 0; at < nmessages; at++) {
            if (messages[at].head) {
                publish_message(&messages[at], 0);
            }
        }

        at = 0;
    }

    now = (clock_s() - start) * 1000;

    for ( ;; ) {
        due = (double) base + messages[at].time;

        if (due > now) {
            break;
        }

        if (!messages[at].head) {
            publish_message(&messages[at], base + messages[at].time);
        }

        if (++at == nmessages) {
            at = 0;
            base += duration;
        }
    }

    publish_flush();

    return nout ? 1 : (int) (due - now) + 1;
}


/* --- destinations --------------------------------------------------------- */

static void
sink_close(sink_t *sink)
{
    sink_t  **s;

    for (s = &sinks; *s != sink; s = &(*s)->next) { /* void */ }

    *s = sink->next;

    if (sink->ssl) {
        SSL_free(sink->ssl);
    }

    close(sink->source.fd);
    free(sink);
}


/* what a socket with nothing in it does not take is not worth more */

static void
sink_send(sink_t *sink, const uint8_t *p, size_t len)
{
    if (sink->ssl) {
        (void) SSL_write(sink->ssl, p, (int) len);

    } else {
        (void) !send(sink->source.fd, p, len, MSG_NOSIGNAL);
    }
}


static void
sink_stall(sink_t *sink)
{
    int  size = STALL_BUFFER;

    setsockopt(sink->source.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    epoll_ctl(loop_fd, EPOLL_CTL_DEL, sink->source.fd, NULL);
}


static void
sink_result(sink_t *sink, double number, int connect)
{
    uint8_t  body[1024], frame[2048], *p, *w;

    static const char *const  properties[] = { "fmsVer", "FMS/3,0,1,123", NULL };
    static const char *const  success[] = {
        "level", "status", "code", "NetConnection.Connect.Success",
        "description", "Connection succeeded.", NULL
    };

    w = frame;

    if (connect) {
        w = chunks(w, 2, TYPE_WINDOW, 0, 0, body,
                   (size_t) (put32(body, 2500000) - body), 128);

        p = put32(body, 2500000);
        *p++ = 2;
        w = chunks(w, 2, TYPE_PEER, 0, 0, body, (size_t) (p - body), 128);

        w = chunks(w, 2, TYPE_CHUNK, 0, 0, body,
                   (size_t) (put32(body, CHUNK_OUT) - body), 128);
    }

    p = amf_string(body, "_result");
    p = amf_number(p, number);

    if (connect) {
        p = amf_object(p, properties);
        p = amf_object(p, success);

    } else {
        *p++ = 5;
        p = amf_number(p, 1);
    }

    w = chunks(w, 3, TYPE_COMMAND, 0, 0, body, (size_t) (p - body), CHUNK_OUT);

    sink_send(sink, frame, (size_t) (w - frame));
}


static void
sink_publish(sink_t *sink, const uint8_t *name, size_t len)
{
    int      index;
    uint8_t  body[1024], frame[2048], *p, *w;
    char     text[16];

    static const char *const  start[] = {
        "level", "status", "code", "NetStream.Publish.Start",
        "description", "Publishing.", NULL
    };

    if (len < 2 || len >= sizeof(text) || name[0] != 'd') {
        die("a stream has another name than it should");
    }

    memcpy(text, name + 1, len - 1);
    text[len - 1] = '\0';
    index = atoi(text);

    if (index >= option_destinations) {
        die("there is no destination %d", index);
    }

    sink->index = index;
    destinations[index].connects++;

    p = amf_string(body, "onStatus");
    p = amf_number(p, 0);
    *p++ = 5;
    p = amf_object(p, start);
    w = chunks(frame, 5, TYPE_COMMAND, 1, 0, body, (size_t) (p - body),
               CHUNK_OUT);

    sink_send(sink, frame, (size_t) (w - frame));

    if (stalled && index < option_stall) {
        sink_stall(sink);
    }
}


static void
sink_command(sink_t *sink)
{
    size_t          len, n;
    double          number;
    uint64_t        bits;
    const uint8_t  *p, *last, *name;

    p = sink->body;
    last = p + sink->nbody;

    if (last - p < 3 || p[0] != 2) {
        return;
    }

    len = (size_t) p[1] << 8 | p[2];
    name = p + 3;

    if ((size_t) (last - name) < len + 9) {
        return;
    }

    p = name + len;
    bits = (uint64_t) get32(p + 1) << 32 | get32(p + 5);
    memcpy(&number, &bits, sizeof(number));
    p += 9;

#define is(s)  (len == sizeof(s) - 1 && memcmp(name, s, len) == 0)

    if (is("connect")) {
        sink_result(sink, number, 1);

    } else if (is("releaseStream") || is("FCPublish") || is("createStream")) {
        sink_result(sink, number, 0);

    } else if (is("publish") && last - p > 4 && p[0] == 5 && p[1] == 2) {
        n = (size_t) p[2] << 8 | p[3];

        if ((size_t) (last - p) >= 4 + n) {
            sink_publish(sink, p + 4, n);
        }
    }

#undef is
}


static void
sink_frame(sink_t *sink, uint64_t now)
{
    char            text[STAMP_TIME + 1];
    double          time;
    uint32_t        number;
    uint64_t        sent;
    const uint8_t  *p;
    destination_t  *d;

    p = sink->tail;

    if (get32(p) != STAMP - 4 || p[4] != 12 || p[STAMP - 1] != 0x80
        || sink->index == -1)
    {
        return;
    }

    memcpy(text, p + 5, STAMP_NUMBER);
    text[STAMP_NUMBER] = '\0';
    number = (uint32_t) strtoul(text, NULL, 16);

    memcpy(text, p + 5 + STAMP_NUMBER, STAMP_TIME);
    text[STAMP_TIME] = '\0';
    sent = strtoull(text, NULL, 16);

    d = &destinations[sink->index];
    time = (double) now / 1e9;

    if (measuring && sink->index >= option_stall) {
        d->measured++;

        if (number > d->number) {
            d->lost += (int) (number - d->number - 1);
        }

        if (time - d->time > d->gap) {
            d->gap = time - d->time;
        }

        if (ndelays == sizedelays) {
            sizedelays = 2 * sizedelays + 65536;
            delays = realloc(delays, sizedelays * sizeof(float));
        }

        delays[ndelays++] = (float) ((double) (now - sent) / 1e6);
    }

    d->frames++;
    d->number = number;
    d->time = time;
}


static void
sink_message(sink_t *sink, uint64_t now)
{
    switch (sink->stream->type) {

    case TYPE_VIDEO:
        if (sink->stream->len > STAMP) {
            sink_frame(sink, now);
        }

        return;

    case TYPE_COMMAND:
        sink_command(sink);
        return;

    case TYPE_CHUNK:
        if (sink->nbody == 4) {
            sink->chunk = get32(sink->body);
        }

        return;

    case TYPE_WINDOW:
        if (sink->nbody == 4) {
            sink->window = get32(sink->body);
        }
    }
}


/* remembers the last bytes of a message, which may come in pieces */

static void
sink_tail(sink_t *sink, const uint8_t *p, size_t n)
{
    if (n >= STAMP) {
        memcpy(sink->tail, p + n - STAMP, STAMP);
        return;
    }

    memmove(sink->tail, sink->tail + n, STAMP - n);
    memcpy(sink->tail + STAMP - n, p, n);
}


/* the header of a chunk; 0: it is not complete */

static size_t
sink_header(sink_t *sink, const uint8_t *p, size_t len)
{
    int       format, csid;
    size_t    n;
    chunk_t  *stream;

    static const size_t  sizes[] = { 11, 7, 3, 0 };

    format = p[0] >> 6;
    csid = p[0] & 0x3f;
    n = 1 + sizes[format];

    if (csid < 2) {
        die("a chunk stream with a long number");
    }

    if (len < n) {
        return 0;
    }

    stream = &sink->streams[csid];

    if (format < 3) {
        stream->extended = get24(p + 1) == 0xffffff;
    }

    if (format < 2) {
        stream->len = get24(p + 4);
        stream->type = p[7];
    }

    if (stream->extended) {
        n += 4;

        if (len < n) {
            return 0;
        }
    }

    if (stream->left == 0) {
        stream->left = stream->len;
        sink->nbody = 0;
    }

    sink->stream = stream;
    sink->left = stream->left < sink->chunk ? stream->left : sink->chunk;

    return n;
}


static void
sink_chunks(sink_t *sink, const uint8_t *p, const uint8_t *last, uint64_t now)
{
    size_t    n;
    chunk_t  *stream;

    while (p < last) {

        if (sink->left == 0) {
            n = sink_header(sink, p, (size_t) (last - p));

            if (n == 0) {
                sink->nrest = (size_t) (last - p);
                memcpy(sink->rest, p, sink->nrest);
                return;
            }

            p += n;

            if (sink->left) {
                continue;
            }
        }

        stream = sink->stream;

        n = (size_t) (last - p);
        n = n < sink->left ? n : sink->left;

        if (stream->type == TYPE_VIDEO) {
            sink_tail(sink, p, n);

        } else if (stream->type != TYPE_AUDIO && sink->nbody + n <= BODY) {
            memcpy(sink->body + sink->nbody, p, n);
            sink->nbody += n;
        }

        p += n;
        sink->left -= (uint32_t) n;
        stream->left -= (uint32_t) n;

        if (stream->left == 0) {
            sink_message(sink, now);
        }
    }
}


static void
sink_take(sink_t *sink, uint8_t *p, size_t len, uint64_t now)
{
    size_t   n;
    uint8_t  body[4], frame[64], *w, hello[1 + 2 * HELLO];

    sink->received += len;

    while (len && sink->stage < 2) {
        n = (sink->stage == 0 ? 1 : 0) + HELLO - sink->nhello;
        n = n < len ? n : len;

        memcpy(sink->hello + sink->nhello, p, n);
        sink->nhello += n;
        p += n;
        len -= n;

        if (sink->stage == 0 && sink->nhello == 1 + HELLO) {
            memset(hello, 0, 1 + HELLO);
            hello[0] = 3;
            memcpy(hello + 1 + HELLO, sink->hello + 1, HELLO);
            sink_send(sink, hello, sizeof(hello));

            sink->stage = 1;
            sink->nhello = 0;

        } else if (sink->stage == 1 && sink->nhello == HELLO) {
            sink->stage = 2;
        }
    }

    if (len == 0) {
        return;
    }

    n = sink->nrest;
    memcpy(p - n, sink->rest, n);
    sink->nrest = 0;

    sink_chunks(sink, p - n, p + len, now);

    if (sink->window && sink->received - sink->confirmed >= sink->window / 2) {
        sink->confirmed = sink->received;

        (void) put32(body, (uint32_t) sink->received);
        w = chunks(frame, 2, TYPE_ACK, 0, 0, body, 4, 128);
        sink_send(sink, frame, (size_t) (w - frame));
    }
}


static void
sink_read(source_t *source)
{
    int      n, err;
    sink_t  *sink = (sink_t *) source;

    for ( ;; ) {

        /* in front of it is room for the beginning of a header */

        if (sink->ssl) {
            n = SSL_read(sink->ssl, room + CHUNK_HEADER, READ);
            err = n > 0 ? 0 : SSL_get_error(sink->ssl, n);

            if (err == SSL_ERROR_WANT_READ) {
                return;
            }

        } else {
            n = (int) recv(source->fd, room + CHUNK_HEADER, READ, 0);

            if (n == -1 && errno == EAGAIN) {
                return;
            }
        }

        if (n <= 0) {
            ERR_clear_error();
            sink_close(sink);
            return;
        }

        sink_take(sink, room + CHUNK_HEADER, (size_t) n, clock_ns());

        if (sink->ssl == NULL) {
            return;
        }
    }
}


static void
listener_accept(source_t *source)
{
    int          fd;
    sink_t      *sink;
    listener_t  *listener = (listener_t *) source;

    fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd == -1) {
        return;
    }

    nonblocking(fd);

    sink = calloc(1, sizeof(sink_t));

    sink->chunk = 128;
    sink->index = -1;
    sink->next = sinks;
    sinks = sink;

    if (listener->ssl) {
        sink->ssl = SSL_new(listener->ssl);
        SSL_set_fd(sink->ssl, fd);
        SSL_set_accept_state(sink->ssl);
    }

    watch(&sink->source, sink_read, fd);
}


static void
listener_open(listener_t *listener, int port)
{
    int                 fd, one = 1;
    struct sockaddr_in  sin = { .sin_family = AF_INET };

    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 128) == -1)
    {
        die("port %d: %s", port, strerror(errno));
    }

    watch(&listener->source, listener_accept, fd);
}


static SSL_CTX *
listener_tls(void)
{
    SSL_CTX  *ctx;

    ctx = SSL_CTX_new(TLS_server_method());

    if (ctx == NULL
        || SSL_CTX_use_certificate_chain_file(ctx, option_cert) != 1
        || SSL_CTX_use_PrivateKey_file(ctx, option_key, SSL_FILETYPE_PEM) != 1)
    {
        die("the certificate cannot be used");
    }

    /* a system call for a record, not two */
    SSL_CTX_set_read_ahead(ctx, 1);

    return ctx;
}


/* --- the measurement ------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
    float  x = *(const float *) a, y = *(const float *) b;

    return x < y ? -1 : x > y;
}


static double
percentile(double part)
{
    return ndelays ? (double) delays[(size_t) ((double) (ndelays - 1) * part)]
                   : 0;
}


static void
begin(void)
{
    int     i;
    double  now = clock_s();

    for (i = 0; i < option_destinations; i++) {
        destinations[i].measured = 0;
        destinations[i].lost = 0;
        destinations[i].gap = 0;
        destinations[i].connects = 0;

        /* what has stalled before counts from now on */

        if (now - destinations[i].time > 1) {
            destinations[i].time = now;
        }
    }

    ndelays = 0;
    measuring = 1;

    printf("{\"event\":\"begin\"}\n");
    fflush(stdout);
}


static void
end(double seconds, uint32_t frames, uint64_t bytes)
{
    int             i, lost = 0, least = 0, connects = 0;
    double          now = clock_s(), gap = 0;
    destination_t  *d;
    struct rusage   usage;

    measuring = 0;
    qsort(delays, ndelays, sizeof(float), compare);

    for (i = option_stall; i < option_destinations; i++) {
        d = &destinations[i];

        if (now - d->time > d->gap) {
            d->gap = now - d->time;
        }

        gap = d->gap > gap ? d->gap : gap;
        least = i == option_stall || d->measured < least ? d->measured : least;
        lost += d->lost;
        connects += d->connects;
    }

    getrusage(RUSAGE_SELF, &usage);

    printf("{\"event\":\"end\",\"seconds\":%.3f,\"frames\":%u,\"bytes\":%llu,"
           "\"least\":%d,\"lost\":%d,\"connects\":%d,\"gap_ms\":%.1f,"
           "\"median_ms\":%.2f,\"p95_ms\":%.2f,\"max_ms\":%.2f,"
           "\"cpu\":%.2f}\n",
           seconds, frames, (unsigned long long) bytes, least, lost, connects,
           gap * 1000, percentile(0.5), percentile(0.95), percentile(1),
           (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    fflush(stdout);
}


static int
all_there(void)
{
    int  i;

    for (i = 0; i < option_destinations; i++) {
        if (destinations[i].frames == 0) {
            return 0;
        }
    }

    return 1;
}


/* the next step, if it is time for it */

static void
step(double start)
{
    double   now = clock_s();
    sink_t  *sink;

    static double    since, begun;
    static uint32_t  frames;
    static uint64_t  bytes;
    static enum { COMING, WARMING, SETTLING, MEASURING, OVER }  stage;

    switch (stage) {

    case COMING:
        if (all_there()) {
            since = now;
            stage = WARMING;

        } else if (now - start > WAIT) {
            die("not all destinations are reached");
        }

        return;

    case WARMING:
        if (now - since < option_warm) {
            return;
        }

        since = now;
        stage = SETTLING;

        if (option_stall) {
            stalled = 1;

            for (sink = sinks; sink; sink = sink->next) {
                if (sink->index != -1 && sink->index < option_stall) {
                    sink_stall(sink);
                }
            }
        }

        return;

    case SETTLING:
        if (option_stall && now - since < option_settle) {
            return;
        }

        begin();
        begun = clock_s();
        frames = sent_frames;
        bytes = sent_bytes;
        stage = MEASURING;
        return;

    case MEASURING:
        if (now - begun >= option_seconds) {
            end(now - begun, sent_frames - frames, sent_bytes - bytes);
            stage = OVER;
        }

        return;

    case OVER:
        return;
    }
}


static void
options(int argc, char *const argv[])
{
    int  c;

    static const struct option  table[] = {
        { "media", 1, NULL, 'm' }, { "publish", 1, NULL, 'p' },
        { "listen", 1, NULL, 'l' }, { "tls-listen", 1, NULL, 't' },
        { "cert", 1, NULL, 'c' }, { "key", 1, NULL, 'k' },
        { "destinations", 1, NULL, 'n' }, { "warm", 1, NULL, 'w' },
        { "seconds", 1, NULL, 's' }, { "stall", 1, NULL, 'S' },
        { "settle", 1, NULL, 'T' }, { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'm': option_media = optarg; break;
        case 'p': option_publish = atoi(optarg); break;
        case 'l': option_listen = atoi(optarg); break;
        case 't': option_tls_listen = atoi(optarg); break;
        case 'c': option_cert = optarg; break;
        case 'k': option_key = optarg; break;
        case 'n': option_destinations = atoi(optarg); break;
        case 'w': option_warm = atof(optarg); break;
        case 's': option_seconds = atof(optarg); break;
        case 'S': option_stall = atoi(optarg); break;
        case 'T': option_settle = atof(optarg); break;
        default: exit(2);
        }
    }

    if (option_media == NULL || option_publish == 0 || option_listen == 0
        || option_destinations < 0 || option_stall > option_destinations)
    {
        die("--media, --publish and --listen are needed");
    }
}


int
main(int argc, char *const argv[])
{
    int                 i, n, wait;
    double              start;
    source_t           *source;
    struct epoll_event  events[256];

    static listener_t  plain, tls;

    options(argc, argv);
    read_media();

    (void) signal(SIGPIPE, SIG_IGN);

    destinations = calloc((size_t) option_destinations + 1,
                          sizeof(destination_t));
    loop_fd = epoll_create1(EPOLL_CLOEXEC);

    listener_open(&plain, option_listen);

    if (option_tls_listen) {
        tls.ssl = listener_tls();
        listener_open(&tls, option_tls_listen);
    }

    publish();
    start = clock_s();

    for ( ;; ) {
        wait = publish_due(start);
        step(start);

        /* a handler closes its own connection at most */

        n = epoll_wait(loop_fd, events, 256, wait);

        for (i = 0; i < n; i++) {
            source = events[i].data.ptr;
            source->handler(source);
        }
    }
}
