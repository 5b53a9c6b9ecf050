package io.mig.agent.balance;

import io.mig.agent.control.ControlRequest;
import io.mig.agent.control.ControlResponse;
import io.mig.agent.control.ControlVerb;
import io.mig.agent.verb.ProcessFinder;
import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.wire.proto.BalanceAnswer;
import io.mig.wire.proto.BalanceQuestion;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The balancer's verbs as a user meets them: each question goes to the nodes that can answer it,
 * this one or others ({@link BalanceAnswers}). Stateless.
 */
final class BalanceVerbs {
    private static final Duration PATIENCE = Duration.ofMillis(1500);
    private static final Duration LONGER = Duration.ofSeconds(10);

    private final BalanceParts parts;
    private final ProcessFinder finder;

    BalanceVerbs(BalanceParts parts, ProcessFinder finder) {
        this.parts = parts;
        this.finder = finder;
    }

    Map<String, ControlVerb> verbs() {
        Map<String, ControlVerb> verbs = new HashMap<>();
        for (String verb : List.of("plan", "apply", "events", "board")) {
            verbs.put(verb, (request, out) -> out.ok(everywhere(verb, request)));
        }
        for (String verb : List.of("why", "pin", "unpin")) {
            verbs.put(verb, (request, out) -> out.ok(ofProcess(verb, request)));
        }
        for (String verb : List.of("drain", "undrain", "cordon", "uncordon", "owner")) {
            verbs.put(verb, (request, out) -> administer(verb, request, out));
        }
        verbs.put("policy-set", (request, out) -> administer("policy-set", request, out));
        verbs.put("policy-get", (request, out) -> out.ok(onNode("policy-get", request)));
        verbs.put("best", (request, out) -> out.ok(onNode("best", request)));
        return verbs;
    }

    private JsonObject onNode(String verb, ControlRequest request) {
        String name = request.args().string("node", parts.self().name());
        return ask(node(name), verb, request.args(), request.caller().uid(), LONGER);
    }

    private void administer(String verb, ControlRequest request, ControlResponse out) {
        if (!request.caller().isRoot()) {
            throw new RefusedException(
                    ErrorCode.NOT_ALLOWED,
                    "mig "
                            + verb.replace('-', ' ')
                            + " is for root: it concerns all users' programs");
        }
        out.ok(onNode(verb, request));
    }

    private JsonObject ofProcess(String verb, ControlRequest request) {
        HomePid process =
                finder.find(request.args().requireString("process"), request.caller().uid());
        JsonObject args =
                JsonObject.builder()
                        .putAll(request.args())
                        .put("process", process.toString())
                        .build();
        return ask(process.home(), verb, args, request.caller().uid(), LONGER);
    }

    private NodeId node(String name) {
        TreeSet<NodeId> known = new TreeSet<>(parts.network().peers());
        known.add(parts.self());
        return known.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new RefusedException(
                                        ErrorCode.NOT_FOUND,
                                        name + ": no such node in this cluster; known: " + known));
    }

    private JsonObject ask(NodeId node, String verb, JsonObject args, int uid, Duration patience) {
        BalanceAnswer answer =
                parts.calls()
                        .ask(
                                node,
                                BalanceQuestion.newBuilder()
                                        .setVerb(verb)
                                        .setJson(Json.write(args))
                                        .setActorUid(uid)
                                        .build(),
                                BalanceAnswer.class,
                                patience);
        return Json.parseObject(answer.getJson().getBytes(StandardCharsets.UTF_8));
    }

    /** All nodes at once; rows are put together, who does not answer is named. */
    private JsonObject everywhere(String verb, ControlRequest request) {
        Map<NodeId, Future<JsonObject>> asked = new TreeMap<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            TreeSet<NodeId> nodes = new TreeSet<>(parts.network().peers());
            nodes.add(parts.self());
            for (NodeId node : nodes) {
                Callable<JsonObject> question =
                        () -> ask(node, verb, request.args(), request.caller().uid(), PATIENCE);
                asked.put(node, threads.submit(question));
            }
        }
        Map<String, List<JsonValue>> lists = new TreeMap<>();
        List<JsonValue> silent = new ArrayList<>();
        asked.forEach(
                (node, future) -> {
                    try {
                        future.get()
                                .fields()
                                .forEach(
                                        (name, value) -> {
                                            if (value instanceof JsonArray rows) {
                                                lists.computeIfAbsent(name, _ -> new ArrayList<>())
                                                        .addAll(rows.elements());
                                            }
                                        });
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } catch (ExecutionException e) {
                        String why =
                                e.getCause() instanceof MigException known
                                        ? String.valueOf(known.getMessage())
                                        : String.valueOf(e.getCause());
                        silent.add(
                                JsonObject.builder()
                                        .put("node", node.name())
                                        .put("why", why)
                                        .build());
                    }
                });
        JsonObject.Builder all = JsonObject.builder();
        lists.forEach((name, rows) -> all.put(name, new JsonArray(rows)));
        return all.put("unreachable", new JsonArray(silent)).build();
    }
}
