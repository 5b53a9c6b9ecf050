package io.mig.balance.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What the figures say about the promises, in sentences. */
final class Goals {
    private Goals() {}

    static List<String> sentences(List<Series> all) {
        List<String> sentences = new ArrayList<>();
        for (double load : all.stream().mapToDouble(Series::load).distinct().toArray()) {
            List<Series> here = all.stream().filter(s -> s.load() == load).toList();
            Series ours = find(here, Strategy.OURS);
            if (ours == null) {
                continue;
            }
            StringBuilder text = new StringBuilder(format("load %.2f: mig", load));
            Series placed = find(here, Strategy.PLACEMENT);
            if (placed != null) {
                text.append(
                        format(
                                " is %.1f %% better than placement only",
                                (1 - ours.mean() / placed.mean()) * 100));
            }
            for (Strategy bound :
                    new Strategy[] {Strategy.KNOWING, Strategy.FAIR, Strategy.CLAIRVOYANT}) {
                Series series = find(here, bound);
                if (series != null) {
                    text.append(
                            format(
                                    ", %.1f %% above %s",
                                    (ours.mean() / series.mean() - 1) * 100, bound.words()));
                }
            }
            text.append(
                    format(
                            "; %.2f moves per process, %d ping-pong",
                            (double) ours.moves() / Math.max(1, ours.jobs()), ours.pingPong()));
            sentences.add(text.toString());
        }
        return sentences;
    }

    private static @org.jspecify.annotations.Nullable Series find(
            List<Series> all, Strategy strategy) {
        return all.stream()
                .filter(s -> s.label().equals(strategy.words()))
                .findFirst()
                .orElse(null);
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static String format(String form, Object... values) {
        return String.format(Locale.ROOT, form, values);
    }
}
