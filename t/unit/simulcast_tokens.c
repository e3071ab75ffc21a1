
/*
 * Copyright (C) the ngx_live contributors
 *
 * The file of API tokens: what a line may be, and whom a token names.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_tokens.c */
/* libs: -lcrypto */


#include "tap.h"
#include "ngx_simulcast_tokens.h"


#define TEN    "abcdefghij"
#define K50    TEN TEN TEN TEN TEN
#define K500   K50 K50 K50 K50 K50 K50 K50 K50 K50 K50
#define TOKEN  "alices-token.of~16+/_bytes=="

#define LINE   "a line begins with sha256: and 64 hexadecimal digits, or "    \
               "with a token of 16 to 512 letters, digits and -._~+/ (\"=\" " \
               "only at its end)"
#define WHOM   "after the token a streamer id of 1 to 50 letters, digits, "   \
               "\"_\" and \"-\" is expected, or \"*\" for all"
#define MORE   "nothing but a comment may follow the streamer"
#define TWICE  "the same token stands in a line above"


typedef struct {
    const char  *text;
    const char  *want;      /* "number streamer..." or "line: error" */
} row_t;


static const row_t  rows[] = {

    { "", "0" },
    { "\n\n \t\r\n# a comment\n   # " TOKEN " alice", "0" },
    { TOKEN " alice", "1 alice" },
    { TOKEN " alice\n", "1 alice" },
    { "\t" TOKEN " \t alice \r\n", "1 alice" },
    { TOKEN " alice # of the studio\n", "1 alice" },
    { TOKEN " alice #\n", "1 alice" },
    { TOKEN " *\n", "1 *" },
    { TOKEN " a-B_9\n" TEN TEN " a-B_9\n" TEN TEN "x bob",
      "3 a-B_9 a-B_9 bob" },
    { TOKEN " " K50 "\n", "1 " K50 },
    { "abcdefghij123456 a", "1 a" },
    { K500 "abcdefghij12 a", "1 a" },
    { "abcdefghij12345= a", "1 a" },
    { "sha256:0123456789abcdefABCDEF0123456789"
      "0123456789abcdefABCDEF0123456789 a", "1 a" },

    { "abcdefghij12345 a", "1: " LINE },
    { K500 "abcdefghij123 a", "1: " LINE },
    { "\n\nshort alice", "3: " LINE },
    { "alices=token.of~16+/_bytes a", "1: " LINE },
    { "================ a", "1: " LINE },
    { "alices:token.of~16+/_bytes a", "1: " LINE },
    { "alices\"token.of~16+/_bytes a", "1: " LINE },
    { "alices#token.of~16+/_bytes a", "1: " LINE },
    { "alices\xc3\xa9token.of~16+/_bytes a", "1: " LINE },
    { "sha256: a", "1: " LINE },
    { "sha256:0123456789abcdef a", "1: " LINE },
    { "sha256:0123456789abcdefABCDEF0123456789"
      "0123456789abcdefABCDEF012345678g a", "1: " LINE },
    { "sha256:0123456789abcdefABCDEF0123456789"
      "0123456789abcdefABCDEF01234567890 a", "1: " LINE },
    { "Sha256:0123456789abcdefABCDEF0123456789"
      "0123456789abcdefABCDEF0123456789 a", "1: " LINE },

    { TOKEN, "1: " WHOM },
    { TOKEN " \r\n", "1: " WHOM },
    { TOKEN " # alice", "1: " WHOM },
    { TOKEN " al.ice", "1: " WHOM },
    { TOKEN " alice:cam", "1: " WHOM },
    { TOKEN " al/ice", "1: " WHOM },
    { TOKEN " **", "1: " WHOM },
    { TOKEN " a*", "1: " WHOM },
    { TOKEN " " K50 "x", "1: " WHOM },

    { TOKEN " alice bob", "1: " MORE },
    { TOKEN " alice *", "1: " MORE },

    { TOKEN " alice\n" TOKEN " bob", "2: " TWICE },
    { TEN TEN " alice\n\nsha256:"
      "b1f5bf53f33ac4e5e1a4a1a4a3a9b8a5"
      "b1f5bf53f33ac4e5e1a4a1a4a3a9b8a5 bob", "2 alice bob" },

    { NULL, NULL }
};


static void   *blocks[16];
static size_t  nblocks;


/* the pool of nginx, what is needed of it */

void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    if (nblocks == sizeof(blocks) / sizeof(blocks[0])) {
        return NULL;
    }

    return blocks[nblocks++] = calloc(1, size);
}


static void
release(void)
{
    while (nblocks) {
        free(blocks[--nblocks]);
    }
}


static ngx_simulcast_tokens_t *
parse(const char *text, char *said, size_t size)
{
    int                      n;
    size_t                   len;
    u_char                  *p;
    ngx_str_t                s;
    ngx_uint_t               i, line;
    const char              *error;
    ngx_simulcast_tokens_t  *tokens;

    /* of the exact size, so that a sanitizer sees a read behind its end */

    len = strlen(text);
    p = malloc(len ? len : 1);

    if (p == NULL) {
        exit(2);
    }

    memcpy(p, text, len);

    s.data = p;
    s.len = len;

    tokens = ngx_simulcast_tokens_parse(NULL, &s, &error, &line);

    free(p);

    if (tokens == NULL) {
        snprintf(said, size, "%d: %s", (int) line, error);
        return NULL;
    }

    n = snprintf(said, size, "%d", (int) tokens->n);

    for (i = 0; i < tokens->n && i < 8; i++) {
        n += snprintf(said + n, size - n, " %s", tokens->table[i].streamer);
    }

    return tokens;
}


static const char *
whom(ngx_simulcast_tokens_t *tokens, const char *token)
{
    ngx_str_t               s;
    ngx_simulcast_token_t  *found;

    s.data = (u_char *) token;
    s.len = strlen(token);

    found = ngx_simulcast_tokens_find(tokens, &s);

    return found ? found->streamer : "nobody";
}


/* the text as a name: one line, and never empty */

static const char *
title(const char *text)
{
    char         *p;
    static char   buf[256];

    p = buf + sprintf(buf, "tokens: ");

    for ( /* void */ ; *text && p < buf + 100; text++) {
        *p++ = *text > ' ' && *text < '\x7f' && *text != '#' ? *text : '_';
    }

    *p = '\0';

    return buf;
}


static void
test_find(void)
{
    char                     said[1024];
    ngx_simulcast_tokens_t  *tokens;

    tokens = parse("the-first-token-1 alice\n"
                   "the-second-token-2 *\n"
                   "the-third-token-33 alice\n"
                   /* of "the-digest-of-this-token" */
                   "sha256:"
                   "4a82bed66c3f85a51013998798cf8577"
                   "88dacef4cd64b59f3af10c71187937c4 bob\n",
                   said, sizeof(said));

    if (tokens == NULL) {
        tap_ok(0, said);
        return;
    }

    tap_is_text(whom(tokens, "the-first-token-1"), "alice", "the first");
    tap_is_text(whom(tokens, "the-second-token-2"), "*", "one for all");
    tap_is_text(whom(tokens, "the-third-token-33"), "alice",
                "another one of the same streamer");
    tap_is_text(whom(tokens, "the-digest-of-this-token"), "bob",
                "one that the file has as its digest");
    tap_is_text(whom(tokens, "the-first-token-"), "nobody", "too short by one");
    tap_is_text(whom(tokens, "the-first-token-1 "), "nobody", "with a blank");
    tap_is_text(whom(tokens, "the-first-token-10"), "nobody", "too long");
    tap_is_text(whom(tokens, "THE-FIRST-TOKEN-1"), "nobody", "in capitals");
    tap_is_text(whom(tokens, ""), "nobody", "nothing");
    tap_is_text(whom(tokens, "sha256:4a82bed66c3f85a51013998798cf8577"
                             "88dacef4cd64b59f3af10c71187937c4"), "nobody",
                "a digest is no token");
    tap_is_text(whom(NULL, "the-first-token-1"), "nobody", "without a file");

    release();
}


/* the digest that an operator makes by sha256sum */

static void
test_digest(void)
{
    char                     said[1024], text[128];
    size_t                   i;
    ngx_simulcast_tokens_t  *plain, *hashed;

    plain = parse(TOKEN " alice", said, sizeof(said));

    if (plain == NULL) {
        tap_ok(0, said);
        return;
    }

    strcpy(text, "sha256:");

    for (i = 0; i < 32; i++) {
        sprintf(text + 7 + 2 * i, "%02X", plain->table[0].digest[i]);
    }

    strcat(text, " bob");

    hashed = parse(text, said, sizeof(said));

    tap_is_text(whom(hashed, TOKEN), "bob", "a token by its digest");

    strcat(text, "\n" TOKEN " alice");

    tap_ok(parse(text, said, sizeof(said)) == NULL,
           "the digest and its token are the same");
    tap_is_text(said, "2: " TWICE, "and that is said");

    release();
}


static void
test_many(void)
{
    int                      i;
    char                    *text, *p;
    char                     said[1024];
    ngx_simulcast_tokens_t  *tokens;

    text = malloc(10001 * 40);

    if (text == NULL) {
        exit(2);
    }

    for (p = text, i = 0; i < 10000; i++) {
        p += sprintf(p, "token-of-many-%d alice\n", 100000 + i);
    }

    tokens = parse(text, said, sizeof(said));

    tap_ok(tokens && tokens->n == 10000, "ten thousand");
    tap_is_text(whom(tokens, "token-of-many-109999"), "alice",
                "the last of ten thousand");
    release();

    sprintf(p, "token-of-many-%d alice\n", 100000 + i);

    tap_ok(parse(text, said, sizeof(said)) == NULL, "and one more");
    tap_is_text(said, "10001: there are more than 10000 tokens",
                "is one too many");
    release();
    free(text);
}


int
main(void)
{
    char          said[1024];
    const row_t  *row;

    for (row = rows; row->text; row++) {
        (void) parse(row->text, said, sizeof(said));
        release();

        tap_is_text(said, row->want, title(row->text));
    }

    test_find();
    test_digest();
    test_many();

    return tap_done();
}
