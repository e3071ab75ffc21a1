
/*
 * Copyright (C) the ngx_live contributors
 *
 * Destinations in Redis. A destination is a hash of three fields that change
 * together or not at all:
 *
 *     simulcast:destination:{id}        record   JSON, may be shown
 *                                       secret   sealed JSON, or empty
 *                                       version  a number, one more per change
 *     simulcast:destinations:{streamer} set of ids
 *     simulcast:destinations            set of all ids
 *     simulcast:health:{id}             JSON, what the worker that pushes it
 *                                       knows; expires 90 s after the last one
 *     simulcast:live:{streamer}         hash, source -> JSON {"since","at" (epoch
 *                                       ms), "node", ...}, written every 10 s by
 *                                       the worker that has the publisher;
 *                                       expires, and counts no more 30 s after
 *                                       "at"
 *     simulcast:session:{stream_id}     JSON {"started_at" (epoch ms),
 *                                       "input_source"?}, from start to stop
 *     simulcast:events                  channel, JSON for event streams
 *     simulcast:commands                channel, JSON {"streamer","id"}: look
 *                                       again at what is to run
 *
 * record: {"id","stream_id","platform","name","is_enabled","settings",
 *          "rtmp_url"?, "token_expires_at"? (ISO 8601), "account"? (the name
 *          shown by the platform), "wanted": "" | "start" | "stop",
 *          "wanted_at"? (epoch ms, of a start), "wanted_until"? (epoch ms: over
 *          after that), "input_source"?, "created_at","updated_at"}
 * secret: {"stream_key"?, "access_token"?, "refresh_token"?, "scope"?,
 *          "expires_at"? (epoch s), "page_token"?, "live_input"?, ...}
 *
 * The secret is sealed with the associated data
 * "STREAMER\nID\nPLATFORM\nRTMP_URL" (an empty RTMP_URL where there is none).
 */


#ifndef _NGX_SIMULCAST_STORE_H_INCLUDED_
#define _NGX_SIMULCAST_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "ngx_simulcast.h"


/* seconds that a worker's word about a destination counts */
#define NGX_SIMULCAST_STORE_HEALTH  90


typedef enum {
    NGX_SIMULCAST_SECRET_NONE = 0,      /* there is none */
    NGX_SIMULCAST_SECRET_OPEN,
    NGX_SIMULCAST_SECRET_UNKNOWN_KEY,   /* sealed by a key that is not given */
    NGX_SIMULCAST_SECRET_BROKEN         /* tampered with, or a wrong key */
} ngx_simulcast_secret_e;


/* malloc'd and counted: ngx_simulcast_store_hold(), _release() */

typedef struct {
    ngx_uint_t    refs;
    char          id[NGX_SIMULCAST_ID + 1];
    char          streamer[NGX_SIMULCAST_NAME + 1];
    char          source[NGX_SIMULCAST_NAME + 1];   /* of stream_id
                                                       "streamer:source"; empty:
                                                       the default */
    ngx_uint_t    platform;             /* ngx_simulcast_platform_e */
    uint64_t      version;

    json_t       *record;               /* owned; see above */
    json_t       *secret;               /* owned; NULL unless opened */
    ngx_uint_t    secret_state;         /* ngx_simulcast_secret_e */
    ngx_uint_t    stale;                /* to be sealed with the first key */

    json_t       *health;               /* owned; NULL: nobody pushes it */
} ngx_simulcast_destination_t;


/* NGX_OK; NGX_DECLINED: no such destination; NGX_BUSY: it was changed since it
   was read; NGX_ERROR: Redis is away */

typedef void (*ngx_simulcast_store_pt)(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t *destination);

/* the list is borrowed during the call; hold what is kept */
typedef void (*ngx_simulcast_store_list_pt)(void *data, ngx_int_t rc,
    ngx_simulcast_destination_t **list, ngx_uint_t n);


#pragma GCC visibility push(hidden)

void ngx_simulcast_store_hold(ngx_simulcast_destination_t *destination);
void ngx_simulcast_store_release(ngx_simulcast_destination_t *destination);

/*
 * From a record and a secret (both stolen, the secret may be NULL), for a new
 * destination: sets id, version 0. NULL: out of memory or not a valid record.
 */
ngx_simulcast_destination_t *ngx_simulcast_store_new(json_t *record,
    json_t *secret);

/*
 * All of these call the handler once, never from within the call, and return
 * NGX_OK; or NGX_ERROR at once when Redis is away: it is not called then.
 */

/* with health */
ngx_int_t ngx_simulcast_store_get(ngx_str_t *id, ngx_simulcast_store_pt handler,
    void *data);

/* all of a streamer, or all there are when it is NULL, by creation; with
   health; what cannot be read is logged and left out */
ngx_int_t ngx_simulcast_store_list(ngx_str_t *streamer,
    ngx_simulcast_store_list_pt handler, void *data);

/*
 * Writes record and secret of a new one (version 0) or, if its version is still
 * the one that was read, of a changed one; destination->version is then the new
 * one. Sealing happens here; a secret that could not be opened (secret NULL,
 * state UNKNOWN_KEY or BROKEN) is left as it stands in Redis. Tells
 * simulcast:commands.
 */
ngx_int_t ngx_simulcast_store_put(ngx_simulcast_destination_t *destination,
    ngx_simulcast_store_pt handler, void *data);

ngx_int_t ngx_simulcast_store_remove(ngx_simulcast_destination_t *destination,
    ngx_simulcast_store_pt handler, void *data);

/* writes simulcast:health:{id} (json borrowed), or removes it (NULL); "node" is
   set, and only what this worker has written is removed: so below */
void ngx_simulcast_store_health(ngx_str_t *id, json_t *health);

/* an entry of simulcast:live:{streamer} (json borrowed; NULL: removes it) */
void ngx_simulcast_store_live(const char *streamer, const char *source,
    json_t *json);

/*
 * What is live of a streamer: an object of source -> entry, stale ones left out.
 * And a session: the object, or NULL when there is none. Borrowed during the
 * call; rc is NGX_OK, also when there is none, or NGX_ERROR.
 */
typedef void (*ngx_simulcast_store_json_pt)(void *data, ngx_int_t rc,
    json_t *json);

ngx_int_t ngx_simulcast_store_live_get(const char *streamer,
    ngx_simulcast_store_json_pt handler, void *data);
ngx_int_t ngx_simulcast_store_session_get(const char *stream_id,
    ngx_simulcast_store_json_pt handler, void *data);

/* json borrowed; NULL: removes it. The handler (may be NULL) gets a NULL
   destination */
ngx_int_t ngx_simulcast_store_session(const char *stream_id, json_t *json,
    ngx_simulcast_store_pt handler, void *data);

/* publishes on simulcast:events (json borrowed) */
void ngx_simulcast_store_event(json_t *event);

/* publishes on simulcast:commands; id may be NULL */
void ngx_simulcast_store_tell(const char *streamer, const char *id);

/*
 * One at a time, over all workers and nodes: NGX_OK when the lock `name` was
 * free, and is then taken for so many ms; NGX_DECLINED when it is taken;
 * NGX_ERROR. The handler gets a NULL destination. Unlocked by its own token
 * only.
 */
ngx_int_t ngx_simulcast_store_lock(ngx_str_t *name, ngx_msec_t ms,
    ngx_simulcast_store_pt handler, void *data);
void ngx_simulcast_store_unlock(ngx_str_t *name);

/* a random (version 4) uuid; buf has room for NGX_SIMULCAST_ID + 1 bytes */
ngx_int_t ngx_simulcast_store_uuid(char *buf);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_STORE_H_INCLUDED_ */
