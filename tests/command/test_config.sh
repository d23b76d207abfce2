#!/bin/sh
# v6shim config: each value with the place that it comes from, for programs and processes; and what is wrong in a file.
. "$(dirname "$0")/lib.sh"
conf=$room/conf
V6SHIM_CONF=$conf
export V6SHIM_CONF
unset XDG_CONFIG_HOME

cat >"$conf" <<'END'
prefer ipv6
log info   # a comment
prefer ipv4
redirect 192.0.2.1 = one.example
program oldd
    listen inet
    redirect 192.0.2.2 = two.example
program * !oldd
    listen inet6
program fetch.pl
    aware no
    alias-key a secret
END

# row KEYWORD: its rows, blanks made one
row() {
    printf '%s\n' "$output" | sed -n "s/^\($1  *\)/\1/p" | tr -s ' '
}

try "$v6shim" config
same "for this shell: status" 0 "$status"
same "nothing is said" "" "$errors"
same "a file" "prefer ipv4 $conf:3" "$(row prefer)"
same "another line" "log info $conf:2" "$(row log)"
same "a default" "attempt-delay 250 default" "$(row attempt-delay)"
same "no default" "log-file - default" "$(row log-file)"
same "no block is for a program without a name" "listen mapped default" "$(row listen)"
contains "that there are blocks" "Blocks for programs are left out" "$output"
contains "the file is named" "$conf: read" "$output"
for keyword in $(sed -n 's/^SETTING("\([^"]*\)".*/\1/p' "$source_root/src/core/settings/settings.def"); do
    contains "$keyword is shown" "$keyword " "$(row "$keyword")"
done

cp "$(command -v perl)" "$room/oldd"
ln -s oldd "$room/link"
printf '#!%s\n$| = 1; print "up\\n"; sleep 60;\n' "$room/oldd" >"$room/fetch.pl"
chmod +x "$room/fetch.pl"
try "$v6shim" config "$room/oldd"
same "a program: its block" "listen inet $conf:6" "$(row listen)"
same "a map has a row for each line" "redirect 192.0.2.1 = one.example $conf:4
redirect 192.0.2.2 = two.example $conf:7" "$(row redirect)"
same "a program: no word of blocks left out" 0 "$(printf '%s\n' "$output" | grep -c 'Blocks')"
try "$v6shim" config "$room/link"
same "a link to it" "listen inet $conf:6" "$(row listen)"
try "$v6shim" config "$room/fetch.pl"
same "a script: its own block" "aware no $conf:11" "$(row aware)"
same "a script: that of its interpreter" "listen inet $conf:6" "$(row listen)"
same "a secret isn't printed" "alias-key (not shown) $conf:12" "$(row alias-key)"
try "$v6shim" config sh
same "another program, along PATH" "listen inet6 $conf:9" "$(row listen)"
try "$v6shim" config no-such-program
same "no such program: status" 1 "$status"
same "no such program" "v6shim config: no-such-program is not found" "$errors"

# --- variables and options
try env V6SHIM_PREFER=policy V6SHIM_REDIRECT='192.0.2.3 = three.example' "$v6shim" config --log=debug "$room/oldd"
same "a variable" "prefer policy V6SHIM_PREFER" "$(row prefer)"
same "a variable takes the place of all lines of a map" \
    "redirect 192.0.2.3 = three.example V6SHIM_REDIRECT" "$(row redirect)"
same "an option" "log debug --log" "$(row log)"
try env V6SHIM_CONF=/dev/null "$v6shim" config --config="$conf"
same "--config" "prefer ipv4 $conf:3" "$(row prefer)"
try "$v6shim" config --prefer=ipv5
same "a bad option" 2 "$status"
try "$v6shim" config a b
same "two programs" 2 "$status"
try env V6SHIM_PREFER=policy "$v6shim" config --json "$room/oldd"
contains "JSON: a variable" '"variable": "V6SHIM_PREFER"' "$output"
contains "JSON: a line" '"line": 6' "$output"
contains "JSON: a default" '"attempt-delay": [ { "value": "250" } ]' "$(echo $output)"

# --- a process: what it was started with
mkfifo "$room/up"
V6SHIM_PREFER=ipv6 "$room/fetch.pl" >"$room/up" &
process=$!
read -r _ <"$room/up"
try "$v6shim" config --pid $process
same "a process: its variable" "prefer ipv6 V6SHIM_PREFER" "$(row prefer)"
same "a process: its block" "listen inet $conf:6" "$(row listen)"
same "a process: that of its script" "aware no $conf:11" "$(row aware)"
mkdir "$room/elsewhere"
echo 'prefer ipv4' >"$room/elsewhere/my.conf"
echo 'prefer policy' >"$room/my.conf"
(cd "$room/elsewhere" && exec env V6SHIM_CONF=my.conf sleep 60) &
relative=$!
tries=100
while [ "$(cat /proc/$relative/comm)" != sleep ] && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
cd "$room" || exit 2
try "$v6shim" config --pid $relative
cd - >/dev/null || exit 2
same "a process that names a file of its directory" "prefer ipv4 $room/elsewhere/my.conf:1" "$(row prefer)"
same "a process that names a file of its directory: said" "v6shim config: process $relative names its configuration file \
relative to the directory where it started (my.conf): looked for where it is now, in $room/elsewhere" "$errors"
try "$v6shim" decode --pid $relative </dev/null
contains "decode --pid says it, too" "v6shim decode: process $relative names its configuration file relative" "$errors"
kill $relative
mv "$room/oldd" "$room/gone" && rm "$room/gone"
try "$v6shim" config --pid $process
same "a process whose file is gone" "aware no $conf:11" "$(row aware)"
kill $process
wait $process 2>/dev/null
for number in x 0 -1 99999999999 ''; do
    try "$v6shim" config --pid="$number"
    same "--pid=$number: one line" 1 "$(lines_of "$errors")"
    [ "$status" -ne 0 ]
    same "--pid=$number: status" 0 $?
done

# --- what is wrong
try "$v6shim" config --check
same "all is right: status" 0 "$status"
same "all is right: nothing said" "" "$output$errors"
cat >"$room/bad" <<'END'
prefer ipv5
[oldd]
  log loud
program oldd
lisen inet
END
try "$v6shim" config --check "$room/bad"
same "faults: status" 1 "$status"
same "faults" "$room/bad:1:8: prefer: expected policy, ipv6 or ipv4, found \"ipv5\"
$room/bad:2:1: expected a setting, or program NAME as the head of a block, found \"[oldd]\"; nothing below it is in force, up to the next program line
$room/bad:3:7: log: expected quiet, error, warning, info or debug, found \"loud\"
$room/bad:5:1: no setting is called \"lisen\" (did you mean listen?)" "$output"
try env V6SHIM_CONF="$room/bad" V6SHIM_PREFR=ipv6 "$v6shim" config --check
same "faults in force: status" 1 "$status"
same "faults in force" 5 "$(lines_of "$output")"
contains "a variable" "V6SHIM_PREFR: no setting has this variable (did you mean V6SHIM_PREFER?)" "$output"
try env V6SHIM_CONF="$room/bad" "$v6shim" config
same "in force: the faults are said" 4 "$(lines_of "$errors")"
same "in force: status" 0 "$status"
try "$v6shim" config --check "$room/nosuch"
same "no such file: status" 1 "$status"
same "no such file" "v6shim config: $room/nosuch: not there" "$errors"
try "$v6shim" config --check docs/v6shim.conf
same "the sample is right" "0" "$status$output$errors"

# What another user's process names is opened with that user's rights.
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
    echo 'root:secret' >"$room/shadow"
    chmod 600 "$room/shadow"
    chmod go+x "$room"
    V6SHIM_CONF=$room/shadow setpriv --reuid=65534 --regid=65534 --clear-groups sleep 60 &
    process=$!
    tries=100 # until it is no shell of ours any more
    while [ "$(cat /proc/$process/comm)" != sleep ] && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
    try "$v6shim" config --pid $process
    same "a file that isn't for the process's user" "v6shim config: $room/shadow: Permission denied" "$errors"
    case $output$errors in
    *secret*) same "nothing of it is shown" "" "$output$errors" ;;
    esac
    kill $process
    # In another root the same path is another file. (The busy one is a shell: what it starts would have to be there.)
    mkdir "$room/jail"
    echo 'root:secret' >"$room/named"
    V6SHIM_CONF=$room/named perl -e 'chroot shift or die; print "ready\n"; close STDOUT; sleep 60' "$room/jail" >"$room/ready" &
    process=$!
    until grep -qs ready "$room/ready"; do sleep 0.1; done
    try "$v6shim" config --pid $process
    contains "a process in another root" "process $process has another root" "$errors"
    case $output$errors in
    *secret*) same "nothing of the file here is shown" "" "$output$errors" ;;
    esac
    kill $process
else
    echo "SKIPPED another user's process: not root, or no setpriv"
fi
try "$v6shim" config --check --json
same "no JSON of faults" 2 "$status"
finish
