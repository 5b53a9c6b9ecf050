package io.mig.agent.balance;

import io.mig.balance.view.Announced;
import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.Psi;
import io.mig.fault.Pretence;
import io.mig.load.CpuLimit;
import io.mig.load.LoadSampler;
import io.mig.load.NodeLoad;
import io.mig.load.Pressure;
import io.mig.migration.target.StateRoom;
import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * This node as others should see it. A node that may use a part of the machine's processors only
 * counts as one with fewer and slower ones: half a processor is one of half the speed. One owner
 * thread.
 */
final class NodeSensor {
    private static final double WEIGHT_OF_NEW = 0.3;
    private static final long LEAST_SPACE = 256L << 20;

    private final NodeId self;
    private final LoadSampler load;
    private final Optional<CpuLimit> limit;
    private final Path images;
    private final StateRoom room;
    private final Pretence pretence;
    private final int processors;

    private double speed = 1;
    private double others = -1;

    /**
     * @param images where images of arriving processes go
     * @param room whether the agent can note what it must
     */
    NodeSensor(
            NodeId self,
            LoadSampler load,
            Optional<CpuLimit> limit,
            Path images,
            StateRoom room,
            Pretence pretence,
            int processors) {
        this.self = self;
        this.load = load;
        this.limit = limit;
        this.images = images;
        this.room = room;
        this.pretence = pretence;
        this.processors = processors;
    }

    /**
     * Whether a cgroup stops this node's programs when they had their share. Then the machine's
     * count of tasks is not ours: those of others must be counted one by one.
     */
    boolean isLimited() {
        return limit.isPresent();
    }

    /** Speed of a processor that is not limited. */
    void speed(double measured) {
        speed = measured;
    }

    /** The speed at which a program runs that has a processor for itself, limits left aside. */
    double speed() {
        return speed;
    }

    /**
     * Takes note of how many tasks ran that are not managed.
     *
     * @param counted by ourselves, if we count
     * @param managed tasks that the managed processes want to run, to be taken off the machine's
     */
    void othersRan(int counted, double managed) {
        double sample =
                isLimited() ? counted : Math.max(0, runningOnMachine() - 1 - Math.round(managed));
        others = others < 0 ? sample : (1 - WEIGHT_OF_NEW) * others + WEIGHT_OF_NEW * sample;
    }

    /**
     * The facts.
     *
     * @param managed processors that the managed processes want which stay here
     */
    NodeFacts facts(double managed, int guests, Announced announced, Doors doors) {
        Optional<NodeLoad> now = load.latest();
        long total = now.map(NodeLoad::memTotalBytes).orElse(0L);
        long free = now.map(NodeLoad::memAvailableBytes).orElse(0L);
        return new NodeFacts(
                self,
                capacity(total),
                new NodeUse(
                        pretence.idle() ? 0 : Math.max(0, others) + managed + announced.runnable(),
                        Math.max(0, free - announced.bytes()),
                        psi(now),
                        guests + announced.processes()),
                doors);
    }

    private NodeCapacity capacity(long memory) {
        double cpus = limit.map(CpuLimit::cpus).filter(c -> c > 0).orElse((double) processors);
        double cores = Math.max(1, Math.ceil(cpus - 1e-6));
        return new NodeCapacity(cores, Math.max(0.001, speed * cpus / cores), memory);
    }

    private static Psi psi(Optional<NodeLoad> now) {
        return new Psi(
                now.flatMap(NodeLoad::cpuPressure).map(Pressure::some10).orElse(0.0),
                now.flatMap(NodeLoad::memoryPressure).map(Pressure::some10).orElse(0.0),
                now.flatMap(NodeLoad::ioPressure).map(Pressure::some10).orElse(0.0));
    }

    /** Whether more programs want processors than there are, as far as a glance tells. */
    boolean full(NodeFacts own) {
        return own.use().runnable() > own.capacity().cores() * 1.001
                || (!isLimited() && runningOnMachine() - 1 > processors);
    }

    /** Whether there is too little space for images, or for what the agent must note. */
    boolean diskFull() {
        try {
            return Files.getFileStore(images).getUsableSpace() < LEAST_SPACE
                    || room.missing().isPresent();
        } catch (IOException e) {
            return true;
        }
    }

    /** Programs more that have a processor for themselves here. */
    static int room(NodeFacts own) {
        return (int) Math.max(0, own.capacity().cores() * 1.001 - own.use().runnable());
    }

    /**
     * So many tasks may run on the machine besides a new one before that is worth a question. On a
     * part of a machine their number says nothing.
     */
    int runningIfRoom() {
        return isLimited() ? 0 : processors - 1;
    }

    /** The last pid that was given to anybody (proc_loadavg(5)); 0: not known. */
    static long lastPid() {
        return loadavg(5, 0);
    }

    /** Tasks that run or wait for a processor. */
    private static int runningOnMachine() {
        return loadavg(3, 1);
    }

    private static int loadavg(int word, int otherwise) {
        try {
            String[] words = Files.readString(Path.of("/proc/loadavg")).strip().split("[ /]");
            return Integer.parseInt(words[word]);
        } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
            return otherwise;
        }
    }
}
