
/*
 * Copyright (C) the ngx_live contributors
 */


#include "agree.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>


/* --- what is offered ----------------------------------------------------- */

void
agree_describe(session_t *s, offer_t *offer)
{
    track_t  *t;

    memset(offer, 0, sizeof(offer_t));

    offer->options = &s->options;
    offer->cname = s->sender.cname;
    offer->ufrag = *s->ice.next_ufrag ? s->ice.next_ufrag : s->ice.ufrag;
    offer->pwd = *s->ice.next_ufrag ? s->ice.next_pwd : s->ice.pwd;
    offer->fingerprint = dtls_fingerprint();
    offer->address = s->options.local ? s->options.local : "127.0.0.1";
    offer->port = transport_port(&s->transport);

    t = sender_track(&s->sender, OPTIONS_AUDIO);

    if (t) {
        offer->present[OPTIONS_AUDIO] = 1;
        offer->ssrc[OPTIONS_AUDIO] = t->ssrc;
    }

    t = sender_track(&s->sender, OPTIONS_VIDEO);

    if (t) {
        offer->present[OPTIONS_VIDEO] = 1;
        offer->ssrc[OPTIONS_VIDEO] = t->ssrc;
        offer->rtx_ssrc[OPTIONS_VIDEO] = t->rtx_ssrc;
        offer->profile = t->media->profile;
        offer->sprop = t->media->sprop;
    }
}


static uint32_t
agree_ssrc(int64_t wanted)
{
    uint32_t  ssrc;

    if (wanted >= 0) {
        return (uint32_t) wanted;
    }

    RAND_bytes((unsigned char *) &ssrc, sizeof(ssrc));

    return ssrc;
}


static track_t *
agree_add_track(session_t *s, int kind, unsigned layer,
    const media_t *media)
{
    track_t                *t;
    const track_options_t  *o;

    o = &s->options.track[kind];

    t = sender_add(&s->sender, kind, layer, media);

    t->ssrc = agree_ssrc(o->ssrc) + (o->ssrc < 0 ? 0 : layer * 2);
    t->rtx_ssrc = o->rtx_ssrc < 0 ? t->ssrc + 1
                                  : (uint32_t) o->rtx_ssrc + layer * 2;

    return t;
}


/* with simulcast a track for each rid, as far as there are files */

void
agree_add_tracks(session_t *s)
{
    int          len;
    track_t     *t;
    unsigned     layer;
    const char  *rid;

    if (s->media->audio) {
        (void) agree_add_track(s, OPTIONS_AUDIO, 0, s->media->audio);
    }

    if (s->media->nvideo == 0) {
        return;
    }

    rid = s->options.rids;

    if (rid == NULL || *rid == '\0') {
        t = agree_add_track(s, OPTIONS_VIDEO, 0, s->media->video[0]);

        if (s->options.rid) {
            snprintf(t->rid, sizeof(t->rid), "%s", s->options.rid);
        }

        return;
    }

    for (layer = 0; layer < s->media->nvideo && *rid; layer++) {

        t = agree_add_track(s, OPTIONS_VIDEO, layer,
                              s->media->video[layer]);

        len = (int) strcspn(rid, ";");
        snprintf(t->rid, sizeof(t->rid), "%.*s", len, rid);
        rid += len + (rid[len] == ';');
    }
}


/* --- what was answered --------------------------------------------------- */

static const sdp_media_t *
agree_answer_media(const session_t *s, const char *kind)
{
    unsigned  i;

    for (i = 0; i < s->answer.nmedia; i++) {
        if (strcmp(s->answer.media[i].kind, kind) == 0) {
            return &s->answer.media[i];
        }
    }

    return NULL;
}


/* an id that both know; with ext_force the answer does not matter */

static int64_t
agree_extension(const session_t *s, const sdp_media_t *m, int64_t id,
    const char *uri)
{
    return s->options.ext_force || sdp_extension(m, uri) == id ? id : 0;
}


static int
agree_rid_wanted(const sdp_media_t *m, const char *rid)
{
    unsigned  i;

    for (i = 0; i < m->nrids; i++) {
        if (strcmp(m->rids[i], rid) == 0) {
            return 1;
        }
    }

    return 0;
}


/* what was agreed on; -1: the track cannot be sent */

static int
agree_track(session_t *s, track_t *t)
{
    const sdp_media_t      *m;
    const track_options_t  *o;

    o = t->options;
    m = agree_answer_media(s, t->kind == OPTIONS_AUDIO ? "audio" : "video");

    if (m == NULL) {
        return -1;
    }

    t->pt = sdp_payload_type(m, t->kind == OPTIONS_AUDIO ? "opus/" : "H264/");

    if (t->pt == -1) {
        return -1;
    }

    if (o->rtx_pt && sdp_payload_type(m, "rtx/") == o->rtx_pt) {
        t->rtx_pt = (int) o->rtx_pt;
    }

    t->ext_mid = agree_extension(s, m, o->ext_mid, OFFER_EXT_MID);
    t->ext_rid = agree_extension(s, m, o->ext_rid, OFFER_EXT_RID);
    t->ext_rrid = agree_extension(s, m, o->ext_rrid, OFFER_EXT_RRID);
    t->ext_twcc = agree_extension(s, m, o->ext_twcc, OFFER_EXT_TWCC);
    t->ext_time = agree_extension(s, m, o->ext_time, OFFER_EXT_TIME);

    return 0;
}


/* layers that the answer does not take are not sent, but for the first */

static void
agree_choose_layers(session_t *s)
{
    unsigned            i, n;
    const sdp_media_t  *m;

    m = agree_answer_media(s, "video");

    if (m == NULL || s->options.rids == NULL || *s->options.rids == '\0') {
        return;
    }

    n = 0;

    for (i = 0; i < s->sender.ntracks; i++) {

        if (s->sender.tracks[i].kind == OPTIONS_VIDEO
            && !agree_rid_wanted(m, s->sender.tracks[i].rid)
            && (m->nrids
                || &s->sender.tracks[i]
                   != sender_track(&s->sender, OPTIONS_VIDEO)))
        {
            track_free(&s->sender.tracks[i]);
            continue;
        }

        if (n != i) {
            s->sender.tracks[n] = s->sender.tracks[i];
        }

        n++;
    }

    s->sender.ntracks = n;
}


int
agree_tracks(session_t *s)
{
    unsigned  i;

    for (i = 0; i < s->sender.ntracks; i++) {
        if (agree_track(s, &s->sender.tracks[i]) == -1) {
            return -1;
        }
    }

    agree_choose_layers(s);

    return 0;
}


unsigned
agree_candidates(session_t *s, const sdp_t *sdp)
{
    int                     family;
    unsigned                i;
    transport_addr_t        addr;
    const sdp_candidate_t  *c;

    family = s->options.family == 4 ? AF_INET
             : s->options.family == 6 ? AF_INET6 : AF_UNSPEC;

    for (i = 0; i < sdp->ncandidates; i++) {

        c = &sdp->candidates[i];

        if (c->tcp != s->options.tcp
            || transport_address(&addr, c->address, c->port) == -1
            || (family != AF_UNSPEC && addr.sa.ss_family != family))
        {
            continue;
        }

        family = addr.sa.ss_family;
        ice_candidate(&s->ice, &addr);
    }

    return s->ice.npairs;
}
