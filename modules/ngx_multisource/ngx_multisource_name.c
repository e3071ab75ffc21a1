
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_name.h"


static ngx_uint_t ngx_multisource_name_char(u_char ch);
static ngx_uint_t ngx_multisource_name_reserved(
    ngx_multisource_naming_t *naming, ngx_str_t *name);
static ngx_uint_t ngx_multisource_name_meets(ngx_str_t *sep, ngx_str_t *name);


size_t
ngx_multisource_name_cut(ngx_multisource_naming_t *naming, ngx_str_t *name,
    size_t from, u_char **rest)
{
    size_t      i;
    ngx_str_t  *sep;

    sep = &naming->separator;

    for (i = from; i < name->len; i++) {

        if (name->data[i] == '/') {
            *rest = name->data + i + 1;
            return i;
        }

        if (name->len - i >= sep->len
            && ngx_memcmp(name->data + i, sep->data, sep->len) == 0)
        {
            *rest = name->data + i + sep->len;
            return i;
        }
    }

    *rest = NULL;

    return name->len;
}


static ngx_uint_t
ngx_multisource_name_char(u_char ch)
{
    return (ch >= 'a' && ch <= 'z')
           || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9')
           || ch == '_'
           || ch == '-';
}


static ngx_uint_t
ngx_multisource_name_reserved(ngx_multisource_naming_t *naming,
    ngx_str_t *name)
{
    size_t      i;
    ngx_str_t  *word;
    ngx_uint_t  n;

    for (n = 0; n < naming->nreserved; n++) {
        word = &naming->reserved[n];

        if (word->len != name->len) {
            continue;
        }

        for (i = 0; i < word->len; i++) {
            if (ngx_tolower(name->data[i]) != word->data[i]) {
                break;
            }
        }

        if (i == word->len) {
            return 1;
        }
    }

    return 0;
}


/*
 * Would a separator be found in the name, or across its end once one follows?
 * With "__", "a_" and "b" would make "a___b", which is "_b" of "a".
 */

static ngx_uint_t
ngx_multisource_name_meets(ngx_str_t *sep, ngx_str_t *name)
{
    size_t  i, n;

    for (i = 0; i < name->len; i++) {

        n = ngx_min(sep->len, name->len - i);

        if (ngx_memcmp(name->data + i, sep->data, n) == 0
            && ngx_memcmp(sep->data + n, sep->data, sep->len - n) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_multisource_name_check_source(ngx_multisource_naming_t *naming,
    ngx_str_t *source)
{
    size_t  i;

    if (source->len == 0 || source->len > NGX_MULTISOURCE_NAME_MAX) {
        return NGX_MULTISOURCE_BAD_SOURCE_NAME;
    }

    for (i = 0; i < source->len; i++) {
        if (!ngx_multisource_name_char(source->data[i])) {
            return NGX_MULTISOURCE_BAD_SOURCE_NAME;
        }
    }

    if (ngx_multisource_name_reserved(naming, source)) {
        return NGX_MULTISOURCE_RESERVED_SOURCE_NAME;
    }

    return NGX_MULTISOURCE_OK;
}


ngx_uint_t
ngx_multisource_name_check_streamer(ngx_multisource_naming_t *naming,
    ngx_str_t *streamer)
{
    size_t  i;

    if (streamer->len == 0 || streamer->len > NGX_MULTISOURCE_NAME_MAX) {
        return NGX_MULTISOURCE_BAD_STREAM_NAME;
    }

    for (i = 0; i < streamer->len; i++) {
        if (!ngx_multisource_name_char(streamer->data[i])) {
            return NGX_MULTISOURCE_BAD_STREAM_NAME;
        }
    }

    if (ngx_multisource_name_meets(&naming->separator, streamer)
        || ngx_multisource_name_reserved(naming, streamer))
    {
        return NGX_MULTISOURCE_BAD_STREAM_NAME;
    }

    return NGX_MULTISOURCE_OK;
}


ngx_uint_t
ngx_multisource_name_check_sent(ngx_str_t *name)
{
    size_t  i;

    if (name->len == 0 || name->data[0] == '.') {
        return NGX_MULTISOURCE_BAD_STREAM_NAME;
    }

    for (i = 0; i < name->len; i++) {
        if (name->data[i] <= ' ' || name->data[i] >= 0x7f
            || name->data[i] == '/' || name->data[i] == '\\'
            || name->data[i] == '%' || name->data[i] == '"'
            || (name->data[i] == '.' && name->data[i - 1] == '.'))
        {
            return NGX_MULTISOURCE_BAD_STREAM_NAME;
        }
    }

    return NGX_MULTISOURCE_OK;
}


size_t
ngx_multisource_name_public(ngx_multisource_naming_t *naming,
    ngx_str_t *streamer, ngx_str_t *source, u_char *buf)
{
    u_char  *p;

    p = ngx_cpymem(buf, streamer->data, streamer->len);

    if (source->len != naming->default_source.len
        || ngx_memcmp(source->data, naming->default_source.data, source->len)
           != 0)
    {
        p = ngx_cpymem(p, naming->separator.data, naming->separator.len);
        p = ngx_cpymem(p, source->data, source->len);
    }

    *p = '\0';

    return p - buf;
}


size_t
ngx_multisource_name_label(const ngx_str_t *source, u_char *buf)
{
    size_t  i;

    for (i = 0; i < source->len && i < NGX_MULTISOURCE_NAME_MAX; i++) {
        buf[i] = source->data[i] == '_' ? ' ' : source->data[i];
    }

    return i;
}


size_t
ngx_multisource_name_mask(ngx_multisource_naming_t *naming, ngx_str_t *name,
    u_char *buf)
{
    size_t   i, n;
    u_char  *rest, *p;

    /* the shortest part that can be the key tells how much is a quarter */

    n = ngx_multisource_name_cut(naming, name, 0, &rest) / 4;

    if (n > 4) {
        n = 4;
    }

    p = buf;

    for (i = 0; i < n; i++) {
        *p++ = ngx_multisource_name_char(name->data[i]) ? name->data[i] : '?';
    }

    *p++ = '*';
    *p++ = '*';
    *p++ = '*';

    return p - buf;
}
