#!/bin/sh
# Programs of Debian that ask name servers by themselves: what they are told of names with IPv6 addresses.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
lab_topology
lab_services

ares=$LAB_DIR/own_ares
${CC:-cc} -o "$ares" "$LAB_SOURCE/own_ares.c" -lcares 2>/dev/null || ares=

res=$LAB_DIR/own_res
${CC:-cc} -o "$res" "$LAB_SOURCE/own_res.c" -lresolv || lab_bail "own_res.c can't be built"

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

# ---- By libc's own functions, whose sockets pass no hook

for how in query search domain send nquery nsearch; do
    same "res_$how: a name with IPv6 alone has its alias" "$six rcode 0" \
        "$(lab_preload client "$res" $how v6only.lab.example)"
    same "res_$how: of both families, IPv4 is first" "198.51.100.80 $six rcode 0" \
        "$(lab_preload client "$res" $how dual.lab.example)"
    for name in v4only.lab.example chain4.lab.example nodata.lab.example nowhere.lab.example; do
        same "res_$how: $name is as bare" "$(lab_on client "$res" $how $name)" \
            "$(lab_preload client "$res" $how $name)"
    done
    same "res_$how: own-queries leave" "$(lab_on client "$res" $how v6only.lab.example)" \
        "$(lab_preload client env V6SHIM_OWN_QUERIES=leave "$res" $how v6only.lab.example)"
done
same "res_search: a short name" "$six rcode 0" "$(lab_preload client "$res" search v6only)"
same "res_query: a short name isn't searched for" "$(lab_on client "$res" query v6only)" \
    "$(lab_preload client "$res" query v6only)"
same "res_query: behind a CNAME" "$six rcode 0" "$(lab_preload client "$res" query cname6.lab.example)"
reverse=$(echo "$six" | awk -F. '{ print $4 "." $3 "." $2 "." $1 ".in-addr.arpa" }')
same "res_query: an alias has a name" "v6only.lab.example rcode 0" "$(lab_preload client "$res" ptr "$reverse")"
contains "res_query: bare it has none" h_errno "$(lab_on client "$res" ptr "$reverse")"
same "res_query: the name of an IPv4 address is as bare" "$(lab_on client "$res" ptr 80.100.51.198.in-addr.arpa)" \
    "$(lab_preload client "$res" ptr 80.100.51.198.in-addr.arpa)"
lab_done
