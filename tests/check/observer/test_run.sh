#!/bin/sh
# v6shim check --run leaves the program alone: what it prints, reads, how it ends, its descriptors, its environment; it
# hears of it through fork, exec, daemons, closed descriptors and full pipes; and the command's own end.
. "$(dirname "$0")/lib.sh"
observer=$build/.libs/libv6shim-observe.so
run() { try "$v6shim" check "$@"; }
report_of() { report=$(cat "$room/report") && printf '%s' "$report"; }

# --- input, output, status
run --run --fail-on never -o "$room/report" -- sh -c 'cat; echo to stderr >&2; exit 7' </dev/null
same "the program's status, with --fail-on never" 7 "$status"
same "standard error is the program's with -o" "to stderr" "$errors"
run --observe -o "$room/report" -- sh -c 'exit 7'
same "no gap: status" 0 "$status"
contains "the program's status is told" "The program ended with status 7." "$(report_of)"
same "standard input and output" "42" "$(echo 42 | "$v6shim" check --observe -o "$room/report" -- cat)"
run --observe --all -- /bin/true
contains "the report goes to standard error" "$(realpath /bin/true): no network" "$errors"
same "the report goes to standard error, nothing to standard output" "" "$output"
run --observe -o "$room/report" -- sh -c 'printf "%s|" "$@"' name --json --run 'two words' ''
same "arguments" "--json|--run|two words||" "$output"
run --observe -o "$room/report" sh -c 'echo "$1"' name --json
same "arguments without --" "--json" "$output"
run --observe --fail-on never -o "$room/report" -- sh -c 'kill -9 $$'
same "killed: status" 137 "$status"
contains "killed" "The program was ended by signal 9" "$(report_of)"
run --observe --fail-on never -o "$room/report" -- sh -c 'trap "exit 9" USR1; kill -USR1 $PPID; while :; do sleep 0.05; done'
same "signals are handed on" 9 "$status"
list='ls -l /proc/self/fd | grep -c "socket\|signalfd"; ls /proc/self/fd | awk "\$1 < 100" | tr "\n" " "; echo "$-"; ps -o pgid= $$ | wc -l'
run --observe -o "$room/report" -- sh -c "$list"
same "no low descriptor of ours, the same shell" "$(sh -c "$list" 2>/dev/null)" "$output"
same "the lowest number is the program's" 0 "$("$v6shim" check --run -o "$room/report" -- perl -e 'close STDIN; open my $f, "<", "/dev/null"; print fileno $f')"
errno='use Socket; socket my $s, PF_INET, SOCK_STREAM, 0; bind $s, pack_sockaddr_in(0, INADDR_ANY); $! = 33;
    listen $s, 1; print $! + 0, " "; $! = 33; getsockname $s; print $! + 0, " "; connect $s, pack_sockaddr_in(9, INADDR_LOOPBACK);
    print $! + 0'
same "errno" "$(perl -e "$errno")" "$("$v6shim" check --observe -o "$room/report" -- perl -e "$errno")"
same "nothing is left behind" "" "$(ls "$room" | grep v6shim-)"
if command -v setsid >/dev/null; then
    output=$(setsid -w "$v6shim" check --observe -o "$room/report" -- sh -c 'echo "no terminal"' </dev/null 2>&1)
    same "without a terminal" "no terminal" "$output"
fi

# --- lines that no observer of ours wrote: passed over, printed without harm, and never a reason to wait
cat >"$room/lines" <<'LINES'
{"call": "process", "pid": 7, "parent": 6, "name": "/a\u001b[2J\u009b"}
{"call": "child", "pid": 7, "fd": 1}
{"call": "child", "pid": 7, "fd": -1}
{"call": "process", "pid": -59, "parent": 6, "name": "/negative"}
{"call": "process", "pid": 1, "parent": 6, "name": "/init"}
{"call": "connect", "pid": 7, "address": "192.0.2.1", "port": 99999, "origin": {"kind": "none"}}
{"call": "connect", "pid": 7, "address": "192.0.2.2", "port": 80, "origin": {"kind": "text"}}
{"call": "connect", "pid": 7, "address": "192.0.2.3", "port": 80, "origin": {"kind": "made", "call": "\u001b"}}
{"call": "inet_addr", "pid": 7, "error": 22}
{"call": "gethostbyname", "pid": 7, "object": "/dev/zero", "offset": 5, "name": "x"}
LINES
run --observe --all --fail-on never -- sh -c 'cat "$0" >"$V6SHIM_OBSERVE"; exit 6' "$room/lines"
same "hostile lines: status" 6 "$status"
same "hostile lines: nothing but text" "" "$(printf '%s' "$errors" | tr -d '\n\040-\176')"
same "hostile lines: a negative process is none" "" "$(printf '%s' "$errors" | grep negative)"
contains "hostile lines: the good one among them" "192.0.2.3 port 80" "$errors"
same "hostile lines: those with a bad field are not" "" "$(printf '%s' "$errors" | grep '192\.0\.2\.[12]')"

# --- the shim behind the observer still knows who asks: a service that was ported sees its peer as it is
if [ -x "$build/legacy-samples/tcp-client-ported" ] && [ -x "$build/legacy-samples/inetd-server-ported" ] &&
    grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null && perl -MIO::Socket::IP -e 1 2>/dev/null; then
    port=$(free_port)
    perl -MIO::Socket::IP -MPOSIX=dup2 -e '
        my ($port, @program) = @ARGV;
        my $listener = IO::Socket::IP->new(LocalHost => "::1", LocalPort => $port, Listen => 5) or die;
        alarm 60; # nobody may come
        my $connection = $listener->accept or die;
        alarm 0;
        dup2(fileno($connection), $_) for 0 .. 1;
        exec @program' "$port" "$v6shim" check --run -o "$room/report" -- "$build/legacy-samples/inetd-server-ported" \
        -l "$room/peers" &
    tries=0
    until printf 'root\r\n' | "$build/legacy-samples/tcp-client-ported" ::1 "$port" >/dev/null 2>&1 || [ $tries -gt 150 ]; do
        sleep 0.2
        tries=$((tries + 1))
    done
    wait $!
    contains "a service under inetd" "asked for 'root'" "$(cat "$room/peers")"
    contains "a service under inetd: its peer" "::1 (" "$(cat "$room/peers")"
fi

# --- what is wrong
run --run
same "no program: status" 2 "$status"
contains "no program" "v6shim check: --run wants one program" "$errors"
run --run -- no-such-program
same "not found: status" 2 "$status"
same "not found" "v6shim check: no-such-program is not found" "$errors"
run --run -o "$room/no/such/file" -- sh -c 'echo ran'
same "an output that can't be: status" 2 "$status"
same "an output that can't be: nothing was run" "" "$output"
run -o "$room/report" /bin/true
same "-o without --run" 2 "$status"
run --run --wait soon -- true
contains "--wait soon" "--wait wants seconds from 0 to" "$errors"
if program static -static 2>/dev/null <<'C'; then
#include <netinet/in.h>
int main(int count, char **words) {
    struct sockaddr_in address = { .sin_family = AF_INET };
    return count > 1 && connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&address, sizeof address) == -1;
}
C
    run --observe -- "$room/static"
    same "a static program: status" 2 "$status"
    contains "a static program" "could not be checked: it is statically linked" "$errors"
    run --observe -o "$room/report" -- sh -c '"$1"; exit 0' sh "$room/static"
    same "a static child: status" 2 "$status"
    contains "a static child" "could not be checked: it is statically linked" "$(report_of)"
fi
if [ "$(id -u)" -eq 0 ]; then # to whom the bit gives nothing, so that the loader takes the preload
    program small <<'C'
int main(void) { return 0; }
C
    chmod u+s "$room/small"
    run --observe --all -o "$room/report" -- sh -c "'$room/small'; exit 0"
    contains "root's setuid program" "$room/small: no network" "$(report_of)"
    same "root's setuid program: once" 1 "$(report_of | grep -c "^$room/small")"
fi
if program small -static 2>/dev/null <<'C'
int main(void) { return 0; }
C
then
    run --observe --all -o "$room/report" -- sh -c "'$room/small'; exit 0"
    same "a static child without network: status" 0 "$status"
    contains "a static child without network" "judged by its file: it could not be observed" "$(report_of)"
fi
run --obs --fail-on never -o "$room/report" -- sh -c 'exit $1' name 4
same "an option that is cut short, and the program's" 4 "$status"
# With an observer of 32 bits (configure --enable-multilib) it is observed: tests/command/test_multilib.sh.
if [ ! -d "$build/32" ] && echo 'int main(void) { return 0; }' >"$room/small.c" && gcc -m32 "$room/small.c" -o "$room/small" 2>/dev/null; then
    run --observe -- "$room/small"
    same "a program of 32 bits: status" 2 "$status"
    contains "a program of 32 bits" "small is for another machine or word size than" "$errors"
fi
if [ -w /dev/full ]; then
    run --observe --fail-on never -o /dev/full -- sh -c 'echo done; exit 4'
    same "a full disk: the program ran" "done 4" "$output $status"
    contains "a full disk" "cannot write the report to /dev/full: the program ran all the same" "$errors"
fi
V6SHIM_OBSERVE=$room/none LD_PRELOAD=$observer sh -c 'exit 3'
same "the observer without a command does no harm" 3 $?

# --- fork, exec, daemons
cat >"$room/legacy.inc" <<'C'
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
static void legacy(const char *text) /* asks nobody, needs no network */
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(9)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    inet_aton(text, &in.sin_addr);
    connect(s, (struct sockaddr *)&in, sizeof in);
    close(s);
}
C
program worker -include "$room/legacy.inc" <<'C'
int main(int argc, char **argv) { legacy(argc > 1 ? argv[1] : "127.0.0.31"); return 0; }
C
program parent -include "$room/legacy.inc" <<'C'
int main(int argc, char **argv)
{
    char *arguments[] = {"worker", "127.0.0.32", NULL}, *nothing[] = {NULL};
    pid_t pid;
    if (fork() == 0) { /* goes on with the same program */
        legacy("127.0.0.33");
        _exit(0);
    }
    if (fork() == 0) /* a clean environment, as a super-server gives it */
        execle(argv[1], "worker", "127.0.0.34", NULL, nothing);
    if (vfork() == 0) {
        execv(argv[1], arguments);
        _exit(1);
    }
    posix_spawn(&pid, argv[1], NULL, NULL, arguments, nothing);
    while (wait(NULL) > 0)
        ;
    return 5;
}
C
run --observe --json -o "$room/report" -- "$room/parent" "$room/worker"
same "the forked child" "127.0.0.33" "$(ask /parent 'map { $_->{ip} } @{$p->{addresses}}')"
same "programs that were started" "127.0.0.32 127.0.0.34" "$(ask /worker 'sort map { $_->{ip} } @{$p->{addresses}}')"
same "one report for each program" 2 "$(ask "" 'scalar @{$top->{programs}}')"
run --run --json -o "$room/report" -- "$room/parent" "$room/worker"
same "with the shim: programs that were started" "127.0.0.32 127.0.0.34" \
    "$(ask /worker 'sort map { $_->{ip} } @{$p->{addresses}}')"
run --observe --json -o "$room/report" -- sh -c "'$room/worker' 127.0.0.35; exec '$room/worker' 127.0.0.36"
same "a script's programs" "127.0.0.35 127.0.0.36" "$(ask /worker 'sort map { $_->{ip} } @{$p->{addresses}}')"

program bad_pointers -include "$room/legacy.inc" <<'C'
int main(void)
{
    char *volatile nowhere = (char *)8;
    char *arguments[] = {"true", NULL}, *bad[] = {nowhere, NULL};
    pid_t pid;
    int refused = 0;
    refused += execve("/bin/true", arguments, bad) == -1 && errno == EFAULT;
    refused += execve("/bin/true", arguments, (char **)nowhere) == -1 && errno == EFAULT;
    refused += execve(nowhere, arguments, arguments) == -1 && errno == EFAULT;
    refused += execv(nowhere, arguments) == -1 && errno == EFAULT;
    refused += posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, bad) == EFAULT;
    return refused;
}
C
run --observe --fail-on never -o "$room/report" -- "$room/bad_pointers"
same "a path or an environment that can't be read is refused by the kernel" 5 "$status"

program daemon -include "$room/legacy.inc" <<'C'
int main(int argc, char **argv)
{
    if (fork() > 0)
        return 0;
    setsid();
    if (fork() > 0)
        _exit(0);
    chdir("/");
    for (int fd = 0; fd < 4096; fd++)
        close(fd);
    usleep(atoi(argv[1]) * 1000);
    legacy("127.0.0.37");
    if (argc > 2)
        sleep(60);
    return 0;
}
C
run --observe --json -o "$room/report" -- "$room/daemon" 700
same "a daemon: waited for" "127.0.0.37" "$(ask /daemon 'map { $_->{ip} } @{$p->{addresses}}')"
same "a daemon: it has ended" "" "$(ask /daemon '$top->{run}{left_running} ? "runs on" : ""')"
before=$(date +%s)
run --observe --json --wait 1 -o "$room/report" -- "$room/daemon" 100 stay
[ $(($(date +%s) - before)) -lt 40 ] || same "--wait" "a second" "a minute"
same "a daemon that stays: what it did" "127.0.0.37" "$(ask /daemon 'map { $_->{ip} } @{$p->{addresses}}')"
same "a daemon that stays: it runs on" "runs on" "$(ask /daemon '$top->{run}{left_running} ? "runs on" : ""')"
daemon=$(pgrep -f "^$room/daemon 100 stay")
[ -n "$daemon" ] && kill "$daemon"
same "a daemon that stays was not ended" 0 $?
"$v6shim" check --observe --json --wait forever -o "$room/report" -- "$room/daemon" 100 stay &
command=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do # until the program has ended, signals are for it
    sleep 1
    kill $command 2>/dev/null || break
done
wait $command 2>/dev/null
same "told to end: the report" "127.0.0.37 runs on" "$(ask /daemon 'map({ $_->{ip} } @{$p->{addresses}}),
    $top->{run}{left_running} ? "runs on" : ""')"
daemon=$(pgrep -f "^$room/daemon 100 stay")
[ -n "$daemon" ] && kill "$daemon"
same "told to end: the daemon was not" 0 $?

# --- descriptors and pipes
program closer -include "$room/legacy.inc" <<'C'
int main(void)
{
    for (int fd = 3; fd < 70000; fd++)
        close(fd);
    legacy("127.0.0.38");
    struct rlimit few = {20, 20};
    setrlimit(RLIMIT_NOFILE, &few);
    for (int fd = 3; fd < 70000; fd++)
        close(fd);
    legacy("127.0.0.39");
    return open("/dev/null", O_RDONLY);
}
C
run --observe --json --fail-on never -o "$room/report" -- "$room/closer"
same "a program that closes everything" "127.0.0.38 127.0.0.39" "$(ask /closer 'map { $_->{ip} } @{$p->{addresses}}')"
same "its numbers are its own" 3 "$status"
program flood -include "$room/legacy.inc" <<'C'
int main(int argc, char **argv)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(9)};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 0; i < atoi(argv[1]); i++) {
        in.sin_addr.s_addr = htonl((127 << 24) + i);
        connect(s, (struct sockaddr *)&in, sizeof in);
    }
    inet_addr("127.0.0.46");
    return 6;
}
C
run --observe --json -o "$room/report" -- "$room/flood" 50000
run --observe -o "$room/text" -- "$room/flood" 50000
contains "very many addresses as text" "and 992 more, which --json shows" "$(cat "$room/text")"
contains "after very many addresses others are still seen" '"symbol":"inet_addr"' "$(cat "$room/report")"
mkfifo "$room/fifo"
sleep 120 <>"$room/fifo" &
sleeper=$!
V6SHIM_OBSERVE=$room/fifo LD_PRELOAD=$observer timeout 60 "$room/flood" 50000
same "a pipe that nobody empties holds nothing up" 6 $?
kill $sleeper
for path in "$room/none" "$room" /dev/null relative ""; do
    V6SHIM_OBSERVE=$path LD_PRELOAD=$observer "$room/flood" 10
    same "V6SHIM_OBSERVE=${path##*/} does no harm" 6 $?
done

# A reader that goes away, and with it the path: the program is not disturbed, and closes what it held.
program orphan -include "$room/legacy.inc" <<'C'
int main(int argc, char **argv)
{
    legacy("127.0.0.40");
    unlink(argv[1]);
    legacy("127.0.0.41");
    legacy("127.0.0.42");
    return fcntl(1024, F_GETFD) == -1 && errno == EBADF ? 8 : 1;
}
C
mkfifo "$room/gone"
V6SHIM_OBSERVE=$room/gone LD_PRELOAD=$observer "$room/orphan" "$room/gone"
same "a path that has gone: the descriptor is closed" 8 $?

# --- signal handlers, threads
program busy -include "$room/legacy.inc" <<'C'
static volatile int turns;
static void handler(int number) { legacy("127.0.0.43"); turns++; }
static void *thread(void *unused)
{
    for (int i = 0; i < 200; i++) {
        legacy("127.0.0.44");
        gethostbyname("localhost");
    }
    return NULL;
}
int main(void)
{
    pthread_t threads[4];
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 1000}, {0, 1000}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(0, &often, NULL);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, thread, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    do
        legacy("127.0.0.45");
    while (turns < 20);
    return 0;
}
C
run --observe --json --fail-on never -o "$room/report" -- timeout 60 "$room/busy"
same "signal handlers and threads: status" 0 "$status"
# Whose origin was being written when it was looked for comes twice: from the call, and from who knows where.
same "signal handlers and threads" "127.0.0.43 127.0.0.44 127.0.0.45" \
    "$(ask /busy 'do { my %seen; sort grep { !$seen{$_}++ } map { $_->{ip} } @{$p->{addresses}} }')"
finish
