#!/bin/sh
# Dependencies run one way: a file includes headers of its own folder and of the folders above it in the list src/folders.
# Also: no file of the house is longer than it may be, none is forgotten, and none stands in a folder without a name there.
top=${srcdir:-.}
src=$top/src
status=0
complain() {
    printf '%s\n' "$1"
    status=1
}

# Places in the list come before the names of the files that look at them.
upward=$(cd "$src" && find . -name '*.[ch]' | sed 's,^\./,,' | sort | xargs grep -n '#include "[a-z0-9_/]*/[a-z0-9_]*\.h"' /dev/null |
    awk 'function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
        FNR == NR { if ($0 !~ /^#/ && NF) place[$1] = ++count; next }
        {
            split($0, part, ":"); from = folder(part[1])
            match($0, /"[^"]*"/); to = folder(substr($0, RSTART + 1, RLENGTH - 2))
            if (!(from in place)) print "src/folders has no " from
            else if (!(to in place)) print "src/" $0 ": no such folder in src/folders"
            else if (place[to] > place[from]) print "src/" $0 ": upward"
        }' folders -)
[ -z "$upward" ] || complain "$upward"

# What the order alone would allow.
includes() { # folder, pattern of headers that it must not include
    find "$src/$1" -name '*.[ch]' | xargs grep -nE "#include \"($2)" /dev/null
}
for rule in 'check/observer:preload/([a-z]*/)?(ready|log|settings|sockets|guard|real|init)\.h' \
    'check:preload/(hooks|connect|datagram|upgrade)/' 'command:(preload/(hooks|connect|datagram|upgrade)|check/observer)/'; do
    found=$(includes "${rule%%:*}" "${rule#*:}") && complain "${rule%%:*} must not include this:
$found"
done

# A test knows no more of the house than what it tests: tests/core includes headers of core alone, and so on.
for room in core preload check command; do
    [ ! -d "$top/tests/$room" ] || case $room in
    core) others='preload|check|command' ;;
    preload) others='check|command' ;;
    check) others='preload/(hooks|connect)|command/trace' ;;
    command) others='preload/(hooks|connect)' ;;
    esac
    found=$(find "$top/tests/$room" -name '*.[ch]' 2>/dev/null | xargs grep -nE "#include \"($others)/" /dev/null) &&
        complain "tests/$room must not include this:
$found"
done

# Pure code knows no system calls, no clock and no allocation.
found=$(find "$src/core" -name '*.[ch]' | xargs grep -nE '#include <(stdio|unistd|fcntl|time|pthread|dlfcn|signal|sys/(stat|mman|syscall|types|epoll))\.h>|[^_a-z](malloc|calloc|free|printf|open|read|write|getenv)\(') &&
    complain "core is pure; this is not:
$found"

longest=500
long=$(find "$src" "$top/tests" \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.pl' -o -name run \) -type f -exec wc -l {} + |
    awk -v longest=$longest '$1 > longest && $2 != "total" { print $2 " has " $1 " lines; a file has one job, and at most " longest }')
[ -z "$long" ] || complain "$long"

# What no Makefile.inc names would be missing from the distribution.
named=$(find "$src" -name Makefile.inc -exec grep -oh 'src/[a-z0-9_/]*\.[a-z]*' {} +)
forgotten=$(cd "$top" && find src -name '*.[ch]' -o -name '*.def' | grep -vxF "$named" | sed 's/$/ is in no Makefile.inc/')
[ -z "$forgotten" ] || complain "$forgotten"
exit $status
