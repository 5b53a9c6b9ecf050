package io.mig.ctl.lab;

import io.mig.ctl.host.HostException;
import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** {@code mig lab ...}. Stateless. */
public final class LabMain {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final String HELP =
            """
            Usage: mig lab VERB [--name NAME]
            Nodes on this machine: own files, processes, network address and agent each.

              up [N] [--no-agents] [--state-size 64m] [--cpus 0.5] [--env K=V]
                                     make N nodes (default 3); --env goes to the agents;
                                     --cpus: processors each node's programs may use (default: all)
              exec NODE -- CMD...    run a command on a node, with a terminal when stdin is one (-t, -T force it)
              shell NODE             a login shell on a node
              kill NODE              cut its power: all its processes end at once; its files stay
              start NODE [--env K=V] start it again on its old files
              agent NODE stop|start|restart|kill [--env K=V]
                                     its agent alone; kill is a crash, after which it is started again;
                                     starting waits until the agent answers, unless --no-wait
              link NODE RATE|off     limit its link, e.g. 100mbit; off: no limit
              cut A B, heal          let packets between two nodes vanish; undo all cuts
              list [--json]          the nodes
              down                   end the lab and remove everything of it

            NAME (or MIG_LAB, default "lab") tells labs apart; they live side by side.
            """;

    private LabMain() {}

    /** Runs one command and returns the exit status: 0 done, 1 failed, 2 wrong usage. */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        try {
            if (args.length > 0 && (args[0].equals("exec") || args[0].equals("shell"))) {
                return enter(args);
            }
            LabArguments arguments = LabArguments.parse(Arrays.asList(args));
            if (arguments.verb().equals("help")) {
                out.print(HELP);
                return arguments.has("help") || args.length > 0 ? OK : USAGE;
            }
            if (!"root".equals(System.getProperty("user.name"))
                    && !arguments.verb().equals("list")) {
                throw new LabException(
                        "mig lab " + arguments.verb() + " needs root; run it with sudo");
            }
            return dispatch(arguments, out, err);
        } catch (HostException e) {
            err.println("mig lab: " + e.getMessage());
            for (Throwable further : e.getSuppressed()) {
                err.println("mig lab: besides: " + further.getMessage());
            }
            return FAILED;
        }
    }

    private static int dispatch(LabArguments arguments, PrintStream out, PrintStream err) {
        Lab lab = Lab.of(name(arguments), home());
        switch (arguments.verb()) {
            case "up" -> up(lab, arguments, out);
            case "down" -> lab.down();
            case "kill" -> lab.kill(node(arguments, 0, "kill NODE"));
            case "start" -> {
                LabNode node = node(arguments, 0, "start NODE [--env K=V] [--no-wait]");
                lab.start(node, arguments.environment());
                await(lab, node, arguments);
            }
            case "link" -> {
                String rate = arguments.word(1, "link NODE RATE|off");
                lab.link(
                        node(arguments, 0, ""),
                        rate.equals("off") ? Optional.empty() : Optional.of(rate));
            }
            case "cut" -> lab.cut(node(arguments, 0, "cut A B"), node(arguments, 1, "cut A B"));
            case "heal" -> lab.heal();
            case "agent" -> agent(lab, arguments);
            case "list" -> list(lab, arguments, out);
            default -> {
                err.println("mig lab: unknown verb " + arguments.verb());
                err.print(HELP);
                return USAGE;
            }
        }
        return OK;
    }

    private static void up(Lab lab, LabArguments arguments, PrintStream out) {
        String count = arguments.words().isEmpty() ? "3" : arguments.words().getFirst();
        if (!count.matches("[0-9]{1,4}")) {
            throw new LabException(
                    "\"" + count + "\" is no number of nodes; usage: mig lab up [N]");
        }
        String stateSize = arguments.options().getOrDefault("state-size", "64m");
        if (!stateSize.matches("[1-9][0-9]*[kmg]")) {
            throw new LabException("--state-size " + stateSize + " is no size; write e.g. 64m");
        }
        long start = System.nanoTime();
        lab.up(
                new Lab.Plan(
                        Integer.parseInt(count),
                        stateSize,
                        cpus(arguments),
                        !arguments.has("no-agents"),
                        arguments.environment()));
        out.println(count + " nodes up in " + (System.nanoTime() - start) / 1_000_000 + " ms");
    }

    private static OptionalDouble cpus(LabArguments arguments) {
        String cpus = arguments.options().get("cpus");
        if (cpus == null) {
            return OptionalDouble.empty();
        }
        if (!cpus.matches("[0-9]{1,3}(\\.[0-9]{1,3})?") || Double.parseDouble(cpus) < 0.05) {
            throw new LabException(
                    "--cpus "
                            + cpus
                            + " is no share of processors; write e.g. 0.5 (at least 0.05)");
        }
        return OptionalDouble.of(Double.parseDouble(cpus));
    }

    private static void agent(Lab lab, LabArguments arguments) {
        String usage = "agent NODE stop|start|restart|kill [--env K=V] [--no-wait]";
        LabNode node = node(arguments, 0, usage);
        switch (arguments.word(1, usage)) {
            case "stop" -> lab.stopAgent(node);
            case "start" -> {
                lab.startAgent(node, arguments.environment());
                await(lab, node, arguments);
            }
            case "restart" -> {
                lab.stopAgent(node);
                lab.startAgent(node, arguments.environment());
                await(lab, node, arguments);
            }
            case "kill" -> lab.crashAgent(node);
            default -> throw new LabException("usage: mig lab " + usage);
        }
    }

    private static void await(Lab lab, LabNode node, LabArguments arguments) {
        if (!arguments.has("no-wait")) {
            lab.awaitAgent(node);
        }
    }

    private static void list(Lab lab, LabArguments arguments, PrintStream out) {
        List<NodeStatus> nodes = lab.list();
        if (arguments.has("json")) {
            out.println(
                    Json.write(
                            new JsonArray(
                                    nodes.stream()
                                            .map(LabMain::json)
                                            .map(JsonValue.class::cast)
                                            .toList())));
            return;
        }
        if (nodes.isEmpty()) {
            out.println("no lab");
            return;
        }
        out.printf(
                "%-8s %-15s %-5s %-9s %-10s %s%n",
                "NODE", "ADDRESS", "STATE", "AGENT", "LINK", "CUT FROM");
        for (NodeStatus node : nodes) {
            out.printf(
                    "%-8s %-15s %-5s %-9s %-10s %s%n",
                    node.node(),
                    node.address(),
                    node.up() ? "up" : "down",
                    node.agent().name().toLowerCase(Locale.ROOT),
                    node.rate().orElse("-"),
                    node.cutFrom().isEmpty() ? "-" : names(node.cutFrom()));
        }
    }

    private static JsonObject json(NodeStatus node) {
        return JsonObject.builder()
                .put("node", node.node().name())
                .put("address", node.address())
                .put("state", node.up() ? "up" : "down")
                .put("initPid", node.initPid())
                .put("agent", node.agent().name().toLowerCase(Locale.ROOT))
                .put("link", node.rate().orElse(null))
                .put(
                        "cutFrom",
                        new JsonArray(
                                node.cutFrom().stream()
                                        .map(cut -> JsonValue.of(cut.name()))
                                        .toList()))
                .build();
    }

    private static String names(List<LabNode> nodes) {
        return String.join(" ", nodes.stream().map(LabNode::name).toList());
    }

    /** The script does it without a JVM; this is for those who start the JVM all the same. */
    private static int enter(String[] args) {
        List<String> command = new ArrayList<>(List.of(home().resolve("mig").toString(), "lab"));
        command.addAll(Arrays.asList(args));
        try {
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new LabException("cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    private static LabName name(LabArguments arguments) {
        String inherited = System.getenv("MIG_LAB");
        String otherwise = inherited == null || inherited.isEmpty() ? "lab" : inherited;
        return new LabName(arguments.options().getOrDefault("name", otherwise));
    }

    private static LabNode node(LabArguments arguments, int index, String usage) {
        return LabNode.parse(arguments.word(index, usage));
    }

    /** The folder with the {@code mig} script: told by it, or found upwards from here (tests). */
    public static Path home() {
        String told = System.getenv("MIG_HOME");
        if (told != null && !told.isEmpty()) {
            return Path.of(told);
        }
        for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
            if (Files.isExecutable(dir.resolve("mig")) && Files.isDirectory(dir.resolve("ctl"))) {
                return dir;
            }
        }
        throw new LabException(
                "where is mig? set MIG_HOME to the folder that holds the mig script");
    }

    /** Entry for those who have no mig command. */
    public static void main(String[] args) {
        System.exit(run(args, System.out, System.err));
    }
}
