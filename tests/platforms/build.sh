# shellcheck shell=sh
# For scripts beside this one (musl, i386), which build the library with another compiler of this Debian and test it.
# They set $system (its name in what is printed), $top (the checkout), $build (the build directory) and JOBS; $failures counts.
failures=0

verdict() { # WHAT COMMAND...
    what=$1
    shift
    if "$@" >"$build/log/last" 2>&1 </dev/null; then
        echo "ok - $system: $what"
    else
        echo "not ok - $system: $what"
        tail -n 15 "$build/log/last" | sed 's/^/#   /'
        failures=$((failures + 1))
        return 1
    fi
}

# ---- cmocka, which no package has for these: from Debian's source package
#
# V6SHIM_PLATFORMS is where it is kept (default: /var/cache/v6shim-platforms): the sources once, and the library of each.
cmocka_cache=${V6SHIM_PLATFORMS:-/var/cache/v6shim-platforms}
cmocka_source=$cmocka_cache/cmocka-source

# By an apt of its own, whose lists have sources.
fetch_cmocka() {
    mkdir -p "$cmocka_source/lists/partial" "$cmocka_source/archives/partial" && cd "$cmocka_source" || return 1
    # shellcheck disable=SC2016
    apt-get indextargets --format 'deb-src $(REPO_URI) $(CODENAME) main' 'Created-By: Packages' 'Origin: Debian' \
        'Component: main' | head -n 1 >sources.list
    options="-q -o Dir::Etc::sourcelist=$cmocka_source/sources.list -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State::lists=$cmocka_source/lists -o Dir::Cache=$cmocka_source/archives -o APT::Sandbox::User=root"
    # shellcheck disable=SC2086
    apt-get $options update && apt-get $options --download-only source cmocka &&
        tar -xf cmocka_*.orig.tar.?z --strip-components=1 && rm -rf lists archives
}

# make_cmocka NAME COMPILER [OPTION...]: CMOCKA_CFLAGS and CMOCKA_LIBS for configure.
make_cmocka() {
    CMOCKA_LIBS=$cmocka_cache/cmocka-$1/libcmocka.a CMOCKA_CFLAGS="-isystem $cmocka_source/include"
    export CMOCKA_LIBS CMOCKA_CFLAGS
    [ ! -e "$CMOCKA_LIBS" ] || [ ! -e "$cmocka_source/include/cmocka.h" ] || return 0
    [ -e "$cmocka_source/src/cmocka.c" ] || (fetch_cmocka) || return 1
    mkdir -p "$cmocka_cache/cmocka-$1" || return 1
    cmocka_object=$cmocka_cache/cmocka-$1/cmocka.o
    shift
    have=
    for name in SIGNAL_H STRUCT_TIMESPEC CLOCK_GETTIME CLOCK_GETTIME_REALTIME GCC_THREAD_LOCAL_STORAGE STRSIGNAL STRINGS_H \
        UNISTD_H STDINT_H INTTYPES_H MALLOC_H STDLIB_H STRING_H TIME_H SNPRINTF VSNPRINTF; do
        have="$have -DHAVE_$name=1"
    done
    # shellcheck disable=SC2086
    "$@" -O2 -g $have -I"$cmocka_source/include" -c "$cmocka_source/src/cmocka.c" -o "$cmocka_object" &&
        ar rc "$CMOCKA_LIBS" "$cmocka_object"
}

# ---- The library and its tests

make_it() { make -C "$build" -j"$JOBS" libv6shim.la && ! grep -q 'warning:' "$build/log/last"; }
house() { (cd "$build" && LAB_BUILD=$build BUILT='' srcdir=$top sh "$top/tests/house/$1.sh"); }

# all_but TEST...: the preload's tests without these.
all_but() {
    printf '$(filter-out'
    printf ' tests/preload/%s' "$@"
    printf ',$(preload_tests))'
}

# check VARIABLE TESTS: passed/all of them, in $VARIABLE.
check() {
    make -C "$build" -k -j"$JOBS" check check_DATA= check_PROGRAMS="$2" TESTS="$2" LAB_BUILD="$build" \
        >"$build/log/$1" 2>&1 </dev/null
    passed=$(grep -c '^PASS: ' "$build/log/$1") all=0
    echo "show: ; @echo $2" >"$build/log/show.mk"
    for test in $(make -s -C "$build" -f Makefile -f "$build/log/show.mk" show | tail -n 1); do
        all=$((all + 1))
        grep -qx "PASS: $test" "$build/log/$1" || {
            echo "not ok - $system: $test"
            grep -E 'ERROR|LINE' "$build/$test.log" 2>/dev/null | head -n 5 | sed 's/^/#   /'
            failures=$((failures + 1))
        }
    done
    echo "ok - $system: $passed of $all of the $1 passed"
    eval "$1=$passed/$all"
}
