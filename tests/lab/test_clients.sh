#!/bin/sh
# Debian's IPv4-only client programs, unmodified (programs.md has the list and the proofs): bare they can't reach a
# host that has only an IPv6 address, under the library they do; a host that has only IPv4 they reach as before.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
. "$LAB_SOURCE/programs.sh"
. "$LAB_SOURCE/clients.sh"
lab_need_library
lab_topology
lab_services

# The command, as a person types it
run() { lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" V6SHIM_LIBRARY="$LAB_LIBRARY" \
    "$LAB_BUILD/v6shim" run "$@" </dev/null 2>&1; }
contains "v6shim run -- nc.traditional" "hello via inet6 2001:db8:2::80" \
    "$(run -- nc.traditional -w 5 v6only.lab.example 7001)"
contains "v6shim run with an option of its own" "hello via inet 198.51.100.80" \
    "$(run --families=inet -- nc.traditional -w 5 dual.lab.example 7001)"

try_programs "$tcp_clients"
lab_done
