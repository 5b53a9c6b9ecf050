package io.mig.checkpoint;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * What to restore and how. Build with {@link #of}.
 *
 * @param images where the images are and the log goes
 * @param shellJob the images were made with shellJob: the root gets session, process group and
 *     terminal (stdin) of criu
 * @param rstSibling the root becomes a sibling of criu (a child of criu's parent) instead of its
 *     child
 * @param inheritFds descriptors of the criu process that replace things of the images
 * @param external CRIU's {@code TYPE[ID]:NAME} strings (mnt, dev, veth); descriptors go into {@code
 *     inheritFds}
 * @param lazyPages leave memory to a lazy-pages server whose socket is in the work directory
 * @param mntnsCompat CRIU's old mount engine
 */
public record RestoreRequest(
        ImagesLocation images,
        boolean shellJob,
        boolean rstSibling,
        List<InheritFd> inheritFds,
        List<String> external,
        boolean fileLocks,
        boolean tcpEstablished,
        boolean extUnixSk,
        boolean lazyPages,
        boolean mntnsCompat,
        boolean skipFileRwxCheck,
        OptionalLong cpuCapabilities,
        CriuOptions options) {

    public RestoreRequest {
        Objects.requireNonNull(images);
        Objects.requireNonNull(options);
        inheritFds = List.copyOf(inheritFds);
        external = List.copyOf(external);
    }

    public static Builder of(Path imagesDir) {
        return new Builder(imagesDir);
    }

    /** Collects the options; not thread-safe. */
    public static final class Builder {
        private ImagesLocation images;
        private boolean shellJob = true;
        private boolean rstSibling;
        private final List<InheritFd> inheritFds = new ArrayList<>();
        private final List<String> external = new ArrayList<>();
        private boolean fileLocks;
        private boolean tcpEstablished;
        private boolean extUnixSk;
        private boolean lazyPages;
        private boolean mntnsCompat;
        private boolean skipFileRwxCheck;
        private OptionalLong cpuCapabilities = OptionalLong.empty();
        private CriuOptions options = CriuOptions.defaults("restore.log");

        private Builder(Path imagesDir) {
            this.images = ImagesLocation.same(imagesDir);
        }

        /** For a criu process that sees the directory under another path than we do. */
        public Builder imagesAsSeenByCriu(String path) {
            images = new ImagesLocation(images.local(), path);
            return this;
        }

        public Builder shellJob(boolean value) {
            shellJob = value;
            return this;
        }

        public Builder rstSibling(boolean value) {
            rstSibling = value;
            return this;
        }

        public Builder inheritFd(String key, int fd) {
            inheritFds.add(new InheritFd(key, fd));
            return this;
        }

        public Builder inheritFds(List<InheritFd> values) {
            inheritFds.addAll(values);
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

        public Builder mntnsCompat(boolean value) {
            mntnsCompat = value;
            return this;
        }

        /** Do not compare a file's permission bits with those at the dump. */
        public Builder skipFileRwxCheck(boolean value) {
            skipFileRwxCheck = value;
            return this;
        }

        public Builder cpuCapabilities(long bits) {
            cpuCapabilities = OptionalLong.of(bits);
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

        public RestoreRequest build() {
            return new RestoreRequest(
                    images,
                    shellJob,
                    rstSibling,
                    inheritFds,
                    external,
                    fileLocks,
                    tcpEstablished,
                    extUnixSk,
                    lazyPages,
                    mntnsCompat,
                    skipFileRwxCheck,
                    cpuCapabilities,
                    options);
        }
    }
}
