
/*
 * Copyright (C) the ngx_live contributors
 *
 * Reads an SDP answer (RFC 8866) or the fragment of an ICE restart (RFC 8840)
 * into what a publisher needs of it.  Pure: no I/O, no state.
 */


#ifndef _SDP_H_INCLUDED_
#define _SDP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SDP_MEDIA_MAX       8
#define SDP_PTS_MAX         32
#define SDP_CANDIDATES_MAX  16
#define SDP_RIDS_MAX        4
#define SDP_EXTS_MAX        16


typedef struct {
    int       tcp;                        /* tcptype passive, or UDP */
    uint32_t  priority;
    char      address[64];
    int       port;
} sdp_candidate_t;


typedef struct {
    int   pt;
    char  codec[24];                      /* of rtpmap, "H264/90000" */
} sdp_pt_t;


typedef struct {
    int   id;
    char  uri[96];
} sdp_ext_t;


typedef struct {
    char       kind[16];
    int        port;
    char       proto[32];
    char       mid[64];
    char       direction[16];
    char       setup[16];
    unsigned   rtcp_mux:1;
    unsigned   simulcast_recv:1;
    unsigned   simulcast_send:1;

    sdp_pt_t   pts[SDP_PTS_MAX];
    unsigned   npts;
    sdp_ext_t  exts[SDP_EXTS_MAX];
    unsigned   nexts;
    char       rids[SDP_RIDS_MAX][20];    /* a=rid:... recv */
    unsigned   nrids;
} sdp_media_t;


typedef struct {
    char             ufrag[260];
    char             pwd[260];
    char             hash[16];            /* of the fingerprint, "sha-256" */
    char             fingerprint[200];
    char             group[256];          /* of BUNDLE, the mids */
    char             setup[16];
    unsigned         ice_lite:1;
    unsigned         end_of_candidates:1;

    sdp_candidate_t  candidates[SDP_CANDIDATES_MAX];
    unsigned         ncandidates;
    unsigned         first_is_udp:1;      /* the first line of them */
    sdp_media_t      media[SDP_MEDIA_MAX];
    unsigned         nmedia;
} sdp_t;


/* unknown lines, and what there is too much of, are skipped */

void sdp_parse(sdp_t *sdp, const char *text);

/* the payload type with this codec name, -1: none */

int sdp_payload_type(const sdp_media_t *media, const char *codec);

/* the id of a header extension, 0: none */

int sdp_extension(const sdp_media_t *media, const char *uri);


#endif /* _SDP_H_INCLUDED_ */
