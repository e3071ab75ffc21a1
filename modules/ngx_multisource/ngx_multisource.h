
/*
 * Copyright (C) the ngx_live contributors
 *
 * Private to ngx_multisource: the types that several of its files share.
 * Each file's own functions are declared in its own header.
 */


#ifndef _NGX_MULTISOURCE_H_INCLUDED_
#define _NGX_MULTISOURCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_rtmp.h>
#include <ngx_rtmp_cmd_module.h>
#include <ngx_rtmp_netcall_module.h>

#include "ngx_multisource_name.h"
#include "ngx_multisource_reason.h"
#include "ngx_multisource_loudness.h"
#include "ngx_multisource_meter.h"
#include "ngx_multisource_motion.h"
#include "ngx_multisource_registry.h"


/*
 * What we use of nginx-rtmp is weak: when its module was not loaded before
 * ours, the configuration fails with a sentence of ngx_multisource_module.c
 * and not with the dynamic loader's.
 */

#pragma weak ngx_rtmp_access_module
#pragma weak ngx_rtmp_auto_push_module
#pragma weak ngx_rtmp_close_stream
#pragma weak ngx_rtmp_connect
#pragma weak ngx_rtmp_core_module
#pragma weak ngx_rtmp_dash_module
#pragma weak ngx_rtmp_finalize_session
#pragma weak ngx_rtmp_hls_module
#pragma weak ngx_rtmp_live_module
#pragma weak ngx_rtmp_log_module
#pragma weak ngx_rtmp_netcall_module
#pragma weak ngx_rtmp_max_module
#pragma weak ngx_rtmp_module
#pragma weak ngx_rtmp_notify_module
#pragma weak ngx_rtmp_play
#pragma weak ngx_rtmp_publish
#pragma weak ngx_rtmp_relay_module
#pragma weak ngx_rtmp_send_status


/* bounds of multisource_max_sources and of one line of a key file */

#define NGX_MULTISOURCE_MAX_SOURCES  64


/* bytes of a record of an audio codec that are kept; most take less than 20 */

#define NGX_MULTISOURCE_AUDIO_RECORD  128


typedef struct ngx_multisource_keys_s  ngx_multisource_keys_t;
typedef struct ngx_multisource_packager_s  ngx_multisource_packager_t;


/* of a directive that can only be checked when all of them are known */

typedef struct {
    ngx_str_t                file;
    ngx_uint_t               line;
} ngx_multisource_place_t;


/* what `multisource on` means in one rtmp application; in the cycle's pool */

typedef struct {
    ngx_flag_t               enable;
    ngx_multisource_place_t  enable_place;
    ngx_str_t                name;              /* of the application */

    ngx_str_t                keys_file;
    ngx_multisource_keys_t  *keys;              /* NULL: no key file */

    ngx_multisource_naming_t naming;
    ngx_multisource_place_t  default_source_place;
    ngx_array_t             *reserved;          /* ngx_str_t, lower case */

    ngx_uint_t               max_sources;       /* per streamer */
    uint64_t                 max_bitrate;       /* bit/s, one source */
    uint64_t                 max_total_bitrate; /* bit/s, one streamer */

    ngx_flag_t               takeover;
    ngx_msec_t               timeout;           /* of a silent publisher */

    ngx_uint_t               refuse_number;     /* 0: no limit */
    ngx_msec_t               refuse_time;

    ngx_flag_t               hls;
    ngx_path_t              *hls_path;
    ngx_msec_t               hls_part;
    ngx_msec_t               hls_segment;
    ngx_msec_t               hls_window;
    ngx_flag_t               hls_keep;

    unsigned                 callback:1;        /* has on_publish */

    /* tables for the passes of a publish, see ngx_multisource_pass.h */
    void                   **conf_all;
    void                   **conf_ask;
    void                   **conf_join;
} ngx_multisource_app_conf_t;


/*
 * How far a source's video was at each of the last seconds: frames per second
 * are counted by the media's own time, which arrival jitter does not move.
 */

#define NGX_MULTISOURCE_MARKS    6

typedef struct {
    uint64_t                 frames;
    uint32_t                 timestamp;         /* ms, of the media */
} ngx_multisource_mark_t;


typedef struct {
    size_t                   zone_size;
    ngx_flag_t               guard;
    ngx_shm_zone_t          *zone;
    ngx_array_t              apps;  /* ngx_multisource_app_conf_t *, enabled */
} ngx_multisource_main_conf_t;


/* how far the publish of a session is, see ngx_multisource_session.h */

enum {
    NGX_MULTISOURCE_IDLE = 0,
    NGX_MULTISOURCE_ASKING,
    NGX_MULTISOURCE_HELD,
    NGX_MULTISOURCE_JOINED,
    NGX_MULTISOURCE_ON_AIR
};


/*
 * Of one rtmp session, from its first byte; in the pool of its connection.
 * The registry slot is held from an accepted publish command to the end of
 * the stream.
 */

typedef struct {
    ngx_rtmp_session_t          *session;
    ngx_multisource_app_conf_t  *conf;      /* NULL: not a multisource app */

    ngx_queue_t                  queue;     /* in the worker's publishers */
    ngx_multisource_slot_t      *slot;
    ngx_multisource_record_t     record;    /* what the slot shows */
    ngx_uint_t                   max_sources;
    uint64_t                     max_bitrate;
    ngx_uint_t                   key_line;  /* in the key file; 0: no key */
    ngx_str_t                    public;    /* name inside nginx-rtmp */
    u_char                       public_data[NGX_MULTISOURCE_NAME_MAX * 2
                                             + NGX_MULTISOURCE_SEP_MAX + 1];

    ngx_uint_t                   phase;     /* NGX_MULTISOURCE_IDLE ... */
    ngx_rtmp_publish_t          *publish;   /* the command, public name */
    ngx_rtmp_netcall_handle_pt   answer;    /* nginx-rtmp's, of on_publish */
    ngx_event_t                  hold;      /* waits for another worker */
    ngx_msec_t                   hold_until;
    ngx_multisource_slot_t      *rival;     /* the slot waited for */
    ngx_atomic_uint_t            rival_ticket;

    ngx_multisource_packager_t  *packager;  /* NULL: multisource_hls off */

    ngx_event_t                  silence;
    ngx_msec_t                   last_media;
    uint32_t                     last_frame;    /* ms, of the media */
    uint32_t                     last_keyframe;
    uint32_t                     shown_bitrate; /* kbit/s, as lists have it */
    uint32_t                     shown_fps;     /* per 1000 s */

    ngx_multisource_meter_t      meter;     /* bytes of both */
    ngx_multisource_meter_t      video;
    ngx_multisource_meter_t      audio;
    ngx_multisource_mark_t       marks[NGX_MULTISOURCE_MARKS];
    ngx_uint_t                   nmarks;    /* since the start */

    ngx_multisource_motion_t     motion;
    ngx_multisource_loudness_t  *loudness;  /* NULL: nobody wants to know */
    ngx_uint_t                   measured;  /* ticks for which level and motion
                                               were wanted */
    ngx_uint_t                   audio_codec;   /* ngx_live_codec_e */
    size_t                       audio_record_len;
    u_char                       audio_record[NGX_MULTISOURCE_AUDIO_RECORD];

    ngx_event_t                  linger;
    ngx_event_handler_pt         drain;     /* nginx-rtmp's write handler */
    size_t                       linger_bytes;  /* read and thrown away */

    ngx_str_t                    app_rest;  /* "KEY" of rtmp://host/app/KEY */
    ngx_uint_t                   ncommands; /* while not publishing */
    ngx_uint_t                   nplays;
    uint32_t                     in_bytes;  /* when the guard last added up */

    unsigned                     connecting:1;
    unsigned                     lingering:1;
    unsigned                     told:1;    /* of a codec HLS does not carry */
    unsigned                     tidied:1;  /* loudness ends with its pool */
    unsigned                     bad_name:1;  /* with a NUL, or too long */
    unsigned                     as_sent:1; /* the name may be a key until
                                               on_publish has answered */
} ngx_multisource_ctx_t;


/* of this worker */

typedef struct {
    ngx_queue_t                  publishers;   /* ngx_multisource_ctx_t */
    ngx_multisource_registry_t   registry;     /* shared is NULL: no zone */
    ngx_event_t                  housekeeping;
    ngx_event_t                  wakeup;       /* by another worker */
    ngx_uint_t                   ticks;
} ngx_multisource_worker_t;


extern ngx_module_t              ngx_multisource_module;
extern ngx_module_t              ngx_multisource_rtmp_module;
extern ngx_module_t              ngx_multisource_http_module;

#pragma GCC visibility push(hidden)

extern ngx_multisource_worker_t  ngx_multisource_worker;

#pragma GCC visibility pop


#define NGX_MULTISOURCE_TICK     250    /* ms between two housekeeping runs */


#endif /* _NGX_MULTISOURCE_H_INCLUDED_ */
