
/*
 * Copyright (C) the ngx_live contributors
 *
 * The socket under a session: UDP, or TCP with the frames of RFC 4571.  What
 * is sent in one go leaves by one sendmmsg(): a packet is made in the slot of
 * the batch that it will be sent from, so that it is copied once.
 */


#ifndef _TRANSPORT_H_INCLUDED_
#define _TRANSPORT_H_INCLUDED_


#include "loop.h"

#include <netinet/in.h>
#include <sys/socket.h>


/* of a slot: any packet and the trailer of SRTP */

#define TRANSPORT_MTU    2048

#define TRANSPORT_BATCH  64


typedef struct {
    struct sockaddr_storage  sa;
    socklen_t                len;
} transport_addr_t;


typedef struct {
    uint64_t                 packets;
    uint64_t                 bytes;
    uint64_t                 received;
    uint64_t                 received_bytes;
    uint64_t                 errors;      /* of sending */
    uint64_t                 full;        /* dropped, no room */
} transport_count_t;


typedef struct {
    loop_io_t                io;
    int                      tcp;
    int                      connected;   /* TCP, or connected UDP */
    transport_addr_t         remote;      /* where media goes */

    uint8_t                 *in;          /* TCP: a frame that is not whole */
    size_t                   in_len;
    uint8_t                 *out;         /* TCP: not taken by the socket */
    size_t                   out_len;

    transport_count_t        count;

    void                   (*input)(void *data, uint8_t *packet, size_t len,
                                    const transport_addr_t *from);
    void                   (*opened)(void *data);       /* TCP is connected */
    void                   (*closed)(void *data);       /* by the other side */
    void                    *data;
} transport_t;


void transport_init(transport_t *t, void *data);

/* from "address", NULL: any.  0, or -1 with errno */

int transport_open_udp(transport_t *t, const char *address, int family);
int transport_open_tcp(transport_t *t, const char *address,
    const transport_addr_t *remote);

void transport_close(transport_t *t);

/* UDP: takes and sends nothing but from and to the remote address */

void transport_connect(transport_t *t);

/* numeric; -1 where it is none */

int transport_address(transport_addr_t *addr, const char *text, int port);

/* the port that the socket is bound to */

int transport_port(const transport_t *t);

int transport_same(const transport_addr_t *a, const transport_addr_t *b);

/* "192.0.2.1:8189", in a static buffer */

const char *transport_text(const transport_addr_t *addr);

/* the next slot, and what was made in it to the remote address */

uint8_t *transport_slot(transport_t *t);
void transport_commit(transport_t *t, size_t len);

/* sends what was committed */

void transport_flush(void);

/* a packet at once; to NULL: to the remote address */

void transport_send(transport_t *t, const uint8_t *packet, size_t len,
    const transport_addr_t *to);


#endif /* _TRANSPORT_H_INCLUDED_ */
