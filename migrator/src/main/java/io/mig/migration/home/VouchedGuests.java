package io.mig.migration.home;

import io.mig.files.serve.Credentials;
import io.mig.files.serve.Vouched;
import io.mig.home.journal.Journal;
import io.mig.home.journal.JournalException;
import io.mig.home.journal.MoveRecord;
import io.mig.home.journal.ProcessRecord;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom which host may act for at home's files: the processes that the journal has there or on their
 * way there, with the identities of what stands for them here under their pids. Answers from a
 * picture that is at most some seconds old and is drawn anew whenever home vouches for a process.
 * Thread-safe.
 */
public final class VouchedGuests implements Vouched, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VouchedGuests.class);
    private static final long STALE_NANOS = 2_000_000_000L;
    private static final int MOST_PROCESSES = 10_000;

    private record Picture(long drawnNanos, Map<NodeId, Set<FileIdentity>> hosts) {}

    private final Journal journal;
    private final NodeId self;
    private final Path proc;
    private final AtomicBoolean drawing = new AtomicBoolean();
    private final ScheduledExecutorService painter =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("vouched").factory());
    private volatile Picture picture = new Picture(System.nanoTime() - STALE_NANOS, Map.of());

    public VouchedGuests(Journal journal, NodeId self, Path proc) {
        this.journal = journal;
        this.self = self;
        this.proc = proc;
    }

    /** Draws the picture anew before it returns. */
    public synchronized void refresh() {
        Map<NodeId, Set<FileIdentity>> hosts = new HashMap<>();
        try {
            for (ProcessRecord process : journal.away()) {
                add(hosts, process.owner(), process.process());
            }
            for (MoveRecord move : journal.undecided()) {
                add(hosts, move.intent().target(), move.intent().process());
            }
        } catch (JournalException e) {
            LOG.warn("who is away cannot be read now: {}", e.getMessage());
            return;
        }
        picture = new Picture(System.nanoTime(), Map.copyOf(hosts));
    }

    private void add(Map<NodeId, Set<FileIdentity>> hosts, NodeId host, HomePid process) {
        if (!host.equals(self)) {
            hosts.computeIfAbsent(host, _ -> new HashSet<>()).addAll(identities(process));
        }
    }

    private Set<FileIdentity> identities(HomePid process) {
        Set<FileIdentity> found = new HashSet<>();
        Deque<Integer> open = new ArrayDeque<>();
        open.add(process.pid());
        int seen = 0;
        while (!open.isEmpty() && seen < MOST_PROCESSES) {
            Path directory = proc.resolve(Integer.toString(open.remove()));
            seen++;
            try {
                if (seen == 1 && !started(directory, process.startTicks())) {
                    return Set.of();
                }
                found.add(FileIdentity.parse(Files.readString(directory.resolve("status"))));
                open.addAll(Voucher.children(directory));
            } catch (IOException | IllegalArgumentException e) {
                LOG.debug("no identity: {} {}", directory, e.getMessage());
            }
        }
        return found;
    }

    /** Field 22 of proc_pid_stat(5); the name before it may hold anything. */
    private static boolean started(Path directory, long ticks) throws IOException {
        String stat = Files.readString(directory.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", 22);
        return fields.length > 20 && Long.parseLong(fields[19]) == ticks;
    }

    @Override
    public Optional<Credentials> credentials(NodeId host, int uid, int gid) {
        Picture now = picture;
        if (System.nanoTime() - now.drawnNanos() > STALE_NANOS
                && drawing.compareAndSet(false, true)) {
            drawSoon();
        }
        FileIdentity best = null;
        boolean any = false;
        for (FileIdentity identity : now.hosts().getOrDefault(host, Set.of())) {
            any |= identity.any();
            if (identity.uids().contains(uid) && (best == null || identity.gids().contains(gid))) {
                best = identity;
            }
        }
        if (best != null) {
            return Optional.of(
                    new Credentials(
                            uid,
                            best.gid(gid),
                            best.groups().stream().mapToInt(Integer::intValue).toArray()));
        }
        // root's guest became somebody else there: of groups only that one is known
        return any ? Optional.of(new Credentials(uid, gid, new int[0])) : Optional.empty();
    }

    private void drawSoon() {
        try {
            painter.execute(
                    () -> {
                        try {
                            refresh();
                        } finally {
                            drawing.set(false);
                        }
                    });
        } catch (RejectedExecutionException e) {
            LOG.debug("closed");
        }
    }

    @Override
    public void close() {
        painter.shutdownNow();
        try {
            painter.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
