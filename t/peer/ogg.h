
/*
 * Copyright (C) the ngx_live contributors
 *
 * The packets of an Opus stream in Ogg (RFC 3533, RFC 7845).
 */


#ifndef _OGG_H_INCLUDED_
#define _OGG_H_INCLUDED_


#include "media.h"


/* the packets become frames of one packet each, copied */

void ogg_read_opus(media_t *media, const uint8_t *data, size_t len);

/* samples of 48 kHz in a packet, from its TOC (RFC 6716 3.1); 0: none */

unsigned ogg_opus_duration(const uint8_t *packet, size_t len);


#endif /* _OGG_H_INCLUDED_ */
