#!/bin/sh
# Debian's packaging, as far as it can be looked at without debhelper: the version is that of configure.ac, each file that
# `make install` installs is in one of the packages or is left out by name, and no line of these lists names what is not
# there. tests/soak/package builds, installs and removes the packages.
top=$(cd "${srcdir:-.}" && pwd) || exit 1
debian=$top/packaging/debian
build=${LAB_BUILD:-$PWD}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0
verdict() { # WHAT COMMAND...
    what=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "ok - $what"
    else
        echo "not ok - $what"
        sed 's/^/#   /' "$work/said"
        status=1
    fi
}

same_version() {
    ours=$(sed -n 's/^AC_INIT(\[libv6shim\], \[\([^]]*\)\].*/\1/p' "$top/configure.ac")
    theirs=$(sed -n '1s/^libv6shim (\([^)]*\)) .*/\1/p' "$debian/changelog")
    echo "configure.ac: $ours; packaging/debian/changelog: $theirs"
    [ -n "$ours" ] && [ "$ours" = "$theirs" ]
}
verdict "the packages have the version of configure.ac" same_version
same_version_of_rpm() {
    spec=$top/packaging/v6shim.spec
    theirs=$(sed -n 's/^Version: *//p' "$spec") last=$(sed -n '/^%changelog/,$s/^\* .* - \(.*\)-1$/\1/p' "$spec" | head -n 1)
    echo "configure.ac: $ours; packaging/v6shim.spec: $theirs, and $last in its changelog"
    [ "$ours" = "$theirs" ] && [ "$ours" = "$last" ]
}
verdict "so have those of the RPM spec" same_version_of_rpm

reads_changelog() {
    command -v dpkg-parsechangelog >/dev/null || return 0
    dpkg-parsechangelog -l "$debian/changelog" --all >/dev/null 2>"$work/warnings" && ! grep . "$work/warnings"
}
verdict "dpkg reads the changelog" reads_changelog

[ -e "$build/config.status" ] || { echo "ok - lists of files # skip no build here" && exit $status; }
[ ! -e "$build/32/config.status" ] || { echo "ok - lists of files # skip a build of both word sizes" && exit $status; }
case " ${BUILT-command check} " in *' check '*) ;; *) echo "ok - lists of files # skip a build of the library alone" && exit $status ;; esac

unset MAKEFLAGS MFLAGS MAKELEVEL
installs() {
    make -C "$build" -s install DESTDIR="$work/root" prefix=/usr libdir=/usr/lib/x86_64-linux-gnu docdir=/usr/share/doc/libv6shim \
        zshcompletiondir=/usr/share/zsh/vendor-completions
}
verdict "make install" installs

# Sources of the lists are patterns, of the installed tree or of the sources.
named() {
    cat "$debian"/*.install "$debian/not-installed" | sed 's/#.*//; s/ .*//; /^$/d'
}
all_are_named() {
    (cd "$work/root" && find . ! -type d) | sed 's,^\./,,' | sort >"$work/files"
    named >"$work/named"
    (cd "$work/root" && while read -r pattern; do
        for file in $pattern; do echo "$file"; done
    done <"$work/named") | sort -u >"$work/matched"
    [ -s "$work/files" ] && ! comm -23 "$work/files" "$work/matched" | grep .
}
verdict "each installed file is in a package" all_are_named
all_are_there() {
    missing=
    while read -r pattern; do
        for file in "$work/root/"$pattern "$top/"$pattern; do [ ! -e "$file" ] || continue 2; done
        missing="$missing $pattern"
    done <"$work/named"
    echo "not installed, and not among the sources:$missing"
    [ -z "$missing" ]
}
verdict "each line of the lists names files that are there" all_are_there
exit $status
