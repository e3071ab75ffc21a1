
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_show_json.h"
#include "ngx_multisource_show_news.h"


static ngx_int_t ngx_multisource_show_news_tell(json_t *json,
    const char *event, ngx_multisource_show_news_pt send, void *data);
static ngx_uint_t ngx_multisource_show_news_counted(
    ngx_multisource_show_news_t *news, ngx_multisource_show_t *show);


ngx_int_t
ngx_multisource_show_news(ngx_multisource_show_news_t *news,
    ngx_multisource_loc_conf_t *mlcf, ngx_multisource_show_t *show,
    ngx_multisource_show_news_pt send, void *data)
{
    ngx_int_t                       rc;
    ngx_uint_t                      first;
    ngx_multisource_show_record_t  *record;

    record = &show->record;
    first = news->ticket != show->ticket;
    rc = NGX_OK;

    if (first || news->revision != record->revision) {
        rc = ngx_multisource_show_news_tell(
                 ngx_multisource_show_json_session(mlcf, show), "session",
                 send, data);

        news->ticket = show->ticket;
        news->revision = record->revision;
    }

    if (rc == NGX_OK
        && (first || news->director != record->director
            || news->on_air != record->on_air
            || news->on_air_since != record->on_air_since))
    {
        rc = ngx_multisource_show_news_tell(
                 ngx_multisource_show_json_on_air(record), "on_air", send,
                 data);

        news->director = record->director;
        news->on_air = record->on_air;
        news->on_air_since = record->on_air_since;
    }

    if (rc == NGX_OK
        && (first || ngx_current_msec - news->counted
                     >= NGX_MULTISOURCE_SHOW_NEWS_COUNT)
        && (ngx_multisource_show_news_counted(news, show) || first))
    {
        rc = ngx_multisource_show_news_tell(
                 ngx_multisource_show_json_viewers(show), "viewers", send,
                 data);

        news->counted = ngx_current_msec;
    }

    return rc;
}


/* takes the object over; NULL: out of memory */

static ngx_int_t
ngx_multisource_show_news_tell(json_t *json, const char *event,
    ngx_multisource_show_news_pt send, void *data)
{
    ngx_int_t  rc;

    if (json == NULL) {
        return NGX_ERROR;
    }

    rc = send(data, event, json);

    json_decref(json);

    return rc;
}


/* nonzero: other numbers than before */

static ngx_uint_t
ngx_multisource_show_news_counted(ngx_multisource_show_news_t *news,
    ngx_multisource_show_t *show)
{
    ngx_uint_t                      i, changed;
    ngx_atomic_uint_t               n;
    ngx_multisource_show_counts_t  *counts;
    ngx_multisource_show_record_t  *record;

    record = &show->record;

    counts = record->state == NGX_MULTISOURCE_SHOW_ENDED
             ? NULL : ngx_multisource_show_counts(show);

    changed = news->nstreams != record->nstreams;
    news->nstreams = record->nstreams;

    n = counts ? counts->now : 0;
    changed |= news->now != n;
    news->now = n;

    /* the peak of a show that is over stays what it was */

    n = counts ? counts->peak : news->peak;
    changed |= news->peak != n;
    news->peak = n;

    for (i = 0; i < record->nstreams; i++) {
        n = counts ? counts->streams[i].now : 0;
        changed |= news->watch[i] != n;
        news->watch[i] = n;
    }

    return changed;
}
