/* Reads a service's files; called by v6shim enable and disable. */
#include "command/service/unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/service/unit_word.h"

#define SUFFIX       ".service"
#define DROP_INS_MAX 64
#define CONTINUED    '\\'

/* Those first that go before the others (systemd.unit(5)). The first of each is the one that is written to. */
static const char *const system_directories[] = {"/etc/systemd/system",           "/run/systemd/system",
                                                 "/run/systemd/generator.early",  "/run/systemd/transient",
                                                 "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
                                                 "/lib/systemd/system",           "/run/systemd/generator",
                                                 "/run/systemd/generator.late",   NULL};
static const char *const user_directories[] = {"",
                                               "/etc/systemd/user",
                                               "/run/systemd/user",
                                               "/usr/local/lib/systemd/user",
                                               "/usr/lib/systemd/user",
                                               "/lib/systemd/user",
                                               NULL};

/* One of them as a path; the user's own is below the home. */
static bool directory_path(const struct unit_search *search, const char *directory, char path[PATH_MAX])
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length;
    if (directory[0] != '\0')
        length = snprintf(path, PATH_MAX, "%s%s", search->root, directory);
    else if (config != NULL && config[0] == '/')
        length = snprintf(path, PATH_MAX, "%s%s/systemd/user", search->root, config);
    else if (home != NULL && home[0] == '/')
        length = snprintf(path, PATH_MAX, "%s%s/.config/systemd/user", search->root, home);
    else
        return false;
    return length < PATH_MAX;
}

static const char *const *directories_of(const struct unit_search *search)
{
    return search->user ? user_directories : system_directories;
}

bool unit_drop_in_directory(const struct unit_search *search, const char *name, char path[PATH_MAX])
{
    char base[PATH_MAX];
    return directory_path(search, directories_of(search)[0], base) &&
           snprintf(path, PATH_MAX, "%s/%s.d", base, name) < PATH_MAX;
}

/* --- one assignment --- */

/* Entries are added to the list that is there; one of the other kind than the first takes out of it. */
static void take_families(struct unit *unit, char *value)
{
    bool inverted = value[0] == '~';
    if (value[0] == '\0') {
        unit->families_restricted = unit->families_name_ipv6 = false;
        return;
    }
    if (!unit->families_restricted)
        unit->families_allow = !inverted;
    unit->families_restricted = true;
    value += inverted;
    for (const char *word; (word = unit_next_word(&value, UNIT_ESCAPES_NONE)) != NULL;)
        if (strcmp(word, "AF_INET6") == 0)
            unit->families_name_ipv6 = unit->families_allow != inverted;
}

static void take_addresses(struct unit *unit, char *value)
{
    if (value[0] == '\0')
        unit->addresses_allowed = unit->addresses_allow_ipv6 = false;
    for (const char *word; (word = unit_next_word(&value, UNIT_ESCAPES_NONE)) != NULL;) {
        unit->addresses_allowed = true;
        unit->addresses_allow_ipv6 |= strchr(word, ':') != NULL || strcmp(word, "any") == 0;
    }
}

/* With its prefixes (systemd.service(5)); the first is kept. */
static void take_program(struct unit *unit, char *value)
{
    if (value[0] == '\0')
        unit->program[0] = '\0';
    const char *word = unit->program[0] == '\0' ? unit_next_word(&value, UNIT_ESCAPES_RELAXED) : NULL;
    if (word != NULL)
        snprintf(unit->program, sizeof unit->program, "%s", word + strspn(word, "-@:+!|"));
}

static void set_preload(struct unit *unit, const char *value)
{
    free(unit->preload);
    unit->preload = value[0] != '\0' ? strdup(value) : NULL;
}

static void take_environment(struct unit *unit, char *value)
{
    static const char variable[] = "LD_PRELOAD=";
    if (value[0] == '\0')
        set_preload(unit, "");
    for (const char *word; (word = unit_next_word(&value, UNIT_ESCAPES_C)) != NULL;)
        if (strncmp(word, variable, sizeof variable - 1) == 0)
            set_preload(unit, word + sizeof variable - 1);
}

/* Its variables go before those of Environment=. "-" before the path: it may be missing. */
static void take_environment_file(struct unit *unit, const char *root, const char *value)
{
    static const char variable[] = "LD_PRELOAD=";
    char path[2 * PATH_MAX], *line = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s%s", root, value + (value[0] == '-'));
    FILE *file = fopen(path, "re");
    while (file != NULL && getline(&line, &size, file) > 0)
        if (strncmp(line + strspn(line, " \t"), variable, sizeof variable - 1) == 0)
            snprintf(unit->overrides, sizeof unit->overrides, "EnvironmentFile=%.*s", PATH_MAX - 20, value);
    free(line);
    if (file != NULL)
        fclose(file);
}

static void take_unset(struct unit *unit, char *value)
{
    for (const char *word; (word = unit_next_word(&value, UNIT_ESCAPES_C)) != NULL;)
        if (strcmp(word, "LD_PRELOAD") == 0)
            strcpy(unit->overrides, "UnsetEnvironment=");
}

static bool is_yes(const char *value)
{
    return strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 || strcmp(value, "on") == 0 ||
           strcmp(value, "1") == 0;
}

/* The value is written over. */
static void take(struct unit *unit, const char *root, const char *key, char *value)
{
    if (strcmp(key, "RestrictAddressFamilies") == 0)
        take_families(unit, value);
    else if (strcmp(key, "IPAddressAllow") == 0)
        take_addresses(unit, value);
    else if (strcmp(key, "ExecStart") == 0)
        take_program(unit, value);
    else if (strcmp(key, "Environment") == 0)
        take_environment(unit, value);
    else if (strcmp(key, "EnvironmentFile") == 0)
        take_environment_file(unit, root, value);
    else if (strcmp(key, "UnsetEnvironment") == 0)
        take_unset(unit, value);
    else if (strcmp(key, "RootDirectory") == 0 || strcmp(key, "RootImage") == 0)
        snprintf(unit->root, sizeof unit->root, "%s", value);
    else if (strcmp(key, "User") == 0)
        unit->other_user = value[0] != '\0' && strcmp(value, "root") != 0 && strcmp(value, "0") != 0;
    else if (strcmp(key, "DynamicUser") == 0)
        unit->other_user |= is_yes(value);
}

/* --- one file --- */

static void trim(char *text)
{
    size_t end = strlen(text);
    while (end > 0 && strchr(" \t\r\n", text[end - 1]) != NULL)
        text[--end] = '\0';
}

/* A line, with those that it is continued by; false at the end. */
static bool read_line(FILE *file, char **line, size_t *size)
{
    char *more = NULL;
    size_t more_size = 0;
    if (getline(line, size, file) < 0)
        return false;
    trim(*line);
    while ((*line)[0] != '#' && (*line)[0] != ';') {
        size_t length = strlen(*line);
        if (length == 0 || (*line)[length - 1] != CONTINUED || getline(&more, &more_size, file) < 0)
            break;
        trim(more);
        (*line)[length - 1] = ' ';
        if (more[0] == '#' || more[0] == ';')
            strcpy(more, "\\"); /* a comment within a continued line */
        char *joined = NULL;
        if (asprintf(&joined, "%s%s", *line, more) < 0)
            break;
        free(*line);
        *line = joined;
        *size = strlen(joined) + 1;
    }
    free(more);
    return true;
}

static void read_file(struct unit *unit, const char *root, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL, *equals;
    size_t size = 0;
    bool service = false;
    if (file == NULL)
        return;
    while (read_line(file, &line, &size)) {
        char *start = line + strspn(line, " \t");
        if (start[0] == '[')
            service = strcmp(start, "[Service]") == 0;
        if (!service || start[0] == '#' || start[0] == ';' || (equals = strchr(start, '=')) == NULL)
            continue;
        *equals = '\0';
        trim(start);
        take(unit, root, start, equals + 1 + strspn(equals + 1, " \t"));
    }
    free(line);
    fclose(file);
}

/* --- all files of a unit --- */

struct drop_ins {
    char *paths[DROP_INS_MAX];
    size_t count;
};

static const char *file_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

static int compare_names(const void *one, const void *other)
{
    return strcmp(file_name(*(char *const *)one), file_name(*(char *const *)other));
}

/* A file of the same name in a directory that goes before hides it. */
static void add_drop_in(struct drop_ins *list, const char *directory, const char *name, const char *own)
{
    size_t length = strlen(name);
    if (length < sizeof ".conf" || strcmp(name + length - strlen(".conf"), ".conf") != 0 || strcmp(name, own) == 0)
        return;
    for (size_t index = 0; index < list->count; index++)
        if (strcmp(file_name(list->paths[index]), name) == 0)
            return;
    if (list->count < DROP_INS_MAX && asprintf(&list->paths[list->count], "%s/%s", directory, name) > 0)
        list->count++;
}

static void find_drop_ins(const struct unit_search *search, const char *unit_name, const char *own,
                          struct drop_ins *list)
{
    char base[PATH_MAX], path[PATH_MAX];
    for (const char *const *directory = directories_of(search); *directory != NULL; directory++) {
        if (!directory_path(search, *directory, base) ||
            snprintf(path, sizeof path, "%s/%s.d", base, unit_name) >= PATH_MAX)
            continue;
        DIR *stream = opendir(path);
        for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;)
            add_drop_in(list, path, entry->d_name, own);
        if (stream != NULL)
            closedir(stream);
    }
}

/* a-b-.service.d, then a-.service.d, for a-b-c.service. */
static void find_prefix_drop_ins(const struct unit_search *search, const char *unit_name, const char *own,
                                 struct drop_ins *list)
{
    char prefix[UNIT_NAME_SIZE + sizeof SUFFIX];
    for (size_t length = strlen(unit_name) - strlen(SUFFIX); length > 1; length--) {
        if (unit_name[length - 1] != '-')
            continue;
        snprintf(prefix, sizeof prefix, "%.*s" SUFFIX, (int)length, unit_name);
        if (strcmp(prefix, unit_name) != 0)
            find_drop_ins(search, prefix, own, list);
    }
}

/* foo@.service of foo@bar.service; "" for a unit that is no instance. */
static void template_name(const char *name, char template[UNIT_NAME_SIZE])
{
    const char *at = strchr(name, '@');
    template[0] = '\0';
    if (at != NULL && strcmp(at + 1, SUFFIX) != 0)
        snprintf(template, UNIT_NAME_SIZE, "%.*s@%s", (int)(at - name), name, SUFFIX);
}

static bool find_file(const struct unit_search *search, const char *name, char path[PATH_MAX])
{
    char base[PATH_MAX];
    for (const char *const *directory = directories_of(search); *directory != NULL; directory++)
        if (directory_path(search, *directory, base) && snprintf(path, PATH_MAX, "%s/%s", base, name) < PATH_MAX &&
            access(path, F_OK) == 0)
            return true;
    return false;
}

/* systemd.unit(5): the characters of a name. */
bool unit_complete_name(const char *command, const char *name, char complete[UNIT_NAME_SIZE])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
    const char *dot = strrchr(name, '.');
    static const char *const others[] = {".socket", ".target", ".timer", ".path", ".mount", ".slice", ".scope"};
    for (size_t index = 0; dot != NULL && index < sizeof others / sizeof others[0]; index++)
        if (strcmp(dot, others[index]) == 0) {
            complain(command, "%s: only services have a program; which one does it start?", name);
            return false;
        }
    bool has_suffix = dot != NULL && strcmp(dot, SUFFIX) == 0;
    if (name[0] == '\0' || name[strspn(name, allowed)] != '\0' ||
        snprintf(complete, UNIT_NAME_SIZE, "%s%s", name, has_suffix ? "" : SUFFIX) >= UNIT_NAME_SIZE) {
        complain(command, "%s: not the name of a unit (systemd.unit(5))", name);
        return false;
    }
    return true;
}

bool unit_read(const char *command, const struct unit_search *search, const char *name, const char *own,
               struct unit *unit)
{
    char template[UNIT_NAME_SIZE];
    struct drop_ins list = {.count = 0};
    *unit = (struct unit){.families_allow = true};
    if (!unit_complete_name(command, name, unit->name))
        return false;
    template_name(unit->name, template);
    if (!find_file(search, unit->name, unit->file) &&
        (template[0] == '\0' || !find_file(search, template, unit->file))) {
        complain(command, "there is no unit %s%s; systemctl list-unit-files shows those that there are", unit->name,
                 search->user ? " of the user" : "");
        return false;
    }
    read_file(unit, search->root, unit->file);
    find_drop_ins(search, unit->name, own, &list);
    if (template[0] != '\0')
        find_drop_ins(search, template, own, &list);
    find_prefix_drop_ins(search, unit->name, own, &list);
    find_drop_ins(search, "service", own, &list); /* of all services */
    qsort(list.paths, list.count, sizeof list.paths[0], compare_names);
    for (size_t index = 0; index < list.count; index++) {
        read_file(unit, search->root, list.paths[index]);
        free(list.paths[index]);
    }
    return true;
}

bool unit_forbids_ipv6(const struct unit *unit)
{
    return unit->families_restricted && unit->families_allow != unit->families_name_ipv6;
}
