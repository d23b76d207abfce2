/* Reads fields of a line of JSON that nobody vouches for; called by v6shim trace and check --run. */
#include "command/common/line_field.h"

#include <string.h>

json_object *line_read(json_tokener *tokener, const char *text, size_t length)
{
    json_tokener_reset(tokener);
    json_object *object = json_tokener_parse_ex(tokener, text, (int)length);
    if (json_object_is_type(object, json_type_object))
        return object;
    json_object_put(object);
    return NULL;
}

bool line_field_number(json_object *line, const char *key, int64_t least, int64_t most, int64_t otherwise,
                       int64_t *value)
{
    json_object *field;
    *value = otherwise;
    if (!json_object_object_get_ex(line, key, &field))
        return true;
    if (!json_object_is_type(field, json_type_int))
        return false;
    *value = json_object_get_int64(field); /* the nearest one, where it is out of all range */
    return *value >= least && *value <= most;
}

bool line_field_text(json_object *line, const char *key, size_t most, const char **text)
{
    json_object *field;
    *text = NULL;
    if (!json_object_object_get_ex(line, key, &field))
        return true;
    if (!json_object_is_type(field, json_type_string))
        return false;
    size_t length = (size_t)json_object_get_string_len(field);
    *text = json_object_get_string(field);
    return length <= most && strlen(*text) == length;
}

bool line_field_flag(json_object *line, const char *key, bool *flag)
{
    json_object *field;
    *flag = false;
    if (!json_object_object_get_ex(line, key, &field))
        return true;
    *flag = json_object_get_boolean(field);
    return json_object_is_type(field, json_type_boolean);
}
