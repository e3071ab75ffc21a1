
/*
 * Copyright (C) the ngx_live contributors
 *
 * One time line for the audio and the video of a session.  No I/O and no clock:
 * the time comes as a parameter, "now_us", in microseconds of a clock that
 * never goes back.
 *
 * Each track advances with its RTP timestamps, which have neither jitter nor
 * rounding errors that add up, and thus with the clock of the sender.  What
 * remains is where the tracks lie to each other, and that drifts, because a
 * sender may take its audio and video clocks from different oscillators:
 *
 *     sender reports   say it, RFC 3550 6.4.1, if both tracks have them and
 *                      they can be believed;
 *     times of arrival say it as well as the sender's pipelines are equally
 *                      long: the shortest transit times within a few seconds
 *                      are compared, those of packets that met no queue.
 *
 * Audio is never slewed.  Video follows it, once it was more than 8 ms away for
 * 1.5 s, by up to a twentieth of the time between two frames: 1.7 ms at 30
 * frames a second.  Only an error above 500 ms is removed faster: forward at
 * once, backward at half speed, since time never goes back.
 *
 * A track is placed anew where its time of arrival says when its timestamps
 * jump: by more than 10 s, back by more than 500 ms, or ahead of what can have
 * arrived by more than 500 ms.  A pause during which they stood still shows
 * after two seconds, since it looks like a stall of the network at first.
 *
 * Sender reports that are believed also tell what the sender's own clock shows
 * at a time of the line.  Sessions of one sender, each with a line of its own,
 * have that in common.
 */


#ifndef _NGX_WHIP_CLOCK_H_INCLUDED_
#define _NGX_WHIP_CLOCK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WHIP_CLOCK_AUDIO    0
#define NGX_WHIP_CLOCK_VIDEO    1
#define NGX_WHIP_CLOCK_TRACKS   2

/* the window of transit times, of one second each */

#define NGX_WHIP_CLOCK_BUCKETS  8


/* private, all of them, here to be embedded; times in us */

typedef struct {
    uint64_t                 ntp;       /* 32.32 */
    int64_t                  rtp;       /* unwrapped */
    int64_t                  adjust;    /* to "ntp", smooths it */
    int64_t                  time;      /* of arrival */
    ngx_uint_t               count;     /* that agree, 0: none */
} ngx_whip_clock_sr_t;


typedef struct {
    ngx_uint_t               rate;      /* Hz */

    int64_t                  rtp;       /* unwrapped, of the newest frame */
    int64_t                  rtp0;      /* where the line begins, and */
    int64_t                  base;      /* the time there */
    int64_t                  offset;    /* what was slewed */

    int64_t                  out;       /* of the newest frame */
    int64_t                  arrival;   /* of the newest frame */
    int64_t                  placed;    /* when the line began */

    int64_t                  transit;   /* of the newest frame */
    int64_t                  floor;     /* the least in the window */
    int64_t                  bucket[NGX_WHIP_CLOCK_BUCKETS];
    int64_t                  current;   /* number of the bucket in use */

    int64_t                  pause;     /* since when it may be one */
    int64_t                  pause_floor;

    ngx_whip_clock_sr_t      sr;        /* believed */
    ngx_whip_clock_sr_t      other;     /* the last that did not agree */
    int64_t                  sr_since;
    ngx_uint_t               sr_need;   /* that agree, to be believed */

    uint64_t                 early_ntp;       /* came before the first frame */
    uint64_t                 early_now;
    uint32_t                 early_timestamp;

    unsigned                 known:1;   /* "out" and "floor" are valid */
    unsigned                 anchored:1;
    unsigned                 paused:1;  /* may be */
    unsigned                 early:1;
} ngx_whip_clock_track_t;


typedef struct {
    ngx_whip_clock_track_t   track[NGX_WHIP_CLOCK_TRACKS];

    uint64_t                 epoch;     /* now_us of the first frame */
    int64_t                  skew;
    int64_t                  apart;     /* when the skew was last small */
    int64_t                  bias;      /* of arrival, as by sender reports */
    int64_t                  told;      /* what time's date was told last */

    unsigned                 started:1;
    unsigned                 dated:1;   /* "told" is valid */
    unsigned                 synced:1;
    unsigned                 slewing:1;
    unsigned                 stepping:1;
} ngx_whip_clock_t;


#pragma GCC visibility push(hidden)

void ngx_whip_clock_init(ngx_whip_clock_t *c);

/*
 * Begins a track, or begins it anew with timestamps that have nothing to do
 * with those so far: a new SSRC, a restart, another simulcast layer.  Its next
 * frame is placed by the time of its arrival.  "rate" is that of the RTP
 * timestamp in Hz, 1 to 10 million.
 */
void ngx_whip_clock_track(ngx_whip_clock_t *c, ngx_uint_t track,
    ngx_uint_t rate);

/*
 * A sender report of the SSRC that the track is taken from: the 64 bits of its
 * NTP timestamp and its RTP timestamp.  Two in a row must agree before they
 * count, and twice as many each time that one was at odds with them.
 */
void ngx_whip_clock_report(ngx_whip_clock_t *c, ngx_uint_t track,
    uint64_t ntp, uint32_t timestamp, uint64_t now_us);

/*
 * The time of a frame, in us since the session's first frame, from its RTP
 * timestamp and the arrival of its first packet.  0 and above; the same for the
 * same timestamp, and never less for a later one.  A timestamp that is earlier
 * by up to 500 ms, as of pictures that are sent in decoding order, yields an
 * earlier time.
 */
int64_t ngx_whip_clock_stamp(ngx_whip_clock_t *c, ngx_uint_t track,
    uint32_t timestamp, uint64_t now_us);

/*
 * us that the video will yet be moved by: it is early if positive.  A few ms
 * always remain.
 */
int64_t ngx_whip_clock_skew(ngx_whip_clock_t *c);

/* whether the tracks are aligned by sender reports of both */
ngx_uint_t ngx_whip_clock_synced(ngx_whip_clock_t *c);

/*
 * What the sender's clock showed, in us since 1970, when it captured what has
 * this time by ngx_whip_clock_stamp(): as the reports of the video say or,
 * where they are not believed, those of the audio.  NGX_DECLINED: neither are,
 * the two are at odds, or the sender's clock knows no date.
 */
ngx_int_t ngx_whip_clock_date(ngx_whip_clock_t *c, int64_t time,
    int64_t *date);

/* the same, but NGX_DECLINED within 2 s after the time that was told last */
ngx_int_t ngx_whip_clock_tell(ngx_whip_clock_t *c, int64_t time,
    int64_t *date);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_CLOCK_H_INCLUDED_ */
