
/*
 * Copyright (C) the ngx_live contributors
 *
 * The table of workers, with processes in their places. What of nginx it needs
 * is stood in for below.
 */

/* sources: modules/common/ngx_live_peers.c modules/common/ngx_live_process.c */


#include "tap.h"
#include "ngx_live_peers.h"

#include <sys/mman.h>
#include <sys/wait.h>


static ngx_uint_t               logged, dropped;
static ngx_atomic_uint_t        dropped_token;

static ngx_log_t                test_log;
static ngx_live_peers_t         peers;
static ngx_live_peers_shared_t *shared;


ngx_pid_t            ngx_pid;
volatile ngx_msec_t  ngx_current_msec = 100000;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    logged++;
}


/* of the only format it is called with */

u_char * ngx_cdecl
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    buf += sprintf((char *) buf, "/proc/%d/stat", (int) va_arg(args, ngx_pid_t))
           + 1;
    va_end(args);

    return buf;
}


static ngx_uint_t
drop(void *data, ngx_atomic_uint_t token)
{
    dropped++;
    dropped_token = token;

    return data == &dropped ? 3 : 0;
}


static void
view(ngx_live_peers_t *p)
{
    ngx_memzero(p, sizeof(ngx_live_peers_t));

    p->shared = shared;
    p->drop = drop;
    p->data = &dropped;
    p->log = &test_log;
    p->name = "test";
}


/* a worker of its own process; returns when it has signed in */

static pid_t
spawn(ngx_uint_t generation, ngx_uint_t number)
{
    int    pipes[2];
    char   c;
    pid_t  pid;

    if (pipe(pipes) == -1 || (pid = fork()) == -1) {
        printf("Bail out! pipe() or fork() failed\n");
        exit(2);
    }

    if (pid == 0) {
        ngx_pid = getpid();

        view(&peers);
        (void) ngx_live_peers_enter(&peers, generation, number);

        close(pipes[0]);
        close(pipes[1]);
        pause();
        _exit(0);
    }

    close(pipes[1]);
    (void) !read(pipes[0], &c, 1);
    close(pipes[0]);

    return pid;
}


static void
end(pid_t pid)
{
    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, NULL, 0);
}


static void
test_life(void)
{
    pid_t                  pid;
    ngx_uint_t             generation, number;
    ngx_atomic_uint_t      token, mine;
    ngx_live_peers_look_t  look;

    tap_is(ngx_live_peers_count(&peers), 0, "an empty table");
    tap_is(ngx_live_peers_enter(&peers, 4, 7), NGX_OK, "a worker signs in");
    tap_ok(peers.token != 0, "  with a token");
    tap_is(ngx_live_peers_count(&peers), 1, "  and is counted");

    mine = peers.token;

    tap_is(ngx_live_peers_find(&peers, mine, &generation, &number), NGX_OK,
           "it is found");
    tap_is(generation, 4, "  with its generation");
    tap_is(number, 7, "  and number");
    tap_ok(ngx_live_peers_generation(shared, 4), "its generation has workers");
    tap_ok(!ngx_live_peers_generation(shared, 5), "another one has none");

    pid = spawn(5, 1);
    token = shared->tokens;

    tap_is(ngx_live_peers_count(&peers), 2, "a second worker");
    tap_ok(token != mine, "  has a token of its own");
    tap_is(ngx_live_peers_find(&peers, token, &generation, &number), NGX_OK,
           "  is found");
    tap_is(generation, 5, "  in its generation");
    tap_ok(ngx_live_peers_generation(shared, 5), "  which has a worker now");

    ngx_live_peers_look(&peers, token, &look);
    tap_is(look.pid, pid, "  is seen as its process");
    tap_ok(look.visible && !look.stalled, "  which is well");

    ngx_current_msec += NGX_LIVE_PEERS_STALLED + 1;
    ngx_live_peers_look(&peers, token, &look);
    tap_ok(look.visible && look.stalled, "  stalled after some time");

    ngx_current_msec += NGX_LIVE_PEERS_HIDDEN;
    ngx_live_peers_look(&peers, token, &look);
    tap_ok(!look.visible, "  hidden after more");

    ngx_live_peers_look(&peers, mine, &look);
    tap_ok(look.visible && !look.stalled, "a worker itself never is");

    ngx_live_peers_beat(&peers);
    tap_is(dropped, 0, "who is silent but alive keeps what it has");
    tap_is(ngx_live_peers_find(&peers, token, &generation, &number), NGX_OK,
           "  and its place");

    end(pid);

    tap_is(ngx_live_peers_find(&peers, token, &generation, &number),
           NGX_DECLINED, "who is dead is not found");
    tap_ok(!ngx_live_peers_generation(shared, 5), "  nor its generation");

    logged = 0;
    ngx_live_peers_beat(&peers);
    tap_is(dropped, 1, "  and what it left is dropped");
    tap_is(dropped_token, token, "  by its token");
    tap_is(logged, 1, "  with a line in the log");
    tap_is(ngx_live_peers_count(&peers), 1, "  and one is left");

    ngx_live_peers_beat(&peers);
    tap_is(dropped, 1, "  once");

    ngx_live_peers_leave(&peers);
    tap_is(dropped_token, mine, "who leaves drops what it has itself");
    tap_is(peers.token, 0, "  and has no token");
    tap_is(ngx_live_peers_count(&peers), 0, "  and no place");

    ngx_live_peers_leave(&peers);
    tap_is(dropped, 2, "  once");

    tap_is(ngx_live_peers_enter(&peers, 4, 7), NGX_OK, "it comes back");
    tap_ok(peers.token > mine, "  with another token");
}


static void
test_tokens(void)
{
    ngx_uint_t              generation, number;
    ngx_live_peers_look_t   look;

    tap_is(ngx_live_peers_find(&peers, 0, &generation, &number), NGX_DECLINED,
           "nobody has the token 0");
    tap_is(ngx_live_peers_find(&peers, (ngx_atomic_uint_t) -1, &generation,
                               &number),
           NGX_DECLINED, "nor the largest one");
    tap_is(ngx_live_peers_find(&peers, 99999, &generation, &number),
           NGX_DECLINED, "nor one that was not given");

    ngx_live_peers_look(&peers, 99999, &look);
    tap_ok(!look.visible, "and there is nothing to be seen of it");
}


/* killed, or stopped for long, between two instructions of signing in */

static void
test_signing(void)
{
    ngx_uint_t  i, n;

    n = ngx_live_peers_count(&peers);

    shared->table[9].token = (ngx_atomic_uint_t) -1;
    shared->table[9].beat = ngx_current_msec;

    ngx_live_peers_beat(&peers);
    tap_ok(shared->table[9].token != 0, "who signs in is left alone");
    tap_is(ngx_live_peers_count(&peers), n, "  but not counted");

    ngx_current_msec += NGX_LIVE_PEERS_STALLED + 1;
    ngx_live_peers_beat(&peers);
    tap_ok(shared->table[9].token == 0, "  for a bounded time");

    for (i = 0; i < NGX_LIVE_PEERS; i++) {
        shared->table[i].token = 0;
    }

    ngx_live_peers_beat(&peers);
    tap_is(ngx_live_peers_count(&peers), 1,
           "who lost its place so signs in again");
}


static void
test_reuse(void)
{
    pid_t       pid;
    ngx_uint_t  i, before;

    pid = spawn(6, 0);

    for (i = 0; i < NGX_LIVE_PEERS; i++) {
        if (shared->table[i].pid == (ngx_atomic_uint_t) pid) {
            shared->table[i].start--;
        }
    }

    before = dropped;

    for (i = 0; i < 100; i++) {
        ngx_live_peers_beat(&peers);
    }

    tap_is(dropped, before + 1,
           "a process of the same pid does not pass for the worker");

    end(pid);
}


static void
test_full(void)
{
    pid_t             pid;
    ngx_live_peers_t  other;

    pid = spawn(8, 0);

    while (ngx_live_peers_count(&peers) < NGX_LIVE_PEERS) {
        view(&other);
        if (ngx_live_peers_enter(&other, 8, 0) != NGX_OK) {
            break;
        }
    }

    tap_is(ngx_live_peers_count(&peers), NGX_LIVE_PEERS, "a full table");

    view(&other);
    logged = 0;
    tap_is(ngx_live_peers_enter(&other, 8, 0), NGX_ERROR,
           "  takes no other worker");
    tap_is(other.token, 0, "  which has no token");
    tap_is(logged, 1, "  and says so");

    ngx_live_peers_beat(&other);
    ngx_live_peers_leave(&other);
    tap_is(ngx_live_peers_count(&peers), NGX_LIVE_PEERS,
           "  and does no harm");

    end(pid);

    other.drop = NULL;
    tap_is(ngx_live_peers_enter(&other, 8, 0), NGX_OK,
           "  until one of them dies");
    ngx_live_peers_leave(&other);
}


int
main(void)
{
    ngx_pid = getpid();
    test_log.log_level = NGX_LOG_NOTICE;

    shared = mmap(NULL, sizeof(ngx_live_peers_shared_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANON, -1, 0);
    if (shared == MAP_FAILED) {
        printf("Bail out! mmap() failed\n");
        return 2;
    }

    setvbuf(stdout, NULL, _IOLBF, 0);

    view(&peers);

    test_life();
    test_tokens();
    test_signing();
    test_reuse();
    test_full();

    return tap_done();
}
