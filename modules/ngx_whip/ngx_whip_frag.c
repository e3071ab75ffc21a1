
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_whip_frag.h"
#include "ngx_whip_line.h"


static ngx_int_t ngx_whip_frag_attribute(ngx_whip_frag_t *frag,
    ngx_whip_line_t *line, const char **why);
static ngx_int_t ngx_whip_frag_credential(ngx_str_t *known, ngx_str_t *value,
    ngx_uint_t valid, const char **why);


ngx_int_t
ngx_whip_frag_parse(ngx_whip_frag_t *frag, u_char *p, u_char *end,
    const char **why)
{
    ngx_int_t        rc;
    ngx_whip_line_t  line;

    ngx_memzero(frag, sizeof(ngx_whip_frag_t));

    if (end - p > NGX_WHIP_FRAG_MAX_SIZE) {
        *why = "the fragment is larger than 16384 bytes";
        return NGX_ERROR;
    }

    ngx_whip_line_init(&line, p, end);

    for ( ;; ) {
        rc = ngx_whip_line_next(&line, why);

        if (rc == NGX_DONE) {
            break;
        }

        if (rc == NGX_OK && line.type == 'm') {
            frag->nmedia++;

        } else if (rc == NGX_OK && line.type == 'a') {
            rc = ngx_whip_frag_attribute(frag, &line, why);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (line.type == 0) {
        *why = "the fragment is empty";
        return NGX_ERROR;
    }

    if ((frag->ufrag.len == 0) != (frag->pwd.len == 0)) {
        *why = "\"a=ice-ufrag\" and \"a=ice-pwd\" are not both there";
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_frag_attribute(ngx_whip_frag_t *frag, ngx_whip_line_t *line,
    const char **why)
{
    ngx_str_t  *name, *value;

    name = &line->name;
    value = &line->value;

    if (ngx_whip_line_is(name, "ice-ufrag")) {
        return ngx_whip_frag_credential(&frag->ufrag, value,
                                        ngx_whip_line_ufrag(value), why);
    }

    if (ngx_whip_line_is(name, "ice-pwd")) {
        return ngx_whip_frag_credential(&frag->pwd, value,
                                        ngx_whip_line_pwd(value), why);
    }

    if (ngx_whip_line_is(name, "mid")) {

        if (!ngx_whip_line_token(value)) {
            *why = "\"a=mid\" is not a token";
            return NGX_ERROR;
        }

        if (frag->mid.len == 0) {
            frag->mid = *value;
        }

    } else if (ngx_whip_line_is(name, "candidate")) {
        frag->ncandidates++;

    } else if (ngx_whip_line_is(name, "end-of-candidates")) {
        frag->end = 1;
    }

    return NGX_OK;
}


/* one media may repeat what another or the session said */

static ngx_int_t
ngx_whip_frag_credential(ngx_str_t *known, ngx_str_t *value, ngx_uint_t valid,
    const char **why)
{
    if (!valid) {
        *why = "\"a=ice-ufrag\" or \"a=ice-pwd\" is malformed";
        return NGX_ERROR;
    }

    if (known->len && !ngx_whip_line_equal(known, value)) {
        *why = "the credentials are of more than one ICE generation";
        return NGX_ERROR;
    }

    *known = *value;

    return NGX_OK;
}


u_char *
ngx_whip_frag_write(u_char *buf, u_char *last, ngx_whip_answer_t *a,
    ngx_whip_local_t *local)
{
    ngx_whip_media_t  *m;
    ngx_whip_text_t    text;

    m = &a->media[0];

    ngx_whip_text_init(&text, buf, last);

    ngx_whip_text_add(&text, "a=ice-lite\r\n"
                             "a=ice-options:ice2 trickle\r\n");

    ngx_whip_answer_group(&text, a);

    ngx_whip_text_add(&text, "m=%s 9 UDP/TLS/RTP/SAVPF %ui\r\n",
                      m->kind == NGX_WHIP_VIDEO ? "video" : "audio", m->pt);

    if (m->mid.len) {
        ngx_whip_text_add(&text, "a=mid:%V\r\n", &m->mid);
    }

    ngx_whip_answer_ice(&text, local);
    ngx_whip_answer_candidates(&text, local);

    return text.full ? NULL : text.pos;
}
