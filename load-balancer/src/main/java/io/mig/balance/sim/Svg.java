package io.mig.balance.sim;

import java.util.List;
import java.util.Locale;

/** Plots as SVG text: no scripts, no fonts, nothing from elsewhere. */
final class Svg {
    private static final int WIDTH = 760;
    private static final String[] COLOURS = {
        "#8d99ae", "#bc6c25", "#dda15e", "#457b9d", "#c1121f", "#2a9d8f", "#264653", "#9b5de5",
        "#f15bb5"
    };

    private Svg() {}

    static String colour(int i) {
        return COLOURS[i % COLOURS.length];
    }

    /** One bar per series, logarithmic from 1. */
    static String bars(List<Series> all) {
        int height = 30 * all.size() + 40;
        double most = all.stream().mapToDouble(Series::mean).max().orElse(1) * 1.15;
        StringBuilder svg = open(height);
        for (int i = 0; i < all.size(); i++) {
            Series s = all.get(i);
            double length = at(s.mean(), most, WIDTH - 330);
            int y = 10 + 30 * i;
            svg.append(text(230, y + 16, "end", s.label()))
                    .append(
                            form(
                                    "<rect x='240' y='%d' width='%.1f' height='22' fill='%s'/>",
                                    y, Math.max(1, length), colour(i)))
                    .append(text((int) (246 + length), y + 16, "start", form("%.3f", s.mean())));
        }
        return svg.append(text(240, height - 8, "start", "mean slowdown, logarithmic from 1"))
                .append("</svg>")
                .toString();
    }

    private static double at(double slowdown, double most, double width) {
        return Math.log(Math.max(1, slowdown)) / Math.log(Math.max(1.01, most)) * width;
    }

    /** Share of the scenarios (upwards) whose mean slowdown is at most that (to the right). */
    static String distribution(List<Series> all) {
        int height = 380;
        double most = all.stream().mapToDouble(s -> s.quantile(0.99)).max().orElse(2);
        StringBuilder svg = open(height);
        frame(svg, height);
        for (double tick : new double[] {1, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 300, 1000}) {
            if (tick <= most) {
                double x = 60 + at(tick, most, WIDTH - 90);
                svg.append(
                        form(
                                "<line x1='%.1f' x2='%.1f' y1='20' y2='%d' stroke='#ddd'/>",
                                x, x, height - 80));
                svg.append(text((int) x, height - 64, "middle", form("%s", plain(tick))));
            }
        }
        for (int i = 0; i < all.size(); i++) {
            StringBuilder points = new StringBuilder();
            for (int q = 0; q <= 100; q++) {
                double x =
                        60
                                + Math.min(
                                        WIDTH - 90,
                                        at(all.get(i).quantile(q / 100.0), most, WIDTH - 90));
                points.append(form("%.1f,%.1f ", x, height - 80 - q / 100.0 * (height - 100)));
            }
            svg.append(line(points, colour(i)));
            legend(svg, i, all.get(i).label(), height);
        }
        return svg.append("</svg>").toString();
    }

    /** Mean slowdown over load, one line per strategy. */
    static String overLoad(List<Series> all, List<Double> loads) {
        int height = 380;
        double most = all.stream().mapToDouble(Series::mean).max().orElse(2);
        StringBuilder svg = open(height);
        frame(svg, height);
        List<String> labels = all.stream().map(Series::label).distinct().toList();
        double first = loads.getFirst();
        double range = Math.max(1e-6, loads.getLast() - first);
        for (double load : loads) {
            svg.append(
                    text(
                            (int) (60 + (load - first) / range * (WIDTH - 90)),
                            height - 64,
                            "middle",
                            plain(load)));
        }
        for (int i = 0; i < labels.size(); i++) {
            String label = labels.get(i);
            StringBuilder points = new StringBuilder();
            for (Series s : all) {
                if (s.label().equals(label)) {
                    points.append(
                            form(
                                    "%.1f,%.1f ",
                                    60 + (s.load() - first) / range * (WIDTH - 90),
                                    height - 80 - at(s.mean(), most, height - 100)));
                }
            }
            svg.append(line(points, colour(i)));
            legend(svg, i, label, height);
        }
        return svg.append("</svg>").toString();
    }

    private static StringBuilder open(int height) {
        return new StringBuilder(
                form(
                        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d'"
                                + " font-family='sans-serif' font-size='13'>",
                        WIDTH, height, WIDTH));
    }

    private static void frame(StringBuilder svg, int height) {
        svg.append(
                form(
                        "<rect x='60' y='20' width='%d' height='%d' fill='none' stroke='#888'/>",
                        WIDTH - 90, height - 100));
    }

    private static String line(CharSequence points, String colour) {
        return form(
                "<polyline points='%s' fill='none' stroke='%s' stroke-width='2'/>", points, colour);
    }

    private static void legend(StringBuilder svg, int i, String label, int height) {
        int x = 60 + i % 4 * 175;
        int y = height - 40 + i / 4 * 18;
        svg.append(
                form(
                        "<rect x='%d' y='%d' width='12' height='12' fill='%s'/>",
                        x, y - 10, colour(i)));
        svg.append(text(x + 17, y, "start", label));
    }

    private static String text(int x, int y, String anchor, String text) {
        return form("<text x='%d' y='%d' text-anchor='%s'>%s</text>", x, y, anchor, escape(text));
    }

    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static String form(String form, Object... values) {
        return String.format(Locale.ROOT, form, values);
    }
}
