package io.mig.checkpoint;

import java.time.Duration;

/** CRIU's figures of a dump (stats-dump). Pages are 4 KiB on the platforms we run on. */
public record DumpStats(
        Duration freezing,
        Duration frozen,
        Duration memoryDump,
        Duration memoryWrite,
        long pagesScanned,
        long pagesWritten,
        long pagesLazy) {}
