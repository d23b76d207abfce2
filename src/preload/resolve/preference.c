/* Sorts addresses by the policy in force; called by lookups and v6shim policy. */
#include "preload/resolve/preference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/order/gai_conf.h"
#include "preload/base/scratch.h"
#include "preload/log/log.h"
#include "preload/system/settings.h"

#define SYSTEM_FILE   "/etc/gai.conf"
#define FILE_SIZE_MAX 65536
#define PROBLEMS_TOLD 16

/* A policy that was read from a file, kept for all threads. */
static struct policy kept;
enum { COLD, BUSY, READY };
static _Atomic int kept_state;
static atomic_bool told;

static int read_whole(int fd, char *text, size_t *length)
{
    for (*length = 0; *length < FILE_SIZE_MAX;) {
        long count = syscall(SYS_read, fd, text + *length, FILE_SIZE_MAX - *length);
        if (count == 0)
            return 0;
        if (count < 0 && errno != EINTR)
            return errno;
        *length += count > 0 ? (size_t)count : 0;
    }
    return EFBIG;
}

static void tell_problem(const struct gai_conf_problem *problem, void *context)
{
    unsigned *problems = context;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    if (++*problems > PROBLEMS_TOLD)
        return;
    text_add_quoted(&line, settings_current()->policy.path);
    text_add(&line, ":");
    text_add_unsigned(&line, problem->line);
    text_add(&line, ":");
    text_add_unsigned(&line, problem->column);
    text_add(&line, ": expected ");
    text_add(&line, problem->expected);
    text_add(&line, ", found ");
    if (problem->found_length == 0)
        text_add(&line, "nothing");
    else
        setting_quote(problem->found, problem->found_length, &line);
    text_add(&line, problem->applied ? "; counts all the same" : "; ignored");
    log_line(LOG_LEVEL_ERROR, &line);
}

static void tell_rest(unsigned problems)
{
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "...and ");
    text_add_unsigned(&line, problems - PROBLEMS_TOLD);
    text_add(&line, problems - PROBLEMS_TOLD == 1 ? " more line like these; is " : " more lines like these; is ");
    text_add_quoted(&line, settings_current()->policy.path);
    text_add(&line, " a file such as gai.conf?");
    log_line(LOG_LEVEL_ERROR, &line);
}

/* libc says nothing of bad lines, so the system's file gets no complaints from us either. */
static int read_policy(const char *path, bool ours, struct policy *policy)
{
    unsigned problems = 0;
    size_t length = 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return errno;
    char *text = mmap(NULL, FILE_SIZE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int error = text == MAP_FAILED ? ENOMEM : read_whole(fd, text, &length);
    syscall(SYS_close, fd);
    bool tell = ours && !atomic_exchange(&told, true);
    if (error == 0 && ours)
        gai_conf_parse_table(policy, text, length, tell ? tell_problem : NULL, &problems);
    else if (error == 0)
        gai_conf_parse(policy, text, length, NULL, NULL);
    if (problems > PROBLEMS_TOLD)
        tell_rest(problems);
    if (text != MAP_FAILED)
        munmap(text, FILE_SIZE_MAX);
    return error;
}

static void read_file(struct policy *policy)
{
    const char *path = settings_current()->policy.path;
    if (path[0] != '\0') {
        int error = read_policy(path, true, policy);
        if (error == 0)
            return;
        if (!atomic_exchange(&told, true))
            log_error(LOG_LEVEL_ERROR, "the policy of the system is used, since it is impossible to read", path,
                      error);
    }
    if (read_policy(SYSTEM_FILE, false, policy) != 0)
        policy_builtin(policy, POLICY_SYSTEM, NULL, 0);
}

static void load_file(struct policy *policy)
{
    int cold = COLD;
    if (atomic_load_explicit(&kept_state, memory_order_acquire) == READY) {
        *policy = kept;
        return;
    }
    read_file(policy);
    if (policy->reload || !atomic_compare_exchange_strong(&kept_state, &cold, BUSY))
        return;
    kept = *policy;
    atomic_store_explicit(&kept_state, READY, memory_order_release);
}

bool preference_is_explicit(void)
{
    const struct choice_or_file *setting = &settings_current()->policy;
    return setting->path[0] != '\0' || setting->choice != POLICY_SYSTEM;
}

void preference_policy(struct policy *policy, const struct source_list *known_local)
{
    const struct choice_or_file *setting = &settings_current()->policy;
    struct own {
        struct ip_address addresses[SOURCES_MAX];
    };
    size_t count = 0;
    int saved = errno;
    if (setting->path[0] != '\0' || setting->choice == POLICY_SYSTEM) {
        load_file(policy);
    } else {
        SCRATCH(struct own, own);
        for (size_t i = 0; own != NULL && known_local != NULL && i < known_local->count; i++)
            own->addresses[count++] = known_local->sources[i].address;
        policy_builtin(policy, (enum policy_builtin)setting->choice, own != NULL ? own->addresses : NULL, count);
    }
    errno = saved;
}

static void describe(const struct ip_address *destination, const struct source_list *sources,
                     struct selection_candidate *candidate)
{
    *candidate = (struct selection_candidate){.destination = *destination};
    candidate->has_source = sources_find(destination, &candidate->source);
    const struct source *own = candidate->has_source ? sources_describe(sources, &candidate->source) : NULL;
    if (own == NULL)
        return;
    candidate->source_prefix_length = own->prefix_length;
    candidate->source_deprecated = own->deprecated;
    candidate->source_home = own->home;
    candidate->tunnel = own->tunnel;
}

void preference_sort(const struct resolve_addresses *list, struct preference *preference)
{
    sources_list(&preference->sources);
    preference_policy(&preference->policy, &preference->sources);
    for (size_t i = 0; i < list->count; i++)
        describe(&list->addresses[i], &preference->sources, &preference->candidates[i]);
    selection_sort(&preference->policy, preference->candidates, list->count, preference->places);
}
