
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_reason.h"


static const ngx_whip_reason_t  ngx_whip_reasons[NGX_WHIP_NREASONS] = {

    [NGX_WHIP_OK] = { "ok", 0, "", 0 },

    [NGX_WHIP_BAD_PATH] =
        { "bad_path", 404, "there is no such WHIP endpoint", 0 },
    [NGX_WHIP_BAD_MEDIA_TYPE] =
        { "bad_media_type", 415, "the media type is not one that is taken here",
          0 },
    [NGX_WHIP_NO_BODY] =
        { "no_body", 400, "the request has no body", 0 },
    [NGX_WHIP_BODY_TOO_LARGE] =
        { "body_too_large", 413, "the body is too large", 0 },
    [NGX_WHIP_BAD_SDP] =
        { "bad_sdp", 400, "the body is malformed", 0 },
    [NGX_WHIP_NOT_ACCEPTABLE] =
        { "not_acceptable", 422, "nothing that is offered can be taken", 0 },
    [NGX_WHIP_NO_CREDENTIALS] =
        { "no_credentials", 401, "a stream key is needed", 0 },
    [NGX_WHIP_METHOD_NOT_ALLOWED] =
        { "method_not_allowed", 405, "this method means nothing here", 0 },
    [NGX_WHIP_UNKNOWN_SESSION] =
        { "unknown_session", 404, "there is no such session", 0 },
    [NGX_WHIP_NO_IF_MATCH] =
        { "no_if_match", 428, "If-Match is needed", 0 },
    [NGX_WHIP_OTHER_ETAG] =
        { "other_etag", 412, "If-Match names another ICE session", 0 },
    [NGX_WHIP_TOO_MANY_REQUESTS] =
        { "too_many_requests", 429, "too many requests from this address", 1 },
    [NGX_WHIP_TOO_MANY_PENDING] =
        { "too_many_pending", 429,
          "too many sessions of this address are still being set up", 5 },
    [NGX_WHIP_TOO_MANY_SESSIONS] =
        { "too_many_sessions", 503, "the server has as many sessions as it "
          "may have", 10 },
    [NGX_WHIP_ZONE_FULL] =
        { "whip_zone_full", 503, "whip_zone has no room for another session",
          10 },
    [NGX_WHIP_SHUTTING_DOWN] =
        { "shutting_down", 503, "this worker is about to leave", 1 },
    [NGX_WHIP_NO_ANSWER] =
        { "no_answer", 503, "the decision about this stream took too long", 5 },
    [NGX_WHIP_INTERNAL] =
        { "internal", 500, "the session could not be set up", 0 },

    [NGX_WHIP_CONNECT_REFUSED] =
        { "connect_refused", 403, "the application does not take this client",
          0 },
    [NGX_WHIP_PUBLISH_REFUSED] =
        { "publish_refused", 403, "the stream may not be published", 0 },
    [NGX_WHIP_UNKNOWN_KEY] =
        { "unknown_key", 401, "the stream key is not known here", 0 },
    [NGX_WHIP_BAD_STREAM_NAME] =
        { "bad_stream_name", 400, "the stream name is not usable", 0 },
    [NGX_WHIP_BAD_SOURCE_NAME] =
        { "bad_source_name", 400,
          "a source name is 1 to 50 letters, digits, _ and -", 0 },
    [NGX_WHIP_RESERVED_SOURCE_NAME] =
        { "reserved_source_name", 403, "the source name is reserved", 0 },
    [NGX_WHIP_SOURCE_NOT_ALLOWED] =
        { "source_not_allowed", 403, "this key may not publish this source",
          0 },
    [NGX_WHIP_TOO_MANY_SOURCES] =
        { "too_many_sources", 403,
          "the streamer already has as many sources as are allowed", 0 },
    [NGX_WHIP_TOO_MANY_REFUSALS] =
        { "too_many_refusals", 429,
          "too many failed publishes from this address, try again later", 60 },
    [NGX_WHIP_ALREADY_LIVE] =
        { "already_live", 409, "this source is already live", 0 },
    [NGX_WHIP_TAKEOVER_FLAPPING] =
        { "takeover_flapping", 409,
          "two encoders seem to fight for this source", 0 },
    [NGX_WHIP_NO_ROOM] =
        { "zone_full", 503, "the server has no room for another source", 10 },
    [NGX_WHIP_CALLBACK_REFUSED] =
        { "callback_refused", 403, "the server's on_publish said no", 0 },

    [NGX_WHIP_DELETED] =
        { "deleted", 0, "the client has deleted the session", 0 },
    [NGX_WHIP_CLOSED_BY_CLIENT] =
        { "closed_by_client", 0, "the client has closed DTLS", 0 },
    [NGX_WHIP_BYE] =
        { "bye", 0, "the client has said goodbye on all its tracks", 0 },
    [NGX_WHIP_CLIENT_GONE] =
        { "client_gone", 0, "the client did not wait for the answer", 0 },
    [NGX_WHIP_CONNECT_TIMEOUT] =
        { "connect_timeout", 0, "ICE and DTLS were not done in time", 0 },
    [NGX_WHIP_CONSENT_EXPIRED] =
        { "consent_expired", 0, "no sign of life came for too long", 0 },
    [NGX_WHIP_DTLS_FAILED] =
        { "dtls_failed", 0, "the DTLS handshake failed", 0 },
    [NGX_WHIP_FINGERPRINT_MISMATCH] =
        { "fingerprint_mismatch", 0,
          "the certificate is not the one of the offer", 0 },
    [NGX_WHIP_STREAM_CLOSED] =
        { "stream_closed", 0, "nginx-rtmp has closed the stream", 0 },
    [NGX_WHIP_TAKEN_OVER] =
        { "taken_over", 0, "another encoder now publishes this source", 0 },
    [NGX_WHIP_KICKED] =
        { "kicked", 0, "the source was stopped by the operator", 0 },
    [NGX_WHIP_SILENT] =
        { "silent", 0, "no audio or video came for too long", 0 },
    [NGX_WHIP_BITRATE_EXCEEDED] =
        { "bitrate_exceeded", 0,
          "the source's bitrate is above what is allowed", 0 },
    [NGX_WHIP_TOTAL_BITRATE_EXCEEDED] =
        { "total_bitrate_exceeded", 0,
          "the streamer's sources together are above the allowed bitrate", 0 },
    [NGX_WHIP_MEDIA_FAILED] =
        { "media_failed", 0, "the media could not be handed on", 0 },
    [NGX_WHIP_SHUTDOWN] =
        { "shutdown", 0, "the server is being stopped", 0 },
    [NGX_WHIP_WORKER_DIED] =
        { "worker_died", 0, "the worker of the session has died", 0 }
};


const ngx_whip_reason_t *
ngx_whip_reason(ngx_uint_t code)
{
    return &ngx_whip_reasons[code];
}


ngx_uint_t
ngx_whip_reason_find(ngx_str_t *description, ngx_uint_t other)
{
    size_t       len;
    ngx_uint_t   i;
    const char  *name;

    for (len = 0; len < description->len; len++) {
        if (description->data[len] == ':') {
            break;
        }
    }

    for (i = NGX_WHIP_CONNECT_REFUSED; i < NGX_WHIP_NREASONS; i++) {
        name = ngx_whip_reasons[i].name;

        if (ngx_strlen(name) == len
            && ngx_strncmp(description->data, name, len) == 0)
        {
            return i;
        }
    }

    return other;
}
