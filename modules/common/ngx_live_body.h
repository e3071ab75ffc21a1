
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure, over jansson: the body of a request as one object of JSON, and what is
 * wrong with it. The first field that is wrong is named with what would be
 * right, and nothing of what was sent is repeated in the message: it may be a
 * secret.
 */


#ifndef _NGX_LIVE_BODY_H_INCLUDED_
#define _NGX_LIVE_BODY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


#define NGX_LIVE_BODY_MAX      65536       /* bytes */
#define NGX_LIVE_BODY_DEPTH    8           /* of objects and arrays */
#define NGX_LIVE_BODY_FIELD    64          /* bytes of a name, with NUL */
#define NGX_LIVE_BODY_MESSAGE  192


/* both NUL-terminated; a field of settings is "settings.bitrate", an unknown
   one is cut at the end; an empty field: the body as a whole */

typedef struct {
    char         field[NGX_LIVE_BODY_FIELD];
    char         message[NGX_LIVE_BODY_MESSAGE];
} ngx_live_body_error_t;


#pragma GCC visibility push(hidden)

/*
 * One JSON object and nothing behind it: no duplicate names, no more than 8
 * levels, strings of UTF-8 without control characters (but line ends in
 * settings.description and sdp). NULL: *error is set.
 */
json_t *ngx_live_body_parse(u_char *data, size_t len,
    ngx_live_body_error_t *error);

/*
 * Sets the error: the field, of another one if there is a parent, or NULL for
 * the body; the message gets the field in front of its "must ...".
 */
void ngx_live_body_wrong(ngx_live_body_error_t *error,
    const char *parent, const char *field, const char *message);

/* NGX_ERROR: the body has a field that is not one of the names, NULL at their
   end; *error is set */
ngx_int_t ngx_live_body_known(json_t *body, const char * const *names,
    ngx_live_body_error_t *error);

/* a field that is a string of 1 to max bytes; NULL: *error has the message */
const char *ngx_live_body_string(json_t *body, const char *name,
    size_t max, const char *message, ngx_live_body_error_t *error);

/* characters of a string */
size_t ngx_live_body_chars(json_t *value);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_BODY_H_INCLUDED_ */
