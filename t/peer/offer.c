
/*
 * Copyright (C) the ngx_live contributors
 */


#include "offer.h"
#include "memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define OFFER_PROTO  "UDP/TLS/RTP/SAVPF"


static const char *offer_kinds[OPTIONS_KINDS] = { "audio", "video" };
static const char *offer_setups[] = { "actpass", "active", "passive" };


/* the kinds in the order of the m-lines; their number */

static unsigned
offer_order(const offer_t *offer, int kinds[OPTIONS_KINDS])
{
    int       first;
    unsigned  n;

    n = 0;
    first = offer->options->first_media;

    if (offer->present[first]) {
        kinds[n++] = first;
    }

    if (offer->present[!first]) {
        kinds[n++] = !first;
    }

    return n;
}


/* lines that came separated by \n */

static void
offer_lines(memory_buf_t *b, const char *lines)
{
    int  len;

    for ( ; lines && *lines; lines += len + (lines[len] == '\n')) {
        len = (int) strcspn(lines, "\n");
        memory_buf_printf(b, "%.*s\r\n", len, lines);
    }
}


static void
offer_group(memory_buf_t *b, const offer_t *offer, const char *name)
{
    int       kinds[OPTIONS_KINDS];
    unsigned  i, n;

    n = offer_order(offer, kinds);

    memory_buf_printf(b, "a=group:%s", name);

    for (i = 0; i < n; i++) {
        memory_buf_printf(b, " %s", offer->options->track[kinds[i]].mid);
    }

    memory_buf_printf(b, "\r\n");
}


static void
offer_bundle(memory_buf_t *b, const offer_t *offer)
{
    const options_t  *o;

    o = offer->options;

    if (o->bundle == OPTIONS_BUNDLE_BOTH) {
        memory_buf_printf(b, "a=group:BUNDLE %s %s\r\n",
                          o->track[o->first_media].mid,
                          o->track[!o->first_media].mid);
        return;
    }

    offer_group(b, offer, "BUNDLE");
}


/* with "wrong" a fingerprint of the right form: its first byte is another */

static void
offer_fingerprint(memory_buf_t *b, const offer_t *offer)
{
    char             *text, *p;
    const options_t  *o;

    o = offer->options;
    text = memory_text(offer->fingerprint);

    if (o->fingerprint == OPTIONS_FINGERPRINT_WRONG) {
        text[0] = text[0] == '0' ? '1' : '0';
    }

    for (p = text; o->lower_hex && *p; p++) {
        *p = (char) tolower((unsigned char) *p);
    }

    memory_buf_printf(b, "a=fingerprint:sha-256 %s\r\n", text);
    free(text);
}


/* a client that can do TCP has a socket for UDP as well */

static void
offer_candidate(memory_buf_t *b, const offer_t *offer)
{
    memory_buf_printf(b, "a=candidate:1 1 udp 2130706431 %s %d typ host\r\n",
                      offer->address, offer->port);

    if (offer->options->tcp) {
        memory_buf_printf(b, "a=candidate:2 1 tcp 1518280447 %s 9 typ host "
                          "tcptype active\r\n", offer->address);
    }
}


static void
offer_feedback(memory_buf_t *b, int pt, const char *feedback)
{
    int  len;

    for ( ; feedback && *feedback; feedback += len + (feedback[len] == ',')) {
        len = (int) strcspn(feedback, ",");
        memory_buf_printf(b, "a=rtcp-fb:%d %.*s\r\n", pt, len, feedback);
    }
}


static void
offer_video_fmtp(memory_buf_t *b, const offer_t *offer)
{
    const options_t        *o;
    const track_options_t  *t;

    o = offer->options;
    t = &o->track[OPTIONS_VIDEO];

    if (t->fmtp && strcmp(t->fmtp, "sps") == 0) {
        memory_buf_printf(b, "a=fmtp:%d level-asymmetry-allowed=1;"
                          "packetization-mode=1;profile-level-id=%s",
                          (int) t->pt, offer->profile);

    } else if (t->fmtp && *t->fmtp) {
        memory_buf_printf(b, "a=fmtp:%d %s", (int) t->pt, t->fmtp);

    } else {
        return;
    }

    if (o->sets != OPTIONS_SETS_INBAND && offer->sprop) {
        memory_buf_printf(b, ";sprop-parameter-sets=%s", offer->sprop);
    }

    memory_buf_printf(b, "\r\n");
}


/* the codec that is sent, and its RTX */

static void
offer_codec(memory_buf_t *b, const offer_t *offer, int kind)
{
    int                     pt;
    const track_options_t  *t;

    t = &offer->options->track[kind];
    pt = (int) t->pt;

    memory_buf_printf(b, "a=rtpmap:%d %s\r\n", pt,
                      kind == OPTIONS_VIDEO ? "H264/90000" : "");

    if (kind == OPTIONS_AUDIO) {
        b->len -= 2;
        memory_buf_printf(b, "%s/48000/2\r\n", offer->options->opus);
    }

    offer_feedback(b, pt, t->feedback);

    if (kind == OPTIONS_VIDEO) {
        offer_video_fmtp(b, offer);

    } else if (t->fmtp && *t->fmtp) {
        memory_buf_printf(b, "a=fmtp:%d %s\r\n", pt, t->fmtp);
    }

    if (t->rtx_pt) {
        memory_buf_printf(b, "a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n",
                          (int) t->rtx_pt, (int) t->rtx_pt, pt);
    }
}


/*
 * Walks the codecs: "PT NAME/RATE FMTP|...|*|...".  With "numbers" the payload
 * types for the m-line, else their attributes.
 */

static void
offer_codecs(memory_buf_t *b, const offer_t *offer, int kind, int numbers)
{
    int                     pt, name;
    char                    item[256];
    size_t                  len;
    const char             *p;
    const track_options_t  *t;

    t = &offer->options->track[kind];

    for (p = t->codecs ? t->codecs : "*"; *p; p += len + (p[len] == '|')) {

        len = strcspn(p, "|");
        snprintf(item, sizeof(item), "%.*s", (int) len, p);

        if (*item == '*') {

            if (!numbers) {
                offer_codec(b, offer, kind);
                continue;
            }

            memory_buf_printf(b, " %d", (int) t->pt);

            if (t->rtx_pt) {
                memory_buf_printf(b, " %d", (int) t->rtx_pt);
            }

            continue;
        }

        if (sscanf(item, "%d %n", &pt, &name) != 1) {
            continue;
        }

        if (numbers) {
            memory_buf_printf(b, " %d", pt);
            continue;
        }

        memory_buf_printf(b, "a=rtpmap:%d %.*s\r\n", pt,
                          (int) strcspn(item + name, " "), item + name);

        if (strstr(item, "rtx/") == NULL && kind == OPTIONS_VIDEO) {
            offer_feedback(b, pt, t->feedback);
        }

        name += (int) strcspn(item + name, " ");

        if (item[name]) {
            memory_buf_printf(b, "a=fmtp:%d%s\r\n", pt, item + name);
        }
    }
}


static void
offer_extension(memory_buf_t *b, int64_t id, const char *uri)
{
    if (id) {
        memory_buf_printf(b, "a=extmap:%d %s\r\n", (int) id, uri);
    }
}


static void
offer_simulcast(memory_buf_t *b, const char *rids)
{
    int          len;
    const char  *p;

    for (p = rids; *p; p += len + (p[len] == ';')) {
        len = (int) strcspn(p, ";");
        memory_buf_printf(b, "a=rid:%.*s send\r\n", len, p);
    }

    memory_buf_printf(b, "a=simulcast:send %s\r\n", rids);
}


static void
offer_ssrc(memory_buf_t *b, const offer_t *offer, int kind)
{
    const char      *msid;
    unsigned         i, n;
    uint32_t         ssrc[2];

    ssrc[0] = offer->ssrc[kind];
    ssrc[1] = offer->rtx_ssrc[kind];
    n = offer->options->track[kind].rtx_pt ? 2 : 1;
    msid = offer->options->msid;

    if (n == 2) {
        memory_buf_printf(b, "a=ssrc-group:FID %u %u\r\n", ssrc[0], ssrc[1]);
    }

    for (i = 0; i < n; i++) {
        memory_buf_printf(b, "a=ssrc:%u cname:%s\r\n", ssrc[i], offer->cname);

        if (msid && *msid) {
            memory_buf_printf(b, "a=ssrc:%u msid:%s %s\r\n", ssrc[i], msid,
                              offer_kinds[kind]);
        }
    }
}


static void
offer_credentials(memory_buf_t *b, const offer_t *offer)
{
    memory_buf_printf(b, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", offer->ufrag,
                      offer->pwd);
}


static void
offer_media(memory_buf_t *b, const offer_t *offer, int kind, unsigned i)
{
    int                     simulcast;
    const options_t        *o;
    const track_options_t  *t;

    o = offer->options;
    t = &o->track[kind];
    simulcast = kind == OPTIONS_VIDEO && o->rids && *o->rids;

    memory_buf_printf(b, "m=%s %d " OFFER_PROTO, offer_kinds[kind],
                      o->bundle_only && i ? 0 : 9);
    offer_codecs(b, offer, kind, 1);
    memory_buf_printf(b, "\r\nc=IN IP4 0.0.0.0\r\n");

    if (o->bundle_only && i) {
        memory_buf_printf(b, "a=bundle-only\r\n");
    }

    if (offer->address && o->candidates && i == 0) {
        offer_candidate(b, offer);
        memory_buf_printf(b, "a=end-of-candidates\r\n");
    }

    offer_credentials(b, offer);

    if (o->fingerprint_level == OPTIONS_LEVEL_MEDIA) {
        offer_fingerprint(b, offer);
    }

    memory_buf_printf(b, "a=setup:%s\r\na=mid:%s\r\n", offer_setups[o->setup],
                      t->mid);

    offer_extension(b, t->ext_mid, OFFER_EXT_MID);
    offer_extension(b, t->ext_rid, OFFER_EXT_RID);
    offer_extension(b, t->ext_rrid, OFFER_EXT_RRID);
    offer_extension(b, t->ext_twcc, OFFER_EXT_TWCC);
    offer_extension(b, t->ext_time, OFFER_EXT_TIME);

    memory_buf_printf(b, "a=%s\r\n", o->direction);

    if (o->msid && *o->msid) {
        memory_buf_printf(b, "a=msid:%s %s\r\n", o->msid, offer_kinds[kind]);
    }

    memory_buf_printf(b, "a=rtcp-mux\r\n");

    if (o->rsize && kind == OPTIONS_VIDEO) {
        memory_buf_printf(b, "a=rtcp-rsize\r\n");
    }

    offer_codecs(b, offer, kind, 0);
    offer_lines(b, t->lines);

    if (simulcast) {
        offer_simulcast(b, o->rids);

    } else if (o->ssrc_lines) {
        offer_ssrc(b, offer, kind);
    }
}


static void
offer_session(memory_buf_t *b, const offer_t *offer)
{
    const options_t  *o;

    o = offer->options;

    memory_buf_printf(b, "v=0\r\no=%s %u 2 IN IP4 127.0.0.1\r\ns=-\r\n"
                      "t=0 0\r\n", o->origin, (unsigned) offer->ssrc[0]);

    offer_bundle(b, offer);

    if (o->group_ls) {
        offer_group(b, offer, "LS");
    }

    offer_lines(b, o->session_lines);

    if (o->ice_options && *o->ice_options) {
        memory_buf_printf(b, "a=ice-options:%s\r\n", o->ice_options);
    }

    if (o->fingerprint_level == OPTIONS_LEVEL_SESSION) {
        offer_fingerprint(b, offer);
    }
}


char *
offer_write(const offer_t *offer)
{
    int            kinds[OPTIONS_KINDS];
    unsigned       i, n;
    memory_buf_t   b;

    memset(&b, 0, sizeof(memory_buf_t));

    offer_session(&b, offer);

    n = offer_order(offer, kinds);

    for (i = 0; i < n; i++) {
        offer_media(&b, offer, kinds[i], i);
    }

    return b.data;
}


/* RFC 9725 4.3: the bundle, one m-line, its mid, credentials, candidates */

char *
offer_fragment(const offer_t *offer)
{
    int            kinds[OPTIONS_KINDS];
    memory_buf_t   b;

    if (offer_order(offer, kinds) == 0) {
        return memory_text("");
    }

    memset(&b, 0, sizeof(memory_buf_t));

    offer_bundle(&b, offer);

    memory_buf_printf(&b, "m=%s 9 " OFFER_PROTO " 0\r\na=mid:%s\r\n",
                      offer_kinds[kinds[0]],
                      offer->options->track[kinds[0]].mid);

    offer_credentials(&b, offer);

    if (offer->address) {
        offer_candidate(&b, offer);
    }

    memory_buf_printf(&b, "a=end-of-candidates\r\n");

    return b.data;
}


/* --- the answer ---------------------------------------------------------- */

static void
offer_wrong(json_t *errors, const char *where, const char *what)
{
    json_array_append_new(errors, json_sprintf("%s: %s", where, what));
}


static void
offer_check_lines(json_t *errors, const char *text)
{
    const char  *p;

    if (strncmp(text, "v=0\r\n", 5) != 0) {
        offer_wrong(errors, "answer", "does not start with v=0");
    }

    for (p = strchr(text, '\n'); p; p = strchr(p + 1, '\n')) {
        if (p == text || p[-1] != '\r') {
            offer_wrong(errors, "answer", "a line does not end with CRLF");
            return;
        }
    }
}


static void
offer_check_session(json_t *errors, const offer_t *offer, const sdp_t *answer)
{
    size_t  len;

    len = strlen(answer->ufrag);

    if (len < 4 || len > 256) {
        offer_wrong(errors, "ice-ufrag", "not of 4 to 256 characters");
    }

    len = strlen(answer->pwd);

    if (len < 22 || len > 256) {
        offer_wrong(errors, "ice-pwd", "not of 22 to 256 characters");
    }

    if (strcmp(answer->hash, "sha-256") != 0) {
        offer_wrong(errors, "fingerprint", "none of sha-256");
    }

    if (answer->ncandidates == 0) {
        offer_wrong(errors, "candidate", "none");

    } else if (!answer->first_is_udp && !offer->options->tcp) {
        offer_wrong(errors, "candidate", "the first is not UDP");
    }
}


/* RFC 8842 5.3: which answers a setup allows */

static int
offer_setup_fits(int offered, const char *setup)
{
    if (strcmp(setup, "passive") == 0) {
        return offered != OPTIONS_SETUP_PASSIVE;
    }

    return strcmp(setup, "active") == 0 && offered != OPTIONS_SETUP_ACTIVE;
}


static const char *
offer_uri(const track_options_t *t, int id)
{
    return id == t->ext_mid ? OFFER_EXT_MID
           : id == t->ext_rid ? OFFER_EXT_RID
           : id == t->ext_rrid ? OFFER_EXT_RRID
           : id == t->ext_twcc ? OFFER_EXT_TWCC
           : id == t->ext_time ? OFFER_EXT_TIME
           : NULL;
}


static void
offer_check_codecs(json_t *errors, const track_options_t *t,
    const sdp_media_t *m)
{
    int          pt;
    unsigned     i;
    const char  *uri;

    for (i = 0; i < m->npts; i++) {

        pt = m->pts[i].pt;

        if (pt != t->pt && (pt != t->rtx_pt || t->rtx_pt == 0)) {
            json_array_append_new(errors, json_sprintf("%s: payload type %d",
                                                       m->kind, pt));
        }
    }

    for (i = 0; i < m->nexts; i++) {

        uri = offer_uri(t, m->exts[i].id);

        if (m->exts[i].id == 0 || uri == NULL
            || strcmp(uri, m->exts[i].uri) != 0)
        {
            json_array_append_new(errors, json_sprintf("%s: extension %d",
                                                       m->kind,
                                                       m->exts[i].id));
        }
    }
}


static void
offer_check_media(json_t *errors, const offer_t *offer, int kind,
    const sdp_t *answer, const sdp_media_t *m)
{
    const char             *setup;
    const options_t        *o;
    const track_options_t  *t;

    o = offer->options;
    t = &o->track[kind];
    setup = *m->setup ? m->setup : answer->setup;

    if (strcmp(m->kind, offer_kinds[kind]) != 0) {
        offer_wrong(errors, m->kind, "not the m-line that was offered");
    }

    if (strcmp(m->mid, t->mid) != 0) {
        offer_wrong(errors, m->kind, "another mid");
    }

    if (strcmp(m->proto, OFFER_PROTO) != 0) {
        offer_wrong(errors, m->kind, m->proto);
    }

    if (m->port == 0 && !o->bundle_only) {
        offer_wrong(errors, m->kind, "port 0");
    }

    if (strcmp(m->direction, "recvonly") != 0) {
        offer_wrong(errors, m->kind, "not recvonly");
    }

    if (!m->rtcp_mux) {
        offer_wrong(errors, m->kind, "no rtcp-mux");
    }

    if (!offer_setup_fits(o->setup, setup)) {
        json_array_append_new(errors, json_sprintf("%s: setup:%s", m->kind,
                                                   setup));
    }

    if (m->simulcast_send
        || (m->simulcast_recv && (o->rids == NULL || !*o->rids)))
    {
        offer_wrong(errors, m->kind, "simulcast");
    }

    offer_check_codecs(errors, t, m);
}


json_t *
offer_check(const offer_t *offer, const sdp_t *answer, const char *text)
{
    int        kinds[OPTIONS_KINDS];
    json_t    *errors;
    unsigned   i, n;

    errors = json_array();
    n = offer_order(offer, kinds);

    if (offer->options->answer_max
        && strlen(text) > (size_t) offer->options->answer_max)
    {
        offer_wrong(errors, "answer", "too long for this client");
    }

    offer_check_lines(errors, text);
    offer_check_session(errors, offer, answer);

    if (answer->nmedia != n) {
        offer_wrong(errors, "answer", "another number of m-lines");
        return errors;
    }

    for (i = 0; i < n; i++) {
        offer_check_media(errors, offer, kinds[i], answer, &answer->media[i]);
    }

    return errors;
}
