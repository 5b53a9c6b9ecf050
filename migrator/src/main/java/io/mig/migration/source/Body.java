package io.mig.migration.source;

import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.image.TaskImage;
import io.mig.checkpoint.proc.TreeFacts;
import io.mig.home.journal.DeputyRecord;
import io.mig.migration.preflight.PreflightReport;
import io.mig.migration.preflight.SourceFacts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * What moves away from this node: either an original in its home's own surroundings, or the body in
 * a capsule. One owner thread. The order of calls is that of the methods; {@link #thaw} may come at
 * any point before {@link #release}.
 */
sealed interface Body extends AutoCloseable permits OriginalBody, GuestBody {
    /** Root pid of the tree on this host. */
    int hostPid();

    /** Root pid as CRIU and the tree itself see it: the home pid. */
    int innerPid();

    /** Name of the node that it takes itself to be on: its home's, on every node. */
    String hostname();

    /** Reads everything about the tree. */
    SourceFacts facts();

    /** Reads again what may have changed since, as fast as possible: the tree is frozen now. */
    SourceFacts facts(SourceFacts before);

    /** Whether it sees its home's files, and shall wherever it goes. */
    boolean inHomeTree();

    /** Starts the CRIU that will dump it. */
    CriuConnection startCriu();

    /** What a later agent needs to find the frozen tree again. */
    SourceNote.Place place();

    /**
     * Waits until it has no lock that could only be seen by asking, and keeps it so if possible.
     *
     * @return to be run once, when it is frozen or goes on
     */
    default Runnable holdLocks(SourceFacts facts, long untilNanos) {
        return () -> {};
    }

    /** Stops the tree; on failure it runs as before. */
    void freeze();

    /**
     * Waits until its home has all that it wrote; it is frozen.
     *
     * @throws io.mig.model.RefusedException when that takes too long
     */
    default void settle(SourceFacts facts) {}

    DumpRequest.Builder dump(Path images);

    /** State of the links to the deputies, when there are any yet. */
    ByteBuffer linkState();

    /** Home pids that get, or have, a deputy. */
    List<Integer> links(TreeFacts frozen);

    /** The deputies to be made at home when the move is committed; empty when they exist. */
    List<DeputyRecord> deputies(PreflightReport report, SourceFacts facts, List<TaskImage> tasks);

    /** Lets it run here as if nothing had been. Repeats are fine. */
    void thaw();

    /**
     * The move is committed and the body runs elsewhere: the copy here goes. Of an original its
     * home takes care (it becomes the deputy).
     */
    void release();

    /** Gives up helpers; neither thaws nor releases. */
    @Override
    void close();
}
