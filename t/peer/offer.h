
/*
 * Copyright (C) the ngx_live contributors
 *
 * Writes the SDP offer, and the fragments for PATCH, as the options say; checks
 * the answer against it.
 */


#ifndef _OFFER_H_INCLUDED_
#define _OFFER_H_INCLUDED_


#include "options.h"
#include "sdp.h"


#define OFFER_EXT_MID   "urn:ietf:params:rtp-hdrext:sdes:mid"
#define OFFER_EXT_RID   "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
#define OFFER_EXT_RRID  "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
#define OFFER_EXT_TWCC  "http://www.ietf.org/id/" \
                        "draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define OFFER_EXT_TIME  "http://www.webrtc.org/experiments/rtp-hdrext/" \
                        "abs-send-time"


typedef struct {
    const options_t  *options;

    /* by kind */
    int               present[OPTIONS_KINDS];
    uint32_t          ssrc[OPTIONS_KINDS];
    uint32_t          rtx_ssrc[OPTIONS_KINDS];

    const char       *cname;
    const char       *ufrag;
    const char       *pwd;
    const char       *fingerprint;        /* AB:CD:..., SHA-256 */
    const char       *profile;            /* profile-level-id of the SPS */
    const char       *sprop;              /* sprop-parameter-sets */
    const char       *address;            /* of the candidate, or NULL */
    int               port;
} offer_t;


/* the caller frees the texts */

char *offer_write(const offer_t *offer);

/* for a restart with the credentials of "offer", or for trickle */

char *offer_fragment(const offer_t *offer);

/* what is wrong with an answer: an array of sentences, empty: nothing is */

json_t *offer_check(const offer_t *offer, const sdp_t *answer,
    const char *text);


#endif /* _OFFER_H_INCLUDED_ */
