
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_show_json.h"
#include "ngx_multisource_show_usage.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_viewer.h"


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

    while (ngx_multisource_viewer_next(ngx_multisource_stage_shows(), show, &n,
                                       &look)
           == NGX_OK)
    {
        if (viewer && look.id != viewer) {
            continue;
        }

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
