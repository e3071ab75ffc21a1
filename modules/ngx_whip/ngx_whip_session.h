
/*
 * Copyright (C) the ngx_live contributors
 *
 * A WHIP session from its offer to its end.
 */


#ifndef _NGX_WHIP_SESSION_H_INCLUDED_
#define _NGX_WHIP_SESSION_H_INCLUDED_


#include "ngx_whip.h"
#include "ngx_whip_courier.h"
#include "ngx_whip_publisher.h"
#include "ngx_whip_sdp.h"


/* bytes that the answer to a restart may take */

#define NGX_WHIP_SESSION_FRAG  4096


typedef struct {
    ngx_whip_conf_t           *conf;
    ngx_str_t                  offer;        /* copied */
    ngx_whip_publisher_ask_t   publish;      /* copied */
    void                     (*ready)(void *data, ngx_uint_t reason);
    void                      *data;
} ngx_whip_session_ask_t;


#pragma GCC visibility push(hidden)

void ngx_whip_session_init(void);

/*
 * Parses the offer and asks for the stream.  NGX_OK: *s is set, and ready()
 * runs when the stream is accepted, NGX_WHIP_OK, or the session has ended, with
 * the reason; never before this function has returned.  Otherwise a reason not
 * to, with a sentence in *why, or NULL.
 */
ngx_uint_t ngx_whip_session_create(ngx_whip_session_ask_t *ask,
    ngx_whip_session_t **s, const char **why);

/* who asked does not wait any more */
void ngx_whip_session_abandon(ngx_whip_session_t *s);

/* the SDP answer, from ready() on; NULL: it does not fit */
u_char *ngx_whip_session_answer(ngx_whip_session_t *s, u_char *buf,
    u_char *last);

/* by its id, as it stands in its URL; NULL: not of this worker */
ngx_whip_session_t *ngx_whip_session_find(ngx_str_t *id);

/* the token in an id; NGX_DECLINED: no such ids */
ngx_int_t ngx_whip_session_owner(ngx_str_t *id, ngx_atomic_uint_t *token);

/*
 * A PATCH or DELETE of a session of this worker; the body of the outcome is in
 * buf, of NGX_WHIP_SESSION_FRAG bytes.
 */
void ngx_whip_session_order(ngx_whip_order_t *order,
    ngx_whip_outcome_t *outcome, u_char *buf, size_t size);

/* nginx-rtmp publishes the stream */
void ngx_whip_session_accepted(ngx_whip_session_t *s);

/* SRTP keys are there */
void ngx_whip_session_connected(ngx_whip_session_t *s);

/* a message was published */
void ngx_whip_session_media(ngx_whip_session_t *s);

/* datagrams are sent another way now */
void ngx_whip_session_path_changed(ngx_whip_session_t *s);

void ngx_whip_session_state(ngx_whip_session_t *s, ngx_uint_t state);

/* one datagram of one of its paths; may end the session */
void ngx_whip_session_input(ngx_whip_path_t *path, u_char *p, size_t len);

/* after a number of them */
void ngx_whip_session_received(ngx_whip_session_t *s);

/*
 * Ends it: the client and nginx-rtmp are told, what is left is freed when the
 * event loop gets to it.  May be called again.
 */
void ngx_whip_session_close(ngx_whip_session_t *s, ngx_uint_t reason);

/* all of them, at once: the process ends */
void ngx_whip_session_shutdown(void);

#pragma GCC visibility pop


#endif /* _NGX_WHIP_SESSION_H_INCLUDED_ */
