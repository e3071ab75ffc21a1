
/*
 * Copyright (C) the ngx_live contributors
 *
 * The few words of TAP that the unit tests speak.  A test is a program of one
 * file; its main() ends with "return tap_done();".
 */


#ifndef _TAP_H_INCLUDED_
#define _TAP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static int  tap_count;
static int  tap_failures;


static ngx_inline int
tap_ok(int pass, const char *name)
{
    printf("%sok %d - %s\n", pass ? "" : "not ", ++tap_count, name);

    tap_failures += !pass;

    return pass;
}


static ngx_inline int
tap_is(long long got, long long want, const char *name)
{
    if (!tap_ok(got == want, name)) {
        printf("#      got: %lld\n#     want: %lld\n", got, want);
    }

    return got == want;
}


static ngx_inline int
tap_is_text(const char *got, const char *want, const char *name)
{
    int  pass;

    pass = (strcmp(got, want) == 0);

    if (!tap_ok(pass, name)) {
        printf("#      got: %s\n#     want: %s\n", got, want);
    }

    return pass;
}


static ngx_inline int
tap_done(void)
{
    printf("1..%d\n", tap_count);

    return tap_failures ? 1 : 0;
}


/*
 * Bytes written in hexadecimal; whatever is not a digit only separates.  The
 * buffer is of the exact size, so that a sanitizer sees a read behind its end;
 * the caller frees it.
 */

static ngx_inline u_char *
tap_bytes(const char *hex, size_t *len)
{
    int          digit, high;
    u_char      *buf;
    size_t       n;
    const char  *p;

    for (n = 0, p = hex; *p; p++) {
        n += (strchr("0123456789abcdef", *p) != NULL);
    }

    if (n % 2) {
        printf("Bail out! odd number of digits: %s\n", hex);
        exit(2);
    }

    buf = malloc(n ? n / 2 : 1);
    if (buf == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    *len = 0;
    high = -1;

    for (p = hex; *p; p++) {

        if (*p >= '0' && *p <= '9') {
            digit = *p - '0';

        } else if (*p >= 'a' && *p <= 'f') {
            digit = *p - 'a' + 10;

        } else {
            continue;
        }

        if (high < 0) {
            high = digit;

        } else {
            buf[(*len)++] = (u_char) (high << 4 | digit);
            high = -1;
        }
    }

    return buf;
}


#endif /* _TAP_H_INCLUDED_ */
