
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: what stands in Redis, taken for the text of a show and for that of a
 * viewer. What is accepted is written and read again as it was.
 */

/* sources: modules/ngx_multisource/ngx_multisource_store_json.c */
/* sources: modules/ngx_multisource/ngx_multisource_name.c */
/* libs: -ljansson */


#include "fuzz.h"
#include "ngx_multisource_store_json.h"

#include <string.h>


static void
check_show(ngx_str_t *text)
{
    char                           *written;
    ngx_str_t                       s;
    const char                     *error;
    ngx_multisource_store_json_t    more, told;
    ngx_multisource_show_record_t   record, again;
    ngx_multisource_show_counts_t   counts, figures;

    error = ngx_multisource_store_json_read_show(text, &record, &counts,
                                                 &more);
    if (error) {
        fuzz_assert(error[0] != '\0');
        return;
    }

    fuzz_assert(record.nstreams <= NGX_MULTISOURCE_SHOW_STREAMS);
    fuzz_assert(record.on_air < record.nstreams
                || record.on_air == NGX_MULTISOURCE_SHOW_NONE);
    fuzz_assert(record.state >= NGX_MULTISOURCE_SHOW_WAITING
                && record.state <= NGX_MULTISOURCE_SHOW_ENDED);
    fuzz_assert(record.director <= NGX_MULTISOURCE_DIRECT_ACTIVITY);
    fuzz_assert(memchr(record.title, '\0', sizeof(record.title)));

    written = ngx_multisource_store_json_show(&record, &counts, &more);
    fuzz_assert(written);

    s.data = (u_char *) written;
    s.len = strlen(written);

    error = ngx_multisource_store_json_read_show(&s, &again, &figures, &told);

    fuzz_assert(error == NULL);
    fuzz_assert(memcmp(&record, &again, sizeof(record)) == 0);
    fuzz_assert(memcmp((void *) &counts, (void *) &figures, sizeof(counts))
                == 0);
    fuzz_assert(more.at == told.at && more.told == told.told);

    free(written);
}


static void
check_viewer(ngx_str_t *text)
{
    u_char                          buf[NGX_MULTISOURCE_STORE_JSON_VIEWER];
    ngx_str_t                       id, s;
    const char                     *error;
    ngx_multisource_viewer_look_t   look, again;

    id.data = (u_char *) "0123456789abcdef";
    id.len = NGX_MULTISOURCE_STORE_JSON_ID;

    error = ngx_multisource_store_json_read_viewer(&id, text, 5, &look);

    if (error) {
        fuzz_assert(error[0] != '\0');
        return;
    }

    fuzz_assert(look.id == 0x0123456789abcdefULL);

    s.data = buf;
    s.len = ngx_multisource_store_json_viewer(&look, buf);
    fuzz_assert(s.len < sizeof(buf));

    error = ngx_multisource_store_json_read_viewer(&id, &s, 5, &again);

    fuzz_assert(error == NULL);
    fuzz_assert(memcmp(&look, &again, sizeof(look)) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                         *p;
    ngx_str_t                       text;
    ngx_multisource_viewer_look_t   look;

    /* of the exact size, so that reading behind it is seen */

    p = malloc(size ? size : 1);
    fuzz_assert(p);
    memcpy(p, data, size);

    text.data = p;
    text.len = size;

    check_show(&text);
    check_viewer(&text);

    (void) ngx_multisource_store_json_read_viewer(&text, &text, 16, &look);
    (void) ngx_multisource_store_json_is_id(p, size);

    free(p);

    return 0;
}
