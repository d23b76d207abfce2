#!/bin/sh
# v6shim completion: every command and option that --help tells is completed in bash, zsh and fish, with its values.
. "$(dirname "$0")/lib.sh"

try "$v6shim" completion
same "no shell: status" 2 "$status"
same "no shell" "v6shim completion: for which shell? v6shim completion bash|zsh|fish" "$errors"
try "$v6shim" completion csh
same "another shell: status" 2 "$status"
same "another shell" "v6shim completion: there is none for csh: bash, zsh or fish" "$errors"
try "$v6shim" completion bash zsh
same "two shells: status" 2 "$status"

for shell in bash zsh fish; do
    try "$v6shim" completion $shell
    same "$shell: status" 0 "$status"
    same "$shell: nothing on standard error" "" "$errors"
    printf '%s\n' "$output" >"$room/$shell"
done

# The words that bash offers for a line that ends at the cursor. Blanks and = part its words, and = is one of its own.
cat >"$room/complete" <<'EOF'
COMPREPLY=()
compopt() { :; }
. "$1"
COMP_LINE=$2 COMP_POINT=${#2}
read -ra COMP_WORDS <<<"${2//=/ = }"
case $2 in *' ') COMP_WORDS+=("") ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_v6shim
echo "${COMPREPLY[*]}"
EOF
bash_offers() { try env PATH="$room:$PATH" bash "$room/complete" "$room/bash" "$1"; }
offers() { # LINE WORDS
    bash_offers "$1"
    same "bash: $1" "$2" "$output"
    same "bash: $1: nothing on standard error" "" "$errors"
}

commands=$("$v6shim" --help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')
bash_offers "v6shim "
all=" $output "
for command in $commands; do
    contains "bash: the command $command" " $command " "$all"
    contains "zsh: the command $command" "'$command:" "$(cat "$room/zsh")"
    contains "fish: the command $command" " -a $command " "$(cat "$room/fish")"
    # Its options, as its help tells them: "  -o, --output FILE", "      --json", "  --prefer=policy|ipv6|ipv4".
    "$v6shim" "$command" --help | sed -n 's/^  *\(-., \)\{0,1\}--\([a-z0-9-]*\).*/\2/p' | sort -u >"$room/options"
    bash_offers "v6shim $command --"
    words=" $output "
    sed -n "/^    $command)\$/,/;;/p" "$room/zsh" >"$room/zsh-part"
    grep "__v6shim_options_of $command'" "$room/fish" >"$room/fish-part"
    while read -r option; do
        case $words in *" --$option "* | *" --$option= "*) found=yes ;; *) found=no ;; esac
        same "bash: --$option of $command" yes $found
        same "zsh: --$option of $command" yes "$(grep -q -e "--${option}[]}='[]" "$room/zsh-part" && echo yes)"
        same "fish: --$option of $command" yes "$(grep -q -e "-l $option\\( \\|\$\\)" "$room/fish-part" && echo yes)"
    done <"$room/options"
done
contains "there were options" "prefer" "$(cat "$room/bash")"

offers "v6shim comp" "completion"
offers "v6shim help comp" "completion"
offers "v6shim completion " "bash zsh fish"
offers "v6shim run --resolution" "--resolution-delay="
offers "v6shim run --prefer=" "policy ipv6 ipv4"
offers "v6shim run --prefer=ipv" "ipv6 ipv4"
offers "v6shim run --prefer ipv" "ipv6 ipv4"
offers "v6shim run --policy=ula" "ula-first"
offers "v6shim run --policy=/etc/host.c" "/etc/host.conf"
offers "v6shim run --nat64=o" "off"
offers "v6shim check --fail-on e" "error"
offers "v6shim alias --user ro" "root"
offers "v6shim alias -u ro" "root"
printf '#!/bin/sh\n' >"$room/v6shim-a-program" && chmod +x "$room/v6shim-a-program"
printf '#!/bin/sh\necho "oldd.service enabled enabled"\necho "other.service static -"\n' >"$room/systemctl"
chmod +x "$room/systemctl"
offers "v6shim enable o" "oldd.service other.service"
offers "v6shim disable --print old" "oldd.service"
mkdir "$room/folder" && : >"$room/folder/file"
offers "v6shim run v6shim-a-p" "v6shim-a-program"
offers "v6shim run --prefer=ipv6 v6shim-a-p" "v6shim-a-program"
offers "v6shim run --prefer ipv6 -- v6shim-a-p" "v6shim-a-program"
offers "v6shim trace --output log v6shim-a-p" "v6shim-a-program"
offers "v6shim check --run v6shim-a-p" "v6shim-a-program"
offers "v6shim run v6shim-a-program --pre" ""
offers "v6shim run cat $room/folder/f" "$room/folder/file"
offers "v6shim run --log-file=$room/folder/f" "$room/folder/file"
offers "v6shim run --state-dir=$room/fold" "$room/folder"
offers "v6shim decode $room/folder/f" "$room/folder/file"

# The others are only read by their shells, where these are here.
for shell in zsh fish; do
    command -v $shell >/dev/null || continue
    try $shell -n "$room/$shell"
    same "$shell reads it: status" 0 "$status"
    same "$shell reads it" "" "$errors"
done
if command -v fish >/dev/null; then
    fish_offers() { # LINE WORDS
        try env HOME="$room" PATH="${v6shim%/*}:$room:$PATH" fish --no-config -c "source $room/fish; complete -C '$1'"
        same "fish: $1" "$2" "$(printf '%s\n' "$output" | sed 's/\t.*//' | tr '\n' ' ' | sed 's/^ $//')"
    }
    fish_offers "v6shim comp" "completion "
    fish_offers "v6shim run --prefer=ipv" "--prefer=ipv4 --prefer=ipv6 "
    fish_offers "v6shim run --prefer ipv6 -- v6shim-a-p" "v6shim-a-program "
    fish_offers "v6shim check --run v6shim-a-p" "v6shim-a-program "
    fish_offers "v6shim run v6shim-a-program --pre" ""
    fish_offers "v6shim completion z" "zsh "
    fish_offers "v6shim enable old" "oldd.service "
fi
finish
