
/*
 * Copyright (C) the ngx_live contributors
 *
 * Which source is on air, in scenes of some seconds: who is heard, what moves,
 * who came and went, and inputs that flap.
 */

/* sources: modules/ngx_multisource/ngx_multisource_director.c */


#include "tap.h"
#include "ngx_multisource_director.h"


#define STEP    NGX_MULTISOURCE_DIRECTOR_STEP
#define STAY    NGX_MULTISOURCE_DIRECTOR_STAY
#define LEAD    NGX_MULTISOURCE_DIRECTOR_LEAD
#define QUIET   NGX_MULTISOURCE_DIRECTOR_QUIET
#define LOUDER  NGX_MULTISOURCE_DIRECTOR_LOUDER
#define SILENT  NGX_MULTISOURCE_DIRECTOR_SILENT
#define MOVES   NGX_MULTISOURCE_DIRECTOR_MOVES

#define SPEAKS  (-2500)


typedef ngx_multisource_director_input_t  input_t;


static ngx_multisource_director_t  director;
static uint64_t                    clock_ms;
static ngx_uint_t                  changes;


static void
begin(uint64_t at)
{
    ngx_memzero(&director, sizeof(director));
    clock_ms = at;
    changes = 0;
}


/* a step now, and then the clock goes on */

static ngx_uint_t
step(const input_t *inputs, ngx_uint_t n)
{
    ngx_uint_t  before, changed;

    before = director.on_air;
    changed = ngx_multisource_director_step(&director, inputs, n, clock_ms);

    if ((changed != 0) != (before != director.on_air)) {
        tap_ok(0, "a change is told, and nothing else is");
    }

    changes += changed != 0;
    clock_ms += STEP;

    return changed;
}


/* for so many ms; the time at which there was a change, from the beginning of
   it, or -1 */

static int64_t
lasts(uint64_t ms, const input_t *inputs, ngx_uint_t n)
{
    int64_t   when;
    uint64_t  from;

    when = -1;

    for (from = clock_ms; clock_ms - from < ms; /* void */ ) {
        if (step(inputs, n)) {
            when = (int64_t) (clock_ms - STEP - from);
        }
    }

    return when;
}


static void
test_few(void)
{
    static const input_t  one[] = { { 7, SILENT, 0 } };
    static const input_t  lively[] = { { 7, SPEAKS, 500 } };

    begin(1000);

    tap_is(lasts(1000, NULL, 0), -1, "with no source nothing changes");
    tap_is(director.on_air, 0, "and nothing is on air");

    tap_is(lasts(1000, one, 1), 0, "the only one is on air at once");
    tap_is(director.on_air, 8, "it is the caller's number");
    tap_is(lasts(20000, lively, 1), -1, "and stays, whatever it does");
    tap_is(lasts(20000, one, 1), -1, "or does not");

    tap_is(lasts(1000, NULL, 0), 0, "when it is gone nothing is on air");
    tap_is(director.on_air, 0, "indeed");
    tap_is(lasts(1000, one, 1), 0, "it comes back at once");
    tap_is(changes, 3, "three changes");
}


static void
test_first(void)
{
    static const input_t  equal[] = {
        { 3, SILENT, 100 }, { 1, SILENT, 100 }, { 2, SILENT, 100 }
    };

    static const input_t  moving[] = {
        { 0, QUIET, 100 }, { 1, SILENT, 120 }, { 2, QUIET - 1, 120 }
    };

    static const input_t  heard[] = {
        { 0, SILENT, 900 }, { 1, QUIET + 1, 0 }, { 2, QUIET, 500 }
    };

    static const input_t  loud[] = {
        { 0, -3000, 0 }, { 1, -2000, 0 }, { 2, -2000, 900 }
    };

    begin(0);
    step(equal, 3);
    tap_is(director.on_air, 4, "of equals the first one begins");

    begin(0);
    step(moving, 3);
    tap_is(director.on_air, 2, "where nobody is heard, what moves most");

    begin(0);
    step(heard, 3);
    tap_is(director.on_air, 2, "who is heard goes before what moves");

    begin(0);
    step(loud, 3);
    tap_is(director.on_air, 2, "the loudest, and of equals the first");
}


static void
test_sound(void)
{
    static const input_t  first[] = {
        { 0, SPEAKS, 100 }, { 1, SILENT, 100 }
    };

    static const input_t  second[] = {
        { 0, SILENT, 100 }, { 1, SPEAKS, 100 }
    };

    static const input_t  nearly[] = {
        { 0, SPEAKS, 100 }, { 1, SPEAKS + LOUDER - 1, 100 }
    };

    static const input_t  clearly[] = {
        { 0, SPEAKS, 100 }, { 1, SPEAKS + LOUDER, 100 }
    };

    static const input_t  whisper[] = {
        { 0, SILENT, 100 }, { 1, QUIET, 100 }
    };

    static const input_t  murmur[] = {
        { 0, SILENT, 100 }, { 1, QUIET + 1, 100 }
    };

    static const input_t  moves[] = {
        { 0, SPEAKS, 100 }, { 1, SILENT, 900 }
    };

    begin(5000);
    step(first, 2);

    /* a step has gone by */
    tap_is(lasts(STAY, second, 2), STAY - STEP,
           "another voice has to wait for the time on air");
    tap_is(director.on_air, 2, "it is on air");
    tap_is(lasts(10000, first, 2), STAY - STEP, "and back, in no less");
    tap_is(director.on_air, 1, "the first one again");

    begin(0);
    lasts(10000, first, 2);
    tap_is(lasts(10000, second, 2), LEAD,
           "after that it has to lead for some time");

    begin(0);
    lasts(10000, first, 2);
    tap_is(lasts(10000, nearly, 2), -1, "a little louder is not enough");
    tap_is(lasts(10000, clearly, 2), LEAD, "clearly louder is");

    begin(0);
    lasts(10000, first, 2);
    tap_is(lasts(10000, whisper, 2), -1, "who is quiet does not speak");
    tap_is(lasts(10000, murmur, 2), LEAD, "just above that he does");

    begin(0);
    lasts(10000, first, 2);
    tap_is(lasts(10000, moves, 2), -1, "what moves does not interrupt");
}


static void
test_motion(void)
{
    static const input_t  still[] = {
        { 0, SILENT, 100 }, { 1, SILENT, 100 }
    };

    static const input_t  usual[] = {
        { 0, SILENT, 0 }, { 1, SILENT, MOVES }
    };

    static const input_t  both[] = {
        { 0, SILENT, 400 }, { 1, SILENT, 449 }
    };

    static const input_t  more[] = {
        { 0, SILENT, 400 }, { 1, SILENT, 450 }
    };

    static const input_t  moves[] = {
        { 0, SILENT, 100 }, { 1, SILENT, MOVES + 1 }
    };

    static const input_t  speaks[] = {
        { 0, SPEAKS, 100 }, { 1, SILENT, 900 }
    };

    begin(0);
    tap_is(lasts(10000, still, 2), 0, "nothing moves");
    tap_is(lasts(10000, usual, 2), -1, "this is not much motion");
    tap_is(lasts(10000, both, 2), -1, "both move about as much");
    tap_is(lasts(10000, more, 2), LEAD, "one moves clearly more");

    begin(0);
    lasts(10000, still, 2);
    tap_is(lasts(10000, moves, 2), LEAD, "just enough motion");

    /* that the first one speaks ends a lead of the second */

    begin(0);
    lasts(10000, still, 2);
    tap_is(lasts(LEAD, moves, 2), -1, "nearly there");
    tap_is(lasts(STEP, speaks, 2), -1, "a word");
    tap_is(lasts(LEAD, moves, 2), -1, "and the lead begins anew");
    tap_is(lasts(STEP, moves, 2), 0, "until it has lasted");
}


static void
test_gone(void)
{
    static const input_t  three[] = {
        { 0, SPEAKS, 100 }, { 1, -3500, 100 }, { 2, -3000, 900 }
    };

    static const input_t  silent[] = {
        { 1, SILENT, 100 }, { 2, SILENT, 101 }
    };

    static const input_t  leads[] = {
        { 0, SILENT, 100 }, { 1, SPEAKS, 100 }
    };

    static const input_t  back[] = {
        { 0, 0, 900 }, { 1, SPEAKS, 100 }
    };

    begin(0);
    step(three, 3);
    tap_is(director.on_air, 1, "the first one");
    tap_is(step(three + 1, 2), 1, "is gone, and replaced at once");
    tap_is(director.on_air, 3, "by the loudest");

    begin(0);
    step(three, 3);
    step(silent, 2);
    tap_is(director.on_air, 3, "or by what moves most, however little");

    /* who was the rival is gone, and comes again: the lead begins anew */

    begin(0);
    lasts(10000, leads, 1);
    lasts(LEAD - STEP, leads, 2);
    step(leads, 1);
    tap_is(lasts(LEAD, leads, 2), -1, "a rival that was away");
    tap_is(lasts(STEP, leads, 2), 0, "has to lead again");

    /* and who comes back is one among others */

    tap_is(lasts(STAY - STEP, back, 2), -1, "who comes back has to wait");
    tap_is(lasts(STEP, back, 2), 0, "like everybody");

    /* the order of the inputs does not matter */

    begin(0);
    step(three, 3);
    tap_is(lasts(10000, three + 1, 2), 0, "gone again");
    tap_is(director.on_air, 3, "another number, in another place");
    tap_is(lasts(10000, three + 2, 1), -1, "and in another one");
}


static void
test_flapping(void)
{
    ngx_uint_t  i;
    input_t     inputs[3];

    /* two who take turns every half second: neither leads for long enough */

    begin(0);
    ngx_memzero(inputs, sizeof(inputs));

    for (i = 0; i < 240; i++) {
        inputs[0].stream = 0;
        inputs[0].level = (i / 2) % 2 ? SPEAKS : SILENT;
        inputs[1].stream = 1;
        inputs[1].level = (i / 2) % 2 ? SILENT : SPEAKS;
        step(inputs, 2);
    }

    tap_is(changes, 1, "a minute of turns of half a second: no change");

    /* every three seconds: one change per turn at most, none sooner */

    begin(0);

    for (i = 0; i < 240; i++) {
        inputs[0].level = (i / 12) % 2 ? SPEAKS : SILENT;
        inputs[1].level = (i / 12) % 2 ? SILENT : SPEAKS;
        step(inputs, 2);
    }

    tap_is(changes, 20, "turns of three seconds: a change in each");

    /* levels that waver about what is clearly louder */

    begin(0);

    for (i = 0; i < 240; i++) {
        inputs[0].level = SPEAKS;
        inputs[1].level = SPEAKS + LOUDER + (i % 4 ? 100 : -100);
        step(inputs, i < 20 ? 1 : 2);
    }

    tap_is(changes, 1, "a lead that breaks off each second is none");

    /* about what is quiet, both */

    begin(0);

    for (i = 0; i < 240; i++) {
        inputs[0].level = QUIET + (i % 2 ? 50 : -50);
        inputs[1].level = QUIET + (i % 3 ? -50 : 50);
        inputs[0].motion = i % 5 ? 100 : 900;
        inputs[1].motion = i % 7 ? 100 : 900;
        step(inputs, 2);
    }

    tap_is(changes, 1, "noise about the threshold changes nothing");

    /* two others are about as loud, and far louder than who is on air: that
       the one and the other is ahead keeps neither of them off */

    begin(0);
    inputs[2].stream = 2;
    inputs[2].level = SILENT;
    inputs[2].motion = 0;
    lasts(5000, inputs + 2, 1);

    for (i = 0; i < 20; i++) {
        inputs[0].level = SPEAKS + (i % 2 ? 200 : 0);
        inputs[1].level = SPEAKS + (i % 2 ? 0 : 200);
        step(inputs, 3);
    }

    tap_is(changes, 2, "one of two rivals gets there");
    tap_is(director.on_air, 2, "the one that led first");

    /* but a third voice that is clearly louder than the rival is the rival */

    begin(0);
    lasts(5000, inputs + 2, 1);
    inputs[0].level = SPEAKS;
    inputs[1].level = SILENT;
    lasts(LEAD - STEP, inputs, 3);
    inputs[1].level = SPEAKS + LOUDER;
    tap_is(lasts(LEAD, inputs, 3), -1, "a louder rival begins anew");
    tap_is(lasts(STEP, inputs, 3), 0, "and gets there");
    tap_is(director.on_air, 2, "it is the louder one");

    /* motion in bursts, as of key frames */

    begin(0);

    for (i = 0; i < 240; i++) {
        inputs[0].level = SILENT;
        inputs[0].motion = 100;
        inputs[1].level = SILENT;
        inputs[1].motion = i % 4 ? 80 : 600;
        step(inputs, i ? 2 : 1);
    }

    tap_is(changes, 1, "bursts are no motion that lasts");
}


static void
test_extremes(void)
{
    ngx_uint_t            i;
    static const input_t  odd[] = {
        { 0, 0x7fffffff, 0 }, { 1, -0x7fffffff - 1, (ngx_uint_t) -1 },
        { 2, 0, (ngx_uint_t) -2 }
    };

    static const input_t  mute[] = {
        { 0, NGX_MAX_INT_T_VALUE * -1 - 1, 0 },
        { 1, SILENT, (ngx_uint_t) -1 },
        { 2, NGX_MAX_INT_T_VALUE * -1 - 1, (ngx_uint_t) -60 }
    };

    static const input_t  loud[] = {
        { 0, NGX_MAX_INT_T_VALUE, 0 },
        { 1, NGX_MAX_INT_T_VALUE * -1 - 1, 0 },
        { 2, NGX_MAX_INT_T_VALUE, 0 }
    };

    static const input_t  pair[] = {
        { 0, SILENT, 100 }, { 1, SPEAKS, 100 }
    };

    /* nothing overflows, which a sanitizer would see */

    begin(0);
    lasts(10000, odd, 3);
    tap_is(director.on_air, 1, "levels and motions that cannot be");
    lasts(10000, mute, 3);
    tap_is(director.on_air, 2, "the utmost motion");
    tap_is(lasts(10000, mute, 3), -1, "stays");
    lasts(10000, loud, 3);
    tap_is(director.on_air, 1, "the utmost level");
    tap_is(lasts(10000, loud, 3), -1, "stays");

    /* late in the life of a clock, and steps that come late */

    begin(UINT64_MAX / 2);
    step(pair, 1);
    tap_is(lasts(10000, pair, 2), STAY - STEP, "a clock of great numbers");

    begin(0);
    step(pair, 1);
    clock_ms += 60000;
    tap_is(step(pair, 2), 0, "after a gap a lead begins");
    clock_ms += 60000;
    tap_is(step(pair, 2), 1, "and after another one it has lasted");

    /* one that is set back */

    begin(100000);
    step(pair, 1);
    clock_ms = 5000;
    tap_is(lasts(10000, pair, 2), STAY, "a clock that is set back");

    begin(100000);
    lasts(10000, pair, 1);
    step(pair, 2);
    clock_ms = 105000;
    tap_is(lasts(10000, pair, 2), STAY, "during a lead");

    /* a clock that stands still changes nothing */

    begin(100);
    step(pair, 1);

    for (i = 0; i < 100; i++) {
        clock_ms = 100;
        step(pair, 2);
    }

    tap_is(changes, 1, "a clock that stands still");
}


int
main(void)
{
    test_few();
    test_first();
    test_sound();
    test_motion();
    test_gone();
    test_flapping();
    test_extremes();

    return tap_done();
}
