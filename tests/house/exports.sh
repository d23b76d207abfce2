#!/bin/sh
# The library shows the hooks of hooks.def to the program, and no other name.
library=.libs/libv6shim.so
wanted=$(sed -n 's/^HOOK([^,]*, *\([A-Za-z0-9_]*\),.*/\1/p' "${srcdir:-.}/src/hooks.def" | sort)
shown=$(nm -D --defined-only "$library" | awk '{print $NF}' | sort)
[ "$wanted" = "$shown" ] && exit 0
echo "exported names (>) are not the hooks of hooks.def (<):"
printf '%s\n' "$wanted" >exports.wanted
printf '%s\n' "$shown" | diff exports.wanted - | grep '^[<>]'
rm -f exports.wanted
exit 1
