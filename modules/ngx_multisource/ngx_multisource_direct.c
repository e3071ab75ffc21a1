
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_direct.h"
#include "ngx_multisource_director.h"
#include "ngx_multisource_measure.h"
#include "ngx_multisource_shows.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_walk.h"


/* how often it is looked at most which shows are directed by activity, ms */
#define NGX_MULTISOURCE_DIRECT_LOOK   1000

#define NGX_MULTISOURCE_DIRECT_SHOWS  16    /* more room each time */

/*
 * How long the first choice waits for sources that nobody has measured yet, ms:
 * their workers see within a second that they are to, and listen for a while.
 */
#define NGX_MULTISOURCE_DIRECT_WAIT   3000


/* a show that is directed by activity, as of the last look */

typedef struct {
    ngx_uint_t           slot;
    ngx_atomic_uint_t    ticket;
    u_char               app[NGX_MULTISOURCE_SHOW_APP];
    u_char               streamer[NGX_MULTISOURCE_NAME_MAX + 1];
} ngx_multisource_direct_show_t;


typedef struct {
    ngx_uint_t           stream;
    uint64_t             now;
} ngx_multisource_direct_choice_t;


static void ngx_multisource_direct_look(ngx_multisource_shows_t *shows);
static ngx_int_t ngx_multisource_direct_keep(ngx_uint_t slot,
    ngx_multisource_show_t *show);
static void ngx_multisource_direct_measure(void);
static void ngx_multisource_direct_show(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show);
static ngx_uint_t ngx_multisource_direct_inputs(
    ngx_multisource_show_record_t *record,
    ngx_multisource_director_input_t *inputs, ngx_uint_t *unmeasured);
static ngx_int_t ngx_multisource_direct_choose(
    ngx_multisource_show_record_t *record, void *data);


static ngx_multisource_direct_show_t  *ngx_multisource_direct_shows;
static ngx_uint_t                      ngx_multisource_direct_nshows;
static ngx_uint_t                      ngx_multisource_direct_room;

static ngx_msec_t                      ngx_multisource_direct_looked;
static ngx_atomic_uint_t               ngx_multisource_direct_version;

/* publishers of this worker are measured, or were so at the last tick */
static ngx_uint_t                      ngx_multisource_direct_measures;


void
ngx_multisource_direct_tick(void)
{
    ngx_uint_t                      i;
    ngx_multisource_show_t          show;
    ngx_multisource_shows_t        *shows;
    ngx_multisource_direct_show_t  *directed;

    shows = ngx_multisource_stage_shows();

    if (shows->shared == NULL) {
        return;
    }

    ngx_multisource_direct_look(shows);

    if (ngx_multisource_direct_nshows || ngx_multisource_direct_measures) {
        ngx_multisource_direct_measure();
    }

    if (ngx_multisource_direct_nshows == 0
        || ngx_multisource_show_turn(shows, NGX_MULTISOURCE_TURN_DIRECT,
                                     NGX_MULTISOURCE_DIRECTOR_STEP)
           != NGX_OK)
    {
        return;
    }

    for (i = 0; i < ngx_multisource_direct_nshows; i++) {
        directed = &ngx_multisource_direct_shows[i];

        if (ngx_multisource_show_at(shows, directed->slot, &show) == NGX_OK
            && show.ticket == directed->ticket)
        {
            ngx_multisource_direct_show(shows, &show);
        }
    }
}


ngx_uint_t
ngx_multisource_direct_busy(void)
{
    return ngx_multisource_direct_nshows;
}


ngx_uint_t
ngx_multisource_direct_wanted(ngx_str_t *app, ngx_str_t *streamer)
{
    ngx_uint_t                      i;
    ngx_multisource_direct_show_t  *directed;

    for (i = 0; i < ngx_multisource_direct_nshows; i++) {
        directed = &ngx_multisource_direct_shows[i];

        if (ngx_strlen(directed->streamer) == streamer->len
            && ngx_memcmp(directed->streamer, streamer->data, streamer->len)
               == 0
            && ngx_strlen(directed->app) == app->len
            && ngx_memcmp(directed->app, app->data, app->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* finds the shows that are directed by activity, if any show has changed */

static void
ngx_multisource_direct_look(ngx_multisource_shows_t *shows)
{
    ngx_uint_t              n;
    ngx_atomic_uint_t       version, ticket;
    ngx_multisource_show_t  show;

    version = ngx_multisource_show_version(shows);

    if (version == ngx_multisource_direct_version
        || ngx_current_msec - ngx_multisource_direct_looked
           < NGX_MULTISOURCE_DIRECT_LOOK)
    {
        return;
    }

    ngx_multisource_direct_looked = ngx_current_msec;
    ngx_multisource_direct_version = version;
    ngx_multisource_direct_nshows = 0;

    for (n = 0; n < shows->nslots; n++) {

        ticket = shows->slots[n].ticket;

        /* most shows have ended, and are not read */

        if (ticket == 0 || ngx_multisource_show_over(shows, n, ticket)
            || ngx_multisource_show_at(shows, n, &show) != NGX_OK
            || show.record.state == NGX_MULTISOURCE_SHOW_ENDED
            || show.record.director != NGX_MULTISOURCE_DIRECT_ACTIVITY)
        {
            continue;
        }

        if (ngx_multisource_direct_keep(n, &show) != NGX_OK) {

            /* the next look may have more memory */

            ngx_multisource_direct_version = version - 1;
            return;
        }
    }
}


static ngx_int_t
ngx_multisource_direct_keep(ngx_uint_t slot, ngx_multisource_show_t *show)
{
    ngx_uint_t                      room;
    ngx_multisource_direct_show_t  *directed, *more;

    if (ngx_multisource_direct_nshows == ngx_multisource_direct_room) {

        room = ngx_multisource_direct_room * 2 + NGX_MULTISOURCE_DIRECT_SHOWS;

        more = ngx_alloc(room * sizeof(ngx_multisource_direct_show_t),
                         ngx_cycle->log);
        if (more == NULL) {
            return NGX_ERROR;
        }

        if (ngx_multisource_direct_shows) {
            ngx_memcpy(more, ngx_multisource_direct_shows,
                       ngx_multisource_direct_nshows
                       * sizeof(ngx_multisource_direct_show_t));

            ngx_free(ngx_multisource_direct_shows);
        }

        ngx_multisource_direct_shows = more;
        ngx_multisource_direct_room = room;
    }

    directed = &ngx_multisource_direct_shows[ngx_multisource_direct_nshows++];

    directed->slot = slot;
    directed->ticket = show->ticket;
    ngx_cpystrn(directed->app, show->record.app, sizeof(directed->app));
    ngx_cpystrn(directed->streamer, show->record.streamer,
                sizeof(directed->streamer));

    return NGX_OK;
}


/* has this worker's publishers tell how active they are, or no longer */

static void
ngx_multisource_direct_measure(void)
{
    ngx_str_t               app, streamer;
    ngx_uint_t              wanted;
    ngx_queue_t            *q;
    ngx_multisource_ctx_t  *ctx;

    ngx_multisource_direct_measures = 0;

    for (q = ngx_queue_head(&ngx_multisource_worker.publishers);
         q != ngx_queue_sentinel(&ngx_multisource_worker.publishers);
         q = ngx_queue_next(q))
    {
        ctx = ngx_queue_data(q, ngx_multisource_ctx_t, queue);

        if (ctx->phase != NGX_MULTISOURCE_ON_AIR) {
            continue;
        }

        app.data = ctx->record.app;
        app.len = ngx_strlen(app.data);
        streamer.data = ctx->record.streamer;
        streamer.len = ngx_strlen(streamer.data);

        wanted = ngx_multisource_direct_wanted(&app, &streamer);

        ngx_multisource_measure_activity(ctx, wanted);

        ngx_multisource_direct_measures |= wanted;
    }
}


/*
 * A step of the director. His state lives in the show's slot, where the worker
 * whose turn is next finds it; one that is interrupted for so long that two of
 * them are at it costs a step. The record decides who is on air: where it says
 * other than the state does, by the streamer's word or as the slot is new, the
 * state begins with that.
 */

static void
ngx_multisource_direct_show(ngx_multisource_shows_t *shows,
    ngx_multisource_show_t *show)
{
    ngx_uint_t                         n, on_air, unmeasured, waits;
    ngx_multisource_director_t         director;
    ngx_multisource_show_record_t     *record;
    ngx_multisource_direct_choice_t    choice;
    ngx_multisource_director_input_t
                               inputs[NGX_MULTISOURCE_SHOW_STREAMS];

    record = &show->record;

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED
        || record->director != NGX_MULTISOURCE_DIRECT_ACTIVITY)
    {
        return;
    }

    n = ngx_multisource_direct_inputs(record, inputs, &unmeasured);

    director = show->slot->director;
    on_air = record->on_air < record->nstreams ? record->on_air + 1 : 0;

    if (director.on_air != on_air || director.since == 0) {
        ngx_memzero(&director, sizeof(ngx_multisource_director_t));

        director.on_air = on_air;
        director.since = ngx_current_msec;
    }

    /* or who is measured first would be the one */

    waits = unmeasured && on_air == 0
            && ngx_current_msec - director.since < NGX_MULTISOURCE_DIRECT_WAIT;

    if (!waits
        && ngx_multisource_director_step(&director, inputs, n,
                                         ngx_current_msec))
    {
        choice.stream = director.on_air ? director.on_air - 1
                                        : NGX_MULTISOURCE_SHOW_NONE;
        choice.now = ngx_multisource_now() + NGX_MULTISOURCE_DIRECTOR_NOTICE;

        if (ngx_multisource_show_change(shows, show,
                                        ngx_multisource_direct_choose, &choice)
            != NGX_OK)
        {
            /* the next step sees why, or tries it again */
            return;
        }

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "multisource: on air of streamer '%s': source '%s'",
                      record->streamer,
                      record->on_air < record->nstreams
                      ? record->streams[record->on_air].name
                      : (u_char *) "");
    }

    if (show->slot->ticket == show->ticket) {
        show->slot->director = director;
    }
}


/*
 * The live sources that viewers may have. One of which nothing came for long,
 * whose picture stands still, counts only where all others are like that.
 */

static ngx_uint_t
ngx_multisource_direct_inputs(ngx_multisource_show_record_t *record,
    ngx_multisource_director_input_t *inputs, ngx_uint_t *unmeasured)
{
    ngx_str_t                app, streamer, name;
    ngx_uint_t               i, n, nentries, stream, stalled, known;
    ngx_multisource_entry_t  entries[NGX_MULTISOURCE_MAX_SOURCES];

    app.data = record->app;
    app.len = ngx_strlen(app.data);
    streamer.data = record->streamer;
    streamer.len = ngx_strlen(streamer.data);

    nentries = ngx_multisource_walk_streamer(&app, &streamer, 0, entries);
    n = 0;
    *unmeasured = 0;

    for (stalled = 0; stalled < 2 && n == 0; stalled++) {

        for (i = 0; i < nentries && n < NGX_MULTISOURCE_SHOW_STREAMS; i++) {

            name.data = entries[i].record.source;
            name.len = ngx_strlen(name.data);

            stream = ngx_multisource_show_stream(record, &name);

            if (stream >= record->nstreams
                || record->streams[stream].disabled
                || entries[i].stalled != stalled)
            {
                continue;
            }

            known = entries[i].record.motion != NGX_MULTISOURCE_UNMEASURED;

            if (!known && !stalled) {
                *unmeasured = 1;
            }

            known = known && !stalled;

            inputs[n].stream = stream;
            inputs[n].level = known ? entries[i].record.level
                                    : NGX_MULTISOURCE_DIRECTOR_SILENT;
            inputs[n].motion = known ? entries[i].record.motion : 0;
            n++;
        }
    }

    return n;
}


/* not when the streamer has taken over meanwhile */

static ngx_int_t
ngx_multisource_direct_choose(ngx_multisource_show_record_t *record,
    void *data)
{
    ngx_multisource_direct_choice_t *choice = data;

    if (record->state == NGX_MULTISOURCE_SHOW_ENDED
        || record->director != NGX_MULTISOURCE_DIRECT_ACTIVITY
        || record->on_air == choice->stream)
    {
        return NGX_DONE;
    }

    record->on_air = choice->stream;
    record->on_air_since = choice->now;

    return NGX_OK;
}
