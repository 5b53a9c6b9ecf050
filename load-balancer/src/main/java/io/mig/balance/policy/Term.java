package io.mig.balance.policy;

/** A checked part of an expression. Each kind answers for its own type only. */
sealed interface Term {
    enum Type {
        NUMBER("a number"),
        TEXT("a text"),
        TRUTH("true or false");

        private final String words;

        Type(String words) {
            this.words = words;
        }

        String words() {
            return words;
        }
    }

    Type type();

    default double number(FactScope scope) {
        throw new IllegalStateException("checked when it was read: " + this);
    }

    default boolean truth(FactScope scope) {
        throw new IllegalStateException("checked when it was read: " + this);
    }

    default String text(FactScope scope) {
        throw new IllegalStateException("checked when it was read: " + this);
    }

    record NumberValue(double value) implements Term {
        @Override
        public Type type() {
            return Type.NUMBER;
        }

        @Override
        public double number(FactScope scope) {
            return value;
        }
    }

    record TextValue(String value) implements Term {
        @Override
        public Type type() {
            return Type.TEXT;
        }

        @Override
        public String text(FactScope scope) {
            return value;
        }
    }

    record TruthValue(boolean value) implements Term {
        @Override
        public Type type() {
            return Type.TRUTH;
        }

        @Override
        public boolean truth(FactScope scope) {
            return value;
        }
    }

    record NumberFact(Fact.Source.OfNumber source) implements Term {
        @Override
        public Type type() {
            return Type.NUMBER;
        }

        @Override
        public double number(FactScope scope) {
            return source.read().applyAsDouble(scope);
        }
    }

    record TextFact(Fact.Source.OfText source) implements Term {
        @Override
        public Type type() {
            return Type.TEXT;
        }

        @Override
        public String text(FactScope scope) {
            return source.read().apply(scope);
        }
    }

    record TruthFact(Fact.Source.OfTruth source) implements Term {
        @Override
        public Type type() {
            return Type.TRUTH;
        }

        @Override
        public boolean truth(FactScope scope) {
            return source.read().test(scope);
        }
    }

    record Negative(Term of) implements Term {
        @Override
        public Type type() {
            return Type.NUMBER;
        }

        @Override
        public double number(FactScope scope) {
            return -of.number(scope);
        }
    }

    record Not(Term of) implements Term {
        @Override
        public Type type() {
            return Type.TRUTH;
        }

        @Override
        public boolean truth(FactScope scope) {
            return !of.truth(scope);
        }
    }

    record Arithmetic(char operator, Term left, Term right) implements Term {
        @Override
        public Type type() {
            return Type.NUMBER;
        }

        @Override
        public double number(FactScope scope) {
            double l = left.number(scope);
            double r = right.number(scope);
            return switch (operator) {
                case '+' -> l + r;
                case '-' -> l - r;
                case '*' -> l * r;
                case '/' -> r == 0 ? 0 : l / r;
                default -> throw new IllegalStateException("operator=" + operator);
            };
        }
    }

    record Both(boolean all, Term left, Term right) implements Term {
        @Override
        public Type type() {
            return Type.TRUTH;
        }

        @Override
        public boolean truth(FactScope scope) {
            return all
                    ? left.truth(scope) && right.truth(scope)
                    : left.truth(scope) || right.truth(scope);
        }
    }

    /** Compares two of the same type; texts and truths only for equality. */
    record Compare(String operator, Term left, Term right) implements Term {
        @Override
        public Type type() {
            return Type.TRUTH;
        }

        @Override
        public boolean truth(FactScope scope) {
            return switch (left.type()) {
                case NUMBER -> numbers(left.number(scope), right.number(scope));
                case TEXT -> equality(Glob.matches(right.text(scope), left.text(scope)));
                case TRUTH -> equality(left.truth(scope) == right.truth(scope));
            };
        }

        private boolean equality(boolean equal) {
            return operator.equals("==") == equal;
        }

        private boolean numbers(double l, double r) {
            return switch (operator) {
                case "==" -> l == r;
                case "!=" -> l != r;
                case "<" -> l < r;
                case "<=" -> l <= r;
                case ">" -> l > r;
                case ">=" -> l >= r;
                default -> throw new IllegalStateException("operator=" + operator);
            };
        }
    }
}
