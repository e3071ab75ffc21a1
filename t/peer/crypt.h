
/*
 * Copyright (C) the ngx_live contributors
 *
 * SRTP and SRTCP of a session: libsrtp2.
 */


#ifndef _CRYPT_H_INCLUDED_
#define _CRYPT_H_INCLUDED_


#include "dtls.h"

#include <srtp2/srtp.h>


typedef struct {
    srtp_t     out;
    srtp_t     in;
    uint64_t   failed;                    /* packets of the server, not ours */
} crypt_t;


void crypt_init(void);

/* keys for the profile that DTLS agreed on; NULL, or what is wrong */

const char *crypt_start(crypt_t *crypt, dtls_t *dtls);

void crypt_free(crypt_t *crypt);

/* in place, with room for SRTP_MAX_TRAILER_LEN; 0, or -1 */

int crypt_protect(crypt_t *crypt, uint8_t *packet, size_t *len);
int crypt_protect_rtcp(crypt_t *crypt, uint8_t *packet, size_t *len);
int crypt_unprotect_rtcp(crypt_t *crypt, uint8_t *packet, size_t *len);


#endif /* _CRYPT_H_INCLUDED_ */
