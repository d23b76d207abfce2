#!/bin/sh
# v6shim enable and disable: what is written for which unit, that systemd takes it, and what is refused.
. "$(dirname "$0")/lib.sh"
V6SHIM_LIBRARY=$room/libv6shim.so
export V6SHIM_LIBRARY
cp "$PWD/tests/command/.libs/libv6shim-empty.so" "$V6SHIM_LIBRARY"
units=$room/root/usr/lib/systemd/system
made=$room/root/etc/systemd/system
mkdir -p "$units" "$made/oldd.service.d"

unit() { # NAME, lines of [Service]
    printf '[Unit]\nDescription=old\nRestrictAddressFamilies=AF_UNIX\n[Service]\nExecStart=/bin/sh -c true\n%b[Install]\nUser=no\n' "$2" \
        >"$units/$1.service"
}
enable_in_root() { try "$v6shim" enable --root "$room/root" "$@"; }
written() { cat "$made/$1.service.d/v6shim.conf"; }

unit oldd 'User=root\n'
enable_in_root oldd
same "a service of root: status" 0 "$status"
same "a service of root: nothing is wrong" "" "$errors"
same "a service of root" "$made/oldd.service.d/v6shim.conf is written." "$output"
same "a service of root: the file" "# Made by v6shim enable; v6shim disable removes it.
[Service]
Environment=\"LD_PRELOAD=$V6SHIM_LIBRARY\"
StateDirectory=v6shim" "$(written oldd)"
before=$(written oldd)
enable_in_root oldd.service
same "again" "$before" "$(written oldd)"
enable_in_root --print oldd --prefer=ipv6
same "--print: status" 0 "$status"
contains "--print" 'Environment="V6SHIM_PREFER=ipv6"' "$output"
same "--print changes nothing" "$before" "$(written oldd)"

unit other 'User=old\nRestrictAddressFamilies=AF_UNIX \\\n  AF_INET\n'
enable_in_root other --log=info --log-file='/var/log/a "b" 100%' -- families=inet6
same "a sandbox: the file" "# Made by v6shim enable; v6shim disable removes it.
[Service]
Environment=\"LD_PRELOAD=$V6SHIM_LIBRARY\"
StateDirectory=v6shim-other
Environment=V6SHIM_STATE_DIR=%S/v6shim-other
RestrictAddressFamilies=AF_INET6" "$(written other | grep -v "V6SHIM_[LF]")"
contains "settings after --" 'Environment="V6SHIM_FAMILIES=inet6"' "$(written other)"
contains "quotes and percent signs" 'Environment="V6SHIM_LOG_FILE=/var/log/a \"b\" 100%%"' "$(written other)"
enable_in_root --print other --log-file="/var/log/a
ExecStartPre=/bin/b"
same "a newline is no line of the unit" "" "$(printf '%s\n' "$output" | grep '^ExecStartPre')"
contains "a newline" 'Environment="V6SHIM_LOG_FILE=/var/log/a\x0aExecStartPre=/bin/b"' "$output"

# Which lists of families forbid IPv6: the last word counts, of files that add to the unit, too.
families() { # what is expected, the unit's lines
    unit listed "$2"
    enable_in_root --print listed
    found=no
    case $output in *RestrictAddressFamilies=AF_INET6*) found=yes ;; esac
    same "families: $2" "$1" "$found"
}
families no ''
families no 'RestrictAddressFamilies=AF_INET AF_INET6\n'
families yes 'RestrictAddressFamilies=AF_INET\n'
families no 'RestrictAddressFamilies=AF_INET\nRestrictAddressFamilies=AF_INET6\n'
families no 'RestrictAddressFamilies=AF_INET\nRestrictAddressFamilies=\n'
families yes 'RestrictAddressFamilies=~AF_INET6 AF_PACKET\n'
families no 'RestrictAddressFamilies=~AF_PACKET\n'
families no 'RestrictAddressFamilies=~AF_INET6\nRestrictAddressFamilies=AF_INET6\n'
families yes 'RestrictAddressFamilies=none\n'
families no '# RestrictAddressFamilies=AF_INET\n;RestrictAddressFamilies=AF_INET\n'
mkdir -p "$made/listed.service.d" "$units/listed.service.d"
printf '[Service]\nRestrictAddressFamilies=AF_INET6\n' >"$units/listed.service.d/10-more.conf"
families no 'RestrictAddressFamilies=AF_INET\n'
: >"$made/listed.service.d/10-more.conf"
families yes 'RestrictAddressFamilies=AF_INET\n'

# Another preload of the unit stays, an instance has its template's file, a root of its own is told.
unit loaded 'Environment=A=1 "LD_PRELOAD=/usr/lib/other.so"\nDynamicUser=yes\n'
enable_in_root --print loaded
contains "another preload" "LD_PRELOAD=$V6SHIM_LIBRARY:/usr/lib/other.so\"" "$output"
unit specified 'Environment=LD_PRELOAD=%h/other%%.so\n'
enable_in_root --print specified
contains "another preload with specifiers" "LD_PRELOAD=$V6SHIM_LIBRARY:%h/other%%.so\"" "$output"
long=$(awk 'BEGIN { for (i = 0; i < 3000; i++) printf "x" }')
unit long "Environment=FIRST=$long LD_PRELOAD=/opt/$long.so\nEnvironment=LAST=$long\n"
enable_in_root --print long
contains "another preload, of 3,000 characters" "LD_PRELOAD=$V6SHIM_LIBRARY:/opt/$long.so\"" "$output"
escaped() { # what LD_PRELOAD is (nothing: there is none), the value
    printf '[Service]\nExecStart=/bin/sh\nEnvironment=%s\n' "$2" >"$units/escaped.service"
    enable_in_root --print escaped
    contains "escapes: $2" "LD_PRELOAD=$V6SHIM_LIBRARY${1:+:$1}\"" "$output"
}
escaped /opt/lib.so 'LD_PRELOAD=/o\x70t/\154ib.so'
escaped /opt/lib.so '"LD_PRELOAD=/opt/\u006cib.s\U0000006f"'
escaped "/é/€/😀/A" 'LD_PRELOAD=/\u00e9/\u20ac/\U0001f600/\x41'
escaped "/a'b" "LD_PRELOAD=/a\\'b"
escaped '/a\\b' 'LD_PRELOAD=/a\\b'
escaped /100%% 'LD_PRELOAD=/100%\x25'
escaped /first 'LD_PRELOAD=/first A=\q LD_PRELOAD=/second'
for value in '\q' '\x4' '\xg1' '\x00' '\400' '\08' '\ud800' '\U00110000' '\u00e' "\\"; do
    escaped '' "A=$value LD_PRELOAD=/second"
done
mkdir -p "$room/root/opt"
cp /bin/true "$room/root/opt/a d\\q"
printf "\100" | dd of="$room/root/opt/a d\\q" bs=1 seek=18 conv=notrunc 2>/dev/null # another machine
printf '[Service]\nExecStart=-/opt/a\\x20d\\q\n' >"$units/escaped.service"
enable_in_root --print escaped
contains "escapes in a program's path" "/opt/a d\\q" "$errors"
enable_in_root --print loaded
contains "DynamicUser" "StateDirectory=v6shim-loaded" "$output"
unit old@ 'RestrictAddressFamilies=AF_INET\nRootDirectory=/srv/old\nIPAddressAllow=192.0.2.0/24\n'
enable_in_root --print old@one
contains "an instance" "RestrictAddressFamilies=AF_INET6" "$output"
same "warnings" "v6shim enable: old@one.service runs below /srv/old: the library has to be there, too, as $V6SHIM_LIBRARY
v6shim enable: old@one.service allows addresses of IPv4 only (IPAddressAllow=): IPv6 peers are refused by that" "$errors"

# What is for all units whose name begins so.
unit many-old-daemon 'User=root\n'
mkdir -p "$made/many-.service.d"
printf '[Service]\nRestrictAddressFamilies=AF_INET\n' >"$made/many-.service.d/prefix.conf"
enable_in_root --print many-old-daemon
contains "for a prefix of the name" "RestrictAddressFamilies=AF_INET6" "$output"

# What takes the library away again is told; files for all services count.
printf '# old\nLD_PRELOAD=/usr/lib/other.so\n' >"$room/root/etc/default"
unit taken 'EnvironmentFile=-/etc/default\n'
enable_in_root --print taken
same "a file of variables that has LD_PRELOAD" \
    "v6shim enable: taken.service takes LD_PRELOAD away again (EnvironmentFile=-/etc/default): the service will run without the library" "$errors"
unit taken 'EnvironmentFile=-/etc/default.none\nUnsetEnvironment=A LD_PRELOAD\n'
enable_in_root --print taken
contains "LD_PRELOAD is unset" "(UnsetEnvironment=)" "$errors"
mkdir -p "$made/service.d"
printf '[Service]\nRestrictAddressFamilies=AF_INET\n' >"$made/service.d/all.conf"
unit plain ''
enable_in_root --print plain
contains "a file for all services" "RestrictAddressFamilies=AF_INET6" "$output"
rm -r "$made/service.d"
V6SHIM_REDIRECT='192.0.2.1=2001:db8::1' V6SHIM_PREFER=ipv6 enable_in_root --print plain
lacks_shell=$output
case $lacks_shell in *V6SHIM_*) same "what this shell has is no setting of the service" "" "$lacks_shell" ;; esac

# Below another root no link is followed out of it.
mkdir "$room/outside"
ln -s "$room/outside" "$made/plain.service.d"
enable_in_root plain
same "a link out of the root: status" 1 "$status"
contains "a link out of the root" "$made/plain.service.d is a link" "$errors"
same "a link out of the root: nothing is written there" "" "$(ls "$room/outside")"
rm "$made/plain.service.d"
mkdir "$made/plain.service.d"
echo precious >"$room/outside/file"
ln -s "$room/outside/file" "$made/plain.service.d/v6shim.conf.new"
enable_in_root plain
same "a link in the place of the new file: what it names is whole" precious "$(cat "$room/outside/file")"

# What is refused, in a line.
refuse() { # status, words, arguments
    wanted=$1 words=$2
    shift 2
    enable_in_root "$@"
    same "refused ($*): status" "$wanted" "$status"
    contains "refused ($*)" "$words" "$errors"
    same "refused ($*): one line" 1 "$(lines_of "$errors")"
}
refuse 1 "there is no unit nothing.service" nothing
refuse 1 "../oldd: not the name of a unit" ../oldd
refuse 1 "old.socket: only services have a program" old.socket
refuse 2 "which unit?" --print
refuse 2 "--prefer" oldd --prefer=no
refuse 2 "no-such" oldd -- no-such=1
echo '[Service]' >"$made/oldd.service.d/v6shim.conf"
refuse 1 "was not made by v6shim enable" oldd
try "$v6shim" disable --root "$room/root" oldd
same "somebody else's file stays: status" 1 "$status"
same "somebody else's file stays" "[Service]" "$(written oldd)"

try "$v6shim" disable --root "$room/root" other
same "disable: status" 0 "$status"
same "disable" "$made/other.service.d/v6shim.conf is removed." "$output"
same "disable leaves no directory" "" "$(ls -d "$made/other.service.d" 2>/dev/null)"
try "$v6shim" disable --root "$room/root" other
same "disable twice: status" 1 "$status"
contains "disable twice" "nothing to do" "$errors"

# The user's own services.
mkdir -p "$room/home/.config/systemd/user"
cp "$units/loaded.service" "$room/home/.config/systemd/user/mine.service"
try env HOME="$room/home" XDG_CONFIG_HOME= "$v6shim" enable --user --print mine
same "--user-unit: status" 0 "$status"
contains "--user-unit" "StateDirectory=v6shim-mine" "$output"

# systemd itself.
if command -v systemd-analyze >/dev/null && [ "$(id -u)" = 0 ]; then
    for name in oldd other; do
        unit $name 'User=nobody\nRestrictAddressFamilies=AF_INET\n'
        rm -rf "$made/$name.service.d"
        enable_in_root $name --log-file='/var/log/a "b" 100%' --prefer=ipv6
        same "systemd-analyze verify $name" "" \
            "$(SYSTEMD_UNIT_PATH=$made:$units: systemd-analyze verify "$units/$name.service" 2>&1 | grep -i 'v6shim')"
    done
else
    echo "SKIPPED systemd-analyze: not root, or not installed"
fi
finish
