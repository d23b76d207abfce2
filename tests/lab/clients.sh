# tests/lab/clients.sh: Debian's IPv4-only client programs, unmodified (programs.md has the list and the proofs), for
# scripts that have sourced programs.sh. $tcp_clients and $udp_clients are lists for try_programs.
#
# shellcheck shell=sh disable=SC2034

# ---- TCP

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
    echo "pop3://user:secret@$1/" >"$LAB_DIR/mailcheckrc.$run.$1"
    $run mailcheck -f "$LAB_DIR/mailcheckrc.$run.$1" | sed "s/$1/HOST/"
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
    lab_within 20 lab_on client perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:7070")' &&
        lab_on client timeout $LAB_LIMIT_S nc.traditional 127.0.0.1 7070 </dev/null
    lab_on client sh -c 'kill $(cat /proc/[0-9]*/stat | sed -n "s/^\([0-9]*\) (redir).*/\1/p")' 2>/dev/null
    wait $!
}

tcp_clients='
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

# ---- UDP

client_udp_nc_traditional() { $run nc.traditional -u -w 1 "$1" 7002; } # connected
client_udp_net_time() {
    $run perl -MNet::Time=inet_time -e 'print inet_time($ARGV[0], "udp", 3), "\n"' "$1"
}
client_udp_tftp() { # told to be IPv4-only; unconnected, and its answer comes from another port
    rm -f "$LAB_DIR/fetched.$run.$1"
    $run tftp -4 "$1" -c get something "$LAB_DIR/fetched.$run.$1"
    cat "$LAB_DIR/fetched.$run.$1" 2>/dev/null
}
client_udp_socat() { $run socat -t1 - "UDP4:$1:7002"; }
client_udp_gawk() {
    # shellcheck disable=SC2016
    $run gawk 'BEGIN { s = "/inet4/udp/0/" ARGV[1] "/7002"; print "question" |& s; s |& getline l; print l }' "$1"
}
client_udp_netwrite() { $run netwrite udp "$1" 7002 >/dev/null; } # prints how fast it was
# One unconnected socket for several peers, of both families; each answer has to come from whom was asked.
client_udp_perl() {
    $run perl -MSocket=:all -e '
        socket(my $s, PF_INET, SOCK_DGRAM, 0);
        for my $name (@ARGV) {
            my $to = pack_sockaddr_in(7002, inet_aton($name) // die "$name\n");
            send $s, "question", 0, $to;
            my $readable = "";
            vec($readable, fileno($s), 1) = 1;
            select($readable, undef, undef, 3) or die "no answer from $name\n";
            my $from = recv $s, my $answer, 999, 0;
            print $from eq $to ? $answer : "from a stranger: $answer";
        }' "$1"
}

udp_clients='
udp_nc_traditional  nc.traditional  udp-echo
udp_net_time        perl            udp-time
udp_tftp            tftp            udp-tftp
udp_socat           socat           udp-echo
udp_gawk            gawk            udp-echo
udp_netwrite        netwrite        udp-echo
udp_perl            perl            udp-echo
'
