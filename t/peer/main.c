
/*
 * Copyright (C) the ngx_live contributors
 *
 * A WHIP publisher for tests and measurements: real DTLS-SRTP, made-up
 * behaviour.
 *
 *     whip_peer --url http://127.0.0.1:8080/whip/alice --video v.h264
 *               --audio a.ogg [--shape obs] [--duration 10] [--NAME VALUE]...
 *     whip_peer --stdin
 *
 * With --stdin options come as one line of JSON, which may hold secrets, and
 * commands behind it, see control.h.  Events go to stdout, see report.h.
 *
 * The exit code is 0 when all sessions went as the option "expect" says, 1 when
 * one did not, 2 when nothing could begin.
 */


#include "control.h"
#include "report.h"
#include "shape.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>


/* signals that come so soon after the first one mean the same */

#define MAIN_PATIENCE_MS  2000


static session_t        *main_sessions;
static unsigned          main_n;
static unsigned          main_left;       /* sessions that are not over */
static session_media_t   main_media;
static loop_io_t         main_signals;


static void
main_fail(const char *what)
{
    fprintf(stderr, "whip_peer: %s\n", what);
    exit(2);
}


/* --- options ------------------------------------------------------------- */

/* the value of --name; exits without it */

static const char *
main_value(int argc, char **argv, int *i)
{
    if (strncmp(argv[*i], "--", 2) != 0 || *i + 1 == argc) {
        fprintf(stderr, "whip_peer: %s: not an option with a value\n",
                argv[*i]);
        exit(2);
    }

    return argv[++*i];
}


/* everything on the command line is to be seen by others */

static void
main_arguments(options_t *o, int argc, char **argv)
{
    int          i;
    const char  *name, *value, *error;

    for (i = 1; i < argc; i++) {

        if (strcmp(argv[i], "--stdin") == 0) {
            continue;
        }

        name = argv[i] + 2;
        value = main_value(argc, argv, &i);

        error = strcmp(name, "bearer") == 0
                ? "option bearer: by stdin or as bearer_file"
                : options_set_text(o, name, value);

        if (error) {
            main_fail(error);
        }
    }
}


static void
main_object(options_t *o, json_t *object)
{
    json_t      *value;
    const char  *name, *error;

    json_object_foreach(object, name, value) {

        error = options_set_json(o, name, value, 0);
        if (error) {
            main_fail(error);
        }
    }
}


/* the shape is under everything, whatever the order */

static const char *
main_shape(int argc, char **argv, json_t *object)
{
    int          i;
    const char  *shape;

    shape = json_string_value(json_object_get(object, "shape"));

    for (i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--shape") == 0) {
            shape = argv[i + 1];
        }
    }

    return shape ? shape : "generic";
}


static int
main_has(int argc, char **argv, const char *argument)
{
    int  i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], argument) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
main_options(options_t *o, int argc, char **argv)
{
    json_t      *object;
    const char  *error;

    object = NULL;

    if (main_has(argc, argv, "--stdin")) {
        error = control_read_options(&object);
        if (error) {
            main_fail(error);
        }
    }

    options_init(o);

    error = shape_apply(o, main_shape(argc, argv, object));
    if (error) {
        main_fail(error);
    }

    main_object(o, object);
    main_arguments(o, argc, argv);

    json_decref(object);

    if (o->url == NULL && o->http == OPTIONS_HTTP_SELF) {
        main_fail("option url: there is none");
    }

    if (o->video[0] == NULL && o->audio[0] == NULL) {
        main_fail("options video and audio: there is none");
    }

    if (o->sessions < 1 || o->sessions > 10000 || o->mtu < 100
        || o->mtu > TRANSPORT_MTU - 256)
    {
        main_fail("options sessions or mtu: out of range");
    }
}


static char *
main_bearer(const options_t *o)
{
    char    *text;
    size_t   len;

    if (o->bearer_file == NULL) {
        return o->bearer;
    }

    text = memory_file(o->bearer_file, &len);
    if (text == NULL) {
        main_fail("option bearer_file: cannot read it");
    }

    text[strcspn(text, "\r\n")] = '\0';

    return text;
}


static void
main_open_media(const options_t *o)
{
    unsigned  i;

    for (i = 0; i < OPTIONS_FILES_MAX && o->video[i]; i++) {

        main_media.video[i] = media_open_video(o->video[i], o);
        if (main_media.video[i] == NULL) {
            exit(2);
        }

        main_media.nvideo++;
    }

    if (o->audio[0]) {
        main_media.audio = media_open_audio(o->audio[0]);
        if (main_media.audio == NULL) {
            exit(2);
        }
    }

    if (main_media.audio && main_media.nvideo) {
        media_cut(main_media.audio, main_media.video[0]->ticks
                                    * MEDIA_AUDIO_CLOCK / MEDIA_VIDEO_CLOCK);
    }
}


/* --- the end ------------------------------------------------------------- */

static double
main_seconds(struct timeval tv)
{
    return (double) tv.tv_sec + (double) tv.tv_usec / 1e6;
}


static unsigned
main_report_end(void)
{
    unsigned        i, failures, connections;
    uint64_t        packets, bytes;
    struct rusage   usage;

    failures = 0;
    connections = 0;
    packets = 0;
    bytes = 0;

    for (i = 0; i < main_n; i++) {
        failures += main_sessions[i].failures;
        connections += main_sessions[i].connections;
        packets += main_sessions[i].transport.count.packets;
        bytes += main_sessions[i].transport.count.bytes;
    }

    getrusage(RUSAGE_SELF, &usage);

    report(REPORT_ALL, "end", "{s:b,s:i,s:i,s:i,s:I,s:I,s:f,s:f}",
           "ok", failures == 0, "sessions", (int) main_n,
           "connections", (int) connections, "failures", (int) failures,
           "packets", (json_int_t) packets, "bytes", (json_int_t) bytes,
           "user_s", main_seconds(usage.ru_utime),
           "system_s", main_seconds(usage.ru_stime));

    return failures;
}


static void
main_over(session_t *s)
{
    if (--main_left == 0) {
        loop_stop();
    }
}


/* INT and TERM: stop as the options say; another one, later: at once */

static void
main_signal(void *data, uint32_t events)
{
    unsigned                  i;
    static uint64_t           first;
    struct signalfd_siginfo   info;

    if (read(main_signals.fd, &info, sizeof(info)) != sizeof(info)) {
        return;
    }

    if (first) {

        if (loop_now() > first + LOOP_MS(MAIN_PATIENCE_MS)) {
            _exit(1);
        }

        return;
    }

    first = loop_now();

    for (i = 0; i < main_n; i++) {
        session_stop(&main_sessions[i], main_sessions[i].options.stop);
    }
}


static void
main_catch_signals(void)
{
    sigset_t  set;

    signal(SIGPIPE, SIG_IGN);

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);

    main_signals.fd = signalfd(-1, &set, SFD_NONBLOCK|SFD_CLOEXEC);
    main_signals.handler = main_signal;

    loop_io_add(&main_signals, EPOLLIN);
}


int
main(int argc, char **argv)
{
    char       *bearer;
    unsigned    i, failures;
    options_t   o;

    if (main_has(argc, argv, "--help")) {
        printf("whip_peer [--stdin] [--NAME VALUE]...\n\n");
        options_print();
        return 0;
    }

    main_options(&o, argc, argv);
    main_open_media(&o);

    bearer = main_bearer(&o);

    loop_init();
    report_init();
    report_quiet(o.quiet);
    dtls_init(&o);
    crypt_init();
    main_catch_signals();

    main_n = (unsigned) o.sessions;
    main_left = main_n;
    main_sessions = memory_new(main_n * sizeof(session_t));

    for (i = 0; i < main_n; i++) {
        session_init(&main_sessions[i], &o, (int) (o.first + i), &main_media,
                     bearer);
        main_sessions[i].over = main_over;

        session_start(&main_sessions[i],
                      loop_now() + LOOP_MS(i * o.stagger));
    }

    if (main_has(argc, argv, "--stdin")) {
        control_start(main_sessions, main_n);
    }

    loop_run();

    failures = main_report_end();

    for (i = 0; i < main_n; i++) {
        session_free(&main_sessions[i]);
    }

    free(main_sessions);

    return failures ? 1 : 0;
}
