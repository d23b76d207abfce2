#!/bin/sh
# Every symbol of hooks.def has a snippet that calls it with things of IPv4 only (snippets/snippet.h). Whatever the
# shape it runs in, a program sees the same with the preload as without it.
#
# test_snippets.sh [SYMBOL...]: only these. The shapes are built by make check (Makefile.inc).
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${TEST_PRELOAD-}" ] || exec sh "$here/in_namespace.sh" sh "$0" "$@"

built=$LAB_BUILD/tests/preload/built
symbols=$(sed -n 's/^HOOK([^,]*, *\([A-Za-z0-9_]*\),.*/\1/p' "$here/../../src/preload/hooks.def")
passed=0 failed=0
trouble() {
    echo "not ok - $1"
    failed=$((failed + 1))
}

# transcript LABEL VARIABLE... PROGRAM: what the program tells, then how it ended.
transcript() {
    label=$1
    shift
    timeout 60 env "$@" >"$TEST_DIR/$label" 2>&1 </dev/null
    echo "exit status $?" >>"$TEST_DIR/$label"
}

# same SYMBOL SHAPE PROGRAM [VARIABLE]: the program bare and preloaded.
same() {
    transcript bare ${4-} "$3"
    transcript preloaded ${4-} "LD_PRELOAD=$TEST_PRELOAD" "$3"
    if ! grep -q '^exit status 0$' "$TEST_DIR/bare" || [ "$(wc -l <"$TEST_DIR/bare")" -lt 3 ]; then
        trouble "$1, $2: the snippet itself fails, without the preload"
        tail -n 5 "$TEST_DIR/bare" | sed 's/^/#   /'
    elif ! difference=$(diff "$TEST_DIR/bare" "$TEST_DIR/preloaded"); then
        trouble "$1, $2: bare (<) and preloaded (>) differ"
        printf '%s\n' "$difference" | head -n 20 | sed 's/^/#   /'
    else
        echo "ok - $1, $2"
        passed=$((passed + 1))
    fi
}

# What a sanitizer does not let pass: programs that lose its options with their environment, threads or processes that
# are made before its own start, threads that libc makes without pthread_create(), as its getaddrinfo_a() does, and
# older versions of functions that it interposes.
left_out() { # SYMBOL SHAPE
    case ${SANITIZERS-}/$1/$2 in
    *address*/*exec*/* | *address*/posix_spawn*/* | *thread*/*/constructor | *thread*/getaddrinfo_a/* | \
        *thread*/gai_*/* | *thread*/posix_spawn*/older) return 0 ;;
    esac
    return 1
}

# Where all programs have times of 64 bits (Debian's armhf), a snippet calls the name that the function has for them.
imports() { # PROGRAM SYMBOL
    nm -D --undefined-only "$1" | sed 's/.* //; s/@.*//' >"$TEST_DIR/imports"
    grep -qx "$2" "$TEST_DIR/imports" ||
        grep -x -e "__${2%64}64" -e "__${2%64}_time64" "$time64_names" | grep -qxF -f - "$TEST_DIR/imports"
}
time64_names=$LAB_BUILD/src/preload/hooks/time64.names

for symbol in $symbols; do
    [ -e "$here/snippets/$symbol.c" ] || trouble "$symbol is interposed, but no snippets/$symbol.c calls it"
done
# The shape with times of 64 bits calls them by the names of time64.def, and so does each program where there are no others.
nm -D --undefined-only "$built"/*-time64 "$built"/*-program 2>/dev/null | sed 's/.* //; s/@.*//' | sort -u >"$TEST_DIR/called"
while read -r symbol; do
    plain=${symbol#__}
    plain=${plain%64}
    plain=${plain%_time}
    [ "$plain" != fcntl ] || plain=fcntl64
    case " ${*:-$plain} " in *" $plain "*) ;; *) continue ;; esac
    [ "$symbol" = __ppoll64_chk ] || grep -qx "$symbol" "$TEST_DIR/called" || trouble "no snippet calls $symbol"
done <"$time64_names"
for source in "$here"/snippets/*.c; do
    symbol=$(basename "$source" .c)
    case " ${*:-$symbol} " in *" $symbol "*) ;; *) continue ;; esac
    imports "$built/$symbol-program" "$symbol" || trouble "snippets/$symbol.c does not call $symbol"
    left_out "$symbol" program && continue
    same "$symbol" "a program" "$built/$symbol-program"
    same "$symbol" "a program bound at start" "$built/$symbol-program" LD_BIND_NOW=1
    left_out "$symbol" constructor || same "$symbol" "the constructor of another library" "$built/$symbol-bystander"
    same "$symbol" "a fortified program" "$built/$symbol-fortified"
    [ ! -e "$built/$symbol-older" ] || left_out "$symbol" older ||
        same "$symbol" "a program of the older version" "$built/$symbol-older"
    [ ! -e "$built/$symbol-time64" ] || same "$symbol" "a program with times of 64 bits" "$built/$symbol-time64"
done
echo "# test_snippets.sh: $passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
