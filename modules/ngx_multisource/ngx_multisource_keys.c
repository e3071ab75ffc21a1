
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_keyline.h"
#include "ngx_multisource_keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>


#define NGX_MULTISOURCE_KEYS_MAX_FILE  (16 * 1024 * 1024)


static ngx_int_t ngx_multisource_keys_line(ngx_conf_t *cf,
    ngx_multisource_app_conf_t *conf, ngx_array_t *keys, u_char *p,
    u_char *last, ngx_uint_t line);
static ngx_int_t ngx_multisource_keys_add(ngx_conf_t *cf, ngx_array_t *keys,
    ngx_multisource_keyline_t *parsed, ngx_uint_t line);
static int ngx_libc_cdecl ngx_multisource_keys_cmp(const void *one,
    const void *two);
static ngx_multisource_key_t *ngx_multisource_keys_search(
    ngx_multisource_keys_t *keys, u_char *data, size_t len);


ngx_int_t
ngx_multisource_keys_load(ngx_conf_t *cf, ngx_multisource_app_conf_t *conf)
{
    size_t                   size;
    u_char                  *buf, *p, *eol, *last;
    ssize_t                  n;
    ngx_fd_t                 fd;
    ngx_int_t                rc;
    ngx_uint_t               line, i;
    ngx_array_t              keys;
    ngx_file_info_t          fi;
    ngx_multisource_key_t   *key;

    if (ngx_conf_full_name(cf->cycle, &conf->keys_file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(conf->keys_file.data, NGX_FILE_RDONLY, NGX_FILE_OPEN,
                       0);
    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed",
                           &conf->keys_file);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    buf = NULL;
    size = 0;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", &conf->keys_file);
        goto done;
    }

    if (!ngx_is_file(&fi) || ngx_file_size(&fi) > NGX_MULTISOURCE_KEYS_MAX_FILE)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a key file: a regular file of at "
                           "most 16 MiB is expected", &conf->keys_file);
        goto done;
    }

    if (fi.st_mode & (S_IROTH|S_IWOTH)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "key file \"%V\" is open to every user, "
                           "chmod 600 keeps the keys secret",
                           &conf->keys_file);
    }

    size = ngx_file_size(&fi);

    buf = ngx_alloc(size + 1, cf->log);
    if (buf == NULL) {
        goto done;
    }

    n = ngx_read_fd(fd, buf, size);

    if (n == -1 || (size_t) n != size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n == -1 ? ngx_errno : 0,
                           ngx_read_fd_n " \"%V\" failed", &conf->keys_file);
        goto done;
    }

    if (ngx_array_init(&keys, cf->pool, 16, sizeof(ngx_multisource_key_t))
        != NGX_OK)
    {
        goto done;
    }

    last = buf + size;
    line = 1;

    for (p = buf; p < last; p = eol + 1, line++) {

        eol = ngx_strlchr(p, last, '\n');
        if (eol == NULL) {
            eol = last;
        }

        if (ngx_multisource_keys_line(cf, conf, &keys, p, eol, line)
            != NGX_OK)
        {
            goto done;
        }
    }

    ngx_qsort(keys.elts, keys.nelts, sizeof(ngx_multisource_key_t),
              ngx_multisource_keys_cmp);

    key = keys.elts;

    for (i = 1; i < keys.nelts; i++) {
        if (ngx_multisource_keys_cmp(&key[i - 1], &key[i]) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the same key is in lines %ui and %ui of "
                               "\"%V\"; each key may be listed once",
                               ngx_min(key[i - 1].line, key[i].line),
                               ngx_max(key[i - 1].line, key[i].line),
                               &conf->keys_file);
            goto done;
        }
    }

    if (keys.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "no key in \"%V\", nobody can publish",
                           &conf->keys_file);
    }

    conf->keys = ngx_palloc(cf->pool, sizeof(ngx_multisource_keys_t));
    if (conf->keys == NULL) {
        goto done;
    }

    conf->keys->keys = keys.elts;
    conf->keys->nkeys = keys.nelts;

    rc = NGX_OK;

done:

    if (buf) {
        OPENSSL_cleanse(buf, size);
        ngx_free(buf);
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &conf->keys_file);
    }

    return rc;
}


static ngx_int_t
ngx_multisource_keys_line(ngx_conf_t *cf, ngx_multisource_app_conf_t *conf,
    ngx_array_t *keys, u_char *p, u_char *last, ngx_uint_t line)
{
    const char                 *expected;
    ngx_multisource_keyline_t   parsed;

    switch (ngx_multisource_keyline_parse(&parsed, &conf->naming,
                                          NGX_MULTISOURCE_MAX_SOURCES,
                                          p, last, &expected))
    {

    case NGX_OK:
        return ngx_multisource_keys_add(cf, keys, &parsed, line);

    case NGX_DONE:
        return NGX_OK;

    default: /* NGX_ERROR */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid line in key file \"%V\":%ui, expected %s",
                           &conf->keys_file, line, expected);
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_multisource_keys_add(ngx_conf_t *cf, ngx_array_t *keys,
    ngx_multisource_keyline_t *parsed, ngx_uint_t line)
{
    ngx_str_t               value, *source;
    ngx_multisource_key_t  *key;

    key = ngx_array_push(keys);
    if (key == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(key, sizeof(ngx_multisource_key_t));

    key->line = line;
    key->max_sources = parsed->max_sources;
    key->max_bitrate = parsed->max_bitrate;

    if (parsed->key.len) {
        SHA256(parsed->key.data, parsed->key.len, key->digest);

    } else {
        ngx_memcpy(key->digest, parsed->digest, sizeof(key->digest));
    }

    key->streamer.len = parsed->streamer.len;
    key->streamer.data = ngx_pstrdup(cf->pool, &parsed->streamer);
    if (key->streamer.data == NULL) {
        return NGX_ERROR;
    }

    if (parsed->sources.len == 0) {
        return NGX_OK;
    }

    key->sources = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
    if (key->sources == NULL) {
        return NGX_ERROR;
    }

    while (ngx_multisource_keyline_source(&parsed->sources, &value)) {

        source = ngx_array_push(key->sources);
        if (source == NULL) {
            return NGX_ERROR;
        }

        source->len = value.len;
        source->data = ngx_pstrdup(cf->pool, &value);
        if (source->data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_multisource_keys_cmp(const void *one, const void *two)
{
    const ngx_multisource_key_t  *a = one;
    const ngx_multisource_key_t  *b = two;

    return ngx_memcmp(a->digest, b->digest, sizeof(a->digest));
}


static ngx_multisource_key_t *
ngx_multisource_keys_search(ngx_multisource_keys_t *keys, u_char *data,
    size_t len)
{
    u_char       digest[32];
    ngx_int_t    rc;
    ngx_uint_t   low, high, middle;

    /*
     * The search's timing tells about the digest of what was sent, from which
     * nothing about a listed key can be computed.
     */

    SHA256(data, len, digest);

    low = 0;
    high = keys->nkeys;

    while (low < high) {
        middle = (low + high) / 2;

        rc = ngx_memcmp(digest, keys->keys[middle].digest, 32);

        if (rc == 0) {
            return CRYPTO_memcmp(digest, keys->keys[middle].digest, 32) == 0
                   ? &keys->keys[middle] : NULL;
        }

        if (rc < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    return NULL;
}


ngx_multisource_key_t *
ngx_multisource_keys_find(ngx_multisource_app_conf_t *conf, ngx_str_t *name,
    ngx_str_t *source)
{
    size_t                  len, from;
    u_char                 *rest;
    ngx_multisource_key_t  *key, *found;

    found = ngx_multisource_keys_search(conf->keys, name->data, name->len);

    if (found) {
        *source = conf->naming.default_source;
        return found;
    }

    /* shortest first, so that the last one found is the longest */

    for (from = 0; from < name->len; from = len + 1) {

        len = ngx_multisource_name_cut(&conf->naming, name, from, &rest);
        if (rest == NULL) {
            break;
        }

        key = ngx_multisource_keys_search(conf->keys, name->data, len);

        if (key) {
            found = key;
            source->data = rest;
            source->len = name->data + name->len - rest;
        }
    }

    return found;
}


ngx_uint_t
ngx_multisource_keys_allows(ngx_multisource_key_t *key, ngx_str_t *source)
{
    ngx_str_t   *allowed;
    ngx_uint_t   i;

    if (key->sources == NULL) {
        return 1;
    }

    allowed = key->sources->elts;

    for (i = 0; i < key->sources->nelts; i++) {
        if (allowed[i].len == source->len
            && ngx_memcmp(allowed[i].data, source->data, source->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_multisource_keys_streamer(ngx_multisource_keys_t *keys,
    ngx_str_t *streamer)
{
    ngx_uint_t  i;

    for (i = 0; i < keys->nkeys; i++) {
        if (keys->keys[i].streamer.len == streamer->len
            && ngx_memcmp(keys->keys[i].streamer.data, streamer->data,
                          streamer->len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}
