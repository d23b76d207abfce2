/* Reads one line of the observer; called by check/run/program.c. */
#include "check/run/line.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command/common/line_field.h"

#define MIX UINT64_C(0x9e3779b97f4a7c15)

/* The zone, a number, is not needed: what is said of an address doesn't depend on it. */
static bool read_address(json_object *object, struct ip_address *address)
{
    const char *text;
    char bare[ADDRESS_TEXT_SIZE] = "";
    struct in_addr ipv4;
    struct in6_addr ipv6;
    *address = (struct ip_address){0};
    if (!line_field_text(object, "address", sizeof bare - 1, &text))
        return false;
    if (text == NULL)
        return true;
    memcpy(bare, text, strcspn(text, "%"));
    if (inet_pton(AF_INET, bare, &ipv4) == 1)
        *address = address_ipv4(ipv4);
    else if (inet_pton(AF_INET6, bare, &ipv6) == 1)
        *address = address_ipv6(&ipv6, 0);
    return address->family != AF_UNSPEC;
}

static bool find_kind(const char *name, enum origin_kind *kind)
{
    for (unsigned number = 0; name != NULL && number < ORIGIN_KIND_COUNT; number++) {
        *kind = (enum origin_kind)number;
        if (strcmp(origin_kind_name(*kind), name) == 0)
            return true;
    }
    return false;
}

/* The call that gave it is told of every kind but of those that no call did. */
static bool has_its_call(const struct origin *origin)
{
    return origin->call != NULL || origin->kind == ORIGIN_NONE || origin->kind == ORIGIN_UNKNOWN;
}

static bool read_origin(json_object *given, struct origin *origin)
{
    const char *kind, *name;
    int64_t index, count;
    if (!json_object_is_type(given, json_type_object) || !line_field_text(given, "kind", RUN_LINE_NAME_MAX, &kind) ||
        !find_kind(kind, &origin->kind) || !line_field_text(given, "call", RUN_LINE_NAME_MAX, &origin->call) ||
        !has_its_call(origin) || !line_field_text(given, "name", RUN_LINE_NAME_MAX, &name) ||
        !line_field_number(given, "index", 0, UINT16_MAX, 0, &index) ||
        !line_field_number(given, "count", 0, UINT16_MAX, 0, &count) ||
        !line_field_flag(given, "either_family", &origin->either_family) ||
        !line_field_flag(given, "literal", &origin->literal))
        return false;
    if (name != NULL)
        strncpy(origin->name, name, sizeof origin->name - 1);
    origin->index = (uint16_t)index;
    origin->count = (uint16_t)count;
    return true;
}

/* A number that the program gave to a call may be any. */
static bool read_int(json_object *object, const char *key, int least, int most, int otherwise, int *number)
{
    int64_t value;
    bool good = line_field_number(object, key, least, most, otherwise, &value);
    *number = good ? (int)value : otherwise;
    return good;
}

static bool read_numbers(json_object *object, struct observation *observation)
{
    int64_t offset, lost;
    bool good = line_field_number(object, "offset", 0, INT64_MAX, 0, &offset) &&
                line_field_number(object, "pid", LINE_PID_MIN, INT32_MAX, 0, &observation->pid) &&
                line_field_number(object, "parent", 1, INT32_MAX, 0, &observation->parent) &&
                line_field_number(object, "lost", 0, INT32_MAX, 0, &lost);
    observation->offset = good ? (uint64_t)offset : 0;
    observation->lost = good ? (unsigned)lost : 0;
    return good && read_int(object, "fd", INT_MIN, INT_MAX, OBSERVATION_NONE, &observation->fd) &&
           read_int(object, "family", INT_MIN, INT_MAX, OBSERVATION_NONE, &observation->family) &&
           read_int(object, "type", INT_MIN, INT_MAX, OBSERVATION_NONE, &observation->type) &&
           read_int(object, "port", 0, UINT16_MAX, OBSERVATION_NONE, &observation->port) &&
           read_int(object, "room", INT_MIN, INT_MAX, OBSERVATION_NONE, &observation->room) &&
           read_int(object, "level", INT_MIN, INT_MAX, OBSERVATION_NONE, &observation->level) &&
           read_int(object, "option", INT_MIN, INT_MAX, OBSERVATION_NONE, &observation->option) &&
           read_int(object, "error", 0, INT_MAX, 0, &observation->error);
}

static bool read_observation(json_object *object, struct run_line *line)
{
    json_object *origin;
    struct observation *observation = &line->observation;
    if (!read_numbers(object, observation) || !read_address(object, &observation->address) ||
        !line_field_text(object, "object", PATH_MAX - 1, &observation->object) ||
        !line_field_text(object, "name", PATH_MAX - 1, &observation->name) ||
        !line_field_flag(object, "literal", &observation->literal))
        return false;
    if (!json_object_object_get_ex(object, "origin", &origin))
        return true;
    observation->origin = &line->origin;
    return read_origin(origin, &line->origin);
}

struct run_line *run_line_read(json_tokener *tokener, const char *text, size_t length)
{
    const char *call = NULL;
    json_object *object = line_read(tokener, text, length);
    struct run_line *line = calloc(1, sizeof *line);
    if (line != NULL && object != NULL && line_field_text(object, "call", RUN_LINE_NAME_MAX, &call) && call != NULL) {
        line->object = object;
        line->observation = observation_of(call);
        if (read_observation(object, line))
            return line;
    }
    json_object_put(object);
    free(line);
    return NULL;
}

void run_line_free(struct run_line *line)
{
    if (line != NULL)
        json_object_put(line->object);
    free(line);
}

static bool text_equal(const char *left, const char *right)
{
    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

static bool origin_equal(const struct origin *left, const struct origin *right)
{
    return left->kind == right->kind && left->index == right->index && strcmp(left->name, right->name) == 0 &&
           text_equal(left->call, right->call);
}

bool run_line_equal(const struct run_line *left, const struct run_line *right)
{
    const struct observation *one = &left->observation, *other = &right->observation;
    return one->offset == other->offset && one->family == other->family && one->type == other->type &&
           one->port == other->port && one->room == other->room && one->level == other->level &&
           one->option == other->option && one->error == other->error &&
           address_equal(&one->address, &other->address) && text_equal(one->call, other->call) &&
           text_equal(one->object, other->object) && text_equal(one->name, other->name) &&
           (one->error == 0 || one->fd == other->fd) && origin_equal(&left->origin, &right->origin);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * MIX;
    return hash ^ hash >> 32;
}

uint64_t run_line_hash(const struct run_line *line)
{
    const struct observation *one = &line->observation;
    uint64_t hash = mix(one->offset, (uint64_t)one->port);
    hash = mix(hash, (uint64_t)one->option);
    hash = mix(hash, (uint64_t)one->error);
    for (const char *byte = one->call; *byte != '\0'; byte++)
        hash = mix(hash, (unsigned char)*byte);
    for (const char *byte = one->name != NULL ? one->name : ""; *byte != '\0'; byte++)
        hash = mix(hash, (unsigned char)*byte);
    return mix(hash, one->address.family == AF_INET ? one->address.ipv4.s_addr : one->address.ipv6.s6_addr32[3]);
}
