
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, its lowest bit 1 for audio, the others the bytes missing at
 * the end of the prefix; then the message.
 */

/* sources: modules/common/ngx_live_tag.c */


#include "fuzz.h"
#include "ngx_live_tag.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          len, total;
    u_char         *p;
    ngx_int_t       rc;
    ngx_uint_t      n, audio;
    ngx_live_tag_t  tag;

    if (size == 0) {
        return 0;
    }

    audio = data[0] & 1;
    total = size - 1;
    len = total - ngx_min(total, (size_t) data[0] >> 1);

    /* of the exact size */

    p = malloc(len ? len : 1);
    fuzz_assert(p != NULL);
    ngx_memcpy(p, data + 1, len);

    rc = audio ? ngx_live_tag_audio(p, p + len, total, &tag)
               : ngx_live_tag_video(p, p + len, total, &tag);

    for (n = 0; rc == NGX_OK || rc == NGX_DECLINED; n++) {

        /* a track takes four bytes at least */

        fuzz_assert(n <= total / 4 + 1);

        if (rc == NGX_OK) {
            fuzz_assert(tag.type <= NGX_LIVE_TAG_SILENCE);
            fuzz_assert(tag.codec <= NGX_LIVE_CODEC_PCM);
            fuzz_assert(tag.body >= p && tag.body <= p + len);
            fuzz_assert(tag.body_len <= total - (size_t) (tag.body - p));
            fuzz_assert(tag.cts >= -0x800000 && tag.cts <= 0x7fffff);
            fuzz_assert(tag.nano <= 999999);
            fuzz_assert(tag.track <= 255);
        }

        rc = ngx_live_tag_next(&tag);
    }

    fuzz_assert(rc == NGX_DONE || rc == NGX_ERROR
                || (rc == NGX_AGAIN && len < total));

    free(p);

    return 0;
}
