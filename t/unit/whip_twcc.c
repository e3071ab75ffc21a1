
/*
 * Copyright (C) the ngx_live contributors
 *
 * Transport-wide feedback: bytes of small cases, and long runs of a network
 * that loses, delays and repeats, read by a decoder of its own.
 */

/* sources: modules/ngx_whip/ngx_whip_twcc.c */


#include "tap.h"
#include "twcc_decode.h"
#include "ngx_whip_twcc.h"


#define SSRC    0xcafebabe
#define MEDIA   0x00000007


typedef struct {
    const char  *name;
    const char  *arrivals;
    const char  *want;         /* packets from the base on, ";" between */
} row_t;


/*
 * Arrivals are NUMBER@TICK; A-B@T is A at T, A + 1 at T + 1, and so on.  All
 * numbers and times are modulo what the wire has for them.
 */

static const row_t  rows[] = {

    { "nothing", "", "" },

    { "one packet; the reference time is 15 * 64 ms",
      "4660@4000",
      "1234 0001 00000f 00 2001 a0 00" },
    { "one packet at the time 0", "0@0", "0000 0001 000000 00 2001 00 00" },
    { "one packet, no padding", "1@256 2@257",
      "0001 0002 000001 00 2002 00 01" },

    /* chunks */

    { "a run of 20", "0-19@256",
      "0000 0014 000001 00 2014 00 010101010101010101010101010101010101 01"
      "0000" },
    { "a one-bit vector at the end", "0@256 2@257",
      "0000 0003 000001 00 a800 00 01" },
    { "a full one-bit vector", "0@256 2@257 4@258 6@259 8@260 10@261 13@262",
      "0000 000e 000001 00 aaa9 00 010101010101 000000" },
    { "a one-bit vector and a run",
      "0@256 2-20@257",
      "0000 0015 000001 00 afff 2007 00 01"
      "010101010101010101010101010101010101" },
    { "a two-bit vector: one large delta",
      "0@256 1@512 3@513",
      "0000 0004 000001 00 d840 00 0100 01 0000" },
    { "a large delta in the 8th place",
      "0-6@256 7@600",
      "0000 0008 000001 00 2007 4001 00 010101010101 0152 000000" },
    { "a large delta in the 4th place, more behind it",
      "0-2@256 3@600 4-8@601",
      "0000 0009 000001 00 d595 2002 00 0101 0156 0101010101 0000" },
    { "a run of missing",
      "0@256 300@257",
      "0000 012d 000001 00 a000 011e 2001 00 01" },

    /* deltas */

    { "a small delta of 255", "0@256 1@511",
      "0000 0002 000001 00 2002 00 ff" },
    { "a large delta of 256", "0@256 1@512",
      "0000 0002 000001 00 d800 00 0100 000000" },
    { "a delta of -1: reordered", "1@256 0@257",
      "0000 0002 000001 00 d800 01 ffff 000000" },
    { "the greatest delta", "0@256 1@33023",
      "0000 0002 000001 00 d800 00 7fff 000000" },
    { "a greater one begins another packet", "0@256 1@33024",
      "0000 0001 000001 00 2001 00 00; 0001 0001 000081 01 2001 00 00" },
    { "the least delta", "1@256 0@33024",
      "0000 0002 000081 00 d800 00 8000 000000" },
    { "a lesser one begins another packet", "1@256 0@33025",
      "0000 0001 000081 00 2001 01 00; 0001 0001 000001 01 2001 00 00" },
    { "what is missing before such a break is told with the first",
      "0@256 5@99999",
      "0000 0005 000001 00 a000 00 00;"
      "0005 0001 000186 01 2001 9f 00" },

    /* time and numbers wrap */

    { "the reference time wraps", "0@4294967295 1@4294967296",
      "0000 0002 ffffff 00 2002 ff 01" },
    { "numbers wrap", "65534-65537@256",
      "fffe 0004 000001 00 2004 00 010101 0000" },
    { "numbers wrap, reordered", "0@256 65535@257",
      "ffff 0002 000001 00 d800 01 ffff 000000" },

    /* the first arrival counts */

    { "a duplicate", "0@256 0@300 1@257 0@400",
      "0000 0002 000001 00 2002 00 01" },

    { NULL, NULL, NULL }
};


static twcc_decode_t    decoded;
static ngx_whip_twcc_t  twcc;
static uint64_t         state;


/* xorshift, 64 bits */

static uint32_t
random_below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (uint32_t) ((state >> 16) % n);
}


static void
feed(const char *p)
{
    char                *end;
    unsigned long long   seq, last, tick;

    while (*p) {
        seq = strtoull(p, &end, 10);
        last = (*end == '-') ? strtoull(end + 1, &end, 10) : seq;
        tick = strtoull(end + 1, &end, 10);

        for ( /* void */ ; seq <= last; seq++, tick++) {
            ngx_whip_twcc_add(&twcc, (uint16_t) seq,
                              tick * NGX_WHIP_TWCC_TICK);
        }

        p = end + strspn(end, " ");
    }
}


/* all feedback there is, in hexadecimal, from the base on */

static void
collect(char *text)
{
    u_char       buf[1200];
    size_t       len, i;
    const char  *err;

    *text = '\0';

    for ( ;; ) {
        len = ngx_whip_twcc_build(&twcc, buf, sizeof(buf), SSRC, MEDIA);

        if (len == 0) {
            return;
        }

        err = twcc_decode(&decoded, buf, len);

        if (err) {
            sprintf(text, "%s", err);
            return;
        }

        if (decoded.ssrc != SSRC || decoded.media != MEDIA) {
            sprintf(text, "an SSRC");
            return;
        }

        for (i = 12; i < len; i++) {
            text += sprintf(text, "%02x", buf[i]);
        }

        text += sprintf(text, ";");
    }
}


static void
test_rows(void)
{
    char          got[8192], want[8192];
    char         *t;
    const char   *p;
    const row_t  *row;

    for (row = rows; row->name; row++) {

        ngx_whip_twcc_init(&twcc);
        feed(row->arrivals);
        collect(got);

        for (t = want, p = row->want; *p; p++) {
            if (*p != ' ') {
                *t++ = *p;
            }
        }

        if (t != want) {
            *t++ = ';';
        }

        *t = '\0';

        tap_is_text(got, want, row->name);
    }
}


/*
 * All feedback there is, in words: base+count#feedback: the numbers received;
 * "; " between packets.
 */

static void
summary(char *text)
{
    char        *start;
    u_char       buf[1200];
    size_t       len;
    ngx_uint_t   n, from;
    const char  *err;

    start = text;
    *text = '\0';

    for ( ;; ) {
        len = ngx_whip_twcc_build(&twcc, buf, sizeof(buf), SSRC, MEDIA);

        if (len == 0) {
            return;
        }

        err = twcc_decode(&decoded, buf, len);

        if (err) {
            sprintf(text, "%s", err);
            return;
        }

        text += sprintf(text, "%s%d+%d#%d:", (text == start) ? "" : "; ",
                        decoded.base, (int) decoded.count, (int) decoded.fb);

        for (n = 0; n < decoded.count; n++) {

            if (decoded.status[n] == 0) {
                continue;
            }

            from = n;

            while (n + 1 < decoded.count && decoded.status[n + 1]) {
                n++;
            }

            text += sprintf(text, " %d", (uint16_t) (decoded.base + from));

            if (n > from) {
                text += sprintf(text, "-%d", (uint16_t) (decoded.base + n));
            }
        }
    }
}


/* what is told of the arrivals that are new */

static void
then(const char *arrivals, const char *want, const char *name)
{
    char  got[8192];

    feed(arrivals);
    summary(got);
    tap_is_text(got, want, name);
}


static void
test_gaps(void)
{
    ngx_whip_twcc_init(&twcc);

    then("10@256", "10+1#0: 10", "the first feedback");
    then("", "", "nothing since");
    then("12@257", "11+2#1: 12", "a gap between two feedbacks");
    then("11@300", "11+2#2: 11-12",
         "a late packet, and again what is behind it");
    then("11@301 12@302", "", "duplicates of what was told");
    then("9@303", "9+4#3: 9-12", "one from before the first feedback");
    then("14@304 13@305", "13+2#4: 13-14", "reordered within a feedback");

    /* 15 is missing */

    then("16-270@306", "15+256#5: 16-270", "one is missing");
    then("15@1000", "15+256#6: 15-270", "256 late");

    ngx_whip_twcc_init(&twcc);

    then("0@256 2-257@257", "0+258#0: 0 2-257", "one is missing");
    then("1@1000", "", "257 late: not told");
    then("258@1001", "258+1#1: 258", "the next");
    then("256@1002", "", "a duplicate");
}


static void
test_jumps(void)
{
    ngx_whip_twcc_init(&twcc);

    then("0@256", "0+1#0: 0", "the first");
    then("2047@257", "1+2047#1: 2047", "a jump of the window - 1");
    then("4095@258", "", "a jump of the window: not told");
    then("2048@259", "2048+1#2: 2048", "it is forgotten");
    then("4096@260", "", "again, and not the next of the last one");
    then("2049@261", "2049+1#3: 2049", "it is forgotten");
    then("50000@262", "", "a wild jump");
    then("50001@263", "50000+2#4: 50000-50001", "two: a new beginning");
    then("50004@264 50003@265", "50002+3#5: 50003-50004", "and it goes on");
    then("2050@266", "", "what is left of the old one");
    then("50005@267", "50005+1#6: 50005", "changes nothing");
    then("40000@268 40002@269", "", "a jump back");
    then("40003@270 40001@271", "40001+3#7: 40001-40003",
         "a new beginning with what is near");
    then("7232@272 7233@273", "7232+2#8: 7232-7233", "half of all numbers");
    then("65535@274", "", "a jump over the wrap");
    then("0@275", "65535+2#9: 65535-0", "a new beginning over the wrap");
}


/* no feedback for longer than the window: the oldest is forgotten */

static void
test_window(void)
{
    ngx_whip_twcc_init(&twcc);

    then("0-2999@256", "952+1178#0: 952-2129; 2130+870#1: 2130-2999",
         "the last 2048, in two packets");

    ngx_whip_twcc_init(&twcc);

    then("0@256 2047@257", "0+2048#0: 0 2047", "all of the window");

    ngx_whip_twcc_init(&twcc);

    then("0@256 1@257 2048@258", "1+2048#0: 1 2048", "one more");
    then("0@259", "", "a jump back of the window: not told");
    then("65535@260 0@261", "65535+2#1: 65535-0", "two: a new beginning");
}


static void
test_size(void)
{
    u_char       buf[1200], *p;
    size_t       n, len;
    ngx_uint_t   seq, bad, calls;

    /* the least: a gap, and a packet */

    ngx_whip_twcc_init(&twcc);
    feed("0@256");

    tap_is(ngx_whip_twcc_build(&twcc, buf, NGX_WHIP_TWCC_MIN_SIZE - 1, 1, 2),
           0, "a buffer that is too small");
    tap_is(ngx_whip_twcc_build(&twcc, buf, NGX_WHIP_TWCC_MIN_SIZE, 1, 2), 24,
           "one that is not");

    feed("1000@99999999 1001@0");

    tap_is(ngx_whip_twcc_build(&twcc, buf, NGX_WHIP_TWCC_MIN_SIZE, 1, 2), 28,
           "a gap and a packet");
    tap_is(ngx_whip_twcc_build(&twcc, buf, NGX_WHIP_TWCC_MIN_SIZE, 1, 2), 24,
           "a packet");
    tap_is(ngx_whip_twcc_build(&twcc, buf, NGX_WHIP_TWCC_MIN_SIZE, 1, 2), 0,
           "no more");

    /* every size: never more, always some, and in the end all */

    bad = 0;

    for (n = NGX_WHIP_TWCC_MIN_SIZE; n <= 128; n++) {

        ngx_whip_twcc_init(&twcc);
        state = n;

        for (seq = 0; seq < 300; seq++) {
            if (random_below(3)) {
                ngx_whip_twcc_add(&twcc, (uint16_t) seq,
                                  seq * 1000 + random_below(200000));
            }
        }

        ngx_whip_twcc_add(&twcc, (uint16_t) seq, seq * 1000);

        seq = twcc.first;

        for (calls = 0; calls < 301; calls++) {

            p = malloc(n);
            len = ngx_whip_twcc_build(&twcc, p, n, 1, 2);

            if (len) {
                bad += (len > n || twcc_decode(&decoded, p, len) != NULL
                        || decoded.base != seq);
                seq += decoded.count;
            }

            free(p);

            if (len == 0) {
                break;
            }
        }

        bad += (calls == 0 || seq != 301);
    }

    tap_is(bad, 0, "buffers of 28 to 128 bytes");
}


/*
 * A network.  "arrived" has when each number first came, in ticks, and "told"
 * what the last feedback about it said.
 */

typedef struct {
    uint64_t  due;             /* us */
    uint32_t  number;          /* not wrapped */
} flight_t;

typedef struct {
    const char  *name;
    uint32_t     loss;         /* of 1000 */
    uint32_t     repeat;       /* of 1000 */
    uint32_t     jitter;       /* us */
    uint32_t     pause;        /* us, at times */
    size_t       size;         /* of feedback */
    uint64_t     start;        /* us */
} network_t;


#define PACKETS  150000

static const network_t  networks[] = {
    { "an ideal network", 0, 0, 1, 0, 1200, 0 },
    { "loss", 50, 0, 1, 0, 1200, 1000000 },
    { "heavy loss", 700, 0, 3000, 0, 1200, 1000000 },
    { "reordering", 0, 0, 20000, 0, 1200, 1000000 },
    { "all of it", 100, 20, 30000, 0, 1200, 1000000 },
    { "all of it, and small packets", 100, 20, 30000, 0, 100, 1000000 },
    { "pauses of 20 s", 20, 20, 5000, 20000000, 1200, 1000000 },
    { "pauses, the reference time wraps", 20, 0, 5000, 20000000, 1200,
      1073741824000000ull - 100000000 },
    { NULL, 0, 0, 0, 0, 0, 0 }
};


static uint32_t  arrived[PACKETS];
static u_char    has_arrived[PACKETS];
static u_char    told[PACKETS];


static int
by_due(const void *one, const void *two)
{
    const flight_t  *a = one, *b = two;

    return (a->due > b->due) - (a->due < b->due);
}


/* one feedback against the truth; -1: it is wrong */

static int
check(uint32_t offset, uint32_t *next)
{
    uint32_t    number;
    ngx_uint_t  n;

    /* the base follows what was told, or is late but not too late */

    number = *next - (uint16_t) (*next + offset - decoded.base);

    if (*next - number > NGX_WHIP_TWCC_WINDOW) {
        return -1;
    }

    for (n = 0; n < decoded.count; n++, number++) {

        if (number >= PACKETS) {
            return -1;
        }

        if (decoded.status[n] == 0) {

            if (has_arrived[number]) {
                return -1;
            }

            continue;
        }

        if (!has_arrived[number] || arrived[number] != decoded.tick[n]) {
            return -1;
        }

        told[number] = 1;
    }

    *next = number;

    return 0;
}


static void
test_network(const network_t *net)
{
    char              name[128];
    u_char            buf[1200];
    size_t            len;
    uint32_t          n, i, offset, next, number, missed, feedbacks, wrong;
    uint64_t          now, last;
    flight_t         *flights;
    const char       *err;

    flights = malloc(2 * PACKETS * sizeof(flight_t));

    memset(has_arrived, 0, sizeof(has_arrived));
    memset(told, 0, sizeof(told));

    state = 88172645463325252ull;
    offset = 65000;
    now = net->start;
    n = 0;

    for (i = 0; i < PACKETS; i++) {

        now += 1 + random_below(2000);

        if (net->pause && random_below(10000) == 0) {
            now += net->pause;
        }

        if (i && random_below(1000) < net->loss) {
            continue;
        }

        /* the first one comes first, so that counting begins with it */

        flights[n].number = i;
        flights[n++].due = now + (i ? random_below(net->jitter) : 0);

        if (random_below(1000) < net->repeat) {
            flights[n].number = i;
            flights[n++].due = now + random_below(50000);
        }
    }

    qsort(flights, n, sizeof(flight_t), by_due);

    ngx_whip_twcc_init(&twcc);

    next = 0;
    wrong = 0;
    feedbacks = 0;
    last = net->start;
    err = NULL;

    for (i = 0; i < n; i++) {

        number = flights[i].number;

        ngx_whip_twcc_add(&twcc, (uint16_t) (number + offset),
                          flights[i].due);

        if (!has_arrived[number]) {
            has_arrived[number] = 1;
            arrived[number] = (uint32_t) (flights[i].due / 250);
        }

        if (flights[i].due - last < 100000 && i < n - 1) {
            continue;
        }

        last = flights[i].due;

        for ( ;; ) {
            len = ngx_whip_twcc_build(&twcc, buf, net->size, SSRC, MEDIA);

            if (len == 0) {
                break;
            }

            err = twcc_decode(&decoded, buf, len);

            if (err) {
                break;
            }

            wrong += (len > net->size || decoded.fb != (feedbacks & 0xff)
                      || check(offset, &next) != 0);
            feedbacks++;
        }

        if (err) {
            break;
        }
    }

    for (missed = 0, i = 0; i < PACKETS; i++) {
        missed += (has_arrived[i] && !told[i]);
    }

    snprintf(name, sizeof(name), "%s: %s", net->name,
             err ? err : "all can be read");
    tap_ok(err == NULL, name);

    snprintf(name, sizeof(name), "%s: wrong of %u feedbacks", net->name,
             feedbacks);
    tap_is(wrong, 0, name);

    snprintf(name, sizeof(name), "%s: packets that came and were not told of",
             net->name);
    tap_is(missed, 0, name);

    free(flights);
}


int
main(void)
{
    const network_t  *net;

    state = 1;

    test_rows();
    test_gaps();
    test_jumps();
    test_window();
    test_size();

    for (net = networks; net->name; net++) {
        test_network(net);
    }

    return tap_done();
}
