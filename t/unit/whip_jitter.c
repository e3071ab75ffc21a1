
/*
 * Copyright (C) the ngx_live contributors
 *
 * The jitter buffer, against a clock that the test turns.
 */

/* sources: modules/ngx_whip/ngx_whip_jitter.c */


#include "tap.h"

#include <ngx_event.h>

#include "ngx_whip_jitter.h"


#define MS    1000
#define SIZE  100


static ngx_whip_jitter_t  jitter;
static uint64_t           now;
static int                fail;


/* nginx's, without a log; the fail-th call fails */

void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    if (fail && --fail == 0) {
        return NULL;
    }

    return malloc(size);
}


static void
open_limits(ngx_uint_t rate, ngx_msec_t wait, ngx_uint_t nack,
    ngx_uint_t max_packets, size_t max_bytes)
{
    static ngx_log_t        log;
    ngx_whip_jitter_conf_t  conf;

    memset(&conf, 0, sizeof(conf));

    conf.rate = rate;
    conf.wait = wait;
    conf.nack = nack ? 1 : 0;
    conf.max_packets = max_packets;
    conf.max_bytes = max_bytes;
    conf.log = &log;

    now = 1000 * MS;

    if (ngx_whip_jitter_init(&jitter, &conf) != NGX_OK) {
        printf("Bail out! ngx_whip_jitter_init()\n");
        exit(2);
    }
}


static void
open_jitter(ngx_msec_t wait, ngx_uint_t nack)
{
    open_limits(90000, wait, nack, 0, 0);
}


static const char *
word(ngx_int_t rc)
{
    switch (rc) {

    case NGX_DONE:
        return "done";

    case NGX_OK:
        return "held";

    case NGX_DECLINED:
        return "dropped";

    case NGX_ABORT:
        return "restart";

    default:
        return "error";
    }
}


/* the packet's content is its number, over and over */

static ngx_int_t
put_full(unsigned seq, uint32_t timestamp, size_t len, ngx_uint_t repaired)
{
    u_char     *p;
    size_t      i;
    ngx_int_t   rc;

    p = malloc(len ? len : 1);

    for (i = 0; i < len; i++) {
        p[i] = (u_char) (seq >> (i % 2 ? 0 : 8));
    }

    rc = ngx_whip_jitter_put(&jitter, (uint16_t) seq, timestamp, p, len,
                             repaired, now);
    free(p);

    return rc;
}


static const char *
put(unsigned seq)
{
    return word(put_full(seq, 0, SIZE, 0));
}


static const char *
put_rtx(unsigned seq)
{
    return word(put_full(seq, 0, SIZE, 1));
}


/* what comes out: numbers, "(n)" for n lost ones, "!" for wrong content */

static const char *
drain(void)
{
    size_t                    n, i;
    ngx_int_t                 rc;
    static char               text[131072];
    ngx_whip_jitter_packet_t  packet;

    n = 0;
    text[0] = '\0';

    while (n < sizeof(text) - 32) {

        rc = ngx_whip_jitter_get(&jitter, now, &packet);

        if (rc == NGX_AGAIN) {
            break;
        }

        if (n) {
            text[n++] = ' ';
        }

        if (rc == NGX_DECLINED) {
            n += sprintf(text + n, "(%d)", (int) packet.lost);
            continue;
        }

        n += sprintf(text + n, "%d", packet.data[0] << 8 | packet.data[1]);

        for (i = 2; i < packet.len; i++) {

            if (packet.data[i] != packet.data[i % 2]) {
                n += sprintf(text + n, "!");
                break;
            }
        }
    }

    return text;
}


static const char *
nack(ngx_msec_t rtt, ngx_uint_t max)
{
    size_t       n;
    uint16_t     seqs[512];
    ngx_uint_t   i, count;
    static char  text[8192];

    n = 0;
    text[0] = '\0';

    count = ngx_whip_jitter_nack(&jitter, now, rtt, seqs, max);

    for (i = 0; i < count; i++) {
        n += sprintf(text + n, "%s%d", n ? " " : "", seqs[i]);
    }

    return text;
}


static long long
timer(void)
{
    ngx_msec_t  t;

    t = ngx_whip_jitter_timer(&jitter, now);

    return t == NGX_TIMER_INFINITE ? -1 : (long long) t;
}


static const char *
counters(void)
{
    static char                  text[256];
    ngx_whip_jitter_counters_t  *c;

    c = &jitter.counters;

    sprintf(text, "received=%d lost=%d late=%d duplicate=%d reordered=%d "
            "nacked=%d repaired=%d", (int) c->received, (int) c->lost,
            (int) c->late, (int) c->duplicate, (int) c->reordered,
            (int) c->nacked, (int) c->repaired);

    return text;
}


static const char *
report(void)
{
    static char               text[128];
    ngx_whip_jitter_report_t  r;

    ngx_whip_jitter_report(&jitter, &r);

    sprintf(text, "fraction=%u lost=%d highest=%u jitter=%u",
            (unsigned) r.fraction, r.lost, r.highest, r.jitter);

    return text;
}


static void
done(void)
{
    ngx_whip_jitter_free(&jitter);
}


static void
test_init(void)
{
    ngx_whip_jitter_conf_t  conf;

    memset(&conf, 0, sizeof(conf));

    tap_is(ngx_whip_jitter_init(&jitter, &conf), NGX_ERROR, "no rate");

    conf.rate = 10000001;
    tap_is(ngx_whip_jitter_init(&jitter, &conf), NGX_ERROR, "too high a rate");

    conf.rate = 48000;
    conf.wait = 500;
    tap_is(ngx_whip_jitter_init(&jitter, &conf), NGX_OK, "defaults");
    tap_is(jitter.conf.max_packets, 2048, "default packets");
    tap_is(jitter.conf.max_bytes, 8388608, "default bytes");
    tap_is(jitter.conf.wait, 100, "without nack a gap waits 100 ms");

    tap_is(timer(), -1, "nothing put: no timer");
    tap_is_text(drain(), "", "nothing put: nothing to get");
    tap_is_text(nack(50, 512), "", "nothing put: nothing to ask for");
    tap_is_text(report(), "fraction=0 lost=0 highest=0 jitter=0",
                "nothing put: nothing to report");

    done();

    memset(&jitter, 0, sizeof(jitter));
    done();
    tap_ok(1, "a zeroed structure can be freed");
}


static void
test_arrival(void)
{
    ngx_whip_jitter_packet_t  packet;

    open_jitter(500, 1);

    put(1);
    now += 10 * MS;
    put(3);
    now += 20 * MS;
    put(2);
    now += 30 * MS;

    tap_is(ngx_whip_jitter_get(&jitter, now, &packet), NGX_OK, "the second");
    tap_is(packet.arrival, 1030 * MS, "came last");
    tap_is(packet.len, SIZE, "its length");
    tap_is(ngx_whip_jitter_get(&jitter, now, &packet), NGX_OK, "the third");
    tap_is(packet.arrival, 1010 * MS, "came before");
    tap_is(ngx_whip_jitter_get(&jitter, now, &packet), NGX_AGAIN, "no more");
    tap_ok(packet.data == NULL && packet.len == 0, "nothing");

    done();
}


static void
test_order(void)
{
    open_jitter(500, 1);

    tap_is_text(put_rtx(9), "dropped", "a repair starts nothing");

    tap_is_text(put(10), "done", "the first");
    tap_is_text(put(11), "done", "the next");
    tap_is(timer(), -1, "no timer");
    tap_ok(jitter.slots == NULL, "nothing was allocated");

    tap_is_text(put(13), "held", "one behind a gap");
    tap_is_text(drain(), "", "waits");
    tap_is_text(put(14), "held", "another one");
    tap_is_text(put(14), "dropped", "twice");
    tap_is_text(drain(), "", "waits too");
    tap_is_text(put(12), "held", "the one in between");
    tap_is_text(drain(), "12 13 14", "all of them, in order");
    tap_is(timer(), -1, "no timer again");

    tap_is_text(put(12), "dropped", "again");
    tap_is_text(put(9), "dropped", "one before the first");
    tap_is_text(put(15), "done", "no copy any more");

    /* two gaps; the second is filled first */

    tap_is_text(put(17), "held", "behind the first gap");
    tap_is_text(put(20), "held", "behind the second gap");
    tap_is_text(put(19), "held", "half of the second");
    tap_is_text(put(18), "held", "the other half");
    tap_is_text(drain(), "", "the first is still open");
    tap_is_text(put(16), "held", "the first");
    tap_is_text(put(21), "held", "not drained: still held");
    tap_is_text(drain(), "16 17 18 19 20 21", "all of them");
    tap_is_text(put(22), "done", "no copy");

    tap_is_text(counters(), "received=17 lost=0 late=2 duplicate=2 "
                "reordered=4 nacked=0 repaired=0", "counters");

    done();
}


static void
test_wrap(void)
{
    int  i;

    open_jitter(500, 1);

    put(65533);
    tap_is_text(put(65535), "held", "behind a gap at the end");
    tap_is_text(put(1), "held", "behind the wrap");
    now += 20 * MS;
    tap_is_text(nack(50, 512), "65534 0", "both are asked for, in order");
    tap_is_text(put(0), "held", "the one after the wrap");
    tap_is_text(put(65534), "held", "the one before");
    tap_is_text(drain(), "65534 65535 0 1", "in order across the wrap");
    tap_is_text(put(65535), "dropped", "across the wrap, a duplicate");
    tap_is_text(report(), "fraction=0 lost=-1 highest=65537 jitter=0",
                "extended, a duplicate counts as received: RFC 3550 A.3");
    done();

    /* several rounds without a loss */

    open_jitter(500, 1);

    for (i = 0; i < 200000; i++) {
        if (put_full(i + 65000, 0, 0, 0) != NGX_DONE) {
            break;
        }
    }

    tap_is(i, 200000, "three rounds");
    tap_is_text(put(i + 65000 - 2), "dropped", "a duplicate after them");
    tap_is(jitter.counters.duplicate, 1, "seen as one");
    tap_is(jitter.highest - 0x10000, 264999, "extended");

    done();
}


static void
test_loss(void)
{
    /* without NACK a gap waits 100 ms */

    open_jitter(500, 0);

    put(1);
    put(4);
    tap_is(timer(), 100, "until the gap is given up");
    now += 30 * MS;
    put(5);
    put(6);
    tap_is_text(nack(20, 512), "", "not asked for without nack");
    tap_is(timer(), 70, "30 ms later");
    now += 70 * MS - 1;
    tap_is_text(drain(), "", "1 us early");
    tap_is(timer(), 1, "rounded up");
    now += 1;
    tap_is(timer(), 0, "due");
    tap_is_text(drain(), "(2) 4 5 6", "given up");
    tap_is_text(put(2), "dropped", "too late");
    tap_is_text(put(2), "dropped", "and again");
    tap_is_text(put(7), "done", "goes on without a copy");
    tap_is_text(counters(), "received=7 lost=2 late=2 duplicate=0 "
                "reordered=0 nacked=0 repaired=0", "counters");
    done();

    /* two gaps, each has its own time */

    open_jitter(80, 0);

    put(1);
    put(3);
    now += 50 * MS;
    put(5);
    now += 30 * MS;
    tap_is_text(drain(), "(1) 3", "the first gap");
    tap_is(timer(), 50, "the second waits longer");
    now += 20 * MS;
    tap_is_text(put(4), "held", "is filled");
    tap_is_text(drain(), "4 5", "without a wait");
    done();

    /* no wait at all */

    open_jitter(0, 1);

    put(1);
    tap_is_text(put(3), "held", "no wait: a gap");
    tap_is(timer(), 0, "no wait: due");
    tap_is_text(drain(), "(1) 3", "no wait: given up at once");
    done();
}


static void
test_nack(void)
{
    int  i, n;

    open_jitter(500, 1);

    put(100);
    put(103);
    tap_is_text(nack(40, 512), "", "not at once");
    tap_is(timer(), 15, "the first after 15 ms");
    now += 14 * MS;
    tap_is_text(nack(40, 512), "", "14 ms");
    tap_is(timer(), 1, "in a ms");
    now += 1 * MS;
    tap_is(timer(), 0, "15 ms: due");
    tap_is_text(nack(40, 512), "101 102", "15 ms: asked for");
    tap_is_text(nack(40, 512), "", "once");
    tap_is(timer(), 40, "again after a round trip");
    now += 40 * MS;
    tap_is_text(nack(10, 512), "101 102", "again");
    tap_is(timer(), 20, "not more often than each 20 ms");

    now += 10 * MS;
    tap_is_text(put(102), "held", "one comes, on the same SSRC");
    tap_is_text(drain(), "", "another is missing");
    now += 10 * MS;
    tap_is_text(nack(10, 512), "101", "only the other");
    now += 10 * MS;
    tap_is_text(put_rtx(101), "held", "it comes by RTX");
    tap_is_text(drain(), "101 102 103", "complete");
    tap_is_text(nack(10, 512), "", "nothing to ask for");
    tap_is(timer(), -1, "no timer");
    tap_is_text(counters(), "received=4 lost=0 late=0 duplicate=0 "
                "reordered=0 nacked=2 repaired=2", "counters");
    done();

    /* three later packets */

    open_jitter(500, 1);

    put(1);
    put(3);
    tap_is_text(nack(40, 512), "", "one later packet");
    put(4);
    tap_is_text(nack(40, 512), "", "two");
    put(5);
    tap_is(timer(), 0, "three: due");
    tap_is_text(nack(40, 512), "2", "three: asked for at once");
    tap_is(timer(), 40, "then after a round trip");

    /* a gap in between is younger */

    put(7);
    tap_is_text(nack(40, 512), "", "another gap");
    put(8);
    put(9);
    tap_is_text(nack(40, 512), "6", "which is asked for alone");
    done();

    /* a burst: the packets that are missing are no later ones */

    open_jitter(500, 1);

    put(1);
    put(20);
    tap_is_text(nack(40, 512), "", "a long gap is no reason to hurry");
    now += 15 * MS;
    tap_is_text(nack(40, 5), "2 3 4 5 6", "not more than fit");
    tap_is(timer(), 0, "the others are due");
    tap_is_text(nack(40, 100), "7 8 9 10 11 12 13 14 15 16 17 18 19",
                "the others");
    tap_is(timer(), 40, "then after a round trip");
    done();

    /* no more than ten requests */

    open_jitter(1000, 1);

    put(1);
    put(3);

    for (i = 0, n = 0; i < 1000; i++) {
        now += 1 * MS;
        n += (strcmp(nack(20, 512), "2") == 0);
    }

    tap_is(n, 10, "ten requests");
    tap_is_text(drain(), "(1) 3", "given up");
    tap_is_text(put(2), "dropped", "too late");
    tap_is_text(counters(), "received=3 lost=1 late=1 duplicate=0 "
                "reordered=0 nacked=1 repaired=0", "counters");
    done();

    /* not when the answer would be late */

    open_jitter(500, 1);

    put(1);
    put(3);

    for (i = 0, n = 0; i < 499; i++) {
        now += 1 * MS;
        n += (strcmp(nack(200, 512), "2") == 0);
    }

    tap_is(n, 2, "at 15 and 215 ms, an answer to 415 ms would be late");
    tap_is(timer(), 1, "the deadline remains");
    now += 1 * MS;
    tap_is_text(nack(200, 512), "", "nothing at the deadline");
    tap_is(timer(), 0, "due");
    tap_is_text(drain(), "(1) 3", "given up");
    done();

    /* the round trip time, as measured */

    open_jitter(1000, 1);

    put(1);
    put(3);
    now += 15 * MS;
    tap_is_text(nack(0, 512), "2", "unknown round trip time");
    tap_is(timer(), 20, "20 ms");
    now += 20 * MS;
    tap_is_text(nack(0, 512), "2", "again");
    now += 60 * MS;
    put(2);
    drain();
    put(5);
    now += 15 * MS;
    tap_is_text(nack(0, 512), "4", "the next gap");
    tap_is(timer(), 80, "the repair took 80 ms");
    done();
}


static void
test_restart(void)
{
    int  i;

    open_jitter(500, 1);

    put(1000);
    put(1002);
    tap_is_text(put(5000), "dropped", "far ahead");
    tap_is_text(put(60000), "dropped", "far behind");
    tap_is_text(put(60000), "dropped", "the same again is not the next");
    tap_is_text(put_rtx(60001), "dropped", "nor is a repair");
    tap_is_text(put(1001), "held", "the stream goes on");
    tap_is_text(put(60001), "dropped", "the next, but not in a row");
    tap_is_text(drain(), "1001 1002", "nothing happened");

    put(1005);
    put(1004);
    tap_is_text(put(40000), "dropped", "a new run");
    tap_is_text(put(40001), "restart", "two in a row");
    tap_is_text(drain(), "", "what was held is gone");
    tap_is(timer(), -1, "no timer");
    tap_is_text(put(40002), "done", "goes on");
    tap_is_text(put(1003), "dropped", "the old run is far away");
    tap_is_text(report(), "fraction=0 lost=0 highest=40002 jitter=0",
                "statistics begin anew: RFC 3550 A.1");
    tap_is_text(counters(), "received=14 lost=3 late=7 duplicate=0 "
                "reordered=2 nacked=0 repaired=0", "counters go on");
    done();

    /* exactly 3000 */

    open_jitter(500, 1);

    put(10000);
    tap_is_text(put(13000), "held", "3000 ahead is a gap");
    tap_is_text(drain(), "(2999) 13000", "too long a gap");
    tap_is_text(put(16001), "dropped", "3001 ahead is stray");
    tap_is_text(put(10000), "dropped", "3000 behind is a duplicate");
    tap_is_text(put(9999), "dropped", "3001 behind is stray");
    tap_is(jitter.counters.duplicate, 1, "of those");
    done();

    /* a sender that begins anew a little below */

    open_jitter(500, 1);

    for (i = 0; i < 1000; i++) {
        put(i);
        now += 20 * MS;
    }

    for (i = 0; i < 100; i++) {
        if (strcmp(put(i + 200), "dropped") != 0) {
            break;
        }
        now += 20 * MS;
    }

    tap_is(i, 100, "two seconds of duplicates");
    tap_is_text(put(300), "restart", "then it is a restart");
    tap_is_text(put(301), "done", "goes on");
    done();

    /* a burst of repairs that come too late is none */

    open_jitter(500, 1);

    put(1);

    for (i = 0; i < 200; i++) {
        now += 20 * MS;
        put(1001 + i);

        if (i == 50) {
            drain();
        }
    }

    drain();

    for (i = 2; i < 1000; i++) {
        now += 1 * MS;
        if (strcmp(put(i), "dropped") != 0) {
            break;
        }
    }

    tap_is(i, 1000, "late repairs in a row are no restart");
    done();
}


static void
test_limits(void)
{
    int          i;
    ngx_int_t    rc;
    const char  *text;

    /* packets */

    open_limits(90000, 60000, 1, 16, 0);

    put(1);

    for (i = 3; i < 18; i++) {
        put(i);
    }

    tap_is_text(drain(), "", "the buffer spans 16");
    put(18);
    tap_is(timer(), 0, "17: due");
    tap_is_text(drain(), "(1) 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
                "17: the gap is given up");
    done();

    /* bytes */

    open_limits(90000, 60000, 1, 0, 1);

    put(1);
    text = "";

    for (i = 3; i < 100; i++) {
        put_full(i, 0, 10000, 0);
        text = drain();

        if (*text) {
            break;
        }
    }

    tap_is(i, 9, "131072 bytes, with room for one packet more: the gap");
    tap_is_text(text, "(1) 3 4 5 6 7 8 9", "is given up");
    tap_is(jitter.bytes, 0, "nothing is held");
    done();

    /* who never gets anything */

    open_limits(90000, 60000, 1, 16, 0);

    put(1);

    for (i = 3; i < 4000; i++) {
        rc = put_full(i, 0, 10, 0);

        if (rc != NGX_OK) {
            break;
        }
    }

    tap_is(i, 2 + 16 + 3000, "packets held without a _get() are bounded");

    tap_is_text(put(4000), "dropped", "and so are numbers");

    done();

    open_limits(90000, 60000, 1, 0, 1);

    put(1);

    for (i = 3; put_full(i, 0, 65535, 0) == NGX_OK; i++) {
        /* void */
    }

    tap_is(i, 5, "bytes held without a _get() are bounded");
    tap_ok(jitter.bytes <= 131072, "strictly");
    done();

    /* the largest jump that is none, on top of a full buffer */

    open_limits(90000, 60000, 1, 16384, 0);

    put(0);

    for (i = 2; i < 16384; i++) {
        put(i);
    }

    tap_is_text(put(16383 + 3000), "held", "a full buffer and the longest gap");
    drain();
    tap_is(jitter.bytes, SIZE, "it is drained");
    now += 60000 * MS;
    tap_is_text(drain(), "(2999) 19383", "and the gap given up");
    done();
}


static void
test_memory(void)
{
    open_jitter(500, 1);

    put(1);

    fail = 1;
    tap_is_text(put(3), "error", "no memory for the slots");
    fail = 2;
    tap_is_text(put(3), "error", "no memory for the packet");
    fail = 0;

    tap_is_text(put(2), "done", "the state is as before");
    tap_is_text(put(4), "held", "there is memory");
    fail = 1;
    tap_is_text(put(3), "error", "no memory to fill the gap");
    fail = 0;
    tap_is_text(put(3), "held", "again");
    tap_is_text(drain(), "3 4", "nothing was lost");
    done();
}


static void
test_report(void)
{
    int  i;

    /* 8 kHz, packets of 20 ms = 160 units: RFC 3550 A.8 by hand */

    open_limits(8000, 500, 1, 0, 0);

    put_full(0, 0, SIZE, 0);
    tap_is_text(report(), "fraction=0 lost=0 highest=0 jitter=0", "one packet");

    /* on time: no jitter */

    now += 20 * MS;
    put_full(1, 160, SIZE, 0);
    tap_is(jitter.jitter, 0, "on time");

    /* 10 ms late, D = 80: J = 80 (in units of 1/16) */

    now += 30 * MS;
    put_full(2, 320, SIZE, 0);
    tap_is(jitter.jitter, 80, "D = 80");
    tap_is_text(report(), "fraction=0 lost=0 highest=2 jitter=5", "80 / 16");

    /* 10 ms early: D = -80, J = 80 + 80 - (80 + 8) / 16 = 155 */

    now += 10 * MS;
    put_full(3, 480, SIZE, 0);
    tap_is(jitter.jitter, 155, "D = -80");

    /* on time: J = 155 - (155 + 8) / 16 = 145 */

    now += 20 * MS;
    put_full(4, 640, SIZE, 0);
    tap_is(jitter.jitter, 145, "D = 0");

    /* 5 of the next 20 are lost, two of those are repaired by RTX */

    for (i = 5; i < 25; i++) {
        now += 20 * MS;

        if (i % 4 == 1) {
            continue;
        }

        put_full(i, 160 * i, SIZE, 0);
        nack(20, 512);
        drain();
    }

    now += 300 * MS;
    tap_is_text(put_rtx(17), "held", "repaired");
    tap_is_text(put_rtx(21), "held", "repaired");
    tap_is(jitter.transit, (uint32_t) (1000 * 8), "no repair is in the jitter");
    drain();

    /* 25 expected, 20 received; since the last report 22 and 17 */

    tap_is_text(report(), "fraction=58 lost=5 highest=24 jitter=3",
                "256 * 5 / 22 = 58");
    tap_is_text(report(), "fraction=0 lost=5 highest=24 jitter=3",
                "nothing came since");

    /* duplicates make the loss negative */

    for (i = 0; i < 7; i++) {
        put_full(24, 160 * 24, SIZE, 0);
    }

    tap_is_text(report(), "fraction=0 lost=-2 highest=24 jitter=3",
                "five lost, seven twice");
    done();

    /* repaired on the same SSRC counts as received, not in the jitter */

    open_limits(90000, 500, 1, 0, 0);

    put_full(1, 0, SIZE, 0);
    now += 100 * MS;
    put_full(3, 9000, SIZE, 0);
    now += 20 * MS;
    tap_is_text(nack(30, 512), "2", "asked for");
    now += 30 * MS;
    put_full(2, 4500, SIZE, 0);
    tap_is_text(report(), "fraction=0 lost=0 highest=3 jitter=0",
                "a retransmission on the same SSRC");
    done();

    /* everything is lost but the last, by RTX */

    open_limits(90000, 500, 1, 0, 0);

    put(1);
    report();
    put_rtx(3);
    tap_is_text(report(), "fraction=255 lost=2 highest=3 jitter=0",
                "at most 255 of 256");
    done();

    /* the cumulative number is 24 bits with a sign */

    open_limits(90000, 0, 1, 0, 0);

    put(0);
    jitter.base -= 0x1000000;
    tap_is_text(report(), "fraction=255 lost=8388607 highest=0 jitter=0",
                "the most lost");
    jitter.base += 0x1000000;
    jitter.rfc_received += 0x1000000;
    tap_is_text(report(), "fraction=0 lost=-8388608 highest=0 jitter=0",
                "the least lost");
    done();

    /* a pause, a jump of timestamps, a late clock */

    open_limits(90000, 0, 1, 0, 0);

    put_full(0, 0, SIZE, 0);
    now += 10000 * MS;
    put_full(1, 10, SIZE, 0);
    tap_is(jitter.jitter, 0, "10 s are no jitter");
    put_full(2, 0x80000010, SIZE, 0);
    tap_is(jitter.jitter, 0, "nor is the longest step");
    put_full(3, 0x80000010 + 90, SIZE, 0);
    tap_is(jitter.jitter, 90, "1 ms is");

    now = 1700000000000000;
    put_full(4, 0, SIZE, 0);
    now += 40 * MS;
    i = jitter.jitter;
    put_full(5, 3600, SIZE, 0);
    tap_ok(jitter.jitter <= (uint64_t) i, "the clock may be that of the day");
    done();
}


int
main(void)
{
    test_init();
    test_order();
    test_arrival();
    test_wrap();
    test_loss();
    test_nack();
    test_restart();
    test_limits();
    test_memory();
    test_report();

    return tap_done();
}
