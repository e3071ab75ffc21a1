
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_keyline.h"
#include "ngx_live_rate.h"


static ngx_uint_t ngx_multisource_keyline_word(u_char **p, u_char *last,
    ngx_str_t *word);
static ngx_int_t ngx_multisource_keyline_key(ngx_multisource_keyline_t *line,
    ngx_str_t *word);
static ngx_int_t ngx_multisource_keyline_hex(u_char ch);
static ngx_int_t ngx_multisource_keyline_option(
    ngx_multisource_keyline_t *line, ngx_multisource_naming_t *naming,
    ngx_uint_t max_sources, ngx_str_t *word);
static ngx_uint_t ngx_multisource_keyline_value(ngx_str_t *word,
    const char *name, ngx_str_t *value);
static ngx_int_t ngx_multisource_keyline_number(ngx_str_t *value,
    ngx_uint_t max, ngx_uint_t *number);


ngx_int_t
ngx_multisource_keyline_parse(ngx_multisource_keyline_t *line,
    ngx_multisource_naming_t *naming, ngx_uint_t max_sources, u_char *p,
    u_char *last, const char **expected)
{
    ngx_str_t  word;

    ngx_memzero(line, sizeof(ngx_multisource_keyline_t));

    if (!ngx_multisource_keyline_word(&p, last, &word) || word.data[0] == '#') {
        return NGX_DONE;
    }

    *expected = "sha256: and 64 hexadecimal digits, or a key of 4 to 200 "
                "characters without \"/\"";

    if (ngx_multisource_keyline_key(line, &word) != NGX_OK) {
        return NGX_ERROR;
    }

    *expected = "after the key a streamer id of 1 to 50 letters, digits, "
                "\"_\" and \"-\", not reserved and without the separator";

    if (!ngx_multisource_keyline_word(&p, last, &line->streamer)
        || ngx_multisource_name_check_streamer(naming, &line->streamer)
           != NGX_MULTISOURCE_OK)
    {
        return NGX_ERROR;
    }

    *expected = "max_sources=N (1 to 64), max_bitrate=RATE (such as 8m) or "
                "sources=NAME,... after the streamer";

    while (ngx_multisource_keyline_word(&p, last, &word)
           && word.data[0] != '#')
    {
        if (ngx_multisource_keyline_option(line, naming, max_sources, &word)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_multisource_keyline_word(u_char **p, u_char *last, ngx_str_t *word)
{
    u_char  *s;

    for (s = *p; s < last && (*s == ' ' || *s == '\t' || *s == '\r'); s++) {
        /* void */
    }

    word->data = s;

    while (s < last && *s != ' ' && *s != '\t' && *s != '\r') {
        s++;
    }

    word->len = s - word->data;
    *p = s;

    return word->len != 0;
}


static ngx_int_t
ngx_multisource_keyline_key(ngx_multisource_keyline_t *line, ngx_str_t *word)
{
    ngx_int_t   high, low;
    ngx_str_t   digits;
    ngx_uint_t  i;

    if (!ngx_multisource_keyline_value(word, "sha256:", &digits)) {

        if (word->len < NGX_MULTISOURCE_KEYLINE_KEY_MIN
            || word->len > NGX_MULTISOURCE_KEYLINE_KEY_MAX
            || ngx_strlchr(word->data, word->data + word->len, '/'))
        {
            return NGX_ERROR;
        }

        line->key = *word;

        return NGX_OK;
    }

    if (digits.len != 2 * sizeof(line->digest)) {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(line->digest); i++) {
        high = ngx_multisource_keyline_hex(digits.data[2 * i]);
        low = ngx_multisource_keyline_hex(digits.data[2 * i + 1]);

        if (high == NGX_ERROR || low == NGX_ERROR) {
            return NGX_ERROR;
        }

        line->digest[i] = (u_char) (high << 4 | low);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_keyline_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch = ngx_tolower(ch);

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : NGX_ERROR;
}


static ngx_int_t
ngx_multisource_keyline_option(ngx_multisource_keyline_t *line,
    ngx_multisource_naming_t *naming, ngx_uint_t max_sources, ngx_str_t *word)
{
    ngx_str_t  value, source;

    if (ngx_multisource_keyline_value(word, "max_sources=", &value)) {
        return ngx_multisource_keyline_number(&value, max_sources,
                                              &line->max_sources);
    }

    if (ngx_multisource_keyline_value(word, "max_bitrate=", &value)) {
        return ngx_live_rate_parse(&value, &line->max_bitrate);
    }

    if (ngx_multisource_keyline_value(word, "sources=", &value)) {

        line->sources = value;

        while (ngx_multisource_keyline_source(&value, &source)) {

            if (ngx_multisource_name_check_source(naming, &source)
                != NGX_MULTISOURCE_OK)
            {
                return NGX_ERROR;
            }
        }

        return NGX_OK;
    }

    return NGX_ERROR;
}


/* what stands behind the name, if the word begins with it */

static ngx_uint_t
ngx_multisource_keyline_value(ngx_str_t *word, const char *name,
    ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (word->len < len || ngx_memcmp(word->data, name, len) != 0) {
        return 0;
    }

    value->data = word->data + len;
    value->len = word->len - len;

    return 1;
}


static ngx_int_t
ngx_multisource_keyline_number(ngx_str_t *value, ngx_uint_t max,
    ngx_uint_t *number)
{
    size_t      i;
    ngx_uint_t  n;

    n = 0;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] < '0' || value->data[i] > '9') {
            return NGX_ERROR;
        }

        n = n * 10 + (value->data[i] - '0');

        if (n > max) {
            return NGX_ERROR;
        }
    }

    if (n == 0) {
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


ngx_uint_t
ngx_multisource_keyline_source(ngx_str_t *list, ngx_str_t *source)
{
    u_char  *comma, *last;

    if (list->data == NULL) {
        return 0;
    }

    last = list->data + list->len;
    comma = ngx_strlchr(list->data, last, ',');

    source->data = list->data;

    if (comma == NULL) {
        source->len = list->len;
        ngx_str_null(list);

    } else {
        source->len = comma - list->data;
        list->data = comma + 1;
        list->len = last - list->data;
    }

    return 1;
}
