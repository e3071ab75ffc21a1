
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource_show_answer.h"


ngx_int_t
ngx_multisource_show_answer_data(ngx_http_request_t *r, ngx_uint_t status,
    json_t *data)
{
    if (data == NULL
        || ngx_live_answer_header(r, "Cache-Control", "no-store") != NGX_OK)
    {
        json_decref(data);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_json(r, status,
                                json_pack("{s:b,s:o}", "success", 1, "data",
                                          data));
}


ngx_int_t
ngx_multisource_show_answer_message(ngx_http_request_t *r, const char *message)
{
    if (ngx_live_answer_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_json(r, NGX_HTTP_OK,
                                json_pack("{s:b,s:s}", "success", 1,
                                             "message", message));
}


ngx_int_t
ngx_multisource_show_answer_empty(ngx_http_request_t *r)
{
    ngx_str_t  empty;

    if (ngx_live_answer_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_null(&empty);

    return ngx_live_answer_text(r, NGX_HTTP_NO_CONTENT, "text/plain", &empty);
}


ngx_int_t
ngx_multisource_show_answer_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message, const char *field)
{
    json_t  *json;

    if (ngx_live_answer_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    json = json_pack("{s:b,s:{s:s,s:s}}", "success", 0, "error",
                     "code", code, "message", message);

    if (json && field
        && json_object_set_new(json_object_get(json, "error"), "field",
                               json_string(field))
           != 0)
    {
        json_decref(json);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_live_answer_json(r, status, json);
}


ngx_int_t
ngx_multisource_show_answer_invalid(ngx_http_request_t *r, const char *field,
    const char *message)
{
    return ngx_multisource_show_answer_error(r, NGX_HTTP_BAD_REQUEST,
                                             "invalid_request", message, field);
}


ngx_int_t
ngx_multisource_show_answer_wrong(ngx_http_request_t *r,
    ngx_live_body_error_t *error)
{
    return ngx_multisource_show_answer_invalid(r,
               error->field[0] ? error->field : NULL, error->message);
}


ngx_int_t
ngx_multisource_show_answer_unknown(ngx_http_request_t *r)
{
    return ngx_multisource_show_answer_error(r, NGX_HTTP_NOT_FOUND,
                                             "session_not_found",
                                             "there is no such session", NULL);
}


ngx_int_t
ngx_multisource_show_answer_gone(ngx_http_request_t *r)
{
    return ngx_multisource_show_answer_error(r,
               NGX_MULTISOURCE_SHOW_ANSWER_GONE, "session_ended",
               "the session has ended", NULL);
}


ngx_int_t
ngx_multisource_show_answer_busy(ngx_http_request_t *r)
{
    if (ngx_live_answer_header(r, "Retry-After", "1") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_multisource_show_answer_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                             "busy", "try again", NULL);
}


ngx_int_t
ngx_multisource_show_answer_no_stream(ngx_http_request_t *r)
{
    return ngx_multisource_show_answer_error(r, NGX_HTTP_NOT_FOUND,
                                             "stream_not_found",
                                             "there is no such stream in the "
                                             "session", NULL);
}


ngx_int_t
ngx_multisource_show_answer_full(ngx_http_request_t *r)
{
    return ngx_multisource_show_answer_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                             "zone_full",
                                             "there is no room, see "
                                             "multisource_sessions_zone",
                                             NULL);
}
