package io.mig.home;

import io.mig.checkpoint.PidFd;
import io.mig.home.journal.DeputyRecord;
import io.mig.home.journal.Journal;
import io.mig.home.journal.JournalException;
import io.mig.home.journal.ProcessRecord;
import io.mig.home.relay.DeputyEndpoint;
import io.mig.home.relay.Endpoint;
import io.mig.home.relay.FrameType;
import io.mig.home.relay.Hello;
import io.mig.home.relay.HullListener;
import io.mig.home.relay.RelayListener;
import io.mig.home.relay.RelayRouter;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The deputies of this node: lets them in and configures them, sees how they end, and sees to it
 * that a body shares the fate of its deputy where the deputy itself cannot (SIGKILL, SIGSTOP) and
 * the other way round (SIGCONT of a deputy that sleeps).
 *
 * <p>All state belongs to the watcher's thread; the public methods may be called from any thread
 * and do not block. Register it with the {@link io.mig.home.relay.HullServer} before the {@link
 * RelayRouter}, and give it to the router as its listener.
 *
 * <pre>
 *   away -- ENDED, then gone --------> ended (as the body did; perhaps a keeper stays)
 *    |  \-- gone without ENDED ------> killed: SIGKILL to the body
 *    |
 *   all deputies and keepers gone, and the capsule said "empty" -> over
 * </pre>
 */
public final class Deputies implements HullListener, RelayListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Deputies.class);
    private static final int SIGKILL = 9;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

    /**
     * Notices and frames take different ways: a stop that the deputy heard of already must not be
     * undone by older news.
     */
    private static final Duration CONTINUE_DELAY = Duration.ofMillis(300);

    /** How long the words of a dead deputy may be on their way through its socket. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private static final Duration JOURNAL_RETRY = Duration.ofSeconds(1);

    private final Journal journal;
    private final AwayTable table;
    private final DeputySurvey survey;
    private final DeputyListener listener;
    private final Supplier<RelayRouter> router;
    private final DeputyWatch watch;

    // owned by the watcher's thread
    private final Map<Integer, Ended> lastWords = new HashMap<>();
    private final Map<Integer, Integer> keepers = new HashMap<>();
    private final Set<HomePid> empty = new HashSet<>();
    private final Map<Integer, Object> continuing = new HashMap<>();

    /** Links of deputies that are connected, and those that were seen dead before their words. */
    private final Set<Integer> connected = new HashSet<>();

    private final Set<Integer> deadUnheard = new HashSet<>();

    private record Ended(OptionalInt status, OptionalInt keeper) {}

    /**
     * @param router asked for later: the two know each other
     */
    public Deputies(
            Journal journal,
            AwayTable table,
            DeputySurvey survey,
            Supplier<RelayRouter> router,
            DeputyListener listener) {
        this.journal = journal;
        this.table = table;
        this.survey = survey;
        this.router = router;
        this.listener = listener;
        this.watch =
                new DeputyWatch(
                        new DeputyWatch.Observer() {
                            @Override
                            public void died(int pid) {
                                onDeath(pid);
                            }

                            @Override
                            public void stoppedFromOutside(int pid) {
                                onStop(pid);
                            }

                            @Override
                            public void goesOn(int pid) {
                                onContinue(pid);
                            }
                        });
    }

    public void start() {
        watch.start();
    }

    /**
     * A process of ours is away (or has moved on) as the journal says: routes its links and watches
     * its deputies. To be called after the commit and before originals become deputies, and at
     * start for all that the journal has. Deputies that are gone by now count as killed.
     */
    public void update(ProcessRecord record) {
        Optional<AwayRecord> before = table.find(record.process());
        boolean known = before.isPresent();
        // whether it is stopped does not change by a move
        AwayRecord away =
                AwayRecord.of(record)
                        .withState(
                                before.map(AwayRecord::state).orElse(AwayState.RUNNING)
                                                == AwayState.STOPPED
                                        ? AwayState.STOPPED
                                        : AwayState.RUNNING);
        table.put(away);
        router.get().home(away.process(), away.epoch(), away.host(), away.links());
        for (DeputyRecord deputy : away.deputies()) {
            if (!deputy.ended() && !known) {
                watch.watch(deputy.pid(), deputy.startTicks());
            }
            deputy.keeper()
                    .ifPresent(keeper -> watch.post(() -> watchKeeper(deputy.pid(), keeper)));
            if (deputy.ended() && deputy.keeper().isEmpty()) {
                unspoken(away.process(), deputy.pid());
            }
        }
    }

    /**
     * The owner is connected and has no such body (any more): it ended while nobody could tell, or
     * it was lost.
     */
    public void bodyGone(HomePid process) {
        watch.post(
                () -> {
                    empty.add(process);
                    table.update(process, record -> record.withState(AwayState.LOST));
                    checkOver(process);
                });
    }

    /**
     * Ends the deputies of a process whose body is lost, as by SIGKILL; the waiting shell learns of
     * it.
     */
    public void endLost(HomePid process) {
        watch.post(
                () ->
                        table.find(process)
                                .ifPresent(
                                        record ->
                                                record.deputies().stream()
                                                        .filter(deputy -> !deputy.ended())
                                                        .forEach(
                                                                deputy ->
                                                                        signal(deputy, SIGKILL))));
    }

    // ---------------------------------------------------------------- deputies that connect

    @Override
    public Optional<String> objection(Hello hello, int peerPid, int peerUid) {
        if (!(hello instanceof Hello.OfDeputy deputy)) {
            return Optional.empty();
        }
        Optional<AwayRecord> record = table.ofDeputy(deputy.link());
        if (record.isEmpty()) {
            return Optional.of("no process of this home with pid=" + deputy.link() + " is away");
        }
        long startTicks =
                record.get().deputy(deputy.link()).map(DeputyRecord::startTicks).orElse(-1L);
        if (deputy.keeper()
                ? peerUid != record.get().uid()
                : !DeputySurvey.alive(peerPid, startTicks)) {
            return Optional.of(
                    "pid="
                            + peerPid
                            + " uid="
                            + peerUid
                            + " is not the deputy of "
                            + record.get().process()
                            + " link="
                            + deputy.link());
        }
        if (!survey.runsDeputy(peerPid)) {
            return Optional.of(
                    "pid=" + peerPid + " does not execute the deputy program of this node");
        }
        return Optional.empty();
    }

    @Override
    public void onDeputy(DeputyEndpoint deputy) {
        if (deputy.keeper()) {
            watch.post(() -> watchKeeper(deputy.link(), deputy.peerPid()));
            return;
        }
        watch.post(() -> connected.add(deputy.link()));
        table.ofDeputy(deputy.link())
                .flatMap(record -> record.deputy(deputy.link()))
                .ifPresent(
                        known ->
                                deputy.config(
                                        known.ready()
                                                ? DeputyConfig.again(known.config())
                                                : known.config()));
    }

    @Override
    public void onHop(Endpoint endpoint, FrameType type, String text) {
        if (!(endpoint instanceof DeputyEndpoint deputy)) {
            return;
        }
        int link = deputy.link();
        switch (type) {
            case READY -> watch.post(() -> ready(link, text));
            case STATE -> {
                if (text.startsWith("state=broken")) {
                    watch.post(() -> trouble(link, text.strip()));
                } else if (text.startsWith("state=unread")) {
                    giveBack(deputy.peerPid(), text);
                } else if (!deputy.keeper()) {
                    watch.selfStopped(link, text.startsWith("state=stopped"));
                }
            }
            case ENDED -> {
                Ended ended =
                        new Ended(Values.number(text, "status"), Values.number(text, "keeper"));
                watch.post(() -> lastWords.put(link, ended));
            }
            default -> {}
        }
    }

    @Override
    public void onGone(Endpoint endpoint) {
        if (endpoint instanceof DeputyEndpoint deputy) {
            if (!deputy.keeper()) {
                watch.post(() -> heardOut(deputy.link()));
            }
            watch.lookSoon(deputy.peerPid());
        }
    }

    // ---------------------------------------------------------------- on the watcher's thread

    /** Of a user's deputy that may not put typed bytes back into its terminal itself. */
    private void giveBack(int pid, String text) {
        OptionalInt fd = Values.number(text, "fd");
        Optional<String> bytes = Values.word(text, "bytes");
        if (fd.isEmpty() || bytes.isEmpty()) {
            return;
        }
        // at once: the deputy, about to end or to stop, waits for it a moment only
        Thread.ofVirtual()
                .start(
                        () -> {
                            Optional<String> failure =
                                    survey.deputiser()
                                            .giveBack(pid, fd.getAsInt(), bytes.get().strip());
                            failure.ifPresent(
                                    why ->
                                            LOG.warn(
                                                    "typed input of pid={} cannot be given back:"
                                                            + " {}",
                                                    pid,
                                                    why));
                        });
    }

    private void ready(int link, String text) {
        Optional<AwayRecord> record = table.ofDeputy(link);
        if (record.isEmpty()) {
            return;
        }
        HomePid process = record.get().process();
        if (text.contains("error ")) {
            trouble(link, text.strip());
        }
        Optional<DeputyRecord> deputy = record.get().deputy(link);
        if (deputy.isPresent() && !deputy.get().ready()) {
            change(process, link, DeputyRecord::whenReady);
            durably(() -> journal.deputyReady(process, link));
        }
    }

    private void trouble(int link, String what) {
        table.ofDeputy(link)
                .ifPresent(
                        record -> {
                            LOG.warn(
                                    "deputy in trouble: process={} pid={}: {}",
                                    record.process(),
                                    link,
                                    what);
                            durably(
                                    () ->
                                            journal.event(
                                                    Optional.of(record.process()),
                                                    "deputy-trouble",
                                                    "pid=" + link + " " + what));
                            listener.onTrouble(record.process(), link, what);
                        });
    }

    private void watchKeeper(int link, int keeper) {
        Optional<Long> start = ProcStatFile.startTicks(keeper);
        keepers.put(keeper, link);
        table.ofDeputy(link)
                .ifPresent(
                        record ->
                                change(
                                        record.process(),
                                        link,
                                        deputy -> deputy.withKeeper(OptionalInt.of(keeper))));
        if (start.isPresent() && survey.runsDeputy(keeper)) {
            watch.watch(keeper, start.get());
        } else {
            onDeath(keeper);
        }
    }

    private void onDeath(int pid) {
        Integer link = keepers.remove(pid);
        if (link != null) {
            keeperGone(link, pid);
            return;
        }
        // its death is seen at once, its words may still be on their way
        if (!lastWords.containsKey(pid) && connected.contains(pid)) {
            deadUnheard.add(pid);
            watch.after(LAST_WORDS, () -> heardOut(pid));
            return;
        }
        concludeDeath(pid);
    }

    /** Everything that a deputy has sent was heard. */
    private void heardOut(int link) {
        connected.remove(link);
        if (deadUnheard.remove(link)) {
            concludeDeath(link);
        }
    }

    private void concludeDeath(int pid) {
        Ended ended = lastWords.remove(pid);
        Optional<AwayRecord> record = table.ofDeputy(pid);
        if (record.isEmpty()) {
            return;
        }
        HomePid process = record.get().process();
        if (ended == null) {
            killed(process, pid);
        } else {
            change(process, pid, deputy -> deputy.whenEnded(ended.status(), ended.keeper()));
            durably(() -> journal.deputyEnded(process, pid, ended.status(), ended.keeper()));
            ended.keeper()
                    .ifPresent(
                            keeper -> {
                                if (!keepers.containsKey(keeper)) {
                                    watchKeeper(pid, keeper);
                                }
                            });
            if (ended.keeper().isEmpty()) {
                unspoken(process, pid);
            }
            LOG.info("deputy ended: process={} pid={} status={}", process, pid, ended.status());
            listener.onEnded(process, pid, ended.status());
        }
        checkOver(process);
    }

    private void killed(HomePid process, int pid) {
        LOG.info("deputy was killed, so is its body: process={} pid={}", process, pid);
        unspoken(process, pid);
        OptionalInt status = OptionalInt.of(SIGKILL);
        change(process, pid, deputy -> deputy.whenEnded(status, OptionalInt.empty()));
        durably(() -> journal.deputyEnded(process, pid, status, OptionalInt.empty()));
        durably(
                () ->
                        journal.event(
                                Optional.of(process),
                                "deputy-killed",
                                "pid=" + pid + " was killed at home"));
        listener.onKilled(process, pid);
    }

    /**
     * Nobody speaks for a body any more: if it still runs it is killed, and its capsule need not
     * wait for anything from here.
     */
    private void unspoken(HomePid process, int pid) {
        router.get().signalBody(process, pid, SIGKILL);
    }

    private void keeperGone(int link, int keeper) {
        table.ofDeputy(link)
                .ifPresent(
                        record -> {
                            HomePid process = record.process();
                            if (record.deputy(link)
                                    .map(deputy -> deputy.keeper().equals(OptionalInt.of(keeper)))
                                    .orElse(false)) {
                                change(
                                        process,
                                        link,
                                        deputy -> deputy.withKeeper(OptionalInt.empty()));
                                if (record.deputy(link).map(DeputyRecord::ended).orElse(false)) {
                                    unspoken(process, link);
                                    durably(
                                            () ->
                                                    journal.deputyEnded(
                                                            process,
                                                            link,
                                                            OptionalInt.empty(),
                                                            OptionalInt.empty()));
                                }
                            }
                            checkOver(process);
                        });
    }

    private void onStop(int pid) {
        table.ofDeputy(pid)
                .ifPresent(
                        record -> {
                            LOG.debug(
                                    "deputy was stopped from outside: process={} pid={}",
                                    record.process(),
                                    pid);
                            router.get().signalBody(record.process(), pid, SIGSTOP);
                        });
    }

    /**
     * What we told the body and what its deputy forwards take different ways: should our SIGSTOP
     * have come after the deputy's SIGCONT, this one puts it right.
     */
    private void onContinue(int pid) {
        table.ofDeputy(pid)
                .ifPresent(record -> router.get().signalBody(record.process(), pid, SIGCONT));
    }

    private void checkOver(HomePid process) {
        Optional<AwayRecord> record = table.find(process);
        if (record.isEmpty() || !record.get().over() || !empty.contains(process)) {
            return;
        }
        OptionalInt status =
                record.get()
                        .deputy(process.pid())
                        .map(DeputyRecord::status)
                        .orElse(OptionalInt.empty());
        empty.remove(process);
        table.remove(process);
        router.get().homeRemoved(process);
        durably(() -> journal.ended(process, status));
        LOG.info("process is over: process={} status={}", process, status);
        listener.onOver(process, status);
    }

    private void change(HomePid process, int pid, UnaryOperator<DeputyRecord> change) {
        table.update(
                process,
                record ->
                        record.deputy(pid)
                                .map(deputy -> record.withDeputy(change.apply(deputy)))
                                .orElse(record));
    }

    /** A full disk is no reason to forget: tried again until the journal takes it. */
    private void durably(Runnable write) {
        try {
            write.run();
        } catch (JournalException e) {
            if (e.getMessage() != null && e.getMessage().contains("closed")) {
                return;
            }
            LOG.warn("not journalled yet, trying again in {}: {}", JOURNAL_RETRY, e.getMessage());
            watch.after(JOURNAL_RETRY, () -> durably(write));
        }
    }

    // ---------------------------------------------------------------- news of the body

    @Override
    public void onCapsuleEvent(HomePid process, Epoch epoch, NodeId host, String text) {
        watch.post(() -> capsuleEvent(process, text));
        listener.onCapsuleEvent(process, epoch, host, text);
    }

    private void capsuleEvent(HomePid process, String text) {
        int pid = Values.number(text, "pid").orElse(-1);
        boolean root = pid == process.pid();
        switch (Values.word(text, "event").orElse("")) {
            case "stopped" -> {
                continuing.remove(pid);
                if (root) {
                    table.update(process, record -> record.withState(AwayState.STOPPED));
                }
            }
            case "continued" -> {
                if (root) {
                    table.update(process, record -> record.withState(AwayState.RUNNING));
                }
                Object token = new Object();
                continuing.put(pid, token);
                watch.after(CONTINUE_DELAY, () -> wake(process, pid, token));
            }
            case "empty" -> {
                empty.add(process);
                checkOver(process);
            }
            default -> {}
        }
    }

    /** A stopped deputy cannot read that its body runs again. */
    private void wake(HomePid process, int pid, Object token) {
        if (continuing.remove(pid, token) && watch.isStopped(pid)) {
            table.find(process)
                    .flatMap(record -> record.deputy(pid))
                    .ifPresent(deputy -> signal(deputy, SIGCONT));
        }
    }

    private static void signal(DeputyRecord deputy, int signal) {
        Optional<PidFd> opened = PidFd.open(deputy.pid());
        if (opened.isPresent()) {
            try (PidFd handle = opened.get()) {
                if (DeputySurvey.alive(deputy.pid(), deputy.startTicks())) {
                    handle.sendSignal(signal);
                }
            }
        }
    }

    @Override
    public void close() {
        watch.close();
    }
}
