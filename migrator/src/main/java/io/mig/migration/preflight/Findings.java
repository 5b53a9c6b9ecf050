package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FdRef;
import io.mig.checkpoint.proc.Holder;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.TreeFacts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Collects what the rules find in one tree, and knows how things are called. Used by one thread.
 */
final class Findings {
    private record Same(
            ObstacleCode code, String what, String why, String remedy, boolean passing) {}

    private static final int MOST_NAMES = 3;

    private final SourceFacts facts;
    private final TreeFacts tree;
    private final PreflightPolicy policy;
    private final List<Obstacle> obstacles = new ArrayList<>();
    private final List<String> hints = new ArrayList<>();

    Findings(SourceFacts facts, TreeFacts tree, PreflightPolicy policy) {
        this.facts = facts;
        this.tree = tree;
        this.policy = policy;
    }

    SourceFacts facts() {
        return facts;
    }

    TreeFacts tree() {
        return tree;
    }

    PreflightPolicy policy() {
        return policy;
    }

    void add(ObstacleCode code, String subject, String what, String why, String remedy) {
        addObstacle(code, subject, what, why, remedy, false);
    }

    /** One that is likely to go away by itself within moments. */
    void addPassing(ObstacleCode code, String subject, String what, String why, String remedy) {
        addObstacle(code, subject, what, why, remedy, true);
    }

    void addObstacle(
            ObstacleCode code,
            String subject,
            String what,
            String why,
            String remedy,
            boolean transientObstacle) {
        obstacles.add(new Obstacle(code, subject, what, why, remedy, transientObstacle));
    }

    void hint(String text) {
        if (!hints.contains(text)) {
            hints.add(text);
        }
    }

    List<String> hints() {
        return hints;
    }

    /** Obstacles in the order found; the same one at several places is one line. */
    List<Obstacle> obstacles() {
        Map<Same, List<Obstacle>> groups = new LinkedHashMap<>();
        for (Obstacle o : obstacles) {
            groups.computeIfAbsent(
                            new Same(
                                    o.code(), o.what(), o.why(), o.remedy(), o.transientObstacle()),
                            k -> new ArrayList<>())
                    .add(o);
        }
        return groups.values().stream().map(Findings::merged).toList();
    }

    private static Obstacle merged(List<Obstacle> same) {
        Obstacle first = same.getFirst();
        List<String> subjects = same.stream().map(Obstacle::subject).distinct().toList();
        if (subjects.size() == 1) {
            return first;
        }
        String subject =
                subjects.stream().limit(MOST_NAMES).collect(Collectors.joining(", "))
                        + (subjects.size() > MOST_NAMES
                                ? " and " + (subjects.size() - MOST_NAMES) + " more"
                                : "");
        return new Obstacle(
                first.code(),
                subject,
                first.what(),
                first.why(),
                first.remedy(),
                first.transientObstacle());
    }

    /**
     * The pid that the user knows: for a guest the one at home, which is the one in its capsule.
     */
    int userPid(ProcessFacts p) {
        return facts.capsule().isPresent() ? p.innerPid() : p.pid();
    }

    String owner(ProcessFacts p) {
        return "pid " + userPid(p) + " (" + p.comm() + ")";
    }

    String owner(FdRef ref) {
        return "fd "
                + ref.fd()
                + " of "
                + tree.process(ref.pid()).map(this::owner).orElse("pid " + ref.pid());
    }

    /** Subject for an open file: its first holder, and how many more there are. */
    String owner(OpenFile file) {
        int more = file.members().size() - 1;
        return owner(file.first()) + (more == 0 ? "" : " and " + more + " more");
    }

    /** {@code pid 12 (bash)}, with the name if known. */
    String outsider(int pid) {
        String name = facts.names().get(pid);
        return "pid " + pid + (name == null ? "" : " (" + name + ")");
    }

    static String names(List<Holder> holders) {
        List<String> names = holders.stream().map(Holder::describe).distinct().toList();
        return names.stream().limit(MOST_NAMES).collect(Collectors.joining(", "))
                + (names.size() > MOST_NAMES
                        ? " and " + (names.size() - MOST_NAMES) + " more"
                        : "");
    }
}
