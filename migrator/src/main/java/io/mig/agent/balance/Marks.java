package io.mig.agent.balance;

import io.mig.model.NodeId;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the environment that a program was started with says to the balancer. {@code mig run} and
 * {@code mig shell} set it, every descendant inherits it, and a body keeps it wherever it is
 * restored (proc_pid_environ(5): the initial environment, which a program's later changes do not
 * touch).
 *
 * @param managed whether it was started below {@code mig run} or {@code mig shell}
 * @param on the node that {@code mig run --on} named
 * @param first the node that {@code firstPid} shall go to as soon as it runs, once
 * @param firstPid the program that {@code mig run --best} became
 * @param maxPauseMillis what {@code mig run --max-pause} named
 * @param shell pid of the shell that {@code mig shell} became: itself it stays where it is
 */
record Marks(
        boolean managed,
        Optional<NodeId> on,
        Optional<NodeId> first,
        int firstPid,
        int shell,
        OptionalLong maxPauseMillis) {
    static final Marks NONE =
            new Marks(false, Optional.empty(), Optional.empty(), 0, 0, OptionalLong.empty());

    static final String MANAGED = "MIG_MANAGED=";
    static final String ON = "MIG_ON=";
    static final String FIRST = "MIG_FIRST=";
    static final String SHELL = "MIG_SHELL=";
    static final String MAX_PAUSE = "MIG_MAX_PAUSE=";

    /** Reads an environment as the kernel shows it: settings, each ended by a zero byte. */
    static Marks of(byte[] environment) {
        String text = new String(environment, StandardCharsets.ISO_8859_1);
        boolean managed = false;
        Optional<NodeId> on = Optional.empty();
        Optional<NodeId> first = Optional.empty();
        int firstPid = 0;
        int shell = 0;
        OptionalLong maxPause = OptionalLong.empty();
        for (int at = 0; at < text.length(); ) {
            int end = text.indexOf('\0', at);
            end = end < 0 ? text.length() : end;
            if (text.startsWith("MIG_", at)) {
                String setting = text.substring(at, end);
                if (setting.equals(MANAGED + "1")) {
                    managed = true;
                } else if (setting.startsWith(ON)) {
                    on = node(setting.substring(ON.length()));
                } else if (setting.startsWith(FIRST)) {
                    int colon = setting.indexOf(':');
                    firstPid =
                            number(
                                    setting.substring(
                                            FIRST.length(), Math.max(FIRST.length(), colon)));
                    first = node(setting.substring(colon + 1));
                } else if (setting.startsWith(SHELL)) {
                    shell = number(setting.substring(SHELL.length()));
                } else if (setting.startsWith(MAX_PAUSE)) {
                    int millis = number(setting.substring(MAX_PAUSE.length()));
                    maxPause = millis > 0 ? OptionalLong.of(millis) : OptionalLong.empty();
                }
            }
            at = end + 1;
        }
        return new Marks(managed, on, first, firstPid, shell, maxPause);
    }

    private static Optional<NodeId> node(String name) {
        try {
            return Optional.of(new NodeId(name));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // any user writes what he likes there
        }
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
