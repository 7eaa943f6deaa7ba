package com.visualsearch.scan;

import java.io.IOException;
import org.apache.lucene.search.BulkScorer;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Scorable;
import org.apache.lucene.util.Bits;

/** Lets the filter run in its own fastest way, and scores what it finds. */
final class FilteredBulkScorer extends BulkScorer implements LeafCollector {
    private final VectorBlock block;
    private final BulkScorer filter;

    FilteredBulkScorer(VectorBlock block, BulkScorer filter) {
        this.block = block;
        this.filter = filter;
    }

    @Override
    public int score(LeafCollector collector, Bits live, int min, int max) throws IOException {
        block.into(collector);
        int next = filter.score(this, live, min, max);
        block.flush();
        return next;
    }

    @Override
    public void setScorer(Scorable filterScores) {}

    @Override
    public void collect(int doc) throws IOException {
        block.add(doc);
    }

    @Override
    public long cost() {
        return filter.cost();
    }
}
