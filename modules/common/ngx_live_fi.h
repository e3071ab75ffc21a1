
/*
 * Copyright (C) the ngx_live contributors
 *
 * The onFI message of RTMP, by which an encoder says what its clock shows: a
 * data message, type 18, whose timestamp is the media time of that moment.
 * Pure: no I/O, no clock, no allocation, no recursion.
 *
 *     "onFI"                           AMF0 string
 *     { "sd": "DD-MM-YYYY",            object or ECMA array; the date and
 *       "st": "HH:MM:SS.mmm" }         the time of the day, UTC
 *
 * No standard has it; encoders and servers have come to agree on it.
 */


#ifndef _NGX_LIVE_FI_H_INCLUDED_
#define _NGX_LIVE_FI_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_FI_MAX  64       /* bytes, room for a message */


#pragma GCC visibility push(hidden)

/*
 * p .. end is the body of a message of type 18.  The date may also be written
 * YYYY-MM-DD, and the time end in seconds, or in .mmm, :mmm or .uuuuuu.  Other
 * members are left out of account, but must be scalar.
 *
 *     NGX_OK        *us is that time, in us since 1970; 0 and above
 *     NGX_DECLINED  another message, or one that has neither date nor time
 *     NGX_ERROR     onFI, but malformed: no such date or time, one without the
 *                   other, nested or cut off
 */
ngx_int_t ngx_live_fi_parse(const u_char *p, const u_char *end, int64_t *us);

/*
 * Writes the body of a message for this time, in us since 1970, rounded to ms,
 * and no earlier than 1970 nor later than 9999.  Returns where it ends.
 */
u_char *ngx_live_fi_write(u_char *p, int64_t us);

#pragma GCC visibility pop


#endif /* _NGX_LIVE_FI_H_INCLUDED_ */
