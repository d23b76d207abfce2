#!/bin/sh
# In which order addresses are tried: against libc itself for random sets, by each table, with flags from the kernel.
. "$(dirname "$0")/lib.sh"
lab_need_library
# The order is asked about, not the time: on a busy machine a thread may take long to read the hosts file.
export V6SHIM_RESOLUTION_DELAY=5000

for host in client one two; do lab_host $host; done
lab_link client one
lab_link client two
address() { lab_on client ip address add "$@" nodad; }
address 2001:db8:1::2/64 dev one
address 2001:db8:3f44::2/48 dev two
address fd11:1111:1111:1::1/64 dev one
lab_on client ip address add 192.0.2.2/24 dev one
lab_on client ip address add 10.1.2.4/16 dev two
lab_on client ip -6 route add default dev one
lab_on client ip route add default dev one
lab_on client ip -6 route add unreachable 2001:db8:dead::/48
lab_on client ip route add unreachable 203.0.113.0/24
hosts=$LAB_DIR/host/client/etc/hosts
gai=$LAB_DIR/host/client/etc/gai.conf
echo 'multi on' >"$LAB_DIR/host/client/etc/host.conf"

addresses() { awk '$2 == "STREAM" { print $1 }' | tr '\n' ' ' | sed 's/ $//'; }
bare() { lab_on client getent ahosts "$1" | addresses; }
by() {
    lab_policy=$1
    shift
    lab_preload client env V6SHIM_POLICY="$lab_policy" getent ahosts "$@" 2>&1 | addresses
}

# ---- Against libc itself: 400 random sets, from the same order given (order.c), by several tables and sources

perl -e 'srand 6724;
    sub part { sprintf "%x", int rand 65536 }
    my @make = (
        sub { "2001:db8:" . (qw(1 2 3f44 3ffe dead))[rand 5] . "::" . part() }, sub { "2001:db8:1:" . part() . "::1" },
        sub { "fd11:1111:1111:" . part() . "::1" }, sub { "fd22:2222:2222::" . part() }, sub { "fc00::" . part() },
        sub { "2002:c633:6401::" . part() }, sub { "2002:1::" . part() }, sub { "2001:0:" . part() . "::1" },
        sub { "2001:0:4::" . part() }, sub { "fec0::" . part() }, sub { "fec0:0:0:2::" . part() }, sub { "3ffe::" . part() },
        sub { "::192.0.2." . int(1 + rand 250) }, sub { "::ffff:192.0.2." . int(1 + rand 250) }, sub { "ff05::" . part() },
        sub { "192.0.2." . int(1 + rand 250) }, sub { "10.1.2." . int(1 + rand 250) }, sub { "203.0.113." . int(1 + rand 250) },
        sub { "198.51.100." . int(1 + rand 250) }, sub { "169.254.7." . int(1 + rand 250) }, sub { "127.0.0." . int(1 + rand 250) });
    for my $set (1 .. 400) { print $make[rand @make]->(), " Set$set\n" for 0 .. 1 + rand 9 }' >>"$hosts"

: >"$LAB_DIR/glibc"
printf 'precedence %s\n' '::1/128 50' 'fc00::/7 45' '::/0 40' '2002::/16 30' '::/96 20' '::ffff:0:0/96 10' >"$LAB_DIR/ula"
printf 'precedence %s\n' '::/0 40' '::ffff:0:0/96 100' >"$LAB_DIR/ipv4"
printf 'scopev4 %s\n' '::ffff:10.0.0.0/104 5' '::ffff:0:0/96 14' >"$LAB_DIR/scope"
printf 'label %s\n' '::/0 1' 'fc00::/7 2' '2001:db8:3f44::/48 9' 'fec0::/10 9' '2001:db8:2::/48 9' >"$LAB_DIR/label"
# as_libc WHAT: no set is in another order than libc's.
as_libc() {
    for table in glibc ula ipv4 scope label; do
        cp "$LAB_DIR/$table" "$gai"
        same "$1: 400 random sets are in libc's order by the table $table" "400 sets, 0 differ" \
            "$(lab_on client env V6SHIM_POLICY="file $LAB_DIR/$table" "$LAB_BUILD/tests/lab/order" <"$hosts" 2>&1)"
    done
    : >"$gai"
}
as_libc "two global prefixes, ULA, IPv4"
address fec0::2/64 dev two
address 2001:db8:1::77/64 dev one
lab_on client ip address add 169.254.7.1/16 dev two
as_libc "site-local, link-local and a second source"
lab_on client sh -c 'ip address change 2001:db8:1::2/64 dev one preferred_lft 0
    ip address change fd11:1111:1111:1::1/64 dev one preferred_lft 0; ip address change 10.1.2.4/16 dev two preferred_lft 0'
as_libc "deprecated ones"
lab_on client sh -c 'ip address change 2001:db8:3f44::2/48 dev two preferred_lft 0
    ip address change 2001:db8:1::2/64 dev one preferred_lft forever; ip address change fd11:1111:1111:1::1/64 dev one preferred_lft forever'
address 2001:db8:1::8888/64 dev one home
lab_on client sysctl -qw net.ipv6.conf.two.use_tempaddr=2
address 2001:db8:2::55/64 dev two mngtmpaddr valid_lft 3600 preferred_lft 1800
temporary() { lab_on client ip -6 address show dev two temporary | grep -q 2001:db8:2:; }
check "the kernel makes a temporary address" lab_until temporary
as_libc "others deprecated, a home address, temporary ones"
lab_on client sh -c 'ip address del 2001:db8:1::8888/64 dev one; ip address del 2001:db8:1::77/64 dev one
    ip address del 2001:db8:2::55/64 dev two; ip address del fec0::2/64 dev two; ip address del 169.254.7.1/16 dev two
    ip address change 10.1.2.4/16 dev two preferred_lft forever; ip address change 2001:db8:3f44::2/48 dev two preferred_lft forever'

# ---- Each table by name

{
    echo '2001:db8:2::2 ula-or-global'
    echo 'fd11:1111:1111:2::2 ula-or-global'
    echo '198.51.100.7 dual'
    echo '2001:db8:2::7 dual'
    echo 'fd11:1111:1111:2::3 ula-or-private'
    echo '10.1.2.3 ula-or-private'
    echo '2001:db8:2::9 gone'
    echo '2001:db8:dead::9 gone'
} >>"$hosts"
same "system: libc's order" "$(bare dual)" "$(by system dual)"
same "ipv4-first" "198.51.100.7 2001:db8:2::7" "$(by ipv4-first dual)"
same "rfc6724: IPv4 before ULA" "10.1.2.3 fd11:1111:1111:2::3" "$(by rfc6724 ula-or-private)"
same "rfc6724-update: ULA before IPv4" "fd11:1111:1111:2::3 10.1.2.3" "$(by rfc6724-update ula-or-private)"
same "rfc6724-update: a known-local ULA before global" "fd11:1111:1111:2::2 2001:db8:2::2" \
    "$(by rfc6724-update ula-or-global)"
same "rfc6724: global before ULA" "2001:db8:2::2 fd11:1111:1111:2::2" "$(by rfc6724 ula-or-global)"
same "ula-first: ULA before global" "fd11:1111:1111:2::2 2001:db8:2::2" "$(by ula-first ula-or-global)"
same "what has no route comes last" "2001:db8:2::9 2001:db8:dead::9" "$(by rfc6724 gone)"

# Sorted by address alone, what such a program is told is the same: flags, types, ports, the canonical name first.
told() {
    cat <<'PYTHON'
import socket
for host, family in ("ula-or-global", 0), ("ula-or-private", 0), ("dual", socket.AF_INET6), (None, 0):
    answer = socket.getaddrinfo(host, "http", family, flags=socket.AI_CANONNAME if host else 0)
    print("-", host, "named", answer[0][3], "others", sum(len(node[3]) for node in answer[1:]))
    for node in answer:
        print(node[4][0], host, *map(int, node[:3]), *node[4][1:])
PYTHON
}
script=$LAB_DIR/told.py
told >"$script"
bare_told=$(lab_on client python3 "$script")
ours_told=$(lab_preload client env V6SHIM_POLICY=rfc6724 python3 "$script")
check "a policy that was set changes the order of a program that speaks IPv6" test "$bare_told" != "$ours_told"
same "and nothing else" "$(echo "$bare_told" | sort -s -k1,1)" "$(echo "$ours_told" | sort -s -k1,1)"
same "ula-first, for such a program" fd11:1111:1111:2::2 "$(lab_preload client env V6SHIM_POLICY=ula-first python3 -c '
import socket; print(socket.getaddrinfo("ula-or-global", 80)[0][4][0])')"

# ---- A program that only knows IPv4 gets its list by the same policy

show() { lab_preload client "$@" perl "$LAB_SOURCE/probe.pl" resolve dual; }
contains "ipv4-first: the IPv4 address leads" "[] 198.51.100.7 240." "$(show env V6SHIM_POLICY=ipv4-first)"
contains "system: the program sees IPv4 first, as libc gives it" "[] 198.51.100.7 240." \
    "$(show env V6SHIM_POLICY=system)"
contains "a table that was named: the alias leads" "[] 240." "$(show env V6SHIM_POLICY=rfc6724)"
contains "prefer ipv6 outranks the policy" "[] 240." "$(show env V6SHIM_POLICY=ipv4-first V6SHIM_PREFER=ipv6)"

# ---- Flags of source addresses

# (All of them: else the kernel would take another one.)
lab_on client sh -c 'ip address change 2001:db8:1::2/64 dev one preferred_lft 0
    ip address change 2001:db8:3f44::2/48 dev two preferred_lft 0
    ip address change fd11:1111:1111:1::1/64 dev one preferred_lft 0'
command=$LAB_BUILD/v6shim
policy() { lab_on client env V6SHIM_POLICY="$1" "$command" policy $2; }
contains "a deprecated source is worse" "rule 3" "$(policy rfc6724 dual)"
same "and its destination goes behind" "198.51.100.7 2001:db8:2::7" "$(by rfc6724 dual)"
lab_on client sh -c 'ip address change 2001:db8:1::2/64 dev one preferred_lft forever
    ip address change 2001:db8:3f44::2/48 dev two preferred_lft forever
    ip address change fd11:1111:1111:1::1/64 dev one preferred_lft forever'

# ---- The command, and what is wrong with a file

contains "v6shim policy: the table" "::ffff:0:0/96                    100      4" "$(policy ipv4-first)"
contains "v6shim policy NAME: the deciding rule" "rule 6: " "$(policy ipv4-first dual)"
contains "v6shim policy NAME: no route" "no route" "$(policy rfc6724 gone)"
same "v6shim policy --json" 198.51.100.7 \
    "$(policy ipv4-first 'dual --json' | perl -MJSON::PP -0777 -ne 'print decode_json($_)->{dual}[0]{address}')"
printf 'label 2001:db8::/32 nine\n\nprecedence ::/0\n' >"$LAB_DIR/bad"
got=$(policy "file $LAB_DIR/bad" 2>&1)
contains "a bad line is told with its number" "$LAB_DIR/bad:1:21: expected a number" "$got"
contains "and the next one" "$LAB_DIR/bad:3:16: expected a number" "$got"
contains "a policy file that isn't there" "No such file" "$(policy "file /nowhere" 2>&1)"

# ---- RFC 5014: which of two source addresses

lab_on client ip address add 2001:db8:1::99/64 dev one nodad
lab_on client sysctl -qw net.ipv6.conf.one.use_tempaddr=2
same "without a wish no socket is asked for one" 0 \
    "$(lab_preload client strace -f -e trace=setsockopt perl "$LAB_SOURCE/probe.pl" connect-first 2001:db8:2::7 9 2>&1 | grep -c IPV6_ADDR_PREF)"
contains "source temporary is asked for" "[1]" \
    "$(lab_preload client env V6SHIM_SOURCE=temporary timeout 20 strace -f -e trace=setsockopt perl "$LAB_SOURCE/probe.pl" connect-first 2001:db8:2::7 9 2>&1 | grep -E '0x48|IPV6_ADDR_PREF')"
lab_done
