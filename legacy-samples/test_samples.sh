#!/bin/sh
# Each legacy sample under the shim against its ported twin, on a host of the lab that has a name for either family.
LAB_SOURCE=$(cd "$(dirname "$0")/../tests/lab" && pwd)
samples_here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lab/lib.sh
. "$LAB_SOURCE/lib.sh"
lab_need_library

lab_host one
lab_host other
lab_link one other
lab_on one ip address add 192.0.2.2/24 dev other
lab_on one ip address add 2001:db8:1::2/64 dev other
printf '192.0.2.2 four.example\n2001:db8:1::2 six.example\n' >>"$LAB_DIR/host/one/etc/hosts"

# A user of the r-commands, with root's number: they need root to call, and to serve without changing the user.
mkdir -p "$LAB_DIR/home"
rm -f "$LAB_DIR/host/one/etc/passwd"
{
    cat /etc/passwd
    echo "guest:x:0:0::$LAB_DIR/home:/bin/sh"
} >"$LAB_DIR/host/one/etc/passwd"
printf '%s root\n' four.example six.example >"$LAB_DIR/home/.rhosts"
chmod 600 "$LAB_DIR/home/.rhosts"

# compare_samples HOST PROGRAM...
compare_samples() {
    host=$1
    shift
    if output=$(lab_on one env V6SHIM_STATE_DIR="$LAB_DIR/state/one" RHOSTS_USER=guest SAMPLES="$LAB_BUILD/legacy-samples" \
        sh "$samples_here/compare" --shim "$LAB_PRELOAD" --host "$host" "$@" 2>&1); then
        ok "the same as their twins over $host: ${*:-all samples}"
        lacks "none was left out over $host" "# skip" "$output"
    else
        not_ok "the same as their twins over $host: ${*:-all samples}" "$output"
    fi
}

compare_samples 192.0.2.2
compare_samples six.example
lab_done
