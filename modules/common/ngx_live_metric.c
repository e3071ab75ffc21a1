
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_metric.h"


u_char *
ngx_live_metric_head(u_char *p, u_char *last, const char *name,
    const char *type, const char *help)
{
    return ngx_slprintf(p, last, "# HELP %s %s\n# TYPE %s %s\n", name, help,
                        name, type);
}


u_char *
ngx_live_metric_single(u_char *p, u_char *last, const char *name,
    const char *type, const char *help, uint64_t value)
{
    p = ngx_live_metric_head(p, last, name, type, help);

    return ngx_slprintf(p, last, "%s %uL\n", name, value);
}


u_char *
ngx_live_metric_sample(u_char *p, u_char *last,
    const ngx_live_metric_t *metric, u_char *labels, const void *values)
{
    const char  *value;

    value = (const char *) values + metric->offset;

    p = ngx_slprintf(p, last, "%s{%s} ", metric->name, labels);

    if (metric->real) {
        return ngx_slprintf(p, last, "%.6f\n", *(const double *) value);
    }

    return ngx_slprintf(p, last, "%uL\n", *(const uint64_t *) value);
}


u_char *
ngx_live_metric_label(u_char *p, u_char *last, u_char *s)
{
    /* an escaped character and the NUL take three bytes */

    for ( /* void */ ; *s && last - p >= 3; s++) {

        if (*s == '\\' || *s == '"' || *s == '\n') {
            *p++ = '\\';
        }

        *p++ = *s == '\n' ? 'n' : *s;
    }

    *p = '\0';

    return p;
}
