#!/bin/sh
# docs/guide/ipv6-only.md, as it is printed (guide.sh), on a network with DNS64 and NAT64 (nat64.sh).
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"
. "$LAB_SOURCE/nat64.sh"

guide_prepare
nat64_topology
guide_shell client
nat64_translate 2001:db8:64::/96
nat64_resolve 2001:db8:64::/96
cp "$LAB_BUILD/legacy-samples/tcp-client" "$LAB_DIR/host/client/local/oldapp"

guide_run docs/guide/ipv6-only.md
lab_done
