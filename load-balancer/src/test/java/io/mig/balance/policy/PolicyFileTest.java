package io.mig.balance.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PolicyFileTest {
    private static final String FULL =
            """
            version = 7
            [automation]
            mode = "partial"
            dial = 4
            [balance]
            spread = "pack"
            hold = "5s"
            minimum_improvement = "35%"
            minimum_residency = "1m"
            no_return = "2h"
            moves_at_once = 3
            fact_half_life = "10s"
            max_fact_age = "1m"
            pack_floor = 0.2
            pack_ceiling = 0.9
            [memory]
            pressure = 0.2
            low_water = 0.1
            keep_free = 0.15
            [birth]
            place = false
            start_cost = "100ms"
            expected_work = "5s"
            minimum_improvement = 0.3
            [owner]
            freeze_after = "1s"
            leave_after = "2s"
            within = "20s"
            idle_after = "5m"
            [scope]
            users = ["anna"]
            groups = ["students"]
            cgroups = ["/batch/*"]
            commands = ["blast*"]
            exclude_users = ["root"]
            exclude_commands = ["sshd"]
            exclude_cgroups = ["/system.slice/*"]
            [limits]
            max_moves_per_hour = 6
            max_pause = "500ms"
            [[node]]
            match = "ws-*"
            cordon = true
            max_guests = 8
            owner_first = true
            hours = ["Mon-Fri 08:00-18:00"]
            reserve_cores = 1.5
            reserve_memory = "4GiB"
            accept_when = "node.psi.memory < 0.2"
            [[process]]
            user = "anna"
            command = "blast*"
            when = "process.rss > 1GiB"
            only = ["big-*"]
            prefer = ["big-1"]
            never = ["ws-*"]
            apart = true
            pin = false
            priority = 5
            max_pause = "200ms"
            max_moves_per_hour = 4
            move_when = "process.cputime > 10s"
            """;

    @Test
    void shouldHoldTheUsualWhenTheFileIsEmpty() {
        assertThat(PolicyFile.parse("")).isEqualTo(Policy.USUAL);
    }

    @Test
    void shouldReadEachSetting() {
        Policy policy = PolicyFile.parse(FULL);

        assertThat(policy.version()).isEqualTo(7);
        assertThat(policy.balance().hold()).isEqualTo(Duration.ofSeconds(5));
        assertThat(policy.balance().minimumImprovement()).isEqualTo(0.35);
        // every setting of the file differs from the usual one
        var usual = PolicySettings.all(Policy.USUAL);
        assertThat(
                        PolicySettings.all(policy).entrySet().stream()
                                .filter(e -> e.getValue().equals(usual.get(e.getKey())))
                                .map(java.util.Map.Entry::getKey))
                .isEmpty();
        assertThat(policy.nodes().getFirst().reserveBytes()).hasValue(4L << 30);
        assertThat(policy.processes().getFirst().maxPauseMillis()).hasValue(200);
        assertThat(policy.processes().getFirst().apart()).contains(true);
    }

    @Test
    void shouldTellAllProblemsWithPlaceAndRemedy() {
        List<Problem> problems =
                PolicyFile.check(
                        """
                        versoin = 3
                        [automation]
                        mode = "fully"
                          dial = 9
                        [balance]
                        hold = "5 parsecs"
                        [[node]]
                        accept_when = "node.psi.memroy > 0.1"
                        [[node]]
                        hours = ["Mon-Fry 08:00-18:00"]
                        reserve_memory = 4
                        """);

        assertThat(problems).extracting(Problem::line).containsExactly(3, 4, 6, 8, 10, 11, 1);
        assertThat(problems.get(0).toString())
                .isEqualTo(
                        "line 3, column 1: automation.mode = \"fully\" cannot be understood; choose"
                                + " one of manual, partial, full");
        assertThat(problems.get(1).column()).isEqualTo(3);
        assertThat(problems.get(3).toString())
                .contains("line 8, column 16", "no such fact", "did you mean node.psi.memory?");
        assertThat(problems.get(6).remedy()).isEqualTo("did you mean version?");
    }

    @Test
    void shouldTellPlaceWhenItIsNoToml() {
        assertThat(PolicyFile.check("version = = 3\n").getFirst().toString())
                .contains("line 1, column 11");
    }

    @Test
    void shouldRefuseSettingsThatContradictEachOther() {
        assertThat(PolicyFile.check("[balance]\npack_floor = 0.9\n")).hasSize(1);
        assertThat(PolicyFile.check("[memory]\nkeep_free = 0.01\n")).hasSize(1);
        assertThat(PolicyFile.check("[owner]\nleave_after = \"1m\"\n")).hasSize(1);
        assertThat(PolicyFile.check("[[process]]\nonly=[\"a\"]\nnever=[\"a\"]\n")).hasSize(1);
    }

    @Test
    void shouldListWhatChanges() {
        Policy before = PolicyFile.parse("[balance]\nhold = \"5s\"\n");
        Policy after = PolicyFile.parse("[balance]\nhold = \"9s\"\n[[node]]\ncordon = true\n");

        assertThat(PolicySettings.diff(before, after))
                .extracting(PolicySettings.Change::toString)
                .containsExactly(
                        "~ balance.hold = 5s -> 9s",
                        "+ node[1].cordon = true",
                        "+ node[1].match = *");
    }

    @Test
    void shouldChangeOneSettingAndKeepTheRestOfTheText() {
        String text = "# ours\nversion = 3\n[balance]\nhold = \"5s\" # long\n[owner]\n";

        String changed = PolicyEdit.set(text, "balance.hold", "9s");
        assertThat(changed)
                .isEqualTo("# ours\nversion = 4\n[balance]\nhold = \"9s\"  # long\n[owner]\n");
        changed = PolicyEdit.set(changed, "automation.dial", "5");
        assertThat(PolicyFile.parse(changed).dial()).isEqualTo(5);
        assertThat(PolicyFile.parse(PolicyEdit.set("", "balance.spread", "pack")).version())
                .isEqualTo(1);
        assertThatThrownBy(() -> PolicyEdit.set(text, "balance.hold", "soon"))
                .isInstanceOf(PolicyException.class);
        assertThatThrownBy(() -> PolicyEdit.set(text, "node[1].cordon", "true"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldKnowOfficeHours() {
        OfficeHours day = OfficeHours.parse("Mon-Fri 08:00-18:00");
        LocalDateTime monday = LocalDateTime.of(2026, 11, 23, 8, 0);
        assertThat(day.contains(monday)).isTrue();
        assertThat(day.contains(monday.withHour(18))).isFalse();
        assertThat(day.contains(monday.minusDays(1))).isFalse();
        OfficeHours night = OfficeHours.parse("Sun 22:00-06:00");
        assertThat(night.contains(monday.withHour(5))).isTrue();
        assertThat(night.contains(monday.withHour(7))).isFalse();
        assertThat(night.contains(monday.minusDays(1).withHour(23))).isTrue();
    }

    @Test
    void shouldManageOnlyWhatIsNamedOrWasAskedFor() {
        Scope scope = PolicyFile.parse(FULL).scope();
        assertThat(scope.manages(true, "bob", List.of(), "/user.slice/x", "make")).isTrue();
        assertThat(scope.manages(true, "root", List.of(), "/user.slice/x", "make")).isFalse();
        assertThat(scope.manages(false, "bob", List.of(), "/user.slice/x", "make")).isFalse();
        assertThat(scope.manages(false, "bob", List.of("students"), "/u", "make")).isTrue();
        assertThat(scope.manages(false, "anna", List.of(), "/system.slice/a.service", "x"))
                .isFalse();
        assertThat(Scope.USUAL.manages(false, "bob", List.of(), "/user.slice", "x")).isFalse();
    }
}
