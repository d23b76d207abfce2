#!/bin/sh
# Beside another preload that guards the program's network the shim does nothing, in both orders of LD_PRELOAD: what the
# other one sees, and what the program sees, is as without us.
here=$(cd "$(dirname "$0")" && pwd)
[ -z "${SANITIZERS-}" ] || { echo "# SKIPPED: a sanitizer's runtime would have to be loaded before perl" && exit 77; }
command -v perl >/dev/null || { echo "# SKIPPED: perl is not installed" && exit 77; }
[ -n "${TEST_PRELOAD-}" ] || exec sh "$here/../in_namespace.sh" sh "$0" "$@"

status=0
same() { # DESCRIPTION EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        echo "ok - $1"
    else
        echo "not ok - $1: expected '$2', got '$3'" && status=1
    fi
}
# It tells what a name has, and which addresses connect() was asked for, as a library between it and libc sees them.
cat >"$TEST_DIR/guard.c" <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
    char text[64] = "?";
    inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof text);
    if (ipv4->sin_family == AF_INET)
        dprintf(1, "asked for %s\n", text);
    else
        dprintf(1, "asked for family %d\n", ipv4->sin_family);
    return (int)syscall(SYS_connect, fd, address, length);
}
C
${CC:-cc} -w -shared -fPIC -o "$TEST_DIR/guard.so" "$TEST_DIR/guard.c" || exit 99
cat >"$TEST_DIR/client.pl" <<'P'
    use Socket;
    for my $name (qw(one4.example one6.example both.example half-hole.example)) {
        my $address = gethostbyname $name;
        print "$name ", $address ? inet_ntoa($address) : "unknown", "\n";
        $| = 1;
        next if !$address;
        socket my $s, PF_INET, SOCK_STREAM, 0;
        connect $s, pack_sockaddr_in(9, $address) or print 0 + $!, "\n";
    }
    socket my $u, PF_INET, SOCK_DGRAM, 0;
    bind $u, pack_sockaddr_in(0, INADDR_ANY) or print "bind ", 0 + $!, "\n";
    print unpack("S", getsockname $u), "\n";
P
tell() { timeout 60 env "$@" perl "$TEST_DIR/client.pl" 2>"$TEST_DIR/said"; }

# both WHAT LIBRARY [VARIABLE...]: as bare, but for us.
both() {
    what=$1 library=$2
    shift 2
    bare=$(tell LD_PRELOAD="$library" "$@")
    same "$what in front of us" "$bare" "$(tell LD_PRELOAD="$library:$TEST_PRELOAD" "$@")"
    same "$what in front of us: it is said" 1 "$(grep -c 'other-preloads ignore' "$TEST_DIR/said")"
    same "$what behind us" "$bare" "$(tell LD_PRELOAD="$TEST_PRELOAD:$library" "$@")"
    same "$what behind us: it is said" 1 "$(grep -c 'other-preloads ignore' "$TEST_DIR/said")"
}
both "a library that hears connect()" "$TEST_DIR/guard.so"
same "it hears what the program asks for" "asked for 192.0.2.1" \
    "$(tell LD_PRELOAD="$TEST_PRELOAD:$TEST_DIR/guard.so" | grep -m 1 asked)"
same "it is passed by where a setting says so" 1 \
    "$(tell LD_PRELOAD="$TEST_PRELOAD:$TEST_DIR/guard.so" V6SHIM_OTHER_PRELOADS=ignore | grep -c '^one6.example 240\.')"
case " ${BUILT-check} " in
*" check "*)
    same "an observer is none" 1 \
        "$(tell LD_PRELOAD="$LAB_BUILD/.libs/libv6shim-observe.so:$TEST_PRELOAD" | grep -c '^one6.example 240\.')"
    ;;
*) echo "ok - an observer is none # skip this build has no observer" ;;
esac

printf '192.0.2.7 one4.example\n' >"$TEST_DIR/nss_hosts"
mkdir -p "$TEST_DIR/sockets"
printf 'strict_chain\nproxy_dns\n[ProxyList]\nsocks5 127.0.0.1 1\n' >"$TEST_DIR/proxychains.conf"
printf 'server = 127.0.0.1\nserver_port = 1\n' >"$TEST_DIR/tsocks.conf"
for wrapper in tsocks:libtsocks.so proxychains:libproxychains.so.4 torsocks:libtorsocks.so \
    socket_wrapper:libsocket_wrapper.so nss_wrapper:libnss_wrapper.so; do
    library=$(find /usr/lib -name "${wrapper#*:}" 2>/dev/null | head -n 1)
    if [ -z "$library" ]; then
        echo "ok - ${wrapper%%:*} # skip not installed"
        continue
    fi
    both "${wrapper%%:*}" "$library" TSOCKS_CONF_FILE="$TEST_DIR/tsocks.conf" \
        PROXYCHAINS_CONF_FILE="$TEST_DIR/proxychains.conf" PROXYCHAINS_QUIET_MODE=1 \
        SOCKET_WRAPPER_DIR="$TEST_DIR/sockets" SOCKET_WRAPPER_DEFAULT_IFACE=10 NSS_WRAPPER_HOSTS="$TEST_DIR/nss_hosts"
done

# uid_wrapper's syscall() takes a lock that its fork handler holds.
library=$(find /usr/lib -name libuid_wrapper.so 2>/dev/null | head -n 1)
for order in "$library:$TEST_PRELOAD" "$TEST_PRELOAD:$library"; do
    [ -n "$library" ] || continue
    same "fork() beside uid_wrapper" "done" "$(UID_WRAPPER=1 UID_WRAPPER_ROOT=1 LD_PRELOAD=$order timeout 60 \
        perl -e 'for (1 .. 3) { fork or exit; wait } print "done"')"
done
exit $status
