
/*
 * Copyright (C) the ngx_live contributors
 *
 * A guard for nginx-rtmp's reader of AVC headers.  Pure.
 *
 * ngx_rtmp_codec_parse_avc_header() of nginx-rtmp 1.2.2 loops as often as
 * num_ref_frames_in_pic_order_cnt_cycle says, without looking at the end of the
 * data: 32 bytes keep a worker busy for years.
 */


#ifndef _NGX_LIVE_SPIN_H_INCLUDED_
#define _NGX_LIVE_SPIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* H.264 7.4.2.1.1; nginx-rtmp may walk this many rounds */

#define NGX_LIVE_SPIN_MAX_CYCLE  255


#pragma GCC visibility push(hidden)

/*
 * p .. end is the first buffer of a video message's chain, all that nginx-rtmp
 * looks at.  NGX_OK: its reader comes to an end, or leaves the message alone
 * because it is no AVC header; NGX_ERROR: it may spin, the message must not get
 * there.  Says nothing about whether the header is valid.
 */

ngx_int_t ngx_live_spin_check(const u_char *p, const u_char *end);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_SPIN_H_INCLUDED_ */
