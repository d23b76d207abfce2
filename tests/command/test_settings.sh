#!/bin/sh
# Where settings come from, and the one line for each thing that is wrong with them.
. "$(dirname "$0")/lib.sh"
probe=$PWD/tests/command/settings_probe
conf=$room/conf

defaults='prefer 0
families 0
resolution-delay 50
alias-pool 240.64.0.0/10
alias-key 
state-dir 
aware 0
log 2
log-file '

# with_conf TEXT [VARIABLE=VALUE...]: the settings loaded; the text goes through printf
with_conf() {
    printf "$1" >"$conf"
    shift
    try env V6SHIM_CONF="$conf" "$@" "$probe"
    errors=$(printf '%s' "$errors" | sed "s|^libv6shim\[[0-9]*\] [^ ]*: ||; s|$room|ROOM|g")
}

value_of() {
    printf '%s\n' "$output" | sed -n "s/^$1 //p"
}

try "$probe"
same "defaults" "$defaults" "$output"
same "defaults: nothing said" "" "$errors"
if [ ! -e /etc/v6shim.conf ]; then
    try env -u V6SHIM_CONF "$probe"
    same "no /etc/v6shim.conf" "$defaults" "$output"
    same "no /etc/v6shim.conf: nothing said" "" "$errors"
fi

with_conf 'prefer ipv6\nresolution-delay 5\n' V6SHIM_RESOLUTION_DELAY=6 V6SHIM_FAMILIES=inet6 V6SHIM_PREFER=
same "the file counts" 1 "$(value_of prefer)"
same "the variable goes before it" 6 "$(value_of resolution-delay)"
same "a variable alone" 2 "$(value_of families)"
same "nothing said" "" "$errors"

with_conf 'prefer ipv6\n' V6SHIM_PREFER=ipv5 V6SHIM_RESOLUTION_DELAY=-1
same "a bad variable leaves the file's value" 1 "$(value_of prefer)"
same "a bad variable leaves the default" 50 "$(value_of resolution-delay)"
same "two bad variables: two lines" 2 "$(lines_of "$errors")"
contains "a bad variable" \
    'V6SHIM_PREFER: prefer: expected policy, ipv6 or ipv4, found "ipv5"; ignored' "$errors"

with_conf 'log info\n\nprefer  ipv5 # no such thing\r\nresolution_delay 5'
same "bad lines: the others count" 3 "$(value_of log)"
same "bad lines, and at the level info which file was read" 'settings are read from ROOM/conf
ROOM/conf:3:9: prefer: expected policy, ipv6 or ipv4, found "ipv5"; ignored
ROOM/conf:4:1: no setting is called "resolution_delay" (did you mean resolution-delay?); ignored' "$errors"

with_conf '' V6SHIM_PREFFER=ipv6 V6SHIM_LIBRARY=/x V6SHIM_TRACE=x
same "an unknown variable" \
    'V6SHIM_PREFFER: no setting has this variable (did you mean V6SHIM_PREFER?); ignored' "$errors"

with_conf 'prefer ipv6\nlog \000quiet\nfamilies inet\n'
same "a NUL byte" 'ROOM/conf:2:5: a NUL byte; expected text; ignored' "$errors"
same "a NUL byte: the other lines count" 1 "$(value_of families)"

yes 'colour blue' | head -n 20 >"$conf"
try env V6SHIM_CONF="$conf" "$probe"
same "twenty bad lines: sixteen are told, and how many more" 17 "$(lines_of "$errors")"
contains "twenty bad lines" "...and 4 more lines or variables like these" "$errors"

{ echo 'prefer ipv6' && yes '# a comment' | head -c 65536 && printf '\nfamilies inet\n'; } >"$conf"
try env V6SHIM_CONF="$conf" "$probe"
same "a huge file: its beginning counts" 1 "$(value_of prefer)"
same "a huge file: the rest does not" 0 "$(value_of families)"
contains "a huge file" "only the first 64 KiB are read of $conf: File too large" "$errors"

try env V6SHIM_CONF=/nosuch/conf "$probe"
same "a missing V6SHIM_CONF: defaults" "$defaults" "$output"
contains "a missing V6SHIM_CONF" "cannot read V6SHIM_CONF /nosuch/conf: No such file or directory" "$errors"
try env V6SHIM_CONF="$room" "$probe"
contains "a directory" "cannot read V6SHIM_CONF $room: Is a directory" "$errors"
mkfifo "$room/fifo"
try timeout 10 env V6SHIM_CONF="$room/fifo" "$probe"
same "a FIFO that nobody writes to doesn't stop the program" 0 "$status"

# --- blocks for programs, by the name of the file or of the script; argv[0] has no say
cp "$probe" "$room/oldd"
ln -s oldd "$room/link"
printf '#!%s\n' "$room/oldd" >"$room/fetch.pl"
chmod +x "$room/fetch.pl"
# prefer_of BLOCK PROGRAM...: which value holds for that program, with a line for all above the block
prefer_of() {
    printf 'prefer ipv6\n%s\n prefer ipv4\n' "$1" >"$conf"
    shift
    try env V6SHIM_CONF="$conf" "$@"
    value_of prefer
}
same "a block for this program" 2 "$(prefer_of 'program oldd' "$room/oldd")"
same "a block for its path" 2 "$(prefer_of "program $room/old?" "$room/oldd")"
same "a block for another" 1 "$(prefer_of 'program newd' "$room/oldd")"
same "a block for all but this" 1 "$(prefer_of 'program * !oldd' "$room/oldd")"
same "a block for a link" 2 "$(prefer_of 'program link' "$room/link")"
same "a block for what the link leads to" 2 "$(prefer_of 'program oldd' "$room/link")"
same "a block for a script" 2 "$(prefer_of 'program fetch.*' "$room/fetch.pl")"
same "a block for its interpreter" 2 "$(prefer_of 'program oldd' "$room/fetch.pl")"
same "argv[0] is no name" 1 "$(prefer_of 'program newd' perl -e 'exec {$ARGV[0]} "newd"' "$room/oldd")"
for head in '[oldd]' '<oldd>' 'progam oldd' 'program [oldd' 'host oldd' 'oldd:'; do
    same "below $head nothing holds" 1 "$(prefer_of "$head" "$room/oldd")"
done
with_conf '[oldd]\nprefer ipv6\n'
same "a head that is none" 'ROOM/conf:1:1: expected a setting, or program NAME as the head of a block, found "[oldd]"; ignored, and so is what is below it, up to the next program line' "$errors"

# --- the user's own file, which root has none of
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65534 --clear-groups true 2>/dev/null; then
    own=$room/home/.config/v6shim.conf
    mkdir -p "$room/home/.config" "$room/xdg"
    chmod 755 "$room" "$room/home" "$room/home/.config" "$room/xdg"
    printf 'prefer ipv6\n' >"$own"
    cp "$own" "$room/xdg/v6shim.conf"
    as_user() {
        try env -u V6SHIM_CONF -u XDG_CONFIG_HOME HOME="$room/home" "$@"
        errors=$(printf '%s' "$errors" | sed "s|^libv6shim\[[0-9]*\] [^ ]*: ||; s|$room|ROOM|g")
    }
    user="setpriv --reuid=65534 --regid=65534 --clear-groups"
    as_user $user "$room/oldd"
    same "root's file in a home directory" 1 "$(value_of prefer)"
    chown 65534 "$own"
    as_user $user "$room/oldd"
    same "the user's own file" 1 "$(value_of prefer)"
    as_user "$room/oldd"
    same "root has none" 0 "$(value_of prefer)"
    as_user HOME=/nosuch XDG_CONFIG_HOME="$room/xdg" $user "$room/oldd"
    same "in XDG_CONFIG_HOME" 1 "$(value_of prefer)"
    as_user V6SHIM_CONF=/dev/null $user "$room/oldd"
    same "V6SHIM_CONF is in its place" 0 "$(value_of prefer)"
    as_user HOME= $user "$room/oldd"
    same "no home" "0" "$(value_of prefer)$errors"
    as_user HOME="$own" $user "$room/oldd"
    same "a home that is none" "0" "$(value_of prefer)$errors"
    chown 65533 "$own"
    as_user $user "$room/oldd"
    same "another user's file is no file" "0" "$(value_of prefer)$errors"
    chown 65534 "$own"
    chmod 664 "$own"
    as_user $user "$room/oldd"
    same "a file that others may write to: ignored" 0 "$(value_of prefer)"
    same "a file that others may write to" \
        "the settings in ROOM/home/.config/v6shim.conf are ignored: others may write to it (chmod go-w)" "$errors"
    mv "$own" "$own.not"
    ln -s v6shim.conf.not "$own"
    as_user $user "$room/oldd"
    same "a link is not followed" "the settings in ROOM/home/.config/v6shim.conf are ignored: it is a symbolic link" \
        "$errors"
    chmod 700 "$room/home"
    as_user $user "$room/oldd"
    same "a home that can't be entered" "0" "$(value_of prefer)$errors"
fi

# --- the sample: nothing in force as it is, all of it right when the comments are settings
try env V6SHIM_CONF=docs/v6shim.conf "$probe"
same "the sample: defaults" "$defaults" "$output$errors"
sed -n 's/^#\([a-z]\)/\1/p' docs/v6shim.conf >"$conf"
try env V6SHIM_CONF="$conf" "$probe"
same "the sample without its #: nothing said" "" "$errors"
same "the sample without its #" /var/log/v6shim.log "$(value_of log-file)"

# --- the log takes part of the settings that it complains about
with_conf "log-file $room/log\nprefer ipv5\n"
same "complaints go to the log file" "" "$errors"
contains "complaints go to the log file" 'conf:2:8: prefer:' "$(cat "$room/log")"
with_conf 'prefer ipv5\nlog quiet\n'
same "quiet is quiet" "" "$errors"
with_conf 'log-file /nosuch/log\nprefer ipv5\nprefer ipv5\n'
same "an unwritable log file is said once" 1 "$(printf '%s\n' "$errors" | grep -c 'cannot write to the log file')"
same "and the lines go to standard error" 3 "$(lines_of "$errors")"

# --- secure execution: a setuid copy is configured by /etc/v6shim.conf alone. (The leak sanitizer can't work in one.)
if [ "$(id -u)" -eq 0 ] && ! grep -q -e __asan_init -e __lsan "$probe" && [ ! -e /etc/v6shim.conf ] &&
    cp "$probe" "$room/secure" && chown 65534 "$room/secure" && chmod 4755 "$room/secure" &&
    ! findmnt -no OPTIONS -T "$room" 2>/dev/null | grep -q nosuid; then
    chmod 755 "$room"
    printf 'prefer ipv6\n' >"$conf"
    try env V6SHIM_CONF="$conf" V6SHIM_FAMILIES=inet V6SHIM_NOSUCH=1 "$room/secure"
    same "setuid: variables are ignored" "$defaults" "$output"
    same "setuid: in silence" "" "$errors"
fi
finish
