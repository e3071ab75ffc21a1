
/*
 * Copyright (C) the ngx_live contributors
 *
 * The table of shows: their lives, room for new ones, several processes at the
 * same time, some of which are stopped or killed, and damaged memory.
 */

/* sources: modules/ngx_multisource/ngx_multisource_show.c modules/ngx_multisource/ngx_multisource_viewer.c modules/ngx_multisource/ngx_multisource_price.c modules/common/ngx_live_zone.c */


#define _GNU_SOURCE

#include "shows.h"


#define NOW      1700000000000ULL

#define CHANGES  20000
#define NAMES    200
#define SHARED   8


typedef ngx_multisource_show_t         show_t;
typedef ngx_multisource_show_record_t  record_t;
typedef ngx_multisource_show_counts_t  counts_t;
typedef ngx_multisource_show_live_t    live_t;


static show_t         show;
static ngx_uint_t     called;


static ngx_int_t
of(const char *streamer, ngx_uint_t ended, show_t *found)
{
    ngx_str_t  app, name;

    app = text("live");
    name = text(streamer);

    return ngx_multisource_show_of(&shows, &app, &name, ended, found);
}


static ngx_int_t
find(const u_char *id, show_t *found)
{
    ngx_str_t  str;

    str = text((const char *) id);

    return ngx_multisource_show_find(&shows, &str, found);
}


static ngx_int_t
meet(show_t *s, const char *names, uint64_t now)
{
    char        buf[1024], *p;
    live_t      live[40];
    ngx_uint_t  n;

    (void) snprintf(buf, sizeof(buf), "%s", names);

    n = 0;

    for (p = strtok(buf, " "); p; p = strtok(NULL, " ")) {
        live[n].name = text(p);
        live[n].type = n % 3;
        n++;
    }

    return ngx_multisource_show_meet(&shows, s, live, n, now);
}


static void
test_zone(void)
{
    void      *old;
    uint64_t   magic;

    zone_map(64 * 1024);
    shows_logged = 0;

    tap_is(ngx_multisource_show_init_zone(&shows_zone, NULL), NGX_ERROR,
           "a zone that is too small is refused");
    tap_is(shows_logged, 1, "  with a line in the log");

    zone_make(NGX_MULTISOURCE_SHOW_MIN_ZONE);
    tap_ok(shows.nslots >= 16 && shows.nviewers >= 256,
           "the smallest zone has room for a few");
    printf("# %u slots of %u bytes, %u viewers of %u, in 256k\n",
           (unsigned) shows.nslots, (unsigned) sizeof(*shows.slots)
           + (unsigned) sizeof(*shows.copies), (unsigned) shows.nviewers,
           (unsigned) sizeof(ngx_multisource_viewer_t));

    zone_make(16 * 1024 * 1024);
    tap_ok(shows.nslots >= 1500 && shows.nviewers >= 20000,
           "16m have room for 1500 shows and 20000 viewers");
    printf("# %u slots, %u viewers in 16m\n", (unsigned) shows.nslots,
           (unsigned) shows.nviewers);

    tap_is(begin("alice", NOW, &show), NGX_OK, "a show begins");

    old = shows_zone.data;
    shows_zone.data = NULL;

    tap_is(ngx_multisource_show_init_zone(&shows_zone, old), NGX_OK,
           "another configuration takes the zone over");
    tap_ok(shows_zone.data == old, "  as it is");

    ngx_multisource_show_open(&shows, &shows_zone, &shows_log);
    tap_is(of("alice", 0, &show), NGX_OK, "  with what is in it");

    magic = shows.shared->zone.magic;
    shows.shared->zone.magic++;

    tap_is(ngx_multisource_show_init_zone(&shows_zone, old), NGX_ERROR,
           "one of another layout is refused");

    shows.shared->zone.magic = magic;

    tap_ok(memcmp(ngx_multisource_show_secret(&shows),
                  ngx_multisource_show_secret(&shows) + 16, 16) != 0,
           "the zone has a secret");
}


static ngx_int_t
retitle(record_t *record, void *data)
{
    called++;

    if (data == NULL) {
        return NGX_DECLINED;
    }

    ngx_memcpy(record->title, data, strlen(data) + 1);

    /* what it may not do */

    record->created = 1;
    record->app[0] = 'X';
    record->id[0] = 'X';
    record->revision = 77;
    record->nstreams = 200;

    return NGX_OK;
}


static void
test_begin(void)
{
    show_t             other;
    record_t           record;
    ngx_str_t          id;
    ngx_uint_t         n;
    ngx_atomic_uint_t  version;

    zone_make(1024 * 1024);

    tap_is(of("alice", 1, &show), NGX_DECLINED, "nobody has a show");

    version = ngx_multisource_show_version(&shows);

    tap_is(begin("alice", NOW, &show), NGX_OK, "one begins");
    tap_ok(ngx_multisource_show_version(&shows) != version,
           "  which is a change");
    tap_is(show.record.state, NGX_MULTISOURCE_SHOW_WAITING, "  and waits");
    tap_is(strspn((char *) show.record.id, "0123456789abcdef"), 32,
           "  with an id");
    tap_is(strlen((char *) show.record.code), 32, "  and a code");
    tap_is(show.record.revision, 1, "  and a revision");
    tap_is(show.record.created, NOW, "  and a time");

    tap_is(begin("alice", NOW + 5, &other), NGX_DONE,
           "the streamer's second one is the first");
    tap_ok(other.ticket == show.ticket && other.slot == show.slot,
           "  which is what one gets");

    tap_is(begin("bob", NOW, &other), NGX_OK, "another streamer's begins");
    tap_ok(other.ticket != show.ticket && other.slot != show.slot
           && strcmp((char *) other.record.id, (char *) show.record.id) != 0,
           "  and is another one");

    tap_is(find(show.record.id, &other), NGX_OK, "a show is found by id");
    tap_ok(other.ticket == show.ticket, "  the right one");

    id = text("0123456789abcdef0123456789abcdef");
    tap_is(ngx_multisource_show_find(&shows, &id, &other), NGX_DECLINED,
           "there is none of another id");
    id.len = 0;
    tap_is(ngx_multisource_show_find(&shows, &id, &other), NGX_DECLINED,
           "  or of none");

    for (n = 0; ngx_multisource_show_at(&shows, n, &other) == NGX_OK; n++) {
        /* void */
    }

    tap_is(n, 2, "a walk finds both");
    tap_is(ngx_multisource_show_at(&shows, shows.nslots, &other),
           NGX_DECLINED, "  and ends with the slots");

    record_make(&record, "", NOW);
    tap_is(ngx_multisource_show_begin(&shows, &record, &other), NGX_ERROR,
           "a record without a streamer is refused");

    record_make(&record, "carol", NOW);
    ngx_memcpy(record.id, "abc", 4);
    tap_is(ngx_multisource_show_begin(&shows, &record, &other), NGX_ERROR,
           "and one with half an id");

    ngx_memset(&record, 'x', sizeof(record_t));
    tap_is(ngx_multisource_show_begin(&shows, &record, &other), NGX_OK,
           "one whose strings do not end is cut");
    tap_is(strlen((char *) other.record.streamer), NGX_MULTISOURCE_NAME_MAX,
           "  to what there is room for");
    tap_is(other.record.nstreams, NGX_MULTISOURCE_SHOW_STREAMS,
           "  streams as well");
    tap_is(other.record.on_air, NGX_MULTISOURCE_SHOW_NONE,
           "  and what they are has a meaning");
}


static void
test_change(void)
{
    show_t             other;
    ngx_atomic_uint_t  version;

    other = show;
    version = ngx_multisource_show_version(&shows);

    tap_is(ngx_multisource_show_change(&shows, &show, retitle, "A title"),
           NGX_OK, "a record is changed");
    tap_is_text((char *) show.record.title, "A title", "  as wanted");
    tap_is(show.record.revision, 2, "  with another revision");
    tap_ok(ngx_multisource_show_version(&shows) > version,
           "  which can be noticed");
    tap_ok(show.record.created == NOW
           && memcmp(show.record.id, other.record.id, 33) == 0
           && show.record.app[0] == 'l',
           "  but nothing that has to stay");
    tap_is(show.record.nstreams, NGX_MULTISOURCE_SHOW_STREAMS,
           "  and nothing that does not fit");

    tap_is(of("alice", 0, &other), NGX_OK, "everybody");
    tap_is_text((char *) other.record.title, "A title", "  sees it");

    version = ngx_multisource_show_version(&shows);
    called = 0;

    tap_is(ngx_multisource_show_change(&shows, &show, retitle, NULL),
           NGX_DECLINED, "who does not want to change it does not");
    tap_is(called, 1, "  at once");
    tap_ok(ngx_multisource_show_version(&shows) == version
           && show.record.revision == 2, "  which is no change");
}


static void
test_life(void)
{
    show_t    other, first;
    uint64_t  now;

    zone_make(1024 * 1024);

    now = NOW;
    (void) begin("alice", now, &show);
    first = show;

    tap_is(meet(&show, "", now + 1000), NGX_DONE, "nothing is published");
    tap_is(meet(&show, "Main_Screen Face_Cam", now += 2000), NGX_OK,
           "two sources are");
    tap_is(show.record.state, NGX_MULTISOURCE_SHOW_LIVE, "  it is live");
    tap_is(show.record.started, now, "  since then");
    tap_is(show.record.nstreams, 2, "  with two streams");
    tap_is_text((char *) show.record.streams[1].name, "Face_Cam",
                "  by their names");
    tap_ok(show.record.streams[0].live && show.record.streams[1].live,
           "  that are live");
    tap_is(show.record.streams[1].type, 1, "  of the types told");

    tap_is(meet(&show, "Face_Cam Main_Screen", now += 60000), NGX_DONE,
           "it goes on");
    tap_is(meet(&show, "Face_Cam", now += 1000), NGX_OK, "one ends");
    tap_ok(!show.record.streams[0].live && show.record.streams[1].live,
           "  which one");
    tap_is(show.record.streams[0].since, now, "  and when");

    tap_is(meet(&show, "", now += 1000), NGX_OK, "the other one ends");
    tap_is(show.record.state, NGX_MULTISOURCE_SHOW_LIVE, "  the show does not");
    tap_is(show.record.last_live, now, "  but for how long");

    tap_is(meet(&show, "", now + NGX_MULTISOURCE_SHOW_GRACE - 1), NGX_DONE,
           "  for the grace");
    tap_is(meet(&show, "Main_Screen", now + NGX_MULTISOURCE_SHOW_GRACE - 1),
           NGX_OK, "in which it may go on");
    tap_is(show.record.nstreams, 2, "  with the same streams");

    now += NGX_MULTISOURCE_SHOW_GRACE;
    tap_is(meet(&show, "", now), NGX_OK, "all are gone again");
    now += NGX_MULTISOURCE_SHOW_GRACE;
    tap_is(meet(&show, "", now), NGX_OK, "  for the grace");
    tap_is(show.record.state, NGX_MULTISOURCE_SHOW_ENDED, "it has ended");
    tap_is(show.record.ended, now, "  then");
    tap_is(meet(&show, "Main_Screen", now + 1), NGX_DONE,
           "  and does not go on");

    tap_is(of("alice", 0, &other), NGX_DECLINED, "no show is open");
    tap_is(of("alice", 1, &other), NGX_OK, "but there was one");
    tap_ok(other.ticket == first.ticket, "  this one");
    tap_is(find(first.record.id, &other), NGX_OK, "  found by id, too");
    tap_is(ngx_multisource_show_end(&shows, &show, now + 2), NGX_DONE,
           "  which cannot end twice");

    tap_is(begin("alice", now += 1000, &show), NGX_OK, "a second one begins");
    tap_ok(show.ticket != first.ticket && show.slot != first.slot,
           "  as another one");
    tap_is(of("alice", 1, &other), NGX_OK, "  and comes first");
    tap_ok(other.ticket == show.ticket, "  while it is open");

    tap_is(meet(&show, "", now + NGX_MULTISOURCE_SHOW_PATIENCE - 1), NGX_DONE,
           "nobody publishes");
    tap_is(meet(&show, "", now + NGX_MULTISOURCE_SHOW_PATIENCE), NGX_OK,
           "  for so long that it ends");
    tap_is(show.record.started, 0, "  without having begun");

    (void) begin("alice", now += 100, &other);
    tap_is(ngx_multisource_show_end(&shows, &other, now += 100), NGX_OK,
           "a third one is ended");
    tap_is(of("alice", 1, &other), NGX_OK, "the last one");
    tap_ok(other.ticket == show.ticket, "  is the one that ended last");

    shows.grace = 500;
    (void) begin("bob", now, &show);
    (void) meet(&show, "a", now);
    (void) meet(&show, "", now);
    tap_is(meet(&show, "", now + 499), NGX_DONE, "the grace can be set");
    tap_is(meet(&show, "", now + 500), NGX_OK, "  to less");
    shows.grace = 0;

    tap_is(meet(&first, "", 0), NGX_DONE, "no time is no harm");
}


static void
test_streams(void)
{
    char       name[80], names[1000];
    live_t     live[2];
    uint64_t   now;
    ngx_str_t  str;
    ngx_uint_t i;

    zone_make(1024 * 1024);
    now = NOW;

    (void) begin("alice", now, &show);

    /* an expected one with its type, and one that is not known yet */

    str = text("Main");
    tap_is(ngx_multisource_show_stream_add(&show.record, &str, 7), 0,
           "a stream is added");
    tap_is(show.record.streams[0].type, NGX_MULTISOURCE_PRICE_OTHER,
           "  of a type that there is");
    tap_is(ngx_multisource_show_stream_add(&show.record, &str, 1), 0,
           "  once");
    str = text("Mai");
    tap_is(ngx_multisource_show_stream(&show.record, &str),
           NGX_MULTISOURCE_SHOW_NONE, "  and found by all of its name");

    str.len = 0;
    tap_is(ngx_multisource_show_stream_add(&show.record, &str, 1),
           NGX_MULTISOURCE_SHOW_NONE, "one without a name is not");
    memset(name, 'x', sizeof(name));
    str.data = (u_char *) name;
    str.len = NGX_MULTISOURCE_NAME_MAX + 1;
    tap_is(ngx_multisource_show_stream_add(&show.record, &str, 1),
           NGX_MULTISOURCE_SHOW_NONE, "nor with too long a name");

    live[0].name = text("Mic");
    live[0].type = NGX_MULTISOURCE_PRICE_OTHER;
    (void) ngx_multisource_show_meet(&shows, &show, live, 1, now);
    tap_is(show.record.streams[0].type, NGX_MULTISOURCE_PRICE_OTHER,
           "a type may not be known at first");

    live[0].type = NGX_MULTISOURCE_PRICE_AUDIO;
    tap_is(ngx_multisource_show_meet(&shows, &show, live, 1, now), NGX_OK,
           "  but later");
    tap_is(show.record.streams[0].type, NGX_MULTISOURCE_PRICE_AUDIO,
           "  and is taken over then");

    live[0].type = NGX_MULTISOURCE_PRICE_SCREEN;
    tap_is(ngx_multisource_show_meet(&shows, &show, live, 1, now), NGX_DONE,
           "  and stays");

    names[0] = '\0';

    for (i = 0; i < 20; i++) {
        sprintf(names + strlen(names), "s%u ", (unsigned) i);
    }

    (void) begin("bob", now, &show);
    tap_is(meet(&show, names, now), NGX_OK, "twenty sources");
    tap_is(show.record.nstreams, NGX_MULTISOURCE_SHOW_STREAMS,
           "  are sixteen streams");
    tap_is(meet(&show, names, now + 1000), NGX_DONE, "  for as long as they"
           " are");

    now += 1000;
    tap_is(meet(&show, "s18 s19", now), NGX_OK, "only others are left");
    now += 2 * NGX_MULTISOURCE_SHOW_GRACE;
    (void) meet(&show, "s18", now);
    tap_is(show.record.state, NGX_MULTISOURCE_SHOW_LIVE,
           "  which keep the show");
    (void) meet(&show, "", now + NGX_MULTISOURCE_SHOW_GRACE - 1);
    tap_is(show.record.state, NGX_MULTISOURCE_SHOW_LIVE, "  up to a grace");
    (void) meet(&show, "", now + NGX_MULTISOURCE_SHOW_GRACE);
    tap_is(show.record.state, NGX_MULTISOURCE_SHOW_ENDED, "  later");

    tap_is(ngx_multisource_show_bucket(0), 0, "buckets: the first");
    tap_is(ngx_multisource_show_bucket(100), 0, "  up to its end");
    tap_is(ngx_multisource_show_bucket(101), 1, "  the second");
    tap_is(ngx_multisource_show_bucket(10000), 10, "  the last with an end");
    tap_is(ngx_multisource_show_bucket(4000000000), 11, "  the last");
    tap_is(ngx_multisource_show_bucket_end(1), 200, "  an end");
    tap_is(ngx_multisource_show_bucket_end(11), 0, "  none");
    tap_is(ngx_multisource_show_bucket_end(12), 0, "  nor beyond");
}


static void
test_room(void)
{
    char                           name[32];
    show_t                         other, s;
    record_t                       record;
    counts_t                      *counts;
    ngx_uint_t                     i, n, wrong, taken, used;
    ngx_multisource_show_totals_t  totals;

    zone_make(NGX_MULTISOURCE_SHOW_MIN_ZONE);
    n = shows.nslots;
    wrong = 0;

    for (i = 0; i < n; i++) {
        sprintf(name, "s%u", (unsigned) i);
        wrong += begin(name, NOW, &s) != NGX_OK;

        if (i == 3) {
            show = s;
            counts = ngx_multisource_show_counts(&s);
            counts->distinct = 5;
            counts->switches[15][15] = 3;
            s.slot->stored = 7;
        }
    }

    tap_is(wrong, 0, "there is a show in each slot");

    ngx_multisource_show_totals(&shows, &totals);
    tap_is(totals.live, n, "  and they are counted");
    tap_is(totals.shows, n, "  once");

    tap_is(begin("more", NOW, &s), NGX_DECLINED,
           "full of open shows there is no other one");
    tap_is(begin("s2", NOW, &s), NGX_DONE, "  but what is there is there");

    for (i = 0; i < 3; i++) {
        wrong += begin("more", NOW, &s) != NGX_DECLINED;
    }

    /* the fourth ends first */

    for (i = 0; i < 8; i++) {
        sprintf(name, "s%u", (unsigned) i);
        wrong += of(name, 0, &s) != NGX_OK;
        wrong += ngx_multisource_show_end(&shows, &s,
                                          NOW + (i == 3 ? 1 : 100 + i))
                 != NGX_OK;
    }

    ngx_multisource_show_totals(&shows, &totals);
    tap_is(totals.live, n - 8, "some end");
    tap_is(totals.ended, 8, "  and are counted");

    counts = ngx_multisource_show_counts(&show);
    tap_ok(counts && counts->distinct == 5, "they keep their figures");

    tap_is(begin("more", NOW + 200, &other), NGX_OK, "there is room now");
    tap_ok(other.slot == show.slot, "  of the one that ended first");
    tap_ok(ngx_multisource_show_counts(&show) == NULL, "  which is gone");
    tap_is(find(show.record.id, &s), NGX_DECLINED, "  and not found");
    tap_is(of("s3", 1, &s), NGX_DECLINED, "  in no way");
    tap_is(ngx_multisource_show_change(&shows, &show, retitle, "x"),
           NGX_DECLINED, "  nor changed");

    counts = ngx_multisource_show_counts(&other);
    tap_ok(counts && counts->distinct == 0 && counts->switches[15][15] == 0,
           "the new one's figures are 0");
    tap_is(other.slot->stored, 0, "  and what else was in its place");

    for (i = 0; i < 7; i++) {
        sprintf(name, "t%u", (unsigned) i);
        wrong += begin(name, NOW, &s) != NGX_OK;
    }

    tap_is(wrong, 0, "seven others have room as well");
    tap_is(begin("last", NOW, &s), NGX_DECLINED, "  and no eighth");

    for (i = 8; i < n; i++) {
        sprintf(name, "s%u", (unsigned) i);
        wrong += of(name, 0, &s) != NGX_OK;
    }

    tap_is(wrong, 0, "no open show has gone");

    copies_count(&taken, &used);
    tap_ok(taken == used && used == n, "no copy is lost");

    /* what ended before all that are here makes none of them go */

    (void) of("t1", 0, &s);
    (void) ngx_multisource_show_end(&shows, &s, NOW + 5000);

    record_make(&record, "old", NOW - 9000);
    ngx_memcpy(record.id, "0123456789abcdef0123456789abcdef", 32);
    record.state = NGX_MULTISOURCE_SHOW_ENDED;
    record.ended = NOW;
    tap_is(ngx_multisource_show_restore(&shows, &record, NULL, &s),
           NGX_DECLINED, "an older show does not come back then");

    record.ended = NOW + 6000;
    tap_is(ngx_multisource_show_restore(&shows, &record, NULL, &s), NGX_OK,
           "  but a newer one");
}


static void
test_restore(void)
{
    show_t     s;
    counts_t   counts, *now;
    record_t   record;

    zone_make(1024 * 1024);

    ngx_memzero((void *) &counts, sizeof(counts_t));
    counts.distinct = 3;
    counts.now = 2;
    counts.streams[4].now = 1;
    counts.switches[1][2] = 9;

    record_make(&record, "alice", NOW);

    tap_is(ngx_multisource_show_restore(&shows, &record, &counts, &s),
           NGX_ERROR, "a show without an id is not restored");

    ngx_memcpy(record.id, "0123456789abcdef0123456789abcdef", 32);
    record.state = NGX_MULTISOURCE_SHOW_LIVE;
    record.last_live = NOW + 7;
    record.revision = 12;

    tap_is(ngx_multisource_show_restore(&shows, &record, &counts, &s), NGX_OK,
           "with one it is");
    tap_is(of("alice", 0, &s), NGX_OK, "  is found");
    tap_is(s.record.state, NGX_MULTISOURCE_SHOW_LIVE, "  is live");
    tap_is(s.record.revision, 12, "  is as it was");

    now = ngx_multisource_show_counts(&s);
    tap_ok(now && now->distinct == 3 && now->switches[1][2] == 9,
           "  with its figures");
    tap_ok(now && now->now == 0 && now->streams[4].now == 0,
           "  but for who is there now");

    tap_is(ngx_multisource_show_restore(&shows, &record, &counts, &s),
           NGX_DONE, "what is here is here");

    record.id[0] = 'f';
    tap_is(ngx_multisource_show_restore(&shows, &record, NULL, &s), NGX_OK,
           "a second one of the same streamer");
    tap_is(s.record.state, NGX_MULTISOURCE_SHOW_ENDED, "  has ended");
    tap_is(s.record.ended, NOW + 7, "  when it was last seen");
    tap_is(find(record.id, &s), NGX_OK, "  and is found");
}


static void
work_turns(ngx_uint_t number)
{
    ngx_uint_t  i;

    for (i = 0; i < 5000; i++) {

        if (ngx_multisource_show_turn(&shows, NGX_MULTISOURCE_TURN_LOOK,
                                      3600000)
            == NGX_OK)
        {
            (void) ngx_atomic_fetch_add(&board->n[0], 1);
        }
    }
}


static void
test_turns(void)
{
    ngx_uint_t  i;

    zone_make(NGX_MULTISOURCE_SHOW_MIN_ZONE);

    board->n[0] = 0;
    together(work_turns);
    tap_is(board->n[0], 1, "one of those who ask has the turn");

    tap_is(ngx_multisource_show_turn(&shows, NGX_MULTISOURCE_TURN_MEET, 1000),
           NGX_OK, "another turn is another one's");
    tap_is(ngx_multisource_show_turn(&shows, NGX_MULTISOURCE_TURN_MEET,
                                     3600000),
           NGX_DECLINED, "  once");

    for (i = 0; i < 100; i++) {
        if (ngx_multisource_show_turn(&shows, NGX_MULTISOURCE_TURN_MEET, 20)
            == NGX_OK)
        {
            break;
        }

        (void) usleep(1000);
    }

    tap_ok(i < 100, "  until its time has passed");

    shows.shared->turns[NGX_MULTISOURCE_TURN_MEET] = (ngx_atomic_uint_t) -5;
    tap_is(ngx_multisource_show_turn(&shows, NGX_MULTISOURCE_TURN_MEET, 1000),
           NGX_OK, "one of the future is none");
    tap_is(ngx_multisource_show_turn(&shows, 99, 1000), NGX_DECLINED,
           "there are no others");
}


static void
test_many(void)
{
    char        name[32];
    double      start, miss, hit, cold;
    show_t      s, *kept;
    ngx_uint_t  i, n, wrong, taken, used;

    zone_make(100 * 1024 * 1024);
    n = shows.nslots;

    printf("# %u slots, %u viewers in 100m\n", (unsigned) n,
           (unsigned) shows.nviewers);
    tap_ok(n > 10000 && shows.nviewers > 150000,
           "100m have room for more than 10000 shows");

    wrong = 0;
    kept = malloc(n * sizeof(show_t));
    if (kept == NULL) {
        bail("malloc() failed");
    }

    start = cpu_seconds();

    for (i = 0; i < n; i++) {
        sprintf(name, "streamer%u", (unsigned) i);
        wrong += begin(name, NOW, &kept[i]) != NGX_OK;
    }

    printf("# begin: %.1f us\n", (cpu_seconds() - start) * 1e6 / n);
    tap_is(wrong, 0, "that many begin");
    tap_is(begin("more", NOW, &s), NGX_DECLINED, "  and no more");

    start = cpu_seconds();

    for (i = 0; i < n; i++) {
        sprintf(name, "streamer%u", (unsigned) i);
        wrong += of(name, 0, &s) != NGX_OK || s.ticket != kept[i].ticket;
    }

    cold = cpu_seconds() - start;
    start = cpu_seconds();

    for (i = 0; i < n; i++) {
        sprintf(name, "streamer%u", (unsigned) (i % 100) + 5000);
        wrong += of(name, 0, &s) != NGX_OK;
    }

    hit = cpu_seconds() - start;
    start = cpu_seconds();

    for (i = 0; i < n; i++) {
        sprintf(name, "nobody%u", (unsigned) i);
        wrong += of(name, 1, &s) != NGX_DECLINED;
    }

    miss = cpu_seconds() - start;

    printf("# look-up: %.2f us, of one of a hundred %.2f us, of none "
           "%.2f us\n", cold * 1e6 / n, hit * 1e6 / n, miss * 1e6 / n);

    tap_is(wrong, 0, "all are found by name");

    for (i = 0; i < n; i++) {
        wrong += find(kept[i].record.id, &s) != NGX_OK
                 || s.ticket != kept[i].ticket;
    }

    tap_is(wrong, 0, "  and by id");

    /* every second one ends, and the same number of others begins */

    for (i = 0; i < n; i += 2) {
        wrong += ngx_multisource_show_end(&shows, &kept[i], NOW + n - i)
                 != NGX_OK;
    }

    start = cpu_seconds();

    for (i = 0; i < n; i += 2) {
        sprintf(name, "other%u", (unsigned) i);
        wrong += begin(name, NOW, &s) != NGX_OK;

        /* the last of them ended first */

        wrong += s.slot != kept[(n - 1) / 2 * 2 - i].slot;
    }

    printf("# begin in place of another one: %.1f us\n",
           (cpu_seconds() - start) * 1e6 / ((n + 1) / 2));
    tap_is(wrong, 0, "those that ended make room in the order in which they "
           "did");

    for (i = 1; i < n; i += 2) {
        wrong += ngx_multisource_show_counts(&kept[i]) == NULL;
    }

    tap_is(wrong, 0, "  and no open one does");

    start = cpu_seconds();
    ngx_multisource_show_mend(&shows);
    printf("# to put all right that is right: %.2f ms\n",
           (cpu_seconds() - start) * 1e3);

    copies_count(&taken, &used);
    tap_ok(taken == n && used == n, "no copy is lost");

    free(kept);
}


static ngx_int_t
add_one(record_t *record, void *data)
{
    record->on_air_since++;
    record->started = record->on_air_since * 3;
    record->last_live = record->on_air_since * 7;

    return NGX_OK;
}


/* changes of the same shows, shows of the same streamers, sources of both */

static void
work_together(ngx_uint_t number)
{
    char        name[32];
    show_t      s;
    ngx_int_t   rc;
    ngx_uint_t  i, n;

    for (i = 0; i < NAMES; i++) {
        sprintf(name, "name%u", (unsigned) i);
        rc = begin(name, NOW, &s);

        board->tickets[number][i] = s.ticket;
        (void) ngx_atomic_fetch_add(&board->n[rc == NGX_OK ? 0 : 1], 1);

        if (rc != NGX_OK && rc != NGX_DONE) {
            (void) ngx_atomic_fetch_add(&board->n[2], 1);
        }
    }

    for (i = 0; i < CHANGES; i++) {
        sprintf(name, "name%u", (unsigned) (i % SHARED));

        if (of(name, 0, &s) != NGX_OK) {
            (void) ngx_atomic_fetch_add(&board->n[2], 1);
            continue;
        }

        /* never half of one and half of another */

        if (s.record.started != s.record.on_air_since * 3
            || s.record.last_live != s.record.on_air_since * 7)
        {
            (void) ngx_atomic_fetch_add(&board->n[3], 1);
        }

        do {
            rc = ngx_multisource_show_change(&shows, &s, add_one, NULL);
        } while (rc == NGX_BUSY);

        if (rc == NGX_OK) {
            (void) ngx_atomic_fetch_add(&board->n[4], 1);
        }
    }

    for (i = 0; i < 200; i++) {
        n = random_below(4);
        sprintf(name, "s%u s%u", (unsigned) n, (unsigned) number + 4);

        if (of("name100", 0, &s) == NGX_OK) {
            rc = meet(&s, name, NOW + i);

            if (rc != NGX_OK && rc != NGX_DONE && rc != NGX_BUSY) {
                (void) ngx_atomic_fetch_add(&board->n[2], 1);
            }
        }
    }
}


static void
test_together(void)
{
    char        name[32];
    show_t      s;
    uint64_t    revisions, changes;
    ngx_uint_t  i, k, wrong, taken, used;

    zone_make(3 * 1024 * 1024);
    ngx_memzero((void *) board, sizeof(shows_board_t));

    together(work_together);

    tap_is(board->n[2], 0, "nothing fails");
    tap_is(board->n[0], NAMES, "of all who begin a show one does");
    tap_is(board->n[1], NAMES * (SHOWS_PROCESSES - 1), "  and others find it");

    wrong = 0;

    for (i = 0; i < NAMES; i++) {
        for (k = 1; k < SHOWS_PROCESSES; k++) {
            wrong += board->tickets[k][i] != board->tickets[0][i];
        }
    }

    tap_is(wrong, 0, "  the same one");
    tap_is(board->n[3], 0, "no record is half written");

    revisions = 0;
    changes = 0;

    for (i = 0; i < SHARED; i++) {
        sprintf(name, "name%u", (unsigned) i);
        (void) of(name, 0, &s);
        revisions += s.record.revision - 1;
        changes += s.record.on_air_since;
    }

    tap_is(changes, CHANGES * SHOWS_PROCESSES, "no change is lost");
    tap_is(revisions, CHANGES * SHOWS_PROCESSES, "  nor done twice");
    tap_is(board->n[4], CHANGES * SHOWS_PROCESSES, "  as they know");

    (void) of("name100", 0, &s);
    tap_is(s.record.nstreams, 8, "streams that several add are there once");

    copies_count(&taken, &used);
    tap_ok(taken == used && used == NAMES, "no copy is lost");
    tap_is(shows.shared->lease, 0, "and nobody has the lease");
}


/* all that one can do, until the end */

static void
work_forever(ngx_uint_t number)
{
    char                           name[32], names[64];
    show_t                         s;
    ngx_uint_t                     i;
    ngx_multisource_beacon_t       beacon;
    ngx_multisource_viewer_t      *viewer;

    ngx_memzero(&beacon, sizeof(ngx_multisource_beacon_t));
    beacon.watching = 3;

    for (i = 0; ; i++) {
        sprintf(name, "name%u", (unsigned) random_below(40));

        if (of(name, 0, &s) != NGX_OK && begin(name, NOW, &s) != NGX_OK) {
            continue;
        }

        switch (random_below(8)) {

        case 0:
            (void) ngx_multisource_show_end(&shows, &s, NOW + i);
            break;

        case 1:
        case 2:
            sprintf(names, "s%u s%u", (unsigned) random_below(20),
                    (unsigned) random_below(20));
            (void) meet(&s, names, NOW + i);
            break;

        case 3:
        case 4:
            viewer = ngx_multisource_viewer_find(&shows, &s,
                                                 1 + random_below(1000), 1);

            if (viewer) {
                beacon.seq++;
                (void) ngx_multisource_viewer_beacon(&s, viewer, &beacon,
                                                     NOW + i * 10);
                ngx_multisource_viewer_asked(&s, viewer, random_below(16),
                                             NOW + i * 10);
            }

            break;

        case 5:
            if (random_below(50) == 0) {
                ngx_multisource_viewer_look(&shows, NOW + i * 10);
            }

            break;

        default:
            (void) ngx_multisource_show_change(&shows, &s, add_one, NULL);
        }
    }
}


/* one that ran at any point of it, and is stopped or dead now */

static void
check_usable(const char *what)
{
    char              buf[200];
    show_t            s, t;
    ngx_uint_t        i, wrong, opened, busy;
    double            start;
    ngx_multisource_show_record_t  record;

    wrong = 0;
    opened = 0;
    busy = 0;

    for (i = 0; i < shows.nslots; i++) {

        if (ngx_multisource_show_at(&shows, i, &s) != NGX_OK) {
            continue;
        }

        opened += s.record.state != NGX_MULTISOURCE_SHOW_ENDED;

        if (strncmp((char *) s.record.streamer, "name", 4) != 0
            || find(s.record.id, &t) != NGX_OK
            || t.ticket != s.ticket)
        {
            wrong++;
        }
    }

    start = seconds();

    for (i = 0; i < 40; i++) {
        sprintf(buf, "name%u", (unsigned) i);
        record_make(&record, buf, NOW);

        while (ngx_multisource_show_begin(&shows, &record, &s) == NGX_BUSY) {
            busy++;

            if (seconds() - start > 2) {
                wrong += 1000;
                break;
            }
        }

        wrong += of(buf, 0, &t) != NGX_OK || t.ticket != s.ticket;
        wrong += ngx_multisource_show_change(&shows, &s, add_one, NULL)
                 != NGX_OK;
    }

    if (wrong) {
        sprintf(buf, "%s: %u wrong, %u open", what, (unsigned) wrong,
                (unsigned) opened);
        tap_ok(0, buf);
    }
}


static void
test_killed(void)
{
    int         status;
    pid_t       pid;
    show_t      s;
    ngx_uint_t  i, n, taken, used, claimed;

    /* room for little more than the names, so that slots are reused */

    zone_make(NGX_MULTISOURCE_SHOW_MIN_ZONE + 240 * 1024);
    tap_ok(shows.nslots > 40, "a zone for many deaths");
    board->go = 1;

    for (i = 0; i < 150; i++) {
        pid = spawn(work_forever, 0);
        (void) usleep(500 + random_below(3000));
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, &status, 0);

        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
            tap_ok(0, "a process ended by itself");
        }

        check_usable("after a death");
    }

    ngx_multisource_viewer_look(&shows, NOW);
    ngx_multisource_show_mend(&shows);

    copies_count(&taken, &used);
    tap_is(taken, used, "150 processes that were killed leave no copy");

    claimed = 0;

    for (n = 0; n < shows.nslots; n++) {
        claimed += (shows.words[n] & NGX_MULTISOURCE_SHOWS_COPY)
                   == NGX_MULTISOURCE_SHOWS_COPY;
    }

    tap_is(claimed, 0, "  and no slot");

    for (n = 0; n < shows.nviewers; n++) {
        ngx_multisource_viewer_t *v = shows.viewers;

        claimed += v[n].ticket >> 63;
    }

    tap_is(claimed, 0, "  and no viewer");

    for (i = 0; i < 40; i++) {
        char  name[32];

        sprintf(name, "name%u", (unsigned) i);

        while (of(name, 0, &s) == NGX_OK) {
            (void) ngx_multisource_show_end(&shows, &s, NOW + i);
        }
    }

    for (i = 0; i < shows.nslots; i++) {
        char  name[32];

        sprintf(name, "new%u", (unsigned) i);
        claimed += begin(name, NOW, &s) != NGX_OK;
    }

    tap_is(claimed, 0, "  all have room for new ones");
}


/* several that run, of which one is stopped at a time */

static void
test_stopped(void)
{
    pid_t              pid;
    double             start;
    show_t             s, t;
    ngx_int_t          rc;
    ngx_uint_t         i, held, late;
    record_t           record;
    ngx_atomic_uint_t  lease;

    zone_make(NGX_MULTISOURCE_SHOW_MIN_ZONE + 320 * 1024);

    (void) begin("name90", NOW, &s);

    board->go = 1;
    pid = spawn(work_forever, 0);

    record_make(&record, "name91", NOW);
    held = 0;
    late = 0;

    for (i = 0; i < 3000 && held == 0; i++) {
        (void) usleep(random_below(300));
        (void) kill(pid, SIGSTOP);
        (void) waitpid(pid, NULL, WUNTRACED);

        lease = shows.shared->lease;

        /* wherever it stands, changes and searches go on */

        start = seconds();

        late += ngx_multisource_show_change(&shows, &s, add_one, NULL)
                != NGX_OK;
        late += of("name90", 0, &t) != NGX_OK;

        if (lease != 0) {
            held++;

            rc = ngx_multisource_show_begin(&shows, &record, &t);
            tap_is(rc, NGX_BUSY, "a stopped process has the lease");

            while (rc == NGX_BUSY && seconds() - start < 3) {
                (void) usleep(1000);
                rc = ngx_multisource_show_begin(&shows, &record, &t);
            }

            tap_is(rc, NGX_OK, "  which is taken away from it");
            printf("# after %.0f ms\n", (seconds() - start) * 1e3);
        }

        (void) kill(pid, SIGCONT);
    }

    tap_is(late, 0, "a stopped process holds up no changes");

    if (held == 0) {
        tap_ok(1, "no stop was within the lease # SKIP chance");
    }

    /* it goes on, and does no harm */

    (void) usleep(20000);
    tap_is(of("name90", 0, &s), NGX_OK, "what is there stays");
    tap_is(kill(pid, 0), 0, "the process runs on");

    (void) kill(pid, SIGSTOP);
    (void) waitpid(pid, NULL, WUNTRACED);
    check_usable("stopped");

    /* the same without chance */

    (void) ngx_multisource_show_end(&shows, &s, NOW);

    lease = (ngx_atomic_uint_t) (uint64_t) (seconds() * 1e3) << 22
            | (ngx_atomic_uint_t) pid;
    shows.shared->lease = lease;

    record_make(&record, "name92", NOW);
    tap_is(ngx_multisource_show_begin(&shows, &record, &t), NGX_BUSY,
           "one whom somebody else holds up is told");

    shows.shared->lease = lease - ((ngx_atomic_uint_t) 600 << 22);
    tap_is(ngx_multisource_show_begin(&shows, &record, &t), NGX_OK,
           "  but not for longer than a lease lasts");

    (void) ngx_multisource_show_end(&shows, &t, NOW);

    shows.shared->lease = lease;
    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, NULL, 0);

    tap_is(ngx_multisource_show_begin(&shows, &record, &t), NGX_OK,
           "and not by a dead one at all");

    (void) ngx_multisource_show_end(&shows, &t, NOW);

    shows.shared->lease = (ngx_atomic_uint_t) -1 << 22 | getppid();
    tap_is(ngx_multisource_show_begin(&shows, &record, &t), NGX_OK,
           "nor by one of the future");

    check_usable("after the stops");
    tap_ok(1, "all is usable after all of this");
}


static void
test_damage(void)
{
    show_t                         s;
    ngx_str_t                      id;
    ngx_uint_t                     i, k, n, places;
    record_t                       record;
    ngx_multisource_beacon_t       beacon;
    ngx_multisource_viewer_t      *viewer;
    ngx_multisource_viewer_look_t  look;
    ngx_multisource_preferences_t  preferences;
    ngx_multisource_show_totals_t  totals;

    id = text("0123456789abcdef0123456789abcdef");

    for (k = 0; k < 24; k++) {
        zone_make(NGX_MULTISOURCE_SHOW_MIN_ZONE);

        for (i = 0; i < 10; i++) {
            char  name[32];

            sprintf(name, "name%u", (unsigned) i);
            (void) begin(name, NOW, &s);
            (void) meet(&s, "a b c", NOW);
            (void) ngx_multisource_viewer_find(&shows, &s, i + 1, 1);
        }

        zone_damage(k % 4);

        for (n = 0; n < shows.nslots; n++) {

            if (ngx_multisource_show_at(&shows, n, &s) == NGX_OK
                && (strlen((char *) s.record.title)
                        >= NGX_MULTISOURCE_SHOW_TITLE
                    || s.record.nstreams > NGX_MULTISOURCE_SHOW_STREAMS))
            {
                tap_ok(0, "a damaged record is read as it is");
            }

            (void) meet(&s, "a x y", NOW);
            (void) ngx_multisource_show_change(&shows, &s, add_one, NULL);

            places = 0;
            for (i = 0; ngx_multisource_viewer_next(&shows, &s, &i, &look)
                        == NGX_OK; /* void */)
            {
                places++;
            }

            viewer = ngx_multisource_viewer_find(&shows, &s, 1, 1);

            if (viewer == NULL) {
                viewer = (ngx_multisource_viewer_t *) shows.viewers + n;
                s.ticket = viewer->ticket;
                s.slot->ticket = viewer->ticket;
            }

            ngx_memset(&beacon, 0xff, sizeof(beacon));
            beacon.seq = k + 1;
            ngx_multisource_viewer_asked(&s, viewer, n % 20, NOW);
            ngx_multisource_viewer_asked(&s, viewer, n % 20, NOW + 4000);
            (void) ngx_multisource_viewer_beacon(&s, viewer, &beacon, NOW);
            ngx_multisource_viewer_preferences(viewer, &preferences);

            if (preferences.size > 40 || preferences.corner > 3) {
                tap_ok(0, "damaged preferences are read as they are");
            }
        }

        (void) of("name3", 1, &s);
        (void) ngx_multisource_show_find(&shows, &id, &s);

        record_make(&record, "fresh", NOW);
        (void) ngx_multisource_show_begin(&shows, &record, &s);
        ngx_memcpy(record.id, id.data, 32);
        (void) ngx_multisource_show_restore(&shows, &record, NULL, &s);

        ngx_multisource_viewer_look(&shows, NOW);
        ngx_multisource_show_totals(&shows, &totals);
        (void) ngx_multisource_show_turn(&shows, 0, 1000);
        ngx_multisource_show_mend(&shows);
    }

    tap_ok(1, "damaged memory does no harm to who reads it");
}


int
main(void)
{
    shows_init();

    test_zone();
    test_begin();

    (void) of("alice", 0, &show);

    test_change();
    test_life();
    test_streams();
    test_room();
    test_restore();
    test_turns();
    test_many();
    test_together();
    test_killed();
    test_stopped();
    test_damage();

    return tap_done();
}
