#!/bin/sh
# The preloaded libraries call nothing by a name that a program could define for itself (src/preload/libc): what they
# leave to the dynamic loader is on this list.
#
# A name that is missing here is one of libc's that was called: give it a line in src/preload/libc/libc_names.def.
# A name that is reserved for libc, and has no other form, may be added here.
library_names="
    malloc calloc realloc free
    __errno_location __environ __register_atfork __stack_chk_fail __getauxval
    _r_debug _dl_debug_addr
    v6shim_observed_caller"
# malloc() and its kin have to be the program's, since libc frees what we allocate; __environ too, of which the program
# may have a copy. __errno_location() is called too often to go through a jump of ours, __register_atfork() is weak, and
# missing in musl, __stack_chk_fail() is called by what the compiler adds to functions, and __getauxval() by what gcc
# adds to objects for arm64 (which atomic instructions has the processor?). Then the loader's list of objects, under the
# name of either loader, and the question that we ask of v6shim check's library. Each name that is added here is one
# that the loader searches all objects for, at each start: others go through libc_names.def, or are found in libc by
# libc_object_variable().

if [ "${SANITIZERS-}" ] || grep -q '^COVERAGE_CFLAGS = .' Makefile; then
    echo "# SKIPPED: with sanitizers or counters libc's names are called"
    exit 77
fi
status=0
libraries=.libs/libv6shim.so
case " ${BUILT-check} " in *" check "*) libraries="$libraries .libs/libv6shim-observe.so" ;; esac
for library in $libraries; do
    # Relocations: what is looked up. (Among the undefined symbols are aliases of data as well, which nobody asks for.)
    for name in $(readelf -rW "$library" | awk 'NF >= 5 && $3 ~ /^R_/ { sub(/@.*/, "", $5); print $5 }' | sort -u); do
        for allowed in $library_names; do [ "$allowed" = "$name" ] && continue 2; done
        echo "$library looks up $name, which a program may define: see src/preload/libc/libc_names.def"
        status=1
    done
done
exit $status
