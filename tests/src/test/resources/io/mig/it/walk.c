/*
 * walk ID ROUNDS LOG [alone]: each 20 ms reads a line of data that belongs to it by a function of its own library, and appends it to
 * the log by one write; alone: as the only one who writes to the log, without O_APPEND. Ends with 7; with 1 and the reason on stderr when anything is not as it should be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int words_get(const char *folder, int number, char *word, size_t size);

int main(int argc, char **argv)
{
    struct timespec pause = {.tv_nsec = 20000000};
    char line[256], word[64];
    int rounds, log;

    if (argc != 4 && argc != 5)
        return 2;
    rounds = atoi(argv[2]);
    log = open(argv[3], O_WRONLY | (argc == 5 ? O_TRUNC : O_APPEND) | O_CREAT, 0644);
    if (log < 0) {
        perror(argv[3]);
        return 1;
    }
    for (int n = 1; n <= rounds; n++) {
        int length, rc = words_get("/opt/app/data", n, word, sizeof word);

        if (rc != 0) {
            fprintf(stderr, "round %d: reading: %s\n", n, strerror(rc));
            return 1;
        }
        length = snprintf(line, sizeof line, "%s %d %s %.*s.\n", argv[1], n, word, n % 50,
                          "--------------------------------------------------");
        if (write(log, line, (size_t)length) != length) {
            fprintf(stderr, "round %d: writing: %s\n", n, strerror(errno));
            return 1;
        }
        nanosleep(&pause, NULL);
    }
    return 7;
}
