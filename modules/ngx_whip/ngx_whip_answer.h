
/*
 * Copyright (C) the ngx_live contributors
 *
 * What is accepted of a WHIP client's offer, and the answer that tells it:
 * RFC 9725, 4.2 to 4.4; RFC 9429, 5.3.  Pure.
 */


#ifndef _NGX_WHIP_ANSWER_H_INCLUDED_
#define _NGX_WHIP_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_codec.h"
#include "ngx_whip_sdp.h"
#include "ngx_whip_text.h"


/* FFmpeg reads no more of an answer */

#define NGX_WHIP_ANSWER_MAX_SIZE  8191

#define NGX_WHIP_MEDIA_MAX        2
#define NGX_WHIP_RIDS_MAX         NGX_WHIP_SDP_MAX_RIDS


/* flags: what not to accept, although it is offered */

#define NGX_WHIP_ANSWER_NO_HEVC       0x1
#define NGX_WHIP_ANSWER_NO_AV1        0x2
#define NGX_WHIP_ANSWER_NO_SIMULCAST  0x4    /* the client picks one layer */


/* strings point into the text of the offer */

typedef struct {
    ngx_uint_t               kind;           /* ngx_whip_kind_e */
    ngx_uint_t               codec;          /* ngx_whip_codec_e */
    ngx_str_t                mid;            /* empty: the offer had none */
    ngx_uint_t               pt;             /* payload type */
    ngx_int_t                rtx_pt;         /* of RFC 4588, -1: none */
    uint32_t                 ssrc;           /* of a=ssrc or FID, 0: unknown */
    uint32_t                 rtx_ssrc;       /* of FID, 0: unknown */
    ngx_str_t                sprop;          /* H.264 sprop-parameter-sets */

    /* layers of simulcast in the offer's order; none: one stream */

    ngx_str_t                rids[NGX_WHIP_RIDS_MAX];
    ngx_uint_t               nrids;
    ngx_uint_t               paused;         /* bit N: rids[N] was, at the time
                                                of the offer: RFC 8853, 5.1 */

    /* ids of header extensions, 1 to 255, of this media; 0: none */

    ngx_uint_t               ext_mid;
    ngx_uint_t               ext_rid;
    ngx_uint_t               ext_rrid;
    ngx_uint_t               ext_twcc;

    unsigned                 nack:1;
    unsigned                 pli:1;
    unsigned                 fir:1;
    unsigned                 twcc:1;         /* then ext_twcc is not 0 */
    unsigned                 remb:1;
    unsigned                 rsize:1;        /* RFC 5506 */
    unsigned                 stereo:1;       /* 0: the client sends mono */
    unsigned                 bundled:1;      /* named in the group BUNDLE */
} ngx_whip_media_t;


/* nmedia is 1 or 2, in the order of the offer; of each kind one at most */

typedef struct {
    ngx_whip_media_t         media[NGX_WHIP_MEDIA_MAX];
    ngx_uint_t               nmedia;
    ngx_uint_t               tagged;         /* first of the group BUNDLE */

    unsigned                 dtls_client:1;  /* our role: the client is passive,
                                                0: it starts the handshake */
    /* the client's */

    ngx_str_t                ufrag;
    ngx_str_t                pwd;
    ngx_whip_fingerprint_t   fingerprints[NGX_WHIP_SDP_MAX_FINGERPRINTS];
    ngx_uint_t               nfingerprints;  /* 1 or more; any may match */
} ngx_whip_answer_t;


/* one of our addresses */

typedef struct {
    ngx_str_t                address;        /* text of an IPv4 or IPv6 one */
    in_port_t                port;           /* in host byte order */
    ngx_uint_t               priority;       /* 0 is preferred to 1, and so on;
                                                no two alike */
    unsigned                 tcp:1;          /* passive: RFC 6544 */
} ngx_whip_candidate_t;


/* our side; of the strings only characters that SDP allows in their places */

typedef struct {
    ngx_str_t                session;        /* decimal digits */
    ngx_str_t                ufrag;
    ngx_str_t                pwd;
    u_char                   fingerprint[32];  /* SHA-256 of our certificate */
    ngx_whip_candidate_t    *candidates;
    ngx_uint_t               ncandidates;
} ngx_whip_local_t;


#pragma GCC visibility push(hidden)

/*
 * Decides what of a parsed offer is accepted, all its media or none:
 *
 *     video   H.264 with packetization-mode 1, else H.264 with mode 0, else
 *             HEVC, else AV1; of several payload types the first offered
 *     audio   Opus at 48000 Hz with two channels
 *
 *     NGX_OK        *a is complete
 *     NGX_DECLINED  422; *why is a sentence without anything of the offer in it
 */
ngx_int_t ngx_whip_answer_choose(ngx_whip_answer_t *a, ngx_whip_sdp_t *offer,
    ngx_uint_t flags, const char **why);

/*
 * Writes the answer to the offer that *a was chosen from, to buf .. last but
 * not more than NGX_WHIP_ANSWER_MAX_SIZE bytes.  Returns its end, or NULL if it
 * does not fit.
 */
u_char *ngx_whip_answer_write(u_char *buf, u_char *last, ngx_whip_answer_t *a,
    ngx_whip_sdp_t *offer, ngx_whip_local_t *local);

/*
 * Parts that a fragment has too: the group BUNDLE, if there is one; our name
 * and password; our candidates (RFC 8839, 5.1 and RFC 6544, 4.5), IPv4 by UDP
 * first and TCP last, with their end.
 */
void ngx_whip_answer_group(ngx_whip_text_t *text, ngx_whip_answer_t *a);
void ngx_whip_answer_ice(ngx_whip_text_t *text, ngx_whip_local_t *local);
void ngx_whip_answer_candidates(ngx_whip_text_t *text,
    ngx_whip_local_t *local);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_ANSWER_H_INCLUDED_ */
