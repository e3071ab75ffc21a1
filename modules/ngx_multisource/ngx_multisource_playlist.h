
/*
 * Copyright (C) the ngx_live contributors
 *
 * Playlists of low-latency HLS (draft-pantos-hls-rfc8216bis) and the delivery
 * directives in requests for them. Pure: no I/O, no clock, no allocation; the
 * same snapshot yields the same bytes in every worker.
 */


#ifndef _NGX_MULTISOURCE_PLAYLIST_H_INCLUDED_
#define _NGX_MULTISOURCE_PLAYLIST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_index.h"


/* 6.2.5 */

typedef struct {
    uint64_t     msn;           /* _HLS_msn */
    uint64_t     part;          /* _HLS_part */
    unsigned     has_msn:1;
    unsigned     has_part:1;
    unsigned     skip:1;        /* _HLS_skip=YES or v2 */
} ngx_multisource_directives_t;


enum {
    NGX_MULTISOURCE_PLAYLIST_ANSWER = 0,
    NGX_MULTISOURCE_PLAYLIST_HOLD,
    NGX_MULTISOURCE_PLAYLIST_REFUSE     /* 400: too far ahead */
};


#pragma GCC visibility push(hidden)

/*
 * The directives in a query string; others are left alone. NGX_DECLINED with
 * *why for the answer when they make no sense: not a number, negative, given
 * twice, _HLS_part without _HLS_msn.
 */
ngx_int_t ngx_multisource_playlist_directives(const ngx_str_t *args,
    ngx_multisource_directives_t *directives, const char **why);

/*
 * What to do with a request, as the source is at this moment, rules B1, B3 and
 * B4. Once a source has ended everything is answered; while it is NEW
 * everything is held; requests without directives are answered otherwise. A
 * part of the segment after the last one is let through however large its
 * number is: hls.js asks so without its low-latency mode.
 */
ngx_uint_t ngx_multisource_playlist_wanted(
    const ngx_multisource_index_head_t *head,
    const ngx_multisource_directives_t *directives);

/*
 * The same for a part that is asked for by its name before it is there: HOLD
 * for the part that is hinted at, and for what can follow it within a target
 * duration; REFUSE (404) for others; ANSWER when it must be there by now.
 */
ngx_uint_t ngx_multisource_playlist_wanted_part(
    const ngx_multisource_index_head_t *head, uint64_t epoch, uint64_t msn,
    ngx_uint_t part);

/*
 * An upper bound of the size of what follows, bytes, and the playlist itself,
 * of a source that is not NEW, by which the end is returned. `skip` gives the
 * delta update, or the whole list if there is nothing to skip or the source has
 * ended (B6). Rules L1 to L22; lines end with LF; EXTINF and DURATION have five
 * decimals; PROGRAM-DATE-TIME with ms and "Z" at each segment.
 */
size_t ngx_multisource_playlist_media_size(
    const ngx_multisource_index_snapshot_t *snapshot);
u_char *ngx_multisource_playlist_media(u_char *p,
    const ngx_multisource_index_snapshot_t *snapshot, ngx_uint_t skip);

/* the multivariant playlist of one source: its only variant is live.m3u8 */
size_t ngx_multisource_playlist_source_size(void);
u_char *ngx_multisource_playlist_source(u_char *p,
    const ngx_multisource_index_head_t *head);

/* one of the sources of a streamer; strings are plain names */

typedef struct {
    ngx_str_t                        name;      /* of the source */
    ngx_str_t                        label;     /* for people */
    ngx_multisource_index_head_t    *head;
} ngx_multisource_playlist_angle_t;

/*
 * The multivariant playlist of a streamer: its sources as EXT-X-MEDIA
 * TYPE=VIDEO in one group, the first of them (main, if there is one: the
 * caller's order) DEFAULT, and one variant. Sources without video are left out;
 * 0 of them with video yields a playlist of plain variants.
 */
size_t ngx_multisource_playlist_streamer_size(ngx_uint_t nangles);
u_char *ngx_multisource_playlist_streamer(u_char *p,
    const ngx_multisource_playlist_angle_t *angles, ngx_uint_t nangles);

/*
 * A VOD playlist is written segment by segment as they are complete:
 * the head once, a segment each (`before` is the one that was written before,
 * NULL: the first), the tail at the end. Each at most
 * NGX_MULTISOURCE_PLAYLIST_VOD_MAX bytes.
 */

#define NGX_MULTISOURCE_PLAYLIST_VOD_MAX  512

u_char *ngx_multisource_playlist_vod_head(u_char *p,
    const ngx_multisource_index_head_t *head);
u_char *ngx_multisource_playlist_vod_segment(u_char *p,
    const ngx_multisource_index_segment_t *segment,
    const ngx_multisource_index_segment_t *before);
u_char *ngx_multisource_playlist_vod_tail(u_char *p);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_PLAYLIST_H_INCLUDED_ */
