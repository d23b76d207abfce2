# Makes porting.md, from the top directory of the source:
#   awk -v root=. -f docs/porting.awk src/check/gaps.def docs/porting.examples >docs/porting.md

function text(string) { # "a" "b" -> ab
    gsub(/"[ \t]+"/, "", string)
    sub(/^[ \t]*"/, "", string)
    sub(/"[ \t]*$/, "", string)
    gsub(/\\"/, "\"", string)
    return string
}

# One function out of a C file, from the line with its name to the brace that closes it, its comment left out.
function excerpt(file, name, line, inside, body, found) {
    file = root "/legacy-samples/" file
    body = ""
    while ((getline line <file) > 0) {
        if (!inside && line ~ ("^[a-z].*[ *]" name "\\(") && line !~ /;$/)
            inside = found = 1
        if (inside)
            body = body line "\n"
        if (inside && line ~ /^}/)
            inside = 0
    }
    close(file)
    if (!found) {
        print "porting.awk: no function " name " in " file >"/dev/stderr"
        failed = 1
    }
    return body
}

function finish_gap(  part, count, rest, quoted, i) {
    # NAME, "id", SEVERITY, COVERAGE, four strings: split at commas outside quotes
    rest = gap
    count = 0
    while (rest != "") {
        quoted = 0
        for (i = 1; i <= length(rest); i++) {
            if (substr(rest, i, 1) == "\"" && substr(rest, i - 1, 1) != "\\")
                quoted = !quoted
            if (substr(rest, i, 1) == "," && !quoted)
                break
        }
        part[++count] = substr(rest, 1, i - 1)
        rest = substr(rest, i + 1)
    }
    order[++gaps] = text(part[2])
    severity[gaps] = tolower(part[3])
    gsub(/[ \t]/, "", severity[gaps])
    never[gaps] = part[4] ~ /NEVER/
    title[gaps] = text(part[5])
    problem[gaps] = text(part[6])
    replacement[gaps] = text(part[7])
    reference[gaps] = text(part[8])
    number_of[part_name(part[1])] = gaps
    obstacle[gaps] = obstacles
    gap = ""
}

function part_name(string) {
    gsub(/[ \t]/, "", string)
    return string
}

FILENAME ~ /gaps\.def$/ && /What keeps the shim itself away/ { obstacles = 1 }
FILENAME ~ /gaps\.def$/ && /^GAP\(/ { collecting = 1; sub(/^GAP\(/, "") }
FILENAME ~ /gaps\.def$/ && collecting {
    line = $0
    sub(/^[ \t]+/, " ", line)
    gap = gap line
    if (line ~ /"\)$/) {
        sub(/\)$/, "", gap)
        collecting = 0
        finish_gap()
    }
    next
}
FILENAME ~ /gaps\.def$/ && /^GAP_SYMBOL\(/ {
    split($0, field, /[(), ]+/)
    n = number_of[field[3]]
    symbols[n] = symbols[n] (symbols[n] == "" ? "" : ", ") "`" field[2] "`"
    next
}
FILENAME ~ /examples$/ && /^@/ {
    current = $2
    if (NF == 5) {
        sample[current] = $3
        before[current] = excerpt($3 ".c", $4)
        after[current] = excerpt($3 "-ported.c", $5)
    }
    next
}
FILENAME ~ /examples$/ && /^-/ { before[current] = before[current] substr($0, 2) "\n" }
FILENAME ~ /examples$/ && /^\+/ { after[current] = after[current] substr($0, 2) "\n" }

function print_gap(n,  id) {
    id = order[n]
    printf "### %s\n\n**What:** %s (%s", id, title[n], severity[n]
    if (symbols[n] != "")
        printf "; seen by calls of %s", symbols[n]
    printf ").\n\n%s\n\n**Instead:** %s\n\n", problem[n], replacement[n]
    if (!obstacle[n])
        printf "**Under the shim:** %s\n\n", never[n] ? "not covered." \
            : "covered where the function that shows it is interposed; `v6shim check` says so for each."
    printf "*%s*\n\n", reference[n]
    if (id in before) {
        if (id in sample)
            printf "Before, from [%s.c](../legacy-samples/%s.c):\n\n", sample[id], sample[id]
        else
            printf "Before:\n\n"
        printf "```c\n%s```\n\n", before[id]
        if (id in sample)
            printf "After, from [%s-ported.c](../legacy-samples/%s-ported.c):\n\n", sample[id], sample[id]
        else
            printf "After:\n\n"
        printf "```c\n%s```\n\n", after[id]
    } else if (!obstacle[n]) {
        print "porting.awk: no example for " id >"/dev/stderr"
        failed = 1
    }
}

END {
    print "<!-- Made by docs/porting.awk from src/check/gaps.def, docs/porting.examples and legacy-samples: change those. -->"
    print "# Porting gaps"
    print ""
    print "What keeps a program from IPv6, and what replaces it. `v6shim check` names each gap by the identifier used"
    print "here. An *error* keeps the program from IPv6 peers; a *warning* means that something is lost with them; a *note*"
    print "is harmless by itself. The shim is for programs that can't be changed: if you have the source, port it."
    print "Three of them don't show in a program's file: `address-storage` and `first-address` are seen by"
    print "`v6shim check --run`, `packet-size` in the source alone."
    print ""
    print "| gap | what | severity |"
    print "|---|---|---|"
    for (n = 1; n <= gaps; n++)
        printf "| [%s](#%s) | %s | %s |\n", order[n], order[n], title[n], severity[n]
    print ""
    print "## Gaps in the program"
    print ""
    for (n = 1; n <= gaps; n++)
        if (!obstacle[n])
            print_gap(n)
    print "## What keeps the shim away"
    print ""
    for (n = 1; n <= gaps; n++)
        if (obstacle[n])
            print_gap(n)
    exit failed
}
