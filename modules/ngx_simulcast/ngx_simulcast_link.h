
/*
 * Copyright (C) the ngx_live contributors
 *
 * A publisher's connection to an RTMP or RTMPS server, from the name of the
 * host to NetStream.Publish.Start, and what the server says after that. What is
 * written then is its owner's matter.
 */


#ifndef _NGX_SIMULCAST_LINK_H_INCLUDED_
#define _NGX_SIMULCAST_LINK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_live_resolve.h"
#include "ngx_simulcast_chunk.h"
#include "ngx_simulcast_probe.h"
#include "ngx_simulcast_url.h"


/* time to connect, while there are other addresses, and to the last one */
#define NGX_SIMULCAST_LINK_NEXT     3000        /* ms */
#define NGX_SIMULCAST_LINK_CONNECT  10000       /* ms */

/* from a connection to NetStream.Publish.Start, and for a name */
#define NGX_SIMULCAST_LINK_SETUP    15000       /* ms */
#define NGX_SIMULCAST_LINK_RESOLVE  10000       /* ms */

/* after a clean end, for the last bytes to be taken, and the server to close */
#define NGX_SIMULCAST_LINK_LINGER   3000        /* ms */

/* of commands and replies that wait to be sent; a server that asks for more
   than we can answer is not one */
#define NGX_SIMULCAST_LINK_CONTROL  8192        /* bytes */

/* of a clear text record's worth of media for TLS */
#define NGX_SIMULCAST_LINK_RECORD   16384       /* bytes */

/* we ask for an acknowledgement after so many bytes */
#define NGX_SIMULCAST_LINK_WINDOW   262144      /* bytes */


typedef struct ngx_simulcast_link_s  ngx_simulcast_link_t;


typedef enum {
    NGX_SIMULCAST_LINK_STAGE = 0,       /* a stage has begun */
    NGX_SIMULCAST_LINK_READY,           /* the server takes the stream */
    NGX_SIMULCAST_LINK_WRITABLE,        /* after it was not, or there is
                                           something in `control` */
    NGX_SIMULCAST_LINK_MOVED,           /* ReconnectRequest; see tc_url */
    NGX_SIMULCAST_LINK_FAILED           /* see reason; close it */
} ngx_simulcast_link_event_e;


/* all but STAGE may close the link */

typedef void (*ngx_simulcast_link_pt)(void *data, ngx_uint_t event);


struct ngx_simulcast_link_s {
    ngx_queue_t                     queue;      /* of those that end in the
                                                   background */
    ngx_pool_t                     *pool;
    ngx_log_t                      *log;        /* the owner's */
    ngx_connection_t               *connection; /* NULL: not connected */
    ngx_peer_connection_t           peer;

    ngx_simulcast_url_t             url;        /* strings are the link's */
    ngx_str_t                       tc_url;     /* what MOVED names, or empty */
    unsigned                        trusted:1;  /* any address may be used */
    unsigned                        reached:1;  /* what `until` says */
    unsigned                        ready:1;    /* and told so */
    unsigned                        moved:1;
    unsigned                        tried:1;    /* publish has been sent */
    unsigned                        dead:1;     /* FAILED has been told */
    unsigned                        ending:1;   /* in the background */
    unsigned                        finished:1; /* our end is closed */
    unsigned                        stuck:1;    /* set by the owner: what the
                                                   kernel holds is not to keep
                                                   the server from the end */

    ngx_uint_t                      until;      /* ngx_simulcast_stage_e: READY
                                                   is told after this one */
    ngx_uint_t                      stage;
    ngx_uint_t                      reason;     /* ngx_simulcast_reason_e */
    char                            text[256];  /* what the server said;
                                                   printable */
    char                            address[NGX_SOCKADDR_STRLEN + 1];
    char                            cipher[64];

    ngx_live_resolve_t             *resolve;
    ngx_live_resolve_addr_t         addrs[NGX_LIVE_RESOLVE_MAX];
    ngx_uint_t                      naddrs;
    ngx_uint_t                      addr;       /* the one being tried */

    ngx_event_t                     timer;
    ngx_event_t                     notice;     /* posted */

    /* what is read */

    ngx_simulcast_chunk_reader_t   *reader;
    u_char                         *hello;      /* S0 S1 S2, while it comes */
    size_t                          nhello;
    uint64_t                        received;   /* bytes */
    uint64_t                        confirmed;  /* of them, by our last
                                                   acknowledgement */
    uint32_t                        window;     /* the server's, 0: none */
    uint64_t                        acked;      /* bytes of RTMP that the server
                                                   said it has; 0: never said */
    double                          stream;     /* message stream id */

    /* commands and replies, sent between two messages of media */

    u_char                         *control;
    size_t                          ncontrol;

    u_char                         *rest;       /* goes before them, at the
                                                   end */
    size_t                          nrest;
    size_t                          rested;     /* of it */

    uint64_t                        sent;       /* bytes of RTMP */
    u_char                         *record;     /* TLS: what the socket did not
                                                   take, or NULL */
    size_t                          nrecord;

    ngx_simulcast_link_pt           handler;
    void                           *data;
};


#pragma GCC visibility push(hidden)

/*
 * The strings of url are copied. Events come later, never from within this
 * call. NULL: out of memory.
 */
ngx_simulcast_link_t *ngx_simulcast_link_open(ngx_simulcast_url_t *url,
    ngx_uint_t trusted, ngx_uint_t until, ngx_log_t *log,
    ngx_simulcast_link_pt handler, void *data);

/*
 * Ends it, with FCUnpublish and deleteStream when `clean` and the stream was
 * published. The link is not to be used any more; a clean end may take a moment
 * in the background. The log may go with the owner.
 */
void ngx_simulcast_link_close(ngx_simulcast_link_t *link, ngx_uint_t clean);

/* closes what ends in the background, when the worker exits */
void ngx_simulcast_link_exit(void);

/*
 * The rest of a message that was sent in part, before a clean end; malloc'd, and
 * the link's from now on
 */
void ngx_simulcast_link_rest(ngx_simulcast_link_t *link, u_char *data,
    size_t from, size_t len);

/*
 * Sends media: iov is what is to be sent next, and begins in the middle of a
 * message if the call before sent a part of it. Returns the bytes taken, 0 when
 * the socket is full (WRITABLE will follow), NGX_ERROR when the link has failed
 * (FAILED will follow). With TLS, bytes once offered and not taken must be
 * offered again; those taken may still be on their way into the socket.
 */
ssize_t ngx_simulcast_link_send(ngx_simulcast_link_t *link, struct iovec *iov,
    ngx_uint_t niov);

/* sends what is in `control`; to be called between two messages of media */
ngx_int_t ngx_simulcast_link_control(ngx_simulcast_link_t *link);

/*
 * Bytes given to the socket since the connection, of TCP's payload, those of
 * them that the peer's TCP has acknowledged, and the round-trip time, us.
 */
uint64_t ngx_simulcast_link_written(ngx_simulcast_link_t *link);
void ngx_simulcast_link_progress(ngx_simulcast_link_t *link, uint64_t *written,
    uint64_t *acked, uint64_t *rtt);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_LINK_H_INCLUDED_ */
