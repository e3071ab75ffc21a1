
/*
 * Copyright (C) the ngx_live contributors
 *
 * Allocation that ends the program where there is no memory: a test peer has
 * no better answer.
 */


#ifndef _MEMORY_H_INCLUDED_
#define _MEMORY_H_INCLUDED_


#include <stddef.h>


/* zeroed */

void *memory_new(size_t size);

/* as realloc() */

void *memory_resize(void *old, size_t size);

char *memory_text(const char *text);

/* remembers what is meant to stay as long as the process */

void *memory_keep(void *p);

/* as asprintf(); the caller frees it */

char *memory_format(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));


/* a text or binary buffer that grows; "data" always ends with a NUL */

typedef struct {
    char    *data;
    size_t   len;
    size_t   size;
} memory_buf_t;

void memory_buf_add(memory_buf_t *b, const void *data, size_t len);
void memory_buf_printf(memory_buf_t *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void memory_buf_free(memory_buf_t *b);


/* a whole file, NULL with errno set when it cannot be read */

void *memory_file(const char *path, size_t *len);


#endif /* _MEMORY_H_INCLUDED_ */
