package io.mig.migration.home;

import io.mig.checkpoint.proc.ProcCredentials;
import io.mig.migration.Calls;
import io.mig.migration.Protos;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.RefusedException;
import io.mig.wire.proto.VouchReply;
import io.mig.wire.proto.VouchRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * Tells a target who the processes of a guest may be, from what has their pids here: originals or
 * deputies, which keep the identity of their originals. So neither the source nor whoever wrote the
 * images decides what they may do. Thread-safe.
 */
public final class Voucher {
    private static final int MOST_PROCESSES = 100_000;

    private final Calls calls;
    private final Path proc;
    private final Runnable vouched;

    /**
     * @param vouched told before a host hears the answer: it may act for those processes from then
     *     on
     */
    public Voucher(Calls calls, Path proc, Runnable vouched) {
        this.calls = calls;
        this.proc = proc;
        this.vouched = vouched;
    }

    public void register() {
        calls.serve(
                VouchRequest.class, (from, request) -> vouch(Protos.process(request.getProcess())));
    }

    private VouchReply vouch(HomePid process) throws IOException {
        if (!process.home().equals(calls.self())) {
            throw new RefusedException(
                    ErrorCode.BAD_REQUEST,
                    "process=" + process + " does not belong to this home=" + calls.self());
        }
        Set<Integer> uids = new HashSet<>();
        Set<Integer> gids = new HashSet<>();
        long capabilities = 0;
        boolean any = false;
        Deque<Integer> open = new ArrayDeque<>();
        open.add(process.pid());
        int seen = 0;
        while (!open.isEmpty() && seen < MOST_PROCESSES) {
            Path directory = proc.resolve(Integer.toString(open.remove()));
            seen++;
            try {
                ProcCredentials who =
                        ProcCredentials.parse(Files.readString(directory.resolve("status")));
                uids.addAll(who.uids());
                gids.addAll(who.gids());
                capabilities |= who.capabilities();
                any |= who.mayChangeIdentity();
                children(directory).forEach(open::add);
            } catch (IOException e) {
                if (seen == 1) {
                    throw e; // the others may end at any time
                }
            }
        }
        vouched.run();
        FileIdentity files =
                FileIdentity.parse(
                        Files.readString(
                                proc.resolve(Integer.toString(process.pid())).resolve("status")));
        return VouchReply.newBuilder()
                .setFileUid(files.fileUid())
                .setFileGid(files.fileGid())
                .addAllUids(uids)
                .addAllGids(gids)
                .setCapabilities(capabilities)
                .setAnyIdentity(any)
                .build();
    }

    static Set<Integer> children(Path directory) throws IOException {
        Set<Integer> found = new HashSet<>();
        try (var tasks = Files.newDirectoryStream(directory.resolve("task"))) {
            for (Path task : tasks) {
                String children = Files.readString(task.resolve("children")).strip();
                for (String pid : children.split(" ", -1)) {
                    if (!pid.isEmpty()) {
                        found.add(Integer.valueOf(pid));
                    }
                }
            }
        }
        return found;
    }
}
