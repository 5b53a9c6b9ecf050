package io.mig.ctl.render;

/**
 * A column of a table and how it gives way on a narrow terminal.
 *
 * @param title heading
 * @param right whether fields are set to the right, as numbers are
 * @param narrowest columns below which its text is not cut; {@link #RIGID} when it is never cut
 * @param priority columns with the lowest priority are left out first; {@link #ALWAYS} is never
 *     left out
 */
public record Column(String title, boolean right, int narrowest, int priority) {
    /** Never cut. */
    public static final int RIGID = Integer.MAX_VALUE;

    /** Never left out. */
    public static final int ALWAYS = Integer.MAX_VALUE;

    /** A column of numbers that is always there. */
    public static Column number(String title) {
        return new Column(title, true, RIGID, ALWAYS);
    }

    /** A column of words that is always there, whole. */
    public static Column word(String title) {
        return new Column(title, false, RIGID, ALWAYS);
    }

    /** A column of text that may be cut down to so many columns. */
    public static Column text(String title, int narrowest) {
        return new Column(title, false, narrowest, ALWAYS);
    }

    /** The same column, to be left out when space is short: lowest priority first. */
    public Column optional(int newPriority) {
        return new Column(title, right, narrowest, newPriority);
    }
}
