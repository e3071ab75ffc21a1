
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ice.h"
#include "report.h"
#include "wire.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* a check is repeated after 100 ms, 200 ms, ..., 1600 ms */

#define ICE_RTO_MS          100
#define ICE_RTO_DOUBLINGS   4

/* RFC 8445 5.1.2: peer-reflexive, and host over TCP */

#define ICE_PRIORITY        1862270975u

#define ICE_PROBE_MS        1000
#define ICE_UNKNOWN_ATTR    0x7777        /* comprehension-required, nobody's */


static void ice_tick(void *data);
static void ice_probe_unanswered(void *data);


void
ice_init(ice_t *ice, const options_t *options, int session,
    transport_t *transport)
{
    memset(ice, 0, sizeof(ice_t));

    ice->options = options;
    ice->session = session;
    ice->transport = transport;

    ice->timer.handler = ice_tick;
    ice->timer.data = ice;
    ice->probe_timer.handler = ice_probe_unanswered;
    ice->probe_timer.data = ice;

    RAND_bytes(ice->tie, sizeof(ice->tie));
}


/* ice-chars: letters, digits, + and / */

static void
ice_random_text(char *text, size_t len)
{
    size_t             i;
    uint8_t            bytes[64];
    static const char  chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";

    RAND_bytes(bytes, (int) len);

    for (i = 0; i < len; i++) {
        text[i] = chars[bytes[i] & 63];
    }

    text[len] = '\0';
}


void
ice_credentials(ice_t *ice)
{
    ice_random_text(ice->next_ufrag, 8);
    ice_random_text(ice->next_pwd, 24);
}


void
ice_keep_credentials(ice_t *ice)
{
    ice->next_ufrag[0] = '\0';
}


void
ice_remote(ice_t *ice, const char *ufrag, const char *pwd)
{
    snprintf(ice->remote_ufrag, sizeof(ice->remote_ufrag), "%s", ufrag);
    snprintf(ice->remote_pwd, sizeof(ice->remote_pwd), "%s", pwd);

    if (ice->next_ufrag[0]) {
        memcpy(ice->ufrag, ice->next_ufrag, sizeof(ice->ufrag));
        memcpy(ice->pwd, ice->next_pwd, sizeof(ice->pwd));
        ice_keep_credentials(ice);
    }

    ice->npairs = 0;
    ice->selected = NULL;

    memset(ice->requests, 0, sizeof(ice->requests));
}


void
ice_candidate(ice_t *ice, const transport_addr_t *addr)
{
    ice_pair_t  *pair;

    if (ice->npairs == ICE_PAIRS_MAX
        || (ice->npairs && ice->options->first_candidate))
    {
        return;
    }

    pair = &ice->pairs[ice->npairs++];

    memset(pair, 0, sizeof(ice_pair_t));
    pair->addr = *addr;
}


/* --- requests ------------------------------------------------------------ */

static void
ice_username(const ice_t *ice, stun_out_t *m)
{
    char  name[sizeof(ice->remote_ufrag) + sizeof(ice->ufrag)];

    snprintf(name, sizeof(name), "%s:%s", ice->remote_ufrag, ice->ufrag);
    stun_attribute(m, STUN_USERNAME, name, strlen(name));
}


static void
ice_role(const ice_t *ice, stun_out_t *m)
{
    if (ice->options->stun == OPTIONS_STUN_FULL) {
        stun_attribute(m, STUN_ICE_CONTROLLING, ice->tie, sizeof(ice->tie));
        stun_number(m, STUN_PRIORITY, ICE_PRIORITY);
    }
}


static void
ice_transmit(ice_t *ice, const stun_out_t *m, const transport_addr_t *to)
{
    transport_send(ice->transport, m->data, m->len, to);
}


static void
ice_check(ice_t *ice, ice_pair_t *pair, int nominate)
{
    stun_out_t      m;
    ice_request_t  *request;

    request = &ice->requests[ice->nrequests++ % ICE_REQUESTS_MAX];

    RAND_bytes(request->tid, STUN_TID);

    request->sent = loop_clock();
    request->pair = pair;
    request->nominates = nominate;

    stun_begin(&m, STUN_REQUEST, request->tid);
    ice_username(ice, &m);
    ice_role(ice, &m);

    if (nominate) {
        stun_attribute(&m, STUN_USE_CANDIDATE, NULL, 0);
    }

    stun_integrity(&m, ice->remote_pwd);
    stun_fingerprint(&m);

    ice->count.requests++;
    ice_transmit(ice, &m, &pair->addr);

    pair->next = loop_now() + LOOP_MS(ICE_RTO_MS << pair->tries);

    if (pair->tries < ICE_RTO_DOUBLINGS) {
        pair->tries++;
    }
}


static int
ice_aggressive(const ice_t *ice)
{
    return ice->options->nomination == OPTIONS_NOMINATION_AGGRESSIVE;
}


/* one check each interval: the pair that waits for its turn the longest */

static void
ice_tick_checking(ice_t *ice)
{
    unsigned     i;
    ice_pair_t  *pair;

    pair = NULL;

    for (i = 0; i < ice->npairs; i++) {
        if (ice->pairs[i].next <= loop_now()
            && (pair == NULL || ice->pairs[i].next < pair->next))
        {
            pair = &ice->pairs[i];
        }
    }

    if (pair) {
        ice_check(ice, pair, ice_aggressive(ice));
    }

    loop_timer_set(&ice->timer,
                   loop_now() + LOOP_MS(ice->options->check_interval));
}


static void
ice_tick_consent(ice_t *ice)
{
    double  spread;

    if (ice->options->consent == 0) {
        /* looked at again, for it may be turned on */
        loop_timer_set(&ice->timer, loop_now() + LOOP_MS(1000));
        ice->heard = loop_now();
        return;
    }

    if (ice->selected->next <= loop_now()) {

        ice_check(ice, ice->selected, ice_aggressive(ice));

        /* RFC 7675 5.1 */
        spread = 0.8 + 0.4 * (rand() / (RAND_MAX + 1.0));
        ice->selected->next = loop_now()
                        + LOOP_MS((double) ice->options->consent * spread);
    }

    loop_timer_set(&ice->timer, ice->selected->next);
}


static void
ice_tick(void *data)
{
    ice_t     *ice;
    uint64_t   limit;

    ice = data;

    limit = ice->phase == ICE_DONE
            ? ice->heard + LOOP_MS(ice->options->consent_timeout)
            : ice->start + LOOP_MS(ice->options->ice_timeout);

    if (loop_now() > limit) {
        ice->event(ice->data, ice->phase == ICE_DONE ? ICE_EXPIRED
                                                     : ICE_FAILED);
        return;
    }

    switch (ice->phase) {

    case ICE_CHECKING:
        ice_tick_checking(ice);
        break;

    case ICE_NOMINATING:
        ice_check(ice, ice->selected, 1);
        loop_timer_set(&ice->timer, ice->selected->next);
        break;

    case ICE_DONE:
        ice_tick_consent(ice);
        break;

    default:
        break;
    }
}


void
ice_start(ice_t *ice)
{
    unsigned  i;

    for (i = 0; i < ice->npairs; i++) {
        ice->pairs[i].next = 0;
        ice->pairs[i].tries = 0;
    }

    ice->phase = ICE_CHECKING;
    ice->start = loop_now();

    ice_tick(ice);
}


void
ice_recheck(ice_t *ice)
{
    if (ice->selected) {
        ice->pairs[0] = *ice->selected;
        ice->npairs = 1;
        ice->selected = NULL;

        memset(ice->requests, 0, sizeof(ice->requests));
    }

    ice_start(ice);
}


void
ice_stop(ice_t *ice)
{
    ice->phase = ICE_IDLE;
    ice->probe = NULL;

    loop_timer_stop(&ice->timer);
    loop_timer_stop(&ice->probe_timer);
}


/* --- what comes back ----------------------------------------------------- */

static void
ice_nominated(ice_t *ice)
{
    ice->phase = ICE_DONE;
    ice->heard = loop_now();

    /* the next check is one of consent */

    ice->selected->next = loop_now() + LOOP_MS(ice->options->consent);
    loop_timer_set(&ice->timer, ice->selected->next);

    ice->event(ice->data, ICE_NOMINATED);
}


/* the first candidate that answers is the one */

static void
ice_connected(ice_t *ice, ice_pair_t *pair, const stun_in_t *m)
{
    ice->selected = pair;
    ice->mapped = m->mapped;
    ice->transport->remote = pair->addr;

    pair->tries = 0;

    ice->phase = ICE_NOMINATING;
    loop_timer_set(&ice->timer,
                   loop_now() + LOOP_MS(ice->options->nominate_delay));

    if (ice->options->connect && !ice->transport->tcp) {
        transport_connect(ice->transport);
    }

    ice->event(ice->data, ICE_CONNECTED);
}


static void
ice_success(ice_t *ice, const ice_request_t *request, const stun_in_t *m)
{
    if (!m->integrity || !m->fingerprint || m->mapped.len == 0) {
        ice->count.invalid++;
        return;
    }

    ice->count.responses++;
    ice->count.rtt = (double) (loop_clock() - request->sent) / 1000;
    ice->heard = loop_now();

    if (ice->phase == ICE_CHECKING) {
        ice_connected(ice, request->pair, m);
    }

    if (ice->phase == ICE_NOMINATING && request->nominates
        && request->pair == ice->selected)
    {
        ice_nominated(ice);
    }
}


static void
ice_probe_report(ice_t *ice, const char *answer, int code, int integrity,
    size_t len)
{
    const char  *kind;

    kind = ice->probe;
    ice->probe = NULL;

    loop_timer_stop(&ice->probe_timer);

    report(ice->session, "stun_reply", "{s:s,s:s,s:i,s:b,s:i}",
           "kind", kind, "answer", answer, "code", code,
           "integrity", integrity, "bytes", (int) len);
}


static void
ice_probe_unanswered(void *data)
{
    ice_probe_report(data, "none", 0, 0, 0);
}


static void
ice_response(ice_t *ice, const stun_in_t *m, size_t len)
{
    unsigned        i;
    ice_request_t  *request;

    if (ice->probe && memcmp(m->tid, ice->probe_tid, STUN_TID) == 0) {
        ice_probe_report(ice, m->type == STUN_SUCCESS ? "success" : "error",
                         m->error, m->integrity, len);
        return;
    }

    for (i = 0; i < ICE_REQUESTS_MAX; i++) {

        request = &ice->requests[i];

        if (request->pair == NULL
            || memcmp(request->tid, m->tid, STUN_TID) != 0)
        {
            continue;
        }

        if (m->type == STUN_SUCCESS) {
            ice_success(ice, request, m);

        } else {
            ice->count.errors++;
            report(ice->session, "stun_error", "{s:i}", "code", m->error);
        }

        request->pair = NULL;
        return;
    }

    ice->count.unknown++;
}


/* servers that are no lite agents check us as well */

static void
ice_request(ice_t *ice, const uint8_t *tid, const transport_addr_t *from)
{
    stun_out_t  m;

    ice->count.asked++;

    if (!ice->options->stun_answer) {
        return;
    }

    stun_begin(&m, STUN_SUCCESS, tid);
    stun_mapped(&m, from);
    stun_integrity(&m, ice->pwd);
    stun_fingerprint(&m);

    ice_transmit(ice, &m, from);
}


void
ice_input(ice_t *ice, uint8_t *packet, size_t len,
    const transport_addr_t *from)
{
    stun_in_t  m;

    if (ice->phase == ICE_IDLE) {
        return;
    }

    /* which password it has to be made with is in the type */

    if (stun_parse(&m, packet, len, len > 1 && wire_get16(packet)
                   == STUN_REQUEST ? ice->pwd : ice->remote_pwd) == -1)
    {
        ice->count.invalid++;
        return;
    }

    switch (m.type) {

    case STUN_SUCCESS:
    case STUN_ERROR:
        ice_response(ice, &m, len);
        return;

    case STUN_REQUEST:
        if (m.integrity) {
            ice_request(ice, m.tid, from);
            return;
        }
        break;
    }

    ice->count.invalid++;
}


/* --- probes -------------------------------------------------------------- */

typedef struct {
    const char  *kind;
    unsigned     username:1;
    unsigned     other_ufrag:1;
    unsigned     controlled:1;
    unsigned     unknown:1;               /* an unknown mandatory attribute */
    unsigned     optional:1;              /* an unknown optional one */
    unsigned     integrity:1;
    unsigned     other_pwd:1;
    unsigned     fingerprint:1;
    unsigned     other_crc:1;
    unsigned     cut:1;                   /* the last attribute is cut off */
    unsigned     nominate:1;
} ice_probe_t;


static const ice_probe_t  ice_probes[] = {
    { .kind = "good", .username = 1, .integrity = 1, .fingerprint = 1 },
    { .kind = "nominate", .username = 1, .integrity = 1, .fingerprint = 1,
      .nominate = 1 },
    { .kind = "bad_integrity", .username = 1, .integrity = 1, .other_pwd = 1,
      .fingerprint = 1 },
    { .kind = "no_integrity", .username = 1, .fingerprint = 1 },
    { .kind = "no_username", .integrity = 1, .fingerprint = 1 },
    { .kind = "unknown_ufrag", .username = 1, .other_ufrag = 1,
      .integrity = 1, .fingerprint = 1 },
    { .kind = "role_conflict", .username = 1, .controlled = 1, .integrity = 1,
      .fingerprint = 1 },
    { .kind = "unknown_attribute", .username = 1, .unknown = 1,
      .integrity = 1, .fingerprint = 1 },
    { .kind = "optional_attribute", .username = 1, .optional = 1,
      .integrity = 1, .fingerprint = 1 },
    { .kind = "bad_fingerprint", .username = 1, .integrity = 1,
      .fingerprint = 1, .other_crc = 1 },
    { .kind = "no_fingerprint", .username = 1, .integrity = 1 },
    { .kind = "cut_off", .username = 1, .integrity = 1, .fingerprint = 1,
      .cut = 1 },
};


static void
ice_probe_build(const ice_t *ice, const ice_probe_t *probe, stun_out_t *m)
{
    stun_begin(m, STUN_REQUEST, ice->probe_tid);

    if (probe->other_ufrag) {
        stun_attribute(m, STUN_USERNAME, "nobodys:nobodys", 15);

    } else if (probe->username) {
        ice_username(ice, m);
    }

    if (probe->unknown) {
        stun_number(m, ICE_UNKNOWN_ATTR, 0);
    }

    if (probe->optional) {
        stun_number(m, ICE_UNKNOWN_ATTR | 0x8000, 0);
    }

    if (probe->controlled) {
        stun_attribute(m, STUN_ICE_CONTROLLED, ice->tie, sizeof(ice->tie));

    } else {
        ice_role(ice, m);
    }

    if (probe->nominate) {
        stun_attribute(m, STUN_USE_CANDIDATE, NULL, 0);
    }

    if (probe->integrity) {
        stun_integrity(m, probe->other_pwd ? "nobodyspasswordnobodys"
                                           : ice->remote_pwd);
    }

    if (probe->fingerprint) {
        stun_fingerprint(m);
    }

    if (probe->other_crc) {
        m->data[m->len - 1] ^= 1;
    }

    if (probe->cut) {
        m->len -= 4;
        wire_put16(m->data + 2, (unsigned) (m->len - STUN_HEADER));
    }
}


int
ice_probe(ice_t *ice, const char *kind)
{
    size_t       i;
    stun_out_t   m;

    for (i = 0; i < sizeof(ice_probes) / sizeof(ice_probes[0]); i++) {

        if (strcmp(ice_probes[i].kind, kind) != 0) {
            continue;
        }

        if (ice->probe) {
            ice_probe_report(ice, "none", 0, 0, 0);
        }

        RAND_bytes(ice->probe_tid, STUN_TID);

        ice->probe = ice_probes[i].kind;
        ice_probe_build(ice, &ice_probes[i], &m);
        ice_transmit(ice, &m, NULL);

        loop_timer_set(&ice->probe_timer, loop_now() + LOOP_MS(ICE_PROBE_MS));

        return 0;
    }

    return -1;
}
