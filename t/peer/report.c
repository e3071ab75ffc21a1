
/*
 * Copyright (C) the ngx_live contributors
 */


#include "report.h"
#include "loop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static uint64_t  report_start;
static int       report_few;

static const char *report_important[] = {
    "connected", "closed", "stopped", "end", "done", "error", NULL
};


void
report_init(void)
{
    report_start = loop_clock();
}


void
report_quiet(int quiet)
{
    report_few = quiet;
}


static int
report_wanted(const char *event)
{
    const char  **name;

    for (name = report_important; report_few && *name; name++) {
        if (strcmp(*name, event) == 0) {
            return 1;
        }
    }

    return !report_few;
}


void
report_object(int session, const char *event, json_t *members)
{
    double   t;
    json_t  *line;

    if (!report_wanted(event)) {
        json_decref(members);
        return;
    }

    t = (double) (loop_clock() - report_start) / 1e6;

    line = json_pack("{s:s}", "event", event);

    if (session != REPORT_ALL) {
        json_object_set_new(line, "session", json_integer(session));
    }

    json_object_set_new(line, "t", json_real(t));
    json_object_update(line, members);

    json_dumpf(line, stdout, JSON_COMPACT|JSON_REAL_PRECISION(16));
    putchar('\n');
    fflush(stdout);

    json_decref(line);
    json_decref(members);
}


void
report(int session, const char *event, const char *fmt, ...)
{
    json_t        *members;
    va_list        args;
    json_error_t   error;

    va_start(args, fmt);
    members = json_vpack_ex(&error, 0, fmt ? fmt : "{}", args);
    va_end(args);

    if (members == NULL) {
        fprintf(stderr, "whip_peer: event %s: %s\n", event, error.text);
        exit(2);
    }

    report_object(session, event, members);
}
