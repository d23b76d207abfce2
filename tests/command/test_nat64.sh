#!/bin/sh
# v6shim nat64: where the prefixes are from, and what --refresh says where nobody is asked.
. "$(dirname "$0")/lib.sh"
V6SHIM_STATE_DIR=$room/state
export V6SHIM_STATE_DIR

try env V6SHIM_NAT64=off "$v6shim" nat64
same "off" "nat64 is off" "$output"
same "off: nothing is wrong" "" "$errors"
same "off: status" 1 "$status"
try env V6SHIM_NAT64=off "$v6shim" nat64 --refresh
same "off: nothing to refresh" \
    "v6shim nat64: --refresh: no resolver was asked, since the setting nat64 is off; set it to auto" "$errors"
same "off, refreshed: the same" "nat64 is off" "$output"
same "off, refreshed: status" 1 "$status"

try env V6SHIM_NAT64=64:ff9b::/96 "$v6shim" nat64
same "a prefix" "64:ff9b::/96  from the configuration" "$output"
same "a prefix: nothing is wrong" "" "$errors"
try env V6SHIM_NAT64=64:ff9b::/96 "$v6shim" nat64 --refresh --json
same "a prefix: nothing to refresh" \
    "v6shim nat64: --refresh: no resolver was asked, since the setting nat64 names the prefix; set it to auto" "$errors"
same "a prefix, refreshed: the same" \
    '{ "prefixes": [ "64:ff9b::/96" ], "origin": "configuration", "until": null }' "$output"
same "a prefix, refreshed: status" 0 "$status"

# A network of its own, with nothing but a loopback that is down.
try unshare -rn env V6SHIM_NAT64=auto "$v6shim" nat64 --refresh
same "no network: nothing to refresh" \
    "v6shim nat64: --refresh: no resolver was asked, since this host has no route to the IPv6 Internet" "$errors"
same "no network: status" 1 "$status"

# The manual names each origin that --json can tell.
sed -n 's/.*origin_names\[\] = {"\(.*\)"};/\1/p' "$source_root/src/command/nat64.c" | sed 's/", "/\n/g' >"$room/origins"
same "origins" 5 "$(grep -c . "$room/origins")"
while read -r origin; do
    contains "the manual on the origin $origin" ".Cm $origin" "$(sed -n '/^.Ss v6shim nat64/,/^.Ss v6shim policy/p' "$source_root/docs/v6shim.1.in")"
done <"$room/origins"
finish
