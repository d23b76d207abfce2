/* Keeps the lookups of this process; written by preload/resolve/resolve_face.c, read by connect(). */
#include "preload/resolve/lookups.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "preload/base/clock.h"
#include "preload/base/fast_path.h"
#include "preload/base/guard.h"
#include "preload/system/secret.h"

/* How often the lock is tried: a holder needs microseconds, unless it was stopped or killed in a vfork child. */
#define LOCK_TRIES 10000

atomic_bool lookups_recorded;

static struct candidates table;
static atomic_flag writer = ATOMIC_FLAG_INIT;

/* Threads are told apart by where their thread-local data lies. */
static uint64_t this_thread(void)
{
    return (uint64_t)(uintptr_t)&guard_innermost;
}

static bool lock(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
    for (unsigned tries = 0; tries < LOCK_TRIES; tries++) {
        if (!atomic_flag_test_and_set_explicit(&writer, memory_order_acquire))
            return true;
        sched_yield();
    }
    pthread_sigmask(SIG_SETMASK, before, NULL);
    return false;
}

static void unlock(const sigset_t *before)
{
    atomic_flag_clear_explicit(&writer, memory_order_release);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static void record(const struct candidate_answer *answer)
{
    sigset_t before;
    int64_t now_ms = clock_now_ms();
    if (!lock(&before))
        return;
    candidates_record(&table, this_thread(), now_ms, answer);
    atomic_store_explicit(&lookups_recorded, true, memory_order_release);
    fast_path_at_all_addresses();
    unlock(&before);
}

void lookups_record(const char *name, const struct ip_address *addresses, size_t count, size_t face)
{
    record(&(struct candidate_answer){candidates_name_hash(secret_of_process(), name), count, addresses, face});
}

void lookups_record_alone(const struct ip_address *address)
{
    if (lookups_know(address))
        record(&(struct candidate_answer){0, 1, address, CANDIDATES_NO_FACE});
}

void lookups_show(const char *name, const struct ip_address *ipv4, size_t ipv4_count, const struct ip_address *ipv6,
                  size_t ipv6_count)
{
    sigset_t before;
    struct siphash_key key = secret_of_process();
    uint64_t hash = candidates_name_hash(key, name), others = candidates_others_hash(key, ipv6, ipv6_count);
    if (!lock(&before))
        return;
    atomic_store_explicit(&table.faces.secret, key.high, memory_order_relaxed);
    for (size_t i = 0; i < ipv4_count; i++)
        if (ipv4[i].family == AF_INET)
            faces_show(&table.faces, ipv4[i].ipv4, hash, others);
    unlock(&before);
}

bool lookups_know(const struct ip_address *address)
{
    return candidates_know(&table, address);
}

bool lookups_find(const struct ip_address *address, struct candidate_list *list)
{
    int64_t now_ms = address->family == AF_INET ? clock_now_ms() : 0; /* what an alias stands for has no age */
    return candidates_find(&table, address, this_thread(), now_ms, list);
}

void lookups_mark(const struct candidate_mark *mark, bool failed)
{
    candidates_mark(&table, mark, failed);
}

void lookups_after_fork(void)
{
    atomic_flag_clear(&writer);
}
