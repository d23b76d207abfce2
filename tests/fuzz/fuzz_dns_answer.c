/* Messages of a name server: whatever they hold, nothing beyond them is read, and no more comes out than went in. */
#include "core/names/dns_answer.h"

#include <stdlib.h>

#define AAAA_RECORD_SIZE 28 /* at the least: a name of two bytes, ten fixed ones, the address */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_answer answer;
    if (!dns_answer_read(data, size, &answer))
        return 0;
    if (answer.count > DNS_ANSWERS_MAX || answer.code > 15 || (answer.count > 0 && !answer.has_ttl) ||
        answer.count * (AAAA_RECORD_SIZE - 1) > size)
        abort();
    for (size_t i = 0; i < answer.count; i++)
        if (answer.addresses[i].family != AF_INET6)
            abort();
    return 0;
}
