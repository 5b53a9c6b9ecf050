package io.mig.home;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.mig.checkpoint.CgroupRoot;
import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.Leaf;
import io.mig.home.journal.DeputyRecord;
import io.mig.home.journal.Journal;
import io.mig.home.journal.MoveIntent;
import io.mig.home.journal.ProcessRecord;
import io.mig.home.relay.HullServer;
import io.mig.home.relay.RelayPeers;
import io.mig.home.relay.RelayRouter;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import io.mig.transport.local.LocalServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The home side of one node in a directory: real hull socket, real journal, real deputies made of
 * real frozen processes; the capsule is played by the test. {@link #crash()} and {@link #boot()}
 * are an agent's end and next life.
 */
final class HomeRig implements AutoCloseable {
    private static final String CGROUP = "mig-home-test-" + ProcessHandle.current().pid();
    static final NodeId SELF = new NodeId("node1");

    final Path directory;
    final Path socket;
    final NativeTools tools;
    final DeputySurvey survey;
    final BlockingQueue<String> news = new LinkedBlockingQueue<>();
    AwayTable table = new AwayTable();
    Journal journal;
    Deputies deputies;
    RelayRouter router;
    private LocalServer server;
    private final CgroupRoot cgroups;
    private final List<Leaf> leaves = new ArrayList<>();

    HomeRig(Path directory) {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root to freeze processes and to make deputies of them: not tested here");
        assumeTrue(
                NativeTools.class.getResource("/native/linux-x86_64/mig-deputise") != null,
                "needs the native programs of this module, which this build does not have: not tested here");
        try {
            cgroups = CgroupRoot.discover();
        } catch (CheckpointException e) {
            assumeTrue(false, "needs cgroup v2: " + e.getMessage());
            throw e;
        }
        this.directory = directory;
        this.socket = directory.resolve("hull.sock");
        this.tools = NativeTools.install(directory.resolve("bin"), socket);
        this.survey = new DeputySurvey(tools);
        this.journal = newJournal();
        this.router = newRouter();
        this.deputies = newDeputies();
        this.server = newServer();
        start();
    }

    private Journal newJournal() {
        return new Journal(directory.resolve("journal.db"), Clock.systemUTC());
    }

    private RelayRouter newRouter() {
        RelayPeers nobody =
                new RelayPeers() {
                    @Override
                    public NodeId self() {
                        return SELF;
                    }

                    @Override
                    public void send(NodeId to, PeerMessage message) {}

                    @Override
                    public boolean writable(NodeId to) {
                        return false;
                    }
                };
        return new RelayRouter(
                nobody,
                (process, epoch, host, text) ->
                        deputies.onCapsuleEvent(process, epoch, host, text));
    }

    private Deputies newDeputies() {
        return new Deputies(
                journal,
                table,
                survey,
                () -> router,
                new DeputyListener() {
                    @Override
                    public void onKilled(HomePid process, int pid) {
                        news.add("killed " + pid);
                    }

                    @Override
                    public void onEnded(HomePid process, int pid, OptionalInt status) {
                        news.add("ended " + pid + " " + status.orElse(-1));
                    }

                    @Override
                    public void onOver(HomePid process, OptionalInt status) {
                        news.add("over " + process.pid() + " " + status.orElse(-1));
                    }

                    @Override
                    public void onTrouble(HomePid process, int pid, String what) {
                        news.add("trouble " + pid + " " + what);
                    }
                });
    }

    private LocalServer newServer() {
        HullServer hull = new HullServer(List.of(deputies, router));
        return new LocalServer(socket, 0666, hull::accept);
    }

    private void start() {
        journal.open();
        router.start();
        deputies.start();
        journal.away().forEach(deputies::update);
        try {
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The agent ends; deputies, originals and capsules stay. */
    void crash() {
        server.close();
        deputies.close();
        router.close();
        journal.close();
    }

    /** Its next life. */
    void boot() {
        table = new AwayTable();
        journal = newJournal();
        router = newRouter();
        deputies = newDeputies();
        server = newServer();
        start();
    }

    static HomePid processOf(int pid) {
        return new HomePid(SELF, pid, ProcStatFile.startTicks(pid).orElseThrow());
    }

    Leaf freeze(int pid) {
        Leaf leaf = new Freezer(cgroups, CGROUP).create("t" + pid + "-" + leaves.size());
        leaves.add(leaf);
        leaf.add(pid);
        leaf.freeze(Duration.ofSeconds(5));
        return leaf;
    }

    /** Journals that the process has gone into a capsule of this very node. */
    ProcessRecord commit(HomePid process, DeputyConfig config) {
        MoveIntent intent =
                new MoveIntent(
                        MoveId.random(),
                        process,
                        SELF,
                        new NodeId("node2"),
                        new Epoch(1),
                        0,
                        "test",
                        "test");
        journal.begin(intent);
        journal.commit(
                intent.move(),
                List.of(
                        DeputyRecord.planned(
                                process.pid(),
                                process.startTicks(),
                                config.text(),
                                config.keep())));
        MoveIntent back =
                new MoveIntent(
                        MoveId.random(),
                        process,
                        new NodeId("node2"),
                        SELF,
                        new Epoch(2),
                        0,
                        "test",
                        "test");
        journal.begin(back);
        journal.commit(back.move());
        ProcessRecord record = journal.process(process).orElseThrow();
        deputies.update(record);
        return record;
    }

    List<DeputyOutcome> deputise(HomePid process, List<Integer> keep) {
        Path origin =
                cgroups.directory(cgroups.pathOf((int) ProcessHandle.current().pid()).orElseThrow())
                        .orElseThrow();
        return new Deputiser(tools)
                .deputise(
                        List.of(
                                new DeputyPlan(
                                        process.pid(), origin.resolve("cgroup.procs"), keep)),
                        Optional.empty());
    }

    /** Freezes, commits and deputises; the body is whatever the test makes of the capsule. */
    FakeCapsule sendAway(int pid, DeputyConfig config) throws IOException {
        HomePid process = processOf(pid);
        freeze(pid);
        commit(process, config);
        FakeCapsule capsule = new FakeCapsule(socket, pid);
        host(process, capsule);
        capsule.connect();
        List<DeputyOutcome> outcomes = deputise(process, config.keep());
        if (!outcomes.equals(List.of(new DeputyOutcome.Done(pid)))) {
            throw new AssertionError("not deputised: " + outcomes);
        }
        return capsule;
    }

    void host(HomePid process, FakeCapsule capsule) {
        router.hosted(process, new Epoch(2), capsule.id, Set.of(process.pid()));
    }

    char state(int pid) {
        try {
            byte[] text = Files.readAllBytes(Path.of("/proc/" + pid + "/stat"));
            return ProcStatFile.parse(text, text.length).map(ProcStatFile.Line::state).orElse('?');
        } catch (IOException e) {
            return '-';
        }
    }

    @Override
    public void close() {
        crash();
        for (Leaf leaf : leaves) {
            leaf.kill();
            leaf.remove(Duration.ofSeconds(5));
        }
        try {
            Files.deleteIfExists(cgroups.mountPoint().resolve(CGROUP));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
