
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: the body of a command from a server, or metadata of a publisher.  A
 * name, an address and a key of the input's bytes are written as commands, too,
 * which have to be read as these commands.
 */

/* sources: modules/ngx_simulcast/ngx_simulcast_command.c modules/common/ngx_live_amf.c */


#include "fuzz.h"
#include "ngx_simulcast_command.h"


#define text_is_fine(text)  check_text(text, sizeof(text))


static void
check_text(const char *text, size_t size)
{
    size_t  i;

    for (i = 0; i < size && text[i]; i++) {
        fuzz_assert(text[i] >= 0x20 && text[i] <= 0x7e);
    }

    fuzz_assert(i < size);
}


static void
check_command(u_char *buf, u_char *end, const char *name, double transaction)
{
    ngx_simulcast_reply_t  reply;

    if (end == NULL) {
        return;
    }

    fuzz_assert(ngx_simulcast_command_parse(buf, end - buf, &reply)
                == NGX_OK);
    fuzz_assert(strcmp(reply.name, name) == 0);
    fuzz_assert(reply.transaction == transaction);
}


static void
write_commands(const uint8_t *data, size_t size)
{
    u_char     *buf, *last, *end;
    size_t      room;
    ngx_str_t   key, app;

    key.data = (u_char *) data;
    key.len = size / 2;
    app.data = key.data + key.len;
    app.len = size - key.len;

    room = size ? data[0] * 4 : NGX_SIMULCAST_COMMAND_MAX;

    buf = malloc(room ? room : 1);
    fuzz_assert(buf);

    last = buf + room;

    end = ngx_simulcast_command_connect(buf, last, &app, &key, size % 3);
    fuzz_assert(end == NULL || (end > buf && end <= last));
    check_command(buf, end, "connect", NGX_SIMULCAST_COMMAND_CONNECT);

    end = ngx_simulcast_command_name(buf, last, "FCUnpublish", size, &key);
    check_command(buf, end, "FCUnpublish", size);

    end = ngx_simulcast_command_publish(buf, last, &key);
    check_command(buf, end, "publish", NGX_SIMULCAST_COMMAND_PUBLISH);

    end = ngx_simulcast_command_create(buf, last);
    check_command(buf, end, "createStream", NGX_SIMULCAST_COMMAND_CREATE);

    end = ngx_simulcast_command_delete(buf, last, size);
    check_command(buf, end, "deleteStream", 0);

    end = ngx_simulcast_command_checkbw(buf, last);
    check_command(buf, end, "_checkbw", 6);

    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 *body;
    size_t                  len;
    ngx_uint_t              status;
    const u_char           *prefix;
    ngx_simulcast_reply_t   reply;

    if (ngx_simulcast_command_parse((u_char *) data, size, &reply) == NGX_OK) {

        text_is_fine(reply.name);
        text_is_fine(reply.level);
        text_is_fine(reply.code);
        text_is_fine(reply.description);
        text_is_fine(reply.tc_url);

        fuzz_assert(reply.name[0] && reply.type <= NGX_SIMULCAST_REPLY_STATUS);
        fuzz_assert(reply.number == -1
                    || (reply.number >= 0 && reply.number <= 4294967295.0));

        status = ngx_simulcast_command_status(&reply);

        fuzz_assert(status <= NGX_SIMULCAST_STATUS_CLOSED);
        fuzz_assert(reply.type >= NGX_SIMULCAST_REPLY_ERROR
                    || status == NGX_SIMULCAST_STATUS_OTHER);
    }

    body = ngx_simulcast_command_metadata((u_char *) data, size, &prefix,
                                          &len);

    if (body) {
        fuzz_assert(body > data && body < data + size);
        fuzz_assert(*body == 0x03 || *body == 0x08);
    }

    write_commands(data, size);

    return 0;
}
