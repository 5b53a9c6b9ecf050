package io.mig.balance.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** A policy as a flat list of settings, for {@code mig policy get} and {@code diff}. */
public final class PolicySettings {
    private PolicySettings() {}

    /**
     * One setting that differs.
     *
     * @param key as {@code balance.hold} or {@code node[2].max_guests}
     * @param before empty when it was not there
     * @param after empty when it is no longer there
     */
    public record Change(String key, String before, String after) {
        @Override
        public String toString() {
            if (before.isEmpty()) {
                return "+ " + key + " = " + after;
            }
            return after.isEmpty()
                    ? "- " + key + " = " + before
                    : "~ " + key + " = " + before + " -> " + after;
        }
    }

    /** What changes in effect when {@code after} replaces {@code before}. */
    public static List<Change> diff(Policy before, Policy after) {
        Map<String, String> old = all(before);
        Map<String, String> now = all(after);
        List<Change> changes = new ArrayList<>();
        TreeSet<String> keys = new TreeSet<>(old.keySet());
        keys.addAll(now.keySet());
        for (String key : keys) {
            String was = old.getOrDefault(key, "");
            String is = now.getOrDefault(key, "");
            if (!was.equals(is)) {
                changes.add(new Change(key, was, is));
            }
        }
        return changes;
    }

    /** All settings in force with their values, defaults among them, in the order of the file. */
    public static Map<String, String> all(Policy p) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("version", Long.toString(p.version()));
        all.put("automation.mode", lower(p.automation()));
        all.put("automation.dial", Integer.toString(p.dial()));
        all.put("limits.max_moves_per_hour", Integer.toString(p.maxMovesPerHour()));
        all.put("limits.max_pause", Units.text(java.time.Duration.ofMillis(p.maxPauseMillis())));
        BalanceRules b = p.balance();
        all.put("balance.spread", lower(b.spread()));
        all.put("balance.hold", Units.text(b.hold()));
        all.put("balance.minimum_improvement", Double.toString(b.minimumImprovement()));
        all.put("balance.minimum_residency", Units.text(b.minimumResidency()));
        all.put("balance.no_return", Units.text(b.noReturn()));
        all.put("balance.moves_at_once", Integer.toString(b.movesAtOnce()));
        all.put("balance.fact_half_life", Units.text(b.factHalfLife()));
        all.put("balance.max_fact_age", Units.text(b.maxFactAge()));
        all.put("balance.pack_floor", Double.toString(b.packFloor()));
        all.put("balance.pack_ceiling", Double.toString(b.packCeiling()));
        all.put("memory.pressure", Double.toString(p.memory().pressure()));
        all.put("memory.low_water", Double.toString(p.memory().lowWater()));
        all.put("memory.keep_free", Double.toString(p.memory().keepFree()));
        all.put("birth.place", Boolean.toString(p.birth().place()));
        all.put("birth.start_cost", Units.text(p.birth().startCost()));
        all.put("birth.expected_work", Units.text(p.birth().expectedWork()));
        all.put("birth.minimum_improvement", Double.toString(p.birth().minimumImprovement()));
        all.put("owner.freeze_after", Units.text(p.owner().freezeAfter()));
        all.put("owner.leave_after", Units.text(p.owner().leaveAfter()));
        all.put("owner.within", Units.text(p.owner().within()));
        all.put("owner.idle_after", Units.text(p.owner().idleAfter()));
        Scope s = p.scope();
        all.put("scope.users", s.users().toString());
        all.put("scope.groups", s.groups().toString());
        all.put("scope.cgroups", s.cgroups().toString());
        all.put("scope.commands", s.commands().toString());
        all.put("scope.exclude_users", s.excludeUsers().toString());
        all.put("scope.exclude_commands", s.excludeCommands().toString());
        all.put("scope.exclude_cgroups", s.excludeCgroups().toString());
        for (int i = 0; i < p.nodes().size(); i++) {
            node(all, "node[" + (i + 1) + "].", p.nodes().get(i));
        }
        for (int i = 0; i < p.processes().size(); i++) {
            process(all, "process[" + (i + 1) + "].", p.processes().get(i));
        }
        return all;
    }

    private static void node(Map<String, String> all, String key, NodeRule r) {
        all.put(key + "match", r.match());
        r.cordon().ifPresent(v -> all.put(key + "cordon", v.toString()));
        r.maxGuests().ifPresent(v -> all.put(key + "max_guests", Integer.toString(v)));
        r.ownerFirst().ifPresent(v -> all.put(key + "owner_first", v.toString()));
        if (!r.hours().isEmpty()) {
            all.put(key + "hours", r.hours().toString());
        }
        r.reserveCores().ifPresent(v -> all.put(key + "reserve_cores", Double.toString(v)));
        r.reserveBytes().ifPresent(v -> all.put(key + "reserve_memory", v + "B"));
        r.acceptWhen().ifPresent(v -> all.put(key + "accept_when", v.toString()));
    }

    private static void process(Map<String, String> all, String key, ProcessRule r) {
        all.put(key + "user", r.user());
        all.put(key + "command", r.command());
        r.when().ifPresent(v -> all.put(key + "when", v.toString()));
        if (!r.only().isEmpty()) {
            all.put(key + "only", r.only().toString());
        }
        if (!r.prefer().isEmpty()) {
            all.put(key + "prefer", r.prefer().toString());
        }
        if (!r.never().isEmpty()) {
            all.put(key + "never", r.never().toString());
        }
        r.apart().ifPresent(v -> all.put(key + "apart", v.toString()));
        r.pin().ifPresent(v -> all.put(key + "pin", v.toString()));
        r.priority().ifPresent(v -> all.put(key + "priority", Integer.toString(v)));
        r.maxPauseMillis().ifPresent(v -> all.put(key + "max_pause", v + "ms"));
        r.maxMovesPerHour()
                .ifPresent(v -> all.put(key + "max_moves_per_hour", Integer.toString(v)));
        r.moveWhen().ifPresent(v -> all.put(key + "move_when", v.toString()));
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
