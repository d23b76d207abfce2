/* What the twins share: see ported.h. */
#include "ported.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

const struct address_text *address_print(struct address_text *text, const struct sockaddr *address, socklen_t length)
{
    if ((address->sa_family != AF_INET && address->sa_family != AF_INET6) ||
        getnameinfo(address, length, text->host, sizeof text->host, text->port, sizeof text->port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        *text = (struct address_text){"?", "?"};
    return text;
}

void address_unmap(struct sockaddr_storage *address, socklen_t *length)
{
    struct sockaddr_in plain = {.sin_family = AF_INET};
    struct sockaddr_in6 mapped;

    if (address->ss_family != AF_INET6)
        return;
    memcpy(&mapped, address, sizeof mapped);
    if (!IN6_IS_ADDR_V4MAPPED(&mapped.sin6_addr))
        return;
    memcpy(&plain.sin_addr, &mapped.sin6_addr.s6_addr[12], sizeof plain.sin_addr);
    plain.sin_port = mapped.sin6_port;
    memcpy(address, &plain, sizeof plain);
    *length = sizeof plain;
}

int service_valid(const char *service)
{
    char *end;
    long port = strtol(service, &end, 10);

    return *end != '\0' || (port > 0 && port < 65536);
}

const char *lookup_error(int error)
{
    return error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
}
