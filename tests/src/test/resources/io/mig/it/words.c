/* libwords: a word from a file, opened anew each time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

int words_get(const char *folder, int number, char *word, size_t size);

int words_get(const char *folder, int number, char *word, size_t size)
{
    char path[256];
    FILE *file;
    int error = 0;

    snprintf(path, sizeof path, "%s/words%d", folder, number % 7);
    file = fopen(path, "r");
    if (file == NULL)
        return errno;
    if (fgets(word, (int)size, file) == NULL)
        error = EIO;
    else
        word[strcspn(word, "\n")] = 0;
    fclose(file);
    return error;
}
