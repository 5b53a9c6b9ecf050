package io.mig.testkit;

import io.mig.json.JsonObject;
import java.util.concurrent.locks.LockSupport;

/** Managed processes that cost next to nothing: a small static program that forks and pauses. */
public final class Sleepers {
    private static final String PROGRAM =
            """
            #include <stdlib.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(int argc, char **argv) {
                for (int i = atoi(argv[1]); i > 0; i--)
                    if (fork() == 0) for (;;) pause();
                while (wait(NULL) > 0);
            }
            """;
    private static final long PATIENCE_NANOS = 120_000_000_000L;
    private static final long AGAIN_NANOS = 500_000_000L;

    private Sleepers() {}

    /** Makes the program, on storage that all nodes share. */
    public static void build(LabDriver lab) {
        lab.write("node1", "/shared/sleepers.c", PROGRAM);
        lab.sh("node1", "gcc -O2 -static -o /shared/sleepers /shared/sleepers.c").must();
    }

    /** Forks that many on a node. */
    public static void start(LabDriver lab, String node, int count) {
        lab.sh(
                        node,
                        // below a shell, which begins at home: else a busy node sends the lot away
                        // as one
                        "MIG_BUILD=never setsid mig run --no-births sh -c '/shared/sleepers "
                                + count
                                + "; :' </dev/null >/dev/null 2>&1 &")
                .must();
    }

    /** Waits until the balancers of all nodes together know of that many processes. */
    public static void await(LabDriver lab, int count) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        JsonObject board = lab.json("top");
        while (board.array("managed").size() < count) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(
                        "only " + board.array("managed").size() + " of " + count + " are found");
            }
            LockSupport.parkNanos(AGAIN_NANOS);
            board = lab.json("top");
        }
    }
}
