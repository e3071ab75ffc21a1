
/*
 * Copyright (C) the ngx_live contributors
 *
 * What happens, one line of JSON each on stdout:
 *
 *     {"event":"connected","session":0,"t":0.132,...}
 *
 * t is seconds since the start of the program.
 */


#ifndef _REPORT_H_INCLUDED_
#define _REPORT_H_INCLUDED_


#include <jansson.h>


/* the session of what concerns the whole program */

#define REPORT_ALL  -1


void report_init(void);

/* only what happens to whole sessions, and answers to commands */

void report_quiet(int quiet);

/* fmt as of json_pack() for the further members: "{s:i,s:s}", or NULL */

void report(int session, const char *event, const char *fmt, ...);

/* takes over the reference to "members", an object */

void report_object(int session, const char *event, json_t *members);


#endif /* _REPORT_H_INCLUDED_ */
