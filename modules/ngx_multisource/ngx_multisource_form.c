
/*
 * Copyright (C) the ngx_live contributors
 *
 * A field that is null is one that is not there, but for sources that a viewer
 * chooses: null is none of them.
 */


#include "ngx_multisource_form.h"


#define NGX_MULTISOURCE_FORM_PREFIX     "api/v1/livestream/"
#define NGX_MULTISOURCE_FORM_WORDS      4       /* of the longest path */

#define NGX_MULTISOURCE_FORM_CHARS      100     /* of a title */
#define NGX_MULTISOURCE_FORM_CODE       64      /* bytes */
#define NGX_MULTISOURCE_FORM_TIME       3600000 /* ms: an hour */
#define NGX_MULTISOURCE_FORM_STALLS     100000
#define NGX_MULTISOURCE_FORM_SIZE_MIN   10      /* % of the picture */
#define NGX_MULTISOURCE_FORM_SIZE_MAX   40
#define NGX_MULTISOURCE_FORM_CANDIDATE  512     /* bytes */
#define NGX_MULTISOURCE_FORM_TOKEN      256     /* bytes */

#define NGX_MULTISOURCE_FORM_SWITCHES                                         \
    (sizeof(((ngx_multisource_beacon_t *) 0)->switches)                       \
     / sizeof(((ngx_multisource_beacon_t *) 0)->switches[0]))

#define NGX_MULTISOURCE_FORM_MS                                               \
    "must be a whole number of ms from 0 to 3600000"
#define NGX_MULTISOURCE_FORM_BOOLEAN    "must be true or false"
#define NGX_MULTISOURCE_FORM_OURS       "must be a stream of the session"

/* a place for "streams[15]" */

#define NGX_MULTISOURCE_FORM_PLACE      sizeof("streams[15]")


typedef struct {
    const char              *words[NGX_MULTISOURCE_FORM_WORDS];
    ngx_multisource_form_e   what;
} ngx_multisource_form_route_t;


static ngx_uint_t ngx_multisource_form_match(
    const ngx_multisource_form_route_t *route, ngx_str_t *words, ngx_uint_t n,
    ngx_multisource_form_path_t *path);
static ngx_uint_t ngx_multisource_form_grammar(const u_char *p, size_t len);
static json_t *ngx_multisource_form_get(json_t *object, const char *name);
static ngx_int_t ngx_multisource_form_known(json_t *object,
    const char *parent, const char * const *names,
    ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_number(json_t *object,
    const char *parent, const char *name, json_int_t min, json_int_t max,
    uint32_t *number, const char *message, ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_boolean(json_t *object,
    const char *name, ngx_uint_t *value, ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_word(json_t *object,
    const char *parent, const char *name, const char * const *words,
    uint8_t *number, const char *message, ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_one(json_t *streams, ngx_uint_t n,
    ngx_multisource_naming_t *naming, ngx_multisource_form_start_t *form,
    ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_label(json_t *value,
    ngx_multisource_show_stream_t *stream);
static size_t ngx_multisource_form_name(const char *label, u_char *name);
static const u_char *ngx_multisource_form_keycap(const u_char *p);
static uint32_t ngx_multisource_form_next(const u_char **p);
static ngx_uint_t ngx_multisource_form_blank(uint32_t ch);
static ngx_int_t ngx_multisource_form_type(json_t *object, const char *place,
    ngx_multisource_show_stream_t *stream, ngx_live_body_error_t *error);
static ngx_uint_t ngx_multisource_form_stream_of(
    ngx_multisource_show_record_t *show, const char *text);
static ngx_int_t ngx_multisource_form_choice(json_t *object,
    const char *parent, const char *name, ngx_multisource_show_record_t *show,
    uint8_t *stream, ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_enabled(json_t *body,
    ngx_multisource_show_record_t *show, uint16_t *enabled,
    ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_watched(json_t *body,
    ngx_multisource_show_record_t *show, ngx_multisource_beacon_t *beacon,
    ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_watching(json_t *body,
    ngx_multisource_show_record_t *show, ngx_multisource_beacon_t *beacon,
    ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_switches(json_t *body,
    ngx_multisource_show_record_t *show, ngx_multisource_beacon_t *beacon,
    ngx_live_body_error_t *error);
static ngx_int_t ngx_multisource_form_token(json_t *body, const char *name,
    const char *more, const char **text, const char *message,
    ngx_live_body_error_t *error);


/* "{id}", "{name}" or "{id}:{name}" stand for names */

static const ngx_multisource_form_route_t  ngx_multisource_form_routes[] = {

    { { "session", "start" }, NGX_MULTISOURCE_FORM_START },
    { { "session", "{id}", "status" }, NGX_MULTISOURCE_FORM_STATUS },
    { { "session", "{id}", "join" }, NGX_MULTISOURCE_FORM_JOIN },
    { { "session", "{id}", "preferences" }, NGX_MULTISOURCE_FORM_PREFERENCES },
    { { "session", "{id}", "stop" }, NGX_MULTISOURCE_FORM_STOP },
    { { "session", "{id}", "events" }, NGX_MULTISOURCE_FORM_EVENTS },
    { { "session", "{id}", "beacon" }, NGX_MULTISOURCE_FORM_BEACON },
    { { "session", "{id}", "analytics" }, NGX_MULTISOURCE_FORM_ANALYTICS },
    { { "session", "{id}", "usage" }, NGX_MULTISOURCE_FORM_USAGE },
    { { "session", "{id}", "director" }, NGX_MULTISOURCE_FORM_DIRECTOR },
    { { "session", "{id}", "streams", "{name}" },
      NGX_MULTISOURCE_FORM_STREAM },
    { { "stream", "{id}:{name}", "signal", "offer" },
      NGX_MULTISOURCE_FORM_SIGNAL_OFFER },
    { { "stream", "{id}:{name}", "signal", "candidate" },
      NGX_MULTISOURCE_FORM_SIGNAL_CANDIDATE },
    { { "stream", "{id}:{name}", "signal", "stop" },
      NGX_MULTISOURCE_FORM_SIGNAL_STOP },

    { { NULL }, NGX_MULTISOURCE_FORM_UNKNOWN }
};


static const char * const  ngx_multisource_form_start_names[] = {
    "title", "public", "streams", NULL
};

static const char * const  ngx_multisource_form_one_names[] = {
    "name", "label", "type", NULL
};

static const char * const  ngx_multisource_form_join_names[] = {
    "code", NULL
};

static const char * const  ngx_multisource_form_preferences_names[] = {
    "enabled_streams", "main", "layout", "follow", "pip", NULL
};

static const char * const  ngx_multisource_form_pip_names[] = {
    "source", "corner", "size", NULL
};

static const char * const  ngx_multisource_form_director_names[] = {
    "mode", "source", NULL
};

static const char * const  ngx_multisource_form_stream_names[] = {
    "enabled", NULL
};


/* in the order of NGX_MULTISOURCE_LAYOUT_..., CORNER_... and DIRECT_... */

static const char * const  ngx_multisource_form_layouts[] = {
    "single", "pip", "grid", NULL
};

static const char * const  ngx_multisource_form_corners[] = {
    "top-left", "top-right", "bottom-left", "bottom-right", NULL
};

static const char * const  ngx_multisource_form_modes[] = {
    "off", "manual", "activity", NULL
};


ngx_int_t
ngx_multisource_form_path(ngx_str_t *rest, ngx_multisource_form_path_t *path)
{
    size_t                               len;
    u_char                              *p, *last;
    ngx_str_t                            words[NGX_MULTISOURCE_FORM_WORDS];
    ngx_uint_t                           n;
    const ngx_multisource_form_route_t  *route;

    ngx_memzero(path, sizeof(ngx_multisource_form_path_t));

    p = rest->data;
    last = p + rest->len;
    len = sizeof(NGX_MULTISOURCE_FORM_PREFIX) - 1;

    if (rest->len > len
        && ngx_memcmp(p, NGX_MULTISOURCE_FORM_PREFIX, len) == 0)
    {
        p += len;
    }

    /* an empty word is one that no route has */

    for (n = 0; p <= last; n++, p++) {

        if (n == NGX_MULTISOURCE_FORM_WORDS) {
            return NGX_DECLINED;
        }

        words[n].data = p;

        while (p < last && *p != '/') {
            p++;
        }

        words[n].len = p - words[n].data;
    }

    for (route = ngx_multisource_form_routes; route->what; route++) {

        if (ngx_multisource_form_match(route, words, n, path)) {
            path->what = route->what;
            return NGX_OK;
        }
    }

    ngx_memzero(path, sizeof(ngx_multisource_form_path_t));

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_multisource_form_match(const ngx_multisource_form_route_t *route,
    ngx_str_t *words, ngx_uint_t n, ngx_multisource_form_path_t *path)
{
    u_char      *colon, *last;
    ngx_str_t   *word;
    ngx_uint_t   i;
    const char  *want;

    ngx_str_null(&path->id);
    ngx_str_null(&path->stream);

    for (i = 0; i < NGX_MULTISOURCE_FORM_WORDS; i++) {
        want = route->words[i];
        word = &words[i];

        if (want == NULL || i == n) {
            return want == NULL && i == n;
        }

        /* the digits of an id are a name as well */

        if (ngx_strcmp(want, "{id}") == 0) {
            path->id = *word;

            if (!ngx_multisource_form_grammar(word->data, word->len)) {
                return 0;
            }

        } else if (ngx_strcmp(want, "{name}") == 0) {
            path->stream = *word;

            if (!ngx_multisource_form_grammar(word->data, word->len)) {
                return 0;
            }

        } else if (ngx_strcmp(want, "{id}:{name}") == 0) {
            last = word->data + word->len;
            colon = ngx_strlchr(word->data, last, ':');

            if (colon == NULL) {
                return 0;
            }

            path->id.data = word->data;
            path->id.len = colon - word->data;
            path->stream.data = colon + 1;
            path->stream.len = last - colon - 1;

            if (!ngx_multisource_form_grammar(path->id.data, path->id.len)
                || !ngx_multisource_form_grammar(path->stream.data,
                                                 path->stream.len))
            {
                return 0;
            }

        } else if (word->len != ngx_strlen(want)
                   || ngx_memcmp(word->data, want, word->len) != 0)
        {
            return 0;
        }
    }

    return n == NGX_MULTISOURCE_FORM_WORDS;
}


static ngx_uint_t
ngx_multisource_form_grammar(const u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z')
              || (p[i] >= '0' && p[i] <= '9') || p[i] == '_' || p[i] == '-'))
        {
            return 0;
        }
    }

    return len != 0 && len <= NGX_MULTISOURCE_NAME_MAX;
}


static json_t *
ngx_multisource_form_get(json_t *object, const char *name)
{
    json_t  *value;

    value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}


static ngx_int_t
ngx_multisource_form_known(json_t *object, const char *parent,
    const char * const *names, ngx_live_body_error_t *error)
{
    char  field[NGX_LIVE_BODY_FIELD];

    if (ngx_live_body_known(object, names, error) == NGX_OK) {
        return NGX_OK;
    }

    if (parent) {
        ngx_memcpy(field, error->field, sizeof(field));
        ngx_live_body_wrong(error, parent, field,
                            "there is no such field here");
    }

    return NGX_ERROR;
}


/* what is not there leaves *number as it is */

static ngx_int_t
ngx_multisource_form_number(json_t *object, const char *parent,
    const char *name, json_int_t min, json_int_t max, uint32_t *number,
    const char *message, ngx_live_body_error_t *error)
{
    json_t  *value;

    value = ngx_multisource_form_get(object, name);

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_integer(value) || json_integer_value(value) < min
        || json_integer_value(value) > max)
    {
        ngx_live_body_wrong(error, parent, name, message);
        return NGX_ERROR;
    }

    *number = (uint32_t) json_integer_value(value);

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_form_boolean(json_t *object, const char *name,
    ngx_uint_t *boolean, ngx_live_body_error_t *error)
{
    json_t  *value;

    value = ngx_multisource_form_get(object, name);

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_boolean(value)) {
        ngx_live_body_wrong(error, NULL, name, NGX_MULTISOURCE_FORM_BOOLEAN);
        return NGX_ERROR;
    }

    *boolean = json_is_true(value);

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_form_word(json_t *object, const char *parent,
    const char *name, const char * const *words, uint8_t *number,
    const char *message, ngx_live_body_error_t *error)
{
    json_t      *value;
    ngx_uint_t   i;

    value = ngx_multisource_form_get(object, name);

    if (value == NULL) {
        return NGX_OK;
    }

    if (json_is_string(value)) {
        for (i = 0; words[i]; i++) {
            if (ngx_strcmp(json_string_value(value), words[i]) == 0) {
                *number = (uint8_t) i;
                return NGX_OK;
            }
        }
    }

    ngx_live_body_wrong(error, parent, name, message);

    return NGX_ERROR;
}


ngx_int_t
ngx_multisource_form_start(json_t *body, ngx_multisource_naming_t *naming,
    ngx_multisource_form_start_t *form, ngx_live_body_error_t *error)
{
    json_t      *value;
    ngx_uint_t   i;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));
    ngx_memzero(form, sizeof(ngx_multisource_form_start_t));

    form->private = -1;

    if (ngx_live_body_known(body, ngx_multisource_form_start_names, error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    value = ngx_multisource_form_get(body, "title");

    if (value) {
        if (!json_is_string(value)
            || ngx_live_body_chars(value) > NGX_MULTISOURCE_FORM_CHARS)
        {
            ngx_live_body_wrong(error, NULL, "title",
                                "must be a text of up to 100 characters");
            return NGX_ERROR;
        }

        /* of up to four bytes each */

        ngx_memcpy(form->title, json_string_value(value),
                   json_string_length(value));
    }

    value = ngx_multisource_form_get(body, "public");

    if (value) {
        if (!json_is_boolean(value)) {
            ngx_live_body_wrong(error, NULL, "public",
                                NGX_MULTISOURCE_FORM_BOOLEAN);
            return NGX_ERROR;
        }

        form->private = json_is_false(value);
    }

    value = ngx_multisource_form_get(body, "streams");

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_array(value)
        || json_array_size(value) > NGX_MULTISOURCE_SHOW_STREAMS)
    {
        ngx_live_body_wrong(error, NULL, "streams",
                            "must be an array of up to 16 streams");
        return NGX_ERROR;
    }

    for (i = 0; i < json_array_size(value); i++) {
        if (ngx_multisource_form_one(value, i, naming, form, error) != NGX_OK) {
            return NGX_ERROR;
        }

        form->nstreams++;
    }

    return NGX_OK;
}


/* the n-th expected stream, behind those in the form */

static ngx_int_t
ngx_multisource_form_one(json_t *streams, ngx_uint_t n,
    ngx_multisource_naming_t *naming, ngx_multisource_form_start_t *form,
    ngx_live_body_error_t *error)
{
    char                            place[NGX_MULTISOURCE_FORM_PLACE], *p;
    u_char                          text[NGX_MULTISOURCE_NAME_MAX + 1];
    json_t                         *one, *label, *value;
    ngx_str_t                       name;
    ngx_uint_t                      i;
    const char                     *field;
    ngx_multisource_show_stream_t  *stream;

    p = (char *) ngx_cpymem(place, "streams[", sizeof("streams[") - 1);

    if (n >= 10) {
        *p++ = (char) ('0' + n / 10);
    }

    *p++ = (char) ('0' + n % 10);
    *p++ = ']';
    *p = '\0';

    one = json_array_get(streams, n);
    stream = &form->streams[n];

    if (!json_is_object(one)) {
        ngx_live_body_wrong(error, NULL, place,
                            "must be an object with a name or a label");
        return NGX_ERROR;
    }

    if (ngx_multisource_form_known(one, place, ngx_multisource_form_one_names,
                                   error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    value = ngx_multisource_form_get(one, "name");
    label = ngx_multisource_form_get(one, "label");

    if (value == NULL && label == NULL) {
        ngx_live_body_wrong(error, NULL, place, "must have a name or a label");
        return NGX_ERROR;
    }

    name.len = 0;
    name.data = text;

    if (label) {
        if (ngx_multisource_form_label(label, stream) != NGX_OK) {
            ngx_live_body_wrong(error, place, "label",
                                "must be a text of 1 to 100 bytes");
            return NGX_ERROR;
        }

        name.len = ngx_multisource_form_name((char *) stream->label, text);
    }

    field = "label";

    if (value) {
        /* of what is no string the length is 0 */

        field = "name";
        name.len = json_string_length(value);
        name.data = (u_char *) json_string_value(value);
    }

    switch (ngx_multisource_name_check_source(naming, &name)) {

    case NGX_MULTISOURCE_OK:
        break;

    case NGX_MULTISOURCE_RESERVED_SOURCE_NAME:
        ngx_live_body_wrong(error, place, field, "must not be a reserved name");
        return NGX_ERROR;

    default:
        ngx_live_body_wrong(error, place, field, value
            ? "must be 1 to 50 letters, digits, \"_\" and \"-\""
            : "must have 1 to 50 of the letters, digits, \"_\" and \"-\" that "
              "a name is made of");
        return NGX_ERROR;
    }

    ngx_memcpy(stream->name, name.data, name.len);

    for (i = 0; i < n; i++) {
        if (ngx_strcmp(form->streams[i].name, stream->name) == 0) {
            ngx_live_body_wrong(error, place, field,
                                "must be another one than those before");
            return NGX_ERROR;
        }
    }

    stream->expected = 1;

    return ngx_multisource_form_type(one, place, stream, error);
}


/* without outer blanks, and not empty */

static ngx_int_t
ngx_multisource_form_label(json_t *value, ngx_multisource_show_stream_t *stream)
{
    size_t       len;
    const char  *p;

    if (!json_is_string(value)) {
        return NGX_ERROR;
    }

    p = json_string_value(value);
    len = json_string_length(value);

    while (len && *p == ' ') {
        p++;
        len--;
    }

    while (len && p[len - 1] == ' ') {
        len--;
    }

    if (len == 0 || len >= sizeof(stream->label)) {
        return NGX_ERROR;
    }

    ngx_memcpy(stream->label, p, len);

    return NGX_OK;
}


/*
 * A label's name: blanks between words are underscores, and what no name has is
 * left out, as emoji are, of which a digit with a key cap around it is one. One
 * byte too many, if it is too long.
 */

static size_t
ngx_multisource_form_name(const char *label, u_char *name)
{
    size_t         len;
    u_char         c;
    uint32_t       ch;
    ngx_uint_t     blank;
    const u_char  *p, *keycap;

    p = (const u_char *) label;
    len = 0;
    blank = 0;

    while (*p) {

        keycap = ngx_multisource_form_keycap(p);

        if (keycap) {
            p = keycap;
            continue;
        }

        ch = ngx_multisource_form_next(&p);

        if (ngx_multisource_form_blank(ch)) {
            blank = (len != 0);
            continue;
        }

        c = (u_char) ch;

        if (ch >= 0x80 || !ngx_multisource_form_grammar(&c, 1)) {
            continue;
        }

        if (blank && len <= NGX_MULTISOURCE_NAME_MAX) {
            name[len++] = '_';
        }

        if (len <= NGX_MULTISOURCE_NAME_MAX) {
            name[len++] = c;
        }

        blank = 0;
    }

    return len;
}


/* behind a digit, U+FE0F or nothing, and U+20E3; NULL: it is none */

static const u_char *
ngx_multisource_form_keycap(const u_char *p)
{
    if (!((*p >= '0' && *p <= '9') || *p == '#' || *p == '*')) {
        return NULL;
    }

    p++;

    if (ngx_strncmp(p, "\xef\xb8\x8f", 3) == 0) {
        p += 3;
    }

    return ngx_strncmp(p, "\xe2\x83\xa3", 3) == 0 ? p + 3 : NULL;
}


/* a character of UTF-8 that ends with NUL */

static uint32_t
ngx_multisource_form_next(const u_char **p)
{
    uint32_t    ch;
    ngx_uint_t  n;

    ch = *(*p)++;

    if (ch < 0xc0) {
        return ch;
    }

    n = ch >= 0xf0 ? 3 : (ch >= 0xe0 ? 2 : 1);

    for (ch &= 0x3f >> n; n && (**p & 0xc0) == 0x80; n--) {
        ch = ch << 6 | (*(*p)++ & 0x3f);
    }

    return ch;
}


/* what \s is in a page's script */

static ngx_uint_t
ngx_multisource_form_blank(uint32_t ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r') || ch == 0xa0
           || ch == 0x1680 || (ch >= 0x2000 && ch <= 0x200a)
           || ch == 0x2028 || ch == 0x2029 || ch == 0x202f || ch == 0x205f
           || ch == 0x3000 || ch == 0xfeff;
}


static ngx_int_t
ngx_multisource_form_type(json_t *object, const char *place,
    ngx_multisource_show_stream_t *stream, ngx_live_body_error_t *error)
{
    json_t      *value;
    ngx_str_t    text;
    ngx_uint_t   type;

    value = ngx_multisource_form_get(object, "type");

    if (value == NULL) {
        text.len = ngx_strlen(stream->name);
        text.data = stream->name;
        stream->type = (uint8_t) ngx_multisource_price_guess(&text);

        return NGX_OK;
    }

    type = NGX_MULTISOURCE_PRICE_TYPES;

    if (json_is_string(value)) {
        text.len = json_string_length(value);
        text.data = (u_char *) json_string_value(value);
        type = ngx_multisource_price_type_of(&text);
    }

    if (type == NGX_MULTISOURCE_PRICE_TYPES) {
        ngx_live_body_wrong(error, place, "type",
                            "must be screen, camera, audio or other");
        return NGX_ERROR;
    }

    stream->type = (uint8_t) type;

    return NGX_OK;
}


ngx_int_t
ngx_multisource_form_join(json_t *body, const char **code,
    ngx_live_body_error_t *error)
{
    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    *code = NULL;

    if (ngx_live_body_known(body, ngx_multisource_form_join_names, error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_multisource_form_get(body, "code") == NULL) {
        return NGX_OK;
    }

    *code = ngx_live_body_string(body, "code", NGX_MULTISOURCE_FORM_CODE,
                                 "must be the code that the session was "
                                 "started with", error);

    return *code ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_multisource_form_preferences(json_t *body,
    ngx_multisource_show_record_t *show,
    ngx_multisource_preferences_t *preferences, ngx_live_body_error_t *error)
{
    json_t                         *pip;
    uint32_t                        size;
    ngx_uint_t                      follow;
    ngx_multisource_preferences_t   new;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    new = *preferences;
    size = new.size;
    follow = new.follow;

    if (ngx_live_body_known(body, ngx_multisource_form_preferences_names,
                            error)
        != NGX_OK
        || ngx_multisource_form_enabled(body, show, &new.enabled, error)
           != NGX_OK
        || ngx_multisource_form_choice(body, NULL, "main", show, &new.main,
                                       error)
           != NGX_OK
        || ngx_multisource_form_word(body, NULL, "layout",
                                     ngx_multisource_form_layouts, &new.layout,
                                     "must be single, pip or grid", error)
           != NGX_OK
        || ngx_multisource_form_boolean(body, "follow", &follow, error)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    pip = ngx_multisource_form_get(body, "pip");

    if (pip) {
        if (!json_is_object(pip)) {
            ngx_live_body_wrong(error, NULL, "pip", "must be an object");
            return NGX_ERROR;
        }

        if (ngx_multisource_form_known(pip, "pip",
                                       ngx_multisource_form_pip_names, error)
            != NGX_OK
            || ngx_multisource_form_choice(pip, "pip", "source", show,
                                           &new.pip, error)
               != NGX_OK
            || ngx_multisource_form_word(pip, "pip", "corner",
                                         ngx_multisource_form_corners,
                                         &new.corner,
                                         "must be top-left, top-right, "
                                         "bottom-left or bottom-right", error)
               != NGX_OK
            || ngx_multisource_form_number(pip, "pip", "size",
                                           NGX_MULTISOURCE_FORM_SIZE_MIN,
                                           NGX_MULTISOURCE_FORM_SIZE_MAX,
                                           &size,
                                           "must be a whole number from 10 "
                                           "to 40", error)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    new.size = (uint8_t) size;
    new.follow = (uint8_t) follow;
    new.set = 1;

    *preferences = new;

    return NGX_OK;
}


static ngx_uint_t
ngx_multisource_form_stream_of(ngx_multisource_show_record_t *show,
    const char *text)
{
    ngx_str_t  name;

    name.data = (u_char *) text;
    name.len = ngx_strlen(text);

    return ngx_multisource_form_grammar(name.data, name.len)
           ? ngx_multisource_show_stream(show, &name)
           : NGX_MULTISOURCE_SHOW_NONE;
}


/* a stream, or null for none */

static ngx_int_t
ngx_multisource_form_choice(json_t *object, const char *parent,
    const char *name, ngx_multisource_show_record_t *show, uint8_t *stream,
    ngx_live_body_error_t *error)
{
    json_t      *value;
    ngx_uint_t   n;

    value = json_object_get(object, name);

    if (value == NULL) {
        return NGX_OK;
    }

    n = NGX_MULTISOURCE_SHOW_NONE;

    if (json_is_string(value)) {
        n = ngx_multisource_form_stream_of(show, json_string_value(value));
    }

    if (n == NGX_MULTISOURCE_SHOW_NONE && !json_is_null(value)) {
        ngx_live_body_wrong(error, parent, name,
                            NGX_MULTISOURCE_FORM_OURS ", or null");
        return NGX_ERROR;
    }

    *stream = (uint8_t) n;

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_form_enabled(json_t *body, ngx_multisource_show_record_t *show,
    uint16_t *enabled, ngx_live_body_error_t *error)
{
    size_t       i;
    json_t      *value, *member;
    uint16_t     bits, bit;
    ngx_uint_t   n;

    value = ngx_multisource_form_get(body, "enabled_streams");

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_array(value)) {
        ngx_live_body_wrong(error, NULL, "enabled_streams",
                            "must be an array of names of streams");
        return NGX_ERROR;
    }

    bits = 0;

    json_array_foreach(value, i, member) {

        n = NGX_MULTISOURCE_SHOW_NONE;

        if (json_is_string(member)) {
            n = ngx_multisource_form_stream_of(show,
                                               json_string_value(member));
        }

        if (n == NGX_MULTISOURCE_SHOW_NONE) {
            ngx_live_body_wrong(error, NULL, "enabled_streams",
                                "must be names of streams of the session");
            return NGX_ERROR;
        }

        bit = (uint16_t) (1 << n);

        if (bits & bit) {
            ngx_live_body_wrong(error, NULL, "enabled_streams",
                                "must not name a stream twice");
            return NGX_ERROR;
        }

        bits |= bit;
    }

    *enabled = bits;

    return NGX_OK;
}


ngx_int_t
ngx_multisource_form_beacon(json_t *body, ngx_multisource_show_record_t *show,
    ngx_multisource_beacon_t *beacon, ngx_live_body_error_t *error)
{
    ngx_uint_t  leaving;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));
    ngx_memzero(beacon, sizeof(ngx_multisource_beacon_t));

    leaving = 0;

    if (ngx_multisource_form_number(body, NULL, "seq", 1, UINT32_MAX,
                                    &beacon->seq,
                                    "must be a whole number from 1 to "
                                    "4294967295", error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (beacon->seq == 0) {
        ngx_live_body_wrong(error, NULL, "seq",
                            "must be given, from 1 and one more each time");
        return NGX_ERROR;
    }

    if (ngx_multisource_form_watched(body, show, beacon, error) != NGX_OK
        || ngx_multisource_form_watching(body, show, beacon, error) != NGX_OK
        || ngx_multisource_form_switches(body, show, beacon, error) != NGX_OK
        || ngx_multisource_form_number(body, NULL, "join_ms", 0,
                                       NGX_MULTISOURCE_FORM_TIME,
                                       &beacon->join_ms,
                                       NGX_MULTISOURCE_FORM_MS, error)
           != NGX_OK
        || ngx_multisource_form_number(body, NULL, "stalls", 0,
                                       NGX_MULTISOURCE_FORM_STALLS,
                                       &beacon->stalls,
                                       "must be a whole number from 0 to "
                                       "100000", error)
           != NGX_OK
        || ngx_multisource_form_number(body, NULL, "stalled_ms", 0,
                                       NGX_MULTISOURCE_FORM_TIME,
                                       &beacon->stalled,
                                       NGX_MULTISOURCE_FORM_MS, error)
           != NGX_OK
        || ngx_multisource_form_boolean(body, "leaving", &leaving, error)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    beacon->leaving = leaving;

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_form_watched(json_t *body, ngx_multisource_show_record_t *show,
    ngx_multisource_beacon_t *beacon, ngx_live_body_error_t *error)
{
    json_t      *watched, *value;
    uint32_t     ms, most;
    ngx_uint_t   n;
    const char  *name;

    watched = ngx_multisource_form_get(body, "watched");

    if (watched && !json_is_object(watched)) {
        ngx_live_body_wrong(error, NULL, "watched",
                            "must be an object of names and ms");
        return NGX_ERROR;
    }

    most = 0;

    json_object_foreach(watched, name, value) {

        ms = 0;

        if (ngx_multisource_form_number(watched, "watched", name, 0,
                                        NGX_MULTISOURCE_FORM_TIME, &ms,
                                        NGX_MULTISOURCE_FORM_MS, error)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        n = ngx_multisource_form_stream_of(show, name);

        if (n != NGX_MULTISOURCE_SHOW_NONE) {
            beacon->watched[n] = ms;
            most = ngx_max(most, ms);
        }
    }

    beacon->any = most;

    if (ngx_multisource_form_number(body, NULL, "watched_ms", 0,
                                    NGX_MULTISOURCE_FORM_TIME, &beacon->any,
                                    NGX_MULTISOURCE_FORM_MS, error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* while one is watched, at least one is */

    beacon->any = ngx_max(beacon->any, most);

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_form_watching(json_t *body, ngx_multisource_show_record_t *show,
    ngx_multisource_beacon_t *beacon, ngx_live_body_error_t *error)
{
    size_t       i;
    json_t      *watching, *value;
    ngx_uint_t   n;

    watching = ngx_multisource_form_get(body, "watching");

    if (watching && !json_is_array(watching)) {
        ngx_live_body_wrong(error, NULL, "watching",
                            "must be an array of names");
        return NGX_ERROR;
    }

    json_array_foreach(watching, i, value) {

        if (!json_is_string(value)) {
            ngx_live_body_wrong(error, NULL, "watching",
                                "must be an array of names");
            return NGX_ERROR;
        }

        n = ngx_multisource_form_stream_of(show, json_string_value(value));

        if (n != NGX_MULTISOURCE_SHOW_NONE) {
            beacon->watching |= (uint16_t) (1 << n);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_form_switches(json_t *body, ngx_multisource_show_record_t *show,
    ngx_multisource_beacon_t *beacon, ngx_live_body_error_t *error)
{
    size_t       i;
    json_t      *switches, *value;
    ngx_uint_t   from, to;
    const char  *first, *second;

    switches = ngx_multisource_form_get(body, "switches");

    if (switches
        && (!json_is_array(switches)
            || json_array_size(switches) > NGX_MULTISOURCE_FORM_SWITCHES))
    {
        ngx_live_body_wrong(error, NULL, "switches",
                            "must be an array of up to 32 pairs of names");
        return NGX_ERROR;
    }

    json_array_foreach(switches, i, value) {

        first = json_string_value(json_array_get(value, 0));
        second = json_string_value(json_array_get(value, 1));

        if (json_array_size(value) != 2 || first == NULL || second == NULL) {
            ngx_live_body_wrong(error, NULL, "switches",
                                "must be pairs of names, as "
                                "[[\"FROM\", \"TO\"]]");
            return NGX_ERROR;
        }

        from = ngx_multisource_form_stream_of(show, first);
        to = ngx_multisource_form_stream_of(show, second);

        if (from == NGX_MULTISOURCE_SHOW_NONE
            || to == NGX_MULTISOURCE_SHOW_NONE || from == to)
        {
            continue;
        }

        beacon->switches[beacon->nswitches].from = (uint8_t) from;
        beacon->switches[beacon->nswitches].to = (uint8_t) to;
        beacon->nswitches++;
    }

    return NGX_OK;
}


ngx_int_t
ngx_multisource_form_director(json_t *body,
    ngx_multisource_form_director_t *form, ngx_live_body_error_t *error)
{
    size_t    len;
    json_t   *value;
    uint8_t   mode;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));
    ngx_memzero(form, sizeof(ngx_multisource_form_director_t));

    if (ngx_live_body_known(body, ngx_multisource_form_director_names, error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    mode = NGX_MULTISOURCE_SHOW_NONE;

    if (ngx_multisource_form_word(body, NULL, "mode",
                                  ngx_multisource_form_modes, &mode,
                                  "must be off, manual or activity", error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (mode == NGX_MULTISOURCE_SHOW_NONE) {
        ngx_live_body_wrong(error, NULL, "mode",
                            "must be given: off, manual or activity");
        return NGX_ERROR;
    }

    form->mode = mode;

    value = ngx_multisource_form_get(body, "source");

    if (value == NULL) {
        return NGX_OK;
    }

    len = json_string_length(value);

    if (!json_is_string(value)
        || !ngx_multisource_form_grammar((u_char *) json_string_value(value),
                                         len))
    {
        ngx_live_body_wrong(error, NULL, "source",
                            "must be the name of a source");
        return NGX_ERROR;
    }

    ngx_memcpy(form->source, json_string_value(value), len);

    return NGX_OK;
}


ngx_int_t
ngx_multisource_form_stream(json_t *body, ngx_uint_t *enabled,
    ngx_live_body_error_t *error)
{
    json_t  *value;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    if (ngx_live_body_known(body, ngx_multisource_form_stream_names, error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    value = json_object_get(body, "enabled");

    if (!json_is_boolean(value)) {
        ngx_live_body_wrong(error, NULL, "enabled",
                            NGX_MULTISOURCE_FORM_BOOLEAN);
        return NGX_ERROR;
    }

    *enabled = json_is_true(value);

    return NGX_OK;
}


/* the lines of an offer are of who reads SDP */

ngx_int_t
ngx_multisource_form_offer(json_t *body, const char **sdp,
    ngx_live_body_error_t *error)
{
    json_t  *type;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    *sdp = NULL;

    type = ngx_multisource_form_get(body, "type");

    if (type && (!json_is_string(type)
                 || ngx_strcmp(json_string_value(type), "offer") != 0))
    {
        ngx_live_body_wrong(error, NULL, "type", "must be offer");
        return NGX_ERROR;
    }

    *sdp = ngx_live_body_string(body, "sdp", NGX_MULTISOURCE_FORM_SDP,
                                "must be a session description of up to 65536 "
                                "bytes", error);

    if (*sdp == NULL) {
        return NGX_ERROR;
    }

    /* RFC 8866, 5.1 */

    if (ngx_strncmp(*sdp, "v=0", 3) != 0) {
        *sdp = NULL;
        ngx_live_body_wrong(error, NULL, "sdp",
                            "must begin with the line v=0");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_multisource_form_candidate(json_t *body,
    ngx_multisource_form_candidate_t *form, ngx_live_body_error_t *error)
{
    json_t      *value;
    uint32_t     line;
    const char  *p;

    ngx_memzero(error, sizeof(ngx_live_body_error_t));
    ngx_memzero(form, sizeof(ngx_multisource_form_candidate_t));

    /* printable characters only: it becomes a line (RFC 8839, 5.1); an empty
       one says that there are no more */

    value = json_object_get(body, "candidate");
    p = json_string_value(value);

    if (p == NULL || json_string_length(value) > NGX_MULTISOURCE_FORM_CANDIDATE
        || (*p && ngx_strncmp(p, "candidate:", sizeof("candidate:") - 1) != 0))
    {
        ngx_live_body_wrong(error, NULL, "candidate",
                            "must be \"candidate:...\" of up to 512 bytes, or "
                            "empty at their end");
        return NGX_ERROR;
    }

    for (form->candidate = p; *p; p++) {
        if (*p < ' ' || *p > '~') {
            ngx_live_body_wrong(error, NULL, "candidate",
                                "must have characters of ASCII only");
            return NGX_ERROR;
        }
    }

    line = 0;

    if (ngx_multisource_form_number(body, NULL, "sdpMLineIndex", 0, 255, &line,
                                    "must be a whole number from 0 to 255",
                                    error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    form->line = line;

    /* RFC 8839, 5.4, RFC 5888, 4 */

    if (ngx_multisource_form_token(body, "usernameFragment", "+/",
                                   &form->fragment,
                                   "must be 4 to 256 letters, digits, \"+\" "
                                   "and \"/\"", error)
        != NGX_OK
        || ngx_multisource_form_token(body, "sdpMid", "!#$%&'*+-.^_`{|}~",
                                      &form->mid,
                                      "must be the identification of a media",
                                      error)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (form->fragment && ngx_strlen(form->fragment) < 4) {
        ngx_live_body_wrong(error, NULL, "usernameFragment",
                            "must be 4 to 256 letters, digits, \"+\" and "
                            "\"/\"");
        return NGX_ERROR;
    }

    return ngx_multisource_form_signal(body, &form->signal, error);
}


ngx_int_t
ngx_multisource_form_signal(json_t *body, const char **signal,
    ngx_live_body_error_t *error)
{
    ngx_memzero(error, sizeof(ngx_live_body_error_t));

    return ngx_multisource_form_token(body, "signal_id", "-_", signal,
                                      "must be the signal_id of the answer",
                                      error);
}


/* letters, digits and `more`; *text is NULL when it is not given */

static ngx_int_t
ngx_multisource_form_token(json_t *body, const char *name, const char *more,
    const char **text, const char *message, ngx_live_body_error_t *error)
{
    const char  *p;

    *text = NULL;

    if (ngx_multisource_form_get(body, name) == NULL) {
        return NGX_OK;
    }

    p = ngx_live_body_string(body, name, NGX_MULTISOURCE_FORM_TOKEN, message,
                             error);

    if (p == NULL) {
        return NGX_ERROR;
    }

    for (*text = p; *p; p++) {

        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
            || (*p >= '0' && *p <= '9') || ngx_strchr(more, *p))
        {
            continue;
        }

        *text = NULL;
        ngx_live_body_wrong(error, NULL, name, message);

        return NGX_ERROR;
    }

    return NGX_OK;
}
