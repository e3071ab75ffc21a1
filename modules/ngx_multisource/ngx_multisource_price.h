
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: what watching costs. A base rate, an addon for each type of stream, and
 * a discount for who has two streams or more at a time, all per minute; and no
 * payment. Amounts are whole numbers, so that any order of additions gives the
 * same: millionths of the currency's unit, times a minute in ms, 60000.
 */


#ifndef _NGX_MULTISOURCE_PRICE_H_INCLUDED_
#define _NGX_MULTISOURCE_PRICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* types of streams */

enum {
    NGX_MULTISOURCE_PRICE_SCREEN = 0,
    NGX_MULTISOURCE_PRICE_CAMERA,
    NGX_MULTISOURCE_PRICE_AUDIO,
    NGX_MULTISOURCE_PRICE_OTHER,
    NGX_MULTISOURCE_PRICE_TYPES
};


/* rates are millionths of the unit per minute, up to 1000 units */

#define NGX_MULTISOURCE_PRICE_MAX  1000000000

typedef struct {
    u_char       currency[4];       /* ISO 4217; "": it is free */
    uint32_t     base;
    uint32_t     addon[NGX_MULTISOURCE_PRICE_TYPES];
    uint32_t     discount;          /* hundredths of a percent, 0 to 10000 */
} ngx_multisource_price_t;


#pragma GCC visibility push(hidden)

/* nonzero: it costs anything at all */
ngx_uint_t ngx_multisource_price_any(const ngx_multisource_price_t *price);

/*
 * For n streams of these types, each watched for watched[i] ms of the same
 * stretch of time: the base as long as any is watched, the addon of each as long
 * as it is, and of both the discount off for as long as two are. `any` is the
 * time in ms that at least one was; 0, or what is less than the longest: they
 * began together. What is 0 ms does not count. Without a currency it is nothing.
 */
uint64_t ngx_multisource_price_amount(const ngx_multisource_price_t *price,
    const uint8_t *types, const uint32_t *watched, ngx_uint_t n, uint32_t any);

/* per minute, for a stream of this type alone beyond the base; and for a set */
uint32_t ngx_multisource_price_addon(const ngx_multisource_price_t *price,
    ngx_uint_t type);

/* "12.345678": an amount in units, rounded, and a rate; `buf` has room for 32
   bytes, and is NUL-terminated. Returns the length */
size_t ngx_multisource_price_text(uint64_t amount, u_char *buf);
size_t ngx_multisource_price_rate_text(uint32_t rate, u_char *buf);

/*
 * One argument of the directive, "base=0.02", "screen=0.01", "camera=",
 * "audio=", "other=", "bundle_discount=10%", "currency=EUR": into the price.
 * NULL, or what would be right.
 */
const char *ngx_multisource_price_parse(ngx_multisource_price_t *price,
    ngx_str_t *arg);

/* "screen", "camera", "audio", "other"; and back, where "webcam" is a camera,
   too: NGX_MULTISOURCE_PRICE_TYPES when it is none of them */
const char *ngx_multisource_price_type(ngx_uint_t type);
ngx_uint_t ngx_multisource_price_type_of(ngx_str_t *name);

/* what a source is by its name, where nobody said: Main_Screen, Face_Cam,
   Mic */
ngx_uint_t ngx_multisource_price_guess(ngx_str_t *source);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_PRICE_H_INCLUDED_ */
