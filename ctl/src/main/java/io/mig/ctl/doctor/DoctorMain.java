package io.mig.ctl.doctor;

import io.mig.ctl.host.HostCommand;
import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.io.PrintStream;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** {@code mig doctor [--fix] [--json]}. */
public final class DoctorMain {
    private static final int OK = 0;
    private static final int MISSING = 1;
    private static final int USAGE = 2;
    private static final String HELP =
            """
            Usage: mig doctor [--fix] [--json]
            Checks what mig needs on this machine. Each is fine, degraded (something will not work) or
            missing (mig does not work).
              --fix    run the cures that need no decision, then check again (as root)
              --json   print an array with subject, verdict, seen, consequence, cure
            Exit status: 0 nothing is missing, 1 something is, 2 wrong usage.
            """;

    private final Machine machine;
    private final Supplier<Optional<JsonArray>> nodes;
    private final PrintStream out;
    private final PrintStream err;

    DoctorMain(
            Machine machine,
            Supplier<Optional<JsonArray>> nodes,
            PrintStream out,
            PrintStream err) {
        this.machine = machine;
        this.nodes = nodes;
        this.out = out;
        this.err = err;
    }

    /**
     * Examines this machine and returns the exit status.
     *
     * @param nodes rows of {@code mig nodes}; empty when no agent answers
     */
    public static int run(
            String[] args, Supplier<Optional<JsonArray>> nodes, PrintStream out, PrintStream err) {
        return new DoctorMain(new LinuxMachine(InstantSource.system()), nodes, out, err)
                .examine(List.of(args));
    }

    int examine(List<String> options) {
        if (!Set.of("--fix", "--json").containsAll(options)) {
            err.print(HELP);
            return options.contains("--help") || options.contains("-h") ? OK : USAGE;
        }
        List<Finding> findings = findings();
        if (options.contains("--fix") && fix(findings)) {
            findings = findings();
        }
        if (options.contains("--json")) {
            out.println(
                    Json.write(
                            new JsonArray(
                                    findings.stream()
                                            .map(DoctorMain::json)
                                            .map(JsonValue.class::cast)
                                            .toList())));
        } else {
            print(findings);
        }
        return findings.stream().anyMatch(f -> f.verdict() == Finding.Verdict.MISSING)
                ? MISSING
                : OK;
    }

    private List<Finding> findings() {
        List<Finding> findings = new ArrayList<>(new KernelChecks(machine).all());
        findings.addAll(new SystemChecks(machine).all());
        findings.addAll(new ClusterChecks(nodes).all());
        return findings;
    }

    /** Returns whether anything was changed. */
    private boolean fix(List<Finding> findings) {
        boolean changed = false;
        for (Finding finding : findings) {
            if (finding.verdict() == Finding.Verdict.FINE || !finding.automatic()) {
                continue;
            }
            if (!machine.root()) {
                err.println("mig doctor: --fix needs root; run: sudo mig doctor --fix");
                return changed;
            }
            err.println("mig doctor: " + finding.subject() + ": " + finding.cure());
            HostCommand.Outcome outcome = machine.run("sh", "-c", finding.cure());
            if (!outcome.ok()) {
                err.println(
                        "mig doctor: that failed with status "
                                + outcome.status()
                                + ": "
                                + outcome.output());
            }
            changed = true;
        }
        return changed;
    }

    private void print(List<Finding> findings) {
        for (Finding finding : findings) {
            out.printf(
                    "%-9s %-17s %s%n", label(finding.verdict()), finding.subject(), finding.seen());
            if (finding.verdict() != Finding.Verdict.FINE) {
                out.printf("%-9s %-17s will not work: %s%n", "", "", finding.consequence());
            }
            if (!finding.cure().isEmpty()) {
                out.printf(
                        "%-9s %-17s cure: %s%s%n",
                        "", "", finding.cure(), finding.automatic() ? "  (--fix)" : "");
            }
        }
    }

    private static JsonObject json(Finding finding) {
        return JsonObject.builder()
                .put("subject", finding.subject())
                .put("verdict", label(finding.verdict()))
                .put("seen", finding.seen())
                .put("consequence", finding.consequence())
                .put("cure", finding.cure())
                .put("automatic", finding.automatic())
                .build();
    }

    private static String label(Finding.Verdict verdict) {
        return verdict.name().toLowerCase(Locale.ROOT);
    }

    /** Entry for those who have no mig command. */
    public static void main(String[] args) {
        System.exit(run(args, Optional::empty, System.out, System.err));
    }
}
