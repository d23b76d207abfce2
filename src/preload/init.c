/* Brings the shim up, and its rooms through a fork: the one file that knows them all. */
#include "config.h"

#include <errno.h>
#include <pthread.h>

#include "core/linker/start.h"
#include "preload/alias/aliases.h"
#include "preload/base/fast_path.h"
#include "preload/base/guard.h"
#include "preload/base/pointer.h"
#include "preload/base/ready.h"
#include "preload/connect/background.h"
#include "preload/connect/patience.h"
#include "preload/connect/race.h"
#include "preload/last_thread.h"
#include "preload/libc/libc_object.h"
#include "preload/log/log.h"
#include "preload/log/trace.h"
#include "preload/nat64/discovery.h"
#include "preload/peers/listen_map.h"
#include "preload/peers/translators.h"
#include "preload/resolve/lookup_queue.h"
#include "preload/resolve/lookups.h"
#include "preload/resolve/resolve.h"
#include "preload/socket/holders.h"
#include "preload/state/settings_told.h"
#include "preload/system/follow.h"
#include "preload/system/network_guard.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/thread/arrival.h"
#include "preload/thread/signal_handler.h"
#include "preload/thread/thread_end.h"
#include "preload/thread/worker_thread.h"
#include "preload/upgrade/upgrade.h"
#include "preload/waiting_room.h"

static void (*const clean_up[])(void) = {race_abandon_all, patience_abandon_all, resolve_abandon_all,
                                         waiting_room_abandon_all, NULL};
static const struct thread_end at_thread_end = {clean_up, last_thread_has_company, last_thread_end};

static void before_fork(void)
{
    worker_thread_before_fork();
    upgrade_before_fork(); /* when those threads have ended */
    holders_before_fork(); /* no sooner, or each of those sockets would be searched for */
    background_before_fork();
}

static void after_fork_in_parent(void)
{
    holders_after_fork_in_parent();
    background_after_fork_in_parent();
}

static void after_fork_in_child(void)
{
    ready_own_memory();
    holders_after_fork();
    worker_thread_after_fork();
    lookups_after_fork();
    lookup_queue_after_fork();
    nat64_discovery_after_fork();
    race_after_fork();
    patience_after_fork();
    background_after_fork();
    /* The thread that was busy, if any, does not exist in the child. */
    int busy = INIT_BUSY;
    atomic_compare_exchange_strong(&init_state, &busy, INIT_COLD);
}

/* In a child that clone(2) has made itself, with nothing prepared: as above, but that races in the background are
   given up, since what they were about is not known here. */
static void after_clone_in_child(void)
{
    ready_own_memory();
    holders_after_fork();
    worker_thread_after_fork();
    lookups_after_fork();
    lookup_queue_after_fork();
    nat64_discovery_after_fork();
    race_after_fork();
    patience_after_fork();
    background_after_clone();
}

/* For good: every hook then passes its call on. */
static void stand_aside(void)
{
    atomic_store_explicit(&init_state, INIT_ASIDE, memory_order_release);
}

static bool leave_to_other_preload(void)
{
    const char *guard = network_guard_find();
    if (guard == NULL)
        return false;
    stand_aside();
    log_error(LOG_LEVEL_WARNING,
              "nothing is done for IPv6 here (other-preloads ignore would allow it): the network is guarded by",
              guard, 0);
    return true;
}

#ifdef __GLIBC__
#define BUILT_FOR "glibc"
#else
#define BUILT_FOR "musl"
#endif

static bool leave_other_libc(void)
{
    if (libc_object_is_expected())
        return false;
    stand_aside();
    log_message(LOG_LEVEL_WARNING, "nothing is done for IPv6 here: this libv6shim.so is for " BUILT_FOR
                                   ", and the program has another C library (v6shim run takes the right one)");
    return true;
}

START_CODE bool init_run(void)
{
    int cold = INIT_COLD;
    if (!atomic_compare_exchange_strong(&init_state, &cold, INIT_BUSY))
        return cold == INIT_READY;
    int saved = errno;
    log_start();
    if (leave_other_libc()) {
        errno = saved;
        return false;
    }
    real_bind_all();
    settings_load_unless(settings_told_before);
    const struct settings *settings = settings_current();
    if (!follow_start(settings->follow == FOLLOW_YES, NULL))
        log_message(LOG_LEVEL_WARNING,
                    "children are not followed: our entry of LD_PRELOAD is longer than 4095 bytes");
    if (settings->other_preloads == OTHER_PRELOADS_RESPECT && leave_to_other_preload()) {
        errno = saved;
        return false;
    }
    aliases_start(settings->alias_pool.address, settings->alias_pool.length, settings->alias_key,
                  settings->state_dir);
    aliases_start_map(&settings->alias_map);
    fast_path_start(settings);
    listen_map_start(&settings->listen_map);
    translators_start(&settings->nat64_inbound);
    pointer_start();
    signal_handler_start();
    arrival_start(background_go_on);
    thread_end_start(&at_thread_end);
    static atomic_bool fork_handled START_DATA;
    if (!atomic_exchange(&fork_handled, true) &&
        pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) != 0)
        log_message(LOG_LEVEL_WARNING,
                    "no memory for the fork handler: children of this process may lose track of sockets");
    ready_own_memory();
    ready_take_copy = after_clone_in_child;
    log_keep_file();
    trace_start();
    log_message(LOG_LEVEL_INFO, "version " PACKAGE_VERSION " is loaded");
    atomic_store_explicit(&init_state, INIT_READY, memory_order_release);
    errno = saved;
    return true;
}

START_CODE __attribute__((constructor)) static void start_at_load(void)
{
    init_run();
}
