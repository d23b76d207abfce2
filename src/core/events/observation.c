/* Makes a line of JSON of an observation; called by the observer. */
#include "core/events/observation.h"

#include "core/base/json_line.h"

/* What is told of a path or a name, at most. */
#define PATH_LENGTH_MAX 1500u
#define NAME_LENGTH_MAX 600u

struct observation observation_of(const char *call)
{
    return (struct observation){
        .call = call,
        .fd = OBSERVATION_NONE,
        .family = OBSERVATION_NONE,
        .type = OBSERVATION_NONE,
        .port = OBSERVATION_NONE,
        .room = OBSERVATION_NONE,
        .level = OBSERVATION_NONE,
        .option = OBSERVATION_NONE,
    };
}

const char *origin_kind_name(enum origin_kind kind)
{
    static const char *const names[ORIGIN_KIND_COUNT] = {
#define ORIGIN(kind, name) [ORIGIN_##kind] = (name),
        ORIGIN_KINDS(ORIGIN)
#undef ORIGIN
    };
    return names[kind];
}

static void add_string(struct text *text, const char *key, const char *string, size_t most)
{
    if (string == NULL)
        return;
    json_line_string(text, key, string, most);
}

static void add_number(struct text *text, const char *key, int64_t number, int64_t none)
{
    if (number == none)
        return;
    json_line_number(text, key, number);
}

static void add_flag(struct text *text, const char *key, bool flag)
{
    if (!flag)
        return;
    json_line_key(text, key);
    text_add(text, "true");
}

static void add_origin(struct text *text, const struct origin *origin)
{
    if (origin == NULL)
        return;
    json_line_key(text, "origin");
    text_add(text, "{");
    add_string(text, "kind", origin_kind_name(origin->kind), NAME_LENGTH_MAX);
    add_string(text, "call", origin->call, NAME_LENGTH_MAX);
    add_string(text, "name", origin->name[0] != '\0' ? origin->name : NULL, NAME_LENGTH_MAX);
    add_number(text, "index", origin->index, 0);
    add_number(text, "count", origin->count, 0);
    add_flag(text, "either_family", origin->either_family);
    add_flag(text, "literal", origin->literal);
    text_add(text, "}");
}

void observation_to_json(const struct observation *observation, struct text *text)
{
    text_add(text, "{");
    add_string(text, "call", observation->call, NAME_LENGTH_MAX);
    add_number(text, "pid", observation->pid, 0);
    add_number(text, "parent", observation->parent, 0);
    add_string(text, "object", observation->object, PATH_LENGTH_MAX);
    add_number(text, "offset", (int64_t)observation->offset, 0);
    add_number(text, "fd", observation->fd, OBSERVATION_NONE);
    add_number(text, "family", observation->family, OBSERVATION_NONE);
    add_number(text, "type", observation->type, OBSERVATION_NONE);
    if (observation->address.family != AF_UNSPEC) {
        char printed[ADDRESS_TEXT_SIZE];
        add_string(text, "address", address_print(&observation->address, printed), ADDRESS_TEXT_SIZE);
    }
    add_number(text, "port", observation->port, OBSERVATION_NONE);
    add_number(text, "room", observation->room, OBSERVATION_NONE);
    add_number(text, "level", observation->level, OBSERVATION_NONE);
    add_number(text, "option", observation->option, OBSERVATION_NONE);
    add_number(text, "error", observation->error, 0);
    add_string(text, "name", observation->name, observation->parent != 0 ? PATH_LENGTH_MAX : NAME_LENGTH_MAX);
    add_flag(text, "literal", observation->literal);
    add_origin(text, observation->origin);
    add_number(text, "lost", observation->lost, 0);
    text_add(text, "}\n");
}
