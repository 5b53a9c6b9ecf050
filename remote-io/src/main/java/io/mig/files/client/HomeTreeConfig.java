package io.mig.files.client;

import io.mig.files.fuse.FuseConfig;
import io.mig.files.fuse.Kept;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a home's tree is mounted.
 *
 * @param giveUp how long operations wait for a home that is away before they fail with EIO
 * @param callers as whom home is asked
 * @param anchors absolute paths in the tree over which something else is mounted: the kernel is
 *     never told to forget their names, because it would take those mounts off
 * @param kept who holds the mount; null: it is made here and ends with us
 * @param memory file on tmpfs by which a next agent can go on with a kept mount; null: none can
 */
public record HomeTreeConfig(
        FuseConfig fuse,
        Duration giveUp,
        Callers callers,
        List<String> anchors,
        @Nullable Kept kept,
        @Nullable Path memory,
        @Nullable ContentCache cache) {
    public HomeTreeConfig {
        anchors = List.copyOf(anchors);
    }

    public static HomeTreeConfig of(FuseConfig fuse) {
        return new HomeTreeConfig(
                fuse, Duration.ofMinutes(5), Callers.plain(), List.of(), null, null, null);
    }
}
