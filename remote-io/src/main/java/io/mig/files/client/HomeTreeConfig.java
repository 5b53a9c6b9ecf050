package io.mig.files.client;

import io.mig.files.fuse.FuseConfig;
import java.time.Duration;

/**
 * How a home's tree is mounted.
 *
 * @param giveUp how long operations wait for a home that is away before they fail with EIO
 * @param callers as whom home is asked
 */
public record HomeTreeConfig(FuseConfig fuse, Duration giveUp, Callers callers) {
    public static HomeTreeConfig of(FuseConfig fuse) {
        return new HomeTreeConfig(fuse, Duration.ofMinutes(5), Callers.plain());
    }
}
