package com.visualsearch.script;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A parsed script. This is everything the engine understands; each sentence of it is also valid Painless and
 * gives the same score there:
 *
 * <pre>
 * script := mix "+ 1.0"
 * mix    := cosine
 *         | "(" term { "+" term } ")" [ "/" scalar ]
 * term   := [ scalar "*" ] cosine
 * cosine := "cosineSimilarity(params." NAME ", '" FIELD "')"
 * scalar := "params." NAME | NUMBER
 *
 * NAME   := [A-Za-z_][A-Za-z0-9_]*       FIELD := [A-Za-z0-9_.@-]+       NUMBER := digits [ "." digits ]
 * </pre>
 *
 * Spaces and line breaks between the symbols are free, and a field may stand in double quotes.
 */
record CosineExpression(List<Term> terms, Scalar divisor) {
    static final String UNDERSTOOD =
        "this server understands only: cosineSimilarity(params.NAME, 'FIELD') + 1.0"
            + " and (W * cosineSimilarity(params.NAME, 'FIELD') + W * cosineSimilarity(params.NAME, 'FIELD') + ...)"
            + " / T + 1.0, where each W and T is a number or params.NAME, and each 'W *' and '/ T' may be left out";

    /** A literal number, or (where {@code param} is set) the number found in that script parameter. */
    record Scalar(double literal, String param) {
        double resolve(Map<String, Object> params) {
            if (param == null) {
                return literal;
            }
            if (params.get(param) instanceof Number number) {
                return number.doubleValue();
            }
            throw new IllegalArgumentException("params." + param + " must be a number, but is [" + params.get(param) + "]");
        }
    }

    /** One cosine between a parameter and a field, times its weight. */
    record Term(Scalar weight, String vectorParam, String field) {}

    private static final Scalar ONE = new Scalar(1.0, null);
    private static final String SCALAR = "(?<scalar>params\\.[A-Za-z_]\\w*|\\d+(?:\\.\\d+)?)";
    private static final Pattern OPEN = Pattern.compile("\\s*\\(");
    private static final Pattern PLUS = Pattern.compile("\\s*\\+");
    private static final Pattern CLOSE = Pattern.compile("\\s*\\)");
    private static final Pattern WEIGHT = Pattern.compile("\\s*" + SCALAR + "\\s*\\*");
    private static final Pattern DIVISOR = Pattern.compile("\\s*/\\s*" + SCALAR);
    private static final Pattern END = Pattern.compile("\\s*\\+\\s*1\\.0\\s*$");
    private static final Pattern COSINE = Pattern.compile(
        "\\s*cosineSimilarity\\s*\\(\\s*params\\.(?<vector>[A-Za-z_]\\w*)\\s*,"
            + "\\s*(?:'(?<field>[\\w.@-]+)'|\"(?<quoted>[\\w.@-]+)\")\\s*\\)"
    );

    /** Returns the parsed script; throws IllegalArgumentException, saying what is understood, for any other text. */
    static CosineExpression parse(String source) {
        Cursor in = new Cursor(source);
        List<Term> terms = new ArrayList<>();
        Scalar divisor = ONE;
        if (in.accept(OPEN)) {
            do {
                terms.add(term(in, scalar(in, WEIGHT)));
            } while (in.accept(PLUS));
            in.expect(CLOSE);
            divisor = scalar(in, DIVISOR);
        } else {
            terms.add(term(in, ONE));
        }
        in.expect(END);
        return new CosineExpression(List.copyOf(terms), divisor);
    }

    private static Term term(Cursor in, Scalar weight) {
        in.expect(COSINE);
        String field = in.last.group("field") == null ? in.last.group("quoted") : in.last.group("field");
        return new Term(weight, in.last.group("vector"), field);
    }

    private static Scalar scalar(Cursor in, Pattern optional) {
        if (in.accept(optional) == false) {
            return ONE;
        }
        String text = in.last.group("scalar");
        return text.startsWith("params.")
            ? new Scalar(Double.NaN, text.substring("params.".length()))
            : new Scalar(Double.parseDouble(text), null);
    }

    /** Walks over the source symbol by symbol: no recursion, so that no script is too long for the stack. */
    private static final class Cursor {
        private final String source;
        private int at = 0;
        private Matcher last;

        Cursor(String source) {
            this.source = source;
        }

        boolean accept(Pattern symbol) {
            Matcher next = symbol.matcher(source).region(at, source.length());
            if (next.lookingAt() == false) {
                return false;
            }
            last = next;
            at = next.end();
            return true;
        }

        void expect(Pattern symbol) {
            if (accept(symbol) == false) {
                throw new IllegalArgumentException(UNDERSTOOD + "; this one departs from it at character " + at);
            }
        }
    }
}
