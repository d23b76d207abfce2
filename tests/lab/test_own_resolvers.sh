#!/bin/sh
# Programs of Debian that ask name servers by themselves: what they are told of names with IPv6 addresses.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
lab_topology
lab_services

ares=$LAB_DIR/own_ares
${CC:-cc} -o "$ares" "$LAB_SOURCE/own_ares.c" -lcares 2>/dev/null || ares=

alias_of() { lab_preload client perl "$LAB_SOURCE/probe.pl" resolve "$1" | sed 's/.* //'; }
ask() {
    ask_how=$1
    shift
    case $ask_how in
    perl) "$@" perl "$LAB_SOURCE/own_query.pl" "$ask_name" ;;
    adns) "$@" adnshost -t a "$ask_name" | sed -n 's/.* A //p' | xargs ;;
    ares) "$@" "$ares" "$ask_name" ;;
    esac 2>&1
}

six=$(alias_of v6only.lab.example)
second=$(alias_of 2001:db8:2::81)
for how in perl adns ares; do
    case $how in
    perl) perl -MNet::DNS -e1 2>/dev/null || { skip "Net::DNS" "it is not installed"; continue; } ;;
    adns) command -v adnshost >/dev/null || { skip "adns" "it is not installed"; continue; } ;;
    ares) [ "$ares" ] || { skip "c-ares" "it is not installed"; continue; } ;;
    esac
    ask_name=v6only.lab.example
    same "$how: a name with IPv6 alone has its alias" "$six" "$(ask $how lab_preload client)"
    lacks "$how: bare it has none" "$six" "$(ask $how lab_on client)"
    ask_name=dual.lab.example
    same "$how: of both families, IPv4 is first" "198.51.100.80 $six" "$(ask $how lab_preload client)"
    ask_name=many.lab.example
    same "$how: several of both" "198.51.100.80 198.51.100.81 $six $second" "$(ask $how lab_preload client)"
    for ask_name in v4only.lab.example many4.lab.example; do
        same "$how: $ask_name is as bare" "$(ask $how lab_on client)" "$(ask $how lab_preload client)"
    done
    ask_name=nowhere.lab.example
    same "$how: a name that isn't there is as bare" "$(ask $how lab_on client)" "$(ask $how lab_preload client)"
    ask_name=v6only.lab.example
    same "$how: own-queries leave" "$(ask $how lab_on client)" \
        "$(ask $how lab_preload client env V6SHIM_OWN_QUERIES=leave)"
done
lab_done
