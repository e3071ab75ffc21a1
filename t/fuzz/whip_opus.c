
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: an Opus packet.  Whether it is well-formed, and what it tells, is what
 * libopus says, too.
 */

/* sources: modules/ngx_whip/ngx_whip_opus.c */
/* libs: -lopus */


#include "fuzz.h"
#include "ngx_whip_opus.h"

#include <opus/opus.h>


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   n, i;
    size_t                largest;
    opus_int16            sizes[48];
    unsigned char         toc;
    ngx_whip_opus_t       opus;
    const unsigned char  *frames[48];

    if (ngx_whip_opus_parse(&opus, data, size) != NGX_OK) {
        fuzz_assert(size == 0
                    || opus_packet_parse(data, (opus_int32) size, &toc, frames,
                                         sizes, NULL) <= 0);
        return 0;
    }

    n = opus_packet_parse(data, (opus_int32) size, &toc, frames, sizes, NULL);

    fuzz_assert(n > 0 && opus.frames == (ngx_uint_t) n);

    largest = 0;

    for (i = 0; i < n; i++) {
        largest = ngx_max(largest, (size_t) sizes[i]);
    }

    fuzz_assert(largest <= NGX_WHIP_OPUS_MAX_FRAME);
    fuzz_assert(opus.dtx == (largest <= 1));

    fuzz_assert(opus.channels
                == (ngx_uint_t) opus_packet_get_nb_channels(data));
    fuzz_assert(opus.frame
                == (ngx_uint_t) opus_packet_get_samples_per_frame(data,
                                                     NGX_WHIP_OPUS_RATE));
    fuzz_assert(opus.samples == opus.frame * opus.frames);
    fuzz_assert(opus.samples >= NGX_WHIP_OPUS_MIN_SAMPLES
                && opus.samples <= NGX_WHIP_OPUS_MAX_SAMPLES);

    fuzz_assert(opus.mode <= NGX_WHIP_OPUS_CELT);
    fuzz_assert(opus.mode != NGX_WHIP_OPUS_CELT || !opus.lbrr);
    fuzz_assert(sizes[0] > 0 || !opus.lbrr);

    return 0;
}
