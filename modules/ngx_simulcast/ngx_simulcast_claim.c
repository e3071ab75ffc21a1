
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_process.h"
#include "ngx_simulcast_claim.h"
#include "ngx_simulcast_store.h"


#define NGX_SIMULCAST_CLAIM_OWNER  (NGX_MAXHOSTNAMELEN + 256)     /* bytes */


struct ngx_simulcast_claim_s {
    ngx_queue_t               queue;        /* of those to be let go */
    ngx_msec_t                expires;      /* when it has ended by itself */
    char                      id[NGX_SIMULCAST_ID + 1];
    char                      streamer[NGX_SIMULCAST_NAME + 1];
    u_char                    owner[NGX_SIMULCAST_CLAIM_OWNER];
    size_t                    len;          /* of it */
    unsigned                  asking:1;
    unsigned                  ours:1;
    ngx_simulcast_claim_pt    handler;      /* NULL: released */
    void                     *data;
};


static void ngx_simulcast_claim_send(ngx_simulcast_claim_t *claim,
    ngx_str_t *dead);
static void ngx_simulcast_claim_answered(void *data, redisReply *reply);
static ngx_uint_t ngx_simulcast_claim_dead(ngx_str_t *owner);
static const char *ngx_simulcast_claim_system(void);
static void ngx_simulcast_claim_let_go(ngx_simulcast_claim_t *claim);
static void ngx_simulcast_claim_gone(void *data, redisReply *reply);


/* those that Redis has not been told of, the oldest first */

static ngx_queue_t  ngx_simulcast_claims;

/* KEYS: the claim. ARGV: whose, for how long (ms), whose it may be instead. 1,
   or whose it is */

static char  ngx_simulcast_claim_script[] =
    "local v = redis.call('GET', KEYS[1])\n"
    "if v and v ~= ARGV[1] and v ~= ARGV[3] then return v end\n"
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
    "return 1\n";

static char  ngx_simulcast_claim_release_script[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then\n"
    "return redis.call('DEL', KEYS[1]) end\n"
    "return 0\n";


ngx_simulcast_claim_t *
ngx_simulcast_claim_create(const char *id, const char *streamer,
    ngx_simulcast_claim_pt handler, void *data)
{
    ngx_simulcast_claim_t  *claim;

    static ngx_uint_t          serial;
    static ngx_live_process_t  process;

    claim = ngx_calloc(sizeof(ngx_simulcast_claim_t), ngx_cycle->log);
    if (claim == NULL) {
        return NULL;
    }

    if (process.start == 0
        && ngx_live_process_look(ngx_pid, &process) != NGX_OK)
    {
        process.start = 0;
    }

    (void) ngx_cpystrn((u_char *) claim->id, (u_char *) id, sizeof(claim->id));
    (void) ngx_cpystrn((u_char *) claim->streamer, (u_char *) streamer,
                       sizeof(claim->streamer));

    claim->handler = handler;
    claim->data = data;

    claim->len = ngx_snprintf(claim->owner, sizeof(claim->owner),
                              "%V:%P:%uL:%s:%s:%uL:%ui", &ngx_cycle->hostname,
                              ngx_pid, process.start,
                              ngx_simulcast_claim_system(), id,
                              ngx_simulcast_time(), ++serial)
                 - claim->owner;

    return claim;
}


void
ngx_simulcast_claim_ask(ngx_simulcast_claim_t *claim)
{
    ngx_str_t  nobody = ngx_null_string;

    if (!claim->asking) {
        ngx_simulcast_claim_send(claim, &nobody);
    }
}


/* also when it is that of a worker who is no more */

static void
ngx_simulcast_claim_send(ngx_simulcast_claim_t *claim, ngx_str_t *dead)
{
    u_char     key[64], ms[16];
    ngx_str_t  args[7];

    ngx_str_set(&args[0], "EVAL");
    args[1].data = (u_char *) ngx_simulcast_claim_script;
    args[1].len = sizeof(ngx_simulcast_claim_script) - 1;
    ngx_str_set(&args[2], "1");
    args[3].data = key;
    args[3].len = ngx_sprintf(key, "simulcast:claim:%s", claim->id) - key;
    args[4].data = claim->owner;
    args[4].len = claim->len;
    args[5].data = ms;
    args[5].len = ngx_sprintf(ms, "%d", NGX_SIMULCAST_CLAIM_TIME) - ms;
    args[6] = *dead;

    claim->asking = ngx_live_redis_send(&ngx_simulcast_redis,
                                        ngx_simulcast_claim_answered, claim, 7,
                                        args)
                    == NGX_OK;
}


static void
ngx_simulcast_claim_answered(void *data, redisReply *reply)
{
    ngx_simulcast_claim_t *claim = data;

    ngx_int_t  rc;
    ngx_str_t  owner;

    claim->asking = 0;
    rc = NGX_ERROR;

    if (reply && reply->type == REDIS_REPLY_INTEGER) {
        claim->ours = 1;
        rc = NGX_OK;

    } else if (reply && reply->type == REDIS_REPLY_STRING) {
        rc = NGX_DECLINED;
    }

    if (claim->handler == NULL) {
        ngx_simulcast_claim_release(claim);
        return;
    }

    if (rc == NGX_DECLINED) {

        owner.data = (u_char *) reply->str;
        owner.len = reply->len;

        if (ngx_simulcast_claim_dead(&owner)) {
            ngx_simulcast_claim_send(claim, &owner);
            return;
        }

        claim->ours = 0;
    }

    if (rc != NGX_ERROR) {
        claim->handler(claim->data, rc);
    }
}


/* a worker of this system, HOST:PID:STARTED:SYSTEM:..., that is no more */

static ngx_uint_t
ngx_simulcast_claim_dead(ngx_str_t *owner)
{
    u_char              *p, *next, *last;
    ngx_int_t            pid, started;
    ngx_str_t            part[4];
    ngx_uint_t           i;
    const char          *system;
    ngx_live_process_t   process;

    p = owner->data;
    last = p + owner->len;

    for (i = 0; i < 4; i++) {
        next = ngx_strlchr(p, last, ':');

        if (next == NULL) {
            return 0;
        }

        part[i].data = p;
        part[i].len = next - p;
        p = next + 1;
    }

    system = ngx_simulcast_claim_system();

    if (part[3].len != ngx_strlen(system) || part[3].len == 0
        || ngx_memcmp(part[3].data, system, part[3].len) != 0)
    {
        return 0;
    }

    pid = ngx_atoi(part[1].data, part[1].len);
    started = ngx_atoi(part[2].data, part[2].len);

    if (pid <= 0 || started <= 0) {
        return 0;
    }

    /* another process may have its number by now */

    if (ngx_live_process_look(pid, &process) != NGX_OK) {
        return kill((ngx_pid_t) pid, 0) == -1 && ngx_errno == NGX_ESRCH;
    }

    return process.ended || process.start != (uint64_t) started;
}


/*
 * Where a number is that of one process: a boot of a kernel, and a namespace in
 * it. Machines may have the same name. "": not known.
 */

static const char *
ngx_simulcast_claim_system(void)
{
    ssize_t       n;
    ngx_fd_t      fd;
    struct stat   st;

    static char   system[64];

    if (system[0]) {
        return system;
    }

    fd = ngx_open_file("/proc/sys/kernel/random/boot_id", NGX_FILE_RDONLY,
                       NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return "";
    }

    n = ngx_read_fd(fd, system, 36);

    (void) ngx_close_file(fd);

    if (n != 36 || stat("/proc/self/ns/pid", &st) == -1) {
        system[0] = '\0';
        return "";
    }

    (void) ngx_sprintf((u_char *) system + n, ".%uL%Z", (uint64_t) st.st_ino);

    return system;
}


void
ngx_simulcast_claim_release(ngx_simulcast_claim_t *claim)
{
    claim->handler = NULL;

    if (claim->asking) {
        /* it may become ours yet */
        return;
    }

    if (!claim->ours) {
        ngx_free(claim);
        return;
    }

    claim->expires = ngx_current_msec + NGX_SIMULCAST_CLAIM_TIME;

    ngx_simulcast_claim_let_go(claim);
}


static void
ngx_simulcast_claim_let_go(ngx_simulcast_claim_t *claim)
{
    u_char     key[64];
    ngx_str_t  args[5];

    ngx_str_set(&args[0], "EVAL");
    args[1].data = (u_char *) ngx_simulcast_claim_release_script;
    args[1].len = sizeof(ngx_simulcast_claim_release_script) - 1;
    ngx_str_set(&args[2], "1");
    args[3].data = key;
    args[3].len = ngx_sprintf(key, "simulcast:claim:%s", claim->id) - key;
    args[4].data = claim->owner;
    args[4].len = claim->len;

    if (ngx_live_redis_send(&ngx_simulcast_redis, ngx_simulcast_claim_gone,
                            claim, 5, args)
        != NGX_OK)
    {
        ngx_simulcast_claim_gone(claim, NULL);
        return;
    }

    /* who has waited for it need not wait for his tick */

    ngx_simulcast_store_tell(claim->streamer, claim->id);
}


static void
ngx_simulcast_claim_gone(void *data, redisReply *reply)
{
    ngx_simulcast_claim_t *claim = data;

    ngx_queue_t  *q;

    if (reply) {
        ngx_free(claim);
        return;
    }

    if (ngx_simulcast_claims.next == NULL) {
        ngx_queue_init(&ngx_simulcast_claims);
    }

    ngx_queue_insert_tail(&ngx_simulcast_claims, &claim->queue);

    /* others have ended by themselves */

    for ( ;; ) {
        q = ngx_queue_head(&ngx_simulcast_claims);
        claim = ngx_queue_data(q, ngx_simulcast_claim_t, queue);

        if (q == ngx_queue_sentinel(&ngx_simulcast_claims)
            || (ngx_msec_int_t) (claim->expires - ngx_current_msec) > 0)
        {
            return;
        }

        ngx_queue_remove(q);
        ngx_free(claim);
    }
}


void
ngx_simulcast_claim_again(void)
{
    ngx_queue_t            *q, list;
    ngx_simulcast_claim_t  *claim;

    if (ngx_simulcast_claims.next == NULL
        || ngx_queue_empty(&ngx_simulcast_claims))
    {
        return;
    }

    /* one that cannot be sent goes to the end of the other list */

    list = ngx_simulcast_claims;
    list.next->prev = &list;
    list.prev->next = &list;

    ngx_queue_init(&ngx_simulcast_claims);

    while (!ngx_queue_empty(&list)) {
        q = ngx_queue_head(&list);
        ngx_queue_remove(q);

        claim = ngx_queue_data(q, ngx_simulcast_claim_t, queue);
        ngx_simulcast_claim_let_go(claim);
    }
}
