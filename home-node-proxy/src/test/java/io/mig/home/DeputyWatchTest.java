package io.mig.home;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Needs no privileges: watching is reading /proc. */
@Timeout(60)
class DeputyWatchTest {
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final List<Process> processes = new ArrayList<>();
    private final DeputyWatch watch =
            new DeputyWatch(
                    new DeputyWatch.Observer() {
                        @Override
                        public void died(int pid) {
                            told.add("died " + pid);
                        }

                        @Override
                        public void stoppedFromOutside(int pid) {
                            told.add("stopped " + pid);
                        }

                        @Override
                        public void goesOn(int pid) {
                            told.add("goes on " + pid);
                        }
                    });

    @AfterEach
    void stop() {
        watch.close();
        processes.forEach(Process::destroyForcibly);
    }

    @Test
    void shouldTellStopsFromOutsideOnceAndDeathOnce() throws Exception {
        int pid = sleeper();
        watch.start();
        watch.watch(pid, ProcStatFile.startTicks(pid).orElseThrow());
        signal("STOP", pid);
        assertThat(next()).isEqualTo("stopped " + pid);
        signal("CONT", pid);
        assertThat(next()).isEqualTo("goes on " + pid);
        watch.selfStopped(pid, true);
        signal("STOP", pid);
        signal("KILL", pid);
        assertThat(next()).isEqualTo("died " + pid);
        assertThat(told).isEmpty();
    }

    @Test
    void shouldTellOfAProcessThatIsNotThereOrIsAnother() throws Exception {
        int pid = sleeper();
        watch.start();
        watch.watch(pid, 1);
        assertThat(next()).isEqualTo("died " + pid);
        watch.watch(999_999_999, 1);
        assertThat(next()).isEqualTo("died 999999999");
    }

    @Test
    void shouldCostNextToNothing() throws Exception {
        for (int i = 0; i < 12; i++) {
            int pid = sleeper();
            watch.watch(pid, ProcStatFile.startTicks(pid).orElseThrow());
        }
        watch.start();
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long watcher =
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("mig-deputies"))
                        .findFirst()
                        .orElseThrow()
                        .threadId();
        // let it warm up, then measure: the poll below is only the clock
        assertThat(told.poll(3, TimeUnit.SECONDS)).isNull();
        long before = threads.getThreadCpuTime(watcher);
        long start = System.nanoTime();
        assertThat(told.poll(4, TimeUnit.SECONDS)).isNull();
        double share =
                (threads.getThreadCpuTime(watcher) - before) / (double) (System.nanoTime() - start);
        System.err.printf("watching 12 deputies takes %.3f %% of a core%n", share * 100);
        // a wide margin for a busy machine and cold code; see README.md for measured figures
        assertThat(share).isLessThan(0.01);
    }

    private int sleeper() throws Exception {
        Process process = new ProcessBuilder("sleep", "1000").start();
        processes.add(process);
        return (int) process.pid();
    }

    private static void signal(String name, int pid) throws Exception {
        new ProcessBuilder("kill", "-" + name, String.valueOf(pid)).start().waitFor();
    }

    private String next() throws InterruptedException {
        String next = told.poll(20, TimeUnit.SECONDS);
        return next == null ? "nothing" : next;
    }
}
