
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: arguments of the directive, one a line; then, behind a NUL, streams of
 * five bytes: a type, and ms watched. A line is taken for the name of a source
 * and of a type as well.
 */

/* sources: modules/ngx_multisource/ngx_multisource_price.c */


#include "fuzz.h"
#include "ngx_multisource_price.h"

#include <string.h>


#define STREAMS  16


static void
check_rate(uint32_t rate)
{
    u_char                    text[32], arg[40];
    size_t                    len;
    ngx_str_t                 s;
    ngx_multisource_price_t   price;

    memset(&price, 0, sizeof(price));
    memset(text, 'x', sizeof(text));

    len = ngx_multisource_price_rate_text(rate, text);
    fuzz_assert(len < sizeof(text) && strlen((char *) text) == len);

    s.data = arg;
    s.len = snprintf((char *) arg, sizeof(arg), "base=%s", text);

    fuzz_assert(ngx_multisource_price_parse(&price, &s) == NULL);
    fuzz_assert(price.base == rate);
}


static void
check_line(u_char *p, size_t len, ngx_multisource_price_t *price)
{
    ngx_str_t                 s;
    ngx_uint_t                i, type;
    const char               *wrong;
    ngx_multisource_price_t   before;

    s.data = p;
    s.len = len;
    before = *price;

    wrong = ngx_multisource_price_parse(price, &s);

    if (wrong) {
        fuzz_assert(strlen(wrong) > 10);
        fuzz_assert(memcmp(price, &before, sizeof(before)) == 0);

    } else {
        fuzz_assert(memchr(p, '=', len) != NULL);
        fuzz_assert(price->discount <= 10000);
        fuzz_assert(price->base <= NGX_MULTISOURCE_PRICE_MAX);
        fuzz_assert(price->currency[3] == '\0');

        check_rate(price->base);

        for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
            fuzz_assert(price->addon[i] <= NGX_MULTISOURCE_PRICE_MAX);
            check_rate(price->addon[i]);
        }
    }

    fuzz_assert(ngx_multisource_price_guess(&s) < NGX_MULTISOURCE_PRICE_TYPES);

    type = ngx_multisource_price_type_of(&s);

    if (type != NGX_MULTISOURCE_PRICE_TYPES) {
        fuzz_assert(len == 6 || strlen(ngx_multisource_price_type(type))
                                == len);
    }
}


/* rounded to millionths */

static void
check_text(uint64_t amount)
{
    char      want[40];
    u_char    text[32];
    uint64_t  n;

    n = (uint64_t) (((unsigned __int128) amount + 30000) / 60000);
    snprintf(want, sizeof(want), "%llu.%06llu",
             (unsigned long long) (n / 1000000),
             (unsigned long long) (n % 1000000));

    fuzz_assert(ngx_multisource_price_text(amount, text) == strlen(want));
    fuzz_assert(strcmp((char *) text, want) == 0);
}


/* from one end of a stream to the next one's, with numbers of 128 bits */

static void
check_amount(ngx_multisource_price_t *price, const uint8_t *types,
    const uint32_t *watched, ngx_uint_t n)
{
    uint8_t            back_types[STREAMS];
    uint32_t           from, to, back[STREAMS];
    uint64_t           amount;
    ngx_uint_t         i, watching;
    unsigned __int128  rate, alone, bundle;

    amount = ngx_multisource_price_amount(price, types, watched, n, 0);

    check_text(amount);

    for (i = 0; i < n; i++) {
        back[i] = watched[n - i - 1];
        back_types[i] = types[n - i - 1];
    }

    fuzz_assert(ngx_multisource_price_amount(price, back_types, back, n, 0)
                == amount);

    if (!ngx_multisource_price_any(price)) {
        fuzz_assert(amount == 0);
        return;
    }

    alone = 0;
    bundle = 0;
    from = 0;

    for ( ;; ) {
        to = 0;
        watching = 0;
        rate = price->base;

        for (i = 0; i < n; i++) {
            if (watched[i] > from) {
                to = (watching == 0 || watched[i] < to) ? watched[i] : to;
                rate += price->addon[types[i] < NGX_MULTISOURCE_PRICE_TYPES
                                     ? types[i] : NGX_MULTISOURCE_PRICE_OTHER];
                watching++;
            }
        }

        if (watching == 0) {
            break;
        }

        if (watching == 1) {
            alone += rate * (to - from);

        } else {
            bundle += rate * (to - from);
        }

        from = to;
    }

    if (bundle + alone <= UINT64_MAX) {
        fuzz_assert(amount == bundle * (10000 - price->discount) / 10000
                              + alone);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                   *p, *line, *last, *end;
    uint8_t                   types[STREAMS];
    uint32_t                  watched[STREAMS];
    ngx_uint_t                n;
    ngx_multisource_price_t   price;

    if (size == 0) {
        return 0;
    }

    memset(&price, 0, sizeof(price));

    p = (u_char *) data;
    last = p + size;
    end = memchr(p, '\0', size);

    if (end == NULL) {
        end = last;
    }

    while (p < end) {
        line = p;

        while (p < end && *p != '\n') {
            p++;
        }

        check_line(line, p - line, &price);
        p++;
    }

    n = 0;

    for (p = end + 1; last - p >= 5 && n < STREAMS; p += 5) {
        types[n] = p[0];
        watched[n++] = (uint32_t) p[1] << 24 | p[2] << 16 | p[3] << 8 | p[4];
    }

    check_amount(&price, types, watched, n);

    return 0;
}
