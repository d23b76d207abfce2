#!/bin/sh
# What the ported twins do beyond their elders: rules for both families on one socket, a race, two processes with one file;
# and what they do where something is wrong.
LAB_SOURCE=$(cd "$(dirname "$0")/../tests/lab" && pwd)
# shellcheck source=tests/lab/lib.sh
. "$LAB_SOURCE/lib.sh"

samples=$LAB_BUILD/legacy-samples
work=$LAB_DIR/log
lab_host one
lab_host two
lab_link one two
lab_on one ip address add 192.0.2.2/24 dev two
lab_on one ip address add 2001:db8:1::2/64 dev two
lab_on two ip address add 192.0.2.80/24 dev one
lab_on two ip address add 2001:db8:1::80/64 dev one
# Packets to the first address of dark.example vanish: nobody has that link address.
lab_on one ip neighbour add 2001:db8:1::dead lladdr 02:00:00:00:00:01 dev two nud permanent
echo 'multi on' >"$LAB_DIR/host/one/etc/host.conf"
printf '%s dark.example\n' 2001:db8:1::dead 2001:db8:1::beef 192.0.2.80 >>"$LAB_DIR/host/one/etc/hosts"
lab_on one ip neighbour add 2001:db8:1::beef lladdr 02:00:00:00:00:02 dev two nud permanent

# serve HOST LOG PROGRAM ARGUMENTS...: the server's pid is in $server.
serve() {
    lab_start "$@"
    server=$lab_pid
    lab_until grep -q listening "$work/$2"
}

# Happy Eyeballs: two silent addresses of IPv6 before the one that answers. By turns that would take minutes each.
serve two echo "$samples/select-server-ported" 7
same "a race is won by the address that answers" hello \
    "$(lab_on one timeout 60 "$samples/race-client-ported" dark.example 7 hello 2>&1 | tr -d '\r')"
same "a race that nobody wins says why" "line-client: connect: Connection refused" \
    "$(lab_on one "$samples/race-client-ported" 192.0.2.80 9 hello 2>&1)"

# Rules on a socket for both families.
ask() { printf hello | lab_on one "$samples/tcp-client-ported" "$1" 8 2>/dev/null; }
serve two rules "$samples/access-server-ported" -a 192.0.2.0/25 -a 2001:db8:1::/48 -n 2 8
same "IPv4 is let in by its own rule on an IPv6 socket" "5 bytes" "$(ask 192.0.2.80)"
same "IPv6 is let in by its rule" "5 bytes" "$(ask 2001:db8:1::80)"
lab_until grep -q '2001:db8:1::2 served' "$work/rules"
contains "the log has the IPv4 address as people write it" "192.0.2.2 served" "$(cat "$work/rules")"
lacks "and not as a mapped one" "::ffff:" "$(cat "$work/rules")"
# ::/1 has all of ::ffff:0:0/96 in it: IPv4 is none of its business.
serve two kept "$samples/access-server-ported" -a ::/1 -a 2001:db8:1::3 -a ::ffff:192.0.2.128/121 -n 3 10
ask_there() { printf hello | lab_on one "$samples/tcp-client-ported" "$1" 10 2>/dev/null; }
same "a wide rule for IPv6 lets no IPv4 in" "" "$(ask_there 192.0.2.80)"
same "one of IPv6 it does" "5 bytes" "$(ask_there 2001:db8:1::80)"
lab_on one ip address add 192.0.2.130/24 dev two
same "a rule that is written as a mapped address is IPv4's" "5 bytes" \
    "$(lab_on one ip route add 192.0.2.80 dev two src 192.0.2.130 && ask_there 192.0.2.80)"
lab_on one ip route del 192.0.2.80
for rule in 192.0.2.0/33 2001:db8::/129 ::ffff:192.0.2.0/95 2001:db8:: host.example 192.0.2.0/x; do
    output=$("$samples/access-server-ported" -a $rule 70000 2>&1)
    case $rule in
    2001:db8::) contains "a rule without a length is one host" "70000: no such service" "$output" ;;
    *) contains "no rule: $rule" "no network" "$output" ;;
    esac
done

# A process for each family, one file: no client is lost.
serve one four "$samples/family-server-ported" -4 -c "$work/count" 11
serve one six "$samples/family-server-ported" -6 -c "$work/count" 11
cat >"$work/crowd" <<'END'
for number in $(seq 50); do
    "$1/tcp-client-ported" 127.0.0.1 11 </dev/null >/dev/null 2>&1 &
    "$1/tcp-client-ported" ::1 11 </dev/null >/dev/null 2>&1 &
    [ $((number % 10)) -ne 0 ] || wait
done
wait
END
lab_on one sh "$work/crowd" "$samples"
lab_until sh -c '[ "$(cat "$1")" = 100 ]' sh "$work/count"
same "two processes count 100 clients in one file" 100 "$(cat "$work/count")"

# Out of descriptors: the server waits instead of asking 12,000 times a second, and goes on afterwards.
cat >"$work/full.pl" <<'END'
use IO::Socket::IP;
my ($port, $pid) = @ARGV;
my @clients = map { IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port) or die "$@" } 1 .. 12;
sub ticks { open my $f, '<', "/proc/$pid/stat" or die "$!"; my @field = split ' ', <$f>; $field[13] + $field[14] }
sleep 1;
my $before = ticks();
sleep 2;
print ticks() - $before < 40 ? "rests" : "spins", "\n";
shift(@clients)->close for 1 .. 8;
$_->syswrite("hello") for @clients;
for (@clients) { shutdown $_, 1; $_->sysread(my $answer, 100); print "$answer\n" }
END
for program in select-server select-server-ported; do
    serve one $program sh -c 'ulimit -n 10 && exec "$0" 12' "$samples/$program"
    same "$program out of descriptors" "rests hello hello hello hello" \
        "$(lab_on one perl "$work/full.pl" 12 "$server" 2>&1 | tr '\n' ' ' | sed 's/ $//')"
    kill "$server"
    wait "$server" 2>/dev/null # the next one takes its port
done

# poll fails where a process has more sockets than it may have descriptors.
serve one udp "$samples/udp-server-ported" 13
prlimit --pid "$server" --nofile=1
lab_on one "$samples/udp-client-ported" 127.0.0.1 13 hello >/dev/null 2>&1
lab_until grep -q 'udp-server: poll' "$work/udp"
contains "a poll that fails is told" "udp-server: poll: Invalid argument" "$(cat "$work/udp")"

# A super-server that hands over something else than a connection of the Internet.
for program in inetd-server remote-server; do
    [ -x "$samples/$program" ] || continue
    perl -MSocket -MPOSIX=dup2 -e 'socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, 0 or die; dup2(fileno($a), $_) for 0 .. 1;
        exec @ARGV' "$samples/$program-ported" -l "$work/$program" </dev/null
    same "$program-ported on a local socket" "1: malformed from address" "$?: $(cat "$work/$program")"
done

if [ -x "$samples/remote-client-ported" ]; then
    output=$("$samples/remote-client-ported" 127.0.0.1 65543 true 2>&1)
    same "remote-client-ported knows no port 65543" "2: remote-client: 65543: no such service" "$?: $output"
    output=$("$samples/remote-client-ported" 127.0.0.1 no-such-thing true 2>&1)
    same "and says what the lookup said" \
        "2: remote-client: no-such-thing: Servname not supported for ai_socktype" "$?: $output"
    contains "its usage has its own name" "usage: remote-client-ported" "$("$samples/remote-client-ported" 2>&1)"
fi
lab_done
