
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_rtmp_module.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_store.h"
#include "ngx_multisource_viewer.h"
#include "ngx_multisource_walk.h"


#define NGX_MULTISOURCE_STAGE_EVERY  1000       /* ms between two looks */


static void ngx_multisource_stage_begin(void);
static void ngx_multisource_stage_meet_all(void);
static ngx_int_t ngx_multisource_stage_meet(ngx_multisource_show_t *show);
static ngx_uint_t ngx_multisource_stage_live(ngx_str_t *app,
    ngx_str_t *streamer, ngx_multisource_entry_t *entries,
    ngx_multisource_show_live_t *live);
static ngx_uint_t ngx_multisource_stage_type(ngx_multisource_record_t *record);


static ngx_multisource_shows_t  ngx_multisource_stage_view;


void
ngx_multisource_stage_init(ngx_cycle_t *cycle)
{
    ngx_multisource_http_main_conf_t  *hmcf;

    ngx_memzero(&ngx_multisource_stage_view, sizeof(ngx_multisource_shows_t));

    hmcf = ngx_multisource_http_main_conf(cycle);

    if (hmcf && hmcf->sessions_zone) {
        ngx_multisource_show_open(&ngx_multisource_stage_view,
                                  hmcf->sessions_zone, cycle->log);

        ngx_multisource_stage_view.grace = hmcf->grace;
    }
}


ngx_multisource_shows_t *
ngx_multisource_stage_shows(void)
{
    return &ngx_multisource_stage_view;
}


void
ngx_multisource_stage_tick(void)
{
    ngx_multisource_shows_t  *shows;

    shows = &ngx_multisource_stage_view;

    if (shows->shared == NULL) {
        return;
    }

    if (ngx_multisource_show_turn(shows, NGX_MULTISOURCE_TURN_MEET,
                                  NGX_MULTISOURCE_STAGE_EVERY)
        == NGX_OK)
    {
        ngx_multisource_stage_begin();
        ngx_multisource_stage_meet_all();
    }

    if (ngx_multisource_show_turn(shows, NGX_MULTISOURCE_TURN_LOOK,
                                  NGX_MULTISOURCE_STAGE_EVERY)
        == NGX_OK)
    {
        ngx_multisource_viewer_look(shows, ngx_multisource_now());
    }
}


/* streamers who are live and have no show get one */

static void
ngx_multisource_stage_begin(void)
{
    ngx_str_t                    app, streamer;
    ngx_multisource_walk_t       walk;
    ngx_multisource_show_t       show;
    ngx_multisource_entry_t      entry;
    ngx_multisource_app_conf_t  *conf;

    /* who is live may go on with a show that Redis knows */

    if (!ngx_multisource_store_ready()) {
        return;
    }

    ngx_memzero(&walk, sizeof(ngx_multisource_walk_t));

    while (ngx_multisource_registry_next(&ngx_multisource_worker.registry,
                                         &walk, &entry)
           == NGX_OK)
    {
        app.data = entry.record.app;
        app.len = ngx_strlen(app.data);
        streamer.data = entry.record.streamer;
        streamer.len = ngx_strlen(streamer.data);

        if (ngx_multisource_show_of(&ngx_multisource_stage_view, &app,
                                    &streamer, 0, &show)
            == NGX_OK)
        {
            continue;
        }

        conf = ngx_multisource_rtmp_app((ngx_cycle_t *) ngx_cycle, &app);

        if (conf) {
            (void) ngx_multisource_stage_show(conf, &streamer, 0, &show);
        }
    }
}


static void
ngx_multisource_stage_meet_all(void)
{
    ngx_uint_t                n;
    ngx_multisource_show_t    show;
    ngx_multisource_shows_t  *shows;

    shows = &ngx_multisource_stage_view;

    for (n = 0; n < shows->nslots; n++) {

        /* odd: it is open */

        if ((shows->hashes[n] & 1)
            && ngx_multisource_show_at(shows, n, &show) == NGX_OK)
        {
            (void) ngx_multisource_stage_meet(&show);
        }
    }
}


ngx_int_t
ngx_multisource_stage_show(ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_uint_t ended, ngx_multisource_show_t *show)
{
    ngx_int_t                       rc;
    ngx_multisource_shows_t        *shows;
    ngx_multisource_entry_t         entries[NGX_MULTISOURCE_MAX_SOURCES];
    ngx_multisource_show_live_t     live[NGX_MULTISOURCE_MAX_SOURCES];
    ngx_multisource_show_record_t   record;

    shows = &ngx_multisource_stage_view;

    if (shows->shared == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_multisource_show_of(shows, &app->name, streamer, 0, show)
        == NGX_OK)
    {
        rc = ngx_multisource_stage_meet(show);

        if (rc == NGX_BUSY) {
            return NGX_BUSY;
        }

        if (show->record.state != NGX_MULTISOURCE_SHOW_ENDED) {
            return NGX_OK;
        }
    }

    if (ngx_multisource_stage_live(&app->name, streamer, entries, live)) {

        if (!ngx_multisource_store_ready()) {
            return NGX_BUSY;
        }

        ngx_multisource_stage_record(app, streamer, &record);

        rc = ngx_multisource_show_begin(shows, &record, show);

        if (rc == NGX_DECLINED) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "multisource: no room for a session of streamer "
                          "'%V', see multisource_sessions_zone", streamer);
        }

        if (rc != NGX_OK && rc != NGX_DONE) {
            return rc;
        }

        if (rc == NGX_OK) {
            ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                          "multisource: session %s of streamer '%V' begins",
                          show->record.id, streamer);
        }

        return ngx_multisource_stage_meet(show) == NGX_BUSY ? NGX_BUSY
                                                            : NGX_OK;
    }

    return ended ? ngx_multisource_show_of(shows, &app->name, streamer, 1,
                                           show)
                 : NGX_DECLINED;
}


static ngx_int_t
ngx_multisource_stage_meet(ngx_multisource_show_t *show)
{
    ngx_int_t                    rc;
    ngx_str_t                    app, streamer;
    ngx_uint_t                   n, before;
    ngx_multisource_entry_t      entries[NGX_MULTISOURCE_MAX_SOURCES];
    ngx_multisource_show_live_t  live[NGX_MULTISOURCE_MAX_SOURCES];

    app.data = show->record.app;
    app.len = ngx_strlen(app.data);
    streamer.data = show->record.streamer;
    streamer.len = ngx_strlen(streamer.data);

    n = ngx_multisource_stage_live(&app, &streamer, entries, live);
    before = show->record.state;

    rc = ngx_multisource_show_meet(&ngx_multisource_stage_view, show, live, n,
                                   ngx_multisource_now());

    if (rc == NGX_OK && before != show->record.state
        && show->record.state == NGX_MULTISOURCE_SHOW_ENDED)
    {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "multisource: session %s of streamer '%s' ended",
                      show->record.id, show->record.streamer);
    }

    return rc;
}


/* names point into the entries */

static ngx_uint_t
ngx_multisource_stage_live(ngx_str_t *app, ngx_str_t *streamer,
    ngx_multisource_entry_t *entries, ngx_multisource_show_live_t *live)
{
    ngx_uint_t  i, n;

    n = ngx_multisource_walk_streamer(app, streamer, 0, entries);

    for (i = 0; i < n; i++) {
        live[i].name.data = entries[i].record.source;
        live[i].name.len = ngx_strlen(live[i].name.data);
        live[i].type = ngx_multisource_stage_type(&entries[i].record);
    }

    return n;
}


static ngx_uint_t
ngx_multisource_stage_type(ngx_multisource_record_t *record)
{
    ngx_str_t  name;

    if (record->video.codec[0] == '\0' && record->audio.codec[0]) {
        return NGX_MULTISOURCE_PRICE_AUDIO;
    }

    name.data = record->source;
    name.len = ngx_strlen(name.data);

    return ngx_multisource_price_guess(&name);
}


void
ngx_multisource_stage_record(ngx_multisource_app_conf_t *app,
    ngx_str_t *streamer, ngx_multisource_show_record_t *record)
{
    ngx_uint_t                         i;
    ngx_multisource_http_price_t      *price;
    ngx_multisource_http_main_conf_t  *hmcf;

    ngx_memzero(record, sizeof(ngx_multisource_show_record_t));

    ngx_cpystrn(record->app, app->name.data,
                ngx_min(app->name.len + 1, sizeof(record->app)));
    ngx_cpystrn(record->streamer, streamer->data,
                ngx_min(streamer->len + 1, sizeof(record->streamer)));

    record->created = ngx_multisource_now();
    record->on_air = NGX_MULTISOURCE_SHOW_NONE;

    hmcf = ngx_multisource_http_main_conf((ngx_cycle_t *) ngx_cycle);
    if (hmcf == NULL) {
        return;
    }

    record->private = !hmcf->public;

    price = hmcf->prices.elts;

    for (i = 0; i < hmcf->prices.nelts; i++) {

        if (price[i].streamer.len == streamer->len
            && ngx_memcmp(price[i].streamer.data, streamer->data,
                          streamer->len)
               == 0)
        {
            record->price = price[i].price;
            return;
        }

        if (price[i].streamer.len == 1 && price[i].streamer.data[0] == '*') {
            record->price = price[i].price;
        }
    }
}
