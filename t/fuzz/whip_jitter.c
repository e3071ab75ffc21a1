
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: four bytes of configuration, then what happens to the buffer, a byte
 * each and its arguments: see run().  A packet's content is its sequence number
 * and how many were put before it.
 */

/* sources: modules/ngx_whip/ngx_whip_jitter.c */


#include "fuzz.h"

#include <ngx_event.h>

#include "ngx_whip_jitter.h"


#define MAX_PUTS  20000
#define MAX_NACK  512


typedef struct {
    const uint8_t      *pos;
    const uint8_t      *end;

    ngx_whip_jitter_t   jitter;
    uint64_t            now;

    uint16_t            seq;        /* put last */
    uint16_t            expect;     /* to come out next */
    uint32_t            puts;
    ngx_uint_t          started;
} fuzz_t;


static ngx_uint_t  fail;

static u_char      came[MAX_PUTS];
static u_char      packet[65535];


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    if (fail && --fail == 0) {
        return NULL;
    }

    return malloc(size);
}


static ngx_uint_t
byte(fuzz_t *f)
{
    return f->pos < f->end ? *f->pos++ : 0;
}


static void
out(fuzz_t *f, const u_char *p, size_t len)
{
    uint16_t  seq;
    uint32_t  n;

    fuzz_assert(len >= 6);

    ngx_memcpy(&seq, p, 2);
    ngx_memcpy(&n, p + 2, 4);

    fuzz_assert(seq == f->expect);
    fuzz_assert(n < f->puts && !came[n]);

    came[n] = 1;
    f->expect++;
}


static void
put(fuzz_t *f, size_t len, ngx_uint_t repaired, uint32_t timestamp)
{
    ngx_int_t  rc;

    if (f->puts == MAX_PUTS) {
        return;
    }

    came[f->puts] = 0;

    ngx_memcpy(packet, &f->seq, 2);
    ngx_memcpy(packet + 2, &f->puts, 4);

    f->puts++;

    rc = ngx_whip_jitter_put(&f->jitter, f->seq, timestamp, packet, len,
                             repaired, f->now);

    switch (rc) {

    case NGX_DONE:

        if (!f->started) {
            f->expect = f->seq;
        }

        break;

    case NGX_ABORT:

        fuzz_assert(f->started && !repaired);
        f->expect = f->seq;
        break;

    case NGX_OK:

        fuzz_assert(f->started);
        fuzz_assert(f->jitter.bytes >= len);
        return;

    default:

        fuzz_assert(rc == NGX_DECLINED || rc == NGX_ERROR);
        return;
    }

    fuzz_assert(f->jitter.bytes == 0);
    fuzz_assert(ngx_whip_jitter_timer(&f->jitter, f->now)
                == NGX_TIMER_INFINITE);

    f->started = 1;
    out(f, packet, len);
}


static void
get(fuzz_t *f, ngx_uint_t n)
{
    ngx_int_t                 rc;
    ngx_whip_jitter_packet_t  p;

    while (n--) {

        rc = ngx_whip_jitter_get(&f->jitter, f->now, &p);

        if (rc == NGX_AGAIN) {
            fuzz_assert(f->jitter.bytes <= f->jitter.conf.max_bytes - 65535);
            return;
        }

        if (rc == NGX_DECLINED) {
            fuzz_assert(p.lost > 0 && p.lost < 65536);
            f->expect += p.lost;
            continue;
        }

        fuzz_assert(rc == NGX_OK);
        out(f, p.data, p.len);
    }
}


static void
nack(fuzz_t *f, ngx_msec_t rtt, ngx_uint_t max)
{
    uint16_t     seqs[MAX_NACK];
    ngx_uint_t   i, n;

    n = ngx_whip_jitter_nack(&f->jitter, f->now, rtt, seqs, max);

    fuzz_assert(n <= max);
    fuzz_assert(n == 0 || f->jitter.conf.nack);

    for (i = 0; i < n; i++) {

        /* behind what came out, and in order */

        fuzz_assert((uint16_t) (seqs[i] - f->expect) < 0x8000);
        fuzz_assert(i == 0
                    || ((uint16_t) (seqs[i] - f->expect)
                        > (uint16_t) (seqs[i - 1] - f->expect)));
    }
}


/* what a caller does in its timer; it must not be called for nothing */

static void
serve(fuzz_t *f)
{
    ngx_uint_t  i;
    ngx_msec_t  timer;

    get(f, (ngx_uint_t) -1);

    for (i = 0; f->jitter.missing && i < 20000 / MAX_NACK; i++) {
        nack(f, 0, MAX_NACK);
    }

    timer = ngx_whip_jitter_timer(&f->jitter, f->now);

    fuzz_assert(timer != 0);
    fuzz_assert(timer == NGX_TIMER_INFINITE || timer <= 60000);
    fuzz_assert((timer == NGX_TIMER_INFINITE) == (f->jitter.bytes == 0));
}


static void
run(fuzz_t *f)
{
    ngx_uint_t                 op, n;
    ngx_whip_jitter_report_t   report;

    op = byte(f);

    switch (op % 12) {

    case 0:
    case 1:
    case 2:

        /* the next ones, some of them lost */

        for (n = op / 12 + 1; n; n--) {
            f->seq++;
            f->now += 1000;
            put(f, 6 + n, 0, f->seq * 90);
        }

        break;

    case 3:
        f->seq += op / 12;
        break;

    case 4:
        f->seq -= op / 12;
        break;

    case 5:
        f->seq += byte(f) << 8 | byte(f);
        break;

    case 6:
        put(f, 6 + (byte(f) << 8 | byte(f)) % 65530, 0, byte(f) << 24);
        break;

    case 7:
        f->seq -= op / 12;
        put(f, 6, 1, 0);
        break;

    case 8:
        f->now += (uint64_t) byte(f) * (op / 12 ? 1000 : 100000);
        break;

    case 9:
        get(f, op / 12);
        break;

    case 10:
        nack(f, byte(f), op / 12 + 1);
        ngx_whip_jitter_report(&f->jitter, &report);
        fuzz_assert(report.fraction <= 255);
        fuzz_assert(report.lost >= -0x800000 && report.lost <= 0x7fffff);
        break;

    case 11:
        fail = op / 12 % 4;
        break;
    }

    /* most callers do as they should */

    if (op & 0x80) {
        serve(f);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t                   f;
    ngx_log_t                log;
    ngx_uint_t               ops;
    ngx_whip_jitter_conf_t   conf;

    ngx_memzero(&f, sizeof(f));
    ngx_memzero(&log, sizeof(log));
    ngx_memzero(&conf, sizeof(conf));

    f.pos = data;
    f.end = data + size;
    f.now = 5000000;

    fail = 0;

    conf.rate = 90000;
    conf.log = &log;
    conf.nack = byte(&f) & 1;
    conf.wait = byte(&f) * 4;
    conf.max_packets = byte(&f) * 8;
    conf.max_bytes = byte(&f) * 4096;

    fuzz_assert(ngx_whip_jitter_init(&f.jitter, &conf) == NGX_OK);

    for (ops = 0; f.pos < f.end && ops < 2000; ops++) {
        run(&f);

        fuzz_assert(f.jitter.bytes <= f.jitter.conf.max_bytes);
        fuzz_assert(f.jitter.nslots <= 32768);
        fuzz_assert(f.jitter.next <= f.jitter.highest + 1);
    }

    f.now += 60000000;
    fail = 0;

    serve(&f);

    ngx_whip_jitter_free(&f.jitter);

    return 0;
}
