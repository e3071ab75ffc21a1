
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_srtp.h"
#include "ngx_whip_ssrc.h"


#define NGX_WHIP_SSRC_SILENT  10000      /* ms */


static ngx_whip_ssrc_t *ngx_whip_ssrc_oldest(ngx_whip_session_t *s);


ngx_int_t
ngx_whip_ssrc_find(ngx_whip_session_t *s, uint32_t ssrc)
{
    ngx_uint_t        i;
    ngx_whip_ssrc_t  *oldest;

    for (i = 0; i < s->nssrcs; i++) {
        if (s->ssrcs[i].ssrc == ssrc) {
            return NGX_OK;
        }
    }

    if (s->nssrcs < NGX_WHIP_SSRCS) {
        return NGX_DECLINED;
    }

    oldest = ngx_whip_ssrc_oldest(s);

    return ngx_current_msec - oldest->heard >= NGX_WHIP_SSRC_SILENT
           ? NGX_DECLINED : NGX_ERROR;
}


static ngx_whip_ssrc_t *
ngx_whip_ssrc_oldest(ngx_whip_session_t *s)
{
    ngx_uint_t        i;
    ngx_whip_ssrc_t  *oldest;

    oldest = &s->ssrcs[0];

    for (i = 1; i < s->nssrcs; i++) {
        if ((ngx_msec_int_t) (s->ssrcs[i].heard - oldest->heard) < 0) {
            oldest = &s->ssrcs[i];
        }
    }

    return oldest;
}


void
ngx_whip_ssrc_heard(ngx_whip_session_t *s, uint32_t ssrc)
{
    ngx_uint_t        i;
    ngx_whip_ssrc_t  *place;

    for (i = 0; i < s->nssrcs; i++) {
        place = &s->ssrcs[i];

        if (place->ssrc == ssrc) {
            place->heard = ngx_current_msec;
            return;
        }
    }

    if (s->nssrcs < NGX_WHIP_SSRCS) {
        place = &s->ssrcs[s->nssrcs++];

    } else {
        place = ngx_whip_ssrc_oldest(s);
        ngx_whip_srtp_forget(s->srtp, place->ssrc);
    }

    place->ssrc = ssrc;
    place->heard = ngx_current_msec;
}
