/* A snippet in a library whose constructor runs it: before main, and before or after the constructor of the preload.
 */
extern void snippet(void);

__attribute__((constructor)) static void run_at_load(void)
{
    snippet();
}
