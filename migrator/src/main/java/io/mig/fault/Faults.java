package io.mig.fault;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fires the faults of a {@link FaultPlan} at the points that the product passes. Each entry fires
 * once per boot of the node: the mark is a file, so that a crash fault does not fire again in the
 * restarted agent. Thread-safe: the file system decides who fires.
 */
public final class Faults {
    private static final Logger LOG = LoggerFactory.getLogger(Faults.class);

    private static final String PLAN_FILE = "plan";

    private final FaultPlan plan;
    private final Path marks;
    private final List<Path> fillable;
    private final Duration length;

    /**
     * @param marks directory that is empty after a boot of the node
     * @param fillable directories whose file systems the {@link FaultKind#DISK} fault fills
     * @param length how long hang, cut and disk faults last
     */
    public Faults(FaultPlan plan, Path marks, List<Path> fillable, Duration length) {
        this.plan = plan;
        this.marks = marks;
        this.fillable = List.copyOf(fillable);
        this.length = length;
    }

    /** A place where nothing ever goes wrong on purpose. */
    public static Faults none() {
        return new Faults(FaultPlan.none(), Path.of("/nonexistent"), List.of(), Duration.ZERO);
    }

    public FaultPlan plan() {
        return plan;
    }

    /** Passes a point; whatever was asked for happens on the calling thread. */
    public void at(FaultPoint point) {
        for (FaultPlan.Entry entry : entries()) {
            if (entry.point() == point && mark(entry)) {
                LOG.warn("fault fires: point={} kind={}", point.label(), entry.kind().label());
                fire(entry);
            }
        }
    }

    /**
     * What the environment asked for, and what was asked for later by the file {@code plan} beside
     * the marks.
     */
    private List<FaultPlan.Entry> entries() {
        Path later = marks.resolve(PLAN_FILE);
        if (!Files.exists(later)) {
            return plan.entries();
        }
        try {
            List<FaultPlan.Entry> all = new ArrayList<>(plan.entries());
            all.addAll(FaultPlan.parse(Files.readString(later).strip()).entries());
            return all;
        } catch (IOException | IllegalArgumentException e) {
            LOG.error("fault plan cannot be used: file={} {}", later, e.getMessage());
            return plan.entries();
        }
    }

    private boolean mark(FaultPlan.Entry entry) {
        try {
            Files.createDirectories(marks);
            Files.createFile(marks.resolve(entry.mark()));
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            throw new IllegalStateException(
                    "cannot mark fault as fired: mark=" + marks.resolve(entry.mark()), e);
        }
    }

    private void fire(FaultPlan.Entry entry) {
        switch (entry.kind()) {
            case FAIL -> throw new FaultInjectedException(entry.point());
            case HANG -> stand();
            case CRASH -> Runtime.getRuntime().halt(137);
            case CUT ->
                    detached(
                            "ip link set eth0 down; sleep "
                                    + length.toSeconds()
                                    + "; ip link set eth0 up");
            case DISK -> fillable.forEach(this::fill);
        }
    }

    private void stand() {
        long end = System.nanoTime() + length.toNanos();
        for (long left = length.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private void fill(Path directory) {
        Path filler = directory.resolve(".fault-filler");
        // whoever removes the filler must outlive the agent
        detached("sleep " + length.toSeconds() + "; rm -f '" + filler + "'");
        byte[] block = new byte[1 << 20];
        try (FileChannel file =
                FileChannel.open(filler, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int size = block.length; size > 0; size /= 2) {
                writeUntilFull(file, filler, block, size);
            }
        } catch (IOException e) {
            LOG.info("file system is full: directory={}", directory);
        }
    }

    private static void writeUntilFull(FileChannel file, Path filler, byte[] block, int size) {
        try {
            // a large file system may not be full before the fault is over
            while (Files.exists(filler)) {
                file.write(java.nio.ByteBuffer.wrap(block, 0, size));
            }
        } catch (IOException e) {
            LOG.debug("no room for another {} bytes", size);
        }
    }

    private static void detached(String script) {
        try {
            new ProcessBuilder("setsid", "sh", "-c", script)
                    .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new IllegalStateException("cannot start the fault's script=" + script, e);
        }
    }
}
