
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_line.h"
#include "ngx_whip_sdp.h"


/* where an attribute has a meaning */

#define NGX_WHIP_SDP_SESSION  0x1
#define NGX_WHIP_SDP_MEDIA    0x2
#define NGX_WHIP_SDP_BOTH     (NGX_WHIP_SDP_SESSION|NGX_WHIP_SDP_MEDIA)


/*
 * "level" is the media's or the session's, "media" NULL before the first media;
 * "data" comes from the table.
 */

typedef struct {
    ngx_whip_sdp_t         *sdp;
    ngx_whip_sdp_level_t   *level;
    ngx_whip_sdp_media_t   *media;
    ngx_uint_t              data;
    ngx_str_t              *value;
    const char            **why;
} ngx_whip_sdp_ctx_t;


typedef struct {
    const char             *name;
    ngx_uint_t              where;
    ngx_uint_t              data;
    ngx_int_t             (*handler)(ngx_whip_sdp_ctx_t *ctx);
} ngx_whip_sdp_attribute_t;


static ngx_int_t ngx_whip_sdp_media(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_formats(ngx_whip_sdp_ctx_t *ctx,
    ngx_str_t *list);
static ngx_int_t ngx_whip_sdp_attribute(ngx_whip_sdp_ctx_t *ctx,
    ngx_str_t *name);

static ngx_int_t ngx_whip_sdp_flag(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_direction(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_group(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_ufrag(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_pwd(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_setup(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_fingerprint(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_extmap(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_mid(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_rtpmap(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_fmtp(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_rtcp_fb(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_ssrc(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_ssrc_group(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_rid(ngx_whip_sdp_ctx_t *ctx);
static ngx_int_t ngx_whip_sdp_simulcast(ngx_whip_sdp_ctx_t *ctx);

static ngx_int_t ngx_whip_sdp_digest(ngx_whip_fingerprint_t *fingerprint,
    ngx_str_t *hex);
static ngx_int_t ngx_whip_sdp_pt(ngx_whip_sdp_ctx_t *ctx, ngx_str_t *rest,
    ngx_whip_sdp_format_t **format);
static ngx_int_t ngx_whip_sdp_uint32(ngx_str_t *rest, uint32_t *n);
static ngx_uint_t ngx_whip_sdp_way(ngx_str_t *name);

static ngx_int_t ngx_whip_sdp_check(ngx_whip_sdp_t *sdp, const char **why);
static void ngx_whip_sdp_bundle(ngx_whip_sdp_t *sdp);
static ngx_int_t ngx_whip_sdp_check_media(ngx_whip_sdp_t *sdp,
    ngx_whip_sdp_media_t *media, const char **why);
static ngx_int_t ngx_whip_sdp_check_transport(ngx_whip_sdp_t *sdp,
    const char **why);


static ngx_whip_sdp_attribute_t  ngx_whip_sdp_attributes[] = {

    { "ice-ufrag", NGX_WHIP_SDP_BOTH, 0, ngx_whip_sdp_ufrag },
    { "ice-pwd", NGX_WHIP_SDP_BOTH, 0, ngx_whip_sdp_pwd },
    { "setup", NGX_WHIP_SDP_BOTH, 0, ngx_whip_sdp_setup },
    { "fingerprint", NGX_WHIP_SDP_BOTH, 0, ngx_whip_sdp_fingerprint },
    { "extmap", NGX_WHIP_SDP_BOTH, 0, ngx_whip_sdp_extmap },

    { "sendrecv", NGX_WHIP_SDP_BOTH, NGX_WHIP_SDP_SENDRECV,
      ngx_whip_sdp_direction },
    { "sendonly", NGX_WHIP_SDP_BOTH, NGX_WHIP_SDP_SENDONLY,
      ngx_whip_sdp_direction },
    { "recvonly", NGX_WHIP_SDP_BOTH, NGX_WHIP_SDP_RECVONLY,
      ngx_whip_sdp_direction },
    { "inactive", NGX_WHIP_SDP_BOTH, NGX_WHIP_SDP_INACTIVE,
      ngx_whip_sdp_direction },

    { "ice-lite", NGX_WHIP_SDP_SESSION, NGX_WHIP_SDP_ICE_LITE,
      ngx_whip_sdp_flag },
    { "extmap-allow-mixed", NGX_WHIP_SDP_BOTH, NGX_WHIP_SDP_EXTMAP_MIXED,
      ngx_whip_sdp_flag },
    { "bundle-only", NGX_WHIP_SDP_MEDIA, NGX_WHIP_SDP_BUNDLE_ONLY,
      ngx_whip_sdp_flag },
    { "rtcp-mux", NGX_WHIP_SDP_MEDIA, NGX_WHIP_SDP_RTCP_MUX,
      ngx_whip_sdp_flag },
    { "rtcp-mux-only", NGX_WHIP_SDP_MEDIA, NGX_WHIP_SDP_RTCP_MUX_ONLY,
      ngx_whip_sdp_flag },
    { "rtcp-rsize", NGX_WHIP_SDP_MEDIA, NGX_WHIP_SDP_RTCP_RSIZE,
      ngx_whip_sdp_flag },

    { "group", NGX_WHIP_SDP_SESSION, 0, ngx_whip_sdp_group },
    { "mid", NGX_WHIP_SDP_MEDIA, 0, ngx_whip_sdp_mid },
    { "rtpmap", NGX_WHIP_SDP_MEDIA, 0, ngx_whip_sdp_rtpmap },
    { "fmtp", NGX_WHIP_SDP_MEDIA, 0, ngx_whip_sdp_fmtp },
    { "rtcp-fb", NGX_WHIP_SDP_MEDIA, 0, ngx_whip_sdp_rtcp_fb },
    { "ssrc", NGX_WHIP_SDP_MEDIA, 0, ngx_whip_sdp_ssrc },
    { "ssrc-group", NGX_WHIP_SDP_MEDIA, 0, ngx_whip_sdp_ssrc_group },
    { "rid", NGX_WHIP_SDP_MEDIA, 0, ngx_whip_sdp_rid },
    { "simulcast", NGX_WHIP_SDP_MEDIA, 0, ngx_whip_sdp_simulcast },

    { NULL, 0, 0, NULL }
};


ngx_int_t
ngx_whip_sdp_parse(ngx_whip_sdp_t *sdp, u_char *p, u_char *end,
    const char **why)
{
    ngx_int_t           rc;
    ngx_whip_line_t     line;
    ngx_whip_sdp_ctx_t  ctx;

    ngx_memzero(sdp, sizeof(ngx_whip_sdp_t));

    if (end - p > NGX_WHIP_SDP_MAX_SIZE) {
        *why = "the offer is larger than 65536 bytes";
        return NGX_ERROR;
    }

    ngx_whip_line_init(&line, p, end);

    rc = ngx_whip_line_next(&line, why);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DONE
        || line.type != 'v' || !ngx_whip_line_is(&line.value, "0"))
    {
        *why = "the offer does not begin with \"v=0\"";
        return NGX_ERROR;
    }

    ctx.sdp = sdp;
    ctx.level = &sdp->session;
    ctx.media = NULL;
    ctx.data = 0;
    ctx.value = &line.value;
    ctx.why = why;

    for ( ;; ) {
        rc = ngx_whip_line_next(&line, why);

        if (rc == NGX_DONE) {
            return ngx_whip_sdp_check(sdp, why);
        }

        if (rc == NGX_OK && line.type == 'm') {
            rc = ngx_whip_sdp_media(&ctx);

        } else if (rc == NGX_OK && line.type == 'a') {
            rc = ngx_whip_sdp_attribute(&ctx, &line.name);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/* m=<media> <port> <proto> <fmt> ...: RFC 8866, 5.14 */

static ngx_int_t
ngx_whip_sdp_media(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t              kind, port, rest;
    ngx_whip_sdp_media_t  *media;

    if (ctx->sdp->nmedia == NGX_WHIP_SDP_MAX_MEDIA) {
        *ctx->why = "there are more than 4 media";
        return NGX_DECLINED;
    }

    media = &ctx->sdp->media[ctx->sdp->nmedia++];

    ctx->media = media;
    ctx->level = &media->level;

    rest = *ctx->value;

    if (!ngx_whip_line_word(&rest, &kind)
        || !ngx_whip_line_word(&rest, &port)
        || !ngx_whip_line_word(&rest, &media->protocol)
        || ngx_whip_line_number(&port, 65535, &media->port) != NGX_OK)
    {
        *ctx->why = "an \"m=\" line is malformed";
        return NGX_ERROR;
    }

    if (ngx_whip_line_is(&kind, "video")) {
        media->kind = NGX_WHIP_VIDEO;

    } else if (!ngx_whip_line_is(&kind, "audio")) {
        *ctx->why = "a media is neither audio nor video";
        return NGX_DECLINED;
    }

    return ngx_whip_sdp_formats(ctx, &rest);
}


static ngx_int_t
ngx_whip_sdp_formats(ngx_whip_sdp_ctx_t *ctx, ngx_str_t *list)
{
    ngx_str_t              word;
    ngx_uint_t             pt;
    ngx_whip_sdp_media_t  *media;

    media = ctx->media;

    while (ngx_whip_line_word(list, &word)) {

        if (ngx_whip_line_number(&word, 127, &pt) != NGX_OK) {
            *ctx->why = "a payload type is not a number up to 127";
            return NGX_ERROR;
        }

        if (ngx_whip_sdp_format(media, pt)) {
            continue;
        }

        if (media->nformats == NGX_WHIP_SDP_MAX_FORMATS) {
            *ctx->why = "a media has more than 64 payload types";
            return NGX_DECLINED;
        }

        media->formats[media->nformats++].pt = pt;
    }

    if (media->nformats == 0) {
        *ctx->why = "a media has no payload type";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_whip_sdp_format_t *
ngx_whip_sdp_format(ngx_whip_sdp_media_t *media, ngx_uint_t pt)
{
    ngx_uint_t  i;

    for (i = 0; i < media->nformats; i++) {

        if (media->formats[i].pt == pt) {
            return &media->formats[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_whip_sdp_attribute(ngx_whip_sdp_ctx_t *ctx, ngx_str_t *name)
{
    ngx_uint_t                 where;
    ngx_whip_sdp_attribute_t  *attr;

    where = ctx->media ? NGX_WHIP_SDP_MEDIA : NGX_WHIP_SDP_SESSION;

    for (attr = ngx_whip_sdp_attributes; attr->name; attr++) {

        if ((attr->where & where) && ngx_whip_line_is(name, attr->name)) {
            ctx->data = attr->data;
            return attr->handler(ctx);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_sdp_flag(ngx_whip_sdp_ctx_t *ctx)
{
    ctx->level->flags |= ctx->data;

    return NGX_OK;
}


static ngx_int_t
ngx_whip_sdp_direction(ngx_whip_sdp_ctx_t *ctx)
{
    ctx->level->direction = ctx->data;

    return NGX_OK;
}


/* a=group:BUNDLE <mid> ...: RFC 5888, 5; RFC 9143, 7 */

static ngx_int_t
ngx_whip_sdp_group(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t  rest, semantics;

    rest = *ctx->value;

    if (!ngx_whip_line_word(&rest, &semantics)) {
        *ctx->why = "an \"a=group\" line is malformed";
        return NGX_ERROR;
    }

    if (!ngx_whip_line_is(&semantics, "BUNDLE")) {
        return NGX_OK;
    }

    if (ctx->sdp->bundle.data) {
        *ctx->why = "there is more than one group BUNDLE";
        return NGX_DECLINED;
    }

    ctx->sdp->bundle = rest;

    return NGX_OK;
}


static ngx_int_t
ngx_whip_sdp_ufrag(ngx_whip_sdp_ctx_t *ctx)
{
    if (!ngx_whip_line_ufrag(ctx->value)) {
        *ctx->why = "\"a=ice-ufrag\" is not 4 to 256 characters of ICE";
        return NGX_ERROR;
    }

    ctx->level->transport.ufrag = *ctx->value;

    return NGX_OK;
}


static ngx_int_t
ngx_whip_sdp_pwd(ngx_whip_sdp_ctx_t *ctx)
{
    if (!ngx_whip_line_pwd(ctx->value)) {
        *ctx->why = "\"a=ice-pwd\" is not 22 to 256 characters of ICE";
        return NGX_ERROR;
    }

    ctx->level->transport.pwd = *ctx->value;

    return NGX_OK;
}


/* RFC 8842, 5.1; holdconn and what else there may be is of no use */

static ngx_int_t
ngx_whip_sdp_setup(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_whip_sdp_transport_t  *transport;

    transport = &ctx->level->transport;

    if (ngx_whip_line_is(ctx->value, "actpass")) {
        transport->setup = NGX_WHIP_SDP_ACTPASS;

    } else if (ngx_whip_line_is(ctx->value, "active")) {
        transport->setup = NGX_WHIP_SDP_ACTIVE;

    } else if (ngx_whip_line_is(ctx->value, "passive")) {
        transport->setup = NGX_WHIP_SDP_PASSIVE;

    } else {
        *ctx->why = "\"a=setup\" is not actpass, active or passive";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* a=fingerprint:<hash> <HEX>:<HEX>...: RFC 8122, 5; of weak hashes no use */

static ngx_int_t
ngx_whip_sdp_fingerprint(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t                  rest, hash, hex;
    ngx_whip_fingerprint_t     fingerprint;
    ngx_whip_sdp_transport_t  *transport;

    rest = *ctx->value;

    if (!ngx_whip_line_word(&rest, &hash)
        || !ngx_whip_line_word(&rest, &hex)
        || rest.len)
    {
        goto malformed;
    }

    ngx_memzero(&fingerprint, sizeof(ngx_whip_fingerprint_t));

    if (ngx_whip_line_like(&hash, "sha-256")) {
        fingerprint.algorithm = NGX_WHIP_SHA256;
        fingerprint.len = 32;

    } else if (ngx_whip_line_like(&hash, "sha-384")) {
        fingerprint.algorithm = NGX_WHIP_SHA384;
        fingerprint.len = 48;

    } else if (ngx_whip_line_like(&hash, "sha-512")) {
        fingerprint.algorithm = NGX_WHIP_SHA512;
        fingerprint.len = 64;

    } else {
        return NGX_OK;
    }

    if (ngx_whip_sdp_digest(&fingerprint, &hex) != NGX_OK) {
        goto malformed;
    }

    transport = &ctx->level->transport;

    if (transport->nfingerprints == NGX_WHIP_SDP_MAX_FINGERPRINTS) {
        *ctx->why = "there are more than 8 fingerprints";
        return NGX_DECLINED;
    }

    transport->fingerprints[transport->nfingerprints++] = fingerprint;

    return NGX_OK;

malformed:

    *ctx->why = "an \"a=fingerprint\" line is malformed";

    return NGX_ERROR;
}


static ngx_int_t
ngx_whip_sdp_digest(ngx_whip_fingerprint_t *fingerprint, ngx_str_t *hex)
{
    size_t      i;
    u_char     *p;
    ngx_int_t   high, low;

    if (hex->len != fingerprint->len * 3 - 1) {
        return NGX_ERROR;
    }

    p = hex->data;

    for (i = 0; i < fingerprint->len; i++) {

        if (i && *p++ != ':') {
            return NGX_ERROR;
        }

        high = ngx_whip_line_hex(p[0]);
        low = ngx_whip_line_hex(p[1]);

        if (high == NGX_ERROR || low == NGX_ERROR) {
            return NGX_ERROR;
        }

        fingerprint->digest[i] = (u_char) (high << 4 | low);
        p += 2;
    }

    return NGX_OK;
}


/* a=extmap:<id>[/<direction>] <URI> ...: RFC 8285, 5 */

static ngx_int_t
ngx_whip_sdp_extmap(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t                  rest, word, number;
    ngx_uint_t                 id, direction;
    ngx_whip_sdp_level_t      *level;
    ngx_whip_sdp_extension_t  *ext;

    level = ctx->level;
    rest = *ctx->value;
    direction = 0;

    if (!ngx_whip_line_word(&rest, &word)
        || !ngx_whip_line_item(&word, '/', &number)
        || ngx_whip_line_number(&number, 65535, &id) != NGX_OK
        || (word.data && (direction = ngx_whip_sdp_way(&word)) == 0)
        || !ngx_whip_line_word(&rest, &word))
    {
        *ctx->why = "an \"a=extmap\" line is malformed";
        return NGX_ERROR;
    }

    if (level->nextensions == NGX_WHIP_SDP_MAX_EXTENSIONS) {
        *ctx->why = "there are more than 32 header extensions";
        return NGX_DECLINED;
    }

    /* the greater ones ask for another number: RFC 8285, 7 */

    if (id == 0 || id > 255) {
        return NGX_OK;
    }

    ext = &level->extensions[level->nextensions++];

    ext->id = id;
    ext->direction = direction;
    ext->uri = word;

    return NGX_OK;
}


static ngx_uint_t
ngx_whip_sdp_way(ngx_str_t *name)
{
    ngx_whip_sdp_attribute_t  *attr;

    for (attr = ngx_whip_sdp_attributes; attr->name; attr++) {

        if (attr->handler == ngx_whip_sdp_direction
            && ngx_whip_line_is(name, attr->name))
        {
            return attr->data;
        }
    }

    return 0;
}


ngx_whip_sdp_extension_t *
ngx_whip_sdp_extension(ngx_whip_sdp_t *sdp, ngx_whip_sdp_media_t *media,
    const char *uri)
{
    ngx_uint_t             i;
    ngx_whip_sdp_level_t  *level;

    level = &media->level;

    for ( ;; ) {

        for (i = 0; i < level->nextensions; i++) {

            if (ngx_whip_line_is(&level->extensions[i].uri, uri)) {
                return &level->extensions[i];
            }
        }

        if (level == &sdp->session) {
            return NULL;
        }

        level = &sdp->session;
    }
}


static ngx_int_t
ngx_whip_sdp_mid(ngx_whip_sdp_ctx_t *ctx)
{
    if (!ngx_whip_line_token(ctx->value)) {
        *ctx->why = "\"a=mid\" is not a token";
        return NGX_ERROR;
    }

    if (ctx->value->len > NGX_WHIP_SDP_MAX_ID) {
        *ctx->why = "\"a=mid\" is longer than 64 characters";
        return NGX_DECLINED;
    }

    ctx->media->mid = *ctx->value;

    return NGX_OK;
}


/*
 * Takes the payload type off; *format is NULL if the media does not have it.
 */

static ngx_int_t
ngx_whip_sdp_pt(ngx_whip_sdp_ctx_t *ctx, ngx_str_t *rest,
    ngx_whip_sdp_format_t **format)
{
    ngx_str_t   word;
    ngx_uint_t  pt;

    if (!ngx_whip_line_word(rest, &word)
        || ngx_whip_line_number(&word, 127, &pt) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *format = ngx_whip_sdp_format(ctx->media, pt);

    return NGX_OK;
}


/* a=rtpmap:<pt> <name>/<clock>[/<channels>]: RFC 8866, 6.6 */

static ngx_int_t
ngx_whip_sdp_rtpmap(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t               rest, encoding, name, number;
    ngx_uint_t              clock, channels;
    ngx_whip_sdp_format_t  *format;

    rest = *ctx->value;
    channels = 1;

    if (ngx_whip_sdp_pt(ctx, &rest, &format) != NGX_OK
        || !ngx_whip_line_word(&rest, &encoding)
        || !ngx_whip_line_item(&encoding, '/', &name)
        || !ngx_whip_line_token(&name)
        || !ngx_whip_line_item(&encoding, '/', &number)
        || ngx_whip_line_number(&number, NGX_MAX_INT32_VALUE, &clock) != NGX_OK
        || (ngx_whip_line_item(&encoding, '/', &number)
            && ngx_whip_line_number(&number, 255, &channels) != NGX_OK))
    {
        *ctx->why = "an \"a=rtpmap\" line is malformed";
        return NGX_ERROR;
    }

    if (format) {
        format->name = name;
        format->clock = clock;
        format->channels = channels;
    }

    return NGX_OK;
}


/* a=fmtp:<pt> <parameters>: RFC 8866, 6.15 */

static ngx_int_t
ngx_whip_sdp_fmtp(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t               rest;
    ngx_whip_sdp_format_t  *format;

    rest = *ctx->value;

    if (ngx_whip_sdp_pt(ctx, &rest, &format) != NGX_OK) {
        *ctx->why = "an \"a=fmtp\" line is malformed";
        return NGX_ERROR;
    }

    if (format) {
        format->fmtp = rest;
    }

    return NGX_OK;
}


/* a=rtcp-fb:<pt or *> <type> [<parameter>]: RFC 4585, 4.2 */

static ngx_int_t
ngx_whip_sdp_rtcp_fb(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t               rest, word, type, param;
    ngx_uint_t              i, feedback;
    ngx_whip_sdp_format_t  *format;

    static struct {
        const char  *type;
        const char  *param;
        ngx_uint_t   feedback;
    } known[] = {
        { "nack", "", NGX_WHIP_SDP_NACK },
        { "nack", "pli", NGX_WHIP_SDP_NACK_PLI },
        { "ccm", "fir", NGX_WHIP_SDP_CCM_FIR },
        { "goog-remb", "", NGX_WHIP_SDP_GOOG_REMB },
        { "transport-cc", "", NGX_WHIP_SDP_TRANSPORT_CC },
        { NULL, NULL, 0 }
    };

    rest = *ctx->value;
    format = NULL;
    feedback = 0;

    if (ngx_whip_line_word(&rest, &word) && !ngx_whip_line_is(&word, "*")) {
        rest = *ctx->value;

        if (ngx_whip_sdp_pt(ctx, &rest, &format) != NGX_OK) {
            goto malformed;
        }

        if (format == NULL) {
            return NGX_OK;
        }
    }

    if (!ngx_whip_line_word(&rest, &type)) {
        goto malformed;
    }

    (void) ngx_whip_line_word(&rest, &param);

    for (i = 0; known[i].type; i++) {

        if (ngx_whip_line_is(&type, known[i].type)
            && ngx_whip_line_is(&param, known[i].param))
        {
            feedback = known[i].feedback;
        }
    }

    if (format) {
        format->feedback |= feedback;

    } else {
        ctx->media->feedback |= feedback;
    }

    return NGX_OK;

malformed:

    *ctx->why = "an \"a=rtcp-fb\" line is malformed";

    return NGX_ERROR;
}


/* a=ssrc:<ssrc> ...: RFC 5576, 4.1 */

static ngx_int_t
ngx_whip_sdp_ssrc(ngx_whip_sdp_ctx_t *ctx)
{
    uint32_t   ssrc;
    ngx_str_t  rest;

    rest = *ctx->value;

    if (ngx_whip_sdp_uint32(&rest, &ssrc) != NGX_OK) {
        *ctx->why = "an \"a=ssrc\" line is malformed";
        return NGX_ERROR;
    }

    if (ctx->media->ssrc == 0) {
        ctx->media->ssrc = ssrc;
    }

    return NGX_OK;
}


/* a=ssrc-group:FID <media> <its retransmissions>: RFC 5576, 4.2 */

static ngx_int_t
ngx_whip_sdp_ssrc_group(ngx_whip_sdp_ctx_t *ctx)
{
    uint32_t   fid[2];
    ngx_str_t  rest, semantics;

    rest = *ctx->value;

    if (!ngx_whip_line_word(&rest, &semantics)) {
        goto malformed;
    }

    if (!ngx_whip_line_is(&semantics, "FID") || ctx->media->fid[0]) {
        return NGX_OK;
    }

    if (ngx_whip_sdp_uint32(&rest, &fid[0]) != NGX_OK
        || ngx_whip_sdp_uint32(&rest, &fid[1]) != NGX_OK)
    {
        goto malformed;
    }

    ctx->media->fid[0] = fid[0];
    ctx->media->fid[1] = fid[1];

    return NGX_OK;

malformed:

    *ctx->why = "an \"a=ssrc-group\" line is malformed";

    return NGX_ERROR;
}


static ngx_int_t
ngx_whip_sdp_uint32(ngx_str_t *rest, uint32_t *n)
{
    ngx_str_t   word;
    ngx_uint_t  value;

    if (!ngx_whip_line_word(rest, &word)
        || ngx_whip_line_number(&word, 0xffffffff, &value) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *n = (uint32_t) value;

    return NGX_OK;
}


/* a=rid:<id> send [<restrictions>]: RFC 8851, 10 */

static ngx_int_t
ngx_whip_sdp_rid(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t              rest, id, way;
    ngx_whip_sdp_rid_t    *rid;
    ngx_whip_sdp_media_t  *media;

    media = ctx->media;
    rest = *ctx->value;

    if (!ngx_whip_line_word(&rest, &id)
        || !ngx_whip_line_word(&rest, &way)
        || !ngx_whip_line_token(&id))
    {
        *ctx->why = "an \"a=rid\" line is malformed";
        return NGX_ERROR;
    }

    if (!ngx_whip_line_is(&way, "send")) {
        return NGX_OK;
    }

    if (media->nrids == NGX_WHIP_SDP_MAX_RIDS) {
        *ctx->why = "a media has more than 4 rids";
        return NGX_DECLINED;
    }

    if (id.len > NGX_WHIP_SDP_MAX_ID) {
        *ctx->why = "a rid is longer than 64 characters";
        return NGX_DECLINED;
    }

    rid = &media->rids[media->nrids++];

    rid->id = id;
    rid->restrictions = rest;

    return NGX_OK;
}


/* a=simulcast:<send or recv> <list> [<the other> <list>]: RFC 8853, 5.1 */

static ngx_int_t
ngx_whip_sdp_simulcast(ngx_whip_sdp_ctx_t *ctx)
{
    ngx_str_t  rest, way, list;

    rest = *ctx->value;

    while (ngx_whip_line_word(&rest, &way)) {

        if (!ngx_whip_line_word(&rest, &list)) {
            *ctx->why = "an \"a=simulcast\" line is malformed";
            return NGX_ERROR;
        }

        if (ngx_whip_line_is(&way, "send")) {
            ctx->media->simulcast = list;
        }
    }

    return NGX_OK;
}


/* the whole offer */

static ngx_int_t
ngx_whip_sdp_check(ngx_whip_sdp_t *sdp, const char **why)
{
    ngx_int_t   rc;
    ngx_uint_t  i, n;

    if (sdp->nmedia == 0) {
        *why = "there is no media";
        return NGX_DECLINED;
    }

    for (i = 0; i < sdp->nmedia; i++) {

        for (n = 0; n < i; n++) {

            if (sdp->media[i].mid.len
                && ngx_whip_line_equal(&sdp->media[i].mid, &sdp->media[n].mid))
            {
                *why = "two media have the same mid";
                return NGX_ERROR;
            }
        }
    }

    ngx_whip_sdp_bundle(sdp);

    rc = ngx_whip_sdp_check_transport(sdp, why);

    for (i = 0; rc == NGX_OK && i < sdp->nmedia; i++) {
        rc = ngx_whip_sdp_check_media(sdp, &sdp->media[i], why);
    }

    return rc;
}


/* the group may name what is not there */

static void
ngx_whip_sdp_bundle(ngx_whip_sdp_t *sdp)
{
    ngx_str_t   rest, mid;
    ngx_uint_t  i, found;

    rest = sdp->bundle;
    found = 0;

    while (ngx_whip_line_word(&rest, &mid)) {

        for (i = 0; i < sdp->nmedia; i++) {

            if (!ngx_whip_line_equal(&sdp->media[i].mid, &mid)) {
                continue;
            }

            if (!found) {
                sdp->tagged = i;
                found = 1;
            }

            sdp->media[i].bundled = 1;
        }
    }
}


static ngx_int_t
ngx_whip_sdp_check_transport(ngx_whip_sdp_t *sdp, const char **why)
{
    ngx_whip_sdp_transport_t  *transport, *session;

    session = &sdp->session.transport;
    transport = &sdp->transport;

    *transport = sdp->media[sdp->tagged].level.transport;

    if (transport->ufrag.len == 0) {
        transport->ufrag = session->ufrag;
    }

    if (transport->pwd.len == 0) {
        transport->pwd = session->pwd;
    }

    if (transport->ufrag.len == 0 || transport->pwd.len == 0) {
        *why = "\"a=ice-ufrag\" or \"a=ice-pwd\" is missing";
        return NGX_ERROR;
    }

    if (sdp->session.flags & NGX_WHIP_SDP_ICE_LITE) {
        *why = "the client is ICE-lite, as the server is";
        return NGX_DECLINED;
    }

    if (transport->nfingerprints == 0) {
        ngx_memcpy(transport->fingerprints, session->fingerprints,
                   sizeof(session->fingerprints));
        transport->nfingerprints = session->nfingerprints;
    }

    if (transport->nfingerprints == 0) {
        *why = "there is no fingerprint by SHA-256, SHA-384 or SHA-512";
        return NGX_DECLINED;
    }

    if (transport->setup == 0) {
        transport->setup = session->setup;
    }

    /* RFC 4145, 4: an offer without it means active */

    if (transport->setup == 0) {
        transport->setup = NGX_WHIP_SDP_ACTIVE;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_sdp_check_media(ngx_whip_sdp_t *sdp, ngx_whip_sdp_media_t *media,
    const char **why)
{
    ngx_uint_t             flags;
    ngx_whip_sdp_level_t  *level;

    level = &media->level;
    flags = level->flags;

    /* RFC 9429, 5.1.2 */

    if (!ngx_whip_line_is(&media->protocol, "UDP/TLS/RTP/SAVPF")
        && !ngx_whip_line_is(&media->protocol, "TCP/DTLS/RTP/SAVPF")
        && !ngx_whip_line_is(&media->protocol, "RTP/SAVPF"))
    {
        *why = "a media is not sent by UDP/TLS/RTP/SAVPF";
        return NGX_DECLINED;
    }

    if (level->direction == 0) {
        level->direction = sdp->session.direction ? sdp->session.direction
                                                  : NGX_WHIP_SDP_SENDRECV;
    }

    if (level->direction != NGX_WHIP_SDP_SENDRECV
        && level->direction != NGX_WHIP_SDP_SENDONLY)
    {
        *why = "a media is not sent: neither \"a=sendonly\" nor \"a=sendrecv\"";
        return NGX_DECLINED;
    }

    if (sdp->nmedia > 1 && !media->bundled) {
        *why = "the media are not in one group BUNDLE";
        return NGX_DECLINED;
    }

    /* RFC 9143, 6: it uses the transport of the tagged one */

    if (media->port == 0
        && !(media->bundled && (flags & NGX_WHIP_SDP_BUNDLE_ONLY)))
    {
        *why = "a media is disabled by its port of 0";
        return NGX_DECLINED;
    }

    if (!(flags & NGX_WHIP_SDP_RTCP_MUX)) {
        *why = "a media is without \"a=rtcp-mux\"";
        return NGX_DECLINED;
    }

    return NGX_OK;
}
