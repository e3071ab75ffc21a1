
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure but for memory: the payloads of video packets, in order, are put
 * together to access units as RTMP and MP4 carry them, and to the decoder's
 * configuration record.
 *
 *     for each packet, in the order of sequence numbers:
 *         if some before it are missing           ngx_whip_payload_lost()
 *         if its timestamp is another             ngx_whip_payload_frame()
 *         the packet                              ngx_whip_payload_packet()
 *         if it has the marker                    ngx_whip_payload_frame()
 *
 * What a frame refers to is not looked at: after a lost frame those that need
 * it are whole, and still not to be shown.
 */


#ifndef _NGX_WHIP_PAYLOAD_H_INCLUDED_
#define _NGX_WHIP_PAYLOAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_codec.h"


/* bytes kept free before the frame, for the caller's tag header */

#define NGX_WHIP_FRAME_HEAD  32

/* no configuration record is longer */

#define NGX_WHIP_CONFIG_MAX  8192


typedef struct ngx_whip_payload_s  ngx_whip_payload_t;


/*
 * An access unit of H.264 or HEVC is of NAL units behind 4 bytes of length,
 * without parameter sets, delimiters, ends of sequences and filler.  Of AV1 it
 * is a temporal unit of OBUs with obu_has_size_field, without temporal
 * delimiters, tile lists and padding.
 *
 * The data belong to the payload; they, and NGX_WHIP_FRAME_HEAD bytes before
 * them, may be written to.  They last until the next _packet() or _destroy().
 */

typedef struct {
    u_char      *data;
    size_t       len;             /* up to 8 MB */
    ngx_uint_t   slices;          /* picture NAL units, frame OBUs; not 0 */
    unsigned     key:1;           /* IDR; HEVC: IRAP; AV1: a key frame that is
                                     shown, with its sequence header */
    unsigned     damaged:1;       /* something of it is missing, malformed or
                                     not told by the configuration record */
    unsigned     config:1;        /* the record is new since the last
                                     _config() that returned one */
} ngx_whip_frame_t;


#pragma GCC visibility push(hidden)

/*
 * NGX_WHIP_H264, NGX_WHIP_HEVC or NGX_WHIP_AV1; the log is for allocations and
 * must outlive the payload. NULL: out of memory, or no such codec of video.
 */
ngx_whip_payload_t *ngx_whip_payload_create(ngx_uint_t codec, ngx_log_t *log);

void ngx_whip_payload_destroy(ngx_whip_payload_t *p);

/*
 * The payload of one RTP packet, without padding: RFC 6184, RFC 7798 and the
 * RTP payload format for AV1.
 *
 *     NGX_OK        taken
 *     NGX_DECLINED  nothing usable: empty, a packet type that is not supported
 *                   or what follows a fragment that is known to be lost
 *     NGX_ERROR     malformed or beyond a limit; the access unit is damaged,
 *                   what could be used of it was
 *     NGX_ABORT     out of memory; the access unit is damaged
 */
ngx_int_t ngx_whip_payload_packet(ngx_whip_payload_t *p, const u_char *data,
    size_t len);

/*
 * Packets before the next one are missing: an open fragment is dropped, the
 * access unit is damaged if there is one, and so is the one of the next packet
 * unless it shows that it has its beginning.
 */
void ngx_whip_payload_lost(ngx_whip_payload_t *p);

/*
 * Ends the access unit, be it for the marker or for a new timestamp.
 *
 *     NGX_OK        `frame` is filled
 *     NGX_DECLINED  there is no picture in it, only parameter sets at most
 */
ngx_int_t ngx_whip_payload_frame(ngx_whip_payload_t *p,
    ngx_whip_frame_t *frame);

/*
 * Writes the record that fits the last frame, avcC, hvcC or av1C, and returns
 * its length. 0: it is not known yet, or is longer than `size`.
 */
size_t ngx_whip_payload_config(ngx_whip_payload_t *p, u_char *buf, size_t size);

/*
 * H.264's sprop-parameter-sets: NAL units in base64, divided by commas; RFC
 * 6184, 8.1.
 *
 *     NGX_OK        its parameter sets are kept as if they had been received
 *     NGX_DECLINED  not H.264
 *     NGX_ERROR     malformed; what stands before the fault is kept
 *     NGX_ABORT     out of memory
 */
ngx_int_t ngx_whip_payload_sprop(ngx_whip_payload_t *p, ngx_str_t *value);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_PAYLOAD_H_INCLUDED_ */
