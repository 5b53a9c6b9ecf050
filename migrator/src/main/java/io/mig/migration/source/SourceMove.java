package io.mig.migration.source;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.CheckpointListener;
import io.mig.checkpoint.ImageSink;
import io.mig.checkpoint.ImageTail;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.image.ImageDirectory;
import io.mig.checkpoint.image.TaskImage;
import io.mig.checkpoint.proc.TreeFacts;
import io.mig.fault.FaultPoint;
import io.mig.fault.Faults;
import io.mig.home.journal.DeputyRecord;
import io.mig.migration.Calls;
import io.mig.migration.Directories;
import io.mig.migration.InnerIds;
import io.mig.migration.Phases;
import io.mig.migration.Protos;
import io.mig.migration.preflight.ExternalStream;
import io.mig.migration.preflight.FileNeed;
import io.mig.migration.preflight.FileNeeds;
import io.mig.migration.preflight.Obstacle;
import io.mig.migration.preflight.ObstacleCode;
import io.mig.migration.preflight.Preflight;
import io.mig.migration.preflight.PreflightPolicy;
import io.mig.migration.preflight.PreflightReport;
import io.mig.migration.preflight.SourceFacts;
import io.mig.migration.preflight.TargetFacts;
import io.mig.migration.stream.ImageSender;
import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.model.RefusedException;
import io.mig.wire.proto.BeginReply;
import io.mig.wire.proto.BeginRequest;
import io.mig.wire.proto.CommitReply;
import io.mig.wire.proto.DecisionReply.Decision;
import io.mig.wire.proto.DiscardReply;
import io.mig.wire.proto.DiscardRequest;
import io.mig.wire.proto.ReserveReply;
import io.mig.wire.proto.ReserveRequest;
import io.mig.wire.proto.RestoreReply;
import io.mig.wire.proto.RestoreRequest;
import io.mig.wire.proto.StreamItem;
import io.mig.wire.proto.TreeSummary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt to move a tree away from this node, straight-line on the thread that calls {@link
 * #run}.
 *
 * <pre>
 *   check -> begin (home journals INTENT) -> reserve (target's capsule stands) -> freeze -> dump and send
 *         -> restore (frozen body at the target) -> COMMIT (home) -> release
 * </pre>
 *
 * Whatever fails before the commit ends with the tree running here and the move aborted at home; it
 * is thawed only after home has said so. After the commit nothing is undone.
 */
final class SourceMove {
    private static final Logger LOG = LoggerFactory.getLogger(SourceMove.class);
    private static final Duration RESERVE = Duration.ofSeconds(30);
    private static final long GHOST_LIMIT = 64L << 20;
    private static final String MOVED = "the process has moved";
    private static final int LOOKS = 3;
    private static final int MOST_FILES = 1024;
    private static final Duration FREE_MOMENT = Duration.ofSeconds(10);

    /** A file that its name does not lead to so often in a row has lost it for good. */
    private static final int MOST_HIDDEN = 5;

    private static final Duration LONGEST_BREATH = Duration.ofMillis(20);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(7);

    private final SourceContext context;
    private final MoveOrder order;
    private final Body body;
    private final Calls calls;
    private final Faults faults;
    private final HomeLine home;
    private final Phases phases;
    private final Path images;
    private final String shortId;
    private long freezeBegin;
    private long sentBytes;
    private boolean begun;
    private boolean reserved;
    private boolean filesComeAlong;
    private Set<String> bound = Set.of();

    SourceMove(SourceContext context, MoveOrder order, Body body, Consumer<String> progress) {
        this.context = context;
        this.order = order;
        this.body = body;
        this.calls = context.calls();
        this.faults = context.faults();
        this.home = new HomeLine(calls, context.home(), order.process().home(), order.move());
        this.phases = new Phases(progress);
        this.shortId = order.move().toString().substring(0, 8);
        this.images = context.config().movesDir().resolve("out-" + shortId);
    }

    /**
     * Moves it.
     *
     * @throws MigException it did not move and runs here as before
     */
    MoveResult run() {
        SourceNote note = new SourceNote(order.move(), order.process(), order.to(), body.place());
        boolean committed = false;
        boolean unsettled = false;
        try {
            phases.begin("check");
            Checked checked = look();
            SourceFacts facts = checked.facts();
            PreflightReport report = checked.report();
            faults.at(FaultPoint.SOURCE_CHECKED);
            phases.begin("begin");
            begin(facts);
            faults.at(FaultPoint.SOURCE_BEGUN);
            phases.begin("reserve");
            reserve(facts, report);
            note.write(context.config().notesDir());
            List<DeputyRecord> deputies =
                    order.birth() ? born(facts, report) : dumped(facts, report);
            phases.begin("commit");
            CommitReply reply = home.commit(deputies);
            committed = true;
            long freezeEnd = System.nanoTime();
            LOG.info(
                    "moved: process={} to={} epoch={} freeze={} ms",
                    order.process(),
                    order.to(),
                    reply.getEpoch(),
                    (freezeEnd - freezeBegin) / 1_000_000);
            faults.at(FaultPoint.SOURCE_COMMITTED);
            phases.begin("release");
            body.release();
            deputise();
            faults.at(FaultPoint.SOURCE_RELEASED);
            phases.end();
            tidy(note);
            return new MoveResult(
                    order,
                    order.birth() ? "birth" : "dump",
                    Duration.ofNanos(freezeEnd - freezeBegin),
                    phases.sinceStart(),
                    sentBytes,
                    phases.finished());
        } catch (IOException | RuntimeException e) {
            String step = phases.current();
            phases.end();
            if (committed) {
                unsettled = true;
                // nothing is undone; what is left to do, recovery does
                LOG.error("after the commit: process={} step={}", order.process(), step, e);
                throw new UnsettledException(note, MOVED, e);
            }
            throw giveUp(note, step, e);
        } finally {
            if (!unsettled) { // whoever settles it still needs what is here
                body.close();
            }
        }
    }

    /** The outcome is decided, but what follows from it here could not all be done. */
    static final class UnsettledException extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final transient SourceNote note;

        UnsettledException(SourceNote note, String outcome, Throwable cause) {
            super(outcome + ", but not all is settled: " + cause.getMessage(), cause);
            this.note = note;
        }

        SourceNote note() {
            return note;
        }
    }

    private record Checked(SourceFacts facts, PreflightReport report) {}

    /**
     * A tree that forks while it is looked at shows things that are not there a moment later (a
     * child that seems to be a stranger): only what is seen several times counts.
     */
    private Checked look() {
        for (int look = 1; ; look++) {
            SourceFacts facts = order.birth() ? BirthReader.kept(body.facts()) : body.facts();
            try {
                return new Checked(facts, check(facts));
            } catch (RefusedException e) {
                if (look == LOOKS) {
                    if (e.retryable()) {
                        return new Checked(facts, passing(facts));
                    }
                    throw e;
                }
                LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
            }
        }
    }

    private PreflightReport check(SourceFacts facts) {
        PreflightPolicy policy = policy(body.inHomeTree());
        TargetFacts target = new TargetQuery(calls).ask(order.to(), facts, policy);
        PreflightReport report = Preflight.check(facts, Optional.of(target), policy);
        filesComeAlong = body.inHomeTree() && target.homeTree();
        bound = target.provenShared();
        refuse(report);
        if (order.birth() && !filesComeAlong) {
            throw new RefusedException(
                    ErrorCode.REFUSED,
                    "programs start elsewhere only where they have their home's files: home="
                            + calls.self()
                            + " target="
                            + order.to()
                            + "; set home_files = true on both");
        }
        return report;
    }

    private PreflightPolicy policy(boolean homeTree) {
        return context.policy()
                .withCaller(order.actorUid(), order.actorPid())
                .withHomeTree(homeTree ? order.process().home().name() : "");
    }

    /**
     * Only what passes is in the way: the freeze will show whether there is a moment without it.
     */
    private PreflightReport passing(SourceFacts facts) {
        return Preflight.check(facts, Optional.empty(), policy(filesComeAlong));
    }

    private static void refuse(PreflightReport report) {
        refuse(report, report.worthRetrying());
    }

    /**
     * @param again whether to try again at once; not after a free moment was waited for in vain
     */
    private static void refuse(PreflightReport report, boolean again) {
        if (report.movable()) {
            return;
        }
        throw new RefusedException(
                ErrorCode.REFUSED,
                again,
                String.join("\n", report.obstacles().stream().map(Obstacle::line).toList()));
    }

    private void begin(SourceFacts facts) {
        TreeFacts tree = facts.tree().orElseThrow();
        calls.ask(
                order.process().home(),
                BeginRequest.newBuilder()
                        .setMoveId(order.move().toString())
                        .setProcess(Protos.process(order.process()))
                        .setEpoch(order.epoch().value())
                        .setFrom(calls.self().name())
                        .setTo(order.to().name())
                        .setReason(order.reason())
                        .setUid(tree.root().status().uids().real())
                        .setCommand(command(tree))
                        .build(),
                BeginReply.class);
        begun = true;
    }

    private static String command(TreeFacts tree) {
        List<String> words = tree.root().cmdline();
        String text = words.isEmpty() ? tree.root().comm() : String.join(" ", words);
        return text.length() <= 4000 ? text : text.substring(0, 4000);
    }

    private void reserve(SourceFacts facts, PreflightReport report) {
        TreeFacts tree = facts.tree().orElseThrow();
        int parent = parentPid(tree);
        ReserveRequest.Builder request =
                ReserveRequest.newBuilder()
                        .setMoveId(order.move().toString())
                        .setNextEpoch(order.epoch().next().value())
                        .setHostname(body.hostname())
                        .setPrepare(PrepareText.of(tree, parent, report.streams()))
                        .setRootPgid(PrepareText.pgid(tree))
                        .setSource(calls.self().name())
                        .setShellJob(shellJob(tree))
                        .setHomeTree(filesComeAlong)
                        .setBirth(order.birth())
                        .addAllShared(bound)
                        .setTree(
                                TreeSummary.newBuilder()
                                        .setProcess(Protos.process(order.process()))
                                        .setCommand(command(tree))
                                        .setUid(tree.root().status().uids().real())
                                        .setResidentBytes(tree.rssBytes())
                                        .addAllTasks(PrepareText.tasks(tree)));
        report.streams().streams().forEach(s -> request.addStreams(item(s)));
        if (filesComeAlong) {
            request.addAllFiles(files(facts));
        }
        reserved = true;
        ReserveReply reply = calls.ask(order.to(), request.build(), ReserveReply.class, RESERVE);
        if (order.birth() && !reply.getBirth()) {
            throw new RefusedException(
                    ErrorCode.REFUSED,
                    "the agent of " + order.to() + " knows no births; update it");
        }
    }

    /** What the target does well to know of before the freeze. */
    private List<String> files(SourceFacts facts) {
        return FileNeeds.of(facts, policy(true)).stream()
                .filter(need -> !need.sharedStorage())
                .map(FileNeed::path)
                .distinct()
                .limit(MOST_FILES)
                .toList();
    }

    private boolean shellJob(TreeFacts tree) {
        return PrepareText.sid(tree) != tree.root().innerPid();
    }

    /** The parent as the tree sees it; a parent outside its pid namespace or gone is init. */
    private int parentPid(TreeFacts tree) {
        if (body instanceof OriginalBody) {
            return Math.max(1, tree.root().ppid());
        }
        return Math.max(1, InnerIds.ofProcess(tree.root().ppid()));
    }

    private static StreamItem item(ExternalStream s) {
        return StreamItem.newBuilder()
                .setId(s.id())
                .setKind(s.kind().text())
                .setLink(s.link())
                .setCriuKey(s.criuKey())
                .setFlags(s.flags())
                .setDemand(s.demand())
                .build();
    }

    private ImageSender sender() {
        return new ImageSender(context.network().openBulk(order.to(), "images:" + order.move()));
    }

    private List<DeputyRecord> dumped(SourceFacts facts, PreflightReport report)
            throws IOException {
        Directories.fresh(images);
        try (CriuConnection criu = body.startCriu();
                ImageSender sender = sender()) {
            faults.at(FaultPoint.SOURCE_RESERVED);
            return frozen(criu, sender, facts, report);
        }
    }

    /** The program stands at the target before its start, and what waited for it here is frozen. */
    private List<DeputyRecord> born(SourceFacts seen, PreflightReport before) {
        faults.at(FaultPoint.SOURCE_RESERVED);
        phases.begin("freeze");
        freezeBegin = System.nanoTime();
        body.freeze();
        faults.at(FaultPoint.SOURCE_FROZEN);
        SourceFacts facts = BirthReader.kept(body.facts(seen));
        PreflightReport report = passing(facts);
        refuse(report);
        sameStreams(before, report);
        phases.begin("start");
        RestoreRequest.Builder request =
                RestoreRequest.newBuilder()
                        .setMoveId(order.move().toString())
                        .setBirth(BirthReader.read(facts, report.streams()))
                        .addTasks(body.innerPid())
                        .addLinks(body.innerPid());
        report.streams().streams().forEach(s -> request.addStreams(item(s)));
        calls.ask(order.to(), request.build(), RestoreReply.class, context.config().criuTimeout());
        faults.at(FaultPoint.SOURCE_RESTORED);
        return body.deputies(report, facts, List.of());
    }

    /** From the freeze to the frozen body at the target. */
    private List<DeputyRecord> frozen(
            CriuConnection criu, ImageSender sender, SourceFacts seen, PreflightReport before)
            throws IOException {
        Checked checked = freezeAtAFreeMoment(seen, before);
        SourceFacts facts = checked.facts();
        PreflightReport report = checked.report();
        phases.begin("dump");
        faults.at(FaultPoint.SOURCE_DUMPING);
        dump(criu, sender, facts);
        sentBytes = sender.wireBytes();
        faults.at(FaultPoint.SOURCE_DUMPED);
        phases.begin("restore");
        List<TaskImage> tasks = new ImageDirectory(images).tasks();
        ByteBuffer links = body.linkState();
        RestoreRequest.Builder request =
                RestoreRequest.newBuilder()
                        .setMoveId(order.move().toString())
                        .setLinkState(com.google.protobuf.ByteString.copyFrom(links));
        report.streams().streams().forEach(s -> request.addStreams(item(s)));
        TreeFacts tree = facts.tree().orElseThrow();
        request.addAllTasks(PrepareText.tasks(tree));
        request.addAllLinks(body.links(tree));
        calls.ask(order.to(), request.build(), RestoreReply.class, context.config().criuTimeout());
        faults.at(FaultPoint.SOURCE_RESTORED);
        return body.deputies(report, facts, tasks);
    }

    /**
     * Freezes it, and looks again: the tree may have changed since the first look. Locks on files
     * are held for moments only, but by some programs most of the time: such a program is let go
     * and frozen again until it is met without one.
     */
    private Checked freezeAtAFreeMoment(SourceFacts seen, PreflightReport before) {
        long end = System.nanoTime() + FREE_MOMENT.toNanos();
        phases.begin("freeze");
        for (int attempt = 1; ; attempt++) {
            Runnable lockAgain = body.holdLocks(seen, end);
            try {
                freezeBegin = System.nanoTime();
                body.freeze();
            } finally {
                lockAgain.run();
            }
            faults.at(FaultPoint.SOURCE_FROZEN);
            SourceFacts facts = body.facts(seen);
            PreflightReport report = passing(facts);
            if (!mayPass(report, attempt) || System.nanoTime() > end) {
                refuse(report, !isOfFiles(report) && report.worthRetrying());
                sameStreams(before, report);
                body.settle(facts);
                return new Checked(facts, report);
            }
            body.thaw();
            if (attempt == 1) {
                phases.begin("wait for a moment without locks");
            }
            // not in step with what the program does
            LockSupport.parkNanos(
                    ThreadLocalRandom.current().nextLong(LONGEST_BREATH.toNanos()) + 1);
        }
    }

    /**
     * Whether it may be met without these at another moment: who has a lock on a file may just be
     * making or removing others.
     */
    private static boolean mayPass(PreflightReport report, int attempt) {
        boolean locked =
                report.obstacles().stream().anyMatch(o -> o.code() == ObstacleCode.FILE_LOCK);
        return isOfFiles(report) && (locked || attempt < MOST_HIDDEN);
    }

    private static boolean isOfFiles(PreflightReport report) {
        return report.worthRetrying()
                && report.obstacles().stream()
                        .allMatch(
                                o ->
                                        o.code() == ObstacleCode.FILE_LOCK
                                                || o.code() == ObstacleCode.HIDDEN_FILE);
    }

    private void sameStreams(PreflightReport before, PreflightReport now) {
        if (!sameStreams(before.streams().streams(), now.streams().streams())) {
            throw new RefusedException(
                    ErrorCode.REFUSED,
                    true,
                    "process="
                            + order.process().brief()
                            + " has changed its descriptors just now; try again");
        }
    }

    private static boolean sameStreams(List<ExternalStream> a, List<ExternalStream> b) {
        return a.stream()
                .map(SourceMove::identity)
                .toList()
                .equals(b.stream().map(SourceMove::identity).toList());
    }

    private static List<Object> identity(ExternalStream s) {
        return List.of(s.id(), s.kind(), s.criuKey(), s.link());
    }

    private void dump(CriuConnection criu, ImageSender sender, SourceFacts facts)
            throws IOException {
        for (String path : Preflight.deleteBeforeDump(facts)) {
            java.nio.file.Files.deleteIfExists(Path.of(path));
        }
        ImageTail tail = new ImageTail(images);
        CompletableFuture<Void> sending = new CompletableFuture<>();
        Thread.ofPlatform()
                .daemon()
                .name("images-" + shortId)
                .start(() -> send(tail, sender, sending));
        try {
            criu.dump(
                    body.dump(images)
                            .shellJob(shellJob(facts.tree().orElseThrow()))
                            .ghostLimitBytes(GHOST_LIMIT)
                            .answerTimeout(context.config().criuTimeout())
                            .build(),
                    CheckpointListener.NONE);
            tail.dumpFinished();
        } catch (RuntimeException e) {
            tail.abort();
            throw e;
        }
        await(sending);
    }

    private void send(ImageTail tail, ImageSender sender, CompletableFuture<Void> sending) {
        try {
            tail.run(new Sink(sender));
            sender.done();
            sending.complete(null);
        } catch (IOException | RuntimeException e) {
            sending.completeExceptionally(e);
        }
    }

    private void await(CompletableFuture<Void> sending) throws IOException {
        try {
            sending.get(context.config().criuTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while images were sent", e);
        } catch (TimeoutException e) {
            throw new IOException(
                    "images were not taken within " + context.config().criuTimeout(), e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new IOException("images could not be sent: " + e.getCause(), e);
        }
    }

    /** Feeds the sender, and meets a fault point when the first bytes are out. */
    private final class Sink implements ImageSink {
        private final ImageSender sender;
        private boolean first = true;

        Sink(ImageSender sender) {
            this.sender = sender;
        }

        @Override
        public void bytes(String name, FileChannel channel, long offset, long length)
                throws IOException {
            sender.data(name, channel, offset, length);
            if (first) {
                first = false;
                faults.at(FaultPoint.SOURCE_STREAMING);
            }
        }

        @Override
        public void end(String name, long size) {
            sender.end(name);
        }
    }

    private void deputise() {
        if (body instanceof OriginalBody) {
            faults.at(FaultPoint.HOME_DEPUTISE);
            context.deputies().deputise(order.process());
            faults.at(FaultPoint.HOME_DEPUTISED);
        }
    }

    /** Before the commit: home aborts, then the tree runs again, then the target tidies up. */
    private RuntimeException giveUp(SourceNote note, String step, Exception e) {
        if (begun && home.abort(step + ": " + e.getMessage()) == Decision.COMMITTED) {
            return new UnsettledException(note, MOVED, e);
        }
        try {
            body.thaw();
        } catch (RuntimeException notThawed) {
            LOG.error("not thawed: process={}", order.process(), notThawed);
            return new UnsettledException(note, "the process stays here", notThawed);
        }
        if (reserved) {
            discardAtTarget();
        }
        tidy(note);
        LOG.info("move given up: process={} to={} step={}", order.process(), order.to(), step, e);
        return failure(step, e);
    }

    private RuntimeException failure(String step, Exception e) {
        String where =
                "move of "
                        + order.process().brief()
                        + " to "
                        + order.to()
                        + " failed at "
                        + step
                        + ", it runs on at "
                        + calls.self()
                        + ": ";
        return switch (e) {
            case RefusedException refused when step.equals("check") -> refused;
            case MigException known ->
                    new MoveFailedException(
                            known.code(), known.retryable(), where + known.getMessage(), known);
            case CheckpointException criu ->
                    new MoveFailedException(
                            ErrorCode.CHECKPOINT_FAILED, true, where + criu.getMessage(), criu);
            default ->
                    new MoveFailedException(ErrorCode.INTERNAL, false, where + e.getMessage(), e);
        };
    }

    private void discardAtTarget() {
        try {
            calls.ask(
                    order.to(),
                    DiscardRequest.newBuilder()
                            .setMoveId(order.move().toString())
                            .setWhy("the source gave up")
                            .build(),
                    DiscardReply.class);
        } catch (MigException e) {
            LOG.info(
                    "target could not be told, it will ask home: target={} {}",
                    order.to(),
                    e.getMessage());
        }
    }

    private void tidy(SourceNote note) {
        Directories.deleteTree(images);
        try {
            note.delete(context.config().notesDir());
        } catch (IOException e) {
            LOG.warn("note stays: move={} {}", order.move(), e.getMessage());
        }
    }
}
