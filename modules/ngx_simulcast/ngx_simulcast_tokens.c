
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>


#define NGX_SIMULCAST_TOKENS_SHORT  16      /* bytes of a token */
#define NGX_SIMULCAST_TOKENS_LONG   512


static const char *ngx_simulcast_tokens_line(ngx_simulcast_token_t *token,
    u_char *p, u_char *last);
static ngx_uint_t ngx_simulcast_tokens_word(u_char **p, u_char *last,
    ngx_str_t *word);
static ngx_int_t ngx_simulcast_tokens_digest(ngx_str_t *word, u_char *digest);
static ngx_uint_t ngx_simulcast_tokens_valid(ngx_str_t *token);
static ngx_int_t ngx_simulcast_tokens_hex(u_char ch);
static ngx_int_t ngx_simulcast_tokens_streamer(ngx_str_t *word,
    char *streamer);


ngx_simulcast_tokens_t *
ngx_simulcast_tokens_parse(ngx_pool_t *pool, ngx_str_t *text,
    const char **error, ngx_uint_t *line)
{
    u_char                  *p, *q, *eol, *last;
    ngx_str_t                word;
    ngx_uint_t               i, n;
    ngx_simulcast_token_t   *token;
    ngx_simulcast_tokens_t  *tokens;

    *line = 0;
    *error = "out of memory";

    p = text->data;
    last = p + text->len;

    /* more lines than this have to be blank, or too many */

    for (n = 1; p < last && n < NGX_SIMULCAST_TOKENS_MAX; p++) {
        n += *p == '\n';
    }

    tokens = ngx_pcalloc(pool, sizeof(ngx_simulcast_tokens_t));
    if (tokens == NULL) {
        return NULL;
    }

    tokens->table = ngx_pcalloc(pool, n * sizeof(ngx_simulcast_token_t));
    if (tokens->table == NULL) {
        return NULL;
    }

    for (p = text->data; p < last; p = eol + 1) {

        (*line)++;

        eol = ngx_strlchr(p, last, '\n');
        if (eol == NULL) {
            eol = last;
        }

        q = p;

        if (!ngx_simulcast_tokens_word(&q, eol, &word)
            || word.data[0] == '#')
        {
            continue;
        }

        if (tokens->n == n) {
            *error = "there are more than 10000 tokens";
            return NULL;
        }

        token = &tokens->table[tokens->n];

        *error = ngx_simulcast_tokens_line(token, p, eol);
        if (*error) {
            return NULL;
        }

        for (i = 0; i < tokens->n; i++) {
            if (ngx_memcmp(tokens->table[i].digest, token->digest,
                           sizeof(token->digest))
                == 0)
            {
                *error = "the same token stands in a line above";
                return NULL;
            }
        }

        tokens->n++;
    }

    *error = NULL;

    return tokens;
}


static const char *
ngx_simulcast_tokens_line(ngx_simulcast_token_t *token, u_char *p,
    u_char *last)
{
    ngx_str_t  word;

    (void) ngx_simulcast_tokens_word(&p, last, &word);

    if (ngx_simulcast_tokens_digest(&word, token->digest) != NGX_OK) {
        return "a line begins with sha256: and 64 hexadecimal digits, or with "
               "a token of 16 to 512 letters, digits and -._~+/ (\"=\" only "
               "at its end)";
    }

    if (!ngx_simulcast_tokens_word(&p, last, &word)
        || ngx_simulcast_tokens_streamer(&word, token->streamer) != NGX_OK)
    {
        return "after the token a streamer id of 1 to 50 letters, digits, "
               "\"_\" and \"-\" is expected, or \"*\" for all";
    }

    if (ngx_simulcast_tokens_word(&p, last, &word) && word.data[0] != '#') {
        return "nothing but a comment may follow the streamer";
    }

    return NULL;
}


static ngx_uint_t
ngx_simulcast_tokens_word(u_char **p, u_char *last, ngx_str_t *word)
{
    u_char  *s;

    for (s = *p; s < last && (*s == ' ' || *s == '\t' || *s == '\r'); s++) {
        /* void */
    }

    word->data = s;

    while (s < last && *s != ' ' && *s != '\t' && *s != '\r') {
        s++;
    }

    word->len = s - word->data;
    *p = s;

    return word->len != 0;
}


static ngx_int_t
ngx_simulcast_tokens_digest(ngx_str_t *word, u_char *digest)
{
    u_char      *p;
    ngx_int_t    high, low;
    ngx_uint_t   i;

    if (word->len < 7 || ngx_memcmp(word->data, "sha256:", 7) != 0) {

        if (!ngx_simulcast_tokens_valid(word)) {
            return NGX_ERROR;
        }

        SHA256(word->data, word->len, digest);

        return NGX_OK;
    }

    if (word->len != 7 + 2 * SHA256_DIGEST_LENGTH) {
        return NGX_ERROR;
    }

    p = word->data + 7;

    for (i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        high = ngx_simulcast_tokens_hex(p[2 * i]);
        low = ngx_simulcast_tokens_hex(p[2 * i + 1]);

        if (high == NGX_ERROR || low == NGX_ERROR) {
            return NGX_ERROR;
        }

        digest[i] = (u_char) (high << 4 | low);
    }

    return NGX_OK;
}


/* RFC 6750, 2.1: 1*( ALPHA / DIGIT / "-" "." "_" "~" "+" "/" ) *"=" */

static ngx_uint_t
ngx_simulcast_tokens_valid(ngx_str_t *token)
{
    u_char  *p, *last;

    if (token->len < NGX_SIMULCAST_TOKENS_SHORT
        || token->len > NGX_SIMULCAST_TOKENS_LONG)
    {
        return 0;
    }

    p = token->data;
    last = p + token->len;

    while (last > p && last[-1] == '=') {
        last--;
    }

    if (p == last) {
        return 0;
    }

    for ( /* void */ ; p < last; p++) {

        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
            || (*p >= '0' && *p <= '9')
            || *p == '-' || *p == '.' || *p == '_' || *p == '~' || *p == '+'
            || *p == '/')
        {
            continue;
        }

        return 0;
    }

    return 1;
}


static ngx_int_t
ngx_simulcast_tokens_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch = ngx_tolower(ch);

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : NGX_ERROR;
}


static ngx_int_t
ngx_simulcast_tokens_streamer(ngx_str_t *word, char *streamer)
{
    size_t  i;
    u_char  ch;

    if (word->len > NGX_SIMULCAST_NAME) {
        return NGX_ERROR;
    }

    for (i = 0; i < word->len; i++) {
        ch = word->data[i];

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-'
            || (ch == '*' && word->len == 1))
        {
            streamer[i] = (char) ch;
            continue;
        }

        return NGX_ERROR;
    }

    streamer[i] = '\0';

    return NGX_OK;
}


ngx_simulcast_token_t *
ngx_simulcast_tokens_find(ngx_simulcast_tokens_t *tokens, ngx_str_t *token)
{
    u_char                  digest[SHA256_DIGEST_LENGTH];
    ngx_uint_t              i;
    ngx_simulcast_token_t  *found;

    if (tokens == NULL || !ngx_simulcast_tokens_valid(token)) {
        return NULL;
    }

    SHA256(token->data, token->len, digest);

    found = NULL;

    for (i = 0; i < tokens->n; i++) {
        if (CRYPTO_memcmp(tokens->table[i].digest, digest, sizeof(digest))
            == 0)
        {
            found = &tokens->table[i];
        }
    }

    return found;
}
