#include "runtime/forgery.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>

#include "runtime/real.h"

#define SOURCE_OFFSET (SKF_NET_OFF + 8) /* of the source address in the IPv6 header, RFC 8200 section 3 */
#define ACCEPT_WHOLE  0xffffffffu

#ifndef SO_ATTACH_FILTER
#define SO_ATTACH_FILTER 26
#endif

/* NOLINTBEGIN: the kernel's macros for offsets are negative numbers that become unsigned */
static const struct sock_filter drop_mapped_sources[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SOURCE_OFFSET + 8)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0000ffff, 0, 4),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SOURCE_OFFSET)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SOURCE_OFFSET + 4)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, ACCEPT_WHOLE),
    BPF_STMT(BPF_RET | BPF_K, 0),
};
/* NOLINTEND */

int forgery_filter(int socket)
{
    struct sock_fprog program = {
        .len = sizeof drop_mapped_sources / sizeof drop_mapped_sources[0],
        .filter = (struct sock_filter *)(uintptr_t)drop_mapped_sources,
    };
    int saved = errno;
    int result = REAL(setsockopt)(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : -errno;
    errno = saved;
    return result;
}
