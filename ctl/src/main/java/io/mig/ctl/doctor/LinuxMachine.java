package io.mig.ctl.doctor;

import io.mig.ctl.host.HostCommand;
import io.mig.ctl.host.HostException;
import io.mig.ctl.host.HostMounts;
import io.mig.ctl.lab.LabMain;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;

/** The machine this runs on. */
final class LinuxMachine implements Machine {
    private static final String SYSTEM_PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static final int MOST_BYTES = 1 << 16;

    private final Kernel kernel = new LinuxKernel();
    private final InstantSource clock;

    LinuxMachine(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * Read with one big read: a file of numbers below /proc/sys answers only the first one, and
     * {@link Files#readString} begins with a single byte of what claims to be empty.
     */
    @Override
    public Optional<String> text(String file) {
        try (InputStream in = new FileInputStream(file)) {
            return Optional.of(
                    new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Override
    public boolean exists(String path) {
        return Files.exists(Path.of(path));
    }

    @Override
    public Optional<String> fileSystem(String path) {
        try {
            return Optional.of(Files.getFileStore(Path.of(path)).type());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Override
    public Optional<Path> program(String name) {
        return Arrays.stream(SYSTEM_PATH.split(":"))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    @Override
    public HostCommand.Outcome run(String... command) {
        try {
            return HostCommand.run(command);
        } catch (HostException e) {
            return new HostCommand.Outcome(127, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public HostMounts mounts() {
        return HostMounts.read();
    }

    @Override
    public Kernel kernel() {
        return kernel;
    }

    @Override
    public boolean root() {
        return "root".equals(System.getProperty("user.name"));
    }

    @Override
    public int javaVersion() {
        return Runtime.version().feature();
    }

    @Override
    public long now() {
        return clock.instant().getEpochSecond();
    }

    @Override
    public Path home() {
        return LabMain.home();
    }
}
