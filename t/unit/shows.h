
/*
 * Copyright (C) the ngx_live contributors
 *
 * A zone of shows without nginx, and processes that share it. What of nginx the
 * tables need is stood in for.
 */


#ifndef _SHOWS_H_INCLUDED_
#define _SHOWS_H_INCLUDED_


#include "tap.h"
#include "ngx_multisource_shows.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>


#define SHOWS_PROCESSES  4


ngx_pid_t             ngx_pid;
ngx_uint_t            ngx_pagesize = 4096;
volatile ngx_time_t  *ngx_cached_time;

static ngx_time_t               shows_time;
static ngx_uint_t               shows_logged, shows_allocs = 1000000;
static uint64_t                 shows_state = 88172645463325252ULL;

static ngx_log_t                shows_log;
static ngx_shm_zone_t           shows_zone;
static size_t                   shows_size;
static ngx_multisource_shows_t  shows;

/* what processes report, and where they meet */

typedef struct {
    ngx_atomic_t   go;
    ngx_atomic_t   done;
    ngx_atomic_t   n[64];
    ngx_atomic_t   tickets[SHOWS_PROCESSES][1000];
} shows_board_t;

static shows_board_t           *board;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    shows_logged++;
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    if (shows_allocs == 0) {
        return NULL;
    }

    shows_allocs--;

    return malloc(size);
}


/* the pool's one allocation: all that comes after it */

void *
ngx_slab_calloc(ngx_slab_pool_t *pool, size_t size)
{
    return size <= pool->pfree * ngx_pagesize
           ? (u_char *) pool + sizeof(ngx_slab_pool_t) : NULL;
}


ngx_int_t
ngx_hextoi(u_char *line, size_t n)
{
    char  buf[17];

    ngx_memcpy(buf, line, n);
    buf[n] = '\0';

    return strtol(buf, NULL, 16);
}


static ngx_inline uint64_t
random_bits(void)
{
    shows_state ^= shows_state << 13;
    shows_state ^= shows_state >> 7;
    shows_state ^= shows_state << 17;

    return shows_state * 2685821657736338717ULL;
}


static ngx_inline uint64_t
random_below(uint64_t n)
{
    return (random_bits() >> 11) % n;
}


ngx_int_t
ngx_multisource_ticket_random(u_char *hex, size_t n)
{
    size_t  i;

    for (i = 0; i < n * 2; i++) {
        hex[i] = "0123456789abcdef"[random_bits() >> 60];
    }

    return NGX_OK;
}


static ngx_inline void
bail(const char *why)
{
    printf("Bail out! %s: %s\n", why, strerror(errno));
    exit(2);
}


/* what nginx's slab allocator would have left of a zone */

static ngx_inline void
zone_map(size_t size)
{
    ngx_slab_pool_t  *pool;

    if (shows_zone.shm.addr) {
        (void) munmap(shows_zone.shm.addr, shows_size);
    }

    free(shows.tally);
    shows.tally = NULL;

    ngx_memzero(&shows_zone, sizeof(ngx_shm_zone_t));

    shows_size = size;
    shows_zone.shm.log = &shows_log;
    shows_zone.shm.size = size;
    shows_zone.shm.addr = mmap(NULL, size, PROT_READ|PROT_WRITE,
                               MAP_SHARED|MAP_ANON|MAP_NORESERVE, -1, 0);

    if (shows_zone.shm.addr == MAP_FAILED) {
        bail("mmap() failed");
    }

    pool = (ngx_slab_pool_t *) shows_zone.shm.addr;
    pool->pfree = (size - sizeof(ngx_slab_pool_t) - 1024)
                  / (ngx_pagesize + sizeof(ngx_slab_page_t));
}


static ngx_inline void
zone_make(size_t size)
{
    zone_map(size);

    if (ngx_multisource_show_init_zone(&shows_zone, NULL) != NGX_OK) {
        bail("no zone");
    }

    ngx_multisource_show_open(&shows, &shows_zone, &shows_log);
}


static ngx_inline void
shows_init(void)
{
    ngx_pid = getpid();
    shows_log.log_level = NGX_LOG_NOTICE;

    shows_time.sec = 1700000000;
    ngx_cached_time = &shows_time;

    board = mmap(NULL, sizeof(shows_board_t), PROT_READ|PROT_WRITE,
                 MAP_SHARED|MAP_ANON, -1, 0);
    if (board == MAP_FAILED) {
        bail("mmap() failed");
    }

    setvbuf(stdout, NULL, _IOLBF, 0);
}


/* ms since the epoch, and what viewers that join now get */

static ngx_inline void
set_time(uint64_t now)
{
    shows_time.sec = now / 1000;
    shows_time.msec = now % 1000;
}


static ngx_inline ngx_str_t
text(const char *s)
{
    ngx_str_t  str;

    str.data = (u_char *) s;
    str.len = strlen(s);

    return str;
}


static ngx_inline void
record_make(ngx_multisource_show_record_t *record, const char *streamer,
    uint64_t now)
{
    ngx_memzero(record, sizeof(ngx_multisource_show_record_t));

    ngx_memcpy(record->app, "live", 4);
    ngx_memcpy(record->streamer, streamer, strlen(streamer));

    record->created = now;
    record->on_air = NGX_MULTISOURCE_SHOW_NONE;
}


/* begins the show of a streamer, however busy others are */

static ngx_inline ngx_int_t
begin(const char *streamer, uint64_t now, ngx_multisource_show_t *show)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i;
    ngx_multisource_show_record_t  record;

    record_make(&record, streamer, now);

    for (i = 0; i < 100000; i++) {
        rc = ngx_multisource_show_begin(&shows, &record, show);

        if (rc != NGX_BUSY) {
            break;
        }

        (void) usleep(200);
    }

    return rc;
}


static ngx_inline double
seconds(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


/* of this process, as other ones may keep the machine busy */

static ngx_inline double
cpu_seconds(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


/* a process that runs `work`, and waits for board->go before */

static ngx_inline pid_t
spawn(void (*work)(ngx_uint_t number), ngx_uint_t number)
{
    pid_t  pid;

    pid = fork();

    if (pid == -1) {
        bail("fork() failed");
    }

    if (pid == 0) {
        (void) alarm(60);

        ngx_pid = getpid();
        shows_state ^= (uint64_t) ngx_pid * 0x9e3779b97f4a7c15ULL;

        /* the view is the process's own */

        ngx_multisource_show_open(&shows, &shows_zone, &shows_log);

        while (!board->go) {
            (void) usleep(100);
        }

        work(number);

        _exit(0);
    }

    return pid;
}


static ngx_inline void
together(void (*work)(ngx_uint_t number))
{
    int         status;
    pid_t       pids[SHOWS_PROCESSES];
    ngx_uint_t  i, failed;

    board->go = 0;

    for (i = 0; i < SHOWS_PROCESSES; i++) {
        pids[i] = spawn(work, i);
    }

    board->go = 1;
    failed = 0;

    for (i = 0; i < SHOWS_PROCESSES; i++) {
        if (waitpid(pids[i], &status, 0) != pids[i] || status != 0) {
            failed++;
        }
    }

    tap_is(failed, 0, "processes at the same time come to their ends");
}


/* copies that are taken, and slots that have one */

static ngx_inline void
copies_count(ngx_uint_t *taken, ngx_uint_t *used)
{
    ngx_uint_t  i, c;

    *taken = 0;
    *used = 0;

    for (i = 0; i < shows.ncopies; i++) {
        *taken += shows.owners[i] != 0;
    }

    for (i = 0; i < shows.nslots; i++) {
        c = shows.words[i] & NGX_MULTISOURCE_SHOWS_COPY;
        *used += shows.words[i] != 0 && c < shows.ncopies;
    }
}


/* anything but what tells where the tables are */

static ngx_inline void
zone_damage(ngx_uint_t pattern)
{
    u_char                          *p, *last;
    uint64_t                         bits;
    ngx_multisource_shows_shared_t  *shared;

    shared = shows.shared;

    p = (u_char *) &shared->tickets;
    last = (u_char *) shared + shared->zone.size - sizeof(uint64_t);

    while (p < last) {

        bits = pattern == 0 ? random_bits()
               : pattern == 1 ? (uint64_t) -1
               : pattern == 2 ? 0x4141414141414141ULL
               : random_below(8) ? *(uint64_t *) p : random_bits();

        /* half of them as small as numbers of slots and copies */

        if (pattern == 0 && bits & 1) {
            bits = bits >> 1 & 0x3f;
        }

        ngx_memcpy(p, &bits, sizeof(uint64_t));
        p += sizeof(uint64_t);
    }
}


#endif /* _SHOWS_H_INCLUDED_ */
