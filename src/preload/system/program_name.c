/* Asks the kernel which program this is; called at the start, where a configuration has blocks for programs. */
#include "preload/system/program_name.h"

#include <sys/auxv.h>
#include <unistd.h>

const struct program_name *program_name_find(struct own_program_name *program)
{
    ssize_t length = readlink("/proc/self/exe", program->executable, sizeof program->executable - 1);
    program->name = (struct program_name){NULL, NULL};
    if (length > 0) {
        program->executable[length] = '\0';
        program->name.executable = program->executable;
    }
    if (getauxval(AT_SECURE) == 0)
        program->name.started = (const char *)getauxval(AT_EXECFN); /* NULL where the kernel gave none */
    return &program->name;
}
