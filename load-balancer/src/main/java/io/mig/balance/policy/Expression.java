package io.mig.balance.policy;

/**
 * A condition over facts, as {@code node.psi.memory > 0.1 && process.rss < 2GiB}: type-checked when
 * it is read, without loops and side effects, of bounded size, so that evaluating it always ends
 * and never fails. Division by zero gives 0.
 *
 * @see ExpressionParser for the grammar
 */
public final class Expression {
    private final String text;
    private final Term root;

    Expression(String text, Term root) {
        this.text = text;
        this.root = root;
    }

    /**
     * Reads a condition.
     *
     * @param processFacts whether {@code process.*} may be named
     * @throws ExpressionException with the column of the fault
     */
    public static Expression condition(String text, boolean processFacts) {
        return new ExpressionParser(text, processFacts).condition();
    }

    public boolean holds(FactScope scope) {
        return root.truth(scope);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Expression e && e.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** As it was written. */
    @Override
    public String toString() {
        return text;
    }
}
