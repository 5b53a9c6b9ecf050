package io.mig.balance.policy;

/** An expression cannot be read. */
public final class ExpressionException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int column;
    private final String remedy;

    ExpressionException(int column, String message, String remedy) {
        super(message);
        this.column = column;
        this.remedy = remedy;
    }

    /** Where, counted from 1 within the expression. */
    public int column() {
        return column;
    }

    public String remedy() {
        return remedy;
    }
}
