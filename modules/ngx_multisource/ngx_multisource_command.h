
/*
 * Copyright (C) the ngx_live contributors
 *
 * The connect, publish, play and play2 commands. nginx-rtmp logs each with the
 * stream's name, which may be a key; so it runs here with its info level off,
 * and a masked line is logged instead.
 */


#ifndef _NGX_MULTISOURCE_COMMAND_H_INCLUDED_
#define _NGX_MULTISOURCE_COMMAND_H_INCLUDED_


#include "ngx_multisource.h"


#pragma GCC visibility push(hidden)

/*
 * Puts our handlers into nginx-rtmp's table of commands and in front of its
 * connect and play chains. NGX_ERROR when a command is missing there.
 */
ngx_int_t ngx_multisource_command_hook(ngx_conf_t *cf,
    ngx_rtmp_core_main_conf_t *cmcf);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_COMMAND_H_INCLUDED_ */
