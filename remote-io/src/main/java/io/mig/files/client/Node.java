package io.mig.files.client;

import io.mig.files.wire.Attr;
import io.mig.files.wire.NodeRef;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An inode that the kernel knows. All but the first fields are guarded by the node itself. */
final class Node {
    private final long id;
    private final NodeRef ref;
    // how often the kernel was told of it; guarded by the table
    long lookups;
    private volatile @Nullable String place;
    private volatile long ino;
    private volatile int attrFlags;
    private volatile int leaseMillis;
    private volatile long invalidatedAt;
    private long mtime;
    private int mtimeNanos;
    private long ctime;
    private int ctimeNanos;
    private long size = -1;
    private long contents;
    private long seenSize = -1;
    private long seenCtime;
    private int seenCtimeNanos;
    private boolean listingCached;
    private @Nullable Set<Long> lockOwners;
    private Callers.@Nullable Caller opener;
    private long openedAt;
    private @Nullable Node parent;
    private long namedAt;
    private long nameHash;
    private long nameMoves;
    private boolean manyNames;
    private @Nullable Attr exact;
    private long exactContents;
    private long exactAsked;
    private long exactNames;
    private volatile long lastWord;
    private volatile boolean awaitsName;
    private volatile long behind;
    private volatile boolean written;
    private @Nullable Attr expected;
    private long expectedContents;
    private long expectedAsked;
    private int trouble;
    private int releasing;
    private long released;
    private final List<Runnable> afterRelease = new ArrayList<>(0);

    Node(long id, NodeRef ref) {
        this.id = id;
        this.ref = ref;
    }

    long id() {
        return id;
    }

    NodeRef ref() {
        return ref;
    }

    void learned(Attr attr) {
        ino = attr.ino();
        saw(attr);
        attrFlags = attr.flags();
        leaseMillis = attr.leaseMillis();
    }

    private synchronized void saw(Attr attr) {
        manyNames |= attr.nlink() > 1;
        seenSize = attr.size();
        seenCtime = attr.ctime();
        seenCtimeNanos = attr.ctimeNanos();
    }

    /** Whether somebody else has changed it since home last described it. */
    synchronized boolean hasChanged(Attr attr) {
        return seenSize >= 0
                && (seenSize != attr.size()
                        || seenCtime != attr.ctime()
                        || seenCtimeNanos != attr.ctimeNanos());
    }

    /** A guest here has changed it; home describes it before and after. */
    void changedHere(Attr before, Attr after) {
        if (!hasChanged(before)) {
            saw(after);
        }
    }

    /** Its path if it is an anchor or leads to one, see {@link Anchors}; the root's is empty. */
    @Nullable String place() {
        return place;
    }

    void place(String path) {
        place = path;
    }

    /** Its number as stat(2) tells it. */
    long ino() {
        return ino;
    }

    /** Which of home's file systems it is of: home marks inode numbers so. */
    int fileSystem() {
        return (int) (ino >>> 48);
    }

    int leaseMillis() {
        return leaseMillis;
    }

    /** Whether much room is left at home, as it was told with other attributes. */
    void room(Attr attr) {
        attrFlags = (attrFlags & ~Attr.ROOMY) | (attr.flags() & Attr.ROOMY);
    }

    boolean has(int flag) {
        return (attrFlags & flag) != 0;
    }

    void mayHaveXattrs() {
        attrFlags &= ~Attr.NO_XATTR;
    }

    /** Home has opened it for a user who reads it, asked at a tick of the table. */
    synchronized void openFor(Callers.Caller caller, long asked) {
        opener = caller;
        openedAt = asked;
    }

    /** Whether home would open it for a user now, because it did and has told of no change. */
    synchronized boolean wasOpenFor(Callers.Caller caller) {
        return caller.equals(opener) && invalidatedAt <= openedAt;
    }

    /** Who may open it is changed by a guest here. */
    synchronized void notOpenForAnybody() {
        opener = null;
    }

    /** Whether home will soon know what its contents are called. */
    void awaitsName(boolean does) {
        awaitsName = does;
    }

    boolean awaitsName() {
        return awaitsName;
    }

    /**
     * The kernel was told of it under a name.
     *
     * @param asked tick of the table when home was asked
     * @param moves how often names were moved by then
     */
    synchronized void named(Node in, long hash, long asked, long moves) {
        parent = in;
        namedAt = asked;
        manyNames |= nameHash != 0 && nameHash != hash;
        nameHash = hash;
        nameMoves = moves;
    }

    /**
     * Whether the name by which the kernel found it leads to it as far as is known: home tells of
     * changes before anybody here can hear of them. Should it lead elsewhere at home by now, then
     * whoever opens it was faster.
     */
    boolean isWhereItWas() {
        Node in;
        long at;
        synchronized (this) {
            in = parent;
            at = namedAt;
        }
        return in != null && leaseMillis > 1000 && invalidatedAt <= at && in.invalidatedAt() <= at;
    }

    /** Whether a name in a directory may lead to it. */
    synchronized boolean mayBe(Node parent, byte[] name, long moves) {
        return manyNames
                || nameHash == 0
                || nameMoves != moves
                || nameHash == nameHash(parent, name);
    }

    static long nameHash(Node parent, byte[] name) {
        return 31 * parent.id() + Arrays.hashCode(name) | 1L << 63;
    }

    /** Number of the last word about it that the kernel is told, see {@link Invalidator}. */
    long lastWord() {
        return lastWord;
    }

    void lastWord(long number) {
        lastWord = number;
    }

    /** When home last told that something about it changed, in ticks of the table. */
    long invalidatedAt() {
        return invalidatedAt;
    }

    synchronized void invalidated(long tick, boolean contents) {
        invalidatedAt = tick;
        listingCached = false;
        attrFlags &= ~Attr.NO_XATTR;
        if (contents) {
            size = -1;
        }
    }

    /**
     * Whether the pages that the kernel has are those of the file as home now describes it. Without
     * word of changes also the time of the last change of anything must be the same.
     */
    synchronized boolean pagesAreOf(Attr attr) {
        return size == attr.size()
                && mtime == attr.mtime()
                && mtimeNanos == attr.mtimeNanos()
                && (attr.leaseMillis() > 1000
                        || (ctime == attr.ctime() && ctimeNanos == attr.ctimeNanos()));
    }

    /** Whether home describes it as when it was last described for its contents. */
    synchronized boolean isAsKnown(Attr attr) {
        return pagesAreOf(attr) && ctime == attr.ctime() && ctimeNanos == attr.ctimeNanos();
    }

    /** From now on the kernel's pages are of this. */
    synchronized void pages(Attr attr) {
        mtime = attr.mtime();
        mtimeNanos = attr.mtimeNanos();
        ctime = attr.ctime();
        ctimeNanos = attr.ctimeNanos();
        size = attr.size();
    }

    /**
     * A guest changes the contents: what was remembered of them before is old. Said before home is
     * asked and again when it has answered.
     *
     * @return {@link #contents} from now on
     */
    synchronized long contentsChange() {
        return ++contents;
    }

    /**
     * Home has described it.
     *
     * @param asked tick of the table before
     * @param unchanged {@link #contents} before; if it is another now, a guest has changed it
     *     meanwhile and nobody knows what the description is worth
     * @param names how often guests had changed names by then
     */
    synchronized void exactly(Attr attr, long asked, long unchanged, long names) {
        exact = unchanged == contents ? attr : null;
        exactContents = contents;
        exactAsked = asked;
        exactNames = names;
    }

    /** What home would say of it now, if that is known. */
    synchronized @Nullable Attr exactly(long names) {
        return leaseMillis > 1000
                        && exactContents == contents
                        && exactNames == names
                        && invalidatedAt <= exactAsked
                ? exact
                : null;
    }

    /** Changes with each {@link #contentsChange}. */
    synchronized long contents() {
        return contents;
    }

    /** Number of the last thing of it that home has not done yet, see {@link WriteBehind}. */
    long behind() {
        return behind;
    }

    void behind(long number) {
        behind = number;
    }

    /** Home has taken contents of it: it can be written there. */
    void written() {
        written = true;
    }

    boolean isWritten() {
        return written;
    }

    /**
     * What it will be once home has done what it was not asked for yet.
     *
     * @param attr null when that is not known
     * @param asked tick of the table
     */
    synchronized void expect(@Nullable Attr attr, long asked) {
        expected = attr;
        expectedContents = contents;
        expectedAsked = asked;
    }

    /** What {@link #expect} said, or home, if nobody has changed it since; otherwise null. */
    synchronized @Nullable Attr expected(long names) {
        Attr known = exactly(names);
        if (known != null) {
            return known;
        }
        boolean holds = expectedContents == contents && invalidatedAt <= expectedAsked;
        return leaseMillis > 1000 && holds ? expected : null;
    }

    /** Home could not do what a guest was told is done. */
    synchronized void failed(int errno) {
        trouble = errno;
    }

    /** The error that somebody who works with it must be told of, once; 0: none. */
    synchronized int takeTrouble() {
        int was = trouble;
        trouble = 0;
        return was;
    }

    synchronized void noPages() {
        size = -1;
    }

    synchronized boolean hasPages() {
        return size >= 0;
    }

    /** Whether the kernel's listing of this directory still holds; from now on it does. */
    synchronized boolean listing() {
        boolean was = listingCached;
        listingCached = true;
        return was;
    }

    /** An open file with locks is being closed: the kernel does not wait for it, others may. */
    synchronized void releasing() {
        releasing++;
    }

    /** It is closed at home. */
    void released() {
        List<Runnable> ready;
        synchronized (this) {
            releasing--;
            released++;
            if (releasing > 0) {
                return;
            }
            ready = List.copyOf(afterRelease);
            afterRelease.clear();
        }
        ready.forEach(Runnable::run);
    }

    synchronized long releases() {
        return released;
    }

    /**
     * Runs something when locks are gone that were given up before or while it was tried.
     *
     * @param seen {@link #releases} before the try
     * @return false when there are none such: what was tried has failed
     */
    boolean afterReleases(long seen, Runnable again) {
        synchronized (this) {
            if (releasing == 0 && released == seen) {
                return false;
            }
            if (releasing > 0) {
                afterRelease.add(again);
                return true;
            }
        }
        again.run();
        return true;
    }

    synchronized void locked(long owner) {
        if (lockOwners == null) {
            lockOwners = new HashSet<>(2);
        }
        lockOwners.add(owner);
    }

    /** Whether an owner had locks; it has none from now on. */
    synchronized boolean unlocked(long owner) {
        Set<Long> owners = lockOwners;
        if (owners == null || !owners.remove(owner)) {
            return false;
        }
        if (owners.isEmpty()) {
            lockOwners = null;
        }
        return true;
    }
}
