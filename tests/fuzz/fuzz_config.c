/* core/settings/config on arbitrary bytes: as a file, and cut at the first '=' as a variable. What it leaves behind
   has to be in range, and each complaint one printable line that points into the text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/settings/config.h"
#include "core/settings/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_problem(void *context, const struct config_problem *problem)
{
    const size_t *size = context;
    require(problem->column >= 1 && problem->column <= *size + 1);
    for (const char *character = problem->message; *character != '\0'; character++)
        require(isprint((unsigned char)*character));
    for (const char *character = problem->source; *character != '\0'; character++)
        require(isprint((unsigned char)*character));
}

static void check_settings(const struct settings *settings)
{
    require(settings->prefer <= PREFER_IPV4 && settings->families <= FAMILIES_INET6);
    require(settings->aware <= AWARE_NO && settings->log <= LOG_LEVEL_DEBUG);
    require(settings->resolution_delay_ms <= 10000);
    require(settings->alias_pool.length >= 8 && settings->alias_pool.length <= 28);
    require(memchr(settings->alias_key, '\0', sizeof settings->alias_key) != NULL);
    require(memchr(settings->state_dir, '\0', sizeof settings->state_dir) != NULL);
    require(memchr(settings->log_file, '\0', sizeof settings->log_file) != NULL);
    require(settings->state_dir[0] == '\0' || settings->state_dir[0] == '/');
}

/* A map is not in the list of settings yet: parsed directly. */
static void try_map(const char *text, size_t length)
{
    static const struct setting map = {
        .keyword = "map", .constraint = "IPv6=IPv4", .kind = SETTING_PREFIX_MAP, .size = sizeof(struct prefix_map)};
    struct prefix_map field = {.count = PREFIX_MAP_SIZE - 2};
    struct setting_fault fault;
    if (!setting_parse(&map, text, length, &field, &fault))
        require(fault.offset + fault.length <= length && field.count == PREFIX_MAP_SIZE - 2);
    require(field.count <= PREFIX_MAP_SIZE);
}

static void try_variable(const char *text, size_t length)
{
    struct settings settings = {0};
    char *copy = malloc(length + 1);
    require(copy != NULL);
    memcpy(copy, text, length);
    copy[length] = '\0';
    size_t name = strcspn(copy, "=");
    config_defaults(&settings);
    if (copy[name] == '=' && config_is_variable(copy, name))
        config_set_variable(
            copy, name, copy + name + 1,
            &(struct config_reader){.settings = &settings, .report = check_problem, .context = &length});
    check_settings(&settings);
    free(copy);
}

static const struct program_name *program_of(void *context)
{
    static const struct program_name program = {"/usr/bin/perl5", "/opt/old/fetch.pl"};
    (void)context;
    return &program;
}

/* The first half as a pattern, on the second. */
static void try_pattern(const char *text, size_t length)
{
    char rest[256];
    size_t half = length / 2, offset, size = length - half < sizeof rest ? length - half : sizeof rest - 1;
    memcpy(rest, text + half, size);
    rest[size] = '\0';
    bool whole = pattern_is_whole(text, half, &offset);
    require(whole ? offset == half : offset < half);
    require(!pattern_matches(text, half, rest) || whole);
}

/* Whatever stands below the head of another program's block, or below one that is none, sets nothing, up to a program
   line. */
static void try_block(const char *text, size_t length)
{
    static const char *const heads[] = {"program other\n", "[perl5]\n", "progrm perl5\n", "program [perl5\n"};
    static struct settings before, after; /* static: no padding that differs */
    const char *head = heads[length % (sizeof heads / sizeof heads[0])];
    size_t head_length = strlen(head);
    char *block = malloc(head_length + length);
    require(block != NULL);
    memcpy(block, head, head_length);
    if (length > 0)
        memcpy(block + head_length, text, length);
    memset(&after, 0, sizeof after);
    config_parse(block, head_length + length, "file",
                 &(struct config_reader){.settings = &after, .program = program_of});
    require(memmem(text, length, "program", strlen("program")) != NULL || memcmp(&before, &after, sizeof after) == 0);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings = {0};
    const char *text = (const char *)data;
    struct config_reader reader = {
        .settings = &settings, .program = program_of, .report = check_problem, .context = &size};
    config_defaults(&settings);
    config_parse(text, size, "file", &reader);
    check_settings(&settings);
    reader.settings = NULL; /* only checked */
    config_parse(text, size, "file", &reader);
    try_block(text, size);
    try_pattern(text, size);
    try_variable(text, size);
    try_map(text, size);
    return 0;
}
