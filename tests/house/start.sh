#!/bin/sh
# What the loader has to do for the library at every start of every program stays little: one page of addresses that are
# set right and then made read-only, one page of variables (src/core/linker/start.h), few addresses. A table of strings is
# one of arrays, or of places in a row of strings (src/core/base/error_text.c), not of pointers.
#
# Counted on x86-64 alone; sanitizers and counters add data of their own, and so does a build without optimization.
library=.libs/libv6shim.so
if [ "${SANITIZERS-}" ] || grep -q '^COVERAGE_CFLAGS = .' Makefile || grep -q '^CFLAGS = .*-O0' Makefile ||
    ! LC_ALL=C readelf -hW $library | grep -q 'Machine: .*X86-64'; then
    echo "# SKIPPED: not what is installed on x86-64"
    exit 77
fi
status=0
page=4096 addresses_most=120

# at_most WHAT NUMBER LIMIT
at_most() {
    [ "$2" ] && [ "$(($2))" -gt 0 ] && [ "$(($2))" -le "$3" ] && return
    echo "$library: $1 is ${2:-not to be found}, and may be $3"
    status=1
}
at_most "the size of what is read-only after relocation" \
    "$(LC_ALL=C readelf -lW $library | awk '$1 == "GNU_RELRO" { print $6 }')" $page
at_most "the size of .data" "$(LC_ALL=C readelf -SW $library | sed -n 's/.* \.data  *PROGBITS  *[^ ]* [^ ]* \([^ ]*\) .*/0x\1/p')" $page
at_most "the number of relative relocations" "$(LC_ALL=C readelf -rW $library | grep -c RELATIVE)" $addresses_most
exit $status
