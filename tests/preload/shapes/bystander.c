/* The program that such a library is loaded into. */
int main(void)
{
    return 0;
}
