#!/bin/sh
# Debian's IPv4-only client programs, unmodified (programs.md has the list and the proofs): bare they can't reach a
# host that has only an IPv6 address, under the library they do; a host that has only IPv4 they reach as before.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
lab_topology
lab_services

# How a program is run on the client: bare, traced or preloaded. A program that hangs is a failure, not a long wait.
LAB_LIMIT_S=10
HOME=$LAB_DIR/home
export HOME
mkdir -p "$HOME"
bare() { lab_on client timeout $LAB_LIMIT_S "$@" </dev/null 2>&1; }
traced() { lab_on client strace -f -o "$LAB_DIR/trace" -e trace=socket timeout $LAB_LIMIT_S "$@" </dev/null 2>&1; }
preloaded() { lab_preload client timeout $LAB_LIMIT_S "$@" </dev/null 2>&1; }

# Those that connect without blocking and try one address only: another one needs a race, or they aren't reached.
# (Once there is a race, this list is to be empty.)
needs_race="httperf rlpq"

# A program is two lines: client_NAME HOST runs it through $run and prints what is the same in every run; its service
# is the one of services.pl that it talks to.
client_nc_traditional() { $run nc.traditional -w 5 "$1" 7001; }
client_perl_inet() {
    $run perl -MIO::Socket::INET -e '
        $socket = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 7001) or die "$@\n"; print <$socket>' "$1"
}
client_perl_inet_timeout() { # connects without blocking, and waits in select
    $run perl -MIO::Socket::INET -e '
        $socket = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 7001, Timeout => 5, MultiHomed => 1)
            or die "$@\n"; print <$socket>' "$1"
}
client_httperf() { # non-blocking, select
    $run httperf --server "$1" --uri / --num-conns 3 --print-reply=body --timeout 5 | grep -E '^RB|invalid|^Errors'
}
client_rlpq() { $run rlpq -H "$1" -P lp; } # non-blocking, from a reserved port
client_mailcheck() {
    echo "pop3://user:secret@$1/" >"$LAB_DIR/mailcheckrc"
    $run mailcheck -f "$LAB_DIR/mailcheckrc" | sed "s/$1/HOST/"
}
client_ncftpls() { $run ncftpls -d stdout -r 1 -t 5 "ftp://$1/" | grep -E '^[2-5][0-9][0-9]|unknown host'; }
client_gawk() {
    # shellcheck disable=SC2016
    $run gawk 'BEGIN { s = "/inet4/tcp/0/" ARGV[1] "/7001"; s |& getline line; print line }' "$1"
}
client_socat() { $run socat -u "TCP4:$1:7001" -; }
client_vncsnapshot() { $run vncsnapshot "$1:1" "$LAB_DIR/picture.jpg"; }
client_netwrite() { $run netwrite -i /dev/null "$1" 7001; }
client_redir() { # a relay: an IPv4-only server and client in one
    $run redir -n :7070 "$1:7001" >"$LAB_DIR/redir" &
    lab_within 1 lab_on client perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:7070")' &&
        lab_on client timeout $LAB_LIMIT_S nc.traditional 127.0.0.1 7070 </dev/null
    lab_on client sh -c 'kill $(cat /proc/[0-9]*/stat | sed -n "s/^\([0-9]*\) (redir).*/\1/p")' 2>/dev/null
    wait $!
}

programs='
nc_traditional      nc.traditional  hello
perl_inet           perl            hello
perl_inet_timeout   perl            hello
httperf             httperf         http
rlpq                rlpq            lpd
mailcheck           mailcheck       pop3
ncftpls             ncftpls         ftp
gawk                gawk            hello
socat               socat           hello
vncsnapshot         vncsnapshot     vnc
netwrite            netwrite        hello
redir               redir           hello
'

# visits SERVICE: how the server was reached since the last call of forget.
forget() { visits_before=$(wc -l <"$LAB_DIR/log/services"); }
visits() { tail -n +$((visits_before + 1)) "$LAB_DIR/log/services" | sed -n "s/^$1 \([^ ]* [^ ]*\) .*/\1/p"; }
visited() { visits "$1" | grep -q .; }

# visit HOST: runs $program there; what it printed goes to $said, how the server was reached to $reached. The server's
# line may come a moment after a client that doesn't wait for an answer has ended.
visit() {
    forget
    said=$("client_$program" "$1.lab.example")
    [ "${2-}" = unreached ] || lab_within 1 visited "$service"
    reached=$(visits "$service" | sort -u)
}

inet_only() {
    grep -q 'socket(AF_INET, SOCK_STREAM' "$LAB_DIR/trace" &&
        ! grep 'socket(' "$LAB_DIR/trace" | grep -v -E 'socket\(AF_(INET|UNIX|NETLINK),'
}

try_bare() {
    run=bare
    visit v4only
    same "$program, bare: reaches a host with IPv4" "inet 198.51.100.80" "$reached"
    said_bare=$said
    visit v6only unreached
    same "$program, bare: can't reach a host with IPv6 alone" "" "$reached"
    if command -v strace >/dev/null; then
        run=traced
        visit dual
        check "$program, bare: strace sees AF_INET sockets alone" inet_only
    else
        skip "$program, bare: strace sees AF_INET sockets alone" "strace is not installed"
    fi
}

try_preloaded() {
    run=preloaded
    visit v6only
    same "$program: reaches a host with IPv6 alone" "inet6 2001:db8:2::80" "$reached"
    visit v4only
    same "$program: reaches a host with IPv4 alone over IPv4" "inet 198.51.100.80" "$reached"
    same "$program: its output there is as bare" "$said_bare" "$said"
    visit dual
    same "$program: prefers IPv6 where a host has both" "inet6 2001:db8:2::80" "$reached"
    visit chain6
    same "$program: follows CNAMEs to IPv6" "inet6 2001:db8:2::80" "$reached"
    case " $needs_race " in *" $program "*) return ;; esac
    visit first-refuse6
    same "$program: goes on after a first address that refuses" "inet6 2001:db8:2::80" "$reached"
    visit refuse
    same "$program: goes on to IPv4 where IPv6 refuses" "inet 198.51.100.80" "$reached"
}

# The command, as a person types it
run() { lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" V6SHIM_LIBRARY="$LAB_LIBRARY" \
    "$LAB_BUILD/v6shim" run "$@" </dev/null 2>&1; }
contains "v6shim run -- nc.traditional" "hello via inet6 2001:db8:2::80" \
    "$(run -- nc.traditional -w 5 v6only.lab.example 7001)"
contains "v6shim run with an option of its own" "hello via inet 198.51.100.80" \
    "$(run --families=inet -- nc.traditional -w 5 dual.lab.example 7001)"

while read -r program command service; do
    [ "$program" ] || continue
    if lab_on client sh -c "command -v $command" >/dev/null; then
        try_bare
        try_preloaded
    else
        skip "$program" "$command is not installed"
    fi
done <<END
$programs
END
lab_done
