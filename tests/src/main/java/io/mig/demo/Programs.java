package io.mig.demo;

import io.mig.testkit.LabDriver;
import java.util.List;

/** The programs of the demo and what they work on. Stateless. */
final class Programs {
    private static final String PYTHON =
            """
            total = 0
            for step in range(600):
                for i in range(200000):
                    total = (total * 31 + i * step) % 1000000007
                print(step, total, flush=True)
            """;

    private static final String PERL =
            """
            $| = 1;
            my $sum = 0;
            for my $step (1 .. 700) {
                for my $i (1 .. 250000) { $sum = ($sum * 33 + $i * $step) % 998244353; }
                print "$step $sum\\n";
            }
            """;

    private static final String DATA =
            """
            my $x = 42;
            for (1 .. 5000000) {
                $x = ($x * 1103515245 + 12345) % 2147483648;
                printf "%x ", $x >> 8 & 0xfffff;
                print "\\n" if $_ % 12 == 0;
            }
            """;

    private static final String SQL =
            """
            my $x = 7;
            print "CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT);\\n";
            for my $id (1 .. 8000) {
                $x = ($x * 1103515245 + 12345) % 2147483648;
                print "BEGIN; INSERT INTO t VALUES($id, $x, 'text $x');\\n";
                print "UPDATE t SET a = a + 1 WHERE id <= $id AND id % 97 = $x % 97; COMMIT;\\n";
            }
            print "SELECT count(*), sum(a) FROM t;\\n";
            """;

    private static final String SOURCES =
            """
            for my $n (1 .. 24) {
                open my $f, '>', "part$n.c" or die;
                print $f "#include <stdio.h>\\n#include <stdlib.h>\\n#include <string.h>\\n";
                for my $k (1 .. 120) {
                    print $f "double f${n}_$k(double *a, int n) { double s = $k; for (int i = 0; i < n; i++)",
                        " { if (a[i] > s) s += a[i] * $n; else s = s * 1.5 - a[n - i - 1]; } return s; }\\n";
                }
                close $f;
            }
            open my $m, '>', 'Makefile' or die;
            print $m "OBJECTS = ", join(' ', map { "part$_.o" } 1 .. 24), "\\n";
            print $m "all.a: \\$(OBJECTS)\\n\\tar rcD all.a \\$(OBJECTS)\\n%.o: %.c\\n\\tgcc -O2 -c -o \\$@ \\$<\\n";
            """;

    private static final String THREADS =
            """
            public class Crunch {
                public static void main(String[] args) throws Exception {
                    long[] results = new long[4];
                    Thread[] threads = new Thread[4];
                    for (int t = 0; t < 4; t++) {
                        int me = t;
                        threads[t] = new Thread(() -> {
                            long x = me + 1;
                            for (long i = 0; i < 1_500_000_000L; i++) {
                                x = x * 6364136223846793005L + 1442695040888963407L;
                                if ((i & 0x3ffffff) == 0) {
                                    System.err.println("thread " + me + " at " + i);
                                }
                            }
                            results[me] = x;
                        });
                        threads[t].start();
                    }
                    for (int t = 0; t < 4; t++) {
                        threads[t].join();
                        System.out.println("thread " + t + " found " + results[t]);
                    }
                }
            }
            """;

    private static final String LIBRARY =
            """
            unsigned long mix(unsigned long sum, const char *line)
            {
                for (; *line; line++)
                    for (int i = 0; i < 8; i++)
                        sum = (sum ^ (unsigned char)*line) * 1099511628211u + sum / 3;
                return sum;
            }
            """;

    /** Reads its data again and again, opening it anew each time. */
    private static final String OWN =
            """
            #include <stdio.h>

            unsigned long mix(unsigned long sum, const char *line);

            int main(int argc, char **argv)
            {
                unsigned long sum = 1469598103934665603u;
                char line[256];

                for (int round = 0; argc > 1 && round < 24; round++) {
                    FILE *data = fopen(argv[1], "r");

                    if (data == NULL) {
                        perror(argv[1]);
                        return 1;
                    }
                    while (fgets(line, sizeof line, data) != NULL)
                        sum = mix(sum, line);
                    fclose(data);
                    printf("%d %lx\\n", round, sum);
                    fflush(stdout);
                }
                return 0;
            }
            """;

    private Programs() {}

    /**
     * Writes scripts and data to a folder, and builds a program there with a library of its own.
     */
    static void prepare(LabDriver lab, String folder, String javac) {
        lab.sh(
                        "node1",
                        "mkdir -p FOLDER/run FOLDER/ref FOLDER/tmp FOLDER/own"
                                .replace("FOLDER", folder))
                .must();
        lab.write("node1", folder + "/crunch.py", PYTHON);
        lab.write("node1", folder + "/crunch.pl", PERL);
        lab.write("node1", folder + "/data.pl", DATA);
        lab.write("node1", folder + "/sql.pl", SQL);
        lab.write("node1", folder + "/sources.pl", SOURCES);
        lab.write("node1", folder + "/Crunch.java", THREADS);
        lab.write("node1", folder + "/own/mix.c", LIBRARY);
        lab.write("node1", folder + "/own/own.c", OWN);
        lab.sh(
                        "node1",
                        "cd "
                                + folder
                                + " && perl data.pl >data && perl sql.pl >sql"
                                + " && (cd own && gcc -O2 -shared -fPIC -o libmix.so mix.c"
                                + " && gcc -O2 -o own own.c -L. -lmix -Wl,-rpath,$PWD)"
                                + " && (cd run && perl ../sources.pl) && (cd ref && perl ../sources.pl)"
                                + " && "
                                + javac
                                + " -d . Crunch.java")
                .must();
    }

    static List<Program> all(String java) {
        return List.of(
                new Program("python3", "/usr/bin/python3 ../crunch.py >python", "crunch.py", true),
                new Program("perl | tee", "perl ../crunch.pl | tee perl", "crunch.pl", false),
                new Program(
                        "seq | sort | sha256sum",
                        "seq 14000000 | sort -S 64M --parallel=1 | sha256sum >sum",
                        "^sort",
                        false),
                new Program("sqlite3", "sqlite3 db <../sql >sqlite", "^sqlite3", false),
                new Program(
                        "own program and library", "../own/own ../data >own", "^../own/own", false),
                new Program("zstd -19", "zstd -19 -q -c ../data >data.zst", "^zstd", false),
                new Program("xz -9", "xz -9 -c ../data >data.xz", "^xz", false),
                new Program("make -j2 (gcc)", "make -s -j2", "^make", false),
                new Program(
                        "java, threads",
                        java
                                + " -XX:-UsePerfData -XX:+UseSerialGC -Xmx64m -cp .. Crunch >java 2>/dev/null",
                        "Crunch$",
                        false));
    }
}
