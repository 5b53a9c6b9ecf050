package io.mig.ctl.doctor;

import io.mig.ctl.host.HostCommand;
import io.mig.ctl.host.HostMounts;
import java.nio.file.Path;
import java.util.Optional;

/** The machine that is examined; tests have one of paper. */
interface Machine {
    /** The text of a file, stripped; empty when it cannot be read. */
    Optional<String> text(String file);

    /** Whether a path exists. */
    boolean exists(String path);

    /** The file system type at a path, e.g. {@code tmpfs}; empty when unknown. */
    Optional<String> fileSystem(String path);

    /** Where a program is on the PATH. */
    Optional<Path> program(String name);

    HostCommand.Outcome run(String... command);

    HostMounts mounts();

    Kernel kernel();

    boolean root();

    int javaVersion();

    /** Seconds since 1970, by this machine's clock. */
    long now();

    /** The folder with the {@code mig} script. */
    Path home();
}
