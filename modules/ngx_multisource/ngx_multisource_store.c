
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_store.h"
#include "ngx_multisource_store_json.h"
#include "ngx_multisource_viewer.h"
#include "ngx_multisource_webhook.h"


#define NGX_MULTISOURCE_STORE_EVERY     2000    /* ms between two writes */

/* of one write: slots and viewers that are looked at, and commands */
#define NGX_MULTISOURCE_STORE_SHOWS     1024
#define NGX_MULTISOURCE_STORE_VIEWERS   16384
#define NGX_MULTISOURCE_STORE_COMMANDS  500

/* a show that is live is written now and then also if nothing changes, ms */
#define NGX_MULTISOURCE_STORE_SIGN      60000

/* viewers of one show that are written together, and shows at a time */
#define NGX_MULTISOURCE_STORE_BATCH     32
#define NGX_MULTISOURCE_STORE_BATCHES   16

/* sessions, and viewers, that are read with one command */
#define NGX_MULTISOURCE_STORE_READ      32
#define NGX_MULTISOURCE_STORE_SCAN      "256"

/* for so long nothing new begins while Redis is waited for, ms */
#define NGX_MULTISOURCE_STORE_PATIENCE  3000
#define NGX_MULTISOURCE_STORE_READING   15000

/* a show that was live so long ago does not go on, ms */
#define NGX_MULTISOURCE_STORE_RESUME    3600000

/* s, 30 days; from the lists it goes by its age, as open ones are put back */
#define NGX_MULTISOURCE_STORE_EXPIRE    2592000
#define NGX_MULTISOURCE_STORE_OLD       (3 * NGX_MULTISOURCE_STORE_EXPIRE)
#define NGX_MULTISOURCE_STORE_CLEAN     600000      /* ms between two times */

#define NGX_MULTISOURCE_STORE_SHOW_KEY    "multisource:session:"
#define NGX_MULTISOURCE_STORE_VIEWER_KEY  "multisource:viewers:"
#define NGX_MULTISOURCE_STORE_ALL         "multisource:sessions"
#define NGX_MULTISOURCE_STORE_OPEN        "multisource:sessions:open"

#define NGX_MULTISOURCE_STORE_KEY         64    /* bytes, with the id */


/* what becomes of a new zone */

enum {
    NGX_MULTISOURCE_STORE_IDLE = 0,     /* nothing is to be read */
    NGX_MULTISOURCE_STORE_WAITING,      /* for Redis */
    NGX_MULTISOURCE_STORE_LISTING,
    NGX_MULTISOURCE_STORE_SHOWING,      /* records of shows are read */
    NGX_MULTISOURCE_STORE_VIEWING       /* their viewers are */
};


/* a record on its way to Redis */

typedef struct {
    ngx_multisource_show_slot_t  *slot;
    ngx_atomic_uint_t             digest;
} ngx_multisource_store_show_t;


/* viewers of a show on their way, or being gathered */

typedef struct {
    ngx_multisource_show_t        show;
    ngx_uint_t                    n;
    ngx_multisource_viewer_t     *viewers[NGX_MULTISOURCE_STORE_BATCH];
    ngx_atomic_uint_t             digests[NGX_MULTISOURCE_STORE_BATCH];
    size_t                        lens[NGX_MULTISOURCE_STORE_BATCH];
    u_char                        ids[NGX_MULTISOURCE_STORE_BATCH]
                                     [NGX_MULTISOURCE_STORE_JSON_ID];
    u_char                        texts[NGX_MULTISOURCE_STORE_BATCH]
                                       [NGX_MULTISOURCE_STORE_JSON_VIEWER];
} ngx_multisource_store_batch_t;

typedef struct {
    ngx_uint_t                    n;
    ngx_multisource_viewer_t     *viewers[NGX_MULTISOURCE_STORE_BATCH];
    ngx_atomic_uint_t             digests[NGX_MULTISOURCE_STORE_BATCH];
} ngx_multisource_store_sent_t;


typedef struct {
    u_char                        id[NGX_MULTISOURCE_SHOW_ID];
} ngx_multisource_store_id_t;


typedef struct {
    ngx_live_redis_t              redis;
    ngx_multisource_shows_t      *shows;        /* NULL: nothing to do */

    ngx_uint_t                    pending;      /* answers to writes */
    ngx_uint_t                    commands;     /* of this turn */
    ngx_uint_t                    show;         /* where the next turn begins */
    ngx_uint_t                    viewer;
    ngx_msec_t                    cleaned;

    /* NGX_MULTISOURCE_STORE_BATCHES, during a turn */
    ngx_multisource_store_batch_t
                                 *batches;
    ngx_uint_t                    oldest;

    /* what is read into a new zone */

    ngx_uint_t                    reading;
    ngx_msec_t                    since;        /* the worker began */
    ngx_array_t                   ids;          /* ngx_multisource_store_id_t */
    ngx_pool_t                   *pool;         /* of both lists */
    ngx_uint_t                    nopen;        /* the first of them */
    ngx_uint_t                    next;
    ngx_uint_t                    asked;        /* of them, on the way */
    ngx_uint_t                    ended;        /* came back */
    ngx_uint_t                    nshows;
    ngx_uint_t                    nviewers;
    ngx_uint_t                    bad;
    ngx_multisource_show_t        reader;       /* whose viewers are read */
    ngx_array_t                   restored;     /* ngx_multisource_store_id_t:
                                                   here, without viewers */
} ngx_multisource_store_t;


static void ngx_multisource_store_write(void);
static void ngx_multisource_store_clean(uint64_t now);
static void ngx_multisource_store_shows(uint64_t now);
static ngx_int_t ngx_multisource_store_put(ngx_multisource_show_t *show,
    const ngx_multisource_show_counts_t *counts, ngx_atomic_uint_t digest,
    uint64_t now);
static void ngx_multisource_store_shown(void *data, redisReply *reply);
static ngx_atomic_uint_t ngx_multisource_store_digest(
    ngx_multisource_show_t *show, const ngx_multisource_show_counts_t *counts,
    uint64_t now);
static ngx_uint_t ngx_multisource_store_told(ngx_multisource_show_t *show);

static void ngx_multisource_store_viewers(void);
static ngx_int_t ngx_multisource_store_add(ngx_multisource_viewer_t *viewer,
    ngx_atomic_uint_t digest);
static ngx_multisource_store_batch_t *ngx_multisource_store_batch(
    ngx_uint_t slot, ngx_atomic_uint_t ticket);
static ngx_int_t ngx_multisource_store_flush(
    ngx_multisource_store_batch_t *batch);
static void ngx_multisource_store_viewed(void *data, redisReply *reply);
static ngx_atomic_uint_t ngx_multisource_store_viewer_digest(
    ngx_multisource_viewer_t *viewer);

static void ngx_multisource_store_read(void);
static ngx_int_t ngx_multisource_store_list(const char *key, ngx_uint_t n,
    ngx_live_redis_pt handler);
static void ngx_multisource_store_listed_open(void *data, redisReply *reply);
static void ngx_multisource_store_listed_all(void *data, redisReply *reply);
static ngx_int_t ngx_multisource_store_take(redisReply *reply);
static void ngx_multisource_store_get(void);
static void ngx_multisource_store_got(void *data, redisReply *reply);
static void ngx_multisource_store_show(ngx_str_t *id, ngx_str_t *text);
static void ngx_multisource_store_forget(ngx_str_t *id);
static void ngx_multisource_store_scan(const char *cursor);
static void ngx_multisource_store_scanned(void *data, redisReply *reply);
static void ngx_multisource_store_viewer(redisReply *id, redisReply *text);
static void ngx_multisource_store_lost(void);
static void ngx_multisource_store_done(const char *why);

static ngx_int_t ngx_multisource_store_send(ngx_live_redis_pt handler,
    void *data, ngx_uint_t n, ngx_str_t *args);
static void ngx_multisource_store_key(ngx_str_t *key, u_char *buf,
    const char *prefix, const u_char *id);
static void ngx_multisource_store_expire(ngx_str_t *arg, u_char *buf,
    ngx_multisource_show_record_t *record);


/* of this worker */

static ngx_multisource_store_t  ngx_multisource_store;


char *
ngx_multisource_store_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_multisource_http_main_conf_t *hmcf = conf;

    if (hmcf->redis) {
        return "is duplicate";
    }

    hmcf->redis = ngx_pcalloc(cf->pool, sizeof(ngx_live_redis_conf_t));
    if (hmcf->redis == NULL) {
        return NGX_CONF_ERROR;
    }

    hmcf->redis->name = "multisource";

    return ngx_live_redis_conf(cf, hmcf->redis);
}


void
ngx_multisource_store_init(ngx_cycle_t *cycle)
{
    ngx_multisource_store_t           *store = &ngx_multisource_store;
    ngx_multisource_show_totals_t      totals;
    ngx_multisource_http_main_conf_t  *hmcf;

    ngx_memzero(store, sizeof(ngx_multisource_store_t));

    hmcf = ngx_multisource_http_main_conf(cycle);

    if (hmcf == NULL || hmcf->redis == NULL
        || ngx_multisource_stage_shows()->shared == NULL)
    {
        return;
    }

    if (ngx_live_redis_init(&store->redis, hmcf->redis, cycle->log) != NGX_OK) {
        return;
    }

    store->shows = ngx_multisource_stage_shows();
    store->since = ngx_current_msec;
    store->cleaned = ngx_current_msec;

    ngx_multisource_show_totals(store->shows, &totals);

    if (totals.shows == 0) {
        store->reading = NGX_MULTISOURCE_STORE_WAITING;
    }
}


void
ngx_multisource_store_exit(void)
{
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    if (store->shows == NULL) {
        return;
    }

    /* what is new, as far as it goes out without waiting */

    if (ngx_live_redis_up(&store->redis) && store->pending == 0) {
        ngx_multisource_store_write();
    }

    /* the handlers of what is on its way are called in here */

    store->shows = NULL;

    ngx_live_redis_exit(&store->redis);

    if (store->pool) {
        ngx_destroy_pool(store->pool);
        store->pool = NULL;
    }

    if (store->batches) {
        ngx_free(store->batches);
        store->batches = NULL;
    }
}


void
ngx_multisource_store_tick(void)
{
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    if (store->shows == NULL || !ngx_live_redis_up(&store->redis)) {
        return;
    }

    if (store->reading == NGX_MULTISOURCE_STORE_WAITING) {
        ngx_multisource_store_read();
    }

    /* what waits for answers is not written a second time */

    if (store->pending == 0
        && ngx_multisource_show_turn(store->shows, NGX_MULTISOURCE_TURN_STORE,
                                     NGX_MULTISOURCE_STORE_EVERY)
           == NGX_OK)
    {
        ngx_multisource_store_write();
    }
}


ngx_uint_t
ngx_multisource_store_ready(void)
{
    ngx_msec_t                elapsed;
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    if (store->shows == NULL || store->reading == NGX_MULTISOURCE_STORE_IDLE
        || store->reading == NGX_MULTISOURCE_STORE_VIEWING)
    {
        return 1;
    }

    elapsed = ngx_current_msec - store->since;

    return elapsed > (store->reading == NGX_MULTISOURCE_STORE_WAITING
                      ? NGX_MULTISOURCE_STORE_PATIENCE
                      : NGX_MULTISOURCE_STORE_READING);
}


void
ngx_multisource_store_look(ngx_live_redis_look_t *look)
{
    ngx_live_redis_look(&ngx_multisource_store.redis, look);
}


/* ---- writing ---- */

static void
ngx_multisource_store_write(void)
{
    uint64_t                  now;
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    now = ngx_multisource_now();

    store->commands = 0;

    ngx_multisource_store_shows(now);
    ngx_multisource_store_viewers();

    if (ngx_current_msec - store->cleaned > NGX_MULTISOURCE_STORE_CLEAN) {
        store->cleaned = ngx_current_msec;
        ngx_multisource_store_clean(now);
    }
}


/* what has expired leaves the lists */

static void
ngx_multisource_store_clean(uint64_t now)
{
    u_char     score[NGX_INT64_LEN];
    ngx_str_t  args[4];

    ngx_str_set(&args[0], "ZREMRANGEBYSCORE");
    ngx_str_set(&args[1], NGX_MULTISOURCE_STORE_ALL);
    ngx_str_set(&args[2], "-inf");
    args[3].data = score;
    args[3].len = ngx_sprintf(score, "%uL",
                              now - NGX_MULTISOURCE_STORE_OLD * 1000ULL)
                  - score;

    (void) ngx_multisource_store_send(NULL, NULL, 4, args);

    ngx_str_set(&args[1], NGX_MULTISOURCE_STORE_OPEN);

    (void) ngx_multisource_store_send(NULL, NULL, 4, args);
}


static void
ngx_multisource_store_shows(uint64_t now)
{
    ngx_uint_t                      n;
    ngx_atomic_uint_t               digest;
    ngx_multisource_show_t          show;
    ngx_multisource_store_t        *store = &ngx_multisource_store;
    ngx_multisource_show_counts_t  *live, counts;

    n = ngx_min(store->shows->nslots, NGX_MULTISOURCE_STORE_SHOWS);

    for ( /* void */ ; n; n--) {

        /* half of the commands are for viewers */

        if (store->commands >= NGX_MULTISOURCE_STORE_COMMANDS / 2) {
            return;
        }

        if (store->show >= store->shows->nslots) {
            store->show = 0;
        }

        if (ngx_multisource_show_at(store->shows, store->show++, &show)
            != NGX_OK)
        {
            continue;
        }

        live = ngx_multisource_show_counts(&show);
        if (live == NULL) {
            continue;
        }

        /* a copy: what changes from here on is for the next time */

        counts = *live;

        digest = ngx_multisource_store_digest(&show, &counts, now);

        if (digest == show.slot->stored) {
            continue;
        }

        if (ngx_multisource_show_counts(&show) == NULL) {

            /* gone meanwhile, and the counters may be of another one */
            continue;
        }

        if (ngx_multisource_store_put(&show, &counts, digest, now) != NGX_OK) {
            store->show--;
            return;
        }
    }
}


static ngx_int_t
ngx_multisource_store_put(ngx_multisource_show_t *show,
    const ngx_multisource_show_counts_t *counts, ngx_atomic_uint_t digest,
    uint64_t now)
{
    char                          *text;
    u_char                         key[NGX_MULTISOURCE_STORE_KEY];
    u_char                         score[NGX_INT64_LEN];
    u_char                         expire[NGX_TIME_T_LEN];
    ngx_int_t                      rc;
    ngx_str_t                      args[5];
    ngx_multisource_store_t       *store = &ngx_multisource_store;
    ngx_multisource_store_json_t   more;
    ngx_multisource_store_show_t  *sent;

    more.at = now;
    more.told = ngx_multisource_store_told(show);

    text = ngx_multisource_store_json_show(&show->record, counts, &more);

    if (text == NULL) {

        /* not to be tried over and over again */

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "multisource: session %s cannot be written to Redis",
                      show->record.id);
        show->slot->stored = digest;
        return NGX_OK;
    }

    sent = ngx_alloc(sizeof(ngx_multisource_store_show_t), ngx_cycle->log);
    if (sent == NULL) {
        free(text);
        return NGX_ERROR;
    }

    sent->slot = show->slot;
    sent->digest = digest;

    /* where it is found comes first: nothing stands there that is not */

    ngx_str_set(&args[0], "ZADD");
    ngx_str_set(&args[1], NGX_MULTISOURCE_STORE_ALL);
    args[2].data = score;
    args[2].len = ngx_sprintf(score, "%uL", show->record.created) - score;
    args[3].data = show->record.id;
    args[3].len = NGX_MULTISOURCE_SHOW_ID;

    rc = ngx_multisource_store_send(NULL, NULL, 4, args);

    ngx_str_set(&args[1], NGX_MULTISOURCE_STORE_OPEN);

    if (show->record.state == NGX_MULTISOURCE_SHOW_ENDED) {
        ngx_str_set(&args[0], "ZREM");
        args[2] = args[3];
    }

    if (rc == NGX_OK) {
        rc = ngx_multisource_store_send(NULL, NULL,
                 show->record.state == NGX_MULTISOURCE_SHOW_ENDED ? 3 : 4,
                 args);
    }

    ngx_str_set(&args[0], "SET");
    ngx_multisource_store_key(&args[1], key, NGX_MULTISOURCE_STORE_SHOW_KEY,
                              show->record.id);
    args[2].data = (u_char *) text;
    args[2].len = ngx_strlen(text);
    ngx_str_set(&args[3], "EX");
    ngx_multisource_store_expire(&args[4], expire, &show->record);

    if (rc == NGX_OK) {
        rc = ngx_multisource_store_send(ngx_multisource_store_shown, sent, 5,
                                        args);
    }

    free(text);

    if (rc != NGX_OK) {
        ngx_free(sent);
        return NGX_ERROR;
    }

    store->pending++;

    return NGX_OK;
}


static void
ngx_multisource_store_shown(void *data, redisReply *reply)
{
    ngx_multisource_store_show_t *sent = data;

    ngx_multisource_store.pending--;

    /*
     * The digest is of one show: it does no harm where there is another by now.
     * Without an answer nobody knows what stands there.
     */

    sent->slot->stored = reply && reply->type != REDIS_REPLY_ERROR
                         ? sent->digest : 0;

    ngx_free(sent);
}


/* FNV-1a, of words */

#define ngx_multisource_store_mix(digest, word)                               \
    (((digest) ^ (ngx_atomic_uint_t) (word)) * 0x100000001b3ULL)


static ngx_atomic_uint_t
ngx_multisource_store_digest(ngx_multisource_show_t *show,
    const ngx_multisource_show_counts_t *counts, uint64_t now)
{
    ngx_uint_t                           i, k, n;
    ngx_atomic_uint_t                    d;
    const ngx_multisource_show_tally_t  *tally;

    d = ngx_multisource_store_mix(0xcbf29ce484222325ULL, show->ticket);
    d = ngx_multisource_store_mix(d, show->record.revision);
    d = ngx_multisource_store_mix(d, show->record.state);
    d = ngx_multisource_store_mix(d, ngx_multisource_store_told(show));

    if (show->record.state == NGX_MULTISOURCE_SHOW_LIVE) {
        d = ngx_multisource_store_mix(d, now / NGX_MULTISOURCE_STORE_SIGN);
    }

    d = ngx_multisource_store_mix(d, counts->distinct);
    d = ngx_multisource_store_mix(d, counts->peak);
    d = ngx_multisource_store_mix(d, counts->watched);
    d = ngx_multisource_store_mix(d, counts->joins);
    d = ngx_multisource_store_mix(d, counts->join_ms);
    d = ngx_multisource_store_mix(d, counts->stalls);
    d = ngx_multisource_store_mix(d, counts->stalled);
    d = ngx_multisource_store_mix(d, counts->amount);

    n = ngx_min(show->record.nstreams, NGX_MULTISOURCE_SHOW_STREAMS);

    for (i = 0; i < n; i++) {
        tally = &counts->streams[i];

        d = ngx_multisource_store_mix(d, tally->views);
        d = ngx_multisource_store_mix(d, tally->watched);
        d = ngx_multisource_store_mix(d, tally->peak);

        for (k = 0; k < n; k++) {
            d = ngx_multisource_store_mix(d, counts->switches[i][k]);
        }
    }

    return d;
}


static ngx_uint_t
ngx_multisource_store_told(ngx_multisource_show_t *show)
{
    ngx_uint_t  what;

    what = ngx_multisource_webhook_what(show->ticket, show->slot->told);

    /* what is being told is not told yet */

    return what & NGX_MULTISOURCE_WEBHOOK_TELLING
           ? (what & ~NGX_MULTISOURCE_WEBHOOK_TELLING) - 1 : what;
}


static void
ngx_multisource_store_viewers(void)
{
    ngx_uint_t                 i, n;
    ngx_atomic_uint_t          digest;
    ngx_multisource_store_t   *store = &ngx_multisource_store;
    ngx_multisource_viewer_t  *viewers, *viewer;

    viewers = store->shows->viewers;

    n = ngx_min(store->shows->nviewers, NGX_MULTISOURCE_STORE_VIEWERS);

    for ( /* void */ ; n; n--) {

        if (store->commands >= NGX_MULTISOURCE_STORE_COMMANDS) {
            break;
        }

        if (store->viewer >= store->shows->nviewers) {
            store->viewer = 0;
        }

        viewer = &viewers[store->viewer++];

        if (viewer->id == 0) {
            continue;
        }

        digest = ngx_multisource_store_viewer_digest(viewer);

        if (digest != viewer->stored
            && ngx_multisource_store_add(viewer, digest) != NGX_OK)
        {
            break;
        }
    }

    if (store->batches == NULL) {
        return;
    }

    for (i = 0; i < NGX_MULTISOURCE_STORE_BATCHES; i++) {
        (void) ngx_multisource_store_flush(&store->batches[i]);
    }

    ngx_free(store->batches);
    store->batches = NULL;
}


static ngx_int_t
ngx_multisource_store_add(ngx_multisource_viewer_t *viewer,
    ngx_atomic_uint_t digest)
{
    u_char                          id[NGX_MULTISOURCE_STORE_JSON_ID + 1];
    ngx_uint_t                      i, n, slot;
    ngx_atomic_uint_t               ticket;
    ngx_multisource_shows_t        *shows;
    ngx_multisource_viewer_look_t   look;
    ngx_multisource_store_batch_t  *batch;

    shows = ngx_multisource_store.shows;

    ticket = viewer->ticket;
    slot = viewer->show;

    if (slot >= shows->nslots || shows->slots[slot].ticket != ticket) {

        /* his show is gone, or he is coming or going */
        return NGX_OK;
    }

    batch = ngx_multisource_store_batch(slot, ticket);

    if (batch == NULL) {
        return NGX_ERROR;
    }

    if (batch->show.ticket != ticket) {
        return NGX_OK;
    }

    ngx_memzero(&look, sizeof(ngx_multisource_viewer_look_t));

    look.id = viewer->id;
    look.joined = viewer->joined;
    look.seen = viewer->seen;
    look.watched = viewer->watched;
    look.amount = viewer->amount;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {
        look.total[i] = viewer->total[i];
    }

    ngx_multisource_viewer_preferences(viewer, &look.preferences);

    ngx_memory_barrier();

    if (viewer->ticket != ticket || viewer->id != look.id || look.id == 0) {
        return NGX_OK;
    }

    n = batch->n++;

    batch->viewers[n] = viewer;
    batch->digests[n] = digest;

    (void) ngx_sprintf(id, "%016xL", look.id);
    ngx_memcpy(batch->ids[n], id, NGX_MULTISOURCE_STORE_JSON_ID);

    batch->lens[n] = ngx_multisource_store_json_viewer(&look, batch->texts[n]);

    return batch->n == NGX_MULTISOURCE_STORE_BATCH
           ? ngx_multisource_store_flush(batch) : NGX_OK;
}


/* the one of a show; NULL: nothing more can be written now */

static ngx_multisource_store_batch_t *
ngx_multisource_store_batch(ngx_uint_t slot, ngx_atomic_uint_t ticket)
{
    ngx_uint_t                      i;
    ngx_multisource_store_t        *store = &ngx_multisource_store;
    ngx_multisource_store_batch_t  *batch;

    if (store->batches == NULL) {
        store->batches = ngx_alloc(NGX_MULTISOURCE_STORE_BATCHES
                                   * sizeof(ngx_multisource_store_batch_t),
                                   ngx_cycle->log);
        if (store->batches == NULL) {
            return NULL;
        }

        for (i = 0; i < NGX_MULTISOURCE_STORE_BATCHES; i++) {
            store->batches[i].show.ticket = 0;
            store->batches[i].n = 0;
        }

        store->oldest = 0;
    }

    for (i = 0; i < NGX_MULTISOURCE_STORE_BATCHES; i++) {
        batch = &store->batches[i];

        if (batch->show.ticket == ticket) {
            return batch;
        }
    }

    batch = &store->batches[store->oldest++ % NGX_MULTISOURCE_STORE_BATCHES];

    if (ngx_multisource_store_flush(batch) != NGX_OK) {
        return NULL;
    }

    /* when it has gone meanwhile it is for nobody */

    if (ngx_multisource_show_at(store->shows, slot, &batch->show) != NGX_OK) {
        batch->show.ticket = 0;
    }

    return batch;
}


static ngx_int_t
ngx_multisource_store_flush(ngx_multisource_store_batch_t *batch)
{
    u_char                         key[NGX_MULTISOURCE_STORE_KEY];
    u_char                         expire[NGX_TIME_T_LEN];
    ngx_str_t                      args[2 + 2 * NGX_MULTISOURCE_STORE_BATCH];
    ngx_uint_t                     i, n;
    ngx_multisource_store_sent_t  *sent;

    n = batch->n;
    batch->n = 0;

    if (n == 0) {
        return NGX_OK;
    }

    sent = ngx_alloc(sizeof(ngx_multisource_store_sent_t), ngx_cycle->log);
    if (sent == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&args[0], "HSET");
    ngx_multisource_store_key(&args[1], key, NGX_MULTISOURCE_STORE_VIEWER_KEY,
                              batch->show.record.id);

    sent->n = n;

    for (i = 0; i < n; i++) {
        sent->viewers[i] = batch->viewers[i];
        sent->digests[i] = batch->digests[i];

        args[2 + 2 * i].data = batch->ids[i];
        args[2 + 2 * i].len = NGX_MULTISOURCE_STORE_JSON_ID;
        args[3 + 2 * i].data = batch->texts[i];
        args[3 + 2 * i].len = batch->lens[i];
    }

    if (ngx_multisource_store_send(ngx_multisource_store_viewed, sent,
                                   2 + 2 * n, args)
        != NGX_OK)
    {
        ngx_free(sent);
        return NGX_ERROR;
    }

    ngx_multisource_store.pending++;

    ngx_str_set(&args[0], "EXPIRE");
    ngx_multisource_store_expire(&args[2], expire, &batch->show.record);

    return ngx_multisource_store_send(NULL, NULL, 3, args);
}


static void
ngx_multisource_store_viewed(void *data, redisReply *reply)
{
    ngx_multisource_store_sent_t *sent = data;

    ngx_uint_t  i, ok;

    ngx_multisource_store.pending--;

    /* a digest is of one viewer of one show, as above */

    ok = reply && reply->type != REDIS_REPLY_ERROR;

    for (i = 0; i < sent->n; i++) {
        sent->viewers[i]->stored = ok ? sent->digests[i] : 0;
    }

    ngx_free(sent);
}


/* what a viewer watched changes with what he was seen, or has paid */

static ngx_atomic_uint_t
ngx_multisource_store_viewer_digest(ngx_multisource_viewer_t *viewer)
{
    ngx_atomic_uint_t  d;

    d = ngx_multisource_store_mix(0xcbf29ce484222325ULL, viewer->id);
    d = ngx_multisource_store_mix(d, viewer->ticket);
    d = ngx_multisource_store_mix(d, viewer->seen);
    d = ngx_multisource_store_mix(d, viewer->beacon);
    d = ngx_multisource_store_mix(d, viewer->preferences);
    d = ngx_multisource_store_mix(d, viewer->watched);
    d = ngx_multisource_store_mix(d, viewer->amount);

    return d;
}


/* ---- reading ---- */

static void
ngx_multisource_store_read(void)
{
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    store->pool = ngx_create_pool(4096, ngx_cycle->log);

    if (store->pool == NULL
        || ngx_array_init(&store->ids, store->pool, 64,
                          sizeof(ngx_multisource_store_id_t))
           != NGX_OK
        || ngx_array_init(&store->restored, store->pool, 64,
                          sizeof(ngx_multisource_store_id_t))
           != NGX_OK)
    {
        ngx_multisource_store_done("out of memory");
        return;
    }

    store->reading = NGX_MULTISOURCE_STORE_LISTING;

    if (ngx_multisource_store_list(NGX_MULTISOURCE_STORE_OPEN,
                                   store->shows->nslots,
                                   ngx_multisource_store_listed_open)
        != NGX_OK)
    {
        ngx_multisource_store_lost();
    }
}


/* the n newest ones */

static ngx_int_t
ngx_multisource_store_list(const char *key, ngx_uint_t n,
    ngx_live_redis_pt handler)
{
    u_char                    last[NGX_INT_T_LEN];
    ngx_str_t                 args[4];
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    ngx_str_set(&args[0], "ZREVRANGE");
    args[1].data = (u_char *) key;
    args[1].len = ngx_strlen(key);
    ngx_str_set(&args[2], "0");
    args[3].data = last;
    args[3].len = ngx_sprintf(last, "%ui", ngx_max(n, 1) - 1) - last;

    return ngx_live_redis_send(&store->redis, handler, NULL, 4, args);
}


static void
ngx_multisource_store_listed_open(void *data, redisReply *reply)
{
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    if (ngx_multisource_store_take(reply) != NGX_OK) {
        return;
    }

    store->nopen = store->ids.nelts;

    /* those that are open are among the others, too */

    if (ngx_multisource_store_list(NGX_MULTISOURCE_STORE_ALL,
                                   store->shows->nslots / 4 + store->nopen,
                                   ngx_multisource_store_listed_all)
        != NGX_OK)
    {
        ngx_multisource_store_lost();
    }
}


static void
ngx_multisource_store_listed_all(void *data, redisReply *reply)
{
    if (ngx_multisource_store_take(reply) != NGX_OK) {
        return;
    }

    ngx_multisource_store.reading = NGX_MULTISOURCE_STORE_SHOWING;

    ngx_multisource_store_get();
}


static ngx_int_t
ngx_multisource_store_take(redisReply *reply)
{
    size_t                       i;
    redisReply                  *id;
    ngx_multisource_store_t     *store = &ngx_multisource_store;
    ngx_multisource_store_id_t  *own;

    if (reply == NULL) {
        ngx_multisource_store_lost();
        return NGX_ERROR;
    }

    if (reply->type != REDIS_REPLY_ARRAY) {

        /* nothing of ours stands there */

        ngx_multisource_store_done("they are no list");
        return NGX_ERROR;
    }

    for (i = 0; i < reply->elements; i++) {
        id = reply->element[i];

        if (id->type != REDIS_REPLY_STRING
            || !ngx_multisource_store_json_is_id((u_char *) id->str, id->len))
        {
            store->bad++;
            continue;
        }

        own = ngx_array_push(&store->ids);
        if (own == NULL) {
            ngx_multisource_store_done("out of memory");
            return NGX_ERROR;
        }

        ngx_memcpy(own->id, id->str, NGX_MULTISOURCE_SHOW_ID);
    }

    return NGX_OK;
}


/* some of them, those that other workers have read left out */

static void
ngx_multisource_store_get(void)
{
    u_char                       keys[NGX_MULTISOURCE_STORE_READ]
                                     [NGX_MULTISOURCE_STORE_KEY];
    ngx_str_t                    args[1 + NGX_MULTISOURCE_STORE_READ];
    ngx_uint_t                   n;
    ngx_multisource_store_t     *store = &ngx_multisource_store;
    ngx_multisource_store_id_t  *ids;

    ids = store->ids.elts;
    n = store->ids.nelts - store->next;

    store->asked = ngx_min(n, NGX_MULTISOURCE_STORE_READ);

    if (store->asked == 0) {
        store->reading = NGX_MULTISOURCE_STORE_VIEWING;
        ngx_multisource_store_scan(NULL);
        return;
    }

    ngx_str_set(&args[0], "MGET");

    for (n = 0; n < store->asked; n++) {
        ngx_multisource_store_key(&args[1 + n], keys[n],
                                  NGX_MULTISOURCE_STORE_SHOW_KEY,
                                  ids[store->next + n].id);
    }

    if (ngx_live_redis_send(&store->redis, ngx_multisource_store_got, NULL,
                            1 + n, args)
        != NGX_OK)
    {
        ngx_multisource_store_lost();
    }
}


static void
ngx_multisource_store_got(void *data, redisReply *reply)
{
    ngx_str_t                    id, text;
    ngx_uint_t                   i;
    redisReply                  *value;
    ngx_multisource_store_t     *store = &ngx_multisource_store;
    ngx_multisource_store_id_t  *ids;

    if (reply == NULL) {
        ngx_multisource_store_lost();
        return;
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != store->asked) {
        ngx_multisource_store_done("they cannot be read");
        return;
    }

    ids = store->ids.elts;

    for (i = 0; i < store->asked; i++) {
        value = reply->element[i];

        id.data = ids[store->next + i].id;
        id.len = NGX_MULTISOURCE_SHOW_ID;

        if (value->type == REDIS_REPLY_STRING) {
            text.data = (u_char *) value->str;
            text.len = value->len;

            ngx_multisource_store_show(&id, &text);

        } else {
            ngx_multisource_store_forget(&id);
        }
    }

    store->next += store->asked;

    ngx_multisource_store_get();
}


static void
ngx_multisource_store_show(ngx_str_t *id, ngx_str_t *text)
{
    uint64_t                        now;
    ngx_int_t                       rc;
    const char                     *error;
    ngx_multisource_show_t          show;
    ngx_multisource_store_t        *store = &ngx_multisource_store;
    ngx_multisource_store_id_t     *own;
    ngx_multisource_store_json_t    more;
    ngx_multisource_show_record_t   record;
    ngx_multisource_show_counts_t   counts;

    if (ngx_multisource_show_find(store->shows, id, &show) == NGX_OK) {
        return;
    }

    error = ngx_multisource_store_json_read_show(text, &record, &counts,
                                                 &more);

    if (error == NULL
        && ngx_memcmp(record.id, id->data, NGX_MULTISOURCE_SHOW_ID) != 0)
    {
        error = "id";
    }

    if (error) {
        store->bad++;
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "multisource: session %V of Redis is left out: bad %s",
                      id, error);
        return;
    }

    now = ngx_multisource_now();

    if (record.state == NGX_MULTISOURCE_SHOW_LIVE) {

        if (now > more.at && now - more.at > NGX_MULTISOURCE_STORE_RESUME) {

            /* it ended when nobody was there to note it */

            record.state = NGX_MULTISOURCE_SHOW_ENDED;
            record.ended = ngx_max(more.at, record.created);

        } else {
            /* the grace begins now: publishers may be on their way back */

            record.last_live = now;
        }
    }

    if (record.state == NGX_MULTISOURCE_SHOW_ENDED
        && store->ended >= store->shows->nslots / 4)
    {
        return;
    }

    rc = ngx_multisource_show_restore(store->shows, &record, &counts, &show);

    if (rc == NGX_BUSY) {

        /* a lease is held for as long as a copy takes */

        rc = ngx_multisource_show_restore(store->shows, &record, &counts,
                                          &show);
    }

    if (rc != NGX_OK) {
        return;
    }

    show.slot->told = ngx_multisource_webhook_told(show.ticket, more.told);

    store->nshows++;
    store->ended += show.record.state == NGX_MULTISOURCE_SHOW_ENDED;

    own = ngx_array_push(&store->restored);

    if (own) {
        ngx_memcpy(own->id, id->data, NGX_MULTISOURCE_SHOW_ID);
    }
}


/* it has expired */

static void
ngx_multisource_store_forget(ngx_str_t *id)
{
    ngx_str_t                 args[3];
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    ngx_str_set(&args[0], "ZREM");
    ngx_str_set(&args[1], NGX_MULTISOURCE_STORE_ALL);
    args[2] = *id;

    (void) ngx_live_redis_send(&store->redis, NULL, NULL, 3, args);

    ngx_str_set(&args[1], NGX_MULTISOURCE_STORE_OPEN);

    (void) ngx_live_redis_send(&store->redis, NULL, NULL, 3, args);
}


/* viewers of the show that is read, or of the next one: NULL */

static void
ngx_multisource_store_scan(const char *cursor)
{
    u_char                       key[NGX_MULTISOURCE_STORE_KEY];
    ngx_str_t                    id, args[5];
    ngx_multisource_store_t     *store = &ngx_multisource_store;
    ngx_multisource_store_id_t  *ids;

    if (cursor == NULL) {
        ids = store->restored.elts;

        do {
            if (store->restored.nelts == 0) {
                ngx_multisource_store_done(NULL);
                return;
            }

            /* the last one that came back first: any order will do */

            id.data = ids[--store->restored.nelts].id;
            id.len = NGX_MULTISOURCE_SHOW_ID;

        } while (ngx_multisource_show_find(store->shows, &id, &store->reader)
                 != NGX_OK);

        cursor = "0";
    }

    ngx_str_set(&args[0], "HSCAN");
    ngx_multisource_store_key(&args[1], key, NGX_MULTISOURCE_STORE_VIEWER_KEY,
                              store->reader.record.id);
    args[2].data = (u_char *) cursor;
    args[2].len = ngx_strlen(cursor);
    ngx_str_set(&args[3], "COUNT");
    ngx_str_set(&args[4], NGX_MULTISOURCE_STORE_SCAN);

    if (ngx_live_redis_send(&store->redis, ngx_multisource_store_scanned, NULL,
                            5, args)
        != NGX_OK)
    {
        ngx_multisource_store_lost();
    }
}


static void
ngx_multisource_store_scanned(void *data, redisReply *reply)
{
    size_t       i;
    redisReply  *cursor, *list;

    if (reply == NULL) {
        ngx_multisource_store_lost();
        return;
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[1]->type != REDIS_REPLY_ARRAY)
    {
        /* it is no hash */

        ngx_multisource_store_scan(NULL);
        return;
    }

    cursor = reply->element[0];
    list = reply->element[1];

    for (i = 0; i + 1 < list->elements; i += 2) {
        ngx_multisource_store_viewer(list->element[i], list->element[i + 1]);
    }

    ngx_multisource_store_scan(ngx_strcmp(cursor->str, "0") == 0 ? NULL
                                                                 : cursor->str);
}


static void
ngx_multisource_store_viewer(redisReply *id, redisReply *text)
{
    ngx_str_t                       number, json;
    const char                     *error;
    ngx_multisource_store_t        *store = &ngx_multisource_store;
    ngx_multisource_viewer_look_t   look;

    if (id->type != REDIS_REPLY_STRING || text->type != REDIS_REPLY_STRING) {
        return;
    }

    number.data = (u_char *) id->str;
    number.len = id->len;
    json.data = (u_char *) text->str;
    json.len = text->len;

    error = ngx_multisource_store_json_read_viewer(&number, &json,
                                              store->reader.record.nstreams,
                                              &look);
    if (error) {

        if (store->bad++ == 0) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "multisource: a viewer of session %s of Redis is "
                          "left out: bad %s", store->reader.record.id, error);
        }

        return;
    }

    if (ngx_multisource_viewer_restore(store->shows, &store->reader, &look)
        == NGX_OK)
    {
        store->nviewers++;
    }
}


/* from the beginning when Redis is back: what is here by then stays */

static void
ngx_multisource_store_lost(void)
{
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    store->reading = NGX_MULTISOURCE_STORE_WAITING;

    store->next = 0;
    store->ended = 0;

    if (store->pool) {
        ngx_destroy_pool(store->pool);
        store->pool = NULL;
    }
}


/* NULL: everything is here */

static void
ngx_multisource_store_done(const char *why)
{
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    store->reading = NGX_MULTISOURCE_STORE_IDLE;

    if (store->pool) {
        ngx_destroy_pool(store->pool);
        store->pool = NULL;
    }

    if (store->shows == NULL) {

        /* the worker exits */
        return;
    }

    if (why) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "multisource: sessions of Redis are not read: %s", why);
        return;
    }

    if (store->nshows || store->bad) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "multisource: %ui sessions and %ui viewers came back "
                      "from Redis, %ui were not readable",
                      store->nshows, store->nviewers, store->bad);
    }
}


/* ---- commands ---- */

static ngx_int_t
ngx_multisource_store_send(ngx_live_redis_pt handler, void *data,
    ngx_uint_t n, ngx_str_t *args)
{
    ngx_multisource_store_t  *store = &ngx_multisource_store;

    store->commands++;

    return ngx_live_redis_send(&store->redis, handler, data, n, args);
}


/* a buffer of NGX_MULTISOURCE_STORE_KEY bytes */

static void
ngx_multisource_store_key(ngx_str_t *key, u_char *buf, const char *prefix,
    const u_char *id)
{
    key->data = buf;
    key->len = ngx_snprintf(buf, NGX_MULTISOURCE_STORE_KEY, "%s%*s", prefix,
                            (size_t) NGX_MULTISOURCE_SHOW_ID, id)
               - buf;
}


/* a buffer of NGX_TIME_T_LEN bytes; s, from the end of the show */

static void
ngx_multisource_store_expire(ngx_str_t *arg, u_char *buf,
    ngx_multisource_show_record_t *record)
{
    uint64_t  now, left;

    left = NGX_MULTISOURCE_STORE_EXPIRE;
    now = ngx_multisource_now();

    if (record->ended && now > record->ended) {
        left -= ngx_min((now - record->ended) / 1000, left - 60);
    }

    arg->data = buf;
    arg->len = ngx_sprintf(buf, "%uL", left) - buf;
}
