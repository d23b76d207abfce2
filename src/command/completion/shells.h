/*
 * What each shell reads: a text for standard output, which says all that `facts` say.
 */
#ifndef V6SHIM_COMMAND_COMPLETION_SHELLS_H
#define V6SHIM_COMMAND_COMPLETION_SHELLS_H

#include "command/completion/facts.h"

void completion_bash(const struct facts *facts);
void completion_zsh(const struct facts *facts);
void completion_fish(const struct facts *facts);

#endif
