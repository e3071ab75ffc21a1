
/*
 * Copyright (C) the ngx_live contributors
 *
 * The controlling ICE agent of a session (RFC 8445), with one socket: checks of
 * the server's candidates, nomination, consent (RFC 7675), and requests that a
 * server must not fall for.
 */


#ifndef _ICE_H_INCLUDED_
#define _ICE_H_INCLUDED_


#include "options.h"
#include "stun.h"
#include "transport.h"


#define ICE_PAIRS_MAX     16
#define ICE_REQUESTS_MAX  64


typedef enum {
    ICE_CONNECTED,                        /* the first check succeeded */
    ICE_NOMINATED,
    ICE_FAILED,                           /* no candidate answers */
    ICE_EXPIRED                           /* no consent any more */
} ice_event_e;


typedef struct {
    transport_addr_t    addr;
    unsigned            tries;
    uint64_t            next;             /* time of the next check */
} ice_pair_t;


typedef struct {
    uint8_t             tid[STUN_TID];
    uint64_t            sent;
    ice_pair_t         *pair;             /* NULL: a probe */
    int                 nominates;
} ice_request_t;


typedef struct {
    uint64_t            requests;
    uint64_t            responses;
    uint64_t            errors;           /* error responses */
    uint64_t            unknown;          /* responses to nothing */
    uint64_t            invalid;          /* without integrity or fingerprint */
    uint64_t            asked;            /* requests of the server */
    double              rtt;              /* ms, of the last response */
} ice_count_t;


typedef struct {
    const options_t    *options;
    int                 session;
    transport_t        *transport;

    char                ufrag[16];
    char                pwd[40];
    char                next_ufrag[16];   /* offered, not in use yet; or "" */
    char                next_pwd[40];
    char                remote_ufrag[260];
    char                remote_pwd[260];
    uint8_t             tie[8];

    enum { ICE_IDLE, ICE_CHECKING, ICE_NOMINATING, ICE_DONE }  phase;

    ice_pair_t          pairs[ICE_PAIRS_MAX];
    unsigned            npairs;
    ice_pair_t         *selected;
    transport_addr_t    mapped;           /* as the server sees us */

    ice_request_t       requests[ICE_REQUESTS_MAX];
    unsigned            nrequests;        /* a ring */

    uint64_t            start;
    uint64_t            heard;            /* the last response */
    loop_timer_t        timer;

    const char         *probe;            /* the kind that waits, or NULL */
    uint8_t             probe_tid[STUN_TID];
    loop_timer_t        probe_timer;

    ice_count_t         count;

    void              (*event)(void *data, ice_event_e event);
    void               *data;
} ice_t;


void ice_init(ice_t *ice, const options_t *options, int session,
    transport_t *transport);

/* new ones of our own to offer; the old ones stay until ice_remote() */

void ice_credentials(ice_t *ice);
void ice_keep_credentials(ice_t *ice);

/* those of the server, with which ours come into use; forgets its candidates */

void ice_remote(ice_t *ice, const char *ufrag, const char *pwd);
void ice_candidate(ice_t *ice, const transport_addr_t *addr);

/* checks the candidates; again after a restart */

void ice_start(ice_t *ice);

/* checks the selected candidate again, from a new socket */

void ice_recheck(ice_t *ice);

void ice_stop(ice_t *ice);

/* a STUN packet; one that is none is counted */

void ice_input(ice_t *ice, uint8_t *packet, size_t len,
    const transport_addr_t *from);

/*
 * Sends one request that is wrong in a certain way and reports what comes back
 * within a second as "stun_reply".  -1: there is no such kind.
 */

int ice_probe(ice_t *ice, const char *kind);


#endif /* _ICE_H_INCLUDED_ */
