package io.mig.agent;

import io.mig.agent.balance.BalanceParts;
import io.mig.agent.balance.Balancing;
import io.mig.agent.balance.PolicySigner;
import io.mig.agent.control.ControlServer;
import io.mig.agent.verb.ProcessFinder;
import io.mig.agent.verb.VerbTable;
import io.mig.balance.policy.Policy;
import io.mig.balance.policy.PolicyInForce;
import io.mig.balance.policy.SignedPolicy;
import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.CriuVersion;
import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.Leaf;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.CriuLauncher;
import io.mig.checkpoint.criu.CriuServer;
import io.mig.checkpoint.criu.Rehearsal;
import io.mig.checkpoint.proc.LinuxKernelObjects;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.fault.FaultPlan;
import io.mig.fault.Faults;
import io.mig.fault.Pretence;
import io.mig.files.client.ContentCache;
import io.mig.home.AwayTable;
import io.mig.home.Deputies;
import io.mig.home.Deputiser;
import io.mig.home.DeputyListener;
import io.mig.home.DeputySurvey;
import io.mig.home.NativeTools;
import io.mig.home.journal.Journal;
import io.mig.home.journal.OpenReport;
import io.mig.home.relay.CapsuleEndpoint;
import io.mig.home.relay.Endpoint;
import io.mig.home.relay.HullListener;
import io.mig.home.relay.HullServer;
import io.mig.home.relay.RelayPeers;
import io.mig.home.relay.RelayRouter;
import io.mig.load.CpuLimit;
import io.mig.load.LoadSampler;
import io.mig.load.oshi.OshiProbe;
import io.mig.migration.Calls;
import io.mig.migration.Courtesy;
import io.mig.migration.Directories;
import io.mig.migration.ProgramsCgroup;
import io.mig.migration.Routes;
import io.mig.migration.home.HomeDesk;
import io.mig.migration.home.VouchedGuests;
import io.mig.migration.home.Voucher;
import io.mig.migration.preflight.AgentFacts;
import io.mig.migration.preflight.ContentHash;
import io.mig.migration.preflight.FileCheck;
import io.mig.migration.preflight.PreflightPolicy;
import io.mig.migration.preflight.SourceFactsReader;
import io.mig.migration.source.MoveDesk;
import io.mig.migration.source.SourceConfig;
import io.mig.migration.source.SourceContext;
import io.mig.migration.target.CapsuleFactory;
import io.mig.migration.target.CapsuleRoot;
import io.mig.migration.target.CheckDesk;
import io.mig.migration.target.Guests;
import io.mig.migration.target.HomeTrees;
import io.mig.migration.target.InventoryBeat;
import io.mig.migration.target.StateRoom;
import io.mig.migration.target.TargetConfig;
import io.mig.migration.target.TargetDesk;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.pki.ClusterAuthority;
import io.mig.pki.JoinServer;
import io.mig.pki.NodeIdentity;
import io.mig.transport.PeerFacts;
import io.mig.transport.local.LocalServer;
import io.mig.transport.netty.NettyPeerNetwork;
import io.mig.transport.netty.NetworkConfig;
import io.mig.transport.netty.TlsIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node agent, composed. {@link #start()} takes up what an earlier agent left before anybody can
 * talk to it; {@link #close()} leaves deputies, capsules and guests alone: they live on without an
 * agent.
 */
public final class Agent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);
    private static final Duration SAMPLING = Duration.ofSeconds(1);
    private static final Duration CRIU_START = Duration.ofSeconds(10);
    private static final Duration INVENTORY = Duration.ofSeconds(3);
    private static final Duration FAULT_LENGTH = Duration.ofSeconds(6);
    private static final Duration CAPSULE_PATIENCE = Duration.ofSeconds(10);
    private static final Duration LEAF_REMOVAL = Duration.ofSeconds(2);
    private static final int ATTEMPTS = 6;
    private static final long GHOST_LIMIT = 64L << 20;

    private final AgentConfig config;
    private final Deque<AutoCloseable> running = new ArrayDeque<>();

    public Agent(AgentConfig config) {
        this.config = config;
    }

    /**
     * Starts everything.
     *
     * @throws Exception when it cannot; the message says what is missing
     */
    public void start() throws Exception {
        Path run = config.runDir();
        Path moves = run.resolve("moves");
        opened(AgentLock.take(run));
        Directories.fresh(moves);
        StateDirectory.prepare(config.stateDir());
        String bootId = NodeFacts.bootId(run);
        Pretence pretence = pretence();
        Clock wall = Clock.offset(Clock.systemUTC(), pretence.clockOffset());
        Path hullSocket = run.resolve("hull.sock");
        NativeTools tools =
                NativeTools.install(
                        config.stateDir().resolve("bin"),
                        hullSocket,
                        List.of(
                                "mig-capsule",
                                "mig-spawn",
                                "mig-keeper",
                                "mig-prefetch",
                                "mig-writeback"));
        ProcFs proc = ProcFs.system();
        Freezer freezer = new Freezer(Freezer.discover(), "mig");
        ProgramsCgroup programs = new ProgramsCgroup(config.programsCgroup());
        CriuServer criuServer = opened(new CriuServer(run.resolve("criu.sock")));
        criuServer.start();
        CriuLauncher launcher =
                new CriuLauncher(
                        criuServer, List.of(tools.tool("mig-spawn").toString()), config.criu());
        Optional<CriuVersion> criu = criuVersion(launcher);
        PeerFacts facts =
                NodeFacts.of(
                        config.node(),
                        proc.machine(),
                        criu,
                        config.hiddenCpuFlags(),
                        pretence,
                        bootId);
        Faults faults = faults();
        NettyPeerNetwork network =
                opened(
                        new NettyPeerNetwork(
                                facts,
                                NetworkConfig.of(
                                        config.listenHost(), config.listenPort(), config.peers()),
                                TlsIdentity.in(config.pkiDir(), config.cluster())));
        Calls calls = new Calls(network, config.callTimeout());
        Journal journal = opened(new Journal(config.stateDir().resolve("journal.db"), wall));
        OpenReport report = journal.open();
        report.movedAside()
                .ifPresent(
                        file ->
                                LOG.error(
                                        "journal was broken and moved aside: file={} {}",
                                        file,
                                        report.trouble()));

        AwayTable away = new AwayTable();
        DeputySurvey survey = new DeputySurvey(tools);
        AtomicReference<RelayRouter> router = new AtomicReference<>();
        AtomicReference<HomeDesk> desk = new AtomicReference<>();
        Deputies deputies =
                opened(
                        new Deputies(
                                journal, away, survey, later(router), new Endings(journal, desk)));
        AtomicReference<FileDesk> shared = new AtomicReference<>();
        FilesFirst peers = new FilesFirst(RelayPeers.of(network), new LaterFiles(shared));
        RelayRouter relay = opened(new RelayRouter(peers, deputies));
        router.set(relay);
        HomeWorks works = new HomeWorks(journal, deputies, new Deputiser(tools), survey, freezer);
        HomeDesk home = new HomeDesk(journal, calls, works, faults);
        desk.set(home);
        VouchedGuests vouched = new VouchedGuests(journal, config.node(), Path.of("/proc"));
        new Voucher(calls, Path.of("/proc"), vouched::refresh).register();

        Guests guests = new Guests(run.resolve("guests"));
        HomeTrees trees =
                new HomeTrees(
                        new HomeTrees.Config(
                                run.resolve("trees"),
                                tools.tool("mig-keeper"),
                                tools.tool("mig-prefetch"),
                                tools.tool("mig-writeback"),
                                contentCache(),
                                config.shared(),
                                config.homePatience()),
                        network,
                        guests,
                        freezer);
        FileDesk files =
                opened(
                        new FileDesk(
                                config.stateDir().resolve("files.key"),
                                config.homeFiles(),
                                vouched,
                                trees,
                                network));
        shared.set(files);
        TargetConfig targetConfig =
                new TargetConfig(
                        moves,
                        run.resolve("guests"),
                        config.criu(),
                        config.shared(),
                        config.maxGuests(),
                        config.memoryReserveBytes(),
                        config.guestsOfRoot(),
                        config.criuTimeout(),
                        config.homeFiles() && CapsuleRoot.ready(config.criu()));
        CapsuleFactory capsules =
                new CapsuleFactory(
                        tools.tool("mig-capsule"),
                        hullSocket,
                        run,
                        config.criu(),
                        freezer,
                        CAPSULE_PATIENCE);
        Courtesy courtesy = new Courtesy(run.resolve("courtesy"), guests);
        TargetDesk target =
                new TargetDesk(
                        targetConfig,
                        calls,
                        new RouterRoutes(relay),
                        faults,
                        guests,
                        capsules,
                        criuServer,
                        trees,
                        programs);
        StateRoom room = new StateRoom(config.stateDir());
        CheckDesk checks =
                new CheckDesk(
                        targetConfig,
                        calls,
                        facts,
                        proc,
                        new FileCheck(Path.of("/"), new ContentHash()),
                        guests,
                        room);
        SourceFactsReader reader =
                new SourceFactsReader(
                        proc,
                        new LinuxKernelObjects(),
                        () -> deputyPids(away),
                        facts.criuVersion(),
                        facts.arch());
        Supplier<AgentFacts> agentFacts =
                () ->
                        reader.agent(
                                config.node().name(),
                                List.of(
                                        tools.directory().toString(),
                                        String.valueOf(config.criu().getParent())),
                                Set.of());
        PreflightPolicy policy =
                new PreflightPolicy(
                        0,
                        0,
                        true,
                        config.shared().stream().map(Path::toString).toList(),
                        GHOST_LIMIT,
                        true,
                        true,
                        true);
        MoveDesk moveDesk =
                new MoveDesk(
                        new SourceContext(
                                new SourceConfig(
                                        moves,
                                        run.resolve("notes"),
                                        config.criu(),
                                        config.criuTimeout(),
                                        ATTEMPTS,
                                        config.homeFiles()),
                                calls,
                                network,
                                home,
                                works,
                                target,
                                faults,
                                freezer,
                                programs,
                                courtesy,
                                criuServer,
                                launcher,
                                reader,
                                agentFacts,
                                policy),
                        guests);
        home.register();
        target.register();
        checks.register();

        Optional<CpuLimit> limit = CpuLimit.find(config.programsCgroup());
        LoadSampler load = opened(LoadSampler.ofThisNode(new OshiProbe(), limit, wall));
        load.start(SAMPLING);
        ProcessFinder finder = new ProcessFinder(config.node(), calls, proc, away, guests);
        Balancing balancing =
                opened(
                        new Balancing(
                                new BalanceParts(
                                        config.node(),
                                        calls,
                                        network,
                                        proc,
                                        Path.of("/proc"),
                                        away,
                                        guests,
                                        trees,
                                        relay::carried,
                                        load,
                                        limit,
                                        new PolicyInForce(
                                                config.cluster(),
                                                List.of(
                                                        NodeIdentity.load(config.pkiDir())
                                                                .authority()
                                                                .getPublicKey()),
                                                Policy.USUAL),
                                        policySigner(),
                                        moveDesk,
                                        courtesy,
                                        facts.arch(),
                                        moves,
                                        config.stateDir().resolve("balance"),
                                        run.resolve("room"),
                                        room,
                                        wall,
                                        pretence,
                                        config.policyFile(),
                                        config.maxGuests(),
                                        config.memoryReserveBytes()),
                                journal,
                                finder));
        VerbTable verbs =
                new VerbTable(
                        calls, network, facts, journal, away, guests, trees, moveDesk, finder, load,
                        proc, balancing, faults, wall);
        verbs.register();

        deputies.start();
        relay.start();
        target.recover();
        courtesy.recover();
        home.recover();
        HullServer hull = new HullServer(List.of(deputies, relay, new CapsuleGate(target)));
        LocalServer hullServer = opened(new LocalServer(hullSocket, 0666, hull::accept));
        hullServer.start();
        files.serve();
        network.start(new PeerGate(calls, relay, target, files, peers, bootId));
        files.takeUp();
        target.announceToSelf(bootId);
        opened(new InventoryBeat(target, calls, bootId)).start(INVENTORY);
        moveDesk.recover();
        removeEmptyLeaves(freezer);
        startJoinServer();
        rehearse(launcher, freezer, moves);
        balancing.start();
        ControlServer control =
                opened(
                        new ControlServer(
                                run.resolve("control.sock"), balancing.with(verbs.verbs())));
        control.start();
        opened(home::close);
        opened(target::close);
        LOG.info(
                "agent is ready: node={} cluster={} criu={} boot={}",
                config.node(),
                config.cluster(),
                criu.map(CriuVersion::toString).orElse("none"),
                bootId);
    }

    /** What a crash left between making a cgroup and using it. */
    private static void removeEmptyLeaves(Freezer freezer) {
        for (Leaf leaf : freezer.leftovers()) {
            if (!leaf.isPopulated() && leaf.name().startsWith("move-")) {
                leaf.remove(LEAF_REMOVAL);
            }
        }
    }

    /** The first dump of an agent is slow; one of a dummy takes that upon itself. */
    private static void rehearse(CriuLauncher launcher, Freezer freezer, Path scratch) {
        Thread.ofPlatform()
                .daemon()
                .name("rehearsal")
                .start(
                        () -> {
                            try {
                                LOG.debug(
                                        "rehearsed a dump: {}",
                                        new Rehearsal(launcher, freezer, scratch).run());
                            } catch (CheckpointException e) {
                                LOG.error("dumps do not work on this node: {}", e.getMessage());
                            }
                        });
    }

    private static Supplier<RelayRouter> later(AtomicReference<RelayRouter> router) {
        return () -> java.util.Objects.requireNonNull(router.get());
    }

    private static Map<Integer, String> deputyPids(AwayTable away) {
        Map<Integer, String> pids = new HashMap<>();
        away.all()
                .forEach(
                        record ->
                                record.links().forEach(pid -> pids.put(pid, record.host().name())));
        return pids;
    }

    private static Optional<CriuVersion> criuVersion(CriuLauncher launcher) {
        try (CriuConnection criu = launcher.start(CRIU_START)) {
            return Optional.of(criu.version());
        } catch (CheckpointException e) {
            LOG.error("no usable CRIU: nothing can move from or to here: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<ContentCache> contentCache() throws IOException {
        return config.filesCacheBytes() <= 0
                ? Optional.empty()
                : Optional.of(
                        ContentCache.in(
                                config.stateDir().resolve("files-cache"),
                                config.filesCacheBytes()));
    }

    private static Pretence pretence() {
        Pretence pretence = Pretence.parse(System.getenv().getOrDefault("MIG_PRETEND", ""));
        if (!pretence.equals(Pretence.NONE)) {
            LOG.warn("this agent pretends, for a test: {}", pretence);
        }
        return pretence;
    }

    private Faults faults() {
        String plan = System.getenv().getOrDefault("MIG_FAULTS", "");
        return new Faults(
                FaultPlan.parse(plan),
                config.runDir().resolve("faults"),
                List.of(config.runDir(), config.stateDir()),
                FAULT_LENGTH);
    }

    /** The same node makes policies for all. */
    private Optional<PolicySigner> policySigner() {
        return ClusterAuthority.open(config.pkiDir(), Clock.systemUTC())
                .map(
                        authority ->
                                text ->
                                        SignedPolicy.sign(
                                                config.cluster(),
                                                text,
                                                authority.signingKey(),
                                                authority.certificate().getPublicKey()));
    }

    /** The node that holds the authority's key lets others join. */
    private void startJoinServer() throws IOException {
        Optional<ClusterAuthority> authority =
                ClusterAuthority.open(config.pkiDir(), Clock.systemUTC());
        if (authority.isPresent()) {
            JoinServer server =
                    opened(
                            new JoinServer(
                                    authority.get(),
                                    NodeIdentity.load(config.pkiDir()),
                                    new InetSocketAddress(config.listenHost(), config.joinPort())));
            server.start();
        }
    }

    private <T extends AutoCloseable> T opened(T part) {
        synchronized (running) {
            running.push(part);
        }
        return part;
    }

    /** Stops talking; whatever runs elsewhere or here as deputy or guest goes on. */
    @Override
    public void close() {
        while (true) {
            AutoCloseable part;
            synchronized (running) {
                if (running.isEmpty()) {
                    return;
                }
                part = running.pop();
            }
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("cannot close {}", part.getClass().getSimpleName(), e);
            }
        }
    }

    /** Processes that end at home leave nothing elsewhere. */
    private record Endings(Journal journal, AtomicReference<HomeDesk> desk)
            implements DeputyListener {
        @Override
        public void onOver(HomePid process, OptionalInt status) {
            Thread.ofVirtual()
                    .name("over-" + process.brief())
                    .start(
                            () ->
                                    journal.process(process)
                                            .ifPresent(
                                                    record ->
                                                            Optional.ofNullable(desk.get())
                                                                    .ifPresent(
                                                                            d -> d.ended(record))));
        }
    }

    /** Tells the target side about its capsules. */
    private record CapsuleGate(TargetDesk target) implements HullListener {
        @Override
        public void onCapsule(CapsuleEndpoint capsule) {
            target.capsuleConnected(capsule);
        }

        @Override
        public void onGone(Endpoint endpoint) {
            if (endpoint instanceof CapsuleEndpoint capsule) {
                target.capsuleGone(capsule);
            }
        }
    }

    private record RouterRoutes(RelayRouter router) implements Routes {
        @Override
        public void bodyIsHere(HomePid process, Epoch epoch, UUID capsule, Set<Integer> links) {
            router.hosted(process, epoch, capsule, links);
        }

        @Override
        public void bodyLeft(HomePid process, Epoch epoch) {
            router.hostedRemoved(process, epoch);
        }
    }
}
