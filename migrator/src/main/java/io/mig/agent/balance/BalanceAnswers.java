package io.mig.agent.balance;

import io.mig.balance.decide.Birth;
import io.mig.balance.decide.Decision;
import io.mig.balance.decide.Explanation;
import io.mig.balance.decide.NewProgram;
import io.mig.balance.decide.Placement;
import io.mig.balance.decide.Proposal;
import io.mig.balance.policy.PolicyEdit;
import io.mig.balance.policy.PolicyException;
import io.mig.balance.policy.PolicySettings;
import io.mig.balance.policy.SignedPolicy;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeView;
import io.mig.home.journal.Journal;
import io.mig.home.journal.LogEntry;
import io.mig.home.journal.LogFilter;
import io.mig.home.journal.MoveRecord;
import io.mig.home.journal.ProcessRecord;
import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.wire.proto.BalanceAnswer;
import io.mig.wire.proto.BalanceQuestion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What this node answers when it is asked about balancing, by its own users or through another
 * node. Runs on the caller's thread; what belongs to the balancer is asked of its thread.
 */
final class BalanceAnswers {
    private static final int MOST_MOVES = 50;

    private final BalanceParts parts;
    private final Balancer balancer;
    private final Journal journal;

    BalanceAnswers(BalanceParts parts, Balancer balancer, Journal journal) {
        this.parts = parts;
        this.balancer = balancer;
        this.journal = journal;
    }

    void register() {
        parts.calls()
                .serve(
                        BalanceQuestion.class,
                        (from, question) ->
                                BalanceAnswer.newBuilder()
                                        .setJson(Json.write(answer(question)))
                                        .build());
    }

    private JsonObject answer(BalanceQuestion question) throws Exception {
        JsonObject args = Json.parseObject(question.getJson().getBytes(StandardCharsets.UTF_8));
        int uid = question.getActorUid();
        return switch (question.getVerb()) {
            case "plan" -> plan();
            case "apply" -> apply(uid);
            case "events" -> events(args);
            case "board" -> board();
            case "why", "pin", "unpin" -> ofProcess(question.getVerb(), args, uid, question);
            case "drain", "undrain", "cordon", "uncordon", "owner" ->
                    doors(question.getVerb(), args);
            case "policy-get" -> policy();
            case "policy-fetch" ->
                    JsonObject.builder()
                            .put(
                                    "policy",
                                    parts.policy().signed().map(SignedPolicy::encode).orElse(""))
                            .build();
            case "policy-set" -> setPolicy(args);
            case "best" -> best(args);
            case "progress" -> progress(HomePid.parse(args.requireString("process")));
            default ->
                    throw new RefusedException(
                            ErrorCode.BAD_REQUEST,
                            question.getVerb() + ": this node's agent knows no such question");
        };
    }

    private JsonObject progress(HomePid process) throws Exception {
        Promises.Progress had = balancer.ask(() -> balancer.progress(process));
        return JsonObject.builder()
                .put("work", had.work())
                .put("wantedSeconds", had.wantedSeconds())
                .build();
    }

    /**
     * Asks a node what a process had there.
     *
     * @throws RuntimeException when it is not there, or the node does not say
     */
    static Promises.Progress askProgress(BalanceParts parts, NodeId node, HomePid process) {
        BalanceAnswer answer =
                parts.calls()
                        .ask(
                                node,
                                BalanceQuestion.newBuilder()
                                        .setVerb("progress")
                                        .setJson(
                                                Json.write(
                                                        JsonObject.builder()
                                                                .put("process", process.toString())
                                                                .build()))
                                        .build(),
                                BalanceAnswer.class);
        JsonObject had = Json.parseObject(answer.getJson().getBytes(StandardCharsets.UTF_8));
        return new Promises.Progress(
                had.number("work").orElse(0), had.number("wantedSeconds").orElse(0));
    }

    // --- recommendations ---

    private JsonObject plan() throws Exception {
        return balancer.ask(
                () -> {
                    Decision decision = balancer.plan();
                    List<JsonValue> rows = new ArrayList<>();
                    decision.proposals().forEach(p -> rows.add(row(p, "now")));
                    decision.waiting().forEach(p -> rows.add(row(p, "waits")));
                    return list("plan", rows);
                });
    }

    private JsonObject apply(int uid) throws Exception {
        if (uid != 0) {
            throw new RefusedException(
                    ErrorCode.NOT_ALLOWED, "mig apply is for root: it moves all users' programs");
        }
        return balancer.ask(
                () -> {
                    List<JsonValue> rows = new ArrayList<>();
                    balancer.apply().forEach(p -> rows.add(row(p, "begun")));
                    return list("plan", rows);
                });
    }

    private JsonObject row(Proposal p, String when) {
        return JsonObject.builder()
                .put("process", p.process().brief())
                .put("command", balancer.find(p.process()).map(Managed::command).orElse(""))
                .put("from", p.source().name())
                .put("to", p.target().name())
                .put("when", when)
                .put("automatic", p.automatic())
                .put("reason", p.reason().name())
                .put("why", p.reason().words())
                .put("speedHere", p.estimate().speedHere())
                .put("speedThere", p.estimate().speedThere())
                .put("savesSeconds", p.estimate().secondsSaved())
                .put("ofSeconds", p.estimate().secondsIfStays())
                .put("freezeMs", p.estimate().cost().freezeSeconds() * 1000)
                .put("bytes", (long) p.estimate().cost().bytes())
                .put("text", p.text())
                .build();
    }

    private static JsonObject list(String name, List<JsonValue> rows) {
        return JsonObject.builder().put(name, new JsonArray(rows)).build();
    }

    private JsonObject best(JsonObject args) throws Exception {
        NewProgram program =
                NewProgram.of(
                        parts.self(), args.string("command", "program"), args.string("user", ""));
        return balancer.ask(
                () -> {
                    Placement placement =
                            Birth.place(balancer.viewNow(), balancer.policy(), program);
                    return switch (placement) {
                        case Placement.AtHome home ->
                                JsonObject.builder()
                                        .put("node", parts.self().name())
                                        .put("why", home.because())
                                        .build();
                        case Placement.Away away ->
                                JsonObject.builder()
                                        .put("node", away.node().name())
                                        .put("why", away.because())
                                        .put("speedHome", away.speedHome())
                                        .put("speedThere", away.speedThere())
                                        .build();
                        case Placement.Nowhere nowhere -> {
                            StringBuilder why = new StringBuilder();
                            nowhere.why()
                                    .forEach(
                                            (node, not) ->
                                                    why.append(why.isEmpty() ? "" : "; ")
                                                            .append(node)
                                                            .append(": ")
                                                            .append(not.words()));
                            yield JsonObject.builder()
                                    .put("node", "")
                                    .put("why", why.toString())
                                    .build();
                        }
                    };
                });
    }

    // --- one process: home knows where it is, its host knows why ---

    private JsonObject ofProcess(String verb, JsonObject args, int uid, BalanceQuestion question)
            throws Exception {
        HomePid process = HomePid.parse(args.requireString("process"));
        boolean atHome = process.home().equals(parts.self());
        NodeId host =
                !atHome
                        ? parts.self()
                        : journal.process(process)
                                .filter(r -> !r.ended() && r.epoch().value() > 0)
                                .map(ProcessRecord::owner)
                                .orElse(parts.self());
        JsonObject answer;
        if (host.equals(parts.self())) {
            answer =
                    verb.equals("why")
                            ? why(process, uid)
                            : pin(process, uid, verb.equals("pin"), args);
        } else {
            BalanceAnswer there = parts.calls().ask(host, question, BalanceAnswer.class);
            answer = Json.parseObject(there.getJson().getBytes(StandardCharsets.UTF_8));
        }
        return atHome && verb.equals("why")
                ? JsonObject.builder().putAll(answer).put("moves", moves(process, uid)).build()
                : answer;
    }

    private JsonObject why(HomePid process, int uid) throws Exception {
        return balancer.ask(
                () -> {
                    Optional<Managed> managed = balancer.find(process);
                    managed.ifPresent(m -> require(uid, m));
                    JsonObject.Builder answer =
                            JsonObject.builder()
                                    .put("process", process.brief())
                                    .put("node", parts.self().name())
                                    .put("managed", managed.isPresent())
                                    .put("command", managed.map(Managed::command).orElse(""));
                    Optional<Explanation> explanation = balancer.explain(process);
                    List<String> lines =
                            explanation
                                    .map(Explanation::lines)
                                    .orElseGet(
                                            () ->
                                                    List.of(
                                                            process.brief()
                                                                    + " is not moved by the balancer: it was"
                                                                    + " started by neither 'mig run' nor 'mig"
                                                                    + " shell' and no scope of the policy names"
                                                                    + " it, or it waits for programs that it has"
                                                                    + " started, which are looked at"
                                                                    + " themselves"));
                    return answer.put("lines", JsonArray.ofStrings(lines)).build();
                });
    }

    private JsonArray moves(HomePid process, int uid) {
        LogFilter filter =
                new LogFilter(
                        Optional.of(process), OptionalInt.empty(), Optional.empty(), MOST_MOVES);
        List<JsonValue> rows = new ArrayList<>();
        for (LogEntry entry : journal.log(filter)) {
            if (entry instanceof LogEntry.Move(MoveRecord move)
                    && (uid == 0 || move.intent().uid() == uid)) {
                rows.add(
                        JsonObject.builder()
                                .put("time", move.begun().toString())
                                .put("from", move.intent().source().name())
                                .put("to", move.intent().target().name())
                                .put(
                                        "outcome",
                                        move.decision().name().toLowerCase(java.util.Locale.ROOT))
                                .put("reason", move.intent().reason())
                                .build());
            }
        }
        return new JsonArray(rows);
    }

    private JsonObject pin(HomePid process, int uid, boolean pin, JsonObject args)
            throws Exception {
        String wanted = args.string("node", parts.self().name());
        boolean known =
                wanted.equals(parts.self().name())
                        || parts.network().peers().stream()
                                .anyMatch(node -> node.name().equals(wanted));
        if (pin && !known) {
            throw new RefusedException(
                    ErrorCode.NOT_FOUND, wanted + ": no such node in this cluster");
        }
        return balancer.ask(
                () -> {
                    Managed m =
                            balancer.find(process)
                                    .orElseThrow(
                                            () ->
                                                    new RefusedException(
                                                            ErrorCode.NOT_FOUND,
                                                            process.brief()
                                                                    + " is not managed, so nothing"
                                                                    + " moves it but 'mig migrate'"));
                    require(uid, m);
                    balancer.pin(process, pin ? Optional.of(new NodeId(wanted)) : Optional.empty());
                    return JsonObject.builder()
                            .put("process", process.brief())
                            .put("node", parts.self().name())
                            .put("pinned", pin ? wanted : "")
                            .build();
                });
    }

    private static void require(int uid, Managed m) {
        if (uid != 0 && uid != m.uid()) {
            throw new RefusedException(
                    ErrorCode.NOT_ALLOWED,
                    m.process().brief() + " belongs to " + m.user() + "; only he and root may ask");
        }
    }

    // --- the node ---

    private JsonObject doors(String verb, JsonObject args) throws Exception {
        OptionalLong deadline =
                args.integer("seconds").isPresent()
                        ? OptionalLong.of(
                                parts.wall().millis()
                                        + 1000L
                                                * Math.clamp(
                                                        args.integer("seconds").getAsLong(),
                                                        0,
                                                        31_536_000))
                        : OptionalLong.empty();
        String message = args.string("message", "");
        balancer.ask(
                () -> {
                    switch (verb) {
                        case "drain" -> balancer.drain(true, deadline, message);
                        case "undrain" -> balancer.drain(false, OptionalLong.empty(), "");
                        case "cordon" -> balancer.cordon(true);
                        case "uncordon" -> balancer.cordon(false);
                        default -> balancer.owner(owner(args.string("state", "")));
                    }
                    return verb;
                });
        return balancer.ask(this::nodeRow);
    }

    private static Optional<Boolean> owner(String state) {
        return switch (state) {
            case "back" -> Optional.of(true);
            case "gone" -> Optional.of(false);
            case "auto" -> Optional.empty();
            default ->
                    throw new RefusedException(
                            ErrorCode.BAD_REQUEST, "owner " + state + ": say back, gone or auto");
        };
    }

    /** This node and the managed processes on it, as the balancer sees them. */
    private JsonObject board() throws Exception {
        return balancer.ask(
                () -> {
                    List<JsonValue> processes = new ArrayList<>();
                    for (Managed m : balancer.present()) {
                        processes.add(processRow(m));
                    }
                    return JsonObject.builder()
                            .put("nodes", JsonArray.of(nodeRow()))
                            .put("managed", new JsonArray(processes))
                            .build();
                });
    }

    private JsonObject processRow(Managed m) {
        Resident r = balancer.resident(m.process());
        return balancer.figures(m)
                .put(JsonObject.builder())
                .put("process", m.process().brief())
                .put("home", m.process().home().name())
                .put("pid", m.process().pid())
                .put("node", parts.self().name())
                .put("command", m.command())
                .put("user", m.user())
                .put("wants", m.demand())
                .put("rssBytes", m.residentBytes())
                .put("cpuSeconds", m.cpuSeconds() + (r == null ? 0 : r.earlierCpuSeconds()))
                .put("work", balancer.work(m))
                .put("ageSeconds", m.ageMillis() / 1000.0)
                .put("forked", m.forked())
                .put("moving", balancer.isUnderWay(m.process()))
                .put("pinned", r == null ? "" : r.pin().or(m::on).map(NodeId::name).orElse(""))
                .put("trouble", r == null ? "" : balancer.trouble(r))
                .build();
    }

    private JsonObject nodeRow() {
        NodeView view = balancer.viewNow().own();
        NodeFacts facts = view.facts();
        DoorState doors = balancer.doors();
        int leaving = 0;
        for (Managed m : balancer.present()) {
            leaving += balancer.isUnderWay(m.process()) ? 1 : 0;
        }
        return JsonObject.builder()
                .put("node", facts.node().name())
                .put("cores", facts.capacity().cores())
                .put("speed", facts.capacity().speed())
                .put("wanted", facts.use().runnable())
                .put("memTotalBytes", facts.capacity().memoryBytes())
                .put("memFreeBytes", facts.use().availableBytes())
                .put("psiMemory", facts.use().psi().memory())
                .put("guests", parts.guests().all().size())
                .put("managed", balancer.present().size())
                .put("leaving", leaving)
                .put("coming", view.announced().processes())
                .put("cordoned", doors.cordoned())
                .put("draining", doors.draining())
                .put("message", doors.message())
                .put("owner", balancer.ownerSince().isPresent())
                .put("diskFull", facts.doors().diskFull())
                .build();
    }

    private JsonObject events(JsonObject args) {
        JsonObject after = args.object("after");
        long number = after.integer(parts.self().name()).orElse(0);
        List<JsonValue> rows = new ArrayList<>();
        // numbers begin anew with each agent
        long from = number > balancer.events().last() ? 0 : number;
        balancer.events().after(from).forEach(e -> rows.add(e.json(parts.self().name())));
        return list("events", rows);
    }

    // --- the policy ---

    private JsonObject policy() throws Exception {
        return balancer.ask(
                () -> {
                    JsonObject.Builder settings = JsonObject.builder();
                    PolicySettings.all(balancer.policy()).forEach(settings::put);
                    return JsonObject.builder()
                            .put("node", parts.self().name())
                            .put("file", balancer.localPolicy().file().toString())
                            .put("signed", parts.policy().signed().isPresent())
                            .put("problems", balancer.localPolicy().problems())
                            .put("settings", settings.build())
                            .build();
                });
    }

    /**
     * Asks a node for the cluster's policy.
     *
     * @throws RuntimeException when it has none that can be read
     */
    static SignedPolicy fetchPolicy(BalanceParts parts, NodeId from) {
        BalanceAnswer answer =
                parts.calls()
                        .ask(
                                from,
                                BalanceQuestion.newBuilder()
                                        .setVerb("policy-fetch")
                                        .setJson("{}")
                                        .build(),
                                BalanceAnswer.class);
        return SignedPolicy.decode(
                Json.parseObject(answer.getJson().getBytes(StandardCharsets.UTF_8))
                        .requireString("policy"));
    }

    /** Changes one setting, or all, in the node's file or in the cluster's policy. */
    private JsonObject setPolicy(JsonObject args) throws Exception {
        Path file = balancer.localPolicy().file();
        boolean cluster = args.isTrue("cluster");
        Optional<SignedPolicy> signed = parts.policy().signed();
        if (cluster && parts.signer().isEmpty()) {
            throw new RefusedException(
                    ErrorCode.NOT_ALLOWED,
                    parts.self()
                            + " has no key to sign a policy for the whole cluster; say --node with"
                            + " the name of the one on which 'mig cluster init' was run");
        }
        if (!cluster && signed.isPresent()) {
            throw new RefusedException(
                    ErrorCode.BAD_REQUEST,
                    "version "
                            + signed.get().version()
                            + " of the cluster's policy is in force, so the file "
                            + file
                            + " does not count; use --cluster");
        }
        String before =
                cluster && signed.isPresent()
                        ? signed.get().text()
                        : Files.exists(file) ? Files.readString(file) : "";
        String after;
        try {
            after =
                    args.string("text") != null
                            ? args.string("text", "")
                            : PolicyEdit.set(
                                    before, args.requireString("key"), args.requireString("value"));
            io.mig.balance.policy.PolicyFile.parse(after);
        } catch (PolicyException | IllegalArgumentException e) {
            throw new RefusedException(ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()));
        }
        if (cluster && signed.isPresent()) {
            long version = io.mig.balance.policy.PolicyFile.parse(after).version();
            if (version <= signed.get().version()) {
                throw new RefusedException(
                        ErrorCode.BAD_REQUEST,
                        "version = "
                                + version
                                + " is not newer than the one in force, "
                                + signed.get().version()
                                + "; raise version in the file");
            }
        }
        if (!cluster) {
            write(file, after);
        }
        balancer.ask(
                () -> {
                    if (cluster) {
                        balancer.publishPolicy(after);
                    } else {
                        balancer.localPolicy().refresh();
                    }
                    return after;
                });
        return policy();
    }

    private static void write(Path file, String text) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(fresh, text);
        Files.move(
                fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
