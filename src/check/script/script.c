/*
 * The check of a script: by the words of its text and of the modules that came with it. Whether the shim reaches it
 * is a matter of its interpreter.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/file/file.h"
#include "check/script/language.h"

#define BIT(name)      FACT_BIT(FACT_##name)
#define SCRIPT_LONGEST (4u << 20)
#define MODULE_FILES   400 /* looked at for one script */
#define MODULE_DEPTH   2
#define FOLLOWED       5 /* scripts that are interpreters of scripts: as many as the kernel follows */

static const struct {
    enum language language;
    const char *word;
    enum fact fact;
    const char *symbol;
    const char *import;
} words[] = {
#define WORD(language, word, fact, symbol, import) {language, word, FACT_##fact, symbol, import},
#include "check/script/words.def"
#undef WORD
};

struct script {
    struct checker *checker;
    struct report *report;
    enum language language;
    facts_t facts;
    unsigned files;
    char *seen[MODULE_FILES]; /* the modules among them */
    unsigned depth;           /* of modules that bring in modules */
    char directory[PATH_MAX]; /* where the script lies */
    char prefix[PATH_MAX];    /* above the named script's directory: /usr for /usr/bin/x */
};

static bool is_word_character(int character)
{
    return isalnum(character) || character == '_';
}

/* Finds the word standing alone, outside whole-line comments. Returns its line number, or 0. */
static unsigned find_word(const char *text, size_t size, const char *word)
{
    size_t length = strlen(word);
    const char *end = text + size;
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), word, length)) != NULL; at += length) {
        if (at > text && is_word_character(at[-1]) && is_word_character(word[0]))
            continue;
        if (at + length < end && is_word_character(at[length]))
            continue;
        const char *line = at;
        while (line > text && line[-1] != '\n')
            line--;
        while (line < at && (*line == ' ' || *line == '\t'))
            line++;
        if (*line == '#' || (line[0] == '/' && line[1] == '/' && word[0] != '/'))
            continue;
        unsigned number = 1;
        for (const char *before = text; before < at; before++)
            number += *before == '\n';
        return number;
    }
    return 0;
}

/* Whether a line of the text imports the module ("import a, b", "from a.c import d"). */
static bool imports(const char *text, const char *module)
{
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n"), blanks = strspn(line, " \t");
        bool import = strncmp(line + blanks, "import ", 7) == 0, from = strncmp(line + blanks, "from ", 5) == 0;
        if ((import || from) && find_word(line + blanks, length - blanks, module) != 0)
            return true;
        line += length + (line[length] == '\n');
    }
    return false;
}

/* The whole file, in new memory and followed by NUL, or NULL: no file, too long, no memory. */
static char *read_text(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    char *text = NULL;
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size < (off_t)SCRIPT_LONGEST)
        text = malloc((size_t)status.st_size + 1);
    if (text != NULL) {
        ssize_t length = read(fd, text, (size_t)status.st_size);
        *size = length < 0 ? 0 : (size_t)length;
        text[*size] = '\0';
    }
    if (fd >= 0)
        close(fd);
    return text;
}

/* Perl's documentation inside the program is no program: blanked, line ends kept. */
static void blank_documentation(char *text)
{
    bool inside = false;
    for (char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        bool ends = strncmp(line, "=cut", 4) == 0;
        if (line[0] == '=' && isalpha((unsigned char)line[1]))
            inside = true;
        if (strncmp(line, "__END__", 7) == 0)
            inside = true;
        if (inside)
            memset(line, ' ', length);
        if (ends)
            inside = false;
        line += length + (line[length] == '\n');
    }
}

/* `path` is a module's; NULL: the script itself. Of a module, addresses alone mean little: it may be a toolbox. */
static void scan_text(struct script *script, const char *path, char *text, size_t size)
{
    facts_t minor = path == NULL ? 0 : BIT(NAME_OLD) | BIT(TEXT_OLD) | BIT(PRINT_OLD);
    if (script->language == PERL)
        blank_documentation(text);
    const char *absent = NULL; /* a module that the text doesn't so much as name: most files are done with that */
    for (size_t index = 0; index < sizeof words / sizeof words[0]; index++) {
        const char *import = words[index].import;
        if (words[index].language != script->language || (FACT_BIT(words[index].fact) & minor) != 0 ||
            (absent != NULL && strcmp(import, absent) == 0))
            continue;
        if (import[0] != '\0' && memmem(text, size, import, strlen(import)) == NULL) {
            absent = import;
            continue;
        }
        unsigned line = find_word(text, size, words[index].word);
        if (line == 0 || (import[0] != '\0' && !imports(text, import)))
            continue;
        script->facts |= FACT_BIT(words[index].fact);
        const char *symbol = words[index].symbol;
        struct evidence evidence = {
            .symbol = symbol[0] != '\0' ? symbol : words[index].word,
            .file = path,
            .line = line,
            .detail = words[index].word,
        };
        if (symbol[0] != '\0')
            report_add_gap(script->report, fact_gap(words[index].fact), &evidence);
        else
            report_add_credit(script->report, fact_text(words[index].fact), &evidence);
    }
}

/* --- modules --- */

static void scan_modules(struct script *script, const char *text);

static void scan_module_file(struct script *script, const char *path)
{
    for (unsigned index = 0; index < script->files; index++)
        if (strcmp(script->seen[index], path) == 0)
            return;
    char *copy = script->files < MODULE_FILES ? strdup(path) : NULL;
    if (copy == NULL)
        return;
    script->seen[script->files++] = copy;
    size_t size = 0;
    char *text = read_text(path, &size);
    if (text != NULL) {
        scan_text(script, path, text, size);
        if (script->language == PERL && script->depth < MODULE_DEPTH)
            scan_modules(script, text);
    }
    free(text);
}

/* Some/Module.pm, where distributions put the modules that aren't the language's own. */
static void scan_perl_module(struct script *script, const char *name)
{
    static const char *const patterns[] = {"share/perl5", "lib/*/perl5/*"};
    for (size_t index = 0; index < sizeof patterns / sizeof patterns[0]; index++) {
        char path[PATH_MAX];
        glob_t found;
        if (snprintf(path, sizeof path, "%s/%s/%s.pm", script->prefix, patterns[index], name) >= (int)sizeof path ||
            glob(path, GLOB_NOSORT, NULL, &found) != 0)
            continue;
        for (size_t file = 0; file < found.gl_pathc; file++)
            scan_module_file(script, found.gl_pathv[file]);
        globfree(&found);
    }
}

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), wanted = strlen(ending);
    return length > wanted && strcmp(name + length - wanted, ending) == 0;
}

/* All files with that ending in the directory and below it, but tests. */
static void scan_tree(struct script *script, char *directory, const char *ending)
{
    char *roots[] = {directory, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_D && strncmp(entry->fts_name, "test", 4) == 0)
            fts_set(tree, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F && ends_with(entry->fts_name, ending))
            scan_module_file(script, entry->fts_path);
    }
    if (tree != NULL)
        fts_close(tree);
}

/* module.py, or the directory of that name. */
static void scan_python_module(struct script *script, const char *name)
{
    char path[PATH_MAX + sizeof "/os.py"];
    snprintf(path, sizeof path, "%s/os.py", script->directory);
    bool standard = access(path, F_OK) == 0; /* its neighbours are the language's own */
    const char *const places[][2] = {
        {script->prefix, "/lib/python3/dist-packages"}, {script->prefix, "/share"}, {script->directory, ""}};
    for (size_t index = 0; index < sizeof places / sizeof places[0] - standard; index++) {
        int length = snprintf(path, sizeof path, "%s%s/%s.py", places[index][0], places[index][1], name);
        if (length >= (int)sizeof path)
            continue;
        if (access(path, R_OK) == 0)
            scan_module_file(script, path);
        path[length - 3] = '\0';
        scan_tree(script, path, ".py");
    }
}

/* A module that words.def knows says enough by its name. */
static bool is_known_module(const struct script *script, const char *name, size_t length)
{
    for (size_t index = 0; index < sizeof words / sizeof words[0]; index++)
        if (words[index].language == script->language && strlen(words[index].word) == length &&
            strncmp(words[index].word, name, length) == 0)
            return true;
    return false;
}

/* Where the name of the module begins that a line brings in; an entry script names its distribution instead. */
static const char *python_module(const char *line)
{
    static const char *const beginnings[] = {"import ", "from ", "__requires__ = '"};
    for (size_t index = 0; index < sizeof beginnings / sizeof beginnings[0]; index++)
        if (strncmp(line, beginnings[index], strlen(beginnings[index])) == 0)
            return line + strlen(beginnings[index]);
    return NULL;
}

/* "use Some::Module", also quoted in an eval, and the first class of "use base qw(Some::Module)". */
static const char *perl_module(const char *line)
{
    static const char *const beginnings[] = {"use ", "require ", "eval \"use ", "eval { require ", "eval {require "};
    static const char *const parents[] = {"base ", "parent "};
    for (size_t index = 0; index < sizeof beginnings / sizeof beginnings[0]; index++) {
        if (strncmp(line, beginnings[index], strlen(beginnings[index])) != 0)
            continue;
        const char *name = line + strlen(beginnings[index]);
        for (size_t parent = 0; parent < sizeof parents / sizeof parents[0]; parent++)
            if (strncmp(name, parents[parent], strlen(parents[parent])) == 0) {
                name += strlen(parents[parent]);
                name += strspn(name, " '\"(");
                return strncmp(name, "qw", 2) == 0 ? name + 2 + strspn(name + 2, " (/") : name;
            }
        return name;
    }
    return NULL;
}

/* Looks at the modules that lines like "use Some::Module" and "from some.module import name" bring in. */
static void scan_modules(struct script *script, const char *text)
{
    script->depth++;
    while (*text != '\0') {
        const char *line = text + strspn(text, " \t");
        size_t length = strcspn(line, "\n"), used = 0, taken = 0;
        const char *name = script->language == PERL ? perl_module(line) : python_module(line);
        char module[256];
        for (; name != NULL && used + 1 < sizeof module && (is_word_character(name[taken]) || name[taken] == ':');
             taken++)
            if (name[taken] != ':')
                module[used++] = name[taken];
            else if (name[taken + 1] == ':')
                module[used++] = '/';
        module[used] = '\0';
        if (used > 0 && !is_known_module(script, name, taken)) {
            if (script->language == PERL)
                scan_perl_module(script, module);
            else
                scan_python_module(script, module);
        }
        text = line + length + (line[length] == '\n');
    }
    script->depth--;
}

/* --- the interpreter --- */

/* From a script to the interpreter that the kernel ends up with; false where it isn't there, `path` then naming it.
 */
static bool find_interpreter(const struct program *script, char path[PATH_MAX], struct program *interpreter)
{
    *interpreter = *script;
    for (unsigned followed = 0; followed < FOLLOWED && interpreter->kind == PROGRAM_SCRIPT; followed++)
        if (!program_follow_script(path, interpreter))
            return false;
    return interpreter->kind == PROGRAM_DYNAMIC || interpreter->kind == PROGRAM_STATIC ||
           interpreter->kind == PROGRAM_STATIC_PIE;
}

static void conclude(struct script *script, const struct program *interpreter, bool found)
{
    struct report *report = script->report;
    facts_t inet6 = script->facts & (BIT(NAME_NEW) | BIT(SOCKET_INET6));
    facts_t inet = script->facts & facts_against;
    if (inet6 != 0) {
        report->verdict = VERDICT_READY;
        report->reason = check_describe(report, inet6);
        for (struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
            gap->severity = GAP_NOTE;
    } else if (inet != 0) {
        if (found && interpreter->kind != PROGRAM_DYNAMIC)
            report_add_gap(report, GAP_STATIC_PROGRAM, &(struct evidence){.detail = "the interpreter"});
        if (found)
            check_obstacles(script->checker, report, interpreter);
        check_conclude_ipv4(report, script->facts | BIT(CONNECT));
    } else if (script->language == OTHER_LANGUAGE) {
        report->verdict = VERDICT_UNKNOWN;
        report->reason = "a script in a language that is not read here";
    } else {
        report->verdict = VERDICT_NO_NETWORK;
        report->reason = script->language == SHELL
                             ? "a shell script: the programs it starts have verdicts of their own"
                             : "nothing in its text reaches for the network";
    }
}

/* --- the script --- */

static void set_places(struct script *script, const char *path)
{
    char real[PATH_MAX];
    if (realpath(path, real) == NULL)
        return;
    *strrchr(real, '/') = '\0';
    strcpy(script->directory, real);
    char *above = strrchr(real, '/');
    snprintf(script->prefix, sizeof script->prefix, "%.*s", above == NULL ? 0 : (int)(above - real), real);
}

/* The file that a launcher names: in the tree that the launcher lies in, else as it is. */
static char *read_launched(struct script *script, const struct launcher *launcher, size_t *size)
{
    static const char top[] = "/usr/";
    char path[PATH_MAX];
    char *text = NULL;
    if (strncmp(launcher->script, top, strlen(top)) == 0 &&
        snprintf(path, sizeof path, "%s/%s", script->prefix, launcher->script + strlen(top)) < (int)sizeof path)
        text = read_text(path, size);
    if (text == NULL) {
        strcpy(path, launcher->script);
        text = read_text(path, size);
    }
    char *slash = text == NULL ? NULL : strrchr(path, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    strcpy(script->directory, path);
    report_add_note(script->report, report_print(script->report, "it starts %s", launcher->script));
    return text;
}

/* A shell script that only starts another interpreter is judged as what that one reads. */
static char *follow_launch(struct script *script, char *text, size_t *size, struct program *interpreter, bool *found)
{
    struct launcher launcher;
    if (script->language != SHELL || !launcher_find(text, &launcher))
        return text;
    if (launcher.script[0] != '\0') {
        char *launched = read_launched(script, &launcher, size);
        if (launched == NULL)
            return text;
        free(text);
        text = launched;
    }
    struct program start = {.kind = PROGRAM_SCRIPT};
    bool bare = strchr(launcher.interpreter, '/') == NULL;
    strcpy(start.interpreter, bare ? "/usr/bin/env" : launcher.interpreter);
    if (bare && strlen(launcher.interpreter) < sizeof start.argument)
        strcpy(start.argument, launcher.interpreter);
    char path[PATH_MAX];
    *found = find_interpreter(&start, path, interpreter);
    script->language = language_of(launcher.interpreter);
    return text;
}

/* The script and the modules that came with it. */
static void scan(struct script *script, char *text, size_t size)
{
    scan_text(script, NULL, text, size);
    if (script->language == PERL || script->language == PYTHON)
        scan_modules(script, text);
    if (script->language == TCL && !ends_with(script->directory, "bin") && !ends_with(script->directory, "/games"))
        scan_tree(script, script->directory, ".tcl");
    for (unsigned index = 0; index < script->files; index++)
        free(script->seen[index]);
}

void check_script(struct checker *checker, struct report *report, const struct program *program)
{
    struct script script = {.checker = checker, .report = report};
    char path[PATH_MAX] = "";
    struct program interpreter;
    bool found = find_interpreter(program, path, &interpreter);
    report->interpreter = report_copy(report, path);
    script.language = language_of(path);
    if (!found)
        report_add_note(report, report_print(report, "its interpreter %s is not here", path));
    set_places(&script, report->path);
    size_t size = 0;
    char *text = read_text(report->path, &size);
    if (text == NULL) {
        report->error = "it can't be read, or is too long for a script";
        return;
    }
    text = follow_launch(&script, text, &size, &interpreter, &found);
    scan(&script, text, size);
    free(text);
    conclude(&script, &interpreter, found);
}
