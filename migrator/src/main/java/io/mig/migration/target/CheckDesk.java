package io.mig.migration.target;

import io.mig.checkpoint.proc.MachineFacts;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.migration.Calls;
import io.mig.migration.preflight.FileCheck;
import io.mig.migration.preflight.FileMismatch;
import io.mig.migration.preflight.FileNeed;
import io.mig.migration.preflight.SharedProbe;
import io.mig.model.NodeId;
import io.mig.transport.PeerFacts;
import io.mig.wire.proto.CheckReply;
import io.mig.wire.proto.CheckRequest;
import io.mig.wire.proto.FileMismatchItem;
import io.mig.wire.proto.FileNeedItem;
import io.mig.wire.proto.ProbeItem;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Answers "what have you got of what this tree needs?". Looks and changes nothing. Thread-safe. */
public final class CheckDesk {
    private final TargetConfig config;
    private final Calls calls;
    private final PeerFacts self;
    private final ProcFs proc;
    private final FileCheck files;
    private final Guests guests;
    private final StateRoom room;

    public CheckDesk(
            TargetConfig config,
            Calls calls,
            PeerFacts self,
            ProcFs proc,
            FileCheck files,
            Guests guests,
            StateRoom room) {
        this.config = config;
        this.calls = calls;
        this.self = self;
        this.proc = proc;
        this.files = files;
        this.guests = guests;
        this.room = room;
    }

    public void register() {
        calls.serve(CheckRequest.class, this::check);
    }

    private CheckReply check(NodeId from, CheckRequest request) {
        List<String> declared = config.shared().stream().map(Path::toString).toList();
        Set<String> proven = new HashSet<>();
        for (ProbeItem probe : request.getProbesList()) {
            if (SharedProbe.found(
                    declared,
                    probe.getFolder(),
                    probe.getName(),
                    probe.getSecret(),
                    probe.getInode())) {
                proven.add(probe.getFolder());
            }
        }
        MachineFacts machine = proc.machine();
        CheckReply.Builder reply =
                CheckReply.newBuilder()
                        .setCriuVersion(self.criuVersion())
                        .setKernel(self.kernel())
                        .setArch(self.arch())
                        .addAllCpuFlags(self.cpuFlags())
                        .setMemoryAvailableBytes(
                                machine.memoryAvailableBytes() - config.memoryReserveBytes())
                        .setGuests(guests.all().size())
                        .setMaxGuests(config.maxGuests())
                        .setNoRoom(room.missing().orElse(""))
                        .addAllProvenShared(proven)
                        .setHomeTree(givesTree(request.getHomeTree()));
        List<FileNeed> needs = request.getFilesList().stream().map(CheckDesk::need).toList();
        files.compare(needs, proven).forEach(m -> reply.addMismatches(item(m)));
        return reply.build();
    }

    /** At home its files are there anyway. */
    private boolean givesTree(String home) {
        return !home.isEmpty() && (home.equals(calls.self().name()) || config.homeFiles());
    }

    private static FileNeed need(FileNeedItem i) {
        return new FileNeed(
                i.getPath(),
                FileNeed.Access.valueOf(i.getAccess()),
                i.getSubject(),
                i.getSharedStorage(),
                i.getSize(),
                i.getMtimeNanos(),
                i.getMode(),
                i.getUid(),
                i.getGid(),
                i.getDev(),
                i.getIno());
    }

    private static FileMismatchItem item(FileMismatch m) {
        return FileMismatchItem.newBuilder()
                .setPath(m.path())
                .setAccess(m.access().name())
                .setKind(m.kind().name())
                .setDetail(m.detail())
                .setContentHash(m.contentHash())
                .build();
    }
}
