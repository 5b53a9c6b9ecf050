package io.mig.agent.verb;

import io.mig.json.JsonObject;
import io.mig.migration.Calls;
import io.mig.migration.Protos;
import io.mig.migration.target.FileUse;
import io.mig.model.HomePid;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.wire.proto.FileUseItem;
import io.mig.wire.proto.GuestItem;
import io.mig.wire.proto.PsReply;
import io.mig.wire.proto.PsRequest;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What guests do with files, on its way to people. */
final class FileUses {
    private static final Logger LOG = LoggerFactory.getLogger(FileUses.class);
    private static final Duration PATIENCE = Duration.ofMillis(1500);

    private FileUses() {}

    static FileUseItem item(FileUse use) {
        return FileUseItem.newBuilder()
                .setOperations(use.operations())
                .setHomeRead(use.homeRead())
                .setHomeWritten(use.homeWritten())
                .setDirectRead(use.direct().read())
                .setDirectWritten(use.direct().written())
                .setWaits(use.waits())
                .build();
    }

    /** Asks the node where a process is; nothing when it does not answer. */
    static Optional<FileUseItem> asked(Calls calls, NodeId host, HomePid process) {
        try {
            return calls
                    .ask(host, PsRequest.getDefaultInstance(), PsReply.class, PATIENCE)
                    .getHostedList()
                    .stream()
                    .filter(g -> Protos.process(g.getProcess()).equals(process))
                    .filter(GuestItem::hasFiles)
                    .map(GuestItem::getFiles)
                    .findFirst();
        } catch (MigException e) {
            LOG.debug("nothing known of files: host={} {}", host, e.getMessage());
            return Optional.empty();
        }
    }

    static JsonObject json(FileUseItem item) {
        JsonObject.Builder files =
                JsonObject.builder()
                        .put("operations", item.getOperations())
                        .put("homeReadBytes", item.getHomeRead())
                        .put("homeWrittenBytes", item.getHomeWritten())
                        .put("directReadBytes", item.getDirectRead())
                        .put("directWrittenBytes", item.getDirectWritten());
        if (!item.getWaits().isEmpty()) {
            files.put("why", item.getWaits());
        }
        return files.build();
    }
}
