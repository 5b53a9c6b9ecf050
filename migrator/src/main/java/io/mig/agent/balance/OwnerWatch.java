package io.mig.agent.balance;

import io.mig.balance.policy.OfficeHours;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Whether the owner of this node is at work: he says so ({@code mig owner}), a calendar of the
 * policy says so, or somebody has typed on a console or a pseudo-terminal lately. The kernel notes
 * the last input of a terminal as its access time, to eight seconds (tty_update_time in
 * drivers/tty/tty_io.c), which is what w(1) shows as idle time. One owner thread.
 */
final class OwnerWatch {
    private final Path devices;
    private Optional<Boolean> told = Optional.empty();
    private OptionalLong since = OptionalLong.empty();

    /**
     * @param devices {@code /dev}
     */
    OwnerWatch(Path devices) {
        this.devices = devices;
    }

    /** The owner says it himself; empty: look at terminals again. */
    void tell(Optional<Boolean> present) {
        told = present;
    }

    /** Since when he has been here, by the balancer's clock; empty when he is not. */
    OptionalLong since() {
        return since;
    }

    /**
     * Looks again.
     *
     * @return whether that has changed
     */
    boolean refresh(boolean ownerFirst, List<OfficeHours> hours, Duration idleAfter, long now) {
        boolean here =
                ownerFirst
                        && told.orElseGet(
                                () ->
                                        hours.stream()
                                                        .anyMatch(
                                                                h ->
                                                                        h.contains(
                                                                                LocalDateTime.now(
                                                                                        ZoneId
                                                                                                .systemDefault())))
                                                || typedSince(Instant.now().minus(idleAfter)));
        if (here == since.isPresent()) {
            return false;
        }
        since = here ? OptionalLong.of(now) : OptionalLong.empty();
        return true;
    }

    private boolean typedSince(Instant when) {
        return typedSince(devices, "tty[1-9]*", when)
                || typedSince(devices.resolve("pts"), "[0-9]*", when);
    }

    private static boolean typedSince(Path directory, String names, Instant when) {
        try (DirectoryStream<Path> terminals = Files.newDirectoryStream(directory, names)) {
            for (Path terminal : terminals) {
                BasicFileAttributes a = Files.readAttributes(terminal, BasicFileAttributes.class);
                // a terminal that nobody has typed on has the times of its making
                boolean used = !a.lastAccessTime().equals(a.creationTime());
                if (used && a.lastAccessTime().toInstant().isAfter(when)) {
                    return true;
                }
            }
        } catch (IOException e) {
            return false; // none there
        }
        return false;
    }
}
