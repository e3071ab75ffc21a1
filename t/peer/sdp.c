
/*
 * Copyright (C) the ngx_live contributors
 */


#include "sdp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


#define SDP_LINE_MAX  1024


/* cut off where there is no room */

static void
sdp_copy(char *to, size_t size, const char *from)
{
    size_t  len;

    len = strnlen(from, size - 1);

    memcpy(to, from, len);
    to[len] = '\0';
}


/* what follows the prefix, or NULL */

static const char *
sdp_after(const char *line, const char *prefix)
{
    size_t  len;

    len = strlen(prefix);

    return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}


/* m=audio 9 UDP/TLS/RTP/SAVPF 111 63 */

static void
sdp_parse_media(sdp_t *sdp, const char *value)
{
    int           used, pt;
    sdp_media_t  *m;

    if (sdp->nmedia == SDP_MEDIA_MAX) {
        return;
    }

    m = &sdp->media[sdp->nmedia++];
    used = 0;

    sscanf(value, "%15s %d %31s%n", m->kind, &m->port, m->proto, &used);

    value += used;

    while (m->npts < SDP_PTS_MAX && sscanf(value, " %d%n", &pt, &used) == 1) {
        m->pts[m->npts++].pt = pt;
        value += used;
    }
}


/* a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host */

static void
sdp_parse_candidate(sdp_t *sdp, const char *value)
{
    char              transport[8];
    sdp_candidate_t  *c, candidate;

    memset(&candidate, 0, sizeof(sdp_candidate_t));

    if (sscanf(value, "%*s %*d %7s %u %63s %d", transport,
               &candidate.priority, candidate.address, &candidate.port) != 4)
    {
        return;
    }

    candidate.tcp = strcasecmp(transport, "tcp") == 0;

    if (sdp->ncandidates == 0) {
        sdp->first_is_udp = !candidate.tcp;
    }

    if (candidate.tcp && strstr(value, "tcptype passive") == NULL) {
        return;
    }

    if (sdp->ncandidates == SDP_CANDIDATES_MAX) {
        return;
    }

    /* the m-lines of a bundle may repeat them */

    for (c = sdp->candidates; c < sdp->candidates + sdp->ncandidates; c++) {
        if (c->tcp == candidate.tcp && c->port == candidate.port
            && strcmp(c->address, candidate.address) == 0)
        {
            return;
        }
    }

    *c = candidate;
    sdp->ncandidates++;
}


static void
sdp_parse_rtpmap(sdp_media_t *m, const char *value)
{
    int       pt;
    char      codec[24];
    unsigned  i;

    if (sscanf(value, "%d %23s", &pt, codec) != 2) {
        return;
    }

    for (i = 0; i < m->npts; i++) {
        if (m->pts[i].pt == pt) {
            sdp_copy(m->pts[i].codec, sizeof(m->pts[i].codec), codec);
        }
    }
}


static void
sdp_parse_rid(sdp_media_t *m, const char *value)
{
    char  rid[20], direction[8];

    if (m->nrids < SDP_RIDS_MAX
        && sscanf(value, "%19s %7s", rid, direction) == 2
        && strcmp(direction, "recv") == 0)
    {
        sdp_copy(m->rids[m->nrids++], sizeof(m->rids[0]), rid);
    }
}


static void
sdp_parse_extmap(sdp_media_t *m, const char *value)
{
    sdp_ext_t  *ext;

    ext = &m->exts[m->nexts];

    if (m->nexts < SDP_EXTS_MAX
        && sscanf(value, "%d%*[^ ] %95s", &ext->id, ext->uri) != 2
        && sscanf(value, "%d %95s", &ext->id, ext->uri) != 2)
    {
        return;
    }

    if (m->nexts < SDP_EXTS_MAX) {
        m->nexts++;
    }
}


static void
sdp_parse_media_line(sdp_media_t *m, const char *line)
{
    const char  *v;

    if ((v = sdp_after(line, "a=mid:"))) {
        sdp_copy(m->mid, sizeof(m->mid), v);

    } else if ((v = sdp_after(line, "a=setup:"))) {
        sdp_copy(m->setup, sizeof(m->setup), v);

    } else if ((v = sdp_after(line, "a=rtpmap:"))) {
        sdp_parse_rtpmap(m, v);

    } else if ((v = sdp_after(line, "a=extmap:"))) {
        sdp_parse_extmap(m, v);

    } else if ((v = sdp_after(line, "a=rid:"))) {
        sdp_parse_rid(m, v);

    } else if ((v = sdp_after(line, "a=simulcast:"))) {
        m->simulcast_recv |= strstr(v, "recv") != NULL;
        m->simulcast_send |= strstr(v, "send") != NULL;

    } else if (strcmp(line, "a=rtcp-mux") == 0) {
        m->rtcp_mux = 1;

    } else if (strcmp(line, "a=recvonly") == 0
               || strcmp(line, "a=sendrecv") == 0
               || strcmp(line, "a=sendonly") == 0
               || strcmp(line, "a=inactive") == 0)
    {
        sdp_copy(m->direction, sizeof(m->direction), line + 2);
    }
}


/* of the session, or of the first m-line that has it: there is one bundle */

static void
sdp_parse_line(sdp_t *sdp, const char *line)
{
    const char  *v;

    if ((v = sdp_after(line, "m="))) {
        sdp_parse_media(sdp, v);
        return;
    }

    if ((v = sdp_after(line, "a=ice-ufrag:")) && !*sdp->ufrag) {
        sdp_copy(sdp->ufrag, sizeof(sdp->ufrag), v);

    } else if ((v = sdp_after(line, "a=ice-pwd:")) && !*sdp->pwd) {
        sdp_copy(sdp->pwd, sizeof(sdp->pwd), v);

    } else if ((v = sdp_after(line, "a=fingerprint:")) && !*sdp->hash) {
        sscanf(v, "%15s %199s", sdp->hash, sdp->fingerprint);

    } else if ((v = sdp_after(line, "a=group:BUNDLE "))) {
        sdp_copy(sdp->group, sizeof(sdp->group), v);

    } else if ((v = sdp_after(line, "a=candidate:"))) {
        sdp_parse_candidate(sdp, v);

    } else if (strcmp(line, "a=end-of-candidates") == 0) {
        sdp->end_of_candidates = 1;

    } else if (strcmp(line, "a=ice-lite") == 0) {
        sdp->ice_lite = 1;
    }

    if ((v = sdp_after(line, "a=setup:")) && !*sdp->setup) {
        sdp_copy(sdp->setup, sizeof(sdp->setup), v);
    }

    if (sdp->nmedia) {
        sdp_parse_media_line(&sdp->media[sdp->nmedia - 1], line);
    }
}


void
sdp_parse(sdp_t *sdp, const char *text)
{
    char    line[SDP_LINE_MAX];
    size_t  len;

    memset(sdp, 0, sizeof(sdp_t));

    for ( ; *text; text += strspn(text, "\r\n")) {

        len = strcspn(text, "\r\n");

        if (len < sizeof(line)) {
            memcpy(line, text, len);
            line[len] = '\0';

            sdp_parse_line(sdp, line);
        }

        text += len;
    }
}


int
sdp_payload_type(const sdp_media_t *media, const char *codec)
{
    unsigned  i;

    for (i = 0; i < media->npts; i++) {
        if (strncasecmp(media->pts[i].codec, codec, strlen(codec)) == 0) {
            return media->pts[i].pt;
        }
    }

    return -1;
}


int
sdp_extension(const sdp_media_t *media, const char *uri)
{
    unsigned  i;

    for (i = 0; i < media->nexts; i++) {
        if (strcmp(media->exts[i].uri, uri) == 0) {
            return media->exts[i].id;
        }
    }

    return 0;
}
