/* Finds the known word nearest to a mistyped one; called for settings and subcommands. */
#include "core/settings/suggest.h"

#include <string.h>

static char fold(char character)
{
    if (character >= 'A' && character <= 'Z')
        return (char)(character - 'A' + 'a');
    return character == '_' ? '-' : character;
}

static size_t least(size_t left, size_t right)
{
    return left < right ? left : right;
}

/* Both words at most SUGGEST_WORD_LENGTH long. */
static size_t distance_between(const char *left, size_t left_length, const char *right, size_t right_length)
{
    /* rows[i % 3][j]: the distance between the first i characters of left and the first j of right */
    size_t rows[3][SUGGEST_WORD_LENGTH + 1];
    for (size_t j = 0; j <= right_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= left_length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= right_length; j++) {
            size_t replaced = fold(left[i - 1]) != fold(right[j - 1]);
            row[j] = least(above[j - 1] + replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(left[i - 1]) == fold(right[j - 2]) && fold(left[i - 2]) == fold(right[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[left_length % 3][right_length];
}

struct suggestion suggest_for(const char *typed, size_t length)
{
    size_t near = length / 3 > 0 ? length / 3 : 1;
    return (struct suggestion){.typed = typed, .length = length, .nearest = NULL, .distance = near + 1};
}

void suggest_consider(struct suggestion *suggestion, const char *word)
{
    size_t length = strlen(word);
    if (suggestion->length > SUGGEST_WORD_LENGTH || length > SUGGEST_WORD_LENGTH)
        return;
    size_t distance = distance_between(suggestion->typed, suggestion->length, word, length);
    if (distance < suggestion->distance) {
        suggestion->distance = distance;
        suggestion->nearest = word;
    }
}
