
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a path below the location, which is taken for the body of every
 * request as well.
 */

/* sources: modules/common/ngx_live_body.c */
/* sources: modules/ngx_multisource/ngx_multisource_form.c */
/* sources: modules/ngx_multisource/ngx_multisource_name.c */
/* sources: modules/ngx_multisource/ngx_multisource_price.c */
/* libs: -ljansson */


#include "fuzz.h"
#include "../unit/multisource_streams.h"
#include "ngx_multisource_form.h"


static ngx_str_t  reserved[] = { ngx_string("admin"), ngx_string("api") };

static ngx_multisource_naming_t  naming = {
    ngx_string("_"), ngx_string("main"), reserved, 2
};

static ngx_multisource_show_record_t  show;


static void
check_error(ngx_live_body_error_t *error)
{
    json_t  *text;

    fuzz_assert(strlen(error->message) > 5);
    fuzz_assert(memchr(error->field, '\0', sizeof(error->field)));

    /* what is cut is UTF-8, as it is to be answered */

    text = json_string(error->field);
    fuzz_assert(text);
    json_decref(text);
}


static ngx_uint_t
is_name(const u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                   "0123456789_-", p[i], 64) == NULL)
        {
            return 0;
        }
    }

    return len > 0 && len <= 50;
}


static void
check_path(ngx_str_t *rest)
{
    ngx_int_t                     rc;
    ngx_uint_t                    named;
    ngx_multisource_form_path_t   path;

    memset(&path, 0xa5, sizeof(path));

    rc = ngx_multisource_form_path(rest, &path);

    if (rc != NGX_OK) {
        fuzz_assert(rc == NGX_DECLINED);
        fuzz_assert(path.what == NGX_MULTISOURCE_FORM_UNKNOWN);
        fuzz_assert(path.id.len == 0 && path.stream.len == 0);
        return;
    }

    fuzz_assert(path.what > NGX_MULTISOURCE_FORM_UNKNOWN
                && path.what <= NGX_MULTISOURCE_FORM_SIGNAL_STOP);
    fuzz_assert((path.what == NGX_MULTISOURCE_FORM_START)
                == (path.id.len == 0));

    named = path.what >= NGX_MULTISOURCE_FORM_STREAM;
    fuzz_assert(named == (path.stream.len != 0));

    if (path.id.len) {
        fuzz_assert(is_name(path.id.data, path.id.len));
        fuzz_assert(path.id.data > rest->data
                    && path.id.data + path.id.len < rest->data + rest->len);
    }

    if (named) {
        fuzz_assert(is_name(path.stream.data, path.stream.len));
        fuzz_assert(path.stream.data > path.id.data + path.id.len
                    && path.stream.data + path.stream.len
                       <= rest->data + rest->len);
    }
}


static void
check_start(json_t *body)
{
    json_t                         *text;
    ngx_str_t                       name;
    ngx_uint_t                      i, n;
    ngx_live_body_error_t           error;
    ngx_multisource_form_start_t    form;
    ngx_multisource_show_stream_t  *s;

    memset(&form, 0xa5, sizeof(form));

    if (ngx_multisource_form_start(body, &naming, &form, &error) != NGX_OK) {
        check_error(&error);
        return;
    }

    fuzz_assert(form.private >= -1 && form.private <= 1);
    fuzz_assert(form.nstreams <= NGX_MULTISOURCE_SHOW_STREAMS);
    fuzz_assert(memchr(form.title, '\0', sizeof(form.title)));

    text = json_string((char *) form.title);
    fuzz_assert(text && ngx_live_body_chars(text) <= 100);
    json_decref(text);

    for (i = 0; i < form.nstreams; i++) {
        s = &form.streams[i];

        fuzz_assert(memchr(s->name, '\0', sizeof(s->name)));
        fuzz_assert(memchr(s->label, '\0', sizeof(s->label)));

        text = json_string((char *) s->label);
        fuzz_assert(text);
        json_decref(text);

        name.data = s->name;
        name.len = strlen((char *) s->name);
        fuzz_assert(ngx_multisource_name_check_source(&naming, &name)
                    == NGX_MULTISOURCE_OK);

        for (n = 0; n < i; n++) {
            fuzz_assert(strcmp((char *) form.streams[n].name,
                               (char *) s->name) != 0);
        }

        fuzz_assert(s->type < NGX_MULTISOURCE_PRICE_TYPES);
        fuzz_assert(s->expected == 1 && s->disabled == 0 && s->live == 0
                    && s->since == 0);
    }
}


static ngx_uint_t
is_stream(ngx_uint_t n)
{
    return n < show.nstreams || n == NGX_MULTISOURCE_SHOW_NONE;
}


static void
check_preferences(json_t *body)
{
    ngx_live_body_error_t           error;
    ngx_multisource_preferences_t   p, before;

    memset(&before, 0, sizeof(before));
    before.enabled = 7;
    before.size = 25;
    p = before;

    if (ngx_multisource_form_preferences(body, &show, &p, &error) != NGX_OK) {
        check_error(&error);
        fuzz_assert(memcmp(&p, &before, sizeof(p)) == 0);
        return;
    }

    fuzz_assert(p.enabled < 1 << show.nstreams);
    fuzz_assert(is_stream(p.main) && is_stream(p.pip));
    fuzz_assert(p.corner <= NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT);
    fuzz_assert(p.size >= 10 && p.size <= 40);
    fuzz_assert(p.layout <= NGX_MULTISOURCE_LAYOUT_GRID);
    fuzz_assert(p.follow <= 1 && p.set == 1);
}


static void
check_beacon(json_t *body)
{
    ngx_uint_t                 i;
    ngx_live_body_error_t      error;
    ngx_multisource_beacon_t   b;

    memset(&b, 0xa5, sizeof(b));

    if (ngx_multisource_form_beacon(body, &show, &b, &error) != NGX_OK) {
        check_error(&error);
        return;
    }

    fuzz_assert(b.seq > 0);
    fuzz_assert(b.any <= 3600000 && b.join_ms <= 3600000);
    fuzz_assert(b.stalled <= 3600000 && b.stalls <= 100000);
    fuzz_assert(b.watching < 1 << show.nstreams);
    fuzz_assert(b.nswitches <= sizeof(b.switches) / sizeof(b.switches[0]));

    for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {
        fuzz_assert(b.watched[i] <= b.any);
        fuzz_assert(i < show.nstreams || b.watched[i] == 0);
    }

    for (i = 0; i < b.nswitches; i++) {
        fuzz_assert(b.switches[i].from < show.nstreams
                    && b.switches[i].to < show.nstreams
                    && b.switches[i].from != b.switches[i].to);
    }
}


static void
check_others(json_t *body)
{
    const char                       *code;
    ngx_uint_t                        enabled;
    ngx_live_body_error_t             error;
    ngx_multisource_form_director_t   director;

    if (ngx_multisource_form_join(body, &code, &error) != NGX_OK) {
        check_error(&error);

    } else if (code) {
        fuzz_assert(*code && strlen(code) <= 64);
    }

    if (ngx_multisource_form_director(body, &director, &error) != NGX_OK) {
        check_error(&error);

    } else {
        fuzz_assert(director.mode <= NGX_MULTISOURCE_DIRECT_ACTIVITY);
        fuzz_assert(memchr(director.source, '\0', sizeof(director.source)));
        fuzz_assert(director.source[0] == '\0'
                    || is_name(director.source,
                               strlen((char *) director.source)));
    }

    if (ngx_multisource_form_stream(body, &enabled, &error) != NGX_OK) {
        check_error(&error);

    } else {
        fuzz_assert(enabled <= 1);
    }
}


static void
check_signals(json_t *body)
{
    const char                        *text;
    ngx_live_body_error_t              error;
    ngx_multisource_form_candidate_t   c;

    if (ngx_multisource_form_offer(body, &text, &error) != NGX_OK) {
        check_error(&error);

    } else {
        fuzz_assert(strncmp(text, "v=0", 3) == 0);
    }

    if (ngx_multisource_form_candidate(body, &c, &error) != NGX_OK) {
        check_error(&error);

    } else {
        for (text = c.candidate; *text; text++) {
            fuzz_assert(*text >= 0x20 && *text < 0x7f);
        }

        fuzz_assert(c.line <= 255);
        fuzz_assert(c.mid == NULL || (*c.mid && !strpbrk(c.mid, " \r\n/:")));
        fuzz_assert(c.fragment == NULL
                    || (strlen(c.fragment) >= 4
                        && !strpbrk(c.fragment, " \r\n:")));
        fuzz_assert(c.signal == NULL
                    || (*c.signal && !strpbrk(c.signal, " \r\n/.:")));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t                 *body;
    ngx_str_t               text;
    ngx_live_body_error_t   error;

    show.nstreams = 3;
    strcpy((char *) show.streams[0].name, "Screen");
    strcpy((char *) show.streams[1].name, "Cam");
    strcpy((char *) show.streams[2].name, "Mic");

    text.data = (u_char *) data;
    text.len = size;

    check_path(&text);

    body = ngx_live_body_parse((u_char *) data, size, &error);

    if (body == NULL) {
        check_error(&error);

    } else {
        check_start(body);
        check_preferences(body);
        check_beacon(body);
        check_others(body);
        check_signals(body);
        json_decref(body);
    }

    /* with the control characters that were refused there */

    body = json_loadb((char *) data, size, JSON_REJECT_DUPLICATES, NULL);

    if (body) {
        check_start(body);
        check_signals(body);
        json_decref(body);
    }

    return 0;
}
