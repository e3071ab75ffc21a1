
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_shows.h"
#include "ngx_multisource_viewer.h"


/* in a ticket: somebody fills or empties the place; with a stamp */
#define NGX_MULTISOURCE_VIEWER_CLAIM     ((ngx_atomic_uint_t) 1 << 63)

/* how long one waits for another worker that adds the same viewer, pauses */
#define NGX_MULTISOURCE_VIEWER_TRIES     256

/* who has joined and nothing else for so long may lose his place, ms */
#define NGX_MULTISOURCE_VIEWER_IDLE      60000

/* what times of beacons may be longer than those of the server, ms */
#define NGX_MULTISOURCE_VIEWER_LATE      1000

/* what is more is no latency any more, ms */
#define NGX_MULTISOURCE_VIEWER_MAX_JOIN  600000

/* a stall and what is between two takes so long at least, ms */
#define NGX_MULTISOURCE_VIEWER_MIN_STALL 10

/* `beacon`: the last one said that he leaves */
#define NGX_MULTISOURCE_VIEWER_LEFT      ((ngx_atomic_uint_t) 1 << 32)

/* the words of `asked`: at:32 row:14 counted:1 sum:17 */
#define NGX_MULTISOURCE_VIEWER_AT        32
#define NGX_MULTISOURCE_VIEWER_ROW       18
#define NGX_MULTISOURCE_VIEWER_MAX_ROW   0x3fff
#define NGX_MULTISOURCE_VIEWER_COUNTED   ((ngx_atomic_uint_t) 1 << 17)
#define NGX_MULTISOURCE_VIEWER_MAX_SUM   0x1ffff

#define NGX_MULTISOURCE_VIEWER_ALL       0xffff

/* where in `watching` the bits of views are that requests made */
#define NGX_MULTISOURCE_VIEWER_MADE      16

#if (NGX_MULTISOURCE_VIEWER_WINDOW > NGX_MULTISOURCE_VIEWER_MAX_ROW)
#error a row of requests has no room for a window
#endif

/* size of the picture in the picture, % */
#define NGX_MULTISOURCE_VIEWER_MIN_SIZE  10
#define NGX_MULTISOURCE_VIEWER_SIZE      25
#define NGX_MULTISOURCE_VIEWER_MAX_SIZE  40


/* a word of `asked` */

typedef struct {
    ngx_uint_t    never;
    uint32_t      at;
    uint32_t      row;
    uint32_t      sum;
    ngx_uint_t    counted;
} ngx_multisource_viewer_word_t;


/* what is added to a viewer and to his show; negative: it was too much */

typedef struct {
    int64_t       streams[NGX_MULTISOURCE_SHOW_STREAMS];    /* ms */
    int64_t       any;
    int64_t       amount;
} ngx_multisource_viewer_sum_t;


/* where a viewer is looked for */

typedef struct {
    ngx_multisource_shows_t   *shows;
    ngx_multisource_viewer_t  *viewers;
    uint64_t                   id;
    ngx_atomic_uint_t          ticket;
    ngx_uint_t                 slot;
    ngx_uint_t                 start;
    uint32_t                   mark;
} ngx_multisource_viewer_place_t;


static ngx_int_t ngx_multisource_viewer_stretch(
    ngx_multisource_viewer_place_t *place, ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, uint64_t id);
static uint32_t ngx_multisource_viewer_mark(ngx_atomic_uint_t ticket);
static ngx_multisource_viewer_t *ngx_multisource_viewer_search(
    ngx_multisource_viewer_place_t *place);
static ngx_multisource_viewer_t *ngx_multisource_viewer_add(
    ngx_multisource_viewer_place_t *place, uint64_t joined,
    ngx_multisource_viewer_look_t *look, ngx_uint_t *added);
static ngx_uint_t ngx_multisource_viewer_choose(
    ngx_multisource_viewer_place_t *place);
static ngx_uint_t ngx_multisource_viewer_take(
    ngx_multisource_viewer_place_t *place, ngx_atomic_uint_t claim);
static ngx_int_t ngx_multisource_viewer_alone(
    ngx_multisource_viewer_place_t *place, ngx_uint_t n);
static void ngx_multisource_viewer_release(ngx_multisource_shows_t *shows,
    ngx_uint_t n, ngx_atomic_uint_t claim);
static ngx_uint_t ngx_multisource_viewer_abandoned(ngx_atomic_uint_t ticket);
static void ngx_multisource_viewer_raise(ngx_atomic_t *value, uint64_t n);
static int64_t ngx_multisource_viewer_adjust(ngx_atomic_t *value, int64_t add);
static int64_t ngx_multisource_viewer_adjust_total(volatile uint32_t *value,
    int64_t add);
static void ngx_multisource_viewer_count(ngx_multisource_viewer_t *viewer,
    ngx_multisource_show_counts_t *counts, ngx_multisource_viewer_sum_t *sum);
static void ngx_multisource_viewer_word(ngx_atomic_uint_t word,
    ngx_multisource_viewer_word_t *w);
static ngx_atomic_uint_t ngx_multisource_viewer_packed(
    ngx_multisource_viewer_word_t *w);
static uint32_t ngx_multisource_viewer_part(uint32_t from, uint32_t to,
    uint32_t *starts, uint32_t *ends, uint16_t rows, uint16_t *covered);
static void ngx_multisource_viewer_row(ngx_multisource_show_t *show,
    ngx_multisource_viewer_t *viewer, ngx_uint_t stream, uint32_t gap,
    uint32_t now, ngx_multisource_viewer_sum_t *sum);
static void ngx_multisource_viewer_settle(ngx_multisource_show_t *show,
    ngx_multisource_viewer_t *viewer, uint64_t now,
    ngx_multisource_viewer_sum_t *sum);
static uint64_t ngx_multisource_viewer_price(ngx_multisource_show_t *show,
    uint16_t enabled, uint32_t *watched, uint32_t any);
static ngx_uint_t ngx_multisource_viewer_told(
    ngx_multisource_viewer_t *viewer, uint64_t now);
static ngx_int_t ngx_multisource_viewer_next_beacon(
    ngx_multisource_viewer_t *viewer, ngx_multisource_beacon_t *beacon,
    uint64_t now);
static void ngx_multisource_viewer_events(
    ngx_multisource_viewer_t *viewer, ngx_multisource_show_counts_t *counts,
    ngx_multisource_beacon_t *beacon, ngx_uint_t nstreams, uint64_t bound);
static ngx_atomic_uint_t ngx_multisource_viewer_pack(
    ngx_multisource_preferences_t *preferences);
static uint16_t ngx_multisource_viewer_watching(
    ngx_multisource_viewer_t *viewer, uint64_t now);


static uint32_t
ngx_multisource_viewer_mark(ngx_atomic_uint_t ticket)
{
    return (uint32_t) (ngx_multisource_show_mix(ticket) & 0xffff) << 16;
}


static ngx_int_t
ngx_multisource_viewer_stretch(ngx_multisource_viewer_place_t *place,
    ngx_multisource_shows_t *shows, ngx_multisource_show_t *show, uint64_t id)
{
    uint32_t  mark;
    uint64_t  hash;

    if (id == 0
        || show->ticket == 0
        || shows->nviewers < NGX_MULTISOURCE_VIEWER_STRETCH)
    {
        return NGX_DECLINED;
    }

    place->shows = shows;
    place->viewers = shows->viewers;
    place->id = id;
    place->ticket = show->ticket;
    place->slot = show->slot - shows->slots;

    /* the same number may be in many shows */

    hash = ngx_multisource_show_mix(id ^ ngx_multisource_show_mix(
                                             show->ticket));

    place->start = (hash >> 32)
                   * (shows->nviewers - NGX_MULTISOURCE_VIEWER_STRETCH + 1)
                   >> 32;

    mark = hash & 0xffff;
    place->mark = ngx_multisource_viewer_mark(show->ticket)
                  | (mark ? mark : 1);

    return place->slot < shows->nslots ? NGX_OK : NGX_DECLINED;
}


ngx_multisource_viewer_t *
ngx_multisource_viewer_find(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, uint64_t id, ngx_uint_t add)
{
    ngx_uint_t                       added;
    ngx_multisource_viewer_t        *viewer;
    ngx_multisource_show_counts_t   *counts;
    ngx_multisource_viewer_place_t   place;

    counts = ngx_multisource_show_counts(show);

    if (counts == NULL
        || ngx_multisource_viewer_stretch(&place, shows, show, id) != NGX_OK)
    {
        return NULL;
    }

    viewer = ngx_multisource_viewer_search(&place);

    if (viewer || !add || show->record.state == NGX_MULTISOURCE_SHOW_ENDED) {
        return viewer;
    }

    viewer = ngx_multisource_viewer_add(&place, 0, NULL, &added);

    if (viewer && added) {
        (void) ngx_atomic_fetch_add(&counts->distinct, 1);
    }

    return viewer;
}


static ngx_multisource_viewer_t *
ngx_multisource_viewer_search(ngx_multisource_viewer_place_t *place)
{
    ngx_uint_t                 n, end;
    ngx_multisource_viewer_t  *viewer;

    end = place->start + NGX_MULTISOURCE_VIEWER_STRETCH;

    for (n = ngx_multisource_show_seek(place->shows->marks, place->start, end,
                                       place->mark);
         n < end;
         n = ngx_multisource_show_seek(place->shows->marks, n + 1, end,
                                       place->mark))
    {
        viewer = &place->viewers[n];

        if (viewer->id == place->id && viewer->ticket == place->ticket) {
            return viewer;
        }
    }

    return NULL;
}


/*
 * A place is claimed, says whose it is to be, and only then is the stretch
 * searched for the same viewer. Of two who do so at once, one sees the other:
 * who has the higher place gives it back, and who has the lower one waits for
 * what becomes of the other, who may have looked before.
 */

static ngx_multisource_viewer_t *
ngx_multisource_viewer_add(ngx_multisource_viewer_place_t *place,
    uint64_t joined, ngx_multisource_viewer_look_t *look, ngx_uint_t *added)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i, n;
    ngx_time_t                *tp;
    ngx_atomic_uint_t          claim;
    ngx_multisource_viewer_t  *viewer, *other;

    *added = 0;

    for (i = 0; i < NGX_MULTISOURCE_VIEWER_TRIES; /* void */) {

        claim = NGX_MULTISOURCE_VIEWER_CLAIM
                | ngx_multisource_show_stamp(place->shows);

        n = ngx_multisource_viewer_take(place, claim);

        if (n == place->shows->nviewers) {
            (void) ngx_atomic_fetch_add(&place->shows->shared->lost_viewers,
                                        1);
            return NULL;
        }

        viewer = &place->viewers[n];

        viewer->id = place->id;
        place->shows->marks[n] = place->mark;

        ngx_memory_barrier();

        do {
            rc = ngx_multisource_viewer_alone(place, n);

            if (rc != NGX_AGAIN) {
                break;
            }

            ngx_cpu_pause();

        } while (++i < NGX_MULTISOURCE_VIEWER_TRIES);

        if (rc == NGX_OK) {
            break;
        }

        ngx_multisource_viewer_release(place->shows, n, claim);

        do {
            other = ngx_multisource_viewer_search(place);

            if (other) {
                return other;
            }

            ngx_cpu_pause();
            i++;

            /* from time to time: the other one may have given up, too */

        } while (i % 64 != 0);
    }

    if (i >= NGX_MULTISOURCE_VIEWER_TRIES) {
        /* who adds him is stopped in the middle of it: next time */
        return NULL;
    }

    if (joined == 0) {
        tp = ngx_timeofday();
        joined = (uint64_t) tp->sec * 1000 + tp->msec;
    }

    viewer->show = place->slot;
    viewer->joined = joined;

    /* all between `joined` and the end, and before, but for the ticket */

    viewer->watching = 0;
    viewer->seen = joined;
    viewer->beacon = 0;
    viewer->beacon_at = 0;

    ngx_memzero((u_char *) viewer
                + offsetof(ngx_multisource_viewer_t, preferences),
                sizeof(ngx_multisource_viewer_t)
                - offsetof(ngx_multisource_viewer_t, preferences));

    if (look) {
        viewer->seen = look->seen;
        viewer->watched = look->watched;
        viewer->amount = look->amount;

        if (look->preferences.set) {
            viewer->preferences =
                              ngx_multisource_viewer_pack(&look->preferences);
        }

        ngx_memcpy((void *) viewer->total, look->total, sizeof(look->total));
    }

    ngx_memory_barrier();

    /* while this process lives nobody else touches what it has claimed */

    if (!ngx_atomic_cmp_set(&viewer->ticket, claim, place->ticket)) {
        return NULL;
    }

    *added = 1;

    return viewer;
}


/* NGX_OK; NGX_DECLINED: the place is to be given back; NGX_AGAIN: wait */

static ngx_int_t
ngx_multisource_viewer_alone(ngx_multisource_viewer_place_t *place,
    ngx_uint_t n)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i, end;
    ngx_atomic_uint_t          ticket;
    ngx_multisource_viewer_t  *viewer;

    rc = NGX_OK;
    end = place->start + NGX_MULTISOURCE_VIEWER_STRETCH;

    for (i = ngx_multisource_show_seek(place->shows->marks, place->start, end,
                                       place->mark);
         i < end;
         i = ngx_multisource_show_seek(place->shows->marks, i + 1, end,
                                       place->mark))
    {
        viewer = &place->viewers[i];

        if (i == n || viewer->id != place->id) {
            continue;
        }

        ticket = viewer->ticket;

        if (ticket == place->ticket) {
            return NGX_DECLINED;
        }

        if (!(ticket & NGX_MULTISOURCE_VIEWER_CLAIM)
            || ngx_multisource_viewer_abandoned(ticket))
        {
            continue;
        }

        if (i < n) {
            return NGX_DECLINED;
        }

        rc = NGX_AGAIN;
    }

    return rc;
}


static ngx_uint_t
ngx_multisource_viewer_abandoned(ngx_atomic_uint_t ticket)
{
    return (ticket & NGX_MULTISOURCE_VIEWER_CLAIM)
           && ngx_multisource_show_dead(ticket);
}


/*
 * Of the places without a mark: any one in the half that has more of them. The
 * first one would do, but rows without a gap would grow, and some stretches be
 * full when two thirds of the table are.
 */

static ngx_uint_t
ngx_multisource_viewer_choose(ngx_multisource_viewer_place_t *place)
{
    uint32_t    *marks, left, right;
    ngx_uint_t   i, n, half;

    marks = &place->shows->marks[place->start];
    half = NGX_MULTISOURCE_VIEWER_STRETCH / 2;
    left = 0;
    right = 0;

    for (i = 0; i < half; i++) {
        left += marks[i] == 0;
        right += marks[half + i] == 0;
    }

    if (left == 0 && right == 0) {
        return 0;
    }

    i = left < right ? half : 0;
    n = ngx_multisource_show_mix(place->id) % ngx_max(left, right);

    for ( /* void */ ; i < NGX_MULTISOURCE_VIEWER_STRETCH - 1; i++) {
        if (marks[i] == 0 && n-- == 0) {
            break;
        }
    }

    return i;
}


/*
 * Claims a place that is free, or that of whose show ended first; or of who has
 * not watched anything, and was not seen for long: to join is for everybody.
 */

static ngx_uint_t
ngx_multisource_viewer_take(ngx_multisource_viewer_place_t *place,
    ngx_atomic_uint_t claim)
{
    uint64_t                   ended, first, seen, now;
    ngx_time_t                *tp;
    ngx_uint_t                 i, n, end, show, best, idle;
    ngx_atomic_uint_t          ticket, chosen, idler;
    ngx_multisource_shows_t   *shows;
    ngx_multisource_viewer_t  *viewer;

    shows = place->shows;
    end = place->start + NGX_MULTISOURCE_VIEWER_STRETCH;

    tp = ngx_timeofday();
    now = (uint64_t) tp->sec * 1000 + tp->msec;

    best = ngx_multisource_viewer_choose(place);

    for (i = 0; i < NGX_MULTISOURCE_VIEWER_STRETCH; i++) {
        n = place->start + (best + i) % NGX_MULTISOURCE_VIEWER_STRETCH;

        if (shows->marks[n] != 0) {
            continue;
        }

        viewer = &place->viewers[n];
        ticket = viewer->ticket;

        if ((ticket == 0 || ngx_multisource_viewer_abandoned(ticket))
            && ngx_atomic_cmp_set(&viewer->ticket, ticket, claim))
        {
            return n;
        }
    }

    for (i = 0; i < NGX_MULTISOURCE_VIEWER_STRETCH; i++) {
        best = end;
        first = (uint64_t) -1;
        chosen = 0;

        idle = end;
        seen = now - NGX_MULTISOURCE_VIEWER_IDLE;
        idler = 0;

        for (n = place->start; n < end; n++) {
            viewer = &place->viewers[n];
            ticket = viewer->ticket;
            show = viewer->show;

            if (ticket == 0
                || ngx_multisource_viewer_abandoned(ticket)
                || (!(ticket & NGX_MULTISOURCE_VIEWER_CLAIM)
                    && (show >= shows->nslots
                        || shows->slots[show].ticket != ticket)))
            {
                if (ngx_atomic_cmp_set(&viewer->ticket, ticket, claim)) {
                    return n;
                }

                continue;
            }

            if (ticket & NGX_MULTISOURCE_VIEWER_CLAIM) {
                continue;
            }

            if (viewer->watched == 0 && viewer->seen < seen) {
                seen = viewer->seen;
                idle = n;
                idler = ticket;
            }

            if (show == place->slot) {
                continue;
            }

            ended = shows->ended[show];

            if (ended && ended < first
                && ngx_multisource_show_over(shows, show, ticket))
            {
                first = ended;
                best = n;
                chosen = ticket;
            }
        }

        if (best == end) {
            best = idle;
            chosen = idler;
        }

        if (best == end) {
            break;
        }

        if (ngx_atomic_cmp_set(&place->viewers[best].ticket, chosen, claim)) {
            return best;
        }
    }

    return shows->nviewers;
}


static void
ngx_multisource_viewer_release(ngx_multisource_shows_t *shows, ngx_uint_t n,
    ngx_atomic_uint_t claim)
{
    ngx_multisource_viewer_t  *viewer;

    viewer = (ngx_multisource_viewer_t *) shows->viewers + n;

    shows->marks[n] = 0;
    viewer->id = 0;

    ngx_memory_barrier();

    (void) ngx_atomic_cmp_set(&viewer->ticket, claim, 0);
}


/* of times, too: workers' clocks differ by a turn of their event loops */

static void
ngx_multisource_viewer_raise(ngx_atomic_t *value, uint64_t n)
{
    ngx_atomic_uint_t  old;

    do {
        old = *value;
    } while (old < n && !ngx_atomic_cmp_set(value, old, n));
}


/*
 * Never below 0, whoever was killed between two additions before; returns what
 * was really added.
 */

static int64_t
ngx_multisource_viewer_adjust(ngx_atomic_t *value, int64_t add)
{
    int64_t            less;
    ngx_atomic_uint_t  old;

    if (add >= 0) {

        if (add) {
            (void) ngx_atomic_fetch_add(value, add);
        }

        return add;
    }

    do {
        old = *value;
        less = old < (ngx_atomic_uint_t) -add ? (int64_t) old : -add;
    } while (less && !ngx_atomic_cmp_set(value, old, old - less));

    return -less;
}


static int64_t
ngx_multisource_viewer_adjust_total(volatile uint32_t *value, int64_t add)
{
    int64_t   sum;
    uint32_t  old;

    if (add == 0) {
        return 0;
    }

    do {
        old = *value;
        sum = (int64_t) old + add;
        sum = ngx_max(sum, 0);
        sum = ngx_min(sum, 0xffffffff);
    } while (!__sync_bool_compare_and_swap(value, old, (uint32_t) sum));

    return sum - (int64_t) old;
}


/* one figure, and the same to the show's */

static void
ngx_multisource_viewer_count(ngx_multisource_viewer_t *viewer,
    ngx_multisource_show_counts_t *counts, ngx_multisource_viewer_sum_t *sum)
{
    int64_t     n;
    ngx_uint_t  i;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {

        if (sum->streams[i]) {
            n = ngx_multisource_viewer_adjust_total(&viewer->total[i],
                                                    sum->streams[i]);
            (void) ngx_multisource_viewer_adjust(&counts->streams[i].watched,
                                                 n);
        }
    }

    if (sum->any) {
        n = ngx_multisource_viewer_adjust(&viewer->watched, sum->any);
        (void) ngx_multisource_viewer_adjust(&counts->watched, n);
    }

    if (sum->amount) {
        n = ngx_multisource_viewer_adjust(&viewer->amount, sum->amount);
        (void) ngx_multisource_viewer_adjust(&counts->amount, n);
    }
}


static void
ngx_multisource_viewer_word(ngx_atomic_uint_t word,
    ngx_multisource_viewer_word_t *w)
{
    w->never = word == 0;
    w->at = word >> NGX_MULTISOURCE_VIEWER_AT;
    w->row = word >> NGX_MULTISOURCE_VIEWER_ROW
             & NGX_MULTISOURCE_VIEWER_MAX_ROW;
    w->counted = (word & NGX_MULTISOURCE_VIEWER_COUNTED) != 0;
    w->sum = word & NGX_MULTISOURCE_VIEWER_MAX_SUM;
}


static ngx_atomic_uint_t
ngx_multisource_viewer_packed(ngx_multisource_viewer_word_t *w)
{
    return (ngx_atomic_uint_t) w->at << NGX_MULTISOURCE_VIEWER_AT
           | (ngx_atomic_uint_t) ngx_min(w->row,
                                         NGX_MULTISOURCE_VIEWER_MAX_ROW)
             << NGX_MULTISOURCE_VIEWER_ROW
           | (w->counted ? NGX_MULTISOURCE_VIEWER_COUNTED : 0)
           | ngx_min(w->sum, NGX_MULTISOURCE_VIEWER_MAX_SUM);
}


/* his player has told by itself, within the time that this holds for */

static ngx_uint_t
ngx_multisource_viewer_told(ngx_multisource_viewer_t *viewer, uint64_t now)
{
    uint64_t  at;

    at = viewer->beacon_at;

    return at != 0 && now <= at + NGX_MULTISOURCE_VIEWER_BEACON;
}


void
ngx_multisource_viewer_asked(ngx_multisource_show_t *show,
    ngx_multisource_viewer_t *viewer, ngx_uint_t stream, uint64_t now)
{
    int32_t                         passed;
    uint32_t                        bit, gap, was;
    ngx_uint_t                      told, row, before;
    ngx_atomic_uint_t               word;
    ngx_multisource_viewer_sum_t    sum;
    ngx_multisource_viewer_word_t   w;
    ngx_multisource_show_counts_t  *counts;

    counts = ngx_multisource_show_counts(show);

    if (counts == NULL
        || viewer->ticket != show->ticket
        || stream >= show->record.nstreams
        || stream >= NGX_MULTISOURCE_SHOW_STREAMS)
    {
        return;
    }

    bit = (uint32_t) 1 << stream;
    told = ngx_multisource_viewer_told(viewer, now);

    ngx_multisource_viewer_raise(&viewer->seen, now);

    /* who changes the word has the time that it grew by */

    do {
        word = viewer->asked[stream];
        ngx_multisource_viewer_word(word, &w);

        before = w.never;
        passed = (int32_t) ((uint32_t) now - w.at);

        if (!w.never
            && passed <= 0
            && passed > -NGX_MULTISOURCE_VIEWER_WINDOW)
        {
            return;
        }

        row = !w.never && passed > 0
              && passed <= NGX_MULTISOURCE_VIEWER_WINDOW;
        gap = row ? passed : 0;

        /* last asked for before the last beacon: that one knows of it */

        if (!before && viewer->beacon_at) {
            before = (int32_t) ((uint32_t) viewer->beacon_at - w.at) >= 0;
        }

        w.at = (uint32_t) now;
        w.row = row ? w.row + gap : 0;
        w.sum += gap;

        if (!told && w.sum == 0) {
            w.counted = 1;
        }

    } while (!ngx_atomic_cmp_set(&viewer->asked[stream], word,
                                 ngx_multisource_viewer_packed(&w)));

    if (told) {
        return;
    }

    was = __sync_fetch_and_or(&viewer->watching, bit);

    if (!row && !((was & bit) && before && viewer->beacon_at)) {
        (void) ngx_atomic_fetch_add(&counts->streams[stream].views, 1);
        (void) __sync_fetch_and_or(&viewer->watching,
                                   bit << NGX_MULTISOURCE_VIEWER_MADE);
    }

    ngx_memzero(&sum, sizeof(ngx_multisource_viewer_sum_t));

    if (!w.counted) {
        ngx_multisource_viewer_settle(show, viewer, now, &sum);

    } else if (gap) {
        ngx_multisource_viewer_row(show, viewer, stream, gap, (uint32_t) now,
                                   &sum);
    }

    /* first what a beacon replaces, then what it can replace */

    if (sum.any) {
        (void) ngx_atomic_fetch_add(&viewer->settled, sum.any);
    }

    if (sum.amount) {
        (void) ngx_atomic_fetch_add(&viewer->settled_amount, sum.amount);
    }

    ngx_multisource_viewer_count(viewer, counts, &sum);
}


/*
 * Requests of a stream in a row, now and `gap` before. What other streams were
 * watched for in that time is counted by now, so that a part of it costs what
 * all cost together, less what these cost without it; and it is time of the
 * viewer's only where there was none.
 */

static void
ngx_multisource_viewer_row(ngx_multisource_show_t *show,
    ngx_multisource_viewer_t *viewer, ngx_uint_t stream, uint32_t gap,
    uint32_t now, ngx_multisource_viewer_sum_t *sum)
{
    int32_t                        ago;
    uint16_t                       rows, covered, enabled, bit;
    uint32_t                       t, next;
    uint32_t                       starts[NGX_MULTISOURCE_SHOW_STREAMS];
    uint32_t                       ends[NGX_MULTISOURCE_SHOW_STREAMS];
    uint32_t                       watched[NGX_MULTISOURCE_SHOW_STREAMS];
    ngx_uint_t                     i, n;
    ngx_multisource_preferences_t  preferences;
    ngx_multisource_viewer_word_t  w;

    sum->streams[stream] = gap;

    ngx_multisource_viewer_preferences(viewer, &preferences);

    enabled = preferences.enabled;
    bit = (uint16_t) (1 << stream);
    n = ngx_min(show->record.nstreams, NGX_MULTISOURCE_SHOW_STREAMS);
    rows = 0;

    /* from 0, `gap` ago, to gap, which is now */

    for (i = 0; i < n; i++) {

        if (i == stream) {
            continue;
        }

        ngx_multisource_viewer_word(viewer->asked[i], &w);

        if (w.never || !w.counted) {
            continue;
        }

        ago = (int32_t) (now - w.at);

        if (ago >= (int32_t) gap
            || ago <= -NGX_MULTISOURCE_VIEWER_WINDOW
            || ago + (int32_t) w.row <= 0)
        {
            continue;
        }

        ends[i] = ago > 0 ? gap - (uint32_t) ago : gap;
        starts[i] = ago + (int32_t) w.row < (int32_t) gap
                    ? gap - (uint32_t) (ago + (int32_t) w.row) : 0;

        if (starts[i] < ends[i]) {
            rows |= (uint16_t) (1 << i);
        }
    }

    for (t = 0; t < gap; t = next) {
        next = ngx_multisource_viewer_part(t, gap, starts, ends, rows,
                                           &covered);

        if (covered == 0) {
            sum->any += next - t;
        }

        if (!(enabled & bit)) {
            continue;
        }

        for (i = 0; i < n; i++) {
            watched[i] = covered >> i & 1 ? next - t : 0;
        }

        sum->amount -= ngx_multisource_viewer_price(show, enabled, watched, 0);
        watched[stream] = next - t;
        sum->amount += ngx_multisource_viewer_price(show, enabled, watched, 0);
    }
}


/* the end of the part from `from` on in which the same rows are */

static uint32_t
ngx_multisource_viewer_part(uint32_t from, uint32_t to, uint32_t *starts,
    uint32_t *ends, uint16_t rows, uint16_t *covered)
{
    ngx_uint_t  i;

    *covered = 0;

    for (i = 0; rows >> i; i++) {

        if (!(rows >> i & 1)) {
            continue;
        }

        if (starts[i] > from) {
            to = ngx_min(to, starts[i]);

        } else if (ends[i] > from) {
            to = ngx_min(to, ends[i]);
            *covered |= (uint16_t) (1 << i);
        }
    }

    return to;
}


/* there have been no beacons for a while: requests since then do count */

static void
ngx_multisource_viewer_settle(ngx_multisource_show_t *show,
    ngx_multisource_viewer_t *viewer, uint64_t now,
    ngx_multisource_viewer_sum_t *sum)
{
    uint32_t                       watched[NGX_MULTISOURCE_SHOW_STREAMS];
    uint64_t                       since, bound, settled;
    ngx_uint_t                     i;
    ngx_atomic_uint_t              word;
    ngx_multisource_preferences_t  preferences;
    ngx_multisource_viewer_word_t  w;

    ngx_memzero(watched, sizeof(watched));

    for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {

        do {
            word = viewer->asked[i];
            ngx_multisource_viewer_word(word, &w);

            watched[i] = w.counted ? 0 : w.sum;

            if (w.never || w.counted) {
                break;
            }

            w.counted = 1;

        } while (!ngx_atomic_cmp_set(&viewer->asked[i], word,
                                     ngx_multisource_viewer_packed(&w)));

        sum->streams[i] = watched[i];
        sum->any = ngx_max(sum->any, watched[i]);
    }

    since = viewer->beacon_at ? viewer->beacon_at : viewer->joined;
    settled = viewer->settled;

    bound = now > since ? now - since : 0;
    bound -= ngx_min(bound, settled);

    if (sum->any > (int64_t) bound) {
        sum->any = bound;
    }

    ngx_multisource_viewer_preferences(viewer, &preferences);

    sum->amount = ngx_multisource_viewer_price(show, preferences.enabled,
                                               watched, 0);
}


/* `any`: with at least one of them, ms; 0: they began together */

static uint64_t
ngx_multisource_viewer_price(ngx_multisource_show_t *show, uint16_t enabled,
    uint32_t *watched, uint32_t any)
{
    uint8_t     types[NGX_MULTISOURCE_SHOW_STREAMS];
    uint32_t    ms[NGX_MULTISOURCE_SHOW_STREAMS];
    ngx_uint_t  i, n, streams;

    n = 0;
    streams = ngx_min(show->record.nstreams, NGX_MULTISOURCE_SHOW_STREAMS);

    for (i = 0; i < streams; i++) {

        if (enabled >> i & 1) {

            if (watched[i]) {
                types[n] = show->record.streams[i].type;
                ms[n++] = watched[i];
            }

        } else {
            /* the time of what he does not pay for is not of what he pays */
            any -= ngx_min(any, watched[i]);
        }
    }

    return n ? ngx_multisource_price_amount(&show->record.price, types, ms, n,
                                            any)
             : 0;
}


/* takes the number of a beacon; NGX_DONE: it is none to come */

static ngx_int_t
ngx_multisource_viewer_next_beacon(ngx_multisource_viewer_t *viewer,
    ngx_multisource_beacon_t *beacon, uint64_t now)
{
    uint32_t           last;
    ngx_uint_t         fresh;
    ngx_atomic_uint_t  old, next;

    next = beacon->seq;

    if (beacon->leaving) {
        next |= NGX_MULTISOURCE_VIEWER_LEFT;
    }

    do {
        old = viewer->beacon;
        last = (uint32_t) old;

        /* a new page begins with small numbers */

        fresh = (old & NGX_MULTISOURCE_VIEWER_LEFT)
                || !ngx_multisource_viewer_told(viewer, now);

        if (beacon->seq <= last && (beacon->seq == last || !fresh)) {
            return NGX_DONE;
        }

    } while (!ngx_atomic_cmp_set(&viewer->beacon, old, next));

    return NGX_OK;
}


ngx_int_t
ngx_multisource_viewer_beacon(ngx_multisource_show_t *show,
    ngx_multisource_viewer_t *viewer, ngx_multisource_beacon_t *beacon,
    uint64_t now)
{
    uint16_t                        mask, began, watching, served;
    uint32_t                        longest, was, known;
    uint32_t                        watched[NGX_MULTISOURCE_SHOW_STREAMS];
    uint64_t                        since, bound, life, had, settled, amount;
    uint64_t                        all;
    ngx_uint_t                      i, n;
    ngx_atomic_uint_t               at, word;
    ngx_multisource_viewer_sum_t    sum;
    ngx_multisource_viewer_word_t   w;
    ngx_multisource_preferences_t   preferences;
    ngx_multisource_show_counts_t  *counts;

    counts = ngx_multisource_show_counts(show);

    if (counts == NULL || viewer->ticket != show->ticket) {
        return NGX_DECLINED;
    }

    if (ngx_multisource_viewer_next_beacon(viewer, beacon, now) != NGX_OK) {
        return NGX_DONE;
    }

    ngx_multisource_viewer_raise(&viewer->seen, now);

    /* times of beacons that two workers have at once do not overlap */

    do {
        at = viewer->beacon_at;
    } while (at < now && !ngx_atomic_cmp_set(&viewer->beacon_at, at, now));

    since = at ? at : viewer->joined;
    bound = (now > since ? now - since : 0) + NGX_MULTISOURCE_VIEWER_LATE;

    settled = __sync_lock_test_and_set(&viewer->settled, 0);
    amount = __sync_lock_test_and_set(&viewer->settled_amount, 0);

    /* and not more than since he came, of all that beacons have told */

    had = viewer->watched;
    had -= ngx_min(had, settled);

    life = (now > viewer->joined ? now - viewer->joined : 0)
           + NGX_MULTISOURCE_VIEWER_LATE;
    life -= ngx_min(life, had);

    bound = ngx_min(bound, life);

    n = ngx_min(show->record.nstreams, NGX_MULTISOURCE_SHOW_STREAMS);
    mask = (uint16_t) ((1 << n) - 1);
    watching = beacon->watching & mask;
    began = watching;

    ngx_memzero(&sum, sizeof(ngx_multisource_viewer_sum_t));
    ngx_memzero(watched, sizeof(watched));

    longest = 0;
    all = 0;
    served = 0;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {

        /* what requests made of this time ends here */

        do {
            word = viewer->asked[i];
            ngx_multisource_viewer_word(word, &w);

            if (word == 0) {
                break;
            }

        } while (!ngx_atomic_cmp_set(&viewer->asked[i], word,
                           word & ~(NGX_MULTISOURCE_VIEWER_COUNTED
                                    | NGX_MULTISOURCE_VIEWER_MAX_SUM)));

        if (i >= n) {
            continue;
        }

        if (beacon->watched[i] >= NGX_MULTISOURCE_VIEWER_GLANCE) {
            began |= (uint16_t) (1 << i);
        }

        /* it was enabled when it was sent, whatever is by now */

        if (w.sum) {
            served |= (uint16_t) (1 << i);
        }

        watched[i] = ngx_min(beacon->watched[i], bound);

        if (w.sum > watched[i] + NGX_MULTISOURCE_VIEWER_SLACK) {
            watched[i] = w.sum;
        }

        /* more than is known was counted, and is not replaced */

        if (w.counted && w.sum == NGX_MULTISOURCE_VIEWER_MAX_SUM) {
            watched[i] = w.sum;
        }

        sum.streams[i] = (int64_t) watched[i] - (w.counted ? w.sum : 0);

        longest = ngx_max(longest, watched[i]);
        all += watched[i];
    }

    /* two at a time are one time; but what is watched is watched */

    sum.any = ngx_min(beacon->any, bound);
    sum.any = ngx_min((uint64_t) sum.any, all);
    sum.any = ngx_max(sum.any, longest);

    ngx_multisource_viewer_preferences(viewer, &preferences);

    sum.amount = ngx_multisource_viewer_price(show,
                                              preferences.enabled | served,
                                              watched, sum.any);

    sum.any -= settled;
    sum.amount -= amount;

    ngx_multisource_viewer_count(viewer, counts, &sum);

    /*
     * Whoever changes the set has what is new in it. A view that requests made
     * is none if the player says that nothing of it was seen: he prepared it.
     */

    was = __sync_lock_test_and_set(&viewer->watching,
                                   beacon->leaving ? 0 : watching);
    known = was | was >> NGX_MULTISOURCE_VIEWER_MADE;

    for (i = 0; i < n; i++) {

        if (began >> i & 1) {

            if (!(known >> i & 1)) {
                (void) ngx_atomic_fetch_add(&counts->streams[i].views, 1);
            }

        } else if (was >> NGX_MULTISOURCE_VIEWER_MADE >> i & 1) {
            (void) ngx_atomic_fetch_add(&counts->streams[i].views, -1);
        }
    }

    ngx_multisource_viewer_events(viewer, counts, beacon, n, bound);

    return NGX_OK;
}


static void
ngx_multisource_viewer_events(ngx_multisource_viewer_t *viewer,
    ngx_multisource_show_counts_t *counts, ngx_multisource_beacon_t *beacon,
    ngx_uint_t nstreams, uint64_t bound)
{
    uint32_t    join, stalls, stalled;
    ngx_uint_t  i, n, from, to;

    n = ngx_min(beacon->nswitches,
                sizeof(beacon->switches) / sizeof(beacon->switches[0]));

    for (i = 0; i < n; i++) {
        from = beacon->switches[i].from;
        to = beacon->switches[i].to;

        if (from < nstreams && to < nstreams && from != to) {
            (void) __sync_fetch_and_add(&counts->switches[from][to], 1);
        }
    }

    if (beacon->join_ms) {
        join = ngx_min(beacon->join_ms, NGX_MULTISOURCE_VIEWER_MAX_JOIN);
        i = ngx_multisource_show_bucket(join);

        (void) ngx_atomic_fetch_add(&counts->joins, 1);
        (void) ngx_atomic_fetch_add(&counts->join_ms, join);
        (void) ngx_atomic_fetch_add(&counts->join_buckets[i], 1);
    }

    stalls = ngx_min(beacon->stalls,
                     bound / NGX_MULTISOURCE_VIEWER_MIN_STALL);
    stalled = ngx_min(beacon->stalled, bound);

    if (stalls) {
        (void) __sync_fetch_and_add(&viewer->stalls, stalls);
        (void) ngx_atomic_fetch_add(&counts->stalls, stalls);
    }

    if (stalled) {
        (void) __sync_fetch_and_add(&viewer->stalled, stalled);
        (void) ngx_atomic_fetch_add(&counts->stalled, stalled);
    }
}


/* enabled:16 main:8 pip:8 corner:8 size:8 layout:8 follow:1 set:1 */

static ngx_atomic_uint_t
ngx_multisource_viewer_pack(ngx_multisource_preferences_t *preferences)
{
    return (ngx_atomic_uint_t) preferences->enabled
           | (ngx_atomic_uint_t) preferences->main << 16
           | (ngx_atomic_uint_t) preferences->pip << 24
           | (ngx_atomic_uint_t) preferences->corner << 32
           | (ngx_atomic_uint_t) preferences->size << 40
           | (ngx_atomic_uint_t) preferences->layout << 48
           | (ngx_atomic_uint_t) (preferences->follow != 0) << 56
           | (ngx_atomic_uint_t) 1 << 57;
}


void
ngx_multisource_viewer_preferences(ngx_multisource_viewer_t *viewer,
    ngx_multisource_preferences_t *preferences)
{
    ngx_atomic_uint_t  word;

    word = viewer->preferences;

    if (word == 0) {
        preferences->enabled = NGX_MULTISOURCE_VIEWER_ALL;
        preferences->main = NGX_MULTISOURCE_SHOW_NONE;
        preferences->pip = NGX_MULTISOURCE_SHOW_NONE;
        preferences->corner = NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT;
        preferences->size = NGX_MULTISOURCE_VIEWER_SIZE;
        preferences->layout = NGX_MULTISOURCE_LAYOUT_SINGLE;
        preferences->follow = 0;
        preferences->set = 0;
        return;
    }

    preferences->enabled = (uint16_t) word;
    preferences->main = (uint8_t) (word >> 16);
    preferences->pip = (uint8_t) (word >> 24);
    preferences->corner = (uint8_t) (word >> 32);
    preferences->size = (uint8_t) (word >> 40);
    preferences->layout = (uint8_t) (word >> 48);
    preferences->follow = word >> 56 & 1;
    preferences->set = 1;

    if (preferences->main >= NGX_MULTISOURCE_SHOW_STREAMS) {
        preferences->main = NGX_MULTISOURCE_SHOW_NONE;
    }

    if (preferences->pip >= NGX_MULTISOURCE_SHOW_STREAMS) {
        preferences->pip = NGX_MULTISOURCE_SHOW_NONE;
    }

    if (preferences->corner > NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT) {
        preferences->corner = NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT;
    }

    if (preferences->layout > NGX_MULTISOURCE_LAYOUT_GRID) {
        preferences->layout = NGX_MULTISOURCE_LAYOUT_SINGLE;
    }

    preferences->size = ngx_max(preferences->size,
                                NGX_MULTISOURCE_VIEWER_MIN_SIZE);
    preferences->size = ngx_min(preferences->size,
                                NGX_MULTISOURCE_VIEWER_MAX_SIZE);
}


void
ngx_multisource_viewer_prefer(ngx_multisource_viewer_t *viewer,
    ngx_multisource_preferences_t *preferences)
{
    viewer->preferences = ngx_multisource_viewer_pack(preferences);
}


/* what he watches at `now`: what was told or asked for long ago is no more */

static uint16_t
ngx_multisource_viewer_watching(ngx_multisource_viewer_t *viewer, uint64_t now)
{
    int32_t                        ago;
    uint16_t                       still;
    uint32_t                       watching, made;
    ngx_uint_t                     i;
    ngx_multisource_viewer_word_t  w;

    watching = viewer->watching;
    made = watching & ~(uint32_t) NGX_MULTISOURCE_VIEWER_ALL;

    if (watching == made || ngx_multisource_viewer_told(viewer, now)) {
        return (uint16_t) watching;
    }

    still = 0;

    if (now <= viewer->seen + NGX_MULTISOURCE_VIEWER_WINDOW) {

        for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {

            if (!(watching >> i & 1)) {
                continue;
            }

            ngx_multisource_viewer_word(viewer->asked[i], &w);
            ago = (int32_t) ((uint32_t) now - w.at);

            if (!w.never
                && ago <= NGX_MULTISOURCE_VIEWER_WINDOW
                && ago > -NGX_MULTISOURCE_VIEWER_WINDOW)
            {
                still |= (uint16_t) (1 << i);
            }
        }
    }

    /* who has asked at this moment is seen the next time */

    if ((still | made) != watching) {
        (void) __sync_bool_compare_and_swap(&viewer->watching, watching,
                                            still | made);
    }

    return still;
}


void
ngx_multisource_viewer_look(ngx_multisource_shows_t *shows, uint64_t now)
{
    size_t                           row;
    uint16_t                         watching;
    uint32_t                        *tally, here;
    ngx_uint_t                       i, n, s, high;
    ngx_atomic_uint_t                ticket, *tickets, claim;
    ngx_multisource_viewer_t        *viewer;
    ngx_multisource_show_slot_t     *slot;

    /* for each show its ticket, and how many there are of it and its streams */

    row = 1 + NGX_MULTISOURCE_SHOW_STREAMS;

    if (shows->tally == NULL) {
        shows->tally = ngx_alloc(shows->nslots
                                 * (sizeof(ngx_atomic_uint_t)
                                    + row * sizeof(uint32_t)),
                                 shows->log);
        if (shows->tally == NULL) {
            return;
        }
    }

    ngx_multisource_show_mend(shows);

    tickets = (ngx_atomic_uint_t *) shows->tally;
    tally = (uint32_t *) (tickets + shows->nslots);

    high = shows->shared->high;
    high = ngx_min(high, shows->nslots);

    ngx_memzero(tally, high * row * sizeof(uint32_t));

    for (n = 0; n < high; n++) {
        tickets[n] = shows->slots[n].ticket;
    }

    for (i = 0; i < shows->nviewers; i++) {

        if (shows->marks[i] == 0) {
            continue;
        }

        viewer = (ngx_multisource_viewer_t *) shows->viewers + i;
        ticket = viewer->ticket;
        n = viewer->show;

        if (ticket == 0 || (ticket & NGX_MULTISOURCE_VIEWER_CLAIM)) {

            if (ticket != 0 && !ngx_multisource_viewer_abandoned(ticket)) {
                continue;
            }

        } else if (n < high && tickets[n] == ticket) {

            /* a last beacon may still come, and is not to begin views anew */

            if (shows->ended[n]) {
                continue;
            }

            watching = ngx_multisource_viewer_watching(viewer, now);

            if (watching) {
                tally[n * row]++;

                for (s = 1; watching; s++, watching >>= 1) {
                    tally[n * row + s] += watching & 1;
                }
            }

            continue;

        } else if (n < shows->nslots && shows->slots[n].ticket == ticket) {
            /* of a show that has begun since */
            continue;
        }

        /* his show is gone, or he never was all there */

        claim = NGX_MULTISOURCE_VIEWER_CLAIM
                | ngx_multisource_show_stamp(shows);

        if (ngx_atomic_cmp_set(&viewer->ticket, ticket, claim)) {
            ngx_multisource_viewer_release(shows, i, claim);
        }
    }

    for (n = 0; n < high; n++) {
        slot = &shows->slots[n];

        if (tickets[n] == 0 || slot->ticket != tickets[n]) {
            continue;
        }

        /* of one that has ended all are 0 */

        here = tally[n * row];

        if (slot->counts.now == 0 && here == 0) {
            continue;
        }

        /* while `now` is not 0 this is done again, should it stop half way */

        if (here) {
            slot->counts.now = here;
            ngx_multisource_viewer_raise(&slot->counts.peak, here);
        }

        for (s = 0; s < NGX_MULTISOURCE_SHOW_STREAMS; s++) {
            here = tally[n * row + 1 + s];

            slot->counts.streams[s].now = here;
            ngx_multisource_viewer_raise(&slot->counts.streams[s].peak, here);
        }

        slot->counts.now = tally[n * row];
    }
}


ngx_int_t
ngx_multisource_viewer_next(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, ngx_uint_t *n,
    ngx_multisource_viewer_look_t *look)
{
    uint32_t                   mark;
    ngx_multisource_viewer_t  *viewer;

    if (ngx_multisource_show_counts(show) == NULL) {
        return NGX_DONE;
    }

    mark = ngx_multisource_viewer_mark(show->ticket);

    while (*n < shows->nviewers) {

        if ((shows->marks[*n] & 0xffff0000) != mark
            || shows->marks[*n] == 0)
        {
            (*n)++;
            continue;
        }

        viewer = (ngx_multisource_viewer_t *) shows->viewers + *n;
        (*n)++;

        if (viewer->ticket != show->ticket) {
            continue;
        }

        ngx_memory_barrier();

        look->id = viewer->id;
        look->joined = viewer->joined;
        look->seen = viewer->seen;
        look->watched = viewer->watched;
        look->amount = viewer->amount;
        look->watching = shows->ended[show->slot - shows->slots]
                         ? 0 : (uint16_t) viewer->watching;

        ngx_multisource_viewer_preferences(viewer, &look->preferences);
        ngx_memcpy(look->total, (void *) viewer->total, sizeof(look->total));

        ngx_memory_barrier();

        /* he has made room for another one by now */

        if (look->id == 0 || viewer->ticket != show->ticket) {
            continue;
        }

        return NGX_OK;
    }

    return NGX_DONE;
}


ngx_int_t
ngx_multisource_viewer_restore(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show, ngx_multisource_viewer_look_t *look)
{
    ngx_uint_t                       added;
    ngx_multisource_viewer_place_t   place;

    if (ngx_multisource_show_counts(show) == NULL
        || ngx_multisource_viewer_stretch(&place, shows, show, look->id)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ngx_multisource_viewer_search(&place)) {
        return NGX_DONE;
    }

    if (ngx_multisource_viewer_add(&place, ngx_max(look->joined, 1), look,
                                   &added)
        == NULL)
    {
        return NGX_DECLINED;
    }

    return added ? NGX_OK : NGX_DONE;
}
