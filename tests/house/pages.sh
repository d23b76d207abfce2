#!/bin/sh
# What explains the code is there and true. The pages that explain it name files and functions that exist. A file is named
# by its path from the top or below src/, with or without .c, .h or .def; the pages docs/life-of-*.md name functions,
# with () behind them.
top=${srcdir:-.}
status=0
complain() {
    printf '%s\n' "$1"
    status=1
}

exists() { # path, perhaps a pattern
    # shellcheck disable=SC2231 # the path may be a pattern
    for found in "$top"/$1 "$top/src"/$1 "$top"/$1.[ch] "$top/src"/$1.[ch] "$top/src"/$1.def; do
        [ ! -e "$found" ] || return 0
    done
    return 1
}

pages=$(ls "$top/docs/design.md" "$top"/docs/life-of-*.md "$top/README.md" "$top/CONTRIBUTING.md")
for page in $pages; do
    words=$(tr -c 'A-Za-z0-9_./*\n-' '\n' <"$page" | sed 's,^\(\.\.*/\)*,,; s,[./]*$,,' | sort -u |
        grep -E '^(src|tests|core|preload|check|command|runtime|hooks|cli|private|observer)/[a-zA-Z]')
    for word in $(set -f && printf '%s\n' $words | sed 's/NAME/*/'); do
        exists "$word" || complain "${page#"$top"/} names $word, which is neither there nor in src/"
    done
done

functions=$(find "$top/src" -name '*.[ch]' | xargs cat | sed -n 's/__attribute__((\([a-z_]*\)))//; s/^[A-Za-z][^(]*[ *]\([A-Za-z_0-9]*\)(.*/\1/p' | sort -u)
for page in "$top"/docs/life-of-*.md; do
    for function in $(grep -oE '[A-Za-z_0-9]+\(\)' "$page" | tr -d '()' | sort -u); do
        printf '%s\n' "$functions" | grep -qx "$function" ||
            complain "${page#"$top"/} names $function(), which src/ doesn't define"
    done
    # A function with its file behind it: "`f()`, preload/f.c", "`f()` in preload/f.c", "`f()` (preload/f.c)".
    tr -s '\n ' '  ' <"$page" | grep -oE '`[a-z_0-9]+\(\)`\**(, | in | \()(preload|core)/[a-z_0-9/]+\.c' |
        sed 's/^`\([a-z_0-9]*\).*[ (]\([a-z].*\)$/\1 \2/' >"${TMPDIR:-/tmp}/pages.$$"
    while read -r function file; do
        grep -qE "^[A-Za-z].*[ *]$function\(" "$top/src/$file" ||
            complain "${page#"$top"/} says that $function() is in src/$file"
    done <"${TMPDIR:-/tmp}/pages.$$"
    rm -f "${TMPDIR:-/tmp}/pages.$$"
done

# Links from one page to another lead to a file, and to a heading of it.
anchors() { # those of a page, as they are made of its headings
    sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9_\n-'
}
for page in "$top"/*.md "$top"/docs/*.md "$top"/docs/guide/*.md "$top"/legacy-samples/*.md; do
    for link in $(grep -oE '\]\([^) ]+\)' "$page" | sed 's/^](//; s/)$//' | grep -vE '^[a-z]+:' | sort -u); do
        file=${link%%#*}
        target=$(dirname "$page")/$file
        [ "$file" ] || target=$page
        if [ ! -e "$target" ]; then
            complain "${page#"$top"/} has a link to $link, which is not there"
        elif [ "$link" != "$file" ] && ! anchors "$target" | grep -qxF -- "${link#*#}"; then
            complain "${page#"$top"/} has a link to $link, which has no such heading"
        fi
    done
done

# Each file of the house begins with what it does and who calls it.
silent=$(find "$top/src" -name '*.c' -exec awk 'FNR == 1 && !/^\/\*/ { print FILENAME }' {} +)
[ -z "$silent" ] || complain "These do not begin with a comment that says what they do, and who calls them:
$silent"
exit $status
