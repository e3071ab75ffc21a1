
/*
 * Copyright (C) the ngx_live contributors
 *
 * The event loop: epoll and a heap of timers.  Times are microseconds of
 * CLOCK_MONOTONIC; a timer fires up to a millisecond late.
 *
 * The structures are parts of their owners', which live as long as the
 * process, so that an event for a descriptor that was closed meanwhile does no
 * harm.
 */


#ifndef _LOOP_H_INCLUDED_
#define _LOOP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>


#define LOOP_MS(ms)  ((uint64_t) ((ms) * 1000))


typedef struct {
    size_t      place;                    /* in the heap, from 1; 0: not set */
    uint64_t    due;
    void      (*handler)(void *data);
    void       *data;
} loop_timer_t;


typedef struct {
    int         fd;                       /* -1: closed */
    void      (*handler)(void *data, uint32_t events);
    void       *data;
} loop_io_t;


void loop_init(void);

/* until loop_stop() */

void loop_run(void);
void loop_stop(void);

/* the time when this round of the loop began */

uint64_t loop_now(void);

/* the time, now */

uint64_t loop_clock(void);

/* sets a timer, or sets it anew; the handler is called once */

void loop_timer_set(loop_timer_t *timer, uint64_t due);
void loop_timer_stop(loop_timer_t *timer);

void loop_io_add(loop_io_t *io, uint32_t events);
void loop_io_change(loop_io_t *io, uint32_t events);

/* closes the descriptor as well */

void loop_io_close(loop_io_t *io);


#endif /* _LOOP_H_INCLUDED_ */
