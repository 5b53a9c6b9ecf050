package io.mig.migration.source;

import io.mig.migration.Calls;
import io.mig.migration.preflight.ContentHash;
import io.mig.migration.preflight.FileMismatch;
import io.mig.migration.preflight.FileNeed;
import io.mig.migration.preflight.FileNeeds;
import io.mig.migration.preflight.PreflightPolicy;
import io.mig.migration.preflight.SharedProbe;
import io.mig.migration.preflight.SourceFacts;
import io.mig.migration.preflight.TargetFacts;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.wire.proto.CheckReply;
import io.mig.wire.proto.CheckRequest;
import io.mig.wire.proto.FileMismatchItem;
import io.mig.wire.proto.FileNeedItem;
import io.mig.wire.proto.ProbeItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks a node what it has of what a tree needs. Changes nothing there. */
final class TargetQuery {
    private static final Logger LOG = LoggerFactory.getLogger(TargetQuery.class);

    private final Calls calls;

    TargetQuery(Calls calls) {
        this.calls = calls;
    }

    /** Facts of the target; a node that does not answer is a fact as well. */
    TargetFacts ask(NodeId target, SourceFacts source, PreflightPolicy policy) {
        List<SharedProbe> probes = new ArrayList<>();
        try {
            CheckRequest.Builder request = CheckRequest.newBuilder();
            write(probes, target, source, policy);
            for (SharedProbe probe : probes) {
                request.addProbes(
                        ProbeItem.newBuilder()
                                .setFolder(probe.folder())
                                .setName(probe.name())
                                .setSecret(probe.secret())
                                .setInode(probe.inode()));
            }
            request.setHomeTree(policy.homeTree());
            boolean own = policy.homeTree().isEmpty();
            if (own) {
                FileNeeds.of(source, policy).forEach(n -> request.addFiles(item(n)));
            }
            CheckReply reply = calls.ask(target, request.build(), CheckReply.class);
            if (!own && !reply.getHomeTree() && source.capsule().isEmpty()) {
                // it knows nothing of home's files: then its own have to do
                return ask(target, source, policy.withHomeTree(""));
            }
            probes.stream()
                    .filter(probe -> !reply.getProvenSharedList().contains(probe.folder()))
                    .forEach(
                            probe ->
                                    LOG.info(
                                            "not the same storage, so not direct: folder={} target={}",
                                            probe.folder(),
                                            target));
            return facts(target, source.pid(), reply);
        } catch (MigException | IOException e) {
            return TargetFacts.unreachable(target.name(), String.valueOf(e.getMessage()));
        } finally {
            probes.forEach(TargetQuery::remove);
        }
    }

    /**
     * Folders in which the tree uses something must be the same storage there. With home's files as
     * its root, all others are tried as well: what is the same is bound, the rest goes through
     * home.
     */
    private static void write(
            List<SharedProbe> probes, NodeId target, SourceFacts source, PreflightPolicy policy)
            throws IOException {
        Set<String> needed = FileNeeds.sharedFolders(source, policy);
        for (String folder : needed) {
            probes.add(SharedProbe.write(folder));
        }
        if (policy.homeTree().isEmpty() || policy.homeTree().equals(target.name())) {
            return;
        }
        for (String folder : policy.shared()) {
            if (!needed.contains(folder) && direct(source, folder)) {
                try {
                    probes.add(SharedProbe.write(folder));
                } catch (IOException e) {
                    LOG.info("not tried as direct storage: folder={} {}", folder, e.toString());
                }
            }
        }
    }

    /** A guest's folder is this node's only if it was proven to be and bound when it came. */
    private static boolean direct(SourceFacts source, String folder) throws IOException {
        if (source.capsule().isEmpty()) {
            return true;
        }
        // proc_pid_mountinfo(5): field 5 is the mount point as the process sees it
        Path mounts = Path.of("/proc", Integer.toString(source.pid()), "mountinfo");
        try (Stream<String> lines = Files.lines(mounts)) {
            return lines.map(line -> line.split(" ", 6))
                    .anyMatch(fields -> fields.length > 4 && fields[4].equals(folder));
        }
    }

    private static void remove(SharedProbe probe) {
        try {
            probe.close();
        } catch (IOException e) {
            LOG.warn("probe file stays: folder={} name={}", probe.folder(), probe.name(), e);
        }
    }

    private static FileNeedItem item(FileNeed n) {
        return FileNeedItem.newBuilder()
                .setPath(n.path())
                .setAccess(n.access().name())
                .setSubject(n.subject())
                .setSharedStorage(n.sharedStorage())
                .setSize(n.size())
                .setMtimeNanos(n.mtimeNanos())
                .setMode(n.mode())
                .setUid(n.uid())
                .setGid(n.gid())
                .setDev(n.dev())
                .setIno(n.ino())
                .build();
    }

    private static TargetFacts facts(NodeId target, int pid, CheckReply reply) {
        List<FileMismatch> mismatches = new ArrayList<>();
        for (FileMismatchItem m : reply.getMismatchesList()) {
            mismatches.add(
                    new FileMismatch(
                            m.getPath(),
                            FileNeed.Access.valueOf(m.getAccess()),
                            FileMismatch.Kind.valueOf(m.getKind()),
                            m.getDetail(),
                            m.getContentHash()));
        }
        return new TargetFacts(
                target.name(),
                java.util.Optional.empty(),
                reply.getCriuVersion(),
                reply.getKernel(),
                reply.getArch(),
                Set.copyOf(reply.getCpuFlagsList()),
                reply.getMemoryAvailableBytes(),
                reply.getGuests(),
                reply.getMaxGuests(),
                reply.getNoRoom(),
                Set.copyOf(reply.getProvenSharedList()),
                // files of another time but the same content are no mismatch
                new ContentHash().settle(mismatches, Path.of("/proc/" + pid + "/root")),
                reply.getHomeTree());
    }
}
