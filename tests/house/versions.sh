#!/bin/sh
# One preloaded library for all systems: it needs libc and the dynamic loader alone, and no version of a symbol that
# glibc 2.17 lacks. What is newer has to be asked for at run time (libc_object_function()).
#
# The versions are those that the loader checks (.gnu.version_r), not those of the symbols: it refuses the library for one
# of a weak symbol as well.
if [ "${SANITIZERS-}" ] || grep -q '^COVERAGE_CFLAGS = .' Makefile; then
    echo "# SKIPPED: with sanitizers or counters libc's names are called"
    exit 77
fi
status=0
libraries=.libs/libv6shim.so
case " ${BUILT-check} " in *" check "*) libraries="$libraries .libs/libv6shim-observe.so" ;; esac
for library in $libraries; do
    machine=$(LC_ALL=C readelf -hW "$library" | sed -n 's/^ *Machine: *//p')
    case $machine in # where the port itself is younger: its first glibc
    *RISC-V*) newest=2.27 ;;
    *ARC*) newest=2.32 ;;
    *LoongArch*) newest=2.36 ;;
    *) newest=2.17 ;;
    esac
    versions=$(LC_ALL=C readelf -VW "$library" | sed -n '/\.gnu\.version_r/,$ s/.* Name: \([^ ]*\) .*/\1/p')
    [ "$versions" ] || {
        echo "$library: readelf shows no version that it needs: has its output changed?"
        status=1
    }
    for version in $versions; do
        case $version in GLIBC_[0-9]*) ;; *)
            echo "$library needs $version, which is not one of glibc's public versions"
            status=1
            ;;
        esac
        [ "$(printf '%s\n' "${version#GLIBC_}" "$newest" | sort -V | tail -n 1)" = "$newest" ] || {
            echo "$library needs $version, newer than glibc $newest, for" \
                "$(LC_ALL=C nm -D --undefined-only --with-symbol-versions "$library" | sed -n "s/.* \(.*\)@*@$version\$/\1/p" | tr '\n' ' ')"
            status=1
        }
    done
    for needed in $(LC_ALL=C readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        case $needed in
        libc.so.6* | ld-linux*.so.* | ld64.so.* | ld.so.*) ;;
        *)
            echo "$library needs $needed: every program under it would load that"
            status=1
            ;;
        esac
    done
done

# The functions that are looked up in libc at run time (libc_names.def). One that this libc has in newer versions alone is
# missing in older ones, and would fail there with ENOSYS, unless forward.c knows what it was called before: these.
had_other_names="stat fstat fstatat fstat64 fstatat64 res_nmkquery res_nsend res_mkquery res_send"
libc=$(LC_ALL=C ldd .libs/libv6shim.so 2>/dev/null | sed -n 's/.*libc\.so\.6 => \([^ ]*\) .*/\1/p')
[ -r "$libc" ] || exit $status
LC_ALL=C nm -D --defined-only --with-symbol-versions "$libc" | sed -n 's/.* \([^ @]*\)@*GLIBC_\([0-9.]*\)$/\1 \2/p' >versions.libc
for name in $(sed -n -e 's/^FORWARD([^,]*, *\([A-Za-z0-9_]*\),.*/\1/p' -e 's/^FORWARD_VOID(\([A-Za-z0-9_]*\),.*/\1/p' \
    "${srcdir:-.}/src/preload/libc/libc_names.def"); do
    case " $had_other_names " in *" $name "*) continue ;; esac
    first=$(sed -n "s/^$name //p" versions.libc | sort -V | head -n 1)
    [ -z "$first" ] || [ "$(printf '%s\n' "$first" "$newest" | sort -V | tail -n 1)" = "$newest" ] || {
        echo "$name() is of glibc $first: what do older ones have instead (src/preload/libc/forward.c)?"
        status=1
    }
done
rm -f versions.libc
exit $status
