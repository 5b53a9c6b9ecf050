package io.mig.ctl.command;

import io.mig.ctl.render.Screen;
import io.mig.json.JsonObject;
import io.mig.pki.NodeIdentity;
import java.nio.file.Path;

/** A node's new identity as the user sees it. */
final class Identities {
    private Identities() {}

    static void print(Screen out, NodeIdentity identity, Path directory) {
        out.line(
                "node="
                        + identity.node()
                        + " is a member of cluster="
                        + identity.cluster()
                        + " until "
                        + identity.expires()
                        + ", certificate in "
                        + directory);
    }

    static JsonObject json(NodeIdentity identity, Path directory) {
        return JsonObject.builder()
                .put("node", identity.node().name())
                .put("cluster", identity.cluster())
                .put("expires", identity.expires().toString())
                .put("directory", directory.toString())
                .build();
    }
}
