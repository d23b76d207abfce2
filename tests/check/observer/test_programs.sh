#!/bin/sh
# v6shim check --observe of programs as Debian ships them, each against a little server on loopback: the gaps that they
# show there, the verdict, and that they print what they print alone.
. "$(dirname "$0")/lib.sh"
tried=0
port=$(free_port)
cat >"$room/server.pl" <<'P'
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => shift, Listen => 5, ReuseAddr => 1) or die;
$| = 1;
print "listening\n";
while (my $client = $listener->accept) {
    sysread $client, my $request, 4096;
    print $client "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n";
    close $client;
}
P
perl "$room/server.pl" "$port" >"$room/log" &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$room"' EXIT
tries=0
until grep -q listening "$room/log" || [ $tries -gt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
done

# real PROGRAM VERDICT GAPS ARGUMENT...
real() {
    program=$1 verdict=$2 gaps=$3
    shift 3
    command -v "$program" >/dev/null || return 0
    tried=$((tried + 1))
    alone=$(printf 'GET / HTTP/1.0\r\n\r\n' | timeout 60 "$program" "$@" 2>"$room/alone")
    alone_status=$?
    output=$(printf 'GET / HTTP/1.0\r\n\r\n' |
        timeout 60 "$v6shim" check --observe --json --fail-on never -o "$room/report" -- "$program" "$@" 2>"$room/errors")
    same "$program: status" $alone_status $?
    # httperf tells times
    [ "$program" = httperf ] || same "$program: output" "$alone" "$output"
    [ "$program" = httperf ] || same "$program: errors" "$(cat "$room/alone")" "$(cat "$room/errors")"
    path=$(realpath "$(command -v "$program")")
    same "$program: verdict" "$verdict" "$(verdict_of "$path")"
    same "$program: gaps" "$gaps" "$(gaps_of "$path")"
    same "$program: the origin of what it connects to" 1 \
        "$(ask "$path" "scalar grep { \$_->{symbol} eq 'connect' and \$_->{port} == $port and
            \$_->{origin} =~ /resolver|text/ } @{\$p->{addresses}}")"
}

real nc.traditional shim "address-print address-text inet-socket name-lookup service-lookup" -w 2 localhost "$port"
real httperf shim "inet-socket name-lookup" --server localhost --port "$port" --num-conns 1
real curl ready "" -s "http://localhost:$port/"
real gawk ready "" "BEGIN { s = \"/inet/tcp/0/localhost/$port\"; print \"GET /\" |& s; s |& getline x; print x }"
[ $tried -gt 0 ] || { echo "none of the programs is installed" && exit 77; }
finish
