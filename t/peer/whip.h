
/*
 * Copyright (C) the ngx_live contributors
 *
 * The HTTP of a session (RFC 9725): POST, PATCH, DELETE.  Each response is an
 * event "http".
 */


#ifndef _WHIP_H_INCLUDED_
#define _WHIP_H_INCLUDED_


#include "session.h"


/* the offer; session_answer() or session_closed() follows */

void whip_post(session_t *s);

/* session_stopped() follows */

void whip_delete(session_t *s);

/*
 * An ICE restart, the candidates, or any body; "match" for If-Match and "type"
 * may be NULL.  NULL, or what is wrong.
 */

const char *whip_restart(session_t *s);
const char *whip_trickle(session_t *s);
const char *whip_patch(session_t *s, const char *body, const char *match,
    const char *type);

/* bytes of a stranger as JSON */

json_t *whip_text(const char *data, size_t len);

/* frees what was there; takes over "value" */

void whip_set(char **field, char *value);


#endif /* _WHIP_H_INCLUDED_ */
