#include "ngx_whip.h"
#include "ngx_whip_status.h"
ngx_int_t ngx_whip_status_json(ngx_http_request_t *r) { return 404; }
ngx_int_t ngx_whip_status_prometheus(ngx_http_request_t *r) { return 404; }
