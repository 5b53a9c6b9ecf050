package io.mig.balance.policy;

import java.time.DayOfWeek;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hours of the week in which a node belongs to its owner, as {@code Mon-Fri 08:00-18:00}. Hours may
 * go over midnight and then belong to the day on which they begin.
 */
public record OfficeHours(Set<DayOfWeek> days, LocalTime from, LocalTime to) {
    private static final Pattern FORM =
            Pattern.compile("([A-Za-z]{3})(?:-([A-Za-z]{3}))? +(\\d{2}:\\d{2})-(\\d{2}:\\d{2})");
    private static final List<String> NAMES =
            List.of("mon", "tue", "wed", "thu", "fri", "sat", "sun");

    public OfficeHours {
        days = Collections.unmodifiableSet(EnumSet.copyOf(days));
    }

    /**
     * @throws IllegalArgumentException when the text is not of that form
     */
    public static OfficeHours parse(String text) {
        Matcher m = FORM.matcher(text.strip());
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is not of the form \"Mon-Fri 08:00-18:00\"");
        }
        int first = day(m.group(1));
        int last = m.group(2) == null ? first : day(m.group(2));
        EnumSet<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
        for (int d = first; ; d = (d + 1) % 7) {
            days.add(DayOfWeek.of(d + 1));
            if (d == last) {
                break;
            }
        }
        try {
            return new OfficeHours(days, LocalTime.parse(m.group(3)), LocalTime.parse(m.group(4)));
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException("no such time of day in \"" + text + "\"", e);
        }
    }

    private static int day(String name) {
        int index = NAMES.indexOf(name.toLowerCase(Locale.ROOT));
        if (index < 0) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is no day; days are Mon Tue Wed Thu Fri Sat Sun");
        }
        return index;
    }

    /** Whether the owner is at work at that moment of the node's local time. */
    public boolean contains(LocalDateTime when) {
        LocalTime time = when.toLocalTime();
        if (from.isBefore(to)) {
            return days.contains(when.getDayOfWeek()) && !time.isBefore(from) && time.isBefore(to);
        }
        return (days.contains(when.getDayOfWeek()) && !time.isBefore(from))
                || (days.contains(when.getDayOfWeek().minus(1)) && time.isBefore(to));
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (DayOfWeek day : days) {
            String name = NAMES.get(day.getValue() - 1);
            text.append(text.isEmpty() ? "" : ",")
                    .append(name.substring(0, 1).toUpperCase(Locale.ROOT))
                    .append(name.substring(1));
        }
        return text + " " + from + "-" + to;
    }
}
