#!/bin/sh
# v6shim trace in whole networks: what a person sees where an address is bad, and that programs don't notice.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
command -v python3 >/dev/null || lab_skip_all "python3 is not installed"
lab_topology 1
lab_services
lab_on client sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'
hole=2001:db8:1:b::80 six=2001:db8:2::80 four=198.51.100.80

# trace [OPTION...] -- COMMAND: as a user who has no history yet. The trace is in $out, the program's output in $said.
out=$LAB_DIR/trace
sanitizer=
[ "$LAB_PRELOAD" = "$LAB_LIBRARY" ] || sanitizer=${LAB_PRELOAD%:*}
trace() {
    said=$(lab_on client env V6SHIM_STATE_DIR="$(mktemp -d "$LAB_DIR/state/XXXXXX")" V6SHIM_LIBRARY="$LAB_LIBRARY" \
        LD_PRELOAD="$sanitizer" COLUMNS=80 timeout 30 "$LAB_BUILD/v6shim" trace -o "$out" "$@" </dev/null 2>&1)
    status=$?
}
events() { # of each event: what matters, without times
    python3 -c 'import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event["event"] not in ("process", "end"):
        print(" ".join(str(event[key]) for key in ("event", "name", "fd", "candidate", "result", "error") if key in event))' \
        "$out"
}
timeline() { sed '1,/^Where the time went:/d' "$out"; }

trace nc.traditional -w 3 hole.lab.example 7001
same "a black hole: status" 0 "$status"
contains "a black hole: the program's output" "hello via inet $four" "$said"
shown=$(sed -e 's/^ *[0-9.]* ms  //' -e 's/after [0-9.]* ms/after N ms/' -e '/^$/,$d' -e '/^program/d' "$out")
same "a black hole: the lines" "look up hole.lab.example
answer for hole.lab.example after N ms: $hole, then $four
descriptor 3: connect to $hole port 7001: started
descriptor 3: connect to $four port 7001: started
descriptor 3: connect to $four port 7001: connected after N ms
descriptor 3: the winner is $four port 7001 after N ms; 1 attempt closed
the program ended with status 0" "$shown"
check "a black hole: the times" python3 -c '
import re, sys
text = open(sys.argv[1]).read()
took = float(re.search(r"the winner is .* after ([0-9.]+) ms", text).group(1))
sys.exit(not 245 < took < 2000)' "$out"
check "the timeline has a scale" sh -c 'echo "$1" | grep -q "^ *0 .*[0-9]00 ms$"' sh "$(timeline | sed -n 1p)"
check "the bar of the hole is long, that of the winner short" python3 -c '
import re, sys
rows = dict(re.match(r"  (\S+) port 7001  (.{20,}?) +[0-9.]+ ms  (?:given up|won)$", line).groups()
            for line in sys.stdin if " port 7001 " in line)
hole, winner = rows[sys.argv[1]], rows[sys.argv[2]]
sys.exit(not (hole.count("-") > 15 and hole.endswith(".") and winner.strip("- ") == "*" and winner.count("-") < 8
              and winner.index("*") >= hole.index(".") - 3))' "$hole" "$four" <<EOT
$(timeline)
EOT
contains "the timeline explains itself" "* connected: the winner" "$(timeline)"
same "no line is wider than the terminal" "" "$(timeline | awk 'length > 80')"

race="lookup hole.lab.example
answer hole.lab.example
attempt FD $hole started
attempt FD $four started
attempt FD $four ok
won FD $four"
for how in blocking timeout select poll epoll asyncio; do
    trace --json python3 "$LAB_SOURCE/race.py" $how hole.lab.example 7001
    contains "$how: the program's output" "hello via inet $four" "$said"
    same "$how: the events" "$race" "$(events | sed 's/ [0-9][0-9]* / FD /')"
done
trace --json python3 "$LAB_SOURCE/race.py" threads hole.lab.example 7001 20
same "20 threads: all connect" 20 "$(printf '%s\n' "$said" | grep -c "hello via inet $four")"
same "20 threads: 20 winners" 20 "$(events | grep -c "^won .* $four")"
trace --json python3 "$LAB_SOURCE/race.py" asyncio hole.lab.example 7001 20
same "20 at once without waiting: 20 winners" 20 "$(events | grep -c "^won .* $four")"

trace --json nc.traditional -w 3 refuse.lab.example 7001
contains "refused: the error" "failed ECONNREFUSED" "$(events)"
trace --json python3 "$LAB_SOURCE/race.py" poll refuse.lab.example 7001
contains "refused, of a program that does not wait: the error" "failed ECONNREFUSED" "$(events)"
trace --json env V6SHIM_ATTEMPT_DELAY=2000 sh -c 'nc.traditional -w 3 dual.lab.example 7001; (nc.traditional -w 3 dual.lab.example 7001)'
same "children: their connections" "attempt 3 $six ok attempt 3 $six ok " "$(events | grep ' ok' | tr '\n' ' ')"
trace --json env V6SHIM_CONNECT=order nc.traditional -w 3 refuse.lab.example 7001
contains "in turn: the winner" "won 3 $four" "$(events)"
trace --json nc.traditional -w 1 all-hole.lab.example 7001
same "given up: status" 1 "$status"
contains "given up by an alarm" "cancelled 3" "$(events)"
trace --json python3 "$LAB_SOURCE/race.py" blocking all-refuse.lab.example 7001
contains "all refuse" "failed 3 failed ECONNREFUSED" "$(events)"
trace --json nc.traditional -w 3 v4only.lab.example 7001
contains "IPv4 only: said" "no-ipv6 v4only.lab.example" "$(events)"
contains "IPv4 only: its connection is seen" "attempt 3 $four ok" "$(events)"
trace --json nc.traditional -w 3 v6only.lab.example 7001
same "one candidate" "lookup v6only.lab.example
answer v6only.lab.example
attempt 3 $six started
attempt 3 $six ok" "$(events)"
trace perl -MSocket -e 'socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
    my $to = pack_sockaddr_in 7001, inet_aton "v6only.lab.example"; send $s, "x", 0, $to or die "$!" for 1 .. 3'
same "datagrams: status" 0 "$status"
same "datagrams to one place: one line" 1 "$(grep -c "descriptor 3: datagram to $six port 7001: sent" "$out")"

# The history: the race of before has put the hole last, in another process of this user.
kept=$(mktemp -d "$LAB_DIR/state/XXXXXX")
for turn in first second; do
    lab_on client env V6SHIM_STATE_DIR="$kept" V6SHIM_LIBRARY="$LAB_LIBRARY" LD_PRELOAD="$sanitizer" timeout 30 \
        "$LAB_BUILD/v6shim" trace -o "$out" nc.traditional -w 3 hole.lab.example 7001 </dev/null >/dev/null 2>&1
    [ $turn = second ] || lacks "no history yet" "is tried after the others" "$(cat "$out")"
done
shown=$(sed -e 's/^ *[0-9.]* ms  //' -e 's/after [0-9.]* ms/after N ms/' -e 's/for [0-9]* s yet/for N s yet/' -e '/^$/,$d' -e '/^program/d' "$out")
same "the history: why the order is another one" "look up hole.lab.example
answer for hole.lab.example after N ms: $hole, then $four
$hole is tried after the others for N s yet: it lost to $four (v6shim history)
descriptor 3: connect to $four port 7001: started
descriptor 3: connect to $four port 7001: connected after N ms
descriptor 3: the winner is $four port 7001 after N ms
the program ended with status 0" "$shown"

# A server: what it serves, and whom.
cat >"$LAB_DIR/server.pl" <<'END'
use Socket;
socket my $tcp, PF_INET, SOCK_STREAM, 0 or die;
setsockopt $tcp, SOL_SOCKET, SO_REUSEADDR, 1;
bind($tcp, sockaddr_in(7101, INADDR_ANY)) && listen($tcp, 5) or die;
socket my $udp, PF_INET, SOCK_DGRAM, 0 or die;
bind $udp, sockaddr_in(7102, INADDR_ANY) or die;
for my $peer (1 .. 2) {
    accept my $connection, $tcp or die;
    print $connection "hello\n";
}
recv $udp, my $data, 10, 0 for 1 .. 3;
END
server=$LAB_DIR/log/server_trace
serve() { # OPTION...
    lab_start server traced env V6SHIM_STATE_DIR="$(mktemp -d "$LAB_DIR/state/XXXXXX")" V6SHIM_LIBRARY="$LAB_LIBRARY" \
        LD_PRELOAD="$sanitizer" timeout 60 "$LAB_BUILD/v6shim" trace -o "$server" "$@" perl "$LAB_DIR/server.pl"
}
server_lines() {
    sed -e 's/^ *[0-9.]* ms  //' -e 's/port [1-6][0-9]*, seen/port P, seen/' -e 's/\(connection.* port\) [0-9]*$/\1 P/' \
        -e 's/seen as 240[0-9.]*/seen as ALIAS/' -e '/^program/d' "$server"
}
: >"$server"
serve
lab_until grep -q "UDP port" "$server"
lab_on client python3 -c 'import socket
for family, host in (socket.AF_INET6, "2001:db8:2::2"), (socket.AF_INET, "198.51.100.2"):
    socket.create_connection((host, 7101)).recv(10)
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
for turn in range(3):
    udp.sendto(b"x", ("2001:db8:2::2", 7102))'
lab_until grep -q "the program ended" "$server"
same "a server" "descriptor 3: TCP port 7101 serves IPv6 ([::]:7101), seen as 0.0.0.0
descriptor 4: UDP port 7102 serves IPv6 ([::]:7102), seen as 0.0.0.0
descriptor 5: connection from 2001:db8:1::2 port P, seen as ALIAS
descriptor 5: connection from 192.0.2.2 port P
descriptor 4: datagram from 2001:db8:1::2 port P, seen as ALIAS
the program ended with status 0" "$(server_lines)"
: >"$server"
serve --listen=inet
lab_until grep -q "UDP" "$server"
contains "a server of IPv4 alone" "descriptor 3: bound to 0.0.0.0 port 7101 (TCP) with IPv4 only: listen is set to inet" "$(server_lines)"
lab_on server python3 -c 'import socket
for port in 7101, 7101:
    socket.create_connection(("127.0.0.1", port)).recv(10)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for turn in range(3):
    udp.sendto(b"x", ("127.0.0.1", 7102))'
lab_until grep -q "the program ended" "$server"
lab_start server taken python3 -c 'import socket, time
taken = socket.socket(socket.AF_INET6)
taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taken.bind(("::", 7101))
taken.listen()
print("up", flush=True)
time.sleep(60)'
lab_until grep -q up "$LAB_DIR/log/taken"
: >"$server"
serve
lab_until grep -q "IPv4 only" "$server"
contains "a server whose IPv6 side is taken" \
    "descriptor 3: bound to 0.0.0.0 port 7101 (TCP) with IPv4 only: another socket has its IPv6 side" "$(server_lines)"
lab_done
