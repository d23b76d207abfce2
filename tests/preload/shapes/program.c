/* The plain shape of a snippet: a program that runs it. */
extern void snippet(void);

int main(void)
{
    snippet();
    return 0;
}
