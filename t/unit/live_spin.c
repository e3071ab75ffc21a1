
/*
 * Copyright (C) the ngx_live contributors
 *
 * The guard for nginx-rtmp's reader of AVC headers.  The loop counts were taken
 * from that reader itself.
 */

/* sources: modules/common/ngx_live_spin.c */


#include "tap.h"
#include "ngx_live_spin.h"


/* FLV and avcC up to the SPS, "len" is ignored by nginx-rtmp */

#define HEAD  "17 00 000000 01 420028 ff e1 0010"


typedef struct {
    const char  *name;
    const char  *hex;
    ngx_int_t    want;
} row_t;


static const row_t  rows[] = {

    /* what encoders send */

    { "ffmpeg libx264, baseline",
      "17 00 000000 01 42c028 ff e1 0019"
      "6742c028da01e0089f97011000000300100000030320f1832a 01 0004 68ce0fc8",
      NGX_OK },
    { "ffmpeg libx264, high",
      "17 00 000000 01 640028 ff e1 0019"
      "67640028acb403c0113f2e02200000030020000006 41e30654 01 0005 68ce0fcc03",
      NGX_OK },
    { "ffmpeg libx264, 4:4:4",
      "17 00 000000 01 f4000d ff e1 001a"
      "67f4000d919681519e3e2f011000000300100000030320f142aa 01 0005 68ce0f1920",
      NGX_OK },
    { "scaling lists, which nginx-rtmp misreads",
      "17 00 000000 01 640028 ff e1 002b"
      "67640028ad94747610e23151448223311cd9a209444c521b93c57c9f93f93f27c9e6e4"
      "c922d00f0044fca8 01 0004 68ce0fc8",
      NGX_OK },
    { "12 scaling lists",
      "17 00 000000 01 f40028 ff e1 0014"
      "67f4002891b08c2308c2308c2205a01e0089f894 01 0004 68ce0fc8",
      NGX_OK },
    { "picture order type 1, 3 offsets",
      HEAD "674d0028d1a210b40501ec80", NGX_OK },

    /*
     * d3: SPS id 1, frame num 1, type 010, always zero 0, offsets 1 and 1; then
     * the count, 8 zeros, a one and 8 bits
     */

    { "255 rounds", HEAD "67420028 d3 00 80 00", NGX_OK },
    { "256 rounds", HEAD "67420028 d3 00 80 80", NGX_ERROR },
    { "2^40 rounds, the 32 bytes that stop a worker",
      "17 00 000000 01 420028 ff e1 0010"
      "67420028 d3 00 0000 0000 80 0000 0000 80 000000", NGX_ERROR },

    /* zeros up to the end: 2^n - 1 */

    { "the data ends in 8 zeros: 255 rounds",
      HEAD "67420028 d3 00", NGX_OK },
    { "the data ends in 16 zeros: 65535 rounds",
      HEAD "67420028 d3 0000", NGX_ERROR },
    { "the data ends in 64 zeros: undefined in C",
      HEAD "67420028 d3 0000000000000000", NGX_ERROR },
    { "64 zeros in the SPS id: undefined in C",
      HEAD "67420028 0000000000000000 ff", NGX_ERROR },
    { "the data ends before the count: no rounds",
      HEAD "67420028 d3", NGX_OK },
    { "the data ends behind the type: no rounds",
      HEAD "67420028 d0", NGX_OK },
    { "the data ends within the type: 2^1 - 1 is type 1",
      HEAD "67420028 c0", NGX_OK },

    /* what is left alone */

    { "type 0", HEAD "67420028 e0 0000 0000", NGX_OK },
    { "type 2", HEAD "67420028 d8 ff ff ff", NGX_OK },
    { "an SPS with another header byte",
      HEAD "27420028 d3 00 0000 0000 80 0000 0000 80 000000", NGX_OK },
    { "no SPS",
      "17 00 000000 01 420028 ff e0 0010 67420028 d3 0000 0000", NGX_OK },
    { "a frame",
      "17 01 000000 01 420028 ff e1 0010 67420028 d3 0000 0000", NGX_OK },
    { "another codec",
      "12 00 000000 01 420028 ff e1 0010 67420028 d3 0000 0000", NGX_OK },
    { "Enhanced RTMP that nginx-rtmp takes for AVC",
      "97 00 000000 01 420028 ff e1 0010 67420028 d3 0000 0000", NGX_ERROR },
    { "two bytes", "17 00", NGX_OK },
    { "three bytes", "17 00 00", NGX_OK },
    { "empty", "", NGX_OK },

    { NULL, NULL, 0 }
};


int
main(void)
{
    size_t        len;
    u_char       *p;
    const row_t  *row;

    for (row = rows; row->name; row++) {
        p = tap_bytes(row->hex, &len);
        tap_is(ngx_live_spin_check(p, p + len), row->want, row->name);
        free(p);
    }

    return tap_done();
}
