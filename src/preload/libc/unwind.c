/*
 * On ARM each object that has tables for the unwinder (Exception Handling ABI for the Arm Architecture, section 5.3)
 * names one of these functions, so that the linker brings in an unwinder, which is libgcc_s. We have the tables so
 * that a cancelled thread passes through our frames, and never unwind ourselves: whoever does it takes its own
 * functions of these names, by the number that the table's entry has. Nobody calls the ones here; they keep libgcc_s
 * out of every program.
 *
 * C has no other personality than these without -fexceptions.
 */
#if defined __arm__ && defined __ARM_EABI__
void __aeabi_unwind_cpp_pr0(void);
void __aeabi_unwind_cpp_pr1(void);
void __aeabi_unwind_cpp_pr2(void);

void __aeabi_unwind_cpp_pr0(void)
{
}

void __aeabi_unwind_cpp_pr1(void)
{
}

void __aeabi_unwind_cpp_pr2(void)
{
}
#else
typedef int no_such_table; /* a file of C has to have something in it */
#endif
