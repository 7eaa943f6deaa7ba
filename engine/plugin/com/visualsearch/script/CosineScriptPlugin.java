package com.visualsearch.script;

import com.visualsearch.scan.VectorScanQueryBuilder;
import java.util.Collection;
import java.util.List;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.plugins.ScriptPlugin;
import org.elasticsearch.plugins.SearchPlugin;
import org.elasticsearch.script.ScriptContext;
import org.elasticsearch.script.ScriptEngine;

/**
 * Registers {@link CosineScriptEngine}, since the distribution used here comes without lang-painless, and the query
 * {@link VectorScanQueryBuilder}, which gives the same scores several times faster.
 */
public final class CosineScriptPlugin extends Plugin implements ScriptPlugin, SearchPlugin {
    @Override
    public ScriptEngine getScriptEngine(Settings settings, Collection<ScriptContext<?>> contexts) {
        return new CosineScriptEngine();
    }

    @Override
    public List<QuerySpec<?>> getQueries() {
        return List.of(
            new QuerySpec<>(VectorScanQueryBuilder.NAME, VectorScanQueryBuilder::new, VectorScanQueryBuilder::fromXContent)
        );
    }
}
