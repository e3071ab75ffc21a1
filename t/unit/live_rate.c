
/*
 * Copyright (C) the ngx_live contributors
 *
 * Bit rates as configurations write them.
 */

/* sources: modules/common/ngx_live_rate.c */


#include "tap.h"
#include "ngx_live_rate.h"


typedef struct {
    const char  *text;
    long long    want;      /* -1: not a rate */
} row_t;


static const row_t  rows[] = {
    { "1",               1 },
    { "8000000",         8000000 },
    { "500k",            500000 },
    { "8m",              8000000 },
    { "8M",              8000000 },
    { "2K",              2000 },
    { "1g",              1000000000 },
    { "1000G",           1000000000000 },
    { "007k",            7000 },
    { "1000000000000",   1000000000000 },

    { "1000000000001",   -1 },
    { "1001g",           -1 },
    { "1000001m",        -1 },
    { "18446744073709551617",  -1 },
    { "99999999999999999999999999g",  -1 },
    { "",                -1 },
    { "0",               -1 },
    { "0m",              -1 },
    { "m",               -1 },
    { "8mm",             -1 },
    { "8mb",             -1 },
    { "8 m",             -1 },
    { "1.5m",            -1 },
    { "-8m",             -1 },
    { "+8m",             -1 },
    { "0x8",             -1 },
    { "8t",              -1 },

    { NULL, 0 }
};


int
main(void)
{
    char          name[64];
    size_t        len;
    uint64_t      rate;
    ngx_str_t     value;
    ngx_int_t     rc;
    const row_t  *row;

    for (row = rows; row->text; row++) {

        len = strlen(row->text);

        value.len = len;
        value.data = malloc(len ? len : 1);

        if (value.data == NULL) {
            return 2;
        }

        ngx_memcpy(value.data, row->text, len);

        rate = 42;
        rc = ngx_live_rate_parse(&value, &rate);

        snprintf(name, sizeof(name), "\"%s\"", row->text);
        tap_is(rc == NGX_OK ? (long long) rate : -1, row->want, name);

        if (rc != NGX_OK) {
            tap_is(rate, 42, "  and nothing was set");
        }

        free(value.data);
    }

    return tap_done();
}
