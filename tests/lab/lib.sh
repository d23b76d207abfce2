# tests/lab/lib.sh: a network in a box, for test scripts to source as their first act.
#
# Sourcing it restarts the script as process 1 of namespaces of its own (user where not root, mount, network, pid). So
# everything that a test makes, links, daemons and files in $LAB_DIR alike, is gone when the script ends, however it
# ends: the kernel takes it down, even after SIGKILL. Where that can't be had, the script exits with 77 (skipped).
#
# What a script may rely on afterwards:
#   LAB_DIR       scratch directory (in memory), with log/ for what daemons print
#   LAB_SOURCE    this directory
#   LAB_PRELOAD   what to put into LD_PRELOAD: the library under test (and a sanitizer's before it)
#   lab_host, lab_link, lab_on, lab_start: hosts, cables, commands and daemons on them
#   check, same, contains, lacks, skip, lab_done: one "ok - ..." or "not ok - ..." line for each thing tested
#
# From the environment, all optional: LAB_BUILD (build directory, default: the current one), LAB_LIBRARY (the library),
# LAB_PRELOAD, SANITIZERS (those that the library was built with), LAB_VERBOSE=1 (show what daemons print when something
# fails), LAB=no (skip).
#
# shellcheck shell=sh disable=SC3043

LAB_SOURCE=${LAB_SOURCE:-$(cd "$(dirname "$0")" && pwd)}
export LAB_SOURCE
# Debian's own programs, whatever else is installed.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH LC_ALL=C

lab_say() { printf '# %s\n' "$*"; }

lab_skip_all() {
    lab_say "SKIPPED, nothing here was tested: $*"
    printf 'ok - %s # skip %s\n' "$(basename "$0")" "$*"
    exit 77
}

# ---- The namespaces of the script itself

lab_restart() {
    [ "${LAB-}" != no ] || lab_skip_all "LAB=no"
    for lab_tool in ip unshare nsenter perl unbound; do
        command -v "$lab_tool" >/dev/null || lab_skip_all "$lab_tool is not installed"
    done
    lab_flags="--mount --net --pid --fork --kill-child --mount-proc"
    if ! unshare $lab_flags true 2>/dev/null; then
        lab_flags="--user --map-root-user $lab_flags"
        unshare $lab_flags true 2>/dev/null ||
            lab_skip_all "needs root or user namespaces (see user.max_user_namespaces)"
    fi
    LAB_INSIDE=yes unshare $lab_flags sh "$0" "$@" </dev/null &
    lab_child=$!
    trap 'kill -KILL $lab_child; exit 130' INT TERM HUP
    wait $lab_child
    exit
}

[ "${LAB_INSIDE-}" ] || lab_restart "$@"
unset LAB_INSIDE

lab_prepare() {
    : "${LAB_BUILD:=$PWD}"
    : "${LAB_LIBRARY:=$LAB_BUILD/.libs/libv6shim.so}"
    # A sanitizer's runtime has to be the first library of a process that was built without it.
    case ${SANITIZERS-} in
    *address*) LAB_PRELOAD=$(gcc -print-file-name=libasan.so):$LAB_LIBRARY ;;
    *thread*) LAB_PRELOAD=$(gcc -print-file-name=libtsan.so):$LAB_LIBRARY ;;
    *) : "${LAB_PRELOAD:=$LAB_LIBRARY}" ;;
    esac
    export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
    for lab_variable in $(env | sed -n 's/^\(V6SHIM_[A-Z0-9_]*\)=.*/\1/p') LD_PRELOAD; do
        unset "$lab_variable"
    done
    # A name service cache of the machine would answer in the lab's place: /run is where its socket is.
    mount -t tmpfs -o mode=755 lab /run || lab_skip_all "no tmpfs can be mounted"
    LAB_DIR=/run/lab
    mkdir -p $LAB_DIR/log $LAB_DIR/host $LAB_DIR/etc $LAB_DIR/state
    chmod 755 $LAB_DIR
    mount --bind /etc $LAB_DIR/etc
    ip link set lo up
    lab_passed=0 lab_failed=0 lab_skipped=0
}

# ---- Hosts: each is a process that sleeps in a network and a mount namespace of its own

# lab_host NAME: a host with its own network, /etc/hosts, /etc/resolv.conf, /etc/gai.conf (in $LAB_DIR/host/NAME/etc),
# machine-id and directory for the shim's state.
lab_host() {
    lab_etc=$LAB_DIR/host/$1/etc
    mkdir -p "$lab_etc" "$LAB_DIR/state/$1"
    for lab_file in "$LAB_DIR"/etc/* "$LAB_DIR"/etc/.[!.]*; do
        ln -s "$lab_file" "$lab_etc/${lab_file##*/}" 2>/dev/null
    done
    rm -f "$lab_etc/hosts" "$lab_etc/resolv.conf" "$lab_etc/gai.conf" "$lab_etc/nsswitch.conf" "$lab_etc/host.conf" \
        "$lab_etc/machine-id" "$lab_etc/v6shim.conf"
    printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >"$lab_etc/hosts"
    printf 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n' \
        >"$lab_etc/nsswitch.conf"
    printf '%s' "$1" | md5sum | cut -c1-32 >"$lab_etc/machine-id"
    : >"$lab_etc/resolv.conf"
    : >"$lab_etc/gai.conf"
    unshare --net --mount sh -c 'mount --rbind "$1" /etc && exec sleep 86400' sh "$lab_etc" &
    lab_pid=$!
    eval "lab_pid_$1=$lab_pid"
    lab_until grep -qx sleep /proc/$lab_pid/comm || lab_bail "host $1 did not start"
    # Duplicate address detection would keep every address unusable for its first second.
    lab_on "$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
        echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra; ip link set lo up'
}

# lab_on NAME COMMAND...: runs the command on that host, in the current directory.
lab_on() {
    eval "lab_target=\$lab_pid_$1"
    shift
    nsenter --target "$lab_target" --net --mount --root --wdns="$PWD" -- "$@"
}

# lab_link A B: a cable between two hosts. On each end the interface is named after the other one.
lab_link() {
    eval "ip link add $2 netns \$lab_pid_$1 type veth peer name $1 netns \$lab_pid_$2" || lab_bail "no link $1 - $2"
    lab_on "$1" ip link set "$2" up
    lab_on "$2" ip link set "$1" up
}

# lab_start HOST NAME COMMAND...: a daemon on that host; what it prints goes to $LAB_DIR/log/NAME, its pid is $lab_pid.
lab_start() {
    lab_log=$LAB_DIR/log/$2
    eval "lab_target=\$lab_pid_$1"
    shift 2
    nsenter --target "$lab_target" --net --mount --root --wdns="$PWD" -- "$@" >"$lab_log" 2>&1 &
    lab_pid=$!
}

# lab_until COMMAND...: waits until the command succeeds, 30 seconds at most; lab_within SECONDS COMMAND...
lab_until() { lab_within 30 "$@"; }
lab_within() {
    lab_tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        lab_tries=$((lab_tries - 1))
        [ $lab_tries -gt 0 ] || return 1
        sleep 0.05
    done
}

# lab_preload HOST COMMAND...: as lab_on, with the library under test. Variables of the shim are set with env.
lab_preload() {
    lab_state=$LAB_DIR/state/$1
    lab_preload_host=$1
    shift
    lab_on "$lab_preload_host" env V6SHIM_STATE_DIR="$lab_state" LD_PRELOAD="$LAB_PRELOAD" "$@"
}

# lab_need_library: ends the script, as skipped, where the library has not been built; as failed where nothing runs
# under it.
lab_need_library() {
    [ -e "$LAB_LIBRARY" ] || lab_skip_all "$LAB_LIBRARY has not been built"
    lab_complaint=$(LD_BIND_NOW=1 LD_PRELOAD=$LAB_PRELOAD /bin/ls / 2>&1 >/dev/null) && [ -z "$lab_complaint" ] ||
        lab_bail "nothing runs under $LAB_PRELOAD: $lab_complaint"
}

# ---- Results

ok() {
    lab_passed=$((lab_passed + 1))
    printf 'ok - %s\n' "$1"
}

# not_ok DESCRIPTION [DETAIL]: the detail is printed below, each line after a #.
not_ok() {
    lab_failed=$((lab_failed + 1))
    printf 'not ok - %s\n' "$1"
    [ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/#   /'
}

skip() {
    lab_skipped=$((lab_skipped + 1))
    printf 'ok - %s # skip %s\n' "$1" "$2"
}

# check DESCRIPTION COMMAND...: ok when the command succeeds.
check() {
    lab_what=$1
    shift
    if lab_output=$("$@" 2>&1); then ok "$lab_what"; else not_ok "$lab_what" "$* failed: $lab_output"; fi
}

# same DESCRIPTION EXPECTED GOT
same() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected: $2
got:      $3"; fi
}

# contains DESCRIPTION WORDS TEXT, and its opposite
contains() {
    case $3 in *"$2"*) ok "$1" ;; *) not_ok "$1" "expected something with: $2
got: $3" ;; esac
}

lacks() {
    case $3 in *"$2"*) not_ok "$1" "expected nothing with: $2
got: $3" ;; *) ok "$1" ;; esac
}

lab_bail() {
    not_ok "the lab itself: $*" "$(tail -n 5 "$LAB_DIR"/log/* 2>/dev/null)"
    lab_done
}

lab_done() {
    if [ "$lab_failed" -gt 0 ] && [ "${LAB_VERBOSE-}" ]; then tail -n 40 "$LAB_DIR"/log/* | sed 's/^/# /'; fi
    lab_say "$(basename "$0"): $lab_passed passed, $lab_failed failed, $lab_skipped skipped"
    [ "$lab_failed" -eq 0 ] || exit 1
    [ "$lab_passed" -gt 0 ] || exit 77
    exit 0
}

lab_prepare
