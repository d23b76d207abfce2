#!/bin/sh
# FTP clients on a network without IPv4, and a server that has nothing else, typed as a number. The server is asked for
# EPSV, which works through a translator (RFC 6384 section 4). It could never connect to the client: PORT is refused.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/nat64.sh"
lab_need_library
[ -z "${SANITIZERS-}" ] || lab_skip_all "a sanitizer alone makes curl and vsftpd hang"
command -v vsftpd >/dev/null || lab_skip_all "vsftpd is not installed"

nat64_topology
lab_on server ip address add 198.51.100.82/24 dev gate
nat64_translate 2001:db8:64::/96
nat64_resolve 2001:db8:64::/96
files=$LAB_DIR/ftp
mkdir -p "$files" "$LAB_DIR/empty" "$LAB_DIR/work"
chmod 755 "$files" "$LAB_DIR/empty"
echo 'hello over ftp' >"$files/hello.txt"
head -c 3000000 /dev/urandom >"$files/large"
cat >"$LAB_DIR/vsftpd.conf" <<END
listen=YES
listen_address=198.51.100.82
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root=$files
secure_chroot_dir=$LAB_DIR/empty
END
lab_start server vsftpd vsftpd "$LAB_DIR/vsftpd.conf"
lab_until lab_on server sh -c 'ss -ltn | grep -q "198.51.100.82:21 "'
cd "$LAB_DIR/work" || exit 1

got() { if cmp -s "$1" "$2"; then echo same; else echo "different: $(ls -l "$1" "$2" 2>&1)"; fi; }
fetches() {
    what=$1
    shift
    rm -f hello.txt large
    output=$(lab_preload client timeout 60 "$@" 2>&1)
    same "$what: a small file" same "$(got hello.txt "$files/hello.txt")"
    same "$what: a large file" same "$(got large "$files/large")"
    [ "$(got large "$files/large")" = same ] || printf '%s\n' "$output" | head -n 20 | sed 's/^/#   /'
}

fetches "ncftpget -F" ncftpget -F -u anonymous -p x 198.51.100.82 . hello.txt large
fetches "wget -4" wget -4 -q ftp://198.51.100.82/hello.txt ftp://198.51.100.82/large
fetches "curl -4 --disable-epsv" curl -4 -sS --disable-epsv --no-ftp-skip-pasv-ip -O ftp://198.51.100.82/hello.txt \
    -O ftp://198.51.100.82/large
fetches "tnftp -4 -p" sh -c 'printf "user anonymous x\nbinary\nget hello.txt\nget large\nquit\n" | tnftp -4 -n -p 198.51.100.82'
answer=$(lab_preload client timeout 30 sh -c \
    'printf "user anonymous x\nbinary\nget hello.txt\nquit\n" | tnftp -4 -n -A -v 198.51.100.82' 2>&1)
contains "active mode is refused, in words" "passive" "$answer"
lab_done
