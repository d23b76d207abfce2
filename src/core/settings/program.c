/* Reads program lines; called by core/settings/config.c. */
#include "core/settings/program.h"

#include <string.h>

#include "core/settings/pattern.h"

struct span {
    const char *start;
    size_t length;
};

/* Takes the next word off the front; false at the end. */
static bool next_word(struct span *rest, struct span *word)
{
    size_t index = 0;
    while (index < rest->length && (rest->start[index] == ' ' || rest->start[index] == '\t'))
        index++;
    word->start = rest->start + index;
    while (index < rest->length && rest->start[index] != ' ' && rest->start[index] != '\t')
        index++;
    word->length = (size_t)(rest->start + index - word->start);
    rest->start += index;
    rest->length -= index;
    return word->length > 0;
}

/* Without the `!`; whether there was one. */
static bool take_negation(struct span *word)
{
    bool negated = word->start[0] == '!';
    word->start += negated;
    word->length -= negated;
    return negated;
}

static bool has(struct span word, char character)
{
    return memchr(word.start, character, word.length) != NULL;
}

/* NULL: this pattern, without its `!`, is a right one. `offset` is where it is wrong. */
static const char *find_fault(struct span pattern, size_t *offset)
{
    *offset = 0;
    if (pattern.length == 0)
        return "expected a pattern behind the !";
    for (size_t index = 0; index < pattern.length; index++)
        if (strchr(",\"'", pattern.start[index]) != NULL && (index == 0 || pattern.start[index - 1] != '\\')) {
            *offset = index;
            return pattern.start[index] == ',' ? "expected a blank between patterns, found a comma"
                                               : "expected patterns without quotes (? stands for a blank)";
        }
    if (!pattern_is_whole(pattern.start, pattern.length, offset))
        return pattern.start[*offset] == '[' ? "this [ has no ]" : "expected a character behind the backslash";
    *offset = 0;
    if (has(pattern, '/') && strchr("/*?[", pattern.start[0]) == NULL)
        return "expected a path that begins with /, or a name without a slash";
    *offset = pattern.length - 1;
    return pattern.start[*offset] == '/' ? "expected the path of a program, not of a directory (end it with /*)"
                                         : NULL;
}

bool program_line_check(const char *patterns, size_t length, struct program_fault *fault)
{
    struct span rest = {patterns, length}, word;
    bool any = false, positive = false;
    *fault = (struct program_fault){NULL, 0};
    while (next_word(&rest, &word)) {
        size_t offset;
        any = true;
        positive |= !take_negation(&word);
        fault->message = find_fault(word, &offset);
        fault->offset = (size_t)(word.start - patterns) + offset;
        if (fault->message != NULL)
            return false;
    }
    *fault = (struct program_fault){NULL, 0};
    if (!any)
        fault->message = "expected the name of a program, its path, or a pattern for one, found nothing";
    else if (!positive)
        fault->message = "expected a pattern without ! as well (* stands for all programs)";
    return fault->message == NULL;
}

static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool pattern_is_for(struct span pattern, const char *path)
{
    if (path == NULL)
        return false;
    if (!has(pattern, '/'))
        return pattern_matches(pattern.start, pattern.length, name_in(path));
    return path[0] == '/' && pattern_matches(pattern.start, pattern.length, path);
}

bool program_line_matches(const char *patterns, size_t length, const struct program_name *program)
{
    struct span rest = {patterns, length}, word;
    bool matches = false;
    while (next_word(&rest, &word)) {
        bool negated = take_negation(&word);
        if (!pattern_is_for(word, program->executable) && !pattern_is_for(word, program->started))
            continue;
        if (negated)
            return false;
        matches = true;
    }
    return matches;
}
