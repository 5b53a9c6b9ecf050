package io.mig.fault;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an agent pretends, so that tests can see how others take it. Read from the environment of an
 * agent: {@code MIG_PRETEND=clock:+180s,idle,protocol:0}, any of them.
 *
 * @param clockOffset how far its clock is ahead of the machine's; certificates are still judged by
 *     the machine's
 * @param idle whether it tells others, and itself, that nothing runs here
 * @param protocol the only protocol of agents that it says it speaks
 */
public record Pretence(Duration clockOffset, boolean idle, OptionalInt protocol) {
    /** An honest agent. */
    public static final Pretence NONE = new Pretence(Duration.ZERO, false, OptionalInt.empty());

    private static final Pattern CLOCK = Pattern.compile("clock:([+-]?[0-9]{1,9})s");
    private static final Pattern PROTOCOL = Pattern.compile("protocol:([0-9]{1,4})");

    /**
     * Reads the words of {@code MIG_PRETEND}.
     *
     * @throws IllegalArgumentException naming what is no such word
     */
    public static Pretence parse(String text) {
        Pretence all = NONE;
        for (String part : text.split(",")) {
            String word = part.strip();
            Matcher clock = CLOCK.matcher(word);
            Matcher protocol = PROTOCOL.matcher(word);
            if (clock.matches()) {
                Duration offset = Duration.ofSeconds(Long.parseLong(clock.group(1)));
                all = new Pretence(offset, all.idle, all.protocol);
            } else if (protocol.matches()) {
                OptionalInt version = OptionalInt.of(Integer.parseInt(protocol.group(1)));
                all = new Pretence(all.clockOffset, all.idle, version);
            } else if (word.equals("idle")) {
                all = new Pretence(all.clockOffset, true, all.protocol);
            } else if (!word.isEmpty()) {
                throw new IllegalArgumentException(
                        "MIG_PRETEND word="
                                + word
                                + " is unknown; known: clock:+SECONDSs, idle, protocol:NUMBER");
            }
        }
        return all;
    }
}
