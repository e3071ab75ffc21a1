
/*
 * Copyright (C) the ngx_live contributors
 *
 * Messages between workers, over real sockets in one process. What of nginx
 * they need is stood in for below.
 */

/* sources: modules/common/ngx_live_channel.c */


#include "tap.h"
#include <ngx_event.h>
#include "ngx_live_channel.h"

#include <fcntl.h>


#define WORKERS  2


/* the generation that has live workers */

#define ALL   ((ngx_uint_t) -1)

static ngx_uint_t           live;

static ngx_uint_t           messages, logged;
static size_t               last_len;
static u_char               last_byte;
static ngx_socket_t         last_fd;
static void                *last_data;

static ngx_log_t            test_log;
static ngx_cycle_t          cycle;
static ngx_core_conf_t      core;
static ngx_connection_t     connection;
static ngx_event_t          events[2];
static ngx_live_channel_t   ch;


volatile ngx_cycle_t       *ngx_cycle = &cycle;
ngx_module_t                ngx_core_module;
ngx_uint_t                  ngx_event_flags;
ngx_event_actions_t         ngx_event_actions;
ngx_queue_t                 ngx_posted_next_events;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    logged++;
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return malloc(size);
}


ngx_connection_t *
ngx_get_connection(ngx_socket_t s, ngx_log_t *log)
{
    connection.fd = s;
    connection.log = log;
    connection.read = &events[0];
    connection.write = &events[1];
    events[0].data = &connection;

    return &connection;
}


void
ngx_free_connection(ngx_connection_t *c)
{
}


ngx_uint_t
ngx_live_peers_generation(ngx_live_peers_shared_t *shared,
    ngx_uint_t generation)
{
    return live == ALL || live == generation;
}


static ngx_int_t
add_event(ngx_event_t *ev, ngx_int_t event, ngx_uint_t flags)
{
    return NGX_OK;
}


static void
handler(void *data, u_char *msg, size_t len, ngx_socket_t fd)
{
    messages++;
    last_data = data;
    last_len = len;
    last_byte = len ? msg[len - 1] : 0;
    last_fd = fd;
}


static void
read_all(void)
{
    ngx_queue_t  *q;

    messages = 0;
    last_fd = -1;

    events[0].handler(&events[0]);

    while (!ngx_queue_empty(&ngx_posted_next_events)) {
        q = ngx_queue_head(&ngx_posted_next_events);
        ngx_queue_remove(q);
        events[0].posted = 0;
        events[0].handler(&events[0]);
    }
}


static ngx_int_t
send_bytes(ngx_uint_t generation, ngx_uint_t number, const char *msg,
    size_t len, ngx_socket_t fd)
{
    struct iovec  iov[2];

    /* in two parts */

    iov[0].iov_base = (void *) msg;
    iov[0].iov_len = len / 2;
    iov[1].iov_base = (void *) (msg + len / 2);
    iov[1].iov_len = len - len / 2;

    return ngx_live_channel_send(&ch, generation, number, iov, 2, fd);
}


static int
lowest_fd(void)
{
    int  fd;

    fd = open("/dev/null", O_RDONLY);
    close(fd);

    return fd;
}


/* as no worker of ours would: n descriptors */

static void
send_raw(size_t len, ngx_uint_t n)
{
    int              i, fds[8];
    char             buf[NGX_LIVE_CHANNEL_MAX + 8];
    struct iovec     iov;
    struct msghdr    msg;
    struct cmsghdr  *cm;
    union {
        struct cmsghdr  cm;
        char            space[CMSG_SPACE(sizeof(fds))];
    } control;

    ngx_memzero(buf, sizeof(buf));
    ngx_memzero(&msg, sizeof(struct msghdr));
    ngx_memzero(&control, sizeof(control));

    iov.iov_base = buf;
    iov.iov_len = len;
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;

    if (n) {
        for (i = 0; i < (int) n; i++) {
            fds[i] = 1;
        }

        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(n * sizeof(int));

        cm = CMSG_FIRSTHDR(&msg);
        cm->cmsg_len = CMSG_LEN(n * sizeof(int));
        cm->cmsg_level = SOL_SOCKET;
        cm->cmsg_type = SCM_RIGHTS;
        ngx_memcpy(CMSG_DATA(cm), fds, n * sizeof(int));
    }

    if (sendmsg(ch.generations[0].fds[1], &msg, 0) == -1) {
        printf("Bail out! sendmsg() failed\n");
        exit(2);
    }
}


static void
test_messages(void)
{
    char  big[NGX_LIVE_CHANNEL_MAX + 1];

    ngx_memset(big, 'x', sizeof(big));
    big[NGX_LIVE_CHANNEL_MAX - 1] = 'y';

    tap_is(send_bytes(1, 0, "hello", 5, -1), NGX_OK, "a message");
    read_all();
    tap_is(messages, 1, "  arrives once");
    tap_is(last_len, 5, "  with its length");
    tap_is(last_byte, 'o', "  with its bytes");
    tap_is(last_fd, -1, "  without a descriptor");
    tap_ok(last_data == &core, "  with the handler's data");

    tap_is(send_bytes(1, 0, "", 0, -1), NGX_OK, "an empty one");
    read_all();
    tap_is(messages, 1, "  arrives");
    tap_is(last_len, 0, "  empty");

    tap_is(send_bytes(1, 0, big, NGX_LIVE_CHANNEL_MAX, -1), NGX_OK,
           "the largest one");
    read_all();
    tap_is(last_len, NGX_LIVE_CHANNEL_MAX, "  arrives whole");
    tap_is(last_byte, 'y', "  to its last byte");

    tap_is(send_bytes(1, 0, big, sizeof(big), -1), NGX_ERROR, "a larger one");
    read_all();
    tap_is(messages, 0, "  is not sent");

    tap_is(send_bytes(1, 1, "hello", 5, -1), NGX_OK, "to another worker");
    read_all();
    tap_is(messages, 0, "  does not come here");

    tap_is(send_bytes(1, WORKERS, "hello", 5, -1), NGX_DECLINED,
           "no such worker");
    tap_is(send_bytes(7, 0, "hello", 5, -1), NGX_DECLINED,
           "no such generation");
    tap_is(send_bytes(0, 0, "hello", 5, -1), NGX_DECLINED,
           "nor the generation of unused places");
}


static void
test_queue(void)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    for (n = 0; n < 1000000; n++) {
        rc = send_bytes(1, 0, "hello", 5, -1);

        if (rc != NGX_OK) {
            break;
        }
    }

    tap_is(rc, NGX_AGAIN, "a queue that nobody reads fills up");
    tap_ok(n > 64, "  not at once");

    messages = 0;
    events[0].handler(&events[0]);

    tap_is(messages, 64, "a bounded number is read in a turn");
    tap_ok(!ngx_queue_empty(&ngx_posted_next_events),
           "  and the rest in the next ones");

    ngx_queue_init(&ngx_posted_next_events);
    events[0].posted = 0;

    read_all();
    tap_is(messages, n - 64, "  all of it");
    tap_is(send_bytes(1, 0, "hello", 5, -1), NGX_OK, "then there is room");

    read_all();
}


static void
test_descriptors(void)
{
    int          free;
    char         c;
    ngx_fd_t     pipes[2];
    ngx_uint_t   n;

    if (pipe(pipes) == -1) {
        printf("Bail out! pipe() failed\n");
        exit(2);
    }

    free = lowest_fd();

    tap_is(send_bytes(1, 0, "hello", 5, pipes[1]), NGX_OK, "a descriptor");
    read_all();
    tap_is(messages, 1, "  arrives with its message");
    tap_is(last_len, 5, "  of the right length");
    tap_is(last_fd, free, "  as a new one");
    tap_is(fcntl(last_fd, F_GETFD), FD_CLOEXEC, "  that programs do not get");
    tap_ok(fcntl(pipes[1], F_GETFD) != -1, "  the sender keeps his");
    tap_ok(write(last_fd, "z", 1) == 1 && read(pipes[0], &c, 1) == 1
           && c == 'z', "  and it works");

    close(last_fd);

    /* two fit into the padding, and the kernel leaves out the third */

    for (n = 2; n < 5; n++) {
        logged = 0;
        send_raw(5, n);
        read_all();
        tap_is(messages, 0, "a message with several of them is dropped");
        tap_is(logged, 1, "  and logged");
        tap_is(lowest_fd(), free, "  and they are closed");
    }

    send_raw(NGX_LIVE_CHANNEL_MAX + 1, 1);
    read_all();
    tap_is(messages, 0, "so is one that is too large");
    tap_is(lowest_fd(), free, "  with its descriptor");

    close(pipes[0]);
    close(pipes[1]);
}


static void
test_generations(void)
{
    int         before;
    ngx_uint_t  n;

    before = lowest_fd();

    tap_is(ngx_live_channel_generation(&ch), 1, "the first generation");

    live = 1;

    ngx_live_channel_prepare(&ch, &cycle, NULL, "test");

    tap_is(ngx_live_channel_generation(&ch), 2, "then the second");
    tap_is(send_bytes(1, 0, "hello", 5, -1), NGX_OK, "the first is reached");
    tap_is(send_bytes(2, 0, "hello", 5, -1), NGX_OK, "and so is the second");

    live = 0;

    ngx_live_channel_prepare(&ch, &cycle, NULL, "test");

    tap_is(send_bytes(1, 0, "hello", 5, -1), NGX_DECLINED,
           "a generation without workers is closed");
    tap_is(send_bytes(2, 0, "hello", 5, -1), NGX_OK,
           "but not the newest, whose workers may not have signed in");

    for (n = 0; n < 100; n++) {
        ngx_live_channel_prepare(&ch, &cycle, NULL, "test");
    }

    tap_ok(lowest_fd() <= before + 4 * WORKERS, "many of them cost nothing");

    /* two are open, and the one too many is logged */

    live = ALL;
    logged = 0;

    for (n = 0; n < 100 && logged == 0; n++) {
        ngx_live_channel_prepare(&ch, &cycle, NULL, "test");
    }

    tap_is(n, NGX_LIVE_CHANNEL_GENERATIONS - 1,
           "without an end of the older ones they are bounded");
    tap_is(send_bytes(ch.generation, 0, "hello", 5, -1), NGX_DECLINED,
           "who has no pair gets nothing");
    tap_is(ngx_live_channel_listen(&ch, &cycle, 0, handler, NULL),
           NGX_DECLINED, "and listens to nothing");
}


int
main(void)
{
    void  *conf[1];

    ngx_queue_init(&ngx_posted_next_events);
    ngx_event_actions.add = add_event;

    core.worker_processes = WORKERS;
    conf[0] = &core;

    test_log.log_level = NGX_LOG_WARN;
    cycle.conf_ctx = (void ****) conf;
    cycle.log = &test_log;

    tap_is(ngx_live_channel_listen(&ch, &cycle, 0, handler, NULL),
           NGX_DECLINED, "nothing is there before it was prepared");

    ngx_live_channel_prepare(&ch, &cycle, NULL, "test");

    tap_is(ngx_live_channel_listen(&ch, &cycle, 0, handler, &core), NGX_OK,
           "a worker listens");

    test_messages();
    test_queue();
    test_descriptors();
    test_generations();

    return tap_done();
}
