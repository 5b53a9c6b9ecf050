package io.mig.agent.verb;

import io.mig.agent.control.ControlRequest;
import io.mig.agent.control.ControlResponse;
import io.mig.home.journal.Journal;
import io.mig.home.journal.JournalException;
import io.mig.home.journal.ProcessRecord;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.migration.Calls;
import io.mig.migration.Phases.Phase;
import io.mig.migration.Protos;
import io.mig.migration.preflight.Obstacle;
import io.mig.migration.source.MoveDesk;
import io.mig.migration.source.MoveOrder;
import io.mig.migration.source.MoveResult;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import io.mig.transport.PeerNetwork;
import io.mig.wire.proto.MoveProgress;
import io.mig.wire.proto.MoveReply;
import io.mig.wire.proto.MoveReport;
import io.mig.wire.proto.MoveRequest;
import io.mig.wire.proto.ObstacleItem;
import io.mig.wire.proto.PhaseItem;
import io.mig.wire.proto.TargetObstacles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * migrate, home and can. A request goes from where it was typed to the home of the process, and
 * from there to the node where the body is, which is the source of the move.
 */
final class MoveVerbs {
    private static final Logger LOG = LoggerFactory.getLogger(MoveVerbs.class);
    private static final Duration MOVE = Duration.ofMinutes(30);
    private static final Duration QUESTION = Duration.ofSeconds(30);

    private final Calls calls;
    private final PeerNetwork network;
    private final Journal journal;
    private final MoveDesk desk;
    private final ProcessFinder finder;
    private final Map<String, Consumer<MoveProgress>> watchers = new ConcurrentHashMap<>();

    MoveVerbs(
            Calls calls,
            PeerNetwork network,
            Journal journal,
            MoveDesk desk,
            ProcessFinder finder) {
        this.calls = calls;
        this.network = network;
        this.journal = journal;
        this.desk = desk;
        this.finder = finder;
    }

    void register() {
        calls.serve(MoveRequest.class, this::serve);
        calls.listen(
                MoveProgress.class,
                (from, progress) ->
                        Optional.ofNullable(watchers.get(progress.getMoveId()))
                                .ifPresent(w -> w.accept(progress)));
    }

    void migrate(ControlRequest request, ControlResponse out) {
        NodeId to = node(request.args().requireString("node"));
        move(request, out, to, "asked for by uid " + request.caller().uid());
    }

    void home(ControlRequest request, ControlResponse out) {
        HomePid process =
                finder.find(request.args().requireString("process"), request.caller().uid());
        move(request, out, process.home(), "called home by uid " + request.caller().uid());
    }

    /** A node of this cluster; anything else is refused by name. */
    private NodeId node(String name) {
        TreeSet<NodeId> known = new TreeSet<>(network.peers());
        known.add(calls.self());
        for (NodeId node : known) {
            if (node.name().equals(name)) {
                return node;
            }
        }
        throw new io.mig.model.RefusedException(
                io.mig.model.ErrorCode.NOT_FOUND,
                name + ": no such node in this cluster; known: " + known);
    }

    private void move(ControlRequest request, ControlResponse out, NodeId to, String reason) {
        HomePid process =
                finder.find(request.args().requireString("process"), request.caller().uid());
        String ticket = MoveId.random().toString();
        watchers.put(
                ticket,
                p ->
                        out.progress(
                                JsonObject.builder()
                                        .put("phase", p.getPhase())
                                        .put("bytes", p.getBytes())
                                        .build()));
        try {
            MoveReply reply =
                    calls.ask(
                            process.home(),
                            MoveRequest.newBuilder()
                                    .setProcess(Protos.process(process))
                                    .setTo(to.name())
                                    .setActorUid(request.caller().uid())
                                    .setReason(reason)
                                    .setMoveId(ticket)
                                    .setOrigin(calls.self().name())
                                    .setActorPid(request.caller().pid())
                                    .build(),
                            MoveReply.class,
                            MOVE);
            out.ok(json(process, reply));
        } finally {
            watchers.remove(ticket);
        }
    }

    private static JsonObject json(HomePid process, MoveReply reply) {
        MoveReport report = reply.getReport();
        JsonObject.Builder phases = JsonObject.builder();
        report.getPhasesList().forEach(p -> phases.put(p.getName(), p.getMicros() / 1000.0));
        return JsonObject.builder()
                .put("process", process.brief())
                .put("from", reply.getFrom())
                .put("to", reply.getTo())
                .put("mode", report.getMode())
                .put("freezeMs", report.getFreezeMicros() / 1000.0)
                .put("totalMs", report.getTotalMicros() / 1000.0)
                .put("bytes", report.getBytes())
                .put("phases", phases.build())
                .put("outcome", report.getOutcome())
                .put("reason", report.getReason())
                .put("epoch", reply.getEpoch())
                .build();
    }

    private MoveReply serve(NodeId from, MoveRequest request) {
        HomePid process = Protos.process(request.getProcess());
        if (process.home().equals(calls.self())) {
            return atHome(process, request);
        }
        return request.getCheckOnly() ? check(process, request) : atSource(process, request);
    }

    /** Home knows where the body is. */
    private MoveReply atHome(HomePid process, MoveRequest request) {
        Optional<ProcessRecord> record =
                journal.process(process).filter(r -> !r.ended() && r.epoch().value() > 0);
        NodeId owner = record.map(ProcessRecord::owner).orElse(calls.self());
        MoveRequest forwarded =
                request.toBuilder().setEpoch(record.map(r -> r.epoch().value()).orElse(0L)).build();
        if (request.getCheckOnly()) {
            return owner.equals(calls.self())
                    ? check(process, forwarded)
                    : calls.ask(owner, forwarded, MoveReply.class, QUESTION);
        }
        MoveReply reply =
                owner.equals(calls.self())
                        ? atSource(process, forwarded)
                        : calls.ask(owner, forwarded, MoveReply.class, MOVE);
        record(MoveId.parse(reply.getReport().getMoveId()), reply.getReport());
        return reply;
    }

    private void record(MoveId move, MoveReport report) {
        try {
            journal.finish(
                    move,
                    new io.mig.home.journal.MoveReport(
                            report.getMode(),
                            report.getPhasesList().stream()
                                    .map(
                                            p ->
                                                    new io.mig.home.journal.MoveReport.Phase(
                                                            p.getName(),
                                                            Duration.ofNanos(p.getMicros() * 1000)))
                                    .toList(),
                            report.getBytes(),
                            Duration.ofNanos(report.getFreezeMicros() * 1000),
                            Duration.ofNanos(report.getTotalMicros() * 1000),
                            report.getOutcome()));
        } catch (JournalException e) {
            LOG.warn("figures of a move are not recorded: move={} {}", move, e.getMessage());
        }
    }

    private MoveReply atSource(HomePid process, MoveRequest request) {
        MoveResult result =
                desk.move(
                        order(process, request),
                        phase ->
                                calls.tell(
                                        new NodeId(request.getOrigin()),
                                        MoveProgress.newBuilder()
                                                .setMoveId(request.getMoveId())
                                                .setPhase(phase)
                                                .build()));
        MoveReport.Builder report =
                MoveReport.newBuilder()
                        .setMoveId(result.order().move().toString())
                        .setFreezeMicros(result.freeze().toNanos() / 1000)
                        .setTotalMicros(result.total().toNanos() / 1000)
                        .setBytes(result.bytes())
                        .setOutcome("moved")
                        .setReason(result.order().reason())
                        .setMode(result.mode());
        for (Phase phase : result.phases()) {
            report.addPhases(
                    PhaseItem.newBuilder()
                            .setName(phase.name())
                            .setMicros(phase.took().toNanos() / 1000));
        }
        return MoveReply.newBuilder()
                .setReport(report)
                .setFrom(calls.self().name())
                .setTo(result.order().to().name())
                .setEpoch(result.order().epoch().next().value())
                .build();
    }

    private static MoveOrder order(HomePid process, MoveRequest request) {
        return new MoveOrder(
                MoveId.parse(request.getMoveId()),
                process,
                new Epoch(request.getEpoch()),
                new NodeId(request.getTo()),
                request.getActorUid(),
                request.getActorPid(),
                request.getReason(),
                false);
    }

    private MoveReply check(HomePid process, MoveRequest request) {
        MoveReply.Builder reply = MoveReply.newBuilder().setFrom(calls.self().name());
        List<NodeId> targets =
                request.getTargetsList().stream()
                        .map(NodeId::new)
                        .filter(t -> !t.equals(calls.self()))
                        .toList();
        for (MoveDesk.TargetObstacles found : desk.obstacles(order(process, request), targets)) {
            TargetObstacles.Builder target =
                    TargetObstacles.newBuilder()
                            .setNode(found.target().map(NodeId::name).orElse(""));
            found.obstacles().forEach(o -> target.addObstacles(item(o)));
            reply.addObstacles(target);
        }
        return reply.build();
    }

    private static ObstacleItem item(Obstacle o) {
        return ObstacleItem.newBuilder()
                .setCode(o.code().name())
                .setOwner(o.subject())
                .setWhat(o.what())
                .setWhy(o.why())
                .setRemedy(o.remedy())
                .setMayPass(o.transientObstacle())
                .build();
    }

    void can(ControlRequest request, ControlResponse out) {
        HomePid process =
                finder.find(request.args().requireString("process"), request.caller().uid());
        String node = request.args().string("node", "");
        List<NodeId> targets = new ArrayList<>();
        if (node.isEmpty()) {
            targets.addAll(new TreeSet<>(network.peers()));
            targets.add(calls.self());
        } else {
            targets.add(node(node));
        }
        MoveRequest.Builder question =
                MoveRequest.newBuilder()
                        .setProcess(Protos.process(process))
                        .setTo(targets.getFirst().name())
                        .setActorUid(request.caller().uid())
                        .setActorPid(request.caller().pid())
                        .setMoveId(MoveId.random().toString())
                        .setOrigin(calls.self().name())
                        .setCheckOnly(true);
        targets.forEach(t -> question.addTargets(t.name()));
        MoveReply reply = calls.ask(process.home(), question.build(), MoveReply.class, QUESTION);
        out.ok(canJson(process, node, reply));
    }

    private static JsonObject canJson(HomePid process, String node, MoveReply reply) {
        List<JsonObject> obstacles = new ArrayList<>();
        List<JsonObject> nodes = new ArrayList<>();
        boolean anywhere = false;
        boolean never = false;
        for (TargetObstacles target : reply.getObstaclesList()) {
            for (ObstacleItem o : target.getObstaclesList()) {
                obstacles.add(json(o, target.getNode()));
            }
            boolean free = target.getObstaclesCount() == 0;
            if (target.getNode().isEmpty()) {
                never = !free;
            } else {
                anywhere |= free;
                nodes.add(
                        JsonObject.builder()
                                .put("node", target.getNode())
                                .put("ok", free && !never)
                                .put("why", free ? "" : target.getObstacles(0).getWhat())
                                .build());
            }
        }
        return JsonObject.builder()
                .put("process", process.brief())
                .put("from", reply.getFrom())
                .put("movable", !never && anywhere)
                .put("obstacles", array(obstacles))
                .put("nodes", array(nodes))
                .put("node", node)
                .build();
    }

    private static JsonObject json(ObstacleItem o, String node) {
        return JsonObject.builder()
                .put("code", o.getCode())
                .put("owner", o.getOwner())
                .put("what", o.getWhat())
                .put("why", o.getWhy())
                .put("remedy", o.getRemedy())
                .put("transient", o.getMayPass())
                .put("node", node)
                .build();
    }

    static JsonArray array(List<JsonObject> objects) {
        return objects.stream().map(o -> (io.mig.json.JsonValue) o).collect(JsonArray.collector());
    }
}
