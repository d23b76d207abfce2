#!/bin/sh
# Dependencies run one way: hooks -> runtime -> core and private; cli -> core and what of runtime touches no hook's state;
# observer -> core and what of runtime knows nothing of the shim.
# Also: no file of the house is longer than it may be, and none is forgotten.
src=${srcdir:-.}/src
status=0
complain() {
    printf '%s\n' "$1"
    status=1
}

includes() { # directory, pattern of headers that it must not include
    grep -nE "#include \"($2)" "$src/$1"/*.[ch] /dev/null
}

for rule in 'private:(core|runtime|hooks|cli|observer)/' 'core:(private|runtime|hooks|cli|observer)/' 'runtime:(hooks|cli|observer)/' 'hooks:(cli|observer)/' \
    'cli:(hooks|observer)/' 'observer:(hooks|cli|runtime/(start|observe|settings|sockets|guard|real\.))'; do
    found=$(includes "${rule%%:*}" "${rule#*:}") && complain "${rule%%:*} must not include this:
$found"
done

# Pure code knows no system calls, no clock and no allocation.
found=$(grep -nE '#include <(stdio|unistd|fcntl|time|pthread|dlfcn|signal|sys/(stat|mman|syscall|types|epoll))\.h>|[^_a-z](malloc|calloc|free|printf|open|read|write|getenv)\(' \
    "$src"/core/*.[ch]) && complain "core is pure; this is not:
$found"

longest=500
tests=${srcdir:-.}/tests
for file in "$src"/*/*.[ch] "$tests"/*/*.[ch] "$tests"/*/*/*.[ch] "$tests"/*/*.sh "$tests"/*/*.py "$tests"/run "$tests"/*/run; do
    [ -e "$file" ] || continue
    lines=$(wc -l <"$file")
    [ "$lines" -le "$longest" ] || complain "$file has $lines lines; a file has one job, and at most $longest"
done

# What no Makefile.inc names would be missing from the distribution.
for file in "$src"/*/*.[ch] "$src"/*.def "$src"/*/*.def; do
    [ -e "$file" ] || continue
    grep -qF "src/${file#"$src"/}" "$src"/*/Makefile.inc || complain "$file is in no Makefile.inc"
done
exit $status
