package io.mig.agent.verb;

import io.mig.json.JsonObject;
import io.mig.migration.target.FileUse;
import io.mig.wire.proto.FileUseItem;

/** What guests do with files, on its way to people. */
final class FileUses {
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
