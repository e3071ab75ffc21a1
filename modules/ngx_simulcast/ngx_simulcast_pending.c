
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_pending.h"
#include "ngx_simulcast_seal.h"

#include <openssl/rand.h>
#include <openssl/sha.h>


#define NGX_SIMULCAST_PENDING_LIFE  600     /* s */
#define NGX_SIMULCAST_PENDING_MAX   32      /* that an owner may have of a
                                               platform; the oldest go */


static ngx_int_t ngx_simulcast_pending_random(char *buf);
static void ngx_simulcast_pending_base64(char *buf, u_char *data, size_t len);
static void ngx_simulcast_pending_hash(ngx_simulcast_pending_t *p);
static void ngx_simulcast_pending_aad(ngx_simulcast_call_t *call,
    ngx_str_t *aad);
static void ngx_simulcast_pending_key(ngx_simulcast_call_t *call,
    ngx_str_t *key);
static void ngx_simulcast_pending_list(ngx_simulcast_call_t *call,
    ngx_str_t *key);
static void ngx_simulcast_pending_put_done(ngx_simulcast_call_t *call,
    redisReply *reply);
static void ngx_simulcast_pending_listed(ngx_simulcast_call_t *call,
    redisReply *reply);
static void ngx_simulcast_pending_get(ngx_simulcast_call_t *call);
static void ngx_simulcast_pending_taken(ngx_simulcast_call_t *call,
    redisReply *reply);
static void ngx_simulcast_pending_got(ngx_simulcast_call_t *call,
    redisReply *reply);
static void ngx_simulcast_pending_clean(ngx_simulcast_call_t *call);
static void ngx_simulcast_pending_invalid(ngx_simulcast_call_t *call);
static void ngx_simulcast_pending_away(ngx_simulcast_call_t *call);


ngx_int_t
ngx_simulcast_pending_owner(ngx_simulcast_pending_t *p, ngx_str_t *owner)
{
    size_t  i;

    if (owner->len == 0 || owner->len > NGX_SIMULCAST_PENDING_OWNER) {
        return NGX_ERROR;
    }

    for (i = 0; i < owner->len; i++) {
        if (!((owner->data[i] >= '0' && owner->data[i] <= '9')
              || (owner->data[i] >= 'a' && owner->data[i] <= 'z')
              || (owner->data[i] >= 'A' && owner->data[i] <= 'Z')))
        {
            return NGX_ERROR;
        }
    }

    ngx_memcpy(p->owner, owner->data, owner->len);
    p->owner[owner->len] = '\0';

    return NGX_OK;
}


void
ngx_simulcast_pending_put(ngx_simulcast_call_t *call,
    ngx_simulcast_call_step_pt next)
{
    ngx_simulcast_pending_t *p = call->data;

    char       *text;
    u_char      expires[NGX_TIME_T_LEN];
    json_t     *json;
    ngx_str_t   args[5], plain, aad, sealed;
    ngx_int_t   rc;

    p->next = next;

    if (ngx_simulcast_pending_random(p->state) != NGX_OK
        || ngx_simulcast_pending_random(p->verifier) != NGX_OK)
    {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                "no random numbers are to be had");
        return;
    }

    ngx_simulcast_pending_hash(p);

    json = json_pack("{s:s}", "verifier", p->verifier);
    text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);

    if (text == NULL) {
        ngx_simulcast_pending_away(call);
        return;
    }

    plain.data = (u_char *) text;
    plain.len = ngx_strlen(text);

    ngx_simulcast_pending_aad(call, &aad);

    sealed.data = ngx_pnalloc(call->pool,
                              ngx_simulcast_seal_size(ngx_simulcast_conf->ring,
                                                      plain.len));

    rc = sealed.data ? ngx_simulcast_seal(ngx_simulcast_conf->ring, &plain,
                                          &aad, &sealed)
                     : NGX_ERROR;

    ngx_simulcast_seal_wipe(text, plain.len);
    free(text);

    if (rc != NGX_OK) {
        ngx_simulcast_call_fail(call, NGX_AGAIN, "platform_failed",
                                "the state could not be sealed");
        return;
    }

    /* the list is there before the state is given away */

    ngx_simulcast_pending_clean(call);

    ngx_str_set(&args[0], "ZADD");
    ngx_simulcast_pending_list(call, &args[1]);
    args[2].data = expires;
    args[2].len = ngx_sprintf(expires, "%T",
                              ngx_time() + NGX_SIMULCAST_PENDING_LIFE)
                  - expires;
    args[3].data = (u_char *) p->digest;
    args[3].len = ngx_strlen(p->digest);
    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 4, args);

    ngx_str_set(&args[0], "ZREMRANGEBYRANK");
    ngx_str_set(&args[2], "0");
    ngx_str_set(&args[3], "-" ngx_value(NGX_SIMULCAST_PENDING_MAX));
    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 4, args);

    ngx_str_set(&args[0], "EXPIRE");
    ngx_str_set(&args[2], ngx_value(NGX_SIMULCAST_PENDING_LIFE));
    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 3, args);

    ngx_str_set(&args[0], "SET");
    ngx_simulcast_pending_key(call, &args[1]);
    args[2] = sealed;
    ngx_str_set(&args[3], "EX");
    ngx_str_set(&args[4], ngx_value(NGX_SIMULCAST_PENDING_LIFE));

    ngx_simulcast_call_redis(call, 5, args, ngx_simulcast_pending_put_done);
}


static void
ngx_simulcast_pending_put_done(ngx_simulcast_call_t *call, redisReply *reply)
{
    ngx_simulcast_pending_t *p = call->data;

    if (reply == NULL || reply->type != REDIS_REPLY_STATUS) {
        ngx_simulcast_pending_away(call);
        return;
    }

    p->next(call);
}


void
ngx_simulcast_pending_take(ngx_simulcast_call_t *call,
    ngx_simulcast_call_step_pt next)
{
    ngx_simulcast_pending_t *p = call->data;

    ngx_str_t  args[4];

    p->next = next;

    if (p->state[0]) {
        ngx_simulcast_pending_hash(p);
        ngx_simulcast_pending_get(call);
        return;
    }

    ngx_simulcast_pending_clean(call);

    ngx_str_set(&args[0], "ZRANGE");
    ngx_simulcast_pending_list(call, &args[1]);
    ngx_str_set(&args[2], "0");
    ngx_str_set(&args[3], "1");

    ngx_simulcast_call_redis(call, 4, args, ngx_simulcast_pending_listed);
}


static void
ngx_simulcast_pending_listed(ngx_simulcast_call_t *call, redisReply *reply)
{
    ngx_simulcast_pending_t *p = call->data;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        ngx_simulcast_pending_away(call);
        return;
    }

    if (reply->elements != 1
        || reply->element[0]->type != REDIS_REPLY_STRING
        || (size_t) reply->element[0]->len != sizeof(p->digest) - 1)
    {
        ngx_simulcast_call_fail(call, NGX_ERROR, "state_required",
                                reply->elements
                                ? "several authorizations are pending: the "
                                  "state says which one this is"
                                : "no authorization is pending");
        return;
    }

    ngx_memcpy(p->digest, reply->element[0]->str, sizeof(p->digest) - 1);
    p->digest[sizeof(p->digest) - 1] = '\0';

    ngx_simulcast_pending_get(call);
}


/* it is taken by who takes it out of the owner's list, and by nobody else */

static void
ngx_simulcast_pending_get(ngx_simulcast_call_t *call)
{
    ngx_simulcast_pending_t *p = call->data;

    ngx_str_t  args[3];

    ngx_str_set(&args[0], "ZREM");
    ngx_simulcast_pending_list(call, &args[1]);
    args[2].data = (u_char *) p->digest;
    args[2].len = ngx_strlen(p->digest);

    ngx_simulcast_call_redis(call, 3, args, ngx_simulcast_pending_taken);
}


static void
ngx_simulcast_pending_taken(ngx_simulcast_call_t *call, redisReply *reply)
{
    ngx_str_t  args[2];

    if (reply == NULL || reply->type != REDIS_REPLY_INTEGER) {
        ngx_simulcast_pending_away(call);
        return;
    }

    if (reply->integer != 1) {
        ngx_simulcast_pending_invalid(call);
        return;
    }

    ngx_str_set(&args[0], "GETDEL");
    ngx_simulcast_pending_key(call, &args[1]);

    ngx_simulcast_call_redis(call, 2, args, ngx_simulcast_pending_got);
}


static void
ngx_simulcast_pending_got(ngx_simulcast_call_t *call, redisReply *reply)
{
    ngx_simulcast_pending_t *p = call->data;

    json_t      *json;
    ngx_str_t    sealed, aad, plain;
    ngx_int_t    rc;
    ngx_uint_t   stale;
    const char  *verifier;

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        ngx_simulcast_pending_away(call);
        return;
    }

    json = NULL;

    if (reply->type == REDIS_REPLY_STRING && reply->len) {

        sealed.data = (u_char *) reply->str;
        sealed.len = reply->len;

        /* it opens for who began it, at the platform that it was begun for */

        ngx_simulcast_pending_aad(call, &aad);

        plain.len = 0;
        plain.data = ngx_pnalloc(call->pool, sealed.len);

        rc = plain.data ? ngx_simulcast_seal_open(ngx_simulcast_conf->ring,
                                                  &sealed, &aad, &plain,
                                                  &stale)
                        : NGX_ERROR;

        if (rc == NGX_OK) {
            json = json_loadb((char *) plain.data, plain.len, 0, NULL);
            ngx_simulcast_seal_wipe(plain.data, plain.len);
        }
    }

    verifier = json_string_value(json_object_get(json, "verifier"));

    if (verifier == NULL) {
        json_decref(json);
        ngx_simulcast_pending_invalid(call);
        return;
    }

    ngx_cpystrn((u_char *) p->verifier, (u_char *) verifier,
                sizeof(p->verifier));

    json_decref(json);

    p->next(call);
}


void
ngx_simulcast_pending_challenge(ngx_simulcast_pending_t *p,
    char buf[NGX_SIMULCAST_PENDING_RANDOM])
{
    u_char  digest[SHA256_DIGEST_LENGTH];

    SHA256((u_char *) p->verifier, ngx_strlen(p->verifier), digest);

    ngx_simulcast_pending_base64(buf, digest, sizeof(digest));
}


/* 256 bits */

static ngx_int_t
ngx_simulcast_pending_random(char *buf)
{
    u_char  bytes[32];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return NGX_ERROR;
    }

    ngx_simulcast_pending_base64(buf, bytes, sizeof(bytes));

    return NGX_OK;
}


static void
ngx_simulcast_pending_base64(char *buf, u_char *data, size_t len)
{
    ngx_str_t  src, dst;

    src.data = data;
    src.len = len;
    dst.data = (u_char *) buf;

    ngx_encode_base64url(&dst, &src);

    buf[dst.len] = '\0';
}


static void
ngx_simulcast_pending_hash(ngx_simulcast_pending_t *p)
{
    u_char  digest[SHA256_DIGEST_LENGTH];

    SHA256((u_char *) p->state, ngx_strlen(p->state), digest);

    *ngx_hex_dump((u_char *) p->digest, digest, sizeof(digest)) = '\0';
}


static void
ngx_simulcast_pending_aad(ngx_simulcast_call_t *call, ngx_str_t *aad)
{
    ngx_simulcast_pending_t *p = call->data;

    size_t  size;

    size = sizeof("state\n\n\n") + NGX_SIMULCAST_PENDING_OWNER + 32
           + sizeof(p->digest);

    aad->len = 0;
    aad->data = ngx_pnalloc(call->pool, size);

    if (aad->data) {
        aad->len = ngx_snprintf(aad->data, size, "state\n%s\n%s\n%s", p->owner,
                                ngx_simulcast_platform_name(call->platform),
                                p->digest)
                   - aad->data;
    }
}


static void
ngx_simulcast_pending_key(ngx_simulcast_call_t *call, ngx_str_t *key)
{
    ngx_simulcast_pending_t *p = call->data;

    size_t  size;

    size = sizeof("simulcast:state:") + sizeof(p->digest);

    key->len = 0;
    key->data = ngx_pnalloc(call->pool, size);

    if (key->data) {
        key->len = ngx_snprintf(key->data, size, "simulcast:state:%s",
                                p->digest)
                   - key->data;
    }
}


static void
ngx_simulcast_pending_list(ngx_simulcast_call_t *call, ngx_str_t *key)
{
    ngx_simulcast_pending_t *p = call->data;

    size_t  size;

    size = sizeof("simulcast:states::") + NGX_SIMULCAST_PENDING_OWNER + 32;

    key->len = 0;
    key->data = ngx_pnalloc(call->pool, size);

    if (key->data) {
        key->len = ngx_snprintf(key->data, size, "simulcast:states:%s:%s",
                                p->owner,
                                ngx_simulcast_platform_name(call->platform))
                   - key->data;
    }
}


/* those that have expired are out of the list */

static void
ngx_simulcast_pending_clean(ngx_simulcast_call_t *call)
{
    u_char     now[NGX_TIME_T_LEN];
    ngx_str_t  args[4];

    ngx_str_set(&args[0], "ZREMRANGEBYSCORE");
    ngx_simulcast_pending_list(call, &args[1]);
    ngx_str_set(&args[2], "-inf");
    args[3].data = now;
    args[3].len = ngx_sprintf(now, "%T", ngx_time()) - now;

    (void) ngx_live_redis_send(&ngx_simulcast_redis, NULL, NULL, 4, args);
}


static void
ngx_simulcast_pending_invalid(ngx_simulcast_call_t *call)
{
    ngx_simulcast_call_fail(call, NGX_ERROR, "state_invalid",
                            "the state is unknown, was used, has expired, or "
                            "belongs to another API token");
}


static void
ngx_simulcast_pending_away(ngx_simulcast_call_t *call)
{
    ngx_simulcast_call_fail(call, NGX_AGAIN, "store_unavailable",
                            "Redis is away");
}
