
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_whip.h"
#include "ngx_whip_stats.h"
#include "ngx_whip_track.h"


static void ngx_whip_stats_track(ngx_whip_track_t *track,
    ngx_whip_media_stats_t *stats, ngx_msec_t ms);


void
ngx_whip_stats_update(ngx_whip_session_t *s)
{
    ngx_uint_t         i;
    ngx_msec_t         ms;
    ngx_whip_stats_t  *stats;

    if (s->slot == NULL) {
        return;
    }

    stats = &s->stats;
    ms = ngx_current_msec - s->second;
    ms = ngx_max(ms, 1);

    stats->uptime = ngx_current_msec - s->created;
    stats->skew_us = ngx_whip_clock_skew(&s->clock);
    stats->reports = ngx_whip_clock_synced(&s->clock);
    stats->twcc = s->twcc_on;
    stats->bad_packets = s->bad_packets;
    stats->paths = 0;

    for (i = 0; i < NGX_WHIP_PATHS; i++) {
        stats->paths += s->paths[i].connection != NULL;
    }

    ngx_whip_stats_track(&s->audio, &stats->audio, ms);
    ngx_whip_stats_track(&s->video, &stats->video, ms);

    stats->rtt = s->rtt;

    ngx_whip_registry_write(s->slot, stats);
}


static void
ngx_whip_stats_track(ngx_whip_track_t *track, ngx_whip_media_stats_t *stats,
    ngx_msec_t ms)
{
    ngx_uint_t                      i, rate;
    ngx_whip_stream_t              *st;
    ngx_whip_session_t             *s;
    ngx_whip_jitter_counters_t     *counters;
    const ngx_whip_audio_stats_t   *audio;

    s = track->session;

    if (s == NULL) {
        return;
    }

    stats->bitrate = (track->bytes - stats->bytes) * 8 * 1000 / ms;
    stats->fps_100 = (track->frames - stats->frames) * 100 * 1000 / ms;
    stats->bytes = track->bytes;
    stats->frames = track->frames;
    stats->dropped = track->dropped;
    stats->plis = track->plis;

    stats->packets = 0;
    stats->lost = 0;
    stats->late = 0;
    stats->duplicate = 0;
    stats->nacked = 0;
    stats->repaired = 0;
    stats->layers = 0;
    stats->fraction_lost = 0;

    rate = track->media.kind == NGX_WHIP_AUDIO ? NGX_WHIP_TRACK_AUDIO_RATE
                                               : NGX_WHIP_TRACK_VIDEO_RATE;

    for (i = 0; i < s->nstreams; i++) {
        st = s->streams[i];

        if (st->track != track) {
            continue;
        }

        counters = &st->jitter.counters;

        stats->packets += counters->received;
        stats->lost += counters->lost;
        stats->late += counters->late;
        stats->duplicate += counters->duplicate;
        stats->nacked += counters->nacked;
        stats->repaired += counters->repaired;
        stats->fraction_lost = ngx_max(stats->fraction_lost, st->fraction);
        stats->layers += ngx_current_msec - st->last < 2000;
        stats->jitter_us = (uint64_t) st->jitter_units * 1000000 / rate;

        /* how long repairs take */

        if (st->jitter.rtt) {
            s->rtt = (st->jitter.rtt + 999) / 1000;
        }
    }

    if (track->media.kind == NGX_WHIP_AUDIO) {
        ngx_memcpy(stats->codec, track->codec, sizeof(stats->codec));

        if (track->audio) {
            audio = ngx_whip_audio_stats(track->audio);
            stats->concealed = audio->concealed + audio->recovered;
        }

        return;
    }

    st = track->selected;

    if (st) {
        ngx_memcpy(stats->codec, st->codec, sizeof(stats->codec));
        stats->width = st->width;
        stats->height = st->height;
    }
}
