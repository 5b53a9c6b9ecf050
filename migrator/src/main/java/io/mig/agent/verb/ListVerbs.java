package io.mig.agent.verb;

import io.mig.agent.control.ControlRequest;
import io.mig.agent.control.ControlResponse;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.checkpoint.proc.ProcSample;
import io.mig.fault.FaultKind;
import io.mig.fault.FaultPoint;
import io.mig.home.AwayRecord;
import io.mig.home.AwayTable;
import io.mig.home.journal.Journal;
import io.mig.home.journal.LogEntry;
import io.mig.home.journal.LogFilter;
import io.mig.home.journal.MoveRecord;
import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.load.LoadSampler;
import io.mig.load.ProcessLoad;
import io.mig.load.ProcessSampler;
import io.mig.migration.Calls;
import io.mig.migration.Protos;
import io.mig.migration.target.Guest;
import io.mig.migration.target.GuestRecord;
import io.mig.migration.target.Guests;
import io.mig.migration.target.HomeTrees;
import io.mig.model.HomePid;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerNetwork;
import io.mig.transport.PeerState;
import io.mig.wire.proto.GuestItem;
import io.mig.wire.proto.LogReply;
import io.mig.wire.proto.LogRequest;
import io.mig.wire.proto.NodeReply;
import io.mig.wire.proto.NodeRequest;
import io.mig.wire.proto.PsReply;
import io.mig.wire.proto.PsRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ps, nodes, inspect, log, status, fault-list: what is known here and, asked all at once with a
 * short time limit, elsewhere.
 */
final class ListVerbs {
    private static final Logger LOG = LoggerFactory.getLogger(ListVerbs.class);
    private static final Duration PATIENCE = Duration.ofMillis(1500);

    private final Calls calls;
    private final PeerNetwork network;
    private final PeerFacts facts;
    private final Journal journal;
    private final AwayTable away;
    private final Guests guests;
    private final HomeTrees trees;
    private final ProcessFinder finder;
    private final LoadSampler load;
    private final ProcFs proc;
    private final ManagedHere managed;
    private final Clock wall;
    private final ProcessSampler sampler = new ProcessSampler();
    private final CommandLines commandLines;

    ListVerbs(
            Calls calls,
            PeerNetwork network,
            PeerFacts facts,
            Journal journal,
            AwayTable away,
            Guests guests,
            HomeTrees trees,
            ProcessFinder finder,
            LoadSampler load,
            ProcFs proc,
            ManagedHere managed,
            Clock wall) {
        this.calls = calls;
        this.network = network;
        this.facts = facts;
        this.journal = journal;
        this.away = away;
        this.guests = guests;
        this.trees = trees;
        this.finder = finder;
        this.load = load;
        this.proc = proc;
        this.managed = managed;
        this.wall = wall;
        this.commandLines = new CommandLines(proc::cmdline, System::nanoTime);
    }

    void register() {
        calls.serve(PsRequest.class, (from, request) -> here());
        calls.serve(
                NodeRequest.class,
                (from, request) -> NodeReply.newBuilder().setJson(Json.write(thisNode())).build());
        calls.serve(LogRequest.class, (from, request) -> localLog(request));
    }

    /** What this node hosts, what of its own is away, and what is managed and at home. */
    private PsReply here() {
        PsReply.Builder reply = PsReply.newBuilder();
        Map<HomePid, ManagedHere.Figures> figures = managed.figures();
        for (Guest guest : guests.all()) {
            if (guest.record().state() == GuestRecord.State.RUNNING) {
                reply.addHosted(hosted(guest, figures));
            }
        }
        for (AwayRecord record : away.all()) {
            reply.addAway(
                    GuestItem.newBuilder()
                            .setProcess(Protos.process(record.process()))
                            .setEpoch(record.epoch().value())
                            .setNode(record.host().name())
                            .setState(state(record))
                            .setUid(record.uid())
                            .setCommand(record.command()));
        }
        return reply.addAllAtHome(atHome(figures)).build();
    }

    private List<GuestItem> atHome(Map<HomePid, ManagedHere.Figures> figures) {
        Map<Integer, ManagedHere.AtHome> known = new LinkedHashMap<>();
        managed.managedAtHome().forEach(m -> known.put(m.process().pid(), m));
        List<GuestItem> items = new ArrayList<>();
        commandLines.retain(known.keySet());
        sampler.sample(known.keySet())
                .forEach(
                        (pid, used) -> {
                            ManagedHere.AtHome m = known.get(pid);
                            if (m != null && m.process().startTicks() == used.startTicks()) {
                                items.add(
                                        atHome(
                                                m,
                                                used,
                                                figures.getOrDefault(
                                                        m.process(), ManagedHere.Figures.NONE)));
                            }
                        });
        return items;
    }

    private GuestItem atHome(ManagedHere.AtHome m, ProcessLoad used, ManagedHere.Figures measured) {
        String words = commandLines.of(m.process().pid(), m.process().startTicks(), m.command());
        String state = used.state() == 'T' ? "stopped" : "running";
        GuestItem.Builder item =
                GuestItem.newBuilder()
                        .setProcess(Protos.process(m.process()))
                        .setNode(calls.self().name())
                        .setState(m.moving() ? "moving" : state)
                        .setCpu(used.cpu())
                        .setResidentBytes(used.rssBytes())
                        .setTasks(1)
                        .setUid(m.uid())
                        .setCommand(words.isEmpty() ? m.command() : words);
        FigureItems.set(item, measured);
        return item.build();
    }

    private String state(AwayRecord record) {
        boolean reachable = record.host().equals(calls.self()) || network.state(record.host()).up();
        return switch (record.state()) {
            case RUNNING -> reachable ? "running" : "unreachable";
            case STOPPED -> reachable ? "stopped" : "unreachable";
            case UNREACHABLE -> reachable ? "running" : "unreachable";
            case LOST -> "lost";
        };
    }

    private GuestItem hosted(Guest guest, Map<HomePid, ManagedHere.Figures> figures) {
        List<Integer> pids = guest.capsule().guests().pids();
        double cpu = 0;
        long rss = 0;
        boolean stopped = false;
        for (ProcessLoad process : sampler.sample(pids).values()) {
            cpu += process.cpu();
            rss += process.rssBytes();
            stopped |= process.state() == 'T';
        }
        GuestItem.Builder item =
                GuestItem.newBuilder()
                        .setProcess(Protos.process(guest.process()))
                        .setEpoch(guest.epoch().value())
                        .setNode(calls.self().name())
                        .setState(stopped ? "stopped" : "running")
                        .setCpu(cpu)
                        .setResidentBytes(rss)
                        .setTasks(pids.size())
                        .setUid(guest.record().uid())
                        .setCommand(guest.record().command());
        trees.use(guest).ifPresent(use -> item.setFiles(FileUses.item(use)));
        FigureItems.set(item, figures.getOrDefault(guest.process(), ManagedHere.Figures.NONE));
        return item.build();
    }

    void ps(ControlRequest request, ControlResponse out) {
        Map<NodeId, String> silent = new TreeMap<>();
        Map<NodeId, PsReply> replies =
                everywhere(
                        node ->
                                calls.ask(
                                        node,
                                        PsRequest.getDefaultInstance(),
                                        PsReply.class,
                                        PATIENCE),
                        silent);
        Map<HomePid, GuestItem> hosts = new LinkedHashMap<>();
        replies.forEach(
                (node, reply) ->
                        reply.getHostedList()
                                .forEach(g -> hosts.put(Protos.process(g.getProcess()), g)));
        Map<String, JsonObject> rows = new TreeMap<>();
        for (PsReply reply : replies.values()) {
            for (GuestItem home : reply.getAwayList()) {
                HomePid process = Protos.process(home.getProcess());
                GuestItem host = hosts.remove(process);
                rows.put(key(process), row(process, home, host, request));
            }
        }
        for (PsReply reply : replies.values()) {
            for (GuestItem item : reply.getAtHomeList()) {
                HomePid process = Protos.process(item.getProcess());
                // one that is being moved this moment may be told of by both sides
                rows.putIfAbsent(key(process), row(process, item, item, request));
            }
        }
        // guests whose home does not answer
        hosts.forEach((process, host) -> rows.put(key(process), row(process, host, host, request)));
        List<JsonObject> unreachable = new ArrayList<>();
        silent.forEach(
                (node, why) ->
                        unreachable.add(
                                JsonObject.builder()
                                        .put("node", node.name())
                                        .put("why", why)
                                        .build()));
        out.ok(
                JsonObject.builder()
                        .put("processes", MoveVerbs.array(new ArrayList<>(rows.values())))
                        .put("unreachable", MoveVerbs.array(unreachable))
                        .build());
    }

    private static String key(HomePid process) {
        return process.home() + ":" + "%010d".formatted(process.pid());
    }

    private static JsonObject row(
            HomePid process,
            GuestItem home,
            @org.jspecify.annotations.Nullable GuestItem host,
            ControlRequest request) {
        boolean details = request.caller().mayAct(home.getUid());
        JsonObject.Builder row =
                JsonObject.builder()
                        .put("process", process.brief())
                        .put("home", process.home().name())
                        .put("pid", process.pid())
                        .put("node", home.getNode())
                        .put("state", host == null ? home.getState() : host.getState());
        if (host != null && !host.getFiles().getWaits().isEmpty()) {
            row.put("why", host.getFiles().getWaits());
        }
        if (host != null) {
            row.put("cpu", host.getCpu())
                    .put("rssBytes", host.getResidentBytes())
                    .put("tasks", host.getTasks());
        } else {
            row.put("cpu", 0.0).put("rssBytes", 0);
        }
        if (host != null && request.args().isTrue("measured")) {
            FigureItems.of(host).put(row);
        }
        return row.put("user", Users.name(home.getUid()))
                .put("epoch", home.getEpoch())
                .put("command", details ? home.getCommand() : home.getCommand().split(" ", 2)[0])
                .build();
    }

    /** Asks this node and all others at once; who does not answer is named with the reason. */
    private <T> Map<NodeId, T> everywhere(
            java.util.function.Function<NodeId, T> question, Map<NodeId, String> silent) {
        Map<NodeId, Future<T>> futures = new LinkedHashMap<>();
        Map<NodeId, T> answers = new LinkedHashMap<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            TreeSet<NodeId> nodes = new TreeSet<>(network.peers());
            nodes.add(calls.self());
            for (NodeId node : nodes) {
                Callable<T> task = () -> question.apply(node);
                futures.put(node, executor.submit(task));
            }
        }
        futures.forEach(
                (node, future) -> {
                    try {
                        answers.put(node, future.get());
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } catch (ExecutionException e) {
                        silent.put(
                                node,
                                e.getCause() instanceof MigException known
                                        ? String.valueOf(known.getMessage())
                                        : String.valueOf(e.getCause()));
                    }
                });
        return answers;
    }

    private JsonObject thisNode() {
        JsonObject.Builder row =
                known(facts)
                        .put("state", "up")
                        .put("clockMillis", wall.millis())
                        .put("guests", guests.all().size())
                        .put("away", away.all().size());
        load.latest()
                .ifPresent(
                        l -> {
                            row.put("cpuBusy", l.cpuBusy())
                                    .put("memAvailableBytes", l.memAvailableBytes())
                                    .put("netBytesPerSecond", Math.rint(l.netBytesPerSecond()));
                            if (l.load1() >= 0) { // a container has none
                                row.put("load1", l.load1());
                            }
                        });
        return row.build();
    }

    private static JsonObject.Builder known(PeerFacts facts) {
        return JsonObject.builder()
                .put("node", facts.node().name())
                .put("cpus", facts.cpus())
                .put("memTotalBytes", facts.memTotalBytes())
                .put("criu", facts.criuVersion())
                .put("kernel", facts.kernel())
                .put("agentVersion", facts.migVersion())
                .put("bootId", facts.bootId());
    }

    void nodes(ControlRequest request, ControlResponse out) {
        Map<NodeId, String> silent = new TreeMap<>();
        Map<NodeId, JsonObject> rows = new TreeMap<>(everywhere(this::nodeRow, silent));
        silent.forEach((node, why) -> rows.put(node, down(node, why)));
        Map<NodeId, String> doubts = managed.doubts();
        List<JsonObject> all = new ArrayList<>();
        rows.forEach(
                (node, row) ->
                        all.add(
                                JsonObject.builder()
                                        .putAll(row)
                                        .put("doubt", doubts.getOrDefault(node, ""))
                                        .put("since", network.state(node).since().toString())
                                        .build()));
        out.ok(JsonObject.builder().put("nodes", MoveVerbs.array(all)).build());
    }

    /** What a node says of itself, and how far its clock is from ours. */
    private JsonObject nodeRow(NodeId node) {
        long asked = wall.millis();
        NodeReply reply =
                calls.ask(node, NodeRequest.getDefaultInstance(), NodeReply.class, PATIENCE);
        long answered = wall.millis();
        JsonObject row = Json.parseObject(reply.getJson().getBytes(StandardCharsets.UTF_8));
        OptionalLong theirs = row.integer("clockMillis");
        if (theirs.isEmpty()) { // an agent of an earlier release
            return row;
        }
        return JsonObject.builder()
                .putAll(row)
                .put("clockAheadMillis", ClockGap.millis(asked, answered, theirs.getAsLong()))
                .build();
    }

    private JsonObject down(NodeId node, String why) {
        PeerState state = network.state(node);
        JsonObject.Builder row =
                state.facts()
                        .map(ListVerbs::known)
                        .orElseGet(() -> JsonObject.builder().put("node", node.name()));
        return row.put("state", "down").put("why", state.up() ? why : state.why()).build();
    }

    void inspect(ControlRequest request, ControlResponse out) {
        HomePid process =
                finder.find(request.args().requireString("process"), request.caller().uid());
        JsonObject.Builder answer =
                JsonObject.builder()
                        .put("process", process.brief())
                        .put("home", process.home().name())
                        .put("pid", process.pid())
                        .put("startTicks", process.startTicks());
        Optional<AwayRecord> record = away.find(process);
        if (record.isPresent()) {
            AwayRecord r = record.get();
            Users.require(request.caller(), r.uid(), process);
            answer.put("node", r.host().name())
                    .put("state", state(r))
                    .put("epoch", r.epoch().value())
                    .put("user", Users.name(r.uid()))
                    .put("since", r.since().toString())
                    .put("command", r.command());
            List<JsonObject> deputies = new ArrayList<>();
            r.deputies()
                    .forEach(
                            d ->
                                    deputies.add(
                                            JsonObject.builder()
                                                    .put("pid", d.pid())
                                                    .put("ended", d.ended())
                                                    .put("config", d.config())
                                                    .build()));
            answer.put("deputies", MoveVerbs.array(deputies));
            Optional<GuestItem> host = asked(r.host(), process);
            host.filter(GuestItem::hasFiles)
                    .ifPresent(g -> answer.put("files", FileUses.json(g.getFiles())));
            host.ifPresent(g -> answer.put("measured", FigureItems.of(g).json()));
        } else {
            local(process, request, answer);
        }
        out.ok(answer.build());
    }

    /** Asks the node where a process is; nothing when it does not answer. */
    private Optional<GuestItem> asked(NodeId host, HomePid process) {
        try {
            return calls
                    .ask(host, PsRequest.getDefaultInstance(), PsReply.class, PATIENCE)
                    .getHostedList()
                    .stream()
                    .filter(g -> Protos.process(g.getProcess()).equals(process))
                    .findFirst();
        } catch (MigException e) {
            LOG.debug("nothing measured is known: host={} {}", host, e.getMessage());
            return Optional.empty();
        }
    }

    private void local(HomePid process, ControlRequest request, JsonObject.Builder answer) {
        Optional.ofNullable(managed.figures().get(process))
                .ifPresent(figures -> answer.put("measured", figures.json()));
        Optional<Guest> guest = guests.running(process);
        if (guest.isPresent()) {
            Users.require(request.caller(), guest.get().record().uid(), process);
            answer.put("node", calls.self().name())
                    .put("state", "running")
                    .put("epoch", guest.get().epoch().value())
                    .put("capsule", guest.get().capsule().id().toString())
                    .put("hostPids", guest.get().capsule().guests().pids().toString())
                    .put("command", guest.get().record().command());
            trees.use(guest.get())
                    .ifPresent(use -> answer.put("files", FileUses.json(FileUses.item(use))));
            return;
        }
        Optional<ProcSample> sample = proc.sample(process.pid());
        sample.ifPresent(
                s -> {
                    Users.require(request.caller(), s.uid(), process);
                    answer.put("node", calls.self().name())
                            .put("state", "at home, never moved")
                            .put("epoch", 0)
                            .put("user", Users.name(s.uid()))
                            .put("rssBytes", s.rssBytes())
                            .put("command", String.join(" ", proc.cmdline(process.pid())));
                });
    }

    void log(ControlRequest request, ControlResponse out) {
        LogRequest.Builder question =
                LogRequest.newBuilder()
                        .setActorUid(request.caller().uid())
                        .setLimit(
                                Math.clamp(request.args().integer("limit").orElse(50), 1, 10_000));
        String wanted = request.args().string("process", "");
        if (!wanted.isEmpty()) {
            question.setPattern(wanted);
        }
        Map<NodeId, String> silent = new TreeMap<>();
        Map<NodeId, LogReply> replies =
                everywhere(
                        node -> calls.ask(node, question.build(), LogReply.class, PATIENCE),
                        silent);
        List<JsonObject> rows = new ArrayList<>();
        for (LogReply reply : replies.values()) {
            reply.getJsonList()
                    .forEach(
                            j ->
                                    rows.add(
                                            Json.parseObject(
                                                    j.getBytes(
                                                            java.nio.charset.StandardCharsets
                                                                    .UTF_8))));
        }
        rows.sort(Comparator.comparing((JsonObject r) -> r.string("time", "")));
        int from = Math.max(0, rows.size() - question.getLimit());
        out.ok(
                JsonObject.builder()
                        .put("moves", MoveVerbs.array(rows.subList(from, rows.size())))
                        .build());
    }

    private LogReply localLog(LogRequest request) {
        LogReply.Builder reply = LogReply.newBuilder();
        OptionalInt pid = OptionalInt.empty();
        String pattern = request.getPattern();
        String digits = pattern.substring(pattern.indexOf(':') + 1);
        if (digits.matches("[0-9]{1,9}")) {
            pid = OptionalInt.of(Integer.parseInt(digits));
        }
        LogFilter filter =
                new LogFilter(
                        Optional.empty(),
                        pid,
                        Optional.empty(),
                        Math.clamp(request.getLimit(), 1, 10_000));
        for (LogEntry entry : journal.log(filter)) {
            if (entry instanceof LogEntry.Move(MoveRecord move)
                    && (request.getActorUid() == 0 || move.intent().uid() == request.getActorUid())
                    && matches(move, pattern, pid.isPresent())) {
                reply.addJson(Json.write(json(move)));
            }
        }
        return reply.build();
    }

    private boolean matches(MoveRecord move, String pattern, boolean byPid) {
        if (pattern.isEmpty()) {
            return true;
        }
        int colon = pattern.indexOf(':');
        if (byPid) {
            return colon < 0
                    || move.intent().process().home().name().equals(pattern.substring(0, colon));
        }
        return move.intent().command().contains(pattern);
    }

    private static JsonObject json(MoveRecord move) {
        JsonObject.Builder row =
                JsonObject.builder()
                        .put("time", move.begun().toString())
                        .put("process", move.intent().process().brief())
                        .put("command", move.intent().command())
                        .put("from", move.intent().source().name())
                        .put("to", move.intent().target().name())
                        .put("epoch", move.intent().epoch().value())
                        .put("outcome", outcome(move))
                        .put(
                                "reason",
                                move.note().isEmpty() ? move.intent().reason() : move.note());
        move.report()
                .ifPresent(
                        r -> {
                            JsonObject.Builder phases = JsonObject.builder();
                            r.phases().forEach(p -> phases.put(p.name(), p.took().toNanos() / 1e6));
                            row.put("mode", r.mode())
                                    .put("freezeMs", r.freeze().toNanos() / 1e6)
                                    .put("totalMs", r.total().toNanos() / 1e6)
                                    .put("bytes", r.bytes())
                                    .put("phases", phases.build());
                        });
        return row.build();
    }

    private static String outcome(MoveRecord move) {
        return switch (move.decision()) {
            case COMMITTED -> "moved";
            case ABORTED -> "aborted";
            case INTENT -> "moving";
            case UNKNOWN -> "unknown";
        };
    }

    void status(ControlRequest request, ControlResponse out) throws IOException {
        out.ok(
                JsonObject.builder()
                        .putAll(thisNode())
                        .put("pid", ProcessHandle.current().pid())
                        .put("rssBytes", ownRss())
                        .build());
    }

    private static long ownRss() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        return 0;
    }

    void faultList(ControlRequest request, ControlResponse out) {
        List<JsonObject> points = new ArrayList<>();
        JsonArray kinds =
                JsonArray.ofStrings(
                        Arrays.stream(FaultKind.values()).map(FaultKind::label).toList());
        for (FaultPoint point : FaultPoint.values()) {
            points.add(
                    JsonObject.builder()
                            .put("point", point.label())
                            .put("side", point.role().name().toLowerCase(java.util.Locale.ROOT))
                            .put("kinds", kinds)
                            .put("where", point.where())
                            .build());
        }
        out.ok(JsonObject.builder().put("points", MoveVerbs.array(points)).build());
    }
}
