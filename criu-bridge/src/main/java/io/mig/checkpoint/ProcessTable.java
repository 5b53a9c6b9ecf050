package io.mig.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The few facts freezing needs from /proc, read with as few system calls as possible because a
 * process may be waiting. Everything may vanish between two reads; absence is an answer, not an
 * error.
 */
final class ProcessTable {
    private static final int PF_KTHREAD = 0x0020_0000;

    private final Path proc;

    ProcessTable(Path proc) {
        this.proc = proc;
    }

    /** Fields of /proc/PID/stat (proc_pid_stat(5)). */
    record Stat(int pid, String comm, char state, int parent, int flags, long startTicks) {
        boolean isKernelThread() {
            return (flags & PF_KTHREAD) != 0;
        }

        boolean isZombie() {
            return state == 'Z' || state == 'X';
        }
    }

    Optional<Stat> stat(int pid) {
        return read(proc.resolve(pid + "/stat")).flatMap(ProcessTable::parseStat);
    }

    static Optional<Stat> parseStat(String text) {
        // The name is in parentheses and may itself contain parentheses and spaces: the last one
        // ends it.
        int open = text.indexOf('(');
        int close = text.lastIndexOf(')');
        if (open < 1 || close < open || close + 2 > text.length()) {
            return Optional.empty();
        }
        String[] rest = text.substring(close + 2).strip().split(" ");
        if (rest.length < 20) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Stat(
                            Integer.parseInt(text.substring(0, open).strip()),
                            text.substring(open + 1, close),
                            rest[0].charAt(0),
                            Integer.parseInt(rest[1]),
                            (int) Long.parseLong(rest[6]),
                            Long.parseLong(rest[19])));
        } catch (NumberFormatException odd) {
            return Optional.empty();
        }
    }

    List<Integer> threads(int pid) {
        List<Integer> tids = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(proc.resolve(pid + "/task"))) {
            for (Path task : tasks) {
                tids.add(Integer.parseInt(task.getFileName().toString()));
            }
        } catch (IOException
                | java.nio.file.DirectoryIteratorException
                | NumberFormatException gone) {
            return tids;
        }
        return tids;
    }

    /** Children of all threads; complete only when the process is frozen (proc_tid_children(5)). */
    List<Integer> children(int pid) {
        List<Integer> children = new ArrayList<>();
        for (int tid : threads(pid)) {
            read(proc.resolve(pid + "/task/" + tid + "/children"))
                    .ifPresent(
                            text -> {
                                for (String each : text.strip().split(" ")) {
                                    if (!each.isEmpty()) {
                                        children.add(Integer.parseInt(each));
                                    }
                                }
                            });
        }
        return children;
    }

    /** Scheduler state of one thread, '?' when it is gone. */
    char threadState(int pid, int tid) {
        return read(proc.resolve(pid + "/task/" + tid + "/stat"))
                .flatMap(ProcessTable::parseStat)
                .map(Stat::state)
                .orElse('?');
    }

    /** Pid of the debugger, 0 for none. */
    int tracer(int pid) {
        return read(proc.resolve(pid + "/status"))
                .flatMap(
                        text ->
                                text.lines()
                                        .filter(line -> line.startsWith("TracerPid:"))
                                        .findFirst())
                .map(line -> Integer.parseInt(line.substring(10).strip()))
                .orElse(0);
    }

    /** What a thread waits for in the kernel, for messages only. */
    String waitsIn(int pid, int tid) {
        String where = read(proc.resolve(pid + "/task/" + tid + "/wchan")).orElse("").strip();
        return where.isEmpty() || where.equals("0") ? "unknown" : where;
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
        } catch (IOException gone) {
            return Optional.empty();
        }
    }
}
