
/*
 * Copyright (C) the ngx_live contributors
 *
 * The table of viewers: what is counted of beacons and of requests, to the ms
 * and the millionth; room; several processes at once; places whose owner died.
 */

/* sources: modules/ngx_multisource/ngx_multisource_viewer.c modules/ngx_multisource/ngx_multisource_show.c modules/ngx_multisource/ngx_multisource_price.c modules/common/ngx_live_zone.c */


#define _GNU_SOURCE

#include "shows.h"


#define NOW       1700000000000ULL
#define NONE      NGX_MULTISOURCE_SHOW_NONE

/* of what processes do together */
#define ROUNDS    4000
#define SAME      2000
#define SHARED    4


typedef ngx_multisource_show_t         show_t;
typedef ngx_multisource_show_counts_t  counts_t;
typedef ngx_multisource_viewer_t       viewer_t;
typedef ngx_multisource_viewer_look_t  look_t;
typedef ngx_multisource_beacon_t       beacon_t;


static show_t             show;
static counts_t          *counts;
static pid_t              dead;

/* per ms of a minute: 0.02, and 0.01 a screen, 0.005 a camera, 10 % off */

static ngx_multisource_price_t  price = {
    "EUR", 20000, { 10000, 5000, 0, 1000 }, 1000
};


/* a live show with four streams, and a price */

static ngx_int_t
set_price(ngx_multisource_show_record_t *record, void *data)
{
    record->price = price;

    return NGX_OK;
}


static void
show_make(const char *streamer, show_t *s)
{
    ngx_uint_t                   i;
    ngx_multisource_show_live_t  live[4];

    static const char  *names[] = { "a", "b", "c", "d" };

    for (i = 0; i < 4; i++) {
        live[i].name = text(names[i]);
        live[i].type = i;
    }

    if (begin(streamer, NOW, s) != NGX_OK
        || ngx_multisource_show_meet(&shows, s, live, 4, NOW) != NGX_OK
        || ngx_multisource_show_change(&shows, s, set_price, NULL) != NGX_OK)
    {
        bail("no show");
    }
}


static void
fresh(size_t size)
{
    zone_make(size);
    set_time(NOW);
    show_make("alice", &show);
    counts = ngx_multisource_show_counts(&show);
}


static viewer_t *
add(uint64_t id)
{
    viewer_t  *viewer;

    viewer = ngx_multisource_viewer_find(&shows, &show, id, 1);

    if (viewer == NULL) {
        bail("no place for a viewer");
    }

    return viewer;
}


static ngx_int_t
look_at(uint64_t id, look_t *look)
{
    ngx_uint_t  n;

    n = 0;

    while (ngx_multisource_viewer_next(&shows, &show, &n, look) == NGX_OK) {
        if (look->id == id) {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


static ngx_int_t
tell(viewer_t *viewer, beacon_t *beacon, uint64_t now)
{
    return ngx_multisource_viewer_beacon(&show, viewer, beacon, now);
}


static beacon_t
told(uint32_t seq, uint16_t watching, uint32_t a, uint32_t b, uint32_t any)
{
    beacon_t  beacon;

    ngx_memzero(&beacon, sizeof(beacon_t));

    beacon.seq = seq;
    beacon.watching = watching;
    beacon.watched[0] = a;
    beacon.watched[1] = b;
    beacon.any = any;

    return beacon;
}


static void
test_places(void)
{
    show_t      other;
    look_t      look;
    viewer_t   *viewer;
    ngx_uint_t  n;

    fresh(1024 * 1024);

    tap_ok(ngx_multisource_viewer_find(&shows, &show, 7, 0) == NULL,
           "nobody is there");

    viewer = ngx_multisource_viewer_find(&shows, &show, 7, 1);
    tap_ok(viewer != NULL, "a viewer is added");
    tap_is(counts->distinct, 1, "  and counted");
    tap_ok(ngx_multisource_viewer_find(&shows, &show, 7, 0) == viewer,
           "  and found");
    tap_ok(ngx_multisource_viewer_find(&shows, &show, 7, 1) == viewer,
           "  and not added again");
    tap_is(counts->distinct, 1, "  nor counted");
    tap_ok(ngx_multisource_viewer_find(&shows, &show, 0, 1) == NULL,
           "nobody is 0");

    show_make("bob", &other);
    tap_ok(ngx_multisource_viewer_find(&shows, &other, 7, 0) == NULL,
           "he is not in another show");
    tap_ok(ngx_multisource_viewer_find(&shows, &other, 7, 1) != viewer,
           "  but may be");

    n = 0;
    tap_is(ngx_multisource_viewer_next(&shows, &show, &n, &look), NGX_OK,
           "a walk finds him");
    tap_is(look.id, 7, "  by his number");
    tap_is(look.joined, NOW, "  and since when");
    tap_is(ngx_multisource_viewer_next(&shows, &show, &n, &look), NGX_DONE,
           "  and nobody else");
    tap_is(ngx_multisource_viewer_next(&shows, &show, &n, &look), NGX_DONE,
           "  and stays at the end");

    (void) ngx_multisource_show_end(&shows, &show, NOW + 1000);
    tap_ok(ngx_multisource_viewer_find(&shows, &show, 7, 1) == viewer,
           "he stays when the show ends");
    tap_ok(ngx_multisource_viewer_find(&shows, &show, 8, 1) == NULL,
           "  but nobody comes");
    tap_is(ngx_multisource_show_counts(&show)->distinct, 1, "  nor counts");
}


static void
test_preferences(void)
{
    viewer_t                       *viewer;
    ngx_multisource_preferences_t   p;

    fresh(1024 * 1024);
    viewer = add(7);

    ngx_multisource_viewer_preferences(viewer, &p);
    tap_is(p.set, 0, "preferences are the default");
    tap_is(p.enabled, 0xffff, "  all enabled");
    tap_ok(p.main == NONE && p.pip == NONE, "  none first");
    tap_is(p.corner, NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT, "  bottom right");
    tap_is(p.size, 25, "  25 %");
    tap_is(p.layout, NGX_MULTISOURCE_LAYOUT_SINGLE, "  single");
    tap_is(p.follow, 0, "  by himself");

    p.enabled = 0;
    p.main = 2;
    p.pip = 15;
    p.corner = NGX_MULTISOURCE_CORNER_TOP_LEFT;
    p.size = 40;
    p.layout = NGX_MULTISOURCE_LAYOUT_GRID;
    p.follow = 1;
    ngx_multisource_viewer_prefer(viewer, &p);

    ngx_memzero(&p, sizeof(p));
    ngx_multisource_viewer_preferences(viewer, &p);
    tap_ok(p.set == 1 && p.enabled == 0 && p.main == 2 && p.pip == 15
           && p.corner == 0 && p.size == 40
           && p.layout == NGX_MULTISOURCE_LAYOUT_GRID && p.follow == 1,
           "what he likes is kept");

    viewer->preferences = (ngx_atomic_uint_t) -1;
    ngx_multisource_viewer_preferences(viewer, &p);
    tap_ok(p.main == NONE && p.pip == NONE && p.corner <= 3 && p.size == 40
           && p.layout <= 2, "what nobody can like is not");
}


static void
test_beacons(void)
{
    look_t     look;
    viewer_t  *viewer;
    beacon_t   b;
    uint64_t   now, amount;

    fresh(1024 * 1024);
    now = NOW;
    viewer = add(7);

    /* a alone for 3 s, b from then on for 7 s */

    b = told(1, 2, 3000, 7000, 10000);
    b.nswitches = 1;
    b.switches[0].from = 0;
    b.switches[0].to = 1;
    b.join_ms = 420;
    b.stalls = 2;
    b.stalled = 350;

    tap_is(tell(viewer, &b, now += 10000), NGX_OK, "a player tells");
    tap_is(counts->streams[0].watched, 3000, "  what was watched");
    tap_is(counts->streams[1].watched, 7000, "  and what then");
    tap_is(counts->watched, 10000, "  and for how long");
    tap_is(counts->streams[0].views, 1, "  one began");
    tap_is(counts->streams[1].views, 1, "  and another one");
    tap_is(counts->switches[0][1], 1, "  by a switch");
    tap_is(counts->switches[1][0], 0, "  in one direction");
    tap_is(counts->joins, 1, "  after a latency");
    tap_is(counts->join_ms, 420, "  of so many ms");
    tap_is(counts->join_buckets[ngx_multisource_show_bucket(420)], 1,
           "  in its bucket");
    tap_is(counts->stalls, 2, "  with stalls");
    tap_is(counts->stalled, 350, "  for so long");

    /* one after the other: it was as long as both */

    amount = 3000 * (20000 + 10000) + 7000 * (20000 + 5000);
    tap_is(counts->amount, amount, "  and it costs");

    tap_is(tell(viewer, &b, now += 1000), NGX_DONE,
           "told twice it counts once");
    b.seq = 0;
    tap_is(tell(viewer, &b, now), NGX_DONE, "  and not when it is older");
    tap_is(counts->watched, 10000, "  at all");

    b = told(2, 3, 10000, 10000, 10000);
    tap_is(tell(viewer, &b, now += 9000), NGX_OK, "two at a time");
    tap_is(counts->watched, 20000, "  are one time");
    tap_is(counts->streams[0].watched, 13000, "  but two streams");
    tap_is(counts->streams[0].views, 2, "  of which one is new");
    tap_is(counts->streams[1].views, 1, "  and one is not");
    amount += 10000 * (20000 + 10000 + 5000) / 10 * 9;
    tap_is(counts->amount, amount, "  for less than twice the price");

    /* bounds */

    b = told(3, 1, 900000, 0, 900000);
    tap_is(tell(viewer, &b, now += 5000), NGX_OK, "more than there was");
    tap_is(counts->streams[0].watched, 13000 + 6000, "  is cut, but for 1 s");
    tap_is(counts->watched, 26000, "  in every way");
    amount += 6000 * 30000;
    tap_is(counts->amount, amount, "  and not paid for");

    b = told(4, 1, 900000, 0, 900000);
    tap_is(tell(viewer, &b, now), NGX_OK, "again and again");
    b = told(5, 1, 900000, 0, 900000);
    tap_is(tell(viewer, &b, now), NGX_OK, "  at once");
    tap_is(counts->watched, 26000, "  gives no second more");

    b = told(6, 1, 2000, 0, 0);
    tap_is(tell(viewer, &b, now += 3000), NGX_OK,
           "what was watched was watched");
    tap_is(counts->watched, 28000, "  whatever else is said");
    b = told(7, 1, 1000, 500, 4000);
    tap_is(tell(viewer, &b, now += 4000), NGX_OK, "and what was not");
    tap_is(counts->watched, 29500, "  was not");
    amount += 2000 * 30000 + 1000 * 30000 + 500 * 25000;
    tap_is(counts->amount, amount, "  and costs nothing");

    /* not of this show, not known */

    b = told(8, 0xfff1, 0, 0, 0);
    b.watched[4] = 1000;
    b.watched[15] = 1000;
    b.nswitches = 1000;
    memset(b.switches, 0xff, sizeof(b.switches));
    b.switches[0].from = 3;
    b.switches[0].to = 4;
    b.switches[1].from = 3;
    b.switches[1].to = 3;
    b.switches[31].from = 3;
    b.switches[31].to = 0;
    b.stalls = 4000000000;
    b.stalled = 4000000000;
    tap_is(tell(viewer, &b, now += 1000), NGX_OK,
           "streams that are not there");
    tap_is(counts->watched, 29500, "  are not watched");
    tap_is(counts->streams[4].views, 0, "  nor viewed");
    tap_is(counts->switches[3][4], 0, "  nor switched to");
    tap_is(counts->switches[3][0], 1, "  but one is");
    tap_ok(counts->stalls < 1000 && counts->stalled == 350 + 2000,
           "stalls are bounded as well");

    tap_is(look_at(7, &look), NGX_OK, "all of it");
    tap_is(look.watched, 29500, "  is the viewer's, too");
    tap_is(look.amount, amount, "  he owes it");
    tap_is(look.total[0], 13000 + 6000 + 2000 + 1000, "  by streams");
    tap_is(look.total[1], 17500, "  each");
    tap_is(look.watching, 1, "  he watches what was said last");
    tap_is(look.seen, now, "  and then");

    /* what is not enabled costs nothing */

    ngx_multisource_viewer_preferences(viewer, &look.preferences);
    look.preferences.enabled = 1;
    ngx_multisource_viewer_prefer(viewer, &look.preferences);

    b = told(9, 3, 2000, 2000, 3000);
    (void) tell(viewer, &b, now += 3000);
    amount += 2000 * 30000;
    tap_is(counts->amount, amount, "what he has not enabled costs nothing");
    look.preferences.enabled = 0;
    ngx_multisource_viewer_prefer(viewer, &look.preferences);
    b = told(10, 3, 2000, 2000, 2000);
    (void) tell(viewer, &b, now += 2000);
    tap_is(counts->amount, amount, "  and without any nothing does");

    /* leaving, and a new page */

    b = told(11, 3, 1000, 0, 1000);
    b.leaving = 1;
    (void) tell(viewer, &b, now += 1000);
    (void) look_at(7, &look);
    tap_is(look.watching, 0, "who leaves is gone");
    tap_is(tell(viewer, &b, now), NGX_DONE, "  once");

    b = told(1, 1, 1000, 0, 1000);
    tap_is(tell(viewer, &b, now += 2000), NGX_OK, "a new page begins anew");
    b = told(1, 1, 1000, 0, 1000);
    tap_is(tell(viewer, &b, now), NGX_DONE, "  once");
    b = told(500, 1, 1000, 0, 1000);
    tap_is(tell(viewer, &b, now += 1000), NGX_OK, "  and goes on");
    b = told(2, 1, 1000, 0, 1000);
    tap_is(tell(viewer, &b, now += NGX_MULTISOURCE_VIEWER_BEACON), NGX_DONE,
           "one that did not say that it left");
    tap_is(tell(viewer, &b, now + 1), NGX_OK, "  is forgotten later");

    (void) ngx_multisource_show_end(&shows, &show, now);
    show.ticket++;
    tap_is(tell(viewer, &b, now), NGX_DECLINED, "of no show there is nothing");
}


/* request by request, and what every ms of it was */

#define MODEL  200000

static uint16_t  model[MODEL];
static uint32_t  model_last[4];


static void
model_asked(viewer_t *viewer, ngx_uint_t stream, uint32_t ms)
{
    uint32_t  t;

    ngx_multisource_viewer_asked(&show, viewer, stream, NOW + ms);

    if (model_last[stream]
        && ms - (model_last[stream] - 1) <= NGX_MULTISOURCE_VIEWER_WINDOW)
    {
        for (t = model_last[stream] - 1; t < ms; t++) {
            model[t] |= 1 << stream;
        }
    }

    model_last[stream] = ms + 1;
}


static void
model_check(const char *what, uint16_t enabled)
{
    char      buf[200];
    look_t    look;
    uint8_t   types[4];
    uint32_t  ms[4];
    uint64_t  amount, any, streams[4];
    ngx_uint_t  i, n, t;

    amount = 0;
    any = 0;
    ngx_memzero(streams, sizeof(streams));

    for (t = 0; t < MODEL; t++) {
        any += model[t] != 0;
        n = 0;

        for (i = 0; i < 4; i++) {

            if (!(model[t] >> i & 1)) {
                continue;
            }

            streams[i]++;

            if (enabled >> i & 1) {
                types[n] = i;
                ms[n++] = 1;
            }
        }

        amount += ngx_multisource_price_amount(&price, types, ms, n, 0);
    }

    sprintf(buf, "%s: time", what);
    tap_is(counts->watched, any, buf);

    sprintf(buf, "%s: each", what);
    tap_ok(counts->streams[0].watched == streams[0]
           && counts->streams[1].watched == streams[1]
           && counts->streams[2].watched == streams[2]
           && counts->streams[3].watched == streams[3], buf);

    sprintf(buf, "%s: price", what);
    tap_is(counts->amount, amount, buf);

    sprintf(buf, "%s: his", what);
    tap_ok(look_at(7, &look) == NGX_OK && look.watched == any
           && look.amount == amount && look.total[2] == streams[2], buf);

    ngx_memzero(model, sizeof(model));
    ngx_memzero(model_last, sizeof(model_last));
}


static void
test_requests(void)
{
    char      buf[100];
    look_t    look;
    viewer_t *viewer;
    uint32_t  t, next[4];
    ngx_uint_t  i, k;

    fresh(1024 * 1024);
    viewer = add(7);

    model_asked(viewer, 0, 1000);
    tap_is(counts->watched, 0, "one request is no time");
    tap_is(counts->streams[0].views, 1, "  but a view");

    model_asked(viewer, 0, 3000);
    tap_is(counts->watched, 2000, "two are");
    tap_is(counts->streams[0].views, 1, "  and one view");
    model_asked(viewer, 0, 3000);
    ngx_multisource_viewer_asked(&show, viewer, 0, NOW + 2500);
    tap_is(counts->watched, 2000, "the same moment, or an older one, is none");

    model_asked(viewer, 0, 13000);
    tap_is(counts->watched, 12000, "up to the window");
    model_asked(viewer, 0, 23001);
    tap_is(counts->watched, 12000, "  but not beyond");
    tap_is(counts->streams[0].views, 2, "  that is another view");

    (void) look_at(7, &look);
    tap_is(look.watching, 1, "he watches it");
    ngx_multisource_viewer_asked(&show, viewer, 4, NOW + 24000);
    ngx_multisource_viewer_asked(&show, viewer, 99, NOW + 24000);
    (void) look_at(7, &look);
    tap_is(look.watching, 1, "  and nothing that is not there");

    model_check("one", 15);

    /* two in turns, one in the middle of the other, gaps in one */

    fresh(1024 * 1024);
    viewer = add(7);

    for (t = 0; t <= 20000; t += 1000) {
        model_asked(viewer, 0, t);
        model_asked(viewer, 1, t + 500);
    }

    model_check("two in turns", 15);

    fresh(1024 * 1024);
    viewer = add(7);

    for (t = 0; t < 40000; t += 2000) {
        model_asked(viewer, 0, t);

        if (t > 10000 && t < 20000) {
            model_asked(viewer, 1, t + 700);
            model_asked(viewer, 2, t + 1000);
        }
    }

    model_asked(viewer, 2, 41000);
    model_asked(viewer, 2, 50000);
    model_check("one for a while", 15);

    /* at random, of which the model is the judge */

    for (k = 0; k < 20; k++) {
        fresh(1024 * 1024);
        viewer = add(7);

        if (k >= 10) {
            ngx_multisource_viewer_preferences(viewer, &look.preferences);
            look.preferences.enabled = 5;
            ngx_multisource_viewer_prefer(viewer, &look.preferences);
        }

        for (i = 0; i < 4; i++) {
            next[i] = 1 + random_below(5000);
        }

        for (t = 0; t < MODEL; t++) {
            for (i = 0; i < 4; i++) {
                if (next[i] != t) {
                    continue;
                }

                model_asked(viewer, i, t);
                next[i] = t + 1
                          + random_below(random_below(10) ? 5000 : 30000);
            }
        }

        sprintf(buf, "any requests %u", (unsigned) k);
        model_check(buf, k < 10 ? 15 : 5);
    }
}


static void
test_both(void)
{
    look_t      look;
    viewer_t   *viewer;
    beacon_t    b;
    uint64_t    now, amount;
    ngx_uint_t  i;

    fresh(1024 * 1024);
    viewer = add(7);
    now = NOW;

    /* a player that tells its first seconds after requests had counted them */

    for (i = 0; i <= 9; i++) {
        ngx_multisource_viewer_asked(&show, viewer, 0, now + i * 1000);
    }

    tap_is(counts->watched, 9000, "requests count until a player tells");
    tap_is(counts->amount, 9000 * 30000, "  and cost");

    b = told(1, 1, 8200, 0, 8200);
    tap_is(tell(viewer, &b, now += 10000), NGX_OK, "who knows better");
    tap_is(counts->watched, 8200, "  to the ms");
    tap_is(counts->streams[0].watched, 8200, "  in each figure");
    tap_is(counts->amount, 8200 * 30000, "  and the price");
    tap_is(counts->streams[0].views, 1, "  of one view");

    /* from then on requests are only looked at */

    for (i = 0; i < 10; i++) {
        ngx_multisource_viewer_asked(&show, viewer, 0, now + i * 1000);
        ngx_multisource_viewer_asked(&show, viewer, 1, now + i * 1000);
    }

    tap_is(counts->watched, 8200, "from then on requests do not count");
    tap_is(counts->streams[1].views, 0, "  nor are they views");

    b = told(2, 1, 10000, 0, 10000);
    (void) tell(viewer, &b, now += 10000);
    tap_is(counts->watched, 18200, "  but what he tells");
    tap_is(counts->streams[1].watched, 0, "  and only that");
    amount = 18200 * 30000;
    tap_is(counts->amount, amount, "  costs");

    /* a player that keeps to itself what it was sent */

    for (i = 0; i < 25; i++) {
        ngx_multisource_viewer_asked(&show, viewer, 0, now + i * 1000);
    }

    b = told(3, 1, 1000, 0, 1000);
    (void) tell(viewer, &b, now += 25000);
    tap_is(counts->watched, 18200 + 25000,
           "one that leaves out too much is not believed");
    amount += 25000 * 30000;
    tap_is(counts->amount, amount, "  and pays");

    for (i = 0; i <= 15; i++) {
        ngx_multisource_viewer_asked(&show, viewer, 0, now + i * 1000);
    }

    b = told(4, 1, 1000, 0, 1000);
    (void) tell(viewer, &b, now += 15000);
    tap_is(counts->watched, 18200 + 25000 + 1000, "up to then it is");
    amount += 1000 * 30000;

    /* one that falls silent: requests count, those since the last one, too */

    for (i = 1; i <= 30; i++) {
        ngx_multisource_viewer_asked(&show, viewer, 0, now + i * 1000);
        ngx_multisource_viewer_asked(&show, viewer, 1, now + i * 1000);
    }

    tap_is(counts->watched, 44200, "one that falls silent");

    ngx_multisource_viewer_asked(&show, viewer, 0, now + 31000);
    ngx_multisource_viewer_asked(&show, viewer, 1, now + 31000);
    tap_is(counts->watched, 44200 + 31000, "  is counted by requests");
    tap_is(counts->streams[1].watched, 30000, "  all of them");

    /* `b` was asked for a second later than `a` */

    amount += 30000ULL * 35000 / 10 * 9 + 1000ULL * 30000;
    tap_is(counts->amount, amount, "  at their price");

    ngx_multisource_viewer_asked(&show, viewer, 0, now + 33000);
    tap_is(counts->watched, 44200 + 33000, "  and goes on so");

    b = told(5, 1, 33000, 33000, 33000);
    (void) tell(viewer, &b, now += 33500);
    tap_is(counts->watched, 44200 + 33000, "until it tells again");
    tap_is(counts->streams[1].watched, 33000, "  what it was");

    (void) look_at(7, &look);
    tap_ok(look.watched == counts->watched && look.amount == counts->amount,
           "the viewer's figures are the same");

    /* refunds do not go below nothing, whatever was lost before */

    fresh(1024 * 1024);
    viewer = add(7);
    now = NOW;

    ngx_multisource_viewer_asked(&show, viewer, 0, now);
    ngx_multisource_viewer_asked(&show, viewer, 0, now + 5000);
    viewer->total[0] = 100;
    counts->streams[0].watched = 50;
    viewer->amount = 0;
    counts->watched = 7;

    b = told(1, 1, 1000, 0, 1000);
    (void) tell(viewer, &b, now + 6000);
    (void) look_at(7, &look);
    tap_ok(look.total[0] == 0 && counts->streams[0].watched == 0
           && look.amount == 0 && counts->watched == 0
           && look.watched == 1000,
           "what a dead process did not add is not taken away");
}


/* how often somebody began to watch */

static void
test_views(void)
{
    look_t      look;
    beacon_t    b;
    viewer_t   *viewer;
    uint64_t    now;
    ngx_uint_t  i;

    fresh(1024 * 1024);
    viewer = add(7);
    now = NOW;

    /* a page that prepares one stream, and shows another one */

    for (i = 0; i < 5; i++) {
        ngx_multisource_viewer_asked(&show, viewer, 0, now + i * 1000);
        ngx_multisource_viewer_asked(&show, viewer, 1, now + i * 1000);
    }

    tap_is(counts->streams[1].views, 1, "requests make a view");

    b = told(1, 1, 4000, 0, 4000);
    (void) tell(viewer, &b, now += 5000);
    tap_is(counts->streams[0].views, 1, "one is seen");
    tap_is(counts->streams[1].views, 0, "  the other one was not");

    b = told(2, 2, 600, 400, 1000);
    (void) tell(viewer, &b, now += 1000);
    tap_is(counts->streams[1].views, 1, "until it is");
    tap_is(counts->streams[0].views, 1, "  which ends no view");

    /* between two beacons */

    b = told(3, 2, NGX_MULTISOURCE_VIEWER_GLANCE - 1, 1000, 1000);
    (void) tell(viewer, &b, now += 1000);
    tap_is(counts->streams[0].views, 1, "a glance is none");
    b = told(4, 2, NGX_MULTISOURCE_VIEWER_GLANCE, 1000, 1000);
    (void) tell(viewer, &b, now += 1000);
    tap_is(counts->streams[0].views, 2, "a longer look is one");
    b = told(5, 3, 10, 1000, 1000);
    (void) tell(viewer, &b, now += 1000);
    tap_is(counts->streams[0].views, 3, "so is what has just begun");

    /* he stops to tell, and requests count again */

    now += NGX_MULTISOURCE_VIEWER_BEACON + 1;
    ngx_multisource_viewer_look(&shows, now);
    ngx_multisource_viewer_asked(&show, viewer, 3, now);
    ngx_multisource_viewer_look(&shows,
                                now + NGX_MULTISOURCE_VIEWER_WINDOW + 1);
    (void) look_at(7, &look);
    tap_is(look.watching, 0, "nobody watches any more");
    tap_is(counts->streams[3].views, 1, "  who did");

    b = told(6, 0, 0, 0, 5000);
    b.watched[3] = 5000;
    (void) tell(viewer, &b, now += 20000);
    tap_is(counts->streams[3].views, 1, "a late beacon begins nothing anew");
    b = told(7, 0, 0, 0, 0);
    (void) tell(viewer, &b, now += 1000);
    tap_is(counts->streams[3].views, 1, "  nor does the next one take it away");

    /* the show ends, and the last beacon comes after that */

    b = told(8, 1, 1000, 0, 1000);
    (void) tell(viewer, &b, now += 1000);
    tap_is(counts->streams[0].views, 4, "again");

    (void) ngx_multisource_show_end(&shows, &show, now);
    ngx_multisource_viewer_look(&shows, now + 1000);
    (void) look_at(7, &look);
    tap_is(look.watching, 0, "what has ended nobody watches");

    b = told(9, 0, 800, 0, 800);
    b.leaving = 1;
    tap_is(tell(viewer, &b, now + 1100), NGX_OK, "the last seconds are told");
    tap_is(counts->streams[0].views, 4, "  which is no other view");
}


static void
test_look(void)
{
    show_t      bob;
    viewer_t   *viewer, *other, *third;
    beacon_t    b;
    uint64_t    now;
    counts_t   *bobs;

    fresh(1024 * 1024);
    show_make("bob", &bob);
    bobs = ngx_multisource_show_counts(&bob);
    now = NOW;

    viewer = add(1);
    other = add(2);
    third = ngx_multisource_viewer_find(&shows, &bob, 1, 1);

    ngx_multisource_viewer_look(&shows, now);
    tap_is(counts->now, 0, "who has asked for nothing is not there");

    ngx_multisource_viewer_asked(&show, viewer, 0, now);
    ngx_multisource_viewer_asked(&show, viewer, 1, now);
    b = told(1, 2, 0, 0, 0);
    (void) tell(other, &b, now);
    ngx_multisource_viewer_asked(&bob, third, 3, now);

    ngx_multisource_viewer_look(&shows, now += 1000);
    tap_is(counts->now, 2, "who has asked, or told, is");
    tap_is(counts->peak, 2, "  most");
    tap_is(counts->streams[0].now, 1, "  one at the first stream");
    tap_is(counts->streams[1].now, 2, "  two at the second");
    tap_is(counts->streams[1].peak, 2, "  most");
    tap_is(bobs->now, 1, "  one at the other show");
    tap_is(bobs->streams[3].now, 1, "  and its stream");

    ngx_multisource_viewer_asked(&show, viewer, 0, now += 5000);
    ngx_multisource_viewer_look(&shows,
                                NOW + NGX_MULTISOURCE_VIEWER_WINDOW + 1);
    tap_is(counts->now, 2, "one stream that is not asked for any more");
    tap_is(counts->streams[1].now, 1, "  is not watched");
    tap_is(counts->streams[0].now, 1, "  others are");
    tap_is(counts->streams[1].peak, 2, "  the peak stays");
    tap_is(bobs->now, 0, "who does not ask is gone");
    tap_is(bobs->peak, 1, "  but was there");
    tap_is(bobs->streams[3].now, 0, "  with his stream");

    ngx_multisource_viewer_look(&shows, NOW + NGX_MULTISOURCE_VIEWER_BEACON);
    tap_is(counts->now, 1, "who tells is believed for longer");
    ngx_multisource_viewer_look(&shows,
                                NOW + NGX_MULTISOURCE_VIEWER_BEACON + 1);
    tap_is(counts->now, 0, "  but not forever");
    tap_is((uint16_t) viewer->watching + (uint16_t) other->watching, 0,
           "nobody watches");

    b = told(2, 1, 0, 0, 0);
    (void) tell(other, &b, now += 60000);
    ngx_multisource_viewer_look(&shows, now);
    tap_is(counts->now, 1, "he tells again");
    b.seq = 3;
    b.leaving = 1;
    (void) tell(other, &b, now);
    ngx_multisource_viewer_look(&shows, now);
    tap_is(counts->now, 0, "  that he leaves");

    ngx_multisource_viewer_asked(&show, viewer, 0, now);
    ngx_multisource_viewer_look(&shows, now);
    tap_is(counts->now, 1, "one is there");
    (void) ngx_multisource_show_end(&shows, &show, now);
    ngx_multisource_viewer_look(&shows, now);
    tap_is(counts->now, 0, "  when the show ends nobody is");
    tap_is(counts->streams[0].now, 0, "  nor at a stream");
    tap_is(counts->peak, 2, "  but they were");

    shows_allocs = 0;
    free(shows.tally);
    shows.tally = NULL;
    ngx_multisource_viewer_look(&shows, now);
    shows_allocs = 1000000;
    tap_ok(1, "without memory there is no look");
}


static void
test_restore(void)
{
    look_t      look, again;
    viewer_t   *viewer;

    fresh(1024 * 1024);

    ngx_memzero(&look, sizeof(look_t));
    look.id = 5;
    look.joined = NOW - 100000;
    look.seen = NOW - 50000;
    look.watched = 40000;
    look.amount = 123456789;
    look.watching = 3;
    look.total[3] = 40000;
    look.preferences.set = 1;
    look.preferences.enabled = 8;
    look.preferences.main = 3;
    look.preferences.pip = NONE;
    look.preferences.size = 30;
    counts->distinct = 17;

    tap_is(ngx_multisource_viewer_restore(&shows, &show, &look), NGX_OK,
           "a viewer comes back");
    tap_is(ngx_multisource_viewer_restore(&shows, &show, &look), NGX_DONE,
           "  once");
    tap_is(counts->distinct, 17, "  and was counted before");

    tap_is(look_at(5, &again), NGX_OK, "he is there");
    tap_ok(again.joined == look.joined && again.seen == look.seen
           && again.watched == look.watched && again.amount == look.amount
           && again.total[3] == 40000 && again.watching == 0
           && again.preferences.enabled == 8
           && again.preferences.size == 30, "  as he was");

    viewer = ngx_multisource_viewer_find(&shows, &show, 5, 0);
    tap_ok(viewer != NULL, "  and is found");

    look.id = 0;
    tap_is(ngx_multisource_viewer_restore(&shows, &show, &look), NGX_DECLINED,
           "nobody is 0");
}


static ngx_uint_t
places_of(show_t *s)
{
    look_t      look;
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0;
         ngx_multisource_viewer_next(&shows, s, &i, &look) == NGX_OK;
         /* void */)
    {
        n++;
    }

    return n;
}


static void
test_room(void)
{
    show_t                         bob, carol;
    viewer_t                      *viewer, *table;
    uint64_t                       distinct;
    ngx_uint_t                     i, a, b, got, wrong;
    ngx_atomic_uint_t              lost;
    ngx_multisource_show_totals_t  totals;

    fresh(NGX_MULTISOURCE_SHOW_MIN_ZONE);
    show_make("bob", &bob);
    show_make("carol", &carol);

    for (i = 1; i < 20000; i++) {
        (void) ngx_multisource_viewer_find(&shows, i & 1 ? &show : &bob, i, 1);
    }

    ngx_multisource_show_totals(&shows, &totals);
    tap_is(totals.viewers, shows.nviewers, "a table that is full");
    tap_ok(totals.lost_viewers == 19999 - shows.nviewers,
           "  has no place for others, who are told of");

    a = places_of(&show);
    b = places_of(&bob);
    tap_is(a + b, shows.nviewers, "  all are of two shows");
    distinct = counts->distinct;
    tap_is(distinct, a, "  of which each knows its own");

    got = 0;

    for (i = 1; i <= 20; i++) {
        got += ngx_multisource_viewer_find(&shows, &carol, i, 1) != NULL;
    }

    tap_is(got, 0, "viewers of open shows do not make room");

    (void) ngx_multisource_show_end(&shows, &bob, NOW + 2000);
    (void) ngx_multisource_show_end(&shows, &show, NOW + 1000);

    for (i = 1; i <= 20; i++) {
        got += ngx_multisource_viewer_find(&shows, &carol, i, 1) != NULL;
    }

    tap_is(got, 20, "those of shows that ended do");
    tap_is(places_of(&show), a - 20, "  first of the one that ended first");
    tap_is(places_of(&bob), b, "  and not of the other one");
    tap_is(counts->distinct, distinct, "  whose figures stay");
    tap_is(places_of(&carol), 20, "  the new ones are there");

    /* a show whose slot is taken leaves no viewers */

    wrong = 0;

    for (i = 0; ngx_multisource_show_counts(&show); i++) {
        char    name[32];
        show_t  s;

        sprintf(name, "x%u", (unsigned) i);
        wrong += begin(name, NOW, &s) != NGX_OK;
    }

    tap_is(wrong, 0, "the show makes room, too");
    tap_is(places_of(&show), 0, "  none of its viewers is there");
    ngx_multisource_viewer_look(&shows, NOW);
    ngx_multisource_show_totals(&shows, &totals);
    tap_is(totals.viewers, b + 20, "  and soon their places are free");

    /* places that somebody was about to fill */

    for (got = 0; got < 4; got++) {
        fresh(NGX_MULTISOURCE_SHOW_MIN_ZONE);
        table = shows.viewers;

        for (i = 0; i < shows.nviewers; i++) {
            table[i].ticket = (ngx_atomic_uint_t) 1 << 63 | i << 22
                              | (got == 3 ? getppid() : dead);
            table[i].id = got >= 1 ? 5 : 0;
            shows.marks[i] = got >= 2 ? i + 1 : 0;
        }

        viewer = ngx_multisource_viewer_find(&shows, &show, 5, 1);

        if (got == 3) {
            lost = shows.shared->lost_viewers;
            tap_ok(viewer == NULL && lost == 1,
                   "  of one that is alive is not");
            ngx_multisource_viewer_look(&shows, NOW);
            tap_ok(table[1].ticket != 0, "  and stays his");
            break;
        }

        tap_ok(viewer != NULL, "a place that a dead process was filling is "
               "free");

        ngx_multisource_viewer_look(&shows, NOW);
        ngx_multisource_show_totals(&shows, &totals);
        tap_is(totals.viewers, 1, "  as the others are");
    }
}


static void
test_many(void)
{
    char        name[32];
    double      start, best;
    show_t     *kept;
    viewer_t   *viewer;
    uint64_t    now, sum;
    ngx_uint_t  i, n, wrong;
    beacon_t    b;
    ngx_multisource_show_totals_t  totals;

    fresh(100 * 1024 * 1024);

    n = 10000;
    wrong = 0;
    kept = malloc(n * sizeof(show_t));
    if (kept == NULL) {
        bail("malloc() failed");
    }

    for (i = 0; i < n; i++) {
        sprintf(name, "streamer%u", (unsigned) i);
        show_make(name, &kept[i]);
    }

    start = cpu_seconds();

    for (i = 0; i < 105000; i++) {

        /* every third in one show */

        wrong += ngx_multisource_viewer_find(&shows,
                                             &kept[i % 3 ? i % n : 1],
                                             1 + i * 7919ULL, 1)
                 == NULL;
    }

    printf("# to add a viewer: %.2f us\n",
           (cpu_seconds() - start) * 1e6 / 105000);

    ngx_multisource_show_totals(&shows, &totals);
    tap_is(wrong, 0, "105000 viewers of 10000 shows have their places");
    tap_is(totals.viewers, 105000, "  at the same time");
    tap_is(totals.live, n + 1, "  as the shows have");
    tap_is(totals.lost_viewers, 0, "  none is lost");

    now = NOW;
    start = cpu_seconds();

    for (i = 0; i < 105000; i++) {
        viewer = ngx_multisource_viewer_find(&shows,
                                             &kept[i % 3 ? i % n : 1],
                                             1 + i * 7919ULL, 0);
        if (viewer == NULL) {
            wrong++;
            continue;
        }

        ngx_multisource_viewer_asked(&kept[i % 3 ? i % n : 1], viewer, i & 3,
                                     now);
    }

    printf("# a request of a viewer: %.2f us\n",
           (cpu_seconds() - start) * 1e6 / 105000);

    b = told(1, 1, 1000, 0, 1000);
    start = cpu_seconds();

    for (i = 0; i < 105000; i += 2) {
        viewer = ngx_multisource_viewer_find(&shows,
                                             &kept[i % 3 ? i % n : 1],
                                             1 + i * 7919ULL, 0);
        if (viewer == NULL) {
            wrong++;
            continue;
        }

        wrong += ngx_multisource_viewer_beacon(&kept[i % 3 ? i % n : 1],
                                               viewer, &b, now + 2000)
                 != NGX_OK;
    }

    printf("# a beacon: %.2f us\n", (cpu_seconds() - start) * 1e6 / 52500);

    tap_is(wrong, 0, "all ask, and every second one tells");

    best = 1;

    for (i = 0; i < 5; i++) {
        start = cpu_seconds();
        ngx_multisource_viewer_look(&shows, now + 3000);
        start = cpu_seconds() - start;
        best = ngx_min(best, start);
    }

    printf("# a look at 105000 viewers of 10000 shows: %.2f ms\n",
           best * 1e3);

    sum = 0;

    for (i = 0; i < n; i++) {
        sum += ngx_multisource_show_counts(&kept[i])->now;
    }

    tap_is(sum, 105000, "a look sees them all");

    start = cpu_seconds();
    i = places_of(&kept[1]);
    printf("# a walk through the %u of a show: %.2f ms\n", (unsigned) i,
           (cpu_seconds() - start) * 1e3);
    tap_is(i, 35008, "a show's are found");

    start = cpu_seconds();
    ngx_multisource_viewer_look(&shows, now + 60000);
    printf("# a look when all have gone: %.2f ms\n",
           (cpu_seconds() - start) * 1e3);
    tap_is(ngx_multisource_show_counts(&kept[1])->now, 0, "all go");

    for (i = 0; i < shows.nviewers; i++) {
        if (ngx_multisource_viewer_find(&shows, &kept[i % n],
                                        1000000007ULL * (i + 1), 1)
            == NULL)
        {
            break;
        }
    }
    printf("# the first one without a place: after %u of %u\n",
           (unsigned) (i + 105000), (unsigned) shows.nviewers);

    free(kept);
}


/* retried where another process is at the same viewer */

static viewer_t *
find_busy(show_t *s, uint64_t id)
{
    viewer_t    *viewer;
    ngx_uint_t   i;

    for (i = 0; i < 100000; i++) {
        viewer = ngx_multisource_viewer_find(&shows, s, id, 1);

        if (viewer) {
            return viewer;
        }

        (void) ngx_atomic_fetch_add(&board->n[9], 1);
        (void) usleep(50);
    }

    (void) ngx_atomic_fetch_add(&board->n[0], 1);
    _exit(1);
}


static void
work_together(ngx_uint_t number)
{
    show_t      s[SHARED], own;
    viewer_t   *viewer;
    beacon_t    b;
    ngx_str_t   app, name;
    uint64_t    now;
    ngx_uint_t  i, k;

    static const char  *names[] = { "s0", "s1", "s2", "s3" };

    app = text("live");

    for (i = 0; i < SHARED; i++) {
        name = text(names[i]);
        (void) ngx_multisource_show_of(&shows, &app, &name, 0, &s[i]);
    }

    name = text("alice");
    (void) ngx_multisource_show_of(&shows, &app, &name, 0, &own);

    /* the same viewers, in the same order, at the same time */

    for (i = 0; i < SAME; i++) {
        (void) find_busy(&s[0], i + 1);
    }

    for (i = 0; i < ROUNDS; i++) {

        /* beacons of viewers that all share, in any order */

        k = random_below(SHARED);
        viewer = find_busy(&s[k], 10000 + random_below(100));

        b = told(ngx_atomic_fetch_add(&board->n[1], 1) + 1, random_below(16),
                 0, 0, 0);
        b.stalls = 1;
        b.stalled = 3;
        b.join_ms = 150;
        b.nswitches = 1;
        b.switches[0].to = 1;

        if (ngx_multisource_viewer_beacon(&s[k], viewer, &b, NOW + 100)
            == NGX_OK)
        {
            (void) ngx_atomic_fetch_add(&board->n[2], 1);
        }

        /* and of each one's own, one that tells and one that asks */

        now = NOW + (i + 1) * 1000;

        viewer = find_busy(&own, 100 + number);
        b = told(i + 1, 3, 1000, 700, 1000);

        if (ngx_multisource_viewer_beacon(&own, viewer, &b, now) != NGX_OK) {
            (void) ngx_atomic_fetch_add(&board->n[0], 1);
        }

        viewer = find_busy(&own, 200 + number);
        ngx_multisource_viewer_asked(&own, viewer, 2, now);
        ngx_multisource_viewer_asked(&own, viewer, 3, now);

        /* all together one that asks, each ms once */

        viewer = find_busy(&s[1], 99);
        ngx_multisource_viewer_asked(&s[1], viewer, 0,
                               NOW + ngx_atomic_fetch_add(&board->n[3], 1));

        if (number == 0 && i % 500 == 0) {
            ngx_multisource_viewer_look(&shows, NOW);
        }
    }
}


static void
test_together(void)
{
    char        seen[SAME + 1];
    show_t      s[SHARED];
    look_t      look;
    counts_t   *c;
    uint64_t    watched, amount, total[4];
    ngx_uint_t  i, k, n, wrong, distinct, stalls, stalled, switched, joins;

    fresh(4 * 1024 * 1024);

    for (i = 0; i < SHARED; i++) {
        char  name[8];

        sprintf(name, "s%u", (unsigned) i);
        show_make(name, &s[i]);
    }

    ngx_memzero((void *) board, sizeof(shows_board_t));
    board->n[3] = 1;

    together(work_together);
    tap_is(board->n[0], 0, "nothing fails");
    printf("# one viewer in two processes at once: %u retries\n",
           (unsigned) board->n[9]);

    ngx_memzero(seen, sizeof(seen));
    wrong = 0;
    n = 0;

    while (ngx_multisource_viewer_next(&shows, &s[0], &n, &look) == NGX_OK) {

        if (look.id <= SAME) {
            wrong += seen[look.id]++ != 0;
        }
    }

    for (i = 1; i <= SAME; i++) {
        wrong += !seen[i];
    }

    tap_is(wrong, 0, "those whom all added at once are there once");

    distinct = 0;
    stalls = 0;
    stalled = 0;
    switched = 0;
    joins = 0;
    wrong = 0;

    for (i = 0; i < SHARED; i++) {
        c = ngx_multisource_show_counts(&s[i]);
        distinct += c->distinct;
        stalls += c->stalls;
        stalled += c->stalled;
        switched += c->switches[0][1];
        joins += c->joins;
        wrong += c->distinct != places_of(&s[i]);
        wrong += c->join_ms != c->joins * 150;
        wrong += c->join_buckets[1] != c->joins;
    }

    tap_is(wrong, 0, "  and counted once");
    tap_is(distinct, SAME + SHARED * 100 + 1, "  as all are");
    tap_ok(board->n[2] > 0 && board->n[2] <= ROUNDS * SHOWS_PROCESSES,
           "beacons that came in time count");
    printf("# %u of %u\n", (unsigned) board->n[2], ROUNDS * SHOWS_PROCESSES);
    tap_is(stalls, board->n[2], "  each once: stalls");
    tap_is(stalled, board->n[2] * 3, "  their time");
    tap_is(switched, board->n[2], "  switches");
    tap_is(joins, board->n[2], "  latencies");

    c = ngx_multisource_show_counts(&s[1]);
    i = c->streams[0].watched;
    tap_ok(c->watched == i && i <= board->n[3] - 1 && i > board->n[3] / 2,
           "the time of one whom all ask for is not counted twice");
    printf("# %u of %u ms\n", (unsigned) i, (unsigned) board->n[3] - 2);

    c = ngx_multisource_show_counts(&show);
    ngx_memzero(total, sizeof(total));
    watched = 0;
    amount = 0;
    n = 0;

    while (ngx_multisource_viewer_next(&shows, &show, &n, &look) == NGX_OK) {
        watched += look.watched;
        amount += look.amount;

        for (k = 0; k < 4; k++) {
            total[k] += look.total[k];
        }
    }

    k = SHOWS_PROCESSES;

    tap_is(c->watched, k * (ROUNDS * 1000 + (ROUNDS - 1) * 1000),
           "each one's own add up");
    tap_is(watched, c->watched, "  in the viewers as well");
    tap_is(c->streams[0].watched, k * ROUNDS * 1000, "  what was told");
    tap_is(c->streams[1].watched, k * ROUNDS * 700, "  what was told");
    tap_is(c->streams[2].watched, k * (ROUNDS - 1) * 1000, "  what was asked");
    tap_ok(total[0] == c->streams[0].watched
           && total[1] == c->streams[1].watched
           && total[2] == c->streams[2].watched
           && total[3] == c->streams[3].watched, "  in the viewers as well");
    tap_is(c->amount, k * ROUNDS * (700ULL * 35000 / 10 * 9 + 300 * 30000)
                      + k * (ROUNDS - 1) * (1000ULL * 21000 / 10 * 9),
           "  and it costs as much as it has to");
    tap_is(amount, c->amount, "  all together");
    tap_is(c->streams[0].views, k, "  each began once");
    tap_is(c->streams[3].views, k, "  each began once");
}


static void
work_adding(ngx_uint_t number)
{
    ngx_str_t  app, name;
    show_t     s;

    app = text("live");
    name = text("alice");
    (void) ngx_multisource_show_of(&shows, &app, &name, 0, &s);

    for ( ;; ) {
        (void) ngx_multisource_viewer_find(&shows, &s,
                                           1 + random_below(100000), 1);
    }
}


/* killed while it fills the table, which has to become full after all */

static void
test_killed(void)
{
    pid_t                          pid;
    look_t                         look;
    ngx_uint_t                     i, n, wrong, distinct;
    ngx_multisource_show_totals_t  totals;

    wrong = 0;
    board->go = 1;

    for (i = 0; i < 60; i++) {

        if (i % 10 == 0) {
            fresh(1024 * 1024);
        }

        pid = spawn(work_adding, 0);
        (void) usleep(300 + random_below(1000));
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);

        /* who was there is found, and no place but that of a free one is not
           a viewer's */

        for (n = 0;
             ngx_multisource_viewer_next(&shows, &show, &n, &look) == NGX_OK;
             /* void */)
        {
            wrong += ngx_multisource_viewer_find(&shows, &show, look.id, 0)
                     == NULL;
        }
    }

    tap_is(wrong, 0, "whoever was added before a death is found");

    for (i = 1; i < 60000; i++) {
        (void) ngx_multisource_viewer_find(&shows, &show, i, 1);
    }

    ngx_multisource_show_totals(&shows, &totals);
    tap_is(totals.viewers, shows.nviewers, "all places can be used");

    distinct = counts->distinct;
    tap_is(places_of(&show), shows.nviewers, "  by viewers");
    tap_ok(distinct <= shows.nviewers && distinct + 60 >= shows.nviewers,
           "  who are counted, but for those of whom the process died");
}


int
main(void)
{
    shows_init();

    dead = fork();

    if (dead == -1) {
        bail("fork() failed");
    }

    if (dead == 0) {
        _exit(0);
    }

    (void) waitpid(dead, NULL, 0);

    test_places();
    test_preferences();
    test_beacons();
    test_requests();
    test_both();
    test_views();
    test_look();
    test_restore();
    test_room();
    test_many();
    test_together();
    test_killed();

    return tap_done();
}
