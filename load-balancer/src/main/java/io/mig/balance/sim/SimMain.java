package io.mig.balance.sim;

import io.mig.balance.policy.Policy;
import io.mig.balance.policy.PolicyException;
import io.mig.balance.policy.PolicyFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;

/** The policy laboratory's command line; see {@link SimOptions#USAGE}. */
public final class SimMain {
    private SimMain() {}

    public static void main(String[] args) {
        System.exit(run(args, System.out, System.err));
    }

    /**
     * Plays and prints.
     *
     * @return 0, or 2 when the arguments or files cannot be used
     */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        try {
            SimOptions options = SimOptions.parse(args);
            Policy policy =
                    options.policy().isPresent()
                            ? PolicyFile.parse(Files.readString(options.policy().get()))
                            : Policy.USUAL;
            out.println(HtmlReport.setting(options));
            out.printf(
                    Locale.ROOT,
                    "%-31s %5s %9s %7s %8s %9s %9s %8s %5s %5s %7s%n",
                    "strategy",
                    "load",
                    "slowdown",
                    "+-",
                    "p95",
                    "processes",
                    "born away",
                    "moves",
                    "ping",
                    "most",
                    "seconds");
            Experiment experiment = new Experiment(options, policy, s -> row(out, s));
            List<Series> all =
                    options.replay().isPresent()
                            ? experiment.replayed(
                                    ScenarioFile.read(Files.readAllLines(options.replay().get())))
                            : experiment.generated();
            Goals.sentences(all).forEach(out::println);
            if (options.html().isPresent()) {
                Files.writeString(options.html().get(), HtmlReport.write(options, all));
                out.println("report: " + options.html().get());
            }
            return 0;
        } catch (IllegalArgumentException | PolicyException e) {
            err.println(e.getMessage());
            return 2;
        } catch (IOException e) {
            err.println("a file cannot be used: " + e);
            return 2;
        }
    }

    private static void row(PrintStream out, Series s) {
        out.printf(
                Locale.ROOT,
                "%-31s %5.2f %9.3f %7.3f %8.2f %9d %9d %8d %5d %5d %7.1f%n",
                s.label(),
                s.load(),
                s.mean(),
                s.error(),
                s.percentile95(),
                s.jobs(),
                s.bornAway(),
                s.moves(),
                s.pingPong(),
                s.mostMoves(),
                s.seconds());
        out.flush();
    }
}
