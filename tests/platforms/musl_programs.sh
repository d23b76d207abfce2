#!/bin/sh
# Programs of musl in the lab, with names of the DNS; called by tests/platforms/musl, with LAB_BUILD the build for musl.
LAB_SOURCE=$(cd "$(dirname "$0")/../lab" && pwd)
export LAB_SOURCE
. "$LAB_SOURCE/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_topology
lab_services

client=$LAB_BUILD/legacy-samples/tcp-client new_client=$client-ported server=$LAB_BUILD/legacy-samples/select-server
bare() { echo hello | lab_on client "$@" 2>&1; }
preloaded() { echo hello | lab_preload client "$@" 2>&1; }

contains "bare, a name with IPv6 alone is not found" "ost not found" "$(bare "$client" v6only.lab.example 7002)"
contains "it is reached over IPv6" "hello via inet6 2001:db8:2::80" "$(preloaded "$client" v6only.lab.example 7002)"
contains "by its short name, too" "hello via inet6 2001:db8:2::80" "$(preloaded "$client" v6only 7002)"
contains "and by its number" "hello via inet6 2001:db8:2::80" "$(preloaded "$client" 2001:db8:2::80 7002)"
same "a name with IPv4 alone is as bare" "$(bare "$client" v4only.lab.example 7002 | sed 's/port [0-9]*\.$//; s/ from .*//')" \
    "$(preloaded "$client" v4only.lab.example 7002 | sed 's/port [0-9]*\.$//; s/ from .*//')"
same "a name that isn't there is as bare" "$(bare "$client" nowhere.lab.example 7002)" \
    "$(preloaded "$client" nowhere.lab.example 7002)"
contains "a dead IPv4 address of a name, and IPv6" "hello via inet" "$(preloaded "$client" dual.lab.example 7002)"

lab_start server select-server env LD_PRELOAD="$LAB_PRELOAD" V6SHIM_STATE_DIR="$LAB_DIR/state/server" "$server" 7008
lab_until grep -q listening "$LAB_DIR/log/select-server" || lab_bail "the server did not start"
contains "a server of musl is reached over IPv6" "hello" "$(bare "$new_client" 2001:db8:2::80 7008)"
contains "over IPv4 as before" "hello" "$(bare "$client" 198.51.100.80 7008)"
contains "its log shows an alias" "240." "$(cat "$LAB_DIR/log/select-server")"
lab_done
