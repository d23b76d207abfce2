# tests/lab/programs.sh: what tests of whole programs share, for scripts that have sourced lib.sh and topology.sh and
# have made the network and its services. A program is a function client_NAME HOST that runs it through $run and prints
# what is the same in every run; its service is the one of services.pl that it talks to. $input is its standard input;
# $dual_reaches is what is reached of a name with addresses of both families, if that isn't IPv6.
# $one_address names the programs that aren't expected to go on to a second address.
#
# shellcheck shell=sh

# How a program is run on the client: bare, traced or preloaded. A program that hangs is a failure, not a long wait.
LAB_LIMIT_S=10
input=/dev/null
HOME=$LAB_DIR/home
export HOME
mkdir -p "$HOME"
bare() { lab_on client timeout $LAB_LIMIT_S "$@" <"$input" 2>&1; }
traced() { lab_on client strace -f -o "$LAB_DIR/trace" -e trace=socket timeout $LAB_LIMIT_S "$@" <"$input" 2>&1; }
preloaded() { lab_preload client timeout $LAB_LIMIT_S "$@" <"$input" 2>&1; }

# visits SERVICE: how the server was reached since the last call of forget.
forget() { visits_before=$(wc -l <"$LAB_DIR/log/services"); }
visits() { tail -n +$((visits_before + 1)) "$LAB_DIR/log/services" | sed -n "s/^$1 \([^ ]* [^ ]*\) .*/\1/p"; }
visited() { visits "$1" | grep -q .; }

# visit HOST: runs $program there; what it printed goes to $said, how the server was reached to $reached. The server's
# line may come a moment after a client that doesn't wait for an answer has ended.
visit() {
    forget
    said=$("client_$program" "$1.lab.example")
    [ "${2-}" = unreached ] || lab_within 20 visited "$service"
    reached=$(visits "$service" | sort -u)
}

inet_only() {
    grep -q 'socket(AF_INET, ' "$LAB_DIR/trace" &&
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
    same "$program: where a host has both, goes to the one that is preferred" \
        "${dual_reaches-inet6 2001:db8:2::80}" "$reached"
    visit chain6
    same "$program: follows CNAMEs to IPv6" "inet6 2001:db8:2::80" "$reached"
    case " $one_address " in *" $program "*) return ;; esac
    visit first-refuse6
    same "$program: goes on after a first address that refuses" "inet6 2001:db8:2::80" "$reached"
    visit refuse
    same "$program: goes on to IPv4 where IPv6 refuses" "inet 198.51.100.80" "$reached"
}

# try_programs LIST: each line is a program's NAME, its command and its service.
try_programs() {
    while read -r program command service; do
        [ "$program" ] || continue
        if lab_on client sh -c "command -v $command" >/dev/null; then
            try_bare
            try_preloaded
        else
            skip "$program" "$command is not installed"
        fi
    done <<END
$1
END
}
