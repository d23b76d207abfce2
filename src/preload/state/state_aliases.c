/* Finds and allots aliases in the shared table; called by preload/alias and v6shim alias. */
#include "preload/state/state_aliases.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/base/critical_section.h"
#include "preload/state/host.h"

#define READ_TRIES 3 /* a record that is being written may look damaged for a moment */

/* One question about one address. */
struct question {
    const struct state_keys *keys;
    const struct alias_pool *pool;
    struct alias_page page;
    struct alias_search *search;
    struct alias_record record; /* the one found */
    uint8_t *bytes;             /* ALIAS_PAGE_SIZE, zeroes at first; too large for the stack of a small thread */
};

static void question_start(struct question *question, const struct state *state, const struct state_keys *keys,
                           struct alias_search *search)
{
    question->keys = keys;
    question->bytes = NULL;
    question->pool = &state->pool;
    question->search = search;
    search->now = host_moment();
    search->seal = 0;
}

static enum alias_found question_search(struct question *question, uint32_t *offset)
{
    return alias_page_search(question->pool, &question->page, question->bytes, question->search, offset,
                             &question->record);
}

static bool question_read(struct question *question, const struct state_file *file, struct state_fault *fault)
{
    question->search->seal = file->seal;
    if (state_file_read(file, question->page.first, question->page.count, question->bytes, fault))
        return true;
    memset(question->bytes, 0, ALIAS_PAGE_SIZE);
    return false;
}

/*
 * One question at a time has its page here, which costs no system call and can be had where there is no memory; the
 * others, and a child of fork() that was made meanwhile, map a page of their own. Signals are blocked, as in all that
 * reads and writes the files, so that no handler finds it taken by its own thread.
 */
static uint8_t common_page[ALIAS_PAGE_SIZE];
static atomic_flag common_page_taken = ATOMIC_FLAG_INIT;

static bool question_take_room(struct question *question, struct state_fault *fault)
{
    if (!atomic_flag_test_and_set_explicit(&common_page_taken, memory_order_acquire)) {
        question->bytes = memset(common_page, 0, sizeof common_page);
        return true;
    }
    void *room = mmap(NULL, ALIAS_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        *fault = (struct state_fault){.reason = STATE_READ_ERROR, .error = ENOMEM};
    else
        question->bytes = room;
    return room != MAP_FAILED;
}

static void question_end(struct question *question)
{
    if (question->bytes == common_page)
        atomic_flag_clear_explicit(&common_page_taken, memory_order_release);
    else if (question->bytes != NULL)
        munmap(question->bytes, ALIAS_PAGE_SIZE);
}

/*
 * Reads and searches the page where the address is. In a file of the first version (state_key.h) that may be the one
 * that its key says; what isn't there has its place where the key of today says. False where it can't be read.
 */
static bool question_ask(struct question *question, const struct state_file *file, enum alias_found *found,
                         uint32_t *offset, struct state_fault *fault)
{
    const struct state_keys *keys = question->keys;
    const struct ip_address *address = &question->search->address;
    *found = ALIAS_NO_PLACE;
    if (!question_take_room(question, fault))
        return false;
    if (file->former) {
        question->page = alias_page_of(question->pool, alias_hash(keys->former, address));
        if (!question_read(question, file, fault))
            return false;
        *found = question_search(question, offset);
        if (*found == ALIAS_PRESENT || !keys->has_key)
            return true;
    }
    question->page = alias_page_of(question->pool, alias_hash(keys->key, address));
    if (!question_read(question, file, fault))
        return false;
    *found = question_search(question, offset);
    return true;
}

/* Whether nobody may share this record: the interface index of a link-local address means nothing without a boot. */
static bool is_private(const struct alias_search *search)
{
    return search->now.boot == 0 && address_is_link_local(&search->address);
}

static bool write_record(const struct state_file *file, uint32_t offset, const struct alias_record *record,
                         struct state_fault *fault)
{
    uint8_t bytes[ALIAS_RECORD_SIZE];
    alias_record_encode(record, file->seal, offset, bytes);
    return state_file_write(file, offset, bytes, fault);
}

/* Under the lock of the page: what was read before it may be out of date. */
static enum state_answer write_locked(struct question *question, const struct state_file *file, uint32_t *offset,
                                      struct state_fault *fault)
{
    struct alias_search *search = question->search;
    if (!question_read(question, file, fault))
        return STATE_FAILED;
    enum alias_found found = question_search(question, offset);
    if (found == ALIAS_NO_PLACE)
        return STATE_NOTHING;
    struct alias_record record = {.address = search->address, .kind = search->kind, .seen = search->now};
    if (found == ALIAS_PRESENT) {
        if (!alias_record_is_due(&question->record, search->kind, &search->now))
            return STATE_FOUND;
        if (question->record.kind == ALIAS_NAME)
            record.kind = ALIAS_NAME;
    }
    /* A record that is there is good, even if its time can't be renewed. */
    bool written = write_record(file, *offset, &record, fault);
    search->added = written && found == ALIAS_PLACE;
    return written || found == ALIAS_PRESENT ? STATE_FOUND : STATE_FAILED;
}

/* Not inline: what it needs is not on the stack while the file is opened. */
__attribute__((noinline)) static enum state_answer allot_in(struct question *question, const struct state_file *file,
                                                            bool writable, uint32_t *offset,
                                                            struct state_fault *fault)
{
    const struct alias_search *search = question->search;
    enum alias_found found;
    bool readable = question_ask(question, file, &found, offset, fault);
    bool present = found == ALIAS_PRESENT;
    if (present && !alias_record_is_due(&question->record, search->kind, &search->now))
        return STATE_FOUND;
    if (!readable || !writable || is_private(search))
        return present ? STATE_FOUND : STATE_FAILED;
    if (!present && search->only_known)
        return STATE_NOTHING;
    if (!state_file_lock(file, question->page.first, question->page.count, fault))
        return present ? STATE_FOUND : STATE_FAILED;
    enum state_answer answer = write_locked(question, file, offset, fault);
    state_file_unlock(file, question->page.first, question->page.count);
    return answer;
}

/* Not inline, as find(): nothing of it is on the stack while the key is read, which the format needs. */
__attribute__((noinline)) static enum state_answer allot(struct state *state, const struct state_format *format,
                                                         const struct state_keys *keys, struct alias_search *search,
                                                         uint32_t *offset, struct state_fault *fault)
{
    struct question question;
    struct critical_section section;
    struct state_file file;
    struct state_fault unread;
    enum state_answer answer = STATE_FAILED;
    question_start(&question, state, keys, search);
    critical_section_enter(&section);
    bool writable = state_file_open(&file, &state->place, format, STATE_CREATE, fault);
    if (writable ||
        (state_fault_is_read_only(fault) && state_file_open(&file, &state->place, format, STATE_READ, &unread))) {
        answer = allot_in(&question, &file, writable, offset, fault);
        state_file_close(&file);
    }
    question_end(&question);
    critical_section_leave(&section);
    return answer;
}

enum state_answer state_aliases_allot(struct state *state, struct alias_search *search, uint32_t *offset,
                                      struct state_fault *fault)
{
    int saved = errno;
    struct state_keys keys;
    struct state_fault unused;
    struct state_format format = state_format_for(state, STATE_ALIASES, STATE_CREATE);
    state_keys(state, STATE_READ, &keys, &unused);
    enum state_answer answer = allot(state, &format, &keys, search, offset, fault);
    errno = saved;
    return answer;
}

__attribute__((noinline)) static enum state_answer find(struct state *state, const struct state_format *format,
                                                        const struct state_keys *keys, struct alias_search *search,
                                                        uint32_t *offset, struct state_fault *fault)
{
    struct question question;
    struct critical_section section;
    struct state_file file;
    enum alias_found found = ALIAS_NO_PLACE;
    question_start(&question, state, keys, search);
    critical_section_enter(&section);
    bool readable = state_file_open(&file, &state->place, format, STATE_READ, fault);
    if (readable) {
        readable = question_ask(&question, &file, &found, offset, fault);
        state_file_close(&file);
    }
    question_end(&question);
    critical_section_leave(&section);
    return found == ALIAS_PRESENT ? STATE_FOUND : readable ? STATE_NOTHING : STATE_FAILED;
}

enum state_answer state_aliases_find(struct state *state, struct alias_search *search, uint32_t *offset,
                                     struct state_fault *fault)
{
    int saved = errno;
    struct state_keys keys;
    struct state_fault unused;
    struct state_format format = state_format(state, STATE_ALIASES);
    state_keys(state, STATE_READ, &keys, &unused);
    enum state_answer answer = find(state, &format, &keys, search, offset, fault);
    errno = saved;
    return answer;
}

/* Reads one record; one that is free or damaged is STATE_NOTHING. */
static enum state_answer read_record(const struct state_file *file, uint32_t offset, struct alias_record *record,
                                     struct state_fault *fault)
{
    uint8_t bytes[ALIAS_RECORD_SIZE];
    for (int tries = 0; tries < READ_TRIES; tries++) {
        if (!state_file_read(file, offset, 1, bytes, fault))
            return STATE_FAILED;
        if (alias_record_decode(bytes, file->seal, offset, record))
            return STATE_FOUND;
    }
    return STATE_NOTHING;
}

static void find_page_of(const struct state_file *file, uint32_t offset, uint32_t *first, uint32_t *count)
{
    uint32_t slots = file->format->slots;
    *count = slots < ALIAS_PAGE_RECORDS ? slots : ALIAS_PAGE_RECORDS;
    *first = offset - offset % *count;
}

static enum state_answer forget_locked(const struct state_file *file, uint32_t offset, struct state_fault *fault)
{
    static const uint8_t nothing[ALIAS_RECORD_SIZE];
    uint8_t bytes[ALIAS_RECORD_SIZE];
    if (!state_file_read(file, offset, 1, bytes, fault))
        return STATE_FAILED;
    if (memcmp(bytes, nothing, sizeof bytes) == 0)
        return STATE_NOTHING;
    return state_file_write(file, offset, nothing, fault) ? STATE_FOUND : STATE_FAILED;
}

enum state_answer state_aliases_forget(struct state *state, uint32_t offset, struct state_fault *fault)
{
    if (!alias_pool_is_stored(&state->pool, offset))
        return STATE_NOTHING;
    int saved = errno;
    struct state_format format = state_format_for(state, STATE_ALIASES, STATE_WRITE);
    struct critical_section section;
    critical_section_enter(&section);
    struct state_file file;
    uint32_t first, count;
    enum state_answer answer = STATE_FAILED;
    if (state_file_open(&file, &state->place, &format, STATE_WRITE, fault)) {
        find_page_of(&file, offset, &first, &count);
        if (state_file_lock(&file, first, count, fault)) {
            answer = forget_locked(&file, offset, fault);
            state_file_unlock(&file, first, count);
        }
        state_file_close(&file);
    } else if (fault->reason == STATE_ABSENT) {
        answer = STATE_NOTHING;
    }
    critical_section_leave(&section);
    errno = saved;
    return answer;
}

/* The peer at `offset` was seen now. It is no harm if that can't be written. `record` gets what is there by now. */
static enum state_answer renew(const struct state_file *file, uint32_t offset, const struct alias_moment *now,
                               struct alias_record *record)
{
    uint32_t first, count;
    struct state_fault fault = {0};
    find_page_of(file, offset, &first, &count);
    if (!state_file_lock(file, first, count, &fault))
        return STATE_FOUND;
    enum state_answer answer = read_record(file, offset, record, &fault);
    if (answer == STATE_FOUND && record->kind == ALIAS_PEER) {
        record->seen = *now;
        write_record(file, offset, record, &fault);
    }
    state_file_unlock(file, first, count);
    return answer;
}

enum state_answer state_aliases_read(struct state *state, uint32_t offset, bool use, struct alias_record *record,
                                     struct state_fault *fault)
{
    if (!alias_pool_is_stored(&state->pool, offset))
        return STATE_NOTHING;
    int saved = errno;
    struct state_format format = state_format(state, STATE_ALIASES);
    struct alias_moment now = host_moment();
    struct critical_section section;
    critical_section_enter(&section);
    struct state_file file;
    enum state_answer answer = STATE_FAILED;
    bool writable = use && state_file_open(&file, &state->place, &format, STATE_WRITE, fault);
    if (writable || state_file_open(&file, &state->place, &format, STATE_READ, fault)) {
        answer = read_record(&file, offset, record, fault);
        if (answer == STATE_FOUND && alias_record_is_stale(record, &now))
            answer = STATE_NOTHING;
        if (answer == STATE_FOUND && writable && record->kind == ALIAS_PEER &&
            alias_record_is_due(record, ALIAS_PEER, &now))
            answer = renew(&file, offset, &now, record);
        state_file_close(&file);
    } else if (fault->reason == STATE_ABSENT) {
        answer = STATE_NOTHING;
    }
    critical_section_leave(&section);
    errno = saved;
    return answer;
}

static bool list_page(const struct state_file *file, const struct alias_pool *pool, uint32_t first,
                      const uint8_t *bytes, uint32_t count, state_alias_visit *each, void *context)
{
    for (uint32_t i = 0; i < count; i++) {
        struct alias_record record;
        if (alias_pool_is_stored(pool, first + i) &&
            alias_record_decode(bytes + i * ALIAS_RECORD_SIZE, file->seal, first + i, &record) &&
            !each(context, first + i, &record))
            return false;
    }
    return true;
}

enum state_answer state_aliases_each(struct state *state, struct alias_pool *pool, state_alias_visit *each,
                                     void *context, struct state_fault *fault)
{
    struct state_format format = state_format(state, STATE_ALIASES);
    struct state_file file;
    if (!state_file_open_any(&file, &state->place, &format, fault))
        return fault->reason == STATE_ABSENT ? STATE_NOTHING : STATE_FAILED;
    /* The header is another user's to write: its numbers decide how long we read. */
    if (!alias_pool_make(pool, format.pool_first, format.pool_count) || format.slots != pool->count) {
        state_file_close(&file);
        *fault = (struct state_fault){.reason = STATE_HEADER};
        return STATE_FAILED;
    }
    uint8_t bytes[ALIAS_PAGE_SIZE];
    enum state_answer answer = STATE_FOUND;
    for (uint32_t first = 0; first < pool->count; first += ALIAS_PAGE_RECORDS) {
        uint32_t left = pool->count - first;
        uint32_t count = left < ALIAS_PAGE_RECORDS ? left : ALIAS_PAGE_RECORDS;
        if (!state_file_read(&file, first, count, bytes, fault)) {
            answer = STATE_FAILED;
            break;
        }
        if (!list_page(&file, pool, first, bytes, count, each, context))
            break;
    }
    state_file_close(&file);
    return answer;
}
