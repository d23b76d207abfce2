/* Finds where the user sends an address that is burnt in; called by connect() and by what sends datagrams. */
#include "preload/resolve/redirect.h"

#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/seqlock.h"
#include "preload/base/clock.h"
#include "preload/base/guard.h"
#include "preload/log/log.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/thread/arrival.h"
#include "preload/thread/worker_thread.h"

#define LOOKED_UP_AGAIN_MS 60000
#define TRIED_AGAIN_MS     5000 /* where there was no answer, or no address */
#define READ_TRIES         100  /* a writer needs less than a microsecond */
#define LOOK_AGAIN_MS      1

struct answer {
    size_t count;
    struct ip_address addresses[REDIRECT_ADDRESSES];
};

/* What is known of the name of an entry. One that changes while it is read is read again. */
static struct {
    struct seqlock lock; /* of the answer, which was never written where there was none yet */
    _Atomic uint64_t answer[SEQLOCK_WORDS(struct answer)];
    _Atomic int64_t again_ms; /* when it is looked up again */
    _Atomic long asking;      /* the process whose thread does: not that of a child's parent */
    atomic_bool late;         /* whoever would not wait has waited for this answer as long as it may */
} known[REDIRECTS_SIZE];

static int place_of(struct in_addr asked)
{
    const struct redirects *redirects = &settings_current()->redirects;
    for (unsigned i = 0; i < redirects->count; i++)
        if (redirects->entries[i].from.s_addr == asked.s_addr)
            return (int)i;
    return -1;
}

static size_t read_known(unsigned place, struct ip_address addresses[REDIRECT_ADDRESSES])
{
    for (int tries = 0; tries < READ_TRIES; tries++) {
        struct answer answer;
        uint32_t count;
        bool begun = seqlock_begin_read(&known[place].lock, &count);
        if (count == 0)
            return 0;
        seqlock_load(known[place].answer, &answer, sizeof answer);
        if (!begun || !seqlock_is(&known[place].lock, count))
            continue;
        memcpy(addresses, answer.addresses, answer.count * sizeof addresses[0]);
        return answer.count;
    }
    return 0;
}

/* By the one thread that asks. */
static void write_known(unsigned place, const struct addrinfo *list)
{
    struct answer answer = {0};
    for (; list != NULL && answer.count < REDIRECT_ADDRESSES; list = list->ai_next)
        if (address_from_sockaddr(list->ai_addr, list->ai_addrlen, &answer.addresses[answer.count], NULL))
            answer.count++;
    seqlock_begin_write(&known[place].lock);
    seqlock_store(known[place].answer, &answer, sizeof answer);
    seqlock_end_write(&known[place].lock);
}

static void look_up(void *data)
{
    unsigned place = *(const unsigned *)data;
    const char *name = settings_current()->redirects.entries[place].name;
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM}, *list = NULL;
    if (res_ninit(&_res) == 0)
        worker_thread_asks(RESOLVER_WAITS_AS_SET, &_res);
    int error = REAL(getaddrinfo)(name, NULL, &hints, &list);
    worker_thread_has_asked();
    if (error != 0)
        log_error(LOG_LEVEL_WARNING, "no IPv6 address to redirect to:", name, 0);
    if (error == 0 || error == EAI_NONAME || error == EAI_NODATA) /* else what it was before counts */
        write_known(place, list);
    if (error == 0)
        freeaddrinfo(list);
    atomic_store(&known[place].again_ms, clock_now_ms() + (error == 0 ? LOOKED_UP_AGAIN_MS : TRIED_AGAIN_MS));
    atomic_store(&known[place].late, false);
    atomic_store(&known[place].asking, 0);
    arrival_tell();
}

static void start_looking_up(unsigned place)
{
    long self = syscall(SYS_getpid);
    if (atomic_exchange(&known[place].asking, self) == self)
        return;
    unsigned *argument = malloc(sizeof *argument);
    struct worker_thread *worker = NULL;
    if (argument != NULL) {
        *argument = place;
        worker = worker_thread_start(WORKER_THREAD_SHARED_NUMBERS, look_up, free, argument);
    }
    if (worker != NULL) {
        worker_thread_release(worker);
        return;
    }
    free(argument);
    atomic_store(&known[place].asking, 0);
}

/* One that would not wait waits once for each answer. */
static void await_answer(unsigned place, bool may_wait)
{
    int64_t end_ms = clock_now_ms() + (int64_t)settings_current()->resolution_delay_ms;
    struct timespec pause = {.tv_nsec = LOOK_AGAIN_MS * CLOCK_NS_PER_MS};
    while (atomic_load(&known[place].asking) != 0 && (may_wait || !atomic_load(&known[place].late))) {
        if (!may_wait && clock_now_ms() >= end_ms)
            atomic_store(&known[place].late, true);
        guard_sleep(&pause);
    }
}

size_t redirect_find(struct in_addr asked, enum redirect_patience patience,
                     struct ip_address addresses[REDIRECT_ADDRESSES])
{
    int found = place_of(asked), saved = errno;
    if (found < 0)
        return 0;
    unsigned place = (unsigned)found;
    const struct redirect *redirect = &settings_current()->redirects.entries[place];
    if (redirect->to.family == AF_INET6) {
        addresses[0] = redirect->to;
        return 1;
    }
    if (patience != REDIRECT_KNOWN && clock_now_ms() >= atomic_load(&known[place].again_ms)) {
        start_looking_up(place);
        if (patience != REDIRECT_START)
            await_answer(place, patience == REDIRECT_ASK);
    }
    errno = saved;
    return read_known(place, addresses);
}

bool redirect_is_asked(struct in_addr asked)
{
    int place = place_of(asked);
    return place >= 0 && atomic_load(&known[place].asking) != 0;
}

void redirect_await_briefly(struct in_addr asked)
{
    int place = place_of(asked), saved = errno;
    if (place >= 0)
        await_answer((unsigned)place, false);
    errno = saved;
}

bool redirect_recover(const struct ip_address *address, struct in_addr *asked)
{
    const struct redirects *redirects = &settings_current()->redirects;
    for (unsigned i = 0; i < redirects->count; i++) {
        struct ip_address addresses[REDIRECT_ADDRESSES] = {redirects->entries[i].to};
        size_t count = redirects->entries[i].to.family == AF_INET6 ? 1 : read_known(i, addresses);
        for (size_t j = 0; j < count; j++) {
            if (!address_equal(&addresses[j], address))
                continue;
            *asked = redirects->entries[i].from;
            return true;
        }
    }
    return false;
}
