
/*
 * Copyright (C) the ngx_live contributors
 *
 * Pure: which source is on air when the server chooses: the one that is heard,
 * and where nobody is heard the one in which something moves. Whoever is on air
 * stays for a while, and another one has to be clearly more active for a while.
 */


#ifndef _NGX_MULTISOURCE_DIRECTOR_H_INCLUDED_
#define _NGX_MULTISOURCE_DIRECTOR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_MULTISOURCE_DIRECTOR_STEP   250     /* ms between two decisions */
#define NGX_MULTISOURCE_DIRECTOR_STAY   3000    /* ms on air, at least */
#define NGX_MULTISOURCE_DIRECTOR_LEAD   1000    /* ms ahead, before a change */

/* who follows is told so long before, ms, and has the next picture ready then */
#define NGX_MULTISOURCE_DIRECTOR_NOTICE 1500

/* levels are hundredths of dB below full scale, RMS over the last 500 ms */

#define NGX_MULTISOURCE_DIRECTOR_QUIET  (-4500) /* below it nobody speaks */
#define NGX_MULTISOURCE_DIRECTOR_LOUDER 600     /* that is clearly louder */
#define NGX_MULTISOURCE_DIRECTOR_SILENT (-12000)    /* or has no sound */

/* a picture's bytes per second of what is usual for it, in percent */

#define NGX_MULTISOURCE_DIRECTOR_MOVES  150


typedef struct {
    ngx_uint_t   stream;            /* a number of the caller's */
    ngx_int_t    level;             /* hundredths of dB */
    ngx_uint_t   motion;            /* percent of the usual */
} ngx_multisource_director_input_t;


/* zero is the beginning, with nothing on air */

typedef struct {
    ngx_uint_t   on_air;            /* a stream + 1; 0: none */
    uint64_t     since;             /* ms */
    ngx_uint_t   rival;             /* + 1 */
    uint64_t     rival_since;
} ngx_multisource_director_t;


#pragma GCC visibility push(hidden)

/*
 * The live sources at `now`, ms of a clock that is not set back. Nonzero:
 * another one is on air from now on. One that is gone is replaced at once; with
 * no source nothing is on air.
 */
ngx_uint_t ngx_multisource_director_step(ngx_multisource_director_t *director,
    const ngx_multisource_director_input_t *inputs, ngx_uint_t n,
    uint64_t now);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_DIRECTOR_H_INCLUDED_ */
