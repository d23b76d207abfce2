#!/bin/sh
# The libraries of both classes (configure --enable-multilib): what make install puts into a root of its own, what v6shim
# run, check and check --run take from there for programs of 32 and 64 bits, what the loader takes by $LIB, and that make
# uninstall leaves nothing.
#
# Works in a build that has both; others skip it.
. "$(dirname "$0")/lib.sh"
build=${LAB_BUILD:-$PWD}
[ -e "$build/32/.libs/libv6shim.so" ] || {
    echo "# SKIPPED, nothing here was tested: this build has no libraries of 32 bits (configure --enable-multilib)"
    exit 77
}
[ -z "${SANITIZERS-}" ] || {
    echo "# SKIPPED, nothing here was tested: a sanitized library can't be preloaded into plain programs"
    exit 77
}
CC=${CC:-gcc}
unset MAKEFLAGS MFLAGS MAKELEVEL

# Prints the list, what the loader made of it, and what it is told about a name that has an IPv6 address alone. Given a
# program, starts that instead.
cat >"$room/show.c" <<'C'
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **words)
{
    if (count > 1)
        execv(words[1], words + 1);
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    int shim = 0, observer = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        shim |= strstr(line, "libv6shim.so") != NULL;
        observer |= strstr(line, "libv6shim-observe.so") != NULL;
    }
    struct hostent *host = gethostbyname("2001:db8::1");
    printf("%d bits%s%s%s\n", (int)sizeof(void *) * 8, shim ? " shim" : "", observer ? " observer" : "",
           host != NULL && host->h_addrtype == AF_INET ? " alias" : "");
    return 0;
}
C
$CC -o "$room/show64" "$room/show.c" && gcc -m32 -o "$room/show32" "$room/show.c" || {
    echo "programs of both classes can't be compiled" && exit 1
}
# Datagrams to itself by each call that has another name with a time_t of 64 bits.
cat >"$room/wire.c" <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
int main(void)
{
    char data[8] = "ping";
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, peer;
    struct iovec part = {data, sizeof data};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &own, .msg_namelen = sizeof own, .msg_iov = &part, .msg_iovlen = 1}};
    struct mmsghdr received = {.msg_hdr = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1}};
    struct ifreq interface = {0};
    socklen_t length = sizeof own;
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0 || getsockname(fd, (struct sockaddr *)&own, &length) != 0)
        return 1;
    strcpy(interface.ifr_name, "lo");
    ioctl(fd, SIOCGIFADDR, &interface);
    struct timespec limit = {5, 0};
    return sendmsg(fd, &message.msg_hdr, 0) != sizeof data || recvmsg(fd, &received.msg_hdr, 0) != sizeof data ||
           sendmmsg(fd, &message, 1, 0) != 1 || recvmmsg(fd, &received, 1, 0, &limit) != 1;
}
C
gcc -m32 -o "$room/wire32" "$room/wire.c" &&
    gcc -m32 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -o "$room/wire32-time64" "$room/wire.c" || exit 1
calls_in() { sed -n 's/.*"\(call\|symbol\|function\)": *\("[^"]*"\).*/\2/p' "$1" | sort -u; }
V6SHIM_STATE_DIR=$room/state
export V6SHIM_STATE_DIR

# works_for_both WHERE COMMAND EXPECTED: each program, and each as a child of the other.
works_for_both() {
    for started in show32 show64 "show64 $room/show32" "show32 $room/show64"; do
        bits=${started##*show}
        try $2 "$room/"$started
        same "$1, $started" "$bits bits $3" "$output"
        same "$1, $started: nothing to complain about" "" "$errors"
    done
}
works_for_both "v6shim run in the build tree" "$v6shim run" "shim alias"

try make -C "$build" install DESTDIR="$room/root"
same "make install: status" 0 "$status"
[ "$status" = 0 ] || echo "$errors"
installed=$(find "$room/root" -path '*/bin/v6shim')
libraries=$(dirname "$(find "$room/root" -name libv6shim.so -type f ! -path '*/32/*')")
works_for_both "v6shim run, installed" "$installed run" "shim alias"
for program in show32 show64; do
    try env LD_PRELOAD="$libraries/libv6shim/\$LIB/libv6shim.so" "$room/$program"
    same "LD_PRELOAD with \$LIB, $program" "${program#show} bits shim alias" "$output"
    same "LD_PRELOAD with \$LIB, $program: nothing to complain about" "" "$errors"
done
try "$installed" run sh -c 'echo "$LD_PRELOAD"'
same "v6shim run leaves \$LIB to the loader" "$libraries/libv6shim/\$LIB/libv6shim.so" "$output"
try env V6SHIM_LIBRARY="$libraries/libv6shim.so" "$installed" run sh -c 'echo "$LD_PRELOAD"'
same "but not where one is named" "$libraries/libv6shim.so" "$output"

if [ -e "$build/.libs/libv6shim-observe.so" ]; then # not with --disable-check
    try "$installed" check "$room/show32"
    contains "check of a program of 32 bits" "show32: works under the shim" "$output"
    # By the names that functions have in programs whose time_t has 64 bits, they are the same calls.
    for program in wire32 wire32-time64; do
        try "$installed" check --run --json --fail-on never -o "$room/report.json" -- "$room/$program"
        same "check --run, $program: status" 0 "$status"
        calls_in "$room/report.json" >"$room/calls-$program"
    done
    same "what is observed with a time_t of 64 bits" "$(cat "$room/calls-wire32")" "$(cat "$room/calls-wire32-time64")"
    for call in sendmsg recvmsg sendmmsg recvmmsg setsockopt ioctl; do
        contains "what is observed" "$call" "$(cat "$room/calls-wire32-time64")"
    done
    for program in show32 show64 "show64 $room/show32" "show32 $room/show64"; do
        try "$installed" check --run --fail-on never -o "$room/report" -- "$room/"$program
        same "check --run, $program" "${program##*show} bits shim observer alias" "$output"
        same "check --run, $program: nothing to complain about" "" "$errors"
        contains "check --run, $program: the report" "gethostbyname" "$(cat "$room/report")"
    done
fi

try make -C "$build" uninstall DESTDIR="$room/root"
same "make uninstall: status" 0 "$status"
same "make uninstall leaves no file, and no folder of ours" "" \
    "$(find "$room/root" ! -type d -o -name libv6shim -o -name 32)"
finish
