
/*
 * Copyright (C) the ngx_live contributors
 *
 * The DTLS handshake of a session, in either role, and its end: OpenSSL.
 */


#ifndef _DTLS_H_INCLUDED_
#define _DTLS_H_INCLUDED_


#include "options.h"
#include "transport.h"

#include <openssl/ssl.h>


/* RFC 5764 4.2: two keys and two salts of the longest profile */

#define DTLS_KEYS_MAX  120


typedef enum {
    DTLS_CONNECTED,
    DTLS_FAILED,                          /* see "error" */
    DTLS_CLOSED,                          /* close_notify of the server */
    DTLS_ALERT                            /* a fatal alert, in "error" */
} dtls_event_e;


typedef struct {
    const options_t   *options;
    transport_t       *transport;
    SSL               *ssl;
    int                server;            /* our role */
    int                connected;
    int                over;              /* one of the last events happened */
    unsigned           flights;           /* sent by us */
    int                sending;           /* a flight is under way */
    char               expected[200];     /* fingerprint of the server */
    const char        *error;

    const uint8_t     *in;                /* the datagram being read */
    size_t             in_len;

    uint64_t           start;
    loop_timer_t       timer;

    void             (*event)(void *data, dtls_event_e event);
    void              *data;
} dtls_t;


/* one certificate and context for all sessions of the program */

void dtls_init(const options_t *options);

/* AB:CD:..., SHA-256 of our certificate */

const char *dtls_fingerprint(void);

/* "fingerprint" is the one that the server promised */

void dtls_start(dtls_t *dtls, const options_t *options,
    transport_t *transport, int server, const char *fingerprint);

void dtls_input(dtls_t *dtls, const uint8_t *packet, size_t len);

/* tells the server the end */

void dtls_close_notify(dtls_t *dtls);

/* frees everything and sends nothing */

void dtls_free(dtls_t *dtls);

/* the name of the SRTP profile, NULL: none */

const char *dtls_profile(const dtls_t *dtls);

/* keying material of the exporter; 0, or -1 */

int dtls_export(dtls_t *dtls, uint8_t *keys, size_t len);


#endif /* _DTLS_H_INCLUDED_ */
