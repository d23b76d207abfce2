/* The table of questions that are under way; used by preload/queries/queries.c. */
#include "preload/queries/pending.h"

#include <string.h>

#include "preload/base/clock.h"

#define LIFE_MS      15000 /* no program waits longer for an answer */
#define LEFT_OVER_MS 60000 /* no thread has an entry for so long */

static struct pending entries[PENDING_MOST];

atomic_bool pending_any;

static bool have(struct pending *pending)
{
    uint32_t unused = 0;
    return atomic_compare_exchange_strong_explicit(&pending->used, &unused, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

void pending_give(struct pending *pending)
{
    atomic_store_explicit(&pending->used, 0, memory_order_release);
}

void pending_end(struct pending *pending)
{
    atomic_store_explicit(&pending->socket, 0, memory_order_relaxed);
    pending_give(pending);
}

static int64_t age_ms(const struct pending *pending, int64_t now_ms)
{
    return now_ms - atomic_load_explicit(&pending->asked_ms, memory_order_relaxed);
}

static bool is_same(const struct pending *pending, const struct sockaddr_in *server, const struct dns_query *query)
{
    return pending->query.id == query->id && pending->query.question.type == query->question.type &&
           pending->server.sin_port == server->sin_port &&
           pending->server.sin_addr.s_addr == server->sin_addr.s_addr &&
           dns_names_equal(&pending->query.question.name, &query->question.name);
}

static struct pending *take_same(uint32_t socket, const struct sockaddr_in *server, const struct dns_query *query)
{
    for (unsigned place = 0; place < PENDING_MOST; place++) {
        struct pending *pending = pending_of(socket, place);
        if (pending != NULL && is_same(pending, server, query))
            return pending;
        if (pending != NULL)
            pending_give(pending);
    }
    return NULL;
}

/* One that is free, or too old to be of use. */
static struct pending *take_free(int64_t now_ms)
{
    for (unsigned place = 0; place < PENDING_MOST; place++) {
        struct pending *pending = &entries[place];
        if (atomic_load_explicit(&pending->socket, memory_order_relaxed) != 0 && age_ms(pending, now_ms) < LIFE_MS)
            continue;
        if (age_ms(pending, now_ms) > LEFT_OVER_MS)
            pending_give(pending);
        if (have(pending))
            return pending;
    }
    return NULL;
}

struct pending *pending_take(uint32_t socket, const struct sockaddr_in *server, const struct dns_query *query)
{
    int64_t now_ms = clock_now_ms();
    struct pending *pending = take_same(socket, server, query);
    if (pending == NULL) {
        pending = take_free(now_ms);
        if (pending == NULL)
            return NULL;
        pending->other_length = 0;
        pending->other_id = 0;
    }
    pending->server = *server;
    pending->query = *query;
    pending->answered = false;
    pending->answer_length = 0;
    atomic_store_explicit(&pending->asked_ms, now_ms, memory_order_relaxed);
    atomic_store_explicit(&pending->socket, socket, memory_order_relaxed);
    atomic_store_explicit(&pending_any, true, memory_order_relaxed);
    return pending;
}

struct pending *pending_of(uint32_t socket, unsigned place)
{
    struct pending *pending = &entries[place];
    if (atomic_load_explicit(&pending->socket, memory_order_relaxed) != socket || !have(pending))
        return NULL;
    if (atomic_load_explicit(&pending->socket, memory_order_relaxed) == socket)
        return pending;
    pending_give(pending);
    return NULL;
}

bool pending_has(uint32_t socket)
{
    for (unsigned place = 0; place < PENDING_MOST; place++)
        if (atomic_load_explicit(&entries[place].socket, memory_order_relaxed) == socket)
            return true;
    return false;
}
