/* Asks the resolver for NAT64 prefixes and keeps the answer in the state file; called by discovery.c and v6shim
   nat64. */
#include "preload/nat64/record.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/base/slot.h"
#include "core/names/dns_answer.h"
#include "core/race/outcome.h"
#include "preload/base/clock.h"
#include "preload/state/state.h"
#include "preload/system/sources.h"
#include "preload/thread/worker_thread.h"

/* The payload of a slot. */
#define NETWORK_AT   0 /* family, 16 bytes */
#define ASKED_AT     24
#define UNTIL_AT     32
#define COUNT_AT     40
#define PREFIXES_AT  48 /* length, 16 bytes */
#define PREFIX_SIZE  20
#define PAYLOAD_SIZE (STATE_PREFIXES_SLOT_SIZE - SLOT_CHECKSUM_SIZE)
_Static_assert(PREFIXES_AT + NAT64_PREFIXES_MAX * PREFIX_SIZE <= PAYLOAD_SIZE, "a record fits its slot");

#define QUERY_SIZE       512
#define ANSWER_SIZE      4096
#define RENEWED_BEFORE_S 10 /* RFC 7050 section 3 */
#define SHORTEST_S       10
#define LONGEST_S        86400
#define NO_ANSWER_S      30  /* a resolver that is down may be up again soon */
#define NEGATIVE_S       300 /* where the answer names no time: RFC 2308 section 5 wants none kept for long */

bool nat64_discovery_network(struct ip_address *network)
{
    /* Somewhere far: one of the root servers' networks, and the well-known NAT64 prefix. Nothing is sent there. */
    static const struct in6_addr far[] = {{{{0x20, 0x01, 0x05, 0x03, 0xba, 0x3e}}}, {{{0x00, 0x64, 0xff, 0x9b}}}};
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        struct ip_address destination = address_ipv6(&far[i], 0), source;
        if (!sources_find(&destination, &source))
            continue;
        *network = outcome_network(&source);
        return true;
    }
    return false;
}

bool nat64_discovery_counts(const struct nat64_discovery_record *record, const struct ip_address *network)
{
    int64_t now_s = clock_calendar_s();
    /* One from the future is none of ours, or the calendar was set back. */
    return address_equal(&record->network, network) && now_s < record->until_s && record->asked_s <= now_s &&
           record->until_s <= now_s + LONGEST_S;
}

static uint32_t slot_of(const struct ip_address *network)
{
    return outcome_slot(network, network, STATE_PREFIXES_SLOTS);
}

static void decode(const uint8_t *payload, struct nat64_discovery_record *record)
{
    struct in6_addr ipv6;
    *record = (struct nat64_discovery_record){.asked_s = (int64_t)bytes_get64(payload + ASKED_AT),
                                              .until_s = (int64_t)bytes_get64(payload + UNTIL_AT)};
    memcpy(&ipv6, payload + NETWORK_AT + 4, sizeof ipv6);
    record->network = address_ipv6(&ipv6, 0);
    uint32_t count = bytes_get32(payload + COUNT_AT);
    for (uint32_t i = 0; i < count && i < NAT64_PREFIXES_MAX; i++) {
        const uint8_t *at = payload + PREFIXES_AT + i * PREFIX_SIZE;
        memcpy(&ipv6, at + 4, sizeof ipv6);
        struct nat64_prefix prefix = {.address = address_ipv6(&ipv6, 0), .length = bytes_get32(at)};
        if (nat64_prefix_fault(&prefix) == NULL)
            record->prefixes[record->count++] = prefix;
    }
}

bool nat64_discovery_load(const struct ip_address *network, struct nat64_discovery_record *record)
{
    uint8_t payload[PAYLOAD_SIZE];
    if (!state_slot_read(state_current(), STATE_PREFIXES, slot_of(network), payload))
        return false;
    decode(payload, record);
    return nat64_discovery_counts(record, network);
}

void nat64_discovery_store(const struct nat64_discovery_record *record)
{
    uint8_t payload[PAYLOAD_SIZE] = {0};
    bytes_put32(payload + NETWORK_AT, 6);
    memcpy(payload + NETWORK_AT + 4, &record->network.ipv6, sizeof record->network.ipv6);
    bytes_put64(payload + ASKED_AT, (uint64_t)record->asked_s);
    bytes_put64(payload + UNTIL_AT, (uint64_t)record->until_s);
    bytes_put32(payload + COUNT_AT, record->count);
    for (unsigned i = 0; i < record->count; i++) {
        uint8_t *at = payload + PREFIXES_AT + i * PREFIX_SIZE;
        bytes_put32(at, record->prefixes[i].length);
        memcpy(at + 4, &record->prefixes[i].address.ipv6, sizeof record->prefixes[i].address.ipv6);
    }
    state_slot_write(state_current(), STATE_PREFIXES, STATE_CREATE, slot_of(&record->network), payload);
}

/* ---- The question */

/* The length of the answer, 0 for none. */
static int query(unsigned char *answer)
{
    unsigned char question[QUERY_SIZE];
    struct __res_state resolver = {0};
    if (res_ninit(&resolver) != 0)
        return 0;
    int length = res_nmkquery(&resolver, ns_o_query, NAT64_DISCOVERY_NAME, ns_c_in, ns_t_aaaa, NULL, 0, NULL,
                              question, sizeof question);
    worker_thread_asks(RESOLVER_WAITS_AS_SET, &resolver);
    if (length > 0)
        length = res_nsend(&resolver, question, length, answer, ANSWER_SIZE);
    worker_thread_has_asked();
    res_nclose(&resolver);
    return length > 0 && length <= ANSWER_SIZE ? length : 0;
}

static int64_t time_that_counts_s(const struct nat64_discovery_record *record, const struct dns_answer *answer)
{
    int64_t ttl_s = answer->has_ttl ? (int64_t)answer->ttl_s : NEGATIVE_S;
    if (record->unanswered)
        ttl_s = NO_ANSWER_S;
    else if (record->count == 0 && answer->count > 0 && ttl_s > NEGATIVE_S)
        ttl_s = NEGATIVE_S; /* a captive portal's answer, say, which is no news of a NAT64 */
    else if (record->count > 0 && ttl_s >= 2 * RENEWED_BEFORE_S)
        ttl_s -= RENEWED_BEFORE_S;
    return ttl_s < SHORTEST_S ? SHORTEST_S : ttl_s > LONGEST_S ? LONGEST_S : ttl_s;
}

void nat64_discovery_ask(struct nat64_discovery_record *record)
{
    uint8_t bytes[ANSWER_SIZE];
    struct dns_answer answer;
    int saved = errno, length = query(bytes);
    if (length <= 0 || !dns_answer_read(bytes, (size_t)length, &answer))
        answer = (struct dns_answer){.code = ns_r_servfail};
    record->count = (unsigned)nat64_discover(answer.addresses, answer.count, record->prefixes, NAT64_PREFIXES_MAX);
    record->unanswered = answer.code != DNS_CODE_NO_ERROR && answer.code != DNS_CODE_NO_NAME;
    record->asked_s = clock_calendar_s();
    record->until_s = record->asked_s + time_that_counts_s(record, &answer);
    errno = saved;
}
