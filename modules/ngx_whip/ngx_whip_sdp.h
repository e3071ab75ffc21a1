
/*
 * Copyright (C) the ngx_live contributors
 *
 * Reads the offer of a WHIP client: RFC 9725, 4.2 and 4.4; RFC 8866 for the
 * grammar, RFC 9429 for what is in it.  Pure.
 *
 * Nothing is copied or allocated: strings point into the text of the offer,
 * whose buffer the caller keeps alive for as long as it uses the result, and
 * have no control characters.  What is not known is not an error.
 */


#ifndef _NGX_WHIP_SDP_H_INCLUDED_
#define _NGX_WHIP_SDP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_WHIP_SDP_MAX_SIZE          65536
#define NGX_WHIP_SDP_MAX_MEDIA         4
#define NGX_WHIP_SDP_MAX_FORMATS       64    /* payload types of one media */
#define NGX_WHIP_SDP_MAX_EXTENSIONS    32    /* per media, and of the session */
#define NGX_WHIP_SDP_MAX_RIDS          4
#define NGX_WHIP_SDP_MAX_FINGERPRINTS  8     /* per media, and of the session */
#define NGX_WHIP_SDP_MAX_ID            64    /* bytes of a mid or a rid */


typedef enum {
    NGX_WHIP_AUDIO = 0,
    NGX_WHIP_VIDEO
} ngx_whip_kind_e;


/* the hash functions of RFC 8122, 5 that are strong enough */

typedef enum {
    NGX_WHIP_SHA256 = 1,
    NGX_WHIP_SHA384,
    NGX_WHIP_SHA512
} ngx_whip_hash_e;


/* RFC 4145, 4 */

typedef enum {
    NGX_WHIP_SDP_ACTPASS = 1,
    NGX_WHIP_SDP_ACTIVE,
    NGX_WHIP_SDP_PASSIVE
} ngx_whip_sdp_setup_e;


/* RFC 8866, 6.7 */

typedef enum {
    NGX_WHIP_SDP_SENDRECV = 1,
    NGX_WHIP_SDP_SENDONLY,
    NGX_WHIP_SDP_RECVONLY,
    NGX_WHIP_SDP_INACTIVE
} ngx_whip_sdp_direction_e;


/* attributes that are there or not */

#define NGX_WHIP_SDP_ICE_LITE          0x01
#define NGX_WHIP_SDP_EXTMAP_MIXED      0x02
#define NGX_WHIP_SDP_BUNDLE_ONLY       0x04
#define NGX_WHIP_SDP_RTCP_MUX          0x08
#define NGX_WHIP_SDP_RTCP_MUX_ONLY     0x10
#define NGX_WHIP_SDP_RTCP_RSIZE        0x20

/* feedback: RFC 4585, 4.2 and what came later */

#define NGX_WHIP_SDP_NACK              0x01
#define NGX_WHIP_SDP_NACK_PLI          0x02
#define NGX_WHIP_SDP_CCM_FIR           0x04
#define NGX_WHIP_SDP_GOOG_REMB         0x08
#define NGX_WHIP_SDP_TRANSPORT_CC      0x10


typedef struct {
    ngx_uint_t                 algorithm;    /* ngx_whip_hash_e */
    u_char                     digest[64];
    size_t                     len;          /* 32, 48 or 64 */
} ngx_whip_fingerprint_t;


typedef struct {
    ngx_str_t                  ufrag;        /* of RFC 8839, 5.4, or empty */
    ngx_str_t                  pwd;
    ngx_uint_t                 setup;        /* ngx_whip_sdp_setup_e, 0: none */
    ngx_whip_fingerprint_t     fingerprints[NGX_WHIP_SDP_MAX_FINGERPRINTS];
    ngx_uint_t                 nfingerprints;
} ngx_whip_sdp_transport_t;


/* RFC 8285, 5 */

typedef struct {
    ngx_uint_t                 id;           /* 1 to 255 */
    ngx_uint_t                 direction;    /* 0: not given */
    ngx_str_t                  uri;
} ngx_whip_sdp_extension_t;


/* what both the session and a media may say */

typedef struct {
    ngx_whip_sdp_transport_t   transport;
    ngx_uint_t                 direction;    /* 0: not given */
    ngx_uint_t                 flags;
    ngx_whip_sdp_extension_t   extensions[NGX_WHIP_SDP_MAX_EXTENSIONS];
    ngx_uint_t                 nextensions;
} ngx_whip_sdp_level_t;


typedef struct {
    ngx_uint_t                 pt;           /* 0 to 127 */
    ngx_str_t                  name;         /* empty: no a=rtpmap */
    ngx_uint_t                 clock;        /* Hz */
    ngx_uint_t                 channels;
    ngx_str_t                  fmtp;         /* parameters, or empty */
    ngx_uint_t                 feedback;     /* of this type alone */
} ngx_whip_sdp_format_t;


/* a=rid:ID send: RFC 8851 */

typedef struct {
    ngx_str_t                  id;
    ngx_str_t                  restrictions;
} ngx_whip_sdp_rid_t;


typedef struct {
    ngx_whip_sdp_level_t       level;
    ngx_uint_t                 kind;         /* ngx_whip_kind_e */
    ngx_uint_t                 port;
    ngx_str_t                  protocol;
    ngx_str_t                  mid;          /* a token, or empty */
    ngx_whip_sdp_format_t      formats[NGX_WHIP_SDP_MAX_FORMATS];
    ngx_uint_t                 nformats;     /* 1 or more */
    ngx_uint_t                 feedback;     /* of a=rtcp-fb:*, for all */
    uint32_t                   ssrc;         /* the first a=ssrc, or 0 */
    uint32_t                   fid[2];       /* the first a=ssrc-group:FID */
    ngx_whip_sdp_rid_t         rids[NGX_WHIP_SDP_MAX_RIDS];
    ngx_uint_t                 nrids;
    ngx_str_t                  simulcast;    /* the list behind "send" */
    unsigned                   bundled:1;    /* in the group BUNDLE */
} ngx_whip_sdp_media_t;


typedef struct {
    ngx_whip_sdp_level_t       session;
    ngx_str_t                  bundle;       /* the mids of the group BUNDLE */
    ngx_whip_sdp_media_t       media[NGX_WHIP_SDP_MAX_MEDIA];
    ngx_uint_t                 nmedia;

    /*
     * The one transport that all media share, as the tagged media (RFC 9143,
     * 7.2) or else the session describes it: complete.
     */

    ngx_uint_t                 tagged;       /* its index */
    ngx_whip_sdp_transport_t   transport;
} ngx_whip_sdp_t;


#pragma GCC visibility push(hidden)

/*
 * Reads p .. end into *sdp, which is some 30 KB.
 *
 *     NGX_OK        one or more media, audio or video, that are sent to us over
 *                   one transport with credentials for ICE and DTLS; which
 *                   codecs and how many is not looked at
 *     NGX_DECLINED  well formed, but nothing that could be accepted: 422
 *     NGX_ERROR     malformed: 400
 *
 * Unless NGX_OK, *why is a sentence without anything of the offer in it.
 */
ngx_int_t ngx_whip_sdp_parse(ngx_whip_sdp_t *sdp, u_char *p, u_char *end,
    const char **why);

/* the format of that payload type, or NULL */
ngx_whip_sdp_format_t *ngx_whip_sdp_format(ngx_whip_sdp_media_t *media,
    ngx_uint_t pt);

/* the extension that the media or else the session offers, or NULL */
ngx_whip_sdp_extension_t *ngx_whip_sdp_extension(ngx_whip_sdp_t *sdp,
    ngx_whip_sdp_media_t *media, const char *uri);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_SDP_H_INCLUDED_ */
