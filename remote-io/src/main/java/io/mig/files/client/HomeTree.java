package io.mig.files.client;

import io.mig.files.fuse.FuseConnection;
import io.mig.files.fuse.FuseHandler;
import io.mig.files.fuse.FuseInit;
import io.mig.files.fuse.FuseRequest;
import io.mig.files.sys.Errno;
import io.mig.files.wire.Attr;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Frame;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.NodeRef;
import io.mig.files.wire.Op;
import io.mig.files.wire.RequestHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One home's file tree, mounted here for all guests of that home. Closing takes the mount off; what
 * is still open in it fails with ENOTCONN. Thread-safe. Who owns it must never touch the mounted
 * tree itself.
 */
public final class HomeTree implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HomeTree.class);
    private static final long GREETING_SECONDS = 10;
    private static final Duration LAST_WRITES = Duration.ofSeconds(5);
    private static final Duration LEAVING = Duration.ofSeconds(1);

    private final HomeTreeConfig config;
    private final HomeLink link;
    private final TreeMemory memory;
    private final NodeTable nodes;
    private final HandleTable handles;
    private final Counters counters;
    private final OpensAhead ahead = new OpensAhead();
    private final LockGate gate;
    private final HomeSession home;
    private final FuseConnection fuse;
    private final Invalidator invalidator;
    private final Guests guests;
    private final NameRequests names;
    private final AttributeRequests attributes;
    private final DirectoryRequests directories;
    private final FileRequests files;
    private final OpenRequests opens;
    private final LockRequests locks;

    private HomeTree(
            HomeTreeConfig config,
            HomeLink link,
            long session,
            TreeMemory memory,
            @Nullable BehindLog log) {
        this.config = config;
        this.link = link;
        this.memory = memory;
        counters = new Counters(config.callers());
        nodes = new NodeTable(memory);
        handles = new HandleTable(memory);
        home = new HomeSession(link, config.giveUp(), new Caches(), session, memory, log);
        fuse = new FuseConnection(config.fuse(), new Dispatch(), config.kept());
        Anchors anchors = new Anchors(config.anchors());
        invalidator = new Invalidator(nodes, fuse, home.id(), anchors);
        guests = new Guests(fuse, home, nodes, counters, config.callers(), config.cache());
        LazyOpens lazy = new LazyOpens(home);
        Retries retries = new Retries();
        names = new NameRequests(guests, anchors, lazy, retries);
        attributes = new AttributeRequests(guests, handles);
        directories = new DirectoryRequests(guests, handles, names);
        files = new FileRequests(guests, handles);
        opens = new OpenRequests(guests, handles, names, files, invalidator, ahead, lazy, retries);
        gate = new LockGate(handles);
        locks = new LockRequests(guests, handles, invalidator, gate);
    }

    /**
     * Mounts a home's tree. Blocks until home has answered and the kernel is served.
     *
     * @throws IllegalStateException when home does not answer or it cannot be mounted, with why
     */
    public static HomeTree mount(HomeTreeConfig config, HomeLink link) {
        long session = new SecureRandom().nextLong();
        HomeTree tree = new HomeTree(config, link, session, memory(config, session), log(config));
        try {
            tree.start();
            return tree;
        } catch (RuntimeException e) {
            tree.close();
            throw e;
        }
    }

    private static TreeMemory memory(HomeTreeConfig config, long session) {
        Path file = config.memory();
        try {
            return file == null ? TreeMemory.none() : TreeMemory.begin(file, session);
        } catch (IOException e) {
            throw new IllegalStateException("cannot write file=" + file, e);
        }
    }

    private static @Nullable BehindLog log(HomeTreeConfig config) {
        Path file = config.memory();
        try {
            return file == null ? BehindLog.inMemory() : BehindLog.begin(behind(file));
        } catch (IOException e) {
            LOG.warn("guests wait for home with each write: file={} {}", file, e.getMessage());
            return null;
        }
    }

    /** The log of writes is next to the memory. */
    private static Path behind(Path memory) {
        return memory.resolveSibling(memory.getFileName() + ".behind");
    }

    /**
     * Goes on with a mount that an earlier agent served: the kernel notices nothing but a pause.
     * Does not wait for home.
     *
     * @param config with the keeper and the memory of that mount
     * @throws IllegalStateException when nobody can go on with it, with why
     */
    public static HomeTree takeUp(HomeTreeConfig config, HomeLink link) {
        Path file = Objects.requireNonNull(config.memory());
        try {
            Remembered remembered = Remembered.read(file);
            if (remembered.minor() == 0 || !remembered.nodes().containsKey(NodeTable.ROOT)) {
                throw new IllegalStateException("it was not served yet: file=" + file);
            }
            List<BehindLog.Entry> left = new ArrayList<>();
            BehindLog log =
                    Files.exists(behind(file)) ? BehindLog.goOn(behind(file), left) : log(config);
            HomeTree tree =
                    new HomeTree(
                            config,
                            link,
                            remembered.session(),
                            TreeMemory.goOn(file, remembered),
                            log);
            tree.goOn(remembered, left);
            return tree;
        } catch (IOException e) {
            throw new IllegalStateException("its memory cannot be read: " + e.getMessage(), e);
        }
    }

    private void goOn(Remembered remembered, List<BehindLog.Entry> left) {
        nodes.restore(remembered);
        handles.restore(remembered, nodes, opens::openAfterAll);
        home.behind().restore(left, nodes, handles);
        home.restore(remembered);
        home.start();
        home.behind().send();
        invalidator.start();
        // words of changes were lost meanwhile
        invalidator.everything();
        fuse.goOn(new FuseInit(remembered.minor(), remembered.flags()));
        LOG.info(
                "files of an earlier agent taken up: source={} inodes={} open={} unanswered={}",
                config.fuse().source(),
                nodes.size(),
                handles.size(),
                remembered.begun().size() + left.size());
    }

    private void start() {
        Frame hello = new Frame(64);
        new RequestHeader(Op.HELLO, 0, 0, home.id(), 0, 0).putTo(hello);
        try {
            FrameReader in =
                    new FrameReader(
                            link.call(hello.finish()).get(GREETING_SECONDS, TimeUnit.SECONDS));
            int status = in.u32();
            if (status != 0) {
                throw new IllegalStateException("home refuses its files: status=" + status);
            }
            nodes.root(in.ref(), in.attr());
        } catch (ExecutionException | TimeoutException | BadFrameException e) {
            throw new IllegalStateException(
                    "home does not answer for its files: source=" + config.fuse().source(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while mounting", e);
        }
        home.start();
        invalidator.start();
        FuseInit agreed = fuse.start();
        memory.init(agreed.minor(), agreed.flags());
    }

    /** The agent ends, the mount stays: whoever uses it waits for the next agent. */
    public void leave() {
        if (home.awayFor().isZero()) {
            // should there be no next agent
            settle(LEAVING);
        }
        fuse.leave();
        invalidator.close();
        home.leave();
        memory.close();
    }

    /** A frame that home sent by itself. Frames of other mounts are ignored: false. */
    public boolean pushed(ByteBuffer frame) {
        try {
            return invalidator.pushed(frame);
        } catch (BadFrameException e) {
            LOG.error("home's word of changes is not understood: {}", e.getMessage());
            invalidator.everything();
            return true;
        }
    }

    /**
     * Waits until home has opened what {@link Callers#restores} opened for a guest.
     *
     * @return what went wrong, if anything; then the guest must not run
     */
    public Optional<String> opened(String whose, Duration patience) {
        return ahead.await(whose, patience);
    }

    /** A guest that {@link Callers#restores} named does not come after all. */
    public void notRestored(String whose) {
        ahead.forget(whose);
    }

    /** Whether home has done all that guests believe is done. */
    public boolean isSettled() {
        return home.behind().isIdle();
    }

    /**
     * Runs something once home has done all that guests believe is done by now, in the order in
     * which this is called; at once if it has. Must not block.
     */
    public void whenSettled(Runnable then) {
        home.behind().whenDone(home.behind().last(), then);
    }

    /**
     * Waits until home has done all that guests believe is done by now.
     *
     * @return false when it has not within that time
     */
    public boolean settle(Duration patience) {
        CountDownLatch settled = new CountDownLatch(1);
        whenSettled(settled::countDown);
        try {
            return settled.await(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Locks that processes here have at their home: the kernel's own lists do not show them. */
    public List<HeldLock> locks() {
        return handles.held();
    }

    /**
     * From now on some processes get no new lock while all of them together have none; they wait,
     * and can be interrupted.
     *
     * @return to be run once, when they shall get locks again
     */
    public Runnable holdLocks(Set<Integer> pids) {
        return gate.close(pids);
    }

    /** Home can be reached again: what waits is sent now. */
    public void homeIsBack() {
        home.homeIsBack();
    }

    /** What one guest did through home, by the name that {@link Callers#guest} gave it. */
    public TreeStats.Io ofGuest(String name) {
        return counters.guest(name);
    }

    /** How long home has not answered; zero: it does. */
    public Duration away() {
        return home.awayFor();
    }

    public TreeStats stats() {
        return new TreeStats(
                counters.total(),
                counters.callers(),
                counters.byKind(),
                nodes.size(),
                handles.size(),
                home.outstanding(),
                home.away());
    }

    /** What to do with caches when the conversation with home was broken. */
    private final class Caches implements HomeSession.Listener {
        @Override
        public void gap() {
            invalidator.everything();
        }

        @Override
        public void beganAnew(FrameReader root) throws BadFrameException {
            NodeRef ref = root.ref();
            Attr attr = root.attr();
            nodes.root(ref, attr);
            invalidator.anew();
            home.reopenAll(handles.withLocks());
        }

        @Override
        public boolean isOpen(long handle) {
            return handles.find(handle) != null;
        }
    }

    private final class Dispatch implements FuseHandler {
        @Override
        public void handle(FuseRequest request) {
            counters.operation(request.opcode(), request.pid(), request.uid());
            switch (request.opcode()) {
                case LOOKUP -> names.lookup(request);
                case FORGET -> nodes.forget(request.node(), request.body().getLong());
                case BATCH_FORGET -> {
                    int count = request.body().getInt();
                    request.body().getInt();
                    for (int i = 0; i < count && request.body().remaining() >= 16; i++) {
                        nodes.forget(request.body().getLong(), request.body().getLong());
                    }
                }
                case GETATTR -> attributes.get(request);
                case SETATTR -> attributes.set(request);
                case READLINK -> names.readLink(request);
                case SYMLINK -> names.symlink(request);
                case MKNOD -> names.makeNode(request);
                case MKDIR -> names.makeDirectory(request);
                case UNLINK -> names.remove(request, Op.UNLINK);
                case RMDIR -> names.remove(request, Op.RMDIR);
                case RENAME -> names.rename(request, false);
                case RENAME2 -> names.rename(request, true);
                case LINK -> names.link(request);
                case OPEN -> opens.open(request);
                case CREATE -> opens.create(request);
                case TMPFILE -> opens.temporary(request);
                case READ -> files.read(request);
                case WRITE -> files.write(request);
                case RELEASE -> files.release(request);
                case FSYNC -> files.sync(request);
                case FALLOCATE -> files.allocate(request);
                case LSEEK -> files.seek(request);
                case COPY_FILE_RANGE -> files.copy(request);
                case STATFS -> attributes.fileSystem(request);
                case GETXATTR -> attributes.getExtended(request);
                case LISTXATTR -> attributes.listExtended(request);
                case SETXATTR -> attributes.setExtended(request);
                case REMOVEXATTR -> attributes.removeExtended(request);
                case OPENDIR -> directories.open(request);
                case READDIR -> directories.read(request, false);
                case READDIRPLUS -> directories.read(request, true);
                case RELEASEDIR -> directories.release(request);
                case FSYNCDIR -> directories.sync(request);
                case FLUSH -> locks.flush(request);
                case GETLK -> locks.get(request);
                case SETLK -> locks.set(request, false);
                case SETLKW -> locks.set(request, true);
                case INTERRUPT -> {
                    long unique = request.body().getLong();
                    if (gate.interrupt(unique)) {
                        fuse.error(unique, Errno.EINTR);
                    } else if (!home.interrupt(unique)) {
                        // perhaps not read yet by the thread that has it: ask again
                        fuse.error(request.unique(), Errno.EAGAIN);
                    }
                }
                case IOCTL -> fuse.error(request.unique(), Errno.ENOTTY);
                case INIT, DESTROY -> fuse.error(request.unique(), Errno.ENOSYS);
            }
        }

        @Override
        public void ended(String why) {
            LOG.info("files no longer mounted: source={} {}", config.fuse().source(), why);
        }
    }

    @Override
    public void close() {
        if (!settle(LAST_WRITES)) {
            LOG.error(
                    "what guests wrote last does not reach home: source={}",
                    config.fuse().source());
        }
        fuse.close();
        invalidator.close();
        home.close();
        memory.close();
        Path file = config.memory();
        if (file != null) {
            try {
                TreeMemory.delete(file);
                Files.deleteIfExists(behind(file));
            } catch (IOException e) {
                LOG.warn("file stays: {} {}", file, e.getMessage());
            }
        }
    }
}
