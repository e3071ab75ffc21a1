
/*
 * Copyright (C) the ngx_live contributors
 *
 * STUN messages of ICE (RFC 8489, RFC 8445).  Pure: no I/O, no state.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |0 0|     STUN Message Type     |         Message Length        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                         Magic Cookie                          |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                                                               |
 *     |                     Transaction ID (96 bits)                  |
 *     |                                                               |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */


#ifndef _STUN_H_INCLUDED_
#define _STUN_H_INCLUDED_


#include "transport.h"


#define STUN_REQUEST             0x0001
#define STUN_SUCCESS             0x0101
#define STUN_ERROR               0x0111

#define STUN_HEADER              20
#define STUN_TID                 12
#define STUN_MAX                 548

#define STUN_USERNAME            0x0006
#define STUN_INTEGRITY           0x0008
#define STUN_ERROR_CODE          0x0009
#define STUN_XOR_MAPPED_ADDRESS  0x0020
#define STUN_PRIORITY            0x0024
#define STUN_USE_CANDIDATE       0x0025
#define STUN_FINGERPRINT         0x8028
#define STUN_ICE_CONTROLLED      0x8029
#define STUN_ICE_CONTROLLING     0x802a


/* a message being written */

typedef struct {
    uint8_t   data[STUN_MAX];
    size_t    len;
} stun_out_t;


typedef struct {
    int                type;
    const uint8_t     *tid;
    int                error;             /* code, 0: none */
    transport_addr_t   mapped;            /* len 0: none */
    unsigned           integrity:1;       /* there and right */
    unsigned           integrity_there:1;
    unsigned           fingerprint:1;     /* there and right */
    unsigned           fingerprint_there:1;
} stun_in_t;


void stun_begin(stun_out_t *m, int type, const uint8_t *tid);
void stun_attribute(stun_out_t *m, int type, const void *value, size_t len);
void stun_number(stun_out_t *m, int type, uint32_t value);
void stun_mapped(stun_out_t *m, const transport_addr_t *addr);

/* HMAC-SHA1 with the password, and then the CRC, over what is there so far */

void stun_integrity(stun_out_t *m, const char *password);
void stun_fingerprint(stun_out_t *m);

/* 0, or -1 where it is no STUN message; *m points into the packet */

int stun_parse(stun_in_t *m, uint8_t *packet, size_t len,
    const char *password);


#endif /* _STUN_H_INCLUDED_ */
