# tests/lab/ftp.sh: FTP for scripts that have sourced lib.sh, which define
#
#     ftp_client COMMAND...   runs it on the client, in the working directory
#
# Sourcing it makes $files, what vsftpd serves (hello.txt, large, and incoming/ for anybody to write to), and goes into an
# empty directory.
#
# shellcheck shell=sh

lab_need_library
[ -z "${SANITIZERS-}" ] || lab_skip_all "a sanitizer alone makes curl and vsftpd hang"
command -v vsftpd >/dev/null || lab_skip_all "vsftpd is not installed"

files=$LAB_DIR/ftp
mkdir -p "$files/incoming" "$LAB_DIR/empty" "$LAB_DIR/work"
chmod 755 "$files" "$LAB_DIR/empty"
chmod 777 "$files/incoming"
echo 'hello over ftp' >"$files/hello.txt"
head -c 3000000 /dev/urandom >"$files/large"
cd "$LAB_DIR/work" || exit 1

# ftp_configure LINE...: vsftpd.conf, for anybody to read and write, with these lines more
ftp_configure() {
    cat >"$LAB_DIR/vsftpd.conf" <<END
background=NO
anonymous_enable=YES
no_anon_password=YES
write_enable=YES
anon_upload_enable=YES
anon_umask=022
anon_root=$files
secure_chroot_dir=$LAB_DIR/empty
allow_writeable_chroot=YES
xferlog_enable=YES
log_ftp_protocol=YES
vsftpd_log_file=$LAB_DIR/log/vsftpd.log
END
    printf '%s\n' "$@" >>"$LAB_DIR/vsftpd.conf"
}

# ftp_await HOST ADDRESS: something listens on that host; ADDRESS may be empty.
ftp_await() { lab_until lab_on "$1" sh -c 'ss -ltn | grep -q "$1:21 "' sh "$2"; }

has() { command -v "$1" >/dev/null || { skip "$1" "$1 is not here"; return 1; }; }
got() { if cmp -s "$1" "$2"; then echo same; else echo "different: $(ls -l "$1" "$2" 2>&1)"; fi; }
ftp_say() { printf '%s\n' "$1" | head -n 20 | sed 's/^/#   /'; }

# fetches NAME COMMAND...: the command is to make hello.txt and large here.
fetches() {
    what=$1
    shift
    rm -f hello.txt large
    output=$(ftp_client "$@" 2>&1)
    fetched=$(got large "$files/large")
    same "$what: a small file" same "$(got hello.txt "$files/hello.txt")"
    same "$what: a large file" same "$fetched"
    [ "$fetched" = same ] || ftp_say "$output"
}

# stores NAME COMMAND...: the command is to make incoming/large there of the file large.
stores() {
    what=$1
    shift
    rm -f "$files/incoming"/*
    output=$(ftp_client "$@" 2>&1)
    stored=$(got "$files/incoming/large" "$files/large")
    same "$what" same "$stored"
    [ "$stored" = same ] || ftp_say "$output"
}
