
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_reason.h"


static const ngx_simulcast_reason_t
    ngx_simulcast_reasons[NGX_SIMULCAST_NREASONS] =
{
    [NGX_SIMULCAST_OK] =
        { "ok", "", 0 },

    [NGX_SIMULCAST_DNS_FAILED] =
        { "dns_failed", "the name has no address", 0 },
    [NGX_SIMULCAST_ADDRESS_REFUSED] =
        { "address_refused", "the address is not of the public internet and "
          "simulcast_allow does not name it", 1 },
    [NGX_SIMULCAST_CONNECT_FAILED] =
        { "connect_failed", "no address takes a connection", 0 },
    [NGX_SIMULCAST_CONNECT_TIMEOUT] =
        { "connect_timeout", "no address answers", 0 },
    [NGX_SIMULCAST_TLS_FAILED] =
        { "tls_failed", "the TLS handshake failed", 0 },
    [NGX_SIMULCAST_CERTIFICATE_UNTRUSTED] =
        { "certificate_untrusted", "the certificate is of no authority that is "
          "known here", 1 },
    [NGX_SIMULCAST_CERTIFICATE_EXPIRED] =
        { "certificate_expired", "the certificate is out of its time", 1 },
    [NGX_SIMULCAST_CERTIFICATE_NAME] =
        { "certificate_name", "the certificate is for another name", 1 },
    [NGX_SIMULCAST_HANDSHAKE_FAILED] =
        { "handshake_failed", "the server does not speak RTMP", 0 },
    [NGX_SIMULCAST_RTMP_TIMEOUT] =
        { "rtmp_timeout", "the server did not answer in time", 0 },
    [NGX_SIMULCAST_PROTOCOL_ERROR] =
        { "protocol_error", "the server sent what is not RTMP", 0 },

    [NGX_SIMULCAST_CONNECT_REJECTED] =
        { "connect_rejected", "the server refused the application", 1 },
    [NGX_SIMULCAST_PUBLISH_REJECTED] =
        { "publish_rejected", "the server refused the stream key", 1 },
    [NGX_SIMULCAST_NAME_IN_USE] =
        { "name_in_use", "the server says that this key is being used", 1 },
    [NGX_SIMULCAST_CLOSED_AFTER_PUBLISH] =
        { "closed_after_publish", "the server closed the connection without a "
          "word, as many do when a stream key is wrong", 1 },
    [NGX_SIMULCAST_CLOSED_BY_SERVER] =
        { "closed_by_server", "the server closed the connection", 0 },
    [NGX_SIMULCAST_SERVER_MOVED] =
        { "server_moved", "the server asked to connect anew", 0 },

    [NGX_SIMULCAST_NETWORK_ERROR] =
        { "network_error", "the connection broke", 0 },
    [NGX_SIMULCAST_STALLED] =
        { "stalled", "the server acknowledged nothing for 10 s", 0 },
    [NGX_SIMULCAST_CODEC_REFUSED] =
        { "codec_refused", "the platform does not take this codec", 1 },
    [NGX_SIMULCAST_RETRIES_EXHAUSTED] =
        { "retries_exhausted", "no attempt was left", 1 },
    [NGX_SIMULCAST_RENDITION_FAILED] =
        { "rendition_failed", "the encoder could not be started", 0 },

    [NGX_SIMULCAST_SOURCE_ENDED] =
        { "source_ended", "the publisher ended the stream", 0 },
    [NGX_SIMULCAST_SOURCE_LOST] =
        { "source_lost", "the publisher's connection broke", 0 },
    [NGX_SIMULCAST_STOPPED_] =
        { "stopped", "it was told to stop", 0 },
    [NGX_SIMULCAST_CHANGED] =
        { "changed", "its settings have changed", 0 },
    [NGX_SIMULCAST_CLAIMED_ELSEWHERE] =
        { "claimed_elsewhere", "another source or node pushes it", 0 },
    [NGX_SIMULCAST_EVENT_ENDED] =
        { "event_ended", "the platform has ended the event", 1 },
    [NGX_SIMULCAST_SHUTDOWN] =
        { "shutdown", "nginx ended", 0 },
    [NGX_SIMULCAST_INTERNAL] =
        { "internal", "out of memory or descriptors", 0 },
    [NGX_SIMULCAST_ZONE_FULL] =
        { "zone_full", "simulcast_zone has no room for another destination",
          0 },

    [NGX_SIMULCAST_BAD_URL] =
        { "bad_url", "the URL of the destination is not usable", 1 },
    [NGX_SIMULCAST_SECRET_UNREADABLE] =
        { "secret_unreadable", "the stored key or token does not open with the "
          "encryption key given", 1 },
    [NGX_SIMULCAST_PLATFORM_REFUSED] =
        { "platform_refused", "the platform's API does not let it start", 0 },
};


const ngx_simulcast_reason_t *
ngx_simulcast_reason(ngx_uint_t code)
{
    return &ngx_simulcast_reasons[code];
}
