#!/bin/sh
# What `v6shim check` says of programs that can't be read as others are, or not at all: statically linked Go, compressed
# debug sections. It never says "no network" of one whose decisive part it hasn't seen.
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
. "$here/lib.sh"

# Statically linked Go, as its linker writes it: a note whose owner is padded to four bytes, and the table of functions,
# which strip leaves alone. No libc is needed for that.
go_program() { # go_program FILE NOTE FUNCTION...
    file=$1 note=$2
    shift 2
    {
        printf '.globl _start\n.text\n_start: mov $231,%%eax\nsyscall\n'
        [ "$note" != note ] || printf '%s\n' '.section .note.go.buildid,"a",@note' '.long 4,8,4' '.asciz "Go\0"' '.asciz "buildid"'
        printf '.section .rodata\n'
        [ "$note" != info ] || printf '.ascii "\\377 Go buildinf:"\n'
        printf '.asciz "%s"\n' "$@"
    } >"$file.s"
    $cc -static -nostdlib "$file.s" -o "$file"
}
if [ "$(uname -m)" = x86_64 ]; then
    go_program go-dials note runtime.gopanic 'net.(*sysDialer).dialSingle'
    go_program go-listens info runtime.gopanic 'net.internetSocket'
    go_program go-quiet note runtime.gopanic
    go_program go-by-hand note runtime.gopanic syscall.Socket
    go_program go-hidden note nothing
    run 0 go-dials
    one_line "Go that dials" '^go-dials: speaks IPv6: Go.s own network package'
    run 0 go-listens
    one_line "Go that listens, without the note" '^go-listens: speaks IPv6: '
    run 0 go-quiet
    one_line "Go without network" '^go-quiet: no network: a Go program that neither dials nor listens'
    run 2 go-by-hand
    one_line "Go without package net" '^go-by-hand: unknown: .*syscall\.Socket'
    run 2 go-hidden
    one_line "Go without names" '^go-hidden: unknown: .*table of functions'
fi
if command -v go >/dev/null; then
    printf 'package main\nimport ("net"; "os")\nfunc main() { net.Dial("tcp", os.Args[1]) }\n' >dials.go
    printf 'package main\nfunc main() { println("hello") }\n' >quiet.go
    for name in dials quiet; do
        CGO_ENABLED=0 GO111MODULE=off HOME=$work go build -o $name $name.go
        CGO_ENABLED=0 GO111MODULE=off HOME=$work go build -ldflags='-s -w -buildid=' -o $name-stripped $name.go
    done
    run 0 --all dials dials-stripped quiet quiet-stripped
    one_line "a static Go program" '^dials: speaks IPv6: '
    one_line "a stripped one" '^dials-stripped: speaks IPv6: '
    one_line "one without network" '^quiet: no network: '
    one_line "a stripped one without network" '^quiet-stripped: no network: '
else
    echo "SKIPPED the Go tool chain's own programs: this machine has no go"
fi

# A library that is missing decides, unless it is known by its name. (The stand-ins are gone before the check.)
needs() { # needs FILE SONAME FUNCTION SOURCE...: a program that calls FUNCTION of a library that is missing
    file=$1 soname=$2 function=$3
    shift 3
    printf 'int %s(void) { return 0; }\n' "$function" >stand-in.c
    $cc -shared -fPIC stand-in.c -Wl,-soname,"$soname" -o libstand-in.so
    printf '%s\n' "$@" "int $function(void);" "int main(int c, char **v) { $body return $function(); }" >needs.c
    $cc -O1 needs.c -L. -lstand-in -o "$file"
    rm libstand-in.so
}
body=
needs decided libnonesuch.so.1 nonesuch_open
run 2 decided
one_line "a library that would decide is missing" '^decided: unknown: .*: libnonesuch\.so\.1$'
needs plumbed libX11.so.99 XOpenDisplay
run 0 plumbed
one_line "one that is known to be plumbing is missing" '^plumbed: no network: '
needs tools libgio-2.0.so.99 g_file_new
run 0 tools
one_line "a toolbox, of which no network part is used" '^tools: no network: '
needs wired libgio-2.0.so.99 g_socket_client_new
run 2 wired
one_line "a toolbox, of which the network part is used" '^wired: unknown: .*libgio'
needs known libcurl.so.99 curl_easy_init
run 0 known
one_line "a network library that is well known" '^known: speaks IPv6: .*, through libcurl\.so\.99$'
body='gethostbyname(v[c - 1]);'
needs names libnonesuch.so.1 nonesuch_open '#include <netdb.h>'
run 2 names
one_line "it looks up names, and the rest is missing" '^names: unknown: '
printf '#!/usr/bin/lua\nrequire("socket")\n' >other-language
chmod +x other-language
run 2 other-language
one_line "a language that is not read" '^other-language: unknown: '

# What goes past the shim is never "covered by the shim".
client() { # client FILE FIRST-STATEMENTS CONNECT: a client of IPv4
    printf '%s\n' '#include <arpa/inet.h>' '#include <dlfcn.h>' '#include <netdb.h>' '#include <sys/socket.h>' '#include <sys/syscall.h>' \
        '#include <unistd.h>' 'int __connect(int, const struct sockaddr *, socklen_t);' 'int main(int c, char **v) {' \
        'struct sockaddr_in a = {.sin_family = AF_INET}; struct sockaddr *p = (void *)&a;' "$2" "return $3; }" >client.c
    $cc -O1 client.c -o "$1"
}
socket='socket(AF_INET, SOCK_STREAM, 0)'
client pton 'inet_pton(AF_INET, v[c - 1], &a.sin_addr);' "connect($socket, p, sizeof a)"
run 1 pton
one_line "inet_pton is the only source of addresses" '^pton: works under the shim in part: '
client pton-name 'inet_pton(AF_INET, v[c - 1], &a.sin_addr); gethostbyname(v[c - 1]);' "connect($socket, p, sizeof a)"
run 1 pton-name
one_line "inet_pton, and a name" '^pton-name: works under the shim: '
client underscore 'inet_aton(v[c - 1], &a.sin_addr);' "__connect($socket, p, sizeof a)"
run 1 underscore
one_line "libc's connect under another name" "^underscore: out of the shim's reach: "
client by-number '' 'syscall(SYS_socket, AF_INET, SOCK_STREAM, 0)'
run 2 by-number
one_line "a socket by its system call alone" '^by-number: unknown: it makes network system calls itself'
client by-dlsym 'int (*f)() = dlsym(dlopen("libc.so.6", RTLD_NOW), v[1] ? v[1] : "gethostbyname"); f(v[0]); inet_aton(v[0], &a.sin_addr);' \
    "connect($socket, p, sizeof a)"
run 1 by-dlsym
one_line "a lookup of libc's own, by dlsym" "^by-dlsym: out of the shim's reach: "
client dlsym-alone '' 'dlsym(dlopen(0, RTLD_NOW), v[1] ? v[1] : "getaddrinfo") != 0'
run 2 dlsym-alone
one_line "dlsym alone" '^dlsym-alone: unknown: it seems to ask dlsym for getaddrinfo$'
client passive 'write(c, "PASV\r\n", 6); gethostbyname(v[0]); write(c, "227", 3);' "connect($socket, p, sizeof a)"
run 1 passive
one_line "PASV, and a reply that is read in its own way" '\[payload-address\]'

# Where code is not read, a function that takes a family says nothing of IPv6.
printf '%s\n' '#include <netdb.h>' '#include <sys/socket.h>' 'int main(int c, char **v) {' 'struct hostent h, *r; char b[999]; int e;' \
    'gethostbyname2_r(v[0], AF_INET, &h, b, sizeof b, &r, &e);' \
    'struct sockaddr a; return connect(socket(AF_INET, SOCK_STREAM, 0), &a, sizeof a); }' >second.c
if $cc -m32 second.c -o second 2>/dev/null; then
    run 1 second
    no_line "gethostbyname2_r of i386" '^second: speaks IPv6'
else
    echo "SKIPPED i386: this machine has no 32-bit libraries"
fi

# Several programs: what is unknown is listed, and counted.
run 2 go-dials go-hidden go-quiet
one_line "the unknown are listed" '^go-hidden: unknown: '
one_line "and what to do about them" '^ *1\. *Find out about 1 program '
last_line "and counted" '3 checked: 1 is unknown, 1 speaks IPv6, 1 uses no network'

# Compressed debug sections: unpacked where libelf can, and no reason to die where they are damaged.
$cc -g -O1 "$here/client-old.c" -o old
for kind in zlib zlib-gnu zstd; do
    objcopy --compress-debug-sections=$kind old packed-$kind 2>/dev/null || {
        echo "SKIPPED debug sections by $kind: this machine's objcopy has it not"
        continue
    }
    run 1 packed-$kind
    one_line "debug sections by $kind" '^ *gethostbyname@GLIBC_2.2.5 in main at 0x'
    [ $kind = zstd ] || one_line "source lines by $kind" 'client-old.c:11)$'
done
if [ -e packed-zlib ]; then
    mkdir damaged
    "$mangle" packed-zlib damaged 1000
    "$v6shim" check --color never --all damaged >output 2>&1 </dev/null || :
    one_line "a thousand with damaged sections" '^1000 checked: '
    no_line "none ends the reader" 'signal [0-9]|AddressSanitizer|runtime error'
    status=0
    "$v6shim" check --color never --run ./packed-zlib >output 2>&1 </dev/null || status=$?
    one_line "compressed sections while running, status $status" 'client-old.c:11'
fi

finish
