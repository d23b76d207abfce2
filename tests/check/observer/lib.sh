# shellcheck shell=sh disable=SC2034 # the variables are for those who source this
# What the tests of `v6shim check --run` share. Source it; end with `finish` (tests/command/lib.sh).
tests_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/command/lib.sh
srcdir=${srcdir:-$tests_here/../../..}
. "$tests_here/../../command/lib.sh"
build=${LAB_BUILD:-$PWD}
V6SHIM_LIBRARY=$build/.libs/libv6shim.so
V6SHIM_STATE_DIR=$room/state
TMPDIR=$room
export V6SHIM_LIBRARY V6SHIM_STATE_DIR TMPDIR
[ -z "${SANITIZERS-}" ] || { echo "a sanitized library can't be preloaded into plain programs" && exit 77; }
command -v perl >/dev/null || { echo "perl is not installed" && exit 77; }

# A program of these tests: program NAME FLAGS... < C source; it is then $room/NAME.
program() {
    program_name=$1 && shift
    rm -f "$room/$program_name"
    cat >"$room/$program_name.c"
    # shellcheck disable=SC2086 # several words
    ${CC:-cc} -w -g -D_GNU_SOURCE "$@" "$room/$program_name.c" -o "$room/$program_name"
}

# observe PROGRAM ARGUMENT...: $output, $errors, $status are the program's and the command's; the report is $report.
observe() {
    try "$v6shim" check --observe --json -o "$room/report" -- "$@"
    report=$(cat "$room/report")
}

# What a report says: ask PATH EXPRESSION, where $p is the program whose path ends so, a Perl data structure.
ask() {
    perl -MJSON::PP -e '
        local $/;
        open my $file, "<", shift or die "no report\n";
        my $top = JSON::PP->new->decode(<$file>);
        my ($path, $question) = @ARGV;
        my ($p) = grep { $_->{path} =~ m{\Q$path\E$} } @{$top->{programs}};
        local $, = " ";
        print eval "$question";
        print $@ if $@' "$room/report" "$1" "$2"
}

gaps_of() { ask "$1" 'sort map { $_->{id} } @{$p->{gaps}}'; }
verdict_of() { ask "$1" '$p->{verdict} // "(none)"'; }

# The addresses given to a call: origins_of PROGRAM CALL
origins_of() {
    ask "$1" "join ', ', map { join ' ', \"\$_->{ip}\", map { \$_ // '-' } @{\$_}{qw(origin by name)} }
        grep { \$_->{symbol} eq '$2' } @{\$p->{addresses}}"
}

# Where they came from, for people
details_of() { ask "$1" 'map { $_->{detail} } @{$p->{addresses}}'; }

free_port() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}
