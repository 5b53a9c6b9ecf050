package io.mig.ctl.render;

/** One field of a table: cleaned text and its colour. */
public record Cell(String text, Colour colour) {
    public Cell {
        text = Text.clean(text);
    }

    /** A cell without a colour of its own. */
    public static Cell of(String text) {
        return new Cell(text, Colour.NONE);
    }
}
