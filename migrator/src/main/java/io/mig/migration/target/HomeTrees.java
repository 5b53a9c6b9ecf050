package io.mig.migration.target;

import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.Leaf;
import io.mig.files.client.ContentCache;
import io.mig.files.client.HeldLock;
import io.mig.files.client.HomeTree;
import io.mig.files.client.HomeTreeConfig;
import io.mig.files.client.TreeStats;
import io.mig.files.fuse.FuseConfig;
import io.mig.files.fuse.Kept;
import io.mig.files.link.FileMessages;
import io.mig.files.link.PeerHomeLink;
import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of the homes whose guests are here: one mount per home, made when the first guest
 * comes, taken off some time after the last has gone. Thread-safe; one home's mount is made and
 * taken off by one thread at a time.
 */
public final class HomeTrees implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HomeTrees.class);
    private static final Duration LOOK = Duration.ofSeconds(5);

    /** A guest that comes back finds its programs in the page cache. */
    private static final Duration LINGER = Duration.ofSeconds(60);

    private static final String CGROUP = "tree-";
    private static final List<String> OWN = List.of("/proc", "/sys", "/dev", "/run/criu.kdat");

    /**
     * What it takes to mount.
     *
     * @param directory for mount points, on tmpfs
     * @param keeper the mig-keeper program
     * @param prefetch the mig-prefetch program
     * @param writeback the mig-writeback program
     * @param cache programs and libraries that were here before; closed with the trees
     * @param shared folders that may be bound over those of a home
     * @param giveUp how long guests wait for a home that is away before they get errors
     */
    public record Config(
            Path directory,
            Path keeper,
            Path prefetch,
            Path writeback,
            Optional<ContentCache> cache,
            List<Path> shared,
            Duration giveUp) {
        public Config {
            shared = List.copyOf(shared);
        }
    }

    private static final class Mounted {
        private final HomeTree tree;
        private final Keeper keeper;
        private volatile long usedNanos = System.nanoTime();

        Mounted(HomeTree tree, Keeper keeper) {
            this.tree = tree;
            this.keeper = keeper;
        }
    }

    private final Config config;
    private final PeerNetwork network;
    private final Guests guests;
    private final Freezer freezer;
    private final Map<NodeId, Mounted> trees = new ConcurrentHashMap<>();
    private final Map<NodeId, Object> turns = new ConcurrentHashMap<>();
    private final ScheduledExecutorService beat =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("home-trees").factory());
    private volatile boolean closed;

    public HomeTrees(Config config, PeerNetwork network, Guests guests, Freezer freezer) {
        this.config = config;
        this.network = network;
        this.guests = guests;
        this.freezer = freezer;
    }

    /** Takes up the mounts of an earlier agent; needs the guests to be known. */
    public void start() {
        for (NodeId home : left()) {
            Keeper keeper = keeper(home);
            Optional<Kept> kept = keeper.alive();
            if (kept.isPresent() && inUse(home)) {
                takeUp(home, keeper, kept.get());
            } else {
                keeper.end();
                Kept.detachStale(mountPoint(home));
            }
        }
        beat.scheduleWithFixedDelay(
                this::removeUnused, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private List<NodeId> left() {
        return freezer.leftovers().stream()
                .map(Leaf::name)
                .filter(name -> name.startsWith(CGROUP))
                .map(name -> new NodeId(name.substring(CGROUP.length())))
                .toList();
    }

    private void takeUp(NodeId home, Keeper keeper, Kept kept) {
        synchronized (turns.computeIfAbsent(home, _ -> new Object())) {
            try {
                HomeTree tree =
                        HomeTree.takeUp(config(home, kept), new PeerHomeLink(network, home));
                trees.put(home, new Mounted(tree, keeper));
            } catch (IllegalStateException e) {
                LOG.error(
                        "guests have lost the files of home={}, which ends them: {}",
                        home,
                        e.getMessage());
                keeper.end();
                Kept.detachStale(mountPoint(home));
            }
        }
    }

    private HomeTreeConfig config(NodeId home, Kept kept) {
        return new HomeTreeConfig(
                FuseConfig.at(mountPoint(home), "mig:" + home.name()),
                config.giveUp(),
                new TreeCallers(home, guests, Path.of("/proc")),
                anchors(),
                kept,
                config.directory().resolve(home.name() + ".memory"),
                config.cache().orElse(null));
    }

    /** Where the files of a home are, or would be. Not to be touched by this process. */
    public Path mountPoint(NodeId home) {
        return config.directory().resolve(home.name());
    }

    /**
     * Mounts the files of a home unless they are mounted. Blocks until home has answered.
     *
     * @throws RefusedException when they cannot be mounted, with the reason
     */
    public Path acquire(NodeId home) {
        synchronized (turns.computeIfAbsent(home, _ -> new Object())) {
            Mounted mounted = trees.get(home);
            if (mounted == null) {
                mounted = mount(home);
                trees.put(home, mounted);
            }
            mounted.usedNanos = System.nanoTime();
            return mountPoint(home);
        }
    }

    private Keeper keeper(NodeId home) {
        return new Keeper(config.keeper(), freezer, CGROUP + home.name());
    }

    private Mounted mount(NodeId home) {
        Path point = mountPoint(home);
        Keeper keeper = keeper(home);
        try {
            // whoever walks through this node's files shall not walk on through home's
            Files.createDirectories(config.directory());
            Files.setPosixFilePermissions(
                    config.directory(), PosixFilePermissions.fromString("rwx------"));
            keeper.end();
            Kept.detachStale(point);
            makeMountPoint(point);
            Kept kept = keeper.start(point, "mig:" + home.name());
            HomeTree tree = HomeTree.mount(config(home, kept), new PeerHomeLink(network, home));
            return new Mounted(tree, keeper);
        } catch (IOException | IllegalStateException e) {
            keeper.end();
            throw new RefusedException(
                    ErrorCode.REFUSED,
                    true,
                    "cannot give it the files of home=" + home + ": " + e.getMessage());
        }
    }

    private static void makeMountPoint(Path point) throws IOException {
        // what is there may be a dead mount, which must not be touched
        try {
            Files.createDirectory(point);
        } catch (java.nio.file.FileAlreadyExistsException e) {
            LOG.debug("mount point is there: {}", point);
        }
    }

    private List<String> anchors() {
        List<String> anchors = new ArrayList<>(OWN);
        config.shared().forEach(folder -> anchors.add(folder.toString()));
        return anchors;
    }

    private void removeUnused() {
        try {
            for (Map.Entry<NodeId, Mounted> each : Map.copyOf(trees).entrySet()) {
                if (inUse(each.getKey())) {
                    each.getValue().usedNanos = System.nanoTime();
                } else if (System.nanoTime() - each.getValue().usedNanos > LINGER.toNanos()) {
                    remove(each.getKey(), each.getValue());
                }
            }
        } catch (RuntimeException e) {
            LOG.error("looking for unused files of homes failed", e);
        }
    }

    private boolean inUse(NodeId home) {
        return guests.all().stream()
                .map(Guest::record)
                .anyMatch(r -> r.files().isPresent() && r.process().home().equals(home));
    }

    private void remove(NodeId home, Mounted mounted) {
        synchronized (turns.computeIfAbsent(home, _ -> new Object())) {
            if (closed
                    || inUse(home)
                    || System.nanoTime() - mounted.usedNanos <= LINGER.toNanos()) {
                return;
            }
            trees.remove(home);
            mounted.tree.close();
            mounted.keeper.end();
            LOG.info("files of a home are taken off, nobody uses them: home={}", home);
        }
    }

    /**
     * Has the kernel ask a home for files that a guest will open.
     *
     * @param in cgroup of whoever acts for that guest
     */
    public Prefetch prefetch(NodeId home, Leaf in, List<String> files) {
        return Prefetch.of(config.prefetch(), mountPoint(home), in, files);
    }

    /**
     * Waits until home has opened all files of a guest that was restored here.
     *
     * @throws RefusedException when it does not, with the reason
     */
    public void awaitOpened(NodeId home, String guest, Duration patience) {
        Optional.ofNullable(trees.get(home))
                .flatMap(mounted -> mounted.tree.opened(guest, patience))
                .ifPresent(
                        why -> {
                            throw new RefusedException(ErrorCode.CHECKPOINT_FAILED, true, why);
                        });
    }

    /** See {@link HomeTree#isSettled}. */
    public boolean isSettled(NodeId home) {
        Mounted mounted = trees.get(home);
        return mounted == null || mounted.tree.isSettled();
    }

    /** See {@link HomeTree#whenSettled}. */
    public void whenSettled(NodeId home, Runnable then) {
        Mounted mounted = trees.get(home);
        if (mounted == null) {
            then.run();
        } else {
            mounted.tree.whenSettled(then);
        }
    }

    /**
     * Waits until all that guests here wrote is at their home.
     *
     * @param in cgroup of whoever acts for the guest that wrote
     * @param mapped links in /proc/PID/map_files to what it may have written through mappings
     * @throws RefusedException when it is not there in time
     */
    public void settle(NodeId home, Leaf in, List<Path> mapped, Duration patience) {
        Mounted mounted = trees.get(home);
        if (mounted == null) {
            return;
        }
        Writeback.of(config.writeback(), in, mapped, patience);
        if (!mounted.tree.settle(patience)) {
            throw new RefusedException(
                    ErrorCode.REFUSED,
                    true,
                    "what it wrote has not reached home="
                            + home
                            + " within "
                            + patience.toSeconds()
                            + " s");
        }
    }

    /** Locks that processes here have at a home. */
    public List<HeldLock> locks(NodeId home) {
        return Optional.ofNullable(trees.get(home))
                .map(mounted -> mounted.tree.locks())
                .orElse(List.of());
    }

    /** See {@link HomeTree#holdLocks}. */
    public Runnable holdLocks(NodeId home, Set<Integer> pids) {
        return Optional.ofNullable(trees.get(home))
                .map(mounted -> mounted.tree.holdLocks(pids))
                .orElse(() -> {});
    }

    /** The guest will not be restored. */
    public void notRestored(NodeId home, String guest) {
        Optional.ofNullable(trees.get(home)).ifPresent(mounted -> mounted.tree.notRestored(guest));
    }

    /** Whether a message is for a mount here. */
    public boolean onMessage(NodeId from, PeerMessage message) {
        if (message.type() != FileMessages.PUSH) {
            return false;
        }
        Mounted mounted = trees.get(from);
        if (mounted != null) {
            mounted.tree.pushed(FileMessages.frame(message.body()));
        }
        return true;
    }

    public void onPeerUp(NodeId peer) {
        Optional.ofNullable(trees.get(peer)).ifPresent(m -> m.tree.homeIsBack());
    }

    /** What a guest here did through home's mount; nothing when it has the files of this node. */
    public Optional<TreeStats.Io> throughHome(Guest guest) {
        GuestRecord record = guest.record();
        Mounted mounted = record.files().isPresent() ? trees.get(record.process().home()) : null;
        return mounted == null
                ? Optional.empty()
                : Optional.of(mounted.tree.ofGuest(record.shortName()));
    }

    /** What a guest here did with files; nothing when it has those of this node. */
    public Optional<FileUse> use(Guest guest) {
        GuestRecord record = guest.record();
        NodeId home = record.process().home();
        Mounted mounted = record.files().isPresent() ? trees.get(home) : null;
        if (mounted == null) {
            return Optional.empty();
        }
        TreeStats.Io through = mounted.tree.ofGuest(record.shortName());
        FileUse.Storage direct =
                FileUse.Storage.of(Path.of("/proc"), guest.capsule().guests().pids());
        Duration away = mounted.tree.away();
        return Optional.of(
                new FileUse(
                        through.operations(),
                        through.bytesRead(),
                        through.bytesWritten(),
                        direct,
                        away.isZero() ? "" : why(home, away)));
    }

    private String why(NodeId home, Duration away) {
        return "home="
                + home
                + " has not answered for "
                + away.toSeconds()
                + " s; "
                + (away.compareTo(config.giveUp()) < 0
                        ? "what it asks of home's files waits, and fails with EIO after "
                                + config.giveUp().toSeconds()
                                + " s (timeouts.home_ms)"
                        : "what it asks of home's files fails with EIO once it has waited "
                                + config.giveUp().toSeconds()
                                + " s (timeouts.home_ms)");
    }

    /** What went through the mounts, by home. */
    public Map<NodeId, TreeStats> stats() {
        Map<NodeId, TreeStats> stats = new HashMap<>();
        trees.forEach((home, mounted) -> stats.put(home, mounted.tree.stats()));
        return stats;
    }

    /** The mounts stay: guests go on waiting for the next agent. */
    @Override
    public void close() {
        closed = true;
        beat.shutdownNow();
        trees.values().forEach(mounted -> mounted.tree.leave());
        config.cache().ifPresent(ContentCache::close);
    }
}
