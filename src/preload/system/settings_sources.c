/* Finds and reads what the settings come from; called by settings.c at the start, and by v6shim config. */
#include "preload/system/settings_sources.h"

#include <errno.h>
#include <string.h>

#include "core/linker/start.h"

/* The variables that say where files are. */
struct places {
    const char *named, *config_home, *home; /* NULL, or not empty */
};

/* The value where the variable is of that name; otherwise what was there. */
static START_CODE const char *value_if(const char *variable, const char *name, const char *before)
{
    if (variable[0] != name[0] || before != NULL) /* of nearly all, the first letter tells */
        return before;
    size_t length = strlen(name);
    if (strncmp(variable, name, length) != 0 || variable[length] != '=')
        return before;
    return variable + length + 1; /* the first of that name counts, as for getenv(), though it be empty */
}

static START_CODE struct places find_places(char **environment)
{
    struct places places = {NULL, NULL, NULL};
    for (; environment != NULL && *environment != NULL; environment++) {
        places.named = value_if(*environment, "V6SHIM_CONF", places.named);
        places.config_home = value_if(*environment, "XDG_CONFIG_HOME", places.config_home);
        places.home = value_if(*environment, "HOME", places.home);
    }
    return places;
}

/* Where the user's own file is. False: there is none to look for. */
static START_CODE bool find_own_path(const struct places *places, char path[PATH_MAX])
{
    struct text text = text_on(path, PATH_MAX);
    bool has_config_home = places->config_home != NULL && places->config_home[0] == '/';
    const char *directory = has_config_home ? places->config_home : places->home;
    if (directory == NULL || directory[0] != '/')
        return false;
    text_add(&text, directory);
    text_add(&text, has_config_home ? "/" SETTINGS_FILE_NAME : "/" SETTINGS_HOME "/" SETTINGS_FILE_NAME);
    return text.length + 1 < text.size; /* else it was cut */
}

START_CODE void settings_sources_open(struct settings_sources *sources, const struct settings_process *process)
{
    const struct places places = find_places(process->environment);
    sources->named = places.named != NULL && places.named[0] != '\0';
    sources->files[0] = (struct settings_file){.path = sources->named ? places.named : SETTINGS_FILE};
    settings_file_read(&sources->files[0], SETTINGS_FILE_ANY);
    sources->count = 1;
    if (sources->named || process->user == 0 || !find_own_path(&places, sources->own_path))
        return;
    sources->files[1] = (struct settings_file){.path = sources->own_path};
    settings_file_read(&sources->files[1], process->user);
    sources->count = 2;
}

static START_CODE void read_variables(char **environment, const struct config_reader *reader)
{
    for (char **variable = environment; variable != NULL && *variable != NULL; variable++) {
        if ((*variable)[0] != SETTING_VARIABLE_PREFIX[0] ||
            strncmp(*variable, SETTING_VARIABLE_PREFIX, sizeof SETTING_VARIABLE_PREFIX - 1) != 0)
            continue; /* most of them, and they may be long */
        size_t length = strcspn(*variable, "=");
        if ((*variable)[length] == '=' && config_is_variable(*variable, length))
            config_set_variable(*variable, length, *variable + length + 1, reader);
    }
}

START_CODE void settings_sources_read(const struct settings_sources *sources, const struct settings_process *process,
                                      const struct config_reader *reader)
{
    if (reader->settings != NULL)
        config_defaults(reader->settings);
    for (size_t i = 0; i < sources->count; i++)
        if (sources->files[i].text != NULL)
            config_parse(sources->files[i].text, sources->files[i].length, sources->files[i].path, reader);
    read_variables(process->environment, reader);
}

START_CODE void settings_sources_close(struct settings_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        settings_file_release(&sources->files[i]);
}

START_CODE bool settings_sources_may_lack(const struct settings_sources *sources, const struct settings_file *file)
{
    if (sources->named || file->fault != NULL)
        return false;
    return file->error == ENOENT ||
           (file->path == sources->own_path && (file->error == ENOTDIR || file->error == EACCES));
}
