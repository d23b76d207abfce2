#!/bin/sh
# v6shim run: options, LD_PRELOAD, exit statuses, and the programs that it warns about. The preloaded library is an
# empty one, so that nothing here depends on what libv6shim.so does.
. "$(dirname "$0")/lib.sh"
empty=$PWD/tests/command/.libs/libv6shim-empty.so
[ -r "$empty" ] || { echo "$empty is not built" && exit 1; }
cp "$empty" "$room/libv6shim.so"
V6SHIM_LIBRARY=$room/libv6shim.so
export V6SHIM_LIBRARY

# --- settings
show='echo "$V6SHIM_PREFER $V6SHIM_RESOLUTION_DELAY $V6SHIM_LOG_FILE"'
try "$v6shim" run --prefer=ipv6 --resolution-delay 20 -- sh -c "$show"
same "options become variables" "ipv6 20 " "$output"
same "nothing to complain about" "" "$errors"
try env V6SHIM_PREFER=ipv4 V6SHIM_RESOLUTION_DELAY=7 "$v6shim" run --prefer=ipv6 sh -c "$show"
same "an option goes before the variable" "ipv6 7 " "$output"
for list in alias-map:2001:db8::/64=10.6.0.0/16 listen-map:192.0.2.1=2001:db8::1 redirect:192.0.2.7=a.example; do
    variable=V6SHIM_$(echo "${list%%:*}" | tr a-z- A-Z_)
    try "$v6shim" run "--${list%%:*}=${list#*:}" "--${list%%:*}=${list#*:}" sh -c "echo \"\$$variable\""
    same "entries of ${list%%:*} add up" "${list#*:}, ${list#*:}" "$output"
done
try "$v6shim" run ''
same "no name" "v6shim run: a program without a name is not found" "$errors"
cd "$room" || exit 1
try "$v6shim" run --log-file=a.log sh -c "$show"
same "a relative path is made absolute" "  $PWD/a.log" "$output"
try "$v6shim" run --policy='file  a.conf' sh -c 'echo "$V6SHIM_POLICY"'
same "that of a policy file, too" "file  $PWD/a.conf" "$output"
try "$v6shim" run --policy=./a.conf sh -c 'echo "$V6SHIM_POLICY"'
same "also without that word" "$PWD/./a.conf" "$output"
echo 'prefer ipv6' >some.conf
try "$v6shim" run --config=some.conf sh -c 'echo "$V6SHIM_CONF"'
same "--config is made absolute" "$PWD/some.conf" "$output"
cd "$OLDPWD" || exit 1
try "$v6shim" run sh -c 'echo "$1|$2"' name "a b" --prefer=nonsense
same "arguments reach the program as they are" "a b|--prefer=nonsense" "$output"

# bad_option MESSAGE OPTION...: status 2, one line, and the program is not run
bad_option() {
    message=$1
    shift
    try "$v6shim" run "$@" touch "$room/was-run"
    same "run $*: status" 2 "$status"
    same "run $*" "v6shim run: $message" "$errors"
    [ ! -e "$room/was-run" ]
    same "run $*: nothing is run" 0 $?
}
bad_option '--prefer: expected policy, ipv6 or ipv4, found "ipv5"' --prefer=ipv5
bad_option '--config: cannot read /nosuch/conf: No such file or directory' --config=/nosuch/conf
bad_option '--families: expected both, inet or inet6, found nothing' --families=
bad_option '--resolution-delay: expected a whole number of milliseconds from 0 to 10000, found "10001"' \
    --resolution-delay=10001
bad_option '--log-file: expected an absolute path of 1 to 511 bytes, found nothing' --log-file ''
bad_option '--policy: expected system, rfc6724, rfc6724-update, ula-first, ipv4-first or an absolute path, '`
    `'found "file"' --policy=file
bad_option '--alias-pool: expected an IPv4 prefix of length 8 to 28, all other bits 0, outside 0.0.0.0/8, '`
    `'127.0.0.0/8, 224.0.0.0/4 and 255.0.0.0/8, found "127.0.0.0/8"' --alias-pool=127.0.0.0/8
bad_option 'there is no option --prefre; did you mean --prefer?' --prefre=ipv6
bad_option '--p may be --prefer or --policy: say which' --p=ipv6
bad_option 'there is no option --colour; see v6shim run --help' --colour
bad_option 'there is no option -z; see v6shim run --help' -z
bad_option '--help takes no value' --help=yes
try "$v6shim" run --prefer
same "a missing value" "v6shim run: --prefer wants a value" "$errors"
try "$v6shim" run --prefer=ipv6 --
same "no program: status" 2 "$status"
contains "no program" "v6shim run: no program given" "$errors"

# Every setting is an option, with its default in the help.
try "$v6shim" run --help
for keyword in $(sed -n 's/^SETTING("\([^"]*\)".*/\1/p' "$source_root/src/core/settings/settings.def"); do
    contains "help of --$keyword" "  --$keyword=" "$output"
done

# --- the log file
try "$v6shim" run --log-file=/nosuch/log sh -c "$show"
same "an unwritable log file: the program runs, without it" "  " "$output"
same "an unwritable log file: one line" "v6shim run: cannot write to the log file /nosuch/log: No such file or "`
    `"directory; logging to standard error" "$errors"

# --- LD_PRELOAD
try "$v6shim" run sh -c 'echo "$LD_PRELOAD"'
same "the library is preloaded" "$V6SHIM_LIBRARY" "$output"
preload() {
    try env LD_PRELOAD="$1" "$v6shim" run sh -c 'echo "$LD_PRELOAD"'
}
cp "$empty" "$room/libother.so"
cp "$empty" "$room/libubsan.so.1"
preload "$room/libother.so"
same "it goes before what is there" "$V6SHIM_LIBRARY:$room/libother.so" "$output"
preload "$room/libubsan.so.1 $room/libother.so"
same "but after a sanitizer" "$room/libubsan.so.1:$V6SHIM_LIBRARY:$room/libother.so" "$output"
preload "$room/libubsan.so.1:"
same "and after a lone one" "$room/libubsan.so.1:$V6SHIM_LIBRARY" "$output"
preload " $room/libother.so $V6SHIM_LIBRARY"
same "where it is already it stays" " $room/libother.so $V6SHIM_LIBRARY" "$output"
mkdir "$room/a dir" && cp "$empty" "$room/a dir/libv6shim.so"
try env V6SHIM_LIBRARY="$room/a dir/libv6shim.so" "$v6shim" run sh -c 'echo "<$LD_PRELOAD>"'
same "a path that LD_PRELOAD can't hold: the program runs" "<>" "$output"
contains "a path that LD_PRELOAD can't hold" "cannot hold a path with a blank" "$errors"
mkdir -p "$room/bin/.libs" && cp "$v6shim" "$room/bin/v6shim" && cp "$empty" "$room/bin/.libs/libv6shim.so"
try env -u V6SHIM_LIBRARY "$room/bin/v6shim" run sh -c 'echo "$LD_PRELOAD"'
same "the library of the build tree is found" "$room/bin/.libs/libv6shim.so" "$output"
try env V6SHIM_LIBRARY=/nosuch.so "$room/bin/v6shim" run true
contains "a wrong V6SHIM_LIBRARY" 'V6SHIM_LIBRARY names /nosuch.so: there is no such file; ignored' \
    "$errors"
same "a wrong V6SHIM_LIBRARY: the program runs" 0 "$status"
try env V6SHIM_LIBRARY=/etc/passwd "$room/bin/v6shim" run sh -c 'echo "$LD_PRELOAD"'
contains "V6SHIM_LIBRARY is no library" 'names /etc/passwd: it is no shared library; ignored' "$errors"
same "V6SHIM_LIBRARY is no library: the other one is preloaded" "$room/bin/.libs/libv6shim.so" "$output"
try env -C "$room" V6SHIM_LIBRARY=libother.so "$room/bin/v6shim" run sh -c 'echo "$LD_PRELOAD"'
contains "V6SHIM_LIBRARY is relative" 'names libother.so: it is no absolute path; ignored' "$errors"
same "V6SHIM_LIBRARY is relative: the other one is preloaded" "$room/bin/.libs/libv6shim.so" "$output"
for place in lib lib64 lib32 lib/x86_64-linux-gnu lib/aarch64-linux-gnu lib/i386-linux-gnu; do
    mkdir -p "$room/all/$place" && cp "$empty" "$room/all/$place/libv6shim.so"
done
try env V6SHIM_LIBRARY="$room/all/\$LIB/libv6shim.so" "$v6shim" run sh -c 'echo "$LD_PRELOAD"'
same 'the $LIB of the loader is left to it' "$room/all/\$LIB/libv6shim.so" "$output"
same 'the $LIB of the loader: nothing to complain about' "" "$errors"
try env V6SHIM_LIBRARY="$room/none/\${LIB}/libv6shim.so" "$v6shim" run true
contains 'a $LIB that leads nowhere' "there is no such file; ignored" "$errors"
# Of those that $LIB may lead to, the one for the program's machine counts. Its place is the last by name; the others
# say that they are for RISC-V (e_machine). The loader may look in a place of theirs, and complain itself.
for place in lib lib64 lib/aarch64-linux-gnu lib/native; do
    mkdir -p "$room/mixed/$place" && cp "$empty" "$room/mixed/$place/libv6shim.so"
    [ $place = lib/native ] ||
        printf '\363\000' | dd of="$room/mixed/$place/libv6shim.so" bs=1 seek=18 conv=notrunc 2>/dev/null
done
try env V6SHIM_LIBRARY="$room/mixed/\$LIB/libv6shim.so" "$v6shim" run sh -c 'echo "$LD_PRELOAD"'
same 'a $LIB with libraries of several machines' "$room/mixed/\$LIB/libv6shim.so" "$output"
same 'a $LIB with libraries of several machines: nothing to complain about' "" "$(echo "$errors" | grep ^v6shim)"
rm -r "$room/mixed/lib/native"
try env V6SHIM_LIBRARY="$room/mixed/\$LIB/libv6shim.so" "$v6shim" run true
contains 'a $LIB with libraries of other machines alone' "RISC-V" "$errors"

# --- exit statuses
try "$v6shim" run sh -c 'exit 42'
same "the status is the program's" 42 "$status"
try "$v6shim" run no-such-program
same "not found: status" 127 "$status"
same "not found" "v6shim run: no-such-program is not found" "$errors"
echo text >"$room/text" && chmod 644 "$room/text"
try "$v6shim" run "$room/text"
same "not executable: status" 126 "$status"
same "not executable" "v6shim run: cannot run $room/text: Permission denied" "$errors"
try "$v6shim" run "$room"
same "a directory: status" 126 "$status"
same "a directory" "v6shim run: cannot run $room: Is a directory" "$errors"
try env PATH="$room:$PATH" "$v6shim" run text
same "not executable, along PATH: status" 126 "$status"
printf '#!/no/such/interpreter\n' >"$room/orphan" && chmod 755 "$room/orphan"
try "$v6shim" run "$room/orphan"
same "a missing interpreter: status" 126 "$status"
same "a missing interpreter" \
    "v6shim run: cannot run $room/orphan: its interpreter /no/such/interpreter is not there" "$errors"
echo 'echo by sh' >"$room/plain" && chmod 755 "$room/plain"
try "$v6shim" run "$room/plain"
same "a text file without #! is run by sh, as execvp does" "by sh" "$output"

# --- programs that a preload can't reach
static=/sbin/ldconfig # statically linked in every glibc system that has it as a program of its own
if "$static" --version >/dev/null 2>&1 && ! grep -q '^#!' "$static" && ! grep -q 'ld-linux' "$static"; then
    try "$v6shim" run "$static" --version
    same "a static program: status" 0 "$status"
    same "a static program" \
        "v6shim run: warning: $static is statically linked: LD_PRELOAD cannot reach it; it runs without the shim" \
        "$errors"
    printf '#! /usr/bin/env -S %s --version\n' "$static" >"$room/script" && chmod 755 "$room/script"
    try "$v6shim" run "$room/script"
    same "a script of a static program" "v6shim run: warning: $room/script is run by $static, which is statically "`
        `"linked: LD_PRELOAD cannot reach it; it runs without the shim" "$errors"
    try "$v6shim" run --log=quiet "$static" --version
    same "--log=quiet says nothing" "" "$errors"
fi
printf '#!/usr/bin/env sh\necho from a script\n' >"$room/script" && chmod 755 "$room/script"
try "$v6shim" run "$room/script"
same "a script of a dynamic program" "from a script" "$output"
same "a script of a dynamic program: no warning" "" "$errors"

# A musl program: a copy of true whose interpreter is called so. The names have the same length.
sed 's|/lib64/ld-linux-x86-64.so.2|/lib64//ld-musl-x86-64.so.1|' /bin/true >"$room/musl"
chmod 755 "$room/musl"
if grep -q ld-musl "$room/musl"; then
    try "$v6shim" run "$room/musl"
    contains "a musl program" "warning: $room/musl uses the musl C library (/lib64//ld-musl-x86-64.so.1)" "$errors"
fi

# The library for musl lies in the folder musl, beside the other one.
# A sanitized one can't be loaded into a plain program: an empty one stands for it then.
of_glibc=${LAB_BUILD:-$PWD}/.libs/libv6shim.so
[ -z "${SANITIZERS-}" ] || of_glibc=$empty
printf '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return puts(getenv("LD_PRELOAD")) < 0; }\n' >"$room/shown.c"
if musl-gcc -o "$room/shown" "$room/shown.c" 2>/dev/null && mkdir "$room/both" "$room/both/musl" &&
    cp "$of_glibc" "$room/both/libv6shim.so" && : >"$room/empty.c" &&
    musl-gcc -shared -nostdlib -o "$room/both/musl/libv6shim.so" "$room/empty.c"; then
    printf '#!%s\n' "$room/shown" >"$room/of-musl" && chmod 755 "$room/of-musl"
    for program in shown of-musl; do
        try env V6SHIM_LIBRARY="$room/both/libv6shim.so" "$v6shim" run "$room/$program"
        same "$program, of musl, gets the library for musl" "$room/both/musl/libv6shim.so" "$output"
        same "$program: no warning" "" "$errors"
    done
    try env V6SHIM_LIBRARY="$room/both/libv6shim.so" "$v6shim" run sh -c 'echo $LD_PRELOAD'
    same "a program of glibc gets the other" "$room/both/libv6shim.so" "$output"
    try env V6SHIM_LIBRARY="$room/both/musl/libv6shim.so" "$v6shim" run /bin/true
    contains "a program of glibc and a library for musl alone" "libv6shim.so is for musl" "$errors"
    rm "$room/both/musl/libv6shim.so"
    try env V6SHIM_LIBRARY="$room/both/libv6shim.so" V6SHIM_LOG=error "$v6shim" run "$room/shown"
    same "without it the other is loaded, and the program runs" "$room/both/libv6shim.so" "$output"
    try env V6SHIM_LIBRARY="$room/both/libv6shim.so" "$v6shim" run "$room/shown"
    contains "and is told so" "libv6shim.so is for the GNU C library; it runs without the shim" "$errors"
else
    echo "# not tested: a library for musl (musl-gcc is not installed)"
fi

# The name that a program sees is its own, or the one that inetd and tcpd would have given it.
try "$v6shim" run -- sh -c 'tr "\\0" " " </proc/$$/cmdline' x y
contains "argv[0]" "sh -c " "$output"
try "$v6shim" run --argv0=in.fingerd -- sh -c 'tr "\\0" " " </proc/$$/cmdline' x y
contains "--argv0" "in.fingerd -c " "$output"

# setuid: a copy that belongs to somebody else, which only root can make, and not where the mount is nosuid.
if [ "$(id -u)" -eq 0 ] && cp /bin/true "$room/setuid" && chown 65534 "$room/setuid" &&
    chmod 4755 "$room/setuid" && ! findmnt -no OPTIONS -T "$room" 2>/dev/null | grep -q nosuid; then
    try "$v6shim" run "$room/setuid"
    same "a setuid program" "v6shim run: warning: $room/setuid is setuid: the loader ignores LD_PRELOAD for it; "`
        `"it runs without the shim" "$errors"
    chown 0 "$room/setuid" && chmod 4755 "$room/setuid"
    try "$v6shim" run "$room/setuid"
    same "setuid to who we are is no reason" "" "$errors"
fi
finish
