package io.mig.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/**
 * What the node's network devices received and sent together since the look before
 * (proc_net_dev(5)), loopback left out. A bridge counts what its members carry again. For one
 * thread.
 */
final class NetworkMeter {
    /** Where the counter of what was sent stands behind that of what was received. */
    private static final int SENT = 8;

    private final Path devices;
    private final LongSupplier nanoTime;
    private long bytesBefore = -1;
    private long nanosBefore;

    NetworkMeter(Path devices, LongSupplier nanoTime) {
        this.devices = devices;
        this.nanoTime = nanoTime;
    }

    /** Bytes per second; 0 at the first look, and where the kernel does not say. */
    double bytesPerSecond() {
        long now = nanoTime.getAsLong();
        long bytes = read();
        long nanos = now - nanosBefore;
        // counters begin anew when a device does
        double rate =
                bytesBefore < 0 || bytes < bytesBefore || nanos <= 0
                        ? 0
                        : (bytes - bytesBefore) * 1e9 / nanos;
        bytesBefore = bytes;
        nanosBefore = now;
        return rate;
    }

    private long read() {
        long sum = 0;
        try {
            for (String line : Files.readAllLines(devices)) {
                int colon = line.indexOf(':');
                if (colon < 0 || line.substring(0, colon).strip().equals("lo")) {
                    continue;
                }
                String[] counters = line.substring(colon + 1).strip().split(" +");
                if (counters.length > SENT) {
                    sum += Long.parseLong(counters[0]) + Long.parseLong(counters[SENT]);
                }
            }
        } catch (IOException | NumberFormatException e) {
            return -1;
        }
        return sum;
    }
}
