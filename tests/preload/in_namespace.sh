#!/bin/sh
# in_namespace.sh COMMAND [ARGUMENT...]: runs it in a network and a file system of its own, which end with it.
#
# There: addresses of both families on lo (below, and in the file hosts), links on which packets vanish, names from
# our hosts file alone, no configuration but patience (V6SHIM_RESOLUTION_DELAY), an empty state directory. For the
# command:
#   TEST_DIR       scratch directory in memory
#   TEST_PRELOAD   what to put into LD_PRELOAD: the library under test, behind the sanitizer's that it needs
# From make check: LAB_BUILD (the build directory, default the current one), SANITIZERS. LAB_LIBRARY is another library
# than that of the build directory; $LIB in it is the dynamic loader's.
# Exit status 77, skipped, where namespaces can't be had: root or user namespaces are needed.

set -u
PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL
here=$(cd "$(dirname "$0")" && pwd)

skip() {
    echo "# SKIPPED, nothing here was tested: $*"
    exit 77
}

if [ -z "${TEST_INSIDE-}" ]; then
    for tool in ip unshare; do command -v $tool >/dev/null || skip "$tool is not installed"; done
    flags="--mount --net --uts --pid --fork --kill-child --mount-proc"
    if ! unshare $flags true 2>/dev/null; then
        flags="--user --map-root-user $flags"
        unshare $flags true 2>/dev/null || skip "needs root or user namespaces (see user.max_user_namespaces)"
    fi
    TEST_INSIDE=yes exec unshare $flags sh "$here/in_namespace.sh" "$@"
fi

# ---- Files. Process 1 of a namespace would be sent no signal that it does not handle, so the command is a child.

# /run holds the socket of a name service cache, which would answer in our hosts file's place.
mount -t tmpfs -o mode=755 tests /run || skip "no tmpfs can be mounted"
TEST_DIR=/run/test
mkdir -p $TEST_DIR/etc $TEST_DIR/state
echo this-host >/proc/sys/kernel/hostname
for file in alternatives group ld.so.cache ld.so.conf ld.so.conf.d passwd; do
    [ ! -e "/etc/$file" ] || cp -RP "/etc/$file" $TEST_DIR/etc/
done
{
    cat "$here/hosts"
    # Names with more addresses than are put together.
    number=0
    while [ $number -lt 70 ]; do
        number=$((number + 1))
        printf '10.9.0.%s crowd4.example crowds.example\n2001:db8:dead::%s crowd.example crowds.example\n' $number $number
        [ $number -gt 20 ] || echo "2001:db8:9::1:$number crowded-hole.example"
    done
    echo '192.0.2.1 crowd.example'
    echo '192.0.2.4 crowded-hole.example'
} >$TEST_DIR/etc/hosts
echo "multi on" >$TEST_DIR/etc/host.conf
printf '%s: files\n' hosts services protocols networks passwd group >$TEST_DIR/etc/nsswitch.conf
printf 'tcp 6 TCP\nudp 17 UDP\n' >$TEST_DIR/etc/protocols
printf 'discard 9/tcp sink null\ndiscard 9/udp sink null\nonly-tcp 7001/tcp\nlogin 513/tcp\n' >$TEST_DIR/etc/services
echo 0123456789abcdef0123456789abcdef >$TEST_DIR/etc/machine-id
chmod 700 $TEST_DIR/state
mount --bind $TEST_DIR/etc /etc || skip "no bind mounts"
mount -t tmpfs -o mode=755 tests /var/lib # where root's aliases are, unless a setting says otherwise

# ---- Network

addresses="2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::5 2001:db8::11 2001:db8::12 fd00:1::1"
{
    echo "link set lo up"
    for address in $addresses; do
        echo "address add $address/128 dev lo nodad"
    done
    echo "address add fe80::1/64 dev lo nodad"
    for number in 1 2 3 4; do echo "address add 192.0.2.$number/32 dev lo"; done
    # What is sent into hole goes to a neighbour that isn't there. The alias pool has a link of its own: a packet that
    # leaves for an alias can be counted there.
    echo "link add hole type veth peer name bottom"
    echo "link add pool type veth peer name drain"
    for link in hole bottom pool drain; do echo "link set $link addrgenmode none up"; done
    echo "address add 2001:db8:9::1/64 dev hole nodad"
    echo "address add 198.51.100.1/24 dev hole"
    for address in 2001:db8:9::2 2001:db8:9::3 198.51.100.2; do
        echo "neigh add $address lladdr 02:00:00:00:00:99 dev hole nud permanent"
    done
    echo "address add 203.0.113.129/30 dev pool"
    echo "neigh add 203.0.113.130 lladdr 02:00:00:00:00:99 dev pool nud permanent"
    echo "route add 240.0.0.0/4 via 203.0.113.130"
    echo "route add 2001:db8:f::/64 dev hole"
} | ip -batch - || skip "no addresses or links can be made"
# What the host itself prohibits, EACCES, though it has a route.
ip -6 rule add to 2001:db8:f::/64 ipproto tcp prohibit
# The kernel makes the routes to new IPv6 addresses by and by.
for address in $addresses 2001:db8:9::1; do
    tries=0
    until ip -6 route get $address 2>/dev/null | grep -q '^local' || [ $tries -ge 100 ]; do
        tries=$((tries + 1))
        sleep 0.02
    done
done
# IPv6 would send packets of its own there.
[ ! -e /proc/sys/net/ipv6/conf/pool ] || echo 1 >/proc/sys/net/ipv6/conf/pool/disable_ipv6

# ---- The command

: "${LAB_BUILD:=$PWD}"
TEST_PRELOAD=${LAB_LIBRARY:-$LAB_BUILD/.libs/libv6shim.so}
[ "${LAB_LIBRARY-}" ] || [ -e "$TEST_PRELOAD" ] || {
    echo "no $TEST_PRELOAD: run make first, or name the build directory in LAB_BUILD"
    exit 99
}
# A sanitizer's runtime has to be the first library of a process that was built without it.
case ${SANITIZERS-} in
*address*) TEST_PRELOAD=$(gcc -print-file-name=libasan.so):$TEST_PRELOAD ;;
*thread*) TEST_PRELOAD=$(gcc -print-file-name=libtsan.so):$TEST_PRELOAD ;;
esac
for variable in $(env | sed -n 's/^\(V6SHIM_[A-Z0-9_]*\)=.*/\1/p') LD_PRELOAD TEST_INSIDE; do unset "$variable"; done
V6SHIM_STATE_DIR=$TEST_DIR/state
# A busy machine may need longer than a network for the IPv6 half of an answer.
V6SHIM_RESOLUTION_DELAY=5000
# Reports go to files: a lookup's thread has a standard error of its own, which prints nothing.
reports=$TEST_DIR/report
ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0:detect_stack_use_after_return=0:log_path=$reports
TSAN_OPTIONS=exitcode=66:die_after_fork=0:suppressions=$here/tsan.supp:log_path=$reports
export TEST_DIR TEST_PRELOAD LAB_BUILD V6SHIM_STATE_DIR V6SHIM_RESOLUTION_DELAY ASAN_OPTIONS TSAN_OPTIONS
"$@"
status=$?
for report in "$reports".*; do
    [ -s "$report" ] || continue
    echo "# what a sanitizer says of process ${report##*.}:"
    cat "$report"
    [ $status -ne 0 ] || status=66
done >&2
exit $status
