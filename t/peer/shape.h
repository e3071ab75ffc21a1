
/*
 * Copyright (C) the ngx_live contributors
 *
 * The shapes: which client the peer imitates.
 */


#ifndef _SHAPE_H_INCLUDED_
#define _SHAPE_H_INCLUDED_


#include "options.h"


/* sets the options of the shape; NULL, or an error message */

const char *shape_apply(options_t *o, const char *name);


#endif /* _SHAPE_H_INCLUDED_ */
