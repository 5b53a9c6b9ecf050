package io.mig.balance.policy;

/**
 * Reads conditions by recursive descent:
 *
 * <pre>
 * or      := and { "||" and }
 * and     := not { "&amp;&amp;" not }
 * not     := "!" not | compare
 * compare := sum [ ("==" | "!=" | "&lt;" | "&lt;=" | "&gt;" | "&gt;=") sum ]
 * sum     := product { ("+" | "-") product }
 * product := factor { ("*" | "/") factor }
 * factor  := "-" factor | "(" or ")" | NUMBER[UNIT] | "TEXT" | 'TEXT' | true | false | FACT
 * </pre>
 *
 * Units: {@code % k M G KiB MiB GiB TiB KB MB GB TB ms s m h}. A text compared with {@code ==} may
 * be a pattern with {@code *} and {@code ?} on the right. At most {@value #MAX_LENGTH} characters,
 * {@value #MAX_TERMS} terms, nested {@value #MAX_DEPTH} deep.
 */
final class ExpressionParser {
    static final int MAX_LENGTH = 1000;
    static final int MAX_TERMS = 200;
    static final int MAX_DEPTH = 40;

    private final String text;
    private final boolean processFacts;
    private int at;
    private int terms;
    private int depth;

    ExpressionParser(String text, boolean processFacts) {
        this.text = text;
        this.processFacts = processFacts;
    }

    Expression condition() {
        if (text.length() > MAX_LENGTH) {
            throw new ExpressionException(
                    1,
                    "the condition has " + text.length() + " characters",
                    "at most " + MAX_LENGTH + " are read: split it into several rules");
        }
        Term term = or();
        space();
        if (at < text.length()) {
            throw fault(
                    "unexpected \"" + text.charAt(at) + "\"", "expected an operator or the end");
        }
        if (term.type() != Term.Type.TRUTH) {
            throw new ExpressionException(
                    1,
                    "the condition gives " + term.type().words() + ", not true or false",
                    "compare it with something, for example: " + text + " > 0");
        }
        return new Expression(text, term);
    }

    private Term or() {
        if (++depth > MAX_DEPTH) {
            throw fault("nested too deeply", "at most " + MAX_DEPTH + " levels are read");
        }
        space();
        int leftAt = at;
        Term left = and();
        while (take("||")) {
            space();
            int rightAt = at;
            left = new Term.Both(false, truth(left, leftAt), truth(and(), rightAt));
        }
        depth--;
        return left;
    }

    private Term and() {
        space();
        int leftAt = at;
        Term left = not();
        while (take("&&")) {
            space();
            int rightAt = at;
            left = new Term.Both(true, truth(left, leftAt), truth(not(), rightAt));
        }
        return left;
    }

    private Term not() {
        space();
        if (text.startsWith("!", at) && !text.startsWith("!=", at)) {
            at++;
            int begin = at;
            if (++depth > MAX_DEPTH) {
                throw fault("nested too deeply", "at most " + MAX_DEPTH + " levels are read");
            }
            Term of = truth(not(), begin);
            depth--;
            return new Term.Not(of);
        }
        return compare();
    }

    private Term compare() {
        Term left = sum();
        space();
        int begin = at;
        for (String operator : new String[] {"==", "!=", "<=", ">=", "<", ">"}) {
            if (take(operator)) {
                Term right = sum();
                if (left.type() != right.type()) {
                    throw new ExpressionException(
                            begin + 1,
                            left.type().words()
                                    + " cannot be compared with "
                                    + right.type().words(),
                            "both sides of "
                                    + operator
                                    + " must be of the same kind; texts stand in quotes");
                }
                if (left.type() != Term.Type.NUMBER
                        && !operator.equals("==")
                        && !operator.equals("!=")) {
                    throw new ExpressionException(
                            begin + 1,
                            left.type().words() + " has no order",
                            "use == or != instead of " + operator);
                }
                return counted(new Term.Compare(operator, left, right));
            }
        }
        if (text.startsWith("=", at)) {
            throw fault("unexpected \"=\"", "to compare write ==");
        }
        return left;
    }

    private Term sum() {
        Term left = product();
        while (true) {
            space();
            int begin = at;
            if (take("+")) {
                left = new Term.Arithmetic('+', number(left, begin), number(product(), begin));
            } else if (take("-")) {
                left = new Term.Arithmetic('-', number(left, begin), number(product(), begin));
            } else {
                return left;
            }
        }
    }

    private Term product() {
        Term left = factor();
        while (true) {
            space();
            int begin = at;
            if (take("*")) {
                left = new Term.Arithmetic('*', number(left, begin), number(factor(), begin));
            } else if (take("/")) {
                left = new Term.Arithmetic('/', number(left, begin), number(factor(), begin));
            } else {
                return left;
            }
        }
    }

    private Term factor() {
        space();
        if (at >= text.length()) {
            throw fault("the condition ends too early", "expected a fact, a number or a text");
        }
        char c = text.charAt(at);
        if (c == '(') {
            at++;
            Term inner = or();
            if (!take(")")) {
                throw fault("a bracket is not closed", "add )");
            }
            return inner;
        }
        if (c == '-') {
            int begin = at++;
            if (++depth > MAX_DEPTH) {
                throw fault("nested too deeply", "at most " + MAX_DEPTH + " levels are read");
            }
            Term of = number(factor(), begin);
            depth--;
            return counted(new Term.Negative(of));
        }
        if (c == '"' || c == '\'') {
            int end = text.indexOf(c, at + 1);
            if (end < 0) {
                throw fault("a text is not closed", "add " + c);
            }
            Term value = new Term.TextValue(text.substring(at + 1, end));
            at = end + 1;
            return counted(value);
        }
        if (Character.isDigit(c) || c == '.') {
            return counted(new Term.NumberValue(numberWithUnit()));
        }
        if (Character.isLetter(c)) {
            return counted(word());
        }
        throw fault("unexpected \"" + c + "\"", "expected a fact, a number or a text");
    }

    private double numberWithUnit() {
        int begin = at;
        while (at < text.length()
                && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
            at++;
        }
        String digits = text.substring(begin, at);
        int unitBegin = at;
        while (at < text.length()
                && (Character.isLetter(text.charAt(at)) || text.charAt(at) == '%')) {
            at++;
        }
        String unit = text.substring(unitBegin, at);
        double factor = Units.factor(unit);
        if (Double.isNaN(factor)) {
            throw new ExpressionException(
                    unitBegin + 1, "no such unit: " + unit, "units are " + Units.NAMES);
        }
        try {
            return Double.parseDouble(digits) * factor;
        } catch (NumberFormatException e) {
            throw new ExpressionException(
                    begin + 1, "no number: " + digits, "write it as 12 or 0.5");
        }
    }

    private Term word() {
        int begin = at;
        while (at < text.length()
                && (Character.isLetterOrDigit(text.charAt(at))
                        || text.charAt(at) == '.'
                        || text.charAt(at) == '_')) {
            at++;
        }
        String name = text.substring(begin, at);
        if (name.equals("true") || name.equals("false")) {
            return new Term.TruthValue(name.equals("true"));
        }
        Fact fact =
                Fact.named(name)
                        .orElseThrow(
                                () ->
                                        new ExpressionException(
                                                begin + 1,
                                                "no such fact: " + name,
                                                Nearest.of(name, Fact.paths())
                                                        .map(n -> "did you mean " + n + "?")
                                                        .orElse(
                                                                "facts are "
                                                                        + String.join(
                                                                                " ",
                                                                                Fact.paths()))));
        if (fact.aboutProcess() && !processFacts) {
            throw new ExpressionException(
                    begin + 1,
                    name + " has no meaning here: this condition is about a node",
                    "use facts that begin with node. or cluster., or move the condition to a"
                            + " [[process]] rule");
        }
        return switch (fact.source()) {
            case Fact.Source.OfNumber n -> new Term.NumberFact(n);
            case Fact.Source.OfText t -> new Term.TextFact(t);
            case Fact.Source.OfTruth t -> new Term.TruthFact(t);
        };
    }

    private Term counted(Term term) {
        if (++terms > MAX_TERMS) {
            throw fault("the condition has too many parts", "at most " + MAX_TERMS + " are read");
        }
        return term;
    }

    private static Term truth(Term term, int begin) {
        return expect(term, Term.Type.TRUTH, begin);
    }

    private static Term number(Term term, int begin) {
        return expect(term, Term.Type.NUMBER, begin);
    }

    private static Term expect(Term term, Term.Type type, int begin) {
        if (term.type() != type) {
            throw new ExpressionException(
                    begin + 1,
                    "expected " + type.words() + ", found " + term.type().words(),
                    "compare or convert it first");
        }
        return term;
    }

    private boolean take(String token) {
        space();
        if (text.startsWith(token, at)) {
            at += token.length();
            return true;
        }
        return false;
    }

    private void space() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private ExpressionException fault(String message, String remedy) {
        return new ExpressionException(at + 1, message, remedy);
    }
}
