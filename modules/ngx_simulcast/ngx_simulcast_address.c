
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_address.h"


/* in host byte order */

typedef struct {
    uint32_t   addr;
    uint32_t   mask;
} ngx_simulcast_address_net_t;


#define ngx_simulcast_address_net(a, b, c, d, bits)                           \
    { (uint32_t) (a) << 24 | (b) << 16 | (c) << 8 | (d),                      \
      0xffffffffU << (32 - (bits)) }


/* the registry of special-purpose addresses, RFC 6890 */

static const ngx_simulcast_address_net_t  ngx_simulcast_address_special[] = {
    ngx_simulcast_address_net(0, 0, 0, 0, 8),           /* this network */
    ngx_simulcast_address_net(10, 0, 0, 0, 8),          /* private */
    ngx_simulcast_address_net(100, 64, 0, 0, 10),       /* shared */
    ngx_simulcast_address_net(127, 0, 0, 0, 8),         /* loopback */
    ngx_simulcast_address_net(169, 254, 0, 0, 16),      /* link-local */
    ngx_simulcast_address_net(172, 16, 0, 0, 12),       /* private */
    ngx_simulcast_address_net(192, 0, 0, 0, 24),        /* of protocols */
    ngx_simulcast_address_net(192, 0, 2, 0, 24),        /* documentation */
    ngx_simulcast_address_net(192, 88, 99, 0, 24),      /* relays of 6to4 */
    ngx_simulcast_address_net(192, 168, 0, 0, 16),      /* private */
    ngx_simulcast_address_net(198, 18, 0, 0, 15),       /* benchmarking */
    ngx_simulcast_address_net(198, 51, 100, 0, 24),     /* documentation */
    ngx_simulcast_address_net(203, 0, 113, 0, 24),      /* documentation */
    ngx_simulcast_address_net(224, 0, 0, 0, 4),         /* multicast */
    ngx_simulcast_address_net(240, 0, 0, 0, 4)          /* reserved */
};


static uint32_t ngx_simulcast_address_word(const u_char *p);
static ngx_uint_t ngx_simulcast_address_public4(uint32_t addr);
static ngx_uint_t ngx_simulcast_address_match(const u_char *addr,
    const u_char *net, const u_char *mask, size_t len);

#if (NGX_HAVE_INET6)

static const u_char  ngx_simulcast_address_mapped[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

static ngx_uint_t ngx_simulcast_address_public6(const u_char *p);

#endif


ngx_uint_t
ngx_simulcast_address_public(struct sockaddr *sa)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sa->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        return ngx_simulcast_address_public6(sin6->sin6_addr.s6_addr);
#endif

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        return ngx_simulcast_address_public4(ntohl(sin->sin_addr.s_addr));
    }

    return 0;
}


static uint32_t
ngx_simulcast_address_word(const u_char *p)
{
    return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}


static ngx_uint_t
ngx_simulcast_address_public4(uint32_t addr)
{
    ngx_uint_t                          i;
    const ngx_simulcast_address_net_t  *net;

    for (i = 0;
         i < sizeof(ngx_simulcast_address_special)
             / sizeof(ngx_simulcast_address_net_t);
         i++)
    {
        net = &ngx_simulcast_address_special[i];

        if ((addr & net->mask) == net->addr) {
            return 0;
        }
    }

    return 1;
}


#if (NGX_HAVE_INET6)

/*
 * Only 2000::/3 is handed out, so that loopback, unique local, link-local,
 * site-local, multicast and discard-only addresses need no entry.
 */

static ngx_uint_t
ngx_simulcast_address_public6(const u_char *p)
{
    static const u_char  zeros[12];
    static const u_char  nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

    if (ngx_memcmp(p, ngx_simulcast_address_mapped, 12) == 0
        || ngx_memcmp(p, zeros, 12) == 0
        || ngx_memcmp(p, nat64, 12) == 0)
    {
        return ngx_simulcast_address_public4(
                                         ngx_simulcast_address_word(p + 12));
    }

    if ((p[0] & 0xe0) != 0x20) {
        return 0;
    }

    switch (p[0] << 8 | p[1]) {

    case 0x2002:        /* 6to4 */
        return ngx_simulcast_address_public4(
                                          ngx_simulcast_address_word(p + 2));

    case 0x2001:

        if (p[2] == 0x0d && p[3] == 0xb8) {
            return 0;
        }

        if (p[2] == 0 && p[3] == 0) {

            /* Teredo: the server's address, and the client's inverted */

            return ngx_simulcast_address_public4(
                                          ngx_simulcast_address_word(p + 4))
                   && ngx_simulcast_address_public4(
                                        ~ngx_simulcast_address_word(p + 12));
        }

        /* 2001::/23: of protocols, benchmarking, ORCHID */

        return p[2] > 1;

    case 0x3fff:        /* 3fff::/20, documentation (RFC 9637) */
        return p[2] > 0x0f;
    }

    return 1;
}

#endif


ngx_uint_t
ngx_simulcast_address_allowed(ngx_array_t *allow, struct sockaddr *sa)
{
    ngx_uint_t     i;
    ngx_cidr_t    *cidr;
    const u_char  *in;
#if (NGX_HAVE_INET6)
    const u_char  *in6;
#endif

    if (allow == NULL) {
        return 0;
    }

    in = NULL;
#if (NGX_HAVE_INET6)
    in6 = NULL;
#endif

    switch (sa->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        in6 = ((struct sockaddr_in6 *) sa)->sin6_addr.s6_addr;

        if (ngx_memcmp(in6, ngx_simulcast_address_mapped, 12) == 0) {
            in = in6 + 12;
        }

        break;
#endif

    case AF_INET:
        in = (u_char *) &((struct sockaddr_in *) sa)->sin_addr;
        break;
    }

    cidr = allow->elts;

    for (i = 0; i < allow->nelts; i++) {

        switch (cidr[i].family) {

#if (NGX_HAVE_INET6)
        case AF_INET6:
            if (in6
                && ngx_simulcast_address_match(in6,
                                               cidr[i].u.in6.addr.s6_addr,
                                               cidr[i].u.in6.mask.s6_addr, 16))
            {
                return 1;
            }

            break;
#endif

        case AF_INET:
            if (in
                && ngx_simulcast_address_match(in,
                                               (u_char *) &cidr[i].u.in.addr,
                                               (u_char *) &cidr[i].u.in.mask,
                                               4))
            {
                return 1;
            }

            break;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_simulcast_address_match(const u_char *addr, const u_char *net,
    const u_char *mask, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if ((addr[i] & mask[i]) != net[i]) {
            return 0;
        }
    }

    return 1;
}
