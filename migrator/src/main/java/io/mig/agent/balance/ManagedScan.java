package io.mig.agent.balance;

import io.mig.balance.policy.Policy;
import io.mig.balance.policy.Scope;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.checkpoint.proc.ProcSample;
import io.mig.checkpoint.proc.ProcStat;
import io.mig.files.client.TreeStats;
import io.mig.load.KernelUnits;
import io.mig.migration.target.Guest;
import io.mig.migration.target.GuestRecord;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Finds the managed processes whose bodies are here. Of those that have never moved only the leaves
 * count, the processes without children: a shell that waits for its children stays and sees them
 * end, while they move. Bodies in capsules are taken with their whole tree.
 *
 * <p>What is looked at once per process and remembered: its environment, its user, its cgroup. Each
 * look costs the list of pids and one very small file per managed process (what it wants); the dear
 * one, {@code /proc/PID/stat}, is read at every fourth look once a process is {@value #YOUNG_NANOS}
 * ns old, so its memory may be known four seconds late. For one thread.
 */
final class ManagedScan {
    /** Whose files are looked at, in processors. */
    private static final double BUSY = 0.01;

    private static final int MOST_ENVIRONMENT = 128 * 1024;

    /** So long a process may still turn into {@code mig run}'s program by execve(2). */
    private static final long YOUNG_NANOS = 5_000_000_000L;

    private final NodeId self;
    private final ProcFs proc;
    private final Path root;
    private final Accounts accounts;
    private final DemandMeter meter;
    private final IoMeter io;
    private final Function<Guest, Optional<TreeStats.Io>> throughHome;
    private final ToLongFunction<Guest> relayed;
    private final KernelUnits units = KernelUnits.ofThisMachine();
    private final long ownPid = ProcessHandle.current().pid();
    private final String ownNamespace;

    private final Map<Integer, Known> known = new HashMap<>();
    private Scope scope = Scope.USUAL;

    private long round;
    private boolean any;

    /** What is remembered of a process of this node. */
    private static final class Known {
        final long startTicks;
        final boolean managed;
        final Marks marks;
        final int uid;
        final long firstNanos;

        /** As it was last read. */
        ProcStat stat;

        Known(ProcStat stat, boolean managed, Marks marks, int uid, long firstNanos) {
            this.startTicks = stat.startTicks();
            this.managed = managed;
            this.marks = marks;
            this.uid = uid;
            this.firstNanos = firstNanos;
            this.stat = stat;
        }
    }

    /**
     * @param processes the managed ones
     * @param runningOthers tasks of processes that are not managed and ran or waited for a
     *     processor when they were looked at; only where {@code count} was asked for
     */
    record Result(List<Managed> processes, int runningOthers) {}

    /**
     * @param throughHome what a guest did through its home's mount, if it has one
     * @param relayed bytes that a guest's pipes and terminals have carried since it came
     */
    ManagedScan(
            NodeId self,
            ProcFs proc,
            Path root,
            Accounts accounts,
            Function<Guest, Optional<TreeStats.Io>> throughHome,
            ToLongFunction<Guest> relayed) {
        this.self = self;
        this.proc = proc;
        this.root = root;
        this.accounts = accounts;
        this.meter = new DemandMeter(root);
        this.io = new IoMeter(root);
        this.throughHome = throughHome;
        this.relayed = relayed;
        this.ownNamespace = namespace((int) ownPid);
    }

    /**
     * Looks.
     *
     * @param guests capsules of this node, in whatever state
     * @param deputies pids that are deputies of processes elsewhere
     * @param arrived whether a guest came here as a managed one
     * @param count whether processes that are not managed are to be counted
     */
    Result scan(
            Policy policy,
            Collection<Guest> guests,
            Set<Integer> deputies,
            Predicate<HomePid> arrived,
            boolean count,
            long nowNanos) {
        accounts.refresh();
        if (!policy.scope().equals(scope)) {
            scope = policy.scope();
            known.clear();
        }
        List<Managed> found = new ArrayList<>();
        Set<Integer> bodies = new HashSet<>();
        for (Guest guest : guests) {
            List<Integer> pids = guest.capsule().guests().pids();
            bodies.addAll(pids);
            bodies.addAll(guest.capsule().standIns().pids());
            if (guest.record().state() == GuestRecord.State.RUNNING) {
                guest(guest, pids, arrived, nowNanos).ifPresent(found::add);
            }
        }
        int others = locals(bodies, deputies, count, found, nowNanos);
        meter.endRound();
        io.endRound();
        return new Result(found, others);
    }

    /** Whether anything here was managed at the last look, if only a shell. */
    boolean any() {
        return any;
    }

    /**
     * What the processes of a guest that are alive had here and wanted; nothing of one that ended.
     *
     * @param speed of a processor of this node
     * @param limited whether a cgroup stops programs here when they had their share: the kernel
     *     does not count that as waiting, so who runs or would run now counts as having wanted to
     *     all the time
     */
    Promises.Progress progress(Collection<Integer> pids, double speed, boolean limited) {
        double uptime = limited ? uptimeSeconds() : 0;
        long ran = 0;
        long wanted = 0;
        for (int pid : pids) {
            Optional<ProcStat> stat = proc.stat(pid).filter(s -> !s.zombie());
            DemandMeter.@Nullable Times times = stat.isPresent() ? meter.times(stat.get()) : null;
            ran += times == null ? 0 : times.ran();
            long measured = times == null ? 0 : times.wanted();
            double age =
                    limited && stat.isPresent() && stat.get().state() == 'R'
                            ? uptime - (double) stat.get().startTicks() / units.ticksPerSecond()
                            : 0;
            wanted += Math.max(measured, (long) (age * 1e9));
        }
        return new Promises.Progress(ran * speed / 1e9, wanted / 1e9);
    }

    private Optional<Managed> guest(
            Guest guest, List<Integer> pids, Predicate<HomePid> arrived, long nowNanos) {
        GuestRecord record = guest.record();
        double demand = 0;
        long resident = 0;
        long ticks = 0;
        Optional<ProcStat> first = Optional.empty();
        List<Integer> alive = new ArrayList<>();
        for (int pid : pids) {
            Optional<ProcStat> stat = proc.stat(pid).filter(s -> !s.zombie());
            if (stat.isPresent()) {
                alive.add(pid);
                demand += meter.of(stat.get(), nowNanos);
                resident += stat.get().rssPages() * units.pageBytes();
                // a make has done what its compilers did, though they are gone
                ticks +=
                        stat.get().utimeTicks() + stat.get().stimeTicks() + stat.get().childTicks();
                if (first.isEmpty() || pid < first.get().pid()) {
                    first = stat;
                }
            }
        }
        if (first.isEmpty()) {
            return Optional.empty();
        }
        int pid = first.get().pid();
        String command = first.get().comm();
        Known k = known.get(pid);
        if (k == null || k.startTicks != first.get().startTicks()) {
            k = new Known(first.get(), false, Marks.of(environment(pid)), record.uid(), nowNanos);
            known.put(pid, k);
        }
        if (!k.marks.managed()
                && !arrived.test(record.process())
                && !scope.manages(
                        false,
                        accounts.name(record.uid()),
                        accounts.groups(record.uid()),
                        "",
                        command)) {
            return Optional.empty();
        }
        return Optional.of(
                new Managed(
                        record.process(),
                        pid,
                        true,
                        false,
                        command,
                        record.uid(),
                        accounts.name(record.uid()),
                        demand,
                        resident,
                        (double) ticks / units.ticksPerSecond(),
                        throughHome
                                .apply(guest)
                                .map(used -> io.guest(record.process(), used, nowNanos))
                                .orElse(0.0),
                        io.relayed(record.process(), relayed.applyAsLong(guest), nowNanos),
                        alive,
                        0,
                        k.marks.on(),
                        Optional.empty(),
                        k.marks.maxPauseMillis()));
    }

    /** Adds the leaves that have never moved; returns how many others ran. */
    private int locals(
            Set<Integer> bodies,
            Set<Integer> deputies,
            boolean count,
            List<Managed> found,
            long nowNanos) {
        List<Integer> pids = proc.pids();
        known.keySet().retainAll(Set.copyOf(pids));
        List<ProcStat> mine = new ArrayList<>();
        Set<Integer> parents = new HashSet<>();
        int others = 0;
        for (int pid : pids) {
            if (pid == ownPid || bodies.contains(pid)) {
                continue;
            }
            Known k = known.get(pid);
            boolean settled = k != null && !k.managed && nowNanos - k.firstNanos > YOUNG_NANOS;
            if (settled && !count) {
                continue;
            }
            if (k != null && k.managed && !due(k, nowNanos)) {
                mine.add(k.stat);
                parents.add(k.stat.ppid());
                continue;
            }
            Optional<ProcStat> now = proc.stat(pid).filter(s -> !s.zombie());
            if (now.isEmpty()) {
                continue;
            }
            ProcStat stat = now.get();
            boolean same = k != null && k.startTicks == stat.startTicks();
            if (k == null || !same || (!k.managed && !settled)) {
                k = look(stat, same && k != null ? k.firstNanos : nowNanos);
                known.put(pid, k);
            }
            k.stat = stat;
            if (k.managed) {
                mine.add(stat);
                parents.add(stat.ppid());
            } else if (stat.state() == 'R') {
                others++;
            }
        }
        round++;
        any = !mine.isEmpty();
        double uptime = uptimeSeconds();
        for (ProcStat stat : mine) {
            Known k = known.get(stat.pid());
            boolean leader = stat.sid() == stat.pid() && stat.ttyNr() != 0;
            if (k != null
                    && !parents.contains(stat.pid())
                    && !deputies.contains(stat.pid())
                    && !leader
                    && k.marks.shell() != stat.pid()) {
                found.add(local(stat, k, uptime, nowNanos));
            }
        }
        return others;
    }

    /**
     * Whether its state is to be read anew: of the settled ones a quarter at each look, of those
     * that rest a sixteenth.
     */
    private boolean due(Known k, long nowNanos) {
        int mask = meter.rests(k.stat.pid()) ? 15 : 3;
        return nowNanos - k.firstNanos <= YOUNG_NANOS
                || k.stat.threads() > 1
                || (k.stat.pid() & mask) == (round & mask);
    }

    private Managed local(ProcStat stat, Known k, double uptime, long nowNanos) {
        double age = uptime - (double) stat.startTicks() / units.ticksPerSecond();
        double demand = meter.of(stat, nowNanos);
        double used = (double) (stat.utimeTicks() + stat.stimeTicks()) / units.ticksPerSecond();
        double ran = stat.threads() <= 1 ? meter.ranSeconds(stat.pid()) : 0;
        return new Managed(
                new HomePid(self, stat.pid(), stat.startTicks()),
                stat.pid(),
                false,
                stat.forked(),
                stat.comm(),
                k.uid,
                accounts.name(k.uid),
                demand,
                stat.rssPages() * units.pageBytes(),
                Math.max(used, ran),
                demand > BUSY
                        ? io.local(stat.pid(), stat.startTicks(), age, nowNanos)
                        : io.rests(stat.pid(), stat.startTicks()),
                0,
                List.of(stat.pid()),
                Math.max(0, Math.round(age * 1000)),
                k.marks.on(),
                k.marks
                        .first()
                        .filter(node -> k.marks.firstPid() == stat.pid() && !node.equals(self)),
                k.marks.maxPauseMillis());
    }

    private Known look(ProcStat stat, long firstNanos) {
        if (stat.kernelThread() || stat.pid() == 1) {
            return new Known(stat, false, Marks.NONE, 0, firstNanos);
        }
        int uid = proc.sample(stat.pid()).map(ProcSample::uid).orElse(0);
        Marks marks = Marks.of(environment(stat.pid()));
        Known parent = known.get(stat.ppid());
        boolean below = marks.managed() || (parent != null && parent.managed);
        boolean named =
                !scope.users().isEmpty()
                        || !scope.groups().isEmpty()
                        || !scope.cgroups().isEmpty()
                        || !scope.commands().isEmpty();
        boolean managed =
                (below || named)
                        && scope.manages(
                                below,
                                accounts.name(uid),
                                accounts.groups(uid),
                                cgroup(stat.pid()),
                                stat.comm())
                        // what is in a container or capsule is somebody else's
                        && namespace(stat.pid()).equals(ownNamespace);
        return new Known(stat, managed, marks, uid, firstNanos);
    }

    private byte[] environment(int pid) {
        try (InputStream in =
                Files.newInputStream(root.resolve(Integer.toString(pid)).resolve("environ"))) {
            return in.readNBytes(MOST_ENVIRONMENT);
        } catch (IOException e) {
            return new byte[0]; // ended meanwhile
        }
    }

    private String cgroup(int pid) {
        try {
            for (String line :
                    Files.readAllLines(root.resolve(Integer.toString(pid)).resolve("cgroup"))) {
                if (line.startsWith("0::")) {
                    return line.substring(3);
                }
            }
        } catch (IOException e) {
            return ""; // ended meanwhile
        }
        return "";
    }

    private String namespace(int pid) {
        try {
            return Files.readSymbolicLink(root.resolve(pid + "/ns/pid")).toString();
        } catch (IOException e) {
            return "";
        }
    }

    private double uptimeSeconds() {
        try {
            String uptime = Files.readString(root.resolve("uptime"));
            return Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
        } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
            return 0; // then everything is young, and stays
        }
    }
}
