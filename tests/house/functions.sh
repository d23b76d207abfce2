#!/bin/sh
# No function of src/ and tests/ is longer than fits on a screen: 60 lines from its opening brace to its closing one.
#
# The code is formatted (make format), so that the body of a function begins with a { in the first column, which is alone
# in its line, and ends with the next line that begins with }.
longest=60
long=$(find "${srcdir:-.}/src" "${srcdir:-.}/tests" -name '*.[ch]' -exec awk -v longest=$longest '
    FNR == 1 { opened = 0 }
    /^{$/ { opened = FNR; head = before }
    /^}/ {
        if (opened && FNR - opened + 1 > longest)
            printf "%s:%d: %d lines, at most %d: %s\n", FILENAME, opened, FNR - opened + 1, longest, head
        opened = 0
    }
    { before = $0 }' {} +)
[ -z "$long" ] || {
    printf '%s\n' "These functions are too long; cut them by what their parts do:" "$long"
    exit 1
}
