#!/bin/sh
# Never worse than bare: whatever works without the library works with it, on names of which one half is broken in each
# way, by each client of the lab and by each way round the interposed functions. Each run has a state directory of its
# own, so that nothing is known of the addresses, and a name's runs go on at the same time.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
. "$LAB_SOURCE/programs.sh"
. "$LAB_SOURCE/clients.sh"
lab_need_library
lab_topology
lab_services

LAB_LIMIT_S=20 # what works takes a second at most, on a quiet machine
names="dual refuse unreach prohibit noroute hole"
echo question >"$LAB_DIR/question"
results=$LAB_DIR/results
mkdir -p "$results"

# As in programs.sh, with a fresh state directory.
preloaded() { lab_preload client env V6SHIM_STATE_DIR="$results/$id.state" timeout $LAB_LIMIT_S "$@" <"$input" 2>&1; }

# start ID HOST COMMAND...: both runs of a command, beside each other and everything else, until the next `wait`. The
# command is a function that runs the program through $run.
start() {
    id=$1
    mkdir -p "$results/$id.state"
    shift
    for run in bare preloaded; do
        "$@" >"$results/$id.$run" 2>&1 &
        runs="$runs $!"
    done
}

# good TEXT: the output of a client that has been served
good() { case $1 in *"via inet"* | *"saved messages"* | 86400) true ;; *) false ;; esac; }

judge() { # DESCRIPTION ID
    judged_bare=$(cat "$results/$2.bare") judged=$(cat "$results/$2.preloaded")
    if ! good "$judged_bare"; then
        not_ok "$1, bare: works" "$judged_bare"
    elif good "$judged"; then
        ok "$1"
    else
        not_ok "$1" "$judged"
    fi
}

each_client() { # LIST
    while read -r client command service; do
        case $client in
        '' | vncsnapshot | netwrite | udp_netwrite) continue ;; # whose output doesn't tell
        redir) continue ;;                                      # of which two can't run at a time
        esac
        if lab_on client sh -c "command -v $command" >/dev/null; then
            for name in $names; do start "$client.$name" "client_$client" "$name.lab.example"; done
            wait_for_runs
            for name in $names; do judge "$client, $name" "$client.$name"; done
        else
            skip "$client" "$command is not installed"
        fi
    done
}

wait_for_runs() {
    wait $runs
    runs=
}
runs=

each_client <<END
$tcp_clients
END
input=$LAB_DIR/question
each_client <<END
$udp_clients
END
input=/dev/null

# ---- Round the interposed functions

bypass=$LAB_BUILD/tests/lab/bypass
objects=$LAB_BUILD/tests/lab/.libs
[ -x "$bypass" ] || lab_bail "$bypass has not been built (make check)"
round() { $run env LD_LIBRARY_PATH="$objects" "$bypass" "$@"; }
for way in connect handle underscore syscall deepbind lookup rpc sendto sent resolver; do
    if [ $way = deepbind ] && [ "${SANITIZERS-}" ]; then
        skip "round by deepbind" "a sanitizer's runtime refuses such objects"
        continue
    fi
    case $way in
    sen*) port=7002 ;;
    resolver) port=53 ;;
    *) port=7001 ;;
    esac
    way_names=$names
    [ $way != resolver ] || way_names="dual-ns half-ns"
    for name in $way_names; do start "$way.$name" round $way $name.lab.example $port; done
    wait_for_runs
    for name in $way_names; do
        if grep -q "not here" "$results/$way.$name.bare"; then
            skip "round by $way, $name" "not here"
        else
            judge "round by $way, $name" "$way.$name"
        fi
    done
done
lab_done
