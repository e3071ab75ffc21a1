
/*
 * Copyright (C) the ngx_live contributors
 *
 * What the packager of a source wants to know of the streamer's others: where
 * their playlists are, and whether they are stamped by the same sender's clock.
 */


#ifndef _NGX_MULTISOURCE_SIBLINGS_H_INCLUDED_
#define _NGX_MULTISOURCE_SIBLINGS_H_INCLUDED_


#include "ngx_multisource.h"
#include "ngx_multisource_writer.h"


#pragma GCC visibility push(hidden)

/*
 * Fills info->reports. NGX_OK: an older source has the same sender, and *offset
 * is what its packager found between that one's clock and ours; NGX_DECLINED:
 * there is none. info->sender and sender_offset are set, and `epoch` is of this
 * source.
 */
ngx_int_t ngx_multisource_siblings_look(ngx_multisource_app_conf_t *conf,
    ngx_str_t *streamer, ngx_str_t *source, uint64_t epoch,
    ngx_multisource_writer_info_t *info, int64_t *offset);

#pragma GCC visibility pop


#endif /* _NGX_MULTISOURCE_SIBLINGS_H_INCLUDED_ */
