# tests/lab/nat64.sh: an IPv6-only network with DNS64 (unbound) and NAT64 (tayga; where there is no /dev/net/tun,
# nat64.pl), for scripts that have sourced lib.sh.
#
#     client (IPv6 only) -- gate (DNS64, NAT64) -- server (IPv4 only)
#
# The server's addresses are in 198.51.100.0/24 and, for the well-known prefix, which carries no documentation
# addresses, 77.0.113.80: nothing leaves the box.
#
# shellcheck shell=sh

NAT64_DNS=2001:db8:6::53

nat64_topology() {
    nat64_by=nat64.pl
    if command -v tayga >/dev/null && (exec 3<>/dev/net/tun) 2>/dev/null; then nat64_by=tayga; fi
    [ -z "${NAT64_BY-}" ] || nat64_by=$NAT64_BY
    lab_say "NAT64 by $nat64_by"
    for nat64_host in client gate server; do lab_host $nat64_host; done
    lab_link gate client
    lab_link gate server
    lab_on gate sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
        ip address add 2001:db8:6::1/64 dev client nodad; ip address add 2001:db8:6::53/64 dev client nodad
        ip address add 198.51.100.1/24 dev server; ip address add 77.0.113.1/24 dev server'
    lab_on client sh -c 'ip address add 2001:db8:6::2/64 dev gate nodad; ip -6 route add default via 2001:db8:6::1'
    for nat64_address in 198.51.100.80 198.51.100.81 77.0.113.80; do
        lab_on server ip address add $nat64_address/24 dev gate
    done
    lab_on server ip route add default via 198.51.100.1
    lab_start server services perl "$LAB_SOURCE/services.pl" 198.51.100.80 198.51.100.81 77.0.113.80
    lab_until grep -q ready "$LAB_DIR/log/services" || lab_bail "the services did not start"
    nat64_usual_resolver
    nat64_translator='' nat64_server=''
}

# nat64_end PID: the daemon is gone before the next one comes.
nat64_end() {
    [ -n "$1" ] || return 0
    kill "$1"
    wait "$1" 2>/dev/null
}

nat64_runs() { lab_on gate ip -o link show nat64 | grep -q LOWER_UP; }

# nat64_translate PREFIX: the gate translates for this prefix, and for no other one.
nat64_translate() {
    nat64_end "$nat64_translator"
    if [ $nat64_by = tayga ]; then nat64_translate_packets "$1"; else nat64_serve_inside "$1"; fi
}

nat64_translate_packets() {
    mkdir -p "$LAB_DIR/tayga"
    rm -f "$LAB_DIR"/tayga/*
    printf '%s\n' 'tun-device nat64' 'ipv4-addr 192.168.255.1' 'ipv6-addr 2001:db8:6:ffff::1' "prefix $1" \
        'dynamic-pool 192.168.255.0/24' "data-dir $LAB_DIR/tayga" >"$LAB_DIR/tayga.conf"
    lab_on gate sh -c "ip link del nat64 2>/dev/null; tayga --mktun -c $LAB_DIR/tayga.conf >/dev/null && ip link set nat64 up &&
        ip route add 192.168.255.0/24 dev nat64 && ip -6 route add $1 dev nat64" || lab_bail "no NAT64 device"
    lab_start gate tayga tayga -d -c "$LAB_DIR/tayga.conf"
    nat64_translator=$lab_pid
    lab_until nat64_runs || lab_bail "the NAT64 did not start"
}

nat64_serve_inside() {
    lab_on gate sh -c "ip address replace 192.168.255.2/32 dev lo
        [ -z '${nat64_served-}' ] || ip -6 route del local '${nat64_served-}' dev lo; ip -6 route add local $1 dev lo"
    nat64_served=$1
    lab_start gate nat64 perl "$LAB_SOURCE/nat64.pl" "$1" 192.168.255.2 198.51.100.80 198.51.100.81 77.0.113.80 -- \
        7001 7002 80 70 79 110 25 21 515 5901 13 -- 7002 37 514 69
    nat64_translator=$lab_pid
    lab_until grep -q ready "$LAB_DIR/log/nat64" || lab_bail "the NAT64 did not start"
}

# nat64_resolve [PREFIX [all]]: the name server is a DNS64 for this prefix, without one an ordinary one; with `all`
# even for names that have AAAA records (dns64-synthall).
nat64_resolve() {
    nat64_end "$nat64_server"
    cat >"$LAB_DIR/nat64.zone" <<'ZONE'
$ORIGIN lab.example.
$TTL 60
@       SOA  ns hostmaster 1 3600 600 86400 30
@       NS   ns
ns      AAAA 2001:db8:6::53
v4only  A    198.51.100.80
global  A    77.0.113.80
both    A    198.51.100.80
both    AAAA 2001:db8:6::1
broken  A    198.51.100.80
broken  AAAA 2001:db8:bad::1
ZONE
    cat >"$LAB_DIR/arpa.zone" <<'ZONE'
$ORIGIN ipv4only.arpa.
$TTL 40
@       SOA  ns.lab.example. hostmaster.lab.example. 1 3600 600 86400 30
@       NS   ns.lab.example.
@       A    192.0.0.170
@       A    192.0.0.171
ZONE
    {
        printf '%s\n' 'server:' " directory: \"$LAB_DIR\"" ' chroot: ""' ' username: ""' ' pidfile: ""' \
            ' use-syslog: no' ' logfile: ""' ' verbosity: 1' ' log-queries: yes' ' num-threads: 1' \
            " interface: $NAT64_DNS" ' access-control: ::0/0 allow' ' qname-minimisation: no'
        if [ "${1-}" ]; then
            printf '%s\n' ' module-config: "dns64 iterator"' " dns64-prefix: $1" " dns64-synthall: $([ "${2-}" ] && echo yes || echo no)"
        else
            printf '%s\n' ' module-config: "iterator"'
        fi
        printf '%s\n' 'remote-control:' ' control-enable: no'
        for nat64_zone in lab.example:nat64.zone ipv4only.arpa:arpa.zone; do
            printf '%s\n' 'auth-zone:' " name: \"${nat64_zone%:*}.\"" " zonefile: \"${nat64_zone#*:}\"" \
                ' for-downstream: no' ' for-upstream: yes' ' fallback-enabled: no'
        done
    } >"$LAB_DIR/nat64.conf"
    rm -f "$LAB_DIR/log/unbound"
    lab_start gate unbound unbound -d -c "$LAB_DIR/nat64.conf"
    nat64_server=$lab_pid
    lab_until grep -q 'start of service' "$LAB_DIR/log/unbound" || lab_bail "the name server did not start"
    rm -rf "$LAB_DIR/state/client"
    mkdir -p "$LAB_DIR/state/client"
}

# nat64_slow_resolver: the client asks one that takes a quarter of a second for AAAA; nat64_usual_resolver.
nat64_slow_resolver() {
    nat64_use_resolver 2001:db8:6::54
    [ ! -e "$LAB_DIR/log/slow" ] || return 0
    lab_on gate ip address add 2001:db8:6::54/64 dev client nodad
    lab_start gate slow perl "$LAB_SOURCE/dns_filter.pl" 2001:db8:6::54 $NAT64_DNS delay=AAAA:250
    lab_until grep -q ready "$LAB_DIR/log/slow" || lab_bail "the slow name server did not start"
}
nat64_usual_resolver() { nat64_use_resolver $NAT64_DNS; }
nat64_use_resolver() {
    printf 'nameserver %s\nsearch lab.example\noptions timeout:1 attempts:1\n' "$1" >"$LAB_DIR/host/client/etc/resolv.conf"
}

# How often the prefix was asked for since the name server started.
nat64_questions() { grep -c 'ipv4only.arpa. AAAA' "$LAB_DIR/log/unbound"; }
