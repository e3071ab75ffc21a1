
/*
 * Copyright (C) the ngx_live contributors
 *
 * The viewers of "scripts/bench hls": many HTTP/1.1 connections to one server,
 * each of which is kept and has one request at a time.
 *
 *     bench-hls --port PORT --connections N --path PATH [--seconds S]
 *         [--every MS | --blocking DIRECTORY] [--gzip]
 *
 * Alone, a connection asks for the path again as soon as it is answered. With
 * --every, all of them do so at once, every so many milliseconds. With
 * --blocking, the path is a media playlist, and each answer is followed by a
 * blocking reload for the part after the last one that it lists; when a part
 * came is seen in the directory of the segments.
 *
 * It connects, asks once on each connection, writes a line of JSON and waits
 * for SIGUSR1. So many seconds later it asks no more, writes another line, and
 * keeps its connections until it is killed.
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define HEAD         4096                   /* bytes of an answer's header */
#define ROOM         65536                  /* bytes read at a time */
#define TAIL         512                    /* of a body, where the hint is */
#define PATH         1024
#define EVENTS       256
#define CONNECTING   256                    /* at a time; less than a backlog */
#define PER_ADDRESS  20000                  /* connections, of the 28,000 ports
                                               that an address has */
#define WAIT         60                     /* s, for the first answers */

/* parts whose coming is known */
#define SEGMENTS     1024
#define PARTS        256

#define die(...)  do { fprintf(stderr, "bench-hls: " __VA_ARGS__);            \
                       fputc('\n', stderr); exit(1); } while (0)


/* the first byte of an answer */

typedef struct {
    double           time;
    double           asked;
    uint32_t         segment;               /* that was asked for, in `came` */
    uint32_t         part;
} sample_t;


typedef struct {
    int              fd;
    uint8_t          connected;
    uint8_t          busy;                  /* has asked */
    uint8_t          headed;                /* the header was read */
    uint8_t          counted;               /* was answered since the start */
    uint64_t         left;                  /* of the body, bytes */
    double           asked;                 /* when, s */
    uint64_t         msn;                   /* what it asks for */
    uint32_t         part;
    uint32_t         nheld;
    char            *held;                  /* a part of a header, or the last
                                               bytes of a body */
} viewer_t;


static int             option_port, option_connections = 1, option_gzip;
static double          option_seconds = 5, option_every;
static const char     *option_path, *option_blocking;

static int             loop_fd;
static viewer_t       *viewers;
static int             nconnecting, nready;

static char            request[PATH + 256];
static int             nrequest;

static volatile sig_atomic_t  started;
static int             measuring;

static uint64_t        answers, received, blocked, unseen, skipped;
static sample_t       *samples;
static size_t          nsamples, sizesamples;
static float          *delays;              /* ms */
static size_t          ndelays;

/* when a part came, ns; written by the thread that watches */
static _Atomic uint64_t  came[SEGMENTS][PARTS];
static atomic_int        watching;              /* a segment has begun */

static char            room[ROOM];


static void  ask(viewer_t *v);


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


/* --- parts as they are written -------------------------------------------- */

/* each of them is one write to the file of its segment, {epoch}-{msn}.m4s */

static void *
watch(void *data)
{
    int                          fd;
    char                        *p, *msn, *end;
    ssize_t                      n;
    uint64_t                     now, number, current;
    unsigned                     i, part;
    const struct inotify_event  *event;

    _Alignas(struct inotify_event) static char  events[65536];

    fd = *(int *) data;
    current = UINT64_MAX;
    part = 0;

    for ( ;; ) {
        n = read(fd, events, sizeof(events));
        now = clock_ns();

        if (n <= 0) {
            die("inotify: %s", strerror(errno));
        }

        for (p = events; p < events + n; p += sizeof(*event) + event->len) {
            event = (const struct inotify_event *) (void *) p;

            if (event->len == 0) {
                continue;
            }

            msn = strchr(event->name, '-');

            if (msn == NULL) {
                continue;
            }

            number = strtoull(msn + 1, &end, 10);

            if (strcmp(end, ".m4s") != 0) {
                continue;
            }

            if (event->mask & IN_CREATE) {
                current = number;
                part = 0;

                for (i = 0; i < PARTS; i++) {
                    atomic_store(&came[number % SEGMENTS][i], 0);
                }

                atomic_store(&watching, 1);
                continue;
            }

            /* not of a segment whose first parts were missed */

            if (number == current && part < PARTS) {
                atomic_store(&came[number % SEGMENTS][part++], now);
            }
        }
    }

    return NULL;
}


static void
watch_start(void)
{
    static int        fd;
    static pthread_t  thread;

    fd = inotify_init1(IN_CLOEXEC);

    if (fd == -1
        || inotify_add_watch(fd, option_blocking, IN_CREATE|IN_MODIFY) == -1)
    {
        die("%s: %s", option_blocking, strerror(errno));
    }

    if (pthread_create(&thread, NULL, watch, &fd) != 0) {
        die("no thread");
    }
}


/* --- answers -------------------------------------------------------------- */

static void
answered(viewer_t *v, double now)
{
    sample_t  *sample;

    if (option_blocking && !v->counted) {
        /* it asked for what may have come long ago */
        v->counted = 1;
        return;
    }

    if (nsamples == sizesamples) {
        sizesamples = sizesamples ? 2 * sizesamples : 65536;
        samples = realloc(samples, sizesamples * sizeof(sample_t));

        if (samples == NULL) {
            die("no memory");
        }
    }

    sample = &samples[nsamples++];

    sample->time = now;
    sample->asked = v->asked;
    sample->segment = (uint32_t) (v->msn % SEGMENTS);
    sample->part = v->part < PARTS ? v->part : PARTS - 1;
}


/* the last hint names the part that comes next */

static void
next_part(viewer_t *v, const char *text, size_t len)
{
    char        *end;
    uint32_t     part;
    uint64_t     msn;
    const char  *p, *found;

    static const char  hint[] = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"";

    found = memmem(text, len, hint, sizeof(hint) - 1);
    p = found ? memchr(found + sizeof(hint) - 1, '-',
                       (size_t) (text + len - found) - (sizeof(hint) - 1))
              : NULL;

    if (p == NULL) {
        die("a playlist has no hint");
    }

    msn = strtoull(p + 1, &end, 10);
    part = *end == '.' ? (uint32_t) strtoul(end + 1, NULL, 10) : 0;

    if (measuring && v->counted
        && (msn < v->msn || (msn == v->msn && part <= v->part)))
    {
        die("asked for part %llu.%u, and was told that %llu.%u is next",
            (unsigned long long) v->msn, v->part, (unsigned long long) msn,
            part);
    }

    v->msn = msn;
    v->part = part;
}


static void
finished(viewer_t *v)
{
    v->busy = 0;
    v->headed = 0;
    v->nheld = 0;

    if (!measuring) {
        nready++;
        return;
    }

    answers++;

    if (option_every == 0) {
        ask(v);
    }
}


/* keeps the last bytes of a body that comes in pieces, and of a header all */

static void
hold(viewer_t *v, const char *data, size_t len, size_t max)
{
    size_t  drop;

    if (v->held == NULL) {
        v->held = malloc(HEAD);

        if (v->held == NULL) {
            die("no memory");
        }
    }

    if (len > max) {
        data += len - max;
        len = max;
    }

    if (v->nheld + len > max) {
        drop = v->nheld + len - max;
        memmove(v->held, v->held + drop, v->nheld - drop);
        v->nheld -= (uint32_t) drop;
    }

    memcpy(v->held + v->nheld, data, len);
    v->nheld += (uint32_t) len;
}


/* bytes of a body; nonzero: that was all */

static int
body(viewer_t *v, const char *data, size_t len)
{
    if (len > v->left) {
        die("an answer is longer than it says");
    }

    v->left -= len;

    if (!option_blocking) {
        return v->left == 0;
    }

    if (v->left || v->nheld) {
        hold(v, data, len, TAIL);
    }

    if (v->left) {
        return 0;
    }

    if (v->nheld) {
        next_part(v, v->held, v->nheld);

    } else if (len > TAIL) {
        next_part(v, data + len - TAIL, TAIL);

    } else {
        next_part(v, data, len);
    }

    return 1;
}


/* the header, of which `text` ends with a NUL; returns its length, 0: more */

static size_t
header(viewer_t *v, const char *text)
{
    const char  *end, *length;

    end = strstr(text, "\r\n\r\n");

    if (end == NULL) {
        return 0;
    }

    if (strncmp(text, "HTTP/1.1 200 ", 13) != 0) {
        die("%s is answered %.40s", option_path, text);
    }

    length = strcasestr(text, "\r\nContent-Length:");

    if (length == NULL || length > end) {
        die("an answer does not tell its length");
    }

    v->left = strtoull(length + sizeof("\r\nContent-Length:") - 1, NULL, 10);
    v->headed = 1;

    return (size_t) (end - text) + 4;
}


static void
viewer_read(viewer_t *v, double now)
{
    size_t   size, len;
    ssize_t  n;

    for ( ;; ) {

        if (v->headed && !option_blocking) {

            /* bodies are not looked at: TCP throws them away */

            n = recv(v->fd, NULL, v->left, MSG_TRUNC);

        } else {
            size = option_blocking ? ROOM - 1 : HEAD - 1;
            n = recv(v->fd, room, size, 0);
        }

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            die("a connection was closed: %s", n ? strerror(errno) : "EOF");
        }

        if (!v->busy) {
            die("an answer that nobody asked for");
        }

        received += (uint64_t) n;

        if (v->headed) {
            if (body(v, room, (size_t) n)) {
                finished(v);
                return;
            }

            continue;
        }

        if (measuring && v->nheld == 0) {
            answered(v, now);
        }

        room[n] = '\0';

        if (v->nheld) {
            if (v->nheld + (size_t) n >= HEAD) {
                die("a long header");
            }

            hold(v, room, (size_t) n + 1, HEAD);
            v->nheld--;

            /* what follows the header is still in the room */

            len = header(v, v->held);

            if (len == 0) {
                continue;
            }

            len -= v->nheld - (size_t) n;

        } else {
            len = header(v, room);

            if (len == 0) {
                hold(v, room, (size_t) n, HEAD - 1);
                continue;
            }
        }

        v->nheld = 0;

        if (body(v, room + len, (size_t) n - len)) {
            finished(v);
            return;
        }
    }
}


/* --- requests ------------------------------------------------------------- */

static void
ask(viewer_t *v)
{
    int    len;
    char   text[PATH + 256], *p;

    p = request;
    len = nrequest;

    if (option_blocking && measuring) {
        p = text;
        len = snprintf(text, sizeof(text),
                       "GET %s?_HLS_msn=%llu&_HLS_part=%u HTTP/1.1\r\n"
                       "Host: bench\r\n\r\n", option_path,
                       (unsigned long long) v->msn, v->part);
    }

    v->asked = clock_s();
    v->busy = 1;

    if (send(v->fd, p, (size_t) len, MSG_NOSIGNAL) != len) {
        die("send: %s", strerror(errno));
    }
}


static void
viewer_connect(viewer_t *v, int i)
{
    int                 one = 1;
    struct sockaddr_in  sin = { .sin_family = AF_INET };
    struct epoll_event  ev = { .events = EPOLLIN|EPOLLOUT, .data.ptr = v };

    v->fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);

    if (v->fd == -1) {
        die("socket: %s", strerror(errno));
    }

    setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    /* gone at once when it is closed, so that no ports run short */

    setsockopt(v->fd, SOL_SOCKET, SO_LINGER,
               &(struct linger) { .l_onoff = 1 }, sizeof(struct linger));
    setsockopt(v->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK
                                + (uint32_t) (i / PER_ADDRESS));

    if (bind(v->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        die("bind: %s", strerror(errno));
    }

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons((uint16_t) option_port);

    if (connect(v->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        && errno != EINPROGRESS)
    {
        die("connect: %s", strerror(errno));
    }

    if (epoll_ctl(loop_fd, EPOLL_CTL_ADD, v->fd, &ev) == -1) {
        die("epoll_ctl: %s", strerror(errno));
    }

    nconnecting++;
}


static void
viewer_connected(viewer_t *v)
{
    int                 error = 0;
    socklen_t           len = sizeof(error);
    struct epoll_event  ev = { .events = EPOLLIN, .data.ptr = v };

    if (getsockopt(v->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error) {
        die("connect: %s", strerror(error));
    }

    epoll_ctl(loop_fd, EPOLL_CTL_MOD, v->fd, &ev);

    v->connected = 1;
    nconnecting--;

    ask(v);
}


/* --- the run -------------------------------------------------------------- */

static void
turn(int wait)
{
    int        i, n;
    double     now;
    viewer_t  *v;

    struct epoll_event  events[EVENTS];

    n = epoll_wait(loop_fd, events, EVENTS, wait);
    now = clock_s();

    for (i = 0; i < n; i++) {
        v = events[i].data.ptr;

        if (!v->connected) {
            viewer_connected(v);

        } else {
            viewer_read(v, now);
        }
    }
}


static void
start(int signo)
{
    (void) signo;
    started = 1;
}


/*
 * How long after an answer could be sent it came: after it was asked for or, if
 * that was later, after the part was there, which somebody may have been told
 * before the thread that watches had its turn.
 */

static void
measure(void)
{
    size_t     i;
    double     since;
    uint64_t   ns;
    sample_t  *sample;

    static double  first[SEGMENTS][PARTS];

    delays = malloc((nsamples + 1) * sizeof(float));

    if (delays == NULL) {
        die("no memory");
    }

    for (i = 0; i < nsamples && option_blocking; i++) {
        sample = &samples[i];

        if (first[sample->segment][sample->part] == 0) {
            first[sample->segment][sample->part] = sample->time;
        }
    }

    for (i = 0; i < nsamples; i++) {
        sample = &samples[i];
        since = sample->asked;

        if (option_blocking) {
            ns = atomic_load(&came[sample->segment][sample->part]);

            if (ns == 0) {
                unseen++;
                continue;
            }

            if ((double) ns / 1e9 > since) {
                blocked++;

                since = (double) ns / 1e9 < first[sample->segment][sample->part]
                        ? (double) ns / 1e9
                        : first[sample->segment][sample->part];
            }
        }

        delays[ndelays++] = (float) ((sample->time - since) * 1000);
    }
}


static int
compare(const void *one, const void *two)
{
    float  a = *(const float *) one, b = *(const float *) two;

    return a < b ? -1 : a > b;
}


static double
percentile(double part)
{
    size_t  n;

    if (ndelays == 0) {
        return 0;
    }

    n = (size_t) ((double) ndelays * part);

    return (double) delays[n < ndelays ? n : ndelays - 1];
}


static void
prepare(void)
{
    int     i;
    double  begin;

    for (i = 0, begin = clock_s();
         nready < option_connections
         || (option_blocking && !atomic_load(&watching));
         /* void */)
    {
        while (i < option_connections && nconnecting < CONNECTING) {
            viewer_connect(&viewers[i], i);
            i++;
        }

        turn(100);

        if (clock_s() - begin > WAIT) {
            die("%d of %d connections were answered", nready,
                option_connections);
        }
    }
}


static void
run(void)
{
    int            i, wait;
    double         begin, end, now, next;
    struct rusage  usage;

    for (begin = clock_s(); !started; turn(50)) {
        if (clock_s() - begin > WAIT) {
            die("SIGUSR1 does not come");
        }
    }

    measuring = 1;
    answers = received = 0;

    begin = clock_s();
    end = begin + option_seconds;
    next = begin;

    if (option_every == 0) {
        for (i = 0; i < option_connections; i++) {
            ask(&viewers[i]);
        }
    }

    for (now = begin; now < end; now = clock_s()) {

        if (option_every && now >= next) {

            for (i = 0; i < option_connections; i++) {
                if (viewers[i].busy) {
                    skipped++;
                } else {
                    ask(&viewers[i]);
                }
            }

            next += option_every / 1000;
        }

        wait = (int) (((option_every && next < end ? next : end) - clock_s())
                      * 1000);
        turn(wait > 0 ? wait : 0);
    }

    end = clock_s();

    getrusage(RUSAGE_SELF, &usage);
    measure();
    qsort(delays, ndelays, sizeof(float), compare);

    printf("{\"event\":\"end\",\"seconds\":%.6f,\"answers\":%llu,"
           "\"bytes\":%llu,\"measured\":%zu,\"blocked\":%llu,\"unseen\":%llu,"
           "\"skipped\":%llu,\"median_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"max_ms\":%.3f,\"cpu\":%.3f}\n",
           end - begin, (unsigned long long) answers,
           (unsigned long long) received, ndelays,
           (unsigned long long) blocked, (unsigned long long) unseen,
           (unsigned long long) skipped, percentile(0.5), percentile(0.99),
           percentile(1),
           (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    fflush(stdout);
}


static void
options(int argc, char *const argv[])
{
    int  c;

    static const struct option  table[] = {
        { "port", 1, NULL, 'p' }, { "connections", 1, NULL, 'n' },
        { "path", 1, NULL, 'P' }, { "seconds", 1, NULL, 's' },
        { "every", 1, NULL, 'e' }, { "blocking", 1, NULL, 'b' },
        { "gzip", 0, NULL, 'g' }, { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'p': option_port = atoi(optarg); break;
        case 'n': option_connections = atoi(optarg); break;
        case 'P': option_path = optarg; break;
        case 's': option_seconds = atof(optarg); break;
        case 'e': option_every = atof(optarg); break;
        case 'b': option_blocking = optarg; break;
        case 'g': option_gzip = 1; break;
        default: exit(2);
        }
    }

    if (option_port <= 0 || option_connections <= 0 || option_path == NULL
        || strlen(option_path) > PATH || (option_gzip && option_blocking))
    {
        die("--port, --connections and --path are needed");
    }
}


static void
limits(void)
{
    struct rlimit  limit;

    getrlimit(RLIMIT_NOFILE, &limit);

    limit.rlim_cur = (rlim_t) option_connections + 64;

    if (limit.rlim_max < limit.rlim_cur) {
        limit.rlim_max = limit.rlim_cur;
    }

    if (setrlimit(RLIMIT_NOFILE, &limit) == -1) {
        die("no %d files: %s", option_connections, strerror(errno));
    }
}


int
main(int argc, char *const argv[])
{
    options(argc, argv);
    limits();

    (void) signal(SIGPIPE, SIG_IGN);
    (void) signal(SIGUSR1, start);

    nrequest = snprintf(request, sizeof(request),
                        "GET %s HTTP/1.1\r\nHost: bench\r\n%s\r\n", option_path,
                        option_gzip ? "Accept-Encoding: gzip\r\n" : "");

    viewers = calloc((size_t) option_connections, sizeof(viewer_t));
    loop_fd = epoll_create1(EPOLL_CLOEXEC);

    if (viewers == NULL || loop_fd == -1) {
        die("no memory");
    }

    if (option_blocking) {
        watch_start();
    }

    prepare();

    printf("{\"event\":\"ready\"}\n");
    fflush(stdout);

    run();

    for ( ;; ) {
        pause();
    }
}
