
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_template.h"

#include <string.h>


typedef struct {
    u_char                        *pos;
    u_char                        *end;

    char                          *out;
    char                          *last;

    ngx_simulcast_template_var_t  *vars;
    ngx_uint_t                     nvars;
} ngx_simulcast_template_ctx_t;


static const char *ngx_simulcast_template_word(
    ngx_simulcast_template_ctx_t *ctx);
static const char *ngx_simulcast_template_value(
    ngx_simulcast_template_ctx_t *ctx);
static const char *ngx_simulcast_template_put(
    ngx_simulcast_template_ctx_t *ctx, u_char ch);
static ngx_uint_t ngx_simulcast_template_blank(u_char ch);


static const char  ngx_simulcast_template_room[] =
    "the words are longer than 8192 bytes in all";


const char *
ngx_simulcast_template_expand(ngx_simulcast_template_t *template,
    ngx_str_t *command, ngx_simulcast_template_var_t *vars, ngx_uint_t nvars)
{
    u_char                        *p;
    const char                    *why;
    ngx_simulcast_template_ctx_t   ctx;

    template->argc = 0;
    template->argv[0] = NULL;

    if (command->len > NGX_SIMULCAST_TEMPLATE_LENGTH) {
        return "the command is longer than 4096 bytes";
    }

    ctx.pos = command->data;
    ctx.end = command->data + command->len;
    ctx.out = template->text;
    ctx.last = template->text + NGX_SIMULCAST_TEMPLATE_ROOM;
    ctx.vars = vars;
    ctx.nvars = nvars;

    for (p = ctx.pos; p < ctx.end; p++) {
        if ((*p < 0x20 && !ngx_simulcast_template_blank(*p)) || *p == 0x7f) {
            return "there is a NUL or another control character in it";
        }
    }

    for ( ;; ) {

        while (ctx.pos < ctx.end && ngx_simulcast_template_blank(*ctx.pos)) {
            ctx.pos++;
        }

        if (ctx.pos == ctx.end) {
            break;
        }

        if (template->argc == NGX_SIMULCAST_TEMPLATE_WORDS) {
            return "there are more than 256 words";
        }

        template->argv[template->argc] = ctx.out;

        why = ngx_simulcast_template_word(&ctx);

        if (why) {
            return why;
        }

        template->argv[++template->argc] = NULL;
    }

    if (template->argc == 0 || template->argv[0][0] == '\0') {
        return "there is no program in it";
    }

    return NULL;
}


static const char *
ngx_simulcast_template_word(ngx_simulcast_template_ctx_t *ctx)
{
    u_char       ch, quote;
    const char  *why;

    quote = 0;

    while (ctx->pos < ctx->end) {

        ch = *ctx->pos++;

        if (quote == 0 && ngx_simulcast_template_blank(ch)) {
            break;
        }

        if (ch == quote) {
            quote = 0;
            continue;
        }

        if (quote == 0 && (ch == '\'' || ch == '"')) {
            quote = ch;
            continue;
        }

        if (ch == '\\' && quote == 0) {

            if (ctx->pos == ctx->end) {
                return "there is nothing behind the backslash at its end";
            }

            ch = *ctx->pos++;

        } else if (ch == '\\' && quote == '"' && ctx->pos < ctx->end
                   && (*ctx->pos == '"' || *ctx->pos == '\\'
                       || *ctx->pos == '{'))
        {
            ch = *ctx->pos++;

        } else if (ch == '{') {

            why = ngx_simulcast_template_value(ctx);

            if (why) {
                return why;
            }

            continue;
        }

        why = ngx_simulcast_template_put(ctx, ch);

        if (why) {
            return why;
        }
    }

    if (quote) {
        return "a quote is not closed";
    }

    return ngx_simulcast_template_put(ctx, '\0');
}


static const char *
ngx_simulcast_template_value(ngx_simulcast_template_ctx_t *ctx)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;
    const char  *value, *why;

    p = memchr(ctx->pos, '}', ctx->end - ctx->pos);

    if (p == NULL) {
        return "a \"{\" is not closed; \"\\{\" is one as it is";
    }

    len = p - ctx->pos;

    for (i = 0; i < ctx->nvars; i++) {
        if (ngx_strlen(ctx->vars[i].name) == len
            && ngx_memcmp(ctx->vars[i].name, ctx->pos, len) == 0)
        {
            break;
        }
    }

    if (i == ctx->nvars) {
        return "there is an unknown {name} in it; \"\\{\" is a brace as it is";
    }

    ctx->pos = p + 1;

    for (value = ctx->vars[i].value; *value; value++) {
        why = ngx_simulcast_template_put(ctx, *value);

        if (why) {
            return why;
        }
    }

    return NULL;
}


static const char *
ngx_simulcast_template_put(ngx_simulcast_template_ctx_t *ctx, u_char ch)
{
    if (ctx->out == ctx->last) {
        return ngx_simulcast_template_room;
    }

    *ctx->out++ = (char) ch;

    return NULL;
}


static ngx_uint_t
ngx_simulcast_template_blank(u_char ch)
{
    return ch == ' ' || ch == '\t' || ch == CR || ch == LF;
}
