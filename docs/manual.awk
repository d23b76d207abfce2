# Makes a manual page out of its template: @VERSION@ is replaced, and the lines @OPTIONS@ (an option of `v6shim run` for
# each setting), @SETTINGS@ (keyword, variable, values) and @HOOKS@ (the interposed functions) become lists. So does
# @SAMPLE@ of a configuration file: each setting as a comment.
#
#   awk -v version=1.2.3 -v settings=src/core/settings/settings.def -v hooks=src/preload/hooks.def -f docs/manual.awk docs/PAGE.in >docs/PAGE

# Sentences on lines of their own and lines of at most 80 bytes, as mdoc wants them; nothing taken for an escape. (No
# word of a help text starts with a dot or a quote, which would make a request of a line.)
function print_text(text,    count, words, place, line) {
    gsub(/\\/, "\\e", text)
    count = split(text, words, / /)
    line = ""
    for (place = 1; place <= count; place++) {
        if (line != "" && length(line) + 1 + length(words[place]) > 78) {
            print line
            line = ""
        }
        line = line (line == "" ? "" : " ") words[place]
        if (words[place] ~ /\.$/) {
            print line
            line = ""
        }
    }
    if (line != "")
        print line
}

function print_values(kind, constraint, default_value,    range) {
    split(constraint, range, /\.\./)
    if (kind == "MILLISECONDS")
        print "From " range[1] " to " range[2] " milliseconds."
    else if (kind == "TEXT")
        print "At most " constraint " bytes."
    else if (kind == "PATH")
        print "An absolute path of at most " constraint " bytes."
    else if (kind == "IPV4_POOL")
        print_text("A prefix of length " range[1] " to " range[2] \
            " that is not in 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4 or 255.0.0.0/8.")
    else if (kind == "NAT64")
        print_text("Several prefixes are separated by commas. Their length is 32, 40, 48, 56, 64 or 96 (RFC 6052).")
    else if (kind == "REDIRECTS")
        print_text("Several are separated by commas or, in the file, on lines of their own.")
    else if (kind == "PREFIX_MAP") {
        split(constraint, range, /=/)
        print "Entries look like"
        print ".Dq Ar " range[1] "-prefix Li = Ar " range[2] "-prefix ;"
        print "several may be given, separated by commas or, in the file, on lines of their own."
    }
    if (default_value != "") {
        print "The default is"
        print ".Cm " default_value " ."
    }
}

function variable_of(keyword) {
    keyword = toupper(keyword)
    gsub(/-/, "_", keyword)
    return "V6SHIM_" keyword
}

# One entry of settings.def, its texts in part[2], part[4] and so on.
function print_setting(entry, as_option,    part, word, kind, value) {
    split(entry, part, /"/)
    split(part[3], word, /, */)
    kind = word[3]
    value = kind == "CHOICE" || kind == "CHOICE_OR_FILE" ? "Cm " part[6] : "Ar " part[8]
    gsub(/\|/, " Ns | Ns Cm ", value)
    if (kind == "CHOICE_OR_FILE")
        value = value " Ns | Ns Ar path"
    if (as_option) {
        print ".It Fl -" part[2] " Ns = Ns " value
        print_text(part[10])
        return
    }
    print ".It Cm " part[2] " " value
    print ".Pq variable Ev " variable_of(part[2])
    print ".br"
    print_text(part[10])
    print_values(kind, part[6], part[4])
}

# A list of its own for each group; the template has begun one above the options.
function print_group(line, as_option,    part) {
    split(line, part, /"/)
    if (as_option || group != "")
        print ".El"
    if (as_option)
        print ".Pp\n" part[2] ":"
    else
        print ".Ss " part[2]
    print ".Bl -tag -width Ds"
    group = part[2]
}

function print_settings(as_option,    line, entry) {
    entry = ""
    while ((getline line < settings) > 0) {
        if (line ~ /^SETTING_GROUP\(/)
            print_group(line, as_option)
        else if (line ~ /^SETTING\(/)
            entry = line
        else if (entry != "")
            entry = entry line
        if (entry ~ /"\)$/) {
            print_setting(entry, as_option)
            entry = ""
        }
    }
    print ".El"
    close(settings)
}

# Each group under the comment above it: "/* Heading: preload/hooks/file.c */".
function print_hooks(    line, name) {
    print ".Bl -tag -width Ds"
    while ((getline line < hooks) > 0) {
        if (line ~ /^\/\* .*: preload\/hooks\//) {
            if (name != "")
                print ".Fn " name
            name = ""
            sub(/^\/\* /, "", line)
            sub(/: preload\/hooks\/.*/, "", line)
            print ".It " line
        } else if (line ~ /^HOOK\(/) {
            if (name != "")
                print ".Fn " name " ,"
            name = line
            sub(/^HOOK\([^,]*, */, "", name)
            sub(/[^A-Za-z0-9_].*/, "", name)
        }
    }
    if (name != "")
        print ".Fn " name
    print ".El"
    close(hooks)
}

# Comment lines of at most 100 characters.
function print_comment(text,    count, words, place, line) {
    count = split(text, words, / /)
    line = "#"
    for (place = 1; place <= count; place++) {
        if (length(line) + 1 + length(words[place]) > 100) {
            print line
            line = "#"
        }
        line = line " " words[place]
    }
    print line
}

# What a value looks like where there is no default.
BEGIN {
    example["redirect"] = "192.0.2.7 = host.example.org"
    example["listen-map"] = "192.0.2.1 = 2001:db8::1"
    example["alias-map"] = "2001:db8:1::/120 = 198.18.1.0/24"
    example["alias-key"] = "the same text on every host"
    example["state-dir"] = "/var/lib/v6shim"
    example["log-file"] = "/var/log/v6shim.log"
}

function print_sample(    line, entry, part, word) {
    entry = ""
    while ((getline line < settings) > 0) {
        if (line ~ /^SETTING_GROUP\(/) {
            split(line, part, /"/)
            print "\n# ---- " part[2]
        } else if (line ~ /^SETTING\(/)
            entry = line
        else if (entry != "")
            entry = entry line
        if (entry ~ /"\)$/) {
            split(entry, part, /"/)
            split(part[3], word, /, */)
            print ""
            print_comment(part[10])
            if (word[3] == "CHOICE" || word[3] == "CHOICE_OR_FILE")
                print "# One of: " part[6] (word[3] == "CHOICE" ? "" : ", or an absolute path")
            print "#" part[2] " " (part[4] != "" ? part[4] : example[part[2]])
            entry = ""
        }
    }
    close(settings)
}

$0 == "@SAMPLE@" { print_sample(); next }
$0 == "@OPTIONS@" { print_settings(1); next }
$0 == "@SETTINGS@" { print_settings(0); next }
$0 == "@HOOKS@" { print_hooks(); next }
{ gsub(/@VERSION@/, version); print }
