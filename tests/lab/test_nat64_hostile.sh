#!/bin/sh
# A name server that lies about ipv4only.arpa (dns_hostile.py): what is found, for how long, and that programs go on.
. "$(dirname "$0")/lib.sh"
lab_need_library

for host in client gate; do lab_host $host; done
lab_link gate client
lab_on gate sh -c 'ip address add 2001:db8:6::1/64 dev client nodad; ip -6 route add local 2001:db8:64::/48 dev lo'
lab_on client sh -c 'ip address add 2001:db8:6::2/64 dev gate nodad; ip -6 route add default via 2001:db8:6::1'
printf 'nameserver 2001:db8:6::1\noptions timeout:1 attempts:1\n' >"$LAB_DIR/host/client/etc/resolv.conf"
lab_start gate hostile env LAB_DIR="$LAB_DIR" python3 "$LAB_SOURCE/dns_hostile.py" 2001:db8:6::1
lab_until test -s "$LAB_DIR/log/hostile" || lab_bail "the name server did not start"
read -r ways <"$LAB_DIR/log/hostile"

# found WAY: the prefixes, and how many seconds they count.
found() {
    echo "$1" >"$LAB_DIR/hostile"
    lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" timeout 10 "$LAB_BUILD/v6shim" nat64 --refresh --json 2>&1 |
        perl -MJSON::PP -MTime::Piece -0777 -ne 'my $all = decode_json($_);
            my $left = Time::Piece->strptime($all->{until}, "%Y-%m-%dT%H:%M:%SZ")->epoch - time;
            # (One second more: this clock lags behind the exact one by part of a tick.)
            print join(" ", @{ $all->{prefixes} }), " for ", $left <= 11 ? "10 s" : $left <= 31 ? "30 s" : $left <= 301 ? "300 s"
                : $left <= 3591 ? "3590 s" : "a day"'
}
expected() {
    case $1 in
    good | cname | pointer-loop | one-among-others | truncated-then-tcp) echo "2001:db8:64::/96 for 3590 s" ;;
    ttl-0 | ttl-negative) echo "2001:db8:64::/96 for 10 s" ;;
    ttl-for-ever) echo "2001:db8:64::/96 for a day" ;;
    many) echo "$(for number in 1 2 3 4 5 6 7 8; do printf '2001:db8:64:%s::/96 ' $number; done)for 3590 s" ;;
    no-name | no-data) echo " for 10 s" ;; # the last field of the SOA: five seconds, and we ask no more often than that
    no-data-no-soa | cname-loop | a-only | short-aaaa) echo " for 300 s" ;;
    portal | mapped | no-prefix | link-local | multicast | loopback | reserved-octet | odd-place | twice) echo " for 300 s" ;;
    *) echo " for 30 s" ;; # no answer at all
    esac
}
for way in $ways; do
    same "$way" "$(expected "$way")" "$(found "$way")"
done

contains "that there was no answer is told" "none: the network's resolver does not answer; counts until" \
    "$(echo servfail >"$LAB_DIR/hostile"; lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" \
        "$LAB_BUILD/v6shim" nat64 --refresh 2>&1)"

# A program meets each of them: it reaches nothing, or what is found, and soon.
for way in $ways; do
    echo "$way" >"$LAB_DIR/hostile"
    rm -rf "$LAB_DIR/state/client" && mkdir "$LAB_DIR/state/client"
    case $(expected "$way") in
    2001*) lab_error=ECONNREFUSED ;;
    *) lab_error=ENETUNREACH ;;
    esac
    lab_ends=$(lab_preload client timeout 10 perl "$LAB_SOURCE/probe.pl" connect 198.51.100.80 7001 2>&1
        rm -rf "$LAB_DIR/state/client" && mkdir "$LAB_DIR/state/client"
        lab_preload client timeout 10 perl "$LAB_SOURCE/probe.pl" non-blocking 198.51.100.80 7001 2>&1 | tail -n 1 |
            sed 's/connect: ENETUNREACH/SO_ERROR: ENETUNREACH/') # where it was answered at once
    same "a program meets $way" "failed 198.51.100.80: $lab_error
SO_ERROR: $lab_error" "$lab_ends"
done
lab_done
