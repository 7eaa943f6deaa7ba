package com.visualsearch.script;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.script.DocReader;
import org.elasticsearch.script.ScoreScript;
import org.elasticsearch.script.ScriptContext;
import org.elasticsearch.script.ScriptEngine;
import org.elasticsearch.script.ScriptException;
import org.elasticsearch.search.lookup.SearchLookup;

/**
 * Answers to the script type {@code painless}, so that the same request runs here and on the official image.
 * It is not Painless: it understands the two forms of {@link CosineExpression} as a score script and nothing else.
 */
final class CosineScriptEngine implements ScriptEngine {
    static final String TYPE = "painless";

    @Override
    public String getType() {
        return TYPE;
    }

    @Override
    public Set<ScriptContext<?>> getSupportedContexts() {
        return Set.of(ScoreScript.CONTEXT);
    }

    /** Throws ScriptException (status 400), saying what is understood, for any other script or context. */
    @Override
    public <F> F compile(String name, String source, ScriptContext<F> context, Map<String, String> options) {
        try {
            if (context.equals(ScoreScript.CONTEXT) == false) {
                throw new IllegalArgumentException("no [" + context.name + "] scripts here; " + CosineExpression.UNDERSTOOD);
            }
            return context.factoryClazz.cast(new Factory(CosineExpression.parse(source), source));
        } catch (IllegalArgumentException e) {
            throw new ScriptException("compile error: " + e.getMessage(), e, List.of(source), source, TYPE);
        }
    }

    private record Factory(CosineExpression expression, String source) implements ScoreScript.Factory {
        @Override
        public ScoreScript.LeafFactory newFactory(Map<String, Object> params, SearchLookup lookup) {
            return new Leaf(expression, source, params, lookup);
        }

        @Override
        public boolean isResultDeterministic() {
            return true;
        }
    }

    private record Leaf(CosineExpression expression, String source, Map<String, Object> params, SearchLookup lookup)
        implements ScoreScript.LeafFactory {
        @Override
        public boolean needs_score() {
            return false;
        }

        @Override
        public boolean needs_termStats() {
            return false;
        }

        @Override
        public ScoreScript newInstance(DocReader reader) throws IOException {
            return new CosineScoreScript(expression, source, params, lookup, reader);
        }
    }
}
