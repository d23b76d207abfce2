# The names that the observer shows, one a line: awk -f exports.awk time64.names observed.def time64.def
#
# Those of observed.def; and, of the names that this port has for times of 64 bits (time64.names), those of them.
FILENAME ~ /names$/ { port[$1]; next }
/^(OBSERVED|TIME64)\(/ { kind = $1; name = $0; sub(/^[A-Z0-9]*\([^,]*, */, "", name); sub(/,.*/, "", name) }
name != "" && /^OBSERVED/ { observed[name]; print name; name = "" }
name != "" && kind ~ /^TIME64/ && /\)$/ { twin = $NF; sub(/\)$/, "", twin); if (name in port && twin in observed) print name; name = "" }
