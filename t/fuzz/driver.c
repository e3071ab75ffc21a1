
/*
 * Copyright (C) the ngx_live contributors
 *
 * Runs a fuzz target without libFuzzer, for a compiler that has none:
 *
 *     TARGET FILE...                     each file once
 *     TARGET -r ROUNDS -s SEED FILE...   and then so many mutations of them
 *
 * The mutations depend on nothing but the files, their order and the seed.
 */


#include "fuzz.h"

#include <string.h>


#define DRIVER_MAX_FILES  512
#define DRIVER_MAX_SIZE   4096


typedef struct {
    u_char   *data;
    size_t    size;
} driver_file_t;


static driver_file_t  driver_files[DRIVER_MAX_FILES];
static size_t         driver_nfiles;
static uint64_t       driver_state;


/* xorshift, 64 bits */

static size_t
driver_random(size_t n)
{
    driver_state ^= driver_state << 13;
    driver_state ^= driver_state >> 7;
    driver_state ^= driver_state << 17;

    return n ? (size_t) ((driver_state >> 16) % n) : 0;
}


static void
driver_load(const char *name)
{
    FILE           *f;
    driver_file_t  *file;

    if (driver_nfiles == DRIVER_MAX_FILES) {
        fprintf(stderr, "too many files\n");
        exit(2);
    }

    file = &driver_files[driver_nfiles++];

    file->data = malloc(DRIVER_MAX_SIZE);
    f = fopen(name, "rb");

    if (file->data == NULL || f == NULL) {
        fprintf(stderr, "cannot read %s\n", name);
        exit(2);
    }

    file->size = fread(file->data, 1, DRIVER_MAX_SIZE, f);
    fclose(f);
}


/* on a copy of the exact size, so that a sanitizer sees a read behind it */

static void
driver_run(const u_char *data, size_t size)
{
    u_char  *copy;

    copy = malloc(size ? size : 1);

    if (copy == NULL) {
        exit(2);
    }

    ngx_memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}


static size_t
driver_mutate(u_char *p, size_t size)
{
    size_t          at, n;
    driver_file_t  *other;

    static const u_char  odd[] = { 0x00, 0x01, 0x03, 0x0a, 0x7f, 0x80, 0xff };

    at = driver_random(size);

    switch (driver_random(7)) {

    case 0:     /* flip a bit */
        if (size) {
            p[at] ^= 1 << driver_random(8);
        }

        return size;

    case 1:     /* any byte */
        if (size) {
            p[at] = (u_char) driver_random(256);
        }

        return size;

    case 2:     /* a byte that has a meaning somewhere */
        if (size) {
            p[at] = odd[driver_random(sizeof(odd))];
        }

        return size;

    case 3:     /* cut off the end */
        return at;

    case 4:     /* drop some bytes */
        n = driver_random(size - at + 1);
        memmove(p + at, p + at + n, size - at - n);

        return size - n;

    case 5:     /* repeat some bytes */
        n = driver_random(ngx_min(size - at, DRIVER_MAX_SIZE - size) + 1);
        memmove(p + at + n, p + at, size - at);

        return size + n;

    default:    /* the end of another file */
        other = &driver_files[driver_random(driver_nfiles)];
        n = driver_random(other->size + 1);
        n = ngx_min(n, DRIVER_MAX_SIZE - at);
        ngx_memcpy(p + at, other->data + other->size - n, n);

        return at + n;
    }
}


int
main(int argc, char **argv)
{
    long            rounds;
    size_t          i, n, size;
    u_char          buf[DRIVER_MAX_SIZE];
    driver_file_t  *file;

    rounds = 0;
    driver_state = 1;

    for (i = 1; i < (size_t) argc; i++) {

        if (strcmp(argv[i], "-r") == 0 && i + 1 < (size_t) argc) {
            rounds = atol(argv[++i]);

        } else if (strcmp(argv[i], "-s") == 0 && i + 1 < (size_t) argc) {
            driver_state = strtoull(argv[++i], NULL, 10) * 2 + 1;

        } else {
            driver_load(argv[i]);
        }
    }

    if (driver_nfiles == 0) {
        fprintf(stderr, "usage: %s [-r ROUNDS] [-s SEED] FILE...\n", argv[0]);
        return 2;
    }

    for (i = 0; i < driver_nfiles; i++) {
        driver_run(driver_files[i].data, driver_files[i].size);
    }

    while (rounds-- > 0) {

        file = &driver_files[driver_random(driver_nfiles)];
        size = file->size;
        ngx_memcpy(buf, file->data, size);

        for (n = driver_random(6) + 1; n; n--) {
            size = driver_mutate(buf, size);
        }

        driver_run(buf, size);
    }

    printf("%zu files\n", driver_nfiles);

    return 0;
}
