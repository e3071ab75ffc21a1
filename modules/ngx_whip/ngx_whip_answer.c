
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_answer.h"
#include "ngx_whip_line.h"


#define NGX_WHIP_ANSWER_EXT_MID   "urn:ietf:params:rtp-hdrext:sdes:mid"
#define NGX_WHIP_ANSWER_EXT_RID                                               \
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
#define NGX_WHIP_ANSWER_EXT_RRID                                              \
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
#define NGX_WHIP_ANSWER_EXT_TWCC                                              \
    "http://www.ietf.org/id/"                                                 \
    "draft-holmer-rmcat-transport-wide-cc-extensions-01"


/*
 * Payload types that RTP and RTCP on one port cannot tell apart: RFC 5761, 4
 */

#define NGX_WHIP_ANSWER_RTCP_FIRST  64
#define NGX_WHIP_ANSWER_RTCP_LAST   95

/* level_idc of H.264's level 5.2 */

#define NGX_WHIP_ANSWER_H264_LEVEL  0x34

/* RFC 8445, 5.1.2.1; RFC 6544, 4.2: below all UDP, direction "passive" */

#define NGX_WHIP_ANSWER_UDP         126
#define NGX_WHIP_ANSWER_UDP_PREF    65535
#define NGX_WHIP_ANSWER_TCP         99
#define NGX_WHIP_ANSWER_TCP_PREF    8191
#define NGX_WHIP_ANSWER_PASSIVE     (4 << 13)

/* parameters longer than this are nobody's */

#define NGX_WHIP_ANSWER_PARAM_MAX   16


/* a line of the table is tried before the ones below it */

typedef struct {
    ngx_uint_t       kind;
    ngx_uint_t       codec;
    const char      *name;                   /* of RTP, in any case */
    ngx_uint_t       clock;
    ngx_uint_t       channels;
    ngx_uint_t       disabled;               /* by this flag */
    ngx_uint_t     (*accepts)(ngx_str_t *fmtp);
} ngx_whip_answer_codec_t;


static ngx_uint_t ngx_whip_answer_h264_mode1(ngx_str_t *fmtp);
static ngx_uint_t ngx_whip_answer_h264_mode0(ngx_str_t *fmtp);
static ngx_uint_t ngx_whip_answer_hevc(ngx_str_t *fmtp);
static ngx_uint_t ngx_whip_answer_av1(ngx_str_t *fmtp);
static ngx_uint_t ngx_whip_answer_opus(ngx_str_t *fmtp);
static ngx_uint_t ngx_whip_answer_param_is(ngx_str_t *fmtp, const char *name,
    const char *text, ngx_uint_t absent);

static ngx_int_t ngx_whip_answer_media(ngx_whip_media_t *m,
    ngx_whip_sdp_t *offer, ngx_whip_sdp_media_t *media, ngx_uint_t flags,
    const char **why);
static ngx_whip_sdp_format_t *ngx_whip_answer_format(ngx_whip_media_t *m,
    ngx_whip_sdp_media_t *media, ngx_uint_t flags);
static ngx_uint_t ngx_whip_answer_pt(ngx_uint_t pt);
static void ngx_whip_answer_rtx(ngx_whip_media_t *m,
    ngx_whip_sdp_media_t *media, ngx_whip_sdp_format_t *format);
static void ngx_whip_answer_feedback(ngx_whip_media_t *m, ngx_uint_t feedback);
static void ngx_whip_answer_stereo(ngx_whip_media_t *m, ngx_str_t *fmtp);
static void ngx_whip_answer_extensions(ngx_whip_media_t *m,
    ngx_whip_sdp_t *offer, ngx_whip_sdp_media_t *media);
static ngx_uint_t ngx_whip_answer_extension(ngx_whip_sdp_t *offer,
    ngx_whip_sdp_media_t *media, const char *uri);
static void ngx_whip_answer_simulcast(ngx_whip_media_t *m,
    ngx_whip_sdp_media_t *media);
static void ngx_whip_answer_layer(ngx_whip_media_t *m,
    ngx_whip_sdp_media_t *media, ngx_str_t *alternatives);
static void ngx_whip_answer_add_rid(ngx_whip_media_t *m, ngx_str_t *id,
    ngx_uint_t paused);
static ngx_uint_t ngx_whip_answer_rid(ngx_whip_media_t *m,
    ngx_whip_sdp_rid_t *rid);
static ngx_uint_t ngx_whip_answer_clash(ngx_whip_media_t *a,
    ngx_whip_media_t *b);

static void ngx_whip_answer_write_session(ngx_whip_text_t *text,
    ngx_whip_answer_t *a, ngx_whip_sdp_t *offer, ngx_whip_local_t *local);
static void ngx_whip_answer_write_media(ngx_whip_text_t *text,
    ngx_whip_answer_t *a, ngx_uint_t i, ngx_whip_sdp_t *offer,
    ngx_whip_local_t *local);
static void ngx_whip_answer_write_dtls(ngx_whip_text_t *text,
    ngx_whip_answer_t *a, ngx_whip_local_t *local);
static void ngx_whip_answer_write_formats(ngx_whip_text_t *text,
    ngx_whip_media_t *m, ngx_whip_sdp_media_t *media);
static void ngx_whip_answer_write_fmtp(ngx_whip_text_t *text,
    ngx_whip_media_t *m, ngx_str_t *fmtp);
static void ngx_whip_answer_write_level(ngx_whip_text_t *text,
    ngx_str_t *fmtp, ngx_str_t *value);
static void ngx_whip_answer_write_feedback(ngx_whip_text_t *text,
    ngx_whip_media_t *m);
static void ngx_whip_answer_write_extensions(ngx_whip_text_t *text,
    ngx_whip_media_t *m, ngx_whip_sdp_t *offer, ngx_whip_sdp_media_t *media);
static void ngx_whip_answer_write_extension(ngx_whip_text_t *text,
    ngx_uint_t id, ngx_whip_sdp_t *offer, ngx_whip_sdp_media_t *media,
    const char *uri);
static void ngx_whip_answer_write_simulcast(ngx_whip_text_t *text,
    ngx_whip_media_t *m);
static ngx_uint_t ngx_whip_answer_turn(ngx_whip_candidate_t *candidate);
static void ngx_whip_answer_candidate(ngx_whip_text_t *text,
    ngx_whip_candidate_t *candidate, ngx_uint_t foundation);


static ngx_whip_answer_codec_t  ngx_whip_answer_codecs[] = {

    { NGX_WHIP_VIDEO, NGX_WHIP_H264, "H264", 90000, 1, 0,
      ngx_whip_answer_h264_mode1 },

    { NGX_WHIP_VIDEO, NGX_WHIP_H264, "H264", 90000, 1, 0,
      ngx_whip_answer_h264_mode0 },

    { NGX_WHIP_VIDEO, NGX_WHIP_HEVC, "H265", 90000, 1, NGX_WHIP_ANSWER_NO_HEVC,
      ngx_whip_answer_hevc },

    { NGX_WHIP_VIDEO, NGX_WHIP_AV1, "AV1", 90000, 1, NGX_WHIP_ANSWER_NO_AV1,
      ngx_whip_answer_av1 },

    { NGX_WHIP_AUDIO, NGX_WHIP_OPUS, "opus", 48000, 2, 0,
      ngx_whip_answer_opus },

    { 0, 0, NULL, 0, 0, 0, NULL }
};


ngx_int_t
ngx_whip_answer_choose(ngx_whip_answer_t *a, ngx_whip_sdp_t *offer,
    ngx_uint_t flags, const char **why)
{
    ngx_uint_t                 i, kind, seen[NGX_WHIP_VIDEO + 1];
    ngx_whip_sdp_transport_t  *transport;

    ngx_memzero(a, sizeof(ngx_whip_answer_t));
    ngx_memzero(seen, sizeof(seen));

    for (i = 0; i < offer->nmedia; i++) {

        kind = offer->media[i].kind;

        if (seen[kind]++) {
            *why = "there is more than one audio or more than one video";
            return NGX_DECLINED;
        }

        if (ngx_whip_answer_media(&a->media[i], offer, &offer->media[i], flags,
                                  why)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }

        a->nmedia++;
    }

    if (a->nmedia == 2 && ngx_whip_answer_clash(&a->media[0], &a->media[1])) {
        *why = "audio and video have a payload type in common";
        return NGX_DECLINED;
    }

    transport = &offer->transport;

    a->tagged = offer->tagged;
    a->dtls_client = (transport->setup == NGX_WHIP_SDP_PASSIVE);
    a->ufrag = transport->ufrag;
    a->pwd = transport->pwd;
    a->nfingerprints = transport->nfingerprints;

    ngx_memcpy(a->fingerprints, transport->fingerprints,
               sizeof(a->fingerprints));

    return NGX_OK;
}


static ngx_int_t
ngx_whip_answer_media(ngx_whip_media_t *m, ngx_whip_sdp_t *offer,
    ngx_whip_sdp_media_t *media, ngx_uint_t flags, const char **why)
{
    ngx_whip_sdp_format_t  *format;

    m->kind = media->kind;
    m->mid = media->mid;
    m->bundled = media->bundled;

    format = ngx_whip_answer_format(m, media, flags);

    if (format == NULL) {
        *why = (m->kind == NGX_WHIP_VIDEO)
               ? "no video is H.264, H.265 or AV1 in a form that is accepted"
               : "no audio is Opus at 48000 Hz with two channels";
        return NGX_DECLINED;
    }

    m->pt = format->pt;
    m->ssrc = media->fid[0] ? media->fid[0] : media->ssrc;
    m->rtx_ssrc = media->fid[1];
    m->rsize = (media->level.flags & NGX_WHIP_SDP_RTCP_RSIZE) ? 1 : 0;

    ngx_whip_answer_rtx(m, media, format);
    ngx_whip_answer_extensions(m, offer, media);
    ngx_whip_answer_feedback(m, media->feedback | format->feedback);

    if (m->codec == NGX_WHIP_H264) {
        (void) ngx_whip_line_param(&format->fmtp, "sprop-parameter-sets",
                                   &m->sprop);
    }

    if (m->codec == NGX_WHIP_OPUS) {
        ngx_whip_answer_stereo(m, &format->fmtp);
    }

    if (m->kind == NGX_WHIP_VIDEO && m->ext_rid
        && !(flags & NGX_WHIP_ANSWER_NO_SIMULCAST))
    {
        ngx_whip_answer_simulcast(m, media);
    }

    return NGX_OK;
}


static ngx_whip_sdp_format_t *
ngx_whip_answer_format(ngx_whip_media_t *m, ngx_whip_sdp_media_t *media,
    ngx_uint_t flags)
{
    ngx_uint_t                i;
    ngx_whip_sdp_format_t    *format;
    ngx_whip_answer_codec_t  *codec;

    for (codec = ngx_whip_answer_codecs; codec->name; codec++) {

        if (codec->kind != m->kind || (codec->disabled & flags)) {
            continue;
        }

        for (i = 0; i < media->nformats; i++) {

            format = &media->formats[i];

            if (ngx_whip_line_like(&format->name, codec->name)
                && format->clock == codec->clock
                && format->channels == codec->channels
                && ngx_whip_answer_pt(format->pt)
                && codec->accepts(&format->fmtp))
            {
                m->codec = codec->codec;
                return format;
            }
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_whip_answer_pt(ngx_uint_t pt)
{
    return pt < NGX_WHIP_ANSWER_RTCP_FIRST || pt > NGX_WHIP_ANSWER_RTCP_LAST;
}


/* RFC 6184, 8.1: what does not say is of mode 0; nobody has mode 2 */

static ngx_uint_t
ngx_whip_answer_h264_mode1(ngx_str_t *fmtp)
{
    return ngx_whip_answer_param_is(fmtp, "packetization-mode", "1", 0);
}


static ngx_uint_t
ngx_whip_answer_h264_mode0(ngx_str_t *fmtp)
{
    return ngx_whip_answer_param_is(fmtp, "packetization-mode", "0", 1);
}


/* RFC 7798, 7.1: one RTP stream, and no decoding order numbers in it */

static ngx_uint_t
ngx_whip_answer_hevc(ngx_str_t *fmtp)
{
    return ngx_whip_answer_param_is(fmtp, "tx-mode", "SRST", 1)
           && ngx_whip_answer_param_is(fmtp, "sprop-max-don-diff", "0", 1);
}


/* Main: RTP Payload Format For AV1, 7.2 */

static ngx_uint_t
ngx_whip_answer_av1(ngx_str_t *fmtp)
{
    return ngx_whip_answer_param_is(fmtp, "profile", "0", 1);
}


static ngx_uint_t
ngx_whip_answer_opus(ngx_str_t *fmtp)
{
    return 1;
}


static ngx_uint_t
ngx_whip_answer_param_is(ngx_str_t *fmtp, const char *name, const char *text,
    ngx_uint_t absent)
{
    ngx_str_t  value;

    if (!ngx_whip_line_param(fmtp, name, &value)) {
        return absent;
    }

    return ngx_whip_line_like(&value, text);
}


/* RFC 4588, 8.1 */

static void
ngx_whip_answer_rtx(ngx_whip_media_t *m, ngx_whip_sdp_media_t *media,
    ngx_whip_sdp_format_t *format)
{
    ngx_str_t               value;
    ngx_uint_t              i, apt;
    ngx_whip_sdp_format_t  *rtx;

    m->rtx_pt = -1;

    for (i = 0; i < media->nformats; i++) {

        rtx = &media->formats[i];

        if (ngx_whip_line_like(&rtx->name, "rtx")
            && rtx->clock == format->clock
            && rtx != format
            && ngx_whip_answer_pt(rtx->pt)
            && ngx_whip_line_param(&rtx->fmtp, "apt", &value)
            && ngx_whip_line_number(&value, 127, &apt) == NGX_OK
            && apt == format->pt)
        {
            m->rtx_pt = (ngx_int_t) rtx->pt;
            return;
        }
    }
}


/* feedback for the whole transport needs its header extension as well */

static void
ngx_whip_answer_feedback(ngx_whip_media_t *m, ngx_uint_t feedback)
{
    m->nack = (feedback & NGX_WHIP_SDP_NACK) ? 1 : 0;

    if (m->kind == NGX_WHIP_VIDEO) {
        m->pli = (feedback & NGX_WHIP_SDP_NACK_PLI) ? 1 : 0;
        m->fir = (feedback & NGX_WHIP_SDP_CCM_FIR) ? 1 : 0;
        m->remb = (feedback & NGX_WHIP_SDP_GOOG_REMB) ? 1 : 0;
    }

    if (m->ext_twcc && (feedback & NGX_WHIP_SDP_TRANSPORT_CC)) {
        m->twcc = 1;

    } else {
        m->ext_twcc = 0;
    }
}


/*
 * RFC 7587, 6.1: "sprop-stereo" is what the client sends, "stereo" what it
 * would like to get; what tells neither may be stereo.
 */

static void
ngx_whip_answer_stereo(ngx_whip_media_t *m, ngx_str_t *fmtp)
{
    ngx_str_t  value;

    m->stereo = 1;

    if (ngx_whip_line_param(fmtp, "sprop-stereo", &value)
        || ngx_whip_line_param(fmtp, "stereo", &value))
    {
        m->stereo = ngx_whip_line_is(&value, "0") ? 0 : 1;
    }
}


/* ids that are not told apart count for the first */

static void
ngx_whip_answer_extensions(ngx_whip_media_t *m, ngx_whip_sdp_t *offer,
    ngx_whip_sdp_media_t *media)
{
    ngx_uint_t  i, n, *ids[4];

    ids[0] = &m->ext_mid;
    ids[1] = &m->ext_rid;
    ids[2] = &m->ext_rrid;
    ids[3] = &m->ext_twcc;

    m->ext_mid = ngx_whip_answer_extension(offer, media,
                                           NGX_WHIP_ANSWER_EXT_MID);
    m->ext_rid = ngx_whip_answer_extension(offer, media,
                                           NGX_WHIP_ANSWER_EXT_RID);
    m->ext_rrid = ngx_whip_answer_extension(offer, media,
                                            NGX_WHIP_ANSWER_EXT_RRID);
    m->ext_twcc = ngx_whip_answer_extension(offer, media,
                                            NGX_WHIP_ANSWER_EXT_TWCC);

    for (i = 1; i < 4; i++) {

        for (n = 0; n < i; n++) {

            if (*ids[i] == *ids[n]) {
                *ids[i] = 0;
            }
        }
    }
}


static ngx_uint_t
ngx_whip_answer_extension(ngx_whip_sdp_t *offer, ngx_whip_sdp_media_t *media,
    const char *uri)
{
    ngx_whip_sdp_extension_t  *ext;

    ext = ngx_whip_sdp_extension(offer, media, uri);

    if (ext == NULL
        || ext->direction == NGX_WHIP_SDP_RECVONLY
        || ext->direction == NGX_WHIP_SDP_INACTIVE)
    {
        return 0;
    }

    return ext->id;
}


/* RFC 8853, 5.1: streams by ";", the alternatives of one by "," */

static void
ngx_whip_answer_simulcast(ngx_whip_media_t *m, ngx_whip_sdp_media_t *media)
{
    ngx_str_t  rest, alternatives;

    rest = media->simulcast;

    while (ngx_whip_line_item(&rest, ';', &alternatives)) {
        ngx_whip_answer_layer(m, media, &alternatives);
    }
}


/* the first alternative that can be taken; "~" in front of it is "paused" */

static void
ngx_whip_answer_layer(ngx_whip_media_t *m, ngx_whip_sdp_media_t *media,
    ngx_str_t *alternatives)
{
    ngx_str_t   id;
    ngx_uint_t  i, paused;

    while (ngx_whip_line_item(alternatives, ',', &id)) {

        paused = (id.len && id.data[0] == '~');

        if (paused) {
            id.data++;
            id.len--;
        }

        for (i = 0; i < media->nrids; i++) {

            if (ngx_whip_line_equal(&media->rids[i].id, &id)
                && ngx_whip_answer_rid(m, &media->rids[i]))
            {
                ngx_whip_answer_add_rid(m, &id, paused);
                return;
            }
        }
    }
}


/* a layer named twice counts once */

static void
ngx_whip_answer_add_rid(ngx_whip_media_t *m, ngx_str_t *id, ngx_uint_t paused)
{
    ngx_uint_t  i;

    for (i = 0; i < m->nrids; i++) {

        if (ngx_whip_line_equal(&m->rids[i], id)) {
            return;
        }
    }

    /* an offer has no more distinct ones */

    if (m->nrids < NGX_WHIP_RIDS_MAX) {
        m->paused |= paused << m->nrids;
        m->rids[m->nrids++] = *id;
    }
}


/* RFC 8851, 5: "pt" lists the payload types that it may have */

static ngx_uint_t
ngx_whip_answer_rid(ngx_whip_media_t *m, ngx_whip_sdp_rid_t *rid)
{
    ngx_str_t   list, word;
    ngx_uint_t  pt;

    if (!ngx_whip_line_param(&rid->restrictions, "pt", &list)) {
        return 1;
    }

    while (ngx_whip_line_item(&list, ',', &word)) {

        if (ngx_whip_line_number(&word, 127, &pt) == NGX_OK && pt == m->pt) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_whip_answer_clash(ngx_whip_media_t *a, ngx_whip_media_t *b)
{
    return a->pt == b->pt
           || (ngx_int_t) a->pt == b->rtx_pt
           || (ngx_int_t) b->pt == a->rtx_pt
           || (a->rtx_pt != -1 && a->rtx_pt == b->rtx_pt);
}


u_char *
ngx_whip_answer_write(u_char *buf, u_char *last, ngx_whip_answer_t *a,
    ngx_whip_sdp_t *offer, ngx_whip_local_t *local)
{
    ngx_uint_t       i;
    ngx_whip_text_t  text;

    if (last - buf > NGX_WHIP_ANSWER_MAX_SIZE) {
        last = buf + NGX_WHIP_ANSWER_MAX_SIZE;
    }

    ngx_whip_text_init(&text, buf, last);

    ngx_whip_answer_write_session(&text, a, offer, local);

    for (i = 0; i < a->nmedia; i++) {
        ngx_whip_answer_write_media(&text, a, i, offer, local);
    }

    return text.full ? NULL : text.pos;
}


static void
ngx_whip_answer_write_session(ngx_whip_text_t *text, ngx_whip_answer_t *a,
    ngx_whip_sdp_t *offer, ngx_whip_local_t *local)
{
    ngx_whip_text_add(text, "v=0\r\n"
                            "o=- %V 1 IN IP4 0.0.0.0\r\n"
                            "s=-\r\n"
                            "t=0 0\r\n",
                      &local->session);

    ngx_whip_answer_group(text, a);

    if (offer->session.flags & NGX_WHIP_SDP_EXTMAP_MIXED) {
        ngx_whip_text_add(text, "a=extmap-allow-mixed\r\n");
    }

    ngx_whip_text_add(text, "a=ice-lite\r\n"
                            "a=ice-options:ice2 trickle\r\n");
}


/* the tagged one is first: RFC 9143, 7.3 */

void
ngx_whip_answer_group(ngx_whip_text_t *text, ngx_whip_answer_t *a)
{
    ngx_uint_t  i;

    if (!a->media[a->tagged].bundled) {
        return;
    }

    ngx_whip_text_add(text, "a=group:BUNDLE %V", &a->media[a->tagged].mid);

    for (i = 0; i < a->nmedia; i++) {

        if (i != a->tagged && a->media[i].bundled) {
            ngx_whip_text_add(text, " %V", &a->media[i].mid);
        }
    }

    ngx_whip_text_add(text, "\r\n");
}


static void
ngx_whip_answer_write_media(ngx_whip_text_t *text, ngx_whip_answer_t *a,
    ngx_uint_t i, ngx_whip_sdp_t *offer, ngx_whip_local_t *local)
{
    ngx_uint_t             flags;
    ngx_whip_media_t      *m;
    ngx_whip_sdp_media_t  *media;

    m = &a->media[i];
    media = &offer->media[i];
    flags = media->level.flags;

    ngx_whip_text_add(text, "m=%s 9 %V %ui",
                      m->kind == NGX_WHIP_VIDEO ? "video" : "audio",
                      &media->protocol, m->pt);

    if (m->rtx_pt != -1) {
        ngx_whip_text_add(text, " %ui", (ngx_uint_t) m->rtx_pt);
    }

    ngx_whip_text_add(text, "\r\n"
                            "c=IN IP4 0.0.0.0\r\n");

    if (m->mid.len) {
        ngx_whip_text_add(text, "a=mid:%V\r\n", &m->mid);
    }

    ngx_whip_text_add(text, "a=recvonly\r\n");

    ngx_whip_answer_ice(text, local);
    ngx_whip_answer_write_dtls(text, a, local);

    ngx_whip_text_add(text, "a=rtcp-mux\r\n");

    /* RFC 9725, 4.4.1, but what was not offered may not be answered */

    if (flags & NGX_WHIP_SDP_RTCP_MUX_ONLY) {
        ngx_whip_text_add(text, "a=rtcp-mux-only\r\n");
    }

    if (m->rsize) {
        ngx_whip_text_add(text, "a=rtcp-rsize\r\n");
    }

    if (flags & NGX_WHIP_SDP_EXTMAP_MIXED) {
        ngx_whip_text_add(text, "a=extmap-allow-mixed\r\n");
    }

    ngx_whip_answer_write_formats(text, m, media);
    ngx_whip_answer_write_extensions(text, m, offer, media);
    ngx_whip_answer_write_simulcast(text, m);

    if (i == 0) {
        ngx_whip_answer_candidates(text, local);
    }
}


void
ngx_whip_answer_ice(ngx_whip_text_t *text, ngx_whip_local_t *local)
{
    ngx_whip_text_add(text, "a=ice-ufrag:%V\r\n"
                            "a=ice-pwd:%V\r\n",
                      &local->ufrag, &local->pwd);
}


static void
ngx_whip_answer_write_dtls(ngx_whip_text_t *text, ngx_whip_answer_t *a,
    ngx_whip_local_t *local)
{
    u_char      *p, hex[sizeof(local->fingerprint) * 3];
    ngx_str_t    value;
    ngx_uint_t   i;

    static const u_char  digits[] = "0123456789ABCDEF";

    p = hex;

    for (i = 0; i < sizeof(local->fingerprint); i++) {
        *p++ = digits[local->fingerprint[i] >> 4];
        *p++ = digits[local->fingerprint[i] & 0xf];
        *p++ = ':';
    }

    value.data = hex;
    value.len = p - hex - 1;

    ngx_whip_text_add(text, "a=fingerprint:sha-256 %V\r\n"
                            "a=setup:%s\r\n",
                      &value, a->dtls_client ? "active" : "passive");
}


static void
ngx_whip_answer_write_formats(ngx_whip_text_t *text, ngx_whip_media_t *m,
    ngx_whip_sdp_media_t *media)
{
    ngx_whip_sdp_format_t  *format;

    format = ngx_whip_sdp_format(media, m->pt);

    if (format == NULL) {
        return;
    }

    /* the name as it was offered, in capitals or not */

    ngx_whip_text_add(text, "a=rtpmap:%ui %V/%ui", m->pt, &format->name,
                      format->clock);

    if (m->kind == NGX_WHIP_AUDIO) {
        ngx_whip_text_add(text, "/%ui", format->channels);
    }

    ngx_whip_text_add(text, "\r\n");

    ngx_whip_answer_write_fmtp(text, m, &format->fmtp);
    ngx_whip_answer_write_feedback(text, m);

    if (m->rtx_pt != -1) {
        ngx_whip_text_add(text, "a=rtpmap:%ui rtx/%ui\r\n"
                                "a=fmtp:%ui apt=%ui\r\n",
                          (ngx_uint_t) m->rtx_pt, format->clock,
                          (ngx_uint_t) m->rtx_pt, m->pt);
    }
}


/*
 * The parameters that both sides must agree on are repeated; what the client
 * says of its own stream is not, and neither is what it makes up.
 */

static void
ngx_whip_answer_write_fmtp(ngx_whip_text_t *text, ngx_whip_media_t *m,
    ngx_str_t *fmtp)
{
    ngx_str_t    value;
    ngx_uint_t   i, n;

    static struct {
        ngx_uint_t   codec;
        const char  *name;
    } params[] = {
        { NGX_WHIP_H264, "level-asymmetry-allowed" },
        { NGX_WHIP_H264, "packetization-mode" },
        { NGX_WHIP_H264, "profile-level-id" },
        { NGX_WHIP_HEVC, "level-id" },
        { NGX_WHIP_HEVC, "profile-id" },
        { NGX_WHIP_HEVC, "tier-flag" },
        { NGX_WHIP_HEVC, "tx-mode" },
        { NGX_WHIP_AV1, "level-idx" },
        { NGX_WHIP_AV1, "profile" },
        { NGX_WHIP_AV1, "tier" },
        { 0, NULL }
    };

    if (m->codec == NGX_WHIP_OPUS) {
        ngx_whip_text_add(text, "a=fmtp:%ui minptime=10;useinbandfec=1;"
                                "%susedtx=0\r\n",
                          m->pt, m->stereo ? "stereo=1;" : "");
        return;
    }

    n = 0;

    for (i = 0; params[i].name; i++) {

        if (params[i].codec != m->codec
            || !ngx_whip_line_param(fmtp, params[i].name, &value)
            || value.len > NGX_WHIP_ANSWER_PARAM_MAX
            || !ngx_whip_line_token(&value))
        {
            continue;
        }

        if (n++ == 0) {
            ngx_whip_text_add(text, "a=fmtp:%ui ", m->pt);

        } else {
            ngx_whip_text_add(text, ";");
        }

        ngx_whip_text_add(text, "%s=", params[i].name);

        if (ngx_strcmp(params[i].name, "profile-level-id") == 0) {
            ngx_whip_answer_write_level(text, fmtp, &value);

        } else {
            ngx_whip_text_add(text, "%V", &value);
        }
    }

    if (n) {
        ngx_whip_text_add(text, "\r\n");
    }
}


/*
 * RFC 6184, 8.2.2: where levels may differ by direction, ours is what we can
 * receive, and some encoders slow down to stay within it.  The profile has to
 * remain, and so does a value that is not of six digits.
 */

static void
ngx_whip_answer_write_level(ngx_whip_text_t *text, ngx_str_t *fmtp,
    ngx_str_t *value)
{
    ngx_int_t   high, low;
    ngx_str_t   profile;
    ngx_uint_t  level;

    level = NGX_WHIP_ANSWER_H264_LEVEL;

    if (value->len == 6
        && ngx_whip_answer_param_is(fmtp, "level-asymmetry-allowed", "1", 0))
    {
        high = ngx_whip_line_hex(value->data[4]);
        low = ngx_whip_line_hex(value->data[5]);

        if (high != NGX_ERROR && low != NGX_ERROR) {
            level = (ngx_uint_t) (high << 4 | low);
        }
    }

    if (level < NGX_WHIP_ANSWER_H264_LEVEL) {
        profile.data = value->data;
        profile.len = 4;

        ngx_whip_text_add(text, "%V34", &profile);

    } else {
        ngx_whip_text_add(text, "%V", value);
    }
}


static void
ngx_whip_answer_write_feedback(ngx_whip_text_t *text, ngx_whip_media_t *m)
{
    if (m->nack) {
        ngx_whip_text_add(text, "a=rtcp-fb:%ui nack\r\n", m->pt);
    }

    if (m->pli) {
        ngx_whip_text_add(text, "a=rtcp-fb:%ui nack pli\r\n", m->pt);
    }

    if (m->fir) {
        ngx_whip_text_add(text, "a=rtcp-fb:%ui ccm fir\r\n", m->pt);
    }

    if (m->remb) {
        ngx_whip_text_add(text, "a=rtcp-fb:%ui goog-remb\r\n", m->pt);
    }

    if (m->twcc) {
        ngx_whip_text_add(text, "a=rtcp-fb:%ui transport-cc\r\n", m->pt);
    }
}


static void
ngx_whip_answer_write_extensions(ngx_whip_text_t *text, ngx_whip_media_t *m,
    ngx_whip_sdp_t *offer, ngx_whip_sdp_media_t *media)
{
    ngx_whip_answer_write_extension(text, m->ext_mid, offer, media,
                                    NGX_WHIP_ANSWER_EXT_MID);
    ngx_whip_answer_write_extension(text, m->ext_rid, offer, media,
                                    NGX_WHIP_ANSWER_EXT_RID);
    ngx_whip_answer_write_extension(text, m->ext_rrid, offer, media,
                                    NGX_WHIP_ANSWER_EXT_RRID);
    ngx_whip_answer_write_extension(text, m->ext_twcc, offer, media,
                                    NGX_WHIP_ANSWER_EXT_TWCC);
}


static void
ngx_whip_answer_write_extension(ngx_whip_text_t *text, ngx_uint_t id,
    ngx_whip_sdp_t *offer, ngx_whip_sdp_media_t *media, const char *uri)
{
    ngx_whip_sdp_extension_t  *ext;

    ext = ngx_whip_sdp_extension(offer, media, uri);

    if (id == 0 || ext == NULL) {
        return;
    }

    ngx_whip_text_add(text, "a=extmap:%ui%s %s\r\n", id,
                      ext->direction ? "/recvonly" : "", uri);
}


/*
 * OBS gives up unless as many layers come back as it offered.  A layer that was
 * paused stays so: Chromium would start it, against its page's will.
 */

static void
ngx_whip_answer_write_simulcast(ngx_whip_text_t *text, ngx_whip_media_t *m)
{
    ngx_uint_t  i;

    if (m->nrids == 0) {
        return;
    }

    for (i = 0; i < m->nrids; i++) {
        ngx_whip_text_add(text, "a=rid:%V recv\r\n", &m->rids[i]);
    }

    ngx_whip_text_add(text, "a=simulcast:recv ");

    for (i = 0; i < m->nrids; i++) {
        ngx_whip_text_add(text, "%s%s%V", i ? ";" : "",
                          (m->paused & ((ngx_uint_t) 1 << i)) ? "~" : "",
                          &m->rids[i]);
    }

    ngx_whip_text_add(text, "\r\n");
}


/* FFmpeg takes the first one and looks no further */

void
ngx_whip_answer_candidates(ngx_whip_text_t *text, ngx_whip_local_t *local)
{
    ngx_uint_t             i, turn;
    ngx_whip_candidate_t  *candidate;

    for (turn = 0; turn < 3; turn++) {

        for (i = 0; i < local->ncandidates; i++) {

            candidate = &local->candidates[i];

            if (ngx_whip_answer_turn(candidate) == turn) {
                ngx_whip_answer_candidate(text, candidate, i + 1);
            }
        }
    }

    ngx_whip_text_add(text, "a=end-of-candidates\r\n");
}


static ngx_uint_t
ngx_whip_answer_turn(ngx_whip_candidate_t *candidate)
{
    ngx_str_t  rest, part;

    if (candidate->tcp) {
        return 2;
    }

    rest = candidate->address;

    /* a colon is IPv6 */

    return (ngx_whip_line_item(&rest, ':', &part) && rest.data) ? 1 : 0;
}


/*
 * RFC 8839, 5.1; the foundation is a number, since FFmpeg looks for the word
 * "udp" from there on.
 */

static void
ngx_whip_answer_candidate(ngx_whip_text_t *text,
    ngx_whip_candidate_t *candidate, ngx_uint_t foundation)
{
    ngx_uint_t  type, preference;

    if (candidate->tcp) {
        type = NGX_WHIP_ANSWER_TCP;
        preference = NGX_WHIP_ANSWER_PASSIVE + NGX_WHIP_ANSWER_TCP_PREF
                     - ngx_min(candidate->priority, NGX_WHIP_ANSWER_TCP_PREF);

    } else {
        type = NGX_WHIP_ANSWER_UDP;
        preference = NGX_WHIP_ANSWER_UDP_PREF
                     - ngx_min(candidate->priority, NGX_WHIP_ANSWER_UDP_PREF);
    }

    /* 255 is 256 less the component's number */

    ngx_whip_text_add(text, "a=candidate:%ui 1 %s %ui %V %ui typ host%s\r\n",
                      foundation, candidate->tcp ? "tcp" : "udp",
                      (type << 24) + (preference << 8) + 255,
                      &candidate->address, (ngx_uint_t) candidate->port,
                      candidate->tcp ? " tcptype passive" : "");
}
