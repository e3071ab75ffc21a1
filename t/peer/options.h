
/*
 * Copyright (C) the ngx_live contributors
 *
 * Everything that can be asked of the peer.  An option has one name, by which
 * the command line (--name VALUE), the JSON object on stdin, the shapes and the
 * "set" command know it; options.c has the table with what each means.  Those
 * of a track are written with its kind before: video_loss, audio_ppm.
 *
 * Each session has its own copy, and "set" changes that.
 */


#ifndef _OPTIONS_H_INCLUDED_
#define _OPTIONS_H_INCLUDED_


#include <jansson.h>
#include <stdint.h>


#define OPTIONS_FILES_MAX  4


/* the values of choices are their places in the table */

enum { OPTIONS_AUDIO = 0, OPTIONS_VIDEO, OPTIONS_KINDS };
enum { OPTIONS_HTTP_SELF = 0, OPTIONS_HTTP_STDIO };
enum { OPTIONS_STOP_FULL = 0, OPTIONS_STOP_DELETE, OPTIONS_STOP_DTLS,
       OPTIONS_STOP_VANISH };
enum { OPTIONS_EXPECT_CONNECTED = 0, OPTIONS_EXPECT_REFUSED,
       OPTIONS_EXPECT_CLOSED, OPTIONS_EXPECT_ANY };
enum { OPTIONS_PACKETS_SINGLE = 0, OPTIONS_PACKETS_STAP,
       OPTIONS_PACKETS_FFMPEG };
enum { OPTIONS_SETS_INBAND = 0, OPTIONS_SETS_SPROP, OPTIONS_SETS_BOTH };
enum { OPTIONS_KEYFRAME_IGNORE = 0, OPTIONS_KEYFRAME_JUMP };
enum { OPTIONS_SETUP_ACTPASS = 0, OPTIONS_SETUP_ACTIVE,
       OPTIONS_SETUP_PASSIVE };
enum { OPTIONS_BUNDLE_PRESENT = 0, OPTIONS_BUNDLE_BOTH };
enum { OPTIONS_FINGERPRINT_RIGHT = 0, OPTIONS_FINGERPRINT_WRONG };
enum { OPTIONS_LEVEL_MEDIA = 0, OPTIONS_LEVEL_SESSION };
enum { OPTIONS_NOMINATION_REGULAR = 0, OPTIONS_NOMINATION_AGGRESSIVE };
enum { OPTIONS_DTLS_CHECKED = 0, OPTIONS_DTLS_NOMINATED };
enum { OPTIONS_STUN_FULL = 0, OPTIONS_STUN_MINIMAL };
enum { OPTIONS_NACK_NONE = 0, OPTIONS_NACK_SAME, OPTIONS_NACK_RTX };
enum { OPTIONS_PADDING_NONE = 0, OPTIONS_PADDING_MEDIA,
       OPTIONS_PADDING_RTX };
enum { OPTIONS_STAMP_EXACT = 0, OPTIONS_STAMP_LAST };


/* -1 in seq, ts and ssrc: random */

typedef struct {
    char     *mid;
    int64_t   pt;
    int64_t   rtx_pt;                     /* 0: no RTX */
    int64_t   rtx_ssrc;
    char     *feedback;                   /* separated by commas */
    char     *fmtp;
    char     *lines;                      /* more lines of the offer */
    char     *codecs;                     /* offered beside, see options.c */

    int64_t   ext_mid;                    /* ids, 0: not offered */
    int64_t   ext_rid;
    int64_t   ext_rrid;
    int64_t   ext_twcc;
    int64_t   ext_time;

    int64_t   seq;
    int64_t   ts;
    int64_t   ssrc;
    double    ppm;
    int       pause;

    int64_t   sr;                         /* ms, 0: none */
    int64_t   sr_first;                   /* ms */
    double    sr_offset;                  /* ms */
    int       sr_bogus;
    int       sr_stamp;

    double    loss;                       /* percent */
    int64_t   loss_burst;                 /* packets */
    double    duplicate;
    double    reorder;
    int64_t   reorder_by;                 /* packets */

    int       nack;
    int64_t   nack_delay;                 /* packets */
    double    nack_loss;
    int64_t   history;                    /* packets */

    int       padding;
    int64_t   padding_every;              /* frames */
} track_options_t;


typedef struct {
    /* what and where */
    char     *url;
    char     *bearer;
    char     *bearer_file;
    int64_t   sessions;
    int64_t   first;
    int64_t   stagger;                    /* ms */
    double    duration;                   /* s, 0: until told to stop */
    int64_t   cycles;
    int64_t   cycle_pause;                /* ms */
    int64_t   reconnect;                  /* ms, 0: no */
    int       stop;
    int       expect;
    int       http;
    int64_t   http_timeout;               /* ms */
    char     *user_agent;
    char     *local;
    int64_t   family;
    int       tcp;
    int64_t   seed;
    int       quiet;

    /* media */
    char     *video[OPTIONS_FILES_MAX];
    char     *audio[OPTIONS_FILES_MAX];
    char     *fps;
    int       packets;
    int       sets;
    int64_t   mtu;
    int       marker;
    int64_t   burst;                      /* packets a ms, 0: no limit */
    int       keyframe;
    int64_t   keyframe_delay;             /* ms */
    double    ntp;                        /* s since 1900, 0: the clock's */

    /* the offer */
    char     *shape;
    int       setup;
    int       candidates;
    int       bundle;
    int       bundle_only;
    int       first_media;
    int       group_ls;
    int       rsize;
    int       ssrc_lines;
    int       fingerprint;
    int       fingerprint_level;
    int       lower_hex;
    char     *direction;
    char     *opus;
    char     *ice_options;
    char     *origin;
    char     *msid;
    char     *session_lines;
    char     *rids;                       /* of simulcast, separated by ; */
    char     *rid;                        /* sent without simulcast */
    int       ext_force;
    int       ext_stop;
    int64_t   answer_max;                 /* bytes */

    /* ICE */
    int       nomination;
    int64_t   nominate_delay;             /* ms */
    int       dtls_after;
    int64_t   check_interval;             /* ms */
    int64_t   ice_timeout;                /* ms */
    int64_t   consent;                    /* ms, 0: none */
    int64_t   consent_timeout;            /* ms */
    int       stun;
    int       stun_answer;
    int       first_candidate;
    int       connect;

    /* DTLS and SRTP */
    int64_t   dtls_mtu;
    int64_t   dtls_timeout;               /* ms */
    int64_t   dtls_stall;                 /* flights, -1: never */
    int64_t   hello_padding;              /* bytes */
    char     *groups;
    char     *srtp;
    int       verify;

    /* RTCP */
    int       nack_strict;

    track_options_t  track[OPTIONS_KINDS];
} options_t;


/* the defaults; NULL-safe to copy: texts are shared and never freed */

void options_init(options_t *o);

/*
 * One option by its name, from text or from JSON.  The error message is in a
 * static buffer, NULL means done.  With "live" those that cannot change while a
 * session runs are refused.
 */

const char *options_set_text(options_t *o, const char *name,
    const char *value);
const char *options_set_json(options_t *o, const char *name, json_t *value,
    int live);

/* the table, for --help */

void options_print(void);

/* "text" with every %d replaced by n; the caller frees it */

char *options_number(const char *text, int n);


#endif /* _OPTIONS_H_INCLUDED_ */
