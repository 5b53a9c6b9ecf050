package io.mig.balance.policy;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One {@code [[node]]} of the file: settings for nodes whose name or label matches. Of several that
 * match, the later one wins, setting by setting.
 *
 * @param match pattern of names, or {@code label:WORD}
 * @param cordon takes nothing new
 * @param maxGuests guests at most
 * @param ownerFirst whether its owner has precedence
 * @param hours when it belongs to the owner by calendar
 * @param reserveCores processors kept for its own programs
 * @param reserveBytes memory guests must leave free
 * @param acceptWhen takes new processes only while this holds
 */
public record NodeRule(
        String match,
        Optional<Boolean> cordon,
        OptionalInt maxGuests,
        Optional<Boolean> ownerFirst,
        List<OfficeHours> hours,
        OptionalDouble reserveCores,
        OptionalLong reserveBytes,
        Optional<Expression> acceptWhen) {
    public NodeRule {
        hours = List.copyOf(hours);
    }
}
