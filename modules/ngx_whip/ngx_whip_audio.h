
/*
 * Copyright (C) the ngx_live contributors
 *
 * From Opus to AAC-LC at 48 kHz, inline: the only file that knows libopus and
 * libavcodec.  Nothing here blocks or has a thread; a minute of stereo costs
 * about 0.1 s of CPU for the decoder and 0.5 s for the encoder.
 *
 * Times are in samples at 48 kHz, which is what RTP timestamps of Opus count
 * in; a pts is a timestamp extended to 64 bits, from -2^61 to 2^61.
 *
 * A run is an unbroken row of frames of 1024 samples.  It begins at the pts of
 * a packet and then goes on by counting samples:
 *
 *     up to 5 ms early or late    the clock of a sender; nothing is done
 *     up to 120 ms are missing    the last frame is taken from the copy that
 *                                 the next packet may have (RFC 6716, 2.1.7),
 *                                 the others are extrapolated
 *     up to 1 s is missing        silence
 *     DTX, RFC 6716 2.1.9         silence
 *     samples that are late       dropped
 *     more than 1 s either way    the run ends, filled up with silence, and
 *                                 another one begins
 *
 * What the codec was told to look ahead at the sender, 6.5 ms as a rule, is
 * part of the sender's capture delay and not compensated.
 */


#ifndef _NGX_WHIP_AUDIO_H_INCLUDED_
#define _NGX_WHIP_AUDIO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WHIP_AUDIO_FRAME         1024    /* samples of an AAC frame */
#define NGX_WHIP_AUDIO_HEADROOM      32      /* bytes before an AAC frame */

#define NGX_WHIP_AUDIO_MIN_BITRATE   16000   /* per channel */
#define NGX_WHIP_AUDIO_MAX_BITRATE   160000

#define NGX_WHIP_AUDIO_MAX_CONCEAL   5760    /* 120 ms */
#define NGX_WHIP_AUDIO_MAX_GAP       48000   /* 1 s */


typedef struct ngx_whip_audio_s  ngx_whip_audio_t;


/* all of them count since the transcoder was created */

typedef struct {
    uint64_t    packets;      /* decoded, or DTX */
    uint64_t    malformed;    /* packets */
    uint64_t    late;         /* packets dropped, of which all was late */
    uint64_t    frames;       /* of AAC handed on */
    uint64_t    jumps;        /* runs that a jump ended */

    uint64_t    decoded;      /* samples of packets */
    uint64_t    concealed;    /* samples extrapolated */
    uint64_t    recovered;    /* samples from copies in later packets */
    uint64_t    silence;      /* samples of DTX, gaps and ends of runs */
    uint64_t    dropped;      /* samples that were late, but for late packets */
} ngx_whip_audio_stats_t;


/*
 * Takes one AAC frame, without ADTS, of which "pts" is the first sample: what a
 * packet of that pts sounds like is heard there, the encoder's delay is already
 * taken off.  Frames come in order, two frames after their samples.  The first
 * of a run has the 1024 samples before it, all silent, without which a decoder
 * could not reconstruct the second; it may be dropped.
 *
 * The frame is valid during the call; the NGX_WHIP_AUDIO_HEADROOM bytes before
 * it may be written to.  The transcoder must not be used or destroyed in the
 * call.  Anything but NGX_OK is an error.
 */
typedef ngx_int_t (*ngx_whip_audio_pt)(void *data, u_char *frame, size_t len,
    int64_t pts);


#pragma GCC visibility push(hidden)

/*
 * One transcoder, for 1 or 2 channels; packets may have either.  "bitrate" is
 * in bit/s for all channels together, forced into the range above: what music
 * takes at most, less when there is less to code.  NULL: out of memory, or no
 * such encoder, which has been logged.  "log" must outlive the transcoder.
 */
ngx_whip_audio_t *ngx_whip_audio_create(ngx_uint_t channels,
    ngx_uint_t bitrate, ngx_whip_audio_pt handler, void *data,
    ngx_log_t *log);

/* frees all of it, and what it still holds is lost; "a" may be NULL */
void ngx_whip_audio_destroy(ngx_whip_audio_t *a);

/*
 * Writes the AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1, of 2 to 5 bytes, and
 * returns its length; 0 if it is longer than "size".
 */
size_t ngx_whip_audio_config(ngx_whip_audio_t *a, u_char *buf, size_t size);

/*
 * One Opus packet, the payload of an RTP packet.  To be called in the order of
 * pts; the handler may be called up to 53 times.
 *
 *     NGX_OK        what it held will be heard, or was late, or it was empty
 *     NGX_DECLINED  it is malformed; it counts as lost
 *     NGX_ERROR     the encoder failed, which has been logged, or the handler:
 *                   destroy the transcoder
 */
ngx_int_t ngx_whip_audio_packet(ngx_whip_audio_t *a, int64_t pts,
    const u_char *p, size_t len);

/*
 * Time has come to pts, and no packet before it will: the run goes on with
 * silence until there, or ends if that is more than 1 s.  For a sender that
 * stopped sending.  Does nothing before the first packet.  NGX_OK or NGX_ERROR,
 * as above.
 */
ngx_int_t ngx_whip_audio_advance(ngx_whip_audio_t *a, int64_t pts);

/*
 * The end of the run: it is filled up with silence to a whole frame, and all of
 * it is handed on.  The next packet begins another, with any pts, and has
 * nothing to do with the packets before.  NGX_OK or NGX_ERROR, as above.
 */
ngx_int_t ngx_whip_audio_reset(ngx_whip_audio_t *a);

/* valid until the transcoder is destroyed */
const ngx_whip_audio_stats_t *ngx_whip_audio_stats(ngx_whip_audio_t *a);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_AUDIO_H_INCLUDED_ */
