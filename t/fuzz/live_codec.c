
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, the codec; then the record.
 */

/* sources: modules/common/ngx_live_codec.c modules/common/ngx_live_h264.c */
/* sources: modules/common/ngx_live_hevc.c modules/common/ngx_live_vvc.c */
/* sources: modules/common/ngx_live_av1.c modules/common/ngx_live_vpx.c */
/* sources: modules/common/ngx_live_aac.c modules/common/ngx_live_opus.c */
/* sources: modules/common/ngx_live_flac.c modules/common/ngx_live_picture.c */
/* sources: modules/common/ngx_live_text.c */


#include "fuzz.h"
#include "ngx_live_codec.h"

#include <string.h>


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n;
    ngx_uint_t        codec;
    ngx_live_codec_t  out;

    if (size == 0) {
        return 0;
    }

    codec = data[0] % (NGX_LIVE_CODEC_PCM + 2);

    if (ngx_live_codec_config(codec, data + 1, data + size, &out) == NGX_OK) {

        fuzz_assert(out.codec == codec);
        fuzz_assert(out.width <= NGX_LIVE_CODEC_MAX_SIZE);
        fuzz_assert(out.height <= NGX_LIVE_CODEC_MAX_SIZE);
        fuzz_assert((out.width == 0) == (out.height == 0));
        fuzz_assert(out.sample_rate <= 0xfffff);
        fuzz_assert(out.channels <= 255);

        /* goes into JSON and playlists as it is */

        n = strlen((char *) out.name);

        fuzz_assert(n > 0 && n <= 41);
        fuzz_assert(strspn((char *) out.name,
                           "0123456789abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-") == n);
    }

    fuzz_assert(ngx_live_codec_label(data[0]) != NULL);

    return 0;
}
