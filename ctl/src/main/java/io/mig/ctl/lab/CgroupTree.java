package io.mig.ctl.lab;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A cgroup v2 and all below it. Everything that belongs to a lab runs in the lab's cgroup, so that
 * the kernel can end it at once, whatever state the lab is in ({@code cgroup.kill}, Linux 5.14).
 */
record CgroupTree(Path path) {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    boolean exists() {
        return Files.isDirectory(path);
    }

    void create() {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new LabException("cannot create the cgroup " + path + ": " + e.getMessage(), e);
        }
    }

    /** Ends every process in it, frozen or not, and waits until none is left. */
    void kill() {
        if (!exists()) {
            return;
        }
        try {
            Files.writeString(path.resolve("cgroup.kill"), "1");
        } catch (IOException e) {
            throw new LabException(
                    "cannot end the processes of the cgroup " + path + ": " + e.getMessage(), e);
        }
        Patience.until(
                PATIENCE, "the processes of the cgroup " + path + " to end", () -> !populated());
    }

    /** Removes it and all below it; its processes must have ended. */
    void remove() {
        if (exists()) {
            Patience.until(
                    PATIENCE, "the cgroup " + path + " to become removable", () -> removed(path));
        }
    }

    private boolean populated() {
        try {
            return Files.readString(path.resolve("cgroup.events")).contains("populated 1");
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean removed(Path cgroup) {
        try (DirectoryStream<Path> below = Files.newDirectoryStream(cgroup, Files::isDirectory)) {
            boolean all = true;
            for (Path child : below) {
                all &= removed(child);
            }
            if (all) {
                Files.delete(cgroup);
            }
            return all;
        } catch (IOException e) {
            return !Files.exists(cgroup); // busy for as long as a dead process is not reaped
        }
    }
}
