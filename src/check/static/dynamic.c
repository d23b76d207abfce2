/* The check of a dynamically linked program: its own calls first, then what it calls of its libraries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/elf/where.h"
#include "check/file/file.h"

#define BIT(name) FACT_BIT(FACT_##name)

/* A call of the program's own that shows a fact. */
struct sighting {
    struct object_site site;
    enum fact fact;
};

/* A function of a library that the program calls and that leads to the network. */
struct entrance {
    const char *symbol;
    size_t symbol_index;
    const struct library *library;
    facts_t facts;
};

struct examination {
    struct report *report;
    const struct elf_image *image;
    struct libraries *libraries;
    const struct library **needed; /* and what they need */
    size_t needed_count, needed_size;
    const struct elf_functions *functions;
    const bool *reached; /* of functions; NULL: all */
    facts_t own;
    facts_t absent; /* what is known of the libraries that are missing */
    const char *absent_name;
    struct sighting *sightings;
    size_t sighting_count, sighting_size;
    struct entrance *entrances;
    size_t entrance_count, entrance_size;
    struct elf_where *where;
    bool where_tried;
};

static void *grow(void *list, size_t *size, size_t count, size_t element)
{
    if (count < *size)
        return list;
    *size = *size == 0 ? 32 : *size * 2;
    list = realloc(list, *size * element);
    if (list == NULL)
        abort();
    return list;
}

static bool is_listed(const struct examination *exam, const struct library *library)
{
    for (size_t index = 0; index < exam->needed_count; index++)
        if (exam->needed[index] == library)
            return true;
    return false;
}

/* The libraries in the loader's order: breadth first. */
static void add_library(struct examination *exam, const struct library *library)
{
    if (library == NULL || is_listed(exam, library))
        return;
    exam->needed = grow(exam->needed, &exam->needed_size, exam->needed_count, sizeof *exam->needed);
    exam->needed[exam->needed_count++] = library;
}

/*
 * The root of the tree that the program lies in, where that isn't the system's: what stands before /usr, /bin or
 * /sbin. Cuts the directory there; returns whether anything is left.
 */
static bool find_root(char *directory)
{
    static const char *const tops[] = {"/usr/", "/bin/", "/sbin/", "/opt/", "/lib/"};
    size_t length = strlen(directory);
    directory[length] = '/'; /* there was one, before the file's name */
    directory[length + 1] = '\0';
    char *first = NULL;
    for (size_t index = 0; index < sizeof tops / sizeof tops[0]; index++) {
        char *last = NULL;
        for (char *at = directory; (at = strstr(at, tops[index])) != NULL; at++)
            last = at;
        if (last != NULL && (first == NULL || last < first))
            first = last;
    }
    if (first != NULL)
        *first = '\0';
    return first != NULL && first > directory;
}

static void load_libraries(struct examination *exam, const struct check_mapping *mappings)
{
    const struct elf_image *image = exam->image;
    const char *path = exam->report->path;
    char real[PATH_MAX]; /* $ORIGIN is where the file itself lies, not a link to it */
    if (realpath(path, real) == NULL)
        strcpy(real, "./");
    *strrchr(real, '/') = '\0';
    char root[PATH_MAX + 1];
    strcpy(root, real);
    struct elf_requester requester = {
        .directory = real,
        .root = find_root(root) ? root : NULL,
        .rpath = image->rpath,
        .runpath = image->runpath,
        .elf_class = image->program.elf_class,
        .machine = image->program.machine,
        .privileged = image->program.setuid || image->program.setgid || image->program.capabilities,
    };
    for (size_t index = 0; index < image->needed_count; index++) {
        const struct library *library = libraries_get(exam->libraries, &requester, image->needed[index]);
        if (library == NULL) {
            report_add_missing(exam->report, image->needed[index]);
            exam->absent |= library_known_facts(image->needed[index]);
            if (exam->absent_name == NULL && exam->absent != 0)
                exam->absent_name = image->needed[index];
        }
        add_library(exam, library);
    }
    for (; mappings != NULL; mappings = mappings->next)
        add_library(exam, libraries_get(exam->libraries, &requester, mappings->path));
    for (size_t index = 0; index < exam->needed_count; index++) {
        const struct library *library = exam->needed[index];
        for (size_t needed = 0; needed < library->needed_count; needed++)
            add_library(exam, library->needed[needed]);
        for (size_t missing = 0; missing < library->missing_count; missing++)
            report_add_missing(exam->report, library->missing[missing]);
    }
}

/* A program's own functions are its own affair: only what it imports means something. */
static struct import_meaning resolve(const struct elf_symbol *symbol, void *context)
{
    (void)context;
    bool own = !symbol->undefined && symbol->function; /* a name of libc's, but the program's own function */
    return (struct import_meaning){.call = own ? NULL : call_find(symbol->name)};
}

static void note_site(const struct object_site *site, void *context)
{
    struct examination *exam = context;
    size_t function = site->called ? elf_functions_find(exam->functions, site->address) : SIZE_MAX;
    if (exam->reached != NULL && function != SIZE_MAX && !exam->reached[function])
        return; /* linked in, and never called */
    exam->own |= site->facts;
    for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
        if ((site->facts & FACT_BIT(fact)) == 0)
            continue;
        exam->sightings = grow(exam->sightings, &exam->sighting_size, exam->sighting_count, sizeof *exam->sightings);
        exam->sightings[exam->sighting_count++] = (struct sighting){*site, (enum fact)fact};
    }
}

/* The library functions among the program's imports that lead to the network. */
static void find_entrances(struct examination *exam)
{
    struct elf_symbol symbol;
    for (size_t index = 1; index < exam->image->symbol_count; index++) {
        if (!elf_image_symbol(exam->image, index, &symbol) || !symbol.undefined || call_find(symbol.name) != NULL)
            continue;
        for (size_t library = 0; library < exam->needed_count; library++) {
            facts_t facts = library_leads_to(exam->needed[library], symbol.name);
            if (facts == 0)
                continue;
            exam->entrances =
                grow(exam->entrances, &exam->entrance_size, exam->entrance_count, sizeof *exam->entrances);
            exam->entrances[exam->entrance_count++] =
                (struct entrance){symbol.name, index, exam->needed[library], facts};
            break;
        }
    }
}

/* --- evidence --- */

static struct evidence own_evidence(struct examination *exam, const struct object_site *site)
{
    if (!exam->where_tried) {
        exam->where = elf_where_new(exam->image);
        exam->where_tried = true;
    }
    struct elf_place place = elf_where_find(exam->where, site->address);
    struct elf_symbol symbol;
    bool weak = elf_image_symbol(exam->image, site->symbol_index, &symbol) && symbol.weak;
    return (struct evidence){
        .symbol = site->symbol,
        .version = elf_image_symbol_version(exam->image, site->symbol_index),
        .function = place.function,
        .file = place.file,
        .line = (unsigned)place.line,
        .address = site->address,
        .detail = !site->called ? "imported; no call found"
                  : weak        ? "weak: it may be missing at run time"
                                : NULL,
    };
}

static struct evidence library_evidence(const struct entrance *entrance, enum fact fact)
{
    return (struct evidence){
        .symbol = library_example(entrance->library, fact),
        .object = entrance->library->soname,
        .via = entrance->symbol,
    };
}

static void add_own_gaps(struct examination *exam, facts_t wanted)
{
    for (size_t index = 0; index < exam->sighting_count; index++) {
        const struct sighting *sighting = &exam->sightings[index];
        enum gap_number number = fact_gap(sighting->fact);
        if ((wanted & FACT_BIT(sighting->fact)) == 0 || number == GAP_COUNT)
            continue;
        struct evidence evidence = own_evidence(exam, &sighting->site);
        report_add_gap(exam->report, number, &evidence);
    }
}

static void add_library_gaps(struct examination *exam, facts_t wanted)
{
    for (size_t index = 0; index < exam->entrance_count; index++)
        for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
            const struct entrance *entrance = &exam->entrances[index];
            enum gap_number number = fact_gap((enum fact)fact);
            if ((entrance->facts & wanted & FACT_BIT(fact)) == 0 || number == GAP_COUNT)
                continue;
            struct evidence evidence = library_evidence(entrance, (enum fact)fact);
            report_add_gap(exam->report, number, &evidence);
        }
}

static void add_credits(struct examination *exam)
{
    for (size_t index = 0; index < exam->sighting_count; index++) {
        const struct sighting *sighting = &exam->sightings[index];
        if ((facts_for & FACT_BIT(sighting->fact)) == 0)
            continue;
        struct evidence evidence = own_evidence(exam, &sighting->site);
        report_add_credit(exam->report, fact_text(sighting->fact), &evidence);
    }
    for (size_t index = 0; index < exam->entrance_count; index++)
        for (unsigned fact = 0; fact < FACT_COUNT; fact++)
            if ((exam->entrances[index].facts & facts_for & FACT_BIT(fact)) != 0) {
                struct evidence evidence = library_evidence(&exam->entrances[index], (enum fact)fact);
                report_add_credit(exam->report, fact_text((enum fact)fact), &evidence);
            }
}

/* --- judging --- */

/*
 * Whether library and program are one product, by their names (libiperf and iperf3): then all that the library does
 * counts, also what the program reaches in ways that can't be followed.
 */
static bool is_companion(const struct examination *exam, const struct library *library)
{
    enum { SHORTEST = 4, SUFFIX = 1 };
    const char *slash = strrchr(exam->report->path, '/');
    const char *program = slash == NULL ? exam->report->path : slash + 1;
    if (strncmp(library->soname, "lib", 3) != 0)
        return false;
    const char *stem = library->soname + 3;
    size_t length = strcspn(stem, ".0123456789");
    while (length > 0 && stem[length - 1] == '-')
        length--;
    return length >= SHORTEST && strncmp(program, stem, length) == 0 && strlen(program) <= length + SUFFIX;
}

/* What the program's libraries do for it, each judged alone: one that speaks IPv6 carries the traffic; the rest is
   machinery. */
static enum stance library_stance(struct examination *exam, facts_t *facts, const char **name)
{
    enum stance found = stance_of(exam->absent);
    *facts = exam->absent;
    *name = exam->absent_name;
    for (size_t library = 0; library < exam->needed_count; library++) {
        facts_t sum = 0;
        for (size_t index = 0; index < exam->entrance_count; index++)
            if (exam->entrances[index].library == exam->needed[library])
                sum |= exam->entrances[index].facts;
        if (is_companion(exam, exam->needed[library]))
            sum |= exam->needed[library]->facts;
        enum stance stance = stance_of(sum);
        if (stance == STANCE_IPV4 && !facts_have_transport(sum) && !facts_are_packets_only(sum))
            stance = STANCE_NONE; /* a library that looks up a name has its reasons */
        if (stance > found) {
            found = stance;
            *facts = 0;
            *name = exam->needed[library]->soname;
        }
        if (stance == found && stance != STANCE_NONE)
            *facts |= sum;
    }
    return found;
}

/* One socket that listens, and on IPv4 only. */
static void add_listener_gap(struct examination *exam)
{
    if ((exam->own & BIT(SOCKET_INET)) == 0 || (exam->own & BIT(LISTEN)) == 0)
        return;
    for (size_t index = 0; index < exam->sighting_count; index++)
        if (exam->sightings[index].fact == FACT_BIND) {
            struct evidence evidence = own_evidence(exam, &exam->sightings[index].site);
            report_add_gap(exam->report, GAP_SINGLE_LISTENER, &evidence);
            return;
        }
}

static struct import_meaning resolve_habit(const struct elf_symbol *symbol, void *context)
{
    (void)context;
    bool own = !symbol->undefined && symbol->function;
    return (struct import_meaning){.call = own ? NULL : call_find_habit(symbol->name)};
}

/* Splits at a colon what it then makes a port or a host of, in one function. */
static bool splits_address(const struct examination *exam, const struct object_site *site)
{
    facts_t uses = BIT(NUMBER) | BIT(SERVICE) | BIT(NAME_OLD) | BIT(NAME_INET) | BIT(TEXT_OLD);
    for (size_t index = 0; site->function != 0 && index < exam->sighting_count; index++) {
        const struct sighting *other = &exam->sightings[index];
        if (other->site.function == site->function && (FACT_BIT(other->fact) & uses) != 0)
            return true;
    }
    return false;
}

/* Habits of IPv4 code that no call gives away for certain: guesses, so notes. */
static void add_habits(struct examination *exam)
{
    if (exam->functions == NULL || object_scan(exam->image, exam->functions, resolve_habit, note_site, exam) != 0)
        return;
    for (size_t index = 0; index < exam->sighting_count; index++) {
        const struct sighting *sighting = &exam->sightings[index];
        bool colon = sighting->fact == FACT_COLON && splits_address(exam, &sighting->site);
        if (!colon && sighting->fact != FACT_SHORT_TEXT)
            continue;
        struct evidence evidence = own_evidence(exam, &sighting->site);
        report_add_gap(exam->report, colon ? GAP_COLON_SPLIT : GAP_TEXT_BUFFER, &evidence)->severity = GAP_NOTE;
    }
}

/* IPv6 text is read by what refuses zones, and nothing else here would know them. */
static void add_zone_gap(struct examination *exam)
{
    if ((exam->own & BIT(NAME_NEW)) != 0 || check_has_symbol(exam->image, "if_nametoindex"))
        return;
    for (size_t index = 0; index < exam->sighting_count; index++)
        if (strcmp(exam->sightings[index].site.symbol, "inet_pton") == 0 &&
            exam->sightings[index].fact != FACT_PRESENT_INET) {
            struct evidence evidence = own_evidence(exam, &exam->sightings[index].site);
            report_add_gap(exam->report, GAP_NO_ZONE, &evidence);
        }
}

static void soften_gaps(struct report *report)
{
    for (struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        gap->severity = GAP_NOTE;
}

/* What makes it dual: what speaks for it, else whatever it does. */
static const char *describe_dual(struct report *report, facts_t facts)
{
    if (stance_of(facts) != STANCE_DUAL)
        return "captures packets, and knows those of IPv6";
    return check_describe(report, (facts & facts_for) != 0 ? facts & facts_for : facts);
}

/* `library`: the one that does it for the program; NULL: it does so itself. */
static void conclude_dual(struct examination *exam, facts_t facts, const char *library)
{
    struct report *report = exam->report;
    const char *how = describe_dual(report, facts);
    report->verdict = VERDICT_READY;
    report->reason = library != NULL ? report_print(report, "%s, through %s", how, library) : how;
    add_own_gaps(exam, facts_against & ~(BIT(SOCKET_PACKET) | BIT(CAPTURE)));
    add_zone_gap(exam);
    soften_gaps(report);
    if (report->gaps != NULL)
        report_add_note(report, "the old calls stand beside the new ones: probably for fallback, logs or options");
}

static void conclude_ipv4(struct checker *checker, struct examination *exam, facts_t facts, bool by_library)
{
    add_own_gaps(exam, facts_against);
    if (by_library)
        add_library_gaps(exam, facts_against);
    add_listener_gap(exam);
    add_own_gaps(exam, BIT(SERVICE) | BIT(URING) | BIT(DIRECT_CALL) | BIT(TRUST));
    add_habits(exam);
    check_texts(exam->report, exam->image);
    check_obstacles(checker, exam->report, &exam->image->program);
    check_conclude_ipv4(exam->report, facts);
}

/* Packets that libpcap hands over are taken apart by the program's own code, which calls nobody for IPv6. */
static enum stance own_stance(const struct examination *exam)
{
    enum stance stance = stance_of(exam->own);
    bool captures = (exam->own & BIT(CAPTURE)) != 0 && facts_are_packets_only(exam->own) &&
                    (exam->own & (BIT(RAW_INET) | BIT(SOCKET_PACKET))) == 0;
    return captures && stance != STANCE_DUAL && check_names_inet6(exam->image) ? STANCE_DUAL : stance;
}

/* Where what is missing would decide. Returns whether anything is. */
static bool conclude_unread(struct examination *exam)
{
    const char *names = NULL;
    for (const struct report_text *missing = exam->report->missing; missing != NULL; missing = missing->next)
        if (library_may_matter(missing->text, exam->image))
            names = names == NULL ? missing->text : report_print(exam->report, "%s, %s", names, missing->text);
    const char *looked_up = check_dlsym_name(exam->image);
    if (names != NULL)
        exam->report->reason = report_print(exam->report, "what it needs is missing, and would decide it: %s", names);
    else if ((exam->own & BIT(DIRECT_CALL)) != 0)
        exam->report->reason = "it makes network system calls itself; for which family can't be seen";
    else if (looked_up != NULL)
        exam->report->reason = report_print(exam->report, "it seems to ask dlsym for %s", looked_up);
    else
        return false;
    exam->report->verdict = VERDICT_UNKNOWN;
    add_own_gaps(exam, facts_against);
    soften_gaps(exam->report);
    return true;
}

static void judge(struct checker *checker, struct examination *exam)
{
    enum stance own = own_stance(exam);
    facts_t through = 0;
    const char *name = NULL;
    enum stance library = library_stance(exam, &through, &name);
    /* Names alone don't make a connection: then the library that does decides. */
    facts_t more_than_names = BIT(PEER) | BIT(REMOTE_COMMAND) | BIT(SUN_RPC);
    bool names_alone =
        !facts_have_transport(exam->own) && !facts_are_packets_only(exam->own) && (exam->own & more_than_names) == 0;
    if (own == STANCE_NONE || (own == STANCE_IPV4 && library == STANCE_DUAL && names_alone)) {
        if (library == STANCE_DUAL)
            conclude_dual(exam, through, name);
        else if (library == STANCE_IPV4)
            conclude_ipv4(checker, exam, exam->own | through, true);
        else if (!conclude_unread(exam)) {
            exam->report->verdict = VERDICT_NO_NETWORK;
            exam->report->reason = (exam->own & facts_against) == 0
                                       ? "neither it nor its libraries, as it uses them, reach for the network"
                                       : "it handles addresses, but makes no connection";
            add_own_gaps(exam, facts_against);
            soften_gaps(exam->report);
        }
    } else if (own == STANCE_DUAL) {
        conclude_dual(exam, exam->own, NULL);
    } else if (!names_alone || library != STANCE_NONE || !conclude_unread(exam)) {
        conclude_ipv4(checker, exam, exam->own, false);
    }
}

void check_dynamic(struct checker *checker, struct report *report, const struct elf_image *image,
                   const struct check_mapping *mappings)
{
    struct examination exam = {.report = report, .image = image, .libraries = checker->libraries};
    struct elf_functions functions = {0};
    load_libraries(&exam, mappings);
    bool calls = false, *reached = NULL;
    struct elf_symbol symbol;
    for (size_t index = 1; index < image->symbol_count && !calls; index++)
        calls = elf_image_symbol(image, index, &symbol) && call_find(symbol.name) != NULL;
    if (calls && elf_functions_read(image, &functions) == 0) {
        exam.reached = reached = elf_reached(image, &functions);
        exam.functions = &functions;
        if (object_scan(image, &functions, resolve, note_site, &exam) != 0)
            report->error = "not enough memory";
    }
    if (report->kind != NULL &&
        strcmp(report->kind, "go") == 0) /* libc's resolver for package net, which doesn't dial */
        exam.own &= ~(BIT(NAME_NEW) | BIT(REVERSE_NEW));
    find_entrances(&exam);
    add_credits(&exam);
    judge(checker, &exam);
    if (image->program.machine != EM_X86_64)
        report_add_note(report, "a guess: of this machine's programs the imports are read, not the calls");
    free(reached);
    elf_functions_free(&functions);
    elf_where_free(exam.where);
    free(exam.needed);
    free(exam.sightings);
    free(exam.entrances);
}
