
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_price.h"


#define NGX_MULTISOURCE_PRICE_MINUTE    60000       /* ms */
#define NGX_MULTISOURCE_PRICE_UNIT      1000000     /* millionths */
#define NGX_MULTISOURCE_PRICE_DECIMALS  6           /* of a rate */
#define NGX_MULTISOURCE_PRICE_WHOLE     10000       /* 100 %, see discount */

#define NGX_MULTISOURCE_PRICE_RATE                                            \
    " takes a rate per minute, as 0.02: at most 1000, with up to 6 digits "   \
    "behind the point"


typedef struct {
    const char  *word;
    ngx_uint_t   type;
    ngx_uint_t   ends;              /* or a word that ends like this */
} ngx_multisource_price_word_t;


static uint64_t ngx_multisource_price_add(uint64_t sum, uint32_t rate,
    uint32_t ms);
static ngx_int_t ngx_multisource_price_decimal(u_char *p, u_char *last,
    ngx_uint_t decimals, uint32_t max, uint32_t *value);
static size_t ngx_multisource_price_print(uint64_t millionths, u_char *buf);
static ngx_uint_t ngx_multisource_price_prefix(ngx_str_t *arg,
    const char *name, u_char **value);
static ngx_uint_t ngx_multisource_price_letter(u_char ch);
static ngx_uint_t ngx_multisource_price_word(u_char *p, size_t len);


static const char * const  ngx_multisource_price_types[] = {
    "screen", "camera", "audio", "other"
};


/* what people call what they send */

static const ngx_multisource_price_word_t  ngx_multisource_price_words[] = {
    { "screen", NGX_MULTISOURCE_PRICE_SCREEN, 1 },
    { "screens", NGX_MULTISOURCE_PRICE_SCREEN, 0 },
    { "screenshare", NGX_MULTISOURCE_PRICE_SCREEN, 0 },
    { "desktop", NGX_MULTISOURCE_PRICE_SCREEN, 0 },
    { "display", NGX_MULTISOURCE_PRICE_SCREEN, 0 },
    { "monitor", NGX_MULTISOURCE_PRICE_SCREEN, 0 },
    { "window", NGX_MULTISOURCE_PRICE_SCREEN, 0 },
    { "slides", NGX_MULTISOURCE_PRICE_SCREEN, 0 },
    { "presentation", NGX_MULTISOURCE_PRICE_SCREEN, 0 },
    { "cam", NGX_MULTISOURCE_PRICE_CAMERA, 1 },
    { "cams", NGX_MULTISOURCE_PRICE_CAMERA, 0 },
    { "camera", NGX_MULTISOURCE_PRICE_CAMERA, 1 },
    { "cameras", NGX_MULTISOURCE_PRICE_CAMERA, 0 },
    { "face", NGX_MULTISOURCE_PRICE_CAMERA, 0 },
    { "mic", NGX_MULTISOURCE_PRICE_AUDIO, 0 },
    { "mics", NGX_MULTISOURCE_PRICE_AUDIO, 0 },
    { "microphone", NGX_MULTISOURCE_PRICE_AUDIO, 1 },
    { "audio", NGX_MULTISOURCE_PRICE_AUDIO, 1 },
    { "sound", NGX_MULTISOURCE_PRICE_AUDIO, 0 },
    { "voice", NGX_MULTISOURCE_PRICE_AUDIO, 0 },
    { "music", NGX_MULTISOURCE_PRICE_AUDIO, 0 },
    { NULL, 0, 0 }
};


ngx_uint_t
ngx_multisource_price_any(const ngx_multisource_price_t *price)
{
    ngx_uint_t  i;

    if (price->currency[0] == '\0') {
        return 0;
    }

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        if (price->addon[i]) {
            return 1;
        }
    }

    return price->base != 0;
}


uint64_t
ngx_multisource_price_amount(const ngx_multisource_price_t *price,
    const uint8_t *types, const uint32_t *watched, ngx_uint_t n, uint32_t any)
{
    uint32_t    rate, longest, second, both;
    uint64_t    alone, bundle, share, sum;
    ngx_uint_t  i;

    if (!ngx_multisource_price_any(price)) {
        return 0;
    }

    longest = 0;
    second = 0;
    sum = 0;

    for (i = 0; i < n; i++) {
        sum += watched[i];

        if (watched[i] > longest) {
            second = longest;
            longest = watched[i];

        } else if (watched[i] > second) {
            second = watched[i];
        }
    }

    /*
     * If all began together there are two until the second longest ends; what
     * followed each other was watched for as long as the sum of them.
     */

    if (any > longest) {
        longest = any < sum ? any : sum;
        second = sum - longest < second ? sum - longest : second;
    }

    bundle = ngx_multisource_price_add(0, price->base, second);
    alone = ngx_multisource_price_add(0, price->base, longest - second);

    for (i = 0; i < n; i++) {
        rate = ngx_multisource_price_addon(price, types[i]);
        both = ngx_min(watched[i], second);

        bundle = ngx_multisource_price_add(bundle, rate, both);
        alone = ngx_multisource_price_add(alone, rate, watched[i] - both);
    }

    /* what is no whole number is in the viewer's favour; in two steps, as a
       product of all may not fit */

    share = NGX_MULTISOURCE_PRICE_WHOLE
            - ngx_min(price->discount, NGX_MULTISOURCE_PRICE_WHOLE);

    bundle = bundle / NGX_MULTISOURCE_PRICE_WHOLE * share
             + bundle % NGX_MULTISOURCE_PRICE_WHOLE * share
               / NGX_MULTISOURCE_PRICE_WHOLE;

    return bundle > UINT64_MAX - alone ? UINT64_MAX : bundle + alone;
}


static uint64_t
ngx_multisource_price_add(uint64_t sum, uint32_t rate, uint32_t ms)
{
    uint64_t  amount;

    amount = (uint64_t) rate * ms;

    return amount > UINT64_MAX - sum ? UINT64_MAX : sum + amount;
}


uint32_t
ngx_multisource_price_addon(const ngx_multisource_price_t *price,
    ngx_uint_t type)
{
    if (type >= NGX_MULTISOURCE_PRICE_TYPES) {
        type = NGX_MULTISOURCE_PRICE_OTHER;
    }

    return price->addon[type];
}


size_t
ngx_multisource_price_text(uint64_t amount, u_char *buf)
{
    uint64_t  millionths;

    millionths = amount / NGX_MULTISOURCE_PRICE_MINUTE;

    if (amount % NGX_MULTISOURCE_PRICE_MINUTE
        >= NGX_MULTISOURCE_PRICE_MINUTE / 2)
    {
        millionths++;
    }

    return ngx_multisource_price_print(millionths, buf);
}


size_t
ngx_multisource_price_rate_text(uint32_t rate, u_char *buf)
{
    return ngx_multisource_price_print(rate, buf);
}


static size_t
ngx_multisource_price_print(uint64_t millionths, u_char *buf)
{
    u_char      *p, digits[NGX_INT64_LEN];
    size_t       len;
    ngx_uint_t   i;

    p = digits + sizeof(digits);

    for (i = 0; millionths || i <= NGX_MULTISOURCE_PRICE_DECIMALS; i++) {

        if (i == NGX_MULTISOURCE_PRICE_DECIMALS) {
            *--p = '.';
        }

        *--p = (u_char) ('0' + millionths % 10);
        millionths /= 10;
    }

    len = digits + sizeof(digits) - p;

    ngx_memcpy(buf, p, len);
    buf[len] = '\0';

    return len;
}


const char *
ngx_multisource_price_parse(ngx_multisource_price_t *price, ngx_str_t *arg)
{
    u_char      *p, *last;
    uint32_t     rate;
    ngx_uint_t   i;

    static const char * const  wrong[] = {
        "screen=" NGX_MULTISOURCE_PRICE_RATE,
        "camera=" NGX_MULTISOURCE_PRICE_RATE,
        "audio=" NGX_MULTISOURCE_PRICE_RATE,
        "other=" NGX_MULTISOURCE_PRICE_RATE
    };

    last = arg->data + arg->len;

    if (ngx_multisource_price_prefix(arg, "base", &p)) {

        if (ngx_multisource_price_decimal(p, last,
                                          NGX_MULTISOURCE_PRICE_DECIMALS,
                                          NGX_MULTISOURCE_PRICE_MAX, &rate)
            != NGX_OK)
        {
            return "base=" NGX_MULTISOURCE_PRICE_RATE;
        }

        price->base = rate;

        return NULL;
    }

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {

        if (!ngx_multisource_price_prefix(arg, ngx_multisource_price_types[i],
                                          &p))
        {
            continue;
        }

        if (ngx_multisource_price_decimal(p, last,
                                          NGX_MULTISOURCE_PRICE_DECIMALS,
                                          NGX_MULTISOURCE_PRICE_MAX, &rate)
            != NGX_OK)
        {
            return wrong[i];
        }

        price->addon[i] = rate;

        return NULL;
    }

    if (ngx_multisource_price_prefix(arg, "bundle_discount", &p)) {

        if (p == last || last[-1] != '%'
            || ngx_multisource_price_decimal(p, last - 1, 2,
                                             NGX_MULTISOURCE_PRICE_WHOLE,
                                             &rate)
               != NGX_OK)
        {
            return "bundle_discount= takes 0% to 100%, as 10% or 12.5%";
        }

        price->discount = rate;

        return NULL;
    }

    if (ngx_multisource_price_prefix(arg, "currency", &p)) {

        if (last - p != 3) {
            return "currency= takes three capital letters, as EUR";
        }

        for (i = 0; i < 3; i++) {
            if (p[i] < 'A' || p[i] > 'Z') {
                return "currency= takes three capital letters, as EUR";
            }
        }

        ngx_memcpy(price->currency, p, 3);
        price->currency[3] = '\0';

        return NULL;
    }

    return "a price is made of base=, screen=, camera=, audio=, other=, "
           "bundle_discount= and currency=";
}


/* a number with so many digits behind the point, as a whole one of them */

static ngx_int_t
ngx_multisource_price_decimal(u_char *p, u_char *last, ngx_uint_t decimals,
    uint32_t max, uint32_t *value)
{
    uint64_t    n;
    ngx_uint_t  digits, point;

    n = 0;
    digits = 0;
    point = 0;

    for ( /* void */ ; p < last; p++) {

        if (*p == '.' && !point && digits) {
            point = 1;
            digits = 0;
            continue;
        }

        if (*p < '0' || *p > '9' || (point && digits == decimals)) {
            return NGX_ERROR;
        }

        n = n * 10 + (*p - '0');
        digits++;

        if (n > max) {
            return NGX_ERROR;
        }
    }

    if (digits == 0) {
        return NGX_ERROR;
    }

    for (digits = point ? digits : 0; digits < decimals; digits++) {
        n *= 10;
    }

    if (n > max) {
        return NGX_ERROR;
    }

    *value = (uint32_t) n;

    return NGX_OK;
}


static ngx_uint_t
ngx_multisource_price_prefix(ngx_str_t *arg, const char *name, u_char **value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (arg->len <= len || arg->data[len] != '='
        || ngx_memcmp(arg->data, name, len) != 0)
    {
        return 0;
    }

    *value = arg->data + len + 1;

    return 1;
}


const char *
ngx_multisource_price_type(ngx_uint_t type)
{
    if (type >= NGX_MULTISOURCE_PRICE_TYPES) {
        type = NGX_MULTISOURCE_PRICE_OTHER;
    }

    return ngx_multisource_price_types[type];
}


ngx_uint_t
ngx_multisource_price_type_of(ngx_str_t *name)
{
    ngx_uint_t   i;
    const char  *type;

    for (i = 0; i < NGX_MULTISOURCE_PRICE_TYPES; i++) {
        type = ngx_multisource_price_types[i];

        if (name->len == ngx_strlen(type)
            && ngx_memcmp(name->data, type, name->len) == 0)
        {
            return i;
        }
    }

    if (name->len == sizeof("webcam") - 1
        && ngx_memcmp(name->data, "webcam", name->len) == 0)
    {
        return NGX_MULTISOURCE_PRICE_CAMERA;
    }

    return NGX_MULTISOURCE_PRICE_TYPES;
}


/*
 * By its words: those between "_", "-" and digits, and what begins with a
 * capital letter behind a small one, as in FaceCam. Where several say something
 * the last one does: Screen_Audio is audio.
 */

ngx_uint_t
ngx_multisource_price_guess(ngx_str_t *source)
{
    u_char      *p, *word, *last;
    ngx_uint_t   type, found;

    found = NGX_MULTISOURCE_PRICE_OTHER;
    last = source->data + source->len;

    for (p = source->data; p < last; /* void */ ) {

        if (!ngx_multisource_price_letter(*p)) {
            p++;
            continue;
        }

        word = p++;

        while (p < last && ngx_multisource_price_letter(*p)
               && !(*p >= 'A' && *p <= 'Z' && p[-1] >= 'a' && p[-1] <= 'z'))
        {
            p++;
        }

        type = ngx_multisource_price_word(word, p - word);

        if (type != NGX_MULTISOURCE_PRICE_TYPES) {
            found = type;
        }
    }

    return found;
}


static ngx_uint_t
ngx_multisource_price_letter(u_char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}


static ngx_uint_t
ngx_multisource_price_word(u_char *p, size_t len)
{
    size_t                               i, n;
    const ngx_multisource_price_word_t  *word;

    for (word = ngx_multisource_price_words; word->word; word++) {
        n = ngx_strlen(word->word);

        if (len < n || (len > n && !word->ends)) {
            continue;
        }

        for (i = 0; i < n; i++) {
            if (ngx_tolower(p[len - n + i]) != (u_char) word->word[i]) {
                break;
            }
        }

        if (i == n) {
            return word->type;
        }
    }

    return NGX_MULTISOURCE_PRICE_TYPES;
}
