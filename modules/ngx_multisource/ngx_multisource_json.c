
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_multisource.h"
#include "ngx_multisource_json.h"
#include "ngx_multisource_stage.h"
#include "ngx_multisource_walk.h"


static const char *ngx_multisource_json_protocol(
    ngx_multisource_record_t *record);
static ngx_uint_t ngx_multisource_json_stream(ngx_multisource_show_t *show,
    ngx_multisource_entry_t *entry);
static ngx_int_t ngx_multisource_json_viewers(json_t *json,
    ngx_multisource_show_t *show, ngx_multisource_entry_t *entry);
static ngx_int_t ngx_multisource_json_video(json_t *json,
    ngx_multisource_track_t *track);
static ngx_int_t ngx_multisource_json_audio(json_t *json,
    ngx_multisource_track_t *track);


json_t *
ngx_multisource_json_source(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_entry_t *entry)
{
    ngx_str_t               streamer;
    ngx_multisource_show_t  show;

    streamer.data = entry->record.streamer;
    streamer.len = ngx_strlen(streamer.data);

    return ngx_multisource_json_source_of(mlcf, entry,
               ngx_multisource_json_show(mlcf, &streamer, &show));
}


json_t *
ngx_multisource_json_source_of(ngx_multisource_loc_conf_t *mlcf,
    ngx_multisource_entry_t *entry, ngx_multisource_show_t *show)
{
    json_t                    *json;
    ngx_multisource_record_t  *record;

    record = &entry->record;

    json = json_pack("{s:s,s:o,s:o,s:o,s:s,s:s,s:o}",
                     "id", record->source,
                     "label", ngx_multisource_json_label(record->source),
                     "url", ngx_multisource_json_url(&mlcf->hls_url,
                                record->streamer, record->source,
                                "/index.m3u8"),
                     "watch_url", ngx_multisource_json_url(&mlcf->watch_url,
                                record->streamer, record->source, ""),
                     "state", entry->stalled ? "stalled" : "live",
                     "protocol", ngx_multisource_json_protocol(record),
                     "started_at", ngx_live_answer_time(record->started));

    if (json == NULL) {
        return NULL;
    }

    if (ngx_multisource_json_viewers(json, show, entry) != NGX_OK
        || ngx_multisource_json_video(json, &record->video) != NGX_OK
        || ngx_multisource_json_audio(json, &record->audio) != NGX_OK)
    {
        json_decref(json);
        return NULL;
    }

    return json;
}


static const char *
ngx_multisource_json_protocol(ngx_multisource_record_t *record)
{
    switch (record->protocol) {

    case NGX_MULTISOURCE_RELAY:
        return "relay";

    case NGX_MULTISOURCE_WHIP:
        return "whip";

    default:
        return "rtmp";
    }
}


ngx_multisource_show_t *
ngx_multisource_json_show(ngx_multisource_loc_conf_t *mlcf,
    ngx_str_t *streamer, ngx_multisource_show_t *show)
{
    ngx_multisource_shows_t  *shows;

    shows = ngx_multisource_stage_shows();

    return shows->shared
           && ngx_multisource_show_of(shows, &mlcf->app->name, streamer, 0,
                                      show)
              == NGX_OK
           ? show : NULL;
}


ngx_uint_t
ngx_multisource_json_disabled(ngx_multisource_show_t *show,
    ngx_multisource_entry_t *entry)
{
    ngx_uint_t  n;

    n = ngx_multisource_json_stream(show, entry);

    return n != NGX_MULTISOURCE_SHOW_NONE && show->record.streams[n].disabled;
}


/* its number in the show, or NONE */

static ngx_uint_t
ngx_multisource_json_stream(ngx_multisource_show_t *show,
    ngx_multisource_entry_t *entry)
{
    ngx_str_t  name;

    if (show == NULL) {
        return NGX_MULTISOURCE_SHOW_NONE;
    }

    name.data = entry->record.source;
    name.len = ngx_strlen(name.data);

    return ngx_multisource_show_stream(&show->record, &name);
}


/* where there are sessions it is known how many watch */

static ngx_int_t
ngx_multisource_json_viewers(json_t *json, ngx_multisource_show_t *show,
    ngx_multisource_entry_t *entry)
{
    ngx_uint_t                      n, viewers;
    ngx_multisource_show_counts_t  *counts;

    if (ngx_multisource_stage_shows()->shared == NULL) {
        return NGX_OK;
    }

    n = ngx_multisource_json_stream(show, entry);
    viewers = 0;

    if (n != NGX_MULTISOURCE_SHOW_NONE) {
        counts = ngx_multisource_show_counts(show);
        viewers = counts ? counts->streams[n].now : 0;
    }

    return json_object_set_new(json, "viewers", json_integer(viewers)) == 0
           ? NGX_OK : NGX_ERROR;
}


json_t *
ngx_multisource_json_url(ngx_str_t *prefix, u_char *streamer, u_char *source,
    const char *tail)
{
    return json_sprintf("%.*s%s/%s%s", (int) prefix->len, prefix->data,
                        streamer, source, tail);
}


json_t *
ngx_multisource_json_label(u_char *source)
{
    u_char     label[NGX_MULTISOURCE_NAME_MAX];
    size_t     len;
    ngx_str_t  name;

    name.data = source;
    name.len = ngx_strlen(source);

    len = ngx_multisource_name_label(&name, label);

    return json_stringn((char *) label, len);
}


json_t *
ngx_multisource_json_fps(uint32_t fps)
{
    uint32_t  nearest;

    /* arrival jitter moves a measure by a frame or so within the window */

    nearest = (fps + 500) / 1000 * 1000;

    if (nearest && fps > nearest - nearest / 40 && fps < nearest + nearest / 40)
    {
        return json_integer(nearest / 1000);
    }

    return json_real((fps + 50) / 100 / 10.0);
}


static ngx_int_t
ngx_multisource_json_video(json_t *json, ngx_multisource_track_t *track)
{
    json_t  *video;

    if (track->codec[0] == '\0') {
        return NGX_OK;
    }

    video = json_pack("{s:s,s:o,s:i}", "codec", track->codec,
                      "fps", ngx_multisource_json_fps(track->fps),
                      "bitrate_kbps", (int) track->bitrate);

    if (json_object_set_new(json, "video", video) != 0) {
        return NGX_ERROR;
    }

    /* what a codec's record does not tell is left out */

    if (track->width
        && (json_object_set_new(video, "width",
                                json_integer(track->width)) != 0
            || json_object_set_new(video, "height",
                                   json_integer(track->height)) != 0))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_json_audio(json_t *json, ngx_multisource_track_t *track)
{
    json_t  *audio;

    if (track->codec[0] == '\0') {
        return NGX_OK;
    }

    audio = json_pack("{s:s,s:i}", "codec", track->codec,
                      "bitrate_kbps", (int) track->bitrate);

    if (json_object_set_new(json, "audio", audio) != 0) {
        return NGX_ERROR;
    }

    if (track->sample_rate
        && (json_object_set_new(audio, "sample_rate",
                                json_integer(track->sample_rate)) != 0
            || json_object_set_new(audio, "channels",
                                   json_integer(track->channels)) != 0))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


json_t *
ngx_multisource_json_sources(ngx_multisource_loc_conf_t *mlcf,
    ngx_str_t *streamer)
{
    json_t                   *list, *json;
    ngx_uint_t                i, n;
    ngx_multisource_show_t    open, *show;
    ngx_multisource_entry_t   entries[NGX_MULTISOURCE_MAX_SOURCES];

    show = ngx_multisource_json_show(mlcf, streamer, &open);

    n = ngx_multisource_walk_streamer(&mlcf->app->name, streamer, 0, entries);

    list = json_array();

    for (i = 0; i < n; i++) {

        if (ngx_multisource_json_disabled(show, &entries[i])) {
            continue;
        }

        json = ngx_multisource_json_source_of(mlcf, &entries[i], show);

        if (json_array_append_new(list, json) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}
