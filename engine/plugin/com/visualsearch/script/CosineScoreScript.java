package com.visualsearch.script;

import java.util.List;
import java.util.Map;
import org.elasticsearch.script.DocReader;
import org.elasticsearch.script.ScoreScript;
import org.elasticsearch.script.ScriptException;
import org.elasticsearch.script.VectorScoreScriptUtils.CosineSimilarity;
import org.elasticsearch.search.lookup.SearchLookup;

/** Scores one segment's documents; every cosine is computed by the server's own CosineSimilarity. */
final class CosineScoreScript extends ScoreScript {
    private final CosineExpression expression;
    private final String source;
    private final Map<String, Object> params;
    private double[] weights;
    private CosineSimilarity[] cosines;
    private double divisor;

    CosineScoreScript(CosineExpression expression, String source, Map<String, Object> params, SearchLookup lookup, DocReader reader) {
        super(params, lookup, reader);
        this.expression = expression;
        this.source = source;
        this.params = params;
    }

    /** The same order of operations as Painless, so that scores agree to the last bit. */
    @Override
    public double execute(ExplanationHolder explanation) {
        try {
            if (cosines == null) {
                bind();
            }
            double sum = weights[0] * cosines[0].cosineSimilarity();
            for (int i = 1; i < cosines.length; i++) {
                sum += weights[i] * cosines[i].cosineSimilarity();
            }
            return sum / divisor + 1.0;
        } catch (RuntimeException e) {
            // Painless reports what fails at run time in this form, and the server turns it into a 400.
            throw new ScriptException("runtime error", e, List.of(source), source, CosineScriptEngine.TYPE);
        }
    }

    /** Bound at the first document, as Painless does: a segment without matches never raises an error. */
    private void bind() {
        List<CosineExpression.Term> terms = expression.terms();
        CosineSimilarity[] bound = new CosineSimilarity[terms.size()];
        weights = new double[terms.size()];
        for (int i = 0; i < bound.length; i++) {
            weights[i] = terms.get(i).weight().resolve(params);
            bound[i] = new CosineSimilarity(this, vector(terms.get(i).vectorParam()), terms.get(i).field());
        }
        divisor = expression.divisor().resolve(params);
        cosines = bound;
    }

    private Object vector(String name) {
        Object vector = params.get(name);
        if (vector == null) {
            throw new IllegalArgumentException("params." + name + " is missing: it must hold the query vector");
        }
        return vector;
    }
}
