package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.Statx;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Frame;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.Limits;
import io.mig.files.wire.Lock;
import io.mig.files.wire.Op;
import io.mig.files.wire.RequestHeader;
import io.mig.files.wire.Status;
import io.mig.model.NodeId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves home's file tree to the hosts of home's guests. Thread-safe; {@link #handle} does not
 * block. Needs root.
 */
public final class FileService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FileService.class);
    private static final int MAX_SESSIONS_PER_HOST = 64;
    private static final long COMPLAIN_NANOS = 10_000_000_000L;

    private record SessionKey(NodeId host, long id) {}

    private final FileServiceConfig config;
    private final Vouched vouched;
    private final BiConsumer<NodeId, ByteBuffer> push;
    private final Map<SessionKey, HostSession> sessions = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor clock =
            new ScheduledThreadPoolExecutor(
                    1, Thread.ofPlatform().daemon().name("files-clock").factory());
    private final boolean answersFromAnyThread;
    private final Outbox outbox = new Outbox();
    private final Workers workers;
    private final Changes changes = new Changes(this::all);
    private final ChangeWatch watch;
    private final Mounts mounts;
    private final Nodes nodes;
    private final int rootFd;
    private final LockWaiters waiters;
    private final NameOperations names = new NameOperations(changes);
    private final ContentHashes hashes = new ContentHashes();
    private final FileOperations files = new FileOperations(changes, hashes);
    private final Transfer transfer = new Transfer(changes);
    private final AttributeOperations attributes = new AttributeOperations(changes);
    private final ThreadLocal<Seals> seals;
    private final AtomicLong complainedNanos = new AtomicLong(System.nanoTime() - COMPLAIN_NANOS);

    /** Answers are given by a thread of their own. */
    public FileService(
            FileServiceConfig config, Vouched vouched, BiConsumer<NodeId, ByteBuffer> push) {
        this(config, vouched, push, false);
    }

    /**
     * @param push sends a frame of invalidations to a host, in order; may drop it only when the
     *     connection breaks
     * @param answersFromAnyThread whether giving an answer only hands bytes over. What a thread
     *     starts inherits who it is at that moment, and those that touch files are users
     */
    public FileService(
            FileServiceConfig config,
            Vouched vouched,
            BiConsumer<NodeId, ByteBuffer> push,
            boolean answersFromAnyThread) {
        this.answersFromAnyThread = answersFromAnyThread;
        this.config = config;
        this.vouched = vouched;
        this.push = push;
        this.seals = ThreadLocal.withInitial(() -> new Seals(config.key()));
        try (Native sys = new Native(4096)) {
            rootFd =
                    (int)
                            sys.call(
                                    SysCall.OPENAT,
                                    Linux.AT_FDCWD,
                                    sys.string(
                                            0,
                                            config.root()
                                                    .toString()
                                                    .getBytes(StandardCharsets.UTF_8)),
                                    Linux.O_PATH | Linux.O_DIRECTORY | Linux.O_CLOEXEC);
            if (rootFd < 0) {
                throw new IllegalArgumentException(
                        "cannot open root=" + config.root() + " errno=" + -rootFd);
            }
            long rootDev = Statx.of(sys, rootFd, 0).dev();
            watch = new ChangeWatch(changes, config.watch(), clock);
            mounts = new Mounts(watch);
            nodes = new Nodes(mounts, rootDev);
        } catch (SysException e) {
            throw new IllegalArgumentException(
                    "cannot look at root=" + config.root() + " errno=" + e.errno(), e);
        }
        workers = new Workers(config.threads(), 2 * Limits.MAX_IN_FLIGHT);
        waiters = new LockWaiters(workers, clock);
    }

    public void start() {
        // before any worker could start them by giving them something to do
        clock.prestartAllCoreThreads();
        outbox.start();
        hashes.start();
        workers.start();
        watch.start(mounts);
        clock.scheduleWithFixedDelay(this::expire, 30, 30, TimeUnit.SECONDS);
    }

    private Collection<HostSession> all() {
        return sessions.values();
    }

    /** Open files of all hosts. */
    public int openFiles() {
        return sessions.values().stream().mapToInt(HostSession::openFiles).sum();
    }

    /** Gives up all sessions of a host that will not come back. */
    public void forget(NodeId host) {
        for (SessionKey key : List.copyOf(sessions.keySet())) {
            if (key.host().equals(host)) {
                end(key);
            }
        }
    }

    private void expire() {
        long now = System.nanoTime();
        sessions.forEach(
                (key, session) -> {
                    if (session.idleNanos(now) > config.idle().toNanos()) {
                        LOG.info("session given up: host={} idle={}", key.host(), config.idle());
                        end(key);
                    }
                });
    }

    private void end(SessionKey key) {
        HostSession session = sessions.remove(key);
        if (session != null) {
            waiters.cancelAll(session);
            if (!workers.submit(worker -> session.end(worker.sys()))) {
                clock.execute(
                        () -> {
                            try (Native sys = new Native(0)) {
                                session.end(sys);
                            }
                        });
            }
        }
    }

    /**
     * A request of a host.
     *
     * @param host proven by its certificate
     * @param frame not changed afterwards
     * @param to gets exactly one answer, from another thread
     */
    public void handle(NodeId host, ByteBuffer frame, Reply to) {
        RequestHeader header;
        FrameReader in;
        try {
            in = new FrameReader(frame);
            header = RequestHeader.from(in);
        } catch (BadFrameException e) {
            complain(host, e.getMessage());
            to.send(bad(e.getMessage()));
            return;
        }
        SessionKey key = new SessionKey(host, header.session());
        HostSession session = sessions.get(key);
        if (header.op() == Op.HELLO && session == null) {
            session = begin(key);
            if (session == null) {
                to.send(status(Status.BUSY));
                return;
            }
        }
        if (session == null) {
            to.send(status(Status.UNKNOWN_SESSION));
            return;
        }
        session.used(System.nanoTime());
        if (header.op() == Op.BYE) {
            end(key);
            to.send(status(Status.OK));
            return;
        }
        accept(session, header, in, answersFromAnyThread ? to : reply -> outbox.send(to, reply));
    }

    /** A host outside the protocol may say so ten thousand times a second. */
    private void complain(NodeId host, @Nullable String what) {
        long now = System.nanoTime();
        long last = complainedNanos.get();
        if (now - last > COMPLAIN_NANOS && complainedNanos.compareAndSet(last, now)) {
            LOG.warn("bad request: host={} {}; more of them are not told for 10 s", host, what);
        }
    }

    private synchronized @Nullable HostSession begin(SessionKey key) {
        HostSession known = sessions.get(key);
        if (known != null) {
            return known;
        }
        long ofHost = sessions.keySet().stream().filter(k -> k.host().equals(key.host())).count();
        if (ofHost >= MAX_SESSIONS_PER_HOST) {
            LOG.warn("session refused: host={} has={}", key.host(), ofHost);
            return null;
        }
        HostSession session =
                new HostSession(
                        key.host(),
                        key.id(),
                        new Invalidations(
                                key.id(), frame -> push.accept(key.host(), frame), clock));
        session.used(System.nanoTime());
        sessions.put(key, session);
        return session;
    }

    private void accept(HostSession session, RequestHeader header, FrameReader in, Reply to) {
        boolean once = header.op().once();
        if (once) {
            switch (session.replies().begin(header.id(), header.answeredBelow(), to)) {
                case FIRST -> {}
                case AGAIN -> {
                    return;
                }
                case TOO_MANY -> {
                    to.send(status(Status.BUSY));
                    return;
                }
            }
        }
        Reply answer =
                once
                        ? reply ->
                                session.replies()
                                        .done(
                                                header.id(),
                                                reply,
                                                reply.getInt(0) != Status.UNKNOWN_HANDLE)
                        : to;
        Reply inOrder =
                reply -> {
                    wordsFirst(session);
                    answer.send(reply);
                };
        boolean queued = workers.submit(worker -> run(worker, session, header, in, inOrder));
        if (!queued) {
            if (once) {
                session.replies().undo(header.id());
            }
            to.send(status(Status.BUSY));
        }
    }

    /**
     * A host that has an answer has also been told of every change made before that answer, so it
     * may open what it knows without asking.
     */
    private void wordsFirst(HostSession session) {
        watch.drain();
        session.invalidations().flush();
    }

    /**
     * What a host is sent by the calling thread from now on, it gets after word of all changes that
     * home's processes have made so far.
     */
    public void wordsFirst(NodeId host) {
        List<Map.Entry<SessionKey, HostSession>> here =
                sessions.entrySet().stream().filter(e -> e.getKey().host().equals(host)).toList();
        if (!here.isEmpty()) {
            watch.drain();
            here.forEach(e -> e.getValue().invalidations().flush());
        }
    }

    private void run(
            Worker worker, HostSession session, RequestHeader header, FrameReader in, Reply to) {
        Frame out = new Frame(header.op() == Op.READ ? 0 : 512);
        out.u32(0);
        Call call = new Call(worker, session, header, in, out, seals.get(), nodes, vouched);
        try {
            if (header.op() == Op.SETLK) {
                lock(call, to);
                return;
            }
            run(call);
            to.send(out.finish());
        } catch (SysException e) {
            to.send(status(e.errno()));
        } catch (BadFrameException e) {
            complain(session.host(), "op=" + header.op() + " " + e.getMessage());
            to.send(bad(e.getMessage()));
        } catch (RuntimeException e) {
            to.send(status(Errno.EIO));
            throw e;
        }
    }

    private void run(Call call) throws SysException, BadFrameException {
        switch (call.header.op()) {
            case HELLO -> hello(call);
            case LOOKUP -> names.lookup(call);
            case GETATTR -> attributes.get(call);
            case SETATTR -> attributes.set(call);
            case READLINK -> names.readLink(call);
            case SYMLINK -> names.symlink(call);
            case MKNOD -> names.makeNode(call);
            case MKDIR -> names.makeDirectory(call);
            case UNLINK -> names.unlink(call, false);
            case RMDIR -> names.unlink(call, true);
            case RENAME -> names.rename(call);
            case LINK -> names.link(call);
            case OPEN -> files.open(call);
            case CREATE -> files.create(call);
            case TMPFILE -> files.temporary(call);
            case REOPEN -> files.reopen(call);
            case RELEASE -> {
                files.release(call);
                waiters.poke();
            }
            case FLUSH -> {
                LockOperations.flush(call);
                waiters.poke();
            }
            case READ -> transfer.read(call);
            case WRITE -> transfer.write(call);
            case FSYNC -> transfer.fsync(call);
            case FALLOCATE -> transfer.allocate(call);
            case LSEEK -> transfer.seek(call);
            case COPY -> transfer.copy(call);
            case STATFS -> attributes.fileSystem(call);
            case GETXATTR -> attributes.getExtended(call);
            case SETXATTR -> attributes.setExtended(call);
            case LISTXATTR -> attributes.listExtended(call);
            case REMOVEXATTR -> attributes.removeExtended(call);
            case READDIR -> DirectoryReader.read(call);
            case GETLK -> LockOperations.get(call);
            case CANCEL -> waiters.cancel(call.session, call.in.u64());
            case BATCH -> batch(call);
            case BYE, SETLK -> throw new IllegalStateException("op=" + call.header.op());
        }
    }

    /** What was not tried ends it: the host sends the rest again. */
    private void batch(Call call) throws BadFrameException {
        int count = call.in.count(Limits.MAX_BATCH);
        int countAt = call.out.position();
        call.out.u32(0);
        for (int i = 1; i <= count; i++) {
            ByteBuffer reply = one(call, call.in.frame());
            call.out.frame(reply).setU32(countAt, i);
            if (Status.notTried(reply.getInt(0))) {
                return;
            }
        }
    }

    /** One of a batch, as if it had come by itself. */
    private ByteBuffer one(Call batch, ByteBuffer frame) throws BadFrameException {
        FrameReader in = new FrameReader(frame);
        RequestHeader header = RequestHeader.from(in);
        HostSession session = batch.session;
        if (header.session() != session.id() || !header.op().batched()) {
            throw new BadFrameException("op=" + header.op() + " in a batch");
        }
        AtomicReference<@Nullable ByteBuffer> given = new AtomicReference<>();
        if (!header.op().once()) {
            run(batch.worker, session, header, in, given::set);
        } else {
            once(batch.worker, session, header, in, given::set);
        }
        // none: it is still being done for who asked before
        ByteBuffer reply = given.get();
        return reply == null ? status(Status.BUSY) : reply.order(ByteOrder.LITTLE_ENDIAN);
    }

    private void once(
            Worker worker, HostSession session, RequestHeader header, FrameReader in, Reply to) {
        ReplyMemory replies = session.replies();
        if (replies.begin(header.id(), header.answeredBelow(), to) == ReplyMemory.Seen.FIRST) {
            run(
                    worker,
                    session,
                    header,
                    in,
                    reply ->
                            replies.done(
                                    header.id(), reply, reply.getInt(0) != Status.UNKNOWN_HANDLE));
        }
    }

    private void hello(Call call) throws SysException {
        long fd = call.check(call.sys.call(SysCall.FCNTL, rootFd, Linux.F_DUPFD_CLOEXEC, 0));
        call.enter((int) fd);
    }

    private void lock(Call call, Reply to) throws SysException, BadFrameException {
        long handle = call.in.u64();
        Lock lock = Lock.from(call.in);
        try {
            LockOperations.set(call, handle, lock);
            to.send(call.out.finish());
            if (lock.type() == Linux.F_UNLCK) {
                waiters.poke();
            }
        } catch (SysException e) {
            if (e.errno() != Errno.EAGAIN || !lock.blocking()) {
                throw e;
            }
            waiters.add(new Waiting(call.session, call.header, handle, lock, to));
        }
    }

    /** A request for a lock that somebody else has. */
    private final class Waiting implements LockWaiters.Waiter {
        private final HostSession session;
        private final RequestHeader header;
        private final long handle;
        private final Lock lock;
        private final Reply to;

        Waiting(HostSession session, RequestHeader header, long handle, Lock lock, Reply to) {
            this.session = session;
            this.header = header;
            this.handle = handle;
            this.lock = lock;
            this.to = to;
        }

        @Override
        public HostSession session() {
            return session;
        }

        @Override
        public long id() {
            return header.id();
        }

        @Override
        public boolean attempt(Worker worker) {
            try {
                Call call = call(worker);
                LockOperations.set(call, handle, lock);
                to.send(call.out.finish());
                return true;
            } catch (SysException e) {
                if (e.errno() == Errno.EAGAIN) {
                    return false;
                }
                to.send(status(e.errno()));
                return true;
            } catch (BadFrameException e) {
                to.send(bad(e.getMessage()));
                return true;
            }
        }

        private Call call(Worker worker) throws BadFrameException {
            FrameReader nothing = new FrameReader(ByteBuffer.allocate(0));
            return new Call(
                    worker,
                    session,
                    header,
                    nothing,
                    new Frame(256).u32(Status.OK),
                    seals.get(),
                    nodes,
                    vouched);
        }

        @Override
        public void cancel() {
            to.send(status(Errno.EINTR));
        }
    }

    private static ByteBuffer status(int status) {
        return new Frame(4).u32(status).finish();
    }

    private static ByteBuffer bad(@Nullable String why) {
        byte[] text = String.valueOf(why).getBytes(StandardCharsets.UTF_8);
        return new Frame(64).u32(Status.BAD_REQUEST).blob(text).finish();
    }

    @Override
    public void close() {
        clock.shutdownNow();
        watch.close();
        workers.close();
        outbox.close();
        hashes.close();
        try (Native sys = new Native(0)) {
            sessions.values().forEach(session -> session.end(sys));
            sessions.clear();
            sys.closeFd(rootFd);
        }
        nodes.close();
        mounts.close();
    }
}
