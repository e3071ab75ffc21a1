
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_line.h"


/* RFC 8839, 5.4 */

#define NGX_WHIP_LINE_UFRAG_MIN  4
#define NGX_WHIP_LINE_PWD_MIN    22
#define NGX_WHIP_LINE_ICE_MAX    256


static ngx_int_t ngx_whip_line_text(ngx_whip_line_t *line, ngx_str_t *text,
    const char **why);
static ngx_uint_t ngx_whip_line_alphanumeric(u_char ch);
static ngx_uint_t ngx_whip_line_ice(ngx_str_t *s, size_t min);
static void ngx_whip_line_trim(ngx_str_t *s);


void
ngx_whip_line_init(ngx_whip_line_t *line, u_char *p, u_char *end)
{
    ngx_memzero(line, sizeof(ngx_whip_line_t));

    line->pos = p;
    line->end = end;
}


ngx_int_t
ngx_whip_line_next(ngx_whip_line_t *line, const char **why)
{
    ngx_int_t   rc;
    ngx_str_t   text;

    do {
        rc = ngx_whip_line_text(line, &text, why);

        if (rc != NGX_OK) {
            return rc;
        }

    } while (text.len == 0);

    if (text.len < 2 || text.data[0] < 'a' || text.data[0] > 'z'
        || text.data[1] != '=')
    {
        *why = "a line does not begin with a letter and \"=\"";
        return NGX_ERROR;
    }

    line->type = text.data[0];
    line->value.data = text.data + 2;
    line->value.len = text.len - 2;

    ngx_str_null(&line->name);

    if (line->type == 'a'
        && ngx_whip_line_item(&line->value, ':', &line->name)
        && line->value.data == NULL)
    {
        line->value.data = line->name.data + line->name.len;
    }

    return NGX_OK;
}


/* the next line, without its end and the blanks before it; may be empty */

static ngx_int_t
ngx_whip_line_text(ngx_whip_line_t *line, ngx_str_t *text, const char **why)
{
    u_char  *p;

    if (line->pos == line->end) {
        return NGX_DONE;
    }

    if (line->lines++ == NGX_WHIP_LINE_MAX) {
        *why = "there are more than 2000 lines";
        return NGX_ERROR;
    }

    text->data = line->pos;

    for (p = line->pos; p < line->end && *p != LF; p++) {

        if (*p == CR && (p + 1 == line->end || p[1] == LF)) {
            break;
        }

        if ((*p < 0x20 && *p != '\t') || *p == 0x7f) {
            *why = "a line has a control character in it";
            return NGX_ERROR;
        }
    }

    text->len = p - text->data;

    if (text->len > NGX_WHIP_LINE_MAX_SIZE) {
        *why = "a line is longer than 4096 bytes";
        return NGX_ERROR;
    }

    if (p < line->end && *p == CR) {
        p++;
    }

    line->pos = (p < line->end) ? p + 1 : p;

    while (text->len && (text->data[text->len - 1] == ' '
                         || text->data[text->len - 1] == '\t'))
    {
        text->len--;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_whip_line_word(ngx_str_t *rest, ngx_str_t *word)
{
    size_t  n;

    ngx_whip_line_trim(rest);

    for (n = 0; n < rest->len; n++) {

        if (rest->data[n] == ' ' || rest->data[n] == '\t') {
            break;
        }
    }

    word->data = rest->data;
    word->len = n;

    if (n) {
        rest->data += n;
        rest->len -= n;
    }

    ngx_whip_line_trim(rest);

    return word->len != 0;
}


/* blanks in front */

static void
ngx_whip_line_trim(ngx_str_t *s)
{
    while (s->len && (*s->data == ' ' || *s->data == '\t')) {
        s->data++;
        s->len--;
    }
}


ngx_uint_t
ngx_whip_line_item(ngx_str_t *list, u_char ch, ngx_str_t *item)
{
    u_char  *p, *last;

    if (list->data == NULL) {
        return 0;
    }

    last = list->data + list->len;

    for (p = list->data; p < last && *p != ch; p++) {
        /* void */
    }

    item->data = list->data;
    item->len = p - list->data;

    if (p == last) {
        ngx_str_null(list);

    } else {
        list->data = p + 1;
        list->len = last - list->data;
    }

    return 1;
}


ngx_uint_t
ngx_whip_line_param(ngx_str_t *params, const char *name, ngx_str_t *value)
{
    ngx_str_t  rest, param, key;

    rest = *params;

    while (ngx_whip_line_item(&rest, ';', &param)) {

        ngx_whip_line_trim(&param);

        if (ngx_whip_line_item(&param, '=', &key)
            && param.data != NULL
            && ngx_whip_line_like(&key, name))
        {
            *value = param;
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_whip_line_number(ngx_str_t *s, ngx_uint_t max, ngx_uint_t *n)
{
    size_t      i;
    ngx_uint_t  v, digit;

    v = 0;

    for (i = 0; i < s->len; i++) {

        if (s->data[i] < '0' || s->data[i] > '9') {
            return NGX_ERROR;
        }

        digit = s->data[i] - '0';

        if (v > max / 10 || v * 10 > max - digit) {
            return NGX_ERROR;
        }

        v = v * 10 + digit;
    }

    *n = v;

    return s->len ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_whip_line_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch = ngx_tolower(ch);

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : NGX_ERROR;
}


ngx_uint_t
ngx_whip_line_is(ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && (s->len == 0 || ngx_memcmp(s->data, text, s->len) == 0);
}


ngx_uint_t
ngx_whip_line_like(ngx_str_t *s, const char *text)
{
    size_t  i;

    if (s->len != ngx_strlen(text)) {
        return 0;
    }

    for (i = 0; i < s->len; i++) {

        if (ngx_tolower(s->data[i]) != ngx_tolower(text[i])) {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_whip_line_equal(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_memcmp(a->data, b->data, a->len) == 0);
}


ngx_uint_t
ngx_whip_line_token(ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {

        if (!ngx_whip_line_alphanumeric(s->data[i])
            && (s->data[i] == '\0' || s->data[i] >= 0x7f
                || ngx_strchr("!#$%&'*+-.^_`{|}~", s->data[i]) == NULL))
        {
            return 0;
        }
    }

    return s->len != 0;
}


static ngx_uint_t
ngx_whip_line_alphanumeric(u_char ch)
{
    return (ch >= '0' && ch <= '9')
           || (ch >= 'A' && ch <= 'Z')
           || (ch >= 'a' && ch <= 'z');
}


ngx_uint_t
ngx_whip_line_ufrag(ngx_str_t *s)
{
    return ngx_whip_line_ice(s, NGX_WHIP_LINE_UFRAG_MIN);
}


ngx_uint_t
ngx_whip_line_pwd(ngx_str_t *s)
{
    return ngx_whip_line_ice(s, NGX_WHIP_LINE_PWD_MIN);
}


static ngx_uint_t
ngx_whip_line_ice(ngx_str_t *s, size_t min)
{
    size_t  i;

    if (s->len < min || s->len > NGX_WHIP_LINE_ICE_MAX) {
        return 0;
    }

    for (i = 0; i < s->len; i++) {

        if (!ngx_whip_line_alphanumeric(s->data[i])
            && s->data[i] != '+' && s->data[i] != '/')
        {
            return 0;
        }
    }

    return 1;
}
