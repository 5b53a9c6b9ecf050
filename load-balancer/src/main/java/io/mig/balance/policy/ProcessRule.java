package io.mig.balance.policy;

import io.mig.balance.view.ProcessView;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One {@code [[process]]} of the file: settings for processes that match user, command and
 * condition. Of several that match, the later one wins, setting by setting; lists add up.
 *
 * @param user pattern
 * @param command pattern
 * @param when condition over {@code process.*}; empty = always
 * @param only patterns of the only nodes it may be on (affinity that must hold); empty = all
 * @param prefer patterns of nodes it rather is on (affinity that counts)
 * @param never patterns of nodes it must not be on (anti-affinity to nodes)
 * @param apart processes of this rule do not share a node where that can be had (anti-affinity
 *     among themselves)
 * @param pin stays where it was started
 * @param priority higher ones are moved first and displaced last; 0 usual
 * @param maxPauseMillis longest freeze it puts up with
 * @param maxMovesPerHour moves at most
 * @param moveWhen moved by choice only while this holds
 */
public record ProcessRule(
        String user,
        String command,
        Optional<Expression> when,
        List<String> only,
        List<String> prefer,
        List<String> never,
        Optional<Boolean> apart,
        Optional<Boolean> pin,
        OptionalInt priority,
        OptionalLong maxPauseMillis,
        OptionalInt maxMovesPerHour,
        Optional<Expression> moveWhen) {
    public ProcessRule {
        only = List.copyOf(only);
        prefer = List.copyOf(prefer);
        never = List.copyOf(never);
    }

    /** Whether user and command match; the condition is another matter. */
    public boolean names(ProcessView process) {
        return Glob.matches(user, process.user()) && Glob.matches(command, process.command());
    }
}
