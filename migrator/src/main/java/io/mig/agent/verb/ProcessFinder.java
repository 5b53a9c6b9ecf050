package io.mig.agent.verb;

import io.mig.checkpoint.proc.ProcFs;
import io.mig.checkpoint.proc.ProcSample;
import io.mig.checkpoint.proc.ProcStat;
import io.mig.home.AwayRecord;
import io.mig.home.AwayTable;
import io.mig.migration.Calls;
import io.mig.migration.Protos;
import io.mig.migration.target.Guest;
import io.mig.migration.target.Guests;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.wire.proto.LookupReply;
import io.mig.wire.proto.LookupRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Finds the process that a user means: a pid of this node (of an original, a deputy or a guest),
 * {@code node:pid} of its home, or the name of a command. Thread-safe.
 */
public final class ProcessFinder {
    private final NodeId self;
    private final Calls calls;
    private final ProcFs proc;
    private final AwayTable away;
    private final Guests guests;

    public ProcessFinder(NodeId self, Calls calls, ProcFs proc, AwayTable away, Guests guests) {
        this.self = self;
        this.calls = calls;
        this.proc = proc;
        this.away = away;
        this.guests = guests;
    }

    /**
     * The one process that is meant.
     *
     * @param uid of the caller: a name is looked for among his own processes, by root among all
     * @throws RefusedException when there is none, or more than one
     */
    public HomePid find(String text, int uid) {
        int colon = text.indexOf(':');
        if (colon > 0 && text.substring(colon + 1).matches("[0-9]{1,9}")) {
            return atHome(new NodeId(text.substring(0, colon)), text.substring(colon + 1), uid);
        }
        if (text.matches("[0-9]{1,9}")) {
            return byPid(Integer.parseInt(text));
        }
        return byName(text, uid);
    }

    private HomePid atHome(NodeId home, String pid, int uid) {
        if (home.equals(self)) {
            return byPid(Integer.parseInt(pid));
        }
        LookupReply reply =
                calls.ask(
                        home,
                        LookupRequest.newBuilder().setName(pid).setActorUid(uid).build(),
                        LookupReply.class);
        return Protos.process(reply.getProcesses(0));
    }

    /** Serves other nodes' questions about processes of this home. */
    LookupReply lookup(LookupRequest request) {
        return LookupReply.newBuilder()
                .addProcesses(Protos.process(find(request.getName(), request.getActorUid())))
                .build();
    }

    private HomePid byPid(int pid) {
        Optional<HomePid> deputy = away.ofDeputy(pid).map(AwayRecord::process);
        if (deputy.isPresent()) {
            return deputy.get();
        }
        Optional<HomePid> guest = guestOf(pid);
        if (guest.isPresent()) {
            return guest.get();
        }
        ProcStat stat =
                proc.stat(pid)
                        .orElseThrow(
                                () ->
                                        new RefusedException(
                                                ErrorCode.NOT_FOUND,
                                                "pid "
                                                        + pid
                                                        + ": there is no such process on "
                                                        + self
                                                        + "; it has ended or never was. Look at 'mig ps'."));
        return new HomePid(self, pid, stat.startTicks());
    }

    /** The process of a guest by the host pid of any of its tasks. */
    private Optional<HomePid> guestOf(int pid) {
        for (Guest guest : guests.all()) {
            if (guest.capsule().guests().pids().contains(pid)) {
                return Optional.of(guest.process());
            }
        }
        return Optional.empty();
    }

    private HomePid byName(String name, int uid) {
        Map<String, HomePid> found = new TreeMap<>();
        for (AwayRecord record : away.all()) {
            if ((uid == 0 || record.uid() == uid) && named(record.command(), name)) {
                found.put(record.process().brief(), record.process());
            }
        }
        for (ProcSample sample : proc.samples()) {
            boolean mine = uid == 0 || sample.uid() == uid;
            if (mine
                    && !sample.kernelThread()
                    && sample.comm().equals(name)
                    && away.ofDeputy(sample.pid()).isEmpty()
                    && guestOf(sample.pid()).isEmpty()) {
                HomePid process = new HomePid(self, sample.pid(), sample.startTicks());
                found.put(process.brief(), process);
            }
        }
        if (found.isEmpty()) {
            throw new RefusedException(
                    ErrorCode.NOT_FOUND,
                    name
                            + ": no process of this name of yours is known on "
                            + self
                            + "; give its pid (see 'ps')");
        }
        if (found.size() > 1) {
            List<String> names = new ArrayList<>(found.keySet());
            throw new RefusedException(
                    ErrorCode.BAD_REQUEST,
                    name
                            + ": "
                            + names.size()
                            + " processes have this name: "
                            + String.join(", ", names.subList(0, Math.min(10, names.size())))
                            + "; give one of these");
        }
        return found.values().iterator().next();
    }

    private static boolean named(String command, String name) {
        String first = command.split(" ", 2)[0];
        return first.substring(first.lastIndexOf('/') + 1).equals(name);
    }
}
