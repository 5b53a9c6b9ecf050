package io.mig.balance.sim;

import java.util.List;
import java.util.Locale;

/** The report: one file that needs nothing else. */
final class HtmlReport {
    private static final String STYLE =
            "body{font-family:sans-serif;max-width:60em;margin:2em auto;color:#222}"
                    + "table{border-collapse:collapse}td,th{padding:.25em .8em;text-align:right;"
                    + "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}";

    private HtmlReport() {}

    static String write(SimOptions options, List<Series> all) {
        StringBuilder html = new StringBuilder();
        html.append("<!doctype html><html lang='en'><head><meta charset='utf-8'>")
                .append("<title>mig: where programs run</title><style>")
                .append(STYLE)
                .append("</style></head><body><h1>Where programs run</h1><p>")
                .append(Svg.escape(setting(options)))
                .append("</p><ul>");
        for (String sentence : Goals.sentences(all)) {
            html.append("<li>").append(Svg.escape(sentence)).append("</li>");
        }
        html.append("</ul>");
        List<Double> loads = all.stream().map(Series::load).distinct().sorted().toList();
        if (loads.size() > 1) {
            html.append("<h2>Mean slowdown over load</h2>").append(Svg.overLoad(all, loads));
        }
        for (double load : loads) {
            List<Series> here = all.stream().filter(s -> s.load() == load).toList();
            html.append("<h2>Load ")
                    .append(load)
                    .append("</h2>")
                    .append(Svg.bars(here))
                    .append(table(here));
            if (here.getFirst().slowdowns().size() > 3) {
                html.append("<h3>Share of scenarios with at most this mean slowdown</h3>")
                        .append(Svg.distribution(here));
            }
        }
        html.append("<h2>The strategies</h2><table>");
        for (Strategy s : Strategy.values()) {
            html.append("<tr><td>")
                    .append(s.words())
                    .append("</td><td style='text-align:left'>")
                    .append(Svg.escape(s.explanation()))
                    .append("</td></tr>");
        }
        return html.append(
                        "</table><p>Slowdown is the time a process spends in the cluster over the"
                                + " time it would need alone on the fastest processor. A scenario's"
                                + " figure is the mean over its processes; short and long ones"
                                + " count alike.</p></body></html>\n")
                .toString();
    }

    static String setting(SimOptions o) {
        return String.format(
                Locale.ROOT,
                "%d nodes, %d scenarios from seed %d, programs started for %.0f s in batches of"
                        + " %.1f, %.0f %% of them mere forks, fastest node %.1f times as fast as"
                        + " the slowest, lines of %.0f MB/s.",
                o.nodes(),
                o.scenarios(),
                o.seed(),
                o.seconds(),
                o.batch(),
                o.forked() * 100,
                o.spread(),
                o.lineBytesPerSecond() / 1e6);
    }

    private static String table(List<Series> all) {
        StringBuilder html =
                new StringBuilder(
                        "<table><tr><th>strategy</th><th>mean slowdown</th><th>&plusmn;</th>"
                                + "<th>p95</th><th>processes</th><th>born away</th><th>moves</th>"
                                + "<th>ping-pong</th><th>most moves</th><th>computed in</th></tr>");
        for (Series s : all) {
            html.append(
                    String.format(
                            Locale.ROOT,
                            "<tr><td>%s</td><td>%.3f</td><td>%.3f</td><td>%.2f</td><td>%d</td>"
                                    + "<td>%d</td><td>%d</td><td>%d</td><td>%d</td><td>%.1f s</td>"
                                    + "</tr>",
                            Svg.escape(s.label()),
                            s.mean(),
                            s.error(),
                            s.percentile95(),
                            s.jobs(),
                            s.bornAway(),
                            s.moves(),
                            s.pingPong(),
                            s.mostMoves(),
                            s.seconds()));
        }
        return html.append("</table>").toString();
    }
}
