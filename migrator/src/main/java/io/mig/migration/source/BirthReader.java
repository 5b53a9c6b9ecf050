package io.mig.migration.source;

import com.google.protobuf.ByteString;
import io.mig.checkpoint.Priority;
import io.mig.checkpoint.proc.FdFacts;
import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.FdRef;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.TreeFacts;
import io.mig.migration.preflight.ExternalStream;
import io.mig.migration.preflight.SourceFacts;
import io.mig.migration.preflight.StreamPlan;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import io.mig.wire.proto.BirthDescriptor;
import io.mig.wire.proto.BirthFile;
import io.mig.wire.proto.BirthItem;
import io.mig.wire.proto.BirthLimit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads, from a process that waits to become a program ({@code mig-born}), what that program would
 * have had at home. Whatever cannot be had elsewhere just so is a refusal: the program then starts
 * at home. Stateless.
 */
public final class BirthReader {
    /** The program that waits. */
    public static final String WAITER = "mig-born";

    /** Settings that are for the waiting program and not for the one it becomes. */
    public static final String OWN_SETTINGS = "MIG_BORN_";

    /** Where the file of the program to be started is named. */
    public static final String EXE = OWN_SETTINGS + "EXE=";

    private static final int MOST_BYTES = 60_000;
    private static final int HIGHEST_DESCRIPTOR = 255;
    private static final int MOST_FILES = 250;
    private static final Pattern LIMIT =
            Pattern.compile("^Max (.+?) {2,}(\\d+|unlimited) +(\\d+|unlimited)\\b.*$");
    private static final Map<String, Integer> RESOURCES =
            Map.ofEntries(
                    Map.entry("cpu time", 0),
                    Map.entry("file size", 1),
                    Map.entry("data size", 2),
                    Map.entry("stack size", 3),
                    Map.entry("core file size", 4),
                    Map.entry("resident set", 5),
                    Map.entry("processes", 6),
                    Map.entry("open files", 7),
                    Map.entry("locked memory", 8),
                    Map.entry("address space", 9),
                    Map.entry("file locks", 10),
                    Map.entry("pending signals", 11),
                    Map.entry("msgqueue size", 12),
                    Map.entry("nice priority", 13),
                    Map.entry("realtime priority", 14),
                    Map.entry("realtime timeout", 15));

    private BirthReader() {}

    /** The same facts without descriptors that execve(2) closes: they play no part. */
    static SourceFacts kept(SourceFacts facts) {
        if (facts.tree().isEmpty()) {
            return facts;
        }
        TreeFacts tree = facts.tree().get();
        List<ProcessFacts> processes =
                tree.processes().stream()
                        .map(p -> p.withFds(p.fds().stream().filter(BirthReader::stays).toList()))
                        .toList();
        List<OpenFile> files = new ArrayList<>();
        for (OpenFile file : facts.openFiles()) {
            List<FdRef> members =
                    file.members().stream().filter(m -> find(processes, m).isPresent()).toList();
            if (!members.isEmpty()) {
                files.add(
                        new OpenFile(
                                find(processes, members.getFirst()).orElseThrow(),
                                members,
                                file.sharedWith(),
                                file.otherHolders()));
            }
        }
        return facts.with(new TreeFacts(tree.rootPid(), processes, tree.stable()), files);
    }

    private static boolean stays(FdFacts fd) {
        return !fd.has(FdFacts.O_CLOEXEC);
    }

    private static Optional<FdFacts> find(List<ProcessFacts> processes, FdRef ref) {
        return processes.stream()
                .filter(p -> p.pid() == ref.pid())
                .flatMap(p -> p.fd(ref.fd()).stream())
                .findFirst();
    }

    /**
     * Reads it. The process must be frozen, so that it cannot go on to start its program here.
     *
     * @param facts as {@link #kept} gives them
     * @throws RefusedException when it is not waiting, or has what only home can give
     */
    static BirthItem read(SourceFacts facts, StreamPlan plan) {
        TreeFacts tree = facts.tree().orElseThrow();
        ProcessFacts p = tree.root();
        Path proc = Path.of("/proc", Integer.toString(p.pid()));
        refuseUnless(
                tree.processes().size() == 1 && p.threads().size() <= 1,
                p,
                "it has children or threads");
        refuseUnless(isWaiting(p.pid()), p, "it does not wait for its start any more");
        refuseUnless(p.stat().state() != 'T', p, "it is stopped");
        try {
            BirthItem.Builder item = BirthItem.newBuilder();
            status(Files.readString(proc.resolve("status")), p, item);
            limits(Files.readAllLines(proc.resolve("limits")), item);
            texts(proc, p, item);
            files(facts, plan, p, item);
            item.setCwd(ByteString.copyFromUtf8(p.cwd().path()))
                    .setNice(Priority.inStat(Files.readString(proc.resolve("stat"))))
                    .setOom(
                            Integer.parseInt(
                                    Files.readString(proc.resolve("oom_score_adj")).strip()));
            BirthItem complete = item.build();
            refuseUnless(
                    complete.getSerializedSize() <= MOST_BYTES,
                    p,
                    "arguments and environment are longer than " + MOST_BYTES + " bytes");
            return complete;
        } catch (IOException | NumberFormatException e) {
            throw new RefusedException(
                    ErrorCode.NOT_FOUND,
                    "cannot read what pid=" + p.pid() + " would start with: " + e.getMessage());
        }
    }

    /** Whether this process is still the one that waits, and not the program yet. */
    public static boolean isWaiting(int pid) {
        try {
            Path exe = Files.readSymbolicLink(Path.of("/proc", Integer.toString(pid), "exe"));
            return String.valueOf(exe.getFileName()).equals(WAITER);
        } catch (IOException e) {
            return false;
        }
    }

    private static void refuseUnless(boolean good, ProcessFacts p, String why) {
        if (!good) {
            throw new RefusedException(
                    ErrorCode.REFUSED, "pid=" + p.pid() + " cannot start elsewhere: " + why);
        }
    }

    private static void status(String text, ProcessFacts p, BirthItem.Builder item) {
        long bounding = 0;
        long permitted = 0;
        long effective = 0;
        long further = 0;
        for (String line : text.lines().toList()) {
            int colon = line.indexOf(':');
            String value = colon < 0 ? "" : line.substring(colon + 1).strip();
            switch (colon < 0 ? "" : line.substring(0, colon)) {
                case "Uid" -> firstThree(value).forEach(item::addUids);
                case "Gid" -> firstThree(value).forEach(item::addGids);
                case "Groups" -> ids(value).forEach(item::addGroups);
                case "Umask" -> item.setUmask(Integer.parseInt(value, 8));
                case "SigIgn" -> item.setIgnored(Long.parseUnsignedLong(value, 16));
                case "SigBlk" -> item.setBlocked(Long.parseUnsignedLong(value, 16));
                case "CapBnd" -> bounding = Long.parseUnsignedLong(value, 16);
                case "CapPrm" -> permitted = Long.parseUnsignedLong(value, 16);
                case "CapEff" -> effective = Long.parseUnsignedLong(value, 16);
                case "CapInh", "CapAmb" -> further |= Long.parseUnsignedLong(value, 16);
                default -> {
                    // set up by other means, or not at all
                }
            }
        }
        boolean root = item.getUidsList().stream().allMatch(u -> u == 0);
        boolean nobodySpecial =
                item.getUidsList().stream().distinct().count() == 1
                        && permitted == 0
                        && effective == 0;
        boolean whole = root && permitted == bounding && effective == bounding;
        refuseUnless(
                further == 0 && (whole || nobodySpecial),
                p,
                "it has some capabilities, or several user ids");
    }

    private static List<Integer> ids(String value) {
        List<Integer> ids = new ArrayList<>();
        for (String word : value.split("\\s+")) {
            if (!word.isEmpty()) {
                ids.add(Integer.parseUnsignedInt(word));
            }
        }
        return ids;
    }

    private static List<Integer> firstThree(String value) {
        List<Integer> all = ids(value);
        return all.subList(0, Math.min(3, all.size()));
    }

    static void limits(List<String> lines, BirthItem.Builder item) {
        for (String line : lines) {
            Matcher m = LIMIT.matcher(line);
            Integer resource = m.matches() ? RESOURCES.get(m.group(1)) : null;
            if (resource != null) {
                item.addLimits(
                        BirthLimit.newBuilder()
                                .setResource(resource)
                                .setSoft(limit(m.group(2)))
                                .setHard(limit(m.group(3))));
            }
        }
    }

    private static long limit(String text) {
        return text.equals("unlimited") ? -1 : Long.parseUnsignedLong(text);
    }

    private static void texts(Path proc, ProcessFacts p, BirthItem.Builder item)
            throws IOException {
        for (ByteString arg : strings(Files.readAllBytes(proc.resolve("cmdline")))) {
            item.addArgs(arg);
        }
        ByteString own = ByteString.copyFromUtf8(OWN_SETTINGS);
        ByteString exe = ByteString.copyFromUtf8(EXE);
        for (ByteString setting : strings(Files.readAllBytes(proc.resolve("environ")))) {
            if (setting.startsWith(exe)) {
                item.setExe(setting.substring(exe.size()));
            }
            if (!setting.startsWith(own)) {
                item.addEnv(setting);
            }
        }
        refuseUnless(!item.getExe().isEmpty(), p, "it names no program");
        refuseUnless(item.getArgsCount() > 0, p, "it has no arguments");
    }

    private static List<ByteString> strings(byte[] text) {
        List<ByteString> strings = new ArrayList<>();
        int begin = 0;
        for (int i = 0; i < text.length; i++) {
            if (text[i] == 0) {
                strings.add(ByteString.copyFrom(text, begin, i - begin));
                begin = i + 1;
            }
        }
        return strings;
    }

    private static void files(
            SourceFacts facts, StreamPlan plan, ProcessFacts p, BirthItem.Builder item) {
        refuseUnless(p.fds().size() <= MOST_FILES, p, "it has too many open files");
        int key = 0;
        Set<Integer> covered = new HashSet<>();
        for (OpenFile file : facts.openFiles()) {
            FdFacts fd = file.fd();
            Optional<ExternalStream> stream =
                    plan.streams().stream()
                            .filter(s -> s.holders().contains(file.first()))
                            .findFirst();
            if (stream.isPresent()) {
                item.addFiles(entry(fd, key).setStream(stream.get().id()));
            } else {
                item.addFiles(named(fd, key, p));
            }
            for (FdRef member : file.members()) {
                descriptor(member.fd(), key, p, item);
                covered.add(member.fd());
            }
            key++;
        }
        // what nobody asks about who shares it, as /dev/null
        for (FdFacts fd : p.fds()) {
            if (!covered.contains(fd.number())) {
                item.addFiles(named(fd, key, p));
                descriptor(fd.number(), key, p, item);
                key++;
            }
        }
    }

    private static BirthFile.Builder entry(FdFacts fd, int key) {
        return BirthFile.newBuilder().setKey(key).setFlags(fd.info().flags() & ~FdFacts.O_CLOEXEC);
    }

    private static BirthFile.Builder named(FdFacts fd, int key, ProcessFacts p) {
        refuseUnless(byName(fd), p, "descriptor " + fd.number() + " is " + fd.target());
        return entry(fd, key)
                .setPath(ByteString.copyFrom(fd.target(), StandardCharsets.UTF_8))
                .setPosition(fd.kind() == FdKind.REGULAR ? fd.info().pos() : 0);
    }

    private static void descriptor(int number, int key, ProcessFacts p, BirthItem.Builder item) {
        refuseUnless(
                number <= HIGHEST_DESCRIPTOR,
                p,
                "descriptor " + number + " is above " + HIGHEST_DESCRIPTOR);
        item.addDescriptors(BirthDescriptor.newBuilder().setNumber(number).setKey(key));
    }

    /** Whether opening the same name gives the same. */
    private static boolean byName(FdFacts fd) {
        return switch (fd.kind()) {
            case REGULAR, DIRECTORY -> !fd.deleted();
            case MEMORY_DEVICE -> true;
            case MEMFD,
                    PIPE,
                    FIFO,
                    TTY,
                    PTY_MASTER,
                    TTY_CURRENT,
                    CHAR_DEVICE,
                    BLOCK_DEVICE,
                    SOCKET,
                    EVENTFD,
                    EPOLL,
                    TIMERFD,
                    SIGNALFD,
                    PIDFD,
                    INOTIFY,
                    FANOTIFY,
                    IO_URING,
                    USERFAULTFD,
                    PERF_EVENT,
                    BPF,
                    KVM,
                    LANDLOCK,
                    SECCOMP_NOTIFY,
                    NAMESPACE,
                    OTHER_ANON,
                    UNKNOWN ->
                    false;
        };
    }
}
