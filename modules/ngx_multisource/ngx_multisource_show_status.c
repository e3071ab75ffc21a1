
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_show_json.h"
#include "ngx_multisource_show_status.h"
#include "ngx_multisource_stage.h"

#include "ngx_live_metric.h"


/* a line of a metric, its head included */
#define NGX_MULTISOURCE_SHOW_STATUS_LINE                                     \
    (192 + NGX_MULTISOURCE_APP_MAX * 2 + NGX_MULTISOURCE_NAME_MAX)


typedef struct {
    uint64_t     viewers;
    uint64_t     peak;
    uint64_t     distinct;
    double       watched;           /* s */
} ngx_multisource_show_status_t;


typedef struct {
    uint64_t     ended;
    ngx_uint_t   n;
} ngx_multisource_show_status_ended_t;


static int ngx_libc_cdecl ngx_multisource_show_status_cmp(const void *one,
    const void *two);
static ngx_uint_t ngx_multisource_show_status_open(ngx_uint_t n);
static void ngx_multisource_show_status_add(json_t *list, ngx_uint_t n);
static void ngx_multisource_show_status_count(ngx_multisource_show_t *show,
    ngx_multisource_show_status_t *st);


#define ngx_multisource_show_status_offset(field)                            \
    offsetof(ngx_multisource_show_status_t, field)


/* of each open session, labelled app and streamer; see README.md */

static const ngx_live_metric_t  ngx_multisource_show_metrics[] = {

    { "multisource_viewers", "gauge",
      "Viewers of the open session.",
      0, ngx_multisource_show_status_offset(viewers) },

    { "multisource_viewers_peak", "gauge",
      "Most viewers at a time of the open session.",
      0, ngx_multisource_show_status_offset(peak) },

    { "multisource_viewers_distinct", "gauge",
      "Viewers of the open session so far.",
      0, ngx_multisource_show_status_offset(distinct) },

    { "multisource_watch_seconds", "gauge",
      "Time watched of the open session by all viewers.",
      1, ngx_multisource_show_status_offset(watched) },

    { NULL, NULL, NULL, 0, 0 }
};


json_t *
ngx_multisource_show_status_json(ngx_pool_t *pool)
{
    json_t                               *list;
    ngx_uint_t                            n;
    ngx_array_t                           found;
    ngx_multisource_shows_t              *shows;
    ngx_multisource_show_status_ended_t  *ended;

    shows = ngx_multisource_stage_shows();

    if (shows->shared == NULL
        || ngx_array_init(&found, pool, 64,
                          sizeof(ngx_multisource_show_status_ended_t))
           != NGX_OK)
    {
        return NULL;
    }

    list = json_array();

    for (n = 0; n < shows->nslots; n++) {

        if (ngx_multisource_show_status_open(n)) {
            ngx_multisource_show_status_add(list, n);

        } else if (shows->ended[n] != 0) {

            ended = ngx_array_push(&found);
            if (ended == NULL) {
                break;
            }

            ended->ended = shows->ended[n];
            ended->n = n;
        }
    }

    ngx_qsort(found.elts, found.nelts,
              sizeof(ngx_multisource_show_status_ended_t),
              ngx_multisource_show_status_cmp);

    ended = found.elts;

    for (n = 0;
         n < found.nelts && n < NGX_MULTISOURCE_SHOW_STATUS_ENDED;
         n++)
    {
        ngx_multisource_show_status_add(list, ended[n].n);
    }

    return list;
}


/* the last one first */

static int ngx_libc_cdecl
ngx_multisource_show_status_cmp(const void *one, const void *two)
{
    const ngx_multisource_show_status_ended_t  *first = one;
    const ngx_multisource_show_status_ended_t  *second = two;

    if (first->ended == second->ended) {
        return 0;
    }

    return first->ended > second->ended ? -1 : 1;
}


static ngx_uint_t
ngx_multisource_show_status_open(ngx_uint_t n)
{
    return ngx_multisource_stage_shows()->hashes[n] & 1;
}


static void
ngx_multisource_show_status_add(json_t *list, ngx_uint_t n)
{
    ngx_multisource_show_t  show;

    if (ngx_multisource_show_at(ngx_multisource_stage_shows(), n, &show)
        == NGX_OK)
    {
        (void) json_array_append_new(list,
                   ngx_multisource_show_json_analytics(&show));
    }
}


json_t *
ngx_multisource_show_status_zone(void)
{
    ngx_multisource_shows_t        *shows;
    ngx_multisource_show_totals_t   totals;

    shows = ngx_multisource_stage_shows();

    if (shows->shared == NULL) {
        return NULL;
    }

    ngx_multisource_show_totals(shows, &totals);

    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}",
                     "sessions", (json_int_t) totals.nslots,
                     "open", (json_int_t) totals.live,
                     "ended", (json_int_t) totals.ended,
                     "viewers", (json_int_t) totals.nviewers,
                     "viewers_used", (json_int_t) totals.viewers,
                     "viewers_lost", (json_int_t) totals.lost_viewers);
}


size_t
ngx_multisource_show_status_size(void)
{
    ngx_uint_t                      m;
    ngx_multisource_shows_t        *shows;
    ngx_multisource_show_totals_t   totals;

    shows = ngx_multisource_stage_shows();

    if (shows->shared == NULL) {
        return 0;
    }

    ngx_multisource_show_totals(shows, &totals);

    m = sizeof(ngx_multisource_show_metrics)
        / sizeof(ngx_multisource_show_metrics[0]);

    /* some may begin until they are written: those are left out */

    return (totals.live + 2) * m * NGX_MULTISOURCE_SHOW_STATUS_LINE;
}


u_char *
ngx_multisource_show_status_metrics(u_char *p, u_char *last)
{
    u_char                          app[NGX_MULTISOURCE_APP_MAX * 2];
    u_char                          labels[sizeof(app) + 64
                                           + NGX_MULTISOURCE_NAME_MAX];
    ngx_uint_t                      n;
    const ngx_live_metric_t        *metric;
    ngx_multisource_show_t          show;
    ngx_multisource_shows_t        *shows;
    ngx_multisource_show_status_t   st;
    ngx_multisource_show_totals_t   totals;

    shows = ngx_multisource_stage_shows();

    if (shows->shared == NULL) {
        return p;
    }

    ngx_multisource_show_totals(shows, &totals);

    p = ngx_live_metric_single(p, last, "multisource_sessions", "gauge",
                               "Open sessions.", totals.live);

    for (metric = ngx_multisource_show_metrics; metric->name; metric++) {

        p = ngx_live_metric_head(p, last, metric->name, metric->type,
                                 metric->help);

        for (n = 0; n < shows->nslots; n++) {

            if (!ngx_multisource_show_status_open(n)
                || last - p < NGX_MULTISOURCE_SHOW_STATUS_LINE
                || ngx_multisource_show_at(shows, n, &show) != NGX_OK)
            {
                continue;
            }

            ngx_multisource_show_status_count(&show, &st);

            (void) ngx_live_metric_label(app, app + sizeof(app),
                                         show.record.app);
            (void) ngx_snprintf(labels, sizeof(labels),
                                "app=\"%s\",streamer=\"%s\"%Z",
                                app, show.record.streamer);

            p = ngx_live_metric_sample(p, last, metric, labels, &st);
        }
    }

    return p;
}


static void
ngx_multisource_show_status_count(ngx_multisource_show_t *show,
    ngx_multisource_show_status_t *st)
{
    ngx_multisource_show_counts_t  *counts;

    ngx_memzero(st, sizeof(ngx_multisource_show_status_t));

    counts = ngx_multisource_show_counts(show);

    if (counts) {
        st->viewers = counts->now;
        st->peak = counts->peak;
        st->distinct = counts->distinct;
        st->watched = counts->watched / 1000.0;
    }
}
