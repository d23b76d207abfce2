#!/bin/sh
# Happy Eyeballs (RFC 8305) for programs that know only IPv4: a bad address costs them no more than its delay.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
command -v python3 >/dev/null || lab_skip_all "python3 is not installed"
lab_topology 1
lab_services
lab_slow 1000 0
# The kernel gives up on a SYN that nobody answers after 3 seconds.
lab_on client sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'

# What is to happen at once is tried with the longest delay, so that it can be told from what happens after the delay on
# any machine; what is to happen after the delay with one that is long before the kernel gives up. Exact times are for
# tests/bench/race.
LONGEST_DELAY_MS=2000
SHORT_DELAY_MS=600
KERNEL_GIVES_UP_MS=2900

# run COMMAND...: under the library, as a user who has no history yet; run_as STATE COMMAND...: as one who has.
run_as() {
    run_state=$1
    shift
    # A busy machine may need longer than a network for the IPv6 half of an answer.
    lab_on client env V6SHIM_STATE_DIR="$run_state" V6SHIM_RESOLUTION_DELAY=2000 \
        V6SHIM_ATTEMPT_DELAY="${delay_ms:-250}" LD_PRELOAD="$LAB_PRELOAD" timeout 30 "$@" </dev/null 2>&1
}
run() { run_as "$(mktemp -d "$LAB_DIR/state/XXXXXX")" "$@"; }

# race HOW NAME [VARIABLE=VALUE]
race() {
    if [ "${3-}" ]; then set -- "$1" "$2" env "$3"; fi
    race_how=$1 race_name=$2
    shift 2
    run "$@" python3 "$LAB_SOURCE/race.py" "$race_how" "$race_name.lab.example" 7001
}

# in_time DESCRIPTION SERVER LOW_MS HIGH_MS GOT: "MS hello via SERVER from ..." and its time
in_time() {
    case $5 in
    [0-9]*" hello via $2 from "*) ;;
    *) not_ok "$1" "expected: connected to $2
got: $5" && return ;;
    esac
    if [ "${5%% *}" -ge "$3" ] && [ "${5%% *}" -le "$4" ]; then
        ok "$1 (${5%% *} ms)"
    else
        not_ok "$1" "${5%% *} ms, expected $3 to $4"
    fi
}
six="inet6 2001:db8:2::80"
four="inet 198.51.100.80"
# at_once DESCRIPTION SERVER COMMAND...; after_delay DESCRIPTION SERVER COMMAND...: COMMAND tells as race() does.
at_once() {
    once_what=$1 once_server=$2
    shift 2
    delay_ms=$LONGEST_DELAY_MS
    in_time "$once_what" "$once_server" 0 $((LONGEST_DELAY_MS - 1)) "$("$@")"
    delay_ms=
}
after_delay() {
    after_what=$1 after_server=$2
    shift 2
    delay_ms=$SHORT_DELAY_MS
    in_time "$after_what" "$after_server" $SHORT_DELAY_MS $KERNEL_GIVES_UP_MS "$("$@")"
    delay_ms=
}

for how in blocking timeout select poll epoll epoll-edge epoll-before read-only asyncio; do
    at_once "$how: IPv6 alone, at once" "$six" race $how v6only
    at_once "$how: both, IPv6 at once" "$six" race $how dual
    after_delay "$how: IPv6 swallowed: IPv4 after the delay" "$four" \
        run_as "$LAB_DIR/state/$how" python3 "$LAB_SOURCE/race.py" $how hole.lab.example 7001
    at_once "$how: and at once the next time" "$four" \
        run_as "$LAB_DIR/state/$how" python3 "$LAB_SOURCE/race.py" $how hole.lab.example 7001
    after_delay "$how: the first of two IPv6 swallowed" "$six" race $how first-hole6
    at_once "$how: IPv6 refused: IPv4 at once" "$four" race $how refuse
    at_once "$how: IPv6 unreachable: IPv4 at once" "$four" race $how unreach
    at_once "$how: IPv6 prohibited: IPv4 at once" "$four" race $how prohibit
    at_once "$how: IPv6 without a route: IPv4 at once" "$four" race $how noroute
    at_once "$how: IPv4 swallowed: IPv6 at once" "$six" race $how hole4
    at_once "$how: IPv4 refused: IPv6 at once" "$six" race $how refuse4
    at_once "$how: the last of five works" "inet6 2001:db8:2::82" race $how last-good6
    after_delay "$how: IPv6 slow: IPv4 after the delay" "$four" race $how slow
    contains "$how: all refuse" "ECONNREFUSED" "$(race $how all-refuse)"
    contains "$how: all bad: the most telling error" "ECONNREFUSED" "$(race $how all-bad)"
done
# A refusal is no loss, whether it comes within connect() or later.
for how in blocking poll; do
    for name in refuse hole; do
        kept=$(mktemp -d "$LAB_DIR/state/XXXXXX")
        run_as "$kept" python3 "$LAB_SOURCE/race.py" $how $name.lab.example 7001 >/dev/null
        case $name in
        refuse) same "$how: refused: no history" "" "$(ls "$kept" | grep -x history)" ;;
        hole) same "$how: swallowed: a history" history "$(ls "$kept" | grep -x history)" ;;
        esac
    done
done
after_delay "many holes: families take turns" "$four" race blocking many-holes
contains "all swallow: ETIMEDOUT, as the kernel has it" "ETIMEDOUT" "$(race blocking all-hole)"
sleep 2.5 # its way there and back, so that what it might have accepted would be in its log
same "the slow server, who lost, never had a connection to accept" "" "$(grep -v ready "$LAB_DIR/log/slow")"

in_time "attempt-delay=250" "$four" 250 $KERNEL_GIVES_UP_MS "$(race blocking hole V6SHIM_ATTEMPT_DELAY=250)"
in_time "connect=order waits for the kernel" "$four" $KERNEL_GIVES_UP_MS 20000 "$(race blocking hole V6SHIM_CONNECT=order)"
at_once "families=inet" "$four" race blocking hole V6SHIM_FAMILIES=inet
at_once "families=inet6" "$six" race blocking hole4 V6SHIM_FAMILIES=inet6
contains "families=inet6 never falls back" "ETIMEDOUT" "$(race blocking hole V6SHIM_FAMILIES=inet6)"

# A refusal is told when it is known that the other address says nothing: after silence-limit the first time, then at
# once. With a limit of ten minutes, and a kernel that waits for longer, a program would be ended by timeout(1).
lab_on client sh -c 'echo 10 >/proc/sys/net/ipv4/tcp_syn_retries'
for way in connect non-blocking; do
    mkdir "$LAB_DIR/state/refused-$way"
    refused() { run_as "$LAB_DIR/state/refused-$way" env V6SHIM_SILENCE_LIMIT="$1" perl "$LAB_SOURCE/probe.pl" $way hole.lab.example 7777; }
    contains "$way: IPv4 refuses, IPv6 is silent" "ECONNREFUSED" "$(refused 300)"
    contains "$way: the next program is told without waiting" "ECONNREFUSED" "$(refused 600000)"
done
contains "and the address behind it, where a program tries that, is given up soon" "failed 240" "$(way=connect refused 600000)"
lab_on client sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'

# Whole programs
for name in hole refuse first-hole6 last-good6; do
    contains "nc.traditional -w 3, $name" "hello via" "$(run nc.traditional -w 3 $name.lab.example 7001)"
    contains "IO::Socket::INET with Timeout, $name" "hello via" "$(run perl -MIO::Socket::INET -e '
        $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 7001, Timeout => 3) or die "$@\n"; print <$s>' \
        $name.lab.example)"
    if command -v rlpq >/dev/null; then
        contains "rlpq, from a reserved port, without waiting, $name" "queue empty via" \
            "$(run timeout 20 rlpq -H $name.lab.example -P lp)"
    else
        skip "rlpq, $name" "rlpq is not installed"
    fi
    if command -v tinyirc >/dev/null; then
        contains "tinyirc, $name" "welcome via" "$(echo /quit | lab_on client env LD_PRELOAD="$LAB_PRELOAD" TERM=vt100 \
            V6SHIM_STATE_DIR="$(mktemp -d "$LAB_DIR/state/XXXXXX")" timeout 20 tinyirc you $name.lab.example 2>&1)"
    else
        skip "tinyirc, $name" "tinyirc is not installed"
    fi
    # The address sanitizer alone makes curl hang.
    [ "${SANITIZERS-}" ] || contains "curl -4 told to be unaware, $name" "via " \
        "$(run env V6SHIM_AWARE=no curl -s -4 -m 5 http://$name.lab.example/)"
done
# The kernel gives up after a minute here.
lab_on client sh -c 'echo 5 >/proc/sys/net/ipv4/tcp_syn_retries'
began_ns=$(date +%s%N)
said=$(run nc.traditional -v -w 1 all-hole.lab.example 7001)
took_ms=$((($(date +%s%N) - began_ns) / 1000000))
if [ $took_ms -ge 900 ] && [ $took_ms -le 25000 ]; then
    ok "nc.traditional -w 1 gives up by its alarm ($took_ms ms)"
else
    not_ok "nc.traditional -w 1 gives up by its alarm" "$took_ms ms: $said"
fi
lab_on client sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'

# The thread of the race ends with the program: the next one gets a socket that goes on without it.
cat >"$LAB_DIR/exec.pl" <<'PERL'
use Socket;
use Fcntl;
if ($ARGV[0] eq "next") {
    open(S, "+<&=", $ARGV[1]);
    vec($readable, $ARGV[1], 1) = 1;
    select($readable, undef, undef, 3);
    print sysread(S, $said, 99) ? $said : "nothing: $!";
    exit;
}
$^F = 100; # not closed on exec
socket(S, AF_INET, SOCK_STREAM, 0);
fcntl(S, F_SETFL, O_NONBLOCK);
connect(S, sockaddr_in(7001, scalar gethostbyname $ARGV[0]));
exec($^X, $0, "next", fileno S);
PERL
contains "exec in the middle of a race: the new program's socket connects" "hello via " \
    "$(run perl "$LAB_DIR/exec.pl" dual.lab.example)"
contains "IPv6 is silent: it goes to IPv4" "hello via $four" "$(run perl "$LAB_DIR/exec.pl" hole.lab.example)"

# connect() of UDP has no answer to go by: IPv4 while it has a route. Where an alias was asked for, it takes what the
# races of TCP have found out.
udp_peer='use Socket; socket(S, AF_INET, SOCK_DGRAM, 0) && connect(S, sockaddr_in(7001, scalar gethostbyname $ARGV[0]))
    or die "$!\n"; print inet_ntoa((sockaddr_in(getpeername S))[1])'
same "UDP: the IPv4 address that was asked for" 198.51.100.80 "$(run perl -e "$udp_peer" hole.lab.example)"
contains "UDP to an alias, nothing known: there" "240." \
    "$(run env V6SHIM_PREFER=ipv6 perl -e "$udp_peer" hole.lab.example)"
# Just now: what TCP has found out above may be known for a minute only.
run_as "$LAB_DIR/state/blocking" python3 "$LAB_SOURCE/race.py" blocking hole.lab.example 7001 >/dev/null
# A race of just now: a loss that may be slowness alone counts for a minute, and the ones above are older on a busy host.
run_as "$LAB_DIR/state/udp" nc.traditional -w 3 hole.lab.example 7001 >/dev/null </dev/null
same "UDP to an alias, after TCP has found IPv6 swallowed: IPv4" 198.51.100.80 \
    "$(run_as "$LAB_DIR/state/udp" env V6SHIM_PREFER=ipv6 perl -e "$udp_peer" hole.lab.example)"

for turn in 1 2 3; do
    same "50 threads at once, turn $turn: all connect" 50 "$(run python3 "$LAB_SOURCE/race.py" threads \
        hole.lab.example 7001 50 | grep -c "hello via $four")"
done
same "100 asyncio clients at once: all connect" 100 "$(run python3 "$LAB_SOURCE/race.py" asyncio hole.lab.example \
    7001 100 | grep -c "hello via $four")"
same "300 asyncio clients with room for 1024 descriptors: all connect" 300 "$(run sh -c 'ulimit -n 1024
    exec python3 "$@"' sh "$LAB_SOURCE/race.py" asyncio hole.lab.example 7001 300 | grep -c "hello via $four")"

# What this host itself prohibits (a firewall, a rule) says nothing of the other addresses of a name.
lab_on client ip -6 rule add to 2001:db8:1:d::/64 ipproto tcp prohibit
lab_on client ip rule add to 203.0.113.128/26 ipproto tcp prohibit
for how in blocking timeout select epoll; do
    at_once "$how: IPv6 prohibited by this host: IPv4 at once" "$four" race $how prohibit
    at_once "$how: IPv4 prohibited by this host: IPv6 at once" "$six" race $how prohibit4
done
at_once "in order, too" "$four" race blocking prohibit V6SHIM_CONNECT=order
contains "all are prohibited: EACCES" " EACCES" "$(race blocking all-prohibit)"
lab_done
