package io.mig.files.client;

import io.mig.files.fuse.FuseConnection;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.Push;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Makes our tables and the kernel forget what home says has changed. Our tables at once; the kernel
 * by a thread of its own, because that may wait for requests which are not answered yet.
 */
final class Invalidator implements AutoCloseable {
    private static final int MAX_WAITING = 50_000;

    private sealed interface Word {
        record Inode(long node, boolean contents) implements Word {}

        @SuppressWarnings("ArrayRecordComponent")
        record Entry(long directory, byte[] name) implements Word {}

        record Everything() implements Word {}

        record TooMany() implements Word {}

        record InodeThen(long node, boolean contents, Runnable then) implements Word {}
    }

    private record Numbered(long number, Word word) {}

    private final NodeTable nodes;
    private final FuseConnection fuse;
    private final Crowd crowd;
    private final long session;
    private final Anchors anchors;
    private final BlockingQueue<Numbered> queue = new LinkedBlockingQueue<>(MAX_WAITING);
    private final Thread thread =
            Thread.ofPlatform().daemon().name("files-invalidate").unstarted(this::run);
    private volatile boolean closed;
    private long lastNumber;
    // numbers of words: taken on, the last about everything, told
    private long taken;
    private volatile long everythingAt;
    private volatile long told;

    Invalidator(NodeTable nodes, FuseConnection fuse, long session, Anchors anchors) {
        this.anchors = anchors;
        this.nodes = nodes;
        this.fuse = fuse;
        this.crowd = new Crowd(nodes, fuse);
        this.session = session;
    }

    void start() {
        nodes.whenTooMany(() -> add(new Word.TooMany()));
        thread.start();
    }

    /** A frame of home's words; false when it is for another mount. */
    synchronized boolean pushed(ByteBuffer frame) throws BadFrameException {
        FrameReader in = new FrameReader(frame);
        if (in.u64() != session) {
            return false;
        }
        long number = in.u64();
        boolean gap = number != lastNumber + 1;
        lastNumber = number;
        if (gap) {
            everything();
            return true;
        }
        int count = in.count(100_000);
        for (int i = 0; i < count; i++) {
            switch (Push.from(in)) {
                case Push.Everything() -> everything();
                case Push.Inode(var identity, var contents) -> {
                    Node node = nodes.changed(identity, contents);
                    if (node != null) {
                        add(new Word.Inode(node.id(), contents));
                        node.lastWord(taken);
                    }
                }
                case Push.Entry(var directory, var name) -> {
                    Node node = nodes.changed(directory, false);
                    if (node != null) {
                        byte[] bytes = new byte[name.remaining()];
                        name.get(bytes);
                        if (bytes.length > 0 && anchors.place(node, bytes) == null) {
                            add(new Word.Entry(node.id(), bytes));
                        }
                        add(new Word.Inode(node.id(), true));
                        node.lastWord(taken);
                    }
                }
            }
        }
        return true;
    }

    /** Home counts its words from one again. */
    synchronized void anew() {
        lastNumber = 0;
        everything();
    }

    synchronized void everything() {
        nodes.allChanged();
        queue.removeIf(word -> !(word.word() instanceof Word.InodeThen));
        add(new Word.Everything());
        everythingAt = taken;
    }

    /** Whether the kernel has still to be told something of an inode. */
    boolean hasWordsOf(Node node) {
        return Math.max(node.lastWord(), everythingAt) > told;
    }

    /**
     * Makes the kernel forget the pages of an inode, then runs something, on this one's thread:
     * forgetting may wait for other requests, so nobody who answers those may do it.
     */
    void forget(Node node, Runnable then) {
        forget(node, true, then);
    }

    /** The same for its attributes alone. All earlier words have been told when it is run. */
    void forgetAttributes(Node node, Runnable then) {
        forget(node, false, then);
    }

    private void forget(Node node, boolean contents, Runnable then) {
        if (!offer(new Word.InodeThen(node.id(), contents, then))) {
            everything();
            then.run();
        }
    }

    private synchronized boolean offer(Word word) {
        boolean room = queue.offer(new Numbered(taken + 1, word));
        if (room) {
            taken++;
        }
        return room;
    }

    private void add(Word word) {
        if (!offer(word)) {
            everything();
        }
    }

    private void run() {
        try {
            while (!closed) {
                Numbered next = queue.take();
                tell(next.word());
                told = next.number();
                if (next.word() instanceof Word.InodeThen(_, _, var then)) {
                    then.run();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(Word word) {
        switch (word) {
            case Word.Inode(var node, var contents) -> fuse.invalidateInode(node, contents);
            case Word.Entry(var directory, var name) -> fuse.invalidateEntry(directory, name);
            case Word.Everything() -> forgetAll();
            case Word.TooMany() -> crowd.thin(node -> node.place() != null);
            case Word.InodeThen(var node, var contents, _) -> fuse.invalidateInode(node, contents);
        }
    }

    private void forgetAll() {
        for (Node node : nodes.all()) {
            if (closed) {
                return;
            }
            fuse.invalidateInode(node.id(), true);
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
