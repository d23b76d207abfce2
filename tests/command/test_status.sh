#!/bin/sh
# v6shim status: the processes that have the library, and their sockets: the kernel's addresses beside the program's.
. "$(dirname "$0")/lib.sh"
V6SHIM_STATE_DIR=$room/state
export V6SHIM_STATE_DIR

try "$v6shim" status now
same "an argument: status" 2 "$status"
same "an argument" "v6shim status: takes no argument, found now; see v6shim status --help" "$errors"

# A sanitized library can't be preloaded into perl.
[ -z "${SANITIZERS-}" ] || finish

# Both are IPv4 programs; the client connects to the alias of an address.
cat >"$room/server" <<'END'
use Socket;
socket(my $listener, PF_INET, SOCK_STREAM, 0) or die;
bind($listener, sockaddr_in(0, INADDR_ANY)) && listen($listener, 1) or die "bind: $!";
socket(my $datagrams, PF_INET, SOCK_DGRAM, 0) or die;
bind($datagrams, sockaddr_in(5353, INADDR_ANY)) or die "bind: $!";
$| = 1;
print +(sockaddr_in(getsockname $listener))[0], "\n";
my $peer = accept(my $connection, $listener) or die "accept: $!";
print fileno $connection, " ", inet_ntoa((sockaddr_in($peer))[1]), "\n";
sleep 60;
END
cat >"$room/client" <<'END'
use Socket;
socket(my $connection, PF_INET, SOCK_STREAM, 0) or die;
connect($connection, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or die "connect: $!";
sleep 60;
END

# Runs in a network of its own, as its root.
cat >"$room/inside" <<'END'
ip link set lo up && ip -6 address add 2001:db8::1/128 dev lo nodad || exit 1
mkfifo "$room/up"
"$v6shim" run perl "$room/server" >"$room/up" &
server=$!
exec 3<"$room/up"
read -r port <&3
alias=$("$v6shim" alias --add 2001:db8::1 | cut -d' ' -f1)
"$v6shim" run perl "$room/client" "$alias" "$port" &
client=$!
read -r fd peer <&3
perl -e '$| = 1; print "up\n"; sleep 60' >"$room/bare-up" &
bare=$!
until [ -s "$room/bare-up" ]; do sleep 0.05; done
echo "$server $client $bare $port $fd $peer" >"$room/facts"
"$v6shim" status >"$room/text"
echo $? >"$room/status"
"$v6shim" status --json >"$room/json"
kill $server $client $bare
wait $server $client $bare 2>/dev/null
"$v6shim" status >"$room/none"
echo $? >>"$room/status"
END
if ! unshare -rn true 2>/dev/null; then
    echo "no user namespaces here"
    exit 77
fi
export room v6shim
unshare -rn sh "$room/inside" 2>"$room/errors"
read -r server client bare port fd peer <"$room/facts"
text=$(tr -s ' ' <"$room/text")
row() { # PID, PATTERN: its lines
    printf '%s\n' "$text" | awk -v pid="$1" '$2 ~ /^[a-z]/ && $3 !~ /[:]/ { ours = $1 == pid } ours' | grep -e "$2"
}
same "status" 0 "$(head -n 1 "$room/status")"
same "nothing is said" "" "$(cat "$room/errors")"
contains "the program" " $server root perl" "$text"
contains "the client" " $client root perl" "$text"
same "one without the library is not told" "" "$(printf '%s\n' "$text" | grep "^ $bare ")"
contains "a server: as it is, and as the program sees it" " tcp listening [::]:$port seen as 0.0.0.0:$port" "$text"
contains "one of datagrams" " udp open [::]:5353 seen as 0.0.0.0:5353" "$text"
contains "a connection: its peer's alias is the program's" \
    " $fd tcp connected [2001:db8::1]:$port - [2001:db8::1]:" "$text"
same "that alias, at both ends" 2 "$(grep -c "seen as $peer:[0-9]* - $peer:[0-9]*\$" "$room/text")"
json=$(tr -s ' \n' ' ' <"$room/json")
contains "JSON: the process" "\"pid\": $server, \"uid\": 0, \"user\": \"root\", \"program\": \"perl\"," "$json"
contains "JSON: a server" "\"protocol\": \"tcp\", \"state\": \"listening\", \"local\": \"[::]:$port\", \"peer\": null, \"seen_local\": \"0.0.0.0:$port\", \"seen_peer\": null" "$json"
contains "JSON: the library" "/libv6shim.so\", \"library_replaced\": false" "$json"
finish
