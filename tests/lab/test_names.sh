#!/bin/sh
# What gethostbyname, gethostbyaddr and getaddrinfo(AF_INET) tell an IPv4-only program, and how long they take.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
lab_topology
lab_services

probe="perl $LAB_SOURCE/probe.pl"
bare() { lab_on client "$@" 2>&1; }
preloaded() { lab_preload client "$@" 2>&1; }
alias_pattern='240\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.[0-9]+\.[0-9]+'
matches() { if printf '%s\n' "$3" | grep -Eqx "$2"; then ok "$1"; else not_ok "$1" "expected: $2
got:      $3"; fi; }

# ---- What has no IPv6 is as bare, byte for byte

for name in v4only many4 cname4 chain4 v4only.lab.example. 198.51.100.80 localhost nowhere nodata dangling \
    nowhere.example.org; do
    same "$name is as bare" "$(bare $probe resolve $name)" "$(preloaded $probe resolve $name)"
    same "$name is as bare to getaddrinfo(AF_INET)" "$(bare getent ahostsv4 $name)" \
        "$(preloaded getent ahostsv4 $name)"
done
for address in 198.51.100.80 192.0.2.2 198.51.100.82 203.0.113.1 127.0.0.1; do
    same "the name of $address is as bare" "$(bare $probe reverse $address)" "$(preloaded $probe reverse $address)"
done

# ---- What has IPv6 is an alias

got=$(preloaded $probe resolve v6only.lab.example)
matches "AAAA only: one alias" "v6only.lab.example: v6only.lab.example \[\] $alias_pattern" "$got"
alias=${got##* }
same "another process gets the same alias" "$got" "$(preloaded $probe resolve v6only.lab.example)"
same "a short name gets it too" "v6only: ${got#*: }" "$(preloaded $probe resolve v6only)"
matches "a CNAME is in h_aliases, as libc has it for IPv4" \
    "chain6.lab.example: v6only.lab.example \[(chain6.lab.example|link6.lab.example|cname6.lab.example| )+\] $alias" \
    "$(preloaded $probe resolve chain6.lab.example)"
same "dual: IPv4 as it is, then the alias" "dual.lab.example: dual.lab.example [] 198.51.100.80 $alias" \
    "$(preloaded $probe resolve dual.lab.example)"
matches "several of each" \
    "many.lab.example: many.lab.example \[\] 198.51.100.80 198.51.100.81 $alias_pattern $alias_pattern" \
    "$(preloaded $probe resolve many.lab.example)"
matches "several AAAA" "many6.lab.example: many6.lab.example \[\] $alias_pattern $alias_pattern $alias_pattern" \
    "$(preloaded $probe resolve many6.lab.example)"
same "a mapped address alone is the IPv4 address that it is" "mapped.lab.example: mapped.lab.example [] 198.51.100.80" \
    "$(preloaded $probe resolve mapped.lab.example)"
contains "to getaddrinfo(AF_INET), too" "198.51.100.80 " "$(preloaded getent ahostsv4 mapped)"
for name in mapped mapped4; do
    lacks "$name: to nobody who wants IPv6 alone" "198.51.100." \
        "$(preloaded env V6SHIM_FAMILIES=inet6 $probe resolve $name)"
done
same "beside an IPv4 address it says nothing" "$(bare $probe resolve mapped4)" "$(preloaded $probe resolve mapped4)"
for name in mapped2 mapped4; do
    same "$name: to getaddrinfo(AF_INET), as bare" "$(bare getent ahostsv4 $name)" "$(preloaded getent ahostsv4 $name)"
    same "$name: also where the order is set" "$(bare getent ahostsv4 $name)" \
        "$(preloaded env V6SHIM_PREFER=ipv6 getent ahostsv4 $name)"
done
matches "the unusable address comes last" \
    "noroute.lab.example: noroute.lab.example \[\] 198.51.100.80 $alias_pattern" \
    "$(preloaded $probe resolve noroute.lab.example)"
contains "an alias has the name of its IPv6 address" "$alias: v6only.lab.example [] $alias" \
    "$(preloaded $probe reverse "$alias")"
contains "getaddrinfo(AF_INET) gives the alias too" "$alias " "$(preloaded getent ahostsv4 v6only)"
matches "an IPv6 address typed as a name is an alias" ".* $alias" "$(preloaded $probe resolve 2001:db8:2::80)"

echo '2001:db8:2::81 from-hosts-file alias-there' >>"$LAB_DIR/host/client/etc/hosts"
matches "the hosts file counts" "from-hosts-file: from-hosts-file \[alias-there\] $alias_pattern" \
    "$(preloaded $probe resolve from-hosts-file)"

# ---- Hosts with one family

same "on a host without IPv6, dual names lead with IPv4" 198.51.100.80 \
    "$(lab_preload client4 $probe resolve dual.lab.example | cut -d' ' -f4)"
matches "on a host without IPv4, an AAAA-only name has an alias" ".* $alias_pattern" \
    "$(lab_preload client6 $probe resolve v6only.lab.example)"
same "on a host without IPv4, an A-only name is as bare" "$(lab_on client6 $probe resolve v4only.lab.example)" \
    "$(lab_preload client6 $probe resolve v4only.lab.example)"

# ---- Settings

setting() { lab_preload client env "$1" $probe resolve "$2.lab.example" 2>&1 | sed 's/.*\] //'; }
same "prefer=ipv4: a name with A has its A alone" 198.51.100.80 "$(setting V6SHIM_PREFER=ipv4 dual)"
same "prefer=ipv4: a name without A has an alias" "$alias" "$(setting V6SHIM_PREFER=ipv4 v6only)"
same "prefer=ipv6: the alias leads, usable or not" "$(preloaded $probe resolve all-noroute6 | sed 's/.* //')" \
    "$(setting V6SHIM_PREFER=ipv6 noroute | cut -d' ' -f1)"
same "families=inet: no alias" 198.51.100.80 "$(setting V6SHIM_FAMILIES=inet dual)"
same "families=inet6: the alias alone" "$alias" "$(setting V6SHIM_FAMILIES=inet6 dual)"
matches "alias-pool" "240\.1\.2\.[0-9]+" "$(setting V6SHIM_ALIAS_POOL=240.1.2.0/24 v6only)"
echo 'prefer ipv4' >"$LAB_DIR/host/client/etc/v6shim.conf"
same "/etc/v6shim.conf is read" 198.51.100.80 "$(setting A=b dual)"
same "a variable outranks it" "198.51.100.80 $alias" "$(setting V6SHIM_PREFER=policy dual)"
echo 'prefer nobody' >"$LAB_DIR/host/client/etc/v6shim.conf"
contains "a bad setting: file and line are named" "/etc/v6shim.conf:1" "$(preloaded $probe resolve dual.lab.example)"
contains "and the program runs with the default" "198.51.100.80 $alias" "$(preloaded $probe resolve dual.lab.example)"
rm -f "$LAB_DIR/host/client/etc/v6shim.conf"

# ---- Programs that ask for IPv6 themselves see no difference

for name in dual v6only v4only many chain nowhere; do
    same "getaddrinfo(AF_UNSPEC) of $name is as bare" "$(bare getent ahosts $name)" "$(preloaded getent ahosts $name)"
    same "getaddrinfo(AF_INET6) of $name is as bare" "$(bare getent ahostsv6 $name)" \
        "$(preloaded getent ahostsv6 $name)"
    same "gethostbyname2(AF_INET6) of $name is as bare" "$(bare getent hosts $name)" "$(preloaded getent hosts $name)"
done

# ---- A name server that is silent on AAAA

# Who waits for the AAAA answer waits as long as the resolver does, a minute here; who doesn't waits for the resolution
# delay. Ten seconds tell the two apart on any machine. Exact times are for tests/bench.
QUICK_S=10
quick_enough() { # DESCRIPTION COMMAND...
    quick_what=$1
    shift
    quick_began_s=$(date +%s)
    check "$quick_what: runs" lab_preload client env RES_OPTIONS="timeout:30 attempts:2" "$@"
    quick_took_s=$(($(date +%s) - quick_began_s))
    check "$quick_what ($quick_took_s s)" test $quick_took_s -lt $QUICK_S
}
lab_resolver client $LAB_DNS4_SILENT
for name in v4only dual; do
    quick_enough "silent on AAAA: a process that looks $name up waits for no answer, and ends" \
        $probe resolve $name.lab.example
done
# Once it has been silent to two lookups of one process, it is known to all.
preloaded $probe stay 3 dual.lab.example v4only.lab.example
quick_enough "silent on AAAA, known for it: 20 look-ups wait for not even one delay" \
    env V6SHIM_RESOLUTION_DELAY=${QUICK_S}000 $probe time 20 dual.lab.example
# A program that closes what it doesn't know while the question is still open, and gets those numbers for its own files.
# shellcheck disable=SC2016
closes_all='gethostbyname $ARGV[0]; POSIX::close($_) for 3 .. 63; socketpair($a, $b, AF_UNIX, SOCK_DGRAM, 0) or die $!;
    open $log, ">", "/dev/null" or die $!; print join " ", map { fileno $_ } $a, $b, $log; sleep 3;
    for ($a, $b, $log) { print " lost" unless fcntl $_, F_GETFD, 0 }
    for ($a, $b) { print " meddled" if defined recv $_, my $bytes, 600, MSG_DONTWAIT }'
same "silent on AAAA: numbers of the program's are its own" "3 4 5" "$(preloaded env RES_OPTIONS=timeout:1 \
    V6SHIM_STATE_DIR="$LAB_DIR/state/closes" perl -MPOSIX -MSocket -MFcntl -e "$closes_all" dual.lab.example)"
same "silent on AAAA: A records are as bare" "$(bare $probe resolve many4.lab.example)" \
    "$(preloaded $probe resolve many4.lab.example)"

# ---- A name server that answers nothing is down: no sign of silence on AAAA, and no reason to ask it twice

lab_resolver client 198.51.100.200
echo 'options timeout:4 attempts:1' >>"$LAB_DIR/host/client/etc/resolv.conf"
# Packets to it vanish: the router would tell of a neighbour that isn't there.
lab_on router ip neighbour add 198.51.100.200 lladdr 02:00:00:00:00:01 dev server nud permanent
mkdir -m 700 "$LAB_DIR/state/down"
down=V6SHIM_STATE_DIR=$LAB_DIR/state/down
began_ms=$(($(date +%s%N) / 1000000))
preloaded env $down $probe time 2 dual.lab.example. >/dev/null 2>&1
took_ms=$(($(date +%s%N) / 1000000 - began_ms))
check "a name server is down: two look-ups wait for it twice, not three times ($took_ms ms)" test $took_ms -lt 11500
lab_resolver client $LAB_DNS4
contains "once it is back, names have their IPv6 addresses" "198.51.100.80 240." \
    "$(preloaded env $down $probe resolve dual.lab.example)"
lab_done
