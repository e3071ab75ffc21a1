
/*
 * Copyright (C) the ngx_live contributors
 *
 * H.264: an Annex B byte stream cut into pictures, and these into RTP payloads
 * (RFC 6184).
 */


#ifndef _H264_H_INCLUDED_
#define _H264_H_INCLUDED_


#include "media.h"


/* options: packets, sets, mtu, marker.  "data" has to stay */

void h264_packetize(media_t *media, const uint8_t *data, size_t len,
    const options_t *options);


#endif /* _H264_H_INCLUDED_ */
