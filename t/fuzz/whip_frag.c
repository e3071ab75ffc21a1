
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a fragment of a session description.  What it says is written down
 * once more in one canonical form, which must be read alike.
 */

/* sources: modules/ngx_whip/ngx_whip_line.c */
/* sources: modules/ngx_whip/ngx_whip_text.c */
/* sources: modules/ngx_whip/ngx_whip_sdp.c */
/* sources: modules/ngx_whip/ngx_whip_answer.c */
/* sources: modules/ngx_whip/ngx_whip_frag.c */


#include "fuzz.h"
#include "ngx_whip_frag.h"
#include "ngx_whip_line.h"

#include <string.h>


static void
inside(ngx_str_t *s, const u_char *p, const u_char *end)
{
    if (s->len) {
        fuzz_assert(s->data >= p && s->data <= end);
        fuzz_assert(s->len <= (size_t) (end - s->data));
    }
}


/* our credentials and its mid, as in the answer to a restart */

static void
check_write(ngx_whip_frag_t *frag)
{
    u_char              *end, buf[8192];
    const char          *why;
    ngx_whip_frag_t      again;
    ngx_whip_local_t     local;
    ngx_whip_answer_t    a;

    static ngx_whip_candidate_t  candidates[] = {
        { ngx_string("203.0.113.7"), 8189, 0, 0 }
    };

    ngx_memzero(&a, sizeof(ngx_whip_answer_t));
    ngx_memzero(&local, sizeof(ngx_whip_local_t));

    a.nmedia = 1;
    a.media[0].pt = 111;
    a.media[0].mid = frag->mid;
    a.media[0].bundled = (frag->mid.len != 0);

    local.ufrag = frag->ufrag;
    local.pwd = frag->pwd;
    local.candidates = candidates;
    local.ncandidates = 1;

    end = ngx_whip_frag_write(buf, buf + sizeof(buf), &a, &local);

    if (end == NULL) {
        fuzz_assert(frag->mid.len > 2048);
        return;
    }

    fuzz_assert(ngx_whip_frag_parse(&again, buf, end, &why) == NGX_OK);

    fuzz_assert(ngx_whip_line_equal(&again.ufrag, &frag->ufrag));
    fuzz_assert(ngx_whip_line_equal(&again.pwd, &frag->pwd));
    fuzz_assert(ngx_whip_line_equal(&again.mid, &frag->mid));
    fuzz_assert(again.nmedia == 1 && again.ncandidates == 1 && again.end);

    fuzz_assert(ngx_whip_frag_write(buf, end - 1, &a, &local) == NULL);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char           *p, *end;
    ngx_int_t         rc;
    const char       *why;
    ngx_whip_frag_t   frag;

    p = (u_char *) data;
    end = p + size;
    why = NULL;

    rc = ngx_whip_frag_parse(&frag, p, end, &why);

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_ERROR);
        fuzz_assert(why && strlen(why) > 10);
        return 0;
    }

    inside(&frag.ufrag, p, end);
    inside(&frag.pwd, p, end);
    inside(&frag.mid, p, end);

    fuzz_assert((frag.ufrag.len == 0) == (frag.pwd.len == 0));
    fuzz_assert(frag.ufrag.len == 0
                || (frag.ufrag.len >= 4 && frag.ufrag.len <= 256
                    && frag.pwd.len >= 22 && frag.pwd.len <= 256));
    fuzz_assert(frag.nmedia + frag.ncandidates <= NGX_WHIP_LINE_MAX);

    if (frag.ufrag.len) {
        check_write(&frag);
    }

    return 0;
}
