
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_moment.h"
#include "ngx_simulcast_setting.h"


#define NGX_SIMULCAST_SETTING_TAGS   10
#define NGX_SIMULCAST_SETTING_TAG    25        /* characters */
#define NGX_SIMULCAST_SETTING_SIDE   8192      /* pixels */

#define YOUTUBE     (1 << NGX_SIMULCAST_YOUTUBE)
#define TWITCH      (1 << NGX_SIMULCAST_TWITCH)
#define FACEBOOK    (1 << NGX_SIMULCAST_FACEBOOK)
#define CLOUDFLARE  (1 << NGX_SIMULCAST_CLOUDFLARE)
#define ALL         ((1 << NGX_SIMULCAST_NPLATFORMS) - 1)


typedef struct ngx_simulcast_setting_s  ngx_simulcast_setting_t;

/* NULL, or what would be right */
typedef const char *(*ngx_simulcast_setting_pt)(
    const ngx_simulcast_setting_t *setting, json_t *value);

/* a setting, for the platforms that have it; several rows may tell what it is
   on different ones */

struct ngx_simulcast_setting_s {
    const char                *name;
    ngx_uint_t                 platforms;       /* bits */
    ngx_simulcast_setting_pt   check;
    json_int_t                 min;
    json_int_t                 max;
    const char                *words[6];
    const char                *expected;
};


static const ngx_simulcast_setting_t *ngx_simulcast_setting_find(
    const char *name, ngx_uint_t platform, ngx_uint_t *elsewhere);
static const char *ngx_simulcast_setting_integer(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_boolean(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_word(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_length(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_title(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_digits(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_page(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_resolution(
    const ngx_simulcast_setting_t *setting, json_t *value);
static ngx_uint_t ngx_simulcast_setting_side(const char **p);
static const char *ngx_simulcast_setting_moment(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_language(
    const ngx_simulcast_setting_t *setting, json_t *value);
static const char *ngx_simulcast_setting_tags(
    const ngx_simulcast_setting_t *setting, json_t *value);


static const ngx_simulcast_setting_t  ngx_simulcast_setting_table[] = {

    { "bitrate", ALL, ngx_simulcast_setting_integer, 500, 20000, { NULL },
      "must be a whole number of kbit/s from 500 to 20000" },
    { "resolution", ALL, ngx_simulcast_setting_resolution, 0, 0, { NULL },
      "must be \"WIDTHxHEIGHT\", two even numbers from 16 to 8192" },
    { "framerate", ALL, ngx_simulcast_setting_integer, 15, 60, { NULL },
      "must be a whole number from 15 to 60" },
    { "preset", ALL, ngx_simulcast_setting_word, 0, 0,
      { "ultrafast", "veryfast", "fast", "medium", "slow" },
      "must be ultrafast, veryfast, fast, medium or slow" },
    { "auto_start", ALL, ngx_simulcast_setting_boolean, 0, 0, { NULL },
      "must be true or false" },
    { "auto_reconnect", ALL, ngx_simulcast_setting_boolean, 0, 0, { NULL },
      "must be true or false" },
    { "max_retries", ALL, ngx_simulcast_setting_integer, 0, 100, { NULL },
      "must be a whole number from 0 to 100" },

    { "privacy", YOUTUBE, ngx_simulcast_setting_word, 0, 0,
      { "public", "unlisted", "private" },
      "must be public, unlisted or private" },
    { "privacy", FACEBOOK, ngx_simulcast_setting_word, 0, 0,
      { "EVERYONE", "ALL_FRIENDS", "SELF" },
      "must be EVERYONE, ALL_FRIENDS or SELF" },

    { "title", YOUTUBE, ngx_simulcast_setting_title, 1, 100, { NULL },
      "must have 1 to 100 characters, and neither \"<\" nor \">\"" },
    { "title", TWITCH, ngx_simulcast_setting_length, 1, 140, { NULL },
      "must have 1 to 140 characters" },
    { "title", ALL, ngx_simulcast_setting_length, 1, 254, { NULL },
      "must have 1 to 254 characters" },
    { "description", YOUTUBE, ngx_simulcast_setting_title, 0, 5000, { NULL },
      "must have up to 5000 characters, and neither \"<\" nor \">\"" },
    { "description", ALL, ngx_simulcast_setting_length, 0, 5000, { NULL },
      "must have up to 5000 characters" },

    { "category", YOUTUBE|TWITCH, ngx_simulcast_setting_length, 1, 100,
      { NULL }, "must have 1 to 100 characters" },
    { "game_id", TWITCH, ngx_simulcast_setting_digits, 1, 20, { NULL },
      "must be a string of 1 to 20 digits" },
    { "latency", YOUTUBE|TWITCH|CLOUDFLARE, ngx_simulcast_setting_word, 0, 0,
      { "normal", "low", "ultraLow" },
      "must be normal, low or ultraLow" },
    { "dvr", YOUTUBE, ngx_simulcast_setting_boolean, 0, 0, { NULL },
      "must be true or false" },
    { "content_encryption", YOUTUBE, ngx_simulcast_setting_boolean, 0, 0,
      { NULL }, "must be true or false" },
    { "page_id", FACEBOOK, ngx_simulcast_setting_page, 1, 32, { NULL },
      "must be a string of 1 to 32 digits, or \"me\" for the profile" },
    { "scheduled_start", YOUTUBE|FACEBOOK, ngx_simulcast_setting_moment, 0, 0,
      { NULL }, "must be a time such as 2026-11-21T20:00:00Z" },
    { "recording_mode", CLOUDFLARE, ngx_simulcast_setting_word, 0, 0,
      { "off", "automatic" },
      "must be off or automatic" },
    { "delete_recording_after_days", CLOUDFLARE,
      ngx_simulcast_setting_integer, 30, 1096, { NULL },
      "must be a whole number from 30 to 1096" },
    { "tags", YOUTUBE|TWITCH, ngx_simulcast_setting_tags, 0, 0, { NULL },
      "must be an array of up to 10 strings of 1 to 25 characters without "
      "blanks" },
    { "language", YOUTUBE|TWITCH, ngx_simulcast_setting_language, 0, 0,
      { NULL },
      "must be a language such as \"en\" or \"pt-br\", or \"other\"" },
    { "bandwidth_test", TWITCH, ngx_simulcast_setting_boolean, 0, 0,
      { NULL }, "must be true or false" },

    { NULL, 0, NULL, 0, 0, { NULL }, NULL }
};


ngx_int_t
ngx_simulcast_setting_merge(json_t *record, json_t *given,
    ngx_uint_t platform, ngx_live_body_error_t *error)
{
    char                            moment[NGX_SIMULCAST_MOMENT];
    json_t                         *settings, *value;
    ngx_uint_t                      elsewhere;
    const char                     *name, *wrong;
    const ngx_simulcast_setting_t  *setting;

    settings = json_object_get(record, "settings");

    if (!json_is_object(settings)) {
        settings = json_object();
        json_object_set_new(record, "settings", settings);
    }

    json_object_foreach(given, name, value) {

        setting = ngx_simulcast_setting_find(name, platform, &elsewhere);

        if (setting == NULL) {
            ngx_live_body_wrong(error, "settings", name,
                elsewhere ? "this platform has no such setting"
                          : "there is no such setting");
            return NGX_ERROR;
        }

        if (json_is_null(value)) {
            json_object_del(settings, name);
            continue;
        }

        wrong = setting->check(setting, value);

        if (wrong) {
            ngx_live_body_wrong(error, "settings", name, wrong);
            return NGX_ERROR;
        }

        if (setting->check == ngx_simulcast_setting_moment) {

            (void) ngx_simulcast_moment_print(
                       ngx_simulcast_moment_parse(json_string_value(value)),
                       moment);

            json_object_set_new(settings, name, json_string(moment));
            continue;
        }

        json_object_set(settings, name, value);
    }

    return NGX_OK;
}


static const ngx_simulcast_setting_t *
ngx_simulcast_setting_find(const char *name, ngx_uint_t platform,
    ngx_uint_t *elsewhere)
{
    const ngx_simulcast_setting_t  *setting;

    *elsewhere = 0;

    for (setting = ngx_simulcast_setting_table; setting->name; setting++) {

        if (ngx_strcmp(setting->name, name) != 0) {
            continue;
        }

        if (setting->platforms & ((ngx_uint_t) 1 << platform)) {
            return setting;
        }

        *elsewhere = 1;
    }

    return NULL;
}


static const char *
ngx_simulcast_setting_integer(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    return json_is_integer(value)
           && json_integer_value(value) >= setting->min
           && json_integer_value(value) <= setting->max
           ? NULL : setting->expected;
}


static const char *
ngx_simulcast_setting_boolean(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    return json_is_boolean(value) ? NULL : setting->expected;
}


static const char *
ngx_simulcast_setting_word(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    ngx_uint_t  i;

    if (json_is_string(value)) {
        for (i = 0; setting->words[i]; i++) {
            if (ngx_strcmp(json_string_value(value), setting->words[i]) == 0) {
                return NULL;
            }
        }
    }

    return setting->expected;
}


static const char *
ngx_simulcast_setting_length(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    size_t  n;

    if (!json_is_string(value)) {
        return setting->expected;
    }

    n = ngx_live_body_chars(value);

    return n >= (size_t) setting->min && n <= (size_t) setting->max
           ? NULL : setting->expected;
}


static const char *
ngx_simulcast_setting_title(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    if (json_is_string(value)
        && strpbrk(json_string_value(value), "<>") != NULL)
    {
        return setting->expected;
    }

    return ngx_simulcast_setting_length(setting, value);
}


static const char *
ngx_simulcast_setting_digits(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    const char  *p;

    if (ngx_simulcast_setting_length(setting, value) != NULL) {
        return setting->expected;
    }

    for (p = json_string_value(value); *p; p++) {
        if (*p < '0' || *p > '9') {
            return setting->expected;
        }
    }

    return NULL;
}


static const char *
ngx_simulcast_setting_page(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    const char  *s;

    s = json_string_value(value);

    if (s && ngx_strcmp(s, "me") == 0) {
        return NULL;
    }

    return ngx_simulcast_setting_digits(setting, value);
}


static const char *
ngx_simulcast_setting_resolution(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    const char  *p;

    if (!json_is_string(value)) {
        return setting->expected;
    }

    p = json_string_value(value);

    if (!ngx_simulcast_setting_side(&p) || *p++ != 'x'
        || !ngx_simulcast_setting_side(&p) || *p != '\0')
    {
        return setting->expected;
    }

    return NULL;
}


static ngx_uint_t
ngx_simulcast_setting_side(const char **p)
{
    ngx_uint_t  n;

    if (**p == '0') {
        return 0;
    }

    for (n = 0; **p >= '0' && **p <= '9'; (*p)++) {

        n = n * 10 + (**p - '0');

        if (n > NGX_SIMULCAST_SETTING_SIDE) {
            return 0;
        }
    }

    return n >= 16 && n % 2 == 0;
}


static const char *
ngx_simulcast_setting_moment(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    char     buf[NGX_SIMULCAST_MOMENT];
    int64_t  t;

    if (!json_is_string(value)) {
        return setting->expected;
    }

    t = ngx_simulcast_moment_parse(json_string_value(value));

    return t == NGX_ERROR || ngx_simulcast_moment_print(t, buf) == NULL
           ? setting->expected : NULL;
}


/* RFC 5646, its usual part: a language of 2 or 3 letters, a region or script */

static const char *
ngx_simulcast_setting_language(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    size_t       n;
    const char  *p;

    if (!json_is_string(value)) {
        return setting->expected;
    }

    p = json_string_value(value);

    if (ngx_strcmp(p, "other") == 0) {
        return NULL;
    }

    for (n = 0; *p >= 'a' && *p <= 'z'; p++, n++) { /* void */ }

    if (n != 2 && n != 3) {
        return setting->expected;
    }

    if (*p == '\0') {
        return NULL;
    }

    if (*p++ != '-') {
        return setting->expected;
    }

    for (n = 0;
         (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
         || (*p >= '0' && *p <= '9');
         p++, n++)
    {
        /* void */
    }

    return n >= 2 && n <= 8 && *p == '\0' ? NULL : setting->expected;
}


static const char *
ngx_simulcast_setting_tags(const ngx_simulcast_setting_t *setting,
    json_t *value)
{
    size_t   i, n;
    json_t  *tag;

    if (!json_is_array(value)
        || json_array_size(value) > NGX_SIMULCAST_SETTING_TAGS)
    {
        return setting->expected;
    }

    json_array_foreach(value, i, tag) {

        if (!json_is_string(tag)
            || strpbrk(json_string_value(tag), " ,<>\"") != NULL)
        {
            return setting->expected;
        }

        n = ngx_live_body_chars(tag);

        if (n == 0 || n > NGX_SIMULCAST_SETTING_TAG) {
            return setting->expected;
        }
    }

    return NULL;
}
