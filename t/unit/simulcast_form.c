
/*
 * Copyright (C) the ngx_live contributors
 *
 * Forms: what is encoded, how long they get, and how texts are cut.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_form.c */


#include "tap.h"
#include "ngx_simulcast_form.h"


typedef struct {
    const char  *text;
    size_t       size;
    size_t       chars;
    const char  *without;
    const char  *want;
    const char  *about;
} cut_t;


static const cut_t  cuts[] = {
    { "title", 32, 100, NULL, "title", "a text" },
    { "title", 32, 3, NULL, "tit", "so many characters" },
    { "title", 4, 100, NULL, "tit", "so many bytes" },
    { "\xc3\xa4\xc3\xb6\xc3\xbc", 32, 2, NULL, "\xc3\xa4\xc3\xb6",
      "characters are not bytes" },
    { "\xc3\xa4\xc3\xb6\xc3\xbc", 4, 9, NULL, "\xc3\xa4",
      "no character is cut in two" },
    { "\xf0\x9f\x98\x80!", 32, 1, NULL, "\xf0\x9f\x98\x80", "four bytes" },
    { "a<b>c", 32, 100, "<>", "abc", "without some" },
    { " \t a\nb\r\n ", 32, 100, NULL, "a b", "control characters" },
    { "\x7f", 32, 100, NULL, "", "nothing but those" },
    { "a\xff\xfe" "b", 32, 100, NULL, "ab", "no UTF-8" },
    { "a\xc3", 32, 100, NULL, "a", "cut within a character" },
    { "a\xe2\x82", 32, 100, NULL, "a", "cut within a longer one" },
    { "a\xc0\xaf" "b", 32, 100, NULL, "ab", "overlong" },
    { "a\xe0\x80\xaf" "b", 32, 100, NULL, "ab", "overlong, three bytes" },
    { "a\xed\xa0\x80" "b", 32, 100, NULL, "ab", "a surrogate" },
    { "a\xf4\x90\x80\x80" "b", 32, 100, NULL, "ab", "beyond Unicode" },
    { "", 32, 100, NULL, "", "an empty text" },
    { "abc", 1, 100, NULL, "", "no room" }
};


int
main(void)
{
    char                  *big, dst[64];
    size_t                 i, n;
    ngx_str_t              value;
    ngx_simulcast_form_t   form;

    memset(&form, 0, sizeof(form));

    ngx_simulcast_form_add(&form, "client_id", "abc-._~019AZ");
    tap_is_text(form.data, "client_id=abc-._~019AZ", "what needs no encoding");

    ngx_simulcast_form_add(&form, "refresh_token", "1//0a+b=c&d e%\xc3\xa4");
    tap_is_text(form.data, "client_id=abc-._~019AZ&refresh_token="
                "1%2F%2F0a%2Bb%3Dc%26d%20e%25%C3%A4",
                "everything else is encoded");

    value.data = (u_char *) "a\0\r\nb";
    value.len = 5;
    ngx_simulcast_form_addn(&form, "x", &value);
    tap_ok(strstr(form.data, "&x=a%00%0D%0Ab") != NULL, "and control bytes");
    tap_is(strlen(form.data), form.len, "the length is the length");

    ngx_simulcast_form_free(&form);
    tap_ok(form.data == NULL && form.len == 0, "freed");

    ngx_simulcast_form_add(&form, "empty", "");
    tap_is_text(form.data, "empty=", "an empty value");
    ngx_simulcast_form_free(&form);

    ngx_simulcast_form_escape(&form, (u_char *) "a/b", 3);
    tap_is_text(form.data, "a%2Fb", "a value alone");
    ngx_simulcast_form_free(&form);

    ngx_simulcast_form_escape(&form, (u_char *) "", 0);
    tap_is_text(form.data, "", "nothing at all");
    ngx_simulcast_form_free(&form);

    big = malloc(NGX_SIMULCAST_FORM_MAX + 1);
    memset(big, '&', NGX_SIMULCAST_FORM_MAX);
    big[NGX_SIMULCAST_FORM_MAX] = '\0';

    ngx_simulcast_form_add(&form, "x", big);
    tap_ok(form.failed, "too long");

    ngx_simulcast_form_add(&form, "y", "1");
    tap_ok(form.failed, "and it stays so");
    ngx_simulcast_form_free(&form);

    big[20000] = '\0';
    ngx_simulcast_form_add(&form, "x", big);
    tap_ok(!form.failed && form.len == 60002, "three bytes for one");
    ngx_simulcast_form_add(&form, "y", big);
    tap_ok(form.failed, "together too long");
    ngx_simulcast_form_free(&form);

    free(big);

    for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {

        memset(dst, 'X', sizeof(dst));

        n = ngx_simulcast_form_cut(dst, cuts[i].size, cuts[i].text,
                                   cuts[i].chars, cuts[i].without);

        tap_is_text(dst, cuts[i].want, cuts[i].about);
        tap_ok(n == strlen(cuts[i].want) && n < cuts[i].size, "its length");
    }

    n = ngx_simulcast_form_lines(dst, sizeof(dst), "\n\ta\n\nb\r\nc\n ", 99,
                                 NULL);

    tap_is_text(dst, "a\n\nb \nc", "lines stay lines");
    tap_ok(n == strlen(dst), "its length");

    return tap_done();
}
