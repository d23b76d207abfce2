#!/bin/sh
# v6shim doctor PROGRAM and --pid: whether the library is there, why not, the settings, and servers of IPv4 alone.
. "$(dirname "$0")/lib.sh"
unset COLUMNS
V6SHIM_STATE_DIR=$room/state
export V6SHIM_STATE_DIR

# --- programs
try "$v6shim" doctor no-such-program
same "no such program: status" 1 "$status"
same "no such program" "wrong  no-such-program: there is no such program: name it as the shell finds it; a name of a host needs a dot or a port" "$output"
for arguments in 'sh sh' '--pid 1 sh' '--pid x'; do
    try "$v6shim" doctor $arguments
    same "$arguments: status" 2 "$status"
    same "$arguments: one line" 1 "$(lines_of "$errors")"
done
try "$v6shim" doctor --pid 4194305 # above the highest number that a process can have
same "no such process: status" 1 "$status"
same "no such process" "v6shim doctor: cannot read process 4194305: there is none" "$errors"

[ -z "${SANITIZERS-}" ] || finish # a sanitized library can't be preloaded into what follows

try "$v6shim" doctor perl
same "perl: status" 0 "$status"
contains "perl" "ok     the library reaches $(command -v perl)" "$output"
try env V6SHIM_PREFER=ipv5 "$v6shim" doctor perl
same "its settings: status" 1 "$status"
contains "its settings" "wrong  V6SHIM_PREFER: " "$output"
same "its settings: said once" "" "$errors"
printf 'program perl\nprefer ipv5\n' >"$room/conf"
try env V6SHIM_CONF="$room/conf" "$v6shim" doctor perl
contains "a block of it" "wrong  $room/conf:2:8: " "$output"
if echo 'int main(void) { return 0; }' >"$room/static.c" && cc -static -o "$room/static" "$room/static.c" 2>/dev/null; then
    try "$v6shim" doctor "$room/static"
    same "a static program: status" 1 "$status"
    contains "a static program" "wrong  $room/static is statically linked: LD_PRELOAD cannot reach it: v6shim check" "$output"
fi

# --- processes
cat >"$room/server" <<'END'
use Socket;
socket(my $listener, PF_INET, SOCK_STREAM, 0) or die;
bind($listener, sockaddr_in(0, INADDR_ANY)) && listen($listener, 1) or die "bind: $!";
$| = 1;
print +(sockaddr_in(getsockname $listener))[0], "\n";
sleep 60;
END
mkfifo "$room/up"
# start COMMAND...: $process, that of its server, and $port
start() {
    "$@" perl "$room/server" >"$room/up" 2>"$room/log" &
    process=$!
    read -r port <"$room/up"
}
stop() {
    kill $process
    wait $process 2>/dev/null
}

start "$v6shim" run
try "$v6shim" doctor --pid $process
same "a server: status" 0 "$status"
contains "a server: the library" "ok     process $process (perl) has /" "$output"
version=$("$v6shim" --version)
contains "a server: the version of the library" "libv6shim.so, version ${version##* }
" "$output"
contains "a server: its log" \
    "note   $room/log has no line of this process: start it with the setting log info, which tells each decision" "$(printf '%s\n' "$output" | sed "s,/proc/$process/fd/2,$room/log,")"
contains "a server: its socket" "tcp  listening   [::]:$port  seen as 0.0.0.0:$port" "$output"
same "a server: nothing is wrong" "" "$(printf '%s\n' "$output" | grep -e '^wrong' -e 'IPv4 alone')$errors"
try "$v6shim" doctor --json --pid $process
contains "JSON" "\"severity\": \"ok\", \"topic\": \"socket\", \"text\": \"socket " "$(echo $output)"
stop

start "$v6shim" run --listen=inet
try "$v6shim" doctor --pid $process
same "a server of IPv4 alone: status" 1 "$status"
contains "a server of IPv4 alone" "  tcp  listening   0.0.0.0:$port serves IPv4 alone: its log tells why" "$output"
stop

# --- its settings, and what it has logged
start "$v6shim" run --log=info --log-file="$room/shim.log" --alias-key=secret --redirect=192.0.2.7=2001:db8::7 --redirect=192.0.2.8=2001:db8::8
try "$v6shim" doctor --pid $process
same "a log file: status" 0 "$status"
contains "a setting" "ok     log info, of V6SHIM_LOG
" "$output"
contains "a list of settings" "ok     redirect 192.0.2.7=2001:db8::7, 192.0.2.8=2001:db8::8, of V6SHIM_REDIRECT" "$output"
contains "a secret" "ok     alias-key (not shown), of V6SHIM_ALIAS_KEY" "$output"
same "no secret" "" "$(printf '%s\n' "$output" | grep secret)"
contains "what was logged" "TCP port $port serves IPv6 too (descriptor " "$(printf '%s\n' "$output" | grep '^ok     logged: ')"
{
    yes "libv6shim[$process] perl: filling" | head -n 20000
    yes "libv6shim[1] other: not its own" | head -n 20
    echo "libv6shim[$process] perl: the last"
} >>"$room/shim.log"
try "$v6shim" doctor --pid $process
same "five lines at most" 5 "$(printf '%s\n' "$output" | grep -c '^ok     logged: libv6shim')"
same "those of another process" "" "$(printf '%s\n' "$output" | grep 'not its own')"
same "the last one" "ok     logged: libv6shim[$process] perl: the last" "$(printf '%s\n' "$output" | grep '^ok     logged: ' | tail -n 1)"
rm "$room/shim.log"
try "$v6shim" doctor --pid $process
contains "a log file that is gone" "note   its log file $room/shim.log is not read: No such file or directory" "$output"
mkfifo "$room/shim.log"
try timeout 20 "$v6shim" doctor --pid $process
contains "a log file that is a FIFO" "note   its log file $room/shim.log is not read: it is no regular file" "$output"
same "a log file that is a FIFO: status" 0 "$status"
stop
rm "$room/shim.log"
printf 'log info\nprogram perl\nlog debug\n' >"$room/conf"
start env V6SHIM_CONF="$room/conf" "$v6shim" run
try env V6SHIM_CONF="$room/conf" "$v6shim" doctor --pid $process
contains "a setting of a block" "ok     log debug, of $room/conf:3" "$output"
same "one that doesn't count" "" "$(printf '%s\n' "$output" | grep 'log info')"
contains "standard error that is a file" "TCP port $port serves IPv6 too" "$(printf '%s\n' "$output" | grep '^ok     logged: ')"
stop
sh -c 'echo $$ >"$0/pid"; exec "$@"' "$room" "$v6shim" run --log=info perl "$room/server" 2>&1 >"$room/up" | cat >/dev/null &
read -r port <"$room/up"
process=$(cat "$room/pid")
try "$v6shim" doctor --pid $process
contains "standard error that is a pipe" "note   its log goes to standard error (pipe:[" "$output"
same "standard error that is a pipe: status" 0 "$status"
stop

# The journal is asked where the log goes to a socket, as /dev/log is.
if [ -x /usr/bin/journalctl ] && [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    perl -MIO::Socket::UNIX -MSocket -e 'IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => shift) or die' "$room/socket"
    start env V6SHIM_LOG=error V6SHIM_LOG_FILE="$room/socket" "$v6shim" run
    for line in "libv6shim[$process]: perl: from the journal" "oldd[$process]: what it prints itself"; do
        printf '#!/bin/sh\ncase "$*" in *" _PID=%s") echo "2026-11-29T12:00:00+0000 host %s" ;; esac\n' $process "$line" >"$room/journalctl"
        chmod 755 "$room/journalctl"
        try unshare -m sh -c 'mount --bind "$0/journalctl" /usr/bin/journalctl && exec "$1" doctor --pid $2' "$room" "$v6shim" $process
        case $line in
        lib*) contains "the journal" "ok     logged: 2026-11-29T12:00:00+0000 host $line" "$output" ;;
        *) contains "nothing in the journal" "note   its log goes to $room/socket, and the journal has no line of it" "$output" ;;
        esac
    done
    stop
else
    echo "# SKIPPED: the journal (no journalctl, or not root)"
fi

start env V6SHIM_LOG=quiet V6SHIM_PREFER=ipv5 "$v6shim" run
try "$v6shim" doctor --pid $process
same "settings that it was started with: status" 1 "$status"
contains "settings that it was started with" "wrong  V6SHIM_PREFER: " "$output"
stop

start env
try "$v6shim" doctor --pid $process
same "without the library: status" 1 "$status"
contains "without the library" \
    "wrong  process $process (perl) does not have the library: it was started without: start it with v6shim run, or v6shim enable its service" "$output"
stop
# The loader says that this is no library, and goes on.
: >"$room/libv6shim.so"
start env LD_PRELOAD="$room/libv6shim.so"
try "$v6shim" doctor --pid $process
contains "LD_PRELOAD names what can't be loaded" \
    "wrong  process $process (perl) does not have the library, though LD_PRELOAD names it: see what the loader said" "$output"
stop

cp "$(dirname "$v6shim")/.libs/libv6shim.so" "$room/libv6shim.so"
start env LD_PRELOAD="$room/libv6shim.so"
rm "$room/libv6shim.so"
try "$v6shim" doctor --pid $process
same "an old library: status" 1 "$status"
contains "an old library" "wrong  process $process (perl) has an old $room/libv6shim.so, whose file was exchanged since: restart it" "$output"
stop
finish
