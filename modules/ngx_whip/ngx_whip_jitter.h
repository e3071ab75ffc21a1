
/*
 * Copyright (C) the ngx_live contributors
 *
 * The receiving end of one RTP stream, that is of one SSRC: brings packets into
 * order, says which ones to ask for again (RFC 4585 6.2.1), gives up what does
 * not come, and keeps the statistics of a receiver report (RFC 3550 A.1, A.3,
 * A.8).  Packets are opaque here.  No I/O and no clock: the time comes as a
 * parameter, "now_us", in microseconds of any clock that never goes back.
 *
 * Usage, for each packet that has been authenticated:
 *
 *     rc = ngx_whip_jitter_put(j, seq, ...);
 *
 *     NGX_DONE     handle the packet
 *     NGX_ABORT    reset the depacketizer, then handle the packet
 *     NGX_OK       call ngx_whip_jitter_get() until it says NGX_AGAIN, then
 *                  ngx_whip_jitter_nack(), then arm a timer for
 *                  ngx_whip_jitter_timer(); when that fires, the same again
 */


#ifndef _NGX_WHIP_JITTER_H_INCLUDED_
#define _NGX_WHIP_JITTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* RFC 3550 A.1: MAX_DROPOUT, here for both directions */

#define NGX_WHIP_JITTER_DROPOUT      3000

/* bits, a power of two above MAX_DROPOUT */

#define NGX_WHIP_JITTER_HISTORY      4096

#define NGX_WHIP_JITTER_MAX_PACKETS  2048
#define NGX_WHIP_JITTER_MAX_BYTES    (8 * 1024 * 1024)

/* us without a packet: what was lost meanwhile is too old to be asked for */

#define NGX_WHIP_JITTER_OUTAGE       5000000

/* ms: a gap that nobody is asked to fill waits no longer */

#define NGX_WHIP_JITTER_WAIT         100

/* requests for one packet */

#define NGX_WHIP_JITTER_TRIES        10


typedef struct {
    ngx_uint_t   rate;          /* Hz, of the RTP timestamp */
    ngx_msec_t   wait;          /* the longest that a gap holds later packets
                                   back; up to 60 s, and without "nack" up to
                                   NGX_WHIP_JITTER_WAIT */
    ngx_uint_t   max_packets;   /* span of the buffer; 0: the default; taken
                                   as 16 at least and 16384 at most */
    size_t       max_bytes;     /* of packets held; 0: the default; taken as
                                   128 KB at least */
    ngx_uint_t   tries;         /* requests for one packet; 0: the default */
    ngx_log_t   *log;           /* for ngx_alloc(), not NULL */
    unsigned     nack:1;        /* ask for what is missing */
} ngx_whip_jitter_conf_t;


/* what happened since ngx_whip_jitter_init(), in packets */

typedef struct {
    uint64_t     received;      /* everything that was put, RTX too */
    uint64_t     lost;          /* given up, or dropped by a restart */
    uint64_t     late;          /* came after it was given up, or was stray */
    uint64_t     duplicate;
    uint64_t     reordered;     /* filled a gap without having been asked for */
    uint64_t     nacked;        /* asked for, each counted once */
    uint64_t     repaired;      /* came after a NACK or by RTX, in time */
} ngx_whip_jitter_counters_t;


/* the fields of a report block, RFC 3550 6.4.1 */

typedef struct {
    ngx_uint_t   fraction;      /* 0 to 255, since the last report */
    int32_t      lost;          /* cumulative, -0x800000 to 0x7fffff */
    uint32_t     highest;       /* extended highest sequence number */
    uint32_t     jitter;        /* RTP timestamp units */
} ngx_whip_jitter_report_t;


typedef struct {
    u_char      *data;          /* the jitter buffer's */
    size_t       len;
    uint64_t     arrival;       /* "now_us" of its _put() */
    ngx_uint_t   lost;          /* packets, only with NGX_DECLINED */
} ngx_whip_jitter_packet_t;


typedef struct {
    u_char      *data;          /* NULL: missing */
    size_t       len;
    uint64_t     seen;          /* us, when it came, or was found missing */
    uint64_t     asked;         /* us, the first request */
    uint64_t     again;         /* us, the next request */
    uint32_t     order;         /* "arrivals" when it was found missing */
    uint32_t     tries;
} ngx_whip_jitter_slot_t;


/* private, here to be embedded */

typedef struct {
    ngx_whip_jitter_conf_t      conf;
    ngx_whip_jitter_counters_t  counters;

    uint64_t                    next;       /* extended, the next to get */
    uint64_t                    highest;    /* extended, ever put */

    ngx_whip_jitter_slot_t     *slots;      /* next .. highest, if any */
    ngx_uint_t                  nslots;     /* a power of two, or 0 */
    ngx_uint_t                  missing;    /* slots without data */
    size_t                      bytes;      /* of the slots with data */
    u_char                     *given;      /* by the last _get() */

    uint32_t                    arrivals;   /* packets that were no repairs */
    uint32_t                    fresh_order;
    uint64_t                    nack_time;  /* us, no request before */
    uint64_t                    heard;      /* us, when the highest came */
    uint64_t                    rtt;        /* us, from request to repair */

    uint64_t                    run_since;  /* us */
    ngx_uint_t                  run;        /* stray packets in a row */
    uint16_t                    run_next;

    uint64_t                    base;       /* extended, the first */
    uint64_t                    rfc_received;
    uint64_t                    expected_prior;
    uint64_t                    received_prior;
    uint64_t                    jitter;     /* times 16 */
    uint32_t                    transit;

    uint64_t                    history[NGX_WHIP_JITTER_HISTORY / 64];

    unsigned                    started:1;
    unsigned                    fresh:1;    /* some were not asked for yet */
    unsigned                    timed:1;    /* "transit" is valid */
} ngx_whip_jitter_t;


#pragma GCC visibility push(hidden)

/*
 * Copies "conf"; allocates nothing.  NGX_ERROR: the rate is 0 or above 10 MHz.
 */
ngx_int_t ngx_whip_jitter_init(ngx_whip_jitter_t *j,
    const ngx_whip_jitter_conf_t *conf);

/* also of a zeroed structure; the counters stay readable */
void ngx_whip_jitter_free(ngx_whip_jitter_t *j);

/*
 * "repaired": the packet was taken from an RTX packet (RFC 4588), with its
 * original sequence number; such a packet starts nothing, and is not in the
 * statistics of this SSRC.
 *
 *     NGX_DONE      next in order and nothing is held: the caller's buffer is
 *                   used at once, no copy was made
 *     NGX_OK        copied, ask ngx_whip_jitter_get() before the next one
 *     NGX_DECLINED  duplicate, too late, or stray: dropped
 *     NGX_ABORT     the sender began anew: everything held was dropped, this
 *                   packet is the first of a new run of sequence numbers; apart
 *                   from that as NGX_DONE
 *     NGX_ERROR     out of memory, the packet was dropped
 *
 * Sequence numbers more than 3000 away are stray until two packets in a row
 * have them.  A sender that began anew with numbers not as far below is
 * noticed when nothing but such packets came for two seconds.
 */
ngx_int_t ngx_whip_jitter_put(ngx_whip_jitter_t *j, uint16_t seq,
    uint32_t timestamp, u_char *packet, size_t len, ngx_uint_t repaired,
    uint64_t now_us);

/*
 *     NGX_OK        out->data, out->len, out->arrival: the next packet in
 *                   order, valid until the next _put(), _get() or _free()
 *     NGX_DECLINED  out->lost packets were given up, because the time or the
 *                   space was up; call again
 *     NGX_AGAIN     nothing now
 */
ngx_int_t ngx_whip_jitter_get(ngx_whip_jitter_t *j, uint64_t now_us,
    ngx_whip_jitter_packet_t *out);

/*
 * Which packets to ask for now: up to "max" (at least 1) sequence numbers, the
 * oldest first; returns how many.  The first request is made 15 ms after a gap
 * was seen, or with the third packet behind it; the next ones follow every
 * round trip time, or every 20 ms if that is less, while an answer may be in
 * time.  "rtt" 0 is for unknown: then the time that repairs took is taken.
 */
ngx_uint_t ngx_whip_jitter_nack(ngx_whip_jitter_t *j, uint64_t now_us,
    ngx_msec_t rtt, uint16_t *seqs, ngx_uint_t max);

/* ms until _get() or _nack() may have something, or NGX_TIMER_INFINITE */
ngx_msec_t ngx_whip_jitter_timer(ngx_whip_jitter_t *j, uint64_t now_us);

/* for one report block; ends the interval of the fraction lost */
void ngx_whip_jitter_report(ngx_whip_jitter_t *j,
    ngx_whip_jitter_report_t *report);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_JITTER_H_INCLUDED_ */
