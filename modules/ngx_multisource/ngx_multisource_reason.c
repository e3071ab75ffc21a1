
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_reason.h"


#define DENIED    "NetStream.Publish.Denied"
#define BAD_NAME  "NetStream.Publish.BadName"

#define REASON(name, status, text)  { name, status, text, name ": " text }


static const ngx_multisource_reason_t
    ngx_multisource_reasons[NGX_MULTISOURCE_NREASONS] =
{
    [NGX_MULTISOURCE_OK] =
        REASON("ok", NULL, ""),

    [NGX_MULTISOURCE_UNKNOWN_KEY] =
        REASON("unknown_key", DENIED, "the stream key is not known here"),
    [NGX_MULTISOURCE_BAD_STREAM_NAME] =
        REASON("bad_stream_name", BAD_NAME, "the stream name is not usable"),
    [NGX_MULTISOURCE_BAD_SOURCE_NAME] =
        REASON("bad_source_name", BAD_NAME,
               "a source name is 1 to 50 letters, digits, _ and -"),
    [NGX_MULTISOURCE_RESERVED_SOURCE_NAME] =
        REASON("reserved_source_name", BAD_NAME, "the source name is reserved"),
    [NGX_MULTISOURCE_SOURCE_NOT_ALLOWED] =
        REASON("source_not_allowed", DENIED,
               "this key may not publish this source"),
    [NGX_MULTISOURCE_TOO_MANY_SOURCES] =
        REASON("too_many_sources", DENIED,
               "the streamer already has as many sources as are allowed"),
    [NGX_MULTISOURCE_TOO_MANY_REFUSALS] =
        REASON("too_many_refusals", DENIED,
               "too many failed publishes from this address, try again later"),
    [NGX_MULTISOURCE_ALREADY_LIVE] =
        REASON("already_live", BAD_NAME, "this source is already live"),
    [NGX_MULTISOURCE_ALREADY_PUBLISHING] =
        REASON("already_publishing", BAD_NAME,
               "this session already publishes a stream"),
    [NGX_MULTISOURCE_ALREADY_PLAYING] =
        REASON("already_playing", BAD_NAME,
               "this session already plays a stream"),
    [NGX_MULTISOURCE_TAKEOVER_FLAPPING] =
        REASON("takeover_flapping", DENIED,
               "two encoders seem to fight for this source"),
    [NGX_MULTISOURCE_ZONE_FULL] =
        REASON("zone_full", DENIED,
               "the server has no room for another source"),
    [NGX_MULTISOURCE_CALLBACK_REFUSED] =
        REASON("callback_refused", DENIED, "the server's on_publish said no"),

    [NGX_MULTISOURCE_BITRATE_EXCEEDED] =
        REASON("bitrate_exceeded", DENIED,
               "the source's bitrate is above what is allowed"),
    [NGX_MULTISOURCE_TOTAL_BITRATE_EXCEEDED] =
        REASON("total_bitrate_exceeded", DENIED,
               "the streamer's sources together are above the allowed bitrate"),
    [NGX_MULTISOURCE_TAKEN_OVER] =
        REASON("taken_over", BAD_NAME,
               "another encoder now publishes this source"),
    [NGX_MULTISOURCE_KICKED] =
        REASON("kicked", DENIED, "the source was stopped by the operator"),
    [NGX_MULTISOURCE_SILENT] =
        REASON("silent", DENIED, "no audio or video came for too long"),

    [NGX_MULTISOURCE_BAD_AMF] =
        REASON("bad_amf", NULL, "AMF nested too deep, or malformed"),
    [NGX_MULTISOURCE_BAD_AGGREGATE] =
        REASON("bad_aggregate", NULL, "malformed or nested aggregate message"),
    [NGX_MULTISOURCE_BAD_CHUNK] =
        REASON("bad_chunk", NULL,
               "chunk size out of bounds, or message larger than it may be"),
    [NGX_MULTISOURCE_BAD_CODEC_HEADER] =
        REASON("bad_codec_header", NULL, "malformed codec header"),
    [NGX_MULTISOURCE_TOO_MANY_COMMANDS] =
        REASON("too_many_commands", NULL, "too many commands in one session")
};


const ngx_multisource_reason_t *
ngx_multisource_reason(ngx_uint_t code)
{
    return &ngx_multisource_reasons[code];
}
