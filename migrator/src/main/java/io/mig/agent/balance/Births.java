package io.mig.agent.balance;

import io.mig.agent.control.ControlRequest;
import io.mig.agent.control.ControlResponse;
import io.mig.balance.decide.NewProgram;
import io.mig.balance.view.Features;
import io.mig.checkpoint.proc.ProcSample;
import io.mig.checkpoint.proc.ProcStat;
import io.mig.home.journal.Journal;
import io.mig.home.journal.JournalException;
import io.mig.home.journal.MoveReport;
import io.mig.json.JsonObject;
import io.mig.migration.source.BirthReader;
import io.mig.migration.source.MoveOrder;
import io.mig.migration.source.MoveResult;
import io.mig.model.Epoch;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts programs where there is room: a process that waits to become one ({@code mig-born}) asks,
 * and either hears that it shall begin here, or becomes the deputy of the program, which begins
 * elsewhere. Every failure before the commit ends with "begin here". Stateless, any thread.
 */
final class Births {
    private static final Logger LOG = LoggerFactory.getLogger(Births.class);

    private final BalanceParts parts;
    private final Balancer balancer;
    private final Journal journal;
    private final Accounts accounts = new Accounts(Path.of("/etc/passwd"), Path.of("/etc/group"));

    Births(BalanceParts parts, Balancer balancer, Journal journal) {
        this.parts = parts;
        this.balancer = balancer;
        this.journal = journal;
    }

    /** What became of a question. */
    sealed interface Outcome {
        /**
         * @param first the node it shall be moved to as soon as it runs; empty: none
         */
        record Here(String why, Optional<NodeId> first) implements Outcome {}

        record There(NodeId node) implements Outcome {}

        record Nowhere(String why) implements Outcome {}
    }

    /** The verb {@code birth}: its caller is the process that waits. */
    void birth(ControlRequest request, ControlResponse out) throws Exception {
        int pid = request.caller().pid();
        ProcStat stat = parts.proc().stat(pid).orElseThrow(() -> notWaiting(pid));
        int uid = parts.proc().sample(pid).map(ProcSample::uid).orElse(-1);
        if (!BirthReader.isWaiting(pid) || !request.caller().mayAct(uid)) {
            throw notWaiting(pid);
        }
        HomePid process = new HomePid(parts.self(), pid, stat.startTicks());
        Path exe = exe(pid);
        NewProgram program =
                new NewProgram(
                        parts.self(),
                        String.valueOf(exe.getFileName()),
                        user(uid),
                        1,
                        0,
                        new Features(ElfArch.of(exe), Set.of(), ""),
                        on(request.args().string("on", "")));
        boolean best = request.args().isTrue("best");
        CompletableFuture<Outcome> asked =
                balancer.ask(
                        () ->
                                balancer.birth(
                                        program,
                                        process,
                                        best,
                                        exe,
                                        Homebound.why(exe),
                                        order -> start(order, pid, uid)));
        out.ok(json(await(asked)));
    }

    private static Outcome await(CompletableFuture<Outcome> asked) throws InterruptedException {
        try {
            return asked.get();
        } catch (ExecutionException e) {
            return new Outcome.Here(String.valueOf(e.getCause()), Optional.empty());
        }
    }

    private static JsonObject json(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Here(var why, var first) ->
                    JsonObject.builder()
                            .put("start", "home")
                            .put("first", first.map(NodeId::name).orElse(""))
                            .put("why", why)
                            .build();
            case Outcome.There(var node) ->
                    JsonObject.builder().put("start", "away").put("node", node.name()).build();
            case Outcome.Nowhere(var why) ->
                    JsonObject.builder().put("start", "nowhere").put("text", why).build();
        };
    }

    private static RefusedException notWaiting(int pid) {
        return new RefusedException(
                ErrorCode.BAD_REQUEST,
                "pid=" + pid + " does not wait for the start of its program; mig run makes such");
    }

    private String user(int uid) {
        synchronized (accounts) {
            accounts.refresh();
            return accounts.name(uid);
        }
    }

    private Optional<NodeId> on(String name) {
        TreeSet<NodeId> known = new TreeSet<>(parts.network().peers());
        known.add(parts.self());
        return known.stream().filter(node -> node.name().equals(name)).findFirst();
    }

    /** The program's file, as the waiting process names it. */
    private static Path exe(int pid) {
        Path proc = Path.of("/proc", Integer.toString(pid));
        try {
            String environment =
                    new String(Files.readAllBytes(proc.resolve("environ")), StandardCharsets.UTF_8);
            for (String setting : environment.split("\0")) {
                if (setting.startsWith(BirthReader.EXE)) {
                    Path exe = Path.of(setting.substring(BirthReader.EXE.length()));
                    return Files.readSymbolicLink(proc.resolve("cwd")).resolve(exe);
                }
            }
        } catch (IOException | InvalidPathException e) {
            LOG.debug("cannot read what pid={} waits for", pid, e);
        }
        throw notWaiting(pid);
    }

    /** Blocks until the program runs there, or will begin here. */
    private Departures.End start(Departures.Order order, int pid, int uid) {
        MoveResult result =
                parts.desk()
                        .move(
                                new MoveOrder(
                                        MoveId.random(),
                                        order.process(),
                                        new Epoch(0),
                                        order.to(),
                                        uid,
                                        pid,
                                        order.reason(),
                                        true),
                                phase -> {});
        record(result);
        return new Departures.End.Moved(
                order, result.freeze().toNanos() / 1e6, result.total().toNanos() / 1e6);
    }

    private void record(MoveResult result) {
        try {
            journal.finish(
                    result.order().move(),
                    new MoveReport(
                            result.mode(),
                            result.phases().stream()
                                    .map(p -> new MoveReport.Phase(p.name(), p.took()))
                                    .toList(),
                            result.bytes(),
                            result.freeze(),
                            result.total(),
                            "moved"));
        } catch (JournalException e) {
            LOG.warn("figures of a birth are not recorded: {}", e.getMessage());
        }
    }
}
