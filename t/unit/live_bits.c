
/*
 * Copyright (C) the ngx_live contributors
 *
 * The bit reader.
 */

/* sources: */


#include "tap.h"
#include "ngx_live_bits.h"


static ngx_live_bits_t  bits;
static u_char          *buf;


static void
start(const char *hex, ngx_uint_t nal)
{
    size_t  len;

    free(buf);

    buf = tap_bytes(hex, &len);
    ngx_live_bits_init(&bits, buf, buf + len, nal);
}


int
main(void)
{
    start("a5 0f 12345678 9abcdef0", 0);
    tap_is(ngx_live_bits_u(&bits, 1), 1, "u(1)");
    tap_is(ngx_live_bits_u(&bits, 3), 2, "u(3)");
    tap_is(ngx_live_bits_u(&bits, 8), 0x50, "u(8) over a byte's end");
    tap_is(ngx_live_bits_u(&bits, 4), 0x0f, "u(4)");
    tap_is(ngx_live_bits_u(&bits, 32), 0x12345678, "u(32)");
    tap_is(ngx_live_bits_left(&bits), 32, "left");
    tap_is(ngx_live_bits_u(&bits, 0), 0, "u(0)");
    ngx_live_bits_skip(&bits, 12);
    tap_is(ngx_live_bits_u(&bits, 20), 0xcdef0, "u(20) after a skip");
    tap_is(bits.error, 0, "no error up to the end");
    tap_is(ngx_live_bits_left(&bits), 0, "nothing left");
    tap_is(ngx_live_bits_u(&bits, 1), 0, "0 behind the end");
    tap_is(bits.error, 1, "an error behind the end");

    start("ff", 0);
    tap_is(ngx_live_bits_u(&bits, 9), 0, "0 across the end");
    tap_is(bits.error, 1, "an error across the end");
    tap_is(ngx_live_bits_ue(&bits), 0, "0 once in error");
    tap_is(ngx_live_bits_left(&bits), 0, "nothing left once in error");

    start("ff", 0);
    ngx_live_bits_skip(&bits, (size_t) -1);
    tap_is(bits.error, 1, "a skip beyond the end");

    start("", 0);
    tap_is(ngx_live_bits_u(&bits, 1), 0, "an empty buffer");
    tap_is(bits.error, 1, "is an error");

    /* 1 010 011 00100 00101 00110 00111 0001000: H.264 table 9-2 */

    start("a6 42 98 e2 20", 0);
    tap_is(ngx_live_bits_ue(&bits), 0, "ue 0");
    tap_is(ngx_live_bits_ue(&bits), 1, "ue 1");
    tap_is(ngx_live_bits_ue(&bits), 2, "ue 2");
    tap_is(ngx_live_bits_ue(&bits), 3, "ue 3");
    tap_is(ngx_live_bits_ue(&bits), 4, "ue 4");
    tap_is(ngx_live_bits_ue(&bits), 5, "ue 5");
    tap_is(ngx_live_bits_ue(&bits), 6, "ue 6");
    tap_is(ngx_live_bits_ue(&bits), 7, "ue 7");

    start("a6 42 98 e2 20", 0);
    tap_is(ngx_live_bits_se(&bits), 0, "se 0");
    tap_is(ngx_live_bits_se(&bits), 1, "se 1");
    tap_is(ngx_live_bits_se(&bits), -1, "se -1");
    tap_is(ngx_live_bits_se(&bits), 2, "se 2");
    tap_is(ngx_live_bits_se(&bits), -2, "se -2");

    start("00000001 fffffffe", 0);
    tap_is(ngx_live_bits_ue(&bits), 4294967294LL, "the largest ue");
    tap_is(bits.error, 0, "is no error");

    start("00000001 fffffffe", 0);
    tap_is(ngx_live_bits_se(&bits), -2147483647LL, "the least se");

    start("00000001 fffffffc", 0);
    tap_is(ngx_live_bits_se(&bits), 2147483647LL, "the largest se");

    start("00000000 ffffffff ff", 0);
    tap_is(ngx_live_bits_ue(&bits), 0, "a longer prefix");
    tap_is(bits.error, 1, "is an error");

    start("0000", 0);
    tap_is(ngx_live_bits_ue(&bits), 0, "a prefix without an end");
    tap_is(bits.error, 1, "is an error too");

    start("00000301 000003000003ff", 1);
    tap_is(ngx_live_bits_u(&bits, 24), 1, "emulation prevention");
    tap_is(ngx_live_bits_u(&bits, 32), 0, "twice");
    tap_is(ngx_live_bits_u(&bits, 8), 0xff, "and the byte behind");
    tap_is(bits.error, 0, "no error");

    start("000003", 1);
    tap_is(ngx_live_bits_u(&bits, 16), 0, "emulation prevention last");
    tap_is(ngx_live_bits_u(&bits, 1), 0, "is not data");
    tap_is(bits.error, 1, "but the end");

    start("000003", 0);
    tap_is(ngx_live_bits_u(&bits, 24), 3, "no emulation prevention");

    free(buf);

    return tap_done();
}
