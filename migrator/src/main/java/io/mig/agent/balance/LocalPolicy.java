package io.mig.agent.balance;

import io.mig.balance.policy.Policy;
import io.mig.balance.policy.PolicyException;
import io.mig.balance.policy.PolicyFile;
import io.mig.balance.policy.PolicyInForce;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The policy file of this node, read again when it changes. A file with a fault is refused as a
 * whole, with all its problems, and what was in force stays. One owner thread.
 */
final class LocalPolicy {
    private static final Logger LOG = LoggerFactory.getLogger(LocalPolicy.class);

    private final Path file;
    private final PolicyInForce inForce;
    private final Events events;
    private String seen = "";
    private String problems = "";

    LocalPolicy(Path file, PolicyInForce inForce, Events events) {
        this.file = file;
        this.inForce = inForce;
        this.events = events;
    }

    Path file() {
        return file;
    }

    /** Why the file on disk is not in force; empty when it is. */
    String problems() {
        return problems;
    }

    /** Looks whether the file has changed: one stat(2). */
    void refresh() {
        String now = stamp();
        if (now.equals(seen)) {
            return;
        }
        boolean first = seen.isEmpty();
        seen = now;
        try {
            Policy policy =
                    now.equals("none") ? Policy.USUAL : PolicyFile.parse(Files.readString(file));
            problems = "";
            boolean holds = inForce.offerLocal(policy);
            if (!first || !now.equals("none")) {
                events.add(
                        "policy",
                        holds
                                ? "the policy of " + file + " is in force"
                                : "the policy of " + file + " waits: a signed one is in force");
            }
        } catch (PolicyException e) {
            problems = String.valueOf(e.getMessage());
            events.add("policy", file + " is refused, the old policy stays: " + problems);
        } catch (IOException e) {
            problems = "cannot be read: " + e.getMessage();
            LOG.warn("policy file cannot be read, the old one stays: file={}", file, e);
        }
    }

    private String stamp() {
        try {
            BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
            return a.lastModifiedTime() + " " + a.size() + " " + a.fileKey();
        } catch (NoSuchFileException e) {
            return "none";
        } catch (IOException e) {
            return "unreadable " + e.getMessage();
        }
    }
}
