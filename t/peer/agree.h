
/*
 * Copyright (C) the ngx_live contributors
 *
 * The tracks of a session: what is offered, and what the answer made of it.
 */


#ifndef _AGREE_H_INCLUDED_
#define _AGREE_H_INCLUDED_


#include "session.h"


/* the media as tracks, with their SSRCs */

void agree_add_tracks(session_t *s);

/* what offer.c wants to know; points into the session */

void agree_describe(session_t *s, offer_t *offer);

/* payload types, extensions and layers of the answer; -1: a track has none */

int agree_tracks(session_t *s);

/* gives ICE the candidates that the socket can reach; their number */

unsigned agree_candidates(session_t *s, const sdp_t *sdp);


#endif /* _AGREE_H_INCLUDED_ */
