package io.mig.migration.preflight;

import io.mig.checkpoint.proc.AccessMode;
import io.mig.checkpoint.proc.FdFacts;
import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.FdRef;
import io.mig.checkpoint.proc.Holder;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.SocketFacts;
import io.mig.migration.preflight.CapsuleContext.KnownStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which open files have another side that stays, and so become streams.
 *
 * <pre>
 *   pipe      reader inside, writer outside        pipe-in    (demand when somebody outside reads from it, too)
 *             writer inside, reader outside        pipe-out
 *             both directions                      obstacle, or two streams with one key
 *             both ends inside, nobody outside     internal, travels in the image
 *             one end inside, nobody in sight      pipe-in or pipe-out: the kernel at home knows
 *   file      write-only, description shared       file-out
 *   terminal  the session's own                    tty, one for the whole tree
 *   socket    unix stream with its peer outside    unix, when the policy has it
 * </pre>
 *
 * For a guest the far ends are the capsule's stand-ins, known by key; the streams keep their
 * numbers.
 */
final class StreamPlanner {
    private static final int CARRIED_FLAGS = 3 | FdFacts.O_APPEND | FdFacts.O_NONBLOCK;

    private record Draft(StreamKind kind, String key, boolean demand, List<OpenFile> files) {}

    private final Findings f;
    private final List<Draft> drafts = new ArrayList<>();
    private final List<ExternalStream> known = new ArrayList<>();

    private StreamPlanner(Findings findings) {
        this.f = findings;
    }

    static StreamPlan plan(Findings findings) {
        return new StreamPlanner(findings).plan();
    }

    private StreamPlan plan() {
        pipes();
        ttys();
        for (OpenFile file : f.facts().openFiles()) {
            boolean fileOut =
                    file.fd().kind() == FdKind.REGULAR
                            && file.sharedOutside()
                            && !file.fd().deleted()
                            && file.fd().access() == AccessMode.WRITE;
            if (fileOut) {
                external(
                        StreamKind.FILE_OUT, file.fd().target().substring(1), false, List.of(file));
            } else if (carriesUnix(f, file)) {
                external(StreamKind.UNIX, file.fd().target(), file.sharedOutside(), List.of(file));
            }
        }
        return new StreamPlan(numbered());
    }

    static boolean carriesUnix(Findings f, OpenFile file) {
        Optional<SocketFacts> socket = file.fd().socket();
        if (file.fd().kind() != FdKind.SOCKET || socket.isEmpty()) {
            return false;
        }
        if (f.facts().capsule().flatMap(c -> c.stream(file.fd().target())).isPresent()) {
            return true;
        }
        SocketFacts s = socket.get();
        boolean peerOutside =
                s.peerIno() != 0
                        && f.facts().openFiles().stream()
                                .noneMatch(
                                        o ->
                                                o.fd().kind() == FdKind.SOCKET
                                                        && o.fd().stat().ino() == s.peerIno());
        return f.policy().unixStreams()
                && f.facts().capsule().isEmpty()
                && s.type().equals("stream")
                && s.connected()
                && s.local().isEmpty()
                && s.remote().isEmpty()
                && peerOutside;
    }

    private void pipes() {
        Map<String, List<OpenFile>> pipes = new LinkedHashMap<>();
        for (OpenFile file : f.facts().openFiles()) {
            if (file.fd().kind() == FdKind.PIPE) {
                pipes.computeIfAbsent(file.fd().target(), k -> new ArrayList<>()).add(file);
            }
        }
        pipes.forEach(this::pipe);
    }

    private void pipe(String key, List<OpenFile> ends) {
        for (OpenFile end : ends) {
            if (end.fd().has(FdFacts.O_DIRECT)) {
                f.add(
                        ObstacleCode.PIPE_PACKET_MODE,
                        f.owner(end),
                        "its pipe is in packet mode (O_DIRECT)",
                        "CRIU cannot checkpoint that",
                        "let the program make an ordinary pipe");
                return;
            }
        }
        // Every description of a pipe lists the holders of all others: the first one has them all.
        List<Holder> outside = ends.getFirst().holders();
        List<OpenFile> readers = ends.stream().filter(e -> e.fd().access().reads()).toList();
        List<OpenFile> writers = ends.stream().filter(e -> e.fd().access().writes()).toList();
        if (outside.isEmpty()) {
            oneSided(key, readers, writers);
            return;
        }
        boolean readOutside = outside.stream().anyMatch(h -> h.access().reads());
        boolean writtenOutside = outside.stream().anyMatch(h -> h.access().writes());
        boolean in = !readers.isEmpty() && (writtenOutside || (readOutside && writers.isEmpty()));
        // Nobody in sight reads it, but others write to it as well: see oneSided.
        boolean readOutOfSight = readers.isEmpty() && !readOutside;
        boolean out = !writers.isEmpty() && (readOutside || readOutOfSight);
        if (f.facts().capsule().isPresent()) {
            external(
                    in ? StreamKind.PIPE_IN : StreamKind.PIPE_OUT,
                    key,
                    false,
                    in ? readers : writers);
            return;
        }
        if (in && out && !f.policy().pipesBothWays()) {
            f.add(
                    ObstacleCode.PIPE_BOTH_WAYS,
                    f.owner(ends.getFirst()),
                    "it reads and writes one pipe ("
                            + key
                            + ") together with "
                            + Findings.names(outside)
                            + ", as jobs of make do",
                    "such a pipe is not carried in both directions yet",
                    "move the process that made the pipe (the topmost make)");
            return;
        }
        if (out && !in && !readers.isEmpty()) {
            f.add(
                    ObstacleCode.PIPE_CROSSED,
                    f.owner(ends.getFirst()),
                    "it could read from the pipe ("
                            + key
                            + ") that it writes to "
                            + Findings.names(outside),
                    "it cannot be told who shall get the data",
                    "move the process that made the pipe");
            return;
        }
        if (in) {
            external(StreamKind.PIPE_IN, key, readOutside, readers);
        }
        if (out) {
            external(StreamKind.PIPE_OUT, key, false, writers);
        }
    }

    /**
     * A pipe with one end in the tree and none in sight outside. Either the other end is closed, or
     * it is held where we cannot look (outside the node's pid namespace). A stream is right in both
     * cases: at home the kernel knows, and gives end of file or a broken pipe.
     */
    private void oneSided(String key, List<OpenFile> readers, List<OpenFile> writers) {
        boolean capsuleKnowsIt =
                f.facts().capsule().map(c -> c.stream(key).isPresent()).orElse(true);
        if ((!readers.isEmpty() && !writers.isEmpty()) || !capsuleKnowsIt) {
            return;
        }
        if (readers.isEmpty()) {
            external(StreamKind.PIPE_OUT, key, false, writers);
        } else {
            external(StreamKind.PIPE_IN, key, false, readers);
        }
    }

    private void ttys() {
        long controlling = f.tree().root().stat().ttyNr();
        List<OpenFile> own = new ArrayList<>();
        for (OpenFile file : f.facts().openFiles()) {
            if (file.fd().kind() != FdKind.TTY) {
                continue;
            }
            if (controlling != 0 && file.fd().stat().rdev() == controlling) {
                own.add(file);
            } else {
                f.add(
                        ObstacleCode.FOREIGN_TTY,
                        f.owner(file),
                        "it has the terminal "
                                + file.fd().target()
                                + " open, which is not its controlling terminal",
                        "only the terminal of its own session is carried",
                        "redirect its input and output to files or pipes (as with nohup)");
            }
        }
        if (!own.isEmpty()) {
            // The home side reads and writes through one descriptor: prefer one that can do both.
            own.sort(
                    Comparator.comparing((OpenFile o) -> o.fd().access() != AccessMode.READ_WRITE));
            FdFacts first = own.getFirst().fd();
            String key =
                    "tty["
                            + Long.toHexString(first.stat().rdev())
                            + ":"
                            + Long.toHexString(first.stat().dev())
                            + "]";
            external(StreamKind.TTY, key, false, own);
        }
    }

    private void external(StreamKind kind, String key, boolean demand, List<OpenFile> files) {
        if (f.facts().capsule().isEmpty()) {
            drafts.add(new Draft(kind, key, demand, files));
            return;
        }
        List<KnownStream> streams =
                f.facts().capsule().get().streams().stream()
                        .filter(s -> s.key().equals(key))
                        .toList();
        if (streams.isEmpty()) {
            f.add(
                    ObstacleCode.UNKNOWN_STREAM,
                    f.owner(files.getFirst()),
                    "its "
                            + files.getFirst().fd().kind().label()
                            + " ("
                            + key
                            + ") is connected with "
                            + Findings.names(files.getFirst().holders()),
                    "that is none of the streams that came with it",
                    "wait until the other process has ended, or end it");
        }
        for (KnownStream s : streams) {
            known.add(stream(s.id(), s.kind(), s.link(), key, s.demand(), files));
        }
    }

    private List<ExternalStream> numbered() {
        List<ExternalStream> streams = new ArrayList<>(known);
        // The terminal first, then in the order of owners: the same tree always gives the same
        // plan.
        drafts.sort(
                Comparator.comparing((Draft d) -> d.kind() != StreamKind.TTY)
                        .thenComparing(d -> owner(d.files()))
                        .thenComparing(Draft::kind));
        int id = 1;
        for (Draft d : drafts) {
            streams.add(
                    stream(id++, d.kind(), owner(d.files()).pid(), d.key(), d.demand(), d.files()));
        }
        streams.sort(Comparator.comparingInt(ExternalStream::id));
        return streams;
    }

    private ExternalStream stream(
            int id, StreamKind kind, int link, String key, boolean demand, List<OpenFile> files) {
        List<FdRef> holders = files.stream().flatMap(o -> o.members().stream()).sorted().toList();
        int flags = files.getFirst().fd().info().flags() & CARRIED_FLAGS;
        return new ExternalStream(id, kind, owner(files), link, key, demand, flags, holders);
    }

    /** The holder nearest to the root of the tree: it is the one most likely to live longest. */
    private FdRef owner(List<OpenFile> files) {
        List<FdRef> members = files.getFirst().members();
        for (ProcessFacts p : f.tree().processes()) {
            for (FdRef m : members) {
                if (m.pid() == p.pid()) {
                    return m;
                }
            }
        }
        return members.getFirst();
    }
}
