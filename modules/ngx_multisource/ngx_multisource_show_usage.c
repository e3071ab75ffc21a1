
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_show_json.h"
#include "ngx_multisource_show_usage.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_viewer.h"


static ngx_int_t ngx_multisource_show_usage_next(ngx_multisource_show_t *show,
    uint64_t viewer, ngx_uint_t *n, ngx_multisource_viewer_look_t *look);


json_t *
ngx_multisource_show_usage(ngx_multisource_show_t *show, uint64_t viewer,
    ngx_uint_t offset, ngx_uint_t limit)
{
    json_t                         *viewers;
    uint64_t                        amount, watched;
    ngx_uint_t                      n, total;
    ngx_multisource_show_counts_t   counts;
    ngx_multisource_show_record_t  *record;
    ngx_multisource_viewer_look_t   look;

    record = &show->record;
    total = 0;
    amount = 0;
    watched = 0;
    n = 0;

    viewers = json_array();

    while (ngx_multisource_show_usage_next(show, viewer, &n, &look) == NGX_OK) {

        amount += look.amount;
        watched += look.watched;

        if (total++ < offset || json_array_size(viewers) == limit) {
            continue;
        }

        if (json_array_append_new(viewers,
                ngx_multisource_show_json_viewer(record, &look)) != 0)
        {
            json_decref(viewers);
            return NULL;
        }
    }

    /* viewers of an ended show make room, and its figures stay */

    if (viewer == 0
        && ngx_multisource_show_json_counts(show, &counts) == NGX_OK)
    {
        amount = counts.amount;
        watched = counts.watched;
    }

    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:I}",
                     "session", record->id,
                     "currency", ngx_multisource_show_json_currency(record),
                     "amount", ngx_multisource_show_json_amount(amount),
                     "minutes", ngx_multisource_show_json_minutes(watched),
                     "viewers", viewers,
                     "total", (json_int_t) total);
}


/* as ngx_multisource_viewer_next(); one viewer is found without the others */

static ngx_int_t
ngx_multisource_show_usage_next(ngx_multisource_show_t *show, uint64_t viewer,
    ngx_uint_t *n, ngx_multisource_viewer_look_t *look)
{
    ngx_uint_t                 i;
    ngx_multisource_viewer_t  *place;

    if (viewer == 0) {
        return ngx_multisource_viewer_next(ngx_multisource_stage_shows(), show,
                                           n, look);
    }

    place = (*n)++ == 0
            ? ngx_multisource_viewer_find(ngx_multisource_stage_shows(), show,
                                          viewer, 0)
            : NULL;

    if (place == NULL) {
        return NGX_DONE;
    }

    ngx_memzero(look, sizeof(ngx_multisource_viewer_look_t));

    look->id = viewer;
    look->joined = place->joined;
    look->seen = place->seen;
    look->watched = place->watched;
    look->amount = place->amount;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {
        look->total[i] = place->total[i];
    }

    return NGX_OK;
}
