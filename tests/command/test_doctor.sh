#!/bin/sh
# v6shim doctor: hosts that are broken in one way each. What is found there is not found on the healthy one.
. "$(dirname "$0")/lib.sh"
unset COLUMNS XDG_CONFIG_HOME
if ! unshare -rnm true 2>/dev/null; then
    echo "no user namespaces here"
    exit 77
fi
export room v6shim

try "$v6shim" doctor sh now
same "two programs: status" 2 "$status"

# Files that take the place of the host's own.
echo 'nameserver 192.0.2.53' >"$room/resolv.conf"
echo 'hosts: files dns # not mdns4_minimal' >"$room/nsswitch.conf"
: >"$room/empty"

# on_host WHAT: a host with an address, a route and good files, broken by the shell commands WHAT.
# Then $found: what is wrong, $output and $status.
cat >"$room/host" <<'END'
put() { [ ! -e "$2" ] || mount --bind "$1" "$2"; }
ip link set lo up
ip -6 address add 2001:db8::1/128 dev lo nodad
ip -6 route add default dev lo
put "$room/resolv.conf" /etc/resolv.conf
put "$room/nsswitch.conf" /etc/nsswitch.conf
put "$room/empty" /etc/ld.so.preload
put "$room/empty" /etc/gai.conf
rm -rf "$room/state" "$room/conf" "$room/home"
mkdir -m 700 "$room/state"
: >"$room/conf"
V6SHIM_STATE_DIR=$room/state V6SHIM_CONF=$room/conf
export V6SHIM_STATE_DIR V6SHIM_CONF
doctor=$v6shim
eval "$1" || exit 99
exec "$doctor" doctor $2
END
on_host() {
    try unshare -rnm sh "$room/host" "$@"
    found=$(printf '%s\n' "$output" | sed -n 's/^wrong  //p')
    same "$1: nothing on standard error" "" "$errors"
}

on_host :
same "healthy: nothing is wrong" "" "$found"
same "healthy: status" 0 "$status"
for line in "this host has the IPv6 address 2001:db8::1 on lo" "there is a route to the IPv6 Internet" \
    "names are asked of 192.0.2.53" "the address policy puts IPv6 before IPv4" "the state directory is $room/state" \
    "the settings of $room/conf are read"; do
    contains "healthy: $line" "
ok     $line
" "
$output
"
done
same "healthy: bindv6only is not told" "" "$(printf '%s\n' "$output" | grep bindv6only)"

# broken WHAT FOUND: this alone is wrong.
broken() {
    on_host "$1"
    same "$1" "$2" "$found"
    same "$1: status" 1 "$status"
}
no_route="there is no route to the IPv6 Internet: see why no router announces one, or add a default route (ip -6 route)"
no_address="this host has no IPv6 address by which another network could be reached: give it one, or see why the router or DHCPv6 gives none (ip -6 address)"
broken 'ip -6 route del default' "$no_route"
broken 'ip -6 address del 2001:db8::1 dev lo' "$no_address"
broken 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6' \
    "IPv6 is switched off on all interfaces (net.ipv6.conf.all.disable_ipv6 is 1): sysctl -w net.ipv6.conf.all.disable_ipv6=0
$no_address
$no_route"
broken 'echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6' \
    "IPv6 is switched off on the interface lo (net.ipv6.conf.lo.disable_ipv6 is 1): set it to 0 with sysctl -w
$no_address
$no_route"
for service in mdns4_minimal mdns4; do
    [ -e /etc/nsswitch.conf ] || continue
    broken "echo hosts: files $service [NOTFOUND=return] dns >\$room/nss && put \$room/nss /etc/nsswitch.conf" \
        "/etc/nsswitch.conf has $service: names that end in .local get IPv4 addresses alone: write mdns${service#mdns4} in its place"
done
broken 'chmod 777 $V6SHIM_STATE_DIR' \
    "aliases are private to each process: $room/state: the state directory is writable by others (chmod it to 0700)"
broken 'mkdir $room/home; mount -t tmpfs -o ro none $room/home; V6SHIM_STATE_DIR=$room/home/some/state' \
    "the state directory $room/home/some/state can't be made: $room/home: Read-only file system: make it, mode 0700, or set state-dir"
broken '"$v6shim" alias --add 2001:db8::5 >/dev/null; : >"$V6SHIM_STATE_DIR/aliases"' \
    "aliases are private to each process: $room/state/aliases is damaged: not of its full size (remove it to start anew)"
broken 'echo prefer ipv5 >$V6SHIM_CONF' "$room/conf:1:8: prefer: expected policy, ipv6 or ipv4, found \"ipv5\": mend it: it is ignored"
broken 'V6SHIM_CONF=$room/no-such-file' \
    "$room/no-such-file is not read: No such file or directory: mend it: v6shim config --check tells all"
broken 'export V6SHIM_LISTEN=all' "V6SHIM_LISTEN: listen: expected mapped, inet6 or inet, found \"all\": mend it: it is ignored"
# A command without its library beside it; where one is installed, that is found.
on_host 'mkdir -p $room/home/bin && cp "$v6shim" $room/home/bin && doctor=$room/home/bin/v6shim'
case $output in
*"the library is /"*) ;;
*)
    contains "no library" "there is no library /" "$found"
    contains "no library: the remedy" "libv6shim.so: install it there, or name it in V6SHIM_LIBRARY" "$found"
    same "no library: status" 1 "$status"
    ;;
esac
broken 'export V6SHIM_LIBRARY=$room/library && echo >$room/library' \
    "V6SHIM_LIBRARY names $room/library, which is not taken: name a shared library by its absolute path, or none"
# What only the loader finds: a file that is cut behind its headers, and one for another machine.
broken 'export V6SHIM_LIBRARY=$room/library && head -c 4096 "${v6shim%/*}/.libs/libv6shim.so" >$room/library' \
    "the library can't be loaded: $room/library: a program with it was killed: Bus error: install it anew"
on_host 'export V6SHIM_LIBRARY=$room/library && perl -pe "BEGIN { \$/ = undef } substr(\$_, 18, 2) = qq(\xff\x0f)" "${v6shim%/*}/.libs/libv6shim.so" >$room/library'
contains "a library for another machine" "the library can't be loaded: $room/library: ERROR: ld.so: object '$room/library' from LD_PRELOAD cannot be preloaded" "$found"
same "a library for another machine: status" 1 "$status"
if [ -e /etc/ld.so.preload ]; then
    broken 'echo $room/gone.so >$room/list && put $room/list /etc/ld.so.preload' "/etc/ld.so.preload names"
fi

# --- a sandbox that refuses AF_INET6, as systemd's RestrictAddressFamilies= does, and as a kernel without IPv6 looks
cat >"$room/refuse" <<'END'
import ctypes, os, platform, struct, sys
call = {"x86_64": 41, "aarch64": 198, "riscv64": 198}.get(platform.machine())
if call is None or sys.maxsize < 2**32:
    os._exit(77)
# Is it socket(), is its first argument AF_INET6: EAFNOSUPPORT, else it is allowed. (seccomp(2), struct sock_filter)
code = [(0x20, 0, 0, 0), (0x15, 0, 3, call), (0x20, 0, 0, 16), (0x15, 0, 1, 10), (0x06, 0, 0, 0x00050000 | 97), (0x06, 0, 0, 0x7FFF0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filters", ctypes.c_void_p)]
program = Program(len(code), ctypes.addressof(filters))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
    os._exit(77)
os.execv(sys.argv[1], sys.argv[1:])
END
refused=0
if command -v python3 >/dev/null; then
    python3 "$room/refuse" /bin/true || refused=$?
fi
if command -v python3 >/dev/null && [ "$refused" -eq 0 ] && [ -z "${SANITIZERS-}" ]; then
    printf '#!/bin/sh\nexec python3 "%s/refuse" "%s" "$@"\n' "$room" "$v6shim" >"$room/sandboxed"
    chmod 755 "$room/sandboxed"
    broken 'doctor=$room/sandboxed' \
        "the kernel gives no IPv6 sockets: boot without ipv6.disable=1; in a service, RestrictAddressFamilies= needs AF_INET6"
else
    echo "# SKIPPED: a kernel without IPv6 (no python3, or no seccomp)"
fi

# --- notes
noted() { # WHAT PART: nothing is wrong, but this is told
    on_host "$1"
    same "$1: nothing is wrong" "" "$found"
    same "$1: status" 0 "$status"
    contains "$1" "note   $2" "$output"
}
noted 'echo 1 >/proc/sys/net/ipv6/bindv6only' "net.ipv6.bindv6only is 1: servers under the shim serve both families"
noted 'export V6SHIM_PREFER=ipv4' "the setting prefer is ipv4: IPv6 addresses are tried last: v6shim config tells"
noted 'export V6SHIM_FAMILIES=inet' "the setting families is inet: IPv6 is not used: "
noted 'export V6SHIM_POLICY=ipv4-first' "the address policy puts IPv4 before IPv6: see v6shim policy"
noted 'put "$room/empty" /etc/resolv.conf' "/etc/resolv.conf names no resolver"
noted 'ip -4 address flush dev lo' "IPv4 has no route here, and whether the network has NAT64 was not asked yet: ask"

# --- names
sed -n '/^127/p' /etc/hosts >"$room/hosts"
printf '%s two.example\n' 2001:db8::1 2001:db8::2 2001:db8:1::1 192.0.2.1 >>"$room/hosts"
echo '192.0.2.1 old.example' >>"$room/hosts"
name='put "$room/hosts" /etc/hosts; echo hosts: files >$room/nss; put $room/nss /etc/nsswitch.conf
    ip -6 route add unreachable 2001:db8:1::/48; ip -4 route add unreachable 192.0.2.0/24'
on_host "$name" two.example
same "a name: its routes" "2001:db8:1::1: there is no route: v6shim doctor tells what this host lacks" "$found"
same "a name: in the order in which it is tried" "2001:db8::1: 192.0.2.1: 2001:db8::2: 2001:db8:1::1: " \
    "$(printf '%s\n' "$output" | sed -n 's/^[a-z]*  *\([0-9a-f.:]*:\) .*/\1/p' | tr '\n' ' ')"
same "a name: status" 1 "$status"
contains "a name: IPv4 without a route" "note   192.0.2.1: there is no route: v6shim nat64 tells" "$output"
on_host "$name" old.example
contains "a name without IPv6" "note   old.example has no IPv6 address" "$output"
on_host "$name" none.example
contains "a name without an address" "none.example has no address: " "$found"
server='perl -MIO::Socket::IP -e "@s = IO::Socket::IP->new(LocalHost => q(2001:db8::1), LocalPort => 7, Listen => 1) or die; print qq(up\n); close STDOUT; sleep 1 while getppid != 1 && -e q($room/serve)" >$room/served & '
: >"$room/serve"
on_host "$name; $server until [ -s \$room/served ]; do sleep 0.05; done" "--port 7 2001:db8::1"
rm "$room/serve"
same "a port: reached: status" 0 "$status"
without_times() { sed 's/after [0-9][0-9]*\.[0-9] ms/after N ms/'; }
same "a port: reached" "ok     2001:db8::1: port 7 was reached after N ms, from 2001:db8::1" \
    "$(printf '%s\n' "$output" | grep 'port 7' | without_times)"
for arguments in "--port 9 2001:db8::1" "[2001:db8::1]:9" "--port 9 [2001:db8::1]"; do
    on_host "$name" "$arguments"
    same "$arguments: refused" \
        "2001:db8::1: port 9 was not reached, from 2001:db8::1: Connection refused after N ms: no server listens there, or a firewall refuses" \
        "$(printf '%s\n' "$found" | without_times)"
done
on_host "$name" "two.example:9"
same "NAME:PORT: each address" "2001:db8::1: 192.0.2.1: 2001:db8::2: 2001:db8:1::1: " \
    "$(printf '%s\n' "$output" | sed -n 's/^[a-z]*  *\([0-9a-f.:]*:\) .*/\1/p' | tr '\n' ' ')"
on_host "$name" "localhost:9"
contains "NAME:PORT of a name without a dot" "127.0.0.1: port 9 was not reached" "$found"
for arguments in '--port 0 a.b' '--port 65536 a.b' '--port 7x a.b' '--port 7' 'a.b:0' 'a.b:65536' 'a.b:http' 'a.b:' \
    '--port 7 a.b:7' '[::1' '[::1]7' '[]:7' ':7' '--port 7 [::1]:7' '--pid 1 --prefer=ipv6' '--prefer=ipv5'; do
    try "$v6shim" doctor $arguments
    same "$arguments: status" 2 "$status"
    same "$arguments: one line" 1 "$(lines_of "$errors")"
done

# --- settings as options
on_host : --prefer=ipv4
contains "--prefer" "note   the setting prefer is ipv4" "$output"
on_host : "--state-dir=$room/none/state"
contains "--state-dir" "the state directory $room/none/state will be made when it is needed" "$output"
on_host "$name" "--families=inet two.example"
same "--families=inet: IPv6 is not tried" 3 "$(printf '%s\n' "$output" | grep -c '^note .*: not tried, by the setting families')"
on_host "$name" "--prefer=ipv4 two.example"
contains "--prefer=ipv4: the order" "192.0.2.1" "$(printf '%s\n' "$output" | sed 1q)"

# --- NAT64: which addresses written as numbers are carried
on_host 'export V6SHIM_NAT64=64:ff9b::/96'
contains "the well-known prefix" "note   64:ff9b::/96 carries global IPv4 addresses alone, no private ones such as 10.0.0.1" "$output"
on_host 'export V6SHIM_NAT64=2001:db8:64::/96'
contains "a prefix of one's own" "ok     2001:db8:64::/96 carries private IPv4 addresses, too
" "$output
"
on_host 'export V6SHIM_NAT64=2001:db8:64::/96 V6SHIM_NAT64_PRIVATE=yes'
contains "nat64-private yes" "ok     2001:db8:64::/96 carries private IPv4 addresses, too, also those with a route" "$output"
on_host 'export V6SHIM_NAT64=2001:db8:64::/96 V6SHIM_NAT64_PRIVATE=no'
contains "nat64-private no" "note   2001:db8:64::/96 carries global IPv4 addresses alone: the setting nat64-private is no" "$output"

# --- a firewall (its rules are read in tests/command/doctor/test_firewall.c)
if [ -x /usr/sbin/nft ] && unshare -rn /usr/sbin/nft list ruleset >/dev/null 2>&1; then
    nft() { echo "/usr/sbin/nft '$1'"; }
    web="$(nft 'add table ip t'); $(nft 'add chain ip t in { type filter hook input priority 0; }'); $(nft 'add rule ip t in tcp dport 80 drop')"
    broken "$web" "the firewall filters TCP port 80 over IPv4, and leaves it open over IPv6: write the rule for IPv6, too (table inet, ip6tables), or set listen inet for the server"
    on_host "$web; $(nft 'add table ip6 t'); $(nft 'add chain ip6 t in { type filter hook input priority 0; policy drop; }')"
    contains "rules for both families" "ok     no rule of the firewall is known to be for IPv4 alone" "$output"
    same "rules for both families: status" 0 "$status"
    noted "$(nft 'add table inet t'); $(nft 'add chain inet t out { type filter hook output priority 0; }'); $(nft 'add rule inet t out ip daddr 192.0.2.7 reject')" \
        "the firewall forbids connections to 192.0.2.7: they may go to the IPv6 addresses of its host: write rules"
    on_host "put \$room/empty /usr/sbin/nft; put /bin/false /usr/sbin/iptables-save"
    same "tools that fail: nothing is wrong" 0 "$status"
    # Without nft what iptables-save prints is read.
    if [ -x /usr/sbin/iptables-save ]; then
        cat >"$room/save" <<'END'
#!/bin/sh
case $0 in *ip6*) policy=ACCEPT ;; *) policy=DROP ;; esac
printf '*filter\n:INPUT %s [0:0]\nCOMMIT\n' $policy
END
        chmod 755 "$room/save"
        broken "put \$room/empty /usr/sbin/nft; put \$room/save /usr/sbin/iptables-save; put \$room/save /usr/sbin/ip6tables-save" \
            "the firewall lets in over IPv4 what its rules name alone, and over IPv6 whatever they don't forbid: write the rules for IPv6, too (table inet, ip6tables), or set listen inet for servers"
    fi
else
    echo "# SKIPPED: a firewall (no nft here)"
fi

# --- other forms
on_host 'ip -6 route del default' --json
same "JSON: status" 1 "$status"
contains "JSON" '{ "severity": "wrong", "topic": "route", "text": "there is no route to the IPv6 Internet", "remedy": "see' \
    "$(echo $output)"
contains "JSON: no remedy" '"topic": "resolver", "text": "names are asked of 192.0.2.53", "remedy": null }' "$(echo $output)"
finish
