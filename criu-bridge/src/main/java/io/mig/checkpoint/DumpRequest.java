package io.mig.checkpoint;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What to dump and how. Build with {@link #of}; the defaults are the ones a move needs: the tree
 * stays alive and frozen, cgroups are left alone, a root that is not a session leader is fine.
 *
 * @param pid root of the tree, in the pid namespace of the criu process
 * @param images where the images and the log go
 * @param leaveRunning false kills the tree when the dump succeeded
 * @param freezeCgroup directory of the cgroup v2 leaf that holds exactly the tree, as the criu
 *     process sees it. CRIU thaws it under ptrace and, when it was frozen before, freezes it again
 *     before it lets go
 * @param shellJob accept a root whose session leader stays outside, and one terminal that belongs
 *     to that session
 * @param external CRIU's {@code TYPE[ID]:NAME} strings of things that stay outside, for example
 *     {@code tty[8801:18]} or {@code unix[1234]}
 * @param fileLocks dump POSIX and flock locks (else a process that holds one is refused)
 * @param tcpEstablished dump live TCP connections
 * @param extUnixSk accept unix datagram sockets with a peer outside
 * @param lazyPages leave lazily restorable pages out of the images (for a later page transport)
 * @param trackMemory turn on dirty tracking (needs soft-dirty)
 * @param linkRemap allow CRIU to make temporary hard links for deleted files
 * @param ghostLimitBytes largest deleted file that is carried in the images
 * @param cpuCapabilities CRIU's cpu-cap bits, empty for its default
 * @param skipMounts mounts below these points are not looked at
 */
public record DumpRequest(
        int pid,
        ImagesLocation images,
        boolean leaveRunning,
        Optional<Path> freezeCgroup,
        boolean shellJob,
        List<String> external,
        boolean fileLocks,
        boolean tcpEstablished,
        boolean extUnixSk,
        boolean lazyPages,
        boolean trackMemory,
        boolean linkRemap,
        OptionalLong ghostLimitBytes,
        OptionalLong cpuCapabilities,
        List<String> skipMounts,
        CriuOptions options) {

    public DumpRequest {
        Objects.requireNonNull(images);
        Objects.requireNonNull(options);
        if (pid <= 1) {
            throw new IllegalArgumentException("cannot dump pid=" + pid);
        }
        if (ghostLimitBytes.isPresent()
                && (ghostLimitBytes.getAsLong() < 0
                        || ghostLimitBytes.getAsLong() > 0xffff_ffffL)) {
            throw new IllegalArgumentException(
                    "ghost limit is a 32-bit number of bytes: " + ghostLimitBytes);
        }
        external = List.copyOf(external);
        skipMounts = List.copyOf(skipMounts);
    }

    public static Builder of(int pid, Path imagesDir) {
        return new Builder(pid, imagesDir);
    }

    /** Collects the options; not thread-safe. */
    public static final class Builder {
        private final int pid;
        private ImagesLocation images;
        private boolean leaveRunning = true;
        private Optional<Path> freezeCgroup = Optional.empty();
        private boolean shellJob = true;
        private final List<String> external = new ArrayList<>();
        private boolean fileLocks;
        private boolean tcpEstablished;
        private boolean extUnixSk;
        private boolean lazyPages;
        private boolean trackMemory;
        private boolean linkRemap;
        private OptionalLong ghostLimitBytes = OptionalLong.empty();
        private OptionalLong cpuCapabilities = OptionalLong.empty();
        private final List<String> skipMounts = new ArrayList<>();
        private CriuOptions options = CriuOptions.defaults("dump.log");

        private Builder(int pid, Path imagesDir) {
            this.pid = pid;
            this.images = ImagesLocation.same(imagesDir);
        }

        /** For a criu process that sees the directory under another path than we do. */
        public Builder imagesAsSeenByCriu(String path) {
            images = new ImagesLocation(images.local(), path);
            return this;
        }

        public Builder leaveRunning(boolean value) {
            leaveRunning = value;
            return this;
        }

        public Builder freezeCgroup(Path leafDirectory) {
            freezeCgroup = Optional.of(leafDirectory);
            return this;
        }

        public Builder shellJob(boolean value) {
            shellJob = value;
            return this;
        }

        public Builder external(String key) {
            external.add(key);
            return this;
        }

        public Builder fileLocks(boolean value) {
            fileLocks = value;
            return this;
        }

        public Builder tcpEstablished(boolean value) {
            tcpEstablished = value;
            return this;
        }

        public Builder extUnixSk(boolean value) {
            extUnixSk = value;
            return this;
        }

        public Builder lazyPages(boolean value) {
            lazyPages = value;
            return this;
        }

        public Builder trackMemory(boolean value) {
            trackMemory = value;
            return this;
        }

        public Builder linkRemap(boolean value) {
            linkRemap = value;
            return this;
        }

        public Builder ghostLimitBytes(long value) {
            ghostLimitBytes = OptionalLong.of(value);
            return this;
        }

        public Builder cpuCapabilities(long bits) {
            cpuCapabilities = OptionalLong.of(bits);
            return this;
        }

        public Builder skipMount(String mountPoint) {
            skipMounts.add(mountPoint);
            return this;
        }

        public Builder logLevel(int value) {
            options = options.withLogLevel(value);
            return this;
        }

        public Builder logFile(String name) {
            options = options.withLogFile(name);
            return this;
        }

        public Builder answerTimeout(Duration value) {
            options = options.withAnswerTimeout(value);
            return this;
        }

        public Builder configFile(String pathAsSeenByCriu) {
            options = options.withConfigFile(pathAsSeenByCriu);
            return this;
        }

        public DumpRequest build() {
            return new DumpRequest(
                    pid,
                    images,
                    leaveRunning,
                    freezeCgroup,
                    shellJob,
                    external,
                    fileLocks,
                    tcpEstablished,
                    extUnixSk,
                    lazyPages,
                    trackMemory,
                    linkRemap,
                    ghostLimitBytes,
                    cpuCapabilities,
                    skipMounts,
                    options);
        }
    }
}
