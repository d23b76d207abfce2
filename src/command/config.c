/* v6shim config: which settings are in force, where each comes from, and what is wrong with them. */
#include "config.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/common/command.h"
#include "command/common/config_target.h"
#include "command/common/options.h"
#include "command/common/setting_words.h"
#include "command/common/settings_options.h"

#define NAME          "config"
#define KEYWORD_WIDTH 17
#define VALUE_WIDTH   24
#define VALUES_MAX    512
#define NO_VALUE      "-"
#define SECRET        "alias-key" /* what is printed gets into bug reports */
#define NOT_SHOWN     "(not shown)"

/* A value that was taken. Of a setting that adds up there are several, otherwise the last counts. */
struct value {
    const struct setting *setting;
    char *source;
    unsigned line;
    char *text;
};

struct session {
    struct config_target target;
    struct settings_sources sources;
    struct settings settings;
    bool has_blocks;
    unsigned problems;
    struct value values[VALUES_MAX];
    size_t count;
};

static void print_help(void)
{
    puts("usage: v6shim config [OPTION]...\n"
         "       v6shim config [OPTION]... PROGRAM\n"
         "       v6shim config [OPTION]... --pid PID\n"
         "       v6shim config [OPTION]... --check [FILE]\n"
         "\n"
         "Prints the settings that are in force: for programs that this shell starts, for\n"
         "one of them, with the blocks of the configuration that are for it, or for a\n"
         "running process. Each has the file and line, the variable or the option that it\n"
         "comes from.\n"
         "\n"
         "      --pid PID          of this process, by what it was started with\n"
         "      --check            print only what is wrong, a line each: in FILE, otherwise\n"
         "                         in the files and variables that are in force\n"
         "      --json             print JSON\n"
         "      --prefer=ORDER and the other settings, as for v6shim run\n"
         "  -h, --help             print this\n"
         "\n"
         "Exit status: 0 done, 1 something is wrong (--check), or there is no such program,\n"
         "2 a bad option.");
}

/* --- what is taken --- */

static bool adds_up(const struct setting *setting)
{
    return setting->kind == SETTING_PREFIX_MAP || setting->kind == SETTING_REDIRECTS;
}

/* One that adds up has one more; any other, and a variable, takes the place of what was there. */
static void take(void *context, const struct setting *setting, const struct config_origin *origin)
{
    struct session *session = context;
    size_t kept = 0;
    for (size_t i = 0; i < session->count; i++) {
        struct value *value = &session->values[i];
        if (value->setting != setting || (adds_up(setting) && origin->line != 0)) {
            session->values[kept++] = *value;
            continue;
        }
        free(value->source);
        free(value->text);
    }
    session->count = kept;
    if (session->count == VALUES_MAX)
        return;
    bool secret = strcmp(setting->keyword, SECRET) == 0;
    session->values[session->count++] =
        (struct value){.setting = setting,
                       .source = strdup(origin->source),
                       .line = origin->line,
                       .text = secret ? strdup(NOT_SHOWN) : strndup(origin->value, origin->length)};
}

static const struct program_name *tell_program(void *context)
{
    struct session *session = context;
    session->has_blocks = true;
    return &session->target.name;
}

static void print_problem(void *context, const struct config_problem *problem)
{
    struct session *session = context;
    session->problems++;
    print_harmless(stdout, problem->source);
    if (problem->line != 0)
        printf(":%u:%u", problem->line, problem->column);
    printf(": %s%s\n", problem->message,
           problem->voids_block ? "; nothing below it is in force, up to the next program line" : "");
}

static void complain_problem(void *context, const struct config_problem *problem)
{
    struct session *session = context;
    session->problems++;
    if (problem->line != 0)
        complain(NAME, "%s:%u:%u: %s; ignored", problem->source, problem->line, problem->column, problem->message);
    else
        complain(NAME, "%s: %s; ignored", problem->source, problem->message);
}

/* --- files that can't be read --- */

static const char *words_for(const struct settings_file *file)
{
    return file->fault != NULL     ? file->fault
           : file->error == EFBIG  ? "only the first 64 KiB are read"
           : file->error == ENOENT ? "not there"
                                   : strerror(file->error);
}

/* Those of which nothing is said where they are not there. */
static void check_files(struct session *session)
{
    for (size_t i = 0; i < session->sources.count; i++) {
        const struct settings_file *file = &session->sources.files[i];
        if ((file->error == 0 && file->fault == NULL) || settings_sources_may_lack(&session->sources, file))
            continue;
        session->problems++;
        complain(NAME, "%s: %s", file->path, words_for(file));
    }
}

/* --- output --- */

static void print_origin(const struct value *value)
{
    if (value->line == 0 && settings_options_given(value->setting)) {
        printf("--%s\n", value->setting->keyword);
        return;
    }
    print_harmless(stdout, value->source);
    if (value->line != 0)
        printf(":%u", value->line);
    putchar('\n');
}

static void print_row(const struct setting *setting, const struct value *value)
{
    const char *text = value->text != NULL ? value->text : "";
    printf("%-*s  ", KEYWORD_WIDTH, setting->keyword);
    print_harmless(stdout, text);
    printf("%*s  ", strlen(text) < VALUE_WIDTH ? (int)(VALUE_WIDTH - strlen(text)) : 0, "");
    print_origin(value);
}

static void print_setting(const struct session *session, const struct setting *setting)
{
    bool found = false;
    for (size_t i = 0; i < session->count; i++) {
        if (session->values[i].setting != setting)
            continue;
        print_row(setting, &session->values[i]);
        found = true;
    }
    const char *initial = setting_words(setting)->initial;
    if (!found)
        printf("%-*s  %-*s  default\n", KEYWORD_WIDTH, setting->keyword, VALUE_WIDTH,
               initial[0] != '\0' ? initial : NO_VALUE);
}

static void print_text(const struct session *session)
{
    size_t count;
    const struct setting *list = config_list(&count);
    printf("%-*s  %-*s  %s\n", KEYWORD_WIDTH, "SETTING", VALUE_WIDTH, "VALUE", "FROM");
    for (size_t i = 0; i < count; i++)
        print_setting(session, &list[i]);
    putchar('\n');
    for (size_t i = 0; i < session->sources.count; i++) {
        const struct settings_file *file = &session->sources.files[i];
        print_harmless(stdout, file->path);
        printf(": %s\n", file->error == 0 && file->fault == NULL ? "read" : words_for(file));
    }
    if (session->has_blocks && session->target.name.executable == NULL)
        puts("Blocks for programs are left out; v6shim config PROGRAM shows them.");
}

static json_object *describe_value(const struct value *value)
{
    json_object *row = json_object_new_object();
    bool option = value->line == 0 && settings_options_given(value->setting);
    json_object_object_add(row, "value", json_object_new_string(value->text != NULL ? value->text : ""));
    json_object_object_add(row,
                           value->line != 0 ? "file"
                           : option         ? "option"
                                            : "variable",
                           json_object_new_string(option ? value->setting->keyword : value->source));
    if (value->line != 0)
        json_object_object_add(row, "line", json_object_new_int((int)value->line));
    return row;
}

static void print_json(const struct session *session)
{
    size_t count;
    const struct setting *list = config_list(&count);
    json_object *whole = json_object_new_object();
    for (size_t i = 0; i < count; i++) {
        json_object *rows = json_object_new_array();
        for (size_t k = 0; k < session->count; k++)
            if (session->values[k].setting == &list[i])
                json_object_array_add(rows, describe_value(&session->values[k]));
        const char *initial = setting_words(&list[i])->initial;
        if (json_object_array_length(rows) == 0 && initial[0] != '\0') {
            json_object *row = json_object_new_object();
            json_object_object_add(row, "value", json_object_new_string(initial));
            json_object_array_add(rows, row);
        }
        json_object_object_add(whole, list[i].keyword, rows);
    }
    puts(json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                   JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(whole);
}

/* --- the command --- */

static int check(struct session *session, const char *path)
{
    const struct config_reader reader = {.program = tell_program, .report = print_problem, .context = session};
    if (path == NULL) {
        config_target_open(&session->sources, &session->target);
        check_files(session);
        settings_sources_read(&session->sources, &session->target.process, &reader);
    } else {
        struct settings_file *file = &session->sources.files[0];
        *file = (struct settings_file){.path = path};
        settings_file_read(file, SETTINGS_FILE_ANY);
        session->sources.count = 1;
        session->sources.named = true;
        check_files(session);
        if (file->text != NULL)
            config_parse(file->text, file->length, path, &reader);
    }
    return session->problems == 0 ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static int show(struct session *session, bool json)
{
    const struct config_reader reader = {.settings = &session->settings,
                                         .program = tell_program,
                                         .report = complain_problem,
                                         .taken = take,
                                         .context = session};
    config_target_open(&session->sources, &session->target);
    check_files(session);
    settings_sources_read(&session->sources, &session->target.process, &reader);
    if (json)
        print_json(session);
    else
        print_text(session);
    return EXIT_STATUS_OK;
}

int config_command(int argc, char **argv)
{
    static struct session session;
    bool checks = false, json = false;
    const char *pid = NULL;
    const struct command_option options[] = {
        {"check", 0, &checks, NULL}, {"json", 0, &json, NULL}, {"pid", 0, NULL, &pid}, {0}};
    int status = options_take_with_settings(NAME, argc, argv, options, OPTIONS_ANYWHERE, print_help);
    if (status != -1)
        return status;
    const char *word = argv[optind];
    if (argc - optind > 1 || (pid != NULL && (word != NULL || checks)) || (checks && json)) {
        complain(NAME, "wants one program, or --pid, or --check and one file; see v6shim config --help");
        return EXIT_STATUS_USAGE;
    }
    config_target_shell(&session.target);
    if (checks)
        return check(&session, word);
    status = pid != NULL    ? config_target_process(NAME, &session.target, pid)
             : word != NULL ? config_target_program(NAME, &session.target, word)
                            : EXIT_STATUS_OK;
    return status != EXIT_STATUS_OK ? status : show(&session, json);
}
