#!/bin/sh
# Debian's IPv4-only client programs, unmodified (programs.md has the list and the proofs): bare they can't reach a
# host that has only an IPv6 address, under the library they do; a host that has only IPv4 they reach as before.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
. "$LAB_SOURCE/programs.sh"
lab_need_library
lab_topology
lab_services

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
client_tinyirc() { # blocking, then select over the server and the keyboard
    input=$LAB_DIR/typed
    echo /quit >"$input"
    $run env TERM=vt100 tinyirc you "$1" | grep -ao 'welcome via [0-9a-z.: ]*'
}
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
tinyirc             tinyirc         irc
redir               redir           hello
'

# The command, as a person types it
run() { lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" V6SHIM_LIBRARY="$LAB_LIBRARY" \
    "$LAB_BUILD/v6shim" run "$@" </dev/null 2>&1; }
contains "v6shim run -- nc.traditional" "hello via inet6 2001:db8:2::80" \
    "$(run -- nc.traditional -w 5 v6only.lab.example 7001)"
contains "v6shim run with an option of its own" "hello via inet 198.51.100.80" \
    "$(run --families=inet -- nc.traditional -w 5 dual.lab.example 7001)"

try_programs "$programs"
lab_done
