
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: AMF0 commands that an RTMP publisher sends, and the replies it gets.
 */


#ifndef _NGX_SIMULCAST_COMMAND_H_INCLUDED_
#define _NGX_SIMULCAST_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_SIMULCAST_COMMAND_MAX  4096     /* bytes of a command we send */
#define NGX_SIMULCAST_COMMAND_TEXT  256     /* of a code or description kept */

/* transaction ids, as OBS and FFmpeg number them */
#define NGX_SIMULCAST_COMMAND_CONNECT        1
#define NGX_SIMULCAST_COMMAND_RELEASE        2
#define NGX_SIMULCAST_COMMAND_FCPUBLISH      3
#define NGX_SIMULCAST_COMMAND_CREATE         4
#define NGX_SIMULCAST_COMMAND_PUBLISH        5


typedef enum {
    NGX_SIMULCAST_REPLY_OTHER = 0,      /* onBWDone, onFCPublish, ... */
    NGX_SIMULCAST_REPLY_RESULT,         /* _result */
    NGX_SIMULCAST_REPLY_ERROR,          /* _error */
    NGX_SIMULCAST_REPLY_STATUS          /* onStatus */
} ngx_simulcast_reply_e;


/* texts are cut at their limit, NUL-terminated, and printable: other bytes
   become '?' */

typedef struct {
    ngx_uint_t   type;                  /* ngx_simulcast_reply_e */
    double       transaction;
    double       number;                /* the stream id of createStream's
                                           result; -1: there is none */
    char         name[32];              /* of the command */
    char         level[16];             /* status, warning, error */
    char         code[NGX_SIMULCAST_COMMAND_TEXT];
    char         description[NGX_SIMULCAST_COMMAND_TEXT];

    /* of NetConnection.Connect.ReconnectRequest (U13), NUL-terminated, empty
       when absent */
    char         tc_url[1024];
} ngx_simulcast_reply_t;


typedef enum {
    NGX_SIMULCAST_STATUS_OTHER = 0,     /* to be ignored */
    NGX_SIMULCAST_STATUS_PUBLISHING,    /* NetStream.Publish.Start */
    NGX_SIMULCAST_STATUS_BUSY,          /* Publish.BadName, or a description
                                           that says already publishing */
    NGX_SIMULCAST_STATUS_REFUSED,       /* Publish.Denied, Rejected,
                                           Connect.InvalidApp, Rejected,
                                           NetStream.Failed, ... */
    NGX_SIMULCAST_STATUS_RECONNECT,     /* Connect.ReconnectRequest */
    NGX_SIMULCAST_STATUS_CLOSED         /* Connect.Closed, Unpublish.Success
                                           without having been asked */
} ngx_simulcast_status_e;


#pragma GCC visibility push(hidden)

/*
 * Each writes a command's body to p and returns its end; NULL when it does not
 * fit before `last`.
 */
u_char *ngx_simulcast_command_connect(u_char *p, u_char *last, ngx_str_t *app,
    ngx_str_t *tc_url, ngx_uint_t caps);        /* capsEx, 0: not sent */
u_char *ngx_simulcast_command_name(u_char *p, u_char *last, const char *command,
    double transaction, ngx_str_t *key);        /* releaseStream, FCPublish,
                                                   FCUnpublish */
u_char *ngx_simulcast_command_create(u_char *p, u_char *last);
u_char *ngx_simulcast_command_publish(u_char *p, u_char *last, ngx_str_t *key);
u_char *ngx_simulcast_command_delete(u_char *p, u_char *last, double stream);
u_char *ngx_simulcast_command_checkbw(u_char *p, u_char *last);  /* _checkbw */

/*
 * A metadata message for servers: "@setDataFrame", "onMetaData" and the rest of
 * what the publisher sent (`data`, which begins with either string). Returns
 * where the body begins that is to be sent after `prefix` (of *prefix_len
 * bytes, static); NULL when the data is not onMetaData or not AMF0.
 */
u_char *ngx_simulcast_command_metadata(u_char *data, size_t len,
    const u_char **prefix, size_t *prefix_len);

/*
 * A command from the server, the body of a message of type 20, or of type 17
 * after its first byte. NGX_ERROR: not a command; the limits of depth and
 * number are those of ngx_live_amf_check.
 */
ngx_int_t ngx_simulcast_command_parse(u_char *data, size_t len,
    ngx_simulcast_reply_t *reply);

/* what a reply of type STATUS or ERROR means: ngx_simulcast_status_e */
ngx_uint_t ngx_simulcast_command_status(ngx_simulcast_reply_t *reply);

#pragma GCC visibility pop


#endif /* _NGX_SIMULCAST_COMMAND_H_INCLUDED_ */
