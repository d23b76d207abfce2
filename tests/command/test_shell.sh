#!/bin/sh
# v6shim shell: a shell under the shim, whose prompt says so, and which is otherwise the user's.
. "$(dirname "$0")/lib.sh"
V6SHIM_LIBRARY=$room/libv6shim.so
export V6SHIM_LIBRARY
cp "$PWD/tests/command/.libs/libv6shim-empty.so" "$V6SHIM_LIBRARY"
HOME=$room
export HOME
echo 'from_bashrc=yes' >"$room/.bashrc"
echo 'from_env=yes' >"$room/it's"

same "not on a terminal: commands are read, and nothing is said" "$V6SHIM_LIBRARY" \
    "$(echo 'echo $LD_PRELOAD' | SHELL=/bin/sh LD_PRELOAD='' "$v6shim" shell 2>&1)"
echo 'exit 7' | SHELL=/bin/sh "$v6shim" shell
same "the shell's status" 7 $?
same "settings" "inet6" "$(echo 'echo $V6SHIM_FAMILIES' | SHELL=/bin/sh "$v6shim" shell --families=inet6)"
try env SHELL=/no/such/shell "$v6shim" shell
same "a shell that is not there: status" 127 "$status"
same "a shell that is not there" "v6shim shell: /no/such/shell is not found" "$errors"
try "$v6shim" shell true
same "a program: status" 2 "$status"
contains "a program" "to run one: v6shim run" "$errors"

# on_terminal SHELL: what a terminal shows of it.
on_terminal() {
    SHELL=$1 ENV="$room/it's" LD_PRELOAD='' timeout 60 python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "shell"])
os.write(fd, b"echo [$LD_PRELOAD] [$from_bashrc] [$from_env] [$ENV]; ls -l /proc/$$/fd; exit 5\n")
shown = b""
try:
    while True:
        shown += os.read(fd, 4096)
except OSError: # EIO: the other end is closed
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "$v6shim" | tr -d '\r'
}
if command -v python3 >/dev/null; then
    for shell in /bin/bash /bin/sh; do
        shown=$(on_terminal $shell)
        contains "$shell: it is said" "Programs that you start in this shell have libv6shim; exit ends it." "$shown"
        contains "$shell: the prompt" "(v6shim) " "$shown"
        contains "$shell: the library, and ENV as it was" "[$V6SHIM_LIBRARY] " "$shown"
        contains "$shell: ENV as it was" "[$room/it's]" "$shown"
        same "$shell: no descriptor is left over" "" "$(printf '%s\n' "$shown" | grep memfd)"
    done
    contains "bash reads its own file, too" "[yes] [] " "$(on_terminal /bin/bash)"
    contains "sh reads that of ENV, too" "[] [yes] " "$(on_terminal /bin/sh)"
fi
finish
