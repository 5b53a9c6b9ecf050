package io.mig.ctl.command;

import io.mig.ctl.render.Text;
import io.mig.ctl.render.Units;
import io.mig.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What {@code mig top} shows, as lines that fit a terminal of any size from 40x8 on. A pure
 * function of the answer; keys change only sort order and selection. One thread.
 */
final class TopScreen {
    private static final int BAR = 10;
    private static final String KEYS =
            "q quit  s sort  up/down  m move  p pin  u unpin  d drain  D undrain";

    /** Orders of the list of processes. */
    enum Order {
        CPU,
        MEMORY,
        NODE,
        PROCESS
    }

    private Order order = Order.NODE;
    private String selected = "";
    private List<JsonObject> shown = List.of();

    void nextOrder() {
        order =
                switch (order) {
                    case CPU -> Order.MEMORY;
                    case MEMORY -> Order.NODE;
                    case NODE -> Order.PROCESS;
                    case PROCESS -> Order.CPU;
                };
    }

    /** Moves the selection. */
    void move(int by) {
        int at = Math.clamp(index() + (long) by, 0, Math.max(0, shown.size() - 1));
        selected = shown.isEmpty() ? "" : shown.get(at).string("process", "");
    }

    /** The selected process, as {@code node:pid}; empty when there is none. */
    String selected() {
        return selected;
    }

    /** The node of the selected process. */
    String selectedNode() {
        return shown.isEmpty() ? "" : shown.get(index()).string("node", "");
    }

    private int index() {
        for (int i = 0; i < shown.size(); i++) {
            if (shown.get(i).string("process", "").equals(selected)) {
                return i;
            }
        }
        return 0;
    }

    /**
     * The screen.
     *
     * @param message last line but one, e.g. what became of a key; empty when nothing
     */
    List<String> lines(JsonObject board, int width, int height, String message) {
        List<String> lines = new ArrayList<>();
        List<JsonObject> nodes = new ArrayList<>(board.array("nodes").objects());
        nodes.sort(Comparator.comparing(n -> n.string("node", "")));
        List<JsonObject> processes = new ArrayList<>(board.array("managed").objects());
        processes.sort(comparator());
        shown = processes;
        if (selected.isEmpty() && !processes.isEmpty()) {
            selected = processes.getFirst().string("process", "");
        }
        long away = processes.stream().filter(TopScreen::isAway).count();
        lines.add(
                String.format(
                        Locale.ROOT,
                        "mig top: %d nodes, %d processes, %d away from home, by %s",
                        nodes.size(),
                        processes.size(),
                        away,
                        order.name().toLowerCase(Locale.ROOT)));
        int forNodes = Math.min(nodes.size(), Math.max(1, (height - 5) / 2));
        for (JsonObject node : nodes.subList(0, forNodes)) {
            lines.add(node(node));
        }
        if (forNodes < nodes.size()) {
            lines.set(lines.size() - 1, "... and " + (nodes.size() - forNodes + 1) + " nodes more");
        }
        for (JsonObject silent : board.array("unreachable").objects()) {
            if (lines.size() < height - 4) {
                lines.add(
                        silent.string("node", "?")
                                + "  does not answer: "
                                + silent.string("why", ""));
            }
        }
        lines.add("  PROCESS          NODE      WANTS    RSS      CPU  USER      COMMAND");
        int room = Math.max(0, height - lines.size() - 2);
        int from = Math.clamp((long) index() - room / 2, 0, Math.max(0, processes.size() - room));
        for (JsonObject p : processes.subList(from, Math.min(processes.size(), from + room))) {
            lines.add(process(p));
        }
        while (lines.size() < height - 2) {
            lines.add("");
        }
        lines.add(message);
        lines.add(KEYS);
        return lines.stream().map(line -> Text.fit(Text.clean(line), width)).toList();
    }

    private Comparator<JsonObject> comparator() {
        Comparator<JsonObject> name = Comparator.comparing(p -> p.string("process", ""));
        return switch (order) {
            case CPU ->
                    Comparator.comparingDouble((JsonObject p) -> -p.number("cpuSeconds").orElse(0))
                            .thenComparing(name);
            case MEMORY ->
                    Comparator.comparingDouble((JsonObject p) -> -p.number("rssBytes").orElse(0))
                            .thenComparing(name);
            case NODE ->
                    Comparator.comparing((JsonObject p) -> p.string("node", ""))
                            .thenComparing(name);
            case PROCESS -> name;
        };
    }

    private static boolean isAway(JsonObject p) {
        return !p.string("home", "").equals(p.string("node", ""));
    }

    private static String node(JsonObject n) {
        double cores = n.number("cores").orElse(1);
        double wanted = n.number("wanted").orElse(0);
        double total = Math.max(1, n.number("memTotalBytes").orElse(1));
        double used = 1 - n.number("memFreeBytes").orElse(0) / total;
        List<String> words = new ArrayList<>();
        if (n.isTrue("draining")) {
            words.add("draining");
        }
        if (n.isTrue("cordoned")) {
            words.add("cordoned");
        }
        if (n.isTrue("owner")) {
            words.add("owner");
        }
        if (n.isTrue("diskFull")) {
            words.add("disk full");
        }
        return String.format(
                Locale.ROOT,
                "%-9s %s %4.1f of %.0f x %.2f  mem %3.0f%%  guests %-3d %s",
                n.string("node", "?"),
                bar(wanted / cores),
                wanted,
                cores,
                n.number("speed").orElse(1),
                used * 100,
                n.integer("guests").orElse(0),
                String.join(" ", words));
    }

    private static String bar(double share) {
        int full = (int) Math.round(Math.clamp(share, 0, 1) * BAR);
        return "[" + "|".repeat(full) + " ".repeat(BAR - full) + "]";
    }

    private String process(JsonObject p) {
        String state =
                p.isTrue("moving") ? " moving" : p.string("pinned", "").isEmpty() ? "" : " pinned";
        return String.format(
                Locale.ROOT,
                "%s %-16s %-9s %5.2f %6s %7.1fs  %-9s %s%s",
                p.string("process", "").equals(selected) ? ">" : " ",
                p.string("process", "?"),
                p.string("node", "?"),
                p.number("wants").orElse(0),
                Units.bytes(p.number("rssBytes").orElse(0)),
                p.number("cpuSeconds").orElse(0),
                p.string("user", "?"),
                p.string("command", "?"),
                state);
    }
}
