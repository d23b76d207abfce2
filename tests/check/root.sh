#!/bin/sh
# `v6shim check --root`, and the packages of files: of a system in a directory, whose database, loader's configuration and
# links are its own. Nothing outside of the directory is read, whatever a link says.
#
# V6SHIM  the command, ./v6shim unless set; CC  a compiler, cc unless set
set -eu
unset COLUMNS
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
v6shim=$(realpath "${V6SHIM:-./v6shim}")
cc="${CC:-cc} -w -O2"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
. "$here/lib.sh"
# A sanitizer looks for leaks through /proc, which such a system has not.
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
export ASAN_OPTIONS

root=$work/system
mkdir -p "$root/usr/bin" "$root/opt/deep" "$root/etc/ld.so.conf.d" "$root/var/lib/dpkg/info" "$root/opt/other"
ln -s usr/bin "$root/bin"
# A library that only the system's own ld.so.conf leads to, by a file that this includes.
$cc -shared -fPIC "$here/library.c" -o "$root/opt/deep/liboldnet.so"
$cc -DCONNECTS "$here/library-user.c" -L"$root/opt/deep" -loldnet -o "$root/usr/bin/user"
printf '# a comment\ninclude ld.so.conf.d/*.conf\n' >"$root/etc/ld.so.conf"
printf '/opt/deep # here\n' >"$root/etc/ld.so.conf.d/deep.conf"
$cc "$here/client-old.c" -o "$root/usr/bin/old"
cp "$root/usr/bin/old" "$root/usr/bin/tool.distrib"
cp "$root/usr/bin/old" outside
# Links that would lead out of it, and one that doesn't though it looks so.
ln -s "$work/outside" "$root/opt/other/absolute"
ln -s ../../../../../../../../../../../../..$work/outside "$root/opt/other/relative"
ln -s /usr/bin/old "$root/opt/other/inside"
for package in 'old-tools:/usr/bin/tool:/bin/old' 'user:/usr/bin/user' 'new-tools:/usr/bin/tool'; do
    echo "${package#*:}" | tr ':' '\n' >"$root/var/lib/dpkg/info/${package%%:*}.list"
done
mv "$root/var/lib/dpkg/info/user.list" "$root/var/lib/dpkg/info/user:amd64.list"
printf 'Package: %s\nArchitecture: %s\nVersion: %s\n\n' old-tools all 1:2.0-1 user i386 9 user amd64 3.1+b1 >"$root/var/lib/dpkg/status"
printf '/usr/bin/tool\n/usr/bin/tool.distrib\nnew-tools\n' >"$root/var/lib/dpkg/diversions"

packages_and_links() {
    run 1 --root "$root" --all
    one_line "$1: the list of the package, /bin for /usr/bin" '^/usr/bin/old \(old-tools 1:2\.0-1\): works'
    one_line "$1: its architecture's version, its library" '^/usr/bin/user \(user 3\.1\+b1\): works'
    one_line "$1: what was diverted" '^/usr/bin/tool\.distrib \(old-tools 1:2\.0-1\): works'
    no_line "$1: all are found" 'liboldnet.so is not here'
    run 2 --root "$root" /opt/other/absolute /opt/other/relative
    found=$(grep -c 'could not be checked: No such file' output || :)
    [ "$found" -eq 2 ] || fail "$1: links lead out"
    run 1 --root "$root" /opt/other/inside
    one_line "$1: a link inside" '^/opt/other/inside \(old-tools 1:2\.0-1\): works'
}
if "$v6shim" check --root "$root" >output 2>&1 || ! grep -q 'that takes root, or user namespaces' output; then
    packages_and_links "as this user"
else
    echo "SKIPPED --root as this user: it may not"
fi
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user true 2>/dev/null; then
    chmod 755 "$work"
    printf '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups "%s" "$@"\n' "$v6shim" >user
    chmod +x user
    if ./user --version >/dev/null 2>&1; then
        mine=$v6shim v6shim=$work/user
        packages_and_links "as nobody"
        v6shim=$mine
    fi
fi

# The other forms, and what can't be.
"$v6shim" check --root "$root" --json /usr/bin/old >output 2>&1 || :
one_line "JSON has the root" "^  \"root\":\"$root\""
one_line "JSON has the package" '"package":"old-tools",'
one_line "JSON has its version" '"package_version":"1:2.0-1",'
"$v6shim" check --root "$root" --format=csv /usr/bin/user >output 2>&1 || :
[ "$(grep -c '^"/usr/bin/user","user","3.1+b1","shim"' output)" -gt 0 ] || fail "CSV has the package"
run 2 --root "$work/nonesuch"
one_line "no such root" "can't look into $work/nonesuch: No such file or directory"
run 2 --root "$root" --pid 1
one_line "no process in a root" '--root and --pid exclude each other'
run 2 --root "$root" --run ./outside
one_line "nothing is run in a root" '--root is for files'

# An image that somebody else made may have pipes where files are expected: nothing waits for them.
for file in var/lib/dpkg/status var/lib/dpkg/diversions var/lib/dpkg/info/user:amd64.list etc/ld.so.conf etc/ld.so.cache; do
    [ ! -e "$root/$file" ] || mv "$root/$file" kept
    mkfifo "$root/$file"
    status=0
    timeout 20 "$v6shim" check --root "$root" /usr/bin/user >output 2>&1 || status=$?
    case $status in 0 | 1 | 2) passed=$((passed + 1)) ;; *) fail "a pipe as $file: status $status" ;; esac
    one_line "a pipe as $file" '^/usr/bin/user'
    rm "$root/$file"
    [ ! -e kept ] || mv kept "$root/$file"
done

# A system with rpm: what it says of all files.
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    mkdir tools
    printf '#!/bin/sh\nprintf "%%s\\t%%s\\t%%s\\n" "%s/outside" tools 4:1-2.fc /etc/passwd setup 3\n' "$work" >tools/rpm
    chmod +x tools/rpm
    unshare -m sh -c "mount -t tmpfs none /var/lib/dpkg && PATH=$work/tools:\$PATH && exec '$v6shim' check $work/outside" >output 2>&1 || :
    one_line "a package of rpm" "^$work/outside \\(tools 4:1-2\\.fc\\): works"
fi
finish
