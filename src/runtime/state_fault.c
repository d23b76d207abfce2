#include <errno.h>
#include <string.h>

#include "runtime/state_key.h"

static const struct {
    bool of_place;
    const char *what;
    const char *advice;
} faults[STATE_REASONS] = {
    [STATE_NONE] = {true, "no error", NULL},
    [STATE_NO_PLACE] = {true, "there is no state directory: HOME is not set, or relative", "set state-dir"},
    [STATE_PLACE_ERROR] = {true, "the state directory can't be used", "make it, mode 0700, or set state-dir"},
    [STATE_PLACE_OWNER] = {true, "the state directory belongs to another user", "chown it or set state-dir"},
    [STATE_PLACE_WRITABLE] = {true, "the state directory is writable by others", "chmod it to 0700"},
    [STATE_ABSENT] = {false, "it does not exist yet", NULL},
    [STATE_OPEN_ERROR] = {false, "can't be opened", "make it readable and writable for its user, or remove it"},
    [STATE_NOT_REGULAR] = {false, "is not a regular file (links are not followed)", "remove it"},
    [STATE_OWNER] = {false, "belongs to another user", "remove it or chown it"},
    [STATE_WRITABLE] = {false, "is writable by others", "remove it if you don't trust it, else chmod it to 0600"},
    [STATE_LINKED] = {false, "has a second hard link", "remove that link"},
    [STATE_CUT] = {false, "is damaged: not of its full size", "remove it to start anew"},
    [STATE_HEADER] = {false, "is damaged, or was made by another version", "remove it to start anew"},
    [STATE_OTHER_POOL] = {false, "was made for another alias-pool", "restore that setting, or remove the file"},
    [STATE_OTHER_KEY] = {false, "was made with another alias-key, or another file key",
                         "set or restore that one, or remove the file"},
    [STATE_READ_ERROR] = {false, "can't be read", NULL},
    [STATE_WRITE_ERROR] = {false, "can't be written", NULL},
    [STATE_BUSY] = {false, "stays locked by another process", "see with lsof or fuser whether that one is stopped"},
    [STATE_READABLE] = {false, "can be read by others",
                        "if nobody has read it, chmod it to 0600, else remove all files here"},
    [STATE_NO_RANDOM] = {false, "can't be made: the kernel gives no random bytes", "set alias-key"},
    [STATE_LOCK_ERROR] = {false, "can't be locked", "set state-dir to another file system"},
};

bool state_fault_is_read_only(const struct state_fault *fault)
{
    return (fault->reason == STATE_OPEN_ERROR || fault->reason == STATE_WRITE_ERROR) &&
           (fault->error == EROFS || fault->error == EACCES || fault->error == EPERM);
}

bool state_fault_is_of_place(const struct state_fault *fault)
{
    return faults[fault->reason].of_place;
}

void state_fault_describe(const struct state_fault *fault, const struct state_place *place, const char *name,
                          struct text *text)
{
    if (place->path[0] != '\0') {
        text_add_quoted(text, place->path);
        if (!faults[fault->reason].of_place) {
            text_add(text, "/");
            text_add(text, fault->of_key ? STATE_KEY_NAME : name);
        }
        text_add(text, ": ");
    }
    text_add(text, faults[fault->reason].what);
    if (fault->error != 0) {
        text_add(text, ": ");
        text_add(text, strerrordesc_np(fault->error));
    }
    if (faults[fault->reason].advice != NULL) {
        text_add(text, " (");
        text_add(text, faults[fault->reason].advice);
        text_add(text, ")");
    }
}
