#include "cli/run_line.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MIX UINT64_C(0x9e3779b97f4a7c15)

static const char *text_of(json_object *object, const char *key)
{
    json_object *value;
    bool found = json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_string);
    return found ? json_object_get_string(value) : NULL;
}

static int64_t number_of(json_object *object, const char *key, int64_t otherwise)
{
    json_object *value;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : otherwise;
}

static bool flag_of(json_object *object, const char *key)
{
    json_object *value;
    return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

/* The zone, a number, is not needed: what is said of an address doesn't depend on it. */
static struct ip_address address_of(json_object *object)
{
    const char *text = text_of(object, "address");
    char bare[ADDRESS_TEXT_SIZE] = "";
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (text == NULL || strlen(text) >= sizeof bare)
        return (struct ip_address){0};
    memcpy(bare, text, strcspn(text, "%"));
    return inet_pton(AF_INET, bare, &ipv4) == 1    ? address_ipv4(ipv4)
           : inet_pton(AF_INET6, bare, &ipv6) == 1 ? address_ipv6(&ipv6, 0)
                                                   : (struct ip_address){0};
}

static bool read_origin(json_object *object, struct origin *origin)
{
    json_object *given;
    if (!json_object_object_get_ex(object, "origin", &given))
        return false;
    const char *kind = text_of(given, "kind"), *name = text_of(given, "name");
    unsigned number = 0;
    while (kind != NULL && number < ORIGIN_KIND_COUNT &&
           strcmp(origin_kind_name((enum origin_kind)number), kind) != 0)
        number++;
    if (kind == NULL || number == ORIGIN_KIND_COUNT)
        return false;
    origin->kind = (enum origin_kind)number;
    origin->call = text_of(given, "call");
    if (name != NULL)
        strncpy(origin->name, name, sizeof origin->name - 1);
    origin->index = (uint16_t)number_of(given, "index", 0);
    origin->count = (uint16_t)number_of(given, "count", 0);
    origin->either_family = flag_of(given, "either_family");
    origin->literal = flag_of(given, "literal");
    return true;
}

static void read_observation(json_object *object, struct observation *observation)
{
    observation->object = text_of(object, "object");
    observation->offset = (uint64_t)number_of(object, "offset", 0);
    observation->pid = number_of(object, "pid", 0);
    observation->parent = number_of(object, "parent", 0);
    observation->fd = (int)number_of(object, "fd", OBSERVATION_NONE);
    observation->family = (int)number_of(object, "family", OBSERVATION_NONE);
    observation->type = (int)number_of(object, "type", OBSERVATION_NONE);
    observation->address = address_of(object);
    observation->port = (int)number_of(object, "port", OBSERVATION_NONE);
    observation->room = (int)number_of(object, "room", OBSERVATION_NONE);
    observation->level = (int)number_of(object, "level", OBSERVATION_NONE);
    observation->option = (int)number_of(object, "option", OBSERVATION_NONE);
    observation->error = (int)number_of(object, "error", 0);
    observation->name = text_of(object, "name");
    observation->literal = flag_of(object, "literal");
    observation->lost = (unsigned)number_of(object, "lost", 0);
}

struct run_line *run_line_read(json_tokener *tokener, const char *text, size_t length)
{
    json_tokener_reset(tokener);
    json_object *object = json_tokener_parse_ex(tokener, text, (int)length);
    struct run_line *line = calloc(1, sizeof *line);
    const char *call =
        object != NULL && json_object_is_type(object, json_type_object) ? text_of(object, "call") : NULL;
    if (line == NULL || call == NULL) {
        json_object_put(object);
        free(line);
        return NULL;
    }
    line->object = object;
    line->observation = observation_of(call);
    read_observation(object, &line->observation);
    if (read_origin(object, &line->origin))
        line->observation.origin = &line->origin;
    return line;
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
