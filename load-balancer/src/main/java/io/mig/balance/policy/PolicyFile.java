package io.mig.balance.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;

/**
 * Reads the policy file. All problems are found in one go, each with line, column and remedy; a
 * file with a problem gives no policy at all.
 */
public final class PolicyFile {
    /** Longest file that is read. */
    public static final int MAX_LENGTH = 256 * 1024;

    private static final int MAX_RULES = 1000;

    private PolicyFile() {}

    /**
     * Reads a policy.
     *
     * @throws PolicyException with everything that is wrong
     */
    public static Policy parse(String text) {
        List<Problem> problems = new ArrayList<>();
        if (text.length() > MAX_LENGTH) {
            throw new PolicyException(
                    List.of(
                            new Problem(
                                    0,
                                    0,
                                    "the file has " + text.length() + " characters",
                                    "at most " + MAX_LENGTH + " are read")));
        }
        TomlParseResult toml = Toml.parse(text);
        if (toml.hasErrors()) {
            for (TomlParseError error : toml.errors()) {
                problems.add(
                        new Problem(
                                error.position().line(),
                                error.position().column(),
                                String.valueOf(error.getMessage()),
                                "this is not TOML"));
            }
            throw new PolicyException(problems);
        }
        Policy policy = read(new Section("", toml, text.lines().toList(), problems));
        if (!problems.isEmpty()) {
            throw new PolicyException(problems);
        }
        return policy;
    }

    /** What is wrong with a file; empty when nothing is. */
    public static List<Problem> check(String text) {
        try {
            parse(text);
            return List.of();
        } catch (PolicyException e) {
            return e.problems();
        }
    }

    private static Policy read(Section file) {
        Policy usual = Policy.USUAL;
        long version = file.whole("version", 0, 0, Long.MAX_VALUE);
        Section automation = file.section("automation");
        Section limits = file.section("limits");
        Automation mode = automation.choice("mode", Automation.class, usual.automation());
        int dial = (int) automation.whole("dial", usual.dial(), 1, 5);
        int moves = (int) limits.whole("max_moves_per_hour", usual.maxMovesPerHour(), 0, 1_000_000);
        long pause =
                limits.duration("max_pause", java.time.Duration.ofMillis(usual.maxPauseMillis()))
                        .toMillis();
        Policy policy =
                new Policy(
                        version,
                        mode,
                        dial,
                        balance(file.section("balance")),
                        memory(file.section("memory")),
                        birth(file.section("birth")),
                        owner(file.section("owner")),
                        scope(file.section("scope")),
                        moves,
                        pause,
                        rules(file, "node").stream().map(PolicyFile::node).toList(),
                        rules(file, "process").stream().map(PolicyFile::process).toList());
        automation.refuseUnknown();
        limits.refuseUnknown();
        file.refuseUnknown();
        return policy;
    }

    private static List<Section> rules(Section file, String key) {
        List<Section> all = file.sections(key);
        if (all.size() > MAX_RULES) {
            file.conflict(
                    key, "has " + all.size() + " rules", "at most " + MAX_RULES + " are read");
        }
        return all;
    }

    private static BalanceRules balance(Section s) {
        BalanceRules usual = BalanceRules.USUAL;
        BalanceRules rules =
                new BalanceRules(
                        s.choice("spread", Spread.class, usual.spread()),
                        s.duration("hold", usual.hold()),
                        s.number("minimum_improvement", usual.minimumImprovement(), 0, 10),
                        s.duration("minimum_residency", usual.minimumResidency()),
                        s.duration("no_return", usual.noReturn()),
                        (int) s.whole("moves_at_once", usual.movesAtOnce(), 1, 100),
                        s.duration("fact_half_life", usual.factHalfLife()),
                        s.duration("max_fact_age", usual.maxFactAge()),
                        s.number("pack_floor", usual.packFloor(), 0, 1),
                        s.number("pack_ceiling", usual.packCeiling(), 0, 1));
        if (rules.packFloor() >= rules.packCeiling()) {
            s.conflict(
                    "pack_floor",
                    "= " + rules.packFloor() + " is not below pack_ceiling",
                    "processes would go to and fro: choose a pack_floor below "
                            + rules.packCeiling());
        }
        if (rules.factHalfLife().isZero()) {
            s.conflict("fact_half_life", "is zero", "facts would never count: use 20s");
        }
        s.refuseUnknown();
        return rules;
    }

    private static MemoryRules memory(Section s) {
        MemoryRules usual = MemoryRules.USUAL;
        MemoryRules rules =
                new MemoryRules(
                        s.number("pressure", usual.pressure(), 0, 1),
                        s.number("low_water", usual.lowWater(), 0, 1),
                        s.number("keep_free", usual.keepFree(), 0, 1));
        if (rules.keepFree() < rules.lowWater()) {
            s.conflict(
                    s.has("keep_free") ? "keep_free" : "low_water",
                    "keep_free = " + rules.keepFree() + " is below low_water",
                    "what arrives would be sent away at once: keep_free must be at least "
                            + rules.lowWater());
        }
        s.refuseUnknown();
        return rules;
    }

    private static BirthRules birth(Section s) {
        BirthRules usual = BirthRules.USUAL;
        BirthRules rules =
                new BirthRules(
                        s.truth("place", usual.place()),
                        s.duration("start_cost", usual.startCost()),
                        s.duration("expected_work", usual.expectedWork()),
                        s.number("minimum_improvement", usual.minimumImprovement(), 0, 10));
        s.refuseUnknown();
        return rules;
    }

    private static OwnerRules owner(Section s) {
        OwnerRules usual = OwnerRules.USUAL;
        OwnerRules rules =
                new OwnerRules(
                        s.duration("freeze_after", usual.freezeAfter()),
                        s.duration("leave_after", usual.leaveAfter()),
                        s.duration("within", usual.within()),
                        s.duration("idle_after", usual.idleAfter()));
        if (rules.leaveAfter().compareTo(rules.within()) > 0) {
            s.conflict(
                    s.has("leave_after") ? "leave_after" : "within",
                    "guests would begin to leave after the time within which all must be gone",
                    "choose leave_after below within");
        }
        s.refuseUnknown();
        return rules;
    }

    private static Scope scope(Section s) {
        Scope usual = Scope.USUAL;
        Scope scope =
                new Scope(
                        s.texts("users", usual.users()),
                        s.texts("groups", usual.groups()),
                        s.texts("cgroups", usual.cgroups()),
                        s.texts("commands", usual.commands()),
                        s.texts("exclude_users", usual.excludeUsers()),
                        s.texts("exclude_commands", usual.excludeCommands()),
                        s.texts("exclude_cgroups", usual.excludeCgroups()));
        s.refuseUnknown();
        return scope;
    }

    private static NodeRule node(Section s) {
        String match = s.text("match", "*");
        NodeRule rule =
                new NodeRule(
                        match,
                        truth(s, "cordon"),
                        whole(s, "max_guests", 1 << 20),
                        truth(s, "owner_first"),
                        s.list("hours", OfficeHours::parse, "write \"Mon-Fri 08:00-18:00\""),
                        s.has("reserve_cores")
                                ? OptionalDouble.of(s.number("reserve_cores", 0, 0, 65536))
                                : OptionalDouble.empty(),
                        s.bytes("reserve_memory")
                                .map(OptionalLong::of)
                                .orElse(OptionalLong.empty()),
                        s.condition("accept_when", false));
        s.refuseUnknown();
        return rule;
    }

    private static ProcessRule process(Section s) {
        ProcessRule rule =
                new ProcessRule(
                        s.text("user", "*"),
                        s.text("command", "*"),
                        s.condition("when", true),
                        s.texts("only", List.of()),
                        s.texts("prefer", List.of()),
                        s.texts("never", List.of()),
                        truth(s, "apart"),
                        truth(s, "pin"),
                        s.has("priority")
                                ? OptionalInt.of((int) s.whole("priority", 0, -100, 100))
                                : OptionalInt.empty(),
                        s.has("max_pause")
                                ? OptionalLong.of(
                                        s.duration("max_pause", java.time.Duration.ZERO).toMillis())
                                : OptionalLong.empty(),
                        whole(s, "max_moves_per_hour", 1_000_000),
                        s.condition("move_when", true));
        for (String only : rule.only()) {
            if (rule.never().contains(only)) {
                s.conflict(
                        "never",
                        "names " + only + ", which only names too",
                        "remove it from one of them");
            }
        }
        s.refuseUnknown();
        return rule;
    }

    private static Optional<Boolean> truth(Section s, String key) {
        return s.has(key) ? Optional.of(s.truth(key, false)) : Optional.empty();
    }

    private static OptionalInt whole(Section s, String key, int most) {
        return s.has(key) ? OptionalInt.of((int) s.whole(key, 0, 0, most)) : OptionalInt.empty();
    }
}
