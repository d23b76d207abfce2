#!/bin/sh
# The guides: each command of a ```console block of docs/guide/daemon.md is run, on the host that its prompt names, and prints
# what stands below it. Aliases, which are others on each machine, are made alike; "..." stands for anything.
. "$(dirname "$0")/lib.sh"
lab_need_library

guide=$LAB_SOURCE/../../docs/guide/daemon.md
lab_host server
lab_host client
lab_link server client
lab_on server ip address add 2001:db8::80/64 dev client
lab_on server ip address add 192.0.2.80/24 dev client
lab_on client ip address add 2001:db8::7/64 dev server

# What the page takes for granted: the daemon by its name, the command, and a place for state, of this host alone.
mkdir -p "$LAB_DIR/bin" "$LAB_DIR/var"
cp "$LAB_BUILD/legacy-samples/select-server" "$LAB_DIR/bin/oldd"
etc=$LAB_DIR/host/server/etc
rm -f "$etc/systemd" "$etc/v6shim.conf"
mkdir -p "$etc/systemd/system"
printf '[Service]\nExecStart=/usr/local/bin/oldd 7007\nUser=oldd\nRestrictAddressFamilies=AF_INET AF_UNIX\n' \
    >"$etc/systemd/system/oldd.service"
PATH=$LAB_DIR/bin:$LAB_BUILD:$LAB_BUILD/legacy-samples:$PATH
V6SHIM_LIBRARY=$LAB_LIBRARY
export PATH V6SHIM_LIBRARY

# on HOST COMMAND: in a shell of its own. /var/lib is a directory of the test's.
on() {
    # shellcheck disable=SC2016 # $1 and $2 are the inner shell's
    (cd "$LAB_DIR/log" && lab_on "$1" unshare --mount sh -c 'mount --bind "$1" /var/lib && eval "$2"' sh "$LAB_DIR/var" "$2" 2>&1)
}
alike() { sed -E -e 's/240\.[0-9]+\.[0-9]+\.[0-9]+/ALIAS/g' -e "s#$LAB_DIR/bin#/usr/local/bin#g" -e 's/[[:space:]]+/ /g'; }

# matches PATTERN-LINES TEXT: line by line, "..." is anything.
matches() {
    [ "$(printf '%s\n' "$1" | wc -l)" = "$(printf '%s\n' "$2" | wc -l)" ] || return 1
    printf '%s\n' "$1" >"$LAB_DIR/wanted"
    printf '%s\n' "$2" >"$LAB_DIR/got"
    while IFS= read -r wanted <&3 && IFS= read -r got <&4; do
        case $wanted in
        *...*)
            case $got in "${wanted%%...*}"*"${wanted#*...}") ;; *) return 1 ;; esac
            ;;
        *) [ "$wanted" = "$got" ] || return 1 ;;
        esac
    done 3<"$LAB_DIR/wanted" 4<"$LAB_DIR/got"
}

finish_command() {
    [ "$command" ] || return
    # A server needs a moment before it can be asked, and so does its log.
    case $command in
    *'&')
        on "$host" "$command" >/dev/null
        ok "$command"
        lab_until grep -q listening "$LAB_DIR/log/oldd.log"
        ;;
    *)
        case $command in *oldd.log*) lab_until grep -q closed "$LAB_DIR/log/oldd.log" ;; esac
        output=$(on "$host" "$command" | alike)
        expected=$(printf '%s' "$expected" | alike)
        if matches "$expected" "$output"; then
            ok "$command"
        else
            not_ok "$command" "expected: $expected
got: $output"
        fi
        ;;
    esac
    command=
}

command='' expected='' inside=no
while IFS= read -r line; do
    case $inside:$line in
    no:'```console') inside=yes ;;
    yes:'```') finish_command && inside=no || inside=no ;;
    yes:'server# '* | yes:'client$ '*)
        finish_command
        host=${line%%[#$] *} command=${line#*[#$] } expected=
        ;;
    yes:*) expected=$expected${expected:+
}$line ;;
    esac
done <"$guide"
lab_done
