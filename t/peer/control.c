
/*
 * Copyright (C) the ngx_live contributors
 */


#include "control.h"
#include "report.h"
#include "whip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define CONTROL_HEX_MAX  4096             /* bytes */


static session_t     *control_sessions;
static unsigned       control_n;
static memory_buf_t   control_in;
static loop_io_t      control_io;


/* --- arguments ----------------------------------------------------------- */

static const char *
control_text(json_t *cmd, const char *name)
{
    return json_string_value(json_object_get(cmd, name));
}


static int64_t
control_number(json_t *cmd, const char *name, int64_t otherwise)
{
    json_t  *value;

    value = json_object_get(cmd, name);

    return json_is_number(value) ? (int64_t) json_number_value(value)
           : json_is_boolean(value) ? json_boolean_value(value)
           : otherwise;
}


/* bytes written in hexadecimal; their number, -1: they are not */

static int
control_hex(json_t *cmd, const char *name, uint8_t *out)
{
    int          n;
    unsigned     byte;
    const char  *text;

    text = control_text(cmd, name);

    if (text == NULL || strlen(text) > CONTROL_HEX_MAX * 2) {
        return -1;
    }

    for (n = 0; *text; n++, text += 2) {

        if (sscanf(text, "%2x", &byte) != 1 || text[1] == '\0') {
            return -1;
        }

        out[n] = (uint8_t) byte;
    }

    return n;
}


/* "track":"video" or "audio", the default; "rid" for a layer of the video */

static track_t *
control_track(session_t *s, json_t *cmd)
{
    int          kind;
    unsigned     i;
    track_t     *t;
    const char  *name, *rid;

    name = control_text(cmd, "track");
    rid = control_text(cmd, "rid");
    kind = name && strcmp(name, "audio") == 0 ? OPTIONS_AUDIO : OPTIONS_VIDEO;

    for (i = 0; i < s->sender.ntracks; i++) {

        t = &s->sender.tracks[i];

        if (t->kind == kind && (rid == NULL || strcmp(t->rid, rid) == 0)) {
            return s->sender.running ? t : NULL;
        }
    }

    return NULL;
}


/* --- commands: NULL, or what is wrong ------------------------------------ */

/* {"cmd":"stats"}: an event "stats" for each session */

static const char *
control_stats(session_t *s, json_t *cmd)
{
    report_object(s->number, "stats", session_stats(s));

    return NULL;
}


/* {"cmd":"stop","how":"vanish"} */

static const char *
control_stop(session_t *s, json_t *cmd)
{
    const char  *how, *error;
    options_t    o;

    how = control_text(cmd, "how");
    o.stop = s->options.stop;

    if (how) {
        error = options_set_text(&o, "stop", how);
        if (error) {
            return error;
        }
    }

    session_stop(s, o.stop);

    return NULL;
}


/* {"cmd":"set","video_loss":5,"audio_pause":true} */

static const char *
control_set(session_t *s, json_t *cmd)
{
    json_t      *value;
    const char  *name, *error;

    json_object_foreach(cmd, name, value) {

        if (strcmp(name, "cmd") == 0 || strcmp(name, "id") == 0
            || strcmp(name, "session") == 0)
        {
            continue;
        }

        error = options_set_json(&s->options, name, value, 1);
        if (error) {
            return error;
        }
    }

    return NULL;
}


/* {"cmd":"answer","sdp":"...","location":"...","etag":"..."} */

static const char *
control_answer(session_t *s, json_t *cmd)
{
    const char  *sdp;

    sdp = control_text(cmd, "sdp");

    if (sdp == NULL || s->state != SESSION_OFFERED) {
        return "no offer waits for an answer";
    }

    session_answer(s, sdp, control_text(cmd, "location"),
                   control_text(cmd, "etag"));

    return NULL;
}


/* {"cmd":"rebind","check":false} */

static const char *
control_rebind(session_t *s, json_t *cmd)
{
    return session_rebind(s, (int) control_number(cmd, "check", 1));
}


static const char *
control_restart(session_t *s, json_t *cmd)
{
    return whip_restart(s);
}


static const char *
control_trickle(session_t *s, json_t *cmd)
{
    return whip_trickle(s);
}


/* {"cmd":"patch","body":"...","if_match":"...","type":"..."} */

static const char *
control_patch(session_t *s, json_t *cmd)
{
    const char  *body;

    body = control_text(cmd, "body");

    return whip_patch(s, body ? body : "", control_text(cmd, "if_match"),
                      control_text(cmd, "type"));
}


/* {"cmd":"stun","kind":"bad_integrity"}, the kinds are in ice.c */

static const char *
control_stun(session_t *s, json_t *cmd)
{
    const char  *kind;

    kind = control_text(cmd, "kind");

    if (s->transport.remote.len == 0 || kind == NULL) {
        return "no address or no kind";
    }

    return ice_probe(&s->ice, kind) == -1 ? "unknown kind" : NULL;
}


/* {"cmd":"switch","to":1}: another video file, from its start */

static const char *
control_switch(session_t *s, json_t *cmd)
{
    int64_t   to;
    track_t  *t;

    to = control_number(cmd, "to", 1);
    t = control_track(s, cmd);

    if (t == NULL || t->kind != OPTIONS_VIDEO || to < 0
        || to >= (int64_t) s->media->nvideo)
    {
        return "no such file";
    }

    track_switch(t, s->media->video[to]);

    return NULL;
}


/* {"cmd":"keyframe"}: go on with one */

static const char *
control_keyframe(session_t *s, json_t *cmd)
{
    track_t  *t;

    t = control_track(s, cmd);
    if (t == NULL) {
        return "no such track";
    }

    track_jump(t, 1);

    return NULL;
}


/* {"cmd":"ssrc","track":"video","ssrc":N,"seq":N,"ts":N} */

static const char *
control_ssrc(session_t *s, json_t *cmd)
{
    track_t  *t;

    t = control_track(s, cmd);
    if (t == NULL) {
        return "no such track";
    }

    track_renumber(t, control_number(cmd, "ssrc", -1),
                   control_number(cmd, "seq", -1),
                   control_number(cmd, "ts", -1));

    return NULL;
}


/* {"cmd":"drop","track":"video","packets":3,"after":10} */

static const char *
control_drop(session_t *s, json_t *cmd)
{
    track_t  *t;

    t = control_track(s, cmd);
    if (t == NULL) {
        return "no such track";
    }

    t->drop = (uint64_t) control_number(cmd, "packets", 1);
    t->drop_after = (uint64_t) control_number(cmd, "after", 0);

    return NULL;
}


static const char *
control_sr(session_t *s, json_t *cmd)
{
    track_t  *t;

    t = control_track(s, cmd);
    if (t == NULL) {
        return "no such track";
    }

    sender_report(&s->sender, t);

    return NULL;
}


static const char *
control_bye(session_t *s, json_t *cmd)
{
    track_t  *t;

    t = control_track(s, cmd);
    if (t == NULL) {
        return "no such track";
    }

    sender_bye(&s->sender, t);

    return NULL;
}


/*
 * {"cmd":"rtp","track":"video","payload":"HEX","marker":1,"pt":N,"ts":N,
 * "count":N}: a payload of the caller's in an authentic packet
 */

static const char *
control_rtp(session_t *s, json_t *cmd)
{
    int       len;
    int64_t   n;
    uint8_t   bytes[CONTROL_HEX_MAX];
    track_t  *t;

    t = control_track(s, cmd);
    len = control_hex(cmd, "payload", bytes);

    if (t == NULL || len == -1
        || len > TRANSPORT_MTU - RTP_HEADER - SRTP_MAX_TRAILER_LEN)
    {
        return "no such track, or no bytes";
    }

    for (n = control_number(cmd, "count", 1); n > 0; n--) {
        track_send(t, bytes, (size_t) len,
                   (int) control_number(cmd, "marker", 0),
                   (int) control_number(cmd, "pt", -1),
                   control_number(cmd, "ts", -1));
    }

    transport_flush();

    return NULL;
}


/* {"cmd":"rtcp","packet":"HEX"}: to be encrypted */

static const char *
control_rtcp(session_t *s, json_t *cmd)
{
    int      len;
    uint8_t  bytes[CONTROL_HEX_MAX];

    len = control_hex(cmd, "packet", bytes);

    if (len < 8 || !s->sender.running) {
        return "not running, or no bytes";
    }

    sender_send_rtcp(&s->sender, bytes, (size_t) len);

    return NULL;
}


/* {"cmd":"raw","packet":"HEX","count":N}: as it is, to where media goes */

static const char *
control_raw(session_t *s, json_t *cmd)
{
    int      len;
    int64_t  n;
    uint8_t  bytes[CONTROL_HEX_MAX];

    len = control_hex(cmd, "packet", bytes);

    if (len == -1 || s->transport.remote.len == 0) {
        return "no address, or no bytes";
    }

    for (n = control_number(cmd, "count", 1); n > 0; n--) {
        transport_send(&s->transport, bytes, (size_t) len, NULL);
    }

    return NULL;
}


/* {"cmd":"close_notify"}: nothing else ends */

static const char *
control_close_notify(session_t *s, json_t *cmd)
{
    dtls_close_notify(&s->dtls);

    return NULL;
}


static const struct {
    const char   *name;
    const char *(*handler)(session_t *s, json_t *cmd);
} control_commands[] = {
    { "stats",        control_stats },
    { "stop",         control_stop },
    { "set",          control_set },
    { "answer",       control_answer },
    { "rebind",       control_rebind },
    { "restart",      control_restart },
    { "trickle",      control_trickle },
    { "patch",        control_patch },
    { "stun",         control_stun },
    { "switch",       control_switch },
    { "keyframe",     control_keyframe },
    { "ssrc",         control_ssrc },
    { "drop",         control_drop },
    { "sr",           control_sr },
    { "bye",          control_bye },
    { "rtp",          control_rtp },
    { "rtcp",         control_rtcp },
    { "raw",          control_raw },
    { "close_notify", control_close_notify },
    { NULL, NULL }
};


/* --- lines --------------------------------------------------------------- */

static const char *
control_run(json_t *cmd)
{
    int64_t      only;
    unsigned     i, k;
    const char  *name, *error, *found;

    name = control_text(cmd, "cmd");
    only = control_number(cmd, "session", -1);
    found = "no such session";

    for (i = 0; name && control_commands[i].name; i++) {

        if (strcmp(control_commands[i].name, name) != 0) {
            continue;
        }

        for (k = 0; k < control_n; k++) {

            if (only >= 0 && control_sessions[k].number != only) {
                continue;
            }

            error = control_commands[i].handler(&control_sessions[k], cmd);
            if (error) {
                return error;
            }

            found = NULL;
        }

        return found;
    }

    return "unknown command";
}


static void
control_line(const char *line)
{
    json_t        *cmd;
    const char    *error;
    json_int_t     id;
    json_error_t   fault;

    cmd = json_loads(line, 0, &fault);
    error = cmd ? control_run(cmd) : fault.text;
    id = cmd ? (json_int_t) control_number(cmd, "id", 0) : 0;

    if (error) {
        report(REPORT_ALL, "error", "{s:I,s:s}", "id", id, "text", error);
    } else {
        report(REPORT_ALL, "done", "{s:I}", "id", id);
    }

    json_decref(cmd);
}


static void
control_end(void)
{
    unsigned  k;

    loop_io_close(&control_io);

    for (k = 0; k < control_n; k++) {
        session_stop(&control_sessions[k], control_sessions[k].options.stop);
    }
}


static void
control_event(void *data, uint32_t events)
{
    char     chunk[65536], *line, *end;
    ssize_t  n;

    n = read(STDIN_FILENO, chunk, sizeof(chunk));

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n <= 0) {
        control_end();
        return;
    }

    memory_buf_add(&control_in, chunk, (size_t) n);

    for (line = control_in.data; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';

        if (*line) {
            control_line(line);
        }
    }

    control_in.len -= (size_t) (line - control_in.data);
    memmove(control_in.data, line, control_in.len + 1);
}


void
control_start(session_t *sessions, unsigned n)
{
    control_sessions = sessions;
    control_n = n;

    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);

    control_io.fd = STDIN_FILENO;
    control_io.handler = control_event;

    loop_io_add(&control_io, EPOLLIN);
}


/* byte by byte, for what is behind it is read by control_event() */

const char *
control_read_options(json_t **options)
{
    char           c;
    ssize_t        n;
    const char    *error;
    json_error_t   fault;
    memory_buf_t   b;

    memset(&b, 0, sizeof(memory_buf_t));
    memory_buf_add(&b, NULL, 0);

    while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
        memory_buf_add(&b, &c, 1);
    }

    error = NULL;
    *options = json_loads(b.data, 0, &fault);

    if (!json_is_object(*options)) {
        error = "the first line of stdin is no JSON object";
    }

    memory_buf_free(&b);

    return error;
}
