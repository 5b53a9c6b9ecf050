package io.mig.ctl.render;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows under headings that fit the screen: first text columns are cut to their narrowest, widest
 * first, then optional columns are left out. On a screen without bound everything is shown whole.
 * Not for several threads.
 */
public final class Table {
    private static final String GAP = "  ";

    private final List<Column> columns;
    private final List<List<Cell>> rows = new ArrayList<>();

    public Table(Column... columns) {
        this.columns = List.of(columns);
    }

    /** Adds a row with one cell for each column. */
    public Table row(Cell... cells) {
        if (cells.length != columns.size()) {
            throw new IllegalArgumentException(
                    "a row needs a cell for each column: cells="
                            + cells.length
                            + " columns="
                            + columns.size());
        }
        rows.add(List.of(cells));
        return this;
    }

    /** Adds a row of plain texts. */
    public Table row(String... texts) {
        Cell[] cells = new Cell[texts.length];
        for (int i = 0; i < texts.length; i++) {
            cells[i] = Cell.of(texts[i]);
        }
        return row(cells);
    }

    /** How many rows there are. */
    public int size() {
        return rows.size();
    }

    /** Prints headings and rows. */
    public void print(Screen screen) {
        List<Integer> shown = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            shown.add(i);
        }
        int[] widths = naturalWidths();
        while (!fit(shown, widths, screen.width()) && leaveOut(shown)) {
            widths = naturalWidths();
        }
        StringBuilder heading = new StringBuilder();
        for (int i : shown) {
            append(heading, i, columns.get(i).title(), widths[i], i == shown.getLast());
        }
        screen.line(screen.paint(Colour.BOLD, heading.toString()));
        for (List<Cell> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i : shown) {
                appendCell(line, i, row.get(i), widths[i], i == shown.getLast(), screen);
            }
            screen.line(line.toString());
        }
    }

    private int[] naturalWidths() {
        int[] widths = new int[columns.size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Text.columns(columns.get(i).title());
            for (List<Cell> row : rows) {
                widths[i] = Math.max(widths[i], Text.columns(row.get(i).text()));
            }
        }
        return widths;
    }

    /** Cuts text columns until the shown ones fit; false when they do not fit even then. */
    private boolean fit(List<Integer> shown, int[] widths, int available) {
        long excess = (long) GAP.length() * (shown.size() - 1) - available;
        for (int i : shown) {
            excess += widths[i];
        }
        while (excess > 0) {
            int widest = -1;
            for (int i : shown) {
                if (widths[i] > columns.get(i).narrowest()
                        && (widest < 0 || widths[i] > widths[widest])) {
                    widest = i;
                }
            }
            if (widest < 0) {
                return false;
            }
            widths[widest]--;
            excess--;
        }
        return true;
    }

    /**
     * Leaves out the shown column of the lowest priority; false when all that are left must stay.
     */
    private boolean leaveOut(List<Integer> shown) {
        int least = -1;
        int lowest = Column.ALWAYS;
        for (int place = 0; place < shown.size(); place++) {
            int priority = columns.get(shown.get(place)).priority();
            if (priority < lowest) {
                least = place;
                lowest = priority;
            }
        }
        if (least < 0) {
            return false;
        }
        shown.remove(/* index */ least);
        return true;
    }

    private void appendCell(
            StringBuilder line, int column, Cell cell, int width, boolean last, Screen screen) {
        StringBuilder field = new StringBuilder();
        append(field, column, cell.text(), width, last);
        line.append(screen.paint(cell.colour(), field.toString()));
    }

    private void append(StringBuilder line, int column, String text, int width, boolean last) {
        String cut = Text.fit(text, width);
        String padding = " ".repeat(width - Text.columns(cut));
        if (columns.get(column).right()) {
            line.append(padding).append(cut);
        } else {
            line.append(cut).append(last ? "" : padding);
        }
        line.append(last ? "" : GAP);
    }
}
