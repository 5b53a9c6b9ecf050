package io.mig.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Debian packages that are fetched but not installed ({@code tests/setup/fetch-packages.sh}). */
public final class Packages {
    private Packages() {}

    /**
     * Fetches packages and what they need into a folder.
     *
     * @return empty when they are there, otherwise what is in the way
     */
    public static Optional<String> binary(Path home, Path folder, String... packages) {
        List<String> arguments = new ArrayList<>(List.of("binary", folder.toString()));
        arguments.addAll(List.of(packages));
        return run(home, arguments);
    }

    /**
     * Fetches the original source of a package: {@code FOLDER/NAME.orig.tar}.
     *
     * @return empty when it is there, otherwise what is in the way
     */
    public static Optional<String> source(Path home, Path folder, String name) {
        return run(home, List.of("source", folder.toString(), name));
    }

    private static Optional<String> run(Path home, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(home.resolve("tests/setup/fetch-packages.sh").toString());
        command.addAll(arguments);
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            byte[] said = process.getInputStream().readAllBytes();
            return process.waitFor() == 0
                    ? Optional.empty()
                    : Optional.of(new String(said, StandardCharsets.UTF_8).strip());
        } catch (IOException e) {
            return Optional.of(command.getFirst() + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while packages are fetched", e);
        }
    }
}
