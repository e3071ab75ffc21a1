
/*
 * Copyright (C) the ngx_live contributors
 */


#include "options.h"
#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


typedef enum {
    NUMBER,                               /* int64_t */
    REAL,                                 /* double */
    FLAG,                                 /* int, 0 or 1 */
    CHOICE,                               /* int, a place in "choices" */
    TEXT,                                 /* char * */
    FILES                                 /* char *[OPTIONS_FILES_MAX] */
} option_type_e;


typedef struct {
    const char     *name;
    option_type_e   type;
    size_t          offset;
    const char     *value;                /* the default, NULL: zeroes */
    const char     *choices;              /* words */
    const char     *help;
} option_t;


#define O(name)  offsetof(options_t, name)
#define T(name)  offsetof(track_options_t, name)


static const option_t  options_table[] = {

    /* what and where */

    { "url", TEXT, O(url), NULL, NULL,
      "WHIP endpoint; %d becomes the number of the session" },
    { "bearer", TEXT, O(bearer), NULL, NULL,
      "token, from stdin only; %d as in url" },
    { "bearer_file", TEXT, O(bearer_file), NULL, NULL,
      "a file with the token" },
    { "sessions", NUMBER, O(sessions), "1", NULL,
      "how many sessions" },
    { "first", NUMBER, O(first), "0", NULL,
      "the first number for %d" },
    { "stagger", NUMBER, O(stagger), "20", NULL,
      "ms between the starts of sessions" },
    { "duration", REAL, O(duration), "0", NULL,
      "seconds of media, then stop; 0: until told to stop" },
    { "cycles", NUMBER, O(cycles), "1", NULL,
      "how often each session runs; 0: again and again" },
    { "cycle_pause", NUMBER, O(cycle_pause), "200", NULL,
      "ms between two cycles" },
    { "reconnect", NUMBER, O(reconnect), "0", NULL,
      "ms from a close by the server to a new POST; 0: no reconnect" },
    { "stop", CHOICE, O(stop), "full", "full delete dtls vanish",
      "how a session ends: close_notify and DELETE, one of them, or nothing" },
    { "expect", CHOICE, O(expect), "connected",
      "connected refused closed any",
      "what the exit code 0 is for: connected until stopped; POST refused with"
      " 4xx or 5xx; closed by the server; anything" },
    { "http", CHOICE, O(http), "self", "self stdio",
      "self: POST by itself; stdio: event \"offer\", command \"answer\"" },
    { "http_timeout", NUMBER, O(http_timeout), "15000", NULL,
      "ms for an HTTP request" },
    { "user_agent", TEXT, O(user_agent), "whip_peer", NULL,
      "User-Agent; empty: none" },
    { "local", TEXT, O(local), NULL, NULL,
      "address to send from; %d as in url" },
    { "family", NUMBER, O(family), "0", NULL,
      "4 or 6: which candidates to use; 0: as the first one" },
    { "tcp", FLAG, O(tcp), "0", NULL,
      "ICE-TCP, active" },
    { "seed", NUMBER, O(seed), "1", NULL,
      "of loss, reordering and duplicates" },
    { "quiet", FLAG, O(quiet), "0", NULL,
      "report the state of sessions, not each step" },

    /* media */

    { "video", FILES, O(video), NULL, NULL,
      "H.264 Annex B; further files are layers, or for \"switch\"" },
    { "audio", FILES, O(audio), NULL, NULL,
      "Opus in Ogg" },
    { "fps", TEXT, O(fps), "30", NULL,
      "of the video, N or N/M" },
    { "packets", CHOICE, O(packets), "single", "single stap ffmpeg",
      "NAL units: each by itself (OBS); SPS, PPS and SEI in a STAP-A"
      " (browsers); whatever fits in a STAP-A with NRI 0 (FFmpeg)" },
    { "sets", CHOICE, O(sets), "inband", "inband sprop both",
      "where SPS and PPS are" },
    { "mtu", NUMBER, O(mtu), "1200", NULL,
      "bytes of an RTP payload" },
    { "marker", FLAG, O(marker), "1", NULL,
      "marker bit at the end of a picture" },
    { "burst", NUMBER, O(burst), "32", NULL,
      "packets sent per ms; 0: a whole picture at once" },
    { "keyframe", CHOICE, O(keyframe), "ignore", "ignore jump",
      "on PLI and FIR: nothing, or go on with the next keyframe of the file" },
    { "keyframe_delay", NUMBER, O(keyframe_delay), "0", NULL,
      "ms from the request to the jump" },
    { "ntp", REAL, O(ntp), "0", NULL,
      "seconds since 1900 that sender reports start from; 0: the time" },

    /* the offer */

    { "shape", TEXT, O(shape), "generic", NULL,
      "whose offer and behaviour: the defaults of all other options" },
    { "setup", CHOICE, O(setup), "actpass", "actpass active passive",
      "DTLS role" },
    { "candidates", FLAG, O(candidates), "1", NULL,
      "candidates in the offer" },
    { "bundle", CHOICE, O(bundle), "present", "present both",
      "the group lists the m-lines there are, or audio and video always" },
    { "bundle_only", FLAG, O(bundle_only), "0", NULL,
      "port 0 and a=bundle-only in all m-lines but the first" },
    { "first_media", CHOICE, O(first_media), "audio", "audio video",
      "the first m-line" },
    { "group_ls", FLAG, O(group_ls), "0", NULL,
      "a=group:LS beside BUNDLE" },
    { "rsize", FLAG, O(rsize), "1", NULL,
      "a=rtcp-rsize" },
    { "ssrc_lines", FLAG, O(ssrc_lines), "1", NULL,
      "a=ssrc and a=ssrc-group" },
    { "fingerprint", CHOICE, O(fingerprint), "right", "right wrong",
      "the one of our certificate, or another" },
    { "fingerprint_level", CHOICE, O(fingerprint_level), "media",
      "media session",
      "where a=fingerprint is" },
    { "lower_hex", FLAG, O(lower_hex), "0", NULL,
      "the fingerprint in lower case" },
    { "direction", TEXT, O(direction), "sendonly", NULL,
      "of the m-lines" },
    { "opus", TEXT, O(opus), "opus", NULL,
      "how its name is written" },
    { "ice_options", TEXT, O(ice_options), "trickle", NULL,
      "a=ice-options; empty: none" },
    { "origin", TEXT, O(origin), "-", NULL,
      "user name of the o= line" },
    { "msid", TEXT, O(msid), "whip", NULL,
      "a=msid; empty: none" },
    { "session_lines", TEXT, O(session_lines), NULL, NULL,
      "more session-level lines, separated by \\n" },
    { "rids", TEXT, O(rids), NULL, NULL,
      "simulcast: a rid for each video file, separated by ;" },
    { "rid", TEXT, O(rid), NULL, NULL,
      "value of the rid extension without simulcast" },
    { "ext_force", FLAG, O(ext_force), "0", NULL,
      "send header extensions that the answer does not have" },
    { "ext_stop", FLAG, O(ext_stop), "0", NULL,
      "no mid and rid after the first receiver report" },
    { "answer_max", NUMBER, O(answer_max), "0", NULL,
      "bytes of an answer that this client can read; 0: any" },

    /* ICE */

    { "nomination", CHOICE, O(nomination), "regular", "regular aggressive",
      "USE-CANDIDATE in a check of its own, or in every one" },
    { "nominate_delay", NUMBER, O(nominate_delay), "0", NULL,
      "regular: ms from the first success to USE-CANDIDATE" },
    { "dtls_after", CHOICE, O(dtls_after), "checked", "checked nominated",
      "what DTLS waits for" },
    { "check_interval", NUMBER, O(check_interval), "50", NULL,
      "ms between checks" },
    { "ice_timeout", NUMBER, O(ice_timeout), "10000", NULL,
      "ms until no candidate is a failure" },
    { "consent", NUMBER, O(consent), "5000", NULL,
      "ms between consent checks, +-20 %; 0: none" },
    { "consent_timeout", NUMBER, O(consent_timeout), "30000", NULL,
      "ms without an answer until the session is dead" },
    { "stun", CHOICE, O(stun), "full", "full minimal",
      "minimal: requests without PRIORITY and ICE-CONTROLLING" },
    { "stun_answer", FLAG, O(stun_answer), "1", NULL,
      "answer requests of the server" },
    { "first_candidate", FLAG, O(first_candidate), "0", NULL,
      "look at the first candidate only" },
    { "connect", FLAG, O(connect), "0", NULL,
      "connected UDP socket" },

    /* DTLS and SRTP */

    { "dtls_mtu", NUMBER, O(dtls_mtu), "1200", NULL,
      "bytes of a DTLS datagram" },
    { "dtls_timeout", NUMBER, O(dtls_timeout), "10000", NULL,
      "ms for the handshake" },
    { "dtls_stall", NUMBER, O(dtls_stall), "-1", NULL,
      "silence after so many flights of the handshake; -1: never" },
    { "hello_padding", NUMBER, O(hello_padding), "0", NULL,
      "bytes of an unknown extension in the ClientHello" },
    { "groups", TEXT, O(groups), NULL, NULL,
      "key exchange, as of OpenSSL: P-256:X25519" },
    { "srtp", TEXT, O(srtp), "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM",
      NULL,
      "profiles in order of preference; empty: no use_srtp" },
    { "verify", FLAG, O(verify), "1", NULL,
      "as DTLS server: ask for the certificate" },

    /* RTCP */

    { "nack_strict", FLAG, O(nack_strict), "0", NULL,
      "understand a NACK only where it is the whole datagram" },

    { NULL, TEXT, 0, NULL, NULL, NULL }
};


static const option_t  options_track_table[] = {

    { "mid", TEXT, T(mid), NULL, NULL,
      "a=mid" },
    { "pt", NUMBER, T(pt), NULL, NULL,
      "payload type" },
    { "rtx_pt", NUMBER, T(rtx_pt), "0", NULL,
      "payload type of RTX; 0: not offered" },
    { "rtx_ssrc", NUMBER, T(rtx_ssrc), "-1", NULL,
      "-1: the SSRC + 1" },
    { "feedback", TEXT, T(feedback), NULL, NULL,
      "a=rtcp-fb, separated by commas" },
    { "fmtp", TEXT, T(fmtp), NULL, NULL,
      "a=fmtp; \"sps\": from the SPS of the file; empty: none" },
    { "lines", TEXT, T(lines), NULL, NULL,
      "more lines of the m-section, separated by \\n" },
    { "codecs", TEXT, T(codecs), NULL, NULL,
      "what is offered beside, \"PT NAME/RATE FMTP|...\"; * is our place" },

    { "ext_mid", NUMBER, T(ext_mid), "0", NULL,
      "id of the mid extension; 0: not offered, as those below" },
    { "ext_rid", NUMBER, T(ext_rid), "0", NULL,
      "id of rtp-stream-id" },
    { "ext_rrid", NUMBER, T(ext_rrid), "0", NULL,
      "id of repaired-rtp-stream-id" },
    { "ext_twcc", NUMBER, T(ext_twcc), "0", NULL,
      "id of transport-wide sequence numbers" },
    { "ext_time", NUMBER, T(ext_time), "0", NULL,
      "id of abs-send-time" },

    { "seq", NUMBER, T(seq), "-1", NULL,
      "first sequence number; -1: random, as those below" },
    { "ts", NUMBER, T(ts), "-1", NULL,
      "first timestamp" },
    { "ssrc", NUMBER, T(ssrc), "-1", NULL,
      "SSRC; layer n has n * 2 more" },
    { "ppm", REAL, T(ppm), "0", NULL,
      "how much faster than time this track's clock is" },
    { "pause", FLAG, T(pause), "0", NULL,
      "nothing is sent, timestamps go on" },

    { "sr", NUMBER, T(sr), "1000", NULL,
      "ms between sender reports; 0: none" },
    { "sr_first", NUMBER, T(sr_first), "0", NULL,
      "ms from the first packet to the first sender report" },
    { "sr_offset", REAL, T(sr_offset), "0", NULL,
      "ms added to the NTP time of sender reports" },
    { "sr_bogus", FLAG, T(sr_bogus), "0", NULL,
      "the first sender report has the timestamp 0xffffffff" },
    { "sr_stamp", CHOICE, T(sr_stamp), "exact", "exact last",
      "timestamp of sender reports: of the moment, or of the last packet" },

    { "loss", REAL, T(loss), "0", NULL,
      "percent of packets that are not sent" },
    { "loss_burst", NUMBER, T(loss_burst), "1", NULL,
      "packets lost each time" },
    { "duplicate", REAL, T(duplicate), "0", NULL,
      "percent of packets that are sent twice" },
    { "reorder", REAL, T(reorder), "0", NULL,
      "percent of packets that are sent late" },
    { "reorder_by", NUMBER, T(reorder_by), "3", NULL,
      "packets that overtake such a one" },

    { "nack", CHOICE, T(nack), "same", "none same rtx",
      "answer to NACK" },
    { "nack_delay", NUMBER, T(nack_delay), "0", NULL,
      "packets sent between a NACK and its answer" },
    { "nack_loss", REAL, T(nack_loss), "0", NULL,
      "percent of answers to NACK that are not sent" },
    { "history", NUMBER, T(history), "4096", NULL,
      "packets kept for NACK, a power of two" },

    { "padding", CHOICE, T(padding), "none", "none media rtx",
      "packets of padding alone, on the track's SSRC or on that of RTX" },
    { "padding_every", NUMBER, T(padding_every), "15", NULL,
      "frames between two of them" },

    { NULL, TEXT, 0, NULL, NULL, NULL }
};


static const char *options_kinds[OPTIONS_KINDS] = { "audio_", "video_" };

static char  options_error[256];


static const char *
options_fail(const char *name, const char *what)
{
    snprintf(options_error, sizeof(options_error), "option %s: %s", name,
             what);

    return options_error;
}


/* the option, and in *base the structure that its offset is for */

static const option_t *
options_find(options_t *o, const char *name, void **base)
{
    size_t           len;
    unsigned         kind;
    const option_t  *option;

    *base = o;

    for (option = options_table; option->name; option++) {
        if (strcmp(option->name, name) == 0) {
            return option;
        }
    }

    for (kind = 0; kind < OPTIONS_KINDS; kind++) {

        len = strlen(options_kinds[kind]);

        if (strncmp(name, options_kinds[kind], len) != 0) {
            continue;
        }

        *base = &o->track[kind];

        for (option = options_track_table; option->name; option++) {
            if (strcmp(option->name, name + len) == 0) {
                return option;
            }
        }
    }

    return NULL;
}


/* the place of a word among words, -1 where it is none of them */

static int
options_choice(const char *choices, const char *word)
{
    int          n;
    size_t       len;
    const char  *p;

    n = 0;

    for (p = choices; *p; p += len + (p[len] == ' '), n++) {

        len = strcspn(p, " ");

        if (strlen(word) == len && memcmp(p, word, len) == 0) {
            return n;
        }
    }

    return -1;
}


static const char *
options_add_file(char **files, const char *value)
{
    unsigned  n;

    for (n = 0; n < OPTIONS_FILES_MAX; n++) {
        if (files[n] == NULL) {
            files[n] = memory_keep(memory_text(value));
            return NULL;
        }
    }

    return "too many files";
}


/* "\n" in a text becomes a line's end, for values on a command line */

static char *
options_unescape(const char *value)
{
    char  *text, *p, *q;

    text = memory_keep(memory_text(value));

    for (p = text, q = text; *p; q++) {

        if (p[0] == '\\' && p[1] == 'n') {
            *q = '\n';
            p += 2;

        } else {
            *q = *p++;
        }
    }

    *q = '\0';

    return text;
}


static const char *
options_assign(const option_t *option, void *base, const char *value)
{
    int     n;
    char   *end;
    void   *field;

    field = (char *) base + option->offset;
    errno = 0;

    switch (option->type) {

    case NUMBER:
        *(int64_t *) field = strtoll(value, &end, 0);
        return *value == '\0' || *end || errno ? "not a number" : NULL;

    case REAL:
        *(double *) field = strtod(value, &end);
        return *value == '\0' || *end || errno ? "not a number" : NULL;

    case FLAG:
        n = options_choice("0 1 false true off on no yes", value);
        *(int *) field = n & 1;
        return n < 0 ? "neither 0 nor 1" : NULL;

    case CHOICE:
        n = options_choice(option->choices, value);
        *(int *) field = n;
        return n < 0 ? option->choices : NULL;

    case TEXT:
        *(char **) field = options_unescape(value);
        return NULL;

    case FILES:
        return options_add_file(field, value);
    }

    return NULL;
}


const char *
options_set_text(options_t *o, const char *name, const char *value)
{
    void            *base;
    const char      *error;
    const option_t  *option;

    option = options_find(o, name, &base);
    if (option == NULL) {
        return options_fail(name, "unknown");
    }

    error = options_assign(option, base, value);

    return error ? options_fail(name, error) : NULL;
}


static const char *
options_assign_json(const option_t *option, void *base, json_t *value)
{
    char  text[64];

    switch (json_typeof(value)) {

    case JSON_STRING:
        return options_assign(option, base, json_string_value(value));

    case JSON_INTEGER:
        snprintf(text, sizeof(text), "%lld",
                 (long long) json_integer_value(value));
        break;

    case JSON_REAL:
        snprintf(text, sizeof(text), "%.17g", json_real_value(value));
        break;

    case JSON_TRUE:
        return options_assign(option, base, "1");

    case JSON_FALSE:
        return options_assign(option, base, "0");

    default:
        return "of a wrong type";
    }

    return options_assign(option, base, text);
}


const char *
options_set_json(options_t *o, const char *name, json_t *value, int live)
{
    void            *base;
    size_t           i;
    json_t          *item;
    const char      *error;
    const option_t  *option;

    option = options_find(o, name, &base);
    if (option == NULL) {
        return options_fail(name, "unknown");
    }

    if (live && (option->type == TEXT || option->type == FILES)) {
        return options_fail(name, "cannot be changed any more");
    }

    if (option->type != FILES || !json_is_array(value)) {
        error = options_assign_json(option, base, value);
        return error ? options_fail(name, error) : NULL;
    }

    json_array_foreach(value, i, item) {
        error = options_assign_json(option, base, item);
        if (error) {
            return options_fail(name, error);
        }
    }

    return NULL;
}


static void
options_init_table(const option_t *option, void *base)
{
    for ( ; option->name; option++) {
        if (option->value) {
            (void) options_assign(option, base, option->value);
        }
    }
}


void
options_init(options_t *o)
{
    unsigned  kind;

    memset(o, 0, sizeof(options_t));

    options_init_table(options_table, o);

    for (kind = 0; kind < OPTIONS_KINDS; kind++) {
        options_init_table(options_track_table, &o->track[kind]);
    }
}


static void
options_print_table(const option_t *option, const char *prefix)
{
    for ( ; option->name; option++) {

        printf("  --%s%s %s\n        %s", prefix, option->name,
               option->type == NUMBER || option->type == REAL ? "N"
               : option->type == FLAG ? "0|1"
               : option->type == FILES ? "FILE"
               : option->type == CHOICE ? "" : "TEXT", option->help);

        if (option->choices) {
            printf(" [%s]", option->choices);
        }

        if (option->value) {
            printf(" (%s)", option->value);
        }

        putchar('\n');
    }
}


void
options_print(void)
{
    options_print_table(options_table, "");

    printf("\nof a track, audio_... or video_...:\n\n");

    options_print_table(options_track_table, "video_");
}


char *
options_number(const char *text, int n)
{
    const char    *p;
    memory_buf_t   b;

    memset(&b, 0, sizeof(memory_buf_t));

    while ((p = strstr(text, "%d")) != NULL) {
        memory_buf_add(&b, text, (size_t) (p - text));
        memory_buf_printf(&b, "%d", n);
        text = p + 2;
    }

    memory_buf_printf(&b, "%s", text);

    return b.data;
}
