
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_live_body.h"


static ngx_uint_t ngx_live_body_deep(u_char *p, size_t len);
static ngx_int_t ngx_live_body_text(json_t *value, const char *field,
    ngx_uint_t depth, ngx_live_body_error_t *error);
static ngx_uint_t ngx_live_body_control(const char *p, size_t len,
    const char *lines);
static u_char *ngx_live_body_append(u_char *p, u_char *last,
    const char *text);


json_t *
ngx_live_body_parse(u_char *data, size_t len,
    ngx_live_body_error_t *error)
{
    json_t        *body;
    json_error_t   why;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    /* jansson would go 2048 levels down */

    if (ngx_live_body_deep(data, len)) {
        ngx_live_body_wrong(error, NULL, NULL,
                            "the body is nested too deeply");
        return NULL;
    }

    body = json_loadb((char *) data, len, JSON_REJECT_DUPLICATES, &why);

    if (body == NULL) {
        /* what jansson says of it holds pieces of the body */

        ngx_live_body_wrong(error, NULL, NULL,
            json_error_code(&why) == json_error_duplicate_key
                ? "a name stands twice in one object of the body"
                : "the body is not JSON");
        return NULL;
    }

    if (!json_is_object(body)) {
        ngx_live_body_wrong(error, NULL, NULL,
                            "the body is not an object");
        json_decref(body);
        return NULL;
    }

    if (ngx_live_body_text(body, NULL, 0, error) != NGX_OK) {
        json_decref(body);
        return NULL;
    }

    return body;
}


static ngx_uint_t
ngx_live_body_deep(u_char *p, size_t len)
{
    u_char      *last;
    ngx_uint_t   depth, quoted;

    depth = 0;
    quoted = 0;

    for (last = p + len; p < last; p++) {

        if (quoted) {

            if (*p == '\\') {
                p++;

            } else if (*p == '"') {
                quoted = 0;
            }

            continue;
        }

        switch (*p) {

        case '"':
            quoted = 1;
            break;

        case '{':
        case '[':
            if (++depth > NGX_LIVE_BODY_DEPTH) {
                return 1;
            }

            break;

        case '}':
        case ']':
            depth -= depth != 0;
            break;
        }
    }

    return 0;
}


/* field: of the body, in which the value is; NULL: the body itself */

static ngx_int_t
ngx_live_body_text(json_t *value, const char *field,
    ngx_uint_t depth, ngx_live_body_error_t *error)
{
    size_t       i;
    json_t      *member;
    const char  *name, *lines;

    if (json_is_string(value)) {
        lines = "";

        if (depth == 2 && ngx_strcmp(field, "settings.description") == 0) {
            lines = "\n";

        } else if (depth == 1 && ngx_strcmp(field, "sdp") == 0) {
            lines = "\r\n";
        }

        if (!ngx_live_body_control(json_string_value(value),
                                   json_string_length(value), lines))
        {
            return NGX_OK;
        }

        ngx_live_body_wrong(error, NULL, field,
                            "must not have control characters");
        return NGX_ERROR;
    }

    if (json_is_array(value)) {
        json_array_foreach(value, i, member) {
            if (ngx_live_body_text(member, field, depth + 1, error)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        return NGX_OK;
    }

    json_object_foreach(value, name, member) {

        if (ngx_live_body_control(name, ngx_strlen(name), "")) {
            ngx_live_body_wrong(error, NULL, field,
                "a name in the body has control characters");
            return NGX_ERROR;
        }

        if (depth == 0) {
            field = name;

        } else if (depth == 1 && ngx_strcmp(field, "settings") == 0) {

            ngx_live_body_wrong(error, "settings", name, "");

            if (ngx_live_body_text(member, error->field, 2, error)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            error->field[0] = '\0';
            continue;
        }

        if (ngx_live_body_text(member, field, depth + 1, error)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* C0 but the line ends, DEL and C1 (U+0080 to U+009F) */

static ngx_uint_t
ngx_live_body_control(const char *p, size_t len, const char *lines)
{
    size_t        i;
    const u_char *s;

    s = (const u_char *) p;

    for (i = 0; i < len; i++) {

        if (s[i] && ngx_strchr(lines, s[i])) {
            continue;
        }

        if (s[i] < 0x20 || s[i] == 0x7f
            || (s[i] == 0xc2 && i + 1 < len && s[i + 1] < 0xa0))
        {
            return 1;
        }
    }

    return 0;
}


/* a field may be one that the client has made up: cut between characters; it
   may be the error's own */

void
ngx_live_body_wrong(ngx_live_body_error_t *error,
    const char *parent, const char *field, const char *message)
{
    u_char  *p, *last;

    if (field != error->field) {
        p = (u_char *) error->field;
        last = p + sizeof(error->field) - 1;

        if (parent) {
            p = ngx_live_body_append(p, last, parent);
            p = ngx_live_body_append(p, last, ".");
        }

        if (field) {
            p = ngx_live_body_append(p, last, field);
        }

        *p = '\0';
    }

    p = (u_char *) error->message;
    last = p + sizeof(error->message) - 1;

    if (error->field[0] && ngx_strncmp(message, "must ", 5) == 0) {
        p = ngx_live_body_append(p, last, error->field);
        p = ngx_live_body_append(p, last, " ");
    }

    p = ngx_live_body_append(p, last, message);
    *p = '\0';
}


static u_char *
ngx_live_body_append(u_char *p, u_char *last, const char *text)
{
    size_t  n;

    n = ngx_strlen(text);

    if (n > (size_t) (last - p)) {
        n = last - p;

        while (n && ((u_char) text[n] & 0xc0) == 0x80) {
            n--;
        }
    }

    return ngx_cpymem(p, text, n);
}


/* of a string that is UTF-8 */

size_t
ngx_live_body_chars(json_t *value)
{
    size_t       n;
    const char  *p;

    n = 0;

    for (p = json_string_value(value); *p; p++) {
        n += ((u_char) *p & 0xc0) != 0x80;
    }

    return n;
}


ngx_int_t
ngx_live_body_known(json_t *body, const char * const *names,
    ngx_live_body_error_t *error)
{
    json_t              *value;
    const char          *name;
    const char * const  *known;

    json_object_foreach(body, name, value) {

        for (known = names; *known; known++) {
            if (ngx_strcmp(*known, name) == 0) {
                break;
            }
        }

        if (*known == NULL) {
            ngx_live_body_wrong(error, NULL, name,
                                "there is no such field here");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* bytes 1 to max */

const char *
ngx_live_body_string(json_t *body, const char *name, size_t max,
    const char *message, ngx_live_body_error_t *error)
{
    json_t  *value;

    value = json_object_get(body, name);

    if (!json_is_string(value) || json_string_length(value) == 0
        || json_string_length(value) > max)
    {
        ngx_live_body_wrong(error, NULL, name, message);
        return NULL;
    }

    return json_string_value(value);
}
