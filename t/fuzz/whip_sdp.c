
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: an offer.  What is accepted is answered, and the answer has to be one
 * that the reader of offers takes apart again.
 */

/* sources: modules/ngx_whip/ngx_whip_line.c */
/* sources: modules/ngx_whip/ngx_whip_text.c */
/* sources: modules/ngx_whip/ngx_whip_sdp.c */
/* sources: modules/ngx_whip/ngx_whip_answer.c */


#include "fuzz.h"
#include "ngx_whip_answer.h"
#include "ngx_whip_line.h"

#include <string.h>


static ngx_whip_candidate_t  candidates[] = {
    { ngx_string("2001:db8::7"), 8189, 1, 0 },
    { ngx_string("203.0.113.7"), 8189, 0, 0 },
    { ngx_string("203.0.113.7"), 8189, 0, 1 }
};

static ngx_whip_local_t  local = {
    ngx_string("8712305512345678901"),
    ngx_string("ourUfrag"),
    ngx_string("ourPasswordOf32CharactersInAll00"),
    { 1, 2, 3 },
    candidates,
    3
};


static void
inside(ngx_str_t *s, const u_char *p, const u_char *end)
{
    size_t  i;

    if (s->len == 0) {
        return;
    }

    fuzz_assert(s->data >= p && s->data <= end);
    fuzz_assert(s->len <= (size_t) (end - s->data));

    for (i = 0; i < s->len; i++) {
        fuzz_assert(s->data[i] >= 0x20 || s->data[i] == '\t');
    }
}


static void
check_level(ngx_whip_sdp_level_t *level, const u_char *p, const u_char *end)
{
    ngx_uint_t  i;

    inside(&level->transport.ufrag, p, end);
    inside(&level->transport.pwd, p, end);

    fuzz_assert(level->transport.nfingerprints
                <= NGX_WHIP_SDP_MAX_FINGERPRINTS);
    fuzz_assert(level->nextensions <= NGX_WHIP_SDP_MAX_EXTENSIONS);

    for (i = 0; i < level->nextensions; i++) {
        fuzz_assert(level->extensions[i].id - 1 < 255);
        inside(&level->extensions[i].uri, p, end);
    }
}


static void
check_sdp(ngx_whip_sdp_t *sdp, const u_char *p, const u_char *end)
{
    ngx_uint_t                 i, n;
    ngx_whip_sdp_media_t      *media;
    ngx_whip_sdp_transport_t  *transport;

    transport = &sdp->transport;

    fuzz_assert(transport->ufrag.len >= 4 && transport->ufrag.len <= 256);
    fuzz_assert(transport->pwd.len >= 22 && transport->pwd.len <= 256);
    fuzz_assert(transport->setup >= NGX_WHIP_SDP_ACTPASS
                && transport->setup <= NGX_WHIP_SDP_PASSIVE);
    fuzz_assert(transport->nfingerprints - 1 < NGX_WHIP_SDP_MAX_FINGERPRINTS);

    for (i = 0; i < transport->nfingerprints; i++) {
        fuzz_assert(transport->fingerprints[i].len
                    == 16 + 16 * transport->fingerprints[i].algorithm);
    }

    fuzz_assert(sdp->nmedia - 1 < NGX_WHIP_SDP_MAX_MEDIA);
    fuzz_assert(sdp->tagged < sdp->nmedia);

    check_level(&sdp->session, p, end);
    inside(&sdp->bundle, p, end);

    for (i = 0; i < sdp->nmedia; i++) {

        media = &sdp->media[i];

        check_level(&media->level, p, end);
        inside(&media->protocol, p, end);
        inside(&media->mid, p, end);
        inside(&media->simulcast, p, end);

        fuzz_assert(media->mid.len <= NGX_WHIP_SDP_MAX_ID);
        fuzz_assert(media->nformats - 1 < NGX_WHIP_SDP_MAX_FORMATS);
        fuzz_assert(media->nrids <= NGX_WHIP_SDP_MAX_RIDS);

        for (n = 0; n < media->nformats; n++) {
            fuzz_assert(media->formats[n].pt <= 127);
            fuzz_assert(ngx_whip_sdp_format(media, media->formats[n].pt)
                        == &media->formats[n]);
            inside(&media->formats[n].name, p, end);
            inside(&media->formats[n].fmtp, p, end);
        }

        for (n = 0; n < media->nrids; n++) {
            inside(&media->rids[n].id, p, end);
            inside(&media->rids[n].restrictions, p, end);
        }
    }
}


static void
check_media(ngx_whip_media_t *m, ngx_whip_sdp_media_t *media, const u_char *p,
    const u_char *end)
{
    ngx_uint_t  i;

    fuzz_assert(m->kind == media->kind);
    fuzz_assert((m->kind == NGX_WHIP_AUDIO) == (m->codec == NGX_WHIP_OPUS));
    fuzz_assert(m->codec - 1 < NGX_WHIP_OPUS);
    fuzz_assert(ngx_whip_sdp_format(media, m->pt) != NULL);
    fuzz_assert(m->rtx_pt == -1
                || ngx_whip_sdp_format(media, (ngx_uint_t) m->rtx_pt) != NULL);
    fuzz_assert(m->rtx_pt != (ngx_int_t) m->pt);
    fuzz_assert(m->nrids <= NGX_WHIP_RIDS_MAX);
    fuzz_assert(m->nrids == 0 || m->ext_rid);
    fuzz_assert(m->paused >> m->nrids == 0);
    fuzz_assert(m->ext_mid <= 255 && m->ext_rid <= 255 && m->ext_rrid <= 255
                && m->ext_twcc <= 255);
    fuzz_assert(!m->ext_twcc == !m->twcc);

    inside(&m->mid, p, end);
    inside(&m->sprop, p, end);

    for (i = 0; i < m->nrids; i++) {
        fuzz_assert(m->rids[i].len != 0);
        inside(&m->rids[i], p, end);
    }
}


/*
 * The answer, as an offer in the other direction: "a=recvonly" made
 * "a=sendonly" and ICE-lite left out.
 */

static void
check_answer(ngx_whip_answer_t *a, u_char *p, u_char *end)
{
    u_char           *c;
    ngx_int_t         rc;
    ngx_uint_t        i;
    const char       *why;
    ngx_whip_sdp_t    sdp;
    ngx_whip_line_t   line;

    fuzz_assert(end - p < 8192);
    fuzz_assert(memcmp(p, "v=0\r\n", 5) == 0);
    fuzz_assert(memcmp(end - 2, "\r\n", 2) == 0);

    for (c = p; c < end; c++) {
        fuzz_assert(*c != '\r' || c[1] == '\n');
        fuzz_assert(*c != '\n' || c[-1] == '\r');
    }

    ngx_whip_line_init(&line, p, end);

    while ((rc = ngx_whip_line_next(&line, &why)) == NGX_OK) {

        if (ngx_whip_line_is(&line.name, "recvonly")) {
            ngx_memcpy(line.name.data, "send", 4);

        } else if (ngx_whip_line_is(&line.name, "ice-lite")) {
            ngx_memcpy(line.name.data, "x", 1);
        }
    }

    fuzz_assert(rc == NGX_DONE);
    fuzz_assert(ngx_whip_sdp_parse(&sdp, p, end, &why) == NGX_OK);

    check_sdp(&sdp, p, end);

    fuzz_assert(sdp.nmedia == a->nmedia);
    fuzz_assert(sdp.tagged == (a->media[a->tagged].bundled ? a->tagged : 0));
    fuzz_assert(sdp.transport.setup == (a->dtls_client ? NGX_WHIP_SDP_ACTIVE
                                                       : NGX_WHIP_SDP_PASSIVE));

    for (i = 0; i < a->nmedia; i++) {
        fuzz_assert(sdp.media[i].kind == a->media[i].kind);
        fuzz_assert(sdp.media[i].formats[0].pt == a->media[i].pt);
        fuzz_assert(sdp.media[i].nformats
                    == (a->media[i].rtx_pt == -1 ? 1 : 2));
        fuzz_assert(ngx_whip_line_equal(&sdp.media[i].mid, &a->media[i].mid));
        fuzz_assert(!sdp.media[i].bundled == !a->media[i].bundled);
    }
}


static void
check_write(ngx_whip_answer_t *a, ngx_whip_sdp_t *sdp)
{
    size_t         len;
    u_char        *p, *end;

    static u_char  buf[16384];

    end = ngx_whip_answer_write(buf, buf + sizeof(buf), a, sdp, &local);
    fuzz_assert(end != NULL);

    len = end - buf;

    /* of the exact size, and a byte too small */

    p = malloc(len);
    fuzz_assert(p != NULL);

    fuzz_assert(ngx_whip_answer_write(p, p + len, a, sdp, &local) == p + len);
    fuzz_assert(ngx_whip_answer_write(buf, buf + len - 1, a, sdp, &local)
                == NULL);

    check_answer(a, p, p + len);

    free(p);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char             *p, *end;
    ngx_int_t           rc;
    ngx_uint_t          i, flags;
    const char         *why;
    ngx_whip_sdp_t      sdp;
    ngx_whip_answer_t   a;

    p = (u_char *) data;
    end = p + size;
    why = NULL;

    rc = ngx_whip_sdp_parse(&sdp, p, end, &why);

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_ERROR || rc == NGX_DECLINED);
        fuzz_assert(why && strlen(why) > 10);
        return 0;
    }

    check_sdp(&sdp, p, end);

    for (flags = 0; flags < 8; flags++) {

        why = NULL;
        rc = ngx_whip_answer_choose(&a, &sdp, flags, &why);

        if (rc != NGX_OK) {
            fuzz_assert(rc == NGX_DECLINED);
            fuzz_assert(why && strlen(why) > 10);
            continue;
        }

        fuzz_assert(a.nmedia == sdp.nmedia && a.nmedia <= NGX_WHIP_MEDIA_MAX);

        for (i = 0; i < a.nmedia; i++) {
            check_media(&a.media[i], &sdp.media[i], p, end);
        }

        check_write(&a, &sdp);
    }

    return 0;
}
