#!/bin/sh
# Each system call that the library adds fails in each place with each likely error, for some minutes.
exec sh "$(dirname "$0")/../faults/test_faults.sh" --all "$@"
