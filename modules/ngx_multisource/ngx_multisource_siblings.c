
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_siblings.h"
#include "ngx_multisource_view.h"
#include "ngx_multisource_walk.h"


/* clocks so close to each other (us), of one address, are one */
#define NGX_MULTISOURCE_SIBLINGS_CLOCK  500000


static ngx_uint_t ngx_multisource_siblings_share(
    ngx_multisource_index_head_t *head, ngx_multisource_writer_info_t *info);


ngx_int_t
ngx_multisource_siblings_look(ngx_multisource_app_conf_t *conf,
    ngx_str_t *streamer, ngx_str_t *source, uint64_t epoch,
    ngx_multisource_writer_info_t *info, int64_t *offset)
{
    uint64_t                         oldest;
    ngx_int_t                        rc;
    ngx_str_t                        name;
    ngx_uint_t                       i, n;
    ngx_multisource_view_t          *view;
    ngx_multisource_entry_t          entries[NGX_MULTISOURCE_MAX_SOURCES];
    ngx_multisource_index_head_t    *head;
    ngx_multisource_index_report_t  *report;

    info->nreports = 0;
    oldest = epoch;

    n = ngx_multisource_walk_streamer(&conf->name, streamer, 0, entries);

    for (i = 0; i < n; i++) {

        name.data = entries[i].record.source;
        name.len = ngx_strlen(name.data);

        if (name.len == source->len
            && ngx_memcmp(name.data, source->data, name.len) == 0)
        {
            continue;
        }

        view = ngx_multisource_view_find(conf, streamer, &name, &rc);

        if (view == NULL || !view->mapped
            || view->head.state != NGX_MULTISOURCE_INDEX_LIVE)
        {
            continue;
        }

        head = &view->head;

        /* the source that was there first tells where their clock lies */

        if (head->epoch < oldest
            && ngx_multisource_siblings_share(head, info))
        {
            oldest = head->epoch;
            *offset = head->sender_offset;
        }

        if (info->nreports == NGX_MULTISOURCE_INDEX_REPORTS) {
            continue;
        }

        report = &info->reports[info->nreports];

        ngx_memzero(report, sizeof(ngx_multisource_index_report_t));

        if (ngx_multisource_index_last(head, &report->msn, &report->part)
            == NGX_OK)
        {
            ngx_cpystrn(report->source, name.data, sizeof(report->source));
            info->nreports++;
        }
    }

    return oldest < epoch ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_multisource_siblings_share(ngx_multisource_index_head_t *head,
    ngx_multisource_writer_info_t *info)
{
    int64_t  apart;

    if (info->sender == 0 || head->sender != info->sender) {
        return 0;
    }

    apart = head->sender_offset - info->sender_offset;

    return apart < NGX_MULTISOURCE_SIBLINGS_CLOCK
           && apart > -NGX_MULTISOURCE_SIBLINGS_CLOCK;
}
