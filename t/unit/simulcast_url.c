
/*
 * Copyright (C) the ngx_live contributors
 *
 * Where to push: what a URL says, with the key in it or apart, and what is
 * refused.  What a platform gives (platforms.md 7.1) comes out as it is.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_url.c */


#include "tap.h"
#include "ngx_simulcast_url.h"


#define TEN     "abcdefghij"
#define L50     TEN TEN TEN TEN TEN
#define L60     L50 TEN

#define SCHEME  "the URL does not begin with rtmp:// or rtmps://"
#define CHARS   "the URL has blanks, control characters or characters that "  \
                "are not ASCII"
#define KCHARS  "the key has blanks, control characters or characters that "  \
                "are not ASCII"
#define HASH    "the URL has a fragment (\"#\")"
#define USER    "the URL has a user name or a password in front of its host"
#define NOHOST  "the URL has no host"
#define HOST    "the host is neither a name nor an address"
#define PORT    "the port is not a number of 1 to 65535"
#define APP     "the URL has no application behind its host"
#define KEY     "the URL has no key, and none is given apart"


typedef struct {
    const char  *url;
    const char  *key;
    const char  *want;      /* "host port app key tcUrl flags", or as above */
} row_t;


static const row_t  rows[] = {

    /* hostile ones first */

    { "", "k", SCHEME },
    { "rtmp", "k", SCHEME },
    { "rtmp:", "k", SCHEME },
    { "rtmp:/h/app", "k", SCHEME },
    { "rtmps:/", "k", SCHEME },
    { "rtmpt://h/app", "k", SCHEME },
    { "rtmpss://h/app", "k", SCHEME },
    { "http://h/app", "k", SCHEME },
    { "file:///etc/passwd", "k", SCHEME },
    { " rtmp://h/app", "k", SCHEME },
    { "h/app", "k", SCHEME },

    { "rtmp://h /app", "k", CHARS },
    { "rtmp://h/app ", "k", CHARS },
    { "rtmp://h/a\tpp", "k", CHARS },
    { "rtmp://h/app\r\nX: y", "k", CHARS },
    { "rtmp://h/app\n", "k", CHARS },
    { "rtmp://h/app\x7f", "k", CHARS },
    { "rtmp://h/app\xc3\xa4", "k", CHARS },
    { "rtmp://\xef\xbc\x91.example/app", "k", CHARS },
    { "rtmp://h/app", "k k", KCHARS },
    { "rtmp://h/app", "k\n", KCHARS },
    { "rtmp://h/app", "\x01", KCHARS },
    { "rtmp://h/app", "\xff", KCHARS },

    { "rtmp://h/app#x", "k", HASH },
    { "rtmp://h#/app", "k", HASH },
    { "rtmp://h/app/key?a#b", "", HASH },

    { "rtmp://user@h/app", "k", USER },
    { "rtmp://user:pass@h/app", "k", USER },
    { "rtmp://@h/app", "k", USER },
    { "rtmp://live.example@127.0.0.1/app", "k", USER },
    { "rtmp://[::1]@h/app", "k", USER },

    { "rtmp://", "k", NOHOST },
    { "rtmp:///app", "k", NOHOST },
    { "rtmp://:1935/app", "k", NOHOST },
    { "rtmp://?x/app", "k", NOHOST },

    { "rtmp://[]/app", "k", HOST },
    { "rtmp://[::1/app", "k", HOST },
    { "rtmp://[h]/app", "k", HOST },
    { "rtmp://[127.0.0.1]/app", "k", HOST },
    { "rtmp://[fe80::1%eth0]/app", "k", HOST },
    { "rtmp://[fe80::1%25eth0]/app", "k", HOST },
    { "rtmp://[1:2:3:4:5:6:7:8:9]/app", "k", HOST },
    { "rtmp://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0]/app", "k",
      HOST },
    { "rtmp://::1/app", "k", NOHOST },
    { "rtmp://127.1/app", "k", HOST },
    { "rtmp://2130706433/app", "k", HOST },
    { "rtmp://0x7f000001/app", "k", HOST },
    { "rtmp://127.0.0.0x1/app", "k", HOST },
    { "rtmp://0X7F.1/app", "k", HOST },
    { "rtmp://0x/app", "k", HOST },
    { "rtmp://0177.0.0.1/app", "k", HOST },
    { "rtmp://127.0.0.256/app", "k", HOST },
    { "rtmp://1.2.3.4.5/app", "k", HOST },
    { "rtmp://h..example/app", "k", HOST },
    { "rtmp://.example/app", "k", HOST },
    { "rtmp://example./app", "k", HOST },
    { "rtmp://./app", "k", HOST },
    { "rtmp://-h/app", "k", HOST },
    { "rtmp://a.-h/app", "k", HOST },
    { "rtmp://h%2e/app", "k", HOST },
    { "rtmp://h\\x/app", "k", HOST },
    { "rtmp://h,x/app", "k", HOST },
    { "rtmp://" L60 "abcd/app", "k", HOST },
    { "rtmp://" L60 "." L60 "." L60 "." L60 "." TEN "/app", "k", HOST },

    { "rtmp://h:/app", "k", PORT },
    { "rtmp://h:0/app", "k", PORT },
    { "rtmp://h:00000/app", "k", PORT },
    { "rtmp://h:65536/app", "k", PORT },
    { "rtmp://h:99999/app", "k", PORT },
    { "rtmp://h:001935/app", "k", PORT },
    { "rtmp://h:18446744073709551617/app", "k", PORT },
    { "rtmp://h:-1/app", "k", PORT },
    { "rtmp://h:+1/app", "k", PORT },
    { "rtmp://h:19x5/app", "k", PORT },
    { "rtmp://h:1:2/app", "k", PORT },
    { "rtmp://[::1]1935/app", "k", PORT },
    { "rtmp://[::1]:/app", "k", PORT },
    { "rtmp://[::1].example/app", "k", PORT },

    { "rtmp://h", "k", APP },
    { "rtmp://h/", "k", APP },
    { "rtmp://h//", "k", APP },
    { "rtmp://h?app", "k", APP },
    { "rtmp://h?/app/key", "", APP },
    { "rtmp://h/?app", "k", APP },
    { "rtmp://h///?app/", "k", APP },

    { "rtmp://h", "", APP },
    { "rtmp://h/", "", KEY },
    { "rtmp://h/app", "", KEY },
    { "rtmp://h//key", "", KEY },
    { "rtmp://h/app/", "", KEY },
    { "rtmp://h/app//", "", KEY },
    { "rtmp://h/app/?key", "", KEY },
    { "rtmp://h/app?x=/key", "", KEY },

    /* the key in the URL */

    { "rtmp://h/app/key", "", "h 1935 app key rtmp://h/app" },
    { "RTMP://H/app/Key", "", "H 1935 app Key rtmp://H/app" },
    { "rtmps://h/app/key", "", "h 443 app key rtmps://h/app tls" },
    { "RtMpS://h/app/key", "", "h 443 app key rtmps://h/app tls" },
    { "rtmp://h/a/b/c/key", "", "h 1935 a/b/c key rtmp://h/a/b/c" },
    { "rtmp://h//app//key", "", "h 1935 app key rtmp://h/app" },
    { "rtmp://h/app/key?a=b&c=/d/e", "",
      "h 1935 app key?a=b&c=/d/e rtmp://h/app" },
    { "rtmp://h/app/key?", "", "h 1935 app key? rtmp://h/app" },
    { "rtmp://h/app/key?a?b", "", "h 1935 app key?a?b rtmp://h/app" },
    { "rtmp://h/app/%20k%2F", "", "h 1935 app %20k%2F rtmp://h/app" },
    { "rtmp://h/app/a@b:c[d]", "", "h 1935 app a@b:c[d] rtmp://h/app" },
    { "rtmp://h/../key", "", "h 1935 .. key rtmp://h/.." },
    { "rtmp://h/app/!\"$&'()*+,-.:;<=>@[\\]^_`{|}~", "",
      "h 1935 app !\"$&'()*+,-.:;<=>@[\\]^_`{|}~ rtmp://h/app" },

    /* and apart */

    { "rtmp://h/app", "key", "h 1935 app key rtmp://h/app" },
    { "rtmp://h/app/", "key", "h 1935 app key rtmp://h/app" },
    { "rtmp://h//app//", "key", "h 1935 app key rtmp://h/app" },
    { "rtmp://h/a/b", "key", "h 1935 a/b key rtmp://h/a/b" },
    { "rtmp://h/app?x=y/", "key", "h 1935 app?x=y key rtmp://h/app?x=y" },
    { "rtmp://h/app/?x=y", "key", "h 1935 app/?x=y key rtmp://h/app/?x=y" },
    { "rtmp://h/app", "/k/e/y/", "h 1935 app /k/e/y/ rtmp://h/app" },
    { "rtmp://h/app", "?k#y", "h 1935 app ?k#y rtmp://h/app" },

    /* ports, of which the default is not written */

    { "rtmp://h:1935/app/key", "", "h 1935 app key rtmp://h/app port" },
    { "rtmp://h:443/app/key", "", "h 443 app key rtmp://h:443/app port" },
    { "rtmps://h:443/app/key", "", "h 443 app key rtmps://h/app tls port" },
    { "rtmps://h:1935/app/key", "",
      "h 1935 app key rtmps://h:1935/app tls port" },
    { "rtmp://h:1/app/key", "", "h 1 app key rtmp://h:1/app port" },
    { "rtmp://h:65535/app/key", "",
      "h 65535 app key rtmp://h:65535/app port" },
    { "rtmp://h:01936/app/key", "", "h 1936 app key rtmp://h:1936/app port" },

    /* hosts */

    { "rtmp://127.0.0.1/app/key", "",
      "127.0.0.1 1935 app key rtmp://127.0.0.1/app ipv4" },
    { "rtmp://[::1]/app/key", "", "::1 1935 app key rtmp://[::1]/app ipv6" },
    { "rtmps://[2001:db8::1]:1936/app/key", "",
      "2001:db8::1 1936 app key rtmps://[2001:db8::1]:1936/app tls ipv6 port" },
    { "rtmp://[::ffff:127.0.0.1]/app/key", "",
      "::ffff:127.0.0.1 1935 app key rtmp://[::ffff:127.0.0.1]/app ipv6" },
    { "rtmp://a-b.c_d.1st.example/app/key", "",
      "a-b.c_d.1st.example 1935 app key rtmp://a-b.c_d.1st.example/app" },
    { "rtmp://1st/app/key", "", "1st 1935 app key rtmp://1st/app" },
    { "rtmp://0xyz/app/key", "", "0xyz 1935 app key rtmp://0xyz/app" },
    { "rtmp://" L60 "abc/app/key", "",
      L60 "abc 1935 app key rtmp://" L60 "abc/app" },
    { "rtmp://" L60 "." L60 "." L60 "." L60 ".abcdefghi/app/key", "",
      L60 "." L60 "." L60 "." L60 ".abcdefghi 1935 app key "
      "rtmp://" L60 "." L60 "." L60 "." L60 ".abcdefghi/app" },

    /* of platforms */

    { "rtmps://a.rtmps.youtube.com:443/live2", "abcd-efgh",
      "a.rtmps.youtube.com 443 live2 abcd-efgh "
      "rtmps://a.rtmps.youtube.com/live2 tls port" },
    { "rtmps://b.rtmps.youtube.com:443/live2?backup=1", "abcd-efgh",
      "b.rtmps.youtube.com 443 live2?backup=1 abcd-efgh "
      "rtmps://b.rtmps.youtube.com/live2?backup=1 tls port" },
    { "rtmps://ingest.global-contribute.live-video.net/app/"
      "live_123_abc?bandwidthtest=true", "",
      "ingest.global-contribute.live-video.net 443 app "
      "live_123_abc?bandwidthtest=true "
      "rtmps://ingest.global-contribute.live-video.net/app tls" },
    { "rtmps://live-api-s.facebook.com:443/rtmp/"
      "FB-1-0-AbcD?s_bl=1&s_ps=1&s_sw=0&a=Ab-c_d/e", "",
      "live-api-s.facebook.com 443 rtmp "
      "FB-1-0-AbcD?s_bl=1&s_ps=1&s_sw=0&a=Ab-c_d/e "
      "rtmps://live-api-s.facebook.com/rtmp tls port" },
    { "rtmps://live.cloudflare.com:443/live/", "0123k4567",
      "live.cloudflare.com 443 live 0123k4567 "
      "rtmps://live.cloudflare.com/live tls port" },

    { NULL, NULL, NULL }
};


/* of the exact size, so that a sanitizer sees a read behind its end */

static ngx_str_t
copy(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = malloc(s.len ? s.len : 1);

    if (s.data == NULL) {
        exit(2);
    }

    ngx_memcpy(s.data, text, s.len);

    return s;
}


static void
describe(const char *url, const char *key, char *text, size_t size)
{
    u_char               *tc, *end;
    ngx_str_t             u, k;
    const char           *error;
    ngx_simulcast_url_t   out;

    u = copy(url);
    k = copy(key);

    error = ngx_simulcast_url_parse(&u, &k, &out);

    if (error) {
        snprintf(text, size, "%s", error);

    } else {

        tc = malloc(NGX_SIMULCAST_URL_MAX + 8);

        if (tc == NULL) {
            exit(2);
        }

        end = ngx_simulcast_url_tc(&out, tc);

        snprintf(text, size, "%.*s %d %.*s %.*s %.*s%s%s%s%s",
                 (int) out.host.len, out.host.data, (int) out.port,
                 (int) out.app.len, out.app.data,
                 (int) out.key.len, out.key.data,
                 (int) (end - tc), tc,
                 out.tls ? " tls" : "", out.ipv4 ? " ipv4" : "",
                 out.ipv6 ? " ipv6" : "", out.port_given ? " port" : "");

        free(tc);
    }

    free(u.data);
    free(k.data);
}


static void
test_long(void)
{
    u_char                buf[2000], tc[NGX_SIMULCAST_URL_MAX + 8];
    ngx_str_t             url, key;
    ngx_simulcast_url_t   out;

    static const char  head[] = "rtmps://[::1]/";

    memset(buf, 'a', sizeof(buf));
    ngx_memcpy(buf, head, sizeof(head) - 1);

    url.data = buf;
    url.len = NGX_SIMULCAST_URL_MAX;
    key.data = buf + 100;
    key.len = NGX_SIMULCAST_KEY_MAX;

    tap_ok(ngx_simulcast_url_parse(&url, &key, &out) == NULL,
           "1024 characters of each");
    tap_is(ngx_simulcast_url_tc(&out, tc) - tc, NGX_SIMULCAST_URL_MAX,
           "and as many in tcUrl");

    key.len++;
    tap_is_text(ngx_simulcast_url_parse(&url, &key, &out),
                "the key is longer than 1024 characters", "a longer key");

    key.len--;
    url.len++;
    tap_is_text(ngx_simulcast_url_parse(&url, &key, &out),
                "the URL is longer than 1024 characters", "a longer URL");

    url.len = sizeof(head) - 1 + 2;
    url.data[url.len - 1] = '\0';
    tap_is_text(ngx_simulcast_url_parse(&url, &key, &out), CHARS,
                "a NUL in the URL");

    url.len--;
    key.len = 3;
    key.data[1] = '\0';
    tap_is_text(ngx_simulcast_url_parse(&url, &key, &out), KCHARS,
                "a NUL in the key");

    ngx_str_null(&url);
    ngx_str_null(&key);
    tap_is_text(ngx_simulcast_url_parse(&url, &key, &out), SCHEME,
                "neither URL nor key");
}


/* "NAME" of a row, which must not break its line nor be a bare number */

static const char *
name(const row_t *row)
{
    size_t       i;
    static char  text[2048];

    snprintf(text, sizeof(text), "\"%s\" and \"%s\"", row->url, row->key);

    for (i = 0; text[i]; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            text[i] = '.';

        } else if (text[i] == '#') {
            text[i] = 'H';
        }
    }

    return text;
}


int
main(void)
{
    char          text[4096];
    const row_t  *row;

    for (row = rows; row->url; row++) {
        describe(row->url, row->key, text, sizeof(text));
        tap_is_text(text, row->want, name(row));
    }

    test_long();

    return tap_done();
}
