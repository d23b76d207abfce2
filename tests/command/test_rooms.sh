#!/bin/sh
# Daemons that root starts and that become another user, locked in or not, and services of systemd with a directory of
# their own: root decodes what they log without an option. In a network and a /var/lib of their own.
[ "${TEST_DIR-}" ] || exec sh "$(dirname "$0")/../preload/in_namespace.sh" sh "$0"
. "$(dirname "$0")/lib.sh"
unset V6SHIM_STATE_DIR
[ -z "$(ls -A /var/lib)" ] || { echo "/var/lib is not this test's own" && exit 99; }
other=61234
[ "$(id -u)" -eq 0 ] && perl -e "\$> = $other; exit(\$> != $other)" || {
    echo "# SKIPPED, nothing here was tested: needs root, and other users"
    exit 77
}
case ${SANITIZERS-} in ?*) echo "# SKIPPED: a sanitizer's runtime needs /proc in the new root" && exit 77 ;; esac
daemon=$LAB_BUILD/tests/command/dropping_daemon
ip -6 route add local 2001:db8:77::/64 dev lo
chmod 755 "$room"
mkdir "$room/jail"
port=7100
# as USER COMMAND...: started by that user, with nothing of root's.
as() {
    as_user=$1
    shift
    HOME=/nonexistent perl -e '$) = $( = 65534; $< = $> = shift; exec @ARGV' "$as_user" "$@"
}
# served COUNT COMMAND...: COMMAND serves so many peers; its log is $room/log, what the library said $errors.
served() {
    count=$1
    shift
    port=$((port + 1))
    : >"$room/log"
    LD_PRELOAD=$TEST_PRELOAD "$@" >"$room/log" 2>"$room/said" &
    served_pid=$!
    tries=0
    until grep -q ready "$room/log" || [ $tries -gt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    "$daemon" ask "$port" "$count" 2001:db8:77::1 || kill $served_pid
    wait $served_pid
    errors=$(cat "$room/said")
}
serve() { # ORDER USER [ROOT], for served
    exec "$daemon" serve "$port" "$count" "$@"
}
as_root() { exec "$daemon" serve "$port" "$count" "$@"; }
expected() {
    echo ready
    number=0
    while [ $number -lt "$1" ]; do
        printf 'peer %s\n' "$(printf '2001:db8:77::1:%x' $number)"
        number=$((number + 1))
    done
}
expected 1000 >"$room/expected"
# decoded WHAT COUNT TABLE: the whole log is decoded, by that table.
decoded() {
    expected "$2" >"$room/expected"
    try "$v6shim" decode "$room/log"
    same "$1: decoded, status" 0 "$status"
    printf '%s\n' "$output" >"$room/found"
    same "$1: each peer is itself" "" "$(diff "$room/expected" "$room/found" | head -n 3)"
    same "$1: the table is named" "v6shim decode: decoded $2 by the aliases in $3" "$errors"
}
# The command knows these peers' addresses by what it printed: 2001:db8:77::1:0 is written with its zero.
nobody=/var/lib/v6shim/users/65534
served 1000 as_root bind-first 65534
same "to nobody: nothing to complain of" "" "$errors"
decoded "to nobody" 1000 "$nobody (of nobody)"
aliases=$(cat "$room/log")
served 1000 as_root bind-first 65534 "$room/jail"
same "to nobody, locked in: nothing to complain of" "" "$errors"
decoded "to nobody, locked in" 1000 "$nobody (of nobody)"
same "to nobody, locked in: the aliases of before" "$aliases" "$(cat "$room/log")"
same "nothing of it is in the new root" "" "$(ls -A "$room/jail")"
served 20 as_root drop-first 65534
same "to nobody before it binds: nothing to complain of" "" "$errors"
same "to nobody before it binds: the aliases of before" "$(printf '%s\n' "$aliases" | head -n 21)" "$(cat "$room/log")"
mv $nobody "$room/kept" # of whose thousand aliases one could be another address's for this user
served 20 as_root drop-first $other "$room/jail"
same "to another user, locked in before it binds: nothing to complain of" "" "$errors"
decoded "to another user" 20 "/var/lib/v6shim/users/$other (of user $other)"
mv "$room/kept" $nobody
same "modes" "711 711 700 600" "$(stat -c %a /var/lib/v6shim /var/lib/v6shim/users $nobody $nobody/key | xargs)"

# What nobody's processes have without root's help, a service of inetd's: the same.
served 20 as 65534 "$daemon" serve $((port + 1)) 20 bind-first 65534
same "started as nobody: nothing to complain of" "" "$errors"
same "started as nobody: the aliases of before" "$(printf '%s\n' "$aliases" | head -n 21)" "$(cat "$room/log")"

# A program that is no server leaves nothing, and pays nothing.
if command -v setpriv >/dev/null; then
    LD_PRELOAD=$TEST_PRELOAD setpriv --reuid 61111 --regid 61111 --clear-groups true
    same "no server: no room" "" "$(ls -d /var/lib/v6shim/users/61111 2>/dev/null)"
fi

# One that can't be had is said once, and the rest works.
rm -rf /var/lib/v6shim/users/*
chown $other /var/lib/v6shim/users
served 20 as_root bind-first $other
contains "no room: said" "aliases are private to this process: /var/lib/v6shim: the state directory belongs to another user" "$errors"
same "no room: once" 1 "$(lines_of "$errors")"
try "$v6shim" decode "$room/log"
same "no room: status of decode" 1 "$status"
contains "no room: why it is not decoded" "left 20 as they are: aliases that couldn't be stored" "$errors"
chown root /var/lib/v6shim/users

# What systemd makes: with DynamicUser= a link of root's, which only root can follow from outside.
mkdir -m 711 /var/lib/private
mkdir -m 700 /var/lib/private/v6shim-oldd
chown $other /var/lib/private/v6shim-oldd
ln -s private/v6shim-oldd /var/lib/v6shim-oldd
served 20 as $other env V6SHIM_STATE_DIR=/var/lib/v6shim-oldd "$daemon" serve $((port + 1)) 20 bind-first $other
same "a service with a user of its own: nothing to complain of" "" "$errors"
chmod 700 /var/lib/private
decoded "a service with a user of its own" 20 "/var/lib/v6shim-oldd (of user $other)"
chmod 711 /var/lib/private
rm -rf /var/lib/v6shim-oldd /var/lib/private/v6shim-oldd
mkdir -m 700 /var/lib/oldd
chown $other /var/lib/oldd
served 20 as $other env STATE_DIRECTORY=/var/lib/oldd "$daemon" serve $((port + 1)) 20 bind-first $other
same "a service with StateDirectory=: nothing to complain of" "" "$errors"
decoded "a service with StateDirectory=" 20 "/var/lib/oldd/v6shim (of user $other)"

# An alias means one address within one table. A pool of 16 has eleven that can be stored: of six in one table and eight in
# another some are the same, with other addresses, and some are not.
V6SHIM_ALIAS_POOL=240.64.0.0/28
export V6SHIM_ALIAS_POOL
rm -rf /var/lib/v6shim /var/lib/oldd
LD_PRELOAD=$TEST_PRELOAD "$daemon" serve 7099 0 bind-first 65534 >/dev/null
for number in 1 2 3 4 5 6 7 8; do
    [ $number -gt 6 ] || "$v6shim" alias --add 2001:db8:1::$number
    as 65534 "$v6shim" alias --add 2001:db8:2::$number
done >"$room/both"
both=$(sed -n 's/ .*//p' "$room/both" | sort | uniq -d | head -n 1)
alone=$(sed -n 's/ .*2001:db8:2:.*//p' "$room/both" | while read -r alias; do
    grep -q "^$alias .*2001:db8:1:" "$room/both" || echo "$alias"
done | head -n 1)
of() { sed -n "s/^$1  *\(2001:db8:$2:.*\)/\1/p" "$room/both"; }
echo "from $both and $alone and $both" >"$room/log"
try "$v6shim" decode "$room/log"
same "two meanings: status" 1 "$status"
same "two meanings: left" "from $both and $(of "$alone" 2) and $both" "$output"
contains "two meanings: said" "left 2 as they are: $both is $(of "$both" 1) in /var/lib/v6shim (of root), and $(of "$both" 2) in $nobody (of nobody); --user or --state-dir says whose log it is" "$errors"
try "$v6shim" decode --user nobody "$room/log"
same "two meanings: of nobody" "from $(of "$both" 2) and $(of "$alone" 2) and $(of "$both" 2)" "$output"
same "two meanings: of nobody, status" 0 "$status"
try "$v6shim" decode --state-dir="$nobody" --user nobody "$room/log"
same "two meanings: in nobody's directory" "from $(of "$both" 2) and $(of "$alone" 2) and $(of "$both" 2)" "$output"
try "$v6shim" decode --state-dir="$nobody" "$room/log"
same "a directory of nobody's: status" 0 "$status"
same "a directory of nobody's" "from $(of "$both" 2) and $(of "$alone" 2) and $(of "$both" 2)" "$output"
same "a directory of nobody's: said" "v6shim decode: $nobody belongs to user nobody: read as with --user nobody" "$errors"
try env V6SHIM_STATE_DIR="$nobody" "$v6shim" alias "$alone"
contains "a directory of nobody's: alias" "$(of "$alone" 2)" "$output"
try "$v6shim" history --state-dir="$nobody"
same "a directory of nobody's: history, status" 0 "$status"
before=$(cd $nobody && stat -c '%n %i %s %y' .* ./* && md5sum ./*)
try "$v6shim" alias --state-dir="$nobody" --add 2001:db8:3::1
contains "a directory of nobody's: --add is refused" "belongs to another user" "$errors"
same "a directory of nobody's: nothing is changed" "$before" "$(cd $nobody && stat -c '%n %i %s %y' .* ./* && md5sum ./*)"
# refused WORDS: root reads nothing there.
refused() {
    try "$v6shim" decode --state-dir="$room/hostile" "$room/log"
    same "$1: nothing is decoded" "$(cat "$room/log")" "$output"
    same "$1: status" 1 "$status"
    contains "$1" "$2" "$errors"
}
as 65534 ln -s $nobody "$room/hostile" 2>/dev/null || { ln -s $nobody "$room/hostile" && chown -h 65534 "$room/hostile"; }
refused "a link of nobody's" "can't be used"
rm "$room/hostile"
cp -a $nobody "$room/hostile"
chmod 777 "$room/hostile"
refused "others may write there" "writable by others"
chmod 700 "$room/hostile"
chown $other "$room/hostile/aliases"
refused "a file of a third user's" "belongs to another user"
rm "$room/hostile/aliases"
ln -s $nobody/aliases "$room/hostile/aliases"
chown -h 65534 "$room/hostile/aliases"
refused "a link in it" "aliases"
rm "$room/hostile/aliases"
mkfifo "$room/hostile/aliases"
chown 65534 "$room/hostile/aliases"
refused "a FIFO in it" "aliases"
try "$v6shim" alias "$alone"
same "which alias: status" 0 "$status"
same "which alias: the table is named" "$(printf %-15s "$alone")  $(of "$alone" 2)  in $nobody (of nobody)" "$output"
try "$v6shim" alias "$both"
contains "which alias: root's own" "$(of "$both" 1)" "$output"
try "$v6shim" alias --json "$alone"
contains "which alias, in JSON" "\"table\": \"$nobody (of nobody)\"" "$output"
finish
