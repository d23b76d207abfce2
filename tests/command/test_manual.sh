#!/bin/sh
# The manual pages: mandoc has nothing to say against them, and every setting and function is in them.
. "$(dirname "$0")/lib.sh"
mandoc=$(command -v mandoc) || { echo "mandoc is not installed" && exit 77; }

for page in docs/v6shim.1 docs/v6shim.conf.5 docs/libv6shim.7; do
    try "$mandoc" -Tlint -Wwarning "$page"
    same "$page: lint" "" "$output"
    same "$page: lint status" 0 "$status"
    same "$page: nothing is left of the template" "" "$(grep '@[A-Z]*@' "$page")"
done

# The text of a page as one line, so that it doesn't matter where lines are broken. (\b: overstriking is for bold.)
text_of() {
    "$mandoc" -Tascii "$1" | sed "s/.$(printf '\b')//g" | tr -s ' \t\n' ' '
}

command_page=$(text_of docs/v6shim.1)
library_page=$(text_of docs/libv6shim.7)
settings_page=$(text_of docs/v6shim.conf.5)
settings=$(sed -n 's/^SETTING("\([^"]*\)".*/\1/p' "$source_root/src/core/settings/settings.def")
contains "settings are found in settings.def" "resolution-delay" "$settings"
for keyword in $settings; do
    variable=V6SHIM_$(printf '%s' "$keyword" | tr 'a-z-' 'A-Z_')
    contains "v6shim(1) has --$keyword" "--$keyword=" "$command_page"
    contains "v6shim.conf(5) has $variable" "(variable $variable)" "$settings_page"
    contains "the sample has $keyword" "
#$keyword " "$(cat docs/v6shim.conf)"
    try "$v6shim" run --help
    default=$(printf '%s\n' "$output" | sed -n "s/^  --$keyword=.*(default \(.*\))/\1/p")
    [ -z "$default" ] || contains "v6shim.conf(5) has the default of $keyword" "The default is $default." "$settings_page"
done
hooks=$(sed -n 's/^HOOK([^,]*, *\([A-Za-z0-9_]*\),.*/\1/p' "$source_root/src/preload/hooks.def")
contains "functions are found in hooks.def" "connect" "$hooks"
for hook in $hooks; do
    contains "libv6shim(7) has $hook" "$hook()" "$library_page"
done
finish
