
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_whip_jitter.h"


/* extended numbers begin here, so that there are some below the first */

#define NGX_WHIP_JITTER_BASE         0x10000

#define NGX_WHIP_JITTER_MIN_SLOTS    64
#define NGX_WHIP_JITTER_MIN_PACKETS  16
#define NGX_WHIP_JITTER_TOP_PACKETS  16384

/* no datagram and no frame of RFC 4571 is longer */

#define NGX_WHIP_JITTER_PACKET       65535
#define NGX_WHIP_JITTER_MIN_BYTES    (2 * 65536)

#define NGX_WHIP_JITTER_MAX_WAIT     60000          /* ms */
#define NGX_WHIP_JITTER_MAX_RATE     10000000       /* Hz */

#define NGX_WHIP_JITTER_FIRST        15000          /* us, to the first NACK */
#define NGX_WHIP_JITTER_LATER        3              /* packets, likewise */
#define NGX_WHIP_JITTER_REPEAT       20000          /* us, between NACKs */

/* packets in a row that make a new run: far away, and not so far */

#define NGX_WHIP_JITTER_FAR_RUN      2
#define NGX_WHIP_JITTER_NEAR_RUN     16
#define NGX_WHIP_JITTER_NEAR_TIME    2000000        /* us */

/* s; a longer step between two packets is none of the network's */

#define NGX_WHIP_JITTER_MAX_STEP     5

#define NGX_WHIP_JITTER_NEVER        ((uint64_t) -1)


#define ngx_whip_jitter_slot(j, ext)                                          \
    (&(j)->slots[(ext) & ((j)->nslots - 1)])

#define ngx_whip_jitter_word(j, ext)                                          \
    ((j)->history[((ext) % NGX_WHIP_JITTER_HISTORY) / 64])

#define ngx_whip_jitter_bit(ext)                                              \
    ((uint64_t) 1 << ((ext) % 64))


static void ngx_whip_jitter_start(ngx_whip_jitter_t *j, uint16_t seq);
static void ngx_whip_jitter_drop(ngx_whip_jitter_t *j);
static void ngx_whip_jitter_release(ngx_whip_jitter_t *j);
static ngx_int_t ngx_whip_jitter_hold(ngx_whip_jitter_t *j, uint64_t ext,
    u_char *packet, size_t len, ngx_uint_t *again, uint64_t now_us);
static ngx_uint_t ngx_whip_jitter_run(ngx_whip_jitter_t *j, uint16_t seq,
    ngx_uint_t far, uint64_t now_us);
static uint64_t *ngx_whip_jitter_useless(ngx_whip_jitter_t *j, uint64_t ext,
    ngx_uint_t far);
static ngx_int_t ngx_whip_jitter_store(ngx_whip_jitter_t *j, uint64_t ext,
    u_char *packet, size_t len);
static ngx_int_t ngx_whip_jitter_reserve(ngx_whip_jitter_t *j, uint64_t span);
static void ngx_whip_jitter_advance(ngx_whip_jitter_t *j, uint64_t ext,
    uint64_t now_us);
static void ngx_whip_jitter_arrival(ngx_whip_jitter_t *j, uint32_t timestamp,
    uint64_t now_us);
static ngx_uint_t ngx_whip_jitter_full(ngx_whip_jitter_t *j);
static ngx_uint_t ngx_whip_jitter_ask(ngx_whip_jitter_t *j,
    ngx_whip_jitter_slot_t *slot, uint64_t rtt, uint64_t now_us);


ngx_int_t
ngx_whip_jitter_init(ngx_whip_jitter_t *j, const ngx_whip_jitter_conf_t *conf)
{
    ngx_msec_t  wait;

    ngx_memzero(j, sizeof(ngx_whip_jitter_t));

    if (conf->rate == 0 || conf->rate > NGX_WHIP_JITTER_MAX_RATE) {
        return NGX_ERROR;
    }

    j->conf = *conf;

    if (j->conf.max_packets == 0) {
        j->conf.max_packets = NGX_WHIP_JITTER_MAX_PACKETS;
    }

    if (j->conf.max_bytes == 0) {
        j->conf.max_bytes = NGX_WHIP_JITTER_MAX_BYTES;
    }

    if (j->conf.tries == 0) {
        j->conf.tries = NGX_WHIP_JITTER_TRIES;
    }

    j->conf.max_packets = ngx_max(j->conf.max_packets,
                                  NGX_WHIP_JITTER_MIN_PACKETS);
    j->conf.max_packets = ngx_min(j->conf.max_packets,
                                  NGX_WHIP_JITTER_TOP_PACKETS);

    j->conf.max_bytes = ngx_max(j->conf.max_bytes, NGX_WHIP_JITTER_MIN_BYTES);

    wait = j->conf.nack ? NGX_WHIP_JITTER_MAX_WAIT : NGX_WHIP_JITTER_WAIT;
    j->conf.wait = ngx_min(j->conf.wait, wait);

    j->nack_time = NGX_WHIP_JITTER_NEVER;

    return NGX_OK;
}


void
ngx_whip_jitter_free(ngx_whip_jitter_t *j)
{
    ngx_whip_jitter_drop(j);
    ngx_whip_jitter_release(j);

    if (j->slots) {
        ngx_free(j->slots);
        j->slots = NULL;
    }

    j->nslots = 0;
    j->started = 0;
}


/* RFC 3550 A.1, init_seq() */

static void
ngx_whip_jitter_start(ngx_whip_jitter_t *j, uint16_t seq)
{
    j->next = NGX_WHIP_JITTER_BASE + seq;
    j->highest = j->next - 1;
    j->base = j->next;

    j->rfc_received = 0;
    j->expected_prior = 0;
    j->received_prior = 0;

    ngx_memzero(j->history, sizeof(j->history));

    j->run = 0;
    j->timed = 0;
    j->started = 1;
}


/* everything that is held or waited for */

static void
ngx_whip_jitter_drop(ngx_whip_jitter_t *j)
{
    ngx_whip_jitter_slot_t  *slot;

    for ( /* void */ ; j->started && j->next <= j->highest; j->next++) {

        slot = ngx_whip_jitter_slot(j, j->next);

        if (slot->data) {
            ngx_free(slot->data);
            slot->data = NULL;
        }

        j->counters.lost++;
    }

    j->missing = 0;
    j->bytes = 0;
    j->fresh = 0;
    j->nack_time = NGX_WHIP_JITTER_NEVER;
}


static void
ngx_whip_jitter_release(ngx_whip_jitter_t *j)
{
    if (j->given) {
        ngx_free(j->given);
        j->given = NULL;
    }
}


ngx_int_t
ngx_whip_jitter_put(ngx_whip_jitter_t *j, uint16_t seq, uint32_t timestamp,
    u_char *packet, size_t len, ngx_uint_t repaired, uint64_t now_us)
{
    int16_t     delta;
    uint64_t    ext, *useless;
    ngx_int_t   rc;
    ngx_uint_t  far, again;

    ngx_whip_jitter_release(j);

    j->counters.received++;

    rc = NGX_DONE;

    if (!j->started) {

        if (repaired) {
            j->counters.late++;
            return NGX_DECLINED;
        }

        ngx_whip_jitter_start(j, seq);
    }

    delta = (int16_t) (uint16_t) (seq - (uint16_t) j->highest);
    far = (delta > NGX_WHIP_JITTER_DROPOUT
           || delta < -NGX_WHIP_JITTER_DROPOUT);
    ext = j->highest + (int64_t) delta;

    useless = ngx_whip_jitter_useless(j, ext, far);

    if (useless) {

        if (repaired || !ngx_whip_jitter_run(j, seq, far, now_us)) {
            j->rfc_received += (far || repaired) ? 0 : 1;
            (*useless)++;
            return NGX_DECLINED;
        }

        ngx_whip_jitter_drop(j);
        ngx_whip_jitter_start(j, seq);

        ext = j->next;
        rc = NGX_ABORT;
    }

    again = repaired;

    if (ext == j->next && j->next > j->highest) {
        ngx_whip_jitter_advance(j, ext, now_us);
        j->next++;

    } else {
        rc = ngx_whip_jitter_hold(j, ext, packet, len, &again, now_us);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_whip_jitter_word(j, ext) |= ngx_whip_jitter_bit(ext);

    j->run = 0;
    j->counters.repaired += again ? 1 : 0;
    j->rfc_received += repaired ? 0 : 1;

    if (!again) {
        ngx_whip_jitter_arrival(j, timestamp, now_us);
    }

    return rc;
}


/* "again" is set if the packet was asked for */

static ngx_int_t
ngx_whip_jitter_hold(ngx_whip_jitter_t *j, uint64_t ext, u_char *packet,
    size_t len, ngx_uint_t *again, uint64_t now_us)
{
    uint64_t                 rtt;
    ngx_int_t                rc;
    ngx_whip_jitter_slot_t  *slot;

    rc = ngx_whip_jitter_store(j, ext, packet, len);

    if (rc != NGX_OK) {
        return rc;
    }

    slot = ngx_whip_jitter_slot(j, ext);
    slot->seen = now_us;

    if (ext > j->highest) {
        ngx_whip_jitter_advance(j, ext, now_us);
        return NGX_OK;
    }

    j->missing--;

    if (slot->tries) {
        *again = 1;

        rtt = now_us - slot->asked;
        j->rtt = j->rtt ? (j->rtt * 7 + rtt) / 8 : rtt;
    }

    j->counters.reordered += *again ? 0 : 1;

    return NGX_OK;
}


/*
 * A packet that cannot be used: sequence numbers in a row, and nothing else in
 * between, are those of a sender that began anew.
 */

static ngx_uint_t
ngx_whip_jitter_run(ngx_whip_jitter_t *j, uint16_t seq, ngx_uint_t far,
    uint64_t now_us)
{
    if (j->run == 0 || seq != j->run_next) {
        j->run = 0;
        j->run_since = now_us;
    }

    j->run++;
    j->run_next = (uint16_t) (seq + 1);

    if (far) {
        return j->run >= NGX_WHIP_JITTER_FAR_RUN;
    }

    return j->run >= NGX_WHIP_JITTER_NEAR_RUN
           && now_us - j->run_since >= NGX_WHIP_JITTER_NEAR_TIME;
}


/* the counter of packets that are not used for the same reason, or NULL */

static uint64_t *
ngx_whip_jitter_useless(ngx_whip_jitter_t *j, uint64_t ext, ngx_uint_t far)
{
    if (far) {
        return &j->counters.late;
    }

    if (ext > j->highest) {
        return NULL;
    }

    if (ngx_whip_jitter_word(j, ext) & ngx_whip_jitter_bit(ext)) {
        return &j->counters.duplicate;
    }

    return ext < j->next ? &j->counters.late : NULL;
}


/* copies the packet; changes nothing on failure */

static ngx_int_t
ngx_whip_jitter_store(ngx_whip_jitter_t *j, uint64_t ext, u_char *packet,
    size_t len)
{
    u_char                  *data;
    ngx_whip_jitter_slot_t  *slot;

    /* neither happens to a caller that calls _get() in between */

    if (ext - j->next >= j->conf.max_packets + NGX_WHIP_JITTER_DROPOUT
        || len > j->conf.max_bytes - j->bytes)
    {
        j->counters.late++;
        return NGX_DECLINED;
    }

    if (ngx_whip_jitter_reserve(j, ext - j->next + 1) != NGX_OK) {
        return NGX_ERROR;
    }

    data = ngx_alloc(ngx_max(len, 1), j->conf.log);
    if (data == NULL) {
        return NGX_ERROR;
    }

    if (len) {
        ngx_memcpy(data, packet, len);
    }

    slot = ngx_whip_jitter_slot(j, ext);

    slot->data = data;
    slot->len = len;

    j->bytes += len;

    return NGX_OK;
}


static ngx_int_t
ngx_whip_jitter_reserve(ngx_whip_jitter_t *j, uint64_t span)
{
    uint64_t                 ext;
    ngx_uint_t               n;
    ngx_whip_jitter_slot_t  *slots;

    n = ngx_max(j->nslots, NGX_WHIP_JITTER_MIN_SLOTS);

    while (n < span) {
        n *= 2;
    }

    if (n == j->nslots) {
        return NGX_OK;
    }

    slots = ngx_alloc(n * sizeof(ngx_whip_jitter_slot_t), j->conf.log);
    if (slots == NULL) {
        return NGX_ERROR;
    }

    for (ext = j->next; ext <= j->highest; ext++) {
        slots[ext & (n - 1)] = *ngx_whip_jitter_slot(j, ext);
    }

    if (j->slots) {
        ngx_free(j->slots);
    }

    j->slots = slots;
    j->nslots = n;

    return NGX_OK;
}


/* the packet is the newest; everything between is missing */

static void
ngx_whip_jitter_advance(ngx_whip_jitter_t *j, uint64_t ext, uint64_t now_us)
{
    uint64_t                 seen, again;
    ngx_whip_jitter_slot_t  *slot;

    seen = now_us;
    again = now_us + NGX_WHIP_JITTER_FIRST;

    if (j->heard && now_us - j->heard >= NGX_WHIP_JITTER_OUTAGE) {
        seen -= ngx_min((uint64_t) j->conf.wait * 1000, seen);
        again = NGX_WHIP_JITTER_NEVER;
    }

    j->heard = now_us;

    while (++j->highest < ext) {

        slot = ngx_whip_jitter_slot(j, j->highest);

        ngx_memzero(slot, sizeof(ngx_whip_jitter_slot_t));

        slot->seen = seen;
        slot->again = again;
        slot->order = j->arrivals;

        ngx_whip_jitter_word(j, j->highest) &=
                                             ~ngx_whip_jitter_bit(j->highest);
        j->missing++;

        j->nack_time = ngx_min(j->nack_time, slot->again);

        if (!j->fresh) {
            j->fresh = 1;
            j->fresh_order = slot->order;
        }
    }
}


/* RFC 3550 A.8, for a packet that was not sent again */

static void
ngx_whip_jitter_arrival(ngx_whip_jitter_t *j, uint32_t timestamp,
    uint64_t now_us)
{
    int32_t   d;
    uint32_t  transit, step;
    uint64_t  arrival;

    j->arrivals++;

    if (j->fresh
        && j->arrivals - j->fresh_order >= NGX_WHIP_JITTER_LATER)
    {
        j->nack_time = 0;
    }

    arrival = now_us / 1000000 * j->conf.rate
              + now_us % 1000000 * j->conf.rate / 1000000;

    transit = (uint32_t) arrival - timestamp;

    d = (int32_t) (transit - j->transit);
    step = d < 0 ? 0 - (uint32_t) d : (uint32_t) d;

    j->transit = transit;

    if (!j->timed) {
        j->timed = 1;
        return;
    }

    if (step <= NGX_WHIP_JITTER_MAX_STEP * j->conf.rate) {
        j->jitter = j->jitter + step - ((j->jitter + 8) >> 4);
    }
}


ngx_int_t
ngx_whip_jitter_get(ngx_whip_jitter_t *j, uint64_t now_us,
    ngx_whip_jitter_packet_t *out)
{
    ngx_whip_jitter_slot_t  *slot;

    ngx_whip_jitter_release(j);

    ngx_memzero(out, sizeof(ngx_whip_jitter_packet_t));

    if (!j->started || j->next > j->highest) {
        return NGX_AGAIN;
    }

    slot = ngx_whip_jitter_slot(j, j->next);

    if (slot->data) {
        out->data = slot->data;
        out->len = slot->len;
        out->arrival = slot->seen;

        j->given = slot->data;
        j->bytes -= slot->len;
        j->next++;

        slot->data = NULL;

        return NGX_OK;
    }

    if (now_us < slot->seen + (uint64_t) j->conf.wait * 1000
        && !ngx_whip_jitter_full(j))
    {
        return NGX_AGAIN;
    }

    /* the highest is there, and ends it */

    do {
        j->next++;
        out->lost++;

    } while (ngx_whip_jitter_slot(j, j->next)->data == NULL);

    j->missing -= out->lost;
    j->counters.lost += out->lost;

    return NGX_DECLINED;
}


/* there is always room for one packet more */

static ngx_uint_t
ngx_whip_jitter_full(ngx_whip_jitter_t *j)
{
    return j->highest - j->next >= j->conf.max_packets
           || j->conf.max_bytes - j->bytes < NGX_WHIP_JITTER_PACKET;
}


ngx_uint_t
ngx_whip_jitter_nack(ngx_whip_jitter_t *j, uint64_t now_us, ngx_msec_t rtt,
    uint16_t *seqs, ngx_uint_t max)
{
    uint64_t                 ext, trip;
    ngx_uint_t               n;
    ngx_whip_jitter_slot_t  *slot;

    if (!j->conf.nack || j->missing == 0 || now_us < j->nack_time) {
        return 0;
    }

    trip = rtt ? (uint64_t) ngx_min(rtt, NGX_WHIP_JITTER_MAX_WAIT) * 1000
               : j->rtt;

    n = 0;
    j->fresh = 0;
    j->nack_time = NGX_WHIP_JITTER_NEVER;

    for (ext = j->next; ext < j->highest; ext++) {

        slot = ngx_whip_jitter_slot(j, ext);

        if (slot->data) {
            continue;
        }

        if (slot->tries == 0
            && j->arrivals - slot->order >= NGX_WHIP_JITTER_LATER)
        {
            slot->again = ngx_min(slot->again, now_us);
        }

        if (n < max && now_us >= slot->again
            && ngx_whip_jitter_ask(j, slot, trip, now_us))
        {
            seqs[n++] = (uint16_t) ext;
        }

        j->nack_time = ngx_min(j->nack_time, slot->again);

        if (slot->tries == 0 && !j->fresh) {
            j->fresh = 1;
            j->fresh_order = slot->order;
        }
    }

    return n;
}


static ngx_uint_t
ngx_whip_jitter_ask(ngx_whip_jitter_t *j, ngx_whip_jitter_slot_t *slot,
    uint64_t rtt, uint64_t now_us)
{
    uint64_t  deadline;

    deadline = slot->seen + (uint64_t) j->conf.wait * 1000;

    slot->again = NGX_WHIP_JITTER_NEVER;

    if (now_us >= deadline) {
        return 0;
    }

    if (slot->tries++ == 0) {
        slot->asked = now_us;
        j->counters.nacked++;
    }

    now_us += ngx_max(rtt, NGX_WHIP_JITTER_REPEAT);

    if (slot->tries < j->conf.tries && now_us + rtt < deadline) {
        slot->again = now_us;
    }

    return 1;
}


ngx_msec_t
ngx_whip_jitter_timer(ngx_whip_jitter_t *j, uint64_t now_us)
{
    uint64_t                 t;
    ngx_whip_jitter_slot_t  *slot;

    if (!j->started || j->next > j->highest) {
        return NGX_TIMER_INFINITE;
    }

    slot = ngx_whip_jitter_slot(j, j->next);

    if (slot->data || ngx_whip_jitter_full(j)) {
        return 0;
    }

    t = slot->seen + (uint64_t) j->conf.wait * 1000;

    if (j->conf.nack) {
        t = ngx_min(t, j->nack_time);
    }

    return (t <= now_us) ? 0 : (ngx_msec_t) ((t - now_us + 999) / 1000);
}


/* RFC 3550 A.3 */

void
ngx_whip_jitter_report(ngx_whip_jitter_t *j, ngx_whip_jitter_report_t *report)
{
    int64_t   lost, interval_lost;
    uint64_t  expected, interval;

    ngx_memzero(report, sizeof(ngx_whip_jitter_report_t));

    if (!j->started) {
        return;
    }

    expected = j->highest + 1 - j->base;
    lost = (int64_t) expected - (int64_t) j->rfc_received;

    interval = expected - j->expected_prior;
    interval_lost = (int64_t) interval
                    - (int64_t) (j->rfc_received - j->received_prior);

    j->expected_prior = expected;
    j->received_prior = j->rfc_received;

    if (interval && interval_lost > 0) {
        report->fraction = (ngx_uint_t) interval_lost * 256 / interval;
        report->fraction = ngx_min(report->fraction, 255);
    }

    lost = ngx_min(lost, 0x7fffff);
    lost = ngx_max(lost, -0x800000);

    report->lost = (int32_t) lost;
    report->highest = (uint32_t) (j->highest - NGX_WHIP_JITTER_BASE);
    report->jitter = (uint32_t) (j->jitter >> 4);
}
