#!/bin/sh
# Lines of the log and of the trace: they raise no signal, don't wait, and go into no file but their own.
here=$(cd "$(dirname "$0")" && pwd)
[ -z "${SANITIZERS-}" ] || { echo "# SKIPPED: a sanitizer's runtime would have to be loaded before perl" && exit 77; }
command -v perl >/dev/null || { echo "# SKIPPED: perl is not installed" && exit 77; }
[ -n "${TEST_PRELOAD-}" ] || exec sh "$here/../in_namespace.sh" sh "$0" "$@"

status=0
ok() { # DESCRIPTION: of the last command
    ended=$?
    if [ $ended -eq 0 ]; then echo "ok - $1"; else echo "not ok - $1 (status $ended)" && status=1; fi
}
# A program that says a lot: connections that are refused, each with lines of the log and of the trace. Its status says
# whether errno was what it had to be. It has two minutes, and needs a second.
cat >"$TEST_DIR/client.pl" <<'P'
    use Socket;
    use Errno qw(ECONNREFUSED);
    $SIG{ALRM} = sub { exit 3 };
    alarm 120;
    for (1 .. 60) {
        socket my $s, PF_INET, SOCK_STREAM, 0;
        $! = 0;
        connect $s, pack_sockaddr_in(9, inet_aton("one6.example")) and exit 4;
        exit 5 if $! != ECONNREFUSED;
    }
P
client() { env LD_PRELOAD="$TEST_PRELOAD" V6SHIM_LOG=debug "$@" perl "$TEST_DIR/client.pl"; }

# What standard error is, made by perl: it then becomes the client.
with_errors() { # PERL VARIABLE...
    made=$1
    shift
    env "$@" V6SHIM_LOG=debug TEST_PRELOAD="$TEST_PRELOAD" perl -e 'use Socket; use Fcntl; '"$made"'
        $ENV{LD_PRELOAD} = $ENV{TEST_PRELOAD};
        exec "perl", shift' "$TEST_DIR/client.pl"
}
with_errors 'pipe my $r, my $w; open STDERR, ">&", $w; close $_ for $r, $w;'
ok "a pipe that nobody reads"
with_errors '$SIG{PIPE} = "IGNORE"; pipe my $r, my $w; open STDERR, ">&", $w; close $_ for $r, $w;'
ok "a pipe that nobody reads, SIGPIPE ignored"
full='fcntl $w, F_SETFL, O_NONBLOCK; 1 while syswrite $w, "x" x 4096; 1 while syswrite $w, "x";
    fcntl $w, F_SETFL, 0; open STDERR, ">&", $w; fcntl $r, F_SETFD, 0;'
with_errors "pipe my \$r, my \$w; $full"
ok "a full pipe"
mkfifo "$TEST_DIR/fifo"
with_errors "open my \$w, '+<', '$TEST_DIR/fifo'; my \$r = \$w; $full"
ok "a full FIFO"
with_errors "socketpair my \$w, my \$r, AF_UNIX, SOCK_STREAM, 0; $full"
ok "a full socket"
with_errors 'socketpair my $w, my $r, AF_UNIX, SOCK_STREAM, 0; open STDERR, ">&", $w; close $_ for $r, $w;'
ok "a socket whose peer has gone"
with_errors 'use POSIX; open my $m, "+<", "/dev/ptmx"; my $n = pack "i", 0; ioctl $m, 0x40045431, $n; my $t = pack "i", 0;
    ioctl $m, 0x80045430, $t; open my $w, "+<", "/dev/pts/" . unpack "i", $t; POSIX::tcflow(fileno $w, TCOOFF);
    open STDERR, ">&", $w; fcntl $m, F_SETFD, 0;'
ok "a terminal that is stopped"

# A file that may not grow.
(ulimit -f 1 && client "V6SHIM_LOG_FILE=$TEST_DIR/log" 2>/dev/null)
ok "a log file at its limit"
: >"$TEST_DIR/trace"
(ulimit -f 1 && client "V6SHIM_TRACE=$TEST_DIR/trace" 2>/dev/null)
ok "a trace at the limit of its file"
[ -s "$TEST_DIR/log" ] && [ -s "$TEST_DIR/trace" ]
ok "both have what there was room for"

# A trace that is full keeps errno.
perl -e 'use Fcntl; open my $w, "+<", shift; fcntl $w, F_SETFL, O_NONBLOCK; 1 while syswrite $w, "x" x 4096;
    fcntl $w, F_SETFD, 0; %ENV = (%ENV, @ARGV[0 .. 3]); exec "perl", $ARGV[4]' \
    "$TEST_DIR/fifo" LD_PRELOAD "$TEST_PRELOAD" V6SHIM_TRACE "$TEST_DIR/fifo" "$TEST_DIR/client.pl" 2>/dev/null
ok "a full trace keeps errno"

# The number of the trace's descriptor is used again for a file of the program's.
: >"$TEST_DIR/trace"
cat >"$TEST_DIR/reuse.pl" <<'P'
    use POSIX;
    my @ours = grep { readlink("/proc/self/fd/$_") =~ m{/trace$} } 1024 .. 1200;
    @ours or exit 6;
    open my $file, ">", shift or exit 7;
    POSIX::dup2(fileno $file, $_) for @ours;
    do shift;
P
env LD_PRELOAD="$TEST_PRELOAD" "V6SHIM_TRACE=$TEST_DIR/trace" perl "$TEST_DIR/reuse.pl" "$TEST_DIR/own" "$TEST_DIR/client.pl"
ok "a program that has the trace's number"
[ ! -s "$TEST_DIR/own" ]
ok "no line in the program's own file"
grep -q ECONNREFUSED "$TEST_DIR/trace"
ok "but in the trace"

# Files of others' choice under the name of ours.
echo mine >"$TEST_DIR/mine"
ln -s mine "$TEST_DIR/link"
ln "$TEST_DIR/mine" "$TEST_DIR/hard"
for name in link hard; do
    client "V6SHIM_LOG_FILE=$TEST_DIR/$name" 2>"$TEST_DIR/said"
    ok "a log that is a link: $name"
    grep -q "cannot write to the log file .*/$name\"*: it .*link" "$TEST_DIR/said"
    ok "it is said: $name"
    client "V6SHIM_TRACE=$TEST_DIR/$name" 2>/dev/null
    ok "a trace that is a link: $name"
done
[ "$(cat "$TEST_DIR/mine")" = mine ]
ok "nothing was written through them"
client "V6SHIM_LOG_FILE=$TEST_DIR/fifo" 2>/dev/null
ok "a log that is a FIFO"
: >"$TEST_DIR/theirs" && chown 1 "$TEST_DIR/theirs" 2>/dev/null && {
    client "V6SHIM_LOG_FILE=$TEST_DIR/theirs" 2>/dev/null
    [ ! -s "$TEST_DIR/theirs" ]
    ok "a log that is another user's"
}

# A socket as /dev/log is one, behind a link.
perl -e 'use Socket; $SIG{ALRM} = sub { exit 3 }; alarm 120; socket my $s, PF_UNIX, SOCK_DGRAM, 0;
    bind $s, pack_sockaddr_un("$ENV{TEST_DIR}/journal") or exit 4; symlink "journal", "$ENV{TEST_DIR}/syslog";
    my $pid = fork;
    if (!$pid) {
        %ENV = (%ENV, LD_PRELOAD => $ENV{TEST_PRELOAD}, V6SHIM_LOG => "info", V6SHIM_LOG_FILE => "$ENV{TEST_DIR}/syslog");
        exec "perl", "-e", "1";
    }
    recv $s, my $line, 4096, 0;
    $line =~ /^<29>libv6shim\[$pid\]: perl: version [0-9.]+ is loaded$/ or print("# $line\n"), exit 5;' \
    2>"$TEST_DIR/said" && [ ! -s "$TEST_DIR/said" ]
ok "a log file that is the socket of syslog"

# A daemon that is root at first, and closes whatever it was given; then it becomes nobody, in a root of its own.
cat >"$TEST_DIR/drop.pl" <<'P'
    use POSIX;
    use Socket;
    my ($closes, $root) = @ARGV;
    if ($closes) { POSIX::close($_) for 3 .. 4096 }
    socket my $s, PF_INET, SOCK_STREAM, 0 or exit 4;
    bind $s, pack_sockaddr_in(24670, INADDR_ANY) or exit 5;
    chroot $root and chdir "/" or exit 6;
    POSIX::setgid(65534);
    POSIX::setuid(65534) and $< == 65534 or exit 7;
    listen $s, 5 or exit 8;
P
if chown 1 "$TEST_DIR/theirs" 2>/dev/null; then
    mkdir -p "$TEST_DIR/jail" "$TEST_DIR/logs"
    for closes in 0 1; do
        rm -f "$TEST_DIR/logs/kept"
        env LD_PRELOAD="$TEST_PRELOAD" V6SHIM_LOG=info "V6SHIM_LOG_FILE=$TEST_DIR/logs/kept" \
            perl "$TEST_DIR/drop.pl" $closes "$TEST_DIR/jail" 2>"$TEST_DIR/said"
        ok "a daemon that gives up its rights, closing all: $closes"
        grep -q "TCP port 24670 serves IPv6 too" "$TEST_DIR/logs/kept" && [ ! -s "$TEST_DIR/said" ]
        ok "its log file goes on, closing all: $closes"
        head -n 1 "$TEST_DIR/logs/kept" | grep -Eq \
            '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}Z libv6shim\[[0-9]+\] perl: version [0-9.]* is loaded$'
        ok "with the time, the process and its program, and which version it has: closing all: $closes"
    done
fi

# The way to the state files: a link is followed that is root's or this user's, another user's is not.
mkdir -p "$TEST_DIR/places/real" && chmod 1777 "$TEST_DIR/places"
ln -s real "$TEST_DIR/places/own"
ln -s real "$TEST_DIR/places/strange"
client "V6SHIM_STATE_DIR=$TEST_DIR/places/own/state" 2>/dev/null
[ -e "$TEST_DIR/places/real/state/aliases" ]
ok "state files behind a link of this user's"
if chown -h 1 "$TEST_DIR/places/strange" 2>/dev/null; then
    rm -r "$TEST_DIR/places/real/state"
    client "V6SHIM_STATE_DIR=$TEST_DIR/places/strange/state" 2>/dev/null
    [ ! -e "$TEST_DIR/places/real/state" ]
    ok "no state files behind another user's link"
fi
exit $status
