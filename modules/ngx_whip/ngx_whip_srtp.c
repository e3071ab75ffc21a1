
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_engine.h"
#include "ngx_whip_srtp.h"

#include <srtp2/srtp.h>


/*
 * Packets: a repair on the same SSRC may be that late.  At 8 Mbit/s the
 * library's default of 128 is 150 ms.
 */

#define NGX_WHIP_SRTP_WINDOW  1024


struct ngx_whip_srtp_s {
    srtp_t  in;
    srtp_t  out;
};


static ngx_int_t ngx_whip_srtp_stream(srtp_t *srtp, ngx_uint_t gcm,
    u_char *key, ngx_uint_t inbound, ngx_log_t *log);
static ngx_int_t ngx_whip_srtp_result(srtp_err_status_t rc);


ngx_int_t
ngx_whip_srtp_init(ngx_log_t *log)
{
    srtp_err_status_t  rc;

    rc = srtp_init();

    if (rc != srtp_err_status_ok) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "whip: srtp_init() failed: %d", rc);
        return NGX_ERROR;
    }

    /* without it sessions work as well, only slower */

    (void) ngx_whip_engine_init(log);

    return NGX_OK;
}


void
ngx_whip_srtp_exit(void)
{
    (void) srtp_shutdown();
}


ngx_int_t
ngx_whip_srtp_create(ngx_whip_session_t *s, ngx_uint_t gcm, u_char *in,
    u_char *out)
{
    ngx_whip_srtp_t  *srtp;

    srtp = ngx_pcalloc(s->pool, sizeof(ngx_whip_srtp_t));
    if (srtp == NULL) {
        return NGX_ERROR;
    }

    s->srtp = srtp;

    if (ngx_whip_srtp_stream(&srtp->in, gcm, in, 1, s->log) != NGX_OK
        || ngx_whip_srtp_stream(&srtp->out, gcm, out, 0, s->log) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_whip_srtp_stream(srtp_t *srtp, ngx_uint_t gcm, u_char *key,
    ngx_uint_t inbound, ngx_log_t *log)
{
    srtp_policy_t      policy;
    srtp_err_status_t  rc;

    ngx_memzero(&policy, sizeof(srtp_policy_t));

    if (gcm) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);

    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    }

    policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
    policy.key = key;
    policy.window_size = NGX_WHIP_SRTP_WINDOW;

    rc = srtp_create(srtp, &policy);

    if (rc != srtp_err_status_ok) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "whip: srtp_create() failed: %d",
                      rc);
        *srtp = NULL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_whip_srtp_destroy(ngx_whip_srtp_t *srtp)
{
    if (srtp->in) {
        (void) srtp_dealloc(srtp->in);
        srtp->in = NULL;
    }

    if (srtp->out) {
        (void) srtp_dealloc(srtp->out);
        srtp->out = NULL;
    }
}


static ngx_int_t
ngx_whip_srtp_result(srtp_err_status_t rc)
{
    switch (rc) {

    case srtp_err_status_ok:
        return NGX_OK;

    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
        return NGX_DECLINED;

    default:
        return NGX_ERROR;
    }
}


ngx_int_t
ngx_whip_srtp_rtp(ngx_whip_srtp_t *srtp, u_char *p, size_t *len)
{
    int        n;
    ngx_int_t  rc;

    if (*len < 12) {
        return NGX_ERROR;
    }

    n = *len;
    rc = ngx_whip_srtp_result(srtp_unprotect(srtp->in, p, &n));
    *len = n;

    return rc;
}


ngx_int_t
ngx_whip_srtp_rtcp(ngx_whip_srtp_t *srtp, u_char *p, size_t *len)
{
    int        n;
    ngx_int_t  rc;

    if (*len < 8) {
        return NGX_ERROR;
    }

    n = *len;
    rc = ngx_whip_srtp_result(srtp_unprotect_rtcp(srtp->in, p, &n));
    *len = n;

    return rc;
}


void
ngx_whip_srtp_forget(ngx_whip_srtp_t *srtp, uint32_t ssrc)
{
    (void) srtp_remove_stream(srtp->in, htonl(ssrc));
}


ngx_int_t
ngx_whip_srtp_protect(ngx_whip_srtp_t *srtp, u_char *p, size_t *len)
{
    int        n;
    ngx_int_t  rc;

    n = *len;
    rc = ngx_whip_srtp_result(srtp_protect_rtcp(srtp->out, p, &n));
    *len = n;

    return rc;
}
