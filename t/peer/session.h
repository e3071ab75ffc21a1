
/*
 * Copyright (C) the ngx_live contributors
 *
 * A publisher from its offer to its end, as often as it is asked to: WHIP
 * (RFC 9725), then ICE, DTLS and media.
 */


#ifndef _SESSION_H_INCLUDED_
#define _SESSION_H_INCLUDED_


#include "dtls.h"
#include "http.h"
#include "ice.h"
#include "offer.h"
#include "sender.h"


/* what all sessions send */

typedef struct {
    media_t    *video[OPTIONS_FILES_MAX];
    unsigned    nvideo;
    media_t    *audio;
} session_media_t;


typedef enum {
    SESSION_IDLE,                         /* before a cycle */
    SESSION_OFFERED,                      /* waits for the answer */
    SESSION_CHECKING,                     /* ICE */
    SESSION_SHAKING,                      /* DTLS */
    SESSION_RUNNING,
    SESSION_LEAVING,                      /* DELETE is under way */
    SESSION_OVER
} session_state_e;


typedef struct session_s  session_t;

struct session_s {
    options_t               options;
    int                     number;       /* for %d, and in events */
    const session_media_t  *media;

    session_state_e         state;
    http_t                  http;
    transport_t             transport;
    ice_t                   ice;
    dtls_t                  dtls;
    crypt_t                 crypt;
    sender_t                sender;

    char                   *url;
    char                   *authorization;    /* the header line, or "" */
    char                   *posted;           /* where it was, redirects done */
    char                   *offer;
    char                   *location;         /* of the session, or NULL */
    char                   *etag;
    sdp_t                   answer;
    unsigned                redirects;

    unsigned                cycle;        /* from 0 */
    unsigned                connections;  /* of all cycles */
    unsigned                failures;     /* cycles that did not go as asked */
    int                     connected;    /* in this cycle */
    int                     stopping;     /* no further cycle */
    const char             *ice_why;      /* what the checks are for */
    const char             *how;          /* it ends */
    uint64_t                start;        /* of this cycle */

    loop_timer_t            life;         /* the duration */
    loop_timer_t            again;        /* the next cycle */

    void                  (*over)(session_t *s);
};


void session_init(session_t *s, const options_t *options, int number,
    const session_media_t *media, const char *bearer);

/* the first cycle begins then */

void session_start(session_t *s, uint64_t when);

/* an answer that came by stdin; location and etag may be NULL */

void session_answer(session_t *s, const char *sdp, const char *location,
    const char *etag);

/*
 * A cycle is over: by the server or a fault, "reason" being a stable word; by
 * ourselves, with the status of DELETE, -1: there was none.
 */

void session_closed(session_t *s, const char *reason, const char *detail);
void session_stopped(session_t *s, int deleted);

/* one of OPTIONS_STOP_...; no cycle follows */

void session_stop(session_t *s, int how);

/* another socket; without a check the server is not told by STUN */

const char *session_rebind(session_t *s, int check);

json_t *session_stats(const session_t *s);

void session_free(session_t *s);


#endif /* _SESSION_H_INCLUDED_ */
