#!/bin/sh
# configure: what it refuses and what it leaves out, and that make's own rules write over no script.
#
#     sh tests/house/configure.sh        in a checkout with configure; builds nothing
#
set -u
LC_ALL=C
export LC_ALL
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failures=0
[ -x "$top/configure" ] || { echo "ok - configure # skip no configure here: autoreconf -fi makes it" && exit 0; }
[ ! -e "$top/config.status" ] || { echo "ok - configure # skip a build is in the source directory: make distclean" && exit 0; }

verdict() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then
        echo "ok - $what"
    else
        echo "not ok - $what"
        tail -n 5 "$work/log" | sed 's/^/#   /'
        failures=$((failures + 1))
    fi
}

# configured DIRECTORY ARGUMENT...: what it says is in $work/log. A cache keeps the runs short; what depends on the
# arguments is taken out of it.
configured() {
    directory=$work/$1
    shift
    mkdir -p "$directory"
    [ ! -e "$work/cache" ] || sed -i '/ac_cv_env_/d; /pkg_cv_/d; /PKG_CONFIG/d; /v6shim_cv_/d' "$work/cache"
    (cd "$directory" && "$top/configure" --cache-file="$work/cache" "$@") >"$work/log" 2>&1 </dev/null
}
refused() { # WORDS, in one line
    [ "$(grep -c 'configure: error: ' "$work/log")" -eq 1 ] && grep 'configure: error: ' "$work/log" | grep -q -e "$1"
}
refuses() { # WORDS ARGUMENT...: a configure that fails with these words
    words=$1
    shift
    ! configured refused "$@" && refused "$words"
}
would_make() { make -C "$work/$1" -n all 2>/dev/null | grep -q -e "$2"; }
would_not_make() { ! would_make "$@"; }

# A pkg-config that knows of no library.
printf '#!/bin/sh\ncase $* in *--atleast-pkgconfig-version*) exit 0 ;; esac\nexit 1\n' >"$work/pkg-config"
chmod +x "$work/pkg-config"

verdict "--disable-command asks for no library" configured alone --disable-command PKG_CONFIG="$work/pkg-config"
verdict "and builds libv6shim.so" would_make alone 'libv6shim\.la'
verdict "and no command" would_not_make alone 'src/command/\|-o v6shim \|libcheck\|observe'
runs() { # PARTS SCRIPT: which is not there, as the shell says
    BUILT=$1 sh "$top/tests/if-built" "$top/$2" >"$work/log" 2>&1
    [ $? -ne 77 ]
}
skips() { # PARTS SCRIPT
    BUILT=$1 sh "$top/tests/if-built" "$top/$2" >"$work/log" 2>&1
    [ $? -eq 77 ] && grep -q SKIPPED "$work/log"
}
verdict "whose tests are skipped" skips "" tests/command/test_help.sh

printf '#!/bin/sh\ncase $* in *elf* | *libdw*) exit 1 ;; esac\n' >"$work/pkg-config-no-elf"
chmod +x "$work/pkg-config-no-elf"
verdict "--disable-check asks for json-c alone" configured no-check --disable-check PKG_CONFIG="$work/pkg-config-no-elf"
verdict "and builds the command" would_make no-check '-o v6shim '
verdict "and not what reads programs" would_not_make no-check 'libcheck\|observe\|-lelf'
verdict "whose tests are skipped" skips command tests/check/porting.sh
verdict "but not the command's" runs command tests/command/test_x.sh
# make -n, told that the sources are new: a rule that makes a program of one would show its compiler.
pairs() {
    (cd "$top" && find src tests docs legacy-samples -name '*.c' -o -name '*.sh') | while read -r file; do
        [ -f "$top/${file%.*}" ] && head -c 2 "$top/${file%.*}" | grep -q '#!' && echo "$file"
    done
}
scripts_stay() {
    for file in $(pairs); do
        make -C "$work/alone" -n -W "$top/$file" "${file%.*}" >"$work/log" 2>&1 || return 1
        ! grep -q -e ' -o \|cat ' "$work/log" || return 1
    done
}
[ -n "$(pairs)" ] || echo "# no script stands beside a source of its name"
verdict "make makes no program over a script beside its source" scripts_stay

verdict "what is missing is said in one line, all of it" refuses 'json-c, libelf, libdw;' PKG_CONFIG="$work/pkg-config"
verdict "with Debian's packages" refused 'apt-get install libjson-c-dev libelf-dev libdw-dev;'
verdict "and Fedora's" refused 'dnf install json-c-devel elfutils-libelf-devel elfutils-devel;'
if printf 'int main(void) { return 0; }\n' >"$work/empty.c" && gcc -m32 -o "$work/empty" "$work/empty.c" 2>/dev/null; then
    verdict "--enable-multilib" configured multilib --disable-command --enable-multilib
    verdict "builds both libraries" would_make multilib '-C 32 .*libv6shim\.la'
    rm -f "$work/cache"
    if gcc -ljson-c -o "$work/empty" "$work/empty.c" 2>/dev/null && ! gcc -m32 -ljson-c -o "$work/empty" "$work/empty.c" 2>/dev/null; then
        verdict "libraries of another word size are said to be" refuses "can't link what is here of json-c" CFLAGS=-m32
    fi
    verdict "a build of 32 bits has no second one" refuses 'leave it out' --enable-multilib CC='gcc -m32'
else
    echo "ok - configure --enable-multilib # skip gcc -m32 makes nothing"
fi
printf '#!/bin/sh\ncase " $* " in *" -m32 "*) exit 1 ;; esac\nexec gcc "$@"\n' >"$work/gcc-64"
chmod +x "$work/gcc-64"
rm -f "$work/cache"
verdict "a compiler without -m32 is told of its packages" refuses 'apt-get install gcc-multilib; Fedora: dnf install glibc-devel.i686 ' \
    --enable-multilib CC="$work/gcc-64"
rm -f "$work/cache"
verdict "a prefix that LD_PRELOAD can't hold is refused" refuses "can't hold a path with a blank" --prefix="/opt/a b"
mkdir "$work/a b"
(cd "$work/a b" && ! "$top/configure") >"$work/log" 2>&1
verdict "so is a directory that make can't work in" refused "a blank in its name: .*/a b"
verdict "another kernel than Linux is refused" refuses 'Linux alone' --host=x86_64-unknown-freebsd13
mkdir "$work/headers"
printf '#include_next <features.h>\n#undef __GLIBC__\n' >"$work/headers/features.h"
printf '#!/bin/sh\nexec %s -isystem %s "$@"\n' "${CC:-gcc}" "$work/headers" >"$work/other-libc"
chmod +x "$work/other-libc"
verdict "another libc than glibc and musl is refused" refuses 'GNU C library (glibc) or musl' CC="$work/other-libc"
if command -v musl-gcc >/dev/null; then
    rm -f "$work/cache"
    verdict "musl without the kernel's headers is refused" refuses 'apk add linux-headers' CC=musl-gcc
    ln -s /usr/include/linux /usr/include/asm-generic "/usr/include/$(gcc -print-multiarch)/asm" "$work/" 2>/dev/null
    mkdir "$work/kernel" && mv "$work/linux" "$work/asm-generic" "$work/asm" "$work/kernel/"
    verdict "with them, the library alone is built for musl" configured musl CC=musl-gcc CPPFLAGS="-isystem $work/kernel"
    verdict "and it is libv6shim.so" would_make musl 'libv6shim\.la'
    verdict "and no command" would_not_make musl '-o v6shim '
    verdict "which can't be had for musl" refuses 'for musl the library alone' CC=musl-gcc CPPFLAGS="-isystem $work/kernel" \
        --enable-command
else
    echo "ok - configure for musl # skip musl-gcc is not installed"
fi
mkdir -p "$work/copy/src/preload" && cp -R "$top/configure" "$top/build-aux" "$work/copy/" &&
    cp "$top/src/preload/hooks.def" "$work/copy/src/preload/"
: >"$work/copy/config.status"
mkdir "$work/beside"
(cd "$work/beside" && ! "$work/copy/configure") >"$work/log" 2>&1
verdict "a build in the source directory is in the way, with what to do" refused 'make -C .* distclean'
[ $failures -eq 0 ]
