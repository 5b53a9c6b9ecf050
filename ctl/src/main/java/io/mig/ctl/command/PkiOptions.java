package io.mig.ctl.command;

import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.pki.PkiCommands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Options of the commands about the cluster's trust. They work on files of this node and need no
 * agent.
 */
final class PkiOptions {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    @Option(
            names = "--pki-dir",
            paramLabel = "DIR",
            description = "Where keys and certificates are (default: ${DEFAULT-VALUE}).")
    private Path directory = Path.of("/etc/mig/pki");

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    Path directory() {
        return directory;
    }

    boolean json() {
        return json;
    }

    /** Loads the classes about certificates, half a second, only when they are needed. */
    PkiCommands commands() {
        return new PkiCommands(directory, InstantSource.system());
    }

    /** The named node; this machine's host name without its domain when no name is given. */
    static NodeId node(@Nullable String name) throws IOException {
        String text =
                name == null ? hostName().replaceFirst("\\..*", "").toLowerCase(Locale.ROOT) : name;
        try {
            return new NodeId(text);
        } catch (IllegalArgumentException e) {
            throw new RefusedException(
                    ErrorCode.BAD_REQUEST,
                    e.getMessage() + (name == null ? "; give a name with --node NAME" : ""));
        }
    }

    static String hostName() throws IOException {
        return Files.readString(HOST_NAME).strip();
    }
}
