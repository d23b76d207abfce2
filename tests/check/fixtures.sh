#!/bin/sh
# What `v6shim check` says of files made here: programs of every kind of linking, libraries in odd places, damaged files.
# Each gets one clear line; nothing makes the reader crash.
#
# V6SHIM  the command, ./v6shim unless set; MANGLE  the program that damages files, tests/check/mangle unless set
# CC      a compiler, cc unless set
set -eu
unset COLUMNS
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
v6shim=$(realpath "${V6SHIM:-./v6shim}")
mangle=$(realpath "${MANGLE:-tests/check/mangle}")
cc="${CC:-cc} -w"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0
passed=0

# check NAME WANTED-STATUS WANTED-TEXT ARGUMENT...: the outcome of `v6shim check ARGUMENT...`
check() {
    name=$1 wanted_status=$2 wanted=$3
    shift 3
    status=0
    "$v6shim" check --color never "$@" >output 2>errors </dev/null || status=$?
    if [ "$status" -eq "$wanted_status" ] && grep -qF -- "$wanted" output errors &&
        ! grep -qE 'signal [0-9]|AddressSanitizer|runtime error' output errors; then
        passed=$((passed + 1))
        return
    fi
    failures=$((failures + 1))
    echo "FAILED $name: status $status (wanted $wanted_status), wanted to read: $wanted"
    head -n 12 output errors
}

skipped() {
    echo "SKIPPED $1: this machine has no $2"
}

ready="speaks IPv6"
shim="works under the shim"
out="out of the shim's reach"

# Every way to build the same two programs.
for flags in -O0 -O1 -O2 -O3 -Os "-O2 -fno-plt" "-O2 -no-pie -fno-pie" "-O2 -Wl,-z,now" "-O2 -fcf-protection=full" \
    "-O2 -s" "-O2 -Wl,--hash-style=sysv" "-O2 -fno-asynchronous-unwind-tables"; do
    # shellcheck disable=SC2086 # flags are words
    $cc $flags "$here/client-old.c" -o old && $cc $flags "$here/client-new.c" -o new &&
        $cc $flags -DFAMILY=AF_INET "$here/client-new.c" -o narrow
    check "old $flags" 1 ": $shim:" old
    check "old $flags: its socket" 1 "[inet-socket], covered by the shim" old
    check "new $flags" 0 ": $ready:" new
    check "new for IPv4 $flags" 1 "[family-hint], covered by the shim" narrow
done
$cc -g -O1 "$here/client-old.c" -o old
mkdir elsewhere && cd elsewhere
before=$PATH
PATH=$work:$PATH
check "a name that is no file here is looked for in PATH" 1 "$work/old: $shim" old
mkdir old
check "not so where something here has it" 0 "" old
PATH=$before
cd ..
check "call site from debug information" 1 "gethostbyname@GLIBC_2.2.5 in main at 0x" old
check "source line from debug information" 1 "client-old.c:11)" old

# Every gap that a file shows, at two levels of optimization. What shows only in the source or while running isn't here.
printf 'int %s() { return 0; }\n' callrpc hosts_ctl io_uring_queue_init res_query >stand-ins.c
$cc -shared -fPIC stand-ins.c -o libstand-ins.so
for level in -O0 -O2; do
    $cc $level "$here/every-gap.c" -L. -lstand-ins -o every
    for gap in name-lookup family-hint inet-socket address-text address-print network-text presentation service-lookup \
        text-buffer address-constant broadcast colon-split single-listener ip-option multicast hard-coded-address \
        address-trust payload-address interface-ioctl raw-socket remote-command sun-rpc address-query proc-net \
        direct-call io-uring; do
        check "gap $gap $level" 1 "[$gap]" every
    done
done
$cc -O2 "$here/no-zone.c" -o no-zone
check "gap no-zone" 0 "[no-zone]" no-zone

if $cc -static "$here/client-old.c" -o old-static 2>/dev/null; then
    $cc -static "$here/client-new.c" -o new-static 2>/dev/null
    check "static, IPv4" 1 ": $out: the program is statically linked" old-static
    check "static, both families" 0 ": $ready:" new-static
    $cc -static-pie "$here/client-old.c" -o old-static 2>/dev/null
    check "static-pie, IPv4" 1 ": $out: the program is statically linked" old-static
else
    skipped "static programs" "libc.a"
fi
if command -v musl-gcc >/dev/null; then
    musl-gcc -O2 "$here/client-old.c" -o old-musl
    check "another libc" 1 ": $out: the program uses another C library" old-musl
else
    skipped "another libc" musl-gcc
fi
if $cc -m32 "$here/client-old.c" -o old-32 2>/dev/null; then
    if [ -d "${v6shim%/*}/32" ]; then # a build of both (configure --enable-multilib)
        check "32 bits" 1 "$shim" old-32
    else
        check "32 bits" 1 "no shim for this kind of program is installed" old-32
    fi
else
    skipped "32 bits" "32-bit libraries"
fi

# Rights of its own.
$cc -O2 "$here/client-old.c" -o old
cp old old-setuid
chmod u+s old-setuid
check "setuid" 1 ": $out: the program runs with rights of its own" old-setuid

# Libraries: by RPATH, RUNPATH and $ORIGIN, by LD_LIBRARY_PATH, and missing.
mkdir -p private/deep
$cc -shared -fPIC -O2 "$here/library.c" -o private/deep/liboldnet.so
for dtags in --enable-new-dtags --disable-new-dtags; do
    # shellcheck disable=SC2016 # the loader expands it
    $cc -O2 -DCONNECTS "$here/library-user.c" -Lprivate/deep -loldnet "-Wl,$dtags,-rpath,\$ORIGIN/private/deep" -o user
    check "library by \$ORIGIN, $dtags" 1 "gethostbyname in liboldnet.so, by library_connect" user
done
ln -s "$work/user" private/link
check "\$ORIGIN is the file's own directory, not the link's" 1 ": $shim:" private/link
# Each file is let go before the next one: together they have more room than one process gets. (A sanitizer wants
# more by itself.)
case ${SANITIZERS-} in
*address* | *thread*) ;;
*)
    mkdir large
    for number in 1 2 3 4 5 6 7 8 9 10; do
        cp old large/$number
        truncate -s 400M large/$number
    done
    (ulimit -v 2000000 && exec "$v6shim" check --color never --jobs 1 large/*) >output 2>errors </dev/null || :
    if [ "$(grep -c ": $shim:" output)" -eq 10 ]; then
        passed=$((passed + 1))
    else
        failures=$((failures + 1))
        echo "FAILED ten large files, one after the other:"
        head -n 12 output errors
    fi
    rm -rf large
    ;;
esac

# The call of libc is far behind the export, through more functions of the library than one would count.
awk 'BEGIN {
    print "#define library_connect far_end\n#include \"library.c\"\n#undef library_connect\nvolatile int sum;"
    for (i = 3000; i >= 0; i--) {
        call = i == 3000 ? "sum += far_end(name)" : "f" (i + 1) "(name)"
        printf("%s void %s(const char *name) { %s; sum++; }\n",
            i ? "static __attribute__((noipa))" : "__attribute__((visibility(\"default\")))",
            i ? "f" i : "library_connect", call)
    }
}' >long.c
$cc -shared -fPIC -O0 -fvisibility=hidden -I"$here" long.c -o private/deep/libfarnet.so
# shellcheck disable=SC2016 # the loader expands it
$cc -O2 -DCONNECTS "$here/library-user.c" -Lprivate/deep -lfarnet '-Wl,-rpath,$ORIGIN/private/deep' -o user
check "a call behind 3000 functions" 1 "gethostbyname in libfarnet.so, by library_connect" user
$cc -O2 "$here/library-user.c" -Lprivate/deep -loldnet "-Wl,-rpath,\${ORIGIN}/private/deep" -o harmless
check "library whose network part is not used" 0 ": no network:" harmless
$cc -O2 -DCONNECTS "$here/library-user.c" -Lprivate/deep -loldnet -o user
check "missing library" 2 ": unknown: what it needs is missing, and would decide it: liboldnet.so" user
check "a missing library is named" 2 "missing   the library liboldnet.so is not here" user
LD_LIBRARY_PATH=$work/private/deep
export LD_LIBRARY_PATH
check "library by LD_LIBRARY_PATH" 1 "gethostbyname in liboldnet.so, by library_connect" user
unset LD_LIBRARY_PATH

# A huge symbol table. (In C it would take the compiler half a minute.)
awk 'BEGIN {
    print ".text"
    for (i = 0; i < 60000; i++) {
        name = "function_with_quite_a_long_name_" i
        printf ".globl %s\n.type %s, %%function\n%s: ret\n.size %s, 1\n", name, name, name, name
    }
    print ".section .note.GNU-stack, \"\", %progbits"
}' >huge.s
$cc -O0 -rdynamic huge.s "$here/client-old.c" -o huge
check "60,000 symbols" 1 ": $shim:" huge

# Files that are no programs, or not to be had.
printf 'text\n' >text
printf '\177ELF' >short
: >empty
ln -s loop loop
ln -s nowhere dangling
mkfifo fifo
check "text" 2 "neither a program nor a script" text
check "ELF magic and no more" 2 "its ELF header is damaged or cut short" short
check "empty file" 2 "neither a program nor a script" empty
check "loop of links" 2 "symbolic links go round in a circle" loop
check "dangling link" 2 "No such file or directory" dangling
check "missing file" 2 "No such file or directory" missing
check "fifo" 2 "it is a pipe, not a file" fifo
check "device" 2 "it is a device, not a file" /dev/null
check "no argument" 2 "name the files or directories to check"
check "unknown option" 2 "there is no option" --jsn
check "bad level" 2 "--fail-on wants" --fail-on loud old
check "a report on files into a file" 2 "--output goes with --run" -o report old
check "files that are waited for" 2 "--wait goes with --run" --wait 3 old
check "no list for --null" 2 "--null goes with -" -0 old
check "a program that is run, and --jobs" 2 "are for files, not for --run" --jobs 2 --run ./old
check "a program that is run, and --null" 2 "are for files, not for --run" --null --observe ./old
check "a program that is run, and --details" 2 "are for files, not for --run" --details --run ./old
check "a program that is run, and another" 2 "--run wants one program" --pid 1 --run ./old

# Scripts.
printf '#!/usr/bin/perl\nuse IO::Socket::INET;\nprint 1;\n' >perl-old
printf '#!/usr/bin/perl\n# not IO::Socket::INET\nuse IO::Socket::IP;\n' >perl-new
printf '#!/usr/bin/python3\nimport socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n' >python-packets
printf '#!/usr/bin/python3\nimport socket\nsocket.socket(socket.AF_INET, socket.SOCK_STREAM)\n' >python-old
printf '#!/bin/sh\necho hello\n' >shell
printf '#!/usr/bin/env nonesuch\n' >orphan
printf '#!/bin/sh\n# the next line is a comment to Tcl \\\nexec tclsh "$0" ${1+"$@"}\nset s [socket $host 80]\n' >tcl-trick
printf '#!/bin/sh\neval '"'"'exec perl -S $0 ${1+"$@"}'"'"'\n  if 0;\nuse IO::Socket::INET;\n' >perl-trick
printf '#!/bin/sh\nset -e\nexec python3 -u %s/python-old "$@"\n' "$work" >launcher
printf '#!/bin/sh\nexec python3 %s/nonesuch "$@"\n' "$work" >empty-launcher
chmod +x perl-old perl-new python-old python-packets shell orphan tcl-trick perl-trick launcher empty-launcher
check "Perl, IPv4" 1 ": $shim:" perl-old
check "Perl, both families" 0 ": $ready:" perl-new
check "Python, IPv4" 1 ": $shim:" python-old
check "Python, packets" 1 ": $out: works on packets itself" python-packets
check "shell" 0 ": no network:" shell
check "Tcl, started by a shell" 0 ": $ready:" tcl-trick
check "Perl, started by a shell" 1 ": $shim:" perl-trick
check "shell that starts a script" 1 ": $shim:" launcher
check "shell that starts what isn't there" 0 ": no network: a shell script" empty-launcher
check "interpreter not here" 2 "its interpreter nonesuch is not here" orphan

# Levels and forms of the answer.
check "level above the gaps" 0 ": $ready:" --fail-on error new
check "never" 0 ": $shim:" --fail-on never old
check "JSON" 1 '"verdict":"shim"' --json old
check "JSON names its gaps" 1 '"id":"name-lookup"' --json old
"$v6shim" check --json old 2>/dev/null | grep -q '\[m' && failures=$((failures + 1))
# The width of the terminal: nothing is lost, in colors neither, and only a word is longer.
words() { sed 's/\x1b\[[0-9]*m//g' "$1" | tr -s ' \n' '  '; }
for color in never always; do
    "$v6shim" check --color $color --details old >wide 2>&1 || :
    COLUMNS=45 "$v6shim" check --color $color --details old >narrow 2>&1 || :
    long=$(sed 's/\x1b\[[0-9]*m//g' narrow | awk '{ words = $0; sub(/^ */, "", words) } length($0) > 45 && words ~ / /' | wc -l)
    if [ "$long" -eq 0 ] && [ "$(words wide)" = "$(words narrow)" ] && [ "$(wc -l <narrow)" -gt "$(wc -l <wide)" ]; then
        passed=$((passed + 1))
    else
        failures=$((failures + 1))
        echo "FAILED the width of the terminal, --color $color: $long lines are too long"
        cat narrow
    fi
done
old_process() { "$v6shim" check --color never --pid "$1" >output 2>errors || :; }
sleep 60 &
old_process $!
kill $!
grep -q "process $!" output || {
    failures=$((failures + 1))
    echo "FAILED --pid: $(cat output errors)"
}
check "--pid of nobody" 2 "there is no such process" --pid 2147483647
# shellcheck disable=SC2009 # kernel threads have no command line to search
kernel_thread=$(ps -o pid= --ppid 2 2>/dev/null | head -n 1)
[ -z "$kernel_thread" ] || check "--pid of a kernel thread" 2 "thread of the kernel" --pid $((kernel_thread))

# Names that would steer a terminal, or aren't UTF-8: harmless as text, valid as JSON. No JSON is ever cut short.
mkdir names
cp old "names/$(printf 'esc\033[31m')"
cp old "names/$(printf 'c1\302\23331m')"
cp old "names/$(printf 'latin\377')"
cp old "$(printf 'names/new\nline')"
check "names with control characters" 1 'names/new\x0aline: works' --all names
grep -q '^names/c1.xc2.x9b31m: works' output && grep -q '^names/latin.xff: works' output &&
    grep -q '^names/esc.x1b\[31m: works' output || {
    failures=$((failures + 1))
    echo "FAILED names as text: $(cat output)"
}
valid_json() {
    if command -v python3 >/dev/null; then python3 -c 'import json, sys; json.load(sys.stdin)'; else cat >/dev/null; fi
}
mkdir nothing
for arguments in names nothing "--pid 2147483647" nonesuch /dev/null -; do
    # shellcheck disable=SC2086 # words
    "$v6shim" check --json $arguments </dev/null 2>/dev/null | valid_json || {
        failures=$((failures + 1))
        echo "FAILED JSON of $arguments"
    }
done
check "empty directory" 0 "0 checked: there is no program" nothing
status=0
"$v6shim" check --json old >/dev/full 2>errors || status=$?
[ "$status" -eq 2 ] && [ "$(cat errors)" = "v6shim: cannot write to standard output: No space left on device" ] || {
    failures=$((failures + 1))
    echo "FAILED full disk: status $status, $(cat errors)"
}

"$v6shim" check --color never old >output 2>errors || true
if [ "$(sed -n '/instead:/,$p' output | grep -cE '^.{101}| $')" -ne 0 ] || ! grep -q 'instead:' output; then
    failures=$((failures + 1))
    echo "FAILED what to do instead has long lines, or blanks at their ends: $(cat output)"
fi

printf '%s\n' "$work/old" "$work/private" "$work/new" "$work/text" >list
status=0
"$v6shim" check --color never --all - <list >output || status=$?
if [ "$status" -ne 1 ] || ! grep -q '^2 checked' output; then
    failures=$((failures + 1))
    echo "FAILED list on standard input: $(cat output)"
fi

# Lists as they come: line ends of another system, blank lines, libraries (which aren't executable), names ended by NUL.
cp private/deep/liboldnet.so library.so
chmod -x library.so
printf '\n%s\r\n\r\n%s\nlibrary.so\nnonesuch\r\n' "$work/old" "$work/text" >list
status=0
"$v6shim" check --color never --all - <list >output 2>&1 || status=$?
if [ "$status" -ne 2 ] || ! grep -q '^3 checked: 1 could not be checked, 2 work under' output ||
    ! grep -q "^nonesuch: could not be checked" output; then
    failures=$((failures + 1))
    echo "FAILED list with odd lines: status $status, $(cat output)"
fi
status=0
printf 'old\0library.so' | "$v6shim" check --color never -0 - >output 2>&1 || status=$?
[ "$status" -eq 1 ] && grep -q '^2 checked: 2 work under' output || {
    failures=$((failures + 1))
    echo "FAILED list with NUL: status $status, $(cat output)"
}

# Weak imports, and functions with a libc name that are the program's own.
printf '%s\n' '#include <netdb.h>' 'extern __typeof(gethostbyname) gethostbyname __attribute__((weak));' \
    'int main(int c, char **v) { return gethostbyname && gethostbyname(v[c - 1]) != 0; }' >weak.c
$cc -O1 weak.c -o weak
check "weak import" 1 "weak: it may be missing at run time" weak
printf '%s\n' 'int socket(int a) { return a; }' 'int connect(int a) { return a; }' \
    'int main(int c, char **v) { return socket(c) + connect(v[0][0]); }' >own.c
$cc -O0 -rdynamic -fno-builtin own.c -o own
check "own functions with libc's names" 0 ": no network:" own
printf '%s\n' '#include <netdb.h>' '#include <sys/socket.h>' '#include <netinet/in.h>' \
    'void unused(void) { struct sockaddr_in a = {0}; connect(socket(AF_INET, 1, 0), (void *)&a, sizeof a); }' \
    'int main(void) { return 0; }' >unused.c
$cc -O1 -fPIE -pie unused.c -o unused
check "network code that is never called" 0 ": no network:" unused

# await_worker PROCESS: waits for a process that a check has started, and prints its number.
await_worker() {
    for _ in $(seq 300); do
        ps -o pid= --ppid "$1" | head -n 1 | grep . && break
        sleep 0.1
    done
}

# Signals: an interrupted check says what it has found; a reader that dies costs one answer.
many="/usr/bin /usr/bin /usr/bin /usr/bin /usr/bin /usr/bin /usr/bin /usr/bin"
# shellcheck disable=SC2086 # a list
"$v6shim" check --jobs 1 --json $many $many >output 2>errors &
process=$!
await_worker "$process" >/dev/null
kill -TERM "$process" 2>/dev/null || :
status=0
wait "$process" || status=$?
if [ "$status" -ne 143 ] || ! grep -q '"complete":false' output || [ "$(tail -n 1 output)" != "}" ]; then
    failures=$((failures + 1))
    echo "FAILED interrupted: status $status, $(tail -n 3 output errors)"
fi
# shellcheck disable=SC2086 # a list
"$v6shim" check --jobs 1 --all --color never /usr/bin >output 2>errors &
process=$!
worker=$(await_worker "$process")
[ -z "$worker" ] || kill -KILL "$worker"
status=0
wait "$process" || status=$?
if [ "$status" -ne 2 ] || [ "$(grep -c 'ended with signal 9' output)" -ne 1 ]; then
    failures=$((failures + 1))
    echo "FAILED reader killed: status $status, $(tail -n 1 output)"
fi

# Damage of every kind: an answer for each file, whatever it is.
mkdir damaged
"$mangle" old damaged
count=$(find damaged -type f | wc -l)
check "damaged files" 2 "$count checked" --all damaged
[ "$(grep -c '^damaged/' output)" -eq "$count" ] || {
    failures=$((failures + 1))
    echo "FAILED damaged files: not a line for each"
}
grep -qF 'damaged/foreign-0: no network' output || {
    failures=$((failures + 1))
    echo "FAILED big-endian 32-bit file: $(grep foreign output)"
}

echo "$passed passed, $failures failed"
[ "$failures" -eq 0 ]
