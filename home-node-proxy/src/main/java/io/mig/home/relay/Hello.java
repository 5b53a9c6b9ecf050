package io.mig.home.relay;

import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * The first frame of an endpoint: who it is. What it says is believed only after it was compared
 * with the peer's credentials.
 */
public sealed interface Hello {
    int VERSION = 1;

    /**
     * The deputy itself ({@code self == link}), or the keeper that holds its streams after it has
     * ended.
     *
     * @param link home pid, number of the link
     * @param self the pid of the speaker
     */
    record OfDeputy(int link, int self) implements Hello {
        public boolean keeper() {
            return link != self;
        }
    }

    record OfCapsule(UUID capsule) implements Hello {}

    /** Reads the text of a HELLO frame. */
    static Hello parse(String text) throws FrameException {
        Map<String, String> values = new HashMap<>();
        for (String line : text.lines().toList()) {
            for (String word : line.split(" ", -1)) {
                int equals = word.indexOf('=');
                if (equals > 0) {
                    values.put(word.substring(0, equals), word.substring(equals + 1));
                }
            }
        }
        try {
            int version = Integer.parseInt(values.getOrDefault("version", "0"));
            if (version != VERSION) {
                throw new FrameException(
                        "HELLO of version=" + version + ", this agent speaks version=" + VERSION);
            }
            String role = values.getOrDefault("role", "");
            return switch (role) {
                case "deputy", "keeper" -> {
                    int link = Integer.parseInt(values.getOrDefault("pid", ""));
                    int self = Integer.parseInt(values.getOrDefault("self", String.valueOf(link)));
                    if (link <= 1 || self <= 1 || role.equals("deputy") != (link == self)) {
                        throw new FrameException(
                                "HELLO role=" + role + " pid=" + link + " self=" + self);
                    }
                    yield new OfDeputy(link, self);
                }
                case "capsule" -> new OfCapsule(UUID.fromString(values.getOrDefault("id", "")));
                default -> throw new FrameException("HELLO of unknown role=" + role);
            };
        } catch (IllegalArgumentException e) {
            throw new FrameException("HELLO cannot be read: " + e.getMessage());
        }
    }
}
