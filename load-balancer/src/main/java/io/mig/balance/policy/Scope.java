package io.mig.balance.policy;

import java.util.List;

/**
 * Which processes are managed besides what was started by {@code mig run} and {@code mig shell}.
 * Entries are patterns with {@code *} and {@code ?}. Exclusions win.
 */
public record Scope(
        List<String> users,
        List<String> groups,
        List<String> cgroups,
        List<String> commands,
        List<String> excludeUsers,
        List<String> excludeCommands,
        List<String> excludeCgroups) {
    public static final Scope USUAL =
            new Scope(
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of("/system.slice/*", "/init.scope*"));

    public Scope {
        users = List.copyOf(users);
        groups = List.copyOf(groups);
        cgroups = List.copyOf(cgroups);
        commands = List.copyOf(commands);
        excludeUsers = List.copyOf(excludeUsers);
        excludeCommands = List.copyOf(excludeCommands);
        excludeCgroups = List.copyOf(excludeCgroups);
    }

    /**
     * Whether a process is managed.
     *
     * @param belowMig whether {@code mig run} or {@code mig shell} is among its ancestors: then
     *     only the exclusions by user and command count, because the user asked
     */
    public boolean manages(
            boolean belowMig,
            String user,
            List<String> groupsOfUser,
            String cgroup,
            String command) {
        if (Glob.any(excludeUsers, user) || Glob.any(excludeCommands, command)) {
            return false;
        }
        if (belowMig) {
            return true;
        }
        return !Glob.any(excludeCgroups, cgroup)
                && (Glob.any(users, user)
                        || groupsOfUser.stream().anyMatch(g -> Glob.any(groups, g))
                        || Glob.any(cgroups, cgroup)
                        || Glob.any(commands, command));
    }
}
