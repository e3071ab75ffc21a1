
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: the body of a data message.  A time that is read from it can be
 * written, and what was written is read as that time again.
 */

/* sources: modules/common/ngx_live_fi.c modules/common/ngx_live_text.c */


#include "fuzz.h"
#include "ngx_live_fi.h"


#define MS    1000
#define LAST  253402300799999999LL      /* us, the end of the year 9999 */


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char     buf[NGX_LIVE_FI_MAX], *p;
    int64_t    us, again;
    ngx_int_t  rc;

    us = -1;

    rc = ngx_live_fi_parse(data, data + size, &us);

    fuzz_assert((rc == NGX_OK) == (us != -1));

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_DECLINED || rc == NGX_ERROR);
        return 0;
    }

    fuzz_assert(us >= 0 && us <= LAST);

    p = ngx_live_fi_write(buf, us);

    fuzz_assert(p <= buf + NGX_LIVE_FI_MAX);
    fuzz_assert(ngx_live_fi_parse(buf, p, &again) == NGX_OK);
    fuzz_assert(again % MS == 0);

    /* nothing is later than the last ms */

    fuzz_assert(us - again <= MS / 2 || us > LAST - MS);
    fuzz_assert(again - us <= MS / 2);

    return 0;
}
