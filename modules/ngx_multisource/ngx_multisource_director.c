
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_director.h"


/* percent of the usual by which one has to move more than another one */

#define NGX_MULTISOURCE_DIRECTOR_LIVELIER  50


static ngx_uint_t ngx_multisource_director_heard(
    const ngx_multisource_director_input_t *inputs, ngx_uint_t n);
static ngx_uint_t ngx_multisource_director_best(
    const ngx_multisource_director_input_t *inputs, ngx_uint_t n);
static ngx_uint_t ngx_multisource_director_find(
    const ngx_multisource_director_input_t *inputs, ngx_uint_t n,
    ngx_uint_t stream);
static ngx_uint_t ngx_multisource_director_leads(
    const ngx_multisource_director_input_t *input,
    const ngx_multisource_director_input_t *other, ngx_uint_t heard);
static ngx_uint_t ngx_multisource_director_rival(
    ngx_multisource_director_t *director,
    const ngx_multisource_director_input_t *inputs, ngx_uint_t n,
    ngx_uint_t current);
static ngx_int_t ngx_multisource_director_level(
    const ngx_multisource_director_input_t *input);


ngx_uint_t
ngx_multisource_director_step(ngx_multisource_director_t *director,
    const ngx_multisource_director_input_t *inputs, ngx_uint_t n, uint64_t now)
{
    ngx_uint_t  current, rival, stream;

    if (n == 0) {
        stream = director->on_air;

        if (stream) {
            ngx_memzero(director, sizeof(ngx_multisource_director_t));
            director->since = now;
        }

        return stream != 0;
    }

    current = ngx_multisource_director_find(inputs, n, director->on_air);

    if (current == n) {
        director->on_air =
                inputs[ngx_multisource_director_best(inputs, n)].stream + 1;
        director->since = now;
        director->rival = 0;
        director->rival_since = 0;

        return 1;
    }

    /* a clock that was set back: the times begin anew */

    if (now < director->since || now < director->rival_since) {
        director->since = now;
        director->rival = 0;
        director->rival_since = 0;
    }

    rival = ngx_multisource_director_rival(director, inputs, n, current);

    if (rival == n) {
        director->rival = 0;
        director->rival_since = 0;

        return 0;
    }

    if (director->rival != inputs[rival].stream + 1) {
        director->rival = inputs[rival].stream + 1;
        director->rival_since = now;
    }

    if (now - director->rival_since < NGX_MULTISOURCE_DIRECTOR_LEAD
        || now - director->since < NGX_MULTISOURCE_DIRECTOR_STAY)
    {
        return 0;
    }

    director->on_air = director->rival;
    director->since = now;
    director->rival = 0;
    director->rival_since = 0;

    return 1;
}


/*
 * Who is clearly more active than the source on air; n: nobody. One who was so
 * before stays the rival while he is, unless another one clearly leads him as
 * well: of two who are about as loud one gets there, in spite of each other.
 */

static ngx_uint_t
ngx_multisource_director_rival(ngx_multisource_director_t *director,
    const ngx_multisource_director_input_t *inputs, ngx_uint_t n,
    ngx_uint_t current)
{
    ngx_uint_t  best, heard, rival;

    heard = ngx_multisource_director_heard(inputs, n);
    best = ngx_multisource_director_best(inputs, n);
    rival = ngx_multisource_director_find(inputs, n, director->rival);

    if (rival != n
        && ngx_multisource_director_leads(&inputs[rival], &inputs[current],
                                          heard)
        && !ngx_multisource_director_leads(&inputs[best], &inputs[rival],
                                           heard))
    {
        return rival;
    }

    return ngx_multisource_director_leads(&inputs[best], &inputs[current],
                                          heard)
           ? best : n;
}


static ngx_uint_t
ngx_multisource_director_heard(const ngx_multisource_director_input_t *inputs,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (inputs[i].level > NGX_MULTISOURCE_DIRECTOR_QUIET) {
            return 1;
        }
    }

    return 0;
}


/* the loudest one, or where nobody is heard the one that moves most; the first
   of equals */

static ngx_uint_t
ngx_multisource_director_best(const ngx_multisource_director_input_t *inputs,
    ngx_uint_t n)
{
    ngx_uint_t  i, best, heard;

    best = 0;
    heard = ngx_multisource_director_heard(inputs, n);

    for (i = 1; i < n; i++) {
        if (heard ? inputs[i].level > inputs[best].level
                  : inputs[i].motion > inputs[best].motion)
        {
            best = i;
        }
    }

    return best;
}


/* of a stream + 1; n: it is not there */

static ngx_uint_t
ngx_multisource_director_find(const ngx_multisource_director_input_t *inputs,
    ngx_uint_t n, ngx_uint_t stream)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (inputs[i].stream + 1 == stream) {
            return i;
        }
    }

    return n;
}


/* clearly more active than another one, and active at all */

static ngx_uint_t
ngx_multisource_director_leads(const ngx_multisource_director_input_t *input,
    const ngx_multisource_director_input_t *other, ngx_uint_t heard)
{
    if (heard) {
        return input->level > NGX_MULTISOURCE_DIRECTOR_QUIET
               && ngx_multisource_director_level(input)
                  - ngx_multisource_director_level(other)
                  >= NGX_MULTISOURCE_DIRECTOR_LOUDER;
    }

    return input->motion > NGX_MULTISOURCE_DIRECTOR_MOVES
           && input->motion > other->motion
           && input->motion - other->motion
              >= NGX_MULTISOURCE_DIRECTOR_LIVELIER;
}


/* none is below silence, or above full scale */

static ngx_int_t
ngx_multisource_director_level(const ngx_multisource_director_input_t *input)
{
    if (input->level < NGX_MULTISOURCE_DIRECTOR_SILENT) {
        return NGX_MULTISOURCE_DIRECTOR_SILENT;
    }

    return ngx_min(input->level, 0);
}
