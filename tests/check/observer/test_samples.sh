#!/bin/sh
# v6shim check --observe, and --run, of each legacy sample: it finds the gaps that its twin has closed (legacy-samples/README.md has
# the table) and no other; in the twin it finds none. What they do and print is as without it.
. "$(dirname "$0")/lib.sh"
samples=${SAMPLES:-$build/legacy-samples}

# The gaps of a sample by the table of the README: the words in brackets and backquotes there.
wanted_gaps() {
    sed -n "s/^| \[$1\](.*ported.c) |[^|]*|\(.*\)|\$/\1/p" "$source_root/legacy-samples/README.md" |
        grep -o '([a-z, -]*)' | tr -d '()' | tr ',' '\n' | sed 's/^ *//' | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# Waits until the server that has just been started says that it listens.
await_server() {
    tries=0
    until grep -q '^listening' "$room/out" || [ $tries -gt 300 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
}

# serve PROGRAM [OPTION]: observes a server until it ends by itself, while $client asks it.
serve() {
    : >"$room/out"
    timeout 60 "$v6shim" check $mode --json -o "$room/report" -- "$samples/$1" ${2+"$2"} -n 1 $port >"$room/out" 2>"$room/errors" &
    server=$!
    await_server
    $client
    wait $server
}

# A super-server in small, itself not observed: super_server PROGRAM ARGUMENT...
super_server() {
    : >"$room/out"
    timeout 60 perl -MIO::Socket::INET -MPOSIX=dup2 -e '
        my ($port, @program) = @ARGV;
        my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 5, ReuseAddr => 1)
            or die "$@\n";
        $| = 1;
        print "listening\n";
        my $connection = $listener->accept or die;
        dup2(fileno($connection), $_) for 0 .. 1;
        exec @program' $port "$@" >"$room/out" 2>"$room/errors" &
    server=$!
    await_server
}
super_serve() {
    super_server "$v6shim" check $mode --json -o "$room/report" -- "$samples/$1" -l "$room/peers"
    $client
    wait $server
}

tcp_ask() { printf 'root\r\n' | "$samples/tcp-client-ported" 127.0.0.1 $port >"$room/answer" 2>&1; }
tcp_ask_ipv6() { printf 'root\r\n' | "$samples/tcp-client-ported" ::1 $port >"$room/answer" 2>&1; }
udp_ask() { "$samples/udp-client-ported" 127.0.0.1 $port 'who is there?' >"$room/answer" 2>&1; }

# A client needs a server to ask, by name, so that it looks one up: stream_client PROGRAM [WORD]
stream_client() {
    : >"$room/out"
    timeout 60 "$samples/select-server-ported" -n 1 $port >"$room/out" 2>&1 &
    server=$!
    await_server
    printf 'hello' | timeout 60 "$v6shim" check $mode --json -o "$room/report" -- "$samples/$1" localhost $port \
        ${2+"$2"} >"$room/answer" 2>"$room/errors"
    wait $server
}
udp_client() {
    : >"$room/out"
    timeout 60 "$samples/udp-server-ported" -n 1 $port >"$room/out" 2>&1 &
    server=$!
    await_server
    timeout 60 "$v6shim" check $mode --json -o "$room/report" -- "$samples/$1" localhost $port hello >"$room/answer" 2>&1
    wait $server
}

# Nobody is trusted here: the server refuses, after all that it has to ask.
remote_ask() { timeout 60 "$samples/remote-client-ported" 127.0.0.1 $port true >"$room/answer" 2>&1; }
remote_client() {
    super_server "$samples/remote-server-ported" -l "$room/peers"
    timeout 60 "$v6shim" check $mode --json -o "$room/report" -- "$samples/$1" 127.0.0.1 $port true \
        >"$room/answer" 2>&1
    wait $server
}

try_sample() {
    case $1 in
    tcp-client*) stream_client "$1" ;;
    line-client*) stream_client "$1" hello ;;
    udp-client*) udp_client "$1" ;;
    udp-server*) client=udp_ask && serve "$1" ;;
    remote-client*) remote_client "$1" ;;
    remote-server*) client=remote_ask && super_serve "$1" ;;
    inetd-server*) client=tcp_ask && super_serve "$1" ;;
    family-server-ported) client=tcp_ask_ipv6 && serve "$1" -6 ;; # with -4 it is one for IPv4, and that is what is seen
    *) client=tcp_ask && serve "$1" ;;
    esac
}

mode=--run # the shim at work changes nothing of what is seen
for sample in tcp-client udp-server; do
    port=$(free_port)
    try_sample $sample
    same "$sample under the shim" "$(wanted_gaps $sample)" "$(gaps_of "$sample")"
done
mode=--observe
list="tcp-client line-client udp-client select-server family-server access-server udp-server inetd-server"
[ "$(id -u)" -ne 0 ] || list="$list remote-client remote-server" # their ports are root's
for sample in $list; do
    port=$(free_port)
    wanted=$(wanted_gaps $sample)
    contains "the table has $sample" "-" "$wanted"
    try_sample $sample
    same "$sample" "$wanted" "$(gaps_of "$sample")"
    same "$sample: verdict" shim "$(verdict_of "$sample")"
    case $(cat "$room/answer") in
    *hello* | *HELLO* | *bytes* | *WHO\ IS* | *root* | *denied*) same "$sample works" yes yes ;;
    *) same "$sample works" "an answer" "$(cat "$room/answer" "$room/errors")" ;;
    esac
    port=$(free_port)
    rm -f "$room/report"
    try_sample $sample-ported
    same "$sample-ported" "" "$(gaps_of "$sample-ported")"
    same "$sample-ported: verdict" ready "$(verdict_of "$sample-ported")"
done
finish
