
/*
 * Copyright (C) the ngx_live contributors
 *
 * A command on one line: its words, or which sentence tells what is wrong.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_template.c */


#include "tap.h"
#include "ngx_simulcast_template.h"


#define PROGRAM  "there is no program in it"
#define CONTROL  "there is a NUL or another control character in it"
#define QUOTE    "a quote is not closed"
#define BRACE    "a \"{\" is not closed; \"\\{\" is one as it is"
#define UNKNOWN  "there is an unknown {name} in it; \"\\{\" is a brace as it is"
#define LAST     "there is nothing behind the backslash at its end"
#define LONG     "the command is longer than 4096 bytes"
#define MANY     "there are more than 256 words"
#define ROOM     "the words are longer than 8192 bytes in all"


typedef struct {
    const char  *name;
    const char  *command;
    const char  *want;      /* "[word]..." or what is wrong */
} row_t;


static ngx_simulcast_template_var_t  vars[] = {
    { "bitrate", "4500" },
    { "filter", "scale=1280:720,fps=30" },
    { "odd", "a b'c\"d\\e{bitrate}" },
    { "empty", "" }
};


static const row_t  rows[] = {

    /* words */

    { "one word", "ffmpeg", "[ffmpeg]" },
    { "several words", "ffmpeg -i pipe:0", "[ffmpeg][-i][pipe:0]" },
    { "blanks of all kinds", " \t a\r\n  b \n", "[a][b]" },
    { "nothing", "", PROGRAM },
    { "blanks only", " \t\r\n", PROGRAM },
    { "bytes above 127", "a \xc3\xa4", "[a][\xc3\xa4]" },

    /* quotes */

    { "a word in single quotes", "a 'b c'", "[a][b c]" },
    { "a word in double quotes", "a \"b c\"", "[a][b c]" },
    { "quotes within a word", "a b'c d'e\"f g\"h", "[a][bc def gh]" },
    { "two quoted pieces side by side", "a 'b'\"c\"", "[a][bc]" },
    { "an empty word", "a '' \"\" b", "[a][][][b]" },
    { "double quotes in single ones", "a '\"'", "[a][\"]" },
    { "single quotes in double ones", "a \"'\"", "[a][']" },
    { "a backslash in single quotes", "a '\\n\\'", "[a][\\n\\]" },
    { "a backslash in double quotes", "a \"\\n\\\\\\\"\"", "[a][\\n\\\"]" },
    { "a backslash outside", "a b\\ c\\'\\\"\\\\", "[a][b c'\"\\]" },
    { "a new line in quotes", "a 'b\nc'", "[a][b\nc]" },
    { "a program with a blank", "'my ffmpeg' a", "[my ffmpeg][a]" },
    { "a single quote that is not closed", "a 'b", QUOTE },
    { "a double quote that is not closed", "a b\"", QUOTE },
    { "a double quote closed by an escape", "a \"b\\\"", QUOTE },
    { "a backslash at the end", "a b\\", LAST },
    { "an empty program", "'' a", PROGRAM },

    /* no shell */

    { "characters of a shell", "a $HOME `b` $(c) ; & | > * ~ # d",
      "[a][$HOME][`b`][$(c)][;][&][|][>][*][~][#][d]" },
    { "an expression", "a expr:gte(t,n+1)", "[a][expr:gte(t,n+1)]" },

    /* values */

    { "a value", "a {bitrate}", "[a][4500]" },
    { "values within a word", "a x{bitrate}k{bitrate}", "[a][x4500k4500]" },
    { "a value in double quotes", "a \"{bitrate} k\"", "[a][4500 k]" },
    { "a value in single quotes", "a '{bitrate} k'", "[a][4500 k]" },
    { "a value is not split nor read again", "a {odd}",
      "[a][a b'c\"d\\e{bitrate}]" },
    { "an empty value is a word", "a {empty} b", "[a][][b]" },
    { "an empty value as the program", "{empty} b", PROGRAM },
    { "a filter", "a -vf {filter}", "[a][-vf][scale=1280:720,fps=30]" },
    { "a brace as it is", "a \\{bitrate}", "[a][{bitrate}]" },
    { "a brace as it is, in double quotes", "a \"\\{bitrate}\"",
      "[a][{bitrate}]" },
    { "a closing brace", "a }b", "[a][}b]" },
    { "an unknown name", "a {rtmp_url}", UNKNOWN },
    { "an unknown name in single quotes", "a '{key}'", UNKNOWN },
    { "a name cut short", "a {bitrat}", UNKNOWN },
    { "a longer name", "a {bitrates}", UNKNOWN },
    { "a name in capitals", "a {Bitrate}", UNKNOWN },
    { "blanks around a name", "a { bitrate }", UNKNOWN },
    { "no name", "a {}", UNKNOWN },
    { "a brace in a brace", "a {{bitrate}}", UNKNOWN },
    { "a brace that is not closed", "a {bitrate", BRACE },
    { "a brace at the end", "a {", BRACE },

    /* control characters */

    { "an escape sequence", "a \033[1m", CONTROL },
    { "a bell in quotes", "a '\a'", CONTROL },
    { "a delete character", "a \x7f", CONTROL },

    { NULL, NULL, NULL }
};


static ngx_simulcast_template_t  template;


static void
describe(const char *command, size_t len, char *text, size_t size)
{
    size_t       n;
    ngx_str_t    s;
    ngx_uint_t   i;
    const char  *why;

    /* of the exact size, so that a sanitizer sees a read behind its end */

    s.len = len;
    s.data = malloc(len ? len : 1);

    if (s.data == NULL) {
        exit(2);
    }

    ngx_memcpy(s.data, command, len);

    why = ngx_simulcast_template_expand(&template, &s, vars,
                                        sizeof(vars) / sizeof(vars[0]));

    free(s.data);

    if (why) {
        snprintf(text, size, "%s", why);
        return;
    }

    text[0] = '\0';
    n = 0;

    for (i = 0; i < template.argc; i++) {
        n += snprintf(text + n, size - n, "[%s]", template.argv[i]);
    }

    if (template.argv[i] != NULL) {
        snprintf(text, size, "no NULL behind the last word");
    }
}


static const char *
repeat(const char *first, const char *piece, size_t count)
{
    char       *p, *buf;
    size_t      i;
    ngx_str_t   s;

    const char  *why;

    buf = malloc(strlen(first) + count * strlen(piece) + 1);

    if (buf == NULL) {
        exit(2);
    }

    p = buf + sprintf(buf, "%s", first);

    for (i = 0; i < count; i++) {
        p += sprintf(p, "%s", piece);
    }

    s.data = (u_char *) buf;
    s.len = p - buf;

    why = ngx_simulcast_template_expand(&template, &s, vars,
                                        sizeof(vars) / sizeof(vars[0]));

    free(buf);

    return why ? why : "fits";
}


static void
test_limits(void)
{
    tap_is_text(repeat("a", "b", 4095), "fits", "a command of 4096 bytes");
    tap_is_text(repeat("a", "b", 4096), LONG, "a command of 4097 bytes");

    tap_is_text(repeat("a", " b", 255), "fits", "256 words");
    tap_is(template.argc, 256, "of which there are so many");
    tap_ok(template.argv[256] == NULL, "and a NULL behind them");
    tap_is_text(repeat("a", " b", 256), MANY, "257 words");

    /* each value has 21 bytes */

    tap_is_text(repeat("abcdefghijklmnopqrstu ", "{filter}", 389), "fits",
                "words of 8192 bytes in all");
    tap_is_text(repeat("abcdefghijklmnopqrstuv ", "{filter}", 389), ROOM,
                "no room for the last NUL");
    tap_is_text(repeat("a ", "{filter}", 391), ROOM,
                "no room for a value");
}


static void
test_nul(void)
{
    char  text[256];

    describe("a\0b", 3, text, sizeof(text));
    tap_is_text(text, CONTROL, "a NUL in a word");

    describe("a 'b\0'", 6, text, sizeof(text));
    tap_is_text(text, CONTROL, "a NUL in quotes");

    describe("a \\\0", 4, text, sizeof(text));
    tap_is_text(text, CONTROL, "a NUL behind a backslash");

    describe("a {\0}", 5, text, sizeof(text));
    tap_is_text(text, CONTROL, "a NUL in a name");
}


int
main(void)
{
    char          text[4096];
    const row_t  *row;

    for (row = rows; row->name; row++) {
        describe(row->command, strlen(row->command), text, sizeof(text));
        tap_is_text(text, row->want, row->name);
    }

    test_nul();
    test_limits();

    return tap_done();
}
