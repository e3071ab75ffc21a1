
/*
 * Copyright (C) the ngx_live contributors
 */


#include "loop.h"
#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>


#define LOOP_EVENTS      64

/* timers between two looks at the sockets */

#define LOOP_TIMERS_MAX  10000


static int             loop_fd = -1;
static int             loop_stopped;
static uint64_t        loop_time;

static loop_timer_t  **loop_heap;         /* from 1 */
static size_t          loop_heap_n;
static size_t          loop_heap_size;


uint64_t
loop_clock(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


uint64_t
loop_now(void)
{
    return loop_time;
}


void
loop_init(void)
{
    loop_fd = epoll_create1(EPOLL_CLOEXEC);

    if (loop_fd == -1) {
        perror("epoll_create1");
        exit(2);
    }

    loop_time = loop_clock();
}


void
loop_stop(void)
{
    loop_stopped = 1;
}


/* --- timers -------------------------------------------------------------- */

static void
loop_heap_put(size_t place, loop_timer_t *timer)
{
    loop_heap[place] = timer;
    timer->place = place;
}


static void
loop_heap_up(size_t i, loop_timer_t *timer)
{
    for ( ; i > 1 && loop_heap[i / 2]->due > timer->due; i /= 2) {
        loop_heap_put(i, loop_heap[i / 2]);
    }

    loop_heap_put(i, timer);
}


static void
loop_heap_down(size_t i, loop_timer_t *timer)
{
    size_t  child;

    for ( ;; ) {

        child = i * 2;

        if (child < loop_heap_n
            && loop_heap[child + 1]->due < loop_heap[child]->due)
        {
            child++;
        }

        if (child > loop_heap_n || loop_heap[child]->due >= timer->due) {
            break;
        }

        loop_heap_put(i, loop_heap[child]);
        i = child;
    }

    loop_heap_put(i, timer);
}


void
loop_timer_stop(loop_timer_t *timer)
{
    size_t         i;
    loop_timer_t  *last;

    i = timer->place;

    if (i == 0) {
        return;
    }

    timer->place = 0;
    last = loop_heap[loop_heap_n--];

    if (last == timer) {
        return;
    }

    if (i > 1 && loop_heap[i / 2]->due > last->due) {
        loop_heap_up(i, last);

    } else {
        loop_heap_down(i, last);
    }
}


void
loop_timer_set(loop_timer_t *timer, uint64_t due)
{
    loop_timer_stop(timer);

    if (loop_heap_n + 2 > loop_heap_size) {
        loop_heap_size = loop_heap_size ? loop_heap_size * 2 : 64;
        loop_heap = memory_resize(loop_heap,
                                  loop_heap_size * sizeof(loop_timer_t *));
    }

    timer->due = due;
    loop_heap_up(++loop_heap_n, timer);
}


static int
loop_timeout(void)
{
    uint64_t  now, due;

    if (loop_heap_n == 0) {
        return -1;
    }

    now = loop_clock();
    due = loop_heap[1]->due;

    return due <= now ? 0 : (int) ((due - now + 999) / 1000);
}


static void
loop_run_timers(void)
{
    int            n;
    loop_timer_t  *timer;

    for (n = 0; n < LOOP_TIMERS_MAX && loop_heap_n; n++) {

        timer = loop_heap[1];

        if (timer->due > loop_time) {
            return;
        }

        loop_timer_stop(timer);
        timer->handler(timer->data);
    }
}


/* --- descriptors --------------------------------------------------------- */

static void
loop_io_ctl(loop_io_t *io, int op, uint32_t events)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.ptr = io;

    if (epoll_ctl(loop_fd, op, io->fd, &ev) == -1) {
        perror("epoll_ctl");
        exit(2);
    }
}


void
loop_io_add(loop_io_t *io, uint32_t events)
{
    loop_io_ctl(io, EPOLL_CTL_ADD, events);
}


void
loop_io_change(loop_io_t *io, uint32_t events)
{
    loop_io_ctl(io, EPOLL_CTL_MOD, events);
}


void
loop_io_close(loop_io_t *io)
{
    if (io->fd != -1) {
        close(io->fd);
        io->fd = -1;
    }
}


void
loop_run(void)
{
    int                  i, n;
    loop_io_t           *io;
    struct epoll_event   events[LOOP_EVENTS];

    while (!loop_stopped) {

        n = epoll_wait(loop_fd, events, LOOP_EVENTS, loop_timeout());

        if (n == -1 && errno != EINTR) {
            perror("epoll_wait");
            exit(2);
        }

        loop_time = loop_clock();

        for (i = 0; i < n; i++) {
            io = events[i].data.ptr;

            if (io->fd != -1) {
                io->handler(io->data, events[i].events);
            }
        }

        loop_run_timers();
    }
}
