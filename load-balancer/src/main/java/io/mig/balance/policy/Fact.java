package io.mig.balance.policy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/** The facts that expressions may name. Closed: nothing else of the program can be reached. */
@SuppressWarnings("ImmutableEnumChecker") // the functions hold nothing
enum Fact {
    NODE_NAME("node.name", text(s -> s.node().node().name())),
    NODE_AGE("node.age", number(s -> s.node().ageMillis() / 1000.0)),
    NODE_CORES("node.cores", number(s -> s.node().facts().capacity().cores())),
    NODE_SPEED("node.speed", number(s -> s.node().facts().capacity().speed())),
    NODE_LOAD(
            "node.load",
            number(s -> s.node().facts().use().runnable() / s.node().facts().capacity().cores())),
    NODE_GUESTS("node.guests", number(s -> s.node().facts().use().guests())),
    NODE_MEMORY_TOTAL("node.memory.total", number(s -> s.node().facts().capacity().memoryBytes())),
    NODE_MEMORY_FREE("node.memory.free", number(s -> s.node().facts().use().availableBytes())),
    NODE_PSI_CPU("node.psi.cpu", number(s -> s.node().facts().use().psi().cpu())),
    NODE_PSI_MEMORY("node.psi.memory", number(s -> s.node().facts().use().psi().memory())),
    NODE_PSI_IO("node.psi.io", number(s -> s.node().facts().use().psi().io())),
    NODE_OWNER("node.owner", truth(s -> s.node().facts().doors().ownerPresent())),
    NODE_CORDONED("node.cordoned", truth(s -> s.node().facts().doors().cordoned())),
    PROCESS_USER("process.user", text(s -> s.theProcess().user())),
    PROCESS_COMMAND("process.command", text(s -> s.theProcess().command())),
    PROCESS_HOME("process.home", text(s -> s.theProcess().process().home().name())),
    PROCESS_CPU("process.cpu", number(s -> s.theProcess().usage().demand())),
    PROCESS_CPU_TIME("process.cputime", number(s -> s.theProcess().usage().cpuSeconds())),
    PROCESS_RSS("process.rss", number(s -> s.theProcess().usage().rssBytes())),
    PROCESS_DIRTY("process.dirty", number(s -> s.theProcess().usage().dirtyBytesPerSecond())),
    PROCESS_HOME_IO("process.homeio", number(s -> s.theProcess().usage().homeBytesPerSecond())),
    PROCESS_RESIDENCY("process.residency", number(s -> s.theProcess().residencyMillis() / 1000.0)),
    PROCESS_MOVES("process.moves", number(s -> s.theProcess().movesLastHour())),
    PROCESS_GUEST("process.guest", truth(s -> s.theProcess().isGuest())),
    CLUSTER_NODES("cluster.nodes", number(s -> s.cluster().nodes())),
    CLUSTER_MEAN_LOAD("cluster.mean.load", number(s -> s.cluster().meanLoad())),
    CLUSTER_MEAN_FREE("cluster.mean.free", number(s -> s.cluster().meanFree()));

    private final String path;
    private final Source source;

    Fact(String path, Source source) {
        this.path = path;
        this.source = source;
    }

    /** How a fact is read; its kind is its type. */
    sealed interface Source {
        record OfNumber(ToDoubleFunction<FactScope> read) implements Source {}

        record OfText(Function<FactScope, String> read) implements Source {}

        record OfTruth(Predicate<FactScope> read) implements Source {}
    }

    private static Source number(ToDoubleFunction<FactScope> read) {
        return new Source.OfNumber(read);
    }

    private static Source text(Function<FactScope, String> read) {
        return new Source.OfText(read);
    }

    private static Source truth(Predicate<FactScope> read) {
        return new Source.OfTruth(read);
    }

    String path() {
        return path;
    }

    Source source() {
        return source;
    }

    boolean aboutProcess() {
        return path.startsWith("process.");
    }

    static Optional<Fact> named(String path) {
        return Arrays.stream(values()).filter(f -> f.path.equals(path)).findFirst();
    }

    static List<String> paths() {
        return Arrays.stream(values()).map(Fact::path).toList();
    }
}
