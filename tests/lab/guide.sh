# tests/lab/guide.sh: runs the commands of a page of docs/, for scripts that have sourced lib.sh.
#
# In a ```console block a line that begins with the name of a host and "# " or "$ " is a command. It is run in that
# host's shell, which lives as long as the test does: jobs, variables and directories stay, as for a reader. What stands
# below it is what it has to print (guide.pl compares). A command goes on where its line ends with \ or has <<'END'. Any
# other block, and commands with no output below them, are not compared; the latter have to print nothing but with
# a > or & in them.
#
# Each host has v6shim in /usr/bin, the samples in /usr/local/bin, and a /var/lib, /usr/local/bin and home directory of
# its own. What it has of the machine's /etc can't be written.
#
# shellcheck shell=sh

guide_prepare() {
    # What is shown is the plain build: the programs of Debian don't run under a library with a sanitizer in it.
    [ -z "${SANITIZERS-}" ] || lab_skip_all "not under a sanitizer"
    lab_need_library
    awk '{ n += $3 } END { exit n <= 65534 }' /proc/self/uid_map || lab_skip_all "no other users to become"
    mkdir -p "$LAB_DIR/real/bin" "$LAB_DIR/real/lib" "$LAB_DIR/bin/.libs" "$LAB_DIR/shell"
    mount --bind /usr/bin "$LAB_DIR/real/bin"
    mount --bind /var/lib "$LAB_DIR/real/lib"
    mount -o remount,bind,ro "$LAB_DIR/etc"
    cp -s "$LAB_DIR"/real/bin/* "$LAB_DIR/bin/" 2>/dev/null
    rm -f "$LAB_DIR/bin/v6shim"
    cp "$LAB_BUILD/v6shim" "$LAB_DIR/bin/"
    cp "$LAB_BUILD/.libs/"libv6shim*.so "$LAB_DIR/bin/.libs/"
    guide_hosts=
    : >"$LAB_DIR/aliases"
}

# guide_host NAME: as lab_host, with a shell. guide_shell NAME: the shell of a host that is there.
guide_host() {
    lab_host "$1"
    guide_shell "$1"
}
guide_shell() {
    guide_hosts="$guide_hosts $1"
    guide_root=$LAB_DIR/host/$1
    mkdir -p "$guide_root/home" "$guide_root/local" "$guide_root/lib" "$guide_root/etc"
    ln -s "$LAB_DIR/real/lib/dpkg" "$guide_root/lib/dpkg"
    for guide_program in tcp-client line-client select-server family-server access-server inetd-server; do
        cp "$LAB_BUILD/legacy-samples/$guide_program" "$LAB_BUILD/legacy-samples/$guide_program-ported" "$guide_root/local/"
    done
    # shellcheck disable=SC2016 # $1 and $2 are the inner shell's
    lab_on "$1" sh -c 'mount --bind "$1/bin" /usr/bin && mount --bind "$2/local" /usr/local/bin && mount --bind "$2/lib" /var/lib' \
        sh "$LAB_DIR" "$guide_root" || lab_bail "no directories for $1"
    mkfifo "$LAB_DIR/shell/$1.in" "$LAB_DIR/shell/$1.done"
    sleep 86400 >"$LAB_DIR/shell/$1.in" &
    # shellcheck disable=SC2094 # the FIFO is read, the log is written
    (cd "$guide_root/home" && HOME=$PWD SHELL=/bin/bash PATH=/usr/local/bin:$PATH lab_on "$1" bash --norc \
        <"$LAB_DIR/shell/$1.in" >"$LAB_DIR/log/$1" 2>&1) &
}

# guide_type HOST COMMAND: what it prints is in $output; false where it doesn't end.
guide_type() {
    guide_length=$(stat -c %s "$LAB_DIR/log/$1")
    printf '%s\n' "$2" >"$LAB_DIR/shell/$1.in"
    # A command may start a shell, which then reads this.
    printf 'echo $? >%s\n' "$LAB_DIR/shell/$1.done" >"$LAB_DIR/shell/$1.in"
    timeout 30 cat "$LAB_DIR/shell/$1.done" >/dev/null || return 1
    output=$(tail -c +$((guide_length + 1)) "$LAB_DIR/log/$1")
}

guide_listeners() { lab_on "$1" ss -Hltun | wc -l; }
guide_has_more_than() { [ "$(guide_listeners "$2")" -gt "$1" ]; }

# guide_check HOST COMMAND EXPECTED
guide_check() {
    guide_title=$(printf '%s\n' "$1: $2" | head -n 1)
    guide_command=$(printf '%s' "$2" | perl "$LAB_SOURCE/guide.pl" actual "$LAB_DIR/aliases")
    guide_before=$(guide_listeners "$1")
    printf '%s\n' "$3" >"$LAB_DIR/expected"
    guide_tries=1
    # What a server has written a moment later, and what is looked at from outside, is looked at again.
    case $2 in cat\ * | tail\ * | *v6shim\ decode* | *v6shim\ status*) guide_tries=40 ;; esac
    while :; do
        guide_type "$1" "$guide_command" || lab_bail "this does not end: $2"
        # What runs on prints when it wants to.
        case $2 in *'&') output=$3 ;; esac
        printf '%s\n' "$output" >"$LAB_DIR/got"
        if guide_complaint=$(perl "$LAB_SOURCE/guide.pl" compare "$LAB_DIR/aliases" "$LAB_DIR/expected" "$LAB_DIR/got"); then
            ok "$guide_title"
            [ -z "${LAB_VERBOSE-}" ] || sed 's/^/# | /' "$LAB_DIR/got"
            break
        fi
        guide_tries=$((guide_tries - 1))
        [ $guide_tries -gt 0 ] || { not_ok "$guide_title" "$guide_complaint" && break; }
        sleep 0.05
    done
    # A server needs a moment before it can be asked.
    case $2 in *'run '*'&' | inetd* | xinetd*) lab_within 3 guide_has_more_than "$guide_before" "$1" ;; esac
}

guide_finish() {
    [ "$guide_line" ] || return 0
    guide_check "$guide_on" "$guide_line" "$guide_expected"
    guide_line='' guide_expected=''
}

# guide_names HOST ADDRESS RECORD...: a name server there, with these records; all hosts ask it.
guide_names() {
    guide_server=$1 guide_address=$2
    shift 2
    {
        printf '%s\n' 'server:' ' chroot: ""' ' username: ""' ' pidfile: ""' ' use-syslog: no' ' logfile: ""' ' verbosity: 1' \
            " directory: \"$LAB_DIR\"" " interface: $guide_address" ' access-control: 0.0.0.0/0 allow' ' access-control: ::/0 allow' \
            ' local-zone: "example." static' ' local-zone: "." refuse'
        for guide_record; do printf ' local-data: "%s"\n' "$guide_record"; done
        printf '%s\n' 'remote-control:' ' control-enable: no'
    } >"$LAB_DIR/names.conf"
    lab_start "$guide_server" names unbound -d -c "$LAB_DIR/names.conf"
    lab_until grep -q 'start of service' "$LAB_DIR/log/names" || lab_bail "the name server did not start"
    for guide_name in $guide_hosts; do echo "nameserver $guide_address" >"$LAB_DIR/host/$guide_name/etc/resolv.conf"; done
}

# The rest of a command that goes on in the next line, or of the text up to END that it is given.
guide_goes_on() {
    case $guide_line in
    *"<<'END'"*) [ "$guide_text" != END ] ;;
    *) case $guide_text in *[\\]) ;; *) false ;; esac ;;
    esac
}

# guide_read TEXT: a line of a ```console block.
guide_read() {
    guide_text=${1#(v6shim) }
    guide_prompt=${guide_text%%[#$] *}
    if [ $guide_more = yes ]; then
        guide_line="$guide_line
$1"
    else
        # A page about one machine has its bare prompt.
        [ "$guide_prompt" ] || case $guide_text in '$ '* | '# '*) guide_prompt=${guide_bare-} ;; esac
        case " $guide_hosts " in
        *" ${guide_prompt:-(none)} "*)
            guide_finish
            guide_on=$guide_prompt guide_line=${guide_text#*[#$] }
            ;;
        *)
            guide_expected=$guide_expected${guide_expected:+
}$1
            return
            ;;
        esac
    fi
    if guide_goes_on; then guide_more=yes; else guide_more=no; fi
}

# guide_run PAGE: README.md, or one below docs/.
guide_run() {
    guide_line='' guide_expected='' guide_inside=no guide_more=no
    while IFS= read -r guide_next <&5; do
        case $guide_inside:$guide_next in
        no:'```console') guide_inside=yes ;;
        yes:'```') guide_finish && guide_inside=no ;;
        yes:*) guide_read "$guide_next" ;;
        esac
    done 5<"$LAB_SOURCE/../../$1"
}
