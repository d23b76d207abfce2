#!/bin/sh
# How many verdicts of `v6shim check` are right, on Debian programs whose true verdicts stand in corpus.tsv. The packages
# are downloaded and unpacked, not installed. Skips where apt can't fetch them. Prints the share and each wrong verdict.
#
# V6SHIM          the command, ./v6shim unless set
# CORPUS_DIR      where packages are kept between runs; a directory that is removed unless set
# CORPUS          the table beside this script, corpus.tsv unless set; corpus-more.tsv and corpus-third.tsv have other programs
# CORPUS_GOAL     per cent that must be right, 95 unless set
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
v6shim=${V6SHIM:-./v6shim}
goal=${CORPUS_GOAL:-95}
table=$here/${CORPUS:-corpus.tsv}
skip() {
    echo "SKIPPED: $*: the corpus of Debian programs was not checked" >&2
    exit 77
}
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || skip "no apt here"
grep -q '^VERSION_ID="12"' /etc/os-release 2>/dev/null || skip "the verdicts are about the packages of Debian 12"
if [ -n "${CORPUS_DIR:-}" ]; then
    mkdir -p "$CORPUS_DIR"
    work=$(CDPATH='' cd -- "$CORPUS_DIR" && pwd)
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
fi

# Downloads what isn't here yet and unpacks each package under its name.
mkdir -p "$work/packages"
missing=
for package in $(grep -v '^#' "$table" | cut -f1 | sort -u); do
    [ -d "$work/$package" ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # a list of words
    (cd "$work/packages" && apt-get -qq -o APT::Sandbox::User=root download $missing) >"$work/apt.log" 2>&1 ||
        skip "apt-get download failed ($(tail -n 1 "$work/apt.log"))"
    for package in $missing; do
        dpkg-deb -x "$work/packages/${package}"_*.deb "$work/$package"
        rm -f "$work/packages/${package}"_*.deb
    done
fi

grep -v '^#' "$table" | while IFS='	' read -r package path verdict known; do
    printf '%s\n' "$work/$package$path"
done >"$work/list"
status=0
"$v6shim" check --all --fail-on never --color never - <"$work/list" >"$work/found" || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 2 ] || { # 2: something is unknown
    cat "$work/found"
    echo "v6shim check ended with $status" >&2
    exit 1
}
awk -F'\t' -v work="$work" -v goal="$goal" '
    BEGIN {
        titles["speaks IPv6"] = "ready"
        titles["works under the shim"] = "shim"
        titles["works under the shim in part"] = "partly"
        titles["out of the shim\047s reach"] = "out-of-reach"
        titles["no network"] = "no-network"
        titles["unknown"] = "unknown"
    }
    FNR == NR {
        if (split($0, part, ": ") < 2)
            next
        verdict[part[1]] = part[2] in titles ? titles[part[2]] : "no verdict"
        reason[part[1]] = substr($0, length(part[1]) + length(part[2]) + 5)
        next
    }
    /^#/ { next }
    {
        path = work "/" $1 $2
        if (verdict[path] == $3) {
            right++
            next
        }
        wrong++
        printf "WRONG %s: %s, should be %s (%s)\n", $1 $2, verdict[path], $3, $4
        printf "      because: %s\n", reason[path]
    }
    END {
        share = right + wrong ? 100 * right / (right + wrong) : 0
        printf "%d of %d verdicts right: %.1f %% (goal %d %%)\n", right, right + wrong, share, goal
        exit share < goal
    }' "$work/found" "$table"
