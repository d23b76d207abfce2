/* Reads and describes the value of one setting; called by core/settings/config.c and by what keeps rows of
   addresses. */
#include "core/settings/setting.h"

#include "core/address/literal.h"

#include <string.h>

/* Longest text of one side of a map entry: an IPv6 address in full, '/' and three digits. */
#define PREFIX_TEXT_SIZE (INET6_ADDRSTRLEN + 4)

#define IPV4_BITS 32
#define IPV6_BITS 128

#define BROADCAST_NETWORK 255 /* the first octet of 255.255.255.255 */

/* A piece of a text that somebody else owns. */
struct span {
    const char *start;
    size_t length;
};

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

static struct span trim(struct span span)
{
    while (span.length > 0 && is_blank(span.start[0])) {
        span.start++;
        span.length--;
    }
    while (span.length > 0 && is_blank(span.start[span.length - 1]))
        span.length--;
    return span;
}

/* Takes what stands before the separator off the front of `rest`; true where there was one. */
static bool split(struct span *rest, char separator, struct span *before)
{
    const char *found = rest->length == 0 ? NULL : memchr(rest->start, separator, rest->length);
    *before = *rest;
    if (found != NULL)
        before->length = (size_t)(found - rest->start);
    size_t taken = before->length + (found != NULL);
    rest->start += taken;
    rest->length -= taken;
    return found != NULL;
}

static bool word_is(struct span span, const char *word)
{
    return span.length == strlen(word) && memcmp(span.start, word, span.length) == 0;
}

static bool parse_number(struct span span, uint64_t *number)
{
    *number = 0;
    for (size_t index = 0; index < span.length; index++) {
        if (span.start[index] < '0' || span.start[index] > '9')
            return false;
        if (*number > UINT32_MAX)
            return false;
        *number = *number * 10 + (uint64_t)(span.start[index] - '0');
    }
    return span.length > 0;
}

/* "lowest..highest", or one number for both: written by us in settings.def, so it is right. */
static void read_range(const char *constraint, uint64_t *lowest, uint64_t *highest)
{
    struct span first = {constraint, strcspn(constraint, ".")};
    const char *second = constraint + first.length;
    second += strspn(second, ".");
    parse_number(first, lowest);
    if (*second == '\0')
        *highest = *lowest;
    else
        parse_number((struct span){second, strlen(second)}, highest);
}

static bool parse_choice(const struct setting *setting, struct span value, void *field)
{
    struct span choices = {setting->constraint, strlen(setting->constraint)}, choice;
    bool more = true;
    for (unsigned index = 0; more; index++) {
        more = split(&choices, '|', &choice);
        if (choice.length == value.length && memcmp(choice.start, value.start, value.length) == 0) {
            if (field != NULL)
                memcpy(field, &index, sizeof index);
            return true;
        }
    }
    return false;
}

static bool parse_milliseconds(const struct setting *setting, struct span value, uint32_t *field)
{
    uint64_t number, lowest, highest;
    read_range(setting->constraint, &lowest, &highest);
    if (!parse_number(value, &number) || number < lowest || number > highest)
        return false;
    if (field != NULL)
        *field = (uint32_t)number;
    return true;
}

static bool parse_text(const struct setting *setting, struct span value, char *field)
{
    uint64_t limit;
    read_range(setting->constraint, &limit, &limit);
    if (value.length == 0 || value.length > limit || (setting->kind == SETTING_PATH && value.start[0] != '/'))
        return false;
    if (field != NULL) {
        memcpy(field, value.start, value.length);
        field[value.length] = '\0';
    }
    return true;
}

static bool parse_prefix(struct span span, struct ip_address *prefix, unsigned *length)
{
    char copy[PREFIX_TEXT_SIZE];
    if (span.length >= sizeof copy || memchr(span.start, '\0', span.length) != NULL)
        return false;
    memcpy(copy, span.start, span.length);
    copy[span.length] = '\0';
    return literal_parse_prefix(copy, prefix, length);
}

/*
 * Not 0.0.0.0/8 (programs read it as "this host", and RFC 6535 calls it a mistake), not 127.0.0.0/8 (trusted
 * as local), not 224.0.0.0/4 (multicast), not 255.0.0.0/8 (where the broadcast address is). A pool is at least a /8
 * long, so that its first octet tells.
 */
static bool is_pool_usable(uint32_t first)
{
    uint32_t network = first >> IN_CLASSA_NSHIFT;
    return network != 0 && network != IN_LOOPBACKNET && !IN_MULTICAST(first) && network != BROADCAST_NETWORK;
}

static bool parse_pool(const struct setting *setting, struct span value, struct ipv4_prefix *field)
{
    struct ip_address address;
    unsigned length;
    uint64_t shortest, longest;
    read_range(setting->constraint, &shortest, &longest);
    if (!parse_prefix(value, &address, &length) || address.family != AF_INET)
        return false;
    if (length < shortest || length > longest || !is_pool_usable(ntohl(address.ipv4.s_addr)))
        return false;
    if (field != NULL)
        *field = (struct ipv4_prefix){.address = address.ipv4, .length = length};
    return true;
}

static sa_family_t family_named(struct span name)
{
    return name.length == 4 && memcmp(name.start, "IPv4", 4) == 0 ? AF_INET : AF_INET6;
}

static struct setting_fault fault_at(struct span value, struct span part)
{
    return (struct setting_fault){.offset = (size_t)(part.start - value.start), .length = part.length};
}

/* One "A = B" out of `value`. */
static bool parse_mapping(const struct setting *setting, struct span value, struct span entry,
                          struct prefix_mapping *mapping, struct setting_fault *fault)
{
    struct span families = {setting->constraint, strlen(setting->constraint)}, family, from, to = entry;
    split(&families, '=', &family);
    if (!split(&to, '=', &from)) {
        *fault = fault_at(value, trim(entry));
        return false;
    }
    from = trim(from);
    to = trim(to);
    if (!parse_prefix(from, &mapping->from, &mapping->from_length) || mapping->from.family != family_named(family)) {
        *fault = fault_at(value, from);
        return false;
    }
    if (!parse_prefix(to, &mapping->to, &mapping->to_length) || mapping->to.family != family_named(families)) {
        *fault = fault_at(value, to);
        return false;
    }
    return true;
}

static bool parse_map(const struct setting *setting, struct span value, struct prefix_map *field,
                      struct setting_fault *fault)
{
    unsigned start = field != NULL ? field->count : 0, count = start;
    struct span rest = value, entry;
    for (bool more = true; more;) {
        struct prefix_mapping mapping;
        more = split(&rest, ',', &entry);
        if (!parse_mapping(setting, value, entry, &mapping, fault))
            return false;
        if (count == PREFIX_MAP_SIZE) {
            *fault = fault_at(value, trim(entry));
            return false;
        }
        if (field != NULL)
            field->entries[count] = mapping; /* not in force before count says so */
        count++;
    }
    if (field != NULL)
        field->count = count;
    return true;
}

/* A choice; an absolute path, which no choice looks like; or that path behind the word "file". */
static bool parse_choice_or_file(const struct setting *setting, struct span value, struct choice_or_file *field)
{
    struct span path = value, word;
    if (parse_choice(setting, value, NULL)) {
        if (field != NULL) {
            *field = (struct choice_or_file){0};
            parse_choice(setting, value, &field->choice);
        }
        return true;
    }
    split(&path, ' ', &word);
    path = word_is(word, "file") ? trim(path) : value;
    if (path.length == 0 || path.length >= sizeof field->path || path.start[0] != '/')
        return false;
    if (field != NULL) {
        field->choice = 0;
        memcpy(field->path, path.start, path.length);
        field->path[path.length] = '\0';
    }
    return true;
}

/* Prefixes between commas or blanks. */
static bool parse_nat64(const struct setting *setting, struct span value, struct nat64_setting *field,
                        struct setting_fault *fault)
{
    struct nat64_setting read = {.mode = NAT64_GIVEN};
    struct span rest = value, piece, word;
    bool may_be_auto = setting->constraint[0] == 'a';
    if ((may_be_auto && word_is(value, "auto")) || word_is(value, "off"))
        read.mode = word_is(value, "auto") ? NAT64_AUTO : NAT64_OFF;
    for (bool more = read.mode == NAT64_GIVEN; more;) {
        more = split(&rest, ',', &piece);
        piece = trim(piece);
        for (bool further = true; further; piece = trim(piece)) {
            struct nat64_prefix prefix;
            further = split(&piece, ' ', &word);
            if (!parse_prefix(word, &prefix.address, &prefix.length) || prefix.address.family != AF_INET6 ||
                nat64_prefix_fault(&prefix) != NULL || read.count == NAT64_PREFIXES_MAX) {
                *fault = fault_at(value, word);
                return false;
            }
            read.prefixes[read.count++] = prefix;
        }
    }
    if (field != NULL)
        *field = read;
    return true;
}

static bool is_name_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '.' || character == '-' || character == '_';
}

/* IPv6 text, or what may be a host name: not all digits and dots, which an IPv4 address is. */
/* One address of one IPv6 host: a link-local one would need its interface, which this setting doesn't take. */
static bool may_be_target(const struct ip_address *address, unsigned length)
{
    return address->family == AF_INET6 && length == IPV6_BITS && !address_is_unspecified(address) &&
           !address_is_multicast(address) && !address_is_mapped(address) && !address_is_link_local(address);
}

static bool parse_target(struct span target, struct redirect *redirect)
{
    unsigned length;
    bool letter = false;
    memset(redirect->name, 0, sizeof redirect->name);
    if (parse_prefix(target, &redirect->to, &length))
        return may_be_target(&redirect->to, length);
    redirect->to = (struct ip_address){.family = AF_UNSPEC};
    if (target.length == 0 || target.length >= sizeof redirect->name)
        return false;
    for (size_t index = 0; index < target.length; index++) {
        if (!is_name_character(target.start[index]))
            return false;
        letter |= target.start[index] > '9';
    }
    memcpy(redirect->name, target.start, target.length);
    return letter;
}

static bool parse_redirects(struct span value, struct redirects *field, struct setting_fault *fault)
{
    unsigned count = field != NULL ? field->count : 0;
    struct span rest = value, entry, from;
    for (bool more = true; more;) {
        struct redirect redirect;
        struct ip_address address;
        unsigned length;
        more = split(&rest, ',', &entry);
        struct span to = entry;
        bool pair = split(&to, '=', &from);
        from = trim(from);
        if (!pair || !parse_prefix(from, &address, &length) || address.family != AF_INET || length != IPV4_BITS) {
            *fault = fault_at(value, from);
            return false;
        }
        redirect.from = address.ipv4;
        if (!parse_target(trim(to), &redirect) || count == REDIRECTS_SIZE) {
            *fault = fault_at(value, trim(to));
            return false;
        }
        if (field != NULL)
            field->entries[count] = redirect; /* not in force before count says so */
        count++;
    }
    if (field != NULL)
        field->count = count;
    return true;
}

static bool parse_ports(struct span value, struct port_list *field, struct setting_fault *fault)
{
    struct port_list read;
    if (!port_list_parse(value.start, value.length, &read, &fault->offset, &fault->length))
        return false;
    if (field != NULL)
        *field = read;
    return true;
}

bool setting_parse(const struct setting *setting, const char *value, size_t length, void *base,
                   struct setting_fault *fault)
{
    struct span span = {value, length};
    void *field = base == NULL ? NULL : (char *)base + setting->offset;
    *fault = (struct setting_fault){.offset = 0, .length = length};
    switch (setting->kind) {
    case SETTING_CHOICE:
        return parse_choice(setting, span, field);
    case SETTING_MILLISECONDS:
        return parse_milliseconds(setting, span, field);
    case SETTING_TEXT:
    case SETTING_PATH:
        return parse_text(setting, span, field);
    case SETTING_IPV4_POOL:
        return parse_pool(setting, span, field);
    case SETTING_PREFIX_MAP:
        return parse_map(setting, span, field, fault);
    case SETTING_CHOICE_OR_FILE:
        return parse_choice_or_file(setting, span, field);
    case SETTING_NAT64:
        return parse_nat64(setting, span, field, fault);
    case SETTING_REDIRECTS:
        return parse_redirects(span, field, fault);
    case SETTING_PORTS:
        return parse_ports(span, field, fault);
    }
    return false;
}

void setting_clear(const struct setting *setting, void *base)
{
    memset((char *)base + setting->offset, 0, setting->size);
}

static void describe_choice(const struct setting *setting, struct text *text)
{
    bool or_file = setting->kind == SETTING_CHOICE_OR_FILE;
    struct span choices = {setting->constraint, strlen(setting->constraint)}, choice;
    for (bool more = true, first = true; more; first = false) {
        more = split(&choices, '|', &choice);
        if (!first)
            text_add(text, more || or_file ? ", " : " or ");
        text_add_bytes(text, choice.start, choice.length);
    }
    if (or_file)
        text_add(text, " or an absolute path");
}

void setting_describe(const struct setting *setting, struct text *text)
{
    uint64_t lowest, highest;
    read_range(setting->constraint, &lowest, &highest);
    switch (setting->kind) {
    case SETTING_CHOICE:
    case SETTING_CHOICE_OR_FILE:
        describe_choice(setting, text);
        break;
    case SETTING_MILLISECONDS:
        text_add(text, "a whole number of milliseconds from ");
        text_add_unsigned(text, lowest);
        text_add(text, " to ");
        text_add_unsigned(text, highest);
        break;
    case SETTING_TEXT:
    case SETTING_PATH:
        text_add(text, setting->kind == SETTING_PATH ? "an absolute path of 1 to " : "1 to ");
        text_add_unsigned(text, highest);
        text_add(text, " bytes");
        break;
    case SETTING_IPV4_POOL:
        text_add(text, "an IPv4 prefix of length ");
        text_add_unsigned(text, lowest);
        text_add(text, " to ");
        text_add_unsigned(text, highest);
        text_add(text, ", all other bits 0, outside 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4 and 255.0.0.0/8");
        break;
    case SETTING_PREFIX_MAP:
        text_add_bytes(text, setting->constraint, strcspn(setting->constraint, "="));
        text_add(text, "-PREFIX = ");
        text_add(text, setting->constraint + strcspn(setting->constraint, "=") + 1);
        text_add(text, "-PREFIX, at most ");
        text_add_unsigned(text, PREFIX_MAP_SIZE);
        text_add(text, " of them");
        break;
    case SETTING_NAT64:
        text_add(text, setting->constraint[0] == 'a' ? "auto, off, or at most " : "off, or at most ");
        text_add_unsigned(text, NAT64_PREFIXES_MAX);
        text_add(text, " NAT64 prefixes of length 32, 40, 48, 56, 64 or 96, in 64:ff9b::/96, 64:ff9b:1::/48, "
                       "2000::/3 or fc00::/7, with bits 64 to 71 zero");
        break;
    case SETTING_REDIRECTS:
        text_add(text, "IPv4 = NAME or IPv4 = IPv6, at most ");
        text_add_unsigned(text, REDIRECTS_SIZE);
        text_add(text, " of them");
        break;
    case SETTING_PORTS:
        text_add(text, "off, or at most ");
        text_add_unsigned(text, PORT_LIST_SIZE);
        text_add(text, " ports from 1 to 65535");
        break;
    }
}

void setting_explain(const struct setting *setting, const char *value, const struct setting_fault *fault,
                     struct text *text)
{
    text_add(text, "expected ");
    setting_describe(setting, text);
    text_add(text, ", found ");
    if (fault->length == 0)
        text_add(text, "nothing");
    else
        setting_quote(value + fault->offset, fault->length, text);
}

void setting_variable(const struct setting *setting, char name[SETTING_VARIABLE_SIZE])
{
    struct text text = text_on(name, SETTING_VARIABLE_SIZE);
    text_add(&text, SETTING_VARIABLE_PREFIX);
    for (const char *character = setting->keyword; *character != '\0'; character++) {
        char capital = *character == '-' ? '_' : *character;
        if (capital >= 'a' && capital <= 'z')
            capital = (char)(capital - 'a' + 'A');
        text_add_bytes(&text, &capital, 1);
    }
}

void setting_show(const char *bytes, size_t length, struct text *text)
{
    char copy[SETTING_SHOWN_LENGTH + 1];
    size_t shown = length < SETTING_SHOWN_LENGTH ? length : SETTING_SHOWN_LENGTH;
    memcpy(copy, bytes, shown);
    copy[shown] = '\0';
    text_add_quoted(text, copy);
    if (shown < length)
        text_add(text, "...");
}

void setting_quote(const char *bytes, size_t length, struct text *text)
{
    text_add(text, "\"");
    setting_show(bytes, length, text);
    text_add(text, "\"");
    if (length <= SETTING_SHOWN_LENGTH)
        return;
    text_add(text, " (");
    text_add_unsigned(text, length);
    text_add(text, " bytes)");
}
