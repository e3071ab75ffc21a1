
/*
 * Copyright (C) the ngx_live contributors
 *
 * Files with secrets, while the configuration is read: small, and not for every
 * user of the machine.
 */


#ifndef _NGX_LIVE_SECRET_H_INCLUDED_
#define _NGX_LIVE_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_SECRET_MAX  8192       /* bytes of a file with one secret */


#pragma GCC visibility push(hidden)

/* the contents of a small file, relative to the configuration's, of temp_pool
   and with a NUL behind it; failures are logged */
ngx_int_t ngx_live_secret_file(ngx_conf_t *cf, ngx_str_t *name, size_t max,
    ngx_str_t *text);

/* the first line of such a file, without blanks at its ends and not empty; with
   a NUL behind it */
ngx_int_t ngx_live_secret_line(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *secret);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_SECRET_H_INCLUDED_ */
