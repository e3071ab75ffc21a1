
/*
 * Copyright (C) the ngx_live contributors
 */


#define _GNU_SOURCE

#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void *
memory_check(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "whip_peer: out of memory\n");
        exit(2);
    }

    return p;
}


void *
memory_new(size_t size)
{
    return memory_check(calloc(1, size));
}


void *
memory_resize(void *old, size_t size)
{
    return memory_check(realloc(old, size));
}


char *
memory_text(const char *text)
{
    return memory_check(strdup(text));
}


void *
memory_keep(void *p)
{
    static void    **kept;
    static size_t    n;

    kept = memory_resize(kept, (n + 1) * sizeof(void *));
    kept[n++] = p;

    return p;
}


char *
memory_format(const char *fmt, ...)
{
    char     *text;
    va_list   args;

    va_start(args, fmt);

    if (vasprintf(&text, fmt, args) == -1) {
        text = NULL;
    }

    va_end(args);

    return memory_check(text);
}


void
memory_buf_add(memory_buf_t *b, const void *data, size_t len)
{
    if (b->len + len + 1 > b->size) {
        b->size = (b->len + len + 1) * 2;
        b->data = memory_resize(b->data, b->size);
    }

    if (len) {
        memcpy(b->data + b->len, data, len);
    }

    b->len += len;
    b->data[b->len] = '\0';
}


void
memory_buf_printf(memory_buf_t *b, const char *fmt, ...)
{
    int       len;
    char     *text;
    va_list   args;

    va_start(args, fmt);
    len = vasprintf(&text, fmt, args);
    va_end(args);

    if (len == -1) {
        memory_check(NULL);
    }

    memory_buf_add(b, text, (size_t) len);
    free(text);
}


void
memory_buf_free(memory_buf_t *b)
{
    free(b->data);
    memset(b, 0, sizeof(memory_buf_t));
}


void *
memory_file(const char *path, size_t *len)
{
    char           chunk[65536];
    FILE          *fp;
    size_t         n;
    memory_buf_t   b;

    fp = fopen(path, "rb");
    if (fp == NULL) {
        return NULL;
    }

    memset(&b, 0, sizeof(memory_buf_t));
    memory_buf_add(&b, NULL, 0);

    while ((n = fread(chunk, 1, sizeof(chunk), fp)) > 0) {
        memory_buf_add(&b, chunk, n);
    }

    fclose(fp);

    *len = b.len;

    return b.data;
}
