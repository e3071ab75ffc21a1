
/*
 * Copyright (C) the ngx_live contributors
 *
 * Seals the secrets of all destinations in Redis with the first key of a key
 * file; scripts/reseal builds and runs it.
 *
 * What cannot be opened is left as it is, and named. What nginx changes at the
 * same time is read again: a secret is written only where record and secret are
 * still those that were read. The version stays: what it counts has not
 * changed.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <getopt.h>
#include <hiredis/hiredis.h>
#include <jansson.h>

#include "ngx_simulcast_seal.h"


#define RESEAL_FILE     65536       /* bytes of a key or password file */
#define RESEAL_ID       36          /* of a destination's id */
#define RESEAL_TIMEOUT  10          /* s, of a connect and of an answer */
#define RESEAL_TRIES    5           /* of a destination that changes */

#define RESEAL_ADDRESS  "127.0.0.1:6379"

/* exit codes */

#define RESEAL_DONE     0
#define RESEAL_LEFT     1           /* some could not be opened */
#define RESEAL_FAILED   2


typedef enum {
    RESEAL_SEALED = 0,
    RESEAL_FRESH,                   /* sealed with the first key before */
    RESEAL_EMPTY,                   /* has no secret */
    RESEAL_GONE,                    /* removed, or never completed */
    RESEAL_UNKNOWN_KEY,
    RESEAL_BROKEN,
    RESEAL_RECORD,                  /* cannot tell whose it is */
    RESEAL_BUSY,                    /* changed each time it was read */

    RESEAL_NRESULTS,
    RESEAL_AGAIN,
    RESEAL_ERROR
} reseal_result_e;


typedef struct {
    const char                  *address;
    const char                  *username;
    const char                  *password_file;
    const char                  *key_file;
    int                          db;
    int                          dry_run;

    redisContext                *redis;
    ngx_simulcast_seal_ring_t   *ring;
    size_t                       counts[RESEAL_NRESULTS];
} reseal_t;


static const char *const  reseal_reasons[] = {
    NULL, NULL, NULL, NULL,
    "sealed by a key that the key file does not have",
    "tampered with, of another destination, or sealed by another key of the "
        "same id",
    "its record cannot be read",
    "changed each time that it was read"
};


static const char  reseal_script[] =
    "if redis.call('HGET', KEYS[1], 'version') == ARGV[1]"
    " and redis.call('HGET', KEYS[1], 'secret') == ARGV[2]"
    " then redis.call('HSET', KEYS[1], 'secret', ARGV[3]) return 1 end "
    "return 0";


static const char  reseal_usage[] =
    "usage: reseal [--redis ADDRESS] [--db N] [--username NAME]\n"
    "              [--password-file FILE] [--dry-run] KEY_FILE\n";


static int reseal_options(reseal_t *r, int argc, char **argv);
static int reseal_load(reseal_t *r);
static char *reseal_read(const char *name, size_t *len);
static int reseal_connect(reseal_t *r);
static redisContext *reseal_dial(reseal_t *r);
static int reseal_login(reseal_t *r);
static int reseal_walk(reseal_t *r);
static int reseal_destination(reseal_t *r, redisReply *id);
static int reseal_secret(reseal_t *r, const char *key, redisReply *id,
    redisReply *fields);
static u_char *reseal_aad(redisReply *id, redisReply *record, size_t *len);
static int reseal_anew(reseal_t *r, const char *key, redisReply *fields,
    ngx_str_t *text, ngx_str_t *aad);
static int reseal_write(reseal_t *r, const char *key, redisReply *fields,
    ngx_str_t *sealed);
static redisReply *reseal_reply(reseal_t *r, redisReply *reply, int type);
static void reseal_report(reseal_t *r);
static void reseal_name(redisReply *id, const char *reason);
static void *reseal_alloc(size_t size);


int
main(int argc, char **argv)
{
    int       rc;
    reseal_t  r;

    memset(&r, 0, sizeof(reseal_t));

    if (reseal_options(&r, argc, argv) != 0) {
        return RESEAL_FAILED;
    }

    rc = -1;

    if (reseal_load(&r) == 0 && reseal_connect(&r) == 0) {
        rc = reseal_walk(&r);
        reseal_report(&r);
    }

    if (r.redis) {
        redisFree(r.redis);
    }

    ngx_simulcast_seal_free(r.ring);

    if (rc != 0) {
        return RESEAL_FAILED;
    }

    return (r.counts[RESEAL_UNKNOWN_KEY] || r.counts[RESEAL_BROKEN]
            || r.counts[RESEAL_RECORD] || r.counts[RESEAL_BUSY])
           ? RESEAL_LEFT : RESEAL_DONE;
}


static int
reseal_options(reseal_t *r, int argc, char **argv)
{
    int    c;
    char  *end;
    long   db;

    static const struct option  options[] = {
        { "redis",         required_argument, NULL, 'r' },
        { "db",            required_argument, NULL, 'd' },
        { "username",      required_argument, NULL, 'u' },
        { "password-file", required_argument, NULL, 'p' },
        { "dry-run",       no_argument,       NULL, 'n' },
        { NULL, 0, NULL, 0 }
    };

    r->address = RESEAL_ADDRESS;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {

        switch (c) {

        case 'r':
            r->address = optarg;
            break;

        case 'd':
            db = strtol(optarg, &end, 10);

            if (*optarg == '\0' || *end != '\0' || db < 0 || db > 65535) {
                fprintf(stderr, "reseal: --db takes a number of 0 to 65535\n");
                return -1;
            }

            r->db = (int) db;
            break;

        case 'u':
            r->username = optarg;
            break;

        case 'p':
            r->password_file = optarg;
            break;

        case 'n':
            r->dry_run = 1;
            break;

        default:
            fputs(reseal_usage, stderr);
            return -1;
        }
    }

    if (optind + 1 != argc) {
        fputs(reseal_usage, stderr);
        return -1;
    }

    if (r->username && r->password_file == NULL) {
        fprintf(stderr, "reseal: --username needs a --password-file\n");
        return -1;
    }

    r->key_file = argv[optind];

    return 0;
}


static int
reseal_load(reseal_t *r)
{
    char        *buf;
    ngx_str_t    text;
    const char  *error;

    buf = reseal_read(r->key_file, &text.len);
    if (buf == NULL) {
        return -1;
    }

    text.data = (u_char *) buf;
    r->ring = ngx_simulcast_seal_load(&text, &error);

    ngx_simulcast_seal_wipe(buf, RESEAL_FILE);
    free(buf);

    if (r->ring == NULL) {
        fprintf(stderr, "reseal: %s: %s\n", r->key_file, error);
        return -1;
    }

    return 0;
}


/* RESEAL_FILE bytes, the caller's */

static char *
reseal_read(const char *name, size_t *len)
{
    int          fd;
    char        *buf;
    ssize_t      n;
    struct stat  st;

    fd = open(name, O_RDONLY);
    if (fd == -1) {
        fprintf(stderr, "reseal: %s: %s\n", name, strerror(errno));
        return NULL;
    }

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH)) {
        fprintf(stderr, "reseal: warning: %s can be read by others\n", name);
    }

    buf = reseal_alloc(RESEAL_FILE);
    *len = 0;

    do {
        n = read(fd, buf + *len, RESEAL_FILE - *len);

        if (n > 0) {
            *len += n;
        }

    } while (n > 0);

    if (n == -1 || *len == RESEAL_FILE) {
        fprintf(stderr, "reseal: %s: %s\n", name,
                n == -1 ? strerror(errno) : "too large");

        ngx_simulcast_seal_wipe(buf, RESEAL_FILE);
        free(buf);
        buf = NULL;
    }

    close(fd);

    return buf;
}


static int
reseal_connect(reseal_t *r)
{
    redisReply      *reply;
    struct timeval   timeout = { RESEAL_TIMEOUT, 0 };

    r->redis = reseal_dial(r);
    if (r->redis == NULL) {
        return -1;
    }

    if (r->redis->err) {
        fprintf(stderr, "reseal: Redis at %s: %s\n", r->address,
                r->redis->errstr);
        return -1;
    }

    (void) redisSetTimeout(r->redis, timeout);

    if (r->password_file && reseal_login(r) != 0) {
        return -1;
    }

    if (r->db == 0) {
        return 0;
    }

    reply = reseal_reply(r, redisCommand(r->redis, "SELECT %d", r->db),
                         REDIS_REPLY_STATUS);
    if (reply == NULL) {
        return -1;
    }

    freeReplyObject(reply);

    return 0;
}


/* HOST:PORT, [v6]:PORT or unix:PATH, as of simulcast_redis */

static redisContext *
reseal_dial(reseal_t *r)
{
    long             port;
    char             host[256], *colon, *end, *name;
    size_t           len;
    struct timeval   timeout = { RESEAL_TIMEOUT, 0 };

    if (strncmp(r->address, "unix:", 5) == 0) {
        return redisConnectUnixWithTimeout(r->address + 5, timeout);
    }

    len = strlen(r->address);

    if (len >= sizeof(host)) {
        goto invalid;
    }

    memcpy(host, r->address, len + 1);

    colon = strrchr(host, ':');

    if (colon == NULL || colon == host) {
        goto invalid;
    }

    *colon = '\0';
    port = strtol(colon + 1, &end, 10);

    if (colon[1] == '\0' || *end != '\0' || port < 1 || port > 65535) {
        goto invalid;
    }

    name = host;

    if (host[0] == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        name++;
    }

    return redisConnectWithTimeout(name, (int) port, timeout);

invalid:

    fprintf(stderr, "reseal: --redis takes HOST:PORT, [ADDRESS]:PORT or "
            "unix:PATH\n");

    return NULL;
}


static int
reseal_login(reseal_t *r)
{
    char        *password;
    size_t       len;
    redisReply  *reply;

    password = reseal_read(r->password_file, &len);
    if (password == NULL) {
        return -1;
    }

    while (len && (password[len - 1] == '\n' || password[len - 1] == '\r')) {
        len--;
    }

    if (r->username) {
        reply = redisCommand(r->redis, "AUTH %s %b", r->username, password,
                             len);

    } else {
        reply = redisCommand(r->redis, "AUTH %b", password, len);
    }

    ngx_simulcast_seal_wipe(password, RESEAL_FILE);
    free(password);

    /* an error of Redis may repeat what was sent */

    if (reply && reply->type == REDIS_REPLY_ERROR) {
        fprintf(stderr, "reseal: Redis at %s: refused user or password\n",
                r->address);
        freeReplyObject(reply);
        return -1;
    }

    reply = reseal_reply(r, reply, REDIS_REPLY_STATUS);
    if (reply == NULL) {
        return -1;
    }

    freeReplyObject(reply);

    return 0;
}


static int
reseal_walk(reseal_t *r)
{
    int          rc, tries;
    size_t       i;
    redisReply  *ids;

    ids = reseal_reply(r, redisCommand(r->redis,
                                       "SMEMBERS simulcast:destinations"),
                       REDIS_REPLY_ARRAY);
    if (ids == NULL) {
        return -1;
    }

    rc = 0;

    for (i = 0; i < ids->elements; i++) {

        for (tries = 0; tries < RESEAL_TRIES; tries++) {
            rc = reseal_destination(r, ids->element[i]);

            if (rc != RESEAL_AGAIN) {
                break;
            }
        }

        if (rc == RESEAL_ERROR) {
            break;
        }

        if (rc == RESEAL_AGAIN) {
            rc = RESEAL_BUSY;
        }

        r->counts[rc]++;

        if (reseal_reasons[rc]) {
            reseal_name(ids->element[i], reseal_reasons[rc]);
        }
    }

    freeReplyObject(ids);

    return (rc == RESEAL_ERROR) ? -1 : 0;
}


static int
reseal_destination(reseal_t *r, redisReply *id)
{
    int          rc;
    char         key[64];
    redisReply  *fields;

    if (id->type != REDIS_REPLY_STRING || id->len != RESEAL_ID
        || memchr(id->str, '\0', id->len))
    {
        return RESEAL_RECORD;
    }

    snprintf(key, sizeof(key), "simulcast:destination:%s", id->str);

    fields = redisCommand(r->redis, "HMGET %s record secret version", key);

    if (fields && fields->type == REDIS_REPLY_ERROR
        && strncmp(fields->str, "WRONGTYPE", 9) == 0)
    {
        freeReplyObject(fields);
        return RESEAL_RECORD;
    }

    fields = reseal_reply(r, fields, REDIS_REPLY_ARRAY);
    if (fields == NULL) {
        return RESEAL_ERROR;
    }

    rc = (fields->elements == 3) ? reseal_secret(r, key, id, fields)
                                 : RESEAL_RECORD;

    freeReplyObject(fields);

    return rc;
}


static int
reseal_secret(reseal_t *r, const char *key, redisReply *id, redisReply *fields)
{
    int          rc;
    ngx_str_t    sealed, text, aad;
    ngx_uint_t   stale;
    redisReply  *record, *secret, *version;

    record = fields->element[0];
    secret = fields->element[1];
    version = fields->element[2];

    if (record->type == REDIS_REPLY_NIL && secret->type == REDIS_REPLY_NIL) {
        return RESEAL_GONE;
    }

    if (secret->type == REDIS_REPLY_NIL || secret->len == 0) {
        return RESEAL_EMPTY;
    }

    aad.data = reseal_aad(id, record, &aad.len);

    if (aad.data == NULL || version->type != REDIS_REPLY_STRING) {
        free(aad.data);
        return RESEAL_RECORD;
    }

    sealed.data = (u_char *) secret->str;
    sealed.len = secret->len;

    text.data = reseal_alloc(sealed.len);

    switch (ngx_simulcast_seal_open(r->ring, &sealed, &aad, &text, &stale)) {

    case NGX_OK:
        rc = stale ? reseal_anew(r, key, fields, &text, &aad) : RESEAL_FRESH;
        break;

    case NGX_DECLINED:
        rc = RESEAL_UNKNOWN_KEY;
        break;

    default:
        rc = RESEAL_BROKEN;
    }

    ngx_simulcast_seal_wipe(text.data, sealed.len);
    free(text.data);
    free(aad.data);

    return rc;
}


/* "STREAMER\nID\nPLATFORM\nRTMP_URL", the caller's; NULL: not a record */

static u_char *
reseal_aad(redisReply *id, redisReply *record, size_t *len)
{
    size_t       n;
    u_char      *aad, *p;
    json_t      *json, *stream, *platform, *url;
    const char  *streamer, *colon;

    if (record->type != REDIS_REPLY_STRING) {
        return NULL;
    }

    json = json_loadb(record->str, record->len, JSON_REJECT_DUPLICATES, NULL);

    stream = json_object_get(json, "stream_id");
    platform = json_object_get(json, "platform");
    url = json_object_get(json, "rtmp_url");

    if (!json_is_string(stream) || !json_is_string(platform)) {
        json_decref(json);
        return NULL;
    }

    streamer = json_string_value(stream);
    n = json_string_length(stream);
    colon = memchr(streamer, ':', n);

    if (colon) {
        n = colon - streamer;
    }

    aad = reseal_alloc(n + id->len + json_string_length(platform)
                       + json_string_length(url) + 3);

    p = aad;

    p = ngx_cpymem(p, streamer, n);
    *p++ = '\n';
    p = ngx_cpymem(p, id->str, id->len);
    *p++ = '\n';
    p = ngx_cpymem(p, json_string_value(platform),
                   json_string_length(platform));
    *p++ = '\n';

    if (json_is_string(url)) {
        p = ngx_cpymem(p, json_string_value(url), json_string_length(url));
    }

    *len = p - aad;

    json_decref(json);

    return aad;
}


static int
reseal_anew(reseal_t *r, const char *key, redisReply *fields, ngx_str_t *text,
    ngx_str_t *aad)
{
    int        rc;
    ngx_str_t  sealed;

    if (r->dry_run) {
        return RESEAL_SEALED;
    }

    sealed.data = reseal_alloc(ngx_simulcast_seal_size(r->ring, text->len));

    if (ngx_simulcast_seal(r->ring, text, aad, &sealed) == NGX_OK) {
        rc = reseal_write(r, key, fields, &sealed);

    } else {
        fprintf(stderr, "reseal: OpenSSL could not seal\n");
        rc = RESEAL_ERROR;
    }

    free(sealed.data);

    return rc;
}


static int
reseal_write(reseal_t *r, const char *key, redisReply *fields,
    ngx_str_t *sealed)
{
    int          rc;
    redisReply  *reply, *secret, *version;

    secret = fields->element[1];
    version = fields->element[2];

    reply = redisCommand(r->redis, "EVAL %s 1 %s %b %b %b", reseal_script, key,
                         version->str, (size_t) version->len,
                         secret->str, (size_t) secret->len,
                         sealed->data, sealed->len);

    reply = reseal_reply(r, reply, REDIS_REPLY_INTEGER);
    if (reply == NULL) {
        return RESEAL_ERROR;
    }

    rc = reply->integer ? RESEAL_SEALED : RESEAL_AGAIN;

    freeReplyObject(reply);

    return rc;
}


/* frees what is not of the type, and says what it is */

static redisReply *
reseal_reply(reseal_t *r, redisReply *reply, int type)
{
    if (reply == NULL) {
        fprintf(stderr, "reseal: Redis at %s: %s\n", r->address,
                r->redis->errstr);
        return NULL;
    }

    if (reply->type == type) {
        return reply;
    }

    fprintf(stderr, "reseal: Redis at %s: %s\n", r->address,
            reply->type == REDIS_REPLY_ERROR ? reply->str
                                             : "an unexpected answer");
    freeReplyObject(reply);

    return NULL;
}


static void
reseal_report(reseal_t *r)
{
    size_t      left;
    ngx_uint_t  i;

    left = 0;

    for (i = 0; i < RESEAL_NRESULTS; i++) {
        if (reseal_reasons[i]) {
            left += r->counts[i];
        }
    }

    printf("%s: %zu\n"
           "sealed with the first key before: %zu\n"
           "without a secret: %zu\n"
           "removed: %zu\n"
           "left as they are: %zu\n",
           r->dry_run ? "to be sealed anew" : "sealed anew",
           r->counts[RESEAL_SEALED], r->counts[RESEAL_FRESH],
           r->counts[RESEAL_EMPTY], r->counts[RESEAL_GONE], left);
}


static void
reseal_name(redisReply *id, const char *reason)
{
    size_t  i, n;

    n = (id->type == REDIS_REPLY_STRING) ? (size_t) id->len : 0;

    for (i = 0; i < n && i < RESEAL_ID; i++) {
        putchar(id->str[i] > ' ' && id->str[i] <= '~' ? id->str[i] : '?');
    }

    printf("%s: %s\n", i < n ? "..." : "", reason);
}


static void *
reseal_alloc(size_t size)
{
    void  *p;

    p = malloc(size ? size : 1);

    if (p == NULL) {
        fprintf(stderr, "reseal: out of memory\n");
        exit(RESEAL_FAILED);
    }

    return p;
}
