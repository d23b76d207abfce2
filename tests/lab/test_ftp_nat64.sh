#!/bin/sh
# FTP clients on a network without IPv4, and a server that has nothing else, typed as a number. The server is asked for
# EPSV, which works through a translator (RFC 6384 section 4). It could never connect to the client: PORT is refused.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/nat64.sh"
. "$LAB_SOURCE/ftp.sh"

nat64_topology
lab_on server ip address add 198.51.100.82/24 dev gate
nat64_translate 2001:db8:64::/96
nat64_resolve 2001:db8:64::/96
ftp_configure listen=YES listen_address=198.51.100.82
lab_start server vsftpd vsftpd "$LAB_DIR/vsftpd.conf"
ftp_await server 198.51.100.82
ftp_client() { lab_preload client timeout 60 "$@"; }

fetches "ncftpget -F" ncftpget -F -u anonymous -p x 198.51.100.82 . hello.txt large
fetches "wget -4" wget -4 -q ftp://198.51.100.82/hello.txt ftp://198.51.100.82/large
fetches "curl -4 --disable-epsv" curl -4 -sS --disable-epsv --no-ftp-skip-pasv-ip -O ftp://198.51.100.82/hello.txt \
    -O ftp://198.51.100.82/large
fetches "tnftp -4 -p" sh -c 'printf "user anonymous x\nbinary\nget hello.txt\nget large\nquit\n" | tnftp -4 -n -p 198.51.100.82'
answer=$(lab_preload client timeout 30 sh -c \
    'printf "user anonymous x\nbinary\nget hello.txt\nquit\n" | tnftp -4 -n -A -v 198.51.100.82' 2>&1)
contains "active mode is refused, in words" "passive" "$answer"
lab_done
