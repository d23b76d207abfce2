/* Tells which language a script is in; called by check/script/script.c. */
#include "check/script/language.h"

#include <string.h>

static const struct {
    const char *prefix; /* of the interpreter's file name */
    enum language language;
} languages[] = {
    {"perl", PERL},  {"python", PYTHON}, {"pypy", PYTHON}, {"ruby", RUBY},       {"php", PHP},
    {"tclsh", TCL},  {"wish", TCL},      {"expect", TCL},  {"node", JAVASCRIPT}, {"gawk", AWK},
    {"awk", AWK},    {"bash", SHELL},    {"dash", SHELL},  {"sh", SHELL},        {"ksh", SHELL},
    {"mksh", SHELL}, {"zsh", SHELL},     {"make", SHELL},  {"sed", SHELL},
};

enum language language_of(const char *interpreter)
{
    const char *slash = strrchr(interpreter, '/');
    const char *name = slash == NULL ? interpreter : slash + 1;
    for (size_t index = 0; index < sizeof languages / sizeof languages[0]; index++)
        if (strncmp(name, languages[index].prefix, strlen(languages[index].prefix)) == 0)
            return languages[index].language;
    return OTHER_LANGUAGE;
}

/* Copies the next word of a line, without the quotes around it. Returns what follows, NULL at the end of the line. */
static const char *next_word(const char *line, char word[PATH_MAX])
{
    static const char blanks[] = " \t'\"";
    line += strspn(line, blanks);
    size_t length = strcspn(line, " \t'\"\n;");
    if (length == 0 || length >= PATH_MAX)
        return NULL;
    memcpy(word, line, length);
    word[length] = '\0';
    return line + length;
}

/* Reads what follows the interpreter: options, then the script. */
static bool read_script(const char *line, struct launcher *launcher)
{
    char word[PATH_MAX];
    while ((line = next_word(line, word)) != NULL) {
        if (strcmp(word, "$0") == 0) {
            launcher->script[0] = '\0';
            return true;
        }
        if (word[0] == '/') {
            strcpy(launcher->script, word);
            return true;
        }
        if (word[0] != '-')
            return false;
    }
    return false;
}

static bool read_line(const char *line, struct launcher *launcher)
{
    char word[PATH_MAX];
    const char *rest = next_word(line, word);
    if (rest != NULL && strcmp(word, "eval") == 0) /* eval 'exec perl -S $0 "$@"' if 0; */
        rest = next_word(rest, word);
    bool replaces = rest != NULL && strcmp(word, "exec") == 0;
    if (replaces)
        rest = next_word(rest, word);
    if (rest == NULL || (!replaces && word[0] != '/'))
        return false;
    enum language language = language_of(word);
    if (language == OTHER_LANGUAGE || language == SHELL)
        return false;
    strcpy(launcher->interpreter, word);
    return read_script(rest, launcher);
}

bool launcher_find(const char *text, struct launcher *launcher)
{
    while (*text != '\0') {
        if (read_line(text, launcher))
            return true;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return false;
}
