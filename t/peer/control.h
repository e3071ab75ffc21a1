
/*
 * Copyright (C) the ngx_live contributors
 *
 * Commands on stdin, one line of JSON each:
 *
 *     {"cmd":"set","video_loss":5,"session":3,"id":7}
 *
 * Without "session" a command is for all of them.  The answer is the event
 * "done" or "error" with the same id.
 */


#ifndef _CONTROL_H_INCLUDED_
#define _CONTROL_H_INCLUDED_


#include "session.h"


/* the first line, an object of options; NULL, or an error message */

const char *control_read_options(json_t **options);

/* commands from now on; at the end of stdin all sessions are stopped */

void control_start(session_t *sessions, unsigned n);


#endif /* _CONTROL_H_INCLUDED_ */
