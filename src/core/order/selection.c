/* Sorts destinations by RFC 6724; called by preload/resolve/preference.c. */
#include "core/order/selection.h"

#include <string.h>

#define IPV4_BITS              32
#define IPV6_USUAL_PREFIX_BITS 64 /* RFC 4291 section 2.5.4 */

/* Each score_ function says what one rule thinks of a candidate; the larger number is preferred. */
static int score_usable(const struct policy *policy, const struct selection_candidate *candidate)
{
    (void)policy;
    return candidate->has_source;
}

static int score_scope_match(const struct policy *policy, const struct selection_candidate *candidate)
{
    return policy_scope(policy, &candidate->destination) == policy_scope(policy, &candidate->source);
}

static int score_not_deprecated(const struct policy *policy, const struct selection_candidate *candidate)
{
    (void)policy;
    return !candidate->source_deprecated;
}

static int score_home(const struct policy *policy, const struct selection_candidate *candidate)
{
    (void)policy;
    return candidate->source_home;
}

static int score_label(const struct policy *policy, const struct selection_candidate *candidate)
{
    return policy_label(policy, &candidate->destination) == policy_label(policy, &candidate->source);
}

static int score_precedence(const struct policy *policy, const struct selection_candidate *candidate)
{
    return policy_precedence(policy, &candidate->destination);
}

static int score_native(const struct policy *policy, const struct selection_candidate *candidate)
{
    (void)policy;
    return !candidate->tunnel;
}

static int score_small_scope(const struct policy *policy, const struct selection_candidate *candidate)
{
    return -policy_scope(policy, &candidate->destination);
}

/* How many leading bits source and destination share, as the rules in force count them. */
static int score_shared_bits(const struct policy *policy, const struct selection_candidate *candidate)
{
    const struct ip_address *source = &candidate->source;
    unsigned prefix = candidate->source_prefix_length;
    unsigned shared = address_common_prefix(source, &candidate->destination);
    if (policy->rules == POLICY_RULES_GLIBC) {
        if (source->family != AF_INET)
            return (int)shared;
        if (prefix == 0) /* not known: to glibc on x86 a subnet of one address (a shift by 32) */
            prefix = IPV4_BITS;
        return shared >= prefix ? (int)shared : 0;
    }
    if (prefix == 0)
        prefix = source->family == AF_INET6 ? IPV6_USUAL_PREFIX_BITS : 0;
    return (int)(shared < prefix ? shared : prefix);
}

static const struct {
    enum selection_rule rule;
    enum { ALWAYS, WITH_SOURCES, WITHIN_A_FAMILY } applies; /* the last: with sources too */
    int (*score)(const struct policy *policy, const struct selection_candidate *candidate);
} rules[] = {
    {SELECTION_USABLE, ALWAYS, score_usable},
    {SELECTION_SCOPE_MATCH, WITH_SOURCES, score_scope_match},
    {SELECTION_NOT_DEPRECATED, WITH_SOURCES, score_not_deprecated},
    {SELECTION_HOME, WITH_SOURCES, score_home},
    {SELECTION_LABEL, WITH_SOURCES, score_label},
    {SELECTION_PRECEDENCE, ALWAYS, score_precedence},
    {SELECTION_NATIVE, WITH_SOURCES, score_native},
    {SELECTION_SMALLER_SCOPE, ALWAYS, score_small_scope},
    {SELECTION_LONGEST_PREFIX, WITHIN_A_FAMILY, score_shared_bits},
};

int selection_compare(const struct policy *policy, const struct selection_candidate *left,
                      const struct selection_candidate *right, enum selection_rule *rule)
{
    bool sources = left->has_source && right->has_source;
    bool same_family = left->destination.family == right->destination.family;
    for (size_t index = 0; index < sizeof rules / sizeof rules[0]; index++) {
        if ((rules[index].applies != ALWAYS && !sources) || (rules[index].applies == WITHIN_A_FAMILY && !same_family))
            continue;
        int of_left = rules[index].score(policy, left), of_right = rules[index].score(policy, right);
        *rule = rules[index].rule;
        if (of_left != of_right)
            return of_left > of_right ? -1 : 1;
    }
    *rule = SELECTION_ORDER_GIVEN;
    return 0;
}

/*
 * Sorts the candidates that `places` names. The halves, and the order of comparisons within the merge, are those of
 * glibc's qsort_r: see the header. The merge is done in place, by moving the rest of the left run up.
 */
static void merge_sort(const struct policy *policy, const struct selection_candidate *candidates,
                       struct selection_place *places, size_t count)
{
    if (count <= 1)
        return;
    size_t left = 0, right = count / 2;
    merge_sort(policy, candidates, places, right);
    merge_sort(policy, candidates, places + right, count - right);
    while (left < right && right < count) {
        enum selection_rule rule;
        struct selection_place moved = places[right];
        if (selection_compare(policy, &candidates[places[left].index], &candidates[moved.index], &rule) > 0) {
            memmove(&places[left + 1], &places[left], (right - left) * sizeof places[0]);
            places[left] = moved;
            right++;
        }
        left++;
    }
}

void selection_sort(const struct policy *policy, const struct selection_candidate *candidates, size_t count,
                    struct selection_place *places)
{
    for (size_t index = 0; index < count; index++)
        places[index] = (struct selection_place){(unsigned)index, SELECTION_FIRST};
    merge_sort(policy, candidates, places, count);
    for (size_t index = 1; index < count; index++)
        selection_compare(policy, &candidates[places[index - 1].index], &candidates[places[index].index],
                          &places[index].rule);
}

const char *selection_rule_text(enum selection_rule rule)
{
    static const char texts[][32] = {
        [SELECTION_FIRST] = "first",
        [SELECTION_USABLE] = "avoid unusable destinations",
        [SELECTION_SCOPE_MATCH] = "matching scope",
        [SELECTION_NOT_DEPRECATED] = "avoid deprecated sources",
        [SELECTION_HOME] = "home addresses",
        [SELECTION_LABEL] = "matching label",
        [SELECTION_PRECEDENCE] = "higher precedence",
        [SELECTION_NATIVE] = "native transport",
        [SELECTION_SMALLER_SCOPE] = "smaller scope",
        [SELECTION_LONGEST_PREFIX] = "longest matching prefix",
        [SELECTION_ORDER_GIVEN] = "order given",
    };
    return texts[rule];
}
