
/*
 * Copyright (C) the ngx_live contributors
 *
 * Private to ngx_whip: the types that several of its files share.  Each file's
 * own functions are declared in its own header.
 */


#ifndef _NGX_WHIP_H_INCLUDED_
#define _NGX_WHIP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_live_channel.h"
#include "ngx_live_peers.h"

#include "ngx_whip_answer.h"
#include "ngx_whip_audio.h"
#include "ngx_whip_clock.h"
#include "ngx_whip_jitter.h"
#include "ngx_whip_payload.h"
#include "ngx_whip_reason.h"
#include "ngx_whip_registry.h"
#include "ngx_whip_rtcp.h"
#include "ngx_whip_rtp.h"
#include "ngx_whip_twcc.h"


/* the largest datagram that is taken, and the largest that is sent */

#define NGX_WHIP_DATAGRAM        2048
#define NGX_WHIP_MTU             1200

/*
 * A name for ICE: 8 random characters, then the token of the owner in
 * hexadecimal, so that any worker knows where a stray datagram belongs.
 */

#define NGX_WHIP_UFRAG_RANDOM    8
#define NGX_WHIP_UFRAG_LEN       (NGX_WHIP_UFRAG_RANDOM + 16)
#define NGX_WHIP_PWD_LEN         32

/* of a session's URL: 128 random bits and the owner's token, in hexadecimal */

#define NGX_WHIP_ID_RANDOM       32
#define NGX_WHIP_ID_LEN          (NGX_WHIP_ID_RANDOM + 16)

#define NGX_WHIP_ETAG_LEN        18      /* 16 digits and the quotes */

#define NGX_WHIP_PATHS           8       /* 5-tuples of a session */
#define NGX_WHIP_STREAMS         8       /* received by a session */
#define NGX_WHIP_SSRCS           16      /* with those of RTX and SSRC changes */
#define NGX_WHIP_CANDIDATES      16


typedef struct ngx_whip_session_s    ngx_whip_session_t;
typedef struct ngx_whip_path_s       ngx_whip_path_t;
typedef struct ngx_whip_track_s      ngx_whip_track_t;
typedef struct ngx_whip_stream_s     ngx_whip_stream_t;
typedef struct ngx_whip_tcp_s        ngx_whip_tcp_t;
typedef struct ngx_whip_dtls_s       ngx_whip_dtls_t;
typedef struct ngx_whip_srtp_s       ngx_whip_srtp_t;
typedef struct ngx_whip_publisher_s  ngx_whip_publisher_t;


/* what a location says of its sessions; in the cycle's pool */

typedef struct {
    ngx_array_t         *candidates;     /* ngx_addr_t, NULL: those of the
                                            machine */
    ngx_array_t         *ice_servers;    /* ngx_str_t, values of Link */
    size_t               audio_bitrate;  /* bit/s */
    ngx_uint_t           audio;          /* NGX_WHIP_AUDIO_AAC, _OPUS */
    ngx_msec_t           keyframe_interval;
    ngx_msec_t           timeout;        /* from the answer to DTLS's end */
    ngx_msec_t           idle_timeout;   /* without a sign of life */
    ngx_msec_t           jitter;         /* longest wait for a video packet */
    ngx_uint_t           max_sessions;
    ngx_uint_t           max_pending;    /* per address */
    ngx_uint_t           rate_number;    /* offers per address, 0: any */
    ngx_msec_t           rate_time;

    /* the application, resolved when rtmp{} and http{} are both known */

    ngx_str_t            app;
    ngx_str_t            server;         /* ADDR:PORT, or empty */
    ngx_uint_t           location;       /* index of the directive's place */
    void                *addr_conf;      /* ngx_rtmp_addr_conf_t */
    ngx_uint_t           scope;          /* sessions of one scope are counted
                                            together, not 0 */
} ngx_whip_conf_t;


#define NGX_WHIP_AUDIO_AAC       0
#define NGX_WHIP_AUDIO_OPUS      1


/* what a session is found by */

typedef struct {
    ngx_str_node_t       sn;
    ngx_whip_session_t  *session;
} ngx_whip_node_t;


/*
 * One way that datagrams take: a UDP 5-tuple or a TCP connection.  It is in use
 * while it has a connection.
 */

struct ngx_whip_path_s {
    ngx_whip_session_t  *session;
    ngx_connection_t    *connection;     /* to the peer, NULL: not in use */
    ngx_sockaddr_t       peer;
    socklen_t            peer_len;
    ngx_sockaddr_t       local;
    socklen_t            local_len;
    ngx_msec_t           used;           /* when it last proved to be theirs */
    ngx_whip_tcp_t      *tcp;            /* NULL: UDP */
};


/* what is received by one SSRC: a track, or one layer of its simulcast */

struct ngx_whip_stream_s {
    uint32_t             ssrc;
    uint32_t             rtx_ssrc;       /* 0: not seen yet */
    ngx_whip_track_t    *track;
    ngx_uint_t           rank;           /* order in the offer, 0 first */
    ngx_str_t            rid;            /* in the session's pool */

    ngx_whip_jitter_t    jitter;
    ngx_whip_payload_t  *payload;        /* of video */

    u_char              *record;         /* its decoder configuration */
    size_t               record_len;
    u_char               codec[32];      /* RFC 6381 */

    uint32_t             timestamp;      /* of the frame being received */
    uint64_t             arrival;        /* us, of its first packet */
    unsigned             open:1;         /* there is one */
    unsigned             damaged:1;      /* frames refer to what was lost */
    unsigned             bye:1;          /* RTCP BYE: over */

    ngx_msec_t           last;           /* last packet */
    ngx_msec_t           damaged_since;

    /* the last sender report: RFC 3550 6.4.1 */

    uint64_t             sr_ntp;
    uint32_t             sr_timestamp;
    uint64_t             sr_arrival;     /* us */
    unsigned             sr:1;

    /* as last reported to the sender */

    ngx_uint_t           fraction;       /* lost, of 256 */
    ngx_uint_t           jitter_units;   /* of the RTP timestamp */

    ngx_uint_t           width;
    ngx_uint_t           height;
};


struct ngx_whip_track_s {
    ngx_whip_session_t  *session;
    ngx_whip_media_t     media;          /* strings in the session's pool */
    ngx_whip_rtp_ids_t   ids;            /* of its header extensions */

    ngx_whip_stream_t   *selected;       /* the layer that is published */
    u_char               codec[32];      /* RFC 6381, of what is published */

    /* audio: RTP time, extended, 48 kHz */

    ngx_whip_audio_t    *audio;
    int64_t              pts;            /* of the last packet */
    int64_t              pts_us;         /* where that is on the time line */
    ngx_msec_t           pts_time;       /* when it came */
    ngx_uint_t           credit;         /* samples that may be transcoded */
    ngx_msec_t           credit_time;
    unsigned             pts_set:1;

    unsigned             config_sent:1;
    unsigned             key_sent:1;

    int64_t              last_us;        /* the last tag's time */
    ngx_msec_t           since;          /* first packet */
    ngx_msec_t           key_time;       /* last key frame */
    ngx_msec_t           pli_time;       /* last request for one */
    u_char               fir_seq;
    ngx_uint_t           plis;           /* sent, and FIRs */

    ngx_uint_t           frames;         /* published */
    ngx_uint_t           dropped;        /* damaged ones, not published */
    uint64_t             bytes;          /* of payload received */
};


/* a source of authentic packets */

typedef struct {
    uint32_t             ssrc;
    ngx_msec_t           heard;
} ngx_whip_ssrc_t;


struct ngx_whip_session_s {
    ngx_whip_node_t      id_node;
    ngx_whip_node_t      ufrag_node;     /* by the current ufrag */
    ngx_whip_node_t      old_ufrag_node; /* for a while after a restart */
    ngx_queue_t          queue;          /* of the worker */

    ngx_pool_t          *pool;
    ngx_log_t           *log;            /* of its own */
    ngx_whip_conf_t     *conf;

    u_char               id[NGX_WHIP_ID_LEN];
    size_t               id_len;
    u_char               ufrag[NGX_WHIP_UFRAG_LEN];
    u_char               old_ufrag[NGX_WHIP_UFRAG_LEN];
    size_t               ufrag_len;
    u_char               pwd[NGX_WHIP_PWD_LEN];
    u_char               old_pwd[NGX_WHIP_PWD_LEN];
    u_char               etag[NGX_WHIP_ETAG_LEN];
    ngx_msec_t           restarted;
    ngx_uint_t           patches;
    ngx_msec_t           patch_time;
    ngx_uint_t           patch_count;    /* since patch_time */

    ngx_str_t            client;         /* text of the HTTP client's address */

    ngx_uint_t           state;          /* ngx_whip_state_e */

    ngx_str_t            offer;          /* in the pool */
    ngx_whip_answer_t    answer;         /* strings in the offer */
    ngx_whip_sdp_t      *sdp;            /* until the answer is written */

    ngx_whip_path_t      paths[NGX_WHIP_PATHS];
    ngx_whip_path_t     *path;           /* where to send; nominated last */
    ngx_uint_t           stun_count;     /* in this second */
    ngx_uint_t           stun_time;

    ngx_whip_dtls_t     *dtls;
    ngx_whip_srtp_t     *srtp;

    ngx_whip_publisher_t *publisher;
    ngx_whip_track_t     audio;
    ngx_whip_track_t     video;
    ngx_whip_stream_t   *streams[NGX_WHIP_STREAMS];
    ngx_uint_t           nstreams;
    ngx_whip_ssrc_t      ssrcs[NGX_WHIP_SSRCS];
    ngx_uint_t           nssrcs;
    ngx_whip_clock_t     clock;
    ngx_whip_twcc_t      twcc;
    uint32_t             ssrc;           /* of our RTCP */

    ngx_event_t          timer;          /* the next of its deadlines */
    ngx_event_t          end;            /* posted: frees it */
    ngx_msec_t           created;
    ngx_msec_t           alive;          /* last sign of life */
    ngx_msec_t           media_time;     /* last media packet */
    ngx_msec_t           twcc_time;      /* last feedback of each kind */
    ngx_msec_t           report_time;
    ngx_msec_t           second;         /* last update of the registry */
    uint64_t             remb;           /* bit/s told last */

    ngx_whip_slot_t     *slot;           /* in shared memory */
    ngx_whip_stats_t     stats;          /* as last written there */

    uint64_t             bytes;          /* received by SRTP */
    uint64_t             packets;
    ngx_uint_t           bad_packets;    /* failed authentication */
    ngx_uint_t           bad_count;      /* of them, in this second */
    ngx_uint_t           count;          /* of all, in this second */
    ngx_uint_t           rtcp_count;     /* feedback sent in this second */
    ngx_uint_t           rtt;            /* ms, 0 unknown */

    /* the HTTP request that waits for the stream's acceptance */

    void               (*ready)(void *data, ngx_uint_t reason);
    void                *ready_data;

    unsigned             twcc_on:1;
    unsigned             bye:1;
    unsigned             old_ufrag_set:1;
};


/* an address of whip_listen, for UDP and TCP; the sockets are the master's */

typedef struct {
    struct sockaddr     *sockaddr;
    socklen_t            socklen;
    ngx_str_t            text;           /* of the address, without the port */
    in_port_t            port;
} ngx_whip_listen_t;


typedef struct {
    ngx_array_t          addrs;          /* ngx_addr_t, of whip_listen */
    ngx_array_t          listen;         /* ngx_whip_listen_t */
    ngx_array_t          locations;      /* of `whip` */
    ngx_shm_zone_t      *zone;
    size_t               zone_size;
    unsigned             status:1;       /* there is a whip_status */
} ngx_whip_main_conf_t;


/* what a worker keeps */

typedef struct {
    ngx_cycle_t         *cycle;
    ngx_whip_main_conf_t *conf;
    ngx_whip_registry_t  registry;
    ngx_listening_t     *listening;      /* the first for UDP */
    ngx_queue_t          sessions;
    ngx_uint_t           nsessions;
    ngx_rbtree_t         ids;
    ngx_rbtree_node_t    ids_sentinel;
    ngx_rbtree_t         ufrags;
    ngx_rbtree_node_t    ufrags_sentinel;
    ngx_event_t          housekeeping;
    ngx_uint_t           strays;         /* datagrams of nobody */
} ngx_whip_worker_t;


extern ngx_module_t       ngx_whip_module;
extern ngx_module_t       ngx_whip_http_module;
extern ngx_module_t       ngx_whip_rtmp_module;


#pragma GCC visibility push(hidden)

extern ngx_whip_worker_t  ngx_whip_worker;

/* NULL when the configuration has no whip{} of its own */
ngx_whip_main_conf_t *ngx_whip_main_conf(ngx_cycle_t *cycle);

/* microseconds of a monotonic clock */
uint64_t ngx_whip_now(void);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_H_INCLUDED_ */
