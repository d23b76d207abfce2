/* Uses one of the library's functions: which, is decided when it is built. */
int library_connect(const char *name);
int library_add(int left, int right);

int main(int argc, char **argv)
{
#ifdef CONNECTS
    return library_connect(argv[argc - 1]);
#else
    return library_add(argc, argv[0][0]);
#endif
}
