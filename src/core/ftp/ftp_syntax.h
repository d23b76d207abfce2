/*
 * The places of FTP's commands and replies where addresses and ports stand: PORT and 227 (RFC 959), EPRT and 229
 * (RFC 2428).
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_FTP_FTP_SYNTAX_H
#define V6SHIM_CORE_FTP_FTP_SYNTAX_H

#include "core/address/address.h"
#include "core/base/text.h"

/* An IPv4 address and a port, as PORT and 227 name them: six numbers with commas between. */
struct ftp_endpoint {
    struct in_addr address;
    uint16_t port; /* host byte order */
};

/* Reads the argument of PORT, "h1,h2,h3,h4,p1,p2", blanks around it allowed, and nothing else. False, and the result
   left alone, for anything else; port 0 too. */
bool ftp_read_port(const char *text, size_t length, struct ftp_endpoint *endpoint);

/* What an argument of EPRT is (RFC 2428 section 2). */
enum ftp_eprt {
    FTP_EPRT_BAD,            /* none */
    FTP_EPRT_OTHER_PROTOCOL, /* well formed, of a protocol that is neither 1 nor 2; the address isn't looked at */
    FTP_EPRT_IPV4,           /* |1|192.0.2.1|6275| */
    FTP_EPRT_IPV6,           /* |2|2001:db8::1|5282| */
};

/* Reads the argument of EPRT, blanks around it allowed. The results are set for the last two alone. A zone isn't part
   of such an address. */
enum ftp_eprt ftp_read_eprt(const char *text, size_t length, struct ip_address *address, uint16_t *port);

/* The argument of PORT, and what stands in the parentheses of 227. */
void ftp_add_endpoint(struct text *text, const struct ftp_endpoint *endpoint);

/* The argument of EPRT for an IPv6 address; its scope is left out, since it means nothing to the other host. */
void ftp_add_eprt(struct text *text, const struct ip_address *address, uint16_t port);

/*
 * Looks for what a reply to PASV or EPSV names, byte by byte, so that no line needs to be kept. The first of each
 * kind counts. All zero at the start.
 *
 * 227: six numbers up to 255 with commas between, whatever stands around them ("(127,0,0,1,4,5)", "=127,0,0,1,4,5",
 * "127,0,0,1,4,5"), as RFC 1123 section 4.1.2.6 says. 229: "(" and three times one delimiter, the port, the
 * delimiter.
 */
struct ftp_scan {
    bool has_endpoint;
    struct ftp_endpoint endpoint;
    bool has_port;
    uint16_t port; /* of 229 */

    /* Its own. */
    uint8_t numbers[6];
    uint8_t place;      /* in numbers */
    bool in_number;     /* the byte before was one of its digits */
    bool spoilt;        /* and it is none of an address */
    uint16_t number;    /* as far as it was read */
    char delimiter;     /* of 229 */
    uint8_t delimiters; /* seen so far, from 0; with 4, the parenthesis alone was */
    uint32_t digits;    /* the port as far as it was read; 0: no digit */
};

/* The next byte; '\n' at the end of a line. */
void ftp_scan_byte(struct ftp_scan *scan, char byte);

#endif
