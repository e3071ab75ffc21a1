
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_input.h"


static const char *ngx_simulcast_input_find(json_t *live,
    const char *name, size_t len);


const char *
ngx_simulcast_input_source(const char *input, const char *streamer,
    json_t *live)
{
    size_t       len, n;
    json_t      *value;
    const char  *p, *end, *key, *stream;

    len = ngx_strlen(streamer);

    if (ngx_strncmp(input, "rtmp://", 7) != 0
        && ngx_strncmp(input, "rtmps://", 8) != 0)
    {
        if (ngx_strncmp(input, streamer, len) == 0 && input[len] == ':') {
            input += len + 1;
        }

        return ngx_simulcast_input_find(live, input, ngx_strlen(input));
    }

    /* only its last segment is looked at: it is never connected to */

    n = strcspn(input, "?#");
    end = input + n;

    for (p = end; p > input && p[-1] != '/'; p--) { /* void */ }

    n = end - p;

    if (p - input <= 8) {
        return NULL;
    }

    /* each source says under which name it is published */

    json_object_foreach(live, key, value) {
        stream = json_string_value(json_object_get(value, "stream"));

        if (stream && ngx_strlen(stream) == n
            && ngx_strncmp(stream, p, n) == 0)
        {
            return key;
        }
    }

    return n == len && ngx_strncmp(p, streamer, len) == 0
           ? ngx_simulcast_input_default(live) : NULL;
}


static const char *
ngx_simulcast_input_find(json_t *live, const char *name, size_t len)
{
    json_t      *value;
    const char  *key;

    json_object_foreach(live, key, value) {
        if (ngx_strlen(key) == len && ngx_strncmp(key, name, len) == 0) {
            return key;
        }
    }

    return NULL;
}


const char *
ngx_simulcast_input_default(json_t *live)
{
    json_t      *value;
    json_int_t   since, first;
    const char  *key, *name;

    name = NULL;
    first = 0;

    json_object_foreach(live, key, value) {

        if (json_is_true(json_object_get(value, "default"))) {
            return key;
        }

        since = json_integer_value(json_object_get(value, "since"));

        if (name == NULL || since < first) {
            name = key;
            first = since;
        }
    }

    return name;
}

