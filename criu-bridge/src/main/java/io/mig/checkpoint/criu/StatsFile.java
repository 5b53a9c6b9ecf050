package io.mig.checkpoint.criu;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.DumpStats;
import io.mig.checkpoint.image.ImageFile;
import io.mig.checkpoint.image.ImageType;
import io.mig.checkpoint.image.proto.CriuImages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Reads the figures CRIU leaves behind; their absence is no failure. */
final class StatsFile {
    private StatsFile() {}

    static Optional<DumpStats> dump(Path imagesDir) {
        Path file = imagesDir.resolve("stats-dump");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        List<CriuImages.Stats> entries;
        try {
            entries = ImageFile.read(file, ImageType.STATS, CriuImages.Stats.parser());
        } catch (CheckpointException unreadable) {
            return Optional.empty();
        }
        return entries.stream()
                .findFirst()
                .map(CriuImages.Stats::getDump)
                .map(
                        found ->
                                new DumpStats(
                                        micros(found.getFreezingTime()),
                                        micros(found.getFrozenTime()),
                                        micros(found.getMemdumpTime()),
                                        micros(found.getMemwriteTime()),
                                        found.getPagesScanned(),
                                        found.getPagesWritten(),
                                        found.getPagesLazy()));
    }

    private static Duration micros(int value) {
        return Duration.of(Integer.toUnsignedLong(value), ChronoUnit.MICROS);
    }
}
